/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/alloc.h"
#include "oom.h"
#include "rng.h"
#include "wire/json_read.h"

#include <float.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

/* A letter a token; all of a text's tokens are a word. */
static char letter(ddbi_json_token token)
{
    return "!.{}[]ks#tfn"[token + 1];
}

/* Read all of it from a block of its exact size, so that a sanitizer sees
 * each byte read behind the end. */
static void read_word(const char *text, size_t n, char *word, size_t size)
{
    char *copy = ddbi_malloc(n);
    ddbi_json_reader r;
    ddbi_json_token token;
    size_t i = 0;

    if (n > 0)
        memcpy(copy, text, n);
    ddbi_json_start(&r, copy, n);
    do {
        token = ddbi_json_next(&r);
        ck_assert_int_eq(token, r.token);
        ck_assert(r.p >= copy && r.p <= copy + n);
        word[i++] = letter(token);
    } while (token > 0 && i < size - 1);
    word[i] = '\0';
    ck_assert_int_eq(ddbi_json_next(&r), token);
    ck_assert_int_eq(token == DDBI_JSON_ERROR, r.why != NULL);
    ddbi_free(copy);
}

static const struct {
    const char *text, *word;
} texts[] = {
    {"{}", "{}."},
    {"[]", "[]."},
    {" \t\r\n{ \t\r\n} \t\r\n", "{}."},
    {"\"x\"", "s."},
    {"\"\"", "s."},
    {"0", "#."},
    {"true", "t."},
    {" false ", "f."},
    {"null", "n."},
    {"{\"a\":1}", "{k#}."},
    {"{ \"a\" : 1 , \"b\" : [ ] }", "{k#k[]}."},
    {"[1,[2,[3]],{\"a\":{}}]", "[#[#[#]]{k{}}]."},
    {"[true,false,null,\"s\",-0.5e-3]", "[tfns#]."},
    {"[[],[],{},{}]", "[[][]{}{}]."},
    {"{\"\":\"\",\"\":\"\"}", "{ksks}."},
    {"[0,-0,10,-10,0.0,1e1,1E1,1e+1,1e-01,1.5E300,12345678901234567890]",
     "[###########]."},
    {"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uABcd\\ud83d\\ude00\"]", "[s]."},
    {"[\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"]", "[s]."},
};

START_TEST(cuts_text_into_tokens)
{
    char word[64];

    read_word(texts[_i].text, strlen(texts[_i].text), word, sizeof word);
    ck_assert_str_eq(word, texts[_i].word);
}
END_TEST

START_TEST(refuses_every_cut)
{
    const char *text = texts[_i].text;
    size_t n = strlen(text);
    char word[64];

    while (n > 0 && strchr(" \t\r\n", text[n - 1]))
        n--;
    for (size_t cut = 0; cut < n; cut++) {
        read_word(text, cut, word, sizeof word);
        ck_assert_msg(strchr(word, '!') != NULL, "%.*s: %s", (int)cut, text,
                      word);
    }
}
END_TEST

