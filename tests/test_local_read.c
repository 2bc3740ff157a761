/* SPDX-License-Identifier: MIT */
/* Requests that are wrong before anything is done: types, constraints, what
 * is passed over. */
#include "engine.h"
#include "oom.h"
#include "tables.h"
#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1 << 16];

static void setup(void)
{
    engine_setup();
    engine_does("CreateTable", PLAIN_TABLE("tab"));
}

/* ---- Types -------------------------------------------------------------- */

/* A place in a request, and what stands there. */
typedef struct {
    const char *action;
    const char *before, *after; /* what is there comes between them */
    const char *type;           /* how it is named in complaints */
} spot;

#define VALUE_MAP                                                              \
    "java.util.Map<java.lang.String, "                                         \
    "com.amazonaws.dynamodb.v20120810.AttributeValue>"
#define CLASS "class com.amazonaws.dynamodb.v20120810."
#define BARE                                                                   \
    "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl "      \
    "cannot be cast to class java.lang.Class "                                 \
    "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and "       \
    "java.lang.Class are in module java.base of loader 'bootstrap')"
#define START "Start of structure or map found where not expected"
#define FIELD "Unexpected field type"
#define PAYLOAD "Unexpected value type in payload"
#define NO_COLLECTION "Unrecognized collection type "

static const spot strings[] = {
    {"GetItem", "{'TableName':", "}", "String"},
    {"GetItem", "{'ProjectionExpression':", "}", "String"},
    {"GetItem", "{'AttributesToGet':[", "]}", "String"},
    {"GetItem", "{'ExpressionAttributeNames':{'#a':", "}}", "String"},
    {"GetItem", "{'Key':{'a':{'S':", "}}}", "String"},
    {"GetItem", "{'Key':{'a':{'N':", "}}}", "String"},
    {"PutItem", "{'Item':{'a':{'SS':[", "]}}}", "String"},
    {"PutItem", "{'Item':{'a':{'L':[{'M':{'b':{'NS':['1',", "]}}}]}}}",
     "String"},
    {"PutItem", "{'Expected':{'a':{'ComparisonOperator':", "}}}", "String"},
    {"UpdateItem", "{'AttributeUpdates':{'a':{'Action':", "}}}", "String"},
    {"CreateTable", "{'KeySchema':[{'AttributeName':'a'},{'KeyType':", "}]}",
     "String"},
    {"CreateTable",
     "{'GlobalSecondaryIndexes':[{'Projection':{'NonKeyAttributes':[", "]}}]}",
     "String"},
    {"UpdateTable", "{'GlobalSecondaryIndexUpdates':[{'Create':{'IndexName':",
     "}}]}", "String"},
    {"TransactWriteItems",
     "{'TransactItems':[{'ConditionCheck':{'ConditionExpression':", "}}]}",
     "String"},
    {"TagResource", "{'Tags':[{'Value':", "}]}", "String"},
};

static const spot numbers[] = {
    {"Scan", "{'Limit':", "}", "Integer"},
    {"Scan", "{'Segment':", "}", "Integer"},
    {"CreateTable", "{'ProvisionedThroughput':{'ReadCapacityUnits':", "}}",
     "Long"},
};

static const spot booleans[] = {
    {"Query", "{'ScanIndexForward':", "}", "Boolean"},
    {"BatchGetItem", "{'RequestItems':{'abc':{'ConsistentRead':", "}}}",
     "Boolean"},
    {"PutItem", "{'Item':{'a':{'BOOL':", "}}}", "Boolean"},
    {"PutItem", "{'Item':{'a':{'NULL':", "}}}", "Boolean"},
};

static const spot blobs[] = {
    {"PutItem", "{'Item':{'a':{'B':", "}}}", "ByteBuffer"},
    {"PutItem", "{'Item':{'a':{'BS':['',", "]}}}", "ByteBuffer"},
};

static const spot lists[] = {
    {"GetItem", "{'AttributesToGet':", "}", NULL},
    {"PutItem", "{'Item':{'a':{'L':", "}}}", NULL},
    {"PutItem", "{'Item':{'a':{'SS':", "}}}", NULL},
    {"PutItem", "{'Expected':{'a':{'AttributeValueList':", "}}}", NULL},
    {"CreateTable", "{'KeySchema':", "}", NULL},
    {"BatchGetItem", "{'RequestItems':{'abc':{'Keys':", "}}}", NULL},
};

static const spot maps[] = {
    {"GetItem", "{'Key':", "}", VALUE_MAP},
    {"PutItem", "{'Item':{'a':{'M':", "}}}", VALUE_MAP},
    {"GetItem", "{'ExpressionAttributeNames':", "}",
     "java.util.Map<java.lang.String, java.lang.String>"},
    {"BatchGetItem", "{'RequestItems':", "}",
     "java.util.Map<java.lang.String, "
     "com.amazonaws.dynamodb.v20120810.KeysAndAttributes>"},
    {"BatchWriteItem", "{'RequestItems':", "}",
     "java.util.Map<java.lang.String, "
     "java.util.List<com.amazonaws.dynamodb.v20120810.WriteRequest>>"},
    {"Query", "{'KeyConditions':", "}",
     "java.util.Map<java.lang.String, "
     "com.amazonaws.dynamodb.v20120810.Condition>"},
};

