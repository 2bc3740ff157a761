/* SPDX-License-Identifier: MIT */
/*
 * Document paths: a.b[3].c.  Looking one up, refusing paths that get in each
 * other's way, and projections, which are paths alone.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.Attributes.html
 */
#include "local/expr_tree.h"

#include <string.h>

static int is_index(const ddbi_step *s)
{
    return s->name.p == NULL;
}

/* Indexes by number before names by bytes. */
static int compare_steps(const ddbi_step *a, const ddbi_step *b)
{
    size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
    int order;

    if (is_index(a) || is_index(b)) {
        if (is_index(a) && is_index(b))
            return (a->index > b->index) - (a->index < b->index);
        return is_index(a) ? -1 : 1;
    }
    order = n ? memcmp(a->name.p, b->name.p, n) : 0;
    return order ? order : (a->name.n > b->name.n) - (a->name.n < b->name.n);
}

/* The first step in which they differ, at most the shorter one's length. */
static uint32_t common(const ddbi_path *a, const ddbi_path *b)
{
    uint32_t n = a->n < b->n ? a->n : b->n;
    uint32_t i = 0;

    while (i < n && compare_steps(&a->steps[i], &b->steps[i]) == 0)
        i++;
    return i;
}

int ddbi_path_compare(const ddbi_path *a, const ddbi_path *b)
{
    uint32_t i = common(a, b);

    if (i < a->n && i < b->n)
        return compare_steps(&a->steps[i], &b->steps[i]);
    return (a->n > b->n) - (a->n < b->n);
}

static const ddb_value *go(const ddb_value *v, const ddbi_step *s)
{
    if (is_index(s))
        return v->type == DDB_L && s->index < v->u.list->n
                   ? &v->u.list->elements[s->index]
                   : NULL;
    return v->type == DDB_M ? ddbi_item_find(v->u.map, s->name.p, s->name.n)
                            : NULL;
}

const ddb_value *ddbi_path_find(const ddbi_path *p, const ddb_item *it)
{
    const ddb_value *v =
        it ? ddbi_item_find(it, p->steps[0].name.p, p->steps[0].name.n) : NULL;

    for (uint32_t i = 1; i < p->n && v; i++)
        v = go(v, &p->steps[i]);
    return v;
}

void ddbi_path_show(ddbi_buf *b, const ddbi_path *p)
{
    ddbi_buf_add_c(b, '[');
    for (uint32_t i = 0; i < p->n; i++) {
        if (i > 0)
            ddbi_buf_add_str(b, ", ");
        if (is_index(&p->steps[i])) {
            ddbi_buf_add_c(b, '[');
            ddbi_buf_add_u64(b, p->steps[i].index);
            ddbi_buf_add_c(b, ']');
        } else {
            ddbi_buf_add(b, p->steps[i].name.p, p->steps[i].name.n);
        }
    }
    ddbi_buf_add_c(b, ']');
}

/* ---- Several paths ------------------------------------------------------ */

static ddb_code refuse_two(ddbi_expr_scope *s, const char *what,
                           const ddbi_path *one, const ddbi_path *two)
{
    ddbi_buf *why = ddbi_expr_why(s);

    ddbi_buf_add_str(why, "Two document paths ");
    ddbi_buf_add_str(why, what);
    ddbi_buf_add_str(why, " with each other; must remove or rewrite one of "
                          "these paths; path one: ");
    ddbi_path_show(why, one);
    ddbi_buf_add_str(why, ", path two: ");
    ddbi_path_show(why, two);
    return ddbi_expr_refused(s);
}

/* An overlap anywhere is told before a conflict. */
ddb_code ddbi_paths_apart(ddbi_expr_scope *s, const ddbi_path *paths,
                          uint32_t n)
{
    const ddbi_path *conflict = NULL, *with = NULL;

    for (uint32_t i = 1; i < n; i++) {
        for (uint32_t j = 0; j < i; j++) {
            const ddbi_path *a = &paths[j], *b = &paths[i];
            uint32_t k = common(a, b);

            if (k == a->n || k == b->n)
                return refuse_two(s, "overlap", a, b);
            if (!conflict && is_index(&a->steps[k]) != is_index(&b->steps[k])) {
                conflict = a;
                with = b;
            }
        }
    }
    return conflict ? refuse_two(s, "conflict", conflict, with) : DDB_OK;
}

