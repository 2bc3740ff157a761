/* SPDX-License-Identifier: MIT */
/* What a value may be: refused in the service's words, or stored as the
 * service stores it. */
#include "engine.h"
#include "tables.h"
#include "tests.h"

#include "local/local_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INVALID "One or more parameter values were invalid: "
#define NOT_NUMERIC "The parameter cannot be converted to a numeric value"
#define EMPTY                                                                  \
    "Supplied AttributeValue is empty, must contain exactly one of the "       \
    "supported datatypes"
#define SEVERAL                                                                \
    "Supplied AttributeValue has more than one datatypes set, must contain "   \
    "exactly one of the supported datatypes"
#define OVERFLOW                                                               \
    "Number overflow. Attempting to store a number with magnitude larger "     \
    "than supported range"
#define UNDERFLOW                                                              \
    "Number underflow. Attempting to store a number with magnitude smaller "   \
    "than supported range"
#define DIGITS "Attempting to store more than 38 significant digits in a Number"
#define NINES "99999999999999999999999999999999999999" /* 38 */

static void setup(void)
{
    engine_setup();
    engine_does("CreateTable", PLAIN_TABLE("tab"));
}

static char text[1 << 16];

static const char *put(const char *value)
{
    snprintf(text, sizeof text,
             "{'TableName':'tab','Item':{'k':{'S':'a'},'v':%s}}", value);
    return text;
}

/* ---- Refusals ----------------------------------------------------------- */

static const struct {
    const char *value;
    const char *message;
} refused[] = {
    {"{}", EMPTY},
    {"null", EMPTY},
    {"{'S':null}", EMPTY},
    {"{'X':'a'}", EMPTY},
    {"{'L':[null]}", EMPTY},
    {"{'L':[{'S':'a'},{}]}", EMPTY},
    {"{'M':{'a':null}}", EMPTY},
    {"{'M':{'a':{}}}", EMPTY},
    {"{'S':'a','N':'1'}", SEVERAL},
    {"{'NULL':true,'L':[]}", SEVERAL},
    {"{'S':'a','N':'1','B':'YQ==','BOOL':true,'NULL':true,'L':[],'M':{},"
     "'SS':['a'],'NS':['1'],'BS':['YQ==']}",
     SEVERAL},
    /* What is wrong with one of them is said first. */
    {"{'S':'a','N':'x'}", NOT_NUMERIC ": x"},
    {"{'SS':[],'N':'x'}", NOT_NUMERIC ": x"},
    {"{'M':{'a':{}},'SS':[]}", INVALID "An string set  may not be empty"},
    {"{'L':[{'S':'a','B':''}]}", SEVERAL},
    {"{'NULL':false}",
     INVALID "Null attribute value types must have the value of true"},
    {"{'N':''}", NOT_NUMERIC},
    {"{'N':'a'}", NOT_NUMERIC ": a"},
    {"{'N':' 1'}", NOT_NUMERIC ":  1"},
    {"{'N':'1 '}", NOT_NUMERIC ": 1 "},
    {"{'N':'.'}", NOT_NUMERIC ": ."},
    {"{'N':'-'}", NOT_NUMERIC ": -"},
    {"{'N':'1e'}", NOT_NUMERIC ": 1e"},
    {"{'N':'1.2.3'}", NOT_NUMERIC ": 1.2.3"},
    {"{'N':'0x10'}", NOT_NUMERIC ": 0x10"},
    {"{'N':'NaN'}", NOT_NUMERIC ": NaN"},
    {"{'N':'Infinity'}", NOT_NUMERIC ": Infinity"},
    {"{'N':'1E126'}", OVERFLOW},
    {"{'N':'-1E126'}", OVERFLOW},
    {"{'N':'10e125'}", OVERFLOW},
    {"{'N':'0.1e127'}", OVERFLOW},
    {"{'N':'1e99999999999999999999'}", OVERFLOW},
    {"{'N':'1E-131'}", UNDERFLOW},
    {"{'N':'0.01e-129'}", UNDERFLOW},
    {"{'N':'-1e-99999999999999999999'}", UNDERFLOW},
    {"{'N':'1" NINES "'}", DIGITS},
    {"{'N':'0.1" NINES "'}", DIGITS},
    /* Magnitude comes before digits. */
    {"{'N':'1" NINES "e125'}", OVERFLOW},
    {"{'N':'0.1" NINES "e-140'}", UNDERFLOW},
    {"{'NS':['1','x']}", NOT_NUMERIC ": x"},
    {"{'NS':['1','1e126']}", OVERFLOW},
    {"{'NS':[null]}", NOT_NUMERIC},
    {"{'SS':[null]}", INVALID "A set may not have a null as a member"},
    {"{'SS':[]}", INVALID "An string set  may not be empty"},
    {"{'NS':[]}", INVALID "An number set  may not be empty"},
    {"{'BS':[]}", INVALID "Binary sets should not be empty"},
    {"{'SS':['a','b','a']}",
     INVALID "Input collection [a, b, a] contains duplicates."},
    {"{'SS':['','']}", INVALID "Input collection [, ] contains duplicates."},
    {"{'NS':['1','1.0']}", "Input collection contains duplicates"},
    {"{'NS':['10','1e1']}", "Input collection contains duplicates"},
    {"{'NS':['0','-0']}", "Input collection contains duplicates"},
    {"{'BS':['YQ==','YQ==']}",
     INVALID "Input collection [YQ==, YQ==]of type BS contains duplicates."},
    {"{'L':[{'M':{'a':{'L':[{'SS':[]}]}}}]}",
     INVALID "An string set  may not be empty"},
    {"{'M':{'':{'S':'a'}}}", INVALID "An attribute name may not be empty"},
};

