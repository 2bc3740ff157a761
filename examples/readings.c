/* SPDX-License-Identifier: MIT */
/*
 * Readings of sensors in a table of their own: typed operations, a sort key
 * that is a number, a batch, a query by range, a count.
 *
 *     cc readings.c $(pkg-config --cflags --libs libddb) -o readings
 *     ./readings
 */
#include <ddb/ddb.h>
#include <stdio.h>

enum { HOURS = 48 };

/* The table is ours alone: made at the first run, found at the others. */
static ddb_code make_table(ddb_client *c, ddb_err *err)
{
    ddb_create_table_in in = {.table = "readings",
                              .partition_key = {"sensor", DDB_S},
                              .sort_key = {"hour", DDB_N}};
    ddb_code code = ddb_create_table(c, &in, NULL, err);

    if (code != DDB_OK && code != DDB_IN_USE)
        return code;
    return ddb_wait_table_exists(c, "readings", 0, err);
}

/* Two days of temperatures, 25 a request. */
static ddb_code write_readings(ddb_client *c, ddb_err *err)
{
    ddb_table_key key = {"readings", "sensor", "hour"};
    ddb_write writes[HOURS] = {{0}};
    ddb_item *items[HOURS];
    ddb_code code;

    for (int i = 0; i < HOURS; i++) {
        char celsius[16];

        snprintf(celsius, sizeof celsius, "%d.5", 15 + i % 24 / 2);
        items[i] = ddb_item_new();
        ddb_item_set_s(items[i], "sensor", "roof");
        ddb_item_set_i64(items[i], "hour", i);
        ddb_item_set_n(items[i], "celsius", celsius);
        writes[i].table = "readings";
        writes[i].put = items[i];
    }
    code = ddb_batch_write_item(
        c,
        &(ddb_batch_write_in){
            .writes = writes, .n_writes = HOURS, .keys = &key, .n_keys = 1},
        err);
    for (int i = 0; i < HOURS; i++) {
        if (writes[i].left)
            fprintf(stderr, "hour %d was not stored\n", i);
        ddb_item_free(items[i]);
    }
    return code;
}

static ddb_code print_evening(ddb_client *c, ddb_err *err)
{
    ddb_item *values = ddb_item_new();
    ddb_name names[] = {{"#sensor", "sensor"}, {"#hour", "hour"}, {0}};
    ddb_query_in in = {.table = "readings",
                       .key_condition = "#sensor = :roof AND "
                                        "#hour BETWEEN :from AND :to",
                       .names = names,
                       .values = values,
                       .consistent_read = 1};
    ddb_pager *pager = NULL;
    const ddb_item *it = NULL;
    int64_t hour = 0, n = 0;
    ddb_code code;

    ddb_item_set_s(values, ":roof", "roof");
    ddb_item_set_i64(values, ":from", 18);
    ddb_item_set_i64(values, ":to", 23);
    code = ddb_query_open(c, &in, &pager, err);
    while (code == DDB_OK &&
           (code = ddb_pager_next(pager, &it, err)) == DDB_OK) {
        ddb_bytes celsius = ddb_value_bytes(ddb_item_get(it, "celsius"));

        ddb_value_i64(ddb_item_get(it, "hour"), &hour);
        printf("%02d:00  %.*s C\n", (int)hour, (int)celsius.n,
               (const char *)celsius.p);
    }
    ddb_pager_close(pager);
    if (code == DDB_NOT_FOUND) /* the end */
        code = ddb_query_count(c, &in, &n, err);
    if (code == DDB_OK)
        printf("%d readings of that evening\n", (int)n);
    ddb_item_free(values);
    return code;
}

int main(void)
{
    ddb_client *c = NULL;
    ddb_err err;
    ddb_code code = ddb_client_open(NULL, &c, &err);

    if (code == DDB_OK)
        code = make_table(c, &err);
    if (code == DDB_OK)
        code = write_readings(c, &err);
    if (code == DDB_OK)
        code = print_evening(c, &err);
    if (code != DDB_OK)
        fprintf(stderr, "readings: %s: %s\n", ddb_code_name(code), err.message);
    ddb_client_close(c);
    return code != DDB_OK;
}
