/* SPDX-License-Identifier: MIT */
/*
 * GetItem, PutItem, DeleteItem and UpdateItem.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
 *
 * Which of them are sent again after an attempt whose fate is unknown: reads,
 * and puts and deletes without condition, because twice is as good as once.
 * An update adds or appends twice, and a condition that was true the first
 * time fails the second: these are repeated only when the caller says so.
 * Where a repeated write succeeds err->maybe_applied stays set: what came
 * back as the old item may be what the lost attempt had written.
 */
#include "ops/ops.h"

/* The three writes, as one. */
typedef struct {
    const char *action;
    const char *table;
    const ddb_item *subject; /* the item that is put, else the key */
    int is_put;
    const char *update;
    const char *condition;
    const ddb_name *names;
    const ddb_item *values;
    ddb_return return_values;
    ddb_return return_most; /* the last one of the enum that it knows */
    int return_blocking;
    int repeatable;
    int dated;
    ddb_capacity *consumed;
    int timeout_ms;
} item_write;

static const char *const return_names[] = {
    [DDB_RETURN_NONE] = NULL, /* the service's default */
    [DDB_RETURN_ALL_OLD] = "ALL_OLD", [DDB_RETURN_UPDATED_OLD] = "UPDATED_OLD",
    [DDB_RETURN_ALL_NEW] = "ALL_NEW", [DDB_RETURN_UPDATED_NEW] = "UPDATED_NEW",
};

/* The one item of an answer; *out stays NULL when there is none. */
static ddb_code read_item(const ddbi_job *j, const char *member,
                          ddb_capacity *consumed, ddb_item **out, ddb_err *err)
{
    ddb_item *it = NULL;
    ddbi_answer a;
    ddb_code code;

    ddbi_answer_begin(&a, j->reply.body.p, j->reply.body.n, err);
    while (ddbi_answer_next(&a)) {
        if (it == NULL && ddbi_answer_is(&a, member)) {
            if ((it = ddb_item_new()) == NULL)
                return ddbi_nomem(err);
            ddbi_answer_item(&a, it);
        } else if (ddbi_answer_is(&a, "ConsumedCapacity")) {
            ddbi_answer_consumed(&a, consumed);
        }
    }
    code = ddbi_answer_end(&a);
    if (code != DDB_OK) {
        ddb_item_free(it);
        return code;
    }
    *out = it;
    return DDB_OK;
}

/* The item that was in the way.  A condition that failed is DDB_OK here; not
 * to be able to tell of the item is a failure, as no item means none. */
static ddb_code read_blocking(const ddbi_job *j, ddb_item **out, ddb_err *err)
{
    ddb_item *it = ddb_item_new();
    ddb_err trouble = {0};
    ddb_code code;

    if (it == NULL)
        code = ddbi_nomem(&trouble);
    else
        code = ddbi_read_blocking_item(j->reply.body.p, j->reply.body.n, it,
                                       &trouble);
    if (code == DDB_OK) {
        *out = it;
        return DDB_OK;
    }
    ddb_item_free(it);
    if (code == DDB_NOT_FOUND)
        return DDB_OK;
    if (err != NULL)
        *err = trouble;
    return code;
}

static void build_write(ddbi_req *q, const item_write *w, int has_out)
{
    int has_expression = w->condition != NULL || w->update != NULL;

    ddbi_req_check(q, w->timeout_ms, w->names, has_expression, w->values,
                   has_expression);
    if ((unsigned)w->return_values > (unsigned)w->return_most)
        ddbi_req_fail(q, DDB_INVALID, "%s does not know this return_values",
                      w->action);
    if (w->return_blocking && w->condition == NULL)
        ddbi_req_fail(q, DDB_INVALID, "return_blocking without condition");
    if ((w->return_values != DDB_RETURN_NONE || w->return_blocking) && !has_out)
        ddbi_req_fail(q, DDB_INVALID,
                      "return_values or return_blocking, but out is NULL");
    if (q->failed != DDB_OK)
        return;

    ddbi_req_table(q, w->table);
    if (w->is_put)
        ddbi_req_item(q, "Item", w->subject);
    else
        ddbi_req_key(q, "Key", w->subject);
    ddbi_req_expression(q, "UpdateExpression", w->update);
    ddbi_req_expression(q, "ConditionExpression", w->condition);
    ddbi_req_names(q, w->names);
    ddbi_req_values(q, w->values);
    ddbi_req_str(q, "ReturnValues", return_names[w->return_values]);
    if (w->return_blocking)
        ddbi_req_str(q, "ReturnValuesOnConditionCheckFailure", "ALL_OLD");
    ddbi_req_consumed(q, w->consumed);
}

