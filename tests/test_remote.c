/* SPDX-License-Identifier: MIT */
/* Signed exchanges with a server on loopback. */
#include "http/remote.h"

#include "base/alloc.h"
#include "fakecerts.h"
#include "fakehttp.h"
#include "http/sigv4.h"
#include "oom.h"
#include "tests.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW INT64_C(1767323045) /* 2026-01-02T03:04:05Z */
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN "TOKENEXAMPLETOKENEXAMPLE"
#define CRC_EMPTY "x-amz-crc32: 2745614147\r\n" /* of "{}" */

static const ddbi_keys keys = {"AKIDEXAMPLE", SECRET, ""};
static const ddbi_keys session_keys = {"AKIDEXAMPLE", SECRET, TOKEN};

static ddbi_request a_get(void)
{
    return (ddbi_request){
        .action = "GetItem", .body = {"{}", 2}, .keys = &keys, .now = NOW};
}

static ddbi_endpoint endpoint_of(const fakehttp *f)
{
    ddbi_endpoint e = {.region = "eu-west-1", .is_local = 1};

    snprintf(e.url, sizeof e.url, "%s", fakehttp_url(f));
    snprintf(e.host, sizeof e.host, "%s", fakehttp_host(f));
    e.https = strncmp(e.url, "https", 5) == 0;
    return e;
}

static ddbi_transport *open_with(const fakehttp *f, ddbi_remote_options opt)
{
    ddbi_endpoint e = endpoint_of(f);
    ddbi_transport *t = NULL;

    if (opt.endpoint == NULL)
        opt.endpoint = &e;
    ck_assert_int_eq(ddbi_remote_open(&opt, &t, NULL), DDB_OK);
    return t;
}

static ddbi_transport *open_to(const fakehttp *f)
{
    return open_with(f, (ddbi_remote_options){0});
}

static ddb_code try(ddbi_transport *t, const ddbi_request *q, ddbi_reply *reply)
{
    ddbi_exchange *x = NULL;
    ddb_code code = t->ops->start(t, q, reply, &x, NULL);

    if (code != DDB_OK)
        return code;
    while (!t->ops->step(x, 1000))
        continue;
    t->ops->finish(x);
    return reply->code;
}

static fakehttp *serve(const fake_answer *script, size_t n)
{
    return fakehttp_start(&(fakehttp_options){.script = script, .n = n});
}

/* ---- Requests ----------------------------------------------------------- */

/* The value of a header of the last request, "": none. */
static const char *sent(fakehttp *f, const char *name, char *out, size_t size)
{
    char pattern[64];
    const char *p;

    snprintf(pattern, sizeof pattern, "\r\n%s: ", name);
    p = strstr(fakehttp_head(f), pattern);
    out[0] = '\0';
    if (p != NULL) {
        p += strlen(pattern);
        snprintf(out, size, "%.*s", (int)strcspn(p, "\r"), p);
    }
    return out;
}

/* Sign what the server got, and compare. */
START_TEST(signs_what_it_sends)
{
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    ddbi_transport *t = open_to(f);
    ddbi_signer *signer = ddbi_signer_new();
    ddbi_buf want = {0};
    ddbi_reply reply = {0};
    ddbi_request q = a_get();
    char type[64], host[64], date[64], target[64], token[64], got[512];
    ddbi_header headers[5];
    ddbi_sign_in in = {.access_key_id = "AKIDEXAMPLE",
                       .secret_access_key = SECRET,
                       .region = "eu-west-1",
                       .service = "dynamodb",
                       .now = NOW,
                       .method = "POST"};

    q.keys = _i ? &session_keys : &keys;
    ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    headers[0] =
        (ddbi_header){ddb_str("content-type"),
                      ddb_str(sent(f, "Content-Type", type, sizeof type))};
    headers[1] = (ddbi_header){ddb_str("host"),
                               ddb_str(sent(f, "Host", host, sizeof host))};
    headers[2] =
        (ddbi_header){ddb_str("x-amz-date"),
                      ddb_str(sent(f, "X-Amz-Date", date, sizeof date))};
    headers[3] =
        (ddbi_header){ddb_str("x-amz-target"),
                      ddb_str(sent(f, "X-Amz-Target", target, sizeof target))};
    headers[4] = (ddbi_header){
        ddb_str("x-amz-security-token"),
        ddb_str(sent(f, "X-Amz-Security-Token", token, sizeof token))};
    in.headers = headers;
    in.n_headers = _i ? 5 : 4;
    in.body.p = fakehttp_body(f, &in.body.n);
    ck_assert_int_eq(ddbi_sign(signer, &in, &want), DDB_OK);
    ck_assert_str_eq(sent(f, "Authorization", got, sizeof got),
                     ddbi_buf_text(&want));
    ck_assert_str_eq(type, "application/x-amz-json-1.0");
    ck_assert_str_eq(host, fakehttp_host(f));
    ck_assert_str_eq(date, "20260102T030405Z");
    ck_assert_str_eq(target, "DynamoDB_20120810.GetItem");
    ck_assert_str_eq(token, _i ? TOKEN : "");
    ddbi_buf_free(&want);
    ddbi_signer_free(signer);
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    fakehttp_stop(f);
}
END_TEST

