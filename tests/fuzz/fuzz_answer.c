/* SPDX-License-Identifier: MIT */
/*
 * Answers: members are read as what they are, objects as items wherever they
 * can be.  What was read as an item can be written, and is read as the same
 * item again.
 */
#include "fuzz.h"

#include "base/enc.h"
#include "wire/reply.h"

#include <string.h>

static void write_and_read(const ddb_item *it)
{
    ddb_item *again = ddb_item_new(), *copy = ddb_item_copy(it);
    ddbi_json_reader r;
    char *json;
    size_t n;

    MUST(ddb_item_format(it, &json, &n, NULL) == DDB_OK);
    ddbi_json_start(&r, json, n);
    ddbi_json_next(&r);
    MUST(ddbi_read_item(&r, again, NULL) == DDB_OK);
    MUST(ddb_item_equal(it, again) && ddb_item_equal(again, it));
    MUST(ddb_item_equal(it, copy));
    MUST(ddb_item_size(it) == ddb_item_size(again));
    MUST(ddb_item_size(it) == ddb_item_size(copy));
    ddb_item_free(again);
    ddb_item_free(copy);
    ddb_free(json);
}

/* The value that next has found. */
static void read_member(ddbi_answer *a)
{
    ddb_capacity sum = {0};
    ddb_item *it = NULL;
    char text[16];
    int64_t integer;
    double number;
    int yes;

    switch (a->r.token) {
    case DDBI_JSON_OBJECT:
        if (ddbi_answer_is(a, "ConsumedCapacity")) {
            ddbi_answer_consumed(a, &sum);
        } else if (ddbi_answer_is(a, "Responses")) {
            ddbi_answer_enter_object(a);
        } else {
            it = ddb_item_new();
            ddbi_answer_item(a, it);
            if (a->failed == DDB_OK)
                write_and_read(it);
            ddb_item_free(it);
        }
        break;
    case DDBI_JSON_ARRAY:
        ddbi_answer_enter_array(a);
        break;
    case DDBI_JSON_STRING:
        ddbi_answer_text(a, text, sizeof text);
        MUST(ddbi_utf8_valid(text, strlen(text)));
        break;
    case DDBI_JSON_NUMBER:
        if (a->r.text.n % 2)
            ddbi_answer_i64(a, &integer);
        else
            ddbi_answer_double(a, &number);
        break;
    default:
        ddbi_answer_bool(a, &yes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    ddbi_answer a;
    ddb_err err = {0};
    ddb_code code;

    ddbi_answer_begin(&a, data, n, &err);
    while (a.failed == DDB_OK && a.level > 0)
        while (ddbi_answer_next(&a))
            read_member(&a);
    code = ddbi_answer_end(&a);
    MUST(code == err.code);
    MUST(code == DDB_OK || code == DDB_BAD_ANSWER);
    return 0;
}
