/* SPDX-License-Identifier: MIT */
/*
 * What a dict shows, over a real server, DDB_TEST_ENDPOINT, and for every way
 * in which a store can be kept.
 */
#include "stores.h"

#include <pthread.h>
#include <sys/wait.h>
#include <time.h>

/* Each test runs for each of them. */
#define EACH const store *s = &stores[_i]

/* Its ttl is none that the service knows. */
static int is_relative(const store *s)
{
    return s->schema != NULL && s->schema->relative_ttl;
}

static void setup(void)
{
    c = server_open(NULL);
}

static void teardown(void)
{
    server_close(c);
}

/* ---- One key ------------------------------------------------------------ */

START_TEST(ten_namespaces_are_apart)
{
    EACH;
    ddb_kv *kv[10];
    char name[16];

    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "apart%d", i);
        kv[i] = store_open(c, s, name);
        put(s, kv[i], "same", name);
        put(s, kv[i], name, "own");
    }
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "apart%d", i);
        has(s, kv[i], "same", name);
        has(s, kv[i], name, "own");
        is_absent(kv[i], i == 0 ? "apart1" : "apart0");
        ck_assert_int_eq(count(kv[i]), 2);
    }
    OK(ddb_kv_delete(kv[3], ddb_str("same"), &err));
    OK(ddb_kv_clear(kv[4], NULL, &err));
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(count(kv[i]), i == 3 ? 1 : i == 4 ? 0 : 2);
        ddb_kv_close(kv[i]);
    }
}
END_TEST

START_TEST(absent_is_a_result_of_its_own)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "absent");

    put(s, kv, "there", "yes");
    is_absent(kv, "not there");
    CODE(ddb_kv_delete(kv, ddb_str("not there"), &err), DDB_NOT_FOUND);
    CODE(ddb_kv_delete(kv, ddb_str("not there"), NULL), DDB_NOT_FOUND);
    has(s, kv, "there", "yes");
    ck_assert_int_eq(count(kv), 1);
    ddb_kv_close(kv);
}
END_TEST

START_TEST(what_is_absent_can_have_a_default)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "default");
    ddb_kv_entry e = {0};

    OK(ddb_kv_get_or(kv, ddb_str("k"), ddb_str("other"), &e, &err));
    ck_assert_str_eq(e.value.p, "other");
    ck_assert_int_eq(e.updated_at, 0);
    CODE(ddb_kv_replace(kv, &e, ddb_str("x"), NULL, &err), DDB_INVALID);
    CODE(ddb_kv_delete_if(kv, &e, &err), DDB_INVALID);
    is_absent(kv, "k");
    put(s, kv, "k", "own");
    OK(ddb_kv_get_or(kv, ddb_str("k"), ddb_str("other"), &e, &err));
    is_entry(s, &e, "k", "own");
    ddb_kv_entry_clear(&e);
    ddb_kv_close(kv);
}
END_TEST

START_TEST(a_key_is_written_deleted_and_used_again)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "again");

    put(s, kv, "k", "one");
    put(s, kv, "k", "two");
    ck_assert_int_eq(count(kv), 1);
    has(s, kv, "k", "two");
    OK(ddb_kv_delete(kv, ddb_str("k"), &err));
    ck_assert_int_eq(err.maybe_applied, 0);
    is_absent(kv, "k");
    ck_assert_int_eq(count(kv), 0);
    put(s, kv, "k", "three");
    has(s, kv, "k", "three");
    ddb_kv_close(kv);
}
END_TEST

static ddb_code add(const store *s, ddb_kv *kv, const char *key,
                    const char *text)
{
    const ddb_kv_put_options opt = {.kind = s->kind};
    size_t n;
    char *p = store_value(s, text, &n);
    ddb_err e;
    ddb_code code = ddb_kv_add(kv, ddb_str(key), (ddb_bytes){p, n}, &opt, &e);

    free(p);
    return code;
}

START_TEST(add_adds_once)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "add");

    OK(add(s, kv, "k", "one"));
    CODE(add(s, kv, "k", "two"), DDB_CONDITION_FAILED);
    has(s, kv, "k", "one");
    OK(ddb_kv_delete(kv, ddb_str("k"), &err));
    OK(add(s, kv, "k", "three"));
    has(s, kv, "k", "three");
    ddb_kv_close(kv);
}
END_TEST

START_TEST(pop_takes_away_what_it_gives)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "pop");
    ddb_kv_entry e = {0};

    CODE(ddb_kv_pop(kv, ddb_str("k"), &e, &err), DDB_NOT_FOUND);
    fill(s, kv, 3);
    OK(ddb_kv_pop(kv, ddb_str("key1"), &e, &err));
    is_entry(s, &e, "key1", "value1");
    ddb_kv_entry_clear(&e);
    is_absent(kv, "key1");
    CODE(ddb_kv_pop(kv, ddb_str("key1"), &e, &err), DDB_NOT_FOUND);
    ck_assert_ptr_null(e.key.p);
    ck_assert_int_eq(count(kv), 2);
    ddb_kv_close(kv);
}
END_TEST

