/* SPDX-License-Identifier: MIT */
/* Encodings: lower-case hex, base64 (RFC 4648 section 4, padded), percent
 * encoding (RFC 3986) and UTF-8 (RFC 3629).  Decoders are strict. */
#ifndef DDBI_ENC_H
#define DDBI_ENC_H

#include "base/buf.h"

/* 2 * n characters, no NUL. */
void ddbi_hex(char *out, const void *p, size_t n);
/* What a digit of either case stands for; -1: it is none. */
int ddbi_hex_digit(int c);

/* Characters that n bytes take, and writing them; no NUL. */
size_t ddbi_base64_size(size_t n);
void ddbi_base64(char *out, const void *p, size_t n);
/* Into out, which has room for n / 4 * 3 bytes.  Returns how many, -1 when
 * it is not base64 (bad character, padding or stray bits). */
ptrdiff_t ddbi_base64_decode(void *out, const char *p, size_t n);

/* Unreserved characters as they are, all others %XX in upper case; a slash
 * is kept when keep_slash is set. */
void ddbi_uri_encode(ddbi_buf *b, const void *p, size_t n, int keep_slash);

/* Bytes of the longest valid UTF-8 prefix: n when all of it is. No
 * surrogates, no overlong forms, nothing above U+10FFFF. */
size_t ddbi_utf8_span(const void *p, size_t n);
int ddbi_utf8_valid(const void *p, size_t n);
/* Bytes of the first character, 1 to 4; 0: it is not valid, or n is 0. */
size_t ddbi_utf8_char(const void *p, size_t n);
/* Where to cut text of which there was no room for more than n bytes: n, or
 * less when the last character would be torn. */
size_t ddbi_utf8_cut(const void *p, size_t n);

/* ASCII without the locale. */
static inline int ddbi_lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}
static inline int ddbi_is_digit(int c)
{
    return c >= '0' && c <= '9';
}
int ddbi_is_alnum(int c);
/* Without space, tab, CR and LF at both ends. */
ddb_bytes ddbi_trim(const char *p, size_t n);
int ddbi_equal(ddb_bytes a, ddb_bytes b);
int ddbi_equal_text(ddb_bytes a, const char *text);
/* Which comes first, byte by byte: below 0, 0 or above, as memcmp's. */
int ddbi_compare(ddb_bytes a, ddb_bytes b);
/* Equal but for the case of ASCII letters. */
int ddbi_equal_nocase(const char *a, const char *b);
int ddbi_same_name(ddb_bytes a, ddb_bytes b);
/* All of text as an unsigned decimal of at most max; 0 when it is one. */
int ddbi_parse_u64(const char *p, size_t n, uint64_t max, uint64_t *out);

#endif
