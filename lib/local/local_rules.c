/* SPDX-License-Identifier: MIT */
/*
 * What the keys and indexes of a table may be, for CreateTable and
 * UpdateTable, in the words of the service.  What a single member may be
 * (lengths, patterns, words) was checked when it was read.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
 *
 * Not supported: indexes whose keys are made of more than two attributes.
 */
#include "local/local_table.h"

#include "base/enc.h"

#define MOST_UNITS 1000000000000
#define MOST_PROJECTED 100 /* names, over all indexes */

#define BAD "One or more parameter values were invalid: "

/* For %.*s */
#define SHOW(bytes) (int)(bytes).n, (const char *)(bytes).p

/* ---- Attributes --------------------------------------------------------- */

static const ddbi_attribute_in *definition(const ddbi_attribute_in *defs,
                                           uint32_t n, ddb_bytes name)
{
    for (uint32_t i = 0; i < n; i++)
        if (ddbi_equal(defs[i].name, name))
            return &defs[i];
    return NULL;
}

static void add_name(ddbi_buf *b, ddb_bytes name)
{
    if (b->n && b->p[b->n - 1] != '[')
        ddbi_buf_add_str(b, ", ");
    ddbi_buf_add(b, name.p, name.n);
}

static void add_definitions(ddbi_buf *b, const ddbi_attribute_in *defs,
                            uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        add_name(b, defs[i].name);
}

/* Refuse with what a buffer has; frees it. */
static ddb_code refuse_text(ddbi_ask *a, ddbi_buf *text)
{
    ddb_code code = text->failed ? ddbi_ask_nomem(a)
                                 : ddbi_refuse_invalid(a, "%.*s", SHOW(*text));

    ddbi_buf_free(text);
    return code;
}

static ddb_code refuse_undefined(ddbi_ask *a, const ddbi_key_in *schema,
                                 uint32_t n, const ddbi_attribute_in *defs,
                                 uint32_t n_defs)
{
    ddbi_buf text = {0};

    ddbi_buf_add_str(&text, BAD "Some index key attributes are not defined in "
                                "AttributeDefinitions. Keys: [");
    for (uint32_t i = 0; i < n; i++)
        add_name(&text, schema[i].name);
    ddbi_buf_add_str(&text, "], AttributeDefinitions: [");
    add_definitions(&text, defs, n_defs);
    ddbi_buf_add_c(&text, ']');
    return refuse_text(a, &text);
}

ddb_code ddbi_rule_duplicates(ddbi_ask *a, const ddbi_attribute_in *defs,
                              uint32_t n)
{
    /* Of more than can be used some are refused in any case. */
    uint32_t end = n < 4 * DDBI_MOST_INDEXES ? n : 4 * DDBI_MOST_INDEXES;

    for (uint32_t i = 1; i < end; i++)
        if (definition(defs, i, defs[i].name))
            return ddbi_refuse_invalid(a, "Attribute Name is duplicated: %.*s",
                                       SHOW(defs[i].name));
    return DDB_OK;
}

ddb_code ddbi_rule_definitions(ddbi_ask *a, const ddbi_table *t,
                               const ddbi_attribute_in *defs, uint32_t n)
{
    ddbi_buf text = {0};
    uint32_t used = 0;

    for (uint32_t i = 0; i < n; i++)
        used += ddbi_table_key_type(t, defs[i].name) != 0;
    if (used == n)
        return DDB_OK;
    ddbi_buf_add_str(&text, BAD "Some AttributeDefinitions are not used. "
                                "AttributeDefinitions: [");
    add_definitions(&text, defs, n);
    ddbi_buf_add_str(&text, "], keys used: [");
    for (uint32_t i = 0; i < n; i++)
        if (ddbi_table_key_type(t, defs[i].name))
            add_name(&text, defs[i].name);
    ddbi_buf_add_c(&text, ']');
    return refuse_text(a, &text);
}

/* ---- Keys --------------------------------------------------------------- */

static ddb_type type_of(ddb_bytes type)
{
    return ddbi_equal_text(type, "S")   ? DDB_S
           : ddbi_equal_text(type, "N") ? DDB_N
                                        : DDB_B;
}

static ddb_code check_kinds(ddbi_ask *a, const ddbi_key_in *schema, uint32_t n)
{
    if (n == 0 || !ddbi_equal_text(schema[0].type, "HASH"))
        return ddbi_refuse_invalid(a, "Invalid KeySchema: The first "
                                      "KeySchemaElement is not a HASH key "
                                      "type");
    if (n > 1 && !ddbi_equal_text(schema[1].type, "RANGE"))
        return ddbi_refuse_invalid(a, "Invalid KeySchema: The second "
                                      "KeySchemaElement is not a RANGE key "
                                      "type");
    return DDB_OK;
}

/* The service takes up to four HASH and four RANGE attributes for a global
 * index. */
static ddb_code check_global(ddbi_ask *a, const ddbi_index_in *in)
{
    const ddbi_key_in *k = in->schema;

    if (in->n_schema == 2 && ddbi_equal(k[0].name, k[1].name))
        return ddbi_refuse_invalid(a, "The KeySchema contains multiple key "
                                      "attributes with the same name");
    if (in->n_schema > 2 ||
        (in->n_schema == 2 && ddbi_equal_text(k[0].type, "HASH") &&
         ddbi_equal_text(k[1].type, "HASH")))
        return ddbi_refuse_invalid(
            a,
            "Keys of several HASH or RANGE attributes are not supported by the "
            "local engine, index: %.*s",
            SHOW(in->name));
    return DDB_OK;
}

