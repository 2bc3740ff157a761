/* SPDX-License-Identifier: MIT */
/*
 * Text to tree.  An automaton with a stack of its own reads conditions and
 * the operands of updates: what an opening parenthesis begins, a condition or
 * an operand, shows itself only behind it.  Nothing calls itself, so a text
 * of parentheses costs its length in memory and no stack.
 *
 * What is no expression is refused here, what is wrong with one is noted
 * (expr_note.c) or found later (expr_check.c).
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */
#include "local/expr_tree.h"

#include <string.h>

enum { /* of frames */
       FRAME_TOP,
       FRAME_PAREN,
       FRAME_CALL,
       FRAME_IN,
       FRAME_COMPARE, /* the left operand was read */
       FRAME_SIGN,
       FRAME_BETWEEN, /* the first operand was read */
       FRAME_BOUND,   /* the lower bound too */
       FRAME_NOT,
       FRAME_AND,
       FRAME_OR
};

/* ---- Stack and tree ----------------------------------------------------- */

static ddbi_frame *top(ddbi_parser *p)
{
    return &p->frames[p->n_frames - 1];
}

static ddbi_frame *push(ddbi_parser *p, int kind, int op)
{
    ddbi_frame *f;

    if (p->n_frames == p->cap_frames) {
        f = ddbi_arena_alloc(p->scope->arena,
                             2 * p->cap_frames * sizeof *p->frames);
        if (!f)
            return NULL;
        memcpy(f, p->frames, p->n_frames * sizeof *f);
        p->frames = f;
        p->cap_frames *= 2;
    }
    f = &p->frames[p->n_frames++];
    *f = (ddbi_frame){.kind = (unsigned char)kind, .op = op};
    return f;
}

static ddbi_node *add_node(ddbi_parser *p, int kind, int op)
{
    ddbi_node *node;

    if (p->n == p->cap) {
        uint32_t cap = p->cap ? p->cap * 2 : 8;

        node = ddbi_arena_grow(p->scope->arena, p->nodes, p->cap * sizeof *node,
                               cap * sizeof *node);
        if (!node)
            return NULL;
        p->nodes = node;
        p->cap = cap;
    }
    p->last_parens = p->last_sum = 0;
    node = &p->nodes[p->n++];
    *node = (ddbi_node){.kind = (unsigned char)kind, .op = op, .size = 1};
    return node;
}

/* A node behind its n operands. */
static ddb_code reduce(ddbi_parser *p, int kind, int op, uint32_t n)
{
    ddbi_node *node = add_node(p, kind, op);
    uint32_t child = p->n - 1;

    if (!node)
        return DDB_NOMEM;
    node->n = n;
    for (; n > 0; n--) {
        node->size += p->nodes[child - 1].size;
        child -= p->nodes[child - 1].size;
    }
    return DDB_OK;
}

/* ---- Operands ----------------------------------------------------------- */

static ddb_code next(ddbi_parser *p)
{
    ddbi_lex_next(&p->lex);
    return DDB_OK;
}

static ddb_code wrong_token(ddbi_parser *p)
{
    return ddbi_lex_refuse(&p->lex, p->scope);
}

static ddb_code operand_path(ddbi_parser *p)
{
    ddbi_path path;
    ddb_code code = ddbi_parse_path(p, &path);
    ddbi_node *node;

    if (code != DDB_OK)
        return code;
    node = add_node(p, NODE_PATH, 0);
    if (!node)
        return DDB_NOMEM;
    node->u.path = path;
    p->last = DDBI_LAST_OPERAND;
    return DDB_OK;
}

ddb_code ddbi_parse_value(ddbi_parser *p)
{
    ddbi_node *node = add_node(p, NODE_VALUE, 0);

    if (!node)
        return DDB_NOMEM;
    node->u.text = ddbi_lex_text(&p->lex);
    p->last = DDBI_LAST_OPERAND;
    return next(p);
}

/* Is what is read now an operand of a function? */
static int in_call(const ddbi_parser *p)
{
    const ddbi_frame *f = &p->frames[p->n_frames - 1];

    while (f->kind == FRAME_PAREN)
        f--;
    return f->kind == FRAME_CALL;
}

