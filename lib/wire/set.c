/* SPDX-License-Identifier: MIT */
/*
 * Sets: is an element there twice, are two of them equal.  Sets have no
 * order, so both sort when there are many elements: an item of 400 KB may
 * have a hundred thousand of them.
 */
#include "wire/value.h"

#include "base/alloc.h"
#include "base/enc.h"
#include "wire/number.h"

#include <string.h>

/* Let order[top] sink until none below it comes after it. */
static void sink(uint32_t *order, uint32_t top, uint32_t n,
                 int (*compare)(const void *arg, uint32_t a, uint32_t b),
                 const void *arg)
{
    uint32_t moving = order[top];

    while (top < n / 2) {
        uint32_t below = 2 * top + 1;

        if (below + 1 < n && compare(arg, order[below], order[below + 1]) < 0)
            below++;
        if (compare(arg, moving, order[below]) >= 0)
            break;
        order[top] = order[below];
        top = below;
    }
    order[top] = moving;
}

/* A heap sort: what comes from the network cannot make it slow. */
void ddbi_sort(uint32_t *order, uint32_t n,
               int (*compare)(const void *arg, uint32_t a, uint32_t b),
               const void *arg)
{
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t i = n / 2; i-- > 0;)
        sink(order, i, n, compare, arg);
    for (uint32_t i = n; i-- > 1;) {
        uint32_t largest = order[0];

        order[0] = order[i];
        order[i] = largest;
        sink(order, 0, i, compare, arg);
    }
}

/* What a server sends as a number may be none: those come last. */
int ddbi_scalar_compare(const ddb_value *a, const ddb_value *b)
{
    int order = ddbi_compare(a->u.bytes, b->u.bytes);
    ddbi_number x, y;
    int no_x, no_y;

    if (order == 0 || a->type != DDB_N)
        return order;
    no_x = ddbi_number_parse(a->u.bytes.p, a->u.bytes.n, &x) != DDB_OK;
    no_y = ddbi_number_parse(b->u.bytes.p, b->u.bytes.n, &y) != DDB_OK;
    if (no_x && no_y)
        return order;
    return no_x || no_y ? no_x - no_y : ddbi_number_compare(&x, &y);
}

static int compare_elements(const void *arg, uint32_t a, uint32_t b)
{
    const ddb_value *elements = arg;

    return ddbi_scalar_compare(&elements[a], &elements[b]);
}

/* Their bytes alone, which is enough of numbers written as we write them. */
static int compare_element_bytes(const void *arg, uint32_t a, uint32_t b)
{
    const ddb_value *elements = arg;

    return ddbi_compare(elements[a].u.bytes, elements[b].u.bytes);
}

static int has_twice(const ddb_value *elements, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t j = 0; j < i; j++)
            if (compare_element_bytes(elements, i, j) == 0)
                return 1;
    return 0;
}

static int has_twice_sorted(const ddb_value *elements, uint32_t n,
                            uint32_t *order)
{
    ddbi_sort(order, n, compare_element_bytes, elements);
    for (uint32_t i = 1; i < n; i++)
        if (compare_element_bytes(elements, order[i - 1], order[i]) == 0)
            return 1;
    return 0;
}

ddb_code ddbi_set_has_twice(const ddb_value *elements, size_t n)
{
    uint32_t *order;
    int twice;

    if (n <= DDBI_FEW) {
        twice = has_twice(elements, (uint32_t)n);
    } else {
        order = ddbi_realloc_array(NULL, n, sizeof *order);
        if (!order)
            return DDB_NOMEM;
        twice = has_twice_sorted(elements, (uint32_t)n, order);
        ddbi_free(order);
    }
    return twice ? DDB_INVALID : DDB_OK;
}

ddb_code ddbi_set_check(ddbi_arena *arena, const ddb_value *elements, size_t n)
{
    ddb_code code;

    if (n == 0)
        return ddbi_value_fail(arena, DDB_INVALID, "a set without elements");
    code = ddbi_set_has_twice(elements, n);
    if (code == DDB_OK)
        return code;
    return ddbi_value_fail(
        arena, code,
        code == DDB_NOMEM ? NULL : "a set with the same element twice");
}

