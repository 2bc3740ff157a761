/* SPDX-License-Identifier: MIT */
/*
 * BatchWriteItem and BatchGetItem for any number of writes and reads.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
 *
 * The service takes 25 writes or 100 reads, 16 MB, and no key twice in a
 * request; it may do a part of them only and give the rest back.  So both
 * are one loop over a plan (plan.h): take what fits, send it with the usual
 * retries, put in front again what came back, wait, and so on until nothing
 * is left, nothing moves, or the time is up.  All that can be checked is
 * checked before the first request.
 *
 * Not atomic, and no conditions: the service has neither here.
 */
#include "ops/ops.h"
#include "ops/plan.h"
#include "ops/projection.h"

#include "base/alloc.h"

#include <string.h>

typedef struct {
    ddbi_plan plan;
    ddbi_job *job;
    int maybe_applied;
    ddb_capacity *consumed;
    ddb_item *scratch; /* what the service gives back, one at a time */

    const ddb_batch_write_in *write; /* or */
    const ddb_batch_get_in *get;     /* which, and */
    ddb_page *page;                  /* what it reads, and */
    ddbi_projection *projections;    /* of each table; NULL: all */
} batch;

/* ---- One request -------------------------------------------------------- */

static void add_entry(batch *b, ddbi_req *q, size_t i)
{
    const ddb_write *w;

    if (b->get != NULL) {
        ddbi_req_key(q, NULL, b->get->reads[i].key);
        return;
    }
    w = &b->write->writes[i];
    ddbi_req_open(q, NULL, '{');
    if (w->put != NULL) {
        ddbi_req_open(q, "PutRequest", '{');
        ddbi_req_item(q, "Item", w->put);
    } else {
        ddbi_req_open(q, "DeleteRequest", '{');
        ddbi_req_key(q, "Key", w->delete_key);
    }
    ddbi_req_close(q, '}');
    ddbi_req_close(q, '}');
}

static void open_table(batch *b, ddbi_req *q, size_t t)
{
    if (b->get == NULL) {
        ddbi_req_open(q, b->plan.tables[t].name, '[');
        return;
    }
    ddbi_req_open(q, b->plan.tables[t].name, '{');
    ddbi_req_flag(q, "ConsistentRead", b->get->consistent_read);
    if (b->projections != NULL) {
        ddbi_req_expression(q, "ProjectionExpression", b->projections[t].text);
        ddbi_req_names(q, b->projections[t].names);
    }
    ddbi_req_open(q, "Keys", '[');
}

static void close_table(batch *b, ddbi_req *q)
{
    ddbi_req_close(q, ']');
    if (b->get != NULL)
        ddbi_req_close(q, '}');
}

/* Items are measured as they are written.  Those that the first request, of n
 * entries, has no room for are measured before it is sent. */
static ddb_code check_rest(const batch *b, size_t n, ddb_err *err)
{
    const ddbi_plan *p = &b->plan;

    if (b->get != NULL || p->head > 0)
        return DDB_OK;
    for (size_t k = n; k < p->n_queue; k++) {
        const ddb_item *it = b->write->writes[p->queue[k]].put;

        if (ddb_item_size(it) > DDBI_MAX_ITEM)
            return ddbi_fail(err, DDB_TOO_LARGE,
                             "entry %zu: an item has at most 400 KB",
                             p->queue[k]);
    }
    return DDB_OK;
}

