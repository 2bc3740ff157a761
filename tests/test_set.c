/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/alloc.h"
#include "oom.h"
#include "rng.h"
#include "wire/value.h"

#include <stdio.h>
#include <string.h>

static long compared;

static int compare_numbers(const void *arg, uint32_t a, uint32_t b)
{
    const uint32_t *v = arg;

    compared++;
    return (v[a] > v[b]) - (v[a] < v[b]);
}

/* Kinds of input that have been the undoing of other sorts. */
static uint32_t number_of(rng *r, int kind, uint32_t i, uint32_t n)
{
    switch (kind) {
    case 0:
        return rng_below(r, n);
    case 1:
        return i;
    case 2:
        return n - i;
    case 3:
        return 7;
    case 4:
        return i % 2 ? i : n - i;
    default:
        return rng_below(r, 3);
    }
}

START_TEST(sorts_everything_in_n_log_n)
{
    static const uint32_t sizes[] = {0, 1, 2, 3, 4, 7, 16, 17, 100, 20000};
    rng r = {1};

    for (int s = 0; s < ROWS(sizes); s++) {
        uint32_t n = sizes[s];
        uint32_t *v = ddbi_calloc(n, sizeof *v);
        uint32_t *order = ddbi_calloc(n, sizeof *order);
        unsigned char *seen = ddbi_calloc(n, 1);

        for (uint32_t i = 0; i < n; i++)
            v[i] = number_of(&r, _i, i, n);
        compared = 0;
        ddbi_sort(order, n, compare_numbers, v);
        ck_assert_int_le(compared, 2 * 15 * (long)n + 4);
        for (uint32_t i = 0; i < n; i++) {
            ck_assert_uint_lt(order[i], n);
            seen[order[i]]++;
            if (i > 0)
                ck_assert_uint_le(v[order[i - 1]], v[order[i]]);
        }
        for (uint32_t i = 0; i < n; i++)
            ck_assert_int_eq(seen[i], 1);
        ddbi_free(v);
        ddbi_free(order);
        ddbi_free(seen);
    }
}
END_TEST

/* A set of n numbers in random order, of which the first may be there again
 * in another spelling. */
static ddb_code set_many(ddb_item *it, const char *name, uint32_t n,
                         uint64_t seed, int again)
{
    char(*text)[16] = ddbi_calloc(n + 1, sizeof *text);
    ddb_bytes *b = ddbi_calloc(n + 1, sizeof *b);
    rng r = {seed};
    ddb_code code;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t j = rng_below(&r, i + 1);

        b[i] = b[j];
        snprintf(text[i], sizeof text[i], "%u", (unsigned)i);
        b[j] = ddb_str(text[i]);
    }
    b[n] = ddb_str("0.0");
    code = ddb_item_set_set(it, name, DDB_NS, b, n + (again != 0));
    ddbi_free(text);
    ddbi_free(b);
    return code;
}

static const uint32_t many[] = {1, 2, 15, 16, 17, 18, 1000, 20000};

START_TEST(equal_whatever_the_order)
{
    ddb_item *it = ddb_item_new();
    uint32_t n = many[_i];

    ck_assert_int_eq(set_many(it, "a", n, 1, 0), DDB_OK);
    ck_assert_int_eq(set_many(it, "b", n, 2, 0), DDB_OK);
    ck_assert_int_eq(set_many(it, "c", n + 1, 3, 0), DDB_OK);
    const ddb_value *a = ddb_item_get(it, "a");
    ck_assert_uint_eq(ddb_value_count(a), n);
    ck_assert(ddb_value_equal(a, ddb_item_get(it, "b")));
    ck_assert(!ddb_value_equal(a, ddb_item_get(it, "c")));
    ddb_item_free(it);
}
END_TEST

START_TEST(one_other_element_makes_unequal)
{
    ddb_item *it = ddb_item_new();
    uint32_t n = many[_i];

    set_many(it, "a", n, 1, 0);
    set_many(it, "b", n, 2, 0);
    ddb_value *last = &((ddb_value *)ddb_item_get(it, "b"))->u.elements[n - 1];
    last->u.bytes = ddb_str("-1");
    ck_assert(!ddb_value_equal(ddb_item_get(it, "a"), ddb_item_get(it, "b")));
    ddb_item_free(it);
}
END_TEST

START_TEST(refuses_an_element_that_comes_twice)
{
    ddb_item *it = ddb_item_new();

    ck_assert_int_eq(set_many(it, "a", many[_i], 4, 1), DDB_INVALID);
    ck_assert_ptr_null(ddb_item_get(it, "a"));
    ddb_item_free(it);
}
END_TEST

