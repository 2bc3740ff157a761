/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/alloc.h"
#include "gen.h"
#include "oom.h"
#include "wire/reply.h"

#include <stdio.h>
#include <string.h>

static ddbi_answer a;
static ddb_err err;

static void begin(const char *body)
{
    memset(&err, 0, sizeof err);
    ddbi_answer_begin(&a, body, strlen(body), &err);
}

static const char answer[] =
    "{\"Item\":{\"k\":{\"S\":\"x\"}},\"Count\":5,\"Unknown\":[{\"x\":[1]}],"
    "\"Next\":null,\"Units\":1.5,\"Yes\":true,\"No\":false,"
    "\"Te\\u0078t\":\"a\\tb\",\"List\":[1,2,3],\"Map\":{\"one\":{\"v\":1},"
    "\"two\":{\"v\":2}}}";

START_TEST(members_are_read_by_their_names)
{
    ddb_item *it = ddb_item_new();
    int64_t count = 0, sum = 0, element;
    double units = 0;
    int yes = 0, no = 1, members = 0;
    char text[8] = "", names[16] = "";

    begin(answer);
    while (ddbi_answer_next(&a)) {
        members++;
        if (ddbi_answer_is(&a, "Item"))
            ddbi_answer_item(&a, it);
        else if (ddbi_answer_is(&a, "Count"))
            ddbi_answer_i64(&a, &count);
        else if (ddbi_answer_is(&a, "Units"))
            ddbi_answer_double(&a, &units);
        else if (ddbi_answer_is(&a, "Yes"))
            ddbi_answer_bool(&a, &yes);
        else if (ddbi_answer_is(&a, "No"))
            ddbi_answer_bool(&a, &no);
        else if (ddbi_answer_is(&a, "Text"))
            ddbi_answer_text(&a, text, sizeof text);
        else if (ddbi_answer_is(&a, "List") && ddbi_answer_enter_array(&a)) {
            while (ddbi_answer_next(&a)) {
                ck_assert_ptr_null(ddbi_answer_name(&a).p);
                ck_assert(!ddbi_answer_is(&a, "Text"));
                ddbi_answer_i64(&a, &element);
                sum += element;
            }
        } else if (ddbi_answer_is(&a, "Map") && ddbi_answer_enter_object(&a)) {
            while (ddbi_answer_next(&a))
                strncat(names, ddbi_answer_name(&a).p, 3);
        }
    }
    ck_assert_int_eq(ddbi_answer_end(&a), DDB_OK);
    ck_assert_int_eq(members, 9); /* all but the one that is null */
    ck_assert_str_eq(ddb_value_bytes(ddb_item_get(it, "k")).p, "x");
    ck_assert_int_eq(count, 5);
    ck_assert(units > 1.4 && units < 1.6);
    ck_assert(yes == 1 && no == 0);
    ck_assert_str_eq(text, "a\tb");
    ck_assert_int_eq(sum, 6);
    ck_assert_str_eq(names, "onetwo");
    ddb_item_free(it);
}
END_TEST

START_TEST(end_reads_what_nobody_wanted)
{
    begin(answer);
    ck_assert_int_eq(ddbi_answer_end(&a), DDB_OK);
    begin(answer);
    ddbi_answer_next(&a);
    ddbi_answer_next(&a);
    ck_assert_int_eq(ddbi_answer_end(&a), DDB_OK);
    begin("{\"M\":{\"a\":[1,2]},\"b\":3}");
    ddbi_answer_next(&a);
    ck_assert_int_eq(ddbi_answer_enter_object(&a), 1);
    ddbi_answer_next(&a);
    ck_assert_int_eq(ddbi_answer_enter_array(&a), 1);
    ck_assert_int_eq(ddbi_answer_end(&a), DDB_OK);
    ck_assert_int_eq(ddbi_answer_next(&a), 0);
}
END_TEST

START_TEST(texts_are_copied_into_an_arena)
{
    ddbi_arena arena = {0};
    ddb_bytes text;

    begin("{\"T\":\"a\\u0000b\",\"x\":1}");
    ddbi_answer_next(&a);
    text = ddbi_answer_dup(&a, &arena);
    ck_assert_uint_eq(text.n, 3);
    ck_assert_mem_eq(text.p, "a\0b", 4);
    ddbi_answer_next(&a);
    ck_assert_ptr_null(ddbi_answer_dup(&a, &arena).p);
    ck_assert_int_eq(ddbi_answer_end(&a), DDB_BAD_ANSWER);
    ddbi_arena_free(&arena);
}
END_TEST

