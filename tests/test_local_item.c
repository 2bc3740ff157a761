/* SPDX-License-Identifier: MIT */
/* GetItem, PutItem, UpdateItem and DeleteItem: what they refuse and in which
 * words, what they answer, and what is there afterwards. */
#include "engine.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>

#define INVALID "One or more parameter values were invalid: "
#define NOT_VALID "One or more parameter values are not valid. "
#define MISMATCH "The provided key element does not match the schema"
#define EMPTY_KEY                                                              \
    NOT_VALID "The AttributeValue for a key attribute cannot contain an "      \
              "empty "

/* hash: a S.  binary: a B.  number: a N.  range: a, b S; local index lll (a,
 * c) and global indexes xxx (c) and www (d N). */
static void create_tables(void)
{
    static const char *const simple[][2] = {
        {"hash", "S"}, {"binary", "B"}, {"number", "N"}};
    char json[300];

    engine_setup();
    for (size_t i = 0; i < 3; i++) {
        snprintf(json, sizeof json,
                 "{'TableName':'%s','BillingMode':'PAY_PER_REQUEST',"
                 "'AttributeDefinitions':[{'AttributeName':'a',"
                 "'AttributeType':'%s'}],"
                 "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'}]}",
                 simple[i][0], simple[i][1]);
        engine_does("CreateTable", json);
    }
    engine_does(
        "CreateTable",
        "{'TableName':'range','BillingMode':'PAY_PER_REQUEST',"
        "'AttributeDefinitions':["
        "{'AttributeName':'a','AttributeType':'S'},"
        "{'AttributeName':'b','AttributeType':'S'},"
        "{'AttributeName':'c','AttributeType':'S'},"
        "{'AttributeName':'d','AttributeType':'N'}],"
        "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
        "{'AttributeName':'b','KeyType':'RANGE'}],"
        "'LocalSecondaryIndexes':["
        "{'IndexName':'lll','Projection':{'ProjectionType':'ALL'},"
        "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
        "{'AttributeName':'c','KeyType':'RANGE'}]}],"
        "'GlobalSecondaryIndexes':["
        "{'IndexName':'xxx','Projection':{'ProjectionType':'KEYS_ONLY'},"
        "'KeySchema':[{'AttributeName':'c','KeyType':'HASH'}]},"
        "{'IndexName':'www','Projection':{'ProjectionType':'ALL'},"
        "'KeySchema':[{'AttributeName':'d','KeyType':'HASH'}]}]}");
}

/* ---- Refusals ----------------------------------------------------------- */

