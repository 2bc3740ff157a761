/* SPDX-License-Identifier: MIT */
#include "lostfix.h"

#define FIVE "{\"N\":\"5\"}"

static int64_t sum;

static ddb_code add_two(void)
{
    sum = -1;
    return ddb_kv_increment(kv, ddb_str("k"), 2, NULL, &sum, &err);
}

/* The handle has seen it: SEEN is its version, and 5 it is. */
static void know_five(void)
{
    play("fk", "{\"N\":\"3\"}");
    f->random_byte = 1;
    ck_assert_int_eq(add_two(), DDB_OK);
    f->random_byte = 0xab;
    fake_reset(f);
}

/* ---- What is sent ------------------------------------------------------- */

#define UPDATE(update, condition, names, values)                               \
    "{\"TableName\":\"tab\",\"Key\":" KEY ",\"UpdateExpression\":\"" update    \
    "\",\"ConditionExpression\":\"" condition                                  \
    "\",\"ExpressionAttributeNames\":{" names "},"                             \
    "\"ExpressionAttributeValues\":{\":mine\":{\"B\":\"" KVFIX_VERSION         \
    "\"},\":now\":{\"N\":\"" KVFIX_NOW "\"}," values "},"                      \
    "\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\"}"
#define SET "SET #v = :sum, #u = :now, #i = :mine"
#define NAMES                                                                  \
    "\"#v\":\"value\",\"#t\":\"ttl\",\"#u\":\"updated\",\"#i\":\"version\""

START_TEST(adds_to_what_is_there)
{
    play("sk", FIVE);
    ck_assert_int_eq(add_two(), DDB_OK);
    ck_assert_int_eq(sum, 7);
    kvfix_request(0, "GetItem", GET);
    kvfix_request(1, "UpdateItem",
                  UPDATE(SET, "#i = :seen AND #v = :old AND NOT #t <= :now",
                         NAMES,
                         "\":seen\":{\"B\":\"" SEEN
                         "\"},\":old\":{\"N\":\"5\"},\":sum\":{\"N\":\"7\"}"));
}
END_TEST

START_TEST(adds_to_what_has_no_version)
{
    play("fk", FIVE);
    ck_assert_int_eq(add_two(), DDB_OK);
    kvfix_request(1, "UpdateItem",
                  UPDATE(SET,
                         "attribute_not_exists(#i) AND #v = :old AND "
                         "NOT #t <= :now",
                         NAMES,
                         "\":old\":{\"N\":\"5\"},\":sum\":{\"N\":\"7\"}"));
}
END_TEST

#define START                                                                  \
    "{\"TableName\":\"tab\",\"Item\":" ITEM(                                   \
        "\"value\":{\"N\":\"2\"},%s\"updated\":{\"N\":\"" KVFIX_NOW            \
        "\"},\"version\":{\"B\":\"" KVFIX_VERSION                              \
        "\"}") ",\"ConditionExpression\":\"attribute_not_exists(#k) OR "       \
               "#i = :mine OR #t <= :now\",\"ExpressionAttributeNames\":"      \
               "{\"#k\":\"key\",\"#i\":\"version\",\"#t\":\"ttl\"},"           \
               "\"ExpressionAttributeValues\":{\":mine\":"                     \
               "{\"B\":\"" KVFIX_VERSION "\"},\":now\":{\"N\":\"" KVFIX_NOW    \
               "\"}}}"

/* What is absent, and what has expired. */
START_TEST(starts_anew_with_by)
{
    const ddb_kv_put_options opt = {.ttl = 60, .kind = DDB_KV_TEXT};
    char want[1024];

    snprintf(want, sizeof want, START, "\"ttl\":{\"N\":\"1767323105\"},");
    play(_i == 0 ? "nk" : "ek", FIVE);
    ck_assert_int_eq(ddb_kv_increment(kv, ddb_str("k"), 2, &opt, &sum, &err),
                     DDB_OK);
    ck_assert_int_eq(sum, 2);
    kvfix_request(1, "PutItem", want);
}
END_TEST

START_TEST(a_loop_costs_a_call_each)
{
    play("nkkk", FIVE);
    f->random_byte = -1;
    for (int i = 1; i <= 3; i++) {
        ck_assert_int_eq(add_two(), DDB_OK);
        ck_assert_int_eq(sum, 2 * i);
        ck_assert_uint_eq(fake_count(f), (size_t)i + 1);
    }
    ck_assert_ptr_nonnull(
        strstr(fake_request(f, 3)->body, "\":old\":{\"N\":\"4\"}"));
}
END_TEST