static const struct {
    const char *body, *message;
} wrong[] = {
    {"", "the answer is wrong JSON: the text ends too early, at byte 0"},
    {"[]", "the answer is no JSON object"},
    {"\"x\"", "the answer is no JSON object"},
    {"null", "the answer is no JSON object"},
    {"<html>", "the answer is wrong JSON: a value was expected, at byte 0"},
    {"{\"a\":1",
     "the answer is wrong JSON: the text ends too early, at byte 6"},
    {"{\"a\":1}x",
     "the answer is wrong JSON: something follows the value, at byte 7"},
    {"{\"a\":{\"b\":[1,}}",
     "the answer is wrong JSON: a value was expected, at byte 13"},
    {"{\"a\":nul}",
     "the answer is wrong JSON: a value was expected, at byte 5"},
};

START_TEST(says_what_is_wrong_with_an_answer)
{
    begin(wrong[_i].body);
    while (ddbi_answer_next(&a))
        ck_assert_int_eq(a.failed, DDB_OK);
    ck_assert_int_eq(ddbi_answer_end(&a), DDB_BAD_ANSWER);
    ck_assert_int_eq(err.code, DDB_BAD_ANSWER);
    ck_assert_str_eq(err.message, wrong[_i].message);
}
END_TEST

/* Take the member that next has found; 0 to 8. */
static const char *take(int kind, ddb_item *it, ddbi_arena *arena)
{
    int64_t integer;
    double number;
    int yes;
    char text[4];

    switch (kind) {
    case 0:
        ddbi_answer_item(&a, it);
        return "item";
    case 1:
        ddbi_answer_i64(&a, &integer);
        return "integer";
    case 2:
        ddbi_answer_double(&a, &number);
        return "number";
    case 3:
        ddbi_answer_bool(&a, &yes);
        return "boolean";
    case 4:
        ddbi_answer_text(&a, text, sizeof text);
        return "string";
    case 5:
        ddbi_answer_dup(&a, arena);
        return "string";
    case 6:
        ck_assert_int_eq(ddbi_answer_enter_object(&a), a.failed == DDB_OK);
        return "object";
    case 7:
        ck_assert_int_eq(ddbi_answer_enter_array(&a), a.failed == DDB_OK);
        return "array";
    default:
        ddbi_answer_consumed(&a, NULL);
        return "object";
    }
}

START_TEST(no_type_is_taken_for_another)
{
    static const char *const values[] = {"{}",   "7",     "1.5",
                                         "true", "\"x\"", "[]"};
    /* Which of the values each kind takes. */
    static const char *const good[] = {"{}",    "7",  "7 1.5", "true", "\"x\"",
                                       "\"x\"", "{}", "[]",    "{} []"};
    ddb_item *it = ddb_item_new();
    ddbi_arena arena = {0};

    for (int v = 0; v < ROWS(values); v++) {
        char body[64], message[64];
        const char *what;
        int fits = strstr(good[_i], values[v]) != NULL;

        snprintf(body, sizeof body, "{\"Member\":%s,\"Next\":0}", values[v]);
        begin(body);
        ck_assert_int_eq(ddbi_answer_next(&a), 1);
        what = take(_i, it, &arena);
        ck_assert_int_eq(a.failed, fits ? DDB_OK : DDB_BAD_ANSWER);
        snprintf(message, sizeof message, "Member in the answer is no %s",
                 what);
        ck_assert_str_eq(err.message, fits ? "" : message);
        ck_assert_int_eq(ddbi_answer_end(&a), a.failed);
        ck_assert_int_eq(ddbi_answer_next(&a), 0);
        /* It has failed: everything else does nothing. */
        if (!fits)
            take((_i + 1) % 9, it, &arena);
        ck_assert_str_eq(err.message, fits ? "" : message);
    }
    ddbi_arena_free(&arena);
    ddb_item_free(it);
}
END_TEST

START_TEST(an_element_of_the_wrong_type_has_no_name)
{
    int64_t n;

    begin("{\"L\":[\"x\"]}");
    ddbi_answer_next(&a);
    ddbi_answer_enter_array(&a);
    ddbi_answer_next(&a);
    ddbi_answer_i64(&a, &n);
    ck_assert_int_eq(ddbi_answer_end(&a), DDB_BAD_ANSWER);
    ck_assert_str_eq(err.message, "an element in the answer is no integer");
}
END_TEST

