/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/alloc.h"
#include "oom.h"
#include "wire/value.h"

#include <stdio.h>
#include <string.h>

/* An item with one attribute of each type, by its name. */
static ddb_item *one_of_each(void)
{
    static const ddb_bytes text[] = {{"x", 1}, {"", 0}};
    static const ddb_bytes numbers[] = {{"1.50", 4}, {"-2", 2}};
    ddb_item *it = ddb_item_new();
    ddb_value *list;

    ddb_item_set_s(it, "S", "text");
    ddb_item_set_n(it, "N", "0042");
    ddb_item_set_b(it, "B", "\0\xff", 2);
    ddb_item_set_bool(it, "BOOL", 5);
    ddb_item_set_null(it, "NULL");
    ddb_item_set_i64(ddb_item_set_m(it, "M"), "inner", 7);
    list = ddb_item_set_l(it, "L");
    ddb_list_add_s(list, "first");
    ddb_list_add_i64(list, -1);
    ddb_item_set_set(it, "SS", DDB_SS, text, 2);
    ddb_item_set_set(it, "NS", DDB_NS, numbers, 2);
    ddb_item_set_set(it, "BS", DDB_BS, text, 2);
    ck_assert_int_eq(ddb_item_status(it), DDB_OK);
    return it;
}

static const struct {
    const char *name;
    ddb_type type;
    const char *bytes; /* NULL: none */
    size_t n;
    size_t count;
    size_t size;
} each[] = {
    {"S", DDB_S, "text", 4, 0, 4},     {"N", DDB_N, "42", 2, 0, 2},
    {"B", DDB_B, "\0\xff", 2, 0, 2},   {"BOOL", DDB_BOOL, NULL, 0, 0, 1},
    {"NULL", DDB_NULL, NULL, 0, 0, 1}, {"M", DDB_M, NULL, 0, 1, 11},
    {"L", DDB_L, NULL, 0, 2, 13},      {"SS", DDB_SS, NULL, 0, 2, 1},
    {"NS", DDB_NS, NULL, 0, 2, 6},     {"BS", DDB_BS, NULL, 0, 2, 1},
};

START_TEST(each_type_tells_what_it_is)
{
    ddb_item *it = one_of_each();
    const ddb_value *v = ddb_item_get(it, each[_i].name);
    ddb_bytes b = ddb_value_bytes(v);

    ck_assert_int_eq(ddb_value_type(v), each[_i].type);
    ck_assert_uint_eq(b.n, each[_i].n);
    ck_assert_int_eq(b.p != NULL, each[_i].bytes != NULL);
    if (b.p)
        ck_assert_mem_eq(b.p, each[_i].bytes, b.n + 1);
    ck_assert_uint_eq(ddb_value_count(v), each[_i].count);
    ck_assert_int_eq(ddb_value_bool(v), each[_i].type == DDB_BOOL);
    ck_assert_int_eq(ddb_value_map(v) != NULL, each[_i].type == DDB_M);
    ck_assert_uint_eq(ddbi_value_size(v), each[_i].size);
    ck_assert_ptr_null(ddb_value_at(v, each[_i].count));
    ddb_item_free(it);
}
END_TEST

START_TEST(elements_are_found_by_their_number)
{
    ddb_item *it = one_of_each();
    int64_t n = 0;

    ck_assert_str_eq(ddb_value_bytes(ddb_value_at(ddb_item_get(it, "L"), 0)).p,
                     "first");
    ck_assert_int_eq(ddb_value_i64(ddb_value_at(ddb_item_get(it, "L"), 1), &n),
                     DDB_OK);
    ck_assert_int_eq(n, -1);
    ck_assert_str_eq(ddb_value_bytes(ddb_value_at(ddb_item_get(it, "NS"), 0)).p,
                     "1.5");
    ck_assert_int_eq(ddb_value_type(ddb_value_at(ddb_item_get(it, "BS"), 1)),
                     DDB_B);
    ck_assert_ptr_null(ddb_value_at(ddb_item_get(it, "M"), 0));
    ck_assert_int_eq(
        ddb_value_i64(
            ddb_item_get(ddb_value_map(ddb_item_get(it, "M")), "inner"), &n),
        DDB_OK);
    ck_assert_int_eq(n, 7);
    ddb_item_free(it);
}
END_TEST

