/* SPDX-License-Identifier: MIT */
/*
 * UpdateTable: billing mode, throughput, global secondary indexes, deletion
 * protection and table class.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
 *
 * The service answers before it has done anything: UPDATING, with the old
 * throughput, an index CREATING without items or still there and DELETING.
 * Here all is done by the time of the answer, which says the same: so there
 * are two tables, the one that is to be and the one that is shown.
 *
 * Streams, encryption and replicas are refused where requests are read.
 */
#include "local/local_item.h"

#include "base/enc.h"

#include <string.h>

#define BAD "One or more parameter values were invalid: "
#define SHOW(bytes) (int)(bytes).n, (const char *)(bytes).p

typedef struct {
    const ddbi_table *old;
    ddbi_table next;  /* indexes: an array of its own, with room for one */
    ddbi_table shown; /* more; the same */
    uint32_t created; /* number of an index, to be filled; 0: none */
    uint32_t deleted; /* to be cleared */
} change;

/* ---- Throughput --------------------------------------------------------- */

/* The answer has the time of the change, and the values of before. */
static void set_units(ddbi_ask *a, const ddbi_throughput_in *in,
                      ddbi_index *next, ddbi_index *shown)
{
    int64_t rcu = in->read.v, wcu = in->write.v;

    if (rcu > next->rcu || wcu > next->wcu)
        next->increased_ms = shown->increased_ms = a->now;
    if (rcu < next->rcu || wcu < next->wcu) {
        ddbi_index_decreased(next, a->now);
        shown->decreased_ms = a->now;
    }
    next->rcu = rcu;
    next->wcu = wcu;
}

static ddb_code refuse_same(ddbi_ask *a, const ddbi_index *x,
                            const ddbi_throughput_in *in)
{
    const char *of = x->name.n ? "index " : "the table";
    const char *the = x->name.n ? "the index " : "the table";

    return ddbi_refuse_invalid(
        a,
        "The provisioned throughput for %s%.*s will not change. The requested "
        "value equals the current value. Current ReadCapacityUnits provisioned "
        "for %s%.*s: %lld. Requested ReadCapacityUnits: %lld. Current "
        "WriteCapacityUnits provisioned for %s%.*s: %lld. Requested "
        "WriteCapacityUnits: %lld. Refer to the Amazon DynamoDB Developer "
        "Guide for current limits and how to request higher limits.",
        the, SHOW(x->name), of, SHOW(x->name), (long long)x->rcu,
        (long long)in->read.v, of, SHOW(x->name), (long long)x->wcu,
        (long long)in->write.v);
}

static ddb_code change_units(ddbi_ask *a, const ddbi_throughput_in *in,
                             ddbi_index *next, ddbi_index *shown)
{
    if (in->read.v == next->rcu && in->write.v == next->wcu)
        return refuse_same(a, next, in);
    set_units(a, in, next, shown);
    return DDB_OK;
}

/* ---- Billing mode ------------------------------------------------------- */

static void to_on_demand(ddbi_ask *a, change *c)
{
    ddbi_table *t = &c->next;

    t->on_demand = 1;
    t->on_demand_ms = a->now;
    t->self.rcu = t->self.wcu = 0;
    for (uint32_t i = 0; i < t->n_indexes; i++) {
        ddbi_index *x = &t->indexes[i];

        if (x->local)
            continue;
        x->rcu = x->wcu = 0;
        ddbi_index_decreased(x, a->now);
        c->shown.indexes[i].rcu = c->shown.indexes[i].wcu = 0;
        c->shown.indexes[i].status = DDBI_UPDATING;
    }
    c->shown.on_demand = 1;
    c->shown.on_demand_ms = a->now;
    c->shown.self.rcu = c->shown.self.wcu = 0;
}

/* Which index's throughput is not among the updates? */
static const ddbi_index *index_without_units(const ddbi_in *in,
                                             const ddbi_table *t)
{
    for (uint32_t i = 0; i < t->n_indexes; i++) {
        uint32_t k = 0;

        if (t->indexes[i].local)
            continue;
        while (k < in->n_updates &&
               !((in->updates[k].update || in->updates[k].delete_) &&
                 ddbi_equal(ddbi_update_name(&in->updates[k]),
                            t->indexes[i].name)))
            k++;
        if (k == in->n_updates)
            return &t->indexes[i];
    }
    return NULL;
}