static const struct {
    const char *text, *why;
} wrong[] = {
    {"", "the text ends too early"},
    {"  ", "the text ends too early"},
    {"{", "the text ends too early"},
    {"[1", "the text ends too early"},
    {"[1,", "the text ends too early"},
    {"{\"a\":", "the text ends too early"},
    {"{} {}", "something follows the value"},
    {"1 2", "something follows the value"},
    {"[]]", "something follows the value"},
    {"truetrue", "something follows the value"},
    {"[}", "a value was expected"},
    {"[,1]", "a value was expected"},
    {"[1,]", "a value was expected"},
    {"{\"a\":}", "a value was expected"},
    {"[True]", "a value was expected"},
    {"[nul]", "a value was expected"},
    {"[NaN]", "a value was expected"},
    {"[+1]", "a value was expected"},
    {"[.5]", "a value was expected"},
    {"['a']", "a value was expected"},
    {"[/*c*/1]", "a value was expected"},
    {"\xef\xbb\xbf{}", "a value was expected"},
    {"{]", "a member's name was expected"},
    {"{\"a\":1,}", "a member's name was expected"},
    {"{a:1}", "a member's name was expected"},
    {"{1:1}", "a member's name was expected"},
    {"{\"a\":1,", "a member's name was expected"},
    {"{\"a\"}", "a colon was expected"},
    {"{\"a\",1}", "a colon was expected"},
    {"{\"a\"", "a colon was expected"},
    {"{\"a\":1]", "',' or '}' was expected"},
    {"{\"a\":1 \"b\":2}", "',' or '}' was expected"},
    {"[1}", "',' or ']' was expected"},
    {"[1 2]", "',' or ']' was expected"},
    {"[1:2]", "',' or ']' was expected"},
    {"[0x10]", "',' or ']' was expected"},
    {"[1.5.5]", "',' or ']' was expected"},
    {"[-]", "wrong number"},
    {"[01]", "wrong number"},
    {"[-01]", "wrong number"},
    {"[00]", "wrong number"},
    {"[1.]", "wrong number"},
    {"[1.e5]", "wrong number"},
    {"[1e]", "wrong number"},
    {"[1e+]", "wrong number"},
    {"[1e-", "wrong number"},
    {"-", "wrong number"},
    {"[\"abc", "the string does not end"},
    {"\"", "the string does not end"},
    {"[\"\n\"]", "control character in a string"},
    {"[\"0123456789\x1f\"]", "control character in a string"},
    {"[\"\\\"]", "the string does not end"},
    {"[\"\\x\"]", "wrong escape in a string"},
    {"[\"\\", "wrong escape in a string"},
    {"[\"\\u12\"]", "wrong escape in a string"},
    {"[\"\\u12g4\"]", "wrong escape in a string"},
    {"[\"\\u 123\"]", "wrong escape in a string"},
    {"[\"\\U0041\"]", "wrong escape in a string"},
    {"[\"\\ud800\"]", "wrong escape in a string"},
    {"[\"\\udc00\"]", "wrong escape in a string"},
    {"[\"\\udfff\\ud800\"]", "wrong escape in a string"},
    {"[\"\\ud800\\u0041\"]", "wrong escape in a string"},
    {"[\"\\ud800\\ud800\"]", "wrong escape in a string"},
    {"[\"\\udbff\\ue000\"]", "wrong escape in a string"},
    {"[\"\\ud800\\n12345\"]", "wrong escape in a string"},
    {"[\"\\ud800xxxxxxx\"]", "wrong escape in a string"},
    {"[\"\\ud800\\udc0\"]", "wrong escape in a string"},
    {"[\"\xff\"]", "the string is not UTF-8"},
    {"[\"0123456\xc3(\"]", "the string is not UTF-8"},
    {"[\"\xed\xa0\x80\"]", "the string is not UTF-8"},
    {"[\"\xc3", "the string is not UTF-8"},
    {"{\"\xff\":1}", "the string is not UTF-8"},
};

START_TEST(says_what_is_wrong)
{
    ddbi_json_reader r;

    ddbi_json_start(&r, wrong[_i].text, strlen(wrong[_i].text));
    while (ddbi_json_next(&r) > 0)
        continue;
    ck_assert_int_eq(r.token, DDBI_JSON_ERROR);
    ck_assert_str_eq(r.why, wrong[_i].why);
    ck_assert_int_eq(ddbi_json_next(&r), DDBI_JSON_ERROR);
    ck_assert_int_eq(ddbi_json_skip(&r), -1);
}
END_TEST

START_TEST(nothing_at_all_is_refused)
{
    ddbi_json_reader r;

    ddbi_json_start(&r, NULL, 0);
    ck_assert_int_eq(ddbi_json_next(&r), DDBI_JSON_ERROR);
}
END_TEST