START_TEST(no_value_has_nothing)
{
    int64_t n = 5;

    ck_assert_int_eq(ddb_value_type(NULL), 0);
    ck_assert_ptr_null(ddb_value_bytes(NULL).p);
    ck_assert_int_eq(ddb_value_i64(NULL, &n), DDB_INVALID);
    ck_assert_int_eq(n, 5);
    ck_assert_int_eq(ddb_value_bool(NULL), 0);
    ck_assert_uint_eq(ddb_value_count(NULL), 0);
    ck_assert_ptr_null(ddb_value_at(NULL, 0));
    ck_assert_ptr_null(ddb_value_map(NULL));
    ck_assert_int_eq(ddb_value_equal(NULL, NULL), 1);
}
END_TEST

START_TEST(only_whole_numbers_are_integers)
{
    static const char *const no_integers[] = {"1.5", "9223372036854775808"};
    ddb_item *it = one_of_each();
    int64_t n = 5;

    for (int i = 0; i < ROWS(no_integers); i++) {
        ddb_item_set_n(it, "n", no_integers[i]);
        ck_assert_int_eq(ddb_value_i64(ddb_item_get(it, "n"), &n), DDB_INVALID);
    }
    ck_assert_int_eq(ddb_value_i64(ddb_item_get(it, "S"), &n), DDB_INVALID);
    ck_assert_int_eq(n, 5);
    ddb_item_set_n(it, "n", "1.2e3");
    ck_assert_int_eq(ddb_value_i64(ddb_item_get(it, "n"), &n), DDB_OK);
    ck_assert_int_eq(n, 1200);
    ddb_item_free(it);
}
END_TEST

START_TEST(a_value_equals_its_kind_only)
{
    ddb_item *a = one_of_each(), *b = one_of_each();

    for (int i = 0; i < ROWS(each); i++) {
        const ddb_value *x = ddb_item_get(a, each[i].name);

        ck_assert_int_eq(ddb_value_equal(x, NULL), 0);
        ck_assert_int_eq(ddb_value_equal(NULL, x), 0);
        for (int j = 0; j < ROWS(each); j++)
            ck_assert_int_eq(ddb_value_equal(x, ddb_item_get(b, each[j].name)),
                             i == j);
    }
    ddb_item_free(a);
    ddb_item_free(b);
}
END_TEST

/* Pairs of values as DynamoDB JSON. */
static const struct {
    const char *a, *b;
    int equal;
} pairs[] = {
    {"{\"S\":\"1\"}", "{\"S\":\"1.0\"}", 0},
    {"{\"N\":\"1\"}", "{\"N\":\"1.0\"}", 1},
    {"{\"N\":\"100\"}", "{\"N\":\"1E2\"}", 1},
    {"{\"N\":\"-0\"}", "{\"N\":\"0\"}", 1},
    {"{\"N\":\"1\"}", "{\"N\":\"-1\"}", 0},
    {"{\"S\":\"\"}", "{\"S\":\"\\u0000\"}", 0},
    {"{\"S\":\"AA==\"}", "{\"B\":\"AA==\"}", 0},
    {"{\"BOOL\":true}", "{\"BOOL\":false}", 0},
    {"{\"BOOL\":false}", "{\"BOOL\":false}", 1},
    {"{\"L\":[]}", "{\"L\":[]}", 1},
    {"{\"L\":[{\"N\":\"1\"},{\"N\":\"2\"}]}",
     "{\"L\":[{\"N\":\"2\"},{\"N\":\"1\"}]}", 0},
    {"{\"L\":[{\"N\":\"1\"}]}", "{\"L\":[{\"N\":\"1\"},{\"N\":\"1\"}]}", 0},
    {"{\"M\":{}}", "{\"M\":{}}", 1},
    {"{\"M\":{\"a\":{\"N\":\"1\"},\"b\":{\"NULL\":true}}}",
     "{\"M\":{\"b\":{\"NULL\":true},\"a\":{\"N\":\"1.0\"}}}", 1},
    {"{\"M\":{\"a\":{\"N\":\"1\"}}}", "{\"M\":{\"b\":{\"N\":\"1\"}}}", 0},
    {"{\"M\":{\"a\":{\"N\":\"1\"}}}", "{\"M\":{\"a\":{\"N\":\"2\"}}}", 0},
    {"{\"M\":{\"a\":{\"N\":\"1\"}}}", "{\"M\":{}}", 0},
    {"{\"NS\":[\"1\",\"2.50\"]}", "{\"NS\":[\"2.5\",\"1\"]}", 1},
    {"{\"NS\":[\"1\",\"2\"]}", "{\"NS\":[\"1\",\"3\"]}", 0},
    {"{\"SS\":[\"1\"]}", "{\"NS\":[\"1\"]}", 0},
    {"{\"SS\":[\"a\",\"b\"]}", "{\"SS\":[\"b\",\"a\"]}", 1},
};