START_TEST(forgets_the_token_of_the_request_before)
{
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    ddbi_transport *t = open_to(f);
    ddbi_reply reply = {0};
    ddbi_request q = a_get();
    char token[64];
    ddbi_keys none = session_keys;

    q.keys = &session_keys;
    ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ck_assert_str_eq(sent(f, "X-Amz-Security-Token", token, sizeof token),
                     TOKEN);
    none.session_token = NULL;
    q.keys = &none;
    ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ck_assert_str_eq(sent(f, "X-Amz-Security-Token", token, sizeof token), "");
    ck_assert_int_eq(fakehttp_connections(f), 1);
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    fakehttp_stop(f);
}
END_TEST

static const struct {
    const char *name;
    ddbi_keys keys;
    const char *action;
} refused[] = {
    {"no action", {"A", "s", ""}, ""},
    {"an action with a space", {"A", "s", ""}, "Get Item"},
    {"an action with a line break", {"A", "s", ""}, "GetItem\r\nX: y"},
    {"an action of 65 letters",
     {"A", "s", ""},
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {"a key with a line break", {"A\r\nX: y", "s", ""}, "GetItem"},
    {"a key with a line feed", {"A\nX: y", "s", ""}, "GetItem"},
    {"a token with a line break", {"A", "s", "t\r\nX: y"}, "GetItem"},
};

START_TEST(refuses_what_would_be_another_header)
{
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    ddbi_transport *t = open_to(f);
    ddbi_reply reply = {0};
    ddbi_request q = a_get();
    ddbi_exchange *x = NULL;
    ddb_err err = {0};

    q.keys = &refused[_i].keys;
    q.action = refused[_i].action;
    ck_assert_msg(t->ops->start(t, &q, &reply, &x, &err) == DDB_INVALID, "%s",
                  refused[_i].name);
    ck_assert_ptr_null(x);
    ck_assert_str_ne(err.message, "");
    q = a_get();
    ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ck_assert_int_eq(fakehttp_requests(f), 1);
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    fakehttp_stop(f);
}
END_TEST

/* ---- Answers ------------------------------------------------------------ */

static const struct {
    const char *name;
    fake_answer answer;
    ddb_code code;
    int status;
    const char *message;
} cases[] = {
    {"no checksum", {.text = FAKE_EMPTY}, DDB_OK, 200, ""},
    {"a right checksum",
     {.text = FAKE_HEAD CRC_EMPTY "Content-Length: 2\r\n\r\n{}"},
     DDB_OK,
     200,
     ""},
    {"a wrong checksum",
     {.text = FAKE_HEAD CRC_EMPTY "Content-Length: 2\r\n\r\n[]"},
     DDB_BAD_ANSWER,
     200,
     "CRC"},
    {"a wrong checksum of an error",
     {.text = "HTTP/1.1 400 Bad\r\n" CRC_EMPTY "Content-Length: 2\r\n\r\n[]"},
     DDB_BAD_ANSWER,
     400,
     "CRC"},
    {"the checksum of nothing",
     {.text = FAKE_HEAD "x-amz-crc32: 0\r\nContent-Length: 0\r\n\r\n"},
     DDB_OK,
     200,
     ""},
    {"a checksum that is no number is none",
     {.text = FAKE_HEAD "x-amz-crc32: -1\r\nContent-Length: 2\r\n\r\n{}"},
     DDB_OK,
     200,
     ""},
    {"a checksum in chunks",
     {.text = FAKE_HEAD CRC_EMPTY "Transfer-Encoding: chunked\r\n\r\n"
                                  "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"},
     DDB_OK,
     200,
     ""},
    {"no length, a right checksum",
     {.text = FAKE_HEAD CRC_EMPTY "\r\n{}", .end = FAKE_CLOSE},
     DDB_OK,
     200,
     ""},
    {"no length, no checksum",
     {.text = FAKE_HEAD "\r\n{}", .end = FAKE_CLOSE},
     DDB_NETWORK,
     200,
     "complete"},
    {"no length, a cut body",
     {.text = FAKE_HEAD CRC_EMPTY "\r\n{", .end = FAKE_CLOSE},
     DDB_BAD_ANSWER,
     200,
     "CRC"},
    {"a cut body",
     {.text = FAKE_HEAD CRC_EMPTY "Content-Length: 2\r\n\r\n{",
      .end = FAKE_CLOSE},
     DDB_NETWORK,
     200,
     "(curl 18)"},
    {"a cut body without a checksum",
     {.text = FAKE_HEAD "Content-Length: 2\r\n\r\n{", .end = FAKE_CLOSE},
     DDB_NETWORK,
     200,
     "(curl 18)"},
    {"a length that is too short",
     {.text = FAKE_HEAD CRC_EMPTY "Content-Length: 1\r\n\r\n{}"},
     DDB_BAD_ANSWER,
     200,
     "CRC"},
    {"a coding that was not asked for",
     {.text = FAKE_HEAD CRC_EMPTY "Content-Encoding: gzip\r\n"
                                  "Content-Length: 2\r\n\r\n{}"},
     DDB_BAD_ANSWER,
     200,
     "Content-Encoding"},
    {"a redirect",
     {.text = "HTTP/1.1 307 Over there\r\n"
              "Location: http://127.0.0.1:1/\r\n"
              "Content-Length: 0\r\n\r\n"},
     DDB_OK,
     307,
     ""},
};

START_TEST(believes_only_a_whole_answer)
{
    fakehttp *f = serve(&cases[_i].answer, 1);
    ddbi_transport *t = open_to(f);
    ddbi_reply reply = {0};
    ddbi_request q = a_get();

    try(t, &q, &reply);
    ck_assert_msg(reply.code == cases[_i].code, "%s: %d %s", cases[_i].name,
                  reply.code, reply.message);
    ck_assert_msg(reply.status == cases[_i].status, "%s: %d", cases[_i].name,
                  reply.status);
    ck_assert_msg(reply.retryable == (reply.code != DDB_OK), "%s",
                  cases[_i].name);
    ck_assert_msg(strstr(reply.message, cases[_i].message) != NULL, "%s: %s",
                  cases[_i].name, reply.message);
    ck_assert_int_eq(fakehttp_requests(f), 1);
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    fakehttp_stop(f);
}
END_TEST

START_TEST(reads_the_services_headers)
{
    const fake_answer script[] = {
        {.text = "HTTP/1.1 103 Early\r\nAge: 1\r\nx-amz-retry-after: 1\r\n\r\n"
                 "HTTP/1.1 400 Bad\r\n"
                 "x-amzn-RequestId: ABC-123\r\n"
                 "x-amzn-ErrorType: ThrottlingException:http://x/\r\n"
                 "Date: Fri, 02 Jan 2026 03:04:05 GMT\r\n"
                 "x-amz-retry-after: 700\r\n"
                 "x-amz-crc32: 2745614147\r\n"
                 "Content-Length: 2\r\n\r\n{}"},
        {.text = "HTTP/1.1 200 OK\r\nDate: yesterday\r\nAge: 7\r\n"
                 "x-amz-retry-after: soon\r\nContent-Length: 2\r\n\r\n{}"},
    };
    fakehttp *f = serve(script, 2);
    ddbi_transport *t = open_to(f);
    ddbi_reply reply = {0};
    ddbi_request q = a_get();

    ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ck_assert_str_eq(reply.request_id, "ABC-123");
    ck_assert_str_eq(reply.error_type, "ThrottlingException:http://x/");
    ck_assert_int_eq(reply.date, NOW);
    ck_assert_int_eq(reply.retry_after, 700);
    ck_assert(reply.has_crc);
    ck_assert_uint_eq(reply.crc, 2745614147U);
    ck_assert(!reply.has_age);
    ck_assert(reply.trusted);
    ck_assert_str_eq(reply.message, "");
    ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ck_assert_str_eq(reply.request_id, "");
    ck_assert_str_eq(reply.error_type, "");
    ck_assert_int_eq(reply.date, -1);
    ck_assert_int_eq(reply.retry_after, -1);
    ck_assert(!reply.has_crc);
    ck_assert(reply.has_age);
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    fakehttp_stop(f);
}
END_TEST

START_TEST(cuts_headers_that_are_too_long)
{
    static const char id[] =
        "0123456789012345678901234567890123456789012345678901234567890123456";
    fakehttp *f = serve(&(fake_answer){.text = FAKE_HEAD "x-amzn-requestid: ",
                                       .again = id,
                                       .times = 3,
                                       .tail = "\r\nContent-Length: 0\r\n\r\n"},
                        1);
    ddbi_transport *t = open_to(f);
    ddbi_reply reply = {0};
    ddbi_request q = a_get();

    ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ck_assert_uint_eq(strlen(reply.request_id), sizeof reply.request_id - 1);
    ck_assert(memcmp(reply.request_id, id, sizeof reply.request_id - 1) == 0);
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    fakehttp_stop(f);
}
END_TEST

START_TEST(believes_dates_only_from_those_it_can_trust)
{
    fakecerts ca;
    SSL_CTX *tls;
    const fake_answer answer = {.text = FAKE_EMPTY};
    fakehttp *f;
    ddbi_endpoint e;
    ddbi_transport *t;
    ddbi_reply reply = {0};
    ddbi_request q = a_get();

    fakecerts_new(&ca, "authority");
    tls = fakecerts_server(&ca, FAKE_CERT_OK);
    f = fakehttp_start(
        &(fakehttp_options){.script = &answer, .n = 1, .tls = _i ? tls : NULL});
    e = endpoint_of(f);
    e.is_local = 0;
    t = open_with(f, (ddbi_remote_options){
                         .endpoint = &e, .proxy = "", .ca_file = ca.file});
    ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ck_assert_int_eq(reply.trusted, _i);
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    fakehttp_stop(f);
    SSL_CTX_free(tls);
    fakecerts_free(&ca);
}
END_TEST

START_TEST(caps_the_answer)
{
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    ddbi_transport *t = open_with(f, (ddbi_remote_options){.max_answer = 1});
    ddbi_reply reply = {0};
    ddbi_request q = a_get();

    ck_assert_int_eq(try(t, &q, &reply), DDB_ANSWER_TOO_LARGE);
    ck_assert_int_eq(reply.retryable, 0);
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    fakehttp_stop(f);
}
END_TEST

START_TEST(tells_of_a_stale_connection)
{
    fakehttp *f =
        serve((fake_answer[]){{.text = FAKE_EMPTY}, {.end = FAKE_CLOSE}}, 2);
    ddbi_transport *t = open_to(f);
    ddbi_reply reply = {0};
    ddbi_request q = a_get();

    ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ck_assert_int_eq(try(t, &q, &reply), DDB_NETWORK);
    ck_assert(reply.stale && reply.retryable && !reply.not_sent);
    ck_assert_int_eq(fakehttp_requests(f), 2);
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    fakehttp_stop(f);
}
END_TEST

/* ---- The pool ----------------------------------------------------------- */

/* Two at once, by turns. */
static void two_at_once(ddbi_transport *t)
{
    ddbi_request q = a_get();
    ddbi_reply reply[2] = {{0}, {0}};
    ddbi_exchange *x[2];
    int over[2] = {0, 0};

    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(t->ops->start(t, &q, &reply[i], &x[i], NULL), DDB_OK);
    while (!over[0] || !over[1]) {
        for (int i = 0; i < 2; i++)
            over[i] = over[i] || t->ops->step(x[i], 10);
    }
    for (int i = 0; i < 2; i++) {
        t->ops->finish(x[i]);
        ck_assert_int_eq(reply[i].code, DDB_OK);
        ddbi_reply_free(&reply[i]);
    }
}

START_TEST(takes_the_connection_used_last)
{
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    ddbi_transport *t = open_to(f);
    ddbi_reply reply = {0};
    ddbi_request q = a_get();

    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ck_assert_int_eq(fakehttp_connections(f), 1);
    two_at_once(t);
    two_at_once(t);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ck_assert_int_eq(fakehttp_connections(f), 2);
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    fakehttp_stop(f);
}
END_TEST

START_TEST(keeps_no_more_idle_ones_than_it_may)
{
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    ddbi_transport *t = open_with(f, (ddbi_remote_options){.max_idle = 1});

    two_at_once(t);
    ck_assert_int_eq(fakehttp_connections(f), 2);
    two_at_once(t);
    ck_assert_int_eq(fakehttp_connections(f), 3);
    t->ops->close(t, 0);
    fakehttp_stop(f);
}
END_TEST

START_TEST(can_be_cancelled)
{
    fakehttp *f =
        serve((fake_answer[]){{.end = FAKE_HOLD}, {.text = FAKE_EMPTY}}, 2);
    ddbi_transport *t = open_to(f);
    ddbi_reply reply = {0};
    ddbi_request q = a_get();
    ddbi_exchange *x;

    ck_assert_int_eq(t->ops->start(t, &q, &reply, &x, NULL), DDB_OK);
    while (fakehttp_requests(f) == 0)
        ck_assert_int_eq(t->ops->step(x, 10), 0);
    ck_assert_int_eq(t->ops->cancel(x), 1);
    ck_assert_int_eq(t->ops->start(t, &q, &reply, &x, NULL), DDB_OK);
    ck_assert_int_eq(t->ops->cancel(x), 0);
    ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    fakehttp_stop(f);
}
END_TEST

#define THREADS 16
#define CALLS 30

static void *call_often(void *arg)
{
    ddbi_transport *t = arg;
    ddbi_reply reply = {0};
    ddbi_request q = a_get();
    intptr_t good = 0;

    q.keys = &session_keys;
    for (int i = 0; i < CALLS; i++)
        good += try(t, &q, &reply) == DDB_OK && reply.body.n == 2;
    ddbi_reply_free(&reply);
    return (void *)good;
}

START_TEST(is_shared_by_threads)
{
    const fake_answer answer = {.text = FAKE_HEAD CRC_EMPTY
                                "Content-Length: 2\r\n\r\n{}"};
    fakecerts ca;
    SSL_CTX *tls;
    fakehttp *f;
    ddbi_transport *t;
    pthread_t threads[THREADS];
    void *good;

    fakecerts_new(&ca, "authority");
    tls = fakecerts_server(&ca, FAKE_CERT_OK);
    f = fakehttp_start(
        &(fakehttp_options){.script = &answer, .n = 1, .tls = _i ? tls : NULL});
    t = open_with(f, (ddbi_remote_options){.ca_file = ca.file});
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call_often, t), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &good);
        ck_assert_int_eq((intptr_t)good, CALLS);
    }
    ck_assert_int_le(fakehttp_connections(f), THREADS);
    ck_assert_int_eq(fakehttp_requests(f), THREADS * CALLS);
    t->ops->close(t, 0);
    fakehttp_stop(f);
    SSL_CTX_free(tls);
    fakecerts_free(&ca);
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

