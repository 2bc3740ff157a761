/* SPDX-License-Identifier: MIT */
/*
 * The items of a range in the order of their keys, out of all parts.
 *
 * Each part gives a page; a heap finds the part whose next key comes first.
 * An iterator over one part, which most are, is the same with a heap of one.
 *
 * Pages of many parts are small ones: what they hold together stays under
 * half of what the client takes for one answer, as the next page comes on
 * top of it.  How many items a page may have is learned from those that were
 * read.  Values can be larger than such a share even when they come one by
 * one: then the page that is wanted last is dropped, all but the key of its
 * next item, and read again from that key on when it is its turn.
 *
 * A part that is read anew, or behind a cursor, starts by a condition on the
 * key and not by ExclusiveStartKey, as the key may be that of another part,
 * or gone.  Without an order of keys (a Scan) there is only the latter.
 */
#include "base/alloc.h"
#include "base/enc.h"
#include "base/err.h"
#include "client/client.h"
#include "kv/kv_impl.h"
#include "ops/ops.h"

#include <limits.h>
#include <string.h>

#define LARGEST_SHARE ((size_t)1 << 20) /* the service's own page */
/* A key-only table has longer ones than we write. */
#define LONGEST_KEY DDBI_MAX_PARTITION_KEY

typedef struct {
    ddb_page *page; /* NULL: there is none yet, or it was dropped */
    size_t size;    /* bytes that it holds */
    size_t next;    /* the item of it that comes next */
    ddb_bytes head; /* its key: of the page, else of kept */
    char *kept;     /* NULL: nothing was dropped */
} part;

struct ddbi_kv_merge {
    ddb_kv *kv;
    const ddb_kv_range *range;
    part *parts;
    unsigned n_parts;
    unsigned begun; /* those of them that were read */
    unsigned *heap; /* those that have more; the first one has the next item */
    unsigned n_heap;
    int given; /* the first one's item was passed: it is to be moved on */
    char *last;
    size_t n_last; /* bytes of the last key that was given; 0: none */
    size_t held;   /* bytes of all pages */
    size_t read;   /* bytes of all pages that were ever read */
    size_t n_read; /* their items */
};

ddb_code ddbi_kv_merge_open(ddb_kv *kv, const ddb_kv_range *range,
                            ddb_bytes after, ddbi_kv_merge **out, ddb_err *err)
{
    unsigned n = ddbi_kv_parts(kv);
    ddbi_kv_merge *m = ddbi_calloc(1, sizeof *m + LONGEST_KEY);

    *out = NULL;
    if (m != NULL) {
        m->kv = kv;
        m->range = range;
        m->n_parts = n;
        m->last = (char *)(m + 1);
        m->n_last = after.n;
        if (after.n > 0)
            memcpy(m->last, after.p, after.n);
        m->parts = ddbi_calloc(n, sizeof *m->parts);
        m->heap = ddbi_calloc(n, sizeof *m->heap);
    }
    if (m == NULL || m->parts == NULL || m->heap == NULL) {
        ddbi_kv_merge_close(m);
        return ddbi_nomem(err);
    }
    *out = m;
    return DDB_OK;
}

/* ---- A part's pages ----------------------------------------------------- */

static void let_go(ddbi_kv_merge *m, part *p)
{
    m->held -= p->size;
    ddb_page_free(p->page);
    p->page = NULL;
    p->size = 0;
}

void ddbi_kv_merge_close(ddbi_kv_merge *m)
{
    if (m == NULL)
        return;
    for (unsigned i = 0; m->parts != NULL && i < m->n_parts; i++) {
        let_go(m, &m->parts[i]);
        ddbi_free(m->parts[i].kept);
    }
    ddbi_free(m->parts);
    ddbi_free(m->heap);
    ddbi_free(m);
}

ddb_bytes ddbi_kv_merge_last(const ddbi_kv_merge *m)
{
    return (ddb_bytes){m->last, m->n_last};
}

static int is_used_up(const part *p)
{
    return p->page != NULL && p->next == ddb_page_count(p->page);
}

static int is_over(const part *p)
{
    return is_used_up(p) && ddb_page_last_key(p->page) == NULL;
}

int ddbi_kv_merge_is_over(const ddbi_kv_merge *m)
{
    return m->begun == m->n_parts &&
           (m->n_heap == 0 ||
            (m->n_heap == 1 && is_over(&m->parts[m->heap[0]])));
}

static ddb_bytes key_of(const ddbi_kv_merge *m, const part *p, size_t i)
{
    return ddb_value_bytes(
        ddbi_kv_value(m->kv, ddb_page_item(p->page, i), DDBI_KV_KEY));
}