static ddb_code open_call(ddbi_parser *p)
{
    ddb_bytes name = ddbi_lex_text(&p->lex);
    int function = ddbi_function_find(name);
    int nested = in_call(p);
    ddbi_frame *f = push(p, FRAME_CALL, function);

    if (!f)
        return DDB_NOMEM;
    f->at = p->lex.start;
    ddbi_note_function(p, function, name, f->at, nested);
    p->operators += (uint32_t)p->update;
    ddbi_lex_next(&p->lex);
    return next(p);
}

/* Does a condition stand here, or begin here? */
static int is_logical(ddbi_parser *p)
{
    const ddbi_frame *f = top(p);

    switch (f->kind) {
    case FRAME_TOP:
        return !p->update;
    case FRAME_PAREN:
        return f->logical;
    default:
        return f->kind == FRAME_NOT || f->kind == FRAME_AND ||
               f->kind == FRAME_OR;
    }
}

static ddb_code open_paren(ddbi_parser *p)
{
    int logical = is_logical(p);
    int arithmetic = p->update && top(p)->kind == FRAME_TOP;
    ddbi_frame *f = push(p, FRAME_PAREN, 0);

    if (!f)
        return DDB_NOMEM;
    f->logical = logical != 0;
    f->arithmetic = arithmetic != 0;
    return next(p);
}

static ddb_code open_not(ddbi_parser *p)
{
    if (!is_logical(p))
        return wrong_token(p);
    p->operators++;
    return push(p, FRAME_NOT, 0) ? next(p) : DDB_NOMEM;
}

/* Up to the end of a name or value. */
static ddb_code read_operand(ddbi_parser *p)
{
    ddb_code code = DDB_OK;

    while (code == DDB_OK) {
        switch (p->lex.token) {
        case TOKEN_NOT:
            code = open_not(p);
            break;
        case '(':
            code = open_paren(p);
            break;
        case TOKEN_VALUE:
            return ddbi_parse_value(p);
        case TOKEN_WORD:
            if (!ddbi_lex_opens(&p->lex))
                return operand_path(p);
            code = open_call(p);
            break;
        case TOKEN_NAME:
            return operand_path(p);
        default:
            return wrong_token(p);
        }
    }
    return code;
}

/* ---- What comes behind an operand --------------------------------------- */

/* A comparison's last operand was read, perhaps: then it is a condition. */
static ddb_code end_comparison(ddbi_parser *p)
{
    int kind = top(p)->kind;
    ddb_code code;

    if (kind != FRAME_COMPARE && kind != FRAME_BOUND)
        return DDB_OK;
    ddbi_note_call(p, 0);
    if (kind == FRAME_COMPARE)
        code = reduce(p, NODE_COMPARE, top(p)->op, 2);
    else
        code = reduce(p, NODE_BETWEEN, 0, 3);
    p->n_frames--;
    p->last = DDBI_LAST_CONDITION;
    return code;
}

/* What was read must be a condition. */
static ddb_code end_condition(ddbi_parser *p)
{
    ddb_code code = end_comparison(p);

    if (code != DDB_OK)
        return code;
    if (p->last == DDBI_LAST_OPERAND || !is_logical(p))
        return wrong_token(p);
    ddbi_note_call(p, 1);
    p->last = DDBI_LAST_CONDITION;
    return DDB_OK;
}

/* Close AND or OR: its SKIP leads behind it. */
static ddb_code end_join(ddbi_parser *p, int kind)
{
    ddbi_node *node = add_node(p, kind, 0);
    uint32_t skip = top(p)->at, right = p->n - 2;

    if (!node)
        return DDB_NOMEM;
    node->n = 2;
    node->size = 2 + p->nodes[right].size + p->nodes[skip - 1].size;
    p->nodes[skip].n = p->n;
    return DDB_OK;
}

/* Close NOT, AND and OR, as far as they bind closer than an operator of that
 * kind does. */