/* The body of the next request; *n: how many entries are in it. */
static ddb_code build(batch *b, size_t *n, ddb_err *err)
{
    const size_t most = b->get != NULL ? DDBI_BATCH_READS : DDBI_BATCH_WRITES;
    ddbi_plan *p = &b->plan;
    ddbi_buf *body = &b->job->body;
    size_t table = DDBI_NONE;
    ddb_code code;
    ddbi_req q;

    *n = 0;
    ddbi_req_begin(&q, body, err);
    body->max = 0; /* watched here: one item too many is taken out again */
    ddbi_req_open(&q, "RequestItems", '{');
    while (*n < most && p->head + *n < p->n_queue) {
        size_t i = p->queue[p->head + *n];
        size_t before = body->n;

        if (p->entries[i].table != table) {
            if (table != DDBI_NONE)
                close_table(b, &q);
            table = p->entries[i].table;
            open_table(b, &q, table);
        }
        add_entry(b, &q, i);
        if (q.failed != DDB_OK)
            break;
        /* Too much: this one starts the next request. */
        if (body->n > DDBI_BATCH_BODY && *n > 0) {
            body->n = before; /* where its predecessor's table is open */
            break;
        }
        p->entries[i].state = DDBI_SENT;
        ++*n;
    }
    if (table != DDBI_NONE)
        close_table(b, &q);
    ddbi_req_close(&q, '}');
    ddbi_req_consumed(&q, b->consumed);
    code = ddbi_req_end(&q);
    return code == DDB_OK ? check_rest(b, *n, err) : code;
}

/* ---- Its answer --------------------------------------------------------- */

static void bad_answer(ddbi_answer *a, const char *why)
{
    if (a->failed == DDB_OK)
        a->failed = ddbi_fail(a->err, DDB_BAD_ANSWER, "%s", why);
}

/* Into the object of tables that is the member: the table of each in turn,
 * NULL at the end. */
static const ddbi_plan_table *next_table(batch *b, ddbi_answer *a)
{
    const ddbi_plan_table *t = NULL;
    char name[DDBI_MAX_ARN + 1];
    ddbi_json_reader r;

    if (!ddbi_answer_next(a))
        return NULL;
    r = a->r;
    r.text = a->name;
    r.escaped = a->name_escaped;
    ddbi_json_copy(&r, name, sizeof name);
    if ((t = ddbi_plan_table_find(&b->plan, name)) == NULL)
        bad_answer(a, "the answer names a table that was not asked for");
    return t;
}

/* The entry of the request that has this key, or DDBI_NONE. */
static size_t asked(const batch *b, ddbi_answer *a, const ddbi_plan_table *t,
                    const ddb_item *it)
{
    size_t i;

    if (a->failed != DDB_OK)
        return DDBI_NONE;
    i = ddbi_plan_find(&b->plan, t, it);
    if (i == DDBI_NONE || (b->plan.entries[i].state != DDBI_SENT &&
                           b->plan.entries[i].state != DDBI_UNPROCESSED)) {
        bad_answer(a, "the answer has a key that was not asked for");
        return DDBI_NONE;
    }
    return i;
}

/* The value is an item or key that came back unprocessed. */
static void take_back(batch *b, ddbi_answer *a, const ddbi_plan_table *t)
{
    size_t i;

    if (b->scratch == NULL && (b->scratch = ddb_item_new()) == NULL) {
        a->failed = ddbi_nomem(a->err);
        return;
    }
    ddb_item_clear(b->scratch);
    ddbi_answer_item(a, b->scratch);
    if ((i = asked(b, a, t, b->scratch)) != DDBI_NONE)
        b->plan.entries[i].state = DDBI_UNPROCESSED;
}

/* {"PutRequest":{"Item":{...}}} or {"DeleteRequest":{"Key":{...}}} */
static void read_write_back(batch *b, ddbi_answer *a, const ddbi_plan_table *t)
{
    int taken = 0;

    if (!ddbi_answer_enter_object(a))
        return;
    while (ddbi_answer_next(a)) {
        if (!ddbi_answer_is(a, "PutRequest") &&
            !ddbi_answer_is(a, "DeleteRequest"))
            continue;
        if (!ddbi_answer_enter_object(a))
            return;
        while (ddbi_answer_next(a)) {
            if (!ddbi_answer_is(a, "Item") && !ddbi_answer_is(a, "Key"))
                continue;
            take_back(b, a, t);
            taken = 1;
        }
    }
    if (!taken)
        bad_answer(a, "something is unprocessed, but the answer does not say "
                      "what");
}

