/* SPDX-License-Identifier: MIT */
#include "lostfix.h"

#define VALUE "{\"S\":\"text\"}"

static const ddb_kv_put_options minute = {.ttl = 60};

static ddb_code touch(void)
{
    return ddb_kv_touch(kv, ddb_str("k"), &minute, &err);
}

/* ---- touch -------------------------------------------------------------- */

#define UPDATE(update, condition, names, values)                               \
    "{\"TableName\":\"tab\",\"Key\":" KEY ",\"UpdateExpression\":\"" update    \
    "\",\"ConditionExpression\":\"" condition                                  \
    "\",\"ExpressionAttributeNames\":{" names "},"                             \
    "\"ExpressionAttributeValues\":{\":mine\":{\"B\":\"" KVFIX_VERSION         \
    "\"},\":now\":{\"N\":\"" KVFIX_NOW "\"}" values "}}"
#define LIVE "attribute_exists(#k) AND NOT #t <= :now"
#define NAMES                                                                  \
    "\"#k\":\"key\",\"#t\":\"ttl\",\"#u\":\"updated\",\"#i\":\"version\""
#define END(seconds) ",\":end\":{\"N\":\"" seconds "\"}"

static const ddb_kv_put_options at = {.expires_at = FAKE_START + 7};
static const ddb_kv_put_options never = {0};

static const struct {
    const ddb_kv_put_options *opt;
    const char *request;
} touches[] = {
    {&minute, UPDATE("SET #u = :now, #i = :mine, #t = :end", LIVE, NAMES,
                     END("1767323105"))},
    {&at, UPDATE("SET #u = :now, #i = :mine, #t = :end", LIVE, NAMES,
                 END("1767323052"))},
    {&never, UPDATE("SET #u = :now, #i = :mine REMOVE #t", LIVE, NAMES, "")},
    {NULL, UPDATE("SET #u = :now, #i = :mine REMOVE #t", LIVE, NAMES, "")},
};

START_TEST(touch_moves_no_value)
{
    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_touch(kv, ddb_str("k"), touches[_i].opt, &err),
                     DDB_OK);
    kvfix_request(0, "UpdateItem", touches[_i].request);
}
END_TEST

static const lost_case losses[] = {
    {"it is there", "k", DDB_OK, 0},
    {"it is not there, or has expired", "-", DDB_NOT_FOUND, 0},
    {"lost once", "Lk", DDB_OK, 0},
    {"lost three times", "LLLk", DDB_OK, 0},
    {"lost, and it is gone", "L-", DDB_NOT_FOUND, 1},
    {"lost each time", "LLLL", DDB_AMBIGUOUS, 1},
    {"throttled", "Tk", DDB_OK, 0},
    {"refused", "!", DDB_ACCESS_DENIED, 0},
    {"lost, then refused", "L!", DDB_ACCESS_DENIED, 1},
};

START_TEST(touch_is_simply_done_again)
{
    play(losses[_i].script, VALUE);
    lostfix_check(&losses[_i], touch());
}
END_TEST

/* Two contents never share one. */
START_TEST(each_attempt_of_a_touch_has_a_version_of_its_own)
{
    unsigned char version[16] = {0};
    ddb_kv_put_options opt = {.ttl = 60, .version = version};
    const char *first, *second;

    f->random_byte = -1;
    play("Lk", VALUE);
    ck_assert_int_eq(ddb_kv_touch(kv, ddb_str("k"), &opt, &err), DDB_OK);
    first = strstr(fake_request(f, 0)->body, "\":mine\"");
    second = strstr(fake_request(f, 1)->body, "\":mine\"");
    ck_assert_int_ne(strncmp(first, second, 30), 0);
    ck_assert_int_ne(version[0] | version[1] | version[2] | version[3], 0);
}
END_TEST

static const ddb_kv_put_options wrong[] = {
    {.ttl = -1}, {.expires_at = 5}, {.ttl = 1, .expires_at = FAKE_START + 9}};

