/* SPDX-License-Identifier: MIT */
/*
 * What the service tells of a text once it knows that it is an expression,
 * and before all else: reserved words, list indexes out of range, functions
 * that there are not or that stand where they may not, and too many operators.
 * They are noted as they come by; the first in the text is told at the end.
 * Where a function stands shows itself behind it, so the first noted is not
 * the first of all.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */
#include "local/expr_tree.h"

#include <string.h>

static const struct {
    const char *name;
    char in_update;
    char condition; /* it is one, else an operand */
} functions[] = {
    [FUNCTION_NONE] = {"", 0, 0},
    [FUNCTION_EXISTS] = {"attribute_exists", 0, 1},
    [FUNCTION_NOT_EXISTS] = {"attribute_not_exists", 0, 1},
    [FUNCTION_TYPE] = {"attribute_type", 0, 1},
    [FUNCTION_BEGINS_WITH] = {"begins_with", 0, 1},
    [FUNCTION_CONTAINS] = {"contains", 0, 1},
    [FUNCTION_SIZE] = {"size", 0, 0},
    [FUNCTION_IF_NOT_EXISTS] = {"if_not_exists", 1, 0},
    [FUNCTION_LIST_APPEND] = {"list_append", 1, 0},
};

int ddbi_function_find(ddb_bytes name)
{
    int f = FUNCTION_LIST_APPEND;

    while (f > FUNCTION_NONE &&
           (strlen(functions[f].name) != name.n ||
            memcmp(functions[f].name, name.p, name.n) != 0))
        f--;
    return f;
}

const char *ddbi_function_name(int function)
{
    return functions[function].name;
}

/* ---- Faults ------------------------------------------------------------- */

void ddbi_note(ddbi_parser *p, const char *what, ddb_bytes which, uint32_t at)
{
    ddbi_fault *f = &p->faults[p->section];

    if (!f->what || at < f->at)
        *f = (ddbi_fault){what, which, at};
}

ddb_code ddbi_parse_fault(const ddbi_parser *p, int section)
{
    const ddbi_fault *f = &p->faults[section];

    return f->what ? ddbi_expr_refuse(p->scope, f->what, f->which) : DDB_OK;
}

static void note_misuse(ddbi_parser *p, int function, uint32_t at)
{
    ddbi_note(p,
              "The function is not allowed to be used this way in an "
              "expression; function: ",
              ddb_str(functions[function].name), at);
}

void ddbi_note_function(ddbi_parser *p, int function, ddb_bytes name,
                        uint32_t at, int in_call)
{
    if (function == FUNCTION_NONE)
        ddbi_note(p, "Invalid function name; function: ", name, at);
    else if (p->update && !functions[function].in_update)
        ddbi_note(p,
                  "The function is not allowed in an update expression; "
                  "function: ",
                  name, at);
    else if (!p->update && functions[function].in_update)
        ddbi_note(p,
                  "The function is not allowed in a condition expression; "
                  "function: ",
                  name, at);
    else if (function == FUNCTION_LIST_APPEND && in_call)
        note_misuse(p, function, at);
}

void ddbi_note_call(ddbi_parser *p, int as_condition)
{
    int function = p->last_function;

    if (p->last != DDBI_LAST_CALL || p->update || function == FUNCTION_NONE)
        return;
    if (functions[function].condition != as_condition)
        note_misuse(p, function, p->last_call);
}

ddb_code ddbi_parse_operators(const ddbi_parser *p)
{
    if (p->operators <= DDBI_MAX_OPERATORS)
        return DDB_OK;
    /* The service stops counting. */
    return ddbi_expr_refuse(p->scope,
                            "The expression contains too many operators; "
                            "operator count: ",
                            ddb_str("301"));
}
