/* SPDX-License-Identifier: MIT */
/*
 * Counting: exactly, by asking for numbers alone (Select COUNT), which the
 * service charges like a listing; and about, by what it has counted itself.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
 */
#include "base/err.h"
#include "kv/kv_impl.h"

/* Look at each item: no expression tells which of them have expired. */
static ddb_code count_by_looking(ddb_kv *kv, unsigned part,
                                 const ddbi_kv_interval *v, int64_t *out,
                                 ddb_err *err)
{
    const ddb_item *it;
    ddb_pager *pager = NULL;
    ddbi_kv_ask ask;
    int64_t at;
    ddb_code code;

    ddbi_kv_ask_for(kv, part, v, DDBI_KV_EXPIRY(kv), &ask);
    code = ddbi_kv_pager(kv, &ask.in, &pager, err);
    while (code == DDB_OK && (code = ddb_pager_next(pager, &it, err)) == DDB_OK)
        *out += !ddbi_kv_read_expiry(kv, it, &at) ||
                at > ddb_client_now(kv->client);
    ddb_pager_close(pager);
    if (code == DDB_NOT_FOUND) {
        ddbi_err_clear(err);
        code = DDB_OK;
    }
    return code;
}

static ddb_code count_part(ddb_kv *kv, unsigned part, const ddbi_kv_interval *v,
                           int64_t *out, ddb_err *err)
{
    ddbi_kv_ask ask;
    ddb_code code;
    int again = 0;

    if (ddbi_kv_live(kv) == NULL)
        return count_by_looking(kv, part, v, out, err);
    do {
        ddbi_kv_ask_for(kv, part, v, NULL, &ask);
        code = kv->schema.key_only
                   ? ddb_scan_count(kv->client, &ask.in, out, err)
                   : ddb_query_count(kv->client, &ask.in, out, err);
    } while (ddbi_kv_again(code, err, &again));
    return code;
}

ddb_code ddb_kv_count(ddb_kv *kv, const ddb_kv_range *range, int64_t *out,
                      ddb_err *err)
{
    static const ddb_kv_range everything;
    ddbi_kv_interval v;
    ddb_err own;
    ddb_code code;

    *out = 0;
    if (err == NULL)
        err = &own;
    ddbi_err_clear(err);
    if (range == NULL)
        range = &everything;
    if (range->limit != 0 || range->reverse || range->cursor != NULL)
        return ddbi_fail(err, DDB_INVALID,
                         "a count takes neither limit nor reverse nor cursor");
    if ((code = ddbi_kv_find_interval(kv, range, &v, err)) != DDB_OK || v.none)
        return code;
    for (unsigned i = 0; i < ddbi_kv_parts(kv) && code == DDB_OK; i++) {
        int64_t n = 0;

        code = count_part(kv, i, &v, &n, err);
        *out += n;
    }
    if (code != DDB_OK)
        *out = 0;
    return code;
}

ddb_code ddb_kv_estimate(ddb_kv *kv, int64_t *out, ddb_err *err)
{
    ddb_table_info info = {0};
    ddb_code code = ddb_describe_table(kv->client, kv->table, &info, err);

    *out = code == DDB_OK ? info.item_count : 0;
    return code;
}