/* Each byte in a string, at each of the places that are looked at together;
 * those above ASCII are no character alone. */
START_TEST(every_byte_at_every_place_of_a_string)
{
    for (int c = 0; c < 256; c++) {
        for (size_t place = 1; place < 21; place++) {
            char text[22], word[32];
            int fine = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';

            memset(text, 'x', sizeof text);
            text[0] = text[sizeof text - 1] = '"';
            text[place] = (char)c;
            read_word(text, sizeof text, word, sizeof word);
            ck_assert_str_eq(word, fine ? "s." : c == '"' ? "s!" : "!");
        }
    }
}
END_TEST

static size_t count_tokens(const char *text, size_t n, ddbi_json_reader *r)
{
    size_t tokens = 0;

    ddbi_json_start(r, text, n);
    while (ddbi_json_next(r) > 0)
        tokens++;
    return tokens;
}

START_TEST(takes_so_many_levels_and_no_more)
{
    enum { MOST = DDBI_MAX_JSON_DEPTH };
    char text[2 * (MOST + 1)];
    ddbi_json_reader r;

    memset(text, '[', MOST);
    memset(text + MOST, ']', MOST);
    ck_assert_uint_eq(count_tokens(text, 2 * MOST, &r), 2 * MOST);
    ck_assert_int_eq(r.token, DDBI_JSON_END);
    memset(text, '[', MOST + 1);
    memset(text + MOST + 1, ']', MOST + 1);
    ck_assert_uint_eq(count_tokens(text, sizeof text, &r), MOST);
    ck_assert_str_eq(r.why, "nested too deeply");
}
END_TEST

START_TEST(refuses_a_hundred_thousand_levels_at_once)
{
    static const char *const levels[] = {"[", "{\"a\":", "[{\"a\":"};
    enum { TIMES = 100000 };

    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(levels[i]);
        char *text = ddbi_malloc(TIMES * n);
        ddbi_json_reader r;

        for (size_t at = 0; at < TIMES * n; at += n)
            memcpy(text + at, levels[i], n);
        ck_assert_uint_le(count_tokens(text, TIMES * n, &r),
                          2 * DDBI_MAX_JSON_DEPTH);
        ck_assert_str_eq(r.why, "nested too deeply");
        ck_assert_int_lt(r.p - r.start, 6 * DDBI_MAX_JSON_DEPTH);
        ddbi_free(text);
    }
}
END_TEST

START_TEST(objects_and_arrays_may_alternate_at_any_depth)
{
    rng rnd = {5};

    for (int i = 0; i < 200; i++) {
        char close[DDBI_MAX_JSON_DEPTH], text[8 * DDBI_MAX_JSON_DEPTH];
        size_t n = 0, depth = 0;
        ddbi_json_reader r;

        while (depth < DDBI_MAX_JSON_DEPTH) {
            int object = (int)rng_below(&rnd, 2);

            memcpy(text + n, object ? "{\"\":" : "[   ", 4);
            n += object ? 4 : 1;
            close[depth++] = object ? '}' : ']';
        }
        text[n++] = '1';
        while (depth > 0)
            text[n++] = close[--depth];
        count_tokens(text, n, &r);
        ck_assert_int_eq(r.token, DDBI_JSON_END);
        text[n - 1] ^= '}' ^ ']';
        count_tokens(text, n, &r);
        ck_assert_int_eq(r.token, DDBI_JSON_ERROR);
    }
}
END_TEST

static const struct {
    const char *raw, *plain;
    size_t n;
} strings[] = {
    {"", "", 0},
    {"plain", "plain", 5},
    {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 8},
    {"a\\u0000b", "a\0b", 3},
    {"\\u0041\\u007f", "A\x7f", 2},
    {"\\u0080\\u07FF", "\xc2\x80\xdf\xbf", 4},
    {"\\u0800\\uffff", "\xe0\xa0\x80\xef\xbf\xbf", 6},
    {"\\uD800\\uDC00\\udbff\\udfff", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8},
    {"x\\ud83d\\ude00y", "x\xf0\x9f\x98\x80y", 6},
    {"\xe2\x82\xac\\n\xe2\x82\xac", "\xe2\x82\xac\n\xe2\x82\xac", 7},
};

