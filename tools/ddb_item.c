/* SPDX-License-Identifier: MIT */
/* ddb get, put, del, has, pop, incr, touch, ttl: one key. */
#include "ddb_commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int no_such_key(const cli *c, const char *key)
{
    return cli_fail(c, CLI_ABSENT, "there is no key \"%s\"", key);
}

/* What came of a call on the first operand. */
static int finish(const cli *c, ddb_code code, const ddb_err *err)
{
    switch (code) {
    case DDB_OK:
        return CLI_DONE;
    case DDB_NOT_FOUND:
        return no_such_key(c, c->operands[0]);
    default:
        return cli_fail_err(c, NULL, err);
    }
}

/* ---- get, pop ----------------------------------------------------------- */

/* Is what fd was given where no power failure takes it away?  A pipe, for
 * example, has no such place and has done all it can. */
static int is_settled(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP ||
           errno == EROFS;
}

static int write_file(const cli *c, const char *path, ddb_bytes value,
                      int settle)
{
    FILE *out = fopen(path, "wb");
    int failed;

    if (out == NULL)
        return cli_fail(c, CLI_USAGE, "cannot write %s: %s", path,
                        strerror(errno));
    failed = fwrite(value.p, 1, value.n, out) != value.n ||
             (settle && (fflush(out) != 0 || !is_settled(fileno(out))));
    if (fclose(out) != 0 || failed)
        return cli_fail(c, CLI_INTERNAL, "cannot write %s: %s", path,
                        strerror(errno));
    return CLI_DONE;
}

/* settle: it has to be there now, not at the end. */
static int write_value(cli *c, ddb_bytes value, int settle)
{
    if (c->output != NULL)
        return write_file(c, c->output, value, settle);
    cli_write(c, value.p, value.n);
    if (!settle)
        return CLI_DONE;
    if (cli_is_written(c) && !is_settled(STDOUT_FILENO))
        c->write_error = errno;
    return cli_flush(c);
}

/* Open the store and read the entry of the first operand. */
static int read_entry(cli *c, ddb_kv_entry *e)
{
    ddb_err err;
    int status = cli_open_kv(c);

    if (status != CLI_DONE)
        return status;
    return finish(c, ddb_kv_get(c->kv, ddb_str(c->operands[0]), e, &err), &err);
}

int ddb_run_get(cli *c)
{
    ddb_kv_entry e = {0};
    int status = read_entry(c, &e);

    if (status == CLI_DONE)
        status = write_value(c, e.value, 0);
    ddb_kv_entry_clear(&e);
    return status;
}

/* What was written is to be deleted, if it is still that. */
static int take_away(const cli *c, const ddb_kv_entry *e)
{
    ddb_err err;

    switch (ddb_kv_delete_if(c->kv, e, &err)) {
    case DDB_OK:
        if (err.maybe_applied)
            cli_fail(c, 0,
                     "warning: an answer was lost, another may have popped "
                     "it too");
        return CLI_DONE;
    case DDB_CONDITION_FAILED:
        return cli_fail(c, CLI_ABSENT,
                        "another has changed or taken key \"%s\" meanwhile: "
                        "what was written does not count",
                        c->operands[0]);
    default:
        return cli_fail_err(c, "the value is written, the key not deleted",
                            &err);
    }
}

/* Not ddb_kv_pop(): a value that is taken away before it has got anywhere is
 * lost with a full disk, a broken pipe, or the process. */
int ddb_run_pop(cli *c)
{
    ddb_kv_entry e = {0};
    int status = read_entry(c, &e);

    if (status == CLI_DONE)
        status = write_value(c, e.value, 1);
    if (status == CLI_DONE)
        status = take_away(c, &e);
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
        return cli_read(c, path, DDB_KV_MAX_LARGE, content, &value->n);
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

/* ---- incr, touch, ttl --------------------------------------------------- */

static int read_signed(const char *text, int64_t *out)
{
    const char *digits = *text == '-' ? text + 1 : text;
    char *end;

    if (*digits < '0' || *digits > '9')
        return -1;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' ? 0 : -1;
}

int ddb_run_incr(cli *c)
{
    ddb_kv_put_options opt = {.kind = DDB_KV_NUMBER, .ttl = c->ttl};
    int64_t by = 1;
    int64_t sum;
    ddb_err err;
    int status;

    if (c->n_operands == 2 && read_signed(c->operands[1], &by) != 0)
        return cli_fail(c, CLI_USAGE,
                        "BY is a whole number of 64 bits, not \"%s\"",
                        c->operands[1]);
    if ((status = cli_open_kv(c)) != CLI_DONE)
        return status;
    if (ddb_kv_increment(c->kv, ddb_str(c->operands[0]), by, &opt, &sum,
                         &err) != DDB_OK)
        return cli_fail_err(c, NULL, &err);
    cli_print(c, "%lld\n", (long long)sum);
    return CLI_DONE;
}

int ddb_run_touch(cli *c)
{
    ddb_kv_put_options opt = {.ttl = c->ttl};
    ddb_err err;
    int status = cli_open_kv(c);

    if (status != CLI_DONE)
        return status;
    return finish(c, ddb_kv_touch(c->kv, ddb_str(c->operands[0]), &opt, &err),
                  &err);
}

int ddb_run_ttl(cli *c)
{
    int64_t left;
    ddb_err err;
    int status = cli_open_kv(c);

    if (status != CLI_DONE)
        return status;
    status = finish(c, ddb_kv_ttl(c->kv, ddb_str(c->operands[0]), &left, &err),
                    &err);
    if (status != CLI_DONE)
        return status;
    if (left < 0)
        cli_print(c, "never\n");
    else
        cli_print(c, "%lld\n", (long long)left);
    return CLI_DONE;
}
