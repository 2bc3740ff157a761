/* SPDX-License-Identifier: MIT */
/*
 * Listing and counting: kv_range.c makes the requests.
 *
 * Expired entries are kept back by the server's filter; an entry that expires
 * while the listing runs, by a second look when it comes.
 */
#include "base/alloc.h"
#include "base/err.h"
#include "kv/kv_impl.h"

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

/* ---- Counting ----------------------------------------------------------- */

/* Look at each item: no expression tells which of them have expired. */
static ddb_code count_by_looking(ddb_kv *kv, const ddbi_kv_interval *v,
                                 int64_t *out, ddb_err *err)
{
    const ddb_item *it;
    ddb_pager *pager = NULL;
    ddbi_kv_ask ask;
    int64_t at;
    ddb_code code;

    ddbi_kv_ask_for(kv, 0, v, DDBI_KV_EXPIRY(kv), &ask);
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
        return count_by_looking(kv, v, out, err);
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

/* ---- Listing ------------------------------------------------------------ */

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
    ddb_kv *kv = iter->kv;
    ddbi_kv_ask ask;
    ddbi_kv_interval v;
    ddb_code code = ddbi_kv_find_interval(kv, range, &v, err);

    if (code != DDB_OK || v.none)
        return code;
    ddbi_kv_ask_for(kv, 0, &v,
                    range->keys_only ? DDBI_KV_EXPIRY(kv) : "#k,#v,#t,#u,#i,#e",
                    &ask);
    ask.in.backward = range->reverse;
    ask.in.limit = page_limit(range);
    return ddbi_kv_pager(kv, &ask.in, &iter->pager, err);
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
    ddbi_kv_interval v;
    ddb_code code;
    char *at;

    *out = NULL;
    ddbi_err_clear(err);
    if (range == NULL)
        range = &everything;
    if (range->limit < 0)
        return ddbi_fail(err, DDB_INVALID, "a limit cannot be negative");
    /* What is checked is short enough to be kept. */
    if ((code = ddbi_kv_find_interval(kv, range, &v, err)) != DDB_OK)
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
    ddb_kv *kv = iter->kv;
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
        now = ddbi_kv_value(kv, it, DDBI_KV_TTL) != NULL
                  ? ddb_client_now(kv->client)
                  : 0;
        ddbi_free(iter->entry.decoded);
        code = ddbi_kv_read_entry(kv, it, now, iter->range.keys_only,
                                  &iter->entry, err);
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
    ddbi_free(iter->entry.decoded);
    ddbi_free(iter);
}
