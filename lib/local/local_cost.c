/* SPDX-License-Identifier: MIT */
/*
 * Capacity: units of what was read and written, whether they may be used,
 * and how the answer tells of them.
 *
 * A unit of reading is 4 KB, half of it for a read that is not consistent; a
 * unit of writing 1 KB; what is begun counts whole, and what finds nothing
 * costs one unit.  In a transaction all costs twice as much.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
 *
 * The engine itself has no limits: whoever opened it may have (options->
 * admit), and is asked with what an operation is about to use.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
 */
#include "local/local_item.h"

#include <string.h>

static double units(int64_t bytes, int64_t unit)
{
    int64_t begun = (bytes + unit - 1) / unit;

    return begun > 0 ? (double)begun : 1;
}

double ddbi_read_units(int64_t bytes, int consistent)
{
    return units(bytes, 4096) / (consistent ? 1 : 2);
}

double ddbi_write_units(int64_t bytes)
{
    return units(bytes, 1024);
}

ddb_code ddbi_cost_begin(ddbi_ask *a, const ddbi_table *t, ddb_bytes name,
                         ddbi_cost *out)
{
    size_t n = t->n_indexes;

    *out = (ddbi_cost){.table = t, .name = name};
    if (n == 0)
        return DDB_OK;
    out->index_read = ddbi_arena_alloc(a->arena, 2 * n * sizeof(double));
    out->index_partition = ddbi_arena_alloc(a->arena, n * sizeof(ddb_bytes));
    if (!out->index_read || !out->index_partition)
        return ddbi_ask_nomem(a);
    out->index_write = out->index_read + n;
    for (size_t i = 0; i < n; i++) {
        out->index_read[i] = out->index_write[i] = 0;
        out->index_partition[i] = (ddb_bytes){0};
    }
    return DDB_OK;
}

static void add(ddbi_cost *to, const ddbi_cost *from)
{
    to->read += from->read;
    to->write += from->write;
    for (uint32_t i = 0; i < to->table->n_indexes; i++) {
        to->index_read[i] += from->index_read[i];
        to->index_write[i] += from->index_write[i];
    }
}

ddb_code ddbi_costs_add(ddbi_ask *a, ddbi_costs *all, const ddbi_cost *one)
{
    ddbi_cost *p;
    uint32_t i;

    for (i = 0; i < all->n; i++)
        if (all->p[i].table->self.id == one->table->self.id)
            break;
    if (i == all->n) {
        ddb_code code;

        if (i == all->cap) {
            uint32_t cap = i ? 2 * i : 4;

            p = ddbi_arena_grow(a->arena, all->p, i * sizeof *p,
                                cap * sizeof *p);
            if (!p)
                return ddbi_ask_nomem(a);
            all->p = p;
            all->cap = cap;
        }
        code = ddbi_cost_begin(a, one->table, one->name, &all->p[i]);
        if (code != DDB_OK)
            return code;
        all->p[i].transaction = one->transaction;
        all->n++;
    }
    add(&all->p[i], one);
    return DDB_OK;
}

void ddbi_cost_double(ddbi_cost *cost)
{
    cost->read *= 2;
    cost->write *= 2;
    for (uint32_t i = 0; i < cost->table->n_indexes; i++) {
        cost->index_read[i] *= 2;
        cost->index_write[i] *= 2;
    }
}

/* ---- Leave to use it ---------------------------------------------------- */

static ddb_code index_name(ddbi_ask *a, const ddbi_index *index,
                           const char **out)
{
    *out = NULL;
    if (index)
        *out = ddbi_arena_dup(a->arena, index->name.p, index->name.n);
    return index && !*out ? ddbi_ask_nomem(a) : DDB_OK;
}

