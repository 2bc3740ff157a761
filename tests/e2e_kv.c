/* SPDX-License-Identifier: MIT */
/*
 * The store over a real server, DDB_TEST_ENDPOINT: keys of every kind, values
 * of every size, namespaces of several pages, any range; what a dict shows
 * beside is in e2e_dict.c.  It makes a table of its own and deletes it in the
 * end.
 */
#include "kvtable.h"
#include "rng.h"

#include <ddb/kv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- Help --------------------------------------------------------------- */

static ddb_kv *open_kv(ddb_client *client, const char *name_space)
{
    const ddb_kv_options opt = {.table = table, .name_space = name_space};
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

/* It is there with this value, and knows its key. */
static void has_value(ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                      ddb_kv_kind kind)
{
    ddb_kv_entry e = {0};

    OK(ddb_kv_get(kv, key, &e, &err));
    ck_assert_uint_eq(e.key.n, key.n);
    ck_assert_mem_eq(e.key.p, key.p, key.n);
    ck_assert_int_eq(e.kind, kind);
    ck_assert_uint_eq(e.value.n, value.n);
    if (value.n > 0)
        ck_assert_mem_eq(e.value.p, value.p, value.n);
    ck_assert_int_eq(e.has_version, 1);
    ck_assert_int_gt(e.updated_at, 0);
    ddb_kv_entry_clear(&e);
    OK(ddb_kv_has(kv, key, &err));
}

static void has_text(ddb_kv *kv, const char *key, const char *value)
{
    has_value(kv, ddb_str(key), ddb_str(value), DDB_KV_TEXT);
}

static void is_absent(ddb_kv *kv, const char *key)
{
    ddb_kv_entry e = {0};

    CODE(ddb_kv_get(kv, ddb_str(key), &e, &err), DDB_NOT_FOUND);
    CODE(ddb_kv_has(kv, ddb_str(key), &err), DDB_NOT_FOUND);
}

static int64_t count(ddb_kv *kv)
{
    int64_t n;

    OK(ddb_kv_count(kv, NULL, &n, &err));
    return n;
}

/* ---- Keys and values ---------------------------------------------------- */

START_TEST(versions_differ_from_write_to_write)
{
    ddb_kv *kv = open_kv(c, "version");
    ddb_kv_entry a = {0};
    ddb_kv_entry b = {0};

    put(kv, "k", "same");
    OK(ddb_kv_get(kv, ddb_str("k"), &a, &err));
    put(kv, "k", "same");
    OK(ddb_kv_get(kv, ddb_str("k"), &b, &err));
    ck_assert_mem_ne(a.version, b.version, sizeof a.version);
    ddb_kv_entry_clear(&a);
    ddb_kv_entry_clear(&b);
    ddb_kv_close(kv);
}
END_TEST

static const struct {
    const char *p;
    size_t n;
} keys[] = {
#define K(text)                                                                \
    {                                                                          \
        text, sizeof text - 1                                                  \
    }
    K("a"),
    K(" "),
    K("  leading and trailing  "),
    K("\""),
    K("\\"),
    K("\\u0041"),
    K("a/b?c=d&e#f%20"),
    K("{\"S\":\"x\"}"),
    K("\x01\x02\t\n\r\x1f\x7f"),
    K("a\0b"),
    K("\0"),
    K("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"),
    K("\xce\xb1\xce\xb2\xce\xb3"),
    K("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"),
    K("\xf0\x9f\x98\x80\xf0\x9f\x8f\xbd"),
    K("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd8\xb3"),
    K("e\xcc\x81"), /* not composed: another key than the next one */
    K("\xc3\xa9"),
    K("\xef\xbb\xbf"), /* a byte order mark */
    K("\xe2\x80\xa8"), /* line separator */
    K("\xef\xbf\xbd"),
    K("\xef\xbf\xbf"),
    K("\xed\x9f\xbf"), /* the last before the surrogates */
    K("\xf4\x8f\xbf\xbf"),
    K("\xc2\x80"),
    K("value"),
    K("#k"),
    K(":now"),
    K("null"),
    K("__proto__"),
#undef K
};

#define N_KEYS (sizeof keys / sizeof keys[0])

START_TEST(keys_are_any_text)
{
    ddb_kv *kv = open_kv(c, "keys \xc3\xa4\xf0\x9f\x98\x80");
    char longest[1024];
    ddb_bytes long_key = {longest, sizeof longest};
    unsigned found = 0;
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;

    memset(longest, 'x', sizeof longest);
    OK(ddb_kv_put(kv, long_key, long_key, NULL, &err));
    for (size_t i = 0; i < N_KEYS; i++) {
        ddb_bytes key = {keys[i].p, keys[i].n};

        OK(ddb_kv_add(kv, key, key, NULL, &err));
    }
    ck_assert_int_eq(count(kv), (int64_t)N_KEYS + 1);
    for (size_t i = 0; i < N_KEYS; i++) {
        ddb_bytes key = {keys[i].p, keys[i].n};

        has_value(kv, key, key, DDB_KV_BYTES);
    }
    has_value(kv, long_key, long_key, DDB_KV_BYTES);
    OK(ddb_kv_iter_open(kv, NULL, &iter, &err));
    while (ddb_kv_iter_next(iter, &e, &err) == DDB_OK) {
        ck_assert_uint_eq(e->key.n, e->value.n);
        ck_assert_mem_eq(e->key.p, e->value.p, e->key.n);
        found++;
    }
    ck_assert_uint_eq(found, N_KEYS + 1);
    ddb_kv_iter_close(iter);
    for (size_t i = 0; i < N_KEYS; i++)
        OK(ddb_kv_delete(kv, (ddb_bytes){keys[i].p, keys[i].n}, &err));
    ck_assert_int_eq(count(kv), 1);
    ddb_kv_close(kv);
}
END_TEST

static const struct {
    size_t n;
    ddb_kv_kind kind;
} values[] = {
    {1, DDB_KV_TEXT},      {1, DDB_KV_BYTES},      {100, DDB_KV_TEXT},
    {100, DDB_KV_BYTES},   {4096, DDB_KV_TEXT},    {4097, DDB_KV_BYTES},
    {409500, DDB_KV_TEXT}, {409500, DDB_KV_BYTES},
};

START_TEST(values_come_back_as_they_were)
{
    ddb_kv *kv = open_kv(c, "values");
    ddb_kv_put_options opt = {.kind = values[_i].kind};
    size_t n = values[_i].n;
    unsigned char *p = malloc(n);
    rng r = {.state = 17};

    for (size_t i = 0; i < n; i++) /* text: all that needs an escape, too */
        p[i] =
            (unsigned char)rng_below(&r, opt.kind == DDB_KV_TEXT ? 128 : 256);
    if (n > 400000 && server_differs(ITEM_SIZE)) {
        CODE(ddb_kv_put(kv, ddb_str("k"), (ddb_bytes){p, n}, &opt, &err),
             DDB_TOO_LARGE);
        n = 200000;
    }
    OK(ddb_kv_put(kv, ddb_str("k"), (ddb_bytes){p, n}, &opt, &err));
    has_value(kv, ddb_str("k"), (ddb_bytes){p, n}, opt.kind);
    ddb_kv_close(kv);
    free(p);
}
END_TEST

START_TEST(a_value_that_is_too_large_is_not_sent)
{
    ddb_kv *kv = open_kv(c, "large");
    size_t n = 409600;
    char *p = calloc(1, n);

    CODE(ddb_kv_put(kv, ddb_str("k"), (ddb_bytes){p, n}, NULL, &err),
         DDB_TOO_LARGE);
    ck_assert_int_eq(err.http_status, 0);
    is_absent(kv, "k");
    ddb_kv_close(kv);
    free(p);
}
END_TEST

static const struct {
    const char *put;
    const char *got;
} numbers[] = {
    {"0", "0"},
    {"-1", "-1"},
    {"00042", "42"},
    {"1.50", "1.5"},
    {"12345678901234567890123456789012345678",
     "12345678901234567890123456789012345678"},
    {"-0.00000000000000000000000000000000000001",
     "-0.00000000000000000000000000000000000001"},
};

START_TEST(numbers_are_kept_to_the_last_digit)
{
    ddb_kv *kv = open_kv(c, "numbers");
    const ddb_kv_put_options opt = {.kind = DDB_KV_NUMBER};

    OK(ddb_kv_put(kv, ddb_str("k"), ddb_str(numbers[_i].put), &opt, &err));
    has_value(kv, ddb_str("k"), ddb_str(numbers[_i].got), DDB_KV_NUMBER);
    ddb_kv_close(kv);
}
END_TEST

START_TEST(large_values_in_batches)
{
    enum { N = 30 };
    ddb_kv *kv = open_kv(c, "large batch");
    size_t size = 300000;
    char *p = malloc(size * N);
    ddb_kv_pair pairs[N] = {{.left = 0}};
    ddb_bytes names[N];
    ddb_kv_entry entries[N] = {{.memory = NULL}};
    char key[N][8];
    rng r = {.state = 23};

    for (size_t i = 0; i < size * N; i++)
        p[i] = (char)rng_below(&r, 256);
    for (int i = 0; i < N; i++) {
        snprintf(key[i], sizeof key[i], "k%02d", i);
        names[i] = pairs[i].key = ddb_str(key[i]);
        pairs[i].value = (ddb_bytes){p + size * (size_t)i, size};
    }
    OK(ddb_kv_put_many(kv, pairs, N, &err));
    OK(ddb_kv_get_many(kv, names, N, entries, NULL, &err));
    for (int i = 0; i < N; i++) {
        ck_assert_uint_eq(entries[i].value.n, size);
        ck_assert_mem_eq(entries[i].value.p, pairs[i].value.p, size);
        ddb_kv_entry_clear(&entries[i]);
    }
    ddb_kv_close(kv);
    free(p);
}
END_TEST

/* ---- Items of others ---------------------------------------------------- */

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

START_TEST(items_of_others_are_read)
{
    ddb_kv *kv = open_kv(c, "others");
    ddb_kv_entry e = {0};

    put_item("others", "text", ",\"value\":{\"S\":\"t\"},\"x\":{\"M\":{}}");
    put_item("others", "bytes", ",\"value\":{\"B\":\"AAE=\"}");
    put_item("others", "number", ",\"value\":{\"N\":\"7\"}");
    put_item("others", "coded",
             ",\"value\":{\"B\":\"AAE=\"},\"encoding\":{\"S\":\"gzip\"}");
    put_item("others", "other", ",\"data\":{\"L\":[]}");
    OK(ddb_kv_get(kv, ddb_str("text"), &e, &err));
    ck_assert_str_eq(e.value.p, "t");
    ck_assert_int_eq(e.kind, DDB_KV_TEXT);
    ck_assert_int_eq(e.has_version, 0);
    ck_assert_int_eq(e.updated_at, 0);
    OK(ddb_kv_get(kv, ddb_str("bytes"), &e, &err));
    ck_assert_mem_eq(e.value.p, "\0\1", 2);
    ck_assert_int_eq(e.kind, DDB_KV_BYTES);
    OK(ddb_kv_get(kv, ddb_str("number"), &e, &err));
    ck_assert_str_eq(e.value.p, "7");
    ck_assert_int_eq(e.kind, DDB_KV_NUMBER);
    CODE(ddb_kv_get(kv, ddb_str("coded"), &e, &err), DDB_UNSUPPORTED);
    CODE(ddb_kv_get(kv, ddb_str("other"), &e, &err), DDB_BAD_VALUE);
    ck_assert_ptr_null(e.value.p);
    ck_assert_int_eq(count(kv), 5);
    OK(ddb_kv_delete(kv, ddb_str("other"), &err));
    OK(ddb_kv_delete(kv, ddb_str("text"), &err));
    CODE(ddb_kv_add(kv, ddb_str("number"), ddb_str("n"), NULL, &err),
         DDB_CONDITION_FAILED);
    ddb_kv_close(kv);
}
END_TEST

/* ---- Expiry ------------------------------------------------------------- */

/* The item itself is in the table. */
static int is_stored(const char *name_space, const char *key)
{
    ddb_item *id = ddb_item_new();
    ddb_get_item_in in = {.table = table, .key = id, .consistent_read = 1};
    ddb_item *it;
    ddb_code code;

    ddb_item_set_s(id, "namespace", name_space);
    ddb_item_set_s(id, "key", key);
    code = ddb_get_item(c, &in, &it, &err);
    ck_assert(code == DDB_OK || code == DDB_NOT_FOUND);
    ddb_item_free(it);
    ddb_item_free(id);
    return code == DDB_OK;
}

START_TEST(what_has_expired_is_not_there)
{
    ddb_client *client = server_open(
        &(ddb_options){.now = server_now, .no_clock_correction = 1});
    ddb_kv *kv = open_kv(client, "expiry");
    const ddb_kv_put_options ttl = {.kind = DDB_KV_TEXT, .ttl = 30};
    ddb_bytes names[2] = {ddb_str("a"), ddb_str("b")};
    ddb_kv_entry e[2] = {{.memory = NULL}};

    OK(ddb_kv_put(kv, ddb_str("a"), ddb_str("1"), &ttl, &err));
    OK(ddb_kv_put(kv, ddb_str("c"), ddb_str("1"), &ttl, &err));
    put(kv, "b", "2");
    put_item("expiry", "d",
             server_differs(MIXED_COMPARISON)
                 ? ",\"value\":{\"S\":\"t\"}"
                 : ",\"value\":{\"S\":\"t\"},\"ttl\":{\"S\":\"1\"}");
    OK(ddb_kv_get(kv, ddb_str("a"), &e[0], &err));
    ck_assert_int_ge(e[0].expires_at, time(NULL) + 25);
    ck_assert_int_le(e[0].expires_at, time(NULL) + 31);
    ck_assert_int_eq(count(kv), 4);
    server_ahead = 60;
    is_absent(kv, "a");
    has_text(kv, "b", "2");
    OK(ddb_kv_has(kv, ddb_str("d"), &err));
    ck_assert_int_eq(count(kv), 2);
    OK(ddb_kv_get_many(kv, names, 2, e, NULL, &err));
    ck_assert_ptr_null(e[0].key.p);
    ck_assert_ptr_nonnull(e[1].key.p);
    ddb_kv_entry_clear(&e[1]);
    CODE(ddb_kv_delete(kv, ddb_str("a"), &err), DDB_NOT_FOUND);
    ck_assert_int_eq(is_stored("expiry", "a"), !server_in_process());
    OK(ddb_kv_add(kv, ddb_str("a"), ddb_str("new"), NULL, &err));
    has_value(kv, ddb_str("a"), ddb_str("new"), DDB_KV_BYTES);
    OK(ddb_kv_clear(kv, NULL, &err));
    ck_assert_int_eq(is_stored("expiry", "c"), 0);
    server_ahead = 0;
    ddb_kv_close(kv);
    server_close(client);
}
END_TEST

/* ---- Several pages ------------------------------------------------------ */

#define MANY 5000
#define VALUE_SIZE 500

/* i is in every place of the value. */
static void make_value(char *p, unsigned i)
{
    for (size_t j = 0; j + 6 <= VALUE_SIZE; j += 6) {
        char text[8];

        snprintf(text, sizeof text, "%06u", i);
        memcpy(p + j, text, 6);
    }
}

static void put_5000(ddb_kv *kv)
{
    ddb_kv_pair *pairs = calloc(MANY, sizeof *pairs);
    char *names = malloc(MANY * 16);
    char *p = calloc(MANY, VALUE_SIZE);

    for (unsigned i = 0; i < MANY; i++) {
        char *key = names + i * 16;

        snprintf(key, 16, "item-%05u", i * 7919 % MANY);
        make_value(p + i * VALUE_SIZE, i * 7919 % MANY);
        pairs[i].key = ddb_str(key);
        pairs[i].value = (ddb_bytes){p + i * VALUE_SIZE, VALUE_SIZE};
    }
    OK(ddb_kv_put_many(kv, pairs, MANY, &err));
    free(pairs);
    free(names);
    free(p);
}

static void list_5000(ddb_kv *kv, int reverse, int keys_only)
{
    const ddb_kv_range range = {.reverse = reverse, .keys_only = keys_only};
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    char key[16];
    char value[VALUE_SIZE] = {0};

    OK(ddb_kv_iter_open(kv, &range, &iter, &err));
    for (unsigned i = 0; i < MANY; i++) {
        unsigned want = reverse ? MANY - 1 - i : i;

        OK(ddb_kv_iter_next(iter, &e, &err));
        snprintf(key, sizeof key, "item-%05u", want);
        ck_assert_str_eq(e->key.p, key);
        make_value(value, want);
        if (keys_only)
            ck_assert_ptr_null(e->value.p);
        else
            ck_assert_mem_eq(e->value.p, value, VALUE_SIZE);
    }
    CODE(ddb_kv_iter_next(iter, &e, &err), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
}

static void get_5000(ddb_kv *kv)
{
    ddb_bytes *names = calloc(MANY, sizeof *names);
    ddb_kv_entry *entries = calloc(MANY, sizeof *entries);
    char *text = malloc(MANY * 16);
    char value[VALUE_SIZE] = {0};

    for (unsigned i = 0; i < MANY; i++) {
        snprintf(text + i * 16, 16, "item-%05u", i * 2);
        names[i] = ddb_str(text + i * 16);
    }
    OK(ddb_kv_get_many(kv, names, MANY, entries, NULL, &err));
    for (unsigned i = 0; i < MANY; i++) {
        make_value(value, i * 2);
        if (i < MANY / 2)
            ck_assert_mem_eq(entries[i].value.p, value, VALUE_SIZE);
        else
            ck_assert_ptr_null(entries[i].key.p);
        ddb_kv_entry_clear(&entries[i]);
    }
    free(names);
    free(entries);
    free(text);
}

START_TEST(namespace_of_several_pages)
{
    ddb_kv *kv = open_kv(c, "pages");
    ddb_kv *before = open_kv(c, "page");
    ddb_kv *behind = open_kv(c, "pages0");
    int64_t removed;
    int64_t n;

    put(before, "k", "v");
    put(behind, "k", "v");
    put_5000(kv);
    ck_assert_int_eq(count(kv), MANY);
    OK(ddb_kv_count(kv, &(ddb_kv_range){.prefix = ddb_str("item-04")}, &n,
                    &err));
    ck_assert_int_eq(n, 1000);
    list_5000(kv, 0, 0);
    list_5000(kv, 1, 0);
    list_5000(kv, 0, 1);
    get_5000(kv);
    OK(ddb_kv_clear(kv, &removed, &err));
    ck_assert_int_eq(removed, MANY);
    ck_assert_int_eq(count(kv), 0);
    has_text(before, "k", "v");
    has_text(behind, "k", "v");
    ddb_kv_close(kv);
    ddb_kv_close(before);
    ddb_kv_close(behind);
}
END_TEST

/* ---- Ranges against a sorted model -------------------------------------- */

#define N_MODEL 150

typedef struct {
    unsigned char p[12];
    size_t n;
} short_key;

static short_key model[N_MODEL];

/* Few different characters of all lengths, so that prefixes meet. */
static void random_key(rng *r, short_key *k, unsigned least)
{
    static const char *const letters[] = {"a",
                                          "b",
                                          "\x7f",
                                          "\xc2\x80",
                                          "\xdf\xbf",
                                          "\xe0\xa0\x80",
                                          "\xf4\x8f\xbf\xbf",
                                          "\xef\xbf\xbf",
                                          "\xed\x9f\xbf"};
    int utf16 = server_differs(UTF16_ORDER);
    unsigned n = least + rng_below(r, 3);

    k->n = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned which = rng_below(r, 8);
        const char *letter = letters[which == 7 && utf16 ? 8 : which];

        memcpy(k->p + k->n, letter, strlen(letter));
        k->n += strlen(letter);
    }
}

static int compare(const void *a, const void *b)
{
    const short_key *x = a;
    const short_key *y = b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

static void put_model(ddb_kv *kv, rng *r)
{
    size_t n = 0;

    while (n < N_MODEL) {
        size_t i = 0;

        random_key(r, &model[n], 1);
        while (i < n && compare(&model[i], &model[n]) != 0)
            i++;
        if (i < n)
            continue;
        OK(ddb_kv_put(kv, (ddb_bytes){model[n].p, model[n].n}, ddb_str("v"),
                      NULL, &err));
        n++;
    }
    qsort(model, N_MODEL, sizeof model[0], compare);
}

static int matches(const short_key *k, const short_key *prefix,
                   const short_key *from, const short_key *to)
{
    return (prefix->n == 0 ||
            (k->n >= prefix->n && memcmp(k->p, prefix->p, prefix->n) == 0)) &&
           (from->n == 0 || compare(k, from) >= 0) &&
           (to->n == 0 || compare(k, to) <= 0);
}

/* Every bound that is there is wanted with one chance in two. */
static void one_range(ddb_kv *kv, rng *r)
{
    short_key bounds[3];
    ddb_kv_range range = {.keys_only = (int)rng_below(r, 2)};
    const short_key *want[N_MODEL];
    size_t n_want = 0;
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    int64_t n;

    for (int i = 0; i < 3; i++) {
        random_key(r, &bounds[i], 1);
        if (rng_below(r, 2))
            bounds[i].n = 0;
    }
    range.prefix = (ddb_bytes){bounds[0].p, bounds[0].n};
    range.from = (ddb_bytes){bounds[1].p, bounds[1].n};
    range.to = (ddb_bytes){bounds[2].p, bounds[2].n};
    for (int i = 0; i < N_MODEL; i++)
        if (matches(&model[i], &bounds[0], &bounds[1], &bounds[2]))
            want[n_want++] = &model[i];
    OK(ddb_kv_count(kv, &range, &n, &err));
    ck_assert_int_eq(n, (int64_t)n_want);
    range.reverse = (int)rng_below(r, 2);
    if (rng_below(r, 2))
        range.limit = 1 + rng_below(r, 20);
    OK(ddb_kv_iter_open(kv, &range, &iter, &err));
    for (size_t i = 0;
         i < n_want && (range.limit == 0 || i < (size_t)range.limit); i++) {
        const short_key *k = want[range.reverse ? n_want - 1 - i : i];

        OK(ddb_kv_iter_next(iter, &e, &err));
        ck_assert_uint_eq(e->key.n, k->n);
        ck_assert_mem_eq(e->key.p, k->p, k->n);
    }
    CODE(ddb_kv_iter_next(iter, &e, &err), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
}

START_TEST(ranges_are_exact)
{
    ddb_kv *kv = open_kv(c, "ranges");
    rng r = {.state = 4711};

    put_model(kv, &r);
    for (int i = 0; i < 300; i++)
        one_range(kv, &r);
    ddb_kv_close(kv);
}
END_TEST

/* The highest key of a prefix belongs to it. */
START_TEST(the_highest_key_is_in_the_range)
{
    ddb_kv *kv = open_kv(c, "highest");
    char key[1024];
    ddb_kv_range range = {.prefix = {key, 3}, .from = {key, 3}};
    int64_t n;

    memset(key, 'p', 4);
    for (size_t i = 4; i < sizeof key; i += 4)
        memcpy(key + i, "\xf4\x8f\xbf\xbf", 4);
    OK(ddb_kv_put(kv, (ddb_bytes){key, sizeof key}, ddb_str("v"), NULL, &err));
    OK(ddb_kv_count(kv, &range, &n, &err));
    ck_assert_int_eq(n, 1);
    ddb_kv_close(kv);
}
END_TEST

#define COUNT(rows) ((int)(sizeof rows / sizeof rows[0]))

static Suite *suite(void)
{
    Suite *s = suite_create("e2e_kv");
    TCase *tc = tcase_create("kv");

    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, make_table, delete_table);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, versions_differ_from_write_to_write);
    tcase_add_test(tc, keys_are_any_text);
    tcase_add_loop_test(tc, values_come_back_as_they_were, 0, COUNT(values));
    tcase_add_test(tc, a_value_that_is_too_large_is_not_sent);
    tcase_add_loop_test(tc, numbers_are_kept_to_the_last_digit, 0,
                        COUNT(numbers));
    tcase_add_test(tc, large_values_in_batches);
    tcase_add_test(tc, items_of_others_are_read);
    tcase_add_test(tc, what_has_expired_is_not_there);
    tcase_add_test(tc, namespace_of_several_pages);
    tcase_add_test(tc, ranges_are_exact);
    tcase_add_test(tc, the_highest_key_is_in_the_range);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    return run_on_server(suite());
}
