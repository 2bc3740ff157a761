/* SPDX-License-Identifier: MIT */
/*
 * The service's front door, as it was recorded from outside: what a request
 * that is no POST of JSON gets, in which order body, target and signature are
 * looked at, and in which JSON they are refused.
 *
 * Different from the service on purpose: without keys to verify, pages of
 * other origins than this machine's are not let in.  Whatever page a browser
 * has open could use the server otherwise, also one whose own name suddenly
 * leads to this machine (DNS rebinding): to its browser the server is of the
 * page's origin, so that it asks for no leave before, but tells the origin.
 */
#include "server_front.h"

#include "base/enc.h"
#include "base/hash.h"
#include "server_bad_day.h"
#include "server_parts.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

#include <string.h>

#define TARGET "DynamoDB_20120810."
#define SERVICE_TYPE "com.amazonaws.dynamodb.v20120810#"
#define CORAL_TYPE "com.amazon.coral.service#"
#define LONGEST_ACTION 64

int server_front_init(server_front *f)
{
    atomic_init(&f->served, 0);
    atomic_init(&f->next_id, 0);
    if (f->clock->random(f->clock, f->ids, sizeof f->ids) != 0)
        return -1;
    return pthread_mutex_init(&f->admitting, NULL);
}

void server_front_clear(server_front *f)
{
    pthread_mutex_destroy(&f->admitting);
}

/* ---- Request ids -------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ (x >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ (x >> 33);
}

/* 52 digits of base 32, as the service's look. */
static void make_id(server_front *f, char *id)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
    uint64_t n = atomic_fetch_add(&f->next_id, 1) * 8 + f->ids[0];
    uint64_t bits = 0;

    for (int i = 0; i < SERVER_ID_SIZE; i++) {
        if (i % 12 == 0)
            bits = mix(n++ ^ f->ids[1]);
        id[i] = digits[bits & 31];
        bits >>= 5;
    }
    id[SERVER_ID_SIZE] = '\0';
}

/* ---- Answers of our own ------------------------------------------------- */

static void answer_text(server_exchange *x, int status, const char *text)
{
    x->status = status;
    x->content_type = NULL;
    ddbi_buf_add_str(&x->out, text);
}

/* message NULL: none. */
static void answer_error(server_exchange *x, int status, const char *prefix,
                         const char *type, const ddbi_buf *message)
{
    ddbi_buf *b = &x->out;

    x->status = status;
    ddbi_buf_clear(b);
    ddbi_json_open(b, '{');
    ddbi_json_key(b, "__type", 6);
    ddbi_buf_add_c(b, '"');
    ddbi_buf_add_str(b, prefix);
    ddbi_buf_add_str(b, type);
    ddbi_buf_add_c(b, '"');
    if (message != NULL) {
        ddbi_json_key(b, "message", 7);
        ddbi_json_str(b, message->p != NULL ? message->p : "", message->n);
    }
    ddbi_json_close(b, '}');
}

static void answer_coral(server_exchange *x, const char *type)
{
    answer_error(x, 400, CORAL_TYPE, type, NULL);
}

static void answer_failure(server_exchange *x, int status, const char *why)
{
    ddbi_buf message = {0};

    ddbi_buf_add_str(&message, why);
    answer_error(x, status, SERVICE_TYPE,
                 status == 503 ? "ServiceUnavailable" : "InternalServerError",
                 message.failed == DDB_OK ? &message : NULL);
    ddbi_buf_free(&message);
}

/* ---- Before the action -------------------------------------------------- */

static ddb_bytes header(const server_exchange *x, const char *lower)
{
    return server_header(x->headers, x->n_headers, lower);
}

static int begins(ddb_bytes b, const char *text)
{
    return b.n >= strlen(text) && memcmp(b.p, text, strlen(text)) == 0;
}

/* http://localhost:3000 and its kin. */
static int is_own_origin(ddb_bytes origin)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
    const char *slashes = origin.n > 0 ? memchr(origin.p, '/', origin.n) : NULL;
    ddb_bytes rest;

    if (!begins(origin, "http://") && !begins(origin, "https://"))
        return 0;
    rest.p = slashes + 2;
    rest.n = origin.n - (size_t)((const char *)rest.p - (const char *)origin.p);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        size_t n = strlen(hosts[i]);

        if (begins(rest, hosts[i]) &&
            (rest.n == n || ((const char *)rest.p)[n] == ':'))
            return 1;
    }
    return 0;
}

/* The type that JSON of this request has; NULL: it says of none that is. */
static const char *json_type(const server_exchange *x)
{
    ddb_bytes type = header(x, "content-type");
    const char *end = type.n > 0 ? memchr(type.p, ';', type.n) : NULL;

    if (end != NULL)
        type = ddbi_trim(type.p, (size_t)(end - (const char *)type.p));
    if (ddbi_equal_text(type, "application/x-amz-json-1.0"))
        return "application/x-amz-json-1.0";
    return x->body.n == 0 || ddbi_equal_text(type, "application/json")
               ? "application/json"
               : NULL;
}

/* The name of the action; "": of none that could be. */
static void read_target(const server_exchange *x, char name[LONGEST_ACTION])
{
    ddb_bytes target = header(x, "x-amz-target");
    size_t skip = sizeof TARGET - 1;

    name[0] = '\0';
    if (!begins(target, TARGET) || target.n - skip >= LONGEST_ACTION)
        return;
    memcpy(name, (const char *)target.p + skip, target.n - skip);
    name[target.n - skip] = '\0';
}

/* Nothing at all will do. */
static int is_json(const ddbi_buf *body)
{
    ddbi_json_reader r;
    ddbi_json_token token;

    if (body->n == 0)
        return 1;
    ddbi_json_start(&r, body->p, body->n);
    while ((token = ddbi_json_next(&r)) > DDBI_JSON_END)
        continue;
    return token == DDBI_JSON_END;
}

