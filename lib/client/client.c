/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing a client, its options, its pool of jobs, its log.
 * What happens during a call is in blocking.c.
 *
 * The environment is read when a client is opened, and never written: a
 * program that calls setenv() later races with nobody, unless a proxy is
 * named, in an option or there, for then libcurl looks there by itself.
 *
 * A job keeps its buffers for the next call, so that a warm client allocates
 * nothing; those that have grown large are given back.  No lock is held while
 * a job runs.
 */
#include "client/client.h"

#include "base/alloc.h"
#include "base/enc.h"
#include "base/err.h"
#include "client/inside.h"
#include "http/remote.h"
#include "local/local_transport.h"
#include "wire/limits.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT 15000         /* ms, a call */
#define ATTEMPT_TIMEOUT 10000 /* ms */
#define CONNECT_TIMEOUT 5000  /* ms */
#define MAX_IDLE 16           /* jobs and connections */
#define MOST_ATTEMPTS 1000
#define MOST_SECONDS INT64_C(253402300799) /* the last ones that have a date */
#define KEPT_BUFFER (256 * 1024) /* bytes; a larger one is given back */

/* ---- The clock ---------------------------------------------------------- */

static int64_t app_now(const ddbi_clock *k)
{
    const ddbi_app_clock *a = (const ddbi_app_clock *)k;
    int64_t seconds;

    if (a->now == NULL)
        return a->base->now(a->base);
    seconds = a->now(a->now_arg);
    if (seconds < 0)
        return 0;
    return (seconds < MOST_SECONDS ? seconds : MOST_SECONDS) * 1000;
}

static int64_t app_mono(const ddbi_clock *k)
{
    const ddbi_app_clock *a = (const ddbi_app_clock *)k;

    return a->base->mono(a->base);
}

static void app_sleep(const ddbi_clock *k, int64_t ms)
{
    const ddbi_app_clock *a = (const ddbi_app_clock *)k;

    a->base->sleep(a->base, ms);
}

static int app_random(const ddbi_clock *k, void *p, size_t n)
{
    const ddbi_app_clock *a = (const ddbi_app_clock *)k;

    return a->base->random(a->base, p, n);
}

static void set_clock(ddb_client *c, const ddb_options *opt,
                      const ddbi_clock *base)
{
    c->clock.clock = (ddbi_clock){.now = app_now,
                                  .mono = app_mono,
                                  .sleep = app_sleep,
                                  .random = app_random};
    c->clock.base = base != NULL ? base : &ddbi_system_clock;
    c->clock.now = opt->now;
    c->clock.now_arg = opt->now_arg;
}

const ddbi_clock *ddbi_client_clock(const ddb_client *c)
{
    return &c->clock.clock;
}

int64_t ddbi_client_time(const ddb_client *c)
{
    const ddbi_clock *k = &c->clock.clock;

    return ddbi_skew_now(&c->common.skew, k->now(k), k->mono(k));
}

int64_t ddb_client_now(ddb_client *c)
{
    return ddbi_client_time(c);
}

/* ---- Options and environment -------------------------------------------- */

static const char *system_env(void *arg, const char *name)
{
    (void)arg;
    return getenv(name);
}

static const char *env_or_null(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != 0 ? value : NULL;
}

static ddb_code check_options(const ddb_options *opt, ddb_err *err)
{
    const struct {
        const char *name;
        int value;
    } numbers[] = {
        {"timeout_ms", opt->timeout_ms},
        {"connect_timeout_ms", opt->connect_timeout_ms},
        {"attempt_timeout_ms", opt->attempt_timeout_ms},
        {"max_attempts", opt->max_attempts},
        {"max_idle", opt->max_idle},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i].value < 0)
            return ddbi_fail(err, DDB_INVALID, "the option %s is negative",
                             numbers[i].name);
    if ((opt->access_key_id == NULL) != (opt->secret_access_key == NULL))
        return ddbi_fail(
            err, DDB_INVALID, "the option %s needs %s with it",
            opt->access_key_id ? "access_key_id" : "secret_access_key",
            opt->access_key_id ? "secret_access_key" : "access_key_id");
    if (opt->session_token != NULL && opt->access_key_id == NULL)
        return ddbi_fail(
            err, DDB_INVALID,
            "the option session_token needs access_key_id with it");
    if ((unsigned)opt->local_sync > DDB_SYNC_OFF)
        return ddbi_fail(err, DDB_INVALID,
                         "the option local_sync is none of DDB_SYNC_...");
    return DDB_OK;
}