START_TEST(touch_refuses_a_wrong_time)
{
    ck_assert_int_eq(ddb_kv_touch(kv, ddb_str("k"), &wrong[_i], &err),
                     DDB_INVALID);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

START_TEST(without_random_bytes_nothing_is_sent)
{
    f->random_fails = 1;
    ck_assert_int_eq(touch(), DDB_SYSTEM);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

/* ---- Where no expression can tell of expiry ----------------------------- */

static const ddb_kv_schema relative = {.relative_ttl = 1};

#define HAS                                                                    \
    "{\"TableName\":\"tab\",\"Key\":" KEY ",\"ConsistentRead\":true,"          \
    "\"ProjectionExpression\":\"#k,#t,#u\",\"ExpressionAttributeNames\":"      \
    "{\"#k\":\"key\",\"#t\":\"ttl\",\"#u\":\"updated\"}}"

static const struct {
    const char *item;
    const char *condition;
    const char *values;
} seens[] = {
    {",\"ttl\":{\"N\":\"0\"},\"updated\":{\"N\":\"7\"}",
     "attribute_exists(#k) AND #t = :t AND #u = :u",
     ",\":t\":{\"N\":\"0\"},\":u\":{\"N\":\"7\"}"},
    {",\"ttl\":{\"N\":\"9\"},\"updated\":{\"N\":\"" KVFIX_NOW "\"}",
     "attribute_exists(#k) AND #t = :t AND #u = :u",
     ",\":t\":{\"N\":\"9\"},\":u\":{\"N\":\"" KVFIX_NOW "\"}"},
    {",\"ttl\":{\"S\":\"no number\"}",
     "attribute_exists(#k) AND #t = :t AND attribute_not_exists(#u)",
     ",\":t\":{\"S\":\"no number\"}"},
    {",\"updated\":{\"N\":\"7\"}",
     "attribute_exists(#k) AND attribute_not_exists(#t) AND #u = :u",
     ",\":u\":{\"N\":\"7\"}"},
    {"",
     "attribute_exists(#k) AND attribute_not_exists(#t) AND "
     "attribute_not_exists(#u)",
     ""},
};

START_TEST(a_relative_ttl_is_touched_as_it_was_seen)
{
    char item[512], want[1024];

    reopen(&relative);
    snprintf(item, sizeof item, "{\"Item\":{\"key\":{\"S\":\"k\"}%s}}",
             seens[_i].item);
    snprintf(want, sizeof want,
             UPDATE("SET #u = :now, #i = :mine, #t = :end", "%s", NAMES, "%s"),
             seens[_i].condition, seens[_i].values);
    fake_answer(f, item);
    fake_answer(f, "{}");
    ck_assert_int_eq(touch(), DDB_OK);
    kvfix_request(0, "GetItem", HAS);
    /* The last member is the end of it. */
    snprintf(want + strlen(want) - 2, 64, END("60") "}}");
    kvfix_request(1, "UpdateItem", want);
}
END_TEST

static const lost_case relatives[] = {
    {"it is there", "sk", DDB_OK, 0},
    {"it is not there", "n", DDB_NOT_FOUND, 0},
    {"another came between", "s-sk", DDB_OK, 0},
    {"it was taken away between", "s-n", DDB_NOT_FOUND, 0},
    {"lost, and done again", "sLsk", DDB_OK, 0},
    {"lost, and gone", "sLn", DDB_NOT_FOUND, 1},
};

START_TEST(a_relative_ttl_is_looked_at_each_time)
{
    reopen(&relative);
    play(relatives[_i].script, VALUE);
    lostfix_check(&relatives[_i], touch());
}
END_TEST

START_TEST(a_relative_ttl_that_never_ends_is_0)
{
    reopen(&relative);
    play("sk", VALUE);
    ck_assert_int_eq(ddb_kv_touch(kv, ddb_str("k"), NULL, &err), DDB_OK);
    ck_assert_ptr_nonnull(
        strstr(fake_request(f, 1)->body, "\":end\":{\"N\":\"0\"}"));
}
END_TEST

static void always_another(void *arg, const fake_request_info *request,
                           fake_step *step)
{
    (void)arg;
    *step = (fake_step){.status = 400, .body = "{\"__type\":\"x#" FAILED "\"}"};
    if (strcmp(request->action, "GetItem") == 0)
        *step = (fake_step){.status = 200,
                            .body = "{\"Item\":{\"key\":{\"S\":\"k\"}}}"};
}

START_TEST(touch_gives_up_in_the_time_of_a_call)
{
    reopen(&relative);
    f->respond = always_another;
    ck_assert_int_eq(touch(), DDB_TIMEOUT);
    ck_assert_int_eq(err.maybe_applied, 0);
    ck_assert_int_le(f->mono, 15000);
}
END_TEST

/* ---- ttl ---------------------------------------------------------------- */

static const struct {
    const char *answer;
    int relative;
    ddb_code code;
    int64_t left;
} ttls[] = {
    {"{\"Item\":{\"key\":{\"S\":\"k\"}}}", 0, DDB_OK, -1},
    {"{\"Item\":{\"ttl\":{\"N\":\"1767323046\"}}}", 0, DDB_OK, 1},
    {"{\"Item\":{\"ttl\":{\"N\":\"1767323045.5\"}}}", 0, DDB_OK, 1},
    {"{\"Item\":{\"ttl\":{\"N\":\"1767323045\"}}}", 0, DDB_NOT_FOUND, 0},
    {"{\"Item\":{\"ttl\":{\"N\":\"0\"}}}", 0, DDB_NOT_FOUND, 0},
    {"{\"Item\":{\"ttl\":{\"S\":\"1\"},\"key\":{\"S\":\"k\"}}}", 0, DDB_OK, -1},
    {"{}", 0, DDB_NOT_FOUND, 0},
    {"{\"Item\":{\"ttl\":{\"N\":\"0\"},\"updated\":{\"N\":\"5\"}}}", 1, DDB_OK,
     -1},
    {"{\"Item\":{\"ttl\":{\"N\":\"50\"},\"updated\":{\"N\":\"1767323005\"}}}",
     1, DDB_OK, 10},
    {"{\"Item\":{\"ttl\":{\"N\":\"40\"},\"updated\":{\"N\":\"1767323005\"}}}",
     1, DDB_NOT_FOUND, 0},
};

START_TEST(ttl_tells_the_seconds_that_are_left)
{
    int64_t left = 0;

    if (ttls[_i].relative)
        reopen(&relative);
    fake_answer(f, ttls[_i].answer);
    ck_assert_int_eq(ddb_kv_ttl(kv, ddb_str("k"), &left, &err), ttls[_i].code);
    ck_assert_int_eq(err.code, ttls[_i].code);
    ck_assert_int_eq(left, ttls[_i].left);
    if (ttls[_i].relative)
        kvfix_request(0, "GetItem", HAS);
}
END_TEST

/* ---- A wrong clock, no memory ------------------------------------------- */

START_TEST(a_wrong_clock_builds_the_request_anew)
{
    f->unix_start += 3600 * 1000;
    fake_add(f,
             &(fake_step){.status = 400,
                          .body = "{\"__type\":\"x#InvalidSignatureException\","
                                  "\"message\":\"Signature not yet current\"}",
                          .date = FAKE_START});
    fake_add(f, &(fake_step){.status = 200, .body = "{}", .date = FAKE_START});
    ck_assert_int_eq(touch(), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 2);
    kvfix_request(1, "UpdateItem", touches[0].request);
}
END_TEST

START_TEST(a_clock_that_stays_wrong_is_told)
{
    f->unix_start += 3600 * 1000;
    for (int i = 0; i < 3; i++)
        fake_add(f, &(fake_step){.status = 400,
                                 .body = "{\"__type\":"
                                         "\"x#InvalidSignatureException\","
                                         "\"message\":\"not yet current\"}",
                                 .date = FAKE_START});
    ck_assert_int_eq(touch(), DDB_CREDENTIALS);
    ck_assert_uint_eq(fake_count(f), 2);
}
END_TEST

static ddb_code tell(void)
{
    int64_t left;

    return ddb_kv_ttl(kv, ddb_str("k"), &left, &err);
}

START_TEST(survives_every_failing_allocation)
{
    KVFIX_OOM(play("k", VALUE), touch());
    KVFIX_OOM(play("Lk", VALUE), touch());
    KVFIX_OOM(play("s", VALUE), tell());
    reopen(&relative);
    KVFIX_OOM(play("sk", VALUE), touch());
    KVFIX_OOM(play("s-sk", VALUE), touch());
}
END_TEST

START_TEST(err_may_be_null_everywhere)
{
    int64_t left;

    ck_assert_int_eq(ddb_kv_touch(kv, ddb_str(""), NULL, NULL), DDB_INVALID);
    ck_assert_int_eq(ddb_kv_ttl(kv, ddb_str(""), &left, NULL), DDB_INVALID);
    play("L-n", VALUE);
    ck_assert_int_eq(ddb_kv_touch(kv, ddb_str("k"), NULL, NULL), DDB_NOT_FOUND);
    ck_assert_int_eq(ddb_kv_ttl(kv, ddb_str("k"), &left, NULL), DDB_NOT_FOUND);
}
END_TEST

Suite *suite_kv_touch(void)
{
    Suite *s = suite_create("kv_touch");
    TCase *tc = tcase_create("touch");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, touch_moves_no_value, 0, ROWS(touches));
    tcase_add_loop_test(tc, touch_is_simply_done_again, 0, ROWS(losses));
    tcase_add_test(tc, each_attempt_of_a_touch_has_a_version_of_its_own);
    tcase_add_loop_test(tc, touch_refuses_a_wrong_time, 0, ROWS(wrong));
    tcase_add_test(tc, without_random_bytes_nothing_is_sent);
    suite_add_tcase(s, tc);
    tc = tcase_create("schema");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, a_relative_ttl_is_touched_as_it_was_seen, 0,
                        ROWS(seens));
    tcase_add_loop_test(tc, a_relative_ttl_is_looked_at_each_time, 0,
                        ROWS(relatives));
    tcase_add_test(tc, a_relative_ttl_that_never_ends_is_0);
    tcase_add_test(tc, touch_gives_up_in_the_time_of_a_call);
    suite_add_tcase(s, tc);
    tc = tcase_create("ttl");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, ttl_tells_the_seconds_that_are_left, 0, ROWS(ttls));
    suite_add_tcase(s, tc);
    tc = tcase_create("memory");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, a_wrong_clock_builds_the_request_anew);
    tcase_add_test(tc, a_clock_that_stays_wrong_is_told);
    tcase_add_test(tc, survives_every_failing_allocation);
    tcase_add_test(tc, err_may_be_null_everywhere);
    suite_add_tcase(s, tc);
    return s;
}
