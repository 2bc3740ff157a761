/* SPDX-License-Identifier: MIT */
/* TransactWriteItems and TransactGetItems: all or nothing, with reasons. */
#include "engine.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>

#define FAILED "The conditional request failed"
#define MISMATCH "The provided key element does not match the schema"
#define INVALID "One or more parameter values were invalid: "

static int64_t now_ms;

static int64_t fake_now(const ddbi_clock *k)
{
    (void)k;
    return now_ms;
}

static int throttled;

static const char *admit(void *arg, const ddbi_use *use)
{
    (void)arg;
    return throttled && use->write == (throttled == 1)
               ? "TableWriteKeyRangeThroughputExceeded"
               : NULL;
}

/* hash: a S.  range: a S, b N; local index lll (a, c N), global index ggg
 * (d S). */
static void create_tables(void)
{
    static ddbi_clock clock;
    ddbi_local_options options = {.admit = admit, .clock = &clock};
    ddb_err err = {0};

    clock = ddbi_system_clock;
    clock.now = fake_now;
    now_ms = 1800000000000;
    throttled = 0;
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
        "{'AttributeName':'c','AttributeType':'N'},"
        "{'AttributeName':'d','AttributeType':'S'}],"
        "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
        "{'AttributeName':'b','KeyType':'RANGE'}],"
        "'LocalSecondaryIndexes':["
        "{'IndexName':'lll','Projection':{'ProjectionType':'ALL'},"
        "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
        "{'AttributeName':'c','KeyType':'RANGE'}]}],"
        "'GlobalSecondaryIndexes':["
        "{'IndexName':'ggg','Projection':{'ProjectionType':'KEYS_ONLY'},"
        "'ProvisionedThroughput':{'ReadCapacityUnits':5,"
        "'WriteCapacityUnits':5},"
        "'KeySchema':[{'AttributeName':'d','KeyType':'HASH'}]}]}");
}

#define TX(actions) "{'TransactItems':[" actions "]}"
#define PUT(table, item, more)                                                 \
    "{'Put':{'TableName':'" table "','Item':{" item "}" more "}}"
#define UPDATE(table, key, more)                                               \
    "{'Update':{'TableName':'" table "','Key':{" key "}" more "}}"
#define DELETE(table, key, more)                                               \
    "{'Delete':{'TableName':'" table "','Key':{" key "}" more "}}"
#define CHECK(table, key, condition)                                           \
    "{'ConditionCheck':{'TableName':'" table "','Key':{" key                   \
    "},'ConditionExpression':'" condition "'}}"
#define GET(table, key, more)                                                  \
    "{'Get':{'TableName':'" table "','Key':{" key "}" more "}}"
#define K(k) "'a':{'S':'" k "'}"
#define IF(condition) ",'ConditionExpression':'" condition "'"
#define SET(text) ",'UpdateExpression':'" text "'"

/* ---- Refusals of the whole ---------------------------------------------- */