/* By what a read gave, or by the version that a write told. */
START_TEST(what_was_seen_is_replaced_and_deleted_once)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "seen");
    ddb_kv_entry seen = {0};
    ddb_kv_entry told = {.key = ddb_str("k"), .has_version = 1};
    const ddb_kv_put_options opt = {.kind = s->kind, .version = told.version};
    size_t n[2];
    char *values[2] = {store_value(s, "two", &n[0]),
                       store_value(s, "three", &n[1])};
    const ddb_bytes two = {values[0], n[0]};
    const ddb_bytes three = {values[1], n[1]};

    put(s, kv, "k", "one");
    OK(ddb_kv_get(kv, ddb_str("k"), &seen, &err));
    OK(ddb_kv_replace(kv, &seen, two, &opt, &err));
    has(s, kv, "k", "two");
    CODE(ddb_kv_replace(kv, &seen, three, &opt, &err), DDB_CONDITION_FAILED);
    CODE(ddb_kv_delete_if(kv, &seen, &err), DDB_CONDITION_FAILED);
    has(s, kv, "k", "two");
    OK(ddb_kv_get(kv, ddb_str("k"), &seen, &err));
    memcpy(told.version, seen.version, sizeof told.version);
    OK(ddb_kv_replace(kv, &told, three, &opt, &err));
    has(s, kv, "k", "three");
    OK(ddb_kv_delete_if(kv, &told, &err));
    is_absent(kv, "k");
    CODE(ddb_kv_delete_if(kv, &told, &err), DDB_CONDITION_FAILED);
    CODE(ddb_kv_replace(kv, &told, three, &opt, &err), DDB_CONDITION_FAILED);
    is_absent(kv, "k");
    ddb_kv_entry_clear(&seen);
    ddb_kv_close(kv);
    free(values[0]);
    free(values[1]);
}
END_TEST

START_TEST(counters_count)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "counter");
    ddb_kv_entry e = {0};
    int64_t n;

    put(s, kv, "text", "v");
    if (s->opt.type != DDB_KV_ANY) {
        CODE(ddb_kv_increment(kv, ddb_str("n"), 5, NULL, &n, &err),
             DDB_INVALID);
        is_absent(kv, "n");
    } else {
        OK(ddb_kv_increment(kv, ddb_str("n"), 5, NULL, &n, &err));
        ck_assert_int_eq(n, 5);
        OK(ddb_kv_increment(kv, ddb_str("n"), 37, NULL, &n, &err));
        ck_assert_int_eq(n, 42);
        OK(ddb_kv_increment(kv, ddb_str("n"), -50, NULL, &n, &err));
        ck_assert_int_eq(n, -8);
        OK(ddb_kv_get(kv, ddb_str("n"), &e, &err));
        ck_assert_int_eq(e.kind, DDB_KV_NUMBER);
        ck_assert_str_eq(e.value.p, "-8");
        ddb_kv_entry_clear(&e);
        CODE(ddb_kv_increment(kv, ddb_str("text"), 1, NULL, &n, &err),
             DDB_WRONG_KIND);
    }
    has(s, kv, "text", "v");
    ddb_kv_close(kv);
}
END_TEST

/* bool, time, int and string: JSON is kept to the last byte. */
START_TEST(a_structured_value_comes_back_equal)
{
    static const char object[] =
        "{\"ok\": true, \"at\":1767323045.125,\"n\":-12,\n\"s\":\"\\u00e4 "
        "\xc3\xa4\\n\",\"list\":[[],{},null,false,1e400]}";
    EACH;
    const int array = s->opt.type == DDB_KV_ONLY_ARRAY;
    ddb_kv *kv = store_open(c, s, "structured");
    const ddb_kv_put_options opt = {.kind = s->kind};
    ddb_kv_entry e = {0};
    char text[sizeof object + 2];

    snprintf(text, sizeof text, array ? "[%s]" : "%s", object);
    OK(ddb_kv_put(kv, ddb_str("k"), ddb_str(text), &opt, &err));
    OK(ddb_kv_get(kv, ddb_str("k"), &e, &err));
    ck_assert_uint_eq(e.value.n, strlen(text));
    ck_assert_str_eq(e.value.p, text);
    ddb_kv_entry_clear(&e);
    ddb_kv_close(kv);
}
END_TEST

/* ---- All keys ----------------------------------------------------------- */

/* The listing of a range gives these of key0, key1 ... once each, in order
 * where there is one, with their values. */