static ddb_code change_billing(ddbi_ask *a, change *c)
{
    const ddbi_in *in = a->in;
    const ddbi_index *x;

    if (in->billing.n)
        c->shown.status = DDBI_UPDATING;
    if (ddbi_equal_text(in->billing, "PAY_PER_REQUEST") && !c->old->on_demand)
        to_on_demand(a, c);
    if (!ddbi_equal_text(in->billing, "PROVISIONED") || !c->old->on_demand)
        return DDB_OK;
    x = index_without_units(in, c->old);
    if (x)
        return ddbi_refuse_invalid(
            a, BAD "ProvisionedThroughput must be specified for index: %.*s",
            SHOW(x->name));
    c->next.on_demand = c->shown.on_demand = 0;
    return DDB_OK;
}

static ddb_code change_throughput(ddbi_ask *a, change *c)
{
    const ddbi_throughput_in *in = &a->in->throughput;
    ddb_code code;

    if (!in->present)
        return DDB_OK;
    if (c->next.on_demand)
        return ddbi_refuse_invalid(
            a, BAD "Neither ReadCapacityUnits nor WriteCapacityUnits can be "
                   "specified when BillingMode is PAY_PER_REQUEST");
    code = change_units(a, in, &c->next.self, &c->shown.self);
    c->shown.status = DDBI_UPDATING;
    if (c->old->on_demand) { /* the new mode's are shown at once */
        c->shown.self.rcu = in->read.v;
        c->shown.self.wcu = in->write.v;
    }
    return code;
}

/* ---- Indexes ------------------------------------------------------------ */

/* By name; n_indexes: there is none. */
static uint32_t find_index(const ddbi_table *t, ddb_bytes name)
{
    uint32_t i = 0;

    while (i < t->n_indexes && !ddbi_equal(t->indexes[i].name, name))
        i++;
    return i;
}

/* The place of a global one, or a refusal. */
static ddb_code find_global(ddbi_ask *a, const ddbi_table *t, ddb_bytes name,
                            const char *what, uint32_t *out)
{
    *out = find_index(t, name);
    if (*out == t->n_indexes)
        return ddbi_refuse(a, "ResourceNotFoundException",
                           "Requested resource not found: Index %.*s for table "
                           "%.*s",
                           SHOW(name), SHOW(t->name));
    if (t->indexes[*out].local)
        return ddbi_refuse_invalid(
            a, "Cannot %s an index that is not a GlobalSecondaryIndex: %.*s",
            what, SHOW(name));
    return DDB_OK;
}

static ddb_code update_index(ddbi_ask *a, change *c, const ddbi_index_in *in)
{
    const ddbi_throughput_in *units = &in->throughput;
    uint32_t i, k;
    ddb_code code = find_global(a, c->old, in->name, "update", &i);

    if (code != DDB_OK)
        return code;
    if (c->next.on_demand)
        return ddbi_refuse_invalid(
            a,
            BAD "The only Updates for index: %.*s when TableThroughputMode is "
                "PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput",
            SHOW(in->name));
    if (!units->present)
        return ddbi_refuse_invalid(
            a,
            BAD "Both ReadCapacityUnits and WriteCapacityUnits must be "
                "specified for index: %.*s",
            SHOW(in->name));
    k = find_index(&c->next, in->name);
    code = change_units(a, units, &c->next.indexes[k], &c->shown.indexes[i]);
    c->shown.indexes[i].status = DDBI_UPDATING;
    if (c->old->on_demand) {
        c->shown.indexes[i].rcu = units->read.v;
        c->shown.indexes[i].wcu = units->write.v;
    }
    return code;
}

static ddb_code delete_index(ddbi_ask *a, change *c, const ddbi_index_in *in)
{
    ddbi_table *t = &c->next;
    uint32_t i;
    ddb_code code = find_global(a, c->old, in->name, "delete", &i);

    if (code != DDB_OK)
        return code;
    c->deleted = t->indexes[i].id;
    c->shown.indexes[i].status = DDBI_DELETING;
    c->shown.status = DDBI_UPDATING;
    t->n_indexes--;
    memmove(&t->indexes[i], &t->indexes[i + 1],
            (t->n_indexes - i) * sizeof t->indexes[0]);
    return DDB_OK;
}

