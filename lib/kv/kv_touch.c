/* SPDX-License-Identifier: MIT */
/*
 * The expiry of what is there: moved without its value, and told.
 *
 * A touch has no value of its own to go with its version.  So one that is
 * done again, because its answer was lost, takes another version: the first
 * may have been given to a value that somebody has replaced since, and two
 * contents never share a version.
 */
#include "base/err.h"
#include "client/retry.h"
#include "kv/kv_impl.h"

#include <stdio.h>
#include <string.h>

static ddb_code not_there(ddb_err *err)
{
    return ddbi_fail(err, DDB_NOT_FOUND, "there is no such key");
}

/* What tells of the expiry of kv->key.  DDB_NOT_FOUND: it is not there, or
 * has expired.  *at 0: never. */
static ddb_code read_expiry(ddb_kv *kv, int consistent, int64_t now,
                            ddb_item **out, int64_t *at, ddb_err *err)
{
    ddbi_kv_names names;
    ddb_get_item_in in = {.table = kv->table,
                          .key = kv->key,
                          .consistent_read = consistent,
                          .projection = DDBI_KV_EXPIRY(kv),
                          .names = names};
    ddb_code code;

    ddbi_kv_name(kv, names, in.projection, NULL, NULL);
    if ((code = ddb_get_item(kv->client, &in, out, err)) != DDB_OK)
        return code;
    if (!ddbi_kv_read_expiry(kv, *out, at))
        *at = 0;
    else if (*at <= now)
        return not_there(err);
    return DDB_OK;
}

ddb_code ddb_kv_ttl(ddb_kv *kv, ddb_bytes key, int64_t *out, ddb_err *err)
{
    ddb_item *it = NULL;
    int64_t at, now;
    ddb_code code;

    ddbi_err_clear(err);
    if ((code = ddbi_kv_set_key(kv, key, kv->key, err)) != DDB_OK)
        return code;
    now = ddb_client_now(kv->client);
    code = read_expiry(kv, !kv->eventual, now, &it, &at, err);
    if (code == DDB_OK)
        *out = at == 0 ? -1 : at - now;
    ddb_item_free(it);
    return code;
}

/* ---- Touch -------------------------------------------------------------- */

/* Where no expression can tell of expiry, the item, which the condition then
 * is about. */
static ddb_code find_condition(ddb_kv *kv, int64_t now, ddb_item **seen,
                               ddbi_kv_text room, ddbi_kv_condition *c,
                               ddb_err *err)
{
    const char *live = ddbi_kv_live(kv);
    int64_t at;
    ddb_code code = DDB_OK;

    if (live == NULL) {
        code = read_expiry(kv, 1, now, seen, &at, err);
        live = ddbi_kv_same_expiry(kv, *seen);
    }
    snprintf(room, sizeof(ddbi_kv_text), "attribute_exists(#k) AND %s", live);
    *c = (ddbi_kv_condition){.text = room, .item = *seen};
    return code;
}

static ddb_code send(ddb_kv *kv, const ddbi_kv_condition *c, int64_t now,
                     int64_t expires_at, const unsigned char *version,
                     ddb_err *err)
{
    int relative = kv->schema.relative_ttl;
    ddbi_kv_names names;
    ddb_update_item_in in = {.table = kv->table,
                             .key = kv->key,
                             .update =
                                 relative || expires_at != 0
                                     ? "SET #u = :now, #i = :mine, #t = :end"
                                     : "SET #u = :now, #i = :mine REMOVE #t",
                             .condition = c->text,
                             .names = names,
                             .values = kv->values,
                             .dated = 1};

    ddbi_kv_name(kv, names, in.update, in.condition, NULL);
    ddbi_kv_set_values(kv, c, now, version);
    ddb_item_set_i64(kv->values, ":now", now);
    ddb_item_set_b(kv->values, ":mine", version, DDBI_KV_VERSION_SIZE);
    if (relative)
        ddb_item_set_i64(kv->values, ":end",
                         expires_at != 0 ? expires_at - now : 0);
    else if (expires_at != 0)
        ddb_item_set_i64(kv->values, ":end", expires_at);
    return ddb_update_item(kv->client, &in, NULL, err);
}

/* DDB_CONDITION_FAILED: another was faster. */
static ddb_code try_once(ddb_kv *kv, const ddb_kv_put_options *opt,
                         unsigned char *version, ddb_err *err)
{
    int64_t now = ddb_client_now(kv->client);
    ddb_item *seen = NULL;
    ddbi_kv_condition c;
    ddbi_kv_text room;
    int64_t expires_at;
    ddb_code code;

    ddbi_err_clear(err);
    code = ddbi_kv_find_expiry(opt, now, &expires_at, err);
    if (code == DDB_OK)
        code = ddbi_kv_draw_versions(kv, version, 1, err);
    if (code == DDB_OK)
        code = find_condition(kv, now, &seen, room, &c, err);
    if (code == DDB_OK)
        code = send(kv, &c, now, expires_at, version, err);
    if (code == DDB_CONDITION_FAILED && ddbi_kv_live(kv) != NULL) {
        ddbi_err_clear(err);
        code = not_there(err);
    }
    ddb_item_free(seen);
    return code;
}

ddb_code ddb_kv_touch(ddb_kv *kv, ddb_bytes key, const ddb_kv_put_options *opt,
                      ddb_err *err)
{
    unsigned char version[DDBI_KV_VERSION_SIZE];
    ddbi_kv_patience patience = {0};
    ddb_err own;
    ddb_code code;
    int lost = 0;
    int again = 0;

    if (err == NULL)
        err = &own;
    ddbi_err_clear(err);
    if ((code = ddbi_kv_set_key(kv, key, kv->key, err)) != DDB_OK)
        return code;
    for (;;) {
        code = try_once(kv, opt, version, err);
        if (ddbi_kv_again(code, err, &again))
            continue;
        if (code == DDB_AMBIGUOUS ? ++lost == DDBI_RETRY_ATTEMPTS
                                  : code != DDB_CONDITION_FAILED)
            break;
        if ((code = ddbi_kv_wait(kv, &patience, err)) != DDB_OK)
            break;
    }
    if (code == DDB_OK && opt != NULL && opt->version != NULL)
        memcpy(opt->version, version, sizeof version);
    err->maybe_applied = code != DDB_OK && (lost > 0 || err->maybe_applied);
    return code;
}
