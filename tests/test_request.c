/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/alloc.h"
#include "base/err.h"
#include "oom.h"
#include "wire/request.h"

#include <stdio.h>
#include <string.h>

static ddbi_buf body;
static ddb_err err;
static ddbi_req q;

static void setup(void)
{
    memset(&err, 0, sizeof err);
    ddbi_req_begin(&q, &body, &err);
}

static void teardown(void)
{
    ddbi_buf_free(&body);
}

static void expect_body(const char *json)
{
    ck_assert_msg(ddbi_req_end(&q) == DDB_OK, "%s", err.message);
    ck_assert_str_eq(ddbi_buf_text(&body), json);
}

static void expect_failure(ddb_code code, const char *message)
{
    ck_assert_int_eq(ddbi_req_end(&q), code);
    ck_assert_int_eq(err.code, code);
    ck_assert_str_eq(err.message, message);
}

/* An item as DynamoDB JSON. */
static ddb_item *item(const char *json)
{
    ddb_item *it;

    ck_assert_int_eq(ddb_item_parse(json, strlen(json), &it, NULL), DDB_OK);
    return it;
}

START_TEST(nothing_is_an_object)
{
    expect_body("{}");
}
END_TEST

START_TEST(members_follow_each_other)
{
    ddbi_req_table(&q, "kv-1.x_Y");
    ddbi_req_str(&q, "A", "b\"c");
    ddbi_req_str(&q, "Left", NULL);
    ddbi_req_flag(&q, "Yes", 7);
    ddbi_req_flag(&q, "No", 0);
    ddbi_req_int(&q, "N", -5);
    ddbi_req_open(&q, "List", '[');
    ddbi_req_open(&q, NULL, '{');
    ddbi_req_int(&q, "x", 0);
    ddbi_req_close(&q, '}');
    ddbi_req_open(&q, NULL, '{');
    ddbi_req_close(&q, '}');
    ddbi_req_close(&q, ']');
    ddbi_req_expression(&q, "Filter", "#a = :b");
    ddbi_req_expression(&q, "Left", NULL);
    ddbi_req_consumed(&q, &(ddb_capacity){0});
    ddbi_req_consumed(&q, NULL);
    expect_body("{\"TableName\":\"kv-1.x_Y\",\"A\":\"b\\\"c\",\"Yes\":true,"
                "\"N\":-5,\"List\":[{\"x\":0},{}],\"Filter\":\"#a = :b\","
                "\"ReturnConsumedCapacity\":\"INDEXES\"}");
}
END_TEST

START_TEST(begin_empties_the_buffer)
{
    ddbi_req_str(&q, "A", "x");
    ddbi_buf_fail(&body, DDB_NOMEM);
    ddbi_req_begin(&q, &body, &err);
    expect_body("{}");
}
END_TEST

START_TEST(items_and_keys_are_written)
{
    ddb_item *it = item("{\"k\":{\"S\":\"x\"},\"n\":{\"N\":\"1\"}}");

    ddbi_req_key(&q, "Key", it);
    ddbi_req_item(&q, "Item", it);
    ddbi_req_open(&q, "Keys", '[');
    ddbi_req_key(&q, NULL, it);
    ddbi_req_item(&q, NULL, it);
    ddbi_req_close(&q, ']');
    ddbi_req_start_key(&q, "Start", NULL);
    ddbi_req_start_key(&q, "Start", it);
    expect_body("{\"Key\":{\"k\":{\"S\":\"x\"},\"n\":{\"N\":\"1\"}},"
                "\"Item\":{\"k\":{\"S\":\"x\"},\"n\":{\"N\":\"1\"}},"
                "\"Keys\":[{\"k\":{\"S\":\"x\"},\"n\":{\"N\":\"1\"}},"
                "{\"k\":{\"S\":\"x\"},\"n\":{\"N\":\"1\"}}],"
                "\"Start\":{\"k\":{\"S\":\"x\"},\"n\":{\"N\":\"1\"}}}");
    ddb_item_free(it);
}
END_TEST