static void lists(const store *s, ddb_kv *kv, const ddb_kv_range *range,
                  const char *there, int n)
{
    char seen[MOST] = {0};
    char last[32] = "";
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;

    OK(ddb_kv_iter_open(kv, range, &iter, &err));
    while (ddb_kv_iter_next(iter, &e, &err) == DDB_OK) {
        char key[32];
        char text[32];
        int i;

        ck_assert_uint_gt(e->key.n, 3);
        ck_assert_uint_lt(e->key.n, sizeof key);
        memcpy(key, e->key.p, e->key.n);
        key[e->key.n] = '\0';
        i = atoi(key + 3);
        ck_assert_int_lt(i, n);
        ck_assert_int_eq(seen[i]++, 0);
        snprintf(text, sizeof text, "value%d", i);
        if (range != NULL && range->keys_only)
            ck_assert_ptr_null(e->value.p);
        else
            is_entry(s, e, key, text);
        if (!s->key_only && last[0] != '\0')
            ck_assert_int_eq(strcmp(last, key) < 0,
                             range == NULL || !range->reverse);
        memcpy(last, key, sizeof last);
    }
    ck_assert_msg(err.code == DDB_NOT_FOUND, "%s", err.message);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(seen[i], there == NULL || there[i] == '+');
    ddb_kv_iter_close(iter);
}

START_TEST(each_key_comes_once_with_its_value)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "once");
    ddb_kv_iter *iter;

    fill(s, kv, 50);
    lists(s, kv, NULL, NULL, 50);
    lists(s, kv, &(ddb_kv_range){.keys_only = 1}, NULL, 50);
    if (s->key_only) {
        CODE(ddb_kv_iter_open(kv, &(ddb_kv_range){.reverse = 1}, &iter, &err),
             DDB_UNORDERED);
    } else {
        lists(s, kv, &(ddb_kv_range){.reverse = 1}, NULL, 50);
        lists(s, kv, &(ddb_kv_range){.reverse = 1, .keys_only = 1}, NULL, 50);
    }
    ck_assert_int_eq(count(kv), 50);
    ddb_kv_close(kv);
}
END_TEST

START_TEST(prefix_and_limit_hold)
{
    static const char ones[] = "-+--------++++++++++";
    EACH;
    ddb_kv *kv = store_open(c, s, "prefix");
    ddb_kv_range range = {.prefix = ddb_str("key1")};
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    int64_t n;

    fill(s, kv, 20);
    OK(ddb_kv_count(kv, &range, &n, &err));
    ck_assert_int_eq(n, 11);
    lists(s, kv, &range, ones, 20);
    range.limit = 4;
    OK(ddb_kv_iter_open(kv, &range, &iter, &err));
    for (int i = 0; i < 4; i++)
        OK(ddb_kv_iter_next(iter, &e, &err));
    CODE(ddb_kv_iter_next(iter, &e, &err), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
    range = (ddb_kv_range){.prefix = ddb_str("none")};
    OK(ddb_kv_count(kv, &range, &n, &err));
    ck_assert_int_eq(n, 0);
    ddb_kv_close(kv);
}
END_TEST

/* Some at a time, each time by another handle. */
START_TEST(a_cursor_goes_on_where_it_was)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "cursor");
    char seen[20] = {0};
    char *cursor = NULL;
    ddb_code code;

    fill(s, kv, 20);
    do {
        ddb_kv_range range = {.cursor = cursor, .keys_only = 1};
        ddb_kv *other = store_open(c, s, "cursor");
        ddb_kv_iter *iter;
        const ddb_kv_entry *e;

        OK(ddb_kv_iter_open(other, &range, &iter, &err));
        ddb_free(cursor);
        for (int i = 0; i < 7; i++) {
            code = ddb_kv_iter_next(iter, &e, &err);
            if (code != DDB_OK)
                break;
            ck_assert_int_eq(seen[atoi((const char *)e->key.p + 3)]++, 0);
        }
        cursor = NULL;
        code = ddb_kv_iter_cursor(iter, &cursor, &err);
        ck_assert(code == DDB_OK || code == DDB_NOT_FOUND);
        ddb_kv_iter_close(iter);
        ddb_kv_close(other);
    } while (code == DDB_OK);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(seen[i], 1);
    ddb_kv_close(kv);
}
END_TEST

START_TEST(deleting_5_of_20_leaves_15)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "twenty");
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;

    fill(s, kv, 20);
    OK(ddb_kv_iter_open(kv, NULL, &iter, &err));
    while (ddb_kv_iter_next(iter, &e, &err) == DDB_OK)
        if (atoi((const char *)e->key.p + 3) % 4 == 0)
            OK(ddb_kv_delete(kv, e->key, &err));
    CODE(err.code, DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
    ck_assert_int_eq(count(kv), 15);
    lists(s, kv, NULL, "-+++-+++-+++-+++-+++", 20);
    is_absent(kv, "key4");
    ddb_kv_close(kv);
}
END_TEST

