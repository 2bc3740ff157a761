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
#include "base/alloc.h"
#include "base/err.h"
#include "kv/kv_impl.h"

#include <string.h>

static int is_live(const ddb_kv *kv, const ddb_item *it)
{
    int64_t at;

    return it != NULL && (!ddbi_kv_read_expiry(kv, it, &at) ||
                          at > ddb_client_now(kv->client));
}

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

/* An entry of memory of its own, which holds the value, a NUL and the key. */
static ddb_code make_entry(ddb_bytes key, ddb_bytes value, ddb_kv_entry *e,
                           ddb_err *err)
{
    size_t room;
    char *p = NULL;

    if (ddbi_add_size(value.n, 1 + key.n, &room) == 0)
        p = ddbi_malloc(room);
    if (p == NULL)
        return ddbi_nomem(err);
    if (value.n > 0)
        memcpy(p, value.p, value.n);
    p[value.n] = '\0';
    memcpy(p + value.n + 1, key.p, key.n);
    e->decoded = p;
    e->value = (ddb_bytes){p, value.n};
    e->key = (ddb_bytes){p + value.n + 1, key.n};
    return DDB_OK;
}

ddb_code ddb_kv_get_or(ddb_kv *kv, ddb_bytes key, ddb_bytes fallback,
                       ddb_kv_entry *e, ddb_err *err)
{
    ddb_kv_entry got = {0};
    ddb_code code;

    ddbi_err_clear(err);
    if (fallback.p == NULL && fallback.n > 0)
        code = ddbi_fail(err, DDB_INVALID, "the fallback is a NULL pointer");
    else
        code = ddb_kv_get(kv, key, &got, err);
    if (code == DDB_NOT_FOUND) {
        ddbi_err_clear(err);
        code = make_entry(key, fallback, &got, err);
    }
    /* Only now: both may be of the entry that is read again. */
    ddb_kv_entry_clear(e);
    *e = got;
    return code;
}

/* Its item, as far as expiry goes.  The key is asked for so that there is
 * something to give of an entry that never expires. */
static ddb_code look_at(ddb_kv *kv, ddb_bytes key, int consistent,
                        ddb_item **out, ddb_err *err)
{
    ddbi_kv_names names;
    ddb_get_item_in in = {.table = kv->table,
                          .key = kv->key,
                          .consistent_read = consistent,
                          .projection = DDBI_KV_EXPIRY(kv),
                          .names = names};
    ddb_code code;

    ddbi_err_clear(err);
    if ((code = ddbi_kv_set_key(kv, key, kv->key, err)) != DDB_OK)
        return code;
    ddbi_kv_name(kv, names, in.projection, NULL, NULL);
    return ddb_get_item(kv->client, &in, out, err);
}

ddb_code ddb_kv_has(ddb_kv *kv, ddb_bytes key, ddb_err *err)
{
    ddb_item *it = NULL;
    ddb_code code = look_at(kv, key, !kv->eventual, &it, err);

    if (code == DDB_OK && !is_live(kv, it))
        code = ddbi_fail(err, DDB_NOT_FOUND, "there is no such key");
    ddb_item_free(it);
    return code;
}

ddb_code ddb_kv_put(ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                    const ddb_kv_put_options *opt, ddb_err *err)
{
    return ddbi_kv_write(kv, key, value, opt, NULL, err);
}

/* No expression tells whether the one that is there has expired: it is looked
 * at, and replaced if it is still that. */
static ddb_code add_looking(ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                            const ddb_kv_put_options *opt, ddb_err *err)
{
    ddbi_kv_condition absent = {.text =
                                    "attribute_not_exists(#k) OR #i = :mine"};
    ddb_err why;
    ddb_item *it = NULL;
    ddb_code code = ddbi_kv_write(kv, key, value, opt, &absent, &why);

    if (code == DDB_CONDITION_FAILED) {
        ddb_err looked;
        ddb_code found = look_at(kv, key, 1, &it, &looked);

        if (found != DDB_OK && found != DDB_NOT_FOUND) {
            code = found;
            why = looked;
        } else if (!is_live(kv, it)) {
            if (it != NULL) /* else it is gone meanwhile */
                absent.text = "attribute_not_exists(#k) OR #i = :mine OR "
                              "#t = :t AND #u = :u";
            absent.item = it;
            code = ddbi_kv_write(kv, key, value, opt, &absent, &why);
        }
    }
    ddb_item_free(it);
    if (err != NULL)
        *err = why;
    return code;
}

ddb_code ddb_kv_add(ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                    const ddb_kv_put_options *opt, ddb_err *err)
{
    static const ddbi_kv_condition absent = {
        .text = "attribute_not_exists(#k) OR #i = :mine OR #t <= :now"};

    if (kv->schema.relative_ttl)
        return add_looking(kv, key, value, opt, err);
    return ddbi_kv_write(kv, key, value, opt, &absent, err);
}

/* Where no expression tells whether it has expired, it is deleted in any case
 * and looked at then. */
ddb_code ddb_kv_delete(ddb_kv *kv, ddb_bytes key, ddb_err *err)
{
    int looking = kv->schema.relative_ttl;
    ddbi_kv_names names;
    ddb_delete_item_in in = {
        .table = kv->table,
        .key = kv->key,
        .condition = looking ? NULL : "attribute_exists(#k) AND " DDBI_KV_LIVE,
        .names = names,
        .values = looking ? NULL : kv->values,
        .return_values =
            looking || kv->large ? DDB_RETURN_ALL_OLD : DDB_RETURN_NONE,
        .repeatable = 1,
        .dated = !looking};
    ddb_item *old = NULL;
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
        code = ddb_delete_item(kv->client, &in, &old, &why);
    } while (ddbi_kv_again(code, &why, &again));
    if (code == DDB_OK && looking && !is_live(kv, old))
        code = DDB_CONDITION_FAILED;
    if (code == DDB_OK)
        ddbi_kv_drop_chunks(kv, old);
    ddb_item_free(old);
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
