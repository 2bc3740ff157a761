/* SPDX-License-Identifier: MIT */
/*
 * The rules by which a call is repeated, in one place for every transport
 * and both drivers.  See call.h for what they are and retry.c for the
 * numbers; the cases of doubt:
 *
 *  - Of a 5xx answer, a lost or cut one and a 200 that cannot be used nobody
 *    knows whether the request was applied (of the last it is likely).  A
 *    4xx, and a throttle of any status, was not.
 *  - A kept-alive connection that is gone before the first byte of an answer
 *    usually means that the server closed it while idle: repeated at once
 *    and for free, but only what may be repeated, as nobody can be sure.
 *  - A refusal that is the clock's fault is repeated once with the server's
 *    time, one of expired credentials once with new ones; neither waits.  A
 *    body that tells the time itself (dated) is for the caller to build anew.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
#include "client/call.h"

#include "base/enc.h"
#include "base/err.h"
#include "wire/reply.h"
#include <inttypes.h>
#include <string.h>

#define MAX_STALE 2                     /* free repeats a call */
#define MAX_ROUND_TRIP (15 * 60 * 1000) /* ms; the Date is old beyond */

/* What one attempt came to. */
typedef struct {
    ddb_code code;
    int retry; /* another one may do better */
    ddbi_retry_kind kind;
    int maybe_applied;
    int stale;
    int64_t hint; /* ms; -1: none */
} verdict;

/* ---- Ends --------------------------------------------------------------- */

static ddbi_action end(ddbi_call *c, ddb_code code, int retryable)
{
    c->err->code = code;
    c->err->retryable = retryable;
    c->err->maybe_applied = c->maybe_applied;
    return (ddbi_action){.kind = DDBI_DO_DONE, .code = code};
}

static void add_text(ddb_err *err, const char *text)
{
    size_t n = strlen(err->message);
    size_t room = sizeof err->message - 1 - n;

    for (size_t i = 0; i < room && text[i] != 0; i++) {
        err->message[n + i] = text[i];
        err->message[n + i + 1] = 0;
    }
}

static ddbi_action no_time(ddbi_call *c)
{
    ddbi_err_clear(c->err);
    ddbi_fail(c->err, DDB_TIMEOUT, "the deadline of %d ms has passed",
              c->timeout_ms);
    return end(c, DDB_TIMEOUT, 1);
}

static ddbi_action ambiguous(ddbi_call *c)
{
    ddb_err cause = *c->err;

    c->err->code = DDB_OK;
    ddbi_fail(c->err, DDB_AMBIGUOUS,
              "it may have been applied; no answer "
              "tells: %s",
              cause.message);
    return end(c, DDB_AMBIGUOUS, 0);
}

/* ---- On the way to an attempt ------------------------------------------- */

static ddbi_action send_it(ddbi_call *c, const ddbi_event *e)
{
    int64_t left = c->deadline - e->mono;
    int64_t most = c->common->attempt_timeout_ms;

    if (left <= 0)
        return no_time(c);
    c->attempts++;
    c->sent = e->mono;
    c->signed_at = ddbi_skew_now(&c->common->skew, e->now, e->mono);
    return (ddbi_action){.kind = DDBI_DO_SEND,
                         .ms = left < most ? left : most,
                         .now = c->signed_at};
}

static ddbi_action get_keys(ddbi_call *c, const ddbi_event *e)
{
    ddbi_action a = {.kind = DDBI_DO_KEYS,
                     .ms = c->deadline - e->mono,
                     .refresh = c->refused};

    if (c->err->code != DDB_OK)
        ddbi_err_clear(c->err);
    if (!c->common->needs_keys)
        return send_it(c, e);
    if (a.ms <= 0)
        return no_time(c);
    c->refused = 0;
    return a;
}

static ddbi_action wait_for(int64_t ms)
{
    return (ddbi_action){.kind = DDBI_DO_WAIT, .ms = ms};
}

static int attempts_left(const ddbi_call *c)
{
    return c->attempts - c->stale < c->common->max_attempts;
}

/* ---- The clock ---------------------------------------------------------- */

/* The Date of this answer is the server's own and of now. */
static int has_date(const ddbi_call *c, const ddbi_event *e)
{
    const ddbi_reply *r = e->reply;

    return r->trusted && !r->has_age && r->date >= 0 &&
           e->mono - c->sent < MAX_ROUND_TRIP;
}

