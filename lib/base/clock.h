/* SPDX-License-Identifier: MIT */
/* Time, sleep and randomness, as a table that tests replace. */
#ifndef DDBI_CLOCK_H
#define DDBI_CLOCK_H

#include <ddb/ddb.h>

typedef struct ddbi_clock ddbi_clock;
struct ddbi_clock {
    int64_t (*now)(const ddbi_clock *k);  /* Unix milliseconds */
    int64_t (*mono)(const ddbi_clock *k); /* monotonic milliseconds; goes on
                                             in suspend where it can */
    void (*sleep)(const ddbi_clock *k, int64_t ms);
    int (*random)(const ddbi_clock *k, void *p, size_t n); /* 0: done */
    void *arg;
};

/* The system's. */
extern const ddbi_clock ddbi_system_clock;

/* "20260102T030405Z" with its NUL; seconds of years 0000 to 9999, others are
 * clamped. */
void ddbi_format_amz_date(int64_t unix_seconds, char out[17]);
/* "Tue, 15 Nov 1994 08:12:31 GMT" (RFC 9110 IMF-fixdate) or
 * "20260102T030405Z" or ISO 8601 "2026-01-02T03:04:05[.frac](Z|+hh:mm)" to
 * Unix seconds; 0 when it was one. */
int ddbi_parse_http_date(const char *p, size_t n, int64_t *out);
int ddbi_parse_amz_date(const char *p, size_t n, int64_t *out);
int ddbi_parse_iso_date(const char *p, size_t n, int64_t *out);

#endif
