/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/alloc.h"
#include "base/err.h"
#include "local/local_store.h"
#include "oom.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define B(text) ((ddb_bytes){text, sizeof text - 1})

static char folder[64], path[96];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/ddb-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file.db", folder);
}

static void remove_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static void fine(ddb_code code, const ddb_err *err)
{
    ck_assert_msg(code == DDB_OK, "%s: %s", ddb_code_name(code), err->message);
}

static ddbi_store *open_store(const char *where)
{
    ddbi_store *s;
    ddb_err err = {0};

    fine(ddbi_store_open(where, DDBI_SYNC_OFF, &ddbi_system_clock, &s, &err),
         &err);
    return s;
}

static void begin(ddbi_store *s, int write)
{
    ddb_err err = {0};

    fine(ddbi_store_begin(s, write, &err), &err);
}

static void commit(ddbi_store *s)
{
    ddb_err err = {0};

    fine(ddbi_store_commit(s, &err), &err);
}

static void put(ddbi_store *s, ddb_bytes place, ddb_bytes body)
{
    ddb_err err = {0};
    ddbi_row row = {place, (int64_t)body.n, body};

    fine(ddbi_store_put(s, &row, &err), &err);
}

static void expect(ddbi_store *s, ddb_bytes place, ddb_bytes body)
{
    ddb_err err = {0};
    ddbi_row row;

    fine(ddbi_store_get(s, place, &row, &err), &err);
    ck_assert_uint_eq(row.body.n, body.n);
    ck_assert_int_eq(row.size, (int64_t)body.n);
    if (body.n)
        ck_assert_int_eq(memcmp(row.body.p, body.p, body.n), 0);
}

static void expect_none(ddbi_store *s, ddb_bytes place)
{
    ddb_err err = {0};
    ddbi_row row;

    ck_assert_int_eq(ddbi_store_get(s, place, &row, &err), DDB_NOT_FOUND);
    ck_assert_int_eq(err.code, DDB_OK);
}

/* In memory and in a file. */
static const char *const kinds[] = {NULL, path};

START_TEST(gives_back_what_was_put)
{
    ddbi_store *s = open_store(kinds[_i]);

    begin(s, 1);
    put(s, B("a"), B("one"));
    put(s, B("a\0b"), B("two\0three"));
    put(s, B("b"), B(""));
    put(s, B("a"), B("four"));
    expect(s, B("a"), B("four"));
    commit(s);
    begin(s, 0);
    expect(s, B("a"), B("four"));
    expect(s, B("a\0b"), B("two\0three"));
    expect(s, B("b"), B(""));
    expect_none(s, B("a\0"));
    expect_none(s, B(""));
    commit(s);
    ddbi_store_close(s, 0);
}
END_TEST

START_TEST(keeps_what_was_committed)
{
    ddbi_store *s = open_store(path);

    begin(s, 1);
    put(s, B("a"), B("one"));
    commit(s);
    begin(s, 1);
    put(s, B("b"), B("two"));
    ddbi_store_rollback(s);
    begin(s, 1);
    put(s, B("c"), B("three"));
    ddbi_store_close(s, 0);
    s = open_store(path);
    begin(s, 0);
    expect(s, B("a"), B("one"));
    expect_none(s, B("b"));
    expect_none(s, B("c"));
    commit(s);
    ddbi_store_close(s, 0);
}
END_TEST

Suite *suite_local_store(void)
{
    Suite *s = suite_create("local_store");
    TCase *t = tcase_create("rows");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_loop_test(t, gives_back_what_was_put, 0, ROWS(kinds));
    tcase_add_test(t, keeps_what_was_committed);
    return s;
}