static const struct {
    const char *action, *json, *message;
} refused[] = {
    /* Which parameters go together. */
    {"GetItem",
     "{'TableName':'none','Key':{},'ExpressionAttributeNames':{'#a':'a'}}",
     "ExpressionAttributeNames can only be specified when using expressions"},
    {"PutItem",
     "{'TableName':'none','Item':{},'ExpressionAttributeNames':{'#a':'a'}}",
     "ExpressionAttributeNames can only be specified when using expressions"},
    {"PutItem",
     "{'TableName':'none','Item':{'a':{}},"
     "'ExpressionAttributeValues':{':a':{}}}",
     "ExpressionAttributeValues can only be specified when using expressions: "
     "ConditionExpression is null"},
    {"DeleteItem",
     "{'TableName':'none','Key':{},'ExpressionAttributeValues':{}}",
     "ExpressionAttributeValues can only be specified when using expressions: "
     "ConditionExpression is null"},
    {"UpdateItem",
     "{'TableName':'none','Key':{},'ExpressionAttributeValues':{}}",
     "ExpressionAttributeValues can only be specified when using expressions: "
     "UpdateExpression and ConditionExpression are null"},
    {"PutItem",
     "{'TableName':'none','Item':{},'Expected':{},"
     "'ConditionExpression':'a'}",
     "Can not use both expression and non-expression parameters in the same "
     "request: Non-expression parameters: {Expected} Expression parameters: "
     "{ConditionExpression}"},
    {"UpdateItem",
     "{'TableName':'none','Key':{},'AttributeUpdates':{},'Expected':{},"
     "'UpdateExpression':'','ConditionExpression':''}",
     "Can not use both expression and non-expression parameters in the same "
     "request: Non-expression parameters: {AttributeUpdates, Expected} "
     "Expression parameters: {UpdateExpression, ConditionExpression}"},
    {"PutItem", "{'TableName':'none','Item':{},'Expected':{}}",
     "Expected is not supported by the local engine; use an expression"},
    {"GetItem", "{'TableName':'none','Key':{},'AttributesToGet':['a']}",
     "AttributesToGet is not supported by the local engine; use an "
     "expression"},
    /* Values before expressions. */
    {"GetItem", "{'TableName':'none','Key':{'a':{}},'ProjectionExpression':''}",
     "Supplied AttributeValue is empty, must contain exactly one of the "
     "supported datatypes"},
    {"PutItem",
     "{'TableName':'none','Item':{'a':{'N':'b'}},'ReturnValues':'ALL_NEW'}",
     "The parameter cannot be converted to a numeric value: b"},
    {"PutItem", "{'TableName':'none','Item':{},'ReturnValues':'ALL_NEW'}",
     "ReturnValues can only be ALL_OLD or NONE"},
    {"DeleteItem", "{'TableName':'none','Key':{},'ReturnValues':'UPDATED_OLD'}",
     "ReturnValues can only be ALL_OLD or NONE"},
    /* Names and values of expressions. */
    {"PutItem",
     "{'TableName':'none','Item':{},'ConditionExpression':'',"
     "'ExpressionAttributeNames':{}}",
     "ExpressionAttributeNames must not be empty"},
    {"PutItem",
     "{'TableName':'none','Item':{},'ConditionExpression':'',"
     "'ExpressionAttributeNames':{'a':'b'}}",
     "ExpressionAttributeNames contains invalid key: Syntax error; key: "
     "\"a\""},
    {"PutItem",
     "{'TableName':'none','Item':{},'ConditionExpression':'',"
     "'ExpressionAttributeNames':{'#':'b'}}",
     "ExpressionAttributeNames contains invalid key: Syntax error; key: "
     "\"#\""},
    {"PutItem",
     "{'TableName':'none','Item':{},'ConditionExpression':'',"
     "'ExpressionAttributeNames':{'#b':'b','#a':''}}",
     "ExpressionAttributeNames contains invalid value: Empty attribute name "
     "for key #a"},
    {"PutItem",
     "{'TableName':'none','Item':{},'ConditionExpression':'',"
     "'ExpressionAttributeNames':{'#a':'a'},'ExpressionAttributeValues':{}}",
     "ExpressionAttributeValues must not be empty"},
    {"PutItem",
     "{'TableName':'none','Item':{},'ConditionExpression':'',"
     "'ExpressionAttributeValues':{'b':{},':a b':{'S':'a'}}}",
     "ExpressionAttributeValues contains invalid key: Syntax error; key: "
     "\"b\""},
    {"PutItem",
     "{'TableName':'none','Item':{},'ConditionExpression':'',"
     "'ExpressionAttributeValues':{':b':{'NULL':false}}}",
     "ExpressionAttributeValues contains invalid value: " INVALID
     "Null attribute value types must have the value of true for key :b"},
    /* Expressions: update, condition, projection, then what is unused. */
    {"UpdateItem",
     "{'TableName':'none','Key':{},'UpdateExpression':'',"
     "'ConditionExpression':''}",
     "Invalid UpdateExpression: The expression can not be empty;"},
    {"UpdateItem",
     "{'TableName':'none','Key':{},'UpdateExpression':'REMOVE a',"
     "'ConditionExpression':''}",
     "Invalid ConditionExpression: The expression can not be empty;"},
    {"GetItem", "{'TableName':'none','Key':{},'ProjectionExpression':''}",
     "Invalid ProjectionExpression: The expression can not be empty;"},
    {"GetItem",
     "{'TableName':'none','Key':{},'ProjectionExpression':'b',"
     "'ExpressionAttributeNames':{'#a':'a'}}",
     "Value provided in ExpressionAttributeNames unused in expressions: keys: "
     "{#a}"},
    {"UpdateItem",
     "{'TableName':'none','Key':{},'UpdateExpression':'REMOVE b',"
     "'ExpressionAttributeValues':{':a':{'S':'a'}}}",
     "Value provided in ExpressionAttributeValues unused in expressions: "
     "keys: {:a}"},
    /* A Key. */
    {"GetItem", "{'TableName':'hash','Key':{}}", MISMATCH},
    {"GetItem", "{'TableName':'hash','Key':{'b':{'S':'a'}}}", MISMATCH},
    {"GetItem", "{'TableName':'hash','Key':{'a':{'N':'1'}}}", MISMATCH},
    {"GetItem", "{'TableName':'hash','Key':{'a':{'S':'a'},'b':{'S':'a'}}}",
     MISMATCH},
    {"DeleteItem", "{'TableName':'range','Key':{'a':{'S':'a'}}}", MISMATCH},
    {"UpdateItem", "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'L':[]}}}",
     MISMATCH},
    {"GetItem", "{'TableName':'hash','Key':{'a':{'S':''}}}",
     EMPTY_KEY "string value. Key: a"},
    {"DeleteItem", "{'TableName':'binary','Key':{'a':{'B':''}}}",
     EMPTY_KEY "binary value. Key: a"},
    {"UpdateItem", "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':''}}}",
     EMPTY_KEY "string value. Key: b"},
    /* The keys of an item. */
    {"PutItem", "{'TableName':'hash','Item':{}}",
     INVALID "Missing the key a in the item"},
    {"PutItem", "{'TableName':'range','Item':{'a':{'S':'a'}}}",
     INVALID "Missing the key b in the item"},
    {"PutItem", "{'TableName':'hash','Item':{'a':{'N':'1'}}}",
     INVALID "Type mismatch for key a expected: S actual: N"},
    {"PutItem", "{'TableName':'number','Item':{'a':{'BOOL':false}}}",
     INVALID "Type mismatch for key a expected: N actual: BOOL"},
    {"PutItem", "{'TableName':'hash','Item':{'a':{'S':''}}}",
     EMPTY_KEY "string value. Key: a"},
    {"PutItem", "{'TableName':'binary','Item':{'a':{'B':''}}}",
     EMPTY_KEY "binary value. Key: a"},
    /* What it is in indexes: of several a global one. */
    {"PutItem",
     "{'TableName':'range','Item':{'a':{'S':'a'},'b':{'S':'b'},"
     "'c':{'N':'1'}}}",
     INVALID "Type mismatch for Index Key c Expected: S Actual: N IndexName: "
             "xxx"},
    {"PutItem",
     "{'TableName':'range','Item':{'a':{'S':'a'},'b':{'S':'b'},"
     "'c':{'S':''}}}",
     NOT_VALID "A value specified for a secondary index key is not supported. "
               "The AttributeValue for a key attribute cannot contain an empty "
               "string value. IndexName: xxx, IndexKey: c"},
    {"PutItem",
     "{'TableName':'range','Item':{'a':{'S':'a'},'b':{'S':'b'},"
     "'c':{'S':''},'d':{'SS':['1']}}}",
     INVALID "Type mismatch for Index Key d Expected: N Actual: SS IndexName: "
             "www"},
    {"UpdateItem",
     "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
     "'UpdateExpression':'SET c = :v','ExpressionAttributeValues':"
     "{':v':{'L':[]}}}",
     INVALID "Type mismatch for Index Key c Expected: S Actual: L IndexName: "
             "xxx"},
    {"UpdateItem",
     "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
     "'UpdateExpression':'ADD c :v','ExpressionAttributeValues':"
     "{':v':{'N':'1'}}}",
     INVALID "Type mismatch for Index Key c Expected: S Actual: N IndexName: "
             "xxx"},
    {"UpdateItem",
     "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
     "'UpdateExpression':'SET c = :v','ExpressionAttributeValues':"
     "{':v':{'S':''}}}",
     NOT_VALID "The update expression attempted to update a secondary index "
               "key to a value that is not supported. The AttributeValue for "
               "a key attribute cannot contain an empty string value."},
    /* Keys stay what they are, and are no documents. */
    {"UpdateItem",
     "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
     "'UpdateExpression':'REMOVE b, a'}",
     INVALID "Cannot update attribute a. This attribute is part of the key"},
    {"UpdateItem",
     "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
     "'UpdateExpression':'SET b = :v','ExpressionAttributeValues':"
     "{':v':{'S':'b'}}}",
     INVALID "Cannot update attribute b. This attribute is part of the key"},
    {"UpdateItem",
     "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
     "'UpdateExpression':'REMOVE c.d'}",
     "Key attributes must be scalars; list random access '[]' and map lookup "
     "'.' are not allowed: IndexKey: c"},
    {"UpdateItem",
     "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
     "'UpdateExpression':'SET e = if_not_exists(f, a[0])'}",
     "Key attributes must be scalars; list random access '[]' and map lookup "
     "'.' are not allowed: Key: a"},
    {"GetItem",
     "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
     "'ProjectionExpression':'e.a, b[0]'}",
     "Key attributes must be scalars; list random access '[]' and map lookup "
     "'.' are not allowed: Key: b"},
};

