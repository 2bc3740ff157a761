/* SPDX-License-Identifier: MIT */
/* Streaming JSON (RFC 8259) into a buffer: no tree, no state of its own.  A
 * comma is written wherever the last byte is no '{', '[' or ':'.  Strings
 * must be UTF-8: else the buffer fails with DDB_INVALID. */
#ifndef DDBI_JSON_WRITE_H
#define DDBI_JSON_WRITE_H

#include "base/buf.h"

void ddbi_json_open(ddbi_buf *b, char bracket);  /* '{' or '[' */
void ddbi_json_close(ddbi_buf *b, char bracket); /* '}' or ']' */
void ddbi_json_key(ddbi_buf *b, const void *p, size_t n);
void ddbi_json_str(ddbi_buf *b, const void *p, size_t n);
void ddbi_json_base64(ddbi_buf *b, const void *p, size_t n);
void ddbi_json_i64(ddbi_buf *b, int64_t v);
void ddbi_json_bool(ddbi_buf *b, int v);
void ddbi_json_null(ddbi_buf *b);
/* Text that is JSON already. */
void ddbi_json_raw(ddbi_buf *b, const void *p, size_t n);

#endif
