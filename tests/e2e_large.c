/* SPDX-License-Identifier: MIT */
/*
 * Large values over a real server, DDB_TEST_ENDPOINT: what fits an item and
 * what does not by a byte, whatever takes an entry away, readers and writers
 * of several processes at the same keys, and writers that are killed.  Every
 * value tells which write it is of and is checked to its last byte.  In the
 * end no chunk is left that is nobody's.
 *
 *     LARGE_KILLS=60 LARGE_SEED=1 tests/with-server build/tests/e2e_large
 */
#include "kvtable.h"
#include "rng.h"

#include <ddb/kv.h>

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define CHUNK 393216
#define MB (1024 * 1024)

static const char *self;
static unsigned char *bytes; /* of any value */

/* ---- Help --------------------------------------------------------------- */

#define LARGE(name) (&(ddb_kv_options){.name_space = name, .large = 1})

static ddb_kv *open_kv(const ddb_kv_options *more)
{
    ddb_kv_options opt = *more;
    ddb_kv *kv;

    opt.table = table;
    OK(ddb_kv_open(c, &opt, &kv, &err));
    return kv;
}

static ddb_kv *open_plain(const char *name)
{
    return open_kv(&(ddb_kv_options){.name_space = name});
}

static void setup(void)
{
    server_ahead = 0;
    c = server_open(
        server_in_process()
            ? &(ddb_options){.now = server_now, .no_clock_correction = 1}
            : NULL);
    bytes = malloc(16 * MB + 2);
    ck_assert_ptr_nonnull(bytes);
}

static void teardown(void)
{
    free(bytes);
    server_close(c);
    server_ahead = 0;
}

/* Letters that depend on the write and the place; the first 8 bytes name the
 * write. */
static ddb_bytes value_of(unsigned char *p, uint32_t id, size_t n)
{
    rng r = {.state = ((uint64_t)id << 20) + n + 1};
    char name[9];

    for (size_t i = 0; i < n; i += 8) {
        uint64_t x = rng_next(&r);

        for (size_t j = i; j < n && j < i + 8; j++, x >>= 8)
            p[j] = (unsigned char)(' ' + (x & 63));
    }
    snprintf(name, sizeof name, "%08" PRIx32, id);
    memcpy(p, name, n < 8 ? n : 8);
    return (ddb_bytes){p, n};
}

/* The value is all of one write: which one.  0: it is not. */
static uint32_t whole(unsigned char *room, ddb_bytes value)
{
    char name[9] = "";
    uint32_t id;

    if (value.n < 8 || value.n > 16 * MB)
        return 0;
    memcpy(name, value.p, 8);
    id = (uint32_t)strtoul(name, NULL, 16);
    value_of(room, id, value.n);
    return memcmp(room, value.p, value.n) == 0 ? id : 0;
}

static void has_value(ddb_kv *kv, const char *key, uint32_t id, size_t n)
{
    ddb_kv_entry e = {0};
    ddb_bytes want = value_of(bytes, id, n);

    OK(ddb_kv_get(kv, ddb_str(key), &e, &err));
    ck_assert_uint_eq(e.value.n, n);
    ck_assert_mem_eq(e.value.p, want.p, n);
    ck_assert_int_eq(((const char *)e.value.p)[n], '\0');
    ck_assert_int_eq(e.has_version, 1);
    ddb_kv_entry_clear(&e);
}

static void put(ddb_kv *kv, const char *key, uint32_t id, size_t n)
{
    OK(ddb_kv_put(kv, ddb_str(key), value_of(bytes, id, n), NULL, &err));
}

/* The items of a namespace that are no entries; older: as if they had been
 * written so many seconds before. */
