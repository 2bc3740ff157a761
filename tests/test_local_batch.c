/* SPDX-License-Identifier: MIT */
/* BatchGetItem and BatchWriteItem. */
#include "engine.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>

#define NOT_VALID "One or more parameter values are not valid. "
#define MISMATCH "The provided key element does not match the schema"
#define TWICE "Provided list of item keys contains duplicates"

/* Of the throttling hook below. */
static int refuse_writes, refuse_reads; /* so many uses more are let pass */

static const char *admit(void *arg, const ddbi_use *use)
{
    int *left = use->write ? &refuse_writes : &refuse_reads;

    (void)arg;
    if (!use->batch || *left < 0 || (*left)-- > 0)
        return NULL;
    *left = 0;
    return use->write ? "TableWriteKeyRangeThroughputExceeded"
                      : "TableReadKeyRangeThroughputExceeded";
}

/* hash: a S.  range: a S, b N; global index xxx (c S) of keys alone. */
static void create_tables(void)
{
    const ddbi_local_options options = {.admit = admit};
    ddb_err err = {0};

    refuse_writes = refuse_reads = -1;
    ck_assert_int_eq(ddbi_local_open(&options, &engine, &err), DDB_OK);
    engine_make_hash();
    engine_does(
        "CreateTable",
        "{'TableName':'range',"
        "'ProvisionedThroughput':{'ReadCapacityUnits':5,"
        "'WriteCapacityUnits':5},"
        "'AttributeDefinitions':["
        "{'AttributeName':'a','AttributeType':'S'},"
        "{'AttributeName':'b','AttributeType':'N'},"
        "{'AttributeName':'c','AttributeType':'S'}],"
        "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
        "{'AttributeName':'b','KeyType':'RANGE'}],"
        "'GlobalSecondaryIndexes':["
        "{'IndexName':'xxx','Projection':{'ProjectionType':'KEYS_ONLY'},"
        "'ProvisionedThroughput':{'ReadCapacityUnits':5,"
        "'WriteCapacityUnits':5},"
        "'KeySchema':[{'AttributeName':'c','KeyType':'HASH'}]}]}");
}

/* ---- Refusals ----------------------------------------------------------- */

#define PUT(item) "{'PutRequest':{'Item':{" item "}}}"
#define DELETE(key) "{'DeleteRequest':{'Key':{" key "}}}"

static const struct {
    const char *action, *json, *message;
} refused[] = {
    {"BatchWriteItem", "{'RequestItems':{'none':[{}]}}",
     "Supplied AttributeValue has more than one datatypes set, must contain "
     "exactly one of the supported datatypes"},
    {"BatchWriteItem",
     "{'RequestItems':{'none':[" PUT(
         "'a':{}") ","
                   "{'PutRequest':{'Item':{}},'DeleteRequest':{'Key':{}}}]}}",
     "Supplied AttributeValue has more than one datatypes set, must contain "
     "exactly one of the supported datatypes"},
    {"BatchWriteItem",
     "{'RequestItems':{'none':[" PUT("'a':{'S':'a'}") "," DELETE(
         "'a':{}") "]}}",
     "Supplied AttributeValue is empty, must contain exactly one of the "
     "supported datatypes"},
    {"BatchWriteItem", "{'RequestItems':{'hash':[" PUT("") "]}}", MISMATCH},
    {"BatchWriteItem", "{'RequestItems':{'hash':[" PUT("'a':{'N':'1'}") "]}}",
     MISMATCH},
    {"BatchWriteItem",
     "{'RequestItems':{'hash':[" DELETE("'a':{'S':'1'},'b':{'S':'1'}") "]}}",
     MISMATCH},
    {"BatchWriteItem", "{'RequestItems':{'hash':[" PUT("'a':{'S':''}") "]}}",
     NOT_VALID "The AttributeValue for a key attribute cannot contain an empty "
               "string value. Key: a"},
    {"BatchWriteItem",
     "{'RequestItems':{'range':[" PUT(
         "'a':{'S':'a'},'b':{'N':'1'},'c':{'N':'1'}") "]}}",
     "One or more parameter values were invalid: Type mismatch for Index Key c "
     "Expected: S Actual: N IndexName: xxx"},
    {"BatchWriteItem",
     "{'RequestItems':{'hash':[" PUT("'a':{'S':'a'}") "," DELETE(
         "'a':{'S':'a'}") "]}}",
     TWICE},
    {"BatchWriteItem",
     "{'RequestItems':{'range':[" PUT("'a':{'S':'a'},'b':{'N':'1'}") "," PUT(
         "'a':{'S':'a'},'b':{'N':'1.0'}") "]}}",
     TWICE},
    /* Nothing is looked for in the tables before the request is right. */
    {"BatchGetItem",
     "{'RequestItems':{'none':{'Keys':[{'a':{'S':'a'}},{'a':{'S':'a'}}]}}}",
     TWICE},
    {"BatchGetItem",
     "{'RequestItems':{'none':{'Keys':[{'b':{'N':'1'},'a':{'S':'a'}},"
     "{'a':{'S':'a'},'b':{'N':'1e0'}}]}}}",
     TWICE},
    {"BatchGetItem",
     "{'RequestItems':{'none':{'Keys':[{'a':{}}],"
     "'ExpressionAttributeNames':{}}}}",
     "ExpressionAttributeNames can only be specified when using expressions"},
    {"BatchGetItem",
     "{'RequestItems':{'none':{'Keys':[{'a':{}}],"
     "'ProjectionExpression':'a,'}}}",
     "Invalid ProjectionExpression: Syntax error; token: \"<EOF>\", near: "
     "\",\""},
    {"BatchGetItem",
     "{'RequestItems':{'none':{'Keys':[{'a':{}}],'AttributesToGet':['a']}}}",
     "AttributesToGet is not supported by the local engine; use an "
     "expression"},
    {"BatchGetItem", "{'RequestItems':{'hash':{'Keys':[{'a':{'N':'1'}}]}}}",
     MISMATCH},
    {"BatchGetItem", "{'RequestItems':{'hash':{'Keys':[{'a':{'S':''}}]}}}",
     NOT_VALID "The AttributeValue for a key attribute cannot contain an empty "
               "string value. Key: a"},
};

