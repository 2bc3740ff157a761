/* SPDX-License-Identifier: MIT */
#include "client/skew.h"
#include "tests.h"

#define SECOND 1767323045 /* 2026-01-02T03:04:05Z */

START_TEST(is_the_systems_clock_at_first)
{
    ddbi_skew s = {0};

    ck_assert_int_eq(ddbi_skew_now(&s, 1234567, 99), 1234);
    ck_assert_int_eq(ddbi_skew_now(&s, (int64_t)SECOND * 1000 + 999, 5),
                     SECOND);
}
END_TEST

static const struct {
    const char *name;
    int64_t server; /* Unix seconds, told at mono */
    int64_t mono;   /* ms */
    int64_t later;  /* ms */
    int64_t now;    /* by the server, at mono + later */
} told[] = {
    {"at the same moment", SECOND, 7000, 0, SECOND},
    {"a minute later", SECOND, 7000, 60000, SECOND + 60},
    {"after ten years", SECOND, 7000, INT64_C(315360000000),
     SECOND + 315360000},
    {"in 2100", INT64_C(4102444800), 0, 1000, INT64_C(4102444801)},
    {"monotonic clock ahead of the server's", 1000, INT64_C(5000000), 1000,
     1001},
    {"an offset of nothing", 5, 5000, 1000, 7}, /* 0 means not learnt */
};

START_TEST(follows_the_monotonic_clock_once_told)
{
    ddbi_skew s = {0};

    ddbi_skew_set(&s, told[_i].server, told[_i].mono);
    /* Whatever the system's clock says. */
    ck_assert_msg(ddbi_skew_now(&s, -12345, told[_i].mono + told[_i].later) ==
                      told[_i].now,
                  "%s", told[_i].name);
}
END_TEST

static const struct {
    const char *message;
    int found;
    int64_t server;
} messages[] = {
    {"Signature expired: 20260102T025405Z is now earlier than "
     "20260102T025905Z (20260102T030405Z - 5 min.)",
     1, SECOND},
    {"Signature not yet current: 20260102T031405Z is still later than "
     "20260102T030905Z (20260102T030405Z + 5 min.)",
     1, SECOND},
    {"Signature not  yet current: 20260102T031405Z is still later than "
     "20260102T030905Z (20260102T030405Z + 5 min.)",
     1, SECOND},
    {"(HTTP 400) Signature expired: x (20260102T030405Z - 15 min.)", 1, SECOND},
    {"The request signature we calculated does not match (20260102T030405Z)", 0,
     0},
    {"Signature expired", 0, 0},
    {"Signature expired (", 0, 0},
    {"Signature expired (20260102T0304", 0, 0},
    {"Signature expired (20261302T030405Z - 5 min.)", 0, 0},
    {"", 0, 0},
};

START_TEST(reads_the_servers_time_from_its_refusal)
{
    int64_t server = 0;

    ck_assert_msg(ddbi_skew_parse(messages[_i].message, &server) ==
                      messages[_i].found,
                  "%s", messages[_i].message);
    ck_assert_int_eq(server, messages[_i].server);
}
END_TEST

Suite *suite_skew(void)
{
    Suite *s = suite_create("skew");
    TCase *t = tcase_create("skew");

    tcase_add_test(t, is_the_systems_clock_at_first);
    tcase_add_loop_test(t, follows_the_monotonic_clock_once_told, 0,
                        (int)(sizeof told / sizeof told[0]));
    tcase_add_loop_test(t, reads_the_servers_time_from_its_refusal, 0,
                        (int)(sizeof messages / sizeof messages[0]));
    suite_add_tcase(s, t);
    return s;
}
