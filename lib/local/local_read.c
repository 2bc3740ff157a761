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
#include "local/local_read.h"
#include "local/local_members.h"

#include <string.h>

/* ---- Collections -------------------------------------------------------- */

/* Structures that are kept of an array: beyond any limit of the service, so
 * that a request of megabytes is told that there are too many, and does not
 * become gigabytes.  What is left out is read all the same. */
#define MOST_KEPT 1000

/* An array that grows in the arena. */
typedef struct {
    char *p;
    uint32_t n, cap;
    size_t size;
    uint32_t most; /* elements; 0: any */
} array;

/* A zeroed element at the end; NULL: no memory.  When there are enough it is
 * the last one once more. */
static void *append(ddbi_reader *x, array *v)
{
    char *element;

    if (v->most != 0 && v->n == v->most)
        v->n--;
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

static ddb_code read_strings(ddbi_reader *x, ddbi_strings *out)
{
    array v = {.size = sizeof *out->p};
    ddb_code code = DDB_OK;

    if (x->r.token != DDBI_JSON_ARRAY)
        return ddbi_no_list(x, 0);
    while (code == DDB_OK && ddbi_json_next(&x->r) != DDBI_JSON_ARRAY_END) {
        ddb_bytes text = {0};
        ddb_bytes *slot;

        if (x->r.token == DDBI_JSON_NULL)
            continue;
        code = ddbi_read_string(x, &text);
        slot = append(x, &v);
        if (slot == NULL)
            return ddbi_ask_nomem(x->a);
        *slot = text;
    }
    *out = (ddbi_strings){1, v.n, (ddb_bytes *)(void *)v.p};
    return code;
}

static ddb_code read_names(ddbi_reader *x, ddbi_names_in *out)
{
    array v = {.size = sizeof *out->p};
    ddb_code code = DDB_OK;

    if (x->r.token != DDBI_JSON_OBJECT)
        return ddbi_no_map(
            x, "java.util.Map<java.lang.String, java.lang.String>", 0);
    while (code == DDB_OK && ddbi_json_next(&x->r) == DDBI_JSON_KEY) {
        ddbi_name_in *slot = append(x, &v);

        if (slot == NULL)
            return ddbi_ask_nomem(x->a);
        slot->name = ddbi_json_text(&x->r, x->a->arena);
        if (slot->name.p == NULL)
            return ddbi_ask_nomem(x->a);
        if (ddbi_json_next(&x->r) != DDBI_JSON_NULL)
            code = ddbi_read_string(x, &slot->value);
    }
    if (code == DDB_OK && x->r.token == DDBI_JSON_ERROR)
        code = ddbi_no_json(x);
    if (code == DDB_OK && v.n > 0 &&
        !ddbi_keep_last(x, v.p, &v.n, v.size, offsetof(ddbi_name_in, name)))
        code = ddbi_ask_nomem(x->a);
    *out = (ddbi_names_in){1, v.n, (ddbi_name_in *)(void *)v.p};
    return code;
}

static ddb_code read_items(ddbi_reader *x, const ddbi_member *m, char *base)
{
    array v = {.size = sizeof(ddb_item *)};
    ddb_code code = DDB_OK;
    int present = 1;

    if (x->r.token != DDBI_JSON_ARRAY)
        return ddbi_no_list(x, 0);
    while (code == DDB_OK && ddbi_json_next(&x->r) != DDBI_JSON_ARRAY_END) {
        ddb_item **slot;

        if (x->r.token == DDBI_JSON_NULL)
            continue;
        slot = append(x, &v);
        if (slot == NULL)
            return ddbi_ask_nomem(x->a);
        code = ddbi_read_map(x, slot, 0, 1);
    }
    memcpy(base + m->has, &present, sizeof present);
    memcpy(base + m->count, &v.n, sizeof v.n);
    memcpy(base + m->at, &v.p, sizeof v.p);
    return code;
}

/* ---- Structures --------------------------------------------------------- */

/* As deep as the tables of members are.
 * NOLINTBEGIN(misc-no-recursion) */

static ddb_code read_struct(ddbi_reader *x, const ddbi_member *members,
                            char *base);

static ddb_code read_structs(ddbi_reader *x, const ddbi_member *m, char *base,
                             int nested)
{
    array v = {.size = m->size, .most = MOST_KEPT};
    ddb_code code = DDB_OK;
    int present = 1;

    if (x->r.token != DDBI_JSON_ARRAY)
        return ddbi_no_list(x, nested);
    while (code == DDB_OK && ddbi_json_next(&x->r) != DDBI_JSON_ARRAY_END) {
        char *slot;

        if (x->r.token == DDBI_JSON_NULL)
            continue;
        slot = append(x, &v);
        if (slot == NULL)
            return ddbi_ask_nomem(x->a);
        if (m->members == NULL)
            code = ddbi_read_value(x, (ddb_value *)(void *)slot, 1, 0);
        else if (x->r.token != DDBI_JSON_OBJECT)
            code = ddbi_no_struct(x, m->type, 0);
        else
            code = read_struct(x, m->members, slot);
    }
    memcpy(base + m->has, &present, sizeof present);
    memcpy(base + m->count, &v.n, sizeof v.n);
    memcpy(base + m->at, &v.p, sizeof v.p);
    return code;
}

static ddb_code no_named(const ddbi_reader *x, const ddbi_member *m)
{
    ddbi_buf type = {0};
    ddb_code code;

    ddbi_buf_add_str(&type, "java.util.Map<java.lang.String, ");
    ddbi_buf_add_str(&type, m->kind == DDBI_IS_LISTS ? "java.util.List<" : "");
    ddbi_buf_add_str(&type, DDBI_CLASS);
    ddbi_buf_add_str(&type, m->type);
    ddbi_buf_add_str(&type, m->kind == DDBI_IS_LISTS ? ">>" : ">");
    if (ddbi_buf_text(&type) == NULL)
        code = ddbi_ask_nomem(x->a);
    else
        code = ddbi_no_map(x, type.p, 0);
    ddbi_buf_free(&type);
    return code;
}

/* Names to structs, or to lists of them. */
static ddb_code read_named(ddbi_reader *x, const ddbi_member *m, char *base)
{
    array v = {.size = m->size, .most = MOST_KEPT};
    ddb_code code = DDB_OK;
    int present = 1;

    if (x->r.token != DDBI_JSON_OBJECT)
        return no_named(x, m);
    while (code == DDB_OK && ddbi_json_next(&x->r) == DDBI_JSON_KEY) {
        char *slot = append(x, &v);
        ddb_bytes name = ddbi_json_text(&x->r, x->a->arena);

        if (slot == NULL || name.p == NULL)
            return ddbi_ask_nomem(x->a);
        memcpy(slot + m->key, &name, sizeof name);
        if (ddbi_json_next(&x->r) == DDBI_JSON_NULL)
            continue;
        if (m->kind == DDBI_IS_LISTS)
            code = read_structs(x, m->members, slot, 1);
        else if (x->r.token != DDBI_JSON_OBJECT)
            code = ddbi_no_struct(x, m->type, 0);
        else
            code = read_struct(x, m->members, slot);
    }
    if (code == DDB_OK && x->r.token == DDBI_JSON_ERROR)
        code = ddbi_no_json(x);
    if (code == DDB_OK && v.n > 0 &&
        !ddbi_keep_last(x, v.p, &v.n, v.size, m->key))
        code = ddbi_ask_nomem(x->a);
    memcpy(base + m->has, &present, sizeof present);
    memcpy(base + m->count, &v.n, sizeof v.n);
    memcpy(base + m->at, &v.p, sizeof v.p);
    return code;
}

static ddb_code read_inner(ddbi_reader *x, const ddbi_member *m, char *base)
{
    char *inner = base + m->at;
    int number = 1, choice = m->choice;

    if (x->r.token != DDBI_JSON_OBJECT)
        return ddbi_no_struct(x, m->type, 1);
    if (m->kind == DDBI_IS_CHOICE) {
        memcpy(&number, base + m->has, sizeof number);
        number++;
        memcpy(base + m->count, &choice, sizeof choice);
    }
    if (m->size != 0) {
        inner = ddbi_arena_alloc(x->a->arena, m->size);
        if (inner == NULL)
            return ddbi_ask_nomem(x->a);
        memset(inner, 0, m->size);
        memcpy(base + m->at, &inner, sizeof inner);
    } else {
        memcpy(base + m->has, &number, sizeof number);
    }
    return read_struct(x, m->members, inner);
}

static ddb_code read_unread(ddbi_reader *x, int *out)
{
    *out = 1;
    return ddbi_json_skip(&x->r) == 0 ? DDB_OK : ddbi_no_json(x);
}

static ddb_code read_member(ddbi_reader *x, const ddbi_member *m, char *base)
{
    void *at = base + m->at;

    switch ((ddbi_kind)m->kind) {
    case DDBI_IS_STRING:
        return ddbi_read_string(x, at);
    case DDBI_IS_BOOLEAN:
        return ddbi_read_boolean(x, at);
    case DDBI_IS_INTEGER:
    case DDBI_IS_LONG:
        return ddbi_read_integer(x, at, m->kind == DDBI_IS_LONG);
    case DDBI_IS_VALUE:
        return ddbi_read_value(x, at, 1, 1);
    case DDBI_IS_ITEM:
        return ddbi_read_map(x, at, 0, 0);
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

    size_t at = m->at, n = 0;

    if (m->kind < sizeof sizes / sizeof sizes[0])
        n = sizes[m->kind];
    if (n == 0 && m->kind == DDBI_IS_STRUCT && m->size != 0)
        n = sizeof(void *);
    if (n == 0) {
        at = m->has;
        n = sizeof(int);
    }
    memset(base + at, 0, n);
}

static const ddbi_member *find_member(const ddbi_reader *x,
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
static ddb_code read_struct(ddbi_reader *x, const ddbi_member *members,
                            char *base)
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
        return ddbi_no_json(x);
    return code;
}

/* NOLINTEND(misc-no-recursion) */

ddb_code ddbi_read_request(ddbi_ask *a, const ddbi_action *action,
                           ddb_bytes body)
{
    ddbi_reader x = {.a = a};
    ddb_code code;

    ddbi_json_start(&x.r, body.p, body.n);
    if (ddbi_json_next(&x.r) != DDBI_JSON_OBJECT)
        return ddbi_no_json(&x);
    code = read_struct(&x, action->members, (char *)a->in);
    if (code == DDB_OK && ddbi_json_next(&x.r) != DDBI_JSON_END)
        code = ddbi_no_json(&x);
    return code == DDB_OK ? ddbi_check_limits(a, action->members) : code;
}
