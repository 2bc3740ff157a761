/* SPDX-License-Identifier: MIT */
/*
 * Taking away all that there is, or what has expired.
 *
 * All goes in batches.  These carry no conditions, so what has expired goes
 * one by one: each delete says that the entry expires when it was seen to.
 * One that was written anew or touched meanwhile does not, and stays.
 */
#include "base/err.h"
#include "kv/kv_impl.h"

#include <string.h>

/* ---- Everything --------------------------------------------------------- */

#define WINDOW 100 /* four requests */

/* All that a page names; its items are keys. */
static ddb_code delete_page(ddb_kv *kv, const ddb_page *page, int64_t *removed,
                            ddb_err *err)
{
    size_t n = ddb_page_count(page);
    ddb_write writes[WINDOW];
    ddb_code code = DDB_OK;

    for (size_t i = 0; i < n && code == DDB_OK; i += WINDOW) {
        size_t size = n - i < WINDOW ? n - i : WINDOW;

        for (size_t j = 0; j < size; j++)
            writes[j] = (ddb_write){.table = kv->table,
                                    .delete_key = ddb_page_item(page, i + j)};
        code = ddbi_kv_send_writes(kv, writes, size, err);
        for (size_t j = 0; j < size; j++)
            *removed += writes[j].left == 0;
    }
    return code;
}

/* All items of a partition, or of a key-only table. */
static ddb_code clear_part(ddb_kv *kv, unsigned part, int64_t *removed,
                           ddb_err *err)
{
    int key_only = kv->schema.key_only;
    ddbi_kv_names names;
    ddb_query_in in = {.table = kv->table,
                       .key_condition = key_only ? NULL : "#n = :n",
                       .projection = key_only ? "#k" : "#n,#k",
                       .names = names,
                       .values = key_only ? NULL : kv->values,
                       .consistent_read = 1};
    ddb_bytes name = ddbi_kv_part(kv, part);
    ddb_page *page = NULL;
    ddb_code code;

    ddbi_kv_name(kv, names, in.key_condition, in.projection, NULL);
    ddb_item_clear(kv->values);
    ddb_item_set_sn(kv->values, ":n", name.p, name.n);
    do {
        ddb_page *next = NULL;

        code = ddbi_kv_page(kv, &in, &next, err);
        ddb_page_free(page);
        page = next;
        if (code == DDB_OK)
            code = delete_page(kv, page, removed, err);
        if (code == DDB_OK)
            in.exclusive_start_key = ddb_page_last_key(page);
    } while (code == DDB_OK && in.exclusive_start_key != NULL);
    ddb_page_free(page);
    return code;
}

ddb_code ddb_kv_clear(ddb_kv *kv, int64_t *removed, ddb_err *err)
{
    int64_t count = 0;
    ddb_code code = DDB_OK;

    ddbi_err_clear(err);
    if (removed != NULL)
        *removed = 0;
    if (kv->schema.key_only && !kv->whole_table)
        return ddbi_fail(err, DDB_INVALID,
                         "clear would empty the whole table \"%s\": open the "
                         "store with whole_table to let it",
                         kv->table);
    for (unsigned i = 0; i < ddbi_kv_parts(kv) && code == DDB_OK; i++) {
        if (kv->large)
            code = ddbi_kv_clear_large(kv, i, &count, err);
        if (code == DDB_OK)
            code = clear_part(kv, i, &count, err);
    }
    if (kv->large && code == DDB_OK)
        code = ddbi_kv_collect(kv, err);
    if (removed != NULL)
        *removed = count;
    return code;
}

/* ---- What has expired --------------------------------------------------- */

/* A key-only table of another program may have longer keys than we write. */
static ddb_code set_key(ddb_kv *kv, ddb_bytes key, ddb_err *err)
{
    if (!kv->schema.key_only)
        return ddbi_kv_set_key(kv, key, kv->key, err);
    ddb_item_clear(kv->key);
    ddb_item_set_sn(kv->key, kv->attribute[DDBI_KV_KEY], key.p, key.n);
    return DDB_OK; /* what failed is told by the call */
}

/* One, if it has.  A delete that comes a second time, since the answer to the
 * first one was lost, and finds nothing counts: more likely than not, the
 * first one did it. */
static ddb_code delete_expired(ddb_kv *kv, const ddb_item *it, int64_t *removed,
                               ddb_err *err)
{
    ddb_bytes key = ddb_value_bytes(ddbi_kv_value(kv, it, DDBI_KV_KEY));
    const ddbi_kv_condition as_seen = {
        .text = kv->schema.relative_ttl ? "#t = :t AND #u = :u" : "#t = :t",
        .item = it};
    ddbi_kv_names names;
    ddb_delete_item_in in = {.table = kv->table,
                             .key = kv->key,
                             .condition = as_seen.text,
                             .names = names,
                             .values = kv->values,
                             .return_values = kv->large ? DDB_RETURN_ALL_OLD
                                                        : DDB_RETURN_NONE,
                             .repeatable = 1,
                             .dated = 1};
    ddb_code code = set_key(kv, key, err);
    ddb_item *old = NULL;
    int again = 0;

    if (code != DDB_OK)
        return code;
    ddbi_kv_set_values(kv, &as_seen, 0, NULL);
    ddbi_kv_name(kv, names, in.condition, NULL, NULL);
    do {
        int64_t at;

        ddbi_err_clear(err);
        if (!ddbi_kv_read_expiry(kv, it, &at) ||
            at > ddb_client_now(kv->client))
            return DDB_OK;
        code = ddb_delete_item(kv->client, &in, &old, err);
    } while (ddbi_kv_again(code, err, &again));
    if (code == DDB_OK)
        ddbi_kv_drop_chunks(kv, old);
    ddb_item_free(old);
    *removed +=
        code == DDB_OK || (code == DDB_CONDITION_FAILED && err->maybe_applied);
    if (code == DDB_CONDITION_FAILED)
        code = DDB_OK;
    return code;
}

static ddb_code clear_expired_part(ddb_kv *kv, unsigned part, int64_t *removed,
                                   ddb_err *err)
{
    const ddbi_kv_interval all = {.none = 0};
    const ddb_item *it;
    ddb_pager *pager = NULL;
    ddbi_kv_ask ask;
    ddb_code code;

    ddbi_kv_ask_for(kv, part, &all, DDBI_KV_EXPIRY(kv), &ask);
    if (ask.in.filter != NULL)
        ask.in.filter = "#t <= :now";
    ask.in.consistent_read = 1;
    code = ddbi_kv_pager(kv, &ask.in, &pager, err);
    while (code == DDB_OK && (code = ddb_pager_next(pager, &it, err)) == DDB_OK)
        code = delete_expired(kv, it, removed, err);
    ddb_pager_close(pager);
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

ddb_code ddb_kv_clear_expired(ddb_kv *kv, int64_t *removed, ddb_err *err)
{
    int64_t count = 0;
    ddb_err own;
    ddb_code code = DDB_OK;
    int again = 0;

    if (err == NULL)
        err = &own;
    for (unsigned i = 0; i < ddbi_kv_parts(kv) && code == DDB_OK; i++) {
        do {
            ddbi_err_clear(err);
            code = clear_expired_part(kv, i, &count, err);
        } while (ddbi_kv_again(code, err, &again));
    }
    if (removed != NULL)
        *removed = count;
    if (code == DDB_OK)
        code = ddbi_kv_collect(kv, err);
    if (code == DDB_OK)
        ddbi_err_clear(err);
    return code;
}
