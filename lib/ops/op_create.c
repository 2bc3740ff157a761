/* SPDX-License-Identifier: MIT */
/*
 * The request of CreateTable: key schema, attribute definitions, indexes,
 * billing.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
 *
 * Attribute definitions name each attribute once, of however many keys it is
 * part, and none that is part of no key.  Throughput and on-demand billing
 * exclude each other, in indexes too.
 */
#include "ops/ops.h"

#include <string.h>

static const char *type_name(ddb_type type)
{
    switch (type) {
    case DDB_S:
        return "S";
    case DDB_N:
        return "N";
    case DDB_B:
        return "B";
    default:
        return NULL;
    }
}

/* The k-th key attribute of the request, table first, then each index; NULL
 * past the end.  Its name may be NULL. */
static const ddb_key_attribute *key_attribute(const ddb_create_table_in *in,
                                              size_t k)
{
    const ddb_index *index;

    if (k < 2)
        return k == 0 ? &in->partition_key : &in->sort_key;
    if (k / 2 > in->n_indexes)
        return NULL;
    index = &in->indexes[k / 2 - 1];
    return k % 2 == 0 ? &index->partition_key : &index->sort_key;
}

/* An attribute of the same name that comes before the k-th. */
static const ddb_key_attribute *seen_before(const ddb_create_table_in *in,
                                            size_t k)
{
    const ddb_key_attribute *attribute = key_attribute(in, k);

    for (size_t i = 0; i < k; i++) {
        const ddb_key_attribute *other = key_attribute(in, i);

        if (other->name != NULL && strcmp(other->name, attribute->name) == 0)
            return other;
    }
    return NULL;
}

/* Each attribute of any key, once. */
static void add_definitions(ddbi_req *q, const ddb_create_table_in *in)
{
    const ddb_key_attribute *attribute;

    ddbi_req_open(q, "AttributeDefinitions", '[');
    for (size_t k = 0; (attribute = key_attribute(in, k)) != NULL; k++) {
        const ddb_key_attribute *before;

        if (attribute->name == NULL)
            continue;
        if (attribute->name[0] == 0 ||
            strlen(attribute->name) > DDBI_MAX_KEY_NAME)
            ddbi_req_fail(q, DDB_INVALID,
                          "the name of a key attribute has 1 to %d bytes",
                          DDBI_MAX_KEY_NAME);
        if (type_name(attribute->type) == NULL)
            ddbi_req_fail(q, DDB_INVALID,
                          "key attribute %s: its type is DDB_S, DDB_N or DDB_B",
                          attribute->name);
        before = seen_before(in, k);
        if (before != NULL && before->type != attribute->type)
            ddbi_req_fail(q, DDB_INVALID, "key attribute %s has two types",
                          attribute->name);
        if (before != NULL)
            continue;
        ddbi_req_open(q, NULL, '{');
        ddbi_req_str(q, "AttributeName", attribute->name);
        ddbi_req_str(q, "AttributeType", type_name(attribute->type));
        ddbi_req_close(q, '}');
    }
    ddbi_req_close(q, ']');
}

static void add_key_schema(ddbi_req *q, const char *partition, const char *sort)
{
    ddbi_req_open(q, "KeySchema", '[');
    ddbi_req_open(q, NULL, '{');
    ddbi_req_str(q, "AttributeName", partition);
    ddbi_req_str(q, "KeyType", "HASH");
    ddbi_req_close(q, '}');
    if (sort != NULL) {
        ddbi_req_open(q, NULL, '{');
        ddbi_req_str(q, "AttributeName", sort);
        ddbi_req_str(q, "KeyType", "RANGE");
        ddbi_req_close(q, '}');
    }
    ddbi_req_close(q, ']');
}

static void add_throughput(ddbi_req *q, int64_t read_units, int64_t write_units)
{
    ddbi_req_open(q, "ProvisionedThroughput", '{');
    ddbi_req_int(q, "ReadCapacityUnits", read_units);
    ddbi_req_int(q, "WriteCapacityUnits", write_units);
    ddbi_req_close(q, '}');
}

