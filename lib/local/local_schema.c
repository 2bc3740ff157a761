/* SPDX-License-Identifier: MIT */
/*
 * A table's description as the catalogue keeps it: one JSON object, written
 * and read by the same lists of members.  What is zero is left out, so a
 * plain table takes some 150 bytes, and every request compares them with
 * what it has parsed before (local_catalogue.c).
 *
 *     {"name":"t","uuid":"...","created":1700000000000,"self":{"id":16,
 *     "pk":"k","pk_type":"S"},"indexes":[{"id":17,"name":"i",...}],...}
 *
 * The file belongs to its user, who may damage it: what cannot be read is an
 * error, never a table of another shape.
 */
#include "local/local_table.h"

#include "base/err.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

#include <string.h>

typedef enum {
    TEXT,
    UUID, /* char[37] */
    I64,
    U32,
    FLAG,
    TYPE,      /* of a key: S, N, B */
    PROJECTED, /* absent: all */
    INDEX,
    INCLUDED, /* of an index: attributes projected */
    INDEXES,  /* of a table */
    TAGS      /* of a table: [key, value, key, value] */
} kind;

typedef struct {
    const char *name;
    kind kind;
    size_t offset; /* where in its struct; of the last three not used */
} member;

#define IN_INDEX(m) offsetof(ddbi_index, m)
#define IN_TABLE(m) offsetof(ddbi_table, m)

static const member index_members[] = {
    {"id", U32, IN_INDEX(id)},
    {"name", TEXT, IN_INDEX(name)},
    {"pk", TEXT, IN_INDEX(pk.name)},
    {"pk_type", TYPE, IN_INDEX(pk.type)},
    {"sk", TEXT, IN_INDEX(sk.name)},
    {"sk_type", TYPE, IN_INDEX(sk.type)},
    {"local", FLAG, IN_INDEX(local)},
    {"projected", PROJECTED, IN_INDEX(projected)},
    {"included", INCLUDED, 0},
    {"rcu", I64, IN_INDEX(rcu)},
    {"wcu", I64, IN_INDEX(wcu)},
    {"decreases", I64, IN_INDEX(decreases)},
    {"decreased", I64, IN_INDEX(decreased_ms)},
    {"increased", I64, IN_INDEX(increased_ms)},
    {"warm_read", I64, IN_INDEX(warm_read)},
    {"warm_write", I64, IN_INDEX(warm_write)},
    {NULL, TEXT, 0},
};

static const member table_members[] = {
    {"name", TEXT, IN_TABLE(name)},
    {"uuid", UUID, IN_TABLE(uuid)},
    {"created", I64, IN_TABLE(created_ms)},
    {"self", INDEX, IN_TABLE(self)},
    {"indexes", INDEXES, 0},
    {"on_demand", FLAG, IN_TABLE(on_demand)},
    {"on_demand_since", I64, IN_TABLE(on_demand_ms)},
    {"class", TEXT, IN_TABLE(table_class)},
    {"class_changed", I64, IN_TABLE(class_ms)},
    {"protected", FLAG, IN_TABLE(protected)},
    {"ttl", TEXT, IN_TABLE(ttl)},
    {"ttl_id", U32, IN_TABLE(ttl_id)},
    {"tags", TAGS, 0},
    {NULL, TEXT, 0},
};

static const char *const type_names[] = {"", "S", "N", "B"};
static const char *const projected_names[] = {"", "KEYS_ONLY", "INCLUDE"};

/* ---- Writing ------------------------------------------------------------ */

static void write_text(ddbi_buf *b, ddb_bytes text)
{
    ddbi_json_str(b, text.p, text.n);
}

static void write_name(ddbi_buf *b, const char *name)
{
    ddbi_json_str(b, name, strlen(name));
}

static void write_included(ddbi_buf *b, const ddbi_index *x)
{
    ddbi_json_open(b, '[');
    for (uint32_t i = 0; i < x->n_included; i++)
        write_text(b, x->included[i]);
    ddbi_json_close(b, ']');
}

