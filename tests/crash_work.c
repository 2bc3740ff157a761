/* SPDX-License-Identifier: MIT */
/* Requests are written as JSON, as batches and transactions need it, and read
 * back as items. */
#include "crash_work.h"

#include "rng.h"

#include <check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 5 /* writes of a request, at most */
#define BODY 6000

/* ---- Writes ------------------------------------------------------------- */

typedef enum { PUT, UPDATE, DELETE } change;
typedef enum { ONE, BATCH, TRANSACTION } request;

typedef struct {
    request kind;
    int n;
    struct {
        int key;
        change what;
    } part[PARTS];
} work;

static work work_of(uint64_t seed, int worker, uint32_t i)
{
    rng r = {seed ^ ((uint64_t)(worker + 1) << 40) ^ ((uint64_t)i << 8) ^ 1};
    work w;

    for (int warm = 0; warm < 4; warm++)
        rng_next(&r);
    w.kind = rng_below(&r, 4) ? ONE : rng_below(&r, 2) ? BATCH : TRANSACTION;
    w.n = w.kind == ONE ? 1 : 2 + (int)rng_below(&r, PARTS - 1);
    int key = (int)rng_below(&r, CRASH_KEYS);
    for (int p = 0; p < w.n; p++) {
        unsigned what = rng_below(&r, 8);

        w.part[p].key = (key + p) % CRASH_KEYS;
        w.part[p].what = what < 4                      ? PUT
                         : what < 6 && w.kind != BATCH ? UPDATE
                                                       : DELETE;
    }
    return w;
}

static int body_size(uint32_t i)
{
    return i % 5 ? (int)(i % 200) : BODY - (int)(i * 7 % 4000);
}

/* ---- As JSON ------------------------------------------------------------ */

typedef struct {
    char text[PARTS * (BODY + 600)];
    size_t n;
} json;

__attribute__((format(printf, 2, 3))) static void add(json *j,
                                                      const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(j->text + j->n, sizeof j->text - j->n, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof j->text - j->n)
        abort();
    j->n += (size_t)n;
}

static void add_key(json *j, int worker, int key)
{
    add(j, "{\"p\":{\"S\":\"w%d\"},\"s\":{\"N\":\"%d\"}}", worker, key);
}

static void add_item(json *j, int worker, int key, uint32_t i)
{
    char body[BODY + 1];
    size_t n = (size_t)body_size(i);

    memset(body, 'a' + (int)(i % 26), n);
    body[n] = '\0';
    add(j,
        "{\"p\":{\"S\":\"w%d\"},\"s\":{\"N\":\"%d\"},\"v\":{\"N\":\"%" PRIu32
        "\"},\"g\":{\"S\":\"g%" PRIu32 "\"},\"body\":{\"S\":\"%s\"}}",
        worker, key, i, i % 7, body);
}

/* The members of a request for one item. */
static const char *add_part(json *j, int worker, const work *w, int p,
                            uint32_t i)
{
    int key = w->part[p].key;

    add(j, "\"TableName\":\"crash\",");
    switch (w->part[p].what) {
    case PUT:
        add(j, "\"Item\":");
        add_item(j, worker, key, i);
        return "Put";
    case UPDATE:
        add(j, "\"Key\":");
        add_key(j, worker, key);
        add(j,
            ",\"UpdateExpression\":\"SET v = :v, g = :g ADD c :one\","
            "\"ExpressionAttributeValues\":{\":v\":{\"N\":\"%" PRIu32
            "\"},\":g\":{\"S\":\"g%" PRIu32 "\"},\":one\":{\"N\":\"1\"}}",
            i, i % 7);
        return "Update";
    default:
        add(j, "\"Key\":");
        add_key(j, worker, key);
        return "Delete";
    }
}

static void add_batch(json *j, int worker, const work *w, uint32_t i)
{
    add(j, "{\"RequestItems\":{\"crash\":[");
    for (int p = 0; p < w->n; p++) {
        int put = w->part[p].what == PUT;

        add(j, "%s{\"%s\":{\"%s\":", p ? "," : "",
            put ? "PutRequest" : "DeleteRequest", put ? "Item" : "Key");
        if (put)
            add_item(j, worker, w->part[p].key, i);
        else
            add_key(j, worker, w->part[p].key);
        add(j, "}}");
    }
    add(j, "]}}");
}

