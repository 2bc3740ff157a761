/* SPDX-License-Identifier: MIT */
/* Capacity as the service gives it: a token bucket for each partition, and
 * for each provisioned table and index, of reads and of writes. */
#ifndef SERVER_THROTTLE_H
#define SERVER_THROTTLE_H

#include "local/local.h"
#include "server_options.h"

typedef struct server_throttle server_throttle;

server_throttle *server_throttle_new(const server_capacity *c); /* or NULL */
void server_throttle_free(server_throttle *t); /* NULL is fine */

/* NULL: use it; else the service's reason why not.  now: monotonic ms.  One
 * thread at a time. */
const char *server_throttle_use(server_throttle *t, int64_t now,
                                const ddbi_use *use);
/* Buckets at hand. */
size_t server_throttle_size(const server_throttle *t);

#endif
