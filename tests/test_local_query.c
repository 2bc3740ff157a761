/* SPDX-License-Identifier: MIT */
#include "engine.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>

#define INVALID "One or more parameter values were invalid: "
#define NOT_VALID "One or more parameter values are not valid. "
#define START "The provided starting key is invalid"
#define MISMATCH "The provided key element does not match the schema"

/* hash: a.  range: a, b; local1 (a, c) has all, local2 (a, d) c; global3 (c)
 * has all, global4 (c, d) e; all keys are S.  number: a, b of N. */
static void create_tables(void)
{
    engine_setup();
    engine_make_hash();
    engine_does("CreateTable",
                "{'TableName':'number','BillingMode':'PAY_PER_REQUEST',"
                "'AttributeDefinitions':["
                "{'AttributeName':'a','AttributeType':'N'},"
                "{'AttributeName':'b','AttributeType':'N'}],"
                "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
                "{'AttributeName':'b','KeyType':'RANGE'}]}");
    engine_does(
        "CreateTable",
        "{'TableName':'range','BillingMode':'PAY_PER_REQUEST',"
        "'AttributeDefinitions':["
        "{'AttributeName':'a','AttributeType':'S'},"
        "{'AttributeName':'b','AttributeType':'S'},"
        "{'AttributeName':'c','AttributeType':'S'},"
        "{'AttributeName':'d','AttributeType':'S'}],"
        "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
        "{'AttributeName':'b','KeyType':'RANGE'}],"
        "'LocalSecondaryIndexes':["
        "{'IndexName':'local1','Projection':{'ProjectionType':'ALL'},"
        "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
        "{'AttributeName':'c','KeyType':'RANGE'}]},"
        "{'IndexName':'local2','Projection':{'ProjectionType':'INCLUDE',"
        "'NonKeyAttributes':['c']},"
        "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
        "{'AttributeName':'d','KeyType':'RANGE'}]}],"
        "'GlobalSecondaryIndexes':["
        "{'IndexName':'global3','Projection':{'ProjectionType':'ALL'},"
        "'KeySchema':[{'AttributeName':'c','KeyType':'HASH'}]},"
        "{'IndexName':'global4','Projection':{'ProjectionType':'INCLUDE',"
        "'NonKeyAttributes':['e']},"
        "'KeySchema':[{'AttributeName':'c','KeyType':'HASH'},"
        "{'AttributeName':'d','KeyType':'RANGE'}]}]}");
}

/* ---- What is refused ---------------------------------------------------- */

/* Members beside TableName. */
typedef struct {
    const char *table;
    const char *members;
    const char *message;
} refusal;

/* Some key condition, and values for a, b. */
#define A "'KeyConditionExpression':'a=:a'"
#define VA "'ExpressionAttributeValues':{':a':{'S':'x'}}"
#define VAB "'ExpressionAttributeValues':{':a':{'S':'x'},':b':{'S':'y'}}"

