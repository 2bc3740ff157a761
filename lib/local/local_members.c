/* SPDX-License-Identifier: MIT */
/*
 * All actions with their members, in the order in which the service checks
 * them.  What is the service's and not ours is here too, so that it can be
 * refused instead of being passed over.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
 */
#include "local/local_rows.h"

#include <string.h>

/* ---- What several actions have ------------------------------------------ */

#define TABLE_NAME(owner, field)                                               \
    MEMBER("TableName", STRING, owner, field, REQUIRED, .pattern = 1,          \
           .arn = 1, .min_n = 1, .max_n = 255)
#define INDEX_NAME(owner, field)                                               \
    MEMBER("IndexName", STRING, owner, field, .pattern = 1, .min_n = 3,        \
           .max_n = 255)
#define RETURN_CAPACITY                                                        \
    MEMBER("ReturnConsumedCapacity", STRING, ddbi_in, return_capacity,         \
           .words = "INDEXES, TOTAL, NONE")
#define RETURN_METRICS                                                         \
    MEMBER("ReturnItemCollectionMetrics", STRING, ddbi_in, return_metrics,     \
           .words = "SIZE, NONE")
#define RETURN_VALUES                                                          \
    MEMBER("ReturnValues", STRING, ddbi_in, return_values,                     \
           .words = "ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW")
#define ON_FAILURE(owner, field)                                               \
    MEMBER("ReturnValuesOnConditionCheckFailure", STRING, owner, field,        \
           .words = "ALL_OLD, NONE")
#define KEY(owner, field) MEMBER("Key", ITEM, owner, field, REQUIRED)
#define CONSISTENT(owner)                                                      \
    MEMBER("ConsistentRead", BOOLEAN, owner, consistent, PLAIN)
#define EXPRESSION(text, owner, field) MEMBER(text, STRING, owner, field, PLAIN)
#define NAMES(owner, field)                                                    \
    MEMBER("ExpressionAttributeNames", NAMES, owner, field, PLAIN)
#define VALUES(owner, field)                                                   \
    MEMBER("ExpressionAttributeValues", ITEM, owner, field, PLAIN)

/* ---- Legacy parameters -------------------------------------------------- */

#define ATTRIBUTES_TO_GET(owner)                                               \
    MEMBER("AttributesToGet", STRINGS, owner, attributes_to_get, .min_n = 1,   \
           .max_n = 255, .role = DDBI_LEGACY)
#define CONDITIONAL_OPERATOR                                                   \
    MEMBER("ConditionalOperator", STRING, ddbi_in, conditional_operator,       \
           .words = "OR, AND", .role = DDBI_LEGACY)
#define OPERATORS                                                              \
    "IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, "          \
    "BEGINS_WITH, GE, CONTAINS"
#define LEGACY_MAP(text, field, class, inner)                                  \
    {                                                                          \
        NAME(text),                                                            \
            .kind = DDBI_IS_MAP, .role = DDBI_LEGACY,                          \
            .at = offsetof(ddbi_in, field) + offsetof(ddbi_unread, p),         \
            .has = offsetof(ddbi_in, field) + offsetof(ddbi_unread, present),  \
            .count = offsetof(ddbi_in, field) + offsetof(ddbi_unread, n),      \
            .size = sizeof(legacy_in), .key = offsetof(legacy_in, name),       \
            .type = (class), .members = (inner)                                \
    }

typedef struct {
    ddb_bytes name;
    ddb_bytes word; /* operator or action */
    ddbi_tri exists;
    ddb_value value;
    ddbi_unread values;
} legacy_in;

#define VALUE_LIST                                                             \
    {                                                                          \
        NAME("AttributeValueList"),                                            \
            .kind = DDBI_IS_LIST, AT(legacy_in, values.p),                     \
            HAS(legacy_in, values.present), COUNT(legacy_in, values.n),        \
            .size = sizeof(ddb_value), .type = "AttributeValue"                \
    }