static int chunks(const char *name_space, int older)
{
    static const ddb_name names[] = {{"#n", "namespace"}, {0}};
    static const ddb_name update[] = {{"#u", "updated"}, {0}};
    char meta[64];
    ddb_item *values = ddb_item_new(), *age = ddb_item_new();
    const ddb_query_in in = {.table = table,
                             .key_condition = "#n = :n",
                             .names = names,
                             .values = values,
                             .consistent_read = 1};
    const ddb_item *it;
    ddb_pager *pager;
    int n = 0;

    snprintf(meta, sizeof meta, "%s##meta", name_space);
    ddb_item_set_s(values, ":n", meta);
    ddb_item_set_i64(age, ":a", -older);
    OK(ddb_query_open(c, &in, &pager, &err));
    while (ddb_pager_next(pager, &it, &err) == DDB_OK) {
        ddb_item *key = ddb_item_new();

        ddb_item_set_value(key, "namespace", ddb_item_get(it, "namespace"));
        ddb_item_set_value(key, "key", ddb_item_get(it, "key"));
        n += strncmp(ddb_value_bytes(ddb_item_get(it, "key")).p, "chunk/", 6) ==
             0;
        if (older != 0 && ddb_item_get(it, "updated") != NULL)
            OK(ddb_update_item(c,
                               &(ddb_update_item_in){.table = table,
                                                     .key = key,
                                                     .names = update,
                                                     .values = age,
                                                     .update = "ADD #u :a"},
                               NULL, &err));
        ddb_item_free(key);
    }
    ck_assert_msg(err.code == DDB_NOT_FOUND, "%s", err.message);
    ddb_pager_close(pager);
    ddb_item_free(values);
    ddb_item_free(age);
    return n;
}

/* A quarter of an hour later: by the client's clock, or where the server has
 * one of its own, by the age of what is there. */
static void collect(ddb_kv *kv, const char *name_space)
{
    if (server_in_process())
        server_ahead += 1000;
    else
        chunks(name_space, 1000);
    OK(ddb_kv_clear_expired(kv, NULL, &err));
}

/* ---- Sizes -------------------------------------------------------------- */

/* Beside the value: 47 of names and version, 6 of the time, namespace and
 * key. */
#define FITS (400 * 1024 - 53 - (int)sizeof "sizes" + 1 - 1)

static const struct {
    size_t n;
    int chunks;
    ddb_code code;
} sizes[] = {
    {8, 0, DDB_OK},
    {CHUNK, 0, DDB_OK},
    {FITS, 0, DDB_OK},
    {FITS + 1, 2, DDB_OK},
    {2 * CHUNK - 1, 2, DDB_OK},
    {2 * CHUNK, 2, DDB_OK},
    {2 * CHUNK + 1, 3, DDB_OK},
    {8 * CHUNK, 8, DDB_OK},
    {8 * CHUNK + 1, 9, DDB_OK},
    {16 * MB, 43, DDB_OK},
    {16 * MB + 1, 0, DDB_TOO_LARGE},
};

START_TEST(values_at_every_boundary)
{
    size_t n = sizes[_i].n;
    ddb_kv *kv = open_kv(LARGE("sizes"));
    ddb_kv *plain = open_plain("sizes");
    int other = n == FITS && server_differs(ITEM_SIZE);
    ddb_code code = ddb_kv_put(
        kv, ddb_str("k"), value_of(bytes, 5, n),
        _i % 2 ? &(ddb_kv_put_options){.kind = DDB_KV_TEXT} : NULL, &err);

    ck_assert_msg(code == (other ? DDB_TOO_LARGE : sizes[_i].code), "%zu: %s",
                  n, err.message);
    ck_assert_int_eq(chunks("sizes", 0), sizes[_i].chunks);
    if (code == DDB_OK) {
        has_value(kv, "k", 5, n);
        has_value(plain, "k", 5, n);
        OK(ddb_kv_delete(kv, ddb_str("k"), &err));
        ck_assert_int_eq(chunks("sizes", 0), 0);
    }
    CODE(ddb_kv_has(kv, ddb_str("k"), &err), DDB_NOT_FOUND);
    ddb_kv_close(plain);
    ddb_kv_close(kv);
}
END_TEST

START_TEST(what_does_not_fit_is_refused_without_large)
{
    ddb_kv *kv = open_plain("refused");

    CODE(ddb_kv_put(kv, ddb_str("k"), value_of(bytes, 1, 400 * 1024), NULL,
                    &err),
         DDB_TOO_LARGE);
    ck_assert_ptr_nonnull(strstr(err.message, "large"));
    CODE(ddb_kv_has(kv, ddb_str("k"), &err), DDB_NOT_FOUND);
    ddb_kv_close(kv);
}
END_TEST

