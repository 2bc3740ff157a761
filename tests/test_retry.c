/* SPDX-License-Identifier: MIT */
#include "client/retry.h"
#include "tests.h"

#include <pthread.h>

#define MOST 0xffffffffu

static const struct {
    const char *name;
    ddbi_retry_kind kind;
    int i;
    uint32_t random;
    int64_t hint;
    int64_t wait;
} delays[] = {
    {"transient, lowest", DDBI_RETRY_TRANSIENT, 0, 0, -1, 0},
    {"transient, highest", DDBI_RETRY_TRANSIENT, 0, MOST, -1, 24},
    {"transient, middle", DDBI_RETRY_TRANSIENT, 0, MOST / 2 + 1, -1, 12},
    {"doubles", DDBI_RETRY_TRANSIENT, 1, MOST, -1, 49},
    {"doubles again", DDBI_RETRY_TRANSIENT, 2, MOST, -1, 99},
    {"is capped at 20 s", DDBI_RETRY_TRANSIENT, 10, MOST, -1, 19999},
    {"stays capped", DDBI_RETRY_TRANSIENT, 1000, MOST, -1, 19999},
    {"throttle starts at 1 s", DDBI_RETRY_THROTTLE, 0, MOST, -1, 999},
    {"throttle doubles", DDBI_RETRY_THROTTLE, 4, MOST, -1, 15999},
    {"throttle is capped", DDBI_RETRY_THROTTLE, 5, MOST, -1, 19999},
    {"slow throttle, lowest", DDBI_RETRY_SLOW_THROTTLE, 0, 0, -1, 2000},
    {"slow throttle, highest", DDBI_RETRY_SLOW_THROTTLE, 0, MOST, -1, 3999},
    {"slow throttle, capped", DDBI_RETRY_SLOW_THROTTLE, 9, MOST, -1, 19999},
    {"hint lengthens", DDBI_RETRY_THROTTLE, 0, 0, 700, 700},
    {"hint by 5 s at most", DDBI_RETRY_THROTTLE, 0, 0, 9000000, 5000},
    {"hint counts from the drawn wait", DDBI_RETRY_THROTTLE, 0, MOST, 9000000,
     5999},
    {"hint never shortens", DDBI_RETRY_THROTTLE, 0, MOST, 10, 999},
    {"hint of nothing", DDBI_RETRY_THROTTLE, 0, 0, 0, 0},
};

START_TEST(waits_by_standard_mode)
{
    int64_t wait = ddbi_retry_delay(delays[_i].kind, delays[_i].i,
                                    delays[_i].random, delays[_i].hint);

    ck_assert_msg(wait == delays[_i].wait, "%s: %lld", delays[_i].name,
                  (long long)wait);
}
END_TEST

START_TEST(bucket_gives_out_what_it_holds)
{
    ddbi_bucket b;
    int taken = 0;

    ddbi_bucket_init(&b);
    while (ddbi_bucket_take(&b, ddbi_retry_cost(DDBI_RETRY_TRANSIENT)))
        taken++;
    ck_assert_int_eq(taken, 35); /* 500 / 14 */
    ck_assert_int_eq(ddbi_bucket_take(&b, ddbi_retry_cost(DDBI_RETRY_THROTTLE)),
                     1); /* 10 are left */
    ck_assert_int_eq(ddbi_bucket_take(&b, 6), 0);
    ck_assert_int_eq(ddbi_bucket_take(&b, 5), 1);
    ck_assert_int_eq(ddbi_bucket_take(&b, 1), 0);
    ddbi_bucket_refund(&b, 1);
    ck_assert_int_eq(ddbi_bucket_take(&b, 1), 1);
}
END_TEST

START_TEST(bucket_never_holds_more_than_at_first)
{
    ddbi_bucket b;

    ddbi_bucket_init(&b);
    ddbi_bucket_refund(&b, 100);
    ck_assert_int_eq(ddbi_bucket_take(&b, DDBI_RETRY_TOKENS + 1), 0);
    ck_assert_int_eq(ddbi_bucket_take(&b, 3), 1);
    ddbi_bucket_refund(&b, 14);
    ck_assert_int_eq(ddbi_bucket_take(&b, DDBI_RETRY_TOKENS), 1);
}
END_TEST

static void *take_and_refund(void *arg)
{
    for (int i = 0; i < 10000; i++)
        if (ddbi_bucket_take(arg, 14))
            ddbi_bucket_refund(arg, 14);
    return NULL;
}

START_TEST(bucket_loses_nothing_between_threads)
{
    pthread_t threads[4];
    ddbi_bucket b;

    ddbi_bucket_init(&b);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_and_refund, &b),
                         0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(ddbi_bucket_take(&b, DDBI_RETRY_TOKENS), 1);
    ck_assert_int_eq(ddbi_bucket_take(&b, 1), 0);
}
END_TEST

Suite *suite_retry(void)
{
    Suite *s = suite_create("retry");
    TCase *t = tcase_create("retry");

    tcase_add_loop_test(t, waits_by_standard_mode, 0,
                        (int)(sizeof delays / sizeof delays[0]));
    tcase_add_test(t, bucket_gives_out_what_it_holds);
    tcase_add_test(t, bucket_never_holds_more_than_at_first);
    tcase_add_test(t, bucket_loses_nothing_between_threads);
    suite_add_tcase(s, t);
    return s;
}
