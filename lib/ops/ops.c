/* SPDX-License-Identifier: MIT */
/*
 * Pages and what the typed operations share.
 *
 * A page owns one arena; its items, their names and values and the last
 * evaluated key are bump-allocated there while the answer is read, and
 * vanish together.  Nothing of a page is freed on its own.
 */
#include "ops/ops.h"

#include "base/alloc.h"

#include <string.h>

ddb_page *ddbi_page_new(void)
{
    return ddbi_calloc(1, sizeof(ddb_page));
}

void ddbi_page_reset(ddb_page *page)
{
    ddbi_arena arena = page->arena;

    ddbi_arena_reset(&arena);
    *page = (ddb_page){.arena = arena};
}

void ddb_page_free(ddb_page *page)
{
    if (page == NULL)
        return;
    ddbi_arena_free(&page->arena);
    ddbi_free(page);
}

size_t ddbi_page_size(const ddb_page *page)
{
    return sizeof *page + ddbi_arena_size(&page->arena);
}

ddb_item *ddbi_page_add(ddb_page *page)
{
    ddb_item *it = ddbi_item_in(&page->arena, 0);

    if (it == NULL)
        return NULL;
    if (page->n == page->cap) {
        size_t cap = page->cap ? 2 * page->cap : 32;
        ddb_item **items = ddbi_arena_grow(&page->arena, page->items,
                                           page->cap * sizeof(ddb_item *),
                                           cap * sizeof(ddb_item *));

        if (items == NULL)
            return NULL;
        page->items = items;
        page->cap = cap;
    }
    page->items[page->n++] = it;
    return it;
}

size_t ddb_page_count(const ddb_page *page)
{
    return page->n;
}

const ddb_item *ddb_page_item(const ddb_page *page, size_t i)
{
    return i < page->n ? page->items[i] : NULL;
}

int64_t ddb_page_matched(const ddb_page *page)
{
    return page->matched;
}

int64_t ddb_page_scanned(const ddb_page *page)
{
    return page->scanned;
}

const ddb_item *ddb_page_last_key(const ddb_page *page)
{
    return page->last_key;
}

int ddb_page_left(const ddb_page *page, size_t i)
{
    return page->left != NULL && i < page->n && page->left[i];
}

void ddbi_req_check(ddbi_req *q, int timeout_ms, const ddb_name *names,
                    int has_expression, const ddb_item *values,
                    int has_condition)
{
    if (timeout_ms < 0)
        ddbi_req_fail(q, DDB_INVALID, "timeout_ms is negative");
    if (!has_expression && names != NULL && names[0].placeholder != NULL)
        ddbi_req_fail(q, DDB_INVALID, "names without any expression");
    if (!has_condition && values != NULL && ddb_item_count(values) > 0)
        ddbi_req_fail(q, DDB_INVALID,
                      "values without an expression that can use them");
}

ddb_code ddbi_done(const ddbi_job *j, int wrote, ddb_code code, ddb_err *err)
{
    if (err == NULL)
        return code;
    err->maybe_applied = j->maybe_applied || (wrote && code != DDB_OK);
    if (code != DDB_OK) {
        err->http_status = j->reply.status;
        memcpy(err->request_id, j->reply.request_id, sizeof err->request_id);
    }
    return code;
}
