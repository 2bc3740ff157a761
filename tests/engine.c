/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include "oom.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ddbi_local *engine;

void engine_setup(void)
{
    const ddbi_local_options options = {.path = NULL};
    ddb_err err = {0};

    ck_assert_msg(ddbi_local_open(&options, &engine, &err) == DDB_OK, "%s",
                  err.message);
}

void engine_teardown(void)
{
    ddbi_local_close(engine, 0);
    engine = NULL;
}

void engine_make_hash(void)
{
    engine_does("CreateTable",
                "{'TableName':'hash','BillingMode':'PAY_PER_REQUEST',"
                "'AttributeDefinitions':[{'AttributeName':'a',"
                "'AttributeType':'S'}],"
                "'KeySchema':[{'AttributeName':'a','KeyType':'HASH'}]}");
}

static char *quote(const char *json)
{
    char *text = strdup(json);

    ck_assert_ptr_nonnull(text);
    for (char *p = text; *p; p++)
        if (*p == '\'')
            *p = '"';
    return text;
}

/* text is freed. */
static json_t *ask(int status, const char *action, char *text)
{
    ddbi_buf out = {0};
    ddb_err err = {0};
    json_t *tree;
    int got = 0;
    ddb_code code = ddbi_local_call(
        engine, action, (ddb_bytes){text, strlen(text)}, &got, &out, &err);

    ck_assert_msg(code == DDB_OK, "%s %.2000s: %s", action, text, err.message);
    /* TagResource and UntagResource answer nothing. */
    tree = out.n ? json_loadb(out.p, out.n,
                              JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL)
                 : json_object();
    ck_assert_msg(tree != NULL, "%s %.2000s: no JSON: %.*s", action, text,
                  (int)(out.n < 2000 ? out.n : 2000), out.p);
    ck_assert_msg(got == status, "%s %.2000s: %d %.*s", action, text, got,
                  (int)(out.n < 2000 ? out.n : 2000), out.p);
    ddbi_buf_free(&out);
    free(text);
    return tree;
}

json_t *engine_ask(int status, const char *action, const char *json)
{
    return ask(status, action, quote(json));
}

json_t *engine_ask_tree(int status, const char *action, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);

    ck_assert_ptr_nonnull(text);
    json_decref(body);
    return ask(status, action, text);
}

void engine_does(const char *action, const char *json)
{
    json_decref(engine_ask(200, action, json));
}

void engine_answers(const char *action, const char *json, const char *want)
{
    json_t *got = engine_ask(200, action, json), *expected;
    char *text = quote(want), *shown = json_dumps(got, JSON_COMPACT);

    expected = json_loads(text, 0, NULL);
    ck_assert_msg(expected != NULL, "no JSON: %s", want);
    ck_assert_msg(json_equal(got, expected), "%s %s\nis %s\nnot %s", action,
                  json, shown, text);
    json_decref(expected);
    json_decref(got);
    free(text);
    free(shown);
}

void engine_refuses(const char *action, const char *json, const char *type,
                    const char *message)
{
    json_t *got = engine_ask(400, action, json);
    const char *whole = json_string_value(json_object_get(got, "__type"));
    const char *said = json_string_value(json_object_get(got, "message"));

    if (!said)
        said = json_string_value(json_object_get(got, "Message"));
    ck_assert_msg(whole && strchr(whole, '#'), "%s %s: no type", action, json);
    ck_assert_msg(strcmp(strchr(whole, '#') + 1, type) == 0,
                  "%s %s: %s, not %s: %s", action, json, whole, type,
                  said ? said : "");
    ck_assert_msg(said && strcmp(said, message) == 0, "%s %s\nsays %s\nnot %s",
                  action, json, said ? said : "nothing", message);
    json_decref(got);
}

void engine_invalid(const char *action, const char *json, const char *message)
{
    engine_refuses(action, json, "ValidationException", message);
}

void engine_survives_nomem(const char *action, const char *json)
{
    char *text = quote(json);

    for (long n = 0;; n++) {
        ddbi_buf out = {0};
        ddb_err err = {0};
        ddb_code code;
        int status;

        oom_begin(n);
        code = ddbi_local_call(engine, action, (ddb_bytes){text, strlen(text)},
                               &status, &out, &err);
        ddbi_buf_free(&out);
        if (!oom_end()) {
            ck_assert_msg(code == DDB_OK, "%s: %s", json, err.message);
            break;
        }
        ck_assert_msg(code == DDB_NOMEM, "%s, allocation %ld: %s", json, n,
                      ddb_code_name(code));
        ck_assert_int_eq(err.code, DDB_NOMEM);
    }
    free(text);
}

/* ---- All that there is -------------------------------------------------- */

static json_t *items_of(const char *table, const char *index)
{
    json_t *body = json_pack("{s:s}", "TableName", table), *answer, *items;

    if (index)
        json_object_set_new(body, "IndexName", json_string(index));
    answer = engine_ask_tree(200, "Scan", body);
    ck_assert_ptr_null(json_object_get(answer, "LastEvaluatedKey"));
    items = json_incref(json_object_get(answer, "Items"));
    json_decref(answer);
    return items;
}

static void add_indexes(json_t *all, json_t *table, const char *kind)
{
    const char *name = json_string_value(json_object_get(table, "TableName"));
    json_t *index;
    char key[600];
    size_t i;

    json_array_foreach(json_object_get(table, kind), i, index)
    {
        const char *of = json_string_value(json_object_get(index, "IndexName"));

        snprintf(key, sizeof key, "%s/%s", name, of);
        json_object_set_new(all, key, items_of(name, of));
    }
}

json_t *engine_everything(void)
{
    json_t *tables = engine_ask(200, "ListTables", "{}"), *all = json_object();
    json_t *name;
    size_t i;

    json_array_foreach(json_object_get(tables, "TableNames"), i, name)
    {
        json_t *answer = engine_ask_tree(200, "DescribeTable",
                                         json_pack("{s:O}", "TableName", name));
        json_t *table = json_object_get(answer, "Table");

        json_object_set_new(all, json_string_value(name),
                            items_of(json_string_value(name), NULL));
        add_indexes(all, table, "LocalSecondaryIndexes");
        add_indexes(all, table, "GlobalSecondaryIndexes");
        json_decref(answer);
    }
    json_decref(tables);
    return all;
}

void engine_keeps_all(const char *action, const char *json)
{
    json_t *before = engine_everything();
    char *text = quote(json);

    for (long n = 0;; n++) {
        ddbi_buf out = {0};
        ddb_err err = {0};
        json_t *after;
        ddb_code code;
        int status;

        oom_begin(n);
        code = ddbi_local_call(engine, action, (ddb_bytes){text, strlen(text)},
                               &status, &out, &err);
        ddbi_buf_free(&out);
        if (!oom_end()) {
            ck_assert_msg(code == DDB_OK && status == 200, "%s: %d %s", json,
                          status, err.message);
            break;
        }
        ck_assert_msg(code == DDB_NOMEM, "%s, allocation %ld: %s", json, n,
                      ddb_code_name(code));
        after = engine_everything();
        ck_assert_msg(json_equal(before, after), "%s, allocation %ld", json, n);
        json_decref(after);
    }
    json_decref(before);
    free(text);
}
