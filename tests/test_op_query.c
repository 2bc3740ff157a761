/* SPDX-License-Identifier: MIT */
/* Query and Scan, pages, pagers and counts over a scripted transport. */
#include "asked.h"
#include "tests.h"

#include <stdio.h>
#include <string.h>

#define KEY "{'id':{'S':'a'}}"
#define BASE                                                                   \
    "'TableName':'users','KeyConditionExpression':'id = :id',"                 \
    "'ExpressionAttributeValues':{':id':{'S':'a'}}"

static ddb_item *values, *start;

static void setup(void)
{
    asked_setup();
    values = item("{':id':{'S':'a'}}");
    start = item("{'id':{'S':'a'},'at':{'N':'7'}}");
}

static void teardown(void)
{
    ddb_item_free(start);
    ddb_item_free(values);
    asked_teardown();
}

/* A query as most of them are. */
static ddb_query_in plain(void)
{
    return (ddb_query_in){
        .table = "users", .key_condition = "id = :id", .values = values};
}

/* ---- One page ----------------------------------------------------------- */

START_TEST(queries_a_page)
{
    ddb_query_in in = plain();
    ddb_page *page = NULL;

    answer("{'Items':[{'id':{'S':'a'},'at':{'N':'1'}},"
           "{'id':{'S':'a'},'at':{'N':'2'}}],'Count':2,'ScannedCount':3,"
           "'LastEvaluatedKey':{'id':{'S':'a'},'at':{'N':'2'}}}");
    ck_assert_int_eq(ddb_query(client, &in, &page, &err), DDB_OK);
    asked(0, "Query", "{" BASE "}");
    ck_assert_uint_eq(ddb_page_count(page), 2);
    is_item(ddb_page_item(page, 0), "{'id':{'S':'a'},'at':{'N':'1'}}");
    is_item(ddb_page_item(page, 1), "{'id':{'S':'a'},'at':{'N':'2'}}");
    ck_assert_ptr_null(ddb_page_item(page, 2));
    ck_assert_int_eq(ddb_page_matched(page), 2);
    ck_assert_int_eq(ddb_page_scanned(page), 3);
    is_item(ddb_page_last_key(page), "{'id':{'S':'a'},'at':{'N':'2'}}");
    ck_assert_int_eq(ddb_page_left(page, 0), 0);
    ddb_page_free(page);
}
END_TEST

START_TEST(queries_with_all_options)
{
    static const ddb_name names[] = {{"#n", "name"}, {0}};
    ddb_capacity used = {0};
    ddb_query_in in = plain();
    ddb_page *page = NULL;

    in.index = "by_name";
    in.filter = "#n <> :id";
    in.projection = "#n";
    in.names = names;
    in.exclusive_start_key = start;
    in.consistent_read = 1;
    in.backward = 1;
    in.limit = 10;
    in.consumed = &used;
    answer("{'ConsumedCapacity':{'CapacityUnits':3},'Count':0,'Items':[]}");
    ck_assert_int_eq(ddb_query(client, &in, &page, &err), DDB_OK);
    asked(0, "Query",
          "{" BASE ",'IndexName':'by_name','FilterExpression':'#n <> :id',"
          "'ProjectionExpression':'#n',"
          "'ExpressionAttributeNames':{'#n':'name'},"
          "'ExclusiveStartKey':{'id':{'S':'a'},'at':{'N':'7'}},"
          "'ConsistentRead':true,'ScanIndexForward':false,'Limit':10,"
          "'ReturnConsumedCapacity':'INDEXES'}");
    ck_assert_double_eq(used.units, 3);
    ck_assert_ptr_null(ddb_page_last_key(page));
    ddb_page_free(page);
}
END_TEST

