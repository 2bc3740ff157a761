/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "oom.h"

#include <stdlib.h>
#include <string.h>

START_TEST(grows_and_keeps_what_was_added)
{
    ddbi_buf b = {0};

    for (int i = 0; i < 5000; i++)
        ddbi_buf_add(&b, "abc", 3);
    ck_assert_int_eq(b.failed, DDB_OK);
    ck_assert_uint_eq(b.n, 15000);
    for (size_t i = 0; i < b.n; i++)
        ck_assert_int_eq(b.p[i], "abc"[i % 3]);
    ddbi_buf_free(&b);
    ck_assert_ptr_null(b.p);
}
END_TEST

START_TEST(nothing_can_be_added)
{
    ddbi_buf b = {0};

    ddbi_buf_add(&b, NULL, 0);
    ddbi_buf_add_str(&b, "");
    ck_assert_uint_eq(b.n, 0);
    ck_assert_str_eq(ddbi_buf_text(&b), "");
    ddbi_buf_free(&b);
    ddbi_buf_free(&b);
}
END_TEST

static const struct {
    int64_t v;
    const char *text;
} integers[] = {
    {0, "0"},
    {9, "9"},
    {10, "10"},
    {-1, "-1"},
    {1700000000, "1700000000"},
    {INT64_MAX, "9223372036854775807"},
    {INT64_MIN, "-9223372036854775808"},
};

START_TEST(writes_integers)
{
    ddbi_buf b = {0};

    ddbi_buf_add_i64(&b, integers[_i].v);
    ck_assert_str_eq(ddbi_buf_text(&b), integers[_i].text);
    ddbi_buf_clear(&b);
    ddbi_buf_add_u64(&b, UINT64_MAX);
    ck_assert_str_eq(ddbi_buf_text(&b), "18446744073709551615");
    ddbi_buf_free(&b);
}
END_TEST

START_TEST(text_ends_in_nul_and_may_go_on)
{
    ddbi_buf b = {0};

    ddbi_buf_add_str(&b, "one");
    ck_assert_str_eq(ddbi_buf_text(&b), "one");
    ck_assert_uint_eq(b.n, 3);
    ddbi_buf_add_c(&b, '!');
    ck_assert_str_eq(ddbi_buf_text(&b), "one!");
    ddbi_buf_free(&b);
}
END_TEST

START_TEST(reserved_room_is_there)
{
    ddbi_buf b = {0};

    ck_assert_int_eq(ddbi_buf_reserve(&b, 100000), 0);
    ck_assert_uint_eq(b.n, 0);
    oom_begin_for_ever(0);
    memset(ddbi_buf_extend(&b, 100000), 'x', 100000);
    ck_assert_ptr_nonnull(ddbi_buf_text(&b));
    ck_assert_int_eq(oom_end(), 0);
    ddbi_buf_free(&b);
}
END_TEST

START_TEST(takes_max_bytes_and_not_one_more)
{
    ddbi_buf b = {.max = 4};

    ddbi_buf_add_str(&b, "abc");
    ddbi_buf_add_c(&b, 'd');
    ck_assert_str_eq(ddbi_buf_text(&b), "abcd");
    ddbi_buf_add_c(&b, 'e');
    ck_assert_int_eq(b.failed, DDB_TOO_LARGE);
    ck_assert_uint_eq(b.n, 4);
    ck_assert_ptr_null(ddbi_buf_text(&b));
    ddbi_buf_clear(&b);
    ck_assert_uint_eq(b.max, 4);
    ddbi_buf_add_str(&b, "abcde");
    ck_assert_int_eq(b.failed, DDB_TOO_LARGE);
    ddbi_buf_clear(&b);
    ck_assert_ptr_null(ddbi_buf_extend(&b, SIZE_MAX));
    ck_assert_int_eq(b.failed, DDB_TOO_LARGE);
    ddbi_buf_free(&b);
}
END_TEST

START_TEST(first_failure_sticks_until_cleared)
{
    ddbi_buf b = {0};

    ddbi_buf_add_str(&b, "kept");
    ddbi_buf_fail(&b, DDB_INVALID);
    ddbi_buf_fail(&b, DDB_NOMEM);
    ddbi_buf_add_str(&b, "lost");
    ddbi_buf_add_c(&b, 'x');
    ddbi_buf_add_i64(&b, -5);
    ck_assert_ptr_null(ddbi_buf_extend(&b, 0));
    ck_assert_int_ne(ddbi_buf_reserve(&b, 0), 0);
    ck_assert_int_eq(b.failed, DDB_INVALID);
    ck_assert_uint_eq(b.n, 4);
    ddbi_buf_clear(&b);
    ddbi_buf_add_str(&b, "anew");
    ck_assert_str_eq(ddbi_buf_text(&b), "anew");
    ddbi_buf_free(&b);
}
END_TEST

START_TEST(clear_keeps_the_memory)
{
    ddbi_buf b = {0};

    ddbi_buf_reserve(&b, 10000);
    oom_begin(-1);
    for (int i = 0; i < 100; i++) {
        ddbi_buf_clear(&b);
        ck_assert_ptr_nonnull(ddbi_buf_extend(&b, 10000));
    }
    oom_end();
    ck_assert_int_eq(oom_asked(), 0);
    ddbi_buf_free(&b);
}
END_TEST

