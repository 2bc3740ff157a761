/* SPDX-License-Identifier: MIT */
/* What reads and writes cost, how the answer tells it, and what is refused
 * when it may not be used. */
#include "engine.h"
#include "local/local_item.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>

/* ---- Units -------------------------------------------------------------- */

static const struct {
    int64_t bytes;
    double consistent, not, write;
} units[] = {
    {0, 1, 0.5, 1},          {1, 1, 0.5, 1},    {1024, 1, 0.5, 1},
    {1025, 1, 0.5, 2},       {4096, 1, 0.5, 4}, {4097, 2, 1, 5},
    {8192, 2, 1, 8},         {8193, 3, 1.5, 9}, {409600, 100, 50, 400},
    {102400, 25, 12.5, 100},
};

START_TEST(counts_units_that_are_begun)
{
    ck_assert_double_eq(ddbi_read_units(units[_i].bytes, 1),
                        units[_i].consistent);
    ck_assert_double_eq(ddbi_read_units(units[_i].bytes, 0), units[_i].not );
    ck_assert_double_eq(ddbi_write_units(units[_i].bytes), units[_i].write);
}
END_TEST

/* ---- Uses --------------------------------------------------------------- */

static struct {
    char table[20], index[20], partition[20];
    int write, n_index;
    double units, provisioned;
} used[20];
static unsigned n_used;
static const char *refuse_index; /* "": the table */
static const char reason[] = "IndexWriteProvisionedThroughputExceeded";

static const char *admit(void *arg, const ddbi_use *use)
{
    const char *index = use->index ? use->index : "";

    ck_assert_ptr_eq(arg, used);
    ck_assert_uint_lt(n_used, 20);
    snprintf(used[n_used].table, 20, "%s", use->table);
    snprintf(used[n_used].index, 20, "%s", index);
    snprintf(used[n_used].partition, 20, "%.*s", (int)use->partition.n,
             (const char *)use->partition.p);
    used[n_used].write = use->write;
    used[n_used].units = use->units;
    used[n_used].provisioned = use->provisioned;
    n_used++;
    return refuse_index && strcmp(index, refuse_index) == 0 ? reason : NULL;
}

/* demand: a S, without indexes.  given: a, b S, 7 and 9 units; local index
 * lll (a, c), global ggg (d) of 3 and 4 units with e. */
static void create_tables(void)
{
    const ddbi_local_options options = {.admit = admit, .admit_arg = used};
    ddb_err err = {0};

    refuse_index = NULL;
    n_used = 0;
    ck_assert_int_eq(ddbi_local_open(&options, &engine, &err), DDB_OK);
    engine_does("CreateTable",
                "{'TableName':'demand','BillingMode':'PAY_PER_REQUEST',"
                "'AttributeDefinitions':[{'AttributeName':'a',"
                "'AttributeType':'S'}],"
                "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'}]}");
    engine_does("CreateTable",
                "{'TableName':'given',"
                "'ProvisionedThroughput':{'ReadCapacityUnits':7,"
                "'WriteCapacityUnits':9},"
                "'AttributeDefinitions':["
                "{'AttributeName':'a','AttributeType':'S'},"
                "{'AttributeName':'b','AttributeType':'S'},"
                "{'AttributeName':'c','AttributeType':'S'},"
                "{'AttributeName':'d','AttributeType':'S'}],"
                "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
                "{'AttributeName':'b','KeyType':'RANGE'}],"
                "'LocalSecondaryIndexes':["
                "{'IndexName':'lll','Projection':{'ProjectionType':'ALL'},"
                "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
                "{'AttributeName':'c','KeyType':'RANGE'}]}],"
                "'GlobalSecondaryIndexes':["
                "{'IndexName':'ggg','Projection':{'ProjectionType':'INCLUDE',"
                "'NonKeyAttributes':['e']},"
                "'ProvisionedThroughput':{'ReadCapacityUnits':3,"
                "'WriteCapacityUnits':4},"
                "'KeySchema':[{'AttributeName':'d','KeyType':'HASH'}]}]}");
}

