/* SPDX-License-Identifier: MIT */
/*
 * ddb export: a namespace as JSON Lines, one entry a line:
 *
 *     {"key":"k","value":"text","ttl":1767323045}
 *     {"key":"k","base64":"AAE="}
 *     {"key":"k","number":"3"}
 *
 * https://jsonlines.org/
 */
#include "ddb_commands.h"

#include "progress.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes in base64, as DynamoDB JSON has them.  NULL: no memory. */
static json_t *base64(ddb_bytes bytes)
{
    ddb_item *it = ddb_item_new();
    char *text = NULL;
    size_t n;
    json_t *item = NULL;
    json_t *out = NULL;

    if (it != NULL && ddb_item_set_b(it, "v", bytes.p, bytes.n) == DDB_OK &&
        ddb_item_format(it, &text, &n, NULL) == DDB_OK)
        item = json_loadb(text, n, 0, NULL);
    if (item != NULL)
        out = json_incref(json_object_get(json_object_get(item, "v"), "B"));
    json_decref(item);
    ddb_free(text);
    ddb_item_free(it);
    return out;
}

/* The value under the name of its kind.  Not 0: no memory. */
static int add_value(json_t *line, const ddb_kv_entry *e)
{
    const char *p = e->value.p;

    switch (e->kind) {
    case DDB_KV_TEXT:
        return json_object_set_new(line, "value", json_stringn(p, e->value.n));
    case DDB_KV_NUMBER:
        return json_object_set_new(line, "number", json_stringn(p, e->value.n));
    default:
        return json_object_set_new(line, "base64", base64(e->value));
    }
}

/* NULL: no memory. */
static char *format_entry(const ddb_kv_entry *e)
{
    json_t *line = json_object();
    json_t *key = json_stringn(e->key.p, e->key.n);
    char *out = NULL;

    if (json_object_set_new(line, "key", key) == 0 && add_value(line, e) == 0 &&
        (e->expires_at == 0 ||
         json_object_set_new(line, "ttl", json_integer(e->expires_at)) == 0))
        out = json_dumps(line, JSON_COMPACT);
    json_decref(line);
    return out;
}

static int write_entry(cli *c, const ddb_kv_entry *e)
{
    char *line = format_entry(e);

    if (line == NULL)
        return cli_fail(c, CLI_INTERNAL, "out of memory");
    cli_write(c, line, strlen(line));
    cli_write(c, "\n", 1);
    free(line);
    return CLI_DONE;
}

/* The next entry that can be read; of the others unread_err is the
 * first one's. */
static ddb_code next_entry(ddb_kv_iter *iter, const ddb_kv_entry **e,
                           int64_t *unread, ddb_err *unread_err, ddb_err *err)
{
    ddb_code code;

    while ((code = ddb_kv_iter_next(iter, e, err)) == DDB_BAD_VALUE ||
           code == DDB_UNSUPPORTED)
        if ((*unread)++ == 0)
            *unread_err = *err;
    return code;
}

/* An export without them is none, but all there is. */
static int tell_unread(const cli *c, int64_t unread, const ddb_err *err)
{
    char what[120];

    snprintf(what, sizeof what,
             "entries that cannot be read and are left out: %" PRId64
             ", the first one",
             unread);
    return cli_fail_err(c, what, err);
}

int ddb_run_export(cli *c)
{
    ddb_kv_iter *iter = NULL;
    const ddb_kv_entry *e;
    int64_t total = 0;
    int is_shown = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
    progress p;
    ddb_err err, unread_err;
    int64_t unread = 0;
    ddb_code code;
    int status = cli_open_kv(c);

    if (status != CLI_DONE)
        return status;
    if (is_shown) /* what fails here will fail below */
        ddb_kv_count(c->kv, NULL, &total, NULL);
    progress_begin(&p, c, is_shown, total);
    code = ddb_kv_iter_open(c->kv, NULL, &iter, &err);
    while (code == DDB_OK && status == CLI_DONE && c->write_error == 0) {
        code = next_entry(iter, &e, &unread, &unread_err, &err);
        if (code != DDB_OK)
            break;
        status = write_entry(c, e);
        progress_add(&p, 1, p.at + 1);
    }
    ddb_kv_iter_close(iter);
    progress_end(&p);
    if (code != DDB_OK && code != DDB_NOT_FOUND)
        status = cli_fail_err(c, NULL, &err);
    else if (status == CLI_DONE && unread != 0)
        status = tell_unread(c, unread, &unread_err);
    return status;
}
