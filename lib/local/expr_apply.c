/* SPDX-License-Identifier: MIT */
/*
 * What an update makes of an item.  First all actions are worked out from the
 * item as it is; what is wrong with any of them is told in the service's
 * order: a path through what is no map or list, then a wrong type, then, from
 * the last section to the first, a path that leads nowhere and an attribute
 * that is not there, and at last a number out of range.  Then a new item is
 * made along the actions' paths, which no two share the end of; all else is
 * shared with the old one and with the values.
 */
#include "local/expr_update.h"
#include "wire/number.h"

#include <assert.h>
#include <string.h>

typedef enum { /* in the order in which they are told */
               FINE,
               WRONG_PARENT, /* what the path goes through is there, and the wrong type */
               WRONG_TYPE,
               NO_PARENT,
               MISSING,
               WRONG_NUMBER, /* see ddbi_sum */
               TOO_LARGE,    /* the item would be */
               NO_MEMORY
} fault;

typedef struct { /* an operand that was worked out */
    fault fault;
    ddbi_sum sum;       /* of WRONG_NUMBER */
    const ddb_value *v; /* NULL: it is to be removed */
} operand;

typedef struct { /* of an action */
    operand new_value;
    int keep; /* nothing changes */
} outcome;

typedef struct {
    ddbi_expr_scope *scope;
    const ddbi_update *u;
    const ddb_item *old;
    outcome *outcomes; /* of each action */
    operand *stack;
    size_t elements; /* in all lists made */
} applying;

/* ---- Numbers ------------------------------------------------------------ */

static operand failed(fault f)
{
    return (operand){.fault = f};
}

static operand calculate(applying *a, const ddb_value *x, const ddb_value *y,
                         int op)
{
    char text[DDBI_NUMBER_TEXT];
    ddbi_number m, n;
    ddb_value *v;
    size_t length;
    operand out = {0};

    if (ddbi_number_parse(x->u.bytes.p, x->u.bytes.n, &m) != DDB_OK ||
        ddbi_number_parse(y->u.bytes.p, y->u.bytes.n, &n) != DDB_OK)
        return failed(WRONG_TYPE);
    out.sum = op == '-' ? ddbi_number_subtract(&m, &n, &m)
                        : ddbi_number_add(&m, &n, &m);
    if (out.sum != DDBI_SUM_OK) {
        out.fault = WRONG_NUMBER;
        return out;
    }
    length = ddbi_number_format(&m, text);
    v = ddbi_arena_alloc(a->scope->arena, sizeof *v);
    if (!v)
        return failed(NO_MEMORY);
    *v = (ddb_value){.type = DDB_N, .n = (uint32_t)length};
    v->u.bytes.p = ddbi_arena_dup(a->scope->arena, text, length);
    v->u.bytes.n = length;
    if (!v->u.bytes.p)
        return failed(NO_MEMORY);
    out.v = v;
    return out;
}

static operand sum_of(applying *a, const operand *x, const operand *y, int op)
{
    if (x->fault != FINE)
        return *x;
    if (x->v->type != DDB_N)
        return failed(WRONG_TYPE);
    if (y->fault != FINE)
        return *y;
    if (y->v->type != DDB_N)
        return failed(WRONG_TYPE);
    return calculate(a, x->v, y->v, op);
}

/* ---- Lists -------------------------------------------------------------- */

/* With room for n elements. */
static ddbi_list *new_list(const applying *a, uint32_t level, size_t n)
{
    ddbi_list *list = ddbi_list_in(a->scope->arena, (int)level);

    if (!list)
        return NULL;
    list->elements =
        ddbi_arena_alloc(a->scope->arena, n * sizeof *list->elements);
    list->cap = (uint32_t)n;
    return list->elements ? list : NULL;
}

/* Elements first..last of the old one, as they are. */
static void keep_elements(ddbi_list *list, const ddbi_list *old, uint32_t first,
                          uint32_t last)
{
    if (last > old->n)
        last = old->n;
    if (first >= last)
        return;
    memcpy(list->elements + list->n, old->elements + first,
           (last - first) * sizeof *list->elements);
    list->n += last - first;
}