/* Without a look at the table: it is not there. */
static const refusal before_table[] = {
    {"none", VA,
     "ExpressionAttributeValues can only be specified when using expressions: "
     "FilterExpression and KeyConditionExpression are null"},
    {"none", "'ExpressionAttributeNames':{'#a':'a'}",
     "ExpressionAttributeNames can only be specified when using expressions"},
    {"none", "'ProjectionExpression':'b'",
     "Either the KeyConditions or KeyConditionExpression parameter must be "
     "specified in the request."},
    {"none", "'FilterExpression':''",
     "Either the KeyConditions or KeyConditionExpression parameter must be "
     "specified in the request."},
    {"none", A ",'ExpressionAttributeValues':{}",
     "ExpressionAttributeValues must not be empty"},
    {"none", A ",'ExpressionAttributeNames':{}," VA,
     "ExpressionAttributeNames must not be empty"},
    {"none", A ",'ExpressionAttributeNames':{'a':'a'}," VA,
     "ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\""},
    {"none", A ",'ExpressionAttributeValues':{'a':{'S':'x'}}",
     "ExpressionAttributeValues contains invalid key: Syntax error; key: "
     "\"a\""},
    {"none", A ",'ExpressionAttributeValues':{':a':{}}",
     "ExpressionAttributeValues contains invalid value: Supplied "
     "AttributeValue is empty, must contain exactly one of the supported "
     "datatypes for key :a"},

    {"none", "'Select':'SPECIFIC_ATTRIBUTES'," A "," VA,
     "1 validation error detected: Must specify the AttributesToGet or "
     "ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"},
    {"none", "'Select':'COUNT','ProjectionExpression':'b'," A "," VA,
     "1 validation error detected: Cannot specify the ProjectionExpression "
     "when choosing to get only the Count"},
    {"none", "'Select':'ALL_ATTRIBUTES','ProjectionExpression':'b'," A "," VA,
     "1 validation error detected: Cannot specify the ProjectionExpression "
     "when choosing to get ALL_ATTRIBUTES"},
    {"none",
     "'Select':'ALL_PROJECTED_ATTRIBUTES','ProjectionExpression':'b'," A "," VA,
     "1 validation error detected: Cannot specify the ProjectionExpression "
     "when choosing to get ALL_PROJECTED_ATTRIBUTES"},
    {"none", "'Select':'ALL_PROJECTED_ATTRIBUTES'," A "," VA,
     "1 validation error detected: ALL_PROJECTED_ATTRIBUTES can be used only "
     "when Querying using an IndexName"},

    {"none", "'ExclusiveStartKey':{'a':{}}," A "," VA,
     START ": Supplied AttributeValue is empty, must contain exactly one of "
           "the supported datatypes"},
    {"none", "'ExclusiveStartKey':{'a':{'N':'b'}}," A "," VA,
     "The parameter cannot be converted to a numeric value: b"},
    {"none", "'ExclusiveStartKey':{'a':{'S':'a','N':'1'}}," A "," VA,
     START ": Supplied AttributeValue has more than one datatypes set, must "
           "contain exactly one of the supported datatypes"},
    {"none", "'ExclusiveStartKey':{'a':{'NS':['1','1']}}",
     "Input collection contains duplicates"},
    {"none", "'KeyConditionExpression':''," VA,
     "Invalid KeyConditionExpression: The expression can not be empty;"},
    {"none",
     "'KeyConditionExpression':'','FilterExpression':'',"
     "'ProjectionExpression':''," VA,
     "Invalid KeyConditionExpression: The expression can not be empty;"},
    {"none",
     "'KeyConditionExpression':'attribute_type(a,:a)',"
     "'FilterExpression':'','ProjectionExpression':'',"
     "'ExpressionAttributeValues':{':a':{'S':'N'}}",
     "Invalid FilterExpression: The expression can not be empty;"},
    {"none",
     "'KeyConditionExpression':'attribute_type(a,:a)',"
     "'FilterExpression':'a>b','ProjectionExpression':'',"
     "'ExpressionAttributeValues':{':a':{'S':'N'}}",
     "Invalid ProjectionExpression: The expression can not be empty;"},
    {"none",
     "'KeyConditionExpression':'attribute_type(a,:a)',"
     "'ExpressionAttributeValues':{':a':{'S':'N'},':c':{'S':''}}",
     "Value provided in ExpressionAttributeValues unused in expressions: keys: "
     "{:c}"},
    {"none",
     "'KeyConditionExpression':'attribute_type(a,:a)',"
     "'ExpressionAttributeValues':{':a':{'S':'N'}}",
     "Invalid operator used in KeyConditionExpression: attribute_type"},
    {"none", "'KeyConditionExpression':'((a=:a))'," VA,
     "Invalid KeyConditionExpression: The expression has redundant "
     "parentheses;"},
    {"none", A ",'FilterExpression':'#m=:a'," VA,
     "Invalid FilterExpression: An expression attribute name used in the "
     "document path is not defined; attribute name: #m"},
    {"none", A ",'ProjectionExpression':'a,a'," VA,
     "Invalid ProjectionExpression: Two document paths overlap with each "
     "other; must remove or rewrite one of these paths; path one: [a], path "
     "two: [a]"},
    {"none", "'KeyConditionExpression':'a=:a or b=:b'," VAB,
     "Invalid operator used in KeyConditionExpression: OR"},
    {"none", "'KeyConditionExpression':'not a=:a'," VA,
     "Invalid operator used in KeyConditionExpression: NOT"},
    {"none", "'KeyConditionExpression':'a<>:a'," VA,
     "Invalid operator used in KeyConditionExpression: <>"},
    {"none", "'KeyConditionExpression':'a in (:a,:b)'," VAB,
     "Invalid operator used in KeyConditionExpression: IN"},
    {"none", "'KeyConditionExpression':'contains(a,:a)'," VA,
     "Invalid operator used in KeyConditionExpression: contains"},
    {"none", "'KeyConditionExpression':'size(a)=:a'," VA,
     "KeyConditionExpressions cannot contain nested operations"},
    {"none", "'KeyConditionExpression':'a.b=:a'," VA,
     "Invalid KeyConditionExpression: KeyConditionExpressions cannot have "
     "conditions on nested attributes"},
    {"none", "'KeyConditionExpression':'a=b'",
     "Invalid condition in KeyConditionExpression: Multiple attribute names "
     "used in one condition"},
    {"none", "'KeyConditionExpression':':a=:b'," VAB,
     "Invalid condition in KeyConditionExpression: No key attribute "
     "specified"},
    {"none", "'KeyConditionExpression':'a=:a and a<:b'," VAB,
     "Invalid KeyConditionExpression: KeyConditionExpressions must only "
     "contain one condition per key"},
    {"none", "'KeyConditionExpression':'a=:a and b between :b and :a'," VAB,
     "Invalid KeyConditionExpression: The BETWEEN operator requires upper "
     "bound to be greater than or equal to lower bound; lower bound operand: "
     "AttributeValue: {S:y}, upper bound operand: AttributeValue: {S:x}"},
    {"none",
     "'KeyConditionExpression':'a=:a and begins_with(b,:b)',"
     "'ExpressionAttributeValues':{':a':{'S':'x'},':b':{'N':'1'}}",
     "Invalid KeyConditionExpression: Incorrect operand type for operator or "
     "function; operator or function: begins_with, operand type: N"},
};

