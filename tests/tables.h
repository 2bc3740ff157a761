/* SPDX-License-Identifier: MIT */
/* Pieces of the JSON of tables, for suites of the local engine. */
#ifndef TABLES_H
#define TABLES_H

#define ATTR(name, type)                                                       \
    "{'AttributeName':'" name "','AttributeType':'" type "'}"
#define DEFS(list) "'AttributeDefinitions':[" list "]"
#define KEY(name, type) "{'AttributeName':'" name "','KeyType':'" type "'}"
#define HASH(name) KEY(name, "HASH")
#define RANGE(name) KEY(name, "RANGE")
#define SCHEMA(list) "'KeySchema':[" list "]"
#define ON_DEMAND "'BillingMode':'PAY_PER_REQUEST'"
#define UNITS(r, w)                                                            \
    "'ProvisionedThroughput':{'ReadCapacityUnits':" r                          \
    ",'WriteCapacityUnits':" w "}"
#define PROJECT(type) "'Projection':{'ProjectionType':'" type "'}"
/* An index of all attributes; more: throughput, with its comma. */
#define INDEX(name, keys, more)                                                \
    "{'IndexName':'" name "'," SCHEMA(keys) "," PROJECT("ALL") more "}"
#define LOCALS(list) "'LocalSecondaryIndexes':[" list "]"
#define GLOBALS(list) "'GlobalSecondaryIndexes':[" list "]"

#define NAMED(name) "{'TableName':'" name "'}"

/* The least that there is, with a key of one attribute or two. */
#define PLAIN_TABLE(name)                                                      \
    "{'TableName':'" name                                                      \
    "'," DEFS(ATTR("k", "S")) "," SCHEMA(HASH("k")) "," ON_DEMAND "}"
#define RANGE_KEYS                                                             \
    DEFS(ATTR("k", "S") "," ATTR("r", "N"))                                    \
    "," SCHEMA(HASH("k") "," RANGE("r"))

#endif
