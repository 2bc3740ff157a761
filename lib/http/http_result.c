/* SPDX-License-Identifier: MIT */
/*
 * What libcurl's results mean: whose fault, whether the request can have
 * reached the server, whether another attempt may do better; and a message
 * with libcurl's own number and text, the host and, where trust failed, what
 * was trusted.
 *
 * https://curl.se/libcurl/c/libcurl-errors.html
 */
#include "http/http_conn.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* X509_V_ERR_CERT_NOT_YET_VALID and _CERT_HAS_EXPIRED, as
 * CURLINFO_SSL_VERIFYRESULT gives them. */
#define VERIFY_NOT_YET_VALID 9
#define VERIFY_EXPIRED 10
/* 2046-11-01: a clock that is past it, and finds certificates expired, is
 * taken to be wrong. */
#define FAR_FUTURE INT64_C(2424643200)

/* What libcurl's results mean; those not listed are DDB_SYSTEM. */
static const struct {
    CURLcode result;
    ddb_code code;
    int retryable;
    int not_sent; /* the connection was not there yet */
} meanings[] = {
    {CURLE_COULDNT_RESOLVE_PROXY, DDB_NETWORK, 1, 1},
    {CURLE_COULDNT_RESOLVE_HOST, DDB_NETWORK, 1, 1},
    {CURLE_COULDNT_CONNECT, DDB_NETWORK, 1, 1},
#if LIBCURL_VERSION_NUM >= 0x074900
    {CURLE_PROXY, DDB_NETWORK, 1, 1},
#endif
    {CURLE_OPERATION_TIMEDOUT, DDB_NETWORK, 1, 0},
    {CURLE_SEND_ERROR, DDB_NETWORK, 1, 0},
    {CURLE_RECV_ERROR, DDB_NETWORK, 1, 0},
    {CURLE_GOT_NOTHING, DDB_NETWORK, 1, 0},
    {CURLE_PARTIAL_FILE, DDB_NETWORK, 1, 0},
    {CURLE_HTTP2, DDB_NETWORK, 1, 0},
    {CURLE_HTTP2_STREAM, DDB_NETWORK, 1, 0},
    {CURLE_SSL_CONNECT_ERROR, DDB_NETWORK, 1, 1},
    {CURLE_PEER_FAILED_VERIFICATION, DDB_TLS, 0, 1},
    {CURLE_SSL_CACERT_BADFILE, DDB_TLS, 0, 1},
    {CURLE_SSL_CERTPROBLEM, DDB_TLS, 0, 1},
    {CURLE_SSL_CIPHER, DDB_TLS, 0, 1},
    {CURLE_SSL_ISSUER_ERROR, DDB_TLS, 0, 1},
    {CURLE_SSL_INVALIDCERTSTATUS, DDB_TLS, 0, 1},
#if LIBCURL_VERSION_NUM >= 0x074d00
    {CURLE_SSL_CLIENTCERT, DDB_TLS, 0, 0},
#endif
    {CURLE_UNSUPPORTED_PROTOCOL, DDB_BAD_ANSWER, 1, 0}, /* "HTTP/0.9" */
    {CURLE_WEIRD_SERVER_REPLY, DDB_BAD_ANSWER, 1, 0},
    {CURLE_BAD_CONTENT_ENCODING, DDB_BAD_ANSWER, 1, 0},
    {CURLE_OUT_OF_MEMORY, DDB_NOMEM, 0, 0},
};

/*
 * A certificate whose signature is wrong: its issuer has the name of one that
 * is trusted and another key.  OpenSSL's first error is then that of the
 * signature, which libcurl does not know for a refusal: it gives the number
 * of a handshake that broke off, and CURLINFO_SSL_VERIFYRESULT is 1 then as
 * it is before anything was verified.  What tells them apart is the part of
 * OpenSSL that complains.
 */
static int is_forged(const ddbi_http_conn *c)
{
    static const char *const others[] = {"SSL routines", "BIO routines",
                                         "system library"};
    long verify = 0;

    curl_easy_getinfo(c->easy, CURLINFO_SSL_VERIFYRESULT, &verify);
    if (c->result != CURLE_SSL_CONNECT_ERROR || verify == 0 ||
        strstr(c->detail, "error:") == NULL)
        return 0;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strstr(c->detail, others[i]) != NULL)
            return 0;
    }
    return 1;
}

