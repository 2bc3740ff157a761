/* SPDX-License-Identifier: MIT */
/* TagResource, UntagResource, ListTagsOfResource. */
#include "engine.h"
#include "oom.h"
#include "tables.h"
#include "tests.h"

#include <string.h>

#define ARN "arn:aws:dynamodb:local:000000000000:table/tab"
#define RESOURCE "'ResourceArn':'" ARN "'"
#define TAG(key, value) "{'Key':'" key "','Value':'" value "'}"
#define TAGS(list) "{" RESOURCE ",'Tags':[" list "]}"
#define KEYS(list) "{" RESOURCE ",'TagKeys':[" list "]}"

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define X128 X64 X64

static void setup(void)
{
    engine_setup();
    engine_does("CreateTable", PLAIN_TABLE("tab"));
}

static void has(const char *tags)
{
    char want[512];

    snprintf(want, sizeof want, "{'Tags':[%s]}", tags);
    engine_answers("ListTagsOfResource", "{" RESOURCE "}", want);
}

static const struct {
    const char *name;
    const char *action;
    const char *request;
    const char *message;
} refused[] = {
    {"no ARN", "TagResource", "{}", "Invalid TableArn"},
    {"no ARN", "UntagResource", "{}", "Invalid TableArn"},
    {"no ARN", "ListTagsOfResource", "{}", "Invalid TableArn"},
    {"a name", "ListTagsOfResource", "{'ResourceArn':'tab'}",
     "One or more parameter values were invalid: ARNs must start with 'arn:': "
     "tab"},
    {"another service", "ListTagsOfResource",
     "{'ResourceArn':'arn:aws:s3:::bucket'}",
     "One or more parameter values were invalid: Provided Arn is not a "
     "DynamoDB resource arn: arn:aws:s3:::bucket"},
    {"another service's table", "TagResource",
     "{'ResourceArn':'arn:aws:s3:local:000000000000:table/tab','Tags':[" TAG(
         "a", "b") "]}",
     "One or more parameter values were invalid: Provided Arn is not a "
     "DynamoDB resource arn: arn:aws:s3:local:000000000000:table/tab"},
    {"half an ARN", "ListTagsOfResource", "{'ResourceArn':'arn:aws:dyn'}",
     "One or more parameter values were invalid: Provided Arn is not a "
     "DynamoDB resource arn: arn:aws:dyn"},
    {"an index", "TagResource",
     "{'ResourceArn':'" ARN "/index/idx','Tags':[" TAG("a", "b") "]}",
     "One or more parameter values were invalid: Invalid resource arn "
     "provided, only table or stream is accepted. Provided resource arn: " ARN
     "/index/idx"},
    {"a short name", "TagResource",
     "{'ResourceArn':'arn:aws:dynamodb:local:000000000000:table/ab','Tags':["
     "]}",
     "Invalid TableArn: Invalid ResourceArn provided as input "
     "arn:aws:dynamodb:local:000000000000:table/ab"},
    {"no Tags", "TagResource", "{" RESOURCE "}",
     "1 validation error detected: Value null at 'tags' failed to satisfy "
     "constraint: Member must not be null"},
    {"no TagKeys", "UntagResource", "{" RESOURCE "}",
     "1 validation error detected: Value null at 'tagKeys' failed to satisfy "
     "constraint: Member must not be null"},
    {"no tag", "TagResource", TAGS(""),
     "Atleast one Tag needs to be provided as Input."},
    {"no key", "UntagResource", KEYS(""),
     "Atleast one Tag Key needs to be provided as Input."},
    {"nothing in a tag", "TagResource", TAGS("{}"),
     "The Tag Key provided is invalid, Key: null"},
    {"an empty key", "TagResource", TAGS(TAG("", "b")),
     "The Tag Key provided is invalid, Key: "},
    {"a long key", "TagResource", TAGS(TAG(X128 "x", "b")),
     "The Tag Key provided is invalid, Key: " X128 "x"},
    {"no value", "TagResource", TAGS("{'Key':'a'}"),
     "The Tag Value provided is invalid, Value: null"},
    {"a long value", "TagResource", TAGS(TAG("a", X128 X128 "x")),
     "The Tag Value provided is invalid, Value: " X128 X128 "x"},
    {"a sign in a key", "TagResource", TAGS(TAG("a#", "b")),
     "The Tag Key provided is invalid, Key: a#"},
    {"a sign in a value", "TagResource", TAGS(TAG("a", "100%")),
     "The Tag Value provided is invalid, Value: 100%"},
    {"a picture", "TagResource", TAGS(TAG("a", "\xf0\x9f\x94\x91")),
     "The Tag Value provided is invalid, Value: \xf0\x9f\x94\x91"},
    {"a dagger", "TagResource", TAGS(TAG("a", "\xe2\x80\xa0")),
     "The Tag Value provided is invalid, Value: \xe2\x80\xa0"},
    {"a private letter", "TagResource", TAGS(TAG("a", "\xee\x80\x80")),
     "The Tag Value provided is invalid, Value: \xee\x80\x80"},
    {"theirs", "TagResource", TAGS(TAG("good", "b") "," TAG("aws:a", "b")),
     "Tag Key cannot be prefixed with aws:, Key: aws:a"},
    {"a key twice", "TagResource", TAGS(TAG("a", "b") "," TAG("a", "c")),
     "Duplicate Tag Keys provided as input: Duplicate Tag Key found a"},
    {"an empty key to take", "UntagResource", KEYS("'a',''"),
     "The Tag Key provided is invalid, Key: "},
};

