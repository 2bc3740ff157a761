/* SPDX-License-Identifier: MIT */
/*
 * An entry and the item that it is stored as, both ways: ddb_schema(7).
 *
 * Items that other programs wrote are read too: a value of type S, B or N is
 * enough, ttl, updated and version may be missing or be of any shape.  Never
 * given out is what we cannot understand: a value that is coded (attribute
 * encoding) or of another type is an error, not bytes.
 *
 * An entry lends all it shows from its item, so that reading one copies
 * nothing.
 */
#include "base/clock.h"
#include "base/enc.h"
#include "base/err.h"
#include "client/client.h"
#include "kv/kv_impl.h"
#include "wire/limits.h"
#include "wire/number.h"

#include <string.h>

ddb_code ddbi_kv_check_text(const char *what, ddb_bytes text, size_t max,
                            ddb_err *err)
{
    if (text.n == 0)
        return ddbi_fail(err, DDB_INVALID, "the %s is empty", what);
    if (text.n > max)
        return ddbi_fail(err, DDB_TOO_LARGE,
                         "the %s has %zu bytes, the most is %zu", what, text.n,
                         max);
    if (!ddbi_utf8_valid(text.p, text.n))
        return ddbi_fail(err, DDB_INVALID, "the %s is not UTF-8", what);
    return DDB_OK;
}

ddb_code ddbi_kv_set_key(const ddb_kv *kv, ddb_bytes key, ddb_item *it,
                         ddb_err *err)
{
    ddb_code code = ddbi_kv_check_text("key", key, DDBI_MAX_SORT_KEY, err);

    if (code != DDB_OK)
        return code;
    ddb_item_clear(it);
    ddb_item_set_sn(it, DDBI_KV_NAMESPACE, kv->name_space.p, kv->name_space.n);
    code = ddb_item_set_sn(it, DDBI_KV_KEY, key.p, key.n);
    return code == DDB_OK ? code : ddbi_fail(err, code, "out of memory");
}

/* ---- Writing ------------------------------------------------------------ */

static ddb_code set_number(ddb_item *it, ddb_bytes value)
{
    char text[DDBI_NUMBER_TEXT];
    ddbi_number number;
    ddb_code code = ddbi_number_parse(value.p, value.n, &number);

    if (code != DDB_OK)
        return code;
    ddbi_number_format(&number, text);
    return ddb_item_set_n(it, DDBI_KV_VALUE, text);
}

static ddb_code set_value(ddb_item *it, ddb_bytes value, ddb_kv_kind kind,
                          ddb_err *err)
{
    const char *why = "out of memory";
    ddb_code code = DDB_INVALID;

    if (value.n > DDBI_MAX_ITEM)
        return ddbi_fail(err, DDB_TOO_LARGE,
                         "the value has %zu bytes, the most is %d", value.n,
                         DDBI_MAX_ITEM);
    if (value.p == NULL && value.n > 0)
        return ddbi_fail(err, DDB_INVALID, "the value is a NULL pointer");
    switch (kind) {
    case DDB_KV_BYTES:
        code = ddb_item_set_b(it, DDBI_KV_VALUE, value.p, value.n);
        break;
    case DDB_KV_TEXT:
        code = ddb_item_set_sn(it, DDBI_KV_VALUE, value.p, value.n);
        if (code == DDB_INVALID)
            why = "the value is not UTF-8: it can be kept as bytes";
        break;
    case DDB_KV_NUMBER:
        code = set_number(it, value);
        if (code == DDB_INVALID)
            why = "the value is no number";
        else if (code == DDB_TOO_LARGE)
            why = "the number has more than 38 digits or is out of range";
        break;
    default:
        why = "there is no such kind of value";
    }
    return code == DDB_OK ? code : ddbi_fail(err, code, "%s", why);
}

/* When it expires; 0: never. */
static ddb_code find_expiry(const ddb_kv_put_options *opt, int64_t now,
                            int64_t *out, ddb_err *err)
{
    *out = opt->expires_at;
    if (opt->ttl < 0 || opt->expires_at < 0)
        return ddbi_fail(err, DDB_INVALID, "a ttl cannot be negative");
    if (opt->ttl != 0 && opt->expires_at != 0)
        return ddbi_fail(err, DDB_INVALID,
                         "ttl and expires_at exclude one another");
    if (opt->ttl > INT64_MAX - now)
        return ddbi_fail(err, DDB_INVALID, "the ttl is too long");
    if (opt->ttl != 0)
        *out = now + opt->ttl;
    if (*out != 0 && *out <= now)
        return ddbi_fail(err, DDB_INVALID, "expires_at is in the past");
    return DDB_OK;
}

