/* SPDX-License-Identifier: MIT */
/*
 * The waist over HTTP: an action becomes one signed POST.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
 *
 * Exchanges are pooled, each with its connection, its signer and its header
 * lines; the one used last is taken first, so that few connections stay warm
 * and the others age.  The lock is held to take one from the list or put it
 * back, never while anything is sent.
 *
 * An answer is whole when its framing says so: libcurl sees to it that all
 * of a Content-Length or the last chunk has come.  One that has neither,
 * ended by the end of the connection alone, is believed only when its CRC-32
 * is there and right.  Where there is a CRC-32 it must be right in any case,
 * before anybody reads the body.
 */
#include "http/remote.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/hash.h"
#include "http/http.h"
#include "http/sigv4.h"
#include "wire/limits.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SERVICE "dynamodb"
#define CONTENT_TYPE "application/x-amz-json-1.0"
#define TARGET_LINE "X-Amz-Target: DynamoDB_20120810."
#define DATE_LINE "X-Amz-Date: "
#define TOKEN_LINE "X-Amz-Security-Token: "
#define AUTHORIZATION_LINE "Authorization: "

#define MAX_ACTION 64
#define CONNECT_TIMEOUT_MS 5000
#define MAX_IDLE 16

typedef struct {
    ddbi_transport transport; /* first */
    ddbi_endpoint endpoint;
    ddbi_http_settings http;
    char *ca_file;
    char *ca_path;
    char *proxy;
    size_t max_answer;
    int max_idle;
    pthread_mutex_t lock; /* of the two below */
    ddbi_exchange *idle;
    int n_idle;
} remote;

struct ddbi_exchange {
    remote *remote;
    ddbi_exchange *next; /* in the list of the idle */
    ddbi_http_conn *conn;
    ddbi_signer *signer;
    char date[sizeof DATE_LINE + 16];
    char target[sizeof TARGET_LINE + MAX_ACTION];
    ddbi_buf token; /* header lines of their own, wiped */
    ddbi_buf authorization;
    const char *lines[5];
    ddbi_reply *reply;
    ddbi_http_answer answer;
};

static void exchange_free(ddbi_exchange *x, int forked)
{
    if (x == NULL)
        return;
    ddbi_http_conn_free(x->conn, forked);
    ddbi_signer_free(x->signer);
    ddbi_buf_free(&x->token);
    ddbi_buf_free(&x->authorization);
    ddbi_free(x);
}

static ddb_code exchange_new(remote *r, ddbi_exchange **out, ddb_err *err)
{
    ddbi_exchange *x = ddbi_calloc(1, sizeof *x);
    ddb_code code = DDB_NOMEM;

    if (x == NULL) {
        ddbi_nomem(err);
        goto out;
    }
    x->remote = r;
    x->token.secret = 1;
    x->authorization.secret = 1;
    x->signer = ddbi_signer_new();
    if (x->signer == NULL) {
        ddbi_nomem(err);
        goto out;
    }
    code = ddbi_http_conn_new(&r->http, &x->conn, err);
    if (code != DDB_OK)
        goto out;
    *out = x, x = NULL;
out:
    exchange_free(x, 0);
    return code;
}

/* An idle one, or a new one. */
static ddb_code take(remote *r, ddbi_exchange **out, ddb_err *err)
{
    ddbi_exchange *x;

    pthread_mutex_lock(&r->lock);
    x = r->idle;
    if (x != NULL) {
        r->idle = x->next;
        r->n_idle--;
    }
    pthread_mutex_unlock(&r->lock);
    if (x == NULL)
        return exchange_new(r, out, err);
    *out = x;
    return DDB_OK;
}

static void give_back(ddbi_exchange *x)
{
    remote *r = x->remote;

    x->reply = NULL;
    pthread_mutex_lock(&r->lock);
    if (r->n_idle < r->max_idle) {
        x->next = r->idle;
        r->idle = x;
        r->n_idle++;
        x = NULL;
    }
    pthread_mutex_unlock(&r->lock);
    exchange_free(x, 0);
}

/* ---- The request -------------------------------------------------------- */

/* A line break in it would be a header of somebody's own. */
static int has_line_break(const ddbi_buf *b)
{
    return memchr(b->p, '\r', b->n) != NULL || memchr(b->p, '\n', b->n) != NULL;
}

static ddb_code begin_target(ddbi_exchange *x, const char *action, ddb_err *err)
{
    size_t n = strlen(action);

    for (size_t i = 0; i < n; i++) {
        if (!ddbi_is_alnum((unsigned char)action[i]))
            n = 0;
    }
    if (n == 0 || n > MAX_ACTION)
        return ddbi_fail(err, DDB_INVALID, "\"%.100s\" is no action", action);
    memcpy(x->target, TARGET_LINE, sizeof TARGET_LINE - 1);
    memcpy(x->target + sizeof TARGET_LINE - 1, action, n + 1);
    return DDB_OK;
}

