/* SPDX-License-Identifier: MIT */
/* DescribeTable, DeleteTable, ListTables, DescribeLimits, DescribeEndpoints:
 * also with several engines on one file. */
#include "engine.h"
#include "oom.h"
#include "tables.h"
#include "tests.h"

#include "local/local_key.h"
#include "local/local_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARN(name) "arn:aws:dynamodb:us-west-2:123456789012:table/" name

/* ---- Names -------------------------------------------------------------- */

static const struct {
    const char *action;
    const char *request;
    const char *message;
} missing[] = {
    {"DescribeTable", NAMED("none"),
     "Requested resource not found: Table: none not found"},
    {"DescribeTable", NAMED(ARN("none")),
     "Requested resource not found: Table: none not found"},
    {"DescribeTable", NAMED("arn:aws:dynamodb:a:1:table/none/index/idx"),
     "Requested resource not found: Table: none not found"},
    {"DescribeTable", NAMED("arn:aws:dynamo:a:1:table/none"),
     "Requested resource not found: Table: arn:aws:dynamo:a:1:table/none not "
     "found"},
    {"DeleteTable", NAMED("none"),
     "Requested resource not found: Table: none not found"},
    {"DescribeTimeToLive", NAMED("none"),
     "Requested resource not found: Table: none not found"},
    {"GetItem", "{'TableName':'none','Key':{'k':{'S':'a'}}}",
     "Requested resource not found"},
};

START_TEST(names_the_table_that_is_missing)
{
    engine_refuses(missing[_i].action, missing[_i].request,
                   "ResourceNotFoundException", missing[_i].message);
}
END_TEST

START_TEST(finds_a_table_by_its_arn)
{
    json_t *got;

    engine_does("CreateTable", PLAIN_TABLE("tab"));
    got = engine_ask(200, "DescribeTable", NAMED(ARN("tab")));
    json_decref(got);
    engine_does("PutItem",
                "{'TableName':'" ARN("tab") "','Item':{'k':{'S':'a'}}}");
    engine_answers("GetItem", "{'TableName':'tab','Key':{'k':{'S':'a'}}}",
                   "{'Item':{'k':{'S':'a'}}}");
}
END_TEST

/* ---- Deleting ----------------------------------------------------------- */

START_TEST(is_being_deleted_in_the_answer_and_gone_at_once)
{
    json_t *got, *t;

    engine_does("CreateTable", PLAIN_TABLE("tab"));
    got = engine_ask(200, "DeleteTable", NAMED("tab"));
    t = json_object_get(got, "TableDescription");
    ck_assert_str_eq(json_string_value(json_object_get(t, "TableStatus")),
                     "DELETING");
    ck_assert_str_eq(json_string_value(json_object_get(t, "TableName")), "tab");
    ck_assert_ptr_null(json_object_get(t, "KeySchema"));
    json_decref(got);
    engine_refuses("DescribeTable", NAMED("tab"), "ResourceNotFoundException",
                   "Requested resource not found: Table: tab not found");
    engine_answers("ListTables", "{}", "{'TableNames':[]}");
}
END_TEST

#define INDEXED                                                                \
    "{'TableName':'tab'," DEFS(ATTR("k", "S") "," ATTR("x", "N")) "," SCHEMA(  \
        HASH("k")) "," ON_DEMAND "," GLOBALS(INDEX("idx", HASH("x"), "")) "}"
#define ITEM "{'TableName':'tab','Item':{'k':{'S':'a'},'x':{'N':'1'}}}"
#define EXPIRY                                                                 \
    "{'TableName':'tab','TimeToLiveSpecification':{'AttributeName':'t',"       \
    "'Enabled':true}}"

START_TEST(takes_all_rows_with_it)
{
    engine_does("CreateTable", INDEXED);
    engine_does("UpdateTimeToLive", EXPIRY);
    engine_does("PutItem", ITEM);
    engine_does("DeleteTable", NAMED("tab"));
    engine_does("CreateTable", INDEXED);
    engine_answers("Scan", NAMED("tab"),
                   "{'Items':[],'Count':0,'ScannedCount':0}");
    engine_answers("Scan", "{'TableName':'tab','IndexName':'idx'}",
                   "{'Items':[],'Count':0,'ScannedCount':0}");
    engine_answers("DescribeTimeToLive", NAMED("tab"),
                   "{'TimeToLiveDescription':{'TimeToLiveStatus':"
                   "'DISABLED'}}");
}
END_TEST

/* ---- Counting ----------------------------------------------------------- */

