/* SPDX-License-Identifier: MIT */
/*
 * Tables: create, describe, delete, list, wait; and their time to live.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
 *
 * Creating and deleting go on after the answer, so there is something to
 * wait for.  Both are repeated after a lost answer: the table of that name
 * is there, or gone, either way.  What a repeated one finds (DDB_IN_USE,
 * DDB_NO_TABLE) may be its own first attempt's doing, and
 * err->maybe_applied says so.
 */
#include "ops/ops.h"

#include "base/alloc.h"

#include <string.h>

#define WAIT_FIRST 500 /* ms */
#define WAIT_LONGEST 5000
#define WAIT_TOTAL 300000

/* ---- One call ----------------------------------------------------------- */

/* Run what was built, read by `read` into arg; ends the job. */
static ddb_code call(ddbi_job *j, ddbi_req *q, const ddbi_job_spec *spec,
                     ddb_code (*read)(const ddbi_buf *body, void *arg,
                                      ddb_err *err),
                     void *arg, ddb_err *err)
{
    ddb_code code = ddbi_req_end(q);

    if (code == DDB_OK)
        code = ddbi_job_run(j, spec, err);
    if (code == DDB_OK) {
        if (read != NULL)
            code = read(&j->reply.body, arg, err);
        ddbi_done(j, !spec->read, code, err);
    }
    ddbi_job_end(j);
    return code;
}

static ddb_code begin(ddb_client *c, ddbi_job **j, ddbi_req *q, int timeout_ms,
                      ddb_err *err)
{
    ddb_code code = ddbi_job_begin(c, j, err);

    if (code != DDB_OK)
        return code;
    ddbi_req_begin(q, &(*j)->body, err);
    ddbi_req_check(q, timeout_ms, NULL, 0, NULL, 0);
    return DDB_OK;
}

/* ---- What a table is ---------------------------------------------------- */

static const struct {
    const char *text;
    ddb_table_status status;
} statuses[] = {
    {"CREATING", DDB_TABLE_CREATING},
    {"UPDATING", DDB_TABLE_UPDATING},
    {"DELETING", DDB_TABLE_DELETING},
    {"ACTIVE", DDB_TABLE_ACTIVE},
};

static ddb_table_status find_status(const char *text)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (strcmp(statuses[i].text, text) == 0)
            return statuses[i].status;
    }
    return DDB_TABLE_OTHER;
}

/* [{"AttributeName":"k","KeyType":"HASH"},...] */
static void read_key_schema(ddbi_answer *a, ddb_table_info *out)
{
    if (!ddbi_answer_enter_array(a))
        return;
    while (ddbi_answer_next(a)) {
        char name[sizeof out->partition_key] = "";
        char type[8] = "";

        if (!ddbi_answer_enter_object(a))
            return;
        while (ddbi_answer_next(a)) {
            if (ddbi_answer_is(a, "AttributeName"))
                ddbi_answer_text(a, name, sizeof name);
            else if (ddbi_answer_is(a, "KeyType"))
                ddbi_answer_text(a, type, sizeof type);
        }
        if (strcmp(type, "HASH") == 0)
            memcpy(out->partition_key, name, sizeof name);
        else
            memcpy(out->sort_key, name, sizeof name);
    }
}

/* [{"AttributeName":"k","AttributeType":"S"},...]: the types of the keys,
 * whose names are known. */
static void read_definitions(ddbi_answer *a, ddb_table_info *out)
{
    if (!ddbi_answer_enter_array(a))
        return;
    while (ddbi_answer_next(a)) {
        char name[sizeof out->partition_key] = "";
        char type[2] = "";
        ddb_type found;

        if (!ddbi_answer_enter_object(a))
            return;
        while (ddbi_answer_next(a)) {
            if (ddbi_answer_is(a, "AttributeName"))
                ddbi_answer_text(a, name, sizeof name);
            else if (ddbi_answer_is(a, "AttributeType"))
                ddbi_answer_text(a, type, sizeof type);
        }
        found = type[0] == 'S' ? DDB_S : type[0] == 'N' ? DDB_N : DDB_B;
        if (strcmp(name, out->partition_key) == 0)
            out->partition_type = found;
        else if (strcmp(name, out->sort_key) == 0)
            out->sort_type = found;
    }
}

