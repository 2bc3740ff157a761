/* SPDX-License-Identifier: MIT */
/* Reading values out of chunks.  What is written is in test_kv_large.c. */
#include "kvfix.h"

#include <stdio.h>

#define HASH "8254c329a92850f6d539dd376f4816ee" /* of k */
#define GEN_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define GEN_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721"

#define ENTRY(value, coding)                                                   \
    "{\"Item\":{\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"k\"},"           \
    "\"value\":" value ",\"encoding\":{\"S\":\"" coding "\"}}}"
#define TEXT(text) "{\"S\":\"" text "\"}"
#define MANIFEST(gen, length, chunks, sha)                                     \
    "{\\\"generation\\\":\\\"" gen "\\\",\\\"length\\\":" length               \
    ",\\\"chunks\\\":" chunks ",\\\"sha256\\\":\\\"" sha "\\\"}"
#define FOUND ENTRY(TEXT(MANIFEST(GEN_A, "6", "2", SHA)), "chunks")
#define FOUND_B ENTRY(TEXT(MANIFEST(GEN_B, "6", "2", SHA)), "chunks")
#define KEY(gen, n)                                                            \
    "\"namespace\":{\"S\":\"ns##meta\"},"                                      \
    "\"key\":{\"S\":\"chunk/" HASH "/" gen "/000" n "\"}"
#define CHUNK(gen, n, value) "{" KEY(gen, n) ",\"value\":" value "}"
#define CHUNKS(items) "{\"Responses\":{\"tab\":[" items "]}}"
#define ABC "{\"B\":\"YWJj\"}"
#define DEF "{\"B\":\"ZGVm\"}"
#define BOTH(gen) CHUNKS(CHUNK(gen, "1", DEF) "," CHUNK(gen, "0", ABC))
#define ONE(gen) CHUNKS(CHUNK(gen, "0", ABC))

static ddb_kv_entry e;

static ddb_code get(void)
{
    return ddb_kv_get(kv, ddb_str("k"), &e, &err);
}

static void teardown(void)
{
    ddb_kv_entry_clear(&e);
    kvfix_teardown();
}

START_TEST(chunks_are_joined)
{
    fake_answer(f, FOUND);
    fake_answer(f, BOTH(GEN_A));
    ck_assert_int_eq(get(), DDB_OK);
    kvfix_bytes(e.value, "abcdef");
    ck_assert_str_eq(e.value.p, "abcdef");
    ck_assert_int_eq(e.kind, DDB_KV_BYTES);
    kvfix_request(1, "BatchGetItem",
                  "{\"RequestItems\":{\"tab\":{\"ConsistentRead\":true,"
                  "\"Keys\":[{" KEY(GEN_A, "0") "},{" KEY(GEN_A, "1") "}]}}}");
}
END_TEST

START_TEST(texts_are_texts_again)
{
    fake_answer(f, ENTRY(TEXT(MANIFEST(GEN_A, "6", "2", SHA)), "text chunks"));
    fake_answer(f, BOTH(GEN_A));
    ck_assert_int_eq(get(), DDB_OK);
    ck_assert_int_eq(e.kind, DDB_KV_TEXT);
    kvfix_bytes(e.value, "abcdef");
}
END_TEST

START_TEST(members_that_are_not_known_are_passed_over)
{
    fake_answer(f, ENTRY(TEXT("{\\\"later\\\": [1, {}], \\\"sha256\\\": "
                              "\\\"" SHA "\\\", \\\"chunks\\\": 2, "
                              "\\\"length\\\": 6, \\\"generation\\\": "
                              "\\\"" GEN_A "\\\"}"),
                         "chunks"));
    fake_answer(f, BOTH(GEN_A));
    ck_assert_int_eq(get(), DDB_OK);
    kvfix_bytes(e.value, "abcdef");
}
END_TEST

