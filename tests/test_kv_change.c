/* SPDX-License-Identifier: MIT */
#include "lostfix.h"

#define VALUE "{\"S\":\"text\"}"

/* As a put has told its version. */
static const ddb_kv_entry told = {
    .key = {"k", 1},
    .version = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    .has_version = 1};

/* As it is read. */
static ddb_kv_entry read_one(char letter)
{
    const char answer[] = {letter, '\0'};
    ddb_kv_entry e = {0};

    play(answer, VALUE);
    ck_assert_int_eq(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_OK);
    fake_reset(f);
    return e;
}

static ddb_code replace(const ddb_kv_entry *seen)
{
    return ddb_kv_replace(kv, seen, ddb_str("v"), NULL, &err);
}

/* ---- replace ------------------------------------------------------------ */

#define REPLACE(condition, names, values)                                      \
    "{\"TableName\":\"tab\",\"Item\":" ITEM(                                   \
        "\"value\":{\"B\":\"dg==\"},\"updated\":{\"N\":\"" KVFIX_NOW           \
        "\"},\"version\":{\"B\":\"" KVFIX_VERSION                              \
        "\"}") ",\"ConditionExpression\":\"" condition                         \
               "\",\"ExpressionAttributeNames\":{" names "},"                  \
               "\"ExpressionAttributeValues\":{\":mine\":"                     \
               "{\"B\":\"" KVFIX_VERSION "\"}," values "}}"
#define NOW_VALUE "\":now\":{\"N\":\"" KVFIX_NOW "\"}"

START_TEST(replaces_the_version_that_was_seen)
{
    fake_answer(f, "{}");
    ck_assert_int_eq(replace(&told), DDB_OK);
    kvfix_request(0, "PutItem",
                  REPLACE("#i = :seen AND NOT #t <= :now OR #i = :mine",
                          "\"#i\":\"version\",\"#t\":\"ttl\"",
                          "\":seen\":{\"B\":\"" SEEN "\"}," NOW_VALUE));
}
END_TEST

START_TEST(replaces_what_a_read_gave)
{
    ddb_kv_entry e = read_one('s');

    fake_answer(f, "{}");
    ck_assert_int_eq(replace(&e), DDB_OK);
    kvfix_request(0, "PutItem",
                  REPLACE("#i = :seen AND NOT #t <= :now OR #i = :mine",
                          "\"#i\":\"version\",\"#t\":\"ttl\"",
                          "\":seen\":{\"B\":\"" SEEN "\"}," NOW_VALUE));
    ddb_kv_entry_clear(&e);
}
END_TEST

START_TEST(replaces_an_item_without_version_by_its_value)
{
    ddb_kv_entry e = read_one('f');

    fake_answer(f, "{}");
    ck_assert_int_eq(replace(&e), DDB_OK);
    kvfix_request(0, "PutItem",
                  REPLACE("attribute_not_exists(#i) AND #v = :old AND "
                          "NOT #t <= :now OR #i = :mine",
                          "\"#i\":\"version\",\"#t\":\"ttl\",\"#v\":\"value\"",
                          "\":old\":" VALUE "," NOW_VALUE));
    ddb_kv_entry_clear(&e);
}
END_TEST

/* Something else is kept under that name. */
START_TEST(a_version_of_another_kind_counts_beside_the_value)
{
    ddb_kv_entry e = {0};

    fake_answer(f, "{\"Item\":" ITEM("\"value\":" VALUE
                                     ",\"version\":{\"S\":\"0123456789abcdef"
                                     "\"}") "}");
    ck_assert_int_eq(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_OK);
    ck_assert_int_eq(e.has_version, 0);
    fake_answer(f, "{}");
    ck_assert_int_eq(replace(&e), DDB_OK);
    kvfix_request(1, "PutItem",
                  REPLACE("#i = :seen AND #v = :old AND "
                          "NOT #t <= :now OR #i = :mine",
                          "\"#i\":\"version\",\"#t\":\"ttl\",\"#v\":\"value\"",
                          "\":seen\":{\"S\":\"0123456789abcdef\"},"
                          "\":old\":" VALUE "," NOW_VALUE));
    ddb_kv_entry_clear(&e);
}
END_TEST

