/* SPDX-License-Identifier: MIT */
/*
 * The client over real sockets: a server on loopback, its deadline in real
 * time, threads, a fork, a provider of credentials that fetches over HTTP.
 */
#include "clientfix.h"
#include "creds/creds.h"
#include "fakecerts.h"
#include "fakehttp.h"
#include "oom.h"
#include "tests.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static ddb_client *open_at(const char *url, const ddb_options *more)
{
    ddb_options o = {0};
    ddb_client *c = NULL;
    ddb_err err = {0};
    ddb_code code;

    if (more != NULL)
        o = *more;
    o.region = "us-east-1";
    o.endpoint = url;
    if (o.access_key_id == NULL && o.credentials == NULL) {
        o.access_key_id = "AKIDEXAMPLE";
        o.secret_access_key = SECRET;
    }
    code = ddb_client_open(&o, &c, &err);
    ck_assert_msg(code == DDB_OK, "%s", err.message);
    return c;
}

static fakehttp *serve(const fake_answer *script, size_t n)
{
    return fakehttp_start(&(fakehttp_options){.script = script, .n = n});
}

static int64_t mono(void)
{
    return ddbi_system_clock.mono(&ddbi_system_clock);
}

static int64_t app_time(void *arg)
{
    return *(int64_t *)arg;
}

/* ---- Over sockets ------------------------------------------------------- */

