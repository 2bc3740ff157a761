/* SPDX-License-Identifier: MIT */
/*
 * The namespaces of a table.
 *
 * Nothing lists partition keys, but a Scan goes from partition to partition:
 * one item is read, then the next one behind the highest key that its
 * partition could have.  So a table costs a call for each partition, however
 * many items are in it.  A server that does not find its way from a key that
 * is not there gives the same partition again, or the first one: then the
 * whole table is read.
 *
 * The order is that of a hash, so the parts of a split namespace come anywhere
 * and what was told is to be remembered.  Of what is ours, NAME##meta, the
 * header alone stands for a namespace: the chunks of large values are nothing
 * without their entries.
 */
#include "base/alloc.h"
#include "base/enc.h"
#include "base/err.h"
#include "kv/kv_impl.h"
#include "wire/request.h"

#include <string.h>

struct ddb_kv_names {
    ddb_client *client;
    char *table;
    ddb_item *at;    /* where to go on; NULL: at the beginning */
    ddb_pager *all;  /* the whole table; NULL: by jumps */
    int over;        /* no jump leads further */
    ddb_bytes first; /* partition that was found; p NULL: none yet */
    ddb_page *page;  /* of a jump */
    ddb_bytes found; /* partition, of page or all; p NULL: it is done with */
    ddb_bytes *told; /* sorted; NULs behind them */
    size_t n;
    size_t cap;
};

static const ddb_name attributes[] = {{"#n", "namespace"}, {NULL, NULL}};

ddb_code ddb_kv_names_open(ddb_client *c, const char *table, ddb_kv_names **out,
                           ddb_err *err)
{
    ddb_kv_names *names;
    ddb_code code;

    *out = NULL;
    ddbi_err_clear(err);
    if ((code = ddbi_check_table(table, err)) != DDB_OK)
        return code;
    names = ddbi_calloc(1, sizeof *names);
    if (names == NULL || (names->table = ddbi_strdup(table)) == NULL) {
        ddb_kv_names_close(names);
        return ddbi_nomem(err);
    }
    names->client = c;
    *out = names;
    return DDB_OK;
}

void ddb_kv_names_close(ddb_kv_names *names)
{
    if (names == NULL)
        return;
    for (size_t i = 0; i < names->n; i++)
        ddbi_free((void *)names->told[i].p);
    ddbi_free(names->told);
    ddbi_free((void *)names->first.p);
    ddb_item_free(names->at);
    ddb_page_free(names->page);
    ddb_pager_close(names->all);
    ddbi_free(names->table);
    ddbi_free(names);
}

/* ---- From partition to partition ---------------------------------------- */

/* Where the partition ends.  NULL: no memory. */
static ddb_item *end_of(ddb_bytes partition)
{
    char top[DDBI_MAX_SORT_KEY];
    ddb_bytes highest = ddbi_kv_highest(ddb_str(""), top);
    ddb_item *it = ddb_item_new();

    if (it == NULL)
        return NULL;
    ddb_item_set_sn(it, "namespace", partition.p, partition.n);
    if (ddb_item_set_sn(it, "key", highest.p, highest.n) == DDB_OK)
        return it;
    ddb_item_free(it);
    return NULL;
}

static ddb_bytes partition_of(const ddb_item *it)
{
    return ddb_value_bytes(ddb_item_get(it, "namespace"));
}

/* Has a jump led nowhere: to where it began, or back to the beginning? */
static int leads_nowhere(const ddb_kv_names *names, ddb_bytes partition)
{
    return names->at != NULL &&
           (ddbi_equal(partition, partition_of(names->at)) ||
            ddbi_equal(partition, names->first));
}

static ddb_code scan_all(ddb_kv_names *names, ddb_query_in *in, ddb_err *err)
{
    in->limit = 0;
    in->exclusive_start_key = NULL;
    return ddb_scan_open(names->client, in, &names->all, err);
}

static ddb_code jump_from(ddb_kv_names *names, ddb_bytes partition,
                          ddb_err *err)
{
    ddb_item *end = NULL;

    if (names->first.p == NULL) {
        names->first.p = ddbi_memdup(partition.p, partition.n);
        names->first.n = partition.n;
    }
    if (names->first.p == NULL || (end = end_of(partition)) == NULL)
        return ddbi_nomem(err);
    ddb_item_free(names->at);
    names->at = end;
    names->found = partition;
    return DDB_OK;
}

