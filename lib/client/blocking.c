/* SPDX-License-Identifier: MIT */
/*
 * The blocking driver: does what the call machine asks for and tells it what
 * came of it, on the caller's thread.
 *
 * Log lines name actions, codes, sizes and times, never what a service's or
 * a callback's message says: it may quote keys and values.
 */
#include "base/alloc.h"
#include "base/err.h"
#include "client/inside.h"
#include <inttypes.h>
#include <string.h>

/* ---- Credentials -------------------------------------------------------- */

/* One fetch: its connection lasts from step to step. */
typedef struct {
    ddbi_http_conn *conn;
    const ddbi_http_settings *settings; /* of conn */
    ddbi_creds_request request;
    ddbi_http_answer answer;
    ddbi_buf body; /* secret */
} fetch;

static void no_header(void *arg, ddb_bytes name, ddb_bytes value)
{
    (void)arg, (void)name, (void)value;
}

static ddb_code connection(ddb_client *c, fetch *f, ddb_err *err)
{
    const ddbi_http_settings *s = f->request.settings;
    ddb_code code;

    if (s == NULL) {
        s = &c->fetching;
        if (!c->fetching_ready &&
            (code = ddbi_http_setup(&c->fetching, err)) != DDB_OK)
            return code;
        c->fetching_ready = 1;
    }
    if (f->conn != NULL && f->settings == s)
        return DDB_OK;
    ddbi_http_conn_free(f->conn, 0);
    f->conn = NULL;
    f->settings = s;
    return ddbi_http_conn_new(s, &f->conn, err);
}

/* Whatever goes wrong is the provider's to judge: it is the answer. */
static void exchange(ddb_client *c, fetch *f, int64_t until)
{
    const ddbi_clock *k = ddbi_client_clock(c);
    int64_t end = k->mono(k) + f->request.timeout_ms;
    ddb_err err = {0};
    int64_t left;

    if (end > until)
        end = until;
    ddbi_buf_clear(&f->body);
    f->answer = (ddbi_http_answer){
        .body = &f->body, .header = f->request.header, .arg = f->request.arg};
    if (f->answer.header == NULL)
        f->answer.header = no_header;
    if (connection(c, f, &err) != DDB_OK ||
        ddbi_http_start(f->conn, &f->request.http, &f->answer, &err) !=
            DDB_OK) {
        f->answer.code = err.code;
        memcpy(f->answer.message, err.message, sizeof f->answer.message - 1);
        return;
    }
    while ((left = end - k->mono(k)) > 0) {
        if (ddbi_http_step(f->conn, left)) {
            ddbi_http_finish(f->conn);
            return;
        }
    }
    ddbi_http_cancel(f->conn);
    ddbi_buf_clear(&f->body);
    f->answer.code = DDB_TIMEOUT;
    f->answer.retryable = 1;
}

static ddb_code fetch_keys(ddb_client *c, int64_t until, uint32_t random,
                           ddb_err *err)
{
    const ddbi_clock *k = ddbi_client_clock(c);
    fetch f = {.body = {.secret = 1}};
    ddbi_creds_state state = DDBI_CREDS_NONE;
    ddbi_creds_in in = {0};
    int64_t mono;

    while (state == DDBI_CREDS_NONE || state == DDBI_CREDS_SEND) {
        mono = k->mono(k);
        if (mono >= until) {
            ddbi_creds_abandon(c->creds, mono);
            ddbi_creds_late(err);
            break;
        }
        in.now = ddbi_client_time(c);
        in.timeout_ms = (int)(until - mono);
        state = ddbi_creds_step(c->creds, &in, mono, random, &f.request, err);
        in.answer = NULL;
        if (state == DDBI_CREDS_SEND) {
            exchange(c, &f, until);
            in.answer = &f.answer;
        }
    }
    ddbi_http_conn_free(f.conn, 0);
    ddbi_buf_free(&f.body);
    if (state == DDBI_CREDS_DONE)
        return DDB_OK;
    return err->code;
}

/* A refresh ahead of time leaves half of the time for the call itself, which
 * can do with the old keys: they are *out when it fails. */
