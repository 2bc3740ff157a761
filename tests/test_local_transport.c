/* SPDX-License-Identifier: MIT */
/* The engine as a client's transport: the public interface over memory: and
 * sqlite:, and what it says when the file does not serve. */
#include "oom.h"
#include "tests.h"

#include "client/client.h"
#include "local/local_transport.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[64], endpoint[80];
static ddb_client *c;
static ddb_err err;

#define CREATE                                                                 \
    "{\"TableName\":\"tab\",\"BillingMode\":\"PAY_PER_REQUEST\","              \
    "\"AttributeDefinitions\":[{\"AttributeName\":\"k\","                      \
    "\"AttributeType\":\"S\"}],\"KeySchema\":[{\"AttributeName\":\"k\","       \
    "\"KeyType\":\"HASH\"}]}"

static ddb_code call(const char *action, const char *body)
{
    char *out = NULL;
    ddb_code code = ddb_call(c, &(ddb_call_in){.action = action, .body = body},
                             &out, NULL, &err);

    ddb_free(out);
    return code;
}

static void open_at(const ddb_options *options)
{
    ck_assert_msg(ddb_client_open(options, &c, &err) == DDB_OK, "%s",
                  err.message);
}

static void setup_memory(void)
{
    open_at(&(ddb_options){.endpoint = "memory:", .max_attempts = 2});
    ck_assert_int_eq(call("CreateTable", CREATE), DDB_OK);
}