ddb_code ddbi_kv_set_entry(const ddb_kv *kv, const ddb_kv_pair *pair,
                           int64_t now, const unsigned char *version,
                           ddb_item *it, ddb_err *err)
{
    int64_t expires_at;
    size_t size;
    ddb_code code = find_expiry(&pair->opt, now, &expires_at, err);

    if (code != DDB_OK)
        return code;
    if ((code = ddbi_kv_set_key(kv, pair->key, it, err)) != DDB_OK)
        return code;
    if ((code = set_value(it, pair->value, pair->opt.kind, err)) != DDB_OK)
        return code;
    if (expires_at != 0)
        ddb_item_set_i64(it, DDBI_KV_TTL, expires_at);
    ddb_item_set_i64(it, DDBI_KV_UPDATED, now);
    code = ddb_item_set_b(it, DDBI_KV_VERSION, version, DDBI_KV_VERSION_SIZE);
    if (code != DDB_OK)
        return ddbi_fail(err, code, "out of memory");
    if ((size = ddb_item_size(it)) > DDBI_MAX_ITEM)
        return ddbi_fail(err, DDB_TOO_LARGE,
                         "the entry would have %zu bytes, the most is %d", size,
                         DDBI_MAX_ITEM);
    return DDB_OK;
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

/* The least whole number that is not below it, kept within int64_t: a ttl
 * of 1.5 is over when the clock shows 2, as the service's <= has it. */
static int64_t round_up(const ddbi_number *v)
{
    uint64_t whole = 0;

    if (v->n > 0 && v->exponent > 19)
        return v->negative ? INT64_MIN : INT64_MAX;
    for (int i = 0; i < v->exponent; i++) /* 19 digits fit */
        whole = whole * 10 + (i < v->n ? v->digit[i] : 0);
    if (!v->negative && v->n > 0 && v->n > v->exponent)
        whole++;
    if (whole > INT64_MAX)
        return v->negative ? INT64_MIN : INT64_MAX;
    return v->negative ? -(int64_t)whole : (int64_t)whole;
}

/* 1: the item expires, at *out.  What is no number never does. */
static int read_expiry(const ddb_item *it, int64_t *out)
{
    const ddb_value *ttl = ddb_item_get(it, DDBI_KV_TTL);
    ddb_bytes text = ddb_value_bytes(ttl);
    ddbi_number number;

    if (ddb_value_i64(ttl, out) == DDB_OK)
        return 1;
    if (ddb_value_type(ttl) != DDB_N ||
        ddbi_number_parse(text.p, text.n, &number) != DDB_OK)
        return 0;
    *out = round_up(&number);
    return 1;
}

/* There is something under the key, but not to be read by us. */
static ddb_code unreadable(ddb_bytes key, ddb_code code, const char *why,
                           const char *coding, ddb_err *err)
{
    int shown = (int)(key.n < 80 ? key.n : 80);

    return ddbi_fail(err, code, "key \"%.*s\": %s%.60s", shown,
                     (const char *)key.p, why, coding);
}

static ddb_code read_value(const ddb_item *it, ddb_kv_entry *e, ddb_err *err)
{
    const ddb_value *value = ddb_item_get(it, DDBI_KV_VALUE);
    const ddb_value *encoding = ddb_item_get(it, DDBI_KV_ENCODING);

    if (encoding != NULL) {
        const char *coding = ddb_value_bytes(encoding).p;

        return unreadable(e->key, DDB_UNSUPPORTED,
                          "the value is coded, which this version cannot "
                          "read: ",
                          coding != NULL ? coding : "?", err);
    }
    e->value = ddb_value_bytes(value);
    switch (ddb_value_type(value)) {
    case DDB_B:
        e->kind = DDB_KV_BYTES;
        return DDB_OK;
    case DDB_S:
        e->kind = DDB_KV_TEXT;
        return DDB_OK;
    case DDB_N:
        e->kind = DDB_KV_NUMBER;
        return DDB_OK;
    default:
        return unreadable(e->key, DDB_BAD_ANSWER,
                          "an item of another program, without a value of "
                          "type S, B or N",
                          "", err);
    }
}

ddb_code ddbi_kv_read_entry(const ddb_item *it, int64_t now, int keys_only,
                            ddb_kv_entry *e, ddb_err *err)
{
    ddb_bytes version = ddb_value_bytes(ddb_item_get(it, DDBI_KV_VERSION));
    int64_t at = 0;
    ddb_code code;

    memset(e, 0, sizeof *e);
    e->key = ddb_value_bytes(ddb_item_get(it, DDBI_KV_KEY));
    if (read_expiry(it, &at) && at <= now)
        return ddbi_fail(err, DDB_NOT_FOUND, "there is no such key");
    if (!keys_only && (code = read_value(it, e, err)) != DDB_OK)
        return code;
    e->expires_at = at;
    if (ddb_value_i64(ddb_item_get(it, DDBI_KV_UPDATED), &e->updated_at) !=
        DDB_OK)
        e->updated_at = 0;
    if (version.n == sizeof e->version) {
        memcpy(e->version, version.p, version.n);
        e->has_version = 1;
    }
    return DDB_OK;
}

ddb_code ddbi_kv_take_entry(ddb_item *it, int64_t now, ddb_kv_entry *e,
                            ddb_err *err)
{
    ddb_code code = ddbi_kv_read_entry(it, now, 0, e, err);

    e->memory = it;
    if (code != DDB_OK)
        ddb_kv_entry_clear(e);
    return code;
}

void ddb_kv_entry_clear(ddb_kv_entry *e)
{
    if (e == NULL)
        return;
    ddb_item_free(e->memory);
    memset(e, 0, sizeof *e);
}
