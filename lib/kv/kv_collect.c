/* SPDX-License-Identifier: MIT */
/*
 * Chunks that are nobody's: of a write that died before its manifest, of an
 * entry that the service's TTL has removed, of one that a program replaced or
 * took away that keeps no large values, or that died in doing so.
 *
 * A chunk says which entry it is of.  It may go when that entry names another
 * generation, or none, and it is older than a write of a value can take
 * (kv_large.c): no manifest that names it is on its way.  Generations are
 * never used again, so what is nobody's remains so.
 *
 * A clear deletes in batches, which tell nothing of what they delete: entries
 * with chunks go before them, one by one.
 */
#include "base/err.h"
#include "kv/kv_impl.h"

#include <string.h>

#define LEAST_AGE 900                          /* seconds */
#define GENERATION (DDBI_KV_CHUNK_PREFIX + 32) /* bytes of a key up to it */

typedef struct {
    ddb_kv *kv;
    ddbi_hasher *hasher;
    /* The one that the last chunk was of: its chunks come together. */
    char generation[GENERATION + 1];
    int stays;
    ddb_item *keys[DDBI_BATCH_WRITES]; /* of what is to go */
    ddb_write writes[DDBI_BATCH_WRITES];
    size_t n;
} collector;

static ddb_code sweep(collector *c, ddb_err *err)
{
    size_t n = c->n;

    c->n = 0;
    if (n == 0)
        return DDB_OK;
    for (size_t i = 0; i < n; i++)
        c->writes[i] =
            (ddb_write){.table = c->kv->table, .delete_key = c->keys[i]};
    return ddbi_kv_send_writes(c->kv, c->writes, n, err);
}

static ddb_code throw_away(collector *c, ddb_bytes key, ddb_err *err)
{
    ddb_item **to = &c->keys[c->n];

    if (*to == NULL && (*to = ddb_item_new()) == NULL)
        return ddbi_nomem(err);
    ddbi_kv_set_meta_key(c->kv, key, *to);
    return ++c->n == DDBI_BATCH_WRITES ? sweep(c, err) : DDB_OK;
}

/* Does the entry of this primary key name the generation? */
static ddb_code ask_owner(collector *c, const ddb_item *owner, ddb_err *err)
{
    ddb_kv *kv = c->kv;
    ddbi_kv_names names;
    ddb_get_item_in in = {.table = kv->table,
                          .key = owner,
                          .consistent_read = 1,
                          .projection = "#v,#e",
                          .names = names};
    char named[33];
    ddb_item *it = NULL;
    ddb_code code;

    ddbi_kv_name(kv, names, in.projection, NULL, NULL);
    code = ddb_get_item(kv->client, &in, &it, err);
    if (code == DDB_NOT_FOUND) {
        ddbi_err_clear(err);
        code = DDB_OK;
    }
    c->stays = ddbi_kv_generation(kv, it, named) &&
               memcmp(named, c->generation + DDBI_KV_CHUNK_PREFIX, 32) == 0;
    ddb_item_free(it);
    return code;
}

/* What is not as we write it is not ours to judge. */
static int is_ours(collector *c, ddb_bytes key, const ddb_item *owner)
{
    ddb_kv *kv = c->kv;
    char prefix[DDBI_KV_CHUNK_PREFIX + 1];
    const ddb_value *of = ddbi_kv_value(kv, owner, DDBI_KV_KEY);
    const ddb_value *part = ddbi_kv_value(kv, owner, DDBI_KV_NAMESPACE);

    return key.n == GENERATION + 5 && ddb_item_count(owner) == 2 &&
           ddb_value_type(part) == DDB_S && ddb_value_type(of) == DDB_S &&
           ddbi_kv_chunk_prefix(c->hasher, ddb_value_bytes(of), prefix, NULL) ==
               DDB_OK &&
           memcmp(prefix, key.p, DDBI_KV_CHUNK_PREFIX) == 0;
}

static ddb_code look_at(collector *c, const ddb_item *it, ddb_err *err)
{
    ddb_kv *kv = c->kv;
    ddb_bytes key = ddb_value_bytes(ddbi_kv_value(kv, it, DDBI_KV_KEY));
    const ddb_item *owner = ddb_value_map(ddb_item_get(it, DDBI_KV_OWNER));
    int64_t at;
    ddb_code code;

    if (ddb_value_i64(ddbi_kv_value(kv, it, DDBI_KV_UPDATED), &at) != DDB_OK ||
        !is_ours(c, key, owner))
        return DDB_OK;
    if (memcmp(c->generation, key.p, GENERATION) != 0) {
        memcpy(c->generation, key.p, GENERATION);
        c->stays = at > ddb_client_now(kv->client) - LEAST_AGE;
        if (!c->stays && (code = ask_owner(c, owner, err)) != DDB_OK)
            return code;
    }
    return c->stays ? DDB_OK : throw_away(c, key, err);
}

/* From the key on.  A page costs as much as all of its chunks: when the last
 * one stays, so does the rest of its generation, and need not be read. */