START_TEST(refuses)
{
    engine_invalid(refused[_i].action, refused[_i].json, refused[_i].message);
}
END_TEST

static const char *const absent[][2] = {
    {"BatchGetItem", "{'RequestItems':{'hash':{'Keys':[{'a':{'S':'a'}}]},"
                     "'none':{'Keys':[{}]}}}"},
    {"BatchWriteItem", "{'RequestItems':{'hash':[" PUT(
                           "'a':{'S':'a'}") "],'none':[" PUT("") "]}}"},
};

START_TEST(refuses_a_table_that_is_not_there)
{
    engine_refuses(absent[_i][0], absent[_i][1], "ResourceNotFoundException",
                   "Requested resource not found");
    engine_answers("Scan", "{'TableName':'hash'}",
                   "{'Items':[],'Count':0,'ScannedCount':0}");
}
END_TEST

/* n requests of one table, each for its own key. */
static json_t *puts_of(int n, const char *prefix, size_t size)
{
    json_t *list = json_array();
    char *fill = calloc(1, size + 1), key[40];

    ck_assert_ptr_nonnull(fill);
    memset(fill, 'x', size);
    for (int i = 0; i < n; i++) {
        snprintf(key, sizeof key, "%s%03d", prefix, i);
        json_array_append_new(list, json_pack("{s:{s:{s:{s:s},s:{s:s}}}}",
                                              "PutRequest", "Item", "a", "S",
                                              key, "f", "S", fill));
    }
    free(fill);
    return list;
}

static json_t *keys_of(int n, const char *prefix)
{
    json_t *list = json_array();
    char key[40];

    for (int i = 0; i < n; i++) {
        snprintf(key, sizeof key, "%s%03d", prefix, i);
        json_array_append_new(list, json_pack("{s:{s:s}}", "a", "S", key));
    }
    return list;
}

static char *message_of(json_t *answer)
{
    const char *text = json_string_value(json_object_get(answer, "message"));
    char *copy = strdup(text ? text : "");

    json_decref(answer);
    return copy;
}

START_TEST(takes_25_writes_of_all_tables)
{
    char *message;

    json_decref(engine_ask_tree(
        200, "BatchWriteItem",
        json_pack("{s:{s:o}}", "RequestItems", "hash", puts_of(25, "", 1))));
    message = message_of(engine_ask_tree(
        400, "BatchWriteItem",
        json_pack("{s:{s:o,s:o}}", "RequestItems", "hash", puts_of(20, "", 1),
                  "other", puts_of(6, "", 1))));
    ck_assert_str_eq(message,
                     "Too many items requested for the BatchWriteItem call");
    free(message);
}
END_TEST

START_TEST(takes_100_keys_of_all_tables)
{
    char *message;

    json_decref(engine_ask_tree(200, "BatchGetItem",
                                json_pack("{s:{s:{s:o}}}", "RequestItems",
                                          "hash", "Keys", keys_of(100, ""))));
    message = message_of(engine_ask_tree(
        400, "BatchGetItem",
        json_pack("{s:{s:{s:o},s:{s:o}}}", "RequestItems", "hash", "Keys",
                  keys_of(90, ""), "other", "Keys", keys_of(11, ""))));
    ck_assert_str_eq(message,
                     "Too many items requested for the BatchGetItem call");
    free(message);
}
END_TEST

