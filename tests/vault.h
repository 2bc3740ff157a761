/* SPDX-License-Identifier: MIT */
/* A callback for credentials that tests can make fail, expire and wait. */
#ifndef VAULT_H
#define VAULT_H

#include "clientfix.h"
#include "fake.h"

#include <stdio.h>

/* A vault that numbers what it gives out. */
typedef struct {
    fake *f;
    int calls;
    int fail;       /* from this call on; 0: never */
    int64_t lasts;  /* s */
    int64_t takes;  /* ms */
    int timeout_ms; /* that it was given last */
} vault;

static inline ddb_code ask_vault(void *arg, int timeout_ms,
                                 ddb_credentials *out, ddb_err *err)
{
    static char id[32];
    vault *v = arg;

    v->calls++;
    v->timeout_ms = timeout_ms;
    v->f->mono += v->takes;
    if (v->fail != 0 && v->calls >= v->fail) {
        err->retryable = 1;
        return ddbi_fail(err, DDB_NETWORK, "the vault is closed: " SECRET);
    }
    snprintf(id, sizeof id, "AKID%d", v->calls);
    out->access_key_id = id;
    out->secret_access_key = SECRET;
    out->session_token = "TOPTOKEN";
    if (v->lasts != 0)
        out->expires_at = FAKE_START + v->f->mono / 1000 + v->lasts;
    return DDB_OK;
}

#endif