static void start_string(ddbi_json_reader *r, char *text, size_t size,
                         const char *raw)
{
    int n = snprintf(text, size, "\"%s\"", raw);

    ddbi_json_start(r, text, (size_t)n);
    ck_assert_int_eq(ddbi_json_next(r), DDBI_JSON_STRING);
}

START_TEST(undoes_escapes)
{
    size_t raw_n = strlen(strings[_i].raw), n = strings[_i].n;
    char text[64], *out = ddbi_malloc(raw_n);
    ddbi_json_reader r;
    ddbi_arena a = {0};
    ddb_bytes copy;

    start_string(&r, text, sizeof text, strings[_i].raw);
    ck_assert_uint_eq(r.text.n, raw_n);
    ck_assert_int_eq(r.escaped, strchr(strings[_i].raw, '\\') != NULL);
    ck_assert_uint_eq(ddbi_json_unescape(&r, out), n);
    if (n > 0)
        ck_assert_mem_eq(out, strings[_i].plain, n);
    copy = ddbi_json_text(&r, &a);
    ck_assert_uint_eq(copy.n, n);
    ck_assert_mem_eq(copy.p, strings[_i].plain, n + 1);
    ddbi_arena_free(&a);
    ddbi_free(out);
}
END_TEST

START_TEST(text_tells_no_memory)
{
    for (int i = 0; i < 2; i++) {
        char text[16];
        ddbi_json_reader r;
        ddbi_arena a = {0};
        ddb_bytes copy;

        start_string(&r, text, sizeof text, i ? "a\\n" : "a");
        oom_begin(0);
        copy = ddbi_json_text(&r, &a);
        ck_assert_int_eq(oom_end(), 1);
        ck_assert_ptr_null(copy.p);
        ck_assert_uint_eq(copy.n, 0);
        ck_assert_int_eq(a.failed, DDB_NOMEM);
        ddbi_arena_free(&a);
    }
}
END_TEST

static const struct {
    const char *raw, *s;
    int same;
} names[] = {
    {"Item", "Item", 1},
    {"Item", "Items", 0},
    {"Items", "Item", 0},
    {"", "", 1},
    {"", "a", 0},
    {"I\\u0074em", "Item", 1},
    {"\\u0049tem", "Item", 1},
    {"Ite\\u006d", "Item", 1},
    {"Ite\\u006d", "Items", 0},
    {"Ite\\u006ds", "Item", 0},
    {"Ite\\u006e", "Item", 0},
    {"\\u20ac", "\xe2\x82\xac", 1},
    {"\\u20ac", "\xe2\x82", 0},
    {"Item\\u0000", "Item", 0},
    {"\\u0000", "", 0},
};

START_TEST(names_are_compared_without_escapes)
{
    char text[64];
    ddbi_json_reader r;

    start_string(&r, text, sizeof text, names[_i].raw);
    ck_assert_int_eq(ddbi_json_is(&r, names[_i].s), names[_i].same);
}
END_TEST

static const struct {
    const char *raw;
    size_t size;
    const char *copy;
} copies[] = {
    {"message", 8, "message"},
    {"message", 9, "message"},
    {"message", 7, "messag"},
    {"message", 1, ""},
    {"a\xe2\x82\xac", 5, "a\xe2\x82\xac"},
    {"a\xe2\x82\xac", 4, "a"},
    {"a\\u20acb", 5, "a\xe2\x82\xac"},
    {"a\\u20acb", 4, "a"},
    {"ab\\ncd", 5, "ab\nc"},
};

