/* SPDX-License-Identifier: MIT */
/*
 * Tables by name: found in the catalogue for each request, written into it,
 * and taken out with all their rows.  A table is told by its name, or by an
 * ARN whose region and account may be any, as there is one of each here.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
#include "local/local_table.h"

#include "base/enc.h"
#include "base/err.h"
#include "local/local_key.h"
#include "wire/json_write.h"

#include <string.h>

#define NAME_FIELD 5 /* of an ARN's, from 0 */

/* arn:PARTITION:dynamodb:REGION:ACCOUNT:table/NAME[/...] */
ddb_bytes ddbi_table_bare_name(ddb_bytes name)
{
    const char *p = name.p, *end, *slash;

    if (name.n < 4 || memcmp(p, "arn:", 4) != 0)
        return name;
    end = p + name.n;
    for (int field = 0; field < NAME_FIELD; field++) {
        const char *colon = memchr(p, ':', (size_t)(end - p));

        if (!colon ||
            (field == 2 && (colon - p != 8 || memcmp(p, "dynamodb", 8) != 0)))
            return name;
        p = colon + 1;
    }
    if (end - p < 6 || memcmp(p, "table/", 6) != 0)
        return name;
    p += 6;
    slash = memchr(p, '/', (size_t)(end - p));
    return (ddb_bytes){p, (size_t)((slash ? slash : end) - p)};
}

/* Where a table's description is, in the arena. */
static ddb_code place_of(ddbi_ask *a, ddb_bytes name, ddb_bytes *out)
{
    ddbi_buf b = {0};
    ddb_code code = DDB_OK;

    ddbi_place_named(&b, DDBI_ID_CATALOGUE, name);
    *out = (ddb_bytes){ddbi_arena_dup(a->arena, b.p, b.n), b.n};
    if (b.failed || !out->p)
        code = ddbi_ask_nomem(a);
    ddbi_buf_free(&b);
    return code;
}

ddb_code ddbi_table_look(ddbi_ask *a, ddb_bytes name, const ddbi_table **out)
{
    ddb_bytes place;
    ddbi_row row;
    ddb_code code;

    name = ddbi_table_bare_name(name);
    code = place_of(a, name, &place);
    if (code == DDB_OK)
        code = ddbi_store_get(a->store, place, &row, a->err);
    if (code == DDB_OK)
        code = ddbi_catalogue_table(a->catalogue, name, row.body, out, a->err);
    return code;
}

ddb_code ddbi_table_find(ddbi_ask *a, ddb_bytes name, const ddbi_table **out)
{
    ddb_code code = ddbi_table_look(a, name, out);

    if (code == DDB_NOT_FOUND)
        return ddbi_refuse(a, "ResourceNotFoundException",
                           "Requested resource not found");
    return code;
}

ddb_code ddbi_table_named(ddbi_ask *a, ddb_bytes name, const ddbi_table **out)
{
    ddb_code code = ddbi_table_look(a, name, out);

    name = ddbi_table_bare_name(name);
    if (code == DDB_NOT_FOUND)
        return ddbi_refuse(a, "ResourceNotFoundException",
                           "Requested resource not found: Table: %.*s not "
                           "found",
                           (int)name.n, (const char *)name.p);
    return code;
}

/* The name is in the description, whose text is all that a row has. */
static ddb_code parse_row(ddbi_ask *a, const ddbi_row *row,
                          const ddbi_table **out)
{
    ddbi_table *t = ddbi_arena_alloc(a->arena, sizeof *t);

    if (!t)
        return ddbi_ask_nomem(a);
    *out = t;
    return ddbi_table_read(a->arena, row->body, t, a->err);
}

ddb_code ddbi_table_next(ddbi_ask *a, ddb_bytes after, const ddbi_table **out)
{
    ddbi_buf from = {0}, to = {0};
    ddbi_row row;
    ddb_code code;

    if (after.n) {
        ddbi_place_named(&from, DDBI_ID_CATALOGUE, after);
        ddbi_place_next(&from);
    } else {
        ddbi_place_hash(&from, DDBI_ID_CATALOGUE, 0);
    }
    ddbi_place_hash(&to, DDBI_ID_CATALOGUE, (uint64_t)1 << 32);
    if (from.failed || to.failed) {
        code = ddbi_ask_nomem(a);
        goto out;
    }
    code = ddbi_store_seek(a->store, (ddb_bytes){from.p, from.n},
                           (ddb_bytes){to.p, to.n}, 0, a->err);
    if (code == DDB_OK)
        code = ddbi_store_next(a->store, &row, a->err);
    if (code == DDB_OK)
        code = parse_row(a, &row, out);
    ddbi_store_end(a->store);
out:
    ddbi_buf_free(&from);
    ddbi_buf_free(&to);
    return code;
}

ddb_code ddbi_table_save(ddbi_ask *a, const ddbi_table *t)
{
    ddbi_row row = {0};
    ddbi_buf json = {0};
    ddb_code code = place_of(a, t->name, &row.place);

    ddbi_table_write(&json, t);
    row.body = (ddb_bytes){json.p, json.n};
    row.size = (int64_t)json.n;
    if (code == DDB_OK && json.failed)
        code = ddbi_ask_nomem(a);
    if (code == DDB_OK)
        code = ddbi_store_put(a->store, &row, a->err);
    ddbi_buf_free(&json);
    return code;
}

