/* SPDX-License-Identifier: MIT */
/*
 * The engine: one request at a time from the action's name and JSON to an
 * answer.  Read by the action's table, checked without data, and then
 * answered in one transaction, which is undone whatever goes wrong.
 *
 * The lock is held for all of it: SQLite has one writer anyway, and a handle
 * is for one thread.  Memory is kept from request to request, as far as it is
 * not large, so that a small one allocates nothing.
 *
 * What has expired is removed by the way: before a request that writes, once a
 * second at most, in a transaction of its own.
 */
#include "local/local_item.h"

#include "base/alloc.h"
#include "base/err.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define KEPT (256 * 1024) /* bytes of a buffer */
#define SWEEP_EVERY 1000  /* ms */
#define SWEEP_ITEMS 100

struct ddbi_local {
    pthread_mutex_t mutex;
    ddbi_local_options options;
    char *region, *address; /* options' */
    ddbi_store *store;
    struct ddbi_catalogue *catalogue;
    ddbi_arena arena;
    ddbi_buf refusal;
    ddbi_in in;
    int64_t swept; /* Unix ms */
};

/* ---- Opening ------------------------------------------------------------ */

static int copy_text(char **copy, const char **text)
{
    if (*text == NULL)
        return 1;
    *text = *copy = ddbi_strdup(*text);
    return *copy != NULL;
}

ddb_code ddbi_local_open(const ddbi_local_options *opt, ddbi_local **out,
                         ddb_err *err)
{
    ddbi_local *l = ddbi_calloc(1, sizeof *l);
    ddb_code code;

    *out = NULL;
    if (l == NULL)
        return ddbi_nomem(err);
    pthread_mutex_init(&l->mutex, NULL);
    l->options = *opt;
    l->options.path = NULL;
    if (l->options.clock == NULL)
        l->options.clock = &ddbi_system_clock;
    l->catalogue = ddbi_catalogue_new();
    if (l->catalogue == NULL || !copy_text(&l->region, &l->options.region) ||
        !copy_text(&l->address, &l->options.address))
        code = ddbi_nomem(err);
    else
        code = ddbi_store_open(opt->path, opt->sync, l->options.clock,
                               &l->store, err);
    if (code != DDB_OK)
        ddbi_local_close(l, 0);
    else
        *out = l;
    return code;
}

void ddbi_local_close(ddbi_local *l, int forked)
{
    if (l == NULL)
        return;
    /* Another thread of the parent may have been at work: what it left half
     * done stays as it is. */
    if (forked && pthread_mutex_trylock(&l->mutex) != 0)
        return;
    ddbi_store_close(l->store, forked);
    ddbi_catalogue_free(l->catalogue);
    ddbi_arena_free(&l->arena);
    ddbi_buf_free(&l->refusal);
    ddbi_free(l->region);
    ddbi_free(l->address);
    if (!forked)
        pthread_mutex_destroy(&l->mutex);
    ddbi_free(l);
}

/* ---- A request ---------------------------------------------------------- */

/* No time before 1970 is kept: it would be no time of a table. */
static int64_t now_of(const ddbi_local *l)
{
    const ddbi_clock *k = l->options.clock;
    int64_t now = k->now(k);

    return now > 0 ? now : 0;
}

static void begin(ddbi_local *l, ddbi_buf *out, ddb_err *err, ddbi_ask *a)
{
    const ddbi_clock *k = l->options.clock;

    memset(&l->in, 0, sizeof l->in);
    ddbi_buf_clear(out);
    *a = (ddbi_ask){.store = l->store,
                    .arena = &l->arena,
                    .in = &l->in,
                    .out = out,
                    .now = now_of(l),
                    .options = &l->options,
                    .catalogue = l->catalogue,
                    .clock = k,
                    .status = 200,
                    .refusal = l->refusal,
                    .err = err};
}

/* The other side of begin: what was large is given back. */
static void end(ddbi_local *l, ddbi_ask *a)
{
    l->refusal = a->refusal;
    if (l->refusal.cap > KEPT)
        ddbi_buf_free(&l->refusal);
    ddbi_catalogue_trim(l->catalogue);
    ddbi_arena_reset(&l->arena);
    if (l->arena.end - l->arena.next > KEPT)
        ddbi_arena_free(&l->arena);
}

/* In one transaction.  A refusal undoes what was done before it. */
static ddb_code answer(ddbi_ask *a, ddbi_handler *handler, int write)
{
    ddb_code code = ddbi_store_begin(a->store, write, a->err);

    if (code != DDB_OK)
        return code;
    code = handler(a);
    if (code == DDB_OK && a->out->failed != DDB_OK)
        code = ddbi_ask_nomem(a);
    if (code == DDB_OK)
        code = ddbi_store_commit(a->store, a->err);
    if (code != DDB_OK)
        ddbi_store_rollback(a->store);
    return code;
}

