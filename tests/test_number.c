/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "rng.h"
#include "wire/number.h"

#include <stdio.h>
#include <string.h>

static ddbi_number number(const char *text)
{
    ddbi_number v;

    ck_assert_msg(ddbi_number_parse(text, strlen(text), &v) == DDB_OK, "%s",
                  text);
    return v;
}

#define D38 "12345678901234567890123456789012345678"
#define D39 D38 "9"
#define Z10 "0000000000"
#define Z100 Z10 Z10 Z10 Z10 Z10 Z10 Z10 Z10 Z10 Z10

static const struct {
    const char *text, *written;
    size_t size;
} good[] = {
    {"0", "0", 1},
    {"-0", "0", 1},
    {"+0", "0", 1},
    {"0.000", "0", 1},
    {"000", "0", 1},
    {"0E125", "0", 1},
    {"0e-130", "0", 1},
    {"0E126", "0", 1},
    {"-0e1000", "0", 1},
    {"0.0e-99999999999999999999", "0", 1},
    {"1", "1", 2},
    {"+1", "1", 2},
    {"00042", "42", 2},
    {"1.0", "1", 2},
    {"1.", "1", 2},
    {".5", "0.5", 2},
    {"-.5", "-0.5", 3},
    {"1.5E2", "150", 3},
    {"1.5e+2", "150", 3},
    {"1.5e-2", "0.015", 3},
    {"15E-1", "1.5", 3},
    {"-0.0010", "-0.001", 3},
    {"0042.1200", "42.12", 3},
    {"1e000000000000000000003", "1000", 2},
    /* What an item of 400 KB with them weighs, byte by byte. */
    {"12", "12", 2},
    {"123", "123", 3},
    {"1234", "1234", 3},
    {"100", "100", 2},
    {"1010", "1010", 3},
    {"15", "15", 2},
    {"1.5", "1.5", 3},
    {"1.2", "1.2", 3},
    {"1.234", "1.234", 4},
    {"3.14159", "3.14159", 5},
    {"123456", "123456", 4},
    {"100.5", "100.5", 4},
    {"0.15", "0.15", 2},
    {"0.0000001", "0.0000001", 2},
    {"-42", "-42", 3},
    {"12000", "12000", 3},
    {"0.015", "0.015", 3},
    {"0.0015", "0.0015", 2},
    {D38, D38, 20},
    {"-" D38, "-" D38, 21},
    {D38 "." Z100, D38, 20},
    {"0." D38, "0." D38, 20},
    {"1E125", "1" Z100 Z10 Z10 "00000", 2},
    {"1E-100",
     "0." Z10 Z10 Z10 Z10 Z10 Z10 Z10 Z10 Z10 "000000000"
     "1",
     2},
    {"1E-130",
     "0." Z100 Z10 Z10 "000000000"
     "1",
     2},
    {"-9.9999999999999999999999999999999999999E+125",
     "-99999999999999999999999999999999999999" Z10 Z10 Z10 Z10 Z10 Z10 Z10 Z10
     "00000000",
     21},
};

START_TEST(writes_numbers_as_the_service_does)
{
    char text[DDBI_NUMBER_TEXT];
    ddbi_number v = number(good[_i].text);

    ck_assert_uint_eq(ddbi_number_format(&v, text), strlen(good[_i].written));
    ck_assert_str_eq(text, good[_i].written);
}
END_TEST

START_TEST(counts_bytes_as_the_service_does)
{
    ddbi_number v = number(good[_i].text);

    ck_assert_msg(ddbi_number_size(&v) == good[_i].size, "%s: %zu",
                  good[_i].text, ddbi_number_size(&v));
}
END_TEST

static const char *const no_numbers[] = {
    "",    " ",    "1 ",    " 1",  "-",   "+",        "--1",  "+-1",      ".",
    "-.",  "1..2", "1.2.3", "1e",  "1e+", "e5",       "1e5.", "1e1e1",    "1x",
    "0x1", "1,5",  "NaN",   "Inf", "1_0", "Infinity", "1d5",  "\xd9\xa1",
};

START_TEST(refuses_what_is_no_number)
{
    ddbi_number v;
    const char *text = no_numbers[_i];

    ck_assert_int_eq(ddbi_number_parse(text, strlen(text), &v), DDB_INVALID);
}
END_TEST