static ddb_code refresh(ddb_client *c, int64_t mono, int64_t until,
                        uint32_t random, ddbi_key_set **out, ddb_err *err)
{
    ddbi_key_set *old = ddbi_creds_old(c->creds, ddbi_client_time(c));
    ddb_err own = {0};
    ddb_code code;

    if (old != NULL)
        until = mono + (until - mono) / 2;
    code = fetch_keys(c, until, random, &own);
    ddbi_client_log(c, code == DDB_OK ? DDB_LOG_DEBUG : DDB_LOG_WARN,
                    "credentials fetched: %s", ddb_code_name(code));
    if (code == DDB_OK) {
        ddbi_keys_release(c->creds, old);
        return DDB_OK;
    }
    *out = old;
    return old != NULL ? DDB_OK : ddbi_fail_as(err, &own);
}

/* The same while somebody else fetches. */
static ddb_code wait_for_keys(ddb_client *c, int64_t ms, ddbi_key_set **out,
                              ddb_err *err)
{
    ddbi_key_set *old = ddbi_creds_old(c->creds, ddbi_client_time(c));
    ddb_err own = {0};

    if (ddbi_creds_wait(c->creds, old != NULL ? ms / 2 : ms, &own) == DDB_OK) {
        ddbi_keys_release(c->creds, old);
        return DDB_OK;
    }
    *out = old;
    return old != NULL ? DDB_OK : ddbi_fail_as(err, &own);
}

ddb_code ddbi_client_keys(ddb_client *c, int64_t until, uint32_t random,
                          ddbi_key_set **out, ddb_err *err)
{
    const ddbi_clock *k = ddbi_client_clock(c);
    ddb_code code = DDB_OK;
    int64_t mono;

    *out = NULL;
    while (*out == NULL && code == DDB_OK) {
        mono = k->mono(k);
        switch (ddbi_creds_ask(c->creds, ddbi_client_time(c), mono, out)) {
        case DDBI_CREDS_READY:
            break;
        case DDBI_CREDS_BUSY:
            code = wait_for_keys(c, until - mono, out, err);
            break;
        case DDBI_CREDS_FETCH:
            code = refresh(c, mono, until, random, out, err);
            break;
        }
    }
    return code;
}

/* ---- A call ------------------------------------------------------------- */

typedef struct {
    ddb_client *c;
    ddbi_job *j;
    const char *action;
    ddbi_key_set *keys; /* of the last attempt */
    ddbi_call call;
} run;

static void get_keys(run *r, const ddbi_action *a, ddbi_event *e)
{
    ddbi_key_set *keys = NULL;
    ddb_code code;

    if (a->refresh)
        ddbi_creds_refuse(r->c->creds, r->keys);
    code = ddbi_client_keys(r->c, e->mono + a->ms, ddbi_job_random(r->j), &keys,
                            r->call.err);
    ddbi_keys_release(r->c->creds, r->keys);
    r->keys = keys;
    e->kind = code == DDB_OK ? DDBI_EVENT_KEYS : DDBI_EVENT_FAILED;
    e->refreshable = keys != NULL && keys->refreshes;
}

static void attempt(run *r, const ddbi_action *a, ddbi_event *e)
{
    const ddbi_clock *k = ddbi_client_clock(r->c);
    const ddbi_transport_ops *ops = r->c->transport->ops;
    const ddbi_request request = {.action = r->action,
                                  .body = {r->j->body.p, r->j->body.n},
                                  .keys =
                                      r->keys != NULL ? &r->keys->keys : NULL,
                                  .now = a->now,
                                  .timeout_ms = a->ms};
    int64_t end = e->mono + a->ms;
    int64_t left = a->ms;
    ddbi_exchange *x = NULL;
    ddb_code code;

    ddbi_reply_clear(&r->j->reply);
    code = ops->start(r->c->transport, &request, &r->j->reply, &x, r->call.err);
    if (code != DDB_OK) {
        ddbi_fail(r->call.err, code, "the attempt could not be begun");
        e->kind = DDBI_EVENT_FAILED;
        return;
    }
    while (left > 0 && !ops->step(x, left))
        left = end - k->mono(k);
    if (left > 0) {
        ops->finish(x);
        e->kind = DDBI_EVENT_REPLY;
        e->reply = &r->j->reply;
    } else {
        e->maybe_sent = ops->cancel(x);
        ddbi_reply_clear(&r->j->reply);
        e->kind = DDBI_EVENT_SILENCE;
    }
    e->random = ddbi_job_random(r->j);
}