static void setup_file(void)
{
    int fd;

    strcpy(path, "/tmp/ddb-transport-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    snprintf(endpoint, sizeof endpoint, "sqlite:%s", path);
    open_at(&(ddb_options){.endpoint = endpoint, .max_attempts = 2});
    ck_assert_int_eq(call("CreateTable", CREATE), DDB_OK);
}

static void teardown_memory(void)
{
    ddb_client_close(c);
    c = NULL;
}

static void teardown_file(void)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[80];

    teardown_memory();
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

static ddb_code put(const char *key, int64_t number)
{
    ddb_item *it = ddb_item_new();
    ddb_code code;

    ddb_item_set_s(it, "k", key);
    ddb_item_set_i64(it, "n", number);
    code = ddb_put_item(c, &(ddb_put_item_in){.table = "tab", .item = it}, NULL,
                        &err);
    ddb_item_free(it);
    return code;
}

/* -1: there is none. */
static int64_t get(const char *key)
{
    ddb_item *it = ddb_item_new(), *out = NULL;
    int64_t n = -1;

    ddb_item_set_s(it, "k", key);
    if (ddb_get_item(c, &(ddb_get_item_in){.table = "tab", .key = it}, &out,
                     &err) == DDB_OK)
        ddb_value_i64(ddb_item_get(out, "n"), &n);
    ddb_item_free(it);
    ddb_item_free(out);
    return n;
}

/* ---- Working ------------------------------------------------------------ */

START_TEST(answers_as_a_server_does)
{
    ck_assert_int_eq(put("a", 1), DDB_OK);
    ck_assert_int_eq(get("a"), 1);
    ck_assert_int_eq(get("b"), -1);
    ck_assert_int_eq(err.code, DDB_NOT_FOUND);
    ck_assert_int_eq(call("GetItem", "{\"TableName\":\"nobody\",\"Key\":{}}"),
                     DDB_NO_TABLE);
    ck_assert_str_eq(err.type, "ResourceNotFoundException");
    ck_assert_int_eq(err.http_status, 400);
    ck_assert_int_eq(call("Nope", "{}"), DDB_VALIDATION);
    ck_assert_str_eq(err.type, "UnknownOperationException");
}
END_TEST

START_TEST(file_outlives_its_client)
{
    ck_assert_int_eq(put("a", 5), DDB_OK);
    ddb_client_close(c);
    open_at(&(ddb_options){.endpoint = endpoint, .local_sync = DDB_SYNC_OFF});
    ck_assert_str_eq(ddb_client_endpoint(c), endpoint);
    ck_assert_int_eq(get("a"), 5);
}
END_TEST

START_TEST(clients_share_a_file)
{
    ddb_client *first = c;

    open_at(
        &(ddb_options){.endpoint = endpoint, .local_sync = DDB_SYNC_NORMAL});
    ck_assert_int_eq(put("a", 7), DDB_OK);
    ddb_client_close(c);
    c = first;
    ck_assert_int_eq(get("a"), 7);
}
END_TEST

/* The application's clock is the engine's. */
static int64_t in_2001(void *arg)
{
    (void)arg;
    return 1000000000;
}

START_TEST(time_is_the_applications)
{
    char *out = NULL;

    ddb_client_close(c);
    open_at(&(ddb_options){.endpoint = "memory:", .now = in_2001});
    ck_assert_int_eq(call("CreateTable", CREATE), DDB_OK);
    ck_assert_int_eq(ddb_call(c,
                              &(ddb_call_in){.action = "DescribeTable",
                                             .body = "{\"TableName\":\"tab\"}"},
                              &out, NULL, &err),
                     DDB_OK);
    ck_assert_ptr_nonnull(strstr(out, "\"CreationDateTime\":1000000000"));
    ddb_free(out);
}
END_TEST

static int64_t any_second;

static int64_t at_any_second(void *arg)
{
    (void)arg;
    return any_second;
}

/* Of a device whose battery is empty, or of a program that gives milliseconds
 * for seconds. */
START_TEST(clock_may_be_far_off)
{
    static const int64_t seconds[] = {0,         -1,           -62135596800,
                                      INT64_MIN, 253402300800, INT64_MAX / 1000,
                                      INT64_MAX};

    any_second = seconds[_i];
    ddb_client_close(c);
    open_at(&(ddb_options){.endpoint = "memory:", .now = at_any_second});
    ck_assert_int_eq(call("CreateTable", CREATE), DDB_OK);
    ck_assert_int_eq(call("UpdateTimeToLive",
                          "{\"TableName\":\"tab\",\"TimeToLiveSpecification\":"
                          "{\"AttributeName\":\"e\",\"Enabled\":true}}"),
                     DDB_OK);
    ck_assert_int_eq(put("a", 1), DDB_OK);
    ck_assert_int_eq(call("DescribeTable", "{\"TableName\":\"tab\"}"), DDB_OK);
    ck_assert_int_eq(get("a"), 1);
    any_second = 1700000000;
    ck_assert_int_eq(put("a", 2), DDB_OK);
    ck_assert_int_eq(get("a"), 2);
}
END_TEST

/* What is not answered is not done. */
START_TEST(answer_is_no_longer_than_allowed)
{
    const char *replace = "{\"TableName\":\"tab\",\"Item\":{\"k\":{\"S\":"
                          "\"a\"}},\"ReturnValues\":\"ALL_OLD\"}";
    char body[4096];
    int n = snprintf(body, sizeof body,
                     "{\"TableName\":\"tab\",\"Item\":"
                     "{\"k\":{\"S\":\"a\"},\"n\":{\"N\":"
                     "\"5\"},\"v\":{\"S\":\"");

    memset(body + n, 'x', 3000);
    strcpy(body + n + 3000, "\"}}}");
    ddb_client_close(c);
    open_at(&(ddb_options){.endpoint = "memory:", .max_answer = 2000});
    ck_assert_int_eq(call("CreateTable", CREATE), DDB_OK);
    ck_assert_int_eq(call("PutItem", body), DDB_OK);
    ck_assert_int_eq(get("a"), -1);
    ck_assert_int_eq(err.code, DDB_ANSWER_TOO_LARGE);
    ck_assert(!err.retryable);
    ck_assert_int_eq(call("PutItem", replace), DDB_ANSWER_TOO_LARGE);
    ck_assert(!err.maybe_applied);
    ck_assert_int_eq(
        call("GetItem", "{\"TableName\":\"tab\",\"Key\":{\"k\":{\"S\":\"a\"}},"
                        "\"ProjectionExpression\":\"n\"}"),
        DDB_OK);
    ck_assert_int_eq(call("Scan", "{\"TableName\":\"tab\"}"),
                     DDB_ANSWER_TOO_LARGE);
    memset(body, 'x', 3000); /* a refusal that shows it */
    memcpy(body, "{\"TableName\":\"", 14);
    strcpy(body + 3000, "\"}");
    ck_assert_int_eq(call("DescribeTable", body), DDB_ANSWER_TOO_LARGE);
    ck_assert_int_eq(call("ListTables", "{}"), DDB_OK);
}
END_TEST

START_TEST(survives_without_memory)
{
    for (long n = 0;; n++) {
        ddb_client *client = (ddb_client *)&client;
        ddb_code code;
        char *out = NULL;
        int failed;

        oom_begin(n);
        code = ddb_client_open(&(ddb_options){.endpoint = "memory:"}, &client,
                               &err);
        if (code == DDB_OK)
            code = ddb_call(
                client, &(ddb_call_in){.action = "CreateTable", .body = CREATE},
                &out, NULL, &err);
        else
            ck_assert_ptr_null(client);
        ddb_free(out);
        ddb_client_close(client);
        failed = oom_end();
        ck_assert_int_eq(oom_live(), 0);
        ck_assert_int_eq(code, failed ? DDB_NOMEM : DDB_OK);
        if (!failed)
            break;
    }
}
END_TEST

/* ---- Threads and processes ---------------------------------------------- */

#define THREADS 8
#define TURNS 100

static void *work(void *arg)
{
    char key[16];
    ddb_err mine = {0};
    int *failed = arg;

    for (int i = 0; i < TURNS; i++) {
        ddb_item *it = ddb_item_new(), *out = NULL;

        snprintf(key, sizeof key, "k%d", i % 10);
        ddb_item_set_s(it, "k", key);
        if (ddb_put_item(c, &(ddb_put_item_in){.table = "tab", .item = it},
                         NULL, &mine) != DDB_OK ||
            ddb_get_item(c, &(ddb_get_item_in){.table = "tab", .key = it}, &out,
                         &mine) != DDB_OK)
            *failed = 1;
        ddb_item_free(it);
        ddb_item_free(out);
    }
    return NULL;
}

START_TEST(threads_share_a_client)
{
    pthread_t threads[THREADS];
    int failed[THREADS] = {0};

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &failed[i]),
                         0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(!failed[i]);
    }
}
END_TEST