START_TEST(scans_a_segment)
{
    ddb_page *page = NULL;

    answer("{'Count':0,'Items':[]}");
    ck_assert_int_eq(
        ddb_scan(client, &(ddb_query_in){.table = "users", .total_segments = 4},
                 &page, &err),
        DDB_OK);
    asked(0, "Scan", "{'TableName':'users','Segment':0,'TotalSegments':4}");
    ddb_page_free(page);
    answer("{'Count':0,'Items':[]}");
    ck_assert_int_eq(ddb_scan(client,
                              &(ddb_query_in){.table = "users",
                                              .segment = 3,
                                              .total_segments = 4,
                                              .filter = "id = :id",
                                              .values = values},
                              &page, &err),
                     DDB_OK);
    asked(1, "Scan",
          "{'TableName':'users','Segment':3,'TotalSegments':4,"
          "'FilterExpression':'id = :id',"
          "'ExpressionAttributeValues':{':id':{'S':'a'}}}");
    ddb_page_free(page);
}
END_TEST

static const struct {
    ddb_select select;
    const char *text;
} selects[] = {
    {DDB_SELECT_ALL_ATTRIBUTES, "ALL_ATTRIBUTES"},
    {DDB_SELECT_ALL_PROJECTED, "ALL_PROJECTED_ATTRIBUTES"},
    {DDB_SELECT_COUNT, "COUNT"},
};

START_TEST(asks_for_what_is_selected)
{
    ddb_query_in in = plain();
    ddb_page *page = NULL;
    char body[512];

    in.index = "by_name";
    in.select = selects[_i].select;
    answer("{'Count':5,'ScannedCount':9,'Items':[]}");
    ck_assert_int_eq(ddb_query(client, &in, &page, &err), DDB_OK);
    snprintf(body, sizeof body,
             "{" BASE ",'IndexName':'by_name','Select':'%s'}",
             selects[_i].text);
    asked(0, "Query", body);
    ck_assert_int_eq(ddb_page_matched(page), 5);
    ck_assert_int_eq(ddb_page_scanned(page), 9);
    ddb_page_free(page);
}
END_TEST

static const char *const last_pages[] = {
    "{'Count':0,'Items':[]}",
    "{'Count':0,'Items':[],'LastEvaluatedKey':null}",
    "{'Count':0,'Items':[],'LastEvaluatedKey':{}}",
};

START_TEST(knows_the_last_page)
{
    ddb_query_in in = plain();
    ddb_page *page = NULL;

    answer(last_pages[_i]);
    ck_assert_int_eq(ddb_query(client, &in, &page, &err), DDB_OK);
    ck_assert_ptr_null(ddb_page_last_key(page));
    ddb_page_free(page);
}
END_TEST

static const char *const garbled[] = {
    "{}", /* somebody else's answer is no empty page */
    "{'Count':0}",
    "{'Items':[]}",
    "{'Count':1,'Items':[{'id':{'S':'a'}}",
    "{'Count':1,'Items':[{'id':{'S':'a'}},5]}",
    "{'Count':1,'Items':{'id':{'S':'a'}}}",
    "{'Count':'1','Items':[]}",
    "{'Count':1.5,'Items':[]}",
    "{'Count':-1,'Items':[]}",
    "{'Count':0,'ScannedCount':-1,'Items':[]}",
    "{'Count':0,'Items':[],'LastEvaluatedKey':7}",
};

START_TEST(refuses_a_garbled_page)
{
    ddb_query_in in = plain();
    ddb_page *page = NULL;

    for (int i = 0; i < 4; i++)
        answer(garbled[_i]);
    ck_assert_int_eq(ddb_query(client, &in, &page, &err), DDB_BAD_ANSWER);
    ck_assert_int_eq(err.code, DDB_BAD_ANSWER);
    ck_assert_ptr_null(page);
}
END_TEST

START_TEST(a_garbled_page_tells_its_request)
{
    ddb_query_in in = plain();
    ddb_page *page = NULL;

    answer("{}");
    ck_assert_int_eq(ddb_query(client, &in, &page, &err), DDB_BAD_ANSWER);
    ck_assert_str_eq(err.request_id, "FAKEREQUESTID");
    ck_assert_int_eq(err.http_status, 200);
}
END_TEST

/* ---- Refusals ----------------------------------------------------------- */

static const ddb_name some_names[] = {{"#n", "name"}, {0}};

#define QUERY .table = "users", .key_condition = "id = :id"