START_TEST(names_and_values_are_written)
{
    static const ddb_name names[] = {{"#k", "key"}, {"#v", "value"}, {0}};
    ddb_item *values = item("{\":a\":{\"BOOL\":true}}");

    ddbi_req_names(&q, names);
    ddbi_req_values(&q, values);
    expect_body("{\"ExpressionAttributeNames\":{\"#k\":\"key\","
                "\"#v\":\"value\"},"
                "\"ExpressionAttributeValues\":{\":a\":{\"BOOL\":true}}}");
    ddb_item_free(values);
}
END_TEST

START_TEST(no_names_and_values_are_left_out)
{
    static const ddb_name none = {0};
    ddb_item *empty = ddb_item_new();

    ddbi_req_names(&q, NULL);
    ddbi_req_names(&q, &none);
    ddbi_req_values(&q, NULL);
    ddbi_req_values(&q, empty);
    expect_body("{}");
    ddb_item_free(empty);
}
END_TEST

/* ---- Tables ------------------------------------------------------------- */

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X255 X50 X50 X50 X50 X50 "xxxxx"
#define X1000                                                                  \
    X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50    \
        X50 X50

static const struct {
    const char *table;
    int good;
} tables[] = {
    {"abc", 1},
    {"A_b-c.9", 1},
    {X255, 1},
    {"arn:aws:dynamodb:us-east-1:123456789012:table/kv", 0},
    {"arn:aws:dynamodb:us-east-1:123456789012:table/kv1", 1},
    {"arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/my.table", 1},
    {"arn:aws:dynamodb:us-east-1:123456789012:table/" X255, 1},
    {NULL, 0},
    {"", 0},
    {"ab", 0},
    {X255 "x", 0},
    {"my table", 0},
    {"t\xc3\xa4\xc3\xa4", 0},
    {"a/b", 0},
    {"abc\n", 0},
    {"arn:", 0},
    {"arn:aws", 0},
    {"arn:aws:dynamodb:us-east-1:123456789012", 0},
    {"arn:aws:dynamodb:us-east-1:123456789012:", 0},
    {"arn:aws:dynamodb:us-east-1:123456789012:table/", 0},
    {"arn:aws:dynamodb:us-east-1:123456789012:index/kv1", 0},
    {"arn:aws:dynamodb:us-east-1:123456789012:table/kv1/index/x", 0},
    {"arn:aws:dynamodb:us-east-1:123456789012:table/kv1:x", 0},
    {"arn:aws:dynamodb::123456789012:table/kv1", 0},
    {"arn:aw:dynamodb:us-east-1:123456789012:table/kv1", 0},
    {"arn:aws:dynamod_:us-east-1:123456789012:table/kv1", 0},
    {"arn:aws:dynamodb:us-east-1:123456789012:tabel/kv1", 0},
    {"arn:aws:dynamodb:us-east-1::table/kv1", 0},
    {"arn:aws:s3:us-east-1:123456789012:table/kv1", 0},
    {"arn:other:dynamodb:us-east-1:123456789012:table/kv1", 0},
    {"arn:aws:dynamodb:us-east-1:123456789012:table/" X255 "x", 0},
    {"arn:aws" X1000 ":dynamodb:us-east-1:123456789012:table/kv1", 0},
};

START_TEST(tables_are_names_or_arns)
{
    ddb_code code = ddbi_check_table(tables[_i].table, &err);

    ck_assert_int_eq(code, tables[_i].good ? DDB_OK : DDB_INVALID);
    ck_assert_int_eq(err.code, code);
    ddbi_req_table(&q, tables[_i].table);
    ck_assert_int_eq(ddbi_req_end(&q), code);
}
END_TEST

START_TEST(messages_tell_the_table)
{
    ddbi_check_table("no such:name", &err);
    ck_assert_str_eq(err.message,
                     "a table's name has 3 to 255 of A-Z, a-z, 0-9, '_', '-' "
                     "and '.': no such:name");
    memset(&err, 0, sizeof err);
    ddbi_check_table("arn:aws:s3", &err);
    ck_assert_str_eq(err.message, "not the ARN of a table: arn:aws:s3");
    memset(&err, 0, sizeof err);
    ddbi_check_table(NULL, &err);
    ck_assert_str_eq(err.message, "no table is given");
}
END_TEST