static ddb_code begin_token(ddbi_exchange *x, const char *token, ddb_err *err)
{
    ddbi_buf_clear(&x->token);
    ddbi_buf_add_str(&x->token, TOKEN_LINE);
    ddbi_buf_add_str(&x->token, token);
    if (ddbi_buf_text(&x->token) == NULL)
        return ddbi_nomem(err);
    if (has_line_break(&x->token))
        return ddbi_fail(err, DDB_INVALID,
                         "the session token has a line break");
    return DDB_OK;
}

static ddb_bytes value_of(const char *line, size_t prefix)
{
    return ddb_str(line + prefix);
}

static ddb_code sign(ddbi_exchange *x, const ddbi_request *q, int has_token,
                     ddb_err *err)
{
    const remote *r = x->remote;
    const ddbi_header headers[] = {
        {ddb_str("content-type"), ddb_str(CONTENT_TYPE)},
        {ddb_str("host"), ddb_str(r->endpoint.host)},
        {ddb_str("x-amz-date"), value_of(x->date, sizeof DATE_LINE - 1)},
        {ddb_str("x-amz-target"),
         value_of(x->target, sizeof "X-Amz-Target: " - 1)},
        {ddb_str("x-amz-security-token"), ddb_str(q->keys->session_token)},
    };
    const ddbi_sign_in in = {
        .access_key_id = q->keys->access_key_id,
        .secret_access_key = q->keys->secret_access_key,
        .region = r->endpoint.region,
        .service = SERVICE,
        .now = q->now,
        .method = "POST",
        .headers = headers,
        .n_headers = has_token ? 5 : 4,
        .body = q->body,
    };
    ddbi_buf *b = &x->authorization;
    ddb_code code;

    ddbi_buf_clear(b);
    ddbi_buf_add_str(b, AUTHORIZATION_LINE);
    code = ddbi_sign(x->signer, &in, b);
    if (code == DDB_OK && ddbi_buf_text(b) == NULL)
        code = DDB_NOMEM;
    if (code == DDB_NOMEM)
        return ddbi_nomem(err);
    if (code != DDB_OK)
        return ddbi_fail(err, code, "the request cannot be signed");
    if (has_line_break(b))
        return ddbi_fail(err, DDB_INVALID,
                         "the access key ID has a line break");
    return DDB_OK;
}

/* All header lines; *n is how many. */
static ddb_code begin_lines(ddbi_exchange *x, const ddbi_request *q, size_t *n,
                            ddb_err *err)
{
    const char *token = q->keys->session_token;
    int has_token = token != NULL && *token != '\0';
    ddb_code code = begin_target(x, q->action, err);

    if (code != DDB_OK)
        return code;
    if (has_token && (code = begin_token(x, token, err)) != DDB_OK)
        return code;
    memcpy(x->date, DATE_LINE, sizeof DATE_LINE - 1);
    ddbi_format_amz_date(q->now, x->date + sizeof DATE_LINE - 1);
    if ((code = sign(x, q, has_token, err)) != DDB_OK)
        return code;
    x->lines[0] = "Content-Type: " CONTENT_TYPE;
    x->lines[1] = x->date;
    x->lines[2] = x->target;
    x->lines[3] = x->authorization.p;
    x->lines[4] = x->token.p;
    *n = has_token ? 5 : 4;
    return DDB_OK;
}

/* ---- The answer --------------------------------------------------------- */

static void copy_text(char *out, size_t size, ddb_bytes value)
{
    size_t n = value.n < size ? value.n : size - 1;

    memcpy(out, value.p, n);
    out[n] = '\0';
}

static void on_header(void *arg, ddb_bytes name, ddb_bytes value)
{
    ddbi_reply *reply = arg;
    uint64_t number;

    if (ddbi_http_is(name, "x-amz-crc32")) {
        reply->has_crc =
            ddbi_parse_u64(value.p, value.n, UINT32_MAX, &number) == 0;
        if (reply->has_crc)
            reply->crc = (uint32_t)number;
    } else if (ddbi_http_is(name, "x-amzn-requestid")) {
        copy_text(reply->request_id, sizeof reply->request_id, value);
    } else if (ddbi_http_is(name, "x-amzn-errortype")) {
        copy_text(reply->error_type, sizeof reply->error_type, value);
    } else if (ddbi_http_is(name, "date")) {
        if (ddbi_parse_http_date(value.p, value.n, &reply->date) != 0)
            reply->date = -1;
    } else if (ddbi_http_is(name, "age")) {
        reply->has_age = 1;
    } else if (ddbi_http_is(name, "x-amz-retry-after")) {
        if (ddbi_parse_u64(value.p, value.n, INT64_MAX, &number) == 0)
            reply->retry_after = (int64_t)number;
    }
}

static void refuse(ddbi_reply *reply, ddb_code code, const char *why)
{
    reply->code = code;
    reply->retryable = 1;
    snprintf(reply->message, sizeof reply->message, "%s", why);
}