#ifdef DDB_WITH_ZLIB
START_TEST(compressed_and_then_in_chunks)
{
    const ddb_kv_options opt = {.name_space = "zip", .large = 1, .compress = 1};
    const ddb_kv_put_options text = {.kind = DDB_KV_TEXT};
    ddb_kv *kv = open_kv(&opt);
    ddb_kv_entry e = {0};

    value_of(bytes, 9, 3 * MB);
    OK(ddb_kv_put(kv, ddb_str("k"), (ddb_bytes){bytes, 3 * MB}, &text, &err));
    /* Six bits of eight. */
    ck_assert_int_ge(chunks("zip", 0), 5);
    ck_assert_int_le(chunks("zip", 0), 7);
    has_value(kv, "k", 9, 3 * MB);
    OK(ddb_kv_get(kv, ddb_str("k"), &e, &err));
    ck_assert_int_eq(e.kind, DDB_KV_TEXT);
    ddb_kv_entry_clear(&e);
    memset(bytes, 'x', 3 * MB);
    OK(ddb_kv_put(kv, ddb_str("k"), (ddb_bytes){bytes, 3 * MB}, &text, &err));
    ck_assert_int_eq(chunks("zip", 0), 0);
    ddb_kv_close(kv);
}
END_TEST
#endif

/* ---- Whatever takes them away ------------------------------------------- */

static void by_small_put(ddb_kv *kv, ddb_kv_entry *e)
{
    (void)e;
    put(kv, "k", 2, 10);
}

static void by_large_put(ddb_kv *kv, ddb_kv_entry *e)
{
    (void)e;
    put(kv, "k", 2, MB);
    ck_assert_int_eq(chunks("taken", 0), 3);
    OK(ddb_kv_delete(kv, ddb_str("k"), &err));
}

static void by_replace(ddb_kv *kv, ddb_kv_entry *e)
{
    OK(ddb_kv_replace(kv, e, value_of(bytes, 2, 2 * MB), NULL, &err));
    ck_assert_int_eq(chunks("taken", 0), 6);
    CODE(ddb_kv_replace(kv, e, value_of(bytes, 3, MB), NULL, &err),
         DDB_CONDITION_FAILED);
    ck_assert_int_eq(chunks("taken", 0), 6);
    has_value(kv, "k", 2, 2 * MB);
    OK(ddb_kv_delete(kv, ddb_str("k"), &err));
}

static void by_delete(ddb_kv *kv, ddb_kv_entry *e)
{
    (void)e;
    OK(ddb_kv_delete(kv, ddb_str("k"), &err));
}

static void by_delete_if(ddb_kv *kv, ddb_kv_entry *e)
{
    OK(ddb_kv_delete_if(kv, e, &err));
}

static void by_pop(ddb_kv *kv, ddb_kv_entry *e)
{
    OK(ddb_kv_pop(kv, ddb_str("k"), e, &err));
    ck_assert_uint_eq(whole(bytes, e->value), 1);
}

static void by_pop_without_large(ddb_kv *kv, ddb_kv_entry *e)
{
    ddb_kv *plain = open_plain("taken");

    (void)kv;
    by_pop(plain, e);
    ddb_kv_close(plain);
}

static void by_clear(ddb_kv *kv, ddb_kv_entry *e)
{
    int64_t removed;

    (void)e;
    put(kv, "other", 2, 10);
    OK(ddb_kv_clear(kv, &removed, &err));
    ck_assert_int_eq(removed, 2);
}

/* A server that has TTL may have been faster; then they are nobody's. */
static void by_add_over_expired(ddb_kv *kv, ddb_kv_entry *e)
{
    const ddb_kv_put_options soon = {.ttl = 2};
    struct timespec t = {3, 0};

    (void)e;
    CODE(ddb_kv_add(kv, ddb_str("k"), value_of(bytes, 2, MB), NULL, &err),
         DDB_CONDITION_FAILED);
    ck_assert_int_eq(chunks("taken", 0), 3);
    OK(ddb_kv_touch(kv, ddb_str("k"), &soon, &err));
    has_value(kv, "k", 1, MB);
    nanosleep(&t, NULL);
    OK(ddb_kv_add(kv, ddb_str("k"), value_of(bytes, 2, 10), NULL, &err));
    collect(kv, "taken");
}

