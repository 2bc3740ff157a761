/* SPDX-License-Identifier: MIT */
/* ddb get, put, del, has: one key. */
#include "ddb_commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An item has 400 KB, of which the value can have no more than that, unless
 * it is compressed or kept in chunks. */
#define MAX_VALUE (400 * 1024)

static int no_such_key(const cli *c, const char *key)
{
    return cli_fail(c, CLI_ABSENT, "there is no key \"%s\"", key);
}

/* ---- get ---------------------------------------------------------------- */

static int write_file(const cli *c, const char *path, ddb_bytes value)
{
    FILE *out = fopen(path, "wb");
    int failed;

    if (out == NULL)
        return cli_fail(c, CLI_USAGE, "cannot write %s: %s", path,
                        strerror(errno));
    failed = fwrite(value.p, 1, value.n, out) != value.n;
    if (fclose(out) != 0 || failed)
        return cli_fail(c, CLI_INTERNAL, "cannot write %s: %s", path,
                        strerror(errno));
    return CLI_DONE;
}

int ddb_run_get(cli *c)
{
    ddb_kv_entry e = {0};
    ddb_err err;
    int status = cli_open_kv(c);

    if (status != CLI_DONE)
        return status;
    switch (ddb_kv_get(c->kv, ddb_str(c->operands[0]), &e, &err)) {
    case DDB_OK:
        break;
    case DDB_NOT_FOUND:
        return no_such_key(c, c->operands[0]);
    default:
        return cli_fail_err(c, NULL, &err);
    }
    if (c->output != NULL)
        status = write_file(c, c->output, e.value);
    else
        cli_write(c, e.value.p, e.value.n);
    ddb_kv_entry_clear(&e);
    return status;
}

/* ---- put ---------------------------------------------------------------- */

/* Where the value comes from: an operand, or a file whose content is then
 * *content. */
static int find_value(const cli *c, ddb_bytes *value, char **content)
{
    const char *path = c->input;

    if ((c->n_operands == 2) == (path != NULL))
        return cli_fail(c, CLI_USAGE,
                        "give one value: VALUE, -i FILE, or - for standard "
                        "input");
    if (c->n_operands == 2 && strcmp(c->operands[1], "-") == 0)
        path = "-";
    if (path != NULL)
        return cli_read(c, path,
                        c->large || c->compress ? DDB_KV_MAX_LARGE : MAX_VALUE,
                        content, &value->n);
    *value = ddb_str(c->operands[1]);
    return CLI_DONE;
}

static int put(cli *c, ddb_bytes value, int is_argument)
{
    ddb_kv_put_options opt = {.kind = DDB_KV_BYTES, .ttl = c->ttl};
    ddb_bytes key = ddb_str(c->operands[0]);
    ddb_err err;
    ddb_code code;
    int status;

    if (!c->binary) {
        int is_text = cli_is_text(value.p, value.n);

        if (is_text < 0)
            return cli_fail(c, CLI_INTERNAL, "out of memory");
        if (!is_text && is_argument)
            return cli_fail(c, CLI_USAGE,
                            "the value is not UTF-8: give --binary, or it by "
                            "-i FILE or -");
        if (is_text)
            opt.kind = DDB_KV_TEXT;
    }
    if ((status = cli_open_kv(c)) != CLI_DONE)
        return status;
    code = c->if_absent ? ddb_kv_add(c->kv, key, value, &opt, &err)
                        : ddb_kv_put(c->kv, key, value, &opt, &err);
    if (code == DDB_CONDITION_FAILED)
        return cli_fail(c, CLI_ABSENT, "there is a key \"%s\" already",
                        c->operands[0]);
    return code == DDB_OK ? CLI_DONE : cli_fail_err(c, NULL, &err);
}

int ddb_run_put(cli *c)
{
    char *content = NULL;
    ddb_bytes value = {0};
    int status = find_value(c, &value, &content);

    if (status == CLI_DONE && content != NULL)
        value.p = content;
    if (status == CLI_DONE)
        status = put(c, value, content == NULL);
    free(content);
    return status;
}

/* ---- del, has ----------------------------------------------------------- */

int ddb_run_del(cli *c)
{
    const char *missing = NULL;
    int n_missing = 0;
    int status = cli_open_kv(c);
    ddb_err err;

    if (status != CLI_DONE)
        return status;
    for (int i = 0; i < c->n_operands; i++) {
        const char *key = c->operands[i];
        ddb_code code = ddb_kv_delete(c->kv, ddb_str(key), &err);

        if (code == DDB_NOT_FOUND) {
            n_missing++;
            missing = missing != NULL ? missing : key;
        } else if (code != DDB_OK) {
            return cli_fail_err(c, key, &err);
        }
    }
    if (n_missing == 1)
        return no_such_key(c, missing);
    if (n_missing > 1)
        return cli_fail(c, CLI_ABSENT,
                        "%d of the keys are not there, the first is "
                        "\"%s\"; the others are deleted",
                        n_missing, missing);
    return CLI_DONE;
}

int ddb_run_has(cli *c)
{
    int status = cli_open_kv(c);
    ddb_err err;

    if (status != CLI_DONE)
        return status;
    switch (ddb_kv_has(c->kv, ddb_str(c->operands[0]), &err)) {
    case DDB_OK:
        return CLI_DONE;
    case DDB_NOT_FOUND: /* an answer, not an error: nothing is written */
        return CLI_ABSENT;
    default:
        return cli_fail_err(c, NULL, &err);
    }
}
