/* SPDX-License-Identifier: MIT */
/*
 * The ways in which a store can be kept, each as a row of a table: what a
 * dict has to show holds for all of them.  Each has a table of its own; where
 * the key is all, each namespace has one.
 */
#ifndef STORES_H
#define STORES_H

#include "server.h"

#include <ddb/kv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ddb_client *c;
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

/* ---- The table of them -------------------------------------------------- */

typedef ddb_code open_fn(ddb_client *c, const ddb_kv_options *opt, ddb_kv **out,
                         ddb_err *err);

typedef struct {
    const char *name;
    ddb_kv_options opt;
    open_fn *open;               /* NULL: ddb_kv_open */
    const ddb_kv_schema *schema; /* NULL: our own */
    ddb_kv_kind kind;            /* of its values, as they are put */
    int as_bytes;                /* and read, whatever was put */
    int key_only;
    size_t pad; /* some values are so much longer: one in `every` */
    int every;
    const char *form; /* of a value, of which %s is the text */
} store;

/* Not the same as what it is given, and longer. */
static inline ddb_code scramble(void *arg, ddb_bytes key, ddb_bytes in,
                                ddb_kv_out *out, ddb_err *e)
{
    const unsigned char *p = in.p;
    unsigned char mask = (unsigned char)key.n;
    ddb_code code = ddb_kv_out_add(out, "!", 1);

    (void)arg;
    (void)e;
    for (size_t i = 0; i < in.n && code == DDB_OK; i++) {
        unsigned char byte = (unsigned char)(p[i] ^ mask ^ 0x5a);

        code = ddb_kv_out_add(out, &byte, 1);
    }
    return code;
}

static inline ddb_code unscramble(void *arg, ddb_bytes key, ddb_bytes in,
                                  ddb_kv_out *out, ddb_err *e)
{
    const unsigned char *p = in.p;
    unsigned char mask = (unsigned char)key.n;
    ddb_code code = DDB_OK;

    (void)arg;
    (void)e;
    if (in.n == 0 || p[0] != '!')
        return DDB_BAD_VALUE;
    for (size_t i = 1; i < in.n && code == DDB_OK; i++) {
        unsigned char byte = (unsigned char)(p[i] ^ mask ^ 0x5a);

        code = ddb_kv_out_add(out, &byte, 1);
    }
    return code;
}

static const ddb_kv_coding scrambled = {.encode = scramble,
                                        .decode = unscramble};
/* Reserved words, and names that need a placeholder. */
static const ddb_kv_schema renamed = {.name_space = "partition",
                                      .key = "order by",
                                      .value = "binary",
                                      .ttl = "expires-at",
                                      .updated = "timestamp",
                                      .version = "#v",
                                      .encoding = "\xc3\xa4"};
static const ddb_kv_schema key_alone = {.key_only = 1};
static const ddb_kv_schema bytes_alone = {.bytes_only = 1};
static const ddb_kv_schema relative = {
    .ttl = "expire", .updated = "update_ts", .key_only = 1, .relative_ttl = 1};

#define OBJECT "{\"text\":\"%s\",\"n\":[1,2.50,true,null]}"

#ifdef DDB_WITH_ZLIB
#define COMPRESS 1
#else
#define COMPRESS 0 /* which is refused there: e2e_coding.c */
#endif

