/* SPDX-License-Identifier: MIT */
/* ddb count, keys, clear: the keys of a namespace. */
#include "ddb_commands.h"

#include <string.h>
#include <unistd.h>

int ddb_run_count(cli *c)
{
    ddb_kv_range range = {.prefix = ddb_str(c->prefix)};
    int64_t count;
    ddb_err err;
    int status = cli_open_kv(c);

    if (status != CLI_DONE)
        return status;
    if (ddb_kv_count(c->kv, &range, &count, &err) != DDB_OK)
        return cli_fail_err(c, NULL, &err);
    cli_print(c, "%lld\n", (long long)count);
    return CLI_DONE;
}

int ddb_run_keys(cli *c)
{
    ddb_kv_range range = {.prefix = ddb_str(c->prefix),
                          .limit = c->limit,
                          .reverse = c->reverse,
                          .keys_only = 1};
    const char *end = c->null ? "" : "\n";
    ddb_kv_iter *iter = NULL;
    const ddb_kv_entry *e;
    ddb_err err;
    ddb_code code;
    int status = cli_open_kv(c);

    if (status != CLI_DONE)
        return status;
    code = ddb_kv_iter_open(c->kv, &range, &iter, &err);
    while (code == DDB_OK && c->write_error == 0) {
        if ((code = ddb_kv_iter_next(iter, &e, &err)) != DDB_OK)
            break;
        cli_write(c, e->key.p, e->key.n);
        cli_write(c, end, 1);
    }
    ddb_kv_iter_close(iter);
    if (code != DDB_OK && code != DDB_NOT_FOUND)
        status = cli_fail_err(c, NULL, &err);
    return status;
}

/* Does whoever sits before the terminal want it? */
static int confirm(const cli *c)
{
    char answer[16] = "";

    if (!isatty(STDIN_FILENO))
        return cli_fail(c, CLI_USAGE,
                        "no terminal to ask on: give --yes to delete all of "
                        "namespace \"%s\" of table \"%s\"",
                        c->name_space, c->table);
    fprintf(stderr, "Delete all of namespace \"%s\" of table \"%s\"? [y/N] ",
            c->name_space, c->table);
    if (fgets(answer, sizeof answer, stdin) != NULL &&
        (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0))
        return CLI_DONE;
    return cli_fail(c, CLI_USAGE, "nothing was deleted");
}

int ddb_run_clear(cli *c)
{
    int64_t removed;
    char done[80];
    ddb_err err;
    int status;

    if (!c->yes && (status = confirm(c)) != CLI_DONE)
        return status;
    if ((status = cli_open_kv(c)) != CLI_DONE)
        return status;
    if (ddb_kv_clear(c->kv, &removed, &err) == DDB_OK)
        return CLI_DONE;
    snprintf(done, sizeof done, "%lld are deleted, run it again for the rest",
             (long long)removed);
    return cli_fail_err(c, removed > 0 ? done : NULL, &err);
}
