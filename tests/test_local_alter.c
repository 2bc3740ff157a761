/* SPDX-License-Identifier: MIT */
/* UpdateTable. */
#include "engine.h"
#include "oom.h"
#include "tables.h"
#include "tests.h"

#include <string.h>

#define BAD "One or more parameter values were invalid: "
#define REDEFINED                                                              \
    BAD "Attributes cannot be redefined. Please check that your attribute "    \
        "has the same type as previously defined. Existing schema: "
#define TAB "'TableName':'tab'"
#define UPDATES(list) "'GlobalSecondaryIndexUpdates':[" list "]"
#define ADD(name, keys, more) "{'Create':" INDEX(name, keys, more) "}"
#define REMOVE(name) "{'Delete':{'IndexName':'" name "'}}"
#define CHANGE(name, r, w) "{'Update':{'IndexName':'" name "'," UNITS(r, w) "}}"
#define PROVISIONED "'BillingMode':'PROVISIONED'"

/* Two tables with a local index and a global one: by what they cost. */
#define BODY                                                                   \
    DEFS(ATTR("k", "S") "," ATTR("r", "N") "," ATTR("x", "B"))                 \
    "," SCHEMA(HASH("k") "," RANGE("r")) "," LOCALS(                           \
        INDEX("near", HASH("k") "," RANGE("x"), ""))

static void setup(void)
{
    engine_setup();
    engine_does("CreateTable",
                "{" TAB "," BODY "," UNITS("5", "4") "," GLOBALS(
                    INDEX("far", HASH("x"), "," UNITS("3", "2"))) "}");
    engine_does("CreateTable", "{'TableName':'free'," BODY "," ON_DEMAND
                               "," GLOBALS(INDEX("far", HASH("x"), "")) "}");
}

/* ---- Refusals ----------------------------------------------------------- */

