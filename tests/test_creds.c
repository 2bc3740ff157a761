/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "base/err.h"
#include "creds/creds.h"
#include "oom.h"
#include "tests.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOW 1767323045 /* Unix seconds */

/* ---- A provider that plays a script ------------------------------------- */

typedef struct {
    ddbi_creds_state state;
    const char *id;
    int64_t expires_at;
} part;

typedef struct {
    ddbi_provider provider;
    const part *script;
    int steps; /* that were made */
    int closed;
    int answered; /* steps that were given an answer */
} scripted;

static ddbi_creds_state scripted_step(ddbi_provider *p, const ddbi_creds_in *in,
                                      ddbi_creds_request *request,
                                      ddb_credentials *out, ddb_err *err)
{
    scripted *s = (scripted *)p;
    const part *now = &s->script[s->steps++];

    s->answered += in->answer != NULL;
    request->http.url = "http://127.0.0.1/";
    if (now->state == DDBI_CREDS_FAILED && now->id != NULL)
        ddbi_fail(err, DDB_NETWORK, "%s", now->id);
    if (now->state != DDBI_CREDS_DONE)
        return now->state;
    out->access_key_id = now->id;
    out->secret_access_key = "SECRET";
    out->session_token = "TOKEN";
    out->expires_at = now->expires_at;
    return DDBI_CREDS_DONE;
}

static void scripted_close(ddbi_provider *p)
{
    ((scripted *)p)->closed++;
}

static scripted make(const part *script, int refreshes)
{
    return (scripted){.provider = {.name = "script",
                                   .refreshes = refreshes,
                                   .step = scripted_step,
                                   .close = scripted_close},
                      .script = script};
}

static ddbi_creds *chain_of(scripted *a, scripted *b)
{
    ddbi_creds *c = ddbi_creds_new();

    ck_assert_ptr_nonnull(c);
    ck_assert_int_eq(ddbi_creds_take(c, &a->provider), DDB_OK);
    if (b != NULL)
        ck_assert_int_eq(ddbi_creds_take(c, &b->provider), DDB_OK);
    return c;
}

/* ---- A driver without any I/O ------------------------------------------- */

static ddbi_creds_state fetch(ddbi_creds *c, int64_t now, int64_t mono,
                              ddb_err *err)
{
    static const ddbi_http_answer answer;
    ddbi_creds_in in = {.now = now, .timeout_ms = 1000};
    ddbi_creds_request request = {0};
    ddbi_creds_state state;

    do {
        state = ddbi_creds_step(c, &in, mono, 0, &request, err);
        in.answer = state == DDBI_CREDS_SEND ? &answer : NULL;
    } while (state == DDBI_CREDS_SEND || state == DDBI_CREDS_NONE);
    return state;
}

/* The access key id that a call at this time would use; "" none. */
static const char *id_at(ddbi_creds *c, int64_t now, int64_t mono)
{
    static char id[32];
    ddbi_key_set *k = NULL;

    id[0] = 0;
    if (ddbi_creds_ask(c, now, mono, &k) == DDBI_CREDS_FETCH) {
        k = NULL;
        if (fetch(c, now, mono, NULL) == DDBI_CREDS_DONE)
            ck_assert_int_eq(ddbi_creds_ask(c, now, mono, &k),
                             DDBI_CREDS_READY);
        else
            k = ddbi_creds_old(c, now);
    }
    if (k != NULL)
        strncpy(id, k->keys.access_key_id, sizeof id - 1);
    ddbi_keys_release(c, k);
    return id;
}

/* ---- The chain ---------------------------------------------------------- */

START_TEST(one_that_is_not_configured_passes_on)
{
    const part nothing[] = {{.state = DDBI_CREDS_NONE}};
    const part one[] = {{DDBI_CREDS_DONE, "SECOND", 0}};
    scripted a = make(nothing, 0);
    scripted b = make(one, 0);
    ddbi_creds *c = chain_of(&a, &b);

    ck_assert_str_eq(id_at(c, NOW, 0), "SECOND");
    ddbi_creds_free(c, 0);
    ck_assert_int_eq(a.closed + b.closed, 2);
}
END_TEST