START_TEST(replace_tells_the_new_version)
{
    unsigned char version[16] = {0};
    const ddb_kv_put_options opt = {.kind = DDB_KV_TEXT, .version = version};

    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_replace(kv, &told, ddb_str("v"), &opt, &err),
                     DDB_OK);
    ck_assert_int_eq(version[0], 0xab);
    ck_assert_int_eq(version[15], 0xab);
}
END_TEST

static const lost_case replaces[] = {
    {"it is still that", "k", DDB_OK, 0},
    {"it is another", "O", DDB_CONDITION_FAILED, 0},
    {"it is gone", "-", DDB_CONDITION_FAILED, 0},
    {"lost, and done by the second", "Lk", DDB_OK, 0},
    {"throttled, which is certain", "T-", DDB_CONDITION_FAILED, 0},
    {"lost, and another is there", "L-o", DDB_AMBIGUOUS, 1},
    {"lost, and one without version is there", "L-f", DDB_AMBIGUOUS, 1},
    {"lost, and nothing is there", "L-n", DDB_AMBIGUOUS, 1},
    {"lost, and no one tells", "L-!", DDB_AMBIGUOUS, 1},
    {"lost, and it has expired", "L-e", DDB_CONDITION_FAILED, 0},
    {"lost each time", "LLLL", DDB_AMBIGUOUS, 1},
    {"refused", "!", DDB_ACCESS_DENIED, 0},
    {"lost, then refused", "L!", DDB_AMBIGUOUS, 1},
};

START_TEST(replace_never_guesses)
{
    play(replaces[_i].script, VALUE);
    lostfix_check(&replaces[_i], replace(&told));
}
END_TEST

static const lost_case replaces_by_value[] = {
    {"lost, and it has expired", "L-x", DDB_CONDITION_FAILED, 0},
    {"lost, and another is there", "L-o", DDB_AMBIGUOUS, 1},
    {"lost, and there is a version by now", "L-e", DDB_AMBIGUOUS, 1},
};

START_TEST(replace_by_value_never_guesses)
{
    ddb_kv_entry e = read_one('f');

    play(replaces_by_value[_i].script, VALUE);
    lostfix_check(&replaces_by_value[_i], replace(&e));
    ddb_kv_entry_clear(&e);
}
END_TEST

START_TEST(what_was_not_read_and_has_no_version_is_refused)
{
    const ddb_kv_entry e = {.key = {"k", 1}, .value = {"v", 1}};

    ck_assert_int_eq(replace(&e), DDB_INVALID);
    ck_assert_int_eq(ddb_kv_delete_if(kv, &e, &err), DDB_INVALID);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

/* ---- delete_if ---------------------------------------------------------- */

#define DELETE(condition, names, values)                                       \
    "{\"TableName\":\"tab\",\"Key\":" KEY ",\"ConditionExpression\":"          \
    "\"" condition "\",\"ExpressionAttributeNames\":{" names "},"              \
    "\"ExpressionAttributeValues\":{" values "},"                              \
    "\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\"}"

START_TEST(deletes_the_version_that_was_seen)
{
    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_delete_if(kv, &told, &err), DDB_OK);
    kvfix_request(0, "DeleteItem",
                  DELETE("#i = :seen AND NOT #t <= :now",
                         "\"#i\":\"version\",\"#t\":\"ttl\"",
                         "\":seen\":{\"B\":\"" SEEN "\"}," NOW_VALUE));
}
END_TEST

START_TEST(deletes_an_item_without_version_by_its_value)
{
    ddb_kv_entry e = read_one('f');

    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_delete_if(kv, &e, &err), DDB_OK);
    kvfix_request(0, "DeleteItem",
                  DELETE("attribute_not_exists(#i) AND #v = :old AND "
                         "NOT #t <= :now",
                         "\"#i\":\"version\",\"#t\":\"ttl\",\"#v\":\"value\"",
                         "\":old\":" VALUE "," NOW_VALUE));
    ddb_kv_entry_clear(&e);
}
END_TEST