/* The server read its clock between our request and its answer; what lies
 * within this time is no difference. */
static void learn_time(ddbi_call *c, const ddbi_event *e)
{
    int64_t date = e->reply->date;
    int64_t here = ddbi_skew_now(&c->common->skew, e->now, e->mono);

    if (c->common->no_clock_correction || !has_date(c, e))
        return;
    if (date - here >= DDBI_SKEW_ADOPT ||
        c->signed_at - date >= DDBI_SKEW_ADOPT)
        ddbi_skew_set(&c->common->skew, date, e->mono);
}

static int is_clock_related(const char *type)
{
    static const char *const types[] = {
        "AccessDeniedException",     "AuthFailure",
        "InvalidSignatureException", "RequestExpired",
        "RequestInTheFuture",        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(type, types[i]) == 0)
            return 1;
    return 0;
}

/* Is our clock why it was refused?  *off: seconds that it lies behind the
 * server's. */
static int clock_to_blame(const ddbi_call *c, const ddbi_event *e, int64_t *off)
{
    int64_t server = c->signed_at;
    int told;

    if (!is_clock_related(c->err->type))
        return 0;
    told = ddbi_skew_parse(c->err->message, &server);
    if (has_date(c, e))
        server = e->reply->date;
    *off = server - c->signed_at;
    return told || *off >= DDBI_SKEW_REFUSED || -*off >= DDBI_SKEW_REFUSED;
}

static ddbi_action clock_refused(ddbi_call *c, const ddbi_event *e, int64_t off)
{
    int may = !c->common->no_clock_correction && e->reply->trusted &&
              (off >= DDBI_SKEW_ADOPT || -off >= DDBI_SKEW_ADOPT);
    ddb_err cause;

    if (may)
        ddbi_skew_set(&c->common->skew, c->signed_at + off, e->mono);
    if (may && !c->corrected && !c->dated && attempts_left(c)) {
        c->corrected = 1;
        return wait_for(0);
    }
    cause = *c->err;
    c->err->code = DDB_OK;
    ddbi_fail(c->err, DDB_CLOCK,
              "our clock is %" PRId64 " s %s the server's%s: %s",
              off < 0 ? -off : off, off < 0 ? "ahead of" : "behind",
              c->common->no_clock_correction ? " (correction is off)" : "",
              cause.message);
    return end(c, DDB_CLOCK, may && !c->corrected);
}

/* ---- What an attempt came to -------------------------------------------- */

static ddbi_action again_or_end(ddbi_call *c, const ddbi_event *e,
                                const verdict *v)
{
    int64_t ms;

    c->maybe_applied |= v->maybe_applied && !c->read;
    /* When our own memory was short that is what matters most. */
    if (v->maybe_applied && !c->repeatable && v->code != DDB_NOMEM)
        return ambiguous(c);
    if (v->stale && c->stale < MAX_STALE) {
        c->stale++;
        return wait_for(0);
    }
    if (!v->retry || !attempts_left(c))
        return end(c, v->code, v->retry);
    ms = ddbi_retry_delay(v->kind, c->retries, e->random, v->hint);
    if (e->mono + ms >= c->deadline) {
        add_text(c->err, " (no time left for another attempt)");
        return end(c, v->code, 1);
    }
    c->cost = ddbi_retry_cost(v->kind);
    if (!ddbi_bucket_take(&c->common->bucket, c->cost)) {
        add_text(c->err, " (retry quota exceeded)");
        return end(c, v->code, 1);
    }
    c->retries++;
    return wait_for(ms);
}

static ddbi_action on_silence(ddbi_call *c, const ddbi_event *e)
{
    verdict v = {.code = DDB_TIMEOUT,
                 .retry = 1,
                 .maybe_applied = e->maybe_sent,
                 .hint = -1};

    ddbi_fail(c->err, DDB_TIMEOUT, "no answer within %" PRId64 " ms",
              e->mono - c->sent);
    return again_or_end(c, e, &v);
}

/* The transport brought no HTTP answer, half of one, or one that does not
 * fit its checksum. */
