/* SPDX-License-Identifier: MIT */
/*
 * Requests from JSON into ddbi_in, by the tables of local_members.c.  What is
 * of a wrong type is refused at once, in the words of the service's own
 * reader, Java classes and all, since programs match on them.
 *
 * As there: members that nobody knows are passed over, null is absent, of a
 * member that comes twice the last one counts, numbers are cut to integers,
 * and text such as "true" is a boolean.  A body that is no JSON object is a
 * SerializationException without a message.
 *
 * Everything is read in one pass and stays in the request's arena.
 */
#include "local/local_members.h"

#include "base/enc.h"

#include <string.h>

#define CLASS "com.amazonaws.dynamodb.v20120810."
#define VALUE_MAP "java.util.Map<java.lang.String, " CLASS "AttributeValue>"

typedef struct {
    ddbi_ask *a;
    ddbi_json_reader r;
} reader;

/* ---- Complaints --------------------------------------------------------- */

static ddb_code nomem(const reader *x)
{
    return ddbi_ask_nomem(x->a);
}

static ddb_code bad_json(const reader *x)
{
    return ddbi_refuse_coral(x->a, "SerializationException", NULL);
}

/* Up to three pieces of a message; or what is no JSON. */
static ddb_code complain(const reader *x, const char *one, const char *two,
                         const char *three)
{
    ddbi_buf text = {0};
    ddb_code code;

    if (x->r.token == DDBI_JSON_ERROR)
        return bad_json(x);
    ddbi_buf_add_str(&text, one);
    ddbi_buf_add_str(&text, two);
    ddbi_buf_add_str(&text, three);
    if (ddbi_buf_text(&text) == NULL)
        code = nomem(x);
    else
        code = ddbi_refuse_coral(x->a, "SerializationException", text.p);
    ddbi_buf_free(&text);
    return code;
}

static const char *token_name(const reader *x)
{
    switch (x->r.token) {
    case DDBI_JSON_TRUE:
        return "TRUE_VALUE";
    case DDBI_JSON_FALSE:
        return "FALSE_VALUE";
    case DDBI_JSON_STRING:
        return "STRING_VALUE";
    default:
        for (size_t i = 0; i < x->r.text.n; i++)
            if (strchr(".eE", ((const char *)x->r.text.p)[i]) != NULL)
                return "DECIMAL_VALUE";
        return "NUMBER_VALUE";
    }
}

/* Where a scalar of this Java class was expected. */
static ddb_code no_scalar(const reader *x, const char *package,
                          const char *type)
{
    if (x->r.token == DDBI_JSON_ARRAY)
        return complain(x, "Unrecognized collection type class ", package,
                        type);
    if (x->r.token == DDBI_JSON_OBJECT)
        return complain(x,
                        "Start of structure or map found where not "
                        "expected",
                        "", "");
    return complain(x, token_name(x), " cannot be converted to ", type);
}

/* How a list or map that stands in another one complains of a scalar. */
#define NOT_NESTED                                                             \
    "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl "      \
    "cannot be cast to class java.lang.Class "                                 \
    "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and "       \
    "java.lang.Class are in module java.base of loader 'bootstrap')"

static ddb_code no_list(const reader *x, int nested)
{
    if (x->r.token == DDBI_JSON_OBJECT)
        return complain(x,
                        "Start of structure or map found where not "
                        "expected",
                        "", "");
    return complain(x, nested ? NOT_NESTED : "Unexpected field type", "", "");
}

static ddb_code no_map(const reader *x, const char *type, int nested)
{
    if (x->r.token == DDBI_JSON_ARRAY)
        return complain(x, "Unrecognized collection type ", type, "");
    return complain(x, nested ? NOT_NESTED : "Unexpected field type", "", "");
}

/* A struct is a member of another one, or else an element of a collection. */
static ddb_code no_struct(const reader *x, const char *type, int is_member)
{
    if (x->r.token == DDBI_JSON_ARRAY)
        return complain(x, "Unrecognized collection type class " CLASS, type,
                        "");
    return complain(x,
                    is_member ? "Unexpected field type"
                              : "Unexpected value type in payload",
                    "", "");
}

/* ---- Scalars ------------------------------------------------------------ */

static ddb_code read_string(reader *x, ddb_bytes *out)
{
    if (x->r.token != DDBI_JSON_STRING)
        return no_scalar(x, "java.lang.", "String");
    *out = ddbi_json_text(&x->r, x->a->arena);
    return out->p != NULL ? DDB_OK : nomem(x);
}

