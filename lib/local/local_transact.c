/* SPDX-License-Identifier: MIT */
/*
 * TransactWriteItems: up to 100 changes and condition checks, all or none.
 *
 * What is wrong with the request refuses it as a whole.  What is wrong with
 * an action by the table's schema or by the item cancels the transaction, and
 * the reasons tell for each action what it was: of the schema only the first
 * is looked for, of the items all are.  Empty key values, though they need
 * the schema to be seen, count to the request.
 *
 * One transaction is after another here, so that none is ever in conflict.
 * All of it costs twice as much as outside a transaction.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
#include "local/local_transact.h"
#include "local/local_change.h"
#include "local/local_token.h"

#include "base/enc.h"

#include <string.h>

#define MAX_PAYLOAD ((size_t)4 << 20)

/* ---- The request -------------------------------------------------------- */

static ddb_code check_kinds(ddbi_ask *a)
{
    for (uint32_t i = 0; i < a->in->n_tx; i++) {
        if (a->in->tx[i].n_kinds == 0)
            return ddbi_refuse_invalid(
                a, "Invalid Request: TransactWriteRequest should contain "
                   "Delete or Put or Update request");
        if (a->in->tx[i].n_kinds > 1)
            return ddbi_refuse_invalid(a, "TransactItems can only contain one "
                                          "of Check, Put, Update or Delete");
    }
    return DDB_OK;
}

ddb_code ddbi_do_transact_write_check(ddbi_ask *a)
{
    uint32_t n = a->in->n_tx;
    ddbi_change *c = ddbi_arena_alloc(a->arena, n * sizeof *c);
    size_t payload = 0;
    ddb_code code;

    if (!c)
        return ddbi_ask_nomem(a);
    a->checked = c;
    code = check_kinds(a);
    for (uint32_t i = 0; i < n && code == DDB_OK; i++) {
        const ddbi_tx_in *tx = &a->in->tx[i];

        code = ddbi_change_check(a, tx->kind, &tx->op, &c[i]);
        payload += ddb_item_size(c[i].key);
        if (tx->op.values)
            payload += ddb_item_size(tx->op.values);
    }
    if (code == DDB_OK && payload > MAX_PAYLOAD)
        code = ddbi_refuse_invalid(a,
                                   "Transaction payload size cannot exceed "
                                   "4MB. Payload Size: %zu",
                                   payload);
    return code;
}

/* ---- Cancelling --------------------------------------------------------- */

ddb_code ddbi_reasons_begin(ddbi_ask *a, uint32_t n, ddbi_reasons *out)
{
    *out = (ddbi_reasons){.n = n};
    out->p = ddbi_arena_alloc(a->arena, n * sizeof *out->p);
    if (!out->p)
        return ddbi_ask_nomem(a);
    for (uint32_t i = 0; i < n; i++)
        out->p[i] = (ddbi_reason){.code = "None"};
    return DDB_OK;
}

static void give_reason(ddbi_reasons *r, uint32_t i, const char *code,
                        ddb_bytes message)
{
    r->p[i] = (ddbi_reason){.code = code, .message = message};
    r->any = 1;
}

/* Of a refusal that belongs to the whole request, or of a failure, code
 * comes back as it is. */
ddb_code ddbi_reasons_take(ddbi_ask *a, ddb_code code, uint32_t i,
                           ddbi_reasons *r)
{
    static const char not_valid[] = "One or more parameter values are not "
                                    "valid. ";
    ddb_bytes message;

    if (code != DDB_SERVICE)
        return code;
    message = ddbi_op_message(a);
    if (!message.p)
        return ddbi_ask_nomem(a);
    if (message.n >= sizeof not_valid - 1 &&
        memcmp(message.p, not_valid, sizeof not_valid - 1) == 0)
        return ddbi_refuse_invalid(a, "%.*s", (int)message.n,
                                   (const char *)message.p);
    give_reason(r, i, "ValidationError", message);
    return DDB_OK;
}

static void write_reason(ddbi_buf *b, const ddbi_reason *r)
{
    ddbi_json_open(b, '{');
    ddbi_json_key(b, "Code", 4);
    ddbi_json_str(b, r->code, strlen(r->code));
    if (r->message.p) {
        ddbi_json_key(b, "Message", 7);
        ddbi_json_str(b, r->message.p, r->message.n);
    }
    if (r->item.p) {
        ddbi_json_key(b, "Item", 4);
        ddbi_json_raw(b, r->item.p, r->item.n);
    }
    ddbi_json_close(b, '}');
}