START_TEST(one_that_fails_ends_the_chain)
{
    const part broken[] = {{DDBI_CREDS_FAILED, "it is broken", 0},
                           {DDBI_CREDS_FAILED, NULL, 0}};
    const part one[] = {{DDBI_CREDS_DONE, "SECOND", 0}};
    scripted a = make(broken, 1);
    scripted b = make(one, 0);
    ddbi_creds *c = chain_of(&a, &b);
    ddbi_key_set *k = NULL;
    ddb_err err = {0};

    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_FETCH);
    ck_assert_int_eq(fetch(c, NOW, 0, &err), DDBI_CREDS_FAILED);
    ck_assert_int_eq(err.code, DDB_NETWORK);
    ck_assert_str_eq(err.message, "it is broken");
    ck_assert_int_eq(b.steps, 0);
    ck_assert_ptr_null(ddbi_creds_old(c, NOW));

    /* One that fails without a word still gives an error. */
    err = (ddb_err){0};
    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_FETCH);
    ck_assert_int_eq(fetch(c, NOW, 0, &err), DDBI_CREDS_FAILED);
    ck_assert_int_eq(err.code, DDB_NO_CREDENTIALS);
    ddbi_creds_free(c, 0);
}
END_TEST

START_TEST(none_at_all_names_what_was_looked_at)
{
    const part nothing[] = {{.state = DDBI_CREDS_NONE},
                            {.state = DDBI_CREDS_NONE}};
    const part later[] = {{.state = DDBI_CREDS_NONE},
                          {DDBI_CREDS_DONE, "LATER", 0}};
    scripted a = make(nothing, 0);
    scripted b = make(later, 0);
    ddbi_creds *c = chain_of(&a, &b);
    ddbi_key_set *k = NULL;
    ddb_err err = {0};

    b.provider.name = "other script";
    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_FETCH);
    ck_assert_int_eq(fetch(c, NOW, 0, &err), DDBI_CREDS_FAILED);
    ck_assert_int_eq(err.code, DDB_NO_CREDENTIALS);
    ck_assert_str_eq(err.message,
                     "no credentials; looked at: options, script, other "
                     "script");
    /* The next call looks again, from the first on. */
    ck_assert_str_eq(id_at(c, NOW, 0), "LATER");
    ck_assert_int_eq(a.steps, 2);
    ddbi_creds_free(c, 0);
}
END_TEST

START_TEST(the_one_that_worked_is_asked_alone)
{
    const part nothing[] = {{.state = DDBI_CREDS_NONE},
                            {.state = DDBI_CREDS_NONE}};
    const part two[] = {{DDBI_CREDS_DONE, "A", NOW + 3600},
                        {DDBI_CREDS_DONE, "B", NOW + 7200}};
    scripted a = make(nothing, 1);
    scripted b = make(two, 1);
    ddbi_creds *c = chain_of(&a, &b);

    ck_assert_str_eq(id_at(c, NOW, 0), "A");
    ck_assert_str_eq(id_at(c, NOW + 3600, 3600000), "B");
    ck_assert_int_eq(a.steps, 1);
    ddbi_creds_free(c, 0);
}
END_TEST

START_TEST(steps_get_the_answers_to_their_requests)
{
    const part script[] = {{.state = DDBI_CREDS_SEND},
                           {.state = DDBI_CREDS_SEND},
                           {DDBI_CREDS_DONE, "A", 0}};
    scripted a = make(script, 1);
    ddbi_creds *c = chain_of(&a, NULL);

    ck_assert_str_eq(id_at(c, NOW, 0), "A");
    ck_assert_int_eq(a.steps, 3);
    ck_assert_int_eq(a.answered, 2);
    ddbi_creds_free(c, 0);
}
END_TEST

static const struct {
    const char *name;
    const char *id;
    const char *secret;
    const char *token;
    const char *says; /* NULL: they are fine */
} sets[] = {
    {"fine", "AKIDEXAMPLE", "a/b+c=", "x+/=", NULL},
    {"no token", "AKIDEXAMPLE", "secret", NULL, NULL},
    {"empty token", "AKIDEXAMPLE", "secret", "", NULL},
    {"no id", NULL, "secret", NULL, "access key id is missing"},
    {"empty id", "", "secret", NULL, "access key id is missing"},
    {"no secret", "AKID", NULL, NULL, "secret access key is missing"},
    {"empty secret", "AKID", "", NULL, "secret access key is missing"},
    {"newline in id", "AKID\r\nX: y", "secret", NULL, "access key id has"},
    {"newline in token", "AKID", "secret", "a\nb", "session token has"},
    {"not ASCII in token", "AKID", "secret", "a\xc3\xa4", "session token has"},
};

