/* SPDX-License-Identifier: MIT */
/*
 * What the keys and indexes of a table may be, for CreateTable and
 * UpdateTable, in the order and the words of the service.  What a single
 * member may be (lengths, patterns, words) was checked when it was read.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
 */
#include "local/local_table.h"

#include <string.h>

#define MOST_UNITS 1000000000000
#define MOST_LOCAL 5
#define MOST_GLOBAL 20
#define MOST_PROJECTED 100 /* names, over all indexes */

#define BAD "One or more parameter values were invalid: "

/* For %.*s */
#define SHOW(bytes) (int)(bytes).n, (const char *)(bytes).p

static int same(ddb_bytes a, ddb_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static int is(ddb_bytes a, const char *text)
{
    return same(a, ddb_str(text));
}

/* ---- Keys --------------------------------------------------------------- */

static const ddbi_attribute_in *definition(const ddbi_attribute_in *defs,
                                           uint32_t n, ddb_bytes name)
{
    for (uint32_t i = 0; i < n; i++)
        if (same(defs[i].name, name))
            return &defs[i];
    return NULL;
}

static void list_definitions(ddbi_buf *b, const ddbi_attribute_in *defs,
                             uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            ddbi_buf_add_str(b, ", ");
        ddbi_buf_add(b, defs[i].name.p, defs[i].name.n);
    }
}

static ddb_code refuse_undefined(ddbi_ask *a, const ddbi_key_in *schema,
                                 uint32_t n, const ddbi_attribute_in *defs,
                                 uint32_t n_defs)
{
    ddbi_buf text = {0};
    ddb_code code;

    for (uint32_t i = 0; i < n; i++) {
        if (i)
            ddbi_buf_add_str(&text, ", ");
        ddbi_buf_add(&text, schema[i].name.p, schema[i].name.n);
    }
    ddbi_buf_add_str(&text, "], AttributeDefinitions: [");
    list_definitions(&text, defs, n_defs);
    if (text.failed)
        code = ddbi_ask_nomem(a);
    else
        code = ddbi_refuse_invalid(
            a,
            BAD "Some index key attributes are not defined in "
                "AttributeDefinitions. Keys: [%.*s]",
            SHOW(text));
    ddbi_buf_free(&text);
    return code;
}

static ddb_type type_of(ddb_bytes type)
{
    return is(type, "S") ? DDB_S : is(type, "N") ? DDB_N : DDB_B;
}

ddb_code ddbi_rule_keys(ddbi_ask *a, const ddbi_key_in *schema, uint32_t n,
                        const ddbi_attribute_in *defs, uint32_t n_defs,
                        ddbi_index *out)
{
    ddbi_key_attribute *keys[] = {&out->pk, &out->sk};

    for (uint32_t i = 0; i < n; i++) {
        const ddbi_attribute_in *d = definition(defs, n_defs, schema[i].name);

        if (!d)
            return refuse_undefined(a, schema, n, defs, n_defs);
        *keys[i] = (ddbi_key_attribute){d->name, type_of(d->type)};
    }
    if (n == 2 && same(schema[0].name, schema[1].name))
        return ddbi_refuse_invalid(a, "Both the Hash Key and the Range Key "
                                      "element in the KeySchema have the same "
                                      "name");
    if (!is(schema[0].type, "HASH"))
        return ddbi_refuse_invalid(a, "Invalid KeySchema: The first "
                                      "KeySchemaElement is not a HASH key "
                                      "type");
    if (n == 2 && !is(schema[1].type, "RANGE"))
        return ddbi_refuse_invalid(a, "Invalid KeySchema: The second "
                                      "KeySchemaElement is not a RANGE key "
                                      "type");
    return DDB_OK;
}

/* ---- Indexes ------------------------------------------------------------ */

static ddb_code check_projection(ddbi_ask *a, const ddbi_index_in *in,
                                 ddbi_index *out)
{
    ddb_bytes type = in->projection;

    if (!type.p)
        return ddbi_refuse_invalid(a, BAD "Unknown ProjectionType: null");
    out->projected = is(type, "ALL")         ? DDBI_ALL
                     : is(type, "KEYS_ONLY") ? DDBI_KEYS_ONLY
                                             : DDBI_INCLUDE;
    if (in->non_key.present && out->projected != DDBI_INCLUDE)
        return ddbi_refuse_invalid(
            a, BAD "ProjectionType is %.*s, but NonKeyAttributes is specified",
            SHOW(type));
    if (!in->non_key.present && out->projected == DDBI_INCLUDE)
        return ddbi_refuse_invalid(a, BAD "ProjectionType is INCLUDE, but "
                                          "NonKeyAttributes is not specified");
    out->n_included = in->non_key.n;
    out->included = in->non_key.p;
    return DDB_OK;
}

