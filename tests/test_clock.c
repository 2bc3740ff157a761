/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/clock.h"
#include "rng.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

static const struct {
    int64_t seconds;
    const char *text;
} amz_dates[] = {
    {0, "19700101T000000Z"},
    {1, "19700101T000001Z"},
    {-1, "19691231T235959Z"},
    {1440938160, "20150830T123600Z"},
    {951782400, "20000229T000000Z"},
    {951868799, "20000229T235959Z"},
    {951868800, "20000301T000000Z"},
    {4107542400, "21000301T000000Z"},
    {2147483648, "20380119T031408Z"},
    {4294967296, "21060207T062816Z"},
    {-62167219200, "00000101T000000Z"},
    {-62162035201, "00000229T235959Z"},
    {253402300799, "99991231T235959Z"},
};

START_TEST(amz_date_both_ways)
{
    char text[17];
    int64_t seconds = 42;

    ddbi_format_amz_date(amz_dates[_i].seconds, text);
    ck_assert_str_eq(text, amz_dates[_i].text);
    ck_assert_int_eq(ddbi_parse_amz_date(text, 16, &seconds), 0);
    ck_assert_int_eq(seconds, amz_dates[_i].seconds);
}
END_TEST

START_TEST(years_that_take_more_digits_are_clamped)
{
    char text[17];

    ddbi_format_amz_date(253402300800, text);
    ck_assert_str_eq(text, "99991231T235959Z");
    ddbi_format_amz_date(INT64_MAX, text);
    ck_assert_str_eq(text, "99991231T235959Z");
    ddbi_format_amz_date(-62167219201, text);
    ck_assert_str_eq(text, "00000101T000000Z");
    ddbi_format_amz_date(INT64_MIN, text);
    ck_assert_str_eq(text, "00000101T000000Z");
}
END_TEST

/* Every day of five centuries, and seconds at random, as the C library says
 * them. */
