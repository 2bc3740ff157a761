/* SPDX-License-Identifier: MIT */
/*
 * The ordered map in SQLite: a table without row numbers, so that a row is
 * found by one descent of one tree.  That is fast as long as rows are small:
 * of a row that does not fit into a page SQLite reads all only to compare its
 * key.  So a large body stands in a table of its own, and the row has its
 * number instead, an INTEGER where otherwise a BLOB is.
 */
#include "local/local_file.h"

#include "base/alloc.h"
#include "base/err.h"

/* Bytes of place and body, of which SQLite keeps 1002 in a page. */
#define MOST_INLINE 900

typedef enum {
    BEGIN_READ,
    BEGIN_WRITE,
    COMMIT,
    ROLLBACK,
    GET,
    PUT,
    DELETE,
    LARGE_GET,
    LARGE_PUT,
    LARGE_DELETE,
    LARGE_WITHIN,
    CLEAR,
    MEASURE,
    ASCENDING,
    DESCENDING,
    STATEMENTS
} statement;

_Static_assert(STATEMENTS == DDBI_STATEMENTS, "as many as there is room for");

static const char *const sql[STATEMENTS] = {
    [BEGIN_READ] = "BEGIN",
    [BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [GET] = "SELECT size, body FROM map WHERE place = ?1",
    [PUT] = "REPLACE INTO map (place, size, body) VALUES (?1, ?2, ?3)",
    [DELETE] = "DELETE FROM map WHERE place = ?1",
    [LARGE_GET] = "SELECT body FROM large WHERE id = ?1",
    [LARGE_PUT] = "INSERT INTO large (body) VALUES (?1)",
    [LARGE_DELETE] = "DELETE FROM large WHERE id = ?1",
    [LARGE_WITHIN] = "SELECT body FROM map WHERE place >= ?1 AND place < ?2 "
                     "AND typeof(body) = 'integer'",
    [CLEAR] = "DELETE FROM map WHERE place >= ?1 AND place < ?2",
    [MEASURE] = "SELECT count(*), sum(size) FROM map "
                "WHERE place >= ?1 AND place < ?2",
    [ASCENDING] = "SELECT size, body, place FROM map "
                  "WHERE place >= ?1 AND place < ?2 ORDER BY place",
    [DESCENDING] = "SELECT size, body, place FROM map "
                   "WHERE place >= ?1 AND place < ?2 ORDER BY place DESC",
};

/* ---- Statements --------------------------------------------------------- */

/* The row that was lent is no longer needed. */
static void take_back(ddbi_store *s)
{
    if (s->lent != NULL && s->lent != s->cursor)
        sqlite3_reset(s->lent);
    s->lent = NULL;
}

static void bind(sqlite3_stmt *st, int i, ddb_bytes v)
{
    /* A blob of no bytes is not NULL.  Binding without a copy cannot fail but
     * for its size. */
    sqlite3_bind_blob64(st, i, v.n ? v.p : "", v.n, SQLITE_STATIC);
}

static int finish(sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);

    sqlite3_reset(st);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static ddb_code run(ddbi_store *s, statement which, ddb_err *err)
{
    int rc;

    take_back(s);
    rc = finish(s->statements[which]);
    return rc == SQLITE_OK ? DDB_OK : ddbi_file_fail(s, rc, err);
}

static int prepare(ddbi_store *s)
{
    for (int i = 0; i < STATEMENTS; i++) {
        int rc =
            sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &s->statements[i], NULL);

        if (rc != SQLITE_OK)
            return rc;
    }
    return SQLITE_OK;
}

static ddb_bytes column_bytes(sqlite3_stmt *st, int i)
{
    const void *p = sqlite3_column_blob(st, i); /* before the length */

    return (ddb_bytes){p, (size_t)sqlite3_column_bytes(st, i)};
}

/* ---- Open and closed ---------------------------------------------------- */

