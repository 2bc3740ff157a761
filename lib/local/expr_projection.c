/* SPDX-License-Identifier: MIT */
/*
 * Projections: what several paths pick of an item.  Sorted, those that go
 * through one attribute stand together, and elements of a list in order.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
 */
#include "local/expr_tree.h"

/* ---- Picking ------------------------------------------------------------ */

/* What paths from..to, which agree in the steps before this one, pick of a
 * value. */
typedef struct {
    const ddbi_path *paths;
    const uint32_t *order;
    ddbi_arena *arena;
} picking;

static const ddbi_step *step_at(const picking *p, uint32_t i, uint32_t step)
{
    return &p->paths[p->order[i]].steps[step];
}

/* Where the paths end that share the step of the first. */
static uint32_t same_step(const picking *p, uint32_t from, uint32_t to,
                          uint32_t step)
{
    uint32_t i = from + 1;

    while (i < to &&
           ddbi_step_compare(step_at(p, i, step), step_at(p, from, step)) == 0)
        i++;
    return i;
}

/* NOLINTBEGIN(misc-no-recursion): paths have 32 levels at most. */

static int pick(const picking *p, uint32_t from, uint32_t to, uint32_t step,
                const ddb_value *v, ddb_value *out);

static int pick_of_map(const picking *p, uint32_t from, uint32_t to,
                       uint32_t step, const ddb_item *it, ddb_item *out)
{
    for (uint32_t end; from < to; from = end) {
        ddb_bytes name = step_at(p, from, step)->name;
        const ddb_value *v = name.p ? ddbi_item_find(it, name.p, name.n) : NULL;
        ddb_value picked;
        int ret;

        end = same_step(p, from, to, step);
        if (!v)
            continue;
        ret = pick(p, from, end, step + 1, v, &picked);
        if (ret < 0)
            return -1;
        if (ret > 0) {
            ddb_value *slot = ddbi_item_append(out, name);

            if (!slot)
                return -1;
            *slot = picked;
        }
    }
    return 0;
}

static int pick_of_list(const picking *p, uint32_t from, uint32_t to,
                        uint32_t step, const ddbi_list *list, ddbi_list *out)
{
    for (uint32_t end; from < to; from = end) {
        const ddbi_step *s = step_at(p, from, step);
        ddb_value picked;
        int ret;

        end = same_step(p, from, to, step);
        if (!!s->name.p || s->index >= list->n)
            continue;
        ret = pick(p, from, end, step + 1, &list->elements[s->index], &picked);
        if (ret < 0)
            return -1;
        if (ret > 0) {
            ddb_value *slot = ddbi_list_append(out);

            if (!slot)
                return -1;
            *slot = picked;
        }
    }
    return 0;
}

/* 1: something, in *out; 0: nothing; -1: no memory. */
static int pick(const picking *p, uint32_t from, uint32_t to, uint32_t step,
                const ddb_value *v, ddb_value *out)
{
    ddbi_list *list;
    ddb_item *map;

    if (p->paths[p->order[from]].n == step) {
        *out = *v;
        return 1;
    }
    if (v->type == DDB_L) {
        list = ddbi_list_in(p->arena, (int)step);
        if (!list || pick_of_list(p, from, to, step, v->u.list, list))
            return -1;
        *out = list->self;
        return list->n > 0;
    }
    if (v->type != DDB_M)
        return 0;
    map = ddbi_item_in(p->arena, (int)step);
    if (!map || pick_of_map(p, from, to, step, v->u.map, map) ||
        ddbi_item_settle(map) != DDB_OK)
        return -1;
    *out = (ddb_value){.type = DDB_M, .u.map = map};
    return map->n > 0;
}

/* NOLINTEND(misc-no-recursion) */

ddb_item *ddbi_paths_pick(const ddbi_path *paths, const uint32_t *order,
                          uint32_t n, const ddb_item *it, ddbi_arena *arena)
{
    picking p = {paths, order, arena};
    ddb_item *out = ddbi_item_in(arena, 0);

    if (!out || pick_of_map(&p, 0, n, 0, it, out) ||
        ddbi_item_settle(out) != DDB_OK)
        return NULL;
    return out;
}

/* ---- Projections -------------------------------------------------------- */

struct ddbi_projection {
    uint32_t n;
    const ddbi_path *paths;
    const uint32_t *order;
    ddbi_roots roots;
};

typedef struct {
    ddbi_path *p;
    uint32_t n, cap;
} path_list;

static ddb_code read_paths(ddbi_parser *p, path_list *list)
{
    ddb_code code;

    for (;;) {
        if (list->n == list->cap) {
            uint32_t cap = list->cap ? list->cap * 2 : 4;
            ddbi_path *larger = ddbi_arena_grow(p->scope->arena, list->p,
                                                list->cap * sizeof *larger,
                                                cap * sizeof *larger);

            if (!larger)
                return DDB_NOMEM;
            list->p = larger;
            list->cap = cap;
        }
        code = ddbi_parse_path(p, &list->p[list->n]);
        if (code != DDB_OK)
            return code;
        list->n++;
        if (p->lex.token == TOKEN_END)
            return DDB_OK;
        if (p->lex.token != ',')
            return ddbi_lex_refuse(&p->lex, p->scope);
        ddbi_lex_next(&p->lex);
    }
}

ddb_code ddbi_projection_parse(ddbi_expr_scope *s, ddb_bytes text,
                               ddbi_projection **out)
{
    ddbi_projection *made;
    path_list list = {0};
    ddbi_parser p;
    ddb_code code = ddbi_parse_begin(&p, s, text, 0);

    *out = NULL;
    if (code == DDB_OK)
        code = read_paths(&p, &list);
    if (code == DDB_OK)
        code = ddbi_parse_fault(&p, 0);
    for (uint32_t i = 0; i < list.n && code == DDB_OK; i++)
        code = ddbi_check_path(s, &list.p[i]);
    if (code == DDB_OK)
        code = ddbi_paths_apart(s, list.p, list.n);
    if (code != DDB_OK)
        return code;
    made = ddbi_arena_alloc(s->arena, sizeof *made);
    if (!made)
        return DDB_NOMEM;
    *made = (ddbi_projection){.n = list.n, .paths = list.p};
    for (uint32_t i = 0; i < list.n && code == DDB_OK; i++)
        code = ddbi_roots_add(s->arena, &made->roots, &list.p[i]);
    made->order = ddbi_paths_sort(s->arena, list.p, list.n);
    if (code != DDB_OK || !made->order)
        return DDB_NOMEM;
    *out = made;
    return DDB_OK;
}

ddb_item *ddbi_projection_apply(const ddbi_projection *p, const ddb_item *it,
                                ddbi_arena *arena)
{
    return ddbi_paths_pick(p->paths, p->order, p->n, it, arena);
}

ddb_bytes ddbi_projection_attribute(const ddbi_projection *p, uint32_t i,
                                    int *nested)
{
    return ddbi_roots_at(&p->roots, i, nested);
}