/* Elements of lists and maps. */
static const spot elements[] = {
    {"PutItem", "{'Item':{'a':", "}}", "AttributeValue"},
    {"PutItem", "{'Item':{'a':{'L':[", "]}}}", "AttributeValue"},
    {"PutItem", "{'Expected':{'a':", "}}", "ExpectedAttributeValue"},
    {"CreateTable", "{'KeySchema':[", "]}", "KeySchemaElement"},
    {"BatchWriteItem", "{'RequestItems':{'abc':[", "]}}", "WriteRequest"},
    {"TransactGetItems", "{'TransactItems':[", "]}", "TransactGetItem"},
};

/* Members of structures. */
static const spot members[] = {
    {"CreateTable", "{'ProvisionedThroughput':", "}", "ProvisionedThroughput"},
    {"CreateTable", "{'StreamSpecification':", "}", "StreamSpecification"},
    {"CreateTable", "{'LocalSecondaryIndexes':[{'Projection':", "}]}",
     "Projection"},
    {"PutItem", "{'Expected':{'a':{'Value':", "}}}", "AttributeValue"},
    {"BatchWriteItem", "{'RequestItems':{'abc':[{'PutRequest':", "}]}}",
     "PutRequest"},
    {"UpdateTimeToLive", "{'TimeToLiveSpecification':", "}",
     "TimeToLiveSpecification"},
};

static void complains(const spot *s, const char *there, const char *message)
{
    snprintf(text, sizeof text, "%s%s%s", s->before, there, s->after);
    engine_refuses(s->action, text, "SerializationException", message);
}

static void complains_with(const spot *s, const char *there,
                           const char *message, const char *type)
{
    char whole[512];

    snprintf(whole, sizeof whole, "%s%s", message, type);
    complains(s, there, whole);
}

START_TEST(string_is_a_string)
{
    const spot *s = &strings[_i];

    complains(s, "true", "TRUE_VALUE cannot be converted to String");
    complains(s, "false", "FALSE_VALUE cannot be converted to String");
    complains(s, "23", "NUMBER_VALUE cannot be converted to String");
    complains(s, "-3.5", "DECIMAL_VALUE cannot be converted to String");
    complains(s, "[]", NO_COLLECTION "class java.lang.String");
    complains(s, "{}", START);
}
END_TEST

START_TEST(number_is_a_number)
{
    const spot *s = &numbers[_i];

    complains_with(s, "true", "TRUE_VALUE cannot be converted to ", s->type);
    complains_with(s, "'1'", "STRING_VALUE cannot be converted to ", s->type);
    complains_with(s, "[1]", NO_COLLECTION "class java.lang.", s->type);
    complains(s, "{'a':1}", START);
}
END_TEST

START_TEST(boolean_is_a_boolean)
{
    const spot *s = &booleans[_i];

    complains(s, "1", "NUMBER_VALUE cannot be converted to Boolean");
    complains(s, "0.5", "DECIMAL_VALUE cannot be converted to Boolean");
    complains(s, "'maybe'", "Unexpected token received from parser");
    complains(s, "''", "Unexpected token received from parser");
    complains(s, "'trueenough'", "Unexpected token received from parser");
    complains(s, "[]", NO_COLLECTION "class java.lang.Boolean");
    complains(s, "{}", START);
}
END_TEST

START_TEST(blob_is_base64)
{
    const spot *s = &blobs[_i];
    const char *not_text =
        "only base-64-encoded strings are convertible to bytes";
    const char *wrong = "Invalid last non-pad Base64 character dectected";

    complains(s, "true", not_text);
    complains(s, "1", not_text);
    complains(s, "[]", NO_COLLECTION "class java.nio.ByteBuffer");
    complains(s, "{}", START);
    complains(s, "'YQ'",
              "Base64 encoded length is expected a multiple of 4 bytes but "
              "found: 2");
    complains(s, "'YQ=\\u003d='",
              "Base64 encoded length is expected a multiple of 4 bytes but "
              "found: 5");
    complains(s, "'YR=='", wrong);
    complains(s, "'####'", wrong);
}
END_TEST

START_TEST(list_is_a_list)
{
    const spot *s = &lists[_i];

    complains(s, "true", FIELD);
    complains(s, "1", FIELD);
    complains(s, "'a'", FIELD);
    complains(s, "{}", START);
}
END_TEST

START_TEST(map_is_a_map)
{
    const spot *s = &maps[_i];

    complains(s, "true", FIELD);
    complains(s, "1", FIELD);
    complains(s, "'a'", FIELD);
    complains_with(s, "[]", NO_COLLECTION, s->type);
}
END_TEST

START_TEST(element_is_a_structure)
{
    const spot *s = &elements[_i];

    complains(s, "true", PAYLOAD);
    complains(s, "1", PAYLOAD);
    complains(s, "'a'", PAYLOAD);
    complains_with(s, "[]", NO_COLLECTION CLASS, s->type);
}
END_TEST

START_TEST(member_is_a_structure)
{
    const spot *s = &members[_i];

    complains(s, "true", FIELD);
    complains(s, "1", FIELD);
    complains(s, "'a'", FIELD);
    complains_with(s, "[]", NO_COLLECTION CLASS, s->type);
}
END_TEST

/* A collection as an element of another one has words of its own. */
START_TEST(collection_in_a_collection)
{
    const spot key = {"BatchGetItem", "{'RequestItems':{'abc':{'Keys':[",
                      "]}}}", NULL};
    const spot list = {"BatchWriteItem", "{'RequestItems':{'abc':", "}}", NULL};

    complains(&key, "1", BARE);
    complains(&key, "[]", NO_COLLECTION VALUE_MAP);
    complains(&list, "'a'", BARE);
    complains(&list, "{}", START);
}
END_TEST

/* ---- No JSON ------------------------------------------------------------ */

