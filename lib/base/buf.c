/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer.  It doubles, so that building n bytes costs a
 * handful of allocations, and it never shrinks by itself: requests and
 * answers reuse one buffer for the life of a connection.
 *
 * The first failure sticks.  Whoever builds something appends without
 * looking and asks once, at the end, whether it all went well.
 */
#include "base/buf.h"

#include "base/alloc.h"

#include <string.h>

#define FIRST_CAP 256

void ddbi_buf_fail(ddbi_buf *b, ddb_code code)
{
    if (b->failed == DDB_OK)
        b->failed = code;
}

static void release(ddbi_buf *b)
{
    if (b->secret && b->p)
        ddbi_wipe(b->p, b->cap);
    ddbi_free(b->p);
    b->p = NULL;
}

/* realloc() would leave a copy of a secret behind. */
static char *resize(ddbi_buf *b, size_t cap)
{
    char *p;

    if (!b->secret)
        return ddbi_realloc(b->p, cap);
    p = ddbi_malloc(cap);
    if (p) {
        if (b->n)
            memcpy(p, b->p, b->n);
        release(b);
    }
    return p;
}

int ddbi_buf_reserve(ddbi_buf *b, size_t n)
{
    size_t need, cap = b->cap;
    char *p;

    if (b->failed != DDB_OK)
        return -1;
    if (b->max && (n > b->max || b->n > b->max - n)) {
        ddbi_buf_fail(b, DDB_TOO_LARGE);
        return -1;
    }
    if (n < cap - b->n)
        return 0;
    if (ddbi_add_size(b->n, n, &need) || ddbi_add_size(need, 1, &need)) {
        ddbi_buf_fail(b, DDB_NOMEM);
        return -1;
    }
    if (cap < FIRST_CAP)
        cap = FIRST_CAP;
    else if (ddbi_add_size(cap, cap, &cap))
        cap = need;
    if (cap < need)
        cap = need;
    p = resize(b, cap);
    if (!p) {
        ddbi_buf_fail(b, DDB_NOMEM);
        return -1;
    }
    b->p = p;
    b->cap = cap;
    return 0;
}

char *ddbi_buf_extend(ddbi_buf *b, size_t n)
{
    char *p;

    if (ddbi_buf_reserve(b, n))
        return NULL;
    p = b->p + b->n;
    b->n += n;
    return p;
}

void ddbi_buf_add(ddbi_buf *b, const void *p, size_t n)
{
    char *to = ddbi_buf_extend(b, n);

    if (to && n)
        memcpy(to, p, n);
}

void ddbi_buf_add_c(ddbi_buf *b, char c)
{
    char *to = ddbi_buf_extend(b, 1);

    if (to)
        *to = c;
}

void ddbi_buf_add_str(ddbi_buf *b, const char *s)
{
    ddbi_buf_add(b, s, strlen(s));
}

void ddbi_buf_add_u64(ddbi_buf *b, uint64_t v)
{
    char digits[20]; /* of 2^64 - 1 */
    size_t i = sizeof digits;

    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    ddbi_buf_add(b, digits + i, sizeof digits - i);
}

void ddbi_buf_add_i64(ddbi_buf *b, int64_t v)
{
    if (v < 0)
        ddbi_buf_add_c(b, '-');
    /* Negated as unsigned: -INT64_MIN is no int64_t. */
    ddbi_buf_add_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

const char *ddbi_buf_text(ddbi_buf *b)
{
    if (ddbi_buf_reserve(b, 0))
        return NULL;
    b->p[b->n] = '\0';
    return b->p;
}

void ddbi_buf_clear(ddbi_buf *b)
{
    b->n = 0;
    b->failed = DDB_OK;
}

char *ddbi_buf_take(ddbi_buf *b, size_t *n)
{
    char *p = NULL;

    if (ddbi_buf_text(b)) {
        p = b->p;
        b->p = NULL;
    }
    if (n)
        *n = p ? b->n : 0;
    release(b);
    b->n = b->cap = 0;
    return p;
}

void ddbi_buf_free(ddbi_buf *b)
{
    release(b);
    b->n = b->cap = 0;
    b->failed = DDB_OK;
}