START_TEST(gets_and_deletes_many_some_of_which_are_not_there)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "bulk");
    ddb_bytes keys[130];
    ddb_kv_entry entries[130] = {{.memory = NULL}};
    char names[130][16];
    unsigned char left[130];

    fill(s, kv, 20);
    for (int i = 0; i < 130; i++) {
        snprintf(names[i], sizeof names[i], "key%d", i + 10);
        keys[i] = ddb_str(names[i]);
    }
    OK(ddb_kv_get_many(kv, keys, 130, entries, NULL, &err));
    for (int i = 0; i < 130; i++) {
        char text[16];

        snprintf(text, sizeof text, "value%d", i + 10);
        if (i < 10)
            is_entry(s, &entries[i], names[i], text);
        else
            ck_assert_ptr_null(entries[i].key.p);
        ddb_kv_entry_clear(&entries[i]);
    }
    OK(ddb_kv_delete_many(kv, keys, 0, NULL, &err));
    ck_assert_int_eq(count(kv), 20);
    OK(ddb_kv_delete_many(kv, keys, 130, left, &err));
    for (int i = 0; i < 130; i++)
        ck_assert_int_eq(left[i], 0);
    ck_assert_int_eq(count(kv), 10);
    lists(s, kv, NULL, "++++++++++", 10);
    ddb_kv_close(kv);
}
END_TEST

START_TEST(clear_empties_for_every_handle)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "clear");
    ddb_kv *other = store_open(c, s, "clear");
    ddb_kv *neighbour = store_open(c, s, "clear2");
    int64_t removed;

    OK(ddb_kv_clear(kv, &removed, &err));
    ck_assert_int_eq(removed, 0);
    fill(s, kv, 7);
    put(s, neighbour, "k", "v");
    ck_assert_int_eq(count(other), 7);
    OK(ddb_kv_clear(other, &removed, &err));
    ck_assert_int_eq(removed, 7);
    ck_assert_int_eq(count(kv), 0);
    ck_assert_int_eq(count(other), 0);
    is_absent(kv, "key0");
    has(s, neighbour, "k", "v");
    put(s, kv, "k", "new");
    has(s, other, "k", "new");
    ddb_kv_close(kv);
    ddb_kv_close(other);
    ddb_kv_close(neighbour);
}
END_TEST

START_TEST(two_handles_see_the_same)
{
    EACH;
    ddb_client *second = server_open(NULL);
    ddb_kv *kv = store_open(c, s, "two");
    ddb_kv *other = store_open(second, s, "two");

    put(s, kv, "a", "one");
    has(s, other, "a", "one");
    put(s, other, "b", "two");
    has(s, kv, "b", "two");
    put(s, other, "a", "three");
    has(s, kv, "a", "three");
    ck_assert_int_eq(count(kv), 2);
    ck_assert_int_eq(count(other), 2);
    ddb_kv_close(kv);
    ddb_kv_close(other);
    server_close(second);
}
END_TEST

/* As text, each key a line. */
START_TEST(a_dump_names_every_key)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "dump");
    const ddb_kv_range keys = {.keys_only = 1};
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    char dump[MOST * 16] = "\n";
    size_t at = 1;

    fill(s, kv, 30);
    OK(ddb_kv_iter_open(kv, &keys, &iter, &err));
    while (ddb_kv_iter_next(iter, &e, &err) == DDB_OK)
        at += (size_t)snprintf(dump + at, sizeof dump - at, "%.*s\n",
                               (int)e->key.n, (const char *)e->key.p);
    ddb_kv_iter_close(iter);
    for (int i = 0; i < 30; i++) {
        char line[16];

        snprintf(line, sizeof line, "\nkey%d\n", i);
        ck_assert_ptr_nonnull(strstr(dump, line));
    }
    ddb_kv_close(kv);
}
END_TEST

/* What "if store:" asks for: one key at most. */
static int has_any(ddb_kv *kv)
{
    const ddb_kv_range one = {.limit = 1, .keys_only = 1};
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    ddb_code code;

    OK(ddb_kv_iter_open(kv, &one, &iter, &err));
    code = ddb_kv_iter_next(iter, &e, &err);
    ddb_kv_iter_close(iter);
    ck_assert(code == DDB_OK || code == DDB_NOT_FOUND);
    return code == DDB_OK;
}

START_TEST(an_empty_store_is_false_one_with_an_entry_is_not)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "empty");

    ck_assert_int_eq(has_any(kv), 0);
    put(s, kv, "k", "v");
    ck_assert_int_eq(has_any(kv), 1);
    OK(ddb_kv_delete(kv, ddb_str("k"), &err));
    ck_assert_int_eq(has_any(kv), 0);
    ddb_kv_close(kv);
}
END_TEST

