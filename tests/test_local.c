/* SPDX-License-Identifier: MIT */
/* The engine as a whole: opened, asked from many threads, short of memory,
 * closed. */
#include "engine.h"
#include "oom.h"
#include "tables.h"
#include "tests.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ITEM(key) "{'TableName':'tab','Item':{'k':{'S':'" key "'}}}"

static void setup(void)
{
    engine_setup();
    engine_does("CreateTable", PLAIN_TABLE("tab"));
}

/* ---- Opening ------------------------------------------------------------ */

START_TEST(opens_or_has_no_memory)
{
    const ddbi_local_options options = {.region = "eu-west-1",
                                        .address = "localhost:8000"};

    for (long n = 0;; n++) {
        ddbi_local *l = (ddbi_local *)&l;
        ddb_err err = {0};
        ddb_code code;
        int failed;

        oom_begin(n);
        code = ddbi_local_open(&options, &l, &err);
        ddbi_local_close(l, 0);
        failed = oom_end();
        ck_assert_int_eq(oom_live(), 0);
        if (!failed) {
            ck_assert_int_eq(code, DDB_OK);
            break;
        }
        ck_assert_int_eq(code, DDB_NOMEM);
        ck_assert_int_eq(err.code, DDB_NOMEM);
        ck_assert_ptr_null(l);
    }
}
END_TEST

START_TEST(says_why_it_does_not_open)
{
    const ddbi_local_options options = {.path = "/nonexistent/file"};
    ddbi_local *l = (ddbi_local *)&l;
    ddb_err err = {0};

    ck_assert_int_eq(ddbi_local_open(&options, &l, &err), DDB_SYSTEM);
    ck_assert_ptr_null(l);
    ck_assert_msg(strstr(err.message, "/nonexistent/file") != NULL, "%s",
                  err.message);
    ddbi_local_close(NULL, 0);
}
END_TEST

static int answer_has(const char *action, const char *json, const char *part)
{
    json_t *got = engine_ask(200, action, json);
    char *shown = json_dumps(got, 0);
    int has = strstr(shown, part) != NULL;

    free(shown);
    json_decref(got);
    return has;
}

START_TEST(region_and_address_are_the_callers)
{
    char region[] = "eu-west-1", address[] = "here:8000";
    const ddbi_local_options options = {.region = region, .address = address};

    ck_assert_int_eq(ddbi_local_open(&options, &engine, NULL), DDB_OK);
    memset(region, 'x', sizeof region - 1);
    memset(address, 'x', sizeof address - 1);
    engine_does("CreateTable", PLAIN_TABLE("tab"));
    ck_assert(answer_has("DescribeTable", NAMED("tab"),
                         "arn:aws:dynamodb:eu-west-1:000000000000:table/tab"));
    ck_assert(answer_has("DescribeEndpoints", "{}", "here:8000"));
    engine_teardown();
}
END_TEST

