/* SPDX-License-Identifier: MIT */
/*
 * The expressions of one operation: which parameters go together, whether
 * the names and values are well formed, and then each expression in the
 * service's order, with its words.
 *
 * The service looks at names and values as wholes first (their keys, then
 * the values), at the expressions next (update, condition, key condition,
 * filter, projection), and last for what none of them used.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
 */
#include "local/local_item.h"

#include "base/enc.h"

#include <string.h>

/* "A, B" of those that are there. */
static void add_there(ddbi_buf *b, const char *const *names, const int *there,
                      size_t n)
{
    size_t start = b->n;

    for (size_t i = 0; i < n; i++) {
        if (!there[i])
            continue;
        if (b->n > start)
            ddbi_buf_add_str(b, ", ");
        ddbi_buf_add_str(b, names[i]);
    }
}

/* Those of both kinds are told by name; 0: it has not both. */
static int add_mixed(const ddbi_ask *a, ddbi_buf *b)
{
    static const char *const old[] = {"AttributesToGet", "AttributeUpdates",
                                      "Expected", "QueryFilter", "ScanFilter"};
    static const char *const now[] = {
        "ProjectionExpression", "UpdateExpression", "ConditionExpression",
        "FilterExpression", "KeyConditionExpression"};
    const ddbi_in *in = a->in;
    const ddbi_op_in *op = &in->op;
    int query = op->key_condition.p || in->key_conditions.present;
    const int old_there[] = {
        in->attributes_to_get.present, in->attribute_updates.present,
        in->expected.present, in->any_filter.present && query,
        in->any_filter.present && !query};
    const int now_there[] = {op->projection.p != NULL, op->update.p != NULL,
                             op->condition.p != NULL, op->filter.p != NULL,
                             op->key_condition.p != NULL};
    size_t n;

    ddbi_buf_add_str(b, "Non-expression parameters: {");
    n = b->n;
    add_there(b, old, old_there, sizeof old / sizeof *old);
    if (b->n == n)
        return 0;
    ddbi_buf_add_str(b, "} Expression parameters: {");
    n = b->n;
    add_there(b, now, now_there, sizeof now / sizeof *now);
    if (b->n == n)
        return 0;
    ddbi_buf_add_c(b, '}');
    return 1;
}

ddb_code ddbi_op_legacy(ddbi_ask *a)
{
    const char *name = a->in->legacy ? a->in->legacy : a->in->other;
    ddbi_buf b = {0};
    ddb_code code;

    if (!name)
        return DDB_OK;
    if (add_mixed(a, &b))
        code = ddbi_refuse_invalid(
            a,
            "Can not use both expression and non-expression parameters in the "
            "same request: %.*s",
            (int)b.n, b.p);
    else
        code = ddbi_refuse_invalid(
            a, "%s is not supported by the local engine%s", name,
            a->in->legacy ? "; use an expression" : "");
    if (b.failed != DDB_OK)
        code = ddbi_ask_nomem(a);
    ddbi_buf_free(&b);
    return code;
}

ddb_code ddbi_op_together(ddbi_ask *a, const ddbi_op_in *in, int any,
                          const char *without)
{
    if (in->names.present && !any)
        return ddbi_refuse_invalid(a, "ExpressionAttributeNames can only be "
                                      "specified when using expressions");
    if (in->values && without)
        return ddbi_refuse_invalid(a,
                                   "ExpressionAttributeValues can only be "
                                   "specified when using expressions: %s",
                                   without);
    return DDB_OK;
}

/* ---- Names and values --------------------------------------------------- */

static int is_word(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!ddbi_is_digit(p[i]) && !(p[i] >= 'a' && p[i] <= 'z') &&
            !(p[i] >= 'A' && p[i] <= 'Z') && p[i] != '_')
            return 0;
    return n != 0;
}

static int is_placeholder(ddb_bytes key, unsigned char mark)
{
    const unsigned char *p = key.p;

    return key.n > 1 && p[0] == mark && is_word(p + 1, key.n - 1);
}

