/* SPDX-License-Identifier: MIT */
/* A layer between SQLite and its own file system, which becomes the default
 * one.  Of each file it keeps what the disk holds for sure, and what was
 * written since the last fsync. */
#include "failvfs.h"

#include "rng.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

typedef struct change change;
struct change {
    change *next;
    int64_t at;
    size_t n;
    int truncate; /* to at bytes */
    char data[];
};

typedef struct {
    char *p;
    size_t n, cap;
} image;

typedef struct disk disk;
struct disk {
    disk *next;
    char *name;
    int sure; /* it is there after a loss of power; else it may be */
    int gone; /* it was deleted, but without an fsync of the folder */
    image on_disk;
    change *first, **last;
};

typedef struct {
    sqlite3_file base;
    sqlite3_file *real;
    disk *d;
    int new_name; /* its folder is synced with it, as SQLite does */
} file;

static sqlite3_vfs *usual, mine;
static long asked, fail_at, syncs;
static int fired, always, bad;
static failvfs_kind kind;
static disk *disks;

static int must_fail(int needs_room)
{
    long i;

    if (!bad || (kind == FAILVFS_FULL && !needs_room))
        return 0;
    i = asked++;
    if (fail_at < 0 || i < fail_at || (i > fail_at && !always))
        return 0;
    fired = 1;
    return 1;
}

static int full_or(int rc)
{
    return kind == FAILVFS_FULL ? SQLITE_FULL : rc;
}

/* ---- What the disk holds ------------------------------------------------ */

static void *get(size_t n)
{
    void *p = malloc(n ? n : 1);

    if (p == NULL)
        abort();
    return p;
}

static disk *disk_of(const char *name)
{
    disk *d;

    for (d = disks; d != NULL; d = d->next)
        if (strcmp(d->name, name) == 0)
            return d;
    d = get(sizeof *d);
    *d = (disk){.next = disks};
    d->last = &d->first;
    d->name = get(strlen(name) + 1);
    memcpy(d->name, name, strlen(name) + 1);
    return disks = d;
}

static void add_change(disk *d, int64_t at, const void *p, size_t n,
                       int truncate)
{
    change *c;

    if (d == NULL)
        return;
    c = get(sizeof *c + n);
    *c = (change){.at = at, .n = n, .truncate = truncate};
    if (n)
        memcpy(c->data, p, n);
    *d->last = c;
    d->last = &c->next;
}

static void resize(image *m, size_t n)
{
    if (n > m->cap) {
        m->cap = 2 * n;
        m->p = realloc(m->p, m->cap);
        if (m->p == NULL)
            abort();
    }
    if (n > m->n)
        memset(m->p + m->n, 0, n - m->n);
    m->n = n;
}

/* r NULL: all of it; else some of its sectors. */
static void apply(const change *c, image *m, rng *r)
{
    size_t at = (size_t)c->at;

    if (c->truncate) {
        if (r == NULL || rng_below(r, 2))
            resize(m, at);
        return;
    }
    for (size_t i = 0; i < c->n;) {
        size_t part = SECTOR - (at + i) % SECTOR;

        if (part > c->n - i)
            part = c->n - i;
        if (r == NULL || rng_below(r, 2)) {
            if (m->n < at + i + part)
                resize(m, at + i + part);
            memcpy(m->p + at + i, c->data + i, part);
        }
        i += part;
    }
}

static void forget_changes(disk *d)
{
    while (d->first != NULL) {
        change *c = d->first;

        d->first = c->next;
        free(c);
    }
    d->last = &d->first;
}

static void is_sure(disk *d)
{
    for (change *c = d->first; c != NULL; c = c->next)
        apply(c, &d->on_disk, NULL);
    forget_changes(d);
    d->sure = 1;
}

static void forget(disk *d)
{
    forget_changes(d);
    free(d->on_disk.p);
    d->on_disk = (image){0};
    d->sure = d->gone = 0;
}