static void check_body(ddbi_reply *reply, int unframed)
{
    if (reply->has_crc &&
        ddbi_crc32(reply->body.p, reply->body.n) != reply->crc)
        refuse(reply, DDB_BAD_ANSWER,
               "the answer's CRC-32 is not what x-amz-crc32 says");
    else if (unframed && !reply->has_crc)
        refuse(reply, DDB_NETWORK,
               "the connection ended, and nothing tells whether the answer "
               "is complete");
}

/* ---- The waist ---------------------------------------------------------- */

static ddb_code remote_start(ddbi_transport *t, const ddbi_request *request,
                             ddbi_reply *reply, ddbi_exchange **out,
                             ddb_err *err)
{
    remote *r = (remote *)t;
    ddbi_http_request q = {
        .method = "POST",
        .url = r->endpoint.url,
        .body = request->body,
        .max_answer = r->max_answer,
    };
    ddbi_exchange *x = NULL;
    ddb_code code;

    *out = NULL;
    if ((code = take(r, &x, err)) != DDB_OK)
        return code;
    ddbi_reply_clear(reply);
    x->reply = reply;
    x->answer.body = &reply->body;
    x->answer.header = on_header;
    x->answer.arg = reply;
    if ((code = begin_lines(x, request, &q.n_headers, err)) != DDB_OK)
        goto out;
    q.headers = x->lines;
    if ((code = ddbi_http_start(x->conn, &q, &x->answer, err)) != DDB_OK)
        goto out;
    *out = x, x = NULL;
out:
    if (x != NULL)
        give_back(x);
    return code;
}

static int remote_step(ddbi_exchange *x, int64_t wait_ms)
{
    return ddbi_http_step(x->conn, wait_ms);
}

static void remote_finish(ddbi_exchange *x)
{
    const ddbi_http_answer *a = &x->answer;
    const remote *r = x->remote;
    ddbi_reply *reply = x->reply;

    ddbi_http_finish(x->conn);
    reply->code = a->code;
    if (a->code != DDB_OK)
        memcpy(reply->message, a->message, sizeof reply->message);
    reply->retryable = a->retryable;
    reply->not_sent = a->not_sent;
    reply->stale = a->stale;
    reply->status = a->status;
    reply->trusted = r->endpoint.https || r->endpoint.is_local;
    if (reply->code == DDB_OK)
        check_body(reply, a->unframed);
    give_back(x);
}

static int remote_cancel(ddbi_exchange *x)
{
    int sent = ddbi_http_cancel(x->conn);

    give_back(x);
    return sent;
}

static void remote_close(ddbi_transport *t, int forked)
{
    remote *r = (remote *)t;
    ddbi_exchange *x;

    while ((x = r->idle) != NULL) {
        r->idle = x->next;
        exchange_free(x, forked);
    }
    if (!forked) /* a thread of the parent may have held it */
        pthread_mutex_destroy(&r->lock);
    ddbi_free(r->ca_file);
    ddbi_free(r->ca_path);
    ddbi_wipe_free(r->proxy); /* may hold a password */
    ddbi_free(r);
}

static const ddbi_transport_ops remote_ops = {
    .needs_keys = 1,
    .start = remote_start,
    .step = remote_step,
    .finish = remote_finish,
    .cancel = remote_cancel,
    .close = remote_close,
};

/* A copy, or NULL when there is nothing to copy; -1: no memory. */
static int copy(char **to, const char *from)
{
    *to = ddbi_strdup(from);
    return from != NULL && *to == NULL ? -1 : 0;
}

ddb_code ddbi_remote_open(const ddbi_remote_options *opt, ddbi_transport **out,
                          ddb_err *err)
{
    remote *r = ddbi_calloc(1, sizeof *r);
    ddb_code code;

    *out = NULL;
    if (r == NULL)
        return ddbi_nomem(err);
    if (pthread_mutex_init(&r->lock, NULL) != 0) {
        ddbi_free(r);
        return ddbi_fail(err, DDB_SYSTEM, "no mutex can be had");
    }
    r->transport.ops = &remote_ops;
    r->endpoint = *opt->endpoint;
    r->max_answer = opt->max_answer > 0 ? opt->max_answer : DDBI_MAX_ANSWER;
    r->max_idle = opt->max_idle > 0 ? opt->max_idle : MAX_IDLE;
    if (copy(&r->ca_file, opt->ca_file) || copy(&r->ca_path, opt->ca_path) ||
        copy(&r->proxy, opt->proxy)) {
        code = ddbi_nomem(err);
        goto out;
    }
    r->http = (ddbi_http_settings){
        .ca_file = r->ca_file,
        .ca_path = r->ca_path,
        .proxy = r->proxy,
        .direct = r->endpoint.is_local,
        .connect_timeout_ms = opt->connect_timeout_ms > 0
                                  ? opt->connect_timeout_ms
                                  : CONNECT_TIMEOUT_MS,
    };
    if ((code = ddbi_http_setup(&r->http, err)) != DDB_OK)
        goto out;
    *out = &r->transport, r = NULL;
out:
    if (r != NULL)
        remote_close(&r->transport, 0);
    return code;
}