static int is_word(const reader *x, const char *a, const char *b, const char *c)
{
    char text[8];

    ddbi_json_copy(&x->r, text, sizeof text);
    return ddbi_equal_nocase(text, a) || ddbi_equal_nocase(text, b) ||
           ddbi_equal_nocase(text, c);
}

static ddb_code read_boolean(reader *x, ddbi_tri *out)
{
    if (x->r.token == DDBI_JSON_TRUE)
        *out = DDBI_TRUE;
    else if (x->r.token == DDBI_JSON_FALSE)
        *out = DDBI_FALSE;
    else if (x->r.token != DDBI_JSON_STRING)
        return no_scalar(x, "java.lang.", "Boolean");
    else if (is_word(x, "true", "1", "yes"))
        *out = DDBI_TRUE;
    else if (is_word(x, "false", "0", "no"))
        *out = DDBI_FALSE;
    else
        return complain(x, "Unexpected token received from parser", "", "");
    return DDB_OK;
}

static ddb_code read_integer(reader *x, ddbi_int *out, int is_long)
{
    const int64_t most = is_long ? INT64_MAX : INT32_MAX;
    const int64_t least = is_long ? INT64_MIN : INT32_MIN;
    double v;

    if (x->r.token != DDBI_JSON_NUMBER)
        return no_scalar(x, "java.lang.", is_long ? "Long" : "Integer");
    out->present = 1;
    if (ddbi_json_read_i64(&x->r, &out->v) != 0) {
        if (ddbi_json_read_double(&x->r, &v) != 0)
            v = *(const char *)x->r.text.p == '-' ? -1e300 : 1e300;
        out->v = v >= 9e18 ? most : v <= -9e18 ? least : (int64_t)v;
        if (v < 0 && (double)out->v > v)
            out->v--;
    }
    if (out->v > most)
        out->v = most;
    if (out->v < least)
        out->v = least;
    return DDB_OK;
}

static ddb_code wrong_base64(reader *x, size_t n)
{
    ddbi_buf length = {0};
    const char *text;
    ddb_code code;

    if (n % 4 == 0)
        return complain(x, "Invalid last non-pad Base64 character dectected",
                        "", "");
    ddbi_buf_add_u64(&length, n);
    text = ddbi_buf_text(&length);
    if (text == NULL)
        code = nomem(x);
    else
        code = complain(
            x,
            "Base64 encoded length is expected a multiple of 4 bytes but "
            "found: ",
            text, "");
    ddbi_buf_free(&length);
    return code;
}