static void folder_is_sure(void)
{
    for (disk *d = disks; d != NULL; d = d->next)
        if (d->gone)
            forget(d);
}

static void write_image(const char *folder, const disk *d, const image *m)
{
    const char *base = strrchr(d->name, '/');
    char name[256];
    FILE *f;

    snprintf(name, sizeof name, "%s%s", folder, base ? base : d->name);
    f = fopen(name, "wb");
    if (f == NULL || (m->n && fwrite(m->p, 1, m->n, f) != m->n) ||
        fclose(f) != 0)
        abort();
}

void failvfs_lose_power(const char *folder, uint64_t seed)
{
    rng r = {seed * 2 + 1};

    for (disk *d = disks; d != NULL; d = d->next) {
        unsigned how = rng_below(&r, 4); /* none, all, or some of it */
        image m = {0};

        resize(&m, d->on_disk.n);
        if (m.n)
            memcpy(m.p, d->on_disk.p, m.n);
        for (change *c = d->first; c != NULL && how > 0; c = c->next)
            apply(c, &m, how == 1 ? NULL : &r);
        if ((d->sure || (d->first != NULL && rng_below(&r, 2))) &&
            !(d->gone && rng_below(&r, 2)))
            write_image(folder, d, &m);
        free(m.p);
    }
}

/* ---- Files -------------------------------------------------------------- */

static sqlite3_file *real(sqlite3_file *f)
{
    return ((file *)f)->real;
}

#define CALL(f, method) (real(f)->pMethods->method)

static int bad_close(sqlite3_file *f)
{
    return CALL(f, xClose)(real(f));
}

static int bad_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    return must_fail(0) ? SQLITE_IOERR_READ : CALL(f, xRead)(real(f), p, n, at);
}

static int bad_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    int fail = must_fail(1), rc;

    if (fail)
        n /= 2;
    rc = CALL(f, xWrite)(real(f), p, n, at);
    add_change(((file *)f)->d, at, p, (size_t)n, 0);
    return fail ? full_or(SQLITE_IOERR_WRITE) : rc;
}

static int bad_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (must_fail(0))
        return SQLITE_IOERR_TRUNCATE;
    add_change(((file *)f)->d, size, NULL, 0, 1);
    return CALL(f, xTruncate)(real(f), size);
}

/* Of what an fsync has failed to write Linux says no word at the next one: it
 * is to be read, but not on the disk. */
static int bad_sync(sqlite3_file *f, int flags)
{
    disk *d = ((file *)f)->d;

    (void)flags;
    if (must_fail(0)) {
        if (d != NULL)
            forget_changes(d);
        return SQLITE_IOERR_FSYNC;
    }
    syncs++;
    if (d != NULL)
        is_sure(d);
    if (((file *)f)->new_name)
        folder_is_sure();
    ((file *)f)->new_name = 0;
    return SQLITE_OK;
}

static int bad_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return must_fail(0) ? SQLITE_IOERR_FSTAT
                        : CALL(f, xFileSize)(real(f), size);
}

static int bad_lock(sqlite3_file *f, int lock)
{
    return must_fail(0) ? SQLITE_IOERR_LOCK : CALL(f, xLock)(real(f), lock);
}

static int bad_unlock(sqlite3_file *f, int lock)
{
    return CALL(f, xUnlock)(real(f), lock);
}

static int bad_reserved(sqlite3_file *f, int *out)
{
    return CALL(f, xCheckReservedLock)(real(f), out);
}

static int bad_control(sqlite3_file *f, int op, void *arg)
{
    return CALL(f, xFileControl)(real(f), op, arg);
}

static int bad_sector(sqlite3_file *f)
{
    return CALL(f, xSectorSize)(real(f));
}

static int bad_device(sqlite3_file *f)
{
    return CALL(f, xDeviceCharacteristics)(real(f));
}

static int bad_shm_map(sqlite3_file *f, int page, int size, int extend,
                       void volatile **out)
{
    if (must_fail(extend))
        return extend ? SQLITE_IOERR_SHMSIZE : SQLITE_IOERR_SHMMAP;
    return CALL(f, xShmMap)(real(f), page, size, extend, out);
}

