/* SPDX-License-Identifier: MIT */
/*
 * One HTTP exchange over libcurl: start, step, finish, cancel.
 *
 * A connection is an easy handle and a multi handle of its own; the multi
 * keeps the TCP connection between exchanges, and makes every step one that
 * does not block.  An exchange sets only the options that differ.  Deadlines
 * are the caller's: he cancels.
 *
 * libcurl sends a request a second time by itself when a kept-alive
 * connection turns out to be dead, and the server may then carry it out
 * twice.  Once anything was sent, ddbi_http_on_socket() refuses the new
 * connection that this would need: whether to repeat is for those who know
 * what the request does.
 *
 * https://www.rfc-editor.org/rfc/rfc9112 (HTTP/1.1)
 */
#include "http/http_conn.h"

#include "base/alloc.h"
#include "base/enc.h"
#include "base/err.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* libcurl asks for "100 Continue" from 1 MB on, and waits for it. */
#define EXPECT_BYTES 1000000

static size_t stop(ddbi_http_conn *c, ddb_code code, const char *why)
{
    c->failed = code;
    c->why = why;
    return 0; /* which libcurl takes for a failure to write */
}

size_t ddbi_http_on_body(char *p, size_t size, size_t n, void *arg)
{
    ddbi_http_conn *c = arg;
    ddbi_buf *body = c->answer->body;

    (void)size; /* always 1 */
    if (n > c->max_answer - (body->n - c->body_start))
        return stop(c, DDB_ANSWER_TOO_LARGE, "the answer is too large");
    ddbi_buf_add(body, p, n);
    if (body->failed != DDB_OK)
        return stop(c, DDB_NOMEM, "out of memory");
    return n;
}

int ddbi_http_same(const char *name, const char *lower, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (ddbi_lower((unsigned char)name[i]) != lower[i])
            return 0;
    }
    return 1;
}

/* "HTTP/1.1 200 OK": libcurl has checked its form. */
static void begin_head(ddbi_http_conn *c, const char *p, size_t n)
{
    const char *space = memchr(p, ' ', n);
    uint64_t status = 0;

    if (space != NULL && space + 4 <= p + n)
        ddbi_parse_u64(space + 1, 3, 999, &status);
    c->answer->status = (int)status;
    c->in_final = status >= 200;
}

/* What the framing of the body depends on; 0: go no further. */
static size_t check_framing(ddbi_http_conn *c, ddb_bytes name, ddb_bytes value)
{
    uint64_t length;

    if (ddbi_http_is(name, "content-length")) {
        if (ddbi_parse_u64(value.p, value.n, UINT64_MAX, &length) != 0)
            return stop(c, DDB_BAD_ANSWER, "bad Content-Length");
        if (length > c->max_answer)
            return stop(c, DDB_ANSWER_TOO_LARGE, "the answer is too large");
        c->framed = 1;
    } else if (ddbi_http_is(name, "transfer-encoding")) {
        c->framed |= ddbi_http_is(value, "chunked");
    } else if (ddbi_http_is(name, "content-encoding")) {
        if (!ddbi_http_is(value, "identity"))
            return stop(c, DDB_BAD_ANSWER,
                        "a Content-Encoding that was not asked for");
    }
    return 1;
}

size_t ddbi_http_on_header(char *p, size_t size, size_t n, void *arg)
{
    ddbi_http_conn *c = arg;
    const char *colon;
    ddb_bytes line, name, value;

    (void)size; /* always 1 */
    c->head_bytes += n;
    if (c->head_bytes > DDBI_HTTP_MAX_HEAD)
        return stop(c, DDB_BAD_ANSWER, "too many headers");
    if (c->head_done)
        return n;
    if (n >= 5 && memcmp(p, "HTTP/", 5) == 0) {
        begin_head(c, p, n);
        return n;
    }
    if (!c->in_final)
        return n;
    line = ddbi_trim(p, n);
    c->head_done = line.n == 0;
    if (line.p != p) /* a folded line */
        return n;
    colon = memchr(p, ':', n);
    if (colon == NULL)
        return n;
    name = ddbi_trim(p, (size_t)(colon - p));
    value = ddbi_trim(colon + 1, n - (size_t)(colon + 1 - p));
    if (!check_framing(c, name, value))
        return 0;
    if (c->answer->header != NULL)
        c->answer->header(c->answer->arg, name, value);
    return n;
}