START_TEST(child_can_only_close)
{
    int status;
    pid_t child;

    ck_assert_int_eq(put("a", 1), DDB_OK);
    child = fork();
    if (child == 0) {
        int right = get("a") == -1 && err.code == DDB_FORKED;

        ddb_client_close(c);
        _exit(right ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(get("a"), 1);
    ck_assert_int_eq(put("b", 2), DDB_OK);
}
END_TEST

/* ---- A file that does not serve ----------------------------------------- */

START_TEST(locked_file_is_waited_for_and_then_told)
{
    sqlite3 *other;

    ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);
    ddb_client_close(c);
    open_at(&(ddb_options){.endpoint = endpoint, .max_attempts = 1});
    ck_assert_int_eq(put("a", 1), DDB_SYSTEM);
    ck_assert_msg(strstr(err.message, "locked") != NULL, "%s", err.message);
    ck_assert(err.retryable);
    ck_assert(!err.maybe_applied);
    ck_assert_int_eq(err.http_status, 0);
    ck_assert_int_eq(get("a"), -1); /* who reads does not wait */
    ck_assert_int_eq(err.code, DDB_NOT_FOUND);
    sqlite3_close(other);
    ck_assert_int_eq(put("a", 1), DDB_OK);
}
END_TEST

/* A clock that only sleep moves. */
static int64_t slept;

static int64_t fake_now(const ddbi_clock *k)
{
    (void)k;
    return 1000000000000 + slept;
}

static int64_t fake_mono(const ddbi_clock *k)
{
    (void)k;
    return slept;
}

static void fake_sleep(const ddbi_clock *k, int64_t ms)
{
    (void)k;
    slept += ms;
}

static void open_with_fake_clock(const ddb_options *options)
{
    static ddbi_clock clock;
    ddbi_transport *t;

    clock = ddbi_system_clock;
    clock.now = fake_now;
    clock.mono = fake_mono;
    clock.sleep = fake_sleep;
    slept = 0;
    ck_assert_int_eq(
        ddbi_local_transport(
            &(ddbi_local_options){.path = path, .clock = &clock}, 0, &t, &err),
        DDB_OK);
    ck_assert_int_eq(ddbi_client_open_with(options, t, &clock, &c, &err),
                     DDB_OK);
}

/* All attempts, and all waits of each: to remove what has expired, and to
 * write. */
START_TEST(locked_file_keeps_the_deadline)
{
    sqlite3 *other;

    ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);
    ddb_client_close(c);
    open_with_fake_clock(&(ddb_options){.timeout_ms = 300});
    ck_assert_int_eq(put("a", 1), DDB_SYSTEM);
    ck_assert_msg(strstr(err.message, "locked") != NULL, "%s", err.message);
    ck_assert(err.retryable);
    ck_assert(!err.maybe_applied);
    ck_assert_int_ge(slept, 100);
    ck_assert_int_le(slept, 310);
    ck_assert_int_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(other);
    ck_assert_int_eq(put("a", 1), DDB_OK);
}
END_TEST

static void *put_patiently(void *arg)
{
    ddb_err mine = {0};
    char *out = NULL;

    (void)arg;
    (void)ddb_call(c,
                   &(ddb_call_in){.action = "PutItem",
                                  .body = "{\"TableName\":\"tab\",\"Item\":"
                                          "{\"k\":{\"S\":\"a\"}}}",
                                  .timeout_ms = 3000},
                   &out, NULL, &mine);
    ddb_free(out);
    return NULL;
}