/* What the tables have to say to it. */
static const refusal after_table[] = {
    {"hash", "'IndexName':'whatever','ExclusiveStartKey':{}," A "," VA,
     "The table does not have the specified index: whatever"},
    {"range",
     "'IndexName':'global3','ConsistentRead':true,'ExclusiveStartKey':{}," A
     "," VA,
     "Consistent reads are not supported on global secondary indexes"},

    /* The key condition. */
    {"range", "'KeyConditionExpression':'b=:a'," VA,
     "Query condition missed key schema element: a"},
    {"range", "'KeyConditionExpression':'z=:a'," VA,
     "Query condition missed key schema element: a"},
    {"range", "'KeyConditionExpression':'a=:a and c=:b'," VAB,
     "Query condition missed key schema element: b"},
    {"range",
     "'IndexName':'local1','KeyConditionExpression':'a=:a and b=:b'," VAB,
     "Query condition missed key schema element: c"},
    {"range",
     "'IndexName':'global4','KeyConditionExpression':'c=:a and b=:b'," VAB,
     "Query condition missed key schema element: d"},
    {"hash", "'KeyConditionExpression':'a=:a and b=:b'," VAB,
     "The number of query conditions (2) exceeds the number of key attributes "
     "defined in the schema (1)"},
    {"range", "'KeyConditionExpression':'a=:a and b=:a and c=:a'," VA,
     "The number of query conditions (3) exceeds the number of key attributes "
     "defined in the schema (2)"},
    {"range",
     "'IndexName':'global3','KeyConditionExpression':'y=:a and z=:b'," VAB,
     "The number of query conditions (2) exceeds the number of key attributes "
     "defined in the schema (1)"},
    {"hash", "'KeyConditionExpression':'a>:a'," VA,
     "Query key condition not supported"},
    {"hash", "'KeyConditionExpression':':a>=a'," VA,
     "Query key condition not supported"},
    {"hash", "'KeyConditionExpression':'begins_with(a,:a)'," VA,
     "Query key condition not supported"},
    {"hash", "'KeyConditionExpression':'a between :a and :a'," VA,
     "Query key condition not supported"},
    {"hash", A ",'ExpressionAttributeValues':{':a':{'N':'1'}}",
     INVALID "Condition parameter type does not match schema type"},
    {"hash",
     "'KeyConditionExpression':':a>a',"
     "'ExpressionAttributeValues':{':a':{'N':'1'}}",
     INVALID "Condition parameter type does not match schema type"},
    {"range",
     "'KeyConditionExpression':'a=:a and b=:b',"
     "'ExpressionAttributeValues':{':a':{'S':'1'},':b':{'B':'YQ=='}}",
     INVALID "Condition parameter type does not match schema type"},
    {"hash", A ",'ExpressionAttributeValues':{':a':{'S':''}}",
     NOT_VALID "The AttributeValue for a key attribute cannot contain an "
               "empty string value. Key: a"},
    {"range",
     "'KeyConditionExpression':'a=:a and begins_with(b,:b)',"
     "'ExpressionAttributeValues':{':a':{'S':'1'},':b':{'S':''}}",
     NOT_VALID "The AttributeValue for a key attribute cannot contain an "
               "empty string value. Key: b"},

    /* The starting key, of wrong attributes. */
    {"hash", "'ExclusiveStartKey':{}," A "," VA, START},
    {"hash", "'ExclusiveStartKey':{'b':{'S':'x'}}," A "," VA, START},
    {"hash", "'ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'x'}}," A "," VA,
     START},
    {"hash",
     "'ExclusiveStartKey':{'b':{'S':'x'}},"
     "'KeyConditionExpression':'z=:a'," VA,
     START},
    {"range", "'ExclusiveStartKey':{'a':{'S':'x'}}," A "," VA, START},
    {"range", "'ExclusiveStartKey':{'a':{'S':'x'},'c':{'N':'1'}}," A "," VA,
     START},
    {"range",
     "'IndexName':'local1','ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'x'}}," A
     "," VA,
     START},
    {"range",
     "'IndexName':'local1','ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'1'},"
     "'c':{'S':'1'},'d':{'S':'1'}}," A "," VA,
     START},
    {"range",
     "'IndexName':'global3','KeyConditionExpression':'c=:a',"
     "'ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'x'},'z':{'S':'x'}}," VA,
     START},
    {"range",
     "'IndexName':'global4','KeyConditionExpression':'c=:a',"
     "'ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'x'},'c':{'S':'x'}}," VA,
     START},

    /* Of wrong types: of the index's key, then of the table's. */
    {"hash", "'ExclusiveStartKey':{'a':{'N':'1'}}," A "," VA, MISMATCH},
    {"hash", "'ExclusiveStartKey':{'a':{'L':[]}}," A "," VA, MISMATCH},
    {"range", "'ExclusiveStartKey':{'a':{'S':'x'},'b':{'N':'1'}}," A "," VA,
     MISMATCH},
    {"range",
     "'ExclusiveStartKey':{'a':{'S':'x'},'b':{'N':'1'}},"
     "'KeyConditionExpression':'b=:a'," VA,
     "Query condition missed key schema element: a"},
    {"range",
     "'IndexName':'local1','ExclusiveStartKey':{'a':{'S':'x'},'b':{'N':'1'},"
     "'c':{'N':'1'}}," A "," VA,
     MISMATCH},
    {"range",
     "'IndexName':'local1','ExclusiveStartKey':{'a':{'S':'x'},'b':{'N':'1'},"
     "'c':{'S':'1'}}," A "," VA,
     START ": " MISMATCH},
    {"range",
     "'IndexName':'global3','KeyConditionExpression':'c=:a',"
     "'ExclusiveStartKey':{'x':{'N':'1'},'y':{'N':'1'},'c':{'S':'x'}}," VA,
     START ": " MISMATCH},
    {"hash", "'ExclusiveStartKey':{'a':{'S':''}}," A "," VA,
     NOT_VALID "The AttributeValue for a key attribute cannot contain an "
               "empty string value. Key: a"},

    /* Out of what the condition says. */
    {"range", "'ExclusiveStartKey':{'a':{'S':'z'},'b':{'S':'x'}}," A "," VA,
     "The provided starting key is outside query boundaries based on provided "
     "conditions"},
    {"number",
     "'KeyConditionExpression':'a=:a',"
     "'ExclusiveStartKey':{'a':{'N':'1'},'b':{'N':'1'}},"
     "'ExpressionAttributeValues':{':a':{'N':'1.1'}}",
     "The provided starting key is outside query boundaries based on provided "
     "conditions"},
    {"range",
     "'IndexName':'global4','KeyConditionExpression':'c=:a',"
     "'ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'x'},'c':{'S':'z'},"
     "'d':{'S':'x'}}," VA,
     "The provided starting key is outside query boundaries based on provided "
     "conditions"},
    {"range",
     "'KeyConditionExpression':'a=:a and b>:b',"
     "'ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'y'}}," VAB,
     "The provided starting key does not match the range key predicate"},
    {"range",
     "'KeyConditionExpression':'a=:a and b<:b',"
     "'ExclusiveStartKey':{'a':{'S':'z'},'b':{'S':'y'}}," VAB,
     "The provided starting key does not match the range key predicate"},
    {"range",
     "'KeyConditionExpression':'a=:a and begins_with(b,:b)',"
     "'ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'z'}}," VAB,
     "The provided starting key does not match the range key predicate"},
    {"number",
     "'KeyConditionExpression':'a=:a and b<=:a',"
     "'ExclusiveStartKey':{'a':{'N':'1'},'b':{'N':'1.5'}},"
     "'ExpressionAttributeValues':{':a':{'N':'1'}}",
     "The provided starting key does not match the range key predicate"},
    {"range",
     "'KeyConditionExpression':'a=:a and b<=:b',"
     "'ExclusiveStartKey':{'a':{'S':'z'},'b':{'S':'y'}}," VAB,
     "The query can return at most one row and cannot be restarted"},

    /* Filter and projection. */
    {"hash", A ",'FilterExpression':'a=:b'," VAB,
     "Filter Expression can only contain non-primary key attributes: Primary "
     "key attribute: a"},
    {"range", A ",'FilterExpression':'attribute_exists(b.c) and c=:b'," VAB,
     "Filter Expression can only contain non-primary key attributes: Primary "
     "key attribute: b"},
    {"range",
     "'IndexName':'global4','KeyConditionExpression':'c=:a',"
     "'FilterExpression':'d=:b'," VAB,
     "Filter Expression can only contain non-primary key attributes: Primary "
     "key attribute: d"},
    {"range", A ",'FilterExpression':'d[1]=:b'," VAB,
     "Key attributes must be scalars; list random access '[]' and map lookup "
     "'.' are not allowed: IndexKey: d"},
    {"range",
     "'IndexName':'global3','KeyConditionExpression':'c=:a',"
     "'FilterExpression':'a.z=:b'," VAB,
     "Key attributes must be scalars; list random access '[]' and map lookup "
     "'.' are not allowed: Key: a"},
    {"range",
     A ",'FilterExpression':'b=:b','ProjectionExpression':'z,b[0]'," VAB,
     "Key attributes must be scalars; list random access '[]' and map lookup "
     "'.' are not allowed: Key: b"},

    /* What an index has. */
    {"range",
     "'IndexName':'global4','Select':'ALL_ATTRIBUTES',"
     "'KeyConditionExpression':'c=:a','FilterExpression':'a=:b and a.b=:a',"
     "'ExclusiveStartKey':{'a':{'S':'a'},'b':{'S':'b'},'c':{'S':'x'},"
     "'d':{'S':'b'}}," VAB,
     INVALID "Select type ALL_ATTRIBUTES is not supported for global secondary "
             "index global4 because its projection type is not ALL"},
    {"range",
     "'IndexName':'global4','KeyConditionExpression':'c=:a',"
     "'ProjectionExpression':'z.y,a,e,f'," VA,
     INVALID "Global secondary index global4 does not project [z, f]"},
    {"range",
     "'IndexName':'global4','KeyConditionExpression':'c=:a',"
     "'FilterExpression':'z=:b or f=:b and e=:b'," VAB,
     INVALID "Secondary index global4 does not project one or more filter "
             "attributes: [f, z]"},
    {"range",
     "'IndexName':'local2','Select':'ALL_ATTRIBUTES'," A
     ",'FilterExpression':'e=:b'," VAB,
     INVALID "Secondary index local2 does not project one or more filter "
             "attributes: [e]"},
};