static int compare_paths(const void *arg, uint32_t a, uint32_t b)
{
    const ddbi_path *paths = arg;

    return ddbi_path_compare(&paths[a], &paths[b]);
}

const ddbi_path **ddbi_paths_sort(ddbi_arena *arena, const ddbi_path *paths,
                                  uint32_t n)
{
    const ddbi_path **sorted = ddbi_arena_alloc(arena, n * sizeof *sorted);
    uint32_t *order = ddbi_arena_alloc(arena, n * sizeof *order);

    if (!sorted || !order)
        return NULL;
    ddbi_sort(order, n, compare_paths, paths);
    for (uint32_t i = 0; i < n; i++)
        sorted[i] = &paths[order[i]];
    return sorted;
}

ddb_code ddbi_roots_add(ddbi_arena *arena, ddbi_roots *r, const ddbi_path *p)
{
    ddb_bytes name = p->steps[0].name;
    struct ddbi_root *larger;

    for (uint32_t i = 0; i < r->n; i++) {
        if (r->p[i].name.n == name.n &&
            memcmp(r->p[i].name.p, name.p, name.n) == 0) {
            r->p[i].nested |= p->n > 1;
            return DDB_OK;
        }
    }
    if (r->n == r->cap) {
        uint32_t cap = r->cap ? r->cap * 2 : 4;

        larger = ddbi_arena_grow(arena, r->p, r->cap * sizeof *larger,
                                 cap * sizeof *larger);
        if (!larger)
            return DDB_NOMEM;
        r->p = larger;
        r->cap = cap;
    }
    r->p[r->n++] = (struct ddbi_root){name, p->n > 1};
    return DDB_OK;
}

ddb_bytes ddbi_roots_at(const ddbi_roots *r, uint32_t i, int *nested)
{
    if (i >= r->n)
        return (ddb_bytes){0};
    if (nested)
        *nested = r->p[i].nested;
    return r->p[i].name;
}

/* ---- Picking ------------------------------------------------------------ */

/* What paths from..to, which agree in the steps before this one, pick of a
 * value. */
typedef struct {
    const ddbi_path *const *sorted;
    ddbi_arena *arena;
} picking;

/* Where the paths end that share the step of the first. */
static uint32_t same_step(const picking *p, uint32_t from, uint32_t to,
                          uint32_t step)
{
    uint32_t i = from + 1;

    while (i < to && compare_steps(&p->sorted[i]->steps[step],
                                   &p->sorted[from]->steps[step]) == 0)
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
        ddb_bytes name = p->sorted[from]->steps[step].name;
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
        const ddbi_step *s = &p->sorted[from]->steps[step];
        ddb_value picked;
        int ret;

        end = same_step(p, from, to, step);
        if (!is_index(s) || s->index >= list->n)
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

    if (p->sorted[from]->n == step) {
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

ddb_item *ddbi_paths_pick(const ddbi_path *const *sorted, uint32_t n,
                          const ddb_item *it, ddbi_arena *arena)
{
    picking p = {sorted, arena};
    ddb_item *out = ddbi_item_in(arena, 0);

    if (!out || pick_of_map(&p, 0, n, 0, it, out) ||
        ddbi_item_settle(out) != DDB_OK)
        return NULL;
    return out;
}

/* ---- Projections -------------------------------------------------------- */

struct ddbi_projection {
    uint32_t n;
    const ddbi_path **sorted;
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
    *made = (ddbi_projection){.n = list.n};
    for (uint32_t i = 0; i < list.n && code == DDB_OK; i++)
        code = ddbi_roots_add(s->arena, &made->roots, &list.p[i]);
    made->sorted = ddbi_paths_sort(s->arena, list.p, list.n);
    if (code != DDB_OK || !made->sorted)
        return DDB_NOMEM;
    *out = made;
    return DDB_OK;
}

ddb_item *ddbi_projection_apply(const ddbi_projection *p, const ddb_item *it,
                                ddbi_arena *arena)
{
    return ddbi_paths_pick(p->sorted, p->n, it, arena);
}

ddb_bytes ddbi_projection_attribute(const ddbi_projection *p, uint32_t i,
                                    int *nested)
{
    return ddbi_roots_at(&p->roots, i, nested);
}
