/* SPDX-License-Identifier: MIT */
/*
 * Update expressions, read and checked: expr_apply.c does what they say.
 *
 * The service looks at an update's faults section by section, at its paths
 * from the first to the last, and at its operands from the last action to the
 * first.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
 */
#include "local/expr_update.h"

#include "base/enc.h"

typedef struct {
    ddbi_parser p;
    ddbi_update *u;
    uint32_t cap; /* actions that there is room for */
    int order[4]; /* sections, as they come first */
    int n_order;
    int twice[4]; /* a section is there again */
} reading;

/* ---- Reading ------------------------------------------------------------ */

static ddb_code add_action(reading *r, ddbi_action **out)
{
    ddbi_update *u = r->u;

    if (u->n == r->cap) {
        uint32_t cap = r->cap ? r->cap * 2 : 4;
        ddbi_action *actions =
            ddbi_arena_grow(r->p.scope->arena, u->actions,
                            r->cap * sizeof *actions, cap * sizeof *actions);

        if (!actions)
            return DDB_NOMEM;
        u->actions = actions;
        r->cap = cap;
    }
    *out = &u->actions[u->n++];
    **out = (ddbi_action){.kind = r->p.section, .section = u->sections};
    return DDB_OK;
}

/* ADD and DELETE take a value behind the path. */
static ddb_code read_value(reading *r)
{
    if (r->p.lex.token != TOKEN_VALUE)
        return ddbi_lex_refuse(&r->p.lex, r->p.scope);
    return ddbi_parse_value(&r->p);
}

static ddb_code read_sum(reading *r)
{
    if (r->p.lex.token != '=')
        return ddbi_lex_refuse(&r->p.lex, r->p.scope);
    ddbi_lex_next(&r->p.lex);
    return ddbi_parse_tree(&r->p);
}

static ddb_code read_action(reading *r)
{
    ddbi_action *a;
    ddb_code code = add_action(r, &a);

    if (code != DDB_OK)
        return code;
    code = ddbi_parse_path(&r->p, &a->path);
    a->from = r->p.n;
    if (code == DDB_OK && a->kind == DDBI_ACT_SET)
        code = read_sum(r);
    else if (code == DDB_OK && a->kind != DDBI_ACT_REMOVE)
        code = read_value(r);
    a->to = r->p.n;
    return code;
}

static void note_section(reading *r, int section)
{
    for (int i = 0; i < r->n_order; i++) {
        if (r->order[i] == section) {
            r->twice[section] = 1;
            return;
        }
    }
    r->order[r->n_order++] = section;
}

static ddb_code read_section(reading *r)
{
    ddb_code code = DDB_OK;

    if (r->p.lex.token < TOKEN_ADD)
        return ddbi_lex_refuse(&r->p.lex, r->p.scope);
    r->p.section = r->p.lex.token - TOKEN_ADD;
    note_section(r, r->p.section);
    do {
        ddbi_lex_next(&r->p.lex);
        code = read_action(r);
    } while (code == DDB_OK && r->p.lex.token == ',');
    r->u->sections++;
    return code;
}

static ddb_code read_sections(reading *r)
{
    ddb_code code;

    do
        code = read_section(r);
    while (code == DDB_OK && r->p.lex.token != TOKEN_END);
    return code;
}

/* ---- Checking ----------------------------------------------------------- */

static const char *const kinds[] = {"ADD", "DELETE", "REMOVE", "SET"};

static ddb_code check_sections(reading *r)
{
    ddb_code code = DDB_OK;

    for (int i = 0; i < r->n_order && code == DDB_OK; i++) {
        int section = r->order[i];

        code = ddbi_parse_fault(&r->p, section);
        if (code == DDB_OK && r->twice[section]) {
            ddbi_buf *why = ddbi_expr_why(r->p.scope);

            ddbi_buf_add_str(why, "The \"");
            ddbi_buf_add_str(why, kinds[section]);
            ddbi_buf_add_str(why, "\" section can only be used once in an "
                                  "update expression;");
            code = ddbi_expr_refused(r->p.scope);
        }
    }
    return code;
}

static ddb_code check_paths(reading *r)
{
    ddbi_update *u = r->u;
    ddb_code code = DDB_OK;

    u->paths = ddbi_arena_alloc(r->p.scope->arena, u->n * sizeof *u->paths);
    if (!u->paths)
        return DDB_NOMEM;
    for (uint32_t i = 0; i < u->n && code == DDB_OK; i++) {
        code = ddbi_check_names(r->p.scope, &u->actions[i].path);
        u->paths[i] = u->actions[i].path;
    }
    return code == DDB_OK ? ddbi_paths_apart(r->p.scope, u->paths, u->n) : code;
}

static ddb_code check_operand_names(reading *r)
{
    ddb_code code = DDB_OK;

    for (uint32_t i = r->u->n; i-- > 0;) {
        const ddbi_action *a = &r->u->actions[i];

        for (uint32_t j = a->from; j < a->to && code == DDB_OK; j++)
            if (r->p.nodes[j].kind == NODE_PATH)
                code = ddbi_check_names(r->p.scope, &r->p.nodes[j].u.path);
        if (code != DDB_OK)
            break;
    }
    return code;
}

