/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing a client, its options and the environment, its pool,
 * its clock and its log; over the scripted transport.
 */
#include "client/client.h"

#include "fake.h"
#include "oom.h"
#include "tests.h"
#include "vault.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Opening ------------------------------------------------------------ */

static const struct {
    const char *name;
    const char *environment[7]; /* name, value, ... */
    ddb_options options;
    ddb_code code;
    const char *says;
    const char *region;
    const char *endpoint;
} opens[] = {
    {"region of the options",
     {NULL},
     {.region = "eu-west-1"},
     DDB_OK,
     NULL,
     "eu-west-1",
     "https://dynamodb.eu-west-1.amazonaws.com"},
    {"region of the environment",
     {"AWS_REGION", "eu-west-2", "AWS_DEFAULT_REGION", "eu-west-3"},
     {0},
     DDB_OK,
     NULL,
     "eu-west-2",
     "https://dynamodb.eu-west-2.amazonaws.com"},
    {"the older name",
     {"AWS_DEFAULT_REGION", "eu-west-3"},
     {0},
     DDB_OK,
     NULL,
     "eu-west-3",
     "https://dynamodb.eu-west-3.amazonaws.com"},
    {"no region", {NULL}, {0}, DDB_NO_REGION, "AWS_REGION", NULL, NULL},
    {"endpoint of the options",
     {"AWS_ENDPOINT_URL_DYNAMODB", "http://localhost:1"},
     {.region = "us-east-1", .endpoint = "http://localhost:8000"},
     DDB_OK,
     NULL,
     "us-east-1",
     "http://localhost:8000"},
    {"endpoint of the environment",
     {"AWS_ENDPOINT_URL_DYNAMODB", "http://localhost:1", "AWS_ENDPOINT_URL",
      "http://localhost:2"},
     {.region = "us-east-1"},
     DDB_OK,
     NULL,
     "us-east-1",
     "http://localhost:1"},
    {"endpoint of all services",
     {"AWS_ENDPOINT_URL", "http://localhost:2"},
     {.region = "us-east-1"},
     DDB_OK,
     NULL,
     "us-east-1",
     "http://localhost:2"},
    {"endpoints of the environment ignored",
     {"AWS_ENDPOINT_URL", "http://localhost:2",
      "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"},
     {.region = "us-east-1"},
     DDB_OK,
     NULL,
     "us-east-1",
     "https://dynamodb.us-east-1.amazonaws.com"},
    {"plain HTTP to strangers",
     {NULL},
     {.region = "us-east-1", .endpoint = "http://example.com"},
     DDB_INVALID,
     "example.com",
     NULL,
     NULL},
    {"plain HTTP to strangers, allowed",
     {NULL},
     {.region = "us-east-1", .endpoint = "http://example.com", .allow_http = 1},
     DDB_OK,
     NULL,
     "us-east-1",
     "http://example.com"},
    {"attempts of the environment",
     {"AWS_MAX_ATTEMPTS", "7"},
     {.region = "us-east-1"},
     DDB_OK,
     NULL,
     "us-east-1",
     NULL},
    {"attempts that are no number",
     {"AWS_MAX_ATTEMPTS", "some"},
     {.region = "us-east-1"},
     DDB_INVALID,
     "AWS_MAX_ATTEMPTS is \"some\"",
     NULL,
     NULL},
    {"no attempt at all",
     {"AWS_MAX_ATTEMPTS", "0"},
     {.region = "us-east-1"},
     DDB_INVALID,
     "AWS_MAX_ATTEMPTS is \"0\"",
     NULL,
     NULL},
    {"the option is stronger",
     {"AWS_MAX_ATTEMPTS", "some"},
     {.region = "us-east-1", .max_attempts = 2},
     DDB_OK,
     NULL,
     "us-east-1",
     NULL},
    {"correction neither on nor off",
     {"AWS_DISABLE_CLOCK_SKEW_CORRECTION", "maybe"},
     {.region = "us-east-1"},
     DDB_INVALID,
     "AWS_DISABLE_CLOCK_SKEW_CORRECTION is \"maybe\"",
     NULL,
     NULL},
    {"a negative time",
     {NULL},
     {.region = "us-east-1", .timeout_ms = -1},
     DDB_INVALID,
     "timeout_ms",
     NULL,
     NULL},
    {"a negative number",
     {NULL},
     {.region = "us-east-1", .max_attempts = -1},
     DDB_INVALID,
     "max_attempts",
     NULL,
     NULL},
    {"a key without its secret",
     {NULL},
     {.region = "us-east-1", .access_key_id = "AKID"},
     DDB_INVALID,
     "access_key_id needs secret_access_key",
     NULL,
     NULL},
    {"a secret without its key",
     {NULL},
     {.region = "us-east-1", .secret_access_key = "S"},
     DDB_INVALID,
     "secret_access_key needs access_key_id",
     NULL,
     NULL},
    {"a token alone",
     {NULL},
     {.region = "us-east-1", .session_token = "T"},
     DDB_INVALID,
     "session_token needs access_key_id",
     NULL,
     NULL},
    {"half an environment is for the call that needs it",
     {"AWS_ACCESS_KEY_ID", "AKID"},
     {.region = "us-east-1"},
     DDB_OK,
     NULL,
     "us-east-1",
     NULL},
    {"a wrong level of safety",
     {NULL},
     {.region = "us-east-1", .local_sync = (ddb_sync)3},
     DDB_INVALID,
     "local_sync",
     NULL,
     NULL},
#ifdef DDB_WITH_SQLITE
    {"an engine",
     {NULL},
     {.endpoint = "memory:"},
     DDB_OK,
     NULL,
     "local",
     "memory:"},
    {"an engine in the environment",
     {"AWS_ENDPOINT_URL_DYNAMODB", "memory:", "AWS_REGION", "eu-west-1"},
     {.local_sync = DDB_SYNC_OFF},
     DDB_OK,
     NULL,
     "eu-west-1",
     "memory:"},
    {"a file where there can be none",
     {NULL},
     {.endpoint = "sqlite:/nonexistent/x"},
     DDB_SYSTEM,
     "/nonexistent/x",
     NULL,
     NULL},
#else
    {"an engine that is not built in",
     {NULL},
     {.endpoint = "sqlite:/tmp/x"},
     DDB_UNSUPPORTED,
     "made without SQLite",
     NULL,
     NULL},
#endif
};

