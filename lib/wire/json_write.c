/* SPDX-License-Identifier: MIT */
/*
 * Streaming JSON into a buffer.  There is no tree and no stack: whether a
 * comma is due can be seen from the last byte written, since a value ends in
 * none of '{', '[' and ':'.  Brackets are not checked; the callers' code is
 * what balances them, and their tests.
 *
 * Strings are UTF-8, with NUL and the other control characters escaped (RFC
 * 8259 section 7); anything else fails the buffer with DDB_INVALID, since
 * the service would refuse it or, worse, a lenient server would store
 * something else than was given.
 */
#include "wire/json_write.h"

#include "base/enc.h"

#include <string.h>

static void comma(ddbi_buf *b)
{
    char last;

    if (b->n == 0)
        return;
    last = b->p[b->n - 1];
    if (last != '{' && last != '[' && last != ':')
        ddbi_buf_add_c(b, ',');
}

void ddbi_json_open(ddbi_buf *b, char bracket)
{
    comma(b);
    ddbi_buf_add_c(b, bracket);
}

void ddbi_json_close(ddbi_buf *b, char bracket)
{
    ddbi_buf_add_c(b, bracket);
}

/* Must this byte be escaped? */
static int is_special(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* Where the first such byte is, from i on; n: there is none.  Eight bytes at
 * a time: x - 0x01... borrows into the top bit of each byte that was 0, and
 * x - 0x20... into that of each below 0x20; ~x leaves out those that had
 * their top bit set before. */
static size_t find_special(const char *s, size_t i, size_t n)
{
    const uint64_t ones = 0x0101010101010101u;

    for (; n - i >= 8; i += 8) {
        uint64_t x, quote, slash;

        memcpy(&x, s + i, 8);
        quote = x ^ ones * '"';
        slash = x ^ ones * '\\';
        if ((((x - ones * 0x20) & ~x) | ((quote - ones) & ~quote) |
             ((slash - ones) & ~slash)) &
            ones * 0x80)
            break;
    }
    while (i < n && !is_special((unsigned char)s[i]))
        i++;
    return i;
}

static void add_escape(ddbi_buf *b, unsigned char c)
{
    static const char digit[16] = "0123456789abcdef";
    char code[6] = {'\\', 'u', '0', '0', digit[c >> 4], digit[c & 15]};
    size_t n = 2;

    switch (c) {
    case '"':
    case '\\':
        code[1] = (char)c;
        break;
    case '\n':
        code[1] = 'n';
        break;
    case '\r':
        code[1] = 'r';
        break;
    case '\t':
        code[1] = 't';
        break;
    default:
        n = sizeof code;
    }
    ddbi_buf_add(b, code, n);
}

static void add_string(ddbi_buf *b, const char *s, size_t n)
{
    size_t i = 0;

    if (!ddbi_utf8_valid(s, n)) {
        ddbi_buf_fail(b, DDB_INVALID);
        return;
    }
    ddbi_buf_add_c(b, '"');
    while (i < n) {
        size_t end = find_special(s, i, n);

        ddbi_buf_add(b, s + i, end - i);
        if (end < n)
            add_escape(b, (unsigned char)s[end++]);
        i = end;
    }
    ddbi_buf_add_c(b, '"');
}

void ddbi_json_key(ddbi_buf *b, const void *p, size_t n)
{
    ddbi_json_str(b, p, n);
    ddbi_buf_add_c(b, ':');
}

void ddbi_json_str(ddbi_buf *b, const void *p, size_t n)
{
    comma(b);
    add_string(b, p, n);
}

void ddbi_json_base64(ddbi_buf *b, const void *p, size_t n)
{
    size_t size = ddbi_base64_size(n);
    char *to;

    comma(b);
    /* More than the address space holds cannot have been given; the sum is
     * safe, as size is a third above n at most and extend checks the rest. */
    to = n <= SIZE_MAX / 2 ? ddbi_buf_extend(b, size + 2) : NULL;
    if (!to) {
        ddbi_buf_fail(b, DDB_NOMEM);
        return;
    }
    to[0] = '"';
    ddbi_base64(to + 1, p, n);
    to[size + 1] = '"';
}

void ddbi_json_i64(ddbi_buf *b, int64_t v)
{
    comma(b);
    ddbi_buf_add_i64(b, v);
}

void ddbi_json_bool(ddbi_buf *b, int v)
{
    comma(b);
    ddbi_buf_add_str(b, v ? "true" : "false");
}

void ddbi_json_null(ddbi_buf *b)
{
    comma(b);
    ddbi_buf_add_str(b, "null");
}

void ddbi_json_raw(ddbi_buf *b, const void *p, size_t n)
{
    comma(b);
    ddbi_buf_add(b, p, n);
}
