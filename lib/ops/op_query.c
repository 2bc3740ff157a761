/* SPDX-License-Identifier: MIT */
/*
 * Query and Scan: one page, the items of all pages, the count of all pages.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
 *
 * The service ends a page at 1 MB read or at Limit items evaluated, both
 * before the filter, so that a page may be empty and not the last: only a
 * missing LastEvaluatedKey says the end.
 *
 * What differs between the pages of a request is where they start and how
 * many items are wanted.  So a pager keeps, in place of a copy of what it
 * was given, the text of the request up to there, checked once; each page
 * adds its end.
 */
#include "ops/ops.h"

#include "base/alloc.h"

#include <limits.h>
#include <string.h>

struct ddb_pager {
    ddb_client *client;
    const char *action;
    ddbi_buf head;   /* the request but for start and limit, not closed */
    ddb_item *start; /* where the next page starts; NULL: at the beginning */
    ddb_page *page;
    size_t i;     /* the next item of it */
    int at_end;   /* no page follows the one that is held */
    int limit;    /* items evaluated a page; 0: as many as 1 MB holds */
    int filtered; /* items evaluated are not items returned */
    int64_t left; /* items still to be given; -1: all */
    int counting;
    ddb_capacity *consumed;
    int timeout_ms;
    int dated;
};

static const char *const select_names[] = {
    [DDB_SELECT_DEFAULT] = NULL,
    [DDB_SELECT_ALL_ATTRIBUTES] = "ALL_ATTRIBUTES",
    [DDB_SELECT_ALL_PROJECTED] = "ALL_PROJECTED_ATTRIBUTES",
    [DDB_SELECT_COUNT] = "COUNT",
};

/* What cannot be meant, told before it is sent. */
static void check_query(ddbi_req *q, const ddb_query_in *in, int scan)
{
    int has_condition = in->key_condition != NULL || in->filter != NULL;
    const struct {
        int wrong;
        const char *why;
    } rules[] = {
        {!scan && in->key_condition == NULL, "a query without key_condition"},
        {!scan && (in->segment != 0 || in->total_segments != 0),
         "segment and total_segments are for scans"},
        {scan && in->key_condition != NULL, "key_condition in a scan"},
        {scan && in->backward, "a scan cannot go backward"},
        {in->total_segments < 0, "total_segments is negative"},
        {in->segment < 0, "segment is negative"},
        {scan && in->segment > 0 && in->segment >= in->total_segments,
         "segment is not below total_segments"},
        {in->limit < 0, "limit is negative"},
        {in->max_items < 0, "max_items is negative"},
        {(unsigned)in->select > DDB_SELECT_COUNT, "select is unknown"},
        {in->select != DDB_SELECT_DEFAULT && in->projection != NULL,
         "a projection says what is selected: leave select at its default"},
        {in->select == DDB_SELECT_ALL_PROJECTED && in->index == NULL,
         "only of an index can all projected attributes be selected"},
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].wrong)
            ddbi_req_fail(q, DDB_INVALID, "%s", rules[i].why);
    }
    ddbi_req_check(q, in->timeout_ms, in->names,
                   has_condition || in->projection != NULL, in->values,
                   has_condition);
}

/* All of the request that is the same on every page. */
static void build_head(ddbi_req *q, const ddb_query_in *in, int scan)
{
    check_query(q, in, scan);
    if (q->failed != DDB_OK)
        return;
    ddbi_req_table(q, in->table);
    ddbi_req_str(q, "IndexName", in->index);
    ddbi_req_expression(q, "KeyConditionExpression", in->key_condition);
    ddbi_req_expression(q, "FilterExpression", in->filter);
    ddbi_req_expression(q, "ProjectionExpression", in->projection);
    ddbi_req_names(q, in->names);
    ddbi_req_values(q, in->values);
    ddbi_req_str(q, "Select", select_names[in->select]);
    ddbi_req_flag(q, "ConsistentRead", in->consistent_read);
    if (in->backward) {
        ddbi_json_key(q->b, "ScanIndexForward", strlen("ScanIndexForward"));
        ddbi_json_bool(q->b, 0);
    }
    if (in->total_segments > 0) {
        ddbi_req_int(q, "Segment", in->segment);
        ddbi_req_int(q, "TotalSegments", in->total_segments);
    }
    ddbi_req_consumed(q, in->consumed);
}