START_TEST(opens_by_options_and_environment)
{
    ddb_client *c = (ddb_client *)&c;
    ddb_err err = {0};
    ddb_code code;

    for (size_t i = 0; opens[_i].environment[i] != NULL; i += 2)
        setenv(opens[_i].environment[i], opens[_i].environment[i + 1], 1);
    code = ddb_client_open(&opens[_i].options, &c, &err);
    ck_assert_msg(code == opens[_i].code, "%s: %s: %s", opens[_i].name,
                  ddb_code_name(code), err.message);
    ck_assert_int_eq(err.code, code);
    if (opens[_i].says != NULL)
        ck_assert_msg(strstr(err.message, opens[_i].says) != NULL, "%s: %s",
                      opens[_i].name, err.message);
    if (code != DDB_OK)
        ck_assert_ptr_null(c);
    if (opens[_i].region != NULL)
        ck_assert_str_eq(ddb_client_region(c), opens[_i].region);
    if (opens[_i].endpoint != NULL)
        ck_assert_str_eq(ddb_client_endpoint(c), opens[_i].endpoint);
    ddb_client_close(c);
}
END_TEST

START_TEST(opens_without_options)
{
    ddb_client *c = NULL;

    setenv("AWS_REGION", "us-east-1", 1);
    ck_assert_int_eq(ddb_client_open(NULL, &c, NULL), DDB_OK);
    ck_assert_int_eq(ddbi_client_timeout(c), 15000);
    ddb_client_close(c);
    ddb_client_close(NULL);
}
END_TEST

