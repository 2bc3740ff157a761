/* SPDX-License-Identifier: MIT */
/* The plan of a batch: keys each once, the queue, the waits. */
#include "fake.h"
#include "oom.h"
#include "ops/plan.h"
#include "tests.h"

#include <stdio.h>
#include <string.h>

static fake *f;
static ddbi_plan plan;
static ddb_item *keys[64];

static void setup(void)
{
    f = fake_new();
    for (int i = 0; i < ROWS(keys); i++) {
        keys[i] = ddb_item_new();
        ddb_item_set_i64(keys[i], "id", i);
    }
}

static void teardown(void)
{
    ddbi_plan_end(&plan);
    for (int i = 0; i < ROWS(keys); i++)
        ddb_item_free(keys[i]);
    fake_free(f);
}

static ddbi_plan_table *table(const char *name)
{
    ddbi_plan_table *t = ddbi_plan_table_of(&plan, name, NULL);

    ck_assert_ptr_nonnull(t);
    t->keys[0] = ddb_str("id");
    t->n_keys = 1;
    return t;
}

/* n entries of the tables in turn, all keys different. */
static void begin(size_t n, size_t n_tables, int timeout_ms)
{
    static const char *const names[] = {"one", "two", "three"};

    ck_assert_int_eq(ddbi_plan_begin(&plan, fake_clock(f), n, timeout_ms, NULL),
                     DDB_OK);
    for (size_t i = 0; i < n; i++) {
        table(names[i % n_tables]);
        plan.entries[i].table = (uint32_t)(i % n_tables);
        ck_assert_int_eq(ddbi_plan_add(&plan, i, keys[i], 1, NULL), DDB_OK);
    }
    ck_assert_int_eq(ddbi_plan_order(&plan, NULL), DDB_OK);
}

/* The queue from its head on, as "3 1 2". */
static void queue_is(const char *want)
{
    char got[256] = "";
    size_t used = 0;

    for (size_t i = plan.head; i < plan.n_queue; i++)
        used += (size_t)snprintf(got + used, sizeof got - used, "%s%zu",
                                 used ? " " : "", plan.queue[i]);
    ck_assert_str_eq(got, want);
}

/* The next n are sent; those of `back` came back. */
static size_t send(size_t n, const char *back)
{
    for (size_t i = plan.head; i < plan.head + n; i++) {
        char name[8];

        snprintf(name, sizeof name, " %zu ", plan.queue[i]);
        plan.entries[plan.queue[i]].state =
            strstr(back, name) != NULL ? DDBI_UNPROCESSED : DDBI_SENT;
    }
    return ddbi_plan_settle(&plan, n);
}

START_TEST(groups_by_table)
{
    begin(8, 3, 0);
    queue_is("0 3 6 1 4 7 2 5");
}
END_TEST

START_TEST(puts_back_in_front)
{
    begin(8, 1, 0);
    ck_assert_uint_eq(send(5, " 1 3 "), 2);
    queue_is("1 3 5 6 7");
    ck_assert_uint_eq(send(3, " 1 3 5 "), 3);
    queue_is("1 3 5 6 7");
    ck_assert_uint_eq(send(5, " "), 0);
    queue_is("");
    ck_assert_int_eq(plan.entries[1].state, DDBI_DONE);
}
END_TEST

START_TEST(a_later_entry_takes_the_place)
{
    ddbi_plan_table *t;

    ck_assert_int_eq(ddbi_plan_begin(&plan, fake_clock(f), 4, 0, NULL), DDB_OK);
    t = table("one");
    for (size_t i = 0; i < 4; i++)
        ddbi_plan_add(&plan, i, keys[i % 2], 1, NULL);
    ddbi_plan_order(&plan, NULL);
    queue_is("2 3");
    ck_assert_uint_eq(plan.entries[2].older, 0);
    ck_assert_uint_eq(plan.entries[0].older, DDBI_NONE);
    ck_assert_uint_eq(ddbi_plan_find(&plan, t, keys[1]), 3);
    ck_assert_uint_eq(ddbi_plan_find(&plan, t, keys[2]), DDBI_NONE);
}
END_TEST