static ddb_code read_attempts(const ddb_options *opt, int *out, ddb_err *err)
{
    const char *text = env_or_null("AWS_MAX_ATTEMPTS");
    uint64_t n = DDBI_RETRY_ATTEMPTS;

    if (opt->max_attempts > 0)
        n = (uint64_t)opt->max_attempts;
    else if (text != NULL &&
             (ddbi_parse_u64(text, strlen(text), MOST_ATTEMPTS, &n) != 0 ||
              n == 0))
        return ddbi_fail(
            err, DDB_INVALID,
            "AWS_MAX_ATTEMPTS is \"%s\", not a number from 1 to %d", text,
            MOST_ATTEMPTS);
    *out = (int)n;
    return DDB_OK;
}

static ddb_code read_correction(const ddb_options *opt, int *off, ddb_err *err)
{
    const char *name = "AWS_DISABLE_CLOCK_SKEW_CORRECTION";
    const char *text = env_or_null(name);

    *off = opt->no_clock_correction != 0;
    if (text == NULL || ddbi_equal_nocase(text, "false"))
        return DDB_OK;
    if (!ddbi_equal_nocase(text, "true"))
        return ddbi_fail(err, DDB_INVALID, "%s is \"%s\", not true or false",
                         name, text);
    *off = 1;
    return DDB_OK;
}

/* Explicit ones are used alone, and so is a callback; then comes what the
 * surroundings offer. */
static ddb_code set_credentials(ddb_client *c, const ddb_options *opt)
{
    c->creds = ddbi_creds_new();
    if (c->creds == NULL)
        return DDB_NOMEM;
    if (opt->access_key_id != NULL)
        return ddbi_creds_take(c->creds,
                               ddbi_provider_static(opt->access_key_id,
                                                    opt->secret_access_key,
                                                    opt->session_token));
    if (opt->credentials != NULL)
        return ddbi_creds_take(
            c->creds,
            ddbi_provider_callback(opt->credentials, opt->credentials_arg));
    return ddbi_creds_take(c->creds, ddbi_provider_env(system_env, NULL));
}

static int or_default(int value, int otherwise)
{
    return value > 0 ? value : otherwise;
}

/* *out = a copy of text, NULL of NULL; 0: there was no memory. */
static int copy_text(char **out, const char *text)
{
    *out = ddbi_strdup(text);
    return *out != NULL || text == NULL;
}

/* All but the transport. */
static ddb_code create(const ddb_options *opt, const ddbi_clock *clock,
                       ddb_client **out, ddb_err *err)
{
    ddb_client *c = ddbi_calloc(1, sizeof *c);
    ddb_code code;

    *out = c;
    if (c == NULL)
        return ddbi_nomem(err);
    c->pid = getpid();
    pthread_mutex_init(&c->mutex, NULL);
    set_clock(c, opt, clock);
    c->timeout_ms = or_default(opt->timeout_ms, TIMEOUT);
    c->max_answer = opt->max_answer > 0 ? opt->max_answer : DDBI_MAX_ANSWER;
    c->max_idle = or_default(opt->max_idle, MAX_IDLE);
    c->log = opt->log;
    c->log_arg = opt->log_arg;
    c->common.attempt_timeout_ms =
        or_default(opt->attempt_timeout_ms, ATTEMPT_TIMEOUT);
    ddbi_bucket_init(&c->common.bucket);
    atomic_init(&c->common.skew.offset, 0);
    c->fetching.direct = 1;
    c->fetching.connect_timeout_ms =
        or_default(opt->connect_timeout_ms, CONNECT_TIMEOUT);
    if ((code = check_options(opt, err)) != DDB_OK ||
        (code = read_attempts(opt, &c->common.max_attempts, err)) != DDB_OK ||
        (code = read_correction(opt, &c->common.no_clock_correction, err)) !=
            DDB_OK)
        return code;
    if (set_credentials(c, opt) != DDB_OK)
        return ddbi_nomem(err);
    return DDB_OK;
}

