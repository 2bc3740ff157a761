/* SPDX-License-Identifier: MIT */
/*
 * Hex, base64, percent encoding, UTF-8, and ASCII without the locale.
 *
 * The decoders take exactly what the encoders write.  A lenient base64
 * decoder would give two texts the same bytes; a lenient UTF-8 one would let
 * through what the service refuses, after the request was paid for.
 *
 * RFC 4648 (base64), RFC 3986 section 2.1 (percent), RFC 3629 (UTF-8).
 */
#include "base/enc.h"

#include <string.h>

void ddbi_hex(char *out, const void *p, size_t n)
{
    static const char digit[16] = "0123456789abcdef";
    const unsigned char *s = p;

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digit[s[i] >> 4];
        out[2 * i + 1] = digit[s[i] & 15];
    }
}

int ddbi_hex_digit(int c)
{
    if (ddbi_is_digit(c))
        return c - '0';
    c = ddbi_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t ddbi_base64_size(size_t n)
{
    return (n / 3 + (n % 3 != 0)) * 4;
}

void ddbi_base64(char *out, const void *p, size_t n)
{
    static const char letter[64] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *s = p;

    for (; n >= 3; n -= 3, s += 3, out += 4) {
        out[0] = letter[s[0] >> 2];
        out[1] = letter[(s[0] << 4 | s[1] >> 4) & 63];
        out[2] = letter[(s[1] << 2 | s[2] >> 6) & 63];
        out[3] = letter[s[2] & 63];
    }
    if (n) {
        unsigned second = n > 1 ? s[1] : 0;

        out[0] = letter[s[0] >> 2];
        out[1] = letter[((unsigned)s[0] << 4 | second >> 4) & 63];
        out[2] = n > 1 ? letter[second << 2 & 63] : '=';
        out[3] = '=';
    }
}

/* Value of a letter; X: none, and above all others or-ed together. */
/* clang-format off */
#define X 0xff
static const unsigned char base64_value[256] = {
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, 62, X, X, X, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X, X, X, X, X, X,
    X, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, X, X, X, X, X,
    X, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
};
#undef X
/* clang-format on */

static int is_bad(unsigned values)
{
    return values > 63;
}

/* The last four characters, which may be padded.  Bytes written, -1: bad. */
static ptrdiff_t decode_tail(unsigned char *out, const unsigned char *s)
{
    unsigned a = base64_value[s[0]], b = base64_value[s[1]];
    unsigned c = base64_value[s[2]], d = base64_value[s[3]];

    if (is_bad(a | b))
        return -1;
    out[0] = (unsigned char)(a << 2 | b >> 4);
    if (s[2] == '=' && s[3] == '=')
        return b & 15 ? -1 : 1;
    if (is_bad(c))
        return -1;
    out[1] = (unsigned char)(b << 4 | c >> 2);
    if (s[3] == '=')
        return c & 3 ? -1 : 2;
    if (is_bad(d))
        return -1;
    out[2] = (unsigned char)(c << 6 | d);
    return 3;
}

ptrdiff_t ddbi_base64_decode(void *out, const char *p, size_t n)
{
    const unsigned char *s = (const unsigned char *)p;
    unsigned char *to = out;
    unsigned seen = 0;
    ptrdiff_t tail;

    if (n == 0)
        return 0;
    if (n % 4 != 0)
        return -1;
    for (; n > 4; n -= 4, s += 4, to += 3) {
        unsigned a = base64_value[s[0]], b = base64_value[s[1]];
        unsigned c = base64_value[s[2]], d = base64_value[s[3]];
        unsigned group = a << 18 | b << 12 | c << 6 | d;

        seen |= a | b | c | d;
        to[0] = (unsigned char)(group >> 16);
        to[1] = (unsigned char)(group >> 8);
        to[2] = (unsigned char)group;
    }
    if (is_bad(seen))
        return -1;
    /* Through a small array: out has no room for bytes that padding cuts. */
    unsigned char last[3];
    tail = decode_tail(last, s);
    if (tail < 0)
        return -1;
    memcpy(to, last, (size_t)tail);
    return to - (unsigned char *)out + tail;
}

static int is_unreserved(unsigned char c)
{
    return ddbi_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void ddbi_uri_encode(ddbi_buf *b, const void *p, size_t n, int keep_slash)
{
    static const char digit[16] = "0123456789ABCDEF";
    const unsigned char *s = p;

    for (size_t i = 0; i < n; i++) {
        if (is_unreserved(s[i]) || (s[i] == '/' && keep_slash)) {
            ddbi_buf_add_c(b, (char)s[i]);
        } else {
            char code[3] = {'%', digit[s[i] >> 4], digit[s[i] & 15]};

            ddbi_buf_add(b, code, sizeof code);
        }
    }
}

static int is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

size_t ddbi_utf8_char(const void *p, size_t n)
{
    const unsigned char *s = p;

    if (n == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2) /* a tail, or an overlong form */
        return 0;
    if (s[0] < 0xe0)
        return n > 1 && is_tail(s[1]) ? 2 : 0;
    if (s[0] < 0xf0) {
        if (n < 3 || !is_tail(s[1]) || !is_tail(s[2]))
            return 0;
        if ((s[0] == 0xe0 && s[1] < 0xa0) || /* overlong */
            (s[0] == 0xed && s[1] > 0x9f))   /* surrogate */
            return 0;
        return 3;
    }
    if (s[0] > 0xf4 || n < 4)
        return 0;
    if (!is_tail(s[1]) || !is_tail(s[2]) || !is_tail(s[3]))
        return 0;
    if ((s[0] == 0xf0 && s[1] < 0x90) || /* overlong */
        (s[0] == 0xf4 && s[1] > 0x8f))   /* above U+10FFFF */
        return 0;
    return 4;
}

size_t ddbi_utf8_span(const void *p, size_t n)
{
    const unsigned char *s = p;
    size_t i = 0;

    while (i < n) {
        uint64_t word;
        size_t span;

        if (n - i >= sizeof word) {
            memcpy(&word, s + i, sizeof word);
            if (!(word & 0x8080808080808080u)) {
                i += sizeof word;
                continue;
            }
        }
        span = s[i] < 0x80 ? 1 : ddbi_utf8_char(s + i, n - i);
        if (span == 0)
            break;
        i += span;
    }
    return i;
}

int ddbi_utf8_valid(const void *p, size_t n)
{
    return ddbi_utf8_span(p, n) == n;
}

size_t ddbi_utf8_cut(const void *p, size_t n)
{
    const unsigned char *s = p;
    size_t first = n;

    while (first > 0 && n - first < 3 && is_tail(s[first - 1]))
        first--;
    if (first == 0 || s[first - 1] < 0xc0)
        return n;
    first--;
    return ddbi_utf8_char(s + first, n - first) ? n : first;
}

int ddbi_is_alnum(int c)
{
    int lower = ddbi_lower(c);

    return ddbi_is_digit(c) || (lower >= 'a' && lower <= 'z');
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

ddb_bytes ddbi_trim(const char *p, size_t n)
{
    while (n > 0 && is_space(p[n - 1]))
        n--;
    while (n > 0 && is_space(*p))
        p++, n--;
    return (ddb_bytes){p, n};
}

int ddbi_equal(ddb_bytes a, ddb_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int ddbi_equal_text(ddb_bytes a, const char *text)
{
    return ddbi_equal(a, (ddb_bytes){text, strlen(text)});
}

int ddbi_compare(ddb_bytes a, ddb_bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;

    return order ? order : (a.n > b.n) - (a.n < b.n);
}

int ddbi_equal_nocase(const char *a, const char *b)
{
    while (*a && ddbi_lower(*a) == ddbi_lower(*b))
        a++, b++;
    return ddbi_lower(*a) == ddbi_lower(*b);
}

int ddbi_same_name(ddb_bytes a, ddb_bytes b)
{
    const unsigned char *p = a.p;
    const unsigned char *q = b.p;

    if (a.n != b.n)
        return 0;
    for (size_t i = 0; i < a.n; i++)
        if (ddbi_lower(p[i]) != ddbi_lower(q[i]))
            return 0;
    return 1;
}

int ddbi_parse_u64(const char *p, size_t n, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;

    if (n == 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        unsigned digit = (unsigned char)p[i] - (unsigned)'0';

        if (digit > 9 || v > max / 10 || digit > max - v * 10)
            return -1;
        v = v * 10 + digit;
    }
    *out = v;
    return 0;
}
