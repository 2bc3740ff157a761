/* SPDX-License-Identifier: MIT */
/* A growing byte buffer with sticky failure: build without looking, check
 * `failed` once at the end. */
#ifndef DDBI_BUF_H
#define DDBI_BUF_H

#include <ddb/ddb.h>

typedef struct {
    char *p;         /* NULL while nothing was added */
    size_t n;        /* bytes in use */
    size_t cap;      /* bytes allocated */
    size_t max;      /* DDB_TOO_LARGE beyond; 0: no limit */
    ddb_code failed; /* the first failure; every later call does nothing */
    int secret;      /* set by the owner: memory is wiped before it is freed */
} ddbi_buf;          /* {0} is an empty one */

void ddbi_buf_add(ddbi_buf *b, const void *p, size_t n);
void ddbi_buf_add_c(ddbi_buf *b, char c);
void ddbi_buf_add_str(ddbi_buf *b, const char *s);
void ddbi_buf_add_u64(ddbi_buf *b, uint64_t v); /* decimal */
void ddbi_buf_add_i64(ddbi_buf *b, int64_t v);
/* n bytes at the end, counted, to be written by the caller; NULL: failed. */
char *ddbi_buf_extend(ddbi_buf *b, size_t n);
/* Make room for n more bytes and one NUL; 0 when there is. */
int ddbi_buf_reserve(ddbi_buf *b, size_t n);
/* A NUL behind the bytes, not counted; returns p, NULL: failed. */
const char *ddbi_buf_text(ddbi_buf *b);
void ddbi_buf_fail(ddbi_buf *b, ddb_code code); /* first one wins */
/* Empty it; memory and max are kept, the failure is forgotten. */
void ddbi_buf_clear(ddbi_buf *b);
/* Hand the bytes over, NUL-terminated, for ddb_free(); NULL: failed.  The
 * buffer is empty afterwards. */
char *ddbi_buf_take(ddbi_buf *b, size_t *n);
void ddbi_buf_free(ddbi_buf *b);

#endif
