/* SPDX-License-Identifier: MIT */
/*
 * TableDescription: what CreateTable, DescribeTable, UpdateTable and
 * DeleteTable answer.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
 *
 * The service counts items and bytes every six hours or so; here they are
 * counted when they are asked for.
 */
#include "local/local_table.h"

#include "base/enc.h"
#include "local/local_key.h"
#include "wire/json_write.h"

#include <stdio.h>
#include <string.h>

static void text_member(ddbi_buf *b, const char *name, ddb_bytes text)
{
    ddbi_json_key(b, name, strlen(name));
    ddbi_json_str(b, text.p, text.n);
}

static void str_member(ddbi_buf *b, const char *name, const char *text)
{
    text_member(b, name, ddb_str(text));
}

static void i64_member(ddbi_buf *b, const char *name, int64_t v)
{
    ddbi_json_key(b, name, strlen(name));
    ddbi_json_i64(b, v);
}

/* Seconds with three decimals; of 0 nothing. */
static void time_member(ddbi_buf *b, const char *name, int64_t ms)
{
    char text[40];
    int n;

    if (!ms)
        return;
    n = snprintf(text, sizeof text, "%lld.%03d", (long long)(ms / 1000),
                 (int)(ms % 1000));
    ddbi_json_key(b, name, strlen(name));
    ddbi_json_raw(b, text, (size_t)n);
}

static void arn_member(ddbi_ask *a, const char *name, ddb_bytes table,
                       ddb_bytes index)
{
    ddbi_buf arn = {0};

    ddbi_table_arn(a, &arn, table, index);
    if (arn.failed)
        ddbi_buf_fail(a->out, arn.failed);
    else
        text_member(a->out, name, (ddb_bytes){arn.p, arn.n});
    ddbi_buf_free(&arn);
}

/* ---- Keys --------------------------------------------------------------- */

static void key_element(ddbi_buf *b, ddb_bytes name, const char *type)
{
    ddbi_json_open(b, '{');
    text_member(b, "AttributeName", name);
    str_member(b, "KeyType", type);
    ddbi_json_close(b, '}');
}

static void key_schema(ddbi_buf *b, const ddbi_index *x)
{
    ddbi_json_key(b, "KeySchema", 9);
    ddbi_json_open(b, '[');
    key_element(b, x->pk.name, "HASH");
    if (x->sk.name.n)
        key_element(b, x->sk.name, "RANGE");
    ddbi_json_close(b, ']');
}

/* The first key attribute by name that is above `last`; NULL: none. */
static const ddbi_key_attribute *next_attribute(const ddbi_table *t,
                                                const ddb_bytes *last)
{
    const ddbi_key_attribute *best = NULL;

    for (uint32_t i = 0; i <= t->n_indexes; i++) {
        const ddbi_index *x = i ? &t->indexes[i - 1] : &t->self;
        const ddbi_key_attribute *keys[] = {&x->pk, &x->sk};

        for (int k = 0; k < 2; k++)
            if (keys[k]->name.n &&
                (!last || ddbi_compare(keys[k]->name, *last) > 0) &&
                (!best || ddbi_compare(keys[k]->name, best->name) < 0))
                best = keys[k];
    }
    return best;
}

/* As the service has them: each once, sorted, those alone that are in use. */
static void definitions(ddbi_buf *b, const ddbi_table *t)
{
    const ddbi_key_attribute *k = NULL;

    ddbi_json_key(b, "AttributeDefinitions", 20);
    ddbi_json_open(b, '[');
    while ((k = next_attribute(t, k ? &k->name : NULL)) != NULL) {
        ddbi_json_open(b, '{');
        text_member(b, "AttributeName", k->name);
        str_member(b, "AttributeType",
                   k->type == DDB_S   ? "S"
                   : k->type == DDB_N ? "N"
                                      : "B");
        ddbi_json_close(b, '}');
    }
    ddbi_json_close(b, ']');
}

