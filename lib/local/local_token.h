/* SPDX-License-Identifier: MIT */
/* ClientRequestToken: a transaction that was done is known again for ten
 * minutes. */
#ifndef DDBI_LOCAL_TOKEN_H
#define DDBI_LOCAL_TOKEN_H

#include "local/local_item.h"

/* Was the request's token used within ten minutes?  *done: by this very
 * request.  By another one: refuses (IdempotentParameterMismatchException).
 * Without a token: never. */
ddb_code ddbi_token_look(ddbi_ask *a, int *done);
/* Keep it; old ones go. */
ddb_code ddbi_token_keep(ddbi_ask *a);

#endif
