/* SPDX-License-Identifier: MIT */
/*
 * Key pairs from text as in ~/.aws/credentials: sections in brackets, lines
 * "name = value", comments that begin with '#' or ';'.  A section may stand
 * for none or one pair, and the pair of the beginning needs no section.
 * Other settings than the three of a key pair are passed over.
 * https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
 */
#include "server_keys.h"

#include "base/alloc.h"
#include "base/enc.h"
#include "base/err.h"

#include <string.h>

static void wipe_key(server_key *k)
{
    ddbi_free(k->id);
    ddbi_wipe_free(k->secret);
    ddbi_wipe_free(k->token);
    *k = (server_key){0};
}

void server_keys_free(server_keys *k)
{
    for (size_t i = 0; i < k->n; i++)
        wipe_key(&k->p[i]);
    ddbi_free(k->p);
    *k = (server_keys){0};
}

typedef struct {
    server_keys *keys;
    server_key key; /* of the section in hand */
    size_t line;
    size_t section; /* the line that it begins on */
    ddb_err *err;
} reader;

/* The section is over. */
static ddb_code finish_key(reader *r)
{
    server_keys *k = r->keys;
    server_key *more;

    if (r->key.id == NULL && r->key.secret == NULL && r->key.token == NULL)
        return DDB_OK;
    if (r->key.id == NULL || r->key.secret == NULL)
        return ddbi_fail(r->err, DDB_INVALID,
                         "the section of line %zu has no %s", r->section,
                         r->key.id == NULL ? "aws_access_key_id"
                                           : "aws_secret_access_key");
    more = ddbi_realloc_array(k->p, k->n + 1, sizeof *more);
    if (more == NULL)
        return ddbi_nomem(r->err);
    k->p = more;
    k->p[k->n++] = r->key;
    r->key = (server_key){0};
    return DDB_OK;
}

static int is(ddb_bytes name, const char *text)
{
    return ddbi_same_name(name, (ddb_bytes){text, strlen(text)});
}

/* What can be in a header, and in a credential's scope. */
static int is_word(ddb_bytes value)
{
    const char *p = value.p;

    for (size_t i = 0; i < value.n; i++)
        if (p[i] <= ' ' || p[i] > '~')
            return 0;
    return value.n > 0;
}

static ddb_code take_setting(reader *r, ddb_bytes name, ddb_bytes value)
{
    char **to = is(name, "aws_access_key_id")       ? &r->key.id
                : is(name, "aws_secret_access_key") ? &r->key.secret
                : is(name, "aws_session_token")     ? &r->key.token
                                                    : NULL;

    if (to == NULL)
        return DDB_OK;
    if (!is_word(value))
        return ddbi_fail(r->err, DDB_INVALID,
                         "line %zu has no value that a key can have", r->line);
    if (*to != NULL)
        return ddbi_fail(r->err, DDB_INVALID,
                         "line %zu: the section has that already", r->line);
    if ((*to = ddbi_memdup(value.p, value.n)) == NULL)
        return ddbi_nomem(r->err);
    return DDB_OK;
}

static ddb_code take_line(reader *r, ddb_bytes line)
{
    const char *p = line.p;
    const char *equals;
    size_t n;
    ddb_code code;

    if (line.n == 0 || *p == '#' || *p == ';')
        return DDB_OK;
    if (*p == '[') {
        if (p[line.n - 1] != ']')
            return ddbi_fail(r->err, DDB_INVALID,
                             "line %zu begins a section that has no ]",
                             r->line);
        code = finish_key(r);
        r->section = r->line;
        return code;
    }
    if ((equals = memchr(p, '=', line.n)) == NULL)
        return ddbi_fail(r->err, DDB_INVALID,
                         "line %zu is neither name = value nor [section]",
                         r->line);
    n = (size_t)(equals - p);
    return take_setting(r, ddbi_trim(p, n),
                        ddbi_trim(equals + 1, line.n - n - 1));
}

ddb_code server_keys_parse(server_keys *k, const char *p, size_t n,
                           ddb_err *err)
{
    reader r = {.keys = k, .section = 1, .err = err};
    ddb_code code = DDB_OK;

    while (n > 0 && code == DDB_OK) {
        const char *end = memchr(p, '\n', n);
        size_t line_n = end != NULL ? (size_t)(end - p) : n;

        r.line++;
        code = take_line(&r, ddbi_trim(p, line_n));
        line_n += end != NULL;
        p += line_n;
        n -= line_n;
    }
    if (code == DDB_OK)
        code = finish_key(&r);
    wipe_key(&r.key);
    return code;
}
