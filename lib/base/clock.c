/* SPDX-License-Identifier: MIT */
/*
 * Time, sleep and randomness of the system, and the three ways in which
 * dates are written to us and by us.
 *
 * Deadlines run on a clock that goes on while the machine is suspended,
 * where there is one: a call that was begun before the lid was closed has
 * timed out when it is opened.
 *
 * Randomness is for jitter and for the 16-byte versions of items, some bytes
 * a call.  It comes from the kernel (getentropy: Linux, BSD, macOS), not from
 * OpenSSL's generator: there is no state that a fork could double, nothing
 * to seed, no lock, and one system call is as cheap as RAND_bytes().
 *
 * Dates are proleptic Gregorian, in UTC, in 64 bits on every machine; the C
 * library's functions are not used as they know locales and time zones and,
 * on small systems, the year 2038.
 */
#include "base/clock.h"

#include "base/enc.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#ifdef CLOCK_BOOTTIME
#define FIRST_MONO CLOCK_BOOTTIME
#else
#define FIRST_MONO CLOCK_MONOTONIC
#endif

#define MOST_ENTROPY 256 /* bytes that getentropy gives in one call */
#define DAY 86400

static int64_t milliseconds(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000;
}

static int64_t system_now(const ddbi_clock *k)
{
    struct timespec t = {0};

    (void)k;
    clock_gettime(CLOCK_REALTIME, &t);
    return milliseconds(&t);
}

static int64_t system_mono(const ddbi_clock *k)
{
    struct timespec t = {0};

    (void)k;
    if (clock_gettime(FIRST_MONO, &t) != 0)
        clock_gettime(CLOCK_MONOTONIC, &t);
    return milliseconds(&t);
}