static fault check_list(const operand *x)
{
    if (x->fault != FINE)
        return x->fault;
    return x->v->type == DDB_L ? FINE : WRONG_TYPE;
}

static operand append(applying *a, const operand *x, const operand *y,
                      uint32_t level)
{
    const ddbi_list *left, *right;
    ddbi_list *list;
    fault f = check_list(x);

    if (f == FINE)
        f = check_list(y);
    if (f != FINE)
        return failed(f);
    left = x->v->u.list;
    right = y->v->u.list;
    a->elements += (size_t)left->n + right->n;
    /* An element takes a byte at least. */
    if (a->elements > DDBI_MAX_ITEM)
        return failed(TOO_LARGE);
    list = new_list(a, level, (size_t)left->n + right->n);
    if (!list)
        return failed(NO_MEMORY);
    keep_elements(list, left, 0, left->n);
    keep_elements(list, right, 0, right->n);
    return (operand){.v = &list->self};
}

/* ---- Operands ----------------------------------------------------------- */

static operand operand_of_path(const applying *a, const ddbi_path *path)
{
    const ddb_value *v = ddbi_path_find(path, a->old);

    if (!v)
        return failed(MISSING);
    return (operand){.v = v};
}

static operand work_out(applying *a, const ddbi_action *action)
{
    operand *stack = a->stack;
    uint32_t n = 0;

    for (uint32_t i = action->from; i < action->to; i++) {
        const ddbi_node *node = &a->u->nodes[i];

        if (node->kind == NODE_VALUE) {
            stack[n++] = (operand){.v = node->u.value};
            continue;
        }
        if (node->kind == NODE_PATH) {
            stack[n++] = operand_of_path(a, &node->u.path);
            continue;
        }
        n -= 2;
        if (node->kind == NODE_SIGN)
            stack[n] = sum_of(a, &stack[n], &stack[n + 1], node->op);
        else if (node->op == FUNCTION_LIST_APPEND)
            stack[n] = append(a, &stack[n], &stack[n + 1], action->path.n);
        else if (stack[n].fault != FINE)
            stack[n] = stack[n + 1]; /* if_not_exists */
        n++;
    }
    return stack[0];
}

/* ---- Actions ------------------------------------------------------------ */

/* Where the action's path ends, and whether it may. */
static fault find_target(const applying *a, const ddbi_path *path,
                         const ddb_value **target)
{
    ddbi_path parent = {path->steps, path->n - 1};
    const ddb_value *v;

    *target = ddbi_path_find(path, a->old);
    if (path->n == 1 || *target)
        return FINE;
    v = ddbi_path_find(&parent, a->old);
    if (!v)
        return NO_PARENT;
    return v->type == (path->steps[path->n - 1].name.p ? DDB_M : DDB_L)
               ? FINE
               : WRONG_PARENT;
}

static ddb_value *new_value(applying *a)
{
    ddb_value *v = ddbi_arena_alloc(a->scope->arena, sizeof *v);

    if (v)
        *v = (ddb_value){0};
    return v;
}

static outcome add_to(applying *a, const ddb_value *target, const ddb_value *v)
{
    ddb_value *joined;

    if (!target)
        return (outcome){.new_value.v = v};
    if (target->type != v->type)
        return (outcome){.new_value.fault = WRONG_TYPE};
    if (v->type == DDB_N)
        return (outcome){.new_value = calculate(a, target, v, '+')};
    joined = new_value(a);
    if (!joined || ddbi_set_join(a->scope->arena, joined, target, v) != DDB_OK)
        return (outcome){.new_value.fault = NO_MEMORY};
    return (outcome){.new_value.v = joined};
}

static outcome delete_from(applying *a, const ddb_value *target,
                           const ddb_value *v)
{
    ddb_value *left;

    if (!target)
        return (outcome){.keep = 1};
    if (target->type != v->type)
        return (outcome){.new_value.fault = WRONG_TYPE};
    left = new_value(a);
    if (!left || ddbi_set_minus(a->scope->arena, left, target, v) != DDB_OK)
        return (outcome){.new_value.fault = NO_MEMORY};
    return (outcome){.new_value.v = left->n > 0 ? left : NULL};
}