/* {"Keys":[{...},{...}], and what else was asked} */
static void read_keys_back(batch *b, ddbi_answer *a, const ddbi_plan_table *t)
{
    if (!ddbi_answer_enter_object(a))
        return;
    while (ddbi_answer_next(a)) {
        if (!ddbi_answer_is(a, "Keys"))
            continue;
        if (!ddbi_answer_enter_array(a))
            return;
        while (ddbi_answer_next(a))
            take_back(b, a, t);
    }
}

/* What came back of one table. */
static void read_back(batch *b, ddbi_answer *a, const ddbi_plan_table *t)
{
    if (b->get != NULL) {
        read_keys_back(b, a, t);
    } else if (ddbi_answer_enter_array(a)) {
        while (ddbi_answer_next(a))
            read_write_back(b, a, t);
    }
}

/* [{...},{...}]: items, in any order, to their slots. */
static void read_found(batch *b, ddbi_answer *a, const ddbi_plan_table *t)
{
    if (!ddbi_answer_enter_array(a))
        return;
    while (ddbi_answer_next(a)) {
        ddb_item *it = ddbi_item_in(&b->page->arena, 0);
        size_t i;

        if (it == NULL) {
            a->failed = ddbi_nomem(a->err);
            return;
        }
        ddbi_answer_item(a, it);
        i = asked(b, a, t, it);
        for (; i != DDBI_NONE; i = b->plan.entries[i].older)
            b->page->items[i] = it;
    }
}

/* {"users":...,"logs":...} by `read`, table by table. */
static void read_tables(batch *b, ddbi_answer *a,
                        void (*read)(batch *b, ddbi_answer *a,
                                     const ddbi_plan_table *t))
{
    const ddbi_plan_table *t;

    if (!ddbi_answer_enter_object(a))
        return;
    while ((t = next_table(b, a)) != NULL)
        read(b, a, t);
}

static ddb_code read_answer(batch *b, ddb_err *err)
{
    const ddbi_buf *body = &b->job->reply.body;
    int seen = b->get == NULL;
    ddbi_answer a;
    ddb_code code;

    ddbi_answer_begin(&a, body->p, body->n, err);
    while (ddbi_answer_next(&a)) {
        if (b->get != NULL && ddbi_answer_is(&a, "Responses")) {
            read_tables(b, &a, read_found);
            seen = 1;
        } else if (ddbi_answer_is(&a, "UnprocessedKeys") ||
                   ddbi_answer_is(&a, "UnprocessedItems")) {
            read_tables(b, &a, read_back);
        } else if (ddbi_answer_is(&a, "ConsumedCapacity")) {
            ddbi_answer_consumed(&a, b->consumed);
        }
    }
    if ((code = ddbi_answer_end(&a)) == DDB_OK && !seen)
        code = ddbi_fail(err, DDB_BAD_ANSWER, "the answer has no Responses");
    return code;
}

/* ---- All requests ------------------------------------------------------- */

static void mark_done(batch *b, size_t i)
{
    for (; i != DDBI_NONE; i = b->plan.entries[i].older) {
        if (b->get != NULL)
            b->page->left[i] = 0;
        else
            b->write->writes[i].left = 0;
    }
}

/* Send the next request and do what its answer says; *back: how many of its
 * *n entries came back.  DDB_PARTIAL: the deadline passed. */
