/* SPDX-License-Identifier: MIT */
/*
 * The chain asks one provider after the other.  One that is not configured
 * passes on; one that is configured and fails ends it, since somebody who
 * set up credentials does not want others to be used in silence.  The
 * provider that worked is asked alone from then on.
 *
 * The cache refreshes early: from `soft` on one caller fetches new keys and
 * all others go on with the old ones; from `hard` on everybody waits.  A
 * refresh that fails leaves the old keys in use until they expire.  Keys
 * that have expired when they come are used all the same: it may well be our
 * clock that is wrong, and the service will tell.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
#include "creds/creds.h"

#include "base/alloc.h"
#include "base/err.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAX_PROVIDERS 12
#define SOFT_LEAD 300     /* s before expiry */
#define SOFT_JITTER 60    /* s more, so that a fleet does not ask at once */
#define HARD_LEAD 30      /* s before expiry */
#define FIRST_PAUSE 10000 /* ms after a refresh that failed, then doubled */
#define LAST_PAUSE 60000

struct ddbi_creds {
    ddbi_provider *chain[MAX_PROVIDERS];
    size_t n_chain;

    /* Of the one who fetches. */
    size_t at;      /* the provider whose turn it is */
    int remembered; /* it has worked before: no other one is asked */

    pthread_mutex_t mutex; /* of all below */
    pthread_cond_t ended;  /* a fetch */
    ddbi_key_set *keys;    /* NULL: none yet */
    int expired_at_once;   /* they were old when they came */
    int fetching;
    unsigned fetches; /* that have ended */
    ddb_err failure;  /* of the last one; code DDB_OK: none */
    int64_t next_try; /* mono ms: no refresh before */
    int64_t pause;    /* ms after the last failure */
};

/* ---- Keys --------------------------------------------------------------- */

static char *put(char **to, const char *s, size_t n)
{
    char *p = *to;

    if (n > 0)
        memcpy(p, s, n);
    p[n] = 0;
    *to = p + n + 1;
    return p;
}

static ddbi_key_set *keys_new(const ddb_credentials *from)
{
    const char *token = from->session_token ? from->session_token : "";
    size_t n_id = strlen(from->access_key_id);
    size_t n_secret = strlen(from->secret_access_key);
    size_t n_token = strlen(token);
    size_t size = sizeof(ddbi_key_set) + n_id + n_secret + n_token + 3;
    ddbi_key_set *k = ddbi_calloc(1, size);
    char *to;

    if (k == NULL)
        return NULL;
    to = (char *)(k + 1);
    k->keys.access_key_id = put(&to, from->access_key_id, n_id);
    k->keys.secret_access_key = put(&to, from->secret_access_key, n_secret);
    k->keys.session_token = put(&to, token, n_token);
    k->expires_at = from->expires_at;
    k->refs = 1;
    k->size = size;
    return k;
}

static void keys_drop(ddbi_key_set *k)
{
    if (k != NULL && --k->refs == 0) {
        ddbi_wipe(k, k->size);
        ddbi_free(k);
    }
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When to refresh.  Keys that live for some minutes only have their windows
 * cut in proportion. */
static void set_windows(ddbi_key_set *k, int64_t now, uint32_t random)
{
    int64_t life = k->expires_at > now ? k->expires_at - now : 0;
    int64_t jitter = least(SOFT_JITTER, life / 8);

    if (k->expires_at == 0 || !k->refreshes) {
        k->soft = k->hard = INT64_MAX;
        return;
    }
    k->soft = k->expires_at - least(SOFT_LEAD, life / 4) -
              (int64_t)(((uint64_t)jitter * random) >> 32);
    k->hard = k->expires_at - least(HARD_LEAD, life / 8);
}

/* Key id and token travel in headers: nothing but visible ASCII. */
static int is_visible(const char *s)
{
    for (; *s != 0; s++)
        if (*s <= ' ' || *s > '~')
            return 0;
    return 1;
}

static ddb_code check(const ddb_credentials *k, const char *from, ddb_err *err)
{
    const char *wrong = NULL;

    if (k->access_key_id == NULL || *k->access_key_id == 0)
        wrong = "the access key id is missing";
    else if (k->secret_access_key == NULL || *k->secret_access_key == 0)
        wrong = "the secret access key is missing";
    else if (!is_visible(k->access_key_id))
        wrong = "the access key id has a character that it cannot have";
    else if (k->session_token != NULL && !is_visible(k->session_token))
        wrong = "the session token has a character that it cannot have";
    if (wrong == NULL)
        return DDB_OK;
    return ddbi_fail(err, DDB_NO_CREDENTIALS, "credentials of the %s: %s", from,
                     wrong);
}

/* ---- The chain ---------------------------------------------------------- */

ddbi_creds *ddbi_creds_new(void)
{
    ddbi_creds *c = ddbi_calloc(1, sizeof *c);
    pthread_condattr_t attr;

    if (c == NULL)
        return NULL;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->ended, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&c->mutex, NULL);
    return c;
}