START_TEST(engines_in_memory_are_strangers)
{
    ddbi_local *first = engine;

    engine_setup();
    engine_answers("ListTables", "{}", "{'TableNames':[]}");
    engine_teardown();
    engine = first;
    engine_answers("ListTables", "{}", "{'TableNames':['tab']}");
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

/* Each fits the table, and the item that the tests below put there. */
static const struct {
    const char *action;
    const char *json;
} requests[] = {
    {"BatchGetItem", "{'RequestItems':{'tab':{'Keys':[{'k':{'S':'a'}}]}}}"},
    {"BatchWriteItem",
     "{'RequestItems':{'tab':[{'PutRequest':{'Item':{'k':{'S':'b'}}}},"
     "{'DeleteRequest':{'Key':{'k':{'S':'c'}}}}]}}"},
    {"DeleteItem",
     "{'TableName':'tab','Key':{'k':{'S':'x'}},'ReturnValues':'ALL_OLD'}"},
    {"DescribeEndpoints", "{}"},
    {"DescribeLimits", "{}"},
    {"DescribeTable", NAMED("tab")},
    {"DescribeTimeToLive", NAMED("tab")},
    {"GetItem", "{'TableName':'tab','Key':{'k':{'S':'a'}},"
                "'ProjectionExpression':'k','ReturnConsumedCapacity':"
                "'INDEXES'}"},
    {"ListTables", "{'Limit':1}"},
    {"ListTagsOfResource",
     "{'ResourceArn':'arn:aws:dynamodb:local:000000000000:table/tab'}"},
    {"PutItem",
     "{'TableName':'tab','Item':{'k':{'S':'a'},'v':{'L':[{'N':'1.0'}]}},"
     "'ConditionExpression':'#k = :v','ExpressionAttributeNames':{'#k':'k'},"
     "'ExpressionAttributeValues':{':v':{'S':'a'}}}"},
    {"Query", "{'TableName':'tab','KeyConditionExpression':'k = :k',"
              "'ExpressionAttributeValues':{':k':{'S':'a'}}}"},
    {"Scan", "{'TableName':'tab','FilterExpression':'size(k) = :n',"
             "'ExpressionAttributeValues':{':n':{'N':'1'}},'Limit':1}"},
    {"TagResource",
     "{'ResourceArn':'arn:aws:dynamodb:local:000000000000:table/tab',"
     "'Tags':[{'Key':'a','Value':'b'}]}"},
    {"TransactGetItems", "{'TransactItems':[{'Get':{'TableName':'tab','Key':"
                         "{'k':{'S':'a'}}}}]}"},
    {"TransactWriteItems",
     "{'TransactItems':[{'Update':{'TableName':'tab','Key':{'k':{'S':'t'}},"
     "'UpdateExpression':'SET a = :v','ExpressionAttributeValues':{':v':"
     "{'N':'1'}}}}]}"},
    {"UntagResource",
     "{'ResourceArn':'arn:aws:dynamodb:local:000000000000:table/tab',"
     "'TagKeys':['a']}"},
    {"UpdateItem",
     "{'TableName':'tab','Key':{'k':{'S':'u'}},'UpdateExpression':"
     "'SET a = if_not_exists(a, :v) ADD s :s','ExpressionAttributeValues':{"
     "':v':{'N':'1'},':s':{'SS':['x']}},'ReturnValues':'ALL_NEW'}"},
    {"UpdateTable", "{'TableName':'tab','DeletionProtectionEnabled':false}"},
    {"CreateTable", PLAIN_TABLE("other")},
    {"DeleteTable", NAMED("other")},
    {"UpdateTimeToLive", "{'TableName':'tab','TimeToLiveSpecification':{"
                         "'AttributeName':'t','Enabled':true}}"},
};

/* One engine for all, as some need what others did. */
START_TEST(every_action_survives_without_memory)
{
    engine_does("PutItem", ITEM("a"));
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        engine_survives_nomem(requests[i].action, requests[i].json);
}
END_TEST

/* What was refused memory was not done at all. */
START_TEST(failure_changes_nothing)
{
    const char put[] = "{\"TableName\":\"tab\",\"Item\":{\"k\":{\"S\":\"a\"},"
                       "\"v\":{\"S\":\"new\"}}}";

    engine_does("PutItem", ITEM("a"));
    for (long n = 0;; n++) {
        ddbi_buf out = {0};
        int status, failed;

        oom_begin(n);
        ddbi_local_call(engine, "PutItem", ddb_str(put), &status, &out, NULL);
        failed = oom_end();
        ddbi_buf_free(&out);
        if (!failed)
            break;
        engine_answers("GetItem", "{'TableName':'tab','Key':{'k':{'S':'a'}}}",
                       "{'Item':{'k':{'S':'a'}}}");
    }
    engine_answers("GetItem", "{'TableName':'tab','Key':{'k':{'S':'a'}}}",
                   "{'Item':{'k':{'S':'a'},'v':{'S':'new'}}}");
}
END_TEST

/* Allocations of one GetItem, its answer's memory being there. */
static long asked_by_get(ddbi_buf *out)
{
    const char get[] = "{\"TableName\":\"tab\",\"Key\":{\"k\":{\"S\":"
                       "\"a\"}}}";
    int status;

    oom_begin(-1);
    ck_assert_int_eq(
        ddbi_local_call(engine, "GetItem", ddb_str(get), &status, out, NULL),
        DDB_OK);
    oom_end();
    ck_assert_int_eq(status, 200);
    return oom_asked();
}

START_TEST(memory_is_kept_unless_it_is_much)
{
    size_t n = 4 << 20;
    char *json = malloc(n + 100), *p = json;
    ddbi_buf out = {0};
    long warm;

    ck_assert_ptr_nonnull(json);
    engine_does("PutItem", ITEM("a"));
    asked_by_get(&out);
    warm = asked_by_get(&out);
    ck_assert_int_le(warm, 2); /* of two places */
    p += sprintf(p, "{'TableName':'tab','Item':{'k':{'S':'a'},'v':{'S':'");
    memset(p, 'x', n);
    strcpy(p + n, "'}}}");
    json_decref(engine_ask(400, "PutItem", json));
    ck_assert_int_gt(asked_by_get(&out), warm); /* of the request's arena */
    ddbi_buf_free(&out);
    free(json);
}
END_TEST

/* ---- Expiry ------------------------------------------------------------- */

static int64_t now_ms;

static int64_t fake_now(const ddbi_clock *k)
{
    (void)k;
    return now_ms;
}

static ddbi_clock fake_clock;

static void setup_expiry(void)
{
    const ddbi_local_options options = {.clock = &fake_clock};

    fake_clock = ddbi_system_clock;
    fake_clock.now = fake_now;
    now_ms = INT64_C(1700000000000);
    ck_assert_int_eq(ddbi_local_open(&options, &engine, NULL), DDB_OK);
    engine_does("CreateTable", PLAIN_TABLE("tab"));
    engine_does("UpdateTimeToLive",
                "{'TableName':'tab','TimeToLiveSpecification':{"
                "'AttributeName':'t','Enabled':true}}");
}

static void put_expiring(int from, int to)
{
    char json[256];

    for (int i = from; i < to; i++) {
        snprintf(json, sizeof json,
                 "{'TableName':'tab','Item':{'k':{'S':'k%d'},"
                 "'t':{'N':'1700000010'}}}",
                 i);
        engine_does("PutItem", json);
    }
}

static json_int_t count(void)
{
    json_t *got =
        engine_ask(200, "Scan", "{'TableName':'tab','Select':'COUNT'}");
    json_int_t n = json_integer_value(json_object_get(got, "Count"));

    json_decref(got);
    return n;
}

START_TEST(writing_removes_what_has_expired)
{
    put_expiring(0, 3);
    now_ms += 9000;
    engine_does("PutItem", ITEM("stays"));
    ck_assert_int_eq(count(), 4);
    now_ms += 2000;
    ck_assert_int_eq(count(), 4); /* a read does not */
    engine_does("PutItem", ITEM("stays"));
    ck_assert_int_eq(count(), 1);
}
END_TEST

START_TEST(sweeps_some_at_a_time)
{
    int more = 1, turns = 0;

    put_expiring(0, 250);
    now_ms += 20000;
    while (more) {
        ck_assert_int_eq(ddbi_local_sweep(engine, &more, NULL), DDB_OK);
        turns++;
    }
    ck_assert_int_ge(turns, 3);
    ck_assert_int_eq(count(), 0);
}
END_TEST

START_TEST(sweep_survives_without_memory)
{
    put_expiring(0, 5);
    now_ms += 20000;
    for (long n = 0;; n++) {
        ddb_err err = {0};
        ddb_code code;
        int more, failed;

        oom_begin(n);
        code = ddbi_local_sweep(engine, &more, &err);
        failed = oom_end();
        ck_assert_int_eq(code, failed ? DDB_NOMEM : DDB_OK);
        if (!failed)
            break;
    }
    ck_assert_int_eq(count(), 0);
}
END_TEST

/* ---- Threads and processes ---------------------------------------------- */

#define THREADS 8
#define TURNS 200

static void *add_many(void *arg)
{
    const char update[] =
        "{\"TableName\":\"tab\",\"Key\":{\"k\":{\"S\":\"n\"}},"
        "\"UpdateExpression\":\"ADD c :one\",\"ExpressionAttributeValues\":{"
        "\":one\":{\"N\":\"1\"}}}";
    ddbi_buf out = {0};
    int status = 0;

    (void)arg;
    for (int i = 0; i < TURNS; i++)
        if (ddbi_local_call(engine, "UpdateItem", ddb_str(update), &status,
                            &out, NULL) != DDB_OK ||
            status != 200)
            break;
    ddbi_buf_free(&out);
    return NULL;
}

START_TEST(threads_share_an_engine)
{
    pthread_t threads[THREADS];
    char want[128];

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_many, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    snprintf(want, sizeof want, "{'Item':{'k':{'S':'n'},'c':{'N':'%d'}}}",
             THREADS * TURNS);
    engine_answers("GetItem", "{'TableName':'tab','Key':{'k':{'S':'n'}}}",
                   want);
}
END_TEST

START_TEST(child_leaves_the_file_alone)
{
    char path[] = "/tmp/ddb-local-XXXXXX";
    int fd = mkstemp(path), status;
    const ddbi_local_options options = {.path = path};
    char beside[64];
    pid_t child;

    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(ddbi_local_open(&options, &engine, NULL), DDB_OK);
    engine_does("CreateTable", PLAIN_TABLE("tab"));
    child = fork();
    if (child == 0) {
        ddbi_local_close(engine, 1);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    engine_does("PutItem", ITEM("a"));
    engine_teardown();
    ck_assert_int_eq(ddbi_local_open(&options, &engine, NULL), DDB_OK);
    ck_assert_int_eq(count(), 1);
    engine_teardown();
    unlink(path);
    snprintf(beside, sizeof beside, "%s-wal", path);
    unlink(beside);
    snprintf(beside, sizeof beside, "%s-shm", path);
    unlink(beside);
}
END_TEST

Suite *suite_local(void)
{
    Suite *s = suite_create("local");
    TCase *alone = tcase_create("opening"), *tc = tcase_create("engine");
    TCase *expiry = tcase_create("expiry");

    tcase_add_test(alone, opens_or_has_no_memory);
    tcase_add_test(alone, says_why_it_does_not_open);
    tcase_add_test(alone, region_and_address_are_the_callers);
    tcase_add_test(alone, child_leaves_the_file_alone);
    suite_add_tcase(s, alone);
    tcase_add_checked_fixture(tc, setup, engine_teardown);
    tcase_add_test(tc, engines_in_memory_are_strangers);
    tcase_add_test(tc, every_action_survives_without_memory);
    tcase_add_test(tc, failure_changes_nothing);
    tcase_add_test(tc, memory_is_kept_unless_it_is_much);
    tcase_add_test(tc, threads_share_an_engine);
    suite_add_tcase(s, tc);
    tcase_add_checked_fixture(expiry, setup_expiry, engine_teardown);
    tcase_add_test(expiry, writing_removes_what_has_expired);
    tcase_add_test(expiry, sweeps_some_at_a_time);
    tcase_add_test(expiry, sweep_survives_without_memory);
    suite_add_tcase(s, expiry);
    return s;
}