/* What ADD and DELETE take. */
static ddb_code check_type(reading *r, const ddbi_action *a)
{
    static const char *const names[] = {
        [DDB_S] = "STRING",      [DDB_N] = "NUMBER",
        [DDB_B] = "BINARY",      [DDB_BOOL] = "BOOLEAN",
        [DDB_NULL] = "NULL",     [DDB_M] = "MAP",
        [DDB_L] = "LIST",        [DDB_SS] = "STRING_SET",
        [DDB_NS] = "NUMBER_SET", [DDB_BS] = "BINARY_SET"};
    ddbi_buf *why;
    ddb_type type;

    if (a->kind != DDBI_ACT_ADD && a->kind != DDBI_ACT_DELETE)
        return DDB_OK;
    type = r->p.nodes[a->from].u.value->type;
    if (type == DDB_SS || type == DDB_NS || type == DDB_BS ||
        (type == DDB_N && a->kind == DDBI_ACT_ADD))
        return DDB_OK;
    why = ddbi_expr_why(r->p.scope);
    ddbi_buf_add_str(why, "Incorrect operand type for operator or function; "
                          "operator: ");
    ddbi_buf_add_str(why, kinds[a->kind]);
    ddbi_buf_add_str(why, ", operand type: ");
    ddbi_buf_add_str(why, names[type]);
    ddbi_buf_add_str(why, ", typeSet: ALLOWED_FOR_");
    ddbi_buf_add_str(why, kinds[a->kind]);
    ddbi_buf_add_str(why, "_OPERAND");
    return ddbi_expr_refused(r->p.scope);
}

static ddb_code check_operands(reading *r)
{
    ddb_code code = DDB_OK;

    for (uint32_t i = r->u->n; i-- > 0 && code == DDB_OK;) {
        ddbi_action *a = &r->u->actions[i];

        code = ddbi_check_path(r->p.scope, &a->path);
        if (code == DDB_OK)
            code = ddbi_check_tree(r->p.scope, r->p.nodes, a->from, a->to);
        if (code == DDB_OK)
            code = check_type(r, a);
    }
    return code;
}

/* ---- The whole ---------------------------------------------------------- */

static ddb_code finish(reading *r)
{
    ddbi_arena *arena = r->p.scope->arena;
    ddbi_update *u = r->u;
    ddb_code code = DDB_OK;

    u->nodes = r->p.nodes;
    u->order = ddbi_paths_sort(arena, u->paths, u->n);
    if (!u->order)
        return DDB_NOMEM;
    for (uint32_t i = 0; i < u->n && code == DDB_OK; i++)
        code = ddbi_roots_add(arena, &u->changes, &u->paths[i]);
    for (uint32_t i = 0; i < r->p.n && code == DDB_OK; i++)
        if (u->nodes[i].kind == NODE_PATH)
            code = ddbi_roots_add(arena, &u->reads, &u->nodes[i].u.path);
    return code;
}

ddb_code ddbi_update_parse(ddbi_expr_scope *s, ddb_bytes text,
                           ddbi_update **out)
{
    reading r = {.u = ddbi_arena_alloc(s->arena, sizeof *r.u)};
    ddb_code code;

    *out = NULL;
    if (!r.u)
        return DDB_NOMEM;
    *r.u = (ddbi_update){0};
    code = ddbi_parse_begin(&r.p, s, text, 1);
    if (code == DDB_OK)
        code = read_sections(&r);
    if (code == DDB_OK)
        code = ddbi_parse_operators(&r.p);
    if (code == DDB_OK)
        code = check_sections(&r);
    if (code == DDB_OK)
        code = check_paths(&r);
    if (code == DDB_OK)
        code = check_operand_names(&r);
    if (code == DDB_OK)
        code = check_operands(&r);
    if (code == DDB_OK)
        code = finish(&r);
    if (code == DDB_OK)
        *out = r.u;
    return code;
}

int ddbi_update_only_removes(const ddbi_update *u)
{
    uint32_t i = 0;

    while (i < u->n && (u->actions[i].kind == DDBI_ACT_REMOVE ||
                        u->actions[i].kind == DDBI_ACT_DELETE))
        i++;
    return i == u->n;
}

ddb_item *ddbi_update_touched(const ddbi_update *u, const ddb_item *it,
                              ddbi_arena *arena)
{
    return ddbi_paths_pick(u->paths, u->order, u->n, it, arena);
}

ddb_bytes ddbi_update_attribute(const ddbi_update *u, uint32_t i, int *nested)
{
    return ddbi_roots_at(&u->changes, i, nested);
}

/* What a node is, whatever the item; 0: only an item can tell. */
static ddb_type type_of(const ddbi_node *node)
{
    while (node->kind == NODE_CALL && node->op == FUNCTION_IF_NOT_EXISTS)
        node--; /* to its second operand */
    if (node->kind == NODE_VALUE)
        return node->u.value->type;
    if (node->kind == NODE_SIGN)
        return DDB_N;
    return node->kind == NODE_CALL ? DDB_L : (ddb_type)0;
}

ddb_type ddbi_update_type(const ddbi_update *u, uint32_t i)
{
    ddb_bytes name = ddbi_roots_at(&u->changes, i, NULL);

    for (uint32_t j = 0; j < u->n; j++) {
        const ddbi_action *a = &u->actions[j];

        if (a->path.n == 1 && a->to > a->from &&
            ddbi_equal(a->path.steps[0].name, name))
            return type_of(&u->nodes[a->to - 1]);
    }
    return (ddb_type)0;
}

ddb_bytes ddbi_update_operand(const ddbi_update *u, uint32_t i, int *nested)
{
    return ddbi_roots_at(&u->reads, i, nested);
}
