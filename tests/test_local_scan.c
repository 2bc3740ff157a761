/* SPDX-License-Identifier: MIT */
#include "engine.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>

#define INVALID "One or more parameter values were invalid: "
#define START "The provided starting key is invalid"
#define MISMATCH "The provided key element does not match the schema"

/* hash: a of S.  range: a, b of S; local1 (a, c) has its keys, global2 (c, d)
 * has e. */
static void create_tables(void)
{
    engine_setup();
    engine_make_hash();
    engine_does("CreateTable",
                "{'TableName':'range','BillingMode':'PAY_PER_REQUEST',"
                "'AttributeDefinitions':["
                "{'AttributeName':'a','AttributeType':'S'},"
                "{'AttributeName':'b','AttributeType':'S'},"
                "{'AttributeName':'c','AttributeType':'S'},"
                "{'AttributeName':'d','AttributeType':'N'}],"
                "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
                "{'AttributeName':'b','KeyType':'RANGE'}],"
                "'LocalSecondaryIndexes':[{'IndexName':'local1',"
                "'Projection':{'ProjectionType':'KEYS_ONLY'},"
                "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'},"
                "{'AttributeName':'c','KeyType':'RANGE'}]}],"
                "'GlobalSecondaryIndexes':[{'IndexName':'global2',"
                "'Projection':{'ProjectionType':'INCLUDE',"
                "'NonKeyAttributes':['e']},"
                "'KeySchema':[{'AttributeName':'c','KeyType':'HASH'},"
                "{'AttributeName':'d','KeyType':'RANGE'}]}]}");
}

/* ---- What is refused ---------------------------------------------------- */