START_TEST(a_transport_is_closed_with_its_client_and_when_it_fails)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, NULL);

    ddb_client_close(c);
    ck_assert_int_eq(f->closed, 1);
    ck_assert_int_eq(f->closed_forked, 0);
    ck_assert_int_eq(ddbi_client_open_with(&(ddb_options){.timeout_ms = -1},
                                           fake_transport(f), fake_clock(f), &c,
                                           NULL),
                     DDB_INVALID);
    ck_assert_ptr_null(c);
    ck_assert_int_eq(f->closed, 2);
    fake_free(f);
}
END_TEST

static ddb_code open_and_close(void)
{
    const ddb_options o = {.region = "us-east-1",
                           .endpoint = "http://localhost:1",
                           .access_key_id = "AKID",
                           .secret_access_key = SECRET,
                           .session_token = "TOKEN",
                           .ca_file = "/nonexistent",
                           .ca_path = "/nonexistent",
                           .proxy = "http://localhost:2"};
    ddb_client *c = NULL;
    ddb_err err = {0};
    ddb_code code = ddb_client_open(&o, &c, &err);

    ck_assert_int_eq(err.code, code);
    ck_assert_int_eq(code == DDB_OK, c != NULL);
    ddb_client_close(c);
    return code;
}

static ddb_code open_over_a_transport(void)
{
    fake *f = fake_new();
    ddb_client *c = NULL;
    ddb_code code =
        ddbi_client_open_with(&(ddb_options){.region = "r"}, fake_transport(f),
                              fake_clock(f), &c, NULL);

    ddb_client_close(c);
    ck_assert_int_eq(f->closed, 1);
    fake_free(f);
    return code;
}

static ddb_code open_and_call(void)
{
    fake *f = fake_new();
    ddb_client *c = NULL;
    ddb_code code;

    fake_answer(f, "{\"Item\":{}}");
    code = ddbi_client_open_with(
        &(ddb_options){.access_key_id = "A", .secret_access_key = "S"},
        fake_transport(f), fake_clock(f), &c, NULL);
    if (code == DDB_OK)
        code = call(c, GET_ITEM, NULL, NULL);
    ddb_client_close(c);
    fake_free(f);
    return code;
}

static ddb_code (*const operations[])(void) = {
    open_and_close, open_over_a_transport, open_and_call};

START_TEST(every_allocation_may_fail)
{
    ddb_code code;

    /* libcurl's own once-only memory, before anything is counted. */
    ck_assert_int_eq(open_and_close(), DDB_OK);
    for (long n = 0;; n++) {
        oom_begin(n);
        code = operations[_i]();
        if (!oom_end())
            break;
        ck_assert_int_eq(code, DDB_NOMEM);
        ck_assert_int_eq(oom_live(), 0);
    }
    ck_assert_int_eq(code, DDB_OK);
    ck_assert_int_eq(oom_live(), 0);
}
END_TEST

/* ---- The pool ----------------------------------------------------------- */

START_TEST(jobs_are_used_again)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, NULL);
    ddbi_job *a = NULL, *b = NULL;
    const char *kept;

    ck_assert_int_eq(ddbi_job_begin(c, &a, NULL), DDB_OK);
    ddbi_buf_add_str(&a->body, "left over");
    kept = a->body.p;
    ddbi_job_end(a);
    ck_assert_int_eq(ddbi_job_begin(c, &b, NULL), DDB_OK);
    ck_assert_ptr_eq(a, b);
    ck_assert_uint_eq(b->body.n, 0);
    ck_assert_ptr_eq(b->body.p, kept);
    ddbi_job_end(b);
    ddbi_job_end(NULL);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(large_buffers_are_given_back)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, NULL);
    ddbi_job *j = NULL;

    ck_assert_int_eq(ddbi_job_begin(c, &j, NULL), DDB_OK);
    ck_assert_ptr_nonnull(ddbi_buf_extend(&j->body, 300000));
    ck_assert_ptr_nonnull(ddbi_buf_extend(&j->scratch, 300000));
    ck_assert_ptr_nonnull(ddbi_buf_extend(&j->reply.body, 300000));
    ddbi_job_end(j);
    ck_assert_int_eq(ddbi_job_begin(c, &j, NULL), DDB_OK);
    ck_assert_uint_eq(j->body.cap + j->scratch.cap + j->reply.body.cap, 0);
    ddbi_job_end(j);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(keeps_no_more_jobs_than_it_may)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, &(ddb_options){.max_idle = 2});
    ddbi_job *j[5];
    long live;

    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(ddbi_job_begin(c, &j[i], NULL), DDB_OK);
    oom_begin(-1);
    for (int i = 0; i < 5; i++)
        ddbi_job_end(j[i]);
    oom_end();
    live = oom_live();
    ck_assert_int_eq(live, -3);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(a_warm_call_allocates_nothing)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, NULL);

    for (int i = 0; i < 3; i++)
        fake_answer(f, "{\"Item\":{}}");
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    oom_begin(-1);
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    oom_end();
    ck_assert_int_eq(oom_asked(), 0);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