ddb_code ddbi_rule_keys(ddbi_ask *a, const ddbi_key_in *schema, uint32_t n,
                        const ddbi_attribute_in *defs, uint32_t n_defs,
                        ddbi_index *out)
{
    ddbi_key_attribute *keys[] = {&out->pk, &out->sk};

    for (uint32_t i = 0; i < n && i < 2; i++) {
        const ddbi_attribute_in *d = definition(defs, n_defs, schema[i].name);

        if (!d)
            return refuse_undefined(a, schema, n, defs, n_defs);
        *keys[i] = (ddbi_key_attribute){d->name, type_of(d->type)};
    }
    if (n > 1 && ddbi_equal(schema[0].name, schema[1].name))
        return ddbi_refuse_invalid(a, "Both the Hash Key and the Range Key "
                                      "element in the KeySchema have the same "
                                      "name");
    return check_kinds(a, schema, n);
}

ddb_code ddbi_rule_index_keys(ddbi_ask *a, const ddbi_index_in *in,
                              const ddbi_attribute_in *defs, uint32_t n_defs,
                              const ddbi_index *table, ddbi_index *out)
{
    ddb_code code = DDB_OK;

    out->name = in->name;
    if (!out->local)
        code = check_global(a, in);
    if (code == DDB_OK)
        code = ddbi_rule_keys(a, in->schema, in->n_schema, defs, n_defs, out);
    if (code != DDB_OK || !out->local)
        return code;
    if (in->n_schema != 2)
        return ddbi_refuse_invalid(
            a, BAD "Index KeySchema does not have a range key for index: %.*s",
            SHOW(in->name));
    if (!ddbi_equal(out->pk.name, table->pk.name))
        return ddbi_refuse_invalid(
            a,
            BAD "Index KeySchema does not have the same leading hash key as "
                "table KeySchema for index: %.*s. index hash key: %.*s, table "
                "hash key: %.*s",
            SHOW(in->name), SHOW(out->pk.name), SHOW(table->pk.name));
    return DDB_OK;
}

/* ---- Projections -------------------------------------------------------- */

static int compare_names(const void *names, uint32_t i, uint32_t k)
{
    const ddb_bytes *p = names;

    return ddbi_compare(p[i], p[k]);
}

/* Sorted, as the service keeps them. */
static ddb_code keep_names(ddbi_ask *a, const ddbi_strings *in, ddbi_index *out)
{
    uint32_t n = in->n;
    uint32_t *order = ddbi_arena_alloc(a->arena, (n + 1) * sizeof *order);

    out->included = ddbi_arena_alloc(a->arena, (n + 1) * sizeof(ddb_bytes));
    if (!order || !out->included)
        return ddbi_ask_nomem(a);
    ddbi_sort(order, n, compare_names, in->p);
    for (uint32_t i = 0; i < n; i++) {
        out->included[i] = in->p[order[i]];
        if (i && ddbi_equal(out->included[i - 1], out->included[i]))
            return ddbi_refuse_invalid(
                a, BAD "Duplicate element in NonKeyAttributes: %.*s",
                SHOW(out->included[i]));
    }
    out->n_included = n;
    return DDB_OK;
}

ddb_code ddbi_rule_projection(ddbi_ask *a, const ddbi_index_in *in,
                              ddbi_index *out)
{
    ddb_bytes type = in->projection;

    if (!type.p)
        return ddbi_refuse_invalid(a, BAD "Unknown ProjectionType: null");
    out->projected = ddbi_equal_text(type, "ALL")         ? DDBI_ALL
                     : ddbi_equal_text(type, "KEYS_ONLY") ? DDBI_KEYS_ONLY
                                                          : DDBI_INCLUDE;
    if (in->non_key.present && out->projected != DDBI_INCLUDE)
        return ddbi_refuse_invalid(
            a, BAD "ProjectionType is %.*s, but NonKeyAttributes is specified",
            SHOW(type));
    if (out->projected != DDBI_INCLUDE)
        return DDB_OK;
    if (!in->non_key.present)
        return ddbi_refuse_invalid(a, BAD "ProjectionType is INCLUDE, but "
                                          "NonKeyAttributes is not specified");
    return keep_names(a, &in->non_key, out);
}

ddb_code ddbi_rule_projected(ddbi_ask *a, const ddbi_table *t)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < t->n_indexes; i++)
        n += t->indexes[i].n_included;
    if (n > MOST_PROJECTED)
        return ddbi_refuse_invalid(
            a, BAD "The number of NonKeyAttributes over all indexes exceeds "
                   "the per-table limit of 100");
    return DDB_OK;
}

/* ---- Throughput, class, stream ------------------------------------------ */

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

ddb_code ddbi_rule_class(ddbi_ask *a)
{
    ddb_bytes given = a->in->table_class;

    if (!given.p || ddbi_equal_text(given, "STANDARD") ||
        ddbi_equal_text(given, "STANDARD_INFREQUENT_ACCESS"))
        return DDB_OK;
    return ddbi_refuse_invalid(
        a, "Invalid table-class parameter provided. Please try again with a "
           "valid table-class value: [STANDARD, STANDARD_INFREQUENT_ACCESS].");
}

ddb_code ddbi_rule_stream(ddbi_ask *a)
{
    if (a->in->stream != DDBI_TRUE)
        return DDB_OK;
    return ddbi_refuse_invalid(
        a, "StreamSpecification is not supported by the local engine");
}
