/* SPDX-License-Identifier: MIT */
/* One exchange with a real server on loopback, which behaves well or badly. */
#include "http/http.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "fakecerts.h"
#include "fakehttp.h"
#include "oom.h"
#include "tests.h"

#include <arpa/inet.h>
#include <curl/curl.h>
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
    {"a line without a colon",
     {.text = FAKE_HEAD "X-Seen\r\nContent-Length: 2\r\n\r\n{}"},
     DDB_BAD_ANSWER,
     200,
     1,
     0,
     "",
     "",
     "(curl 8)"},
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
    {"a transfer coding that says nothing of the end",
     {.text = FAKE_HEAD "Transfer-Encoding: identity\r\n\r\n{}",
      .end = FAKE_CLOSE},
     DDB_OK,
     200,
     0,
     1,
     "{}",
     "",
     ""},
    {"a body that a reset ends",
     {.text = FAKE_HEAD "\r\n{}", .late_ms = 300, .end = FAKE_RESET},
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
      .late_ms = 300,
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
                          (k.body.n == 0 ||
                           memcmp(k.body.p, cases[_i].body, k.body.n) == 0),
                      "%s: body", cases[_i].name);
    ck_assert_uint_le(k.body.cap, 2 * MAX_ANSWER);
    ck_assert_int_eq(fakehttp_requests(f), 1);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

/* ---- Connections -------------------------------------------------------- */