static ddb_code check_placeholder(ddbi_ask *a, const char *of, ddb_bytes key,
                                  unsigned char mark)
{
    if (key.n > DDBI_MAX_PLACEHOLDER)
        return ddbi_refuse_invalid(
            a,
            "%s contains invalid key: The expression attribute map contains a "
            "key that is too long; size of key: %zu",
            of, key.n);
    if (is_placeholder(key, mark))
        return DDB_OK;
    return ddbi_refuse_invalid(
        a, "%s contains invalid key: Syntax error; key: \"%.*s\"", of,
        (int)key.n, (const char *)key.p);
}

static ddb_code check_sum(ddbi_ask *a, const char *of, size_t sum)
{
    if (sum <= DDBI_MAX_SUBSTITUTIONS)
        return DDB_OK;
    return ddbi_refuse_invalid(a, "%s exceeds max size", of);
}

static ddb_code check_names(ddbi_ask *a, const ddbi_names_in *names)
{
    static const char of[] = "ExpressionAttributeNames";
    ddb_code code;
    size_t sum = 0;

    if (names->present && names->n == 0)
        return ddbi_refuse_invalid(a, "%s must not be empty", of);
    for (uint32_t i = 0; i < names->n; i++)
        sum += names->p[i].name.n + names->p[i].value.n;
    code = check_sum(a, of, sum);
    for (uint32_t i = 0; i < names->n && code == DDB_OK; i++)
        code = check_placeholder(a, of, names->p[i].name, '#');
    for (uint32_t i = 0; i < names->n && code == DDB_OK; i++) {
        size_t n = names->p[i].value.n;

        if (n == 0 || n > DDBI_MAX_ATTRIBUTE_NAME)
            code = ddbi_refuse_invalid(
                a, "%s contains invalid value: %s for key %.*s", of,
                n == 0 ? "Empty attribute name"
                       : "Attribute name is too large, must be less than "
                         "65536 bytes",
                (int)names->p[i].name.n, (const char *)names->p[i].name.p);
    }
    return code;
}

static ddb_code check_values(ddbi_ask *a, ddb_item *values)
{
    static const char of[] = "ExpressionAttributeValues";
    ddb_code code = DDB_OK;

    if (!values)
        return DDB_OK;
    if (values->n == 0)
        return ddbi_refuse_invalid(a, "%s must not be empty", of);
    for (uint32_t i = 0; i < values->n && code == DDB_OK; i++)
        code = check_placeholder(a, of, values->attributes[i].name, ':');
    if (code == DDB_OK)
        code = ddbi_check_values(a, values);
    return code == DDB_OK ? check_sum(a, of, ddb_item_size(values)) : code;
}

ddb_code ddbi_op_judge(ddbi_ask *a, ddbi_op *op, ddb_code code,
                       const char *name)
{
    ddbi_buf *why = &op->scope.why;

    if (code == DDB_INVALID && why->failed == DDB_OK)
        code = ddbi_refuse_invalid(a, "%s%s%s%.*s", name ? "Invalid " : "",
                                   name ? name : "", name ? ": " : "",
                                   (int)why->n, why->p ? why->p : "");
    else if (code != DDB_OK)
        code = ddbi_ask_nomem(a);
    if (code != DDB_OK)
        ddbi_buf_free(why);
    return code;
}

static ddb_code begin(ddbi_ask *a, const ddbi_op_in *in, ddbi_op **out)
{
    ddbi_expr_name *names = NULL;
    ddb_code code = check_names(a, &in->names);
    ddbi_op *op;

    *out = NULL;
    if (code == DDB_OK)
        code = check_values(a, in->values);
    if (code != DDB_OK)
        return code;
    op = ddbi_arena_alloc(a->arena, sizeof *op);
    if (in->names.n)
        names = ddbi_arena_alloc(a->arena, in->names.n * sizeof *names);
    if (!op || (in->names.n && !names))
        return ddbi_ask_nomem(a);
    *op = (ddbi_op){0};
    for (uint32_t i = 0; i < in->names.n; i++)
        names[i] = (ddbi_expr_name){in->names.p[i].name, in->names.p[i].value};
    code =
        ddbi_expr_begin(&op->scope, a->arena, names, in->names.n, in->values);
    *out = op;
    return ddbi_op_judge(a, op, code, NULL);
}

