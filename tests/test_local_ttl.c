/* SPDX-License-Identifier: MIT */
/* UpdateTimeToLive and DescribeTimeToLive, and that what has expired goes. */
#include "engine.h"
#include "oom.h"
#include "tables.h"
#include "tests.h"

#include <string.h>

#define SWITCH(name, on)                                                       \
    "{'TableName':'tab','TimeToLiveSpecification':{'AttributeName':'" name     \
    "','Enabled':" on "}}"
#define ITEM(key, ttl)                                                         \
    "{'TableName':'tab','Item':{'k':{'S':'" key "'},'t':" ttl "}}"

static int64_t now_ms;

static int64_t fake_now(const ddbi_clock *k)
{
    (void)k;
    return now_ms;
}

static ddbi_clock fake_clock;

#define START 1700000000 /* Unix seconds */

static void setup(void)
{
    const ddbi_local_options options = {.clock = &fake_clock};
    ddb_err err = {0};

    fake_clock = ddbi_system_clock;
    fake_clock.now = fake_now;
    now_ms = (int64_t)START * 1000;
    ck_assert_msg(ddbi_local_open(&options, &engine, &err) == DDB_OK, "%s",
                  err.message);
    engine_does("CreateTable", PLAIN_TABLE("tab"));
}

static void is_enabled(const char *name)
{
    char want[256];

    snprintf(want, sizeof want,
             "{'TimeToLiveDescription':{'AttributeName':'%s',"
             "'TimeToLiveStatus':'ENABLED'}}",
             name);
    engine_answers("DescribeTimeToLive", NAMED("tab"), want);
}

static void is_disabled(void)
{
    engine_answers("DescribeTimeToLive", NAMED("tab"),
                   "{'TimeToLiveDescription':{'TimeToLiveStatus':"
                   "'DISABLED'}}");
}

START_TEST(is_switched_on_and_off)
{
    is_disabled();
    engine_answers("UpdateTimeToLive", SWITCH("t", "true"),
                   "{'TimeToLiveSpecification':{'AttributeName':'t',"
                   "'Enabled':true}}");
    is_enabled("t");
    engine_answers("UpdateTimeToLive", SWITCH("t", "false"),
                   "{'TimeToLiveSpecification':{'AttributeName':'t',"
                   "'Enabled':false}}");
    is_disabled();
    engine_does("UpdateTimeToLive", SWITCH("other", "true"));
    is_enabled("other");
}
END_TEST

static const struct {
    int on; /* t is, before */
    const char *request;
    const char *message;
} refused[] = {
    {0, SWITCH("t", "false"), "TimeToLive is already disabled"},
    {1, SWITCH("t", "true"), "TimeToLive is already enabled"},
    {1, SWITCH("x", "true"),
     "TimeToLive is active on a different AttributeName: current "
     "AttributeName is t"},
    {1, SWITCH("x", "false"),
     "TimeToLive is active on a different AttributeName: current "
     "AttributeName is t"},
    {0, "{'TableName':'tab'}",
     "1 validation error detected: Value null at 'timeToLiveSpecification' "
     "failed to satisfy constraint: Member must not be null"},
    {0, "{'TableName':'tab','TimeToLiveSpecification':{'Enabled':true}}",
     "1 validation error detected: Value null at "
     "'timeToLiveSpecification.attributeName' failed to satisfy constraint: "
     "Member must not be null"},
    {0, "{'TableName':'tab','TimeToLiveSpecification':{'AttributeName':'t'}}",
     "1 validation error detected: Value null at "
     "'timeToLiveSpecification.enabled' failed to satisfy constraint: Member "
     "must not be null"},
    {0, SWITCH("", "true"),
     "1 validation error detected: Value '' at "
     "'timeToLiveSpecification.attributeName' failed to satisfy constraint: "
     "Member must have length greater than or equal to 1"},
};

