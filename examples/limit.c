/* SPDX-License-Identifier: MIT */
/*
 * No more than so many in so many seconds, counted over all machines that ask
 * the same table: a number that begins with the first one, to which each of
 * the others adds, and that expires.
 *
 *     cc limit.c $(pkg-config --cflags --libs libddb) -o limit
 *     ./limit mail-to-ada 5 3600 && sendmail ada ...
 *
 * Exit status 0: go on; 1: it was one too many; 2: it could not be found out.
 * The table "ddb" is made if it is missing; region, credentials and endpoint
 * come from the environment, see ddb_client(3).
 */
#include <ddb/kv.h>
#include <stdio.h>
#include <stdlib.h>

/* *nth: which one it is since the first one. */
static ddb_code count(ddb_kv *kv, const char *name, int seconds, int64_t *nth,
                      ddb_err *err)
{
    /* Of the first one alone: what is there keeps its expiry. */
    const ddb_kv_put_options opt = {.ttl = seconds};

    return ddb_kv_increment(kv, ddb_str(name), 1, &opt, nth, err);
}

/* How long it is until the next one may. */
static ddb_code wait_for(ddb_kv *kv, const char *name, int64_t *seconds,
                         ddb_err *err)
{
    ddb_code code = ddb_kv_ttl(kv, ddb_str(name), seconds, err);

    if (code != DDB_NOT_FOUND)
        return code;
    *seconds = 0; /* it has expired meanwhile */
    return DDB_OK;
}

int main(int argc, char **argv)
{
    ddb_kv_options opt = {.table = "ddb", .name_space = "limits", .create = 1};
    const int most = argc > 3 ? atoi(argv[2]) : 0;
    const int seconds = argc > 3 ? atoi(argv[3]) : 0;
    ddb_client *c = NULL;
    ddb_kv *kv = NULL;
    ddb_err err;
    ddb_code code;
    int64_t nth = 0;
    int64_t left = 0;

    if (most < 1 || seconds < 1) {
        fprintf(stderr, "usage: limit NAME MOST SECONDS\n");
        return 2;
    }
    code = ddb_client_open(NULL, &c, &err);
    if (code == DDB_OK)
        code = ddb_kv_open(c, &opt, &kv, &err);
    if (code == DDB_OK)
        code = count(kv, argv[1], seconds, &nth, &err);
    if (code == DDB_OK && nth > most)
        code = wait_for(kv, argv[1], &left, &err);
    if (code != DDB_OK)
        fprintf(stderr, "limit: %s\n", err.message);
    else if (nth <= most)
        printf("%d of %d\n", (int)nth, most);
    else
        printf("no more for %d seconds\n", (int)left);
    ddb_kv_close(kv);
    ddb_client_close(c);
    return code != DDB_OK ? 2 : nth > most;
}