static int bad_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    if ((flags & SQLITE_SHM_LOCK) && must_fail(0))
        return SQLITE_IOERR_SHMLOCK;
    return CALL(f, xShmLock)(real(f), at, n, flags);
}

static void bad_shm_barrier(sqlite3_file *f)
{
    CALL(f, xShmBarrier)(real(f));
}

static int bad_shm_unmap(sqlite3_file *f, int delete)
{
    return CALL(f, xShmUnmap)(real(f), delete);
}

static sqlite3_io_methods methods = {
    .iVersion = 2, /* no mapped files; 1: no shared memory either */
    .xClose = bad_close,
    .xRead = bad_read,
    .xWrite = bad_write,
    .xTruncate = bad_truncate,
    .xSync = bad_sync,
    .xFileSize = bad_size,
    .xLock = bad_lock,
    .xUnlock = bad_unlock,
    .xCheckReservedLock = bad_reserved,
    .xFileControl = bad_control,
    .xSectorSize = bad_sector,
    .xDeviceCharacteristics = bad_device,
    .xShmMap = bad_shm_map,
    .xShmLock = bad_shm_lock,
    .xShmBarrier = bad_shm_barrier,
    .xShmUnmap = bad_shm_unmap,
};

static int bad_open(sqlite3_vfs *v, sqlite3_filename name, sqlite3_file *out,
                    int flags, int *out_flags)
{
    file *f = (file *)out;
    int rc;

    (void)v;
    *f = (file){.real = (sqlite3_file *)(f + 1)};
    if (must_fail((flags & SQLITE_OPEN_CREATE) != 0))
        return full_or(SQLITE_CANTOPEN);
    rc = usual->xOpen(usual, name, f->real, flags, out_flags);
    if (f->real->pMethods != NULL)
        f->base.pMethods = &methods;
    if (rc != SQLITE_OK || name == NULL)
        return rc;
    f->d = disk_of(name);
    if (f->d->gone) /* made anew, which may be lost as well */
        forget(f->d);
    f->new_name = flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL);
    return rc;
}

static int bad_delete(sqlite3_vfs *v, const char *name, int sync_folder)
{
    int rc;

    (void)v;
    if (must_fail(0))
        return SQLITE_IOERR_DELETE;
    rc = usual->xDelete(usual, name, 0);
    if (rc == SQLITE_OK)
        disk_of(name)->gone = 1;
    if (rc == SQLITE_OK && sync_folder)
        folder_is_sure();
    return rc;
}

static int bad_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    (void)v;
    return must_fail(0) ? SQLITE_IOERR_ACCESS
                        : usual->xAccess(usual, name, flags, out);
}

/* ---- Begin and end ------------------------------------------------------ */

void failvfs_begin(long n, failvfs_kind what, int for_ever)
{
    sqlite3_initialize();
    usual = sqlite3_vfs_find(NULL);
    mine = *usual;
    mine.pNext = NULL;
    mine.zName = "failvfs";
    mine.szOsFile = (int)sizeof(file) + usual->szOsFile;
    mine.xOpen = bad_open;
    mine.xDelete = bad_delete;
    mine.xAccess = bad_access;
    sqlite3_vfs_register(&mine, 1);
    methods.iVersion = 2;
    asked = syncs = fired = 0;
    fail_at = n;
    kind = what;
    always = for_ever;
    bad = 1;
}

int failvfs_end(void)
{
    sqlite3_vfs_unregister(&mine);
    sqlite3_vfs_register(usual, 1);
    while (disks != NULL) {
        disk *d = disks;

        disks = d->next;
        forget(d);
        free(d->name);
        free(d);
    }
    return fired;
}

void failvfs_share_no_memory(void)
{
    methods.iVersion = 1;
}

void failvfs_mend(void)
{
    bad = 0;
}

long failvfs_syncs(void)
{
    return syncs;
}