static void add_transaction(json *j, int worker, const work *w, uint32_t i)
{
    static const char *const names[] = {"Put", "Update", "Delete"};

    add(j, "{\"TransactItems\":[");
    for (int p = 0; p < w->n; p++) {
        add(j, "%s{\"%s\":{", p ? "," : "", names[w->part[p].what]);
        add_part(j, worker, w, p, i);
        add(j, "}}");
    }
    add(j, "]}");
}

ddb_code crash_write(ddb_client *c, uint64_t seed, int worker, uint32_t i,
                     ddb_err *err)
{
    static const char *const actions[] = {"PutItem", "UpdateItem",
                                          "DeleteItem"};
    work w = work_of(seed, worker, i);
    ddb_call_in in = {0};
    char *out = NULL;
    json *j = calloc(1, sizeof *j);
    ddb_code code;

    if (j == NULL)
        abort();
    if (w.kind == BATCH) {
        in.action = "BatchWriteItem";
        add_batch(j, worker, &w, i);
    } else if (w.kind == TRANSACTION) {
        in.action = "TransactWriteItems";
        add_transaction(j, worker, &w, i);
    } else {
        in.action = actions[w.part[0].what];
        add(j, "{");
        add_part(j, worker, &w, 0, i);
        add(j, "}");
    }
    in.body = j->text;
    in.body_n = j->n;
    code = ddb_call(c, &in, &out, NULL, err);
    ddb_free(out);
    free(j);
    return code;
}

static const char create_table[] =
    "{\"TableName\":\"crash\",\"BillingMode\":\"PAY_PER_REQUEST\","
    "\"AttributeDefinitions\":["
    "{\"AttributeName\":\"p\",\"AttributeType\":\"S\"},"
    "{\"AttributeName\":\"s\",\"AttributeType\":\"N\"},"
    "{\"AttributeName\":\"g\",\"AttributeType\":\"S\"},"
    "{\"AttributeName\":\"v\",\"AttributeType\":\"N\"}],"
    "\"KeySchema\":[{\"AttributeName\":\"p\",\"KeyType\":\"HASH\"},"
    "{\"AttributeName\":\"s\",\"KeyType\":\"RANGE\"}],"
    "\"GlobalSecondaryIndexes\":[{\"IndexName\":\"by_g\","
    "\"KeySchema\":[{\"AttributeName\":\"g\",\"KeyType\":\"HASH\"},"
    "{\"AttributeName\":\"v\",\"KeyType\":\"RANGE\"}],"
    "\"Projection\":{\"ProjectionType\":\"KEYS_ONLY\"}}],"
    "\"LocalSecondaryIndexes\":[{\"IndexName\":\"by_v\","
    "\"KeySchema\":[{\"AttributeName\":\"p\",\"KeyType\":\"HASH\"},"
    "{\"AttributeName\":\"v\",\"KeyType\":\"RANGE\"}],"
    "\"Projection\":{\"ProjectionType\":\"ALL\"}}]}";

ddb_code crash_create(ddb_client *c, ddb_err *err)
{
    ddb_call_in in = {.action = "CreateTable", .body = create_table};
    char *out = NULL;
    ddb_code code = ddb_call(c, &in, &out, NULL, err);

    ddb_free(out);
    return code;
}

/* ---- What must be there ------------------------------------------------- */

void crash_apply(crash_partition *p, uint64_t seed, int worker)
{
    uint32_t i = ++p->done;
    work w = work_of(seed, worker, i);

    for (int n = 0; n < w.n; n++) {
        crash_cell *at = &p->cells[w.part[n].key];

        switch (w.part[n].what) {
        case PUT:
            *at = (crash_cell){1, i, i, 0};
            break;
        case UPDATE:
            at->there = 1;
            at->v = i;
            at->c++;
            break;
        case DELETE:
            *at = (crash_cell){0};
        }
    }
}

static int64_t number(const ddb_item *it, const char *name)
{
    int64_t n = 0;

    if (ddb_item_get(it, name) != NULL)
        ck_assert_int_eq(ddb_value_i64(ddb_item_get(it, name), &n), DDB_OK);
    return n;
}

