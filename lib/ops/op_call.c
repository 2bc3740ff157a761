/* SPDX-License-Identifier: MIT */
/*
 * Any action: JSON text in, JSON text out.
 *
 * The body is read through once before it is sent: what is no JSON object is
 * refused here, and three things in it decide whether the call may be
 * repeated when its answer is lost: a put or a delete with a condition may
 * not; a transaction may, because of its client request token, which the
 * service remembers for ten minutes and which is filled in when it is
 * missing.  An action that is not in the table is taken for one that must
 * not be applied twice.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
 */
#include "base/alloc.h"
#include "base/enc.h"
#include "base/err.h"
#include "ops/ops.h"
#include <string.h>

#define MAX_ACTION 64  /* characters; the longest today has 35 */
#define TOKEN_BYTES 16 /* random; 32 digits of the 36 allowed */

typedef enum {
    ONCE = 0,      /* may be applied once only */
    READ,          /* changes nothing */
    SAFE,          /* applied twice is as good as once */
    UNCONDITIONAL, /* the same, unless it has a condition */
    TOKEN          /* the same, thanks to its token */
} kind;

typedef struct {
    const char *action;
    const char *token; /* the member that makes it idempotent */
    kind kind;
    int slow;    /* too many at once clear in seconds only */
    int nothing; /* answered with no body at all */
} known;

static const known actions[] = {
    {"BatchGetItem", NULL, READ, 0, 0},
    {"BatchWriteItem", NULL, SAFE, 0, 0},
    {"CreateTable", NULL, ONCE, 1, 0},
    {"DeleteItem", NULL, UNCONDITIONAL, 0, 0},
    {"DeleteTable", NULL, ONCE, 1, 0},
    {"DescribeBackup", NULL, READ, 0, 0},
    {"DescribeContinuousBackups", NULL, READ, 0, 0},
    {"DescribeContributorInsights", NULL, READ, 0, 0},
    {"DescribeEndpoints", NULL, READ, 0, 0},
    {"DescribeExport", NULL, READ, 0, 0},
    {"DescribeGlobalTable", NULL, READ, 0, 0},
    {"DescribeGlobalTableSettings", NULL, READ, 0, 0},
    {"DescribeImport", NULL, READ, 0, 0},
    {"DescribeKinesisStreamingDestination", NULL, READ, 0, 0},
    {"DescribeLimits", NULL, READ, 0, 0},
    {"DescribeTable", NULL, READ, 0, 0},
    {"DescribeTableReplicaAutoScaling", NULL, READ, 0, 0},
    {"DescribeTimeToLive", NULL, READ, 0, 0},
    {"ExecuteTransaction", "ClientRequestToken", TOKEN, 0, 0},
    {"ExportTableToPointInTime", "ClientToken", TOKEN, 1, 0},
    {"GetItem", NULL, READ, 0, 0},
    {"GetResourcePolicy", NULL, READ, 0, 0},
    {"ImportTable", "ClientToken", TOKEN, 1, 0},
    {"ListBackups", NULL, READ, 0, 0},
    {"ListContributorInsights", NULL, READ, 0, 0},
    {"ListExports", NULL, READ, 0, 0},
    {"ListGlobalTables", NULL, READ, 0, 0},
    {"ListImports", NULL, READ, 0, 0},
    {"ListTables", NULL, READ, 0, 0},
    {"ListTagsOfResource", NULL, READ, 0, 0},
    {"PutItem", NULL, UNCONDITIONAL, 0, 0},
    {"Query", NULL, READ, 0, 0},
    {"RestoreTableFromBackup", NULL, ONCE, 1, 0},
    {"RestoreTableToPointInTime", NULL, ONCE, 1, 0},
    {"Scan", NULL, READ, 0, 0},
    {"TagResource", NULL, SAFE, 0, 1},
    {"TransactGetItems", NULL, READ, 0, 0},
    {"TransactWriteItems", "ClientRequestToken", TOKEN, 0, 0},
    {"UntagResource", NULL, SAFE, 0, 1},
    {"UpdateTable", NULL, ONCE, 1, 0},
    {"UpdateTimeToLive", NULL, ONCE, 1, 0},
};