static const struct {
    const char *why;
    ddb_query_in in;
} bad_queries[] = {
    {"key_condition", {.table = "users"}},
    {"able", {.key_condition = "id = :id"}},
    {"segment", {QUERY, .segment = 1}},
    {"segment", {QUERY, .total_segments = 2}},
    {"limit", {QUERY, .limit = -1}},
    {"max_items", {QUERY, .max_items = -1}},
    {"timeout_ms", {QUERY, .timeout_ms = -1}},
    {"select", {QUERY, .select = (ddb_select)9}},
    {"projection", {QUERY, .select = DDB_SELECT_COUNT, .projection = "a"}},
    {"projection",
     {QUERY, .select = DDB_SELECT_ALL_ATTRIBUTES, .projection = "a"}},
    {"index", {QUERY, .select = DDB_SELECT_ALL_PROJECTED}},
    {"KeyConditionExpression", {.table = "users", .key_condition = ""}},
    {"FilterExpression", {QUERY, .filter = ""}},
};

static const struct {
    const char *why;
    ddb_query_in in;
} bad_scans[] = {
    {"key_condition", {.table = "users", .key_condition = "id = :id"}},
    {"backward", {.table = "users", .backward = 1}},
    {"segment", {.table = "users", .segment = 1}},
    {"segment", {.table = "users", .segment = -1, .total_segments = 2}},
    {"segment", {.table = "users", .segment = 2, .total_segments = 2}},
    {"total_segments", {.table = "users", .total_segments = -1}},
    {"names", {.table = "users", .names = some_names}},
};

START_TEST(refuses_what_is_no_query)
{
    const ddb_query_in *in = &bad_queries[_i].in;
    ddb_pager *pager = NULL;
    ddb_page *page = NULL;
    int64_t n = 1;

    REFUSED(ddb_query(client, in, &page, &err), bad_queries[_i].why);
    ck_assert_ptr_null(page);
    if (in->select == DDB_SELECT_DEFAULT)
        REFUSED(ddb_query_open(client, in, &pager, &err), bad_queries[_i].why);
    ck_assert_ptr_null(pager);
    if (in->select == DDB_SELECT_DEFAULT)
        REFUSED(ddb_query_count(client, in, &n, &err), bad_queries[_i].why);
}
END_TEST

START_TEST(refuses_what_is_no_scan)
{
    const ddb_query_in *in = &bad_scans[_i].in;
    ddb_pager *pager = NULL;
    ddb_page *page = NULL;
    int64_t n = 1;

    REFUSED(ddb_scan(client, in, &page, &err), bad_scans[_i].why);
    REFUSED(ddb_scan_open(client, in, &pager, &err), bad_scans[_i].why);
    REFUSED(ddb_scan_count(client, in, &n, &err), bad_scans[_i].why);
}
END_TEST

START_TEST(refuses_what_another_function_does)
{
    ddb_query_in in = plain();
    ddb_pager *pager = NULL;
    ddb_page *page = NULL;
    int64_t n;

    in.max_items = 5;
    REFUSED(ddb_query(client, &in, &page, &err), "limit");
    REFUSED(ddb_query_count(client, &in, &n, &err), "max_items");
    in.max_items = 0;
    in.select = DDB_SELECT_COUNT;
    REFUSED(ddb_query_open(client, &in, &pager, &err), "ddb_query_count()");
    REFUSED(ddb_scan_open(client, &in, &pager, &err), "ddb_scan_count()");
    in.select = DDB_SELECT_ALL_ATTRIBUTES;
    REFUSED(ddb_query_count(client, &in, &n, &err), "count");
    in.select = DDB_SELECT_DEFAULT;
    in.projection = "id";
    REFUSED(ddb_query_count(client, &in, &n, &err), "projection");
}
END_TEST

START_TEST(refuses_values_that_nothing_uses)
{
    ddb_query_in in = {.table = "users", .values = values, .projection = "id"};
    ddb_page *page = NULL;

    REFUSED(ddb_scan(client, &in, &page, &err), "values");
}
END_TEST

/* ---- Pagers ------------------------------------------------------------- */

