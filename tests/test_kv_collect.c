/* SPDX-License-Identifier: MIT */
#include "kvfix.h"

#include <stdio.h>

#define HASH "8254c329a92850f6d539dd376f4816ee" /* of k */
#define GEN_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define GEN_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721"
#define NAME(gen, n) "chunk/" HASH "/" gen "/000" n
#define OWNER "{\"M\":{\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"k\"}}}"
#define ITEM(name, updated, owner)                                             \
    "{\"key\":{\"S\":\"" name "\"},\"updated\":{\"N\":\"" updated              \
    "\"},\"owner\":" owner "}"
#define OLD "1767322145"   /* 900 seconds ago */
#define YOUNG "1767322146" /* not yet */
#define PAGE(items) "{\"Count\":1,\"ScannedCount\":1,\"Items\":[" items "]}"
#define PART(items, last)                                                      \
    "{\"Count\":1,\"ScannedCount\":1,\"Items\":[" items                        \
    "],\"LastEvaluatedKey\":{\"namespace\":{\"S\":\"ns##meta\"},"              \
    "\"key\":{\"S\":\"" last "\"}}}"
#define MANIFEST(gen)                                                          \
    "{\"Item\":{\"encoding\":{\"S\":\"zlib chunks\"},\"value\":{\"S\":"        \
    "\"{\\\"generation\\\":\\\"" gen                                           \
    "\\\",\\\"length\\\":6,\\\"chunks\\\":2,\\\"sha256\\\":\\\"" SHA           \
    "\\\"}\"}}}"
#define DROP(gen, n)                                                           \
    "{\"DeleteRequest\":{\"Key\":{\"namespace\":{\"S\":\"ns##meta\"},"         \
    "\"key\":{\"S\":\"" NAME(gen, n) "\"}}}}"

static ddb_code collect(void)
{
    return ddbi_kv_collect(kv, &err);
}

static void open_large(void)
{
    const ddb_kv_options opt = {.table = "tab", .name_space = "ns", .large = 1};

    ddb_kv_close(kv);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &kv, &err), DDB_OK);
}

START_TEST(asks_each_generation_for_its_entry)
{
    fake_answer(f, PAGE(ITEM(NAME(GEN_A, "0"), OLD, OWNER) "," ITEM(
                       NAME(GEN_A, "1"), OLD, OWNER) "," ITEM(NAME(GEN_B, "0"),
                                                              OLD, OWNER)));
    fake_answer(f, MANIFEST(GEN_B));
    fake_answer(f, MANIFEST(GEN_B));
    fake_answer(f, "{}");
    ck_assert_int_eq(collect(), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 4);
    kvfix_request(0, "Query",
                  "{\"TableName\":\"tab\",\"KeyConditionExpression\":"
                  "\"#n = :n AND #k BETWEEN :a AND :b\","
                  "\"ProjectionExpression\":\"#k,#u,#o\","
                  "\"ExpressionAttributeNames\":{\"#n\":\"namespace\","
                  "\"#k\":\"key\",\"#u\":\"updated\",\"#o\":\"owner\"},"
                  "\"ExpressionAttributeValues\":{\":n\":{\"S\":\"ns##meta\"},"
                  "\":a\":{\"S\":\"chunk/\"},\":b\":{\"S\":\"chunk0\"}},"
                  "\"ConsistentRead\":true}");
    kvfix_request(1, "GetItem",
                  "{\"TableName\":\"tab\",\"Key\":{\"namespace\":{\"S\":"
                  "\"ns\"},\"key\":{\"S\":\"k\"}},\"ConsistentRead\":true,"
                  "\"ProjectionExpression\":\"#v,#e\","
                  "\"ExpressionAttributeNames\":{\"#v\":\"value\","
                  "\"#e\":\"encoding\"}}");
    kvfix_request(3, "BatchWriteItem",
                  "{\"RequestItems\":{\"tab\":[" DROP(GEN_A, "0") "," DROP(
                      GEN_A, "1") "]}}");
}
END_TEST