static void build_tail(ddbi_req *q, int limit, const ddb_item *start)
{
    if (limit > 0)
        ddbi_req_int(q, "Limit", limit);
    ddbi_req_start_key(q, "ExclusiveStartKey", start);
}

static void read_items(ddbi_answer *a, ddb_page *page)
{
    if (!ddbi_answer_enter_array(a))
        return;
    while (ddbi_answer_next(a)) {
        ddb_item *it = ddbi_page_add(page);

        if (it == NULL)
            a->failed = ddbi_nomem(a->err);
        else
            ddbi_answer_item(a, it);
    }
}

/* The page is empty when this begins. */
static ddb_code read_page(ddb_page *page, const ddbi_job *j, int counting,
                          ddb_capacity *consumed, ddb_err *err)
{
    int has_items = counting;
    int has_count = 0;
    ddbi_answer a;
    ddb_code code;

    ddbi_answer_begin(&a, j->reply.body.p, j->reply.body.n, err);
    while (ddbi_answer_next(&a)) {
        if (ddbi_answer_is(&a, "Items")) {
            read_items(&a, page);
            has_items = 1;
        } else if (ddbi_answer_is(&a, "Count")) {
            ddbi_answer_i64(&a, &page->matched);
            has_count = 1;
        } else if (ddbi_answer_is(&a, "ScannedCount")) {
            ddbi_answer_i64(&a, &page->scanned);
        } else if (ddbi_answer_is(&a, "LastEvaluatedKey")) {
            if ((page->last_key = ddbi_item_in(&page->arena, 0)) == NULL)
                a.failed = ddbi_nomem(err);
            else
                ddbi_answer_item(&a, page->last_key);
        } else if (ddbi_answer_is(&a, "ConsumedCapacity")) {
            ddbi_answer_consumed(&a, consumed);
        }
    }
    if ((code = ddbi_answer_end(&a)) != DDB_OK)
        return code;
    /* An answer without them is somebody else's, not an empty page. */
    if (!has_items || !has_count)
        return ddbi_fail(err, DDB_BAD_ANSWER, "the answer has no %s",
                         has_items ? "Count" : "Items");
    if (page->matched < 0 || page->scanned < 0)
        return ddbi_fail(err, DDB_BAD_ANSWER, "the answer counts below zero");
    if (page->last_key != NULL && ddb_item_count(page->last_key) == 0)
        page->last_key = NULL;
    return DDB_OK;
}

static ddb_code run_page(ddbi_job *j, const char *action, int timeout_ms,
                         int dated, ddb_err *err)
{
    const ddbi_job_spec spec = {
        .action = action,
        .read = 1,
        .dated = dated,
        .timeout_ms = timeout_ms,
    };
    return ddbi_job_run(j, &spec, err);
}

static ddb_code one_page(ddb_client *c, const ddb_query_in *in, int scan,
                         ddb_page **out, ddb_err *err)
{
    ddb_page *page = NULL;
    ddbi_job *j = NULL;
    ddb_code code;
    ddbi_req q;

    *out = NULL;
    if ((code = ddbi_job_begin(c, &j, err)) != DDB_OK)
        return code;
    ddbi_req_begin(&q, &j->body, err);
    build_head(&q, in, scan);
    if (in->max_items > 0)
        ddbi_req_fail(&q, DDB_INVALID, "max_items is for pagers: use limit");
    build_tail(&q, in->limit, in->exclusive_start_key);
    if ((code = ddbi_req_end(&q)) != DDB_OK ||
        (code = run_page(j, scan ? "Scan" : "Query", in->timeout_ms, in->dated,
                         err)) != DDB_OK)
        goto out;
    if ((page = ddbi_page_new()) == NULL) {
        code = ddbi_nomem(err);
        goto out;
    }
    code =
        read_page(page, j, in->select == DDB_SELECT_COUNT, in->consumed, err);
    ddbi_done(j, 0, code, err);
    if (code == DDB_OK)
        *out = page, page = NULL;
out:
    ddb_page_free(page);
    ddbi_job_end(j);
    return code;
}

