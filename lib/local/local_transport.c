/* SPDX-License-Identifier: MIT */
/*
 * The local engine below the waist.  A request is answered when it is
 * started, so that an exchange has nothing left to do; what the engine could
 * not do (its disk is full, its file locked for long) was not done at all,
 * unless it was the commit that failed.
 */
#include "local/local_transport.h"

#include "base/alloc.h"
#include "base/err.h"
#include "wire/limits.h"

#include <string.h>

typedef struct {
    ddbi_transport base; /* first */
    ddbi_local *engine;
    size_t max_answer;
} local;

static ddb_code start(ddbi_transport *t, const ddbi_request *request,
                      ddbi_reply *reply, ddbi_exchange **out, ddb_err *err)
{
    local *l = (local *)t;
    ddb_err why = {0};

    (void)err;
    reply->body.max = l->max_answer;
    reply->code = ddbi_local_call_within(l->engine, request->timeout_ms,
                                         request->action, request->body,
                                         &reply->status, &reply->body, &why);
    if (reply->code != DDB_OK) {
        reply->status = 0;
        reply->not_sent = !why.maybe_applied;
        reply->retryable = why.retryable;
        memcpy(reply->message, why.message, sizeof reply->message - 1);
    }
    /* It is over, and all that there is to know is in the reply. */
    *out = (ddbi_exchange *)(void *)l;
    return DDB_OK;
}

static int step(ddbi_exchange *x, int64_t wait_ms)
{
    (void)x, (void)wait_ms;
    return 1;
}

static void finish(ddbi_exchange *x)
{
    (void)x;
}

static int cancel(ddbi_exchange *x)
{
    (void)x;
    return 1;
}

static void close_local(ddbi_transport *t, int forked)
{
    local *l = (local *)t;

    ddbi_local_close(l->engine, forked);
    ddbi_free(l);
}

ddb_code ddbi_local_transport(const ddbi_local_options *opt, size_t max_answer,
                              ddbi_transport **out, ddb_err *err)
{
    static const ddbi_transport_ops ops = {.start = start,
                                           .step = step,
                                           .finish = finish,
                                           .cancel = cancel,
                                           .close = close_local};
    local *l = ddbi_calloc(1, sizeof *l);
    ddb_code code;

    *out = NULL;
    if (l == NULL)
        return ddbi_nomem(err);
    l->base.ops = &ops;
    l->max_answer = max_answer > 0 ? max_answer : DDBI_MAX_ANSWER;
    code = ddbi_local_open(opt, &l->engine, err);
    if (code != DDB_OK)
        ddbi_free(l);
    else
        *out = &l->base;
    return code;
}