static void by_clear_expired(ddb_kv *kv, ddb_kv_entry *e)
{
    const ddb_kv_put_options soon = {.ttl = 2};
    struct timespec t = {3, 0};

    (void)e;
    OK(ddb_kv_touch(kv, ddb_str("k"), &soon, &err));
    nanosleep(&t, NULL);
    OK(ddb_kv_clear_expired(kv, NULL, &err));
    collect(kv, "taken");
}

static void by_many(ddb_kv *kv, ddb_kv_entry *e)
{
    unsigned char version[16];
    ddb_kv_pair pairs[] = {
        {.key = ddb_str("a"), .value = ddb_str("small")},
        {.key = ddb_str("k"), .opt.version = version},
        {.key = ddb_str("b"), .value = ddb_str("small")},
        {.key = ddb_str("a"), .value = ddb_str("later")},
    };

    pairs[1].value = value_of(bytes, 2, MB);
    OK(ddb_kv_put_many(kv, pairs, 4, &err));
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pairs[i].left, 0);
    ck_assert_int_eq(chunks("taken", 0), 3);
    OK(ddb_kv_pop(kv, ddb_str("k"), e, &err));
    ck_assert_mem_eq(e->version, version, 16);
    OK(ddb_kv_pop(kv, ddb_str("a"), e, &err));
    ck_assert_str_eq(e->value.p, "later");
}

static void by_the_collector(ddb_kv *kv, ddb_kv_entry *e)
{
    ddb_kv *plain = open_plain("taken");
    ddb_kv *other = open_kv(LARGE("taken2"));

    (void)e;
    put(other, "k", 3, MB);
    put(kv, "stays", 3, 9 * CHUNK);
    put(plain, "k", 2, 10);
    ck_assert_int_eq(chunks("taken", 0), 12);
    OK(ddb_kv_clear_expired(plain, NULL, &err));
    ck_assert_int_eq(chunks("taken", 0), 12);
    collect(plain, "taken");
    ck_assert_int_eq(chunks("taken", 0), 9);
    has_value(plain, "stays", 3, 9 * CHUNK);
    has_value(other, "k", 3, MB);
    OK(ddb_kv_delete(kv, ddb_str("stays"), &err));
    OK(ddb_kv_delete(other, ddb_str("k"), &err));
    ddb_kv_close(plain);
    ddb_kv_close(other);
}

static void (*const takers[])(ddb_kv *, ddb_kv_entry *) = {
    by_small_put,
    by_large_put,
    by_replace,
    by_delete,
    by_delete_if,
    by_pop,
    by_pop_without_large,
    by_clear,
    by_add_over_expired,
    by_clear_expired,
    by_many,
    by_the_collector,
};

START_TEST(chunks_go_with_their_entry)
{
    ddb_kv *kv = open_kv(LARGE("taken"));
    ddb_kv_entry e = {0};

    put(kv, "k", 1, MB);
    ck_assert_int_eq(chunks("taken", 0), 3);
    OK(ddb_kv_get(kv, ddb_str("k"), &e, &err));
    takers[_i](kv, &e);
    ck_assert_int_eq(chunks("taken", 0), 0);
    ddb_kv_entry_clear(&e);
    OK(ddb_kv_clear(kv, NULL, &err));
    ddb_kv_close(kv);
}
END_TEST

/* ---- Reading in every way ----------------------------------------------- */

