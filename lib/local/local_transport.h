/* SPDX-License-Identifier: MIT */
/* The waist over the local engine: a call is answered on the caller's thread,
 * within start. */
#ifndef DDBI_LOCAL_TRANSPORT_H
#define DDBI_LOCAL_TRANSPORT_H

#include "local/local.h"
#include "wire/transport.h"

/* Opens an engine of its own, closed with the transport.  max_answer: bytes of
 * an answer; 0: DDBI_MAX_ANSWER. */
ddb_code ddbi_local_transport(const ddbi_local_options *opt, size_t max_answer,
                              ddbi_transport **out, ddb_err *err);

#endif
