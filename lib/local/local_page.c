/* SPDX-License-Identifier: MIT */
/*
 * A page: rows of a table or index in order, until there are no more of
 * them, Limit of them were looked at, or they reach 1 MB.  Rows count before
 * the filter sees them, and a page that ends by Limit or by size tells where
 * it ended, also when nothing follows: that there is nothing is not known
 * before somebody looks.
 *
 * A row that is answered whole is copied as it is stored; it is parsed only
 * for a filter, a projection, the last key, or to find the item of a local
 * index's row.  One row's memory is used for the next one.
 *
 * Capacity is of all rows together, rounded up once; an item that is read
 * for a row of a local index is rounded up by itself.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ThroughputConsiderations.Reads
 */
#include "local/local_page.h"

#include "base/enc.h"
#include "base/err.h"

#include <string.h>

/* The work on one page. */
typedef struct {
    ddbi_ask *ask;
    const ddbi_page *page;
    ddbi_arena arena; /* of one row */
    ddb_item *item;   /* the row's, once it is parsed */
    int count_only;
    int64_t limit;     /* INT64_MAX: none */
    int64_t scanned;   /* rows looked at */
    int64_t count;     /* of them that the filter let pass */
    int64_t bytes;     /* of what was read, against the page's end */
    int64_t row_bytes; /* of the index's rows */
    double fetched;    /* units of items read for them */
    ddbi_buf last;     /* LastEvaluatedKey's JSON */
} walk;

ddb_code ddbi_page_run(ddbi_ask *a, ddbi_page_step *const *steps, size_t n)
{
    ddbi_page p = {0};
    ddb_code code = DDB_OK;

    for (size_t i = 0; i < n && code == DDB_OK; i++)
        code = steps[i](a, &p);
    ddbi_buf_free(&p.from);
    ddbi_buf_free(&p.to);
    return code;
}

/* ---- One row ------------------------------------------------------------ */

static ddb_code parse(walk *w, ddb_bytes body)
{
    if (w->item)
        return DDB_OK;
    return ddbi_load_item_in(w->ask, &w->arena, body, &w->item);
}

/* The item of a local index's row in its place. */
static ddb_code fetch(walk *w, ddbi_row *row)
{
    const ddbi_table *t = w->page->table;
    ddbi_ask *a = w->ask;
    ddb_bytes place = {0};
    ddb_code code = parse(w, row->body);

    if (code == DDB_OK)
        code = ddbi_item_place(a, t, &t->self, w->item, &place);
    if (code == DDB_OK)
        code = ddbi_store_get(a->store, place, row, a->err);
    if (code == DDB_NOT_FOUND)
        return ddbi_fail(a->err, DDB_SYSTEM,
                         "an index has a row of an item that is not there");
    if (code != DDB_OK)
        return code;
    w->item = NULL;
    w->bytes += row->size;
    w->fetched += ddbi_read_units(row->size, a->in->consistent == DDBI_TRUE);
    return DDB_OK;
}

static ddb_code passes(walk *w, ddb_bytes body, int *yes)
{
    const ddbi_condition *filter = w->page->op->filter;
    ddb_code code;

    *yes = 1;
    if (!filter)
        return DDB_OK;
    code = parse(w, body);
    if (code != DDB_OK)
        return code;
    *yes = ddbi_condition_holds(filter, w->item, &w->arena);
    return *yes < 0 ? ddbi_ask_nomem(w->ask) : DDB_OK;
}

static ddb_code write_row(walk *w, ddb_bytes body)
{
    const ddbi_projection *projection = w->page->op->projection;
    ddb_item *part;
    ddb_code code;

    if (!projection) {
        ddbi_json_raw(w->ask->out, body.p, body.n);
        return DDB_OK;
    }
    code = parse(w, body);
    if (code != DDB_OK)
        return code;
    part = ddbi_projection_apply(projection, w->item, &w->arena);
    if (!part)
        return ddbi_ask_nomem(w->ask);
    ddbi_write_item(w->ask->out, part);
    return DDB_OK;
}

static void write_key(walk *w, const ddbi_key_attribute *k)
{
    const ddb_value *v = ddbi_item_find(w->item, k->name.p, k->name.n);

    if (!v)
        return;
    ddbi_json_key(&w->last, k->name.p, k->name.n);
    ddbi_write_value(&w->last, v);
}

static int is_key(const ddbi_index *index, const ddbi_key_attribute *k)
{
    return ddbi_equal(index->pk.name, k->name) ||
           ddbi_equal(index->sk.name, k->name);
}

static ddb_code take_last(walk *w, ddb_bytes body)
{
    const ddbi_index *self = &w->page->table->self, *index = w->page->index;
    ddb_code code = parse(w, body);

    if (code != DDB_OK)
        return code;
    ddbi_json_open(&w->last, '{');
    write_key(w, &self->pk);
    if (self->sk.name.n)
        write_key(w, &self->sk);
    if (!is_key(self, &index->pk))
        write_key(w, &index->pk);
    if (index->sk.name.n && !is_key(self, &index->sk))
        write_key(w, &index->sk);
    ddbi_json_close(&w->last, '}');
    return DDB_OK;
}