static void read_throughput(ddbi_answer *a, ddb_table_info *out)
{
    if (!ddbi_answer_enter_object(a))
        return;
    while (ddbi_answer_next(a)) {
        if (ddbi_answer_is(a, "ReadCapacityUnits"))
            ddbi_answer_i64(a, &out->read_units);
        else if (ddbi_answer_is(a, "WriteCapacityUnits"))
            ddbi_answer_i64(a, &out->write_units);
    }
}

static void read_billing(ddbi_answer *a, ddb_table_info *out)
{
    char mode[32] = "";

    if (!ddbi_answer_enter_object(a))
        return;
    while (ddbi_answer_next(a)) {
        if (ddbi_answer_is(a, "BillingMode"))
            ddbi_answer_text(a, mode, sizeof mode);
    }
    out->on_demand = strcmp(mode, "PAY_PER_REQUEST") == 0;
}

static int count_elements(ddbi_answer *a)
{
    int n = 0;

    if (!ddbi_answer_enter_array(a))
        return 0;
    while (ddbi_answer_next(a))
        n++;
    return n;
}

/* The members of the description, all but the attributes' types. */
static void read_description(ddbi_answer *a, ddb_table_info *out)
{
    int has_mode = 0;
    double created = 0;

    while (ddbi_answer_next(a)) {
        if (ddbi_answer_is(a, "TableStatus")) {
            ddbi_answer_text(a, out->status_text, sizeof out->status_text);
        } else if (ddbi_answer_is(a, "KeySchema")) {
            read_key_schema(a, out);
        } else if (ddbi_answer_is(a, "ProvisionedThroughput")) {
            read_throughput(a, out);
        } else if (ddbi_answer_is(a, "BillingModeSummary")) {
            read_billing(a, out);
            has_mode = 1;
        } else if (ddbi_answer_is(a, "ItemCount")) {
            ddbi_answer_i64(a, &out->item_count);
        } else if (ddbi_answer_is(a, "TableSizeBytes")) {
            ddbi_answer_i64(a, &out->size_bytes);
        } else if (ddbi_answer_is(a, "CreationDateTime")) {
            ddbi_answer_double(a, &created);
        } else if (ddbi_answer_is(a, "TableArn")) {
            ddbi_answer_text(a, out->arn, sizeof out->arn);
        } else if (ddbi_answer_is(a, "GlobalSecondaryIndexes") ||
                   ddbi_answer_is(a, "LocalSecondaryIndexes")) {
            out->n_indexes += count_elements(a);
        }
    }
    out->status = find_status(out->status_text);
    if (created > 0 && created < 1e15)
        out->created_at = (int64_t)created;
    /* The summary may be missing; on-demand tables have no units. */
    if (!has_mode)
        out->on_demand = out->read_units == 0 && out->write_units == 0;
}

static void read_types(ddbi_answer *a, ddb_table_info *out)
{
    while (ddbi_answer_next(a)) {
        if (ddbi_answer_is(a, "AttributeDefinitions"))
            read_definitions(a, out);
    }
}

/* {"Table":{...}} or {"TableDescription":{...}}; by `read`. */
static ddb_code read_table(const ddbi_buf *body, ddb_table_info *out,
                           void (*read)(ddbi_answer *a, ddb_table_info *out),
                           ddb_err *err)
{
    int seen = 0;
    ddbi_answer a;
    ddb_code code;

    ddbi_answer_begin(&a, body->p, body->n, err);
    while (ddbi_answer_next(&a)) {
        if (!seen && (ddbi_answer_is(&a, "Table") ||
                      ddbi_answer_is(&a, "TableDescription"))) {
            seen = 1;
            if (ddbi_answer_enter_object(&a))
                read(&a, out);
        }
    }
    if ((code = ddbi_answer_end(&a)) != DDB_OK)
        return code;
    if (!seen)
        return ddbi_fail(err, DDB_BAD_ANSWER, "the answer tells of no table");
    return DDB_OK;
}

