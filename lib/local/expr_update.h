/* SPDX-License-Identifier: MIT */
/* An update expression, as expr_update.c reads it and expr_apply.c does it. */
#ifndef DDBI_EXPR_UPDATE_H
#define DDBI_EXPR_UPDATE_H

#include "local/expr_tree.h"

enum { /* the order of their tokens */
       DDBI_ACT_ADD,
       DDBI_ACT_DELETE,
       DDBI_ACT_REMOVE,
       DDBI_ACT_SET
};

typedef struct {
    int kind;
    uint32_t section; /* of the text, counted from 0 */
    ddbi_path path;
    uint32_t from, to; /* nodes: what SET sets, ADD and DELETE take */
} ddbi_action;

struct ddbi_update {
    uint32_t n; /* actions, in the order of the text */
    ddbi_action *actions;
    uint32_t sections;
    ddbi_node *nodes;
    ddbi_path *paths;      /* of the actions */
    const uint32_t *order; /* sorted, of paths and actions */
    ddbi_roots changes, reads;
};

#endif