START_TEST(copy_is_cut_at_a_character)
{
    char text[64], out[16];
    ddbi_json_reader r;

    memset(out, '#', sizeof out);
    start_string(&r, text, sizeof text, copies[_i].raw);
    ddbi_json_copy(&r, out, copies[_i].size);
    ck_assert_str_eq(out, copies[_i].copy);
    ck_assert_int_eq(out[copies[_i].size], '#');
}
END_TEST

static const struct {
    const char *text;
    int is_integer;
    int64_t integer;
    double number;
} numbers[] = {
    {"0", 1, 0, 0},
    {"-0", 1, 0, 0},
    {"42", 1, 42, 42},
    {"-42", 1, -42, -42},
    {"9223372036854775807", 1, INT64_MAX, 9223372036854775807.0},
    {"-9223372036854775808", 1, INT64_MIN, -9223372036854775808.0},
    {"9223372036854775808", 0, 0, 9223372036854775808.0},
    {"-9223372036854775809", 0, 0, -9223372036854775809.0},
    {"99999999999999999999", 0, 0, 1e20},
    {"1.0", 0, 0, 1},
    {"1e2", 0, 0, 100},
    {"0.5", 0, 0, 0.5},
    {"-2.5", 0, 0, -2.5},
    {"0.1", 0, 0, 0.1},
    {"1.7976931348623157e308", 0, 0, 1.7976931348623157e308},
    {"1.700000000123E9", 0, 0, 1700000000.123},
    {"4.35e-5", 0, 0, 4.35e-5},
    {"123456.789e+3", 0, 0, 123456789},
    {"0.000000000000000000000000000001e30", 0, 0, 1},
    {"100000000000000000000000000000000e-32", 0, 0, 1},
    {"12345678901234567890123", 0, 0, 12345678901234567890123.0},
    {"0.12345678901234567890123", 0, 0, 0.12345678901234567890123},
    {"0e999999999999", 0, 0, 0},
    {"1e-999999999999", 0, 0, 0},
};

START_TEST(reads_numbers)
{
    const char *text = numbers[_i].text;
    int64_t integer = 77;
    double number = 77;
    ddbi_json_reader r;

    ddbi_json_start(&r, text, strlen(text));
    ck_assert_int_eq(ddbi_json_next(&r), DDBI_JSON_NUMBER);
    ck_assert_int_eq(ddbi_json_read_i64(&r, &integer) == 0,
                     numbers[_i].is_integer);
    ck_assert_int_eq(integer,
                     numbers[_i].is_integer ? numbers[_i].integer : 77);
    ck_assert_int_eq(ddbi_json_read_double(&r, &number), 0);
    ck_assert_msg(fabs(number - numbers[_i].number) <=
                      fabs(numbers[_i].number) * 1e-15,
                  "%s is not %.17g", text, number);
}
END_TEST

START_TEST(numbers_of_up_to_15_digits_are_exact)
{
    rng rnd = {6};

    for (int i = 0; i < 20000; i++) {
        char text[40];
        double got;
        ddbi_json_reader r;
        int64_t v = (int64_t)(rng_next(&rnd) % 1000000000000000u);
        int n = snprintf(text, sizeof text, "%s%lldE%d", i % 2 ? "-" : "",
                         (long long)v, (int)rng_below(&rnd, 45) - 22);

        ddbi_json_start(&r, text, (size_t)n);
        ddbi_json_next(&r);
        ck_assert_int_eq(ddbi_json_read_double(&r, &got), 0);
        ck_assert_msg(got == strtod(text, NULL), "%s", text);
    }
}
END_TEST

START_TEST(a_number_beyond_double_is_refused)
{
    static const char *const large[] = {"1e309", "-1e400", "1e999999999999",
                                        "2e308"};

    for (size_t i = 0; i < 4; i++) {
        double number;
        ddbi_json_reader r;

        ddbi_json_start(&r, large[i], strlen(large[i]));
        ck_assert_int_eq(ddbi_json_next(&r), DDBI_JSON_NUMBER);
        ck_assert_int_ne(ddbi_json_read_double(&r, &number), 0);
    }
}
END_TEST

