/* SPDX-License-Identifier: MIT */
/*
 * From a whole HTTP request to a whole answer: what the service does before
 * an action is run (health, CORS, content type, target, signature), the bad
 * day, and the engine.  Knows no sockets and no HTTP library.
 */
#ifndef SERVER_FRONT_H
#define SERVER_FRONT_H

#include "local/local_ask.h"
#include "server_auth.h"
#include "server_options.h"
#include "server_throttle.h"

#include <pthread.h>
#include <stdatomic.h>

#define SERVER_MAX_HEADERS 100
#define SERVER_ID_SIZE 52

/* One for the whole server; threads share it. */
typedef struct {
    const server_options *options;
    const server_keys *keys; /* NULL: signatures are not verified */
    const ddbi_clock *clock; /* with the offset */
    ddbi_local *engine;
    server_throttle *throttle;   /* NULL: none */
    pthread_mutex_t admitting;   /* held over the engine's call when what it
                                  admits depends on the request */
    uint64_t number;             /* of the request that holds it */
    int batch;                   /* it is BatchGetItem or BatchWriteItem */
    uint64_t items;              /* of its batch, asked for so far */
    atomic_uint_fast64_t served; /* requests of the API */
    uint64_t ids[2];             /* random, for request ids */
    atomic_uint_fast64_t next_id;
} server_front;

/* A request, its answer, and what is kept for the next one. */
typedef struct {
    char method[16];
    ddb_bytes path, query;
    size_t n_headers;
    ddbi_header headers[SERVER_MAX_HEADERS];
    ddbi_buf body;
    ddbi_signer *signer; /* NULL: not yet needed */

    int status;
    const char *content_type; /* NULL: none */
    ddbi_buf out;             /* the body */
    int cors;                 /* another origin may read it */
    int preflight;            /* what an OPTIONS request asked for */
    const char *action;       /* static text; NULL: none of ours */
    char id[SERVER_ID_SIZE + 1];
} server_exchange;

/* Sets what does not come from the options: lock and numbers.  0: done. */
int server_front_init(server_front *f);
void server_front_clear(server_front *f);

/* Always gives an answer.  May take its time. */
void server_front_answer(server_front *f, server_exchange *x);
/* The engine's ddbi_admit_fn; arg is the front. */
const char *server_front_admit(void *arg, const ddbi_use *use);
/* Is it needed? */
int server_front_admits(const server_options *o);

#endif
