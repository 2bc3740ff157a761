/* SPDX-License-Identifier: MIT */
/*
 * Expressions: one byte for the kind, and the text.  What is refused has a
 * message; what is taken can be done.  NOT of a condition is its contrary,
 * and what an update did not touch is as it was.
 */
#include "fuzz.h"

#include "exprdata.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    ddbi_arena arena;
    ddbi_expr_scope s;
    ddb_item *values;
    ddb_item *item;
} bench;

static ddb_item *parse(const char *json)
{
    ddb_item *it = NULL;

    MUST(ddb_item_parse(json, strlen(json), &it, NULL) == DDB_OK);
    return it;
}

static int is_taken(bench *b, ddb_code code)
{
    MUST(code == DDB_OK || code == DDB_INVALID);
    MUST(code == DDB_OK || b->s.why.n > 0);
    return code == DDB_OK;
}

/* -1: refused */
static int holds(bench *b, ddb_bytes text)
{
    ddbi_condition *c;
    int nested;

    if (!is_taken(b, ddbi_condition_parse(&b->s, text, &c)))
        return -1;
    for (uint32_t i = 0; ddbi_condition_attribute(c, i, &nested).n > 0; i++)
        MUST(nested == 0 || nested == 1);
    MUST(ddbi_condition_holds(c, NULL, &b->arena) >= 0);
    return ddbi_condition_holds(c, b->item, &b->arena);
}

static void try_condition(bench *b, ddb_bytes text)
{
    int yes = holds(b, text);
    char *other = malloc(text.n + 6);
    int no;

    MUST(other != NULL);
    memcpy(other, "not(", 4);
    memcpy(other + 4, text.p, text.n);
    other[text.n + 4] = ')';
    no = holds(b, (ddb_bytes){other, text.n + 5});
    MUST(yes < 0 || no < 0 || yes == !no);
    free(other);
}

static void try_key(bench *b, ddb_bytes text)
{
    ddbi_key_condition c;
    int whole;

    if (!is_taken(b, ddbi_key_condition_parse(&b->s, text, &c, &whole)))
        return;
    MUST(c.n >= 1 && c.n <= 2 && c.total >= c.n);
    for (int i = 0; i < c.n; i++)
        MUST(c.part[i].attribute.n > 0 && c.part[i].value &&
             (c.part[i].op == DDBI_KEY_BETWEEN) == (c.part[i].upper != NULL));
}

static void try_projection(bench *b, ddb_bytes text)
{
    ddbi_projection *p;
    ddb_item *once;

    if (!is_taken(b, ddbi_projection_parse(&b->s, text, &p)))
        return;
    once = ddbi_projection_apply(p, b->item, &b->arena);
    MUST(once && ddb_item_size(once) <= ddb_item_size(b->item));
}

static void try_update(bench *b, ddb_bytes text)
{
    ddb_item *before = ddb_item_copy(b->item), *after;
    ddbi_update *u;
    ddb_bytes name;

    if (is_taken(b, ddbi_update_parse(&b->s, text, &u)) &&
        is_taken(b, ddbi_update_apply(&b->s, u, b->item, &after))) {
        MUST(ddbi_update_touched(u, after, &b->arena) != NULL);
        for (uint32_t i = 0; (name = ddbi_update_attribute(u, i, NULL)).n > 0;
             i++) {
            ddbi_item_remove(after, name.p, name.n);
            ddbi_item_remove(before, name.p, name.n);
        }
        MUST(ddb_item_equal(before, after));
    }
    ddb_item_free(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static void (*const tries[])(bench *, ddb_bytes) = {
        try_condition, try_key, try_projection, try_update};
    bench b = {.values = parse(EXPRFIX_VALUES), .item = parse(EXPRFIX_ITEM)};

    MUST(ddbi_expr_begin(&b.s, &b.arena, exprfix_names, EXPRFIX_NAMES,
                         b.values) == DDB_OK);
    if (n > 0)
        tries[data[0] % 4](&b, (ddb_bytes){data + 1, n - 1});
    ddbi_expr_end(&b.s);
    ddbi_buf_free(&b.s.why);
    ddbi_arena_free(&b.arena);
    ddb_item_free(b.values);
    ddb_item_free(b.item);
    return 0;
}
