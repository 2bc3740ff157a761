/* SPDX-License-Identifier: MIT */
/*
 * BatchGetItem: up to 100 items of several tables.
 *
 * An answer ends at 16 MB, and what comes from one partition at a megabyte
 * and an item; a table's items are taken to be in one, as those of a table
 * below 10 GB are.  The keys that are left are UnprocessedKeys, with all that
 * is needed to ask for them; so are those whose capacity was refused, unless
 * that is all of them.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
 */
#include "local/local_change.h"

#define MAX_ANSWER ((int64_t)16 << 20)
#define MAX_PARTITION (((int64_t)1 << 20) + DDBI_MAX_ITEM - 3)

/* One table's part. */
typedef struct {
    const ddbi_batch_in *in;
    ddbi_op *op;
    const ddbi_table *t;
    ddbi_stored *stored;
    unsigned char *unprocessed; /* by key */
    uint32_t n_unprocessed;
    int64_t size;
    ddbi_cost cost;
} part;

typedef struct {
    part *parts;
    int64_t size;
    uint32_t n_read;
    ddbi_throttle throttle; /* the last */
} batch;

/* ---- The request -------------------------------------------------------- */

/* A hundred keys at most. */
static int has_twice(const ddbi_batch_in *in, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++)
        if (ddb_item_equal(in->keys[i], in->keys[j]))
            return 1;
    return 0;
}

static ddb_code check_keys(ddbi_ask *a, const ddbi_batch_in *in,
                           uint32_t *total)
{
    ddb_code code;

    for (uint32_t i = 0; i < in->n; i++) {
        code = ddbi_check_item(a, in->keys[i]);
        if (code != DDB_OK)
            return code;
        if (has_twice(in, i))
            return ddbi_refuse_invalid(
                a, "Provided list of item keys contains duplicates");
        if (++*total > DDBI_BATCH_READS)
            return ddbi_refuse_invalid(
                a, "Too many items requested for the BatchGetItem call");
    }
    return DDB_OK;
}

static ddb_code check_part(ddbi_ask *a, const ddbi_batch_in *in, part *p,
                           uint32_t *total)
{
    ddbi_op_in op = {.projection = in->projection, .names = in->names};
    ddb_code code;

    *p = (part){.in = in};
    if (in->attributes_to_get.present)
        return ddbi_refuse_invalid(
            a, "AttributesToGet is not supported by the local engine; use an "
               "expression");
    code = ddbi_op_together(a, &op, op.projection.p != NULL, NULL);
    if (code == DDB_OK)
        code = ddbi_op_check(a, &op, &p->op);
    return code == DDB_OK ? check_keys(a, in, total) : code;
}

ddb_code ddbi_do_batch_get_check(ddbi_ask *a)
{
    uint32_t n = a->in->n_batch, total = 0;
    ddb_code code = DDB_OK;
    batch *b = ddbi_arena_alloc(a->arena, sizeof *b);
    part *parts = ddbi_arena_alloc(a->arena, n * sizeof *parts);

    if (!b || !parts)
        return ddbi_ask_nomem(a);
    if (n == 0)
        return ddbi_refuse_invalid(a, "The requestItems parameter is required "
                                      "for BatchGetItem");
    *b = (batch){.parts = parts};
    a->checked = b;
    for (uint32_t i = 0; i < n && code == DDB_OK; i++)
        code = check_part(a, &a->in->batch[i], &parts[i], &total);
    return code;
}

/* ---- Reading ------------------------------------------------------------ */

static ddb_code open_part(ddbi_ask *a, part *p)
{
    ddb_code code = ddbi_table_find(a, p->in->table, &p->t);

    for (uint32_t i = 0; i < p->in->n && code == DDB_OK; i++)
        code = ddbi_check_key(a, p->t, p->in->keys[i]);
    if (code == DDB_OK)
        code = ddbi_scalars_projection(a, p->t, p->op->projection);
    if (code == DDB_OK)
        code = ddbi_cost_begin(a, p->t, p->in->table, &p->cost);
    if (code != DDB_OK)
        return code;
    p->stored = ddbi_arena_alloc(a->arena, p->in->n * sizeof *p->stored);
    p->unprocessed = ddbi_arena_alloc(a->arena, p->in->n + 1);
    return p->stored && p->unprocessed ? DDB_OK : ddbi_ask_nomem(a);
}