START_TEST(an_estimate_is_no_less_than_nothing)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "estimate");
    int64_t n;

    fill(s, kv, 20);
    OK(ddb_kv_estimate(kv, &n, &err));
    ck_assert_int_ge(n, server_in_process() ? 20 : 0);
    ddb_kv_close(kv);
}
END_TEST

/* ---- Expiry ------------------------------------------------------------- */

/* The item itself, as JSON; NULL: it is not in the table.  Where it has other
 * names it is found by them too. */
static char *stored(const store *s, const char *name, const char *key)
{
    const ddb_kv_schema *schema = s->schema;
    const char *n =
        schema && schema->name_space ? schema->name_space : "namespace";
    const char *k = schema && schema->key ? schema->key : "key";
    ddb_item *id = ddb_item_new();
    ddb_item *it = NULL;
    store_place place;
    ddb_get_item_in in = {
        .table = place.table, .key = id, .consistent_read = 1};
    char *text = NULL;
    ddb_code code;

    store_find(s, name, &place);
    for (int shard = 0; shard < (s->opt.shards > 0 ? s->opt.shards : 1);
         shard++) {
        char partition[64];

        snprintf(partition, sizeof partition,
                 s->opt.shards > 0 ? "%s#%04d" : "%s", name, shard);
        ddb_item_clear(id);
        if (!s->key_only)
            ddb_item_set_s(id, n, partition);
        ddb_item_set_s(id, k, key);
        code = ddb_get_item(c, &in, &it, &err);
        ck_assert(code == DDB_OK || code == DDB_NOT_FOUND);
        if (code == DDB_OK)
            break;
    }
    if (it != NULL)
        OK(ddb_item_format(it, &text, NULL, &err));
    ddb_item_free(it);
    ddb_item_free(id);
    return text;
}

START_TEST(an_entry_that_expires_has_a_number_for_it)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "epoch");
    const int64_t now = time(NULL);
    const ddb_kv_put_options opt = {.kind = s->kind, .expires_at = now + 500};
    const ddb_kv_schema *schema = s->schema;
    size_t n;
    char *value = store_value(s, "v", &n);
    char *text;
    const char *at;
    char ttl[64];

    OK(ddb_kv_put(kv, ddb_str("mortal"), (ddb_bytes){value, n}, &opt, &err));
    put(s, kv, "immortal", "v");
    snprintf(ttl, sizeof ttl, "\"%s\":{\"N\":\"",
             schema != NULL && schema->ttl != NULL ? schema->ttl : "ttl");
    text = stored(s, "epoch", "mortal");
    ck_assert_ptr_nonnull(text);
    ck_assert_msg((at = strstr(text, ttl)) != NULL, "no %s in %s", ttl, text);
    if (is_relative(s))
        ck_assert_int_ge(atoll(at + strlen(ttl)), 499 - 5);
    else
        ck_assert_int_eq(atoll(at + strlen(ttl)), now + 500);
    ddb_free(text);
    text = stored(s, "epoch", "immortal");
    ck_assert_ptr_nonnull(text);
    at = strstr(text, ttl);
    ck_assert(at == NULL || (is_relative(s) && at[strlen(ttl)] == '0'));
    ddb_free(text);
    free(value);
    ddb_kv_close(kv);
}
END_TEST

/* Relative, absolute and never; and clearing takes away what has expired and
 * nothing else. */
START_TEST(what_has_expired_is_not_there)
{
    EACH;
    ddb_client *client = server_open(
        &(ddb_options){.now = server_now, .no_clock_correction = 1});
    ddb_kv *kv = store_open(client, s, "expiry");
    const ddb_kv_put_options limits[] = {
        {.kind = s->kind, .ttl = 30},
        {.kind = s->kind, .expires_at = (int64_t)time(NULL) + 40},
        {.kind = s->kind, .ttl = 3600},
        {.kind = s->kind}};
    ddb_bytes names[] = {ddb_str("relative"), ddb_str("absolute"),
                         ddb_str("later"), ddb_str("never")};
    ddb_kv_entry e[4] = {{.memory = NULL}};
    size_t n;
    char *value = store_value(s, "v", &n);
    char *text;
    int64_t removed;

    for (int i = 0; i < 4; i++)
        OK(ddb_kv_put(kv, names[i], (ddb_bytes){value, n}, &limits[i], &err));
    OK(ddb_kv_get_many(kv, names, 4, e, NULL, &err));
    for (int i = 0; i < 4; i++) {
        is_entry(s, &e[i], names[i].p, "v");
        ck_assert_int_eq(e[i].expires_at != 0, i < 3);
        ddb_kv_entry_clear(&e[i]);
    }
    server_ahead = 60;
    is_absent(kv, "relative");
    is_absent(kv, "absolute");
    has(s, kv, "later", "v");
    has(s, kv, "never", "v");
    ck_assert_int_eq(count(kv), 2);
    OK(ddb_kv_get_many(kv, names, 4, e, NULL, &err));
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(e[i].key.p != NULL, i >= 2);
        ddb_kv_entry_clear(&e[i]);
    }
    CODE(ddb_kv_delete(kv, names[0], &err), DDB_NOT_FOUND);
    OK(add(s, kv, "relative", "new"));
    has(s, kv, "relative", "new");
    OK(ddb_kv_clear_expired(kv, &removed, &err));
    if (!server_in_process()) /* which does it itself, as the service */
        ck_assert_int_eq(removed, 1);
    text = stored(s, "expiry", "absolute");
    ck_assert_ptr_null(text);
    ck_assert_int_eq(count(kv), 3);
    OK(ddb_kv_clear_expired(kv, &removed, &err));
    ck_assert_int_eq(removed, 0);
    server_ahead = 0;
    ddb_kv_close(kv);
    server_close(client);
    free(value);
}
END_TEST