/* ---- Joining ------------------------------------------------------------ */

/* A set to look elements up in; order NULL: it has few. */
typedef struct {
    const ddb_value *elements;
    uint32_t n;
    uint32_t *order;
} lookup;

static ddb_code lookup_begin(ddbi_arena *arena, lookup *l, const ddb_value *set)
{
    *l = (lookup){.elements = set->u.elements, .n = set->n};
    if (l->n <= DDBI_FEW)
        return DDB_OK;
    l->order = ddbi_arena_alloc(arena, l->n * sizeof *l->order);
    if (!l->order)
        return DDB_NOMEM;
    ddbi_sort(l->order, l->n, compare_element_bytes, l->elements);
    return DDB_OK;
}

static int lookup_has(const lookup *l, ddb_bytes bytes)
{
    uint32_t low = 0, high = l->n;

    if (!l->order) {
        while (low < high && ddbi_compare(l->elements[low].u.bytes, bytes) != 0)
            low++;
        return low < high;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = ddbi_compare(l->elements[l->order[middle]].u.bytes, bytes);

        if (order == 0)
            return 1;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* Add to v what of a set is not in the other one. */
static void add_others(ddb_value *v, const ddb_value *set, const lookup *other)
{
    for (uint32_t i = 0; i < set->n; i++)
        if (!lookup_has(other, set->u.elements[i].u.bytes))
            v->u.elements[v->n++] = set->u.elements[i];
}

ddb_code ddbi_set_join(ddbi_arena *arena, ddb_value *v, const ddb_value *a,
                       const ddb_value *b)
{
    ddb_value made = {.type = a->type, .n = a->n};
    lookup l;

    made.u.elements = ddbi_arena_alloc(arena, ((size_t)a->n + b->n) *
                                                  sizeof *made.u.elements);
    if (!made.u.elements || lookup_begin(arena, &l, a) != DDB_OK)
        return DDB_NOMEM;
    memcpy(made.u.elements, a->u.elements, a->n * sizeof *made.u.elements);
    add_others(&made, b, &l);
    *v = made;
    return DDB_OK;
}

ddb_code ddbi_set_minus(ddbi_arena *arena, ddb_value *v, const ddb_value *a,
                        const ddb_value *b)
{
    ddb_value made = {.type = a->type};
    lookup l;

    made.u.elements = ddbi_arena_alloc(arena, a->n * sizeof *made.u.elements);
    if (!made.u.elements || lookup_begin(arena, &l, b) != DDB_OK)
        return DDB_NOMEM;
    add_others(&made, a, &l);
    *v = made;
    return DDB_OK;
}

/* ---- Equal -------------------------------------------------------------- */

static int set_has(const ddb_value *set, const ddb_value *element)
{
    for (uint32_t i = 0; i < set->n; i++)
        if (ddbi_scalar_compare(&set->u.elements[i], element) == 0)
            return 1;
    return 0;
}

static int sets_equal_sorted(const ddb_value *a, const ddb_value *b,
                             uint32_t *order_a, uint32_t *order_b)
{
    ddbi_sort(order_a, a->n, compare_elements, a->u.elements);
    ddbi_sort(order_b, b->n, compare_elements, b->u.elements);
    for (uint32_t i = 0; i < a->n; i++)
        if (ddbi_scalar_compare(&a->u.elements[order_a[i]],
                                &b->u.elements[order_b[i]]) != 0)
            return 0;
    return 1;
}

int ddbi_set_equal(const ddb_value *a, const ddb_value *b)
{
    uint32_t *order;
    int equal;

    if (a->n != b->n)
        return 0;
    if (a->n > DDBI_FEW) {
        order = ddbi_realloc_array(NULL, a->n, 2 * sizeof *order);
        if (order) {
            equal = sets_equal_sorted(a, b, order, order + a->n);
            ddbi_free(order);
            return equal;
        }
        /* Without memory it takes longer, and is as right. */
    }
    for (uint32_t i = 0; i < a->n; i++)
        if (!set_has(b, &a->u.elements[i]))
            return 0;
    return 1;
}
