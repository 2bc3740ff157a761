/* SPDX-License-Identifier: MIT */
/*
 * The ordered map in SQLite: a table without row numbers, so that a row is
 * found by one descent of one tree.  That is fast as long as rows are small:
 * of a row that does not fit into a page SQLite reads all only to compare its
 * key.  So a large body stands in a table of its own, and the row has its
 * number instead, an INTEGER where otherwise a BLOB is.
 *
 * A file is in WAL mode: readers of other processes never wait for a writer,
 * and a commit is one append and, with synchronous = FULL, one fsync.  What a
 * commit has said is stored stays stored whatever happens to the process.
 *
 * Nothing of SQLite is configured for the process: the host program may use
 * it too.
 * https://sqlite.org/wal.html https://sqlite.org/pragma.html
 */
#include "local/local_store.h"

#include "base/alloc.h"
#include "base/err.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* Of the file's header, where SQLite keeps them for its users: "ddb1". */
#define APPLICATION 0x64646231
#define FORMAT 1

#define WAIT 5000 /* ms for a lock of another process */

/* Bytes of place and body, of which SQLite keeps 1002 in a page. */
#define MOST_INLINE 900

/* What the file beside the database may keep of a large transaction. */
#define WAL_REST "4194304"

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

#define TEXT_OF(number) TEXT_OF_(number)
#define TEXT_OF_(number) #number

static const char schema[] =
    "CREATE TABLE map (place BLOB PRIMARY KEY, size INTEGER NOT NULL, "
    "body BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE large (id INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "PRAGMA application_id = " TEXT_OF(
        APPLICATION) ";"
                     "PRAGMA user_version = " TEXT_OF(FORMAT);

struct ddbi_store {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    sqlite3_stmt *lent;   /* its row is lent to the caller */
    sqlite3_stmt *cursor; /* NULL: there is none */
    char *path;           /* NULL: in memory */
    const ddbi_clock *clock;
    int64_t waited_since; /* ms of it, for a lock */
};

/* ---- Failures ----------------------------------------------------------- */

/* By SQLite's results, the extended before the primary ones. */
static const struct {
    int rc;
    const char *what;
} reasons[] = {
    {SQLITE_READONLY_DIRECTORY, "the directory may not be written to"},
    {SQLITE_BUSY, "locked by another process"},
    {SQLITE_LOCKED, "locked by another process"},
    {SQLITE_PROTOCOL, "locked by another process"},
    {SQLITE_CANTOPEN, "this file, or one beside it, cannot be opened"},
    {SQLITE_CORRUPT, "the database is damaged"},
    {SQLITE_FULL, "the disk is full"},
    {SQLITE_IOERR, "input or output failed"},
    {SQLITE_NOTADB, "is no database"},
    {SQLITE_READONLY, "may not be written to"},
};

static const char *reason_of(int rc)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].rc == rc || reasons[i].rc == (rc & 0xff))
            return reasons[i].what;
    return NULL;
}

/* SQLite keeps errno of what failed, but not for all that fails. */
static int errno_of(sqlite3 *db, int rc)
{
    int primary = rc & 0xff;

    return primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN
               ? sqlite3_system_errno(db)
               : 0;
}

static ddb_code fail(ddbi_store *s, int rc, ddb_err *err)
{
    const char *path = s->path ? s->path : "memory", *why = reason_of(rc);
    char buffer[128] = "";
    int system;

    if ((rc & 0xff) == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM)
        return ddbi_nomem(err);
    if (why == NULL)
        why = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
    system = s->db ? errno_of(s->db, rc) : 0;
    if (system != 0 && strerror_r(system, buffer, sizeof buffer) != 0)
        buffer[0] = '\0';
    ddbi_fail(err, DDB_SYSTEM, "%s: %s%s%s (SQLite %d)", path, why,
              buffer[0] ? ": " : "", buffer, rc);
    if (err != NULL && (rc & 0xff) == SQLITE_BUSY)
        err->retryable = 1;
    return DDB_SYSTEM;
}

/* SQLite's own waits grow to a tenth of a second, and who waits so among many
 * writers is never lucky.  A clock that stands still ends it too. */
static int wait_for_lock(void *arg, int tries)
{
    ddbi_store *s = arg;
    const ddbi_clock *k = s->clock;
    int64_t now = k->mono(k);

    if (tries == 0)
        s->waited_since = now;
    if (now - s->waited_since >= WAIT || tries >= WAIT)
        return 0;
    k->sleep(k, tries < 100 ? 1 : 5);
    return 1;
}

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
    return rc == SQLITE_OK ? DDB_OK : fail(s, rc, err);
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

