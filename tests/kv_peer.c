/* SPDX-License-Identifier: MIT */
/*
 * A store of another program's schema, for tests/interop_*.py:
 *
 *     kv_peer requests-cache|pynamodb-mate|pynamodb-mate-5 TABLE [NAMESPACE]
 *
 * on DDB_TEST_ENDPOINT, in a table that it makes if there is none.  It reads one JSON object a line,
 *
 *     {"do":"put","key":"k","value":"base64","kind":"text","ttl":10}
 *
 * and writes a line each: {"code":"DDB_OK", ...}.
 */
#include "base/enc.h"

#include <ddb/kv.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ddb_kv *kv;
static ddb_err err;

static void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "kv_peer: %s: %s\n", what, err.message);
        exit(2);
    }
}

/* In the order of ddb_kv_kind. */
static const char *const kinds[] = {"bytes", "text", "number", "document"};

static ddb_bytes key_of(const json_t *request)
{
    const char *key = json_string_value(json_object_get(request, "key"));

    return ddb_str(key != NULL ? key : "");
}

static ddb_kv_put_options options_of(const json_t *request)
{
    const char *kind = json_string_value(json_object_get(request, "kind"));
    ddb_kv_put_options opt = {
        .ttl = json_integer_value(json_object_get(request, "ttl"))};

    while (kind != NULL && strcmp(kinds[opt.kind], kind) != 0)
        must(++opt.kind <= DDB_KV_DOCUMENT, "kind");
    return opt;
}

/* ---- What it does ------------------------------------------------------- */

static ddb_code get(const json_t *request, json_t *answer)
{
    ddb_kv_entry e = {0};
    ddb_code code = ddb_kv_get(kv, key_of(request), &e, &err);
    size_t n = ddbi_base64_size(e.value.n);
    char *text = malloc(n + 1);

    must(text != NULL, "memory");
    if (code != DDB_OK) {
        free(text);
        return code;
    }
    ddbi_base64(text, e.value.p, e.value.n);
    json_object_set_new(answer, "value", json_stringn(text, n));
    json_object_set_new(answer, "kind", json_string(kinds[e.kind]));
    json_object_set_new(answer, "expires_at", json_integer(e.expires_at));
    json_object_set_new(answer, "updated_at", json_integer(e.updated_at));
    free(text);
    ddb_kv_entry_clear(&e);
    return code;
}

static ddb_code write_with(const json_t *request,
                           ddb_code fn(ddb_kv *, ddb_bytes, ddb_bytes,
                                       const ddb_kv_put_options *, ddb_err *))
{
    const ddb_kv_put_options opt = options_of(request);
    const json_t *value = json_object_get(request, "value");
    size_t n = json_string_length(value);
    char *bytes = malloc(n + 1);
    ptrdiff_t size;
    ddb_code code;

    must(bytes != NULL, "memory");
    size = ddbi_base64_decode(bytes, json_string_value(value), n);
    must(value != NULL && size >= 0, "value");
    code =
        fn(kv, key_of(request), (ddb_bytes){bytes, (size_t)size}, &opt, &err);
    free(bytes);
    return code;
}

static ddb_code put(const json_t *request, json_t *answer)
{
    (void)answer;
    return write_with(request, ddb_kv_put);
}

static ddb_code add(const json_t *request, json_t *answer)
{
    (void)answer;
    return write_with(request, ddb_kv_add);
}

/* An entry as it is under another name, to. */
static ddb_code copy(const json_t *request, json_t *answer)
{
    const char *to = json_string_value(json_object_get(request, "to"));
    ddb_kv_put_options opt = {0};
    ddb_kv_entry e = {0};
    ddb_code code = ddb_kv_get(kv, key_of(request), &e, &err);

    (void)answer;
    must(to != NULL, "to");
    if (code != DDB_OK)
        return code;
    opt.kind = e.kind;
    opt.expires_at = e.expires_at;
    code = ddb_kv_put(kv, ddb_str(to), e.value, &opt, &err);
    ddb_kv_entry_clear(&e);
    return code;
}

static ddb_code has(const json_t *request, json_t *answer)
{
    (void)answer;
    return ddb_kv_has(kv, key_of(request), &err);
}

static ddb_code delete (const json_t *request, json_t *answer)
{
    (void)answer;
    return ddb_kv_delete(kv, key_of(request), &err);
}

static ddb_code count(const json_t *request, json_t *answer)
{
    int64_t n;
    ddb_code code = ddb_kv_count(kv, NULL, &n, &err);

    (void)request;
    json_object_set_new(answer, "n", json_integer(n));
    return code;
}

