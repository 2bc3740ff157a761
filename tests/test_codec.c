/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/alloc.h"
#include "base/err.h"
#include "gen.h"
#include "oom.h"
#include "wire/codec.h"

#include <stdio.h>
#include <string.h>

/* As an answer's item; the text is in a block of its exact size, so that a
 * sanitizer sees each byte read behind the end. */
static ddb_code read_answer(const char *json, size_t n, ddb_item *it,
                            ddb_err *err)
{
    char *copy = ddbi_memdup(json, n);
    char *exact = ddbi_malloc(n);
    ddbi_json_reader r;
    ddb_code code;

    memcpy(exact, copy, n);
    ddbi_free(copy);
    ddbi_err_clear(err);
    ddbi_json_start(&r, exact, n);
    ddbi_json_next(&r);
    code = ddbi_read_item(&r, it, err);
    if (code == DDB_OK)
        ck_assert_int_eq(r.token, DDBI_JSON_OBJECT_END);
    ddbi_free(exact);
    return code;
}

static ddb_item *answer(const char *json)
{
    ddb_item *it = ddb_item_new();

    ck_assert_msg(read_answer(json, strlen(json), it, NULL) == DDB_OK, "%s",
                  json);
    return it;
}

/* Read and written again. */
static const struct {
    const char *in, *out; /* NULL: the same */
} texts[] = {
    {"{}", NULL},
    {"{\"a\":{\"S\":\"\"}}", NULL},
    {"{\"a\":{\"S\":\"text\"},\"b\":{\"N\":\"-1.5\"}}", NULL},
    {"{\"\xc3\xa4\":{\"S\":\"\xe2\x82\xac\"}}", NULL},
    {"{\"a\":{\"S\":\"\\u0000\\u20ac\\ud83d\\ude00\\/\\\"\"}}",
     "{\"a\":{\"S\":\"\\u0000\xe2\x82\xac\xf0\x9f\x98\x80/\\\"\"}}"},
    {"{\"\\u0061\\n\":{\"\\u0053\":\"x\"}}", "{\"a\\n\":{\"S\":\"x\"}}"},
    {"{\"a\":{\"\\u0042\\u004f\\u004f\\u004C\":true}}",
     "{\"a\":{\"BOOL\":true}}"},
    {"{\"a\":{\"B\":\"\"}}", NULL},
    {"{\"a\":{\"B\":\"AAH/\"}}", NULL},
    {"{\"a\":{\"B\":\"\\/\\/8=\"}}", "{\"a\":{\"B\":\"//8=\"}}"},
    {"{\"a\":{\"N\":\"1.0\"}}", NULL},
    {"{\"a\":{\"N\":\"1E+125\"}}", NULL},
    {"{\"a\":{\"BOOL\":true},\"b\":{\"BOOL\":false}}", NULL},
    {"{\"a\":{\"NULL\":true}}", NULL},
    {"{\"a\":{\"L\":[]},\"b\":{\"M\":{}}}", NULL},
    {"{\"a\":{\"L\":[{\"L\":[{\"S\":\"x\"}]},{\"M\":{\"b\":{\"N\":\"1\"}}}]},"
     "\"c\":{\"NULL\":true}}",
     NULL},
    {"{\"a\":{\"SS\":[\"x\",\"\"]},\"b\":{\"NS\":[\"1\",\"2\"]},"
     "\"c\":{\"BS\":[\"AA==\",\"\"]}}",
     NULL},
    {" { \"a\" : { \"L\" : [ { \"S\" : \"x\" } , { \"NULL\" : true } ] } } ",
     "{\"a\":{\"L\":[{\"S\":\"x\"},{\"NULL\":true}]}}"},
};

START_TEST(reads_and_writes)
{
    ddb_item *it = answer(texts[_i].in);
    char *out;
    size_t n;

    ck_assert_int_eq(ddb_item_format(it, &out, &n, NULL), DDB_OK);
    ck_assert_str_eq(out, texts[_i].out ? texts[_i].out : texts[_i].in);
    ck_assert_uint_eq(n, strlen(out));
    ddb_free(out);
    ddb_item_free(it);
}
END_TEST