/* Another expiry, for what is there and has not expired. */
START_TEST(touch_changes_when_it_expires)
{
    EACH;
    ddb_client *client = server_open(
        &(ddb_options){.now = server_now, .no_clock_correction = 1});
    ddb_kv *kv = store_open(client, s, "touch");
    const ddb_kv_put_options ttl = {.ttl = 100};
    int64_t left;

    CODE(ddb_kv_touch(kv, ddb_str("k"), &ttl, &err), DDB_NOT_FOUND);
    CODE(ddb_kv_ttl(kv, ddb_str("k"), &left, &err), DDB_NOT_FOUND);
    is_absent(kv, "k");
    put(s, kv, "k", "v");
    OK(ddb_kv_ttl(kv, ddb_str("k"), &left, &err));
    ck_assert_int_eq(left, -1);
    OK(ddb_kv_touch(kv, ddb_str("k"), &ttl, &err));
    OK(ddb_kv_ttl(kv, ddb_str("k"), &left, &err));
    ck_assert_int_ge(left, 90);
    ck_assert_int_le(left, 100);
    OK(ddb_kv_touch(kv, ddb_str("k"), NULL, &err));
    OK(ddb_kv_ttl(kv, ddb_str("k"), &left, &err));
    ck_assert_int_eq(left, -1);
    OK(ddb_kv_touch(kv, ddb_str("k"), &ttl, &err));
    has(s, kv, "k", "v");
    server_ahead = 110;
    CODE(ddb_kv_touch(kv, ddb_str("k"), NULL, &err), DDB_NOT_FOUND);
    CODE(ddb_kv_ttl(kv, ddb_str("k"), &left, &err), DDB_NOT_FOUND);
    is_absent(kv, "k");
    server_ahead = 0;
    ddb_kv_close(kv);
    server_close(client);
}
END_TEST

/* ---- Opening ------------------------------------------------------------ */

START_TEST(open_makes_no_table_unless_told_to)
{
    EACH;
    store_place place;
    ddb_kv *kv;

    store_find(s, "missing", &place);
    snprintf(place.table, sizeof place.table, "%smissing_%d", tables, _i);
    place.opt.check = 1;
    CODE(store_open_at(c, s, &place, &kv, &err), DDB_NO_TABLE);
    ck_assert_ptr_null(kv);
    CODE(ddb_describe_table(c, place.table, &(ddb_table_info){0}, &err),
         DDB_NO_TABLE);
    place.opt.create = 1;
    for (int i = 0; i < 3; i++) { /* and its TTL is switched on once */
        OK(store_open_at(c, s, &place, &kv, &err));
        ck_assert_int_eq(ddb_kv_warning(kv) != NULL,
                         !is_relative(s) && server_differs(TIME_TO_LIVE));
        ddb_kv_close(kv);
    }
    place.opt.create = 0;
    OK(store_open_at(c, s, &place, &kv, &err));
    ddb_kv_close(kv);
}
END_TEST

START_TEST(a_table_of_other_keys_is_refused)
{
    EACH;
    store_place place;
    ddb_create_table_in in = {.table = place.table,
                              .partition_key = {"id", DDB_N}};
    ddb_kv *kv;

    store_find(s, "other", &place);
    snprintf(place.table, sizeof place.table, "%sother_%d", tables, _i);
    OK(ddb_create_table(c, &in, NULL, &err));
    OK(ddb_wait_table_exists(c, place.table, 0, &err));
    for (int i = 0; i < 2; i++) {
        place.opt.check = i == 0;
        place.opt.create = i == 1;
        CODE(store_open_at(c, s, &place, &kv, &err), DDB_INVALID);
        ck_assert_ptr_null(kv);
        ck_assert_ptr_nonnull(strstr(err.message, "\"id\" (N)"));
    }
}
END_TEST

