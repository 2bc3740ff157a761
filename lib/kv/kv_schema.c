/* SPDX-License-Identifier: MIT */
/*
 * How a table is laid out: what its attributes are called, in which partition
 * a key lies, and when an item expires.  See ddb_schema(7).
 *
 * Several of the names are reserved words of expressions, so each has a
 * placeholder, one letter long: which of them a request has to name can be
 * read from its expressions.
 */
#include "kv/kv_impl.h"

#include "base/alloc.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/hash.h"
#include "wire/number.h"

#include <stdio.h>
#include <string.h>

static const char *const own_names[DDBI_KV_ATTRIBUTES] = {
    "namespace", "key", "value", "ttl", "updated", "version", "encoding"};

/* ---- Names -------------------------------------------------------------- */

/* Those of keys and of the TTL attribute may have 255 bytes, which is enough
 * for all. */
#define MAX_NAME 255

ddb_code ddbi_kv_set_schema(ddb_kv *kv, const ddb_kv_schema *schema,
                            ddb_err *err)
{
    const ddb_kv_schema own = {0};
    const ddb_kv_schema *s = schema != NULL ? schema : &own;
    const char *const given[DDBI_KV_ATTRIBUTES] = {
        s->name_space, s->key,     s->value,   s->ttl,
        s->updated,    s->version, s->encoding};
    size_t room = 0;
    char *at;
    ddb_code code;

    kv->schema = *s;
    for (int i = 0; i < DDBI_KV_ATTRIBUTES; i++) {
        kv->attribute[i] = own_names[i];
        if (given[i] == NULL)
            continue;
        code = ddbi_kv_check_text("name of an attribute", ddb_str(given[i]),
                                  MAX_NAME, err);
        if (code != DDB_OK)
            return code;
        kv->attribute[i] = given[i];
        room += strlen(given[i]) + 1;
    }
    for (int i = s->key_only; i < DDBI_KV_ATTRIBUTES; i++)
        for (int j = i + 1; j < DDBI_KV_ATTRIBUTES; j++)
            if (strcmp(kv->attribute[i], kv->attribute[j]) == 0)
                return ddbi_fail(err, DDB_INVALID,
                                 "two attributes are called \"%.60s\"",
                                 kv->attribute[i]);
    for (int i = 0; i < DDBI_KV_ATTRIBUTES && kv->large; i++)
        if (strcmp(kv->attribute[i], DDBI_KV_OWNER) == 0)
            return ddbi_fail(err, DDB_INVALID,
                             "an attribute is called \"%s\", which is one of "
                             "chunks",
                             DDBI_KV_OWNER);
    if (room == 0)
        return DDB_OK;
    if ((at = kv->names = ddbi_malloc(room)) == NULL)
        return ddbi_nomem(err);
    for (int i = 0; i < DDBI_KV_ATTRIBUTES; i++) {
        if (given[i] == NULL)
            continue;
        kv->attribute[i] = memcpy(at, given[i], strlen(given[i]) + 1);
        at += strlen(given[i]) + 1;
    }
    return DDB_OK;
}

const ddb_value *ddbi_kv_value(const ddb_kv *kv, const ddb_item *it,
                               ddbi_kv_attribute which)
{
    return ddb_item_get(it, kv->attribute[which]);
}

void ddbi_kv_name(const ddb_kv *kv, ddbi_kv_names names, const char *a,
                  const char *b, const char *c)
{
    static const char placeholders[DDBI_KV_ATTRIBUTES][3] = {
        "#n", "#k", "#v", "#t", "#u", "#i", "#e"};
    const char *texts[] = {a, b, c};
    int used[DDBI_KV_ATTRIBUTES] = {0};
    size_t n = 0;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *at = texts[i] != NULL ? strchr(texts[i], '#') : NULL;

        for (; at != NULL; at = strchr(at + 1, '#'))
            used[strchr(DDBI_KV_LETTERS, at[1]) - DDBI_KV_LETTERS] = 1;
    }
    for (size_t i = 0; i < DDBI_KV_ATTRIBUTES; i++)
        if (used[i])
            names[n++] = (ddb_name){placeholders[i], kv->attribute[i]};
    names[n] = (ddb_name){0};
}

/* ---- Keys --------------------------------------------------------------- */

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

unsigned ddbi_kv_parts(const ddb_kv *kv)
{
    return kv->shards > 0 ? (unsigned)kv->shards : 1;
}

unsigned ddbi_kv_part_of(const ddb_kv *kv, ddb_bytes key)
{
    return kv->shards > 0 ? ddbi_crc32(key.p, key.n) % (unsigned)kv->shards : 0;
}

