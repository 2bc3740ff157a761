/* SPDX-License-Identifier: MIT */
/* One exchange with a real server on loopback, which behaves well or badly. */
#include "http/http.h"

#include "base/alloc.h"
#include "base/err.h"
#include "fakecerts.h"
#include "fakehttp.h"
#include "oom.h"
#include "tests.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ANSWER ((size_t)32 << 20)

/* A client of its own for each test. */
typedef struct {
    ddbi_http_settings settings;
    ddbi_http_conn *conn;
    ddbi_http_answer answer;
    ddbi_buf body;
    char seen[256]; /* the values of X-Seen headers */
    ddb_err err;
} client;

static void on_header(void *arg, ddb_bytes name, ddb_bytes value)
{
    client *k = arg;
    size_t n = strlen(k->seen);

    if (ddbi_http_is(name, "x-seen"))
        snprintf(k->seen + n, sizeof k->seen - n, "[%.*s]", (int)value.n,
                 (const char *)value.p);
}

static void client_open(client *k, const char *ca_file, const char *proxy)
{
    memset(k, 0, sizeof *k);
    k->settings.ca_file = ca_file;
    k->settings.proxy = proxy;
    k->settings.connect_timeout_ms = 5000;
    k->settings.clock = &ddbi_system_clock;
    ck_assert_int_eq(ddbi_http_setup(&k->settings, &k->err), DDB_OK);
    ck_assert_int_eq(ddbi_http_conn_new(&k->settings, &k->conn, &k->err),
                     DDB_OK);
    k->answer.body = &k->body;
    k->answer.header = on_header;
    k->answer.arg = k;
}

static void client_close(client *k)
{
    ddbi_http_conn_free(k->conn, 0);
    ddbi_buf_free(&k->body);
}

static ddbi_http_request a_post(const char *url)
{
    return (ddbi_http_request){.method = "POST",
                               .url = url,
                               .body = {"{\"a\":1}", 7},
                               .max_answer = MAX_ANSWER};
}

static void begin(client *k, const ddbi_http_request *q)
{
    ddbi_buf_clear(&k->body);
    k->seen[0] = '\0';
    ck_assert_int_eq(ddbi_http_start(k->conn, q, &k->answer, &k->err), DDB_OK);
}

static void exchange(client *k, const ddbi_http_request *q)
{
    begin(k, q);
    while (!ddbi_http_step(k->conn, 1000))
        continue;
    ddbi_http_finish(k->conn);
}

static void post(client *k, const fakehttp *f)
{
    ddbi_http_request q = a_post(fakehttp_url(f));

    exchange(k, &q);
}

static fakehttp *serve(const fake_answer *script, size_t n)
{
    return fakehttp_start(&(fakehttp_options){.script = script, .n = n});
}

/* ---- What a server answers ---------------------------------------------- */

#define KB "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n"
#define LINES_32MB ((size_t)(32 << 20) / (sizeof KB - 1))

