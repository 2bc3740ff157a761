/* SPDX-License-Identifier: MIT */
/*
 * Tables as the engine knows them: what CreateTable said, kept as JSON in the
 * catalogue (local_schema.c), and found again by name for each request.
 *
 * Numbers of tables and indexes: 0 is the catalogue, 1 the transactions'
 * tokens, 2 the counter that numbers come from; from 16 on one for each
 * table, each index, and each table's expiry (rows by time to live).
 */
#ifndef DDBI_LOCAL_TABLE_H
#define DDBI_LOCAL_TABLE_H

#include "local/local_ask.h"

#define DDBI_ID_CATALOGUE 0u
#define DDBI_ID_TOKENS 1u
#define DDBI_ID_COUNTER 2u
#define DDBI_ID_FIRST 16u

typedef struct {
    ddb_bytes name; /* n 0: there is no such key */
    ddb_type type;  /* DDB_S, DDB_N, DDB_B */
} ddbi_key_attribute;

typedef enum { DDBI_ALL, DDBI_KEYS_ONLY, DDBI_INCLUDE } ddbi_projected;

/* The table itself, or a secondary index of it. */
typedef struct {
    uint32_t id;
    ddb_bytes name; /* of an index; the table's n is 0 */
    ddbi_key_attribute pk, sk;
    int local; /* a local secondary index */
    ddbi_projected projected;
    uint32_t n_included;
    ddb_bytes *included;
    int64_t rcu, wcu; /* provisioned; 0: on demand */
} ddbi_index;

typedef struct ddbi_table {
    ddb_bytes name;
    char uuid[37];      /* TableId */
    int64_t created_ms; /* Unix milliseconds */
    ddbi_index self;
    uint32_t n_indexes;
    ddbi_index *indexes;
    int on_demand;
    ddb_bytes table_class; /* n 0: never said */
    int protected;         /* DeletionProtectionEnabled */
    ddb_bytes ttl;         /* attribute; n 0: expiry is off */
    uint32_t ttl_id;       /* number of the rows by expiry; 0: never was on */
    int64_t decreases, increases; /* of throughput: times changed, ms of the */
    int64_t decreased_ms, increased_ms; /* last; for DescribeTable */
    uint32_t n_tags;
    ddbi_tag_in *tags;
} ddbi_table;

/* Tables read before, so that a request need not parse its table again: the
 * description's text tells whether it is still the same.  NULL: no memory. */
struct ddbi_catalogue *ddbi_catalogue_new(void);
void ddbi_catalogue_free(struct ddbi_catalogue *c);

/* The table of this name or ARN; lent until the request ends.  Refuses with
 * ResourceNotFoundException ("Requested resource not found"). */
ddb_code ddbi_table_find(ddbi_ask *a, ddb_bytes name, const ddbi_table **out);
/* Write the description into the catalogue (new or changed). */
ddb_code ddbi_table_save(ddbi_ask *a, const ddbi_table *t);
/* A number nobody has had. */
ddb_code ddbi_table_number(ddbi_ask *a, uint32_t *out);
/* By IndexName: refuses, with the service's words, one that is not there. */
ddb_code ddbi_table_index(ddbi_ask *a, const ddbi_table *t, ddb_bytes name,
                          const ddbi_index **out);
/* arn:aws:dynamodb:REGION:000000000000:table/NAME[/index/INDEX] */
void ddbi_table_arn(ddbi_ask *a, ddbi_buf *b, ddb_bytes table, ddb_bytes index);

#endif
