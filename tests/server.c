/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t server_ahead;
static ddb_client *only;

int64_t server_now(void *arg)
{
    (void)arg;
    return (int64_t)time(NULL) + server_ahead;
}

int server_in_memory(void)
{
    const char *endpoint = getenv("DDB_TEST_ENDPOINT");

    return endpoint != NULL && strcmp(endpoint, "memory:") == 0;
}

int server_in_process(void)
{
    const char *endpoint = getenv("DDB_TEST_ENDPOINT");

    return server_in_memory() ||
           (endpoint != NULL && strncmp(endpoint, "sqlite:", 7) == 0);
}

ddb_client *server_open(const ddb_options *more)
{
    ddb_options opt = more != NULL ? *more : (ddb_options){0};
    ddb_client *c = NULL;
    ddb_err err;

    if (only != NULL)
        return only;
    opt.endpoint = getenv("DDB_TEST_ENDPOINT");
    ck_assert_msg(opt.endpoint != NULL, "DDB_TEST_ENDPOINT is not set");
    opt.timeout_ms = 60000; /* a machine that does a lot beside */
    opt.attempt_timeout_ms = 30000;
    if (server_in_memory()) {
        opt.now = server_now; /* for whoever asks for it later */
        opt.no_clock_correction = 1;
    }
    ck_assert_msg(ddb_client_open(&opt, &c, &err) == DDB_OK, "%s", err.message);
    if (server_in_memory())
        only = c;
    return c;
}

void server_close(ddb_client *c)
{
    if (c != only)
        ddb_client_close(c);
}

static const struct {
    const char *server;
    server_difference what;
    const char *why;
} differences[] = {
    {"dynalite", TIME_TO_LIVE, "it knows DescribeTimeToLive alone"},
    {"dynalite", BLOCKING_ITEM, "it is older than the parameter (2023)"},
    {"dynalite", DELETE_PROTECTION, "it is older than the parameter (2023)"},
    {"dynalite", UTF16_ORDER, "U+E000 to U+FFFF come last in it"},
    {"moto", ITEM_SIZE, "it counts the bytes of the JSON text"},
    {"moto", CAPACITY, "a half for an item, whatever is done with it"},
    {"moto", NOT_ATOMIC, "its threads look and write without a lock"},
    {"dynalite", SLOW, "one thread of JavaScript"},
    {"moto", SLOW, "one of Python at a time"},
    {"moto", MIXED_COMPARISON, "Python does not compare them: status 500"},
};

int server_differs(server_difference what)
{
    const char *server = getenv("DDB_TEST_SERVER");

    for (size_t i = 0; i < sizeof differences / sizeof differences[0]; i++)
        if (differences[i].what == what && server != NULL &&
            strcmp(server, differences[i].server) == 0)
            return 1;
    return 0;
}

int run_on_server(Suite *s)
{
    SRunner *runner = srunner_create(s);
    int status;

    if (server_in_memory()) /* which no child process sees */
        srunner_set_fork_status(runner, CK_NOFORK);
    status = run_and_report(runner);
    ddb_client_close(only);
    return status;
}