static void look_up(const ddbi_http_conn *c, ddbi_http_answer *a)
{
    a->code = DDB_SYSTEM;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (meanings[i].result == c->result) {
            a->code = meanings[i].code;
            a->retryable = meanings[i].retryable;
            a->not_sent = meanings[i].not_sent;
            break;
        }
    }
    if (is_forged(c)) {
        a->code = DDB_TLS;
        a->retryable = 0;
    }
    /* Nobody was asked: a libcurl without TLS. */
    if (a->code == DDB_BAD_ANSWER && !ddbi_http_has_sent(c)) {
        a->code = DDB_SYSTEM;
        a->retryable = 0;
    }
}

static int is_stale(const ddbi_http_conn *c)
{
    long connects = 0;

    if (c->resend_refused)
        return 1;
    if (c->result != CURLE_GOT_NOTHING && c->result != CURLE_SEND_ERROR &&
        c->result != CURLE_RECV_ERROR)
        return 0;
    curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &connects);
    return connects == 0 && c->head_bytes == 0;
}

/* The certificate's dates are refused, and it is the clock's fault. */
static int is_clock_wrong(const ddbi_http_conn *c)
{
    long verify = 0;

    if (c->result != CURLE_PEER_FAILED_VERIFICATION)
        return 0;
    curl_easy_getinfo(c->easy, CURLINFO_SSL_VERIFYRESULT, &verify);
    return verify == VERIFY_NOT_YET_VALID ||
           (verify == VERIFY_EXPIRED && time(NULL) > FAR_FUTURE);
}

/* "https://user:password@host:port/path" to "host:port". */
static ddb_bytes host_of(const char *url)
{
    const char *p = strstr(url, "://");
    const char *end;

    p = p != NULL ? p + 3 : url;
    end = p + strcspn(p, "/?#");
    for (const char *at = p; at < end; at++) {
        if (*at == '@')
            p = at + 1;
    }
    return (ddb_bytes){p, (size_t)(end - p)};
}

static void __attribute__((format(printf, 2, 3)))
say(ddbi_http_conn *c, const char *format, ...)
{
    ddbi_http_answer *a = c->answer;
    ddb_bytes host = host_of(c->url);
    int n = snprintf(a->message, sizeof a->message,
                     "%.*s: ", host.n < 100 ? (int)host.n : 100,
                     (const char *)host.p);
    va_list args;

    va_start(args, format);
    vsnprintf(a->message + n, sizeof a->message - (size_t)n, format, args);
    va_end(args);
}

/* libcurl's own words, but those that may quote the URL of a proxy with user
 * name and password. */
static const char *detail_of(const ddbi_http_conn *c)
{
    return strchr(c->detail, '@') == NULL ? c->detail : "";
}

static void say_result(ddbi_http_conn *c)
{
    const char *text = curl_easy_strerror(c->result);
    const char *detail = detail_of(c);
    const char *between = *detail != '\0' ? "; " : "";

    if (c->answer->code == DDB_TLS)
        say(c, "%s (curl %d), trusting %s%s%s", text, (int)c->result,
            c->settings->ca.tried, between, detail);
    else
        say(c, "%s (curl %d)%s%s", text, (int)c->result, between, detail);
}

static void say_clock(ddbi_http_conn *c)
{
    char now[17];

    ddbi_format_amz_date(time(NULL), now);
    say(c,
        "the certificate's dates do not fit the system's clock, which says "
        "%s: %s (curl %d)",
        now, curl_easy_strerror(c->result), (int)c->result);
}

void ddbi_http_explain(ddbi_http_conn *c)
{
    ddbi_http_answer *a = c->answer;

    if (c->failed != DDB_OK) {
        a->code = c->failed;
        a->retryable = c->failed == DDB_BAD_ANSWER;
        say(c, "%s (curl %d)", c->why, (int)c->result);
    } else if (c->result == CURLE_OK) { /* so says libcurl 7.88 of it */
        a->code = DDB_NETWORK;
        a->retryable = 1;
        say(c, "the answer broke off in its headers");
    } else if (is_stale(c)) {
        a->code = DDB_NETWORK;
        a->retryable = 1;
        a->stale = 1;
        say(c, "the kept-alive connection was gone (curl %d)", (int)c->result);
    } else if (is_clock_wrong(c)) {
        a->code = DDB_CLOCK;
        a->not_sent = 1;
        say_clock(c);
    } else {
        look_up(c, a);
        say_result(c);
    }
    a->not_sent |= !ddbi_http_has_sent(c);
}
