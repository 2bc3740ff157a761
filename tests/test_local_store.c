/* SPDX-License-Identifier: MIT */
/* Rows of the store: a map that is held against a simple one. */
#include "storefix.h"

#include "base/alloc.h"
#include "base/err.h"
#include "failalloc.h"
#include "oom.h"
#include "rng.h"

/* In memory and in a file. */
static const char *const kinds[] = {NULL, path};

static char long_text[20 << 20];

static ddb_bytes text_of(size_t n)
{
    for (size_t i = 0; i < n; i++)
        long_text[i] = (char)(i * 31 % 251);
    return (ddb_bytes){long_text, n};
}

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

START_TEST(bodies_have_any_size)
{
    static const size_t sizes[] = {0,    880,  899,    900,      901,
                                   1000, 4096, 409600, 16 << 20, 20 << 20};
    const size_t n = sizeof sizes / sizeof sizes[0];
    ddbi_store *s = open_store(path);
    ddb_err err = {0};

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j<n; j += i> 3 ? 2 : 1) {
            begin(s, 1);
            put(s, B("it"), text_of(sizes[i]));
            put(s, B("it"), text_of(sizes[j]));
            commit(s);
            begin(s, 0);
            expect(s, B("it"), text_of(sizes[j]));
            commit(s);
        }
    expect_integrity(path);
    begin(s, 1);
    fine(ddbi_store_delete(s, B("it"), &err), &err);
    fine(ddbi_store_delete(s, B("it"), &err), &err);
    expect_none(s, B("it"));
    commit(s);
    ddbi_store_close(s, 0);
    expect_integrity(path);
}
END_TEST

START_TEST(a_large_batch_leaves_a_small_log)
{
    ddbi_store *s = open_store(path);
    char log[128];
    struct stat st;

    snprintf(log, sizeof log, "%s-wal", path);
    begin(s, 1);
    put(s, B("it"), text_of(16 << 20));
    commit(s);
    ck_assert_int_eq(stat(log, &st), 0);
    for (int i = 0; i < 3; i++) {
        begin(s, 1);
        put(s, B("other"), B("x"));
        commit(s);
    }
    ck_assert_int_eq(stat(log, &st), 0);
    ck_assert_int_le(st.st_size, 4 << 20);
    ddbi_store_close(s, 0);
    ck_assert_int_ne(stat(log, &st), 0); /* all is in the file */
}
END_TEST

/* ---- Against a simple map ----------------------------------------------- */

#define PLACES 64

typedef struct {
    size_t n[PLACES]; /* of a body, and 1; 0: no row */
    unsigned char fill[PLACES];
} model;

/* In the order of i: 'a' and a byte, of which some are 00 and ff. */
static ddb_bytes place_of(int i, char out[3])
{
    out[0] = (char)('a' + i / 16);
    out[1] = (char)(i % 16 * 17);
    out[2] = 'x';
    return (ddb_bytes){out, (size_t)(2 + i % 2)};
}

static ddb_bytes body_of(const model *m, int i)
{
    memset(long_text, m->fill[i], m->n[i]);
    return (ddb_bytes){long_text, m->n[i] - 1};
}

static void expect_row(const ddbi_row *row, const model *m, int i)
{
    char at[3];
    ddb_bytes place = place_of(i, at), body = body_of(m, i);

    ck_assert_uint_eq(row->place.n, place.n);
    ck_assert_int_eq(memcmp(row->place.p, place.p, place.n), 0);
    ck_assert_int_eq(row->size, (int64_t)body.n);
    ck_assert_uint_eq(row->body.n, body.n);
    if (body.n)
        ck_assert_int_eq(memcmp(row->body.p, body.p, body.n), 0);
}