static const struct {
    const char *name;
    fake_answer answer;
    ddb_code code;
    int status;
    int retryable;
    int unframed;
    const char *body; /* NULL: not looked at */
    const char *seen;
    const char *message; /* part of it */
} cases[] = {
    {"a length",
     {.text = FAKE_HEAD "X-Seen: a\r\nContent-Length: 4\r\n\r\n{  }"},
     DDB_OK,
     200,
     0,
     0,
     "{  }",
     "[a]",
     ""},
    {"values are trimmed, names of any case",
     {.text = FAKE_HEAD "x-SEEN: \t a b \t\r\ncontent-length:2\r\n\r\n{}"},
     DDB_OK,
     200,
     0,
     0,
     "{}",
     "[a b]",
     ""},
    {"chunks",
     {.text = FAKE_HEAD "Transfer-Encoding: chunked\r\n\r\n"
                        "1;ext=1\r\n{\r\n3\r\n 1}\r\n0\r\n\r\n"},
     DDB_OK,
     200,
     0,
     0,
     "{ 1}",
     "",
     ""},
    {"trailers are no headers",
     {.text = FAKE_HEAD "X-Seen: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "2\r\n{}\r\n0\r\nX-Seen: b\r\n\r\n"},
     DDB_OK,
     200,
     0,
     0,
     "{}",
     "[a]",
     ""},
    {"interim answers are passed over",
     {.text = "HTTP/1.1 100 Continue\r\nX-Seen: no\r\n\r\n"
              "HTTP/1.1 103 Early Hints\r\nX-Seen: no\r\n"
              "Content-Length: 0\r\n\r\n" FAKE_HEAD
              "X-Seen: yes\r\nContent-Length: 2\r\n\r\n{}"},
     DDB_OK,
     200,
     0,
     0,
     "{}",
     "[yes]",
     ""},
    {"a folded line is no header",
     {.text = FAKE_HEAD "A: b\r\n X-Seen: no\r\nContent-Length: 2\r\n\r\n{}"},
     DDB_OK,
     200,
     0,
     0,
     "{}",
     "",
     ""},
    {"an error status is an answer",
     {.text = "HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad"},
     DDB_OK,
     500,
     0,
     0,
     "bad",
     "",
     ""},
    {"an empty body",
     {.text = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"},
     DDB_OK,
     503,
     0,
     0,
     "",
     "",
     ""},
    {"no content",
     {.text = "HTTP/1.1 204 None\r\n\r\n"},
     DDB_OK,
     204,
     0,
     0,
     "",
     "",
     ""},
    {"a redirect is not followed",
     {.text = "HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\n"
              "Content-Length: 0\r\n\r\n"},
     DDB_OK,
     301,
     0,
     0,
     "",
     "",
     ""},
    {"HTTP/1.0 with a length",
     {.text = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
      .end = FAKE_CLOSE},
     DDB_OK,
     200,
     0,
     0,
     "{}",
     "",
     ""},
    {"a body that only the end ends",
     {.text = FAKE_HEAD "\r\n{}", .end = FAKE_CLOSE},
     DDB_OK,
     200,
     0,
     1,
     "{}",
     "",
     ""},
    {"a body that a reset ends",
     {.text = FAKE_HEAD "\r\n{}", .late_ms = 100, .end = FAKE_RESET},
     DDB_NETWORK,
     200,
     1,
     0,
     NULL,
     "",
     "(curl 56)"},
    {"less than the length, then the end",
     {.text = FAKE_HEAD "Content-Length: 9\r\n\r\n{}", .end = FAKE_CLOSE},
     DDB_NETWORK,
     200,
     1,
     0,
     NULL,
     "",
     "(curl 18)"},
    {"less than the length, then a reset",
     {.text = FAKE_HEAD "Content-Length: 9\r\n\r\n{}",
      .late_ms = 100,
      .end = FAKE_RESET},
     DDB_NETWORK,
     200,
     1,
     0,
     NULL,
     "",
     "(curl 56)"},
    {"no last chunk",
     {.text = FAKE_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
      .end = FAKE_CLOSE},
     DDB_NETWORK,
     200,
     1,
     0,
     NULL,
     "",
     "(curl 18)"},
    {"half a chunk",
     {.text = FAKE_HEAD "Transfer-Encoding: chunked\r\n\r\nff\r\n{}",
      .end = FAKE_CLOSE},
     DDB_NETWORK,
     200,
     1,
     0,
     NULL,
     "",
     "(curl 18)"},
    {"a chunk of no size",
     {.text = FAKE_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}",
      .end = FAKE_CLOSE},
     DDB_NETWORK,
     200,
     1,
     0,
     NULL,
     "",
     "(curl 56)"},
    {"headers that break off",
     {.text = FAKE_HEAD "X-Seen: a\r\n", .end = FAKE_CLOSE},
     DDB_NETWORK,
     200,
     1,
     0,
     "",
     "[a]",
     "headers"},
    {"nothing but an interim answer",
     {.text = "HTTP/1.1 100 Continue\r\n\r\n", .end = FAKE_CLOSE},
     DDB_NETWORK,
     100,
     1,
     0,
     "",
     "",
     "(curl 52)"},
    {"no answer",
     {.end = FAKE_CLOSE},
     DDB_NETWORK,
     0,
     1,
     0,
     "",
     "",
     "(curl 52)"},
    {"a reset", {.end = FAKE_RESET}, DDB_NETWORK, 0, 1, 0, "", "", "(curl 56)"},
    {"no HTTP",
     {.text = "SSH-2.0-OpenSSH_9.2\r\n\r\n", .end = FAKE_CLOSE},
     DDB_BAD_ANSWER,
     0,
     1,
     0,
     "",
     "",
     "(curl 1)"},
    {"an unknown version",
     {.text = "HTTP/7.3 200 OK\r\n\r\n{}", .end = FAKE_CLOSE},
     DDB_BAD_ANSWER,
     0,
     1,
     0,
     "",
     "",
     "(curl 1)"},
    {"a negative length",
     {.text = FAKE_HEAD "Content-Length: -1\r\n\r\n{}", .end = FAKE_CLOSE},
     DDB_BAD_ANSWER,
     200,
     1,
     0,
     "",
     "",
     "Content-Length"},
    {"a length beyond 64 bits",
     {.text = FAKE_HEAD "Content-Length: 99999999999999999999\r\n\r\n{}",
      .end = FAKE_CLOSE},
     DDB_BAD_ANSWER,
     200,
     1,
     0,
     "",
     "",
     "Content-Length"},
    {"a length beyond the cap",
     {.text = FAKE_HEAD "Content-Length: 33554433\r\n\r\n{}", .end = FAKE_HOLD},
     DDB_ANSWER_TOO_LARGE,
     200,
     0,
     0,
     "",
     "",
     "too large"},
    {"as much as the cap",
     {.text = FAKE_HEAD "Content-Length: 33554432\r\n\r\n",
      .again = KB,
      .times = LINES_32MB},
     DDB_OK,
     200,
     0,
     0,
     NULL,
     "",
     ""},
    {"more than the cap, of no length",
     {.text = FAKE_HEAD "\r\n",
      .again = KB,
      .times = LINES_32MB + 1,
      .end = FAKE_HOLD},
     DDB_ANSWER_TOO_LARGE,
     200,
     0,
     0,
     NULL,
     "",
     "too large"},
    {"a flood of headers",
     {.text = FAKE_HEAD,
      .again = "X-Flood: 0123456789012345678901234\r\n",
      .times = 10000,
      .end = FAKE_HOLD},
     DDB_BAD_ANSWER,
     200,
     1,
     0,
     "",
     "",
     "headers"},
    {"a flood of interim answers",
     {.again = "HTTP/1.1 100 Continue\r\n\r\n",
      .times = 10000,
      .end = FAKE_HOLD},
     DDB_BAD_ANSWER,
     100,
     1,
     0,
     "",
     "",
     "headers"},
    {"a coding that was not asked for",
     {.text = FAKE_HEAD "Content-Encoding: gzip\r\n"
                        "Content-Length: 2\r\n\r\n{}"},
     DDB_BAD_ANSWER,
     200,
     1,
     0,
     "",
     "",
     "Content-Encoding"},
};

START_TEST(takes_an_answer)
{
    const fake_answer *a = &cases[_i].answer;
    fakehttp *f = serve(a, 1);
    client k;

    client_open(&k, NULL, NULL);
    post(&k, f);
    ck_assert_msg(k.answer.code == cases[_i].code, "%s: code %d, %s",
                  cases[_i].name, k.answer.code, k.answer.message);
    ck_assert_msg(k.answer.status == cases[_i].status, "%s: status %d",
                  cases[_i].name, k.answer.status);
    ck_assert_msg(k.answer.retryable == cases[_i].retryable, "%s: retryable",
                  cases[_i].name);
    ck_assert_msg(k.answer.unframed == cases[_i].unframed, "%s: unframed",
                  cases[_i].name);
    ck_assert_msg(!k.answer.stale && !k.answer.not_sent, "%s: stale, not_sent",
                  cases[_i].name);
    ck_assert_msg(strstr(k.answer.message, cases[_i].message) != NULL &&
                      (cases[_i].message[0] == '\0') ==
                          (k.answer.message[0] == '\0'),
                  "%s: %s", cases[_i].name, k.answer.message);
    ck_assert_msg(strcmp(k.seen, cases[_i].seen) == 0, "%s: seen %s",
                  cases[_i].name, k.seen);
    if (k.answer.code != DDB_OK)
        ck_assert_msg(strstr(k.answer.message, fakehttp_host(f)) != NULL,
                      "%s: no host in %s", cases[_i].name, k.answer.message);
    if (cases[_i].body != NULL)
        ck_assert_msg(k.body.n == strlen(cases[_i].body) &&
                          memcmp(k.body.p, cases[_i].body, k.body.n) == 0,
                      "%s: body", cases[_i].name);
    ck_assert_uint_le(k.body.cap, 2 * MAX_ANSWER);
    ck_assert_int_eq(fakehttp_requests(f), 1);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

Suite *suite_http(void)
{
    Suite *s = suite_create("http");
    TCase *t = tcase_create("answers");

    tcase_add_loop_test(t, takes_an_answer, 0,
                        (int)(sizeof cases / sizeof *cases));
    suite_add_tcase(s, t);
    return s;
}
