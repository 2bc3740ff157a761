/* SPDX-License-Identifier: MIT */
#include "clientfix.h"
#include "fake.h"
#include "oom.h"
#include "tests.h"

#include <stdio.h>

#define TOKEN "abababababababababababababababab"
#define OURS "{\"ClientRequestToken\":\"" TOKEN "\""

static fake *f;
static ddb_client *c;
static ddb_err err;
static char *out;
static size_t n;

static void setup(void)
{
    f = fake_new();
    f->random_byte = 0xab;
    c = fake_open(f, NULL);
    out = NULL;
}

static void teardown(void)
{
    ddb_free(out);
    ddb_client_close(c);
    fake_free(f);
}

static ddb_code send(const char *action, const char *body)
{
    const ddb_call_in in = {.action = action, .body = body};

    ddb_free(out);
    return ddb_call(c, &in, &out, &n, &err);
}

/* ---- What is sent ------------------------------------------------------- */

static const struct {
    const char *action;
    const char *body;
    const char *sent;
} bodies[] = {
    {"ListTables", NULL, "{}"},
    {"ListTables", "{}", "{}"},
    {"ListTables", " {\"Limit\" : 1}\n", " {\"Limit\" : 1}\n"},
    {"Mystery", "{\"ClientRequestToken\":null}",
     "{\"ClientRequestToken\":null}"},
    {"TransactWriteItems", "{}", OURS "}"},
    {"TransactWriteItems", NULL, OURS "}"},
    {"TransactWriteItems", " { } ", " " OURS " } "},
    {"TransactWriteItems", "{\"TransactItems\":[]}",
     OURS ",\"TransactItems\":[]}"},
    {"TransactWriteItems", "{\"ClientRequestToken\":\"mine\"}",
     "{\"ClientRequestToken\":\"mine\"}"},
    {"TransactWriteItems", "{\"a\":1,\"Client\\u0052equestToken\":\"mine\"}",
     "{\"a\":1,\"Client\\u0052equestToken\":\"mine\"}"},
    {"TransactWriteItems", "{\"ClientRequestToken\":null}",
     "{\"ClientRequestToken\":null}"},
    /* Only its own members count. */
    {"TransactWriteItems", "{\"a\":{\"ClientRequestToken\":\"b\"}}",
     OURS ",\"a\":{\"ClientRequestToken\":\"b\"}}"},
    {"TransactWriteItems", "{\"a\":\"ClientRequestToken\"}",
     OURS ",\"a\":\"ClientRequestToken\"}"},
    {"ExecuteTransaction", "{\"a\":1}", OURS ",\"a\":1}"},
    {"ImportTable", "{\"a\":1}", "{\"ClientToken\":\"" TOKEN "\",\"a\":1}"},
};

START_TEST(sends_the_body_and_fills_in_the_token)
{
    fake_answer(f, "{}");
    ck_assert_int_eq(send(bodies[_i].action, bodies[_i].body), DDB_OK);
    ck_assert_str_eq(fake_request(f, 0)->action, bodies[_i].action);
    ck_assert_str_eq(fake_request(f, 0)->body, bodies[_i].sent);
}
END_TEST

START_TEST(takes_the_length_when_it_is_given)
{
    const ddb_call_in in = {
        .action = "ListTables", .body = "{}garbage", .body_n = 2};

    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_call(c, &in, &out, NULL, NULL), DDB_OK);
    ck_assert_str_eq(fake_request(f, 0)->body, "{}");
}
END_TEST

START_TEST(attempts_share_one_token)
{
    fake_failure(f, DDB_NETWORK);
    fake_answer(f, "{}");
    f->random_byte = -1;
    ck_assert_int_eq(send("TransactWriteItems", "{}"), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 2);
    ck_assert_str_eq(fake_request(f, 0)->body, fake_request(f, 1)->body);
    ck_assert_int_eq(err.maybe_applied, 1);
    fake_answer(f, "{}");
    ck_assert_int_eq(send("TransactWriteItems", "{}"), DDB_OK);
    ck_assert_str_ne(fake_request(f, 0)->body, fake_request(f, 2)->body);
}
END_TEST