/* ---- Keys --------------------------------------------------------------- */

/* Keys as DynamoDB JSON; the printf directive is a text of so many bytes. */
static const struct {
    const char *json;
    int n;
    ddb_code code;
    const char *message;
} keys[] = {
    {"{\"k\":{\"S\":\"%0*d\"}}", 2048, DDB_OK, NULL},
    {"{\"k\":{\"S\":\"x\"},\"r\":{\"S\":\"%0*d\"}}", 2048, DDB_OK, NULL},
    {"{\"k\":{\"S\":\"%0*d\"},\"r\":{\"B\":\"AA==\"}}", 2048, DDB_OK, NULL},
    {"{\"%0*d\":{\"N\":\"1\"}}", 255, DDB_OK, NULL},
    {"{\"k\":{\"S\":\"%0*d\"}}", 2049, DDB_TOO_LARGE,
     "Key: attribute k has 2049 bytes, the limit is 2048"},
    {"{\"k\":{\"S\":\"%0*d\"},\"r\":{\"S\":\"%0*d\"}}", 1025, DDB_TOO_LARGE,
     "Key: a sort key has at most 1024 bytes"},
    {"{\"k\":{\"S\":\"%0*d\"},\"r\":{\"S\":\"%0*d\"}}", 1024, DDB_OK, NULL},
    {"{\"%0*d\":{\"N\":\"1\"}}", 256, DDB_TOO_LARGE,
     "Key: the name "
     "0000000000000000000000000000000000000000000000000000000000000000... "
     "has 256 bytes, the limit is 255"},
    {"{}", 0, DDB_INVALID, "Key has no attributes"},
    {"{\"k\":{\"S\":\"\"}}", 0, DDB_INVALID, "Key: attribute k is empty"},
    {"{\"k\":{\"S\":\"x\"},\"r\":{\"B\":\"\"}}", 0, DDB_INVALID,
     "Key: attribute r is empty"},
    {"{\"k\":{\"BOOL\":true}}", 0, DDB_INVALID,
     "Key: attribute k is no string, number or binary"},
    {"{\"k\":{\"SS\":[\"x\"]}}", 0, DDB_INVALID,
     "Key: attribute k is no string, number or binary"},
    {"{\"a\":{\"S\":\"x\"},\"b\":{\"S\":\"x\"},\"c\":{\"S\":\"x\"}}", 0,
     DDB_INVALID, "Key has 3 attributes, a primary key has one or two"},
};

START_TEST(keys_are_checked)
{
    char json[5000];
    ddb_item *it;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(json, sizeof json, keys[_i].json, keys[_i].n, 0, keys[_i].n, 1);
#pragma GCC diagnostic pop
    it = item(json);
    ddbi_req_key(&q, "Key", it);
    if (keys[_i].code != DDB_OK)
        expect_failure(keys[_i].code, keys[_i].message);
    else
        ck_assert_int_eq(ddbi_req_end(&q), DDB_OK);
    ddb_item_free(it);
}
END_TEST

START_TEST(a_key_must_be_given)
{
    ddbi_req_key(&q, "Key", NULL);
    expect_failure(DDB_INVALID, "Key is missing");
}
END_TEST

START_TEST(a_key_in_an_array_has_a_name_in_messages)
{
    ddbi_req_key(&q, NULL, NULL);
    expect_failure(DDB_INVALID, "the key is missing");
}
END_TEST

START_TEST(a_start_key_may_have_more_attributes)
{
    ddb_item *it = item("{\"a\":{\"S\":\"x\"},\"b\":{\"S\":\"x\"},"
                        "\"c\":{\"S\":\"x\"},\"d\":{\"N\":\"1\"}}");

    ddbi_req_start_key(&q, "S", it);
    expect_body("{\"S\":{\"a\":{\"S\":\"x\"},\"b\":{\"S\":\"x\"},"
                "\"c\":{\"S\":\"x\"},\"d\":{\"N\":\"1\"}}}");
    ddb_item_free(it);
}
END_TEST

