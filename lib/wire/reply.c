/* SPDX-License-Identifier: MIT */
/*
 * Reading answers, member by member, and error answers.
 *
 * Whatever a server sends, a member of the wrong type is an error with the
 * member's name in it, and what nobody asks for is skipped: the service adds
 * members as it likes.  Error answers come from proxies and load balancers
 * too, so there everything may be missing, and nothing is a failure.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
#include "wire/reply.h"

#include "base/enc.h"

#include <stdio.h>
#include <string.h>

/* ---- Members ------------------------------------------------------------ */

static void fail_json(ddbi_answer *a)
{
    if (a->failed == DDB_OK)
        a->failed = ddbi_fail(a->err, DDB_BAD_ANSWER,
                              "the answer is wrong JSON: %s, at byte %zu",
                              a->r.why, (size_t)(a->r.p - a->r.start));
}

void ddbi_answer_begin(ddbi_answer *a, const void *body, size_t n, ddb_err *err)
{
    *a = (ddbi_answer){.err = err};
    ddbi_json_start(&a->r, body, n);
    switch (ddbi_json_next(&a->r)) {
    case DDBI_JSON_OBJECT:
        a->level = 1;
        break;
    case DDBI_JSON_ERROR:
        fail_json(a);
        break;
    default:
        a->failed =
            ddbi_fail(err, DDB_BAD_ANSWER, "the answer is no JSON object");
    }
}

/* Pass over what nobody took; on to the next token. */
static ddbi_json_token advance(ddbi_answer *a)
{
    ddbi_json_token token = DDBI_JSON_ERROR;

    if (!a->pending || ddbi_json_skip(&a->r) == 0)
        token = ddbi_json_next(&a->r);
    a->pending = 0;
    if (token == DDBI_JSON_ERROR)
        fail_json(a);
    return token;
}

int ddbi_answer_next(ddbi_answer *a)
{
    while (a->failed == DDB_OK && a->level > 0) {
        ddbi_json_token token = advance(a);

        a->name = (ddb_bytes){0};
        a->name_escaped = 0;
        if (token == DDBI_JSON_KEY) {
            a->name = a->r.text;
            a->name_escaped = a->r.escaped;
            token = advance(a);
            if (token == DDBI_JSON_NULL)
                continue;
        } else if (token == DDBI_JSON_OBJECT_END ||
                   token == DDBI_JSON_ARRAY_END) {
            a->level--;
            return 0;
        }
        a->pending = 1;
        return token != DDBI_JSON_ERROR;
    }
    return 0;
}

int ddbi_answer_is(const ddbi_answer *a, const char *name)
{
    ddbi_json_reader r;

    if (!a->name_escaped)
        return strlen(name) == a->name.n &&
               memcmp(name, a->name.p, a->name.n) == 0;
    r = a->r;
    r.text = a->name;
    r.escaped = 1;
    return ddbi_json_is(&r, name);
}

ddb_bytes ddbi_answer_name(const ddbi_answer *a)
{
    return a->name;
}

/* A member of the wrong type. */
static void confused(ddbi_answer *a, const char *wanted)
{
    int shown = a->name.n < 64 ? (int)a->name.n : 64;

    if (a->name.p)
        a->failed =
            ddbi_fail(a->err, DDB_BAD_ANSWER, "%.*s in the answer is no %s",
                      shown, (const char *)a->name.p, wanted);
    else
        a->failed = ddbi_fail(a->err, DDB_BAD_ANSWER,
                              "an element in the answer is no %s", wanted);
}

/* Is there a value to be taken, and is it a token of this kind? */
static int take(ddbi_answer *a, ddbi_json_token token, const char *wanted)
{
    if (a->failed != DDB_OK)
        return 0;
    if (!a->pending || a->r.token != token) {
        confused(a, wanted);
        return 0;
    }
    a->pending = 0;
    return 1;
}

void ddbi_answer_item(ddbi_answer *a, ddb_item *it)
{
    if (take(a, DDBI_JSON_OBJECT, "item"))
        a->failed = ddbi_read_item(&a->r, it, a->err);
}

void ddbi_answer_i64(ddbi_answer *a, int64_t *out)
{
    if (take(a, DDBI_JSON_NUMBER, "integer") && ddbi_json_read_i64(&a->r, out))
        confused(a, "integer");
}

void ddbi_answer_double(ddbi_answer *a, double *out)
{
    if (take(a, DDBI_JSON_NUMBER, "number") &&
        ddbi_json_read_double(&a->r, out))
        confused(a, "number");
}