START_TEST(refuses)
{
    /* Messages have quotes that the JSON of a test has not. */
    engine_invalid(refused[_i].action, refused[_i].json, refused[_i].message);
}
END_TEST

START_TEST(looks_at_what_an_update_made_of_index_keys)
{
    engine_does("PutItem", "{'TableName':'range','Item':{'a':{'S':'a'},"
                           "'b':{'S':'b'},'e':{'N':'1'}}}");
    engine_invalid("UpdateItem",
                   "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
                   "'UpdateExpression':'SET c = e'}",
                   "The update expression attempted to update the secondary "
                   "index key to unsupported type");
}
END_TEST

static const char *const absent[][2] = {
    {"GetItem", "{'TableName':'none','Key':{'b':{'S':'a'}}}"},
    {"PutItem", "{'TableName':'none','Item':{}}"},
    {"UpdateItem", "{'TableName':'none','Key':{}}"},
    {"DeleteItem", "{'TableName':'none','Key':{}}"},
};

START_TEST(refuses_a_table_that_is_not_there)
{
    engine_refuses(absent[_i][0], absent[_i][1], "ResourceNotFoundException",
                   "Requested resource not found");
}
END_TEST

/* ---- Sizes -------------------------------------------------------------- */

/* The JSON with n times an x for its @. */
static char *filled(const char *json, size_t n)
{
    size_t head = strcspn(json, "@"), tail = strlen(json) - head; /* and NUL */
    char *text = malloc(head + n + tail);

    ck_assert_ptr_nonnull(text);
    memcpy(text, json, head);
    memset(text + head, 'x', n);
    memcpy(text + head + n, json + head + 1, tail);
    return text;
}

