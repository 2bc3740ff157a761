/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/alloc.h"
#include "base/enc.h"
#include "oom.h"
#include "rng.h"

#include <string.h>

START_TEST(hex_is_lower_case)
{
    char out[11] = "----------";

    ddbi_hex(out, "\x00\x7f\x80\xff", 4);
    ck_assert_str_eq(out, "007f80ff--");
}
END_TEST

/* RFC 4648 section 10, and the two letters beyond the alphabet's. */
static const struct {
    const char *plain, *base64;
} base64s[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xff\xff\xff\xfb\xef\xbe", "////++++"},
};

START_TEST(base64_both_ways)
{
    const char *plain = base64s[_i].plain, *base64 = base64s[_i].base64;
    size_t n = strlen(base64);
    char out[16] = {0};

    ck_assert_uint_eq(ddbi_base64_size(strlen(plain)), n);
    ddbi_base64(out, plain, strlen(plain));
    ck_assert_str_eq(out, base64);
    memset(out, 0, sizeof out);
    ck_assert_int_eq(ddbi_base64_decode(out, base64, n),
                     (ptrdiff_t)strlen(plain));
    ck_assert_str_eq(out, plain);
}
END_TEST

/* Blocks of the exact size, so that a sanitizer sees each byte too many. */
START_TEST(base64_of_any_bytes_comes_back)
{
    rng r = {2};

    for (size_t n = 0; n < 200; n++) {
        size_t size = ddbi_base64_size(n);
        unsigned char *plain = ddbi_malloc(n);
        char *base64 = ddbi_malloc(size);
        unsigned char *back = ddbi_malloc(size / 4 * 3);

        for (size_t i = 0; i < n; i++)
            plain[i] = (unsigned char)rng_next(&r);
        ddbi_base64(base64, plain, n);
        ck_assert_int_eq(ddbi_base64_decode(back, base64, size), (ptrdiff_t)n);
        if (n > 0)
            ck_assert_mem_eq(back, plain, n);
        ddbi_free(plain);
        ddbi_free(base64);
        ddbi_free(back);
    }
}
END_TEST

static const char *const bad_base64s[] = {
    "Z",        "Zg",       "Zg=",          "Zm9",       "Zm9vY",
    "====",     "Z===",     "=g==",         "Zg=v",      "Zm9vZg==Zm9v",
    "Zg==Zg==", "Zm8=Zm8=", "Zm9 ",         "Zm9v\n",    "Zm-v",
    "Zm_v",     "Zh==",     "Zm9=",         "Zm9v\nZm8", "Z m9v===",
    "Zm9\x80",  "\xffZm9",  "Zm9vZm9vZ!9v", "Zm9.Zm9v",
};

START_TEST(refuses_what_no_encoder_writes)
{
    char out[16];

    ck_assert_int_eq(
        ddbi_base64_decode(out, bad_base64s[_i], strlen(bad_base64s[_i])), -1);
}
END_TEST

START_TEST(refuses_every_other_letter_at_every_place)
{
    const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstu"
                           "vwxyz0123456789+/";

    for (int c = 1; c < 256; c++) {
        for (int place = 0; place < 8; place++) {
            int is_letter = strchr(alphabet, c) != NULL;
            char text[] = "AAAAAAAA", out[6];

            text[place] = (char)c;
            if (c == '=' && place == 7)
                continue;
            ck_assert_int_eq(ddbi_base64_decode(out, text, 8),
                             is_letter ? 6 : -1);
        }
    }
}
END_TEST

static const struct {
    const char *plain, *encoded;
    int keep_slash;
} uris[] = {
    {"", "", 0},
    {"AZaz09-._~", "AZaz09-._~", 0},
    {"a b", "a%20b", 0},
    {"/a/", "%2Fa%2F", 0},
    {"/a/", "/a/", 1},
    {"%+&=*", "%25%2B%26%3D%2A", 1},
    {"\xc3\xa4\xff\x01", "%C3%A4%FF%01", 0},
    {"@[`{", "%40%5B%60%7B", 0},
};

START_TEST(uri_encodes_all_but_the_unreserved)
{
    const char *plain = uris[_i].plain;
    ddbi_buf b = {0};

    ddbi_uri_encode(&b, plain, strlen(plain), uris[_i].keep_slash);
    ck_assert_str_eq(ddbi_buf_text(&b), uris[_i].encoded);
    ddbi_buf_free(&b);
}
END_TEST

