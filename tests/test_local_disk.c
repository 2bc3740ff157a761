/* SPDX-License-Identifier: MIT */
/* Disks that fail, are full or lose power: what was acknowledged is there
 * afterwards, whole, and nothing half. */
#include "storefix.h"

#include "base/err.h"
#include "failvfs.h"
#include "rng.h"

/* ---- Transactions that can be told apart -------------------------------- */

/* Number i writes all rows with i in them, some small, some large, and moves
 * one row: whatever is found must be all of one transaction. */
#define ROWS_EACH 6

static char text[500000];
static size_t large = 20000; /* until the next test */

static size_t size_of(int i, int row)
{
    if (row == 5)
        return i % 4 == 3 ? large : 5000;
    return row % 2 ? (size_t)(i * 7 % 400) + 4 : 1500;
}

static ddb_bytes body_of(int i, int row)
{
    size_t n = size_of(i, row);

    memset(text, i, n);
    memcpy(text, &i, sizeof i);
    return (ddb_bytes){text, n};
}

static ddb_bytes place_of(char at[4], char kind, int i)
{
    at[0] = kind;
    at[1] = (char)i;
    return (ddb_bytes){at, 2};
}

static ddb_code write_all(ddbi_store *s, int i, ddb_err *err)
{
    char at[4];
    ddb_code code = ddbi_store_begin(s, 1, err);
    ddbi_row row;

    if (code == DDB_OK)
        code = ddbi_store_delete(s, place_of(at, 'r', 0), err);
    for (int r = 0; r < ROWS_EACH && code == DDB_OK; r++) {
        row = (ddbi_row){place_of(at, 'r', r), i, body_of(i, r)};
        code = ddbi_store_put(s, &row, err);
    }
    if (code == DDB_OK)
        code = ddbi_store_clear(s, B("m"), B("n"), err);
    row = (ddbi_row){place_of(at, 'm', i), i, body_of(i, 0)};
    if (code == DDB_OK)
        code = ddbi_store_put(s, &row, err);
    return code;
}

static ddb_code transact(ddbi_store *s, int i, ddb_err *err)
{
    ddb_code code = write_all(s, i, err);

    if (code == DDB_OK)
        code = ddbi_store_commit(s, err);
    if (code != DDB_OK)
        ddbi_store_rollback(s);
    return code;
}

/* Which transaction is there?  0: none. */
static int found(ddbi_store *s)
{
    ddb_err err = {0};
    char at[4];
    int i = 0, rows = 0;
    ddbi_row row;

    begin(s, 0);
    fine(ddbi_store_seek(s, B("a"), B("z"), 0, &err), &err);
    while (ddbi_store_next(s, &row, &err) == DDB_OK) {
        if (rows++ == 0)
            i = (int)row.size;
        ck_assert_int_eq((int)row.size, i);
    }
    fine(err.code, &err);
    ck_assert_int_eq(rows, i ? ROWS_EACH + 1 : 0);
    for (int r = 0; r < ROWS_EACH && i; r++) {
        ddb_bytes body = body_of(i, r);

        fine(ddbi_store_get(s, place_of(at, 'r', r), &row, &err), &err);
        ck_assert_uint_eq(row.body.n, body.n);
        ck_assert_int_eq(memcmp(row.body.p, body.p, body.n), 0);
    }
    commit(s);
    return i;
}

static int found_in(const char *where)
{
    ddbi_store *s = open_store(where);
    int i = found(s);

    ddbi_store_close(s, 0);
    expect_integrity(where);
    return i;
}

/* ---- Operations that fail ----------------------------------------------- */

static const struct {
    failvfs_kind kind;
    int for_ever;
    ddbi_sync sync;
} disks[] = {
    {FAILVFS_IO, 0, DDBI_SYNC_FULL},   {FAILVFS_IO, 1, DDBI_SYNC_FULL},
    {FAILVFS_FULL, 0, DDBI_SYNC_FULL}, {FAILVFS_FULL, 1, DDBI_SYNC_FULL},
    {FAILVFS_IO, 1, DDBI_SYNC_NORMAL}, {FAILVFS_FULL, 1, DDBI_SYNC_OFF},
};

#define TRANSACTIONS 4

/* The last that was acknowledged, and one that may have been done. */
typedef struct {
    int done, maybe;
} outcome;

