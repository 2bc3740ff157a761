/* SPDX-License-Identifier: MIT */
#include "server_bad_day.h"
#include "tests.h"

#define MANY 20000

static int near(int n, double share)
{
    double want = MANY * share;

    return n > want * 0.93 && n < want * 1.07;
}

START_TEST(fails_by_the_rate_in_every_way)
{
    const server_options o = {.fail_rate = 0.2, .seed = 42};
    int before = 0, after = 0, unavailable = 0;

    for (uint64_t i = 0; i < MANY; i++) {
        server_fate f = server_fate_of(&o, i);

        before += f.failure == SERVER_FAIL_BEFORE;
        after += f.failure == SERVER_FAIL_AFTER;
        unavailable += f.status == 503;
        ck_assert(f.failure == SERVER_FINE
                      ? f.status == 0
                      : f.status == 500 || f.status == 503);
    }
    ck_assert_msg(near(before, 0.1), "%d", before);
    ck_assert_msg(near(after, 0.1), "%d", after);
    ck_assert_msg(near(unavailable, 0.05), "%d", unavailable);
}
END_TEST

START_TEST(always_and_never)
{
    const server_options never = {.seed = 1};
    const server_options always = {
        .fail_rate = 1, .unprocessed_rate = 1, .seed = 1};

    for (uint64_t i = 0; i < 1000; i++) {
        ck_assert_int_eq(server_fate_of(&never, i).failure, SERVER_FINE);
        ck_assert_int_eq(server_fate_of(&never, i).latency, 0);
        ck_assert(!server_unprocessed(&never, i, 0));
        ck_assert_int_ne(server_fate_of(&always, i).failure, SERVER_FINE);
        ck_assert(server_unprocessed(&always, i, 0));
    }
}
END_TEST

START_TEST(is_late_within_its_range)
{
    const server_options o = {.latency = {10, 13}, .seed = 7};
    int n[4] = {0};

    for (uint64_t i = 0; i < MANY; i++) {
        int64_t ms = server_fate_of(&o, i).latency;

        ck_assert(ms >= 10 && ms <= 13);
        n[ms - 10]++;
    }
    for (int i = 0; i < 4; i++)
        ck_assert_msg(near(n[i], 0.25), "%d: %d", i, n[i]);
}
END_TEST

START_TEST(leaves_items_by_the_rate)
{
    const server_options o = {.unprocessed_rate = 0.3, .seed = 9};
    int n = 0;

    for (uint64_t i = 0; i < MANY; i++)
        n += server_unprocessed(&o, i / 25, i % 25);
    ck_assert_msg(near(n, 0.3), "%d", n);
}
END_TEST

START_TEST(repeats_itself_with_its_seed_alone)
{
    const server_options o = {.fail_rate = 0.5, .seed = 3};
    const server_options same = {.fail_rate = 0.5,
                                 .unprocessed_rate = 0.5,
                                 .latency = {0, 9},
                                 .seed = 3};
    const server_options other = {.fail_rate = 0.5, .seed = 4};
    const server_options late = {.latency = {0, 9}, .seed = 3};
    int differs = 0;

    for (uint64_t i = 0; i < 1000; i++) {
        ck_assert_int_eq(server_fate_of(&o, i).failure,
                         server_fate_of(&same, i).failure);
        ck_assert_int_eq(server_fate_of(&late, i).latency,
                         server_fate_of(&same, i).latency);
        differs +=
            server_fate_of(&o, i).failure != server_fate_of(&other, i).failure;
    }
    ck_assert_int_gt(differs, 300);
}
END_TEST

START_TEST(knows_what_needs_a_seed)
{
    ck_assert(!server_is_random(&(server_options){.latency = {5, 5}}));
    ck_assert(server_is_random(&(server_options){.latency = {5, 6}}));
    ck_assert(server_is_random(&(server_options){.fail_rate = 0.1}));
    ck_assert(server_is_random(&(server_options){.unprocessed_rate = 0.1}));
    ck_assert(!server_is_random(&(server_options){.throttle = {.on = 1}}));
}
END_TEST

Suite *suite_server_bad_day(void)
{
    Suite *s = suite_create("server_bad_day");
    TCase *tc = tcase_create("server_bad_day");

    tcase_add_test(tc, fails_by_the_rate_in_every_way);
    tcase_add_test(tc, always_and_never);
    tcase_add_test(tc, is_late_within_its_range);
    tcase_add_test(tc, leaves_items_by_the_rate);
    tcase_add_test(tc, repeats_itself_with_its_seed_alone);
    tcase_add_test(tc, knows_what_needs_a_seed);
    suite_add_tcase(s, tc);
    return s;
}