ddb_code ddbi_rule_index(ddbi_ask *a, const ddbi_index_in *in,
                         const ddbi_attribute_in *defs, uint32_t n_defs,
                         const ddbi_index *table, ddbi_index *out)
{
    ddb_code code;

    out->name = in->name;
    code = ddbi_rule_keys(a, in->schema, in->n_schema, defs, n_defs, out);
    if (code != DDB_OK)
        return code;
    if (out->local && in->n_schema != 2)
        return ddbi_refuse_invalid(
            a, BAD "Index KeySchema does not have a range key for index: %.*s",
            SHOW(in->name));
    if (out->local && !same(out->pk.name, table->pk.name))
        return ddbi_refuse_invalid(
            a,
            BAD "Index KeySchema does not have the same leading hash key as "
                "table KeySchema for index: %.*s. index hash key: %.*s, table "
                "hash key: %.*s",
            SHOW(in->name), SHOW(out->pk.name), SHOW(table->pk.name));
    return check_projection(a, in, out);
}

ddb_code ddbi_rule_index_name(ddbi_ask *a, const ddbi_table *t, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (same(t->indexes[k].name, t->indexes[i].name))
            return ddbi_refuse_invalid(a, BAD "Duplicate index name: %.*s",
                                       SHOW(t->indexes[i].name));
    return DDB_OK;
}

ddb_code ddbi_rule_index_count(ddbi_ask *a, const ddbi_table *t, int local)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < t->n_indexes; i++)
        n += t->indexes[i].local == local;
    if (local && n > MOST_LOCAL)
        return ddbi_refuse_invalid(a, BAD "Number of LocalSecondaryIndexes "
                                          "exceeds per-table limit of 5");
    if (!local && n > MOST_GLOBAL)
        return ddbi_refuse_invalid(a, BAD "GlobalSecondaryIndex count exceeds "
                                          "the per-table limit of 20");
    return DDB_OK;
}

ddb_code ddbi_rule_projected(ddbi_ask *a, const ddbi_table *t)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < t->n_indexes; i++)
        n += t->indexes[i].n_included;
    if (n > MOST_PROJECTED)
        return ddbi_refuse_invalid(
            a, BAD "The total number of NonKeyAttributes over all indexes of "
                   "a table exceeds the limit of 100");
    return DDB_OK;
}

/* ---- All attributes are used -------------------------------------------- */

static int is_key(const ddbi_index *x, ddb_bytes name)
{
    return same(x->pk.name, name) || same(x->sk.name, name);
}

static int is_used(const ddbi_table *t, ddb_bytes name)
{
    for (uint32_t i = 0; i < t->n_indexes; i++)
        if (is_key(&t->indexes[i], name))
            return 1;
    return is_key(&t->self, name);
}

ddb_code ddbi_rule_definitions(ddbi_ask *a, const ddbi_table *t,
                               const ddbi_attribute_in *defs, uint32_t n)
{
    ddbi_buf text = {0};
    uint32_t used = 0;
    ddb_code code;

    for (uint32_t i = 0; i < n; i++)
        used += (uint32_t)is_used(t, defs[i].name);
    if (used == n)
        return DDB_OK;
    list_definitions(&text, defs, n);
    ddbi_buf_add_str(&text, "], keys used: [");
    for (uint32_t i = 0, listed = 0; i < n; i++) {
        if (!is_used(t, defs[i].name))
            continue;
        if (listed++)
            ddbi_buf_add_str(&text, ", ");
        ddbi_buf_add(&text, defs[i].name.p, defs[i].name.n);
    }
    if (text.failed)
        code = ddbi_ask_nomem(a);
    else
        code = ddbi_refuse_invalid(a,
                                   BAD "Some AttributeDefinitions are not "
                                       "used. AttributeDefinitions: [%.*s]",
                                   SHOW(text));
    ddbi_buf_free(&text);
    return code;
}

/* ---- Throughput --------------------------------------------------------- */

ddb_code ddbi_rule_throughput(ddbi_ask *a, const ddbi_throughput_in *in)
{
    if (in->read.v > MOST_UNITS)
        return ddbi_refuse_invalid(
            a, "Given value %lld for ReadCapacityUnits is out of bounds",
            (long long)in->read.v);
    if (in->write.v > MOST_UNITS)
        return ddbi_refuse_invalid(
            a, "Given value %lld for WriteCapacityUnits is out of bounds",
            (long long)in->write.v);
    return DDB_OK;
}