/* ---- Items -------------------------------------------------------------- */

START_TEST(items_have_a_limit)
{
    static char large[DDBI_MAX_ITEM];
    ddb_item *it = ddb_item_new();

    ddb_item_set_b(it, "v", large, sizeof large - 1);
    ddbi_req_item(&q, "Item", it);
    ck_assert_int_eq(ddbi_req_end(&q), DDB_OK);
    setup();
    ddb_item_set_b(it, "v", large, sizeof large);
    ddbi_req_item(&q, "Item", it);
    expect_failure(DDB_TOO_LARGE, "Item has 409601 bytes, the limit is 409600");
    ddb_item_free(it);
}
END_TEST

START_TEST(an_item_must_have_attributes)
{
    ddb_item *it = ddb_item_new();

    ddbi_req_item(&q, NULL, it);
    expect_failure(DDB_INVALID, "the item has no attributes");
    ddb_item_free(it);
}
END_TEST

START_TEST(a_failed_item_fails_the_request)
{
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"Item", "Key",
                                            "ExpressionAttributeValues"};
        ddb_item *it = ddb_item_new();
        char message[128];

        ddb_item_set_n(it, ":price", "cheap");
        setup();
        if (i == 0)
            ddbi_req_item(&q, names[i], it);
        else if (i == 1)
            ddbi_req_key(&q, names[i], it);
        else
            ddbi_req_values(&q, it);
        snprintf(message, sizeof message, "%s: not a number, attribute :price",
                 names[i]);
        expect_failure(DDB_INVALID, message);
        ddb_item_free(it);
    }
}
END_TEST

/* ---- Expressions -------------------------------------------------------- */

START_TEST(expressions_have_a_limit)
{
    char text[DDBI_MAX_EXPRESSION + 2];

    memset(text, 'x', sizeof text);
    text[DDBI_MAX_EXPRESSION] = '\0';
    ddbi_req_expression(&q, "Filter", text);
    ck_assert_int_eq(ddbi_req_end(&q), DDB_OK);
    setup();
    text[DDBI_MAX_EXPRESSION] = 'x';
    text[DDBI_MAX_EXPRESSION + 1] = '\0';
    ddbi_req_expression(&q, "Filter", text);
    expect_failure(DDB_TOO_LARGE, "Filter has 4097 bytes, the limit is 4096");
}
END_TEST

START_TEST(an_empty_expression_is_refused)
{
    ddbi_req_expression(&q, "Filter", "");
    expect_failure(DDB_INVALID, "Filter is empty");
}
END_TEST

START_TEST(texts_must_be_utf8)
{
    ddbi_req_str(&q, "IndexName", "\xff");
    expect_failure(DDB_INVALID, "IndexName is not UTF-8");
    setup();
    ddbi_req_expression(&q, "Filter", "#a = \xc3");
    expect_failure(DDB_INVALID, "Filter is not UTF-8");
}
END_TEST

static const struct {
    ddb_name names[3];
    ddb_code code;
    const char *message;
} names[] = {
    {{{"#" X50 X50 X50 X50 X50 "xxxx", "a"}}, DDB_OK, NULL},
    {{{"#" X255, "a"}},
     DDB_TOO_LARGE,
     "a placeholder has 256 bytes, the limit is 255: #" X50 "xxxxxxxxxxxxx"},
    {{{"#", "a"}}, DDB_INVALID, "a placeholder is '#' and a name: #"},
    {{{"k", "a"}}, DDB_INVALID, "a placeholder is '#' and a name: k"},
    {{{":k", "a"}}, DDB_INVALID, "a placeholder is '#' and a name: :k"},
    {{{"", "a"}}, DDB_INVALID, "a placeholder is '#' and a name: "},
    {{{"#\xff", "a"}}, DDB_INVALID, "a placeholder is '#' and a name: #?"},
    {{{"#k", NULL}}, DDB_INVALID, "a placeholder without attribute: #k"},
    {{{"#k", ""}}, DDB_INVALID, "a placeholder without attribute: #k"},
    {{{"#k", "\xff"}}, DDB_INVALID, "#k is not UTF-8"},
    {{{"#k", "a"}, {"#k", "b"}},
     DDB_INVALID,
     "a placeholder that comes twice: #k"},
    {{{"#k", "a"}, {"#K", "a"}}, DDB_OK, NULL},
};