static ddb_code list(const json_t *request, json_t *answer)
{
    const ddb_kv_range range = {.prefix = key_of(request), .keys_only = 1};
    json_t *keys = json_array();
    const ddb_kv_entry *e;
    ddb_kv_iter *iter;
    ddb_code code = ddb_kv_iter_open(kv, &range, &iter, &err);

    json_object_set_new(answer, "keys", keys);
    while (code == DDB_OK &&
           (code = ddb_kv_iter_next(iter, &e, &err)) == DDB_OK)
        json_array_append_new(keys, json_stringn(e->key.p, e->key.n));
    ddb_kv_iter_close(iter);
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

static ddb_code clear(const json_t *request, json_t *answer)
{
    int64_t n;
    ddb_code code = ddb_kv_clear(kv, &n, &err);

    (void)request;
    json_object_set_new(answer, "n", json_integer(n));
    return code;
}

static ddb_code clear_expired(const json_t *request, json_t *answer)
{
    int64_t n;
    ddb_code code = ddb_kv_clear_expired(kv, &n, &err);

    (void)request;
    json_object_set_new(answer, "n", json_integer(n));
    return code;
}

static const struct {
    const char *name;
    ddb_code (*run)(const json_t *request, json_t *answer);
} commands[] = {{"get", get},     {"put", put},
                {"add", add},     {"copy", copy},
                {"has", has},     {"delete", delete},
                {"count", count}, {"list", list},
                {"clear", clear}, {"clear_expired", clear_expired}};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void answer_line(const char *line)
{
    json_t *request = json_loads(line, 0, NULL);
    const char *what = json_string_value(json_object_get(request, "do"));
    json_t *answer = json_object();
    char *text;
    size_t i = 0;
    ddb_code code;

    must(what != NULL, "no JSON object with a do");
    while (i < COMMANDS && strcmp(commands[i].name, what) != 0)
        i++;
    must(i < COMMANDS, what);
    code = commands[i].run(request, answer);
    json_object_set_new(answer, "code", json_string(ddb_code_name(code)));
    if (code != DDB_OK)
        json_object_set_new(answer, "message", json_string(err.message));
    text = json_dumps(answer, JSON_COMPACT);
    must(text != NULL && puts(text) >= 0 && fflush(stdout) == 0, "write");
    free(text);
    json_decref(answer);
    json_decref(request);
}

/* ---- Opening ------------------------------------------------------------ */

/* What pynamodb before its release 6 makes of bytes. */
static ddb_code to_base64(void *arg, ddb_bytes key, ddb_bytes in,
                          ddb_kv_out *out, ddb_err *why)
{
    size_t n = ddbi_base64_size(in.n);
    char *text = malloc(n + 1);
    ddb_code code;

    (void)arg, (void)key, (void)why;
    must(text != NULL, "memory");
    ddbi_base64(text, in.p, in.n);
    code = ddb_kv_out_add(out, text, n);
    free(text);
    return code;
}

static ddb_code from_base64(void *arg, ddb_bytes key, ddb_bytes in,
                            ddb_kv_out *out, ddb_err *why)
{
    char *bytes = malloc(in.n + 1);
    ptrdiff_t n;
    ddb_code code = DDB_BAD_VALUE;

    (void)arg, (void)key, (void)why;
    must(bytes != NULL, "memory");
    if ((n = ddbi_base64_decode(bytes, in.p, in.n)) >= 0)
        code = ddb_kv_out_add(out, bytes, (size_t)n);
    free(bytes);
    return code;
}

static const ddb_kv_coding base64 = {.encode = to_base64,
                                     .decode = from_base64};

/* The table that is there, else a new one. */
static void open_store(ddb_client *c, char **argv)
{
    ddb_kv_options opt = {
        .table = argv[2], .name_space = argv[3], .check = 1, .whole_table = 1};
    ddb_code (*open)(ddb_client *, const ddb_kv_options *, ddb_kv **,
                     ddb_err *) = strcmp(argv[1], "requests-cache") == 0
                                      ? ddb_kv_open_requests_cache
                                      : ddb_kv_open_pynamodb_mate;
    ddb_code code;

    if (strcmp(argv[1], "pynamodb-mate-5") == 0)
        opt.coding = &base64;
    code = open(c, &opt, &kv, &err);
    if (code == DDB_NO_TABLE) {
        opt.create = 1;
        code = open(c, &opt, &kv, &err);
    }
    must(code == DDB_OK, "store");
}

int main(int argc, char **argv)
{
    const ddb_options opt = {.endpoint = getenv("DDB_TEST_ENDPOINT")};
    ddb_client *c;
    char *line = NULL;
    size_t room = 0;

    must(argc == 3 || argc == 4, "usage");
    must(ddb_client_open(&opt, &c, &err) == DDB_OK, "client");
    open_store(c, argv);
    while (getline(&line, &room, stdin) > 0)
        answer_line(line);
    free(line);
    ddb_kv_close(kv);
    ddb_client_close(c);
    return 0;
}