/* ---- Opening ------------------------------------------------------------ */

static int execute(ddbi_store *s, const char *text)
{
    return sqlite3_exec(s->db, text, NULL, NULL, NULL);
}

static int integer_of(ddbi_store *s, const char *text, int64_t *out)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(s->db, text, -1, &st, NULL);

    *out = 0;
    if (rc != SQLITE_OK)
        return rc;
    if (sqlite3_step(st) == SQLITE_ROW)
        *out = sqlite3_column_int64(st, 0);
    return sqlite3_finalize(st);
}

/* Whose it is, by the file's first bytes and before SQLite does anything to
 * it: a stranger's file stays as it is, its log too.  What is no database at
 * all is left to SQLite, which knows what an interrupted transaction is. */
typedef enum { NOBODYS, OURS, OF_LATER_VERSION, STRANGERS } owner;

#define HEADER 100

static uint32_t get_u32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static owner owner_of(const unsigned char header[HEADER])
{
    if (memcmp(header, "SQLite format 3", 16) != 0)
        return NOBODYS;
    if (get_u32(header + 68) != APPLICATION)
        return STRANGERS;
    return get_u32(header + 60) == FORMAT ? OURS : OF_LATER_VERSION;
}

static int read_header(ddbi_store *s, unsigned char header[HEADER])
{
    sqlite3_file *f = NULL;
    sqlite3_int64 size = HEADER;
    int rc, tries = 0;

    memset(header, 0, HEADER);
    rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &f);
    if (rc != SQLITE_OK || f == NULL || f->pMethods == NULL)
        return rc;
    do
        rc = f->pMethods->xLock(f, SQLITE_LOCK_SHARED);
    while (rc == SQLITE_BUSY && wait_for_lock(s, tries++));
    if (rc != SQLITE_OK)
        return rc;
    rc = f->pMethods->xRead(f, header, HEADER, 0);
    if (rc == SQLITE_IOERR_SHORT_READ)
        rc = f->pMethods->xFileSize(f, &size);
    f->pMethods->xUnlock(f, SQLITE_LOCK_NONE);
    /* SQLite takes a single byte for nothing. */
    return rc == SQLITE_OK && size == 0 && header[0] != 0 ? SQLITE_NOTADB : rc;
}

static ddb_code check_owner(ddbi_store *s, ddb_err *err)
{
    unsigned char header[HEADER];
    int rc = read_header(s, header);

    if (rc != SQLITE_OK)
        return fail(s, rc, err);
    switch (owner_of(header)) {
    case STRANGERS:
        return ddbi_fail(err, DDB_SYSTEM, "%s: is another program's database",
                         s->path);
    case OF_LATER_VERSION:
        return ddbi_fail(err, DDB_SYSTEM,
                         "%s: was made by a later version of libddb", s->path);
    case NOBODYS:
    case OURS:
        break;
    }
    return DDB_OK;
}

/* In one transaction, which another process may be about to begin too.  Still
 * without WAL, so that the file's header tells from the first moment whose it
 * is. */
static int create(ddbi_store *s)
{
    int64_t made = 0;
    int rc = execute(s, "BEGIN EXCLUSIVE");

    if (rc != SQLITE_OK)
        return rc;
    rc = integer_of(s, "PRAGMA schema_version", &made);
    if (rc == SQLITE_OK && !made)
        rc = execute(s, schema);
    if (rc == SQLITE_OK)
        rc = execute(s, "COMMIT");
    if (!sqlite3_get_autocommit(s->db))
        execute(s, "ROLLBACK");
    return rc;
}

/* Two processes that switch at once may refuse each other, without a wait of
 * SQLite's; what has no shared memory stays as it is. */
static int switch_to_wal(ddbi_store *s)
{
    sqlite3_stmt *st = NULL;
    int rc =
        sqlite3_prepare_v2(s->db, "PRAGMA journal_mode = WAL", -1, &st, NULL);
    int changed = 0, tries = 0;

    if (rc != SQLITE_OK)
        return rc;
    do {
        if (sqlite3_step(st) == SQLITE_ROW)
            changed = !strcmp((const char *)sqlite3_column_text(st, 0), "wal");
        rc = sqlite3_reset(st);
    } while (rc == SQLITE_BUSY && wait_for_lock(s, tries++));
    sqlite3_finalize(st);
    return rc == SQLITE_OK && !changed ? SQLITE_IOERR_SHMOPEN : rc;
}

/* Whatever SQLite was built with: no mapped file, which a failing disk would
 * make a signal of; no files in /tmp; on macOS an fsync that is one. */
