/* SPDX-License-Identifier: MIT */
/*
 * A program's own code, and its test, which needs no server, no account and
 * no wait: the client keeps everything in memory, and its clock is the test's.
 *
 *     cc testing.c $(pkg-config --cflags --libs libddb) -o testing
 *     ./testing
 */
#include <ddb/kv.h>
#include <stdio.h>

/* ---- The code under test: who is logged in ---- */

static ddb_code log_in(ddb_kv *sessions, const char *user, ddb_err *err)
{
    const ddb_kv_put_options hour = {.ttl = 3600};

    return ddb_kv_put(sessions, ddb_str(user), ddb_str(""), &hour, err);
}

static int is_logged_in(ddb_kv *sessions, const char *user)
{
    return ddb_kv_has(sessions, ddb_str(user), NULL) == DDB_OK;
}

/* ---- Its test ---- */

static int64_t now = 1700000000;

static int64_t test_clock(void *arg)
{
    (void)arg;
    return now;
}

static int expect(int holds, const char *what)
{
    printf("%s %s\n", holds ? "ok    " : "FAILED", what);
    return !holds;
}

static int test_sessions(ddb_kv *sessions, ddb_err *err)
{
    int failed = expect(!is_logged_in(sessions, "ada"), "nobody at first");

    failed += expect(log_in(sessions, "ada", err) == DDB_OK, "ada logs in");
    failed += expect(is_logged_in(sessions, "ada"), "then she is");
    failed += expect(!is_logged_in(sessions, "grace"), "and grace is not");
    now += 3601;
    failed += expect(!is_logged_in(sessions, "ada"), "an hour is enough");
    return failed;
}

int main(void)
{
    const ddb_options memory = {.endpoint = "memory:", .now = test_clock};
    const ddb_kv_options opt = {
        .table = "app", .name_space = "sessions", .create = 1};
    ddb_client *c = NULL;
    ddb_kv *sessions = NULL;
    ddb_err err;
    int failed = 1;

    if (ddb_client_open(&memory, &c, &err) == DDB_OK &&
        ddb_kv_open(c, &opt, &sessions, &err) == DDB_OK)
        failed = test_sessions(sessions, &err);
    else
        fprintf(stderr, "%s\n", err.message);
    ddb_kv_close(sessions);
    ddb_client_close(c);
    return failed != 0;
}