static const struct {
    const char *name;
    const char *value;
} damaged[] = {
    {"no JSON", TEXT("{")},
    {"more JSON", TEXT(MANIFEST(GEN_A, "6", "2", SHA) "1")},
    {"no object", TEXT("[]")},
    {"nothing in it", TEXT("{}")},
    {"of another type", "{\"B\":\"AAAA\"}"},
    {"a number", "{\"N\":\"6\"}"},
    {"short generation", TEXT(MANIFEST("aa", "6", "2", SHA))},
    {"generation in capitals",
     TEXT(MANIFEST("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "6", "2", SHA))},
    {"generation that is a path",
     TEXT(MANIFEST("../aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "6", "2", SHA))},
    {"short hash", TEXT(MANIFEST(GEN_A, "6", "2", "00"))},
    {"no bytes", TEXT(MANIFEST(GEN_A, "0", "2", SHA))},
    {"less than no bytes", TEXT(MANIFEST(GEN_A, "-6", "2", SHA))},
    {"half a byte", TEXT(MANIFEST(GEN_A, "6.5", "2", SHA))},
    {"more than 16 MB", TEXT(MANIFEST(GEN_A, "16777217", "43", SHA))},
    {"no chunks", TEXT(MANIFEST(GEN_A, "6", "0", SHA))},
    {"more chunks than bytes", TEXT(MANIFEST(GEN_A, "6", "7", SHA))},
    {"too many chunks", TEXT(MANIFEST(GEN_A, "16777216", "10000", SHA))},
    {"text for a number", TEXT(MANIFEST(GEN_A, "\\\"6\\\"", "2", SHA))},
};

START_TEST(refuses_what_is_no_manifest)
{
    char answer[640];

    snprintf(answer, sizeof answer,
             "{\"Item\":{\"key\":{\"S\":\"k\"},\"value\":%s,"
             "\"encoding\":{\"S\":\"chunks\"}}}",
             damaged[_i].value);
    fake_answer(f, answer);
    ck_assert_msg(get() == DDB_BAD_VALUE, "%s: %s", damaged[_i].name,
                  ddb_code_name(err.code));
    ck_assert_uint_eq(fake_count(f), 1);
    ck_assert_ptr_null(e.memory);
}
END_TEST

static const struct {
    const char *name;
    const char *found;
    const char *chunks;
} wrong[] = {
    {"too short", FOUND,
     CHUNKS(CHUNK(GEN_A, "0", ABC) "," CHUNK(GEN_A, "1",
                                             "{\"B\":\"ZGU="
                                             "\"}"))},
    {"other bytes", FOUND,
     CHUNKS(CHUNK(GEN_A, "0", DEF) "," CHUNK(GEN_A, "1", ABC))},
    {"text", FOUND,
     CHUNKS(CHUNK(GEN_A, "0", ABC) "," CHUNK(GEN_A, "1", TEXT("def")))},
    {"no value", FOUND,
     CHUNKS(CHUNK(GEN_A, "0", ABC) ",{" KEY(GEN_A, "1") "}")},
};

START_TEST(refuses_chunks_that_are_not_as_the_manifest_says)
{
    fake_answer(f, wrong[_i].found);
    fake_answer(f, wrong[_i].chunks);
    ck_assert_msg(get() == DDB_BAD_VALUE, "%s: %s", wrong[_i].name,
                  ddb_code_name(err.code));
    ck_assert_ptr_null(e.value.p);
}
END_TEST

/* A chunk of 300 KB where the manifest promises 6 bytes. */
START_TEST(takes_no_more_memory_than_the_manifest_says)
{
    const size_t n = 400000;
    char *answer = malloc(n + 300);
    int at = snprintf(
        answer, 300,
        "{\"Responses\":{\"tab\":[{" KEY(GEN_A, "0") ",\"value\":{\"B\":\"");

    memset(answer + at, 'A', n);
    memcpy(answer + at + n, "\"}}]}}", 7);
    fake_answer(f, ENTRY(TEXT(MANIFEST(GEN_A, "6", "1", SHA)), "chunks"));
    fake_answer(f, answer);
    ck_assert_int_eq(get(), DDB_BAD_VALUE);
    free(answer);
}
END_TEST

/* ---- Replaced while it is read ------------------------------------------ */

START_TEST(what_has_gone_is_read_again)
{
    fake_answer(f, FOUND);
    fake_answer(f, ONE(GEN_A));
    fake_answer(f, FOUND_B);
    fake_answer(f, BOTH(GEN_B));
    ck_assert_int_eq(get(), DDB_OK);
    ck_assert_int_eq(err.code, DDB_OK);
    kvfix_bytes(e.value, "abcdef");
    kvfix_bytes(e.key, "k");
    ck_assert_str_eq(fake_request(f, 2)->action, "GetItem");
    ck_assert_ptr_nonnull(strstr(fake_request(f, 2)->body, "ConsistentRead"));
}
END_TEST

START_TEST(it_may_be_small_by_now)
{
    fake_answer(f, FOUND);
    fake_answer(f, CHUNKS(""));
    fake_answer(f,
                "{\"Item\":{\"key\":{\"S\":\"k\"},\"value\":{\"S\":\"s\"}}}");
    ck_assert_int_eq(get(), DDB_OK);
    kvfix_bytes(e.value, "s");
}
END_TEST

static const char *const gone[] = {
    "{}", "{\"Item\":{\"key\":{\"S\":\"k\"},\"value\":{\"S\":\"s\"},"
          "\"ttl\":{\"N\":\"5\"}}}"};

START_TEST(it_may_be_gone_by_now)
{
    fake_answer(f, FOUND);
    fake_answer(f, CHUNKS(""));
    fake_answer(f, gone[_i]);
    ck_assert_int_eq(get(), DDB_NOT_FOUND);
    ck_assert_int_eq(err.code, DDB_NOT_FOUND);
    ck_assert_ptr_null(e.memory);
}
END_TEST

START_TEST(chunks_that_are_lost_are_told)
{
    fake_answer(f, FOUND);
    fake_answer(f, ONE(GEN_A));
    fake_answer(f, FOUND);
    ck_assert_int_eq(get(), DDB_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(err.message, "missing"));
    fake_answer(f, FOUND);
    fake_answer(f, ONE(GEN_A));
    fake_answer(f, FOUND);
    ck_assert_int_eq(ddb_kv_get(kv, ddb_str("k"), &e, NULL), DDB_BAD_VALUE);
}
END_TEST

START_TEST(there_is_an_end_to_reading_again)
{
    for (int i = 0; i < 40; i++) {
        fake_answer(f, i % 2 ? FOUND : FOUND_B);
        fake_answer(f, CHUNKS(""));
    }
    ck_assert_int_eq(get(), DDB_CONFLICT);
    ck_assert_int_eq(err.retryable, 1);
    ck_assert_uint_eq(fake_count(f), 34);
}
END_TEST

START_TEST(an_iterator_reads_again_too)
{
    const ddb_kv_entry *one;
    ddb_kv_iter *iter;

    fake_answer(f,
                "{\"Count\":1,\"ScannedCount\":1,\"Items\":[{\"key\":"
                "{\"S\":\"k\"},\"encoding\":{\"S\":\"chunks\"},\"value\":" TEXT(
                    MANIFEST(GEN_A, "6", "2", SHA)) "}]}");
    fake_answer(f, CHUNKS(""));
    fake_answer(f, FOUND_B);
    fake_answer(f, BOTH(GEN_B));
    ck_assert_int_eq(ddb_kv_iter_open(kv, NULL, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &one, &err), DDB_OK);
    kvfix_bytes(one->value, "abcdef");
    ck_assert_int_eq(ddb_kv_iter_next(iter, &one, &err), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
}
END_TEST

START_TEST(what_an_eventual_read_lacks_is_read_consistently)
{
    const ddb_kv_options opt = {
        .table = "tab", .name_space = "ns", .eventual = 1};

    ddb_kv_close(kv);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &kv, &err), DDB_OK);
    fake_answer(f, FOUND);
    fake_answer(f, ONE(GEN_A));
    fake_answer(f, BOTH(GEN_A));
    ck_assert_int_eq(get(), DDB_OK);
    kvfix_bytes(e.value, "abcdef");
    ck_assert_ptr_null(strstr(fake_request(f, 1)->body, "ConsistentRead"));
    ck_assert_ptr_nonnull(strstr(fake_request(f, 2)->body, "ConsistentRead"));
}
END_TEST

START_TEST(a_service_that_is_too_busy_is_throttling)
{
    fake_answer(f, FOUND);
    for (int i = 0; i < 200; i++)
        fake_answer(
            f, "{\"Responses\":{},\"UnprocessedKeys\":{\"tab\":"
               "{\"Keys\":[{" KEY(GEN_A, "0") "},{" KEY(GEN_A, "1") "}]}}}");
    ck_assert_int_eq(get(), DDB_THROTTLED);
    ck_assert_int_eq(err.retryable, 1);
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

static void script(void)
{
    ddb_kv_entry_clear(&e);
    fake_answer(f, FOUND);
    fake_answer(f, ONE(GEN_A));
    fake_answer(f, FOUND_B);
    fake_answer(f, BOTH(GEN_B));
}

START_TEST(survives_every_failing_allocation)
{
    KVFIX_OOM(script(), get());
}
END_TEST

Suite *suite_kv_chunks(void)
{
    Suite *s = suite_create("kv_chunks");
    TCase *tc = tcase_create("read");

    tcase_add_checked_fixture(tc, kvfix_setup, teardown);
    tcase_add_test(tc, chunks_are_joined);
    tcase_add_test(tc, texts_are_texts_again);
    tcase_add_test(tc, members_that_are_not_known_are_passed_over);
    tcase_add_loop_test(tc, refuses_what_is_no_manifest, 0, ROWS(damaged));
    tcase_add_loop_test(tc, refuses_chunks_that_are_not_as_the_manifest_says, 0,
                        ROWS(wrong));
    tcase_add_test(tc, takes_no_more_memory_than_the_manifest_says);
    tcase_add_test(tc, what_has_gone_is_read_again);
    tcase_add_test(tc, it_may_be_small_by_now);
    tcase_add_loop_test(tc, it_may_be_gone_by_now, 0, ROWS(gone));
    tcase_add_test(tc, chunks_that_are_lost_are_told);
    tcase_add_test(tc, there_is_an_end_to_reading_again);
    tcase_add_test(tc, an_iterator_reads_again_too);
    tcase_add_test(tc, what_an_eventual_read_lacks_is_read_consistently);
    tcase_add_test(tc, a_service_that_is_too_busy_is_throttling);
    tcase_add_test(tc, survives_every_failing_allocation);
    suite_add_tcase(s, tc);
    return s;
}
