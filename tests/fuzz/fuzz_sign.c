/* SPDX-License-Identifier: MIT */
/* The canonical request of a path, a query and a header's value, a line
 * each: it has its eight lines, and what is canonical stays as it is. */
#include "fuzz.h"

#include "http/sigv4.h"

#include <string.h>

/* Up to the newline, which is stepped over. */
static ddb_bytes take_line(const char **p, const char *end)
{
    const char *start = *p;
    const char *newline =
        start < end ? memchr(start, '\n', (size_t)(end - start)) : NULL;

    *p = newline != NULL ? newline + 1 : end;
    return (ddb_bytes){start,
                       (size_t)((newline != NULL ? newline : end) - start)};
}

static int same(ddb_bytes a, ddb_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static void check(ddbi_signer *s, const ddbi_sign_in *in, const ddbi_buf *b)
{
    const char *p = b->p;
    const char *end = p + b->n;
    ddb_bytes line[8];
    ddbi_buf again = {0};
    ddbi_sign_in second = *in;
    ddbi_header header = *in->headers;

    for (int i = 0; i < 8; i++)
        line[i] = take_line(&p, end);
    MUST(p == end);
    MUST(same(line[0], (ddb_bytes){"POST", 4}));
    MUST(line[1].n > 0);
    MUST(line[3].n >= 2 && line[4].n == 0);
    MUST(same(line[5], (ddb_bytes){"h", 1}));
    MUST(line[6].n == 2 * DDBI_SHA256_SIZE && line[7].n == 0);

    second.query = line[2];
    header.value = (ddb_bytes){(const char *)line[3].p + 2, line[3].n - 2};
    second.headers = &header;
    MUST(ddbi_sign_canonical(s, &second, &again) == DDB_OK);
    MUST(same((ddb_bytes){again.p, again.n}, (ddb_bytes){b->p, b->n}));
    ddbi_buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *p = (const char *)data;
    const char *end = n > 0 ? p + n : p;
    ddbi_signer *s = ddbi_signer_new();
    ddbi_sign_in in = {.access_key_id = "a",
                       .secret_access_key = "s",
                       .region = "r",
                       .service = "v",
                       .method = "POST"};
    ddbi_header header = {.name = {"H", 1}};
    ddbi_buf b = {0};

    MUST(s != NULL);
    in.path = take_line(&p, end);
    in.query = take_line(&p, end);
    header.value = (ddb_bytes){p, (size_t)(end - p)};
    in.headers = &header;
    in.n_headers = 1;
    in.no_normalize = n % 2;
    MUST(ddbi_sign_canonical(s, &in, &b) == DDB_OK);
    check(s, &in, &b);
    MUST(ddbi_sign(s, &in, &b) == DDB_OK);
    ddbi_buf_free(&b);
    ddbi_signer_free(s);
    return 0;
}
