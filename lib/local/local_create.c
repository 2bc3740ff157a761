/* SPDX-License-Identifier: MIT */
/*
 * CreateTable.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
 *
 * Answered as CREATING; the table is there for whoever asks next.
 */
#include "local/local_table.h"

#include "base/err.h"

#include <string.h>

#define BAD "One or more parameter values were invalid: "
#define SHOW(bytes) (int)(bytes).n, (const char *)(bytes).p

static int is_on_demand(const ddbi_in *in)
{
    return in->billing.n == sizeof "PAY_PER_REQUEST" - 1;
}

static ddb_code check_billing(ddbi_ask *a)
{
    const ddbi_throughput_in *units = &a->in->throughput;

    if (is_on_demand(a->in) && units->present)
        return ddbi_refuse_invalid(
            a, BAD "Neither ReadCapacityUnits nor WriteCapacityUnits can be "
                   "specified when BillingMode is PAY_PER_REQUEST");
    if (!is_on_demand(a->in) && !units->present)
        return ddbi_refuse_invalid(
            a, BAD "ReadCapacityUnits and WriteCapacityUnits must both be "
                   "specified when BillingMode is PROVISIONED");
    return ddbi_rule_throughput(a, units);
}

static ddb_code check_keys(ddbi_ask *a, ddbi_table *t)
{
    const ddbi_in *in = a->in;
    ddb_code code;

    if (in->n_schema > in->n_attributes)
        return ddbi_refuse_invalid(a, "Invalid KeySchema: Some index key "
                                      "attribute have no definition");
    code = ddbi_rule_keys(a, in->schema, in->n_schema, in->attributes,
                          in->n_attributes, &t->self);
    if (code == DDB_OK && !in->has_local && !in->has_global &&
        in->n_schema != in->n_attributes)
        return ddbi_refuse_invalid(
            a, BAD "Number of attributes in KeySchema does not exactly match "
                   "number of attributes defined in AttributeDefinitions");
    return code;
}

static ddb_code check_index_throughput(ddbi_ask *a, const ddbi_index_in *in,
                                       ddbi_index *out)
{
    if (is_on_demand(a->in) && in->throughput.present)
        return ddbi_refuse_invalid(
            a,
            BAD "ProvisionedThroughput should not be specified for index: "
                "%.*s when BillingMode is PAY_PER_REQUEST",
            SHOW(in->name));
    if (!is_on_demand(a->in) && !in->throughput.present)
        return ddbi_refuse_invalid(
            a, BAD "ProvisionedThroughput must be specified for index: %.*s",
            SHOW(in->name));
    out->rcu = in->throughput.read.v;
    out->wcu = in->throughput.write.v;
    return ddbi_rule_throughput(a, &in->throughput);
}

static ddb_code check_indexes(ddbi_ask *a, ddbi_table *t, int local)
{
    const ddbi_index_in *in = local ? a->in->local : a->in->global;
    uint32_t n = local ? a->in->n_local : a->in->n_global;
    ddb_code code;

    if (n == 0)
        return ddbi_refuse_invalid(a, BAD "List of %s is empty",
                                   local ? "LocalSecondaryIndexes"
                                         : "GlobalSecondaryIndexes");
    if (local && !t->self.sk.name.n)
        return ddbi_refuse_invalid(
            a, BAD "Table KeySchema does not have a range key, which is "
                   "required when specifying a LocalSecondaryIndex");
    for (uint32_t i = 0; i < n; i++) {
        ddbi_index *x = &t->indexes[t->n_indexes];

        *x = (ddbi_index){.local = local};
        code = ddbi_rule_index(a, &in[i], a->in->attributes,
                               a->in->n_attributes, &t->self, x);
        if (code == DDB_OK && !local)
            code = check_index_throughput(a, &in[i], x);
        if (code == DDB_OK)
            code = ddbi_rule_index_name(a, t, t->n_indexes);
        if (code != DDB_OK)
            return code;
        t->n_indexes++;
    }
    return ddbi_rule_index_count(a, t, local);
}

ddb_code ddbi_do_create_table_check(ddbi_ask *a)
{
    size_t n = (size_t)a->in->n_local + a->in->n_global;
    ddbi_table *t = ddbi_arena_alloc(a->arena, sizeof *t);
    ddb_code code;

    if (!t)
        return ddbi_ask_nomem(a);
    *t = (ddbi_table){.name = ddbi_table_bare_name(a->in->op.table)};
    t->indexes = ddbi_arena_alloc(a->arena, (n + 1) * sizeof *t->indexes);
    if (!t->indexes)
        return ddbi_ask_nomem(a);
    a->checked = t;
    code = check_billing(a);
    if (code == DDB_OK)
        code = check_keys(a, t);
    if (code == DDB_OK && a->in->has_local)
        code = check_indexes(a, t, 1);
    if (code == DDB_OK && a->in->has_global)
        code = check_indexes(a, t, 0);
    if (code == DDB_OK)
        code = ddbi_rule_projected(a, t);
    if (code == DDB_OK)
        code =
            ddbi_rule_definitions(a, t, a->in->attributes, a->in->n_attributes);
    if (code == DDB_OK && a->in->has_tags)
        code = ddbi_rule_tags(a, a->in->tags, a->in->n_tags);
    return code;
}

static ddb_code make_uuid(ddbi_ask *a, char out[37])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char r[16];
    char *p = out;

    if (a->clock->random(a->clock, r, sizeof r))
        return ddbi_fail(a->err, DDB_SYSTEM, "no random numbers can be had");
    r[6] = (unsigned char)((r[6] & 0x0f) | 0x40); /* version 4 */
    r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = digits[r[i] >> 4];
        *p++ = digits[r[i] & 15];
    }
    *p = '\0';
    return DDB_OK;
}

static ddb_code number_all(ddbi_ask *a, ddbi_table *t)
{
    ddb_code code = ddbi_table_number(a, &t->self.id);

    for (uint32_t i = 0; code == DDB_OK && i < t->n_indexes; i++)
        code = ddbi_table_number(a, &t->indexes[i].id);
    return code;
}

ddb_code ddbi_do_create_table(ddbi_ask *a)
{
    ddbi_table *t = a->checked;
    const ddbi_table *there;
    ddb_code code = ddbi_table_look(a, t->name, &there);

    if (code == DDB_OK)
        return ddbi_refuse(a, "ResourceInUseException",
                           "Table already exists: %.*s", SHOW(t->name));
    if (code != DDB_NOT_FOUND)
        return code;
    t->created_ms = a->now;
    t->on_demand = is_on_demand(a->in);
    t->on_demand_ms = t->on_demand ? a->now : 0;
    t->self.rcu = a->in->throughput.read.v;
    t->self.wcu = a->in->throughput.write.v;
    t->protected = a->in->deletion_protection == DDBI_TRUE;
    t->table_class = a->in->table_class;
    t->n_tags = a->in->n_tags;
    t->tags = a->in->tags;
    code = make_uuid(a, t->uuid);
    if (code == DDB_OK)
        code = number_all(a, t);
    if (code == DDB_OK)
        code = ddbi_table_save(a, t);
    t->status = DDBI_CREATING;
    for (uint32_t i = 0; i < t->n_indexes; i++)
        t->indexes[i].status = DDBI_CREATING;
    if (code == DDB_OK)
        code = ddbi_table_describe(a, "TableDescription", t);
    return code;
}
