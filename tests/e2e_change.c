/* SPDX-License-Identifier: MIT */
/*
 * What changes an entry as it was seen, over a real server,
 * DDB_TEST_ENDPOINT, with tables of every layout: replace, delete_if, pop,
 * increment, touch and ttl.  It makes tables of its own and deletes them in
 * the end.
 */
#include "server.h"

#include <ddb/kv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Tables ------------------------------------------------------------- */

static const ddb_kv_schema renamed = {.name_space = "size",
                                      .key = "name",
                                      .value = "data",
                                      .ttl = "until",
                                      .updated = "timestamp",
                                      .version = "type",
                                      .encoding = "language"};
static const ddb_kv_schema key_only = {.key_only = 1};
static const ddb_kv_schema relative = {.key_only = 1,
                                       .key = "key",
                                       .ttl = "expire",
                                       .updated = "update_ts",
                                       .relative_ttl = 1};

static const struct {
    const char *name;
    const ddb_kv_schema *schema;
    int shards;
} layouts[] = {{"own", NULL, 0},
               {"sharded", NULL, 7},
               {"renamed", &renamed, 0},
               {"key_only", &key_only, 0},
               {"relative", &relative, 0}};
#define LAYOUTS ((int)(sizeof layouts / sizeof layouts[0]))

static char tables[LAYOUTS][64];
static ddb_client *c;
static ddb_kv *kv;
static ddb_err err;

/* The code is `want`; else what the library says of it. */
#define CODE(call, want)                                                       \
    do {                                                                       \
        ddb_code code_ = (call);                                               \
                                                                               \
        ck_assert_msg(code_ == (want), "%s: %s: %s", #call,                    \
                      ddb_code_name(code_), err.message);                      \
    } while (0)
#define OK(call) CODE(call, DDB_OK)

static ddb_kv *open_layout(ddb_client *client, int i, int create, int large)
{
    const ddb_kv_schema *schema = layouts[i].schema;
    const ddb_kv_options opt = {
        .table = tables[i],
        .name_space = schema != NULL && schema->key_only ? NULL : "change",
        .schema = schema,
        .shards = layouts[i].shards,
        .create = create,
        .large = large,
        .no_ttl = 1,
    };
    ddb_kv *out;

    OK(ddb_kv_open(client, &opt, &out, &err));
    return out;
}

static void make_tables(void)
{
    ddb_client *client = server_open(NULL);

    for (int i = 0; i < LAYOUTS; i++) {
        snprintf(tables[i], sizeof tables[i], "e2e_change_%s_%d",
                 layouts[i].name, (int)getpid());
        ddb_kv_close(open_layout(client, i, 1, 0));
    }
    server_close(client);
}

static void delete_tables(void)
{
    ddb_client *client = server_open(NULL);

    for (int i = 0; i < LAYOUTS; i++)
        ddb_delete_table(client, tables[i], NULL, NULL);
    server_close(client);
}

static void begin(int layout)
{
    c = server_open(NULL);
    kv = open_layout(c, layout, 0, 0);
}

static void end(void)
{
    ddb_kv_close(kv);
    server_close(c);
}

/* ---- Help --------------------------------------------------------------- */

static const char *name(const char *own, const char *given)
{
    return given != NULL ? given : own;
}

/* An item as another program writes it, of a layout that is not sharded; when
 * expired it did so long ago. */
static void put_item(int layout, const char *key, const char *text,
                     const char *number, int expired)
{
    const ddb_kv_schema own = {0};
    const ddb_kv_schema *s =
        layouts[layout].schema != NULL ? layouts[layout].schema : &own;
    ddb_item *it = ddb_item_new();
    const ddb_put_item_in in = {.table = tables[layout], .item = it};

    if (!s->key_only)
        ddb_item_set_s(it, name("namespace", s->name_space), "change");
    ddb_item_set_s(it, name("key", s->key), key);
    if (text != NULL)
        ddb_item_set_s(it, name("value", s->value), text);
    else
        ddb_item_set_n(it, name("value", s->value), number);
    if (expired) {
        ddb_item_set_i64(it, name("ttl", s->ttl), 1);
        ddb_item_set_i64(it, name("updated", s->updated), 5);
    }
    OK(ddb_put_item(c, &in, NULL, &err));
    ddb_item_free(it);
}