static const char *const no_json[] = {
    "",
    "hi",
    "[]",
    "'a'",
    "null",
    "1",
    "{",
    "{}x",
    "{'a'}",
    "{'a':",
    "{'a':1,}",
    "{'Key':{}",
    "{'Key':{",
    "{'Key':x",
    "{'Key':{'a':{'L':[{'S':'x'}",
    "{'Item':{'a':{'M':{'b':",
    /* Of members that nobody knows too. */
    "{'a':[}",
    "{'a':{'b':[1,2}}",
};

START_TEST(refuses_what_is_no_json_object)
{
    static const char *const actions[] = {"PutItem", "ListTables",
                                          "BatchWriteItem"};

    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        json_t *got = engine_ask(400, actions[i], no_json[_i]);

        ck_assert_str_eq(json_string_value(json_object_get(got, "__type")),
                         "com.amazon.coral.service#SerializationException");
        ck_assert_uint_eq(json_object_size(got), 1);
        json_decref(got);
    }
}
END_TEST

/* Wherever a request ends too early: it is no JSON, or of a wrong type. */
START_TEST(refuses_every_beginning)
{
    static const struct {
        const char *action;
        const char *json;
    } whole[] = {
        {"PutItem",
         "{'TableName':'tab','Item':{'k':{'S':'a','N':'1'},'l':{'L':[{'M':{"
         "'b':{'SS':['x','y']}}},{'B':'YQ=='},{'BOOL':true}]}},'Expected':{"
         "'a':{'AttributeValueList':[{'NULL':true}],'Exists':false}},"
         "'ExpressionAttributeNames':{'#a':'b'}}"},
        {"BatchGetItem", "{'RequestItems':{'tab':{'Keys':[{'k':{'S':'a'}}],"
                         "'AttributesToGet':['a','b']}},'X':[1,{'y':null}]}"},
        {"TransactWriteItems",
         "{'TransactItems':[{'Put':{'Item':{'k':{'S':'a'}}}},{}]}"},
        {"UpdateTable", "{'GlobalSecondaryIndexUpdates':[{'Create':{"
                        "'KeySchema':[{'AttributeName':'a'}]}}],"
                        "'ReplicaUpdates':[{'a':1}]}"},
    };
    const char *json = whole[_i].json;

    for (size_t n = 0; n < strlen(json); n++) {
        memcpy(text, json, n);
        text[n] = '\0';
        json_t *got = engine_ask(400, whole[_i].action, text);

        ck_assert_str_eq(json_string_value(json_object_get(got, "__type")),
                         "com.amazon.coral.service#SerializationException");
        ck_assert_ptr_null(json_object_get(got, "Message"));
        json_decref(got);
    }
}
END_TEST

START_TEST(depth_is_bounded)
{
    size_t n = 0, half = 20000;
    json_t *got;

    memset(text, 0, sizeof text);
    n = (size_t)sprintf(text, "{'Item':{'a':");
    for (size_t i = 0; i < half / 6; i++)
        n += (size_t)sprintf(text + n, "{'L':[");
    got = engine_ask(400, "PutItem", text);
    ck_assert_ptr_nonnull(
        strstr(json_string_value(json_object_get(got, "__type")),
               "SerializationException"));
    json_decref(got);
    n = (size_t)sprintf(text, "{'Nobody':");
    memset(text + n, '[', half);
    text[n + half] = '\0';
    json_decref(engine_ask(400, "ListTables", text));
}
END_TEST

/* ---- What is taken ------------------------------------------------------ */

static const struct {
    const char *action;
    const char *json;
} taken[] = {
    {"ListTables", "{}"},
    {"ListTables", " {\n} "},
    {"ListTables", "{'Limit':null,'ExclusiveStartTableName':null}"},
    {"ListTables", "{'hi':'yo','stuff':[{'a':[1,{}]}],'limit':'x'}"},
    {"ListTables", "{'Limit':1.9}"},
    {"Scan", "{'TableName':'tab','Limit':1e400}"},
    {"Scan", "{'TableName':'tab','Limit':4000000000}"},
    {"GetItem", "{'TableName':'tab','Key':{'k':{'S':'a'}},'AttributesToGet':"
                "[null,'a'],'AttributesToGet':null}"},
    {"BatchGetItem",
     "{'RequestItems':{'tab':{'Keys':[null,{'k':{'S':'a'}}]}}}"},
    {"BatchWriteItem",
     "{'RequestItems':{'tab':[null,{'DeleteRequest':{'Key':{'k':{'S':'a'}}}}]"
     "}}"},
    {"ListTables", "{'Limit':1e1}"},
    {"ListTables", "{'Limit':'x','Limit':5}" /* refused: see below */},
    {"ListTables", "{'\\u004cimit':5}"},
    {"ListTables", "{'Limit':500,'Limit':5}"},
    {"ListTables", "{'Limit':500,'Limit':null}"},
    {"ListTables", "{'ExclusiveStartTableName':'x','ExclusiveStartTableName'"
                   ":'abc'}"},
    {"GetItem", "{'TableName':'tab','Key':{'k':{'S':'a'}},'ConsistentRead':"
                "'Yes'}"},
    {"GetItem", "{'TableName':'tab','Key':{'k':{'S':'a'}},'AttributesToGet':"
                "['a'],'AttributesToGet':null}"},
    {"GetItem", "{'TableName':'x','TableName':'tab','Key':{},"
                "'Key':{'k':{'S':'a'}}}"},
    {"GetItem", "{'TableName':'arn:aws:dynamodb:local:000000000000:table/tab',"
                "'Key':{'k':{'S':'a'}}}"},
    {"PutItem", "{'TableName':'tab','Item':{'k':{'S':'a','X':[1]}}}"},
    {"Scan", "{'TableName':'tab','ExpressionAttributeNames':{'#a':'a','#b':"
             "'b','#a':'c'},'FilterExpression':'#a = #b'}"},
    {"BatchGetItem", "{'RequestItems':{'tab':{'Keys':[]},"
                     "'tab':{'Keys':[{'k':{'S':'a'}}]}}}"},
    {"DescribeTable", "{'TableName':'tab'}"},
};

