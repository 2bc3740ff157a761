/* SPDX-License-Identifier: MIT */
/* A store over the scripted transport, for the tests of lib/kv. */
#ifndef KVFIX_H
#define KVFIX_H

#include "fake.h"
#include "kv/kv_impl.h"
#include "oom.h"
#include "tests.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Set up before each test, in the process of the test. */
static fake *f;
static ddb_client *c;
static ddb_kv *kv;
static ddb_err err;

static inline void kvfix_setup(void)
{
    const ddb_kv_options opt = {.table = "tab", .name_space = "ns"};

    f = fake_new();
    f->random_byte = 0xab; /* versions are q6ur... */
    c = fake_open(f, NULL);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &kv, &err), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 0);
}

static inline void kvfix_teardown(void)
{
    ddb_kv_close(kv);
    ddb_client_close(c);
    fake_free(f);
}

#define KVFIX_NOW "1767323045" /* FAKE_START */
#define KVFIX_VERSION "q6urq6urq6urq6urq6urqw=="

/* Two JSON texts say the same, whatever the order of their members. */
static inline void kvfix_same_json(const char *got, const char *want)
{
    json_t *a = json_loads(got, 0, NULL);
    json_t *b = json_loads(want, 0, NULL);

    ck_assert_msg(b != NULL, "not JSON: %s", want);
    ck_assert_msg(json_equal(a, b), "got %s, want %s", got, want);
    json_decref(a);
    json_decref(b);
}

/* Request i was this. */
static inline void kvfix_request(size_t i, const char *action, const char *body)
{
    ck_assert_uint_gt(fake_count(f), i);
    ck_assert_str_eq(fake_request(f, i)->action, action);
    kvfix_same_json(fake_request(f, i)->body, body);
}

static inline void kvfix_bytes(ddb_bytes got, const char *want)
{
    ck_assert_uint_eq(got.n, strlen(want));
    ck_assert_mem_eq(got.p, want, got.n);
}

/* Run an operation with each of its allocations failing in turn: `script`
 * plays the answers, `call` returns the code, and leaves nothing behind. */
#define KVFIX_OOM(script, call)                                                \
    do {                                                                       \
        for (long n = 0;; n++) {                                               \
            ddb_code code;                                                     \
                                                                               \
            fake_reset(f);                                                     \
            script;                                                            \
            oom_begin(n);                                                      \
            code = (call);                                                     \
            if (!oom_end()) {                                                  \
                ck_assert_int_eq(code, DDB_OK);                                \
                break;                                                         \
            }                                                                  \
            ck_assert_int_eq(code, DDB_NOMEM);                                 \
            ck_assert_int_eq(err.code, DDB_NOMEM);                             \
            ck_assert_int_lt(n, 10000);                                        \
        }                                                                      \
    } while (0)

#endif
