/* SPDX-License-Identifier: MIT */
/*
 * One attribute value: made, copied, compared, measured and read; and lists,
 * which values are appended to.
 *
 * What a setter takes is checked there and then, by the service's rules:
 * text is UTF-8, a number has at most 38 digits, a set has no element twice
 * (1 and 1.0 are one number) and is not empty, nothing is nested deeper than
 * 32 levels.  The service counts an attribute's own value as level 1.
 * Numbers are kept as the service writes them.
 *
 * Functions that follow a value into its maps and lists call themselves;
 * all that builds values keeps the limit, so it is 32 calls at most.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
 */
#include "wire/value.h"

#include "base/alloc.h"
#include "base/enc.h"
#include "wire/number.h"

#include <string.h>

ddb_code ddbi_value_fail(ddbi_arena *arena, ddb_code code, const char *why)
{
    if (arena->failed == DDB_OK) {
        arena->failed = code;
        arena->why = why;
    }
    return arena->failed;
}

/* ---- Making ------------------------------------------------------------- */

static int is_scalar(ddb_type type)
{
    return type == DDB_S || type == DDB_N || type == DDB_B;
}

static int is_set(ddb_type type)
{
    return type == DDB_SS || type == DDB_NS || type == DDB_BS;
}

/* The type of a set's elements. */
static ddb_type element_type(ddb_type set)
{
    return set == DDB_SS ? DDB_S : set == DDB_NS ? DDB_N : DDB_B;
}

static ddb_code put_bytes(ddbi_arena *arena, ddb_value *v, ddb_type type,
                          const void *p, size_t n)
{
    char *to;

    if (is_scalar(v->type) && v->n >= n) {
        to = (char *)v->u.bytes.p;
        if (n)
            memmove(to, p, n);
        to[n] = '\0';
    } else {
        to = ddbi_arena_dup(arena, p, n);
        if (!to)
            return arena->failed;
        v->n = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
    }
    v->type = type;
    v->u.bytes = (ddb_bytes){to, n};
    return DDB_OK;
}

/* An integer as the service writes it, which most numbers are. */
static int is_plain(const char *p, size_t n)
{
    size_t i = n > 0 && *p == '-';

    if (n == i || n - i > DDBI_MAX_DIGITS || p[i] == '0')
        return 0;
    while (i < n && ddbi_is_digit((unsigned char)p[i]))
        i++;
    return i == n;
}

static ddb_code make_number(ddbi_arena *arena, ddb_value *v, const void *p,
                            size_t n)
{
    char text[DDBI_NUMBER_TEXT];
    ddbi_number number;
    ddb_code code;

    if (is_plain(p, n))
        return put_bytes(arena, v, DDB_N, p, n);
    code = ddbi_number_parse(p, n, &number);
    if (code == DDB_TOO_LARGE)
        return ddbi_value_fail(arena, code,
                               "a number of more than 38 digits or out of "
                               "range");
    if (code != DDB_OK)
        return ddbi_value_fail(arena, code, "not a number");
    return put_bytes(arena, v, DDB_N, text, ddbi_number_format(&number, text));
}

static ddb_code make_scalar(ddbi_arena *arena, ddb_value *v, ddb_type type,
                            const void *p, size_t n)
{
    if (n > UINT32_MAX)
        return ddbi_value_fail(arena, DDB_TOO_LARGE, "far too large");
    if (!p && n)
        return ddbi_value_fail(arena, DDB_INVALID, "a NULL pointer");
    if (type == DDB_N)
        return make_number(arena, v, p, n);
    if (type == DDB_S && !ddbi_utf8_valid(p, n))
        return ddbi_value_fail(arena, DDB_INVALID, "text that is not UTF-8");
    return put_bytes(arena, v, type, p, n);
}

static ddb_value *new_elements(ddbi_arena *arena, size_t n)
{
    ddb_value *elements;
    size_t size;

    if (n > UINT32_MAX || ddbi_mul_size(n, sizeof *elements, &size)) {
        ddbi_value_fail(arena, DDB_TOO_LARGE, "far too many elements");
        return NULL;
    }
    elements = ddbi_arena_alloc(arena, size);
    if (elements && n)
        memset(elements, 0, size);
    return elements;
}

