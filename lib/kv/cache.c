/* SPDX-License-Identifier: MIT */
/*
 * The cache: answers, and redirects that lead from one key to another, each
 * in a store of its own.
 *
 * An answer is looked for first, since most look-ups have the key of one: a
 * hit is one read.  Redirects are kept as they were met, one each, so a chain
 * of n costs 2n reads more; where they lead in a circle, or nowhere, the bound
 * is the end.  No answer is ever copied to the keys that lead to it, so there
 * is one to refresh or to take away.
 *
 * A key-only table is one dict, so that redirects have a table of their own
 * there, or none.
 */
#include "base/alloc.h"
#include "base/err.h"
#include "kv/kv_impl.h"

#include <string.h>

#define MAX_REDIRECTS 20

struct ddb_cache {
    ddb_kv *responses;
    ddb_kv *redirects; /* NULL: a key-only table without a second one */
    int max_redirects;
};

/* ---- Opening ------------------------------------------------------------ */

static ddb_code check_options(const ddb_cache_options *opt, int key_only,
                              ddb_err *err)
{
    if (opt->store.name_space != NULL)
        return ddbi_fail(err, DDB_INVALID,
                         "the namespaces of a cache are its responses and "
                         "redirects");
    if (opt->max_redirects < 0)
        return ddbi_fail(err, DDB_INVALID, "max_redirects is negative");
    if (key_only && opt->responses != NULL)
        return ddbi_fail(err, DDB_INVALID,
                         "a key-only table has no namespaces: responses are "
                         "in the table itself");
    return DDB_OK;
}

/* What is left of the options for redirects, which are short texts in the
 * clear; a program's own coding is for them as well. */
static void adapt_for_redirects(ddb_kv_options *opt)
{
    opt->type = DDB_KV_ANY;
    opt->compress = 0;
    opt->large = 0;
}

static ddb_code open_pair(ddb_client *c, ddb_cache *cache,
                          const ddb_cache_options *opt, ddb_err *err)
{
    ddb_kv_options store = opt->store;
    ddb_code code;

    store.name_space = opt->responses != NULL ? opt->responses : "responses";
    if ((code = ddb_kv_open(c, &store, &cache->responses, err)) != DDB_OK)
        return code;
    adapt_for_redirects(&store);
    store.create = store.check = 0; /* it has just been looked at */
    store.name_space = opt->redirects != NULL ? opt->redirects : "redirects";
    if (strcmp(store.name_space, cache->responses->name_space.p) == 0)
        return ddbi_fail(err, DDB_INVALID,
                         "responses and redirects have the same namespace");
    return ddb_kv_open(c, &store, &cache->redirects, err);
}

static ddb_code open_tables(ddb_client *c, ddb_cache *cache,
                            const ddb_cache_options *opt, ddb_err *err)
{
    ddb_kv_options store = opt->store;
    ddb_code code;

    if (opt->redirects != NULL && strcmp(opt->redirects, store.table) == 0)
        return ddbi_fail(err, DDB_INVALID,
                         "a key-only table holds responses or redirects, not "
                         "both");
    code = ddb_kv_open(c, &store, &cache->responses, err);
    if (code != DDB_OK || opt->redirects == NULL)
        return code;
    adapt_for_redirects(&store);
    store.table = opt->redirects;
    return ddb_kv_open(c, &store, &cache->redirects, err);
}

ddb_code ddb_cache_open(ddb_client *c, const ddb_cache_options *opt,
                        ddb_cache **out, ddb_err *err)
{
    ddb_cache *cache = NULL;
    int key_only;
    ddb_code code;

    *out = NULL;
    ddbi_err_clear(err);
    if (opt == NULL || opt->store.table == NULL)
        return ddbi_fail(err, DDB_INVALID, "a cache needs a table");
    key_only = opt->store.schema != NULL && opt->store.schema->key_only;
    if ((code = check_options(opt, key_only, err)) != DDB_OK)
        return code;
    if ((cache = ddbi_calloc(1, sizeof *cache)) == NULL)
        return ddbi_nomem(err);
    cache->max_redirects =
        opt->max_redirects > 0 ? opt->max_redirects : MAX_REDIRECTS;
    code = key_only ? open_tables(c, cache, opt, err)
                    : open_pair(c, cache, opt, err);
    if (code == DDB_OK)
        *out = cache, cache = NULL;
    ddb_cache_close(cache);
    return code;
}

void ddb_cache_close(ddb_cache *cache)
{
    if (cache == NULL)
        return;
    ddb_kv_close(cache->responses);
    ddb_kv_close(cache->redirects);
    ddbi_free(cache);
}

ddb_kv *ddb_cache_responses(ddb_cache *cache)
{
    return cache->responses;
}

ddb_kv *ddb_cache_redirects(ddb_cache *cache)
{
    return cache->redirects;
}