START_TEST(another_key_is_looked_at)
{
    know_five();
    play("nk", FIVE);
    ck_assert_int_eq(ddb_kv_increment(kv, ddb_str("k2"), 1, NULL, NULL, &err),
                     DDB_OK);
    play("sk", FIVE);
    ck_assert_int_eq(add_two(), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 4);
}
END_TEST

START_TEST(tells_the_new_version)
{
    unsigned char version[16] = {0};
    const ddb_kv_put_options opt = {.version = version};

    play("skk", FIVE);
    ck_assert_int_eq(ddb_kv_increment(kv, ddb_str("k"), 1, &opt, NULL, &err),
                     DDB_OK);
    ck_assert_int_eq(version[0], 0xab);
    f->random_byte = 7;
    ck_assert_int_eq(ddb_kv_increment(kv, ddb_str("k"), 1, &opt, NULL, &err),
                     DDB_OK);
    ck_assert_int_eq(version[15], 7);
}
END_TEST

/* ---- Lost answers ------------------------------------------------------- */

static const lost_case known[] = {
    {"still that", "k", DDB_OK, 0},
    {"lost, and done by the second", "Lk", DDB_OK, 0},
    {"lost and applied", "LM", DDB_OK, 0},
    {"lost and applied, which a read has to tell", "L-m", DDB_OK, 0},
    {"lost, and another is there", "LO", DDB_AMBIGUOUS, 1},
    {"lost, and another is there, as a read tells", "L-o", DDB_AMBIGUOUS, 1},
    {"lost, and one without version is there", "LF", DDB_AMBIGUOUS, 1},
    {"lost, and nothing is there", "L-n", DDB_AMBIGUOUS, 1},
    {"lost, and no one tells", "L-!", DDB_AMBIGUOUS, 1},
    {"lost, and the same is there after all", "LS", DDB_AMBIGUOUS, 1},
    {"lost, and it has expired: anew", "LEk", DDB_OK, 0},
    {"the same, as a read tells", "L-ek", DDB_OK, 0},
    {"lost each time", "LLLL", DDB_AMBIGUOUS, 1},
    {"throttled, then a race", "TOk", DDB_OK, 0},
    {"a race", "Ok", DDB_OK, 0},
    {"a race, nothing told", "-ok", DDB_OK, 0},
    {"a race, and it is gone", "-nk", DDB_OK, 0},
    {"two races", "OFk", DDB_OK, 0},
    {"a race, then lost, and another is there", "OLO", DDB_AMBIGUOUS, 1},
    {"a race, then lost and applied", "OLM", DDB_OK, 0},
    {"it expired: anew", "Ek", DDB_OK, 0},
    {"it expired, and another was faster", "E-sk", DDB_OK, 0},
    {"it expired, anew, lost, and another is there", "EL-", DDB_AMBIGUOUS, 1},
    {"it expired, anew, lost, and done by the second", "ELk", DDB_OK, 0},
    {"refused", "!", DDB_ACCESS_DENIED, 0},
    {"lost, then refused", "L!", DDB_AMBIGUOUS, 1},
    {"a race, nothing told, and no right to read", "-!", DDB_ACCESS_DENIED, 0},
};

START_TEST(never_counts_twice_and_never_guesses)
{
    know_five();
    play(known[_i].script, FIVE);
    lostfix_check(&known[_i], add_two());
}
END_TEST

/* What came of it is forgotten: the next one looks. */
START_TEST(after_a_failure_it_is_looked_at)
{
    know_five();
    play("LO", FIVE);
    ck_assert_int_eq(add_two(), DDB_AMBIGUOUS);
    play("ok", "{\"N\":\"100\"}");
    ck_assert_int_eq(add_two(), DDB_OK);
    ck_assert_int_eq(sum, 102);
    kvfix_request(2, "GetItem", GET);
}
END_TEST

START_TEST(a_race_goes_on_from_what_was_in_the_way)
{
    know_five();
    play("Ok", "{\"N\":\"40\"}");
    ck_assert_int_eq(add_two(), DDB_OK);
    ck_assert_int_eq(sum, 42);
    ck_assert_uint_eq(f->n_waits, 1);
    ck_assert_int_ge(f->waits[0], 1);
    ck_assert_int_le(f->waits[0], 4);
    ck_assert_ptr_nonnull(strstr(fake_request(f, 1)->body, OTHER));
}
END_TEST