START_TEST(refuses_a_switch)
{
    if (refused[_i].on)
        engine_does("UpdateTimeToLive", SWITCH("t", "true"));
    engine_invalid("UpdateTimeToLive", refused[_i].request,
                   refused[_i].message);
    if (refused[_i].on)
        is_enabled("t");
    else
        is_disabled();
}
END_TEST

START_TEST(refuses_the_switch_of_no_table)
{
    engine_refuses("UpdateTimeToLive",
                   "{'TableName':'none','TimeToLiveSpecification':{"
                   "'AttributeName':'t','Enabled':true}}",
                   "ResourceNotFoundException",
                   "Requested resource not found: Table: none not found");
}
END_TEST

START_TEST(may_be_a_key)
{
    engine_does("UpdateTimeToLive", SWITCH("k", "true"));
    is_enabled("k");
}
END_TEST

/* ---- Expiry ------------------------------------------------------------- */

static void sweep(void)
{
    ddb_err err = {0};
    int more = 1;

    while (more)
        ck_assert_msg(ddbi_local_sweep(engine, &more, &err) == DDB_OK, "%s",
                      err.message);
}

static void has_items(int n)
{
    json_t *got = engine_ask(200, "DescribeTable", NAMED("tab"));

    ck_assert_int_eq(json_integer_value(json_object_get(
                         json_object_get(got, "Table"), "ItemCount")),
                     n);
    json_decref(got);
}

START_TEST(removes_items_that_were_there_before)
{
    engine_does("PutItem", ITEM("past", "{'N':'1699999999'}"));
    engine_does("PutItem", ITEM("future", "{'N':'1700000100'}"));
    engine_does("PutItem", ITEM("text", "{'S':'1699999999'}"));
    engine_does("PutItem", "{'TableName':'tab','Item':{'k':{'S':'none'}}}");
    sweep();
    has_items(4);
    engine_does("UpdateTimeToLive", SWITCH("t", "true"));
    sweep();
    has_items(3);
    now_ms += 200 * 1000;
    sweep();
    has_items(2);
}
END_TEST

START_TEST(leaves_items_when_it_is_off)
{
    engine_does("UpdateTimeToLive", SWITCH("t", "true"));
    engine_does("PutItem", ITEM("a", "{'N':'1700000100'}"));
    engine_does("UpdateTimeToLive", SWITCH("t", "false"));
    now_ms += 200 * 1000;
    sweep();
    has_items(1);
    engine_does("UpdateTimeToLive", SWITCH("other", "true"));
    sweep();
    has_items(1);
    engine_does("UpdateTimeToLive", SWITCH("other", "false"));
    engine_does("UpdateTimeToLive", SWITCH("t", "true"));
    sweep();
    has_items(0);
}
END_TEST

START_TEST(survives_no_memory)
{
    engine_does("PutItem", ITEM("a", "{'N':'1'}"));
    engine_survives_nomem("UpdateTimeToLive", SWITCH("t", "true"));
    engine_survives_nomem("DescribeTimeToLive", NAMED("tab"));
    engine_survives_nomem("UpdateTimeToLive", SWITCH("t", "false"));
}
END_TEST

Suite *suite_local_ttl(void)
{
    Suite *s = suite_create("local_ttl");
    TCase *t = tcase_create("switch");

    tcase_add_checked_fixture(t, setup, engine_teardown);
    tcase_add_test(t, is_switched_on_and_off);
    tcase_add_loop_test(t, refuses_a_switch, 0, ROWS(refused));
    tcase_add_test(t, refuses_the_switch_of_no_table);
    tcase_add_test(t, may_be_a_key);
    suite_add_tcase(s, t);

    t = tcase_create("expiry");
    tcase_add_checked_fixture(t, setup, engine_teardown);
    tcase_add_test(t, removes_items_that_were_there_before);
    tcase_add_test(t, leaves_items_when_it_is_off);
    tcase_add_test(t, survives_no_memory);
    suite_add_tcase(s, t);
    return s;
}