/* ---- Throughput and size ------------------------------------------------ */

static void throughput(ddbi_ask *a, const ddbi_index *x)
{
    ddbi_buf *b = a->out;
    int today = x->decreased_ms / DDBI_DAY_MS == a->now / DDBI_DAY_MS;

    ddbi_json_key(b, "ProvisionedThroughput", 21);
    ddbi_json_open(b, '{');
    time_member(b, "LastDecreaseDateTime", x->decreased_ms);
    time_member(b, "LastIncreaseDateTime", x->increased_ms);
    i64_member(b, "NumberOfDecreasesToday", today ? x->decreases : 0);
    i64_member(b, "ReadCapacityUnits", x->rcu);
    i64_member(b, "WriteCapacityUnits", x->wcu);
    ddbi_json_close(b, '}');
}

/* Not told of what is being created with its table, or deleted. */
static void warm(ddbi_ask *a, const ddbi_table *t, const ddbi_index *x)
{
    ddbi_index now = *x;
    ddbi_buf *b = a->out;

    if (t->status && strcmp(t->status, DDBI_UPDATING) != 0)
        return;
    ddbi_index_warm(&now, t->on_demand);
    ddbi_json_key(b, "WarmThroughput", 14);
    ddbi_json_open(b, '{');
    i64_member(b, "ReadUnitsPerSecond", now.warm_read);
    str_member(b, "Status",
               x->status && strcmp(x->status, DDBI_CREATING) == 0 ? "UPDATING"
                                                                  : "ACTIVE");
    i64_member(b, "WriteUnitsPerSecond", now.warm_write);
    ddbi_json_close(b, '}');
}

static ddb_code sizes(ddbi_ask *a, const ddbi_index *x, const char *bytes_name)
{
    ddbi_buf from = {0}, to = {0};
    int64_t rows = 0, bytes = 0;
    ddb_code code;

    ddbi_place_hash(&from, x->id, 0);
    ddbi_place_hash(&to, x->id, (uint64_t)1 << 32);
    if (from.failed || to.failed)
        code = ddbi_ask_nomem(a);
    else
        code =
            ddbi_store_measure(a->store, (ddb_bytes){from.p, from.n},
                               (ddb_bytes){to.p, to.n}, &rows, &bytes, a->err);
    i64_member(a->out, "ItemCount", rows);
    i64_member(a->out, bytes_name, bytes);
    ddbi_buf_free(&from);
    ddbi_buf_free(&to);
    return code;
}

/* ---- Indexes ------------------------------------------------------------ */

static void projection(ddbi_buf *b, const ddbi_index *x)
{
    static const char *const names[] = {"ALL", "KEYS_ONLY", "INCLUDE"};

    ddbi_json_key(b, "Projection", 10);
    ddbi_json_open(b, '{');
    str_member(b, "ProjectionType", names[x->projected]);
    if (x->projected == DDBI_INCLUDE) {
        ddbi_json_key(b, "NonKeyAttributes", 16);
        ddbi_json_open(b, '[');
        for (uint32_t i = 0; i < x->n_included; i++)
            ddbi_json_str(b, x->included[i].p, x->included[i].n);
        ddbi_json_close(b, ']');
    }
    ddbi_json_close(b, '}');
}

/* Only an index that was added to a table has it, and only at first. */
static void backfilling(ddbi_buf *b, const ddbi_table *t, const ddbi_index *x)
{
    if (!x->status || strcmp(x->status, DDBI_CREATING) != 0 || !t->status ||
        strcmp(t->status, DDBI_UPDATING) != 0)
        return;
    ddbi_json_key(b, "Backfilling", 11);
    ddbi_json_bool(b, 0);
}