static void put(const char *key, const char *value,
                const ddb_kv_put_options *opt)
{
    OK(ddb_kv_put(kv, ddb_str(key), ddb_str(value), opt, &err));
}

static ddb_kv_entry get(const char *key)
{
    ddb_kv_entry e = {0};

    OK(ddb_kv_get(kv, ddb_str(key), &e, &err));
    return e;
}

static void has(const char *key, const char *value)
{
    ddb_kv_entry e = get(key);

    ck_assert_str_eq(e.value.p, value);
    ck_assert_int_eq(e.has_version, 1);
    ddb_kv_entry_clear(&e);
}

static int64_t ttl(const char *key)
{
    int64_t left;

    OK(ddb_kv_ttl(kv, ddb_str(key), &left, &err));
    return left;
}

/* ---- replace, delete_if, pop -------------------------------------------- */

START_TEST(a_version_is_replaced_once)
{
    unsigned char version[16];
    ddb_kv_put_options opt = {.version = version};
    ddb_kv_entry seen = {.key = ddb_str("swap"), .has_version = 1}, e;

    begin(_i);
    put("swap", "1", &opt);
    memcpy(seen.version, version, sizeof version);
    e = get("swap");
    OK(ddb_kv_replace(kv, &seen, ddb_str("2"), &opt, &err));
    has("swap", "2");
    CODE(ddb_kv_replace(kv, &seen, ddb_str("3"), NULL, &err),
         DDB_CONDITION_FAILED);
    CODE(ddb_kv_replace(kv, &e, ddb_str("3"), NULL, &err),
         DDB_CONDITION_FAILED);
    CODE(ddb_kv_delete_if(kv, &e, &err), DDB_CONDITION_FAILED);
    memcpy(seen.version, version, sizeof version);
    OK(ddb_kv_replace(kv, &seen, ddb_str("4"), &opt, &err));
    memcpy(seen.version, version, sizeof version);
    OK(ddb_kv_delete_if(kv, &seen, &err));
    CODE(ddb_kv_delete_if(kv, &seen, &err), DDB_CONDITION_FAILED);
    CODE(ddb_kv_replace(kv, &seen, ddb_str("5"), NULL, &err),
         DDB_CONDITION_FAILED);
    CODE(ddb_kv_has(kv, ddb_str("swap"), &err), DDB_NOT_FOUND);
    ddb_kv_entry_clear(&e);
    end();
}
END_TEST

START_TEST(an_item_of_another_program_is_replaced_by_its_value)
{
    ddb_kv_entry e, again;

    begin(_i);
    if (layouts[_i].shards == 0) {
        put_item(_i, "foreign", "old", NULL, 0);
        e = get("foreign");
        again = get("foreign");
        ck_assert_int_eq(e.has_version, 0);
        OK(ddb_kv_replace(kv, &e, ddb_str("new"), NULL, &err));
        has("foreign", "new");
        CODE(ddb_kv_replace(kv, &again, ddb_str("x"), NULL, &err),
             DDB_CONDITION_FAILED);
        put_item(_i, "foreign", "newer", NULL, 0);
        CODE(ddb_kv_delete_if(kv, &again, &err), DDB_CONDITION_FAILED);
        put_item(_i, "foreign", "old", NULL, 0);
        OK(ddb_kv_delete_if(kv, &again, &err));
        ddb_kv_entry_clear(&e);
        ddb_kv_entry_clear(&again);
    }
    end();
}
END_TEST

