/* SPDX-License-Identifier: MIT */
/*
 * Members of the actions on tables, their tags and their time to live.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
 */
#include "local/local_rows.h"

#define THE_TABLE                                                              \
    MEMBER("TableName", STRING, ddbi_in, op.table, .parameter = 1,             \
           .pattern = 1, .arn = 1, .min_n = 3, .max_n = 255)
#define NEW_TABLE_NAME                                                         \
    MEMBER("TableName", STRING, ddbi_in, op.table, .parameter = 1,             \
           .pattern = 1, .min_n = 3, .max_n = 255)
#define NEW_INDEX_NAME                                                         \
    MEMBER("IndexName", STRING, ddbi_index_in, name, REQUIRED, .pattern = 1,   \
           .min_n = 3, .max_n = 255)

static const ddbi_member attribute_definition[] = {
    MEMBER("AttributeName", STRING, ddbi_attribute_in, name, REQUIRED,
           .min_n = 1, .max_n = 255),
    MEMBER("AttributeType", STRING, ddbi_attribute_in, type, REQUIRED,
           .words = "B, N, S"),
    LAST,
};

static const ddbi_member key_schema_element[] = {
    MEMBER("AttributeName", STRING, ddbi_key_in, name, REQUIRED, .min_n = 1,
           .max_n = 255),
    MEMBER("KeyType", STRING, ddbi_key_in, type, REQUIRED,
           .words = "HASH, RANGE"),
    LAST,
};

static const ddbi_member throughput[] = {
    MEMBER("WriteCapacityUnits", LONG, ddbi_throughput_in, write, REQUIRED,
           .least = 1 + 1),
    MEMBER("ReadCapacityUnits", LONG, ddbi_throughput_in, read, REQUIRED,
           .least = 1 + 1),
    LAST,
};

static const ddbi_member projection[] = {
    MEMBER("ProjectionType", STRING, ddbi_index_in, projection,
           .words = "ALL, INCLUDE, KEYS_ONLY"),
    MEMBER("NonKeyAttributes", STRINGS, ddbi_index_in, non_key, .min_n = 1,
           .max_n = 20),
    LAST,
};

#define LIST(text, owner, field, flag, number, element, class, inner, ...)     \
    {                                                                          \
        NAME(text), .kind = DDBI_IS_LIST, AT(owner, field), HAS(owner, flag),  \
                    COUNT(owner, number), .size = sizeof(element),             \
                    .type = (class), .members = (inner), __VA_ARGS__           \
    }
#define KEY_SCHEMA(owner, ...)                                                 \
    LIST("KeySchema", owner, schema, has_schema, n_schema, ddbi_key_in,        \
         "KeySchemaElement", key_schema_element, __VA_ARGS__)
#define THROUGHPUT(owner, ...)                                                 \
    {                                                                          \
        NAME("ProvisionedThroughput"),                                         \
            .kind = DDBI_IS_STRUCT, AT(owner, throughput),                     \
            HAS(owner, throughput.present), .type = "ProvisionedThroughput",   \
            .members = throughput, __VA_ARGS__                                 \
    }
#define PROJECTION                                                             \
    {                                                                          \
        NAME("Projection"), .kind = DDBI_IS_STRUCT, .at = 0,                   \
                            HAS(ddbi_index_in, has_projection),                \
                            .type = "Projection", .members = projection,       \
                            REQUIRED                                           \
    }
#define UNREAD(text, owner, field)                                             \
    MEMBER(text, UNREAD, owner, field, .role = DDBI_OTHER)

static const ddbi_member local_index[] = {
    NEW_INDEX_NAME,
    KEY_SCHEMA(ddbi_index_in, REQUIRED, .min_n = 1, .max_n = 2),
    PROJECTION,
    LAST,
};

/* Keys of global indexes may have more than two attributes, but not here. */
static const ddbi_member global_index[] = {
    NEW_INDEX_NAME, KEY_SCHEMA(ddbi_index_in, REQUIRED, .min_n = 1),
    PROJECTION,     THROUGHPUT(ddbi_index_in, PLAIN),
    LAST,
};

static const ddbi_member update_index[] = {
    NEW_INDEX_NAME,
    THROUGHPUT(ddbi_index_in, PLAIN),
    LAST,
};

static const ddbi_member create_index[] = {
    PROJECTION,
    NEW_INDEX_NAME,
    THROUGHPUT(ddbi_index_in, PLAIN),
    KEY_SCHEMA(ddbi_index_in, REQUIRED, .min_n = 1),
    LAST,
};

static const ddbi_member delete_index[] = {
    NEW_INDEX_NAME,
    LAST,
};

#define INDEX_ACTION(text, field, inner)                                       \
    {                                                                          \
        NAME(text), .kind = DDBI_IS_STRUCT, AT(ddbi_index_update_in, field),   \
                    .size = sizeof(ddbi_index_in),                             \
                    .type = text "GlobalSecondaryIndexAction",                 \
                    .members = (inner)                                         \
    }

static const ddbi_member index_update[] = {
    INDEX_ACTION("Update", update, update_index),
    INDEX_ACTION("Create", create, create_index),
    INDEX_ACTION("Delete", delete_, delete_index),
    LAST,
};

static const ddbi_member stream[] = {
    MEMBER("StreamEnabled", BOOLEAN, ddbi_in, stream, REQUIRED),
    LAST,
};