static void check_use(unsigned i, const char *table, const char *index,
                      const char *partition, int write, double of,
                      double provisioned)
{
    ck_assert_uint_lt(i, n_used);
    ck_assert_str_eq(used[i].table, table);
    ck_assert_str_eq(used[i].index, index);
    ck_assert_str_eq(used[i].partition, partition);
    ck_assert_int_eq(used[i].write, write);
    ck_assert_double_eq(used[i].units, of);
    ck_assert_double_eq(used[i].provisioned, provisioned);
}

START_TEST(asks_for_what_is_used)
{
    engine_does("PutItem", "{'TableName':'demand','Item':{'a':{'S':'k'}}}");
    check_use(0, "demand", "", "k", 1, 1, 0);
    engine_does("GetItem", "{'TableName':'demand','Key':{'a':{'S':'k'}}}");
    check_use(1, "demand", "", "k", 0, 0.5, 0);
    engine_does("PutItem", "{'TableName':'given','Item':{'a':{'S':'k'},"
                           "'b':{'S':'b'},'c':{'S':'c'},'d':{'S':'d'}}}");
    check_use(2, "given", "", "k", 1, 2, 9); /* the local index too */
    check_use(3, "given", "ggg", "d", 1, 1, 4);
    engine_does("GetItem", "{'TableName':'given','Key':{'a':{'S':'k'},"
                           "'b':{'S':'b'}},'ConsistentRead':true}");
    check_use(4, "given", "", "k", 0, 1, 7);
    ck_assert_uint_eq(n_used, 5);
}
END_TEST

/* It would have been written. */
START_TEST(asks_for_what_a_failed_condition_costs)
{
    json_t *answer;

    engine_refuses("PutItem",
                   "{'TableName':'demand','Item':{'a':{'S':'k'}},"
                   "'ConditionExpression':'attribute_exists(a)'}",
                   "ConditionalCheckFailedException",
                   "The conditional request failed");
    check_use(0, "demand", "", "k", 1, 1, 0);
    refuse_index = "";
    answer = engine_ask(400, "PutItem",
                        "{'TableName':'demand','Item':{'a':{'S':'k'}},"
                        "'ConditionExpression':'attribute_exists(a)'}");
    ck_assert_str_eq(json_string_value(json_object_get(answer, "__type")),
                     "com.amazonaws.dynamodb.v20120810#ThrottlingException");
    json_decref(answer);
}
END_TEST

static const struct {
    const char *table, *index; /* that refuses */
    const char *type, *message, *member, *resource;
} throttles[] = {
    {"demand", "", "ThrottlingException",
     "Throughput exceeds the current capacity of your table or index. DynamoDB "
     "is automatically scaling your table or index so please try again "
     "shortly. If exceptions persist, check if you have a hot key: "
     "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
     "bp-partition-key-design.html",
     "throttlingReasons", "arn:aws:dynamodb:local:000000000000:table/demand"},
    {"given", "", "ProvisionedThroughputExceededException",
     "The level of configured provisioned throughput for the table was "
     "exceeded. Consider increasing your provisioning level with the "
     "UpdateTable API.",
     "ThrottlingReasons", "arn:aws:dynamodb:local:000000000000:table/given"},
    {"given", "ggg", "ProvisionedThroughputExceededException",
     "The level of configured provisioned throughput for one or more global "
     "secondary indexes of the table was exceeded. Consider increasing your "
     "provisioning level for the under-provisioned global secondary indexes "
     "with the UpdateTable API",
     "ThrottlingReasons",
     "arn:aws:dynamodb:local:000000000000:table/given/index/ggg"},
};

START_TEST(refuses_as_the_service_throttles)
{
    json_t *answer, *why, *all;
    char json[200];

    snprintf(json, sizeof json,
             "{'TableName':'%s','Item':{'a':{'S':'k'},'b':{'S':'b'},"
             "'d':{'S':'d'}}}",
             throttles[_i].table);
    refuse_index = throttles[_i].index;
    engine_refuses("PutItem", json, throttles[_i].type, throttles[_i].message);
    answer = engine_ask(400, "PutItem", json);
    why = json_array_get(json_object_get(answer, throttles[_i].member), 0);
    ck_assert_str_eq(json_string_value(json_object_get(why, "reason")), reason);
    ck_assert_str_eq(json_string_value(json_object_get(why, "resource")),
                     throttles[_i].resource);
    json_decref(answer);
    refuse_index = NULL;
    all = engine_everything();
    ck_assert_uint_eq(json_array_size(json_object_get(all, "demand")), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(all, "given")), 0);
    json_decref(all);
}
END_TEST