static ddb_code one_request(batch *b, size_t *n, size_t *back, ddb_err *err)
{
    ddbi_job_spec spec = {
        .action = b->get != NULL ? "BatchGetItem" : "BatchWriteItem",
        .read = b->get != NULL,
        .repeatable = 1,
        .dated = b->get == NULL && b->write->dated,
        .timeout_ms = ddbi_plan_time(&b->plan),
    };
    ddb_code code;

    if (spec.timeout_ms < 0)
        return DDB_PARTIAL;
    if ((code = build(b, n, err)) != DDB_OK)
        return code;
    code = ddbi_job_run(b->job, &spec, err);
    b->maybe_applied |= b->job->maybe_applied;
    if (code == DDB_TIMEOUT && ddbi_plan_time(&b->plan) < 0)
        return DDB_PARTIAL;
    if (code != DDB_OK)
        return code;
    if ((code = read_answer(b, err)) != DDB_OK) {
        b->maybe_applied |= b->get == NULL;
        return ddbi_done(b->job, 0, code, err);
    }
    for (size_t i = b->plan.head; i < b->plan.head + *n; i++) {
        if (b->plan.entries[b->plan.queue[i]].state == DDBI_SENT)
            mark_done(b, b->plan.queue[i]);
    }
    *back = ddbi_plan_settle(&b->plan, *n);
    return DDB_OK;
}

static ddb_code run(batch *b, ddb_err *err)
{
    const ddbi_plan *p = &b->plan;
    ddb_code code = DDB_OK;
    size_t n = 0, back = 0;

    while (code == DDB_OK && p->head < p->n_queue) {
        code = one_request(b, &n, &back, err);
        if (code == DDB_OK && back > 0 && !ddbi_plan_wait(&b->plan, back < n))
            code = DDB_PARTIAL;
    }
    if (code == DDB_PARTIAL) {
        ddbi_err_clear(err);
        ddbi_fail(err, DDB_PARTIAL, "%zu of %zu keys are left",
                  p->n_queue - p->head, p->n_queue);
        if (err != NULL)
            err->retryable = 1;
    }
    if (err != NULL && b->maybe_applied)
        err->maybe_applied = 1;
    return code;
}

static ddb_code begin(batch *b, ddb_client *c, size_t n, int timeout_ms,
                      ddb_err *err)
{
    ddb_code code = ddbi_job_begin(c, &b->job, err);

    if (code != DDB_OK)
        return code;
    if (timeout_ms < 0)
        return ddbi_fail(err, DDB_INVALID, "timeout_ms is negative");
    return ddbi_plan_begin(&b->plan, ddbi_client_clock(c), n, timeout_ms, err);
}

static void end(batch *b)
{
    ddb_item_free(b->scratch);
    ddbi_plan_end(&b->plan);
    ddbi_job_end(b->job);
}

/* The table of entry i, its name checked when it is the first of it; NULL:
 * *code tells why not. */
static ddbi_plan_table *table_of(batch *b, size_t i, const char *name,
                                 ddb_code *code, ddb_err *err)
{
    size_t known = b->plan.n_tables;
    ddbi_plan_table *t;

    if (name == NULL) {
        *code = ddbi_fail(err, DDB_INVALID, "entry %zu has no table", i);
        return NULL;
    }
    *code = DDB_NOMEM;
    if ((t = ddbi_plan_table_of(&b->plan, name, err)) == NULL)
        return NULL;
    b->plan.entries[i].table = (uint32_t)(t - b->plan.tables);
    *code = b->plan.n_tables > known ? ddbi_check_table(name, err) : DDB_OK;
    return *code == DDB_OK ? t : NULL;
}

/* What a key of the table consists of, by the first one that is seen. */
static ddb_code learn_from_key(ddbi_plan_table *t, size_t i,
                               const ddb_item *key, ddb_err *err)
{
    if (t->n_keys > 0)
        return DDB_OK;
    if (ddb_item_count(key) < 1 || ddb_item_count(key) > 2)
        return ddbi_fail(err, DDB_INVALID,
                         "entry %zu, of %s: a key has one or two attributes, "
                         "not %zu",
                         i, t->name, ddb_item_count(key));
    t->n_keys = ddb_item_count(key);
    for (size_t k = 0; k < t->n_keys; k++)
        ddb_item_at(key, k, &t->keys[k]);
    return DDB_OK;
}

/* An item or key that no setter failed of. */
static ddb_code check_item(size_t i, const ddb_item *it, ddb_err *err)
{
    ddb_code code = ddb_item_status(it);

    if (code != DDB_OK)
        return ddbi_fail(err, code, "entry %zu: %s", i, ddbi_item_why(it));
    return DDB_OK;
}

