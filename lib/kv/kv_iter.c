/* SPDX-License-Identifier: MIT */
/*
 * Listing and counting: a range of keys becomes one Query.
 *
 * A Query takes one condition on the sort key, so prefix, from and to are
 * joined into one interval first.  The highest key that has a prefix is the
 * prefix filled up with the highest characters to the 1024 bytes that a key
 * may have: what BETWEEN gives is exact and nothing is sifted out here.
 *
 * Expired entries are kept back by the server's filter; an entry that expires
 * while the listing runs, by a second look when it comes.
 */
#include "base/alloc.h"
#include "base/enc.h"
#include "base/err.h"
#include "kv/kv_impl.h"
#include "wire/limits.h"

#include <string.h>

struct ddb_kv_iter {
    ddb_kv *kv;
    ddb_pager *pager; /* NULL: no key can be in the range */
    int64_t left;     /* how many more may be given */
    int begun;        /* a page was read */
    ddb_kv_entry entry;
    ddb_kv_range range; /* as it was given; its keys lie behind */
    char keys[];
};

/* The keys from low to high, both included; n 0: no bound on this side. */
typedef struct {
    ddb_bytes prefix; /* when it alone is the condition */
    ddb_bytes low;
    ddb_bytes high;
    int none;                    /* no key is in it */
    char top[DDBI_MAX_SORT_KEY]; /* for high to point to */
} interval;

/* The highest key with this prefix. */
static ddb_bytes highest(ddb_bytes prefix, char top[DDBI_MAX_SORT_KEY])
{
    /* The highest characters of 1 to 4 bytes. */
    static const char *const last[] = {"", "\x7f", "\xdf\xbf", "\xef\xbf\xbf",
                                       "\xf4\x8f\xbf\xbf"};
    size_t n = prefix.n;

    memcpy(top, prefix.p, n);
    while (n < DDBI_MAX_SORT_KEY) {
        size_t room = DDBI_MAX_SORT_KEY - n;
        size_t width = room < 4 ? room : 4;

        memcpy(top + n, last[width], width);
        n += width;
    }
    return (ddb_bytes){top, n};
}

static ddb_code check_bound(const char *what, ddb_bytes bound, ddb_err *err)
{
    return bound.n == 0
               ? DDB_OK
               : ddbi_kv_check_text(what, bound, DDBI_MAX_SORT_KEY, err);
}

static ddb_code find_interval(const ddb_kv_range *range, interval *v,
                              ddb_err *err)
{
    ddb_bytes top;
    ddb_code code;

    if ((code = check_bound("prefix", range->prefix, err)) != DDB_OK ||
        (code = check_bound("first key", range->from, err)) != DDB_OK ||
        (code = check_bound("last key", range->to, err)) != DDB_OK)
        return code;
    v->prefix.n = 0;
    v->low = range->from;
    v->high = range->to;
    if (range->prefix.n > 0 && v->low.n == 0 && v->high.n == 0) {
        v->prefix = range->prefix;
    } else if (range->prefix.n > 0) {
        top = highest(range->prefix, v->top);
        if (v->low.n == 0 || ddbi_compare(v->low, range->prefix) < 0)
            v->low = range->prefix;
        if (v->high.n == 0 || ddbi_compare(v->high, top) > 0)
            v->high = top;
    }
    v->none =
        v->low.n > 0 && v->high.n > 0 && ddbi_compare(v->low, v->high) > 0;
    return DDB_OK;
}

/* ---- The Query ---------------------------------------------------------- */

#define MAX_NAMES 8

/* names[0] to names[n - 1] are in use. */
static void add_name(ddb_name *names, const char *placeholder,
                     const char *attribute)
{
    while (names->placeholder != NULL)
        names++;
    *names = (ddb_name){placeholder, attribute};
}

/* The condition on the key; its values go into kv->values. */
static const char *add_condition(ddb_kv *kv, const interval *v)
{
    ddb_item *values = kv->values;

    ddb_item_clear(values);
    ddb_item_set_sn(values, ":n", kv->name_space.p, kv->name_space.n);
    if (v->prefix.n > 0) {
        ddb_item_set_sn(values, ":p", v->prefix.p, v->prefix.n);
        return "#n = :n AND begins_with(#k, :p)";
    }
    if (v->low.n > 0)
        ddb_item_set_sn(values, ":a", v->low.p, v->low.n);
    if (v->high.n > 0)
        ddb_item_set_sn(values, ":b", v->high.p, v->high.n);
    if (v->low.n > 0 && v->high.n > 0)
        return "#n = :n AND #k BETWEEN :a AND :b";
    if (v->low.n > 0)
        return "#n = :n AND #k >= :a";
    if (v->high.n > 0)
        return "#n = :n AND #k <= :b";
    return "#n = :n";
}

/* What listing and counting have in common.  names has MAX_NAMES rows. */
static void start_query(ddb_kv *kv, const interval *v, ddb_query_in *in,
                        ddb_name *names)
{
    memset(names, 0, MAX_NAMES * sizeof *names);
    in->table = kv->table;
    in->key_condition = add_condition(kv, v);
    in->filter = DDBI_KV_LIVE;
    ddb_item_set_i64(kv->values, ":now", ddb_client_now(kv->client));
    in->values = kv->values;
    in->names = names;
    in->consistent_read = !kv->eventual;
    in->dated = 1;
    add_name(names, "#n", DDBI_KV_NAMESPACE);
    add_name(names, "#t", DDBI_KV_TTL);
}

