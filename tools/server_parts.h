/* SPDX-License-Identifier: MIT */
/* The parts of a signature, found in a request's headers or in its query. */
#ifndef SERVER_PARTS_H
#define SERVER_PARTS_H

#include "server_auth.h"

/* As they came; p NULL: not there. */
typedef struct {
    ddb_bytes algorithm, credential, signature, signed_names, date, token;
    ddb_bytes expires; /* of a query alone */
    int in_query;
    ddbi_buf query_left; /* the query without the signature */
    ddbi_buf decoded;    /* what the parts of a query point into */
} server_parts;

/* DDB_OK: all that must be there is; DDB_SERVICE: refused with *type and the
 * message; DDB_NOMEM.  *out is to be freed in any case. */
ddb_code server_parts_find(const server_auth_in *in, server_parts *out,
                           const char **type, ddbi_buf *message);
void server_parts_free(server_parts *s);

/* The value of a header, trimmed; p NULL: there is none.  lower is in lower
 * case. */
ddb_bytes server_header(const ddbi_header *headers, size_t n,
                        const char *lower);

#endif