static void refuse(const refusal *r)
{
    char json[2048];

    snprintf(json, sizeof json, "{'TableName':'%s',%s}", r->table, r->members);
    engine_invalid("Query", json, r->message);
}

START_TEST(refuses_before_it_knows_the_table)
{
    refuse(&before_table[_i]);
}
END_TEST

START_TEST(refuses_what_the_table_is_not_made_for)
{
    refuse(&after_table[_i]);
}
END_TEST

START_TEST(refuses_a_table_that_is_not_there)
{
    engine_refuses("Query",
                   "{'TableName':'none','ExclusiveStartKey':{}," A "," VA "}",
                   "ResourceNotFoundException", "Requested resource not found");
    engine_refuses(
        "Query", "{'TableName':'none','KeyConditionExpression':'z>:a'," VA "}",
        "ResourceNotFoundException", "Requested resource not found");
}
END_TEST

START_TEST(refuses_operands_longer_than_keys)
{
    char json[4096], text[2050];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    snprintf(json, sizeof json,
             "{'TableName':'hash'," A
             ",'ExpressionAttributeValues':{':a':{'S':'%s'}}}",
             text);
    engine_invalid("Query", json,
                   INVALID "Size of hashkey has exceeded the maximum size "
                           "limit of2048 bytes");
    snprintf(json, sizeof json,
             "{'TableName':'range','KeyConditionExpression':'a=:a and b>:b',"
             "'ExpressionAttributeValues':{':a':{'S':'a'},':b':{'S':'%.1025s'}"
             "}}",
             text);
    engine_invalid("Query", json,
                   INVALID "Aggregated size of all range keys has exceeded the "
                           "size limit of 1024 bytes");
}
END_TEST