/* ---- All of them -------------------------------------------------------- */

static ddb_code parse_writes(ddbi_ask *a, const ddbi_op_in *in, ddbi_op *op)
{
    ddb_code code = DDB_OK;

    if (in->update.p)
        code = ddbi_op_judge(
            a, op, ddbi_update_parse(&op->scope, in->update, &op->update),
            "UpdateExpression");
    if (code == DDB_OK && in->condition.p)
        code = ddbi_op_judge(
            a, op,
            ddbi_condition_parse(&op->scope, in->condition, &op->condition),
            "ConditionExpression");
    return code;
}

static ddb_code parse_reads(ddbi_ask *a, const ddbi_op_in *in, ddbi_op *op)
{
    ddb_code code = DDB_OK;

    if (in->filter.p)
        code = ddbi_op_judge(
            a, op, ddbi_condition_parse(&op->scope, in->filter, &op->filter),
            "FilterExpression");
    if (code == DDB_OK && in->projection.p)
        code = ddbi_op_judge(
            a, op,
            ddbi_projection_parse(&op->scope, in->projection, &op->projection),
            "ProjectionExpression");
    return code;
}

/* A key condition that can be none is told after all else; its message waits
 * in late. */
static ddb_code parse_key(ddbi_ask *a, const ddbi_op_in *in, ddbi_op *op,
                          ddbi_buf *late)
{
    int whole = 0;
    ddb_code code;

    if (!in->key_condition.p)
        return DDB_OK;
    code = ddbi_key_condition_parse(&op->scope, in->key_condition, &op->key,
                                    &whole);
    if (code != DDB_INVALID || !whole)
        return ddbi_op_judge(a, op, code, "KeyConditionExpression");
    *late = op->scope.why;
    op->scope.why = (ddbi_buf){0};
    return late->failed == DDB_OK ? DDB_OK : ddbi_ask_nomem(a);
}

ddb_code ddbi_op_check(ddbi_ask *a, const ddbi_op_in *in, ddbi_op **out)
{
    ddbi_buf late = {0};
    ddbi_op *op;
    ddb_code code;

    *out = NULL;
    code = begin(a, in, &op);
    if (!op)
        return code;
    if (code == DDB_OK)
        code = parse_writes(a, in, op);
    if (code == DDB_OK)
        code = parse_key(a, in, op, &late);
    if (code == DDB_OK)
        code = parse_reads(a, in, op);
    if (code == DDB_OK)
        code = ddbi_op_judge(a, op, ddbi_expr_end(&op->scope), NULL);
    if (code == DDB_OK && late.n)
        code = ddbi_refuse_invalid(a, "%.*s", (int)late.n, late.p);
    ddbi_buf_free(&late);
    if (code == DDB_OK)
        *out = op;
    return code;
}

/* ---- Conditions --------------------------------------------------------- */

ddb_code ddbi_op_condition(ddbi_ask *a, const ddbi_op_in *in, const ddbi_op *op,
                           const ddbi_stored *old)
{
    ddb_code code;
    int holds;

    if (!op->condition)
        return DDB_OK;
    holds = ddbi_condition_holds(op->condition, old->item, a->arena);
    if (holds < 0)
        return ddbi_ask_nomem(a);
    if (holds)
        return DDB_OK;
    code = ddbi_refuse(a, "ConditionalCheckFailedException",
                       "The conditional request failed");
    if (code == DDB_SERVICE && in->on_failure.n == 7 && old->body.p)
        ddbi_refuse_member(a, "Item", old->body);
    return code;
}

ddb_bytes ddbi_op_message(ddbi_ask *a)
{
    ddb_bytes message = {0};
    ddbi_json_reader r;

    ddbi_json_start(&r, a->refusal.p, a->refusal.n);
    ddbi_json_next(&r);
    while (ddbi_json_next(&r) == DDBI_JSON_KEY) {
        int found = ddbi_json_is(&r, "message");

        ddbi_json_next(&r);
        if (found && r.token == DDBI_JSON_STRING)
            message = ddbi_json_text(&r, a->arena);
        if (ddbi_json_skip(&r))
            break;
    }
    ddbi_buf_clear(&a->refusal);
    return message;
}
