/* SPDX-License-Identifier: MIT */
/*
 * What a Query or a Scan asks for, and whether it can be had: Select against
 * the expressions, the index and what it projects, the starting key.
 *
 * A global secondary index has nothing but what it projects.  For a local one
 * items are read from the table when more is asked for; but its filter sees
 * the index's rows alone, and a Query says so (a Scan lets it find nothing).
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
 */
#include "local/local_page.h"

#include "base/enc.h"

#define INVALID "One or more parameter values were invalid: "
#define INVALID_START "The provided starting key is invalid"

/* ---- Before any data is seen -------------------------------------------- */

static ddb_code check_select(ddbi_ask *a, const char *before)
{
    ddb_bytes select = a->in->select;
    int specific = ddbi_equal_text(select, "SPECIFIC_ATTRIBUTES");
    int count = ddbi_equal_text(select, "COUNT");

    if (!select.n)
        return DDB_OK;
    if (a->in->op.projection.p && !specific)
        return ddbi_refuse_invalid(
            a,
            "%sCannot specify the ProjectionExpression when choosing to get "
            "%.*s",
            before, count ? 14 : (int)select.n,
            count ? "only the Count" : (const char *)select.p);
    if (specific && !a->in->op.projection.p)
        return ddbi_refuse_invalid(
            a,
            "%sMust specify the AttributesToGet or ProjectionExpression "
            "when choosing to get SPECIFIC_ATTRIBUTES",
            before);
    if (ddbi_equal_text(select, "ALL_PROJECTED_ATTRIBUTES") && !a->in->index.p)
        return ddbi_refuse_invalid(
            a,
            "%sALL_PROJECTED_ATTRIBUTES can be used only when Querying "
            "using an IndexName",
            before);
    return DDB_OK;
}

ddb_code ddbi_page_members(ddbi_ask *a, int query)
{
    const ddbi_op_in *in = &a->in->op;
    int values = in->filter.p || in->key_condition.p;
    ddb_code code =
        check_select(a, query ? "1 validation error detected: " : "");

    if (code == DDB_OK)
        code = ddbi_op_together(
            a, in, values || in->projection.p,
            values  ? NULL
            : query ? "FilterExpression and KeyConditionExpression are null"
                    : "FilterExpression is null");
    return code;
}

ddb_code ddbi_page_expressions(ddbi_ask *a)
{
    ddbi_op *op;
    ddb_code code = ddbi_op_check(a, &a->in->op, &op);

    a->checked = op;
    return code;
}

/* ---- Table and index ---------------------------------------------------- */

ddb_code ddbi_page_open(ddbi_ask *a, ddbi_page *p)
{
    ddb_code code = ddbi_table_find(a, a->in->op.table, &p->table);

    p->op = a->checked;
    if (code != DDB_OK)
        return code;
    p->index = &p->table->self;
    if (!a->in->index.p)
        return DDB_OK;
    code = ddbi_table_index(a, p->table, a->in->index, &p->index);
    if (code != DDB_OK)
        return code;
    p->secondary = 1;
    p->global = !p->index->local;
    if (p->global && a->in->consistent == DDBI_TRUE)
        return ddbi_refuse_invalid(a, "Consistent reads are not supported on "
                                      "global secondary indexes");
    return DDB_OK;
}

static int is_key_of(const ddbi_index *index, ddb_bytes name)
{
    return ddbi_equal(index->pk.name, name) || ddbi_equal(index->sk.name, name);
}

ddb_code ddbi_page_select(ddbi_ask *a, ddbi_page *p)
{
    if (!p->secondary || p->index->projected == DDBI_ALL ||
        !ddbi_equal_text(a->in->select, "ALL_ATTRIBUTES"))
        return DDB_OK;
    p->fetch = 1;
    if (!p->global)
        return DDB_OK;
    return ddbi_refuse_invalid(
        a,
        INVALID "Select type ALL_ATTRIBUTES is not supported for global "
                "secondary index %.*s because its projection type is not ALL",
        (int)p->index->name.n, (const char *)p->index->name.p);
}

static ddb_code refuse_missing(ddbi_ask *a, const ddbi_page *p,
                               const ddbi_buf *names)
{
    if (names->failed != DDB_OK)
        return ddbi_ask_nomem(a);
    return ddbi_refuse_invalid(
        a, INVALID "Global secondary index %.*s does not project [%.*s]",
        (int)p->index->name.n, (const char *)p->index->name.p, (int)names->n,
        names->p);
}

ddb_code ddbi_page_projection(ddbi_ask *a, ddbi_page *p)
{
    const ddbi_projection *projection = p->op->projection;
    ddbi_buf missing = {0};
    ddb_code code = DDB_OK;
    ddb_bytes name;

    if (!projection)
        return DDB_OK;
    for (uint32_t i = 0;
         (name = ddbi_projection_attribute(projection, i, NULL)).n; i++) {
        if (ddbi_is_projected(p->table, p->index, name))
            continue;
        p->fetch = 1;
        if (p->global && missing.n)
            ddbi_buf_add_str(&missing, ", ");
        if (p->global)
            ddbi_buf_add(&missing, name.p, name.n);
    }
    if (p->fetch && p->global)
        code = refuse_missing(a, p, &missing);
    ddbi_buf_free(&missing);
    return code;
}

ddb_code ddbi_page_projection_paths(ddbi_ask *a, ddbi_page *p)
{
    return ddbi_scalars_projection(a, p->table, p->op->projection);
}

ddb_code ddbi_page_filter_paths(ddbi_ask *a, ddbi_page *p)
{
    return ddbi_scalars_condition(a, p->table, p->op->filter);
}

/* ---- ExclusiveStartKey -------------------------------------------------- */

int ddbi_page_start_fits(const ddbi_ask *a, const ddbi_page *p)
{
    const ddbi_index *self = &p->table->self, *index = p->index;
    uint32_t n = self->sk.name.n ? 2 : 1;

    n += !is_key_of(self, index->pk.name);
    n += index->sk.name.n && !is_key_of(self, index->sk.name);
    return a->in->start->n == n;
}

static const ddb_value *start_value(const ddbi_ask *a,
                                    const ddbi_key_attribute *k)
{
    return ddbi_item_find(a->in->start, k->name.p, k->name.n);
}

ddb_code ddbi_page_start_part(ddbi_ask *a, const ddbi_key_attribute *k,
                              int sort)
{
    const ddb_value *v = start_value(a, k);

    if (!v)
        return ddbi_refuse_invalid(a, INVALID_START);
    return ddbi_check_key_value(a, v, k, sort);
}

ddb_code ddbi_page_start_key(ddbi_ask *a, ddbi_page *p)
{
    const ddbi_index *self = &p->table->self;
    ddb_bytes why;
    ddb_code code;

    if (!a->in->start)
        return DDB_OK;
    code = ddbi_check_key_value(a, start_value(a, &self->pk), &self->pk, 0);
    if (code == DDB_OK && self->sk.name.n)
        code = ddbi_check_key_value(a, start_value(a, &self->sk), &self->sk, 1);
    if (code != DDB_SERVICE)
        return code;
    why = ddbi_op_message(a);
    if (!why.p)
        return ddbi_ask_nomem(a);
    return ddbi_refuse_invalid(a, INVALID_START ": %.*s", (int)why.n,
                               (const char *)why.p);
}