static ddb_code read_blob(reader *x, ddb_bytes *out)
{
    ddb_bytes text;
    ptrdiff_t n;
    char *to;

    if (x->r.token == DDBI_JSON_ARRAY || x->r.token == DDBI_JSON_OBJECT)
        return no_scalar(x, "java.nio.", "ByteBuffer");
    if (x->r.token != DDBI_JSON_STRING)
        return complain(
            x, "only base-64-encoded strings are convertible to bytes", "", "");
    text = x->r.text;
    if (x->r.escaped)
        text = ddbi_json_text(&x->r, x->a->arena);
    to = ddbi_arena_bytes(x->a->arena, text.n / 4 * 3 + 1);
    if (text.p == NULL || to == NULL)
        return nomem(x);
    n = ddbi_base64_decode(to, text.p, text.n);
    if (n < 0)
        return wrong_base64(x, text.n);
    to[n] = '\0';
    *out = (ddb_bytes){to, (size_t)n};
    return DDB_OK;
}

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
    ddb_bytes a = name_of(e, i), b = name_of(e, j);

    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static int compare_names(const void *arg, uint32_t i, uint32_t j)
{
    ddb_bytes a = name_of(arg, i), b = name_of(arg, j);
    int order = a.n != b.n ? (a.n < b.n ? -1 : 1) : memcmp(a.p, b.p, a.n);

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
static int keep_last(reader *x, void *p, uint32_t *n, size_t size, size_t key)
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

static size_t find_type(const reader *x)
{
    size_t i = 0;

    while (i < N_TYPES && !ddbi_json_is(&x->r, types[i].name))
        i++;
    return i;
}

static ddb_code read_scalar(reader *x, ddb_value *v, ddb_type type)
{
    ddb_bytes bytes;
    ddb_code code =
        type == DDB_B ? read_blob(x, &bytes) : read_string(x, &bytes);

    if (code == DDB_OK)
        *v = (ddb_value){type,
                         bytes.n < UINT32_MAX ? (uint32_t)bytes.n : UINT32_MAX,
                         {.bytes = bytes}};
    return code;
}

static ddb_code read_set(reader *x, ddb_value *v, ddb_type type)
{
    ddb_type each = type == DDB_SS ? DDB_S : type == DDB_NS ? DDB_N : DDB_B;
    ddbi_list elements = {.arena = x->a->arena};
    ddb_code code = DDB_OK;

    if (x->r.token != DDBI_JSON_ARRAY)
        return no_list(x, 0);
    while (code == DDB_OK && ddbi_json_next(&x->r) != DDBI_JSON_ARRAY_END) {
        ddb_value *slot = ddbi_list_append(&elements);

        if (slot == NULL)
            return nomem(x);
        if (x->r.token != DDBI_JSON_NULL) /* else it is of no type */
            code = read_scalar(x, slot, each);
    }
    *v = (ddb_value){type, elements.n, {.elements = elements.elements}};
    return code;
}

/* BOOL and NULL: as n, which for a NULL that is false is 1. */
static ddb_code read_flag(reader *x, ddb_value *v, ddb_type type)
{
    ddbi_tri tri;
    ddb_code code = read_boolean(x, &tri);

    if (code == DDB_OK)
        *v = (ddb_value){.type = type,
                         .n = tri ==
                              (type == DDB_BOOL ? DDBI_TRUE : DDBI_FALSE)};
    return code;
}

/* Nesting is bounded by the depth of JSON that the reader takes: some 60
 * levels.  NOLINTBEGIN(misc-no-recursion) */

static ddb_code read_value(reader *x, ddb_value *v, int depth, int is_member);

static ddb_code read_map(reader *x, ddb_item **out, int depth, int nested)
{
    ddb_item *it;
    ddb_code code = DDB_OK;

    if (x->r.token != DDBI_JSON_OBJECT)
        return no_map(x, VALUE_MAP, nested);
    it = ddbi_item_in(x->a->arena, depth);
    if (it == NULL)
        return nomem(x);
    while (code == DDB_OK && ddbi_json_next(&x->r) == DDBI_JSON_KEY) {
        ddb_bytes name = ddbi_json_text(&x->r, x->a->arena);
        ddb_value v = {0};
        ddb_value *slot;

        if (name.p == NULL)
            return nomem(x);
        if (ddbi_json_next(&x->r) != DDBI_JSON_NULL)
            code = read_value(x, &v, depth + 1, 0);
        slot = ddbi_item_append(it, name);
        if (slot == NULL)
            return nomem(x);
        *slot = v;
    }
    if (code == DDB_OK && x->r.token == DDBI_JSON_ERROR)
        code = bad_json(x);
    if (code != DDB_OK)
        return code;
    code = ddbi_item_settle(it);
    if (code == DDB_INVALID)
        code = keep_last(x, it->attributes, &it->n, sizeof *it->attributes,
                         offsetof(ddbi_attribute, name))
                   ? ddbi_item_settle(it)
                   : DDB_NOMEM;
    *out = it;
    return code == DDB_OK ? DDB_OK : nomem(x);
}

static ddb_code read_list(reader *x, ddb_value *v, int depth)
{
    ddbi_list *list;
    ddb_code code = DDB_OK;

    if (x->r.token != DDBI_JSON_ARRAY)
        return no_list(x, 0);
    list = ddbi_list_in(x->a->arena, depth);
    if (list == NULL)
        return nomem(x);
    while (code == DDB_OK && ddbi_json_next(&x->r) != DDBI_JSON_ARRAY_END) {
        ddb_value element = {0};
        ddb_value *slot;

        if (x->r.token != DDBI_JSON_NULL)
            code = read_value(x, &element, depth + 1, 0);
        slot = ddbi_list_append(list);
        if (slot == NULL)
            return nomem(x);
        *slot = element;
    }
    *v = list->self;
    return code;
}

static ddb_code read_typed(reader *x, ddb_value *v, ddb_type type, int depth)
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
        code = read_map(x, &v->u.map, depth, 0);
        return code;
    default:
        return read_set(x, v, type);
    }
}

/* What was read of one type more: into the place that the type has among
 * several. */