static const ddbi_member expected_members[] = {
    VALUE_LIST,
    MEMBER("ComparisonOperator", STRING, legacy_in, word, .words = OPERATORS),
    MEMBER("Exists", BOOLEAN, legacy_in, exists, PLAIN),
    MEMBER("Value", VALUE, legacy_in, value, PLAIN),
    LAST,
};

static const ddbi_member condition_members[] = {
    VALUE_LIST,
    MEMBER("ComparisonOperator", STRING, legacy_in, word, REQUIRED,
           .words = OPERATORS),
    LAST,
};

static const ddbi_member key_condition_members[] = {
    MEMBER("ComparisonOperator", STRING, legacy_in, word, REQUIRED,
           .words = OPERATORS),
    VALUE_LIST,
    LAST,
};

static const ddbi_member attribute_update_members[] = {
    MEMBER("Action", STRING, legacy_in, word, PLAIN),
    MEMBER("Value", VALUE, legacy_in, value, PLAIN),
    LAST,
};

#define EXPECTED                                                               \
    LEGACY_MAP("Expected", expected, "ExpectedAttributeValue", expected_members)

/* ---- One item ----------------------------------------------------------- */

static const ddbi_member get_item[] = {
    RETURN_CAPACITY,
    ATTRIBUTES_TO_GET(ddbi_in),
    TABLE_NAME(ddbi_in, op.table),
    KEY(ddbi_in, op.key),
    CONSISTENT(ddbi_in),
    EXPRESSION("ProjectionExpression", ddbi_in, op.projection),
    NAMES(ddbi_in, op.names),
    LAST,
};

static const ddbi_member put_item[] = {
    RETURN_CAPACITY,
    TABLE_NAME(ddbi_in, op.table),
    MEMBER("Item", ITEM, ddbi_in, op.item, REQUIRED),
    CONDITIONAL_OPERATOR,
    EXPECTED,
    RETURN_VALUES,
    RETURN_METRICS,
    EXPRESSION("ConditionExpression", ddbi_in, op.condition),
    VALUES(ddbi_in, op.values),
    NAMES(ddbi_in, op.names),
    ON_FAILURE(ddbi_in, op.on_failure),
    LAST,
};

static const ddbi_member delete_item[] = {
    RETURN_CAPACITY,
    TABLE_NAME(ddbi_in, op.table),
    RETURN_VALUES,
    RETURN_METRICS,
    KEY(ddbi_in, op.key),
    CONDITIONAL_OPERATOR,
    EXPECTED,
    EXPRESSION("ConditionExpression", ddbi_in, op.condition),
    VALUES(ddbi_in, op.values),
    NAMES(ddbi_in, op.names),
    ON_FAILURE(ddbi_in, op.on_failure),
    LAST,
};

static const ddbi_member update_item[] = {
    RETURN_CAPACITY,
    TABLE_NAME(ddbi_in, op.table),
    RETURN_METRICS,
    RETURN_VALUES,
    KEY(ddbi_in, op.key),
    CONDITIONAL_OPERATOR,
    EXPECTED,
    LEGACY_MAP("AttributeUpdates", attribute_updates, "AttributeValueUpdate",
               attribute_update_members),
    EXPRESSION("ConditionExpression", ddbi_in, op.condition),
    EXPRESSION("UpdateExpression", ddbi_in, op.update),
    VALUES(ddbi_in, op.values),
    NAMES(ddbi_in, op.names),
    ON_FAILURE(ddbi_in, op.on_failure),
    LAST,
};

/* ---- Query and Scan ----------------------------------------------------- */

#define SELECT                                                                 \
    MEMBER("Select", STRING, ddbi_in, select,                                  \
           .words = "SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, "             \
                    "ALL_PROJECTED_ATTRIBUTES")
#define LIMIT MEMBER("Limit", INTEGER, ddbi_in, limit, .least = 1 + 1)
#define START_KEY MEMBER("ExclusiveStartKey", ITEM, ddbi_in, start, PLAIN)

