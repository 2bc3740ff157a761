/* SPDX-License-Identifier: MIT */
/*
 * What happens to requests on a bad day.  A pure function of the seed and of
 * a request's number: the n-th request meets the same, whichever thread it
 * comes on and however long the others take.
 */
#ifndef SERVER_BAD_DAY_H
#define SERVER_BAD_DAY_H

#include "server_options.h"

typedef enum {
    SERVER_FINE,
    SERVER_FAIL_BEFORE, /* nothing is done */
    SERVER_FAIL_AFTER   /* done, and then nobody knows */
} server_failure;

typedef struct {
    server_failure failure;
    int status;      /* of a failure: 500 or 503 */
    int64_t latency; /* ms */
} server_fate;

/* What the options ask of request number n. */
server_fate server_fate_of(const server_options *o, uint64_t n);
/* Does the i-th item of the n-th request's batch come back? */
int server_unprocessed(const server_options *o, uint64_t n, uint64_t i);
/* Does any of it depend on the seed? */
int server_is_random(const server_options *o);

#endif
