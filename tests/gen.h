/* SPDX-License-Identifier: MIT */
/* Random items: a tree of jansson's, which the suites hold what we make of it
 * against. */
#ifndef GEN_H
#define GEN_H

#include "rng.h"

#include <ddb/ddb.h>

#include <jansson.h>

/* An item as DynamoDB JSON with up to most attributes, its numbers written as
 * we write them.  Free with json_decref(). */
json_t *gen_tree(rng *r, unsigned most);
/* The same item by our setters; *it must be empty. */
void gen_fill(ddb_item *it, json_t *tree);
/* Both. */
ddb_item *gen_item(rng *r, unsigned most);

#endif