START_TEST(refuses_what_is_no_value)
{
    engine_invalid("PutItem", put(refused[_i].value), refused[_i].message);
}
END_TEST

/* Of expression values and starting keys the service says where it was. */
static const struct {
    const char *value;
    const char *of_values;
    const char *of_start;
} elsewhere[] = {
    {"{}",
     "ExpressionAttributeValues contains invalid value: " EMPTY " for key :v",
     "The provided starting key is invalid: " EMPTY},
    {"{'N':'x'}",
     "ExpressionAttributeValues contains invalid value: " NOT_NUMERIC
     ": x for key :v",
     NOT_NUMERIC ": x"},
    {"{'NS':['1','1']}",
     "ExpressionAttributeValues contains invalid value: Input collection "
     "contains duplicates for key :v",
     "Input collection contains duplicates"},
    {"{'NS':[]}",
     "ExpressionAttributeValues contains invalid value: " INVALID
     "An number set  may not be empty for key :v",
     INVALID "An number set  may not be empty"},
    {"{'SS':[]}",
     "ExpressionAttributeValues contains invalid value: " INVALID
     "An string set  may not be empty for key :v",
     "The provided starting key is invalid: " INVALID
     "An string set  may not be empty"},
};

START_TEST(says_where_it_was)
{
    const char *value = elsewhere[_i].value;

    snprintf(text, sizeof text,
             "{'TableName':'tab','FilterExpression':'a = :v',"
             "'ExpressionAttributeValues':{':v':%s}}",
             value);
    engine_invalid("Scan", text, elsewhere[_i].of_values);
    snprintf(text, sizeof text,
             "{'TableName':'tab','ExclusiveStartKey':{'k':%s}}", value);
    engine_invalid("Scan", text, elsewhere[_i].of_start);
}
END_TEST

/* ---- What is stored ----------------------------------------------------- */

static const struct {
    const char *value;
    const char *stored; /* NULL: the same */
} taken[] = {
    {"{'S':''}", NULL},
    {"{'B':''}", NULL},
    {"{'SS':['']}", NULL},
    {"{'BS':['']}", NULL},
    {"{'L':[]}", NULL},
    {"{'M':{}}", NULL},
    {"{'L':[{'L':[{'M':{'a':{'NULL':true}}}]}]}", NULL},
    {"{'BOOL':'yes'}", "{'BOOL':true}"},
    {"{'BOOL':'False'}", "{'BOOL':false}"},
    {"{'S':'\\u00e4\\ud83d\\ude00\\u0001'}", NULL},
    {"{'S':'a','S':'b'}", "{'S':'b'}"},
    {"{'S':'a','N':null}", "{'S':'a'}"},
    {"{'M':{'a':{'S':'1'},'b':{'S':'2'},'a':{'S':'3'}}}",
     "{'M':{'a':{'S':'3'},'b':{'S':'2'}}}"},
    {"{'N':'0'}", NULL},
    {"{'N':'-0'}", "{'N':'0'}"},
    {"{'N':'00042'}", "{'N':'42'}"},
    {"{'N':'+7'}", "{'N':'7'}"},
    {"{'N':'1.50'}", "{'N':'1.5'}"},
    {"{'N':'.5'}", "{'N':'0.5'}"},
    {"{'N':'5.'}", "{'N':'5'}"},
    {"{'N':'1.5E2'}", "{'N':'150'}"},
    {"{'N':'-1e-3'}", "{'N':'-0.001'}"},
    {"{'N':'" NINES "'}", NULL},
    {"{'N':'" NINES "00000'}", NULL},
    {"{'NS':['2','1.0']}", "{'NS':['2','1']}"},
    {"{'L':[{'N':'01'},{'NS':['02']},{'M':{'a':{'N':'03'}}}]}",
     "{'L':[{'N':'1'},{'NS':['2']},{'M':{'a':{'N':'3'}}}]}"},
};

START_TEST(stores_as_the_service_does)
{
    const char *want = taken[_i].stored ? taken[_i].stored : taken[_i].value;
    char answer[1024];

    engine_does("PutItem", put(taken[_i].value));
    snprintf(answer, sizeof answer, "{'Item':{'k':{'S':'a'},'v':%s}}", want);
    engine_answers("GetItem", "{'TableName':'tab','Key':{'k':{'S':'a'}}}",
                   answer);
}
END_TEST

/* ---- Limits ------------------------------------------------------------- */