static void counts(int items, int bytes, int indexed)
{
    json_t *got = engine_ask(200, "DescribeTable", NAMED("tab"));
    json_t *t = json_object_get(got, "Table");
    json_t *x = json_array_get(json_object_get(t, "GlobalSecondaryIndexes"), 0);

    ck_assert_int_eq(json_integer_value(json_object_get(t, "ItemCount")),
                     items);
    ck_assert_int_eq(json_integer_value(json_object_get(t, "TableSizeBytes")),
                     bytes);
    ck_assert_int_eq(json_integer_value(json_object_get(x, "ItemCount")),
                     indexed);
    json_decref(got);
}

START_TEST(counts_items_after_every_write)
{
    engine_does("CreateTable", INDEXED);
    counts(0, 0, 0);
    engine_does("PutItem", ITEM);
    counts(1, 5, 1);
    engine_does("PutItem", ITEM);
    counts(1, 5, 1);
    engine_does("PutItem", "{'TableName':'tab','Item':{'k':{'S':'bc'}}}");
    counts(2, 8, 1);
    engine_does("UpdateItem", "{'TableName':'tab','Key':{'k':{'S':'a'}},"
                              "'UpdateExpression':'REMOVE x'}");
    counts(2, 5, 0);
    engine_does("DeleteItem", "{'TableName':'tab','Key':{'k':{'S':'a'}}}");
    counts(1, 3, 0);
}
END_TEST

/* ---- Listing ------------------------------------------------------------ */

static const struct {
    const char *request;
    const char *answer;
} lists[] = {
    {"{}", "{'TableNames':['TAB','a.b','tab','tab-2','tab_1']}"},
    {"{'Limit':5}", "{'TableNames':['TAB','a.b','tab','tab-2','tab_1']}"},
    {"{'Limit':4}", "{'TableNames':['TAB','a.b','tab','tab-2'],"
                    "'LastEvaluatedTableName':'tab-2'}"},
    {"{'Limit':1}", "{'TableNames':['TAB'],'LastEvaluatedTableName':'TAB'}"},
    {"{'ExclusiveStartTableName':'tab'}", "{'TableNames':['tab-2','tab_1']}"},
    {"{'ExclusiveStartTableName':'ta-'}",
     "{'TableNames':['tab','tab-2','tab_1']}"},
    {"{'ExclusiveStartTableName':'tab_1'}", "{'TableNames':[]}"},
    {"{'ExclusiveStartTableName':'TAB','Limit':2}",
     "{'TableNames':['a.b','tab'],'LastEvaluatedTableName':'tab'}"},
};

START_TEST(lists_tables_by_their_bytes)
{
    engine_does("CreateTable", PLAIN_TABLE("tab_1"));
    engine_does("CreateTable", PLAIN_TABLE("TAB"));
    engine_does("CreateTable", PLAIN_TABLE("tab-2"));
    engine_does("CreateTable", PLAIN_TABLE("tab"));
    engine_does("CreateTable", PLAIN_TABLE("a.b"));
    engine_answers("ListTables", lists[_i].request, lists[_i].answer);
}
END_TEST

START_TEST(lists_a_hundred_at_a_time)
{
    char request[256], last[16] = "";
    int pages = 0, names = 0;

    for (int i = 0; i < 250; i++) {
        snprintf(request, sizeof request,
                 "{'TableName':'tab%03d'," DEFS(ATTR("k", "S")) "," SCHEMA(
                     HASH("k")) "," ON_DEMAND "}",
                 i);
        engine_does("CreateTable", request);
    }
    do {
        json_t *got;
        const char *text;

        snprintf(request, sizeof request, "{%s%s%s}",
                 *last ? "'ExclusiveStartTableName':'" : "", last,
                 *last ? "'" : "");
        got = engine_ask(200, "ListTables", request);
        names += (int)json_array_size(json_object_get(got, "TableNames"));
        text =
            json_string_value(json_object_get(got, "LastEvaluatedTableName"));
        snprintf(last, sizeof last, "%s", text ? text : "");
        json_decref(got);
        pages++;
    } while (*last);
    ck_assert_int_eq(names, 250);
    ck_assert_int_eq(pages, 3);
}
END_TEST

START_TEST(tells_limits_and_endpoints)
{
    engine_answers("DescribeLimits", "{}",
                   "{'AccountMaxReadCapacityUnits':80000,"
                   "'AccountMaxWriteCapacityUnits':80000,"
                   "'TableMaxReadCapacityUnits':40000,"
                   "'TableMaxWriteCapacityUnits':40000}");
    engine_answers("DescribeEndpoints", "{}",
                   "{'Endpoints':[{'Address':'localhost',"
                   "'CachePeriodInMinutes':1440}]}");
}
END_TEST

