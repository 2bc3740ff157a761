/* SPDX-License-Identifier: MIT */
/*
 * Rows of an index or an expiry made from the items that a table has, and the
 * items whose time is over removed.
 *
 * An item expires when its attribute of the table's choice is a whole number
 * of Unix seconds that is not in the future and not more than five years
 * past, by which the service tells a time in the wrong unit.  What expires is
 * deleted as any item is, with all its rows, and costs nothing.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
 */
#include "local/local_item.h"

#define FIVE_YEARS ((int64_t)5 * 365 * 24 * 60 * 60)

/* ---- Filling ------------------------------------------------------------ */

/* What becomes of each item; arena and what is in it are the step's own. */
typedef ddb_code step_fn(ddbi_ask *a, const ddbi_table *t,
                         const ddbi_index *index, ddb_bytes place,
                         const ddb_item *it);

static ddb_code fill_index_row(ddbi_ask *a, const ddbi_table *t,
                               const ddbi_index *index, ddb_bytes place,
                               const ddb_item *it)
{
    ddbi_row row = {0};
    ddbi_buf b = {0};
    ddb_code code;

    (void)place;
    code = ddbi_item_place(a, t, index, it, &row.place);
    if (code != DDB_OK || !row.place.n)
        return code;
    it = ddbi_projected_item(a, t, index, it);
    if (it)
        ddbi_write_item(&b, it);
    if (!it || b.failed != DDB_OK) {
        code = ddbi_ask_nomem(a);
    } else {
        row.size = (int64_t)ddb_item_size(it);
        row.body = (ddb_bytes){b.p, b.n};
        code = ddbi_store_put(a->store, &row, a->err);
    }
    ddbi_buf_free(&b);
    return code;
}

static ddb_code fill_expiry_row(ddbi_ask *a, const ddbi_table *t,
                                const ddbi_index *index, ddb_bytes place,
                                const ddb_item *it)
{
    ddbi_row row = {.body = place};
    ddb_code code;

    (void)index;
    code = ddbi_expiry_place(a, t, it, place, &row.place);
    if (code != DDB_OK || !row.place.n)
        return code;
    return ddbi_store_put(a->store, &row, a->err);
}

/* One row of the table's: memory is needed for one at a time. */
static ddb_code one_step(ddbi_ask *a, const ddbi_table *t,
                         const ddbi_index *index, step_fn *step,
                         const ddbi_row *row)
{
    ddb_bytes place = {ddbi_arena_dup(a->arena, row->place.p, row->place.n),
                       row->place.n};
    ddb_code code;
    ddb_item *it;

    if (!place.p)
        return ddbi_ask_nomem(a);
    code = ddbi_load_item(a, row->body, &it);
    return code == DDB_OK ? step(a, t, index, place, it) : code;
}

static ddb_code each_item(ddbi_ask *a, const ddbi_table *t,
                          const ddbi_index *index, step_fn *step)
{
    ddbi_buf from = {0}, to = {0};
    ddbi_arena arena = {0};
    ddbi_ask own = *a;
    ddbi_row row;
    ddb_code code;

    own.arena = &arena;
    ddbi_place_hash(&from, t->self.id, 0);
    ddbi_place_hash(&to, t->self.id, (uint64_t)1 << 32);
    if (from.failed || to.failed) {
        code = ddbi_ask_nomem(a);
        goto out;
    }
    code = ddbi_store_seek(a->store, (ddb_bytes){from.p, from.n},
                           (ddb_bytes){to.p, to.n}, 0, a->err);
    while (code == DDB_OK) {
        code = ddbi_store_next(a->store, &row, a->err);
        if (code == DDB_OK)
            code = one_step(&own, t, index, step, &row);
        ddbi_arena_reset(&arena);
    }
    ddbi_store_end(a->store);
    if (code == DDB_NOT_FOUND)
        code = DDB_OK;
out:
    ddbi_arena_free(&arena);
    ddbi_buf_free(&from);
    ddbi_buf_free(&to);
    return code;
}