START_TEST(a_number_that_does_not_fit_is_none)
{
    double number;

    begin("{\"U\":1e999}");
    ddbi_answer_next(&a);
    ddbi_answer_double(&a, &number);
    ck_assert_int_eq(ddbi_answer_end(&a), DDB_BAD_ANSWER);
    ck_assert_str_eq(err.message, "U in the answer is no number");
}
END_TEST

START_TEST(a_long_name_is_shown_in_part)
{
    int64_t n;
    char body[200];

    snprintf(body, sizeof body, "{\"%0*d\":{}}", 100, 0);
    begin(body);
    ddbi_answer_next(&a);
    ddbi_answer_i64(&a, &n);
    ck_assert_int_eq(ddbi_answer_end(&a), DDB_BAD_ANSWER);
    ck_assert_uint_eq(strspn(err.message, "0"), 64);
}
END_TEST

START_TEST(what_is_taken_is_gone)
{
    int64_t n;

    begin("{\"N\":1}");
    ddbi_answer_next(&a);
    ddbi_answer_i64(&a, &n);
    ddbi_answer_i64(&a, &n);
    ck_assert_int_eq(ddbi_answer_end(&a), DDB_BAD_ANSWER);
}
END_TEST

START_TEST(no_err_is_fine)
{
    ddbi_answer_begin(&a, "{\"N\":1}", 7, NULL);
    ddbi_answer_next(&a);
    ck_assert_int_eq(ddbi_answer_enter_array(&a), 0);
    ck_assert_int_eq(ddbi_answer_end(&a), DDB_BAD_ANSWER);
}
END_TEST

/* ---- Consumed capacity -------------------------------------------------- */

static const struct {
    const char *json;
    ddb_code code;
    double units, table, index;
} capacities[] = {
    {"{\"TableName\":\"t\",\"CapacityUnits\":1.5}", DDB_OK, 1.5, 0, 0},
    {"{\"CapacityUnits\":3,\"Table\":{\"CapacityUnits\":1},"
     "\"GlobalSecondaryIndexes\":{\"a\":{\"CapacityUnits\":0.5},"
     "\"b\":{\"CapacityUnits\":0.25}},"
     "\"LocalSecondaryIndexes\":{\"c\":{\"CapacityUnits\":1.25}}}",
     DDB_OK, 3, 1, 2},
    {"[{\"CapacityUnits\":1,\"Table\":{\"CapacityUnits\":1}},"
     "{\"CapacityUnits\":2.5,\"Table\":{\"CapacityUnits\":2.5,"
     "\"ReadCapacityUnits\":2.5}}]",
     DDB_OK, 3.5, 3.5, 0},
    {"[]", DDB_OK, 0, 0, 0},
    {"{}", DDB_OK, 0, 0, 0},
    {"{\"CapacityUnits\":null,\"Table\":null}", DDB_OK, 0, 0, 0},
    {"{\"CapacityUnits\":1,\"Table\":7}", DDB_BAD_ANSWER, 0, 0, 0},
    {"{\"CapacityUnits\":\"1\"}", DDB_BAD_ANSWER, 0, 0, 0},
    {"{\"GlobalSecondaryIndexes\":[]}", DDB_BAD_ANSWER, 0, 0, 0},
    {"{\"GlobalSecondaryIndexes\":{\"a\":1}}", DDB_BAD_ANSWER, 0, 0, 0},
    {"[1]", DDB_BAD_ANSWER, 0, 0, 0},
    {"1", DDB_BAD_ANSWER, 0, 0, 0},
};

static int near(double x, double y)
{
    return x - y < 1e-9 && y - x < 1e-9;
}

START_TEST(capacity_is_added_up)
{
    ddb_capacity sum = {.units = 10, .table_units = 20, .index_units = 30};
    char body[400];

    snprintf(body, sizeof body, "{\"ConsumedCapacity\":%s}",
             capacities[_i].json);
    begin(body);
    ck_assert_int_eq(ddbi_answer_next(&a), 1);
    ddbi_answer_consumed(&a, &sum);
    ck_assert_int_eq(ddbi_answer_end(&a), capacities[_i].code);
    ck_assert(near(sum.units, 10 + capacities[_i].units));
    ck_assert(near(sum.table_units, 20 + capacities[_i].table));
    ck_assert(near(sum.index_units, 30 + capacities[_i].index));
}
END_TEST

