/* SPDX-License-Identifier: MIT */
/*
 * Query: the items of one partition, in the order of the sort key, forwards
 * or backwards, and of them those that one condition on the sort key leaves.
 * The condition becomes a range of places, so that a page costs what it
 * reads and nothing else.
 *
 * The service knows a table's keys only when it has found the table: what is
 * wrong with a key condition itself is told before, what it has to do with
 * the keys after, attribute by attribute together with the starting key.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
 */
#include "local/local_page.h"

#include "base/enc.h"

#define INVALID "One or more parameter values were invalid: "

ddb_code ddbi_do_query_check(ddbi_ask *a)
{
    ddb_code code = ddbi_page_members(a, 1);

    if (code == DDB_OK && a->in->start)
        code = ddbi_check_start(a, a->in->start);
    if (code == DDB_OK && !a->in->op.key_condition.p)
        code = ddbi_refuse_invalid(
            a, "Either the KeyConditions or KeyConditionExpression parameter "
               "must be specified in the request.");
    if (code == DDB_OK)
        code = ddbi_page_expressions(a);
    return code;
}

/* ---- The key condition and the keys ------------------------------------- */

static const ddbi_key_part *part_of(const ddbi_page *p,
                                    const ddbi_key_attribute *k)
{
    const ddbi_key_condition *c = &p->op->key;

    for (int i = 0; i < c->n; i++)
        if (ddbi_equal(c->part[i].attribute, k->name))
            return &c->part[i];
    return NULL;
}

static ddb_code check_operand(ddbi_ask *a, const ddb_value *v,
                              const ddbi_key_attribute *k)
{
    if (v && v->type != k->type)
        return ddbi_refuse_invalid(a, INVALID "Condition parameter type does "
                                              "not match schema type");
    return DDB_OK;
}

static ddb_code check_part(ddbi_ask *a, const ddbi_page *p,
                           const ddbi_key_attribute *k, int sort)
{
    const ddbi_key_part *part = part_of(p, k);
    ddb_code code;

    if (!part && (!sort || p->op->key.n > 1))
        return ddbi_refuse_invalid(
            a, "Query condition missed key schema element: %.*s",
            (int)k->name.n, (const char *)k->name.p);
    if (!part)
        return DDB_OK;
    code = check_operand(a, part->value, k);
    if (code == DDB_OK)
        code = check_operand(a, part->upper, k);
    if (code == DDB_OK && !sort && part->op != DDBI_KEY_EQ)
        code = ddbi_refuse_invalid(a, "Query key condition not supported");
    if (code == DDB_OK)
        code = ddbi_check_key_value(a, part->value, k, sort);
    if (code == DDB_OK && part->upper)
        code = ddbi_check_key_value(a, part->upper, k, sort);
    return code;
}

static ddb_code check_keys(ddbi_ask *a, ddbi_page *p)
{
    const ddbi_index *index = p->index;
    int start = a->in->start != NULL, keys = index->sk.name.n ? 2 : 1;
    ddb_code code = DDB_OK;

    if (p->op->key.total > keys)
        return ddbi_refuse_invalid(
            a,
            "The number of query conditions (%d) exceeds the number of key "
            "attributes defined in the schema (%d)",
            p->op->key.total, keys);
    if (start && !ddbi_page_start_fits(a, p))
        return ddbi_refuse_invalid(a, "The provided starting key is invalid");
    if (start)
        code = ddbi_page_start_part(a, &index->pk, 0);
    if (code == DDB_OK)
        code = check_part(a, p, &index->pk, 0);
    if (code != DDB_OK || !index->sk.name.n)
        return code;
    if (start)
        code = ddbi_page_start_part(a, &index->sk, 1);
    if (code == DDB_OK)
        code = check_part(a, p, &index->sk, 1);
    return code;
}

/* ---- The range ---------------------------------------------------------- */

/* A key condition's operand as places have it, behind the partition. */
static void add_operand(ddbi_buf *b, const ddb_value *v, int whole)
{
    ddbi_buf bytes = {0};

    ddbi_key_value(&bytes, v);
    ddbi_place_add(b, (ddb_bytes){bytes.p, bytes.n}, whole);
    if (bytes.failed != DDB_OK)
        ddbi_buf_fail(b, bytes.failed);
    ddbi_buf_free(&bytes);
}

/* Both ends are the partition's beginning still. */
static void set_range(ddbi_page *p, const ddbi_key_part *part)
{
    ddbi_key_operator op = part->op;
    int whole = op != DDBI_KEY_BEGINS_WITH;

    if (op != DDBI_KEY_LT && op != DDBI_KEY_LE)
        add_operand(&p->from, part->value, whole);
    if (op == DDBI_KEY_GT)
        ddbi_place_after(&p->from);
    if (op == DDBI_KEY_BETWEEN)
        add_operand(&p->to, part->upper, 1);
    else if (op != DDBI_KEY_GT && op != DDBI_KEY_GE)
        add_operand(&p->to, part->value, whole);
    if (op != DDBI_KEY_LT)
        ddbi_place_after(&p->to);
}