START_TEST(an_owner_that_is_no_primary_key_is_not_asked)
{
    fake_answer(f, PAGE(ITEM(NAME(GEN_A, "0"), OLD,
                             "{\"M\":{\"namespace\":{\"S\":\"ns\"},"
                             "\"key\":{\"B\":\"aw==\"}}}")));
    ck_assert_int_eq(collect(), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 1);
}
END_TEST

START_TEST(a_namespace_too_long_for_chunks_has_none)
{
    char name[DDBI_MAX_PARTITION_KEY + 1];
    ddb_kv_options opt = {.table = "tab", .name_space = name};

    for (size_t n = sizeof name - 8; n < sizeof name; n++) {
        size_t asked = n <= DDBI_MAX_PARTITION_KEY - strlen(DDBI_KV_META);

        memset(name, 'n', n);
        name[n] = '\0';
        ddb_kv_close(kv);
        ck_assert_int_eq(ddb_kv_open(c, &opt, &kv, &err), DDB_OK);
        fake_reset(f);
        fake_answer(f, PAGE(""));
        ck_assert_int_eq(collect(), DDB_OK);
        ck_assert_uint_eq(fake_count(f), asked);
    }
}
END_TEST

static const struct {
    const char *name;
    const char *item;
    const char *owner; /* the answer for it; NULL: not asked for */
    int goes;
} items[] = {
    {"old, entry gone", ITEM(NAME(GEN_A, "0"), OLD, OWNER), "{}", 1},
    {"old, of another generation", ITEM(NAME(GEN_A, "0"), OLD, OWNER),
     MANIFEST(GEN_B), 1},
    {"old, entry small", ITEM(NAME(GEN_A, "0"), OLD, OWNER),
     "{\"Item\":{\"value\":{\"S\":\"v\"}}}", 1},
    {"old, of an entry that cannot be read", ITEM(NAME(GEN_A, "0"), OLD, OWNER),
     "{\"Item\":{\"value\":{\"S\":\"{}\"},\"encoding\":{\"S\":\"chunks\"}}}",
     1},
    {"old, wanted", ITEM(NAME(GEN_A, "0"), OLD, OWNER), MANIFEST(GEN_A), 0},
    {"young", ITEM(NAME(GEN_A, "0"), YOUNG, OWNER), NULL, 0},
    {"no time",
     "{\"key\":{\"S\":\"" NAME(GEN_A, "0") "\"},\"owner\":" OWNER "}", NULL, 0},
    {"nobody's",
     "{\"key\":{\"S\":\"" NAME(GEN_A, "0") "\"},\"updated\":{\"N\":\"5\"}}",
     NULL, 0},
    {"another key",
     ITEM(NAME(GEN_A, "0"), OLD,
          "{\"M\":{\"namespace\":{\"S\":\"ns\"},\"key\":"
          "{\"S\":\"l\"}}}"),
     NULL, 0},
    {"more than a key",
     ITEM(NAME(GEN_A, "0"), OLD,
          "{\"M\":{\"namespace\":{\"S\":\"ns\"},\"key\":"
          "{\"S\":\"k\"},\"x\":{\"S\":\"l\"}}}"),
     NULL, 0},
    {"another name", ITEM("chunk/note", OLD, OWNER), NULL, 0},
};

START_TEST(takes_what_is_old_and_nobodys)
{
    char page[640];

    snprintf(page, sizeof page, PAGE("%s"), items[_i].item);
    fake_answer(f, page);
    if (items[_i].owner != NULL)
        fake_answer(f, items[_i].owner);
    fake_answer(f, "{}");
    ck_assert_msg(collect() == DDB_OK, "%s: %s", items[_i].name, err.message);
    ck_assert_msg(fake_count(f) ==
                      1u + (items[_i].owner != NULL) + (unsigned)items[_i].goes,
                  "%s: %zu", items[_i].name, fake_count(f));
}
END_TEST