START_TEST(no_token_without_randomness)
{
    f->random_fails = 1;
    ck_assert_int_eq(send("TransactWriteItems", "{}"), DDB_SYSTEM);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

static const struct {
    const char *action;
    const char *body;
    const char *says;
} wrong[] = {
    {NULL, "{}", "the action is missing"},
    {"", "{}", "1 to 64 letters and digits"},
    {"Get Item", "{}", "1 to 64 letters and digits"},
    {"GetItem\r\nX-Evil: 1", "{}", "1 to 64 letters and digits"},
    {"A2345678901234567890123456789012345678901234567890123456789012345", "{}",
     "1 to 64 letters and digits"},
    {"GetItem", "[]", "the body is no JSON object"},
    {"GetItem", "\"{}\"", "the body is no JSON object"},
    {"GetItem", "", "the body is no JSON"},
    {"GetItem", "{", "the body is no JSON"},
    {"GetItem", "{}{}", "the body is no JSON"},
    {"GetItem", "{\"a\":01}", "the body is no JSON"},
    {"GetItem", "{\"a\":\"\xff\"}", "the body is no JSON"},
};

START_TEST(refuses_what_is_no_call)
{
    ck_assert_int_eq(send(wrong[_i].action, wrong[_i].body), DDB_INVALID);
    ck_assert_msg(strstr(err.message, wrong[_i].says) != NULL, "%s",
                  err.message);
    ck_assert_ptr_null(out);
    ck_assert_uint_eq(n, 0);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

START_TEST(refuses_a_negative_time)
{
    const ddb_call_in in = {.action = "ListTables", .timeout_ms = -1};

    ck_assert_int_eq(ddb_call(c, &in, &out, &n, &err), DDB_INVALID);
}
END_TEST

START_TEST(refuses_a_body_of_more_than_16_mb)
{
    size_t size = (16 << 20) + 1;
    char *body = malloc(size + 1);

    memset(body, ' ', size);
    body[0] = '{';
    body[size - 1] = '}';
    body[size] = 0;
    ck_assert_int_eq(send("PutItem", body), DDB_TOO_LARGE);
    ck_assert_ptr_nonnull(strstr(err.message, "16777217 bytes"));
    body[size - 2] = '}';
    body[size - 1] = 0;
    fake_answer(f, "{}");
    ck_assert_int_eq(send("PutItem", body), DDB_OK);
    free(body);
}
END_TEST

/* ---- What is repeated --------------------------------------------------- */

static const struct {
    const char *action;
    const char *body;
    int asked; /* .repeatable */
    int again;
    int maybe; /* err.maybe_applied, after 500 and then success */
} fates[] = {
    {"GetItem", "{}", 0, 1, 0},
    {"Query", "{}", 0, 1, 0},
    {"DescribeTable", "{}", 0, 1, 0},
    {"TransactGetItems", "{}", 0, 1, 0},
    {"ListTagsOfResource", "{}", 0, 1, 0},
    {"BatchWriteItem", "{}", 0, 1, 1},
    {"PutItem", "{\"TableName\":\"t\"}", 0, 1, 1},
    {"PutItem", "{\"ConditionExpression\":\"c\"}", 0, 0, 1},
    {"PutItem", "{\"Condition\\u0045xpression\":\"c\"}", 0, 0, 1},
    {"PutItem", "{\"Item\":{\"ConditionExpression\":{\"S\":\"c\"}}}", 0, 1, 1},
    {"PutItem", "{\"Expected\":{}}", 0, 0, 1},
    {"PutItem", "{\"ConditionExpression\":\"c\"}", 1, 1, 1},
    {"DeleteItem", "{}", 0, 1, 1},
    {"DeleteItem", "{\"ConditionExpression\":\"c\"}", 0, 0, 1},
    {"UpdateItem", "{}", 0, 0, 1},
    {"UpdateItem", "{}", 1, 1, 1},
    {"TransactWriteItems", "{}", 0, 1, 1},
    {"TransactWriteItems", "{\"ClientRequestToken\":\"t\"}", 0, 1, 1},
    {"TransactWriteItems", "{\"ClientRequestToken\":null}", 0, 0, 1},
    {"ExecuteStatement", "{}", 0, 0, 1},
    {"CreateTable", "{}", 0, 0, 1},
    {"DescribeSomethingNew", "{}", 0, 0, 1},
    {"DescribeSomethingNew", "{}", 1, 1, 1},
};

START_TEST(repeats_what_may_be_repeated)
{
    const ddb_call_in in = {.action = fates[_i].action,
                            .body = fates[_i].body,
                            .repeatable = fates[_i].asked};
    ddb_code code;

    fake_error(f, 500, "InternalServerError", "sorry");
    fake_answer(f, "{\"done\":true}");
    code = ddb_call(c, &in, &out, &n, &err);
    ck_assert_int_eq(err.maybe_applied, fates[_i].maybe);
    if (fates[_i].again) {
        ck_assert_int_eq(code, DDB_OK);
        ck_assert_str_eq(out, "{\"done\":true}");
    } else {
        ck_assert_int_eq(code, DDB_AMBIGUOUS);
        ck_assert_uint_eq(fake_count(f), 1);
        ck_assert_str_eq(err.type, "InternalServerError");
    }
}
END_TEST

START_TEST(table_actions_wait_seconds_when_there_are_too_many)
{
    fake_error(f, 400, "LimitExceededException", "too many tables");
    fake_answer(f, "{}");
    ck_assert_int_eq(send("CreateTable", "{}"), DDB_OK);
    ck_assert_uint_eq(f->n_waits, 1);
    ck_assert_int_ge(f->waits[0], 2000);
    ck_assert_int_lt(f->waits[0], 4000);
}
END_TEST

/* ---- What comes back ---------------------------------------------------- */

START_TEST(gives_the_answer_with_its_length)
{
    fake_answer(f, "{\"TableNames\":[\"a\"]}");
    ck_assert_int_eq(send("ListTables", NULL), DDB_OK);
    ck_assert_str_eq(out, "{\"TableNames\":[\"a\"]}");
    ck_assert_uint_eq(n, strlen(out));
    ck_assert_int_eq(err.code, DDB_OK);
}
END_TEST

START_TEST(gives_the_refusal_too)
{
    const char *body = "{\"__type\":\"x#TransactionCanceledException\","
                       "\"CancellationReasons\":[{\"Code\":\"None\"}]}";

    fake_add(f, &(fake_step){.status = 400, .body = body});
    ck_assert_int_eq(send("TransactWriteItems", "{}"), DDB_CONDITION_FAILED);
    ck_assert_str_eq(out, body);
    ck_assert_uint_eq(n, strlen(body));
    ck_assert_str_eq(err.type, "TransactionCanceledException");
}
END_TEST

START_TEST(gives_no_refusal_that_is_no_json)
{
    fake_add(f, &(fake_step){.status = 403, .body = "<html>no</html>"});
    ck_assert_int_eq(send("GetItem", "{}"), DDB_SERVICE);
    ck_assert_ptr_null(out);
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(gives_no_refusal_that_does_not_fit_its_checksum)
{
    fake_add(f, &(fake_step){.status = 500, .body = "{}", .bad_crc = 1});
    ck_assert_int_eq(send("UpdateItem", "{}"), DDB_AMBIGUOUS);
    ck_assert_ptr_null(out);
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(gives_no_answer_of_an_earlier_attempt)
{
    const ddb_call_in in = {
        .action = "GetItem", .body = "{}", .timeout_ms = 3000};

    fake_error(f, 500, "InternalServerError", "sorry");
    fake_add(f, &(fake_step){.silent = 1});
    ck_assert_int_eq(ddb_call(c, &in, &out, &n, &err), DDB_TIMEOUT);
    ck_assert_ptr_null(out);
    ck_assert_int_eq(err.http_status, 0);
}
END_TEST

static const struct {
    const char *body;
    const char *action;
    int maybe;
} garbage[] = {
    {"{\"a\":nil}", "GetItem", 0},     {"{\"a\":\"\xff\"}", "GetItem", 0},
    {"{\"a\":1}{\"b\":2}", "Scan", 0}, {"{\"a\":nil}", "PutItem", 1},
    {"{\"a\":nil}", "UpdateItem", 1},
};

START_TEST(garbage_is_no_answer)
{
    fake_answer(f, garbage[_i].body);
    ck_assert_int_eq(send(garbage[_i].action, "{}"), DDB_BAD_ANSWER);
    ck_assert_ptr_null(out);
    ck_assert_int_eq(err.maybe_applied, garbage[_i].maybe);
}
END_TEST

static const char *const wordless[] = {"TagResource", "UntagResource"};

START_TEST(no_answer_is_an_answer_of_some)
{
    fake_answer(f, "");
    ck_assert_int_eq(send(wordless[_i], "{}"), DDB_OK);
    ck_assert_str_eq(out, "{}");
    ck_assert_uint_eq(n, 2);
    fake_answer(f, "{\"a\":1}");
    ck_assert_int_eq(send(wordless[_i], "{}"), DDB_OK);
    ck_assert_str_eq(out, "{\"a\":1}");
    fake_answer(f, "x");
    fake_answer(f, "{}");
    ck_assert_int_eq(send(wordless[_i], "{}"), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 4);
}
END_TEST

START_TEST(depth_is_bounded)
{
    size_t deep = 100000;
    char *body = malloc(6 * deep + 3);

    memset(body, '[', deep);
    memcpy(body, "{\"a\":", 5);
    memset(body + deep, ']', deep);
    body[2 * deep - 5] = '}';
    body[2 * deep - 4] = 0;
    ck_assert_int_eq(send("GetItem", body), DDB_INVALID);
    fake_answer(f, body);
    ck_assert_int_eq(send("GetItem", "{}"), DDB_BAD_ANSWER);
    free(body);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    const ddb_call_in in = {.action = "TransactWriteItems",
                            .body = "{\"TransactItems\":[]}"};
    ddb_code code;
    char *got = NULL;

    for (long i = 0;; i++) {
        ddb_client *own;

        fake_reset(f);
        fake_answer(f, "{\"done\":true}");
        own = fake_open(f, NULL);
        oom_begin(i);
        code = ddb_call(own, &in, &got, &n, &err);
        ddb_client_close(own);
        if (!oom_end())
            break;
        ck_assert_int_eq(code, DDB_NOMEM);
        ck_assert_ptr_null(got);
    }
    ck_assert_int_eq(code, DDB_OK);
    ck_assert_str_eq(got, "{\"done\":true}");
    ddb_free(got);
}
END_TEST

Suite *suite_op_call(void)
{
    Suite *s = suite_create("op_call");
    TCase *t = tcase_create("op_call");

    tcase_add_checked_fixture(t, clear_environment, restore_environment);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, sends_the_body_and_fills_in_the_token, 0,
                        (int)(sizeof bodies / sizeof bodies[0]));
    tcase_add_test(t, takes_the_length_when_it_is_given);
    tcase_add_test(t, attempts_share_one_token);
    tcase_add_test(t, no_token_without_randomness);
    tcase_add_loop_test(t, refuses_what_is_no_call, 0,
                        (int)(sizeof wrong / sizeof wrong[0]));
    tcase_add_test(t, refuses_a_negative_time);
    tcase_add_test(t, refuses_a_body_of_more_than_16_mb);
    tcase_add_loop_test(t, repeats_what_may_be_repeated, 0,
                        (int)(sizeof fates / sizeof fates[0]));
    tcase_add_test(t, table_actions_wait_seconds_when_there_are_too_many);
    tcase_add_test(t, gives_the_answer_with_its_length);
    tcase_add_test(t, gives_the_refusal_too);
    tcase_add_test(t, gives_no_refusal_that_is_no_json);
    tcase_add_test(t, gives_no_refusal_that_does_not_fit_its_checksum);
    tcase_add_test(t, gives_no_answer_of_an_earlier_attempt);
    tcase_add_loop_test(t, garbage_is_no_answer, 0,
                        (int)(sizeof garbage / sizeof garbage[0]));
    tcase_add_loop_test(t, no_answer_is_an_answer_of_some, 0,
                        (int)(sizeof wordless / sizeof wordless[0]));
    tcase_add_test(t, depth_is_bounded);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return s;
}