/* Of the new index, as to the billing mode. */
static ddb_code new_units(ddbi_ask *a, const change *c, const ddbi_index_in *in,
                          ddbi_index *x)
{
    if (c->next.on_demand && in->throughput.present)
        return ddbi_refuse_invalid(
            a,
            BAD "Neither ReadCapacityUnits nor WriteCapacityUnits can be "
                "specified for index: %.*s when BillingMode is "
                "PAY_PER_REQUEST",
            SHOW(in->name));
    if (!c->next.on_demand && !in->throughput.present)
        return ddbi_refuse_invalid(
            a,
            BAD "Both ReadCapacityUnits and WriteCapacityUnits must be "
                "specified for index: %.*s",
            SHOW(in->name));
    x->rcu = in->throughput.read.v;
    x->wcu = in->throughput.write.v;
    return ddbi_rule_throughput(a, &in->throughput);
}

static void show_schema(ddbi_buf *b, const ddbi_index *x)
{
    const ddbi_key_attribute *keys[] = {&x->pk, &x->sk};

    ddbi_buf_add_str(b, "Schema:[");
    for (int k = 0; k < 2 && keys[k]->name.n; k++) {
        ddbi_buf_add_str(b,
                         k ? ", SchemaElement: key{" : "SchemaElement: key{");
        ddbi_buf_add(b, keys[k]->name.p, keys[k]->name.n);
        ddbi_buf_add_c(b, ':');
        ddbi_buf_add_str(b, ddbi_type_name(keys[k]->type));
        ddbi_buf_add_str(b, k ? ":RANGE}" : ":HASH}");
    }
    ddbi_buf_add_c(b, ']');
}

/* Do the two take an attribute for keys of two types? */
static int types_differ(const ddbi_index *x, const ddbi_index *y)
{
    const ddbi_key_attribute *keys[] = {&x->pk, &x->sk, &y->pk, &y->sk};

    for (int i = 0; i < 2; i++)
        for (int k = 2; k < 4; k++)
            if (keys[i]->name.n && ddbi_equal(keys[i]->name, keys[k]->name) &&
                keys[i]->type != keys[k]->type)
                return 1;
    return 0;
}

/* Key attributes that the table has already keep their types. */
static ddb_code check_types(ddbi_ask *a, const ddbi_table *t,
                            const ddbi_index *x)
{
    const ddbi_index *old = &t->self;
    ddbi_buf b = {0};
    ddb_code code;

    for (uint32_t i = 0; !types_differ(old, x); i++) {
        if (i == t->n_indexes)
            return DDB_OK;
        old = &t->indexes[i];
    }
    ddbi_buf_add_str(&b, BAD "Attributes cannot be redefined. Please check "
                             "that your attribute has the same type as "
                             "previously defined. Existing schema: ");
    show_schema(&b, old);
    ddbi_buf_add_str(&b, " New schema: ");
    show_schema(&b, x);
    code = b.failed ? ddbi_ask_nomem(a)
                    : ddbi_refuse_invalid(a, "%.*s", (int)b.n, b.p);
    ddbi_buf_free(&b);
    return code;
}

static ddb_code create_index(ddbi_ask *a, change *c, const ddbi_index_in *in)
{
    ddbi_index *x = &c->next.indexes[c->next.n_indexes];
    ddbi_index *shown = &c->shown.indexes[c->shown.n_indexes];
    ddb_code code;

    if (find_index(c->old, in->name) != c->old->n_indexes)
        return ddbi_refuse_invalid(
            a, "Attempting to create an index which already exists");
    if (!a->in->n_attributes)
        return ddbi_refuse_invalid(
            a, BAD "AttributeDefinitions is not specified for index: %.*s",
            SHOW(in->name));
    *x = (ddbi_index){0};
    code = ddbi_rule_index_keys(a, in, a->in->attributes, a->in->n_attributes,
                                &c->next.self, x);
    if (code == DDB_OK)
        code = check_types(a, c->old, x);
    if (code == DDB_OK)
        code = ddbi_rule_projection(a, in, x);
    if (code == DDB_OK)
        code = new_units(a, c, in, x);
    if (code != DDB_OK)
        return code;
    c->next.n_indexes++;
    if (ddbi_table_count(&c->next, 0) > DDBI_MOST_GLOBAL)
        return ddbi_refuse(a, "LimitExceededException",
                           "Subscriber limit exceeded: Number of global "
                           "secondary indexes exceeds per-table limit of 20");
    code = ddbi_rule_projected(a, &c->next);
    if (code == DDB_OK)
        code = ddbi_table_number(a, &x->id);
    c->created = x->id;
    *shown = *x;
    shown->status = DDBI_CREATING;
    c->shown.n_indexes++;
    c->shown.status = DDBI_UPDATING;
    return code;
}