static ddb_code make_set(ddbi_arena *arena, ddb_value *v, const ddbi_input *in)
{
    ddb_value *elements;
    ddb_code code = DDB_OK;

    if (!in->elements && in->n)
        return ddbi_value_fail(arena, DDB_INVALID, "a NULL pointer");
    elements = new_elements(arena, in->n);
    if (!elements)
        return arena->failed;
    for (size_t i = 0; i < in->n && code == DDB_OK; i++)
        code = make_scalar(arena, &elements[i], element_type(in->type),
                           in->elements[i].p, in->elements[i].n);
    if (code == DDB_OK)
        code = ddbi_set_check(arena, elements, in->n);
    if (code == DDB_OK)
        *v = (ddb_value){in->type, (uint32_t)in->n, {.elements = elements}};
    return code;
}

ddbi_input ddbi_text_input(ddb_type type, const char *text)
{
    return (ddbi_input){.type = type, .p = text, .n = text ? strlen(text) : 1};
}

ddbi_input ddbi_set_input(ddb_type type, const ddb_bytes *elements, size_t n)
{
    if (!is_set(type))
        return (ddbi_input){0};
    return (ddbi_input){.type = type, .elements = elements, .n = n};
}

static ddb_code too_deep(ddbi_arena *arena)
{
    return ddbi_value_fail(arena, DDB_TOO_LARGE,
                           "nested deeper than 32 levels");
}

ddb_code ddbi_value_make(ddbi_arena *arena, ddb_value *v, const ddbi_input *in,
                         int depth)
{
    if (arena->failed != DDB_OK)
        return arena->failed;
    if (depth > DDBI_MAX_NESTING)
        return too_deep(arena);
    if (is_scalar(in->type))
        return make_scalar(arena, v, in->type, in->p, in->n);
    if (is_set(in->type))
        return make_set(arena, v, in);
    if (in->type == DDB_BOOL || in->type == DDB_NULL) {
        *v = (ddb_value){.type = in->type, .n = (uint32_t)in->n};
        return DDB_OK;
    }
    if (!in->from)
        return ddbi_value_fail(arena, DDB_INVALID, "no value, or of no type");
    return ddbi_value_copy(arena, v, in->from, depth);
}

/* NOLINTBEGIN(misc-no-recursion): 32 levels at most, see above. */

/* ---- Copying ------------------------------------------------------------ */

static ddb_code copy_set(ddbi_arena *arena, ddb_value *v, const ddb_value *from)
{
    ddb_value *elements = new_elements(arena, from->n);
    ddb_code code = elements ? DDB_OK : arena->failed;

    for (uint32_t i = 0; i < from->n && code == DDB_OK; i++) {
        const ddb_value *e = &from->u.elements[i];

        code =
            put_bytes(arena, &elements[i], e->type, e->u.bytes.p, e->u.bytes.n);
    }
    if (code == DDB_OK)
        *v = (ddb_value){from->type, from->n, {.elements = elements}};
    return code;
}

static ddb_code copy_list(ddbi_arena *arena, ddb_value *v,
                          const ddbi_list *from, int depth)
{
    ddbi_list *list = ddbi_list_in(arena, depth);

    if (!list)
        return arena->failed;
    /* What it has now: it may be copied into itself. */
    for (uint32_t i = 0, n = from->n; i < n; i++) {
        ddb_value *slot = ddbi_list_append(list);

        if (!slot ||
            ddbi_value_copy(arena, slot, &from->elements[i], depth + 1))
            return arena->failed;
    }
    *v = list->self;
    return DDB_OK;
}

static ddb_code copy_map(ddbi_arena *arena, ddb_value *v, const ddb_item *from,
                         int depth)
{
    ddb_item *map = ddbi_item_in(arena, depth);
    ddb_code code = map ? ddbi_item_fill(map, from) : arena->failed;

    if (code == DDB_OK)
        *v = (ddb_value){.type = DDB_M, .u.map = map};
    return code;
}

ddb_code ddbi_value_copy(ddbi_arena *arena, ddb_value *v, const ddb_value *from,
                         int depth)
{
    if (depth > DDBI_MAX_NESTING)
        return too_deep(arena);
    if (is_scalar(from->type))
        return put_bytes(arena, v, from->type, from->u.bytes.p,
                         from->u.bytes.n);
    if (is_set(from->type))
        return copy_set(arena, v, from);
    if (from->type == DDB_L)
        return copy_list(arena, v, from->u.list, depth);
    if (from->type == DDB_M)
        return copy_map(arena, v, from->u.map, depth);
    *v = *from;
    return DDB_OK;
}