START_TEST(survives_every_failed_allocation)
{
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    ddbi_endpoint e = endpoint_of(f);
    const ddbi_remote_options opt = {
        .endpoint = &e, .proxy = "", .ca_file = "/a", .ca_path = "/b"};
    ddbi_request q = a_get();
    ddb_code code = DDB_NOMEM;

    q.keys = &session_keys;
    for (long n = 0; code != DDB_OK; n++) {
        ddbi_transport *t = NULL;
        ddbi_reply reply = {0};
        int failed;

        oom_begin(n);
        code = ddbi_remote_open(&opt, &t, NULL);
        ck_assert((t != NULL) == (code == DDB_OK));
        if (code == DDB_OK) {
            code = try(t, &q, &reply);
            t->ops->close(t, 0);
        }
        ddbi_reply_free(&reply);
        failed = oom_end();
        ck_assert_int_eq(code, failed ? DDB_NOMEM : DDB_OK);
        ck_assert_int_eq(oom_live(), 0);
        ck_assert_int_lt(n, 200);
    }
    fakehttp_stop(f);
}
END_TEST

/* One that failed for want of memory is as good as new afterwards. */
START_TEST(goes_on_after_a_failed_allocation)
{
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    ddbi_transport *t = open_to(f);
    ddbi_reply reply = {0};
    ddbi_request q = a_get();
    int failed = 1;

    q.keys = &session_keys;
    for (long n = 0; failed; n++) {
        oom_begin(n);
        try(t, &q, &reply);
        failed = oom_end();
        ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    }
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    fakehttp_stop(f);
}
END_TEST