START_TEST(refuses_what_came_before_expressions)
{
    json_t *got = engine_ask(
        400, "Query",
        "{'TableName':'hash','KeyConditions':{'a':{'ComparisonOperator':'EQ',"
        "'AttributeValueList':[{'S':'a'}]}}}");
    const char *said = json_string_value(json_object_get(got, "message"));

    ck_assert_ptr_nonnull(strstr(said, "KeyConditions is not supported"));
    json_decref(got);
}
END_TEST

/* ---- What is found ------------------------------------------------------ */

static void put(const char *table, const char *item)
{
    char json[1024];

    snprintf(json, sizeof json, "{'TableName':'%s','Item':%s}", table, item);
    engine_does("PutItem", json);
}

static const char *const letters[] = {"a",  "ab", "abc",     "b",
                                      "ba", "c",  "\xc3\xa4"};
static const char *const numbers[] = {"-100", "-1.5", "-1", "0",   "1E-5",
                                      "1",    "1.5",  "2",  "100", "1E20"};

static void put_rows(void)
{
    char item[256];

    create_tables();
    for (int i = 0; i < ROWS(letters); i++) {
        snprintf(item, sizeof item, "{'a':{'S':'x'},'b':{'S':'%s'}}",
                 letters[i]);
        put("range", item);
    }
    for (int i = 0; i < ROWS(numbers); i++) {
        snprintf(item, sizeof item, "{'a':{'N':'1'},'b':{'N':'%s'}}",
                 numbers[i]);
        put("number", item);
    }
    put("number", "{'a':{'N':'2'},'b':{'N':'1'}}");
    put("range", "{'a':{'S':'w'},'b':{'S':'b'}}");
    put("range", "{'a':{'S':'y'},'b':{'S':'b'}}");
}

