/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/alloc.h"
#include "oom.h"

#include <stdlib.h>
#include <string.h>

START_TEST(zero_bytes_are_a_block_too)
{
    void *p = ddbi_malloc(0);

    ck_assert_ptr_nonnull(p);
    p = ddbi_realloc(p, 0);
    ck_assert_ptr_nonnull(p);
    ddbi_free(p);
    ddbi_free(NULL);
    ddb_free(NULL);
}
END_TEST

START_TEST(calloc_gives_zeros)
{
    char *p = ddbi_malloc(64);

    memset(p, 1, 64);
    ddbi_free(p);
    p = ddbi_calloc(16, 4);
    for (int i = 0; i < 64; i++)
        ck_assert_int_eq(p[i], 0);
    ddbi_free(p);
}
END_TEST

START_TEST(refuses_sizes_that_overflow)
{
    oom_begin(-1);
    ck_assert_ptr_null(ddbi_calloc(SIZE_MAX / 2 + 1, 2));
    ck_assert_ptr_null(ddbi_realloc_array(NULL, 3, SIZE_MAX / 2));
    ck_assert_ptr_null(ddbi_memdup("", SIZE_MAX));
    oom_end();
    ck_assert_int_eq(oom_asked(), 0);
}
END_TEST

START_TEST(realloc_array_keeps_what_was_there)
{
    int *p = ddbi_realloc_array(NULL, 2, sizeof *p);

    p[0] = 7;
    p[1] = 8;
    p = ddbi_realloc_array(p, 1000, sizeof *p);
    ck_assert_int_eq(p[0], 7);
    ck_assert_int_eq(p[1], 8);
    ddbi_free(p);
}
END_TEST

START_TEST(copies_end_in_nul)
{
    char *s = ddbi_strdup("text");
    char *m = ddbi_memdup("a\0b", 3);
    char *none = ddbi_memdup(NULL, 0);

    ck_assert_str_eq(s, "text");
    ck_assert_mem_eq(m, "a\0b", 4);
    ck_assert_str_eq(none, "");
    ck_assert_ptr_null(ddbi_strdup(NULL));
    ddbi_free(s);
    ddbi_free(m);
    ddbi_free(none);
}
END_TEST

static const struct {
    size_t a, b, sum, product;
    int sum_fails, product_fails;
} sizes[] = {
    {0, 0, 0, 0, 0, 0},
    {2, 3, 5, 6, 0, 0},
    {SIZE_MAX, 0, SIZE_MAX, 0, 0, 0},
    {0, SIZE_MAX, SIZE_MAX, 0, 0, 0},
    {SIZE_MAX, 1, 0, SIZE_MAX, 1, 0},
    {SIZE_MAX - 1, 1, SIZE_MAX, SIZE_MAX - 1, 0, 0},
    {SIZE_MAX / 2, 2, SIZE_MAX / 2 + 2, SIZE_MAX - 1, 0, 0},
    {SIZE_MAX / 2 + 1, 2, SIZE_MAX / 2 + 3, 0, 0, 1},
    {SIZE_MAX, SIZE_MAX, 0, 0, 1, 1},
};

START_TEST(sums_and_products_tell_overflow)
{
    size_t out = 42;

    ck_assert_int_eq(ddbi_add_size(sizes[_i].a, sizes[_i].b, &out) != 0,
                     sizes[_i].sum_fails);
    ck_assert_uint_eq(out, sizes[_i].sum_fails ? 42 : sizes[_i].sum);
    out = 42;
    ck_assert_int_eq(ddbi_mul_size(sizes[_i].a, sizes[_i].b, &out) != 0,
                     sizes[_i].product_fails);
    ck_assert_uint_eq(out, sizes[_i].product_fails ? 42 : sizes[_i].product);
}
END_TEST

START_TEST(wipe_leaves_zeros)
{
    char secret[] = "wJalrXUtnFEMI";

    ddbi_wipe(secret, 5);
    ck_assert_mem_eq(secret, "\0\0\0\0\0XUtnFEMI", sizeof secret);
    ddbi_wipe(NULL, 0);
}
END_TEST

static char freed[8];

static void keep_and_free(void *p)
{
    memcpy(freed, p, sizeof freed);
    free(p);
}

START_TEST(wipe_free_leaves_no_secret_to_the_heap)
{
    char *secret;

    ddb_set_allocator(malloc, realloc, keep_and_free);
    secret = ddbi_strdup("hunter2");
    ddbi_wipe_free(secret);
    ddbi_wipe_free(NULL);
    ddb_set_allocator(NULL, NULL, NULL);
    ck_assert_mem_eq(freed, "\0\0\0\0\0\0\0", sizeof freed);
}
END_TEST

START_TEST(half_an_allocator_is_none)
{
    void *p;

    memset(freed, 'x', sizeof freed);
    ddb_set_allocator(NULL, realloc, keep_and_free);
    p = ddbi_calloc(1, sizeof freed);
    ddb_free(p);
    ddb_set_allocator(NULL, NULL, NULL);
    ck_assert_mem_eq(freed, "xxxxxxxx", sizeof freed);
}
END_TEST

START_TEST(no_memory_is_null)
{
    oom_begin_for_ever(0);
    ck_assert_ptr_null(ddbi_malloc(1));
    ck_assert_ptr_null(ddbi_calloc(1, 1));
    ck_assert_ptr_null(ddbi_realloc_array(NULL, 1, 1));
    ck_assert_ptr_null(ddbi_strdup("a"));
    ck_assert_ptr_null(ddbi_memdup("a", 1));
    ck_assert_int_eq(oom_end(), 1);
}
END_TEST

Suite *suite_alloc(void)
{
    Suite *s = suite_create("alloc");
    TCase *tc = tcase_create("alloc");

    tcase_add_test(tc, zero_bytes_are_a_block_too);
    tcase_add_test(tc, calloc_gives_zeros);
    tcase_add_test(tc, refuses_sizes_that_overflow);
    tcase_add_test(tc, realloc_array_keeps_what_was_there);
    tcase_add_test(tc, copies_end_in_nul);
    tcase_add_loop_test(tc, sums_and_products_tell_overflow, 0, ROWS(sizes));
    tcase_add_test(tc, wipe_leaves_zeros);
    tcase_add_test(tc, wipe_free_leaves_no_secret_to_the_heap);
    tcase_add_test(tc, half_an_allocator_is_none);
    tcase_add_test(tc, no_memory_is_null);
    suite_add_tcase(s, tc);
    return s;
}