START_TEST(uri_encoding_tells_no_memory)
{
    int failed = 1;

    for (long n = 0; failed; n++) {
        ddbi_buf b = {0};

        oom_begin(n);
        for (int i = 0; i < 100; i++)
            ddbi_uri_encode(&b, "a/ \xff", 4, 0);
        failed = oom_end();
        ck_assert_int_eq(b.failed, failed ? DDB_NOMEM : DDB_OK);
        ddbi_buf_free(&b);
    }
}
END_TEST

/* text: valid up to span. */
static const struct {
    const char *name, *text;
    size_t span;
} utf8s[] = {
    {"ascii", "plain text", 10},
    {"two bytes", "\xc2\x80\xdf\xbf", 4},
    {"three bytes", "\xe0\xa0\x80\xef\xbf\xbf", 6},
    {"below the surrogates", "\xed\x9f\xbf", 3},
    {"above the surrogates", "\xee\x80\x80", 3},
    {"four bytes", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8},
    {"lone tail", "a\x80", 1},
    {"lone tail bf", "a\xbf", 1},
    {"overlong slash c0", "ab\xc0\xaf", 2},
    {"overlong c1", "\xc1\xbf", 0},
    {"overlong e0", "\xe0\x9f\xbf", 0},
    {"overlong f0", "\xf0\x8f\xbf\xbf", 0},
    {"first surrogate", "\xed\xa0\x80", 0},
    {"last surrogate", "\xed\xbf\xbf", 0},
    {"above U+10FFFF", "\xf4\x90\x80\x80", 0},
    {"f5", "\xf5\x80\x80\x80", 0},
    {"fe", "\xfe", 0},
    {"ff", "\xff", 0},
    {"cut two", "a\xc3", 1},
    {"cut three", "\xe2\x82", 0},
    {"cut four", "\xf0\x9f\x98", 0},
    {"two's tail is none", "\xc3(", 0},
    {"three's second is none", "\xe2(\xa1", 0},
    {"three's third is none", "\xe2\x82(", 0},
    {"four's second is none", "\xf0(\x8c\xbc", 0},
    {"four's third is none", "\xf0\x90(\xbc", 0},
    {"four's fourth is none", "\xf0\x9f\x98(", 0},
};

/* Behind 0 to 16 bytes of ASCII and before as many, since eight bytes are
 * looked at together. */
START_TEST(utf8_span_ends_at_the_first_wrong_byte)
{
    size_t n = strlen(utf8s[_i].text), span = utf8s[_i].span;

    for (size_t before = 0; before <= 16; before++) {
        for (size_t after = 0; after <= 16; after++) {
            size_t size = before + n + after;
            size_t want = span < n ? before + span : size;
            char *text = ddbi_malloc(size);

            memset(text, 'x', size);
            memcpy(text + before, utf8s[_i].text, n);
            ck_assert_msg(ddbi_utf8_span(text, size) == want, "%s, %zu, %zu",
                          utf8s[_i].name, before, after);
            ck_assert_int_eq(ddbi_utf8_valid(text, size), want == size);
            ddbi_free(text);
        }
    }
}
END_TEST

START_TEST(nul_is_a_character)
{
    ck_assert_uint_eq(ddbi_utf8_span("a\0b\0\0\0\0\0\0", 9), 9);
    ck_assert_uint_eq(ddbi_utf8_char("", 1), 1);
    ck_assert_uint_eq(ddbi_utf8_char("", 0), 0);
    ck_assert_uint_eq(ddbi_utf8_span(NULL, 0), 0);
}
END_TEST

/* How many characters there are is known: U+0080 to U+07FF, U+0800 to
 * U+FFFF without 2048 surrogates, U+10000 to U+10FFFF. */
START_TEST(there_are_as_many_characters_as_unicode_has)
{
    static const unsigned char edge[] = {0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff};
    unsigned two = 0, three = 0, four = 0;

    for (unsigned i = 0; i < 256 * 256; i++) {
        unsigned char s[4] = {(unsigned char)(i >> 8), (unsigned char)i};

        two += ddbi_utf8_char(s, 2) == 2;
        for (unsigned j = 0; j < 256; j++) {
            s[2] = (unsigned char)j;
            three += ddbi_utf8_char(s, 3) == 3;
        }
        for (unsigned j = 0; j < 36; j++) {
            s[2] = edge[j / 6];
            s[3] = edge[j % 6];
            four += ddbi_utf8_char(s, 4) == 4;
        }
    }
    ck_assert_uint_eq(two, 0x800 - 0x80);
    ck_assert_uint_eq(three, 0x10000 - 0x800 - 2048);
    /* 2 of 64 values of each of the last two bytes were tried. */
    ck_assert_uint_eq(four, (0x110000 - 0x10000) / 32 / 32);
}
END_TEST