static const struct {
    const char *action, *json;
    size_t most;
    const char *message; /* beyond it */
} sizes[] = {
    {"GetItem", "{'TableName':'hash','Key':{'a':{'S':'@'}}}", 2048,
     INVALID "Size of hashkey has exceeded the maximum size limit of2048 "
             "bytes"},
    {"PutItem", "{'TableName':'hash','Item':{'a':{'S':'@'}}}", 2048,
     INVALID "Size of hashkey has exceeded the maximum size limit of2048 "
             "bytes"},
    {"PutItem", "{'TableName':'range','Item':{'a':{'S':'a'},'b':{'S':'@'}}}",
     1024,
     INVALID "Aggregated size of all range keys has exceeded the size limit of "
             "1024 bytes"},
    {"DeleteItem", "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'@'}}}",
     1024,
     INVALID "Aggregated size of all range keys has exceeded the size limit of "
             "1024 bytes"},
    /* An item of the name a, an a and the name b. */
    {"PutItem", "{'TableName':'hash','Item':{'a':{'S':'a'},'b':{'S':'@'}}}",
     400 * 1024 - 3, "Item size has exceeded the maximum allowed size"},
    {"UpdateItem",
     "{'TableName':'hash','Key':{'a':{'S':'a'}},'UpdateExpression':"
     "'SET b = :b','ExpressionAttributeValues':{':b':{'S':'@'}}}",
     400 * 1024 - 3,
     "Item size to update has exceeded the maximum allowed size"},
    /* A sort key of the local index. */
    {"PutItem",
     "{'TableName':'range','Item':{'a':{'S':'a'},'b':{'S':'b'},"
     "'c':{'S':'@'}}}",
     1024,
     INVALID "Aggregated size of all range keys has exceeded the size limit of "
             "1024 bytes"},
    {"UpdateItem",
     "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
     "'UpdateExpression':'SET c = :c','ExpressionAttributeValues':"
     "{':c':{'S':'@'}}}",
     1024,
     "The update expression attempted to update the secondary index key beyond "
     "allowed size limits"},
};