START_TEST(a_value_is_popped_once)
{
    ddb_kv_entry e = {0};

    begin(_i);
    put("pop", "value", NULL);
    OK(ddb_kv_pop(kv, ddb_str("pop"), &e, &err));
    ck_assert_str_eq(e.value.p, "value");
    ck_assert_int_eq(err.maybe_applied, 0);
    CODE(ddb_kv_pop(kv, ddb_str("pop"), &e, &err), DDB_NOT_FOUND);
    ck_assert_ptr_null(e.value.p);
    if (layouts[_i].shards == 0) {
        put_item(_i, "pop", "foreign", NULL, 0);
        OK(ddb_kv_pop(kv, ddb_str("pop"), &e, &err));
        ck_assert_str_eq(e.value.p, "foreign");
        put_item(_i, "pop", "expired", NULL, 1);
        CODE(ddb_kv_pop(kv, ddb_str("pop"), &e, &err), DDB_NOT_FOUND);
    }
    ddb_kv_entry_clear(&e);
    end();
}
END_TEST

/* ---- Values in chunks --------------------------------------------------- */

static void has_large(const ddb_kv_entry *e, const char *want, size_t n)
{
    ck_assert_uint_eq(e->value.n, n);
    ck_assert_mem_eq(e->value.p, want, n);
}

/* Of our own schema, in one partition and split. */
START_TEST(large_values_are_changed_as_they_were_seen)
{
    const size_t n = 900000;
    const ddb_kv_put_options hour = {.ttl = 3600};
    ddb_bytes key = ddb_str("large");
    char *first = malloc(n), *second = malloc(n);
    ddb_kv_entry e = {0}, old = {0};

    ck_assert(first != NULL && second != NULL);
    memset(first, '1', n);
    memset(second, '2', n);
    c = server_open(NULL);
    kv = open_layout(c, _i, 0, 1);
    OK(ddb_kv_put(kv, key, (ddb_bytes){first, n}, NULL, &err));
    OK(ddb_kv_get(kv, key, &old, &err));
    has_large(&old, first, n);
    OK(ddb_kv_replace(kv, &old, (ddb_bytes){second, n}, NULL, &err));
    CODE(ddb_kv_replace(kv, &old, (ddb_bytes){first, n}, NULL, &err),
         DDB_CONDITION_FAILED);
    CODE(ddb_kv_delete_if(kv, &old, &err), DDB_CONDITION_FAILED);
    OK(ddb_kv_touch(kv, key, &hour, &err));
    ck_assert_int_le(ttl("large"), 3600);
    CODE(ddb_kv_increment(kv, key, 1, NULL, NULL, &err), DDB_WRONG_KIND);
    OK(ddb_kv_get(kv, key, &e, &err));
    has_large(&e, second, n);
    OK(ddb_kv_replace(kv, &e, ddb_str("small"), NULL, &err));
    has("large", "small");
    OK(ddb_kv_put(kv, key, (ddb_bytes){first, n}, NULL, &err));
    OK(ddb_kv_pop(kv, key, &e, &err));
    has_large(&e, first, n);
    CODE(ddb_kv_pop(kv, key, &e, &err), DDB_NOT_FOUND);
    ddb_kv_entry_clear(&old);
    free(first);
    free(second);
    end();
}
END_TEST

/* ---- Expiry ------------------------------------------------------------- */

/* All layouts in one wait. */
START_TEST(what_has_expired_is_no_longer_what_was_seen)
{
    const ddb_kv_put_options second = {.ttl = 1};
    ddb_kv_entry seen[LAYOUTS];

    for (int i = 0; i < LAYOUTS; i++) {
        begin(i);
        put("brief", "v", &second);
        ck_assert_int_eq(ttl("brief"), 1);
        end();
    }
    sleep(2);
    for (int i = 0; i < LAYOUTS; i++) {
        ddb_kv_put_options opt = {.ttl = 2, .version = seen[i].version};

        seen[i] = (ddb_kv_entry){.key = ddb_str("brief"), .has_version = 1};
        begin(i);
        CODE(ddb_kv_touch(kv, ddb_str("brief"), &opt, &err), DDB_NOT_FOUND);
        put("brief", "v", &opt);
        end();
    }
    sleep(3);
    for (int i = 0; i < LAYOUTS; i++) {
        ddb_kv_entry e = {0};

        begin(i);
        CODE(ddb_kv_replace(kv, &seen[i], ddb_str("w"), NULL, &err),
             DDB_CONDITION_FAILED);
        CODE(ddb_kv_delete_if(kv, &seen[i], &err), DDB_CONDITION_FAILED);
        CODE(ddb_kv_pop(kv, ddb_str("brief"), &e, &err), DDB_NOT_FOUND);
        end();
    }
}
END_TEST