static void write_tags(ddbi_buf *b, const ddbi_table *t)
{
    ddbi_json_open(b, '[');
    for (uint32_t i = 0; i < t->n_tags; i++) {
        write_text(b, t->tags[i].key);
        write_text(b, t->tags[i].value);
    }
    ddbi_json_close(b, ']');
}

/* `at` is the field, `from` the struct that it is in. */
static int is_zero(kind k, const void *at, const void *from)
{
    switch (k) {
    case TEXT:
        return ((const ddb_bytes *)at)->n == 0;
    case I64:
        return *(const int64_t *)at == 0;
    case U32:
        return *(const uint32_t *)at == 0;
    case FLAG:
        return *(const int *)at == 0;
    case TYPE:
        return *(const ddb_type *)at == (ddb_type)0;
    case PROJECTED:
        return *(const ddbi_projected *)at == DDBI_ALL;
    case INCLUDED:
        return ((const ddbi_index *)from)->n_included == 0;
    case INDEXES:
        return ((const ddbi_table *)from)->n_indexes == 0;
    case TAGS:
        return ((const ddbi_table *)from)->n_tags == 0;
    case UUID:
    case INDEX:
        break;
    }
    return 0;
}

/* Of those kinds that are no list or object. */
static void write_value(ddbi_buf *b, kind k, const void *at)
{
    switch (k) {
    case TEXT:
        write_text(b, *(const ddb_bytes *)at);
        break;
    case UUID:
        write_name(b, at);
        break;
    case I64:
        ddbi_json_i64(b, *(const int64_t *)at);
        break;
    case U32:
        ddbi_json_i64(b, *(const uint32_t *)at);
        break;
    case FLAG:
        ddbi_json_bool(b, 1);
        break;
    case TYPE:
        write_name(b, type_names[*(const ddb_type *)at]);
        break;
    default:
        write_name(b, projected_names[*(const ddbi_projected *)at]);
        break;
    }
}

/* The next of the members that are not zero, its name written; NULL: none. */
static const member *write_next(ddbi_buf *b, const member *m, const void *from)
{
    while (m->name && is_zero(m->kind, (const char *)from + m->offset, from))
        m++;
    if (!m->name)
        return NULL;
    ddbi_json_key(b, m->name, strlen(m->name));
    return m;
}

static void write_index(ddbi_buf *b, const ddbi_index *x)
{
    const member *m = index_members;

    ddbi_json_open(b, '{');
    for (; (m = write_next(b, m, x)) != NULL; m++) {
        if (m->kind == INCLUDED)
            write_included(b, x);
        else
            write_value(b, m->kind, (const char *)x + m->offset);
    }
    ddbi_json_close(b, '}');
}

static void write_indexes(ddbi_buf *b, const ddbi_table *t)
{
    ddbi_json_open(b, '[');
    for (uint32_t i = 0; i < t->n_indexes; i++)
        write_index(b, &t->indexes[i]);
    ddbi_json_close(b, ']');
}

void ddbi_table_write(ddbi_buf *b, const ddbi_table *t)
{
    const member *m = table_members;

    ddbi_json_open(b, '{');
    for (; (m = write_next(b, m, t)) != NULL; m++) {
        if (m->kind == INDEX)
            write_index(b, &t->self);
        else if (m->kind == INDEXES)
            write_indexes(b, t);
        else if (m->kind == TAGS)
            write_tags(b, t);
        else
            write_value(b, m->kind, (const char *)t + m->offset);
    }
    ddbi_json_close(b, '}');
}

/* ---- Reading ------------------------------------------------------------ */

/* Functions that read return DDB_OK, DDB_NOMEM, or DDB_INVALID for what is
 * none; the reader stands on the value's first token. */