START_TEST(a_table_with_its_ttl_elsewhere_is_refused)
{
    EACH;
    store_place place;
    ddb_kv_options before;
    ddb_kv_schema elsewhere = {.ttl = "another", .key_only = s->key_only};
    ddb_kv *kv;

    if (s->schema != NULL) {
        elsewhere.name_space = s->schema->name_space;
        elsewhere.key = s->schema->key;
    }
    store_find(s, "ttl", &place);
    snprintf(place.table, sizeof place.table, "%sttl_%d", tables, _i);
    place.opt.create = 1;
    before = (ddb_kv_options){.table = place.table,
                              .name_space = place.opt.name_space,
                              .schema = &elsewhere,
                              .create = 1};
    OK(ddb_kv_open(c, &before, &kv, &err));
    ddb_kv_close(kv);
    CODE(store_open_at(c, s, &place, &kv, &err),
         is_relative(s) || server_differs(TIME_TO_LIVE) ? DDB_OK : DDB_INVALID);
    ddb_kv_close(kv);
    place.opt.no_ttl = 1;
    OK(store_open_at(c, s, &place, &kv, &err));
    ddb_kv_close(kv);
}
END_TEST

/* What the client was opened with holds for its stores: a place where nobody
 * listens, a clock of its own. */
START_TEST(the_clients_options_hold_for_the_store)
{
    EACH;
    const ddb_options nowhere = {.endpoint = "http://127.0.0.1:1",
                                 .region = "us-east-1",
                                 .access_key_id = "AKIDEXAMPLE",
                                 .secret_access_key = "x",
                                 .max_attempts = 1};
    ddb_client *other;
    store_place place;
    ddb_kv_entry e = {0};
    ddb_kv *kv;

    store_find(s, "nowhere", &place);
    place.opt.create = 1;
    OK(ddb_client_open(&nowhere, &other, &err));
    CODE(store_open_at(other, s, &place, &kv, &err), DDB_NETWORK);
    ck_assert_ptr_null(kv);
    ddb_client_close(other);

    other = server_open(
        &(ddb_options){.now = server_now, .no_clock_correction = 1});
    server_ahead = 100;
    kv = store_open(other, s, "clock");
    put(s, kv, "k", "v");
    OK(ddb_kv_get(kv, ddb_str("k"), &e, &err));
    ck_assert_int_ge(e.updated_at, time(NULL) + 90);
    ddb_kv_entry_clear(&e);
    server_ahead = 0;
    ddb_kv_close(kv);
    server_close(other);
}
END_TEST

/* ---- Many at work ------------------------------------------------------- */

#define THREADS 10
#define WRITES 80

/* A slow server has them all for the plain store alone. */
static int writes_each(const store *s, int all)
{
    return s != stores && server_differs(SLOW) ? 16 : all;
}

typedef struct {
    const store *store;
    const char *name;
    ddb_client *client;
    int id;
    int writes;
    int failed;
    int added;
} worker;

/* Its own keys, of which it takes every fourth away again, and in between the
 * keys that all of them want to add, and one number to which they all add. */
static void *work(void *arg)
{
    worker *w = arg;
    const store *s = w->store;
    const ddb_kv_put_options opt = {.kind = s->kind};
    store_place place;
    ddb_kv *kv = NULL;
    ddb_err e;
    char key[32];
    char shared[32];

    store_find(s, w->name, &place);
    w->failed = store_open_at(w->client, s, &place, &kv, &e) != DDB_OK;
    for (int i = 0; i < w->writes && !w->failed; i++) {
        size_t n;
        char *value;
        ddb_code code;

        snprintf(key, sizeof key, "%d-%d", w->id, i);
        snprintf(shared, sizeof shared, "shared-%d", i / 8);
        value = store_value(s, key, &n);
        code = ddb_kv_put(kv, ddb_str(key), (ddb_bytes){value, n}, &opt, &e);
        if (code == DDB_OK && i % 4 == 3)
            code = ddb_kv_delete(kv, ddb_str(key), &e);
        free(value);
        w->failed = code != DDB_OK;
        if (i % 8 == 0 && (code = add(s, kv, shared, shared)) == DDB_OK)
            w->added++;
        w->failed |= code != DDB_OK && code != DDB_CONDITION_FAILED;
        if (i % 8 == 0 && s->opt.type == DDB_KV_ANY)
            w->failed |= ddb_kv_increment(kv, ddb_str("number"), 1, NULL, NULL,
                                          &e) != DDB_OK;
    }
    ddb_kv_close(kv);
    return NULL;
}