/* A new try is a new write. */
START_TEST(each_try_has_a_version_of_its_own_and_its_repeats_have_the_same)
{
    play("sLOLk", FIVE);
    f->random_byte = -1;
    ck_assert_int_eq(add_two(), DDB_AMBIGUOUS);
    ck_assert_str_eq(fake_request(f, 1)->body, fake_request(f, 2)->body);
    fake_reset(f);
    play("sOk", FIVE);
    ck_assert_int_eq(add_two(), DDB_OK);
    ck_assert_ptr_null(strstr(fake_request(f, 2)->body,
                              strstr(fake_request(f, 1)->body, ":mine")));
}
END_TEST

static void always_another(void *arg, const fake_request_info *request,
                           fake_step *step)
{
    (void)arg;
    (void)request;
    *step = (fake_step){.status = 400,
                        .body = "{\"__type\":\"x#" FAILED
                                "\",\"Item\":" ITEM("\"value\":" FIVE) "}"};
}

START_TEST(gives_up_in_the_time_of_a_call)
{
    know_five();
    f->respond = always_another;
    ck_assert_int_eq(add_two(), DDB_TIMEOUT);
    ck_assert_int_eq(err.retryable, 1);
    ck_assert_int_eq(err.maybe_applied, 0);
    ck_assert_int_eq(sum, -1);
    ck_assert_int_le(f->mono, 15000);
}
END_TEST

/* ---- What cannot be added to -------------------------------------------- */

static const struct {
    const char *value; /* and what stands behind it */
    int64_t by;
    ddb_code code;
    int64_t sum;
} numbers[] = {
    {"{\"S\":\"5\"}", 1, DDB_WRONG_KIND, 0},
    {"{\"B\":\"AA==\"}", 1, DDB_WRONG_KIND, 0},
    {"{\"M\":{}}", 1, DDB_WRONG_KIND, 0},
    {"{\"N\":\"1.5\"}", 1, DDB_WRONG_KIND, 0},
    {"{\"N\":\"0.001\"}", 1, DDB_WRONG_KIND, 0},
    {"{\"N\":\"5\"},\"encoding\":{\"S\":\"text chunks\"}", 1, DDB_WRONG_KIND,
     0},
    {"{\"N\":\"1E+30\"}", -1, DDB_TOO_LARGE, 0},
    {"{\"N\":\"9223372036854775808\"}", -1, DDB_TOO_LARGE, 0},
    {"{\"N\":\"9223372036854775807\"}", 1, DDB_TOO_LARGE, 0},
    {"{\"N\":\"-9223372036854775808\"}", -1, DDB_TOO_LARGE, 0},
    {"{\"N\":\"1\"}", INT64_MAX, DDB_TOO_LARGE, 0},
    {"{\"N\":\"-1\"}", INT64_MIN, DDB_TOO_LARGE, 0},
    {"{\"N\":\"-1\"}", INT64_MAX, DDB_OK, INT64_MAX - 1},
    {"{\"N\":\"0\"}", INT64_MIN, DDB_OK, INT64_MIN},
    {"{\"N\":\"9223372036854775806\"}", 1, DDB_OK, INT64_MAX},
    {"{\"N\":\"1E+3\"}", 1, DDB_OK, 1001},
    {"{\"N\":\"7\"}", 0, DDB_OK, 7},
    {"{\"N\":\"7\"}", -10, DDB_OK, -3},
};

START_TEST(adds_whole_numbers_only)
{
    play(numbers[_i].code == DDB_OK ? "fk" : "f", numbers[_i].value);
    ck_assert_msg(ddb_kv_increment(kv, ddb_str("k"), numbers[_i].by, NULL, &sum,
                                   &err) == numbers[_i].code,
                  "%s: %s", numbers[_i].value, err.message);
    ck_assert_uint_eq(fake_left(f), 0);
    if (numbers[_i].code == DDB_OK)
        ck_assert_int_eq(sum, numbers[_i].sum);
}
END_TEST

START_TEST(starts_at_the_ends_of_the_range_too)
{
    play("nk", FIVE);
    ck_assert_int_eq(
        ddb_kv_increment(kv, ddb_str("k"), INT64_MIN, NULL, &sum, &err),
        DDB_OK);
    ck_assert_int_eq(sum, INT64_MIN);
    ck_assert_ptr_nonnull(
        strstr(fake_request(f, 1)->body, "-9223372036854775808"));
}
END_TEST

/* What has expired is not looked at: text may become a number. */
START_TEST(an_expired_text_starts_anew)
{
    play("ek", "{\"S\":\"text\"}");
    ck_assert_int_eq(add_two(), DDB_OK);
    ck_assert_int_eq(sum, 2);
}
END_TEST

