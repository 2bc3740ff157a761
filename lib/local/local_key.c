/* SPDX-License-Identifier: MIT */
/*
 * Places: bytes whose order by memcmp is DynamoDB's order of rows.
 *
 * A field of a place ends with 00 00, and a 00 within it is written 00 01: so
 * a field that is the beginning of another one comes before it, whatever
 * follows, and no field can run into the next.
 *
 * A number is its sign (7f, 80 for zero, 81), its exponent and its digits,
 * two a byte as 1 to 100.  Of a negative one exponent and digits count
 * downwards, and an ff behind them puts -5 after -5.1.  The order of strings
 * is that of their UTF-8, which is the order of bytes.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html#HowItWorks.CoreComponents.PrimaryKey
 */
#include "local/local_key.h"

#include "base/hash.h"

#include <string.h>

#define NEGATIVE 0x7f
#define ZERO 0x80
#define POSITIVE 0x81
#define BEHIND_DIGITS 0xff

/* Of the smallest number, 1E-130, as ddbi_number has it; the largest number's
 * is 255 more. */
#define MIN_EXPONENT (-129)

void ddbi_key_number(ddbi_buf *b, const ddbi_number *n)
{
    unsigned char out[2 + DDBI_MAX_DIGITS / 2 + 1];
    int exponent = n->exponent - MIN_EXPONENT;
    size_t used = 0;

    out[used++] = n->n == 0 ? ZERO : n->negative ? NEGATIVE : POSITIVE;
    if (n->n > 0)
        out[used++] =
            (unsigned char)(n->negative ? UINT8_MAX - exponent : exponent);
    for (int i = 0; i < n->n; i += 2) {
        int pair = 10 * n->digit[i] + (i + 1 < n->n ? n->digit[i + 1] : 0);

        out[used++] = (unsigned char)(n->negative ? 100 - pair : 1 + pair);
    }
    if (n->negative)
        out[used++] = BEHIND_DIGITS;
    ddbi_buf_add(b, out, used);
}

void ddbi_key_value(ddbi_buf *b, const ddb_value *v)
{
    ddbi_number n;
    ddb_code code;

    if (v->type != DDB_N) {
        ddbi_buf_add(b, v->u.bytes.p, v->u.bytes.n);
        return;
    }
    code = ddbi_number_parse(v->u.bytes.p, v->u.bytes.n, &n);
    if (code == DDB_OK)
        ddbi_key_number(b, &n);
    else
        ddbi_buf_fail(b, code);
}

static void add_u32(ddbi_buf *b, uint32_t v)
{
    const unsigned char bytes[4] = {(unsigned char)(v >> 24),
                                    (unsigned char)(v >> 16),
                                    (unsigned char)(v >> 8), (unsigned char)v};

    ddbi_buf_add(b, bytes, sizeof bytes);
}

void ddbi_place_add(ddbi_buf *b, ddb_bytes field, int whole)
{
    const char *p = field.p, *zero;
    size_t left = field.n;

    while (left > 0 && (zero = memchr(p, 0, left)) != NULL) {
        size_t n = (size_t)(zero - p) + 1;

        ddbi_buf_add(b, p, n);
        ddbi_buf_add_c(b, 1);
        p += n;
        left -= n;
    }
    ddbi_buf_add(b, p, left);
    if (whole)
        ddbi_buf_add(b, "\0", 2);
}

void ddbi_place_partition(ddbi_buf *b, uint32_t id, ddb_bytes pk)
{
    add_u32(b, id);
    add_u32(b, ddbi_crc32(pk.p, pk.n));
    ddbi_place_add(b, pk, 1);
}

void ddbi_place(ddbi_buf *b, uint32_t id, ddb_bytes pk, const ddb_bytes *sk,
                const ddb_bytes *tie)
{
    static const ddb_bytes nothing;

    ddbi_place_partition(b, id, pk);
    ddbi_place_add(b, sk ? *sk : nothing, 1);
    ddbi_place_add(b, tie ? *tie : nothing, 1);
}

void ddbi_place_hash(ddbi_buf *b, uint32_t id, uint64_t hash)
{
    if (hash > UINT32_MAX) {
        add_u32(b, id + 1);
        return;
    }
    add_u32(b, id);
    add_u32(b, (uint32_t)hash);
}

void ddbi_place_after(ddbi_buf *b)
{
    while (b->n > 0 && (unsigned char)b->p[b->n - 1] == 0xff)
        b->n--;
    if (b->n > 0)
        b->p[b->n - 1] = (char)((unsigned char)b->p[b->n - 1] + 1);
    else
        ddbi_buf_fail(b, DDB_INVALID); /* nothing is behind all of them */
}

void ddbi_place_next(ddbi_buf *b)
{
    ddbi_buf_add_c(b, '\0');
}

void ddbi_place_named(ddbi_buf *b, uint32_t id, ddb_bytes name)
{
    add_u32(b, id);
    ddbi_buf_add(b, name.p, name.n);
}