static const lost_case deletes[] = {
    {"it is still that", "k", DDB_OK, 0},
    {"it is another", "O", DDB_CONDITION_FAILED, 0},
    {"it is gone", "-", DDB_CONDITION_FAILED, 0},
    {"lost, and done by the second", "Lk", DDB_OK, 0},
    {"throttled, which is certain", "TO", DDB_CONDITION_FAILED, 0},
    {"lost, and nothing is there", "L-", DDB_OK, 1},
    {"lost, and another is there", "LO", DDB_OK, 1},
    {"lost, and it has expired", "LE", DDB_CONDITION_FAILED, 0},
    {"lost each time", "LLLL", DDB_UNAVAILABLE, 1},
    {"refused", "!", DDB_ACCESS_DENIED, 0},
};

START_TEST(delete_if_tells_that_it_is_gone)
{
    play(deletes[_i].script, VALUE);
    lostfix_check(&deletes[_i], ddb_kv_delete_if(kv, &told, &err));
}
END_TEST

/* ---- pop ---------------------------------------------------------------- */

static const lost_case pops[] = {
    {"it is there", "sk", DDB_OK, 0},
    {"without version", "fk", DDB_OK, 0},
    {"it is not there", "n", DDB_NOT_FOUND, 0},
    {"it has expired", "e", DDB_NOT_FOUND, 0},
    {"another came between, and is told", "sOk", DDB_OK, 0},
    {"another came between", "s-ok", DDB_OK, 0},
    {"it was taken away between", "s-n", DDB_NOT_FOUND, 0},
    {"it expired between", "sE", DDB_NOT_FOUND, 0},
    {"lost, and done by the second", "sLk", DDB_OK, 0},
    {"lost, and nothing is there", "sL-", DDB_OK, 1},
    {"lost, and another is there", "sLO", DDB_OK, 1},
    {"lost, and it has expired", "sLE", DDB_NOT_FOUND, 0},
    {"without version, lost, and another is there", "fLO", DDB_OK, 1},
    {"lost each time", "sLLLL", DDB_UNAVAILABLE, 1},
    {"not to be read", "!", DDB_ACCESS_DENIED, 0},
    {"not to be deleted", "s!", DDB_ACCESS_DENIED, 0},
};

START_TEST(pop_gives_what_it_has_taken)
{
    ddb_kv_entry e = {0};
    ddb_code code;

    play(pops[_i].script, VALUE);
    code = ddb_kv_pop(kv, ddb_str("k"), &e, &err);
    lostfix_check(&pops[_i], code);
    ck_assert_int_eq(e.memory != NULL, code == DDB_OK);
    if (code == DDB_OK) {
        kvfix_bytes(e.key, "k");
        kvfix_bytes(e.value, "text");
    }
    ddb_kv_entry_clear(&e);
}
END_TEST

START_TEST(pop_deletes_the_version_that_it_has_read)
{
    ddb_kv_entry e = {0};

    play("sOk", VALUE);
    ck_assert_int_eq(ddb_kv_pop(kv, ddb_str("k"), &e, &err), DDB_OK);
    kvfix_request(0, "GetItem", GET);
    kvfix_request(2, "DeleteItem",
                  DELETE("#i = :seen AND NOT #t <= :now",
                         "\"#i\":\"version\",\"#t\":\"ttl\"",
                         "\":seen\":{\"B\":\"" OTHER "\"}," NOW_VALUE));
    ddb_kv_entry_clear(&e);
}
END_TEST

START_TEST(pop_by_the_key_of_the_entry_itself)
{
    ddb_kv_entry e = read_one('s');

    play("sk", VALUE);
    ck_assert_int_eq(ddb_kv_pop(kv, e.key, &e, &err), DDB_OK);
    kvfix_request(0, "GetItem", GET);
    kvfix_bytes(e.key, "k");
    ddb_kv_entry_clear(&e);
}
END_TEST

