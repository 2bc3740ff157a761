/* SPDX-License-Identifier: MIT */
/*
 * Expressions: condition, filter, key condition, projection and update.
 * Text to tree (expr_lex.c, expr_parse.c), tree and item to a result
 * (expr_eval.c, expr_update.c).  Pure: no engine, no I/O; memory from an
 * arena.  Time and stack are bounded by the text's 4 KB and by the depth and
 * the number of operators, whatever the text.
 *
 * What is wrong is told in the service's own words, without the beginning
 * "Invalid FilterExpression: ", in scope->why.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
 */
#ifndef DDBI_EXPR_H
#define DDBI_EXPR_H

#include "base/buf.h"
#include "wire/value.h"

typedef struct {
    ddb_bytes placeholder; /* "#k" */
    ddb_bytes attribute;
} ddbi_expr_name;

/* The names and values that the expressions of one request share. */
typedef struct {
    ddbi_arena *arena;
    uint32_t n_names;
    const ddbi_expr_name *names;
    const ddb_item *values;    /* checked and normalised; NULL: none */
    unsigned char *used_names; /* in the arena */
    unsigned char *used_values;
    uint32_t *name_order; /* of many names, sorted when one is looked up */
    ddbi_buf why;         /* of DDB_INVALID: message; the owner frees it */
} ddbi_expr_scope;

/* Every function: DDB_OK, DDB_INVALID with scope->why, DDB_NOMEM. */

/* Set up; the keys' syntax and the values themselves are checked already by
 * the caller. */
ddb_code ddbi_expr_begin(ddbi_expr_scope *s, ddbi_arena *arena,
                         const ddbi_expr_name *names, uint32_t n_names,
                         const ddb_item *values);
/* After the last expression: all names and values were used ("Value provided
 * in ExpressionAttributeNames unused in expressions: keys: {#a}"). */
ddb_code ddbi_expr_end(ddbi_expr_scope *s);

/* ---- Condition and filter expressions ----------------------------------- */

typedef struct ddbi_condition ddbi_condition;

ddb_code ddbi_condition_parse(ddbi_expr_scope *s, ddb_bytes text,
                              ddbi_condition **out);
/* Is it true of the item (NULL: there is none)?  1, 0; -1: no memory. */
int ddbi_condition_holds(const ddbi_condition *c, const ddb_item *it,
                         ddbi_arena *arena);
/* Attributes of the first level that it reads, each once: the i-th, n 0: no
 * more.  *nested (may be NULL): some path goes into it ("a.b", "a[0]"), which
 * none may do with a key attribute. */
ddb_bytes ddbi_condition_attribute(const ddbi_condition *c, uint32_t i,
                                   int *nested);

/* ---- Key condition expressions ------------------------------------------ */

typedef enum {
    DDBI_KEY_EQ,
    DDBI_KEY_LT,
    DDBI_KEY_LE,
    DDBI_KEY_GT,
    DDBI_KEY_GE,
    DDBI_KEY_BETWEEN,
    DDBI_KEY_BEGINS_WITH
} ddbi_key_operator;

typedef struct {
    ddb_bytes attribute;
    ddbi_key_operator op;
    const ddb_value *value;
    const ddb_value *upper; /* of BETWEEN */
} ddbi_key_part;

typedef struct {
    int n; /* 1 or 2, in the order of the text */
    ddbi_key_part part[2];
    int total; /* what the text has: the caller's to refuse when it is more
                  than the key has attributes */
} ddbi_key_condition;

/* Refuses what no key condition can be (OR, NOT, IN, <>, functions, nested
 * paths, two conditions on one attribute), with the service's whole
 * message where it has no "Invalid KeyConditionExpression: " before it: then
 * *whole is set, all names and values in the text count as used, and the
 * service tells it only after the other expressions' faults and unused names
 * and values. */
ddb_code ddbi_key_condition_parse(ddbi_expr_scope *s, ddb_bytes text,
                                  ddbi_key_condition *out, int *whole);

/* ---- Projection expressions --------------------------------------------- */

typedef struct ddbi_projection ddbi_projection;

ddb_code ddbi_projection_parse(ddbi_expr_scope *s, ddb_bytes text,
                               ddbi_projection **out);
/* What it leaves of an item: a new item in the arena, which shares its values
 * with the first; list elements close up.  NULL: no memory. */
ddb_item *ddbi_projection_apply(const ddbi_projection *p, const ddb_item *it,
                                ddbi_arena *arena);
ddb_bytes ddbi_projection_attribute(const ddbi_projection *p, uint32_t i,
                                    int *nested);

/* ---- Update expressions ------------------------------------------------- */

typedef struct ddbi_update ddbi_update;

ddb_code ddbi_update_parse(ddbi_expr_scope *s, ddb_bytes text,
                           ddbi_update **out);
/* What becomes of an item: a copy of old (which for an item that is not there
 * has its key attributes alone), changed.  All operands read old, and what is
 * not changed is shared with it.  Size, levels and key types of the result are
 * the caller's to check.  DDB_INVALID: types, missing operands, invalid paths,
 * number overflow. */
ddb_code ddbi_update_apply(ddbi_expr_scope *s, const ddbi_update *u,
                           const ddb_item *old, ddb_item **out);
/* Does it only remove?  Of an item that is not there it then makes nothing,
 * and nobody looks where its paths lead. */
int ddbi_update_only_removes(const ddbi_update *u);
/* The parts of an item that it touches (UPDATED_OLD of the old one,
 * UPDATED_NEW of the new one).  NULL: no memory. */
ddb_item *ddbi_update_touched(const ddbi_update *u, const ddb_item *it,
                              ddbi_arena *arena);
/* Attributes of the first level that it changes: key attributes among them
 * are the caller's to refuse. */
ddb_bytes ddbi_update_attribute(const ddbi_update *u, uint32_t i, int *nested);
/* And those that its operands read. */
ddb_bytes ddbi_update_operand(const ddbi_update *u, uint32_t i, int *nested);
/* The type that the text alone gives to that attribute itself (SET a = :v,
 * a = b + :v, list_append; the operand of ADD and DELETE).  0: none, as only
 * the item can tell, or it is removed, or the path goes into it. */
ddb_type ddbi_update_type(const ddbi_update *u, uint32_t i);

#endif
