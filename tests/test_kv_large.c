/* SPDX-License-Identifier: MIT */
/* Writing values in chunks, and taking these away. */
#include "kvfix.h"

#include <stdio.h>

#define HASH "8254c329a92850f6d539dd376f4816ee" /* of k */
#define GEN "abababababababababababababababab"
#define OLD "00000000000000000000000000000000"
#define SHA "8e34db766c53592aa06a8c59252209b819e92bda8f1f57b8ec483432b2e25fbd"
#define SIZE 409600 /* two chunks */

#define MANIFEST(gen)                                                          \
    "{\"S\":\"{\\\"generation\\\":\\\"" gen                                    \
    "\\\",\\\"length\\\":409600,\\\"chunks\\\":2,\\\"sha256\\\":\\\"" SHA      \
    "\\\"}\"}"
#define ENTRY(gen, coding)                                                     \
    "{\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"k\"},\"value\":" MANIFEST( \
        gen) ",\"encoding\":{\"S\":\"" coding "\"},\"updated\":{\"N\":"        \
             "\"" KVFIX_NOW "\"},\"version\":{\"B\":\"" KVFIX_VERSION "\"}}"
#define KEY(gen, n)                                                            \
    "\"namespace\":{\"S\":\"ns##meta\"},"                                      \
    "\"key\":{\"S\":\"chunk/" HASH "/" gen "/000" n "\"}"
#define DROP(gen, n) "{\"DeleteRequest\":{\"Key\":{" KEY(gen, n) "}}}"
#define DROPPED(gen)                                                           \
    "{\"RequestItems\":{\"tab\":[" DROP(gen, "0") "," DROP(gen, "1") "]}}"
#define REPLACED(gen) "{\"Attributes\":" ENTRY(gen, "chunks") "}"
#define ALWAYS "attribute_exists(#k) OR attribute_not_exists(#k)"

static char *big;

static void setup(void)
{
    const ddb_kv_options opt = {.table = "tab", .name_space = "ns", .large = 1};

    kvfix_setup();
    ddb_kv_close(kv);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &kv, &err), DDB_OK);
    big = malloc(DDB_KV_MAX_LARGE + 1);
    memset(big, 'x', DDB_KV_MAX_LARGE + 1);
}

static void teardown(void)
{
    free(big);
    kvfix_teardown();
}

static ddb_code put(void)
{
    return ddb_kv_put(kv, ddb_str("k"), (ddb_bytes){big, SIZE}, NULL, &err);
}

static ddb_code add(void)
{
    return ddb_kv_add(kv, ddb_str("k"), (ddb_bytes){big, SIZE}, NULL, &err);
}

static void done(void)
{
    fake_answer(f, "{}");
}

static void answer_is_lost(void)
{
    fake_error(f, 500, "InternalServerError", "try again");
}

static void condition_fails(void)
{
    fake_error(f, 400, "ConditionalCheckFailedException", "no");
}

/* ---- Putting ------------------------------------------------------------ */

START_TEST(chunks_come_first_and_then_the_manifest)
{
    json_t *body, *puts, *item;

    done();
    done();
    ck_assert_int_eq(put(), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 2);
    ck_assert_str_eq(fake_request(f, 0)->action, "BatchWriteItem");
    body = json_loads(fake_request(f, 0)->body, 0, NULL);
    puts = json_object_get(json_object_get(body, "RequestItems"), "tab");
    ck_assert_uint_eq(json_array_size(puts), 2);
    item = json_object_get(
        json_object_get(json_array_get(puts, 1), "PutRequest"), "Item");
    /* 16,384 bytes of x. */
    ck_assert_uint_eq(json_string_length(
                          json_object_get(json_object_get(item, "value"), "B")),
                      21848);
    json_object_del(item, "value");
    {
        char *text = json_dumps(item, 0);

        kvfix_same_json(text,
                        "{" KEY(GEN, "1") ",\"updated\":{\"N\":\"" KVFIX_NOW
                                          "\"},\"owner\":{\"M\":{\"namespace\":"
                                          "{\"S\":\"ns\"},\"key\":"
                                          "{\"S\":\"k\"}}}}");
        free(text);
    }
    json_decref(body);
    kvfix_request(1, "PutItem",
                  "{\"TableName\":\"tab\",\"Item\":" ENTRY(
                      GEN, "chunks") ",\"ConditionExpression\":\"" ALWAYS
                                     "\",\"ExpressionAttributeNames\":"
                                     "{\"#k\":\"key\"},"
                                     "\"ReturnValues\":\"ALL_OLD\"}");
}
END_TEST