/* A page of items at..at+n-1; more: it has a last key. */
static void play_page(int at, int n, int more)
{
    char text[4096] = "{'Items':[";
    size_t used = strlen(text);

    for (int i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "%s{'id':{'S':'a'},'at':{'N':'%d'}}",
                                 i > 0 ? "," : "", at + i);
    used += (size_t)snprintf(text + used, sizeof text - used,
                             "],'Count':%d,'ScannedCount':%d", n, n);
    if (more)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 ",'LastEvaluatedKey':{'id':{'S':'a'},"
                                 "'at':{'N':'%d'}}",
                                 at + n - 1);
    snprintf(text + used, sizeof text - used, "}");
    answer(text);
}

/* The next item is the one of this number. */
static void next_is(ddb_pager *p, int64_t number)
{
    const ddb_item *it = NULL;
    int64_t got = -1;

    ck_assert_int_eq(ddb_pager_next(p, &it, &err), DDB_OK);
    ck_assert_int_eq(ddb_value_i64(ddb_item_get(it, "at"), &got), DDB_OK);
    ck_assert_int_eq(got, number);
}

static void ends(ddb_pager *p)
{
    const ddb_item *it = values;

    ck_assert_int_eq(ddb_pager_next(p, &it, &err), DDB_NOT_FOUND);
    ck_assert_int_eq(err.code, DDB_NOT_FOUND);
    ck_assert_ptr_null(it);
}

START_TEST(iterates_over_all_pages)
{
    ddb_query_in in = plain();
    ddb_pager *p = NULL;

    ck_assert_int_eq(ddb_query_open(client, &in, &p, &err), DDB_OK);
    ck_assert_uint_eq(fake_count(fk), 0);
    play_page(0, 3, 1);
    play_page(4, 0, 1); /* empty, and not the last: the key tells */
    play_page(3, 2, 0);
    for (int i = 0; i < 5; i++)
        next_is(p, i);
    ends(p);
    ends(p);
    asked(0, "Query", "{" BASE "}");
    asked(1, "Query",
          "{" BASE ",'ExclusiveStartKey':{'id':{'S':'a'},'at':{'N':'2'}}}");
    asked(2, "Query",
          "{" BASE ",'ExclusiveStartKey':{'id':{'S':'a'},'at':{'N':'3'}}}");
    ck_assert_uint_eq(fake_count(fk), 3);
    ddb_pager_close(p);
}
END_TEST

START_TEST(a_pager_keeps_what_it_was_given)
{
    ddb_name names[] = {{"#n", "name"}, {0}};
    char table[] = "users", condition[] = "id = :id", filter[] = "#n <> :id";
    ddb_query_in in = {.table = table,
                       .key_condition = condition,
                       .filter = filter,
                       .names = names,
                       .values = item("{':id':{'S':'a'}}"),
                       .exclusive_start_key =
                           item("{'id':{'S':'a'},'at':{'N':'7'}}"),
                       .backward = 1,
                       .limit = 50};
    ddb_pager *p = NULL;

    ck_assert_int_eq(ddb_query_open(client, &in, &p, &err), DDB_OK);
    ddb_item_free((ddb_item *)in.values);
    ddb_item_free((ddb_item *)in.exclusive_start_key);
    memset(table, 'x', sizeof table - 1);
    memset(condition, 'x', sizeof condition - 1);
    memset(filter, 'x', sizeof filter - 1);
    memset(names, 0, sizeof names);
    memset(&in, 0xff, sizeof in);
    play_page(0, 1, 1);
    play_page(1, 1, 0);
    next_is(p, 0);
    next_is(p, 1);
    ends(p);
#define REST                                                                   \
    BASE ",'FilterExpression':'#n <> :id',"                                    \
         "'ExpressionAttributeNames':{'#n':'name'},"                           \
         "'ScanIndexForward':false,'Limit':50"
    asked(0, "Query",
          "{" REST ",'ExclusiveStartKey':{'id':{'S':'a'},'at':{'N':'7'}}}");
    asked(1, "Query",
          "{" REST ",'ExclusiveStartKey':{'id':{'S':'a'},'at':{'N':'0'}}}");
    ddb_pager_close(p);
}
END_TEST