/* It would be lost. */
START_TEST(pop_leaves_what_it_cannot_read)
{
    ddb_kv_entry e = {0};

    fake_answer(f, "{\"Item\":" ITEM("\"value\":{\"BOOL\":true}") "}");
    ck_assert_int_eq(ddb_kv_pop(kv, ddb_str("k"), &e, &err), DDB_BAD_VALUE);
    ck_assert_uint_eq(fake_count(f), 1);
    ck_assert_ptr_null(e.memory);
}
END_TEST

static void always_another(void *arg, const fake_request_info *request,
                           fake_step *step)
{
    (void)arg;
    *step = (fake_step){.status = 400, .body = "{\"__type\":\"x#" FAILED "\"}"};
    if (strcmp(request->action, "GetItem") == 0)
        *step = (fake_step){
            .status = 200,
            .body = "{\"Item\":" ITEM("\"value\":{\"N\":\"1\"}") "}"};
}

START_TEST(pop_gives_up_in_the_time_of_a_call)
{
    ddb_kv_entry e = {0};

    f->respond = always_another;
    ck_assert_int_eq(ddb_kv_pop(kv, ddb_str("k"), &e, &err), DDB_TIMEOUT);
    ck_assert_int_eq(err.code, DDB_TIMEOUT);
    ck_assert_int_eq(err.retryable, 1);
    ck_assert_int_eq(err.maybe_applied, 0);
    ck_assert_int_gt(f->mono, 14000);
    ck_assert_int_le(f->mono, 15000);
    ck_assert_uint_gt(fake_count(f), 100);
}
END_TEST

/* ---- Where no expression can tell of expiry ----------------------------- */

static const ddb_kv_schema relative = {.relative_ttl = 1};

START_TEST(relative_ttl_is_looked_at_before)
{
    ddb_kv_entry e = {0};

    reopen(&relative);
    fake_answer(f,
                "{\"Item\":" ITEM("\"value\":" VALUE ",\"ttl\":{\"N\":\"100\"},"
                                  "\"updated\":{\"N\":\"" KVFIX_NOW "\"}") "}");
    ck_assert_int_eq(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_OK);
    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_delete_if(kv, &e, &err), DDB_OK);
    kvfix_request(1, "DeleteItem",
                  DELETE("attribute_not_exists(#i) AND #v = :old AND "
                         "#t = :t AND #u = :u",
                         "\"#i\":\"version\",\"#t\":\"ttl\",\"#u\":\"updated\","
                         "\"#v\":\"value\"",
                         "\":old\":" VALUE ",\":t\":{\"N\":\"100\"},"
                         "\":u\":{\"N\":\"" KVFIX_NOW "\"}"));
    f->unix_start += 100000; /* now it has expired */
    ck_assert_int_eq(ddb_kv_delete_if(kv, &e, &err), DDB_CONDITION_FAILED);
    ck_assert_int_eq(replace(&e), DDB_CONDITION_FAILED);
    ck_assert_uint_eq(fake_count(f), 2);
    ddb_kv_entry_clear(&e);
}
END_TEST

static const struct {
    const char *name;
    const char *item;
    ddb_code code;
} relatives[] = {
    {"live", "{\"Item\":" ITEM("\"value\":" VALUE) "}", DDB_OK},
    {"expired",
     "{\"Item\":" ITEM("\"value\":" VALUE ",\"ttl\":{\"N\":\"1\"},"
                       "\"updated\":{\"N\":\"5\"}") "}",
     DDB_CONDITION_FAILED},
    {"gone", "{}", DDB_CONDITION_FAILED},
};