START_TEST(equality_is_by_worth)
{
    char json[256];
    ddb_item *it;
    int n = snprintf(json, sizeof json, "{\"a\":%s,\"b\":%s}", pairs[_i].a,
                     pairs[_i].b);

    ck_assert_int_eq(ddb_item_parse(json, (size_t)n, &it, NULL), DDB_OK);
    const ddb_value *a = ddb_item_get(it, "a"), *b = ddb_item_get(it, "b");
    ck_assert_int_eq(ddb_value_equal(a, b), pairs[_i].equal);
    ck_assert_int_eq(ddb_value_equal(b, a), pairs[_i].equal);
    ck_assert_int_eq(ddb_value_equal(a, a), 1);
    ddb_item_free(it);
}
END_TEST

/* ---- Lists -------------------------------------------------------------- */

START_TEST(a_list_takes_every_type)
{
    static const ddb_bytes one = {"1", 1};
    ddb_item *it = one_of_each(), *map;
    ddb_value *list = ddb_item_set_l(it, "list"), *inner;

    ddb_list_add_s(list, "text");
    ddb_list_add_sn(list, "a\0b", 3);
    ddb_list_add_n(list, "1.0");
    ddb_list_add_i64(list, INT64_MIN);
    ddb_list_add_b(list, NULL, 0);
    ddb_list_add_bool(list, 1);
    ddb_list_add_null(list);
    ddb_list_add_set(list, DDB_NS, &one, 1);
    for (int i = 0; i < ROWS(each); i++)
        ck_assert_int_eq(
            ddb_list_add_value(list, ddb_item_get(it, each[i].name)), DDB_OK);
    map = ddb_list_add_m(list);
    inner = ddb_list_add_l(list);
    ck_assert_int_eq(ddb_item_set_s(map, "k", "v"), DDB_OK);
    ck_assert_int_eq(ddb_list_add_null(inner), DDB_OK);
    ck_assert_uint_eq(ddb_value_count(list), 8 + ROWS(each) + 2);
    for (int i = 0; i < ROWS(each); i++)
        ck_assert(ddb_value_equal(ddb_value_at(list, 8 + (size_t)i),
                                  ddb_item_get(it, each[i].name)));
    ck_assert_str_eq(ddb_value_bytes(ddb_value_at(list, 3)).p,
                     "-9223372036854775808");
    ck_assert_uint_eq(ddb_value_bytes(ddb_value_at(list, 1)).n, 3);
    ck_assert_ptr_nonnull(ddb_value_bytes(ddb_value_at(list, 4)).p);
    ck_assert(ddb_value_equal(ddb_item_get(it, "list"), list));
    ddb_item_free(it);
}
END_TEST

