/* SPDX-License-Identifier: MIT */
/* Names, values and an item that the tables of expressions speak of. */
#ifndef EXPRFIX_H
#define EXPRFIX_H

#include "local/expr.h"

#include <check.h>
#include <string.h>

typedef struct {
    ddbi_arena arena;
    ddbi_expr_scope s;
    ddb_item *values;
    ddb_item *item;
} exprfix;

static const ddbi_expr_name exprfix_names[] = {
    {{"#a", 2}, {"a", 1}},      {{"#b", 2}, {"b", 1}},
    {{"#c", 2}, {"c", 1}},      {{"#i", 2}, {"[3]", 3}},
    {{"#dot", 4}, {"a.b", 3}},  {{"#data", 5}, {"data", 4}},
    {{"#_1", 3}, {"a", 1}},     {{"#9", 2}, {"n", 1}},
    {{"#size", 5}, {"size", 4}}};

#define EXPRFIX_NAMES (uint32_t)(sizeof exprfix_names / sizeof exprfix_names[0])

#define EXPRFIX_VALUES                                                         \
    "{\":s\":{\"S\":\"abc\"},\":t\":{\"S\":\"abd\"},\":e\":{\"S\":\"\"},"      \
    "\":bc\":{\"S\":\"bc\"},\":n\":{\"N\":\"5\"},\":m\":{\"N\":\"10\"},"       \
    "\":neg\":{\"N\":\"-1.5\"},\":b\":{\"B\":\"YWJj\"},"                       \
    "\":b2\":{\"B\":\"YmM=\"},\":yes\":{\"BOOL\":true},"                       \
    "\":no\":{\"BOOL\":false},\":nil\":{\"NULL\":true},"                       \
    "\":l\":{\"L\":[{\"N\":\"1\"},{\"S\":\"x\"}]},\":l0\":{\"L\":[]},"         \
    "\":map\":{\"M\":{\"x\":{\"N\":\"1\"}}},\":m0\":{\"M\":{}},"               \
    "\":ss\":{\"SS\":[\"a\",\"b\"]},\":ns\":{\"NS\":[\"1\",\"2\"]},"           \
    "\":bs\":{\"BS\":[\"AA==\",\"AQ==\"]},\":big\":{\"N\":\"9E125\"},"         \
    "\":tiny\":{\"N\":\"1E-130\"},\":tiny2\":{\"N\":\"1.5E-130\"},"            \
    "\":_\":{\"S\":\"_\"},\":0\":{\"S\":\"0\"},\":S\":{\"S\":\"S\"},"          \
    "\":N\":{\"S\":\"N\"},\":B\":{\"S\":\"B\"},\":BOOL\":{\"S\":\"BOOL\"},"    \
    "\":NULL\":{\"S\":\"NULL\"},\":M\":{\"S\":\"M\"},\":L\":{\"S\":\"L\"},"    \
    "\":SS\":{\"S\":\"SS\"},\":NS\":{\"S\":\"NS\"},\":BS\":{\"S\":\"BS\"}}"

#define EXPRFIX_ITEM                                                           \
    "{\"pk\":{\"S\":\"p\"},\"s\":{\"S\":\"abc\"},\"e\":{\"S\":\"\"},"          \
    "\"u\":{\"S\":\"\xc3\xa9\xf0\x9d\x84\x9e\"},\"n\":{\"N\":\"5\"},"          \
    "\"m\":{\"N\":\"-10\"},\"f\":{\"N\":\"0.5\"},\"b\":{\"B\":\"YWJj\"},"      \
    "\"yes\":{\"BOOL\":true},\"off\":{\"BOOL\":false},"                        \
    "\"nil\":{\"NULL\":true},"                                                 \
    "\"l\":{\"L\":[{\"N\":\"1\"},{\"S\":\"x\"},{\"L\":[{\"N\":\"9\"}]},"       \
    "{\"M\":{\"k\":{\"S\":\"v\"}}},{\"SS\":[\"a\",\"b\"]}]},"                  \
    "\"l0\":{\"L\":[]},"                                                       \
    "\"a\":{\"M\":{\"b\":{\"N\":\"1\"},\"c\":{\"L\":[{\"N\":\"0\"},"           \
    "{\"N\":\"1\"},{\"N\":\"2\"}]},\"d\":{\"M\":{\"e\":{\"S\":\"deep\"}}}}}"   \
    ",\"m0\":{\"M\":{}},\"ss\":{\"SS\":[\"a\",\"b\",\"c\"]},"                  \
    "\"ns\":{\"NS\":[\"1\",\"2\",\"3\"]},\"bs\":{\"BS\":[\"AA==\"]},"          \
    "\"a.b\":{\"S\":\"dotted\"},\"data\":{\"S\":\"d\"},"                       \
    "\"one\":{\"SS\":[\"a\"]}}"

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