typedef struct {
    ddbi_json_reader r;
    ddbi_arena *arena;
} input;

static ddb_code read_text(input *in, ddb_bytes *out)
{
    if (in->r.token != DDBI_JSON_STRING)
        return DDB_INVALID;
    *out = ddbi_json_text(&in->r, in->arena);
    return out->p ? DDB_OK : DDB_NOMEM;
}

static ddb_code read_uuid(input *in, char *out)
{
    if (in->r.token != DDBI_JSON_STRING || in->r.text.n != 36)
        return DDB_INVALID;
    ddbi_json_copy(&in->r, out, 37);
    return DDB_OK;
}

static ddb_code read_i64(input *in, int64_t max, int64_t *out)
{
    if (in->r.token != DDBI_JSON_NUMBER || ddbi_json_read_i64(&in->r, out) ||
        *out < 0 || *out > max)
        return DDB_INVALID;
    return DDB_OK;
}

/* Which of some names it is, the first left out. */
static ddb_code read_name(input *in, const char *const *names, size_t n,
                          size_t *out)
{
    if (in->r.token != DDBI_JSON_STRING)
        return DDB_INVALID;
    for (*out = 1; *out < n; ++*out)
        if (ddbi_json_is(&in->r, names[*out]))
            return DDB_OK;
    return DDB_INVALID;
}

/* One element more at the end of an array in the arena; NULL: no memory. */
static void *grow(input *in, void *array, uint32_t n, size_t size)
{
    return ddbi_arena_grow(in->arena, array, n * size, (n + 1) * size);
}

/* Is there one more element?  DDB_NOT_FOUND: the array has ended. */
static ddb_code next_element(input *in)
{
    ddbi_json_token token = ddbi_json_next(&in->r);

    return token == DDBI_JSON_ARRAY_END ? DDB_NOT_FOUND
           : token == DDBI_JSON_ERROR   ? DDB_INVALID
                                        : DDB_OK;
}