static const struct {
    const char *table;
    const char *condition; /* beside a=:a */
    const char *b, *c;     /* :b and :c */
    const char *found;     /* sort keys, in order */
} ranges[] = {
    {"range", "", NULL, NULL, "a ab abc b ba c \xc3\xa4"},
    {"range", " and b=:b", "ab", NULL, "ab"},
    {"range", " and b=:b", "bb", NULL, ""},
    {"range", " and b<:b", "b", NULL, "a ab abc"},
    {"range", " and b<=:b", "b", NULL, "a ab abc b"},
    {"range", " and b>:b", "b", NULL, "ba c \xc3\xa4"},
    {"range", " and b>=:b", "b", NULL, "b ba c \xc3\xa4"},
    {"range", " and :b<b", "b", NULL, "ba c \xc3\xa4"},
    {"range", " and b between :b and :c", "ab", "b", "ab abc b"},
    {"range", " and b between :b and :c", "ac", "ac", ""},
    {"range", " and begins_with(b,:b)", "ab", NULL, "ab abc"},
    {"range", " and begins_with(b,:b)", "z", NULL, ""},
    {"number", "", NULL, NULL,
     "-100 -1.5 -1 0 0.00001 1 1.5 2 100 "
     "100000000000000000000"},
    {"number", " and b<:b", "-1", NULL, "-100 -1.5"},
    {"number", " and b<=:b", "-1.0", NULL, "-100 -1.5 -1"},
    {"number", " and b>:b", "1.50", NULL, "2 100 100000000000000000000"},
    {"number", " and b between :b and :c", "-1", "1e0", "-1 0 0.00001 1"},
    {"number", " and b=:b", "10e1", NULL, "100"},
};

