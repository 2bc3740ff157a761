/* SPDX-License-Identifier: MIT */
/*
 * Settings of a device, kept in the store: read one with a default, change
 * it, list them all.
 *
 *     cc settings.c $(pkg-config --cflags --libs libddb) -o settings
 *     ./settings                    list them
 *     ./settings interval           show one
 *     ./settings interval 30        change it
 *
 * The table "ddb" is made if it is missing; region, credentials and endpoint
 * come from the environment, see ddb_client(3).
 */
#include <ddb/kv.h>
#include <stdio.h>

static ddb_code list(ddb_kv *kv, ddb_err *err)
{
    ddb_kv_iter *it = NULL;
    const ddb_kv_entry *e = NULL;
    ddb_code code = ddb_kv_iter_open(kv, NULL, &it, err);

    while (code == DDB_OK && (code = ddb_kv_iter_next(it, &e, err)) == DDB_OK)
        printf("%.*s = %.*s\n", (int)e->key.n, (const char *)e->key.p,
               (int)e->value.n, (const char *)e->value.p);
    ddb_kv_iter_close(it);
    return code == DDB_NOT_FOUND ? DDB_OK : code; /* the end of the list */
}

static ddb_code show(ddb_kv *kv, const char *name, ddb_err *err)
{
    ddb_kv_entry e = {0};
    ddb_code code = ddb_kv_get(kv, ddb_str(name), &e, err);

    if (code == DDB_OK)
        printf("%.*s\n", (int)e.value.n, (const char *)e.value.p);
    else if (code == DDB_NOT_FOUND)
        printf("%s is not set, the default holds\n", name);
    ddb_kv_entry_clear(&e);
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

static ddb_code change(ddb_kv *kv, const char *name, const char *value,
                       ddb_err *err)
{
    return ddb_kv_put(kv, ddb_str(name), ddb_str(value),
                      &(ddb_kv_put_options){.kind = DDB_KV_TEXT}, err);
}

int main(int argc, char **argv)
{
    ddb_kv_options opt = {
        .table = "ddb", .name_space = "settings", .create = 1};
    ddb_client *c = NULL;
    ddb_kv *kv = NULL;
    ddb_err err;
    ddb_code code = ddb_client_open(NULL, &c, &err);

    if (code == DDB_OK)
        code = ddb_kv_open(c, &opt, &kv, &err);
    if (code == DDB_OK)
        code = argc > 2   ? change(kv, argv[1], argv[2], &err)
               : argc > 1 ? show(kv, argv[1], &err)
                          : list(kv, &err);
    if (code != DDB_OK)
        fprintf(stderr, "settings: %s\n", err.message);
    ddb_kv_close(kv);
    ddb_client_close(c);
    return code != DDB_OK;
}