static ddb_code end_joins(ddbi_parser *p, int kind)
{
    ddb_code code = DDB_OK;

    while (code == DDB_OK && top(p)->kind >= FRAME_NOT &&
           top(p)->kind <= kind) {
        switch (top(p)->kind) {
        case FRAME_NOT:
            code = reduce(p, NODE_NOT, 0, 1);
            break;
        case FRAME_AND:
            code = end_join(p, NODE_AND);
            break;
        default:
            code = end_join(p, NODE_OR);
        }
        p->n_frames--;
    }
    return code;
}

static ddb_code begin_join(ddbi_parser *p, int kind)
{
    ddb_code code = end_condition(p);
    ddbi_frame *f;

    if (code == DDB_OK)
        code = end_joins(p, kind);
    if (code != DDB_OK)
        return code;
    f = push(p, kind, 0);
    if (!f || !add_node(p, NODE_SKIP, p->lex.token))
        return DDB_NOMEM;
    f->at = p->n - 1;
    p->operators++;
    return next(p);
}

/* =, <, BETWEEN and so on behind their first operand. */
static ddb_code begin_comparison(ddbi_parser *p, int kind)
{
    if (p->last == DDBI_LAST_CONDITION || !is_logical(p))
        return wrong_token(p);
    ddbi_note_call(p, 0);
    p->operators++;
    return push(p, kind, p->lex.token) ? next(p) : DDB_NOMEM;
}

static ddb_code begin_in(ddbi_parser *p)
{
    ddb_code code = begin_comparison(p, FRAME_IN);

    if (code != DDB_OK)
        return code;
    return p->lex.token == '(' ? next(p) : wrong_token(p);
}

static ddb_code begin_sign(ddbi_parser *p)
{
    const ddbi_frame *f = top(p);

    if (!p->update || p->last_sum ||
        (f->kind != FRAME_TOP && !(f->kind == FRAME_PAREN && f->arithmetic)))
        return wrong_token(p);
    p->operators++;
    return push(p, FRAME_SIGN, p->lex.token) ? next(p) : DDB_NOMEM;
}

static ddb_code end_sign(ddbi_parser *p)
{
    ddb_code code = DDB_OK;

    if (top(p)->kind != FRAME_SIGN)
        return code;
    code = reduce(p, NODE_SIGN, top(p)->op, 2);
    p->n_frames--;
    p->last = DDBI_LAST_OPERAND;
    p->last_sum = 1;
    return code;
}

static ddb_code close_call(ddbi_parser *p)
{
    ddbi_frame f = *top(p);
    ddb_code code;

    ddbi_note_call(p, 0);
    p->n_frames--;
    if (f.kind == FRAME_IN) {
        p->last = DDBI_LAST_CONDITION;
        return reduce(p, NODE_IN, 0, f.n + 2);
    }
    p->last = DDBI_LAST_CALL;
    p->last_function = f.op;
    p->last_call = f.at;
    code = reduce(p, NODE_CALL, f.op, f.n + 1);
    if (code == DDB_OK && f.op != FUNCTION_NONE)
        p->nodes[p->n - 1].u.text = ddb_str(ddbi_function_name(f.op));
    return code;
}

static ddb_code close_paren(ddbi_parser *p)
{
    ddb_code code = end_sign(p);

    if (code == DDB_OK && top(p)->kind != FRAME_PAREN) {
        code = end_condition(p);
        if (code == DDB_OK)
            code = end_joins(p, FRAME_OR);
    }
    if (code != DDB_OK)
        return code;
    if (top(p)->kind != FRAME_PAREN)
        return wrong_token(p);
    if (p->last_parens)
        return ddbi_expr_refuse(p->scope,
                                "The expression has redundant parentheses;",
                                (ddb_bytes){0});
    p->n_frames--;
    p->last_parens = 1;
    return DDB_OK;
}

static ddb_code close_token(ddbi_parser *p)
{
    int kind = top(p)->kind;
    ddb_code code =
        kind == FRAME_CALL || kind == FRAME_IN ? close_call(p) : close_paren(p);

    return code == DDB_OK ? next(p) : code;
}

