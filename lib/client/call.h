/* SPDX-License-Identifier: MIT */
/*
 * One call as a pure state machine: event in, action out.  It does no I/O,
 * reads no clock and draws no random number: its driver does, and tells.
 *
 *     BEGIN -> KEYS -> SEND -> (WAIT -> KEYS -> SEND ...) -> DONE
 *
 * What is repeated, and when:
 *  - A read, or a call that may be applied twice, after every failure that
 *    another attempt may mend.
 *  - Any other only when the attempt was surely not applied: it was not
 *    sent, or the service refused it with a 4xx.  Else it ends as
 *    DDB_AMBIGUOUS.
 *  - One deadline holds for all of it: no wait begins that would pass it.
 */
#ifndef DDBI_CALL_H
#define DDBI_CALL_H

#include "client/retry.h"
#include "client/skew.h"
#include "wire/transport.h"

/* What all calls of a client have in common. */
typedef struct {
    int max_attempts;        /* the first included */
    int attempt_timeout_ms;  /* one attempt, from connect to the last byte */
    int needs_keys;          /* requests carry credentials */
    int no_clock_correction; /* the system's clock is right */
    ddbi_bucket bucket;
    ddbi_skew skew;
} ddbi_call_common;

typedef enum {
    DDBI_EVENT_BEGIN,
    DDBI_EVENT_KEYS,    /* credentials are there */
    DDBI_EVENT_REPLY,   /* the attempt is over */
    DDBI_EVENT_SILENCE, /* its time was up, and it was cancelled */
    DDBI_EVENT_TIMER,   /* the wait is over */
    DDBI_EVENT_FAILED   /* no credentials could be had, or no attempt begun:
                           the call's err is filled */
} ddbi_event_kind;

typedef struct {
    ddbi_event_kind kind;
    int64_t mono;            /* ms, when it happened */
    int64_t now;             /* the system's Unix ms then */
    const ddbi_reply *reply; /* REPLY */
    int maybe_sent;          /* SILENCE: as cancel said */
    int refreshable;         /* KEYS: others may be had */
    uint32_t random;         /* REPLY, unless it is a success, and SILENCE */
} ddbi_event;

typedef enum {
    DDBI_DO_KEYS, /* get credentials, at most for ms */
    DDBI_DO_SEND, /* make an attempt, at most for ms, signed with now */
    DDBI_DO_WAIT, /* ms, 0 too; until then err tells why */
    DDBI_DO_DONE  /* with code; err is filled */
} ddbi_action_kind;

typedef struct {
    ddbi_action_kind kind;
    int64_t ms;
    int64_t now;   /* SEND: Unix seconds, corrected */
    int refresh;   /* KEYS: not those of the last attempt */
    ddb_code code; /* DONE */
} ddbi_action;

typedef struct {
    ddbi_call_common *common;
    ddb_err *err;
    int read;
    int repeatable;
    int dated;
    int slow_throttle;
    int empty;
    int timeout_ms;
    int64_t deadline;  /* mono ms */
    int attempts;      /* that were begun */
    int maybe_applied; /* by one of them */

    int stale;     /* repeats after a connection that had gone */
    int retries;   /* repeats that cost tokens */
    int cost;      /* of the last one */
    int refused;   /* the last keys were: others may do; at the end too */
    int renewed;   /* keys, once a call */
    int corrected; /* the clock, once a call */
    int refreshable;
    int64_t sent;      /* mono ms of the last attempt */
    int64_t signed_at; /* its Unix second */
} ddbi_call;

/* Fill *c, all zero, with common, err (not NULL, cleared), the flags and
 * timeout_ms; then step with DDBI_EVENT_BEGIN. */
ddbi_action ddbi_call_step(ddbi_call *c, const ddbi_event *e);

#endif