static outcome act(applying *a, const ddbi_action *action)
{
    const ddb_value *target;
    fault where = find_target(a, &action->path, &target);
    outcome out = {0};

    if (where == WRONG_PARENT) {
        out.new_value.fault = where;
        return out;
    }
    switch (action->kind) {
    case DDBI_ACT_SET:
        out.new_value = work_out(a, action);
        break;
    case DDBI_ACT_ADD:
        out = add_to(a, target, a->u->nodes[action->from].u.value);
        break;
    case DDBI_ACT_DELETE:
        out = delete_from(a, target, a->u->nodes[action->from].u.value);
        break;
    default:
        out.keep = !target;
    }
    if (where != FINE &&
        (out.new_value.fault == FINE || out.new_value.fault > where))
        out.new_value.fault = where;
    return out;
}

/* ---- What is wrong with them -------------------------------------------- */

static ddb_code refuse(applying *a, const operand *x)
{
    static const char *const sums[] = {
        [DDBI_SUM_OVERFLOW] =
            "Number overflow. Attempting to store a number with magnitude "
            "larger than supported range",
        [DDBI_SUM_UNDERFLOW] =
            "Number underflow. Attempting to store a number with magnitude "
            "smaller than supported range",
        /* So the service says of 1E50 + 1 too. */
        [DDBI_SUM_PRECISION] =
            "Number overflow. Attempting to store a number with magnitude "
            "larger than supported range",
    };
    const char *what;

    switch (x->fault) {
    case NO_MEMORY:
        return DDB_NOMEM;
    case WRONG_PARENT:
    case NO_PARENT:
        what = "The document path provided in the update expression is "
               "invalid for update";
        break;
    case WRONG_TYPE:
        what = "An operand in the update expression has an incorrect data "
               "type";
        break;
    case MISSING:
        what = "The provided expression refers to an attribute that does not "
               "exist in the item";
        break;
    case WRONG_NUMBER:
        what = sums[x->sum];
        break;
    default:
        what = "Item size to update has exceeded the maximum allowed size";
    }
    return ddbi_expr_refuse(a->scope, what, (ddb_bytes){0});
}

/* Is x to be told before y?  Sections count backwards, but only for what is
 * not there. */
static int comes_before(const applying *a, uint32_t x, uint32_t y)
{
    fault f = a->outcomes[x].new_value.fault;
    fault g = a->outcomes[y].new_value.fault;
    uint32_t section = a->u->actions[x].section;

    if ((f == NO_PARENT || f == MISSING) && (g == NO_PARENT || g == MISSING) &&
        section != a->u->actions[y].section)
        return section > a->u->actions[y].section;
    return f < g;
}

static ddb_code check_outcomes(applying *a)
{
    uint32_t first = a->u->n;

    for (uint32_t i = 0; i < a->u->n; i++) {
        if (a->outcomes[i].new_value.fault == NO_MEMORY)
            return DDB_NOMEM;
        if (a->outcomes[i].new_value.fault != FINE &&
            (first == a->u->n || comes_before(a, i, first)))
            first = i;
    }
    return first == a->u->n ? DDB_OK : refuse(a, &a->outcomes[first].new_value);
}

/* ---- The new item ------------------------------------------------------- */

static const ddbi_step *step_at(const applying *a, uint32_t i, uint32_t level)
{
    return &a->u->paths[a->u->order[i]].steps[level];
}

/* Where those of the sorted paths end that go on with the same step. */
static uint32_t same_step(const applying *a, uint32_t from, uint32_t to,
                          uint32_t level)
{
    uint32_t i = from + 1;

    while (i < to && ddbi_step_compare(step_at(a, i, level),
                                       step_at(a, from, level)) == 0)
        i++;
    return i;
}

/* NOLINTBEGIN(misc-no-recursion): paths have 32 levels at most. */

