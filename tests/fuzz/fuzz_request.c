/* SPDX-License-Identifier: MIT */
/*
 * Requests to the local engine: an action's name, a newline and a body, of
 * which there may be several with a line of a single dot between them, all
 * for one engine.  Each is answered, with JSON; what cannot be done is
 * refused and never a failure.
 */
#include "fuzz.h"

#include "local/local.h"
#include "wire/json_read.h"

#include <string.h>

static void create_table(ddbi_local *l, ddbi_buf *out)
{
    static const char body[] =
        "{\"TableName\":\"tab\",\"BillingMode\":\"PAY_PER_REQUEST\","
        "\"AttributeDefinitions\":["
        "{\"AttributeName\":\"k\",\"AttributeType\":\"S\"},"
        "{\"AttributeName\":\"r\",\"AttributeType\":\"N\"},"
        "{\"AttributeName\":\"g\",\"AttributeType\":\"B\"}],"
        "\"KeySchema\":[{\"AttributeName\":\"k\",\"KeyType\":\"HASH\"},"
        "{\"AttributeName\":\"r\",\"KeyType\":\"RANGE\"}],"
        "\"GlobalSecondaryIndexes\":[{\"IndexName\":\"idx\","
        "\"Projection\":{\"ProjectionType\":\"ALL\"},"
        "\"KeySchema\":[{\"AttributeName\":\"g\",\"KeyType\":\"HASH\"}]}]}";
    int status;

    MUST(ddbi_local_call(l, "CreateTable", ddb_str(body), &status, out, NULL) ==
         DDB_OK);
    MUST(status == 200);
}

static void must_be_json(const ddbi_buf *out)
{
    ddbi_json_reader r;

    ddbi_json_start(&r, out->p, out->n);
    MUST(ddbi_json_next(&r) == DDBI_JSON_OBJECT);
    MUST(ddbi_json_skip(&r) == 0);
    MUST(ddbi_json_next(&r) == DDBI_JSON_END);
}

static void ask(ddbi_local *l, const char *p, size_t n, ddbi_buf *out)
{
    const char *newline = memchr(p, '\n', n);
    char action[32] = "";
    size_t name = newline != NULL ? (size_t)(newline - p) : n;
    size_t skip = newline != NULL ? name + 1 : n;
    int status;

    memcpy(action, p, name < sizeof action ? name : sizeof action - 1);
    MUST(ddbi_local_call(l, action, (ddb_bytes){p + skip, n - skip}, &status,
                         out, NULL) == DDB_OK);
    MUST(status == 200 || status == 400);
    if (out->n > 0 || status != 200)
        must_be_json(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const ddbi_local_options options = {.path = NULL};
    const char *p = (const char *)data, *end = p + n;
    ddbi_local *l = NULL;
    ddbi_buf out = {0};

    MUST(ddbi_local_open(&options, &l, NULL) == DDB_OK);
    create_table(l, &out);
    while (p < end) {
        const char *dot = p;

        while (dot < end &&
               memcmp(dot, "\n.\n",
                      (size_t)(end - dot) < 3 ? (size_t)(end - dot) : 3) != 0)
            dot++;
        ask(l, p, (size_t)(dot - p), &out);
        p = end - dot > 3 ? dot + 3 : end;
    }
    ddbi_buf_free(&out);
    ddbi_local_close(l, 0);
    return 0;
}