static ddb_code change_indexes(ddbi_ask *a, change *c)
{
    const ddbi_index_update_in *u = a->in->updates;
    ddb_code code = DDB_OK;
    uint32_t n = 0;

    for (uint32_t i = 0; i < a->in->n_updates; i++)
        n += u[i].create || u[i].delete_;
    if (n > 1)
        return ddbi_refuse(a, "LimitExceededException",
                           "Subscriber limit exceeded: Only 1 online index can "
                           "be created or deleted simultaneously per table");
    for (uint32_t i = 0; code == DDB_OK && i < a->in->n_updates; i++) {
        if (u[i].update)
            code = update_index(a, c, u[i].update);
        else if (u[i].delete_)
            code = delete_index(a, c, u[i].delete_);
        else if (u[i].create)
            code = create_index(a, c, u[i].create);
    }
    return code;
}

/* ---- All of it ---------------------------------------------------------- */

static void change_rest(ddbi_ask *a, change *c)
{
    const ddbi_in *in = a->in;

    if (in->deletion_protection)
        c->next.protected = c->shown.protected =
            in->deletion_protection == DDBI_TRUE;
    if (!in->table_class.p)
        return;
    c->shown.status = DDBI_UPDATING;
    if (ddbi_equal(in->table_class, c->old->table_class) ||
        (!c->old->table_class.n &&
         ddbi_equal_text(in->table_class, "STANDARD")))
        return;
    c->next.table_class = in->table_class;
    c->next.class_ms = a->now;
}

static ddb_code begin(ddbi_ask *a, change *c)
{
    ddbi_table *tables[] = {&c->next, &c->shown};
    uint32_t n = c->old->n_indexes;

    for (int i = 0; i < 2; i++) {
        ddbi_index *copy = ddbi_arena_alloc(a->arena, (n + 1) * sizeof *copy);

        if (!copy)
            return ddbi_ask_nomem(a);
        if (n)
            memcpy(copy, c->old->indexes, n * sizeof *copy);
        *tables[i] = *c->old;
        tables[i]->indexes = copy;
    }
    ddbi_index_warm(&c->next.self, c->old->on_demand);
    for (uint32_t i = 0; i < n; i++)
        ddbi_index_warm(&c->next.indexes[i], c->old->on_demand);
    return DDB_OK;
}

/* After the answer, which shows what was before. */
static ddb_code carry_out(ddbi_ask *a, const change *c)
{
    ddb_code code = ddbi_table_save(a, &c->next);

    if (code == DDB_OK && c->deleted)
        code = ddbi_table_clear(a, c->deleted);
    for (uint32_t i = 0; code == DDB_OK && i < c->next.n_indexes; i++)
        if (c->next.indexes[i].id == c->created)
            code = ddbi_fill_index(a, &c->next, &c->next.indexes[i]);
    return code;
}

ddb_code ddbi_do_update_table(ddbi_ask *a)
{
    change c = {0};
    ddb_code code = ddbi_table_named(a, a->in->op.table, &c.old);

    if (code == DDB_OK && a->in->has_stream)
        return ddbi_refuse_invalid(
            a, "Table has no stream to disable: TableName: %.*s",
            SHOW(c.old->name));
    if (code == DDB_OK)
        code = begin(a, &c);
    if (code == DDB_OK)
        code = change_billing(a, &c);
    if (code == DDB_OK)
        code = change_throughput(a, &c);
    if (code == DDB_OK)
        code = change_indexes(a, &c);
    if (code != DDB_OK)
        return code;
    change_rest(a, &c);
    code = ddbi_table_describe(a, "TableDescription", &c.shown);
    return code == DDB_OK ? carry_out(a, &c) : code;
}
