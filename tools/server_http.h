/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 over libmicrohttpd: connections, requests, answers, the log.  A
 * connection is a thread's. */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include "server_front.h"

typedef struct server_http server_http;

typedef struct {
    server_front *front;
    int listener;     /* a listening socket, then ours */
    const char *cert; /* PEM; NULL: no TLS */
    const char *key;
    int log; /* a file's descriptor; -1: none */
} server_http_in;

/* DDB_NOMEM; DDB_TLS: certificate or key are not good; DDB_SYSTEM. */
ddb_code server_http_start(const server_http_in *in, server_http **out,
                           ddb_err *err);
/* Requests that are being answered. */
unsigned server_http_running(server_http *h);
/* No more connections and requests; what runs is answered.  Then close all
 * and free it. */
void server_http_stop(server_http *h);

#endif