START_TEST(knows_the_limits_of_names)
{
    static const char json[] =
        "{'TableName':'hash','Key':{'a':{'S':'a'}},'ProjectionExpression':"
        "'#_','ExpressionAttributeNames':{'#_':'b','#@':'c'}}";
    char *text = filled(json, 254);
    json_t *answer = engine_ask(400, "GetItem", text);

    ck_assert_ptr_nonnull(
        strstr(json_string_value(json_object_get(answer, "message")),
               "unused in expressions"));
    json_decref(answer);
    free(text);
    text = filled(json, 255);
    engine_invalid("GetItem", text,
                   "ExpressionAttributeNames contains invalid key: The "
                   "expression attribute map contains a key that is too long; "
                   "size of key: 256");
    free(text);
    text = filled("{'TableName':'hash','Key':{'a':{'S':'a'}},"
                  "'UpdateExpression':'SET #n = :v',"
                  "'ExpressionAttributeNames':{'#n':'@'},"
                  "'ExpressionAttributeValues':{':v':{'N':'1'}}}",
                  65536);
    engine_invalid("UpdateItem", text,
                   "ExpressionAttributeNames contains invalid value: Attribute "
                   "name is too large, must be less than 65536 bytes for key "
                   "#n");
    free(text);
}
END_TEST

START_TEST(knows_the_limits_of_size)
{
    char *json = filled(sizes[_i].json, sizes[_i].most);

    engine_does(sizes[_i].action, json);
    free(json);
    json = filled(sizes[_i].json, sizes[_i].most + 1);
    engine_invalid(sizes[_i].action, json, sizes[_i].message);
    free(json);
}
END_TEST

/* ---- Putting and getting ------------------------------------------------ */

START_TEST(gives_back_what_was_put)
{
    static const char all[] =
        "'a':{'S':'k'},'s':{'S':'\\u00e9\\n'},'e':{'S':''},"
        "'n':{'N':'-0.5'},'b':{'B':'AAE='},'z':{'B':''},'t':{'BOOL':true},"
        "'f':{'BOOL':false},'u':{'NULL':true},'l':{'L':[{'N':'1'},{'L':[]}]},"
        "'m':{'M':{'x':{'M':{}}}},'ss':{'SS':['a','']},'ns':{'NS':['1','2']},"
        "'bs':{'BS':['AA==']}";
    char json[1000], want[1000];

    snprintf(json, sizeof json, "{'TableName':'hash','Item':{%s}}", all);
    engine_answers("PutItem", json, "{}");
    snprintf(want, sizeof want, "{'Item':{%s}}", all);
    engine_answers("GetItem", "{'TableName':'hash','Key':{'a':{'S':'k'}}}",
                   want);
}
END_TEST

START_TEST(rewrites_numbers)
{
    engine_does("PutItem", "{'TableName':'number','Item':{'a':{'N':'0001.50'},"
                           "'x':{'NS':['1e3','-0']}}}");
    engine_answers("GetItem", "{'TableName':'number','Key':{'a':{'N':'1.5'}}}",
                   "{'Item':{'a':{'N':'1.5'},'x':{'NS':['1000','0']}}}");
    /* Another writing of the same number is the same key. */
    engine_does("PutItem", "{'TableName':'number','Item':{'a':{'N':'15e-1'}}}");
    engine_answers("GetItem", "{'TableName':'number','Key':{'a':{'N':'1.5'}}}",
                   "{'Item':{'a':{'N':'1.5'}}}");
}
END_TEST

START_TEST(finds_nothing_where_nothing_is)
{
    engine_answers("GetItem", "{'TableName':'hash','Key':{'a':{'S':'k'}}}",
                   "{}");
    engine_answers("DeleteItem",
                   "{'TableName':'hash','Key':{'a':{'S':'k'}},"
                   "'ReturnValues':'ALL_OLD'}",
                   "{}");
}
END_TEST

START_TEST(projects)
{
    engine_does("PutItem", "{'TableName':'hash','Item':{'a':{'S':'k'},"
                           "'b':{'L':[{'N':'1'},{'N':'2'}]},'c':{'N':'3'}}}");
    engine_answers("GetItem",
                   "{'TableName':'hash','Key':{'a':{'S':'k'}},"
                   "'ProjectionExpression':'#b[1], d, a',"
                   "'ExpressionAttributeNames':{'#b':'b'}}",
                   "{'Item':{'a':{'S':'k'},'b':{'L':[{'N':'2'}]}}}");
    engine_answers("GetItem",
                   "{'TableName':'hash','Key':{'a':{'S':'k'}},"
                   "'ProjectionExpression':'d'}",
                   "{'Item':{}}");
}
END_TEST

