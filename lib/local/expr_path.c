/* SPDX-License-Identifier: MIT */
/*
 * Document paths: a.b[3].c.  Reading one, looking it up, and refusing paths
 * that get in each other's way.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.Attributes.html
 */
#include "base/enc.h"
#include "local/expr_tree.h"

#include <string.h>

/* ---- Reading ------------------------------------------------------------ */

static ddb_code add_step(ddbi_parser *p, ddbi_path *path, ddbi_step step)
{
    /* One, or 8, 16, 32, ... */
    if (path->n == 0 || path->n == 1 ||
        (path->n >= 8 && !(path->n & (path->n - 1)))) {
        size_t cap = path->n == 0 ? 1 : path->n == 1 ? 8 : 2 * (size_t)path->n;
        ddbi_step *steps =
            ddbi_arena_grow(p->scope->arena, path->steps, path->n * sizeof step,
                            cap * sizeof step);

        if (!steps)
            return DDB_NOMEM;
        path->steps = steps;
    }
    path->steps[path->n++] = step;
    return DDB_OK;
}

static ddb_code parse_name(ddbi_parser *p, ddbi_path *path)
{
    ddbi_step step = {.name = ddbi_lex_text(&p->lex)};

    if (p->lex.token != TOKEN_WORD && p->lex.token != TOKEN_NAME)
        return ddbi_lex_refuse(&p->lex, p->scope);
    step.placeholder = p->lex.token == TOKEN_NAME;
    if (!step.placeholder && ddbi_expr_is_reserved(step.name))
        ddbi_note(p, "Attribute name is a reserved keyword; reserved keyword: ",
                  step.name, p->lex.start);
    ddbi_lex_next(&p->lex);
    return add_step(p, path, step);
}

static ddb_code parse_index(ddbi_parser *p, ddbi_path *path)
{
    ddb_bytes text = ddbi_lex_text(&p->lex);
    uint64_t index = 0;

    if (p->lex.token != TOKEN_INDEX)
        return ddbi_lex_refuse(&p->lex, p->scope);
    if (ddbi_parse_u64(text.p, text.n, INT32_MAX, &index)) {
        /* With its brackets. */
        char *shown = ddbi_arena_bytes(p->scope->arena, text.n + 2);

        if (!shown)
            return DDB_NOMEM;
        shown[0] = '[';
        memcpy(shown + 1, text.p, text.n);
        shown[text.n + 1] = ']';
        ddbi_note(p, "List index is not within the allowable range; index: ",
                  (ddb_bytes){shown, text.n + 2}, p->lex.start);
    }
    ddbi_lex_next(&p->lex);
    if (p->lex.token != ']')
        return ddbi_lex_refuse(&p->lex, p->scope);
    ddbi_lex_next(&p->lex);
    return add_step(p, path, (ddbi_step){.index = (uint32_t)index});
}

/* Steps behind the first. */
ddb_code ddbi_parse_steps(ddbi_parser *p, ddbi_path *path)
{
    ddb_code code = DDB_OK;

    while (code == DDB_OK && (p->lex.token == '.' || p->lex.token == '[')) {
        int dot = p->lex.token == '.';

        ddbi_lex_next(&p->lex);
        code = dot ? parse_name(p, path) : parse_index(p, path);
    }
    return code;
}

ddb_code ddbi_parse_path(ddbi_parser *p, ddbi_path *out)
{
    ddb_code code;

    *out = (ddbi_path){0};
    code = parse_name(p, out);
    return code == DDB_OK ? ddbi_parse_steps(p, out) : code;
}

/* ---- One path ----------------------------------------------------------- */

static int is_index(const ddbi_step *s)
{
    return s->name.p == NULL;
}

int ddbi_step_compare(const ddbi_step *a, const ddbi_step *b)
{
    if (is_index(a) || is_index(b)) {
        if (is_index(a) && is_index(b))
            return (a->index > b->index) - (a->index < b->index);
        return is_index(a) ? -1 : 1;
    }
    return ddbi_compare(a->name, b->name);
}

/* The first step in which they differ, at most the shorter one's length. */
static uint32_t common(const ddbi_path *a, const ddbi_path *b)
{
    uint32_t n = a->n < b->n ? a->n : b->n;
    uint32_t i = 0;

    while (i < n && ddbi_step_compare(&a->steps[i], &b->steps[i]) == 0)
        i++;
    return i;
}

int ddbi_path_compare(const ddbi_path *a, const ddbi_path *b)
{
    uint32_t i = common(a, b);

    if (i < a->n && i < b->n)
        return ddbi_step_compare(&a->steps[i], &b->steps[i]);
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

uint32_t *ddbi_paths_sort(ddbi_arena *arena, const ddbi_path *paths, uint32_t n)
{
    uint32_t *order = ddbi_arena_alloc(arena, n * sizeof *order);

    if (order)
        ddbi_sort(order, n, compare_paths, paths);
    return order;
}

ddb_code ddbi_roots_add(ddbi_arena *arena, ddbi_roots *r, const ddbi_path *p)
{
    ddb_bytes name = p->steps[0].name;
    struct ddbi_root *larger;

    for (uint32_t i = 0; i < r->n; i++) {
        if (ddbi_equal(r->p[i].name, name)) {
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