/* {"M":{"a":{"M":...{"S":"x"}...}}} with so many maps, or lists. */
static const char *nest(int levels, int lists)
{
    static char value[4096];
    size_t n = 0;

    for (int i = 0; i < levels; i++)
        n += (size_t)snprintf(value + n, sizeof value - n, "%s",
                              lists ? "{'L':[" : "{'M':{'a':");
    n += (size_t)snprintf(value + n, sizeof value - n, "{'S':'x'}");
    for (int i = 0; i < levels; i++)
        n += (size_t)snprintf(value + n, sizeof value - n, "%s",
                              lists ? "]}" : "}}");
    return value;
}

START_TEST(counts_32_levels)
{
    const char *message =
        "Nesting Levels have exceeded supported limits: Attributes in the "
        "item have nested levels beyond supported limit";

    engine_does("PutItem", put(nest(31, _i)));
    engine_invalid("PutItem", put(nest(32, _i)), message);
    engine_invalid("PutItem", put(nest(60, _i)), message);
}
END_TEST

START_TEST(takes_long_names_up_to_a_limit)
{
    char *body = malloc(70000);
    size_t n = 65535;

    ck_assert_ptr_nonnull(body);
    for (int over = 0; over < 2; over++) {
        char *end;

        strcpy(body, "{'TableName':'tab','Item':{'k':{'S':'a'},'");
        end = body + strlen(body);
        memset(end, 'n', n + (size_t)over);
        strcpy(end + n + over, "':{'S':''}}}");
        if (over)
            engine_invalid("PutItem", body,
                           INVALID "Attribute name is too large, must be less "
                                   "than 65536 bytes");
        else
            engine_does("PutItem", body);
    }
    free(body);
}
END_TEST

/* Nothing is quadratic: a hundred thousand elements of a set, of which the
 * last is there twice, are refused at once. */
START_TEST(finds_a_duplicate_in_a_large_set)
{
    const int many = 20000;
    json_t *set = json_array(), *got;
    const char *said;
    char element[16];

    for (int i = 0; i <= many; i++) {
        snprintf(element, sizeof element, "%d", i % many);
        json_array_append_new(set, json_string(element));
    }
    got = engine_ask_tree(400, "PutItem",
                          json_pack("{s:s,s:{s:{s:s},s:{s:o}}}", "TableName",
                                    "tab", "Item", "k", "S", "a", "v", "NS",
                                    set));
    said = json_string_value(json_object_get(got, "message"));
    ck_assert_str_eq(said, "Input collection contains duplicates");
    json_decref(got);
}
END_TEST

/* ---- Showing ------------------------------------------------------------ */

static const struct {
    const char *json;
    const char *shown;
} shown[] = {
    {"{\"v\":{\"S\":\"a\"}}", "{S:a}"},
    {"{\"v\":{\"N\":\"1.5\"}}", "{N:1.5}"},
    {"{\"v\":{\"B\":\"YWI=\"}}", "{B:YWI=}"},
    {"{\"v\":{\"BOOL\":false}}", "{BOOL:false}"},
    {"{\"v\":{\"NULL\":true}}", "{NULL:true}"},
    {"{\"v\":{\"SS\":[\"a\",\"b\"]}}", "{SS:[a, b]}"},
    {"{\"v\":{\"NS\":[\"1\"]}}", "{NS:[1]}"},
    {"{\"v\":{\"BS\":[\"YQ==\",\"Yg==\"]}}", "{BS:[YQ==, Yg==]}"},
    {"{\"v\":{\"L\":[{\"S\":\"a\"},{\"N\":\"1\"}]}}", "{L:[{S:a}, {N:1}]}"},
    {"{\"v\":{\"M\":{\"a\":{\"S\":\"x\"},\"b\":{\"L\":[]}}}}",
     "{M:{a={S:x}, b={L:[]}}}"},
};

START_TEST(shows_a_value)
{
    ddbi_buf b = {0};
    ddb_item *it;

    ck_assert_int_eq(
        ddb_item_parse(shown[_i].json, strlen(shown[_i].json), &it, NULL),
        DDB_OK);
    ddbi_show_value(&b, ddb_item_get(it, "v"));
    ck_assert_str_eq(ddbi_buf_text(&b), shown[_i].shown);
    ddbi_buf_free(&b);
    ddb_item_free(it);
}
END_TEST

Suite *suite_local_value(void)
{
    Suite *s = suite_create("local_value");
    TCase *tc = tcase_create("values"), *plain = tcase_create("showing");

    tcase_add_checked_fixture(tc, setup, engine_teardown);
    tcase_add_loop_test(tc, refuses_what_is_no_value, 0, ROWS(refused));
    tcase_add_loop_test(tc, says_where_it_was, 0, ROWS(elsewhere));
    tcase_add_loop_test(tc, stores_as_the_service_does, 0, ROWS(taken));
    tcase_add_loop_test(tc, counts_32_levels, 0, 2);
    tcase_add_test(tc, takes_long_names_up_to_a_limit);
    tcase_add_test(tc, finds_a_duplicate_in_a_large_set);
    tcase_add_loop_test(plain, shows_a_value, 0, ROWS(shown));
    suite_add_tcase(s, tc);
    suite_add_tcase(s, plain);
    return s;
}
