/* SPDX-License-Identifier: MIT */
/*
 * Split namespaces, cursors and the list of namespaces over a real server,
 * DDB_TEST_ENDPOINT, in a table of its own: a merged listing is the sorted
 * array of what was put, wherever it is cut.
 */
#include "kvtable.h"
#include "rng.h"

#include <ddb/kv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static ddb_kv *open_split(ddb_client *client, const char *name_space,
                          int shards)
{
    const ddb_kv_options opt = {
        .table = table, .name_space = name_space, .shards = shards};
    ddb_kv *kv;

    OK(ddb_kv_open(client, &opt, &kv, &err));
    return kv;
}

static void setup(void)
{
    c = server_open(NULL);
}

static void teardown(void)
{
    server_close(c);
}

static void put(ddb_kv *kv, const char *key, const char *value)
{
    const ddb_kv_put_options opt = {.kind = DDB_KV_TEXT};

    OK(ddb_kv_put(kv, ddb_str(key), ddb_str(value), &opt, &err));
}

static int64_t count(ddb_kv *kv)
{
    int64_t n;

    OK(ddb_kv_count(kv, NULL, &n, &err));
    return n;
}

/* An item as another program writes it; rest: its other attributes. */
static void put_item(const char *name_space, const char *key, const char *rest)
{
    char text[512];
    ddb_item *it;
    ddb_put_item_in in = {.table = table};

    snprintf(text, sizeof text,
             "{\"namespace\":{\"S\":\"%s\"},\"key\":{\"S\":\"%s\"}%s}",
             name_space, key, rest);
    OK(ddb_item_parse(text, strlen(text), &it, &err));
    in.item = it;
    OK(ddb_put_item(c, &in, NULL, &err));
    ddb_item_free(it);
}

/* ---- The header --------------------------------------------------------- */

START_TEST(the_number_belongs_to_the_namespace)
{
    ddb_kv_options opt = {.table = table, .name_space = "header", .shards = 4};
    ddb_kv *kv = open_split(c, "header", 8);
    ddb_kv *late = open_split(c, "header", 4); /* nothing is written yet */
    ddb_kv *other;

    put(kv, "k", "v");
    CODE(ddb_kv_open(c, &opt, &other, &err), DDB_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "has 8 shards, not 4"));
    CODE(ddb_kv_put(late, ddb_str("k"), ddb_str("v"), NULL, &err), DDB_INVALID);
    ck_assert_int_eq(count(late), 0);
    ddb_kv_close(late);
    other = open_split(c, "header", 8);
    ck_assert_int_eq(count(other), 1);
    OK(ddb_kv_clear(other, NULL, &err));
    CODE(ddb_kv_open(c, &opt, &late, &err), DDB_INVALID);
    ddb_kv_close(kv);
    ddb_kv_close(other);
}
END_TEST

START_TEST(a_split_namespace_is_a_dict_too)
{
    ddb_kv *kv = open_split(c, "dict", 5);
    ddb_kv *whole = open_split(c, "dict", 0);
    ddb_kv_pair pairs[130] = {{.left = 0}};
    ddb_bytes keys[130];
    char names[130][16];
    ddb_kv_entry entries[130] = {{.memory = NULL}};
    int64_t n;

    for (int i = 0; i < 130; i++) {
        snprintf(names[i], sizeof names[i], "key%03d", i);
        keys[i] = pairs[i].key = pairs[i].value = ddb_str(names[i]);
    }
    OK(ddb_kv_put_many(kv, pairs, 130, &err));
    ck_assert_int_eq(count(kv), 130);
    ck_assert_int_eq(count(whole), 0); /* they are apart */
    OK(ddb_kv_get_many(kv, keys, 130, entries, NULL, &err));
    for (int i = 0; i < 130; i++) {
        ck_assert_mem_eq(entries[i].value.p, names[i], 6);
        ddb_kv_entry_clear(&entries[i]);
    }
    OK(ddb_kv_increment(kv, ddb_str("n"), 5, NULL, &n, &err));
    OK(ddb_kv_increment(kv, ddb_str("n"), 5, NULL, &n, &err));
    ck_assert_int_eq(n, 10);
    OK(ddb_kv_delete_many(kv, keys, 30, NULL, &err));
    ck_assert_int_eq(count(kv), 101);
    OK(ddb_kv_clear(kv, &n, &err));
    ck_assert_int_eq(n, 101);
    ck_assert_int_eq(count(kv), 0);
    ddb_kv_close(kv);
    ddb_kv_close(whole);
}
END_TEST