START_TEST(tables_are_found_by_name_or_arn)
{
    static const char arn[] = "arn:aws:dynamodb:us-east-1:1:table/one";

    begin(3, 3, 0);
    ck_assert_str_eq(ddbi_plan_table_find(&plan, "two")->name, "two");
    ck_assert_str_eq(ddbi_plan_table_find(&plan, arn)->name, "one");
    ck_assert_ptr_null(ddbi_plan_table_find(&plan, "four"));
    ddbi_plan_table_of(&plan, arn, NULL);
    ck_assert_str_eq(ddbi_plan_table_find(&plan, arn)->name, arn);
    ck_assert_str_eq(ddbi_plan_table_find(&plan, "one")->name, "one");
}
END_TEST

/* However the seed falls: keys are hashed alike and told apart. */
START_TEST(any_seed_will_do)
{
    ddb_item *other = ddb_item_new();

    f->random_byte = _i;
    begin(ROWS(keys), 1, 0);
    for (int i = 0; i < ROWS(keys); i++) {
        char text[32];

        snprintf(text, sizeof text, "%d.000", i);
        ddb_item_set_n(other, "id", text);
        ck_assert_uint_eq(ddbi_plan_find(&plan, plan.tables, other), (size_t)i);
        ddb_item_set_s(other, "id", text);
        ck_assert_uint_eq(ddbi_plan_find(&plan, plan.tables, other), DDBI_NONE);
    }
    ddb_item_free(other);
}
END_TEST

START_TEST(waits_longer_and_longer)
{
    begin(1, 1, 0);
    f->random_byte = 0xff;
    for (int i = 0; i < 7; i++)
        ck_assert_int_eq(ddbi_plan_wait(&plan, 0), 1);
    for (int i = 0; i < 7; i++)
        ck_assert_int_eq(f->waits[i] + 1, 100 << i);
    ck_assert_int_eq(ddbi_plan_wait(&plan, 0), 0);
    ck_assert_int_eq(ddbi_plan_wait(&plan, 1), 1);
    ck_assert_int_eq(f->waits[7] + 1, 50);
    f->random_byte = 0;
    ck_assert_int_eq(ddbi_plan_wait(&plan, 0), 1);
    ck_assert_int_eq(f->waits[8], 0);
}
END_TEST

START_TEST(keeps_its_deadline)
{
    begin(1, 1, 100);
    f->random_byte = 0xff;
    ck_assert_int_eq(ddbi_plan_time(&plan), 100);
    ck_assert_int_eq(ddbi_plan_wait(&plan, 1), 1);
    ck_assert_int_eq(ddbi_plan_time(&plan), 51);
    ck_assert_int_eq(ddbi_plan_wait(&plan, 1), 1);
    ck_assert_int_eq(ddbi_plan_time(&plan), 2);
    ck_assert_int_eq(ddbi_plan_wait(&plan, 1), 0);
    ck_assert_int_eq(f->mono, 98);
    f->mono += 2;
    ck_assert_int_eq(ddbi_plan_time(&plan), -1);
}
END_TEST

START_TEST(refuses_more_than_memory_can_hold)
{
    ck_assert_int_eq(ddbi_plan_begin(&plan, fake_clock(f), SIZE_MAX, 0, NULL),
                     DDB_NOMEM);
    ddbi_plan_end(&plan);
    ck_assert_int_eq(
        ddbi_plan_begin(&plan, fake_clock(f), SIZE_MAX / 8, 0, NULL),
        DDB_NOMEM);
}
END_TEST

Suite *suite_plan(void)
{
    Suite *s = suite_create("plan");
    TCase *t = tcase_create("plan");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, groups_by_table);
    tcase_add_test(t, puts_back_in_front);
    tcase_add_test(t, a_later_entry_takes_the_place);
    tcase_add_test(t, tables_are_found_by_name_or_arn);
    tcase_add_loop_test(t, any_seed_will_do, 0, 4);
    tcase_add_test(t, waits_longer_and_longer);
    tcase_add_test(t, keeps_its_deadline);
    tcase_add_test(t, refuses_more_than_memory_can_hold);
    suite_add_tcase(s, t);
    return s;
}
