/* SPDX-License-Identifier: MIT */
/* Items as DynamoDB JSON: what was read and is written again is the same
 * item, and its text the same from then on. */
#include "fuzz.h"

#include <ddb/ddb.h>

#include <string.h>

static void check_item(const ddb_item *it)
{
    char *text = NULL, *again = NULL;
    size_t n = 0, again_n = 0;
    ddb_item *back = NULL, *copy = ddb_item_copy(it);

    MUST(copy && ddb_item_equal(it, copy));
    MUST(ddb_item_size(it) == ddb_item_size(copy));
    MUST(ddb_item_format(it, &text, &n, NULL) == DDB_OK);
    MUST(text[n] == '\0');
    MUST(ddb_item_parse(text, n, &back, NULL) == DDB_OK);
    MUST(ddb_item_equal(it, back));
    MUST(ddb_item_format(back, &again, &again_n, NULL) == DDB_OK);
    MUST(again_n == n && memcmp(text, again, n) == 0);
    ddb_free(text);
    ddb_free(again);
    ddb_item_free(back);
    ddb_item_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    ddb_item *it = NULL;
    ddb_err err = {0};
    ddb_code code = ddb_item_parse((const char *)data, n, &it, &err);

    MUST(err.code == code);
    MUST((code == DDB_OK) == (it != NULL));
    if (it)
        check_item(it);
    else
        MUST(err.message[0]);
    ddb_item_free(it);
    return 0;
}