static const struct {
    const char *name;
    const char *request;
    const char *message;
} refused[] = {
    {"nothing", "{" TAB "}",
     "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
     "GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, "
     "MultiAccountReplicaReady, ReplicaTransitRoleArn, "
     "MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, "
     "WarmThroughput or TableClass is required"},
    {"no table and no updates of indexes, with another change",
     "{'TableName':'none','DeletionProtectionEnabled':true," UPDATES("") "}",
     BAD "List of GlobalSecondaryIndexUpdates is empty"},
    {"provisioned without units", "{" TAB "," PROVISIONED "}",
     BAD "ProvisionedThroughput must be specified when BillingMode is "
         "PROVISIONED"},
    {"on demand with units", "{" TAB "," ON_DEMAND "," UNITS("1", "1") "}",
     BAD "ProvisionedThroughput cannot be specified when BillingMode is "
         "PAY_PER_REQUEST"},
    {"many units", "{" TAB "," UNITS("1000000000001", "1") "}",
     "Given value 1000000000001 for ReadCapacityUnits is out of bounds"},
    {"an update of nothing", "{" TAB "," UPDATES("{}") "}",
     BAD "One of GlobalSecondaryIndexUpdate.Update, "
         "GlobalSecondaryIndexUpdate.Create, "
         "GlobalSecondaryIndexUpdate.Delete must not be null"},
    {"two actions in one",
     "{" TAB "," UPDATES("{'Update':{'IndexName':'far'," UNITS(
         "1", "1") "},'Delete':{'IndexName':'far'}}") "}",
     BAD "Only one global secondary index action is allowed per "
         "GlobalSecondaryIndexUpdate object"},
    {"one index twice",
     "{" TAB "," UPDATES(REMOVE("far") "," REMOVE("far")) "}",
     BAD "Only one global secondary index update per index is allowed "
         "simultaneously. Index: far"},
    {"class and protection",
     "{" TAB ",'TableClass':'STANDARD','DeletionProtectionEnabled':true}",
     BAD "TableClass modification must be the only operation in the request"},
    {"protection and units",
     "{" TAB "," UNITS("1", "1") ",'DeletionProtectionEnabled':true}",
     BAD "DeletionProtection modification must be the only operation in the "
         "request"},
    {"units and an index gone",
     "{" TAB "," UNITS("1", "1") "," UPDATES(REMOVE("far")) "}",
     BAD "You cannot create or delete index while updating table IOPS"},
    {"a stream", "{" TAB ",'StreamSpecification':{'StreamEnabled':true}}",
     "StreamSpecification is not supported by the local engine"},
    {"no stream where none is",
     "{" TAB ",'StreamSpecification':{'StreamEnabled':false}}",
     "Table has no stream to disable: TableName: tab"},
    {"an unknown class", "{" TAB ",'TableClass':'standard'}",
     "Invalid table-class parameter provided. Please try again with a valid "
     "table-class value: [STANDARD, STANDARD_INFREQUENT_ACCESS]."},

    {"the same units", "{" TAB "," UNITS("5", "4") "}",
     "The provisioned throughput for the table will not change. The requested "
     "value equals the current value. Current ReadCapacityUnits provisioned "
     "for the table: 5. Requested ReadCapacityUnits: 5. Current "
     "WriteCapacityUnits provisioned for the table: 4. Requested "
     "WriteCapacityUnits: 4. Refer to the Amazon DynamoDB Developer Guide for "
     "current limits and how to request higher limits."},
    {"the same units, provisioned",
     "{" TAB "," PROVISIONED "," UNITS("5", "4") "}",
     "The provisioned throughput for the table will not change. The requested "
     "value equals the current value. Current ReadCapacityUnits provisioned "
     "for the table: 5. Requested ReadCapacityUnits: 5. Current "
     "WriteCapacityUnits provisioned for the table: 4. Requested "
     "WriteCapacityUnits: 4. Refer to the Amazon DynamoDB Developer Guide for "
     "current limits and how to request higher limits."},
    {"the same units of an index",
     "{" TAB "," UPDATES(CHANGE("far", "3", "2")) "}",
     "The provisioned throughput for the index far will not change. The "
     "requested value equals the current value. Current ReadCapacityUnits "
     "provisioned for index far: 3. Requested ReadCapacityUnits: 3. Current "
     "WriteCapacityUnits provisioned for index far: 2. Requested "
     "WriteCapacityUnits: 2. Refer to the Amazon DynamoDB Developer Guide for "
     "current limits and how to request higher limits."},
    {"units on demand", "{'TableName':'free'," UNITS("1", "1") "}",
     BAD "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified "
         "when BillingMode is PAY_PER_REQUEST"},
    {"units of an index on demand",
     "{'TableName':'free'," UPDATES(CHANGE("far", "1", "1")) "}",
     BAD "The only Updates for index: far when TableThroughputMode is "
         "PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput"},
    {"an update of an index that says nothing",
     "{" TAB "," UPDATES("{'Update':{'IndexName':'far'}}") "}",
     BAD "Both ReadCapacityUnits and WriteCapacityUnits must be specified for "
         "index: far"},
    {"provisioned without its index",
     "{'TableName':'free'," PROVISIONED "," UNITS("1", "1") "}",
     BAD "ProvisionedThroughput must be specified for index: far"},
    {"a local index gone", "{" TAB "," UPDATES(REMOVE("near")) "}",
     "Cannot delete an index that is not a GlobalSecondaryIndex: near"},
    {"a local index changed", "{" TAB "," UPDATES(CHANGE("near", "1", "1")) "}",
     "Cannot update an index that is not a GlobalSecondaryIndex: near"},
    {"an index that is there",
     "{" TAB "," DEFS(ATTR("k", "S")) "," UPDATES(
         ADD("near", HASH("k"), "," UNITS("1", "1"))) "}",
     "Attempting to create an index which already exists"},
    {"an index without definitions",
     "{" TAB "," UPDATES(ADD("new", HASH("k"), "," UNITS("1", "1"))) "}",
     BAD "AttributeDefinitions is not specified for index: new"},
    {"an index without its definition",
     "{" TAB "," DEFS(ATTR("r", "N")) "," UPDATES(
         ADD("new", HASH("k"), "," UNITS("1", "1"))) "}",
     BAD "Some index key attributes are not defined in AttributeDefinitions. "
         "Keys: [k], AttributeDefinitions: [r]"},
    {"an attribute of the table's key, of another type",
     "{'TableName':'free'," DEFS(ATTR("r", "S")) "," UPDATES(
         ADD("new", HASH("r"), "")) "}",
     REDEFINED "Schema:[SchemaElement: key{k:S:HASH}, SchemaElement: "
               "key{r:N:RANGE}] New schema: Schema:[SchemaElement: "
               "key{r:S:HASH}]"},
    {"an attribute of an index's key, of another type",
     "{'TableName':'free'," DEFS(ATTR("n", "S") "," ATTR("x", "N")) "," UPDATES(
         ADD("new", HASH("n") "," RANGE("x"), "")) "}",
     REDEFINED "Schema:[SchemaElement: key{k:S:HASH}, SchemaElement: "
               "key{x:B:RANGE}] New schema: Schema:[SchemaElement: "
               "key{n:S:HASH}, SchemaElement: key{x:N:RANGE}]"},
    {"an index without units",
     "{" TAB
     "," DEFS(ATTR("k", "S")) "," UPDATES(ADD("new", HASH("k"), "")) "}",
     BAD "Both ReadCapacityUnits and WriteCapacityUnits must be specified for "
         "index: new"},
    {"an index with units, on demand",
     "{'TableName':'free'," DEFS(ATTR("k", "S")) "," UPDATES(
         ADD("new", HASH("k"), "," UNITS("1", "1"))) "}",
     BAD "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified "
         "for index: new when BillingMode is PAY_PER_REQUEST"},
    {"an index without projection type",
     "{'TableName':'free'," DEFS(ATTR("k", "S")) "," UPDATES(
         "{'Create':{'IndexName':'new'," SCHEMA(
             HASH("k")) ",'Projection':{}}}") "}",
     BAD "Unknown ProjectionType: null"},
};

