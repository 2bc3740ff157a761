/* SPDX-License-Identifier: MIT */
/*
 * Counters.  The sum is written on condition that the number is still the one
 * it was made of, by version and value, and with a version of its own: so
 * nobody's addition is lost, and one whose answer was lost is recognised
 * instead of being counted twice.
 *
 * The handle remembers what the last increment has left, so that a loop of
 * them costs one call each as long as nobody else counts.  When somebody
 * does, the service gives the item that was in the way, and that is gone on
 * from.
 */
#include "base/enc.h"
#include "base/err.h"
#include "kv/kv_impl.h"
#include "wire/number.h"

#include <string.h>

/* One increment. */
typedef struct {
    ddb_kv *kv;
    ddb_bytes key;
    int64_t by;
    const ddb_kv_put_options *opt;
    ddb_err *err;

    int64_t now;
    ddb_item *item; /* what was seen; NULL: what the handle remembers */
    int64_t value;  /* of it */
    int64_t expires_at;
    const unsigned char *seen; /* its version; NULL: it is none of ours */

    int64_t sum;
    int started; /* with by */
    unsigned char mine[DDBI_KV_VERSION_SIZE];
} addition;

/* ---- What is there ------------------------------------------------------ */

static ddb_code wrong_kind(const addition *a)
{
    return ddbi_fail(a->err, DDB_WRONG_KIND,
                     "the value of this key is no whole number");
}

/* DDB_NOT_FOUND: what is there has expired. */
static ddb_code read_number(addition *a)
{
    const ddb_kv *kv = a->kv;
    const ddb_value *v = ddbi_kv_value(kv, a->item, DDBI_KV_VALUE);
    ddb_bytes text = ddb_value_bytes(v);
    ddbi_number number;
    int64_t at = 0;

    if (ddbi_kv_read_expiry(kv, a->item, &at) && at <= a->now)
        return DDB_NOT_FOUND;
    if (ddb_value_type(v) != DDB_N ||
        ddbi_kv_value(kv, a->item, DDBI_KV_ENCODING) != NULL ||
        ddbi_number_parse(text.p, text.n, &number) != DDB_OK ||
        number.n > number.exponent)
        return wrong_kind(a);
    if (ddbi_number_i64(&number, &a->value) != 0)
        return ddbi_fail(a->err, DDB_TOO_LARGE,
                         "the number under this key is beyond 64 bits");
    a->expires_at = at;
    a->seen = ddbi_kv_version(kv, a->item);
    return DDB_OK;
}

/* From what the handle remembers, from what was in the way the last time, or
 * from the table.  DDB_NOT_FOUND: there is nothing to add to. */
static ddb_code see(addition *a)
{
    ddb_kv *kv = a->kv;
    ddb_code code;

    if (kv->counter.known &&
        (kv->counter.expires_at == 0 || kv->counter.expires_at > a->now)) {
        a->value = kv->counter.value;
        a->expires_at = kv->counter.expires_at;
        a->seen = kv->counter.version;
        return DDB_OK;
    }
    kv->counter.known = 0;
    if (a->item == NULL) {
        code = ddbi_kv_look(kv, &a->item, a->err);
        if (code == DDB_NOT_FOUND)
            ddbi_err_clear(a->err);
        if (code != DDB_OK)
            return code;
    }
    return read_number(a);
}

static int sum_up(addition *a)
{
    if (a->by > 0 ? a->value > INT64_MAX - a->by : a->value < INT64_MIN - a->by)
        return 0;
    a->sum = a->value + a->by;
    return 1;
}

/* ---- Writing ------------------------------------------------------------ */

/* There is nothing, or it has expired: it begins with by. */
static ddb_code start_anew(addition *a)
{
    char text[DDBI_NUMBER_TEXT];
    ddb_bytes value = {text, ddbi_i64_format(a->by, text)};
    ddb_kv_put_options opt = {0};
    ddb_code code;

    if (a->opt != NULL)
        opt = *a->opt;
    opt.kind = DDB_KV_NUMBER;
    opt.version = a->mine;
    code = ddb_kv_add(a->kv, a->key, value, &opt, a->err);
    a->sum = a->by;
    a->started = code == DDB_OK;
    return ddbi_kv_unsure(code, a->err);
}

static void set_values(const addition *a, const ddbi_kv_condition *c)
{
    ddb_kv *kv = a->kv;

    ddbi_kv_set_values(kv, c, a->now, a->mine);
    ddb_item_set_i64(kv->values, ":now", a->now);
    ddb_item_set_i64(kv->values, ":old", a->value);
    ddb_item_set_i64(kv->values, ":sum", a->sum);
    ddb_item_set_b(kv->values, ":mine", a->mine, sizeof a->mine);
    if (kv->schema.relative_ttl && a->expires_at != 0)
        ddb_item_set_i64(kv->values, ":left", a->expires_at - a->now);
}

/* It failed when it was repeated.  DDB_OK: it was done already.
 * DDB_CONDITION_FAILED: it was not, as what was seen has expired. */
