/* SPDX-License-Identifier: MIT */
/*
 * An entry and the item that it is stored as, both ways: ddb_schema(7).
 *
 * Items that other programs wrote are read too: a value of type S, B or N is
 * enough, ttl, updated and version may be missing or be of any shape.
 *
 * An entry lends all it shows from its item, so that reading one copies
 * nothing.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "client/client.h"
#include "kv/kv_impl.h"
#include "wire/number.h"

#include <string.h>

/* ---- Writing ------------------------------------------------------------ */

static ddb_code set_number(ddb_item *it, const char *name, ddb_bytes value)
{
    char text[DDBI_NUMBER_TEXT];
    ddbi_number number;
    ddb_code code = ddbi_number_parse(value.p, value.n, &number);

    if (code != DDB_OK)
        return code;
    ddbi_number_format(&number, text);
    return ddb_item_set_n(it, name, text);
}

/* Parsed as the one attribute of an item. */
static ddb_code set_document(ddb_item *it, const char *name, ddb_bytes value)
{
    ddbi_buf text = {0};
    ddb_item *one = NULL;
    ddb_type type;
    ddb_code code;

    ddbi_buf_add_str(&text, "{\"v\":");
    ddbi_buf_add(&text, value.p, value.n);
    ddbi_buf_add_c(&text, '}');
    if ((code = text.failed) == DDB_OK)
        code = ddb_item_parse(text.p, text.n, &one, NULL);
    if (code == DDB_OK) {
        type = ddb_value_type(ddb_item_get(one, "v"));
        if (ddb_item_count(one) != 1 || type == DDB_S || type == DDB_B ||
            type == DDB_N)
            code = DDB_INVALID;
        else
            code = ddb_item_set_value(it, name, ddb_item_get(one, "v"));
    }
    ddb_item_free(one);
    ddbi_buf_free(&text);
    return code;
}

static const char *more(const ddb_kv *kv)
{
    return kv->large ? "" : "; the option large allows more";
}

static ddb_code set_value(const ddb_kv *kv, ddb_item *it, ddb_bytes value,
                          ddb_kv_kind kind, ddb_err *err)
{
    const char *name = kv->attribute[DDBI_KV_VALUE];
    const char *why = "out of memory";
    ddb_code code = DDB_INVALID;

    if (value.n > DDBI_MAX_ITEM)
        return ddbi_fail(err, DDB_TOO_LARGE,
                         "the value has %zu bytes, the most is %d%s", value.n,
                         DDBI_MAX_ITEM, more(kv));
    switch (kind) {
    case DDB_KV_BYTES:
        code = ddb_item_set_b(it, name, value.p, value.n);
        break;
    case DDB_KV_TEXT:
        code = ddb_item_set_sn(it, name, value.p, value.n);
        if (code == DDB_INVALID)
            why = "the value is not UTF-8: it can be kept as bytes";
        break;
    case DDB_KV_NUMBER:
        code = set_number(it, name, value);
        if (code == DDB_INVALID)
            why = "the value is no number";
        else if (code == DDB_TOO_LARGE)
            why = "the number has more than 38 digits or is out of range";
        break;
    case DDB_KV_DOCUMENT:
        why = "the store's schema has no documents";
        if (!kv->schema.documents)
            break;
        code = set_document(it, name, value);
        if (code != DDB_NOMEM)
            why = "the value is no DynamoDB JSON of any other type than S, B "
                  "and N";
        break;
    default:
        why = "there is no such kind of value";
    }
    return code == DDB_OK ? code : ddbi_fail(err, code, "%s", why);
}

ddb_code ddbi_kv_set_entry(const ddb_kv *kv, ddb_bytes key,
                           const ddbi_kv_coded *value, int64_t now,
                           int64_t expires_at, const unsigned char *version,
                           ddb_item *it, ddb_err *err)
{
    size_t size;
    ddb_code code = ddbi_kv_set_key(kv, key, it, err);

    if (code != DDB_OK)
        return code;
    code = set_value(kv, it, value->bytes, value->kind, err);
    if (code != DDB_OK)
        return code;
    if (value->steps != 0)
        ddb_item_set_s(it, kv->attribute[DDBI_KV_ENCODING],
                       ddbi_kv_words(value->steps));
    ddbi_kv_set_expiry(kv, it, now, expires_at);
    code = ddb_item_set_b(it, kv->attribute[DDBI_KV_VERSION], version,
                          DDBI_KV_VERSION_SIZE);
    if (code != DDB_OK)
        return ddbi_fail(err, code, "out of memory");
    if ((size = ddb_item_size(it)) > DDBI_MAX_ITEM)
        return ddbi_fail(err, DDB_TOO_LARGE,
                         "the entry would have %zu bytes, the most is %d%s",
                         size, DDBI_MAX_ITEM, more(kv));
    return DDB_OK;
}