static void use_transport(ddb_client *c, ddbi_transport *t)
{
    c->transport = t;
    c->common.needs_keys = t->ops->needs_keys;
}

static ddb_code open_remote(ddb_client *c, const ddb_options *opt,
                            const ddbi_endpoint *endpoint, ddbi_transport **out,
                            ddb_err *err)
{
    const char *ca_file = opt->ca_file;

    if (ca_file == NULL && opt->ca_path == NULL)
        ca_file = env_or_null("AWS_CA_BUNDLE");
    if (!copy_text(&c->ca_file, ca_file) ||
        !copy_text(&c->ca_path, opt->ca_path))
        return ddbi_nomem(err);
    c->fetching.ca_file = c->ca_file;
    c->fetching.ca_path = c->ca_path;
    return ddbi_remote_open(
        &(ddbi_remote_options){.endpoint = endpoint,
                               .ca_file = ca_file,
                               .ca_path = opt->ca_path,
                               .proxy = opt->proxy,
                               .connect_timeout_ms =
                                   c->fetching.connect_timeout_ms,
                               .max_answer = c->max_answer,
                               .max_idle = c->max_idle},
        out, err);
}

/* The one place that knows whether there is an engine. */
static ddb_code open_engine(ddb_client *c, const ddb_options *opt,
                            const char *engine, ddbi_transport **out,
                            ddb_err *err)
{
#ifdef DDB_WITH_SQLITE
    static const ddbi_sync levels[] = {[DDB_SYNC_FULL] = DDBI_SYNC_FULL,
                                       [DDB_SYNC_NORMAL] = DDBI_SYNC_NORMAL,
                                       [DDB_SYNC_OFF] = DDBI_SYNC_OFF};
    const char *path = strchr(engine, ':') + 1;

    return ddbi_local_transport(
        &(ddbi_local_options){.path = *path != 0 ? path : NULL,
                              .sync = levels[opt->local_sync],
                              .clock = &c->clock.clock,
                              .region = c->region},
        c->max_answer, out, err);
#else
    (void)c, (void)opt, (void)out;
    return ddbi_fail(err, DDB_UNSUPPORTED,
                     "%s: this build of the library has no local engine, as "
                     "it was made without SQLite",
                     engine);
#endif
}

static ddb_code open_transport(ddb_client *c, const ddb_options *opt,
                               ddb_err *err)
{
    const ddbi_endpoint_in in = {.region = opt->region,
                                 .endpoint = opt->endpoint,
                                 .allow_http = opt->allow_http,
                                 .env = system_env};
    ddbi_transport *t = NULL;
    ddbi_endpoint endpoint;
    ddb_code code;

    if ((code = ddbi_endpoint_resolve(&in, &endpoint, err)) != DDB_OK)
        return code;
    if (!copy_text(&c->region, endpoint.region) ||
        !copy_text(&c->endpoint,
                   endpoint.engine != NULL ? endpoint.engine : endpoint.url))
        return ddbi_nomem(err);
    code = endpoint.engine != NULL
               ? open_engine(c, opt, endpoint.engine, &t, err)
               : open_remote(c, opt, &endpoint, &t, err);
    if (t != NULL)
        use_transport(c, t);
    return code;
}

ddb_code ddb_client_open(const ddb_options *opt, ddb_client **out, ddb_err *err)
{
    static const ddb_options none;
    ddb_client *c = NULL;
    ddb_code code;

    *out = NULL;
    ddbi_err_clear(err);
    if (opt == NULL)
        opt = &none;
    if ((code = create(opt, NULL, &c, err)) != DDB_OK ||
        (code = open_transport(c, opt, err)) != DDB_OK)
        ddb_client_close(c);
    else
        *out = c;
    return code;
}

ddb_code ddbi_client_open_with(const ddb_options *opt,
                               ddbi_transport *transport,
                               const ddbi_clock *clock, ddb_client **out,
                               ddb_err *err)
{
    ddb_client *c = NULL;
    ddb_code code;

    *out = NULL;
    ddbi_err_clear(err);
    code = create(opt, clock, &c, err);
    if (c != NULL)
        use_transport(c, transport);
    else
        transport->ops->close(transport, 0);
    if (code == DDB_OK &&
        (!copy_text(&c->region, opt->region != NULL ? opt->region : "") ||
         !copy_text(&c->endpoint, opt->endpoint != NULL ? opt->endpoint : "")))
        code = ddbi_nomem(err);
    if (code != DDB_OK)
        ddb_client_close(c);
    else
        *out = c;
    return code;
}