ddb_code ddb_query(ddb_client *c, const ddb_query_in *in, ddb_page **out,
                   ddb_err *err)
{
    return one_page(c, in, 0, out, err);
}

ddb_code ddb_scan(ddb_client *c, const ddb_query_in *in, ddb_page **out,
                  ddb_err *err)
{
    return one_page(c, in, 1, out, err);
}

/* ---- All pages ---------------------------------------------------------- */

void ddb_pager_close(ddb_pager *p)
{
    if (p == NULL)
        return;
    ddbi_buf_free(&p->head);
    ddb_item_free(p->start);
    ddb_page_free(p->page);
    ddbi_free(p);
}

static ddb_code open_pager(ddb_client *c, const ddb_query_in *in, int scan,
                           ddb_pager **out, ddb_err *err)
{
    ddb_pager *p = ddbi_calloc(1, sizeof *p);
    ddb_code code;
    ddbi_req q;

    *out = NULL;
    ddbi_err_clear(err);
    if (p == NULL)
        return ddbi_nomem(err);
    p->client = c;
    p->action = scan ? "Scan" : "Query";
    p->limit = in->limit;
    p->filtered = in->filter != NULL;
    p->left = in->max_items > 0 ? in->max_items : -1;
    p->counting = in->select == DDB_SELECT_COUNT;
    p->consumed = in->consumed;
    p->timeout_ms = in->timeout_ms;
    p->dated = in->dated;

    ddbi_req_begin(&q, &p->head, err);
    build_head(&q, in, scan);
    if ((code = ddbi_req_end(&q)) != DDB_OK)
        goto out;
    p->head.n--; /* open again: each page adds its end */
    if (in->exclusive_start_key != NULL &&
        (p->start = ddb_item_copy(in->exclusive_start_key)) == NULL) {
        code = ddbi_nomem(err);
        goto out;
    }
    if ((p->page = ddbi_page_new()) == NULL) {
        code = ddbi_nomem(err);
        goto out;
    }
    *out = p, p = NULL;
out:
    ddb_pager_close(p);
    return code;
}

/* How many items the next page may evaluate; 0: the service decides.  Behind
 * a filter nobody knows how many are needed. */
static int page_limit(const ddb_pager *p)
{
    if (p->left < 0 || p->filtered || p->left > INT_MAX)
        return p->limit;
    if (p->limit == 0 || p->left < p->limit)
        return (int)p->left;
    return p->limit;
}

/* The page goes on where p->start says; note where the one after it does. */
static ddb_code advance(ddb_pager *p, ddb_err *err)
{
    const ddb_item *last = p->page->last_key;
    ddb_item *start;

    if (last == NULL) {
        p->at_end = 1;
        return DDB_OK;
    }
    if (p->start != NULL && ddb_item_equal(p->start, last))
        return ddbi_fail(err, DDB_BAD_ANSWER,
                         "the page ends where it began: no way on");
    if ((start = ddb_item_copy(last)) == NULL)
        return ddbi_nomem(err);
    ddb_item_free(p->start);
    p->start = start;
    return DDB_OK;
}

/* The next page in place of the one held.  A failure leaves an empty page
 * and the place to go on from, so that it can be tried again. */
