/* SPDX-License-Identifier: MIT */
/*
 * Tables that were read before.  A request gets its table's description from
 * the store, as another process may have changed it, and parses it only when
 * its text is another than the last time: a comparison of some hundred bytes
 * instead.
 *
 * What a request was given lives until the trim before the next one, also
 * when it has changed meanwhile.
 */
#include "local/local_table.h"

#include "base/alloc.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/hash.h"

#define BUCKETS 128
#define MANY 512 /* tables; then all are forgotten */

typedef struct entry entry;
struct entry {
    entry *next; /* in the bucket, or among the old ones */
    uint32_t hash;
    ddbi_arena arena; /* the table's, json's too */
    ddb_bytes json;
    ddbi_table table;
};

struct ddbi_catalogue {
    entry *buckets[BUCKETS];
    entry *old; /* replaced since the last trim */
    size_t n;   /* in the buckets */
};

struct ddbi_catalogue *ddbi_catalogue_new(void)
{
    return ddbi_calloc(1, sizeof(struct ddbi_catalogue));
}

static void free_entries(entry **list)
{
    while (*list) {
        entry *e = *list;

        *list = e->next;
        ddbi_arena_free(&e->arena);
        ddbi_free(e);
    }
}

static void forget(struct ddbi_catalogue *c)
{
    for (size_t i = 0; i < BUCKETS; i++)
        free_entries(&c->buckets[i]);
    c->n = 0;
}

void ddbi_catalogue_trim(struct ddbi_catalogue *c)
{
    free_entries(&c->old);
    if (c->n > MANY)
        forget(c);
}

void ddbi_catalogue_free(struct ddbi_catalogue *c)
{
    if (!c)
        return;
    free_entries(&c->old);
    forget(c);
    ddbi_free(c);
}

static ddb_code fill(entry *e, ddb_bytes name, ddb_bytes json, ddb_err *err)
{
    ddb_code code;

    e->json = (ddb_bytes){ddbi_arena_dup(&e->arena, json.p, json.n), json.n};
    if (!e->json.p)
        return ddbi_nomem(err);
    code = ddbi_table_read(&e->arena, json, &e->table, err);
    if (code == DDB_OK && !ddbi_equal(e->table.name, name))
        return ddbi_fail(err, DDB_SYSTEM,
                         "the database is damaged: a table's description is "
                         "at another's place");
    return code;
}

ddb_code ddbi_catalogue_table(struct ddbi_catalogue *c, ddb_bytes name,
                              ddb_bytes json, const ddbi_table **out,
                              ddb_err *err)
{
    uint32_t hash = ddbi_crc32(name.p, name.n);
    entry **at = &c->buckets[hash % BUCKETS];
    ddb_code code;
    entry *e;

    while (*at && ((*at)->hash != hash || !ddbi_equal((*at)->table.name, name)))
        at = &(*at)->next;
    if (*at && ddbi_equal((*at)->json, json)) {
        *out = &(*at)->table;
        return DDB_OK;
    }
    e = ddbi_calloc(1, sizeof *e);
    if (!e)
        return ddbi_nomem(err);
    e->hash = hash;
    code = fill(e, name, json, err);
    if (code != DDB_OK) {
        free_entries(&e);
        return code;
    }
    if (*at) {
        entry *replaced = *at;

        e->next = replaced->next;
        replaced->next = c->old;
        c->old = replaced;
    } else {
        c->n++;
    }
    *at = e;
    *out = &e->table;
    return DDB_OK;
}
