/* SPDX-License-Identifier: MIT */
/* The waist over the local engine: a call is answered on the caller's thread,
 * within start. */
#ifndef DDBI_LOCAL_TRANSPORT_H
#define DDBI_LOCAL_TRANSPORT_H

#include "local/local.h"
#include "wire/transport.h"

/* Opens an engine of its own, closed with the transport. */
ddb_code ddbi_local_transport(const ddbi_local_options *opt,
                              ddbi_transport **out, ddb_err *err);

#endif