static const ddbi_member query[] = {
    SELECT,
    INDEX_NAME(ddbi_in, index),
    RETURN_CAPACITY,
    LEGACY_MAP("QueryFilter", any_filter, "Condition", condition_members),
    TABLE_NAME(ddbi_in, op.table),
    CONDITIONAL_OPERATOR,
    ATTRIBUTES_TO_GET(ddbi_in),
    LIMIT,
    LEGACY_MAP("KeyConditions", key_conditions, "Condition",
               key_condition_members),
    START_KEY,
    CONSISTENT(ddbi_in),
    MEMBER("ScanIndexForward", BOOLEAN, ddbi_in, forward, PLAIN),
    EXPRESSION("KeyConditionExpression", ddbi_in, op.key_condition),
    EXPRESSION("FilterExpression", ddbi_in, op.filter),
    EXPRESSION("ProjectionExpression", ddbi_in, op.projection),
    VALUES(ddbi_in, op.values),
    NAMES(ddbi_in, op.names),
    LAST,
};

static const ddbi_member scan[] = {
    SELECT,
    INDEX_NAME(ddbi_in, index),
    MEMBER("TotalSegments", INTEGER, ddbi_in, total_segments, .least = 1 + 1,
           .most = 1000000),
    RETURN_CAPACITY,
    TABLE_NAME(ddbi_in, op.table),
    CONDITIONAL_OPERATOR,
    LEGACY_MAP("ScanFilter", any_filter, "Condition", condition_members),
    MEMBER("Segment", INTEGER, ddbi_in, segment, .least = 1 + 0),
    LIMIT,
    ATTRIBUTES_TO_GET(ddbi_in),
    START_KEY,
    CONSISTENT(ddbi_in),
    EXPRESSION("FilterExpression", ddbi_in, op.filter),
    EXPRESSION("ProjectionExpression", ddbi_in, op.projection),
    VALUES(ddbi_in, op.values),
    NAMES(ddbi_in, op.names),
    LAST,
};

/* ---- Batches ------------------------------------------------------------ */

static const ddbi_member delete_request[] = {
    KEY(struct ddbi_write_in, del),
    LAST,
};

static const ddbi_member put_request[] = {
    MEMBER("Item", ITEM, struct ddbi_write_in, put, REQUIRED),
    LAST,
};

#define WRITE(text, which, inner)                                              \
    {                                                                          \
        NAME(text), .kind = DDBI_IS_CHOICE, .at = 0,                           \
                    HAS(struct ddbi_write_in, n_kinds),                        \
                    COUNT(struct ddbi_write_in, kind), .choice = (which),      \
                    .type = (text), .members = (inner)                         \
    }

static const ddbi_member write_request[] = {
    WRITE("DeleteRequest", DDBI_WRITE_DELETE, delete_request),
    WRITE("PutRequest", DDBI_WRITE_PUT, put_request),
    LAST,
};

static const ddbi_member write_requests[] = {
    {NAME("WriteRequests"), .kind = DDBI_IS_LIST, AT(ddbi_batch_in, writes),
     HAS(ddbi_batch_in, present), COUNT(ddbi_batch_in, n),
     .size = sizeof(struct ddbi_write_in), .type = "WriteRequest",
     .members = write_request},
    LAST,
};

static const ddbi_member keys_and_attributes[] = {
    {NAME("Keys"), .kind = DDBI_IS_ITEMS, AT(ddbi_batch_in, keys),
     HAS(ddbi_batch_in, present), COUNT(ddbi_batch_in, n), REQUIRED, .min_n = 1,
     .max_n = DDBI_BATCH_READS},
    ATTRIBUTES_TO_GET(ddbi_batch_in),
    CONSISTENT(ddbi_batch_in),
    EXPRESSION("ProjectionExpression", ddbi_batch_in, projection),
    NAMES(ddbi_batch_in, names),
    LAST,
};