/* ---- Comparing and measuring -------------------------------------------- */

static int lists_equal(const ddbi_list *a, const ddbi_list *b)
{
    if (a->n != b->n)
        return 0;
    for (uint32_t i = 0; i < a->n; i++)
        if (!ddb_value_equal(&a->elements[i], &b->elements[i]))
            return 0;
    return 1;
}

int ddb_value_equal(const ddb_value *a, const ddb_value *b)
{
    if (!a || !b)
        return a == b;
    if (a->type != b->type)
        return 0;
    if (is_scalar(a->type))
        return ddbi_scalar_compare(a, b) == 0;
    if (is_set(a->type))
        return ddbi_set_equal(a, b);
    if (a->type == DDB_L)
        return lists_equal(a->u.list, b->u.list);
    if (a->type == DDB_M)
        return ddb_item_equal(a->u.map, b->u.map);
    return a->type != DDB_BOOL || !a->n == !b->n;
}

static size_t scalar_size(const ddb_value *v)
{
    ddbi_number number;

    if (v->type == DDB_N &&
        ddbi_number_parse(v->u.bytes.p, v->u.bytes.n, &number) == DDB_OK)
        return ddbi_number_size(&number);
    return v->u.bytes.n;
}

/* A map or list has three bytes, and one for each element, beside what the
 * elements have. */
size_t ddbi_value_size(const ddb_value *v)
{
    size_t sum = 0;

    if (is_scalar(v->type))
        return scalar_size(v);
    if (is_set(v->type)) {
        for (uint32_t i = 0; i < v->n; i++)
            sum += scalar_size(&v->u.elements[i]);
        return sum;
    }
    if (v->type == DDB_L) {
        for (uint32_t i = 0; i < v->u.list->n; i++)
            sum += 1 + ddbi_value_size(&v->u.list->elements[i]);
        return 3 + sum;
    }
    if (v->type == DDB_M)
        return 3 + v->u.map->n + ddb_item_size(v->u.map);
    return 1;
}

/* NOLINTEND(misc-no-recursion) */

/* ---- Reading ------------------------------------------------------------ */

ddb_bytes ddb_str(const char *text)
{
    return (ddb_bytes){text, text ? strlen(text) : 0};
}

ddb_type ddb_value_type(const ddb_value *v)
{
    return v ? v->type : (ddb_type)0;
}

const char *ddbi_type_name(ddb_type type)
{
    static const char *const names[] = {
        [DDB_S] = "S",       [DDB_N] = "N",  [DDB_B] = "B", [DDB_BOOL] = "BOOL",
        [DDB_NULL] = "NULL", [DDB_M] = "M",  [DDB_L] = "L", [DDB_SS] = "SS",
        [DDB_NS] = "NS",     [DDB_BS] = "BS"};

    return type >= DDB_S && type <= DDB_BS ? names[type] : "";
}

ddb_bytes ddb_value_bytes(const ddb_value *v)
{
    return v && is_scalar(v->type) ? v->u.bytes : (ddb_bytes){0};
}

ddb_code ddb_value_i64(const ddb_value *v, int64_t *out)
{
    ddbi_number number;

    if (!v || v->type != DDB_N ||
        ddbi_number_parse(v->u.bytes.p, v->u.bytes.n, &number) != DDB_OK ||
        ddbi_number_i64(&number, out))
        return DDB_INVALID;
    return DDB_OK;
}

int ddb_value_bool(const ddb_value *v)
{
    return v && v->type == DDB_BOOL && v->n != 0;
}

size_t ddb_value_count(const ddb_value *v)
{
    if (!v)
        return 0;
    if (is_set(v->type))
        return v->n;
    if (v->type == DDB_L)
        return v->u.list->n;
    return v->type == DDB_M ? v->u.map->n : 0;
}

const ddb_value *ddb_value_at(const ddb_value *v, size_t i)
{
    if (i >= ddb_value_count(v) || v->type == DDB_M)
        return NULL;
    return v->type == DDB_L ? &v->u.list->elements[i] : &v->u.elements[i];
}