static ddb_code give(void *arg, int timeout_ms, ddb_credentials *out,
                     ddb_err *err)
{
    (void)timeout_ms, (void)err;
    out->access_key_id = sets[*(int *)arg].id;
    out->secret_access_key = sets[*(int *)arg].secret;
    out->session_token = sets[*(int *)arg].token;
    return DDB_OK;
}

START_TEST(keys_that_cannot_be_sent_are_refused)
{
    ddbi_creds *c = ddbi_creds_new();
    ddbi_key_set *k = NULL;
    ddb_err err = {0};

    ck_assert_int_eq(ddbi_creds_take(c, ddbi_provider_callback(give, &_i)),
                     DDB_OK);
    ck_assert_int_eq(ddbi_creds_blocks(c), 1);
    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_FETCH);
    if (sets[_i].says == NULL) {
        ck_assert_int_eq(fetch(c, NOW, 0, &err), DDBI_CREDS_DONE);
        ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_READY);
        ck_assert_str_eq(k->keys.secret_access_key, sets[_i].secret);
        ck_assert_str_eq(k->keys.session_token,
                         sets[_i].token ? sets[_i].token : "");
        ddbi_keys_release(c, k);
    } else {
        ck_assert_int_eq(fetch(c, NOW, 0, &err), DDBI_CREDS_FAILED);
        ck_assert_int_eq(err.code, DDB_NO_CREDENTIALS);
        ck_assert_msg(strstr(err.message, sets[_i].says) != NULL, "%s: %s",
                      sets[_i].name, err.message);
    }
    ddbi_creds_free(c, 0);
}
END_TEST

static const struct {
    ddb_code from;
    const char *message;
    ddb_code to;
} failures[] = {
    {DDB_NETWORK, "the vault is away", DDB_NETWORK},
    {DDB_NOMEM, "out of memory", DDB_NOMEM},
    {DDB_TIMEOUT, NULL, DDB_TIMEOUT},
    /* Outcomes of a call would be mistaken for its own. */
    {DDB_NOT_FOUND, NULL, DDB_NO_CREDENTIALS},
    {DDB_CONDITION_FAILED, NULL, DDB_NO_CREDENTIALS},
    {DDB_AMBIGUOUS, NULL, DDB_NO_CREDENTIALS},
};

static ddb_code refuse(void *arg, int timeout_ms, ddb_credentials *out,
                       ddb_err *err)
{
    (void)timeout_ms, (void)out;
    if (failures[*(int *)arg].message != NULL)
        ddbi_fail(err, failures[*(int *)arg].from, "%s",
                  failures[*(int *)arg].message);
    return failures[*(int *)arg].from;
}

START_TEST(a_callback_may_fail)
{
    ddbi_creds *c = ddbi_creds_new();
    ddbi_key_set *k = NULL;
    ddb_err err = {0};

    ck_assert_int_eq(ddbi_creds_take(c, ddbi_provider_callback(refuse, &_i)),
                     DDB_OK);
    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_FETCH);
    ck_assert_int_eq(fetch(c, NOW, 0, &err), DDBI_CREDS_FAILED);
    ck_assert_int_eq(err.code, failures[_i].to);
    ck_assert_str_eq(err.message, failures[_i].message
                                      ? failures[_i].message
                                      : "the credentials callback failed");
    ddbi_creds_free(c, 0);
}
END_TEST

START_TEST(static_keys_are_copied_and_last_for_ever)
{
    char id[] = "AKID", secret[] = "SECRET", token[] = "TOKEN";
    ddbi_creds *c = ddbi_creds_new();
    ddbi_key_set *k = NULL;

    ck_assert_int_eq(
        ddbi_creds_take(c, ddbi_provider_static(id, secret, token)), DDB_OK);
    memset(id, 'x', 4);
    memset(secret, 'x', 6);
    memset(token, 'x', 5);
    ck_assert_str_eq(id_at(c, NOW, 0), "AKID");
    ck_assert_int_eq(ddbi_creds_ask(c, INT64_MAX - 1, 0, &k), DDBI_CREDS_READY);
    ck_assert_str_eq(k->keys.secret_access_key, "SECRET");
    ck_assert_str_eq(k->keys.session_token, "TOKEN");
    ck_assert_int_eq(k->refreshes, 0);
    ddbi_keys_release(c, k);
    ddbi_creds_free(c, 0);
}
END_TEST