static const store stores[] = {
    {.name = "plain", .kind = DDB_KV_TEXT, .form = "%s"},
    {.name = "bytes", .kind = DDB_KV_BYTES, .form = "%s\xff"},
    {.name = "text",
     .opt = {.type = DDB_KV_ONLY_TEXT},
     .kind = DDB_KV_TEXT,
     .form = "%s"},
    {.name = "object",
     .opt = {.type = DDB_KV_ONLY_OBJECT},
     .kind = DDB_KV_TEXT,
     .form = OBJECT},
    {.name = "array",
     .opt = {.type = DDB_KV_ONLY_ARRAY},
     .kind = DDB_KV_TEXT,
     .form = "[\"%s\"]"},
    {.name = "coded",
     .opt = {.coding = &scrambled},
     .kind = DDB_KV_TEXT,
     .form = "%s"},
    {.name = "compressed",
     .opt = {.compress = COMPRESS},
     .kind = DDB_KV_TEXT,
     .pad = 3000,
     .every = 5,
     .form = "%s"},
    {.name = "sharded",
     .opt = {.shards = 7},
     .kind = DDB_KV_TEXT,
     .form = "%s"},
    {.name = "large",
     .opt = {.large = 1},
     .kind = DDB_KV_TEXT,
     .pad = 450000,
     .every = 25,
     .form = "%s"},
    {.name = "renamed", .schema = &renamed, .kind = DDB_KV_TEXT, .form = "%s"},
    {.name = "bytes_only",
     .schema = &bytes_alone,
     .kind = DDB_KV_TEXT,
     .as_bytes = 1,
     .form = "%s"},
    {.name = "key_only",
     .opt = {.whole_table = 1},
     .schema = &key_alone,
     .kind = DDB_KV_TEXT,
     .key_only = 1,
     .form = "%s"},
    {.name = "relative_ttl",
     .opt = {.whole_table = 1},
     .schema = &relative,
     .kind = DDB_KV_TEXT,
     .key_only = 1,
     .form = "%s"},
    {.name = "requests_cache_0",
     .open = ddb_kv_open_requests_cache,
     .kind = DDB_KV_BYTES,
     .form = "%s\xff"},
    {.name = "requests_cache_1",
     .opt = {.whole_table = 1},
     .open = ddb_kv_open_requests_cache,
     .schema = &key_alone,
     .kind = DDB_KV_TEXT,
     .key_only = 1,
     .form = "%s"},
    {.name = "pynamodb_mate",
     .opt = {.whole_table = 1},
     .open = ddb_kv_open_pynamodb_mate,
     .schema = &relative,
     .kind = DDB_KV_BYTES,
     .key_only = 1,
     .form = "%s"},
    {.name = "all_at_once",
     .opt = {.shards = 3,
             .compress = COMPRESS,
             .large = 1,
             .coding = &scrambled,
             .type = DDB_KV_ONLY_OBJECT},
     .schema = &renamed,
     .kind = DDB_KV_TEXT,
     .pad = 3000,
     .every = 5,
     .form = OBJECT},
};
#define N_STORES ((int)(sizeof stores / sizeof stores[0]))

/* ---- Their tables ------------------------------------------------------- */

/* All tables of this run begin so. */
static char tables[32];

static inline void stores_name_tables(void)
{
    snprintf(tables, sizeof tables, "dict_%d_", (int)getpid());
}

/* Listed first: some go while their deletion goes on, some do not. */
static inline void stores_delete_tables(void)
{
    ddb_client *client = server_open(NULL);
    ddb_table_list *pages[64] = {NULL};
    const char *start = NULL;
    size_t n = 0;

    do {
        if (ddb_list_tables(client, start, 0, &pages[n], NULL) != DDB_OK)
            break;
        start = pages[n]->last_evaluated;
    } while (++n < sizeof pages / sizeof pages[0] && start != NULL);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < pages[i]->n; j++)
            if (strncmp(pages[i]->names[j], tables, strlen(tables)) == 0)
                ddb_delete_table(client, pages[i]->names[j], NULL, NULL);
        ddb_free(pages[i]);
    }
    server_close(client);
}

/* The options of one namespace of a store. */
typedef struct {
    ddb_kv_options opt;
    char table[100];
} store_place;

static inline void store_find(const store *s, const char *name,
                              store_place *out)
{
    out->opt = s->opt;
    if (s->open == NULL)
        out->opt.schema = s->schema;
    out->opt.table = out->table;
    out->opt.name_space = s->key_only ? NULL : name;
    snprintf(out->table, sizeof out->table, "%s%s%s%s", tables, s->name,
             s->key_only ? "." : "", s->key_only ? name : "");
}

static ddb_code store_open_at(ddb_client *client, const store *s,
                              const store_place *place, ddb_kv **out,
                              ddb_err *e)
{
    return (s->open != NULL ? s->open : ddb_kv_open)(client, &place->opt, out,
                                                     e);
}

