/* SPDX-License-Identifier: MIT */
/* CreateTable, and with it what keys and indexes may be and how a table is
 * described. */
#include "engine.h"
#include "oom.h"
#include "tables.h"
#include "tests.h"

#include <string.h>

#define BAD "One or more parameter values were invalid: "
#define TAB "'TableName':'tab',"

#define ONE_KEY DEFS(ATTR("k", "S")) "," SCHEMA(HASH("k"))
#define THREE                                                                  \
    DEFS(ATTR("k", "S") "," ATTR("r", "N") "," ATTR("x", "B"))                 \
    "," SCHEMA(HASH("k") "," RANGE("r"))
#define GSI(keys, projection)                                                  \
    GLOBALS("{'IndexName':'idx'," SCHEMA(keys) ",'Projection':{" projection    \
                                               "}}")
#define ON_X(projection)                                                       \
    "{" TAB ON_DEMAND "," THREE "," GSI(HASH("x"), projection) "}"

/* ---- Refusals ----------------------------------------------------------- */

static const struct {
    const char *name;
    const char *request;
    const char *message;
} refused[] = {
    {"units on demand", "{" TAB ONE_KEY "," ON_DEMAND "," UNITS("1", "1") "}",
     BAD "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified "
         "when BillingMode is PAY_PER_REQUEST"},
    {"no units", "{" TAB ONE_KEY "}",
     BAD "ReadCapacityUnits and WriteCapacityUnits must both be specified when "
         "BillingMode is PROVISIONED"},
    {"many reads", "{" TAB ONE_KEY "," UNITS("1000000000001", "1") "}",
     "Given value 1000000000001 for ReadCapacityUnits is out of bounds"},
    {"many writes",
     "{" TAB ONE_KEY "," UNITS("1000000000000", "1000000000001") "}",
     "Given value 1000000000001 for WriteCapacityUnits is out of bounds"},
    {"billing before keys",
     "{" TAB DEFS("") "," SCHEMA(HASH("k")) "," UNITS("1000000000001", "1") "}",
     "Given value 1000000000001 for ReadCapacityUnits is out of bounds"},
    {"an attribute twice",
     "{" TAB ON_DEMAND
     "," DEFS(ATTR("k", "S") "," ATTR("k", "N")) "," SCHEMA(HASH("k")) "}",
     "Attribute Name is duplicated: k"},
    {"more keys than attributes",
     "{" TAB ON_DEMAND
     "," DEFS(ATTR("k", "S")) "," SCHEMA(HASH("k") "," RANGE("r")) "}",
     "Invalid KeySchema: Some index key attribute have no definition"},
    {"a key without definition",
     "{" TAB ON_DEMAND "," DEFS(ATTR("a", "S") "," ATTR("b", "S")) "," SCHEMA(
         HASH("a") "," RANGE("c")) "}",
     BAD "Some index key attributes are not defined in AttributeDefinitions. "
         "Keys: [a, c], AttributeDefinitions: [a, b]"},
    {"one attribute as both keys",
     "{" TAB ON_DEMAND "," DEFS(ATTR("a", "S") "," ATTR("b", "S")) "," SCHEMA(
         HASH("a") "," RANGE("a")) "}",
     "Both the Hash Key and the Range Key element in the KeySchema have the "
     "same name"},
    {"RANGE first",
     "{" TAB ON_DEMAND "," DEFS(ATTR("a", "S") "," ATTR("b", "S")) "," SCHEMA(
         RANGE("a") "," HASH("b")) "}",
     "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"},
    {"HASH twice",
     "{" TAB ON_DEMAND "," DEFS(ATTR("a", "S") "," ATTR("b", "S")) "," SCHEMA(
         HASH("a") "," HASH("b")) "}",
     "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"},
    {"an attribute in no key",
     "{" TAB ON_DEMAND
     "," DEFS(ATTR("a", "S") "," ATTR("b", "S")) "," SCHEMA(HASH("a")) "}",
     BAD "Number of attributes in KeySchema does not exactly match number of "
         "attributes defined in AttributeDefinitions"},
    {"an attribute in no key, with indexes",
     "{" TAB ON_DEMAND "," THREE "," GSI(HASH("k"), "") "}",
     BAD "Some AttributeDefinitions are not used. AttributeDefinitions: [k, r, "
         "x], keys used: [k, r]"},

    {"no local indexes", "{" TAB ON_DEMAND "," RANGE_KEYS "," LOCALS("") "}",
     BAD "List of LocalSecondaryIndexes is empty"},
    {"no global indexes", "{" TAB ON_DEMAND "," RANGE_KEYS "," GLOBALS("") "}",
     BAD "List of GlobalSecondaryIndexes is empty"},
    {"local index of a table without range key",
     "{" TAB ON_DEMAND "," ONE_KEY "," LOCALS(INDEX("idx", HASH("k"), "")) "}",
     BAD "Table KeySchema does not have a range key, which is required when "
         "specifying a LocalSecondaryIndex"},
    {"local index without range key",
     "{" TAB ON_DEMAND "," RANGE_KEYS
     "," LOCALS(INDEX("idx", HASH("k"), "")) "}",
     BAD "Index KeySchema does not have a range key for index: idx"},
    {"local index of another hash key",
     "{" TAB ON_DEMAND "," RANGE_KEYS
     "," LOCALS(INDEX("idx", HASH("r") "," RANGE("k"), "")) "}",
     BAD "Index KeySchema does not have the same leading hash key as table "
         "KeySchema for index: idx. index hash key: r, table hash key: k"},
    {"local index of three keys",
     "{" TAB ON_DEMAND "," THREE
     "," LOCALS(INDEX("idx", HASH("k") "," RANGE("r") "," RANGE("x"), "")) "}",
     "1 validation error detected: Value '[KeySchemaElement(attributeName=k, "
     "keyType=HASH), KeySchemaElement(attributeName=r, keyType=RANGE), "
     "KeySchemaElement(attributeName=x, keyType=RANGE)]' at "
     "'localSecondaryIndexes.1.member.keySchema' failed to satisfy "
     "constraint: Member must have length less than or equal to 2"},
    {"global index of an attribute without definition",
     "{" TAB ON_DEMAND "," RANGE_KEYS "," GSI(HASH("q"), "") "}",
     BAD "Some index key attributes are not defined in AttributeDefinitions. "
         "Keys: [q], AttributeDefinitions: [k, r]"},
    {"global index with a key twice",
     "{" TAB ON_DEMAND "," THREE "," GSI(HASH("x") "," RANGE("x"), "") "}",
     "The KeySchema contains multiple key attributes with the same name"},
    {"global index with RANGE first",
     "{" TAB ON_DEMAND "," THREE "," GSI(RANGE("x") "," HASH("k"), "") "}",
     "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"},
    {"global index of two hash keys",
     "{" TAB ON_DEMAND "," THREE "," GSI(HASH("x") "," HASH("k"), "") "}",
     "Keys of several HASH or RANGE attributes are not supported by the local "
     "engine, index: idx"},
    {"global index of three keys",
     "{" TAB ON_DEMAND "," THREE
     "," GSI(HASH("x") "," RANGE("k") "," RANGE("r"), "") "}",
     "Keys of several HASH or RANGE attributes are not supported by the local "
     "engine, index: idx"},

    {"no projection type", ON_X(""), BAD "Unknown ProjectionType: null"},
    {"names of ALL", ON_X("'ProjectionType':'ALL','NonKeyAttributes':['a']"),
     BAD "ProjectionType is ALL, but NonKeyAttributes is specified"},
    {"names of KEYS_ONLY",
     ON_X("'ProjectionType':'KEYS_ONLY','NonKeyAttributes':['a']"),
     BAD "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified"},
    {"INCLUDE without names", ON_X("'ProjectionType':'INCLUDE'"),
     BAD "ProjectionType is INCLUDE, but NonKeyAttributes is not specified"},
    {"a name twice",
     ON_X("'ProjectionType':'INCLUDE','NonKeyAttributes':['b','a','b']"),
     BAD "Duplicate element in NonKeyAttributes: b"},
    {"units of an index on demand",
     "{" TAB ON_DEMAND "," THREE
     "," GLOBALS(INDEX("idx", HASH("x"), "," UNITS("1", "1"))) "}",
     BAD "ProvisionedThroughput should not be specified for index: idx when "
         "BillingMode is PAY_PER_REQUEST"},
    {"an index without units",
     "{" TAB UNITS("1", "1") "," THREE
                             "," GLOBALS(INDEX("idx", HASH("x"), "")) "}",
     BAD "ProvisionedThroughput is not specified for index: idx"},
    {"two indexes of one name",
     "{" TAB ON_DEMAND "," THREE "," GLOBALS(
         INDEX("idx", HASH("x"), "") "," INDEX("idx", HASH("r"), "")) "}",
     BAD "Duplicate index name: idx"},
    {"a local and a global one of one name",
     "{" TAB ON_DEMAND "," THREE
     "," LOCALS(INDEX("idx", HASH("k") "," RANGE("x"), "")) "," GLOBALS(
         INDEX("idx", HASH("x"), "")) "}",
     BAD "Duplicate index name: idx"},

    {"a stream",
     "{" TAB ON_DEMAND "," ONE_KEY
     ",'StreamSpecification':{'StreamEnabled':true,'StreamViewType':"
     "'NEW_IMAGE'}}",
     "StreamSpecification is not supported by the local engine"},
    {"encryption",
     "{" TAB ON_DEMAND "," ONE_KEY ",'SSESpecification':{'Enabled':true}}",
     "SSESpecification is not supported by the local engine"},
    {"an unknown class", "{" TAB ON_DEMAND "," ONE_KEY ",'TableClass':'GOLD'}",
     "Invalid table-class parameter provided. Please try again with a valid "
     "table-class value: [STANDARD, STANDARD_INFREQUENT_ACCESS]."},
    {"a tag that may not be",
     "{" TAB ON_DEMAND "," ONE_KEY ",'Tags':[{'Key':'aws:a','Value':'b'}]}",
     "Tag Key cannot be prefixed with aws:, Key: aws:a"},
};