static ddb_code judge(addition *a, const ddbi_kv_condition *c,
                      ddb_item **blocking)
{
    ddb_kv *kv = a->kv;
    const unsigned char *version;
    ddb_err why;
    int64_t at;

    if (*blocking == NULL && ddbi_kv_look(kv, blocking, &why) == DDB_NOMEM) {
        a->err->code = DDB_OK;
        return ddbi_nomem(a->err);
    }
    version = ddbi_kv_version(kv, *blocking);
    if (version != NULL && memcmp(version, a->mine, sizeof a->mine) == 0) {
        ddbi_err_clear(a->err);
        return DDB_OK;
    }
    if (!ddbi_kv_is_still(kv, c, *blocking) ||
        !ddbi_kv_read_expiry(kv, *blocking, &at) || at > a->now)
        return ddbi_kv_unsure(DDB_CONDITION_FAILED, a->err);
    a->err->maybe_applied = 0;
    return DDB_CONDITION_FAILED;
}

/* *blocking (NULL before) is what it failed for, if the server tells; the
 * caller's. */
static ddb_code add_up(addition *a, ddb_item **blocking)
{
    ddb_kv *kv = a->kv;
    int keep_expiry = kv->schema.relative_ttl && a->expires_at != 0;
    ddbi_kv_names names;
    ddbi_kv_text room;
    ddbi_kv_condition c;
    ddb_update_item_in in = {
        .table = kv->table,
        .key = kv->key,
        .update = keep_expiry
                      ? "SET #v = :sum, #u = :now, #i = :mine, #t = :left"
                      : "SET #v = :sum, #u = :now, #i = :mine",
        .condition = room,
        .names = names,
        .values = kv->values,
        .return_blocking = 1,
        .repeatable = 1,
        .dated = 1};
    ddb_code code;

    ddbi_kv_still(kv, a->seen, a->item, DDBI_KV_AND_VALUE, room, &c);
    ddbi_kv_name(kv, names, in.update, in.condition, NULL);
    set_values(a, &c);
    code = ddb_update_item(kv->client, &in, blocking, a->err);
    if (code == DDB_CONDITION_FAILED && a->err->maybe_applied)
        return judge(a, &c, blocking);
    return ddbi_kv_unsure(ddbi_kv_certain(code, a->err), a->err);
}

/* DDB_CONDITION_FAILED: another was faster; item is what it has left, or
 * NULL.  A wrong clock leaves what the handle remembers. */
static ddb_code try_once(addition *a)
{
    ddb_item *blocking = NULL;
    ddb_code code;

    ddbi_err_clear(a->err);
    a->now = ddb_client_now(a->kv->client);
    code = ddbi_kv_set_key(a->kv, a->key, a->kv->key, a->err);
    if (code == DDB_OK)
        code = see(a);
    if (code == DDB_NOT_FOUND) {
        code = start_anew(a);
    } else if (code == DDB_OK && !sum_up(a)) {
        code = ddbi_fail(a->err, DDB_TOO_LARGE, "the sum is beyond 64 bits");
    } else if (code == DDB_OK) {
        code = ddbi_kv_draw_versions(a->kv, a->mine, 1, a->err);
        if (code == DDB_OK)
            code = add_up(a, &blocking);
    }
    ddb_item_free(a->item);
    a->item = blocking;
    if (code != DDB_CLOCK)
        a->kv->counter.known = 0;
    return code;
}

/* ---- The call ----------------------------------------------------------- */

static ddb_code check(const addition *a)
{
    ddb_kv *kv = a->kv;
    ddbi_buf *key = &kv->counter.key;
    int64_t at;

    if (kv->type != DDB_KV_ANY)
        return ddbi_fail(a->err, DDB_INVALID,
                         "a store of this type keeps no numbers");
    if (!ddbi_equal((ddb_bytes){key->p, key->n}, a->key)) {
        kv->counter.known = 0;
        ddbi_buf_clear(key);
        ddbi_buf_add(key, a->key.p, a->key.n);
        if (key->failed != DDB_OK) {
            ddbi_buf_clear(key);
            return ddbi_nomem(a->err);
        }
    }
    return ddbi_kv_find_expiry(a->opt, ddb_client_now(kv->client), &at, a->err);
}

static void remember(const addition *a)
{
    ddb_kv *kv = a->kv;

    /* When a new one expires, to the second, is the service's to tell. */
    kv->counter.known = !kv->schema.relative_ttl || !a->started;
    kv->counter.value = a->sum;
    kv->counter.expires_at = kv->schema.relative_ttl ? a->expires_at : 0;
    memcpy(kv->counter.version, a->mine, sizeof a->mine);
    if (a->opt != NULL && a->opt->version != NULL)
        memcpy(a->opt->version, a->mine, sizeof a->mine);
}

ddb_code ddb_kv_increment(ddb_kv *kv, ddb_bytes key, int64_t by,
                          const ddb_kv_put_options *opt, int64_t *out,
                          ddb_err *err)
{
    ddbi_kv_patience patience = {0};
    ddb_err own;
    ddb_code code;
    int again = 0;

    if (err == NULL)
        err = &own;
    ddbi_err_clear(err);

    addition a = {.kv = kv, .key = key, .by = by, .opt = opt, .err = err};

    code = ddbi_kv_set_key(kv, key, kv->key, err);
    if (code == DDB_OK)
        code = check(&a);
    if (code != DDB_OK)
        return code;
    do
        code = try_once(&a);
    while (ddbi_kv_again(code, err, &again) ||
           (code == DDB_CONDITION_FAILED &&
            (code = ddbi_kv_wait(kv, &patience, err)) == DDB_OK));
    ddb_item_free(a.item);
    if (code != DDB_OK)
        return code;
    remember(&a);
    if (out != NULL)
        *out = a.sum;
    return DDB_OK;
}