static ddb_code index_description(ddbi_ask *a, const ddbi_table *t,
                                  const ddbi_index *x)
{
    ddbi_buf *b = a->out;
    ddb_code code;

    ddbi_json_open(b, '{');
    text_member(b, "IndexName", x->name);
    arn_member(a, "IndexArn", t->name, x->name);
    key_schema(b, x);
    projection(b, x);
    if (!x->local) {
        str_member(b, "IndexStatus", x->status ? x->status : "ACTIVE");
        backfilling(b, t, x);
        throughput(a, x);
        warm(a, t, x);
    }
    code = sizes(a, x, "IndexSizeBytes");
    ddbi_json_close(b, '}');
    return code;
}

static ddb_code indexes(ddbi_ask *a, const ddbi_table *t, int local,
                        const char *name)
{
    ddb_code code = DDB_OK;
    int any = 0;

    for (uint32_t i = 0; code == DDB_OK && i < t->n_indexes; i++) {
        if (t->indexes[i].local != local)
            continue;
        if (!any++) {
            ddbi_json_key(a->out, name, strlen(name));
            ddbi_json_open(a->out, '[');
        }
        code = index_description(a, t, &t->indexes[i]);
    }
    if (any)
        ddbi_json_close(a->out, ']');
    return code;
}

/* ---- The table ---------------------------------------------------------- */

/* A table that was never on demand has neither. */
static void modes(ddbi_buf *b, const ddbi_table *t)
{
    static const char *const names[][2] = {
        {"BillingModeSummary", "BillingMode"},
        {"TableThroughputModeSummary", "TableThroughputMode"},
    };

    if (!t->on_demand_ms)
        return;
    for (int i = 0; i < 2; i++) {
        ddbi_json_key(b, names[i][0], strlen(names[i][0]));
        ddbi_json_open(b, '{');
        str_member(b, names[i][1],
                   t->on_demand ? "PAY_PER_REQUEST" : "PROVISIONED");
        if (!t->status || strcmp(t->status, DDBI_CREATING) != 0)
            time_member(b, "LastUpdateToPayPerRequestDateTime",
                        t->on_demand_ms);
        ddbi_json_close(b, '}');
    }
}

static void table_class(ddbi_buf *b, const ddbi_table *t)
{
    if (!t->table_class.n)
        return;
    ddbi_json_key(b, "TableClassSummary", 17);
    ddbi_json_open(b, '{');
    text_member(b, "TableClass", t->table_class);
    time_member(b, "LastUpdateDateTime", t->class_ms);
    ddbi_json_close(b, '}');
}

ddb_code ddbi_table_describe(ddbi_ask *a, const char *member,
                             const ddbi_table *t)
{
    const char *status = t->status ? t->status : "ACTIVE";
    int brief = strcmp(status, DDBI_DELETING) == 0;
    ddbi_buf *b = a->out;
    ddb_code code;

    ddbi_json_open(b, '{');
    ddbi_json_key(b, member, strlen(member));
    ddbi_json_open(b, '{');
    if (!brief) {
        definitions(b, t);
        key_schema(b, &t->self);
        time_member(b, "CreationDateTime", t->created_ms);
    }
    text_member(b, "TableName", t->name);
    str_member(b, "TableStatus", status);
    arn_member(a, "TableArn", t->name, (ddb_bytes){0});
    str_member(b, "TableId", t->uuid);
    throughput(a, &t->self);
    warm(a, t, &t->self);
    modes(b, t);
    table_class(b, t);
    ddbi_json_key(b, "DeletionProtectionEnabled", 25);
    ddbi_json_bool(b, t->protected);
    code = sizes(a, &t->self, "TableSizeBytes");
    if (!brief && code == DDB_OK)
        code = indexes(a, t, 1, "LocalSecondaryIndexes");
    if (!brief && code == DDB_OK)
        code = indexes(a, t, 0, "GlobalSecondaryIndexes");
    ddbi_json_close(b, '}');
    ddbi_json_close(b, '}');
    return code == DDB_OK && b->failed ? ddbi_ask_nomem(a) : code;
}