START_TEST(refuses_a_nul_in_a_number)
{
    ddbi_number v;

    ck_assert_int_eq(ddbi_number_parse("1\0", 2, &v), DDB_INVALID);
    ck_assert_int_eq(ddbi_number_parse("1\0"
                                       "2",
                                       3, &v),
                     DDB_INVALID);
}
END_TEST

static const char *const too_large[] = {
    D39,
    "0." D39,
    "1." D38,
    D38 ".9",
    "1" Z10 Z10 Z10 Z10 "1",
    "1E126",
    "10E125",
    "-1E126",
    "1E-131",
    "0.1E-130",
    "9.99999999999999999999999999999999999999E+125",
    "1e99999999999",
    "1e-99999999999",
    "1e99999999999999999999999999",
    "1e-99999999999999999999999999",
};

START_TEST(refuses_what_is_out_of_range)
{
    ddbi_number v;
    const char *text = too_large[_i];

    ck_assert_int_eq(ddbi_number_parse(text, strlen(text), &v), DDB_TOO_LARGE);
}
END_TEST

/* In order; those of one rank are equal. */
static const struct {
    const char *text;
    int rank;
} ordered[] = {
    {"-1E125", 0},  {"-" D38, 1},     {"-101", 2}, {"-100", 3}, {"-1E2", 3},
    {"-99.9", 4},   {"-1.50", 5},     {"-1.5", 5}, {"-1", 6},   {"-0.1", 7},
    {"-1E-130", 8}, {"0", 9},         {"-0", 9},   {"0.00", 9}, {"1E-130", 10},
    {"0.01", 11},   {"0.010001", 12}, {"0.1", 13}, {"1", 14},   {"1.0", 14},
    {"01", 14},     {"1.00001", 15},  {"9", 16},   {"10", 17},  {"1e1", 17},
    {"10.5", 18},   {"11", 19},       {"99", 20},  {"100", 21}, {D38, 22},
    {"1E125", 23},
};

START_TEST(orders_numbers_by_their_worth)
{
    ddbi_number a = number(ordered[_i].text);

    for (int j = 0; j < ROWS(ordered); j++) {
        ddbi_number b = number(ordered[j].text);
        int want = ordered[_i].rank - ordered[j].rank;
        int got = ddbi_number_compare(&a, &b);

        ck_assert_msg((want > 0) == (got > 0) && (want < 0) == (got < 0),
                      "%s and %s: %d", ordered[_i].text, ordered[j].text, got);
    }
}
END_TEST

static const struct {
    const char *text;
    int whole;
    int64_t v;
} integers[] = {
    {"0", 1, 0},
    {"-0", 1, 0},
    {"7", 1, 7},
    {"-7", 1, -7},
    {"1.5e1", 1, 15},
    {"1E18", 1, 1000000000000000000},
    {"9223372036854775807", 1, INT64_MAX},
    {"-9223372036854775808", 1, INT64_MIN},
    {"9223372036854775808", 0, 0},
    {"-9223372036854775809", 0, 0},
    {"9999999999999999999", 0, 0},
    {"-10000000000000000000", 0, 0},
    {"1E100", 0, 0},
    {"0.5", 0, 0},
    {"1.5", 0, 0},
    {"-1E-130", 0, 0},
};

START_TEST(gives_integers_that_fit)
{
    ddbi_number v = number(integers[_i].text);
    int64_t out = 77;

    ck_assert_int_eq(ddbi_number_i64(&v, &out) == 0, integers[_i].whole);
    ck_assert_int_eq(out, integers[_i].whole ? integers[_i].v : 77);
}
END_TEST