/* The tokens behind the skipped value, which is that of the first key. */
static const struct {
    const char *text, *rest;
} skips[] = {
    {"{\"a\":1,\"b\":2}", "k#}."},
    {"{\"a\":\"}]\",\"b\":2}", "k#}."},
    {"{\"a\":[],\"b\":2}", "k#}."},
    {"{\"a\":{\"x\":[{},[1]]},\"b\":2}", "k#}."},
    {"{\"a\":null}", "}."},
    {"{\"a\":[1}", "!"},
    {"{\"a\":tru}", "!"},
};

START_TEST(skip_leads_behind_the_value)
{
    for (int from_value = 0; from_value < 2; from_value++) {
        const char *text = skips[_i].text;
        char word[16] = "";
        size_t n = 0;
        ddbi_json_reader r;
        int failed;

        ddbi_json_start(&r, text, strlen(text));
        ddbi_json_next(&r);
        ddbi_json_next(&r);
        if (from_value)
            ddbi_json_next(&r);
        failed = ddbi_json_skip(&r);
        ck_assert_int_eq(failed, skips[_i].rest[0] == '!' ? -1 : 0);
        do {
            word[n++] = letter(ddbi_json_next(&r));
        } while (r.token > 0);
        ck_assert_str_eq(word, skips[_i].rest);
    }
}
END_TEST

/* ---- Against jansson ---------------------------------------------------- */

typedef struct {
    char p[4000];
    size_t n;
} text;

static void put(text *t, const char *s)
{
    size_t n = strlen(s);

    if (t->n + n <= sizeof t->p) {
        memcpy(t->p + t->n, s, n);
        t->n += n;
    }
}

static void put_one(text *t, rng *r, const char *const *of, int n)
{
    put(t, of[rng_below(r, (unsigned)n)]);
}

static void put_space(text *t, rng *r)
{
    static const char *const spaces[] = {"", "", "", "", " ", "\n", "\t\r "};

    put_one(t, r, spaces, ROWS(spaces));
}

static void put_string(text *t, rng *r)
{
    static const char *const pieces[] = {
        "a",
        "key",
        "0123456789abcdef",
        "/",
        "\\\"",
        "\\\\",
        "\\/",
        "\\b",
        "\\f",
        "\\n",
        "\\r",
        "\\t",
        "\\u0041",
        "\\u00e4",
        "\\u20AC",
        "\\uFFFF",
        "\\ud83d\\ude00",
        "\\uDBFF\\uDFFF",
        "\x7f",
        "\xc2\x80",
        "\xc3\xa4",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "{}[]:,",
    };

    put(t, "\"");
    for (unsigned n = rng_below(r, 6); n > 0; n--)
        put_one(t, r, pieces, ROWS(pieces));
    put(t, "\"");
}

static void put_value(text *t, rng *r, int depth)
{
    static const char *const plain[] = {
        "true",
        "false",
        "null",
        "0",
        "-0",
        "1",
        "-17",
        "0.5",
        "-2.25",
        "1e3",
        "2E-2",
        "1.5e+10",
        "1234567890123",
        "9223372036854775807",
        "-9223372036854775808",
    };
    unsigned what = rng_below(r, depth < 8 ? 10 : 6);
    int object = what >= 8;

    if (what < 3) {
        put_one(t, r, plain, ROWS(plain));
        return;
    }
    if (what < 6) {
        put_string(t, r);
        return;
    }
    put(t, object ? "{" : "[");
    for (unsigned n = rng_below(r, 5), i = 0; i < n; i++) {
        put_space(t, r);
        if (i > 0)
            put(t, ",");
        put_space(t, r);
        if (object) {
            put_string(t, r);
            put_space(t, r);
            put(t, ":");
            put_space(t, r);
        }
        put_value(t, r, depth + 1);
    }
    put_space(t, r);
    put(t, object ? "}" : "]");
}