ddb_code ddbi_store_open(const char *path, ddbi_sync sync,
                         const ddbi_clock *clock, ddbi_store **out,
                         ddb_err *err)
{
    ddbi_store *s = ddbi_calloc(1, sizeof *s);
    ddb_code code;
    int rc;

    *out = NULL;
    if (s == NULL)
        return ddbi_nomem(err);
    s->clock = clock;
    s->wait_until = INT64_MAX;
    code = ddbi_file_open(s, path, sync, err);
    if (code == DDB_OK && (rc = prepare(s)) != SQLITE_OK)
        code = ddbi_file_fail(s, rc, err);
    if (code != DDB_OK) {
        ddbi_store_close(s, 0);
        return code;
    }
    s->busy = 0;
    *out = s;
    return DDB_OK;
}

void ddbi_store_close(ddbi_store *s, int forked)
{
    if (s != NULL && ddbi_file_close(s, forked))
        ddbi_free(s);
}

void ddbi_store_wait_until(ddbi_store *s, int64_t mono)
{
    s->wait_until = mono;
}

/* ---- Transactions ------------------------------------------------------- */

/* Nobody would ever find again what is written to a file that has no name any
 * more. */
ddb_code ddbi_store_begin(ddbi_store *s, int write, ddb_err *err)
{
    ddb_code code;

    if (write && ddbi_file_moved(s))
        return ddbi_file_refuse(
            s, "was moved, replaced or deleted while in use", err);
    s->busy = 1;
    code = run(s, write ? BEGIN_WRITE : BEGIN_READ, err);
    s->busy = code == DDB_OK;
    return code;
}

ddb_code ddbi_store_commit(ddbi_store *s, ddb_err *err)
{
    ddb_code code;

    ddbi_store_end(s);
    code = run(s, COMMIT, err);
    s->busy = code != DDB_OK;
    /* All of it may be in the log by then: when the process ends before the
     * next commit writes over it, who opens the file finds it done. */
    if (code != DDB_OK && err != NULL && s->path != NULL)
        err->maybe_applied = 1;
    return code;
}

void ddbi_store_rollback(ddbi_store *s)
{
    ddbi_store_end(s);
    take_back(s);
    /* Some failures have rolled it back already. */
    if (!sqlite3_get_autocommit(s->db))
        finish(s->statements[ROLLBACK]);
    s->busy = 0;
}

/* ---- Rows --------------------------------------------------------------- */

/* Is the body elsewhere?  Its number; 0: no. */
static int64_t large_id(sqlite3_stmt *st, int column)
{
    return sqlite3_column_type(st, column) == SQLITE_INTEGER
               ? sqlite3_column_int64(st, column)
               : 0;
}

/* Size and body, the first two columns of st. */
static ddb_code lend(ddbi_store *s, sqlite3_stmt *st, ddbi_row *row,
                     ddb_err *err)
{
    int64_t id = large_id(st, 1);
    int rc;

    s->lent = st;
    row->size = sqlite3_column_int64(st, 0);
    if (id == 0) {
        row->body = column_bytes(st, 1);
        return DDB_OK;
    }
    take_back(s);
    s->lent = st = s->statements[LARGE_GET];
    sqlite3_bind_int64(st, 1, id);
    rc = sqlite3_step(st);
    if (rc != SQLITE_ROW)
        return ddbi_file_fail(s, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, err);
    row->body = column_bytes(st, 0);
    return DDB_OK;
}

ddb_code ddbi_store_get(ddbi_store *s, ddb_bytes place, ddbi_row *row,
                        ddb_err *err)
{
    sqlite3_stmt *st = s->statements[GET];
    int rc;

    take_back(s);
    bind(st, 1, place);
    rc = sqlite3_step(st);
    if (rc != SQLITE_ROW) {
        sqlite3_reset(st);
        return rc == SQLITE_DONE ? DDB_NOT_FOUND : ddbi_file_fail(s, rc, err);
    }
    row->place = place;
    return lend(s, st, row, err);
}

static int delete_large(ddbi_store *s, int64_t id)
{
    sqlite3_bind_int64(s->statements[LARGE_DELETE], 1, id);
    return finish(s->statements[LARGE_DELETE]);
}

