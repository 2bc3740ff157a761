/* SPDX-License-Identifier: MIT */
/*
 * One item read and written: its row in the table, its copy in each secondary
 * index that it is in, and its row by expiry.  All of them change together,
 * in the request's transaction.
 *
 * A write is made ready first, which tells what it costs and changes nothing,
 * and done afterwards.  What an index costs: one write for an item that it
 * gets, loses or has otherwise, two when the item's place in it changes, none
 * when nothing that it projects has changed.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations
 */
#include "local/local_item.h"

#include "base/enc.h"

/* A row of an index, before and after. */
typedef struct {
    ddb_bytes gone;       /* to be deleted; n 0: nothing */
    ddb_bytes place;      /* to be put; n 0: nothing */
    const ddb_item *item; /* what is put; NULL: an expiry's */
} row_change;

struct ddbi_write {
    ddb_bytes place;
    const ddb_item *item; /* NULL: delete */
    int was;              /* there was an item */
    int64_t size;
    uint32_t n_changes;
    row_change *changes;
};

/* ---- Reading ------------------------------------------------------------ */

static ddb_code load(ddbi_ask *a, const ddbi_row *row, int parse,
                     ddbi_stored *out)
{
    out->body.p = ddbi_arena_dup(a->arena, row->body.p, row->body.n);
    if (!out->body.p)
        return ddbi_ask_nomem(a);
    out->body.n = row->body.n;
    out->size = row->size;
    return parse ? ddbi_load_item(a, out->body, &out->item) : DDB_OK;
}

ddb_code ddbi_read_place(ddbi_ask *a, int parse, ddbi_stored *out)
{
    ddb_code code;
    ddbi_row row;

    code = ddbi_store_get(a->store, out->place, &row, a->err);
    if (code == DDB_NOT_FOUND)
        return DDB_OK;
    return code == DDB_OK ? load(a, &row, parse, out) : code;
}

ddb_code ddbi_read_stored(ddbi_ask *a, const ddbi_table *t, const ddb_item *key,
                          int parse, ddbi_stored *out)
{
    ddb_code code;

    *out = (ddbi_stored){0};
    code = ddbi_item_place(a, t, &t->self, key, &out->place);
    return code == DDB_OK ? ddbi_read_place(a, parse, out) : code;
}

int ddbi_write_parses(const ddbi_table *t)
{
    return t->n_indexes > 0 || t->ttl.n > 0;
}

/* ---- What an index has -------------------------------------------------- */

int ddbi_is_projected(const ddbi_table *t, const ddbi_index *index,
                      ddb_bytes name)
{
    if (index->projected == DDBI_ALL || ddbi_equal(name, t->self.pk.name) ||
        ddbi_equal(name, t->self.sk.name) || ddbi_equal(name, index->pk.name) ||
        ddbi_equal(name, index->sk.name))
        return 1;
    for (uint32_t i = 0; i < index->n_included; i++)
        if (ddbi_equal(name, index->included[i]))
            return 1;
    return 0;
}

const ddb_item *ddbi_projected_item(ddbi_ask *a, const ddbi_table *t,
                                    const ddbi_index *index, const ddb_item *it)
{
    ddb_item *part;

    if (index->projected == DDBI_ALL)
        return it;
    part = ddbi_item_in(a->arena, 0);
    for (uint32_t i = 0; part && i < it->n; i++) {
        const ddbi_attribute *at = &it->attributes[i];
        ddb_value *v;

        if (!ddbi_is_projected(t, index, at->name))
            continue;
        v = ddbi_item_append(part, at->name);
        if (!v)
            return NULL;
        *v = at->value; /* what it has inside is shared */
    }
    return part && ddbi_item_settle(part) == DDB_OK ? part : NULL;
}

/* ---- Expiry ------------------------------------------------------------- */

/* When an item expires, Unix seconds.  0: it does not. */
static int expires_at(const ddbi_table *t, const ddb_item *it, int64_t *out)
{
    const ddb_value *v =
        t->ttl.n ? ddbi_item_find(it, t->ttl.p, t->ttl.n) : NULL;

    return v && ddb_value_i64(v, out) == DDB_OK && *out >= 0;
}

/* The expiry's number, the time, and the item's own place. */
void ddbi_expiry_time(ddbi_buf *b, const ddbi_table *t, int64_t seconds)
{
    ddbi_place_hash(b, t->ttl_id, (uint64_t)seconds >> 32);
    for (int shift = 24; shift >= 0; shift -= 8)
        ddbi_buf_add_c(b, (char)((uint64_t)seconds >> shift));
}

ddb_code ddbi_expiry_place(ddbi_ask *a, const ddbi_table *t, const ddb_item *it,
                           ddb_bytes item_place, ddb_bytes *out)
{
    ddb_code code = DDB_OK;
    ddbi_buf b = {0};
    int64_t at;

    *out = (ddb_bytes){0};
    if (!it || !expires_at(t, it, &at))
        return DDB_OK;
    ddbi_expiry_time(&b, t, at);
    ddbi_buf_add(&b, item_place.p, item_place.n);
    if (b.failed == DDB_OK)
        *out = (ddb_bytes){ddbi_arena_dup(a->arena, b.p, b.n), b.n};
    if (!out->p)
        code = ddbi_ask_nomem(a);
    ddbi_buf_free(&b);
    return code;
}

/* ---- Making ready ------------------------------------------------------- */

