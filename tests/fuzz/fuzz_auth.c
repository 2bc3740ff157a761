/* SPDX-License-Identifier: MIT */
/* What a stranger sends to ddb-local to be let in: a line for the
 * Authorization header, one for the date, one for the query, and a file of
 * keys behind them.  Nobody gets in with keys that he does not have. */
#include "fuzz.h"

#include "server_auth.h"

#include <string.h>

#define NOW 1767323045 /* 20260102T030405Z */

/* The next line of data. */
static ddb_bytes line(const uint8_t **data, size_t *n)
{
    const uint8_t *end = *n > 0 ? memchr(*data, '\n', *n) : NULL;
    ddb_bytes b = {*data, end != NULL ? (size_t)(end - *data) : *n};
    size_t step = b.n + (end != NULL);

    *data += step;
    *n -= step;
    return b;
}

static ddb_code judge(const server_auth_in *in, const server_keys *keys,
                      ddbi_signer *signer)
{
    const server_auth_rules rules = {.keys = keys, .now = NOW};
    const char *type = NULL;
    ddbi_buf message = {0};
    ddb_code code = server_auth(in, &rules, signer, &type, &message);

    MUST(code == DDB_OK || code == DDB_SERVICE);
    MUST((code == DDB_SERVICE) == (type != NULL));
    MUST((code == DDB_SERVICE) == (message.n > 0));
    ddbi_buf_free(&message);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char id[] = "AKID", secret[] = "a secret that is nowhere else";
    server_key key = {id, secret, NULL};
    const server_keys ours = {&key, 1};
    server_keys theirs = {0};
    ddbi_header headers[] = {{{"Authorization", 13}, line(&data, &n)},
                             {{"X-Amz-Date", 10}, line(&data, &n)},
                             {{"Host", 4}, {"localhost", 9}}};
    const server_auth_in in = {.method = "POST",
                               .path = {"/", 1},
                               .query = line(&data, &n),
                               .headers = headers,
                               .n_headers = 3,
                               .body = {"{}", 2}};
    ddbi_signer *signer = ddbi_signer_new();

    MUST(signer != NULL);
    (void)judge(&in, NULL, NULL);
    MUST(judge(&in, &ours, signer) == DDB_SERVICE);
    if (server_keys_parse(&theirs, (const char *)data, n, NULL) == DDB_OK) {
        for (size_t i = 0; i < theirs.n; i++)
            MUST(theirs.p[i].id != NULL && theirs.p[i].secret != NULL);
        (void)judge(&in, &theirs, signer);
    }
    server_keys_free(&theirs);
    ddbi_signer_free(signer);
    return 0;
}