START_TEST(refuses_an_item_beyond_400_kb)
{
    char *message = message_of(
        engine_ask_tree(400, "BatchWriteItem",
                        json_pack("{s:{s:o}}", "RequestItems", "none",
                                  puts_of(2, "", 400 * 1024))));

    ck_assert_str_eq(message,
                     "Item size has exceeded the maximum allowed size");
    free(message);
}
END_TEST

/* ---- Writing and reading ------------------------------------------------ */

START_TEST(writes_and_reads_several_tables)
{
    engine_does("PutItem", "{'TableName':'hash','Item':{'a':{'S':'old'}}}");
    engine_answers(
        "BatchWriteItem",
        "{'RequestItems':{'hash':[" PUT(
            "'a':{'S':'x'},'v':{'N':'1'"
            "}") "," DELETE("'a':{'S':'"
                            "old'}") "," DELETE("'a':{'S':'never'}") "],'range':[" PUT("'a':{'S':'x'},'b':{'N':'2'},'c':{'S':'c'}") "]}}",
        "{'UnprocessedItems':{}}");
    engine_answers(
        "BatchGetItem",
        "{'RequestItems':{'hash':{'Keys':[{'a':{'S':'old'}},{'a':{'S':'x'}}],"
        "'ConsistentRead':true},"
        "'range':{'Keys':[{'a':{'S':'x'},'b':{'N':'2'}}],"
        "'ProjectionExpression':'#c','ExpressionAttributeNames':"
        "{'#c':'c'}}}}",
        "{'Responses':{'hash':[{'a':{'S':'x'},'v':{'N':'1'}}],"
        "'range':[{'c':{'S':'c'}}]},'UnprocessedKeys':{}}");
    engine_answers("Scan", "{'TableName':'range','IndexName':'xxx'}",
                   "{'Items':[{'a':{'S':'x'},'b':{'N':'2'},'c':{'S':'c'}}],"
                   "'Count':1,'ScannedCount':1}");
}
END_TEST

/* What comes from one partition ends at a megabyte and an item. */
START_TEST(leaves_keys_of_a_long_answer)
{
    json_t *answer, *left;

    for (int i = 0; i < 2; i++)
        json_decref(
            engine_ask_tree(200, "BatchWriteItem",
                            json_pack("{s:{s:o}}", "RequestItems", "hash",
                                      puts_of(10, i ? "a" : "b", 100 * 1024))));
    answer = engine_ask_tree(200, "BatchGetItem",
                             json_pack("{s:{s:{s:o,s:b,s:s,s:{s:s}}}}",
                                       "RequestItems", "hash", "Keys",
                                       keys_of(20, "a"), "ConsistentRead", 1,
                                       "ProjectionExpression", "#a",
                                       "ExpressionAttributeNames", "#a", "a"));
    /* Ten of the twenty keys are there. */
    ck_assert_uint_eq(json_array_size(json_object_get(
                          json_object_get(answer, "Responses"), "hash")),
                      10);
    json_decref(answer);
    for (int i = 0; i < 10; i++) {
        char json[100];

        snprintf(json, sizeof json,
                 "{'TableName':'hash','Key':{'a':"
                 "{'S':'b%03d'}}}",
                 i);
        engine_does("DeleteItem", json);
    }
    json_decref(engine_ask_tree(200, "BatchWriteItem",
                                json_pack("{s:{s:o}}", "RequestItems", "hash",
                                          puts_of(20, "a", 100 * 1024))));
    answer = engine_ask_tree(200, "BatchGetItem",
                             json_pack("{s:{s:{s:o,s:b,s:s,s:{s:s}}}}",
                                       "RequestItems", "hash", "Keys",
                                       keys_of(20, "a"), "ConsistentRead", 1,
                                       "ProjectionExpression", "#a",
                                       "ExpressionAttributeNames", "#a", "a"));
    ck_assert_uint_eq(json_array_size(json_object_get(
                          json_object_get(answer, "Responses"), "hash")),
                      14);
    left = json_object_get(json_object_get(answer, "UnprocessedKeys"), "hash");
    ck_assert_uint_eq(json_array_size(json_object_get(left, "Keys")), 6);
    ck_assert(json_is_true(json_object_get(left, "ConsistentRead")));
    ck_assert_str_eq(
        json_string_value(json_object_get(left, "ProjectionExpression")), "#a");
    /* They can be asked for as they are. */
    json_object_set_new(
        answer, "RequestItems",
        json_deep_copy(json_object_get(answer, "UnprocessedKeys")));
    json_object_del(answer, "Responses");
    json_object_del(answer, "UnprocessedKeys");
    answer = engine_ask_tree(200, "BatchGetItem", answer);
    ck_assert_uint_eq(json_array_size(json_object_get(
                          json_object_get(answer, "Responses"), "hash")),
                      6);
    json_decref(answer);
}
END_TEST