START_TEST(takes_an_arn_for_a_name)
{
    engine_does("PutItem",
                "{'TableName':'arn:aws:dynamodb:local:000000000000:table/hash',"
                "'Item':{'a':{'S':'k'}}}");
    engine_answers("GetItem", "{'TableName':'hash','Key':{'a':{'S':'k'}}}",
                   "{'Item':{'a':{'S':'k'}}}");
}
END_TEST

/* ---- ReturnValues ------------------------------------------------------- */

#define KEY_K "{'TableName':'hash','Key':{'a':{'S':'k'}},"
#define ITEM_K "{'TableName':'hash','Item':{'a':{'S':'k'},"

/* One after another, from nothing. */
static const struct {
    const char *action, *json, *answer;
} returned[] = {
    {"PutItem", ITEM_K "'b':{'N':'1'}},'ReturnValues':'ALL_OLD'}", "{}"},
    {"PutItem", ITEM_K "'b':{'N':'2'}},'ReturnValues':'ALL_OLD'}",
     "{'Attributes':{'a':{'S':'k'},'b':{'N':'1'}}}"},
    {"PutItem", ITEM_K "'b':{'N':'3'}},'ReturnValues':'NONE'}", "{}"},
    {"UpdateItem",
     KEY_K "'UpdateExpression':'SET b = b + b, c = b',"
           "'ReturnValues':'UPDATED_OLD'}",
     "{'Attributes':{'b':{'N':'3'}}}"},
    {"UpdateItem",
     KEY_K "'UpdateExpression':'SET b = c REMOVE c',"
           "'ReturnValues':'UPDATED_NEW'}",
     "{'Attributes':{'b':{'N':'3'}}}"},
    {"UpdateItem",
     KEY_K "'UpdateExpression':'REMOVE c','ReturnValues':'UPDATED_NEW'}", "{}"},
    {"UpdateItem",
     KEY_K "'UpdateExpression':'REMOVE c','ReturnValues':'UPDATED_OLD'}", "{}"},
    {"UpdateItem",
     KEY_K "'UpdateExpression':'SET c = b','ReturnValues':'ALL_OLD'}",
     "{'Attributes':{'a':{'S':'k'},'b':{'N':'3'}}}"},
    {"UpdateItem",
     KEY_K "'UpdateExpression':'REMOVE b','ReturnValues':'ALL_NEW'}",
     "{'Attributes':{'a':{'S':'k'},'c':{'N':'3'}}}"},
    {"UpdateItem", KEY_K "'ReturnValues':'ALL_NEW'}",
     "{'Attributes':{'a':{'S':'k'},'c':{'N':'3'}}}"},
    {"UpdateItem", KEY_K "'ReturnValues':'UPDATED_NEW'}", "{}"},
    {"DeleteItem", KEY_K "'ReturnValues':'ALL_OLD'}",
     "{'Attributes':{'a':{'S':'k'},'c':{'N':'3'}}}"},
    {"UpdateItem",
     KEY_K "'UpdateExpression':'SET b = a','ReturnValues':'ALL_OLD'}", "{}"},
    {"DeleteItem", KEY_K "'ReturnValues':'NONE'}", "{}"},
    {"UpdateItem",
     KEY_K "'UpdateExpression':'SET b = a','ReturnValues':'ALL_NEW'}",
     "{'Attributes':{'a':{'S':'k'},'b':{'S':'k'}}}"},
};

START_TEST(returns_values_as_asked)
{
    for (size_t i = 0; i < sizeof returned / sizeof *returned; i++)
        engine_answers(returned[i].action, returned[i].json,
                       returned[i].answer);
}
END_TEST

/* ---- Updates that make an item, or none --------------------------------- */

static const struct {
    const char *members; /* of UpdateItem */
    const char *item;    /* afterwards */
} made[] = {
    {"'ReturnValues':'NONE'", "{'Item':{'a':{'S':'k'}}}"},
    {"'ConditionExpression':'attribute_not_exists(a)'",
     "{'Item':{'a':{'S':'k'}}}"},
    {"'UpdateExpression':'SET b = a'",
     "{'Item':{'a':{'S':'k'},'b':{'S':'k'}}}"},
    {"'UpdateExpression':'ADD b :b','ExpressionAttributeValues':"
     "{':b':{'N':'1'}}",
     "{'Item':{'a':{'S':'k'},'b':{'N':'1'}}}"},
    /* Nothing was there to be taken away, and nothing comes to be there. */
    {"'UpdateExpression':'REMOVE b'", "{}"},
    {"'UpdateExpression':'DELETE b :b','ExpressionAttributeValues':"
     "{':b':{'SS':['1']}}",
     "{}"},
};