static const known *find(const char *action)
{
    static const known unknown = {"", NULL, ONCE, 0, 0};

    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(action, actions[i].action) == 0)
            return &actions[i];
    return &unknown;
}

/* It goes into a header. */
static ddb_code check_action(const char *action, ddb_err *err)
{
    size_t n = 0;

    if (action == NULL)
        return ddbi_fail(err, DDB_INVALID, "the action is missing");
    while (n <= MAX_ACTION && ddbi_is_alnum((unsigned char)action[n]))
        n++;
    if (n == 0 || n > MAX_ACTION || action[n] != 0)
        return ddbi_fail(err, DDB_INVALID,
                         "the action is not 1 to %d letters and digits: %.64s",
                         MAX_ACTION, action);
    return DDB_OK;
}

/* What the body's own members tell. */
typedef struct {
    size_t open; /* bytes up to and with its first brace */
    int members;
    int condition;
    int token;      /* there is one */
    int null_token; /* but it is null: the service takes it for none */
} body_facts;

static void look_at(const known *k, ddbi_json_reader *r, body_facts *facts)
{
    facts->members++;
    if (ddbi_json_is(r, "ConditionExpression") || ddbi_json_is(r, "Expected"))
        facts->condition = 1;
    if (k->token != NULL && ddbi_json_is(r, k->token)) {
        facts->token = 1;
        facts->null_token = ddbi_json_next(r) == DDBI_JSON_NULL;
        ddbi_json_skip(r);
    } else {
        ddbi_json_skip(r);
    }
}

static ddb_code read_body(const known *k, ddb_bytes body, body_facts *facts,
                          ddb_err *err)
{
    ddbi_json_reader r;
    ddbi_json_token token;

    ddbi_json_start(&r, body.p, body.n);
    token = ddbi_json_next(&r);
    facts->open = (size_t)(r.p - r.start);
    if (token == DDBI_JSON_OBJECT)
        while ((token = ddbi_json_next(&r)) == DDBI_JSON_KEY)
            look_at(k, &r, facts);
    if (token == DDBI_JSON_OBJECT_END)
        token = ddbi_json_next(&r);
    if (token == DDBI_JSON_ERROR)
        return ddbi_fail(err, DDB_INVALID, "the body is no JSON: %s, byte %zu",
                         r.why, (size_t)(r.p - r.start));
    if (token != DDBI_JSON_END)
        return ddbi_fail(err, DDB_INVALID, "the body is no JSON object");
    return DDB_OK;
}

static int is_json_object(const ddbi_buf *b)
{
    body_facts facts = {0};

    return b->n > 0 &&
           read_body(find(""), (ddb_bytes){b->p, b->n}, &facts, NULL) == DDB_OK;
}

/* {"TableName":...} becomes {"ClientRequestToken":"...","TableName":...} */
static ddb_code add_token(ddbi_job *j, const char *name,
                          const body_facts *facts, ddb_err *err)
{
    const ddbi_clock *k = ddbi_client_clock(j->client);
    unsigned char random[TOKEN_BYTES];
    char *hex;

    if (k->random(k, random, sizeof random) != 0)
        return ddbi_fail(err, DDB_SYSTEM,
                         "the system gave no randomness for a %s", name);
    ddbi_buf_add_c(&j->body, '"');
    ddbi_buf_add_str(&j->body, name);
    ddbi_buf_add_str(&j->body, "\":\"");
    hex = ddbi_buf_extend(&j->body, 2 * sizeof random);
    if (hex != NULL)
        ddbi_hex(hex, random, sizeof random);
    ddbi_buf_add_str(&j->body, facts->members > 0 ? "\"," : "\"");
    return DDB_OK;
}