static const struct {
    const char *table;
    const char *members;
    const char *message;
} refusals[] = {
    /* Before the table. */
    {"none", "'ExpressionAttributeValues':{':a':{'S':'x'}}",
     "ExpressionAttributeValues can only be specified when using expressions: "
     "FilterExpression is null"},
    {"none", "'ExpressionAttributeNames':{'#a':'a'}",
     "ExpressionAttributeNames can only be specified when using expressions"},
    {"none", "'Segment':0,'TotalSegments':1000001",
     "1 validation error detected: Value '1000001' at 'totalSegments' failed "
     "to "
     "satisfy constraint: Member must have value less than or equal to "
     "1000000"},
    {"none", "'Select':'SPECIFIC_ATTRIBUTES'",
     "Must specify the AttributesToGet or ProjectionExpression when choosing "
     "to get SPECIFIC_ATTRIBUTES"},
    {"none", "'Select':'COUNT','ProjectionExpression':'b'",
     "Cannot specify the ProjectionExpression when choosing to get only the "
     "Count"},
    {"none", "'Select':'ALL_PROJECTED_ATTRIBUTES'",
     "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an "
     "IndexName"},
    {"none", "'ExclusiveStartKey':{'a':{}},'Segment':1",
     START ": Supplied AttributeValue is empty, must contain exactly one of "
           "the supported datatypes"},
    {"none", "'Segment':0,'FilterExpression':''",
     "The TotalSegments parameter is required but was not present in the "
     "request when Segment parameter is present"},
    {"none", "'TotalSegments':2,'FilterExpression':''",
     "The Segment parameter is required but was not present in the request "
     "when parameter TotalSegments is present"},
    {"none", "'Segment':5,'TotalSegments':5,'FilterExpression':''",
     "The Segment parameter is zero-based and must be less than parameter "
     "TotalSegments: Segment: 5 is not less than TotalSegments: 5"},
    {"none", "'FilterExpression':'','ProjectionExpression':''",
     "Invalid FilterExpression: The expression can not be empty;"},
    {"none", "'ProjectionExpression':''",
     "Invalid ProjectionExpression: The expression can not be empty;"},
    {"none",
     "'FilterExpression':'a=:a','ExpressionAttributeNames':{'#b':'b'},"
     "'ExpressionAttributeValues':{':a':{'S':'x'}}",
     "Value provided in ExpressionAttributeNames unused in expressions: keys: "
     "{#b}"},

    /* With it. */
    {"hash",
     "'IndexName':'whatever','ExclusiveStartKey':{},"
     "'FilterExpression':'attribute_exists(a.b.c)'",
     "The table does not have the specified index: whatever"},
    {"range", "'IndexName':'global2','ConsistentRead':true",
     "Consistent reads are not supported on global secondary indexes"},
    {"hash", "'ExclusiveStartKey':{}", START ": " MISMATCH},
    {"hash", "'ExclusiveStartKey':{'b':{'S':'a'}}", START ": " MISMATCH},
    {"hash", "'ExclusiveStartKey':{'a':{'N':'1'}}", START ": " MISMATCH},
    {"hash", "'ExclusiveStartKey':{'a':{'S':'a'},'b':{'S':'a'}}",
     START ": " MISMATCH},
    {"hash", "'ExclusiveStartKey':{'a':{'S':''}}",
     START ": One or more parameter values are not valid. The AttributeValue "
           "for a key attribute cannot contain an empty string value. Key: a"},
    {"range", "'ExclusiveStartKey':{'a':{'S':'a'},'c':{'N':'1'}}",
     START ": " MISMATCH},
    {"range", "'IndexName':'local1','ExclusiveStartKey':{}", START},
    {"range",
     "'IndexName':'local1','ExclusiveStartKey':{'a':{'S':'a'},'b':{'S':'a'},"
     "'z':{'S':'a'}}",
     START},
    {"range",
     "'IndexName':'local1','ExclusiveStartKey':{'a':{'S':'a'},'b':{'S':'a'},"
     "'c':{'N':'1'}}",
     MISMATCH},
    {"range",
     "'IndexName':'local1','ExclusiveStartKey':{'a':{'S':'a'},'b':{'N':'1'},"
     "'c':{'S':'a'}}",
     START ": " MISMATCH},
    {"range",
     "'IndexName':'global2','Select':'ALL_ATTRIBUTES',"
     "'ExclusiveStartKey':{'x':{'N':'1'},'y':{'N':'1'},'c':{'S':'a'},"
     "'d':{'N':'1'}}",
     INVALID "Select type ALL_ATTRIBUTES is not supported for global secondary "
             "index global2 because its projection type is not ALL"},
    {"range", "'IndexName':'global2','ProjectionExpression':'a,z,e,f'",
     INVALID "Global secondary index global2 does not project [z, f]"},
    {"hash",
     "'FilterExpression':'attribute_exists(#a.b.c)',"
     "'ExpressionAttributeNames':{'#a':'a'}",
     "Key attributes must be scalars; list random access '[]' and map lookup "
     "'.' are not allowed: Key: a"},
    {"range", "'FilterExpression':'d.e=c'",
     "Key attributes must be scalars; list random access '[]' and map lookup "
     "'.' are not allowed: IndexKey: d"},
    {"range", "'ProjectionExpression':'d[1],b.z'",
     "Key attributes must be scalars; list random access '[]' and map lookup "
     "'.' are not allowed: Key: b"},
};

START_TEST(refuses)
{
    char json[1024];

    snprintf(json, sizeof json, "{'TableName':'%s',%s}", refusals[_i].table,
             refusals[_i].members);
    engine_invalid("Scan", json, refusals[_i].message);
}
END_TEST

START_TEST(refuses_a_table_that_is_not_there)
{
    engine_refuses("Scan", "{'TableName':'none','ExclusiveStartKey':{}}",
                   "ResourceNotFoundException", "Requested resource not found");
}
END_TEST

/* ---- What is found ------------------------------------------------------ */

#define ITEMS 200

/* Item i has a: i % 50, b: i, c: i % 7 unless i is odd, d and e: i. */
static void put_rows(void)
{
    char json[512];

    create_tables();
    for (int i = 0; i < ITEMS; i++) {
        snprintf(json, sizeof json,
                 "{'TableName':'range','Item':{'a':{'S':'%d'},'b':{'S':'%d'},"
                 "'%s':{'S':'%d'},'d':{'N':'%d'},'e':{'N':'%d'}}}",
                 i % 50, i, i % 2 ? "C" : "c", i % 7, i, i);
        engine_does("PutItem", json);
        snprintf(json, sizeof json,
                 "{'TableName':'hash','Item':{'a':{'S':'%d'},'b':{'N':'%d'}}}",
                 i, i);
        engine_does("PutItem", json);
    }
}