START_TEST(a_chain_that_is_full_takes_no_more)
{
    const part nothing[] = {{.state = DDBI_CREDS_NONE}};
    scripted s = make(nothing, 0);
    ddbi_creds *c = ddbi_creds_new();
    int n = 0;

    while (ddbi_creds_take(c, &s.provider) == DDB_OK)
        n++;
    ck_assert_int_ge(n, 10);
    ck_assert_int_eq(s.closed, 1); /* the one refused */
    ck_assert_int_eq(ddbi_creds_take(c, NULL), DDB_NOMEM);
    ddbi_creds_free(c, 0);
    ck_assert_int_eq(s.closed, n + 1);
    ddbi_creds_free(NULL, 0);
}
END_TEST

/* ---- The cache ---------------------------------------------------------- */

/* Keys of an hour, got at NOW, random 0: soft at 3300 s, hard at 3570 s. */
static const struct {
    const char *name;
    int64_t after; /* s */
    int fails;     /* the refresh */
    const char *id;
    int steps; /* of the provider, the first fetch included */
} moments[] = {
    {"fresh", 0, 0, "A", 1},
    {"just before the soft window", 3299, 0, "A", 1},
    {"in the soft window", 3300, 0, "B", 2},
    {"in the soft window, refresh fails", 3300, 1, "A", 2},
    {"in the hard window", 3570, 0, "B", 2},
    {"in the hard window, refresh fails", 3570, 1, "A", 2},
    {"at expiry", 3600, 0, "B", 2},
    {"at expiry, refresh fails", 3600, 1, "", 2},
};

START_TEST(keys_are_refreshed_before_they_expire)
{
    const part good[] = {{DDBI_CREDS_DONE, "A", NOW + 3600},
                         {DDBI_CREDS_DONE, "B", NOW + 7200}};
    const part bad[] = {{DDBI_CREDS_DONE, "A", NOW + 3600},
                        {DDBI_CREDS_FAILED, "no", 0}};
    scripted s = make(moments[_i].fails ? bad : good, 1);
    ddbi_creds *c = chain_of(&s, NULL);

    ck_assert_str_eq(id_at(c, NOW, 0), "A");
    ck_assert_msg(
        strcmp(id_at(c, NOW + moments[_i].after, moments[_i].after * 1000),
               moments[_i].id) == 0,
        "%s", moments[_i].name);
    ck_assert_int_eq(s.steps, moments[_i].steps);
    ddbi_creds_free(c, 0);
}
END_TEST

START_TEST(refreshes_spread_over_a_minute)
{
    const part script[] = {{DDBI_CREDS_DONE, "A", NOW + 3600}};
    scripted s = make(script, 1);
    ddbi_creds *c = chain_of(&s, NULL);
    ddbi_creds_in in = {.now = NOW};
    ddbi_creds_request request;
    ddbi_key_set *k = NULL;

    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_FETCH);
    ck_assert_int_eq(ddbi_creds_step(c, &in, 0, 0xffffffffu, &request, NULL),
                     DDBI_CREDS_DONE);
    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_READY);
    ck_assert_int_eq(k->soft, NOW + 3300 - 59);
    ck_assert_int_eq(k->hard, NOW + 3570);
    ddbi_keys_release(c, k);
    ddbi_creds_free(c, 0);
}
END_TEST

START_TEST(keys_of_a_minute_are_not_refreshed_at_once)
{
    const part script[] = {{DDBI_CREDS_DONE, "A", NOW + 60},
                           {DDBI_CREDS_DONE, "B", NOW + 120}};
    scripted s = make(script, 1);
    ddbi_creds *c = chain_of(&s, NULL);

    ck_assert_str_eq(id_at(c, NOW, 0), "A");
    ck_assert_str_eq(id_at(c, NOW + 44, 44000), "A");
    ck_assert_int_eq(s.steps, 1);
    ck_assert_str_eq(id_at(c, NOW + 45, 45000), "B");
    ddbi_creds_free(c, 0);
}
END_TEST