/* Twice, as the types may come before the key that says whose they are. */
static ddb_code read_info(const ddbi_buf *body, void *arg, ddb_err *err)
{
    ddb_table_info info = {0};
    ddb_code code = read_table(body, &info, read_description, err);

    if (code == DDB_OK)
        code = read_table(body, &info, read_types, err);
    if (code == DDB_OK && arg != NULL)
        *(ddb_table_info *)arg = info;
    return code;
}

/* ---- Create, describe, delete, list -------------------------------------- */

ddb_code ddb_create_table(ddb_client *c, const ddb_create_table_in *in,
                          ddb_table_info *out, ddb_err *err)
{
    const ddbi_job_spec spec = {.action = "CreateTable",
                                .repeatable = 1,
                                .slow_throttle = 1,
                                .timeout_ms = in->timeout_ms};
    ddbi_job *j = NULL;
    ddbi_req q;
    ddb_code code = begin(c, &j, &q, in->timeout_ms, err);

    if (code != DDB_OK)
        return code;
    ddbi_req_create_table(&q, in);
    return call(j, &q, &spec, read_info, out, err);
}

ddb_code ddbi_describe_table(ddb_client *c, const char *table, int timeout_ms,
                             ddb_table_info *out, ddb_err *err)
{
    const ddbi_job_spec spec = {
        .action = "DescribeTable", .read = 1, .timeout_ms = timeout_ms};
    ddbi_job *j = NULL;
    ddbi_req q;
    ddb_code code = begin(c, &j, &q, timeout_ms, err);

    if (code != DDB_OK)
        return code;
    ddbi_req_table(&q, table);
    return call(j, &q, &spec, read_info, out, err);
}

ddb_code ddb_describe_table(ddb_client *c, const char *table,
                            ddb_table_info *out, ddb_err *err)
{
    return ddbi_describe_table(c, table, 0, out, err);
}

ddb_code ddb_delete_table(ddb_client *c, const char *table, ddb_table_info *out,
                          ddb_err *err)
{
    const ddbi_job_spec spec = {
        .action = "DeleteTable", .repeatable = 1, .slow_throttle = 1};
    ddbi_job *j = NULL;
    ddbi_req q;
    ddb_code code = begin(c, &j, &q, 0, err);

    if (code != DDB_OK)
        return code;
    ddbi_req_table(&q, table);
    return call(j, &q, &spec, read_info, out, err);
}

/* Names as they are collected. */
typedef struct {
    ddbi_arena arena;
    ddb_bytes *names;
    size_t n;
    size_t cap;
    ddb_bytes last; /* p NULL: none */
} collected;

static void collect(ddbi_answer *a, collected *all)
{
    if (!ddbi_answer_enter_array(a))
        return;
    while (ddbi_answer_next(a)) {
        if (all->n == all->cap) {
            size_t cap = all->cap ? 2 * all->cap : DDBI_LIST_TABLES;
            ddb_bytes *names =
                ddbi_arena_grow(&all->arena, all->names,
                                all->cap * sizeof *names, cap * sizeof *names);

            if (names == NULL) {
                a->failed = ddbi_nomem(a->err);
                return;
            }
            all->names = names;
            all->cap = cap;
        }
        all->names[all->n++] = ddbi_answer_dup(a, &all->arena);
    }
}

