/* SPDX-License-Identifier: MIT */
/*
 * Attribute values of a request, as they come: by type, not checked.  Beside
 * the ten types a value can have none or several of them, and a map one name
 * twice, of which the last counts.
 */
#include "local/local_read.h"

#include "base/enc.h"

#include <string.h>

#define VALUE_MAP                                                              \
    "java.util.Map<java.lang.String, " DDBI_CLASS "AttributeValue>"

/* ---- Names that come twice ---------------------------------------------- */

typedef struct {
    const char *p;
    size_t size; /* of an element, its name at `key` */
    size_t key;
} named;

static ddb_bytes name_of(const named *e, uint32_t i)
{
    ddb_bytes name;

    memcpy(&name, e->p + i * e->size + e->key, sizeof name);
    return name;
}

static int same_name(const named *e, uint32_t i, uint32_t j)
{
    return ddbi_equal(name_of(e, i), name_of(e, j));
}

static int compare_names(const void *arg, uint32_t i, uint32_t j)
{
    int order = ddbi_compare(name_of(arg, i), name_of(arg, j));

    return order != 0 ? order : (i > j) - (i < j);
}

/* The last one takes the first one's place.  Elements to be dropped are told
 * from others by what lies in last: their own number in the others. */
static uint32_t squeeze(named *e, char *p, uint32_t n, const uint32_t *last)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (last[i] == UINT32_MAX)
            continue;
        memmove(p + kept * e->size, p + last[i] * e->size, e->size);
        kept++;
    }
    return kept;
}

/* Of an array whose elements have names: each once.  0: no memory. */
int ddbi_keep_last(ddbi_reader *x, void *p, uint32_t *n, size_t size,
                   size_t key)
{
    named e = {p, size, key};
    uint32_t *order, *last;

    if (*n <= DDBI_FEW) {
        int twice = 0;

        for (uint32_t i = 1; i < *n && !twice; i++)
            for (uint32_t j = 0; j < i && !twice; j++)
                twice = same_name(&e, i, j);
        if (!twice)
            return 1;
    }
    order = ddbi_arena_alloc(x->a->arena, 2 * (size_t)*n * sizeof *order);
    if (order == NULL)
        return 0;
    last = order + *n;
    ddbi_sort(order, *n, compare_names, &e);
    for (uint32_t i = 0; i < *n;) {
        uint32_t j = i + 1;

        for (; j < *n && same_name(&e, order[i], order[j]); j++)
            last[order[j]] = UINT32_MAX;
        last[order[i]] = order[j - 1];
        i = j;
    }
    *n = squeeze(&e, p, *n, last);
    return 1;
}

/* ---- Values ------------------------------------------------------------- */

/* In the order in which several types of one value are looked at. */
static const struct {
    const char *name;
    ddb_type type;
} types[] = {{"S", DDB_S},       {"B", DDB_B},       {"N", DDB_N},
             {"BOOL", DDB_BOOL}, {"NULL", DDB_NULL}, {"BS", DDB_BS},
             {"NS", DDB_NS},     {"SS", DDB_SS},     {"L", DDB_L},
             {"M", DDB_M}};
#define N_TYPES (sizeof types / sizeof types[0])

static size_t find_type(const ddbi_reader *x)
{
    size_t i = 0;

    while (i < N_TYPES && !ddbi_json_is(&x->r, types[i].name))
        i++;
    return i;
}

static ddb_code read_scalar(ddbi_reader *x, ddb_value *v, ddb_type type)
{
    ddb_bytes bytes = {0};
    ddb_code code =
        type == DDB_B ? ddbi_read_blob(x, &bytes) : ddbi_read_string(x, &bytes);

    if (code == DDB_OK)
        *v = (ddb_value){type,
                         bytes.n < UINT32_MAX ? (uint32_t)bytes.n : UINT32_MAX,
                         {.bytes = bytes}};
    return code;
}

static ddb_code read_set(ddbi_reader *x, ddb_value *v, ddb_type type)
{
    ddb_type each = type == DDB_SS ? DDB_S : type == DDB_NS ? DDB_N : DDB_B;
    ddbi_list elements = {.arena = x->a->arena};
    ddb_code code = DDB_OK;

    if (x->r.token != DDBI_JSON_ARRAY)
        return ddbi_no_list(x, 0);
    while (code == DDB_OK && ddbi_json_next(&x->r) != DDBI_JSON_ARRAY_END) {
        ddb_value *slot = ddbi_list_append(&elements);

        if (slot == NULL)
            return ddbi_ask_nomem(x->a);
        if (x->r.token != DDBI_JSON_NULL) /* else it is of no type */
            code = read_scalar(x, slot, each);
    }
    *v = (ddb_value){type, elements.n, {.elements = elements.elements}};
    return code;
}

/* BOOL and NULL: as n, which for a NULL that is false is 1. */
static ddb_code read_flag(ddbi_reader *x, ddb_value *v, ddb_type type)
{
    ddbi_tri tri = DDBI_ABSENT;
    ddb_code code = ddbi_read_boolean(x, &tri);

    if (code == DDB_OK)
        *v = (ddb_value){.type = type,
                         .n = tri ==
                              (type == DDB_BOOL ? DDBI_TRUE : DDBI_FALSE)};
    return code;
}

/* Nesting is bounded by the depth of JSON that the reader takes: some 60
 * levels.  NOLINTBEGIN(misc-no-recursion) */

