/* SPDX-License-Identifier: MIT */
/* A table of a store of the suite's own, on the server that it runs against. */
#ifndef KVTABLE_H
#define KVTABLE_H

#include "server.h"

#include <ddb/kv.h>

#include <check.h>
#include <stdio.h>
#include <unistd.h>

static char table[64];
static ddb_client *c; /* of the test */
static ddb_err err;

/* The code is `want`; else what the library says of it. */
#define CODE(call, want)                                                       \
    do {                                                                       \
        ddb_code code_ = (call);                                               \
                                                                               \
        ck_assert_msg(code_ == (want), "%s: %s: %s", #call,                    \
                      ddb_code_name(code_), err.message);                      \
    } while (0)
#define OK(call) CODE(call, DDB_OK)

static inline void make_table(void)
{
    ddb_client *client;
    ddb_kv *kv;
    ddb_kv_options opt = {.table = table, .name_space = "x", .create = 1};

    snprintf(table, sizeof table, "e2e_%d", (int)getpid());
    client = server_open(NULL);
    OK(ddb_kv_open(client, &opt, &kv, &err));
    ddb_kv_close(kv);
    server_close(client);
}

static inline void delete_table(void)
{
    ddb_client *client = server_open(NULL);

    ddb_delete_table(client, table, NULL, NULL);
    server_close(client);
}

#endif