/* The item that comes next is another one.  Without one the head stays, while
 * it is there to stay. */
static void find_head(const ddbi_kv_merge *m, part *p)
{
    if (!is_used_up(p))
        p->head = key_of(m, p, p->next);
}

static size_t budget(const ddbi_kv_merge *m)
{
    return ddbi_client_max_answer(m->kv->client) / 2;
}

/* How many items the server should look at for one answer; 0: as it likes.
 * When few are wanted not many more, as each is read and paid for; not too
 * few, or a crowd of expired entries before the first live one takes a call
 * for each. */
static int page_limit(const ddbi_kv_merge *m)
{
    const ddb_kv_range *range = m->range;
    int64_t least = range->keys_only ? 100 : 10;
    int64_t wanted = range->limit > INT_MAX ? 0 : range->limit;
    size_t share = budget(m) / m->n_parts;
    size_t size = m->n_read > 0      ? m->read / m->n_read
                  : range->keys_only ? 256
                                     : 4096;
    int64_t room;

    if (wanted > 0 && wanted < least)
        wanted = least;
    if (m->n_parts == 1)
        return (int)wanted;
    if (share > LARGEST_SHARE)
        share = LARGEST_SHARE;
    room = share > size ? (int64_t)(share / size) : 1;
    return (int)(wanted > 0 && wanted < room ? wanted : room);
}

/* Where a part goes on that has no page to say it: at the item whose page was
 * dropped, else behind what came last. */
static ddb_code start_at(const ddbi_kv_merge *m, const part *p,
                         ddbi_kv_interval *v, ddb_err *err)
{
    ddb_kv_range range = *m->range;
    ddb_bytes at = p->kept != NULL ? p->head : ddbi_kv_merge_last(m);

    if (p->page == NULL && at.n > 0 && !m->kv->schema.key_only) {
        if (range.reverse)
            range.to = at;
        else
            range.from = at;
    }
    return ddbi_kv_find_interval(m->kv, &range, v, err);
}

static ddb_code ask(ddbi_kv_merge *m, unsigned i, int limit, ddb_page **out,
                    ddb_err *err)
{
    ddb_kv *kv = m->kv;
    part *p = &m->parts[i];
    ddbi_kv_interval v;
    ddbi_kv_ask ask;
    ddb_code code;
    int again = 0;

    *out = NULL;
    if ((code = start_at(m, p, &v, err)) != DDB_OK)
        return code;
    do {
        ddbi_kv_ask_for(kv, i, &v,
                        m->range->keys_only ? DDBI_KV_EXPIRY(kv)
                                            : "#k,#v,#t,#u,#i,#e",
                        &ask);
        ask.in.backward = m->range->reverse;
        ask.in.limit = limit;
        if (p->page != NULL) {
            ask.in.exclusive_start_key = ddb_page_last_key(p->page);
        } else if (kv->schema.key_only && m->n_last > 0) {
            ddb_item_clear(kv->key);
            ddb_item_set_sn(kv->key, kv->attribute[DDBI_KV_KEY], m->last,
                            m->n_last);
            ask.in.exclusive_start_key = kv->key;
        }
        ddbi_err_clear(err);
        code = ddbi_kv_page(kv, &ask.in, out, err);
    } while (ddbi_kv_again(code, err, &again));
    if (code == DDB_OK && ask.in.exclusive_start_key != NULL &&
        ddb_page_last_key(*out) != NULL &&
        ddb_item_equal(ask.in.exclusive_start_key, ddb_page_last_key(*out))) {
        ddb_page_free(*out), *out = NULL;
        code = ddbi_fail(err, DDB_BAD_ANSWER,
                         "the page ends where it began: no way on");
    }
    return code;
}

static void take(ddbi_kv_merge *m, part *p, ddb_page *page)
{
    size_t n = ddb_page_count(page);
    int anew = p->page == NULL;

    let_go(m, p);
    p->page = page;
    p->size = ddbi_page_size(page);
    p->next = 0;
    m->held += p->size;
    if (n > 0) {
        m->read += p->size;
        m->n_read += n;
        /* A condition on a key finds this one too. */
        if (anew && p->kept == NULL && m->n_last > 0 &&
            ddbi_equal(key_of(m, p, 0), ddbi_kv_merge_last(m)))
            p->next = 1;
        ddbi_free(p->kept);
        p->kept = NULL;
    }
    if (p->kept == NULL)
        p->head = (ddb_bytes){NULL, 0};
    find_head(m, p);
}

/* Read on until there is an item, or the end.  After a failure an empty page
 * says how far it came. */
