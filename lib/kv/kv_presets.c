/* SPDX-License-Identifier: MIT */
/*
 * Tables that other programs keep, opened in one call.  What each of them
 * stores is written in ddb_schema(7), and tried with the programs themselves.
 *
 * What they could not read is refused: there is no place for our marks in
 * their tables.
 *
 * https://pypi.org/project/requests-cache/
 * https://pypi.org/project/pynamodb_mate/
 */
#include "kv/kv_impl.h"

#include "base/err.h"

static ddb_code open_as(ddb_client *c, const ddb_kv_options *opt,
                        const ddb_kv_schema *schema, ddb_kv **out, ddb_err *err)
{
    ddb_kv_options with;

    *out = NULL;
    ddbi_err_clear(err);
    if (opt == NULL)
        return ddb_kv_open(c, opt, out, err);
    if (opt->schema != NULL)
        return ddbi_fail(err, DDB_INVALID,
                         "a table of another program has a schema of its own");
    if (opt->shards != 0 || opt->compress || opt->large)
        return ddbi_fail(err, DDB_INVALID,
                         "another program reads neither shards nor compressed "
                         "nor large values");
    with = *opt;
    with.schema = schema;
    return ddb_kv_open(c, &with, out, err);
}

/* Answers are what its serializer makes of them: documents by default, B or S
 * with the others. */
ddb_code ddb_kv_open_requests_cache(ddb_client *c, const ddb_kv_options *opt,
                                    ddb_kv **out, ddb_err *err)
{
    const ddb_kv_schema schema = {
        .key_only = opt != NULL && opt->name_space == NULL, .documents = 1};

    return open_as(c, opt, &schema, out, err);
}

ddb_code ddb_kv_open_pynamodb_mate(ddb_client *c, const ddb_kv_options *opt,
                                   ddb_kv **out, ddb_err *err)
{
    static const ddb_kv_schema schema = {.ttl = "expire",
                                         .updated = "update_ts",
                                         .key_only = 1,
                                         .relative_ttl = 1,
                                         .bytes_only = 1};

    return open_as(c, opt, &schema, out, err);
}