/* Which write it is of follows from v, unless an update came later. */
static int same_body(const ddb_item *it, uint32_t i)
{
    ddb_bytes body = ddb_value_bytes(ddb_item_get(it, "body"));
    const char *p = body.p;

    if (i == 0)
        return p == NULL;
    if (p == NULL || body.n != (size_t)body_size(i))
        return 0;
    for (size_t n = 0; n < body.n; n++)
        if (p[n] != 'a' + (int)(i % 26))
            return 0;
    return 1;
}

static int same_item(const ddb_item *it, const crash_cell *want)
{
    char g[16];

    if (it == NULL || !want->there)
        return it == NULL && !want->there;
    snprintf(g, sizeof g, "g%" PRIu32, want->v % 7);
    return number(it, "v") == want->v && number(it, "c") == want->c &&
           same_body(it, want->body) &&
           strcmp(ddb_value_bytes(ddb_item_get(it, "g")).p, g) == 0;
}

static int same_partition(ddb_item *const *items, const crash_partition *want)
{
    for (int key = 0; key < CRASH_KEYS; key++)
        if (!same_item(items[key], &want->cells[key]))
            return 0;
    return 1;
}

/* Every item of an index, or of the table: worker and key to a copy. */
static int read_all(ddb_client *c, const char *index,
                    ddb_item *items[CRASH_WORKERS][CRASH_KEYS])
{
    const ddb_query_in in = {
        .table = "crash", .index = index, .consistent_read = index == NULL};
    const ddb_item *it;
    ddb_pager *pager;
    ddb_err err = {0};
    int n = 0;

    memset(items, 0, sizeof(ddb_item *) * CRASH_WORKERS * CRASH_KEYS);
    ck_assert_int_eq(ddb_scan_open(c, &in, &pager, &err), DDB_OK);
    while (ddb_pager_next(pager, &it, &err) == DDB_OK) {
        const char *p = ddb_value_bytes(ddb_item_get(it, "p")).p;
        ddb_item **at = &items[p[1] - '0'][number(it, "s")];

        ck_assert_ptr_null(*at); /* it comes once */
        *at = ddb_item_copy(it);
        n++;
    }
    ck_assert_msg(err.code == DDB_NOT_FOUND, "%s", err.message);
    ddb_pager_close(pager);
    return n;
}

static void free_all(ddb_item *items[CRASH_WORKERS][CRASH_KEYS])
{
    for (int w = 0; w < CRASH_WORKERS; w++)
        for (int key = 0; key < CRASH_KEYS; key++)
            ddb_item_free(items[w][key]);
}

static void expect_index(ddb_client *c, const char *index,
                         ddb_item *items[CRASH_WORKERS][CRASH_KEYS], int n)
{
    ddb_item *rows[CRASH_WORKERS][CRASH_KEYS];

    ck_assert_int_eq(read_all(c, index, rows), n);
    for (int w = 0; w < CRASH_WORKERS; w++)
        for (int key = 0; key < CRASH_KEYS; key++) {
            if (rows[w][key] == NULL)
                continue;
            ck_assert_ptr_nonnull(items[w][key]);
            ck_assert(ddb_value_equal(ddb_item_get(rows[w][key], "v"),
                                      ddb_item_get(items[w][key], "v")));
        }
    free_all(rows);
}

/* The writes that were reported, and of each worker perhaps the next one:
 * how many there are of these. */
int crash_expect(ddb_client *c, uint64_t seed, crash_partition *state)
{
    ddb_item *items[CRASH_WORKERS][CRASH_KEYS];
    int n = read_all(c, NULL, items), more = 0;

    for (int w = 0; w < CRASH_WORKERS; w++) {
        uint32_t reported = state[w].done;

        if (!same_partition(items[w], &state[w])) {
            crash_apply(&state[w], seed, w);
            more++;
        }
        ck_assert_msg(same_partition(items[w], &state[w]),
                      "seed %" PRIu64 ": worker %d: neither write %" PRIu32
                      " nor the next one is there",
                      seed, w, reported);
    }
    expect_index(c, "by_g", items, n);
    expect_index(c, "by_v", items, n);
    free_all(items);
    return more;
}
