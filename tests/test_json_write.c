/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "oom.h"
#include "rng.h"
#include "wire/json_write.h"

#include <jansson.h>
#include <string.h>

static ddbi_buf b;

static void tear_down(void)
{
    ddbi_buf_free(&b);
}

static const struct {
    const char *plain;
    size_t n;
    const char *json;
} strings[] = {
    {"", 0, "\"\""},
    {NULL, 0, "\"\""},
    {"plain", 5, "\"plain\""},
    {"a\"b\\c", 5, "\"a\\\"b\\\\c\""},
    {"/", 1, "\"/\""},
    {"\n\r\t", 3, "\"\\n\\r\\t\""},
    {"\0\1\b\f\x1f", 5, "\"\\u0000\\u0001\\u0008\\u000c\\u001f\""},
    {"\x20\x7f", 2, "\"\x20\x7f\""},
    {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9,
     "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
    {"0123456789abcdef\"0123456789", 27, "\"0123456789abcdef\\\"0123456789\""},
};

START_TEST(escapes_what_must_be_and_nothing_else)
{
    ddbi_json_str(&b, strings[_i].plain, strings[_i].n);
    ck_assert_str_eq(ddbi_buf_text(&b), strings[_i].json);
}
END_TEST

/* Eight bytes are looked at together: each byte at each place of them. */
START_TEST(every_byte_at_every_place_comes_back)
{
    for (int c = 0; c < 128; c++) {
        for (size_t place = 0; place < 20; place++) {
            char text[20];
            json_t *back;

            memset(text, 'x', sizeof text);
            text[place] = (char)c;
            ddbi_buf_clear(&b);
            ddbi_json_str(&b, text, sizeof text);
            back = json_loadb(b.p, b.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
            ck_assert_uint_eq(json_string_length(back), sizeof text);
            ck_assert_mem_eq(json_string_value(back), text, sizeof text);
            json_decref(back);
        }
    }
}
END_TEST

static const char *const not_utf8[] = {
    "\xff",          "\x80",
    "0123456\xc3",   "01234567\xed\xa0\x80",
    "\xc0\xaf rest", "\xf4\x90\x80\x80",
};

START_TEST(what_is_no_utf8_fails_the_buffer)
{
    ddbi_json_open(&b, '[');
    ddbi_json_str(&b, not_utf8[_i], strlen(not_utf8[_i]));
    ck_assert_int_eq(b.failed, DDB_INVALID);
    ddbi_json_close(&b, ']');
    ck_assert_ptr_null(ddbi_buf_text(&b));

    ddbi_buf_clear(&b);
    ddbi_json_open(&b, '{');
    ddbi_json_key(&b, not_utf8[_i], strlen(not_utf8[_i]));
    ck_assert_int_eq(b.failed, DDB_INVALID);
}
END_TEST

START_TEST(a_failed_buffer_takes_nothing)
{
    ddbi_buf_fail(&b, DDB_TOO_LARGE);
    ddbi_json_str(&b, "\xff", 1);
    ddbi_json_base64(&b, "abc", 3);
    ddbi_json_raw(&b, "{}", 2);
    ck_assert_int_eq(b.failed, DDB_TOO_LARGE);
    ck_assert_uint_eq(b.n, 0);
}
END_TEST

static void write_all(void)
{
    ddbi_json_open(&b, '{');
    ddbi_json_key(&b, "Key", 3);
    ddbi_json_open(&b, '{');
    ddbi_json_key(&b, "a:", 2);
    ddbi_json_str(&b, "{[:,", 4);
    ddbi_json_close(&b, '}');
    ddbi_json_key(&b, "empty", 5);
    ddbi_json_open(&b, '[');
    ddbi_json_close(&b, ']');
    ddbi_json_key(&b, "list", 4);
    ddbi_json_open(&b, '[');
    ddbi_json_i64(&b, -7);
    ddbi_json_bool(&b, 1);
    ddbi_json_bool(&b, 0);
    ddbi_json_null(&b);
    ddbi_json_base64(&b, "hello", 5);
    ddbi_json_base64(&b, NULL, 0);
    ddbi_json_raw(&b, "{\"x\":1}", 7);
    ddbi_json_open(&b, '{');
    ddbi_json_close(&b, '}');
    ddbi_json_open(&b, '[');
    ddbi_json_i64(&b, INT64_MIN);
    ddbi_json_close(&b, ']');
    ddbi_json_close(&b, ']');
    ddbi_json_key(&b, "last", 4);
    ddbi_json_i64(&b, 0);
    ddbi_json_close(&b, '}');
}

START_TEST(puts_commas_between_and_nowhere_else)
{
    write_all();
    ck_assert_str_eq(
        ddbi_buf_text(&b),
        "{\"Key\":{\"a:\":\"{[:,\"},\"empty\":[],\"list\":[-7,true,false,null,"
        "\"aGVsbG8=\",\"\",{\"x\":1},{},[-9223372036854775808]],\"last\":0}");
}
END_TEST

START_TEST(base64_too_long_to_say_is_no_memory)
{
    ddbi_json_base64(&b, "", SIZE_MAX - 1);
    ck_assert_int_eq(b.failed, DDB_NOMEM);
}
END_TEST

/* Code points of one to four bytes, and what has to be escaped. */
static size_t random_text(rng *r, char *out, size_t max)
{
    static const char *const pieces[] = {
        "a",
        "key",
        "\"",
        "\\",
        "\n",
        "/",
        "\x01",
        "\x7f",
        "\xc2\x80",
        "\xc3\xa4",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xe2\x82\xac",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "0123456789abcdef",
        "",
    };
    size_t n = 0;

    for (unsigned i = rng_below(r, 12); i > 0; i--) {
        const char *piece = pieces[rng_below(r, (unsigned)ROWS(pieces))];
        size_t size = *piece ? strlen(piece) : 1; /* "" stands for NUL */

        if (n + size > max)
            break;
        memcpy(out + n, piece, size);
        n += size;
    }
    return n;
}

static void add_random(rng *r, json_t *array)
{
    char text[100];
    size_t n = random_text(r, text, sizeof text);

    switch (rng_below(r, 4)) {
    case 0: {
        int64_t v = (int64_t)rng_next(r) >> rng_below(r, 64);

        json_array_append_new(array, json_integer(v));
        ddbi_json_i64(&b, v);
        break;
    }
    case 1:
        json_array_append_new(array, json_boolean(n % 2));
        ddbi_json_bool(&b, n % 2);
        break;
    default:
        json_array_append_new(array, json_stringn(text, n));
        ddbi_json_str(&b, text, n);
    }
}

START_TEST(jansson_reads_what_was_written)
{
    rng r = {4};

    for (int i = 0; i < 3000; i++) {
        json_t *want = json_array(), *got;

        ddbi_buf_clear(&b);
        ddbi_json_open(&b, '[');
        for (unsigned n = rng_below(&r, 8); n > 0; n--)
            add_random(&r, want);
        ddbi_json_close(&b, ']');
        got = json_loadb(b.p, b.n, JSON_ALLOW_NUL, NULL);
        ck_assert_msg(json_equal(want, got), "%.*s", (int)b.n, b.p);
        json_decref(want);
        json_decref(got);
    }
}
END_TEST

START_TEST(every_failed_allocation_is_told_and_leaks_nothing)
{
    static const char text[3000] = {0};
    int failed = 1;

    for (long n = 0; failed; n++) {
        ddb_code code;

        oom_begin(n);
        write_all();
        ddbi_json_str(&b, text, sizeof text);
        ddbi_json_base64(&b, text, sizeof text);
        code = b.failed;
        ddbi_buf_free(&b);
        failed = oom_end();
        ck_assert_int_eq(code, failed ? DDB_NOMEM : DDB_OK);
        ck_assert_int_eq(oom_live(), 0);
    }
}
END_TEST

Suite *suite_json_write(void)
{
    Suite *s = suite_create("json_write");
    TCase *tc = tcase_create("json_write");

    tcase_add_checked_fixture(tc, NULL, tear_down);
    tcase_add_loop_test(tc, escapes_what_must_be_and_nothing_else, 0,
                        ROWS(strings));
    tcase_add_test(tc, every_byte_at_every_place_comes_back);
    tcase_add_loop_test(tc, what_is_no_utf8_fails_the_buffer, 0,
                        ROWS(not_utf8));
    tcase_add_test(tc, a_failed_buffer_takes_nothing);
    tcase_add_test(tc, puts_commas_between_and_nowhere_else);
    tcase_add_test(tc, base64_too_long_to_say_is_no_memory);
    tcase_add_test(tc, jansson_reads_what_was_written);
    tcase_add_test(tc, every_failed_allocation_is_told_and_leaks_nothing);
    suite_add_tcase(s, tc);
    return s;
}
