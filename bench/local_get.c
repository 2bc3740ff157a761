/* SPDX-License-Identifier: MIT */
/*
 * usage: local_get ENDPOINT COUNT
 *
 * What a GetItem of the local engine costs in process: COUNT of them, of a
 * table of 1,000 items that is made first.  Writes the processor time of one
 * in microseconds.
 */
#include <ddb/ddb.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define ITEMS 1000
#define MUST(call)                                                             \
    do {                                                                       \
        if ((call) != DDB_OK)                                                  \
            fail(#call, &err);                                                 \
    } while (0)

static void fail(const char *what, const ddb_err *err)
{
    fprintf(stderr, "local_get: %s: %s\n", what, err->message);
    exit(1);
}

static double microseconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void call(ddb_client *c, const char *action, const char *body)
{
    ddb_err err = {0};
    char *answer = NULL;

    MUST(ddb_call(c, &(ddb_call_in){.action = action, .body = body}, &answer,
                  NULL, &err));
    ddb_free(answer);
}

int main(int argc, char **argv)
{
    ddb_err err = {0};
    ddb_client *c = NULL;
    long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    char body[256];
    double start;

    if (count <= 0)
        return 2;
    MUST(ddb_client_open(&(ddb_options){.endpoint = argv[1]}, &c, &err));
    call(c, "CreateTable",
         "{\"TableName\":\"bench\",\"BillingMode\":\"PAY_PER_REQUEST\","
         "\"KeySchema\":[{\"AttributeName\":\"k\",\"KeyType\":\"HASH\"}],"
         "\"AttributeDefinitions\":[{\"AttributeName\":\"k\","
         "\"AttributeType\":\"S\"}]}");
    for (int i = 0; i < ITEMS; i++) {
        snprintf(body, sizeof body,
                 "{\"TableName\":\"bench\",\"Item\":{\"k\":{\"S\":\"key-%d\"},"
                 "\"v\":{\"S\":\"a value of some size, as they are\"},"
                 "\"n\":{\"N\":\"12345\"}}}",
                 i);
        call(c, "PutItem", body);
    }
    start = microseconds();
    for (long i = 0; i < count; i++) {
        snprintf(
            body, sizeof body,
            "{\"TableName\":\"bench\",\"Key\":{\"k\":{\"S\":\"key-%ld\"}}}",
            i * 7 % ITEMS);
        call(c, "GetItem", body);
    }
    printf("%.1f\n", (microseconds() - start) / (double)count);
    ddb_client_close(c);
    return 0;
}