static json_t *value_of(int number, const char *text)
{
    return json_pack("{s:s}", number ? "N" : "S", text);
}

static json_t *range_request(int i)
{
    int number = strcmp(ranges[i].table, "number") == 0;
    json_t *values = json_object();
    char condition[64];

    snprintf(condition, sizeof condition, "a=:a%s", ranges[i].condition);
    json_object_set_new(values, ":a", value_of(number, number ? "1" : "x"));
    if (ranges[i].b)
        json_object_set_new(values, ":b", value_of(number, ranges[i].b));
    if (ranges[i].c)
        json_object_set_new(values, ":c", value_of(number, ranges[i].c));
    return json_pack("{s:s,s:s,s:o}", "TableName", ranges[i].table,
                     "KeyConditionExpression", condition,
                     "ExpressionAttributeValues", values);
}

/* The sort keys of an answer. */
static void keys_of(const json_t *answer, char *out, size_t n)
{
    size_t i, used = 0;
    json_t *item;

    out[0] = '\0';
    json_array_foreach(json_object_get(answer, "Items"), i, item)
    {
        json_t *b = json_object_get(item, "b");

        used += (size_t)snprintf(
            out + used, n - used, "%s%s", i ? " " : "",
            json_string_value(json_object_iter_value(json_object_iter(b))));
    }
}

START_TEST(finds_what_the_condition_says)
{
    json_t *got = engine_ask_tree(200, "Query", range_request(_i));
    json_int_t n = json_integer_value(json_object_get(got, "Count"));
    char found[256];

    keys_of(got, found, sizeof found);
    ck_assert_str_eq(found, ranges[_i].found);
    ck_assert_int_eq(n,
                     json_integer_value(json_object_get(got, "ScannedCount")));
    ck_assert_uint_eq((size_t)n,
                      json_array_size(json_object_get(got, "Items")));
    ck_assert_ptr_null(json_object_get(got, "LastEvaluatedKey"));
    json_decref(got);
}
END_TEST

START_TEST(finds_it_backwards)
{
    json_t *body = range_request(_i), *there, *back, *items, *reversed;
    size_t n;

    there = engine_ask_tree(200, "Query", json_deep_copy(body));
    json_object_set_new(body, "ScanIndexForward", json_false());
    back = engine_ask_tree(200, "Query", body);
    items = json_object_get(there, "Items");
    reversed = json_object_get(back, "Items");
    n = json_array_size(items);
    ck_assert_uint_eq(json_array_size(reversed), n);
    for (size_t i = 0; i < n; i++)
        ck_assert(json_equal(json_array_get(items, i),
                             json_array_get(reversed, n - 1 - i)));
    json_decref(there);
    json_decref(back);
}
END_TEST

START_TEST(answers_in_the_services_shape)
{
    engine_answers("Query", "{'TableName':'hash'," A "," VA "}",
                   "{'Items':[],'Count':0,'ScannedCount':0}");
    put("hash", "{'a':{'S':'x'},'n':{'N':'1.0'},'l':{'L':[{'B':'AA=='}]}}");
    engine_answers("Query", "{'TableName':'hash'," A "," VA "}",
                   "{'Items':[{'a':{'S':'x'},'n':{'N':'1'},"
                   "'l':{'L':[{'B':'AA=='}]}}],'Count':1,'ScannedCount':1}");
    engine_answers("Query",
                   "{'TableName':'hash','Select':'COUNT'," A "," VA "}",
                   "{'Count':1,'ScannedCount':1}");
    engine_answers("Query",
                   "{'TableName':'hash','ProjectionExpression':'l[0],z'," A
                   "," VA "}",
                   "{'Items':[{'l':{'L':[{'B':'AA=='}]}}],"
                   "'Count':1,'ScannedCount':1}");
    engine_answers(
        "Query", "{'TableName':'hash','ProjectionExpression':'z'," A "," VA "}",
        "{'Items':[{}],'Count':1,'ScannedCount':1}");
}
END_TEST