START_TEST(keeps_the_connection)
{
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    client k;

    client_open(&k, NULL, NULL);
    for (int i = 0; i < 10; i++) {
        ddbi_http_request q = a_post(fakehttp_url(f));

        begin(&k, &q);
        while (!ddbi_http_step(k.conn, INT64_MAX))
            continue;
        ddbi_http_finish(k.conn);
        ck_assert_int_eq(k.answer.code, DDB_OK);
    }
    ck_assert_int_eq(fakehttp_requests(f), 10);
    ck_assert_int_eq(fakehttp_connections(f), 1);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

/* What ends a connection between two exchanges. */
static const fake_answer idle_ends[] = {
    {.text = FAKE_EMPTY, .end = FAKE_CLOSE},
    {.text = FAKE_EMPTY, .end = FAKE_RESET, .late_ms = 20},
    {.text = FAKE_HEAD "Connection: close\r\nContent-Length: 2\r\n\r\n{}"},
    {.text = FAKE_EMPTY, .tail = FAKE_EMPTY, .late_ms = 20},
};

START_TEST(notices_that_an_idle_connection_ended)
{
    fakehttp *f = serve(&idle_ends[_i], 1);
    client k;

    client_open(&k, NULL, NULL);
    for (int i = 0; i < 3; i++) {
        post(&k, f);
        ck_assert_int_eq(k.answer.code, DDB_OK);
        ck_assert_uint_eq(k.body.n, 2);
        usleep(150 * 1000);
    }
    ck_assert_int_eq(fakehttp_connections(f), 3);
    ck_assert_int_eq(fakehttp_requests(f), 3);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

/* The connection ends when the request has been read. */
START_TEST(leaves_repeating_on_a_stale_connection_to_the_caller)
{
    const fake_answer script[] = {
        {.text = FAKE_EMPTY},
        {.end = _i == 0 ? FAKE_CLOSE : FAKE_RESET},
        {.text = FAKE_EMPTY},
    };
    fakehttp *f = serve(script, 3);
    client k;

    client_open(&k, NULL, NULL);
    post(&k, f);
    ck_assert_int_eq(k.answer.code, DDB_OK);
    post(&k, f);
    ck_assert_int_eq(k.answer.code, DDB_NETWORK);
    ck_assert_int_eq(k.answer.stale, 1);
    ck_assert_int_eq(k.answer.retryable, 1);
    ck_assert_int_eq(k.answer.not_sent, 0);
    ck_assert_int_eq(fakehttp_requests(f), 2);
    post(&k, f);
    ck_assert_int_eq(k.answer.code, DDB_OK);
    ck_assert_int_eq(k.answer.stale, 0);
    ck_assert_int_eq(fakehttp_requests(f), 3);
    ck_assert_int_eq(fakehttp_connections(f), 2);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

START_TEST(is_not_stale_when_an_answer_has_begun)
{
    const fake_answer script[] = {
        {.text = FAKE_EMPTY},
        {.text = FAKE_HEAD "Content-Length: 9\r\n\r\n{}", .end = FAKE_CLOSE},
    };
    fakehttp *f = serve(script, 2);
    client k;

    client_open(&k, NULL, NULL);
    post(&k, f);
    post(&k, f);
    ck_assert_int_eq(k.answer.code, DDB_NETWORK);
    ck_assert_int_eq(k.answer.stale, 0);
    ck_assert_int_eq(fakehttp_requests(f), 2);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

START_TEST(can_be_cancelled)
{
    const fake_answer script[] = {{.end = FAKE_HOLD}, {.text = FAKE_EMPTY}};
    fakehttp *f = serve(script, 2);
    client k;
    ddbi_http_request q = a_post(fakehttp_url(f));

    client_open(&k, NULL, NULL);
    begin(&k, &q);
    while (fakehttp_requests(f) == 0)
        ck_assert_int_eq(ddbi_http_step(k.conn, 10), 0);
    ck_assert_int_eq(ddbi_http_step(k.conn, 50), 0);
    ck_assert_int_eq(ddbi_http_cancel(k.conn), 1);
    post(&k, f);
    ck_assert_int_eq(k.answer.code, DDB_OK);
    ck_assert_int_eq(fakehttp_connections(f), 2);
    begin(&k, &q);
    ck_assert_int_eq(ddbi_http_cancel(k.conn), 0); /* nothing was sent */
    ck_assert_int_eq(fakehttp_requests(f), 2);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

START_TEST(never_waits_when_told_not_to)
{
    fakehttp *f = serve(&(fake_answer){.end = FAKE_HOLD}, 1);
    const ddbi_clock *clock = &ddbi_system_clock;
    int64_t from = clock->mono(clock);
    client k;
    ddbi_http_request q = a_post(fakehttp_url(f));

    client_open(&k, NULL, NULL);
    begin(&k, &q);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(ddbi_http_step(k.conn, 0), 0);
    ck_assert_int_lt(clock->mono(clock) - from, 1000);
    ddbi_http_cancel(k.conn);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

static void on_alarm(int signal)
{
    (void)signal;
}

START_TEST(goes_on_after_signals)
{
    const struct sigaction act = {.sa_handler = on_alarm};
    const struct itimerval often = {{0, 5000}, {0, 5000}};
    const fake_answer answer = {.text = FAKE_HEAD,
                                .tail = "Content-Length: 2\r\n\r\n{}",
                                .late_ms = 200};
    fakehttp *f = serve(&answer, 1);
    client k;

    client_open(&k, NULL, NULL);
    sigaction(SIGALRM, &act, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    post(&k, f);
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    ck_assert_int_eq(k.answer.code, DDB_OK);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

/* A port of ours that nobody listens on any more. */
static int dead_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    close(fd);
    return ntohs(at.sin_port);
}

START_TEST(tells_when_nobody_listens)
{
    client k;
    char url[64];
    ddbi_http_request q = a_post(url);

    snprintf(url, sizeof url, "%s://127.0.0.1:%d", _i ? "https" : "http",
             dead_port());
    client_open(&k, NULL, NULL);
    exchange(&k, &q);
    ck_assert_int_eq(k.answer.code, DDB_NETWORK);
    ck_assert_int_eq(k.answer.retryable, 1);
    ck_assert_int_eq(k.answer.not_sent, 1);
    ck_assert_int_eq(k.answer.stale, 0);
    ck_assert_ptr_nonnull(strstr(k.answer.message, "(curl 7)"));
    client_close(&k);
}
END_TEST

START_TEST(tells_when_a_name_does_not_resolve)
{
    client k;
    ddbi_http_request q = a_post("http://u:secret@a..b/"); /* no such name */

    client_open(&k, NULL, NULL);
    exchange(&k, &q);
    ck_assert_int_eq(k.answer.code, DDB_NETWORK);
    ck_assert_int_eq(k.answer.retryable, 1);
    ck_assert_int_eq(k.answer.not_sent, 1);
    ck_assert(strncmp(k.answer.message, "a..b: ", 6) == 0);
    ck_assert_ptr_null(strstr(k.answer.message, "secret"));
    ck_assert_ptr_nonnull(strstr(k.answer.message, "(curl 6)"));
    client_close(&k);
}
END_TEST

START_TEST(speaks_http_alone)
{
    client k;
    ddbi_http_request q = a_post("ftp://127.0.0.1:1");

    client_open(&k, NULL, NULL);
    exchange(&k, &q);
    ck_assert_int_eq(k.answer.code, DDB_SYSTEM);
    ck_assert_int_eq(k.answer.retryable, 0);
    ck_assert_int_eq(k.answer.not_sent, 1);
    ck_assert_ptr_nonnull(strstr(k.answer.message, "(curl 1)"));
    client_close(&k);
}
END_TEST

/* A full backlog: the kernel drops what asks for a connection. */
START_TEST(connects_for_so_long_and_no_longer)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int fill[8];
    client k;
    char url[64];
    ddbi_http_request q = a_post(url);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(listener, 0), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &n), 0);
    for (int i = 0; i < 8; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fill[i], (struct sockaddr *)&at, sizeof at);
    }
    snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(at.sin_port));
    client_open(&k, NULL, NULL);
    ddbi_http_conn_free(k.conn, 0);
    k.settings.connect_timeout_ms = 200;
    ck_assert_int_eq(ddbi_http_conn_new(&k.settings, &k.conn, NULL), DDB_OK);
    exchange(&k, &q);
    ck_assert_int_eq(k.answer.code, DDB_NETWORK);
    ck_assert_int_eq(k.answer.retryable, 1);
    ck_assert_int_eq(k.answer.not_sent, 1);
    ck_assert_ptr_nonnull(strstr(k.answer.message, "(curl 28)"));
    client_close(&k);
    for (int i = 0; i < 8; i++)
        close(fill[i]);
    close(listener);
}
END_TEST

/* ---- Requests ----------------------------------------------------------- */

static int has(fakehttp *f, const char *text)
{
    return strstr(fakehttp_head(f), text) != NULL;
}

START_TEST(sends_what_it_is_given)
{
    static const char *const lines[] = {"X-One: 1", "X-Two: 2 2"};
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    client k;
    ddbi_http_request q = a_post(fakehttp_url(f));
    char host[96];
    size_t n;

    snprintf(host, sizeof host, "\r\nHost: %s\r\n", fakehttp_host(f));
    client_open(&k, NULL, NULL);
    q.headers = lines;
    q.n_headers = 2;
    exchange(&k, &q);
    ck_assert(strncmp(fakehttp_head(f), "POST / HTTP/1.1\r\n", 17) == 0);
    ck_assert(has(f, host));
    ck_assert(has(f, "\r\nUser-Agent: libddb/" DDB_VERSION "\r\n"));
    ck_assert(has(f, "\r\nX-One: 1\r\n"));
    ck_assert(has(f, "\r\nX-Two: 2 2\r\n"));
    ck_assert(has(f, "\r\nContent-Length: 7\r\n"));
    ck_assert(!has(f, "Accept-Encoding"));
    ck_assert_str_eq(fakehttp_body(f, &n), "{\"a\":1}");
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

/* One connection for all of them, each after each other. */
START_TEST(knows_methods_and_leaves_nothing_behind)
{
    static const char *const lines[] = {"X-Token-TTL: 21600"};
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    client k;
    ddbi_http_request q = {.method = "PUT", .max_answer = 100};
    char url[128];
    size_t n;

    snprintf(url, sizeof url, "%s/latest/api?x=1", fakehttp_url(f));
    client_open(&k, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        q = (ddbi_http_request){.method = "PUT",
                                .url = url,
                                .max_answer = 100,
                                .headers = lines,
                                .n_headers = 1};
        exchange(&k, &q);
        ck_assert(has(f, "PUT /latest/api?x=1 HTTP/1.1\r\n"));
        ck_assert(has(f, "\r\nContent-Length: 0\r\n"));
        ck_assert(has(f, "X-Token-TTL: 21600\r\n"));
        q = (ddbi_http_request){
            .method = "GET", .url = fakehttp_url(f), .max_answer = 100};
        exchange(&k, &q);
        ck_assert(has(f, "GET / HTTP/1.1\r\n"));
        ck_assert(!has(f, "Content-Length"));
        ck_assert(!has(f, "X-Token-TTL"));
        post(&k, f);
        ck_assert(has(f, "POST / HTTP/1.1\r\n"));
        ck_assert_str_eq(fakehttp_body(f, &n), "{\"a\":1}");
    }
    ck_assert_int_eq(fakehttp_connections(f), 1);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

START_TEST(refuses_more_headers_than_it_has_room_for)
{
    const char *lines[DDBI_HTTP_MAX_HEADERS + 1];
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    client k;
    ddbi_http_request q = a_post(fakehttp_url(f));

    for (size_t i = 0; i < DDBI_HTTP_MAX_HEADERS + 1; i++)
        lines[i] = "X: y";
    q.headers = lines;
    q.n_headers = DDBI_HTTP_MAX_HEADERS + 1;
    client_open(&k, NULL, NULL);
    ck_assert_int_eq(ddbi_http_start(k.conn, &q, &k.answer, &k.err),
                     DDB_INVALID);
    q.n_headers = DDBI_HTTP_MAX_HEADERS;
    exchange(&k, &q);
    ck_assert_int_eq(k.answer.code, DDB_OK);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

START_TEST(caps_answers_by_request)
{
    fakehttp *f = serve(
        &(fake_answer){.text = FAKE_HEAD "Content-Length: 4\r\n\r\n{  }"}, 1);
    client k;
    ddbi_http_request q = a_post(fakehttp_url(f));

    client_open(&k, NULL, NULL);
    q.max_answer = 4;
    exchange(&k, &q);
    ck_assert_int_eq(k.answer.code, DDB_OK);
    q.max_answer = 3;
    exchange(&k, &q);
    ck_assert_int_eq(k.answer.code, DDB_ANSWER_TOO_LARGE);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

START_TEST(uses_a_proxy_when_told_to)
{
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    client k;
    ddbi_http_request q = a_post("http://service.example:8000");

    if (_i == 0) {
        client_open(&k, NULL, fakehttp_url(f));
    } else {
        setenv("http_proxy", fakehttp_url(f), 1);
        client_open(&k, NULL, NULL);
    }
    exchange(&k, &q);
    ck_assert_int_eq(k.answer.code, DDB_OK);
    ck_assert(has(f, "POST http://service.example:8000/ HTTP/1.1\r\n"));
    ck_assert(has(f, "\r\nHost: service.example:8000\r\n"));
    unsetenv("http_proxy");
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

START_TEST(uses_no_proxy_when_told_not_to)
{
    char nowhere[64];
    fakehttp *f = serve(&(fake_answer){.text = FAKE_EMPTY}, 1);
    client k;
    ddbi_http_settings s = {
        .direct = _i, .proxy = _i ? nowhere : "", .connect_timeout_ms = 5000};

    snprintf(nowhere, sizeof nowhere, "http://127.0.0.1:%d", dead_port());
    setenv("http_proxy", nowhere, 1);
    setenv("ALL_PROXY", nowhere, 1);
    client_open(&k, NULL, NULL);
    ddbi_http_conn_free(k.conn, 0);
    ck_assert_int_eq(ddbi_http_setup(&s, NULL), DDB_OK);
    ck_assert_int_eq(ddbi_http_conn_new(&s, &k.conn, NULL), DDB_OK);
    post(&k, f);
    ck_assert_int_eq(k.answer.code, DDB_OK);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

/* The proxy's own answer is none of the server's. */
START_TEST(does_not_take_a_proxys_refusal_for_an_answer)
{
    fakehttp *f =
        serve(&(fake_answer){.text = "HTTP/1.1 403 Forbidden\r\nX-Seen: no\r\n"
                                     "Content-Length: 2\r\n\r\n{}"},
              1);
    client k;
    ddbi_http_request q = a_post("https://service.example");

    client_open(&k, NULL, fakehttp_url(f));
    exchange(&k, &q);
    ck_assert(has(f, "CONNECT service.example:443 HTTP/1.1\r\n"));
    ck_assert_int_eq(k.answer.code, DDB_NETWORK);
    ck_assert_int_eq(k.answer.status, 0);
    ck_assert_str_eq(k.seen, "");
    ck_assert_uint_eq(k.body.n, 0);
    ck_assert_ptr_nonnull(strstr(k.answer.message, "403"));
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

/* Of a CONNECT that the proxy refuses the server has not heard. */
START_TEST(knows_that_a_refused_tunnel_carried_nothing)
{
    fakehttp *f = serve(&(fake_answer){.text = "HTTP/1.1 403 Forbidden\r\n"
                                               "Content-Length: 2\r\n\r\n{}"},
                        1);
    client k;
    ddbi_http_request q = a_post("https://service.example");

    client_open(&k, NULL, fakehttp_url(f));
    exchange(&k, &q);
    ck_assert_int_eq(k.answer.code, DDB_NETWORK);
    ck_assert_int_eq(k.answer.not_sent, 1);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

START_TEST(knows_that_a_silent_proxy_carried_nothing)
{
    fakehttp *f = serve(&(fake_answer){.end = FAKE_HOLD}, 1);
    client k;
    ddbi_http_request q = a_post("https://service.example");

    client_open(&k, NULL, fakehttp_url(f));
    begin(&k, &q);
    while (fakehttp_requests(f) == 0)
        ck_assert_int_eq(ddbi_http_step(k.conn, 10), 0);
    ck_assert_int_eq(ddbi_http_cancel(k.conn), 0);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

/* libcurl quotes the URL of a proxy that it cannot read. */
START_TEST(never_shows_the_password_of_a_proxy)
{
    static const char *const proxies[] = {
        "http://user:hunter2@proxy.example:port",
        "ftp://user:hunter2@proxy.example",
        "http://user:hunter2@proxy example:1",
    };
    client k;
    ddbi_http_request q = a_post("https://service.example");

    client_open(&k, NULL, proxies[_i]);
    exchange(&k, &q);
    ck_assert_int_eq(k.answer.code, DDB_NETWORK);
    ck_assert_msg(strstr(k.answer.message, "hunter2") == NULL, "%s",
                  k.answer.message);
    client_close(&k);
}
END_TEST

/* ---- TLS ---------------------------------------------------------------- */

static const struct {
    const char *name;
    fake_cert cert;
    const char *other_ca; /* the authority trusted instead */
    ddb_code code;
    int retryable;
    const char *message; /* NULL: the CA's file */
} tls_cases[] = {
    {"good", FAKE_CERT_OK, NULL, DDB_OK, 0, ""},
    {"for another host", FAKE_CERT_WRONG_HOST, NULL, DDB_TLS, 0, "(curl 60)"},
    {"expired", FAKE_CERT_EXPIRED, NULL, DDB_TLS, 0, "expired"},
    {"not valid yet", FAKE_CERT_NOT_YET, NULL, DDB_CLOCK, 0, "clock"},
    {"signed by itself", FAKE_CERT_SELF_SIGNED, NULL, DDB_TLS, 0, NULL},
    {"by an authority we do not know", FAKE_CERT_OK, "other", DDB_TLS, 0, NULL},
    /* An issuer that has the right name and the wrong key. */
    {"by an impostor", FAKE_CERT_OK, "authority", DDB_TLS, 0, NULL},
};

START_TEST(trusts_who_is_to_be_trusted)
{
    const char *name = tls_cases[_i].name;
    const fake_answer answer = {.text = FAKE_EMPTY};
    fakecerts ca, other;
    SSL_CTX *tls;
    fakehttp *f;
    client k;
    const char *ca_file;

    fakecerts_new(&ca, "authority");
    fakecerts_new(&other, tls_cases[_i].other_ca != NULL
                              ? tls_cases[_i].other_ca
                              : "none");
    ca_file = tls_cases[_i].other_ca != NULL ? other.file : ca.file;
    tls = fakecerts_server(&ca, tls_cases[_i].cert);
    f = fakehttp_start(
        &(fakehttp_options){.script = &answer, .n = 1, .tls = tls});
    client_open(&k, ca_file, NULL);
    post(&k, f);
    ck_assert_msg(k.answer.code == tls_cases[_i].code, "%s: %d %s", name,
                  k.answer.code, k.answer.message);
    ck_assert_msg(k.answer.retryable == tls_cases[_i].retryable, "%s", name);
    ck_assert_msg(k.answer.not_sent == (k.answer.code != DDB_OK), "%s", name);
    ck_assert_msg(fakehttp_requests(f) == (k.answer.code == DDB_OK), "%s",
                  name);
    ck_assert_msg(strstr(k.answer.message, tls_cases[_i].message != NULL
                                               ? tls_cases[_i].message
                                               : ca_file) != NULL,
                  "%s: %s", name, k.answer.message);
    client_close(&k);
    fakehttp_stop(f);
    SSL_CTX_free(tls);
    fakecerts_free(&ca);
    fakecerts_free(&other);
}
END_TEST

START_TEST(tells_which_authorities_cannot_be_read)
{
    const fake_answer answer = {.text = FAKE_EMPTY};
    fakecerts ca;
    SSL_CTX *tls;
    fakehttp *f;
    client k;

    fakecerts_new(&ca, "authority");
    tls = fakecerts_server(&ca, FAKE_CERT_OK);
    f = fakehttp_start(
        &(fakehttp_options){.script = &answer, .n = 1, .tls = tls});
    client_open(&k, "/no/such/ca.pem", NULL);
    post(&k, f);
    ck_assert_int_eq(k.answer.code, DDB_TLS);
    ck_assert_int_eq(k.answer.not_sent, 1);
    ck_assert_ptr_nonnull(strstr(k.answer.message, "/no/such/ca.pem"));
    ck_assert_ptr_nonnull(strstr(k.answer.message, "(curl 77)"));
    client_close(&k);
    fakehttp_stop(f);
    SSL_CTX_free(tls);
    fakecerts_free(&ca);
}
END_TEST

START_TEST(tells_when_it_is_no_tls)
{
    const fake_answer answer = {.text = FAKE_EMPTY};
    fakehttp *f = fakehttp_start(&(fakehttp_options){
        .script = &answer,
        .n = 1,
        .greeting = _i ? "HTTP/1.1 400 No TLS\r\n\r\n" : "220 mail ready\r\n"});
    client k;
    char url[64];
    ddbi_http_request q = a_post(url);

    snprintf(url, sizeof url, "https://%s", fakehttp_host(f));
    client_open(&k, NULL, NULL);
    exchange(&k, &q);
    ck_assert_int_eq(k.answer.code, DDB_NETWORK);
    ck_assert_int_eq(k.answer.retryable, 1);
    ck_assert_int_eq(k.answer.not_sent, 1);
    ck_assert_msg(strstr(k.answer.message, "(curl 35)") != NULL, "%s",
                  k.answer.message);
    client_close(&k);
    fakehttp_stop(f);
}
END_TEST

/* A TLS server that plays the script, and a client that trusts it. */
typedef struct {
    fakecerts ca;
    SSL_CTX *tls;
    fakehttp *f;
    client k;
} trusted;

static void trusted_open(trusted *t, const fake_answer *script, size_t n)
{
    fakecerts_new(&t->ca, "authority");
    t->tls = fakecerts_server(&t->ca, FAKE_CERT_OK);
    t->f = fakehttp_start(
        &(fakehttp_options){.script = script, .n = n, .tls = t->tls});
    client_open(&t->k, t->ca.file, NULL);
}

static void trusted_close(trusted *t)
{
    client_close(&t->k);
    fakehttp_stop(t->f);
    SSL_CTX_free(t->tls);
    fakecerts_free(&t->ca);
}

START_TEST(keeps_a_tls_connection)
{
    trusted t;

    trusted_open(&t, &(fake_answer){.text = FAKE_EMPTY}, 1);
    for (int i = 0; i < 5; i++) {
        post(&t.k, t.f);
        ck_assert_int_eq(t.k.answer.code, DDB_OK);
    }
    ck_assert_int_eq(fakehttp_connections(t.f), 1);
    trusted_close(&t);
}
END_TEST

START_TEST(resumes_the_session_when_it_reconnects)
{
    trusted t;

    trusted_open(&t, &(fake_answer){.text = FAKE_EMPTY, .end = FAKE_CLOSE}, 1);
    for (int i = 0; i < 3; i++) {
        post(&t.k, t.f);
        ck_assert_msg(t.k.answer.code == DDB_OK, "%s", t.k.answer.message);
        usleep(100 * 1000);
    }
    ck_assert_int_eq(fakehttp_connections(t.f), 3);
    ck_assert_int_eq(fakehttp_resumed(t.f), 2);
    trusted_close(&t);
}
END_TEST

/* close_notify is missing: somebody may have cut the answer. */
START_TEST(does_not_believe_an_end_that_tls_does_not_confirm)
{
    trusted t;

    trusted_open(&t,
                 &(fake_answer){.text = FAKE_HEAD "\r\n{}",
                                .late_ms = 50,
                                .end = FAKE_RESET},
                 1);
    post(&t.k, t.f);
    ck_assert_int_eq(t.k.answer.code, DDB_NETWORK);
    trusted_close(&t);
}
END_TEST

START_TEST(sends_a_large_body_without_asking_first)
{
    static char body[1 << 20];
    ddbi_http_request q;
    trusted t;
    size_t n;

    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * 2654435761U >> 13);
    trusted_open(&t, &(fake_answer){.text = FAKE_EMPTY}, 1);
    q = (ddbi_http_request){.method = _i ? "PUT" : "POST",
                            .url = fakehttp_url(t.f),
                            .body = {body, sizeof body},
                            .max_answer = 100};
    exchange(&t.k, &q);
    ck_assert_int_eq(t.k.answer.code, DDB_OK);
    ck_assert(!has(t.f, "Expect"));
    ck_assert(has(t.f, "Content-Length: 1048576\r\n"));
    ck_assert_ptr_nonnull(fakehttp_body(t.f, &n));
    ck_assert_uint_eq(n, sizeof body);
    ck_assert(memcmp(fakehttp_body(t.f, &n), body, n) == 0);
    trusted_close(&t);
}
END_TEST

/* SIGPIPE has its default action here: it would end the test. */
START_TEST(survives_writing_to_a_connection_that_was_reset)
{
    static char body[4 << 18];
    ddbi_http_request q;
    trusted t;
    sigset_t set;

    trusted_open(&t,
                 (fake_answer[]){{.text = FAKE_EMPTY},
                                 {.end = FAKE_RESET},
                                 {.text = FAKE_EMPTY, .end = FAKE_RESET}},
                 3);
    signal(SIGPIPE, SIG_DFL);
    q = (ddbi_http_request){.method = "POST",
                            .url = fakehttp_url(t.f),
                            .body = {body, 7},
                            .max_answer = 100};
    for (int i = 0; i < 6; i++) {
        exchange(&t.k, &q);
        q.body.n = i % 2 ? 7 : sizeof body;
        usleep(100 * 1000);
    }
    sigpending(&set);
    ck_assert_int_eq(sigismember(&set, SIGPIPE), 0);
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    ck_assert_int_eq(sigismember(&set, SIGPIPE), 0);
    trusted_close(&t);
}
END_TEST

/* ---- Failures of our own ------------------------------------------------ */

static ddb_code one_exchange(const ddbi_http_settings *s, const fakehttp *f)
{
    ddbi_http_request q = a_post(fakehttp_url(f));
    ddbi_http_conn *c = NULL;
    ddbi_buf body = {0};
    ddbi_http_answer a = {.body = &body};
    ddb_code code = ddbi_http_conn_new(s, &c, NULL);

    ck_assert((c != NULL) == (code == DDB_OK));
    if (code == DDB_OK)
        code = ddbi_http_start(c, &q, &a, NULL);
    if (code == DDB_OK) {
        while (!ddbi_http_step(c, 1000))
            continue;
        ddbi_http_finish(c);
        code = a.code;
        ck_assert(code != DDB_OK || body.n == 4);
    }
    ddbi_http_conn_free(c, 0);
    ddbi_buf_free(&body);
    return code;
}

START_TEST(survives_every_failed_allocation)
{
    fakehttp *f = serve(
        &(fake_answer){.text = FAKE_HEAD "Content-Length: 4\r\n\r\n{  }"}, 1);
    ddbi_http_settings s = {.proxy = "", .connect_timeout_ms = 5000};
    ddb_code code = DDB_NOMEM;

    ck_assert_int_eq(ddbi_http_setup(&s, NULL), DDB_OK);
    for (long n = 0; code != DDB_OK; n++) {
        oom_begin(n);
        code = one_exchange(&s, f);
        ck_assert_int_eq(code, oom_end() ? DDB_NOMEM : DDB_OK);
        ck_assert_int_eq(oom_live(), 0);
        ck_assert_int_lt(n, 100);
    }
    fakehttp_stop(f);
}
END_TEST

/* libcurl's own memory: whatever it makes of a failure, we neither crash nor
 * lose anything, and the next connection works. */
static long curl_asked, curl_fail_at, curl_live;

static int curl_fails(void)
{
    return curl_asked++ == curl_fail_at;
}

static void *curl_malloc(size_t n)
{
    void *p = curl_fails() ? NULL : malloc(n);

    curl_live += p != NULL;
    return p;
}

static void *curl_calloc(size_t count, size_t n)
{
    void *p = curl_fails() ? NULL : calloc(count, n);

    curl_live += p != NULL;
    return p;
}

static void *curl_realloc(void *old, size_t n)
{
    void *p = curl_fails() ? NULL : realloc(old, n);

    curl_live += p != NULL && old == NULL;
    return p;
}

static char *curl_strdup(const char *text)
{
    char *p = curl_fails() ? NULL : strdup(text);

    curl_live += p != NULL;
    return p;
}

static void curl_free_one(void *p)
{
    curl_live -= p != NULL;
    free(p);
}

START_TEST(survives_every_failed_allocation_of_libcurl)
{
    fakehttp *f = serve(
        &(fake_answer){.text = FAKE_HEAD "Content-Length: 4\r\n\r\n{  }"}, 1);
    ddbi_http_settings s = {.proxy = "", .connect_timeout_ms = 5000};
    long failures = 0;
    long before;

    ck_assert_int_eq(ddbi_http_setup(&s, NULL), DDB_OK);
    curl_global_cleanup(); /* so that it asks ours from here on */
    ck_assert_int_eq(curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc,
                                          curl_free_one, curl_realloc,
                                          curl_strdup, curl_calloc),
                     CURLE_OK);
    curl_fail_at = -1;
    ck_assert_int_eq(one_exchange(&s, f), DDB_OK);
    before = curl_live;
    for (long n = 0; curl_asked > curl_fail_at; n++) {
        curl_asked = 0;
        curl_fail_at = n;
        failures += one_exchange(&s, f) == DDB_NOMEM;
        ck_assert_int_eq(curl_live, before);
    }
    ck_assert_int_gt(failures, 50);
    curl_fail_at = -1;
    ck_assert_int_eq(one_exchange(&s, f), DDB_OK);
    curl_global_cleanup();
    ck_assert_int_eq(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK);
    fakehttp_stop(f);
}
END_TEST

/* The child has the parent's connection, and must not end it.  It is killed,
 * so that no leak checker looks at what is left in it on purpose. */
START_TEST(leaves_the_parents_connection_alone_after_fork)
{
    trusted t;
    pid_t child;
    int result[2];
    char done = 0;

    trusted_open(&t, &(fake_answer){.text = FAKE_EMPTY}, 1);
    post(&t.k, t.f);
    ck_assert_int_eq(pipe(result), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        ddbi_http_conn_free(t.k.conn, 1);
        ck_assert_int_eq((int)write(result[1], "1", 1), 1);
        kill(getpid(), SIGKILL);
    }
    close(result[1]);
    ck_assert_int_eq((int)read(result[0], &done, 1), 1);
    close(result[0]);
    waitpid(child, NULL, 0);
    post(&t.k, t.f);
    ck_assert_int_eq(t.k.answer.code, DDB_OK);
    ck_assert_int_eq(fakehttp_connections(t.f), 1);
    trusted_close(&t);
}
END_TEST

Suite *suite_http(void)
{
    Suite *s = suite_create("http");
    TCase *t = tcase_create("answers");

    tcase_add_loop_test(t, takes_an_answer, 0,
                        (int)(sizeof cases / sizeof *cases));
    suite_add_tcase(s, t);

    t = tcase_create("connections");
    tcase_add_test(t, keeps_the_connection);
    tcase_add_loop_test(t, notices_that_an_idle_connection_ended, 0,
                        (int)(sizeof idle_ends / sizeof *idle_ends));
    tcase_add_loop_test(t, leaves_repeating_on_a_stale_connection_to_the_caller,
                        0, 2);
    tcase_add_test(t, is_not_stale_when_an_answer_has_begun);
    tcase_add_test(t, can_be_cancelled);
    tcase_add_test(t, never_waits_when_told_not_to);
    tcase_add_test(t, goes_on_after_signals);
    tcase_add_loop_test(t, tells_when_nobody_listens, 0, 2);
    tcase_add_test(t, tells_when_a_name_does_not_resolve);
    tcase_add_test(t, speaks_http_alone);
    tcase_add_test(t, connects_for_so_long_and_no_longer);
    suite_add_tcase(s, t);

    t = tcase_create("requests");
    tcase_add_test(t, sends_what_it_is_given);
    tcase_add_test(t, knows_methods_and_leaves_nothing_behind);
    tcase_add_test(t, refuses_more_headers_than_it_has_room_for);
    tcase_add_test(t, caps_answers_by_request);
    tcase_add_loop_test(t, uses_a_proxy_when_told_to, 0, 2);
    tcase_add_loop_test(t, uses_no_proxy_when_told_not_to, 0, 2);
    tcase_add_test(t, does_not_take_a_proxys_refusal_for_an_answer);
    tcase_add_test(t, knows_that_a_refused_tunnel_carried_nothing);
    tcase_add_test(t, knows_that_a_silent_proxy_carried_nothing);
    tcase_add_loop_test(t, never_shows_the_password_of_a_proxy, 0, 3);
    suite_add_tcase(s, t);

    t = tcase_create("tls");
    tcase_add_loop_test(t, trusts_who_is_to_be_trusted, 0,
                        (int)(sizeof tls_cases / sizeof *tls_cases));
    tcase_add_test(t, tells_which_authorities_cannot_be_read);
    tcase_add_loop_test(t, tells_when_it_is_no_tls, 0, 2);
    tcase_add_test(t, keeps_a_tls_connection);
    tcase_add_test(t, resumes_the_session_when_it_reconnects);
    tcase_add_test(t, does_not_believe_an_end_that_tls_does_not_confirm);
    tcase_add_loop_test(t, sends_a_large_body_without_asking_first, 0, 2);
    tcase_add_test(t, survives_writing_to_a_connection_that_was_reset);
    suite_add_tcase(s, t);

    t = tcase_create("failures");
    tcase_add_test(t, survives_every_failed_allocation);
    tcase_add_test(t, survives_every_failed_allocation_of_libcurl);
    tcase_add_test(t, leaves_the_parents_connection_alone_after_fork);
    suite_add_tcase(s, t);
    return s;
}
