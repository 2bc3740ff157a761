/* SPDX-License-Identifier: MIT */
/*
 * TransactGetItems: up to 100 items as they are at one moment, which is what
 * every request sees here.  It costs twice what consistent reads do.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html
 */
#include "local/local_change.h"
#include "local/local_transact.h"

#define MAX_ANSWER ((int64_t)4 << 20)

typedef struct {
    const ddbi_op_in *in;
    ddbi_op *op;
    const ddbi_table *t;
    ddbi_stored stored;
} get;

static ddb_code check_get(ddbi_ask *a, const ddbi_tx_in *tx, get *g)
{
    ddb_code code;

    *g = (get){.in = &tx->op};
    if (tx->n_kinds != 1)
        return ddbi_refuse_invalid(
            a, "Invalid Request: TransactGetRequest should contain Get "
               "request");
    code = ddbi_op_together(a, g->in, g->in->projection.p != NULL, NULL);
    if (code == DDB_OK)
        code = ddbi_check_item(a, g->in->key);
    return code == DDB_OK ? ddbi_op_check(a, g->in, &g->op) : code;
}

ddb_code ddbi_do_transact_get_check(ddbi_ask *a)
{
    uint32_t n = a->in->n_tx;
    ddb_code code = DDB_OK;
    get *g = ddbi_arena_alloc(a->arena, n * sizeof *g);

    if (!g)
        return ddbi_ask_nomem(a);
    a->checked = g;
    for (uint32_t i = 0; i < n && code == DDB_OK; i++)
        code = check_get(a, &a->in->tx[i], &g[i]);
    return code;
}

/* ---- Reading ------------------------------------------------------------ */

static ddb_code open_get(ddbi_ask *a, get *g)
{
    ddb_code code = ddbi_check_key(a, g->t, g->in->key);

    return code == DDB_OK ? ddbi_scalars_projection(a, g->t, g->op->projection)
                          : code;
}

static ddb_code open_all(ddbi_ask *a, get *g, ddbi_reasons *r)
{
    ddb_bytes *places = ddbi_arena_alloc(a->arena, r->n * sizeof *places);
    ddb_code code = places ? DDB_OK : ddbi_ask_nomem(a);
    uint32_t i;

    for (i = 0; i < r->n && code == DDB_OK; i++)
        code = ddbi_table_find(a, g[i].in->table, &g[i].t);
    for (i = 0; i < r->n && code == DDB_OK && !r->any; i++)
        code = ddbi_reasons_take(a, open_get(a, &g[i]), i, r);
    if (code != DDB_OK || r->any)
        return code;
    for (i = 0; i < r->n && code == DDB_OK; i++)
        code =
            ddbi_item_place(a, g[i].t, &g[i].t->self, g[i].in->key, &places[i]);
    return code == DDB_OK ? ddbi_transact_once(a, places, r->n) : code;
}

static ddb_code read_one(ddbi_ask *a, get *g, uint32_t i, ddbi_reasons *r,
                         ddbi_costs *costs)
{
    ddbi_throttle why;
    ddb_bytes partition;
    ddbi_cost cost;
    ddb_code code;

    code = ddbi_read_stored(a, g->t, g->in->key, g->op->projection != NULL,
                            &g->stored);
    if (code == DDB_OK)
        code = ddbi_cost_begin(a, g->t, g->in->table, &cost);
    if (code == DDB_OK)
        code = ddbi_item_partition(a, &g->t->self, g->in->key, &partition);
    if (code != DDB_OK)
        return code;
    cost.transaction = 1;
    cost.read = 2 * ddbi_read_units(g->stored.size, 1);
    code = ddbi_cost_admit(a, &cost, partition, &why);
    if (code == DDB_OK && why.reason)
        return ddbi_reasons_throttled(a, &why, i, r);
    return code == DDB_OK ? ddbi_costs_add(a, costs, &cost) : code;
}

/* ---- The answer --------------------------------------------------------- */

static ddb_code write_answer(ddbi_ask *a, const get *g, uint32_t n,
                             const ddbi_costs *costs)
{
    ddb_code code = DDB_OK;

    ddbi_json_open(a->out, '{');
    ddbi_json_key(a->out, "Responses", 9);
    ddbi_json_open(a->out, '[');
    for (uint32_t i = 0; i < n && code == DDB_OK; i++) {
        ddbi_json_open(a->out, '{');
        if (g[i].stored.body.p) {
            ddbi_json_key(a->out, "Item", 4);
            code = ddbi_get_write(a, g[i].op, &g[i].stored);
        }
        ddbi_json_close(a->out, '}');
    }
    ddbi_json_close(a->out, ']');
    ddbi_costs_write(a, costs);
    ddbi_json_close(a->out, '}');
    return code;
}

ddb_code ddbi_do_transact_get(ddbi_ask *a)
{
    get *g = a->checked;
    ddbi_costs costs = {0};
    int64_t size = 0;
    ddbi_reasons r;
    ddb_code code;

    code = ddbi_reasons_begin(a, a->in->n_tx, &r);
    if (code == DDB_OK)
        code = open_all(a, g, &r);
    for (uint32_t i = 0; i < r.n && code == DDB_OK && !r.any; i++) {
        code = read_one(a, &g[i], i, &r, &costs);
        size += g[i].stored.size;
    }
    if (code == DDB_OK && r.any)
        return ddbi_reasons_refuse(a, &r);
    if (code == DDB_OK && size > MAX_ANSWER)
        return ddbi_refuse_invalid(
            a,
            "Transaction payload size cannot exceed 4MB. Payload Size: "
            "%lld",
            (long long)size);
    return code == DDB_OK ? write_answer(a, g, r.n, &costs) : code;
}
