/* SPDX-License-Identifier: MIT */
/*
 * UpdateTimeToLive and DescribeTimeToLive.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
 *
 * Items with a time to live have a row more, ordered by it; switching it on
 * makes these rows of the items that are there, switching it off takes them
 * away.  Either is done at once, where the service takes up to an hour and
 * refuses a second change meanwhile.
 */
#include "local/local_item.h"

#include "base/enc.h"
#include "wire/json_write.h"

#define SHOW(bytes) (int)(bytes).n, (const char *)(bytes).p

static ddb_code refuse_change(ddbi_ask *a, const ddbi_table *t)
{
    int enable = a->in->ttl_enabled == DDBI_TRUE;
    ddb_bytes name = a->in->ttl_attribute;

    if (t->ttl.n && !ddbi_equal(t->ttl, name))
        return ddbi_refuse_invalid(a,
                                   "TimeToLive is active on a different "
                                   "AttributeName: current AttributeName is "
                                   "%.*s",
                                   SHOW(t->ttl));
    if (t->ttl.n && enable)
        return ddbi_refuse_invalid(a, "TimeToLive is already enabled");
    if (!t->ttl.n && !enable)
        return ddbi_refuse_invalid(a, "TimeToLive is already disabled");
    return DDB_OK;
}

/* The rows keep their number when they are gone. */
static ddb_code change(ddbi_ask *a, ddbi_table *t)
{
    ddb_code code = DDB_OK;

    if (a->in->ttl_enabled != DDBI_TRUE) {
        t->ttl = (ddb_bytes){0};
        code = ddbi_table_clear(a, t->ttl_id);
    } else {
        t->ttl = a->in->ttl_attribute;
        if (!t->ttl_id)
            code = ddbi_table_number(a, &t->ttl_id);
        if (code == DDB_OK)
            code = ddbi_fill_expiry(a, t);
    }
    return code == DDB_OK ? ddbi_table_save(a, t) : code;
}

ddb_code ddbi_do_update_ttl(ddbi_ask *a)
{
    const ddbi_table *old;
    ddbi_table t;
    ddb_code code = ddbi_table_named(a, a->in->op.table, &old);

    if (code == DDB_OK)
        code = refuse_change(a, old);
    if (code != DDB_OK)
        return code;
    t = *old;
    code = change(a, &t);
    if (code != DDB_OK)
        return code;
    ddbi_buf_add_str(a->out, "{\"TimeToLiveSpecification\":{"
                             "\"AttributeName\":");
    ddbi_json_str(a->out, a->in->ttl_attribute.p, a->in->ttl_attribute.n);
    ddbi_json_key(a->out, "Enabled", 7);
    ddbi_json_bool(a->out, a->in->ttl_enabled == DDBI_TRUE);
    ddbi_buf_add_str(a->out, "}}");
    return a->out->failed ? ddbi_ask_nomem(a) : DDB_OK;
}

ddb_code ddbi_do_describe_ttl(ddbi_ask *a)
{
    const ddbi_table *t;
    ddb_code code = ddbi_table_named(a, a->in->op.table, &t);

    if (code != DDB_OK)
        return code;
    ddbi_buf_add_str(a->out, "{\"TimeToLiveDescription\":{");
    if (t->ttl.n) {
        ddbi_json_key(a->out, "AttributeName", 13);
        ddbi_json_str(a->out, t->ttl.p, t->ttl.n);
    }
    ddbi_json_key(a->out, "TimeToLiveStatus", 16);
    ddbi_json_str(a->out, t->ttl.n ? "ENABLED" : "DISABLED", t->ttl.n ? 7 : 8);
    ddbi_buf_add_str(a->out, "}}");
    return a->out->failed ? ddbi_ask_nomem(a) : DDB_OK;
}