START_TEST(refuses_what_cannot_be)
{
    engine_invalid("UpdateTable", refused[_i].request, refused[_i].message);
}
END_TEST

static const struct {
    const char *name;
    const char *request;
    const char *type, *message;
} others[] = {
    {"no table", "{'TableName':'none'," ON_DEMAND "}",
     "ResourceNotFoundException",
     "Requested resource not found: Table: none not found"},
    {"no index to take", "{" TAB "," UPDATES(REMOVE("none")) "}",
     "ResourceNotFoundException",
     "Requested resource not found: Index none for table tab"},
    {"no index to change", "{" TAB "," UPDATES(CHANGE("none", "1", "1")) "}",
     "ResourceNotFoundException",
     "Requested resource not found: Index none for table tab"},
    {"two at a time",
     "{" TAB "," DEFS(ATTR("k", "S")) "," UPDATES(
         REMOVE("far") "," ADD("new", HASH("k"), "," UNITS("1", "1"))) "}",
     "LimitExceededException",
     "Subscriber limit exceeded: Only 1 online index can be created or deleted "
     "simultaneously per table"},
};

START_TEST(refuses_what_is_not_there_or_too_much)
{
    engine_refuses("UpdateTable", others[_i].request, others[_i].type,
                   others[_i].message);
}
END_TEST

/* ---- What it does ------------------------------------------------------- */

/* The answer's description; json_decref(*whole). */
static json_t *update(const char *request, json_t **whole)
{
    *whole = engine_ask(200, "UpdateTable", request);
    return json_object_get(*whole, "TableDescription");
}

static json_t *describe(const char *name, json_t **whole)
{
    char request[64] = NAMED("free");

    if (strcmp(name, "tab") == 0)
        strcpy(request, NAMED("tab"));
    *whole = engine_ask(200, "DescribeTable", request);
    return json_object_get(*whole, "Table");
}

static json_t *index_of(json_t *t, const char *name)
{
    json_t *list = json_object_get(t, "GlobalSecondaryIndexes"), *x;
    size_t i;

    json_array_foreach(list, i, x)
    {
        if (!strcmp(json_string_value(json_object_get(x, "IndexName")), name))
            return x;
    }
    return NULL;
}

static void says(json_t *t, const char *member, const char *want)
{
    const char *text = json_string_value(json_object_get(t, member));

    ck_assert_msg(text && strcmp(text, want) == 0, "%s is %s, not %s", member,
                  text ? text : "nothing", want);
}