static ddb_code collect_page(collector *c, ddb_query_in *in, ddb_page **last,
                             int *more, ddb_err *err)
{
    ddb_page *page = NULL;
    ddb_code code = ddb_query(c->kv->client, in, &page, err);

    ddb_page_free(*last);
    *last = page;
    c->stays = 0;
    for (size_t i = 0; code == DDB_OK && i < ddb_page_count(page); i++)
        code = look_at(c, ddb_page_item(page, i), err);
    if (code == DDB_OK)
        in->exclusive_start_key = ddb_page_last_key(page);
    *more = code == DDB_OK && in->exclusive_start_key != NULL;
    if (*more && c->stays) {
        c->generation[GENERATION] = '0'; /* it comes after '/' */
        ddb_item_set_sn(c->kv->values, ":a", c->generation, GENERATION + 1);
        in->exclusive_start_key = NULL;
    }
    return code;
}

static ddb_code collect(collector *c, ddb_err *err)
{
    ddb_kv *kv = c->kv;
    const ddb_name names[] = {{"#n", kv->attribute[DDBI_KV_NAMESPACE]},
                              {"#k", kv->attribute[DDBI_KV_KEY]},
                              {"#u", kv->attribute[DDBI_KV_UPDATED]},
                              {"#o", DDBI_KV_OWNER},
                              {0}};
    ddb_query_in in = {.table = kv->table,
                       .key_condition = "#n = :n AND #k BETWEEN :a AND :b",
                       .projection = "#k,#u,#o",
                       .names = names,
                       .values = kv->values,
                       .consistent_read = 1};
    ddb_bytes meta = ddbi_kv_meta(kv);
    ddb_page *page = NULL;
    int more = 0;
    ddb_code code;

    ddb_item_clear(kv->values);
    ddb_item_set_sn(kv->values, ":n", meta.p, meta.n);
    ddb_item_set_s(kv->values, ":a", "chunk/");
    ddb_item_set_s(kv->values, ":b", "chunk0");
    do
        code = collect_page(c, &in, &page, &more, err);
    while (more);
    ddb_page_free(page);
    return code == DDB_OK ? sweep(c, err) : code;
}

ddb_code ddbi_kv_collect(ddb_kv *kv, ddb_err *err)
{
    collector c = {.kv = kv};
    ddb_code code;

    ddbi_err_clear(err);
    /* A name that leaves no room for the partition's has no chunks. */
    if (kv->schema.key_only || kv->schema.relative_ttl ||
        kv->name_space.n + strlen(DDBI_KV_META) > DDBI_MAX_PARTITION_KEY)
        return DDB_OK;
    if ((c.hasher = ddbi_hasher_new()) == NULL)
        return ddbi_nomem(err);
    code = collect(&c, err);
    for (size_t i = 0; i < DDBI_BATCH_WRITES; i++)
        ddb_item_free(c.keys[i]);
    ddbi_hasher_free(c.hasher);
    /* A program that has no right to what it does not use. */
    if (code == DDB_ACCESS_DENIED && !kv->large) {
        ddbi_err_clear(err);
        code = DDB_OK;
    }
    return code;
}

/* ---- Clearing ----------------------------------------------------------- */

static ddb_code delete_one(ddb_kv *kv, const ddb_item *key, int64_t *removed,
                           ddb_err *err)
{
    const ddb_delete_item_in in = {
        .table = kv->table, .key = key, .return_values = DDB_RETURN_ALL_OLD};
    ddb_item *old = NULL;
    ddb_code code = ddb_delete_item(kv->client, &in, &old, err);

    if (code == DDB_OK) {
        ddbi_kv_drop_chunks(kv, old);
        ++*removed;
    }
    ddb_item_free(old);
    return ddbi_kv_certain(code, err);
}

ddb_code ddbi_kv_clear_large(ddb_kv *kv, unsigned part, int64_t *removed,
                             ddb_err *err)
{
    ddbi_kv_names names;
    const ddb_query_in in = {.table = kv->table,
                             .key_condition = "#n = :n",
                             .filter = "contains(#e, :c)",
                             .projection = "#n,#k",
                             .names = names,
                             .values = kv->values,
                             .consistent_read = 1};
    ddb_bytes name = ddbi_kv_part(kv, part);
    const ddb_item *it;
    ddb_pager *pager = NULL;
    ddb_code code;

    ddbi_kv_name(kv, names, in.key_condition, in.filter, in.projection);
    ddb_item_clear(kv->values);
    ddb_item_set_sn(kv->values, ":n", name.p, name.n);
    ddb_item_set_s(kv->values, ":c", ddbi_kv_words(DDBI_KV_CHUNKS));
    code = ddb_query_open(kv->client, &in, &pager, err);
    while (code == DDB_OK && (code = ddb_pager_next(pager, &it, err)) == DDB_OK)
        code = delete_one(kv, it, removed, err);
    ddb_pager_close(pager);
    if (code != DDB_NOT_FOUND)
        return code;
    ddbi_err_clear(err);
    return DDB_OK;
}