/* ---- Writes ------------------------------------------------------------- */

static const ddb_item *item_of(const ddb_write *w)
{
    return w->put != NULL ? w->put : w->delete_key;
}

/* Key names of the table as far as the caller tells them. */
static ddb_code learn_from_write(batch *b, ddbi_plan_table *t, size_t i,
                                 ddb_err *err)
{
    const ddb_batch_write_in *in = b->write;

    for (size_t k = 0; k < in->n_keys && t->n_keys == 0; k++) {
        const ddb_table_key *key = &in->keys[k];

        if (key->table == NULL || key->partition_key == NULL)
            return ddbi_fail(err, DDB_INVALID,
                             "keys[%zu] lacks table or partition_key", k);
        if (strcmp(key->table, t->name) != 0)
            continue;
        t->keys[0] = ddb_str(key->partition_key);
        t->keys[1] = ddb_str(key->sort_key);
        t->n_keys = key->sort_key != NULL ? 2 : 1;
    }
    if (in->writes[i].delete_key != NULL)
        return learn_from_key(t, i, in->writes[i].delete_key, err);
    return DDB_OK;
}

/* And by the service where he does not. */
static ddb_code learn_from_service(batch *b, ddbi_plan_table *t, ddb_err *err)
{
    int timeout_ms = ddbi_plan_time(&b->plan);
    ddb_table_info info;
    ddb_code code;

    if (t->n_keys > 0)
        return DDB_OK;
    if (timeout_ms < 0)
        return ddbi_fail(err, DDB_TIMEOUT, "no time left to describe %s",
                         t->name);
    code = ddbi_describe_table(b->job->client, t->name, timeout_ms, &info, err);
    if (code != DDB_OK)
        return code;
    if (info.partition_key[0] == 0)
        return ddbi_fail(err, DDB_BAD_ANSWER,
                         "the description of %s names no key", t->name);
    t->n_keys = info.sort_key[0] != 0 ? 2 : 1;
    for (size_t k = 0; k < t->n_keys; k++) {
        const char *name = k == 0 ? info.partition_key : info.sort_key;
        size_t n = strlen(name);

        t->keys[k].p = ddbi_arena_dup(&b->plan.arena, name, n);
        t->keys[k].n = n;
        if (t->keys[k].p == NULL)
            return ddbi_nomem(err);
    }
    return DDB_OK;
}

/* Check all writes and make the plan. */
static ddb_code plan_writes(batch *b, ddb_err *err)
{
    const ddb_write *writes = b->write->writes;
    ddb_code code = DDB_OK;

    for (size_t i = 0; code == DDB_OK && i < b->plan.n; i++) {
        const ddb_write *w = &writes[i];
        ddbi_plan_table *t = table_of(b, i, w->table, &code, err);

        if (t == NULL)
            return code;
        if ((w->put != NULL) == (w->delete_key != NULL))
            return ddbi_fail(err, DDB_INVALID,
                             "writes[%zu] needs put or delete_key, one of them",
                             i);
        if ((code = check_item(i, item_of(w), err)) == DDB_OK)
            code = learn_from_write(b, t, i, err);
    }
    for (size_t t = 0; code == DDB_OK && t < b->plan.n_tables; t++)
        code = learn_from_service(b, &b->plan.tables[t], err);
    for (size_t i = 0; code == DDB_OK && i < b->plan.n; i++)
        code = ddbi_plan_add(&b->plan, i, item_of(&writes[i]),
                             writes[i].put == NULL, err);
    return code == DDB_OK ? ddbi_plan_order(&b->plan, err) : code;
}

