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

/* Value of a letter, with VALID on top; 0: not one. */
#define VALID 64
static const unsigned char base64_value[256] = {
#define V(letter, value) [letter] = (VALID | (value))
    V('A', 0),  V('B', 1),  V('C', 2),  V('D', 3),  V('E', 4),  V('F', 5),
    V('G', 6),  V('H', 7),  V('I', 8),  V('J', 9),  V('K', 10), V('L', 11),
    V('M', 12), V('N', 13), V('O', 14), V('P', 15), V('Q', 16), V('R', 17),
    V('S', 18), V('T', 19), V('U', 20), V('V', 21), V('W', 22), V('X', 23),
    V('Y', 24), V('Z', 25), V('a', 26), V('b', 27), V('c', 28), V('d', 29),
    V('e', 30), V('f', 31), V('g', 32), V('h', 33), V('i', 34), V('j', 35),
    V('k', 36), V('l', 37), V('m', 38), V('n', 39), V('o', 40), V('p', 41),
    V('q', 42), V('r', 43), V('s', 44), V('t', 45), V('u', 46), V('v', 47),
    V('w', 48), V('x', 49), V('y', 50), V('z', 51), V('0', 52), V('1', 53),
    V('2', 54), V('3', 55), V('4', 56), V('5', 57), V('6', 58), V('7', 59),
    V('8', 60), V('9', 61), V('+', 62), V('/', 63),
#undef V
};

/* The last four characters, which may be padded.  Bytes written, -1: bad. */
static ptrdiff_t decode_tail(unsigned char *out, const unsigned char *s)
{
    unsigned a = base64_value[s[0]], b = base64_value[s[1]];
    unsigned c = base64_value[s[2]], d = base64_value[s[3]];

    if (!(a & b & VALID))
        return -1;
    out[0] = (unsigned char)(a << 2 | (b & 63) >> 4);
    if (s[2] == '=' && s[3] == '=')
        return b & 15 ? -1 : 1;
    if (!(c & VALID))
        return -1;
    out[1] = (unsigned char)(b << 4 | (c & 63) >> 2);
    if (s[3] == '=')
        return c & 3 ? -1 : 2;
    if (!(d & VALID))
        return -1;
    out[2] = (unsigned char)(c << 6 | (d & 63));
    return 3;
}

ptrdiff_t ddbi_base64_decode(void *out, const char *p, size_t n)
{
    const unsigned char *s = (const unsigned char *)p;
    unsigned char *to = out;
    unsigned seen = VALID;
    ptrdiff_t tail;

    if (n == 0)
        return 0;
    if (n % 4 != 0)
        return -1;
    for (; n > 4; n -= 4, s += 4, to += 3) {
        unsigned a = base64_value[s[0]], b = base64_value[s[1]];
        unsigned c = base64_value[s[2]], d = base64_value[s[3]];

        seen &= a & b & c & d;
        to[0] = (unsigned char)(a << 2 | (b & 63) >> 4);
        to[1] = (unsigned char)(b << 4 | (c & 63) >> 2);
        to[2] = (unsigned char)(c << 6 | (d & 63));
    }
    if (!seen)
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
        span = ddbi_utf8_char(s + i, n - i);
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

int ddbi_lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

int ddbi_is_digit(int c)
{
    return c >= '0' && c <= '9';
}

int ddbi_is_alnum(int c)
{
    int lower = ddbi_lower(c);

    return ddbi_is_digit(c) || (lower >= 'a' && lower <= 'z');
}

int ddbi_equal_nocase(const char *a, const char *b)
{
    while (*a && ddbi_lower(*a) == ddbi_lower(*b))
        a++, b++;
    return ddbi_lower(*a) == ddbi_lower(*b);
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