/* One to three small damages. */
static void damage(text *t, rng *r)
{
    static const char bytes[] =
        "{}[]:,\"\\u0dD8eE+-. \ntn/\x01\x80\xc3\xed\xf4";

    for (unsigned times = 1 + rng_below(r, 3); times > 0 && t->n > 1; times--) {
        size_t at = rng_below(r, (unsigned)t->n);
        char c = bytes[rng_below(r, sizeof bytes)]; /* its NUL too */

        switch (rng_below(r, 4)) {
        case 0:
            t->p[at] = c;
            break;
        case 1:
            memmove(t->p + at, t->p + at + 1, --t->n - at);
            break;
        case 2:
            if (t->n < sizeof t->p) {
                memmove(t->p + at + 1, t->p + at, t->n++ - at);
                t->p[at] = c;
            }
            break;
        default:
            t->n = at + 1;
        }
    }
}

static json_t *read_string(const ddbi_json_reader *r)
{
    char *plain = ddbi_malloc(r->text.n);
    size_t n = ddbi_json_unescape(r, plain);
    json_t *string = json_stringn(plain, n);

    ddbi_free(plain);
    return string;
}

/* Beyond 15 digits or 10^22 our double may be some last places off. */
static json_t *read_number(const ddbi_json_reader *r)
{
    int64_t integer;
    double number, exact;
    char *copy;

    if (ddbi_json_read_i64(r, &integer) == 0)
        return json_integer(integer);
    copy = ddbi_memdup(r->text.p, r->text.n);
    exact = strtod(copy, NULL);
    ddbi_free(copy);
    ck_assert_int_eq(ddbi_json_read_double(r, &number), 0);
    ck_assert(fabs(number - exact) <= fabs(exact) * 1e-14 + DBL_MIN);
    return json_real(exact);
}

/* The tree that the reader's tokens make; NULL: an error. */
static json_t *read_tree(ddbi_json_reader *r)
{
    json_t *tree = NULL;

    switch (ddbi_json_next(r)) {
    case DDBI_JSON_OBJECT:
        tree = json_object();
        while (ddbi_json_next(r) == DDBI_JSON_KEY) {
            json_t *key = read_string(r), *value = read_tree(r);

            if (value)
                json_object_set_new(tree, json_string_value(key), value);
            json_decref(key);
        }
        break;
    case DDBI_JSON_ARRAY: {
        json_t *value;

        tree = json_array();
        while ((value = read_tree(r)))
            json_array_append_new(tree, value);
        break;
    }
    case DDBI_JSON_STRING:
        return read_string(r);
    case DDBI_JSON_NUMBER:
        return read_number(r);
    case DDBI_JSON_TRUE:
        return json_true();
    case DDBI_JSON_FALSE:
        return json_false();
    case DDBI_JSON_NULL:
        return json_null();
    default:
        return NULL;
    }
    if (r->token == DDBI_JSON_OBJECT_END || r->token == DDBI_JSON_ARRAY_END)
        return tree;
    json_decref(tree);
    return NULL;
}

/*
 * What jansson does otherwise, and why we do not: integers beyond 64 bits
 * and reals beyond double are errors of its (a number here is its text, and
 * the reader of a number tells when it does not fit); NUL in a member's name
 * it cannot keep (we can).  Depth it takes 2048 levels, more than these texts
 * have.  Repeated members: the last one wins in its tree and in ours.  A NUL
 * byte, which no JSON text has, jansson passes over behind a number.
 */
static int is_known_difference(const json_error_t *error)
{
    return json_error_code(error) == json_error_numeric_overflow ||
           json_error_code(error) == json_error_null_byte_in_key;
}

