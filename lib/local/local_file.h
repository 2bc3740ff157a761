/* SPDX-License-Identifier: MIT */
/* The inside of the store: its connection to SQLite (local_file.c), and what
 * is done with it (local_store.c).  Nobody else knows SQLite. */
#ifndef DDBI_LOCAL_FILE_H
#define DDBI_LOCAL_FILE_H

#include "local/local_store.h"

#include <sqlite3.h>
#include <sys/types.h>

#define DDBI_STATEMENTS 15

struct ddbi_store {
    sqlite3 *db;
    sqlite3_stmt *statements[DDBI_STATEMENTS];
    sqlite3_stmt *lent;   /* its row is lent to the caller */
    sqlite3_stmt *cursor; /* NULL: there is none */
    char *path;           /* NULL: in memory */
    const ddbi_clock *clock;
    int64_t waited_since; /* ms of it, for a lock */
    int64_t wait_until;   /* INT64_MAX: only so long */
    pid_t pid;            /* of the process that opened it */
    int busy;             /* in a transaction, or half open */
    ddbi_store *next;     /* of all that this process has open */
};

/* s is zeroed but for its clock and its wait; it is busy then, until it can be used. */
ddb_code ddbi_file_open(ddbi_store *s, const char *path, ddbi_sync sync,
                        ddb_err *err);
/* 0: it must stay as it is, s with it. */
int ddbi_file_close(ddbi_store *s, int forked);
/* The file has another name by now, or none. */
int ddbi_file_moved(ddbi_store *s);
/* DDB_SYSTEM: the path and why. */
ddb_code ddbi_file_refuse(const ddbi_store *s, const char *why, ddb_err *err);
/* What a result of SQLite means: DDB_NOMEM or DDB_SYSTEM. */
ddb_code ddbi_file_fail(ddbi_store *s, int rc, ddb_err *err);

#endif