static void log_attempt(const run *r, const ddbi_event *e, int64_t began)
{
    const ddbi_reply *reply = &r->j->reply;

    if (e->kind == DDBI_EVENT_REPLY)
        ddbi_client_log(r->c, DDB_LOG_DEBUG,
                        "%s: attempt %d: %s, HTTP %d, %zu bytes, %" PRId64
                        " ms",
                        r->action, r->call.attempts, ddb_code_name(reply->code),
                        reply->status, reply->body.n, e->mono - began);
    else
        ddbi_client_log(r->c, DDB_LOG_DEBUG,
                        "%s: attempt %d: given up after %" PRId64 " ms",
                        r->action, r->call.attempts, e->mono - began);
}

static void log_failure(const run *r, const ddbi_action *a)
{
    const ddb_err *err = r->call.err;

    if (a->kind == DDBI_DO_WAIT)
        ddbi_client_log(r->c, DDB_LOG_INFO,
                        "%s: attempt %d: %s %s, request id %s; again in "
                        "%" PRId64 " ms",
                        r->action, r->call.attempts, ddb_code_name(err->code),
                        err->type, err->request_id, a->ms);
    else
        ddbi_client_log(r->c, DDB_LOG_DEBUG,
                        "%s: %s %s, request id %s, after %d attempts",
                        r->action, ddb_code_name(err->code), err->type,
                        err->request_id, r->call.attempts);
}

/* Do one thing that the machine asked for; *e is what came of it. */
static void act(run *r, const ddbi_action *a, ddbi_event *e)
{
    const ddbi_clock *k = ddbi_client_clock(r->c);
    int64_t began = e->mono;

    if (a->kind == DDBI_DO_KEYS) {
        get_keys(r, a, e);
    } else if (a->kind == DDBI_DO_SEND) {
        attempt(r, a, e);
    } else {
        if (r->c->log != NULL)
            log_failure(r, a);
        if (a->ms > 0)
            k->sleep(k, a->ms);
        e->kind = DDBI_EVENT_TIMER;
    }
    e->mono = k->mono(k);
    e->now = k->now(k);
    if (r->c->log != NULL && a->kind == DDBI_DO_SEND)
        log_attempt(r, e, began);
}

ddb_code ddbi_job_run(ddbi_job *j, const ddbi_job_spec *spec, ddb_err *err)
{
    ddb_client *c = j->client;
    const ddbi_clock *k = ddbi_client_clock(c);
    ddb_err own;
    run r = {.c = c, .j = j, .action = spec->action};
    ddbi_event e = {
        .kind = DDBI_EVENT_BEGIN, .mono = k->mono(k), .now = k->now(k)};
    ddbi_action a;

    if (err == NULL)
        err = &own;
    ddbi_err_clear(err);
    r.call = (ddbi_call){.common = &c->common,
                         .err = err,
                         .read = spec->read,
                         .repeatable = spec->repeatable,
                         .dated = spec->dated,
                         .slow_throttle = spec->slow_throttle,
                         .empty = spec->empty,
                         .timeout_ms = spec->timeout_ms > 0 ? spec->timeout_ms
                                                            : c->timeout_ms};
    while (a = ddbi_call_step(&r.call, &e), a.kind != DDBI_DO_DONE)
        act(&r, &a, &e);
    if (r.call.refused)
        ddbi_creds_refuse(c->creds, r.keys);
    ddbi_keys_release(c->creds, r.keys);
    j->attempts = r.call.attempts;
    j->maybe_applied = r.call.maybe_applied;
    if (a.code != DDB_OK && c->log != NULL)
        log_failure(&r, &a);
    return a.code;
}