/* The service reads the body first.  As whoever answers a good request reads
 * it too, it is read here only when the request will be refused. */
static void refuse(server_exchange *x, const char *type,
                   const ddbi_buf *message)
{
    if (!is_json(&x->body))
        answer_coral(x, "SerializationException");
    else
        answer_error(x, 400, CORAL_TYPE, type, message);
}

static void to_utf8(ddbi_buf *b)
{
    size_t at = 0;

    while ((at += ddbi_utf8_span(b->p + at, b->n - at)) < b->n)
        b->p[at] = '?';
}

/* 1: go on. */
static int authenticate(server_front *f, server_exchange *x)
{
    const server_options *o = f->options;
    const server_auth_in in = {
        .method = x->method,
        .path = x->path,
        .query = x->query,
        .headers = x->headers,
        .n_headers = x->n_headers,
        .body = {x->body.p, x->body.n},
    };
    const server_auth_rules rules = {
        .keys = f->keys,
        .now = f->clock->now(f->clock) / 1000,
        .check_time = o->clock_offset != 0,
    };
    const char *type = NULL;
    ddbi_buf message = {0};
    ddb_code code = DDB_NOMEM;

    if (f->keys == NULL || x->signer != NULL ||
        (x->signer = ddbi_signer_new()) != NULL)
        code = server_auth(&in, &rules, x->signer, &type, &message);
    if (code == DDB_SERVICE) {
        to_utf8(&message);
        refuse(x, type, &message);
    } else if (code != DDB_OK) {
        answer_failure(x, 500, "out of memory");
    }
    ddbi_buf_free(&message);
    return code == DDB_OK;
}

/* ---- The action --------------------------------------------------------- */

int server_front_admits(const server_options *o)
{
    return o->throttle.on || o->unprocessed_rate > 0;
}

const char *server_front_admit(void *arg, const ddbi_use *use)
{
    server_front *f = arg;

    if (f->batch && use->index == NULL &&
        server_unprocessed(f->options, f->number, f->items++))
        return use->write ? "TableWriteKeyRangeThroughputExceeded"
                          : "TableReadKeyRangeThroughputExceeded";
    return f->throttle != NULL
               ? server_throttle_use(f->throttle, f->clock->mono(f->clock), use)
               : NULL;
}

static void call_engine(server_front *f, server_exchange *x, const char *action,
                        uint64_t number)
{
    int admits = server_front_admits(f->options);
    ddb_err err = {0};
    ddb_code code;

    if (admits) {
        pthread_mutex_lock(&f->admitting);
        f->number = number;
        f->batch = strncmp(action, "Batch", 5) == 0;
        f->items = 0;
    }
    code = ddbi_local_call(f->engine, action, (ddb_bytes){x->body.p, x->body.n},
                           &x->status, &x->out, &err);
    if (admits)
        pthread_mutex_unlock(&f->admitting);
    if (code != DDB_OK)
        answer_failure(x, 500, err.message);
}

static void run_action(server_front *f, server_exchange *x)
{
    uint64_t number = atomic_fetch_add(&f->served, 1);
    server_fate fate = server_fate_of(f->options, number);

    if (fate.failure != SERVER_FAIL_BEFORE)
        call_engine(f, x, x->action, number);
    if (fate.failure != SERVER_FINE)
        answer_failure(x, fate.status,
                       fate.status == 503 ? "Service is currently unavailable"
                                          : "Internal server error");
    if (fate.latency > 0)
        f->clock->sleep(f->clock, fate.latency);
}

static void post(server_front *f, server_exchange *x)
{
    char name[LONGEST_ACTION];
    const ddbi_action *action;

    read_target(x, name);
    if ((action = ddbi_action_find(name)) != NULL) {
        x->action = action->name;
        if (authenticate(f, x))
            run_action(f, x);
    } else if (!is_json(&x->body)) {
        answer_coral(x, "SerializationException");
    } else {
        call_engine(f, x, name, 0); /* it says why not */
    }
}

static void refuse_origin(server_exchange *x)
{
    ddbi_buf message = {0};

    ddbi_buf_add_str(&message, "Pages of other origins than this machine's are "
                               "not let in without --credentials");
    answer_error(x, 400, CORAL_TYPE, "AccessDeniedException", &message);
    if (message.failed != DDB_OK)
        ddbi_buf_fail(&x->out, message.failed);
    ddbi_buf_free(&message);
}

void server_front_answer(server_front *f, server_exchange *x)
{
    ddb_bytes origin = header(x, "origin");

    make_id(f, x->id);
    ddbi_buf_clear(&x->out);
    x->action = NULL;
    x->preflight = 0;
    x->cors = origin.p != NULL && (f->keys != NULL || is_own_origin(origin));
    x->content_type = json_type(x);
    if (x->cors && strcmp(x->method, "OPTIONS") == 0) {
        x->preflight = 1;
        answer_text(x, 200, "");
    } else if (strcmp(x->method, "GET") == 0) {
        answer_text(x, 200, "healthy: dynamodb.");
        ddbi_buf_add_str(&x->out, f->options->region);
        ddbi_buf_add_str(&x->out, ".amazonaws.com ");
    } else if (strcmp(x->method, "POST") != 0 || x->content_type == NULL) {
        answer_text(x, 404, "<UnknownOperationException/>\n");
    } else if (origin.p != NULL && !x->cors) {
        refuse_origin(x);
    } else {
        post(f, x);
    }
    if (x->out.failed != DDB_OK) {
        x->status = 500;
        ddbi_buf_clear(&x->out);
    }
}
