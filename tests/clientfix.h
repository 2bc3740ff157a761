/* SPDX-License-Identifier: MIT */
/* What the tests of the client have in common: an environment that is empty
 * of AWS names, one call, calls of many threads. */
#ifndef CLIENTFIX_H
#define CLIENTFIX_H

#include "base/err.h"
#include "client/client.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

#define GET_ITEM (&(ddbi_job_spec){.action = "GetItem", .read = 1})
#define PUT_ITEM (&(ddbi_job_spec){.action = "PutItem", .repeatable = 1})
#define UPDATE_ITEM (&(ddbi_job_spec){.action = "UpdateItem"})

static const char *const variables[] = {
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_MAX_ATTEMPTS",
    "AWS_DISABLE_CLOCK_SKEW_CORRECTION",
    "AWS_CA_BUNDLE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
};

#define N_VARIABLES (sizeof variables / sizeof variables[0])

static char *saved[N_VARIABLES];

/* The run of all tests has an environment of its own. */
static inline void clear_environment(void)
{
    for (size_t i = 0; i < N_VARIABLES; i++) {
        const char *value = getenv(variables[i]);

        saved[i] = value != NULL ? strdup(value) : NULL;
        unsetenv(variables[i]);
    }
}

static inline void restore_environment(void)
{
    for (size_t i = 0; i < N_VARIABLES; i++) {
        if (saved[i] != NULL)
            setenv(variables[i], saved[i], 1);
        else
            unsetenv(variables[i]);
        free(saved[i]);
    }
}

/* One call; attempts may be NULL. */
static inline ddb_code call(ddb_client *c, const ddbi_job_spec *spec,
                            int *attempts, ddb_err *err)
{
    ddbi_job *j = NULL;
    ddb_code code = ddbi_job_begin(c, &j, err);

    if (code != DDB_OK)
        return code;
    ddbi_buf_add_str(&j->body, "{\"TableName\":\"kv\"}");
    if (j->body.failed != DDB_OK)
        code = ddbi_nomem(err);
    else
        code = ddbi_job_run(j, spec, err);
    if (attempts != NULL)
        *attempts = j->attempts;
    ddbi_job_end(j);
    return code;
}

#define THREADS 16
#define CALLS 25

static inline void *many_calls(void *arg)
{
    ddb_client *c = arg;

    for (int i = 0; i < CALLS; i++) {
        if (call(c, GET_ITEM, NULL, NULL) != DDB_OK)
            return c;
        ddb_client_now(c);
    }
    return NULL;
}

/* How many of the threads failed. */
static inline int in_threads(ddb_client *c)
{
    pthread_t threads[THREADS];
    int failures = 0;

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, many_calls, c), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;

        pthread_join(threads[i], &failed);
        failures += failed != NULL;
    }
    return failures;
}

#endif