static ddbi_action on_lost(ddbi_call *c, const ddbi_event *e)
{
    const ddbi_reply *r = e->reply;
    verdict v = {.code = r->code,
                 .retry = r->retryable,
                 .stale = r->stale,
                 .maybe_applied = !r->not_sent,
                 .hint = -1};

    if (r->status >= 400 && r->status < 500)
        v.maybe_applied = 0;
    ddbi_fail(c->err, r->code, "%s", r->message);
    return again_or_end(c, e, &v);
}

static int keys_refused(const ddbi_call *c)
{
    const char *type = c->err->type;

    return c->refreshable && (strcmp(type, "ExpiredTokenException") == 0 ||
                              strcmp(type, "ExpiredToken") == 0 ||
                              strcmp(type, "UnrecognizedClientException") == 0);
}

static ddbi_action on_refused(ddbi_call *c, const ddbi_event *e)
{
    const ddbi_reply *r = e->reply;
    const ddbi_exception *row;
    verdict v = {.hint = r->retry_after};
    int64_t off;

    v.code = ddbi_read_error(r->body.p, r->body.n, r->status, r->error_type,
                             c->err, &row);
    if (clock_to_blame(c, e, &off))
        return clock_refused(c, e, off);
    c->refused = keys_refused(c);
    if (c->refused && !c->renewed && attempts_left(c)) {
        c->renewed = 1;
        return wait_for(0);
    }
    v.retry = row->retryable;
    if (row->throttle)
        v.kind =
            c->slow_throttle ? DDBI_RETRY_SLOW_THROTTLE : DDBI_RETRY_THROTTLE;
    v.maybe_applied = r->status >= 500 && !row->throttle;
    return again_or_end(c, e, &v);
}

/* A success that is none. */
static ddbi_action on_garbled(ddbi_call *c, const ddbi_event *e)
{
    const verdict v = {
        .code = DDB_BAD_ANSWER, .retry = 1, .maybe_applied = 1, .hint = -1};

    ddbi_fail(c->err, DDB_BAD_ANSWER, "the answer is no JSON object");
    return again_or_end(c, e, &v);
}

/* From brace to brace: enough to see a login page of a proxy, or half an
 * answer of a server that sends no checksum.  The rest is for whoever reads
 * it. */
static int is_object(const ddbi_buf *b)
{
    ddb_bytes text = ddbi_trim(b->p, b->n);
    const char *p = text.p;

    return text.n >= 2 && p[0] == '{' && p[text.n - 1] == '}';
}

static ddbi_action judge(ddbi_call *c, const ddbi_event *e)
{
    const ddbi_reply *r = e->reply;

    if (r->code != DDB_OK)
        return on_lost(c, e);
    learn_time(c, e);
    if (r->status < 200 || r->status > 299)
        return on_refused(c, e);
    if (!is_object(&r->body) && !(c->empty && r->body.n == 0))
        return on_garbled(c, e);
    ddbi_bucket_refund(&c->common->bucket,
                       c->retries > 0 ? c->cost : DDBI_REFUND_FIRST);
    return (ddbi_action){.kind = DDBI_DO_DONE, .code = DDB_OK};
}

/* It ends up on terminals: what no id has in it is left out. */
static void copy_id(char out[64], const char in[64])
{
    size_t n = 0;

    for (size_t i = 0; i < 63 && in[i] != 0; i++)
        if (in[i] > ' ' && in[i] <= '~')
            out[n++] = in[i];
    out[n] = 0;
}

static ddbi_action on_reply(ddbi_call *c, const ddbi_event *e)
{
    ddbi_action a = judge(c, e);

    if (c->err->code != DDB_OK) {
        c->err->http_status = e->reply->status;
        copy_id(c->err->request_id, e->reply->request_id);
    }
    return a;
}

ddbi_action ddbi_call_step(ddbi_call *c, const ddbi_event *e)
{
    switch (e->kind) {
    case DDBI_EVENT_BEGIN:
        c->deadline = e->mono + c->timeout_ms;
        c->repeatable |= c->read;
        return get_keys(c, e);
    case DDBI_EVENT_TIMER:
        return get_keys(c, e);
    case DDBI_EVENT_KEYS:
        c->refreshable = e->refreshable;
        return send_it(c, e);
    case DDBI_EVENT_REPLY:
        return on_reply(c, e);
    case DDBI_EVENT_SILENCE:
        return on_silence(c, e);
    case DDBI_EVENT_FAILED:
        break;
    }
    return end(c, c->err->code, c->err->retryable);
}