START_TEST(refuses_what_is_no_table)
{
    engine_invalid("CreateTable", refused[_i].request, refused[_i].message);
    engine_answers("ListTables", "{}", "{'TableNames':[]}");
}
END_TEST

/* n indexes, of which each is of the attributes k and x. */
static json_t *with_indexes(const char *member, int n, int names)
{
    json_t *body =
        json_pack("{s:s,s:s,s:[{s:s,s:s},{s:s,s:s}],s:[{s:s,s:s},{s:s,s:s}]}",
                  "TableName", "tab", "BillingMode", "PAY_PER_REQUEST",
                  "AttributeDefinitions", "AttributeName", "k", "AttributeType",
                  "S", "AttributeName", "x", "AttributeType", "S", "KeySchema",
                  "AttributeName", "k", "KeyType", "HASH", "AttributeName", "x",
                  "KeyType", "RANGE");
    json_t *list = json_array();

    for (int i = 0; i < n; i++) {
        json_t *included = json_array(), *projection;

        for (int k = 0; k < names; k++)
            json_array_append_new(included, json_sprintf("a%d", k));
        projection = names ? json_pack("{s:s,s:o}", "ProjectionType", "INCLUDE",
                                       "NonKeyAttributes", included)
                           : json_pack("{s:s}", "ProjectionType", "ALL");
        if (!names)
            json_decref(included);
        json_array_append_new(
            list,
            json_pack("{s:o,s:o,s:[{s:s,s:s},{s:s,s:s}]}", "IndexName",
                      json_sprintf("index%d", i), "Projection", projection,
                      "KeySchema", "AttributeName", "k", "KeyType", "HASH",
                      "AttributeName", "x", "KeyType", "RANGE"));
    }
    json_object_set_new(body, member, list);
    ck_assert_ptr_nonnull(body);
    return body;
}