START_TEST(filters_behind_the_limit)
{
    const char *const request =
        "{'TableName':'range','Limit':3,'KeyConditionExpression':'a=:a',"
        "'FilterExpression':'e=:e',%s'ExpressionAttributeValues':"
        "{':a':{'S':'x'},':e':{'S':'1'}}}";
    char json[512];

    put("range", "{'a':{'S':'x'},'b':{'S':'ab'},'e':{'S':'1'}}");
    snprintf(json, sizeof json, request, "");
    engine_answers("Query", json,
                   "{'Items':[{'a':{'S':'x'},'b':{'S':'ab'},'e':{'S':'1'}}],"
                   "'Count':1,'ScannedCount':3,'LastEvaluatedKey':"
                   "{'a':{'S':'x'},'b':{'S':'abc'}}}");
    snprintf(json, sizeof json, request,
             "'ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'abc'}},");
    engine_answers("Query", json,
                   "{'Items':[],'Count':0,'ScannedCount':3,"
                   "'LastEvaluatedKey':{'a':{'S':'x'},'b':{'S':'c'}}}");
    snprintf(json, sizeof json, request,
             "'ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'c'}},"
             "'Select':'COUNT',");
    engine_answers("Query", json, "{'Count':0,'ScannedCount':1}");
}
END_TEST

START_TEST(starts_behind_a_key_that_is_gone)
{
    engine_answers("Query",
                   "{'TableName':'range'," A
                   ",'ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'bz'}}," VA
                   "}",
                   "{'Items':[{'a':{'S':'x'},'b':{'S':'c'}},"
                   "{'a':{'S':'x'},'b':{'S':'\xc3\xa4'}}],"
                   "'Count':2,'ScannedCount':2}");
    engine_answers("Query",
                   "{'TableName':'range'," A ",'ScanIndexForward':false,"
                   "'ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'aa'}}," VA "}",
                   "{'Items':[{'a':{'S':'x'},'b':{'S':'a'}}],"
                   "'Count':1,'ScannedCount':1}");
}
END_TEST

START_TEST(survives_no_memory)
{
    put("range", "{'a':{'S':'x'},'b':{'S':'ab'},'d':{'S':'1'}}");
    engine_survives_nomem(
        "Query",
        "{'TableName':'range','IndexName':'local2','Limit':1,"
        "'KeyConditionExpression':'#a=:a and begins_with(d,:d)',"
        "'FilterExpression':'not c=:a','ProjectionExpression':'b,e',"
        "'ExpressionAttributeNames':{'#a':'a'},"
        "'ExclusiveStartKey':{'a':{'S':'x'},'b':{'S':'a'},'d':{'S':'1'}},"
        "'ReturnConsumedCapacity':'INDEXES',"
        "'ExpressionAttributeValues':{':a':{'S':'x'},':d':{'S':'1'}}}");
    engine_survives_nomem("Query",
                          "{'TableName':'range','IndexName':'global4',"
                          "'KeyConditionExpression':'c=:c and d>:c',"
                          "'FilterExpression':'e=:c',"
                          "'ProjectionExpression':'c,e',"
                          "'ExpressionAttributeValues':{':c':{'S':'1'}}}");
    engine_survives_nomem("Query",
                          "{'TableName':'number','ScanIndexForward':false,"
                          "'KeyConditionExpression':'a=:a and b>:a',"
                          "'ExpressionAttributeValues':{':a':{'N':'1'}}}");
}
END_TEST

Suite *suite_local_query(void)
{
    Suite *s = suite_create("local_query");
    TCase *refusals = tcase_create("refusals");
    TCase *rows = tcase_create("rows");

    tcase_add_checked_fixture(refusals, create_tables, engine_teardown);
    tcase_add_loop_test(refusals, refuses_before_it_knows_the_table, 0,
                        ROWS(before_table));
    tcase_add_loop_test(refusals, refuses_what_the_table_is_not_made_for, 0,
                        ROWS(after_table));
    tcase_add_test(refusals, refuses_a_table_that_is_not_there);
    tcase_add_test(refusals, refuses_operands_longer_than_keys);
    tcase_add_test(refusals, refuses_what_came_before_expressions);
    suite_add_tcase(s, refusals);

    tcase_add_checked_fixture(rows, put_rows, engine_teardown);
    tcase_add_loop_test(rows, finds_what_the_condition_says, 0, ROWS(ranges));
    tcase_add_loop_test(rows, finds_it_backwards, 0, ROWS(ranges));
    tcase_add_test(rows, answers_in_the_services_shape);
    tcase_add_test(rows, filters_behind_the_limit);
    tcase_add_test(rows, starts_behind_a_key_that_is_gone);
    tcase_add_test(rows, survives_no_memory);
    suite_add_tcase(s, rows);
    return s;
}
