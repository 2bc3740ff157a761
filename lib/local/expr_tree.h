/* SPDX-License-Identifier: MIT */
/*
 * The inside of expressions: tokens, paths, and trees written in postfix
 * order, each node behind its operands.  So nothing that reads a tree calls
 * itself, however deep the parentheses of a text are.
 */
#ifndef DDBI_EXPR_TREE_H
#define DDBI_EXPR_TREE_H

#include "local/expr.h"

/* Operators or functions of one expression; operands of one IN. */
#define DDBI_MAX_OPERATORS 300
#define DDBI_MAX_IN 100

/* ---- Tokens (expr_lex.c) ------------------------------------------------ */

typedef enum { /* or a character of ( ) [ ] , . + - = < > */
               TOKEN_END = 256,
               TOKEN_BAD,   /* a character that no token begins with */
               TOKEN_WORD,  /* a name as it is, or a function's */
               TOKEN_NAME,  /* #name */
               TOKEN_VALUE, /* :value */
               TOKEN_INDEX, /* digits */
               TOKEN_NE,
               TOKEN_LE,
               TOKEN_GE,
               TOKEN_AND,
               TOKEN_BETWEEN,
               TOKEN_IN,
               TOKEN_NOT,
               TOKEN_OR,
               TOKEN_ADD, /* these four in order: sections of an update */
               TOKEN_DELETE,
               TOKEN_REMOVE,
               TOKEN_SET
} ddbi_token_kind;

typedef struct {
    const char *text;
    uint32_t n;
    int token;           /* the kind of the one in hand */
    uint32_t start, end; /* where it is in the text */
    uint32_t before;     /* where the one before it begins */
} ddbi_lexer;

void ddbi_lex_begin(ddbi_lexer *l, ddb_bytes text);
void ddbi_lex_next(ddbi_lexer *l);
/* The token's text. */
ddb_bytes ddbi_lex_text(const ddbi_lexer *l);
/* Is the next one an opening parenthesis? */
int ddbi_lex_opens(const ddbi_lexer *l);
/* "Syntax error; token: ..., near: ..." of the token in hand. */
ddb_code ddbi_lex_refuse(const ddbi_lexer *l, ddbi_expr_scope *s);

/* ---- Words (expr_words.c) ----------------------------------------------- */

int ddbi_expr_is_reserved(ddb_bytes name);

/* ---- Paths (expr_path.c) ------------------------------------------------ */

typedef struct {
    ddb_bytes name;  /* p NULL: an index */
    uint32_t index;  /* of a list */
    int placeholder; /* the name is one, until names are resolved */
} ddbi_step;

typedef struct {
    ddbi_step *steps;
    uint32_t n;
} ddbi_path;

/* 0: the same.  Indexes come by number before names by bytes. */
int ddbi_step_compare(const ddbi_step *a, const ddbi_step *b);
/* The same of the first steps that differ. */
int ddbi_path_compare(const ddbi_path *a, const ddbi_path *b);
const ddb_value *ddbi_path_find(const ddbi_path *p, const ddb_item *it);
/* "[a, [0], b]" */
void ddbi_path_show(ddbi_buf *b, const ddbi_path *p);
/* No two of them overlap, or take one attribute for a list and for a map. */
ddb_code ddbi_paths_apart(ddbi_expr_scope *s, const ddbi_path *paths,
                          uint32_t n);
/* Their numbers, sorted, so that those through one attribute stand together;
 * NULL: no memory. */
uint32_t *ddbi_paths_sort(ddbi_arena *arena, const ddbi_path *paths,
                          uint32_t n);
/* What of an item they lead to; order: as ddbi_paths_sort() has it. */
ddb_item *ddbi_paths_pick(const ddbi_path *paths, const uint32_t *order,
                          uint32_t n, const ddb_item *it, ddbi_arena *arena);

/* The attributes at the beginning of paths, each once. */
typedef struct {
    uint32_t n, cap;
    struct ddbi_root {
        ddb_bytes name;
        int nested; /* some path goes on behind it */
    } * p;
} ddbi_roots;

ddb_code ddbi_roots_add(ddbi_arena *arena, ddbi_roots *r, const ddbi_path *p);
ddb_bytes ddbi_roots_at(const ddbi_roots *r, uint32_t i, int *nested);

/* ---- Trees (expr_parse.c) ----------------------------------------------- */

typedef enum {
    NODE_VALUE,
    NODE_PATH,
    NODE_CALL,    /* op: ddbi_function */
    NODE_SIGN,    /* op: '+' or '-' */
    NODE_COMPARE, /* op: a token */
    NODE_BETWEEN,
    NODE_IN,
    NODE_NOT,
    /* left SKIP right AND: SKIP leads behind AND when left settles it. */
    NODE_SKIP, /* op: TOKEN_AND, TOKEN_OR */
    NODE_AND,
    NODE_OR
} ddbi_node_kind;