static ddb_code one_more(reader *x, ddb_value **several, size_t first,
                         const ddb_value *was)
{
    if (*several != NULL)
        return DDB_OK;
    *several = ddbi_arena_alloc(x->a->arena, N_TYPES * sizeof **several);
    if (*several == NULL)
        return nomem(x);
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
static ddb_code read_value(reader *x, ddb_value *v, int depth, int is_member)
{
    ddb_value *several = NULL;
    size_t first = N_TYPES, i;
    ddb_code code = DDB_OK;

    *v = (ddb_value){0};
    if (x->r.token != DDBI_JSON_OBJECT)
        return no_struct(x, "AttributeValue", is_member);
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
        return bad_json(x);
    if (code == DDB_OK && several != NULL)
        take_several(v, several);
    return code;
}

/* NOLINTEND(misc-no-recursion) */

/* ---- Collections -------------------------------------------------------- */

/* An array that grows in the arena. */
typedef struct {
    char *p;
    uint32_t n, cap;
    size_t size;
} array;

/* A zeroed element at the end; NULL: no memory. */
static void *append(reader *x, array *v)
{
    char *element;

    if (v->n == v->cap) {
        size_t cap = v->cap != 0 ? (size_t)v->cap * 2 : 4;
        char *larger =
            ddbi_arena_grow(x->a->arena, v->p, v->cap * v->size, cap * v->size);

        if (larger == NULL || cap > UINT32_MAX)
            return NULL;
        v->p = larger;
        v->cap = (uint32_t)cap;
    }
    element = v->p + v->n++ * v->size;
    memset(element, 0, v->size);
    return element;
}

static ddb_code read_strings(reader *x, ddbi_strings *out)
{
    array v = {.size = sizeof *out->p};
    ddb_code code = DDB_OK;

    if (x->r.token != DDBI_JSON_ARRAY)
        return no_list(x, 0);
    while (code == DDB_OK && ddbi_json_next(&x->r) != DDBI_JSON_ARRAY_END) {
        ddb_bytes text = {0};
        ddb_bytes *slot;

        if (x->r.token == DDBI_JSON_NULL)
            continue;
        code = read_string(x, &text);
        slot = append(x, &v);
        if (slot == NULL)
            return nomem(x);
        *slot = text;
    }
    *out = (ddbi_strings){1, v.n, (ddb_bytes *)(void *)v.p};
    return code;
}

static ddb_code read_names(reader *x, ddbi_names_in *out)
{
    array v = {.size = sizeof *out->p};
    ddb_code code = DDB_OK;

    if (x->r.token != DDBI_JSON_OBJECT)
        return no_map(x, "java.util.Map<java.lang.String, java.lang.String>",
                      0);
    while (code == DDB_OK && ddbi_json_next(&x->r) == DDBI_JSON_KEY) {
        ddbi_name_in *slot = append(x, &v);

        if (slot == NULL)
            return nomem(x);
        slot->name = ddbi_json_text(&x->r, x->a->arena);
        if (slot->name.p == NULL)
            return nomem(x);
        if (ddbi_json_next(&x->r) != DDBI_JSON_NULL)
            code = read_string(x, &slot->value);
    }
    if (code == DDB_OK && x->r.token == DDBI_JSON_ERROR)
        code = bad_json(x);
    if (code == DDB_OK && v.n > 0 &&
        !keep_last(x, v.p, &v.n, v.size, offsetof(ddbi_name_in, name)))
        code = nomem(x);
    *out = (ddbi_names_in){1, v.n, (ddbi_name_in *)(void *)v.p};
    return code;
}

static ddb_code read_items(reader *x, const ddbi_member *m, char *base)
{
    array v = {.size = sizeof(ddb_item *)};
    ddb_code code = DDB_OK;
    int present = 1;

    if (x->r.token != DDBI_JSON_ARRAY)
        return no_list(x, 0);
    while (code == DDB_OK && ddbi_json_next(&x->r) != DDBI_JSON_ARRAY_END) {
        ddb_item **slot;

        if (x->r.token == DDBI_JSON_NULL)
            continue;
        slot = append(x, &v);
        if (slot == NULL)
            return nomem(x);
        code = read_map(x, slot, 0, 1);
    }
    memcpy(base + m->has, &present, sizeof present);
    memcpy(base + m->count, &v.n, sizeof v.n);
    memcpy(base + m->at, &v.p, sizeof v.p);
    return code;
}

/* ---- Structures --------------------------------------------------------- */

/* As deep as the tables of members are.
 * NOLINTBEGIN(misc-no-recursion) */

static ddb_code read_struct(reader *x, const ddbi_member *members, char *base);

static ddb_code read_structs(reader *x, const ddbi_member *m, char *base,
                             int nested)
{
    array v = {.size = m->size};
    ddb_code code = DDB_OK;
    int present = 1;

    if (x->r.token != DDBI_JSON_ARRAY)
        return no_list(x, nested);
    while (code == DDB_OK && ddbi_json_next(&x->r) != DDBI_JSON_ARRAY_END) {
        char *slot;

        if (x->r.token == DDBI_JSON_NULL)
            continue;
        slot = append(x, &v);
        if (slot == NULL)
            return nomem(x);
        if (m->members == NULL)
            code = read_value(x, (ddb_value *)(void *)slot, 1, 0);
        else if (x->r.token != DDBI_JSON_OBJECT)
            code = no_struct(x, m->type, 0);
        else
            code = read_struct(x, m->members, slot);
    }
    memcpy(base + m->has, &present, sizeof present);
    memcpy(base + m->count, &v.n, sizeof v.n);
    memcpy(base + m->at, &v.p, sizeof v.p);
    return code;
}

static ddb_code no_named(const reader *x, const ddbi_member *m)
{
    ddbi_buf type = {0};
    ddb_code code;

    ddbi_buf_add_str(&type, "java.util.Map<java.lang.String, ");
    ddbi_buf_add_str(&type, m->kind == DDBI_IS_LISTS ? "java.util.List<" : "");
    ddbi_buf_add_str(&type, CLASS);
    ddbi_buf_add_str(&type, m->type);
    ddbi_buf_add_str(&type, m->kind == DDBI_IS_LISTS ? ">>" : ">");
    if (ddbi_buf_text(&type) == NULL)
        code = nomem(x);
    else
        code = no_map(x, type.p, 0);
    ddbi_buf_free(&type);
    return code;
}

/* Names to structs, or to lists of them. */
static ddb_code read_named(reader *x, const ddbi_member *m, char *base)
{
    array v = {.size = m->size};
    ddb_code code = DDB_OK;
    int present = 1;

    if (x->r.token != DDBI_JSON_OBJECT)
        return no_named(x, m);
    while (code == DDB_OK && ddbi_json_next(&x->r) == DDBI_JSON_KEY) {
        char *slot = append(x, &v);
        ddb_bytes name = ddbi_json_text(&x->r, x->a->arena);

        if (slot == NULL || name.p == NULL)
            return nomem(x);
        memcpy(slot + m->key, &name, sizeof name);
        if (ddbi_json_next(&x->r) == DDBI_JSON_NULL)
            continue;
        if (m->kind == DDBI_IS_LISTS)
            code = read_structs(x, m->members, slot, 1);
        else if (x->r.token != DDBI_JSON_OBJECT)
            code = no_struct(x, m->type, 0);
        else
            code = read_struct(x, m->members, slot);
    }
    if (code == DDB_OK && x->r.token == DDBI_JSON_ERROR)
        code = bad_json(x);
    if (code == DDB_OK && v.n > 0 && !keep_last(x, v.p, &v.n, v.size, m->key))
        code = nomem(x);
    memcpy(base + m->has, &present, sizeof present);
    memcpy(base + m->count, &v.n, sizeof v.n);
    memcpy(base + m->at, &v.p, sizeof v.p);
    return code;
}

static ddb_code read_inner(reader *x, const ddbi_member *m, char *base)
{
    char *inner = base + m->at;
    int number = 1, choice = m->choice;

    if (x->r.token != DDBI_JSON_OBJECT)
        return no_struct(x, m->type, 1);
    if (m->kind == DDBI_IS_CHOICE) {
        memcpy(&number, base + m->has, sizeof number);
        number++;
        memcpy(base + m->count, &choice, sizeof choice);
    }
    if (m->size != 0) {
        inner = ddbi_arena_alloc(x->a->arena, m->size);
        if (inner == NULL)
            return nomem(x);
        memset(inner, 0, m->size);
        memcpy(base + m->at, &inner, sizeof inner);
    } else {
        memcpy(base + m->has, &number, sizeof number);
    }
    return read_struct(x, m->members, inner);
}

static ddb_code read_unread(reader *x, int *out)
{
    *out = 1;
    return ddbi_json_skip(&x->r) == 0 ? DDB_OK : bad_json(x);
}

static ddb_code read_member(reader *x, const ddbi_member *m, char *base)
{
    void *at = base + m->at;

    switch ((ddbi_kind)m->kind) {
    case DDBI_IS_STRING:
        return read_string(x, at);
    case DDBI_IS_BOOLEAN:
        return read_boolean(x, at);
    case DDBI_IS_INTEGER:
    case DDBI_IS_LONG:
        return read_integer(x, at, m->kind == DDBI_IS_LONG);
    case DDBI_IS_VALUE:
        return read_value(x, at, 1, 1);
    case DDBI_IS_ITEM:
        return read_map(x, at, 0, 0);
    case DDBI_IS_ITEMS:
        return read_items(x, m, base);
    case DDBI_IS_STRINGS:
        return read_strings(x, at);
    case DDBI_IS_NAMES:
        return read_names(x, at);
    case DDBI_IS_STRUCT:
    case DDBI_IS_CHOICE:
        return read_inner(x, m, base);
    case DDBI_IS_LIST:
        return read_structs(x, m, base, 0);
    case DDBI_IS_MAP:
    case DDBI_IS_LISTS:
        return read_named(x, m, base);
    case DDBI_IS_UNREAD:
        break;
    }
    return read_unread(x, at);
}

/* Of a member that comes twice, and is null then. */
static void forget(const ddbi_member *m, char *base)
{
    static const size_t sizes[] = {
        [DDBI_IS_STRING] = sizeof(ddb_bytes),
        [DDBI_IS_BOOLEAN] = sizeof(ddbi_tri),
        [DDBI_IS_INTEGER] = sizeof(ddbi_int),
        [DDBI_IS_LONG] = sizeof(ddbi_int),
        [DDBI_IS_VALUE] = sizeof(ddb_value),
        [DDBI_IS_ITEM] = sizeof(ddb_item *),
        [DDBI_IS_STRINGS] = sizeof(ddbi_strings),
        [DDBI_IS_NAMES] = sizeof(ddbi_names_in),
        [DDBI_IS_UNREAD] = sizeof(int),
    };

    if (m->kind < sizeof sizes / sizeof sizes[0] && sizes[m->kind] != 0)
        memset(base + m->at, 0, sizes[m->kind]);
    else if (m->size != 0 && m->kind == DDBI_IS_STRUCT)
        memset(base + m->at, 0, sizeof(void *));
    else
        memset(base + m->has, 0, sizeof(int));
}

static const ddbi_member *find_member(const reader *x,
                                      const ddbi_member *members)
{
    for (; members->name != NULL; members++) {
        if (x->r.escaped
                ? ddbi_json_is(&x->r, members->name)
                : members->name_n == x->r.text.n &&
                      memcmp(members->name, x->r.text.p, x->r.text.n) == 0)
            return members;
    }
    return NULL;
}

/* The reader stands on the object's beginning. */
static ddb_code read_struct(reader *x, const ddbi_member *members, char *base)
{
    ddb_code code = DDB_OK;

    while (code == DDB_OK && ddbi_json_next(&x->r) == DDBI_JSON_KEY) {
        const ddbi_member *m = find_member(x, members);

        ddbi_json_next(&x->r);
        if (m == NULL)
            ddbi_json_skip(&x->r);
        else if (x->r.token == DDBI_JSON_NULL)
            forget(m, base);
        else
            code = read_member(x, m, base);
    }
    if (code == DDB_OK && x->r.token == DDBI_JSON_ERROR)
        return bad_json(x);
    return code;
}

/* NOLINTEND(misc-no-recursion) */

ddb_code ddbi_read_request(ddbi_ask *a, const ddbi_action *action,
                           ddb_bytes body)
{
    reader x = {.a = a};
    ddb_code code;

    ddbi_json_start(&x.r, body.p, body.n);
    if (ddbi_json_next(&x.r) != DDBI_JSON_OBJECT)
        return bad_json(&x);
    code = read_struct(&x, action->members, (char *)a->in);
    if (code == DDB_OK && ddbi_json_next(&x.r) != DDBI_JSON_END)
        code = bad_json(&x);
    return code == DDB_OK ? ddbi_check_limits(a, action->members) : code;
}
