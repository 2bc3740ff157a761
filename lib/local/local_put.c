/* SPDX-License-Identifier: MIT */
/*
 * PutItem, UpdateItem and DeleteItem: one change, done, and what was or is
 * told as ReturnValues asks.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
 */
#include "local/local_change.h"

#include "base/enc.h"

static ddb_code check(ddbi_ask *a, ddbi_tx_kind kind)
{
    ddbi_change *c = ddbi_arena_alloc(a->arena, sizeof *c);

    if (!c)
        return ddbi_ask_nomem(a);
    a->checked = c;
    return ddbi_change_check(a, kind, &a->in->op, c);
}

ddb_code ddbi_do_put_check(ddbi_ask *a)
{
    return check(a, DDBI_TX_PUT);
}

ddb_code ddbi_do_update_check(ddbi_ask *a)
{
    return check(a, DDBI_TX_UPDATE);
}

ddb_code ddbi_do_delete_check(ddbi_ask *a)
{
    return check(a, DDBI_TX_DELETE);
}

/* ---- The answer --------------------------------------------------------- */

static void write_attributes(ddbi_ask *a, const ddb_item *it)
{
    if (!it || it->n == 0)
        return;
    ddbi_json_key(a->out, "Attributes", 10);
    ddbi_write_item(a->out, it);
}

/* The parts of an item that the update names. */
static ddb_code write_touched(ddbi_ask *a, const ddbi_change *c,
                              const ddb_item *it)
{
    if (!it || !c->op->update)
        return DDB_OK;
    it = ddbi_update_touched(c->op->update, it, a->arena);
    if (!it)
        return ddbi_ask_nomem(a);
    write_attributes(a, it);
    return DDB_OK;
}

static ddb_code write_values(ddbi_ask *a, const ddbi_change *c)
{
    ddb_bytes asked = a->in->return_values;

    if (ddbi_equal_text(asked, "ALL_OLD")) {
        if (c->old.body.p) {
            ddbi_json_key(a->out, "Attributes", 10);
            ddbi_json_raw(a->out, c->old.body.p, c->old.body.n);
        }
    } else if (ddbi_equal_text(asked, "ALL_NEW")) {
        write_attributes(a, c->item);
    } else if (ddbi_equal_text(asked, "UPDATED_OLD")) {
        return write_touched(a, c, c->old.item);
    } else if (ddbi_equal_text(asked, "UPDATED_NEW")) {
        return write_touched(a, c, c->item);
    }
    return DDB_OK;
}

static ddb_code write_answer(ddbi_ask *a, const ddbi_change *c)
{
    ddb_code code;

    ddbi_json_open(a->out, '{');
    code = write_values(a, c);
    ddbi_cost_write(a, &c->cost);
    if (code == DDB_OK && ddbi_equal_text(a->in->return_metrics, "SIZE") &&
        ddbi_has_collections(c->t)) {
        ddbi_json_key(a->out, "ItemCollectionMetrics", 21);
        code = ddbi_metrics_write(a, c->t, c->key);
    }
    ddbi_json_close(a->out, '}');
    return code;
}

/* ---- Doing it ----------------------------------------------------------- */

/* A condition that failed costs what a write would, and may be throttled for
 * it; else the refusal is what it is. */
static ddb_code admit_failed(ddbi_ask *a, ddbi_change *c)
{
    ddb_bytes partition;
    ddb_code code;

    c->cost.write = ddbi_write_units(c->old.size);
    code = ddbi_item_partition(a, &c->t->self, c->key, &partition);
    if (code == DDB_OK)
        code = ddbi_cost_admit(a, &c->cost, partition, NULL);
    return code == DDB_OK ? DDB_SERVICE : code;
}

static ddb_code change(ddbi_ask *a)
{
    ddbi_change *c = a->checked;
    const ddbi_table *t;
    ddb_bytes partition;
    ddb_code code;

    code = ddbi_table_find(a, c->in->table, &t);
    if (code == DDB_OK)
        code = ddbi_change_keys(a, c, t);
    if (code == DDB_OK)
        code = ddbi_change_apply(a, c);
    if (code == DDB_SERVICE && c->failed)
        return admit_failed(a, c);
    if (code == DDB_OK)
        code = ddbi_change_ready(a, c);
    if (code == DDB_OK)
        code = ddbi_item_partition(a, &t->self, c->key, &partition);
    if (code == DDB_OK)
        code = ddbi_cost_admit(a, &c->cost, partition, NULL);
    if (code == DDB_OK)
        code = ddbi_write_do(a, c->write);
    return code == DDB_OK ? write_answer(a, c) : code;
}

ddb_code ddbi_do_put(ddbi_ask *a)
{
    return change(a);
}

ddb_code ddbi_do_update(ddbi_ask *a)
{
    return change(a);
}

ddb_code ddbi_do_delete(ddbi_ask *a)
{
    return change(a);
}
