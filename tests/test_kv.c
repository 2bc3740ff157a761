/* SPDX-License-Identifier: MIT */
#include "kvfix.h"

#define KEY "{\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"k\"}}"
#define GET "{\"TableName\":\"tab\",\"Key\":" KEY ",\"ConsistentRead\":true}"
#define FOUND                                                                  \
    "{\"Item\":{\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"k\"},"           \
    "\"value\":{\"S\":\"text\"},\"updated\":{\"N\":\"5\"}}}"
#define EXPIRED                                                                \
    "{\"Item\":{\"key\":{\"S\":\"k\"},\"value\":{\"S\":\"text\"},"             \
    "\"ttl\":{\"N\":\"" KVFIX_NOW "\"}}}"

static void condition_fails(void)
{
    fake_error(f, 400, "ConditionalCheckFailedException",
               "The conditional request failed");
}

static void answer_is_lost(void)
{
    fake_error(f, 500, "InternalServerError", "try again");
}

/* ---- get ---------------------------------------------------------------- */

START_TEST(get_asks_for_the_item)
{
    ddb_kv_entry e = {0};

    fake_answer(f, FOUND);
    ck_assert_int_eq(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_OK);
    kvfix_request(0, "GetItem", GET);
    kvfix_bytes(e.key, "k");
    kvfix_bytes(e.value, "text");
    ck_assert_int_eq(e.kind, DDB_KV_TEXT);
    ck_assert_int_eq(e.updated_at, 5);
    ddb_kv_entry_clear(&e);
    ck_assert_ptr_null(e.value.p);
}
END_TEST

START_TEST(get_may_be_eventually_consistent)
{
    const ddb_kv_options opt = {
        .table = "tab", .name_space = "ns", .eventual = 1};
    ddb_kv_entry e = {0};

    ddb_kv_close(kv);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &kv, &err), DDB_OK);
    fake_answer(f, FOUND);
    ck_assert_int_eq(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_OK);
    ck_assert_ptr_null(strstr(fake_request(f, 0)->body, "ConsistentRead"));
    ddb_kv_entry_clear(&e);
}
END_TEST

static const struct {
    const char *name;
    const char *answer;
    ddb_code code;
} gets[] = {
    {"absent", "{}", DDB_NOT_FOUND},
    {"expired", EXPIRED, DDB_NOT_FOUND},
    {"coded",
     "{\"Item\":{\"value\":{\"B\":\"AA==\"},\"encoding\":{\"S\":\"z\"}}}",
     DDB_UNSUPPORTED},
    {"no entry", "{\"Item\":{}}", DDB_BAD_VALUE},
    {"garbled", "{\"Item\":{\"value\"", DDB_BAD_ANSWER},
};

START_TEST(get_clears_the_entry_when_there_is_none_to_give)
{
    ddb_kv_entry e = {0};

    fake_answer(f, FOUND);
    ck_assert_int_eq(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_OK);
    for (int i = 0; i < 10; i++) /* what is garbled is asked for again */
        fake_answer(f, gets[_i].answer);
    ck_assert_msg(ddb_kv_get(kv, ddb_str("k"), &e, &err) == gets[_i].code,
                  "%s: %s", gets[_i].name, ddb_code_name(err.code));
    ck_assert_int_eq(err.code, gets[_i].code);
    ck_assert_ptr_null(e.value.p);
    ck_assert_ptr_null(e.memory);
}
END_TEST

START_TEST(get_again_by_the_key_of_the_entry_itself)
{
    ddb_kv_entry e = {0};

    fake_answer(f, FOUND);
    fake_answer(f, FOUND);
    ck_assert_int_eq(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_get(kv, e.key, &e, &err), DDB_OK);
    kvfix_request(1, "GetItem", GET);
    kvfix_bytes(e.key, "k");
    ddb_kv_entry_clear(&e);
}
END_TEST

static ddb_code get_or(ddb_kv_entry *e)
{
    return ddb_kv_get_or(kv, ddb_str("k"), ddb_str("other"), e, &err);
}