START_TEST(agrees_with_gmtime)
{
    rng r = {3};

    for (int64_t day = -100000; day < 100000; day++) {
        int64_t t = day * 86400 + (int64_t)(rng_next(&r) % 86400), back;
        time_t c_time = (time_t)t;
        struct tm tm;
        char text[17], want[32];

        gmtime_r(&c_time, &tm);
        strftime(want, sizeof want, "%Y%m%dT%H%M%SZ", &tm);
        ddbi_format_amz_date(t, text);
        ck_assert_str_eq(text, want);
        strftime(want, sizeof want, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        ck_assert_int_eq(ddbi_parse_http_date(want, strlen(want), &back), 0);
        ck_assert_int_eq(back, t);
    }
}
END_TEST

enum { HTTP, AMZ, ISO };

static const struct {
    int kind;
    const char *text;
    int64_t seconds;
} dates[] = {
    {HTTP, "Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
    {HTTP, "Tue, 15 Nov 1994 08:12:31 GMT", 784887151},
    {HTTP, "Fri, 21 Nov 2036 00:00:00 GMT", 2110838400},
    {HTTP, "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
    {HTTP, "Thu, 29 Feb 2024 12:00:00 GMT", 1709208000},
    {AMZ, "20260102T030405Z", 1767323045},
    {ISO, "2026-01-02T03:04:05Z", 1767323045},
    {ISO, "2026-01-02T03:04:05.1Z", 1767323045},
    {ISO, "2026-01-02T03:04:05.123456789Z", 1767323045},
    {ISO, "2026-01-02T05:34:05+02:30", 1767323045},
    {ISO, "2026-01-01T19:04:05.25-08:00", 1767323045},
    {ISO, "1970-01-01T00:00:00+00:01", -60},
};

static int parse(int kind, const char *text, size_t n, int64_t *out)
{
    switch (kind) {
    case HTTP:
        return ddbi_parse_http_date(text, n, out);
    case AMZ:
        return ddbi_parse_amz_date(text, n, out);
    default:
        return ddbi_parse_iso_date(text, n, out);
    }
}

START_TEST(parses_dates)
{
    const char *text = dates[_i].text;
    int64_t seconds = 42;

    ck_assert_int_eq(parse(dates[_i].kind, text, strlen(text), &seconds), 0);
    ck_assert_int_eq(seconds, dates[_i].seconds);
}
END_TEST

START_TEST(refuses_every_cut_and_every_added_byte)
{
    const char *text = dates[_i].text;
    size_t n = strlen(text);
    char longer[64] = {0};
    int64_t seconds = 42;

    for (size_t cut = 0; cut < n; cut++)
        ck_assert_int_ne(parse(dates[_i].kind, text, cut, &seconds), 0);
    snprintf(longer, sizeof longer, "%s0", text);
    ck_assert_int_ne(parse(dates[_i].kind, longer, n + 1, &seconds), 0);
    ck_assert_int_ne(parse(dates[_i].kind, text, n + 1, &seconds), 0);
    ck_assert_int_eq(seconds, 42);
}
END_TEST

START_TEST(refuses_a_wrong_byte_at_every_place)
{
    const char *text = dates[_i].text;
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++) {
        char wrong[64] = {0};
        int64_t seconds;

        memcpy(wrong, text, n);
        wrong[i] = '!';
        ck_assert_msg(parse(dates[_i].kind, wrong, n, &seconds) != 0, "%s",
                      wrong);
    }
}
END_TEST

static const struct {
    int kind;
    const char *text;
} bad_dates[] = {
    {HTTP, "Sunday, 06-Nov-94 08:49:37 GMT"},
    {HTTP, "Sun Nov  6 08:49:37 1994"},
    {HTTP, "Sun, 06 nov 1994 08:49:37 GMT"},
    {HTTP, "Sun, 06 Nov 1994 08:49:37 UTC"},
    {HTTP, "Xxx, 06 Nov 1994 08:49:37 GMT"},
    {HTTP, "Sun, 31 Nov 1994 08:49:37 GMT"},
    {HTTP, "Sun, 00 Nov 1994 08:49:37 GMT"},
    {HTTP, "Thu, 29 Feb 2023 12:00:00 GMT"},
    {HTTP, "Thu, 29 Feb 2100 12:00:00 GMT"},
    {HTTP, "Sun, 06 Nov 1994 24:00:00 GMT"},
    {HTTP, "Sun, 06 Nov 1994 08:60:37 GMT"},
    {HTTP, "Sun, 06 Nov 1994 08:49:61 GMT"},
    {AMZ, "20261302T030405Z"},
    {AMZ, "20260002T030405Z"},
    {AMZ, "20260132T030405Z"},
    {AMZ, "20261232T030405Z"},
    {AMZ, "2026-01-02T03:04:05Z"},
    {ISO, "20260102T030405Z"},
    {ISO, "2026-01-02 03:04:05Z"},
    {ISO, "2026-01-02T03:04:05"},
    {ISO, "2026-01-02T03:04:05.Z"},
    {ISO, "2026-01-02T03:04:05z"},
    {ISO, "2026-01-02T03:04:05+0200"},
    {ISO, "2026-01-02T03:04:05+24:00"},
    {ISO, "2026-01-02T03:04:05+02:60"},
    {ISO, "2026-01-02T03:04:05*02:00"},
    {ISO, "2026-02-30T03:04:05Z"},
};

START_TEST(refuses_what_is_no_date)
{
    const char *text = bad_dates[_i].text;
    int64_t seconds = 42;

    ck_assert_int_ne(parse(bad_dates[_i].kind, text, strlen(text), &seconds),
                     0);
    ck_assert_int_eq(seconds, 42);
}
END_TEST

static const ddbi_clock *const k = &ddbi_system_clock;

START_TEST(now_is_now)
{
    int64_t before = (int64_t)time(NULL) * 1000 - 1000, now = k->now(k);

    ck_assert_int_ge(now, before);
    ck_assert_int_le(now, before + 60000);
}
END_TEST

START_TEST(mono_never_goes_back)
{
    int64_t last = k->mono(k);

    ck_assert_int_gt(last, 0);
    for (int i = 0; i < 10000; i++) {
        int64_t next = k->mono(k);

        ck_assert_int_ge(next, last);
        last = next;
    }
}
END_TEST

static volatile sig_atomic_t alarms;

static void count_alarm(int signal)
{
    (void)signal;
    alarms++;
}

START_TEST(sleep_goes_on_after_signals)
{
    struct sigaction action = {.sa_handler = count_alarm};
    struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
    int64_t start;

    sigaction(SIGALRM, &action, NULL);
    start = k->mono(k);
    setitimer(ITIMER_REAL, &often, NULL);
    k->sleep(k, 50);
    setitimer(ITIMER_REAL, &never, NULL);
    /* One less, as both readings are cut to milliseconds. */
    ck_assert_int_ge(k->mono(k) - start, 49);
    ck_assert_int_gt(alarms, 0);
}
END_TEST

START_TEST(no_time_is_no_sleep)
{
    int64_t start = k->mono(k);

    k->sleep(k, 0);
    k->sleep(k, INT64_MIN);
    ck_assert_int_lt(k->mono(k) - start, 10000);
}
END_TEST

START_TEST(random_bytes_fill_all_of_it_and_differ)
{
    unsigned char a[1001] = {0}, b[1001] = {0};
    int seen = 0;

    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(k->random(k, a, 1000), 0);
        ck_assert_int_eq(k->random(k, b, 1000), 0);
        ck_assert_mem_ne(a, b, 16);
        seen |= a[999];
    }
    ck_assert_int_ne(seen, 0);
    ck_assert_uint_eq(a[1000], 0);
    ck_assert_int_eq(k->random(k, NULL, 0), 0);
}
END_TEST

Suite *suite_clock(void)
{
    Suite *s = suite_create("clock");
    TCase *tc = tcase_create("dates");

    tcase_add_loop_test(tc, amz_date_both_ways, 0, ROWS(amz_dates));
    tcase_add_test(tc, years_that_take_more_digits_are_clamped);
    tcase_add_test(tc, agrees_with_gmtime);
    tcase_add_loop_test(tc, parses_dates, 0, ROWS(dates));
    tcase_add_loop_test(tc, refuses_every_cut_and_every_added_byte, 0,
                        ROWS(dates));
    tcase_add_loop_test(tc, refuses_a_wrong_byte_at_every_place, 0,
                        ROWS(dates));
    tcase_add_loop_test(tc, refuses_what_is_no_date, 0, ROWS(bad_dates));
    suite_add_tcase(s, tc);

    tc = tcase_create("system");
    tcase_add_test(tc, now_is_now);
    tcase_add_test(tc, mono_never_goes_back);
    tcase_add_test(tc, sleep_goes_on_after_signals);
    tcase_add_test(tc, no_time_is_no_sleep);
    tcase_add_test(tc, random_bytes_fill_all_of_it_and_differ);
    suite_add_tcase(s, tc);
    return s;
}