static ddb_code ready_index(ddbi_ask *a, const ddbi_table *t,
                            const ddbi_index *index, const ddb_item *old,
                            const ddb_item *new_item, row_change *out,
                            double *units)
{
    const ddb_item *before = NULL;
    double old_units = 0, new_units = 0;
    ddb_code code = DDB_OK;

    *out = (row_change){0};
    if (old)
        code = ddbi_item_place(a, t, index, old, &out->gone);
    if (code == DDB_OK && new_item)
        code = ddbi_item_place(a, t, index, new_item, &out->place);
    if (code != DDB_OK)
        return code;
    if (old && out->gone.n) {
        before = ddbi_projected_item(a, t, index, old);
        if (!before)
            return ddbi_ask_nomem(a);
        old_units = ddbi_write_units((int64_t)ddb_item_size(before));
    }
    if (new_item && out->place.n) {
        out->item = ddbi_projected_item(a, t, index, new_item);
        if (!out->item)
            return ddbi_ask_nomem(a);
        new_units = ddbi_write_units((int64_t)ddb_item_size(out->item));
    }
    if (before && out->item && ddbi_equal(out->gone, out->place)) {
        out->gone = (ddb_bytes){0};
        if (ddb_item_equal(before, out->item)) {
            out->place = (ddb_bytes){0};
            return DDB_OK;
        }
        *units += old_units > new_units ? old_units : new_units;
        return DDB_OK;
    }
    *units += old_units + new_units;
    return DDB_OK;
}

static ddb_code ready_expiry(ddbi_ask *a, const ddbi_table *t,
                             const ddb_item *old, const ddb_item *new_item,
                             ddb_bytes place, row_change *out)
{
    ddb_code code;

    *out = (row_change){0};
    code = ddbi_expiry_place(a, t, old, place, &out->gone);
    if (code == DDB_OK)
        code = ddbi_expiry_place(a, t, new_item, place, &out->place);
    if (code == DDB_OK && ddbi_equal(out->gone, out->place))
        *out = (row_change){0};
    return code;
}

static ddb_code ready_rows(ddbi_ask *a, const ddbi_table *t,
                           const ddb_item *old, const ddb_item *new_item,
                           ddbi_cost *cost, ddbi_write *w)
{
    const ddb_item *either = new_item ? new_item : old;
    ddb_code code = DDB_OK;
    uint32_t i;

    if (!either || !ddbi_write_parses(t))
        return DDB_OK;
    w->changes =
        ddbi_arena_alloc(a->arena, (t->n_indexes + 1) * sizeof *w->changes);
    if (!w->changes)
        return ddbi_ask_nomem(a);
    for (i = 0; i < t->n_indexes && code == DDB_OK; i++) {
        code = ready_index(a, t, &t->indexes[i], old, new_item, &w->changes[i],
                           &cost->index_write[i]);
        if (code == DDB_OK && a->options->admit)
            code = ddbi_item_partition(a, &t->indexes[i], either,
                                       &cost->index_partition[i]);
    }
    if (code == DDB_OK)
        code = ready_expiry(a, t, old, new_item, w->place, &w->changes[i]);
    w->n_changes = i + 1;
    return code;
}

ddb_code ddbi_write_ready(ddbi_ask *a, const ddbi_table *t,
                          const ddbi_stored *old, const ddb_item *new_item,
                          ddbi_cost *cost, ddbi_write **out)
{
    ddbi_write *w = ddbi_arena_alloc(a->arena, sizeof *w);
    int64_t larger;

    if (!w)
        return ddbi_ask_nomem(a);
    *w = (ddbi_write){
        .place = old->place, .item = new_item, .was = old->body.p != NULL};
    if (new_item)
        w->size = (int64_t)ddb_item_size(new_item);
    larger = w->size > old->size ? w->size : old->size;
    cost->write += ddbi_write_units(larger);
    *out = w;
    return ready_rows(a, t, old->item, new_item, cost, w);
}

/* ---- Doing it ----------------------------------------------------------- */

/* Put an item's row; b is for its text and may have that of `written`, which
 * is then not written again. */
static ddb_code put_item(ddbi_ask *a, ddb_bytes place, const ddb_item *it,
                         ddbi_buf *b, const ddb_item **written)
{
    ddbi_row row = {.place = place, .size = (int64_t)ddb_item_size(it)};

    if (*written != it) {
        ddbi_buf_clear(b);
        ddbi_write_item(b, it);
        *written = it;
    }
    if (b->failed != DDB_OK)
        return ddbi_ask_nomem(a);
    row.body = (ddb_bytes){b->p, b->n};
    return ddbi_store_put(a->store, &row, a->err);
}

static ddb_code change_row(ddbi_ask *a, const ddbi_write *w,
                           const row_change *c, ddbi_buf *b,
                           const ddb_item **written)
{
    ddbi_row row = {.place = c->place, .body = w->place};
    ddb_code code = DDB_OK;

    if (c->gone.n)
        code = ddbi_store_delete(a->store, c->gone, a->err);
    if (code != DDB_OK || !c->place.n)
        return code;
    if (c->item)
        return put_item(a, c->place, c->item, b, written);
    return ddbi_store_put(a->store, &row, a->err);
}

ddb_code ddbi_write_do(ddbi_ask *a, const ddbi_write *w)
{
    const ddb_item *written = NULL;
    ddb_code code = DDB_OK;
    ddbi_buf b = {0};

    if (w->item)
        code = put_item(a, w->place, w->item, &b, &written);
    else if (w->was)
        code = ddbi_store_delete(a->store, w->place, a->err);
    for (uint32_t i = 0; i < w->n_changes && code == DDB_OK; i++)
        code = change_row(a, w, &w->changes[i], &b, &written);
    ddbi_buf_free(&b);
    return code;
}
