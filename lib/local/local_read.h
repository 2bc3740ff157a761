/* SPDX-License-Identifier: MIT */
/* What reading a request is made of: local_read.c does structures by tables,
 * local_read_value.c attribute values, local_read_scalar.c the rest.  Every
 * function reads what the JSON reader stands on; a refusal is DDB_SERVICE. */
#ifndef DDBI_LOCAL_READ_H
#define DDBI_LOCAL_READ_H

#include "local/local_ask.h"

#define DDBI_CLASS "com.amazonaws.dynamodb.v20120810."

typedef struct {
    ddbi_ask *a;
    ddbi_json_reader r;
} ddbi_reader;

/* Refuse: it is no JSON; or what stands there is no list, no map of this Java
 * type, no structure of this class.  nested: it is in another collection;
 * is_member: of a structure, else of a collection. */
ddb_code ddbi_no_json(const ddbi_reader *x);
ddb_code ddbi_no_list(const ddbi_reader *x, int nested);
ddb_code ddbi_no_map(const ddbi_reader *x, const char *type, int nested);
ddb_code ddbi_no_struct(const ddbi_reader *x, const char *type, int is_member);

ddb_code ddbi_read_string(ddbi_reader *x, ddb_bytes *out);
ddb_code ddbi_read_boolean(ddbi_reader *x, ddbi_tri *out);
ddb_code ddbi_read_integer(ddbi_reader *x, ddbi_int *out, int is_long);
ddb_code ddbi_read_blob(ddbi_reader *x, ddb_bytes *out);

/* {"S":...} and so on; depth is the value's level. */
ddb_code ddbi_read_value(ddbi_reader *x, ddb_value *v, int depth,
                         int is_member);
/* {"name":{"S":...},...} */
ddb_code ddbi_read_map(ddbi_reader *x, ddb_item **out, int depth, int nested);

/* Of *n elements of this size, which have their names at key: each name once,
 * with what came last.  0: no memory. */
int ddbi_keep_last(ddbi_reader *x, void *p, uint32_t *n, size_t size,
                   size_t key);

#endif
