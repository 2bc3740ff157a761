/* SPDX-License-Identifier: MIT */
/*
 * Conditions and filters: is one true of an item?  Operands are put on a
 * small stack, of which IN takes the most; conditions leave their answer
 * aside, and a SKIP goes past what cannot change it.
 *
 * Values of different types are neither equal nor in any order, and neither
 * is one that is not there: all comparisons with it are false but <>.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */
#include "base/enc.h"
#include "base/find.h"
#include "local/expr_tree.h"
#include "wire/number.h"

#include <string.h>

/* Every operand of an IN, and what it asks for. */
#define MAX_OPERANDS (DDBI_MAX_IN + 1)

static int is_ordered(const ddb_value *a, const ddb_value *b)
{
    return a && b && a->type == b->type &&
           (a->type == DDB_S || a->type == DDB_N || a->type == DDB_B);
}

static int equal(const ddb_value *a, const ddb_value *b)
{
    return a && b && ddb_value_equal(a, b);
}

/* ---- Operators ---------------------------------------------------------- */

static int compare(int op, const ddb_value *a, const ddb_value *b)
{
    int order;

    if (op == '=')
        return equal(a, b);
    if (op == TOKEN_NE)
        return !equal(a, b);
    if (!is_ordered(a, b))
        return 0;
    order = ddbi_scalar_compare(a, b);
    switch (op) {
    case '<':
        return order < 0;
    case '>':
        return order > 0;
    case TOKEN_LE:
        return order <= 0;
    default:
        return order >= 0;
    }
}

static int is_in(const ddb_value *const *v, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        if (equal(v[0], v[i]))
            return 1;
    return 0;
}

/* ---- Functions ---------------------------------------------------------- */

static int begins_with(const ddb_value *v, const ddb_value *prefix)
{
    if (!v || !prefix || v->type != prefix->type ||
        (v->type != DDB_S && v->type != DDB_B))
        return 0;
    return v->u.bytes.n >= prefix->u.bytes.n &&
           memcmp(v->u.bytes.p, prefix->u.bytes.p, prefix->u.bytes.n) == 0;
}

static int has_element(const ddb_value *elements, uint32_t n,
                       const ddb_value *v)
{
    for (uint32_t i = 0; i < n; i++)
        if (elements[i].type == v->type && ddb_value_equal(&elements[i], v))
            return 1;
    return 0;
}

static int contains(const ddb_value *v, const ddb_value *part)
{
    if (!v || !part)
        return 0;
    switch (v->type) {
    case DDB_S:
    case DDB_B:
        return part->type == v->type &&
               ddbi_has_part(v->u.bytes, part->u.bytes);
    case DDB_SS:
    case DDB_NS:
    case DDB_BS:
        return has_element(v->u.elements, v->n, part);
    case DDB_L:
        return has_element(v->u.list->elements, v->u.list->n, part);
    default:
        return 0;
    }
}

/* In units of UTF-16, as the service counts. */
static size_t text_length(ddb_bytes text)
{
    const unsigned char *p = text.p;
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++)
        n += (p[i] & 0xc0u) != 0x80 ? 1u + (p[i] >= 0xf0) : 0;
    return n;
}

static int has_size(const ddb_value *v)
{
    return v && v->type != DDB_N && v->type != DDB_BOOL && v->type != DDB_NULL;
}

/* NULL in *out: it has no size. */
static ddb_code make_size(const ddb_value *v, ddbi_arena *arena,
                          const ddb_value **out)
{
    char digits[DDBI_NUMBER_TEXT];
    ddb_value *number;
    size_t n;
    char *text;

    *out = NULL;
    if (!has_size(v))
        return DDB_OK;
    if (v->type == DDB_S)
        n = text_length(v->u.bytes);
    else
        n = v->type == DDB_B ? v->u.bytes.n : ddb_value_count(v);
    n = ddbi_i64_format((int64_t)n, digits);
    number = ddbi_arena_alloc(arena, sizeof *number);
    text = ddbi_arena_dup(arena, digits, n);
    if (!number || !text)
        return DDB_NOMEM;
    *number = (ddb_value){.type = DDB_N, .u.bytes = {text, n}};
    *out = number;
    return DDB_OK;
}