/* The rest of a generation that stays need not be read. */
START_TEST(passes_over_what_stays)
{
    fake_answer(f, PART(ITEM(NAME(GEN_A, "0"), OLD, OWNER), NAME(GEN_A, "0")));
    fake_answer(f, MANIFEST(GEN_A));
    fake_answer(f, PART(ITEM(NAME(GEN_B, "0"), OLD, OWNER), NAME(GEN_B, "0")));
    fake_answer(f, MANIFEST(GEN_A));
    fake_answer(f, PAGE(ITEM(NAME(GEN_B, "1"), OLD, OWNER)));
    fake_answer(f, "{}");
    ck_assert_int_eq(collect(), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 6);
    ck_assert_ptr_nonnull(strstr(fake_request(f, 2)->body,
                                 "\":a\":{\"S\":\"chunk/" HASH "/" GEN_A
                                 "0\"}"));
    ck_assert_ptr_null(strstr(fake_request(f, 2)->body, "ExclusiveStartKey"));
    ck_assert_ptr_nonnull(
        strstr(fake_request(f, 4)->body, "\"ExclusiveStartKey\""));
    kvfix_request(5, "BatchWriteItem",
                  "{\"RequestItems\":{\"tab\":[" DROP(GEN_B, "0") "," DROP(
                      GEN_B, "1") "]}}");
}
END_TEST

START_TEST(deletes_25_at_a_time)
{
    char page[12000];
    int n = snprintf(page, sizeof page,
                     "{\"Count\":30,\"ScannedCount\":30,"
                     "\"Items\":[");

    for (int i = 0; i < 30; i++)
        n += snprintf(page + n, sizeof page - (size_t)n,
                      "%s{\"key\":{\"S\":\"chunk/" HASH "/" GEN_A
                      "/%04d\"},\"updated\":{\"N\":\"5\"},\"owner\":" OWNER "}",
                      i > 0 ? "," : "", i);
    snprintf(page + n, sizeof page - (size_t)n, "]}");
    fake_answer(f, page);
    for (int i = 0; i < 3; i++)
        fake_answer(f, "{}");
    ck_assert_int_eq(collect(), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 4);
    ck_assert_ptr_nonnull(strstr(fake_request(f, 3)->body, "/0029"));
}
END_TEST

START_TEST(no_right_to_what_is_not_used_is_no_failure)
{
    fake_error(f, 400, "AccessDeniedException", "no");
    ck_assert_int_eq(collect(), DDB_OK);
    ck_assert_int_eq(err.code, DDB_OK);
    open_large();
    fake_reset(f);
    fake_error(f, 400, "AccessDeniedException", "no");
    ck_assert_int_eq(collect(), DDB_ACCESS_DENIED);
}
END_TEST

static void script(void)
{
    fake_answer(f, PAGE(ITEM(NAME(GEN_A, "0"), OLD,
                             OWNER) "," ITEM(NAME(GEN_B, "0"), OLD, OWNER)));
    fake_answer(f, MANIFEST(GEN_B));
    fake_answer(f, MANIFEST(GEN_B));
    fake_answer(f, "{}");
}

START_TEST(survives_every_failing_allocation)
{
    KVFIX_OOM(script(), collect());
}
END_TEST

Suite *suite_kv_collect(void)
{
    Suite *s = suite_create("kv_collect");
    TCase *tc = tcase_create("collect");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, asks_each_generation_for_its_entry);
    tcase_add_test(tc, an_owner_that_is_no_primary_key_is_not_asked);
    tcase_add_test(tc, a_namespace_too_long_for_chunks_has_none);
    tcase_add_loop_test(tc, takes_what_is_old_and_nobodys, 0, ROWS(items));
    tcase_add_test(tc, passes_over_what_stays);
    tcase_add_test(tc, deletes_25_at_a_time);
    tcase_add_test(tc, no_right_to_what_is_not_used_is_no_failure);
    tcase_add_test(tc, survives_every_failing_allocation);
    suite_add_tcase(s, tc);
    return s;
}
