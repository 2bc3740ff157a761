/* SPDX-License-Identifier: MIT */
/* Filling a ddb_err: first one wins, nothing is allocated, newlines and
 * control characters become spaces, what is no UTF-8 becomes '?'. */
#ifndef DDBI_ERR_H
#define DDBI_ERR_H

#include <ddb/ddb.h>

/* Make it DDB_OK and empty; NULL is fine. */
void ddbi_err_clear(ddb_err *err);

/* Set code and message unless err tells of a failure already; returns the
 * code that err then has.  err may be NULL: returns code. */
ddb_code ddbi_fail(ddb_err *err, ddb_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "out of memory" */
ddb_code ddbi_nomem(ddb_err *err);

/* The same with code, message and retryable of a failure elsewhere. */
ddb_code ddbi_fail_as(ddb_err *err, const ddb_err *failure);

/* What a service exception means. */
typedef struct {
    const char *type; /* "ThrottlingException", without any prefix */
    ddb_code code;
    int retryable; /* by the call itself, after a wait */
    int throttle;  /* the wait is a throttle's */
} ddbi_exception;

/* The row of an exception; of one that is not listed, or "", the row for the
 * HTTP status (429, 413, 5xx), and DDB_SERVICE at last.  Never NULL. */
const ddbi_exception *ddbi_exception_find(const char *type, int http_status);

#endif
