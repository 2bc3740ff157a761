/* SPDX-License-Identifier: MIT */
/*
 * Key conditions: one or two conditions on key attributes, joined by AND.
 * The service reads them as any condition, and then looks whether there is
 * one for each key.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
 */
#include "local/expr_tree.h"

#include <string.h>

typedef struct {
    ddbi_expr_scope *scope;
    ddbi_key_condition *out;
    ddbi_roots attributes; /* that have their condition */
    int whole;             /* the refusal is a whole message */
} reading;

static ddb_code refuse(reading *r, const char *what, const char *which)
{
    r->whole = 1;
    return ddbi_expr_refuse(r->scope, what, ddb_str(which));
}

/* What the service tells with "Invalid KeyConditionExpression: ". */
static ddb_code refuse_early(reading *r, const char *what)
{
    return ddbi_expr_refuse(r->scope, what, (ddb_bytes){0});
}

static ddb_code refuse_operator(reading *r, const ddbi_node *node)
{
    static const char what[] = "Invalid operator used in "
                               "KeyConditionExpression: ";

    r->whole = 1;
    switch (node->kind) {
    case NODE_OR:
        return refuse(r, what, "OR");
    case NODE_NOT:
        return refuse(r, what, "NOT");
    case NODE_IN:
        return refuse(r, what, "IN");
    case NODE_CALL:
        return ddbi_expr_refuse(r->scope, what, node->u.text);
    default:
        return refuse(r, what, "<>");
    }
}

static int is_allowed(const ddbi_node *node)
{
    switch (node->kind) {
    case NODE_OR:
    case NODE_NOT:
    case NODE_IN:
        return 0;
    case NODE_CALL:
        return node->op == FUNCTION_BEGINS_WITH;
    default:
        return node->op != TOKEN_NE;
    }
}

/* With the attribute on the left. */
static ddbi_key_operator operator_of(const ddbi_node *node, int turned)
{
    if (node->kind == NODE_CALL)
        return DDBI_KEY_BEGINS_WITH;
    if (node->kind == NODE_BETWEEN)
        return DDBI_KEY_BETWEEN;
    switch (node->op) {
    case '<':
        return turned ? DDBI_KEY_GT : DDBI_KEY_LT;
    case '>':
        return turned ? DDBI_KEY_LT : DDBI_KEY_GT;
    case TOKEN_LE:
        return turned ? DDBI_KEY_GE : DDBI_KEY_LE;
    case TOKEN_GE:
        return turned ? DDBI_KEY_LE : DDBI_KEY_GE;
    default:
        return DDBI_KEY_EQ;
    }
}

static ddb_code refuse_first(reading *r, const ddbi_node *node)
{
    ddbi_buf *why = ddbi_expr_why(r->scope);

    r->whole = 1;
    ddbi_buf_add_str(why, "Invalid condition in KeyConditionExpression: ");
    ddbi_buf_add_str(why,
                     node->kind == NODE_BETWEEN ? "BETWEEN" : "begins_with");
    ddbi_buf_add_str(why, " operator must have the key attribute as its first "
                          "operand");
    return ddbi_expr_refused(r->scope);
}

/* Which operand is the attribute: *at; n: none. */
static ddb_code find_attribute(reading *r, const ddbi_node *node, uint32_t *at)
{
    uint32_t n = node->n;

    *at = n;
    for (uint32_t i = 0; i < n; i++) {
        const ddbi_node *v = ddbi_operand(node, i);

        if (v->kind == NODE_CALL)
            return refuse(r,
                          "KeyConditionExpressions cannot contain nested "
                          "operations",
                          "");
        if (v->kind != NODE_PATH)
            continue;
        if (*at < n)
            return refuse(r,
                          "Invalid condition in KeyConditionExpression: "
                          "Multiple attribute names used in one condition",
                          "");
        if (v->u.path.n > 1)
            return refuse_early(r, "KeyConditionExpressions cannot have "
                                   "conditions on nested attributes");
        *at = i;
    }
    if (*at == n)
        return refuse(r,
                      "Invalid condition in KeyConditionExpression: No key "
                      "attribute specified",
                      "");
    return DDB_OK;
}

static ddb_code read_condition(reading *r, const ddbi_node *node)
{
    const ddbi_node *attribute;
    ddbi_key_part part = {0};
    uint32_t at;
    ddb_code code;

    if (!is_allowed(node))
        return refuse_operator(r, node);
    if (node->kind != NODE_COMPARE && ddbi_operand(node, 0)->kind != NODE_PATH)
        return refuse_first(r, node);
    code = find_attribute(r, node, &at);
    if (code != DDB_OK)
        return code;
    attribute = ddbi_operand(node, at);
    part.attribute = attribute->u.path.steps[0].name;
    part.op = operator_of(node, at != 0);
    part.value = ddbi_operand(node, at == 0)->u.value;
    part.upper = node->n > 2 ? node[-1].u.value : NULL;
    code = ddbi_roots_add(r->scope->arena, &r->attributes, &attribute->u.path);
    if (code != DDB_OK)
        return code;
    r->out->total++;
    if (r->attributes.n < (uint32_t)r->out->total)
        return refuse_early(r, "KeyConditionExpressions must only contain one "
                               "condition per key");
    if (r->out->n < 2)
        r->out->part[r->out->n++] = part;
    return DDB_OK;
}

/* From left to right, a node before its own two. */
static ddb_code read_conditions(reading *r, const ddbi_node *nodes, uint32_t n)
{
    uint32_t *left = ddbi_arena_alloc(r->scope->arena,
                                      (DDBI_MAX_OPERATORS + 1) * sizeof *left);
    uint32_t depth = 0;
    ddb_code code = DDB_OK;

    if (!left)
        return DDB_NOMEM;
    left[depth++] = n - 1;
    while (depth > 0 && code == DDB_OK) {
        uint32_t i = left[--depth];

        if (nodes[i].kind == NODE_AND) {
            left[depth++] = i - 1;
            left[depth++] = i - 2 - nodes[i - 1].size;
        } else {
            code = read_condition(r, &nodes[i]);
        }
    }
    return code;
}

ddb_code ddbi_key_condition_parse(ddbi_expr_scope *s, ddb_bytes text,
                                  ddbi_key_condition *out, int *whole)
{
    ddbi_parser p;
    ddb_code code = ddbi_condition_read(s, text, &p);
    reading r = {.scope = s, .out = out};

    *out = (ddbi_key_condition){0};
    *whole = 0;
    if (code != DDB_OK)
        return code;
    code = read_conditions(&r, p.nodes, p.n);
    *whole = code == DDB_INVALID && r.whole;
    return code;
}
