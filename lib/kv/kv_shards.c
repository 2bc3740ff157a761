/* SPDX-License-Identifier: MIT */
/*
 * A namespace that is split over several partitions has a header, which says
 * over how many: who took another number for it would look for its keys in
 * the wrong places.  See ddb_schema(7).
 *
 * It is read when a store is opened with shards, and written before the first
 * write of the store when it was not there.  Whoever finds it there has its
 * number compared by the condition: of two programs that begin with different
 * numbers at once, one is refused.
 */
#include "kv/kv_impl.h"

#include "base/err.h"

static ddb_code set_header_key(const ddb_kv *kv, ddb_item *it)
{
    return ddbi_kv_set_meta_key(kv, ddb_str(DDBI_KV_HEADER), it);
}

static ddb_code check_header(const ddb_kv *kv, const ddb_item *header,
                             ddb_err *err)
{
    int64_t n;

    if (ddb_value_i64(ddbi_kv_value(kv, header, DDBI_KV_VALUE), &n) != DDB_OK ||
        n < 1 || n > DDB_KV_MAX_SHARDS)
        return ddbi_fail(err, DDB_BAD_VALUE,
                         "the header of namespace \"%.60s\" does not tell its "
                         "number of shards",
                         (const char *)kv->name_space.p);
    if (n != kv->shards)
        return ddbi_fail(err, DDB_INVALID,
                         "namespace \"%.60s\" has %d shards, not %d",
                         (const char *)kv->name_space.p, (int)n, kv->shards);
    return DDB_OK;
}

ddb_code ddbi_kv_read_header(ddb_kv *kv, ddb_err *err)
{
    ddb_item *key = ddb_item_new();
    ddb_get_item_in in = {.table = kv->table, .key = key, .consistent_read = 1};
    ddb_item *header = NULL;
    ddb_code code;

    if (key == NULL || set_header_key(kv, key) != DDB_OK)
        code = ddbi_nomem(err);
    else
        code = ddb_get_item(kv->client, &in, &header, err);
    kv->headless = code == DDB_NOT_FOUND;
    if (code == DDB_OK)
        code = check_header(kv, header, err);
    if (code == DDB_NOT_FOUND) {
        ddbi_err_clear(err);
        code = DDB_OK;
    }
    ddb_item_free(header);
    ddb_item_free(key);
    return code;
}

static ddb_code put_header(ddb_kv *kv, ddb_item *header, ddb_item *values,
                           ddb_err *err)
{
    ddbi_kv_names names;
    ddb_put_item_in in = {.table = kv->table,
                          .item = header,
                          .condition =
                              "attribute_not_exists(#k) OR #v = :shards",
                          .names = names,
                          .values = values,
                          .repeatable = 1};

    set_header_key(kv, header);
    ddb_item_set_i64(header, kv->attribute[DDBI_KV_VALUE], kv->shards);
    ddb_item_set_i64(values, ":shards", kv->shards);
    ddbi_kv_name(kv, names, in.condition, NULL, NULL);
    return ddb_put_item(kv->client, &in, NULL, err);
}

ddb_code ddbi_kv_write_header(ddb_kv *kv, ddb_err *err)
{
    ddb_item *header = ddb_item_new();
    ddb_item *values = ddb_item_new();
    ddb_code code;

    ddbi_err_clear(err);
    if (header == NULL || values == NULL)
        code = ddbi_nomem(err);
    else
        code = put_header(kv, header, values, err);
    ddb_item_free(header);
    ddb_item_free(values);
    if (code == DDB_CONDITION_FAILED) {
        ddbi_err_clear(err);
        code = ddbi_kv_read_header(kv, err);
        if (code == DDB_OK && kv->headless)
            code = ddbi_fail(err, DDB_INVALID,
                             "somebody takes away the header of namespace "
                             "\"%.60s\"",
                             (const char *)kv->name_space.p);
    }
    if (code == DDB_OK)
        kv->headless = 0;
    /* What the caller is about to write was not sent. */
    if (err != NULL)
        err->maybe_applied = 0;
    return code;
}