static const struct {
    const char *action, *json, *message;
} refused[] = {
    {"TransactWriteItems", TX("{}"),
     "Invalid Request: TransactWriteRequest should contain Delete or Put or "
     "Update request"},
    {"TransactWriteItems",
     TX("{'Put':{'TableName':'none','Item':{}},"
        "'Delete':{'TableName':'none','Key':{}}}"),
     "TransactItems can only contain one of Check, Put, Update or Delete"},
    {"TransactWriteItems", TX(PUT("none", "'a':{'N':'x'}", "")),
     "The parameter cannot be converted to a numeric value: x"},
    {"TransactWriteItems", TX(PUT("none", "", IF(""))),
     "Invalid ConditionExpression: The expression can not be empty;"},
    {"TransactWriteItems", TX(CHECK("none", "", "a = :b")),
     "Invalid ConditionExpression: An expression attribute value used in "
     "expression is not defined; attribute value: :b"},
    {"TransactWriteItems",
     TX(PUT("none", "", ",'ExpressionAttributeValues':{':v':{'S':'x'}}")),
     "ExpressionAttributeValues can only be specified when using expressions: "
     "ConditionExpression is null"},
    {"TransactWriteItems",
     TX(PUT("hash", K("1"), "") "," DELETE(
         "hash", K("1"),
         IF("attribute_exists(a)") ",'ExpressionAttributeValues':{':v':{'S':'x'"
                                   "}}")),
     "Value provided in ExpressionAttributeValues unused in expressions: keys: "
     "{:v}"},
    {"TransactWriteItems",
     TX(PUT("hash", K("1"), "") "," CHECK("hash", K("2"), "a = a") "," DELETE(
         "hash", K("2"), "")),
     "Invalid ConditionExpression: The first operand must be distinct from the "
     "remaining operands for this operator or function; operator: =, first "
     "operand: [a]"},
    {"TransactWriteItems",
     TX(PUT("hash", K("1"), "") "," CHECK("hash", K("1"),
                                          "attribute_exists(a)")),
     "Transaction request cannot include multiple operations on one item"},
    {"TransactWriteItems",
     TX(DELETE("range", K("1") ",'b':{'N':'1'}", "") "," UPDATE(
         "range", "'b':{'N':'1.0'}," K("1"), SET("REMOVE c"))),
     "Transaction request cannot include multiple operations on one item"},
    {"TransactWriteItems", TX(PUT("hash", K(""), "")),
     "One or more parameter values are not valid. The AttributeValue for a key "
     "attribute cannot contain an empty string value. Key: a"},
    {"TransactWriteItems", TX(CHECK("hash", K(""), "attribute_exists(a)")),
     "One or more parameter values are not valid. The AttributeValue for a key "
     "attribute cannot contain an empty string value. Key: a"},
    {"TransactWriteItems",
     TX(PUT("range", K("1") ",'b':{'N':'1'},'d':{'S':''}", "")),
     "One or more parameter values are not valid. A value specified for a "
     "secondary index key is not supported. The AttributeValue for a key "
     "attribute cannot contain an empty string value. IndexName: ggg, "
     "IndexKey: d"},
    {"TransactWriteItems",
     TX(UPDATE(
         "range", K("1") ",'b':{'N':'1'}",
         SET("SET d = :d") ",'ExpressionAttributeValues':{':d':{'S':''}}")),
     "One or more parameter values are not valid. The update expression "
     "attempted to update a secondary index key to a value that is not "
     "supported. The AttributeValue for a key attribute cannot contain an "
     "empty string value."},
    {"TransactGetItems",
     TX(GET("none", "", ",'ExpressionAttributeNames':{'#a':'a'}")),
     "ExpressionAttributeNames can only be specified when using expressions"},
    {"TransactGetItems", TX(GET("none", "", ",'ProjectionExpression':'!!!'")),
     "Invalid ProjectionExpression: Syntax error; token: \"!\", near: \"!!\""},
    {"TransactGetItems",
     TX(GET("hash", K("1"), "") "," GET("hash", K("1"), "")),
     "Transaction request cannot include multiple operations on one item"},
};

START_TEST(refuses_the_whole)
{
    engine_invalid(refused[_i].action, refused[_i].json, refused[_i].message);
}
END_TEST

static const char *const absent[][2] = {
    {"TransactWriteItems",
     TX(PUT("hash", "'a':{'N':'1'}", "") "," DELETE("none", "", ""))},
    {"TransactGetItems", TX(GET("hash", "", "") "," GET("none", "", ""))},
};

START_TEST(refuses_a_table_that_is_not_there)
{
    engine_refuses(absent[_i][0], absent[_i][1], "ResourceNotFoundException",
                   "Requested resource not found");
}
END_TEST

START_TEST(refuses_more_than_4_mb)
{
    json_t *items = json_array(), *answer;
    char *fill = calloc(1, 400000), key[20];

    memset(fill, 'x', 399000);
    for (int i = 0; i < 11; i++) {
        snprintf(key, sizeof key, "%d", i);
        json_array_append_new(items,
                              json_pack("{s:{s:s,s:{s:{s:s},s:{s:s}}}}", "Put",
                                        "TableName", "hash", "Item", "a", "S",
                                        key, "f", "S", fill));
    }
    answer = engine_ask_tree(400, "TransactWriteItems",
                             json_pack("{s:o}", "TransactItems", items));
    ck_assert_ptr_nonnull(
        strstr(json_string_value(json_object_get(answer, "message")),
               "Transaction payload size cannot exceed 4MB"));
    json_decref(answer);
    free(fill);
}
END_TEST