START_TEST(equal_needs_no_memory)
{
    ddb_item *it = ddb_item_new();

    set_many(it, "a", 100, 1, 0);
    set_many(it, "b", 100, 2, 0);
    set_many(it, "c", 100, 3, 0);
    ((ddb_value *)ddb_item_get(it, "c"))->u.elements[50].u.bytes =
        ddb_str("100");
    oom_begin_for_ever(0);
    int same = ddb_value_equal(ddb_item_get(it, "a"), ddb_item_get(it, "b"));
    int other = ddb_value_equal(ddb_item_get(it, "a"), ddb_item_get(it, "c"));
    ck_assert_int_eq(oom_end(), 1);
    ck_assert_int_eq(same, 1);
    ck_assert_int_eq(other, 0);
    ddb_item_free(it);
}
END_TEST

static const struct {
    ddb_type type;
    const char *a, *b;
    int order;
} scalars[] = {
    {DDB_S, "a", "a", 0},     {DDB_S, "a", "b", -1},   {DDB_S, "", "a", -1},
    {DDB_S, "b", "aa", 1},    {DDB_B, "1.0", "1", 1},  {DDB_N, "1.0", "1", 0},
    {DDB_N, "2", "10", -1},   {DDB_N, "-2", "-10", 1}, {DDB_N, "-", "1", 1},
    {DDB_N, "1", "e", -1},    {DDB_N, "-", "-", 0},    {DDB_N, "-", "--", -1},
    {DDB_N, "1e999", "1", 1}, {DDB_N, "0", "-0e1", 0},
};

START_TEST(scalars_have_an_order)
{
    ddb_value a = {.type = scalars[_i].type, .u.bytes = ddb_str(scalars[_i].a)};
    ddb_value b = {.type = scalars[_i].type, .u.bytes = ddb_str(scalars[_i].b)};
    int there = ddbi_scalar_compare(&a, &b);
    int back = ddbi_scalar_compare(&b, &a);
    int want = scalars[_i].order;

    ck_assert_int_eq((there > 0) - (there < 0), want);
    ck_assert_int_eq((back > 0) - (back < 0), -want);
}
END_TEST

/* The numbers from first on, in some order. */
static ddb_value numbers_from(ddbi_arena *arena, uint32_t first, uint32_t n)
{
    ddb_value v = {.type = DDB_NS, .n = n};

    v.u.elements = ddbi_arena_alloc(arena, n * sizeof *v.u.elements);
    ck_assert_ptr_nonnull(v.u.elements);
    for (uint32_t i = 0; i < n; i++) {
        char text[16];
        int length = snprintf(text, sizeof text, "%u", first + (i * 7919) % n);
        char *copy = ddbi_arena_dup(arena, text, (size_t)length);

        v.u.elements[i] =
            (ddb_value){.type = DDB_N, .u.bytes = {copy, (size_t)length}};
    }
    return v;
}

START_TEST(joins_and_takes_away)
{
    uint32_t n = many[_i];
    ddbi_arena arena = {0};
    ddb_value low = numbers_from(&arena, 0, n);
    ddb_value high = numbers_from(&arena, n / 2, n);
    ddb_value all = numbers_from(&arena, 0, n + n / 2);
    ddb_value rest = numbers_from(&arena, 0, n / 2 ? n / 2 : 1);
    ddb_value v;

    ck_assert_int_eq(ddbi_set_join(&arena, &v, &low, &high), DDB_OK);
    ck_assert(ddb_value_equal(&v, &all));
    ck_assert_int_eq(ddbi_set_join(&arena, &v, &low, &low), DDB_OK);
    ck_assert(ddb_value_equal(&v, &low));
    ck_assert_int_eq(ddbi_set_minus(&arena, &v, &low, &high), DDB_OK);
    ck_assert_uint_eq(v.n, n / 2);
    if (n > 1)
        ck_assert(ddb_value_equal(&v, &rest));
    ck_assert_int_eq(ddbi_set_minus(&arena, &v, &low, &low), DDB_OK);
    ck_assert_uint_eq(v.n, 0);
    ddbi_arena_free(&arena);
}
END_TEST

Suite *suite_set(void)
{
    Suite *s = suite_create("set");
    TCase *tc = tcase_create("set");

    tcase_add_loop_test(tc, sorts_everything_in_n_log_n, 0, 6);
    tcase_add_loop_test(tc, equal_whatever_the_order, 0, ROWS(many));
    tcase_add_loop_test(tc, one_other_element_makes_unequal, 0, ROWS(many));
    tcase_add_loop_test(tc, refuses_an_element_that_comes_twice, 0, ROWS(many));
    tcase_add_test(tc, equal_needs_no_memory);
    tcase_add_loop_test(tc, scalars_have_an_order, 0, ROWS(scalars));
    tcase_add_loop_test(tc, joins_and_takes_away, 0, ROWS(many));
    suite_add_tcase(s, tc);
    return s;
}
