/* SPDX-License-Identifier: MIT */
/*
 * What a well-formed expression is refused for: names and values that are not
 * defined, operands too many or too few, of types that an operator never
 * takes, or the same on both sides.  Operands come before what they are
 * operands of.  And the names and values of a request, of which each must be
 * used.
 */
#include "base/enc.h"
#include "local/expr_tree.h"

#include <stddef.h>
#include <string.h>

/* ---- Messages ----------------------------------------------------------- */

ddbi_buf *ddbi_expr_why(ddbi_expr_scope *s)
{
    ddbi_buf_clear(&s->why);
    return &s->why;
}

ddb_code ddbi_expr_refused(const ddbi_expr_scope *s)
{
    return s->why.failed == DDB_OK ? DDB_INVALID : DDB_NOMEM;
}

ddb_code ddbi_expr_refuse(ddbi_expr_scope *s, const char *what, ddb_bytes which)
{
    ddbi_buf *why = ddbi_expr_why(s);

    ddbi_buf_add_str(why, what);
    ddbi_buf_add(why, which.p, which.n);
    return ddbi_expr_refused(s);
}

/* ---- Names and values --------------------------------------------------- */

ddb_code ddbi_expr_begin(ddbi_expr_scope *s, ddbi_arena *arena,
                         const ddbi_expr_name *names, uint32_t n_names,
                         const ddb_item *values)
{
    uint32_t n_values = values ? values->n : 0;
    size_t n = (size_t)n_names + n_values;

    *s = (ddbi_expr_scope){
        .arena = arena, .n_names = n_names, .names = names, .values = values};
    if (n == 0)
        return DDB_OK;
    s->used_names = ddbi_arena_alloc(arena, n);
    if (!s->used_names)
        return DDB_NOMEM;
    memset(s->used_names, 0, n);
    s->used_values = s->used_names + n_names;
    return DDB_OK;
}

static int compare_names(const void *arg, uint32_t a, uint32_t b)
{
    const ddbi_expr_name *names = arg;

    return ddbi_compare(names[a].placeholder, names[b].placeholder);
}

static ddb_code sort_names(ddbi_expr_scope *s)
{
    if (s->n_names <= DDBI_FEW || s->name_order)
        return DDB_OK;
    s->name_order =
        ddbi_arena_alloc(s->arena, s->n_names * sizeof *s->name_order);
    if (!s->name_order)
        return DDB_NOMEM;
    ddbi_sort(s->name_order, s->n_names, compare_names, s->names);
    return DDB_OK;
}

