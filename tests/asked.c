/* SPDX-License-Identifier: MIT */
/* The fixtures of the suites of the typed operations. */
#include "asked.h"

#include "oom.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

fake *fk;
ddb_client *client;
ddb_err err;

void asked_setup(void)
{
    fk = fake_new();
    client = fake_open(fk, NULL);
    memset(&err, 0, sizeof err);
}

void asked_teardown(void)
{
    ddb_client_close(client);
    ck_assert_int_eq(fk->opened, 0);
    fake_free(fk);
}

const char *quoted(const char *json)
{
    static char texts[8][8192];
    static int turn;
    char *text = texts[turn++ % 8];
    size_t n = strlen(json);

    ck_assert_uint_lt(n, sizeof texts[0]);
    for (size_t i = 0; i <= n; i++)
        text[i] = json[i] == '\'' ? '"' : json[i];
    return text;
}

void answer(const char *json)
{
    fake_answer(fk, quoted(json));
}

ddb_item *item(const char *json)
{
    ddb_item *it = NULL;
    ddb_err trouble;
    const char *text = quoted(json);

    ck_assert_msg(ddb_item_parse(text, strlen(text), &it, &trouble) == DDB_OK,
                  "%s: %s", json, trouble.message);
    return it;
}

void asked(size_t i, const char *action, const char *json)
{
    const fake_request_info *r = fake_request(fk, i);
    json_t *want = json_loads(quoted(json), 0, NULL);
    json_t *got;

    ck_assert_msg(want != NULL, "no JSON: %s", json);
    ck_assert_msg(r != NULL, "there is no request %zu", i);
    ck_assert_str_eq(r->action, action);
    got = json_loadb(r->body, r->body_n, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(got != NULL && json_equal(got, want), "asked: %s\nnot: %s",
                  r->body, quoted(json));
    json_decref(got);
    json_decref(want);
}

void is_item(const ddb_item *it, const char *json)
{
    ddb_item *want = item(json);
    char *text = NULL;

    ck_assert_msg(it != NULL, "no item, but %s", json);
    ddb_item_format(it, &text, NULL, NULL);
    ck_assert_msg(ddb_item_equal(it, want), "%s, not %s", text, json);
    ddb_free(text);
    ddb_item_free(want);
}

/* Once with this allocation failing; 0: there is no such allocation. */
static int fail_one(void (*begin)(long n), long n, void (*play)(void),
                    ddb_code (*operation)(ddb_client *c))
{
    const ddb_options opt = {.region = "us-east-1",
                             .endpoint = "http://localhost:8000",
                             .access_key_id = "AKIDEXAMPLE",
                             .secret_access_key = "secret"};
    ddb_client *c = NULL;
    ddb_code code;
    int failed;

    fake_reset(fk);
    if (play != NULL)
        play();
    begin(n);
    code = ddbi_client_open_with(&opt, fake_transport(fk), fake_clock(fk), &c,
                                 NULL);
    if (code == DDB_OK)
        code = operation(c);
    ddb_client_close(c);
    failed = oom_end();
    ck_assert_msg(oom_live() == 0, "allocation %ld: %ld blocks leaked", n,
                  oom_live());
    ck_assert_msg(code == (failed ? DDB_NOMEM : DDB_OK), "allocation %ld: %s",
                  n, ddb_code_name(code));
    return failed;
}

void survives_nomem(void (*play)(void), ddb_code (*operation)(ddb_client *c))
{
    long n = 0;

    while (fail_one(oom_begin, n, play, operation))
        n++;
    n = 0;
    while (fail_one(oom_begin_for_ever, n, play, operation))
        n++;
}