typedef enum {
    FUNCTION_NONE, /* there is none of that name */
    FUNCTION_EXISTS,
    FUNCTION_NOT_EXISTS,
    FUNCTION_TYPE,
    FUNCTION_BEGINS_WITH,
    FUNCTION_CONTAINS,
    FUNCTION_SIZE,
    FUNCTION_IF_NOT_EXISTS,
    FUNCTION_LIST_APPEND
} ddbi_function;

typedef struct {
    unsigned char kind;
    int op;
    uint32_t n;    /* operands; SKIP: where it leads */
    uint32_t size; /* nodes of the whole subtree */
    union {
        ddb_bytes text; /* VALUE before it is resolved; CALL: its name */
        const ddb_value *value;
        ddbi_path path;
    } u;
} ddbi_node;

/* The i-th operand of a node. */
const ddbi_node *ddbi_operand(const ddbi_node *node, uint32_t i);

typedef struct {
    unsigned char kind;
    unsigned char logical;    /* PAREN: may hold a condition */
    unsigned char arithmetic; /* PAREN: may hold a sum */
    int op;
    uint32_t n;  /* operands read */
    uint32_t at; /* CALL: where it begins; AND, OR: its SKIP */
} ddbi_frame;

/* What the first reading finds and tells once the text is known to be
 * well-formed: the first of it in the text. */
typedef struct {
    const char *what; /* NULL: nothing */
    ddb_bytes which;
    uint32_t at;
} ddbi_fault;

typedef enum {
    DDBI_LAST_OPERAND,
    DDBI_LAST_CALL, /* which may be an operand or a condition */
    DDBI_LAST_CONDITION
} ddbi_last;

typedef struct {
    ddbi_expr_scope *scope;
    ddbi_lexer lex;
    int update; /* else a condition */
    ddbi_node *nodes;
    uint32_t n, cap;
    ddbi_frame *frames;
    uint32_t n_frames, cap_frames;
    ddbi_frame few[16]; /* frames, mostly */
    uint32_t operators;
    ddbi_fault faults[4]; /* of each section of an update; else the first */
    int section;
    /* What stands before the token in hand. */
    unsigned char last;        /* ddbi_last */
    unsigned char last_parens; /* in parentheses */
    unsigned char last_sum;
    int last_function;
    uint32_t last_call; /* where it begins */
} ddbi_parser;

/* Size and emptiness, and the first token. */
ddb_code ddbi_parse_begin(ddbi_parser *p, ddbi_expr_scope *s, ddb_bytes text,
                          int update);
/* One whole condition, or one operand or sum of an update: nodes from p->n
 * on. */
ddb_code ddbi_parse_tree(ddbi_parser *p);
/* The :value in hand, as a tree. */
ddb_code ddbi_parse_value(ddbi_parser *p);
/* expr_path.c: a path, and its steps behind the first. */
ddb_code ddbi_parse_path(ddbi_parser *p, ddbi_path *out);
ddb_code ddbi_parse_steps(ddbi_parser *p, ddbi_path *path);

/* ---- Faults that are noted (expr_note.c) -------------------------------- */

/* By its name, as it is written; and the other way. */
int ddbi_function_find(ddb_bytes name);
const char *ddbi_function_name(int function);

/* The first in the text is told; at one place, the first that is noted. */
void ddbi_note(ddbi_parser *p, const char *what, ddb_bytes which, uint32_t at);
/* A function is there, which may not be one of this kind of expression's, or
 * not one that is another's operand (in_call). */
void ddbi_note_function(ddbi_parser *p, int function, ddb_bytes name,
                        uint32_t at, int in_call);
/* The call that was read last stands where a condition has to, or where an
 * operand has to. */
void ddbi_note_call(ddbi_parser *p, int as_condition);
/* What was noted, of one section. */
ddb_code ddbi_parse_fault(const ddbi_parser *p, int section);
ddb_code ddbi_parse_operators(const ddbi_parser *p);

/* ---- Checks of a tree (expr_check.c) ------------------------------------ */

/* An empty buffer for a message, and DDB_INVALID or DDB_NOMEM for it. */
ddbi_buf *ddbi_expr_why(ddbi_expr_scope *s);
ddb_code ddbi_expr_refused(const ddbi_expr_scope *s);
/* A message and one word at its end. */
ddb_code ddbi_expr_refuse(ddbi_expr_scope *s, const char *what,
                          ddb_bytes which);

ddb_code ddbi_check_names(ddbi_expr_scope *s, ddbi_path *path);
ddb_code ddbi_check_path(ddbi_expr_scope *s, ddbi_path *path);
/* Names, values, operands and their types of nodes from..to. */
ddb_code ddbi_check_tree(ddbi_expr_scope *s, ddbi_node *nodes, uint32_t from,
                         uint32_t to);

/* ---- Conditions (expr_eval.c) ------------------------------------------- */

/* A condition, read and checked: its nodes are p's. */
ddb_code ddbi_condition_read(ddbi_expr_scope *s, ddb_bytes text,
                             ddbi_parser *p);

struct ddbi_condition {
    uint32_t n;
    ddbi_node *nodes;
    ddbi_roots roots;
};

#endif
