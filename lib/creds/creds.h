/* SPDX-License-Identifier: MIT */
/*
 * Credentials: providers, the chain that asks them in order, and the cache
 * that refreshes what they gave before it expires.
 *
 * Nothing here waits for the network.  A provider is steps over HTTP
 * exchanges that its driver does for it, so that a blocking driver and an
 * event loop can both run it:
 *
 *     switch (ddbi_creds_ask(c, now, mono, &keys)) {
 *     case DDBI_CREDS_READY:  use keys, then ddbi_keys_release()
 *     case DDBI_CREDS_BUSY:   ddbi_creds_wait(), then ask again
 *     case DDBI_CREDS_FETCH:  it is for this caller to fetch them:
 *         ddbi_creds_step() until it is DONE or FAILED, or
 *         ddbi_creds_abandon(); then ask again
 *     }
 */
#ifndef DDBI_CREDS_H
#define DDBI_CREDS_H

#include "http/endpoint.h"
#include "http/http.h"
#include "wire/transport.h"

/* ---- Providers ---------------------------------------------------------- */

typedef enum {
    DDBI_CREDS_DONE,  /* *out is filled */
    DDBI_CREDS_NONE,  /* not configured here: on to the next provider */
    DDBI_CREDS_SEND,  /* do *request, then step again with its answer */
    DDBI_CREDS_FAILED /* configured, and it does not work: err tells */
} ddbi_creds_state;

typedef struct {
    int64_t now;                    /* Unix seconds, corrected */
    int timeout_ms;                 /* that a step which blocks may take */
    const ddbi_http_answer *answer; /* to the request of the step before;
                                       NULL: the first step */
} ddbi_creds_in;

/* All of it is the provider's until its next step. */
typedef struct {
    ddbi_http_request http;
    const ddbi_http_settings *settings; /* NULL: the driver's, no proxy */
    int timeout_ms;                     /* of this exchange */
    void (*header)(void *arg, ddb_bytes name, ddb_bytes value);
    void *arg;
} ddbi_creds_request;

/* The first member of every provider. */
typedef struct ddbi_provider ddbi_provider;
struct ddbi_provider {
    const char *name; /* "environment (AWS_ACCESS_KEY_ID)", for messages */
    int blocks;       /* a step may take its time */
    int refreshes;    /* asked again, it may give others */
    /* One thread at a time.  What *out points to is copied at once; err is
     * never NULL. */
    ddbi_creds_state (*step)(ddbi_provider *p, const ddbi_creds_in *in,
                             ddbi_creds_request *request, ddb_credentials *out,
                             ddb_err *err);
    void (*close)(ddbi_provider *p);
};

/* From the options; NULL: no memory. */
ddbi_provider *ddbi_provider_static(const char *access_key_id,
                                    const char *secret_access_key,
                                    const char *session_token);
ddbi_provider *ddbi_provider_callback(ddb_credentials_fn *fn, void *arg);
/* The environment is read now and never again. */
ddbi_provider *ddbi_provider_env(ddbi_env_fn *env, void *arg);

/* ---- Keys --------------------------------------------------------------- */

/* One consistent set, shared by all who use it; wiped when the last one lets
 * go of it. */
typedef struct {
    ddbi_keys keys;     /* first */
    int64_t expires_at; /* Unix seconds; 0: never */
    int64_t soft;       /* refresh from here on, while others still use it */
    int64_t hard;       /* from here on everybody waits for new ones */
    int refreshes;      /* others may be had */
    int refs;
    size_t size; /* bytes of this block */
} ddbi_key_set;

/* ---- Chain and cache: threads share it ---------------------------------- */

typedef struct ddbi_creds ddbi_creds; /* opaque */

ddbi_creds *ddbi_creds_new(void); /* NULL: no memory */
/* Append a provider, which the chain then owns; before the first ask.  NULL
 * or a chain that is full: DDB_NOMEM. */
ddb_code ddbi_creds_take(ddbi_creds *c, ddbi_provider *p);
/* forked: in a child process, where another thread may have held the lock. */
void ddbi_creds_free(ddbi_creds *c, int forked);

typedef enum { DDBI_CREDS_READY, DDBI_CREDS_FETCH, DDBI_CREDS_BUSY } ddbi_ask;

/* now: Unix seconds, corrected; mono: milliseconds.  *out only when READY,
 * for ddbi_keys_release(). */
ddbi_ask ddbi_creds_ask(ddbi_creds *c, int64_t now, int64_t mono,
                        ddbi_key_set **out);
/* The service would not have these: they are not given out again. */
void ddbi_creds_refuse(ddbi_creds *c, const ddbi_key_set *keys);
void ddbi_keys_release(ddbi_creds *c, ddbi_key_set *keys); /* NULL is fine */

/* The next step may block. */
int ddbi_creds_blocks(const ddbi_creds *c);
/* One step of one provider.  NONE: step again, the next one is due.  DONE
 * and FAILED end the fetch and wake all who wait.  random is for the time of
 * the refresh. */
ddbi_creds_state ddbi_creds_step(ddbi_creds *c, const ddbi_creds_in *in,
                                 int64_t mono, uint32_t random,
                                 ddbi_creds_request *request, ddb_err *err);
/* End the fetch for want of time: those who wait will try themselves. */
void ddbi_creds_abandon(ddbi_creds *c, int64_t mono);
/* The keys at hand, as long as they have not expired; else NULL.  For
 * ddbi_keys_release(). */
ddbi_key_set *ddbi_creds_old(ddbi_creds *c, int64_t now);

/* "no time left": DDB_TIMEOUT, which may go better another time. */
ddb_code ddbi_creds_late(ddb_err *err);

/* Wait for the fetch of somebody else.  DDB_OK: ask again; DDB_TIMEOUT; or
 * what made it fail. */
ddb_code ddbi_creds_wait(ddbi_creds *c, int64_t ms, ddb_err *err);

#endif