START_TEST(takes_what_the_service_takes)
{
    /* The last of two counts, but each has to be of the right type. */
    if (strstr(taken[_i].json, "'Limit':'x'"))
        engine_refuses(taken[_i].action, taken[_i].json,
                       "SerializationException",
                       "STRING_VALUE cannot be converted to Integer");
    else
        engine_does(taken[_i].action, taken[_i].json);
}
END_TEST

/* Of many names, one that comes twice counts the last time. */
START_TEST(last_of_many_names_counts)
{
    size_t n = (size_t)sprintf(text, "{'TableName':'tab','Item':{"
                                     "'k':{'S':'a'},'twice':{'S':'1'}");

    for (int i = 0; i < 100; i++)
        n += (size_t)sprintf(text + n, ",'n%d':{'N':'%d'}", i, i);
    sprintf(text + n, ",'twice':{'S':'2'}}}");
    engine_does("PutItem", text);
    engine_answers("GetItem",
                   "{'TableName':'tab','Key':{'k':{'S':'a'}},"
                   "'ProjectionExpression':'twice,n99'}",
                   "{'Item':{'twice':{'S':'2'},'n99':{'N':'99'}}}");
}
END_TEST

/* ---- Constraints -------------------------------------------------------- */

#define PATTERN                                                                \
    "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
#define AT_LEAST "Member must have length greater than or equal to "
#define AT_MOST "Member must have length less than or equal to "
#define NOT_NULL "Member must not be null"
#define WORDS "Member must satisfy enum value set: "
#define VALUE(value, at)                                                       \
    "Value " value " at '" at "' failed to satisfy "                           \
    "constraint: "
#define ONE "1 validation error detected: "
#define TWO "2 validation errors detected: "
#define KEY_A "'Key':{'k':{'S':'a'}}"

