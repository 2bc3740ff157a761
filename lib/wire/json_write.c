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
#include "wire/json_scan.h"

#include <string.h>

/* Is one due? */
static int needs_comma(const ddbi_buf *b)
{
    char last;

    if (b->n == 0)
        return 0;
    last = b->p[b->n - 1];
    return last != '{' && last != '[' && last != ':';
}

static void comma(ddbi_buf *b)
{
    if (needs_comma(b))
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

/* From end on, which is the first byte that is not plain. */
static void add_mixed(ddbi_buf *b, const char *s, size_t n, const char *end)
{
    const char *last = s + n;

    for (;; end = ddbi_json_plain_end(end, last)) {
        size_t span;

        if (end < last && (unsigned char)*end >= 0x80) {
            span = ddbi_utf8_char(end, (size_t)(last - end));
            if (span == 0) {
                ddbi_buf_fail(b, DDB_INVALID);
                return;
            }
            end += span;
            continue;
        }
        ddbi_buf_add(b, s, (size_t)(end - s));
        if (end == last)
            return;
        add_escape(b, (unsigned char)*end++);
        s = end;
    }
}

/* Most strings and all names are plain: those go in one piece.  tail is
 * nothing or the colon behind a name. */
static void add_string(ddbi_buf *b, const char *s, size_t n, size_t tail)
{
    size_t head = (size_t)needs_comma(b);
    const char *end;
    char *to;

    if (n == 0)
        s = ""; /* NULL may stand for it */
    end = ddbi_json_plain_end(s, s + n);
    if (end == s + n) {
        to = ddbi_buf_extend(b, head + 1 + n + 1 + tail);
        if (!to)
            return;
        *to = ','; /* or what the quote replaces */
        to += head;
        *to = '"';
        memcpy(to + 1, s, n);
        to[n + 1] = '"';
        to[n + 1 + tail] = tail ? ':' : '"';
        return;
    }
    if (head)
        ddbi_buf_add_c(b, ',');
    ddbi_buf_add_c(b, '"');
    add_mixed(b, s, n, end);
    ddbi_buf_add_c(b, '"');
    if (tail)
        ddbi_buf_add_c(b, ':');
}

void ddbi_json_key(ddbi_buf *b, const void *p, size_t n)
{
    add_string(b, p, n, 1);
}

void ddbi_json_str(ddbi_buf *b, const void *p, size_t n)
{
    add_string(b, p, n, 0);
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