/* ---- increment ---------------------------------------------------------- */

static int64_t add(ddb_kv *to, const char *key, int64_t by)
{
    int64_t sum = 0;

    OK(ddb_kv_increment(to, ddb_str(key), by, NULL, &sum, &err));
    return sum;
}

START_TEST(two_handles_count_together)
{
    ddb_kv *other;

    begin(_i);
    other = open_layout(c, _i, 0, 0);
    for (int64_t i = 1; i <= 20; i += 2) {
        ck_assert_int_eq(add(kv, "count", 1), i);
        ck_assert_int_eq(add(other, "count", 1), i + 1);
    }
    ck_assert_int_eq(add(other, "count", -30), -10);
    ck_assert_int_eq(add(kv, "count", 0), -10);
    has("count", "-10");
    ddb_kv_close(other);
    end();
}
END_TEST

START_TEST(a_number_of_another_program_is_counted_on)
{
    begin(_i);
    if (layouts[_i].shards == 0) {
        put_item(_i, "number", NULL, "41", 0);
        ck_assert_int_eq(add(kv, "number", 1), 42);
        ck_assert_int_eq(add(kv, "number", 1), 43);
        put_item(_i, "number", NULL, "7", 0);
        ck_assert_int_eq(add(kv, "number", 1), 8);
        put_item(_i, "number", NULL, "1.5", 0);
        CODE(ddb_kv_increment(kv, ddb_str("number"), 1, NULL, NULL, &err),
             DDB_WRONG_KIND);
        put_item(_i, "number", NULL, "100", 1);
        ck_assert_int_eq(add(kv, "number", 5), 5);
        put_item(_i, "number", "text", NULL, 1);
        ck_assert_int_eq(add(kv, "number", 6), 6);
    }
    end();
}
END_TEST

START_TEST(texts_and_bytes_are_not_counted_on)
{
    const ddb_kv_put_options text = {.kind = DDB_KV_TEXT};

    begin(_i);
    put("words", "5", &text);
    CODE(ddb_kv_increment(kv, ddb_str("words"), 1, NULL, NULL, &err),
         DDB_WRONG_KIND);
    put("words", "5", NULL);
    CODE(ddb_kv_increment(kv, ddb_str("words"), 1, NULL, NULL, &err),
         DDB_WRONG_KIND);
    end();
}
END_TEST

START_TEST(a_sum_stays_within_64_bits)
{
    begin(_i);
    ck_assert_int_eq(add(kv, "edge", INT64_MAX - 1), INT64_MAX - 1);
    ck_assert_int_eq(add(kv, "edge", 1), INT64_MAX);
    CODE(ddb_kv_increment(kv, ddb_str("edge"), 1, NULL, NULL, &err),
         DDB_TOO_LARGE);
    has("edge", "9223372036854775807");
    ck_assert_int_eq(add(kv, "edge", INT64_MIN), -1);
    ck_assert_int_eq(add(kv, "edge", -INT64_MAX), INT64_MIN);
    end();
}
END_TEST

START_TEST(a_counter_keeps_its_expiry)
{
    const ddb_kv_put_options hour = {.ttl = 3600}, day = {.ttl = 86400};
    int64_t sum;

    begin(_i);
    for (int i = 1; i <= 3; i++) {
        OK(ddb_kv_increment(kv, ddb_str("window"), 1, i == 1 ? &hour : &day,
                            &sum, &err));
        ck_assert_int_eq(sum, i);
        ck_assert_int_gt(ttl("window"), 3000);
        ck_assert_int_le(ttl("window"), 3600);
    }
    end();
}
END_TEST