START_TEST(a_list_stays_while_others_grow)
{
    ddb_item *it = ddb_item_new();
    ddb_value *list = ddb_item_set_l(it, "list");
    ddb_value *inner = ddb_list_add_l(list);

    for (int i = 0; i < 500; i++) {
        char name[16];

        snprintf(name, sizeof name, "a%d", i);
        ddb_item_set_i64(it, name, i);
        ck_assert_int_eq(ddb_list_add_i64(list, i), DDB_OK);
        ck_assert_int_eq(ddb_list_add_i64(inner, i), DDB_OK);
    }
    const ddb_value *seen = ddb_item_get(it, "list");
    ck_assert_uint_eq(ddb_value_count(seen), 501);
    ck_assert_uint_eq(ddb_value_count(ddb_value_at(seen, 0)), 500);
    ddb_item_free(it);
}
END_TEST

START_TEST(a_list_may_be_copied_into_itself)
{
    ddb_item *it = ddb_item_new();
    ddb_value *list = ddb_item_set_l(it, "list");

    ddb_list_add_s(list, "x");
    ck_assert_int_eq(ddb_list_add_value(list, list), DDB_OK);
    ck_assert_int_eq(ddb_list_add_value(list, ddb_value_at(list, 0)), DDB_OK);
    ck_assert_int_eq(ddb_item_set_value(it, "list", ddb_value_at(list, 1)),
                     DDB_OK);
    ck_assert_uint_eq(ddb_value_count(ddb_item_get(it, "list")), 1);
    ck_assert_str_eq(
        ddb_value_bytes(ddb_value_at(ddb_item_get(it, "list"), 0)).p, "x");
    ddb_item_free(it);
}
END_TEST

START_TEST(no_list_is_forgiven)
{
    ddb_bytes one = {"1", 1};

    ck_assert_int_eq(ddb_list_add_s(NULL, "x"), DDB_NOMEM);
    ck_assert_int_eq(ddb_list_add_sn(NULL, "x", 1), DDB_NOMEM);
    ck_assert_int_eq(ddb_list_add_n(NULL, "1"), DDB_NOMEM);
    ck_assert_int_eq(ddb_list_add_i64(NULL, 1), DDB_NOMEM);
    ck_assert_int_eq(ddb_list_add_b(NULL, "x", 1), DDB_NOMEM);
    ck_assert_int_eq(ddb_list_add_bool(NULL, 1), DDB_NOMEM);
    ck_assert_int_eq(ddb_list_add_null(NULL), DDB_NOMEM);
    ck_assert_int_eq(ddb_list_add_set(NULL, DDB_NS, &one, 1), DDB_NOMEM);
    ck_assert_int_eq(ddb_list_add_value(NULL, NULL), DDB_NOMEM);
    ck_assert_ptr_null(ddb_list_add_m(NULL));
    ck_assert_ptr_null(ddb_list_add_l(NULL));
}
END_TEST

START_TEST(what_is_no_list_takes_nothing)
{
    ddb_item *it = one_of_each();
    ddb_value *text = (ddb_value *)ddb_item_get(it, "S");

    ck_assert_int_eq(ddb_list_add_s(text, "x"), DDB_INVALID);
    ck_assert_ptr_null(ddb_list_add_m(text));
    ck_assert_ptr_null(ddb_list_add_l(text));
    ck_assert_int_eq(ddb_item_status(it), DDB_OK);
    ddb_item_free(it);
}
END_TEST

