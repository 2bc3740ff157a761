/* SPDX-License-Identifier: MIT */
/* Of what has expired; clearing all is tested with the batches that it takes,
 * in test_kv_many.c. */
#include "kvfix.h"

#include <stdio.h>

#define QUERY                                                                  \
    "{\"TableName\":\"tab\",\"KeyConditionExpression\":\"#n = :n\","           \
    "\"FilterExpression\":\"#t <= :now\",\"ProjectionExpression\":\"#k,#t\","  \
    "\"ExpressionAttributeNames\":{\"#n\":\"namespace\",\"#k\":\"key\","       \
    "\"#t\":\"ttl\"},\"ExpressionAttributeValues\":{\":n\":{\"S\":\"ns\"},"    \
    "\":now\":{\"N\":\"" KVFIX_NOW "\"}},\"ConsistentRead\":true}"
#define DELETE(key, ttl)                                                       \
    "{\"TableName\":\"tab\",\"Key\":{\"namespace\":{\"S\":\"ns\"},"            \
    "\"key\":{\"S\":\"" key "\"}},\"ConditionExpression\":\"#t = :t\","        \
    "\"ExpressionAttributeNames\":{\"#t\":\"ttl\"},"                           \
    "\"ExpressionAttributeValues\":{\":t\":{\"N\":\"" ttl "\"}}}"
#define ITEM(key, ttl) "{\"key\":{\"S\":\"" key "\"},\"ttl\":" ttl "}"
#define PAGE(n, items, last)                                                   \
    "{\"Count\":" #n ",\"ScannedCount\":9,\"Items\":[" items "]" last "}"
#define LAST(key)                                                              \
    ",\"LastEvaluatedKey\":{\"namespace\":{\"S\":\"ns\"},"                     \
    "\"key\":{\"S\":\"" key "\"}}"
#define TWO                                                                    \
    PAGE(2, ITEM("a", "{\"N\":\"5\"}") "," ITEM("b", "{\"N\":\"6.50\"}"), "")
#define REFUSED "ConditionalCheckFailedException"

static int64_t removed;

static ddb_code clear_expired(void)
{
    removed = -1;
    return ddb_kv_clear_expired(kv, &removed, &err);
}

/* And there are no chunks. */
static void no_chunks(void)
{
    fake_answer(f, PAGE(0, "", ""));
}

START_TEST(asks_for_expired_keys_and_deletes_each_as_it_was_seen)
{
    fake_answer(f, TWO);
    fake_answer(f, "{}");
    fake_answer(f, "{}");
    no_chunks();
    ck_assert_int_eq(clear_expired(), DDB_OK);
    ck_assert_int_eq(removed, 2);
    ck_assert_int_eq(err.code, DDB_OK);
    kvfix_request(0, "Query", QUERY);
    kvfix_request(1, "DeleteItem", DELETE("a", "5"));
    kvfix_request(2, "DeleteItem", DELETE("b", "6.50"));
    ck_assert_uint_eq(fake_count(f), 4);
}
END_TEST

START_TEST(goes_through_all_pages)
{
    fake_answer(f, PAGE(0, "", LAST("b")));
    fake_answer(f, PAGE(1, ITEM("c", "{\"N\":\"5\"}"), LAST("c")));
    fake_answer(f, "{}");
    fake_answer(f, PAGE(0, "", ""));
    no_chunks();
    ck_assert_int_eq(clear_expired(), DDB_OK);
    ck_assert_int_eq(removed, 1);
    ck_assert_uint_eq(fake_count(f), 5);
}
END_TEST

START_TEST(what_was_refreshed_meanwhile_stays_and_does_not_count)
{
    fake_answer(f, TWO);
    fake_error(f, 400, REFUSED, "The conditional request failed");
    fake_answer(f, "{}");
    no_chunks();
    ck_assert_int_eq(clear_expired(), DDB_OK);
    ck_assert_int_eq(removed, 1);
    ck_assert_int_eq(err.code, DDB_OK);
}
END_TEST

START_TEST(a_delete_whose_answer_was_lost_counts_once)
{
    fake_answer(f, TWO);
    fake_failure(f, DDB_TIMEOUT);
    fake_error(f, 400, REFUSED, "The conditional request failed");
    fake_failure(f, DDB_TIMEOUT);
    fake_answer(f, "{}");
    no_chunks();
    ck_assert_int_eq(clear_expired(), DDB_OK);
    ck_assert_int_eq(removed, 2);
    ck_assert_int_eq(err.maybe_applied, 0);
}
END_TEST

