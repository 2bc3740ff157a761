/* SPDX-License-Identifier: MIT */
/* Reading answers.  An answer is one JSON object; unknown members are
 * skipped.  Used as:
 *
 *     ddbi_answer a;
 *     ddbi_answer_begin(&a, body, n, err);
 *     while (ddbi_answer_next(&a))
 *         if (ddbi_answer_is(&a, "Item")) ddbi_answer_item(&a, it);
 *         else if (ddbi_answer_is(&a, "Count")) ddbi_answer_i64(&a, &n);
 *     code = ddbi_answer_end(&a);
 *
 * A member that no reader has taken is skipped by the next call.  Nested
 * objects and arrays are entered, and left where they end. */
#ifndef DDBI_REPLY_H
#define DDBI_REPLY_H

#include "base/err.h"
#include "wire/codec.h"

typedef struct {
    ddbi_json_reader r;
    ddb_err *err;
    ddb_code failed; /* DDB_BAD_ANSWER, DDB_NOMEM */
    ddb_bytes name;  /* of the member, raw; p NULL: an array's element */
    int name_escaped;
    int pending; /* a value was begun that nobody has taken */
    int level;   /* how many objects and arrays are open */
} ddbi_answer;

void ddbi_answer_begin(ddbi_answer *a, const void *body, size_t n,
                       ddb_err *err);
/* On to the next member of the object (or element of the array) that is
 * open; 0: its end, or a failure. */
int ddbi_answer_next(ddbi_answer *a);
/* Is the member of this name?  A null member is passed over by next. */
int ddbi_answer_is(const ddbi_answer *a, const char *name);
/* Its name as it is written, escapes and all. */
ddb_bytes ddbi_answer_name(const ddbi_answer *a);
/* Take the value.  One of another type is DDB_BAD_ANSWER. */
void ddbi_answer_item(ddbi_answer *a, ddb_item *it);
void ddbi_answer_i64(ddbi_answer *a, int64_t *out);
void ddbi_answer_double(ddbi_answer *a, double *out);
void ddbi_answer_bool(ddbi_answer *a, int *out);
void ddbi_answer_text(ddbi_answer *a, char *out, size_t size);
ddb_bytes ddbi_answer_dup(ddbi_answer *a, ddbi_arena *arena); /* a string */
/* Go into the member's object or array: 1, and next runs over its members;
 * 0: it is none, which is DDB_BAD_ANSWER.  next leaves it by itself when it
 * returns 0 for it. */
int ddbi_answer_enter_object(ddbi_answer *a);
int ddbi_answer_enter_array(ddbi_answer *a);
/* ConsumedCapacity, one object or an array of them, added to *out; out may
 * be NULL. */
void ddbi_answer_consumed(ddbi_answer *a, ddb_capacity *out);
/* The whole was read and was right; else the first failure. */
ddb_code ddbi_answer_end(ddbi_answer *a);

/* Fill err from an error answer: type from the body's __type or code, else
 * from the header x-amzn-errortype; message; class by the exceptions' table.
 * A body that is empty or no JSON is fine.  Returns err's code; row, if not
 * NULL, is what ddbi_exception_find() gave. */
ddb_code ddbi_read_error(const void *body, size_t n, int http_status,
                         const char *header_type, ddb_err *err,
                         const ddbi_exception **row);
/* The Item of a ConditionalCheckFailedException's body into it; DDB_NOT_FOUND:
 * there is none. */
ddb_code ddbi_read_blocking_item(const void *body, size_t n, ddb_item *it,
                                 ddb_err *err);

#endif