static void told(const ddb_err *err)
{
    ck_assert_msg(err->code == DDB_SYSTEM, "%s: %s", ddb_code_name(err->code),
                  err->message);
    ck_assert_msg(strstr(err->message, "input or output failed") ||
                      strstr(err->message, "the disk is full") ||
                      strstr(err->message, "can be shared") ||
                      strstr(err->message, "cannot be opened") ||
                      strstr(err->message, "may not be written to"),
                  "%s", err->message);
}

/* It goes on after each failure, as a server does. */
static outcome use_disk(ddbi_sync sync)
{
    outcome o = {0, 0};
    ddbi_store *s;
    ddb_err err = {0};

    if (try_open(path, sync, &s, &err) != DDB_OK) {
        told(&err);
        return o;
    }
    for (int i = 1; i <= TRANSACTIONS; i++) {
        err = (ddb_err){0};
        if (transact(s, i, &err) == DDB_OK) {
            o = (outcome){i, 0};
        } else {
            told(&err);
            if (err.maybe_applied)
                o.maybe = i;
        }
    }
    ddbi_store_close(s, 0);
    return o;
}

START_TEST(loses_nothing_on_a_bad_disk)
{
    int fired = 1;
    long n;

    for (n = 0; fired; n++) {
        outcome o;
        int i;

        failvfs_begin(n, disks[_i].kind, disks[_i].for_ever);
        o = use_disk(disks[_i].sync);
        fired = failvfs_end();
        if (!fired)
            ck_assert_int_eq(o.done, TRANSACTIONS);
        i = found_in(path);
        ck_assert_msg(i == o.done || (i == o.maybe && o.maybe > o.done),
                      "failure at %ld: %d is there, not %d or %d", n, i, o.done,
                      o.maybe);
        empty_folder();
    }
    ck_assert_int_gt(n, 20);
}
END_TEST

/* Room that comes back is used, without being opened again. */
START_TEST(goes_on_when_the_disk_has_room_again)
{
    ddb_err err = {0};
    ddbi_store *s;
    int i = 1;

    failvfs_begin(60, FAILVFS_FULL, 1);
    fine(try_open(path, DDBI_SYNC_FULL, &s, &err), &err);
    while (transact(s, i, &err) == DDB_OK)
        i++;
    ck_assert_ptr_nonnull(strstr(err.message, "the disk is full"));
    ck_assert_int_eq(found(s), i - 1); /* what there is can be read */
    failvfs_mend();
    err = (ddb_err){0};
    fine(transact(s, i, &err), &err);
    ck_assert_int_eq(found(s), i);
    ddbi_store_close(s, 0);
    failvfs_end();
    ck_assert_int_eq(found_in(path), i);
}
END_TEST

START_TEST(needs_memory_that_can_be_shared)
{
    ddb_err err = {0};
    ddbi_store *s;

    failvfs_begin(-1, FAILVFS_IO, 0);
    failvfs_share_no_memory();
    ck_assert_int_eq(try_open(path, DDBI_SYNC_FULL, &s, &err), DDB_SYSTEM);
    ck_assert_ptr_nonnull(strstr(err.message, "shared"));
    failvfs_end();
    ck_assert_int_eq(found_in(path), 0); /* elsewhere it is fine */
}
END_TEST

/* ---- Loss of power ------------------------------------------------------ */

static char other[80], other_path[112];

static void make_folders(void)
{
    make_folder();
    large = 20000;
    snprintf(other, sizeof other, "%s/after", folder);
    snprintf(other_path, sizeof other_path, "%s/file.db", other);
    ck_assert_int_eq(mkdir(other, 0700), 0);
}

static void empty_other(void)
{
    char name[160];
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", other_path, suffixes[i]);
        unlink(name);
    }
}

static void remove_folders(void)
{
    empty_other();
    ck_assert_int_eq(rmdir(other), 0);
    remove_folder();
}

/* What would be there, now. */
static int found_after(uint64_t seed)
{
    int i;

    failvfs_lose_power(other, seed);
    i = found_in(other_path);
    empty_other();
    return i;
}

static const ddbi_sync durable[] = {DDBI_SYNC_FULL, DDBI_SYNC_NORMAL};

