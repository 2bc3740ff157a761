/* SPDX-License-Identifier: MIT */
/*
 * One ordered map in a file of SQLite: place (bytes, ordered as memcmp does)
 * to row.  Everything that the engine keeps is in it: descriptions of tables,
 * items, and each index's own copies.
 *
 * One thread at a time (the engine's lock).  Any process may have the file
 * open; what waits for another process's write waits for some seconds.
 */
#ifndef DDBI_LOCAL_STORE_H
#define DDBI_LOCAL_STORE_H

#include "base/clock.h"

typedef struct ddbi_store ddbi_store;

/* What an acknowledged write survives (sqlite.org/pragma.html#pragma_synchronous,
 * in WAL mode). */
typedef enum {
    DDBI_SYNC_FULL = 0, /* loss of power */
    DDBI_SYNC_NORMAL,   /* the end of the process; loss of power may take the
                           last writes, never the order */
    DDBI_SYNC_OFF       /* the end of the process; loss of power may damage
                           the file */
} ddbi_sync;

typedef struct {
    ddb_bytes place;
    int64_t size;   /* bytes as the service counts them; what the engine
                       gave */
    ddb_bytes body; /* lent until the next call on the store or cursor */
} ddbi_row;

/* path NULL: in memory; else taken literally, made when it is not there.  The
 * clock is for waits.  DDB_SYSTEM: cannot be opened or written, is no
 * database, or is no engine's, or of a later version (then it stays as it
 * is); DDB_INVALID: an empty path; DDB_NOMEM. */
ddb_code ddbi_store_open(const char *path, ddbi_sync sync,
                         const ddbi_clock *clock, ddbi_store **out,
                         ddb_err *err);
/* forked: in a child process, where it has no effect on the file; what another
 * thread was in the middle of at the fork is left alone, its memory too. */
void ddbi_store_close(ddbi_store *s, int forked);

/* From now on no lock is waited for beyond this time of the clock's mono.
 * INT64_MAX, as at the beginning: for some seconds each. */
void ddbi_store_wait_until(ddbi_store *s, int64_t mono);

/* Every function below: DDB_NOMEM, DDB_SYSTEM with what the matter is (disk
 * full, I/O, damaged, locked by another process: then err->retryable is set);
 * after either the transaction is to be rolled back. */

/* A transaction; write: from its beginning the only one that writes. */
ddb_code ddbi_store_begin(ddbi_store *s, int write, ddb_err *err);
/* Of a failure err->maybe_applied tells whether it may be stored all the
 * same. */
ddb_code ddbi_store_commit(ddbi_store *s, ddb_err *err);
void ddbi_store_rollback(ddbi_store *s); /* also when none is open */

/* DDB_NOT_FOUND: nothing there.  row->place is as given. */
ddb_code ddbi_store_get(ddbi_store *s, ddb_bytes place, ddbi_row *row,
                        ddb_err *err);
/* Insert or replace. */
ddb_code ddbi_store_put(ddbi_store *s, const ddbi_row *row, ddb_err *err);
/* One place; fine when nothing was there. */
ddb_code ddbi_store_delete(ddbi_store *s, ddb_bytes place, ddb_err *err);
/* All from `from` on and below `to`. */
ddb_code ddbi_store_clear(ddbi_store *s, ddb_bytes from, ddb_bytes to,
                          ddb_err *err);
/* How many rows lie there, and the sum of their sizes. */
ddb_code ddbi_store_measure(ddbi_store *s, ddb_bytes from, ddb_bytes to,
                            int64_t *rows, int64_t *bytes, ddb_err *err);

/* Rows from `from` on and below `to`, in order or from the end.  One cursor
 * at a time; other calls may come between its rows.  from and to are lent
 * until the end. */
ddb_code ddbi_store_seek(ddbi_store *s, ddb_bytes from, ddb_bytes to,
                         int descending, ddb_err *err);
/* DDB_NOT_FOUND: no more of them. */
ddb_code ddbi_store_next(ddbi_store *s, ddbi_row *row, ddb_err *err);
void ddbi_store_end(ddbi_store *s); /* also when there is none */

#endif