/* ProvisionedThroughput: units, decreases of today; both times or neither. */
static void has_units(json_t *of, int rcu, int wcu, int decreases,
                      int increased, int decreased)
{
    json_t *t = json_object_get(of, "ProvisionedThroughput");

    ck_assert_int_eq(
        json_integer_value(json_object_get(t, "ReadCapacityUnits")), rcu);
    ck_assert_int_eq(
        json_integer_value(json_object_get(t, "WriteCapacityUnits")), wcu);
    ck_assert_int_eq(
        json_integer_value(json_object_get(t, "NumberOfDecreasesToday")),
        decreases);
    ck_assert_int_eq(json_object_get(t, "LastIncreaseDateTime") != NULL,
                     increased);
    ck_assert_int_eq(json_object_get(t, "LastDecreaseDateTime") != NULL,
                     decreased);
}

START_TEST(changes_throughput_after_the_answer)
{
    json_t *whole, *t = update("{" TAB "," UNITS("9", "4") "}", &whole);

    says(t, "TableStatus", "UPDATING");
    has_units(t, 5, 4, 0, 1, 0);
    json_decref(whole);
    t = describe("tab", &whole);
    says(t, "TableStatus", "ACTIVE");
    has_units(t, 9, 4, 0, 1, 0);
    json_decref(whole);

    t = update("{" TAB "," UNITS("2", "6") "}", &whole);
    has_units(t, 9, 4, 0, 1, 1);
    json_decref(whole);
    t = describe("tab", &whole);
    has_units(t, 2, 6, 1, 1, 1);
    json_decref(whole);
}
END_TEST

START_TEST(stays_as_warm_as_it_was)
{
    json_t *whole, *t, *warm;

    engine_does("UpdateTable", "{" TAB "," UNITS("9", "1") "}");
    engine_does("UpdateTable", "{" TAB "," UNITS("1", "2") "}");
    t = describe("tab", &whole);
    warm = json_object_get(t, "WarmThroughput");
    ck_assert_int_eq(
        json_integer_value(json_object_get(warm, "ReadUnitsPerSecond")), 9);
    ck_assert_int_eq(
        json_integer_value(json_object_get(warm, "WriteUnitsPerSecond")), 4);
    json_decref(whole);
}
END_TEST

START_TEST(changes_throughput_of_an_index)
{
    json_t *whole,
        *t = update("{" TAB "," UPDATES(CHANGE("far", "1", "1")) "}", &whole);

    says(t, "TableStatus", "ACTIVE");
    says(index_of(t, "far"), "IndexStatus", "UPDATING");
    has_units(index_of(t, "far"), 3, 2, 0, 0, 1);
    json_decref(whole);
    t = describe("tab", &whole);
    says(index_of(t, "far"), "IndexStatus", "ACTIVE");
    has_units(index_of(t, "far"), 1, 1, 1, 0, 1);
    has_units(t, 5, 4, 0, 0, 0);
    json_decref(whole);
}
END_TEST

START_TEST(goes_on_demand)
{
    json_t *whole, *t = update("{" TAB "," ON_DEMAND "}", &whole);

    says(t, "TableStatus", "UPDATING");
    says(json_object_get(t, "BillingModeSummary"), "BillingMode",
         "PAY_PER_REQUEST");
    has_units(t, 0, 0, 0, 0, 0);
    says(index_of(t, "far"), "IndexStatus", "UPDATING");
    json_decref(whole);
    t = describe("tab", &whole);
    has_units(t, 0, 0, 0, 0, 0);
    has_units(index_of(t, "far"), 0, 0, 1, 0, 1);
    json_decref(whole);
    /* Saying it again changes nothing. */
    t = update("{" TAB "," ON_DEMAND "}", &whole);
    says(t, "TableStatus", "UPDATING");
    has_units(index_of(t, "far"), 0, 0, 1, 0, 1);
    json_decref(whole);
}
END_TEST