/* ---- Cancelling --------------------------------------------------------- */

static const struct {
    const char *action, *json;
    const char *codes;   /* in the message */
    const char *reasons; /* JSON */
} cancelled[] = {
    {"TransactWriteItems",
     TX(PUT("hash", K("n"), "") "," PUT("hash", K("k"),
                                        IF("attribute_not_exists(a)"))),
     "None, ConditionalCheckFailed",
     "[{'Code':'None'},{'Code':'ConditionalCheckFailed','Message':'" FAILED
     "'}]"},
    /* All that fail are told, with the item where it is asked for. */
    {"TransactWriteItems",
     TX(DELETE(
         "hash", K("k"),
         IF("v = a") ",'ReturnValuesOnConditionCheck"
                     "Failure':'ALL_OLD'") "," CHECK("hash", K("none"),
                                                     "attribute_exists(a)") "," UPDATE("hash",
                                                                                       K("n"),
                                                                                       SET("REMOVE v")
                                                                                           IF("attribute_exists(a)") ",'ReturnValuesOnConditionCheckFailure':'ALL_OLD'")),
     "ConditionalCheckFailed, ConditionalCheckFailed, ConditionalCheckFailed",
     "[{'Code':'ConditionalCheckFailed','Message':'" FAILED
     "','Item':{'a':{'S':'k'},'v':{'N':'1'}}},"
     "{'Code':'ConditionalCheckFailed','Message':'" FAILED "'},"
     "{'Code':'ConditionalCheckFailed','Message':'" FAILED "'}]"},
    /* Of what the schema says only the first, before any condition. */
    {"TransactWriteItems",
     TX(CHECK("hash", K("none"), "attribute_exists(a)") "," PUT(
         "hash", "'a':{'N':'7'}", "") "," PUT("hash", "'a':{'N':'8'}", "")),
     "None, ValidationError, None",
     "[{'Code':'None'},{'Code':'ValidationError','Message':'" INVALID
     "Type mismatch for key a expected: S actual: N'},{'Code':'None'}]"},
    {"TransactWriteItems", TX(UPDATE("hash", "'a':{'N':'5'}", SET("REMOVE v"))),
     "ValidationError",
     "[{'Code':'ValidationError','Message':'" MISMATCH "'}]"},
    {"TransactWriteItems", TX(UPDATE("hash", K("k"), SET("REMOVE a"))),
     "ValidationError",
     "[{'Code':'ValidationError','Message':'" INVALID
     "Cannot update attribute a. This attribute is part of the key'}]"},
    {"TransactWriteItems",
     TX(UPDATE(
         "range", K("1") ",'b':{'N':'1'}",
         SET("SET d = :d") ",'ExpressionAttributeValues':{':d':{'N':'5'}}")),
     "ValidationError",
     "[{'Code':'ValidationError','Message':'" INVALID
     "Type mismatch for Index Key d Expected: S Actual: N IndexName: ggg'}]"},
    /* What only the item tells. */
    {"TransactWriteItems",
     TX(PUT("hash", K("n"), "") "," UPDATE("hash", K("k"),
                                           SET("SET x = v + a"))),
     "None, ValidationError",
     "[{'Code':'None'},{'Code':'ValidationError','Message':'An operand in the "
     "update expression has an incorrect data type'}]"},
    {"TransactGetItems", TX(GET("hash", K("k"), "") "," GET("hash", "", "")),
     "None, ValidationError",
     "[{'Code':'None'},{'Code':'ValidationError','Message':'" MISMATCH "'}]"},
};