static int n_freed, n_leaked;

static int contains(const char *p, size_t n, const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i + length <= n; i++) {
        if (memcmp(p + i, text, length) == 0)
            return 1;
    }
    return 0;
}

static void check_and_free(void *p)
{
    if (p != NULL) {
        size_t n = malloc_usable_size(p);

        n_freed++;
        n_leaked += contains(p, n, SECRET) || contains(p, n, TOKEN);
    }
    free(p);
}

static void *check_and_realloc(void *p, size_t n)
{
    void *to = calloc(1, n);

    ck_assert_ptr_nonnull(to);
    if (p != NULL) {
        size_t old = malloc_usable_size(p);

        memcpy(to, p, old < n ? old : n);
        check_and_free(p);
    }
    return to;
}

static void *zeroed(size_t n)
{
    return calloc(1, n);
}

START_TEST(leaves_no_secret_in_freed_memory)
{
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    ddbi_transport *t;
    ddbi_reply reply = {0};
    ddbi_request q = a_get();

    n_freed = n_leaked = 0;
    ddb_set_allocator(zeroed, check_and_realloc, check_and_free);
    t = open_to(f);
    q.keys = &session_keys;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    ddb_set_allocator(NULL, NULL, NULL);
    ck_assert_int_gt(n_freed, 3);
    ck_assert_int_eq(n_leaked, 0);
    fakehttp_stop(f);
}
END_TEST