ddb_code ddbi_kv_set_pair(const ddb_kv *kv, const ddb_kv_pair *pair,
                          int64_t now, const unsigned char *version,
                          ddb_item *it, int *large, ddb_err *err)
{
    ddbi_kv_coded coded = {0};
    int64_t expires_at;
    ddb_code code = ddbi_kv_find_expiry(&pair->opt, now, &expires_at, err);

    if (code == DDB_OK)
        code = ddbi_kv_encode(kv, pair->key, pair->value, pair->opt.kind,
                              &coded, err);
    if (code == DDB_OK)
        code = ddbi_kv_is_large(kv, pair->key, &coded, &pair->opt, large, err);
    if (code == DDB_OK && !*large)
        code = ddbi_kv_set_entry(kv, pair->key, &coded, now, expires_at,
                                 version, it, err);
    ddbi_kv_coded_free(&coded);
    return code;
}

ddb_code ddbi_kv_draw_versions(const ddb_kv *kv, unsigned char *out,
                               size_t count, ddb_err *err)
{
    const ddbi_clock *clock = ddbi_client_clock(kv->client);

    if (clock->random(clock, out, count * DDBI_KV_VERSION_SIZE) != 0)
        return ddbi_fail(err, DDB_SYSTEM, "the system gives no random bytes");
    return DDB_OK;
}

ddb_code ddbi_kv_certain(ddb_code code, ddb_err *err)
{
    if (code == DDB_OK && err != NULL)
        err->maybe_applied = 0;
    return code;
}

int ddbi_kv_again(ddb_code code, const ddb_err *err, int *again)
{
    if (code != DDB_CLOCK || !err->retryable || err->maybe_applied || *again)
        return 0;
    *again = 1;
    return 1;
}

/* ---- Reading ------------------------------------------------------------ */

static ddb_code read_item(ddb_kv *kv, const ddb_item *it, int64_t now,
                          int keys_only, ddb_kv_entry *e, ddb_err *err)
{
    const unsigned char *version = ddbi_kv_version(kv, it);
    int64_t at = 0;
    ddb_code code;

    e->item = it;
    e->key = ddb_value_bytes(ddbi_kv_value(kv, it, DDBI_KV_KEY));
    if (ddbi_kv_read_expiry(kv, it, &at) && at <= now)
        return ddbi_fail(err, DDB_NOT_FOUND, "there is no such key");
    if (!keys_only && (code = ddbi_kv_decode(kv, e, err)) != DDB_OK)
        return code;
    e->expires_at = at;
    e->updated_at = ddbi_kv_read_updated(kv, it);
    if (version != NULL) {
        memcpy(e->version, version, sizeof e->version);
        e->has_version = 1;
    }
    return DDB_OK;
}

#define TRIES 16

/* Chunks of it were gone: it is another by now, unless they are lost.  The
 * item that is read is the entry's. */
static ddb_code read_again(ddb_kv *kv, ddb_kv_entry *e, ddb_err *err)
{
    ddb_code code = DDB_CONFLICT;

    for (int i = 0; i < TRIES && code == DDB_CONFLICT; i++) {
        ddb_item *it = NULL;
        int same;

        ddbi_err_clear(err);
        code = ddbi_kv_set_key(kv, e->key, kv->key, err);
        if (code == DDB_OK)
            code = ddbi_kv_look(kv, &it, err);
        if (code != DDB_OK)
            return code;
        same = ddbi_kv_same_chunks(kv, e->item, it);
        ddb_item_free(e->memory);
        e->memory = it;
        if (same)
            return ddbi_fail(err, DDB_BAD_VALUE,
                             "chunks of the value are missing");
        code = read_item(kv, it, ddb_client_now(kv->client), 0, e, err);
    }
    if (code == DDB_CONFLICT && err != NULL)
        err->retryable = 1;
    return code;
}

ddb_code ddbi_kv_read_entry(ddb_kv *kv, const ddb_item *it, int64_t now,
                            int keys_only, ddb_kv_entry *e, ddb_err *err)
{
    ddb_code code;

    memset(e, 0, sizeof *e);
    code = read_item(kv, it, now, keys_only, e, err);
    if (code == DDB_CONFLICT)
        code = read_again(kv, e, err);
    return code;
}

ddb_code ddbi_kv_take_entry(ddb_kv *kv, ddb_item *it, int64_t now,
                            ddb_kv_entry *e, ddb_err *err)
{
    ddb_code code = ddbi_kv_read_entry(kv, it, now, 0, e, err);

    if (e->memory == NULL)
        e->memory = it;
    else
        ddb_item_free(it);
    if (code != DDB_OK)
        ddb_kv_entry_clear(e);
    return code;
}

void ddb_kv_entry_clear(ddb_kv_entry *e)
{
    if (e == NULL)
        return;
    ddb_item_free(e->memory);
    ddbi_free(e->decoded);
    memset(e, 0, sizeof *e);
}