START_TEST(integers_go_both_ways)
{
    static const int64_t some[] = {
        0, 1, -1, 9, 10, 99, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    rng r = {11};

    for (int i = 0; i < 5000; i++) {
        int64_t out, v = i < ROWS(some)
                             ? some[i]
                             : (int64_t)rng_next(&r) >> rng_below(&r, 64);
        char text[DDBI_NUMBER_TEXT], want[32];
        size_t n = ddbi_i64_format(v, text);

        snprintf(want, sizeof want, "%lld", (long long)v);
        ck_assert_str_eq(text, want);
        ck_assert_uint_eq(n, strlen(want));
        ddbi_number parsed = number(text);
        ck_assert_uint_eq(ddbi_number_format(&parsed, text), n);
        ck_assert_str_eq(text, want);
        ck_assert_int_eq(ddbi_number_i64(&parsed, &out), 0);
        ck_assert_int_eq(out, v);
    }
}
END_TEST

/* Write digits * 10^(exponent - n) with zeros and a point somewhere. */
static void spell(rng *r, const ddbi_number *v, char *out, size_t size)
{
    char digits[64];
    int front = (int)rng_below(r, 3), back = (int)rng_below(r, 3), n = 0;
    int point, move;

    for (int i = 0; i < front; i++)
        digits[n++] = '0';
    for (int i = 0; i < v->n; i++)
        digits[n++] = (char)('0' + v->digit[i]);
    for (int i = 0; i < back; i++)
        digits[n++] = '0';
    point = (int)rng_below(r, (unsigned)n + 1);
    /* 0.DIGITS * 10^exponent has its point in front of the digits. */
    move = v->exponent - (point - front);
    snprintf(out, size, "%s%.*s.%.*s%c%+d", v->negative ? "-" : "", point,
             digits, n - point, digits + point, rng_below(r, 2) ? 'e' : 'E',
             move);
}

START_TEST(every_spelling_is_one_number)
{
    rng r = {12};

    for (int i = 0; i < 20000; i++) {
        ddbi_number v = {0}, got;
        char text[128], a[DDBI_NUMBER_TEXT], b[DDBI_NUMBER_TEXT];

        v.negative = (int)rng_below(&r, 2);
        v.n = 1 + (int)rng_below(&r, DDBI_MAX_DIGITS);
        v.exponent = (int)rng_below(&r, 256) - 129;
        for (int d = 0; d < v.n; d++)
            v.digit[d] = (unsigned char)rng_below(&r, 10);
        v.digit[0] = (unsigned char)(1 + rng_below(&r, 9));
        v.digit[v.n - 1] = (unsigned char)(1 + rng_below(&r, 9));
        spell(&r, &v, text, sizeof text);
        got = number(text);
        ck_assert_msg(ddbi_number_compare(&v, &got) == 0, "%s", text);
        ck_assert_uint_lt(ddbi_number_format(&v, a), sizeof a);
        ddbi_number_format(&got, b);
        ck_assert_str_eq(a, b);
        got = number(a);
        ck_assert_int_eq(ddbi_number_compare(&v, &got), 0);
        ck_assert_uint_le(ddbi_number_size(&v), 22);
    }
}
END_TEST

/* ---- Sums --------------------------------------------------------------- */

static const struct {
    const char *a, *b, *sum; /* NULL: see how */
    ddbi_sum how;
} sums[] = {
    {"0", "0", "0", DDBI_SUM_OK},
    {"0", "-5", "-5", DDBI_SUM_OK},
    {"-5", "0", "-5", DDBI_SUM_OK},
    {"1", "2", "3", DDBI_SUM_OK},
    {"9", "1", "10", DDBI_SUM_OK},
    {"99999", "1", "100000", DDBI_SUM_OK},
    {"1", "-1", "0", DDBI_SUM_OK},
    {"1", "-2", "-1", DDBI_SUM_OK},
    {"100000", "-1", "99999", DDBI_SUM_OK},
    {"-1", "-2", "-3", DDBI_SUM_OK},
    {"0.1", "0.2", "0.3", DDBI_SUM_OK},
    {"0.9", "0.1", "1", DDBI_SUM_OK},
    {"1.5", "-0.50", "1", DDBI_SUM_OK},
    {"1E2", "-1E-2", "99.99", DDBI_SUM_OK},
    {"100", "0.001", "100.001", DDBI_SUM_OK},
    {"1", "10000000000000000000000", "10000000000000000000001", DDBI_SUM_OK},
    {"10000000000000000000000", "-1", "9999999999999999999999", DDBI_SUM_OK},
    {D38, "1", "12345678901234567890123456789012345679", DDBI_SUM_OK},
    {D38, "0.1", NULL, DDBI_SUM_PRECISION},
    {D38, "-" D38, "0", DDBI_SUM_OK},
    {"99999999999999999999999999999999999999", "1", "1" Z10 Z10 Z10 "00000000",
     DDBI_SUM_OK},
    {"1E50", "1", NULL, DDBI_SUM_PRECISION},
    {"1E50", "-1", NULL, DDBI_SUM_PRECISION},
    {"1E125", "1E-130", NULL, DDBI_SUM_PRECISION},
    {"-1E125", "1E-130", NULL, DDBI_SUM_PRECISION},
    {"1E37", "0.1", NULL, DDBI_SUM_PRECISION},
    {"1E36", "0.1", "1" Z10 Z10 Z10 "000000.1", DDBI_SUM_OK},
    {"9E125", "9E125", NULL, DDBI_SUM_OVERFLOW},
    {"-9E125", "-1E125", NULL, DDBI_SUM_OVERFLOW},
    {"9.9999999999999999999999999999999999999E+125", "1E88", NULL,
     DDBI_SUM_OVERFLOW},
    {"9E125", "-9E125", "0", DDBI_SUM_OK},
    {"1.5E-130", "-1E-130", NULL, DDBI_SUM_UNDERFLOW},
    {"1.2345678901234567890123456789012345678E-130",
     "-1.2345678901234567890123456789012345677E-130", NULL, DDBI_SUM_UNDERFLOW},
    {"1.0000000000000000000000000000000000009E-130",
     "1.0000000000000000000000000000000000001E-130",
     "0." Z100 Z10 Z10 "000000000"
     "2000000000000000000000000000000000001",
     DDBI_SUM_OK},
};

START_TEST(adds_and_subtracts_every_digit)
{
    ddbi_number a = number(sums[_i].a), b = number(sums[_i].b), sum, back = b;
    char text[DDBI_NUMBER_TEXT];

    ck_assert_int_eq(ddbi_number_add(&a, &b, &sum), sums[_i].how);
    if (!sums[_i].sum)
        return;
    ddbi_number_format(&sum, text);
    ck_assert_str_eq(text, sums[_i].sum);
    ck_assert_int_eq(ddbi_number_add(&b, &a, &back), DDBI_SUM_OK);
    ck_assert_int_eq(ddbi_number_compare(&back, &sum), 0);
    ck_assert_int_eq(ddbi_number_subtract(&sum, &b, &sum), DDBI_SUM_OK);
    ck_assert_int_eq(ddbi_number_compare(&sum, &a), 0);
}
END_TEST

/* v * 10^exponent */
static ddbi_number scaled(int64_t v, int exponent)
{
    char text[64];

    snprintf(text, sizeof text, "%lldE%d", (long long)v, exponent);
    return number(text);
}

START_TEST(sums_are_those_of_integers)
{
    rng r = {13};

    for (int i = 0; i < 20000; i++) {
        int64_t x = (int64_t)rng_next(&r) >> (2 + rng_below(&r, 62));
        int64_t y = (int64_t)rng_next(&r) >> (2 + rng_below(&r, 62));
        int exponent = (int)rng_below(&r, 200) - 120;
        ddbi_number a = scaled(x, exponent), b = scaled(y, exponent);
        ddbi_number want = scaled(x + y, exponent), got = {.n = -1};

        ck_assert_int_eq(ddbi_number_add(&a, &b, &got), DDBI_SUM_OK);
        ck_assert_int_eq(ddbi_number_compare(&got, &want), 0);
        want = scaled(x - y, exponent);
        ck_assert_int_eq(ddbi_number_subtract(&a, &b, &a), DDBI_SUM_OK);
        ck_assert_int_eq(ddbi_number_compare(&a, &want), 0);
    }
}
END_TEST

Suite *suite_number(void)
{
    Suite *s = suite_create("number");
    TCase *tc = tcase_create("number");

    tcase_add_loop_test(tc, writes_numbers_as_the_service_does, 0, ROWS(good));
    tcase_add_loop_test(tc, counts_bytes_as_the_service_does, 0, ROWS(good));
    tcase_add_loop_test(tc, refuses_what_is_no_number, 0, ROWS(no_numbers));
    tcase_add_test(tc, refuses_a_nul_in_a_number);
    tcase_add_loop_test(tc, refuses_what_is_out_of_range, 0, ROWS(too_large));
    tcase_add_loop_test(tc, orders_numbers_by_their_worth, 0, ROWS(ordered));
    tcase_add_loop_test(tc, gives_integers_that_fit, 0, ROWS(integers));
    tcase_add_test(tc, integers_go_both_ways);
    tcase_add_test(tc, every_spelling_is_one_number);
    tcase_add_loop_test(tc, adds_and_subtracts_every_digit, 0, ROWS(sums));
    tcase_add_test(tc, sums_are_those_of_integers);
    suite_add_tcase(s, tc);
    return s;
}
