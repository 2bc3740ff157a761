/* SPDX-License-Identifier: MIT */
/*
 * Values with a type, a coding of the program's own, or compressed, over a
 * real server, DDB_TEST_ENDPOINT: through each call that writes, by each call
 * that reads, and from one store's handle to another's.  It makes a table of
 * its own and deletes it in the end.
 */
#include "kvtable.h"
#include "rng.h"

#include <ddb/kv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef DDB_WITH_ZLIB
#include <zlib.h>
#endif

/* ---- Help --------------------------------------------------------------- */

#define ROWS(table) ((int)(sizeof(table) / sizeof(table)[0]))

static ddb_kv *open_kv(const ddb_kv_options *more, const char *name)
{
    ddb_kv_options opt = *more;
    ddb_kv *kv;

    opt.table = table;
    opt.name_space = name;
    OK(ddb_kv_open(c, &opt, &kv, &err));
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

/* What is in the table.  Owned. */
static ddb_item *stored(const char *name_space, const char *key)
{
    ddb_item *id = ddb_item_new();
    ddb_get_item_in in = {.table = table, .key = id, .consistent_read = 1};
    ddb_item *it = NULL;

    ddb_item_set_s(id, "namespace", name_space);
    ddb_item_set_s(id, "key", key);
    OK(ddb_get_item(c, &in, &it, &err));
    ddb_item_free(id);
    return it;
}

static void is_stored(const char *name_space, const char *key, ddb_type type,
                      const char *encoding)
{
    ddb_item *it = stored(name_space, key);
    ddb_bytes words = ddb_value_bytes(ddb_item_get(it, "encoding"));

    ck_assert_int_eq(ddb_value_type(ddb_item_get(it, "value")), type);
    ck_assert_str_eq(words.p != NULL ? (const char *)words.p : "", encoding);
    ddb_item_free(it);
}

static void is_value(const ddb_kv_entry *e, ddb_bytes value, ddb_kv_kind kind)
{
    ck_assert_int_eq(e->kind, kind);
    ck_assert_uint_eq(e->value.n, value.n);
    if (value.n > 0)
        ck_assert_mem_eq(e->value.p, value.p, value.n);
    ck_assert_int_eq(((const char *)e->value.p)[e->value.n], '\0');
}

/* ---- Own coding --------------------------------------------------------- */

/* A cipher in all but strength: it starts with its own name and the key's
 * length, and depends on the key. */
static ddb_code mix(ddb_bytes key, ddb_bytes in, ddb_kv_out *out)
{
    const unsigned char *k = key.p, *p = in.p;
    ddb_code code = DDB_OK;

    for (size_t i = 0; i < in.n && code == DDB_OK; i++) {
        unsigned char mixed = (unsigned char)(p[i] ^ k[i % key.n] ^ 0xa5);

        code = ddb_kv_out_add(out, &mixed, 1);
    }
    return code;
}

static ddb_code seal(void *arg, ddb_bytes key, ddb_bytes in, ddb_kv_out *out,
                     ddb_err *why)
{
    (void)why;
    ++*(int *)arg;
    ddb_kv_out_add(out, "mix1", 4);
    return mix(key, in, out);
}

static ddb_code unseal(void *arg, ddb_bytes key, ddb_bytes in, ddb_kv_out *out,
                       ddb_err *why)
{
    ++*(int *)arg;
    if (in.n < 4 || memcmp(in.p, "mix1", 4) != 0) {
        snprintf(why->message, sizeof why->message, "it is not sealed");
        return DDB_INVALID;
    }
    return mix(key, (ddb_bytes){(const char *)in.p + 4, in.n - 4}, out);
}

static int calls;
static const ddb_kv_coding sealed = {
    .encode = seal, .decode = unseal, .arg = &calls};
static const ddb_kv_schema bytes_only = {.bytes_only = 1};
static const ddb_kv_schema documents = {.documents = 1};

/* ---- Every way in, every way out ---------------------------------------- */

#define OBJECT "{\"name\": \"\xc3\xa4\", \"n\": [1, 2.50, 1e400, null]}"

static const struct {
    const char *name;
    ddb_kv_options opt;
    ddb_kv_kind kind;
    const char *value; /* so many times, */
    int times;
    ddb_type type; /* as it is stored, */
    const char *encoding;
    ddb_kv_kind kept; /* and as it comes back */
} ways[] = {
    {"plain", {0}, DDB_KV_TEXT, "a", 300, DDB_S, "", DDB_KV_TEXT},
    {"sealed", {.coding = &sealed}, DDB_KV_BYTES, "a", 1, DDB_B, "", 0},
    {"sealed text",
     {.coding = &sealed},
     DDB_KV_TEXT,
     "\xc3\xa4",
     500,
     DDB_B,
     "text",
     DDB_KV_TEXT},
    {"sealed nothing", {.coding = &sealed}, DDB_KV_BYTES, "", 1, DDB_B, "", 0},
    {"sealed number",
     {.coding = &sealed},
     DDB_KV_NUMBER,
     "42",
     1,
     DDB_N,
     "",
     DDB_KV_NUMBER},
    {"bytes",
     {.type = DDB_KV_ONLY_BYTES},
     DDB_KV_BYTES,
     "\xff",
     9,
     DDB_B,
     "",
     0},
    {"text",
     {.type = DDB_KV_ONLY_TEXT},
     DDB_KV_BYTES,
     "\xc3\xa4",
     9,
     DDB_S,
     "",
     DDB_KV_TEXT},
    {"object",
     {.type = DDB_KV_ONLY_OBJECT},
     DDB_KV_TEXT,
     OBJECT,
     1,
     DDB_S,
     "",
     DDB_KV_TEXT},
    {"array",
     {.type = DDB_KV_ONLY_ARRAY, .coding = &sealed},
     DDB_KV_TEXT,
     "[[{}], \"x\"]",
     1,
     DDB_B,
     "text",
     DDB_KV_TEXT},
    {"texts as bytes",
     {.schema = &bytes_only},
     DDB_KV_TEXT,
     "a",
     3,
     DDB_B,
     "",
     DDB_KV_BYTES},
    {"document",
     {.schema = &documents},
     DDB_KV_DOCUMENT,
     "{\"M\":{\"a\":{\"L\":[{\"N\":\"1.5\"},{\"NULL\":true}]}}}",
     1,
     DDB_M,
     "",
     DDB_KV_DOCUMENT},
#ifdef DDB_WITH_ZLIB
    {"compressed", {.compress = 1}, DDB_KV_BYTES, "ab", 500, DDB_B, "zlib", 0},
    {"compressed text",
     {.compress = 1},
     DDB_KV_TEXT,
     "\xf0\x9f\x98\x80",
     500,
     DDB_B,
     "text zlib",
     DDB_KV_TEXT},
    {"too short", {.compress = 1}, DDB_KV_TEXT, "a", 9, DDB_S, "", DDB_KV_TEXT},
    {"2 MB in an item",
     {.compress = 1},
     DDB_KV_TEXT,
     "0123456789",
     200000,
     DDB_B,
     "text zlib",
     DDB_KV_TEXT},
    {"all at once",
     {.compress = 1,
      .coding = &sealed,
      .type = DDB_KV_ONLY_OBJECT,
      .shards = 3},
     DDB_KV_TEXT,
     "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}",
     1,
     DDB_B,
     "text zlib",
     DDB_KV_TEXT},
#endif
};

static ddb_bytes make_value(int i)
{
    size_t n = strlen(ways[i].value);
    char *p = malloc(n * (size_t)ways[i].times + 1);

    for (int j = 0; j < ways[i].times; j++)
        memcpy(p + n * (size_t)j, ways[i].value, n);
    return (ddb_bytes){p, n * (size_t)ways[i].times};
}

/* put, add, put_many, replace */
static void write_all(ddb_kv *kv, ddb_bytes value, ddb_kv_kind kind)
{
    const ddb_kv_put_options opt = {.kind = kind, .ttl = 1000};
    ddb_kv_pair pair = {
        .key = ddb_str("many"), .value = value, .opt = {.kind = kind}};
    ddb_kv_entry e = {0};

    OK(ddb_kv_put(kv, ddb_str("put"), value, &opt, &err));
    OK(ddb_kv_add(kv, ddb_str("add"), value, &opt, &err));
    OK(ddb_kv_put_many(kv, &pair, 1, &err));
    OK(ddb_kv_put(kv, ddb_str("replace"), value, &opt, &err));
    OK(ddb_kv_get(kv, ddb_str("replace"), &e, &err));
    OK(ddb_kv_replace(kv, &e, value, &opt, &err));
    ddb_kv_entry_clear(&e);
}

/* get, get_many, lists, pop */
static void read_all(ddb_kv *kv, ddb_bytes value, ddb_kv_kind kept)
{
    const ddb_bytes keys[] = {ddb_str("put"), ddb_str("add"), ddb_str("many"),
                              ddb_str("replace")};
    ddb_kv_entry e[ROWS(keys)] = {{.memory = NULL}};
    ddb_kv_iter *iter;
    const ddb_kv_entry *next;
    int64_t n;

    OK(ddb_kv_get_many(kv, keys, ROWS(keys), e, NULL, &err));
    for (int i = 0; i < ROWS(keys); i++) {
        is_value(&e[i], value, kept);
        OK(ddb_kv_get(kv, keys[i], &e[i], &err));
        is_value(&e[i], value, kept);
    }
    OK(ddb_kv_iter_open(kv, NULL, &iter, &err));
    for (int i = 0; i < ROWS(keys); i++) {
        OK(ddb_kv_iter_next(iter, &next, &err));
        is_value(next, value, kept);
    }
    CODE(ddb_kv_iter_next(iter, &next, &err), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
    for (int i = 0; i < ROWS(keys); i++) {
        OK(ddb_kv_pop(kv, keys[i], &e[i], &err));
        is_value(&e[i], value, kept);
        ddb_kv_entry_clear(&e[i]);
    }
    OK(ddb_kv_count(kv, NULL, &n, &err));
    ck_assert_int_eq(n, 0);
}

START_TEST(every_way_in_and_out)
{
    const char *name = ways[_i].name;
    ddb_kv *kv = open_kv(&ways[_i].opt, name);
    ddb_kv_options reader = ways[_i].opt;
    ddb_bytes value = make_value(_i);

    calls = 0;
    write_all(kv, value, ways[_i].kind);
    if (ways[_i].opt.shards == 0) {
        is_stored(name, "put", ways[_i].type, ways[_i].encoding);
        is_stored(name, "add", ways[_i].type, ways[_i].encoding);
        is_stored(name, "many", ways[_i].type, ways[_i].encoding);
        is_stored(name, "replace", ways[_i].type, ways[_i].encoding);
    }
    ddb_kv_close(kv);
    reader.compress = 0; /* which reading does not ask for */
    kv = open_kv(&reader, name);
    read_all(kv, value, ways[_i].kept);
    if (ways[_i].opt.coding != NULL && ways[_i].kind != DDB_KV_NUMBER)
        ck_assert_int_ge(calls, 22);
    ddb_kv_close(kv);
    free((void *)value.p);
}
END_TEST

/* ---- What does not fit -------------------------------------------------- */

static const struct {
    ddb_kv_type type;
    const char *value;
} unfit[] = {
    {DDB_KV_ONLY_TEXT, "\xff"},        {DDB_KV_ONLY_OBJECT, "[]"},
    {DDB_KV_ONLY_OBJECT, "{\"a\":}"},  {DDB_KV_ONLY_ARRAY, "{}"},
    {DDB_KV_ONLY_ARRAY, "[\"\xff\"]"}, {DDB_KV_ONLY_ARRAY, ""},
};

START_TEST(what_is_not_of_the_type_goes_neither_in_nor_out)
{
    const ddb_kv_options opt = {.type = unfit[_i].type};
    ddb_kv *kv = open_kv(&opt, "unfit");
    ddb_kv *any = open_kv(&(ddb_kv_options){.type = DDB_KV_ANY}, "unfit");
    ddb_bytes value = ddb_str(unfit[_i].value);
    ddb_kv_pair pairs[2] = {{.key = ddb_str("a"), .value = value},
                            {.key = ddb_str("b"), .value = value}};
    ddb_kv_entry e = {0};
    ddb_kv_iter *iter;
    const ddb_kv_entry *next;
    unsigned char left[1] = {0};

    CODE(ddb_kv_put(kv, ddb_str("k"), value, NULL, &err), DDB_INVALID);
    CODE(ddb_kv_add(kv, ddb_str("k"), value, NULL, &err), DDB_INVALID);
    CODE(ddb_kv_put_many(kv, pairs, 2, &err), DDB_INVALID);
    CODE(ddb_kv_has(kv, ddb_str("k"), &err), DDB_NOT_FOUND);
    CODE(ddb_kv_has(kv, ddb_str("a"), &err), DDB_NOT_FOUND);
    OK(ddb_kv_put(any, ddb_str("k"), value, NULL, &err));
    CODE(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_BAD_VALUE);
    CODE(ddb_kv_get_many(kv, &(ddb_bytes){"k", 1}, 1, &e, left, &err),
         DDB_PARTIAL);
    ck_assert_int_eq(left[0], 1);
    OK(ddb_kv_iter_open(kv, NULL, &iter, &err));
    CODE(ddb_kv_iter_next(iter, &next, &err), DDB_BAD_VALUE);
    CODE(ddb_kv_iter_next(iter, &next, &err), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
    OK(ddb_kv_delete(kv, ddb_str("k"), &err));
    ddb_kv_close(kv);
    ddb_kv_close(any);
}
END_TEST

START_TEST(what_is_not_sealed_is_not_read)
{
    ddb_kv *kv = open_kv(&(ddb_kv_options){.coding = &sealed}, "seals");
    ddb_kv *any = open_kv(&(ddb_kv_options){.coding = NULL}, "seals");
    const ddb_kv_put_options text = {.kind = DDB_KV_TEXT};
    ddb_kv_entry e = {0};
    ddb_item *it;
    ddb_put_item_in in = {.table = table};

    OK(ddb_kv_put(any, ddb_str("plain"), ddb_str("a"), &text, &err));
    CODE(ddb_kv_get(kv, ddb_str("plain"), &e, &err), DDB_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(err.message, "it is not sealed"));
    OK(ddb_kv_put(kv, ddb_str("one"), ddb_str("secret"), NULL, &err));
    OK(ddb_kv_get(any, ddb_str("one"), &e, &err));
    ck_assert_uint_eq(e.value.n, 10);
    ck_assert_mem_eq(e.value.p, "mix1", 4);
    /* Copied to another key it is another value. */
    it = stored("seals", "one");
    ddb_item_set_s(it, "key", "two");
    in.item = it;
    OK(ddb_put_item(c, &in, NULL, &err));
    OK(ddb_kv_get(kv, ddb_str("two"), &e, &err));
    ck_assert_mem_ne(e.value.p, "secret", 6);
    ddb_item_free(it);
    ddb_kv_entry_clear(&e);
    ddb_kv_close(kv);
    ddb_kv_close(any);
}
END_TEST

/* A counter in a store with a coding is a counter. */
START_TEST(counters_are_not_coded)
{
    ddb_kv *kv = open_kv(&(ddb_kv_options){.coding = &sealed}, "counters");
    int64_t n;

    OK(ddb_kv_increment(kv, ddb_str("n"), 5, NULL, &n, &err));
    OK(ddb_kv_increment(kv, ddb_str("n"), 2, NULL, &n, &err));
    ck_assert_int_eq(n, 7);
    is_stored("counters", "n", DDB_N, "");
    OK(ddb_kv_put(kv, ddb_str("v"), ddb_str("1"), NULL, &err));
    CODE(ddb_kv_increment(kv, ddb_str("v"), 1, NULL, &n, &err), DDB_WRONG_KIND);
    ddb_kv_close(kv);
}
END_TEST

/* ---- Compression -------------------------------------------------------- */

/* Of 60 letters a, by another program. */
#define ZLIB_60 "{\"B\":\"eJxLTCQfAAC1wBa9\"}"

static void put_item(const char *key, const char *value, const char *encoding)
{
    char text[512];
    ddb_item *it;
    ddb_put_item_in in = {.table = table};

    snprintf(text, sizeof text,
             "{\"namespace\":{\"S\":\"streams\"},\"key\":{\"S\":\"%s\"},"
             "\"value\":%s,\"encoding\":{\"S\":\"%s\"}}",
             key, value, encoding);
    OK(ddb_item_parse(text, strlen(text), &it, &err));
    in.item = it;
    OK(ddb_put_item(c, &in, NULL, &err));
    ddb_item_free(it);
}

START_TEST(streams_of_others)
{
    ddb_kv *kv = open_kv(&(ddb_kv_options){.type = DDB_KV_ANY}, "streams");
    ddb_kv_entry e = {0};

    put_item("good", ZLIB_60, "zlib");
    put_item("text", ZLIB_60, "text zlib");
    put_item("cut", "{\"B\":\"eJxLTCQfAAC1\"}", "zlib");
    put_item("other", "{\"B\":\"AAE=\"}", "zstd");
#ifdef DDB_WITH_ZLIB
    OK(ddb_kv_get(kv, ddb_str("good"), &e, &err));
    ck_assert_uint_eq(e.value.n, 60);
    ck_assert_int_eq(e.kind, DDB_KV_BYTES);
    OK(ddb_kv_get(kv, ddb_str("text"), &e, &err));
    ck_assert_int_eq(e.kind, DDB_KV_TEXT);
    ck_assert_uint_eq(strspn(e.value.p, "a"), 60);
    CODE(ddb_kv_get(kv, ddb_str("cut"), &e, &err), DDB_BAD_VALUE);
#else
    CODE(ddb_kv_get(kv, ddb_str("good"), &e, &err), DDB_UNSUPPORTED);
    CODE(ddb_kv_get(kv, ddb_str("text"), &e, &err), DDB_UNSUPPORTED);
    CODE(ddb_kv_get(kv, ddb_str("cut"), &e, &err), DDB_UNSUPPORTED);
#endif
    CODE(ddb_kv_get(kv, ddb_str("other"), &e, &err), DDB_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "zstd"));
    ddb_kv_entry_clear(&e);
    ddb_kv_close(kv);
}
END_TEST

#ifdef DDB_WITH_ZLIB

/* 40 MB, which is more than a client takes, in an item of 40 KB. */
START_TEST(a_bomb_does_not_go_off)
{
    size_t n = 40u << 20;
    unsigned char *zeroes = calloc(1, n);
    uLongf z_n = compressBound(n);
    unsigned char *z = malloc(z_n);
    ddb_kv *kv = open_kv(&(ddb_kv_options){.compress = 1}, "bomb");
    ddb_kv_entry e = {0};
    ddb_item *it = ddb_item_new();
    ddb_put_item_in in = {.table = table, .item = it};

    ck_assert_int_eq(compress2(z, &z_n, zeroes, n, 9), Z_OK);
    ddb_item_set_s(it, "namespace", "bomb");
    ddb_item_set_s(it, "key", "bomb");
    ddb_item_set_s(it, "encoding", "zlib");
    ddb_item_set_b(it, "value", z, z_n);
    OK(ddb_put_item(c, &in, NULL, &err));
    CODE(ddb_kv_get(kv, ddb_str("bomb"), &e, &err), DDB_BAD_VALUE);
    CODE(ddb_kv_put(kv, ddb_str("k"), (ddb_bytes){zeroes, n}, NULL, &err),
         DDB_TOO_LARGE);
    OK(ddb_kv_put(kv, ddb_str("k"), (ddb_bytes){zeroes, n / 2}, NULL, &err));
    OK(ddb_kv_get(kv, ddb_str("k"), &e, &err));
    is_value(&e, (ddb_bytes){zeroes, n / 2}, DDB_KV_BYTES);
    ddb_kv_entry_clear(&e);
    ddb_item_free(it);
    ddb_kv_close(kv);
    free(zeroes);
    free(z);
}
END_TEST

/* 300 values of all sizes, some of which are worth it. */
START_TEST(noise_and_letters_side_by_side)
{
    enum { N = 300, SIZE = 3000 };
    ddb_kv *kv = open_kv(&(ddb_kv_options){.compress = 1}, "mixed");
    ddb_kv_pair *pairs = calloc(N, sizeof *pairs);
    char(*names)[16] = calloc(N, sizeof *names);
    char *p = malloc((size_t)N * SIZE);
    rng r = {.state = 77};
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;

    for (int i = 0; i < N; i++) {
        char *value = p + (size_t)i * SIZE;
        size_t n = rng_below(&r, SIZE);
        unsigned kinds = i % 3 == 0 ? 256 : 20;

        for (size_t j = 0; j < n; j++)
            value[j] = (char)rng_below(&r, kinds);
        snprintf(names[i], sizeof names[i], "%03d", i);
        pairs[i].key = ddb_str(names[i]);
        pairs[i].value = (ddb_bytes){value, n};
    }
    OK(ddb_kv_put_many(kv, pairs, N, &err));
    OK(ddb_kv_iter_open(kv, NULL, &iter, &err));
    for (int i = 0; i < N; i++) {
        OK(ddb_kv_iter_next(iter, &e, &err));
        ck_assert_str_eq(e->key.p, names[i]);
        is_value(e, pairs[i].value, DDB_KV_BYTES);
    }
    ddb_kv_iter_close(iter);
    ddb_kv_close(kv);
    free(pairs);
    free(names);
    free(p);
}
END_TEST

#else

START_TEST(a_build_without_zlib_says_so)
{
    const ddb_kv_options opt = {
        .table = table, .name_space = "x", .compress = 1};
    ddb_kv *kv;

    CODE(ddb_kv_open(c, &opt, &kv, &err), DDB_UNSUPPORTED);
    ck_assert_ptr_null(kv);
}
END_TEST

#endif

int main(void)
{
    Suite *s = suite_create("e2e_coding");
    TCase *tc = tcase_create("coding");

    tcase_add_unchecked_fixture(tc, make_table, delete_table);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, every_way_in_and_out, 0, ROWS(ways));
    tcase_add_loop_test(tc, what_is_not_of_the_type_goes_neither_in_nor_out, 0,
                        ROWS(unfit));
    tcase_add_test(tc, what_is_not_sealed_is_not_read);
    tcase_add_test(tc, counters_are_not_coded);
    tcase_add_test(tc, streams_of_others);
#ifdef DDB_WITH_ZLIB
    tcase_add_test(tc, a_bomb_does_not_go_off);
    tcase_add_test(tc, noise_and_letters_side_by_side);
#else
    tcase_add_test(tc, a_build_without_zlib_says_so);
#endif
    suite_add_tcase(s, tc);
    return run_on_server(s);
}
