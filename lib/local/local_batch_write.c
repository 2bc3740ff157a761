/* SPDX-License-Identifier: MIT */
/*
 * BatchWriteItem: up to 25 puts and deletes in several tables, all of them in
 * one transaction here.  What is wrong with one refuses all; one whose
 * capacity is refused is an UnprocessedItem, unless all of them are.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
 */
#include "local/local_item.h"

#include "base/enc.h"

/* One put or delete. */
typedef struct {
    const ddb_item *put; /* NULL: delete */
    const ddb_item *key; /* Item, or Key */
    const ddbi_table *t;
    ddb_bytes table; /* as the request has it */
    ddb_bytes place;
    int unprocessed;
} request;

typedef struct {
    uint32_t n;
    request *p;
    uint32_t n_done;
    ddbi_throttle throttle; /* the last */
    ddbi_costs costs;
} batch;

/* ---- The request -------------------------------------------------------- */

static ddb_code check_kinds(ddbi_ask *a, const ddbi_batch_in *in)
{
    for (uint32_t i = 0; i < in->n; i++)
        if (in->writes[i].n_kinds != 1)
            return ddbi_refuse_invalid(
                a, "Supplied AttributeValue has more than one datatypes set, "
                   "must contain exactly one of the supported datatypes");
    return DDB_OK;
}

static ddb_code check_write(ddbi_ask *a, const struct ddbi_write_in *w)
{
    ddb_code code = ddbi_check_item(a, w->put ? w->put : w->del);

    if (code == DDB_OK && w->put && ddb_item_size(w->put) > DDBI_MAX_ITEM)
        code = ddbi_refuse_invalid(
            a, "Item size has exceeded the maximum allowed size");
    return code;
}

static ddb_code check_table(ddbi_ask *a, const ddbi_batch_in *in, batch *b)
{
    ddb_code code = check_kinds(a, in);

    for (uint32_t i = 0; i < in->n && code == DDB_OK; i++) {
        const struct ddbi_write_in *w = &in->writes[i];

        code = check_write(a, w);
        if (code == DDB_OK && b->n == DDBI_BATCH_WRITES)
            code = ddbi_refuse_invalid(
                a, "Too many items requested for the BatchWriteItem call");
        if (code == DDB_OK)
            b->p[b->n++] = (request){.put = w->put,
                                     .key = w->put ? w->put : w->del,
                                     .table = in->table};
    }
    return code;
}

ddb_code ddbi_do_batch_write_check(ddbi_ask *a)
{
    ddb_code code = DDB_OK;
    batch *b = ddbi_arena_alloc(a->arena, sizeof *b);
    request *p = ddbi_arena_alloc(a->arena, DDBI_BATCH_WRITES * sizeof *p);

    if (!b || !p)
        return ddbi_ask_nomem(a);
    if (a->in->n_batch == 0)
        return ddbi_refuse_invalid(a, "The requestItems parameter is required "
                                      "for BatchWriteItem");
    *b = (batch){.p = p};
    a->checked = b;
    for (uint32_t i = 0; i < a->in->n_batch && code == DDB_OK; i++)
        code = check_table(a, &a->in->batch[i], b);
    return code;
}

/* ---- Writing ------------------------------------------------------------ */

static ddb_code open_request(ddbi_ask *a, batch *b, uint32_t i)
{
    request *r = &b->p[i];
    ddb_code code = ddbi_table_find(a, r->table, &r->t);

    if (code == DDB_OK && r->put)
        code = ddbi_check_batch_keys_of(a, r->t, r->put);
    else if (code == DDB_OK)
        code = ddbi_check_key(a, r->t, r->key);
    if (code == DDB_OK)
        code = ddbi_item_place(a, r->t, &r->t->self, r->key, &r->place);
    if (code != DDB_OK)
        return code;
    for (uint32_t j = 0; j < i; j++)
        if (ddbi_equal(r->place, b->p[j].place))
            return ddbi_refuse_invalid(
                a, "Provided list of item keys contains duplicates");
    return DDB_OK;
}