START_TEST(get_or_gives_what_is_there)
{
    ddb_kv_entry e = {0};

    fake_answer(f, FOUND);
    ck_assert_int_eq(get_or(&e), DDB_OK);
    kvfix_request(0, "GetItem", GET);
    kvfix_bytes(e.value, "text");
    ck_assert_int_eq(e.updated_at, 5);
    ddb_kv_entry_clear(&e);
}
END_TEST

START_TEST(get_or_gives_the_fallback_for_none)
{
    ddb_kv_entry e = {0};

    fake_answer(f, FOUND);
    fake_answer(f, _i ? EXPIRED : "{}");
    ck_assert_int_eq(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_get_or(kv, e.key, e.value, &e, &err), DDB_OK);
    ck_assert_int_eq(err.code, DDB_OK);
    kvfix_bytes(e.key, "k");
    kvfix_bytes(e.value, "text");
    ck_assert_str_eq(e.value.p, "text");
    ck_assert_int_eq(e.kind, DDB_KV_BYTES);
    ck_assert_int_eq(e.updated_at, 0);
    ck_assert_int_eq(e.expires_at, 0);
    ck_assert_int_eq(e.has_version, 0);
    ddb_kv_entry_clear(&e);
    ck_assert_ptr_null(e.value.p);
}
END_TEST

START_TEST(get_or_takes_an_empty_fallback)
{
    ddb_kv_entry e = {0};

    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_get_or(kv, ddb_str("k"), (ddb_bytes){0}, &e, NULL),
                     DDB_OK);
    ck_assert_str_eq(e.value.p, "");
    ck_assert_uint_eq(e.value.n, 0);
    ddb_kv_entry_clear(&e);
}
END_TEST

START_TEST(get_or_passes_on_failures)
{
    const ddb_bytes nowhere = {NULL, 1};
    ddb_kv_entry e = {0};

    fake_answer(f, FOUND);
    fake_answer(f, "{\"Item\":{}}");
    ck_assert_int_eq(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_OK);
    ck_assert_int_eq(get_or(&e), DDB_BAD_VALUE);
    ck_assert_ptr_null(e.memory);
    ck_assert_ptr_null(e.decoded);
    ck_assert_int_eq(ddb_kv_get_or(kv, ddb_str("k"), nowhere, &e, &err),
                     DDB_INVALID);
    ck_assert_uint_eq(fake_count(f), 2);
}
END_TEST

START_TEST(err_may_be_null_everywhere)
{
    ddb_kv_entry e = {0};

    ck_assert_int_eq(ddb_kv_get(kv, ddb_str(""), &e, NULL), DDB_INVALID);
    ck_assert_int_eq(ddb_kv_put(kv, ddb_str(""), ddb_str(""), NULL, NULL),
                     DDB_INVALID);
    ck_assert_int_eq(ddb_kv_add(kv, ddb_str(""), ddb_str(""), NULL, NULL),
                     DDB_INVALID);
    ck_assert_int_eq(ddb_kv_delete(kv, ddb_str(""), NULL), DDB_INVALID);
    ck_assert_int_eq(ddb_kv_has(kv, ddb_str(""), NULL), DDB_INVALID);
    ck_assert_uint_eq(fake_count(f), 0);
    fake_answer(f, EXPIRED);
    condition_fails();
    ck_assert_int_eq(ddb_kv_get(kv, ddb_str("k"), &e, NULL), DDB_NOT_FOUND);
    ck_assert_int_eq(ddb_kv_delete(kv, ddb_str("k"), NULL), DDB_NOT_FOUND);
    answer_is_lost();
    condition_fails();
    ck_assert_int_eq(ddb_kv_delete(kv, ddb_str("k"), NULL), DDB_OK);
}
END_TEST

/* ---- has ---------------------------------------------------------------- */

