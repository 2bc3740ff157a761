/* SPDX-License-Identifier: MIT */
/*
 * ddb import: JSON Lines, as export writes them, into a namespace.
 *
 * Lines are read, checked and stored in batches, so that memory does not grow
 * with the file.  A wrong line ends the import: what stands before it is
 * stored, and the error says its number.  An import that was cut off can be
 * run again, since it only puts what the file says.
 *
 * Lines that have expired by now are passed over, and told at the end.
 */
#include "ddb_commands.h"

#include "progress.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A key and a value, each byte six characters at worst. */
#define MAX_LINE ((size_t)3 << 20)
#define MAX_LARGE_LINE ((size_t)97 << 20)
#define BATCH 100
#define BATCH_BYTES ((size_t)4 << 20)

typedef struct {
    cli *c;
    long long line;    /* number of the last one read */
    long long expired; /* lines passed over */
    int64_t at;        /* byte behind it */
    progress shown;

    /* What is read and not stored yet. */
    ddb_kv_pair pairs[BATCH];
    long long lines[BATCH]; /* where they stand */
    json_t *texts[BATCH];   /* what pairs lend from */
    ddb_item *bytes[BATCH];
    size_t n;
    size_t size; /* bytes of these lines */
} import;

static void forget_batch(import *m)
{
    for (size_t i = 0; i < m->n; i++) {
        json_decref(m->texts[i]);
        ddb_item_free(m->bytes[i]);
    }
    m->n = 0;
    m->size = 0;
}

/* ---- One line ----------------------------------------------------------- */

/* Base64 into an item, from which *out is lent.  CLI_USAGE: it is none. */
static int decode_base64(const json_t *text, ddb_item **it, ddb_bytes *out)
{
    json_t *item = json_pack("{s:{s:O}}", "v", "B", text);
    char *json = json_dumps(item, JSON_COMPACT);
    ddb_code code = DDB_NOMEM;

    if (json != NULL)
        code = ddb_item_parse(json, strlen(json), it, NULL);
    if (code == DDB_OK)
        *out = ddb_value_bytes(ddb_item_get(*it, "v"));
    free(json);
    json_decref(item);
    return code == DDB_OK      ? CLI_DONE
           : code == DDB_NOMEM ? CLI_INTERNAL
                               : CLI_USAGE;
}

static ddb_bytes text_of(const json_t *text)
{
    return (ddb_bytes){json_string_value(text), json_string_length(text)};
}

/* The members of a line.  NULL: it is as it should be; else what is wrong. */
static const char *check_members(json_t *line, const json_t **key,
                                 const json_t **value, const char **kind,
                                 json_int_t *ttl)
{
    const char *name;
    json_t *member;

    *key = *value = NULL;
    *ttl = 0;
    if (!json_is_object(line))
        return "it is no object";
    json_object_foreach(line, name, member)
    {
        if (strcmp(name, "ttl") == 0) {
            *ttl = json_integer_value(member);
            if (*ttl <= 0)
                return "\"ttl\" is no time in Unix seconds";
            continue;
        }
        if (!json_is_string(member))
            return "a member that is no string";
        if (strcmp(name, "key") == 0) {
            *key = member;
        } else if (strcmp(name, "value") == 0 || strcmp(name, "base64") == 0 ||
                   strcmp(name, "number") == 0) {
            if (*value != NULL)
                return "it has more than one value";
            *value = member;
            *kind = name;
        } else {
            return "there is a member of another name than \"key\", "
                   "\"value\", \"base64\", \"number\" and \"ttl\"";
        }
    }
    if (*key == NULL)
        return "it has no \"key\"";
    return *value != NULL ? NULL
                          : "it has no \"value\", \"base64\" or \"number\"";
}

/* Read a line's object as a pair, which lends from it and from *bytes.
 * CLI_USAGE: *why tells what is wrong with it. */
static int read_pair(json_t *line, ddb_kv_pair *pair, ddb_item **bytes,
                     const char **why)
{
    const json_t *key;
    const json_t *value;
    const char *kind;
    json_int_t ttl;
    int status = CLI_DONE;

    memset(pair, 0, sizeof *pair);
    if ((*why = check_members(line, &key, &value, &kind, &ttl)) != NULL)
        return CLI_USAGE;
    pair->key = text_of(key);
    pair->value = text_of(value);
    pair->opt.expires_at = ttl;
    if (strcmp(kind, "value") == 0) {
        pair->opt.kind = DDB_KV_TEXT;
    } else if (strcmp(kind, "number") == 0) {
        pair->opt.kind = DDB_KV_NUMBER;
    } else {
        pair->opt.kind = DDB_KV_BYTES;
        status = decode_base64(value, bytes, &pair->value);
        *why = "\"base64\" is no base64";
    }
    return status;
}

/* ---- The batch ---------------------------------------------------------- */

static int wrong_line(const import *m, long long line, const char *why)
{
    return cli_fail(m->c, CLI_USAGE,
                    "line %lld: %s: the lines before it are stored; mend it "
                    "and run the import again",
                    line, why);
}