/* ---- touch, ttl --------------------------------------------------------- */

START_TEST(touch_moves_the_expiry_alone)
{
    const ddb_kv_put_options hour = {.ttl = 3600}, day = {.ttl = 86400};
    ddb_kv_entry e;

    begin(_i);
    put("touched", "v", &hour);
    e = get("touched");
    OK(ddb_kv_touch(kv, ddb_str("touched"), &day, &err));
    ck_assert_int_gt(ttl("touched"), 86000);
    ck_assert_int_le(ttl("touched"), 86400);
    has("touched", "v");
    CODE(ddb_kv_replace(kv, &e, ddb_str("w"), NULL, &err),
         DDB_CONDITION_FAILED);
    OK(ddb_kv_touch(kv, ddb_str("touched"), NULL, &err));
    ck_assert_int_eq(ttl("touched"), -1);
    OK(ddb_kv_touch(kv, ddb_str("touched"), &hour, &err));
    ck_assert_int_le(ttl("touched"), 3600);
    ddb_kv_entry_clear(&e);
    end();
}
END_TEST

START_TEST(touch_neither_makes_nor_revives)
{
    const ddb_kv_put_options hour = {.ttl = 3600};
    int64_t left;

    begin(_i);
    CODE(ddb_kv_touch(kv, ddb_str("none"), &hour, &err), DDB_NOT_FOUND);
    CODE(ddb_kv_has(kv, ddb_str("none"), &err), DDB_NOT_FOUND);
    CODE(ddb_kv_ttl(kv, ddb_str("none"), &left, &err), DDB_NOT_FOUND);
    if (layouts[_i].shards == 0) {
        put_item(_i, "none", "old", NULL, 1);
        CODE(ddb_kv_touch(kv, ddb_str("none"), &hour, &err), DDB_NOT_FOUND);
        CODE(ddb_kv_touch(kv, ddb_str("none"), NULL, &err), DDB_NOT_FOUND);
        CODE(ddb_kv_has(kv, ddb_str("none"), &err), DDB_NOT_FOUND);
        CODE(ddb_kv_ttl(kv, ddb_str("none"), &left, &err), DDB_NOT_FOUND);
        put_item(_i, "none", "live", NULL, 0);
        ck_assert_int_eq(ttl("none"), -1);
        OK(ddb_kv_touch(kv, ddb_str("none"), &hour, &err));
        ck_assert_int_le(ttl("none"), 3600);
        has("none", "live");
    }
    end();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("change");
    TCase *tc = tcase_create("change");

    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, make_tables, delete_tables);
    tcase_add_loop_test(tc, a_version_is_replaced_once, 0, LAYOUTS);
    tcase_add_loop_test(tc, an_item_of_another_program_is_replaced_by_its_value,
                        0, LAYOUTS);
    tcase_add_loop_test(tc, a_value_is_popped_once, 0, LAYOUTS);
    tcase_add_loop_test(tc, two_handles_count_together, 0, LAYOUTS);
    tcase_add_loop_test(tc, a_number_of_another_program_is_counted_on, 0,
                        LAYOUTS);
    tcase_add_loop_test(tc, texts_and_bytes_are_not_counted_on, 0, LAYOUTS);
    tcase_add_loop_test(tc, a_sum_stays_within_64_bits, 0, LAYOUTS);
    tcase_add_loop_test(tc, a_counter_keeps_its_expiry, 0, LAYOUTS);
    tcase_add_loop_test(tc, touch_moves_the_expiry_alone, 0, LAYOUTS);
    tcase_add_loop_test(tc, touch_neither_makes_nor_revives, 0, LAYOUTS);
    tcase_add_loop_test(tc, large_values_are_changed_as_they_were_seen, 0, 2);
    tcase_add_test(tc, what_has_expired_is_no_longer_what_was_seen);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    return run_on_server(suite());
}