static void check_cancelled(const char *action, const char *json,
                            const char *codes, const char *reasons)
{
    json_t *before = engine_everything(), *after, *answer, *want;
    char message[300], *text = strdup(reasons);

    snprintf(message, sizeof message,
             "Transaction cancelled, please refer cancellation reasons for "
             "specific reasons [%s]",
             codes);
    answer = engine_ask(400, action, json);
    ck_assert_str_eq(json_string_value(json_object_get(answer, "__type")),
                     "com.amazonaws.dynamodb.v20120810#"
                     "TransactionCanceledException");
    ck_assert_str_eq(json_string_value(json_object_get(answer, "Message")),
                     message);
    for (char *p = text; *p; p++)
        if (*p == '\'')
            *p = '"';
    want = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(want);
    ck_assert_msg(
        json_equal(json_object_get(answer, "CancellationReasons"), want),
        "%s\nis not %s",
        json_dumps(json_object_get(answer, "CancellationReasons"), 0), text);
    after = engine_everything();
    ck_assert(json_equal(before, after));
    json_decref(before);
    json_decref(after);
    json_decref(answer);
    json_decref(want);
    free(text);
}

START_TEST(cancels_with_reasons)
{
    engine_does("PutItem",
                "{'TableName':'hash','Item':{'a':{'S':'k'},'v':{'N':'1'}}}");
    check_cancelled(cancelled[_i].action, cancelled[_i].json,
                    cancelled[_i].codes, cancelled[_i].reasons);
}
END_TEST

START_TEST(cancels_what_is_throttled)
{
    throttled = 1;
    check_cancelled(
        "TransactWriteItems", TX(PUT("range", K("1") ",'b':{'N':'1'}", "")),
        "ProvisionedThroughputExceeded",
        "[{'Code':'ProvisionedThroughputExceeded','Message':'The level of "
        "configured provisioned throughput for the table was exceeded. "
        "Consider increasing your provisioning level with the UpdateTable "
        "API.'}]");
}
END_TEST

/* ---- Doing -------------------------------------------------------------- */

START_TEST(does_all_of_it)
{
    engine_does("PutItem",
                "{'TableName':'hash','Item':{'a':{'S':'k'},'v':{'N':'1'}}}");
    engine_does("PutItem", "{'TableName':'hash','Item':{'a':{'S':'old'}}}");
    engine_answers(
        "TransactWriteItems",
        TX(UPDATE("hash", K("k"), SET("SET v = v + v")) "," DELETE("hash", K("old"), "") "," CHECK(
            "hash", K("none"),
            "attribute_not_exists(a)") "," PUT("range",
                                               K("1") ",'b':{'N':'1'},'d':{'S':'x'}",
                                               IF("attribute_not_exists(a)")) "," UPDATE("hash",
                                                                                         K("never"),
                                                                                         SET("REMOVE v"))),
        "{}");
    engine_answers("Scan", "{'TableName':'hash'}",
                   "{'Items':[{'a':{'S':'k'},'v':{'N':'2'}}],'Count':1,"
                   "'ScannedCount':1}");
    engine_answers("Scan", "{'TableName':'range','IndexName':'ggg'}",
                   "{'Items':[{'a':{'S':'1'},'b':{'N':'1'},'d':{'S':'x'}}],"
                   "'Count':1,'ScannedCount':1}");
}
END_TEST

START_TEST(gets_items_in_the_order_asked_for)
{
    engine_does("PutItem",
                "{'TableName':'hash','Item':{'a':{'S':'k'},'v':{'N':'1'}}}");
    engine_answers(
        "TransactGetItems",
        "{'TransactItems':[" GET("hash", K("none"), "") "," GET(
            "hash", K("k"),
            ",'ProjectionExpression':'v'") "],'ReturnConsumedCapacity':'INDEXES'}",
        "{'Responses':[{},{'Item':{'v':{'N':'1'}}}],"
        "'ConsumedCapacity':[{'TableName':'hash','CapacityUnits':4.0,"
        "'ReadCapacityUnits':4.0,'Table':{'CapacityUnits':4.0,"
        "'ReadCapacityUnits':4.0}}]}");
}
END_TEST