/* It is killed, so that no leak checker looks at what is left of libcurl's
 * in it on purpose. */
START_TEST(frees_its_own_memory_in_a_child)
{
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    ddbi_transport *t;
    ddbi_reply reply = {0};
    ddbi_request q = a_get();
    pid_t child;
    int result[2];
    long live = -1;

    ck_assert_int_eq(pipe(result), 0);
    oom_begin(-1);
    t = open_to(f);
    ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ddbi_reply_free(&reply);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        t->ops->close(t, 1);
        live = oom_live();
        ck_assert_int_gt((int)write(result[1], &live, sizeof live), 0);
        kill(getpid(), SIGKILL);
    }
    close(result[1]);
    ck_assert_int_eq((int)read(result[0], &live, sizeof live), sizeof live);
    close(result[0]);
    waitpid(child, NULL, 0);
    ck_assert_int_eq(live, 0);
    ck_assert_int_eq(try(t, &q, &reply), DDB_OK);
    ck_assert_int_eq(fakehttp_connections(f), 1);
    ddbi_reply_free(&reply);
    t->ops->close(t, 0);
    oom_end();
    fakehttp_stop(f);
}
END_TEST

Suite *suite_remote(void)
{
    Suite *s = suite_create("remote");
    TCase *t = tcase_create("requests");

    tcase_add_loop_test(t, signs_what_it_sends, 0, 2);
    tcase_add_test(t, forgets_the_token_of_the_request_before);
    tcase_add_loop_test(t, refuses_what_would_be_another_header, 0,
                        (int)(sizeof refused / sizeof *refused));
    suite_add_tcase(s, t);

    t = tcase_create("answers");
    tcase_add_loop_test(t, believes_only_a_whole_answer, 0,
                        (int)(sizeof cases / sizeof *cases));
    tcase_add_test(t, reads_the_services_headers);
    tcase_add_test(t, cuts_headers_that_are_too_long);
    tcase_add_loop_test(t, believes_dates_only_from_those_it_can_trust, 0, 2);
    tcase_add_test(t, caps_the_answer);
    tcase_add_test(t, tells_of_a_stale_connection);
    suite_add_tcase(s, t);

    t = tcase_create("pool");
    tcase_add_test(t, takes_the_connection_used_last);
    tcase_add_test(t, keeps_no_more_idle_ones_than_it_may);
    tcase_add_test(t, can_be_cancelled);
    tcase_add_loop_test(t, is_shared_by_threads, 0, 2);
    suite_add_tcase(s, t);

    t = tcase_create("memory");
    tcase_add_test(t, survives_every_failed_allocation);
    tcase_add_test(t, goes_on_after_a_failed_allocation);
    tcase_add_test(t, leaves_no_secret_in_freed_memory);
    tcase_add_test(t, frees_its_own_memory_in_a_child);
    suite_add_tcase(s, t);
    return s;
}