START_TEST(text_and_bytes_end_in_nul)
{
    ddb_item *it = answer("{\"a\":{\"S\":\"a\\u0000b\"},\"b\":{\"B\":\"AAEA\"},"
                          "\"c\":{\"SS\":[\"x\"]},\"d\":{\"B\":\"\"}}");
    ddb_bytes name;

    ck_assert_mem_eq(ddb_value_bytes(ddb_item_get(it, "a")).p, "a\0b", 4);
    ck_assert_mem_eq(ddb_value_bytes(ddb_item_get(it, "b")).p, "\0\1\0", 4);
    ck_assert_str_eq(ddb_value_bytes(ddb_value_at(ddb_item_get(it, "c"), 0)).p,
                     "x");
    ck_assert_str_eq(ddb_value_bytes(ddb_item_at(it, 3, &name)).p, "");
    ck_assert_str_eq(name.p, "d");
    ddb_item_free(it);
}
END_TEST

static const struct {
    const char *json, *why;
} wrong[] = {
    {"", "the text ends too early, at byte 0"},
    {"[]", "an object was expected, at byte 1"},
    {"null", "an object was expected, at byte 4"},
    {"{\"a\":1}", "an attribute value was expected, at byte 6"},
    {"{\"a\":null}", "an attribute value was expected, at byte 9"},
    {"{\"a\":[]}", "an attribute value was expected, at byte 6"},
    {"{\"a\":{}}", "an attribute value without a type, at byte 7"},
    {"{\"a\":{\"s\":\"x\"}}",
     "an attribute value of an unknown type, at byte 13"},
    {"{\"a\":{\"X\":{\"deep\":[1]}}}",
     "an attribute value of an unknown type, at byte 11"},
    {"{\"a\":{\"\":\"x\"}}",
     "an attribute value of an unknown type, at byte 12"},
    {"{\"a\":{\"XS\":[]}}",
     "an attribute value of an unknown type, at byte 12"},
    {"{\"a\":{\"NULLL\":true}}",
     "an attribute value of an unknown type, at byte 18"},
    {"{\"a\":{\"BULL\":true}}",
     "an attribute value of an unknown type, at byte 17"},
    {"{\"a\":{\"\\u0053\\u0053\\u0053\\u0053\\u0053\\u0053\\u0053\\u0053\":1}}",
     "an attribute value of an unknown type, at byte 58"},
    {"{\"a\":{\"S\":\"x\",\"N\":\"1\"}}",
     "an attribute value of two types, at byte 18"},
    {"{\"a\":{\"L\":[],\"M\":{}}}",
     "an attribute value of two types, at byte 17"},
    {"{\"a\":{\"S\":1}}", "a string was expected, at byte 11"},
    {"{\"a\":{\"S\":null}}", "a string was expected, at byte 14"},
    {"{\"a\":{\"N\":1}}", "a string was expected, at byte 11"},
    {"{\"a\":{\"N\":\"\"}}", "wrong number, at byte 12"},
    {"{\"a\":{\"N\":\"one\"}}", "wrong number, at byte 15"},
    {"{\"a\":{\"N\":\" 1\"}}", "wrong number, at byte 14"},
    {"{\"a\":{\"NS\":[\"1\",\"x\"]}}", "wrong number, at byte 19"},
    {"{\"a\":{\"B\":\"A\"}}", "wrong base64, at byte 13"},
    {"{\"a\":{\"B\":\"AAE\"}}", "wrong base64, at byte 15"},
    {"{\"a\":{\"B\":\"AA-_\"}}", "wrong base64, at byte 16"},
    {"{\"a\":{\"BS\":[\"A===\"]}}", "wrong base64, at byte 18"},
    {"{\"a\":{\"BOOL\":1}}", "a boolean was expected, at byte 14"},
    {"{\"a\":{\"BOOL\":\"true\"}}", "a boolean was expected, at byte 19"},
    {"{\"a\":{\"NULL\":false}}", "true was expected, at byte 18"},
    {"{\"a\":{\"NULL\":null}}", "true was expected, at byte 17"},
    {"{\"a\":{\"M\":[]}}", "an object was expected, at byte 11"},
    {"{\"a\":{\"L\":{}}}", "an array was expected, at byte 11"},
    {"{\"a\":{\"L\":[1]}}", "an attribute value was expected, at byte 12"},
    {"{\"a\":{\"L\":[\"x\"]}}", "an attribute value was expected, at byte 14"},
    {"{\"a\":{\"L\":[null]}}", "an attribute value was expected, at byte 15"},
    {"{\"a\":{\"SS\":\"x\"}}", "an array was expected, at byte 14"},
    {"{\"a\":{\"SS\":[1]}}", "a string was expected, at byte 13"},
    {"{\"a\":{\"SS\":[[]]}}", "a string was expected, at byte 13"},
    {"{\"a\":{\"S\":\"x\"},\"a\":{\"S\":\"x\"}}",
     "an attribute that comes twice, at byte 29"},
    {"{\"a\":{\"M\":{\"b\":{\"NULL\":true},\"\\u0062\":{\"NULL\":true}}}}",
     "an attribute that comes twice, at byte 52"},
    {"{\"a\":{\"S\":\"x\"", "the text ends too early, at byte 13"},
    {"{\"a\":{\"L\":[{\"S\":\"x\"}}}", "',' or ']' was expected, at byte 20"},
    {"{\"a\":{\"SS\":[\"x\"}}", "',' or ']' was expected, at byte 15"},
    {"{\"a\" {\"S\":\"x\"}}", "a colon was expected, at byte 5"},
    {"{\"a\":{\"S\":\"\xff\"}}", "the string is not UTF-8, at byte 11"},
};