ddb_code ddbi_creds_take(ddbi_creds *c, ddbi_provider *p)
{
    if (p == NULL)
        return DDB_NOMEM;
    if (c->n_chain == MAX_PROVIDERS) {
        p->close(p);
        return DDB_NOMEM;
    }
    c->chain[c->n_chain++] = p;
    return DDB_OK;
}

void ddbi_creds_free(ddbi_creds *c, int forked)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->n_chain; i++)
        c->chain[i]->close(c->chain[i]);
    keys_drop(c->keys);
    if (!forked) {
        pthread_cond_destroy(&c->ended);
        pthread_mutex_destroy(&c->mutex);
    }
    ddbi_free(c);
}

int ddbi_creds_blocks(const ddbi_creds *c)
{
    return c->at < c->n_chain && c->chain[c->at]->blocks;
}

/* With the mutex held. */
static void end_fetch(ddbi_creds *c)
{
    c->fetching = 0;
    c->fetches++;
    if (c->at == c->n_chain)
        c->remembered = 0;
    if (!c->remembered)
        c->at = 0;
    pthread_cond_broadcast(&c->ended);
}

/* err: what all who wait are told; code DDB_OK: nothing. */
static ddbi_creds_state failed(ddbi_creds *c, int64_t mono, const ddb_err *err)
{
    pthread_mutex_lock(&c->mutex);
    c->failure = *err;
    c->pause = c->pause == 0 ? FIRST_PAUSE : least(2 * c->pause, LAST_PAUSE);
    c->next_try = mono + c->pause;
    end_fetch(c);
    pthread_mutex_unlock(&c->mutex);
    return DDBI_CREDS_FAILED;
}

static ddbi_creds_state done(ddbi_creds *c, ddbi_key_set *k, int64_t now,
                             int64_t mono)
{
    pthread_mutex_lock(&c->mutex);
    keys_drop(c->keys);
    c->keys = k;
    c->expired_at_once = k->expires_at != 0 && k->expires_at <= now;
    c->failure.code = DDB_OK;
    c->pause = 0;
    c->next_try = c->expired_at_once ? mono + FIRST_PAUSE : mono;
    c->remembered = 1;
    end_fetch(c);
    pthread_mutex_unlock(&c->mutex);
    return DDBI_CREDS_DONE;
}

static void none_found(const ddbi_creds *c, ddb_err *err)
{
    char names[160] = "options";
    size_t n = strlen(names);

    for (size_t i = 0; i < c->n_chain && n < sizeof names; i++)
        n += (size_t)snprintf(names + n, sizeof names - n, ", %s",
                              c->chain[i]->name);
    ddbi_fail(err, DDB_NO_CREDENTIALS, "no credentials; looked at: %s", names);
}

