/* SPDX-License-Identifier: MIT */
/* Values and items to DynamoDB JSON and back: {"S":"text"}, {"N":"1"},
 * {"B":"AAE="}, {"BOOL":true}, {"NULL":true}, {"L":[...]}, {"M":{...}},
 * {"SS":[...]}, {"NS":[...]}, {"BS":[...]}. */
#ifndef DDBI_CODEC_H
#define DDBI_CODEC_H

#include "wire/json_read.h"
#include "wire/json_write.h"
#include "wire/value.h"

/* Append; a failed item or invalid value makes the buffer fail. */
void ddbi_write_value(ddbi_buf *b, const ddb_value *v);
void ddbi_write_item(ddbi_buf *b, const ddb_item *it);

/* The reader stands on DDBI_JSON_OBJECT and is left on its end.  DDB_NOMEM,
 * or DDB_BAD_ANSWER with err saying where.  Unknown members of an attribute
 * value, two types in one, nesting beyond 32: DDB_BAD_ANSWER. */
ddb_code ddbi_read_item(ddbi_json_reader *r, ddb_item *it, ddb_err *err);

#endif