/* ---- Errors ------------------------------------------------------------- */

#define V "com.amazonaws.dynamodb.v20120810#"
#define LONG(c) c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c

static const struct {
    const char *body;
    int status;
    const char *header;
    ddb_code code;
    int retryable;
    const char *type, *message;
} errors[] = {
    {"{\"__type\":\"" V "ResourceNotFoundException\",\"message\":\"No table\"}",
     400, NULL, DDB_NO_TABLE, 0, "ResourceNotFoundException", "No table"},
    {"{\"__type\":\"com.amazon.coral.validate#ValidationException\","
     "\"message\":\"bad\"}",
     400, NULL, DDB_VALIDATION, 0, "ValidationException", "bad"},
    {"{\"__type\":\"ThrottlingException:http://x/y#z\",\"message\":\"m\"}", 400,
     NULL, DDB_THROTTLED, 1, "ThrottlingException", "m"},
    {"{\"__type\":\"a#SlowDown,http://x#y\",\"message\":\"m\"}", 400, NULL,
     DDB_THROTTLED, 1, "SlowDown", "m"},
    {"{\"__type\":\"" V "ConditionalCheckFailedException\","
     "\"Item\":{\"k\":{\"S\":\"x\"}},\"message\":\"The conditional request "
     "failed\"}",
     400, NULL, DDB_CONDITION_FAILED, 0, "ConditionalCheckFailedException",
     "The conditional request failed"},
    {"{\"Message\":\"M\",\"Code\":\"AccessDeniedException\"}", 400, NULL,
     DDB_ACCESS_DENIED, 0, "AccessDeniedException", "M"},
    {"{\"message\":\"m\",\"Message\":\"M\",\"code\":\"x#SlowDown\","
     "\"__type\":\"ExpiredTokenException\"}",
     400, NULL, DDB_CREDENTIALS, 0, "ExpiredTokenException", "m"},
    {"{\"Message\":\"M\",\"message\":\"m\",\"CODE\":\"SlowDown\"}", 400, NULL,
     DDB_THROTTLED, 1, "SlowDown", "m"},
    {"{}", 400, "InternalServerError:http://x", DDB_UNAVAILABLE, 1,
     "InternalServerError",
     "the service says InternalServerError, without a message"},
    {"", 500, "", DDB_UNAVAILABLE, 1, "", "HTTP status 500, without a message"},
    {"", 503, NULL, DDB_UNAVAILABLE, 1, "",
     "HTTP status 503, without a message"},
    {"", 413, NULL, DDB_VALIDATION, 0, "",
     "HTTP status 413, without a message"},
    {"", 429, NULL, DDB_THROTTLED, 1, "", "HTTP status 429, without a message"},
    {"", 505, NULL, DDB_UNAVAILABLE, 0, "",
     "HTTP status 505, without a message"},
    {"<html>502 Bad Gateway</html>", 502, NULL, DDB_UNAVAILABLE, 1, "",
     "HTTP status 502, without a message"},
    {"<UnknownOperationException/>\n", 400, NULL, DDB_SERVICE, 0, "",
     "HTTP status 400, without a message"},
    {"[]", 301, NULL, DDB_SERVICE, 0, "", "HTTP status 301, without a message"},
    {"{\"__type\":7,\"code\":503,\"message\":{\"x\":1}}", 400, "SlowDown",
     DDB_THROTTLED, 1, "SlowDown",
     "the service says SlowDown, without a message"},
    {"{\"__type\":\"\",\"message\":\"\"}", 400, "#", DDB_SERVICE, 0, "",
     "HTTP status 400, without a message"},
    {"{\"__type\":\"NewException\",\"message\":\"m\"}", 400, NULL, DDB_SERVICE,
     0, "NewException", "m"},
    {"{\"__type\":\"NewException\",\"message\":\"m\"}", 503, NULL,
     DDB_UNAVAILABLE, 1, "NewException", "m"},
    {"{\"__type\":\"" V "ValidationException\",\"message\":\"Item size has "
     "exceeded the maximum allowed size\"}",
     400, NULL, DDB_TOO_LARGE, 0, "ValidationException",
     "Item size has exceeded the maximum allowed size"},
    {"{\"__type\":\"" V "ValidationException\",\"message\":\"Item size to "
     "update has exceeded the maximum allowed size\"}",
     400, NULL, DDB_TOO_LARGE, 0, "ValidationException",
     "Item size to update has exceeded the maximum allowed size"},
    {"{\"__type\":\"SlowDown\",\"message\":\"Item size has exceeded the "
     "maximum allowed size\"}",
     400, NULL, DDB_THROTTLED, 1, "SlowDown",
     "Item size has exceeded the maximum allowed size"},
    {"{\"__type\":\"SlowDown\",\"message\":\"a\\nb\\tc\\u0007d\\u0085e\"}", 400,
     NULL, DDB_THROTTLED, 1, "SlowDown", "a b c d  e"},
    {"{\"__type\":\"SlowDown\",\"message\":\"Too fast\",\"ThrottlingReasons\":"
     "[{\"resource\":\"arn\",\"reason\":\"TableReadKeyRangeThroughput"
     "Exceeded\"},{\"reason\":\"Second\"}]}",
     400, NULL, DDB_THROTTLED, 1, "SlowDown",
     "Too fast (TableReadKeyRangeThroughputExceeded)"},
    {"{\"throttlingReasons\":[{\"reason\":\"R\"}],\"__type\":\"SlowDown\","
     "\"message\":\"m\"}",
     400, NULL, DDB_THROTTLED, 1, "SlowDown", "m (R)"},
    {"{\"__type\":\"SlowDown\",\"message\":\"m\",\"ThrottlingReasons\":[7,"
     "{\"reason\":\"R\"}]}",
     400, NULL, DDB_THROTTLED, 1, "SlowDown", "m"},
    {"{\"__type\":\"SlowDown\",\"message\":\"m\",\"ThrottlingReasons\":{}}",
     400, NULL, DDB_THROTTLED, 1, "SlowDown", "m"},
    {"{\"__type\":\"SlowDown\",\"message\":\"m\",\"ThrottlingReasons\":"
     "[{\"reason\":1}]}",
     400, NULL, DDB_THROTTLED, 1, "SlowDown", "m"},
    {"{\"__type\":\"SlowDown\",\"ThrottlingReasons\":[{\"reason\":\"R\"}]}",
     400, NULL, DDB_THROTTLED, 1, "SlowDown",
     "the service says SlowDown, without a message"},
    /* Cut short: what came is used. */
    {"{\"__type\":\"SlowDown\",\"message\":\"m\",\"x", 400, NULL, DDB_THROTTLED,
     1, "SlowDown", "m"},
    {"{\"__type\":\"Odd Name\\u0000<b>\",\"message\":\"m\"}", 400, NULL,
     DDB_SERVICE, 0, "Odd", "m"},
    {"{\"__type\":\"" LONG("Long") "\",\"message\":\"m\"}", 400, NULL,
     DDB_SERVICE, 0,
     "LongLongLongLongLongLongLongLongLongLongLongLongLongLongLongLon", "m"},
    {"{\"\\u005f_type\":\"SlowDown\",\"messag\\u0065\":\"m\"}", 400, NULL,
     DDB_THROTTLED, 1, "SlowDown", "m"},
};