#define REQUEST_ITEMS(is, class, inner, ...)                                   \
    {                                                                          \
        NAME("RequestItems"),                                                  \
            .kind = DDBI_IS_##is, AT(ddbi_in, batch), HAS(ddbi_in, has_batch), \
            COUNT(ddbi_in, n_batch), .size = sizeof(ddbi_batch_in),            \
            .key = offsetof(ddbi_batch_in, table), .type = (class),            \
            .members = (inner), REQUIRED, .pattern = 1, __VA_ARGS__            \
    }

static const ddbi_member batch_write_item[] = {
    RETURN_CAPACITY,
    RETURN_METRICS,
    REQUEST_ITEMS(LISTS, "WriteRequest", write_requests, .min_each = 1,
                  .max_each = DDBI_BATCH_WRITES),
    LAST,
};

static const ddbi_member batch_get_item[] = {
    RETURN_CAPACITY,
    REQUEST_ITEMS(MAP, "KeysAndAttributes", keys_and_attributes, PLAIN),
    LAST,
};

/* ---- Transactions ------------------------------------------------------- */

static const ddbi_member tx_get[] = {
    KEY(ddbi_op_in, key),
    TABLE_NAME(ddbi_op_in, table),
    EXPRESSION("ProjectionExpression", ddbi_op_in, projection),
    NAMES(ddbi_op_in, names),
    LAST,
};

static const ddbi_member tx_check[] = {
    KEY(ddbi_op_in, key),
    TABLE_NAME(ddbi_op_in, table),
    MEMBER("ConditionExpression", STRING, ddbi_op_in, condition, REQUIRED),
    NAMES(ddbi_op_in, names),
    VALUES(ddbi_op_in, values),
    ON_FAILURE(ddbi_op_in, on_failure),
    LAST,
};

static const ddbi_member tx_put[] = {
    MEMBER("Item", ITEM, ddbi_op_in, item, REQUIRED),
    TABLE_NAME(ddbi_op_in, table),
    EXPRESSION("ConditionExpression", ddbi_op_in, condition),
    NAMES(ddbi_op_in, names),
    VALUES(ddbi_op_in, values),
    ON_FAILURE(ddbi_op_in, on_failure),
    LAST,
};

static const ddbi_member tx_delete[] = {
    KEY(ddbi_op_in, key),
    TABLE_NAME(ddbi_op_in, table),
    EXPRESSION("ConditionExpression", ddbi_op_in, condition),
    NAMES(ddbi_op_in, names),
    VALUES(ddbi_op_in, values),
    ON_FAILURE(ddbi_op_in, on_failure),
    LAST,
};

static const ddbi_member tx_update[] = {
    KEY(ddbi_op_in, key),
    MEMBER("UpdateExpression", STRING, ddbi_op_in, update, REQUIRED),
    TABLE_NAME(ddbi_op_in, table),
    EXPRESSION("ConditionExpression", ddbi_op_in, condition),
    NAMES(ddbi_op_in, names),
    VALUES(ddbi_op_in, values),
    ON_FAILURE(ddbi_op_in, on_failure),
    LAST,
};

#define TX(text, which, class, inner, ...)                                     \
    {                                                                          \
        NAME(text), .kind = DDBI_IS_CHOICE, AT(ddbi_tx_in, op),                \
                    HAS(ddbi_tx_in, n_kinds), COUNT(ddbi_tx_in, kind),         \
                    .choice = (which), .type = (class), .members = (inner),    \
                    __VA_ARGS__                                                \
    }

static const ddbi_member tx_get_items[] = {
    TX("Get", DDBI_TX_GET, "Get", tx_get, REQUIRED),
    LAST,
};

static const ddbi_member tx_write_items[] = {
    TX("ConditionCheck", DDBI_TX_CHECK, "ConditionCheck", tx_check, PLAIN),
    TX("Put", DDBI_TX_PUT, "Put", tx_put, PLAIN),
    TX("Delete", DDBI_TX_DELETE, "Delete", tx_delete, PLAIN),
    TX("Update", DDBI_TX_UPDATE, "Update", tx_update, PLAIN),
    LAST,
};

