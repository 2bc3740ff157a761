/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/arena.h"
#include "oom.h"

#include <stdalign.h>
#include <string.h>

START_TEST(objects_are_aligned_and_do_not_overlap)
{
    ddbi_arena a = {0};
    unsigned char *p[300];

    for (int i = 0; i < 300; i++) {
        size_t n = (size_t)i * 7;

        ck_assert_ptr_nonnull(ddbi_arena_bytes(&a, (size_t)i % 5));
        p[i] = ddbi_arena_alloc(&a, n);
        ck_assert_ptr_nonnull(p[i]);
        ck_assert_uint_eq((uintptr_t)p[i] % alignof(max_align_t), 0);
        memset(p[i], i & 255, n);
    }
    for (int i = 0; i < 300; i++)
        for (int j = 0; j < i * 7; j++)
            ck_assert_uint_eq(p[i][j], i & 255);
    ddbi_arena_free(&a);
    ck_assert_ptr_null(a.head);
}
END_TEST

START_TEST(copies_end_in_nul)
{
    ddbi_arena a = {0};

    ck_assert_mem_eq(ddbi_arena_dup(&a, "a\0b", 3), "a\0b", 4);
    ck_assert_str_eq(ddbi_arena_dup(&a, NULL, 0), "");
    ddbi_arena_free(&a);
}
END_TEST

START_TEST(the_last_piece_grows_in_place)
{
    ddbi_arena a = {0};
    char *p = ddbi_arena_grow(&a, NULL, 0, 16);

    memset(p, 'x', 16);
    ck_assert_ptr_eq(ddbi_arena_grow(&a, p, 16, 64), p);
    ddbi_arena_free(&a);
}
END_TEST

START_TEST(a_piece_that_cannot_grow_is_copied)
{
    ddbi_arena a = {0};
    char *p = ddbi_arena_grow(&a, NULL, 0, 16), *q;

    memset(p, 'x', 16);
    ddbi_arena_bytes(&a, 1);
    q = ddbi_arena_grow(&a, p, 16, 64);
    ck_assert_ptr_ne(q, p);
    ck_assert_mem_eq(q, p, 16);
    p = ddbi_arena_grow(&a, q, 64, 100000);
    ck_assert_mem_eq(p, q, 16);
    ddbi_arena_free(&a);
}
END_TEST

START_TEST(a_large_piece_leaves_room_in_use)
{
    ddbi_arena a = {0};
    char *before = ddbi_arena_bytes(&a, 10);
    char *large = ddbi_arena_bytes(&a, 1000000);

    memset(large, 'x', 1000000);
    ck_assert_ptr_eq(ddbi_arena_bytes(&a, 10), before + 10);
    ddbi_arena_free(&a);
}
END_TEST

START_TEST(many_pieces_take_few_allocations)
{
    ddbi_arena a = {0};

    oom_begin(-1);
    for (int i = 0; i < 10000; i++)
        ddbi_arena_alloc(&a, 48);
    ddbi_arena_free(&a);
    oom_end();
    ck_assert_int_le(oom_asked(), 14);
    ck_assert_int_eq(oom_live(), 0);
}
END_TEST

START_TEST(reset_keeps_the_largest_chunk)
{
    ddbi_arena a = {0};

    ddbi_arena_reset(&a);
    ck_assert_ptr_null(a.head);
    ddbi_arena_bytes(&a, 10);
    ddbi_arena_bytes(&a, 300000);
    a.failed = DDB_INVALID;
    a.why = ddbi_arena_dup(&a, "text", 4);
    ddbi_arena_reset(&a);
    ck_assert_int_eq(a.failed, DDB_OK);
    ck_assert_ptr_null(a.why);
    oom_begin(-1);
    ck_assert_ptr_nonnull(ddbi_arena_bytes(&a, 200000));
    ck_assert_ptr_nonnull(ddbi_arena_bytes(&a, 100000));
    oom_end();
    ck_assert_int_eq(oom_asked(), 0);
    ddbi_arena_free(&a);
}
END_TEST