/* What is to be where paths from..to lead: 1: *out; 0: nothing; -1: what was
 * there; -2: no memory. */
static int rebuild(const applying *a, uint32_t from, uint32_t to,
                   uint32_t level, const ddb_value *old, ddb_value *out);

static ddb_item *rebuild_map(const applying *a, uint32_t from, uint32_t to,
                             uint32_t level, const ddb_item *old)
{
    ddb_item *it = ddbi_item_share(a->scope->arena, old);

    for (uint32_t end; it && from < to; from = end) {
        ddb_bytes name = step_at(a, from, level)->name;
        ddb_value made;
        int ret;

        end = same_step(a, from, to, level);
        ret = rebuild(a, from, end, level + 1,
                      ddbi_item_find(old, name.p, name.n), &made);
        if (ret == -2)
            return NULL;
        if (ret == 0) {
            ddbi_item_remove(it, name.p, name.n);
        } else if (ret == 1) {
            ddb_value *slot = ddbi_item_slot(it, name.p, name.n);

            if (!slot)
                return NULL;
            *slot = made;
        }
    }
    return it;
}

/* Indexes are those of the old list; what is behind its end comes there. */
static ddbi_list *rebuild_list(const applying *a, uint32_t from, uint32_t to,
                               uint32_t level, const ddbi_list *old)
{
    ddbi_list *list = new_list(a, level, (size_t)old->n + (to - from));
    uint32_t done = 0; /* of the old elements */

    for (uint32_t end; list && from < to; from = end) {
        uint32_t index = step_at(a, from, level)->index;
        const ddb_value *v = index < old->n ? &old->elements[index] : NULL;
        ddb_value made;
        int ret;

        end = same_step(a, from, to, level);
        ret = rebuild(a, from, end, level + 1, v, &made);
        if (ret == -2)
            return NULL;
        keep_elements(list, old, done, index);
        done = index;
        if (ret == 1)
            list->elements[list->n++] = made;
        if (ret != -1)
            done++; /* replaced or removed */
    }
    if (list)
        keep_elements(list, old, done, old->n);
    return list;
}

static int rebuild(const applying *a, uint32_t from, uint32_t to,
                   uint32_t level, const ddb_value *old, ddb_value *out)
{
    uint32_t i = a->u->order[from];
    ddbi_list *list;
    ddb_item *map;

    if (a->u->paths[i].n == level) {
        const outcome *o = &a->outcomes[i];

        if (o->keep)
            return -1;
        if (!o->new_value.v)
            return 0;
        *out = *o->new_value.v;
        return 1;
    }
    assert(old); /* see find_target() */
    if (old->type == DDB_L) {
        list = rebuild_list(a, from, to, level, old->u.list);
        if (!list)
            return -2;
        *out = list->self;
        return 1;
    }
    map = rebuild_map(a, from, to, level, old->u.map);
    if (!map)
        return -2;
    *out = (ddb_value){.type = DDB_M, .u.map = map};
    return 1;
}

/* NOLINTEND(misc-no-recursion) */

ddb_code ddbi_update_apply(ddbi_expr_scope *s, const ddbi_update *u,
                           const ddb_item *old, ddb_item **out)
{
    applying a = {.scope = s, .u = u, .old = old};
    uint32_t deepest = 1;
    ddb_code code;

    *out = NULL;
    for (uint32_t i = 0; i < u->n; i++)
        if (u->actions[i].to - u->actions[i].from > deepest)
            deepest = u->actions[i].to - u->actions[i].from;
    a.outcomes = ddbi_arena_alloc(s->arena, u->n * sizeof *a.outcomes);
    a.stack = ddbi_arena_alloc(s->arena, deepest * sizeof *a.stack);
    if (!a.outcomes || !a.stack)
        return DDB_NOMEM;
    for (uint32_t i = 0; i < u->n; i++)
        a.outcomes[i] = act(&a, &u->actions[i]);
    code = check_outcomes(&a);
    if (code != DDB_OK)
        return code;
    *out = rebuild_map(&a, 0, u->n, 0, old);
    return *out ? DDB_OK : DDB_NOMEM;
}
