/* SPDX-License-Identifier: MIT */
/*
 * A connection to SQLite: a database in memory, or a file, which is ours, is
 * made ours when it is empty, and else stays as it is.
 *
 * A file is in WAL mode: readers of other processes never wait for a writer,
 * and a commit is one append and, with synchronous = FULL, one fsync.  What a
 * commit has said is stored stays stored whatever happens to the process.
 *
 * Nothing of SQLite is configured for the process: the host program may use
 * it too.
 * https://sqlite.org/wal.html https://sqlite.org/pragma.html
 * https://sqlite.org/howtocorrupt.html
 */
#include "local/local_file.h"

#include "base/alloc.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the file's header, where SQLite keeps them for its users: "ddb1". */
#define APPLICATION 0x64646231
#define FORMAT 1

#define WAIT 5000      /* ms for a lock of another process */
#define MOST_SHOWN 100 /* bytes of a path in a message */

/* What the file beside the database may keep of a large transaction. */
#define WAL_REST "4194304"

#define TEXT_OF(number) TEXT_OF_(number)
#define TEXT_OF_(number) #number

static const char schema[] =
    "CREATE TABLE map (place BLOB PRIMARY KEY, size INTEGER NOT NULL, "
    "body BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE large (id INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "PRAGMA application_id = " TEXT_OF(
        APPLICATION) ";"
                     "PRAGMA user_version = " TEXT_OF(FORMAT);

/* ---- Failures ----------------------------------------------------------- */

/* By SQLite's results, the extended before the primary ones. */
static const struct {
    int rc;
    const char *what;
} reasons[] = {
    {SQLITE_READONLY_DIRECTORY, "the directory may not be written to"},
    {SQLITE_IOERR_SHMOPEN, "no memory can be shared there, as on a network"},
    {SQLITE_IOERR_SHMMAP, "no memory can be shared there, as on a network"},
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

/* Why a file may not be made in its folder; 0: it may. */
static int why_not_made(const char *path)
{
    char *folder = ddbi_strdup(path);
    int why = 0;

    if (folder == NULL)
        return 0;
    strrchr(folder, '/')[1] = '\0';
    if (faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS) != 0)
        why = errno;
    ddbi_free(folder);
    return why;
}

/* SQLite keeps errno of what failed, but not for all that fails.  A file that
 * it may not make it then tries to read, and says that it is not there. */
static int errno_of(const ddbi_store *s, int rc)
{
    int primary = rc & 0xff, system, why;

    if (primary != SQLITE_IOERR && primary != SQLITE_CANTOPEN)
        return 0;
    system = sqlite3_system_errno(s->db);
    why = system == ENOENT && s->path != NULL ? why_not_made(s->path) : 0;
    return why != 0 ? why : system;
}

/* Of a long path the end, so that the reason is not cut off. */
ddb_code ddbi_file_refuse(const ddbi_store *s, const char *why, ddb_err *err)
{
    const char *path = s->path ? s->path : "memory";
    size_t n = strlen(path);
    int cut = n > MOST_SHOWN;

    return ddbi_fail(err, DDB_SYSTEM, "%s%s: %s", cut ? "..." : "",
                     cut ? path + n - MOST_SHOWN : path, why);
}

