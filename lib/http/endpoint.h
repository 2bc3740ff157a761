/* SPDX-License-Identifier: MIT */
/* Where requests go: region, settings and environment to URL, Host header
 * and signing region, or to the engine in this process.  Pure: nothing is read but what is given. */
#ifndef DDBI_ENDPOINT_H
#define DDBI_ENDPOINT_H

#include <ddb/ddb.h>

/* The value of an environment variable; NULL: not set.  An empty one counts
 * as not set. */
typedef const char *ddbi_env_fn(void *arg, const char *name);

typedef struct {
    const char *region;   /* NULL or "": by the environment */
    const char *endpoint; /* the same */
    int allow_http;       /* plain HTTP to hosts that are not local too */
    ddbi_env_fn *env;     /* NULL: no environment */
    void *env_arg;
} ddbi_endpoint_in;

typedef struct {
    char url[288];   /* "https://host[:port]", nothing behind it */
    char host[264];  /* of the Host header: the port when it is not the
                        scheme's, no IPv6 zone */
    char region[64]; /* to sign with */
    int https;
    int is_local;       /* loopback or link-local: no proxy, answers trusted */
    const char *engine; /* "memory:" or "sqlite:PATH", as it was given: no URL
                           and no host then, and the region is "local" unless
                           one is set */
} ddbi_endpoint;

/* DDB_OK; DDB_NO_REGION; DDB_INVALID, err names the value. */
ddb_code ddbi_endpoint_resolve(const ddbi_endpoint_in *in, ddbi_endpoint *out,
                               ddb_err *err);

#endif