/* Its number; n_names: there is none. */
static uint32_t find_name(const ddbi_expr_scope *s, ddb_bytes name)
{
    uint32_t low = 0, high = s->n_names;

    if (!s->name_order) {
        while (low < high && ddbi_compare(s->names[low].placeholder, name) != 0)
            low++;
        return low;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t i = s->name_order[middle];
        int order = ddbi_compare(s->names[i].placeholder, name);

        if (order == 0)
            return i;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return s->n_names;
}

static ddb_code resolve_name(ddbi_expr_scope *s, ddbi_step *step)
{
    uint32_t i;

    if (sort_names(s) != DDB_OK)
        return DDB_NOMEM;
    i = find_name(s, step->name);
    if (i == s->n_names)
        return ddbi_expr_refuse(
            s,
            "An expression attribute name used in the document path is not "
            "defined; attribute name: ",
            step->name);
    s->used_names[i] = 1;
    step->name = s->names[i].attribute;
    step->placeholder = 0;
    return DDB_OK;
}

ddb_code ddbi_check_names(ddbi_expr_scope *s, ddbi_path *path)
{
    ddb_code code = DDB_OK;

    for (uint32_t i = 0; i < path->n && code == DDB_OK; i++)
        if (path->steps[i].placeholder)
            code = resolve_name(s, &path->steps[i]);
    return code;
}

ddb_code ddbi_check_path(ddbi_expr_scope *s, ddbi_path *path)
{
    ddb_code code = ddbi_check_names(s, path);
    ddbi_buf *why;

    if (code != DDB_OK || path->n <= DDBI_MAX_NESTING)
        return code;
    why = ddbi_expr_why(s);
    ddbi_buf_add_str(why, "The document path has too many nesting levels; "
                          "nesting levels: ");
    ddbi_buf_add_u64(why, path->n);
    return ddbi_expr_refused(s);
}

static ddb_code resolve_value(ddbi_expr_scope *s, ddbi_node *node)
{
    ddb_bytes name = node->u.text;
    const ddb_value *v =
        s->values ? ddbi_item_find(s->values, name.p, name.n) : NULL;
    const ddbi_attribute *at;

    if (!v)
        return ddbi_expr_refuse(s,
                                "An expression attribute value used in "
                                "expression is not defined; attribute value: ",
                                name);
    at = (const void *)((const char *)v - offsetof(ddbi_attribute, value));
    s->used_values[at - s->values->attributes] = 1;
    node->u.value = v;
    return DDB_OK;
}

static void add_unused(ddbi_buf *why, const char *of, ddb_bytes key)
{
    if (why->n > 0) {
        ddbi_buf_add_str(why, ", ");
    } else {
        ddbi_buf_add_str(why, "Value provided in ExpressionAttribute");
        ddbi_buf_add_str(why, of);
        ddbi_buf_add_str(why, " unused in expressions: keys: {");
    }
    ddbi_buf_add(why, key.p, key.n);
}

ddb_code ddbi_expr_end(ddbi_expr_scope *s)
{
    ddbi_buf *why = ddbi_expr_why(s);
    uint32_t n_values = s->values ? s->values->n : 0;

    for (uint32_t i = 0; i < s->n_names; i++)
        if (!s->used_names[i])
            add_unused(why, "Names", s->names[i].placeholder);
    if (why->n > 0)
        n_values = 0; /* names alone are told */
    for (uint32_t i = 0; i < n_values; i++)
        if (!s->used_values[i])
            add_unused(why, "Values", s->values->attributes[i].name);
    if (why->n == 0 && why->failed == DDB_OK)
        return DDB_OK;
    ddbi_buf_add_c(why, '}');
    return ddbi_expr_refused(s);
}

/* ---- Operands ----------------------------------------------------------- */

const ddbi_node *ddbi_operand(const ddbi_node *node, uint32_t i)
{
    const ddbi_node *child = node - 1;

    for (uint32_t j = node->n - 1; j > i; j--)
        child -= child->size;
    return child;
}

/* What is known without an item; 0: nothing. */
static ddb_type static_type(const ddbi_node *node)
{
    if (node->kind == NODE_VALUE)
        return node->u.value->type;
    return node->kind == NODE_CALL && node->op == FUNCTION_SIZE ? DDB_N
                                                                : (ddb_type)0;
}

static const char *operator_name(const ddbi_node *node)
{
    switch (node->kind) {
    case NODE_BETWEEN:
        return "BETWEEN";
    case NODE_IN:
        return "IN";
    default:
        return node->op == TOKEN_NE   ? "<>"
               : node->op == TOKEN_LE ? "<="
               : node->op == TOKEN_GE ? ">="
               : node->op == '='      ? "="
               : node->op == '<'      ? "<"
               : node->op == '>'      ? ">"
               : node->op == '+'      ? "+"
                                      : "-";
    }
}

static ddb_bytes name_of(const ddbi_node *node)
{
    return node->kind == NODE_CALL ? node->u.text
                                   : ddb_str(operator_name(node));
}

static ddb_code wrong_type(ddbi_expr_scope *s, const ddbi_node *node,
                           const char *type)
{
    ddbi_buf *why = ddbi_expr_why(s);
    ddb_bytes name = name_of(node);

    ddbi_buf_add_str(why, "Incorrect operand type for operator or function; "
                          "operator or function: ");
    ddbi_buf_add(why, name.p, name.n);
    ddbi_buf_add_str(why, ", operand type: ");
    ddbi_buf_add_str(why, type);
    return ddbi_expr_refused(s);
}

#define IS(type) (1u << (type))
#define SCALARS (IS(DDB_S) | IS(DDB_N) | IS(DDB_B))

/* All operands are of some of these types, as far as one knows. */
static ddb_code check_types(ddbi_expr_scope *s, const ddbi_node *node,
                            unsigned types)
{
    for (uint32_t i = 0; i < node->n; i++) {
        ddb_type type = static_type(ddbi_operand(node, i));

        if (type && !(types & IS(type)))
            return wrong_type(s, node, ddbi_type_name(type));
    }
    return DDB_OK;
}

/* No later operand is the path that the first one is. */
static ddb_code check_distinct(ddbi_expr_scope *s, const ddbi_node *node)
{
    const ddbi_node *first = ddbi_operand(node, 0);
    const ddbi_node *other = node - 1;
    ddb_bytes name;
    ddbi_buf *why;

    if (first->kind != NODE_PATH)
        return DDB_OK;
    while (other > first && (other->kind != NODE_PATH ||
                             ddbi_path_compare(&first->u.path, &other->u.path)))
        other -= other->size;
    if (other <= first)
        return DDB_OK;
    name = name_of(node);
    why = ddbi_expr_why(s);
    ddbi_buf_add_str(why, "The first operand must be distinct from the "
                          "remaining operands for this operator or function; "
                          "operator: ");
    ddbi_buf_add(why, name.p, name.n);
    ddbi_buf_add_str(why, ", first operand: ");
    ddbi_path_show(why, &first->u.path);
    return ddbi_expr_refused(s);
}

/* ---- Operators ---------------------------------------------------------- */

static ddb_code check_compare(ddbi_expr_scope *s, const ddbi_node *node)
{
    ddb_code code = check_distinct(s, node);

    if (code != DDB_OK || node->op == '=' || node->op == TOKEN_NE)
        return code;
    return check_types(s, node, SCALARS);
}

static void show_bound(ddbi_buf *b, const char *which, const ddb_value *v)
{
    ddbi_buf_add_str(b, which);
    ddbi_buf_add_str(b, " bound operand: AttributeValue: {");
    ddbi_buf_add_str(b, ddbi_type_name(v->type));
    ddbi_buf_add_c(b, ':');
    if (v->type == DDB_B) {
        ddbi_buf_add_str(b, "java.nio.HeapByteBuffer[pos=0 lim=");
        ddbi_buf_add_u64(b, v->u.bytes.n);
        ddbi_buf_add_str(b, " cap=");
        ddbi_buf_add_u64(b, v->u.bytes.n);
        ddbi_buf_add_c(b, ']');
    } else {
        ddbi_buf_add(b, v->u.bytes.p, v->u.bytes.n);
    }
    ddbi_buf_add_c(b, '}');
}

static ddb_code check_bounds(ddbi_expr_scope *s, const ddb_value *lower,
                             const ddb_value *upper)
{
    const char *rule;
    ddbi_buf *why;

    if (lower->type != upper->type)
        rule = "same data type for lower and upper bounds; ";
    else if (ddbi_scalar_compare(lower, upper) > 0)
        rule = "upper bound to be greater than or equal to lower bound; ";
    else
        return DDB_OK;
    why = ddbi_expr_why(s);
    ddbi_buf_add_str(why, "The BETWEEN operator requires ");
    ddbi_buf_add_str(why, rule);
    show_bound(why, "lower", lower);
    ddbi_buf_add_str(why, ", ");
    show_bound(why, "upper", upper);
    return ddbi_expr_refused(s);
}

static ddb_code check_between(ddbi_expr_scope *s, const ddbi_node *node)
{
    const ddbi_node *lower = ddbi_operand(node, 1), *upper = node - 1;
    ddb_code code = check_distinct(s, node);

    if (code == DDB_OK)
        code = check_types(s, node, SCALARS);
    if (code == DDB_OK && lower->kind == NODE_VALUE &&
        upper->kind == NODE_VALUE)
        code = check_bounds(s, lower->u.value, upper->u.value);
    return code;
}

static ddb_code check_in(ddbi_expr_scope *s, const ddbi_node *node)
{
    ddbi_buf *why;

    if (node->n - 1 <= DDBI_MAX_IN)
        return check_distinct(s, node);
    why = ddbi_expr_why(s);
    ddbi_buf_add_str(why, "The IN operator is provided with too many operands; "
                          "number of operands: ");
    ddbi_buf_add_u64(why, node->n - 1);
    return ddbi_expr_refused(s);
}

/* ---- Functions ---------------------------------------------------------- */

static ddb_code check_count(ddbi_expr_scope *s, const ddbi_node *node)
{
    int one = node->op == FUNCTION_EXISTS || node->op == FUNCTION_NOT_EXISTS ||
              node->op == FUNCTION_SIZE;
    ddbi_buf *why;

    if (node->n == (one ? 1 : 2))
        return DDB_OK;
    why = ddbi_expr_why(s);
    ddbi_buf_add_str(why, "Incorrect number of operands for operator or "
                          "function; operator or function: ");
    ddbi_buf_add(why, node->u.text.p, node->u.text.n);
    ddbi_buf_add_str(why, ", number of operands: ");
    ddbi_buf_add_u64(why, node->n);
    return ddbi_expr_refused(s);
}

/* attribute_type's second operand. */
static ddb_code check_type_name(ddbi_expr_scope *s, const ddbi_node *node)
{
    const ddbi_node *second = node - 1;
    ddb_type type = static_type(second);
    ddbi_buf *why;

    if (type != DDB_S)
        return wrong_type(s, node,
                          type ? ddbi_type_name(type)
                               : "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}");
    for (type = DDB_S; type <= DDB_BS; type++)
        if (ddbi_compare(second->u.value->u.bytes,
                         ddb_str(ddbi_type_name(type))) == 0)
            return DDB_OK;
    why = ddbi_expr_why(s);
    ddbi_buf_add_str(why, "Invalid attribute type name found; type: ");
    ddbi_buf_add(why, second->u.value->u.bytes.p, second->u.value->u.bytes.n);
    ddbi_buf_add_str(why, ", valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}");
    return ddbi_expr_refused(s);
}

static ddb_code check_function(ddbi_expr_scope *s, const ddbi_node *node)
{
    switch (node->op) {
    case FUNCTION_TYPE:
        return check_type_name(s, node);
    case FUNCTION_BEGINS_WITH:
        return check_types(s, node, IS(DDB_S) | IS(DDB_B));
    case FUNCTION_SIZE:
        return check_types(s, node, ~(IS(DDB_N) | IS(DDB_BOOL) | IS(DDB_NULL)));
    case FUNCTION_LIST_APPEND:
        return check_types(s, node, IS(DDB_L));
    default:
        return DDB_OK;
    }
}

static int needs_path(int function)
{
    return function == FUNCTION_EXISTS || function == FUNCTION_NOT_EXISTS ||
           function == FUNCTION_IF_NOT_EXISTS;
}

static ddb_code check_call(ddbi_expr_scope *s, const ddbi_node *node)
{
    ddb_code code = check_count(s, node);

    if (code == DDB_OK && node->op != FUNCTION_LIST_APPEND)
        code = check_distinct(s, node);
    if (code == DDB_OK && needs_path(node->op) &&
        ddbi_operand(node, 0)->kind != NODE_PATH)
        code = ddbi_expr_refuse(s,
                                "Operator or function requires a document "
                                "path; operator or function: ",
                                node->u.text);
    return code == DDB_OK ? check_function(s, node) : code;
}

ddb_code ddbi_check_tree(ddbi_expr_scope *s, ddbi_node *nodes, uint32_t from,
                         uint32_t to)
{
    ddb_code code = DDB_OK;

    for (uint32_t i = from; i < to && code == DDB_OK; i++) {
        ddbi_node *node = &nodes[i];

        switch (node->kind) {
        case NODE_VALUE:
            code = resolve_value(s, node);
            break;
        case NODE_PATH:
            code = ddbi_check_path(s, &node->u.path);
            break;
        case NODE_CALL:
            code = check_call(s, node);
            break;
        case NODE_SIGN:
            code = check_types(s, node, IS(DDB_N));
            break;
        case NODE_COMPARE:
            code = check_compare(s, node);
            break;
        case NODE_BETWEEN:
            code = check_between(s, node);
            break;
        case NODE_IN:
            code = check_in(s, node);
            break;
        default:
            break;
        }
    }
    return code;
}