static const struct {
    const char *text;
    size_t n, cut;
} cuts[] = {
    {"", 0, 0},
    {"abc", 3, 3},
    {"a\xc3\xa4", 3, 3},
    {"a\xc3\xa4", 2, 1},
    {"a\xe2\x82\xac", 4, 4},
    {"a\xe2\x82\xac", 3, 1},
    {"a\xe2\x82\xac", 2, 1},
    {"a\xf0\x9f\x98\x80", 5, 5},
    {"a\xf0\x9f\x98\x80", 4, 1},
    {"a\xf0\x9f\x98\x80", 2, 1},
    {"\xf0\x9f\x98\x80", 1, 0},
    {"\x80\x80\x80\x80\x80", 5, 5},
};

START_TEST(cut_tears_no_character)
{
    ck_assert_uint_eq(ddbi_utf8_cut(cuts[_i].text, cuts[_i].n), cuts[_i].cut);
}
END_TEST

START_TEST(ascii_alone_has_case_and_digits)
{
    for (int c = -128; c < 256; c++) {
        int upper = c > 0 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ", c);
        int lower = c > 0 && strchr("abcdefghijklmnopqrstuvwxyz", c);
        int digit = c > 0 && strchr("0123456789", c);

        ck_assert_int_eq(ddbi_lower(c), upper ? c + 32 : c);
        ck_assert_int_eq(ddbi_is_digit(c) != 0, digit);
        ck_assert_int_eq(ddbi_is_alnum(c) != 0, upper || lower || digit);
    }
}
END_TEST

static const struct {
    const char *text, *trimmed;
} trims[] = {
    {"", ""},
    {" \t\r\n ", ""},
    {"a", "a"},
    {" \ta b\r\n", "a b"},
    {"\x0b"
     "a\x0c",
     "\x0b"
     "a\x0c"},
};

START_TEST(trims_both_ends)
{
    const char *text = trims[_i].text;
    ddb_bytes b = ddbi_trim(text, strlen(text));

    ck_assert_uint_eq(b.n, strlen(trims[_i].trimmed));
    ck_assert_mem_eq(b.p, trims[_i].trimmed, b.n);
    ck_assert_uint_eq(ddbi_trim(NULL, 0).n, 0);
}
END_TEST

START_TEST(equal_byte_for_byte)
{
    const ddb_bytes none = {0}, one = {"a", 1}, zero = {"a\0b", 3};

    ck_assert(ddbi_equal(none, none));
    ck_assert(!ddbi_equal(none, one));
    ck_assert(ddbi_equal(zero, (ddb_bytes){"a\0b", 3}));
    ck_assert(!ddbi_equal(zero, (ddb_bytes){"a\0c", 3}));
    ck_assert(ddbi_equal_text(one, "a"));
    ck_assert(!ddbi_equal_text(zero, "a"));
    ck_assert(ddbi_equal_text(none, ""));
}
END_TEST

START_TEST(compares_byte_by_byte)
{
    const ddb_bytes none = {0}, a = {"a", 1}, ab = {"ab", 2}, b = {"b", 1};

    ck_assert_int_eq(ddbi_compare(none, none), 0);
    ck_assert_int_eq(ddbi_compare(ab, (ddb_bytes){"ab", 2}), 0);
    ck_assert_int_lt(ddbi_compare(none, a), 0);
    ck_assert_int_lt(ddbi_compare(a, ab), 0);
    ck_assert_int_lt(ddbi_compare(ab, b), 0);
    ck_assert_int_gt(ddbi_compare((ddb_bytes){"\xff", 1}, b), 0);
    ck_assert_int_gt(ddbi_compare((ddb_bytes){"a\0", 2}, a), 0);
}
END_TEST