#define HAS                                                                    \
    "{\"TableName\":\"tab\",\"Key\":" KEY ",\"ConsistentRead\":true,"          \
    "\"ProjectionExpression\":\"#k,#t\","                                      \
    "\"ExpressionAttributeNames\":{\"#k\":\"key\",\"#t\":\"ttl\"}}"

static const struct {
    const char *answer;
    ddb_code code;
} hass[] = {
    {"{\"Item\":{\"key\":{\"S\":\"k\"}}}", DDB_OK},
    {"{\"Item\":{\"key\":{\"S\":\"k\"},\"ttl\":{\"N\":\"1767323046\"}}}",
     DDB_OK},
    {EXPIRED, DDB_NOT_FOUND},
    {"{}", DDB_NOT_FOUND},
};

START_TEST(has_moves_no_value)
{
    fake_answer(f, hass[_i].answer);
    ck_assert_int_eq(ddb_kv_has(kv, ddb_str("k"), &err), hass[_i].code);
    kvfix_request(0, "GetItem", HAS);
}
END_TEST

/* ---- put ---------------------------------------------------------------- */

#define ENTRY(rest)                                                            \
    "{\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"k\"}," rest                \
    "\"updated\":{\"N\":\"" KVFIX_NOW                                          \
    "\"},\"version\":{\"B\":\"" KVFIX_VERSION "\"}}"

START_TEST(put_has_no_condition)
{
    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_put(kv, ddb_str("k"), ddb_str("v"), NULL, &err),
                     DDB_OK);
    kvfix_request(0, "PutItem",
                  "{\"TableName\":\"tab\",\"Item\":" ENTRY(
                      "\"value\":{\"B\":\"dg==\"},") "}");
}
END_TEST

START_TEST(put_that_came_through_is_certain)
{
    const ddb_kv_put_options opt = {.kind = DDB_KV_TEXT, .ttl = 10};

    answer_is_lost();
    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_put(kv, ddb_str("k"), ddb_str("v"), &opt, &err),
                     DDB_OK);
    ck_assert_int_eq(err.maybe_applied, 0);
    ck_assert_uint_eq(fake_count(f), 2);
    ck_assert_str_eq(fake_request(f, 0)->body, fake_request(f, 1)->body);
    kvfix_request(1, "PutItem",
                  "{\"TableName\":\"tab\",\"Item\":" ENTRY(
                      "\"value\":{\"S\":\"v\"},"
                      "\"ttl\":{\"N\":\"1767323055\"},") "}");
}
END_TEST

START_TEST(put_that_was_lost_says_so)
{
    for (int i = 0; i < 10; i++)
        answer_is_lost();
    ck_assert_int_eq(ddb_kv_put(kv, ddb_str("k"), ddb_str("v"), NULL, &err),
                     DDB_UNAVAILABLE);
    ck_assert_int_eq(err.maybe_applied, 1);
}
END_TEST

START_TEST(each_put_has_a_version_of_its_own)
{
    char *first;

    f->random_byte = -1;
    fake_answer(f, "{}");
    fake_answer(f, "{}");
    ddb_kv_put(kv, ddb_str("k"), ddb_str("v"), NULL, &err);
    ddb_kv_put(kv, ddb_str("k"), ddb_str("v"), NULL, &err);
    first = fake_request(f, 0)->body;
    ck_assert_str_ne(first, fake_request(f, 1)->body);
}
END_TEST

