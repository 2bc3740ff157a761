/* SPDX-License-Identifier: MIT */
/*
 * The store, one key at a time.
 *
 * kv_write.c writes.  An add whose answer was lost recognises what it has
 * written itself, since its condition holds for an entry of its own version
 * too.  So it needs no look at the entry that blocked it: what fails the
 * condition is somebody else's.
 *
 * A delete cannot leave such a mark.  One that is not certain to have been
 * the first to arrive and finds nothing tells maybe_applied.
 */
#include "base/err.h"
#include "kv/kv_impl.h"

#include <string.h>

/* The whole item is asked for: naming the attributes takes more bytes than
 * it saves, and a twentieth of the processor time of the call. */
ddb_code ddb_kv_get(ddb_kv *kv, ddb_bytes key, ddb_kv_entry *e, ddb_err *err)
{
    ddb_get_item_in in = {
        .table = kv->table, .key = kv->key, .consistent_read = !kv->eventual};
    ddb_item *it = NULL;
    ddb_code code;

    ddbi_err_clear(err);
    code = ddbi_kv_set_key(kv, key, kv->key, err);
    /* Only now: key may be that of the entry that is read again. */
    ddb_kv_entry_clear(e);
    if (code == DDB_OK)
        code = ddb_get_item(kv->client, &in, &it, err);
    if (code != DDB_OK)
        return code;
    return ddbi_kv_take_entry(kv, it, ddb_client_now(kv->client), e, err);
}

ddb_code ddb_kv_has(ddb_kv *kv, ddb_bytes key, ddb_err *err)
{
    /* The key is asked for so that there is something to give of an entry
     * that never expires. */
    ddbi_kv_names names;
    ddb_get_item_in in = {.table = kv->table,
                          .key = kv->key,
                          .consistent_read = !kv->eventual,
                          .projection = DDBI_KV_EXPIRY(kv),
                          .names = names};
    ddb_kv_entry found;
    ddb_item *it = NULL;
    ddb_code code;

    ddbi_err_clear(err);
    if ((code = ddbi_kv_set_key(kv, key, kv->key, err)) != DDB_OK)
        return code;
    ddbi_kv_name(kv, names, in.projection, NULL, NULL);
    if ((code = ddb_get_item(kv->client, &in, &it, err)) != DDB_OK)
        return code;
    code =
        ddbi_kv_read_entry(kv, it, ddb_client_now(kv->client), 1, &found, err);
    ddb_item_free(it);
    return code;
}

ddb_code ddb_kv_put(ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                    const ddb_kv_put_options *opt, ddb_err *err)
{
    return ddbi_kv_write(kv, key, value, opt, NULL, err);
}

ddb_code ddb_kv_add(ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                    const ddb_kv_put_options *opt, ddb_err *err)
{
    static const ddbi_kv_condition absent = {
        .text = "attribute_not_exists(#k) OR #i = :mine OR #t <= :now"};

    return ddbi_kv_write(kv, key, value, opt, &absent, err);
}

ddb_code ddb_kv_delete(ddb_kv *kv, ddb_bytes key, ddb_err *err)
{
    ddbi_kv_names names;
    ddb_delete_item_in in = {.table = kv->table,
                             .key = kv->key,
                             .condition =
                                 "attribute_exists(#k) AND " DDBI_KV_LIVE,
                             .names = names,
                             .values = kv->values,
                             .repeatable = 1,
                             .dated = 1};
    ddb_err why;
    ddb_code code;
    int again = 0;

    ddbi_err_clear(err);
    if ((code = ddbi_kv_set_key(kv, key, kv->key, err)) != DDB_OK)
        return code;
    ddbi_kv_name(kv, names, in.condition, NULL, NULL);
    do {
        ddb_item_clear(kv->values);
        ddb_item_set_i64(kv->values, ":now", ddb_client_now(kv->client));
        code = ddb_delete_item(kv->client, &in, NULL, &why);
    } while (ddbi_kv_again(code, &why, &again));
    if (code == DDB_CONDITION_FAILED && !why.maybe_applied)
        return ddbi_fail(err, DDB_NOT_FOUND, "there is no such key");
    if (code == DDB_CONDITION_FAILED) {
        if (err != NULL)
            err->maybe_applied = 1;
        return DDB_OK;
    }
    if (err != NULL)
        *err = why;
    return ddbi_kv_certain(code, err);
}
