/* SPDX-License-Identifier: MIT */
/*
 * The cache over a real server, DDB_TEST_ENDPOINT: what a cache of HTTP
 * answers has to show.  It makes tables of its own and deletes them in the
 * end.
 */
#include "server.h"

#include <ddb/kv.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char table[64]; /* namespaces */
static char alone[80]; /* the key alone */
static char hops[80];  /* the same, for redirects */
static ddb_client *c;
static ddb_cache *cache;
static ddb_err err;

/* ---- Help --------------------------------------------------------------- */

#define CODE(call, want)                                                       \
    do {                                                                       \
        ddb_code code_ = (call);                                               \
                                                                               \
        ck_assert_msg(code_ == (want), "%s: %s: %s", #call,                    \
                      ddb_code_name(code_), err.message);                      \
    } while (0)
#define OK(call) CODE(call, DDB_OK)
#define COUNT(rows) ((int)(sizeof rows / sizeof rows[0]))

/* Calls of the client, and those of them that read one item. */
static atomic_int calls;
static atomic_int reads;

static void count_calls(void *arg, ddb_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (strstr(line, ": attempt 1: ") == NULL)
        return;
    atomic_fetch_add(&calls, 1);
    if (strncmp(line, "GetItem:", 8) == 0)
        atomic_fetch_add(&reads, 1);
}

/* So many reads since the last time, and nothing else. */
static void has_read(int n)
{
    ck_assert_int_eq(atomic_exchange(&reads, 0), n);
    ck_assert_int_eq(atomic_exchange(&calls, 0), n);
}

static void forget(void)
{
    atomic_store(&reads, 0);
    atomic_store(&calls, 0);
}

static ddb_client *open_client(void)
{
    return server_open(&(ddb_options){
        .now = server_now, .no_clock_correction = 1, .log = count_calls});
}

static ddb_cache *open_cache(const ddb_cache_options *opt)
{
    ddb_cache *out;

    OK(ddb_cache_open(c, opt, &out, &err));
    return out;
}

static void name_tables(void)
{
    snprintf(table, sizeof table, "e2e_cache_%d", (int)getpid());
    snprintf(alone, sizeof alone, "%s_alone", table);
    snprintf(hops, sizeof hops, "%s_hops", table);
}

static const ddb_kv_schema key_only = {.key_only = 1, .documents = 1};

static void make_tables(void)
{
    name_tables();
    c = open_client();
    ddb_cache_close(open_cache(
        &(ddb_cache_options){.store = {.table = table, .create = 1}}));
    ddb_cache_close(open_cache(&(ddb_cache_options){
        .store = {.table = alone, .create = 1, .schema = &key_only},
        .redirects = hops}));
    server_close(c);
}

static void delete_tables(void)
{
    c = open_client();
    ddb_delete_table(c, table, NULL, NULL);
    ddb_delete_table(c, alone, NULL, NULL);
    ddb_delete_table(c, hops, NULL, NULL);
    server_close(c);
}

/* Each test begins with an empty cache. */
static void setup(void)
{
    c = open_client();
    cache = open_cache(&(ddb_cache_options){.store = {.table = table}});
    OK(ddb_cache_clear_all(cache, NULL, &err));
}

static void teardown(void)
{
    ddb_cache_close(cache);
    server_close(c);
    server_ahead = 0;
}

static void set(ddb_cache *to, const char *key, const char *value)
{
    OK(ddb_cache_set(to, ddb_str(key), ddb_str(value), NULL, &err));
}

static void lead(ddb_cache *in, const char *from, const char *to)
{
    OK(ddb_cache_redirect(in, ddb_str(from), ddb_str(to), NULL, &err));
}

/* The answer of a key is this, kept under the key `at`. */
static void gives(ddb_cache *from, const char *key, const char *at,
                  const char *value)
{
    ddb_kv_entry e = {0};

    OK(ddb_cache_get(from, ddb_str(key), &e, &err));
    ck_assert_str_eq(e.value.p, value);
    ck_assert_uint_eq(e.key.n, strlen(at));
    ck_assert_mem_eq(e.key.p, at, e.key.n);
    ddb_kv_entry_clear(&e);
}