/* What nobody has gets no message, as from the service. */
static ddb_code refuse_action(ddbi_ask *a, const char *name)
{
    char message[96];

    snprintf(message, sizeof message, "%s is not supported by the local engine",
             name);
    return ddbi_refuse_coral(a, "UnknownOperationException",
                             ddbi_action_lacks(name) ? message : NULL);
}

static ddb_code run(ddbi_ask *a, const char *name, const ddbi_action *action,
                    ddb_bytes body)
{
    ddb_code code;

    if (action == NULL)
        return refuse_action(a, name);
    code = ddbi_read_request(a, action, body);
    if (code == DDB_OK)
        code = ddbi_op_legacy(a);
    if (code == DDB_OK && action->check != NULL)
        code = action->check(a);
    if (code == DDB_OK)
        code = answer(a, action->answer, action->write);
    return code;
}

/* ---- Expiry ------------------------------------------------------------- */

typedef struct {
    ddbi_ask ask; /* first */
    int more;
} sweep;

static ddb_code expire(ddbi_ask *a)
{
    return ddbi_expire(a, SWEEP_ITEMS, &((sweep *)(void *)a)->more);
}

static ddb_code sweep_nolock(ddbi_local *l, int *more, ddb_err *err)
{
    ddbi_buf out = {0};
    sweep s = {.more = 0};
    ddb_code code;

    begin(l, &out, err, &s.ask);
    l->swept = s.ask.now;
    code = answer(&s.ask, expire, 1);
    end(l, &s.ask);
    ddbi_buf_free(&out);
    *more = s.more;
    return code;
}

ddb_code ddbi_local_sweep(ddbi_local *l, int *more, ddb_err *err)
{
    ddb_code code;

    pthread_mutex_lock(&l->mutex);
    ddbi_store_wait_until(l->store, INT64_MAX);
    code = sweep_nolock(l, more, err);
    pthread_mutex_unlock(&l->mutex);
    return code;
}

static ddb_code sweep_sometimes(ddbi_local *l, ddb_err *err)
{
    int64_t now = now_of(l);
    int more;

    if (now - l->swept < SWEEP_EVERY && now >= l->swept)
        return DDB_OK;
    return sweep_nolock(l, &more, err);
}

/* ---- Outside ------------------------------------------------------------ */

/* For whoever gave the buffer its limit. */
static ddb_code too_large(const ddbi_buf *out, ddb_err *err)
{
    ddbi_err_clear(err);
    return ddbi_fail(err, DDB_ANSWER_TOO_LARGE,
                     "the answer is longer than the %zu bytes that it may have",
                     out->max);
}

static ddb_code call_nolock(ddbi_local *l, const char *name, ddb_bytes body,
                            int *status, ddbi_buf *out, ddb_err *err)
{
    const ddbi_action *action = ddbi_action_find(name);
    ddb_code code = DDB_OK;
    ddbi_ask a;

    if (action != NULL && action->write)
        code = sweep_sometimes(l, err);
    if (code != DDB_OK)
        return code;
    begin(l, out, err, &a);
    code = run(&a, name, action, body);
    if (code == DDB_NOMEM && out->failed == DDB_TOO_LARGE)
        code = too_large(out, err);
    if (code != DDB_OK)
        ddbi_buf_clear(out);
    if (code == DDB_SERVICE) {
        ddbi_buf_add(out, a.refusal.p, a.refusal.n);
        code = out->failed == DDB_TOO_LARGE ? too_large(out, err)
               : out->failed != DDB_OK || a.refusal.failed != DDB_OK
                   ? ddbi_ask_nomem(&a)
                   : DDB_OK;
    }
    *status = a.status;
    end(l, &a);
    return code;
}

/* 0: it is ours. */
static int lock_within(ddbi_local *l, int64_t ms)
{
    struct timespec until;

    if (pthread_mutex_trylock(&l->mutex) == 0)
        return 0;
    if (ms <= 0)
        return pthread_mutex_lock(&l->mutex);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return pthread_mutex_timedlock(&l->mutex, &until);
}

ddb_code ddbi_local_call_within(ddbi_local *l, int64_t timeout_ms,
                                const char *action, ddb_bytes body, int *status,
                                ddbi_buf *out, ddb_err *err)
{
    const ddbi_clock *k = l->options.clock;
    int64_t until = timeout_ms > 0 ? k->mono(k) + timeout_ms : INT64_MAX;
    ddb_code code;

    *status = 0;
    ddbi_buf_clear(out);
    if (lock_within(l, timeout_ms) != 0) {
        ddbi_fail(err, DDB_TIMEOUT,
                  "other requests kept the engine busy for %lld ms",
                  (long long)timeout_ms);
        if (err != NULL)
            err->retryable = 1;
        return DDB_TIMEOUT;
    }
    ddbi_store_wait_until(l->store, until);
    code = call_nolock(l, action, body, status, out, err);
    pthread_mutex_unlock(&l->mutex);
    return code;
}

ddb_code ddbi_local_call(ddbi_local *l, const char *action, ddb_bytes body,
                         int *status, ddbi_buf *out, ddb_err *err)
{
    return ddbi_local_call_within(l, 0, action, body, status, out, err);
}
