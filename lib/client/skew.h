/* SPDX-License-Identifier: MIT */
/*
 * How wrong the system's clock is, learnt from the server.  What is kept is
 * the server's time as an offset to the monotonic clock, so that nothing is
 * corrected twice when somebody sets the system's clock later.
 */
#ifndef DDBI_SKEW_H
#define DDBI_SKEW_H

#include <ddb/ddb.h>
#include <stdatomic.h>

/* Seconds that the clock may differ and nothing is done: Date has no
 * fractions, and an answer takes its time. */
#define DDBI_SKEW_ADOPT 2
/* Seconds from which on a refusal may be the clock's fault.  The service
 * tolerates 5 minutes at least. */
#define DDBI_SKEW_REFUSED 240

/* Zeroed memory is a clock that is right.  Threads share it. */
typedef struct {
    /* Unix seconds of the server minus monotonic seconds, modulo 2^32 (good
     * until 2106, and lock-free on 32-bit machines too); 0: not learnt. */
    atomic_uint offset;
} ddbi_skew;

/* The right Unix second.  now: the system's Unix milliseconds, mono: the
 * monotonic ones of the same moment. */
int64_t ddbi_skew_now(const ddbi_skew *s, int64_t now, int64_t mono);

/* From now on it is `server` (Unix seconds) when the monotonic clock says
 * mono. */
void ddbi_skew_set(ddbi_skew *s, int64_t server, int64_t mono);

/* The server's time out of "Signature expired: A is now earlier than B
 * (C - 15 min.)" and "Signature not yet current: A is still later than B
 * (C + 15 min.)": that is C.  1: found. */
int ddbi_skew_parse(const char *message, int64_t *server);

#endif