START_TEST(without_random_bytes_nothing_is_sent)
{
    f->random_fails = 1;
    ck_assert_int_eq(ddb_kv_put(kv, ddb_str("k"), ddb_str("v"), NULL, &err),
                     DDB_SYSTEM);
    ck_assert_int_eq(ddb_kv_add(kv, ddb_str("k"), ddb_str("v"), NULL, &err),
                     DDB_SYSTEM);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

/* ---- add ---------------------------------------------------------------- */

#define ADD                                                                    \
    "{\"TableName\":\"tab\",\"Item\":" ENTRY(                                  \
        "\"value\":{\"B\":\"dg==\"},") ",\"ConditionExpression\":"             \
                                       "\"attribute_not_exists(#k) OR #i = "   \
                                       ":mine OR #t <= :now\","                \
                                       "\"ExpressionAttributeNames\":{\"#k\":" \
                                       "\"key\",\"#i\":\"version\","           \
                                       "\"#t\":\"ttl\"},"                      \
                                       "\"ExpressionAttributeValues\":{\":"    \
                                       "mine\":{\"B\":\"" KVFIX_VERSION        \
                                       "\"},\":now\":{\"N\":\"" KVFIX_NOW      \
                                       "\"}}}"

static ddb_code add(void)
{
    return ddb_kv_add(kv, ddb_str("k"), ddb_str("v"), NULL, &err);
}

START_TEST(add_takes_its_own_write_and_expired_ones_for_none)
{
    fake_answer(f, "{}");
    ck_assert_int_eq(add(), DDB_OK);
    kvfix_request(0, "PutItem", ADD);
}
END_TEST

START_TEST(add_tells_of_the_one_that_is_there)
{
    condition_fails();
    ck_assert_int_eq(add(), DDB_CONDITION_FAILED);
    ck_assert_int_eq(err.code, DDB_CONDITION_FAILED);
    ck_assert_int_eq(err.maybe_applied, 0);
}
END_TEST

START_TEST(add_is_repeated_with_the_same_version)
{
    answer_is_lost();
    fake_answer(f, "{}");
    f->random_byte = -1;
    ck_assert_int_eq(add(), DDB_OK);
    ck_assert_int_eq(err.maybe_applied, 0);
    ck_assert_uint_eq(fake_count(f), 2);
    ck_assert_str_eq(fake_request(f, 0)->body, fake_request(f, 1)->body);
}
END_TEST

/* Ours may have been there and been replaced: a conflict, and told so. */
START_TEST(add_that_lost_an_answer_and_finds_another_is_a_conflict)
{
    answer_is_lost();
    condition_fails();
    ck_assert_int_eq(add(), DDB_CONDITION_FAILED);
    ck_assert_int_eq(err.maybe_applied, 1);
}
END_TEST

/* ---- delete ------------------------------------------------------------- */

#define DELETE                                                                 \
    "{\"TableName\":\"tab\",\"Key\":" KEY ",\"ConditionExpression\":"          \
    "\"attribute_exists(#k) AND NOT #t <= :now\","                             \
    "\"ExpressionAttributeNames\":{\"#k\":\"key\",\"#t\":\"ttl\"},"            \
    "\"ExpressionAttributeValues\":{\":now\":{\"N\":\"" KVFIX_NOW "\"}}}"

START_TEST(delete_leaves_what_has_expired)
{
    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_delete(kv, ddb_str("k"), &err), DDB_OK);
    kvfix_request(0, "DeleteItem", DELETE);
    ck_assert_int_eq(err.maybe_applied, 0);
}
END_TEST

START_TEST(delete_tells_that_it_was_not_there)
{
    condition_fails();
    ck_assert_int_eq(ddb_kv_delete(kv, ddb_str("k"), &err), DDB_NOT_FOUND);
    ck_assert_int_eq(err.code, DDB_NOT_FOUND);
    ck_assert_int_eq(err.maybe_applied, 0);
}
END_TEST

START_TEST(delete_that_lost_an_answer_and_finds_nothing_is_done)
{
    answer_is_lost();
    condition_fails();
    ck_assert_int_eq(ddb_kv_delete(kv, ddb_str("k"), &err), DDB_OK);
    ck_assert_int_eq(err.code, DDB_OK);
    ck_assert_int_eq(err.maybe_applied, 1);
    ck_assert_str_eq(err.type, "");
}
END_TEST

START_TEST(delete_that_lost_an_answer_and_finds_it_is_certain)
{
    answer_is_lost();
    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_delete(kv, ddb_str("k"), &err), DDB_OK);
    ck_assert_int_eq(err.maybe_applied, 0);
}
END_TEST