static int is_https(const char *url)
{
    return strncmp(url, "https:", 6) == 0;
}

/* libcurl counts what it says to a proxy too. */
static int has_spoken(const ddbi_http_conn *c)
{
    long sent = 0;

    curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &sent);
    return sent > 0;
}

/* Nothing but the CONNECT to a proxy: it is a new connection, and TLS with
 * the server is not up. */
static int is_tunnelling(const ddbi_http_conn *c)
{
    long connects = 0;
    curl_off_t handshake = 0;

    if (c->settings->no_proxy || !is_https(c->url) || c->resend_refused)
        return 0;
    curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(c->easy, CURLINFO_APPCONNECT_TIME_T, &handshake);
    return connects > 0 && handshake == 0;
}

int ddbi_http_has_sent(const ddbi_http_conn *c)
{
    return has_spoken(c) && !is_tunnelling(c);
}

int ddbi_http_on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    ddbi_http_conn *c = arg;

    (void)purpose;
    if (has_spoken(c)) {
        c->resend_refused = 1;
        return CURL_SOCKOPT_ERROR;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return CURL_SOCKOPT_OK;
}

/*
 * Nothing is to come on an idle connection but its end, or what was sent
 * behind an answer and would be taken for the next one.  libcurl 7.88 looks
 * itself, but takes the end of a TLS connection and stray bytes for life.
 */
static int has_ended(const ddbi_http_conn *c)
{
    struct pollfd p = {.fd = c->idle, .events = POLLIN};

    return c->idle != CURL_SOCKET_BAD && poll(&p, 1, 0) != 0;
}

static void set_url(ddbi_http_conn *c, const char *url)
{
    if (c->url != NULL && strcmp(c->url, url) == 0)
        return;
    ddbi_free(c->url);
    c->url = ddbi_strdup(url);
    if (c->url == NULL)
        ddbi_http_note(c, CURLE_OUT_OF_MEMORY);
    ddbi_http_set_text(c, CURLOPT_URL, url);
    c->may_tls |= is_https(url);
}

static void set_method(ddbi_http_conn *c, const ddbi_http_request *q)
{
    static const char nothing[1];

    if (strcmp(q->method, "GET") == 0) {
        ddbi_http_set_long(c, CURLOPT_HTTPGET, 1);
        ddbi_http_set_text(c, CURLOPT_CUSTOMREQUEST, NULL);
        return;
    }
    ddbi_http_set_long(c, CURLOPT_POST, 1);
    ddbi_http_set_text(c, CURLOPT_CUSTOMREQUEST,
                       strcmp(q->method, "POST") == 0 ? NULL : q->method);
    ddbi_http_note(c, curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                       (curl_off_t)q->body.n));
    ddbi_http_note(c, curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS,
                                       q->body.n > 0 ? q->body.p : nothing));
}

/* The next line, if there is one, is in the next node. */
static void set_line(struct curl_slist *node, const char *line)
{
    /* libcurl reads the list and never writes to it. */
    node->data = (char *)(uintptr_t)line;
    node->next = node + 1;
}

static void set_headers(ddbi_http_conn *c, const ddbi_http_request *q)
{
    struct curl_slist *node = c->lines;

    for (size_t i = 0; i < q->n_headers; i++)
        set_line(node++, q->headers[i]);
    if (q->body.n >= EXPECT_BYTES)
        set_line(node++, "Expect:");
    if (node > c->lines)
        node[-1].next = NULL;
    ddbi_http_note(c, curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER,
                                       node > c->lines ? c->lines : NULL));
}

