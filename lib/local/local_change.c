/* SPDX-License-Identifier: MIT */
/*
 * A change of one item, step by step.
 *
 * What is in the request alone is looked at first, then what the table's
 * schema says to it, then the item itself: so a request for a table that
 * does not exist is told of its wrong expression, and a condition is not
 * evaluated for a key that cannot be.
 *
 * An update of an item that is not there starts from its key; one that ends
 * there too, having only taken away, leaves no item behind.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
 */
#include "local/local_change.h"

#include "base/enc.h"

#define INVALID "One or more parameter values were invalid: "

/* ---- The request alone -------------------------------------------------- */

static ddb_code check_return_values(ddbi_ask *a, ddbi_tx_kind kind)
{
    ddb_bytes asked = a->in->return_values;

    if (kind == DDBI_TX_UPDATE || !asked.n || ddbi_equal_text(asked, "NONE") ||
        ddbi_equal_text(asked, "ALL_OLD"))
        return DDB_OK;
    return ddbi_refuse_invalid(a, "ReturnValues can only be ALL_OLD or NONE");
}

static ddb_code check_together(ddbi_ask *a, ddbi_tx_kind kind,
                               const ddbi_op_in *in)
{
    const char *without = NULL;
    int any = in->condition.p || in->update.p;

    if (!any)
        without = kind == DDBI_TX_UPDATE
                      ? "UpdateExpression and ConditionExpression are null"
                      : "ConditionExpression is null";
    return ddbi_op_together(a, in, any, without);
}

ddb_code ddbi_change_check(ddbi_ask *a, ddbi_tx_kind kind, const ddbi_op_in *in,
                           ddbi_change *out)
{
    ddb_item *given = kind == DDBI_TX_PUT ? in->item : in->key;
    ddb_code code;

    *out = (ddbi_change){.kind = kind, .in = in, .key = given};
    code = check_together(a, kind, in);
    if (code == DDB_OK)
        code = ddbi_check_item(a, given);
    if (code == DDB_OK)
        code = check_return_values(a, kind);
    if (code == DDB_OK && kind == DDBI_TX_PUT &&
        ddb_item_size(given) > DDBI_MAX_ITEM)
        code = ddbi_refuse_invalid(
            a, "Item size has exceeded the maximum allowed size");
    return code == DDB_OK ? ddbi_op_check(a, in, &out->op) : code;
}

/* ---- The table's schema ------------------------------------------------- */

/* Key attributes stay what they are; the partition key is told first. */
static ddb_code check_not_key(ddbi_ask *a, const ddbi_table *t,
                              const ddbi_update *u)
{
    const ddbi_key_attribute *part[] = {&t->self.pk, &t->self.sk};
    ddb_bytes name;

    for (int k = 0; k < 2; k++)
        for (uint32_t i = 0; (name = ddbi_update_attribute(u, i, NULL)).n; i++)
            if (ddbi_equal(name, part[k]->name))
                return ddbi_refuse_invalid(
                    a,
                    INVALID "Cannot update attribute %.*s. This attribute is "
                            "part of the key",
                    (int)name.n, (const char *)name.p);
    return DDB_OK;
}

/* The types that the text gives to attributes that key an index: an item of
 * such, without values, is what the indexes are asked about. */
static ddb_code check_types(ddbi_ask *a, const ddbi_table *t,
                            const ddbi_update *u)
{
    ddb_item *given;
    ddb_bytes name;
    ddb_value *v;

    if (!t->n_indexes)
        return DDB_OK;
    given = ddbi_item_in(a->arena, 0);
    for (uint32_t i = 0; given; i++) {
        name = ddbi_update_attribute(u, i, NULL);
        if (!name.n)
            break;
        if (!ddbi_update_type(u, i))
            continue;
        v = ddbi_item_append(given, name);
        if (!v)
            return ddbi_ask_nomem(a);
        v->type = ddbi_update_type(u, i);
    }
    if (!given || ddbi_item_settle(given) == DDB_NOMEM)
        return ddbi_ask_nomem(a);
    return ddbi_check_index_types(a, t, given);
}