START_TEST(goes_on_after_a_failure)
{
    ddb_query_in in = plain();
    const ddb_item *it = NULL;
    ddb_pager *p = NULL;

    ck_assert_int_eq(ddb_query_open(client, &in, &p, &err), DDB_OK);
    play_page(0, 2, 1);
    next_is(p, 0);
    next_is(p, 1);
    fake_error(fk, 400, "AccessDeniedException", "not now");
    ck_assert_int_eq(ddb_pager_next(p, &it, &err), DDB_ACCESS_DENIED);
    ck_assert_ptr_null(it);
    answer("{'Items':[{'at':{'N':'2'}},{'at':7}],'Count':2}");
    ck_assert_int_eq(ddb_pager_next(p, &it, &err), DDB_BAD_ANSWER);
    ck_assert_ptr_null(it);
    play_page(2, 2, 0);
    next_is(p, 2);
    next_is(p, 3);
    ends(p);
    for (size_t i = 1; i < 4; i++)
        asked(i, "Query",
              "{" BASE ",'ExclusiveStartKey':{'id':{'S':'a'},'at':{'N':'1'}}}");
    ddb_pager_close(p);
}
END_TEST

START_TEST(repeats_each_page)
{
    ddb_query_in in = plain();
    ddb_pager *p = NULL;

    ck_assert_int_eq(ddb_query_open(client, &in, &p, &err), DDB_OK);
    fake_error(fk, 500, "InternalServerError", "");
    play_page(0, 1, 1);
    fake_failure(fk, DDB_NETWORK);
    play_page(1, 1, 0);
    next_is(p, 0);
    next_is(p, 1);
    ends(p);
    ck_assert_uint_eq(fake_count(fk), 4);
    ddb_pager_close(p);
}
END_TEST

START_TEST(stops_where_a_server_goes_in_circles)
{
    ddb_query_in in = plain();
    const ddb_item *it = NULL;
    ddb_pager *p = NULL;

    ck_assert_int_eq(ddb_query_open(client, &in, &p, &err), DDB_OK);
    for (int i = 0; i < 2; i++)
        answer("{'Items':[],'Count':0,'LastEvaluatedKey':" KEY "}");
    ck_assert_int_eq(ddb_pager_next(p, &it, &err), DDB_BAD_ANSWER);
    ck_assert_uint_eq(fake_count(fk), 2);
    ddb_pager_close(p);
}
END_TEST

/* max_items and limit, and what Limit the pages of three then ask for; 0:
 * none. */
static const struct {
    int64_t max_items;
    int limit;
    int filtered;
    int asked[4]; /* -1: not asked any more */
} limits[] = {
    {7, 0, 0, {7, 4, 1, -1}},
    {6, 0, 0, {6, 3, -1, -1}},
    {7, 5, 0, {5, 4, 1, -1}},
    {7, 0, 1, {0, 0, 0, -1}},
    {7, 5, 1, {5, 5, 5, -1}},
    {0, 5, 0, {5, 5, 5, 5}},
    {INT64_C(1) << 40, 0, 0, {0, 0, 0, 0}},
};

START_TEST(asks_for_what_is_wanted)
{
    ddb_query_in in = plain();
    ddb_pager *p = NULL;
    int64_t most = limits[_i].max_items;
    int n = most > 0 && most < 12 ? (int)most : 12;
    size_t requests = 0;

    in.max_items = most;
    in.limit = limits[_i].limit;
    in.filter = limits[_i].filtered ? "v <> :id" : NULL;
    ck_assert_int_eq(ddb_query_open(client, &in, &p, &err), DDB_OK);
    for (int i = 0; i < 4; i++) {
        int want = limits[_i].asked[i];

        /* No more than was asked for; three at most. */
        play_page(3 * i, want > 0 && want < 3 ? want : 3, i < 3);
        requests += want >= 0;
    }
    for (int i = 0; i < n; i++)
        next_is(p, i);
    ends(p);
    ck_assert_uint_eq(fake_count(fk), requests);
    for (size_t i = 0; i < requests; i++) {
        const char *body = fake_request(fk, i)->body;
        const char *at = strstr(body, "\"Limit\":");
        int got = 0;

        if (at != NULL)
            sscanf(at, "\"Limit\":%d", &got);
        ck_assert_msg(got == limits[_i].asked[i], "%s", body);
    }
    ddb_pager_close(p);
}
END_TEST