START_TEST(hex_digits_of_either_case)
{
    for (int c = 0; c < 256; c++) {
        const char *all = "0123456789abcdef0123456789ABCDEF";
        const char *at = c != 0 ? strchr(all, c) : NULL;

        ck_assert_int_eq(ddbi_hex_digit(c),
                         at != NULL ? (int)(at - all) % 16 : -1);
    }
    ck_assert_int_eq(ddbi_hex_digit(-1), -1);
}
END_TEST

START_TEST(equal_but_for_case)
{
    const ddb_bytes none = {0}, host = {"host", 4};

    ck_assert(ddbi_same_name(none, none));
    ck_assert(ddbi_same_name(host, (ddb_bytes){"HoSt", 4}));
    ck_assert(!ddbi_same_name(host, (ddb_bytes){"HoSt", 3}));
    ck_assert(!ddbi_same_name(host, (ddb_bytes){"HoSs", 4}));
    ck_assert(ddbi_equal_nocase("", ""));
    ck_assert(ddbi_equal_nocase("Content-Type", "cONTENT-tYPE"));
    ck_assert(!ddbi_equal_nocase("code", "codes"));
    ck_assert(!ddbi_equal_nocase("codes", "code"));
    ck_assert(!ddbi_equal_nocase("a", "b"));
    ck_assert(!ddbi_equal_nocase("[", "{"));
    ck_assert(!ddbi_equal_nocase("\xc3\x84", "\xc3\xa4"));
}
END_TEST

static const struct {
    const char *text;
    uint64_t max;
    int fails;
    uint64_t v;
} numbers[] = {
    {"0", 0, 0, 0},
    {"007", 10, 0, 7},
    {"10", 10, 0, 10},
    {"11", 10, 1, 0},
    {"1", 0, 1, 0},
    {"99", 10, 1, 0},
    {"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
    {"18446744073709551616", UINT64_MAX, 1, 0},
    {"99999999999999999999", UINT64_MAX, 1, 0},
    {"", 10, 1, 0},
    {"-1", 10, 1, 0},
    {"+1", 10, 1, 0},
    {" 1", 10, 1, 0},
    {"1 ", 10, 1, 0},
    {"1x", 10, 1, 0},
    {"/", 99, 1, 0},
    {":", 99, 1, 0},
};

START_TEST(parses_whole_numbers_up_to_max)
{
    const char *text = numbers[_i].text;
    uint64_t v = 42;

    ck_assert_int_eq(ddbi_parse_u64(text, strlen(text), numbers[_i].max, &v) !=
                         0,
                     numbers[_i].fails);
    ck_assert_uint_eq(v, numbers[_i].fails ? 42 : numbers[_i].v);
}
END_TEST

Suite *suite_enc(void)
{
    Suite *s = suite_create("enc");
    TCase *tc = tcase_create("bytes");

    tcase_add_test(tc, hex_is_lower_case);
    tcase_add_loop_test(tc, base64_both_ways, 0, ROWS(base64s));
    tcase_add_test(tc, base64_of_any_bytes_comes_back);
    tcase_add_loop_test(tc, refuses_what_no_encoder_writes, 0,
                        ROWS(bad_base64s));
    tcase_add_test(tc, refuses_every_other_letter_at_every_place);
    tcase_add_loop_test(tc, uri_encodes_all_but_the_unreserved, 0, ROWS(uris));
    tcase_add_test(tc, uri_encoding_tells_no_memory);
    suite_add_tcase(s, tc);

    tc = tcase_create("text");
    tcase_add_loop_test(tc, utf8_span_ends_at_the_first_wrong_byte, 0,
                        ROWS(utf8s));
    tcase_add_test(tc, nul_is_a_character);
    tcase_add_test(tc, there_are_as_many_characters_as_unicode_has);
    tcase_add_loop_test(tc, cut_tears_no_character, 0, ROWS(cuts));
    tcase_add_test(tc, ascii_alone_has_case_and_digits);
    tcase_add_loop_test(tc, trims_both_ends, 0, ROWS(trims));
    tcase_add_test(tc, equal_byte_for_byte);
    tcase_add_test(tc, compares_byte_by_byte);
    tcase_add_test(tc, hex_digits_of_either_case);
    tcase_add_test(tc, equal_but_for_case);
    tcase_add_loop_test(tc, parses_whole_numbers_up_to_max, 0, ROWS(numbers));
    suite_add_tcase(s, tc);
    return s;
}
