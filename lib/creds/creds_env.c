/* SPDX-License-Identifier: MIT */
/*
 * Credentials of the environment.  They are read once, when the client is
 * opened: reading the environment later would race with a program's
 * setenv().  One of the two variables without the other is a mistake that
 * somebody wants to hear of, not "not configured".
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html
 */
#include "base/alloc.h"
#include "base/err.h"
#include "creds/creds.h"

typedef struct {
    ddbi_provider provider;
    char *id, *secret, *token; /* NULL: not set */
} environment;

static ddbi_creds_state env_step(ddbi_provider *p, const ddbi_creds_in *in,
                                 ddbi_creds_request *request,
                                 ddb_credentials *out, ddb_err *err)
{
    environment *e = (environment *)p;

    (void)in, (void)request;
    if (e->id == NULL && e->secret == NULL)
        return DDBI_CREDS_NONE;
    if (e->id == NULL || e->secret == NULL) {
        ddbi_fail(err, DDB_NO_CREDENTIALS, "%s is set, but %s is not",
                  e->id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                  e->id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
        return DDBI_CREDS_FAILED;
    }
    out->access_key_id = e->id;
    out->secret_access_key = e->secret;
    out->session_token = e->token;
    return DDBI_CREDS_DONE;
}

static void env_close(ddbi_provider *p)
{
    environment *e = (environment *)p;

    ddbi_wipe_free(e->id);
    ddbi_wipe_free(e->secret);
    ddbi_wipe_free(e->token);
    ddbi_free(e);
}

/* 0: there was no memory. */
static int read_variable(ddbi_env_fn *env, void *arg, const char *name,
                         char **out)
{
    const char *value = env(arg, name);

    if (value == NULL || *value == 0)
        return 1;
    *out = ddbi_strdup(value);
    return *out != NULL;
}

ddbi_provider *ddbi_provider_env(ddbi_env_fn *env, void *arg)
{
    environment *e = ddbi_calloc(1, sizeof *e);

    if (e == NULL)
        return NULL;
    e->provider.name = "environment (AWS_ACCESS_KEY_ID)";
    e->provider.step = env_step;
    e->provider.close = env_close;
    /* AWS_SECURITY_TOKEN is what boto called it in its youth. */
    if (read_variable(env, arg, "AWS_ACCESS_KEY_ID", &e->id) &&
        read_variable(env, arg, "AWS_SECRET_ACCESS_KEY", &e->secret) &&
        read_variable(env, arg, "AWS_SESSION_TOKEN", &e->token) &&
        (e->token != NULL ||
         read_variable(env, arg, "AWS_SECURITY_TOKEN", &e->token)))
        return &e->provider;
    env_close(&e->provider);
    return NULL;
}
