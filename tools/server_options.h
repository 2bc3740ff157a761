/* SPDX-License-Identifier: MIT */
/* The command line of ddb-local: see ddb-local(1). */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "local/local_store.h"

#include <stdio.h>

/* A range of milliseconds: from 0 to 0 is none. */
typedef struct {
    int64_t least, most;
} server_range;

typedef struct {
    int on;
    double wcu, rcu; /* units a second of one partition */
    double burst;    /* seconds of unused capacity that are kept */
} server_capacity;

typedef struct { /* all text is argv's */
    const char *bind;
    int64_t port;
    const char *file; /* NULL: in memory */
    int memory;
    ddbi_sync sync;
    const char *region;
    const char *tls_cert;
    const char *tls_key;
    const char *credentials;
    const char *access_log; /* "-": standard output */
    int64_t max_request;    /* bytes */
    int64_t threads;
    int quiet;
    int help;
    int version;

    /* A bad day. */
    server_range latency;
    double fail_rate; /* 0 to 1 */
    double unprocessed_rate;
    server_capacity throttle;
    int64_t clock_offset; /* seconds */
    int64_t close_idle;   /* ms; 0: never */
    int close_late;       /* not when the time is over, but under the next
                             request */
    int64_t seed;
    int has_seed;
} server_options;

/* DDB_INVALID: err says what is wrong with the command line. */
ddb_code server_options_parse(server_options *o, int argc, char **argv,
                              ddb_err *err);
void server_options_help(FILE *out);

#endif