START_TEST(no_memory_sticks_and_comes_second)
{
    ddbi_arena a = {0}, b = {.failed = DDB_INVALID};

    oom_begin_for_ever(0);
    ck_assert_ptr_null(ddbi_arena_alloc(&a, 1));
    ck_assert_ptr_null(ddbi_arena_bytes(&b, 1));
    ck_assert_ptr_null(ddbi_arena_dup(&b, "a", 1));
    ck_assert_ptr_null(ddbi_arena_grow(&b, NULL, 0, 1));
    ck_assert_int_eq(oom_end(), 1);
    ck_assert_int_eq(a.failed, DDB_NOMEM);
    ck_assert_int_eq(b.failed, DDB_INVALID);
    ck_assert_ptr_nonnull(ddbi_arena_alloc(&a, 1));
    ck_assert_int_eq(a.failed, DDB_NOMEM);
    ddbi_arena_free(&a);
}
END_TEST

START_TEST(refuses_sizes_that_overflow)
{
    ddbi_arena a = {0};

    oom_begin(-1);
    ck_assert_ptr_null(ddbi_arena_alloc(&a, SIZE_MAX));
    ck_assert_ptr_null(ddbi_arena_dup(&a, "", SIZE_MAX));
    ck_assert_ptr_nonnull(ddbi_arena_alloc(&a, 100));
    ck_assert_ptr_null(ddbi_arena_alloc(&a, SIZE_MAX - 8));
    ck_assert_ptr_null(ddbi_arena_bytes(&a, SIZE_MAX));
    ddbi_arena_free(&a);
    oom_end();
    ck_assert_int_eq(oom_asked(), 1);
    ck_assert_int_eq(oom_live(), 0);
}
END_TEST

static int fill(ddbi_arena *a)
{
    for (int i = 0; i < 200; i++)
        if (!ddbi_arena_alloc(a, 100))
            return -1;
    return ddbi_arena_dup(a, "x", 1) && ddbi_arena_bytes(a, 100000) ? 0 : -1;
}

START_TEST(knows_what_it_holds)
{
    ddbi_arena a = {0};

    ck_assert_uint_eq(ddbi_arena_size(&a), 0);
    ck_assert_ptr_nonnull(ddbi_arena_alloc(&a, 100));
    ck_assert_uint_eq(ddbi_arena_size(&a), 1024);
    ck_assert_ptr_nonnull(ddbi_arena_bytes(&a, 100000));
    ck_assert_uint_ge(ddbi_arena_size(&a), 101024);
    ck_assert_uint_le(ddbi_arena_size(&a), 101100);
    ddbi_arena_reset(&a);
    ck_assert_uint_le(ddbi_arena_size(&a), 100076);
    ddbi_arena_free(&a);
    ck_assert_uint_eq(ddbi_arena_size(&a), 0);
}
END_TEST

START_TEST(every_failed_allocation_is_told_and_leaks_nothing)
{
    int failed = 1;

    for (long n = 0; failed; n++) {
        ddbi_arena a = {0};
        int got;

        oom_begin(n);
        got = fill(&a);
        ck_assert_int_eq(a.failed, got ? DDB_NOMEM : DDB_OK);
        ddbi_arena_free(&a);
        failed = oom_end();
        ck_assert_int_eq(got != 0, failed);
        ck_assert_int_eq(oom_live(), 0);
    }
}
END_TEST

Suite *suite_arena(void)
{
    Suite *s = suite_create("arena");
    TCase *tc = tcase_create("arena");

    tcase_add_test(tc, objects_are_aligned_and_do_not_overlap);
    tcase_add_test(tc, copies_end_in_nul);
    tcase_add_test(tc, the_last_piece_grows_in_place);
    tcase_add_test(tc, a_piece_that_cannot_grow_is_copied);
    tcase_add_test(tc, a_large_piece_leaves_room_in_use);
    tcase_add_test(tc, many_pieces_take_few_allocations);
    tcase_add_test(tc, reset_keeps_the_largest_chunk);
    tcase_add_test(tc, knows_what_it_holds);
    tcase_add_test(tc, no_memory_sticks_and_comes_second);
    tcase_add_test(tc, refuses_sizes_that_overflow);
    tcase_add_test(tc, every_failed_allocation_is_told_and_leaks_nothing);
    suite_add_tcase(s, tc);
    return s;
}
