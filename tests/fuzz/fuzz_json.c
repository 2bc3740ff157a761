/* SPDX-License-Identifier: MIT */
/*
 * The JSON reader and writer.  The input is read as a text; if it is one,
 * what the writer makes of its tokens must be read as the same tokens.  Then
 * the input is a string to be written: refused unless it is UTF-8, else read
 * back as it was.
 */
#include "fuzz.h"

#include "base/enc.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

#include <string.h>

/* The string or key under the reader, by all ways of getting at it. */
static ddb_bytes get_text(const ddbi_json_reader *r, ddbi_arena *a)
{
    ddb_bytes text = ddbi_json_text(r, a);
    char start[8];
    size_t n;

    MUST(text.p && text.n <= r->text.n);
    MUST(ddbi_utf8_valid(text.p, text.n));
    ddbi_json_copy(r, start, sizeof start);
    n = strlen(start);
    MUST(n <= text.n && memcmp(start, text.p, n) == 0);
    MUST(ddbi_utf8_valid(start, n));
    if (!memchr(text.p, '\0', text.n))
        MUST(ddbi_json_is(r, text.p));
    return text;
}

static void rewrite_scalar(const ddbi_json_reader *r, ddbi_buf *b,
                           ddbi_arena *a)
{
    ddb_bytes text = {0};
    int64_t integer;
    double number;

    switch (r->token) {
    case DDBI_JSON_KEY:
    case DDBI_JSON_STRING:
        text = get_text(r, a);
        break;
    case DDBI_JSON_NUMBER:
        ddbi_json_read_i64(r, &integer);
        ddbi_json_read_double(r, &number);
        ddbi_json_raw(b, r->text.p, r->text.n);
        return;
    case DDBI_JSON_TRUE:
    case DDBI_JSON_FALSE:
        ddbi_json_bool(b, r->token == DDBI_JSON_TRUE);
        return;
    default:
        ddbi_json_null(b);
        return;
    }
    if (r->token == DDBI_JSON_KEY)
        ddbi_json_key(b, text.p, text.n);
    else
        ddbi_json_str(b, text.p, text.n);
}

static void rewrite(const ddbi_json_reader *r, ddbi_buf *b, ddbi_arena *a)
{
    switch (r->token) {
    case DDBI_JSON_OBJECT:
        ddbi_json_open(b, '{');
        break;
    case DDBI_JSON_ARRAY:
        ddbi_json_open(b, '[');
        break;
    case DDBI_JSON_OBJECT_END:
        ddbi_json_close(b, '}');
        break;
    case DDBI_JSON_ARRAY_END:
        ddbi_json_close(b, ']');
        break;
    default:
        rewrite_scalar(r, b, a);
    }
}

/* Where a copy of the reader is after it has skipped the same value. */
static void check_skip(const ddbi_json_reader *r)
{
    ddbi_json_reader skipping = *r;

    if (ddbi_json_skip(&skipping) == 0) {
        MUST(skipping.p >= r->p && skipping.p <= r->end);
        MUST(skipping.depth <= r->depth);
    } else {
        MUST(skipping.why);
    }
}

static void read_and_rewrite(const uint8_t *data, size_t n)
{
    ddbi_json_reader r, again;
    ddbi_buf b = {0};
    ddbi_arena a = {0}, other = {0};
    size_t tokens = 0;

    ddbi_json_start(&r, data, n);
    while (ddbi_json_next(&r) > 0) {
        /* Not from each of many: that would take the square of the time. */
        if (tokens++ < 64)
            check_skip(&r);
        rewrite(&r, &b, &a);
    }
    MUST(b.failed == DDB_OK);
    if (r.token == DDBI_JSON_END) {
        ddbi_json_start(&r, data, n);
        ddbi_json_start(&again, b.p, b.n);
        do {
            MUST(ddbi_json_next(&r) == ddbi_json_next(&again));
            if (r.token == DDBI_JSON_KEY || r.token == DDBI_JSON_STRING) {
                ddb_bytes x = get_text(&r, &a), y = get_text(&again, &other);

                MUST(x.n == y.n && memcmp(x.p, y.p, x.n) == 0);
            }
        } while (r.token > 0);
    }
    ddbi_arena_free(&a);
    ddbi_arena_free(&other);
    ddbi_buf_free(&b);
}

static void write_and_read(const uint8_t *data, size_t n)
{
    ddbi_json_reader r;
    ddbi_buf b = {0};
    ddbi_arena a = {0};
    ddb_bytes back;

    ddbi_json_str(&b, data, n);
    if (!ddbi_utf8_valid(data, n)) {
        MUST(b.failed == DDB_INVALID);
    } else {
        ddbi_json_start(&r, b.p, b.n);
        MUST(ddbi_json_next(&r) == DDBI_JSON_STRING);
        back = get_text(&r, &a);
        MUST(back.n == n && (n == 0 || memcmp(back.p, data, n) == 0));
        MUST(ddbi_json_next(&r) == DDBI_JSON_END);
    }
    ddbi_arena_free(&a);
    ddbi_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    read_and_rewrite(data, n);
    write_and_read(data, n);
    return 0;
}