START_TEST(names_are_checked)
{
    ddbi_req_names(&q, names[_i].names);
    if (names[_i].code != DDB_OK)
        expect_failure(names[_i].code, names[_i].message);
    else
        ck_assert_int_eq(ddbi_req_end(&q), DDB_OK);
}
END_TEST

START_TEST(attribute_names_have_a_limit)
{
    static char name[DDBI_MAX_ATTRIBUTE_NAME + 2];
    ddb_name list[] = {{"#k", name}, {0}};

    memset(name, 'x', DDBI_MAX_ATTRIBUTE_NAME);
    ddbi_req_names(&q, list);
    ck_assert_int_eq(ddbi_req_end(&q), DDB_OK);
    setup();
    name[DDBI_MAX_ATTRIBUTE_NAME] = 'x';
    ddbi_req_names(&q, list);
    expect_failure(DDB_TOO_LARGE,
                   "the attribute of #k has 65536 bytes, the limit is 65535");
}
END_TEST

START_TEST(values_begin_with_a_colon)
{
    static const char *const wrong[] = {"v", "#v", ":"};

    for (int i = 0; i < ROWS(wrong); i++) {
        ddb_item *values = ddb_item_new();
        char message[64];

        ddb_item_set_s(values, ":good", "x");
        ddb_item_set_s(values, wrong[i], "x");
        setup();
        ddbi_req_values(&q, values);
        snprintf(message, sizeof message, "a placeholder is ':' and a name: %s",
                 wrong[i]);
        expect_failure(DDB_INVALID, message);
        ddb_item_free(values);
    }
}
END_TEST

START_TEST(substitutions_have_a_limit_together)
{
    static char large[DDBI_MAX_SUBSTITUTIONS];
    static const ddb_name two[] = {{"#a", "1234"}, {0}}; /* 6 bytes */
    ddb_item *values = ddb_item_new();

    ddb_item_set_b(values, ":v", large, sizeof large - 2 - 6);
    ddbi_req_names(&q, two);
    ddbi_req_values(&q, values);
    ck_assert_int_eq(ddbi_req_end(&q), DDB_OK);
    setup();
    ddb_item_set_b(values, ":v", large, sizeof large - 2 - 5);
    ddbi_req_names(&q, two);
    ddbi_req_values(&q, values);
    expect_failure(DDB_TOO_LARGE,
                   "names and values of expressions have 2097153 bytes, the "
                   "limit is 2097152");
    ddb_item_free(values);
}
END_TEST

/* ---- The whole ---------------------------------------------------------- */

/* Every function that adds something. */
static void add_all(const ddb_item *it)
{
    static const ddb_name name[] = {{"#k", "key"}, {0}};

    ddbi_req_table(&q, "table");
    ddbi_req_str(&q, "S", "x");
    ddbi_req_flag(&q, "F", 1);
    ddbi_req_int(&q, "I", 1);
    ddbi_req_open(&q, "O", '{');
    ddbi_req_close(&q, '}');
    ddbi_req_key(&q, "K", it);
    ddbi_req_start_key(&q, "K", it);
    ddbi_req_item(&q, "T", it);
    ddbi_req_expression(&q, "E", "x");
    ddbi_req_names(&q, name);
    ddbi_req_values(&q, it);
    ddbi_req_consumed(&q, &(ddb_capacity){0});
}

START_TEST(the_first_failure_sticks)
{
    ddb_item *it = item("{\":k\":{\"S\":\"x\"}}");

    ddbi_req_fail(&q, DDB_INVALID, "number %d", 7);
    ddbi_req_fail(&q, DDB_TOO_LARGE, "later");
    add_all(it);
    expect_failure(DDB_INVALID, "number 7");
    ck_assert_uint_le(body.n, 2);
    ddb_item_free(it);
}
END_TEST