static const struct {
    const char *action;
    const char *json;
    const char *message;
} constraints[] = {
    {"PutItem", "{}",
     TWO VALUE("null", "tableName") NOT_NULL "; " VALUE("null", "item")
         NOT_NULL},
    {"PutItem", "{'TableName':'','Item':{}}",
     ONE VALUE("''", "tableName") AT_LEAST "1"},
    {"PutItem", "{'TableName':'a b','Item':{}}",
     ONE VALUE("'a b'", "tableName") PATTERN},
    {"PutItem", "{'TableName':'tab','Item':{},'ReturnValues':'x'}",
     ONE VALUE("'x'", "returnValues") WORDS
     "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"},
    {"PutItem",
     "{'TableName':'tab','Item':{},'ReturnItemCollectionMetrics':'',"
     "'ReturnConsumedCapacity':'TOTALS'}",
     TWO VALUE("'TOTALS'", "returnConsumedCapacity") WORDS
     "[INDEXES, TOTAL, NONE]; " VALUE("''", "returnItemCollectionMetrics") WORDS
     "[SIZE, NONE]"},
    {"DeleteItem",
     "{'TableName':'tab'," KEY_A
     ",'ReturnValuesOnConditionCheckFailure':'ALL_NEW'}",
     ONE VALUE("'ALL_NEW'", "returnValuesOnConditionCheckFailure") WORDS
     "[ALL_OLD, NONE]"},
    {"GetItem", "{'TableName':'tab'," KEY_A ",'AttributesToGet':[]}",
     ONE VALUE("'[]'", "attributesToGet") AT_LEAST "1"},
    {"Query", "{'TableName':'tab','Limit':0,'IndexName':'a;'}",
     "3 validation errors detected: " VALUE("'a;'", "indexName") PATTERN
     "; " VALUE("'a;'", "indexName") AT_LEAST "3; " VALUE(
         "'0'", "limit") "Member must have value greater than or equal to 1"},
    {"Scan", "{'TableName':'tab','Segment':-1,'TotalSegments':0}",
     TWO VALUE(
         "'0'",
         "totalSegments") "Member must have value greater than or equal to "
                          "1; " VALUE("'-1'",
                                      "segment") "Member must have value "
                                                 "greater than or equal to 0"},
    {"Scan", "{'TableName':'tab','Limit':-0.5}",
     ONE VALUE("'-1'",
               "limit") "Member must have value greater than or equal to 1"},
    {"Query", "{'TableName':'tab','KeyConditions':{'a':{}}}",
     ONE VALUE("null", "keyConditions.a.member.comparisonOperator") NOT_NULL},
    {"PutItem",
     "{'TableName':'tab','Item':{},'Expected':{'a':{'ComparisonOperator':"
     "'eq'}}}",
     ONE VALUE("'eq'", "expected.a.member.comparisonOperator") WORDS
     "[IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, "
     "LE, BEGINS_WITH, GE, CONTAINS]"},
    {"ListTables", "{'Limit':101}",
     ONE VALUE("'101'",
               "limit") "Member must have value less than or equal to 100"},
    {"ListTables", "{'Limit':1e30}",
     ONE VALUE("'2147483647'",
               "limit") "Member must have value less than or equal to 100"},
    {"ListTables", "{'Limit':-1e400}",
     ONE VALUE("'-2147483648'",
               "limit") "Member must have value greater than or equal to 1"},
    {"BatchGetItem", "{'RequestItems':{'tab':null}}",
     ONE VALUE("null", "requestItems.tab.member.keys") NOT_NULL},
    {"ListTables", "{'ExclusiveStartTableName':''}",
     TWO VALUE("''", "exclusiveStartTableName") PATTERN
     "; " VALUE("''", "exclusiveStartTableName") AT_LEAST "3"},
    {"BatchGetItem", "{'RequestItems':null}",
     ONE VALUE("null", "requestItems") NOT_NULL},
    {"BatchGetItem", "{'RequestItems':{}}",
     "The requestItems parameter is required for BatchGetItem"},
    {"BatchWriteItem", "{'RequestItems':{}}",
     "The requestItems parameter is required for BatchWriteItem"},
    {"BatchGetItem", "{'RequestItems':{'tab':{'Keys':[]}}}",
     ONE VALUE("'[]'", "requestItems.tab.member.keys") AT_LEAST "1"},
    {"BatchGetItem", "{'RequestItems':{'a;':{}}}",
     TWO VALUE("'{a;=KeysAndAttributes(keys=null, attributesToGet=null, "
               "consistentRead=null, projectionExpression=null, "
               "expressionAttributeNames=null)}'",
               "requestItems") "Map keys must satisfy constraint: [" AT_MOST
                               "255, " AT_LEAST "3, " PATTERN "]; " VALUE(
                                   "null", "requestItems.a;.member.keys")
                                   NOT_NULL},
    {"BatchGetItem",
     "{'RequestItems':{'a;':{'Keys':[{'k':{'S':'a'},'b':{'N':'1'}},{}],"
     "'AttributesToGet':['x','y'],'ConsistentRead':false,"
     "'ProjectionExpression':'p','ExpressionAttributeNames':{'#a':'b','#c':"
     "'d'}}}}",
     ONE VALUE("'{a;=KeysAndAttributes(keys=[{k={S:a}, b={N:1}}, {}], "
               "attributesToGet=[x, y], consistentRead=false, "
               "projectionExpression=p, expressionAttributeNames={#a=b, "
               "#c=d})}'",
               "requestItems") "Map keys must satisfy constraint: [" AT_MOST
                               "255, " AT_LEAST "3, " PATTERN "]"},
    {"BatchWriteItem",
     "{'RequestItems':{'b;':[{'PutRequest':{'Item':{'a':{'SS':['x','y']},'b':"
     "{'BOOL':true}}}}]}}",
     ONE VALUE("'{b;=[WriteRequest(deleteRequest=null, putRequest=PutRequest("
               "item={a={SS:[x, y]}, b={BOOL:true}}))]}'",
               "requestItems") "Map keys must satisfy constraint: [" AT_MOST
                               "255, " AT_LEAST "3, " PATTERN "]"},
    {"BatchWriteItem", "{'RequestItems':{'ab':[{'DeleteRequest':{'Key':{}}}]}}",
     ONE VALUE("'{ab=[WriteRequest(deleteRequest=DeleteRequest(key={}), "
               "putRequest=null)]}'",
               "requestItems") "Map keys must satisfy constraint: [" AT_MOST
                               "255, " AT_LEAST "3, " PATTERN "]"},
    {"BatchWriteItem", "{'RequestItems':{'tab':null}}",
     ONE VALUE("'{tab=null}'",
               "requestItems") "Map value must satisfy constraint: [" AT_MOST
                               "25, " AT_LEAST "1]"},
    {"BatchWriteItem", "{'RequestItems':{'tab':[]}}",
     ONE VALUE("'{tab=[]}'",
               "requestItems") "Map value must satisfy constraint: [" AT_MOST
                               "25, " AT_LEAST "1]"},
    {"BatchWriteItem",
     "{'RequestItems':{'tab':[{'PutRequest':{}},{'DeleteRequest':{}}]}}",
     TWO VALUE("null", "requestItems.tab.member.1.member.putRequest.item")
         NOT_NULL
     "; " VALUE("null", "requestItems.tab.member.2.member.deleteRequest.key")
         NOT_NULL},
    {"TransactWriteItems", "{'TransactItems':[]}",
     ONE VALUE("'[]'", "transactItems") AT_LEAST "1"},
    {"TransactWriteItems",
     "{'ClientRequestToken':'','TransactItems':[{'Put':{}}]}",
     "3 validation errors detected: " VALUE("''", "clientRequestToken") AT_LEAST
     "1; " VALUE("null", "transactItems.1.member.put.item") NOT_NULL
     "; " VALUE("null", "transactItems.1.member.put.tableName") NOT_NULL},
    {"TransactGetItems", "{'TransactItems':[{}]}",
     ONE VALUE("null", "transactItems.1.member.get") NOT_NULL},
    {"DescribeTable", "{}",
     "The parameter 'TableName' is required but was not present in the "
     "request"},
    {"CreateTable", "{'KeySchema':1.5,'KeySchema':null}",
     NULL /* the type comes first */},
    {"CreateTable", "{'AttributeDefinitions':[]}",
     "The parameter 'TableName' is required but was not present in the "
     "request"},
    {"CreateTable",
     "{'TableName':'ab','AttributeDefinitions':[],'KeySchema':["
     "{'AttributeName':'a','KeyType':'HASH'},{'AttributeName':'b'},"
     "{'KeyType':'x','AttributeName':''}]}",
     "5 validation errors detected: " VALUE("'ab'", "tableName") AT_LEAST
     "3; " VALUE("'[KeySchemaElement(attributeName=a, keyType=HASH), "
                 "KeySchemaElement(attributeName=b, keyType=null), "
                 "KeySchemaElement(attributeName=, keyType=x)]'",
                 "keySchema") AT_MOST
     "2; " VALUE("null", "keySchema.2.member.keyType") NOT_NULL
     "; " VALUE("''", "keySchema.3.member.attributeName") AT_LEAST
     "1; " VALUE("'x'", "keySchema.3.member.keyType") WORDS "[HASH, RANGE]"},
    {"CreateTable",
     "{'TableName':'abc','AttributeDefinitions':[{'AttributeName':'a',"
     "'AttributeType':'SS'}],'KeySchema':[{'AttributeName':'a','KeyType':"
     "'HASH'}],'ProvisionedThroughput':{'ReadCapacityUnits':0}}",
     "3 validation errors detected: " VALUE(
         "'SS'", "attributeDefinitions.1.member.attributeType") WORDS
     "[B, N, S]; " VALUE("null", "provisionedThroughput.writeCapacityUnits")
         NOT_NULL
     "; " VALUE("'0'",
                "provisionedThroughput.readCapacityUnits") "Member must have "
                                                           "value greater than "
                                                           "or equal to 1"},
    {"UpdateTimeToLive", "{'TableName':'tab','TimeToLiveSpecification':{}}",
     TWO VALUE("null", "timeToLiveSpecification.attributeName") NOT_NULL
     "; " VALUE("null", "timeToLiveSpecification.enabled") NOT_NULL},
};

