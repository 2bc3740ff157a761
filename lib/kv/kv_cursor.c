/* SPDX-License-Identifier: MIT */
/*
 * A place in a listing, as text that outlives the process: base64url (RFC
 * 4648 section 5, without padding) of
 *
 *     1 byte   1, the version
 *     4 bytes  CRC-32 of namespace and range and of what follows here
 *     n bytes  the last key that was given; none: the beginning
 *
 * The sum is there against mistakes, such as the cursor of another listing;
 * it is no secret, and a forged cursor leads to a place that its maker could
 * have asked for too.  The number of shards is no part of it: keys have one
 * order.
 */
#include "base/alloc.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/hash.h"
#include "kv/kv_impl.h"

#include <string.h>

#define VERSION 1
#define HEAD 5 /* bytes before the key */
#define MAX_TEXT ((sizeof(ddbi_kv_place) + 2) / 3 * 4)

/* Lengths come before texts, so that no two ranges are the same bytes. */
static void add(ddbi_buf *b, ddb_bytes text)
{
    ddbi_buf_add_u64(b, text.n);
    ddbi_buf_add_c(b, ' ');
    if (text.n > 0)
        ddbi_buf_add(b, text.p, text.n);
}

/* Version and sum of a place. */
static ddb_code make_head(const ddb_kv *kv, const ddb_kv_range *range,
                          ddb_bytes after, unsigned char head[HEAD])
{
    ddbi_buf b = {0};
    uint32_t sum;
    ddb_code code;

    add(&b, kv->name_space);
    add(&b, range->prefix);
    add(&b, range->from);
    add(&b, range->to);
    ddbi_buf_add_c(&b, range->reverse ? '-' : '+');
    add(&b, after);
    code = b.failed;
    sum = code == DDB_OK ? ddbi_crc32(b.p, b.n) : 0;
    ddbi_buf_free(&b);
    head[0] = VERSION;
    for (int i = 0; i < 4; i++)
        head[1 + i] = (unsigned char)(sum >> (24 - 8 * i));
    return code;
}

static void replace(char *text, size_t n, char from, char to)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] == from)
            text[i] = to;
}

char *ddbi_kv_cursor_make(const ddb_kv *kv, const ddb_kv_range *range,
                          ddb_bytes after)
{
    ddbi_kv_place place;
    char *text;
    size_t n;

    if (make_head(kv, range, after, (unsigned char *)place) != DDB_OK)
        return NULL;
    if (after.n > 0)
        memcpy(place + HEAD, after.p, after.n);
    n = ddbi_base64_size(HEAD + after.n);
    if ((text = ddbi_malloc(n + 1)) == NULL)
        return NULL;
    ddbi_base64(text, place, HEAD + after.n);
    while (text[n - 1] == '=')
        n--;
    text[n] = '\0';
    replace(text, n, '+', '-');
    replace(text, n, '/', '_');
    return text;
}

/* Bytes of the place, -1: the text is no cursor. */
static ptrdiff_t read_text(const char *cursor, ddbi_kv_place place)
{
    char text[MAX_TEXT + 4];
    size_t n = strlen(cursor);

    if (n > MAX_TEXT - 4 || strpbrk(cursor, "+/=") != NULL)
        return -1;
    for (size_t i = 0; i < n; i++)
        text[i] = cursor[i];
    replace(text, n, '-', '+');
    replace(text, n, '_', '/');
    while (n % 4 != 0)
        text[n++] = '=';
    return ddbi_base64_decode(place, text, n);
}

ddb_code ddbi_kv_cursor_read(const ddb_kv *kv, const ddb_kv_range *range,
                             ddbi_kv_place room, ddb_bytes *after, ddb_err *err)
{
    unsigned char head[HEAD];
    ptrdiff_t n = read_text(range->cursor, room);

    if (n < HEAD || room[0] != VERSION)
        return ddbi_fail(err, DDB_INVALID, "this is no cursor");
    *after = (ddb_bytes){room + HEAD, (size_t)n - HEAD};
    if (make_head(kv, range, *after, head) != DDB_OK)
        return ddbi_nomem(err);
    if (memcmp(head, room, HEAD) != 0)
        return ddbi_fail(err, DDB_INVALID,
                         "the cursor is that of another listing");
    return DDB_OK;
}