/* ---- One key ------------------------------------------------------------ */

/* The key that this one leads to; it lies in hop, where the old one may have
 * been. */
static ddb_code next_key(ddb_cache *cache, ddb_bytes *key, ddb_kv_entry *hop,
                         ddb_err *err)
{
    ddb_code code = ddb_kv_get(cache->redirects, *key, hop, err);

    if (code != DDB_OK)
        return code;
    *key = hop->value;
    if (ddbi_kv_check_text("key", *key, DDBI_MAX_SORT_KEY, NULL) != DDB_OK)
        return ddbi_fail(err, DDB_BAD_VALUE,
                         "a redirect leads to what is no key");
    return DDB_OK;
}

static ddb_code look_up(ddb_cache *cache, ddb_bytes key, ddb_kv_entry *found,
                        ddb_kv_entry *hop, ddb_err *err)
{
    int left = cache->redirects != NULL ? cache->max_redirects : 0;
    ddb_code code = ddb_kv_get(cache->responses, key, found, err);

    for (; code == DDB_NOT_FOUND && left > 0; left--) {
        if ((code = next_key(cache, &key, hop, err)) != DDB_OK)
            return code;
        code = ddb_kv_get(cache->responses, key, found, err);
    }
    if (code != DDB_NOT_FOUND || cache->redirects == NULL)
        return code;
    ddbi_err_clear(err);
    return ddbi_fail(err, code, "no answer within %d redirects",
                     cache->max_redirects);
}

ddb_code ddb_cache_get(ddb_cache *cache, ddb_bytes key, ddb_kv_entry *e,
                       ddb_err *err)
{
    ddb_kv_entry found = {0}; /* not e: key may be of it */
    ddb_kv_entry hop = {0};
    ddb_code code = look_up(cache, key, &found, &hop, err);

    ddb_kv_entry_clear(e);
    *e = found;
    ddb_kv_entry_clear(&hop);
    return code;
}

ddb_code ddb_cache_set(ddb_cache *cache, ddb_bytes key, ddb_bytes value,
                       const ddb_kv_put_options *opt, ddb_err *err)
{
    return ddb_kv_put(cache->responses, key, value, opt, err);
}

ddb_code ddb_cache_redirect(ddb_cache *cache, ddb_bytes from, ddb_bytes to,
                            const ddb_kv_put_options *opt, ddb_err *err)
{
    ddb_kv_put_options text = {0};
    ddb_code code;

    ddbi_err_clear(err);
    if (cache->redirects == NULL)
        return ddbi_fail(err, DDB_UNSUPPORTED,
                         "this cache has no table for redirects");
    code = ddbi_kv_check_text("key that a redirect leads to", to,
                              DDBI_MAX_SORT_KEY, err);
    if (code != DDB_OK)
        return code;
    if (opt != NULL)
        text = *opt;
    text.kind = DDB_KV_TEXT;
    return ddb_kv_put(cache->redirects, from, to, &text, err);
}

ddb_code ddb_cache_delete(ddb_cache *cache, ddb_bytes key, ddb_err *err)
{
    ddb_err response = {0};
    ddb_err redirect = {0};
    ddb_code code;

    ddbi_err_clear(err);
    code = ddb_kv_delete(cache->responses, key, &response);
    if (code != DDB_OK && code != DDB_NOT_FOUND)
        goto out;
    if (cache->redirects == NULL)
        goto out;
    /* One that was there for certain makes up for what the other one was. */
    if (ddb_kv_delete(cache->redirects, key, &redirect) != DDB_NOT_FOUND &&
        (redirect.code != DDB_OK || code == DDB_NOT_FOUND ||
         !redirect.maybe_applied))
        response = redirect;
out:
    if (err != NULL)
        *err = response;
    return response.code;
}

/* ---- All of it ---------------------------------------------------------- */

typedef ddb_code clear_fn(ddb_kv *kv, int64_t *removed, ddb_err *err);

static ddb_code clear_both(ddb_cache *cache, clear_fn *clear, int64_t *removed,
                           ddb_err *err)
{
    int64_t responses = 0;
    int64_t redirects = 0;
    ddb_code code = clear(cache->responses, &responses, err);

    if (code == DDB_OK && cache->redirects != NULL)
        code = clear(cache->redirects, &redirects, err);
    if (removed != NULL)
        *removed = responses + redirects;
    return code;
}

ddb_code ddb_cache_clear_all(ddb_cache *cache, int64_t *removed, ddb_err *err)
{
    return clear_both(cache, ddb_kv_clear, removed, err);
}

ddb_code ddb_cache_clear_expired(ddb_cache *cache, int64_t *removed,
                                 ddb_err *err)
{
    return clear_both(cache, ddb_kv_clear_expired, removed, err);
}