static const ddbi_member tag[] = {
    MEMBER("Key", STRING, ddbi_tag_in, key, PLAIN),
    MEMBER("Value", STRING, ddbi_tag_in, value, PLAIN),
    LAST,
};

#define ATTRIBUTES(...)                                                        \
    LIST("AttributeDefinitions", ddbi_in, attributes, has_attributes,          \
         n_attributes, ddbi_attribute_in, "AttributeDefinition",               \
         attribute_definition, __VA_ARGS__)
#define BILLING                                                                \
    MEMBER("BillingMode", STRING, ddbi_in, billing,                            \
           .words = "PROVISIONED, PAY_PER_REQUEST")
#define STREAM                                                                 \
    {                                                                          \
        NAME("StreamSpecification"),                                           \
            .kind = DDBI_IS_STRUCT, .at = 0, HAS(ddbi_in, has_stream),         \
            .type = "StreamSpecification", .members = stream                   \
    }
#define TABLE_CLASS MEMBER("TableClass", STRING, ddbi_in, table_class, PLAIN)
#define PROTECTION                                                             \
    MEMBER("DeletionProtectionEnabled", BOOLEAN, ddbi_in, deletion_protection, \
           PLAIN)
#define TAGS                                                                   \
    LIST("Tags", ddbi_in, tags, has_tags, n_tags, ddbi_tag_in, "Tag", tag,     \
         PLAIN)

const ddbi_member ddbi_members_create_table[] = {
    ATTRIBUTES(REQUIRED),
    NEW_TABLE_NAME,
    BILLING,
    THROUGHPUT(ddbi_in, PLAIN),
    KEY_SCHEMA(ddbi_in, REQUIRED, .min_n = 1, .max_n = 2),
    LIST("LocalSecondaryIndexes", ddbi_in, local, has_local, n_local,
         ddbi_index_in, "LocalSecondaryIndex", local_index, PLAIN),
    LIST("GlobalSecondaryIndexes", ddbi_in, global, has_global, n_global,
         ddbi_index_in, "GlobalSecondaryIndex", global_index, PLAIN),
    STREAM,
    TABLE_CLASS,
    PROTECTION,
    TAGS,
    UNREAD("SSESpecification", ddbi_in, encryption),
    UNREAD("OnDemandThroughput", ddbi_in, limits),
    UNREAD("WarmThroughput", ddbi_in, limits),
    UNREAD("ResourcePolicy", ddbi_in, policy),
    LAST,
};

const ddbi_member ddbi_members_update_table[] = {
    THE_TABLE,
    THROUGHPUT(ddbi_in, PLAIN),
    BILLING,
    LIST("GlobalSecondaryIndexUpdates", ddbi_in, updates, has_updates,
         n_updates, ddbi_index_update_in, "GlobalSecondaryIndexUpdate",
         index_update, PLAIN),
    ATTRIBUTES(PLAIN),
    STREAM,
    TABLE_CLASS,
    PROTECTION,
    UNREAD("ReplicaUpdates", ddbi_in, replicas),
    UNREAD("SSESpecification", ddbi_in, encryption),
    UNREAD("OnDemandThroughput", ddbi_in, limits),
    UNREAD("WarmThroughput", ddbi_in, limits),
    UNREAD("MultiRegionConsistency", ddbi_in, replicas),
    UNREAD("GlobalTableWitnessUpdates", ddbi_in, replicas),
    LAST,
};

const ddbi_member ddbi_members_only_table[] = {
    THE_TABLE,
    LAST,
};

const ddbi_member ddbi_members_list_tables[] = {
    MEMBER("Limit", INTEGER, ddbi_in, limit, .least = 1 + 1,
           .most = DDBI_LIST_TABLES),
    MEMBER("ExclusiveStartTableName", STRING, ddbi_in, start_table,
           .pattern = 1, .min_n = 3, .max_n = 255),
    LAST,
};

static const ddbi_member ttl[] = {
    MEMBER("AttributeName", STRING, ddbi_in, ttl_attribute, REQUIRED,
           .min_n = 1, .max_n = 255),
    MEMBER("Enabled", BOOLEAN, ddbi_in, ttl_enabled, REQUIRED),
    LAST,
};

const ddbi_member ddbi_members_update_ttl[] = {
    THE_TABLE,
    {NAME("TimeToLiveSpecification"), .kind = DDBI_IS_STRUCT, .at = 0,
     HAS(ddbi_in, has_ttl), .type = "TimeToLiveSpecification", .members = ttl,
     REQUIRED},
    LAST,
};

#define RESOURCE MEMBER("ResourceArn", STRING, ddbi_in, arn, PLAIN)

const ddbi_member ddbi_members_tag_resource[] = {
    RESOURCE,
    TAGS,
    LAST,
};

const ddbi_member ddbi_members_untag_resource[] = {
    RESOURCE,
    MEMBER("TagKeys", STRINGS, ddbi_in, tag_keys, PLAIN),
    LAST,
};

const ddbi_member ddbi_members_list_tags[] = {
    RESOURCE,
    MEMBER("NextToken", STRING, ddbi_in, next_token, PLAIN),
    LAST,
};

const ddbi_member ddbi_members_nothing[] = {
    LAST,
};