START_TEST(a_failed_refresh_is_tried_again_later_and_later)
{
    const part script[] = {
        {DDBI_CREDS_DONE, "A", NOW + 3600}, {DDBI_CREDS_FAILED, "no", 0},
        {DDBI_CREDS_FAILED, "no", 0},       {DDBI_CREDS_FAILED, "no", 0},
        {DDBI_CREDS_FAILED, "no", 0},       {DDBI_CREDS_FAILED, "no", 0},
        {DDBI_CREDS_FAILED, "no", 0},       {DDBI_CREDS_DONE, "B", NOW + 7200}};
    /* Seconds after the soft window began at which it is tried. */
    const int tries[] = {0, 10, 30, 70, 130, 190};
    scripted s = make(script, 1);
    ddbi_creds *c = chain_of(&s, NULL);
    int made = 1;
    size_t next = 0;

    ck_assert_str_eq(id_at(c, NOW, 0), "A");
    for (int t = 0; t < 240; t++) {
        ck_assert_str_eq(id_at(c, NOW + 3300 + t, (3300 + t) * 1000), "A");
        if (next < 6 && t == tries[next]) {
            made++;
            next++;
        }
        ck_assert_msg(s.steps == made, "after %d s: %d", t, s.steps);
    }
    ck_assert_str_eq(id_at(c, NOW + 3300 + 250, (3300 + 250) * 1000), "B");
    ddbi_creds_free(c, 0);
}
END_TEST

START_TEST(others_use_the_old_keys_during_a_soft_refresh)
{
    const part script[] = {{DDBI_CREDS_DONE, "A", NOW + 3600},
                           {DDBI_CREDS_DONE, "B", NOW + 7200}};
    scripted s = make(script, 1);
    ddbi_creds *c = chain_of(&s, NULL);
    ddbi_key_set *old = NULL, *k = NULL;
    int64_t now = NOW + 3300;

    ck_assert_str_eq(id_at(c, NOW, 0), "A");
    ck_assert_int_eq(ddbi_creds_ask(c, now, 3300000, &k), DDBI_CREDS_FETCH);
    ck_assert_int_eq(ddbi_creds_ask(c, now, 3300000, &old), DDBI_CREDS_READY);
    ck_assert_str_eq(old->keys.access_key_id, "A");
    /* Past the hard window they wait. */
    ck_assert_int_eq(ddbi_creds_ask(c, NOW + 3570, 3570000, &k),
                     DDBI_CREDS_BUSY);
    ck_assert_int_eq(fetch(c, now, 3300000, NULL), DDBI_CREDS_DONE);
    /* Who holds the old ones may go on with them. */
    ck_assert_str_eq(old->keys.secret_access_key, "SECRET");
    ddbi_keys_release(c, old);
    ck_assert_str_eq(id_at(c, NOW + 3570, 3570000), "B");
    ddbi_creds_free(c, 0);
}
END_TEST

START_TEST(refused_keys_are_not_given_again)
{
    const part script[] = {{DDBI_CREDS_DONE, "A", NOW + 3600},
                           {DDBI_CREDS_DONE, "B", NOW + 3600}};
    scripted s = make(script, 1);
    ddbi_creds *c = chain_of(&s, NULL);
    ddbi_key_set *a = NULL, *k = NULL;

    ck_assert_str_eq(id_at(c, NOW, 0), "A");
    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &a), DDBI_CREDS_READY);
    ddbi_creds_refuse(c, NULL);
    ck_assert_str_eq(id_at(c, NOW, 0), "A");
    ddbi_creds_refuse(c, a);
    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_FETCH);
    ck_assert_int_eq(fetch(c, NOW, 0, NULL), DDBI_CREDS_DONE);
    ck_assert_str_eq(id_at(c, NOW, 0), "B");
    /* Another call that had the old ones refused gets the new ones. */
    ddbi_creds_refuse(c, a);
    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_READY);
    ck_assert_str_eq(k->keys.access_key_id, "B");
    ck_assert_int_eq(s.steps, 2);
    ddbi_keys_release(c, k);
    ddbi_keys_release(c, a);
    ddbi_creds_free(c, 0);
}
END_TEST

START_TEST(keys_that_come_expired_are_used_as_our_clock_may_be_wrong)
{
    const part script[] = {{DDBI_CREDS_DONE, "A", NOW - 10},
                           {DDBI_CREDS_DONE, "B", NOW + 3600}};
    scripted s = make(script, 1);
    ddbi_creds *c = chain_of(&s, NULL);

    ck_assert_str_eq(id_at(c, NOW, 0), "A");
    ck_assert_str_eq(id_at(c, NOW + 9, 9000), "A");
    ck_assert_int_eq(s.steps, 1);
    ck_assert_str_eq(id_at(c, NOW + 10, 10000), "B");
    ddbi_creds_free(c, 0);
}
END_TEST