START_TEST(tells_all_that_is_broken)
{
    if (constraints[_i].message)
        engine_invalid(constraints[_i].action, constraints[_i].json,
                       constraints[_i].message);
    else
        engine_refuses(constraints[_i].action, constraints[_i].json,
                       "SerializationException", FIELD);
}
END_TEST

START_TEST(message_goes_on_behind_a_nul)
{
    static const char want[] = ONE VALUE("'a\0b'", "tableName") PATTERN;
    json_t *got =
        engine_ask(400, "PutItem", "{'TableName':'a\\u0000b','Item':{}}");
    json_t *said = json_object_get(got, "message");

    ck_assert_uint_eq(json_string_length(said), sizeof want - 1);
    ck_assert_mem_eq(json_string_value(said), want, sizeof want - 1);
    json_decref(got);
}
END_TEST

START_TEST(tells_ten_things_at_most)
{
    json_t *got;
    const char *said;
    size_t n = (size_t)sprintf(text, "{'TableName':'abc','KeySchema':[{}"), of;

    for (int i = 0; i < 50; i++)
        n += (size_t)sprintf(text + n, ",{}");
    sprintf(text + n, "]}");
    got = engine_ask(400, "CreateTable", text);
    said = json_string_value(json_object_get(got, "message"));
    ck_assert_ptr_nonnull(strstr(said, "10 validation errors detected: "));
    for (of = 0; (said = strstr(said, "constraint: ")) != NULL; of++)
        said++;
    ck_assert_uint_eq(of, 10);
    json_decref(got);
}
END_TEST

/* ---- Unsupported -------------------------------------------------------- */

static const struct {
    const char *action;
    const char *json;
    const char *message;
} unsupported[] = {
    {"PutItem", "{'TableName':'tab','Item':{'k':{'S':'a'}},'Expected':{}}",
     "Expected is not supported by the local engine; use an expression"},
    {"PutItem",
     "{'TableName':'tab','Item':{'k':{'S':'a'}},'ConditionalOperator':'OR',"
     "'Expected':{}}",
     "ConditionalOperator is not supported by the local engine; use an "
     "expression"},
    {"UpdateItem",
     "{'TableName':'tab'," KEY_A ",'AttributeUpdates':{'a':{'Action':'PUT',"
     "'Value':{'S':'a'}}}}",
     "AttributeUpdates is not supported by the local engine; use an "
     "expression"},
    {"Query",
     "{'TableName':'tab','KeyConditions':{'k':{'ComparisonOperator':'EQ',"
     "'AttributeValueList':[{'S':'a'}]}}}",
     "KeyConditions is not supported by the local engine; use an expression"},
    {"Scan", "{'TableName':'tab','ScanFilter':{}}",
     "ScanFilter is not supported by the local engine; use an expression"},
    {"CreateTable",
     "{'TableName':'abc'," DEFS(ATTR("k", "S")) "," SCHEMA(
         HASH("k")) "," ON_DEMAND ",'SSESpecification':{'Enabled':true}}",
     "SSESpecification is not supported by the local engine"},
    {"UpdateTable",
     "{'TableName':'tab','ReplicaUpdates':[{'Create':{'RegionName':'x'}}]}",
     "ReplicaUpdates is not supported by the local engine"},
};

START_TEST(says_what_is_not_supported)
{
    engine_invalid(unsupported[_i].action, unsupported[_i].json,
                   unsupported[_i].message);
}
END_TEST

START_TEST(action_is_unknown)
{
    static const char *const names[] = {
        "",    "Nope",     "getItem",   "GetItems",       "AAA",
        "ZZZ", "PutItem ", "ListTable", "DescribeBackups"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *got = engine_ask(400, names[i], "no JSON at all");

        ck_assert_str_eq(json_string_value(json_object_get(got, "__type")),
                         "com.amazon.coral.service#UnknownOperationException");
        ck_assert_uint_eq(json_object_size(got), 1);
        json_decref(got);
    }
}
END_TEST