START_TEST(costs_twice_as_much)
{
    engine_answers(
        "TransactWriteItems",
        "{'TransactItems':[" CHECK("hash", K("k"), "attribute_not_exists(a)") "," PUT(
            "range", K("1") ",'b':{'N':'1'},'c':{'N':'1'},'d':{'S':'x'}",
            "") "," PUT("range", K("1") ",'b':{'N':'2'}",
                        "") "],'ReturnConsumedCapacity':'INDEXES','ReturnItemCollectionMetrics':'SIZE'}",
        "{'ItemCollectionMetrics':{'range':["
        "{'ItemCollectionKey':{'a':{'S':'1'}},"
        "'SizeEstimateRangeGB':[0.0,1.0]},"
        "{'ItemCollectionKey':{'a':{'S':'1'}},"
        "'SizeEstimateRangeGB':[0.0,1.0]}]},"
        "'ConsumedCapacity':["
        "{'TableName':'hash','CapacityUnits':2.0,'WriteCapacityUnits':2.0,"
        "'Table':{'CapacityUnits':2.0,'WriteCapacityUnits':2.0}},"
        "{'TableName':'range','CapacityUnits':8.0,'WriteCapacityUnits':8.0,"
        "'Table':{'CapacityUnits':4.0,'WriteCapacityUnits':4.0},"
        "'LocalSecondaryIndexes':{'lll':{'CapacityUnits':2.0,"
        "'WriteCapacityUnits':2.0}},"
        "'GlobalSecondaryIndexes':{'ggg':{'CapacityUnits':2.0,"
        "'WriteCapacityUnits':2.0}}}]}");
}
END_TEST

/* ---- Tokens ------------------------------------------------------------- */

#define ADD                                                                    \
    UPDATE("hash", K("k"),                                                     \
           SET("ADD v :v") ",'ExpressionAttributeValues':{':v':{'N':'1'}}")
#define WITH(token, actions)                                                   \
    "{'ClientRequestToken':'" token "','TransactItems':[" actions "],"         \
    "'ReturnConsumedCapacity':'TOTAL'}"
#define WROTE                                                                  \
    "{'ConsumedCapacity':[{'TableName':'hash','CapacityUnits':2.0,"            \
    "'WriteCapacityUnits':2.0}]}"
#define SAW                                                                    \
    "{'ConsumedCapacity':[{'TableName':'hash','CapacityUnits':2.0,"            \
    "'ReadCapacityUnits':2.0}]}"
#define IS(n) "{'Item':{'a':{'S':'k'},'v':{'N':'" n "'}}}"

static const char get_k[] = "{'TableName':'hash','Key':{'a':{'S':'k'}}}";

START_TEST(does_a_token_once_in_ten_minutes)
{
    engine_answers("TransactWriteItems", WITH("t", ADD), WROTE);
    now_ms += 10 * 60 * 1000 - 1;
    engine_answers("TransactWriteItems", WITH("t", ADD), SAW);
    engine_answers("GetItem", get_k, IS("1"));
    engine_answers("TransactWriteItems", WITH("u", ADD), WROTE);
    engine_answers("GetItem", get_k, IS("2"));
    now_ms += 1;
    engine_answers("TransactWriteItems", WITH("t", ADD), WROTE);
    engine_answers("GetItem", get_k, IS("3"));
}
END_TEST

/* Old ones are removed some at a time, and those that came again are not. */
START_TEST(keeps_a_token_that_came_again)
{
    char json[400];

    for (int i = 0; i < 450; i++) {
        snprintf(json, sizeof json,
                 "{'ClientRequestToken':'%d','TransactItems':[" ADD "]}", i);
        engine_does("TransactWriteItems", json);
    }
    engine_answers("GetItem", get_k, IS("450"));
    now_ms += 10 * 60 * 1000 + 1;
    for (int i = 0; i < 5; i++) {
        engine_does("TransactWriteItems", WITH("449", ADD));
        engine_does("TransactWriteItems", WITH("other", ADD));
        now_ms += 1;
    }
    engine_answers("GetItem", get_k, IS("452"));
}
END_TEST

START_TEST(takes_the_same_request_in_another_writing)
{
    engine_answers("TransactWriteItems",
                   WITH("t", PUT("hash",
                                 K("k") ",'v':{'N':'1'},'m':{'M':{"
                                        "'x':{'S':'1'},'y':{'S':'2'}}}",
                                 "")),
                   WROTE);
    engine_answers("TransactWriteItems",
                   WITH("t", PUT("hash",
                                 "'m' : {'M':{'y':{'S':'2'},"
                                 "'x':{'S':'1'}}},'v':{'N':'1.0'}," K("k"),
                                 "")),
                   SAW);
}
END_TEST