/* Everything in one block, for one ddb_free(). */
static ddb_table_list *pack(const collected *all)
{
    size_t size = sizeof(ddb_table_list) + (all->n + 1) * sizeof(char *) +
                  all->last.n + 1;
    ddb_table_list *list;
    const char **names;
    char *text;

    for (size_t i = 0; i < all->n; i++)
        size += all->names[i].n + 1;
    if ((list = ddbi_malloc(size)) == NULL)
        return NULL;
    names = (const char **)(list + 1);
    text = (char *)(names + all->n + 1);
    *list = (ddb_table_list){.names = names, .n = all->n};
    for (size_t i = 0; i < all->n; i++) {
        names[i] = text;
        memcpy(text, all->names[i].p, all->names[i].n + 1);
        text += all->names[i].n + 1;
    }
    names[all->n] = NULL;
    if (all->last.p != NULL) {
        list->last_evaluated = text;
        memcpy(text, all->last.p, all->last.n + 1);
    }
    return list;
}

static ddb_code read_list(const ddbi_buf *body, void *arg, ddb_err *err)
{
    ddb_table_list **out = arg;
    collected all = {0};
    int seen = 0;
    ddbi_answer a;
    ddb_code code;

    ddbi_answer_begin(&a, body->p, body->n, err);
    while (ddbi_answer_next(&a)) {
        if (ddbi_answer_is(&a, "TableNames")) {
            seen = 1;
            collect(&a, &all);
        } else if (ddbi_answer_is(&a, "LastEvaluatedTableName")) {
            all.last = ddbi_answer_dup(&a, &all.arena);
        }
    }
    code = ddbi_answer_end(&a);
    if (code == DDB_OK && !seen)
        code = ddbi_fail(err, DDB_BAD_ANSWER, "the answer has no TableNames");
    if (code == DDB_OK && (*out = pack(&all)) == NULL)
        code = ddbi_nomem(err);
    ddbi_arena_free(&all.arena);
    return code;
}

ddb_code ddb_list_tables(ddb_client *c, const char *start, int limit,
                         ddb_table_list **out, ddb_err *err)
{
    const ddbi_job_spec spec = {.action = "ListTables", .read = 1};
    ddbi_job *j = NULL;
    ddbi_req q;
    ddb_code code;

    *out = NULL;
    if ((code = begin(c, &j, &q, 0, err)) != DDB_OK)
        return code;
    if (limit < 0 || limit > DDBI_LIST_TABLES)
        ddbi_req_fail(&q, DDB_INVALID, "limit is not 0 to %d",
                      DDBI_LIST_TABLES);
    ddbi_req_str(&q, "ExclusiveStartTableName", start);
    if (limit > 0)
        ddbi_req_int(&q, "Limit", limit);
    return call(j, &q, &spec, read_list, out, err);
}

/* ---- Wait --------------------------------------------------------------- */

/* Milliseconds for one more look, at least one: the last sleep may have taken
 * longer than there was time. */
static int look_time(int64_t left, int most)
{
    if (left < 1)
        return 1;
    return left < most ? (int)left : most;
}

/* Until the table is ACTIVE (gone 0) or no longer there (gone 1).  A failure
 * that is no answer to that question ends it. */
static ddb_code wait_table(ddb_client *c, const char *table, int gone,
                           int timeout_ms, ddb_err *err)
{
    const ddbi_clock *k = ddbi_client_clock(c);
    int64_t deadline = k->mono(k) + (timeout_ms > 0 ? timeout_ms : WAIT_TOTAL);
    int64_t wait = WAIT_FIRST;
    ddb_table_info info;

    ddbi_err_clear(err);
    if (timeout_ms < 0)
        return ddbi_fail(err, DDB_INVALID, "timeout_ms is negative");
    for (;;) {
        int64_t left = deadline - k->mono(k);
        ddb_code code = ddbi_describe_table(
            c, table, look_time(left, ddbi_client_timeout(c)), &info, err);

        if (gone ? code == DDB_NO_TABLE
                 : code == DDB_OK && info.status == DDB_TABLE_ACTIVE) {
            ddbi_err_clear(err);
            return DDB_OK;
        }
        if (code != DDB_OK && code != DDB_NO_TABLE)
            return code;
        left = deadline - k->mono(k);
        if (left <= wait) {
            ddbi_err_clear(err);
            return ddbi_fail(err, DDB_TIMEOUT, "table %s is %s still", table,
                             code == DDB_NO_TABLE ? "not there"
                                                  : info.status_text);
        }
        k->sleep(k, wait);
        wait += wait / 2;
        if (wait > WAIT_LONGEST)
            wait = WAIT_LONGEST;
    }
}