START_TEST(what_fits_without_a_long_ttl_takes_chunks_with_one)
{
    ddb_kv_put_options opt = {0};
    int large;

    for (size_t n = SIZE - 140; n < SIZE; n++) {
        ddbi_kv_coded v = {.bytes = {big, n}};
        static const unsigned char version[DDBI_KV_VERSION_SIZE];

        opt.ttl = INT64_C(1000000000000000);
        ck_assert_int_eq(
            ddbi_kv_is_large(kv, ddb_str("k"), &v, &opt, &large, &err), DDB_OK);
        if (!large)
            ck_assert_int_eq(ddbi_kv_set_entry(kv, ddb_str("k"), &v, 1767323045,
                                               1767323045 + opt.ttl, version,
                                               kv->item, &err),
                             DDB_OK);
    }
    ck_assert_int_eq(large, 1);
}
END_TEST

START_TEST(texts_are_marked)
{
    const ddb_kv_put_options text = {.kind = DDB_KV_TEXT};

    done();
    done();
    ck_assert_int_eq(
        ddb_kv_put(kv, ddb_str("k"), (ddb_bytes){big, SIZE}, &text, &err),
        DDB_OK);
    ck_assert_ptr_nonnull(strstr(fake_request(f, 1)->body, "\"text chunks\""));
}
END_TEST