static ddb_code read_key(ddbi_ask *a, batch *b, part *p, uint32_t i)
{
    const ddb_item *key = p->in->keys[i];
    ddbi_stored *s = &p->stored[i];
    ddbi_throttle throttle;
    ddb_bytes partition;
    ddbi_cost cost;
    ddb_code code;

    code = ddbi_read_stored(a, p->t, key, p->op->projection != NULL, s);
    if (code == DDB_OK)
        code = ddbi_cost_begin(a, p->t, p->in->table, &cost);
    if (code == DDB_OK)
        code = ddbi_item_partition(a, &p->t->self, key, &partition);
    if (code != DDB_OK)
        return code;
    p->unprocessed[i] =
        b->size + s->size > MAX_ANSWER || p->size + s->size > MAX_PARTITION;
    if (!p->unprocessed[i]) {
        cost.read = ddbi_read_units(s->size, p->in->consistent == DDBI_TRUE);
        code = ddbi_cost_admit(a, &cost, partition, &throttle);
        if (code != DDB_OK)
            return code;
        p->unprocessed[i] = throttle.reason != NULL;
        if (throttle.reason)
            b->throttle = throttle;
    }
    if (p->unprocessed[i]) {
        p->n_unprocessed++;
        return DDB_OK;
    }
    b->size += s->size;
    p->size += s->size;
    p->cost.read += cost.read;
    b->n_read++;
    return DDB_OK;
}

/* ---- The answer --------------------------------------------------------- */

static ddb_code write_items(ddbi_ask *a, const part *p)
{
    ddb_code code = DDB_OK;

    ddbi_json_key(a->out, p->in->table.p, p->in->table.n);
    ddbi_json_open(a->out, '[');
    for (uint32_t i = 0; i < p->in->n && code == DDB_OK; i++)
        if (!p->unprocessed[i] && p->stored[i].body.p)
            code = ddbi_get_write(a, p->op, &p->stored[i]);
    ddbi_json_close(a->out, ']');
    return code;
}

static void write_names(ddbi_buf *b, const ddbi_names_in *names)
{
    ddbi_json_key(b, "ExpressionAttributeNames", 24);
    ddbi_json_open(b, '{');
    for (uint32_t i = 0; i < names->n; i++) {
        ddbi_json_key(b, names->p[i].name.p, names->p[i].name.n);
        ddbi_json_str(b, names->p[i].value.p, names->p[i].value.n);
    }
    ddbi_json_close(b, '}');
}

static void write_unprocessed(ddbi_buf *b, const part *p)
{
    const ddbi_batch_in *in = p->in;

    if (!p->n_unprocessed)
        return;
    ddbi_json_key(b, in->table.p, in->table.n);
    ddbi_json_open(b, '{');
    ddbi_json_key(b, "Keys", 4);
    ddbi_json_open(b, '[');
    for (uint32_t i = 0; i < in->n; i++)
        if (p->unprocessed[i])
            ddbi_write_item(b, in->keys[i]);
    ddbi_json_close(b, ']');
    if (in->projection.p) {
        ddbi_json_key(b, "ProjectionExpression", 20);
        ddbi_json_str(b, in->projection.p, in->projection.n);
    }
    if (in->names.present)
        write_names(b, &in->names);
    if (in->consistent) {
        ddbi_json_key(b, "ConsistentRead", 14);
        ddbi_json_bool(b, in->consistent == DDBI_TRUE);
    }
    ddbi_json_close(b, '}');
}

static ddb_code write_answer(ddbi_ask *a, const batch *b)
{
    uint32_t n = a->in->n_batch;
    ddb_code code = DDB_OK;
    ddbi_costs costs = {0};

    ddbi_json_open(a->out, '{');
    ddbi_json_key(a->out, "Responses", 9);
    ddbi_json_open(a->out, '{');
    for (uint32_t i = 0; i < n && code == DDB_OK; i++)
        code = write_items(a, &b->parts[i]);
    ddbi_json_close(a->out, '}');
    ddbi_json_key(a->out, "UnprocessedKeys", 15);
    ddbi_json_open(a->out, '{');
    for (uint32_t i = 0; i < n; i++)
        write_unprocessed(a->out, &b->parts[i]);
    ddbi_json_close(a->out, '}');
    for (uint32_t i = 0; i < n && code == DDB_OK; i++)
        code = ddbi_costs_add(a, &costs, &b->parts[i].cost);
    ddbi_costs_write(a, &costs);
    ddbi_json_close(a->out, '}');
    return code;
}

ddb_code ddbi_do_batch_get(ddbi_ask *a)
{
    batch *b = a->checked;
    ddb_code code = DDB_OK;
    uint32_t i;

    for (i = 0; i < a->in->n_batch && code == DDB_OK; i++)
        code = open_part(a, &b->parts[i]);
    for (i = 0; i < a->in->n_batch && code == DDB_OK; i++)
        for (uint32_t k = 0; k < b->parts[i].in->n && code == DDB_OK; k++)
            code = read_key(a, b, &b->parts[i], k);
    if (code == DDB_OK && b->n_read == 0 && b->throttle.reason)
        code = ddbi_cost_refuse(a, &b->throttle);
    return code == DDB_OK ? write_answer(a, b) : code;
}