/* A server whose filter lets them pass would not have us delete them. */
START_TEST(what_has_not_expired_is_never_deleted)
{
    static const char *const ttls[] = {
        ITEM("a", "{\"N\":\"1767323046\"}"),
        ITEM("a", "{\"N\":\"1767323045.5\"}"),
        ITEM("a", "{\"S\":\"5\"}"),
        "{\"key\":{\"S\":\"a\"}}",
    };
    char page[160];

    snprintf(page, sizeof page,
             "{\"Count\":1,\"ScannedCount\":1,\"Items\":[%s]}", ttls[_i]);
    fake_answer(f, page);
    no_chunks();
    ck_assert_int_eq(clear_expired(), DDB_OK);
    ck_assert_int_eq(removed, 0);
    ck_assert_uint_eq(fake_count(f), 2);
}
END_TEST

START_TEST(failure_tells_how_many_are_gone)
{
    fake_answer(f, TWO);
    fake_answer(f, "{}");
    fake_error(f, 400, "AccessDeniedException", "no");
    ck_assert_int_eq(clear_expired(), DDB_ACCESS_DENIED);
    ck_assert_int_eq(removed, 1);
    ck_assert_int_eq(err.code, DDB_ACCESS_DENIED);
    fake_reset(f);
    fake_error(f, 400, "AccessDeniedException", "no");
    ck_assert_int_eq(ddb_kv_clear_expired(kv, NULL, NULL), DDB_ACCESS_DENIED);
}
END_TEST

/* Our clock is an hour fast: what it takes for expired is not. */
START_TEST(a_clock_that_was_wrong_deletes_nothing)
{
    fake_add(f, &(fake_step){
                    .status = 200,
                    .body = PAGE(1, ITEM("a", "{\"N\":\"1767323000\"}"), ""),
                    .date = FAKE_START});
    fake_add(f,
             &(fake_step){.status = 400,
                          .type = "InvalidSignatureException",
                          .body = "{\"message\":\"Signature not yet current\"}",
                          .date = FAKE_START - 3600});
    no_chunks();
    ck_assert_int_eq(clear_expired(), DDB_OK);
    ck_assert_int_eq(removed, 0);
    ck_assert_uint_eq(fake_count(f), 3);
}
END_TEST

START_TEST(a_clock_found_wrong_asks_anew_with_the_right_time)
{
    fake_add(f,
             &(fake_step){.status = 400,
                          .type = "InvalidSignatureException",
                          .body = "{\"message\":\"Signature not yet current\"}",
                          .date = FAKE_START - 3600});
    fake_answer(f, PAGE(0, "", ""));
    no_chunks();
    ck_assert_int_eq(clear_expired(), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 3);
    ck_assert_ptr_nonnull(
        strstr(fake_request(f, 1)->body, "{\"N\":\"1767319445\"}"));
}
END_TEST

/* ---- Other schemas ------------------------------------------------------ */

static void open_with(const ddb_kv_schema *schema)
{
    const ddb_kv_options opt = {.table = "tab", .schema = schema};

    ddb_kv_close(kv);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &kv, &err), DDB_OK);
}

static const ddb_kv_schema mate = {
    .ttl = "expire", .updated = "update_ts", .key_only = 1, .relative_ttl = 1};

#define MATE(key, expire, at)                                                  \
    "{\"key\":{\"S\":\"" key "\"},\"expire\":{\"N\":\"" expire                 \
    "\"},\"update_ts\":{\"N\":\"" at "\"}}"