START_TEST(errors_are_told_apart)
{
    const ddbi_exception *row = NULL;
    const char *text = errors[_i].body;
    ddb_err e = {.maybe_applied = 1, .request_id = "ID"};
    ddb_code code = ddbi_read_error(text, strlen(text), errors[_i].status,
                                    errors[_i].header, &e, &row);

    ck_assert_int_eq(code, errors[_i].code);
    ck_assert_int_eq(e.code, code);
    ck_assert_int_eq(e.retryable, errors[_i].retryable);
    ck_assert_int_eq(e.http_status, errors[_i].status);
    ck_assert_str_eq(e.type, errors[_i].type);
    ck_assert_str_eq(e.message, errors[_i].message);
    ck_assert_ptr_eq(row, ddbi_exception_find(e.type, errors[_i].status));
    ck_assert_int_eq(e.maybe_applied, 1);
    ck_assert_str_eq(e.request_id, "ID");
    ck_assert_int_eq(ddbi_read_error(text, strlen(text), errors[_i].status,
                                     errors[_i].header, NULL, NULL),
                     code);
}
END_TEST

START_TEST(a_later_error_replaces_the_message)
{
    ddb_err e = {0};

    ddbi_read_error("{\"__type\":\"SlowDown\",\"message\":\"first\"}", 41, 400,
                    NULL, &e, NULL);
    ddbi_read_error("", 0, 503, NULL, &e, NULL);
    ck_assert_int_eq(e.code, DDB_UNAVAILABLE);
    ck_assert_str_eq(e.type, "");
    ck_assert_str_eq(e.message, "HTTP status 503, without a message");
}
END_TEST

