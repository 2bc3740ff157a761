/* SPDX-License-Identifier: MIT */
/* The front door without sockets: local_server.py knocks at it over HTTP;
 * here is what it cannot do, such as taking the memory away. */
#include "oom.h"
#include "server_front.h"
#include "tests.h"

#include "base/clock.h"

#include <string.h>

#define NOW INT64_C(1767323045000) /* 20260102T030405Z */
#define AUTHORIZATION                                                          \
    "AWS4-HMAC-SHA256 Credential=a/20260102/b/dynamodb/aws4_request, "         \
    "SignedHeaders=host, Signature=c"

static int64_t slept;

static int64_t fixed_now(const ddbi_clock *k)
{
    (void)k;
    return NOW;
}

static void note_sleep(const ddbi_clock *k, int64_t ms)
{
    (void)k;
    slept += ms;
}

static server_options options;
static ddbi_clock stopped; /* at NOW */
static server_front front;
static server_exchange exchange;

static void set_up(void)
{
    const ddbi_local_options local = {.clock = &stopped};

    stopped = ddbi_system_clock;
    stopped.now = fixed_now;
    stopped.sleep = note_sleep;
    slept = 0;
    options = (server_options){.region = "r"};
    front = (server_front){.options = &options, .clock = &stopped};
    ck_assert_int_eq(server_front_init(&front), 0);
    ck_assert_int_eq(ddbi_local_open(&local, &front.engine, NULL), DDB_OK);
    exchange = (server_exchange){0};
}

static void clear_exchange(void)
{
    ddbi_signer_free(exchange.signer);
    ddbi_buf_free(&exchange.body);
    ddbi_buf_free(&exchange.out);
    exchange = (server_exchange){0};
}

static void tear_down(void)
{
    clear_exchange();
    ddbi_local_close(front.engine, 0);
    server_front_clear(&front);
}

static void add_header(const char *name, const char *value)
{
    if (value != NULL)
        exchange.headers[exchange.n_headers++] =
            (ddbi_header){{name, strlen(name)}, {value, strlen(value)}};
}

/* Returns the body of the answer. */
static const char *ask(const char *method, const char *target,
                       const char *authorization, const char *body)
{
    clear_exchange();
    memcpy(exchange.method, method, strlen(method) + 1);
    exchange.path = (ddb_bytes){"/", 1};
    add_header("Host", "localhost");
    add_header("X-Amz-Date", "20260102T030405Z");
    add_header("Content-Type", "application/x-amz-json-1.0");
    add_header("X-Amz-Target", target);
    add_header("Authorization", authorization);
    ddbi_buf_add_str(&exchange.body, body);
    server_front_answer(&front, &exchange);
    return ddbi_buf_text(&exchange.out);
}

#define LIST "DynamoDB_20120810.ListTables"

static const struct {
    const char *name, *method, *target, *authorization, *body;
    int status;
    const char *answer;
} cases[] = {
    {"a list", "POST", LIST, AUTHORIZATION, "{}", 200, "{\"TableNames\":[]}"},
    {"health", "GET", NULL, NULL, "", 200,
     "healthy: dynamodb.r.amazonaws.com "},
    {"a PUT", "PUT", LIST, AUTHORIZATION, "{}", 404,
     "<UnknownOperationException/>\n"},
    {"no signature", "POST", LIST, NULL, "{}", 400,
     "{\"__type\":\"com.amazon.coral.service#"
     "MissingAuthenticationTokenException\",\"message\":\"Request is missing "
     "Authentication Token\"}"},
    {"neither signature nor JSON", "POST", LIST, NULL, "{", 400,
     "{\"__type\":\"com.amazon.coral.service#SerializationException\"}"},
    {"no action", "POST", "x", NULL, "{}", 400,
     "{\"__type\":\"com.amazon.coral.service#UnknownOperationException\"}"},
    {"what the engine refuses", "POST", LIST, AUTHORIZATION, "{\"Limit\":0}",
     400,
     "{\"__type\":\"com.amazon.coral.validate#ValidationException\","
     "\"message\":\"1 validation error detected: Value '0' at 'limit' failed "
     "to satisfy constraint: Member must have value greater than or equal to "
     "1\"}"},
};

START_TEST(answers)
{
    const char *answer = ask(cases[_i].method, cases[_i].target,
                             cases[_i].authorization, cases[_i].body);

    ck_assert_str_eq(answer, cases[_i].answer);
    ck_assert_int_eq(exchange.status, cases[_i].status);
    ck_assert_uint_eq(strlen(exchange.id), SERVER_ID_SIZE);
}
END_TEST

START_TEST(answers_without_memory_too)
{
    for (long n = 0;; n++) {
        int status;

        clear_exchange();
        oom_begin(n);
        (void)ask(cases[_i].method, cases[_i].target, cases[_i].authorization,
                  cases[_i].body);
        status = exchange.status;
        clear_exchange();
        if (!oom_end()) {
            ck_assert_int_eq(status, cases[_i].status);
            break;
        }
        /* Where less memory will do the answer is the same. */
        ck_assert_msg(status == 500 || status == cases[_i].status ||
                          status == 400,
                      "%s: %ld: %d", cases[_i].name, n, status);
    }
}
END_TEST

START_TEST(fails_as_it_is_told)
{
    options.fail_rate = 1;
    options.latency = (server_range){7, 7};
    for (int i = 0; i < 20; i++) {
        const char *answer = ask("POST", LIST, AUTHORIZATION, "{}");

        ck_assert(exchange.status == 500 || exchange.status == 503);
        ck_assert_str_eq(
            answer,
            exchange.status == 500
                ? "{\"__type\":\"com.amazonaws.dynamodb.v20120810#"
                  "InternalServerError\",\"message\":\"Internal server "
                  "error\"}"
                : "{\"__type\":\"com.amazonaws.dynamodb.v20120810#"
                  "ServiceUnavailable\",\"message\":\"Service is currently "
                  "unavailable\"}");
    }
    ck_assert_int_eq(slept, 20 * 7);
    /* Only what has come through the door is failed, late and counted. */
    (void)ask("POST", LIST, NULL, "{}");
    ck_assert_int_eq(exchange.status, 400);
    (void)ask("GET", LIST, NULL, "");
    ck_assert_int_eq(exchange.status, 200);
    ck_assert_int_eq(slept, 20 * 7);
    ck_assert_uint_eq(atomic_load(&front.served), 20);
}
END_TEST

START_TEST(looks_at_the_clock_when_it_is_wrong)
{
    options.clock_offset = 1; /* the clock itself is set by main() */
    exchange.n_headers = 0;
    (void)ask("POST", LIST, AUTHORIZATION, "{}");
    ck_assert_int_eq(exchange.status, 200);
    stopped.now = ddbi_system_clock.now;
    (void)ask("POST", LIST, AUTHORIZATION, "{}");
    ck_assert_int_eq(exchange.status, 400);
    ck_assert_ptr_nonnull(strstr(exchange.out.p, "Signature expired: "));
}
END_TEST

Suite *suite_server_front(void)
{
    Suite *s = suite_create("server_front");
    TCase *tc = tcase_create("server_front");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, answers, 0, ROWS(cases));
    tcase_add_loop_test(tc, answers_without_memory_too, 0, ROWS(cases));
    tcase_add_test(tc, fails_as_it_is_told);
    tcase_add_test(tc, looks_at_the_clock_when_it_is_wrong);
    suite_add_tcase(s, tc);
    return s;
}
