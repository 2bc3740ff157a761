/* SPDX-License-Identifier: MIT */
/*
 * Items of a table: keys checked, places made, rows of the table and of all
 * its indexes written together, and what it all costs.  Used by every action
 * that reads or writes items.
 */
#ifndef DDBI_LOCAL_ITEM_H
#define DDBI_LOCAL_ITEM_H

#include "local/expr.h"
#include "local/local_key.h"
#include "local/local_table.h"

/* ---- Keys (local_item.c) ------------------------------------------------ */

/* A Key: exactly the table's key attributes, of their types, neither empty
 * nor too long ("The provided key element does not match the schema"). */
ddb_code ddbi_check_key(ddbi_ask *a, const ddbi_table *t, const ddb_item *key);
/* The key attributes of a whole item, and of what it is in each index
 * ("One or more parameter values were invalid: Missing the key ..."). */
ddb_code ddbi_check_keys_of(ddbi_ask *a, const ddbi_table *t,
                            const ddb_item *it);
/* Where an item stands in the table, or in an index (tie: the table's key);
 * in an index it may be that it does not: *out is empty.  In the arena. */
ddb_code ddbi_item_place(ddbi_ask *a, const ddbi_table *t,
                         const ddbi_index *index, const ddb_item *it,
                         ddb_bytes *out);
/* The partition key's bytes, for ddbi_use. */
ddb_code ddbi_item_partition(ddbi_ask *a, const ddbi_index *index,
                             const ddb_item *it, ddb_bytes *out);

/* ---- Reading and writing one (local_write.c) ---------------------------- */

typedef struct {
    ddb_bytes place;
    ddb_bytes body; /* its JSON, copied into the arena; p NULL: no item */
    ddb_item *item; /* parsed, when asked for; NULL: no item */
    int64_t size;
} ddbi_stored;

ddb_code ddbi_read_stored(ddbi_ask *a, const ddbi_table *t, const ddb_item *key,
                          int parse, ddbi_stored *out);
/* Put new (NULL: delete) where old is; old was read with parse.  All indexes
 * and the expiry follow.  Capacity is added to *cost. */
struct ddbi_cost;
ddb_code ddbi_write_stored(ddbi_ask *a, const ddbi_table *t,
                           const ddbi_stored *old, ddb_item *new_item,
                           struct ddbi_cost *cost);
/* Rows of an index, for an item: what it projects of it.  NULL: no memory. */
ddb_item *ddbi_projected_item(ddbi_ask *a, const ddbi_table *t,
                              const ddbi_index *index, const ddb_item *it);
/* Fill an index that is new with all items of the table; or, with a ttl_id,
 * the expiry. */
ddb_code ddbi_fill_index(ddbi_ask *a, const ddbi_table *t,
                         const ddbi_index *index);
ddb_code ddbi_fill_expiry(ddbi_ask *a, const ddbi_table *t);
/* Remove what has expired of all tables, at most max items. */
ddb_code ddbi_expire(ddbi_ask *a, int max, int *more);

/* ---- What it costs (local_cost.c) --------------------------------------- */

/* Units of one table by where they were used; index i of the table's. */
typedef struct ddbi_cost {
    const ddbi_table *table;
    double read, write;               /* of the table itself */
    double *index_read, *index_write; /* n_indexes each; NULL: none */
} ddbi_cost;

ddb_code ddbi_cost_begin(ddbi_ask *a, const ddbi_table *t, ddbi_cost *out);
/* 4 KB a unit, half of it when not consistent; 1 KB a unit of writing. */
double ddbi_read_units(int64_t bytes, int consistent);
double ddbi_write_units(int64_t bytes);
/* May it be used?  Refuses as the service throttles: with
 * ProvisionedThroughputExceededException or, on demand, ThrottlingException,
 * and ThrottlingReasons.  batch: *throttled instead, and nothing is refused;
 * NULL: no batch. */
ddb_code ddbi_cost_admit(ddbi_ask *a, const ddbi_cost *cost,
                         ddb_bytes partition, int *throttled);
/* "ConsumedCapacity":{...} as ReturnConsumedCapacity asks, if it does; in an
 * array of all tables for batches and transactions. */
void ddbi_cost_write(ddbi_ask *a, const ddbi_cost *cost);
void ddbi_cost_write_all(ddbi_ask *a, const ddbi_cost *costs, size_t n);

/* ---- Expressions of one operation (local_op.c) -------------------------- */

/* All expressions of a request, parsed by one scope; NULL, or n 0: not there. */
typedef struct {
    ddbi_expr_scope scope;
    ddbi_condition *condition;
    ddbi_update *update;
    ddbi_projection *projection;
    ddbi_condition *filter;
    ddbi_key_condition key;
} ddbi_op;

/* Which parameters go together, names and values, and then all expressions in
 * the service's order; refuses. */
ddb_code ddbi_op_check(ddbi_ask *a, const ddbi_op_in *in, ddbi_op **out);
/* ConditionalCheckFailedException, with the item when it is asked for. */
ddb_code ddbi_op_condition(ddbi_ask *a, const ddbi_op_in *in, const ddbi_op *op,
                           const ddbi_stored *old);

#endif