START_TEST(refuses_what_is_more_than_16_mb_or_no_text)
{
    const ddb_kv_put_options text = {.kind = DDB_KV_TEXT};
    ddb_bytes value = {big, DDB_KV_MAX_LARGE + 1};

    ck_assert_int_eq(ddb_kv_put(kv, ddb_str("k"), value, NULL, &err),
                     DDB_TOO_LARGE);
    ck_assert_ptr_nonnull(strstr(err.message, "16777216"));
    big[SIZE / 2] = '\xff';
    value.n = SIZE;
    ck_assert_int_eq(ddb_kv_put(kv, ddb_str("k"), value, &text, &err),
                     DDB_INVALID);
    ck_assert_int_eq(ddb_kv_put(kv, ddb_str(""), value, NULL, &err),
                     DDB_INVALID);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

START_TEST(what_was_replaced_goes)
{
    done();
    fake_answer(f, REPLACED(OLD));
    done();
    ck_assert_int_eq(put(), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 3);
    kvfix_request(2, "BatchWriteItem", DROPPED(OLD));
}
END_TEST

START_TEST(to_fail_to_take_it_away_is_no_failure)
{
    done();
    fake_answer(f, REPLACED(OLD));
    fake_error(f, 400, "AccessDeniedException", "no");
    ck_assert_int_eq(put(), DDB_OK);
    ck_assert_int_eq(err.code, DDB_OK);
}
END_TEST

START_TEST(a_small_value_takes_the_chunks_of_a_large_one_away)
{
    fake_answer(f, REPLACED(OLD));
    done();
    ck_assert_int_eq(ddb_kv_put(kv, ddb_str("k"), ddb_str("v"), NULL, &err),
                     DDB_OK);
    ck_assert_ptr_nonnull(strstr(fake_request(f, 0)->body, "ALL_OLD"));
    kvfix_request(1, "BatchWriteItem", DROPPED(OLD));
}
END_TEST

START_TEST(what_failed_for_certain_goes)
{
    done();
    condition_fails();
    done();
    ck_assert_int_eq(add(), DDB_CONDITION_FAILED);
    ck_assert_int_eq(err.code, DDB_CONDITION_FAILED);
    ck_assert_int_eq(err.maybe_applied, 0);
    kvfix_request(2, "BatchWriteItem", DROPPED(GEN));
}
END_TEST

START_TEST(chunks_that_fail_are_all_there_is)
{
    fake_error(f, 400, "AccessDeniedException", "no");
    done();
    ck_assert_int_eq(put(), DDB_ACCESS_DENIED);
    ck_assert_uint_eq(fake_count(f), 2);
    ck_assert_str_eq(fake_request(f, 1)->action, "BatchWriteItem");
    fake_reset(f);
    for (int i = 0; i < 4; i++)
        answer_is_lost();
    for (int i = 0; i < 2; i++)
        done();
    ck_assert_int_eq(put(), DDB_UNAVAILABLE);
    ck_assert_int_eq(err.maybe_applied, 0);
}
END_TEST

START_TEST(where_nobody_answers_nothing_is_taken_back)
{
    for (int i = 0; i < 10; i++)
        fake_failure(f, DDB_NETWORK);
    ck_assert_int_eq(put(), DDB_NETWORK);
    ck_assert_int_eq(err.maybe_applied, 0);
    ck_assert_uint_eq(fake_count(f), 4);
}
END_TEST

/* What is older than a quarter of an hour may be collected. */
START_TEST(a_write_that_takes_too_long_is_given_up)
{
    const ddb_kv_options opt = {.table = "tab", .name_space = "ns", .large = 1};
    ddb_client *patient =
        fake_open(f, &(ddb_options){.timeout_ms = 2000000,
                                    .attempt_timeout_ms = 2000000});
    ddb_kv *other;

    ck_assert_int_eq(ddb_kv_open(patient, &opt, &other, &err), DDB_OK);
    fake_add(f, &(fake_step){.status = 200, .body = "{}", .takes = 600001});
    done();
    ck_assert_int_eq(
        ddb_kv_put(other, ddb_str("k"), (ddb_bytes){big, SIZE}, NULL, &err),
        DDB_TIMEOUT);
    ck_assert_uint_eq(fake_count(f), 2);
    kvfix_request(1, "BatchWriteItem", DROPPED(GEN));
    ddb_kv_close(other);
    ddb_client_close(patient);
}
END_TEST

/* ---- Answers that are lost ---------------------------------------------- */

START_TEST(a_manifest_is_sent_once_and_then_looked_for)
{
    done();
    answer_is_lost();
    fake_answer(f, "{\"Item\":" ENTRY(GEN, "chunks") "}");
    ck_assert_int_eq(put(), DDB_OK);
    ck_assert_int_eq(err.code, DDB_OK);
    ck_assert_int_eq(err.maybe_applied, 0);
    ck_assert_uint_eq(fake_count(f), 3);
    ck_assert_str_eq(fake_request(f, 2)->action, "GetItem");
}
END_TEST

START_TEST(what_is_not_there_is_written_anew)
{
    f->random_byte = -1;
    done();
    answer_is_lost();
    done(); /* there is none */
    done();
    done();
    ck_assert_int_eq(put(), DDB_OK);
    ck_assert_int_eq(err.maybe_applied, 0);
    ck_assert_uint_eq(fake_count(f), 5);
    /* Another generation of the same version; no chunk is deleted. */
    ck_assert_str_eq(fake_request(f, 3)->action, "BatchWriteItem");
    ck_assert_ptr_null(strstr(fake_request(f, 3)->body, "DeleteRequest"));
    ck_assert_str_ne(fake_request(f, 1)->body, fake_request(f, 4)->body);
    ck_assert_str_eq(strstr(fake_request(f, 1)->body, "\"version\""),
                     strstr(fake_request(f, 4)->body, "\"version\""));
}
END_TEST

START_TEST(three_lost_answers_are_ambiguous)
{
    for (int i = 0; i < 3; i++) {
        done();
        answer_is_lost();
        if (i < 2)
            done();
    }
    ck_assert_int_eq(put(), DDB_AMBIGUOUS);
    ck_assert_int_eq(err.maybe_applied, 1);
    ck_assert_uint_eq(fake_count(f), 8);
}
END_TEST

START_TEST(an_add_after_a_lost_answer_may_have_been_applied)
{
    done();
    answer_is_lost();
    done();
    done();
    condition_fails();
    done();
    ck_assert_int_eq(add(), DDB_CONDITION_FAILED);
    ck_assert_int_eq(err.maybe_applied, 1);
    ck_assert_uint_eq(fake_count(f), 6);
}
END_TEST

START_TEST(a_look_that_fails_leaves_it_ambiguous)
{
    done();
    answer_is_lost();
    fake_error(f, 400, "AccessDeniedException", "no");
    ck_assert_int_eq(put(), DDB_AMBIGUOUS);
    ck_assert_int_eq(err.maybe_applied, 1);
}
END_TEST

/* ---- Taking away -------------------------------------------------------- */

START_TEST(a_delete_takes_chunks_away)
{
    fake_answer(f, REPLACED(OLD));
    done();
    ck_assert_int_eq(ddb_kv_delete(kv, ddb_str("k"), &err), DDB_OK);
    kvfix_request(1, "BatchWriteItem", DROPPED(OLD));
}
END_TEST

START_TEST(a_clear_takes_chunks_away)
{
    int64_t removed;

    fake_answer(f, "{\"Count\":1,\"ScannedCount\":1,\"Items\":[{\"namespace\":"
                   "{\"S\":\"ns\"},\"key\":{\"S\":\"k\"}}]}");
    fake_answer(f, REPLACED(OLD));
    done();
    for (int i = 0; i < 2; i++)
        fake_answer(f, "{\"Count\":0,\"ScannedCount\":0,\"Items\":[]}");
    ck_assert_int_eq(ddb_kv_clear(kv, &removed, &err), DDB_OK);
    ck_assert_int_eq(removed, 1);
    ck_assert_str_eq(fake_request(f, 1)->action, "DeleteItem");
    kvfix_request(2, "BatchWriteItem", DROPPED(OLD));
    ck_assert_uint_eq(fake_count(f), 5);
}
END_TEST

START_TEST(many_put_large_ones_on_their_own_and_in_order)
{
    ddb_kv_pair pairs[] = {
        {.key = ddb_str("a"), .value = ddb_str("1")},
        {.key = ddb_str("k"), .value = {big, SIZE}},
        {.key = ddb_str("a"), .value = ddb_str("2")},
    };

    for (int i = 0; i < 3; i++)
        done();
    fake_error(f, 400, "AccessDeniedException", "no");
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 3, &err), DDB_ACCESS_DENIED);
    ck_assert_str_eq(fake_request(f, 0)->action, "BatchWriteItem");
    ck_assert_str_eq(fake_request(f, 1)->action, "BatchWriteItem");
    ck_assert_str_eq(fake_request(f, 2)->action, "PutItem");
    ck_assert_int_eq(pairs[0].left, 0);
    ck_assert_int_eq(pairs[1].left, 0);
    ck_assert_int_eq(pairs[2].left, 1);
    fake_reset(f);
    pairs[2].value = (ddb_bytes){big, DDB_KV_MAX_LARGE + 1};
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 3, &err), DDB_TOO_LARGE);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