/* No filter can tell which of them have expired: all are looked at. */
START_TEST(relative_ones_are_looked_at_and_deleted_as_they_were_seen)
{
    open_with(&mate);
    fake_answer(
        f,
        "{\"Count\":4,\"ScannedCount\":4,\"Items\":[" MATE("never", "0", "5") "," MATE(
            "live", "100",
            "1767322999.5") "," MATE("over", "45",
                                     "1767322999.5") ","
                                                     "{\"key\":{\"S\":\"x\"}}]}");
    fake_answer(f, "{}");
    ck_assert_int_eq(clear_expired(), DDB_OK);
    ck_assert_int_eq(removed, 1);
    kvfix_request(0, "Scan",
                  "{\"TableName\":\"tab\",\"ProjectionExpression\":"
                  "\"#k,#t,#u\",\"ExpressionAttributeNames\":{\"#k\":\"key\","
                  "\"#t\":\"expire\",\"#u\":\"update_ts\"},"
                  "\"ConsistentRead\":true}");
    kvfix_request(1, "DeleteItem",
                  "{\"TableName\":\"tab\",\"Key\":{\"key\":{\"S\":\"over\"}},"
                  "\"ConditionExpression\":\"#t = :t AND #u = :u\","
                  "\"ExpressionAttributeNames\":{\"#t\":\"expire\","
                  "\"#u\":\"update_ts\"},\"ExpressionAttributeValues\":"
                  "{\":t\":{\"N\":\"45\"},\":u\":{\"N\":\"1767322999.5\"}}}");
}
END_TEST

START_TEST(key_only_tables_are_scanned)
{
    static const ddb_kv_schema key_only = {.key_only = 1};

    open_with(&key_only);
    fake_answer(f, PAGE(1, ITEM("a", "{\"N\":\"5\"}"), ""));
    fake_answer(f, "{}");
    ck_assert_int_eq(clear_expired(), DDB_OK);
    ck_assert_int_eq(removed, 1);
    kvfix_request(0, "Scan",
                  "{\"TableName\":\"tab\",\"FilterExpression\":"
                  "\"#t <= :now\",\"ProjectionExpression\":\"#k,#t\","
                  "\"ExpressionAttributeNames\":{\"#k\":\"key\","
                  "\"#t\":\"ttl\"},\"ExpressionAttributeValues\":"
                  "{\":now\":{\"N\":\"" KVFIX_NOW "\"}},"
                  "\"ConsistentRead\":true}");
}
END_TEST

START_TEST(keys_longer_than_ours_go_from_key_only_tables)
{
    static const ddb_kv_schema key_only = {.key_only = 1};
    char key[1501], page[2000], want[2000];

    open_with(&key_only);
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    snprintf(page, sizeof page, PAGE(1, ITEM("%s", "{\"N\":\"5\"}"), ""), key);
    fake_answer(f, page);
    fake_answer(f, "{}");
    ck_assert_int_eq(clear_expired(), DDB_OK);
    ck_assert_int_eq(removed, 1);
    snprintf(want, sizeof want,
             "{\"TableName\":\"tab\",\"Key\":{\"key\":{\"S\":\"%s\"}},"
             "\"ConditionExpression\":\"#t = :t\","
             "\"ExpressionAttributeNames\":{\"#t\":\"ttl\"},"
             "\"ExpressionAttributeValues\":{\":t\":{\"N\":\"5\"}}}",
             key);
    kvfix_request(1, "DeleteItem", want);
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

static void script(void)
{
    fake_answer(f, TWO);
    fake_answer(f, "{}");
    fake_answer(f, "{}");
    no_chunks();
}

START_TEST(survives_every_failing_allocation)
{
    KVFIX_OOM(script(), clear_expired());
}
END_TEST

Suite *suite_kv_clear(void)
{
    Suite *s = suite_create("kv_clear");
    TCase *tc = tcase_create("expired");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, asks_for_expired_keys_and_deletes_each_as_it_was_seen);
    tcase_add_test(tc, goes_through_all_pages);
    tcase_add_test(tc, what_was_refreshed_meanwhile_stays_and_does_not_count);
    tcase_add_test(tc, a_delete_whose_answer_was_lost_counts_once);
    tcase_add_loop_test(tc, what_has_not_expired_is_never_deleted, 0, 4);
    tcase_add_test(tc, failure_tells_how_many_are_gone);
    tcase_add_test(tc, a_clock_that_was_wrong_deletes_nothing);
    tcase_add_test(tc, a_clock_found_wrong_asks_anew_with_the_right_time);
    tcase_add_test(tc,
                   relative_ones_are_looked_at_and_deleted_as_they_were_seen);
    tcase_add_test(tc, key_only_tables_are_scanned);
    tcase_add_test(tc, keys_longer_than_ours_go_from_key_only_tables);
    tcase_add_test(tc, survives_every_failing_allocation);
    suite_add_tcase(s, tc);
    return s;
}