static inline ddb_kv *store_open(ddb_client *client, const store *s,
                                 const char *name)
{
    store_place place;
    ddb_kv *kv;

    store_find(s, name, &place);
    place.opt.create = 1;
    OK(store_open_at(client, s, &place, &kv, &err));
    return kv;
}

/* ---- Values ------------------------------------------------------------- */

/* Which are the long ones: of 2, 2 + every... and "two". */
static int is_long(const store *s, const char *text)
{
    size_t n = strlen(text);

    while (n > 0 && text[n - 1] >= '0' && text[n - 1] <= '9')
        n--;
    return s->pad > 0 &&
           (strcmp(text, "two") == 0 || atoi(text + n) % s->every == 2);
}

/* The value of a store for a text; the caller frees it. */
static inline char *store_value(const store *s, const char *text, size_t *n)
{
    const char *hole = strstr(s->form, "%s");
    size_t text_n = strlen(text);
    size_t pad = is_long(s, text) ? s->pad : 0;
    size_t before = (size_t)(hole - s->form);
    char *p;

    *n = before + text_n + pad + strlen(hole + 2);
    p = malloc(*n + 1);
    memcpy(p, s->form, before);
    memcpy(p + before, text, text_n);
    for (size_t i = 0; i < pad; i++)
        p[before + text_n + i] = (char)('a' + i % 23);
    strcpy(p + before + text_n + pad, hole + 2);
    return p;
}

static inline void put(const store *s, ddb_kv *kv, const char *key,
                       const char *text)
{
    const ddb_kv_put_options opt = {.kind = s->kind};
    size_t n;
    char *p = store_value(s, text, &n);

    OK(ddb_kv_put(kv, ddb_str(key), (ddb_bytes){p, n}, &opt, &err));
    free(p);
}

/* The entry is this key's and has the value for this text. */
static inline void is_entry(const store *s, const ddb_kv_entry *e,
                            const char *key, const char *text)
{
    size_t n;
    char *p = store_value(s, text, &n);

    ck_assert_uint_eq(e->key.n, strlen(key));
    ck_assert_mem_eq(e->key.p, key, e->key.n);
    ck_assert_uint_eq(e->value.n, n);
    ck_assert_mem_eq(e->value.p, p, n + 1);
    ck_assert_int_eq(e->kind, s->as_bytes ? DDB_KV_BYTES : s->kind);
    free(p);
}

/* What is there tells when and by which write. */
static inline void has(const store *s, ddb_kv *kv, const char *key,
                       const char *text)
{
    ddb_kv_entry e = {0};

    OK(ddb_kv_get(kv, ddb_str(key), &e, &err));
    is_entry(s, &e, key, text);
    ck_assert_int_gt(e.updated_at, 0);
    ddb_kv_entry_clear(&e);
    OK(ddb_kv_has(kv, ddb_str(key), &err));
}

static inline void is_absent(ddb_kv *kv, const char *key)
{
    ddb_kv_entry e = {0};

    CODE(ddb_kv_get(kv, ddb_str(key), &e, &err), DDB_NOT_FOUND);
    ck_assert_ptr_null(e.key.p);
    CODE(ddb_kv_has(kv, ddb_str(key), &err), DDB_NOT_FOUND);
}

static inline int64_t count(ddb_kv *kv)
{
    int64_t n;

    OK(ddb_kv_count(kv, NULL, &n, &err));
    return n;
}

/* key0, key1 ... with value0, value1 ... in one go. */
#define MOST 64
static inline void fill(const store *s, ddb_kv *kv, int n)
{
    ddb_kv_pair pairs[MOST] = {{.left = 0}};
    char names[MOST][16];
    char *values[MOST];

    ck_assert_int_le(n, MOST);
    for (int i = 0; i < n; i++) {
        char text[16];

        snprintf(names[i], sizeof names[i], "key%d", i);
        snprintf(text, sizeof text, "value%d", i);
        values[i] = store_value(s, text, &pairs[i].value.n);
        pairs[i].value.p = values[i];
        pairs[i].key = ddb_str(names[i]);
        pairs[i].opt.kind = s->kind;
    }
    OK(ddb_kv_put_many(kv, pairs, (size_t)n, &err));
    for (int i = 0; i < n; i++)
        free(values[i]);
}

#endif