START_TEST(relative_ttl_of_a_told_version_is_read)
{
    reopen(&relative);
    fake_answer(f, relatives[_i].item);
    fake_answer(f, "{}");
    ck_assert_msg(replace(&told) == relatives[_i].code, "%s: %s",
                  relatives[_i].name, err.message);
    ck_assert_int_eq(err.code, relatives[_i].code);
    ck_assert_uint_eq(fake_count(f), 1 + (relatives[_i].code == DDB_OK));
    kvfix_request(0, "GetItem", GET);
    if (relatives[_i].code == DDB_OK)
        ck_assert_ptr_nonnull(
            strstr(fake_request(f, 1)->body,
                   "\"ConditionExpression\":\"#i = :seen OR #i = :mine\""));
}
END_TEST

START_TEST(other_names_are_used)
{
    const ddb_kv_schema schema = {.key = "pk",
                                  .value = "data",
                                  .ttl = "until",
                                  .version = "rev",
                                  .key_only = 1};
    ddb_kv_entry e = {0};

    reopen(&schema);
    fake_answer(f, "{\"Item\":{\"pk\":{\"S\":\"k\"},\"data\":" VALUE "}}");
    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_pop(kv, ddb_str("k"), &e, &err), DDB_OK);
    kvfix_request(1, "DeleteItem",
                  "{\"TableName\":\"tab\",\"Key\":{\"pk\":{\"S\":\"k\"}},"
                  "\"ConditionExpression\":\"attribute_not_exists(#i) AND "
                  "#v = :old AND NOT #t <= :now\","
                  "\"ExpressionAttributeNames\":{\"#i\":\"rev\",\"#t\":"
                  "\"until\",\"#v\":\"data\"},"
                  "\"ExpressionAttributeValues\":{\":old\":" VALUE "," NOW_VALUE
                  "},\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\"}");
    ddb_kv_entry_clear(&e);
}
END_TEST

/* ---- A wrong clock, no memory ------------------------------------------- */

static ddb_code delete_told(void)
{
    return ddb_kv_delete_if(kv, &told, &err);
}

static ddb_code replace_told(void)
{
    return replace(&told);
}

static ddb_code (*const dated[])(void) = {delete_told, replace_told};

START_TEST(a_wrong_clock_builds_the_request_anew)
{
    f->unix_start += 3600 * 1000;
    fake_add(f,
             &(fake_step){.status = 400,
                          .body = "{\"__type\":\"x#InvalidSignatureException\","
                                  "\"message\":\"Signature not yet current\"}",
                          .date = FAKE_START});
    fake_add(f, &(fake_step){.status = 200, .body = "{}", .date = FAKE_START});
    ck_assert_int_eq(dated[_i](), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 2);
    ck_assert_ptr_null(strstr(fake_request(f, 0)->body, KVFIX_NOW));
    ck_assert_ptr_nonnull(strstr(fake_request(f, 1)->body, KVFIX_NOW));
}
END_TEST

START_TEST(err_may_be_null_everywhere)
{
    const ddb_kv_entry no_key = {.has_version = 1};
    ddb_kv_entry e = {0};

    ck_assert_int_eq(ddb_kv_replace(kv, &no_key, ddb_str("v"), NULL, NULL),
                     DDB_INVALID);
    ck_assert_int_eq(ddb_kv_delete_if(kv, &no_key, NULL), DDB_INVALID);
    ck_assert_int_eq(ddb_kv_pop(kv, ddb_str(""), &e, NULL), DDB_INVALID);
    play("L-oL-sL-", VALUE);
    ck_assert_int_eq(ddb_kv_replace(kv, &told, ddb_str("v"), NULL, NULL),
                     DDB_AMBIGUOUS);
    ck_assert_int_eq(ddb_kv_delete_if(kv, &told, NULL), DDB_OK);
    ck_assert_int_eq(ddb_kv_pop(kv, ddb_str("k"), &e, NULL), DDB_OK);
    ddb_kv_entry_clear(&e);
}
END_TEST

static ddb_code pop_and_clear(void)
{
    ddb_kv_entry e = {0};
    ddb_code code = ddb_kv_pop(kv, ddb_str("k"), &e, &err);

    ck_assert_int_eq(e.memory != NULL, code == DDB_OK);
    ddb_kv_entry_clear(&e);
    return code;
}