/* ---- Answers ------------------------------------------------------------ */

#define TOTAL(units)                                                           \
    "{'ConsumedCapacity':{'TableName':'demand','CapacityUnits':" units "}}"

/* One after another, with ReturnConsumedCapacity TOTAL, of the table demand;
 * the @ in a request is a kilobyte. */
static const struct {
    const char *action, *members, *answer;
} totals[] = {
    {"GetItem", "'Key':{'a':{'S':'k'}}", TOTAL("0.5")},
    {"GetItem", "'Key':{'a':{'S':'k'}},'ConsistentRead':true", TOTAL("1.0")},
    {"DeleteItem", "'Key':{'a':{'S':'k'}}", TOTAL("1.0")},
    {"UpdateItem", "'Key':{'a':{'S':'k'}},'UpdateExpression':'REMOVE b'",
     TOTAL("1.0")},
    {"PutItem", "'Item':{'a':{'S':'k'},'b':{'S':'@@'}}", TOTAL("3.0")},
    /* The larger of what was and what is. */
    {"PutItem", "'Item':{'a':{'S':'k'}}", TOTAL("3.0")},
    {"PutItem", "'Item':{'a':{'S':'k'}}", TOTAL("1.0")},
    {"UpdateItem",
     "'Key':{'a':{'S':'k'}},'UpdateExpression':'SET b = :b',"
     "'ExpressionAttributeValues':{':b':{'S':'@@@@@@@'}}",
     TOTAL("8.0")},
    {"GetItem", "'Key':{'a':{'S':'k'}},'ProjectionExpression':'c'",
     "{'Item':{},'ConsumedCapacity':{'TableName':'demand',"
     "'CapacityUnits':1.0}}"},
    {"UpdateItem", "'Key':{'a':{'S':'k'}},'UpdateExpression':'REMOVE b'",
     TOTAL("8.0")},
    {"DeleteItem", "'Key':{'a':{'S':'k'}}", TOTAL("1.0")},
};

/* With its @ written out. */
static char *expand(const char *json)
{
    size_t at = 0;
    char *text, *to;

    for (const char *p = json; *p; p++)
        at += *p == '@';
    text = to = malloc(strlen(json) + at * 1024 + 1);
    ck_assert_ptr_nonnull(text);
    for (const char *p = json; *p; p++) {
        size_t n = *p == '@' ? 1024 : 1;

        memset(to, *p == '@' ? 'x' : *p, n);
        to += n;
    }
    *to = '\0';
    return text;
}

START_TEST(tells_the_total)
{
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++) {
        char json[400], *text;

        snprintf(json, sizeof json,
                 "{'TableName':'demand','ReturnConsumedCapacity':'TOTAL',%s}",
                 totals[i].members);
        text = expand(json);
        engine_answers(totals[i].action, text, totals[i].answer);
        free(text);
    }
}
END_TEST

/* Of the table given: its own units, and those of its indexes. */
static const struct {
    const char *action, *members;
    double table, local, global; /* 0: not told */
} spread[] = {
    {"PutItem", "'Item':{'a':{'S':'a'},'b':{'S':'b'}}", 1, 0, 0},
    /* It comes into both. */
    {"PutItem",
     "'Item':{'a':{'S':'a'},'b':{'S':'b'},'c':{'S':'1'},'d':{'S':'1'},"
     "'f':{'S':'@'}}",
     2, 2, 1},
    /* Nothing that ggg projects changes. */
    {"UpdateItem",
     "'Key':{'a':{'S':'a'},'b':{'S':'b'}},'UpdateExpression':'SET f = a'", 2, 2,
     0},
    {"UpdateItem",
     "'Key':{'a':{'S':'a'},'b':{'S':'b'}},'UpdateExpression':'SET f = a'", 1, 0,
     0},
    {"UpdateItem",
     "'Key':{'a':{'S':'a'},'b':{'S':'b'}},'UpdateExpression':'SET e = a'", 1, 1,
     1},
    /* A key of ggg changes: out of one place and into another. */
    {"UpdateItem",
     "'Key':{'a':{'S':'a'},'b':{'S':'b'}},'UpdateExpression':'SET d = a'", 1, 1,
     2},
    {"UpdateItem",
     "'Key':{'a':{'S':'a'},'b':{'S':'b'}},'UpdateExpression':'REMOVE c'", 1, 1,
     0},
    {"DeleteItem", "'Key':{'a':{'S':'a'},'b':{'S':'b'}}", 1, 0, 1},
    {"DeleteItem", "'Key':{'a':{'S':'a'},'b':{'S':'b'}}", 1, 0, 0},
};

