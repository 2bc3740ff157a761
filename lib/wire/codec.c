/* SPDX-License-Identifier: MIT */
/*
 * Items to DynamoDB JSON and back.
 *
 * Reading is what a Query spends its time on: one pass over the tokens, each
 * text copied once, to where it stays, base64 decoded on the way.  Maps and
 * lists that are open lie on a stack of 32, since the text comes from the
 * network and must not choose how deep we recurse.
 *
 * What an answer has is believed as far as it does no harm.  A number must
 * be made of a number's characters; whether it is one is found out by who
 * asks for its worth.  Sets are taken as they are.  Refused are names that
 * come twice, types that are unknown and values of two types: no reading of
 * those is right.  What a user gives to ddb_item_parse() is going to be sent,
 * and is checked as setters do.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
 */
#include "wire/codec.h"

#include "base/enc.h"
#include "base/err.h"

#include <string.h>

/* ---- Writing ------------------------------------------------------------ */

/* {"S": and so on, by type. */
static const char *const openings[] = {
    [DDB_S] = "{\"S\":",       [DDB_N] = "{\"N\":",       [DDB_B] = "{\"B\":",
    [DDB_BOOL] = "{\"BOOL\":", [DDB_NULL] = "{\"NULL\":", [DDB_M] = "{\"M\":",
    [DDB_L] = "{\"L\":",       [DDB_SS] = "{\"SS\":",     [DDB_NS] = "{\"NS\":",
    [DDB_BS] = "{\"BS\":",
};

static void write_scalar(ddbi_buf *b, const ddb_value *v)
{
    if (v->type == DDB_B)
        ddbi_json_base64(b, v->u.bytes.p, v->u.bytes.n);
    else
        ddbi_json_str(b, v->u.bytes.p, v->u.bytes.n);
}

static void write_set(ddbi_buf *b, const ddb_value *v)
{
    ddbi_json_open(b, '[');
    for (uint32_t i = 0; i < v->n; i++)
        write_scalar(b, &v->u.elements[i]);
    ddbi_json_close(b, ']');
}

/* Writing calls itself for what is nested, 32 levels at most: all that builds
 * values sees to that.  NOLINTBEGIN(misc-no-recursion) */

static void write_list(ddbi_buf *b, const ddbi_list *list)
{
    ddbi_json_open(b, '[');
    for (uint32_t i = 0; i < list->n; i++)
        ddbi_write_value(b, &list->elements[i]);
    ddbi_json_close(b, ']');
}

static void write_map(ddbi_buf *b, const ddb_item *it)
{
    ddbi_json_open(b, '{');
    for (uint32_t i = 0; i < it->n; i++) {
        const ddbi_attribute *a = &it->attributes[i];

        ddbi_json_key(b, a->name.p, a->name.n);
        ddbi_write_value(b, &a->value);
    }
    ddbi_json_close(b, '}');
}

void ddbi_write_value(ddbi_buf *b, const ddb_value *v)
{
    if (b->failed != DDB_OK)
        return;
    if (v->type < DDB_S || v->type > DDB_BS) {
        ddbi_buf_fail(b, DDB_INVALID);
        return;
    }
    ddbi_json_raw(b, openings[v->type], strlen(openings[v->type]));
    switch (v->type) {
    case DDB_S:
    case DDB_N:
    case DDB_B:
        write_scalar(b, v);
        break;
    case DDB_BOOL:
        ddbi_json_bool(b, v->n != 0);
        break;
    case DDB_NULL:
        ddbi_json_bool(b, 1);
        break;
    case DDB_M:
        write_map(b, v->u.map);
        break;
    case DDB_L:
        write_list(b, v->u.list);
        break;
    default:
        write_set(b, v);
    }
    ddbi_json_close(b, '}');
}

void ddbi_write_item(ddbi_buf *b, const ddb_item *it)
{
    ddb_code code = ddb_item_status(it);

    if (code != DDB_OK)
        ddbi_buf_fail(b, code);
    else
        write_map(b, it);
}

/* NOLINTEND(misc-no-recursion) */

/* ---- Reading ------------------------------------------------------------ */

/* One map or list that is open. */
typedef struct {
    ddb_item *map; /* or else */
    ddbi_list *list;
} level;

typedef struct {
    ddbi_json_reader *r;
    ddb_err *err;
    ddbi_arena *arena;
    int depth; /* of the innermost that is open; 0: the item itself */
    level open[DDBI_MAX_NESTING + 1];
} item_reader;

