/* SPDX-License-Identifier: MIT */
/*
 * DescribeTable, DeleteTable, ListTables, DescribeLimits, DescribeEndpoints.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
 *
 * What the service does behind an answer is done here before it: a table that
 * is answered as DELETING is gone already.
 */
#include "local/local_table.h"

#include "wire/json_write.h"

#include <string.h>

static ddb_code written(ddbi_ask *a)
{
    return a->out->failed ? ddbi_ask_nomem(a) : DDB_OK;
}

static void text_member(ddbi_buf *b, const char *name, ddb_bytes text)
{
    ddbi_json_key(b, name, strlen(name));
    ddbi_json_str(b, text.p, text.n);
}

ddb_code ddbi_do_describe_table(ddbi_ask *a)
{
    const ddbi_table *t;
    ddb_code code = ddbi_table_named(a, a->in->op.table, &t);

    if (code != DDB_OK)
        return code;
    return ddbi_table_describe(a, "Table", t);
}

ddb_code ddbi_do_delete_table(ddbi_ask *a)
{
    const ddbi_table *t;
    ddbi_table shown;
    ddb_code code = ddbi_table_named(a, a->in->op.table, &t);

    if (code != DDB_OK)
        return code;
    if (t->protected)
        return ddbi_refuse_invalid(
            a, "Resource cannot be deleted as it is currently protected "
               "against deletion. Disable deletion protection first.");
    shown = *t;
    shown.status = DDBI_DELETING;
    code = ddbi_table_describe(a, "TableDescription", &shown);
    if (code == DDB_OK)
        code = ddbi_table_drop(a, t);
    return code;
}

ddb_code ddbi_do_list_tables(ddbi_ask *a)
{
    int64_t limit = a->in->limit.present ? a->in->limit.v : DDBI_LIST_TABLES;
    ddb_bytes last = a->in->start_table;
    const ddbi_table *t;
    ddb_code code;

    ddbi_json_open(a->out, '{');
    ddbi_json_key(a->out, "TableNames", 10);
    ddbi_json_open(a->out, '[');
    for (;;) {
        code = ddbi_table_next(a, last, &t);
        if (code != DDB_OK || limit-- == 0)
            break;
        last = t->name;
        ddbi_json_str(a->out, last.p, last.n);
    }
    ddbi_json_close(a->out, ']');
    if (code == DDB_OK)
        text_member(a->out, "LastEvaluatedTableName", last);
    ddbi_json_close(a->out, '}');
    return code == DDB_OK || code == DDB_NOT_FOUND ? written(a) : code;
}

/* The service's defaults, which nothing here enforces. */
ddb_code ddbi_do_describe_limits(ddbi_ask *a)
{
    ddbi_buf_add_str(a->out, "{\"AccountMaxReadCapacityUnits\":80000,"
                             "\"AccountMaxWriteCapacityUnits\":80000,"
                             "\"TableMaxReadCapacityUnits\":40000,"
                             "\"TableMaxWriteCapacityUnits\":40000}");
    return written(a);
}

ddb_code ddbi_do_describe_endpoints(ddbi_ask *a)
{
    const char *address = a->options->address;

    ddbi_buf_add_str(a->out, "{\"Endpoints\":[{");
    text_member(a->out, "Address", ddb_str(address ? address : "localhost"));
    ddbi_buf_add_str(a->out, ",\"CachePeriodInMinutes\":1440}]}");
    return written(a);
}