START_TEST(says_what_is_wrong_and_where)
{
    ddb_item *it = ddb_item_new();
    const char *json = wrong[_i].json;
    ddb_err err;

    ck_assert_int_eq(read_answer(json, strlen(json), it, &err), DDB_BAD_ANSWER);
    ck_assert_int_eq(err.code, DDB_BAD_ANSWER);
    ck_assert_str_eq(err.message + strlen("not an item: "), wrong[_i].why);
    ck_assert_int_eq(read_answer(json, strlen(json), it, NULL), DDB_BAD_ANSWER);
    ddb_item_free(it);
}
END_TEST

/* So many values inside each other, the last one a text. */
static ddb_code read_nested(const char *open, const char *close, int levels)
{
    static char json[4096];
    ddb_item *it = ddb_item_new();
    size_t n = 0;
    ddb_code code;

    n += (size_t)snprintf(json, sizeof json, "{\"a\":");
    for (int i = 1; i < levels; i++)
        n += (size_t)snprintf(json + n, sizeof json - n, "%s", open);
    n += (size_t)snprintf(json + n, sizeof json - n, "{\"S\":\"\"}");
    for (int i = 1; i < levels; i++)
        n += (size_t)snprintf(json + n, sizeof json - n, "%s", close);
    n += (size_t)snprintf(json + n, sizeof json - n, "}");
    code = read_answer(json, n, it, NULL);
    ddb_item_free(it);
    return code;
}

START_TEST(reads_32_levels_and_no_more)
{
    ck_assert_int_eq(read_nested("{\"L\":[", "]}", 32), DDB_OK);
    ck_assert_int_eq(read_nested("{\"L\":[", "]}", 33), DDB_BAD_ANSWER);
    ck_assert_int_eq(read_nested("{\"M\":{\"a\":", "}}", 32), DDB_OK);
    ck_assert_int_eq(read_nested("{\"M\":{\"a\":", "}}", 33), DDB_BAD_ANSWER);
    ck_assert_int_eq(read_nested("{\"L\":[", "]}", 60), DDB_BAD_ANSWER);
}
END_TEST

/* Levels that are open at the end have to be as good as those closed. */
START_TEST(the_32nd_level_may_be_empty)
{
    ddb_item *it = ddb_item_new(), *again;
    ddb_value *list = ddb_item_set_l(it, "a");
    char *json;
    size_t n;

    for (int level = 2; level <= 32; level++)
        list = ddb_list_add_l(list);
    ck_assert_ptr_nonnull(list);
    ck_assert_int_eq(ddb_item_format(it, &json, &n, NULL), DDB_OK);
    ck_assert_int_eq(ddb_item_parse(json, n, &again, NULL), DDB_OK);
    ck_assert_int_eq(ddb_item_equal(it, again), 1);
    ddb_free(json);
    ddb_item_free(it);
    ddb_item_free(again);
}
END_TEST