ddb_code ddbi_fill_index(ddbi_ask *a, const ddbi_table *t,
                         const ddbi_index *index)
{
    return each_item(a, t, index, fill_index_row);
}

ddb_code ddbi_fill_expiry(ddbi_ask *a, const ddbi_table *t)
{
    return each_item(a, t, NULL, fill_expiry_row);
}

/* ---- Expiring ----------------------------------------------------------- */

/* Rows of a table's expiry whose time has come, some of them: their places,
 * and those of the items. */
typedef struct {
    int n;
    ddb_bytes *rows;
    ddb_bytes *items;
} due;

static ddb_code add_due(ddbi_ask *a, const ddbi_row *row, due *d)
{
    ddb_bytes *at = &d->rows[d->n], *item = &d->items[d->n];

    *at = (ddb_bytes){ddbi_arena_dup(a->arena, row->place.p, row->place.n),
                      row->place.n};
    *item = (ddb_bytes){ddbi_arena_dup(a->arena, row->body.p, row->body.n),
                        row->body.n};
    d->n++;
    return at->p && item->p ? DDB_OK : ddbi_ask_nomem(a);
}

static ddb_code find_due(ddbi_ask *a, const ddbi_table *t, int max, due *d)
{
    int64_t now = a->now / 1000;
    int64_t oldest = now > FIVE_YEARS ? now - FIVE_YEARS : 0;
    ddbi_buf from = {0}, to = {0};
    ddb_code code;
    ddbi_row row;

    d->n = 0;
    ddbi_expiry_time(&from, t, oldest);
    ddbi_expiry_time(&to, t, now + 1);
    code = from.failed || to.failed
               ? ddbi_ask_nomem(a)
               : ddbi_store_seek(a->store, (ddb_bytes){from.p, from.n},
                                 (ddb_bytes){to.p, to.n}, 0, a->err);
    while (code == DDB_OK && d->n < max) {
        code = ddbi_store_next(a->store, &row, a->err);
        if (code == DDB_OK)
            code = add_due(a, &row, d);
    }
    ddbi_store_end(a->store);
    ddbi_buf_free(&from);
    ddbi_buf_free(&to);
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

static ddb_code remove_item(ddbi_ask *a, const ddbi_table *t, ddb_bytes place)
{
    ddbi_stored old = {.place = place};
    ddbi_write *w;
    ddbi_cost cost;
    ddb_code code;

    code = ddbi_read_place(a, 1, &old);
    if (code != DDB_OK || !old.item)
        return code;
    code = ddbi_cost_begin(a, t, t->name, &cost);
    if (code == DDB_OK)
        code = ddbi_write_ready(a, t, &old, NULL, &cost, &w);
    return code == DDB_OK ? ddbi_write_do(a, w) : code;
}

static ddb_code expire_table(ddbi_ask *a, const ddbi_table *t, int max,
                             int *removed)
{
    due d = {0};
    ddb_code code;

    *removed = 0;
    d.rows = ddbi_arena_alloc(a->arena, (size_t)max * sizeof *d.rows);
    d.items = ddbi_arena_alloc(a->arena, (size_t)max * sizeof *d.items);
    if (!d.rows || !d.items)
        return ddbi_ask_nomem(a);
    code = find_due(a, t, max, &d);
    for (int i = 0; i < d.n && code == DDB_OK; i++) {
        code = remove_item(a, t, d.items[i]);
        /* The item's own row by expiry went with it. */
        if (code == DDB_OK)
            code = ddbi_store_delete(a->store, d.rows[i], a->err);
    }
    *removed = d.n;
    return code;
}

ddb_code ddbi_expire(ddbi_ask *a, int max, int *more)
{
    const ddbi_table *t;
    ddb_bytes after = {0};
    ddb_code code;
    int removed;

    *more = 0;
    while ((code = ddbi_table_next(a, after, &t)) == DDB_OK) {
        after = t->name;
        if (!t->ttl.n || !t->ttl_id)
            continue;
        code = expire_table(a, t, max, &removed);
        if (code != DDB_OK)
            return code;
        max -= removed;
        if (max <= 0) {
            *more = 1;
            return DDB_OK;
        }
    }
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}
