/* SPDX-License-Identifier: MIT */
/*
 * The waist: action and JSON body in; HTTP status, headers and JSON body out.
 * Above it are DynamoDB, retries, deadlines and error mapping; below it the
 * movers of bytes: HTTPS (http/remote.c), scripts of tests, engines.
 *
 * An exchange is one attempt.  It never blocks on its own: it is stepped,
 * when something is ready or for at most so many milliseconds, so that a
 * blocking driver and an event loop can both drive it.
 */
#ifndef DDBI_TRANSPORT_H
#define DDBI_TRANSPORT_H

#include "base/buf.h"

typedef struct ddbi_transport ddbi_transport;
typedef struct ddbi_exchange ddbi_exchange;

/* One consistent set of credentials, lent for the time of an exchange. */
typedef struct {
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /* "": none */
} ddbi_keys;

typedef struct {
    const char *action;    /* "GetItem" */
    ddb_bytes body;        /* stays as it is until finish or cancel */
    const ddbi_keys *keys; /* NULL when the transport needs none */
    int64_t now;           /* Unix seconds to sign with, corrected */
    int64_t timeout_ms;    /* of this attempt, for what start itself has to
                              wait for; 0: as it likes */
} ddbi_request;

/* What came of it.  code DDB_OK: an HTTP answer, of whatever status. */
typedef struct {
    ddb_code code;       /* else DDB_NETWORK, DDB_TLS, DDB_CLOCK, DDB_NOMEM,
                          DDB_ANSWER_TOO_LARGE, DDB_BAD_ANSWER, DDB_SYSTEM */
    char message[192];   /* why, when code is not DDB_OK */
    int retryable;       /* another attempt may do better */
    int not_sent;        /* the request cannot have reached the service */
    int stale;           /* a kept-alive connection had gone: no answer byte */
    int status;          /* HTTP status, 0: none */
    int64_t date;        /* Date header, Unix seconds; -1: none */
    int has_age;         /* an Age header: the date is a cache's */
    int trusted;         /* by TLS, or on loopback: the date may be believed */
    int64_t retry_after; /* x-amz-retry-after, milliseconds; -1: none */
    int has_crc;
    uint32_t crc;        /* x-amz-crc32; the transport has compared it */
    char request_id[64]; /* x-amzn-requestid */
    char error_type[96]; /* x-amzn-errortype */
    ddbi_buf body;       /* memory is kept from use to use */
} ddbi_reply;

/* Empty it for another attempt, keeping the body's memory. */
void ddbi_reply_clear(ddbi_reply *reply);
void ddbi_reply_free(ddbi_reply *reply);

typedef struct {
    int needs_keys; /* requests must carry credentials */
    /* Begin an attempt.  reply is filled by finish, its body before; both
     * request and reply must stay until finish or cancel.  DDB_OK, or a
     * failure that no other attempt can mend. */
    ddb_code (*start)(ddbi_transport *t, const ddbi_request *request,
                      ddbi_reply *reply, ddbi_exchange **out, ddb_err *err);
    /* Go on, waiting at most wait_ms (0: not at all) for something to
     * happen.  1: over, call finish. */
    int (*step)(ddbi_exchange *x, int64_t wait_ms);
    /* Fill the reply; the exchange is gone. */
    void (*finish)(ddbi_exchange *x);
    /* Give it up; the exchange is gone.  Tells whether the request may have
     * reached the service. */
    int (*cancel)(ddbi_exchange *x);
    /* forked: in a child process, so nothing may be said to the network. */
    void (*close)(ddbi_transport *t, int forked);
} ddbi_transport_ops;

struct ddbi_transport {
    const ddbi_transport_ops *ops; /* first member of every transport */
};

#endif