/* *full: it was the last one of the page. */
static ddb_code take_row(walk *w, ddbi_row *row, int *full)
{
    ddb_code code = DDB_OK;
    int yes = 0;

    w->item = NULL;
    w->scanned++;
    w->row_bytes += row->size;
    if (w->page->fetch)
        code = fetch(w, row);
    else
        w->bytes += row->size;
    if (code == DDB_OK)
        code = passes(w, row->body, &yes);
    if (code == DDB_OK && yes) {
        w->count++;
        if (!w->count_only)
            code = write_row(w, row->body);
    }
    *full = w->scanned >= w->limit || w->bytes >= DDBI_PAGE_BYTES;
    if (code == DDB_OK && *full)
        code = take_last(w, row->body);
    if (w->arena.head)
        ddbi_arena_reset(&w->arena);
    return code;
}

static ddb_code take_rows(walk *w)
{
    const ddbi_page *p = w->page;
    ddbi_ask *a = w->ask;
    ddb_bytes from = {p->from.p, p->from.n}, to = {p->to.p, p->to.n};
    ddb_code code = ddbi_store_seek(a->store, from, to, p->descending, a->err);
    ddbi_row row;
    int full = 0;

    while (code == DDB_OK && !full) {
        code = ddbi_store_next(a->store, &row, a->err);
        if (code == DDB_OK)
            code = take_row(w, &row, &full);
    }
    ddbi_store_end(a->store);
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

/* ---- The answer --------------------------------------------------------- */

static ddb_code charge(walk *w, ddbi_cost *cost)
{
    const ddbi_page *p = w->page;
    ddbi_ask *a = w->ask;
    double units =
        ddbi_read_units(w->row_bytes, a->in->consistent == DDBI_TRUE);
    ddb_code code = ddbi_cost_begin(a, p->table, a->in->op.table, cost);

    if (code != DDB_OK)
        return code;
    if (p->secondary)
        cost->index_read[p->index - p->table->indexes] = units;
    else
        cost->read = units;
    cost->read += w->fetched;
    return ddbi_cost_admit(a, cost, p->partition, NULL);
}

static void write_number(ddbi_buf *b, const char *key, int64_t v)
{
    ddbi_json_key(b, key, strlen(key));
    ddbi_json_i64(b, v);
}

static ddb_code write_answer(walk *w)
{
    ddbi_ask *a = w->ask;
    ddbi_buf *b = a->out;
    ddbi_cost cost;
    ddb_code code;

    ddbi_json_open(b, '{');
    if (!w->count_only) {
        ddbi_json_key(b, "Items", 5);
        ddbi_json_open(b, '[');
    }
    code = take_rows(w);
    if (code == DDB_OK)
        code = charge(w, &cost);
    if (code != DDB_OK)
        return code;
    if (!w->count_only)
        ddbi_json_close(b, ']');
    write_number(b, "Count", w->count);
    write_number(b, "ScannedCount", w->scanned);
    if (w->last.n) {
        ddbi_json_key(b, "LastEvaluatedKey", 16);
        ddbi_json_raw(b, w->last.p, w->last.n);
    }
    ddbi_cost_write(a, &cost);
    ddbi_json_close(b, '}');
    return w->last.failed == DDB_OK && b->failed == DDB_OK ? DDB_OK
                                                           : ddbi_ask_nomem(a);
}

ddb_code ddbi_page_answer(ddbi_ask *a, ddbi_page *p)
{
    walk w = {.ask = a, .page = p, .limit = INT64_MAX};
    ddb_code code;

    if (p->from.failed != DDB_OK || p->to.failed != DDB_OK)
        return ddbi_ask_nomem(a);
    if (a->in->limit.present)
        w.limit = a->in->limit.v;
    w.count_only = ddbi_equal_text(a->in->select, "COUNT");
    code = write_answer(&w);
    ddbi_arena_free(&w.arena);
    ddbi_buf_free(&w.last);
    return code;
}

/* ---- Where it begins ---------------------------------------------------- */

int ddbi_page_holds(const ddbi_page *p, ddb_bytes place)
{
    return ddbi_compare(place, (ddb_bytes){p->from.p, p->from.n}) >= 0 &&
           ddbi_compare(place, (ddb_bytes){p->to.p, p->to.n}) < 0;
}

ddb_code ddbi_page_start_place(ddbi_ask *a, const ddbi_page *p, ddb_bytes *out)
{
    return ddbi_item_place(a, p->table, p->index, a->in->start, out);
}

ddb_code ddbi_page_resume(ddbi_ask *a, ddbi_page *p)
{
    ddbi_buf *b = p->descending ? &p->to : &p->from;
    ddb_bytes at;
    ddb_code code;

    if (!a->in->start)
        return DDB_OK;
    code = ddbi_page_start_place(a, p, &at);
    if (code != DDB_OK)
        return code;
    ddbi_buf_clear(b);
    ddbi_buf_add(b, at.p, at.n);
    if (!p->descending)
        ddbi_place_next(b);
    return DDB_OK;
}
