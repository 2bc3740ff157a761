/* SPDX-License-Identifier: MIT */
/* ddb count, keys, clear: the keys of a namespace; ddb namespaces. */
#include "ddb_commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* ---- keys --------------------------------------------------------------- */

/* Far longer than any that there is: keys have 1 KB. */
#define MAX_CURSOR 16384

/* *cursor stays NULL when there is no such file, or nothing in it.  Owned:
 * free(). */
static int read_cursor(const cli *c, char **cursor)
{
    struct stat info;
    char *text;
    size_t n;
    int status;

    if (stat(c->cursor, &info) != 0) {
        if (errno == ENOENT)
            return CLI_DONE;
    } else if (!S_ISREG(info.st_mode)) { /* /dev/null would be replaced */
        return cli_fail(c, CLI_USAGE, "%s is no file to keep a cursor in",
                        c->cursor);
    }
    if ((status = cli_read(c, c->cursor, MAX_CURSOR, &text, &n)) != CLI_DONE)
        return status;
    while (n > 0 && text[n - 1] == '\n')
        n--;
    if (n > 0)
        *cursor = strndup(text, n);
    free(text);
    return n == 0 || *cursor != NULL
               ? CLI_DONE
               : cli_fail(c, CLI_INTERNAL, "out of memory");
}

/* Into a new file that takes the place of the old one, so that there is one
 * whatever happens; NULL: the listing has reached its end. */
static int write_cursor(const cli *c, const char *cursor)
{
    size_t room = strlen(c->cursor) + sizeof ".new";
    char *path = malloc(room);
    FILE *out;
    int failed;

    if (path == NULL)
        return cli_fail(c, CLI_INTERNAL, "out of memory");
    snprintf(path, room, "%s.new", c->cursor);
    out = fopen(path, "wb");
    failed = out == NULL;
    if (out != NULL) {
        if (cursor != NULL)
            failed = fprintf(out, "%s\n", cursor) < 0;
        failed |= fflush(out) != 0 || fsync(fileno(out)) != 0;
        failed |= fclose(out) != 0;
        failed = failed || rename(path, c->cursor) != 0;
    }
    if (failed) {
        cli_fail(c, CLI_INTERNAL,
                 "cannot write %s: %s; the next run will begin where this one "
                 "did",
                 path, strerror(errno));
        remove(path);
    }
    free(path);
    return failed ? CLI_INTERNAL : CLI_DONE;
}

/* Keep where the listing is, if what it gave has got where it should. */
static int keep_cursor(cli *c, const ddb_kv_iter *iter)
{
    char *cursor = NULL;
    ddb_err err;
    ddb_code code;
    int status;

    if (!cli_is_written(c))
        return CLI_DONE; /* main() will tell */
    code = ddb_kv_iter_cursor(iter, &cursor, &err);
    if (code != DDB_OK && code != DDB_NOT_FOUND)
        return cli_fail_err(c, NULL, &err);
    status = write_cursor(c, cursor);
    ddb_free(cursor);
    return status;
}

static int list_keys(cli *c, const char *cursor)
{
    ddb_kv_range range = {.prefix = ddb_str(c->prefix),
                          .limit = c->limit,
                          .reverse = c->reverse,
                          .keys_only = 1,
                          .cursor = cursor};
    const char *end = c->null ? "" : "\n";
    ddb_kv_iter *iter = NULL;
    const ddb_kv_entry *e;
    int64_t given = 0;
    int status = CLI_DONE;
    ddb_err err;
    ddb_code code = ddb_kv_iter_open(c->kv, &range, &iter, &err);

    if (code == DDB_INVALID && cursor != NULL)
        return cli_fail(c, CLI_USAGE,
                        "%s: %s; what is listed must be the same each time, "
                        "and without the file it begins anew",
                        c->cursor, err.message);
    while (code == DDB_OK && c->write_error == 0) {
        if ((code = ddb_kv_iter_next(iter, &e, &err)) != DDB_OK)
            break;
        cli_write(c, e->key.p, e->key.n);
        cli_write(c, end, 1);
        given++;
    }
    if (code != DDB_OK && code != DDB_NOT_FOUND)
        status = cli_fail_err(c, NULL, &err);
    if (c->cursor != NULL && (status == CLI_DONE || given > 0)) {
        int kept = keep_cursor(c, iter);

        status = status == CLI_DONE ? kept : status;
    }
    ddb_kv_iter_close(iter);
    return status;
}

int ddb_run_keys(cli *c)
{
    char *cursor = NULL;
    int status = CLI_DONE;

    if (c->cursor != NULL)
        status = read_cursor(c, &cursor);
    if (status == CLI_DONE)
        status = cli_open_kv(c);
    if (status == CLI_DONE)
        status = list_keys(c, cursor);
    free(cursor);
    return status;
}

/* ---- clear -------------------------------------------------------------- */

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
    ddb_code code;
    int status;

    /* Nobody misses what is hidden already. */
    if (!c->yes && !c->expired && (status = confirm(c)) != CLI_DONE)
        return status;
    if ((status = cli_open_kv(c)) != CLI_DONE)
        return status;
    code = c->expired ? ddb_kv_clear_expired(c->kv, &removed, &err)
                      : ddb_kv_clear(c->kv, &removed, &err);
    if (code == DDB_OK)
        return CLI_DONE;
    snprintf(done, sizeof done, "%lld are deleted, run it again for the rest",
             (long long)removed);
    return cli_fail_err(c, removed > 0 ? done : NULL, &err);
}

/* ---- namespaces --------------------------------------------------------- */

int ddb_run_namespaces(cli *c)
{
    ddb_kv_names *names = NULL;
    ddb_bytes name;
    ddb_err err;
    ddb_code code;
    int status = cli_open_client(c);

    if (status != CLI_DONE)
        return status;
    code = ddb_kv_names_open(c->client, c->table, &names, &err);
    while (code == DDB_OK && c->write_error == 0) {
        if ((code = ddb_kv_names_next(names, &name, &err)) != DDB_OK)
            break;
        cli_write(c, name.p, name.n);
        cli_write(c, c->null ? "" : "\n", 1);
    }
    ddb_kv_names_close(names);
    if (code != DDB_OK && code != DDB_NOT_FOUND)
        status = cli_fail_err(c, NULL, &err);
    return status;
}