/* The next partition, unless it is found that this is no way to come to it. */
static ddb_code jump(ddb_kv_names *names, ddb_err *err)
{
    ddb_query_in in = {.table = names->table,
                       .projection = "#n",
                       .names = attributes,
                       .exclusive_start_key = names->at,
                       .consistent_read = 1,
                       .limit = 1};
    ddb_bytes partition;
    ddb_code code = DDB_NOT_FOUND;

    ddb_page_free(names->page);
    names->page = NULL;
    if (!names->over)
        code = ddb_scan(names->client, &in, &names->page, err);
    if (code != DDB_OK)
        return code;
    if (ddb_page_count(names->page) == 0) {
        names->over = 1;
        return DDB_NOT_FOUND;
    }
    partition = partition_of(ddb_page_item(names->page, 0));
    if (partition.n == 0)
        return ddbi_fail(err, DDB_INVALID, "table \"%.60s\" has no namespaces",
                         names->table);
    return leads_nowhere(names, partition) ? scan_all(names, &in, err)
                                           : jump_from(names, partition, err);
}

static ddb_code find_partition(ddb_kv_names *names, ddb_err *err)
{
    const ddb_item *it;
    ddb_code code = DDB_OK;

    if (names->all == NULL)
        code = jump(names, err);
    if (code == DDB_OK && names->all != NULL &&
        (code = ddb_pager_next(names->all, &it, err)) == DDB_OK)
        names->found = partition_of(it);
    return code;
}

/* ---- From partitions to namespaces -------------------------------------- */

/* The namespace that a partition belongs to; *meta: it is not its entries. */
static ddb_bytes fold(ddb_bytes partition, int *meta)
{
    static const char suffix[] = DDBI_KV_META;
    const char *p = partition.p;
    size_t n = partition.n;

    *meta = n > sizeof suffix - 1 &&
            memcmp(p + n - (sizeof suffix - 1), suffix, sizeof suffix - 1) == 0;
    if (*meta)
        n -= sizeof suffix - 1;
    else if (ddbi_kv_is_part(partition))
        n -= 5;
    return (ddb_bytes){p, n};
}

/* DDB_NOT_FOUND: there is no header. */
static ddb_code find_header(ddb_kv_names *names, ddb_bytes partition,
                            ddb_err *err)
{
    ddb_item *key = ddb_item_new();
    ddb_item *header = NULL;
    ddb_get_item_in in = {
        .table = names->table, .key = key, .consistent_read = 1};
    ddb_code code = DDB_NOMEM;

    if (key != NULL) {
        ddb_item_set_sn(key, "namespace", partition.p, partition.n);
        code = ddb_item_set_s(key, "key", DDBI_KV_HEADER);
    }
    code = code == DDB_OK ? ddb_get_item(names->client, &in, &header, err)
                          : ddbi_nomem(err);
    ddb_item_free(header);
    ddb_item_free(key);
    return code;
}

/* Where the name is, or would be, in what was told; 1: it is there. */
static int find_name(const ddb_kv_names *names, ddb_bytes name, size_t *at)
{
    size_t low = 0;
    size_t high = names->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = ddbi_compare(names->told[middle], name);

        if (order == 0) {
            *at = middle;
            return 1;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return 0;
}

static ddb_code remember(ddb_kv_names *names, ddb_bytes name, size_t at,
                         ddb_err *err)
{
    size_t cap = names->cap > 0 ? 2 * names->cap : 16;
    ddb_bytes *told = names->told;
    char *copy;

    if (names->n == names->cap) {
        told = ddbi_realloc_array(told, cap, sizeof *told);
        if (told == NULL)
            return ddbi_nomem(err);
        names->told = told;
        names->cap = cap;
    }
    if ((copy = ddbi_memdup(name.p, name.n)) == NULL)
        return ddbi_nomem(err);
    memmove(told + at + 1, told + at, (names->n - at) * sizeof *told);
    told[at] = (ddb_bytes){copy, name.n};
    names->n++;
    return DDB_OK;
}

/* DDB_NOT_FOUND: it stands for no namespace that was not told yet. */
static ddb_code take(ddb_kv_names *names, ddb_bytes partition, ddb_bytes *out,
                     ddb_err *err)
{
    size_t at;
    int meta;
    ddb_bytes name = fold(partition, &meta);
    ddb_code code = DDB_OK;

    if (name.n == 0 || find_name(names, name, &at))
        return DDB_NOT_FOUND;
    if (meta)
        code = find_header(names, partition, err);
    if (code == DDB_OK)
        code = remember(names, name, at, err);
    if (code == DDB_OK)
        *out = names->told[at];
    return code;
}

ddb_code ddb_kv_names_next(ddb_kv_names *names, ddb_bytes *out, ddb_err *err)
{
    ddb_code code;

    *out = (ddb_bytes){NULL, 0};
    do {
        ddbi_err_clear(err);
        if (names->found.p == NULL &&
            (code = find_partition(names, err)) != DDB_OK)
            break;
        code = take(names, names->found, out, err);
        /* After another failure it is taken once more. */
        if (code == DDB_OK || code == DDB_NOT_FOUND)
            names->found.p = NULL;
    } while (code == DDB_NOT_FOUND);
    if (code == DDB_NOT_FOUND) {
        ddbi_err_clear(err);
        ddbi_fail(err, code, "there are no more namespaces");
    }
    return code;
}