/* Also with other reads between the rows. */
static void expect_range(ddbi_store *s, const model *m, int first, int end,
                         int descending)
{
    char a[3], b[3], c[3];
    ddb_err err = {0};
    ddbi_row row;
    ddb_bytes from = place_of(first, a);
    ddb_bytes to = end < PLACES ? place_of(end, b) : B("\xff");
    int i = descending ? end - 1 : first;

    fine(ddbi_store_seek(s, from, to, descending, &err), &err);
    for (; descending ? i >= first : i < end; i += descending ? -1 : 1) {
        if (m->n[i] == 0)
            continue;
        fine(ddbi_store_next(s, &row, &err), &err);
        expect_row(&row, m, i);
        if (i % 3 == 0) {
            fine(ddbi_store_get(s, place_of(i, c), &row, &err), &err);
            expect_row(&row, m, i);
        }
    }
    ck_assert_int_eq(ddbi_store_next(s, &row, &err), DDB_NOT_FOUND);
    ck_assert_int_eq(ddbi_store_next(s, &row, &err), DDB_NOT_FOUND);
}

static void expect_sums(ddbi_store *s, const model *m, int first, int end)
{
    char a[3], b[3];
    int64_t rows, bytes, n = 0, sum = 0;
    ddb_err err = {0};

    for (int i = first; i < end; i++) {
        n += m->n[i] > 0;
        sum += m->n[i] > 0 ? (int64_t)m->n[i] - 1 : 0;
    }
    fine(ddbi_store_measure(s, place_of(first, a),
                            end < PLACES ? place_of(end, b) : B("\xff"), &rows,
                            &bytes, &err),
         &err);
    ck_assert_int_eq(rows, n);
    ck_assert_int_eq(bytes, sum);
}

static void change(ddbi_store *s, model *m, rng *r)
{
    int i = (int)rng_below(r, PLACES);
    int end = i + (int)rng_below(r, 8);
    char a[3], b[3];
    ddb_bytes place = place_of(i, a);
    ddb_err err = {0};

    switch (rng_below(r, 8)) {
    case 0:
        if (end >= PLACES)
            end = PLACES - 1;
        fine(ddbi_store_clear(s, place, place_of(end, b), &err), &err);
        for (; i < end; i++)
            m->n[i] = 0;
        break;
    case 1:
    case 2:
        fine(ddbi_store_delete(s, place, &err), &err);
        m->n[i] = 0;
        break;
    default:
        m->n[i] = 1 + rng_below(r, rng_below(r, 3) ? 100 : 3000);
        m->fill[i] = (unsigned char)rng_below(r, 256);
        put(s, place, body_of(m, i));
    }
}

START_TEST(is_a_map_in_order)
{
    rng r = {8128 + (uint64_t)_i};
    model now = {0}, before;
    ddbi_store *s = open_store(kinds[_i]);
    char at[3];

    for (int round = 0; round < 300; round++) {
        int first = (int)rng_below(&r, PLACES);
        int end = first + (int)rng_below(&r, (unsigned)(PLACES - first) + 1);

        before = now;
        begin(s, 1);
        for (unsigned n = rng_below(&r, 10); n > 0; n--)
            change(s, &now, &r);
        expect_range(s, &now, first, end, round % 2);
        if (rng_below(&r, 4) == 0) {
            ddbi_store_rollback(s);
            now = before;
        } else {
            commit(s);
        }
        if (kinds[_i] != NULL && rng_below(&r, 20) == 0) {
            ddbi_store_close(s, 0);
            s = open_store(path);
        }
        begin(s, 0);
        expect_range(s, &now, first, end, (round + 1) % 2);
        expect_sums(s, &now, first, end);
        for (int i = 0; i < PLACES; i++)
            if (now.n[i] > 0)
                expect(s, place_of(i, at), body_of(&now, i));
            else
                expect_none(s, place_of(i, at));
        commit(s);
    }
    ddbi_store_close(s, 0);
    if (kinds[_i] != NULL)
        expect_integrity(path);
}
END_TEST