static ddb_code write_request(ddbi_ask *a, batch *b, request *r)
{
    ddbi_stored old = {.place = r->place};
    ddb_bytes partition;
    ddbi_throttle throttle;
    ddbi_write *w;
    ddbi_cost cost;
    ddb_code code;

    code = ddbi_cost_begin(a, r->t, r->table, &cost);
    if (code == DDB_OK)
        code = ddbi_read_place(a, ddbi_write_parses(r->t), &old);
    if (code == DDB_OK)
        code = ddbi_write_ready(a, r->t, &old, r->put, &cost, &w);
    if (code == DDB_OK)
        code = ddbi_item_partition(a, &r->t->self, r->key, &partition);
    if (code == DDB_OK)
        code = ddbi_cost_admit(a, &cost, partition, &throttle);
    if (code != DDB_OK)
        return code;
    if (throttle.reason) {
        r->unprocessed = 1;
        b->throttle = throttle;
        return DDB_OK;
    }
    b->n_done++;
    code = ddbi_costs_add(a, &b->costs, &cost);
    return code == DDB_OK ? ddbi_write_do(a, w) : code;
}

/* ---- The answer --------------------------------------------------------- */

/* Requests of one table stand together. */
static int is_first(const batch *b, uint32_t i, int unprocessed)
{
    while (i-- > 0 && ddbi_equal(b->p[i].table, b->p[i + 1].table))
        if (b->p[i].unprocessed == unprocessed)
            return 0;
    return 1;
}

static void open_table(ddbi_buf *b, ddb_bytes table, int *open)
{
    if (*open)
        ddbi_json_close(b, ']');
    ddbi_json_key(b, table.p, table.n);
    ddbi_json_open(b, '[');
    *open = 1;
}

static void write_unprocessed(ddbi_buf *out, const batch *b)
{
    int open = 0;

    ddbi_json_key(out, "UnprocessedItems", 16);
    ddbi_json_open(out, '{');
    for (uint32_t i = 0; i < b->n; i++) {
        const request *r = &b->p[i];

        if (!r->unprocessed)
            continue;
        if (is_first(b, i, 1))
            open_table(out, r->table, &open);
        ddbi_json_open(out, '{');
        ddbi_json_key(out, r->put ? "PutRequest" : "DeleteRequest",
                      r->put ? 10 : 13);
        ddbi_json_open(out, '{');
        ddbi_json_key(out, r->put ? "Item" : "Key", r->put ? 4 : 3);
        ddbi_write_item(out, r->key);
        ddbi_json_close(out, '}');
        ddbi_json_close(out, '}');
    }
    if (open)
        ddbi_json_close(out, ']');
    ddbi_json_close(out, '}');
}

static ddb_code write_metrics(ddbi_ask *a, const batch *b)
{
    ddb_code code = DDB_OK;
    int open = 0;

    if (!ddbi_equal_text(a->in->return_metrics, "SIZE"))
        return DDB_OK;
    ddbi_json_key(a->out, "ItemCollectionMetrics", 21);
    ddbi_json_open(a->out, '{');
    for (uint32_t i = 0; i < b->n && code == DDB_OK; i++) {
        const request *r = &b->p[i];

        if (r->unprocessed || !ddbi_has_collections(r->t))
            continue;
        if (is_first(b, i, 0))
            open_table(a->out, r->table, &open);
        code = ddbi_metrics_write(a, r->t, r->key);
    }
    if (open)
        ddbi_json_close(a->out, ']');
    ddbi_json_close(a->out, '}');
    return code;
}

ddb_code ddbi_do_batch_write(ddbi_ask *a)
{
    batch *b = a->checked;
    ddb_code code = DDB_OK;

    for (uint32_t i = 0; i < b->n && code == DDB_OK; i++)
        code = open_request(a, b, i);
    for (uint32_t i = 0; i < b->n && code == DDB_OK; i++)
        code = write_request(a, b, &b->p[i]);
    if (code == DDB_OK && b->n_done == 0 && b->throttle.reason)
        code = ddbi_cost_refuse(a, &b->throttle);
    if (code != DDB_OK)
        return code;
    ddbi_json_open(a->out, '{');
    write_unprocessed(a->out, b);
    code = write_metrics(a, b);
    ddbi_costs_write(a, &b->costs);
    ddbi_json_close(a->out, '}');
    return code;
}