START_TEST(refuses_what_is_wrong_before_it_asks)
{
    const ddb_kv_put_options both = {.ttl = 1, .expires_at = 5};
    const ddb_kv_options typed = {
        .table = "tab", .name_space = "ns", .type = DDB_KV_ONLY_TEXT};

    ck_assert_int_eq(ddb_kv_increment(kv, ddb_str(""), 1, NULL, NULL, NULL),
                     DDB_INVALID);
    ck_assert_int_eq(ddb_kv_increment(kv, ddb_str("k"), 1, &both, NULL, &err),
                     DDB_INVALID);
    f->random_fails = 1;
    play("f", FIVE);
    ck_assert_int_eq(add_two(), DDB_SYSTEM);
    ck_assert_uint_eq(fake_count(f), 1);
    ddb_kv_close(kv);
    ck_assert_int_eq(ddb_kv_open(c, &typed, &kv, &err), DDB_OK);
    ck_assert_int_eq(add_two(), DDB_INVALID);
    ck_assert_uint_eq(fake_count(f), 1);
}
END_TEST

/* ---- Where no expression can tell of expiry ----------------------------- */

#define LEASED                                                                 \
    "{\"Item\":" ITEM("\"value\":" FIVE ",\"ttl\":{\"N\":\"100\"},"            \
                      "\"updated\":{\"N\":\"1767323005\"}") "}"

/* 40 seconds of 100 are over. */
START_TEST(a_relative_ttl_keeps_its_end)
{
    const ddb_kv_schema relative = {.relative_ttl = 1};

    reopen(&relative);
    fake_answer(f, LEASED);
    fake_answer(f, "{}");
    ck_assert_int_eq(add_two(), DDB_OK);
    kvfix_request(1, "UpdateItem",
                  UPDATE(SET ", #t = :left",
                         "attribute_not_exists(#i) AND #v = :old AND "
                         "#t = :t AND #u = :u",
                         NAMES,
                         "\":old\":{\"N\":\"5\"},\":sum\":{\"N\":\"7\"},"
                         "\":t\":{\"N\":\"100\"},\":u\":{\"N\":\"1767323005\"},"
                         "\":left\":{\"N\":\"60\"}"));
    fake_answer(f, "{}");
    ck_assert_int_eq(add_two(), DDB_OK);
    ck_assert_ptr_nonnull(
        strstr(fake_request(f, 2)->body, "\":left\":{\"N\":\"60\"}"));
    f->unix_start += 60000; /* what the handle knows has expired */
    play("nk", FIVE);
    ck_assert_int_eq(add_two(), DDB_OK);
    ck_assert_int_eq(sum, 2);
    kvfix_request(3, "GetItem", GET);
}
END_TEST

START_TEST(a_relative_ttl_begins_when_it_is_new)
{
    const ddb_kv_schema relative = {.relative_ttl = 1};
    const ddb_kv_put_options opt = {.ttl = 60};

    reopen(&relative);
    play("nk", FIVE);
    ck_assert_int_eq(ddb_kv_increment(kv, ddb_str("k"), 2, &opt, &sum, &err),
                     DDB_OK);
    ck_assert_ptr_nonnull(
        strstr(fake_request(f, 1)->body, "\"ttl\":{\"N\":\"60\"}"));
    fake_answer(f, LEASED); /* which is looked at, to the second */
    fake_answer(f, "{}");
    ck_assert_int_eq(add_two(), DDB_OK);
    ck_assert_int_eq(sum, 7);
    ck_assert_uint_eq(fake_count(f), 4);
}
END_TEST

/* ---- A wrong clock, no memory ------------------------------------------- */

START_TEST(a_wrong_clock_builds_the_request_anew)
{
    know_five();
    f->unix_start += 3600 * 1000;
    fake_add(f,
             &(fake_step){.status = 400,
                          .body = "{\"__type\":\"x#InvalidSignatureException\","
                                  "\"message\":\"Signature not yet current\"}",
                          .date = FAKE_START});
    fake_add(f, &(fake_step){.status = 200, .body = "{}", .date = FAKE_START});
    ck_assert_int_eq(add_two(), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 2);
    ck_assert_ptr_null(strstr(fake_request(f, 0)->body, KVFIX_NOW));
    ck_assert_ptr_nonnull(strstr(fake_request(f, 1)->body, KVFIX_NOW));
}
END_TEST

/* Our clock is an hour behind: what it takes for live has expired, and must
 * not get a ttl of 0, which is never. */