START_TEST(talks_to_a_server)
{
    static const fake_answer script[] = {
        {.text = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"},
        {.text = FAKE_EMPTY}};
    fakehttp *server = serve(script, 2);
    ddb_client *c = open_at(fakehttp_url(server), NULL);
    size_t n;
    int attempts = 0;

    ck_assert_int_eq(call(c, GET_ITEM, &attempts, NULL), DDB_OK);
    ck_assert_int_eq(attempts, 2);
    ck_assert_str_eq(fakehttp_body(server, &n), "{\"TableName\":\"kv\"}");
    ck_assert_ptr_nonnull(strstr(fakehttp_head(server),
                                 "X-Amz-Target: DynamoDB_20120810."
                                 "GetItem\r\n"));
    ck_assert_ptr_nonnull(
        strstr(fakehttp_head(server), "Credential=AKIDEXAMPLE/"));
    ddb_client_close(c);
    fakehttp_stop(server);
}
END_TEST

START_TEST(trusts_the_authority_of_the_environment)
{
    static const fake_answer script[] = {{.text = FAKE_EMPTY}};
    fakecerts ca;
    SSL_CTX *tls;
    fakehttp *server;
    ddb_client *c;
    ddb_err err;

    fakecerts_new(&ca, "authority of the tests");
    tls = fakecerts_server(&ca, FAKE_CERT_OK);
    server = fakehttp_start(
        &(fakehttp_options){.script = script, .n = 1, .tls = tls});
    c = open_at(fakehttp_url(server), NULL);
    ck_assert_int_eq(call(c, GET_ITEM, NULL, &err), DDB_TLS);
    ck_assert_int_eq(err.retryable, 0);
    ddb_client_close(c);
    setenv("AWS_CA_BUNDLE", ca.file, 1);
    c = open_at(fakehttp_url(server), NULL);
    ck_assert_int_eq(call(c, GET_ITEM, NULL, &err), DDB_OK);
    ddb_client_close(c);
    setenv("AWS_CA_BUNDLE", "/nonexistent", 1);
    c = open_at(fakehttp_url(server), &(ddb_options){.ca_file = ca.file});
    ck_assert_int_eq(call(c, GET_ITEM, NULL, &err), DDB_OK);
    ddb_client_close(c);
    fakehttp_stop(server);
    SSL_CTX_free(tls);
    fakecerts_free(&ca);
}
END_TEST

START_TEST(silence_on_the_wire_ends_at_the_deadline)
{
    static const fake_answer script[] = {{.end = FAKE_HOLD}};
    fakehttp *server = serve(script, 1);
    ddb_client *c =
        open_at(fakehttp_url(server), &(ddb_options){.timeout_ms = 300});
    int64_t began = mono();
    int64_t took;
    ddb_err err;

    ck_assert_int_eq(call(c, PUT_ITEM, NULL, &err), DDB_TIMEOUT);
    took = mono() - began;
    ck_assert_int_ge(took, 300);
    ck_assert_int_lt(took, 10000);
    ck_assert_int_eq(err.maybe_applied, 1);
    ddb_client_close(c);
    fakehttp_stop(server);
}
END_TEST

START_TEST(an_idle_connection_that_was_closed_costs_nothing)
{
    static const fake_answer script[] = {
        {.text = FAKE_EMPTY, .end = FAKE_CLOSE}};
    fakehttp *server = serve(script, 1);
    ddb_client *c =
        open_at(fakehttp_url(server), &(ddb_options){.max_attempts = 1});

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_int_ge(fakehttp_connections(server), 3);
    ddb_client_close(c);
    fakehttp_stop(server);
}
END_TEST

START_TEST(the_clock_is_corrected_by_the_date_header)
{
    static const fake_answer script[] = {
        {.text = "HTTP/1.1 400 Bad\r\nDate: Fri, 02 Jan 2026 03:04:05 GMT\r\n"
                 "x-amzn-errortype: InvalidSignatureException\r\n"
                 "Content-Length: 2\r\n\r\n{}"},
        {.text = FAKE_EMPTY}};
    int64_t wrong = 1500000000;
    fakehttp *server = serve(script, 2);
    ddb_client *c = open_at(fakehttp_url(server),
                            &(ddb_options){.now = app_time, .now_arg = &wrong});

    ck_assert_int_eq(call(c, UPDATE_ITEM, NULL, NULL), DDB_OK);
    ck_assert_ptr_nonnull(
        strstr(fakehttp_head(server), "X-Amz-Date: 20260102T03040"));
    ck_assert_int_ge(ddb_client_now(c), 1767323045);
    ck_assert_int_lt(ddb_client_now(c), 1767323045 + 600);
    ddb_client_close(c);
    fakehttp_stop(server);
}
END_TEST

START_TEST(a_child_cannot_use_the_client_of_its_parent)
{
    static const fake_answer script[] = {{.text = FAKE_EMPTY}};
    fakehttp *server = serve(script, 1);
    ddb_client *c = open_at(fakehttp_url(server), NULL);
    int status = 0;
    pid_t pid;

    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    fflush(NULL);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        ddb_err err;
        int good = call(c, GET_ITEM, NULL, &err) == DDB_FORKED &&
                   err.code == DDB_FORKED;

        ddb_client_close(c);
        /* Not _exit(): valgrind would count what close has left alone. */
        execl(good ? "/bin/true" : "/bin/false", "child", (char *)NULL);
        _exit(2);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    /* The child has said nothing on our connection. */
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_int_eq(fakehttp_connections(server), 1);
    ddb_client_close(c);
    fakehttp_stop(server);
}
END_TEST

/* ---- A provider over HTTP ---- */

/* A provider that gets its keys from a server: the body is the id. */
typedef struct {
    ddbi_provider provider;
    const char *url;
    int timeout_ms;
    char body[64];
    ddb_code failure; /* what the exchange came to */
    int steps;
    int stubborn; /* never gives up */
} web;

static ddbi_creds_state web_step(ddbi_provider *p, const ddbi_creds_in *in,
                                 ddbi_creds_request *request,
                                 ddb_credentials *out, ddb_err *err)
{
    web *w = (web *)p;

    w->steps++;
    if (in->answer == NULL || in->answer->status == 401 ||
        (w->stubborn && in->answer->code != DDB_OK)) {
        *request = (ddbi_creds_request){
            .http = {.method = "GET", .url = w->url, .max_answer = 65536},
            .timeout_ms = w->timeout_ms};
        return DDBI_CREDS_SEND;
    }
    w->failure = in->answer->code;
    if (in->answer->code != DDB_OK) {
        ddbi_fail(err, in->answer->code, "the web gave nothing");
        return DDBI_CREDS_FAILED;
    }
    snprintf(w->body, sizeof w->body, "%.*s", (int)in->answer->body->n,
             in->answer->body->p);
    out->access_key_id = w->body;
    out->secret_access_key = SECRET;
    return DDBI_CREDS_DONE;
}

static void web_close(ddbi_provider *p)
{
    (void)p;
}

/* A client of the service with credentials from elsewhere. */
static ddb_client *open_with_web(const char *service, web *w, const char *url)
{
    const ddb_options o = {.region = "us-east-1", .endpoint = service};
    ddb_client *c = NULL;

    *w = (web){.provider = {.name = "web",
                            .refreshes = 1,
                            .step = web_step,
                            .close = web_close},
               .url = url,
               .timeout_ms = 5000};
    ck_assert_int_eq(ddb_client_open(&o, &c, NULL), DDB_OK);
    ck_assert_int_eq(ddbi_creds_take(ddbi_client_creds(c), &w->provider),
                     DDB_OK);
    return c;
}

START_TEST(a_provider_may_fetch_over_http)
{
    static const fake_answer keys[] = {
        {.text = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"},
        {.text = FAKE_HEAD "Content-Length: 6\r\n\r\nWEBKEY"}};
    static const fake_answer script[] = {{.text = FAKE_EMPTY}};
    fakehttp *vault = serve(keys, 2);
    fakehttp *service = serve(script, 1);
    web w;
    ddb_client *c =
        open_with_web(fakehttp_url(service), &w, fakehttp_url(vault));
    ddb_err err;

    ck_assert_int_eq(call(c, GET_ITEM, NULL, &err), DDB_OK);
    ck_assert_ptr_nonnull(strstr(fakehttp_head(service), "Credential=WEBKEY/"));
    ck_assert_int_eq(fakehttp_requests(vault), 2);
    ck_assert_int_eq(fakehttp_connections(vault), 1);
    ck_assert_ptr_nonnull(strstr(fakehttp_head(vault), "GET / HTTP/1.1"));
    ddb_client_close(c);
    fakehttp_stop(service);
    fakehttp_stop(vault);
}
END_TEST

START_TEST(a_provider_is_told_of_silence_and_of_nobody_there)
{
    static const fake_answer script[] = {{.end = FAKE_HOLD}};
    fakehttp *vault = serve(script, 1);
    int64_t began = mono();
    int64_t took;
    char url[64];
    web w;
    ddb_client *c;
    ddb_err err;

    snprintf(url, sizeof url, "%s", fakehttp_url(vault));
    c = open_with_web("http://127.0.0.1:1", &w, url);
    w.timeout_ms = 100;
    ck_assert_int_eq(call(c, GET_ITEM, NULL, &err), DDB_TIMEOUT);
    took = mono() - began;
    ck_assert_str_eq(err.message, "the web gave nothing");
    ck_assert_int_eq(w.failure, DDB_TIMEOUT);
    ck_assert_int_ge(took, 100);
    ck_assert_int_lt(took, 10000);
    fakehttp_stop(vault);
    w.steps = 0;
    ck_assert_int_eq(call(c, GET_ITEM, NULL, &err), DDB_NETWORK);
    ck_assert_int_eq(w.failure, DDB_NETWORK);
    ddb_client_close(c);
}
END_TEST

START_TEST(a_provider_has_no_more_time_than_the_call)
{
    static const fake_answer script[] = {{.end = FAKE_HOLD}};
    fakehttp *vault = serve(script, 1);
    int64_t began = mono();
    int64_t took;
    web w;
    ddb_client *c =
        open_with_web("http://127.0.0.1:1", &w, fakehttp_url(vault));
    ddb_err err;

    w.stubborn = 1;
    ck_assert_int_eq(ddbi_client_timeout(c), 15000);
    ck_assert_int_eq(
        call(
            c,
            &(ddbi_job_spec){.action = "GetItem", .read = 1, .timeout_ms = 200},
            NULL, &err),
        DDB_TIMEOUT);
    took = mono() - began;
    ck_assert_str_eq(err.message, "no time left to get credentials");
    ck_assert_int_ge(took, 200);
    ck_assert_int_lt(took, 10000);
    ddb_client_close(c);
    fakehttp_stop(vault);
}
END_TEST

START_TEST(every_allocation_of_a_fetch_may_fail)
{
    static const fake_answer keys[] = {
        {.text = FAKE_HEAD "Content-Length: 6\r\n\r\nWEBKEY"}};
    static const fake_answer script[] = {{.text = FAKE_EMPTY}};
    fakehttp *vault = serve(keys, 1);
    fakehttp *service = serve(script, 1);
    ddb_code code;
    ddb_err err;
    web w;

    for (long n = 0;; n++) {
        ddb_client *c =
            open_with_web(fakehttp_url(service), &w, fakehttp_url(vault));

        oom_begin(n);
        code = call(c, GET_ITEM, NULL, &err);
        ddb_client_close(c);
        if (!oom_end())
            break;
        ck_assert_msg(code == DDB_NOMEM, "%ld: %s: %s", n, ddb_code_name(code),
                      err.message);
    }
    ck_assert_int_eq(code, DDB_OK);
    fakehttp_stop(service);
    fakehttp_stop(vault);
}
END_TEST

/* ---- Threads ------ */

START_TEST(threads_share_a_client_over_http)
{
    static const fake_answer script[] = {{.text = FAKE_EMPTY}};
    fakehttp *server = serve(script, 1);
    ddb_client *c = open_at(fakehttp_url(server), NULL);

    ck_assert_int_eq(in_threads(c), 0);
    ck_assert_int_eq(fakehttp_requests(server), THREADS * CALLS);
    ck_assert_int_le(fakehttp_connections(server), THREADS);
    ddb_client_close(c);
    fakehttp_stop(server);
}
END_TEST

Suite *suite_client_http(void)
{
    Suite *s = suite_create("client_http");
    TCase *wire = tcase_create("wire");
    TCase *provider = tcase_create("provider");
    TCase *threads = tcase_create("threads");
    TCase *const all[] = {wire, provider, threads};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        tcase_add_checked_fixture(all[i], clear_environment,
                                  restore_environment);
        suite_add_tcase(s, all[i]);
    }
    tcase_add_test(wire, talks_to_a_server);
    tcase_add_test(wire, trusts_the_authority_of_the_environment);
    tcase_add_test(wire, silence_on_the_wire_ends_at_the_deadline);
    tcase_add_test(wire, an_idle_connection_that_was_closed_costs_nothing);
    tcase_add_test(wire, the_clock_is_corrected_by_the_date_header);
    tcase_add_test(wire, a_child_cannot_use_the_client_of_its_parent);
    tcase_add_test(provider, a_provider_may_fetch_over_http);
    tcase_add_test(provider, a_provider_is_told_of_silence_and_of_nobody_there);
    tcase_add_test(provider, a_provider_has_no_more_time_than_the_call);
    tcase_add_test(provider, every_allocation_of_a_fetch_may_fail);
    tcase_add_test(threads, threads_share_a_client_over_http);
    return s;
}
