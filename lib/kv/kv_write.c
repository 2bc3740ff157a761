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

/* A condition that holds always makes of a put one that is not repeated.  A
 * store that keeps large values is told what it writes over. */
ddb_code ddbi_kv_send(ddb_kv *kv, const ddbi_kv_sending *s, ddb_err *err)
{
    static const ddbi_kv_condition any = {
        .text = "attribute_exists(#k) OR attribute_not_exists(#k)"};
    const ddbi_kv_condition *condition =
        s->condition == NULL && s->once ? &any : s->condition;
    ddbi_kv_names names;
    ddb_put_item_in in = {.table = kv->table,
                          .item = kv->item,
                          .return_values =
                              kv->large ? DDB_RETURN_ALL_OLD : DDB_RETURN_NONE,
                          .dated = 1,
                          .timeout_ms = s->timeout_ms};
    ddb_item *old = NULL;
    ddb_code code;
    int again = 0;

    if (condition != NULL) {
        in.condition = condition->text;
        in.names = names;
        in.values = condition != &any ? kv->values : NULL;
        in.repeatable = !s->once;
        ddbi_kv_name(kv, names, in.condition, NULL, NULL);
    }
    do {
        int64_t now = ddb_client_now(kv->client);
        int64_t expires_at;

        ddbi_err_clear(err);
        code = ddbi_kv_find_expiry(s->opt, now, &expires_at, err);
        if (code == DDB_OK)
            code = ddbi_kv_set_entry(kv, s->key, s->value, now, expires_at,
                                     s->version, kv->item, err);
        if (code != DDB_OK)
            return code;
        if (condition != NULL)
            ddbi_kv_set_values(kv, condition, now, s->version);
        if (kv->headless && (code = ddbi_kv_write_header(kv, err)) != DDB_OK)
            return code;
        code = ddb_put_item(kv->client, &in, kv->large ? &old : NULL, err);
    } while (ddbi_kv_again(code, err, &again));
    if (code == DDB_OK)
        ddbi_kv_drop_chunks(kv, old);
    ddb_item_free(old);
    return ddbi_kv_certain(code, err);
}

ddb_code ddbi_kv_write(ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                       const ddb_kv_put_options *opt,
                       const ddbi_kv_condition *condition, ddb_err *err)
{
    unsigned char version[DDBI_KV_VERSION_SIZE];
    ddbi_kv_coded coded = {0};
    const ddbi_kv_sending s = {.key = key,
                               .value = &coded,
                               .opt = opt,
                               .condition = condition,
                               .version = version};
    int large = 0;
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
        code = ddbi_kv_is_large(kv, key, &coded, opt, &large, err);
    if (code == DDB_OK)
        code =
            large ? ddbi_kv_send_large(kv, &s, err) : ddbi_kv_send(kv, &s, err);
    if (code == DDB_OK && opt != NULL && opt->version != NULL)
        memcpy(opt->version, version, sizeof version);
    ddbi_kv_coded_free(&coded);
    return code;
}