START_TEST(who_gives_up_leaves_it_to_the_next)
{
    const part script[] = {{DDBI_CREDS_DONE, "A", 0}};
    scripted s = make(script, 1);
    ddbi_creds *c = chain_of(&s, NULL);
    ddbi_key_set *k = NULL;
    ddb_err err = {0};

    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_FETCH);
    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_BUSY);
    ck_assert_int_eq(ddbi_creds_wait(c, 5, &err), DDB_TIMEOUT);
    ck_assert_int_eq(err.retryable, 1);
    /* Whose time has passed before he waits, whatever the second began at. */
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(ddbi_creds_wait(c, -999 + 250 * i, NULL), DDB_TIMEOUT);
    ddbi_creds_abandon(c, 0);
    ck_assert_int_eq(ddbi_creds_wait(c, 5, NULL), DDB_OK); /* ask again */
    ck_assert_str_eq(id_at(c, NOW, 0), "A");
    ddbi_creds_free(c, 0);
}
END_TEST

/* ---- Threads ------------------------------------------------------------ */

typedef struct {
    ddbi_creds *c;
    ddb_code code;
    char id[8];
} waiter;

static void *wait_for_keys(void *arg)
{
    waiter *w = arg;
    ddbi_key_set *k = NULL;

    while (ddbi_creds_ask(w->c, NOW, 0, &k) == DDBI_CREDS_BUSY) {
        w->code = ddbi_creds_wait(w->c, 20000, NULL);
        if (w->code != DDB_OK)
            return NULL;
    }
    ck_assert_ptr_nonnull(k);
    strncpy(w->id, k->keys.access_key_id, sizeof w->id - 1);
    ddbi_keys_release(w->c, k);
    return NULL;
}

static void eight_wait(const part *script, ddb_code code, const char *id)
{
    const struct timespec moment = {.tv_nsec = 50000000};
    scripted s = make(script, 1);
    ddbi_creds *c = chain_of(&s, NULL);
    ddbi_key_set *k = NULL;
    pthread_t threads[8];
    waiter w[8];

    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_FETCH);
    for (int i = 0; i < 8; i++) {
        w[i] = (waiter){.c = c};
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, wait_for_keys, &w[i]), 0);
    }
    nanosleep(&moment, NULL); /* most of them wait by now */
    fetch(c, NOW, 0, NULL);
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(w[i].code, code);
        ck_assert_str_eq(w[i].id, id);
    }
    ck_assert_int_eq(s.steps, 1);
    ddbi_creds_free(c, 0);
}

START_TEST(one_fetch_serves_all_who_wait)
{
    const part script[] = {{DDBI_CREDS_DONE, "A", NOW + 3600}};

    eight_wait(script, DDB_OK, "A");
}
END_TEST

static void *wait_once(void *arg)
{
    waiter *w = arg;

    w->code = ddbi_creds_wait(w->c, 20000, NULL);
    return NULL;
}

/* Whether the thread waits already cannot be seen; if it comes too late it is
 * told to ask again, and so do we. */
START_TEST(a_failure_is_told_to_who_waited_for_it)
{
    const struct timespec moment = {.tv_nsec = 20000000};
    const part script[] = {{DDBI_CREDS_FAILED, "no", 0}};
    waiter w = {0};

    for (int i = 0; i < 100 && w.code == DDB_OK; i++) {
        scripted s = make(script, 1);
        ddbi_key_set *k = NULL;
        pthread_t thread;

        w.c = chain_of(&s, NULL);
        ck_assert_int_eq(ddbi_creds_ask(w.c, NOW, 0, &k), DDBI_CREDS_FETCH);
        ck_assert_int_eq(pthread_create(&thread, NULL, wait_once, &w), 0);
        nanosleep(&moment, NULL);
        fetch(w.c, NOW, 0, NULL);
        pthread_join(thread, NULL);
        ddbi_creds_free(w.c, 0);
    }
    ck_assert_int_eq(w.code, DDB_NETWORK);
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

static ddb_code whole_life(void)
{
    ddbi_creds *c = ddbi_creds_new();
    ddbi_key_set *k = NULL;
    ddb_code code = DDB_NOMEM;
    ddb_err err = {0};

    if (c == NULL ||
        ddbi_creds_take(c, ddbi_provider_static("ID", "SECRET", "TOKEN")) !=
            DDB_OK ||
        ddbi_creds_take(c, ddbi_provider_callback(give, NULL)) != DDB_OK)
        goto out;
    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_FETCH);
    if (fetch(c, NOW, 0, &err) == DDBI_CREDS_FAILED) {
        code = err.code;
        goto out;
    }
    ck_assert_int_eq(ddbi_creds_ask(c, NOW, 0, &k), DDBI_CREDS_READY);
    ddbi_keys_release(c, k);
    code = DDB_OK;
out:
    ddbi_creds_free(c, 0);
    return code;
}

