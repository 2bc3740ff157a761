/* SPDX-License-Identifier: MIT */
/*
 * How the commands of ddb talk: errors as one line with what to do about
 * them, exit codes, the client and the store, input and output.
 *
 * What is written to standard output is checked to the end: a full disk is
 * an error of the command, not a short file.
 */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- Errors ------------------------------------------------------------- */

int cli_status(ddb_code code)
{
    switch (code) {
    case DDB_OK:
        return CLI_DONE;
    case DDB_NOT_FOUND:
    case DDB_CONDITION_FAILED:
        return CLI_ABSENT;
    case DDB_WRONG_KIND:
    case DDB_INVALID:
    case DDB_TOO_LARGE:
    case DDB_UNORDERED:
        return CLI_USAGE;
    case DDB_NO_REGION:
    case DDB_NO_CREDENTIALS:
        return CLI_SETUP;
    case DDB_NOMEM:
    case DDB_FORKED:
    case DDB_SYSTEM:
        return CLI_INTERNAL;
    case DDB_BAD_VALUE:
    case DDB_UNSUPPORTED:
    case DDB_TIMEOUT:
    case DDB_NETWORK:
    case DDB_TLS:
    case DDB_CLOCK:
    case DDB_BAD_ANSWER:
    case DDB_ANSWER_TOO_LARGE:
    case DDB_AMBIGUOUS:
        return CLI_ANSWER;
    default:
        return CLI_REFUSED;
    }
}

/* What to do about it; NULL: the message says all there is to say. */
static const char *advice(ddb_code code)
{
    static const struct {
        ddb_code code;
        const char *text;
    } table[] = {
        {DDB_NO_REGION, "-r REGION gives one"},
        {DDB_NO_CREDENTIALS, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
        {DDB_TIMEOUT, "look at the endpoint and the network"},
        {DDB_NETWORK, "look at the endpoint and the network"},
        {DDB_TLS, "if the server is yours, AWS_CA_BUNDLE names the file of "
                  "its authority"},
        {DDB_CLOCK, "set the clock"},
        {DDB_THROTTLED, "try again later"},
        {DDB_UNAVAILABLE, "try again later"},
        {DDB_PARTIAL, "try again later"},
        {DDB_CONFLICT, "try again"},
        {DDB_CREDENTIALS, "look at the access key, the secret and the token"},
        {DDB_ACCESS_DENIED, "the policy of these credentials must allow it"},
        {DDB_NO_TABLE,
         "-t names another table, \"ddb table create\" or --create makes it"},
        {DDB_AMBIGUOUS, "it may have been done: look before you repeat it"},
        {DDB_BAD_VALUE, "\"ddb call GetItem\" shows the item as it is"},
        {DDB_WRONG_KIND, "\"ddb incr\" begins anew when it is deleted"},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].code == code)
            return table[i].text;
    return NULL;
}