/* What so many workers leave behind. */
static void is_all_there(const store *s, ddb_kv *kv, int workers, int writes)
{
    char key[32];

    const int counts = s->opt.type == DDB_KV_ANY;
    int64_t n;

    ck_assert_int_eq(count(kv), workers * writes * 3 / 4 + writes / 8 + counts);
    if (counts) {
        OK(ddb_kv_increment(kv, ddb_str("number"), 0, NULL, &n, &err));
        ck_assert_int_le(n, workers * writes / 8);
        if (!server_differs(NOT_ATOMIC))
            ck_assert_int_eq(n, workers * writes / 8);
    }
    for (int id = 0; id < workers; id++)
        for (int i = 0; i < writes; i++) {
            snprintf(key, sizeof key, "%d-%d", id, i);
            if (i % 4 == 3)
                is_absent(kv, key);
            else
                has(s, kv, key, key);
        }
    for (int i = 0; i < writes / 8; i++) {
        snprintf(key, sizeof key, "shared-%d", i);
        has(s, kv, key, key);
    }
}

static void is_added_once(int added, int keys)
{
    ck_assert_int_ge(added, keys);
    if (!server_differs(NOT_ATOMIC))
        ck_assert_int_eq(added, keys);
}

START_TEST(writes_800_from_10_threads)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "threads");
    pthread_t threads[THREADS];
    worker workers[THREADS];
    const int writes = writes_each(s, WRITES);
    int added = 0;

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.store = s,
                              .name = "threads",
                              .client = c,
                              .id = i,
                              .writes = writes};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &workers[i]),
                         0);
    }
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_int_eq(workers[i].failed, 0);
        added += workers[i].added;
    }
    is_added_once(added, writes / 8);
    is_all_there(s, kv, THREADS, writes);
    ddb_kv_close(kv);
}
END_TEST

#define PROCESSES 4
#define THREADS_EACH 2
#define WRITES_EACH 40

/* In a process of its own: tells by its exit status how many of the shared
 * keys it has added; 255: something failed. */
static int process(const store *s, int id)
{
    ddb_client *client = server_open(NULL);
    pthread_t threads[THREADS_EACH];
    worker workers[THREADS_EACH];
    int added = 0;

    for (int i = 0; i < THREADS_EACH; i++) {
        workers[i] = (worker){.store = s,
                              .name = "processes",
                              .client = client,
                              .id = id * THREADS_EACH + i,
                              .writes = writes_each(s, WRITES_EACH)};
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            return 255;
    }
    for (int i = 0; i < THREADS_EACH; i++) {
        pthread_join(threads[i], NULL);
        if (workers[i].failed)
            return 255;
        added += workers[i].added;
    }
    server_close(client);
    return added;
}

START_TEST(processes_lose_nothing)
{
    EACH;
    ddb_kv *kv = store_open(c, s, "processes");
    pid_t children[PROCESSES];
    const int writes = writes_each(s, WRITES_EACH);
    int added = 0;
    int status;

    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0)
            _exit(process(s, i));
    }
    for (int i = 0; i < PROCESSES; i++) {
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert(WIFEXITED(status));
        ck_assert_int_ne(WEXITSTATUS(status), 255);
        added += WEXITSTATUS(status);
    }
    is_added_once(added, writes / 8);
    is_all_there(s, kv, PROCESSES * THREADS_EACH, writes);
    ddb_kv_close(kv);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("e2e_dict");
    TCase *tc = tcase_create("dict");

    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, stores_name_tables, stores_delete_tables);
    tcase_add_checked_fixture(tc, setup, teardown);
#define ADD(test) tcase_add_loop_test(tc, test, 0, N_STORES)
    ADD(ten_namespaces_are_apart);
    ADD(absent_is_a_result_of_its_own);
    ADD(what_is_absent_can_have_a_default);
    ADD(a_key_is_written_deleted_and_used_again);
    ADD(add_adds_once);
    ADD(pop_takes_away_what_it_gives);
    ADD(what_was_seen_is_replaced_and_deleted_once);
    ADD(counters_count);
    ADD(a_structured_value_comes_back_equal);
    ADD(each_key_comes_once_with_its_value);
    ADD(prefix_and_limit_hold);
    ADD(a_cursor_goes_on_where_it_was);
    ADD(deleting_5_of_20_leaves_15);
    ADD(gets_and_deletes_many_some_of_which_are_not_there);
    ADD(clear_empties_for_every_handle);
    ADD(two_handles_see_the_same);
    ADD(a_dump_names_every_key);
    ADD(an_empty_store_is_false_one_with_an_entry_is_not);
    ADD(an_estimate_is_no_less_than_nothing);
    ADD(an_entry_that_expires_has_a_number_for_it);
    ADD(what_has_expired_is_not_there);
    ADD(touch_changes_when_it_expires);
    ADD(open_makes_no_table_unless_told_to);
    ADD(a_table_of_other_keys_is_refused);
    ADD(a_table_with_its_ttl_elsewhere_is_refused);
    ADD(the_clients_options_hold_for_the_store);
    ADD(writes_800_from_10_threads);
    if (!server_in_memory()) /* which is of one process */
        ADD(processes_lose_nothing);
#undef ADD
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    return run_on_server(suite());
}