static const char settings[] = "PRAGMA mmap_size = 0;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA fullfsync = ON;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA secure_delete = OFF;"
                               "PRAGMA cache_size = -2000;"
                               "PRAGMA journal_size_limit = " WAL_REST ";"
                               "PRAGMA synchronous = FULL";

static int set_up(ddbi_store *s, ddbi_sync sync)
{
    static const char *const levels[] = {
        [DDBI_SYNC_FULL] = "PRAGMA synchronous = FULL",
        [DDBI_SYNC_NORMAL] = "PRAGMA synchronous = NORMAL",
        [DDBI_SYNC_OFF] = "PRAGMA synchronous = OFF",
    };
    int64_t made = 0;
    int rc = execute(s, settings);

    if (rc == SQLITE_OK)
        rc = integer_of(s, "PRAGMA schema_version", &made);
    if (rc == SQLITE_OK && !made)
        rc = create(s);
    if (rc == SQLITE_OK && s->path != NULL)
        rc = switch_to_wal(s);
    if (rc == SQLITE_OK)
        rc = execute(s, levels[sync]);
    return rc;
}

/* SQLite takes some names for something else than a file's: "file:a",
 * ":memory:". */
static char *plain_path(const char *path)
{
    size_t n = strlen(path);
    char *name = ddbi_malloc(n + 3);

    if (name != NULL)
        snprintf(name, n + 3, "%s%s", path[0] == '/' ? "" : "./", path);
    return name;
}

static ddb_code open_file(ddbi_store *s, ddb_err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int rc =
        sqlite3_open_v2(s->path ? s->path : ":memory:", &s->db, flags, NULL);

    if (rc != SQLITE_OK)
        return fail(s, s->db ? sqlite3_extended_errcode(s->db) : rc, err);
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_handler(s->db, wait_for_lock, s);
    if (sqlite3_db_readonly(s->db, "main"))
        return fail(s, SQLITE_READONLY, err);
    return s->path ? check_owner(s, err) : DDB_OK;
}

ddb_code ddbi_store_open(const char *path, ddbi_sync sync,
                         const ddbi_clock *clock, ddbi_store **out,
                         ddb_err *err)
{
    ddb_code code = DDB_NOMEM;
    ddbi_store *s;
    int rc;

    *out = NULL;
    if (path != NULL && path[0] == '\0')
        return ddbi_fail(err, DDB_INVALID,
                         "sqlite: without the path of a file");
    if (!sqlite3_threadsafe())
        return ddbi_fail(err, DDB_SYSTEM, "this SQLite is not for threads");
    s = ddbi_calloc(1, sizeof *s);
    if (s == NULL || (path != NULL && (s->path = plain_path(path)) == NULL)) {
        ddbi_nomem(err);
        goto out;
    }
    s->clock = clock;
    if ((code = open_file(s, err)) != DDB_OK)
        goto out;
    rc = set_up(s, sync);
    if (rc == SQLITE_OK)
        rc = prepare(s);
    if (rc != SQLITE_OK) {
        code = fail(s, rc, err);
        goto out;
    }
    *out = s, s = NULL;
out:
    ddbi_store_close(s, 0);
    return code;
}

void ddbi_store_close(ddbi_store *s, int forked)
{
    if (s == NULL)
        return;
    if (!forked) {
        for (int i = 0; i < STATEMENTS; i++)
            sqlite3_finalize(s->statements[i]);
        sqlite3_close(s->db);
    }
    ddbi_free(s->path);
    ddbi_free(s);
}

/* ---- Transactions ------------------------------------------------------- */

/* Nobody would ever find again what is written to a file that has no name any
 * more. */
static int has_moved(ddbi_store *s)
{
    int moved = 0;

    sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved;
}

ddb_code ddbi_store_begin(ddbi_store *s, int write, ddb_err *err)
{
    if (write && s->path != NULL && has_moved(s))
        return ddbi_fail(err, DDB_SYSTEM,
                         "%s: was moved, replaced or deleted while in use",
                         s->path);
    return run(s, write ? BEGIN_WRITE : BEGIN_READ, err);
}

ddb_code ddbi_store_commit(ddbi_store *s, ddb_err *err)
{
    ddb_code code;

    ddbi_store_end(s);
    code = run(s, COMMIT, err);
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
        return fail(s, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, err);
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
        return rc == SQLITE_DONE ? DDB_NOT_FOUND : fail(s, rc, err);
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
    return rc == SQLITE_OK ? DDB_OK : fail(s, rc, err);
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
        return fail(s, rc, err);
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
    return rc == SQLITE_ROW ? DDB_OK : fail(s, rc, err);
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
        return rc == SQLITE_DONE ? DDB_NOT_FOUND : fail(s, rc, err);
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
