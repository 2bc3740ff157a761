/* SPDX-License-Identifier: MIT */
#include "oom.h"
#include "server_throttle.h"
#include "tests.h"

#include <stdio.h>
#include <string.h>

static server_throttle *throttle;

static void set_up(double wcu, double rcu, double burst)
{
    throttle = server_throttle_new(
        &(server_capacity){.on = 1, .wcu = wcu, .rcu = rcu, .burst = burst});
    ck_assert_ptr_nonnull(throttle);
}

static void tear_down(void)
{
    server_throttle_free(throttle);
    throttle = NULL;
}

static ddbi_use write_of(const char *partition, double units)
{
    return (ddbi_use){.table = "t",
                      .partition = {partition, strlen(partition)},
                      .write = 1,
                      .units = units};
}

/* How many uses of one unit are let through at this time. */
static int run_dry(int64_t now, ddbi_use use)
{
    int n = 0;

    while (n < 10000 && server_throttle_use(throttle, now, &use) == NULL)
        n++;
    return n;
}

START_TEST(lets_a_seconds_units_through_and_then_as_time_goes)
{
    set_up(5, 10, 0);
    ck_assert_int_eq(run_dry(1000, write_of("a", 1)), 5);
    ck_assert_int_eq(run_dry(1000, write_of("a", 1)), 0);
    ck_assert_int_eq(run_dry(1199, write_of("a", 1)), 1); /* 0.995 */
    ck_assert_int_eq(run_dry(2000, write_of("a", 1)), 4);
    ck_assert_int_eq(run_dry(100000, write_of("a", 1)), 5);
}
END_TEST

START_TEST(keeps_burst_seconds)
{
    set_up(5, 10, 3);
    ck_assert_int_eq(run_dry(0, write_of("a", 1)), 20);
    ck_assert_int_eq(run_dry(2000, write_of("a", 1)), 10);
    ck_assert_int_eq(run_dry(1000000, write_of("a", 1)), 20);
}
END_TEST

START_TEST(never_makes_a_large_item_impossible)
{
    ddbi_use large = write_of("a", 400);

    set_up(5, 10, 0);
    ck_assert_ptr_null(server_throttle_use(throttle, 0, &large));
    /* 395 units below zero: 79 seconds. */
    ck_assert_ptr_nonnull(server_throttle_use(throttle, 79000, &large));
    ck_assert_ptr_null(server_throttle_use(throttle, 79001, &large));
}
END_TEST

START_TEST(knows_partitions_tables_and_kinds_apart)
{
    ddbi_use other = write_of("a", 1);

    set_up(2, 3, 0);
    ck_assert_int_eq(run_dry(0, write_of("a", 1)), 2);
    ck_assert_int_eq(run_dry(0, write_of("b", 1)), 2);
    other.write = 0;
    ck_assert_int_eq(run_dry(0, other), 3);
    other = write_of("a", 1);
    other.index = "i";
    ck_assert_int_eq(run_dry(0, other), 2);
    other.index = NULL;
    other.table = "u";
    ck_assert_int_eq(run_dry(0, other), 2);
    /* Nothing runs together where one name ends and the next begins. */
    other.table = "ta";
    other.partition = (ddb_bytes){"", 0};
    ck_assert_ptr_null(server_throttle_use(throttle, 0, &other));
}
END_TEST

START_TEST(gives_a_provisioned_table_its_units)
{
    ddbi_use use = write_of("a", 1);

    set_up(1000, 3000, 0);
    use.provisioned = 4;
    ck_assert_int_eq(run_dry(0, use), 4);
    use.partition = (ddb_bytes){"b", 1};
    ck_assert_int_eq(run_dry(0, use), 0);
    ck_assert_str_eq(server_throttle_use(throttle, 0, &use),
                     "TableWriteProvisionedThroughputExceeded");
    use.provisioned = 8; /* updated */
    ck_assert_int_eq(run_dry(0, use), 0);
    ck_assert_int_eq(run_dry(1000, use), 8);
}
END_TEST