static const struct {
    const char *member;
    int n, names;
    const char *message; /* NULL: created */
} counts[] = {
    {"LocalSecondaryIndexes", 5, 0, NULL},
    {"LocalSecondaryIndexes", 6, 0,
     BAD "Number of LocalSecondaryIndexes exceeds per-table limit of 5"},
    {"GlobalSecondaryIndexes", 20, 0, NULL},
    {"GlobalSecondaryIndexes", 21, 0,
     BAD "GlobalSecondaryIndex count exceeds the per-table limit of 20"},
    {"GlobalSecondaryIndexes", 10000, 0,
     BAD "GlobalSecondaryIndex count exceeds the per-table limit of 20"},
    {"GlobalSecondaryIndexes", 5, 20, NULL},
    {"GlobalSecondaryIndexes", 6, 17,
     BAD "The number of NonKeyAttributes over all indexes exceeds the "
         "per-table limit of 100"},
};

START_TEST(counts_indexes_and_what_they_project)
{
    const char *message = counts[_i].message;
    json_t *body =
        with_indexes(counts[_i].member, counts[_i].n, counts[_i].names);
    json_t *got = engine_ask_tree(message ? 400 : 200, "CreateTable", body);

    if (message)
        ck_assert_str_eq(json_string_value(json_object_get(got, "message")),
                         message);
    json_decref(got);
}
END_TEST