/* ---- The fork ----------------------------------------------------------- */

START_TEST(a_child_closes_without_a_word)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, NULL);
    int status = 0;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        ddb_client_close(c);
        _exit(f->closed_forked == 1 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

/* ---- Time --------------------------------------------------------------- */

START_TEST(a_wrong_clock_is_corrected)
{
    const char *expired =
        "{\"__type\":\"x#InvalidSignatureException\",\"message\":\"Signature "
        "expired: 20260102T030405Z is now earlier than 20260102T031905Z "
        "(20260102T032405Z - 5 min.)\"}";
    fake *f = fake_new();
    ddb_client *c = fake_open(f, NULL);

    fake_add(f, &(fake_step){
                    .status = 400, .body = expired, .date = FAKE_START + 1200});
    fake_add(f, &(fake_step){
                    .status = 200, .body = "{}", .date = FAKE_START + 1200});
    ck_assert_int_eq(ddb_client_now(c), FAKE_START);
    ck_assert_int_eq(call(c, UPDATE_ITEM, NULL, NULL), DDB_OK);
    ck_assert_int_eq(fake_request(f, 0)->now, FAKE_START);
    ck_assert_int_eq(fake_request(f, 1)->now, FAKE_START + 1200);
    ck_assert_uint_eq(f->n_waits, 0);
    ck_assert_int_eq(ddb_client_now(c), FAKE_START + 1200);
    /* When somebody sets the system's clock right nothing is added twice. */
    f->unix_start += 1200000;
    f->mono += 5000;
    ck_assert_int_eq(ddb_client_now(c), FAKE_START + 1205);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(correction_can_be_switched_off)
{
    fake *f = fake_new();
    ddb_client *c;

    if (_i == 1)
        setenv("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "True", 1);
    c = fake_open(f, &(ddb_options){.no_clock_correction = _i == 0});
    fake_add(f, &(fake_step){
                    .status = 200, .body = "{}", .date = FAKE_START + 1200});
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_int_eq(ddb_client_now(c), FAKE_START);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

static int64_t app_time(void *arg)
{
    return *(int64_t *)arg;
}

START_TEST(the_application_may_bring_its_own_clock)
{
    int64_t t = 1000000000;
    fake *f = fake_new();
    ddb_client *c =
        fake_open(f, &(ddb_options){.now = app_time, .now_arg = &t});

    fake_add(f, &(fake_step){.status = 200, .body = "{}", .date = -1});
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_int_eq(fake_request(f, 0)->now, 1000000000);
    ck_assert_int_eq(ddb_client_now(c), 1000000000);
    /* The server knows better all the same. */
    fake_answer(f, "{}");
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_int_eq(ddb_client_now(c), FAKE_START);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

/* ---- A vault -------- */

/* ---- The log ------------------------------------------------------------ */

typedef struct {
    char text[16384];
    size_t n;
    int lines;
    int levels[5];
} lines;

static void keep_line(void *arg, ddb_log_level level, const char *line)
{
    lines *l = arg;
    size_t n = strlen(line);

    ck_assert_ptr_null(strchr(line, '\n'));
    ck_assert_uint_lt(l->n + n + 2, sizeof l->text);
    memcpy(l->text + l->n, line, n);
    l->n += n;
    l->text[l->n++] = '\n';
    l->text[l->n] = 0;
    l->lines++;
    l->levels[level]++;
}

START_TEST(the_log_tells_what_happens_and_no_secret)
{
    static lines l;
    fake *f = fake_new();
    vault v = {.f = f, .fail = 3};
    ddb_client *c = fake_open(f, &(ddb_options){.credentials = ask_vault,
                                                .credentials_arg = &v,
                                                .log = keep_line,
                                                .log_arg = &l});

    memset(&l, 0, sizeof l);
    fake_error(f, 500, "InternalServerError", "about PRIVATEKEY");
    fake_error(f, 400, "ExpiredTokenException", "about TOPTOKEN");
    fake_add(f, &(fake_step){.silent = 1});
    fake_answer(f, "{\"Item\":{\"v\":{\"S\":\"PRIVATEVALUE\"}}}");
    fake_error(f, 400, "ExpiredTokenException", "about TOPTOKEN");
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_NETWORK);
    ddbi_client_log(c, DDB_LOG_ERROR, "a line\r\nand\x1b[2J%s", " more");

    ck_assert_ptr_nonnull(strstr(
        l.text, "GetItem: attempt 1: DDB_UNAVAILABLE InternalServerError, "
                "request id FAKEREQUESTID; again in "));
    ck_assert_ptr_nonnull(
        strstr(l.text, "GetItem: attempt 2: DDB_CREDENTIALS "
                       "ExpiredTokenException, request id FAKEREQUESTID; "
                       "again in 0 ms"));
    ck_assert_ptr_nonnull(strstr(l.text, "given up after 10000 ms"));
    ck_assert_ptr_nonnull(
        strstr(l.text, "GetItem: attempt 4: DDB_OK, HTTP 200, 35 bytes"));
    ck_assert_ptr_nonnull(strstr(l.text, "credentials fetched: DDB_OK"));
    ck_assert_ptr_nonnull(strstr(l.text, "credentials fetched: DDB_NETWORK"));
    ck_assert_ptr_nonnull(strstr(l.text, "a line  and [2J more"));
    ck_assert_int_eq(l.levels[DDB_LOG_WARN], 1);
    ck_assert_int_eq(l.levels[DDB_LOG_ERROR], 1);

    ck_assert_ptr_null(strstr(l.text, SECRET));
    ck_assert_ptr_null(strstr(l.text, "TOPTOKEN"));
    ck_assert_ptr_null(strstr(l.text, "AKID"));
    ck_assert_ptr_null(strstr(l.text, "PRIVATE"));
    ck_assert_ptr_null(strstr(l.text, "TableName"));
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

Suite *suite_client(void)
{
    Suite *s = suite_create("client");
    TCase *opening = tcase_create("opening");
    TCase *pool = tcase_create("pool");
    TCase *time = tcase_create("time");
    TCase *log = tcase_create("log");
    TCase *const all[] = {opening, pool, time, log};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        tcase_add_checked_fixture(all[i], clear_environment,
                                  restore_environment);
        suite_add_tcase(s, all[i]);
    }
    tcase_add_loop_test(opening, opens_by_options_and_environment, 0,
                        (int)(sizeof opens / sizeof opens[0]));
    tcase_add_test(opening, opens_without_options);
    tcase_add_test(opening,
                   a_transport_is_closed_with_its_client_and_when_it_fails);
    tcase_add_loop_test(opening, every_allocation_may_fail, 0,
                        (int)(sizeof operations / sizeof operations[0]));
    tcase_add_test(pool, jobs_are_used_again);
    tcase_add_test(pool, large_buffers_are_given_back);
    tcase_add_test(pool, keeps_no_more_jobs_than_it_may);
    tcase_add_test(pool, a_warm_call_allocates_nothing);
    tcase_add_test(pool, a_child_closes_without_a_word);
    tcase_add_test(time, a_wrong_clock_is_corrected);
    tcase_add_loop_test(time, correction_can_be_switched_off, 0, 2);
    tcase_add_test(time, the_application_may_bring_its_own_clock);
    tcase_add_test(log, the_log_tells_what_happens_and_no_secret);
    return s;
}