static void add_projection(ddbi_req *q, const ddb_index *index)
{
    static const char *const types[] = {
        [DDB_PROJECT_ALL] = "ALL",
        [DDB_PROJECT_KEYS_ONLY] = "KEYS_ONLY",
        [DDB_PROJECT_INCLUDE] = "INCLUDE",
    };

    if ((unsigned)index->projection > DDB_PROJECT_INCLUDE) {
        ddbi_req_fail(q, DDB_INVALID, "index %s: its projection is unknown",
                      index->name);
        return;
    }
    if ((index->projection == DDB_PROJECT_INCLUDE) !=
        (index->include != NULL && index->include[0] != NULL))
        ddbi_req_fail(q, DDB_INVALID,
                      "index %s: include goes with DDB_PROJECT_INCLUDE",
                      index->name);
    ddbi_req_open(q, "Projection", '{');
    ddbi_req_str(q, "ProjectionType", types[index->projection]);
    if (index->projection == DDB_PROJECT_INCLUDE && index->include != NULL) {
        ddbi_req_open(q, "NonKeyAttributes", '[');
        for (const char *const *name = index->include; *name != NULL; name++)
            ddbi_json_str(q->b, *name, strlen(*name));
        ddbi_req_close(q, ']');
    }
    ddbi_req_close(q, '}');
}

/* What only one kind of index has. */
static void check_index(ddbi_req *q, const ddb_create_table_in *in,
                        const ddb_index *index)
{
    int provisioned = in->read_units > 0;
    int has_units = index->read_units != 0 || index->write_units != 0;
    const char *why = NULL;

    if (index->name == NULL)
        why = "an index needs a name";
    else if (index->local && index->sort_key.name == NULL)
        why = "a local index needs a sort_key";
    else if (index->local && index->partition_key.name != NULL &&
             strcmp(index->partition_key.name, in->partition_key.name) != 0)
        why = "a local index has the table's partition_key";
    else if (!index->local && index->partition_key.name == NULL)
        why = "a global index needs a partition_key";
    else if (has_units && (index->local || !provisioned))
        why = "units are for global indexes of provisioned tables";
    else if (index->read_units < 0 || index->write_units < 0 ||
             (index->read_units == 0) != (index->write_units == 0))
        why = "read_units and write_units are both set or both 0";
    if (why != NULL)
        ddbi_req_fail(q, DDB_INVALID, "index %s: %s",
                      index->name != NULL ? index->name : "?", why);
}

static void add_index(ddbi_req *q, const ddb_create_table_in *in,
                      const ddb_index *index)
{
    const char *partition =
        index->local ? in->partition_key.name : index->partition_key.name;

    ddbi_req_open(q, NULL, '{');
    ddbi_req_str(q, "IndexName", index->name);
    add_key_schema(q, partition, index->sort_key.name);
    add_projection(q, index);
    if (!index->local && in->read_units > 0) {
        if (index->read_units > 0)
            add_throughput(q, index->read_units, index->write_units);
        else
            add_throughput(q, in->read_units, in->write_units);
    }
    ddbi_req_close(q, '}');
}

static void add_indexes(ddbi_req *q, const ddb_create_table_in *in, int local)
{
    int opened = 0;

    for (size_t i = 0; i < in->n_indexes; i++) {
        if (!in->indexes[i].local != !local)
            continue;
        if (!opened)
            ddbi_req_open(
                q, local ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes",
                '[');
        opened = 1;
        add_index(q, in, &in->indexes[i]);
    }
    if (opened)
        ddbi_req_close(q, ']');
}

void ddbi_req_create_table(ddbi_req *q, const ddb_create_table_in *in)
{
    if (in->partition_key.name == NULL) {
        ddbi_req_fail(q, DDB_INVALID, "a table needs a partition_key");
        return;
    }
    if (in->read_units < 0 || in->write_units < 0 ||
        (in->read_units == 0) != (in->write_units == 0))
        ddbi_req_fail(q, DDB_INVALID,
                      "read_units and write_units are both set (provisioned) "
                      "or both 0 (on-demand)");
    for (size_t i = 0; i < in->n_indexes && q->failed == DDB_OK; i++)
        check_index(q, in, &in->indexes[i]);
    if (q->failed != DDB_OK)
        return;
    ddbi_req_table(q, in->table);
    add_definitions(q, in);
    add_key_schema(q, in->partition_key.name, in->sort_key.name);
    add_indexes(q, in, 1);
    add_indexes(q, in, 0);
    if (in->read_units > 0) {
        ddbi_req_str(q, "BillingMode", "PROVISIONED");
        add_throughput(q, in->read_units, in->write_units);
    } else {
        ddbi_req_str(q, "BillingMode", "PAY_PER_REQUEST");
    }
    ddbi_req_flag(q, "DeletionProtectionEnabled", in->deletion_protection);
}