const char *ddb_client_region(const ddb_client *c)
{
    return c->region;
}

const char *ddb_client_endpoint(const ddb_client *c)
{
    return c->endpoint;
}

int ddbi_client_timeout(const ddb_client *c)
{
    return c->timeout_ms;
}

size_t ddbi_client_max_answer(const ddb_client *c)
{
    return c->max_answer;
}

ddbi_creds *ddbi_client_creds(ddb_client *c)
{
    return c->creds;
}

/* ---- Log ---------------------------------------------------------------- */

void ddbi_client_log(ddb_client *c, ddb_log_level level, const char *format,
                     ...)
{
    char line[512];
    va_list args;
    int n;

    if (c->log == NULL)
        return;
    va_start(args, format);
    n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    /* A server's words may be in it. */
    for (int i = 0; i < n && line[i] != 0; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = ' ';
    if (n > 0)
        c->log(c->log_arg, level, line);
}

/* ---- The pool ----------------------------------------------------------- */

static ddbi_job *job_new(ddb_client *c)
{
    const ddbi_clock *k = &c->clock.clock;
    ddbi_pooled *p = ddbi_calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->job.client = c;
    /* It spreads waits, nothing else: without randomness the time will do. */
    if (k->random(k, &p->random, sizeof p->random) != 0)
        p->random = (uint64_t)k->mono(k) ^ (uint64_t)(uintptr_t)p;
    return &p->job;
}

static void job_free(ddbi_job *j)
{
    ddbi_buf_free(&j->body);
    ddbi_buf_free(&j->scratch);
    ddbi_reply_free(&j->reply);
    ddbi_free(j);
}

uint32_t ddbi_job_random(ddbi_job *j)
{
    ddbi_pooled *p = (ddbi_pooled *)j;

    /* Knuth's MMIX generator; the upper half is the good one. */
    p->random = p->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(p->random >> 32);
}

ddb_code ddbi_job_begin(ddb_client *c, ddbi_job **out, ddb_err *err)
{
    ddbi_job *j;

    *out = NULL;
    ddbi_err_clear(err);
    if (getpid() != c->pid)
        return ddbi_fail(err, DDB_FORKED,
                         "the client was opened by the parent process; open "
                         "one of your own");
    pthread_mutex_lock(&c->mutex);
    j = c->idle;
    if (j != NULL) {
        c->idle = j->next;
        c->n_idle--;
    }
    pthread_mutex_unlock(&c->mutex);
    if (j == NULL)
        j = job_new(c);
    if (j == NULL)
        return ddbi_nomem(err);
    *out = j;
    return DDB_OK;
}

static void shrink(ddbi_buf *b)
{
    if (b->cap > KEPT_BUFFER)
        ddbi_buf_free(b);
    else
        ddbi_buf_clear(b);
}

void ddbi_job_end(ddbi_job *j)
{
    ddb_client *c;

    if (j == NULL)
        return;
    c = j->client;
    shrink(&j->body);
    shrink(&j->scratch);
    shrink(&j->reply.body);
    pthread_mutex_lock(&c->mutex);
    if (c->n_idle < c->max_idle) {
        j->next = c->idle;
        c->idle = j;
        c->n_idle++;
        j = NULL;
    }
    pthread_mutex_unlock(&c->mutex);
    if (j != NULL)
        job_free(j);
}

void ddb_client_close(ddb_client *c)
{
    int forked;

    if (c == NULL)
        return;
    forked = getpid() != c->pid;
    while (c->idle != NULL) {
        ddbi_job *j = c->idle;

        c->idle = j->next;
        job_free(j);
    }
    if (c->transport != NULL)
        c->transport->ops->close(c->transport, forked);
    ddbi_creds_free(c->creds, forked);
    if (!forked)
        pthread_mutex_destroy(&c->mutex);
    ddbi_free(c->region);
    ddbi_free(c->endpoint);
    ddbi_free(c->ca_file);
    ddbi_free(c->ca_path);
    ddbi_free(c);
}