static ddb_code find_range(ddbi_ask *a, ddbi_page *p)
{
    const ddbi_index *index = p->index;
    const ddbi_key_part *pk = part_of(p, &index->pk), *sk = NULL;
    ddbi_buf bytes = {0};
    ddb_bytes partition;

    if (index->sk.name.n)
        sk = part_of(p, &index->sk);
    p->descending = a->in->forward == DDBI_FALSE;
    ddbi_key_value(&bytes, pk->value);
    partition = (ddb_bytes){bytes.p, bytes.n};
    ddbi_place_partition(&p->from, index->id, partition);
    ddbi_buf_add(&p->to, p->from.p, p->from.n);
    if (sk)
        set_range(p, sk);
    else
        ddbi_place_after(&p->to);
    p->partition.p = ddbi_arena_dup(a->arena, bytes.p, bytes.n);
    p->partition.n = bytes.n;
    if (bytes.failed != DDB_OK || !p->partition.p)
        ddbi_buf_fail(&p->from, DDB_NOMEM);
    ddbi_buf_free(&bytes);
    return p->from.failed == DDB_OK && p->to.failed == DDB_OK
               ? DDB_OK
               : ddbi_ask_nomem(a);
}

/* ---- Where it starts ---------------------------------------------------- */

/* Is the start key's sort key one that the condition lets pass? */
static ddb_code matches_range(ddbi_ask *a, const ddbi_page *p, int *yes)
{
    const ddbi_key_attribute *k = &p->index->sk;
    ddbi_buf at = {0};

    ddbi_place_partition(&at, p->index->id, p->partition);
    add_operand(&at, ddbi_item_find(a->in->start, k->name.p, k->name.n), 1);
    if (at.failed != DDB_OK) {
        ddbi_buf_free(&at);
        return ddbi_ask_nomem(a);
    }
    *yes = ddbi_page_holds(p, (ddb_bytes){at.p, at.n});
    ddbi_buf_free(&at);
    return DDB_OK;
}

static ddb_code check_bounds(ddbi_ask *a, ddbi_page *p)
{
    const ddbi_key_attribute *k = &p->index->pk;
    int same, matches = 1, ranged = p->op->key.n > 1;
    const ddb_value *v;
    ddb_code code;

    if (!a->in->start)
        return DDB_OK;
    v = ddbi_item_find(a->in->start, k->name.p, k->name.n);
    same = ddbi_scalar_compare(v, part_of(p, k)->value) == 0;
    code = ranged ? matches_range(a, p, &matches) : DDB_OK;
    if (code != DDB_OK)
        return code;
    if (!matches)
        return ddbi_refuse_invalid(a, "The provided starting key does not "
                                      "match the range key predicate");
    if (!same && ranged)
        return ddbi_refuse_invalid(a, "The query can return at most one row "
                                      "and cannot be restarted");
    if (!same)
        return ddbi_refuse_invalid(a, "The provided starting key is outside "
                                      "query boundaries based on provided "
                                      "conditions");
    return DDB_OK;
}

/* ---- The filter --------------------------------------------------------- */

/* A Query's keys are the key condition's business. */
static ddb_code check_filter(ddbi_ask *a, ddbi_page *p)
{
    const ddbi_key_attribute *k[] = {&p->index->pk, &p->index->sk};
    ddb_bytes name;

    if (!p->op->filter)
        return DDB_OK;
    for (int i = 0; i < 2 && k[i]->name.n; i++)
        for (uint32_t j = 0;
             (name = ddbi_condition_attribute(p->op->filter, j, NULL)).n; j++)
            if (ddbi_equal(name, k[i]->name))
                return ddbi_refuse_invalid(
                    a,
                    "Filter Expression can only contain non-primary key "
                    "attributes: Primary key attribute: %.*s",
                    (int)name.n, (const char *)name.p);
    return DDB_OK;
}

/* The first by name, behind another one, of the attributes that the filter
 * reads and the index has not.  n 0: no more. */
static ddb_bytes next_missing(const ddbi_page *p, ddb_bytes behind)
{
    ddb_bytes name, first = {0};

    for (uint32_t i = 0;
         (name = ddbi_condition_attribute(p->op->filter, i, NULL)).n; i++)
        if (!ddbi_is_projected(p->table, p->index, name) &&
            ddbi_compare(behind, name) < 0 &&
            (!first.n || ddbi_compare(name, first) < 0))
            first = name;
    return first;
}

static ddb_code check_filter_projected(ddbi_ask *a, ddbi_page *p)
{
    ddb_bytes name = {0};
    ddbi_buf names = {0};
    ddb_code code = DDB_OK;

    if (!p->op->filter)
        return DDB_OK;
    while ((name = next_missing(p, name)).n) {
        if (names.n)
            ddbi_buf_add_str(&names, ", ");
        ddbi_buf_add(&names, name.p, name.n);
    }
    if (names.failed != DDB_OK)
        code = ddbi_ask_nomem(a);
    else if (names.n)
        code = ddbi_refuse_invalid(
            a,
            INVALID "Secondary index %.*s does not project one or more filter "
                    "attributes: [%.*s]",
            (int)p->index->name.n, (const char *)p->index->name.p, (int)names.n,
            names.p);
    ddbi_buf_free(&names);
    return code;
}

ddb_code ddbi_do_query(ddbi_ask *a)
{
    static ddbi_page_step *const steps[] = {
        ddbi_page_open,         check_keys,
        ddbi_page_start_key,    find_range,
        check_bounds,           ddbi_page_projection_paths,
        check_filter,           ddbi_page_select,
        ddbi_page_projection,   ddbi_page_filter_paths,
        check_filter_projected, ddbi_page_resume,
        ddbi_page_answer};

    return ddbi_page_run(a, steps, sizeof steps / sizeof steps[0]);
}
