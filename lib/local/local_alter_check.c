/* SPDX-License-Identifier: MIT */
/*
 * What of an UpdateTable can be refused without a look at the table: that it
 * says nothing, and what does not go together.  The service does one thing at
 * a time.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
 */
#include "local/local_table.h"

#include "base/enc.h"

#define BAD "One or more parameter values were invalid: "
#define SHOW(bytes) (int)(bytes).n, (const char *)(bytes).p

ddb_bytes ddbi_update_name(const ddbi_index_update_in *u)
{
    return u->update   ? u->update->name
           : u->create ? u->create->name
                       : u->delete_->name;
}

static ddb_code check_updates(ddbi_ask *a)
{
    const ddbi_index_update_in *u = a->in->updates;

    for (uint32_t i = 0; i < a->in->n_updates; i++) {
        int actions = !!u[i].create + !!u[i].update + !!u[i].delete_;

        if (actions == 0)
            return ddbi_refuse_invalid(
                a, BAD "One of GlobalSecondaryIndexUpdate.Update, "
                       "GlobalSecondaryIndexUpdate.Create, "
                       "GlobalSecondaryIndexUpdate.Delete must not be null");
        if (actions > 1)
            return ddbi_refuse_invalid(
                a, BAD "Only one global secondary index action is allowed "
                       "per GlobalSecondaryIndexUpdate object");
        for (uint32_t k = 0; k < i && i < DDBI_MOST_INDEXES; k++)
            if (ddbi_equal(ddbi_update_name(&u[k]), ddbi_update_name(&u[i])))
                return ddbi_refuse_invalid(
                    a,
                    BAD "Only one global secondary index update per index is "
                        "allowed simultaneously. Index: %.*s",
                    SHOW(ddbi_update_name(&u[i])));
    }
    return DDB_OK;
}

static int makes_or_takes(const ddbi_in *in)
{
    for (uint32_t i = 0; i < in->n_updates; i++)
        if (in->updates[i].create || in->updates[i].delete_)
            return 1;
    return 0;
}

/* Some changes come alone. */
static ddb_code check_together(ddbi_ask *a)
{
    const ddbi_in *in = a->in;
    int others = in->throughput.present || in->billing.n || in->n_updates;

    if (in->table_class.p && (others || in->deletion_protection))
        return ddbi_refuse_invalid(a, BAD "TableClass modification must be the "
                                          "only operation in the request");
    if (in->deletion_protection && others)
        return ddbi_refuse_invalid(a,
                                   BAD "DeletionProtection modification must "
                                       "be the only operation in the request");
    if (in->throughput.present && makes_or_takes(in))
        return ddbi_refuse_invalid(a, BAD "You cannot create or delete index "
                                          "while updating table IOPS");
    return DDB_OK;
}

ddb_code ddbi_do_update_table_check(ddbi_ask *a)
{
    const ddbi_in *in = a->in;
    ddb_code code;

    if (!in->throughput.present && !in->billing.n && !in->n_updates &&
        !in->deletion_protection && !in->table_class.p && !in->has_stream)
        return ddbi_refuse_invalid(
            a, "At least one of ProvisionedThroughput, BillingMode, "
               "UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
               "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, "
               "ReplicaTransitRoleArn, MultiRegionConsistency, "
               "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput "
               "or TableClass is required");
    if (in->has_updates && in->n_updates == 0)
        return ddbi_refuse_invalid(
            a, BAD "List of GlobalSecondaryIndexUpdates is empty");
    if (ddbi_equal_text(in->billing, "PROVISIONED") && !in->throughput.present)
        return ddbi_refuse_invalid(a, BAD "ProvisionedThroughput must be "
                                          "specified when BillingMode is "
                                          "PROVISIONED");
    if (ddbi_equal_text(in->billing, "PAY_PER_REQUEST") &&
        in->throughput.present)
        return ddbi_refuse_invalid(a, BAD "ProvisionedThroughput cannot be "
                                          "specified when BillingMode is "
                                          "PAY_PER_REQUEST");
    code = ddbi_rule_throughput(a, &in->throughput);
    if (code == DDB_OK)
        code = check_updates(a);
    if (code == DDB_OK)
        code = check_together(a);
    if (code == DDB_OK)
        code = ddbi_rule_stream(a);
    return code == DDB_OK ? ddbi_rule_class(a) : code;
}