static void system_sleep(const ddbi_clock *k, int64_t ms)
{
    struct timespec left;

    (void)k;
    if (ms <= 0)
        return;
    left.tv_sec = (time_t)(ms / 1000);
    left.tv_nsec = (long)(ms % 1000) * 1000000;
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static int system_random(const ddbi_clock *k, void *p, size_t n)
{
    char *to = p;

    (void)k;
    while (n > 0) {
        size_t part = n < MOST_ENTROPY ? n : MOST_ENTROPY;

        if (getentropy(to, part) != 0)
            return -1;
        to += part;
        n -= part;
    }
    return 0;
}

const ddbi_clock ddbi_system_clock = {system_now, system_mono, system_sleep,
                                      system_random, NULL};

typedef struct {
    int year, month, day, hour, minute, second;
} date;

/*
 * Days from 1970-01-01 to the first of the month; year is -1 at least.  For
 * this a year begins on 1 March, so that the leap day is its last: then day
 * (153 m + 2) / 5 is the first of month m, March being 0.  400 years, which
 * are 146097 days, are added to stay above zero.  719468 days lie between
 * 0000-03-01 and 1970-01-01.
 */
static int64_t days_before(int year, int month)
{
    int64_t y = 400 + (month > 2 ? year : year - 1);
    int m = month > 2 ? month - 3 : month + 9;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 - 146097 -
           719468;
}

static int64_t to_seconds(const date *d)
{
    int64_t days = days_before(d->year, d->month) + d->day - 1;

    return days * DAY + d->hour * 3600 + d->minute * 60 + d->second;
}

/* Of the years 0 to 9999; what is outside becomes the nearest second. */
static date from_seconds(int64_t seconds)
{
    const int64_t first = days_before(0, 1) * DAY;
    const int64_t last = days_before(10000, 1) * DAY - 1;
    date d = {.month = 12};
    int64_t days, rest;

    if (seconds < first)
        seconds = first;
    if (seconds > last)
        seconds = last;
    days = (seconds - first) / DAY; /* since 0000-01-01, to guess the year */
    rest = (seconds - first) % DAY;
    d.year = (int)(days * 400 / 146097);
    days += first / DAY;
    while (days < days_before(d.year, 1))
        d.year--;
    while (days >= days_before(d.year + 1, 1))
        d.year++;
    while (days < days_before(d.year, d.month))
        d.month--;
    d.day = (int)(days - days_before(d.year, d.month)) + 1;
    d.hour = (int)(rest / 3600);
    d.minute = (int)(rest / 60 % 60);
    d.second = (int)(rest % 60);
    return d;
}

static int is_date(const date *d)
{
    int64_t next;

    if (d->month < 1 || d->month > 12 || d->day < 1)
        return 0;
    next = d->month < 12 ? days_before(d->year, d->month + 1)
                         : days_before(d->year + 1, 1);
    return d->day <= next - days_before(d->year, d->month) && d->hour < 24 &&
           d->minute < 60 && d->second <= 60; /* a leap second */
}

static void put_digits(char *out, int n, int v)
{
    while (n-- > 0) {
        out[n] = (char)('0' + v % 10);
        v /= 10;
    }
}

void ddbi_format_amz_date(int64_t unix_seconds, char out[17])
{
    date d = from_seconds(unix_seconds);

    put_digits(out, 4, d.year);
    put_digits(out + 4, 2, d.month);
    put_digits(out + 6, 2, d.day);
    out[8] = 'T';
    put_digits(out + 9, 2, d.hour);
    put_digits(out + 11, 2, d.minute);
    put_digits(out + 13, 2, d.second);
    memcpy(out + 15, "Z", 2);
}

/*
 * Read p as the pattern says: Y M D h m s take a digit each for that field,
 * a ? any character, all else stands for itself.  0: it fits.
 */
static int read_pattern(const char *p, size_t n, const char *pattern, date *d)
{
    static const char fields[] = "YMDhms";
    int *const to[] = {&d->year, &d->month,  &d->day,
                       &d->hour, &d->minute, &d->second};

    if (n != strlen(pattern))
        return -1;
    for (size_t i = 0; i < n; i++) {
        const char *field = strchr(fields, pattern[i]);

        if (field) {
            int *v = to[field - fields];

            if (!ddbi_is_digit(p[i]))
                return -1;
            *v = *v * 10 + p[i] - '0';
        } else if (pattern[i] != '?' && pattern[i] != p[i]) {
            return -1;
        }
    }
    return 0;
}

/* Which of the names of three letters in the list; -1: none. */
static int find_name(const char *p, const char *list)
{
    for (int i = 0; list[3 * i]; i++)
        if (memcmp(p, list + 3 * i, 3) == 0)
            return i;
    return -1;
}

int ddbi_parse_http_date(const char *p, size_t n, int64_t *out)
{
    date d = {0};

    /* The m of GMT would be a minute: it is compared by hand. */
    if (read_pattern(p, n, "???, DD ??? YYYY hh:mm:ss G?T", &d) != 0 ||
        p[27] != 'M')
        return -1;
    /* The day of the week has to be one; which one is redundant. */
    if (find_name(p, "MonTueWedThuFriSatSun") < 0)
        return -1;
    d.month = 1 + find_name(p + 8, "JanFebMarAprMayJunJulAugSepOctNovDec");
    if (!is_date(&d))
        return -1;
    *out = to_seconds(&d);
    return 0;
}

int ddbi_parse_amz_date(const char *p, size_t n, int64_t *out)
{
    date d = {0};

    if (read_pattern(p, n, "YYYYMMDDThhmmssZ", &d) != 0 || !is_date(&d))
        return -1;
    *out = to_seconds(&d);
    return 0;
}

/* "Z" or "+hh:mm" or "-hh:mm" as seconds east of Greenwich. */
static int read_zone(const char *p, size_t n, int64_t *east)
{
    date d = {0};

    *east = 0;
    if (n == 1 && *p == 'Z')
        return 0;
    if (read_pattern(p, n, "?hh:mm", &d) != 0 || (*p != '+' && *p != '-') ||
        d.hour > 23 || d.minute > 59)
        return -1;
    *east = (*p == '+' ? 60 : -60) * (d.hour * 60 + d.minute);
    return 0;
}

int ddbi_parse_iso_date(const char *p, size_t n, int64_t *out)
{
    static const char pattern[] = "YYYY-MM-DDThh:mm:ss";
    const size_t whole = sizeof pattern - 1;
    size_t i = whole;
    int64_t east;
    date d = {0};

    if (n <= whole || read_pattern(p, whole, pattern, &d) != 0 || !is_date(&d))
        return -1;
    if (p[i] == '.') {
        for (i++; i < n && ddbi_is_digit(p[i]); i++)
            continue;
        if (i == whole + 1)
            return -1;
    }
    if (read_zone(p + i, n - i, &east) != 0)
        return -1;
    *out = to_seconds(&d) - east;
    return 0;
}