START_TEST(thousands_of_attributes_are_read)
{
    ddb_item *it = ddb_item_new(), *got = ddb_item_new();
    ddbi_buf b = {0};
    char name[16];

    ddbi_json_open(&b, '{');
    for (unsigned i = 0; i < 50000; i++) {
        int n = snprintf(name, sizeof name, "%x", i * 2654435761u);

        ddbi_json_key(&b, name, (size_t)n);
        ddbi_json_raw(&b, "{\"NULL\":true}", 13);
    }
    ddbi_json_close(&b, '}');
    ck_assert_int_eq(read_answer(b.p, b.n, got, NULL), DDB_OK);
    ck_assert_uint_eq(ddb_item_count(got), 50000);
    ck_assert_ptr_nonnull(ddb_item_get(got, name));
    ck_assert_ptr_null(ddb_item_get(got, "x"));
    /* And once more the first of them. */
    b.n--;
    ddbi_json_raw(&b, "\"0\":{\"NULL\":true}}", 18);
    ddb_item_clear(got);
    ck_assert_int_eq(read_answer(b.p, b.n, got, NULL), DDB_BAD_ANSWER);
    ddbi_buf_free(&b);
    ddb_item_free(it);
    ddb_item_free(got);
}
END_TEST

START_TEST(values_of_400_kb_are_read)
{
    static char large[400 * 1024];
    ddb_item *it = ddb_item_new(), *again;
    char *json;
    size_t n;

    for (int binary = 0; binary < 2; binary++) {
        for (size_t i = 0; i < sizeof large; i++)
            large[i] = (char)(binary ? i * 7 : i % 128);
        if (binary)
            ddb_item_set_b(it, "v", large, sizeof large);
        else
            ddb_item_set_sn(it, "v", large, sizeof large);
        ck_assert_int_eq(ddb_item_format(it, &json, &n, NULL), DDB_OK);
        ck_assert_int_eq(ddb_item_parse(json, n, &again, NULL), DDB_OK);
        ck_assert_uint_eq(ddb_value_bytes(ddb_item_get(again, "v")).n,
                          sizeof large);
        ck_assert_mem_eq(ddb_value_bytes(ddb_item_get(again, "v")).p, large,
                         sizeof large);
        ddb_free(json);
        ddb_item_free(again);
    }
    ddb_item_free(it);
}
END_TEST

START_TEST(the_reader_goes_on_behind_an_item)
{
    static const char json[] = "[{\"a\":{\"N\":\"1\"}},{},{\"b\":{\"L\":[]}}]";
    ddbi_arena arena = {0};
    ddbi_json_reader r;
    size_t attributes = 0;

    ddbi_json_start(&r, json, strlen(json));
    ck_assert_int_eq(ddbi_json_next(&r), DDBI_JSON_ARRAY);
    while (ddbi_json_next(&r) == DDBI_JSON_OBJECT) {
        ddb_item *it = ddbi_item_in(&arena, 0);

        ck_assert_int_eq(ddbi_read_item(&r, it, NULL), DDB_OK);
        attributes += ddb_item_count(it);
    }
    ck_assert_int_eq(ddbi_json_next(&r), DDBI_JSON_END);
    ck_assert_uint_eq(attributes, 2);
    ddbi_arena_free(&arena);
}
END_TEST

/* ---- Against jansson ---------------------------------------------------- */