ddb_code ddbi_change_keys(ddbi_ask *a, ddbi_change *c, const ddbi_table *t)
{
    ddb_code code;

    c->t = t;
    code = ddbi_cost_begin(a, t, c->in->table, &c->cost);
    if (code == DDB_OK && c->kind == DDBI_TX_PUT)
        code = ddbi_check_keys_of(a, t, c->key);
    else if (code == DDB_OK)
        code = ddbi_check_key(a, t, c->key);
    if (code == DDB_OK && c->op->update)
        code = check_not_key(a, t, c->op->update);
    if (code == DDB_OK && c->op->update)
        code = check_types(a, t, c->op->update);
    if (code == DDB_OK)
        code = ddbi_scalars_update(a, t, c->op->update);
    return code == DDB_OK ? ddbi_scalars_condition(a, t, c->op->condition)
                          : code;
}

/* ---- The item ----------------------------------------------------------- */

/* Is there a value below 32 levels?  Levels are counted as ddb_item_parse()
 * does, so that what is stored can be read.
 * NOLINTBEGIN(misc-no-recursion): it ends at level 33. */
static int is_deep(const ddb_value *v, int level)
{
    if (level > DDBI_MAX_NESTING)
        return 1;
    if (v->type == DDB_M)
        for (uint32_t i = 0; i < v->u.map->n; i++)
            if (is_deep(&v->u.map->attributes[i].value, level + 1))
                return 1;
    if (v->type == DDB_L)
        for (uint32_t i = 0; i < v->u.list->n; i++)
            if (is_deep(&v->u.list->elements[i], level + 1))
                return 1;
    return 0;
}
/* NOLINTEND(misc-no-recursion) */

static ddb_code check_limits(ddbi_ask *a, const ddb_item *it)
{
    for (uint32_t i = 0; i < it->n; i++)
        if (is_deep(&it->attributes[i].value, 1))
            return ddbi_refuse_invalid(
                a, "Nesting Levels have exceeded supported limits: Attributes "
                   "in the item have nested levels beyond supported limit");
    if (ddb_item_size(it) > DDBI_MAX_ITEM)
        return ddbi_refuse_invalid(
            a, "Item size to update has exceeded the maximum allowed size");
    return DDB_OK;
}

/* What an update makes of it; *out NULL: there is and will be none. */
static ddb_code update(ddbi_ask *a, ddbi_change *c, const ddb_item **out)
{
    const ddb_item *from = c->old.item ? c->old.item : c->key;
    ddb_item *to;
    ddb_code code;

    *out = from;
    if (!c->op->update)
        return DDB_OK;
    if (!c->old.item && ddbi_update_only_removes(c->op->update)) {
        *out = NULL;
        return DDB_OK;
    }
    code = ddbi_op_judge(
        a, c->op, ddbi_update_apply(&c->op->scope, c->op->update, from, &to),
        NULL);
    if (code == DDB_OK)
        code = ddbi_check_updated(a, c->t, from, to);
    if (code == DDB_OK)
        code = check_limits(a, to);
    if (code != DDB_OK)
        return code;
    *out = c->old.item || to->n > c->key->n ? to : NULL;
    return DDB_OK;
}

ddb_code ddbi_change_apply(ddbi_ask *a, ddbi_change *c)
{
    int parse = c->op->condition || c->kind == DDBI_TX_UPDATE ||
                (c->kind != DDBI_TX_CHECK && ddbi_write_parses(c->t));
    ddb_code code = ddbi_read_stored(a, c->t, c->key, parse, &c->old);

    if (code != DDB_OK)
        return code;
    code = ddbi_op_condition(a, c->in, c->op, &c->old);
    c->failed = code == DDB_SERVICE;
    if (code != DDB_OK)
        return code;
    if (c->kind == DDBI_TX_UPDATE)
        return update(a, c, &c->item);
    c->item = c->kind == DDBI_TX_PUT ? c->key : NULL;
    return DDB_OK;
}

ddb_code ddbi_change_ready(ddbi_ask *a, ddbi_change *c)
{
    if (c->kind == DDBI_TX_CHECK) {
        c->cost.write += ddbi_write_units(c->old.size);
        return DDB_OK;
    }
    return ddbi_write_ready(a, c->t, &c->old, c->item, &c->cost, &c->write);
}
