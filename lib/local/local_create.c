/* SPDX-License-Identifier: MIT */
/*
 * CreateTable.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
 *
 * Answered as CREATING; the table is there for whoever asks next.
 */
#include "local/local_table.h"

#include "base/enc.h"
#include "base/err.h"

#define BAD "One or more parameter values were invalid: "
#define SHOW(bytes) (int)(bytes).n, (const char *)(bytes).p

/* Nobody gets more; what is far beyond is refused before it is looked at. */
#define FAR_BEYOND 100

static int is_on_demand(const ddbi_in *in)
{
    return ddbi_equal_text(in->billing, "PAY_PER_REQUEST");
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

/* ---- Keys, of the table and then of the indexes ------------------------- */

static ddb_code check_keys(ddbi_ask *a, ddbi_table *t)
{
    const ddbi_in *in = a->in;
    ddb_code code = ddbi_rule_duplicates(a, in->attributes, in->n_attributes);

    if (code != DDB_OK)
        return code;
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

static ddb_code refuse_count(ddbi_ask *a, int local)
{
    return ddbi_refuse_invalid(
        a, local ? BAD "Number of LocalSecondaryIndexes exceeds per-table "
                       "limit of 5"
                 : BAD "GlobalSecondaryIndex count exceeds the per-table "
                       "limit of 20");
}

static ddb_code check_index_keys(ddbi_ask *a, ddbi_table *t, int local)
{
    const ddbi_index_in *in = local ? a->in->local : a->in->global;
    uint32_t n = local ? a->in->n_local : a->in->n_global;
    ddb_code code = DDB_OK;

    if (n == 0)
        return ddbi_refuse_invalid(a, BAD "List of %s is empty",
                                   local ? "LocalSecondaryIndexes"
                                         : "GlobalSecondaryIndexes");
    if (local && !t->self.sk.name.n)
        return ddbi_refuse_invalid(
            a, BAD "Table KeySchema does not have a range key, which is "
                   "required when specifying a LocalSecondaryIndex");
    if (n > FAR_BEYOND)
        return refuse_count(a, local);
    for (uint32_t i = 0; code == DDB_OK && i < n; i++) {
        ddbi_index *x = &t->indexes[t->n_indexes++];

        *x = (ddbi_index){.local = local};
        code = ddbi_rule_index_keys(a, &in[i], a->in->attributes,
                                    a->in->n_attributes, &t->self, x);
    }
    return code;
}

/* ---- What else the indexes are ------------------------------------------ */

static ddb_code check_index_units(ddbi_ask *a, const ddbi_index_in *in,
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
            a, BAD "ProvisionedThroughput is not specified for index: %.*s",
            SHOW(in->name));
    out->rcu = in->throughput.read.v;
    out->wcu = in->throughput.write.v;
    return ddbi_rule_throughput(a, &in->throughput);
}

static ddb_code check_name(ddbi_ask *a, const ddbi_table *t, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (ddbi_equal(t->indexes[k].name, t->indexes[i].name))
            return ddbi_refuse_invalid(a, BAD "Duplicate index name: %.*s",
                                       SHOW(t->indexes[i].name));
    return DDB_OK;
}

static ddb_code check_index(ddbi_ask *a, ddbi_table *t, uint32_t i)
{
    uint32_t n_local = a->in->has_local ? a->in->n_local : 0;
    const ddbi_index_in *in =
        i < n_local ? &a->in->local[i] : &a->in->global[i - n_local];
    ddb_code code = ddbi_rule_projection(a, in, &t->indexes[i]);

    if (code == DDB_OK && i >= n_local)
        code = check_index_units(a, in, &t->indexes[i]);
    return code == DDB_OK ? check_name(a, t, i) : code;
}

static ddb_code check_indexes(ddbi_ask *a, ddbi_table *t)
{
    ddb_code code = DDB_OK;

    for (uint32_t i = 0; code == DDB_OK && i < t->n_indexes; i++)
        code = check_index(a, t, i);
    if (code == DDB_OK && ddbi_table_count(t, 1) > DDBI_MOST_LOCAL)
        return refuse_count(a, 1);
    if (code == DDB_OK && ddbi_table_count(t, 0) > DDBI_MOST_GLOBAL)
        return refuse_count(a, 0);
    return code == DDB_OK ? ddbi_rule_projected(a, t) : code;
}

/* The service tells of definitions that no key uses before it looks at
 * anything of an index but its keys. */
static ddb_code check_table(ddbi_ask *a, ddbi_table *t)
{
    ddb_code code = check_billing(a);

    if (code == DDB_OK)
        code = check_keys(a, t);
    if (code == DDB_OK && a->in->has_local)
        code = check_index_keys(a, t, 1);
    if (code == DDB_OK && a->in->has_global)
        code = check_index_keys(a, t, 0);
    if (code == DDB_OK)
        code =
            ddbi_rule_definitions(a, t, a->in->attributes, a->in->n_attributes);
    if (code == DDB_OK)
        code = check_indexes(a, t);
    if (code == DDB_OK)
        code = ddbi_rule_stream(a);
    if (code == DDB_OK)
        code = ddbi_rule_class(a);
    return code == DDB_OK ? ddbi_rule_tags(a) : code;
}

ddb_code ddbi_do_create_table_check(ddbi_ask *a)
{
    ddbi_table *t = ddbi_arena_alloc(a->arena, sizeof *t);

    if (!t)
        return ddbi_ask_nomem(a);
    *t = (ddbi_table){.name = ddbi_table_bare_name(a->in->op.table)};
    t->indexes =
        ddbi_arena_alloc(a->arena, 2 * FAR_BEYOND * sizeof *t->indexes);
    if (!t->indexes)
        return ddbi_ask_nomem(a);
    a->checked = t;
    return check_table(a, t);
}

/* ---- Making it ---------------------------------------------------------- */

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
