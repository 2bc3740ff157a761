/* SPDX-License-Identifier: MIT */
/* What the reader and the writer of JSON do most of the time: going over the
 * plain part of a string, eight bytes at a time. */
#ifndef DDBI_JSON_SCAN_H
#define DDBI_JSON_SCAN_H

#include <stddef.h>
#include <stdint.h>

/* The eight bytes at s, the first of them lowest; compilers make one load of
 * it. */
static inline uint64_t ddbi_load64(const char *s)
{
    const unsigned char *u = (const unsigned char *)s;

    return (uint64_t)u[0] | (uint64_t)u[1] << 8 | (uint64_t)u[2] << 16 |
           (uint64_t)u[3] << 24 | (uint64_t)u[4] << 32 | (uint64_t)u[5] << 40 |
           (uint64_t)u[6] << 48 | (uint64_t)u[7] << 56;
}

/*
 * The first byte from s on that is '"' or '\\', a control character, or not
 * ASCII; end: there is none.  A subtraction borrows into the top bit of each
 * byte that is 0 (or below 0x20), and above such a byte perhaps into others:
 * the lowest top bit is right, and only that one is used.
 */
static inline const char *ddbi_json_plain_end(const char *s, const char *end)
{
    const uint64_t ones = 0x0101010101010101u;

    for (; end - s >= 8; s += 8) {
        uint64_t x = ddbi_load64(s);
        uint64_t quote = x ^ ones * '"', slash = x ^ ones * '\\';
        uint64_t hit = (x - ones * 0x20) | (quote - ones) | (slash - ones);

        hit = ((hit & ~x) | x) & ones * 0x80;
        if (hit)
            return s + __builtin_ctzll(hit) / 8;
    }
    while (s < end && (unsigned char)*s >= 0x20 && (unsigned char)*s < 0x80 &&
           *s != '"' && *s != '\\')
        s++;
    return s;
}

#endif
