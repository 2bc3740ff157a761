/* SPDX-License-Identifier: MIT */
/* The waist over HTTP: an action becomes a signed exchange with the service
 * or anything that speaks like it. */
#ifndef DDBI_REMOTE_H
#define DDBI_REMOTE_H

#include "http/endpoint.h"
#include "wire/transport.h"

/* All is copied. */
typedef struct {
    const ddbi_endpoint *endpoint; /* as ddbi_endpoint_resolve() filled it */
    const char *ca_file;           /* PEM; NULL or "": none given */
    const char *ca_path;           /* hashed directory; neither: the system's */
    const char *proxy;      /* URL; NULL: from the environment; "": none */
    int connect_timeout_ms; /* 0: 5000 */
    size_t max_answer;      /* bytes of a body; 0: 32 MB */
    int max_idle;           /* connections kept when idle; 0: 16 */
} ddbi_remote_options;

/* DDB_INVALID, DDB_UNSUPPORTED, DDB_SYSTEM, DDB_NOMEM.  No connection is
 * made.  Ended by (*out)->ops->close(). */
ddb_code ddbi_remote_open(const ddbi_remote_options *opt, ddbi_transport **out,
                          ddb_err *err);

#endif