START_TEST(failures_need_no_err)
{
    ddbi_req_begin(&q, &body, NULL);
    ddbi_req_expression(&q, "E", "");
    ck_assert_int_eq(ddbi_req_end(&q), DDB_INVALID);
    ck_assert_int_eq(ddbi_check_table("x", NULL), DDB_INVALID);
}
END_TEST

START_TEST(a_request_has_a_limit)
{
    static char large[DDBI_MAX_ITEM - 100];
    ddb_item *it = ddb_item_new();

    memset(large, '\x01', sizeof large);
    ddb_item_set_sn(it, "v", large, sizeof large);
    ddbi_req_open(&q, "L", '[');
    for (int i = 0; i < 7; i++)
        ddbi_req_item(&q, NULL, it);
    ddbi_req_close(&q, ']');
    expect_failure(DDB_TOO_LARGE,
                   "the request is too large, the limit is 16777216 bytes");
    ddb_item_free(it);
}
END_TEST

START_TEST(a_buffer_that_failed_fails_the_request)
{
    ddbi_req_open(&q, "\xff", '{');
    ddbi_req_close(&q, '}');
    expect_failure(DDB_INVALID, "the request cannot be written");
}
END_TEST

START_TEST(requests_tell_no_memory)
{
    ddb_item *it = item("{\":k\":{\"S\":\"x\"}}");
    ddb_code code = DDB_NOMEM;

    for (long n = 0; code != DDB_OK; n++) {
        ddbi_buf_free(&body);
        oom_begin(n);
        setup();
        add_all(it);
        code = ddbi_req_end(&q);
        ck_assert_int_eq(code, err.code);
        ck_assert_int_eq(code, oom_end() ? DDB_NOMEM : DDB_OK);
        ck_assert_int_eq(oom_live(), body.p ? 1 : 0);
    }
    ddb_item_free(it);
}
END_TEST

Suite *suite_request(void)
{
    Suite *s = suite_create("request");
    TCase *tc = tcase_create("members");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, nothing_is_an_object);
    tcase_add_test(tc, members_follow_each_other);
    tcase_add_test(tc, begin_empties_the_buffer);
    tcase_add_test(tc, items_and_keys_are_written);
    tcase_add_test(tc, names_and_values_are_written);
    tcase_add_test(tc, no_names_and_values_are_left_out);
    suite_add_tcase(s, tc);

    tc = tcase_create("limits");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, tables_are_names_or_arns, 0, ROWS(tables));
    tcase_add_test(tc, messages_tell_the_table);
    tcase_add_loop_test(tc, keys_are_checked, 0, ROWS(keys));
    tcase_add_test(tc, a_key_must_be_given);
    tcase_add_test(tc, a_key_in_an_array_has_a_name_in_messages);
    tcase_add_test(tc, a_start_key_may_have_more_attributes);
    tcase_add_test(tc, items_have_a_limit);
    tcase_add_test(tc, an_item_must_have_attributes);
    tcase_add_test(tc, a_failed_item_fails_the_request);
    tcase_add_test(tc, expressions_have_a_limit);
    tcase_add_test(tc, an_empty_expression_is_refused);
    tcase_add_test(tc, texts_must_be_utf8);
    tcase_add_loop_test(tc, names_are_checked, 0, ROWS(names));
    tcase_add_test(tc, attribute_names_have_a_limit);
    tcase_add_test(tc, values_begin_with_a_colon);
    tcase_add_test(tc, substitutions_have_a_limit_together);
    suite_add_tcase(s, tc);

    tc = tcase_create("whole");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_first_failure_sticks);
    tcase_add_test(tc, failures_need_no_err);
    tcase_add_test(tc, a_request_has_a_limit);
    tcase_add_test(tc, a_buffer_that_failed_fails_the_request);
    tcase_add_test(tc, requests_tell_no_memory);
    suite_add_tcase(s, tc);
    return s;
}
