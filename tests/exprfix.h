/* SPDX-License-Identifier: MIT */
/* Expressions in tests: read with the names and values of exprdata.h. */
#ifndef EXPRFIX_H
#define EXPRFIX_H

#include "exprdata.h"
#include "oom.h"

#include <check.h>
#include <string.h>

typedef struct {
    ddbi_arena arena;
    ddbi_expr_scope s;
    ddb_item *values;
    ddb_item *item;
} exprfix;

static ddb_item *exprfix_parse(const char *json)
{
    ddb_item *it = NULL;
    ddb_err err = {0};

    ddb_item_parse(json, strlen(json), &it, &err);
    ck_assert_msg(it != NULL, "%s: %s", json, err.message);
    return it;
}

static void exprfix_begin(exprfix *f)
{
    *f = (exprfix){.values = exprfix_parse(EXPRFIX_VALUES),
                   .item = exprfix_parse(EXPRFIX_ITEM)};
    ck_assert_int_eq(ddbi_expr_begin(&f->s, &f->arena, exprfix_names,
                                     EXPRFIX_NAMES, f->values),
                     DDB_OK);
}

static void exprfix_end(exprfix *f)
{
    ddbi_buf_free(&f->s.why);
    ddbi_arena_free(&f->arena);
    ddb_item_free(f->values);
    ddb_item_free(f->item);
}

/* An empty arena with room for so many bytes: from here to oom_end(), what
 * does not fit fails, whichever piece that is. */
static inline void exprfix_scarce(ddbi_arena *a, size_t room)
{
    *a = (ddbi_arena){0};
    ddbi_arena_alloc(a, 64 * 1024);
    ddbi_arena_alloc(a, 1);
    ddbi_arena_bytes(a, (size_t)(a->end - a->next) - room);
    oom_begin_for_ever(0);
}

/* Free it.  1: something did not fit. */
static inline int exprfix_was_short(ddbi_arena *a)
{
    ddbi_arena_free(a);
    ck_assert_int_eq(oom_live(), -2); /* the chunks of before */
    return oom_end();
}

/* A refusal's message, and NULL where there was none. */
static void exprfix_told(exprfix *f, ddb_code code, const char *text,
                         const char *why)
{
    ck_assert_msg(code == (why ? DDB_INVALID : DDB_OK), "%s: %d %s", text, code,
                  code == DDB_INVALID ? ddbi_buf_text(&f->s.why) : "");
    if (why)
        ck_assert_msg(strcmp(ddbi_buf_text(&f->s.why), why) == 0,
                      "%s\n  %s\n  %s expected", text, ddbi_buf_text(&f->s.why),
                      why);
}

#endif