START_TEST(refuses_what_is_no_tag_of_a_table)
{
    engine_invalid(refused[_i].action, refused[_i].request,
                   refused[_i].message);
    has("");
}
END_TEST

static const char *const actions[][2] = {
    {"TagResource", ",'Tags':[" TAG("a", "b") "]"},
    {"UntagResource", ",'TagKeys':['a']"},
    {"ListTagsOfResource", ""},
};

START_TEST(names_the_arn_that_is_missing)
{
    const char *arn = "arn:aws:dynamodb:local:000000000000:table/none";
    char request[256], message[256];

    snprintf(request, sizeof request, "{'ResourceArn':'%s'%s}", arn,
             actions[_i][1]);
    snprintf(message, sizeof message,
             "Requested resource not found: ResourceArn: %s not found", arn);
    engine_refuses(actions[_i][0], request, "ResourceNotFoundException",
                   message);
}
END_TEST

START_TEST(sets_and_takes_tags)
{
    engine_answers("TagResource", TAGS(TAG("b", "1") "," TAG("a", "")), "{}");
    has(TAG("b", "1") "," TAG("a", ""));
    engine_does("TagResource", TAGS(TAG("a", "2") "," TAG("c", "3")));
    has(TAG("b", "1") "," TAG("a", "2") "," TAG("c", "3"));
    engine_answers("UntagResource", KEYS("'a','none'"), "{}");
    has(TAG("b", "1") "," TAG("c", "3"));
    engine_does("UntagResource", KEYS("'c','b'"));
    has("");
}
END_TEST

START_TEST(takes_letters_of_any_script)
{
    engine_does(
        "TagResource",
        TAGS(TAG("\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87", "caf\xc3\xa9") "," TAG(
            "a+b-c=d.e_f:g/h@i J9", "\xe8\xa1\xa8")));
    engine_does("TagResource", TAGS(TAG(X128, X128 X128)));
}
END_TEST

/* n tags, from t<from> on. */
static json_t *many(int from, int n)
{
    json_t *body = json_pack("{s:s,s:[]}", "ResourceArn", ARN, "Tags");

    for (int i = 0; i < n; i++)
        json_array_append_new(json_object_get(body, "Tags"),
                              json_pack("{s:o,s:s}", "Key",
                                        json_sprintf("t%d", from + i), "Value",
                                        "v"));
    return body;
}

static const struct {
    int before, from, n;
    int status;
} limits[] = {
    {0, 0, 50, 200},  {0, 0, 51, 400},  {50, 49, 1, 200},
    {50, 0, 50, 200}, {50, 50, 1, 400}, {49, 49, 1, 200},
};

START_TEST(has_fifty_tags_at_most)
{
    json_t *got;

    if (limits[_i].before)
        json_decref(
            engine_ask_tree(200, "TagResource", many(0, limits[_i].before)));
    got = engine_ask_tree(limits[_i].status, "TagResource",
                          many(limits[_i].from, limits[_i].n));
    if (limits[_i].status == 400)
        ck_assert_str_eq(json_string_value(json_object_get(got, "message")),
                         "Number of Tags exceed the current limit for the "
                         "provided ResourceArn");
    json_decref(got);
}
END_TEST

START_TEST(survives_no_memory)
{
    engine_survives_nomem("TagResource", TAGS(TAG("a", "b")));
    engine_survives_nomem("ListTagsOfResource", "{" RESOURCE "}");
    engine_survives_nomem("UntagResource", KEYS("'a'"));
}
END_TEST

Suite *suite_local_tags(void)
{
    Suite *s = suite_create("local_tags");
    TCase *t = tcase_create("tags");

    tcase_add_checked_fixture(t, setup, engine_teardown);
    tcase_add_loop_test(t, refuses_what_is_no_tag_of_a_table, 0, ROWS(refused));
    tcase_add_loop_test(t, names_the_arn_that_is_missing, 0, ROWS(actions));
    tcase_add_test(t, sets_and_takes_tags);
    tcase_add_test(t, takes_letters_of_any_script);
    tcase_add_loop_test(t, has_fifty_tags_at_most, 0, ROWS(limits));
    tcase_add_test(t, survives_no_memory);
    suite_add_tcase(s, t);
    return s;
}