ddb_code ddb_wait_table_exists(ddb_client *c, const char *table, int timeout_ms,
                               ddb_err *err)
{
    return wait_table(c, table, 0, timeout_ms, err);
}

ddb_code ddb_wait_table_not_exists(ddb_client *c, const char *table,
                                   int timeout_ms, ddb_err *err)
{
    return wait_table(c, table, 1, timeout_ms, err);
}

/* ---- Time to live ------------------------------------------------------- */

ddb_code ddb_update_time_to_live(ddb_client *c, const char *table,
                                 const char *attribute, int enabled,
                                 ddb_err *err)
{
    const ddbi_job_spec spec = {
        .action = "UpdateTimeToLive", .repeatable = 1, .slow_throttle = 1};
    ddbi_job *j = NULL;
    ddbi_req q;
    ddb_code code = begin(c, &j, &q, 0, err);

    if (code != DDB_OK)
        return code;
    if (attribute == NULL || attribute[0] == 0 ||
        strlen(attribute) > DDBI_MAX_KEY_NAME)
        ddbi_req_fail(&q, DDB_INVALID,
                      "the name of a TTL attribute has 1 to %d bytes",
                      DDBI_MAX_KEY_NAME);
    ddbi_req_table(&q, table);
    ddbi_req_open(&q, "TimeToLiveSpecification", '{');
    ddbi_req_str(&q, "AttributeName", attribute);
    if (q.failed == DDB_OK) {
        ddbi_json_key(q.b, "Enabled", strlen("Enabled"));
        ddbi_json_bool(q.b, enabled);
    }
    ddbi_req_close(&q, '}');
    return call(j, &q, &spec, NULL, NULL, err);
}

static ddb_code read_ttl(const ddbi_buf *body, void *arg, ddb_err *err)
{
    static const char *const texts[] = {
        [DDB_TTL_DISABLED] = "DISABLED",
        [DDB_TTL_ENABLING] = "ENABLING",
        [DDB_TTL_ENABLED] = "ENABLED",
        [DDB_TTL_DISABLING] = "DISABLING",
    };
    ddb_ttl_info info = {0};
    char status[16] = "";
    size_t i = 0;
    ddbi_answer a;
    ddb_code code;

    ddbi_answer_begin(&a, body->p, body->n, err);
    while (ddbi_answer_next(&a)) {
        if (!ddbi_answer_is(&a, "TimeToLiveDescription") ||
            !ddbi_answer_enter_object(&a))
            continue;
        while (ddbi_answer_next(&a)) {
            if (ddbi_answer_is(&a, "TimeToLiveStatus"))
                ddbi_answer_text(&a, status, sizeof status);
            else if (ddbi_answer_is(&a, "AttributeName"))
                ddbi_answer_text(&a, info.attribute, sizeof info.attribute);
        }
    }
    if ((code = ddbi_answer_end(&a)) != DDB_OK)
        return code;
    while (i < sizeof texts / sizeof texts[0] && strcmp(texts[i], status) != 0)
        i++;
    if (i == sizeof texts / sizeof texts[0])
        return ddbi_fail(err, DDB_BAD_ANSWER,
                         "the answer has no TimeToLiveStatus that we know");
    info.status = (ddb_ttl_status)i;
    *(ddb_ttl_info *)arg = info;
    return DDB_OK;
}

ddb_code ddb_describe_time_to_live(ddb_client *c, const char *table,
                                   ddb_ttl_info *out, ddb_err *err)
{
    const ddbi_job_spec spec = {.action = "DescribeTimeToLive", .read = 1};
    ddbi_job *j = NULL;
    ddbi_req q;
    ddb_code code = begin(c, &j, &q, 0, err);

    if (code != DDB_OK)
        return code;
    ddbi_req_table(&q, table);
    return call(j, &q, &spec, read_ttl, out, err);
}
