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
/* One attribute of it; v NULL: it is not there. */
ddb_code ddbi_check_key_value(ddbi_ask *a, const ddb_value *v,
                              const ddbi_key_attribute *k, int sort);
/* The key attributes of a whole item, and of what it is in each index
 * ("One or more parameter values were invalid: Missing the key ..."). */
ddb_code ddbi_check_keys_of(ddbi_ask *a, const ddbi_table *t,
                            const ddb_item *it);
/* The same of an item in a batch, whose key attributes are judged as a Key's. */
ddb_code ddbi_check_batch_keys_of(ddbi_ask *a, const ddbi_table *t,
                                  const ddb_item *it);
/* The part of it about the types of index keys. */
ddb_code ddbi_check_index_types(ddbi_ask *a, const ddbi_table *t,
                                const ddb_item *it);
/* What an update has made of the attributes that key indexes. */
ddb_code ddbi_check_updated(ddbi_ask *a, const ddbi_table *t,
                            const ddb_item *old, const ddb_item *it);
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
/* The same of an item whose place is there already. */
ddb_code ddbi_read_place(ddbi_ask *a, int parse, ddbi_stored *out);
/* Does a write of this table need what was there parsed? */
int ddbi_write_parses(const ddbi_table *t);

/* A write that is ready: what it costs is known and nothing has happened. */
typedef struct ddbi_write ddbi_write;
struct ddbi_cost;
/* Put new (NULL: delete) where old is, which was read with parse if the table
 * wants it so.  Capacity is added to *cost. */
ddb_code ddbi_write_ready(ddbi_ask *a, const ddbi_table *t,
                          const ddbi_stored *old, const ddb_item *new_item,
                          struct ddbi_cost *cost, ddbi_write **out);
/* Do it: the item's row and those of all indexes and the expiry. */
ddb_code ddbi_write_do(ddbi_ask *a, const ddbi_write *w);
/* Has an index, or the table itself, this attribute of its items? */
int ddbi_is_projected(const ddbi_table *t, const ddbi_index *index,
                      ddb_bytes name);
/* What an index has of an item.  NULL: no memory. */
const ddb_item *ddbi_projected_item(ddbi_ask *a, const ddbi_table *t,
                                    const ddbi_index *index,
                                    const ddb_item *it);
/* A row of the table's expiry: where those of a time begin, and where an
 * item's is (n 0: it does not expire). */
void ddbi_expiry_time(ddbi_buf *b, const ddbi_table *t, int64_t seconds);
ddb_code ddbi_expiry_place(ddbi_ask *a, const ddbi_table *t, const ddb_item *it,
                           ddb_bytes item_place, ddb_bytes *out);

/* ---- Of many (local_fill.c) --------------------------------------------- */

/* Fill an index that is new with all items of the table; or, with a ttl_id,
 * the expiry. */
ddb_code ddbi_fill_index(ddbi_ask *a, const ddbi_table *t,
                         const ddbi_index *index);
ddb_code ddbi_fill_expiry(ddbi_ask *a, const ddbi_table *t);
/* Remove what has expired of all tables, at most max items. */
ddb_code ddbi_expire(ddbi_ask *a, int max, int *more);

/* ---- Item collections (local_metrics.c) --------------------------------- */

/* Has it local indexes?  Only then there are item collections. */
int ddbi_has_collections(const ddbi_table *t);
/* The metrics of an item's collection: an object, appended to the answer. */
ddb_code ddbi_metrics_write(ddbi_ask *a, const ddbi_table *t,
                            const ddb_item *key);

/* ---- What it costs (local_cost.c) --------------------------------------- */

/* Why something was throttled; reason NULL: it was not. */
typedef struct {
    const char *reason;
    const ddbi_table *table;
    const ddbi_index *index; /* NULL: the table itself */
} ddbi_throttle;

/* Units of one table by where they were used; index i of the table's. */
typedef struct ddbi_cost {
    const ddbi_table *table;
    ddb_bytes name;     /* as the request has it: a name or an ARN */
    int transaction;    /* read and write units are told apart */
    double read, write; /* of the table itself */
    double *index_read, *index_write; /* n_indexes each; NULL: none */
    ddb_bytes *index_partition;       /* of what was written; n 0: as the
                                         table's */
} ddbi_cost;

ddb_code ddbi_cost_begin(ddbi_ask *a, const ddbi_table *t, ddb_bytes name,
                         ddbi_cost *out);
/* Twice as much, as in transactions. */
void ddbi_cost_double(ddbi_cost *cost);
/* 4 KB a unit, half of it when not consistent; 1 KB a unit of writing.  One
 * unit at least. */
double ddbi_read_units(int64_t bytes, int consistent);
double ddbi_write_units(int64_t bytes);
/* May it be used?  Refuses as the service throttles: with
 * ProvisionedThroughputExceededException or, on demand, ThrottlingException,
 * and ThrottlingReasons.  throttled: that is told there instead and nothing
 * is refused, as in batches; NULL: no batch. */
ddb_code ddbi_cost_admit(ddbi_ask *a, const ddbi_cost *cost,
                         ddb_bytes partition, ddbi_throttle *throttled);
/* Refuse for that. */
ddb_code ddbi_cost_refuse(ddbi_ask *a, const ddbi_throttle *why);
/* "ConsumedCapacity":{...} as ReturnConsumedCapacity asks, if it does. */
void ddbi_cost_write(ddbi_ask *a, const ddbi_cost *cost);

/* What a batch or a transaction costs, by table. */
typedef struct {
    uint32_t n, cap;
    ddbi_cost *p;
} ddbi_costs;

/* Add what one operation costs. */
ddb_code ddbi_costs_add(ddbi_ask *a, ddbi_costs *all, const ddbi_cost *one);
/* "ConsumedCapacity":[...] */
void ddbi_costs_write(ddbi_ask *a, const ddbi_costs *all);

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

/* Parameters that we have not: refuses, and says so. */
ddb_code ddbi_op_legacy(ddbi_ask *a);
/* Names and values come only with expressions.  any: there is one; without:
 * of those that can have values none is there ("FilterExpression is null"),
 * NULL: one is, or there are none such. */
ddb_code ddbi_op_together(ddbi_ask *a, const ddbi_op_in *in, int any,
                          const char *without);
/* After each function of expr.h: DDB_INVALID becomes a refusal ("Invalid
 * FilterExpression: ...", name NULL: the message alone), memory is told. */
ddb_code ddbi_op_judge(ddbi_ask *a, ddbi_op *op, ddb_code code,
                       const char *name);
/* Names and values themselves, then each expression in the service's order,
 * and that all names and values were used. */
ddb_code ddbi_op_check(ddbi_ask *a, const ddbi_op_in *in, ddbi_op **out);
/* ConditionalCheckFailedException, with the item when it is asked for. */
ddb_code ddbi_op_condition(ddbi_ask *a, const ddbi_op_in *in, const ddbi_op *op,
                           const ddbi_stored *old);
/* Key attributes, of the table or an index, are scalars: none of these may go
 * into one (local_scalar.c).  NULL is fine. */
ddb_code ddbi_scalars_condition(ddbi_ask *a, const ddbi_table *t,
                                const ddbi_condition *c);
ddb_code ddbi_scalars_projection(ddbi_ask *a, const ddbi_table *t,
                                 const ddbi_projection *p);
ddb_code ddbi_scalars_update(ddbi_ask *a, const ddbi_table *t,
                             const ddbi_update *u);
/* The message of the refusal there is, and no refusal any more: to be said
 * another way.  p NULL: no memory. */
ddb_bytes ddbi_op_message(ddbi_ask *a);

#endif