ddb_code ddbi_reasons_refuse(ddbi_ask *a, const ddbi_reasons *r)
{
    ddbi_buf codes = {0}, b = {0};
    ddb_code code;

    ddbi_json_open(&b, '[');
    for (uint32_t i = 0; i < r->n; i++) {
        ddbi_buf_add_str(&codes, i ? ", " : "");
        ddbi_buf_add_str(&codes, r->p[i].code);
        write_reason(&b, &r->p[i]);
    }
    ddbi_json_close(&b, ']');
    if (codes.failed || b.failed)
        code = ddbi_ask_nomem(a);
    else
        code = ddbi_refuse(a, "TransactionCanceledException",
                           "Transaction cancelled, please refer cancellation "
                           "reasons for specific reasons [%.*s]",
                           (int)codes.n, codes.p);
    if (code == DDB_SERVICE)
        ddbi_refuse_member(a, "CancellationReasons", (ddb_bytes){b.p, b.n});
    ddbi_buf_free(&codes);
    ddbi_buf_free(&b);
    return code;
}

ddb_code ddbi_reasons_throttled(ddbi_ask *a, const ddbi_throttle *why,
                                uint32_t i, ddbi_reasons *r)
{
    ddb_bytes message;

    if (ddbi_cost_refuse(a, why) != DDB_SERVICE)
        return DDB_NOMEM;
    message = ddbi_op_message(a);
    if (!message.p)
        return ddbi_ask_nomem(a);
    give_reason(r, i,
                why->table->on_demand ? "ThrottlingError"
                                      : "ProvisionedThroughputExceeded",
                message);
    return DDB_OK;
}

/* ---- Each step for all actions ------------------------------------------ */

static ddb_code open_all(ddbi_ask *a, ddbi_change *c, ddbi_reasons *r)
{
    ddb_code code = DDB_OK;
    const ddbi_table *t;
    uint32_t i;

    for (i = 0; i < r->n && code == DDB_OK; i++)
        code = ddbi_table_find(a, c[i].in->table, &t);
    for (i = 0; i < r->n && code == DDB_OK && !r->any; i++) {
        code = ddbi_table_find(a, c[i].in->table, &t);
        if (code == DDB_OK)
            code = ddbi_reasons_take(a, ddbi_change_keys(a, &c[i], t), i, r);
        c[i].cost.transaction = 1;
    }
    return code;
}

ddb_code ddbi_transact_once(ddbi_ask *a, const ddb_bytes *places, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < i; j++)
            if (ddbi_equal(places[i], places[j]))
                return ddbi_refuse_invalid(
                    a, "Transaction request cannot include multiple "
                       "operations on one item");
    return DDB_OK;
}

/* No two actions on one item. */
static ddb_code check_once(ddbi_ask *a, ddbi_change *c, uint32_t n)
{
    ddb_bytes *places = ddbi_arena_alloc(a->arena, n * sizeof *places);
    ddb_code code = places ? DDB_OK : ddbi_ask_nomem(a);

    for (uint32_t i = 0; i < n && code == DDB_OK; i++)
        code = ddbi_item_place(a, c[i].t, &c[i].t->self, c[i].key, &places[i]);
    return code == DDB_OK ? ddbi_transact_once(a, places, n) : code;
}

static ddb_code apply(ddbi_ask *a, ddbi_change *c, uint32_t i, ddbi_reasons *r)
{
    ddb_code code = ddbi_change_apply(a, c);

    if (code == DDB_SERVICE && c->failed) {
        give_reason(r, i, "ConditionalCheckFailed",
                    (ddb_bytes){"The conditional request failed", 30});
        if (ddbi_equal_text(c->in->on_failure, "ALL_OLD"))
            r->p[i].item = c->old.body;
        return DDB_OK;
    }
    return ddbi_reasons_take(a, code, i, r);
}

static ddb_code admit(ddbi_ask *a, ddbi_change *c, uint32_t i, ddbi_reasons *r)
{
    ddbi_throttle why;
    ddb_bytes partition;
    ddb_code code;

    code = ddbi_item_partition(a, &c->t->self, c->key, &partition);
    if (code == DDB_OK)
        code = ddbi_cost_admit(a, &c->cost, partition, &why);
    if (code == DDB_OK && why.reason)
        code = ddbi_reasons_throttled(a, &why, i, r);
    return code;
}

