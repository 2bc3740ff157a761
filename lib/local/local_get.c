/* SPDX-License-Identifier: MIT */
/*
 * GetItem.  An item is kept as the JSON it is answered with: without a
 * projection it is copied as it is.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
 */
#include "local/local_change.h"

ddb_code ddbi_do_get_check(ddbi_ask *a)
{
    const ddbi_op_in *in = &a->in->op;
    ddbi_op *op = NULL;
    ddb_code code;

    code = ddbi_op_together(a, in, in->projection.p != NULL, NULL);
    if (code == DDB_OK)
        code = ddbi_check_item(a, in->key);
    if (code == DDB_OK)
        code = ddbi_op_check(a, in, &op);
    a->checked = op;
    return code;
}

ddb_code ddbi_get_write(ddbi_ask *a, const ddbi_op *op,
                        const ddbi_stored *stored)
{
    const ddb_item *it;

    if (!op->projection) {
        ddbi_json_raw(a->out, stored->body.p, stored->body.n);
        return DDB_OK;
    }
    it = ddbi_projection_apply(op->projection, stored->item, a->arena);
    if (!it)
        return ddbi_ask_nomem(a);
    ddbi_write_item(a->out, it);
    return DDB_OK;
}

ddb_code ddbi_do_get(ddbi_ask *a)
{
    const ddb_item *key = a->in->op.key;
    const ddbi_op *op = a->checked;
    ddbi_stored stored;
    const ddbi_table *t;
    ddb_bytes partition;
    ddbi_cost cost;
    ddb_code code;

    code = ddbi_table_find(a, a->in->op.table, &t);
    if (code == DDB_OK)
        code = ddbi_check_key(a, t, key);
    if (code == DDB_OK)
        code = ddbi_scalars_projection(a, t, op->projection);
    if (code == DDB_OK)
        code = ddbi_read_stored(a, t, key, op->projection != NULL, &stored);
    if (code == DDB_OK)
        code = ddbi_cost_begin(a, t, a->in->op.table, &cost);
    if (code == DDB_OK)
        code = ddbi_item_partition(a, &t->self, key, &partition);
    if (code != DDB_OK)
        return code;
    cost.read = ddbi_read_units(stored.size, a->in->consistent == DDBI_TRUE);
    code = ddbi_cost_admit(a, &cost, partition, NULL);
    if (code != DDB_OK)
        return code;
    ddbi_json_open(a->out, '{');
    if (stored.body.p) {
        ddbi_json_key(a->out, "Item", 4);
        code = ddbi_get_write(a, op, &stored);
    }
    ddbi_cost_write(a, &cost);
    ddbi_json_close(a->out, '}');
    return code;
}