START_TEST(refuses_a_table_that_is_there)
{
    engine_does("CreateTable", PLAIN_TABLE("tab"));
    engine_does("CreateTable", PLAIN_TABLE("TAB"));
    engine_refuses("CreateTable", PLAIN_TABLE("tab"), "ResourceInUseException",
                   "Table already exists: tab");
    /* What is no table is told first. */
    engine_invalid("CreateTable", refused[0].request, refused[0].message);
}
END_TEST

/* ---- Descriptions ------------------------------------------------------- */

/* The value at a path of member names and indexes, "a.0.b"; NULL: none. */
static json_t *at(json_t *from, const char *path)
{
    char name[64];

    while (from && *path) {
        size_t n = strcspn(path, ".");

        ck_assert_uint_lt(n, sizeof name);
        memcpy(name, path, n);
        name[n] = '\0';
        from = json_is_array(from)
                   ? json_array_get(from, (size_t)(name[0] - '0'))
                   : json_object_get(from, name);
        path += path[n] ? n + 1 : n;
    }
    return from;
}

/* Text, or a number or list as JSON. */
static void is(json_t *from, const char *path, const char *want)
{
    json_t *v = at(from, path);
    char *text;

    ck_assert_msg(v != NULL, "no %s", path);
    text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
    ck_assert_msg(
        strcmp(json_is_string(v) ? json_string_value(v) : text, want) == 0,
        "%s is %s, not %s", path, text, want);
    free(text);
}

static void is_not_there(json_t *from, const char *path)
{
    ck_assert_msg(at(from, path) == NULL, "%s is there", path);
}

#define FULL                                                                                                                        \
    "{" TAB                                                                                                                         \
    DEFS(ATTR("z", "B") "," ATTR("k", "S") "," ATTR("r", "N")) "," SCHEMA(HASH("k") "," RANGE("r")) "," UNITS("7", "3") "," LOCALS( \
        "{'IndexName':'near'," SCHEMA(HASH("k") "," RANGE("z")) "," PROJECT(                                                        \
            "KEYS_ONLY") "}") "," GLOBALS("{'IndexName'"                                                                            \
                                          ":'far'," SCHEMA(HASH(                                                                    \
                                              "z")) ",'Projection':{'"                                                              \
                                                    "ProjectionType':"                                                              \
                                                    "'INCLUDE','"                                                                   \
                                                    "NonKeyAttributes':['y','"                                                      \
                                                    "x']}," UNITS(                                                                  \
                                                        "5",                                                                        \
                                                        "2") "}") ",'"                                                              \
                                                                  "DeletionPr"                                                      \
                                                                  "otectionEn"                                                      \
                                                                  "abled':"                                                         \
                                                                  "true,'"                                                          \
                                                                  "TableClass"                                                      \
                                                                  "':"                                                              \
                                                                  "'STANDARD_"                                                      \
                                                                  "INFREQUENT"                                                      \
                                                                  "_ACCESS'}"