START_TEST(rows_may_change_under_the_cursor)
{
    ddbi_store *s = open_store(kinds[_i]);
    const size_t large = 5000;
    ddb_err err = {0};
    ddbi_row row;
    int seen = 0;

    begin(s, 1);
    for (int i = 0; i < PLACES; i++) {
        char at[3];

        put(s, place_of(i, at), text_of(i % 4 ? 10 : large));
    }
    /* Each one is deleted once it was seen, its copy goes elsewhere. */
    fine(ddbi_store_seek(s, B("a"), B("x"), 0, &err), &err);
    while (ddbi_store_next(s, &row, &err) == DDB_OK) {
        char at[4] = "y";
        ddb_bytes place = {at, row.place.n + 1};

        memcpy(at + 1, row.place.p, row.place.n);
        put(s, place, text_of(seen % 4 ? 10 : large));
        fine(ddbi_store_delete(s, (ddb_bytes){at + 1, place.n - 1}, &err),
             &err);
        seen++;
    }
    ck_assert_int_eq(seen, PLACES);
    commit(s);
    begin(s, 0);
    fine(ddbi_store_seek(s, B("a"), B("x"), 0, &err), &err);
    ck_assert_int_eq(ddbi_store_next(s, &row, &err), DDB_NOT_FOUND);
    fine(ddbi_store_seek(s, B("y"), B("z"), 1, &err), &err);
    for (seen = 0; ddbi_store_next(s, &row, &err) == DDB_OK; seen++)
        ck_assert_int_eq(((const char *)row.place.p)[0], 'y');
    ck_assert_int_eq(seen, PLACES);
    commit(s);
    ddbi_store_close(s, 0);
}
END_TEST

START_TEST(a_transaction_ends_its_cursor)
{
    ddbi_store *s = open_store(path);
    ddb_err err = {0};
    ddbi_row row;

    begin(s, 1);
    put(s, B("a"), B("1"));
    put(s, B("b"), B("2"));
    fine(ddbi_store_seek(s, B("a"), B("c"), 0, &err), &err);
    fine(ddbi_store_next(s, &row, &err), &err);
    ddbi_store_rollback(s);
    ck_assert_int_eq(ddbi_store_next(s, &row, &err), DDB_NOT_FOUND);
    begin(s, 1);
    put(s, B("a"), B("1"));
    put(s, B("b"), B("2"));
    fine(ddbi_store_seek(s, B("a"), B("c"), 0, &err), &err);
    fine(ddbi_store_next(s, &row, &err), &err);
    commit(s);
    ck_assert_int_eq(ddbi_store_next(s, &row, &err), DDB_NOT_FOUND);
    ddbi_store_end(s);
    ddbi_store_close(s, 0);
}
END_TEST

/* A table's worth of rows goes, and the heap does not grow with it. */
START_TEST(clearing_much_takes_little_memory)
{
    ddbi_store *s = open_store(path);
    ddb_err err = {0};
    char at[16];

    begin(s, 1);
    for (int i = 0; i < 20000; i++) {
        snprintf(at, sizeof at, "%08d", i);
        put(s, (ddb_bytes){at, 8}, text_of(i % 8 ? 200 : 4000));
    }
    commit(s);
    sqlite3_memory_highwater(1);
    begin(s, 1);
    fine(ddbi_store_clear(s, B("0"), B("9"), &err), &err);
    commit(s);
    ck_assert_int_lt(sqlite3_memory_highwater(0), 3 << 20);
    ddbi_store_close(s, 0);
    expect_integrity(path);
}
END_TEST

/* ---- Running out of memory ---------------------------------------------- */

