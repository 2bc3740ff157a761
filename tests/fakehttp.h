/* SPDX-License-Identifier: MIT */
/*
 * A server on 127.0.0.1 that answers by script, well or badly: each request,
 * in the order of arrival, gets the next answer; the last one is repeated.
 *
 *     static const fake_answer script[] = {{.text = FAKE_EMPTY}};
 *     fakehttp *f = fakehttp_start(&(fakehttp_options){.script = script,
 *                                                      .n = 1});
 *     ... talk to fakehttp_url(f) ...
 *     fakehttp_stop(f);
 */
#ifndef FAKEHTTP_H
#define FAKEHTTP_H

#include <openssl/ssl.h>
#include <stddef.h>

typedef enum {
    FAKE_KEEP,  /* wait for the next request */
    FAKE_CLOSE, /* properly */
    FAKE_RESET, /* RST; with TLS no close_notify either */
    FAKE_HOLD   /* no further word until the client hangs up */
} fake_end;

/* What is sent for one request, byte by byte; all may be left out. */
typedef struct {
    const char *text;
    const char *again; /* then this, */
    size_t times;      /* so many times */
    const char *tail;  /* then this, */
    int late_ms;       /* after so long */
    fake_end end;
} fake_answer;

#define FAKE_HEAD "HTTP/1.1 200 OK\r\n"
#define FAKE_EMPTY FAKE_HEAD "Content-Length: 2\r\n\r\n{}"

typedef struct {
    const fake_answer *script;
    size_t n;
    SSL_CTX *tls;         /* NULL: plain HTTP; the caller's */
    const char *greeting; /* sent to whoever connects, before all else */
} fakehttp_options;

typedef struct fakehttp fakehttp;

fakehttp *fakehttp_start(const fakehttp_options *opt);
void fakehttp_stop(fakehttp *f);

const char *fakehttp_url(const fakehttp *f);  /* "http://127.0.0.1:40123" */
const char *fakehttp_host(const fakehttp *f); /* "127.0.0.1:40123" */

/* So far. */
int fakehttp_connections(fakehttp *f);
int fakehttp_requests(fakehttp *f);
int fakehttp_resumed(fakehttp *f); /* TLS sessions that were resumed */
/* Head and body of the last request, with a NUL each; valid until the next
 * one comes. */
const char *fakehttp_head(fakehttp *f);
const char *fakehttp_body(fakehttp *f, size_t *n);

#endif