START_TEST(scans_all_pages)
{
    ddb_capacity used = {0};
    ddb_pager *p = NULL;

    ck_assert_int_eq(
        ddb_scan_open(client,
                      &(ddb_query_in){.table = "users", .consumed = &used}, &p,
                      &err),
        DDB_OK);
    answer("{'Items':[{'at':{'N':'0'}}],'Count':1,"
           "'ConsumedCapacity':{'CapacityUnits':1},'LastEvaluatedKey':" KEY
           "}");
    answer("{'Items':[{'at':{'N':'1'}}],'Count':1,"
           "'ConsumedCapacity':{'CapacityUnits':1.5}}");
    next_is(p, 0);
    next_is(p, 1);
    ends(p);
    ck_assert_double_eq(used.units, 2.5);
    asked(1, "Scan",
          "{'TableName':'users','ExclusiveStartKey':" KEY ","
          "'ReturnConsumedCapacity':'INDEXES'}");
    ddb_pager_close(p);
}
END_TEST

START_TEST(closes_nothing)
{
    ddb_pager_close(NULL);
    ddb_page_free(NULL);
}
END_TEST

/* ---- Counts ------------------------------------------------------------- */

START_TEST(counts_over_all_pages)
{
    ddb_query_in in = plain();
    int64_t n = 0;

    in.filter = "v <> :id";
    in.limit = 1000;
    answer("{'Count':5000000000,'ScannedCount':5000000000,"
           "'LastEvaluatedKey':" KEY "}");
    answer("{'Count':0,'ScannedCount':10,'LastEvaluatedKey':{'id':{'S':'b'}}}");
    answer("{'Count':7,'ScannedCount':7}");
    ck_assert_int_eq(ddb_query_count(client, &in, &n, &err), DDB_OK);
    ck_assert_int_eq(n, INT64_C(5000000007));
    asked(0, "Query",
          "{" BASE ",'FilterExpression':'v <> :id','Select':'COUNT',"
          "'Limit':1000}");
    asked(1, "Query",
          "{" BASE ",'FilterExpression':'v <> :id','Select':'COUNT',"
          "'Limit':1000,'ExclusiveStartKey':" KEY "}");
    ck_assert_uint_eq(fake_count(fk), 3);
}
END_TEST

START_TEST(a_count_that_fails_gives_no_number)
{
    int64_t n = 5;

    answer("{'Count':5,'ScannedCount':5,'LastEvaluatedKey':" KEY "}");
    fake_error(fk, 400, "AccessDeniedException", "");
    ck_assert_int_eq(
        ddb_scan_count(client, &(ddb_query_in){.table = "users"}, &n, &err),
        DDB_ACCESS_DENIED);
    ck_assert_int_eq(n, 0);
}
END_TEST

START_TEST(a_count_needs_a_number)
{
    int64_t n;

    for (int i = 0; i < 4; i++)
        answer("{'Items':[]}");
    ck_assert_int_eq(
        ddb_scan_count(client, &(ddb_query_in){.table = "users"}, &n, &err),
        DDB_BAD_ANSWER);
}
END_TEST

START_TEST(a_count_does_not_overflow)
{
    int64_t n;

    answer("{'Count':9223372036854775807,'LastEvaluatedKey':" KEY "}");
    answer("{'Count':1}");
    ck_assert_int_eq(
        ddb_scan_count(client, &(ddb_query_in){.table = "users"}, &n, &err),
        DDB_BAD_ANSWER);
    ck_assert_int_eq(n, 0);
}
END_TEST

/* ---- Out of memory ------------------------------------------------------ */

static void play_two(void)
{
    play_page(0, 40, 1);
    play_page(40, 1, 0);
}

static ddb_code one(ddb_client *c)
{
    ddb_query_in in = plain();
    ddb_page *page = NULL;
    ddb_code code = ddb_query(c, &in, &page, NULL);

    ck_assert((page != NULL) == (code == DDB_OK));
    ddb_page_free(page);
    return code;
}