static ddb_code bad(const item_reader *x, const char *what)
{
    size_t at = (size_t)(x->r->p - x->r->start);

    if (x->r->token == DDBI_JSON_ERROR)
        what = x->r->why;
    return ddbi_fail(x->err, DDB_BAD_ANSWER, "not an item: %s, at byte %zu",
                     what, at);
}

static ddb_code expect(const item_reader *x, ddbi_json_token token,
                       const char *what)
{
    return ddbi_json_next(x->r) == token ? DDB_OK : bad(x, what);
}

/* By the name of an attribute value's only member; 0: there is none such. */
static ddb_type type_of(const char *p, size_t n)
{
    if (n == 1) {
        switch (*p) {
        case 'S':
            return DDB_S;
        case 'N':
            return DDB_N;
        case 'B':
            return DDB_B;
        case 'M':
            return DDB_M;
        case 'L':
            return DDB_L;
        default:
            return (ddb_type)0;
        }
    }
    if (n == 2 && p[1] == 'S')
        return *p == 'S'   ? DDB_SS
               : *p == 'N' ? DDB_NS
               : *p == 'B' ? DDB_BS
                           : (ddb_type)0;
    if (n == 4 && memcmp(p, "BOOL", 4) == 0)
        return DDB_BOOL;
    if (n == 4 && memcmp(p, "NULL", 4) == 0)
        return DDB_NULL;
    return (ddb_type)0;
}

static ddb_type read_type(const ddbi_json_reader *r)
{
    char name[8];

    if (!r->escaped)
        return type_of(r->text.p, r->text.n);
    ddbi_json_copy(r, name, sizeof name);
    return type_of(name, strlen(name));
}

static int is_number(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!ddbi_is_digit((unsigned char)p[i]) && p[i] != '-' && p[i] != '+' &&
            p[i] != '.' && p[i] != 'e' && p[i] != 'E')
            return 0;
    return n != 0;
}

static ddb_code read_binary(item_reader *x, ddb_bytes *out)
{
    ddb_bytes text = x->r->text;
    char *to = ddbi_arena_bytes(x->arena, text.n / 4 * 3 + 1);
    ptrdiff_t n;

    if (to && x->r->escaped) /* a slash may be */
        text = ddbi_json_text(x->r, x->arena);
    if (!to || !text.p)
        return ddbi_nomem(x->err);
    n = ddbi_base64_decode(to, text.p, text.n);
    if (n < 0)
        return bad(x, "wrong base64");
    to[n] = '\0';
    *out = (ddb_bytes){to, (size_t)n};
    return DDB_OK;
}

/* The reader stands on what should be its text. */
static ddb_code read_scalar(item_reader *x, ddb_value *v, ddb_type type)
{
    ddb_bytes bytes = {0};
    ddb_code code = DDB_OK;

    if (x->r->token != DDBI_JSON_STRING)
        return bad(x, "a string was expected");
    if (type == DDB_B)
        code = read_binary(x, &bytes);
    else
        bytes = ddbi_json_text(x->r, x->arena);
    if (code != DDB_OK)
        return code;
    if (!bytes.p)
        return ddbi_nomem(x->err);
    if (type == DDB_N && !is_number(bytes.p, bytes.n))
        return bad(x, "wrong number");
    *v = (ddb_value){
        type,
        bytes.n < UINT32_MAX ? (uint32_t)bytes.n : UINT32_MAX,
        {.bytes = bytes},
    };
    return DDB_OK;
}

static ddb_code read_set(item_reader *x, ddb_value *v, ddb_type type)
{
    ddb_type each = type == DDB_SS ? DDB_S : type == DDB_NS ? DDB_N : DDB_B;
    ddbi_list elements = {.arena = x->arena};
    ddb_value *slot;
    ddb_code code;

    if (x->r->token != DDBI_JSON_ARRAY)
        return bad(x, "an array was expected");
    while (ddbi_json_next(x->r) != DDBI_JSON_ARRAY_END) {
        slot = ddbi_list_append(&elements);
        code = slot ? read_scalar(x, slot, each) : ddbi_nomem(x->err);
        if (code != DDB_OK)
            return code;
    }
    *v = (ddb_value){type, elements.n, {.elements = elements.elements}};
    return DDB_OK;
}