static ddb_code next_page(ddb_pager *p, ddb_err *err)
{
    ddbi_job *j = NULL;
    ddb_code code;
    ddbi_req q;

    ddbi_page_reset(p->page);
    p->i = 0;
    if ((code = ddbi_job_begin(p->client, &j, err)) != DDB_OK)
        return code;
    ddbi_buf_add(&j->body, p->head.p, p->head.n);
    q = (ddbi_req){.b = &j->body, .err = err};
    build_tail(&q, page_limit(p), p->start);
    if ((code = ddbi_req_end(&q)) != DDB_OK ||
        (code = run_page(j, p->action, p->timeout_ms, p->dated, err)) != DDB_OK)
        goto out;
    code = read_page(p->page, j, p->counting, p->consumed, err);
    if (code == DDB_OK)
        code = advance(p, err);
    if (ddbi_done(j, 0, code, err) != DDB_OK)
        ddbi_page_reset(p->page);
out:
    ddbi_job_end(j);
    return code;
}

/* An items' pager; COUNT gives none. */
static ddb_code open_items(ddb_client *c, const ddb_query_in *in, int scan,
                           ddb_pager **out, ddb_err *err)
{
    if (in->select == DDB_SELECT_COUNT) {
        *out = NULL;
        ddbi_err_clear(err);
        return ddbi_fail(err, DDB_INVALID,
                         "a pager has items: count by ddb_%s_count()",
                         scan ? "scan" : "query");
    }
    return open_pager(c, in, scan, out, err);
}

ddb_code ddb_query_open(ddb_client *c, const ddb_query_in *in, ddb_pager **out,
                        ddb_err *err)
{
    return open_items(c, in, 0, out, err);
}

ddb_code ddb_scan_open(ddb_client *c, const ddb_query_in *in, ddb_pager **out,
                       ddb_err *err)
{
    return open_items(c, in, 1, out, err);
}

ddb_code ddb_pager_next(ddb_pager *p, const ddb_item **out, ddb_err *err)
{
    *out = NULL;
    ddbi_err_clear(err);
    while (p->i == p->page->n && !p->at_end && p->left != 0) {
        ddb_code code = next_page(p, err);

        if (code != DDB_OK)
            return code;
    }
    if (p->i == p->page->n || p->left == 0)
        return ddbi_fail(err, DDB_NOT_FOUND, "no more items");
    if (p->left > 0)
        p->left--;
    *out = p->page->items[p->i++];
    return DDB_OK;
}

static ddb_code count_all(ddb_client *c, const ddb_query_in *in, int scan,
                          int64_t *out, ddb_err *err)
{
    ddb_query_in counting = *in;
    ddb_pager *p = NULL;
    int64_t n = 0;
    ddb_code code;

    *out = 0;
    ddbi_err_clear(err);
    if (in->max_items != 0)
        return ddbi_fail(err, DDB_INVALID, "max_items in a count");
    if (in->select != DDB_SELECT_DEFAULT && in->select != DDB_SELECT_COUNT)
        return ddbi_fail(err, DDB_INVALID, "a count selects nothing");
    counting.select = DDB_SELECT_COUNT;
    code = open_pager(c, &counting, scan, &p, err);
    while (code == DDB_OK && p != NULL && !p->at_end) {
        if ((code = next_page(p, err)) != DDB_OK)
            break;
        if (p->page->matched > INT64_MAX - n)
            code = ddbi_fail(err, DDB_BAD_ANSWER, "no count is so large");
        else
            n += p->page->matched;
    }
    if (code == DDB_OK)
        *out = n;
    ddb_pager_close(p);
    return code;
}

ddb_code ddb_query_count(ddb_client *c, const ddb_query_in *in, int64_t *out,
                         ddb_err *err)
{
    return count_all(c, in, 0, out, err);
}

ddb_code ddb_scan_count(ddb_client *c, const ddb_query_in *in, int64_t *out,
                        ddb_err *err)
{
    return count_all(c, in, 1, out, err);
}
