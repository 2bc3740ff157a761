/* SPDX-License-Identifier: MIT */
/* Building a request body straight into a buffer, with the limits of the
 * service checked on the way.  Sticky: the first failure makes all that
 * follows do nothing, ddbi_req_end() tells it. */
#ifndef DDBI_REQUEST_H
#define DDBI_REQUEST_H

#include "wire/codec.h"

typedef struct {
    ddbi_buf *b;
    ddb_err *err;
    ddb_code failed;
    size_t substitutions; /* bytes of names and values so far */
} ddbi_req;

/* The buffer is emptied first. */
void ddbi_req_begin(ddbi_req *q, ddbi_buf *b, ddb_err *err);
/* The body is complete in the buffer, or why not. */
ddb_code ddbi_req_end(ddbi_req *q);
/* Fail with a message, unless it has failed. */
void ddbi_req_fail(ddbi_req *q, ddb_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Members; NULL texts and zero flags are left out. */
void ddbi_req_str(ddbi_req *q, const char *name, const char *text);
void ddbi_req_flag(ddbi_req *q, const char *name, int value); /* true or none */
void ddbi_req_int(ddbi_req *q, const char *name, int64_t value);
void ddbi_req_open(ddbi_req *q, const char *name, char bracket); /* NULL: in
                                                                    an array */
void ddbi_req_close(ddbi_req *q, char bracket);

/* "TableName", checked: 3 to 255 of [A-Za-z0-9_.-], or an ARN. */
void ddbi_req_table(ddbi_req *q, const char *table);
ddb_code ddbi_check_table(const char *table, ddb_err *err);
/* A primary key under this member name (NULL: bare, as an array element):
 * one or two attributes, S, N or B, neither empty nor longer than a key may
 * be. */
void ddbi_req_key(ddbi_req *q, const char *name, const ddb_item *key);
/* An exclusive start key; NULL is left out.  Of an index it has the index's
 * key attributes beside the table's. */
void ddbi_req_start_key(ddbi_req *q, const char *name, const ddb_item *key);
/* An item to be stored: at most 400 KB. */
void ddbi_req_item(ddbi_req *q, const char *name, const ddb_item *it);
/* An expression: at most 4 KB, not empty. */
void ddbi_req_expression(ddbi_req *q, const char *name, const char *text);
/* ExpressionAttributeNames and ExpressionAttributeValues; left out when
 * empty, as the service refuses {}. */
void ddbi_req_names(ddbi_req *q, const ddb_name *names);
void ddbi_req_values(ddbi_req *q, const ddb_item *values);
/* ReturnConsumedCapacity, when it is wanted. */
void ddbi_req_consumed(ddbi_req *q, const ddb_capacity *consumed);

#endif