START_TEST(says_which_action_is_not_supported)
{
    json_t *got = engine_ask(400, "ExecuteStatement", "{}");

    ck_assert_str_eq(json_string_value(json_object_get(got, "__type")),
                     "com.amazon.coral.service#UnknownOperationException");
    ck_assert_str_eq(json_string_value(json_object_get(got, "Message")),
                     "ExecuteStatement is not supported by the local engine");
    json_decref(got);
}
END_TEST

/* ---- Memory and time ---------------------------------------------------- */

START_TEST(reads_without_memory_as_far_as_it_goes)
{
    static const struct {
        const char *action;
        const char *json;
    } requests[] = {
        {"PutItem",
         "{'TableName':'tab','Item':{'k':{'S':'a'},'l':{'L':[{'M':{'a':{'SS':"
         "['\\u0041','b']}}},{'BS':['YQ\\u003d\\u003d']}]},'s':{'S':'1'},"
         "'s':{'S':'2'}}}"},
        {"BatchGetItem", "{'RequestItems':{'tab':{'Keys':[{'k':{'S':'a'}}],"
                         "'ExpressionAttributeNames':{'#a':'a','#a':'b'},"
                         "'ProjectionExpression':'#a'}}}"},
        {"BatchWriteItem",
         "{'RequestItems':{'tab':[{'DeleteRequest':{'Key':{'k':{'S':'a'}}}}]}"
         "}"},
        {"TransactWriteItems",
         "{'TransactItems':[{'Put':{'TableName':'tab','Item':{'k':{'S':'a'}}}}"
         "]}"},
    };

    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        engine_survives_nomem(requests[i].action, requests[i].json);
}
END_TEST

START_TEST(refuses_without_memory_as_far_as_it_goes)
{
    static const struct {
        const char *action;
        const char *json;
    } requests[] = {
        {"PutItem", "{'TableName':true}"},
        {"BatchWriteItem", "{'RequestItems':[]}"},
        {"PutItem", "{'TableName':'tab','Item':{'k':{'B':'Y'}}}"},
        {"PutItem", "{'TableName':'tab','Item':{'k':{'S':'a','N':'1'}}}"},
        {"PutItem", "{'TableName':'tab','Item':{'k':{'SS':['a','a']}}}"},
        {"CreateTable", "{'TableName':'a;','KeySchema':[{},{},{}]}"},
        {"BatchWriteItem", "{'RequestItems':{'a;':[{'PutRequest':{}}]}}"},
        {"Nope", "{}"},
    };

    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        char *json = strdup(requests[i].json);

        for (char *p = json; *p; p++)
            if (*p == '\'')
                *p = '"';
        for (long n = 0;; n++) {
            ddbi_buf out = {0};
            ddb_err err = {0};
            ddb_code code;
            int status, failed;

            oom_begin(n);
            code = ddbi_local_call(engine, requests[i].action,
                                   (ddb_bytes){json, strlen(json)}, &status,
                                   &out, &err);
            failed = oom_end();
            ddbi_buf_free(&out);
            ck_assert_int_eq(code, failed ? DDB_NOMEM : DDB_OK);
            if (!failed)
                break;
        }
        free(json);
    }
}
END_TEST

/* An engine that has no memory yet needs it in more places. */
START_TEST(reads_its_first_request_without_memory)
{
    static const struct {
        const char *action, *before, *each, *after;
    } large[] = {
        {"PutItem", "{'TableName':'tab','Item':{'k':{'S':'a'}",
         ",'n%d':{'L':[{'SS':['\\u0061','b']},{'M':{'x':{'N':'1.0'}}}]}", "}}"},
        {"PutItem", "{'TableName':'tab','Item':{'k':{'S':'a'}",
         ",'n%d':{'B':'YQ\\u003d=','S':''}", "}}"},
        {"Scan",
         "{'TableName':'tab','FilterExpression':'attribute_exists(#0)',"
         "'ExpressionAttributeNames':{'#0':'b'",
         ",'#%d':'a'", "}}"},
        {"BatchGetItem", "{'RequestItems':{'tab':{'Keys':[{'k':{'S':'a'}}]}",
         ",'tab%d':{'Keys':[{'k':{'S':'a'}}],'AttributesToGet':['a','b']}",
         "}}"},
        {"TransactWriteItems", "{'TransactItems':[{}",
         ",{'Delete':{'TableName':'tab%d','Key':{}}}", "]}"},
        {"UpdateTable", "{'TableName':'tab','GlobalSecondaryIndexUpdates':[{}",
         ",{'Create':{'IndexName':'%d','KeySchema':[{},{}]}}", "]}"},
        {"PutItem",
         "{'TableName':'tab','Item':{'k':{'S':'a'}},'Expected':{"
         "'a':{}",
         ",'e%d':{'Value':{'S':'x'},'AttributeValueList':[{'N':'1'}]}", "}}"},
    };
    char *p = text;

    p += sprintf(p, "%s", large[_i].before);
    for (int i = 0; i < 400; i++) {
        char *each = strdup(large[_i].each), *d = strstr(each, "%d");

        *d = '\0';
        p += sprintf(p, "%s%d%s", each, i, d + 2);
        free(each);
    }
    strcpy(p, large[_i].after);
    for (char *q = text; *q; q++)
        if (*q == '\'')
            *q = '"';
    for (long n = 0;; n++) {
        ddbi_buf out = {0};
        ddb_err err = {0};
        ddb_code code;
        int status, failed;

        engine_teardown();
        setup();
        oom_begin(n);
        code = ddbi_local_call(engine, large[_i].action, ddb_str(text), &status,
                               &out, &err);
        failed = oom_end();
        ddbi_buf_free(&out);
        ck_assert_int_eq(code, failed ? DDB_NOMEM : DDB_OK);
        if (!failed)
            break;
    }
}
END_TEST

