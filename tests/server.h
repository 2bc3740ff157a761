/* SPDX-License-Identifier: MIT */
/* The server that an e2e suite runs against, as tests/with-server tells it:
 * DDB_TEST_ENDPOINT, and its name, DDB_TEST_SERVER. */
#ifndef TESTS_SERVER_H
#define TESTS_SERVER_H

#include "report.h"

#include <ddb/ddb.h>

/* A client of it, with these options and patience.  Of memory:, which is a
 * database of its own for each client, it is the same one each time. */
ddb_client *server_open(const ddb_options *more);
void server_close(ddb_client *c);

/* Is it the local engine in this process?  Its clock is the client's, and its
 * requests have no ids. */
int server_in_process(void);
/* And one that no other process sees? */
int server_in_memory(void);

/* Ways in which servers are known to differ from the service. */
typedef enum {
    ITEM_SIZE,         /* counts an item's bytes in another way */
    CAPACITY,          /* counts consumed units in another way */
    TIME_TO_LIVE,      /* has no UpdateTimeToLive */
    BLOCKING_ITEM,     /* never gives the item that failed a condition */
    DELETE_PROTECTION, /* does not know it */
    UTF16_ORDER,       /* takes the bounds of a BETWEEN in that order */
    NOT_ATOMIC,        /* two writes at once may both find a condition true */
    SLOW,              /* takes milliseconds for each request */
    MIXED_COMPARISON   /* fails when a number is compared with a text */
} server_difference;

int server_differs(server_difference what);

/* For ddb_options.now: so many seconds ahead of the time. */
extern int64_t server_ahead;
int64_t server_now(void *arg);

/* What main() returns. */
int run_on_server(Suite *s);

#endif