/* The large body of the row that is about to go, if it has one. */
static ddb_code drop_large(ddbi_store *s, ddb_bytes place, ddb_err *err)
{
    sqlite3_stmt *st = s->statements[GET];
    int64_t id = 0;
    int rc;

    take_back(s);
    bind(st, 1, place);
    rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        id = large_id(st, 1);
    sqlite3_reset(st);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        rc = id != 0 ? delete_large(s, id) : SQLITE_OK;
    return rc == SQLITE_OK ? DDB_OK : ddbi_file_fail(s, rc, err);
}

ddb_code ddbi_store_put(ddbi_store *s, const ddbi_row *row, ddb_err *err)
{
    sqlite3_stmt *st = s->statements[PUT];
    ddb_code code = drop_large(s, row->place, err);

    if (code != DDB_OK)
        return code;
    bind(st, 1, row->place);
    sqlite3_bind_int64(st, 2, row->size);
    if (row->place.n + row->body.n <= MOST_INLINE) {
        bind(st, 3, row->body);
    } else {
        bind(s->statements[LARGE_PUT], 1, row->body);
        if ((code = run(s, LARGE_PUT, err)) != DDB_OK)
            return code;
        sqlite3_bind_int64(st, 3, sqlite3_last_insert_rowid(s->db));
    }
    return run(s, PUT, err);
}

ddb_code ddbi_store_delete(ddbi_store *s, ddb_bytes place, ddb_err *err)
{
    ddb_code code = drop_large(s, place, err);

    if (code != DDB_OK)
        return code;
    bind(s->statements[DELETE], 1, place);
    return run(s, DELETE, err);
}

static void bind_range(sqlite3_stmt *st, ddb_bytes from, ddb_bytes to)
{
    bind(st, 1, from);
    bind(st, 2, to);
}

ddb_code ddbi_store_clear(ddbi_store *s, ddb_bytes from, ddb_bytes to,
                          ddb_err *err)
{
    sqlite3_stmt *st = s->statements[LARGE_WITHIN];
    int rc;

    take_back(s);
    bind_range(st, from, to);
    while ((rc = sqlite3_step(st)) == SQLITE_ROW)
        if ((rc = delete_large(s, sqlite3_column_int64(st, 0))) != SQLITE_OK)
            break;
    sqlite3_reset(st);
    if (rc != SQLITE_DONE)
        return ddbi_file_fail(s, rc, err);
    bind_range(s->statements[CLEAR], from, to);
    return run(s, CLEAR, err);
}

ddb_code ddbi_store_measure(ddbi_store *s, ddb_bytes from, ddb_bytes to,
                            int64_t *rows, int64_t *bytes, ddb_err *err)
{
    sqlite3_stmt *st = s->statements[MEASURE];
    int rc;

    take_back(s);
    bind_range(st, from, to);
    rc = sqlite3_step(st);
    *rows = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    *bytes = rc == SQLITE_ROW ? sqlite3_column_int64(st, 1) : 0;
    sqlite3_reset(st);
    return rc == SQLITE_ROW ? DDB_OK : ddbi_file_fail(s, rc, err);
}

/* ---- The cursor --------------------------------------------------------- */

ddb_code ddbi_store_seek(ddbi_store *s, ddb_bytes from, ddb_bytes to,
                         int descending, ddb_err *err)
{
    (void)err;
    ddbi_store_end(s);
    s->cursor = s->statements[descending ? DESCENDING : ASCENDING];
    bind_range(s->cursor, from, to);
    return DDB_OK;
}

ddb_code ddbi_store_next(ddbi_store *s, ddbi_row *row, ddb_err *err)
{
    sqlite3_stmt *st = s->cursor;
    int rc;

    take_back(s);
    if (st == NULL)
        return DDB_NOT_FOUND;
    rc = sqlite3_step(st);
    if (rc != SQLITE_ROW) {
        ddbi_store_end(s);
        return rc == SQLITE_DONE ? DDB_NOT_FOUND : ddbi_file_fail(s, rc, err);
    }
    row->place = column_bytes(st, 2);
    return lend(s, st, row, err);
}

void ddbi_store_end(ddbi_store *s)
{
    if (s->cursor == NULL)
        return;
    if (s->lent == s->cursor)
        s->lent = NULL;
    sqlite3_reset(s->cursor);
    s->cursor = NULL;
}