static ddb_code build(ddbi_job *j, const known *k, ddb_bytes body,
                      const body_facts *facts, ddb_err *err)
{
    const char *p = body.p;
    ddb_code code = DDB_OK;

    ddbi_buf_add(&j->body, p, facts->open);
    if (k->token != NULL && !facts->token)
        code = add_token(j, k->token, facts, err);
    ddbi_buf_add(&j->body, p + facts->open, body.n - facts->open);
    if (code == DDB_OK && j->body.failed != DDB_OK)
        code = ddbi_nomem(err);
    if (code == DDB_OK && j->body.n > DDBI_MAX_REQUEST)
        code = ddbi_fail(err, DDB_TOO_LARGE,
                         "the body has %zu bytes, a request at most %d",
                         j->body.n, DDBI_MAX_REQUEST);
    return code;
}

static int is_repeatable(const known *k, const body_facts *facts)
{
    switch (k->kind) {
    case READ:
    case SAFE:
        return 1;
    case UNCONDITIONAL:
        return !facts->condition;
    case TOKEN:
        return !facts->null_token;
    case ONCE:
        break;
    }
    return 0;
}

static ddb_code hand_over(ddbi_job *j, char **out, size_t *n, ddb_err *err)
{
    *out = ddbi_buf_take(&j->reply.body, n);
    return *out != NULL ? DDB_OK : ddbi_nomem(err);
}

/* What of the answer is the caller's. */
static ddb_code finish(ddbi_job *j, const known *k, ddb_code code, char **out,
                       size_t *n, ddb_err *err)
{
    const ddbi_reply *r = &j->reply;

    if (code != DDB_OK) {
        if (err->http_status >= 300 && r->code == DDB_OK &&
            is_json_object(&r->body))
            hand_over(j, out, n, NULL);
        return code;
    }
    if (k->nothing && r->body.n == 0) {
        ddbi_buf_add_str(&j->reply.body, "{}");
        code = hand_over(j, out, n, err);
    } else if (!is_json_object(&r->body))
        code = ddbi_fail(err, DDB_BAD_ANSWER, "the answer is no JSON object");
    else
        code = hand_over(j, out, n, err);
    return ddbi_done(j, k->kind != READ, code, err);
}

ddb_code ddb_call(ddb_client *c, const ddb_call_in *in, char **out,
                  size_t *out_n, ddb_err *err)
{
    ddb_bytes body = {in->body, in->body_n};
    body_facts facts = {0};
    ddbi_job *j = NULL;
    const known *k;
    ddb_err own;
    size_t n = 0;
    ddb_code code;

    *out = NULL;
    if (err == NULL)
        err = &own;
    if ((code = ddbi_job_begin(c, &j, err)) != DDB_OK)
        goto out;
    if (in->body == NULL)
        body = ddb_str("{}");
    else if (in->body_n == 0)
        body = ddb_str(in->body);
    if ((code = check_action(in->action, err)) != DDB_OK)
        goto out;
    if (in->timeout_ms < 0) {
        code = ddbi_fail(err, DDB_INVALID, "timeout_ms is negative");
        goto out;
    }
    k = find(in->action);
    if ((code = read_body(k, body, &facts, err)) != DDB_OK ||
        (code = build(j, k, body, &facts, err)) != DDB_OK)
        goto out;
    code = ddbi_job_run(j,
                        &(ddbi_job_spec){.action = in->action,
                                         .read = k->kind == READ,
                                         .repeatable = in->repeatable ||
                                                       is_repeatable(k, &facts),
                                         .timeout_ms = in->timeout_ms,
                                         .slow_throttle = k->slow,
                                         .empty = k->nothing},
                        err);
    code = finish(j, k, code, out, &n, err);
out:
    ddbi_job_end(j);
    if (out_n != NULL)
        *out_n = n;
    return code;
}