static ddb_code write_item(ddb_client *c, const item_write *w, ddb_item **out,
                           ddb_err *err)
{
    const ddbi_job_spec spec = {
        .action = w->action,
        .repeatable = w->repeatable,
        .dated = w->dated,
        .timeout_ms = w->timeout_ms,
    };
    ddb_item *it = NULL;
    ddbi_job *j = NULL;
    ddb_code code;
    ddbi_req q;

    if (out != NULL)
        *out = NULL;
    if ((code = ddbi_job_begin(c, &j, err)) != DDB_OK)
        return code;
    ddbi_req_begin(&q, &j->body, err);
    build_write(&q, w, out != NULL);
    if ((code = ddbi_req_end(&q)) != DDB_OK)
        goto out;
    code = ddbi_job_run(j, &spec, err);
    if (code == DDB_OK) {
        code = read_item(j, "Attributes", w->consumed, &it, err);
        ddbi_done(j, 1, code, err);
    } else if (code == DDB_CONDITION_FAILED && w->return_blocking) {
        ddb_code trouble = read_blocking(j, &it, err);

        if (trouble != DDB_OK)
            code = ddbi_done(j, 0, trouble, err);
    }
    if (out != NULL)
        *out = it, it = NULL;
out:
    ddb_item_free(it);
    ddbi_job_end(j);
    return code;
}

ddb_code ddb_put_item(ddb_client *c, const ddb_put_item_in *in, ddb_item **out,
                      ddb_err *err)
{
    const item_write w = {
        .action = "PutItem",
        .table = in->table,
        .subject = in->item,
        .is_put = 1,
        .condition = in->condition,
        .names = in->names,
        .values = in->values,
        .return_values = in->return_values,
        .return_most = DDB_RETURN_ALL_OLD,
        .return_blocking = in->return_blocking,
        .repeatable = in->condition == NULL || in->repeatable,
        .dated = in->dated,
        .consumed = in->consumed,
        .timeout_ms = in->timeout_ms,
    };
    return write_item(c, &w, out, err);
}

ddb_code ddb_delete_item(ddb_client *c, const ddb_delete_item_in *in,
                         ddb_item **out, ddb_err *err)
{
    const item_write w = {
        .action = "DeleteItem",
        .table = in->table,
        .subject = in->key,
        .condition = in->condition,
        .names = in->names,
        .values = in->values,
        .return_values = in->return_values,
        .return_most = DDB_RETURN_ALL_OLD,
        .return_blocking = in->return_blocking,
        .repeatable = in->condition == NULL || in->repeatable,
        .dated = in->dated,
        .consumed = in->consumed,
        .timeout_ms = in->timeout_ms,
    };
    return write_item(c, &w, out, err);
}

ddb_code ddb_update_item(ddb_client *c, const ddb_update_item_in *in,
                         ddb_item **out, ddb_err *err)
{
    const item_write w = {
        .action = "UpdateItem",
        .table = in->table,
        .subject = in->key,
        .update = in->update,
        .condition = in->condition,
        .names = in->names,
        .values = in->values,
        .return_values = in->return_values,
        .return_most = DDB_RETURN_UPDATED_NEW,
        .return_blocking = in->return_blocking,
        .repeatable = in->repeatable,
        .dated = in->dated,
        .consumed = in->consumed,
        .timeout_ms = in->timeout_ms,
    };
    return write_item(c, &w, out, err);
}

ddb_code ddb_get_item(ddb_client *c, const ddb_get_item_in *in, ddb_item **out,
                      ddb_err *err)
{
    ddbi_job *j = NULL;
    ddb_code code;
    ddbi_req q;

    *out = NULL;
    if ((code = ddbi_job_begin(c, &j, err)) != DDB_OK)
        return code;
    ddbi_req_begin(&q, &j->body, err);
    ddbi_req_check(&q, in->timeout_ms, in->names, in->projection != NULL, NULL,
                   0);
    ddbi_req_table(&q, in->table);
    ddbi_req_key(&q, "Key", in->key);
    ddbi_req_flag(&q, "ConsistentRead", in->consistent_read);
    ddbi_req_expression(&q, "ProjectionExpression", in->projection);
    ddbi_req_names(&q, in->names);
    ddbi_req_consumed(&q, in->consumed);
    if ((code = ddbi_req_end(&q)) != DDB_OK)
        goto out;
    code = ddbi_job_run(j,
                        &(ddbi_job_spec){.action = "GetItem",
                                         .read = 1,
                                         .timeout_ms = in->timeout_ms},
                        err);
    if (code != DDB_OK)
        goto out;
    code = read_item(j, "Item", in->consumed, out, err);
    /* The service answers {} for an item that is not there. */
    if (code == DDB_OK && *out == NULL)
        code = ddbi_fail(err, DDB_NOT_FOUND, "no such item");
    ddbi_done(j, 0, code, err);
out:
    ddbi_job_end(j);
    return code;
}
