/* SPDX-License-Identifier: MIT */
/*
 * AWS Signature Version 4: a pure function of its inputs.  It knows neither
 * libcurl nor JSON, reads no clock and keeps no state but the cached key.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 *
 * Four stages, each a function of its own that tests can look at: canonical
 * request, string to sign, signing key, Authorization header.
 */
#ifndef DDBI_SIGV4_H
#define DDBI_SIGV4_H

#include "base/buf.h"
#include "base/hash.h"

typedef struct {
    ddb_bytes name; /* any case */
    ddb_bytes value;
} ddbi_header;

/* All that is signed.  Headers are every header to be signed, host,
 * x-amz-date and x-amz-security-token included, in any order; values of one
 * name that comes several times are joined in theirs. */
typedef struct {
    const char *access_key_id;
    const char *secret_access_key;
    const char *region;
    const char *service; /* "dynamodb", "sts" */
    int64_t now;         /* Unix seconds, as x-amz-date says */
    const char *method;  /* "POST" */
    ddb_bytes path;      /* as sent, encoded once; "" is "/" */
    ddb_bytes query;     /* as sent, without '?'; n 0: none */
    const ddbi_header *headers;
    size_t n_headers;
    ddb_bytes body;
    int no_normalize; /* keep "." and ".." and "//" in the path */
} ddbi_sign_in;

#define DDBI_MAX_SIGNED_HEADERS 32

/* A signer holds the hashing objects, buffers and the key of (day, region,
 * service, secret) signed with last.  One thread at a time. */
typedef struct ddbi_signer ddbi_signer;
ddbi_signer *ddbi_signer_new(void);    /* NULL: no memory, no SHA-256 */
void ddbi_signer_free(ddbi_signer *s); /* secrets are wiped; NULL is fine */

/* The stages.  Each appends to out, whose failure sticks and is returned:
 * DDB_NOMEM; DDB_INVALID: more headers than DDBI_MAX_SIGNED_HEADERS;
 * DDB_SYSTEM: OpenSSL failed.  out is none of the signer's own buffers. */
ddb_code ddbi_sign_canonical(ddbi_signer *s, const ddbi_sign_in *in,
                             ddbi_buf *out);
ddb_code ddbi_sign_string(ddbi_signer *s, const ddbi_sign_in *in,
                          ddb_bytes canonical, ddbi_buf *out);
/* Always derived anew; ddbi_sign() keeps what it derives. */
ddb_code ddbi_sign_key(ddbi_signer *s, const ddbi_sign_in *in,
                       unsigned char out[DDBI_SHA256_SIZE]);
/* All of them: the value of the Authorization header. */
ddb_code ddbi_sign(ddbi_signer *s, const ddbi_sign_in *in, ddbi_buf *out);

#endif