START_TEST(refuses_a_token_of_another_request)
{
    static const char message[] =
        "The request uses the same client token as a previous, but "
        "non-identical request. Do not reuse a client token with different "
        "requests, unless the requests are identical";

    engine_answers("TransactWriteItems", WITH("t", ADD), WROTE);
    engine_refuses(
        "TransactWriteItems",
        WITH("t", UPDATE("hash", K("k"),
                         SET("ADD v :v") ",'ExpressionAttributeValues':"
                                         "{':v':{'N':'2'}}")),
        "IdempotentParameterMismatchException", message);
    engine_refuses("TransactWriteItems",
                   WITH("t", ADD "," DELETE("hash", K("x"), "")),
                   "IdempotentParameterMismatchException", message);
    engine_answers("GetItem", get_k, IS("1"));
}
END_TEST

/* A transaction that was cancelled may be tried again with its token. */
START_TEST(forgets_the_token_of_what_was_cancelled)
{
    static const char json[] = WITH(
        "t", UPDATE("hash", K("k"), SET("REMOVE w") IF("attribute_exists(a)")));

    check_cancelled("TransactWriteItems", json, "ConditionalCheckFailed",
                    "[{'Code':'ConditionalCheckFailed','Message':'" FAILED
                    "'}]");
    engine_does("PutItem",
                "{'TableName':'hash','Item':{'a':{'S':'k'},'w':{'N':'1'}}}");
    engine_answers("TransactWriteItems", json, WROTE);
    engine_answers("GetItem", get_k, "{'Item':{'a':{'S':'k'}}}");
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

START_TEST(keeps_all_when_memory_fails)
{
    engine_does("PutItem", "{'TableName':'range','Item':{'a':{'S':'x'},"
                           "'b':{'N':'2'},'c':{'N':'3'},'d':{'S':'d'}}}");
    engine_keeps_all(
        "TransactWriteItems",
        "{'ClientRequestToken':'token','TransactItems':"
        "[" PUT("hash", K("1"), IF("attribute_not_exists(a)")) "," UPDATE(
            "range", K("x") ",'b':{'N':'2'}",
            SET("SET c = c + c REMOVE d")) "," CHECK("hash", K("2"),
                                                     "attribute_not_exists(a)") "," DELETE("hash",
                                                                                           K("3"),
                                                                                           "") "],'ReturnConsumedCapacity':'INDEXES','ReturnItemCollectionMetrics':'SIZE'}");
    engine_survives_nomem(
        "TransactWriteItems",
        TX(PUT("hash", K("1"),
               IF("attribute_not_exists(a)")) "," DELETE("hash", "", "")));
    engine_survives_nomem(
        "TransactGetItems",
        "{'TransactItems':[" GET("hash", K("1"), "") "," GET(
            "range", K("x") ",'b':{'N':'2'}",
            ",'ProjectionExpression':'c'") "],"
                                           "'ReturnConsumedCapacity':"
                                           "'INDEXES'}");
}
END_TEST

Suite *suite_local_transact(void)
{
    Suite *s = suite_create("local_transact");
    TCase *t = tcase_create("transactions");

    tcase_add_checked_fixture(t, create_tables, engine_teardown);
    tcase_add_loop_test(t, refuses_the_whole, 0, ROWS(refused));
    tcase_add_loop_test(t, refuses_a_table_that_is_not_there, 0, ROWS(absent));
    tcase_add_test(t, refuses_more_than_4_mb);
    tcase_add_loop_test(t, cancels_with_reasons, 0, ROWS(cancelled));
    tcase_add_test(t, cancels_what_is_throttled);
    tcase_add_test(t, does_all_of_it);
    tcase_add_test(t, gets_items_in_the_order_asked_for);
    tcase_add_test(t, costs_twice_as_much);
    tcase_add_test(t, does_a_token_once_in_ten_minutes);
    tcase_add_test(t, keeps_a_token_that_came_again);
    tcase_add_test(t, takes_the_same_request_in_another_writing);
    tcase_add_test(t, refuses_a_token_of_another_request);
    tcase_add_test(t, forgets_the_token_of_what_was_cancelled);
    tcase_add_test(t, keeps_all_when_memory_fails);
    suite_add_tcase(s, t);
    return s;
}