static ddb_code fill(ddbi_kv_merge *m, unsigned i, ddb_err *err)
{
    part *p = &m->parts[i];
    int limit = page_limit(m);
    ddb_page *page;
    ddb_code code = DDB_OK;

    while (code == DDB_OK && (p->page == NULL || is_used_up(p)) &&
           !is_over(p)) {
        if ((code = ask(m, i, limit, &page, err)) == DDB_OK)
            take(m, p, page);
        if (limit > 0 && limit < 1024) /* a crowd of expired ones */
            limit *= 4;
    }
    return code;
}

/* ---- The heap ----------------------------------------------------------- */

static int comes_before(const ddbi_kv_merge *m, unsigned a, unsigned b)
{
    int order = ddbi_compare(m->parts[a].head, m->parts[b].head);

    return m->range->reverse ? order > 0 : order < 0;
}

static void swap(unsigned *a, unsigned *b)
{
    unsigned c = *a;

    *a = *b;
    *b = c;
}

static void sink_first(ddbi_kv_merge *m)
{
    unsigned *heap = m->heap;
    unsigned i = 0;
    unsigned child;

    while ((child = 2 * i + 1) < m->n_heap) {
        if (child + 1 < m->n_heap &&
            comes_before(m, heap[child + 1], heap[child]))
            child++;
        if (!comes_before(m, heap[child], heap[i]))
            break;
        swap(&heap[i], &heap[child]);
        i = child;
    }
}

static void push(ddbi_kv_merge *m, unsigned which)
{
    unsigned *heap = m->heap;
    unsigned i = m->n_heap++;

    heap[i] = which;
    while (i > 0 && comes_before(m, heap[i], heap[(i - 1) / 2])) {
        swap(&heap[i], &heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

/* The first one's head is another now. */
static void settle_first(ddbi_kv_merge *m)
{
    part *p = &m->parts[m->heap[0]];

    if (is_over(p)) {
        let_go(m, p);
        m->heap[0] = m->heap[--m->n_heap];
    }
    sink_first(m);
}

/* The part with a page that is wanted last; NULL: one alone has a page. */
static part *last_wanted(const ddbi_kv_merge *m)
{
    unsigned last = 0;
    unsigned n = 0;

    for (unsigned i = 0; i < m->n_heap; i++) {
        unsigned which = m->heap[i];

        if (m->parts[which].page == NULL)
            continue;
        if (n++ == 0 || comes_before(m, last, which))
            last = which;
    }
    return n > 1 ? &m->parts[last] : NULL;
}

static ddb_code make_room(ddbi_kv_merge *m, ddb_err *err)
{
    part *p;

    while (m->held > budget(m) && (p = last_wanted(m)) != NULL) {
        if ((p->kept = ddbi_memdup(p->head.p, p->head.n)) == NULL)
            return ddbi_nomem(err);
        p->head.p = p->kept;
        let_go(m, p);
    }
    return DDB_OK;
}

/* ---- Item by item ------------------------------------------------------- */

static ddb_code begin_all(ddbi_kv_merge *m, ddb_err *err)
{
    ddb_code code = DDB_OK;

    while (m->begun < m->n_parts && code == DDB_OK) {
        unsigned which = m->begun;

        if ((code = fill(m, which, err)) != DDB_OK)
            return code;
        m->begun++;
        if (is_over(&m->parts[which]))
            let_go(m, &m->parts[which]);
        else
            push(m, which);
        code = make_room(m, err);
    }
    return code;
}

ddb_code ddbi_kv_merge_next(ddbi_kv_merge *m, const ddb_item **out,
                            ddb_err *err)
{
    ddb_code code;
    part *p = NULL;

    *out = NULL;
    if ((code = begin_all(m, err)) != DDB_OK)
        return code;
    while (m->n_heap > 0) {
        p = &m->parts[m->heap[0]];
        if (m->given && !is_used_up(p)) {
            m->given = 0;
            sink_first(m);
            continue;
        }
        m->given = 0;
        if (p->page != NULL && !is_used_up(p))
            break;
        if ((code = fill(m, m->heap[0], err)) != DDB_OK)
            return code;
        settle_first(m);
        if ((code = make_room(m, err)) != DDB_OK)
            return code;
    }
    if (m->n_heap == 0)
        return ddbi_fail(err, DDB_NOT_FOUND, "there are no more entries");
    *out = ddb_page_item(p->page, p->next);
    return DDB_OK;
}

void ddbi_kv_merge_pass(ddbi_kv_merge *m)
{
    part *p = &m->parts[m->heap[0]];

    if (p->head.n > 0 && p->head.n <= LONGEST_KEY) {
        m->n_last = p->head.n;
        memcpy(m->last, p->head.p, p->head.n);
    }
    p->next++;
    find_head(m, p);
    m->given = 1;
}
