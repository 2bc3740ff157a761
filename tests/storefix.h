/* SPDX-License-Identifier: MIT */
/* A folder for files of the local engine's store, and what its tests do with
 * them. */
#ifndef STOREFIX_H
#define STOREFIX_H

#include "integrity.h"
#include "local/local_store.h"
#include "tests.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define B(text) ((ddb_bytes){text, sizeof text - 1})

static char folder[64], path[96];

static inline void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/ddb-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file.db", folder);
}

/* No folder in it. */
static inline void empty_folder(void)
{
    DIR *d = opendir(folder);
    struct dirent *e;

    ck_assert_ptr_nonnull(d);
    while ((e = readdir(d)) != NULL)
        if (e->d_name[0] != '.')
            unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}

static inline void remove_folder(void)
{
    empty_folder();
    ck_assert_int_eq(rmdir(folder), 0);
}

static inline void fine(ddb_code code, const ddb_err *err)
{
    ck_assert_msg(code == DDB_OK, "%s: %s", ddb_code_name(code), err->message);
}

static inline ddb_code try_open(const char *where, ddbi_sync sync,
                                ddbi_store **out, ddb_err *err)
{
    return ddbi_store_open(where, sync, &ddbi_system_clock, out, err);
}

static inline ddbi_store *open_store(const char *where)
{
    ddbi_store *s;
    ddb_err err = {0};

    fine(try_open(where, DDBI_SYNC_OFF, &s, &err), &err);
    return s;
}

static inline void begin(ddbi_store *s, int write)
{
    ddb_err err = {0};

    fine(ddbi_store_begin(s, write, &err), &err);
}

static inline void commit(ddbi_store *s)
{
    ddb_err err = {0};

    fine(ddbi_store_commit(s, &err), &err);
}

static inline void put(ddbi_store *s, ddb_bytes place, ddb_bytes body)
{
    ddb_err err = {0};
    ddbi_row row = {place, (int64_t)body.n, body};

    fine(ddbi_store_put(s, &row, &err), &err);
}

static inline void expect(ddbi_store *s, ddb_bytes place, ddb_bytes body)
{
    ddb_err err = {0};
    ddbi_row row;

    fine(ddbi_store_get(s, place, &row, &err), &err);
    ck_assert_uint_eq(row.body.n, body.n);
    ck_assert_int_eq(row.size, (int64_t)body.n);
    if (body.n)
        ck_assert_int_eq(memcmp(row.body.p, body.p, body.n), 0);
}

static inline void expect_none(ddbi_store *s, ddb_bytes place)
{
    ddb_err err = {0};
    ddbi_row row;

    ck_assert_int_eq(ddbi_store_get(s, place, &row, &err), DDB_NOT_FOUND);
    ck_assert_int_eq(err.code, DDB_OK);
}

#endif