ddb_code ddbi_read_map(ddbi_reader *x, ddb_item **out, int depth, int nested)
{
    ddb_item *it;
    ddb_code code = DDB_OK;

    if (x->r.token != DDBI_JSON_OBJECT)
        return ddbi_no_map(x, VALUE_MAP, nested);
    it = ddbi_item_in(x->a->arena, depth);
    if (it == NULL)
        return ddbi_ask_nomem(x->a);
    while (code == DDB_OK && ddbi_json_next(&x->r) == DDBI_JSON_KEY) {
        ddb_bytes name = ddbi_json_text(&x->r, x->a->arena);
        ddb_value v = {0};
        ddb_value *slot;

        if (name.p == NULL)
            return ddbi_ask_nomem(x->a);
        if (ddbi_json_next(&x->r) != DDBI_JSON_NULL)
            code = ddbi_read_value(x, &v, depth + 1, 0);
        slot = ddbi_item_append(it, name);
        if (slot == NULL)
            return ddbi_ask_nomem(x->a);
        *slot = v;
    }
    if (code == DDB_OK && x->r.token == DDBI_JSON_ERROR)
        code = ddbi_no_json(x);
    if (code != DDB_OK)
        return code;
    code = ddbi_item_settle(it);
    if (code == DDB_INVALID)
        code = ddbi_keep_last(x, it->attributes, &it->n, sizeof *it->attributes,
                              offsetof(ddbi_attribute, name))
                   ? ddbi_item_settle(it)
                   : DDB_NOMEM;
    *out = it;
    return code == DDB_OK ? DDB_OK : ddbi_ask_nomem(x->a);
}

static ddb_code read_list(ddbi_reader *x, ddb_value *v, int depth)
{
    ddbi_list *list;
    ddb_code code = DDB_OK;

    if (x->r.token != DDBI_JSON_ARRAY)
        return ddbi_no_list(x, 0);
    list = ddbi_list_in(x->a->arena, depth);
    if (list == NULL)
        return ddbi_ask_nomem(x->a);
    while (code == DDB_OK && ddbi_json_next(&x->r) != DDBI_JSON_ARRAY_END) {
        ddb_value element = {0};
        ddb_value *slot;

        if (x->r.token != DDBI_JSON_NULL)
            code = ddbi_read_value(x, &element, depth + 1, 0);
        slot = ddbi_list_append(list);
        if (slot == NULL)
            return ddbi_ask_nomem(x->a);
        *slot = element;
    }
    *v = list->self;
    return code;
}

static ddb_code read_typed(ddbi_reader *x, ddb_value *v, ddb_type type,
                           int depth)
{
    ddb_code code;

    switch (type) {
    case DDB_S:
    case DDB_N:
    case DDB_B:
        return read_scalar(x, v, type);
    case DDB_BOOL:
    case DDB_NULL:
        return read_flag(x, v, type);
    case DDB_L:
        return read_list(x, v, depth);
    case DDB_M:
        *v = (ddb_value){.type = DDB_M};
        code = ddbi_read_map(x, &v->u.map, depth, 0);
        return code;
    default:
        return read_set(x, v, type);
    }
}

/* What was read of one type more: into the place that the type has among
 * several. */
static ddb_code one_more(ddbi_reader *x, ddb_value **several, size_t first,
                         const ddb_value *was)
{
    if (*several != NULL)
        return DDB_OK;
    *several = ddbi_arena_alloc(x->a->arena, N_TYPES * sizeof **several);
    if (*several == NULL)
        return ddbi_ask_nomem(x->a);
    memset(*several, 0, N_TYPES * sizeof **several);
    (*several)[first] = *was;
    return DDB_OK;
}

static void take_several(ddb_value *v, ddb_value *several)
{
    uint32_t n = 0;

    for (size_t i = 0; i < N_TYPES; i++)
        if (several[i].type != DDBI_TYPE_NONE)
            several[n++] = several[i];
    *v = n > 1 ? (ddb_value){DDBI_TYPE_SEVERAL, n, {.elements = several}}
               : several[0];
}

/* The reader stands on what should be {"S":...}. */
ddb_code ddbi_read_value(ddbi_reader *x, ddb_value *v, int depth, int is_member)
{
    ddb_value *several = NULL;
    size_t first = N_TYPES, i;
    ddb_code code = DDB_OK;

    *v = (ddb_value){0};
    if (x->r.token != DDBI_JSON_OBJECT)
        return ddbi_no_struct(x, "AttributeValue", is_member);
    while (code == DDB_OK && ddbi_json_next(&x->r) == DDBI_JSON_KEY) {
        ddb_value more = {0};

        i = find_type(x);
        ddbi_json_next(&x->r);
        if (i == N_TYPES) {
            ddbi_json_skip(&x->r);
            continue;
        }
        if (x->r.token != DDBI_JSON_NULL)
            code = read_typed(x, &more, types[i].type, depth);
        if (code == DDB_OK && first != N_TYPES && first != i)
            code = one_more(x, &several, first, v);
        if (code != DDB_OK)
            return code;
        if (several != NULL)
            several[i] = more;
        else
            *v = more;
        first = i;
    }
    if (code == DDB_OK && x->r.token == DDBI_JSON_ERROR)
        return ddbi_no_json(x);
    if (code == DDB_OK && several != NULL)
        take_several(v, several);
    return code;
}

/* NOLINTEND(misc-no-recursion) */
