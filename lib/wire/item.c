/* SPDX-License-Identifier: MIT */
/*
 * Items: attributes by name.  A map inside an item is one too.
 *
 * Most have a dozen attributes, which are searched one by one.  Beyond
 * DDBI_FEW their numbers are kept sorted by name as well, so that an item of
 * thousands, from a user or an answer, is built and read in n log n.
 *
 * A setter makes the value first and only then takes a slot for it: what
 * failed leaves the item as it was, but for the failure, which sticks.
 */
#include "base/alloc.h"
#include "base/enc.h"
#include "wire/number.h"
#include "wire/value.h"

#include <stdio.h>
#include <string.h>

/* An item of its own. */
typedef struct {
    ddb_item item; /* first */
    ddbi_arena arena;
} whole;

ddb_item *ddb_item_new(void)
{
    whole *w = ddbi_calloc(1, sizeof *w);

    if (!w)
        return NULL;
    w->item.arena = &w->arena;
    w->item.owns_arena = 1;
    return &w->item;
}

void ddb_item_free(ddb_item *it)
{
    if (!it || !it->owns_arena)
        return;
    ddbi_arena_free(it->arena);
    ddbi_free(it);
}

ddb_item *ddbi_item_in(ddbi_arena *arena, int depth)
{
    ddb_item *it = ddbi_arena_alloc(arena, sizeof *it);

    if (it)
        *it = (ddb_item){.arena = arena, .depth = depth};
    return it;
}

void ddb_item_clear(ddb_item *it)
{
    if (!it)
        return;
    it->n = it->ordered = 0;
    if (!it->owns_arena)
        return; /* its memory and its failure are those of the whole */
    ddbi_arena_reset(it->arena);
    it->attributes = NULL;
    it->order = NULL;
    it->cap = 0;
}

ddb_code ddb_item_status(const ddb_item *it)
{
    return it ? it->arena->failed : DDB_NOMEM;
}

const char *ddbi_item_why(const ddb_item *it)
{
    if (ddb_item_status(it) == DDB_NOMEM)
        return "out of memory";
    return it->arena->why ? it->arena->why : "a setter failed";
}

/* ---- Finding ------------------------------------------------------------ */

static int compare_names(ddb_bytes a, const void *p, size_t n)
{
    if (a.n != n)
        return a.n < n ? -1 : 1;
    return memcmp(a.p, p, n);
}

static int compare_attributes(const void *arg, uint32_t a, uint32_t b)
{
    const ddbi_attribute *attributes = arg;
    ddb_bytes name = attributes[b].name;

    return compare_names(attributes[a].name, name.p, name.n);
}

