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

#define DDBI_DAY_MS 86400000

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
    int64_t rcu, wcu;     /* provisioned; 0: on demand */
    int64_t decreases;    /* of throughput, on the day of the last */
    int64_t decreased_ms; /* Unix milliseconds of the last; 0: none yet */
    int64_t increased_ms;
    int64_t warm_read, warm_write; /* the most that it ever was ready for */
    const char *status;            /* in an answer; NULL: ACTIVE.  Not kept */
} ddbi_index;

typedef struct ddbi_table {
    ddb_bytes name;
    char uuid[37];      /* TableId */
    int64_t created_ms; /* Unix milliseconds */
    ddbi_index self;
    uint32_t n_indexes;
    ddbi_index *indexes;
    int on_demand;
    int64_t on_demand_ms;  /* since when, or when last; 0: never was */
    ddb_bytes table_class; /* n 0: never said */
    int64_t class_ms;      /* when it was changed; 0: never */
    int protected;         /* DeletionProtectionEnabled */
    ddb_bytes ttl;         /* attribute; n 0: expiry is off */
    uint32_t ttl_id;       /* number of the rows by expiry; 0: never was on */
    uint32_t n_tags;
    ddbi_tag_in *tags;
    const char *status; /* in an answer; NULL: ACTIVE.  Not kept */
} ddbi_table;

/* ---- The catalogue's JSON (local_schema.c) ------------------------------ */

/* A description as the catalogue keeps it. */
void ddbi_table_write(ddbi_buf *b, const ddbi_table *t);
/* Back again, all of it in the arena: DDB_NOMEM, or DDB_SYSTEM for what is no
 * description. */
ddb_code ddbi_table_read(ddbi_arena *arena, ddb_bytes json, ddbi_table *out,
                         ddb_err *err);

/* ---- Tables read before (local_catalogue.c) ----------------------------- */

/* Tables read before, so that a request need not parse its table again: the
 * description's text tells whether it is still the same.  NULL: no memory. */
struct ddbi_catalogue *ddbi_catalogue_new(void);
void ddbi_catalogue_free(struct ddbi_catalogue *c);
/* Between requests: what changed or was deleted is freed, and all of it when
 * there is much. */
void ddbi_catalogue_trim(struct ddbi_catalogue *c);
/* The table of this description, parsed now or before; lent until the next
 * trim. */
ddb_code ddbi_catalogue_table(struct ddbi_catalogue *c, ddb_bytes name,
                              ddb_bytes json, const ddbi_table **out,
                              ddb_err *err);

/* ---- Tables by name (local_table.c) ------------------------------------- */

/* The table of this name or ARN; lent until the request ends.  Refuses with
 * ResourceNotFoundException ("Requested resource not found"). */
ddb_code ddbi_table_find(ddbi_ask *a, ddb_bytes name, const ddbi_table **out);
/* The same, as the actions on tables say it: "...: Table: NAME not found". */
ddb_code ddbi_table_named(ddbi_ask *a, ddb_bytes name, const ddbi_table **out);
/* The same; DDB_NOT_FOUND, refusing nothing. */
ddb_code ddbi_table_look(ddbi_ask *a, ddb_bytes name, const ddbi_table **out);
/* The next table by name behind this one; of no name the first.
 * DDB_NOT_FOUND: no more of them. */
ddb_code ddbi_table_next(ddbi_ask *a, ddb_bytes after, const ddbi_table **out);
/* The name's part of an ARN; anything else as it is. */
ddb_bytes ddbi_table_bare_name(ddb_bytes name_or_arn);
/* Write the description into the catalogue (new or changed). */
ddb_code ddbi_table_save(ddbi_ask *a, const ddbi_table *t);
/* Take it out of the catalogue, with all rows. */
ddb_code ddbi_table_drop(ddbi_ask *a, const ddbi_table *t);
/* All rows of a table's, index's or expiry's number. */
ddb_code ddbi_table_clear(ddbi_ask *a, uint32_t id);
/* A number nobody has had. */
ddb_code ddbi_table_number(ddbi_ask *a, uint32_t *out);
/* By IndexName: refuses, with the service's words, one that is not there. */
ddb_code ddbi_table_index(ddbi_ask *a, const ddbi_table *t, ddb_bytes name,
                          const ddbi_index **out);