static int is_type(const ddb_value *v, const ddb_value *name)
{
    const char *type = v ? ddbi_type_name(v->type) : "";

    return strlen(type) == name->u.bytes.n &&
           memcmp(type, name->u.bytes.p, name->u.bytes.n) == 0;
}

static int call(int function, const ddb_value *const *v)
{
    switch (function) {
    case FUNCTION_EXISTS:
        return v[0] != NULL;
    case FUNCTION_NOT_EXISTS:
        return v[0] == NULL;
    case FUNCTION_TYPE:
        return v[0] && is_type(v[0], v[1]);
    case FUNCTION_BEGINS_WITH:
        return begins_with(v[0], v[1]);
    default:
        return contains(v[0], v[1]);
    }
}

/* ---- Conditions --------------------------------------------------------- */

int ddbi_condition_holds(const ddbi_condition *c, const ddb_item *it,
                         ddbi_arena *arena)
{
    const ddb_value *stack[MAX_OPERANDS];
    uint32_t n = 0;
    int holds = 0;

    for (uint32_t i = 0; i < c->n; i++) {
        const ddbi_node *node = &c->nodes[i];
        const ddb_value *const *v;

        if (node->kind == NODE_VALUE) {
            stack[n++] = node->u.value;
            continue;
        }
        if (node->kind == NODE_PATH) {
            stack[n++] = ddbi_path_find(&node->u.path, it);
            continue;
        }
        if (node->kind == NODE_SKIP) {
            if (holds == (node->op == TOKEN_OR))
                i = node->n - 1;
            continue;
        }
        if (node->kind == NODE_NOT) {
            holds = !holds;
            continue;
        }
        if (node->kind == NODE_AND || node->kind == NODE_OR)
            continue;
        n -= node->n;
        v = &stack[n];
        if (node->kind == NODE_COMPARE)
            holds = compare(node->op, v[0], v[1]);
        else if (node->kind == NODE_BETWEEN)
            holds =
                compare(TOKEN_GE, v[0], v[1]) && compare(TOKEN_LE, v[0], v[2]);
        else if (node->kind == NODE_IN)
            holds = is_in(v, node->n);
        else if (node->op != FUNCTION_SIZE)
            holds = call(node->op, v);
        else if (make_size(v[0], arena, &stack[n++]) != DDB_OK)
            return -1;
    }
    return holds;
}

ddb_code ddbi_condition_read(ddbi_expr_scope *s, ddb_bytes text, ddbi_parser *p)
{
    ddb_code code = ddbi_parse_begin(p, s, text, 0);

    if (code == DDB_OK)
        code = ddbi_parse_tree(p);
    if (code == DDB_OK)
        code = ddbi_parse_operators(p);
    if (code == DDB_OK)
        code = ddbi_parse_fault(p, 0);
    if (code == DDB_OK)
        code = ddbi_check_tree(s, p->nodes, 0, p->n);
    return code;
}

ddb_code ddbi_condition_parse(ddbi_expr_scope *s, ddb_bytes text,
                              ddbi_condition **out)
{
    ddbi_condition *c;
    ddbi_parser p;
    ddb_code code = ddbi_condition_read(s, text, &p);

    *out = NULL;
    if (code != DDB_OK)
        return code;
    c = ddbi_arena_alloc(s->arena, sizeof *c);
    if (!c)
        return DDB_NOMEM;
    *c = (ddbi_condition){.n = p.n, .nodes = p.nodes};
    for (uint32_t i = 0; i < p.n && code == DDB_OK; i++)
        if (p.nodes[i].kind == NODE_PATH)
            code = ddbi_roots_add(s->arena, &c->roots, &p.nodes[i].u.path);
    if (code == DDB_OK)
        *out = c;
    return code;
}

ddb_bytes ddbi_condition_attribute(const ddbi_condition *c, uint32_t i,
                                   int *nested)
{
    return ddbi_roots_at(&c->roots, i, nested);
}