/* One line, whatever a key or a server has put into it. */
static void write_line(const cli *c, char *text)
{
    for (char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    if (c->command != NULL)
        fprintf(stderr, "ddb: %s: %s\n", c->command->name, text);
    else
        fprintf(stderr, "ddb: %s\n", text);
}

int cli_fail(const cli *c, int status, const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    write_line(c, text);
    return status;
}

int cli_fail_err(const cli *c, const char *what, const ddb_err *err)
{
    const char *todo = advice(err->code);

    return cli_fail(c, cli_status(err->code), "%s%s%s%s%s%s%s%s%s%s%s",
                    what != NULL ? what : "", what != NULL ? ": " : "",
                    err->type, err->type[0] != '\0' ? ": " : "",
                    err->message[0] != '\0' ? err->message
                                            : ddb_code_name(err->code),
                    todo != NULL ? "; " : "", todo != NULL ? todo : "",
                    err->maybe_applied && err->code != DDB_AMBIGUOUS
                        ? " (it may have been done all the same)"
                        : "",
                    err->request_id[0] != '\0' ? " (request " : "",
                    err->request_id, err->request_id[0] != '\0' ? ")" : "");
}

/* ---- Client and store --------------------------------------------------- */

int cli_open_client(cli *c)
{
    ddb_options opt = {.region = c->region,
                       .endpoint = c->endpoint,
                       .allow_http = c->allow_http};
    ddb_client *allowed = NULL;
    ddb_err err;

    if (ddb_client_open(&opt, &c->client, &err) == DDB_OK)
        return CLI_DONE;
    /* What this build has no engine for is a wrong endpoint here. */
    if (err.code == DDB_UNSUPPORTED)
        err.code = DDB_INVALID;
    /* Opening makes no call: so it can be tried what would have helped. */
    opt.allow_http = 1;
    if (err.code != DDB_INVALID ||
        ddb_client_open(&opt, &allowed, NULL) != DDB_OK)
        return cli_fail_err(c, NULL, &err);
    ddb_client_close(allowed);
    return cli_fail(c, CLI_USAGE,
                    "%s; --allow-http or DDB_ALLOW_HTTP=1 "
                    "allows it",
                    err.message);
}

int cli_open_kv(cli *c)
{
    ddb_kv_options opt = {.table = c->table,
                          .name_space = c->name_space,
                          .create = c->create,
                          .read_units = c->read_units,
                          .write_units = c->write_units,
                          .no_ttl = c->no_ttl,
                          .shards =
                              c->shards < INT_MAX ? (int)c->shards : INT_MAX,
                          .large = c->large,
                          .compress = c->compress};
    int status = cli_open_client(c);
    ddb_err err;

    if (status != CLI_DONE)
        return status;
    if (ddb_kv_open(c->client, &opt, &c->kv, &err) != DDB_OK)
        return cli_fail_err(c, NULL, &err);
    if (ddb_kv_warning(c->kv) != NULL)
        cli_fail(c, 0, "warning: %s", ddb_kv_warning(c->kv));
    return CLI_DONE;
}

void cli_close(cli *c)
{
    ddb_kv_close(c->kv);
    ddb_client_close(c->client);
}

/* ---- Input and output --------------------------------------------------- */

int cli_read(const cli *c, const char *path, size_t max, char **out, size_t *n)
{
    int is_stdin = strcmp(path, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(path, "rb");
    const char *name = is_stdin ? "standard input" : path;
    int status = CLI_DONE;
    char *p = NULL;
    size_t room = 0;

    *out = NULL;
    *n = 0;
    if (in == NULL)
        return cli_fail(c, CLI_USAGE, "cannot read %s: %s", path,
                        strerror(errno));
    do {
        char *more;

        room = room == 0 ? 65536 : room * 2;
        if (room > max + 1)
            room = max + 1;
        if ((more = realloc(p, room)) == NULL) {
            status = cli_fail(c, CLI_INTERNAL, "out of memory");
            break;
        }
        p = more;
        *n += fread(p + *n, 1, room - *n, in);
        if (ferror(in))
            status = cli_fail(c, CLI_USAGE, "cannot read %s: %s", name,
                              strerror(errno));
        else if (*n > max)
            status = cli_fail(c, CLI_USAGE,
                              "%s has more than %zu bytes, the most there can "
                              "be",
                              name, max);
    } while (status == CLI_DONE && *n == room);
    if (!is_stdin)
        fclose(in);
    if (status == CLI_DONE)
        *out = p, p = NULL;
    free(p);
    return status;
}

int cli_read_line(FILE *in, size_t max, char **line, size_t *room, size_t *n)
{
    int ch;

    *n = 0;
    while ((ch = getc(in)) != EOF && ch != '\n') {
        if (*n == max)
            return -1;
        if (*n == *room) {
            size_t more = *room == 0 ? 4096 : *room * 2;
            char *p = realloc(*line, more);

            if (p == NULL)
                return -3;
            *line = p;
            *room = more;
        }
        (*line)[(*n)++] = (char)ch;
    }
    if (ferror(in))
        return -2;
    return ch == '\n' || *n > 0;
}

void cli_write(cli *c, const void *p, size_t n)
{
    errno = 0;
    if (c->write_error == 0 && fwrite(p, 1, n, stdout) != n)
        c->write_error = errno != 0 ? errno : EIO;
}

void cli_print(cli *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    errno = 0;
    if (c->write_error == 0 && vfprintf(stdout, format, args) < 0)
        c->write_error = errno != 0 ? errno : EIO;
    va_end(args);
}

int cli_is_written(cli *c)
{
    errno = 0;
    if (c->write_error == 0 && fflush(stdout) != 0)
        c->write_error = errno != 0 ? errno : EIO;
    return c->write_error == 0;
}

int cli_flush(cli *c)
{
    if (cli_is_written(c))
        return CLI_DONE;
    return cli_fail(c, CLI_INTERNAL, "cannot write: %s",
                    strerror(c->write_error));
}

int cli_is_text(const void *p, size_t n)
{
    ddb_item *it = ddb_item_new();
    ddb_code code = it != NULL ? ddb_item_set_sn(it, "v", p, n) : DDB_NOMEM;

    ddb_item_free(it);
    return code == DDB_OK ? 1 : code == DDB_NOMEM ? -1 : 0;
}