START_TEST(survives_loss_of_power)
{
    ddbi_store *s;
    ddb_err err = {0};
    int kept = 0;

    large = sizeof text; /* the log is moved into the file by the way */
    failvfs_begin(-1, FAILVFS_IO, 0);
    fine(try_open(path, durable[_i], &s, &err), &err);
    for (int i = 1; i < 40; i++) {
        fine(write_all(s, i, &err), &err);
        for (unsigned seed = 0; seed < 2; seed++) {
            int there = found_after((uint64_t)i * 10 + seed);

            ck_assert_int_le(there, i - 1);
            ck_assert_int_ge(there, durable[_i] == DDBI_SYNC_FULL ? i - 1 : 0);
        }
        commit(s);
        for (unsigned seed = 2; seed < 5; seed++) {
            int there = found_after((uint64_t)i * 10 + seed);

            ck_assert_int_le(there, i);
            ck_assert_int_ge(there, durable[_i] == DDBI_SYNC_FULL ? i : 0);
            kept += there > 0;
        }
    }
    ck_assert_int_gt(kept, 20);
    ddbi_store_close(s, 0);
    ck_assert_int_eq(found_after(1), 39);
    failvfs_end();
}
END_TEST

/* At every moment of a file's beginning and of a commit: all operations from
 * the n-th on do not take place, and then the power is lost. */
START_TEST(survives_loss_of_power_at_any_moment)
{
    int fired = 1;

    for (long n = 0; fired; n++) {
        outcome o;

        failvfs_begin(n, FAILVFS_IO, 1);
        o = use_disk(DDBI_SYNC_FULL);
        failvfs_mend();
        for (unsigned seed = 0; seed < 3; seed++) {
            int i = found_after((uint64_t)n * 10 + seed);

            ck_assert_msg(i == o.done || (i == o.maybe && o.maybe > o.done),
                          "at %ld: %d is there, not %d or %d", n, i, o.done,
                          o.maybe);
        }
        fired = failvfs_end();
        empty_folder();
    }
}
END_TEST

/* One failure, which later transactions have nothing to do with any more. */
START_TEST(survives_loss_of_power_after_a_failure)
{
    int fired = 1;

    for (long n = 0; fired; n++) {
        outcome o;

        failvfs_begin(n, FAILVFS_IO, 0);
        o = use_disk(DDBI_SYNC_FULL);
        failvfs_mend();
        for (unsigned seed = 0; seed < 3; seed++) {
            int i = found_after((uint64_t)n * 10 + seed);

            ck_assert_msg(i == o.done || (i == o.maybe && o.maybe > o.done),
                          "after %ld: %d is there, not %d or %d", n, i, o.done,
                          o.maybe);
        }
        fired = failvfs_end();
        empty_folder();
    }
}
END_TEST

static const struct {
    ddbi_sync sync;
    long each; /* fsyncs of a commit */
} levels[] = {
    {DDBI_SYNC_FULL, 1},
    {DDBI_SYNC_NORMAL, 0},
    {DDBI_SYNC_OFF, 0},
};

START_TEST(a_commit_waits_for_the_disk_as_it_should)
{
    ddbi_store *s;
    ddb_err err = {0};
    long before;

    failvfs_begin(-1, FAILVFS_IO, 0);
    fine(try_open(path, levels[_i].sync, &s, &err), &err);
    begin(s, 1);
    put(s, B("a"), B("1"));
    commit(s);
    before = failvfs_syncs();
    for (int i = 0; i < 10; i++) {
        begin(s, 1);
        put(s, B("a"), B("2"));
        commit(s);
        begin(s, 0);
        expect(s, B("a"), B("2"));
        commit(s);
    }
    ck_assert_int_eq(failvfs_syncs() - before, 10 * levels[_i].each);
    ddbi_store_close(s, 0);
    failvfs_end();
}
END_TEST

Suite *suite_local_disk(void)
{
    Suite *s = suite_create("local_disk");
    TCase *t = tcase_create("bad");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_loop_test(t, loses_nothing_on_a_bad_disk, 0, ROWS(disks));
    tcase_add_test(t, goes_on_when_the_disk_has_room_again);
    tcase_add_test(t, needs_memory_that_can_be_shared);
    tcase_add_loop_test(t, a_commit_waits_for_the_disk_as_it_should, 0,
                        ROWS(levels));

    t = tcase_create("power");
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, make_folders, remove_folders);
    tcase_add_loop_test(t, survives_loss_of_power, 0, ROWS(durable));
    tcase_add_test(t, survives_loss_of_power_at_any_moment);
    tcase_add_test(t, survives_loss_of_power_after_a_failure);
    return s;
}