START_TEST(survives_every_failing_allocation)
{
    KVFIX_OOM(play("k", VALUE), replace_told());
    KVFIX_OOM(play("k", VALUE), delete_told());
    KVFIX_OOM(play("sk", VALUE), pop_and_clear());
    KVFIX_OOM(play("sOk", VALUE), pop_and_clear());
    KVFIX_OOM(play("s-fk", VALUE), pop_and_clear());
    reopen(&relative);
    KVFIX_OOM(play("sk", VALUE), replace_told());
    KVFIX_OOM(play("sk", VALUE), delete_told());
}
END_TEST

/* The code is that of what the call came to, not DDB_OK, once memory lasts. */
static void memory_may_fail(const char *script, ddb_code (*run)(void),
                            ddb_code want)
{
    for (long n = 0;; n++) {
        ddb_code code;

        fake_reset(f);
        play(script, VALUE);
        oom_begin(n);
        code = run();
        if (!oom_end()) {
            ck_assert_int_eq(code, want);
            break;
        }
        ck_assert_int_eq(code, DDB_NOMEM);
        ck_assert_int_eq(err.code, DDB_NOMEM);
        ck_assert_int_lt(n, 10000);
    }
}

START_TEST(survives_failing_allocations_after_lost_answers)
{
    memory_may_fail("L-o", replace_told, DDB_AMBIGUOUS);
    memory_may_fail("L-e", replace_told, DDB_CONDITION_FAILED);
    memory_may_fail("LE", delete_told, DDB_CONDITION_FAILED);
    memory_may_fail("LO", delete_told, DDB_OK);
    memory_may_fail("sLO", pop_and_clear, DDB_OK);
}
END_TEST

Suite *suite_kv_change(void)
{
    Suite *s = suite_create("kv_change");
    TCase *tc = tcase_create("replace");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, replaces_the_version_that_was_seen);
    tcase_add_test(tc, replaces_what_a_read_gave);
    tcase_add_test(tc, replaces_an_item_without_version_by_its_value);
    tcase_add_test(tc, a_version_of_another_kind_counts_beside_the_value);
    tcase_add_test(tc, replace_tells_the_new_version);
    tcase_add_loop_test(tc, replace_never_guesses, 0, ROWS(replaces));
    tcase_add_loop_test(tc, replace_by_value_never_guesses, 0,
                        ROWS(replaces_by_value));
    tcase_add_test(tc, what_was_not_read_and_has_no_version_is_refused);
    suite_add_tcase(s, tc);
    tc = tcase_create("delete");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, deletes_the_version_that_was_seen);
    tcase_add_test(tc, deletes_an_item_without_version_by_its_value);
    tcase_add_loop_test(tc, delete_if_tells_that_it_is_gone, 0, ROWS(deletes));
    tcase_add_loop_test(tc, pop_gives_what_it_has_taken, 0, ROWS(pops));
    tcase_add_test(tc, pop_deletes_the_version_that_it_has_read);
    tcase_add_test(tc, pop_by_the_key_of_the_entry_itself);
    tcase_add_test(tc, pop_leaves_what_it_cannot_read);
    tcase_add_test(tc, pop_gives_up_in_the_time_of_a_call);
    suite_add_tcase(s, tc);
    tc = tcase_create("schema");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, relative_ttl_is_looked_at_before);
    tcase_add_loop_test(tc, relative_ttl_of_a_told_version_is_read, 0,
                        ROWS(relatives));
    tcase_add_test(tc, other_names_are_used);
    suite_add_tcase(s, tc);
    tc = tcase_create("memory");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, a_wrong_clock_builds_the_request_anew, 0,
                        ROWS(dated));
    tcase_add_test(tc, err_may_be_null_everywhere);
    tcase_add_test(tc, survives_every_failing_allocation);
    tcase_add_test(tc, survives_failing_allocations_after_lost_answers);
    suite_add_tcase(s, tc);
    return s;
}