START_TEST(survives_no_memory)
{
    engine_does("CreateTable", INDEXED);
    engine_does("UpdateTimeToLive", EXPIRY);
    engine_survives_nomem("ListTables", "{}");
    engine_survives_nomem("DescribeLimits", "{}");
    engine_survives_nomem("DescribeEndpoints", "{}");
    engine_survives_nomem("DeleteTable", NAMED("tab"));
}
END_TEST

/* ---- Several engines on one file ---------------------------------------- */

static char folder[32];
static char path[sizeof folder + 8];
static ddbi_local *engines[2];

static void pair_setup(void)
{
    ddbi_local_options options = {.path = path};
    ddb_err err = {0};

    snprintf(folder, sizeof folder, "/tmp/ddb-tables-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    for (int i = 0; i < 2; i++)
        ck_assert_msg(ddbi_local_open(&options, &engines[i], &err) == DDB_OK,
                      "%s", err.message);
}

static void pair_teardown(void)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char name[sizeof path + 8];

    for (int i = 0; i < 2; i++)
        ddbi_local_close(engines[i], 0);
    engine = NULL;
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, tails[i]);
        unlink(name);
    }
    rmdir(folder);
}

START_TEST(one_of_two_creates_the_table)
{
    engine = engines[0];
    engine_does("CreateTable", PLAIN_TABLE("tab"));
    engine = engines[1];
    engine_refuses("CreateTable", PLAIN_TABLE("tab"), "ResourceInUseException",
                   "Table already exists: tab");
}
END_TEST

START_TEST(sees_that_another_made_the_table_anew)
{
    for (int i = 0; i < 2; i++) {
        engine = engines[0];
        engine_does("CreateTable", PLAIN_TABLE("tab"));
        engine_does("PutItem", "{'TableName':'tab','Item':{'k':{'S':'a'}}}");
        engine = engines[1];
        engine_answers("Scan", "{'TableName':'tab'}",
                       "{'Items':[{'k':{'S':'a'}}],'Count':1,"
                       "'ScannedCount':1}");
        engine = engines[0];
        engine_does("DeleteTable", NAMED("tab"));
        engine = engines[1];
        engine_refuses("Scan", "{'TableName':'tab'}",
                       "ResourceNotFoundException",
                       "Requested resource not found");
        engine = engines[0];
        engine_does("CreateTable", INDEXED);
        engine = engines[1];
        engine_does("PutItem", ITEM);
        engine_answers("Scan", "{'TableName':'tab','IndexName':'idx'}",
                       "{'Items':[{'k':{'S':'a'},'x':{'N':'1'}}],'Count':1,"
                       "'ScannedCount':1}");
        engine_does("DeleteTable", NAMED("tab"));
    }
}
END_TEST

/* The row that numbers come from. */
static void write_counter(const char *text)
{
    ddbi_store *store;
    ddbi_buf place = {0};
    ddbi_row row = {.body = ddb_str(text)};

    ddbi_place_hash(&place, DDBI_ID_COUNTER, 0);
    row.place = (ddb_bytes){place.p, place.n};
    ck_assert_int_eq(
        ddbi_store_open(path, DDBI_SYNC_OFF, &ddbi_system_clock, &store, NULL),
        DDB_OK);
    ck_assert_int_eq(ddbi_store_begin(store, 1, NULL), DDB_OK);
    ck_assert_int_eq(ddbi_store_put(store, &row, NULL), DDB_OK);
    ck_assert_int_eq(ddbi_store_commit(store, NULL), DDB_OK);
    ddbi_store_close(store, 0);
    ddbi_buf_free(&place);
}

static const struct {
    const char *text;
    ddb_code code;
} counters[] = {
    {"", DDB_SYSTEM},       {"x", DDB_SYSTEM},  {"15", DDB_SYSTEM},
    {"16", DDB_OK},         {"-1", DDB_SYSTEM}, {"4294967295", DDB_SYSTEM},
    {"4294967294", DDB_OK},
};