START_TEST(is_provisioned_again)
{
    json_t *whole,
        *t =
            update("{'TableName':'free'," PROVISIONED
                   "," UNITS("7", "8") "," UPDATES(CHANGE("far", "5", "6")) "}",
                   &whole);

    says(json_object_get(t, "BillingModeSummary"), "BillingMode",
         "PROVISIONED");
    has_units(t, 7, 8, 0, 1, 0);
    has_units(index_of(t, "far"), 5, 6, 0, 1, 0);
    json_decref(whole);
    t = describe("free", &whole);
    says(json_object_get(t, "BillingModeSummary"), "BillingMode",
         "PROVISIONED");
    has_units(t, 7, 8, 0, 1, 0);
    has_units(index_of(t, "far"), 5, 6, 0, 1, 0);
    json_decref(whole);
}
END_TEST

START_TEST(protects_and_changes_class)
{
    json_t *whole,
        *t = update("{" TAB ",'DeletionProtectionEnabled':true}", &whole);

    says(t, "TableStatus", "ACTIVE");
    ck_assert(json_is_true(json_object_get(t, "DeletionProtectionEnabled")));
    json_decref(whole);
    engine_invalid("DeleteTable", NAMED("tab"),
                   "Resource cannot be deleted as it is currently protected "
                   "against deletion. Disable deletion protection first.");
    engine_does("UpdateTable", "{" TAB ",'DeletionProtectionEnabled':false}");

    t = update("{" TAB ",'TableClass':'STANDARD'}", &whole);
    ck_assert_ptr_null(json_object_get(t, "TableClassSummary"));
    json_decref(whole);
    t = update("{" TAB ",'TableClass':'STANDARD_INFREQUENT_ACCESS'}", &whole);
    says(t, "TableStatus", "UPDATING");
    ck_assert_ptr_null(json_object_get(t, "TableClassSummary"));
    json_decref(whole);
    t = describe("tab", &whole);
    t = json_object_get(t, "TableClassSummary");
    says(t, "TableClass", "STANDARD_INFREQUENT_ACCESS");
    ck_assert_ptr_nonnull(json_object_get(t, "LastUpdateDateTime"));
    json_decref(whole);
    engine_does("DeleteTable", NAMED("tab"));
}
END_TEST

/* ---- Indexes of a table with items -------------------------------------- */

static void put_items(void)
{
    engine_does("PutItem", "{'TableName':'free','Item':{'k':{'S':'a'},"
                           "'r':{'N':'1'},'n':{'N':'2'},'o':{'S':'more'}}}");
    engine_does("PutItem", "{'TableName':'free','Item':{'k':{'S':'a'},"
                           "'r':{'N':'2'},'n':{'N':'1'}}}");
    engine_does("PutItem", "{'TableName':'free','Item':{'k':{'S':'b'},"
                           "'r':{'N':'3'},'n':{'S':'no number'}}}");
    engine_does("PutItem", "{'TableName':'free','Item':{'k':{'S':'c'},"
                           "'r':{'N':'4'}}}");
}

#define ADD_N                                                                  \
    "{'TableName':'free'," DEFS(ATTR("n", "N") "," ATTR(                       \
        "unused", "S")) "," UPDATES(ADD("new", HASH("n"), "")) "}"

START_TEST(fills_a_new_index)
{
    json_t *whole, *t, *x;

    put_items();
    t = update(ADD_N, &whole);
    says(t, "TableStatus", "UPDATING");
    x = index_of(t, "new");
    says(x, "IndexStatus", "CREATING");
    ck_assert(json_is_false(json_object_get(x, "Backfilling")));
    ck_assert_int_eq(json_integer_value(json_object_get(x, "ItemCount")), 0);
    says(json_object_get(x, "WarmThroughput"), "Status", "UPDATING");
    json_decref(whole);

    t = describe("free", &whole);
    x = index_of(t, "new");
    says(x, "IndexStatus", "ACTIVE");
    ck_assert_ptr_null(json_object_get(x, "Backfilling"));
    ck_assert_int_eq(json_integer_value(json_object_get(x, "ItemCount")), 2);
    ck_assert_uint_eq(
        json_array_size(json_object_get(t, "AttributeDefinitions")), 4);
    json_decref(whole);
    engine_answers("Query",
                   "{'TableName':'free','IndexName':'new',"
                   "'KeyConditionExpression':'n = :n',"
                   "'ExpressionAttributeValues':{':n':{'N':'2'}}}",
                   "{'Items':[{'k':{'S':'a'},'r':{'N':'1'},'n':{'N':'2'},"
                   "'o':{'S':'more'}}],'Count':1,'ScannedCount':1}");
}
END_TEST