static void is_full(json_t *t, const char *status)
{
    static const char *const rows[][2] = {
        {"TableName", "tab"},
        {"TableArn", "arn:aws:dynamodb:local:000000000000:table/tab"},
        {"AttributeDefinitions.0.AttributeName", "k"},
        {"AttributeDefinitions.0.AttributeType", "S"},
        {"AttributeDefinitions.1.AttributeName", "r"},
        {"AttributeDefinitions.1.AttributeType", "N"},
        {"AttributeDefinitions.2.AttributeName", "z"},
        {"AttributeDefinitions.2.AttributeType", "B"},
        {"KeySchema.0.AttributeName", "k"},
        {"KeySchema.0.KeyType", "HASH"},
        {"KeySchema.1.AttributeName", "r"},
        {"KeySchema.1.KeyType", "RANGE"},
        {"ProvisionedThroughput.NumberOfDecreasesToday", "0"},
        {"ProvisionedThroughput.ReadCapacityUnits", "7"},
        {"ProvisionedThroughput.WriteCapacityUnits", "3"},
        {"DeletionProtectionEnabled", "true"},
        {"TableClassSummary.TableClass", "STANDARD_INFREQUENT_ACCESS"},
        {"ItemCount", "0"},
        {"TableSizeBytes", "0"},
        {"LocalSecondaryIndexes.0.IndexName", "near"},
        {"LocalSecondaryIndexes.0.IndexArn",
         "arn:aws:dynamodb:local:000000000000:table/tab/index/near"},
        {"LocalSecondaryIndexes.0.KeySchema.1.AttributeName", "z"},
        {"LocalSecondaryIndexes.0.Projection.ProjectionType", "KEYS_ONLY"},
        {"LocalSecondaryIndexes.0.ItemCount", "0"},
        {"LocalSecondaryIndexes.0.IndexSizeBytes", "0"},
        {"GlobalSecondaryIndexes.0.IndexName", "far"},
        {"GlobalSecondaryIndexes.0.KeySchema.0.AttributeName", "z"},
        {"GlobalSecondaryIndexes.0.Projection.NonKeyAttributes",
         "[\"x\",\"y\"]"},
        {"GlobalSecondaryIndexes.0.ProvisionedThroughput.ReadCapacityUnits",
         "5"},
        {"GlobalSecondaryIndexes.0.ProvisionedThroughput.WriteCapacityUnits",
         "2"},
        {"GlobalSecondaryIndexes.0.ItemCount", "0"},
    };

    ck_assert_ptr_nonnull(t);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        is(t, rows[i][0], rows[i][1]);
    is(t, "TableStatus", status);
    is(t, "GlobalSecondaryIndexes.0.IndexStatus", status);
    ck_assert_uint_eq(json_string_length(at(t, "TableId")), 36);
    ck_assert(json_real_value(at(t, "CreationDateTime")) > 1e9);
    is_not_there(t, "BillingModeSummary");
    is_not_there(t, "LocalSecondaryIndexes.0.IndexStatus");
    is_not_there(t, "LocalSecondaryIndexes.0.ProvisionedThroughput");
    is_not_there(t, "GlobalSecondaryIndexes.0.Backfilling");
}

START_TEST(is_being_created_in_the_answer_and_active_at_once)
{
    json_t *created = engine_ask(200, "CreateTable", FULL), *got;

    is_full(at(created, "TableDescription"), "CREATING");
    is_not_there(created, "TableDescription.WarmThroughput");
    got = engine_ask(200, "DescribeTable", NAMED("tab"));
    is_full(at(got, "Table"), "ACTIVE");
    is(got, "Table.WarmThroughput.ReadUnitsPerSecond", "7");
    is(got, "Table.GlobalSecondaryIndexes.0.WarmThroughput.WriteUnitsPerSecond",
       "2");
    ck_assert_str_eq(
        json_string_value(at(got, "Table.TableId")),
        json_string_value(at(created, "TableDescription.TableId")));
    json_decref(got);
    json_decref(created);
}
END_TEST