/* One of everything.  What was done last in committed. */
static ddb_code all_of_it(ddbi_store *s, int *committed, ddb_err *err)
{
    ddbi_row row = {B("a"), 3, B("one")}, got;
    ddbi_row large = {B("b"), 5000, text_of(5000)};
    int64_t rows, bytes;
    ddb_code code;

    if ((code = ddbi_store_begin(s, 1, err)) != DDB_OK ||
        (code = ddbi_store_put(s, &row, err)) != DDB_OK ||
        (code = ddbi_store_put(s, &large, err)) != DDB_OK ||
        (code = ddbi_store_put(s, &large, err)) != DDB_OK ||
        (code = ddbi_store_commit(s, err)) != DDB_OK)
        return code;
    *committed = 1;
    if ((code = ddbi_store_begin(s, 1, err)) != DDB_OK ||
        (code = ddbi_store_get(s, B("b"), &got, err)) != DDB_OK ||
        (code = ddbi_store_seek(s, B("a"), B("c"), 0, err)) != DDB_OK ||
        (code = ddbi_store_next(s, &got, err)) != DDB_OK ||
        (code = ddbi_store_next(s, &got, err)) != DDB_OK ||
        (code = ddbi_store_measure(s, B("a"), B("c"), &rows, &bytes, err)) !=
            DDB_OK ||
        (code = ddbi_store_delete(s, B("a"), err)) != DDB_OK ||
        (code = ddbi_store_clear(s, B("b"), B("c"), err)) != DDB_OK ||
        (code = ddbi_store_commit(s, err)) != DDB_OK)
        return code;
    *committed = 2;
    return DDB_OK;
}

static void expect_committed(int committed)
{
    ddbi_store *s = open_store(path);

    begin(s, 0);
    if (committed == 1) {
        expect(s, B("a"), B("one"));
        expect(s, B("b"), text_of(5000));
    } else {
        expect_none(s, B("a"));
        expect_none(s, B("b"));
    }
    commit(s);
    ddbi_store_close(s, 0);
    expect_integrity(path);
}

START_TEST(survives_running_out_of_our_memory)
{
    for (long n = 0;; n++) {
        ddbi_store *s = NULL;
        ddb_err err = {0};
        ddb_code code;
        int committed = 0, fired;

        oom_begin(n);
        code = try_open(path, DDBI_SYNC_OFF, &s, &err);
        if (code == DDB_OK)
            code = all_of_it(s, &committed, &err);
        ddbi_store_close(s, 0);
        fired = oom_end();
        ck_assert_int_eq(oom_live(), 0);
        ck_assert_int_eq(code, fired ? DDB_NOMEM : DDB_OK);
        ck_assert_int_eq(err.code, code);
        if (!fired)
            break;
    }
}
END_TEST

/* Some of SQLite's allocations may fail without harm. */
START_TEST(survives_running_out_of_sqlite_memory)
{
    long n = 0;

    for (int fired = 1; fired; n++) {
        ddbi_store *s = NULL;
        ddb_err err = {0};
        ddb_code code;
        int committed = 0;

        failalloc_begin(n);
        code = try_open(kinds[_i], DDBI_SYNC_OFF, &s, &err);
        if (code == DDB_OK)
            code = all_of_it(s, &committed, &err);
        if (code != DDB_OK && s != NULL)
            ddbi_store_rollback(s);
        ddbi_store_close(s, 0);
        fired = failalloc_end();
        ck_assert_int_eq(failalloc_live(), 0);
        ck_assert_msg(code == DDB_OK || (fired && code == DDB_NOMEM), "%ld: %s",
                      n, err.message);
        ck_assert_int_eq(err.code, code);
        if (kinds[_i] != NULL && !err.maybe_applied)
            expect_committed(committed);
        empty_folder();
    }
    ck_assert_int_gt(n, 100);
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
    tcase_add_test(t, bodies_have_any_size);
    tcase_add_test(t, a_large_batch_leaves_a_small_log);
    tcase_add_loop_test(t, is_a_map_in_order, 0, ROWS(kinds));
    tcase_add_loop_test(t, rows_may_change_under_the_cursor, 0, ROWS(kinds));
    tcase_add_test(t, a_transaction_ends_its_cursor);
    tcase_add_test(t, clearing_much_takes_little_memory);

    t = tcase_create("memory");
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_test(t, survives_running_out_of_our_memory);
    tcase_add_loop_test(t, survives_running_out_of_sqlite_memory, 0,
                        ROWS(kinds));
    return s;
}