/* 1: both take it, 0: both refuse it, -1: a known difference. */
static int compare(const text *t)
{
    char *copy = ddbi_malloc(t->n);
    json_t *want = NULL, *got;
    json_error_t error = {.text = "NUL"};
    ddbi_json_reader r;
    int taken;

    memcpy(copy, t->p, t->n);
    if (!memchr(copy, '\0', t->n))
        want = json_loadb(copy, t->n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!want && is_known_difference(&error)) {
        ddbi_free(copy);
        return -1;
    }
    ddbi_json_start(&r, copy, t->n);
    got = read_tree(&r);
    taken = got && ddbi_json_next(&r) == DDBI_JSON_END;
    ck_assert_msg(taken == (want != NULL), "%d %s: %.*s", taken,
                  want ? "" : error.text, (int)t->n, copy);
    ck_assert_msg(!taken || json_equal(want, got), "%.*s", (int)t->n, copy);
    json_decref(want);
    json_decref(got);
    ddbi_free(copy);
    return taken;
}

START_TEST(agrees_with_jansson_on_right_texts)
{
    rng r = {7};

    for (int i = 0; i < 5000; i++) {
        text t = {.n = 0};

        put_space(&t, &r);
        put_value(&t, &r, 0);
        put_space(&t, &r);
        if (t.n < sizeof t.p)
            ck_assert_int_eq(compare(&t), 1);
    }
}
END_TEST

START_TEST(agrees_with_jansson_on_damaged_texts)
{
    rng r = {8};
    int taken = 0, refused = 0, different = 0;

    for (int i = 0; i < 20000; i++) {
        text t = {.n = 0};
        int same;

        put_value(&t, &r, 2);
        damage(&t, &r);
        same = compare(&t);
        taken += same == 1;
        refused += same == 0;
        different += same < 0;
    }
    /* It was worth trying: neither side is rare, the exceptions are. */
    ck_assert_int_gt(taken, 2000);
    ck_assert_int_gt(refused, 10000);
    ck_assert_int_lt(different, 200);
}
END_TEST

Suite *suite_json_read(void)
{
    Suite *s = suite_create("json_read");
    TCase *tc = tcase_create("tokens");

    tcase_add_loop_test(tc, cuts_text_into_tokens, 0, ROWS(texts));
    tcase_add_loop_test(tc, refuses_every_cut, 0, ROWS(texts));
    tcase_add_loop_test(tc, says_what_is_wrong, 0, ROWS(wrong));
    tcase_add_test(tc, nothing_at_all_is_refused);
    tcase_add_test(tc, every_byte_at_every_place_of_a_string);
    tcase_add_test(tc, takes_so_many_levels_and_no_more);
    tcase_add_test(tc, refuses_a_hundred_thousand_levels_at_once);
    tcase_add_test(tc, objects_and_arrays_may_alternate_at_any_depth);
    tcase_add_loop_test(tc, skip_leads_behind_the_value, 0, ROWS(skips));
    suite_add_tcase(s, tc);

    tc = tcase_create("values");
    tcase_add_loop_test(tc, undoes_escapes, 0, ROWS(strings));
    tcase_add_test(tc, text_tells_no_memory);
    tcase_add_loop_test(tc, names_are_compared_without_escapes, 0, ROWS(names));
    tcase_add_loop_test(tc, copy_is_cut_at_a_character, 0, ROWS(copies));
    tcase_add_loop_test(tc, reads_numbers, 0, ROWS(numbers));
    tcase_add_test(tc, numbers_of_up_to_15_digits_are_exact);
    tcase_add_test(tc, a_number_beyond_double_is_refused);
    suite_add_tcase(s, tc);

    tc = tcase_create("jansson");
    tcase_add_test(tc, agrees_with_jansson_on_right_texts);
    tcase_add_test(tc, agrees_with_jansson_on_damaged_texts);
    suite_add_tcase(s, tc);
    return s;
}
