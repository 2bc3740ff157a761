/* SPDX-License-Identifier: MIT */
/* The inside of a connection, for the files http*.c alone. */
#ifndef DDBI_HTTP_CONN_H
#define DDBI_HTTP_CONN_H

#include "http/http.h"
#include "http/sigpipe.h"

#include <curl/curl.h>

struct ddbi_http_conn {
    const ddbi_http_settings *settings;
    CURL *easy;
    CURLM *multi;
    CURLcode setup;     /* the first failure of an option */
    char *url;          /* what the handle is set to; NULL: nothing */
    int may_tls;        /* TLS may be in play, which writes with SIGPIPE */
    curl_socket_t idle; /* kept alive since the last exchange */
    struct curl_slist lines[DDBI_HTTP_MAX_HEADERS + 1]; /* and "Expect:" */
    char detail[CURL_ERROR_SIZE];

    /* Of the exchange that is under way. */
    ddbi_http_answer *answer;
    size_t max_answer;
    size_t body_start; /* bytes that the body's buffer had before */
    size_t head_bytes;
    int in_final;       /* the headers are of the final answer, not 1xx */
    int head_done;      /* what comes now are trailers */
    int framed;         /* by Content-Length or chunks */
    int resend_refused; /* libcurl wanted to send the request again */
    const char *why;    /* a callback stopped it, for this reason */
    ddb_code failed;    /* the same as a code */
    int begun;          /* libcurl has been at it */
    int over;
    CURLcode result;
};

/* libcurl's callbacks; arg is the connection. */
size_t ddbi_http_on_body(char *p, size_t size, size_t n, void *arg);
size_t ddbi_http_on_header(char *p, size_t size, size_t n, void *arg);
int ddbi_http_on_socket(void *arg, curl_socket_t fd, curlsocktype purpose);

/* Around whatever may write to the connection. */
ddbi_sigpipe ddbi_http_guard(const ddbi_http_conn *c);

/* Options; the first failure is remembered in c->setup. */
void ddbi_http_set_long(ddbi_http_conn *c, CURLoption option, long value);
void ddbi_http_set_text(ddbi_http_conn *c, CURLoption option,
                        const char *value);
void ddbi_http_note(ddbi_http_conn *c, CURLcode result);
ddb_code ddbi_http_setup_failed(CURLcode result, ddb_err *err);

/* Has any byte of a request been sent, to the server or to a proxy that will
 * hand it on? */
int ddbi_http_has_sent(const ddbi_http_conn *c);

/* Fill the answer of an exchange that failed. */
void ddbi_http_explain(ddbi_http_conn *c);

#endif