/* arn:aws:dynamodb:REGION:000000000000:table/NAME[/index/INDEX] */
void ddbi_table_arn(ddbi_ask *a, ddbi_buf *b, ddb_bytes table, ddb_bytes index);

/* ---- TableDescription (local_describe.c) -------------------------------- */

/* Of an index that UpdateTable makes, CREATING has a Backfilling too. */
#define DDBI_CREATING "CREATING"
#define DDBI_UPDATING "UPDATING"
#define DDBI_DELETING "DELETING"

/* {"Table":{...}}, or whatever the member's name, is the answer; of a table
 * that is DELETING it is brief.  Items and bytes are counted now. */
ddb_code ddbi_table_describe(ddbi_ask *a, const char *member,
                             const ddbi_table *t);

/* ---- What keys and indexes may be (local_rules.c) ----------------------- */

#define DDBI_MOST_LOCAL 5u
#define DDBI_MOST_GLOBAL 20u
#define DDBI_MOST_INDEXES (DDBI_MOST_LOCAL + DDBI_MOST_GLOBAL)

/* A KeySchema over the AttributeDefinitions: refuses what is none. */
ddb_code ddbi_rule_keys(ddbi_ask *a, const ddbi_key_in *schema, uint32_t n,
                        const ddbi_attribute_in *defs, uint32_t n_defs,
                        ddbi_index *out);
/* An index's keys, and projection; out->local is set already. */
ddb_code ddbi_rule_index_keys(ddbi_ask *a, const ddbi_index_in *in,
                              const ddbi_attribute_in *defs, uint32_t n_defs,
                              const ddbi_index *table, ddbi_index *out);
ddb_code ddbi_rule_projection(ddbi_ask *a, const ddbi_index_in *in,
                              ddbi_index *out);
/* What all indexes project together. */
ddb_code ddbi_rule_projected(ddbi_ask *a, const ddbi_table *t);
/* No attribute is defined twice; all that are defined are used by a key. */
ddb_code ddbi_rule_duplicates(ddbi_ask *a, const ddbi_attribute_in *defs,
                              uint32_t n);
ddb_code ddbi_rule_definitions(ddbi_ask *a, const ddbi_table *t,
                               const ddbi_attribute_in *defs, uint32_t n);
/* "Given value 1000000000001 for ReadCapacityUnits is out of bounds" */
ddb_code ddbi_rule_throughput(ddbi_ask *a, const ddbi_throughput_in *in);
/* The request's TableClass is one. */
ddb_code ddbi_rule_class(ddbi_ask *a);
/* It wants no stream. */
ddb_code ddbi_rule_stream(ddbi_ask *a);
/* The request's Tags, by what a table may have. */
ddb_code ddbi_rule_tags(ddbi_ask *a);

/* The index that an update is of, which has one action at least. */
ddb_bytes ddbi_update_name(const ddbi_index_update_in *u);
/* Indexes of the one kind or the other. */
uint32_t ddbi_table_count(const ddbi_table *t, int local);
/* Type of an attribute that a key of the table or an index is made of; 0: it
 * is in none. */
ddb_type ddbi_table_key_type(const ddbi_table *t, ddb_bytes name);
/* Note a decrease of throughput. */
void ddbi_index_decreased(ddbi_index *x, int64_t now_ms);
/* WarmThroughput: what it is ready for, which never becomes less; note that
 * before it changes. */
void ddbi_index_warm(ddbi_index *x, int on_demand);

#endif