/* What a list refuses, and its item afterwards does too. */
static ddb_code add_wrong(ddb_value *list, int i)
{
    ddb_bytes twice[] = {{"a", 1}, {"b", 1}, {"a", 1}};
    ddb_bytes not_utf8 = {"\xff", 1};
    ddb_bytes nothing = {NULL, 1};

    switch (i) {
    case 0:
        return ddb_list_add_s(list, NULL);
    case 1:
        return ddb_list_add_s(list, "\xc3(");
    case 2:
        return ddb_list_add_sn(list, NULL, 3);
    case 3:
        return ddb_list_add_n(list, "one");
    case 4:
        return ddb_list_add_n(list, NULL);
    case 5:
        return ddb_list_add_b(list, NULL, 1);
    case 6:
        return ddb_list_add_set(list, DDB_SS, twice, 3);
    case 7:
        return ddb_list_add_set(list, DDB_SS, twice, 0);
    case 8:
        return ddb_list_add_set(list, DDB_SS, NULL, 2);
    case 9:
        return ddb_list_add_set(list, DDB_S, twice, 1);
    case 10:
        return ddb_list_add_set(list, DDB_SS, &not_utf8, 1);
    case 11:
        return ddb_list_add_set(list, DDB_NS, twice, 2);
    case 12:
        return ddb_list_add_set(list, DDB_BS, &nothing, 1);
    default:
        return ddb_list_add_value(list, NULL);
    }
}

START_TEST(a_wrong_element_sticks)
{
    ddb_item *it = one_of_each();
    ddb_value *list = ddb_item_set_l(it, "list");

    ddb_list_add_s(list, "good");
    ck_assert_int_eq(add_wrong(list, _i), DDB_INVALID);
    ck_assert_uint_eq(ddb_value_count(list), 1);
    ck_assert_int_eq(ddb_list_add_s(list, "late"), DDB_INVALID);
    ck_assert_ptr_null(ddb_list_add_m(list));
    ck_assert_uint_eq(ddb_value_count(list), 1);
    ck_assert_int_eq(ddb_item_set_s(it, "S", "late"), DDB_INVALID);
    ck_assert_int_eq(ddb_item_status(it), DDB_INVALID);
    ddb_item_free(it);
}
END_TEST

START_TEST(far_too_many_elements_are_refused)
{
    ddb_bytes one = {"x", 1};
    ddb_item *it = ddb_item_new();

    ck_assert_int_eq(ddb_item_set_set(it, "s", DDB_SS, &one, SIZE_MAX),
                     DDB_TOO_LARGE);
    ck_assert_int_eq(ddb_item_status(it), DDB_TOO_LARGE);
    ddb_item_clear(it);
    ck_assert_int_eq(ddb_item_set_sn(it, "s", "x", SIZE_MAX), DDB_TOO_LARGE);
    ddb_item_free(it);
}
END_TEST

/* As if all of memory were full of them already. */
START_TEST(four_billion_are_refused)
{
    const uint32_t half = 0x80000000u;
    ddbi_arena arena = {0};
    ddbi_list list = {.arena = &arena, .n = half, .cap = half};
    ddb_item it = {.arena = &arena, .n = half, .cap = half};

    ck_assert_ptr_null(ddbi_list_append(&list));
    ck_assert_int_eq(arena.failed, DDB_TOO_LARGE);
    arena.failed = DDB_OK;
    ck_assert_ptr_null(ddbi_item_append(&it, ddb_str("x")));
    ck_assert_int_eq(arena.failed, DDB_TOO_LARGE);
}
END_TEST

/* A value so many lists deep, the innermost empty; NULL: refused. */
static ddb_value *nest(ddb_value *list, int levels)
{
    while (list && levels-- > 0)
        list = ddb_list_add_l(list);
    return list;
}

START_TEST(lists_nest_32_levels)
{
    ddb_item *it = ddb_item_new();
    ddb_value *list = nest(ddb_item_set_l(it, "a"), 30);

    /* That is level 31; what it has is on level 32, as the service counts. */
    ck_assert_int_eq(ddb_list_add_s(list, "leaf"), DDB_OK);
    list = ddb_list_add_l(list);
    ck_assert_ptr_nonnull(list);
    ck_assert_int_eq(ddb_list_add_s(list, "too deep"), DDB_TOO_LARGE);
    ck_assert_int_eq(ddb_item_status(it), DDB_TOO_LARGE);
    ddb_item_free(it);
}
END_TEST