/* ---- The merged listing ------------------------------------------------- */

#define MOST 300

static char model[MOST][16];
static size_t n_model;

static int by_bytes(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Few letters, so that prefixes meet; each key once. */
static void fill(ddb_kv *kv, rng *r, unsigned n)
{
    n_model = 0;
    for (unsigned i = 0; i < n; i++) {
        size_t length = 1 + rng_below(r, 6);
        size_t same = 0;

        for (size_t j = 0; j < length; j++)
            model[n_model][j] = (char)('a' + rng_below(r, 3));
        model[n_model][length] = '\0';
        while (strcmp(model[same], model[n_model]) != 0)
            same++;
        if (same == n_model)
            put(kv, model[n_model++], "v");
    }
    qsort(model, n_model, sizeof model[0], by_bytes);
}

static int in_range(const char *key, const ddb_kv_range *range)
{
    return (range->prefix.n == 0 ||
            strncmp(key, range->prefix.p, range->prefix.n) == 0) &&
           (range->from.n == 0 || strcmp(key, range->from.p) >= 0) &&
           (range->to.n == 0 || strcmp(key, range->to.p) <= 0);
}

/* List a range, cut at `cut` and begun anew from a cursor by another handle;
 * deletes some of what comes, and of what is still to come. */
static void one_listing(ddb_kv *kv, ddb_kv *again, ddb_kv_range range,
                        size_t cut, rng *r)
{
    const char *want[MOST];
    size_t n = 0;
    size_t i;
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    char *cursor;

    for (i = 0; i < n_model; i++)
        if (in_range(model[i], &range))
            want[n++] = model[i];
    OK(ddb_kv_iter_open(kv, &range, &iter, &err));
    for (i = 0; i < n; i++) {
        const char *key = want[range.reverse ? n - 1 - i : i];

        OK(ddb_kv_iter_next(iter, &e, &err));
        ck_assert_str_eq(e->key.p, key);
        if (rng_below(r, 8) == 0) {
            OK(ddb_kv_delete(kv, ddb_str(key), &err));
            put(kv, key, "v");
        }
        if (i != cut)
            continue;
        if (ddb_kv_iter_cursor(iter, &cursor, &err) == DDB_NOT_FOUND) {
            ck_assert_uint_eq(i, n - 1);
            continue;
        }
        ddb_kv_iter_close(iter);
        range.cursor = cursor;
        OK(ddb_kv_iter_open(again, &range, &iter, &err));
        ddb_free(cursor);
    }
    CODE(ddb_kv_iter_next(iter, &e, &err), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
}

static const struct {
    int shards;
    unsigned keys;
    int rounds;
} splits[] = {{0, 120, 12}, {1, 120, 12}, {2, 120, 12},
              {7, 150, 12}, {16, 200, 8}, {1024, 300, 1}};

START_TEST(listing_is_the_sorted_array)
{
    char name[32];
    ddb_kv *kv;
    ddb_kv *again;
    rng r = {.state = 40 + (uint64_t)_i};

    snprintf(name, sizeof name, "order%d", splits[_i].shards);
    kv = open_split(c, name, splits[_i].shards);
    again = open_split(c, name, splits[_i].shards);
    fill(kv, &r, splits[_i].keys);
    for (int i = 0; i < splits[_i].rounds; i++) {
        ddb_kv_range range = {.reverse = i % 2, .keys_only = i % 3 == 0};

        if (i > 0 && rng_below(&r, 2))
            range.prefix = ddb_str(i % 2 ? "b" : "ab");
        if (i > 0 && rng_below(&r, 2))
            range.from = ddb_str("abc");
        if (i > 0 && rng_below(&r, 2))
            range.to = ddb_str("cab");
        one_listing(kv, again, range, rng_below(&r, (unsigned)n_model), &r);
    }
    ddb_kv_close(kv);
    ddb_kv_close(again);
}
END_TEST

/* Each place of one listing, each time in a new process's shoes. */
START_TEST(listing_can_be_cut_everywhere)
{
    ddb_kv *kv = open_split(c, "cut", 3 * _i);
    ddb_kv_range range = {.keys_only = 1};
    rng r = {.state = 3};
    char *cursor = NULL;

    fill(kv, &r, 40);
    for (size_t i = 0; i < n_model; i++) {
        ddb_kv_iter *iter;
        const ddb_kv_entry *e;

        range.cursor = cursor;
        OK(ddb_kv_iter_open(kv, &range, &iter, &err));
        ddb_free(cursor);
        cursor = NULL;
        OK(ddb_kv_iter_next(iter, &e, &err));
        ck_assert_str_eq(e->key.p, model[i]);
        OK(ddb_kv_delete(kv, e->key, &err)); /* nothing has to be there */
        if (i + 1 < n_model)
            OK(ddb_kv_iter_cursor(iter, &cursor, &err));
        ddb_kv_iter_close(iter);
    }
    ddb_free(cursor);
    ck_assert_int_eq(count(kv), 0);
    ddb_kv_close(kv);
}
END_TEST

/* More than may be held at once: pages are dropped and read again. */
START_TEST(listing_of_large_values_holds_few)
{
    enum { N = 60, SIZE = 60000 };
    static char value[SIZE];
    ddb_client *client = server_open(&(ddb_options){.max_answer = 1 << 20});
    ddb_kv *kv = open_split(client, "large", 16);
    char key[16];

    for (int i = 0; i < N; i++) {
        snprintf(key, sizeof key, "k%04d", i);
        memset(value, 'a' + i % 26, sizeof value);
        OK(ddb_kv_put(kv, ddb_str(key), (ddb_bytes){value, SIZE}, NULL, &err));
    }
    for (int reverse = 0; reverse < 2; reverse++) {
        ddb_kv_iter *iter;
        const ddb_kv_entry *e;

        OK(ddb_kv_iter_open(kv, &(ddb_kv_range){.reverse = reverse}, &iter,
                            &err));
        for (int i = 0; i < N; i++) {
            int which = reverse ? N - 1 - i : i;

            snprintf(key, sizeof key, "k%04d", which);
            OK(ddb_kv_iter_next(iter, &e, &err));
            ck_assert_str_eq(e->key.p, key);
            memset(value, 'a' + which % 26, sizeof value);
            ck_assert_uint_eq(e->value.n, SIZE);
            ck_assert_mem_eq(e->value.p, value, SIZE);
        }
        CODE(ddb_kv_iter_next(iter, &e, &err), DDB_NOT_FOUND);
        ddb_kv_iter_close(iter);
    }
    ddb_kv_close(kv);
    server_close(client);
}
END_TEST

START_TEST(what_has_expired_or_cannot_be_read_keeps_its_place)
{
    ddb_kv *kv = open_split(c, "odd", 2);
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    char ttl[80];

    snprintf(ttl, sizeof ttl,
             ",\"value\":{\"S\":\"v\"},\"ttl\":{\"N\":\"%lld\"}",
             (long long)time(NULL) - 5);
    put(kv, "a", "1");
    put(kv, "d", "4");
    put_item("odd#0000", "b", ttl);
    put_item("odd#0001", "bb", ttl);
    put_item("odd#0000", "c", ",\"data\":{\"L\":[]}");
    OK(ddb_kv_iter_open(kv, NULL, &iter, &err));
    OK(ddb_kv_iter_next(iter, &e, &err));
    ck_assert_str_eq(e->value.p, "1");
    CODE(ddb_kv_iter_next(iter, &e, &err), DDB_BAD_VALUE);
    OK(ddb_kv_iter_next(iter, &e, &err));
    ck_assert_str_eq(e->value.p, "4");
    CODE(ddb_kv_iter_next(iter, &e, &err), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
    ck_assert_int_eq(count(kv), 3);
    ddb_kv_close(kv);
}
END_TEST

/* ---- A key-only table --------------------------------------------------- */

/* In whatever order they come, it is the same each time. */
START_TEST(a_scan_can_be_cut_everywhere)
{
    const ddb_kv_schema schema = {.key_only = 1};
    char name[80];
    ddb_kv_options opt = {
        .table = name, .schema = &schema, .create = 1, .no_ttl = 1};
    ddb_kv_range range = {.keys_only = 1};
    char seen[30] = {0};
    char key[16];
    char *cursor = NULL;
    ddb_kv *kv;

    snprintf(name, sizeof name, "%s_keys", table);
    OK(ddb_kv_open(c, &opt, &kv, &err));
    for (int i = 0; i < 30; i++) {
        snprintf(key, sizeof key, "k%02d", i);
        put(kv, key, "v");
    }
    for (int i = 0; i < 30; i++) {
        ddb_kv_iter *iter;
        const ddb_kv_entry *e;

        range.cursor = cursor;
        OK(ddb_kv_iter_open(kv, &range, &iter, &err));
        ddb_free(cursor);
        cursor = NULL;
        OK(ddb_kv_iter_next(iter, &e, &err));
        ck_assert_int_eq(seen[atoi((const char *)e->key.p + 1)]++, 0);
        if (i + 1 < 30)
            OK(ddb_kv_iter_cursor(iter, &cursor, &err));
        ddb_kv_iter_close(iter);
    }
    ddb_free(cursor);
    ddb_kv_close(kv);
    OK(ddb_delete_table(c, name, NULL, &err));
}
END_TEST

/* ---- Namespaces --------------------------------------------------------- */

START_TEST(namespaces_are_listed_once)
{
    static const struct {
        const char *name;
        int shards;
    } spaces[] = {{"alpha", 0}, {"beta", 4}, {"beta/2", 0}, {"gamma", 300}};
    const char *own = table;
    char name[80];
    ddb_kv_options opt = {.table = name, .create = 1, .no_ttl = 1};
    int seen[4] = {0};
    ddb_kv_names *names;
    ddb_bytes found;
    ddb_code code;

    snprintf(name, sizeof name, "%s_names", own);
    for (int i = 0; i < 4; i++) {
        ddb_kv *kv;
        char key[16];

        opt.name_space = spaces[i].name;
        opt.shards = spaces[i].shards;
        OK(ddb_kv_open(c, &opt, &kv, &err));
        for (int j = 0; j < 40; j++) {
            snprintf(key, sizeof key, "key%d", j);
            put(kv, key, "v");
        }
        ddb_kv_close(kv);
    }
    OK(ddb_kv_names_open(c, name, &names, &err));
    while ((code = ddb_kv_names_next(names, &found, &err)) == DDB_OK) {
        int i = 0;

        while (i < 4 && strcmp(found.p, spaces[i].name) != 0)
            i++;
        ck_assert_msg(i < 4, "%s", (const char *)found.p);
        ck_assert_int_eq(seen[i]++, 0);
    }
    CODE(code, DDB_NOT_FOUND);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(seen[i], 1);
    ddb_kv_names_close(names);
    OK(ddb_delete_table(c, name, NULL, &err));
    CODE(ddb_kv_names_open(c, "e2e_no_such_table", &names, &err), DDB_OK);
    CODE(ddb_kv_names_next(names, &found, &err), DDB_NO_TABLE);
    ddb_kv_names_close(names);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("e2e_shards");
    TCase *tc = tcase_create("shards");

    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, make_table, delete_table);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_number_belongs_to_the_namespace);
    tcase_add_test(tc, a_split_namespace_is_a_dict_too);
    tcase_add_loop_test(tc, listing_is_the_sorted_array, 0,
                        (int)(sizeof splits / sizeof splits[0]));
    tcase_add_loop_test(tc, listing_can_be_cut_everywhere, 0, 2);
    tcase_add_test(tc, listing_of_large_values_holds_few);
    tcase_add_test(tc, what_has_expired_or_cannot_be_read_keeps_its_place);
    tcase_add_test(tc, a_scan_can_be_cut_everywhere);
    tcase_add_test(tc, namespaces_are_listed_once);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    return run_on_server(suite());
}