ddb_code ddbi_file_fail(ddbi_store *s, int rc, ddb_err *err)
{
    const char *why = reason_of(rc);
    char buffer[80] = "", text[160];
    int system;

    if ((rc & 0xff) == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM)
        return ddbi_nomem(err);
    if (why == NULL)
        why = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
    system = s->db ? errno_of(s, rc) : 0;
    if (system != 0 && strerror_r(system, buffer, sizeof buffer) != 0)
        buffer[0] = '\0';
    snprintf(text, sizeof text, "%s%s%s (SQLite %d)", why,
             buffer[0] ? ": " : "", buffer, rc);
    ddbi_file_refuse(s, text, err);
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
    if (now - s->waited_since >= WAIT || now >= s->wait_until || tries >= WAIT)
        return 0;
    k->sleep(k, tries < 100 ? 1 : 5);
    return 1;
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
        return ddbi_file_fail(s, rc, err);
    switch (owner_of(header)) {
    case STRANGERS:
        return ddbi_file_refuse(s, "is another program's database", err);
    case OF_LATER_VERSION:
        return ddbi_file_refuse(s, "was made by a later version of libddb",
                                err);
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

/* All statements too.  SQLite refuses to close what it did not open. */
static void disconnect(ddbi_store *s)
{
    sqlite3_stmt *st;

    while (s->db != NULL && (st = sqlite3_next_stmt(s->db, NULL)) != NULL)
        sqlite3_finalize(st);
    sqlite3_close(s->db);
    s->db = NULL;
}

/* ---- Forks -------------------------------------------------------------- */

/* A child inherits what SQLite in its parent knew of locks, and none of the
 * locks: a file that both opened could lose what the child writes.  So a
 * process knows what it has open, and a child closes what it has inherited
 * before it opens anything.  That has no effect on the file.  Only what
 * another thread of the parent was using at the fork cannot be closed. */
static struct {
    pthread_mutex_t mutex;
    ddbi_store *first;
} all = {PTHREAD_MUTEX_INITIALIZER, NULL};

static void let_go(ddbi_store *s)
{
    if (s->db != NULL)
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    disconnect(s);
}

static int same_file(const char *a, const char *b)
{
    struct stat x, y;

    return a != NULL && b != NULL && stat(a, &x) == 0 && stat(b, &y) == 0 &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static ddb_code join(ddbi_store *s, ddb_err *err)
{
    ddb_code code = DDB_OK;

    s->pid = getpid();
    s->busy = 1;
    pthread_mutex_lock(&all.mutex);
    for (ddbi_store *o = all.first; o != NULL; o = o->next) {
        if (o->pid == s->pid || o->db == NULL)
            continue;
        if (!o->busy)
            let_go(o);
        else if (same_file(o->path, s->path))
            code = ddbi_file_refuse(
                s, "a thread was using it when this process was forked", err);
    }
    s->next = all.first;
    all.first = s;
    pthread_mutex_unlock(&all.mutex);
    return code;
}

static void leave(ddbi_store *s)
{
    pthread_mutex_lock(&all.mutex);
    for (ddbi_store **o = &all.first; *o != NULL; o = &(*o)->next)
        if (*o == s) {
            *o = s->next;
            break;
        }
    pthread_mutex_unlock(&all.mutex);
}

/* ---- Open and closed ---------------------------------------------------- */

static ddb_code connect(ddbi_store *s, ddb_err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int rc =
        sqlite3_open_v2(s->path ? s->path : ":memory:", &s->db, flags, NULL);

    if (rc != SQLITE_OK)
        return ddbi_file_fail(s, s->db ? sqlite3_extended_errcode(s->db) : rc,
                              err);
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_handler(s->db, wait_for_lock, s);
    if (sqlite3_db_readonly(s->db, "main"))
        return ddbi_file_fail(s, SQLITE_READONLY, err);
    return s->path ? check_owner(s, err) : DDB_OK;
}

ddb_code ddbi_file_open(ddbi_store *s, const char *path, ddbi_sync sync,
                        ddb_err *err)
{
    ddb_code code;
    int rc;

    if (path != NULL && path[0] == '\0')
        return ddbi_fail(err, DDB_INVALID,
                         "sqlite: without the path of a file");
    if (!sqlite3_threadsafe())
        return ddbi_fail(err, DDB_SYSTEM, "this SQLite is not for threads");
    if (path != NULL && (s->path = plain_path(path)) == NULL)
        return ddbi_nomem(err);
    code = join(s, err);
    if (code == DDB_OK)
        code = connect(s, err);
    if (code != DDB_OK)
        return code;
    rc = set_up(s, sync);
    return rc == SQLITE_OK ? DDB_OK : ddbi_file_fail(s, rc, err);
}

int ddbi_file_close(ddbi_store *s, int forked)
{
    if (forked && s->busy)
        return 0;
    if (forked)
        let_go(s);
    s->busy = 1;
    disconnect(s);
    leave(s);
    ddbi_free(s->path);
    return 1;
}

int ddbi_file_moved(ddbi_store *s)
{
    int moved = 0;

    if (s->path != NULL)
        sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved;
}
