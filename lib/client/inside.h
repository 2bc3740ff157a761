/* SPDX-License-Identifier: MIT */
/* What a client is made of, for client.c and its drivers alone. */
#ifndef DDBI_INSIDE_H
#define DDBI_INSIDE_H

#include "client/call.h"
#include "client/client.h"
#include "creds/creds.h"
#include <pthread.h>
#include <sys/types.h>

/* A clock with the application's own time of day. */
typedef struct {
    ddbi_clock clock; /* first */
    const ddbi_clock *base;
    int64_t (*now)(void *arg); /* Unix seconds; NULL: the base's */
    void *now_arg;
} ddbi_app_clock;

struct ddb_client {
    pid_t pid; /* of the process that opened it */
    ddbi_transport *transport;
    ddbi_app_clock clock;
    ddbi_call_common common;
    ddbi_creds *creds;
    int timeout_ms;
    size_t max_answer;
    char *region;
    char *endpoint;

    ddb_log_fn *log;
    void *log_arg;

    /* How credentials are fetched over HTTP; whoever fetches sets it up. */
    ddbi_http_settings fetching;
    int fetching_ready;
    char *ca_file;
    char *ca_path;

    pthread_mutex_t mutex; /* of the pool */
    ddbi_job *idle;
    int n_idle;
    int max_idle;
};

/* What the pool has; the public part comes first. */
typedef struct {
    ddbi_job job;
    uint64_t random; /* state of the generator of waits */
} ddbi_pooled;

/* 32 bits of the job's own generator. */
uint32_t ddbi_job_random(ddbi_job *j);
/* Unix seconds, corrected. */
int64_t ddbi_client_time(const ddb_client *c);

/* Credentials for one attempt; blocks until `until` (mono ms) at most.  *out
 * is NULL before, and for ddbi_keys_release(). */
ddb_code ddbi_client_keys(ddb_client *c, int64_t until, uint32_t random,
                          ddbi_key_set **out, ddb_err *err);

#endif