static ddb_code read_comma(ddbi_parser *p)
{
    int kind = top(p)->kind;

    if (kind != FRAME_CALL && kind != FRAME_IN)
        return wrong_token(p);
    ddbi_note_call(p, 0);
    top(p)->n++;
    return next(p);
}

/* BETWEEN's own, or a condition's. */
static ddb_code read_and(ddbi_parser *p)
{
    if (top(p)->kind != FRAME_BETWEEN)
        return begin_join(p, FRAME_AND);
    ddbi_note_call(p, 0);
    top(p)->kind = FRAME_BOUND;
    return next(p);
}

/* (a).b is a.b, in conditions alone. */
static ddb_code go_on(ddbi_parser *p)
{
    ddbi_node *node = &p->nodes[p->n - 1];

    if (p->update || node->kind != NODE_PATH || !p->last_parens)
        return wrong_token(p);
    p->last_parens = 0;
    return ddbi_parse_steps(p, &node->u.path);
}

/* The tree ends here. */
static ddb_code end_tree(ddbi_parser *p)
{
    ddb_code code;

    if (p->update) {
        code = end_sign(p);
    } else {
        code = end_condition(p);
        if (code == DDB_OK)
            code = end_joins(p, FRAME_OR);
    }
    if (code == DDB_OK && top(p)->kind != FRAME_TOP)
        code = wrong_token(p);
    p->n_frames--;
    return code;
}

/* May an update's operand end before this token? */
static int ends_operand(const ddbi_parser *p)
{
    if (p->lex.token == TOKEN_END)
        return 1;
    return p->update && p->frames[p->n_frames - 1].kind != FRAME_CALL &&
           (p->lex.token == ',' || p->lex.token >= TOKEN_ADD);
}

/* Behind an operand, up to where the next one has to begin: *more; or to the
 * end. */
static ddb_code read_behind(ddbi_parser *p, int *more)
{
    ddb_code code = DDB_OK;

    *more = 1;
    while (code == DDB_OK) {
        if (ends_operand(p)) {
            *more = 0;
            return end_tree(p);
        }
        switch (p->lex.token) {
        case ')':
            code = close_token(p);
            break;
        case '.':
        case '[':
            code = go_on(p);
            break;
        case ',':
            return read_comma(p);
        case '+':
        case '-':
            return begin_sign(p);
        case TOKEN_AND:
            return read_and(p);
        case TOKEN_OR:
            return begin_join(p, FRAME_OR);
        case TOKEN_BETWEEN:
            return begin_comparison(p, FRAME_BETWEEN);
        case TOKEN_IN:
            return begin_in(p);
        case '=':
        case '<':
        case '>':
        case TOKEN_NE:
        case TOKEN_LE:
        case TOKEN_GE:
            return begin_comparison(p, FRAME_COMPARE);
        default:
            return wrong_token(p);
        }
    }
    return code;
}

/* ---- The whole ---------------------------------------------------------- */

ddb_code ddbi_parse_begin(ddbi_parser *p, ddbi_expr_scope *s, ddb_bytes text,
                          int update)
{
    ddbi_buf *why;

    if (text.n == 0)
        return ddbi_expr_refuse(s, "The expression can not be empty;",
                                (ddb_bytes){0});
    if (text.n > DDBI_MAX_EXPRESSION) {
        why = ddbi_expr_why(s);
        ddbi_buf_add_str(why, "Expression size has exceeded the maximum "
                              "allowed size;");
        if (!update) {
            ddbi_buf_add_str(why, " expression size: ");
            ddbi_buf_add_u64(why, text.n);
        }
        return ddbi_expr_refused(s);
    }
    *p = (ddbi_parser){.scope = s, .update = update};
    p->frames = p->few;
    p->cap_frames = sizeof p->few / sizeof p->few[0];
    ddbi_lex_begin(&p->lex, text);
    return DDB_OK;
}

ddb_code ddbi_parse_tree(ddbi_parser *p)
{
    ddb_code code = push(p, FRAME_TOP, 0) ? DDB_OK : DDB_NOMEM;
    int more = 1;

    while (code == DDB_OK && more) {
        code = read_operand(p);
        if (code == DDB_OK)
            code = read_behind(p, &more);
    }
    return code;
}
