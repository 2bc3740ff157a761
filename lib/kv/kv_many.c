/* SPDX-License-Identifier: MIT */
/*
 * Many keys in one call: batches of the service underneath, a window of
 * entries at a time, so that a call for a million keys takes no more memory
 * than one for a hundred.
 *
 * All input is checked before anything is sent.  Windows go in order, and the
 * first one that cannot be finished ends the call: so of two values for one
 * key the later one wins, and what was not begun is left.
 */
#include "base/alloc.h"
#include "base/err.h"
#include "kv/kv_impl.h"
#include "wire/limits.h"

#include <string.h>

#define WINDOW 100 /* four requests of writes, one of reads */

/* What one window needs; items are made when they are first used. */
typedef struct {
    ddb_item *items[WINDOW];
    ddb_write writes[WINDOW];
    ddb_read reads[WINDOW];
    unsigned char left[WINDOW]; /* of reads */
    unsigned char versions[WINDOW * DDBI_KV_VERSION_SIZE];
} window;

static void free_window(window *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < WINDOW; i++)
        ddb_item_free(w->items[i]);
    ddbi_free(w);
}

/* NULL: no memory. */
static window *new_window(size_t n)
{
    window *w = ddbi_calloc(1, sizeof *w);

    for (size_t i = 0; w != NULL && i < n && i < WINDOW; i++) {
        if ((w->items[i] = ddb_item_new()) == NULL) {
            free_window(w);
            w = NULL;
        }
    }
    return w;
}

static size_t window_size(size_t done, size_t n)
{
    return n - done < WINDOW ? n - done : WINDOW;
}

static ddb_code check_keys(const ddb_bytes *keys, size_t n, ddb_err *err)
{
    ddb_code code = DDB_OK;

    for (size_t i = 0; i < n && code == DDB_OK; i++)
        code = ddbi_kv_check_text("key", keys[i], DDBI_MAX_SORT_KEY, err);
    return code;
}

ddb_code ddbi_kv_send_writes(ddb_kv *kv, ddb_write *writes, size_t n,
                             ddb_err *err)
{
    static const ddb_table_key no_table = {0};
    ddb_table_key key = no_table;
    ddb_batch_write_in in = {
        .writes = writes, .n_writes = n, .keys = &key, .n_keys = 1, .dated = 1};

    key.table = kv->table;
    key.partition_key =
        kv->attribute[kv->schema.key_only ? DDBI_KV_KEY : DDBI_KV_NAMESPACE];
    key.sort_key = kv->schema.key_only ? NULL : kv->attribute[DDBI_KV_KEY];
    return ddbi_kv_certain(ddb_batch_write_item(kv->client, &in, err), err);
}

/* ---- Put ---------------------------------------------------------------- */

/* The first window is checked when it is built, before it is sent, unless it
 * may have to be sent in parts. */
static ddb_code check_later_pairs(ddb_kv *kv, const ddb_kv_pair *pairs,
                                  size_t n, int64_t now, ddb_err *err)
{
    static const unsigned char version[DDBI_KV_VERSION_SIZE];
    ddb_code code = DDB_OK;
    int large;

    for (size_t i = kv->large ? 0 : WINDOW; i < n && code == DDB_OK; i++)
        code = ddbi_kv_set_pair(kv, &pairs[i], now, version, kv->item, &large,
                                err);
    return code;
}

/* One with chunks goes on its own. */
static ddb_code put_large(ddb_kv *kv, ddb_kv_pair *pair, ddb_err *err)
{
    ddb_code code =
        ddbi_kv_write(kv, pair->key, pair->value, &pair->opt, NULL, err);

    pair->left = code != DDB_OK;
    return code;
}

/* *n: how many there are, then how many of them it was about. */
static ddb_code put_window(ddb_kv *kv, window *w, ddb_kv_pair *pairs, size_t *n,
                           int64_t now, ddb_err *err)
{
    size_t i = 0;
    int large = 0;
    ddb_code code = ddbi_kv_draw_versions(kv, w->versions, *n, err);

    for (; i < *n && code == DDB_OK && !large; i += !large) {
        w->writes[i] = (ddb_write){.table = kv->table, .put = w->items[i]};
        code = ddbi_kv_set_pair(kv, &pairs[i], now,
                                w->versions + i * DDBI_KV_VERSION_SIZE,
                                w->items[i], &large, err);
    }
    if (code == DDB_OK && kv->headless)
        code = ddbi_kv_write_header(kv, err);
    if (code != DDB_OK)
        return code;
    *n = i > 0 ? i : 1;
    if (i == 0)
        return put_large(kv, pairs, err);
    code = ddbi_kv_send_writes(kv, w->writes, i, err);
    for (i = 0; i < *n; i++) {
        pairs[i].left = w->writes[i].left;
        if (!pairs[i].left && pairs[i].opt.version != NULL)
            memcpy(pairs[i].opt.version, w->versions + i * DDBI_KV_VERSION_SIZE,
                   DDBI_KV_VERSION_SIZE);
    }
    return code;
}

static ddb_code put_all(ddb_kv *kv, window *w, ddb_kv_pair *pairs, size_t n,
                        ddb_err *err)
{
    /* One time for all: what was checked stays right. */
    int64_t now = ddb_client_now(kv->client);
    size_t some;
    ddb_code code;

    ddbi_err_clear(err);
    for (size_t i = 0; i < n; i++)
        pairs[i].left = 1;
    code = check_later_pairs(kv, pairs, n, now, err);
    for (size_t i = 0; i < n && code == DDB_OK; i += some) {
        some = window_size(i, n);
        code = put_window(kv, w, pairs + i, &some, now, err);
    }
    return code;
}

