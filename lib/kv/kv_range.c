/* SPDX-License-Identifier: MIT */
/*
 * A range of keys becomes one Query, for each partition that it lies in.
 *
 * A Query takes one condition on the sort key, so prefix, from and to are
 * joined into one interval first.  The highest key that has a prefix is the
 * prefix filled up with the highest characters to the 1024 bytes that a key
 * may have: what BETWEEN gives is exact and nothing is sifted out here.
 *
 * A key-only table is read by a Scan, whose filter may look at keys too.  It
 * comes in no order, so that it has neither ranges nor a reverse.
 *
 * Expired entries are kept back by the server's filter, where an expression
 * can tell.
 */
#include "kv/kv_impl.h"

#include "base/enc.h"
#include "base/err.h"

#include <stdio.h>
#include <string.h>

ddb_bytes ddbi_kv_highest(ddb_bytes prefix, char top[DDBI_MAX_SORT_KEY])
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

ddb_code ddbi_kv_find_interval(const ddb_kv *kv, const ddb_kv_range *range,
                               ddbi_kv_interval *v, ddb_err *err)
{
    ddb_bytes top;
    ddb_code code;

    if ((code = check_bound("prefix", range->prefix, err)) != DDB_OK ||
        (code = check_bound("first key", range->from, err)) != DDB_OK ||
        (code = check_bound("last key", range->to, err)) != DDB_OK)
        return code;
    if (kv->schema.key_only &&
        (range->from.n > 0 || range->to.n > 0 || range->reverse))
        return ddbi_fail(err, DDB_UNORDERED,
                         "table \"%s\" keeps no order of keys: there are no "
                         "ranges and no reverse",
                         kv->table);
    v->prefix.n = 0;
    v->low = range->from;
    v->high = range->to;
    if (range->prefix.n > 0 && v->low.n == 0 && v->high.n == 0) {
        v->prefix = range->prefix;
    } else if (range->prefix.n > 0) {
        top = ddbi_kv_highest(range->prefix, v->top);
        if (v->low.n == 0 || ddbi_compare(v->low, range->prefix) < 0)
            v->low = range->prefix;
        if (v->high.n == 0 || ddbi_compare(v->high, top) > 0)
            v->high = top;
    }
    v->none =
        v->low.n > 0 && v->high.n > 0 && ddbi_compare(v->low, v->high) > 0;
    return DDB_OK;
}

/* ---- The request -------------------------------------------------------- */

/* The condition on the key; its values go into kv->values. */
static const char *add_condition(ddb_kv *kv, unsigned part,
                                 const ddbi_kv_interval *v)
{
    ddb_item *values = kv->values;
    ddb_bytes name = ddbi_kv_part(kv, part);

    ddb_item_set_sn(values, ":n", name.p, name.n);
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

/* For a Scan the prefix is part of the filter. */
static const char *add_filter(ddb_kv *kv, const ddbi_kv_interval *v,
                              ddbi_kv_ask *ask)
{
    const char *live = ddbi_kv_live(kv);

    if (live != NULL)
        ddb_item_set_i64(kv->values, ":now", ddb_client_now(kv->client));
    if (!kv->schema.key_only || v->prefix.n == 0)
        return live;
    ddb_item_set_sn(kv->values, ":p", v->prefix.p, v->prefix.n);
    snprintf(ask->filter, sizeof ask->filter, "begins_with(#k, :p)%s%s",
             live != NULL ? " AND " : "", live != NULL ? live : "");
    return ask->filter;
}

void ddbi_kv_ask_for(ddb_kv *kv, unsigned part, const ddbi_kv_interval *v,
                     const char *projection, ddbi_kv_ask *ask)
{
    ddb_query_in *in = &ask->in;

    memset(ask, 0, sizeof *ask);
    ddb_item_clear(kv->values);
    in->table = kv->table;
    if (!kv->schema.key_only)
        in->key_condition = add_condition(kv, part, v);
    in->filter = add_filter(kv, v, ask);
    in->projection = projection;
    ddbi_kv_name(kv, ask->names, in->key_condition, in->filter, projection);
    in->names = ask->names;
    /* A Scan may need none; what failed is told by the call. */
    if (ddb_item_count(kv->values) > 0 || ddb_item_status(kv->values) != DDB_OK)
        in->values = kv->values;
    in->consistent_read = !kv->eventual;
    in->dated = ddbi_kv_live(kv) != NULL;
}

ddb_code ddbi_kv_page(ddb_kv *kv, const ddb_query_in *in, ddb_page **out,
                      ddb_err *err)
{
    return kv->schema.key_only ? ddb_scan(kv->client, in, out, err)
                               : ddb_query(kv->client, in, out, err);
}

ddb_code ddbi_kv_pager(ddb_kv *kv, const ddb_query_in *in, ddb_pager **out,
                       ddb_err *err)
{
    return kv->schema.key_only ? ddb_scan_open(kv->client, in, out, err)
                               : ddb_query_open(kv->client, in, out, err);
}