/* A Scan to its end; each item's b is counted in seen.  Returns pages. */
static int scan_all(const char *table, const char *members, int limit,
                    int seen[ITEMS])
{
    char json[1024];
    json_t *start = NULL;
    int pages = 0;

    do {
        json_t *body, *got, *item;
        size_t i;

        snprintf(json, sizeof json, "{\"TableName\":\"%s\"%s}", table, members);
        body = json_loads(json, 0, NULL);
        ck_assert_msg(body != NULL, "%s", json);
        if (limit)
            json_object_set_new(body, "Limit", json_integer(limit));
        if (start)
            json_object_set_new(body, "ExclusiveStartKey", start);
        got = engine_ask_tree(200, "Scan", body);
        json_array_foreach(json_object_get(got, "Items"), i, item)
        {
            json_t *b = json_object_get(item, "b");
            const char *text =
                json_string_value(json_object_iter_value(json_object_iter(b)));

            seen[atoi(text)]++;
        }
        start = json_incref(json_object_get(got, "LastEvaluatedKey"));
        json_decref(got);
        pages++;
    } while (start);
    return pages;
}

static const struct {
    const char *table, *members;
    int limit, segments;
    int even; /* only these are in the index */
} scans[] = {
    {"hash", "", 0, 1, 0},
    {"hash", "", 1, 1, 0},
    {"hash", "", 7, 1, 0},
    {"hash", "", 200, 1, 0},
    {"hash", ",\"ConsistentRead\":true", 0, 2, 0},
    {"hash", "", 3, 3, 0},
    {"hash", "", 0, 17, 0},
    {"hash", "", 0, 1000, 0},
    {"range", "", 0, 1, 0},
    {"range", "", 13, 1, 0},
    {"range", "", 2, 5, 0},
    {"range", ",\"IndexName\":\"local1\"", 0, 1, 1},
    {"range", ",\"IndexName\":\"local1\"", 3, 1, 1},
    {"range", ",\"IndexName\":\"local1\",\"ConsistentRead\":true", 3, 4, 1},
    {"range", ",\"IndexName\":\"global2\"", 0, 1, 1},
    {"range", ",\"IndexName\":\"global2\"", 1, 1, 1},
    {"range", ",\"IndexName\":\"global2\"", 3, 9, 1},
};

START_TEST(sees_every_item_in_one_segment_once)
{
    int seen[ITEMS] = {0}, n = scans[_i].segments;
    char members[256];

    for (int segment = 0; segment < n; segment++) {
        snprintf(members, sizeof members, "%s", scans[_i].members);
        if (n > 1)
            snprintf(members, sizeof members,
                     "%s,\"Segment\":%d,\"TotalSegments\":%d",
                     scans[_i].members, segment, n);
        scan_all(scans[_i].table, members, scans[_i].limit, seen);
    }
    for (int i = 0; i < ITEMS; i++)
        ck_assert_int_eq(seen[i], !scans[_i].even || i % 2 == 0);
}
END_TEST

START_TEST(spreads_items_over_segments)
{
    for (int segment = 0; segment < 4; segment++) {
        int seen[ITEMS] = {0}, n = 0;
        char members[64];

        snprintf(members, sizeof members, ",\"Segment\":%d,\"TotalSegments\":4",
                 segment);
        scan_all("hash", members, 0, seen);
        for (int i = 0; i < ITEMS; i++)
            n += seen[i];
        ck_assert_int_gt(n, ITEMS / 8);
    }
}
END_TEST

START_TEST(keeps_partitions_of_a_table_together)
{
    json_t *got = engine_ask(200, "Scan", "{'TableName':'range'}"), *item;
    int seen[50] = {0};
    const char *last = "";
    size_t i;

    json_array_foreach(json_object_get(got, "Items"), i, item)
    {
        const char *a =
            json_string_value(json_object_get(json_object_get(item, "a"), "S"));

        if (strcmp(a, last) != 0)
            seen[atoi(a)]++;
        last = a;
    }
    for (i = 0; i < 50; i++)
        ck_assert_int_eq(seen[i], 1);
    json_decref(got);
}
END_TEST

START_TEST(ends_a_page_by_limit_though_nothing_follows)
{
    int seen[ITEMS] = {0};

    ck_assert_int_eq(scan_all("hash", "", ITEMS, seen), 2);
    ck_assert_int_eq(scan_all("hash", "", ITEMS + 1, seen), 1);
}
END_TEST