const ddb_item *ddb_value_map(const ddb_value *v)
{
    return v && v->type == DDB_M ? v->u.map : NULL;
}

/* ---- Lists -------------------------------------------------------------- */

ddbi_list *ddbi_list_in(ddbi_arena *arena, int depth)
{
    ddbi_list *list = ddbi_arena_alloc(arena, sizeof *list);

    if (list)
        *list = (ddbi_list){.self = {.type = DDB_L, .u.list = list},
                            .arena = arena,
                            .depth = depth};
    return list;
}

ddb_value *ddbi_list_append(ddbi_list *list)
{
    if (list->n == list->cap) {
        size_t cap = list->cap ? (size_t)list->cap * 2 : 4;
        ddb_value *larger;

        if (cap > UINT32_MAX) {
            ddbi_value_fail(list->arena, DDB_TOO_LARGE,
                            "far too many elements");
            return NULL;
        }
        larger =
            ddbi_arena_grow(list->arena, list->elements,
                            list->cap * sizeof *larger, cap * sizeof *larger);
        if (!larger)
            return NULL;
        list->elements = larger;
        list->cap = (uint32_t)cap;
    }
    list->elements[list->n] = (ddb_value){0};
    return &list->elements[list->n++];
}

static ddb_code add(ddb_value *list, const ddbi_input *in)
{
    ddb_value v = {0};
    ddb_value *slot;
    ddb_code code;

    if (!list)
        return DDB_NOMEM;
    if (list->type != DDB_L)
        return DDB_INVALID;
    ddbi_list *l = list->u.list;
    code = ddbi_value_make(l->arena, &v, in, l->depth + 1);
    if (code != DDB_OK)
        return code;
    slot = ddbi_list_append(l);
    if (!slot)
        return l->arena->failed;
    *slot = v;
    return DDB_OK;
}

ddb_code ddb_list_add_s(ddb_value *list, const char *text)
{
    ddbi_input in = ddbi_text_input(DDB_S, text);

    return add(list, &in);
}

ddb_code ddb_list_add_sn(ddb_value *list, const void *p, size_t n)
{
    return add(list, &(ddbi_input){.type = DDB_S, .p = p, .n = n});
}

ddb_code ddb_list_add_n(ddb_value *list, const char *number)
{
    ddbi_input in = ddbi_text_input(DDB_N, number);

    return add(list, &in);
}

ddb_code ddb_list_add_i64(ddb_value *list, int64_t number)
{
    char text[DDBI_NUMBER_TEXT];
    size_t n = ddbi_i64_format(number, text);

    return add(list, &(ddbi_input){.type = DDB_N, .p = text, .n = n});
}

ddb_code ddb_list_add_b(ddb_value *list, const void *p, size_t n)
{
    return add(list, &(ddbi_input){.type = DDB_B, .p = p, .n = n});
}

ddb_code ddb_list_add_bool(ddb_value *list, int value)
{
    return add(list, &(ddbi_input){.type = DDB_BOOL, .n = value != 0});
}

ddb_code ddb_list_add_null(ddb_value *list)
{
    return add(list, &(ddbi_input){.type = DDB_NULL});
}

ddb_code ddb_list_add_set(ddb_value *list, ddb_type type,
                          const ddb_bytes *elements, size_t n)
{
    ddbi_input in = ddbi_set_input(type, elements, n);

    return add(list, &in);
}

ddb_code ddb_list_add_value(ddb_value *list, const ddb_value *v)
{
    return add(list, &(ddbi_input){.from = v});
}

/* As ddb_item_set_m() and ddb_item_set_l() do. */
ddb_item *ddb_list_add_m(ddb_value *list)
{
    ddb_item empty = {0};
    ddb_value v = {.type = DDB_M, .u.map = &empty};

    if (ddb_list_add_value(list, &v) != DDB_OK)
        return NULL;
    return list->u.list->elements[list->u.list->n - 1].u.map;
}

ddb_value *ddb_list_add_l(ddb_value *list)
{
    ddbi_list empty = {0};
    ddb_value v = {.type = DDB_L, .u.list = &empty};

    if (ddb_list_add_value(list, &v) != DDB_OK)
        return NULL;
    return &list->u.list->elements[list->u.list->n - 1].u.list->self;
}
