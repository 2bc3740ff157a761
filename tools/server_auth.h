/* SPDX-License-Identifier: MIT */
/*
 * Who may: a request's signature, in its Authorization header or in its query,
 * read and verified as the service does, with its messages.  Pure: the time
 * and the keys are given.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
 */
#ifndef SERVER_AUTH_H
#define SERVER_AUTH_H

#include "http/sigv4.h"
#include "server_keys.h"

typedef struct {
    const char *method;
    ddb_bytes path;  /* as sent */
    ddb_bytes query; /* as sent, without '?' */
    const ddbi_header *headers;
    size_t n_headers;
    ddb_bytes body;
} server_auth_in;

typedef struct {
    const server_keys *keys; /* NULL: whoever signs in the right form */
    int64_t now;             /* Unix seconds */
    int check_time;          /* always with keys */
} server_auth_rules;

/* DDB_OK; DDB_SERVICE: refused, with *type (such as
 * "InvalidSignatureException", of com.amazon.coral.service) and the message,
 * which may have bytes that are no UTF-8; DDB_NOMEM, DDB_SYSTEM.  signer may
 * be NULL when there are no keys. */
ddb_code server_auth(const server_auth_in *in, const server_auth_rules *rules,
                     ddbi_signer *signer, const char **type, ddbi_buf *message);

#endif
