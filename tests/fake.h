/* SPDX-License-Identifier: MIT */
/*
 * A transport that plays a script, and a clock that goes on only when
 * somebody waits:
 *
 *     fake *f = fake_new();
 *     ddb_client *c = fake_open(f, NULL);
 *     fake_error(f, 500, "InternalServerError", "try again");
 *     fake_answer(f, "{\"Count\":1}");
 *     ... code = ddb_query(c, ...) ...
 *     ck_assert_int_eq(fake_count(f), 2);
 *     ck_assert_str_eq(fake_request(f, 0)->action, "Query");
 *     ck_assert_int_eq(f->n_waits, 1);
 *     ddb_client_close(c);
 *     fake_free(f);
 *
 * A request beyond the script fails with DDB_SYSTEM.  Threads may share one.
 * Its own memory does not go through ddb_set_allocator(), but answers are
 * written to buffers that do.
 */
#ifndef FAKE_H
#define FAKE_H

#include "client/client.h"

#define FAKE_START 1767323045 /* Unix seconds: 2026-01-02T03:04:05Z */
#define FAKE_MAX_WAITS 256

/* One answer of the script; zero is "nothing of the kind". */
typedef struct {
    int status;       /* HTTP */
    const char *body; /* copied by fake_add() */
    size_t body_n;    /* 0: strlen(body) */
    const char *type; /* header x-amzn-errortype; copied */

    /* No HTTP answer: code, and how the transport told it. */
    ddb_code code;
    int retryable;
    int not_sent;
    int stale;
    ddb_code start_code; /* start itself fails */

    int64_t takes; /* ms until it is there */
    int silent;    /* it never is */
    int unsent;    /* cancel tells: the request has not left */
    int64_t date;  /* Unix seconds; -1: no Date header; 0: the clock's */
    int has_age;
    int untrusted;
    int64_t retry_after; /* ms, as 1 + the value; 0: none */
    int no_crc;          /* x-amz-crc32 is missing */
    int bad_crc;         /* and here it is wrong */
} fake_step;

/* What was asked.  Strings are the fake's. */
typedef struct {
    char *action;
    char *body;
    size_t body_n;
    char *access_key_id; /* "": no credentials came along */
    char *session_token;
    int64_t now;  /* Unix seconds to sign with */
    int64_t mono; /* ms of the fake clock when it was asked */
} fake_request_info;

typedef struct fake fake;
struct fake {
    int needs_keys; /* 1 at first */
    /* When set it is asked instead of the script; fill *step, whose strings
     * must live until the next call.  May be called from many threads, one
     * at a time. */
    void (*respond)(void *arg, const fake_request_info *request,
                    fake_step *step);
    void *respond_arg;

    /* The clock.  Random bytes are all `random_byte` when that is not
     * negative, which it is at first: then they are a fixed sequence. */
    int64_t mono;       /* ms since fake_new() */
    int64_t unix_start; /* Unix ms of the system's clock at mono 0 */
    int random_byte;
    int random_fails;
    int64_t oversleeps; /* ms that each sleep takes longer than asked */
    int64_t waits[FAKE_MAX_WAITS]; /* ms of each sleep */
    size_t n_waits;

    int opened; /* exchanges begun and not over */
    int closed; /* times that the transport was closed */
    int closed_forked;
    struct fake_inside *inside;
};

fake *fake_new(void);
void fake_free(fake *f);
/* Forget script, requests and waits; the clock goes on. */
void fake_reset(fake *f);

/* Append to the script. */
void fake_add(fake *f, const fake_step *step);
void fake_answer(fake *f, const char *body); /* 200 */
void fake_error(fake *f, int status, const char *type, const char *message);
/* No HTTP answer; retryable, and sent as far as one knows. */
void fake_failure(fake *f, ddb_code code);

size_t fake_count(const fake *f); /* requests made */
const fake_request_info *fake_request(const fake *f, size_t i);
size_t fake_left(const fake *f); /* answers not played yet */

/* For ddbi_client_open_with().  The clock lives as long as the fake. */
ddbi_transport *fake_transport(fake *f);
const ddbi_clock *fake_clock(fake *f);

/* A client over it: static credentials, region and endpoint unless opt has
 * its own.  Aborts the test when it cannot be opened. */
ddb_client *fake_open(fake *f, const ddb_options *opt);

#endif