START_TEST(trusts_no_damaged_counter)
{
    ddb_bytes body = ddb_str("{\"TableName\":\"tab\",\"BillingMode\":"
                             "\"PAY_PER_REQUEST\",\"AttributeDefinitions\":"
                             "[{\"AttributeName\":\"k\",\"AttributeType\":"
                             "\"S\"}],\"KeySchema\":[{\"AttributeName\":"
                             "\"k\",\"KeyType\":\"HASH\"}]}");
    ddbi_buf out = {0};
    ddb_err err = {0};
    int status;

    write_counter(counters[_i].text);
    ck_assert_int_eq(
        ddbi_local_call(engines[0], "CreateTable", body, &status, &out, &err),
        counters[_i].code);
    if (counters[_i].code != DDB_OK)
        ck_assert_str_eq(err.message, "the database is damaged: the numbers "
                                      "of tables have come to an end");
    ddbi_buf_free(&out);
}
END_TEST

#define RACES 40

/* In a process of its own: for each table 'c' when it was the one that
 * created it, 'u' when the table was there. */
static void create_all(char got[RACES])
{
    ddbi_local_options options = {.path = path};
    ddbi_local *l = NULL;
    ddbi_buf out = {0};

    memset(got, '?', RACES);
    if (ddbi_local_open(&options, &l, NULL) != DDB_OK)
        return;
    for (int i = 0; i < RACES; i++) {
        char request[256];
        int status = 0;

        snprintf(request, sizeof request,
                 "{\"TableName\":\"race%d\",\"BillingMode\":"
                 "\"PAY_PER_REQUEST\",\"AttributeDefinitions\":[{"
                 "\"AttributeName\":\"k\",\"AttributeType\":\"S\"}],"
                 "\"KeySchema\":[{\"AttributeName\":\"k\",\"KeyType\":"
                 "\"HASH\"}]}",
                 i);
        if (ddbi_local_call(l, "CreateTable", ddb_str(request), &status, &out,
                            NULL) != DDB_OK)
            continue;
        if (status == 200)
            got[i] = 'c';
        else if (ddbi_buf_text(&out) && strstr(out.p, "ResourceInUseException"))
            got[i] = 'u';
    }
    ddbi_buf_free(&out);
    ddbi_local_close(l, 0);
}

START_TEST(one_of_two_processes_creates_a_table)
{
    char got[2][RACES];
    int ends[2][2];
    pid_t pids[2];

    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pipe(ends[i]), 0);
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (pids[i] == 0) {
            create_all(got[i]);
            _exit(write(ends[i][1], got[i], RACES) != RACES);
        }
    }
    for (int i = 0; i < 2; i++) {
        int status;

        ck_assert_int_eq(read(ends[i][0], got[i], RACES), RACES);
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        close(ends[i][0]);
        close(ends[i][1]);
    }
    for (int i = 0; i < RACES; i++) {
        ck_assert_msg(got[0][i] + got[1][i] == 'c' + 'u', "table %d: %c %c", i,
                      got[0][i], got[1][i]);
    }
}
END_TEST

START_TEST(gives_no_number_twice)
{
    engine = engines[0];
    engine_does("CreateTable", PLAIN_TABLE("one"));
    engine = engines[1];
    engine_does("CreateTable", PLAIN_TABLE("two"));
    engine_does("PutItem", "{'TableName':'two','Item':{'k':{'S':'a'}}}");
    engine = engines[0];
    engine_answers("Scan", NAMED("one"),
                   "{'Items':[],'Count':0,'ScannedCount':0}");
}
END_TEST

Suite *suite_local_tables(void)
{
    Suite *s = suite_create("local_tables");
    TCase *t = tcase_create("tables");

    tcase_add_checked_fixture(t, engine_setup, engine_teardown);
    tcase_add_loop_test(t, names_the_table_that_is_missing, 0, ROWS(missing));
    tcase_add_test(t, finds_a_table_by_its_arn);
    tcase_add_test(t, is_being_deleted_in_the_answer_and_gone_at_once);
    tcase_add_test(t, takes_all_rows_with_it);
    tcase_add_test(t, counts_items_after_every_write);
    tcase_add_loop_test(t, lists_tables_by_their_bytes, 0, ROWS(lists));
    tcase_add_test(t, lists_a_hundred_at_a_time);
    tcase_add_test(t, tells_limits_and_endpoints);
    tcase_add_test(t, survives_no_memory);
    suite_add_tcase(s, t);

    t = tcase_create("one file");
    tcase_add_checked_fixture(t, pair_setup, pair_teardown);
    tcase_add_test(t, one_of_two_creates_the_table);
    tcase_add_test(t, sees_that_another_made_the_table_anew);
    tcase_add_loop_test(t, trusts_no_damaged_counter, 0, ROWS(counters));
    tcase_add_test(t, one_of_two_processes_creates_a_table);
    tcase_add_test(t, gives_no_number_twice);
    suite_add_tcase(s, t);
    return s;
}