#define TRANSACT_ITEMS(class, inner)                                           \
    {                                                                          \
        NAME("TransactItems"),                                                 \
            .kind = DDBI_IS_LIST, AT(ddbi_in, tx), HAS(ddbi_in, has_tx),       \
            COUNT(ddbi_in, n_tx), .size = sizeof(ddbi_tx_in), .type = (class), \
            .members = (inner), REQUIRED, .min_n = 1, .max_n = 100             \
    }

static const ddbi_member transact_get_items[] = {
    RETURN_CAPACITY,
    TRANSACT_ITEMS("TransactGetItem", tx_get_items),
    LAST,
};

static const ddbi_member transact_write_items[] = {
    RETURN_CAPACITY,
    RETURN_METRICS,
    MEMBER("ClientRequestToken", STRING, ddbi_in, token, .min_n = 1,
           .max_n = 36),
    TRANSACT_ITEMS("TransactWriteItem", tx_write_items),
    LAST,
};

/* ---- Actions ------------------------------------------------------------ */

/* By name. */
static const ddbi_action actions[] = {
    {"BatchGetItem", ddbi_do_batch_get_check, ddbi_do_batch_get, 0,
     batch_get_item},
    {"BatchWriteItem", ddbi_do_batch_write_check, ddbi_do_batch_write, 1,
     batch_write_item},
    {"CreateTable", ddbi_do_create_table_check, ddbi_do_create_table, 1,
     ddbi_members_create_table},
    {"DeleteItem", ddbi_do_delete_check, ddbi_do_delete, 1, delete_item},
    {"DeleteTable", NULL, ddbi_do_delete_table, 1, ddbi_members_only_table},
    {"DescribeEndpoints", NULL, ddbi_do_describe_endpoints, 0,
     ddbi_members_nothing},
    {"DescribeLimits", NULL, ddbi_do_describe_limits, 0, ddbi_members_nothing},
    {"DescribeTable", NULL, ddbi_do_describe_table, 0, ddbi_members_only_table},
    {"DescribeTimeToLive", NULL, ddbi_do_describe_ttl, 0,
     ddbi_members_only_table},
    {"GetItem", ddbi_do_get_check, ddbi_do_get, 0, get_item},
    {"ListTables", NULL, ddbi_do_list_tables, 0, ddbi_members_list_tables},
    {"ListTagsOfResource", ddbi_do_list_tags_check, ddbi_do_list_tags, 0,
     ddbi_members_list_tags},
    {"PutItem", ddbi_do_put_check, ddbi_do_put, 1, put_item},
    {"Query", ddbi_do_query_check, ddbi_do_query, 0, query},
    {"Scan", ddbi_do_scan_check, ddbi_do_scan, 0, scan},
    {"TagResource", ddbi_do_tag_check, ddbi_do_tag, 1,
     ddbi_members_tag_resource},
    {"TransactGetItems", ddbi_do_transact_get_check, ddbi_do_transact_get, 0,
     transact_get_items},
    {"TransactWriteItems", ddbi_do_transact_write_check, ddbi_do_transact_write,
     1, transact_write_items},
    {"UntagResource", ddbi_do_untag_check, ddbi_do_untag, 1,
     ddbi_members_untag_resource},
    {"UpdateItem", ddbi_do_update_check, ddbi_do_update, 1, update_item},
    {"UpdateTable", ddbi_do_update_table_check, ddbi_do_update_table, 1,
     ddbi_members_update_table},
    {"UpdateTimeToLive", NULL, ddbi_do_update_ttl, 1, ddbi_members_update_ttl},
};

const ddbi_action *ddbi_action_find(const char *name)
{
    size_t low = 0, high = sizeof actions / sizeof actions[0];

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, actions[middle].name);

        if (order == 0)
            return &actions[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