START_TEST(makes_an_item_by_update)
{
    char json[400];

    snprintf(json, sizeof json, KEY_K "%s}", made[_i].members);
    engine_answers("UpdateItem", json, "{}");
    engine_answers("GetItem", "{'TableName':'hash','Key':{'a':{'S':'k'}}}",
                   made[_i].item);
}
END_TEST

/* A map in a map, n of them, around a string; JSON, to be freed. */
static char *nested(int n)
{
    size_t size = (size_t)n * 16 + 20;
    char *text = malloc(size);

    ck_assert_ptr_nonnull(text);
    *text = '\0';
    for (int i = 0; i < n; i++)
        snprintf(text + strlen(text), size - strlen(text), "{'M':{'d':");
    snprintf(text + strlen(text), size - strlen(text), "{'S':'x'}");
    for (int i = 0; i < n; i++)
        snprintf(text + strlen(text), size - strlen(text), "}}");
    return text;
}

/* 32 levels: of m, of x in it, and of what comes into that. */
START_TEST(keeps_the_limit_of_nesting)
{
    static const char too_deep[] =
        "Nesting Levels have exceeded supported limits: Attributes in the "
        "item have nested levels beyond supported limit";

    engine_does("PutItem", "{'TableName':'hash','Item':{'a':{'S':'k'},"
                           "'m':{'M':{'x':{'M':{}}}}}}");
    for (int n = 28; n < 32; n++) {
        char *value = nested(n), json[1000];

        snprintf(json, sizeof json,
                 KEY_K "'UpdateExpression':'SET m.x.y = :v',"
                       "'ExpressionAttributeValues':{':v':%s}}",
                 value);
        if (n < 30)
            engine_does("UpdateItem", json);
        else
            engine_invalid("UpdateItem", json, too_deep);
        snprintf(json, sizeof json,
                 "{'TableName':'hash','Item':{'a':{'S':'n'},'m':%s}}", value);
        engine_does("PutItem", json);
        engine_does("UpdateItem", "{'TableName':'hash','Key':{'a':{'S':'n'}}}");
        engine_does("UpdateItem", KEY_K "'UpdateExpression':'SET z = a'}");
        free(value);
    }
}
END_TEST

/* ---- Conditions --------------------------------------------------------- */

#define FAILED "The conditional request failed"

START_TEST(does_nothing_when_the_condition_fails)
{
    static const char item[] = "{'Item':{'a':{'S':'k'},'b':{'N':'1'}}}";
    static const char get[] = "{'TableName':'hash','Key':{'a':{'S':'k'}}}";
    static const char type[] = "ConditionalCheckFailedException";

    engine_refuses("PutItem",
                   ITEM_K "'b':{'N':'1'}},'ConditionExpression':"
                          "'attribute_exists(a)'}",
                   type, FAILED);
    engine_answers("GetItem", get, "{}");
    engine_does("PutItem", ITEM_K "'b':{'N':'1'}},'ConditionExpression':"
                                  "'attribute_not_exists(a)'}");
    engine_refuses("PutItem",
                   ITEM_K "'b':{'N':'2'}},'ConditionExpression':"
                          "'attribute_not_exists(a)'}",
                   type, FAILED);
    engine_refuses("UpdateItem",
                   KEY_K "'UpdateExpression':'SET b = a',"
                         "'ConditionExpression':'b = a'}",
                   type, FAILED);
    engine_refuses("DeleteItem", KEY_K "'ConditionExpression':'b = a'}", type,
                   FAILED);
    engine_answers("GetItem", get, item);
    engine_does("DeleteItem", KEY_K "'ConditionExpression':'a <> b'}");
    engine_answers("GetItem", get, "{}");
}
END_TEST

/* The item that blocked, when asked for. */
static json_t *blocking(const char *action, const char *json)
{
    json_t *answer = engine_ask(400, action, json);
    json_t *item = json_incref(json_object_get(answer, "Item"));

    json_decref(answer);
    return item;
}

