/* SPDX-License-Identifier: MIT */
/*
 * One HTTP exchange over libcurl: a request out, an answer in, on a
 * connection that is kept for the next one.  Knows nothing of DynamoDB; the
 * credential providers use it too.
 *
 *     ddbi_http_setup(&settings, err)          once, at open
 *     ddbi_http_conn_new(&settings, &c, err)   one exchange at a time
 *     ddbi_http_start(c, &request, &answer, err)
 *     while (!ddbi_http_step(c, 1000)) ...     until it is over
 *     ddbi_http_finish(c)
 *     ddbi_http_conn_free(c, 0)
 */
#ifndef DDBI_HTTP_H
#define DDBI_HTTP_H

#include "base/buf.h"
#include "http/ca.h"

#include <string.h>

#define DDBI_HTTP_MAX_HEADERS 16       /* request header lines */
#define DDBI_HTTP_MAX_HEAD (64 * 1024) /* bytes of an answer's headers */

/* What all connections of an owner have in common.  Strings are lent and
 * stay as long as a connection does. */
typedef struct {
    const char *ca_file; /* PEM; NULL or "": none given */
    const char *ca_path; /* hashed directory; neither: the system's */
    const char *proxy;   /* URL; NULL: from the environment; "": none */
    int direct;          /* no proxy, whatever proxy says */
    int connect_timeout_ms;

    ddbi_ca ca;   /* found by setup */
    int no_proxy; /* the same: neither proxy nor the environment names one */
} ddbi_http_settings;

typedef struct ddbi_http_conn ddbi_http_conn;

/* One header line "Name: value" each, lent until finish or cancel. */
typedef struct {
    const char *method; /* "GET", "POST", "PUT" */
    const char *url;
    const char *const *headers;
    size_t n_headers;
    ddb_bytes body;    /* lent until finish or cancel */
    size_t max_answer; /* bytes of the body */
} ddbi_http_request;

/* What came of it.  code DDB_OK: an answer, complete as far as its framing
 * tells. */
typedef struct {
    ddb_code code;     /* else DDB_NETWORK, DDB_TLS, DDB_CLOCK, DDB_NOMEM,
                          DDB_ANSWER_TOO_LARGE, DDB_BAD_ANSWER, DDB_SYSTEM */
    char message[192]; /* why, when code is not DDB_OK; no secret */
    int retryable;     /* another attempt may do better */
    int not_sent;      /* the request cannot have reached the server */
    int stale;         /* a kept-alive connection had gone: no answer byte */
    int status;        /* 0: there was no answer */
    int unframed;      /* neither Content-Length nor chunks: only the end of
                          the connection ended the body, so it may be cut */
    ddbi_buf *body;    /* the caller's; appended to */
    /* Each header of the final answer; the value is trimmed. */
    void (*header)(void *arg, ddb_bytes name, ddb_bytes value);
    void *arg;
} ddbi_http_answer;

/* Is it this header?  lower is in lower case.  Inline, as nine names in ten
 * are told apart by a length that the compiler knows. */
int ddbi_http_same(const char *name, const char *lower, size_t n);
static inline int ddbi_http_is(ddb_bytes name, const char *lower)
{
    return name.n == strlen(lower) && ddbi_http_same(name.p, lower, name.n);
}

/* Once per owner: make libcurl ready, find CAs and proxies. */
ddb_code ddbi_http_setup(ddbi_http_settings *s, ddb_err *err);

ddb_code ddbi_http_conn_new(const ddbi_http_settings *s, ddbi_http_conn **out,
                            ddb_err *err);
/* forked: in a child process; frees our memory and deliberately leaves
 * libcurl's handles, which are the parent's connections, alone. */
void ddbi_http_conn_free(ddbi_http_conn *c, int forked);

/* The answer's body, header and arg are the caller's to set; all else is
 * filled by finish.  Request, its parts and answer stay until finish or
 * cancel. */
ddb_code ddbi_http_start(ddbi_http_conn *c, const ddbi_http_request *request,
                         ddbi_http_answer *answer, ddb_err *err);
/* Go on, waiting at most wait_ms for something to happen.  1: over. */
int ddbi_http_step(ddbi_http_conn *c, int64_t wait_ms);
void ddbi_http_finish(ddbi_http_conn *c);
/* Give it up and drop its connection.  Tells whether the request may have
 * reached the server. */
int ddbi_http_cancel(ddbi_http_conn *c);

#endif