ddb_code ddb_kv_count(ddb_kv *kv, const ddb_kv_range *range, int64_t *out,
                      ddb_err *err)
{
    static const ddb_kv_range everything;
    ddb_name names[MAX_NAMES];
    ddb_query_in in = {0};
    interval v;
    ddb_err own;
    ddb_code code;
    int again = 0;

    *out = 0;
    if (err == NULL)
        err = &own;
    ddbi_err_clear(err);
    if (range == NULL)
        range = &everything;
    if (range->limit != 0 || range->reverse)
        return ddbi_fail(err, DDB_INVALID,
                         "a count takes neither limit nor reverse");
    if ((code = find_interval(range, &v, err)) != DDB_OK || v.none)
        return code;
    do {
        start_query(kv, &v, &in, names);
        if (v.prefix.n > 0 || v.low.n > 0 || v.high.n > 0)
            add_name(names, "#k", DDBI_KV_KEY);
        code = ddb_query_count(kv->client, &in, out, err);
    } while (ddbi_kv_again(code, err, &again));
    return code;
}

/* How many items the server should look at for one answer.  Not many more
 * than are wanted, as each is read and paid for; not too few, or a crowd of
 * expired entries before the first live one takes a call for each. */
static int page_limit(const ddb_kv_range *range)
{
    int64_t least = range->keys_only ? 100 : 10;

    if (range->limit == 0 || range->limit > INT32_MAX)
        return 0;
    return (int)(range->limit < least ? least : range->limit);
}

/* No pager: no key can be in the range. */
static ddb_code open_pager(ddb_kv_iter *iter, ddb_err *err)
{
    const ddb_kv_range *range = &iter->range;
    ddb_name names[MAX_NAMES];
    ddb_query_in in = {.projection =
                           range->keys_only ? "#k,#t" : "#k,#v,#t,#u,#ver,#e",
                       .backward = range->reverse,
                       .limit = page_limit(range)};
    interval v;
    ddb_code code = find_interval(range, &v, err);

    if (code != DDB_OK || v.none)
        return code;
    start_query(iter->kv, &v, &in, names);
    add_name(names, "#k", DDBI_KV_KEY);
    if (!range->keys_only) {
        add_name(names, "#v", DDBI_KV_VALUE);
        add_name(names, "#u", DDBI_KV_UPDATED);
        add_name(names, "#ver", DDBI_KV_VERSION);
        add_name(names, "#e", DDBI_KV_ENCODING);
    }
    return ddb_query_open(iter->kv->client, &in, &iter->pager, err);
}

static char *keep(char *at, ddb_bytes *bound)
{
    if (bound->n > 0)
        memcpy(at, bound->p, bound->n);
    bound->p = at;
    return at + bound->n;
}

ddb_code ddb_kv_iter_open(ddb_kv *kv, const ddb_kv_range *range,
                          ddb_kv_iter **out, ddb_err *err)
{
    static const ddb_kv_range everything;
    ddb_kv_iter *iter;
    interval v;
    ddb_code code;
    char *at;

    *out = NULL;
    ddbi_err_clear(err);
    if (range == NULL)
        range = &everything;
    if (range->limit < 0)
        return ddbi_fail(err, DDB_INVALID, "a limit cannot be negative");
    /* What is checked is short enough to be kept. */
    if ((code = find_interval(range, &v, err)) != DDB_OK)
        return code;
    iter = ddbi_calloc(1, sizeof *iter + range->prefix.n + range->from.n +
                              range->to.n);
    if (iter == NULL)
        return ddbi_nomem(err);
    iter->kv = kv;
    iter->range = *range;
    at = keep(iter->keys, &iter->range.prefix);
    at = keep(at, &iter->range.from);
    keep(at, &iter->range.to);
    iter->left = range->limit > 0 ? range->limit : INT64_MAX;
    if ((code = open_pager(iter, err)) != DDB_OK) {
        ddb_kv_iter_close(iter);
        return code;
    }
    *out = iter;
    return DDB_OK;
}

/* The next item.  A clock that proves wrong at the first page asks for it
 * with the right time; later it can only have been set meanwhile, and the
 * listing goes on with the time at which it began. */
static ddb_code next_item(ddb_kv_iter *iter, const ddb_item **out, ddb_err *err)
{
    ddb_pager *before = iter->pager;
    ddb_code code = ddb_pager_next(before, out, err);
    int again = 0;

    if (ddbi_kv_again(code, err, &again)) {
        ddbi_err_clear(err);
        if (!iter->begun && (code = open_pager(iter, err)) != DDB_OK) {
            iter->pager = before;
            return code;
        }
        if (iter->pager != before)
            ddb_pager_close(before);
        code = ddb_pager_next(iter->pager, out, err);
    }
    iter->begun |= code == DDB_OK;
    return code;
}

ddb_code ddb_kv_iter_next(ddb_kv_iter *iter, const ddb_kv_entry **out,
                          ddb_err *err)
{
    ddb_client *c = iter->kv->client;
    const ddb_item *it;
    ddb_err own;
    ddb_code code;
    int64_t now;

    *out = NULL;
    if (err == NULL)
        err = &own;
    do {
        ddbi_err_clear(err);
        if (iter->pager == NULL || iter->left == 0)
            return ddbi_fail(err, DDB_NOT_FOUND, "there are no more entries");
        if ((code = next_item(iter, &it, err)) != DDB_OK)
            return code;
        /* Most entries never expire and need not know the time. */
        now = ddb_item_get(it, DDBI_KV_TTL) != NULL ? ddb_client_now(c) : 0;
        code = ddbi_kv_read_entry(it, now, iter->range.keys_only, &iter->entry,
                                  err);
    } while (code == DDB_NOT_FOUND);
    if (code != DDB_OK)
        return code;
    iter->left--;
    *out = &iter->entry;
    return DDB_OK;
}

void ddb_kv_iter_close(ddb_kv_iter *iter)
{
    if (iter == NULL)
        return;
    ddb_pager_close(iter->pager);
    ddbi_free(iter);
}