/* ---- Opening ------------------------------------------------------------ */

START_TEST(large_needs_our_own_schema)
{
    static const ddb_kv_schema schemas[] = {
        {.key_only = 1}, {.relative_ttl = 1}, {.updated = "owner"}};
    ddb_kv_options opt = {.table = "tab",
                          .name_space = _i == 0 ? NULL : "ns",
                          .schema = &schemas[_i],
                          .large = 1};
    ddb_kv *other;

    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_INVALID);
    ck_assert_ptr_null(other);
    opt.large = 0;
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_OK);
    ddb_kv_close(other);
}
END_TEST

START_TEST(a_namespace_leaves_room_for_its_chunks)
{
    char name[2049] = "";
    ddb_kv_options opt = {.table = "tab", .name_space = name, .large = 1};
    ddb_kv *other;

    memset(name, 'n', 2042);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_OK);
    ddb_kv_close(other);
    name[2042] = 'n';
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_TOO_LARGE);
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

/* To take chunks away may fail and be left to the collector: the write was
 * done.  Every block is freed, as the runs with sanitizers show. */
static void survive(void (*script)(void), ddb_code (*call)(void))
{
    for (long n = 0;; n++) {
        ddb_code code;

        fake_reset(f);
        script();
        oom_begin(n);
        code = call();
        if (!oom_end()) {
            ck_assert_int_eq(code, DDB_OK);
            break;
        }
        ck_assert(code == DDB_NOMEM || code == DDB_OK);
        ck_assert_int_eq(err.code, code);
    }
}