/* ---- Throttling --------------------------------------------------------- */

#define FIRST PUT("'a':{'S':'1'}")
#define SECOND PUT("'a':{'S':'2'}")
#define THIRD PUT("'a':{'S':'3'},'v':{'N':'1'}")
#define IN_RANGE DELETE("'a':{'S':'x'},'b':{'N':'2'}")

START_TEST(leaves_what_was_throttled)
{
    refuse_writes = 2;
    engine_answers("BatchWriteItem",
                   "{'RequestItems':{'hash':[" FIRST "," SECOND "," THIRD "],"
                   "'range':[" IN_RANGE "]}}",
                   "{'UnprocessedItems':{'hash':[" THIRD "],"
                   "'range':[" IN_RANGE "]}}");
    refuse_reads = 1;
    engine_answers(
        "BatchGetItem",
        "{'RequestItems':{'hash':{'Keys':[{'a':{'S':'2'}},{'a':{'S':'1'}}]}}}",
        "{'Responses':{'hash':[{'a':{'S':'2'}}]},"
        "'UnprocessedKeys':{'hash':{'Keys':[{'a':{'S':'1'}}]}}}");
}
END_TEST

START_TEST(is_throttled_when_all_of_it_is)
{
    static const char on_demand[] =
        "Throughput exceeds the current capacity of your table or index. "
        "DynamoDB is automatically scaling your table or index so please try "
        "again shortly. If exceptions persist, check if you have a hot key: "
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
        "bp-partition-key-design.html";

    refuse_writes = refuse_reads = 0;
    engine_refuses("BatchWriteItem",
                   "{'RequestItems':{'hash':[" PUT("'a':{'S':'1'}") "]}}",
                   "ThrottlingException", on_demand);
    engine_refuses(
        "BatchGetItem",
        "{'RequestItems':{'range':{'Keys':[{'a':{'S':'2'},'b':{'N':'1'}}]}}}",
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was "
        "exceeded. Consider increasing your provisioning level with the "
        "UpdateTable API.");
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

START_TEST(keeps_all_when_memory_fails)
{
    engine_does("PutItem", "{'TableName':'range','Item':{'a':{'S':'x'},"
                           "'b':{'N':'2'},'c':{'S':'c'}}}");
    engine_keeps_all(
        "BatchWriteItem",
        "{'RequestItems':{'hash':[" PUT(
            "'a':{'S':'x'},'v':{'N':'1'}") "],"
                                           "'range':[" PUT(
                                               "'a':{'"
                                               "S':'y'"
                                               "},'b':"
                                               "{'N':'"
                                               "2'},'"
                                               "c':{'"
                                               "S':'c'"
                                               "}") "," DELETE("'a':{'S':'x'},'b':{'N':'2'}") "]},'ReturnConsumedCapacity':'INDEXES','ReturnItemCollectionMetrics':'SIZE'}");
    engine_survives_nomem(
        "BatchGetItem",
        "{'RequestItems':{'hash':{'Keys':[{'a':{'S':'old'}},{'a':{'S':'x'}}]},"
        "'range':{'Keys':[{'a':{'S':'y'},'b':{'N':'2'}}],"
        "'ProjectionExpression':'#c','ExpressionAttributeNames':{'#c':'c'}}},"
        "'ReturnConsumedCapacity':'INDEXES'}");
}
END_TEST

Suite *suite_local_batch(void)
{
    Suite *s = suite_create("local_batch");
    TCase *t = tcase_create("batches");

    tcase_add_checked_fixture(t, create_tables, engine_teardown);
    tcase_add_loop_test(t, refuses, 0, ROWS(refused));
    tcase_add_loop_test(t, refuses_a_table_that_is_not_there, 0, ROWS(absent));
    tcase_add_test(t, takes_25_writes_of_all_tables);
    tcase_add_test(t, takes_100_keys_of_all_tables);
    tcase_add_test(t, refuses_an_item_beyond_400_kb);
    tcase_add_test(t, writes_and_reads_several_tables);
    tcase_add_test(t, leaves_keys_of_a_long_answer);
    tcase_add_test(t, leaves_what_was_throttled);
    tcase_add_test(t, is_throttled_when_all_of_it_is);
    tcase_add_test(t, keeps_all_when_memory_fails);
    suite_add_tcase(s, t);
    return s;
}