/* Nor is it lost behind another thread that waits. */
START_TEST(busy_engine_keeps_the_deadline)
{
    const ddbi_clock *k = &ddbi_system_clock;
    sqlite3 *other;
    pthread_t thread;
    int64_t began;
    char *out = NULL;
    ddb_code code;

    ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(pthread_create(&thread, NULL, put_patiently, NULL), 0);
    k->sleep(k, 100);
    began = k->mono(k);
    code =
        ddb_call(c, &(ddb_call_in){.action = "ListTables", .timeout_ms = 100},
                 &out, NULL, &err);
    ck_assert_ptr_null(out);
    ck_assert_int_eq(code, DDB_TIMEOUT);
    ck_assert(err.retryable);
    ck_assert(!err.maybe_applied);
    ck_assert_int_lt(k->mono(k) - began, 1500);
    sqlite3_close(other);
    pthread_join(thread, NULL);
    ck_assert_int_eq(call("ListTables", "{}"), DDB_OK);
}
END_TEST

/* Nothing but the first page stays as it was. */
static void damage(void)
{
    char rubbish[4096];
    FILE *f;
    long n;

    memset(rubbish, 0xa5, sizeof rubbish);
    f = fopen(path, "r+");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    n = ftell(f);
    ck_assert_int_gt(n, 8192);
    ck_assert_int_eq(fseek(f, 4096, SEEK_SET), 0);
    for (long at = 4096; at < n; at += 4096)
        ck_assert_uint_eq(fwrite(rubbish, sizeof rubbish, 1, f), 1);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(damaged_file_is_told_and_not_repeated)
{
    char key[16];
    ddb_code code;

    for (int i = 0; i < 500; i++) {
        snprintf(key, sizeof key, "k%d", i);
        ck_assert_int_eq(put(key, i), DDB_OK);
    }
    ddb_client_close(c); /* the log is in the file then */
    damage();
    open_at(&(ddb_options){.endpoint = endpoint, .max_attempts = 3});
    code = put("k1", 1);
    ck_assert_int_eq(code, DDB_SYSTEM);
    ck_assert_msg(strstr(err.message, "damaged") != NULL, "%s", err.message);
    ck_assert(!err.retryable);
    ck_assert(!err.maybe_applied);
}
END_TEST

/* The database is whole, but not what is in it. */
START_TEST(damaged_item_is_told)
{
    sqlite3 *other;

    ck_assert_int_eq(put("a", 1), DDB_OK);
    ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(other,
                     "UPDATE map SET body = CAST('{\"k\":' AS BLOB)"
                     " WHERE CAST(body AS TEXT) LIKE '{\"k\":{%'",
                     NULL, NULL, NULL),
        SQLITE_OK);
    ck_assert_int_eq(sqlite3_changes(other), 1);
    sqlite3_close(other);
    ck_assert_int_eq(call("UpdateItem", "{\"TableName\":\"tab\",\"Key\":{\"k\":"
                                        "{\"S\":\"a\"}}}"),
                     DDB_SYSTEM);
    ck_assert_msg(strstr(err.message, "damaged") != NULL, "%s", err.message);
    ck_assert(!err.maybe_applied);
    ck_assert_int_eq(put("a", 2), DDB_OK); /* what is replaced is not read */
    ck_assert_int_eq(get("a"), 2);
}
END_TEST

Suite *suite_local_transport(void)
{
    Suite *s = suite_create("local_transport");
    TCase *memory = tcase_create("memory"), *file = tcase_create("file");
    TCase *alone = tcase_create("alone");

    tcase_add_checked_fixture(memory, setup_memory, teardown_memory);
    tcase_add_test(memory, answers_as_a_server_does);
    tcase_add_test(memory, time_is_the_applications);
    tcase_add_loop_test(memory, clock_may_be_far_off, 0, 7);
    tcase_add_test(memory, answer_is_no_longer_than_allowed);
    tcase_add_test(memory, threads_share_a_client);
    tcase_add_test(memory, child_can_only_close);
    suite_add_tcase(s, memory);
    tcase_add_checked_fixture(file, setup_file, teardown_file);
    tcase_add_test(file, answers_as_a_server_does);
    tcase_add_test(file, file_outlives_its_client);
    tcase_add_test(file, clients_share_a_file);
    tcase_add_test(file, child_can_only_close);
    tcase_add_test(file, locked_file_is_waited_for_and_then_told);
    tcase_add_test(file, locked_file_keeps_the_deadline);
    tcase_add_test(file, busy_engine_keeps_the_deadline);
    tcase_add_test(file, damaged_file_is_told_and_not_repeated);
    tcase_add_test(file, damaged_item_is_told);
    suite_add_tcase(s, file);
    tcase_add_test(alone, survives_without_memory);
    suite_add_tcase(s, alone);
    return s;
}
