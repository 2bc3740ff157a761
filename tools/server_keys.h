/* SPDX-License-Identifier: MIT */
/* The keys that signatures are verified with: a file as ~/.aws/credentials. */
#ifndef SERVER_KEYS_H
#define SERVER_KEYS_H

#include <ddb/ddb.h>

typedef struct {
    char *id;
    char *secret;
    char *token; /* NULL: none */
} server_key;

typedef struct {
    server_key *p;
    size_t n;
} server_keys; /* {0} has none */

/* All key pairs of a text of n bytes, added to what is there.  DDB_INVALID:
 * err names the line; DDB_NOMEM. */
ddb_code server_keys_parse(server_keys *k, const char *p, size_t n,
                           ddb_err *err);
void server_keys_free(server_keys *k); /* secrets are wiped */

#endif