/* Apply all, and make them ready when all may be. */
static ddb_code prepare(ddbi_ask *a, ddbi_change *c, ddbi_reasons *r,
                        ddbi_costs *costs)
{
    ddb_code code = open_all(a, c, r);
    uint32_t i;

    if (code != DDB_OK || r->any)
        return code;
    code = check_once(a, c, r->n);
    for (i = 0; i < r->n && code == DDB_OK; i++)
        code = apply(a, &c[i], i, r);
    for (i = 0; i < r->n && code == DDB_OK && !r->any; i++) {
        code = ddbi_change_ready(a, &c[i]);
        ddbi_cost_double(&c[i].cost);
        if (code == DDB_OK)
            code = ddbi_costs_add(a, costs, &c[i].cost);
    }
    if (r->any || !a->options->admit)
        return code;
    for (i = 0; i < r->n && code == DDB_OK; i++)
        code = admit(a, &c[i], i, r);
    return code;
}

/* ---- The answer --------------------------------------------------------- */

static int has_metrics(const ddbi_change *c)
{
    return c->kind != DDBI_TX_CHECK && ddbi_has_collections(c->t);
}

static int same_table(const ddbi_change *a, const ddbi_change *b)
{
    return a->t->self.id == b->t->self.id;
}

/* By table; the tables in the order in which they first come. */
static ddb_code write_metrics(ddbi_ask *a, const ddbi_change *c, uint32_t n)
{
    ddb_code code = DDB_OK;

    if (!ddbi_equal_text(a->in->return_metrics, "SIZE"))
        return DDB_OK;
    ddbi_json_key(a->out, "ItemCollectionMetrics", 21);
    ddbi_json_open(a->out, '{');
    for (uint32_t i = 0; i < n; i++) {
        uint32_t first = 0;

        if (!has_metrics(&c[i]))
            continue;
        while (!same_table(&c[first], &c[i]) || !has_metrics(&c[first]))
            first++;
        if (first != i)
            continue;
        ddbi_json_key(a->out, c[i].in->table.p, c[i].in->table.n);
        ddbi_json_open(a->out, '[');
        for (uint32_t j = i; j < n && code == DDB_OK; j++)
            if (same_table(&c[j], &c[i]) && has_metrics(&c[j]))
                code = ddbi_metrics_write(a, c[j].t, c[j].key);
        ddbi_json_close(a->out, ']');
    }
    ddbi_json_close(a->out, '}');
    return code;
}

/* It was done before: what it cost now was to see that. */
static ddb_code done_before(ddbi_ask *a, ddbi_change *c, ddbi_costs *costs)
{
    ddb_code code = DDB_OK;

    for (uint32_t i = 0; i < a->in->n_tx && code == DDB_OK; i++) {
        code = ddbi_table_find(a, c[i].in->table, &c[i].t);
        if (code == DDB_OK)
            code = ddbi_cost_begin(a, c[i].t, c[i].in->table, &c[i].cost);
        if (code == DDB_OK)
            code = ddbi_read_stored(a, c[i].t, c[i].key, 0, &c[i].old);
        if (code != DDB_OK)
            break;
        c[i].cost.transaction = 1;
        c[i].cost.read = 2 * ddbi_read_units(c[i].old.size, 1);
        code = ddbi_costs_add(a, costs, &c[i].cost);
    }
    return code;
}

ddb_code ddbi_do_transact_write(ddbi_ask *a)
{
    ddbi_change *c = a->checked;
    ddbi_costs costs = {0};
    ddbi_reasons r;
    ddb_code code;
    int done = 0;

    code = ddbi_reasons_begin(a, a->in->n_tx, &r);
    if (code == DDB_OK)
        code = ddbi_token_look(a, &done);
    if (code == DDB_OK)
        code = done ? done_before(a, c, &costs) : prepare(a, c, &r, &costs);
    if (code == DDB_OK && r.any)
        code = ddbi_reasons_refuse(a, &r);
    for (uint32_t i = 0; i < r.n && code == DDB_OK && !done; i++)
        if (c[i].write)
            code = ddbi_write_do(a, c[i].write);
    if (code == DDB_OK && !done)
        code = ddbi_token_keep(a);
    if (code != DDB_OK)
        return code;
    ddbi_json_open(a->out, '{');
    code = write_metrics(a, c, done ? 0 : r.n);
    ddbi_costs_write(a, &costs);
    ddbi_json_close(a->out, '}');
    return code;
}