static void read_all(ddb_kv *kv, int n)
{
    ddb_bytes keys[] = {ddb_str("0"), ddb_str("1"), ddb_str("2"), ddb_str("x")};
    ddb_kv_entry entries[4] = {{.memory = NULL}};
    const ddb_kv_entry *e;
    ddb_kv_iter *iter;
    int64_t count;

    OK(ddb_kv_get_many(kv, keys, 4, entries, NULL, &err));
    for (int i = 0; i < n; i++) {
        ck_assert_uint_eq(whole(bytes, entries[i].value), (unsigned)i + 1);
        ddb_kv_entry_clear(&entries[i]);
    }
    ck_assert_ptr_null(entries[3].key.p);
    OK(ddb_kv_iter_open(kv, NULL, &iter, &err));
    for (int i = 0; i < n; i++) {
        OK(ddb_kv_iter_next(iter, &e, &err));
        ck_assert_uint_eq(whole(bytes, e->value), (unsigned)i + 1);
    }
    CODE(ddb_kv_iter_next(iter, &e, &err), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
    OK(ddb_kv_count(kv, NULL, &count, &err));
    ck_assert_int_eq(count, n);
}

static const ddb_kv_options ways[] = {
    {.name_space = "ways"},
    {.name_space = "ways", .large = 1},
    {.name_space = "ways", .eventual = 1},
    {.name_space = "shards", .shards = 5},
};

START_TEST(read_in_every_way)
{
    ddb_kv_options opt = ways[_i];
    ddb_kv *kv, *reader;

    opt.large = 1;
    kv = open_kv(&opt);
    put(kv, "0", 1, MB);
    put(kv, "1", 2, 100);
    put(kv, "2", 3, 5 * CHUNK + 1);
    reader = open_kv(&ways[_i]);
    read_all(reader, 3);
    ddb_kv_close(reader);
    OK(ddb_kv_clear(kv, NULL, &err));
    ck_assert_int_eq(chunks(opt.name_space, 0), 0);
    ddb_kv_close(kv);
}
END_TEST

static void change_chunk(const char *update)
{
    static const ddb_name names[] = {{"#n", "namespace"}, {0}};
    static const ddb_name one[] = {{"#v", "value"}, {0}};
    ddb_item *values = ddb_item_new(), *key = ddb_item_new();
    const ddb_query_in in = {.table = table,
                             .key_condition = "#n = :n",
                             .names = names,
                             .values = values};
    ddb_page *page;

    ddb_item_set_s(values, ":n", "damaged##meta");
    OK(ddb_query(c, &in, &page, &err));
    ddb_item_set_value(key, "namespace",
                       ddb_item_get(ddb_page_item(page, 0), "namespace"));
    ddb_item_set_value(key, "key", ddb_item_get(ddb_page_item(page, 0), "key"));
    if (update == NULL) {
        OK(ddb_delete_item(c, &(ddb_delete_item_in){.table = table, .key = key},
                           NULL, &err));
    } else {
        ddb_item_clear(values);
        ddb_item_set_b(values, ":v", update, strlen(update));
        OK(ddb_update_item(c,
                           &(ddb_update_item_in){.table = table,
                                                 .key = key,
                                                 .names = one,
                                                 .values = values,
                                                 .update = "SET #v = :v"},
                           NULL, &err));
    }
    ddb_page_free(page);
    ddb_item_free(values);
    ddb_item_free(key);
}

START_TEST(what_is_damaged_is_not_given_out)
{
    ddb_kv *kv = open_kv(LARGE("damaged"));
    ddb_kv_entry e = {0};

    put(kv, "k", 1, MB);
    change_chunk("not what it was");
    CODE(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_BAD_VALUE);
    change_chunk(NULL);
    CODE(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(err.message, "missing"));
    ck_assert_ptr_null(e.memory);
    put(kv, "k", 2, MB);
    has_value(kv, "k", 2, MB);
    OK(ddb_kv_clear(kv, NULL, &err));
    ck_assert_int_eq(chunks("damaged", 0), 0);
    ddb_kv_close(kv);
}
END_TEST

/* ---- Processes ---------------------------------------------------------- */

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static size_t size_of(uint32_t id)
{
    static const size_t some[] = {100, 2 * CHUNK, 409600, MB, 5 * CHUNK + 7};

    return some[id % 5];
}

static void give_up(const char *what)
{
    fprintf(stderr, "a child: %s: %s: %s\n", what, ddb_code_name(err.code),
            err.message);
    _exit(3);
}

typedef struct {
    ddb_kv *kv;
    int pipe;
    uint32_t id;
    unsigned char *room;
} child;

static child begin_child(char **argv)
{
    child ch = {.room = malloc(16 * MB)};
    ddb_kv_options opt = {.table = argv[2], .name_space = argv[3], .large = 1};

    /* No test, so nothing of Check. */
    const ddb_options client = {.endpoint = getenv("DDB_TEST_ENDPOINT"),
                                .timeout_ms = 60000,
                                .attempt_timeout_ms = 30000};

    ch.pipe = (int)strtol(argv[4], NULL, 10);
    ch.id = (uint32_t)strtoul(argv[5], NULL, 10);
    if (ch.room == NULL || ddb_client_open(&client, &c, &err) != DDB_OK ||
        ddb_kv_open(c, &opt, &ch.kv, &err) != DDB_OK)
        give_up("open");
    return ch;
}

static void tell(const child *ch, uint32_t id)
{
    if (write(ch->pipe, &id, sizeof id) != sizeof id)
        _exit(4);
}

/* Write number id to its key; one in seven takes it away. */
static ddb_code write_number(const child *ch, const char *key, uint32_t id)
{
    ddb_code code;

    if (id % 7 != 0)
        return ddb_kv_put(ch->kv, ddb_str(key),
                          value_of(ch->room, id, size_of(id)), NULL, &err);
    code = ddb_kv_delete(ch->kv, ddb_str(key), &err);
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

/* on TABLE NAMESPACE PIPE ID KEY: until it is killed. */
static void write_on(char **argv)
{
    child ch = begin_child(argv);

    for (;; tell(&ch, ch.id++))
        if (write_number(&ch, argv[6], ch.id) != DDB_OK)
            give_up("put");
}

/* some TABLE NAMESPACE PIPE ID TIMES */
static int write_some(char **argv)
{
    child ch = begin_child(argv);
    rng r = {.state = ch.id};

    for (long n = strtol(argv[6], NULL, 10); n > 0; n--, ch.id++) {
        const char *key = rng_below(&r, 2) ? "a" : "b";
        ddb_kv_entry e = {0};
        ddb_code code = DDB_OK;

        switch (rng_below(&r, 8)) {
        case 0:
            code = ddb_kv_delete(ch.kv, ddb_str(key), &err);
            break;
        case 1:
            code = ddb_kv_pop(ch.kv, ddb_str(key), &e, &err);
            if (code == DDB_OK && whole(ch.room, e.value) == 0)
                give_up("a mix was popped");
            break;
        case 2:
            code = ddb_kv_get(ch.kv, ddb_str(key), &e, &err);
            if (code == DDB_OK)
                code = ddb_kv_replace(ch.kv, &e,
                                      value_of(ch.room, ch.id, size_of(ch.id)),
                                      NULL, &err);
            break;
        default:
            code = ddb_kv_put(ch.kv, ddb_str(key),
                              value_of(ch.room, ch.id, size_of(ch.id)), NULL,
                              &err);
        }
        ddb_kv_entry_clear(&e);
        if (code != DDB_OK && code != DDB_NOT_FOUND && code != DDB_CONFLICT &&
            code != DDB_CONDITION_FAILED)
            give_up("write");
    }
    ddb_kv_close(ch.kv);
    ddb_client_close(c);
    free(ch.room);
    return 0;
}

/* read TABLE NAMESPACE PIPE 0: until it is told to end by SIGTERM. */
static volatile sig_atomic_t ended;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

static int read_on(char **argv)
{
    child ch = begin_child(argv);
    uint32_t reads = 0, conflicts = 0;
    const ddb_kv_entry *e;
    ddb_kv_iter *iter;

    signal(SIGTERM, end);
    while (!ended) {
        ddb_kv_entry one = {0};
        ddb_code code =
            ddb_kv_get(ch.kv, ddb_str(reads % 2 ? "a" : "b"), &one, &err);

        if (code == DDB_OK && whole(ch.room, one.value) == 0)
            give_up("a mix was read");
        if (code != DDB_OK && code != DDB_NOT_FOUND && code != DDB_CONFLICT)
            give_up("read");
        ddb_kv_entry_clear(&one);
        reads += code == DDB_OK;
        conflicts += code == DDB_CONFLICT;
        if (ddb_kv_iter_open(ch.kv, NULL, &iter, &err) != DDB_OK)
            give_up("list");
        while ((code = ddb_kv_iter_next(iter, &e, &err)) == DDB_OK ||
               code == DDB_CONFLICT) {
            if (code == DDB_OK && whole(ch.room, e->value) == 0)
                give_up("a mix was listed");
            reads += code == DDB_OK;
            conflicts += code == DDB_CONFLICT;
        }
        if (code != DDB_NOT_FOUND)
            give_up("list");
        ddb_kv_iter_close(iter);
    }
    tell(&ch, reads);
    tell(&ch, conflicts);
    ddb_kv_close(ch.kv);
    ddb_client_close(c);
    free(ch.room);
    return 0;
}

static pid_t spawn(const char *what, const char *name_space, int fd,
                   uint32_t id, const char *more)
{
    char pipe[12], text[12];
    const char *argv[] = {self, what, table, name_space,
                          pipe, text, more,  NULL};
    pid_t pid;

    snprintf(pipe, sizeof pipe, "%d", fd);
    snprintf(text, sizeof text, "%" PRIu32, id);
    ck_assert_int_eq(posix_spawn(&pid, self, NULL, NULL,
                                 (char *const *)(uintptr_t)argv, environ),
                     0);
    return pid;
}

/* What is in the table now: how many chunks it takes. */
static int chunks_wanted(ddb_kv *kv)
{
    const ddb_kv_entry *e;
    ddb_kv_iter *iter;
    int n = 0;

    OK(ddb_kv_iter_open(kv, NULL, &iter, &err));
    while (ddb_kv_iter_next(iter, &e, &err) == DDB_OK) {
        ck_assert_uint_ne(whole(bytes, e->value), 0);
        n += e->value.n > 409000 ? (int)((e->value.n + CHUNK - 1) / CHUNK) : 0;
    }
    ck_assert_msg(err.code == DDB_NOT_FOUND, "%s", err.message);
    ddb_kv_iter_close(iter);
    return n;
}

START_TEST(readers_see_the_old_value_or_the_new_one)
{
    enum { WRITERS = 3, READERS = 2 };
    char times[12];
    ddb_kv *kv = open_kv(LARGE("both"));
    uint32_t seen[2 * READERS], reads = 0, conflicts = 0;
    pid_t writer[WRITERS], reader[READERS];
    int fd[2], status;

    snprintf(times, sizeof times, "%d", (int)number_from("LARGE_WRITES", 40));
    ck_assert_int_eq(pipe(fd), 0);
    for (int i = 0; i < READERS; i++)
        reader[i] = spawn("read", "both", fd[1], 0, NULL);
    for (uint32_t i = 0; i < WRITERS; i++)
        writer[i] = spawn("some", "both", fd[1], (i + 1) << 20, times);
    for (int i = 0; i < WRITERS; i++) {
        ck_assert_int_eq(waitpid(writer[i], &status, 0), writer[i]);
        ck_assert_int_eq(status, 0);
    }
    for (int i = 0; i < READERS; i++) {
        kill(reader[i], SIGTERM);
        ck_assert_int_eq(waitpid(reader[i], &status, 0), reader[i]);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_int_eq(read(fd[0], seen, sizeof seen), sizeof seen);
    for (int i = 0; i < READERS; i++) {
        reads += seen[2 * i];
        conflicts += seen[2 * i + 1];
    }
    printf("%" PRIu32 " values read, %" PRIu32 " given up\n", reads, conflicts);
    ck_assert_uint_gt(reads, 10 * conflicts);
    /* Nobody died and no answer was lost: nothing is left to collect. */
    ck_assert_int_eq(chunks("both", 0), chunks_wanted(kv));
    close(fd[0]);
    close(fd[1]);
    ddb_kv_close(kv);
}
END_TEST

/* ---- Killing ------------------------------------------------------------ */

/* Which write the key is of; 0: there is no such key. */
static uint32_t found(ddb_kv *kv, const char *key)
{
    ddb_kv_entry e = {0};
    ddb_code code = ddb_kv_get(kv, ddb_str(key), &e, &err);
    uint32_t id = 0;

    ck_assert_msg(code == DDB_OK || code == DDB_NOT_FOUND, "%s", err.message);
    if (code == DDB_OK) {
        id = whole(bytes, e.value);
        ck_assert_uint_ne(id, 0);
        ck_assert_uint_eq(e.value.n, size_of(id));
    }
    ddb_kv_entry_clear(&e);
    return id;
}

/* As a write that was done leaves it. */
static uint32_t left_by(uint32_t id)
{
    return id % 7 == 0 ? 0 : id;
}

/* What a key has after writers were killed, the last one perhaps in a write
 * that was done and not reported: 1, and *done counts it. */
static int one_more(ddb_kv *kv, const char *key, uint32_t *done)
{
    uint32_t id = found(kv, key);

    if (id == left_by(*done))
        return 0;
    ck_assert_uint_eq(id, left_by(*done + 1));
    ++*done;
    return 1;
}

/* Killed at a random moment; done: the last one that was acknowledged. */
static uint32_t run_and_kill(rng *r, const char *key, uint32_t done)
{
    struct timespec t = {0, (long)(rng_below(r, 60000)) * 1000};
    uint32_t id;
    struct pollfd p = {.events = POLLIN};
    int fd[2], status;
    pid_t pid;

    ck_assert_int_eq(pipe(fd), 0);
    ck_assert_int_eq(fcntl(fd[0], F_SETFD, FD_CLOEXEC), 0);
    pid = spawn("on", "kills", fd[1], done + 1, key);
    close(fd[1]);
    p.fd = fd[0];
    poll(&p, 1, 20000); /* until it has begun */
    nanosleep(&t, NULL);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFSIGNALED(status), "a child ended by itself: %d", status);
    while (read(fd[0], &id, sizeof id) == sizeof id)
        done = id;
    close(fd[0]);
    return done;
}

START_TEST(killed_writers_leave_a_whole_value_and_no_orphan)
{
    static const char *const keys[] = {"a", "b", "c"};
    int kills = (int)number_from("LARGE_KILLS", 60);
    uint64_t seed = number_from("LARGE_SEED", (uint64_t)time(NULL));
    rng r = {seed | 1};
    ddb_kv *kv = open_kv(LARGE("kills"));
    uint32_t done[3] = {0};
    int orphans, unreported = 0;

    printf("seed %" PRIu64 "\n", seed);
    fflush(stdout);
    for (int i = 0; i < kills; i++) {
        int k = i % 3;

        done[k] = run_and_kill(&r, keys[k], done[k]);
        unreported += one_more(kv, keys[k], &done[k]);
    }
    sleep(2); /* a slow server may still be doing what the last ones sent */
    for (int k = 0; k < 3; k++)
        unreported += one_more(kv, keys[k], &done[k]);
    orphans = chunks("kills", 0) - chunks_wanted(kv);
    printf("%d kills: %" PRIu32 " writes, %d done but not reported, %d chunks "
           "that were nobody's\n",
           kills, done[0] + done[1] + done[2], unreported, orphans);
    ck_assert_int_gt(orphans, 0);
    OK(ddb_kv_clear_expired(kv, NULL, &err));
    ck_assert_int_eq(chunks("kills", 0) - chunks_wanted(kv), orphans);
    collect(kv, "kills");
    ck_assert_int_eq(chunks("kills", 0), chunks_wanted(kv));
    for (int k = 0; k < 3; k++)
        ck_assert_uint_eq(found(kv, keys[k]), left_by(done[k]));
    ddb_kv_close(kv);
}
END_TEST

#define COUNT(rows) ((int)(sizeof rows / sizeof rows[0]))

static Suite *suite(void)
{
    const char *endpoint = getenv("DDB_TEST_ENDPOINT");
    Suite *s = suite_create("e2e_large");
    TCase *tc = tcase_create("large");

    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, make_table, delete_table);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, values_at_every_boundary, 0, COUNT(sizes));
    tcase_add_test(tc, what_does_not_fit_is_refused_without_large);
#ifdef DDB_WITH_ZLIB
    tcase_add_test(tc, compressed_and_then_in_chunks);
#endif
    tcase_add_loop_test(tc, chunks_go_with_their_entry, 0, COUNT(takers));
    tcase_add_loop_test(tc, read_in_every_way, 0, COUNT(ways));
    tcase_add_test(tc, what_is_damaged_is_not_given_out);
    /* A database in memory is this process's own. */
    if (endpoint == NULL || strcmp(endpoint, "memory:") != 0) {
        tcase_add_test(tc, readers_see_the_old_value_or_the_new_one);
        tcase_add_test(tc, killed_writers_leave_a_whole_value_and_no_orphan);
    }
    suite_add_tcase(s, tc);
    return s;
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 6 && strcmp(argv[1], "on") == 0)
        write_on(argv);
    if (argc > 6 && strcmp(argv[1], "some") == 0)
        return write_some(argv);
    if (argc > 5 && strcmp(argv[1], "read") == 0)
        return read_on(argv);
    return run_on_server(suite());
}