static const struct {
    int write, index, provisioned;
    const char *reason;
} reasons[] = {
    {0, 0, 0, "TableReadKeyRangeThroughputExceeded"},
    {1, 0, 0, "TableWriteKeyRangeThroughputExceeded"},
    {0, 1, 0, "IndexReadKeyRangeThroughputExceeded"},
    {1, 1, 0, "IndexWriteKeyRangeThroughputExceeded"},
    {0, 0, 1, "TableReadProvisionedThroughputExceeded"},
    {1, 0, 1, "TableWriteProvisionedThroughputExceeded"},
    {0, 1, 1, "IndexReadProvisionedThroughputExceeded"},
    {1, 1, 1, "IndexWriteProvisionedThroughputExceeded"},
};

START_TEST(names_the_services_reasons)
{
    ddbi_use use = write_of("a", 1);

    set_up(1, 1, 0);
    use.write = reasons[_i].write;
    use.index = reasons[_i].index ? "i" : NULL;
    use.provisioned = reasons[_i].provisioned;
    ck_assert_ptr_null(server_throttle_use(throttle, 0, &use));
    ck_assert_str_eq(server_throttle_use(throttle, 0, &use),
                     reasons[_i].reason);
}
END_TEST

START_TEST(takes_nothing_when_it_refuses)
{
    ddbi_use use = write_of("a", 1);

    set_up(3, 3, 0);
    use.provisioned = 100;
    ck_assert_int_eq(run_dry(0, use), 3);
    ck_assert_int_eq(run_dry(0, use), 0);
    use.partition = (ddb_bytes){"b", 1};
    use.units = 97; /* what is left of the table's */
    ck_assert_ptr_null(server_throttle_use(throttle, 0, &use));
    ck_assert_str_eq(server_throttle_use(throttle, 0, &use),
                     "TableWriteProvisionedThroughputExceeded");
}
END_TEST

START_TEST(forgets_partitions_that_are_full_again)
{
    set_up(1, 1, 0);
    for (int i = 0; i < 50000; i++) {
        char name[16];
        ddbi_use use;

        snprintf(name, sizeof name, "p%d", i);
        use = write_of(name, 1);
        ck_assert_ptr_null(server_throttle_use(throttle, i, &use));
    }
    ck_assert_int_lt((int)server_throttle_size(throttle), 10000);
    /* The last ones are remembered. */
    ck_assert_int_eq(run_dry(49999, write_of("p49999", 1)), 0);
}
END_TEST

START_TEST(lets_through_without_memory)
{
    ddbi_use use = write_of("a", 1);

    for (long n = 0;; n++) {
        server_throttle *t;

        oom_begin(n);
        t = server_throttle_new(&(server_capacity){.wcu = 1, .rcu = 1});
        if (t != NULL)
            ck_assert_ptr_null(server_throttle_use(t, 0, &use));
        server_throttle_free(t);
        ck_assert_int_eq(oom_live(), 0);
        if (!oom_end())
            break;
    }
}
END_TEST

Suite *suite_server_throttle(void)
{
    Suite *s = suite_create("server_throttle");
    TCase *tc = tcase_create("server_throttle");

    tcase_add_checked_fixture(tc, NULL, tear_down);
    tcase_add_test(tc, lets_a_seconds_units_through_and_then_as_time_goes);
    tcase_add_test(tc, keeps_burst_seconds);
    tcase_add_test(tc, never_makes_a_large_item_impossible);
    tcase_add_test(tc, knows_partitions_tables_and_kinds_apart);
    tcase_add_test(tc, gives_a_provisioned_table_its_units);
    tcase_add_loop_test(tc, names_the_services_reasons, 0, ROWS(reasons));
    tcase_add_test(tc, takes_nothing_when_it_refuses);
    tcase_add_test(tc, forgets_partitions_that_are_full_again);
    tcase_add_test(tc, lets_through_without_memory);
    suite_add_tcase(s, tc);
    return s;
}