START_TEST(a_copy_that_would_be_too_deep_is_refused)
{
    ddb_item *deep = ddb_item_new(), *it = ddb_item_new();

    nest(ddb_item_set_l(deep, "a"), 20);
    ddb_value *list = nest(ddb_item_set_l(it, "a"), 10);
    ck_assert_int_eq(ddb_list_add_value(list, ddb_item_get(deep, "a")), DDB_OK);
    ck_assert_int_eq(ddb_list_add_value(nest(list, 1), ddb_item_get(deep, "a")),
                     DDB_TOO_LARGE);
    ddb_item_free(deep);
    ddb_item_free(it);
}
END_TEST

static ddb_code fill_list(ddb_item *it, const ddb_item *from)
{
    ddb_bytes many[40];
    char text[40][12];
    ddb_value *list = ddb_item_set_l(it, "list");

    for (int i = 0; i < 40; i++) {
        snprintf(text[i], sizeof text[i], "%d", i);
        many[i] = ddb_str(text[i]);
        ddb_list_add_i64(list, i);
    }
    ddb_list_add_set(list, DDB_NS, many, 40);
    ddb_item_set_s(ddb_list_add_m(list), "a", "x");
    ddb_list_add_b(ddb_list_add_l(list), "x", 1);
    for (int i = 0; i < ROWS(each); i++)
        ddb_list_add_value(list, ddb_item_get(from, each[i].name));
    return ddb_item_status(it);
}

START_TEST(lists_tell_no_memory)
{
    ddb_item *from = one_of_each();

    for (long n = 0;; n++) {
        ddb_code code = DDB_NOMEM;
        ddb_item *it;

        oom_begin(n);
        it = ddb_item_new();
        if (it)
            code = fill_list(it, from);
        ddb_item_free(it);
        if (!oom_end()) {
            ck_assert_int_eq(code, DDB_OK);
            break;
        }
        ck_assert_int_eq(code, DDB_NOMEM);
        ck_assert_int_eq(oom_live(), 0);
    }
    ddb_item_free(from);
}
END_TEST

START_TEST(a_c_string_lends_its_bytes)
{
    const char *text = "abc";

    ck_assert_ptr_eq(ddb_str(text).p, text);
    ck_assert_uint_eq(ddb_str(text).n, 3);
    ck_assert_ptr_null(ddb_str(NULL).p);
    ck_assert_uint_eq(ddb_str(NULL).n, 0);
}
END_TEST

Suite *suite_value(void)
{
    Suite *s = suite_create("value");
    TCase *tc = tcase_create("values");

    tcase_add_loop_test(tc, each_type_tells_what_it_is, 0, ROWS(each));
    tcase_add_test(tc, elements_are_found_by_their_number);
    tcase_add_test(tc, no_value_has_nothing);
    tcase_add_test(tc, only_whole_numbers_are_integers);
    tcase_add_test(tc, a_value_equals_its_kind_only);
    tcase_add_loop_test(tc, equality_is_by_worth, 0, ROWS(pairs));
    tcase_add_test(tc, a_c_string_lends_its_bytes);
    suite_add_tcase(s, tc);

    tc = tcase_create("lists");
    tcase_add_test(tc, a_list_takes_every_type);
    tcase_add_test(tc, a_list_stays_while_others_grow);
    tcase_add_test(tc, a_list_may_be_copied_into_itself);
    tcase_add_test(tc, no_list_is_forgiven);
    tcase_add_test(tc, what_is_no_list_takes_nothing);
    tcase_add_loop_test(tc, a_wrong_element_sticks, 0, 14);
    tcase_add_test(tc, far_too_many_elements_are_refused);
    tcase_add_test(tc, four_billion_are_refused);
    tcase_add_test(tc, lists_nest_32_levels);
    tcase_add_test(tc, a_copy_that_would_be_too_deep_is_refused);
    tcase_add_test(tc, lists_tell_no_memory);
    suite_add_tcase(s, tc);
    return s;
}