START_TEST(a_long_message_is_cut_at_a_character)
{
    for (int reason = 0; reason < 2; reason++) {
        char text[1000];
        ddb_err e = {0};
        int n = snprintf(text, sizeof text,
                         "{\"__type\":\"SlowDown\",\"message\":\"x%s\"%s}",
                         LONG("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"),
                         reason ? ",\"ThrottlingReasons\":[{\"reason\":"
                                  "\"Because\"}]"
                                : "");

        ddbi_read_error(text, (size_t)n, 400, NULL, &e, NULL);
        if (reason) /* 255 bytes, of which " (Because)" takes 10 */
            ck_assert_str_eq(e.message + 244, " (Because)");
        else /* 1 + 84 * 3 */
            ck_assert_uint_eq(strlen(e.message), 253);
        ck_assert_ptr_null(strchr(e.message, '?'));
    }
}
END_TEST

/* ---- The item in the way ------------------------------------------------ */

static const struct {
    const char *body;
    ddb_code code;
} blocking[] = {
    {"{\"__type\":\"x\",\"Item\":{\"k\":{\"S\":\"x\"}},\"message\":\"m\"}",
     DDB_OK},
    {"{\"__type\":\"x\",\"message\":\"m\"}", DDB_NOT_FOUND},
    {"{\"Item\":null}", DDB_NOT_FOUND},
    {"{\"Item\":7}", DDB_BAD_ANSWER},
    {"{\"Item\":{\"k\":{\"S\":7}}}", DDB_BAD_ANSWER},
    {"{\"Item\":{\"k\":{\"S\":\"x\"}}", DDB_BAD_ANSWER},
    {"", DDB_BAD_ANSWER},
};

START_TEST(the_item_in_the_way_is_read)
{
    ddb_item *it = ddb_item_new();
    const char *text = blocking[_i].body;
    ddb_err e = {0};
    ddb_code code = ddbi_read_blocking_item(text, strlen(text), it, &e);

    ck_assert_int_eq(code, blocking[_i].code);
    ck_assert_int_eq(e.code, code == DDB_NOT_FOUND ? DDB_OK : code);
    if (code == DDB_OK)
        ck_assert_str_eq(ddb_value_bytes(ddb_item_get(it, "k")).p, "x");
    ddb_item_free(it);
}
END_TEST

/* ---- Whatever comes ----------------------------------------------------- */

/* Read everything there is, each member as what it is not too. */
static ddb_code read_all(const char *body, size_t n, rng *r, ddb_err *e)
{
    ddb_capacity sum = {0};
    ddb_item *it = ddb_item_new();
    ddbi_arena arena = {0};

    memset(e, 0, sizeof *e);
    ddbi_answer_begin(&a, body, n, e);
    for (int rounds = 0; rounds < 100; rounds++) {
        if (!ddbi_answer_next(&a))
            continue;
        switch (rng_below(r, 10)) {
        case 0:
            take((int)rng_below(r, 9), it, &arena);
            break;
        case 1:
            ddbi_answer_consumed(&a, &sum);
            break;
        case 2:
            break;
        default:
            if (a.r.token == DDBI_JSON_OBJECT && rng_below(r, 3))
                ddbi_answer_item(&a, it);
            else if (a.r.token == DDBI_JSON_OBJECT)
                ddbi_answer_enter_object(&a);
            else if (a.r.token == DDBI_JSON_ARRAY)
                ddbi_answer_enter_array(&a);
        }
    }
    ddb_item_free(it);
    ddbi_arena_free(&arena);
    return ddbi_answer_end(&a);
}

