/* SPDX-License-Identifier: MIT */
/*
 * Writes to a table of the local engine that follow from a seed, the worker
 * and their number alone, so that who reads the table knows what must be
 * there: puts, updates, deletes, batches and transactions, each worker's to
 * items of its own.
 */
#ifndef CRASH_WORK_H
#define CRASH_WORK_H

#include <ddb/ddb.h>

#define CRASH_WORKERS 4
#define CRASH_KEYS 10 /* items of a worker */

typedef struct {
    int there;
    uint32_t v;
    uint32_t body; /* the write that it is of; 0: none */
    int64_t c;     /* 0: none */
} crash_cell;

typedef struct {
    uint32_t done; /* writes */
    crash_cell cells[CRASH_KEYS];
} crash_partition;

/* The table "crash", with two indexes. */
ddb_code crash_create(ddb_client *c, ddb_err *err);
/* Write number i of the worker. */
ddb_code crash_write(ddb_client *c, uint64_t seed, int worker, uint32_t i,
                     ddb_err *err);
/* What becomes of its items by the next write. */
void crash_apply(crash_partition *p, uint64_t seed, int worker);
/* What these writes made is there, in the table and in its indexes; of each
 * worker the next one may be there too: then it is applied.  How many were. */
int crash_expect(ddb_client *c, uint64_t seed, crash_partition *state);

#endif