/* Ask for one use; *why stays as it is when it may be. */
static ddb_code admit(ddbi_ask *a, const ddbi_cost *cost,
                      const ddbi_index *index, ddbi_use *use,
                      ddbi_throttle *why)
{
    const ddbi_index *of = index ? index : &cost->table->self;
    const ddbi_local_options *o = a->options;
    ddb_code code;

    if (use->units <= 0 || why->reason)
        return DDB_OK;
    code = index_name(a, index, &use->index);
    if (code != DDB_OK)
        return code;
    if (!cost->table->on_demand)
        use->provisioned = (double)(use->write ? of->wcu : of->rcu);
    why->reason = o->admit(o->admit_arg, use);
    why->table = cost->table;
    why->index = index;
    return DDB_OK;
}

/* A local index shares the table's throughput and its partitions. */
static double with_local(const ddbi_table *t, double units, const double *used)
{
    for (uint32_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i].local)
            units += used[i];
    return units;
}

static ddb_code admit_all(ddbi_ask *a, const ddbi_cost *cost,
                          ddb_bytes partition, int batch, ddbi_throttle *why)
{
    const ddbi_table *t = cost->table;
    ddbi_use use = {.batch = batch, .partition = partition};
    ddb_code code = DDB_OK;

    use.table = ddbi_arena_dup(a->arena, t->name.p, t->name.n);
    if (!use.table)
        return ddbi_ask_nomem(a);
    for (int write = 0; write < 2 && code == DDB_OK; write++) {
        const double *used = write ? cost->index_write : cost->index_read;

        use.write = write;
        use.units = with_local(t, write ? cost->write : cost->read, used);
        use.partition = partition;
        code = admit(a, cost, NULL, &use, why);
        for (uint32_t i = 0; i < t->n_indexes && code == DDB_OK; i++) {
            if (t->indexes[i].local)
                continue;
            use.units = used[i];
            if (cost->index_partition[i].n)
                use.partition = cost->index_partition[i];
            code = admit(a, cost, &t->indexes[i], &use, why);
        }
    }
    return code;
}

ddb_code ddbi_cost_admit(ddbi_ask *a, const ddbi_cost *cost,
                         ddb_bytes partition, ddbi_throttle *throttled)
{
    ddbi_throttle why = {0};
    ddb_code code;

    if (throttled)
        *throttled = why;
    if (!a->options->admit)
        return DDB_OK;
    code = admit_all(a, cost, partition, throttled != NULL, &why);
    if (code != DDB_OK || !why.reason)
        return code;
    if (!throttled)
        return ddbi_cost_refuse(a, &why);
    *throttled = why;
    return DDB_OK;
}

static ddb_code add_reasons(ddbi_ask *a, const ddbi_throttle *why)
{
    const ddbi_table *t = why->table;
    ddb_bytes index = why->index ? why->index->name : (ddb_bytes){0};
    ddbi_buf arn = {0}, b = {0};
    ddb_code code = DDB_SERVICE;

    ddbi_table_arn(a, &arn, t->name, index);
    ddbi_json_open(&b, '[');
    ddbi_json_open(&b, '{');
    ddbi_json_key(&b, "reason", 6);
    ddbi_json_str(&b, why->reason, strlen(why->reason));
    ddbi_json_key(&b, "resource", 8);
    ddbi_json_str(&b, arn.p, arn.n);
    ddbi_json_close(&b, '}');
    ddbi_json_close(&b, ']');
    if (arn.failed != DDB_OK || b.failed != DDB_OK)
        code = ddbi_ask_nomem(a);
    else
        ddbi_refuse_member(
            a, t->on_demand ? "throttlingReasons" : "ThrottlingReasons",
            (ddb_bytes){b.p, b.n});
    ddbi_buf_free(&arn);
    ddbi_buf_free(&b);
    return code;
}