static int has_expired(const import *m, const ddb_kv_pair *pair)
{
    return pair->opt.expires_at != 0 &&
           pair->opt.expires_at <= ddb_client_now(m->c->client);
}

/* A batch is refused as a whole: find the line that is to blame. */
static int store_one_by_one(import *m)
{
    for (size_t i = 0; i < m->n; i++) {
        char what[64];
        ddb_err err;
        ddb_code code;

        if (has_expired(m, &m->pairs[i])) {
            m->expired++;
            continue;
        }
        code = ddb_kv_put_many(m->c->kv, &m->pairs[i], 1, &err);
        if (code == DDB_INVALID || code == DDB_TOO_LARGE)
            return wrong_line(m, m->lines[i], err.message);
        snprintf(what, sizeof what, "line %lld", m->lines[i]);
        if (code != DDB_OK)
            return cli_fail_err(m->c, what, &err);
    }
    return CLI_DONE;
}

static int store_batch(import *m)
{
    int status = CLI_DONE;
    char what[128];
    ddb_err err;

    switch (ddb_kv_put_many(m->c->kv, m->pairs, m->n, &err)) {
    case DDB_OK:
        break;
    case DDB_INVALID:
    case DDB_TOO_LARGE:
    case DDB_VALIDATION:
        status = store_one_by_one(m);
        break;
    default:
        snprintf(what, sizeof what,
                 "lines %lld to %lld are not all stored (run the import "
                 "again)",
                 m->lines[0], m->lines[m->n - 1]);
        status = cli_fail_err(m->c, what, &err);
    }
    progress_add(&m->shown, (int64_t)m->n, m->at);
    forget_batch(m);
    return status;
}

/* ---- The file ----------------------------------------------------------- */

static int is_blank(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && (p[i] == ' ' || p[i] == '\t' || p[i] == '\r'))
        i++;
    return i == n;
}

/* The line in hand is wrong: what stands before it first, as the error will
 * say. */
static int end_here(import *m, const char *why)
{
    int status = m->n > 0 ? store_batch(m) : CLI_DONE;

    return status == CLI_DONE ? wrong_line(m, m->line, why) : status;
}

/* One line of the file, n bytes. */
static int take_line(import *m, const char *text, size_t n)
{
    ddb_kv_pair *pair = &m->pairs[m->n];
    ddb_item *bytes = NULL;
    json_error_t wrong = {0};
    const char *why = wrong.text;
    json_t *json =
        json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &wrong);
    int status = CLI_USAGE;

    if (json != NULL)
        status = read_pair(json, pair, &bytes, &why);
    if (status == CLI_DONE && has_expired(m, pair)) {
        m->expired++;
    } else if (status == CLI_DONE) {
        m->size += n;
        m->lines[m->n] = m->line;
        m->texts[m->n] = json;
        m->bytes[m->n++] = bytes;
        return CLI_DONE;
    }
    if (status == CLI_INTERNAL)
        cli_fail(m->c, status, "out of memory");
    else if (status == CLI_USAGE)
        status = end_here(m, why);
    json_decref(json);
    ddb_item_free(bytes);
    return status;
}

static int take_file(import *m)
{
    int takes_large = m->c->large || m->c->compress;
    size_t max = takes_large ? MAX_LARGE_LINE : MAX_LINE;
    char *text = NULL;
    size_t room = 0;
    size_t n;
    int status = CLI_DONE;
    int got;

    while (status == CLI_DONE &&
           (got = cli_read_line(stdin, max, &text, &room, &n)) != 0) {
        m->line++;
        m->at += (int64_t)n + 1;
        if (got == -1)
            status =
                end_here(m, takes_large ? "it has more than 97 MB"
                                        : "it has more than 3 MB, which needs "
                                          "--large");
        else if (got == -2)
            status =
                cli_fail(m->c, CLI_USAGE, "cannot read: %s", strerror(errno));
        else if (got == -3)
            status = cli_fail(m->c, CLI_INTERNAL, "out of memory");
        else if (!is_blank(text, n))
            status = take_line(m, text, n);
        if (status == CLI_DONE && (m->n == BATCH || m->size >= BATCH_BYTES))
            status = store_batch(m);
    }
    free(text);
    if (status == CLI_DONE && m->n > 0)
        status = store_batch(m);
    return status;
}

/* 0: not known. */
static int64_t bytes_to_come(void)
{
    struct stat info;
    off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);

    if (at < 0 || fstat(STDIN_FILENO, &info) != 0 || !S_ISREG(info.st_mode))
        return 0;
    return info.st_size - at;
}

int ddb_run_import(cli *c)
{
    import *m;
    int status = cli_open_kv(c);

    if (status != CLI_DONE)
        return status;
    if ((m = calloc(1, sizeof *m)) == NULL)
        return cli_fail(c, CLI_INTERNAL, "out of memory");
    m->c = c;
    progress_begin(&m->shown, c, isatty(STDERR_FILENO), bytes_to_come());
    status = take_file(m);
    progress_end(&m->shown);
    if (status == CLI_DONE && m->expired > 0)
        cli_fail(c, 0, "warning: %lld lines have expired and are not stored",
                 m->expired);
    forget_batch(m);
    free(m);
    return status;
}
