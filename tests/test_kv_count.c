/* SPDX-License-Identifier: MIT */
#include "kvfix.h"

#define MORE(k)                                                                \
    ",\"LastEvaluatedKey\":{\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"" k  \
    "\"}}"

/* ---- Exactly ------------------------------------------------------------ */

START_TEST(counts_over_all_pages)
{
    const ddb_kv_range range = {.prefix = ddb_str("p")};
    int64_t n;

    fake_answer(f, "{\"Count\":3,\"ScannedCount\":4" MORE("pc") "}");
    fake_answer(f, "{\"Count\":0,\"ScannedCount\":9" MORE("px") "}");
    fake_answer(f, "{\"Count\":2,\"ScannedCount\":2}");
    ck_assert_int_eq(ddb_kv_count(kv, &range, &n, &err), DDB_OK);
    ck_assert_int_eq(n, 5);
    ck_assert_uint_eq(fake_count(f), 3);
    kvfix_request(0, "Query",
                  "{\"TableName\":\"tab\",\"KeyConditionExpression\":"
                  "\"#n = :n AND begins_with(#k, :p)\","
                  "\"FilterExpression\":\"NOT #t <= :now\","
                  "\"ExpressionAttributeNames\":{\"#n\":"
                  "\"namespace\",\"#k\":\"key\",\"#t\":\"ttl\"},"
                  "\"ExpressionAttributeValues\":{\":n\":{\"S\":\"ns\"},"
                  "\":p\":{\"S\":\"p\"},\":now\":{\"N\":\"" KVFIX_NOW "\"}},"
                  "\"Select\":\"COUNT\",\"ConsistentRead\":true}");
}
END_TEST

/* A name that no expression uses is refused by the service. */
START_TEST(count_of_all_names_no_key)
{
    int64_t n;

    fake_answer(f, "{\"Count\":3,\"ScannedCount\":4}");
    ck_assert_int_eq(ddb_kv_count(kv, NULL, &n, &err), DDB_OK);
    ck_assert_int_eq(n, 3);
    ck_assert_ptr_null(strstr(fake_request(f, 0)->body, "#k"));
}
END_TEST

START_TEST(count_of_what_cannot_be_makes_no_call)
{
    const ddb_kv_range range = {.from = ddb_str("b"), .to = ddb_str("a")};
    int64_t n = 9;

    ck_assert_int_eq(ddb_kv_count(kv, &range, &n, &err), DDB_OK);
    ck_assert_int_eq(n, 0);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

/* Whether it has expired is to be seen in each item. */
START_TEST(counts_by_looking_where_no_expression_can_tell)
{
    const ddb_kv_schema schema = {
        .ttl = "expire", .updated = "since", .relative_ttl = 1};
    const ddb_kv_options opt = {
        .table = "tab", .name_space = "ns", .schema = &schema};
    int64_t n;

    ddb_kv_close(kv);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &kv, &err), DDB_OK);
    fake_answer(f, "{\"Items\":["
                   "{\"key\":{\"S\":\"a\"},\"expire\":{\"N\":\"0\"},"
                   "\"since\":{\"N\":\"5\"}},"
                   "{\"key\":{\"S\":\"b\"},\"expire\":{\"N\":\"10\"},"
                   "\"since\":{\"N\":\"5\"}}],\"Count\":2" MORE("b") "}");
    fake_answer(f, "{\"Items\":["
                   "{\"key\":{\"S\":\"c\"},\"expire\":{\"N\":\"10\"},"
                   "\"since\":{\"N\":\"" KVFIX_NOW "\"}},"
                   "{\"key\":{\"S\":\"d\"}}],\"Count\":2}");
    ck_assert_int_eq(ddb_kv_count(kv, NULL, &n, &err), DDB_OK);
    ck_assert_int_eq(n, 3);
    ck_assert_ptr_null(strstr(fake_request(f, 0)->body, "FilterExpression"));
    ck_assert_ptr_null(strstr(fake_request(f, 0)->body, "\"#v\""));
}
END_TEST

START_TEST(a_count_that_fails_is_none)
{
    int64_t n = 7;

    fake_answer(f, "{\"Count\":3,\"ScannedCount\":4" MORE("pc") "}");
    fake_error(f, 400, "AccessDeniedException", "no");
    ck_assert_int_eq(ddb_kv_count(kv, NULL, &n, &err), DDB_ACCESS_DENIED);
    ck_assert_int_eq(n, 0);
}
END_TEST

/* ---- About -------------------------------------------------------------- */

#define TABLE "{\"Table\":{\"TableName\":\"tab\",\"ItemCount\":1234567890123}}"

START_TEST(estimate_is_what_the_service_has_counted)
{
    int64_t n;

    fake_answer(f, TABLE);
    ck_assert_int_eq(ddb_kv_estimate(kv, &n, &err), DDB_OK);
    ck_assert_int_eq(n, 1234567890123);
    ck_assert_uint_eq(fake_count(f), 1);
    kvfix_request(0, "DescribeTable", "{\"TableName\":\"tab\"}");
}
END_TEST

START_TEST(estimate_of_no_table_is_none)
{
    int64_t n = 7;

    fake_error(f, 400, "ResourceNotFoundException", "no such table");
    ck_assert_int_eq(ddb_kv_estimate(kv, &n, NULL), DDB_NO_TABLE);
    ck_assert_int_eq(n, 0);
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

static ddb_code count_all(void)
{
    int64_t n;

    return ddb_kv_count(kv, NULL, &n, &err);
}

static ddb_code estimate(void)
{
    int64_t n;

    return ddb_kv_estimate(kv, &n, &err);
}

static void two_pages(void)
{
    fake_answer(f, "{\"Count\":3,\"ScannedCount\":4" MORE("pc") "}");
    fake_answer(f, "{\"Count\":2,\"ScannedCount\":2}");
}

START_TEST(survives_every_failing_allocation)
{
    KVFIX_OOM(two_pages(), count_all());
    KVFIX_OOM(fake_answer(f, TABLE), estimate());
}
END_TEST

Suite *suite_kv_count(void)
{
    Suite *s = suite_create("kv_count");
    TCase *tc = tcase_create("kv_count");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, counts_over_all_pages);
    tcase_add_test(tc, count_of_all_names_no_key);
    tcase_add_test(tc, count_of_what_cannot_be_makes_no_call);
    tcase_add_test(tc, counts_by_looking_where_no_expression_can_tell);
    tcase_add_test(tc, a_count_that_fails_is_none);
    tcase_add_test(tc, estimate_is_what_the_service_has_counted);
    tcase_add_test(tc, estimate_of_no_table_is_none);
    tcase_add_test(tc, survives_every_failing_allocation);
    suite_add_tcase(s, tc);
    return s;
}
