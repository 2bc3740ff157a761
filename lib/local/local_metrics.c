/* SPDX-License-Identifier: MIT */
/*
 * ItemCollectionMetrics: how large what shares a partition key is, in a table
 * with local secondary indexes: the items and the indexes' copies of them.
 * The service estimates it between two whole numbers of gigabytes; so is it
 * told here, from what is there.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections
 */
#include "local/local_item.h"

#define GIGABYTE ((int64_t)1 << 30)

int ddbi_has_collections(const ddbi_table *t)
{
    for (uint32_t i = 0; i < t->n_indexes; i++)
        if (t->indexes[i].local)
            return 1;
    return 0;
}

/* Add the bytes of a partition, of the table or of an index. */
static ddb_code measure(ddbi_ask *a, uint32_t id, ddb_bytes partition,
                        int64_t *sum)
{
    ddbi_buf from = {0}, to = {0};
    int64_t rows, bytes = 0;
    ddb_code code;

    ddbi_place_partition(&from, id, partition);
    ddbi_place_partition(&to, id, partition);
    ddbi_place_after(&to);
    if (from.failed || to.failed)
        code = ddbi_ask_nomem(a);
    else
        code =
            ddbi_store_measure(a->store, (ddb_bytes){from.p, from.n},
                               (ddb_bytes){to.p, to.n}, &rows, &bytes, a->err);
    *sum += bytes;
    ddbi_buf_free(&from);
    ddbi_buf_free(&to);
    return code;
}

ddb_code ddbi_metrics_write(ddbi_ask *a, const ddbi_table *t,
                            const ddb_item *key)
{
    const ddbi_key_attribute *pk = &t->self.pk;
    int64_t bytes = 0;
    ddb_bytes partition;
    ddb_code code = ddbi_item_partition(a, &t->self, key, &partition);

    if (code == DDB_OK)
        code = measure(a, t->self.id, partition, &bytes);
    for (uint32_t i = 0; i < t->n_indexes && code == DDB_OK; i++)
        if (t->indexes[i].local)
            code = measure(a, t->indexes[i].id, partition, &bytes);
    if (code != DDB_OK)
        return code;
    ddbi_json_open(a->out, '{');
    ddbi_json_key(a->out, "ItemCollectionKey", 17);
    ddbi_json_open(a->out, '{');
    ddbi_json_key(a->out, pk->name.p, pk->name.n);
    ddbi_write_value(a->out, ddbi_item_find(key, pk->name.p, pk->name.n));
    ddbi_json_close(a->out, '}');
    ddbi_json_key(a->out, "SizeEstimateRangeGB", 19);
    ddbi_json_open(a->out, '[');
    ddbi_json_i64(a->out, bytes / GIGABYTE);
    ddbi_buf_add_str(a->out, ".0");
    ddbi_json_i64(a->out, bytes / GIGABYTE + 1);
    ddbi_buf_add_str(a->out, ".0");
    ddbi_json_close(a->out, ']');
    ddbi_json_close(a->out, '}');
    return DDB_OK;
}
