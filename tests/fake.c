/* SPDX-License-Identifier: MIT */
/*
 * The scripted transport and the clock that nobody waits for.  One mutex
 * holds for all of it, so that threads can share it under TSan.
 */
#include "fake.h"

#include "base/err.h"
#include "base/hash.h"
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    ddbi_transport transport; /* first */
    fake *owner;
} fake_end;

struct fake_inside {
    pthread_mutex_t mutex;
    fake_end end;
    ddbi_clock clock;
    fake_step *steps;
    size_t n_steps;
    size_t played;
    fake_request_info *requests;
    size_t n_requests;
    uint32_t random;
};

struct ddbi_exchange {
    fake *f;
    fake_step step;
    ddbi_reply *reply;
    int64_t ready; /* mono */
};

static void *must(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

static char *copy(const void *p, size_t n)
{
    char *s = must(malloc(n + 1));

    if (n > 0)
        memcpy(s, p, n);
    s[n] = 0;
    return s;
}

static char *copy_str(const char *s)
{
    return s != NULL ? copy(s, strlen(s)) : NULL;
}

static void lock(const fake *f)
{
    pthread_mutex_lock(&f->inside->mutex);
}

static void unlock(const fake *f)
{
    pthread_mutex_unlock(&f->inside->mutex);
}

/* ---- The clock ---------------------------------------------------------- */

static int64_t clock_mono(const ddbi_clock *k)
{
    fake *f = k->arg;
    int64_t t;

    lock(f);
    t = f->mono;
    unlock(f);
    return t;
}

static int64_t clock_now(const ddbi_clock *k)
{
    fake *f = k->arg;
    int64_t t;

    lock(f);
    t = f->unix_start + f->mono;
    unlock(f);
    return t;
}

static void clock_sleep(const ddbi_clock *k, int64_t ms)
{
    fake *f = k->arg;

    lock(f);
    f->mono += ms + f->oversleeps;
    if (f->n_waits < FAKE_MAX_WAITS)
        f->waits[f->n_waits++] = ms;
    unlock(f);
}

static int clock_random(const ddbi_clock *k, void *p, size_t n)
{
    fake *f = k->arg;
    unsigned char *out = p;
    int failed;

    lock(f);
    for (size_t i = 0; i < n; i++) {
        f->inside->random = f->inside->random * 1664525u + 1013904223u;
        out[i] = f->random_byte >= 0 ? (unsigned char)f->random_byte
                                     : (unsigned char)(f->inside->random >> 24);
    }
    failed = f->random_fails;
    unlock(f);
    return failed ? -1 : 0;
}

/* ---- The transport ------------------------------------------------------ */

static const fake_request_info *record(fake *f, const ddbi_request *request)
{
    struct fake_inside *in = f->inside;
    fake_request_info *r;

    in->requests = must(
        realloc(in->requests, (in->n_requests + 1) * sizeof *in->requests));
    r = &in->requests[in->n_requests++];
    r->action = copy_str(request->action);
    r->body = copy(request->body.p, request->body.n);
    r->body_n = request->body.n;
    r->access_key_id =
        copy_str(request->keys != NULL ? request->keys->access_key_id : "");
    r->session_token =
        copy_str(request->keys != NULL ? request->keys->session_token : "");
    r->now = request->now;
    r->mono = f->mono;
    return r;
}

static void next_step(fake *f, const fake_request_info *request,
                      fake_step *step)
{
    struct fake_inside *in = f->inside;

    memset(step, 0, sizeof *step);
    if (f->respond != NULL)
        f->respond(f->respond_arg, request, step);
    else if (in->played < in->n_steps)
        *step = in->steps[in->played++];
    else
        step->code = DDB_SYSTEM;
}

static ddb_code start(ddbi_transport *t, const ddbi_request *request,
                      ddbi_reply *reply, ddbi_exchange **out, ddb_err *err)
{
    fake *f = ((fake_end *)t)->owner;
    ddbi_exchange *x = must(malloc(sizeof *x));
    ddb_code code;

    lock(f);
    next_step(f, record(f, request), &x->step);
    code = x->step.start_code;
    x->f = f;
    x->reply = reply;
    x->ready = f->mono + x->step.takes;
    if (code == DDB_OK) {
        /* The request's memory may go with the next one of a thread. */
        x->step.body_n = x->step.body_n != 0 || x->step.body == NULL
                             ? x->step.body_n
                             : strlen(x->step.body);
        x->step.body = copy(x->step.body, x->step.body_n);
        x->step.type = copy_str(x->step.type);
        f->opened++;
        *out = x;
    }
    unlock(f);
    if (code != DDB_OK) {
        free(x);
        return ddbi_fail(err, code, "fake: the exchange cannot begin");
    }
    return DDB_OK;
}

static int step(ddbi_exchange *x, int64_t wait_ms)
{
    fake *f = x->f;
    int over;

    lock(f);
    if (!x->step.silent && x->ready <= f->mono + wait_ms) {
        if (f->mono < x->ready)
            f->mono = x->ready;
        over = 1;
    } else {
        f->mono += wait_ms;
        over = 0;
    }
    unlock(f);
    return over;
}

static void leave(ddbi_exchange *x)
{
    lock(x->f);
    x->f->opened--;
    unlock(x->f);
    free((char *)x->step.body);
    free((char *)x->step.type);
    free(x);
}

static void fill_failure(const fake_step *s, ddbi_reply *reply)
{
    reply->code = s->bad_crc ? DDB_BAD_ANSWER : s->code;
    reply->retryable = s->retryable || s->bad_crc;
    reply->not_sent = s->not_sent;
    reply->stale = s->stale;
    snprintf(reply->message, sizeof reply->message, "%s",
             s->code == DDB_SYSTEM ? "fake: the script is at its end"
                                   : "fake: no answer");
}

static void finish(ddbi_exchange *x)
{
    const fake_step *s = &x->step;
    ddbi_reply *reply = x->reply;
    int64_t now;

    lock(x->f);
    now = x->f->unix_start + x->f->mono;
    unlock(x->f);
    reply->status = s->status;
    reply->date = s->date != 0 ? s->date : now / 1000;
    reply->has_age = s->has_age;
    reply->trusted = !s->untrusted;
    reply->retry_after = s->retry_after - 1;
    snprintf(reply->request_id, sizeof reply->request_id, "FAKEREQUESTID");
    if (s->type != NULL)
        snprintf(reply->error_type, sizeof reply->error_type, "%s", s->type);
    ddbi_buf_add(&reply->body, s->body, s->body_n);
    reply->has_crc = !s->no_crc;
    reply->crc = ddbi_crc32(s->body, s->body_n);
    reply->code = reply->body.failed;
    if (s->code != DDB_OK || s->bad_crc)
        fill_failure(s, reply);
    leave(x);
}

static int cancel(ddbi_exchange *x)
{
    int sent = !x->step.unsent;

    leave(x);
    return sent;
}

static void close_fake(ddbi_transport *t, int forked)
{
    fake *f = ((fake_end *)t)->owner;

    f->closed++;
    f->closed_forked += forked;
}

static const ddbi_transport_ops ops = {.needs_keys = 1,
                                       .start = start,
                                       .step = step,
                                       .finish = finish,
                                       .cancel = cancel,
                                       .close = close_fake};

static const ddbi_transport_ops ops_without_keys = {.start = start,
                                                    .step = step,
                                                    .finish = finish,
                                                    .cancel = cancel,
                                                    .close = close_fake};

/* ---- For tests ---------------------------------------------------------- */

fake *fake_new(void)
{
    fake *f = must(calloc(1, sizeof *f));
    struct fake_inside *in = must(calloc(1, sizeof *in));

    f->inside = in;
    f->needs_keys = 1;
    f->unix_start = (int64_t)FAKE_START * 1000;
    f->random_byte = -1;
    pthread_mutex_init(&in->mutex, NULL);
    in->end.owner = f;
    in->clock.now = clock_now;
    in->clock.mono = clock_mono;
    in->clock.sleep = clock_sleep;
    in->clock.random = clock_random;
    in->clock.arg = f;
    return f;
}

void fake_reset(fake *f)
{
    struct fake_inside *in = f->inside;

    for (size_t i = 0; i < in->n_steps; i++) {
        free((char *)in->steps[i].body);
        free((char *)in->steps[i].type);
    }
    for (size_t i = 0; i < in->n_requests; i++) {
        free(in->requests[i].action);
        free(in->requests[i].body);
        free(in->requests[i].access_key_id);
        free(in->requests[i].session_token);
    }
    in->n_steps = in->played = in->n_requests = 0;
    f->n_waits = 0;
}

void fake_free(fake *f)
{
    if (f == NULL)
        return;
    fake_reset(f);
    free(f->inside->steps);
    free(f->inside->requests);
    pthread_mutex_destroy(&f->inside->mutex);
    free(f->inside);
    free(f);
}

void fake_add(fake *f, const fake_step *s)
{
    struct fake_inside *in = f->inside;
    fake_step *slot;

    in->steps = must(realloc(in->steps, (in->n_steps + 1) * sizeof *in->steps));
    slot = &in->steps[in->n_steps++];
    *slot = *s;
    if (s->body != NULL && s->body_n == 0)
        slot->body_n = strlen(s->body);
    slot->body = copy(s->body, slot->body_n);
    slot->type = copy_str(s->type);
}

void fake_answer(fake *f, const char *body)
{
    fake_add(f, &(fake_step){.status = 200, .body = body});
}

void fake_error(fake *f, int status, const char *type, const char *message)
{
    char body[1024];

    snprintf(body, sizeof body,
             "{\"__type\":\"com.amazonaws.dynamodb.v20120810#%s\","
             "\"message\":\"%s\"}",
             type, message);
    fake_add(f, &(fake_step){.status = status, .body = body});
}

void fake_failure(fake *f, ddb_code code)
{
    fake_add(f, &(fake_step){.code = code, .retryable = 1});
}

size_t fake_count(const fake *f)
{
    return f->inside->n_requests;
}

const fake_request_info *fake_request(const fake *f, size_t i)
{
    return i < f->inside->n_requests ? &f->inside->requests[i] : NULL;
}

size_t fake_left(const fake *f)
{
    return f->inside->n_steps - f->inside->played;
}

ddbi_transport *fake_transport(fake *f)
{
    f->inside->end.transport.ops = f->needs_keys ? &ops : &ops_without_keys;
    return &f->inside->end.transport;
}

const ddbi_clock *fake_clock(fake *f)
{
    return &f->inside->clock;
}

ddb_client *fake_open(fake *f, const ddb_options *opt)
{
    ddb_options o = {0};
    ddb_client *c = NULL;
    ddb_err err = {0};
    ddb_code code;

    if (opt != NULL)
        o = *opt;
    if (o.region == NULL)
        o.region = "us-east-1";
    if (o.endpoint == NULL)
        o.endpoint = "http://localhost:8000";
    if (o.access_key_id == NULL && o.credentials == NULL) {
        o.access_key_id = "AKIDEXAMPLE";
        o.secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    }
    code =
        ddbi_client_open_with(&o, fake_transport(f), fake_clock(f), &c, &err);
    ck_assert_msg(code == DDB_OK, "%s: %s", ddb_code_name(code), err.message);
    return c;
}