static double units_of(json_t *cost, const char *kind, const char *index)
{
    json_t *of = json_object_get(cost, kind);

    if (index)
        of = json_object_get(of, index);
    return json_number_value(json_object_get(of, "CapacityUnits"));
}

START_TEST(tells_of_indexes)
{
    for (size_t i = 0; i < sizeof spread / sizeof *spread; i++) {
        char json[400], *text;
        json_t *answer, *cost;

        snprintf(json, sizeof json,
                 "{'TableName':'given','ReturnConsumedCapacity':'INDEXES',%s}",
                 spread[i].members);
        text = expand(json);
        answer = engine_ask(200, spread[i].action, text);
        cost = json_object_get(answer, "ConsumedCapacity");
        ck_assert_msg(units_of(cost, "Table", NULL) == spread[i].table &&
                          units_of(cost, "LocalSecondaryIndexes", "lll") ==
                              spread[i].local &&
                          units_of(cost, "GlobalSecondaryIndexes", "ggg") ==
                              spread[i].global,
                      "%s %s: %s", spread[i].action, json, json_dumps(cost, 0));
        ck_assert_double_eq(
            json_number_value(json_object_get(cost, "CapacityUnits")),
            spread[i].table + spread[i].local + spread[i].global);
        ck_assert_int_eq(json_object_get(cost, "LocalSecondaryIndexes") != NULL,
                         spread[i].local > 0);
        json_decref(answer);
        free(text);
    }
}
END_TEST

START_TEST(tells_nothing_unasked)
{
    engine_answers("PutItem",
                   "{'TableName':'demand','Item':{'a':{'S':'k'}},"
                   "'ReturnConsumedCapacity':'NONE',"
                   "'ReturnItemCollectionMetrics':'SIZE'}",
                   "{}");
    engine_answers("PutItem",
                   "{'TableName':'given','Item':{'a':{'S':'k'},"
                   "'b':{'S':'b'}}}",
                   "{}");
}
END_TEST

START_TEST(tells_the_size_of_an_item_collection)
{
    engine_answers("PutItem",
                   "{'TableName':'given','Item':{'a':{'S':'k'},"
                   "'b':{'S':'b'}},'ReturnItemCollectionMetrics':'SIZE'}",
                   "{'ItemCollectionMetrics':{'ItemCollectionKey':"
                   "{'a':{'S':'k'}},'SizeEstimateRangeGB':[0.0,1.0]}}");
    engine_answers("DeleteItem",
                   "{'TableName':'given','Key':{'a':{'S':'k'},"
                   "'b':{'S':'b'}},'ReturnItemCollectionMetrics':'SIZE'}",
                   "{'ItemCollectionMetrics':{'ItemCollectionKey':"
                   "{'a':{'S':'k'}},'SizeEstimateRangeGB':[0.0,1.0]}}");
}
END_TEST

Suite *suite_local_cost(void)
{
    Suite *s = suite_create("local_cost");
    TCase *t = tcase_create("capacity");

    tcase_add_loop_test(t, counts_units_that_are_begun, 0, ROWS(units));
    suite_add_tcase(s, t);
    t = tcase_create("of requests");
    tcase_add_checked_fixture(t, create_tables, engine_teardown);
    tcase_add_test(t, asks_for_what_is_used);
    tcase_add_test(t, asks_for_what_a_failed_condition_costs);
    tcase_add_loop_test(t, refuses_as_the_service_throttles, 0,
                        ROWS(throttles));
    tcase_add_test(t, tells_the_total);
    tcase_add_test(t, tells_of_indexes);
    tcase_add_test(t, tells_nothing_unasked);
    tcase_add_test(t, tells_the_size_of_an_item_collection);
    suite_add_tcase(s, t);
    return s;
}