/* A map or list begins: what comes next is in it. */
static ddb_code enter(item_reader *x, ddb_value *v, ddb_type type)
{
    ddbi_json_token token = type == DDB_M ? DDBI_JSON_OBJECT : DDBI_JSON_ARRAY;
    level *inner;

    if (x->r->token != token)
        return bad(x, type == DDB_M ? "an object was expected"
                                    : "an array was expected");
    inner = &x->open[++x->depth];
    *inner = (level){0};
    if (type == DDB_M) {
        inner->map = ddbi_item_in(x->arena, x->depth);
        if (!inner->map)
            return ddbi_nomem(x->err);
        *v = (ddb_value){.type = DDB_M, .u.map = inner->map};
    } else {
        inner->list = ddbi_list_in(x->arena, x->depth);
        if (!inner->list)
            return ddbi_nomem(x->err);
        *v = inner->list->self;
    }
    return DDB_OK;
}

/* The reader stands on the object that the value should be. */
static ddb_code read_value(item_reader *x, ddb_value *v)
{
    ddb_code code = DDB_OK;
    ddb_type type;

    if (x->r->token != DDBI_JSON_OBJECT)
        return bad(x, "an attribute value was expected");
    if (x->depth == DDBI_MAX_NESTING) {
        ddbi_value_fail(x->arena, DDB_TOO_LARGE, NULL);
        return bad(x, "nested deeper than 32 levels");
    }
    if (ddbi_json_next(x->r) != DDBI_JSON_KEY)
        return bad(x, "an attribute value without a type");
    type = read_type(x->r);
    ddbi_json_next(x->r);
    switch (type) {
    case DDB_S:
    case DDB_N:
    case DDB_B:
        code = read_scalar(x, v, type);
        break;
    case DDB_SS:
    case DDB_NS:
    case DDB_BS:
        code = read_set(x, v, type);
        break;
    case DDB_M:
    case DDB_L:
        return enter(x, v, type); /* leave() sees its end */
    case DDB_BOOL:
        if (x->r->token != DDBI_JSON_TRUE && x->r->token != DDBI_JSON_FALSE)
            return bad(x, "a boolean was expected");
        *v = (ddb_value){.type = type, .n = x->r->token == DDBI_JSON_TRUE};
        break;
    case DDB_NULL:
        if (x->r->token != DDBI_JSON_TRUE)
            return bad(x, "true was expected");
        *v = (ddb_value){.type = type};
        break;
    default:
        return bad(x, "an attribute value of an unknown type");
    }
    if (code == DDB_OK)
        code =
            expect(x, DDBI_JSON_OBJECT_END, "an attribute value of two types");
    return code;
}

/* The innermost that is open ends, and so does the value that it is. */
static ddb_code leave(item_reader *x)
{
    ddb_item *map = x->open[x->depth].map;
    ddb_code code = map ? ddbi_item_settle(map) : DDB_OK;

    if (code == DDB_INVALID)
        return bad(x, "an attribute that comes twice");
    if (code != DDB_OK)
        return ddbi_nomem(x->err);
    if (x->depth-- == 0)
        return DDB_OK;
    return expect(x, DDBI_JSON_OBJECT_END, "an attribute value of two types");
}

/* The reader stands on the name. */
static ddb_code read_attribute(item_reader *x, ddb_item *map)
{
    ddb_bytes name = ddbi_json_text(x->r, x->arena);
    ddb_value *v = name.p ? ddbi_item_append(map, name) : NULL;

    if (!v)
        return ddbi_nomem(x->err);
    ddbi_json_next(x->r);
    return read_value(x, v);
}

static ddb_code read_element(item_reader *x, ddbi_list *list)
{
    ddb_value *v = ddbi_list_append(list);

    return v ? read_value(x, v) : ddbi_nomem(x->err);
}

ddb_code ddbi_read_item(ddbi_json_reader *r, ddb_item *it, ddb_err *err)
{
    item_reader x; /* the stack is large, and most of it is never used */
    ddb_code code = DDB_OK;

    x.r = r;
    x.err = err;
    x.arena = it->arena;
    x.depth = 0;
    x.open[0] = (level){.map = it};
    if (r->token != DDBI_JSON_OBJECT)
        return bad(&x, "an object was expected");
    while (code == DDB_OK && x.depth >= 0) {
        level *inner = &x.open[x.depth];
        ddbi_json_token token = ddbi_json_next(r);

        if (token == DDBI_JSON_KEY)
            code = read_attribute(&x, inner->map);
        else if (token == DDBI_JSON_OBJECT_END || token == DDBI_JSON_ARRAY_END)
            code = leave(&x);
        else if (token != DDBI_JSON_ERROR)
            code = read_element(&x, inner->list);
        else
            code = bad(&x, NULL);
    }
    return code;
}

