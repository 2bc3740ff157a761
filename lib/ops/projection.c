/* SPDX-License-Identifier: MIT */
/*
 * The key's attributes in a projection expression.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
 *
 * A projection is a list of paths with commas between them; a path that is a
 * name, or a placeholder that stands for it, is the whole attribute.  More
 * than that need not be understood: a path into a key's attribute (id.x, a
 * key is never a map) is left to the service to refuse.
 */
#include "ops/projection.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

#define BETWEEN " \t\r\n,"

/* What a placeholder stands for; NULL: it is none. */
static const char *meaning(const ddb_name *names, const char *p, size_t n)
{
    for (; names != NULL && names->placeholder != NULL; names++) {
        if (strlen(names->placeholder) == n &&
            memcmp(names->placeholder, p, n) == 0)
            return names->attribute;
    }
    return NULL;
}

/* Is the whole attribute one of the paths? */
static int projects(const ddbi_projection *given, ddb_bytes name)
{
    const char *p = given->text;

    while (*p != 0) {
        size_t n = strcspn(p, BETWEEN);
        const char *what = meaning(given->names, p, n);
        ddb_bytes path = what != NULL ? ddb_str(what) : (ddb_bytes){p, n};

        if (path.n == name.n && memcmp(path.p, name.p, name.n) == 0)
            return 1;
        p += n;
        p += strspn(p, BETWEEN);
    }
    return 0;
}

/* A placeholder that the caller has not taken. */
static void choose(const ddb_name *names, unsigned *number, char own[32])
{
    do
        snprintf(own, 32, "#ddb_key_%u", (*number)++);
    while (meaning(names, own, strlen(own)) != NULL);
}

ddb_code ddbi_project_keys(const ddbi_projection *given, const ddb_bytes *keys,
                           size_t n_keys, ddbi_buf *scratch, ddbi_arena *arena,
                           ddbi_projection *out, ddb_err *err)
{
    unsigned number = 0;
    ddb_name *names;
    size_t n = 0;

    while (given->names != NULL && given->names[n].placeholder != NULL)
        n++;
    names = ddbi_arena_alloc(arena, (n + n_keys + 1) * sizeof *names);
    if (names == NULL)
        return ddbi_nomem(err);
    if (n > 0)
        memcpy(names, given->names, n * sizeof *names);
    ddbi_buf_clear(scratch);
    ddbi_buf_add_str(scratch, given->text);
    for (size_t k = 0; k < n_keys; k++) {
        char own[32];

        if (projects(given, keys[k]))
            continue;
        choose(given->names, &number, own);
        ddbi_buf_add_c(scratch, ',');
        ddbi_buf_add_str(scratch, own);
        names[n].placeholder = ddbi_arena_dup(arena, own, strlen(own));
        names[n++].attribute = ddbi_arena_dup(arena, keys[k].p, keys[k].n);
    }
    names[n] = (ddb_name){0};
    out->names = names;
    out->text = ddbi_arena_dup(arena, scratch->p, scratch->n);
    if (scratch->failed != DDB_OK || arena->failed != DDB_OK)
        return ddbi_nomem(err);
    return DDB_OK;
}