static void gives_none(ddb_cache *from, const char *key)
{
    ddb_kv_entry e = {0};

    CODE(ddb_cache_get(from, ddb_str(key), &e, &err), DDB_NOT_FOUND);
    ck_assert_ptr_null(e.value.p);
}

static int64_t count(ddb_kv *kv)
{
    int64_t n;

    OK(ddb_kv_count(kv, NULL, &n, &err));
    return n;
}

/* ---- Contents ----------------------------------------------------------- */

#define BYTES(text)                                                            \
    {                                                                          \
        text, sizeof text - 1                                                  \
    }

static const struct {
    const char *name;
    ddb_bytes value;
    ddb_kv_kind kind;
} contents[] = {
    {"gzip",
     BYTES("\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcbH\xcd\xc9\xc9\x07\0\x86\xa6"
           "\x10\x36\x05\0\0\0"),
     DDB_KV_BYTES},
    {"deflate", BYTES("\x78\x9c\xcbH\xcd\xc9\xc9\x07\0\x06,\x02\x15"),
     DDB_KV_BYTES},
    {"PNG", BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06"),
     DDB_KV_BYTES},
    {"JPEG", BYTES("\xff\xd8\xff\xe0\0\x10JFIF\0\x01"), DDB_KV_BYTES},
    {"NULs", BYTES("\0\0\0"), DDB_KV_BYTES},
    {"UTF-8", BYTES("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), DDB_KV_TEXT},
    {"XML", BYTES("<?xml version=\"1.0\"?>\r\n<a b='c'>&amp;</a>\n"),
     DDB_KV_TEXT},
    {"HTML", BYTES("<!DOCTYPE html>\n<title>\"\\/\b\f\t</title>\x7f"),
     DDB_KV_TEXT},
    {"JSON", BYTES("{\"a\": [1, 2.50, null, \"\\u00e4\\n\"]}"), DDB_KV_TEXT},
    {"JSON text", BYTES("\"\""), DDB_KV_TEXT},
    {"JSON array", BYTES("[]"), DDB_KV_TEXT},
    {"JSON object", BYTES("{}"), DDB_KV_TEXT},
    {"JSON number", BYTES("0"), DDB_KV_TEXT},
    {"JSON fraction", BYTES("-1.50"), DDB_KV_TEXT},
    {"JSON true", BYTES("true"), DDB_KV_TEXT},
    {"JSON false", BYTES("false"), DDB_KV_TEXT},
    {"JSON null", BYTES("null"), DDB_KV_TEXT},
    {"empty bytes", {"", 0}, DDB_KV_BYTES},
    {"empty text", {"", 0}, DDB_KV_TEXT},
};

START_TEST(every_content_comes_back_as_it_was)
{
    const ddb_kv_put_options opt = {.kind = contents[_i].kind};
    ddb_bytes want = contents[_i].value;
    ddb_bytes key = ddb_str(contents[_i].name);
    ddb_kv_entry e = {0};

    OK(ddb_cache_set(cache, key, want, &opt, &err));
    for (int i = 0; i < 2; i++) {
        OK(ddb_cache_get(cache, key, &e, &err));
        ck_assert_msg(e.value.n == want.n &&
                          memcmp(e.value.p, want.p, want.n) == 0 &&
                          e.kind == opt.kind,
                      "%s", contents[_i].name);
    }
    ddb_kv_entry_clear(&e);
}
END_TEST

START_TEST(other_parameters_are_another_entry)
{
    set(cache, "http://a/?x=1", "one");
    set(cache, "http://a/?x=2", "two");
    set(cache, "http://a/?x=1&y=", "three");
    gives(cache, "http://a/?x=1", "http://a/?x=1", "one");
    gives(cache, "http://a/?x=2", "http://a/?x=2", "two");
    gives(cache, "http://a/?x=1&y=", "http://a/?x=1&y=", "three");
    gives_none(cache, "http://a/?x=3");
    gives_none(cache, "http://a/");
    ck_assert_int_eq(count(ddb_cache_responses(cache)), 3);
}
END_TEST

START_TEST(a_hit_is_one_read)
{
    set(cache, "k", "v");
    lead(cache, "a", "k");
    forget();
    gives(cache, "k", "k", "v");
    has_read(1);
    gives(cache, "a", "k", "v");
    has_read(3);
    gives_none(cache, "none");
    has_read(2);
}
END_TEST

/* ---- Redirects ---------------------------------------------------------- */

/* 0 leads to 1 and so on up to n. */
static void make_chain(int n)
{
    char from[16];
    char to[16];

    for (int i = 0; i < n; i++) {
        snprintf(from, sizeof from, "%d", i);
        snprintf(to, sizeof to, "%d", i + 1);
        lead(cache, from, to);
    }
    snprintf(to, sizeof to, "%d", n);
    set(cache, to, "the end");
}

START_TEST(chains_resolve_to_their_end)
{
    make_chain(20);
    forget();
    gives(cache, "0", "20", "the end");
    has_read(41);
    gives(cache, "19", "20", "the end");
    has_read(3);
    gives(cache, "20", "20", "the end");
    has_read(1);
}
END_TEST

START_TEST(chains_beyond_the_bound_do_not)
{
    ddb_cache *bounded = open_cache(
        &(ddb_cache_options){.store = {.table = table}, .max_redirects = 3});

    make_chain(21);
    forget();
    gives_none(cache, "0");
    has_read(41);
    gives(cache, "1", "21", "the end");
    forget();
    gives_none(bounded, "0");
    has_read(7);
    gives(bounded, "18", "21", "the end");
    has_read(7);
    ddb_cache_close(bounded);
}
END_TEST

START_TEST(circles_end)
{
    lead(cache, "self", "self");
    lead(cache, "a", "b");
    lead(cache, "b", "c");
    lead(cache, "c", "a");
    forget();
    gives_none(cache, "self");
    has_read(41);
    gives_none(cache, "b");
    has_read(41);
    set(cache, "a", "a way out");
    gives(cache, "b", "a", "a way out");
}
END_TEST

START_TEST(redirects_to_nothing_lead_nowhere_until_there_is_something)
{
    lead(cache, "a", "b");
    gives_none(cache, "a");
    set(cache, "b", "late");
    gives(cache, "a", "b", "late");
    lead(cache, "a", "c");
    gives_none(cache, "a");
    ck_assert_int_eq(count(ddb_cache_redirects(cache)), 1);
}
END_TEST

START_TEST(an_answer_stands_before_a_redirect)
{
    set(cache, "b", "there");
    lead(cache, "a", "b");
    set(cache, "a", "here");
    gives(cache, "a", "a", "here");
    OK(ddb_cache_delete(cache, ddb_str("a"), &err));
    gives_none(cache, "a");
    gives(cache, "b", "b", "there");
    CODE(ddb_cache_delete(cache, ddb_str("a"), &err), DDB_NOT_FOUND);
    lead(cache, "a", "b");
    OK(ddb_cache_delete(cache, ddb_str("a"), &err));
    gives_none(cache, "a");
    OK(ddb_cache_delete(cache, ddb_str("b"), &err));
    ck_assert_int_eq(count(ddb_cache_responses(cache)), 0);
    ck_assert_int_eq(count(ddb_cache_redirects(cache)), 0);
}
END_TEST

/* ---- Expiry ------------------------------------------------------------- */

static void set_until(const char *key, int64_t ttl, int64_t expires_at)
{
    const ddb_kv_put_options opt = {.ttl = ttl, .expires_at = expires_at};

    OK(ddb_cache_set(cache, ddb_str(key), ddb_str(key), &opt, &err));
}

/* Absolute, in seconds, never, and a redirect with a time of its own. */
static void set_times(void)
{
    const ddb_kv_put_options short_one = {.ttl = 30};

    set_until("seconds", 30, 0);
    set_until("later", 3600, 0);
    set_until("at", 0, (int64_t)time(NULL) + 30);
    set_until("never", 0, 0);
    OK(ddb_cache_redirect(cache, ddb_str("short"), ddb_str("never"), &short_one,
                          &err));
    lead(cache, "long", "seconds");
}

START_TEST(what_has_expired_is_no_answer)
{
    set_times();
    gives(cache, "seconds", "seconds", "seconds");
    gives(cache, "at", "at", "at");
    gives(cache, "short", "never", "never");
    gives(cache, "long", "seconds", "seconds");
    server_ahead = 60;
    gives_none(cache, "seconds");
    gives_none(cache, "at");
    gives_none(cache, "short");
    gives_none(cache, "long");
    gives(cache, "later", "later", "later");
    gives(cache, "never", "never", "never");
}
END_TEST

START_TEST(clear_expired_removes_those_only)
{
    int64_t removed;

    set_times();
    OK(ddb_cache_clear_expired(cache, &removed, &err));
    ck_assert_int_eq(removed, 0);
    server_ahead = 60;
    OK(ddb_cache_clear_expired(cache, &removed, &err));
    /* The engine has done so by itself. */
    ck_assert_int_eq(removed, server_in_process() ? 0 : 3);
    server_ahead = 0; /* or they would be hidden only */
    gives_none(cache, "seconds");
    gives_none(cache, "at");
    gives_none(cache, "short");
    gives(cache, "later", "later", "later");
    gives(cache, "never", "never", "never");
    ck_assert_int_eq(count(ddb_cache_redirects(cache)), 1);
    OK(ddb_cache_clear_all(cache, &removed, &err));
    ck_assert_int_eq(removed, 3);
}
END_TEST

/* A server that says that it has not changed. */
START_TEST(revalidation_keeps_the_answer_longer)
{
    ddb_kv *responses = ddb_cache_responses(cache);
    const ddb_kv_put_options hour = {.ttl = 3600};
    int64_t left;

    set_until("page", 30, 0);
    OK(ddb_kv_touch(responses, ddb_str("page"), &hour, &err));
    server_ahead = 60;
    gives(cache, "page", "page", "page");
    OK(ddb_kv_ttl(responses, ddb_str("page"), &left, &err));
    ck_assert_int_gt(left, 3000);
    ck_assert_int_le(left, 3600);
}
END_TEST

/* ---- Several caches ----------------------------------------------------- */

START_TEST(caches_of_other_names_are_apart)
{
    ddb_cache *other =
        open_cache(&(ddb_cache_options){.store = {.table = table},
                                        .responses = "other",
                                        .redirects = "other redirects"});
    ddb_cache *same =
        open_cache(&(ddb_cache_options){.store = {.table = table}});

    set(cache, "k", "mine");
    set(other, "k", "theirs");
    lead(cache, "a", "k");
    gives(same, "a", "k", "mine");
    gives_none(other, "a");
    lead(other, "a", "k");
    gives(other, "a", "k", "theirs");
    OK(ddb_cache_clear_all(cache, NULL, &err));
    gives_none(same, "k");
    gives_none(same, "a");
    gives(other, "a", "k", "theirs");
    OK(ddb_cache_clear_all(other, NULL, &err));
    ddb_cache_close(other);
    ddb_cache_close(same);
}
END_TEST

START_TEST(key_only_tables_hold_answers_and_redirects_apart)
{
    ddb_cache *two = open_cache(&(ddb_cache_options){
        .store = {.table = alone, .schema = &key_only, .whole_table = 1},
        .redirects = hops});
    ddb_cache *one = open_cache(
        &(ddb_cache_options){.store = {.table = alone, .schema = &key_only}});
    int64_t removed;

    set(two, "k", "v");
    lead(two, "a", "k");
    gives(two, "a", "k", "v");
    gives(one, "k", "k", "v");
    gives_none(one, "a");
    CODE(ddb_cache_redirect(one, ddb_str("a"), ddb_str("b"), NULL, &err),
         DDB_UNSUPPORTED);
    CODE(ddb_cache_clear_all(one, NULL, &err), DDB_INVALID);
    gives(two, "a", "k", "v");
    OK(ddb_cache_clear_all(two, &removed, &err));
    ck_assert_int_eq(removed, 2);
    gives_none(two, "a");
    ddb_cache_close(one);
    ddb_cache_close(two);
}
END_TEST

/* As DynamoDBBackend keeps them: seconds from the last write on, which no
 * server's TTL can tell. */
START_TEST(expiry_may_be_relative)
{
    static const ddb_kv_schema mate = {.ttl = "expire",
                                       .updated = "update_ts",
                                       .key_only = 1,
                                       .relative_ttl = 1,
                                       .bytes_only = 1};
    const ddb_kv_put_options half_minute = {.ttl = 30};
    ddb_cache *two = open_cache(&(ddb_cache_options){
        .store = {.table = alone, .schema = &mate, .whole_table = 1},
        .redirects = hops});
    int64_t removed;

    OK(ddb_cache_clear_all(two, NULL, &err));
    OK(ddb_cache_set(two, ddb_str("k"), ddb_str("v"), &half_minute, &err));
    set(two, "never", "v");
    OK(ddb_cache_redirect(two, ddb_str("a"), ddb_str("never"), &half_minute,
                          &err));
    gives(two, "k", "k", "v");
    gives(two, "a", "never", "v");
    server_ahead = 60;
    gives_none(two, "k");
    gives_none(two, "a");
    OK(ddb_cache_clear_expired(two, &removed, &err));
    ck_assert_int_eq(removed, 2);
    server_ahead = 0;
    gives_none(two, "k");
    gives_none(two, "a");
    gives(two, "never", "never", "v");
    OK(ddb_cache_clear_all(two, &removed, &err));
    ck_assert_int_eq(removed, 1);
    ddb_cache_close(two);
}
END_TEST

/* Long answers that compress well, over eight partitions. */
START_TEST(a_cache_may_be_split_and_compressed)
{
    ddb_kv_options store = {.table = table, .shards = 8};
    ddb_cache_options opt = {.responses = "split", .redirects = "split hops"};
    char page[32];
    char old[32];
    char text[2000];
    int64_t removed;
    ddb_cache *split;

#ifdef DDB_WITH_ZLIB
    store.compress = 1;
#endif
    opt.store = store;
    split = open_cache(&opt);
    for (int i = 0; i < 40; i++) {
        snprintf(page, sizeof page, "page %d", i);
        snprintf(old, sizeof old, "old %d", i);
        memset(text, 'a' + i % 26, sizeof text - 1);
        text[sizeof text - 1] = '\0';
        set(split, page, text);
        lead(split, old, page);
        gives(split, old, page, text);
    }
    ck_assert_int_eq(count(ddb_cache_responses(split)), 40);
    ck_assert_int_eq(count(ddb_cache_redirects(split)), 40);
    forget();
    gives(split, page, page, text);
    has_read(1);
    OK(ddb_cache_clear_all(split, &removed, &err));
    ck_assert_int_eq(removed, 80);
    ddb_cache_close(split);
}
END_TEST

START_TEST(answers_may_be_larger_than_an_item)
{
    ddb_cache *large =
        open_cache(&(ddb_cache_options){.store = {.table = table, .large = 1}});
    size_t n = 1000000;
    char *text = malloc(n + 1);
    ddb_kv_entry e = {0};

    for (size_t i = 0; i < n; i++)
        text[i] = (char)('a' + i % 23);
    text[n] = '\0';
    CODE(ddb_cache_set(cache, ddb_str("big"), ddb_str(text), NULL, &err),
         DDB_TOO_LARGE);
    set(large, "big", text);
    lead(large, "old", "big");
    OK(ddb_cache_get(cache, ddb_str("old"), &e, &err));
    ck_assert_uint_eq(e.value.n, n);
    ck_assert_mem_eq(e.value.p, text, n);
    ddb_kv_entry_clear(&e);
    OK(ddb_cache_delete(large, ddb_str("big"), &err));
    gives_none(cache, "old");
    ddb_cache_close(large);
    free(text);
}
END_TEST

START_TEST(tables_that_do_not_fit_are_refused)
{
    ddb_cache *out;

    CODE(ddb_cache_open(
             c, &(ddb_cache_options){.store = {.table = alone, .check = 1}},
             &out, &err),
         DDB_INVALID);
    ck_assert_ptr_null(out);
    CODE(ddb_cache_open(
             c,
             &(ddb_cache_options){
                 .store = {.table = alone, .check = 1, .schema = &key_only},
                 .redirects = table},
             &out, &err),
         DDB_INVALID);
    ck_assert_ptr_null(out);
}
END_TEST

/* ---- Threads ------------------------------------------------------------ */

#define THREADS 10
#define PAGES 20

typedef struct {
    int id;
    const char *failed;
} worker;

/* Pages of its own, redirects to them, and one page that all write. */
static const char *use_pages(ddb_cache *mine, int id)
{
    const ddb_kv_put_options hour = {.kind = DDB_KV_TEXT, .ttl = 3600};
    ddb_kv_entry e = {0};
    const char *failed = NULL;
    ddb_err why;

    for (int i = 0; i < PAGES && failed == NULL; i++) {
        char page[32];
        char old[32];

        snprintf(page, sizeof page, "page %d-%d", id, i);
        snprintf(old, sizeof old, "old %d-%d", id, i);
        if (ddb_cache_set(mine, ddb_str(page), ddb_str(page), &hour, &why))
            failed = "set";
        else if (ddb_cache_redirect(mine, ddb_str(old), ddb_str(page), &hour,
                                    &why))
            failed = "redirect";
        else if (ddb_cache_get(mine, ddb_str(old), &e, &why) ||
                 strcmp(e.value.p, page) != 0)
            failed = "get";
        else if (ddb_cache_set(mine, ddb_str("all"), ddb_str(page), &hour,
                               &why) ||
                 ddb_cache_get(mine, ddb_str("all"), &e, &why) ||
                 strncmp(e.value.p, "page ", 5) != 0)
            failed = "the page of all";
    }
    ddb_kv_entry_clear(&e);
    return failed;
}

static void *work(void *arg)
{
    worker *w = arg;
    const ddb_cache_options opt = {.store = {.table = table}};
    ddb_cache *mine = NULL;

    if (ddb_cache_open(c, &opt, &mine, NULL) != DDB_OK)
        w->failed = "open";
    else
        w->failed = use_pages(mine, w->id);
    ddb_cache_close(mine);
    return NULL;
}

START_TEST(threads_have_a_handle_each_on_one_client)
{
    pthread_t threads[THREADS];
    worker workers[THREADS] = {{0}};
    char page[32];
    char old[32];

    for (int i = 0; i < THREADS; i++) {
        workers[i].id = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &workers[i]),
                         0);
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_msg(workers[i].failed == NULL, "%d: %s", i,
                      workers[i].failed);
    ck_assert_int_eq(count(ddb_cache_responses(cache)), THREADS * PAGES + 1);
    ck_assert_int_eq(count(ddb_cache_redirects(cache)), THREADS * PAGES);
    for (int i = 0; i < THREADS * PAGES; i++) {
        snprintf(page, sizeof page, "page %d-%d", i / PAGES, i % PAGES);
        snprintf(old, sizeof old, "old %d-%d", i / PAGES, i % PAGES);
        gives(cache, old, page, page);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("e2e_cache");
    TCase *tc = tcase_create("cache");

    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, make_tables, delete_tables);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, every_content_comes_back_as_it_was, 0,
                        COUNT(contents));
    tcase_add_test(tc, other_parameters_are_another_entry);
    tcase_add_test(tc, a_hit_is_one_read);
    tcase_add_test(tc, chains_resolve_to_their_end);
    tcase_add_test(tc, chains_beyond_the_bound_do_not);
    tcase_add_test(tc, circles_end);
    tcase_add_test(tc,
                   redirects_to_nothing_lead_nowhere_until_there_is_something);
    tcase_add_test(tc, an_answer_stands_before_a_redirect);
    tcase_add_test(tc, what_has_expired_is_no_answer);
    tcase_add_test(tc, clear_expired_removes_those_only);
    tcase_add_test(tc, revalidation_keeps_the_answer_longer);
    tcase_add_test(tc, caches_of_other_names_are_apart);
    tcase_add_test(tc, key_only_tables_hold_answers_and_redirects_apart);
    tcase_add_test(tc, expiry_may_be_relative);
    tcase_add_test(tc, a_cache_may_be_split_and_compressed);
    tcase_add_test(tc, answers_may_be_larger_than_an_item);
    tcase_add_test(tc, tables_that_do_not_fit_are_refused);
    tcase_add_test(tc, threads_have_a_handle_each_on_one_client);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    return run_on_server(suite());
}