/* Where in the order the name is, or has to go; *found tells which. */
static uint32_t find_place(const ddb_item *it, const void *name, size_t n,
                           int *found)
{
    uint32_t low = 0, high = it->ordered;

    *found = 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order =
            compare_names(it->attributes[it->order[middle]].name, name, n);

        if (order == 0) {
            *found = 1;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The attribute's number; n: there is none. */
static uint32_t find(const ddb_item *it, const void *name, size_t n)
{
    uint32_t i;
    int found;

    if (it->n > DDBI_FEW && it->ordered == it->n) {
        i = find_place(it, name, n, &found);
        return found ? it->order[i] : it->n;
    }
    for (i = 0; i < it->n; i++)
        if (compare_names(it->attributes[i].name, name, n) == 0)
            break;
    return i;
}

const ddb_value *ddbi_item_find(const ddb_item *it, const void *name, size_t n)
{
    uint32_t i = find(it, name, n);

    return i < it->n ? &it->attributes[i].value : NULL;
}

/* ---- Slots -------------------------------------------------------------- */

static int grow(ddb_item *it)
{
    size_t cap = it->cap ? (size_t)it->cap * 2 : 8;
    void *larger;

    if (cap > UINT32_MAX) {
        ddbi_value_fail(it->arena, DDB_TOO_LARGE, "far too many attributes");
        return -1;
    }
    if (it->order) {
        larger =
            ddbi_arena_grow(it->arena, it->order, it->cap * sizeof *it->order,
                            cap * sizeof *it->order);
        if (!larger)
            return -1;
        it->order = larger;
    }
    larger = ddbi_arena_grow(it->arena, it->attributes,
                             it->cap * sizeof *it->attributes,
                             cap * sizeof *it->attributes);
    if (!larger)
        return -1;
    it->attributes = larger;
    it->cap = (uint32_t)cap;
    return 0;
}

ddb_value *ddbi_item_append(ddb_item *it, ddb_bytes name)
{
    ddbi_attribute *a;

    if (it->n == it->cap && grow(it))
        return NULL;
    a = &it->attributes[it->n++];
    a->name = name;
    a->value = (ddb_value){0};
    return &a->value;
}

static int has_twice(const ddb_item *it)
{
    for (uint32_t i = 1; i < it->n; i++)
        for (uint32_t j = 0; j < i; j++)
            if (compare_attributes(it->attributes, i, j) == 0)
                return 1;
    return 0;
}

static int has_twice_sorted(const ddb_item *it)
{
    for (uint32_t i = 1; i < it->n; i++)
        if (compare_attributes(it->attributes, it->order[i - 1],
                               it->order[i]) == 0)
            return 1;
    return 0;
}

ddb_code ddbi_item_settle(ddb_item *it)
{
    int twice;

    if (it->n <= DDBI_FEW) {
        twice = has_twice(it);
    } else {
        if (!it->order)
            it->order =
                ddbi_arena_alloc(it->arena, it->cap * sizeof *it->order);
        if (!it->order)
            return it->arena->failed;
        ddbi_sort(it->order, it->n, compare_attributes, it->attributes);
        it->ordered = it->n;
        twice = has_twice_sorted(it);
    }
    return twice ? DDB_INVALID : DDB_OK;
}

/* The order, of all attributes but the last, gets that one too. */
static ddb_code order_last(ddb_item *it)
{
    uint32_t last = it->n - 1, place;
    ddb_bytes name = it->attributes[last].name;
    int found;

    if (it->n <= DDBI_FEW)
        return DDB_OK;
    if (it->ordered != last)
        return ddbi_item_settle(it);
    place = find_place(it, name.p, name.n, &found);
    memmove(it->order + place + 1, it->order + place,
            (last - place) * sizeof *it->order);
    it->order[place] = last;
    it->ordered = it->n;
    return DDB_OK;
}

ddb_code ddbi_item_check_name(ddb_item *it, const void *name, size_t n)
{
    if (!name || n == 0)
        return ddbi_value_fail(it->arena, DDB_INVALID,
                               "an attribute without a name");
    if (n > DDBI_MAX_ATTRIBUTE_NAME)
        return ddbi_value_fail(it->arena, DDB_TOO_LARGE,
                               "an attribute's name of more than 65535 bytes");
    if (!ddbi_utf8_valid(name, n))
        return ddbi_value_fail(it->arena, DDB_INVALID,
                               "an attribute's name that is not UTF-8");
    return DDB_OK;
}

/* A new slot of a name that is checked and not there yet. */
static ddb_value *new_slot(ddb_item *it, const void *name, size_t n)
{
    char *copy = ddbi_arena_dup(it->arena, name, n);

    if (!copy || !ddbi_item_append(it, (ddb_bytes){copy, n}))
        return NULL;
    if (order_last(it) != DDB_OK) {
        it->n--;
        return NULL;
    }
    return &it->attributes[it->n - 1].value;
}

ddb_value *ddbi_item_slot(ddb_item *it, const void *name, size_t n)
{
    uint32_t i;

    if (it->arena->failed != DDB_OK ||
        ddbi_item_check_name(it, name, n) != DDB_OK)
        return NULL;
    i = find(it, name, n);
    return i < it->n ? &it->attributes[i].value : new_slot(it, name, n);
}

/* ---- Setters ------------------------------------------------------------ */

/* Say which attribute it was. */
static void name_failure(ddb_item *it, const char *name, size_t n)
{
    size_t size = 192;
    int shown = (int)ddbi_utf8_cut(name, n < 100 ? n : 100);
    char *text;

    if (it->arena->failed == DDB_NOMEM)
        return;
    text = ddbi_arena_bytes(it->arena, size);
    if (!text)
        return;
    snprintf(text, size, "%s, attribute %.*s", it->arena->why, shown, name);
    it->arena->why = text;
}

static ddb_code set(ddb_item *it, const char *name, const ddbi_input *in)
{
    size_t n = name ? strlen(name) : 0;
    ddb_value v = {0};
    ddb_code code;
    uint32_t i;

    if (!it)
        return DDB_NOMEM;
    if (it->arena->failed != DDB_OK)
        return it->arena->failed;
    code = ddbi_item_check_name(it, name, n);
    if (code != DDB_OK)
        return code;
    i = find(it, name, n);
    if (i < it->n)
        v = it->attributes[i].value;
    code = ddbi_value_make(it->arena, &v, in, it->depth + 1);
    if (code != DDB_OK) {
        name_failure(it, name, n);
        return code;
    }
    if (i == it->n && !new_slot(it, name, n))
        return it->arena->failed;
    it->attributes[i].value = v;
    return DDB_OK;
}

ddb_code ddb_item_set_s(ddb_item *it, const char *name, const char *text)
{
    ddbi_input in = ddbi_text_input(DDB_S, text);

    return set(it, name, &in);
}

ddb_code ddb_item_set_sn(ddb_item *it, const char *name, const void *p,
                         size_t n)
{
    return set(it, name, &(ddbi_input){.type = DDB_S, .p = p, .n = n});
}

ddb_code ddb_item_set_n(ddb_item *it, const char *name, const char *number)
{
    ddbi_input in = ddbi_text_input(DDB_N, number);

    return set(it, name, &in);
}

ddb_code ddb_item_set_i64(ddb_item *it, const char *name, int64_t number)
{
    char text[DDBI_NUMBER_TEXT];
    size_t n = ddbi_i64_format(number, text);

    return set(it, name, &(ddbi_input){.type = DDB_N, .p = text, .n = n});
}

ddb_code ddb_item_set_b(ddb_item *it, const char *name, const void *p, size_t n)
{
    return set(it, name, &(ddbi_input){.type = DDB_B, .p = p, .n = n});
}

ddb_code ddb_item_set_bool(ddb_item *it, const char *name, int value)
{
    return set(it, name, &(ddbi_input){.type = DDB_BOOL, .n = value != 0});
}

ddb_code ddb_item_set_null(ddb_item *it, const char *name)
{
    return set(it, name, &(ddbi_input){.type = DDB_NULL});
}

ddb_code ddb_item_set_set(ddb_item *it, const char *name, ddb_type type,
                          const ddb_bytes *elements, size_t n)
{
    ddbi_input in = ddbi_set_input(type, elements, n);

    return set(it, name, &in);
}

ddb_code ddb_item_set_value(ddb_item *it, const char *name, const ddb_value *v)
{
    return set(it, name, &(ddbi_input){.from = v});
}

/* An empty map or list, copied in as any value is: what is copied is a few
 * words, and the checks are in one place. */
ddb_item *ddb_item_set_m(ddb_item *it, const char *name)
{
    ddb_item empty = {0};
    ddb_value v = {.type = DDB_M, .u.map = &empty};

    if (ddb_item_set_value(it, name, &v) != DDB_OK)
        return NULL;
    return ddbi_item_find(it, name, strlen(name))->u.map;
}

ddb_value *ddb_item_set_l(ddb_item *it, const char *name)
{
    ddbi_list empty = {0};
    ddb_value v = {.type = DDB_L, .u.list = &empty};

    if (ddb_item_set_value(it, name, &v) != DDB_OK)
        return NULL;
    return &ddbi_item_find(it, name, strlen(name))->u.list->self;
}

int ddbi_item_remove(ddb_item *it, const void *name, size_t n)
{
    uint32_t i = find(it, name, n), kept = 0;

    if (i == it->n)
        return 0;
    memmove(it->attributes + i, it->attributes + i + 1,
            (it->n - i - 1) * sizeof *it->attributes);
    if (it->ordered == it->n) {
        for (uint32_t j = 0; j < it->n; j++)
            if (it->order[j] != i)
                it->order[kept++] = it->order[j] - (it->order[j] > i);
    }
    it->ordered = kept;
    it->n--;
    return 1;
}

ddb_code ddb_item_unset(ddb_item *it, const char *name)
{
    if (!it)
        return DDB_NOMEM;
    return name && ddbi_item_remove(it, name, strlen(name)) ? DDB_OK
                                                            : DDB_NOT_FOUND;
}

/* ---- The whole ---------------------------------------------------------- */

ddb_code ddbi_item_fill(ddb_item *to, const ddb_item *from)
{
    ddb_code code = DDB_OK;

    /* As many as there are now: from may be what to is a part of. */
    for (uint32_t i = 0, n = from->n; i < n && code == DDB_OK; i++) {
        ddb_bytes name = from->attributes[i].name;
        char *copy = ddbi_arena_dup(to->arena, name.p, name.n);
        ddb_value *v =
            copy ? ddbi_item_append(to, (ddb_bytes){copy, name.n}) : NULL;

        code = v ? ddbi_value_copy(to->arena, v, &from->attributes[i].value,
                                   to->depth + 1)
                 : to->arena->failed;
    }
    return code == DDB_OK ? ddbi_item_settle(to) : code;
}

ddb_item *ddbi_item_share(ddbi_arena *arena, const ddb_item *it)
{
    ddb_item *copy = ddbi_item_in(arena, it->depth);
    uint32_t cap = it->n + 4; /* what is mostly put in */
    int ordered = it->n > DDBI_FEW && it->ordered == it->n;

    if (!copy)
        return NULL;
    copy->attributes = ddbi_arena_alloc(arena, cap * sizeof *copy->attributes);
    copy->order =
        ordered ? ddbi_arena_alloc(arena, cap * sizeof *copy->order) : NULL;
    if (!copy->attributes || (ordered && !copy->order))
        return NULL;
    if (it->n)
        memcpy(copy->attributes, it->attributes,
               it->n * sizeof *copy->attributes);
    if (ordered)
        memcpy(copy->order, it->order, it->n * sizeof *copy->order);
    copy->n = it->n;
    copy->cap = cap;
    copy->ordered = ordered ? it->n : 0;
    return copy;
}

ddb_item *ddb_item_copy(const ddb_item *it)
{
    ddb_item *copy = it ? ddb_item_new() : NULL;

    if (!copy)
        return NULL;
    if (ddbi_item_fill(copy, it) != DDB_OK) {
        ddb_item_free(copy);
        return NULL;
    }
    if (it->arena->failed != DDB_OK)
        ddbi_value_fail(copy->arena, it->arena->failed,
                        ddbi_arena_dup(copy->arena, ddbi_item_why(it),
                                       strlen(ddbi_item_why(it))));
    return copy;
}

int ddb_item_equal(const ddb_item *a, const ddb_item *b)
{
    if (!a || !b)
        return a == b;
    if (a->n != b->n)
        return 0;
    for (uint32_t i = 0; i < a->n; i++) {
        const ddbi_attribute *x = &a->attributes[i];

        if (!ddb_value_equal(&x->value,
                             ddbi_item_find(b, x->name.p, x->name.n)))
            return 0;
    }
    return 1;
}

size_t ddb_item_size(const ddb_item *it)
{
    size_t sum = 0;

    for (uint32_t i = 0; it && i < it->n; i++)
        sum += it->attributes[i].name.n +
               ddbi_value_size(&it->attributes[i].value);
    return sum;
}

size_t ddb_item_count(const ddb_item *it)
{
    return it ? it->n : 0;
}

const ddb_value *ddb_item_get(const ddb_item *it, const char *name)
{
    return it && name ? ddbi_item_find(it, name, strlen(name)) : NULL;
}

const ddb_value *ddb_item_at(const ddb_item *it, size_t i, ddb_bytes *name)
{
    if (i >= ddb_item_count(it))
        return NULL;
    if (name)
        *name = it->attributes[i].name;
    return &it->attributes[i].value;
}