START_TEST(takes_an_index_away)
{
    json_t *whole, *t;

    put_items();
    engine_does("UpdateTable", ADD_N);
    t = update("{'TableName':'free'," UPDATES(REMOVE("far")) "}", &whole);
    says(t, "TableStatus", "UPDATING");
    says(index_of(t, "far"), "IndexStatus", "DELETING");
    says(index_of(t, "new"), "IndexStatus", "ACTIVE");
    json_decref(whole);
    t = describe("free", &whole);
    ck_assert_ptr_null(index_of(t, "far"));
    ck_assert_ptr_nonnull(index_of(t, "new"));
    json_decref(whole);
    engine_does("UpdateTable",
                "{'TableName':'free'," UPDATES(REMOVE("new")) "}");
    /* Its attribute is free to be of another type. */
    engine_does("PutItem", "{'TableName':'free','Item':{'k':{'S':'a'},"
                           "'r':{'N':'9'},'n':{'S':'text'}}}");
    engine_invalid("Query",
                   "{'TableName':'free','IndexName':'new',"
                   "'KeyConditionExpression':'n = :n',"
                   "'ExpressionAttributeValues':{':n':{'N':'2'}}}",
                   "The table does not have the specified index: new");
}
END_TEST

START_TEST(has_twenty_global_indexes_at_most)
{
    char request[256];

    for (int i = 1; i <= 20; i++) {
        snprintf(request, sizeof request,
                 "{'TableName':'free','AttributeDefinitions':[{'AttributeName':"
                 "'k','AttributeType':'S'}],'GlobalSecondaryIndexUpdates':[{"
                 "'Create':{'IndexName':'i%02d','KeySchema':[" HASH(
                     "k") "]," PROJECT("ALL") "}}]}",
                 i);
        if (i < 20)
            engine_does("UpdateTable", request);
        else
            engine_refuses("UpdateTable", request, "LimitExceededException",
                           "Subscriber limit exceeded: Number of global "
                           "secondary indexes exceeds per-table limit of 20");
    }
}
END_TEST

START_TEST(survives_no_memory)
{
    put_items();
    engine_survives_nomem("UpdateTable", ADD_N);
    engine_survives_nomem("UpdateTable",
                          "{'TableName':'free'," UPDATES(REMOVE("far")) "}");
    engine_survives_nomem("UpdateTable", "{" TAB "," ON_DEMAND "}");
}
END_TEST

Suite *suite_local_alter(void)
{
    Suite *s = suite_create("local_alter");
    TCase *t = tcase_create("refusals");

    tcase_add_checked_fixture(t, setup, engine_teardown);
    tcase_add_loop_test(t, refuses_what_cannot_be, 0, ROWS(refused));
    tcase_add_loop_test(t, refuses_what_is_not_there_or_too_much, 0,
                        ROWS(others));
    suite_add_tcase(s, t);

    t = tcase_create("changes");
    tcase_add_checked_fixture(t, setup, engine_teardown);
    tcase_add_test(t, changes_throughput_after_the_answer);
    tcase_add_test(t, stays_as_warm_as_it_was);
    tcase_add_test(t, changes_throughput_of_an_index);
    tcase_add_test(t, goes_on_demand);
    tcase_add_test(t, is_provisioned_again);
    tcase_add_test(t, protects_and_changes_class);
    suite_add_tcase(s, t);

    t = tcase_create("indexes");
    tcase_add_checked_fixture(t, setup, engine_teardown);
    tcase_add_test(t, fills_a_new_index);
    tcase_add_test(t, takes_an_index_away);
    tcase_add_test(t, has_twenty_global_indexes_at_most);
    tcase_add_test(t, survives_no_memory);
    suite_add_tcase(s, t);
    return s;
}