/* Of a request of megabytes an answer of as many is not made. */
START_TEST(shows_no_more_than_is_sane)
{
    const int many = 200000;
    static const struct {
        const char *action, *before, *each, *after, *end;
    } big[] = {
        {"TransactWriteItems", "{'TransactItems':[", "{'Put':{}}", "]}",
         "at 'transactItems' failed to satisfy constraint: " AT_MOST "100"},
        {"PutItem", "{'Item':{},'TableName':'", "\xc3\xa4\xc3\xa4\xc3", "'}",
         NULL},
        /* A name that is cut within a character. */
        {"BatchGetItem", "{'RequestItems':{'x", "\xc3\xa4\xc3\xa4",
         "':{'Keys':null}}}",
         "?.member.keys' failed to satisfy constraint: " NOT_NULL},
        {"PutItem", "{'Item':{},'TableName':'", "\xc3\xa4\xc3\xa4", "'}",
         "...' at 'tableName' failed to satisfy constraint: " AT_MOST "255"},
    };
    size_t n = strlen(big[_i].each);
    char *json = malloc((size_t)many * (n + 1) + 100), *p = json;
    const char *said;
    json_t *got;

    ck_assert_ptr_nonnull(json);
    p += sprintf(p, "%s", big[_i].before);
    for (int i = 0; i < many; i++)
        p += sprintf(p, "%s%s", i > 0 && *big[_i].each == '{' ? "," : "",
                     big[_i].each);
    strcpy(p, big[_i].after);
    got = engine_ask(400, big[_i].action, json);
    said = json_string_value(json_object_get(got, "message"));
    if (big[_i].end == NULL) {
        ck_assert_ptr_null(said); /* it is no UTF-8 */
    } else {
        ck_assert_uint_lt(strlen(said), 300000);
        ck_assert_ptr_nonnull(strstr(said, big[_i].end));
    }
    json_decref(got);
    free(json);
}
END_TEST

/* A map of a hundred thousand names, half of them twice. */
START_TEST(many_names_take_no_time)
{
    const int many = 100000;
    char *json = malloc((size_t)many * 24 + 100), *p = json;
    json_t *got;

    ck_assert_ptr_nonnull(json);
    p += sprintf(p, "{'TableName':'tab','ExpressionAttributeNames':{");
    for (int i = 0; i < many; i++)
        p += sprintf(p, "%s'#%d':'a'", i ? "," : "", i % (many / 2));
    sprintf(p, "},'FilterExpression':'attribute_exists(#0)'}");
    got = engine_ask(400, "Scan", json);
    ck_assert_ptr_nonnull(
        strstr(json_string_value(json_object_get(got, "message")),
               "unused in expressions"));
    json_decref(got);
    free(json);
}
END_TEST

Suite *suite_local_read(void)
{
    Suite *s = suite_create("local_read");
    TCase *types = tcase_create("types"), *tc = tcase_create("requests");

    tcase_add_checked_fixture(types, setup, engine_teardown);
    tcase_add_loop_test(types, string_is_a_string, 0, ROWS(strings));
    tcase_add_loop_test(types, number_is_a_number, 0, ROWS(numbers));
    tcase_add_loop_test(types, boolean_is_a_boolean, 0, ROWS(booleans));
    tcase_add_loop_test(types, blob_is_base64, 0, ROWS(blobs));
    tcase_add_loop_test(types, list_is_a_list, 0, ROWS(lists));
    tcase_add_loop_test(types, map_is_a_map, 0, ROWS(maps));
    tcase_add_loop_test(types, element_is_a_structure, 0, ROWS(elements));
    tcase_add_loop_test(types, member_is_a_structure, 0, ROWS(members));
    tcase_add_test(types, collection_in_a_collection);
    tcase_add_loop_test(types, refuses_what_is_no_json_object, 0,
                        ROWS(no_json));
    tcase_add_loop_test(types, refuses_every_beginning, 0, 4);
    tcase_add_test(types, depth_is_bounded);
    suite_add_tcase(s, types);
    tcase_add_checked_fixture(tc, setup, engine_teardown);
    tcase_add_loop_test(tc, takes_what_the_service_takes, 0, ROWS(taken));
    tcase_add_test(tc, last_of_many_names_counts);
    tcase_add_loop_test(tc, tells_all_that_is_broken, 0, ROWS(constraints));
    tcase_add_test(tc, message_goes_on_behind_a_nul);
    tcase_add_test(tc, tells_ten_things_at_most);
    tcase_add_loop_test(tc, says_what_is_not_supported, 0, ROWS(unsupported));
    tcase_add_test(tc, action_is_unknown);
    tcase_add_test(tc, says_which_action_is_not_supported);
    tcase_add_test(tc, reads_without_memory_as_far_as_it_goes);
    tcase_add_test(tc, refuses_without_memory_as_far_as_it_goes);
    tcase_add_loop_test(tc, reads_its_first_request_without_memory, 0, 7);
    tcase_add_loop_test(tc, shows_no_more_than_is_sane, 0, 4);
    tcase_add_test(tc, many_names_take_no_time);
    suite_add_tcase(s, tc);
    return s;
}