ddb_code ddbi_cost_refuse(ddbi_ask *a, const ddbi_throttle *why)
{
    ddb_code code;

    if (why->table->on_demand)
        code = ddbi_refuse(
            a, "ThrottlingException",
            "Throughput exceeds the current capacity of your table or index. "
            "DynamoDB is automatically scaling your table or index so please "
            "try again shortly. If exceptions persist, check if you have a hot "
            "key: https://docs.aws.amazon.com/amazondynamodb/latest/"
            "developerguide/bp-partition-key-design.html");
    else if (why->index)
        code = ddbi_refuse(
            a, "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for one or more "
            "global secondary indexes of the table was exceeded. Consider "
            "increasing your provisioning level for the under-provisioned "
            "global secondary indexes with the UpdateTable API");
    else
        code = ddbi_refuse(
            a, "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was "
            "exceeded. Consider increasing your provisioning level with the "
            "UpdateTable API.");
    return code == DDB_SERVICE ? add_reasons(a, why) : code;
}

/* ---- The answer --------------------------------------------------------- */

/* Units are whole or halves; the service writes 1.0 and 0.5. */
static void write_units(ddbi_buf *b, const char *key, double v)
{
    int64_t halves = (int64_t)(v * 2);

    ddbi_json_key(b, key, strlen(key));
    ddbi_buf_add_i64(b, halves / 2);
    ddbi_buf_add_str(b, halves % 2 ? ".5" : ".0");
}

/* Members, without the brackets. */
static void write_both(ddbi_buf *b, const ddbi_cost *cost, double read,
                       double write)
{
    write_units(b, "CapacityUnits", read + write);
    if (cost->transaction && read > 0)
        write_units(b, "ReadCapacityUnits", read);
    if (cost->transaction && write > 0)
        write_units(b, "WriteCapacityUnits", write);
}

/* Those indexes that were used, of one kind. */
static void write_indexes(ddbi_buf *b, const ddbi_cost *cost, int local)
{
    const char *key =
        local ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes";
    const ddbi_table *t = cost->table;
    int any = 0;

    for (uint32_t i = 0; i < t->n_indexes; i++) {
        const ddbi_index *index = &t->indexes[i];
        double read = cost->index_read[i], write = cost->index_write[i];

        if (!index->local != !local || read + write <= 0)
            continue;
        if (!any++) {
            ddbi_json_key(b, key, strlen(key));
            ddbi_json_open(b, '{');
        }
        ddbi_json_key(b, index->name.p, index->name.n);
        ddbi_json_open(b, '{');
        write_both(b, cost, read, write);
        ddbi_json_close(b, '}');
    }
    if (any)
        ddbi_json_close(b, '}');
}

static void write_cost(ddbi_ask *a, const ddbi_cost *cost)
{
    double read = cost->read, write = cost->write;
    ddbi_buf *b = a->out;

    for (uint32_t i = 0; i < cost->table->n_indexes; i++) {
        read += cost->index_read[i];
        write += cost->index_write[i];
    }
    ddbi_json_open(b, '{');
    ddbi_json_key(b, "TableName", 9);
    ddbi_json_str(b, cost->name.p, cost->name.n);
    write_both(b, cost, read, write);
    if (a->in->return_capacity.n == 7) { /* INDEXES, not TOTAL */
        ddbi_json_key(b, "Table", 5);
        ddbi_json_open(b, '{');
        write_both(b, cost, cost->read, cost->write);
        ddbi_json_close(b, '}');
        write_indexes(b, cost, 1);
        write_indexes(b, cost, 0);
    }
    ddbi_json_close(b, '}');
}

/* TOTAL or INDEXES; else NONE, or nothing. */
static int is_asked(const ddbi_ask *a)
{
    return a->in->return_capacity.n > 4;
}

void ddbi_cost_write(ddbi_ask *a, const ddbi_cost *cost)
{
    if (!is_asked(a))
        return;
    ddbi_json_key(a->out, "ConsumedCapacity", 16);
    write_cost(a, cost);
}

void ddbi_costs_write(ddbi_ask *a, const ddbi_costs *all)
{
    if (!is_asked(a))
        return;
    ddbi_json_key(a->out, "ConsumedCapacity", 16);
    ddbi_json_open(a->out, '[');
    for (uint32_t i = 0; i < all->n; i++)
        write_cost(a, &all->p[i]);
    ddbi_json_close(a->out, ']');
}
