/* SPDX-License-Identifier: MIT */
/*
 * The client as the layers above see it: jobs.  A job is one call with its
 * reusable buffers, borrowed from the client's pool:
 *
 *     ddbi_job *j = NULL;
 *     if ((code = ddbi_job_begin(c, &j, err)) != DDB_OK) return code;
 *     ... build the body in j->body ...
 *     code = ddbi_job_run(j, &(ddbi_job_spec){.action = "GetItem",
 *                                             .read = 1}, err);
 *     ... read j->reply.body ...
 *     ddbi_job_end(j);
 */
#ifndef DDBI_CLIENT_H
#define DDBI_CLIENT_H

#include "base/clock.h"
#include "wire/transport.h"

typedef struct ddbi_job ddbi_job;
struct ddbi_job {
    ddb_client *client;
    ddbi_buf body;     /* build the request here; it is empty at first */
    ddbi_buf scratch;  /* for whatever the caller needs, empty at first */
    ddbi_reply reply;  /* after run: the last attempt's answer */
    int attempts;      /* after run: how many were made */
    int maybe_applied; /* after run: an attempt's fate is unknown; also set
                           when a later attempt got an answer; never of a
                           read */
    ddbi_job *next;    /* the pool's */
};

typedef struct {
    const char *action;
    int read;          /* changes nothing: repeatable, never maybe_applied */
    int repeatable;    /* may be sent again when it may have been applied */
    int timeout_ms;    /* 0: the client's */
    int dated;         /* the body tells the time: a clock that proves wrong
                          is corrected, and the call ends with DDB_CLOCK */
    int slow_throttle; /* LimitExceededException of CreateTable and the like:
                          wait seconds */
    int empty;         /* an answer of no bytes is good: TagResource */
} ddbi_job_spec;

/* Clears err.  DDB_NOMEM, DDB_FORKED. */
ddb_code ddbi_job_begin(ddb_client *c, ddbi_job **out, ddb_err *err);
/* Credentials, signing, attempts, waits, error mapping.  DDB_OK: status 200
 * and a complete body in reply.body.  When the service refused, reply.body
 * is its error answer.  May be called again on the same job, with a new
 * body.  A call that is not repeatable and whose fate is unknown:
 * DDB_AMBIGUOUS, unless our own memory ran out (DDB_NOMEM). */
ddb_code ddbi_job_run(ddbi_job *j, const ddbi_job_spec *spec, ddb_err *err);
void ddbi_job_end(ddbi_job *j); /* NULL is fine */

/* Milliseconds of a call when nothing else is asked for. */
int ddbi_client_timeout(const ddb_client *c);
/* Bytes that an answer may have, and what is held at once of many. */
size_t ddbi_client_max_answer(const ddb_client *c);
/* For waits, random numbers and deadlines of the layers above. */
const ddbi_clock *ddbi_client_clock(const ddb_client *c);
void ddbi_client_log(ddb_client *c, ddb_log_level level, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));

/* For a provider more, before the first call. */
struct ddbi_creds *ddbi_client_creds(ddb_client *c);

/* Open over a given transport, which the client then owns (also on failure),
 * with a given clock: for tests and engines.  clock NULL: the system's, or
 * opt->now. */
ddb_code ddbi_client_open_with(const ddb_options *opt,
                               ddbi_transport *transport,
                               const ddbi_clock *clock, ddb_client **out,
                               ddb_err *err);

#endif