START_TEST(a_wrong_clock_revives_nothing)
{
    const ddb_kv_schema relative = {.relative_ttl = 1};
    const fake_step refused = {
        .status = 400,
        .body = "{\"__type\":\"x#InvalidSignatureException\","
                "\"message\":\"Signature expired\"}",
        .date = FAKE_START + 100};
    const fake_step there = {
        .status = 200, .body = LEASED, .date = FAKE_START + 100};
    const fake_step failed = {.status = 400,
                              .body = "{\"__type\":\"x#" FAILED "\"}",
                              .date = FAKE_START + 100};
    const fake_step done = {
        .status = 200, .body = "{}", .date = FAKE_START + 100};

    reopen(&relative);
    f->unix_start -= 3600 * 1000;
    fake_answer(f, LEASED);
    fake_add(f, &refused);
    fake_add(f, &there);
    fake_add(f, &failed); /* it is there, expired or not: looked at again */
    fake_add(f, &there);
    fake_add(f, &done);
    ck_assert_int_eq(add_two(), DDB_OK);
    ck_assert_int_eq(sum, 2);
    ck_assert_uint_eq(fake_count(f), 6);
    ck_assert_str_eq(fake_request(f, 5)->action, "PutItem");
    ck_assert_ptr_nonnull(
        strstr(fake_request(f, 5)->body, "#t = :t AND #u = :u"));
}
END_TEST

static void memory_may_fail(const char *script, int is_known, ddb_code want)
{
    for (long n = 0;; n++) {
        ddb_code code;

        kv->counter.known = 0;
        fake_reset(f);
        if (is_known)
            know_five();
        else
            ddbi_buf_free(&kv->counter.key);
        play(script, FIVE);
        oom_begin(n);
        code = add_two();
        if (!oom_end()) {
            ck_assert_int_eq(code, want);
            break;
        }
        ck_assert_int_eq(code, DDB_NOMEM);
        ck_assert_int_eq(err.code, DDB_NOMEM);
        ck_assert_int_lt(n, 10000);
    }
}

START_TEST(survives_every_failing_allocation)
{
    memory_may_fail("k", 1, DDB_OK);
    memory_may_fail("sk", 0, DDB_OK);
    memory_may_fail("nk", 0, DDB_OK);
    memory_may_fail("Ok", 1, DDB_OK);
    memory_may_fail("-ok", 1, DDB_OK);
    memory_may_fail("LM", 1, DDB_OK);
    memory_may_fail("L-m", 1, DDB_OK);
    memory_may_fail("LO", 1, DDB_AMBIGUOUS);
    memory_may_fail("LEk", 1, DDB_OK);
}
END_TEST

Suite *suite_kv_counter(void)
{
    Suite *s = suite_create("kv_counter");
    TCase *tc = tcase_create("request");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, adds_to_what_is_there);
    tcase_add_test(tc, adds_to_what_has_no_version);
    tcase_add_loop_test(tc, starts_anew_with_by, 0, 2);
    tcase_add_test(tc, a_loop_costs_a_call_each);
    tcase_add_test(tc, another_key_is_looked_at);
    tcase_add_test(tc, tells_the_new_version);
    suite_add_tcase(s, tc);
    tc = tcase_create("lost");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, never_counts_twice_and_never_guesses, 0,
                        ROWS(known));
    tcase_add_test(tc, after_a_failure_it_is_looked_at);
    tcase_add_test(tc, a_race_goes_on_from_what_was_in_the_way);
    tcase_add_test(
        tc, each_try_has_a_version_of_its_own_and_its_repeats_have_the_same);
    tcase_add_test(tc, gives_up_in_the_time_of_a_call);
    suite_add_tcase(s, tc);
    tc = tcase_create("number");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, adds_whole_numbers_only, 0, ROWS(numbers));
    tcase_add_test(tc, starts_at_the_ends_of_the_range_too);
    tcase_add_test(tc, an_expired_text_starts_anew);
    tcase_add_test(tc, refuses_what_is_wrong_before_it_asks);
    suite_add_tcase(s, tc);
    tc = tcase_create("schema");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, a_relative_ttl_keeps_its_end);
    tcase_add_test(tc, a_relative_ttl_begins_when_it_is_new);
    suite_add_tcase(s, tc);
    tc = tcase_create("memory");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, a_wrong_clock_builds_the_request_anew);
    tcase_add_test(tc, a_wrong_clock_revives_nothing);
    tcase_add_test(tc, survives_every_failing_allocation);
    suite_add_tcase(s, tc);
    return s;
}
