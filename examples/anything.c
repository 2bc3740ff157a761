/* SPDX-License-Identifier: MIT */
/*
 * Any action of the service by its name, JSON in and JSON out.
 *
 *     cc anything.c $(pkg-config --cflags --libs libddb) -o anything
 *     ./anything ListTables
 *     ./anything DescribeTable '{"TableName":"ddb"}'
 */
#include <ddb/ddb.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    ddb_client *c = NULL;
    char *answer = NULL;
    ddb_err err;
    ddb_code code;

    if (argc < 2) {
        fprintf(stderr, "usage: anything ACTION [JSON]\n");
        return 2;
    }
    code = ddb_client_open(NULL, &c, &err);
    if (code == DDB_OK)
        code = ddb_call(c,
                        &(ddb_call_in){.action = argv[1],
                                       .body = argc > 2 ? argv[2] : NULL},
                        &answer, NULL, &err);
    if (answer != NULL) /* of a refusal too: it may tell more */
        printf("%s\n", answer);
    if (code != DDB_OK)
        fprintf(stderr, "anything: %s %s: %s\n", ddb_code_name(code), err.type,
                err.message);
    ddb_free(answer);
    ddb_client_close(c);
    return code != DDB_OK;
}