START_TEST(every_allocation_may_fail)
{
    ddb_code code;

    for (long n = 0;; n++) {
        oom_begin(n);
        code = whole_life();
        if (!oom_end())
            break;
        ck_assert_int_eq(code, DDB_NOMEM);
        ck_assert_int_eq(oom_live(), 0);
    }
    ck_assert_int_eq(code, DDB_OK);
    ck_assert_int_eq(oom_live(), 0);
}
END_TEST

/* What is freed must hold no secret any more. */
static int leaked;

static void free_and_look(void *p)
{
    static const char secret[] = "TOPSECRET";

    /* Blocks here are larger than what is looked at. */
    for (size_t i = 0; p != NULL && i < 8; i++)
        if (memcmp((char *)p + i, secret, 4) == 0)
            leaked++;
    free(p);
}

static void *room_malloc(size_t n)
{
    return calloc(1, n + 64);
}

static void *room_realloc(void *p, size_t n)
{
    return realloc(p, n + 64);
}

START_TEST(freed_memory_holds_no_secret)
{
    ddbi_creds *c;

    leaked = 0;
    ddb_set_allocator(room_malloc, room_realloc, free_and_look);
    c = ddbi_creds_new();
    ck_assert_int_eq(ddbi_creds_take(c, ddbi_provider_static("ID", "TOPSECRET",
                                                             "TOPSECRET")),
                     DDB_OK);
    ck_assert_str_eq(id_at(c, NOW, 0), "ID");
    ddbi_creds_free(c, 0);
    ddb_set_allocator(NULL, NULL, NULL);
    ck_assert_int_eq(leaked, 0);
}
END_TEST

Suite *suite_creds(void)
{
    Suite *s = suite_create("creds");
    TCase *chain = tcase_create("chain");
    TCase *cache = tcase_create("cache");

    tcase_add_test(chain, one_that_is_not_configured_passes_on);
    tcase_add_test(chain, one_that_fails_ends_the_chain);
    tcase_add_test(chain, none_at_all_names_what_was_looked_at);
    tcase_add_test(chain, the_one_that_worked_is_asked_alone);
    tcase_add_test(chain, steps_get_the_answers_to_their_requests);
    tcase_add_loop_test(chain, keys_that_cannot_be_sent_are_refused, 0,
                        (int)(sizeof sets / sizeof sets[0]));
    tcase_add_loop_test(chain, a_callback_may_fail, 0,
                        (int)(sizeof failures / sizeof failures[0]));
    tcase_add_test(chain, static_keys_are_copied_and_last_for_ever);
    tcase_add_test(chain, a_chain_that_is_full_takes_no_more);
    tcase_add_test(chain, every_allocation_may_fail);
    tcase_add_test(chain, freed_memory_holds_no_secret);
    suite_add_tcase(s, chain);
    tcase_add_loop_test(cache, keys_are_refreshed_before_they_expire, 0,
                        (int)(sizeof moments / sizeof moments[0]));
    tcase_add_test(cache, refreshes_spread_over_a_minute);
    tcase_add_test(cache, keys_of_a_minute_are_not_refreshed_at_once);
    tcase_add_test(cache, a_failed_refresh_is_tried_again_later_and_later);
    tcase_add_test(cache, others_use_the_old_keys_during_a_soft_refresh);
    tcase_add_test(cache, refused_keys_are_not_given_again);
    tcase_add_test(cache,
                   keys_that_come_expired_are_used_as_our_clock_may_be_wrong);
    tcase_add_test(cache, who_gives_up_leaves_it_to_the_next);
    tcase_add_test(cache, one_fetch_serves_all_who_wait);
    tcase_add_test(cache, a_failure_is_told_to_who_waited_for_it);
    suite_add_tcase(s, cache);
    return s;
}