ddbi_creds_state ddbi_creds_step(ddbi_creds *c, const ddbi_creds_in *in,
                                 int64_t mono, uint32_t random,
                                 ddbi_creds_request *request, ddb_err *err)
{
    ddb_credentials got = {0};
    ddbi_creds_state state;
    ddbi_key_set *k = NULL;
    ddbi_provider *p;
    ddb_err own = {0};

    if (c->at == c->n_chain) {
        none_found(c, &own);
        goto out;
    }
    p = c->chain[c->at];
    state = p->step(p, in, request, &got, &own);
    if (state == DDBI_CREDS_NONE)
        c->at++;
    if (state == DDBI_CREDS_NONE || state == DDBI_CREDS_SEND)
        return state;
    if (state == DDBI_CREDS_FAILED) {
        ddbi_fail(&own, DDB_NO_CREDENTIALS, "the %s gave no credentials",
                  p->name);
        goto out;
    }
    if (check(&got, p->name, &own) != DDB_OK)
        goto out;
    if ((k = keys_new(&got)) == NULL) {
        ddbi_nomem(&own);
        goto out;
    }
    k->refreshes = p->refreshes;
    set_windows(k, in->now, random);
    return done(c, k, in->now, mono);
out:
    ddbi_fail_as(err, &own);
    return failed(c, mono, &own);
}

void ddbi_creds_abandon(ddbi_creds *c, int64_t mono)
{
    static const ddb_err nothing;

    failed(c, mono, &nothing);
}

/* ---- The cache ---------------------------------------------------------- */

static int usable(const ddbi_creds *c, int64_t now)
{
    return c->keys != NULL &&
           (!c->keys->refreshes || c->keys->expires_at == 0 ||
            now < c->keys->expires_at || c->expired_at_once);
}

static ddbi_key_set *hold(ddbi_creds *c)
{
    c->keys->refs++;
    return c->keys;
}

ddbi_ask ddbi_creds_ask(ddbi_creds *c, int64_t now, int64_t mono,
                        ddbi_key_set **out)
{
    ddbi_ask answer = DDBI_CREDS_BUSY;
    int fresh;

    pthread_mutex_lock(&c->mutex);
    fresh = usable(c, now) && (now < c->keys->soft || mono < c->next_try);
    if (!fresh && !c->fetching) {
        c->fetching = 1;
        answer = DDBI_CREDS_FETCH;
    } else if (fresh || (usable(c, now) && now < c->keys->hard)) {
        *out = hold(c);
        answer = DDBI_CREDS_READY;
    }
    pthread_mutex_unlock(&c->mutex);
    return answer;
}

void ddbi_creds_refuse(ddbi_creds *c, const ddbi_key_set *keys)
{
    pthread_mutex_lock(&c->mutex);
    if (keys != NULL && c->keys == keys) {
        keys_drop(c->keys);
        c->keys = NULL;
    }
    pthread_mutex_unlock(&c->mutex);
}

ddbi_key_set *ddbi_creds_old(ddbi_creds *c, int64_t now)
{
    ddbi_key_set *k;

    pthread_mutex_lock(&c->mutex);
    k = usable(c, now) ? hold(c) : NULL;
    pthread_mutex_unlock(&c->mutex);
    return k;
}

void ddbi_keys_release(ddbi_creds *c, ddbi_key_set *keys)
{
    if (keys == NULL)
        return;
    pthread_mutex_lock(&c->mutex);
    keys_drop(keys);
    pthread_mutex_unlock(&c->mutex);
}

ddb_code ddbi_creds_late(ddb_err *err)
{
    ddb_err own = {.retryable = 1};

    ddbi_fail(&own, DDB_TIMEOUT, "no time left to get credentials");
    return ddbi_fail_as(err, &own);
}