START_TEST(refuses_a_start_of_another_segment)
{
    char json[256];
    json_t *got = engine_ask(
        200, "Scan",
        "{'TableName':'hash','Segment':1,'TotalSegments':2,'Limit':1}");
    const char *a = json_string_value(json_object_get(
        json_object_get(json_object_get(got, "LastEvaluatedKey"), "a"), "S"));

    snprintf(json, sizeof json,
             "{'TableName':'hash','Segment':0,'TotalSegments':2,"
             "'ExclusiveStartKey':{'a':{'S':'%s'}}}",
             a);
    engine_invalid("Scan", json,
                   START ": Invalid ExclusiveStartKey. Please use "
                         "ExclusiveStartKey with correct Segment. "
                         "TotalSegments: 2 Segment: 0");
    json_decref(got);
}
END_TEST

START_TEST(filters_by_keys_too)
{
    engine_answers("Scan",
                   "{'TableName':'range','FilterExpression':"
                   "'a=:a and begins_with(b,:b)','ProjectionExpression':'b,d',"
                   "'ExpressionAttributeValues':{':a':{'S':'7'},':b':{'S':'15'"
                   "}}}",
                   "{'Items':[{'b':{'S':'157'},'d':{'N':'157'}}],'Count':1,"
                   "'ScannedCount':200}");
}
END_TEST

/* A Query would be refused: a Scan finds nothing. */
START_TEST(filter_sees_only_what_an_index_has)
{
    engine_answers("Scan",
                   "{'TableName':'range','IndexName':'local1','Select':'COUNT',"
                   "'FilterExpression':'attribute_exists(e)'}",
                   "{'Count':0,'ScannedCount':100}");
    engine_answers("Scan",
                   "{'TableName':'range','IndexName':'global2',"
                   "'Select':'COUNT','FilterExpression':'attribute_exists(e)'}",
                   "{'Count':100,'ScannedCount':100}");
}
END_TEST

START_TEST(reads_items_for_a_local_index)
{
    engine_answers("Scan",
                   "{'TableName':'range','IndexName':'local1',"
                   "'FilterExpression':'b=:b','Select':'ALL_ATTRIBUTES',"
                   "'ExpressionAttributeValues':{':b':{'S':'44'}}}",
                   "{'Items':[{'a':{'S':'44'},'b':{'S':'44'},'c':{'S':'2'},"
                   "'d':{'N':'44'},'e':{'N':'44'}}],'Count':1,"
                   "'ScannedCount':100}");
}
END_TEST

START_TEST(survives_no_memory)
{
    engine_survives_nomem(
        "Scan",
        "{'TableName':'range','IndexName':'local1','Limit':2,'Segment':0,"
        "'TotalSegments':2,'FilterExpression':'a<>:a',"
        "'ProjectionExpression':'b,e','ReturnConsumedCapacity':'INDEXES',"
        "'ExpressionAttributeValues':{':a':{'S':'x'}}}");
}
END_TEST

Suite *suite_local_scan(void)
{
    Suite *s = suite_create("local_scan");
    TCase *refused = tcase_create("refusals");
    TCase *rows = tcase_create("rows");

    tcase_add_checked_fixture(refused, create_tables, engine_teardown);
    tcase_add_loop_test(refused, refuses, 0, ROWS(refusals));
    tcase_add_test(refused, refuses_a_table_that_is_not_there);
    suite_add_tcase(s, refused);

    tcase_add_checked_fixture(rows, put_rows, engine_teardown);
    tcase_add_loop_test(rows, sees_every_item_in_one_segment_once, 0,
                        ROWS(scans));
    tcase_add_test(rows, spreads_items_over_segments);
    tcase_add_test(rows, keeps_partitions_of_a_table_together);
    tcase_add_test(rows, ends_a_page_by_limit_though_nothing_follows);
    tcase_add_test(rows, refuses_a_start_of_another_segment);
    tcase_add_test(rows, filters_by_keys_too);
    tcase_add_test(rows, filter_sees_only_what_an_index_has);
    tcase_add_test(rows, reads_items_for_a_local_index);
    tcase_add_test(rows, survives_no_memory);
    suite_add_tcase(s, rows);
    return s;
}