static void reset(ddbi_http_conn *c, ddbi_http_answer *a, size_t max_answer)
{
    a->code = DDB_OK;
    a->message[0] = '\0';
    a->retryable = a->not_sent = a->stale = a->status = a->unframed = 0;
    c->answer = a;
    c->max_answer = max_answer;
    c->body_start = a->body->n;
    c->head_bytes = 0;
    c->in_final = c->head_done = c->framed = c->resend_refused = 0;
    c->why = NULL;
    c->failed = DDB_OK;
    c->begun = c->over = 0;
    c->result = CURLE_OK;
    c->setup = CURLE_OK;
    c->detail[0] = '\0';
}

ddbi_sigpipe ddbi_http_guard(const ddbi_http_conn *c)
{
#ifdef MSG_NOSIGNAL /* libcurl writes with it, but TLS libraries may not */
    return ddbi_sigpipe_block(c->may_tls);
#else
    return ddbi_sigpipe_block(1);
#endif
}

ddb_code ddbi_http_start(ddbi_http_conn *c, const ddbi_http_request *request,
                         ddbi_http_answer *answer, ddb_err *err)
{
    if (request->n_headers > DDBI_HTTP_MAX_HEADERS)
        return ddbi_fail(err, DDB_INVALID, "more than %d request headers",
                         DDBI_HTTP_MAX_HEADERS);
    reset(c, answer, request->max_answer);
    set_url(c, request->url);
    set_method(c, request);
    set_headers(c, request);
    ddbi_http_set_long(c, CURLOPT_FRESH_CONNECT, has_ended(c));
    if (c->setup != CURLE_OK)
        return ddbi_http_setup_failed(c->setup, err);
    c->idle = CURL_SOCKET_BAD;
    if (curl_multi_add_handle(c->multi, c->easy) != CURLM_OK)
        return ddbi_nomem(err);
    return DDB_OK;
}

static void end(ddbi_http_conn *c, CURLcode result)
{
    c->over = 1;
    c->result = result;
    if (result == CURLE_OK)
        curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &c->idle);
    curl_multi_remove_handle(c->multi, c->easy);
}

static int perform(ddbi_http_conn *c)
{
    const CURLMsg *m;
    int running = 0;
    int left;

    if (curl_multi_perform(c->multi, &running) != CURLM_OK) {
        end(c, CURLE_FAILED_INIT);
        return 1;
    }
    if (running > 0)
        return 0;
    m = curl_multi_info_read(c->multi, &left);
    end(c, m != NULL ? m->data.result : CURLE_FAILED_INIT);
    return 1;
}

int ddbi_http_step(ddbi_http_conn *c, int64_t wait_ms)
{
    ddbi_sigpipe g;

    if (c->over)
        return 1;
    c->begun = 1;
    g = ddbi_http_guard(c);
    if (!perform(c) && wait_ms > 0) {
        if (wait_ms > INT_MAX)
            wait_ms = INT_MAX;
        curl_multi_poll(c->multi, NULL, 0, (int)wait_ms, NULL);
        perform(c);
    }
    ddbi_sigpipe_restore(&g);
    return c->over;
}

int ddbi_http_cancel(ddbi_http_conn *c)
{
    int sent = c->begun && ddbi_http_has_sent(c);
    ddbi_sigpipe g;

    if (!c->over) {
        g = ddbi_http_guard(c);
        end(c, CURLE_ABORTED_BY_CALLBACK); /* nothing is kept */
        ddbi_sigpipe_restore(&g);
    }
    c->answer = NULL;
    return sent;
}

void ddbi_http_finish(ddbi_http_conn *c)
{
    ddbi_http_answer *a = c->answer;

    if (c->result != CURLE_OK || !c->head_done)
        ddbi_http_explain(c);
    else
        a->unframed = !c->framed && a->status != 204 && a->status != 304;
    c->answer = NULL;
}
