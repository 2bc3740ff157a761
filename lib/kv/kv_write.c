/* SPDX-License-Identifier: MIT */
/*
 * One value into the table: what put, add and replace have in common.
 *
 * Each write draws a version of its own, once per logical call: all attempts
 * carry the same.  A condition that holds for an entry of this version too
 * recognises what it has written itself when the answer was lost.
 *
 * A write tells the time.  When the service finds our clock to be wrong,
 * signing the same request with the right time would store and compare wrong
 * ones: it is built anew.
 */
#include "kv/kv_impl.h"

#include "base/err.h"

#include <string.h>

static ddb_code send(ddb_kv *kv, ddb_bytes key, const ddbi_kv_coded *coded,
                     const ddb_kv_put_options *opt,
                     const ddbi_kv_condition *condition,
                     const unsigned char *version, ddb_err *err)
{
    ddbi_kv_names names;
    ddb_put_item_in in = {.table = kv->table, .item = kv->item, .dated = 1};
    ddb_code code;
    int again = 0;

    if (condition != NULL) {
        in.condition = condition->text;
        in.names = names;
        in.values = kv->values;
        in.repeatable = 1;
        ddbi_kv_name(kv, names, in.condition, NULL, NULL);
    }
    do {
        int64_t now = ddb_client_now(kv->client);
        int64_t expires_at;

        ddbi_err_clear(err);
        code = ddbi_kv_find_expiry(opt, now, &expires_at, err);
        if (code == DDB_OK)
            code = ddbi_kv_set_entry(kv, key, coded, now, expires_at, version,
                                     kv->item, err);
        if (code != DDB_OK)
            return code;
        if (condition != NULL)
            ddbi_kv_set_values(kv, condition, now, version);
        if (kv->headless && (code = ddbi_kv_write_header(kv, err)) != DDB_OK)
            return code;
        code = ddb_put_item(kv->client, &in, NULL, err);
    } while (ddbi_kv_again(code, err, &again));
    return ddbi_kv_certain(code, err);
}

ddb_code ddbi_kv_write(ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                       const ddb_kv_put_options *opt,
                       const ddbi_kv_condition *condition, ddb_err *err)
{
    unsigned char version[DDBI_KV_VERSION_SIZE];
    ddbi_kv_coded coded = {0};
    ddb_err own;
    ddb_code code;

    if (err == NULL)
        err = &own;
    ddbi_err_clear(err);
    code = ddbi_kv_encode(kv, key, value,
                          opt != NULL ? opt->kind : DDB_KV_BYTES, &coded, err);
    if (code == DDB_OK)
        code = ddbi_kv_draw_versions(kv, version, 1, err);
    if (code == DDB_OK)
        code = send(kv, key, &coded, opt, condition, version, err);
    if (code == DDB_OK && opt != NULL && opt->version != NULL)
        memcpy(opt->version, version, sizeof version);
    ddbi_kv_coded_free(&coded);
    return code;
}
