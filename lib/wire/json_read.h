/* SPDX-License-Identifier: MIT */
/* A strict pull reader of JSON (RFC 8259) over a buffer: no tree, no
 * recursion, bounded depth.  Refused: invalid UTF-8, control characters in
 * strings, lone surrogates, leading zeros, anything behind the value. */
#ifndef DDBI_JSON_READ_H
#define DDBI_JSON_READ_H

#include "base/arena.h"
#include "wire/limits.h"

typedef enum {
    DDBI_JSON_ERROR = -1, /* and every further next says so again */
    DDBI_JSON_END = 0,    /* the one value is complete, nothing follows */
    DDBI_JSON_OBJECT,
    DDBI_JSON_OBJECT_END,
    DDBI_JSON_ARRAY,
    DDBI_JSON_ARRAY_END,
    DDBI_JSON_KEY,    /* text is the member's name, raw */
    DDBI_JSON_STRING, /* text is the string, raw */
    DDBI_JSON_NUMBER, /* text is the number */
    DDBI_JSON_TRUE,
    DDBI_JSON_FALSE,
    DDBI_JSON_NULL
} ddbi_json_token;

typedef struct {
    const char *start, *p, *end;
    ddbi_json_token token; /* what next returned last */
    ddb_bytes text;        /* raw: escapes not yet undone, quotes cut */
    int escaped;           /* text has escapes */
    int depth;
    unsigned char state;
    unsigned char in_object[DDBI_MAX_JSON_DEPTH / 8 + 1];
    const char *why; /* of DDBI_JSON_ERROR; static text */
} ddbi_json_reader;

void ddbi_json_start(ddbi_json_reader *r, const void *p, size_t n);
ddbi_json_token ddbi_json_next(ddbi_json_reader *r);
/* Pass over the value that next has just begun (object or array: to its end;
 * key: its value too; anything else: nothing).  -1: error. */
int ddbi_json_skip(ddbi_json_reader *r);
/* Is the raw text of KEY or STRING this one, escapes undone? */
int ddbi_json_is(const ddbi_json_reader *r, const char *s);
/* Undo the escapes into out, which has room for text.n bytes; returns how
 * many were written.  The reader has checked them. */
size_t ddbi_json_unescape(const ddbi_json_reader *r, char *out);
/* KEY or STRING as a copy in the arena with a NUL behind it; p is NULL when
 * there is no memory. */
ddb_bytes ddbi_json_text(const ddbi_json_reader *r, ddbi_arena *a);
/* The same into a fixed buffer: cut if too long, NUL-terminated. */
void ddbi_json_copy(const ddbi_json_reader *r, char *out, size_t size);
/* NUMBER as int64_t (a fraction or exponent: -1) and as double. */
int ddbi_json_read_i64(const ddbi_json_reader *r, int64_t *out);
int ddbi_json_read_double(const ddbi_json_reader *r, double *out);

#endif
