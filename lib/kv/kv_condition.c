/* SPDX-License-Identifier: MIT */
/*
 * What a write depends on, and what is known when its answer was lost.
 *
 * Each write leaves a version of its own, 16 random bytes.  A condition on
 * the version that was seen holds for that entry alone; one that holds for
 * the write's own version too recognises what the write has done already, so
 * that it can be repeated.  What fails at the first attempt is a race that
 * another has won.  What fails after an attempt whose answer was lost may be
 * one's own doing: only what is found there can tell, and if it is a third
 * one's, nothing does.
 *
 * Items of other programs have no version.  They are compared by their value,
 * which is as good for one attempt; ours leaves a version, so that the next
 * one does not take its own work for what it has seen.
 */
#include "base/err.h"
#include "client/client.h"
#include "kv/kv_impl.h"

#include <stdio.h>
#include <string.h>

void ddbi_kv_set_values(ddb_kv *kv, const ddbi_kv_condition *c, int64_t now,
                        const unsigned char *version)
{
    static const struct {
        const char *name;
        ddbi_kv_attribute which;
    } of_item[] = {{":seen", DDBI_KV_VERSION},
                   {":old", DDBI_KV_VALUE},
                   {":t", DDBI_KV_TTL},
                   {":u", DDBI_KV_UPDATED}};

    ddb_item_clear(kv->values);
    if (strstr(c->text, ":mine") != NULL)
        ddb_item_set_b(kv->values, ":mine", version, DDBI_KV_VERSION_SIZE);
    if (strstr(c->text, ":now") != NULL)
        ddb_item_set_i64(kv->values, ":now", now);
    for (size_t i = 0; i < sizeof of_item / sizeof of_item[0]; i++) {
        const ddb_value *v = ddbi_kv_value(kv, c->item, of_item[i].which);

        if (v != NULL && strstr(c->text, of_item[i].name) != NULL)
            ddb_item_set_value(kv->values, of_item[i].name, v);
    }
    if (c->seen != NULL)
        ddb_item_set_b(kv->values, ":seen", c->seen, DDBI_KV_VERSION_SIZE);
}

/* ---- Still the same ----------------------------------------------------- */

const unsigned char *ddbi_kv_version(const ddb_kv *kv, const ddb_item *it)
{
    const ddb_value *v = ddbi_kv_value(kv, it, DDBI_KV_VERSION);
    ddb_bytes bytes = ddb_value_bytes(v);

    return ddb_value_type(v) == DDB_B && bytes.n == DDBI_KV_VERSION_SIZE
               ? bytes.p
               : NULL;
}

const char *ddbi_kv_same_expiry(const ddb_kv *kv, const ddb_item *it)
{
    static const char *const texts[2][2] = {
        {"attribute_not_exists(#t) AND attribute_not_exists(#u)",
         "attribute_not_exists(#t) AND #u = :u"},
        {"#t = :t AND attribute_not_exists(#u)", "#t = :t AND #u = :u"}};

    return texts[ddbi_kv_value(kv, it, DDBI_KV_TTL) != NULL]
                [ddbi_kv_value(kv, it, DDBI_KV_UPDATED) != NULL];
}

void ddbi_kv_still(const ddb_kv *kv, const unsigned char *version,
                   const ddb_item *it, int flags, ddbi_kv_text room,
                   ddbi_kv_condition *c)
{
    const char *live = ddbi_kv_live(kv);
    int has = version != NULL || ddbi_kv_value(kv, it, DDBI_KV_VERSION) != NULL;
    int by_value = version == NULL || (flags & DDBI_KV_AND_VALUE) != 0;

    if (live == NULL && version == NULL)
        live = ddbi_kv_same_expiry(kv, it);
    snprintf(room, sizeof(ddbi_kv_text), "%s%s%s%s%s",
             has ? "#i = :seen" : "attribute_not_exists(#i)",
             by_value ? " AND #v = :old" : "", live != NULL ? " AND " : "",
             live != NULL ? live : "",
             flags & DDBI_KV_OR_MINE ? " OR #i = :mine" : "");
    *c = (ddbi_kv_condition){.text = room, .seen = version, .item = it};
}

int ddbi_kv_is_still(const ddb_kv *kv, const ddbi_kv_condition *c,
                     const ddb_item *now)
{
    const unsigned char *version = ddbi_kv_version(kv, now);

    if (now == NULL)
        return 0;
    if (c->seen != NULL)
        return version != NULL &&
               memcmp(version, c->seen, DDBI_KV_VERSION_SIZE) == 0;
    return ddb_value_equal(ddbi_kv_value(kv, now, DDBI_KV_VERSION),
                           ddbi_kv_value(kv, c->item, DDBI_KV_VERSION)) &&
           ddb_value_equal(ddbi_kv_value(kv, now, DDBI_KV_VALUE),
                           ddbi_kv_value(kv, c->item, DDBI_KV_VALUE));
}

/* ---- When it has failed ------------------------------------------------- */

ddb_code ddbi_kv_look(ddb_kv *kv, ddb_item **out, ddb_err *err)
{
    ddb_get_item_in in = {
        .table = kv->table, .key = kv->key, .consistent_read = 1};

    return ddb_get_item(kv->client, &in, out, err);
}

ddb_code ddbi_kv_unsure(ddb_code code, ddb_err *err)
{
    ddb_err cause = *err;

    if (code == DDB_OK || code == DDB_NOMEM || code == DDB_AMBIGUOUS ||
        !err->maybe_applied)
        return code;
    err->code = DDB_OK;
    err->retryable = 0;
    return ddbi_fail(err, DDB_AMBIGUOUS,
                     "it may have been applied; no answer tells: %s",
                     cause.message);
}

#define MOST_DOUBLINGS 5 /* waits of up to 128 ms */

ddb_code ddbi_kv_wait(const ddb_kv *kv, ddbi_kv_patience *p, ddb_err *err)
{
    const ddbi_clock *clock = ddbi_client_clock(kv->client);
    int64_t mono = clock->mono(clock);
    int doublings = p->round < MOST_DOUBLINGS ? p->round : MOST_DOUBLINGS;
    unsigned char random = 0x80;
    int64_t ms;

    if (p->round++ == 0)
        p->end = mono + ddbi_client_timeout(kv->client);
    (void)clock->random(clock, &random, 1);
    ms = 1 + ((int64_t)random << 2 << doublings) / 256;
    if (mono + ms >= p->end) {
        ddbi_err_clear(err);
        ddbi_fail(err, DDB_TIMEOUT,
                  "others have changed the key, %d times in a row", p->round);
        if (err != NULL)
            err->retryable = 1;
        return DDB_TIMEOUT;
    }
    clock->sleep(clock, ms);
    return DDB_OK;
}