static ddb_code read_included(input *in, ddbi_index *x)
{
    ddb_code code;

    if (in->r.token != DDBI_JSON_ARRAY)
        return DDB_INVALID;
    while ((code = next_element(in)) == DDB_OK) {
        ddb_bytes *more = grow(in, x->included, x->n_included, sizeof *more);

        if (!more)
            return DDB_NOMEM;
        x->included = more;
        code = read_text(in, &more[x->n_included++]);
        if (code != DDB_OK)
            return code;
    }
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

static ddb_code read_tags(input *in, ddbi_table *t)
{
    ddb_code code;

    if (in->r.token != DDBI_JSON_ARRAY)
        return DDB_INVALID;
    while ((code = next_element(in)) == DDB_OK) {
        ddbi_tag_in *more = grow(in, t->tags, t->n_tags, sizeof *more);

        if (!more)
            return DDB_NOMEM;
        t->tags = more;
        more += t->n_tags++;
        code = read_text(in, &more->key);
        if (code == DDB_OK)
            code = next_element(in);
        if (code == DDB_OK)
            code = read_text(in, &more->value);
        if (code != DDB_OK)
            return code == DDB_NOT_FOUND ? DDB_INVALID : code;
    }
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

/* Of those kinds that are no list or object. */
static ddb_code read_value(input *in, kind k, void *at)
{
    ddb_code code = DDB_OK;
    int64_t number = 0;
    size_t which = 0;

    switch (k) {
    case TEXT:
        return read_text(in, at);
    case UUID:
        return read_uuid(in, at);
    case I64:
        return read_i64(in, INT64_MAX, at);
    case U32:
        code = read_i64(in, UINT32_MAX, &number);
        *(uint32_t *)at = (uint32_t)number;
        return code;
    case FLAG:
        *(int *)at = in->r.token == DDBI_JSON_TRUE;
        return *(int *)at ? DDB_OK : DDB_INVALID;
    case TYPE:
        code = read_name(in, type_names, 4, &which);
        *(ddb_type *)at = (ddb_type)which;
        return code;
    default:
        code = read_name(in, projected_names, 3, &which);
        *(ddbi_projected *)at = (ddbi_projected)which;
        return code;
    }
}

/* Which member comes next; the reader stands on its value.  DDB_NOT_FOUND:
 * the object has ended. */
static ddb_code next_member(input *in, const member *members,
                            const member **out)
{
    ddbi_json_token token = ddbi_json_next(&in->r);
    const member *m = members;

    if (token == DDBI_JSON_OBJECT_END)
        return DDB_NOT_FOUND;
    if (token != DDBI_JSON_KEY)
        return DDB_INVALID;
    while (m->name && !ddbi_json_is(&in->r, m->name))
        m++;
    ddbi_json_next(&in->r);
    *out = m;
    return m->name ? DDB_OK : DDB_INVALID;
}

static ddb_code read_index(input *in, ddbi_index *x)
{
    const member *m;
    ddb_code code;

    if (in->r.token != DDBI_JSON_OBJECT)
        return DDB_INVALID;
    while ((code = next_member(in, index_members, &m)) == DDB_OK) {
        if (m->kind == INCLUDED)
            code = read_included(in, x);
        else
            code = read_value(in, m->kind, (char *)x + m->offset);
        if (code != DDB_OK)
            return code;
    }
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

static ddb_code read_indexes(input *in, ddbi_table *t)
{
    ddb_code code;

    if (in->r.token != DDBI_JSON_ARRAY)
        return DDB_INVALID;
    while ((code = next_element(in)) == DDB_OK) {
        ddbi_index *more = grow(in, t->indexes, t->n_indexes, sizeof *more);

        if (!more)
            return DDB_NOMEM;
        t->indexes = more;
        more += t->n_indexes++;
        *more = (ddbi_index){0};
        code = read_index(in, more);
        if (code != DDB_OK)
            return code;
    }
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

static ddb_code read_table(input *in, ddbi_table *t)
{
    const member *m;
    ddb_code code;

    if (in->r.token != DDBI_JSON_OBJECT)
        return DDB_INVALID;
    while ((code = next_member(in, table_members, &m)) == DDB_OK) {
        if (m->kind == INDEX)
            code = read_index(in, &t->self);
        else if (m->kind == INDEXES)
            code = read_indexes(in, t);
        else if (m->kind == TAGS)
            code = read_tags(in, t);
        else
            code = read_value(in, m->kind, (char *)t + m->offset);
        if (code != DDB_OK)
            return code;
    }
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

/* What every description has, and every index. */
static int is_index(const ddbi_index *x)
{
    return x->id >= DDBI_ID_FIRST && x->pk.name.n && x->pk.type &&
           !x->sk.name.n == !x->sk.type;
}

static int is_table(const ddbi_table *t)
{
    for (uint32_t i = 0; i < t->n_indexes; i++)
        if (!is_index(&t->indexes[i]) || !t->indexes[i].name.n)
            return 0;
    return is_index(&t->self) && t->name.n && t->uuid[0] &&
           (!t->ttl.n || t->ttl_id >= DDBI_ID_FIRST);
}

ddb_code ddbi_table_read(ddbi_arena *arena, ddb_bytes json, ddbi_table *out,
                         ddb_err *err)
{
    input in = {.arena = arena};
    ddb_code code;

    *out = (ddbi_table){0};
    ddbi_json_start(&in.r, json.p, json.n);
    ddbi_json_next(&in.r);
    code = read_table(&in, out);
    if (code == DDB_NOMEM)
        return ddbi_nomem(err);
    if (code != DDB_OK || ddbi_json_next(&in.r) != DDBI_JSON_END ||
        !is_table(out))
        return ddbi_fail(err, DDB_SYSTEM,
                         "the database is damaged: the description of a table "
                         "cannot be read");
    return DDB_OK;
}