ddb_code ddbi_table_clear(ddbi_ask *a, uint32_t id)
{
    ddbi_buf from = {0}, to = {0};
    ddb_code code;

    ddbi_place_hash(&from, id, 0);
    ddbi_place_hash(&to, id, (uint64_t)1 << 32);
    if (from.failed || to.failed)
        code = ddbi_ask_nomem(a);
    else
        code = ddbi_store_clear(a->store, (ddb_bytes){from.p, from.n},
                                (ddb_bytes){to.p, to.n}, a->err);
    ddbi_buf_free(&from);
    ddbi_buf_free(&to);
    return code;
}

ddb_code ddbi_table_drop(ddbi_ask *a, const ddbi_table *t)
{
    ddb_bytes place;
    ddb_code code = place_of(a, t->name, &place);

    if (code == DDB_OK)
        code = ddbi_store_delete(a->store, place, a->err);
    if (code == DDB_OK)
        code = ddbi_table_clear(a, t->self.id);
    for (uint32_t i = 0; code == DDB_OK && i < t->n_indexes; i++)
        code = ddbi_table_clear(a, t->indexes[i].id);
    if (code == DDB_OK && t->ttl_id)
        code = ddbi_table_clear(a, t->ttl_id);
    return code;
}

/* The counter is the last number that was given, as decimal text. */
ddb_code ddbi_table_number(ddbi_ask *a, uint32_t *out)
{
    ddbi_row row = {0};
    ddbi_buf place = {0}, text = {0};
    uint64_t last = DDBI_ID_FIRST - 1;
    ddb_code code;

    ddbi_place_hash(&place, DDBI_ID_COUNTER, 0);
    if (place.failed) {
        code = ddbi_ask_nomem(a);
        goto out;
    }
    row.place = (ddb_bytes){place.p, place.n};
    code = ddbi_store_get(a->store, row.place, &row, a->err);
    if (code == DDB_OK &&
        (ddbi_parse_u64(row.body.p, row.body.n, UINT32_MAX - 1, &last) ||
         last < DDBI_ID_FIRST))
        code = ddbi_fail(a->err, DDB_SYSTEM,
                         "the database is damaged: the numbers of tables have "
                         "come to an end");
    if (code != DDB_OK && code != DDB_NOT_FOUND)
        goto out;
    ddbi_buf_add_u64(&text, last + 1);
    if (text.failed) {
        code = ddbi_ask_nomem(a);
        goto out;
    }
    row = (ddbi_row){.place = {place.p, place.n}, .body = {text.p, text.n}};
    code = ddbi_store_put(a->store, &row, a->err);
    *out = (uint32_t)(last + 1);
out:
    ddbi_buf_free(&place);
    ddbi_buf_free(&text);
    return code;
}

/* ---- Of one table ------------------------------------------------------- */

ddb_code ddbi_table_index(ddbi_ask *a, const ddbi_table *t, ddb_bytes name,
                          const ddbi_index **out)
{
    for (uint32_t i = 0; i < t->n_indexes; i++) {
        const ddbi_index *x = &t->indexes[i];

        if (ddbi_equal(x->name, name)) {
            *out = x;
            return DDB_OK;
        }
    }
    return ddbi_refuse_invalid(a,
                               "The table does not have the specified "
                               "index: %.*s",
                               (int)name.n, (const char *)name.p);
}

void ddbi_table_arn(ddbi_ask *a, ddbi_buf *b, ddb_bytes table, ddb_bytes index)
{
    const char *region = a->options->region;

    ddbi_buf_add_str(b, "arn:aws:dynamodb:");
    ddbi_buf_add_str(b, region ? region : "local");
    ddbi_buf_add_str(b, ":000000000000:table/");
    ddbi_buf_add(b, table.p, table.n);
    if (!index.n)
        return;
    ddbi_buf_add_str(b, "/index/");
    ddbi_buf_add(b, index.p, index.n);
}

uint32_t ddbi_table_count(const ddbi_table *t, int local)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < t->n_indexes; i++)
        n += t->indexes[i].local == local;
    return n;
}

ddb_type ddbi_table_key_type(const ddbi_table *t, ddb_bytes name)
{
    for (uint32_t i = 0; i <= t->n_indexes; i++) {
        const ddbi_index *x = i ? &t->indexes[i - 1] : &t->self;

        if (ddbi_equal(x->pk.name, name))
            return x->pk.type;
        if (x->sk.name.n && ddbi_equal(x->sk.name, name))
            return x->sk.type;
    }
    return (ddb_type)0;
}

void ddbi_index_decreased(ddbi_index *x, int64_t now_ms)
{
    if (x->decreased_ms / DDBI_DAY_MS != now_ms / DDBI_DAY_MS)
        x->decreases = 0;
    x->decreases++;
    x->decreased_ms = now_ms;
}

/* https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html */
void ddbi_index_warm(ddbi_index *x, int on_demand)
{
    int64_t reads = on_demand ? 12000 : x->rcu;
    int64_t writes = on_demand ? 4000 : x->wcu;

    if (x->warm_read < reads)
        x->warm_read = reads;
    if (x->warm_write < writes)
        x->warm_write = writes;
}