START_TEST(describes_a_table_on_demand)
{
    json_t *created = engine_ask(200, "CreateTable", PLAIN_TABLE("tab"));
    json_t *got = engine_ask(200, "DescribeTable", NAMED("tab"));

    is(created, "TableDescription.BillingModeSummary",
       "{\"BillingMode\":\"PAY_PER_REQUEST\"}");
    is(got, "Table.BillingModeSummary.BillingMode", "PAY_PER_REQUEST");
    ck_assert(json_equal(at(got, "Table.BillingModeSummary."
                                 "LastUpdateToPayPerRequestDateTime"),
                         at(got, "Table.CreationDateTime")));
    is(got, "Table.TableThroughputModeSummary.TableThroughputMode",
       "PAY_PER_REQUEST");
    is(got, "Table.ProvisionedThroughput.ReadCapacityUnits", "0");
    is(got, "Table.WarmThroughput.ReadUnitsPerSecond", "12000");
    is(got, "Table.WarmThroughput.WriteUnitsPerSecond", "4000");
    is(got, "Table.DeletionProtectionEnabled", "false");
    is_not_there(got, "Table.TableClassSummary");
    is_not_there(got, "Table.GlobalSecondaryIndexes");
    is_not_there(got, "Table.LocalSecondaryIndexes");
    json_decref(got);
    json_decref(created);
}
END_TEST

START_TEST(takes_tags_and_an_empty_list_of_them)
{
    engine_does("CreateTable", "{" TAB ON_DEMAND "," ONE_KEY ",'Tags':[]}");
    engine_does("CreateTable",
                "{'TableName':'two'," ON_DEMAND "," ONE_KEY
                ",'Tags':[{'Key':'b','Value':''},{'Key':'a','Value':'c'}]}");
    engine_answers("ListTagsOfResource",
                   "{'ResourceArn':'arn:aws:dynamodb:local:000000000000:"
                   "table/two'}",
                   "{'Tags':[{'Key':'b','Value':''},"
                   "{'Key':'a','Value':'c'}]}");
}
END_TEST

static int no_random(const ddbi_clock *k, void *p, size_t n)
{
    (void)k, (void)p, (void)n;
    return -1;
}

START_TEST(needs_random_numbers)
{
    ddbi_clock clock = ddbi_system_clock;
    const ddbi_local_options options = {.clock = &clock};
    ddb_bytes body = ddb_str("{\"TableName\":\"tab\",\"BillingMode\":"
                             "\"PAY_PER_REQUEST\",\"AttributeDefinitions\":"
                             "[{\"AttributeName\":\"k\",\"AttributeType\":"
                             "\"S\"}],\"KeySchema\":[{\"AttributeName\":"
                             "\"k\",\"KeyType\":\"HASH\"}]}");
    ddbi_local *l;
    ddbi_buf out = {0};
    ddb_err err = {0};
    int status;

    clock.random = no_random;
    ck_assert_int_eq(ddbi_local_open(&options, &l, NULL), DDB_OK);
    ck_assert_int_eq(
        ddbi_local_call(l, "CreateTable", body, &status, &out, &err),
        DDB_SYSTEM);
    ck_assert_str_eq(err.message, "no random numbers can be had");
    ddbi_buf_free(&out);
    ddbi_local_close(l, 0);
}
END_TEST

START_TEST(survives_no_memory)
{
    engine_survives_nomem("CreateTable", FULL);
    engine_survives_nomem("DescribeTable", NAMED("tab"));
}
END_TEST

Suite *suite_local_create(void)
{
    Suite *s = suite_create("local_create");
    TCase *t = tcase_create("refusals");

    tcase_add_checked_fixture(t, engine_setup, engine_teardown);
    tcase_add_loop_test(t, refuses_what_is_no_table, 0, ROWS(refused));
    tcase_add_loop_test(t, counts_indexes_and_what_they_project, 0,
                        ROWS(counts));
    tcase_add_test(t, refuses_a_table_that_is_there);
    suite_add_tcase(s, t);

    t = tcase_create("tables");
    tcase_add_checked_fixture(t, engine_setup, engine_teardown);
    tcase_add_test(t, is_being_created_in_the_answer_and_active_at_once);
    tcase_add_test(t, describes_a_table_on_demand);
    tcase_add_test(t, needs_random_numbers);
    tcase_add_test(t, takes_tags_and_an_empty_list_of_them);
    tcase_add_test(t, survives_no_memory);
    suite_add_tcase(s, t);
    return s;
}