START_TEST(writes_what_jansson_reads)
{
    rng r = {(uint64_t)_i + 100};

    for (int i = 0; i < 500; i++) {
        json_t *tree = gen_tree(&r, 12), *got;
        ddb_item *it = ddb_item_new();
        char *json;
        size_t n;

        gen_fill(it, tree);
        ck_assert_int_eq(ddb_item_format(it, &json, &n, NULL), DDB_OK);
        got =
            json_loadb(json, n, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(json_equal(tree, got), "%s", json);
        ddb_free(json);
        ddb_item_free(it);
        json_decref(got);
        json_decref(tree);
    }
}
END_TEST

START_TEST(reads_what_jansson_writes)
{
    static const size_t styles[] = {JSON_COMPACT, JSON_ENSURE_ASCII,
                                    JSON_INDENT(3), JSON_ESCAPE_SLASH,
                                    JSON_SORT_KEYS | JSON_ENSURE_ASCII};
    rng r = {(uint64_t)_i + 200};

    for (int i = 0; i < 500; i++) {
        json_t *tree = gen_tree(&r, 12);
        ddb_item *it = ddb_item_new(), *got = ddb_item_new(), *parsed;
        char *json = json_dumps(tree, styles[i % ROWS(styles)]);

        gen_fill(it, tree);
        ck_assert_int_eq(read_answer(json, strlen(json), got, NULL), DDB_OK);
        ck_assert_msg(ddb_item_equal(it, got), "%s", json);
        ck_assert_int_eq(ddb_item_parse(json, strlen(json), &parsed, NULL),
                         DDB_OK);
        ck_assert_msg(ddb_item_equal(it, parsed), "%s", json);
        ck_assert_uint_eq(ddb_item_size(it), ddb_item_size(parsed));
        free(json);
        ddb_item_free(it);
        ddb_item_free(got);
        ddb_item_free(parsed);
        json_decref(tree);
    }
}
END_TEST

/* Cut, flipped, doubled or exchanged somewhere. */
static size_t damage(rng *r, char *json, size_t n)
{
    static const char marks[] = "{}[]:,\"\\SNBML10 \xff";
    size_t at = rng_below(r, (unsigned)n), m = 1 + rng_below(r, 8);

    switch (rng_below(r, 4)) {
    case 0:
        return at;
    case 1:
        json[at] = (char)(json[at] ^ 1 << rng_below(r, 8));
        return n;
    case 2:
        json[at] = marks[rng_below(r, sizeof marks - 1)];
        return n;
    default:
        if (m > n - at)
            m = n - at;
        memmove(json + at, json + at + m, n - at - m);
        return n - m;
    }
}

START_TEST(damaged_items_are_refused_or_right)
{
    rng r = {(uint64_t)_i + 300};
    int refused = 0;

    for (int i = 0; i < 3000; i++) {
        json_t *tree = gen_tree(&r, 6), *got;
        char *json = json_dumps(tree, JSON_COMPACT);
        size_t n = damage(&r, json, strlen(json));
        ddb_item *it = ddb_item_new();
        ddb_err err;
        ddb_code code = read_answer(json, n, it, &err);

        got = json_loadb(json, n,
                         JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES |
                             JSON_DISABLE_EOF_CHECK,
                         NULL);
        ck_assert_int_eq(code, err.code);
        if (code != DDB_OK) {
            ck_assert_int_eq(code, DDB_BAD_ANSWER);
            refused++;
        } else {
            ck_assert_msg(got != NULL, "%.*s", (int)n, json);
            ck_assert_uint_eq(json_object_size(got), ddb_item_count(it));
        }
        ddb_item_free(it);
        json_decref(got);
        json_decref(tree);
        free(json);
    }
    ck_assert_int_gt(refused, 2000);
}
END_TEST

/* ---- A user's JSON ------------------------------------------------------ */

static const struct {
    const char *json;
    ddb_code code;
    const char *why;
} refused[] = {
    {"", DDB_INVALID, "the text ends too early, at byte 0"},
    {"{} {}", DDB_INVALID, "something follows the value"},
    {"{\"a\":{\"S\":1}}", DDB_INVALID, "a string was expected, at byte 11"},
    {"{\"a\":{\"S\":\"x\"},\"a\":{\"S\":\"y\"}}", DDB_INVALID,
     "an attribute that comes twice, at byte 29"},
    {"{\"\":{\"S\":\"x\"}}", DDB_INVALID, "an attribute without a name"},
    {"{\"a\":{\"N\":\"1-1\"}}", DDB_INVALID, "not a number"},
    {"{\"a\":{\"N\":\"1E200\"}}", DDB_TOO_LARGE,
     "a number of more than 38 digits or out of range"},
    {"{\"a\":{\"L\":[{\"M\":{\"b\":{\"N\":\"+\"}}}]}}", DDB_INVALID,
     "not a number"},
    {"{\"a\":{\"L\":[{\"M\":{\"\":{\"N\":\"1\"}}}]}}", DDB_INVALID,
     "an attribute without a name"},
    {"{\"a\":{\"SS\":[]}}", DDB_INVALID, "a set without elements"},
    {"{\"a\":{\"SS\":[\"x\",\"x\"]}}", DDB_INVALID,
     "a set with the same element twice"},
    {"{\"a\":{\"NS\":[\"1\",\"1.0\"]}}", DDB_INVALID,
     "a set with the same element twice"},
    {"{\"a\":{\"NS\":[\"1\",\"1e\"]}}", DDB_INVALID, "not a number"},
    {"{\"a\":{\"BS\":[\"AA==\",\"AA==\"]}}", DDB_INVALID,
     "a set with the same element twice"},
};

START_TEST(parse_checks_as_setters_do)
{
    ddb_item *it = (ddb_item *)1;
    const char *json = refused[_i].json;
    ddb_err err = {.code = DDB_SERVICE};

    ck_assert_int_eq(ddb_item_parse(json, strlen(json), &it, &err),
                     refused[_i].code);
    ck_assert_ptr_null(it);
    ck_assert_int_eq(err.code, refused[_i].code);
    ck_assert_str_eq(err.message + strlen("not an item: "), refused[_i].why);
    ck_assert_int_eq(ddb_item_parse(json, strlen(json), &it, NULL),
                     refused[_i].code);
}
END_TEST

/* An attribute that is so many lists deep. */
static ddb_code parse_nested(int levels, ddb_err *err)
{
    char json[1024] = "{\"a\":";
    ddb_item *it = NULL;
    ddb_code code;

    for (int i = 0; i < levels; i++)
        strcat(json, "{\"L\":[");
    for (int i = 0; i < levels; i++)
        strcat(json, "]}");
    strcat(json, "}");
    code = ddb_item_parse(json, strlen(json), &it, err);
    ddb_item_free(it);
    return code;
}

START_TEST(parse_takes_as_many_levels_as_setters_do)
{
    ddb_err err;

    ck_assert_int_eq(parse_nested(32, &err), DDB_OK);
    ck_assert_int_eq(parse_nested(33, &err), DDB_TOO_LARGE);
    ck_assert_int_eq(err.code, DDB_TOO_LARGE);
    ck_assert_msg(strstr(err.message, "32 levels") != NULL, "%s", err.message);
    ck_assert_int_eq(parse_nested(100, NULL), DDB_TOO_LARGE);
}
END_TEST

START_TEST(parse_writes_numbers_as_setters_do)
{
    static const char json[] =
        "{\"a\":{\"N\":\"00042\"},\"b\":{\"N\":\"1E5\"},"
        "\"c\":{\"NS\":[\"1.50\",\"-0\"]},\"d\":{\"L\":[{\"N\":\"2.0\"}]}}";
    ddb_item *it;
    char *out;

    ck_assert_int_eq(ddb_item_parse(json, strlen(json), &it, NULL), DDB_OK);
    ck_assert_int_eq(ddb_item_format(it, &out, NULL, NULL), DDB_OK);
    ck_assert_str_eq(out, "{\"a\":{\"N\":\"42\"},\"b\":{\"N\":\"100000\"},"
                          "\"c\":{\"NS\":[\"1.5\",\"0\"]},"
                          "\"d\":{\"L\":[{\"N\":\"2\"}]}}");
    ddb_free(out);
    ddb_item_free(it);
}
END_TEST

START_TEST(parse_refuses_a_name_that_is_too_long)
{
    static char json[DDBI_MAX_ATTRIBUTE_NAME + 64];
    ddb_item *it;
    int n = snprintf(json, sizeof json, "{\"%0*d\":{\"NULL\":true}}",
                     DDBI_MAX_ATTRIBUTE_NAME, 0);

    ck_assert_int_eq(ddb_item_parse(json, (size_t)n, &it, NULL), DDB_OK);
    ddb_item_free(it);
    n = snprintf(json, sizeof json, "{\"%0*d\":{\"NULL\":true}}",
                 DDBI_MAX_ATTRIBUTE_NAME + 1, 0);
    ck_assert_int_eq(ddb_item_parse(json, (size_t)n, &it, NULL), DDB_TOO_LARGE);
}
END_TEST

START_TEST(format_tells_why_an_item_failed)
{
    ddb_item *it = ddb_item_new();
    char *out = (char *)1;
    size_t n = 7;
    ddb_err err;

    ddb_item_set_n(it, "price", "cheap");
    ck_assert_int_eq(ddb_item_format(it, &out, &n, &err), DDB_INVALID);
    ck_assert_ptr_null(out);
    ck_assert_uint_eq(n, 0);
    ck_assert_str_eq(err.message, "not an item: not a number, attribute price");
    ck_assert_int_eq(ddb_item_format(NULL, &out, &n, &err), DDB_NOMEM);
    ck_assert_int_eq(err.code, DDB_NOMEM);
    ddb_item_free(it);
}
END_TEST

START_TEST(a_value_without_a_type_is_not_written)
{
    ddb_item *it = ddb_item_new();
    char *out;

    ddbi_item_slot(it, "a", 1);
    ck_assert_int_eq(ddb_item_format(it, &out, NULL, NULL), DDB_INVALID);
    ddb_item_free(it);
}
END_TEST

START_TEST(format_and_parse_tell_no_memory)
{
    rng r = {(uint64_t)_i + 700};
    json_t *tree = gen_tree(&r, 40);
    char *json = json_dumps(tree, JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH);
    ddb_code code = DDB_NOMEM;

    for (long n = 0; code != DDB_OK; n++) {
        ddb_item *it;
        ddb_err err;
        char *out = NULL;

        oom_begin(n);
        code = ddb_item_parse(json, strlen(json), &it, &err);
        if (code == DDB_OK)
            code = ddb_item_format(it, &out, NULL, &err);
        ck_assert_int_eq(code, err.code);
        ddb_item_free(it);
        ddb_free(out);
        ck_assert_int_eq(code, oom_end() ? DDB_NOMEM : DDB_OK);
        ck_assert_int_eq(oom_live(), 0);
    }
    free(json);
    json_decref(tree);
}
END_TEST

Suite *suite_codec(void)
{
    Suite *s = suite_create("codec");
    TCase *tc = tcase_create("answers");

    tcase_add_loop_test(tc, reads_and_writes, 0, ROWS(texts));
    tcase_add_test(tc, text_and_bytes_end_in_nul);
    tcase_add_loop_test(tc, says_what_is_wrong_and_where, 0, ROWS(wrong));
    tcase_add_test(tc, reads_32_levels_and_no_more);
    tcase_add_test(tc, the_32nd_level_may_be_empty);
    tcase_add_test(tc, thousands_of_attributes_are_read);
    tcase_add_test(tc, values_of_400_kb_are_read);
    tcase_add_test(tc, the_reader_goes_on_behind_an_item);
    suite_add_tcase(s, tc);

    tc = tcase_create("jansson");
    tcase_add_loop_test(tc, writes_what_jansson_reads, 0, 4);
    tcase_add_loop_test(tc, reads_what_jansson_writes, 0, 4);
    tcase_add_loop_test(tc, damaged_items_are_refused_or_right, 0, 4);
    suite_add_tcase(s, tc);

    tc = tcase_create("users");
    tcase_add_loop_test(tc, parse_checks_as_setters_do, 0, ROWS(refused));
    tcase_add_test(tc, parse_takes_as_many_levels_as_setters_do);
    tcase_add_test(tc, parse_writes_numbers_as_setters_do);
    tcase_add_test(tc, parse_refuses_a_name_that_is_too_long);
    tcase_add_test(tc, format_tells_why_an_item_failed);
    tcase_add_test(tc, a_value_without_a_type_is_not_written);
    tcase_add_loop_test(tc, format_and_parse_tell_no_memory, 0, 200);
    suite_add_tcase(s, tc);
    return s;
}
