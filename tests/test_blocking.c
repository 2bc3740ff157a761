/* SPDX-License-Identifier: MIT */
/*
 * The blocking driver over the scripted transport: attempts, waits,
 * deadlines, credentials.
 */
#include "fake.h"
#include "tests.h"
#include "vault.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* ---- Calls over the scripted transport ---------------------------------- */

START_TEST(sends_what_it_was_given)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, &(ddb_options){.access_key_id = "AKID",
                                                .secret_access_key = SECRET,
                                                .session_token = "TOKEN"});
    const fake_request_info *r;

    fake_answer(f, "{}");
    ck_assert_int_eq(call(c, PUT_ITEM, NULL, NULL), DDB_OK);
    r = fake_request(f, 0);
    ck_assert_str_eq(r->action, "PutItem");
    ck_assert_str_eq(r->body, "{\"TableName\":\"kv\"}");
    ck_assert_str_eq(r->access_key_id, "AKID");
    ck_assert_str_eq(r->session_token, "TOKEN");
    ck_assert_int_eq(r->now, FAKE_START);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(needs_no_credentials_where_none_are_asked_for)
{
    fake *f = fake_new();
    ddb_client *c;

    f->needs_keys = 0;
    fake_answer(f, "{}");
    ck_assert_int_eq(ddbi_client_open_with(&(ddb_options){0}, fake_transport(f),
                                           fake_clock(f), &c, NULL),
                     DDB_OK);
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_str_eq(fake_request(f, 0)->access_key_id, "");
    ck_assert_str_eq(ddb_client_region(c), "");
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(waits_between_attempts_and_signs_each_anew)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, NULL);
    int attempts = 0;

    fake_error(f, 500, "InternalServerError", "sorry");
    fake_add(f, &(fake_step){.status = 400,
                             .type = "ThrottlingException",
                             .body = "",
                             .retry_after = 1 + 4000});
    fake_answer(f, "{}");
    ck_assert_int_eq(call(c, GET_ITEM, &attempts, NULL), DDB_OK);
    ck_assert_int_eq(attempts, 3);
    /* Waits of nothing are not slept. */
    ck_assert_uint_ge(f->n_waits, 1);
    ck_assert_int_lt(f->waits[0], f->n_waits == 2 ? 25 : 4001);
    ck_assert_int_eq(f->waits[f->n_waits - 1], 4000);
    ck_assert_int_ge(fake_request(f, 2)->now, FAKE_START + 4);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(waits_differ_from_call_to_call)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, NULL);

    for (int i = 0; i < 8; i++) {
        fake_error(f, 400, "ThrottlingException", "slow down");
        fake_answer(f, "{}");
        ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    }
    for (size_t i = 1; i < f->n_waits; i++) {
        ck_assert_int_lt(f->waits[i], 1000);
        ck_assert_int_ne(f->waits[i], f->waits[i - 1]);
    }
    ck_assert_uint_ge(f->n_waits, 7);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(works_without_randomness)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, NULL);

    f->random_fails = 1;
    fake_error(f, 400, "ThrottlingException", "slow down");
    fake_answer(f, "{}");
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(attempts_are_limited_by_the_environment)
{
    fake *f = fake_new();
    ddb_client *c;
    ddb_err err;
    int attempts = 0;

    setenv("AWS_MAX_ATTEMPTS", "2", 1);
    c = fake_open(f, NULL);
    for (int i = 0; i < 2; i++)
        fake_failure(f, DDB_NETWORK);
    ck_assert_int_eq(call(c, GET_ITEM, &attempts, &err), DDB_NETWORK);
    ck_assert_int_eq(attempts, 2);
    ck_assert_int_eq(err.retryable, 1);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(a_client_in_trouble_stops_retrying)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, NULL);
    int attempts = 0, all = 0;
    ddb_err err;

    for (int i = 0; i < 100; i++)
        fake_error(f, 500, "InternalServerError", "sorry");
    for (int i = 0; i < 30; i++) {
        ck_assert_int_eq(call(c, GET_ITEM, &attempts, &err), DDB_UNAVAILABLE);
        all += attempts - 1;
    }
    ck_assert_int_eq(all, 35); /* retries of 14 tokens out of 500 */
    ck_assert_int_eq(attempts, 1);
    ck_assert_ptr_nonnull(strstr(err.message, "(retry quota exceeded)"));
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(silence_ends_at_the_deadline)
{
    const struct {
        const ddbi_job_spec *spec;
        ddb_code code;
        int maybe;
    } specs[] = {{GET_ITEM, DDB_TIMEOUT, 0},
                 {PUT_ITEM, DDB_TIMEOUT, 1},
                 {UPDATE_ITEM, DDB_AMBIGUOUS, 1}};
    fake *f = fake_new();
    ddb_client *c = fake_open(
        f, &(ddb_options){.timeout_ms = 12000, .attempt_timeout_ms = 5000});
    ddbi_job_spec spec = *specs[_i].spec;
    int64_t began = f->mono;
    ddb_err err;

    for (int i = 0; i < 4; i++)
        fake_add(f, &(fake_step){.silent = 1});
    ck_assert_int_eq(call(c, &spec, NULL, &err), specs[_i].code);
    ck_assert_int_eq(err.maybe_applied, specs[_i].maybe);
    ck_assert_int_eq(f->mono - began,
                     specs[_i].code == DDB_TIMEOUT ? 12000 : 5000);
    /* A call may have a deadline of its own. */
    began = f->mono;
    spec.timeout_ms = 100;
    ck_assert_int_eq(call(c, &spec, NULL, &err), specs[_i].code);
    ck_assert_int_eq(f->mono - began, 100);
    ck_assert_int_eq(f->opened, 0);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(an_attempt_that_cannot_begin_ends_the_call)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, NULL);
    ddb_err err;

    fake_add(f, &(fake_step){.start_code = DDB_INVALID});
    ck_assert_int_eq(call(c, UPDATE_ITEM, NULL, &err), DDB_INVALID);
    ck_assert_int_eq(err.maybe_applied, 0);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(a_job_may_run_again_and_forgets_what_was)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, NULL);
    ddbi_job *j = NULL;
    ddb_err err;

    ck_assert_int_eq(ddbi_job_begin(c, &j, &err), DDB_OK);
    ddbi_buf_add_str(&j->body, "{}");
    fake_failure(f, DDB_NETWORK);
    ck_assert_int_eq(ddbi_job_run(j, UPDATE_ITEM, &err), DDB_AMBIGUOUS);
    ck_assert_int_eq(j->maybe_applied, 1);
    fake_answer(f, "{\"Item\":{}}");
    ck_assert_int_eq(ddbi_job_run(j, UPDATE_ITEM, &err), DDB_OK);
    ck_assert_int_eq(err.code, DDB_OK);
    ck_assert_str_eq(err.message, "");
    ck_assert_int_eq(j->maybe_applied, 0);
    ck_assert_int_eq(j->attempts, 1);
    ck_assert_uint_eq(j->reply.body.n, 11);
    fake_error(f, 400, "ValidationException", "no");
    ck_assert_int_eq(ddbi_job_run(j, UPDATE_ITEM, NULL), DDB_VALIDATION);
    ddbi_job_end(j);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(the_service_error_is_told_whole)
{
    fake *f = fake_new();
    ddb_client *c = fake_open(f, NULL);
    ddb_err err;

    fake_error(f, 400, "ValidationException", "no such thing");
    ck_assert_int_eq(call(c, GET_ITEM, NULL, &err), DDB_VALIDATION);
    ck_assert_int_eq(err.http_status, 400);
    ck_assert_str_eq(err.type, "ValidationException");
    ck_assert_str_eq(err.request_id, "FAKEREQUESTID");
    ck_assert_str_eq(err.message, "no such thing");
    ck_assert_int_eq(err.retryable, 0);
    /* And nothing is left of it after a success. */
    fake_answer(f, "{}");
    ck_assert_int_eq(call(c, GET_ITEM, NULL, &err), DDB_OK);
    ck_assert_int_eq(err.code, DDB_OK);
    ck_assert_str_eq(err.type, "");
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

/* ---- Credentials -------------------------------------------------------- */

static const char *last_id(const fake *f)
{
    return fake_request(f, fake_count(f) - 1)->access_key_id;
}

START_TEST(asks_a_callback_once_while_its_keys_last)
{
    fake *f = fake_new();
    vault v = {.f = f, .lasts = 3600};
    ddb_client *c = fake_open(
        f, &(ddb_options){.credentials = ask_vault, .credentials_arg = &v});

    for (int i = 0; i < 5; i++)
        fake_answer(f, "{}");
    ck_assert_int_eq(v.calls, 0); /* opening fetches nothing */
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_int_eq(v.timeout_ms, 15000);
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_int_eq(v.calls, 1);
    ck_assert_str_eq(last_id(f), "AKID1");
    f->mono += 3400 * 1000;
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_str_eq(last_id(f), "AKID2");
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(a_refresh_that_fails_early_does_no_harm)
{
    fake *f = fake_new();
    vault v = {.f = f, .lasts = 3600, .fail = 2};
    ddb_client *c = fake_open(
        f, &(ddb_options){.credentials = ask_vault, .credentials_arg = &v});
    ddb_err err;

    for (int i = 0; i < 5; i++)
        fake_answer(f, "{}");
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    f->mono += 3400 * 1000;
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_int_eq(v.calls, 2);
    ck_assert_int_eq(v.timeout_ms, 7500); /* half of it is left for the call */
    ck_assert_str_eq(last_id(f), "AKID1");
    f->mono += 200 * 1000;
    ck_assert_int_eq(call(c, GET_ITEM, NULL, &err), DDB_NETWORK);
    ck_assert_int_eq(err.retryable, 1); /* as the callback says */
    ck_assert_uint_eq(fake_count(f), 2);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(a_slow_early_refresh_leaves_time_for_the_call)
{
    fake *f = fake_new();
    vault v = {.f = f, .lasts = 3600};
    ddb_client *c = fake_open(
        f, &(ddb_options){.credentials = ask_vault, .credentials_arg = &v});

    for (int i = 0; i < 5; i++)
        fake_answer(f, "{}");
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    f->mono += 3400 * 1000;
    v.fail = 2;
    v.takes = 7500;
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_str_eq(last_id(f), "AKID1");
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(credentials_count_against_the_deadline)
{
    fake *f = fake_new();
    vault v = {.f = f, .takes = 20000};
    ddb_client *c = fake_open(
        f, &(ddb_options){.credentials = ask_vault, .credentials_arg = &v});
    ddb_err err;

    ck_assert_int_eq(call(c, UPDATE_ITEM, NULL, &err), DDB_TIMEOUT);
    ck_assert_int_eq(err.maybe_applied, 0);
    ck_assert_int_eq(err.retryable, 1);
    ck_assert_uint_eq(fake_count(f), 0);
    /* What came too late for this call is there for the next. */
    fake_answer(f, "{}");
    ck_assert_int_eq(call(c, UPDATE_ITEM, NULL, NULL), DDB_OK);
    ck_assert_int_eq(v.calls, 1);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(expired_keys_are_refreshed_once)
{
    fake *f = fake_new();
    vault v = {.f = f};
    ddb_client *c = fake_open(
        f, &(ddb_options){.credentials = ask_vault, .credentials_arg = &v});
    ddb_err err;

    fake_error(f, 400, "ExpiredTokenException", "it is old");
    fake_answer(f, "{}");
    ck_assert_int_eq(call(c, UPDATE_ITEM, NULL, NULL), DDB_OK);
    ck_assert_str_eq(fake_request(f, 0)->access_key_id, "AKID1");
    ck_assert_str_eq(fake_request(f, 1)->access_key_id, "AKID2");
    ck_assert_uint_eq(f->n_waits, 0);
    for (int i = 0; i < 2; i++)
        fake_error(f, 400, "ExpiredTokenException", "it is old");
    ck_assert_int_eq(call(c, UPDATE_ITEM, NULL, &err), DDB_CREDENTIALS);
    ck_assert_str_eq(err.type, "ExpiredTokenException");
    ck_assert_int_eq(v.calls, 3);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(refused_keys_are_not_used_by_the_next_call)
{
    fake *f = fake_new();
    vault v = {.f = f};
    ddb_client *c = fake_open(f, &(ddb_options){.credentials = ask_vault,
                                                .credentials_arg = &v,
                                                .max_attempts = 1});

    fake_error(f, 400, "ExpiredTokenException", "it is old");
    fake_answer(f, "{}");
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_CREDENTIALS);
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_str_eq(last_id(f), "AKID2");
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

START_TEST(keys_of_the_environment_are_used)
{
    fake *f = fake_new();
    ddb_client *c = NULL;

    setenv("AWS_ACCESS_KEY_ID", "ENVID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
    setenv("AWS_SESSION_TOKEN", "ENVTOKEN", 1);
    ck_assert_int_eq(ddbi_client_open_with(&(ddb_options){0}, fake_transport(f),
                                           fake_clock(f), &c, NULL),
                     DDB_OK);
    unsetenv("AWS_ACCESS_KEY_ID"); /* it was read when it was opened */
    fake_answer(f, "{}");
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    ck_assert_str_eq(last_id(f), "ENVID");
    ck_assert_str_eq(fake_request(f, 0)->session_token, "ENVTOKEN");
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

static const struct {
    const char *id;
    const char *says;
} without[] = {
    {NULL, "no credentials; looked at: options, environment "
           "(AWS_ACCESS_KEY_ID)"},
    {"ENVID", "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not"},
};

START_TEST(no_credentials_name_what_was_looked_at)
{
    fake *f = fake_new();
    ddb_client *c = NULL;
    ddb_err err;

    if (without[_i].id != NULL)
        setenv("AWS_ACCESS_KEY_ID", without[_i].id, 1);
    ck_assert_int_eq(ddbi_client_open_with(&(ddb_options){0}, fake_transport(f),
                                           fake_clock(f), &c, NULL),
                     DDB_OK);
    ck_assert_int_eq(call(c, GET_ITEM, NULL, &err), DDB_NO_CREDENTIALS);
    ck_assert_str_eq(err.message, without[_i].says);
    ck_assert_uint_eq(fake_count(f), 0);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

/* ---- Threads ------ */

/* Every ninth request fails, and the Date wanders. */
static void flaky(void *arg, const fake_request_info *request, fake_step *step)
{
    int *n = arg;

    (void)request;
    ++*n;
    step->status = *n % 9 == 0 ? 500 : 200;
    step->body = "{}";
    step->date = FAKE_START + *n % 40;
    if (*n % 25 == 0) {
        step->status = 400;
        step->type = "ExpiredTokenException";
    }
}

static ddb_code short_lived(void *arg, int timeout_ms, ddb_credentials *out,
                            ddb_err *err)
{
    (void)timeout_ms, (void)err;
    out->access_key_id = "AKID";
    out->secret_access_key = SECRET;
    out->expires_at = FAKE_START + ++*(int *)arg;
    return DDB_OK;
}

START_TEST(threads_share_a_client_in_trouble)
{
    fake *f = fake_new();
    int calls = 0, fetches = 0;
    ddb_client *c = fake_open(f, &(ddb_options){.credentials = short_lived,
                                                .credentials_arg = &fetches,
                                                .max_attempts = 20,
                                                .timeout_ms = 100000000});

    f->respond = flaky;
    f->respond_arg = &calls;
    /* Credentials may be refused twice in one call: that alone may fail. */
    in_threads(c);
    ck_assert_int_ge(calls, CALLS);
    ck_assert_int_ge(fetches, 1);
    ck_assert_int_eq(f->opened, 0);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

/* In real time, while all the others wait for it. */
typedef struct {
    int calls;
    ddb_code code;
} slow_vault;

static ddb_code ask_slow_vault(void *arg, int timeout_ms, ddb_credentials *out,
                               ddb_err *err)
{
    slow_vault *v = arg;

    (void)timeout_ms, (void)err;
    v->calls++;
    ddbi_system_clock.sleep(&ddbi_system_clock, 100);
    out->access_key_id = "AKID";
    out->secret_access_key = SECRET;
    return v->code;
}

static void answer_all(void *arg, const fake_request_info *request,
                       fake_step *step)
{
    (void)arg, (void)request;
    step->status = 200;
    step->body = "{}";
}

START_TEST(threads_wait_for_one_fetch)
{
    slow_vault v = {.code = _i == 0 ? DDB_OK : DDB_NETWORK};
    fake *f = fake_new();
    ddb_client *c = NULL;
    int failures;

    f->respond = answer_all;
    ck_assert_int_eq(
        ddbi_client_open_with(&(ddb_options){.credentials = ask_slow_vault,
                                             .credentials_arg = &v},
                              fake_transport(f), NULL, &c, NULL),
        DDB_OK);
    failures = in_threads(c);
    ck_assert_int_eq(failures, v.code == DDB_OK ? 0 : THREADS);
    if (v.code == DDB_OK)
        ck_assert_int_eq(v.calls, 1);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

/* Keys of an hour, and then none: in real time, as threads wait for it. */
typedef struct {
    int calls;
    atomic_int now; /* s */
} failing_vault;

static ddb_code ask_failing_vault(void *arg, int timeout_ms,
                                  ddb_credentials *out, ddb_err *err)
{
    failing_vault *v = arg;

    (void)timeout_ms;
    if (v->calls++ > 0) {
        ddbi_system_clock.sleep(&ddbi_system_clock, 100);
        return ddbi_fail(err, DDB_NETWORK, "the vault is closed");
    }
    out->access_key_id = "AKID";
    out->secret_access_key = SECRET;
    out->expires_at = 3600;
    return DDB_OK;
}

static int64_t vault_time(void *arg)
{
    failing_vault *v = arg;

    return v->now;
}

START_TEST(a_late_refresh_that_fails_does_no_harm_to_who_waits)
{
    failing_vault v = {0};
    fake *f = fake_new();
    ddb_client *c = NULL;

    f->respond = answer_all;
    ck_assert_int_eq(
        ddbi_client_open_with(&(ddb_options){.credentials = ask_failing_vault,
                                             .credentials_arg = &v,
                                             .now = vault_time,
                                             .now_arg = &v,
                                             .no_clock_correction = 1},
                              fake_transport(f), NULL, &c, NULL),
        DDB_OK);
    ck_assert_int_eq(call(c, GET_ITEM, NULL, NULL), DDB_OK);
    v.now = 3590;
    ck_assert_int_eq(in_threads(c), 0);
    ck_assert_int_eq(v.calls, 2);
    ddb_client_close(c);
    fake_free(f);
}
END_TEST

Suite *suite_blocking(void)
{
    Suite *s = suite_create("blocking");
    TCase *calls = tcase_create("calls");
    TCase *credentials = tcase_create("credentials");
    TCase *threads = tcase_create("threads");
    TCase *const all[] = {calls, credentials, threads};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        tcase_add_checked_fixture(all[i], clear_environment,
                                  restore_environment);
        suite_add_tcase(s, all[i]);
    }
    tcase_add_test(calls, sends_what_it_was_given);
    tcase_add_test(calls, needs_no_credentials_where_none_are_asked_for);
    tcase_add_test(calls, waits_between_attempts_and_signs_each_anew);
    tcase_add_test(calls, waits_differ_from_call_to_call);
    tcase_add_test(calls, works_without_randomness);
    tcase_add_test(calls, attempts_are_limited_by_the_environment);
    tcase_add_test(calls, a_client_in_trouble_stops_retrying);
    tcase_add_loop_test(calls, silence_ends_at_the_deadline, 0, 3);
    tcase_add_test(calls, an_attempt_that_cannot_begin_ends_the_call);
    tcase_add_test(calls, a_job_may_run_again_and_forgets_what_was);
    tcase_add_test(calls, the_service_error_is_told_whole);
    tcase_add_test(credentials, asks_a_callback_once_while_its_keys_last);
    tcase_add_test(credentials, a_refresh_that_fails_early_does_no_harm);
    tcase_add_test(credentials, a_slow_early_refresh_leaves_time_for_the_call);
    tcase_add_test(credentials, credentials_count_against_the_deadline);
    tcase_add_test(credentials, expired_keys_are_refreshed_once);
    tcase_add_test(credentials, refused_keys_are_not_used_by_the_next_call);
    tcase_add_test(credentials, keys_of_the_environment_are_used);
    tcase_add_loop_test(credentials, no_credentials_name_what_was_looked_at, 0,
                        (int)(sizeof without / sizeof without[0]));
    tcase_add_test(threads, threads_share_a_client_in_trouble);
    tcase_add_loop_test(threads, threads_wait_for_one_fetch, 0, 2);
    tcase_add_test(threads,
                   a_late_refresh_that_fails_does_no_harm_to_who_waits);
    return s;
}