void ddbi_answer_bool(ddbi_answer *a, int *out)
{
    int yes = a->r.token == DDBI_JSON_TRUE;

    if (take(a, yes ? DDBI_JSON_TRUE : DDBI_JSON_FALSE, "boolean"))
        *out = yes;
}

void ddbi_answer_text(ddbi_answer *a, char *out, size_t size)
{
    if (take(a, DDBI_JSON_STRING, "string"))
        ddbi_json_copy(&a->r, out, size);
}

ddb_bytes ddbi_answer_dup(ddbi_answer *a, ddbi_arena *arena)
{
    ddb_bytes text = {0};

    if (!take(a, DDBI_JSON_STRING, "string"))
        return text;
    text = ddbi_json_text(&a->r, arena);
    if (!text.p)
        a->failed = ddbi_nomem(a->err);
    return text;
}

int ddbi_answer_enter_object(ddbi_answer *a)
{
    if (!take(a, DDBI_JSON_OBJECT, "object"))
        return 0;
    a->level++;
    return 1;
}

int ddbi_answer_enter_array(ddbi_answer *a)
{
    if (!take(a, DDBI_JSON_ARRAY, "array"))
        return 0;
    a->level++;
    return 1;
}

ddb_code ddbi_answer_end(ddbi_answer *a)
{
    while (a->failed == DDB_OK && a->level > 0)
        while (ddbi_answer_next(a))
            ;
    if (a->failed == DDB_OK && ddbi_json_next(&a->r) != DDBI_JSON_END)
        fail_json(a);
    return a->failed;
}

/* ---- Consumed capacity -------------------------------------------------- */

/* {"CapacityUnits":1.5,...} */
static double read_units(ddbi_answer *a)
{
    double units = 0;

    if (ddbi_answer_enter_object(a))
        while (ddbi_answer_next(a))
            if (ddbi_answer_is(a, "CapacityUnits"))
                ddbi_answer_double(a, &units);
    return units;
}

/* {"index":{"CapacityUnits":1.5},...} */
static double read_indexes(ddbi_answer *a)
{
    double units = 0;

    if (ddbi_answer_enter_object(a))
        while (ddbi_answer_next(a))
            units += read_units(a);
    return units;
}

static void read_consumed(ddbi_answer *a, ddb_capacity *sum)
{
    double units = 0;

    while (ddbi_answer_next(a)) {
        if (ddbi_answer_is(a, "CapacityUnits")) {
            ddbi_answer_double(a, &units);
            sum->units += units;
        } else if (ddbi_answer_is(a, "Table")) {
            sum->table_units += read_units(a);
        } else if (ddbi_answer_is(a, "LocalSecondaryIndexes") ||
                   ddbi_answer_is(a, "GlobalSecondaryIndexes")) {
            sum->index_units += read_indexes(a);
        }
    }
}

void ddbi_answer_consumed(ddbi_answer *a, ddb_capacity *out)
{
    ddb_capacity sum = {0};

    if (a->r.token != DDBI_JSON_ARRAY) {
        if (ddbi_answer_enter_object(a))
            read_consumed(a, &sum);
    } else if (ddbi_answer_enter_array(a)) {
        while (ddbi_answer_next(a))
            if (ddbi_answer_enter_object(a))
                read_consumed(a, &sum);
    }
    if (!out || a->failed != DDB_OK)
        return;
    out->units += sum.units;
    out->table_units += sum.table_units;
    out->index_units += sum.index_units;
}

/* ---- Errors ------------------------------------------------------------- */

typedef struct {
    char type[160]; /* __type; with its prefix it is longer than ddb_err's */
    char code[160];
    char message[256];
    char reason[64]; /* of the first of the throttling reasons */
} explanation;

/* [{"reason":"TableReadKeyRangeThroughputExceeded","resource":ARN},...] */
static void read_reasons(ddbi_answer *a, char *out, size_t size)
{
    int first = 1;

    if (a->r.token != DDBI_JSON_ARRAY || !ddbi_answer_enter_array(a))
        return;
    for (; ddbi_answer_next(a); first = 0) {
        if (!first || a->r.token != DDBI_JSON_OBJECT ||
            !ddbi_answer_enter_object(a))
            continue;
        while (ddbi_answer_next(a))
            if (ddbi_answer_is(a, "reason") && a->r.token == DDBI_JSON_STRING)
                ddbi_answer_text(a, out, size);
    }
}