START_TEST(whatever_comes_is_read_or_refused)
{
    rng r = {(uint64_t)_i + 500};
    int codes[2] = {0, 0};

    for (int i = 0; i < 3000; i++) {
        json_t *tree =
            json_pack("{so,si,s[oo],so}", "Item", gen_tree(&r, 4), "Count", i,
                      "Items", gen_tree(&r, 3), gen_tree(&r, 3),
                      "LastEvaluatedKey", gen_tree(&r, 2));
        char *body = json_dumps(tree, JSON_COMPACT);
        size_t n = strlen(body);
        ddb_err e;
        ddb_code code;

        if (i % 2)
            body[rng_below(&r, (unsigned)n)] = (char)rng_next(&r);
        code = read_all(body, i % 3 ? n : rng_below(&r, (unsigned)n), &r, &e);
        ck_assert(code == DDB_OK || code == DDB_BAD_ANSWER);
        ck_assert_int_eq(e.code, code);
        codes[code != DDB_OK]++;
        ddbi_read_error(body, n, 400, "x", &e, NULL);
        free(body);
        json_decref(tree);
    }
    ck_assert_int_gt(codes[0], 100);
    ck_assert_int_gt(codes[1], 1000);
}
END_TEST

START_TEST(answers_tell_no_memory)
{
    static const char text[] = "{\"T\":\"a text\",\"Item\":{\"a\":{\"L\":["
                               "{\"S\":\"x\"}]}}}";
    ddb_code code = DDB_NOMEM;

    for (long n = 0; code != DDB_OK; n++) {
        ddbi_arena arena = {0}, texts = {0};
        ddb_item *it;

        oom_begin(n);
        it = ddbi_item_in(&arena, 0);
        begin(text);
        ddbi_answer_next(&a);
        ddbi_answer_dup(&a, &texts);
        ddbi_answer_next(&a);
        if (it)
            ddbi_answer_item(&a, it);
        code = it ? ddbi_answer_end(&a) : DDB_NOMEM;
        if (it)
            ck_assert_int_eq(err.code, code);
        ddbi_arena_free(&arena);
        ddbi_arena_free(&texts);
        ck_assert_int_eq(code, oom_end() ? DDB_NOMEM : DDB_OK);
        ck_assert_int_eq(oom_live(), 0);
    }
}
END_TEST

START_TEST(the_item_in_the_way_needs_memory)
{
    const char *text = blocking[0].body;
    ddb_item *it = ddb_item_new();
    ddb_err e = {0};

    oom_begin(0);
    ck_assert_int_eq(ddbi_read_blocking_item(text, strlen(text), it, &e),
                     DDB_NOMEM);
    oom_end();
    ck_assert_int_eq(e.code, DDB_NOMEM);
    ddb_item_free(it);
}
END_TEST

Suite *suite_reply(void)
{
    Suite *s = suite_create("reply");
    TCase *tc = tcase_create("members");

    tcase_add_test(tc, members_are_read_by_their_names);
    tcase_add_test(tc, end_reads_what_nobody_wanted);
    tcase_add_test(tc, texts_are_copied_into_an_arena);
    tcase_add_loop_test(tc, says_what_is_wrong_with_an_answer, 0, ROWS(wrong));
    tcase_add_loop_test(tc, no_type_is_taken_for_another, 0, 9);
    tcase_add_test(tc, an_element_of_the_wrong_type_has_no_name);
    tcase_add_test(tc, a_number_that_does_not_fit_is_none);
    tcase_add_test(tc, a_long_name_is_shown_in_part);
    tcase_add_test(tc, what_is_taken_is_gone);
    tcase_add_test(tc, no_err_is_fine);
    tcase_add_loop_test(tc, capacity_is_added_up, 0, ROWS(capacities));
    suite_add_tcase(s, tc);

    tc = tcase_create("errors");
    tcase_add_loop_test(tc, errors_are_told_apart, 0, ROWS(errors));
    tcase_add_test(tc, a_later_error_replaces_the_message);
    tcase_add_test(tc, a_long_message_is_cut_at_a_character);
    tcase_add_loop_test(tc, the_item_in_the_way_is_read, 0, ROWS(blocking));
    suite_add_tcase(s, tc);

    tc = tcase_create("anything");
    tcase_add_loop_test(tc, whatever_comes_is_read_or_refused, 0, 4);
    tcase_add_test(tc, answers_tell_no_memory);
    tcase_add_test(tc, the_item_in_the_way_needs_memory);
    suite_add_tcase(s, tc);
    return s;
}