static ddb_code all(ddb_client *c)
{
    ddb_query_in in = plain();
    const ddb_item *it = NULL;
    ddb_pager *p = NULL;
    ddb_code code;
    int n = 0;

    in.exclusive_start_key = start;
    code = ddb_query_open(c, &in, &p, NULL);
    ck_assert((p != NULL) == (code == DDB_OK));
    while (code == DDB_OK) {
        if ((code = ddb_pager_next(p, &it, NULL)) == DDB_OK)
            n++;
    }
    ddb_pager_close(p);
    if (code != DDB_NOT_FOUND)
        return code;
    ck_assert_int_eq(n, 41);
    return DDB_OK;
}

static ddb_code count(ddb_client *c)
{
    ddb_query_in in = plain();
    int64_t n;
    ddb_code code = ddb_query_count(c, &in, &n, NULL);

    ck_assert_int_eq(n, code == DDB_OK ? 41 : 0);
    return code;
}

START_TEST(survive_nomem)
{
    survives_nomem(play_two, one);
    survives_nomem(play_two, all);
    survives_nomem(play_two, count);
}
END_TEST

static ddb_code again_and_again(ddb_client *c)
{
    ddb_query_in in = plain();
    const ddb_item *it = NULL;
    ddb_pager *p = NULL;
    ddb_code code = ddb_query_open(c, &in, &p, NULL);
    ddb_code first = code;

    /* The failure first met is what the loop is told; where memory does not
     * come back it is enough to have tried again. */
    for (int n = 0, tries = 0; code == DDB_OK && n < 41 && tries < 100;
         tries++) {
        ddb_code next = ddb_pager_next(p, &it, NULL);

        if (next == DDB_OK) {
            int64_t at = -1;

            ck_assert_int_eq(ddb_value_i64(ddb_item_get(it, "at"), &at),
                             DDB_OK);
            ck_assert_int_eq(at, n++);
        } else {
            ck_assert_int_eq(next, DDB_NOMEM);
            first = next;
            /* The answer that could not be kept comes again. */
            fake_reset(fk);
            if (n < 40)
                play_page(0, 40, 1);
            play_page(40, 1, 0);
        }
    }
    ddb_pager_close(p);
    return first;
}

START_TEST(a_pager_goes_on_after_nomem)
{
    survives_nomem(play_two, again_and_again);
}
END_TEST

Suite *suite_op_query(void)
{
    Suite *s = suite_create("op_query");
    TCase *t = tcase_create("page");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, queries_a_page);
    tcase_add_test(t, queries_with_all_options);
    tcase_add_test(t, scans_a_segment);
    tcase_add_loop_test(t, asks_for_what_is_selected, 0, ROWS(selects));
    tcase_add_loop_test(t, knows_the_last_page, 0, ROWS(last_pages));
    tcase_add_loop_test(t, refuses_a_garbled_page, 0, ROWS(garbled));
    tcase_add_test(t, a_garbled_page_tells_its_request);
    suite_add_tcase(s, t);

    t = tcase_create("refuse");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, refuses_what_is_no_query, 0, ROWS(bad_queries));
    tcase_add_loop_test(t, refuses_what_is_no_scan, 0, ROWS(bad_scans));
    tcase_add_test(t, refuses_what_another_function_does);
    tcase_add_test(t, refuses_values_that_nothing_uses);
    suite_add_tcase(s, t);

    t = tcase_create("pager");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, iterates_over_all_pages);
    tcase_add_test(t, a_pager_keeps_what_it_was_given);
    tcase_add_test(t, goes_on_after_a_failure);
    tcase_add_test(t, repeats_each_page);
    tcase_add_test(t, stops_where_a_server_goes_in_circles);
    tcase_add_loop_test(t, asks_for_what_is_wanted, 0, ROWS(limits));
    tcase_add_test(t, scans_all_pages);
    tcase_add_test(t, closes_nothing);
    suite_add_tcase(s, t);

    t = tcase_create("count");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, counts_over_all_pages);
    tcase_add_test(t, a_count_that_fails_gives_no_number);
    tcase_add_test(t, a_count_needs_a_number);
    tcase_add_test(t, a_count_does_not_overflow);
    suite_add_tcase(s, t);

    t = tcase_create("memory");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, survive_nomem);
    tcase_add_test(t, a_pager_goes_on_after_nomem);
    suite_add_tcase(s, t);
    return s;
}