ddb_code ddbi_creds_wait(ddbi_creds *c, int64_t ms, ddb_err *err)
{
    ddb_code code = DDB_OK;
    struct timespec until;
    unsigned fetches;
    int64_t nsec;
    int late = 0;

    if (ms < 0)
        ms = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    nsec = until.tv_nsec + ms % 1000 * 1000000;
    until.tv_sec += (time_t)(ms / 1000 + nsec / 1000000000);
    until.tv_nsec = (long)(nsec % 1000000000);
    pthread_mutex_lock(&c->mutex);
    fetches = c->fetches;
    while (c->fetching && fetches == c->fetches && late == 0)
        late = pthread_cond_timedwait(&c->ended, &c->mutex, &until);
    if (c->fetches != fetches && c->failure.code != DDB_OK)
        code = ddbi_fail_as(err, &c->failure);
    else if (c->fetching && fetches == c->fetches)
        code = ddbi_creds_late(err);
    pthread_mutex_unlock(&c->mutex);
    return code;
}

/* ---- Credentials of the options ----------------------------------------- */

typedef struct {
    ddbi_provider provider;
    char *access_key_id, *secret_access_key, *session_token;
} fixed;

static ddbi_creds_state fixed_step(ddbi_provider *p, const ddbi_creds_in *in,
                                   ddbi_creds_request *request,
                                   ddb_credentials *out, ddb_err *err)
{
    fixed *f = (fixed *)p;

    (void)in, (void)request, (void)err;
    out->access_key_id = f->access_key_id;
    out->secret_access_key = f->secret_access_key;
    out->session_token = f->session_token;
    return DDBI_CREDS_DONE;
}

static void fixed_close(ddbi_provider *p)
{
    fixed *f = (fixed *)p;

    ddbi_wipe_free(f->access_key_id);
    ddbi_wipe_free(f->secret_access_key);
    ddbi_wipe_free(f->session_token);
    ddbi_free(f);
}

ddbi_provider *ddbi_provider_static(const char *access_key_id,
                                    const char *secret_access_key,
                                    const char *session_token)
{
    fixed *f = ddbi_calloc(1, sizeof *f);

    if (f == NULL)
        return NULL;
    f->provider.name = "options";
    f->provider.step = fixed_step;
    f->provider.close = fixed_close;
    f->access_key_id = ddbi_strdup(access_key_id);
    f->secret_access_key = ddbi_strdup(secret_access_key);
    f->session_token = ddbi_strdup(session_token);
    if (f->access_key_id == NULL || f->secret_access_key == NULL ||
        (session_token != NULL && f->session_token == NULL)) {
        fixed_close(&f->provider);
        return NULL;
    }
    return &f->provider;
}

typedef struct {
    ddbi_provider provider;
    ddb_credentials_fn *fn;
    void *arg;
} callback;

static ddbi_creds_state callback_step(ddbi_provider *p, const ddbi_creds_in *in,
                                      ddbi_creds_request *request,
                                      ddb_credentials *out, ddb_err *err)
{
    callback *b = (callback *)p;
    ddb_err own = {0};
    ddb_code code;

    (void)request;
    code = b->fn(b->arg, in->timeout_ms, out, &own);
    if (code == DDB_OK)
        return DDBI_CREDS_DONE;
    /* An outcome such as DDB_NOT_FOUND would be taken for the call's own. */
    if (code < DDB_INVALID || code == DDB_AMBIGUOUS)
        code = DDB_NO_CREDENTIALS;
    ddbi_fail(err, code, "%s",
              own.message[0] != 0 ? own.message
                                  : "the credentials callback failed");
    err->retryable = own.retryable != 0;
    return DDBI_CREDS_FAILED;
}

static void callback_close(ddbi_provider *p)
{
    ddbi_free(p);
}

ddbi_provider *ddbi_provider_callback(ddb_credentials_fn *fn, void *arg)
{
    callback *b = ddbi_calloc(1, sizeof *b);

    if (b == NULL)
        return NULL;
    b->provider.name = "callback";
    b->provider.blocks = 1;
    b->provider.refreshes = 1;
    b->provider.step = callback_step;
    b->provider.close = callback_close;
    b->fn = fn;
    b->arg = arg;
    return &b->provider;
}
