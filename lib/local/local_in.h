/* SPDX-License-Identifier: MIT */
/*
 * What a request says.  One struct for all actions, as most of them share
 * most members; local_read.c fills it from JSON by the action's list of
 * members (local_members.c), with the service's own complaints about what is
 * of a wrong type, missing, too long or none of its words.  All of it lives
 * in the request's arena.  Zero is absent, everywhere.
 */
#ifndef DDBI_LOCAL_IN_H
#define DDBI_LOCAL_IN_H

#include "wire/value.h"

/* Values as they came: read by type, not checked.  Beside the ten types an
 * attribute value can have none, or several of them; N is its raw text. */
#define DDBI_TYPE_NONE ((ddb_type)0)
#define DDBI_TYPE_SEVERAL ((ddb_type)11)

typedef enum { DDBI_ABSENT = 0, DDBI_TRUE, DDBI_FALSE } ddbi_tri;

typedef struct {
    int present;
    int64_t v;
} ddbi_int;

typedef struct { /* strings; p NULL with n 0 when it is empty or absent */
    int present;
    uint32_t n;
    ddb_bytes *p;
} ddbi_strings;

typedef struct {     /* of ExpressionAttributeNames */
    ddb_bytes name;  /* "#k" */
    ddb_bytes value; /* "key" */
} ddbi_name_in;

typedef struct {
    int present;
    uint32_t n;
    ddbi_name_in *p;
} ddbi_names_in;

typedef struct {
    ddb_bytes name;
    ddb_bytes type; /* S, N, B */
} ddbi_attribute_in;

typedef struct {
    ddb_bytes name;
    ddb_bytes type; /* HASH, RANGE */
} ddbi_key_in;

typedef struct {
    int present;
    ddbi_int read;
    ddbi_int write;
} ddbi_throughput_in;

typedef struct {
    ddb_bytes name; /* IndexName */
    int has_schema;
    uint32_t n_schema;
    ddbi_key_in *schema;
    int has_projection;
    ddb_bytes projection; /* ALL, KEYS_ONLY, INCLUDE */
    ddbi_strings non_key;
    ddbi_throughput_in throughput;
} ddbi_index_in;

typedef struct { /* one of GlobalSecondaryIndexUpdates: which are there */
    ddbi_index_in *create, *update, *delete_;
} ddbi_index_update_in;

typedef struct {
    ddb_bytes key;
    ddb_bytes value;
} ddbi_tag_in;

/* Of legacy parameters: read for their types, and for nobody. */
typedef struct {
    int present;
    uint32_t n;
    void *p;
} ddbi_unread;

/* One operation on one item: a request of its own, or one of a batch or a
 * transaction. */
typedef struct {
    ddb_bytes table;
    ddb_item *item; /* PutItem */
    ddb_item *key;
    ddb_bytes update; /* expressions; p NULL: absent, n 0: empty */
    ddb_bytes condition;
    ddb_bytes key_condition; /* Query */
    ddb_bytes filter;        /* Query, Scan */
    ddb_bytes projection;
    ddbi_names_in names;
    ddb_item *values;
    ddb_bytes on_failure; /* ReturnValuesOnConditionCheckFailure */
} ddbi_op_in;

typedef enum { DDBI_WRITE_PUT, DDBI_WRITE_DELETE } ddbi_write_kind;

typedef struct { /* a table of BatchWriteItem's or BatchGetItem's */
    ddb_bytes table;
    int present; /* the list of writes or keys was there */
    uint32_t n;
    struct ddbi_write_in {    /* BatchWriteItem: exactly one should be there */
        int n_kinds;          /* how many of the two were there */
        ddbi_write_kind kind; /* the last of them */
        ddb_item *put;        /* PutRequest's Item */
        ddb_item *del;        /* DeleteRequest's Key */
    } * writes;
    ddb_item **keys; /* BatchGetItem; n of them */
    ddbi_tri consistent;
    ddb_bytes projection;
    ddbi_names_in names;
    ddbi_strings attributes_to_get;
} ddbi_batch_in;

typedef enum {
    DDBI_TX_GET,
    DDBI_TX_PUT,
    DDBI_TX_UPDATE,
    DDBI_TX_DELETE,
    DDBI_TX_CHECK
} ddbi_tx_kind;

typedef struct { /* of TransactItems */
    int n_kinds; /* how many of its members were there */
    ddbi_tx_kind kind;
    ddbi_op_in op;
} ddbi_tx_in;

typedef struct {
    ddbi_op_in op; /* TableName, Key, Item, expressions of GetItem, PutItem,
                      UpdateItem, DeleteItem, Query and Scan too */
    ddb_bytes return_values;
    ddb_bytes return_capacity; /* NONE, TOTAL, INDEXES */
    ddb_bytes return_metrics;  /* NONE, SIZE */
    ddbi_tri consistent;

    ddb_bytes index; /* Query, Scan */
    ddb_bytes select;
    ddbi_int limit; /* ListTables too */
    ddbi_tri forward;
    ddb_item *start; /* ExclusiveStartKey */
    ddbi_int segment, total_segments;

    int has_batch;
    uint32_t n_batch;
    ddbi_batch_in *batch;
    int has_tx;
    uint32_t n_tx;
    ddbi_tx_in *tx;
    ddb_bytes token; /* ClientRequestToken */

    int has_attributes, has_schema; /* CreateTable, UpdateTable */
    uint32_t n_attributes, n_schema;
    ddbi_attribute_in *attributes;
    ddbi_key_in *schema;
    int has_local, has_global, has_updates;
    uint32_t n_local, n_global, n_updates;
    ddbi_index_in *local, *global;
    ddbi_index_update_in *updates;
    ddb_bytes billing;
    ddbi_throughput_in throughput;
    ddbi_tri deletion_protection;
    ddb_bytes table_class;
    ddbi_tri stream; /* StreamSpecification's StreamEnabled */
    int has_stream;
    ddb_bytes start_table; /* ExclusiveStartTableName */

    int has_ttl;
    ddb_bytes ttl_attribute;
    ddbi_tri ttl_enabled;

    ddb_bytes arn; /* ResourceArn */
    int has_tags;
    uint32_t n_tags;
    ddbi_tag_in *tags;
    ddbi_strings tag_keys;
    ddb_bytes next_token;

    /* Members that are DynamoDB's but not ours: the name of the first that
     * was there, NULL: none.  Legacy: Expected, AttributeUpdates and their
     * kin, ConditionalOperator; other: replicas, streams, SSE and so on. */
    const char *legacy;
    const char *other;
    ddbi_strings attributes_to_get; /* legacy too */
    ddbi_unread expected, attribute_updates, key_conditions, any_filter;
    ddb_bytes conditional_operator;
    int replicas, encryption, streams, limits, policy; /* other: were there */
} ddbi_in;

#endif
