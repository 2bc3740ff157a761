/* SPDX-License-Identifier: MIT */
/*
 * Listing: kv_range.c makes the requests.
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
    ddbi_kv_merge *merge; /* NULL: no key can be in the range */
    int64_t left;         /* how many more may be given */
    ddb_kv_entry entry;
    ddb_kv_range range; /* as it was given; its keys lie behind */
    char keys[];
};

static char *keep(char *at, ddb_bytes *bound)
{
    if (bound->n > 0)
        memcpy(at, bound->p, bound->n);
    bound->p = at;
    return at + bound->n;
}

/* From the cursor on, if there is one.  none: no key is in the range. */
static ddb_code begin(ddb_kv_iter *iter, int none, ddb_err *err)
{
    ddb_bytes after = {NULL, 0};
    ddbi_kv_place room;
    ddb_code code;

    if (iter->range.cursor != NULL) {
        code = ddbi_kv_cursor_read(iter->kv, &iter->range, room, &after, err);
        if (code != DDB_OK)
            return code;
        iter->range.cursor = NULL;
    }
    if (none)
        return DDB_OK;
    return ddbi_kv_merge_open(iter->kv, &iter->range, after, &iter->merge, err);
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
    if ((code = begin(iter, v.none, err)) != DDB_OK) {
        ddb_kv_iter_close(iter);
        return code;
    }
    *out = iter;
    return DDB_OK;
}

/* Is it the entry's own fault?  What else has failed, reading its chunks for
 * example, may do better when the same entry is read once more. */
static int cannot_be_read(ddb_code code)
{
    return code == DDB_BAD_VALUE || code == DDB_UNSUPPORTED ||
           code == DDB_BAD_ANSWER || code == DDB_TOO_LARGE ||
           code == DDB_ANSWER_TOO_LARGE;
}

static ddb_code read_item(ddb_kv_iter *iter, const ddb_item *it, ddb_err *err)
{
    ddb_kv *kv = iter->kv;
    ddb_bytes key = ddb_value_bytes(ddbi_kv_value(kv, it, DDBI_KV_KEY));
    int64_t now;

    if (key.n == 0 || key.n > DDBI_MAX_PARTITION_KEY)
        return ddbi_fail(err, DDB_BAD_ANSWER, "an item without a good key");
    /* Most entries never expire and need not know the time. */
    now = ddbi_kv_value(kv, it, DDBI_KV_TTL) != NULL
              ? ddb_client_now(kv->client)
              : 0;
    ddb_kv_entry_clear(&iter->entry);
    return ddbi_kv_read_entry(kv, it, now, iter->range.keys_only, &iter->entry,
                              err);
}

ddb_code ddb_kv_iter_next(ddb_kv_iter *iter, const ddb_kv_entry **out,
                          ddb_err *err)
{
    const ddb_item *it;
    ddb_err own;
    ddb_code code;

    *out = NULL;
    if (err == NULL)
        err = &own;
    do {
        ddbi_err_clear(err);
        if (iter->merge == NULL || iter->left == 0)
            return ddbi_fail(err, DDB_NOT_FOUND, "there are no more entries");
        if ((code = ddbi_kv_merge_next(iter->merge, &it, err)) != DDB_OK)
            return code;
        code = read_item(iter, it, err);
        if (code == DDB_OK || code == DDB_NOT_FOUND || cannot_be_read(code))
            ddbi_kv_merge_pass(iter->merge);
    } while (code == DDB_NOT_FOUND);
    if (code != DDB_OK)
        return code;
    iter->left--;
    *out = &iter->entry;
    return DDB_OK;
}

ddb_code ddb_kv_iter_cursor(const ddb_kv_iter *iter, char **out, ddb_err *err)
{
    *out = NULL;
    ddbi_err_clear(err);
    if (iter->merge == NULL || ddbi_kv_merge_is_over(iter->merge))
        return ddbi_fail(err, DDB_NOT_FOUND, "the listing is at its end");
    *out = ddbi_kv_cursor_make(iter->kv, &iter->range,
                               ddbi_kv_merge_last(iter->merge));
    return *out != NULL ? DDB_OK : ddbi_nomem(err);
}

void ddb_kv_iter_close(ddb_kv_iter *iter)
{
    if (iter == NULL)
        return;
    ddbi_kv_merge_close(iter->merge);
    ddb_kv_entry_clear(&iter->entry);
    ddbi_free(iter);
}