START_TEST(delete_passes_on_other_failures)
{
    fake_error(f, 400, "AccessDeniedException", "no");
    ck_assert_int_eq(ddb_kv_delete(kv, ddb_str("k"), &err), DDB_ACCESS_DENIED);
    ck_assert_str_eq(err.type, "AccessDeniedException");
}
END_TEST

/* ---- A wrong clock ------------------------------------------------------ */

#define AHEAD 3600
#define WRONG "1767326645" /* KVFIX_NOW and an hour */

static ddb_code clock_put(void)
{
    const ddb_kv_put_options opt = {.ttl = 60};

    return ddb_kv_put(kv, ddb_str("k"), ddb_str("v"), &opt, &err);
}

static ddb_code clock_add(void)
{
    return ddb_kv_add(kv, ddb_str("k"), ddb_str("v"), NULL, &err);
}

static ddb_code clock_delete(void)
{
    return ddb_kv_delete(kv, ddb_str("k"), &err);
}

static ddb_code clock_count(void)
{
    int64_t n;

    return ddb_kv_count(kv, NULL, &n, &err);
}

static ddb_code clock_list(void)
{
    ddb_kv_range range = {.prefix = ddb_str("p"), .from = ddb_str("p1")};
    const ddb_kv_entry *e = NULL;
    ddb_kv_iter *it = NULL;
    ddb_code code = ddb_kv_iter_open(kv, &range, &it, &err);

    if (code == DDB_OK)
        code = ddb_kv_iter_next(it, &e, &err);
    ddb_kv_iter_close(it);
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

static ddb_code clock_put_many(void)
{
    ddb_kv_pair pair = {.key = ddb_str("k"), .value = ddb_str("v")};
    ddb_code code = ddb_kv_put_many(kv, &pair, 1, &err);

    ck_assert_int_eq(pair.left, code != DDB_OK);
    return code;
}

static const struct {
    const char *name;
    ddb_code (*run)(void);
    const char *answer;
} dated[] = {
    {"put", clock_put, "{}"},
    {"add", clock_add, "{}"},
    {"delete", clock_delete, "{}"},
    {"count", clock_count, "{\"Count\":0,\"ScannedCount\":0}"},
    {"list", clock_list, "{\"Items\":[],\"Count\":0,\"ScannedCount\":0}"},
    {"put_many", clock_put_many, "{\"UnprocessedItems\":{}}"},
};

static void clock_is_refused(void)
{
    fake_add(f,
             &(fake_step){.status = 400,
                          .body = "{\"__type\":\"x#InvalidSignatureException\","
                                  "\"message\":\"Signature not yet current\"}",
                          .date = FAKE_START});
}

/* What holds the time is not signed anew with the old time in it. */
START_TEST(a_wrong_clock_builds_the_request_anew)
{
    f->unix_start += AHEAD * 1000;
    clock_is_refused();
    fake_add(f, &(fake_step){.status = 200,
                             .body = dated[_i].answer,
                             .date = FAKE_START});
    ck_assert_msg(dated[_i].run() == DDB_OK, "%s: %s", dated[_i].name,
                  err.message);
    ck_assert_uint_eq(fake_count(f), 2);
    ck_assert_ptr_nonnull(strstr(fake_request(f, 0)->body, "\"" WRONG "\""));
    ck_assert_ptr_null(strstr(fake_request(f, 1)->body, "\"" WRONG "\""));
    ck_assert_ptr_nonnull(
        strstr(fake_request(f, 1)->body, "\"" KVFIX_NOW "\""));
    ck_assert_int_eq(fake_request(f, 1)->now, FAKE_START);
}
END_TEST

START_TEST(a_clock_that_stays_wrong_is_told)
{
    f->unix_start += AHEAD * 1000;
    for (int i = 0; i < 3; i++)
        clock_is_refused();
    ck_assert_int_eq(dated[_i].run(), DDB_CREDENTIALS);
    ck_assert_uint_eq(fake_count(f), 2);
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

static ddb_code get_and_clear(void)
{
    ddb_kv_entry e = {0};
    ddb_code code = ddb_kv_get(kv, ddb_str("k"), &e, &err);

    ck_assert_int_eq(e.memory != NULL, code == DDB_OK);
    ddb_kv_entry_clear(&e);
    return code;
}

static ddb_code get_or_and_clear(void)
{
    ddb_kv_entry e = {0};
    ddb_code code = get_or(&e);

    ck_assert_int_eq(e.decoded != NULL, code == DDB_OK);
    ddb_kv_entry_clear(&e);
    return code;
}

static ddb_code put_large(void)
{
    static char big[100000];

    return ddb_kv_put(kv, ddb_str("k"), (ddb_bytes){big, sizeof big}, NULL,
                      &err);
}

START_TEST(survives_every_failing_allocation)
{
    KVFIX_OOM(fake_answer(f, FOUND), get_and_clear());
    KVFIX_OOM(fake_answer(f, "{}"), get_or_and_clear());
    KVFIX_OOM(fake_answer(f, FOUND), ddb_kv_has(kv, ddb_str("k"), &err));
    KVFIX_OOM(fake_answer(f, "{}"), add());
    KVFIX_OOM(fake_answer(f, "{}"), put_large());
    KVFIX_OOM(fake_answer(f, "{}"), ddb_kv_delete(kv, ddb_str("k"), &err));
}
END_TEST

#define COUNT(table) ((int)(sizeof table / sizeof table[0]))

Suite *suite_kv(void)
{
    Suite *s = suite_create("kv");
    TCase *tc = tcase_create("read");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, get_asks_for_the_item);
    tcase_add_test(tc, get_may_be_eventually_consistent);
    tcase_add_loop_test(tc, get_clears_the_entry_when_there_is_none_to_give, 0,
                        COUNT(gets));
    tcase_add_test(tc, get_again_by_the_key_of_the_entry_itself);
    tcase_add_test(tc, get_or_gives_what_is_there);
    tcase_add_loop_test(tc, get_or_gives_the_fallback_for_none, 0, 2);
    tcase_add_test(tc, get_or_takes_an_empty_fallback);
    tcase_add_test(tc, get_or_passes_on_failures);
    tcase_add_test(tc, err_may_be_null_everywhere);
    tcase_add_loop_test(tc, has_moves_no_value, 0, COUNT(hass));
    suite_add_tcase(s, tc);
    tc = tcase_create("write");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, put_has_no_condition);
    tcase_add_test(tc, put_that_came_through_is_certain);
    tcase_add_test(tc, put_that_was_lost_says_so);
    tcase_add_test(tc, each_put_has_a_version_of_its_own);
    tcase_add_test(tc, without_random_bytes_nothing_is_sent);
    tcase_add_test(tc, add_takes_its_own_write_and_expired_ones_for_none);
    tcase_add_test(tc, add_tells_of_the_one_that_is_there);
    tcase_add_test(tc, add_is_repeated_with_the_same_version);
    tcase_add_test(tc, add_that_lost_an_answer_and_finds_another_is_a_conflict);
    tcase_add_test(tc, delete_leaves_what_has_expired);
    tcase_add_test(tc, delete_tells_that_it_was_not_there);
    tcase_add_test(tc, delete_that_lost_an_answer_and_finds_nothing_is_done);
    tcase_add_test(tc, delete_that_lost_an_answer_and_finds_it_is_certain);
    tcase_add_test(tc, delete_passes_on_other_failures);
    suite_add_tcase(s, tc);
    tc = tcase_create("memory");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, a_wrong_clock_builds_the_request_anew, 0,
                        COUNT(dated));
    tcase_add_loop_test(tc, a_clock_that_stays_wrong_is_told, 0, COUNT(dated));
    tcase_add_test(tc, survives_every_failing_allocation);
    suite_add_tcase(s, tc);
    return s;
}