START_TEST(take_hands_the_bytes_over)
{
    ddbi_buf b = {0};
    size_t n = 42;
    char *p;

    ddbi_buf_add(&b, "a\0b", 3);
    p = ddbi_buf_take(&b, &n);
    ck_assert_uint_eq(n, 3);
    ck_assert_mem_eq(p, "a\0b", 4);
    ck_assert_ptr_null(b.p);
    ck_assert_uint_eq(b.n + b.cap, 0);
    ddb_free(p);
    p = ddbi_buf_take(&b, NULL);
    ck_assert_str_eq(p, "");
    ddb_free(p);
}
END_TEST

START_TEST(take_of_a_failed_buffer_frees_it)
{
    ddbi_buf b = {0};
    size_t n = 42;

    oom_begin(-1);
    ddbi_buf_add_str(&b, "text");
    ddbi_buf_fail(&b, DDB_INVALID);
    ck_assert_ptr_null(ddbi_buf_take(&b, &n));
    oom_end();
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(b.failed, DDB_INVALID);
    ck_assert_int_eq(oom_live(), 0);
}
END_TEST

static char freed[8];
static int frees;

static void keep_and_free(void *p)
{
    memcpy(freed, p, sizeof freed);
    frees++;
    free(p);
}

/* Neither the block that was outgrown nor the last one. */
START_TEST(no_freed_block_holds_a_secret)
{
    ddbi_buf b = {.secret = 1};

    ddb_set_allocator(malloc, realloc, keep_and_free);
    ddbi_buf_add_str(&b, "hunter2!");
    ddbi_buf_extend(&b, 1000);
    ck_assert_int_eq(frees, 1);
    ck_assert_mem_eq(freed, "\0\0\0\0\0\0\0\0", sizeof freed);
    ck_assert_mem_eq(b.p, "hunter2!", 8);
    ddbi_buf_free(&b);
    ck_assert_int_eq(frees, 2);
    ck_assert_mem_eq(freed, "\0\0\0\0\0\0\0\0", sizeof freed);

    ddbi_buf_add_str(&b, "hunter2!");
    ddbi_buf_fail(&b, DDB_INVALID);
    ck_assert_ptr_null(ddbi_buf_take(&b, NULL));
    ddb_set_allocator(NULL, NULL, NULL);
    ck_assert_int_eq(frees, 3);
    ck_assert_mem_eq(freed, "\0\0\0\0\0\0\0\0", sizeof freed);
}
END_TEST

START_TEST(refuses_sizes_that_overflow)
{
    ddbi_buf b = {0};

    ddbi_buf_add_c(&b, 'x');
    ck_assert_ptr_null(ddbi_buf_extend(&b, SIZE_MAX));
    ck_assert_int_eq(b.failed, DDB_NOMEM);
    ddbi_buf_clear(&b);
    ddbi_buf_add_c(&b, 'x');
    ck_assert_ptr_null(ddbi_buf_extend(&b, SIZE_MAX - 1));
    ck_assert_int_eq(b.failed, DDB_NOMEM);
    ddbi_buf_free(&b);
}
END_TEST

START_TEST(every_failed_allocation_is_told_and_leaks_nothing)
{
    int failed = 1;

    for (long n = 0; failed; n++) {
        ddbi_buf b = {0};
        char *p;

        oom_begin(n);
        for (int i = 0; i < 3000; i++)
            ddbi_buf_add_u64(&b, 1234567890);
        p = ddbi_buf_take(&b, NULL);
        ddb_free(p);
        failed = oom_end();
        ck_assert_int_eq(p == NULL, failed);
        ck_assert_int_eq(b.failed, failed ? DDB_NOMEM : DDB_OK);
        ck_assert_int_eq(oom_live(), 0);
    }
}
END_TEST

Suite *suite_buf(void)
{
    Suite *s = suite_create("buf");
    TCase *tc = tcase_create("buf");

    tcase_add_test(tc, grows_and_keeps_what_was_added);
    tcase_add_test(tc, nothing_can_be_added);
    tcase_add_loop_test(tc, writes_integers, 0, ROWS(integers));
    tcase_add_test(tc, text_ends_in_nul_and_may_go_on);
    tcase_add_test(tc, reserved_room_is_there);
    tcase_add_test(tc, takes_max_bytes_and_not_one_more);
    tcase_add_test(tc, first_failure_sticks_until_cleared);
    tcase_add_test(tc, clear_keeps_the_memory);
    tcase_add_test(tc, take_hands_the_bytes_over);
    tcase_add_test(tc, take_of_a_failed_buffer_frees_it);
    tcase_add_test(tc, no_freed_block_holds_a_secret);
    tcase_add_test(tc, refuses_sizes_that_overflow);
    tcase_add_test(tc, every_failed_allocation_is_told_and_leaks_nothing);
    suite_add_tcase(s, tc);
    return s;
}