ddb_code ddb_kv_put_many(ddb_kv *kv, ddb_kv_pair *pairs, size_t n, ddb_err *err)
{
    window *w = new_window(n);
    ddb_err own;
    ddb_code code;
    int again = 0;

    if (err == NULL)
        err = &own;
    ddbi_err_clear(err);
    for (size_t i = 0; i < n; i++)
        pairs[i].left = 1;
    if (w == NULL)
        return ddbi_nomem(err);
    do
        code = put_all(kv, w, pairs, n, err);
    while (ddbi_kv_again(code, err, &again));
    free_window(w);
    return code;
}

/* ---- Delete ------------------------------------------------------------- */

static ddb_code delete_window(ddb_kv *kv, window *w, const ddb_bytes *keys,
                              size_t n, unsigned char *left, ddb_err *err)
{
    ddb_code code = DDB_OK;

    for (size_t i = 0; i < n && code == DDB_OK; i++) {
        w->writes[i] =
            (ddb_write){.table = kv->table, .delete_key = w->items[i]};
        code = ddbi_kv_set_key(kv, keys[i], w->items[i], err);
    }
    if (code != DDB_OK)
        return code;
    code = ddbi_kv_send_writes(kv, w->writes, n, err);
    for (size_t i = 0; i < n && left != NULL; i++)
        left[i] = w->writes[i].left != 0;
    return code;
}

ddb_code ddb_kv_delete_many(ddb_kv *kv, const ddb_bytes *keys, size_t n,
                            unsigned char *left, ddb_err *err)
{
    window *w;
    ddb_code code;

    ddbi_err_clear(err);
    if (left != NULL)
        memset(left, 1, n);
    if ((code = check_keys(keys, n, err)) != DDB_OK)
        return code;
    if ((w = new_window(n)) == NULL)
        return ddbi_nomem(err);
    for (size_t i = 0; i < n && code == DDB_OK; i += WINDOW)
        code = delete_window(kv, w, keys + i, window_size(i, n),
                             left != NULL ? left + i : NULL, err);
    free_window(w);
    return code;
}

/* ---- Get ---------------------------------------------------------------- */

/* One item of a page as an entry of the caller's.  DDB_NOT_FOUND: none. */
static ddb_code take_entry(ddb_kv *kv, const ddb_item *from, int64_t now,
                           ddb_kv_entry *e, ddb_err *err)
{
    ddb_item *it;

    if (from == NULL)
        return DDB_NOT_FOUND;
    if ((it = ddb_item_copy(from)) == NULL)
        return ddbi_nomem(err);
    return ddbi_kv_take_entry(kv, it, now, e, err);
}

/* What is no entry to us counts as not read; odd tells of the first one. */
static ddb_code take_page(ddb_kv *kv, window *w, const ddb_page *page, size_t n,
                          ddb_kv_entry *entries, ddb_err *odd)
{
    int64_t now = ddb_client_now(kv->client);

    for (size_t i = 0; i < n; i++) {
        ddb_err why = {0};
        ddb_code code =
            take_entry(kv, ddb_page_item(page, i), now, &entries[i], &why);

        w->left[i] = (unsigned char)(ddb_page_left(page, i) != 0);
        if (code == DDB_NOMEM)
            return code;
        if (code == DDB_OK || code == DDB_NOT_FOUND)
            continue;
        w->left[i] = 1;
        ddbi_fail(odd, DDB_PARTIAL, "%s", why.message);
    }
    return DDB_OK;
}

static ddb_code get_window(ddb_kv *kv, window *w, const ddb_bytes *keys,
                           size_t n, ddb_kv_entry *entries, ddb_err *odd,
                           ddb_err *err)
{
    ddb_batch_get_in in = {
        .reads = w->reads, .n_reads = n, .consistent_read = !kv->eventual};
    ddb_page *page = NULL;
    ddb_code code = DDB_OK;

    for (size_t i = 0; i < n && code == DDB_OK; i++) {
        w->reads[i] = (ddb_read){.table = kv->table, .key = w->items[i]};
        code = ddbi_kv_set_key(kv, keys[i], w->items[i], err);
    }
    if (code != DDB_OK)
        return code;
    code = ddb_batch_get_item(kv->client, &in, &page, err);
    if ((code == DDB_OK || code == DDB_PARTIAL) &&
        take_page(kv, w, page, n, entries, odd) != DDB_OK) {
        ddbi_err_clear(err);
        code = ddbi_nomem(err);
    }
    ddb_page_free(page);
    return code;
}

ddb_code ddb_kv_get_many(ddb_kv *kv, const ddb_bytes *keys, size_t n,
                         ddb_kv_entry *entries, unsigned char *left,
                         ddb_err *err)
{
    ddb_err odd = {0};
    window *w = NULL;
    ddb_code code;

    ddbi_err_clear(err);
    for (size_t i = 0; i < n; i++)
        ddb_kv_entry_clear(&entries[i]);
    if (left != NULL)
        memset(left, 1, n);
    code = check_keys(keys, n, err);
    if (code == DDB_OK && (w = new_window(n)) == NULL)
        code = ddbi_nomem(err);
    for (size_t i = 0; i < n && code == DDB_OK; i += WINDOW) {
        size_t size = window_size(i, n);

        code = get_window(kv, w, keys + i, size, entries + i, &odd, err);
        if (left != NULL && (code == DDB_OK || code == DDB_PARTIAL))
            memcpy(left + i, w->left, size);
    }
    free_window(w);
    if (code == DDB_OK && odd.code != DDB_OK) {
        if (err != NULL)
            *err = odd;
        return odd.code;
    }
    if (code == DDB_OK || code == DDB_PARTIAL)
        return code;
    for (size_t i = 0; i < n; i++)
        ddb_kv_entry_clear(&entries[i]);
    if (left != NULL)
        memset(left, 1, n);
    return code;
}