static void replaced(void)
{
    done();
    fake_answer(f, REPLACED(OLD));
    done();
    done();
}

static void lost(void)
{
    done();
    answer_is_lost();
    done();
    done();
    fake_answer(f, REPLACED(OLD));
    for (int i = 0; i < 4; i++)
        done();
}

START_TEST(survives_every_failing_allocation)
{
    survive(replaced, put);
}
END_TEST

/* A look that has no memory leaves it ambiguous. */
START_TEST(survives_them_after_a_lost_answer)
{
    for (long n = 0;; n++) {
        ddb_code code;

        fake_reset(f);
        lost();
        oom_begin(n);
        code = put();
        if (!oom_end())
            break;
        ck_assert(code == DDB_NOMEM || code == DDB_OK || code == DDB_AMBIGUOUS);
        ck_assert_int_eq(err.code, code);
        ck_assert(code != DDB_AMBIGUOUS || err.maybe_applied);
    }
}
END_TEST

Suite *suite_kv_large(void)
{
    Suite *s = suite_create("kv_large");
    TCase *tc = tcase_create("write");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, chunks_come_first_and_then_the_manifest);
    tcase_add_test(tc, what_fits_without_a_long_ttl_takes_chunks_with_one);
    tcase_add_test(tc, texts_are_marked);
    tcase_add_test(tc, refuses_what_is_more_than_16_mb_or_no_text);
    tcase_add_test(tc, what_was_replaced_goes);
    tcase_add_test(tc, to_fail_to_take_it_away_is_no_failure);
    tcase_add_test(tc, a_small_value_takes_the_chunks_of_a_large_one_away);
    tcase_add_test(tc, what_failed_for_certain_goes);
    tcase_add_test(tc, chunks_that_fail_are_all_there_is);
    tcase_add_test(tc, where_nobody_answers_nothing_is_taken_back);
    tcase_add_test(tc, a_write_that_takes_too_long_is_given_up);
    tcase_add_test(tc, a_manifest_is_sent_once_and_then_looked_for);
    tcase_add_test(tc, what_is_not_there_is_written_anew);
    tcase_add_test(tc, three_lost_answers_are_ambiguous);
    tcase_add_test(tc, an_add_after_a_lost_answer_may_have_been_applied);
    tcase_add_test(tc, a_look_that_fails_leaves_it_ambiguous);
    tcase_add_test(tc, a_delete_takes_chunks_away);
    tcase_add_test(tc, a_clear_takes_chunks_away);
    tcase_add_test(tc, many_put_large_ones_on_their_own_and_in_order);
    tcase_add_loop_test(tc, large_needs_our_own_schema, 0, 3);
    tcase_add_test(tc, a_namespace_leaves_room_for_its_chunks);
    tcase_add_test(tc, survives_every_failing_allocation);
    tcase_add_test(tc, survives_them_after_a_lost_answer);
    suite_add_tcase(s, tc);
    return s;
}