/* The member's name, of those that have any case. */
static int is_nocase(const ddbi_answer *a, const char *name)
{
    char text[32];

    if (a->name_escaped || a->name.n >= sizeof text)
        return 0;
    memcpy(text, a->name.p, a->name.n);
    text[a->name.n] = '\0';
    return ddbi_equal_nocase(text, name);
}

static void read_explanation(const void *body, size_t n, explanation *x)
{
    ddbi_answer a;

    memset(x, 0, sizeof *x);
    ddbi_answer_begin(&a, body, n, NULL);
    while (ddbi_answer_next(&a)) {
        if (is_nocase(&a, "ThrottlingReasons"))
            read_reasons(&a, x->reason, sizeof x->reason);
        else if (a.r.token != DDBI_JSON_STRING)
            continue;
        else if (ddbi_answer_is(&a, "__type"))
            ddbi_answer_text(&a, x->type, sizeof x->type);
        else if (is_nocase(&a, "code"))
            ddbi_answer_text(&a, x->code, sizeof x->code);
        else if (ddbi_answer_is(&a, "message") ||
                 (ddbi_answer_is(&a, "Message") && !x->message[0]))
            ddbi_answer_text(&a, x->message, sizeof x->message);
    }
}

/* "com.amazonaws.dynamodb.v20120810#NAME:http://..." gives NAME; what is left
 * of anything else goes no further than a name could. */
static void clean_type(char out[64], const char *text)
{
    const char *end = text + strcspn(text, ",:");
    const char *hash = memchr(text, '#', (size_t)(end - text));
    size_t n = 0;

    if (hash)
        text = hash + 1;
    while (text < end && n < 63 &&
           (ddbi_is_alnum((unsigned char)*text) || *text == '.' ||
            *text == '_' || *text == '-'))
        out[n++] = *text++;
    out[n] = '\0';
}

static void put_message(ddb_err *err, ddb_code code, const explanation *x)
{
    size_t room = sizeof err->message - 1;

    if (!x->message[0] && err->type[0])
        ddbi_fail(err, code, "the service says %s, without a message",
                  err->type);
    else if (!x->message[0])
        ddbi_fail(err, code, "HTTP status %d, without a message",
                  err->http_status);
    else if (!x->reason[0])
        ddbi_fail(err, code, "%s", x->message);
    else {
        room -= strlen(x->reason) + 3;
        room = ddbi_utf8_cut(
            x->message, strlen(x->message) < room ? strlen(x->message) : room);
        ddbi_fail(err, code, "%.*s (%s)", (int)room, x->message, x->reason);
    }
}

/* An item of more than 400 KB is a ValidationException as all others are. */
static int is_too_large(const char *type, const char *message)
{
    return strcmp(type, "ValidationException") == 0 &&
           strstr(message, "Item size") &&
           strstr(message, "has exceeded the maximum allowed size");
}

ddb_code ddbi_read_error(const void *body, size_t n, int http_status,
                         const char *header_type, ddb_err *err,
                         const ddbi_exception **row)
{
    const ddbi_exception *found;
    explanation x;
    ddb_err own;
    ddb_code code;

    if (!err)
        err = &own;
    read_explanation(body, n, &x);
    clean_type(err->type, x.type);
    if (!err->type[0])
        clean_type(err->type, x.code);
    if (!err->type[0] && header_type)
        clean_type(err->type, header_type);
    found = ddbi_exception_find(err->type, http_status);
    code = found->code;
    if (is_too_large(err->type, x.message))
        code = DDB_TOO_LARGE;
    err->code = DDB_OK; /* a message is written once only */
    err->http_status = http_status;
    err->retryable = found->retryable;
    put_message(err, code, &x);
    if (row)
        *row = found;
    return code;
}

ddb_code ddbi_read_blocking_item(const void *body, size_t n, ddb_item *it,
                                 ddb_err *err)
{
    ddb_code code = DDB_NOT_FOUND;
    ddbi_answer a;

    ddbi_answer_begin(&a, body, n, err);
    while (ddbi_answer_next(&a)) {
        if (code == DDB_NOT_FOUND && ddbi_answer_is(&a, "Item")) {
            ddbi_answer_item(&a, it);
            code = DDB_OK;
        }
    }
    ddbi_answer_end(&a);
    return a.failed == DDB_OK ? code : a.failed;
}