ddb_code ddb_batch_write_item(ddb_client *c, const ddb_batch_write_in *in,
                              ddb_err *err)
{
    batch b = {.write = in, .consumed = in->consumed};
    ddb_code code;

    for (size_t i = 0; i < in->n_writes; i++)
        in->writes[i].left = 1;
    code = begin(&b, c, in->n_writes, in->timeout_ms, err);
    if (code == DDB_OK && (code = plan_writes(&b, err)) == DDB_OK)
        code = run(&b, err);
    end(&b);
    return code;
}

/* ---- Reads -------------------------------------------------------------- */

/* What each table is asked for, when it is not all. */
static ddb_code plan_projections(batch *b, ddb_err *err)
{
    const ddbi_projection given = {b->get->projection, b->get->names};
    ddbi_plan *p = &b->plan;
    ddb_code code = DDB_OK;

    if (given.text == NULL)
        return given.names == NULL || given.names->placeholder == NULL
                   ? DDB_OK
                   : ddbi_fail(err, DDB_INVALID, "names without a projection");
    if (given.text[0] == 0)
        return ddbi_fail(err, DDB_INVALID, "the projection is empty");
    b->projections =
        ddbi_arena_alloc(&p->arena, (p->n_tables + 1) * sizeof *b->projections);
    if (b->projections == NULL)
        return ddbi_nomem(err);
    for (size_t t = 0; code == DDB_OK && t < p->n_tables; t++)
        code = ddbi_project_keys(&given, p->tables[t].keys, p->tables[t].n_keys,
                                 &b->job->scratch, &p->arena,
                                 &b->projections[t], err);
    return code;
}

static ddb_code plan_reads(batch *b, ddb_err *err)
{
    const ddb_read *reads = b->get->reads;
    ddb_code code = DDB_OK;

    for (size_t i = 0; code == DDB_OK && i < b->plan.n; i++) {
        const ddb_read *r = &reads[i];
        ddbi_plan_table *t = table_of(b, i, r->table, &code, err);

        if (t == NULL)
            return code;
        if (r->key == NULL)
            return ddbi_fail(err, DDB_INVALID, "reads[%zu] has no key", i);
        if ((code = check_item(i, r->key, err)) == DDB_OK &&
            (code = learn_from_key(t, i, r->key, err)) == DDB_OK)
            code = ddbi_plan_add(&b->plan, i, r->key, 1, err);
    }
    if (code == DDB_OK && (code = plan_projections(b, err)) == DDB_OK)
        code = ddbi_plan_order(&b->plan, err);
    return code;
}

/* A page of n slots, none of them read. */
static ddb_page *new_slots(size_t n)
{
    ddb_page *page = ddbi_page_new();
    size_t size;

    if (page == NULL || n == 0)
        return page;
    if (ddbi_mul_size(n, sizeof(ddb_item *), &size) == 0) {
        page->items = ddbi_arena_alloc(&page->arena, size);
        page->left = ddbi_arena_alloc(&page->arena, n);
    }
    if (page->items == NULL || page->left == NULL) {
        ddb_page_free(page);
        return NULL;
    }
    memset(page->items, 0, size);
    memset(page->left, 1, n);
    page->n = page->cap = n;
    return page;
}

static void count_slots(ddb_page *page)
{
    for (size_t i = 0; i < page->n; i++) {
        page->matched += page->items[i] != NULL;
        page->scanned += !page->left[i];
    }
}

ddb_code ddb_batch_get_item(ddb_client *c, const ddb_batch_get_in *in,
                            ddb_page **out, ddb_err *err)
{
    batch b = {.get = in, .consumed = in->consumed};
    ddb_code code;

    *out = NULL;
    code = begin(&b, c, in->n_reads, in->timeout_ms, err);
    if (code == DDB_OK && (b.page = new_slots(in->n_reads)) == NULL)
        code = ddbi_nomem(err);
    if (code == DDB_OK && (code = plan_reads(&b, err)) == DDB_OK)
        code = run(&b, err);
    if (code == DDB_OK || code == DDB_PARTIAL) {
        count_slots(b.page);
        *out = b.page;
        b.page = NULL;
    }
    ddb_page_free(b.page);
    end(&b);
    return code;
}
