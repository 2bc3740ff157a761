/* SPDX-License-Identifier: MIT */
/*
 * The local engine: DynamoDB's JSON over a file of SQLite.  Below the waist:
 * local_transport.h makes it a client's transport, ddb-local puts it behind
 * HTTP.  One request is one transaction; requests of one engine are answered
 * one after another, from any thread; several processes may share a file.
 */
#ifndef DDBI_LOCAL_H
#define DDBI_LOCAL_H

#include "base/buf.h"
#include "base/clock.h"
#include "local/local_store.h"

typedef struct ddbi_local ddbi_local;

/* What an operation is about to use, of one table or index. */
typedef struct {
    const char *table;
    const char *index;   /* NULL: the table itself */
    ddb_bytes partition; /* the partition key's value, encoded */
    int write;           /* else a read */
    int batch;           /* one of a batch: refusing it leaves the others */
    double units;        /* capacity units */
    double provisioned;  /* units a second of the table or index; 0: on
                            demand */
} ddbi_use;

/* Leave to use it: NULL; else why not, as the service names the reason of a
 * throttled request ("TableWriteKeyRangeThroughputExceeded").  The text must
 * live on.  Called with the engine's lock held. */
typedef const char *ddbi_admit_fn(void *arg, const ddbi_use *use);

typedef struct {
    const char *path; /* NULL: in memory, this engine's alone */
    ddbi_sync sync;
    const ddbi_clock *clock; /* NULL: the system's; must live on */
    const char *region;      /* in ARNs; NULL: "local" */
    const char *address;     /* host and port that DescribeEndpoints tells;
                                NULL: "localhost" */
    ddbi_admit_fn *admit;    /* NULL: always */
    void *admit_arg;
} ddbi_local_options;

/* DDB_SYSTEM: the file cannot be opened or is none of ours; DDB_NOMEM. */
ddb_code ddbi_local_open(const ddbi_local_options *opt, ddbi_local **out,
                         ddb_err *err);
/* forked: in a child process, where SQLite's handle is left alone. */
void ddbi_local_close(ddbi_local *l, int forked);

/* One request.  DDB_OK: *status and the JSON in out (emptied first) are the
 * answer, also when it is a refusal (400, 500).  DDB_NOMEM, DDB_SYSTEM (disk
 * full, locked, damaged), DDB_ANSWER_TOO_LARGE (for out->max): there is no
 * answer and nothing was done, but when err->maybe_applied is set. */
ddb_code ddbi_local_call(ddbi_local *l, const char *action, ddb_bytes body,
                         int *status, ddbi_buf *out, ddb_err *err);

/* The same, which does not wait for other requests and other processes longer
 * than timeout_ms: DDB_TIMEOUT, DDB_SYSTEM (locked).  The work itself takes
 * its time.  0: as long as usual. */
ddb_code ddbi_local_call_within(ddbi_local *l, int64_t timeout_ms,
                                const char *action, ddb_bytes body, int *status,
                                ddbi_buf *out, ddb_err *err);

/* Remove what has expired, at most some 100 items.  Writing requests do it by
 * themselves, once a second at most; a server does it when it is idle too.
 * *more: there is more to remove. */
ddb_code ddbi_local_sweep(ddbi_local *l, int *more, ddb_err *err);

#endif