/* ---- A user's JSON ------------------------------------------------------ */

static ddb_code check_number(ddbi_arena *arena, ddb_value *v)
{
    return ddbi_value_make(
        arena, v,
        &(ddbi_input){.type = DDB_N, .p = v->u.bytes.p, .n = v->u.bytes.n}, 1);
}

static ddb_code check_set(ddbi_arena *arena, ddb_value *v)
{
    ddb_code code = DDB_OK;

    if (v->type == DDB_NS)
        for (uint32_t i = 0; i < v->n && code == DDB_OK; i++)
            code = check_number(arena, &v->u.elements[i]);
    return code == DDB_OK ? ddbi_set_check(arena, v->u.elements, v->n) : code;
}

/* What reading lets pass and a setter would not; 32 levels at most here too.
 * NOLINTBEGIN(misc-no-recursion) */

static ddb_code check_map(ddb_item *it);

static ddb_code check_value(ddbi_arena *arena, ddb_value *v)
{
    ddb_code code = DDB_OK;

    switch (v->type) {
    case DDB_N:
        return check_number(arena, v);
    case DDB_SS:
    case DDB_NS:
    case DDB_BS:
        return check_set(arena, v);
    case DDB_M:
        return check_map(v->u.map);
    case DDB_L:
        for (uint32_t i = 0; i < v->u.list->n && code == DDB_OK; i++)
            code = check_value(arena, &v->u.list->elements[i]);
        return code;
    default:
        return DDB_OK;
    }
}

static ddb_code check_map(ddb_item *it)
{
    ddb_code code = DDB_OK;

    for (uint32_t i = 0; i < it->n && code == DDB_OK; i++) {
        ddbi_attribute *a = &it->attributes[i];

        code = ddbi_item_check_name(it, a->name.p, a->name.n);
        if (code == DDB_OK)
            code = check_value(it->arena, &a->value);
    }
    return code;
}

/* NOLINTEND(misc-no-recursion) */

static ddb_code parse(ddb_item *it, const char *json, size_t n, ddb_err *err)
{
    ddbi_json_reader r;
    ddb_code code;

    ddbi_json_start(&r, json, n);
    ddbi_json_next(&r);
    code = ddbi_read_item(&r, it, err);
    if (code == DDB_OK && ddbi_json_next(&r) != DDBI_JSON_END)
        code = ddbi_fail(err, DDB_BAD_ANSWER, "not an item: %s", r.why);
    if (code == DDB_OK && check_map(it) != DDB_OK)
        code = ddbi_fail(err, ddb_item_status(it), "not an item: %s",
                         ddbi_item_why(it));
    return code;
}

ddb_code ddb_item_parse(const char *json, size_t n, ddb_item **out,
                        ddb_err *err)
{
    ddb_item *it = ddb_item_new();
    ddb_code code;

    *out = NULL;
    ddbi_err_clear(err);
    code = it ? parse(it, json, n, err) : ddbi_nomem(err);
    if (code == DDB_OK) {
        *out = it;
        return DDB_OK;
    }
    /* It is no answer: the caller wrote it. */
    if (code == DDB_BAD_ANSWER)
        code =
            ddb_item_status(it) != DDB_OK ? ddb_item_status(it) : DDB_INVALID;
    ddb_item_free(it);
    if (err)
        err->code = code;
    return code;
}

ddb_code ddb_item_format(const ddb_item *it, char **out, size_t *n,
                         ddb_err *err)
{
    ddbi_buf b = {0};
    ddb_code code = DDB_OK;

    ddbi_err_clear(err);
    ddbi_write_item(&b, it);
    *out = ddbi_buf_take(&b, n);
    if (b.failed == DDB_NOMEM)
        code = ddbi_nomem(err);
    else if (b.failed != DDB_OK)
        code = ddbi_fail(err, b.failed, "not an item: %s", ddbi_item_why(it));
    ddbi_buf_free(&b);
    return code;
}