START_TEST(tells_the_item_that_failed_a_condition)
{
    static const char put[] =
        ITEM_K "'b':{'N':'2'}},'ConditionExpression':'b = a',"
               "'ReturnValuesOnConditionCheckFailure':'%s'}";
    char json[400];
    json_t *item;

    snprintf(json, sizeof json, put, "ALL_OLD");
    ck_assert_ptr_null(blocking("PutItem", json));
    engine_does("PutItem", ITEM_K "'b':{'N':'1'}}}");
    item = blocking("PutItem", json);
    ck_assert_ptr_nonnull(item);
    ck_assert_uint_eq(json_object_size(item), 2);
    json_decref(item);
    item = blocking("DeleteItem",
                    KEY_K "'ConditionExpression':'b = a',"
                          "'ReturnValuesOnConditionCheckFailure':'ALL_OLD'}");
    ck_assert_ptr_nonnull(item);
    json_decref(item);
    snprintf(json, sizeof json, put, "NONE");
    ck_assert_ptr_null(blocking("PutItem", json));
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

static const char *const each[][2] = {
    {"PutItem",
     "{'TableName':'range','Item':{'a':{'S':'a'},'b':{'S':'b'},'c':{'S':'c'},"
     "'d':{'N':'5'},'m':{'M':{'x':{'L':[{'S':'y'}]}}}},"
     "'ConditionExpression':'attribute_not_exists(a) OR b = :b',"
     "'ExpressionAttributeValues':{':b':{'S':'b'}},'ReturnValues':'ALL_OLD',"
     "'ReturnConsumedCapacity':'INDEXES','ReturnItemCollectionMetrics':'SIZE'"
     "}"},
    {"UpdateItem",
     "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
     "'UpdateExpression':'SET c = :c, d = if_not_exists(d, :d) REMOVE e',"
     "'ExpressionAttributeValues':{':c':{'S':'x'},':d':{'N':'1'}},"
     "'ReturnValues':'UPDATED_NEW','ReturnConsumedCapacity':'INDEXES'}"},
    {"GetItem",
     "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
     "'ProjectionExpression':'c, d, m.x[0]','ReturnConsumedCapacity':'TOTAL'}"},
    {"UpdateItem", "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
                   "'UpdateExpression':'SET b = :c'}"},
    {"DeleteItem", "{'TableName':'range','Key':{'a':{'S':'a'},'b':{'S':'b'}},"
                   "'ReturnValues':'ALL_OLD'}"},
};

START_TEST(survives_failing_allocations)
{
    engine_does("PutItem",
                "{'TableName':'range','Item':{'a':{'S':'a'},'b':{'S':'b'},"
                "'c':{'S':'was'},'m':{'M':{'x':{'L':[{'S':'y'}]}}}}}");
    engine_survives_nomem(each[_i][0], each[_i][1]);
}
END_TEST

Suite *suite_local_item(void)
{
    Suite *s = suite_create("local_item");
    TCase *t = tcase_create("items");

    tcase_add_checked_fixture(t, create_tables, engine_teardown);
    tcase_add_loop_test(t, refuses, 0, ROWS(refused));
    tcase_add_test(t, looks_at_what_an_update_made_of_index_keys);
    tcase_add_loop_test(t, refuses_a_table_that_is_not_there, 0, ROWS(absent));
    tcase_add_loop_test(t, knows_the_limits_of_size, 0, ROWS(sizes));
    tcase_add_test(t, knows_the_limits_of_names);
    tcase_add_test(t, gives_back_what_was_put);
    tcase_add_test(t, rewrites_numbers);
    tcase_add_test(t, finds_nothing_where_nothing_is);
    tcase_add_test(t, projects);
    tcase_add_test(t, takes_an_arn_for_a_name);
    tcase_add_test(t, returns_values_as_asked);
    tcase_add_loop_test(t, makes_an_item_by_update, 0, ROWS(made));
    tcase_add_test(t, keeps_the_limit_of_nesting);
    tcase_add_test(t, does_nothing_when_the_condition_fails);
    tcase_add_test(t, tells_the_item_that_failed_a_condition);
    tcase_add_loop_test(t, survives_failing_allocations, 0, ROWS(each));
    suite_add_tcase(s, t);
    return s;
}
