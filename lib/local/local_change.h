/* SPDX-License-Identifier: MIT */
/*
 * A change of one item: PutItem, UpdateItem, DeleteItem, or one action of a
 * transaction.  Its steps, in the service's order; each refuses in the words
 * of an operation of its own.
 */
#ifndef DDBI_LOCAL_CHANGE_H
#define DDBI_LOCAL_CHANGE_H

#include "local/local_item.h"

typedef struct {
    ddbi_tx_kind kind;
    const ddbi_op_in *in;
    ddbi_op *op;
    const ddb_item *key; /* Key, or Item */
    const ddbi_table *t;
    ddbi_stored old;
    int failed;           /* its condition did */
    const ddb_item *item; /* what it is going to be; NULL: none */
    ddbi_cost cost;
    ddbi_write *write;
} ddbi_change;

/* What can be said without looking at data: values, sizes, expressions. */
ddb_code ddbi_change_check(ddbi_ask *a, ddbi_tx_kind kind, const ddbi_op_in *in,
                           ddbi_change *out);
/* Of the table: keys, and which attributes an update may touch. */
ddb_code ddbi_change_keys(ddbi_ask *a, ddbi_change *c, const ddbi_table *t);
/* Of the item: its condition, and what becomes of it. */
ddb_code ddbi_change_apply(ddbi_ask *a, ddbi_change *c);
/* What it costs; nothing is asked and nothing done. */
ddb_code ddbi_change_ready(ddbi_ask *a, ddbi_change *c);

/* Append a stored item to the answer, or what the projection leaves of it
 * (local_get.c). */
ddb_code ddbi_get_write(ddbi_ask *a, const ddbi_op *op,
                        const ddbi_stored *stored);

#endif