ddb_bytes ddbi_kv_part(const ddb_kv *kv, unsigned part)
{
    if (kv->shards == 0)
        return kv->name_space;
    snprintf(kv->partition + kv->name_space.n, sizeof DDBI_KV_META, "#%04u",
             part % 10000);
    return (ddb_bytes){kv->partition, kv->name_space.n + 5};
}

ddb_bytes ddbi_kv_meta(const ddb_kv *kv)
{
    memcpy(kv->partition + kv->name_space.n, DDBI_KV_META, sizeof DDBI_KV_META);
    return (ddb_bytes){kv->partition,
                       kv->name_space.n + sizeof DDBI_KV_META - 1};
}

int ddbi_kv_is_part(ddb_bytes partition)
{
    const char *p = partition.p;
    size_t n = partition.n;

    if (n < 5 || p[n - 5] != '#')
        return 0;
    for (size_t i = n - 4; i < n; i++)
        if (!ddbi_is_digit(p[i]))
            return 0;
    return 1;
}

ddb_code ddbi_kv_set_key(const ddb_kv *kv, ddb_bytes key, ddb_item *it,
                         ddb_err *err)
{
    ddb_bytes part;
    ddb_code code = ddbi_kv_check_text("key", key, DDBI_MAX_SORT_KEY, err);

    if (code != DDB_OK)
        return code;
    ddb_item_clear(it);
    if (!kv->schema.key_only) {
        part = ddbi_kv_part(kv, ddbi_kv_part_of(kv, key));
        ddb_item_set_sn(it, kv->attribute[DDBI_KV_NAMESPACE], part.p, part.n);
    }
    code = ddb_item_set_sn(it, kv->attribute[DDBI_KV_KEY], key.p, key.n);
    return code == DDB_OK ? code : ddbi_fail(err, code, "out of memory");
}

ddb_code ddbi_kv_set_meta_key(const ddb_kv *kv, ddb_bytes key, ddb_item *it)
{
    ddb_bytes meta = ddbi_kv_meta(kv);

    ddb_item_clear(it);
    ddb_item_set_sn(it, kv->attribute[DDBI_KV_NAMESPACE], meta.p, meta.n);
    return ddb_item_set_sn(it, kv->attribute[DDBI_KV_KEY], key.p, key.n);
}

/* ---- Expiry ------------------------------------------------------------- */

const char *ddbi_kv_live(const ddb_kv *kv)
{
    return kv->schema.relative_ttl ? NULL : DDBI_KV_LIVE;
}

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

static int read_number(const ddb_value *v, ddbi_number *out)
{
    ddb_bytes text = ddb_value_bytes(v);

    return ddb_value_type(v) == DDB_N &&
           ddbi_number_parse(text.p, text.n, out) == DDB_OK;
}

/* What cannot be added up is too long to matter. */
int ddbi_kv_read_expiry(const ddb_kv *kv, const ddb_item *it, int64_t *out)
{
    const ddb_value *ttl = ddbi_kv_value(kv, it, DDBI_KV_TTL);
    int relative = kv->schema.relative_ttl;
    ddbi_number at, since;

    if (!relative && ddb_value_i64(ttl, out) == DDB_OK)
        return 1;
    if (!read_number(ttl, &at))
        return 0;
    if (relative &&
        (at.n == 0 ||
         !read_number(ddbi_kv_value(kv, it, DDBI_KV_UPDATED), &since) ||
         ddbi_number_add(&at, &since, &at) != DDBI_SUM_OK))
        return 0;
    *out = round_up(&at);
    return 1;
}

/* The greatest whole number that is not above it. */
int64_t ddbi_kv_read_updated(const ddb_kv *kv, const ddb_item *it)
{
    ddbi_number at;
    int64_t down;

    if (!read_number(ddbi_kv_value(kv, it, DDBI_KV_UPDATED), &at))
        return 0;
    at.negative = !at.negative;
    down = round_up(&at);
    return down == INT64_MIN ? INT64_MAX : -down;
}

ddb_code ddbi_kv_find_expiry(const ddb_kv_put_options *opt, int64_t now,
                             int64_t *out, ddb_err *err)
{
    *out = opt != NULL ? opt->expires_at : 0;
    if (opt == NULL)
        return DDB_OK;
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

void ddbi_kv_set_expiry(const ddb_kv *kv, ddb_item *it, int64_t now,
                        int64_t expires_at)
{
    if (kv->schema.relative_ttl)
        ddb_item_set_i64(it, kv->attribute[DDBI_KV_TTL],
                         expires_at != 0 ? expires_at - now : 0);
    else if (expires_at != 0)
        ddb_item_set_i64(it, kv->attribute[DDBI_KV_TTL], expires_at);
    ddb_item_set_i64(it, kv->attribute[DDBI_KV_UPDATED], now);
}
