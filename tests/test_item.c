/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/alloc.h"
#include "gen.h"
#include "oom.h"
#include "wire/value.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const ddb_item *it, const char *name)
{
    return ddb_value_bytes(ddb_item_get(it, name)).p;
}

START_TEST(setters_replace_what_is_there)
{
    static const ddb_bytes two[] = {{"1", 1}, {"2", 1}};
    ddb_item *it = ddb_item_new();
    ddb_value *list;

    ddb_item_set_s(it, "b", "other");
    for (int round = 0; round < 2; round++) {
        ddb_item_set_s(it, "a", "a longer text");
        ck_assert_str_eq(text_of(it, "a"), "a longer text");
        ddb_item_set_sn(it, "a", "x\0y", 3);
        ck_assert_mem_eq(text_of(it, "a"), "x\0y", 4);
        ddb_item_set_n(it, "a", "1.50");
        ck_assert_str_eq(text_of(it, "a"), "1.5");
        ddb_item_set_i64(it, "a", -8);
        ck_assert_str_eq(text_of(it, "a"), "-8");
        ddb_item_set_b(it, "a", "\xff", 1);
        ck_assert_str_eq(text_of(it, "a"), "\xff");
        ddb_item_set_bool(it, "a", 1);
        ck_assert_int_eq(ddb_value_bool(ddb_item_get(it, "a")), 1);
        ddb_item_set_null(it, "a");
        ck_assert_int_eq(ddb_value_type(ddb_item_get(it, "a")), DDB_NULL);
        ddb_item_set_set(it, "a", DDB_NS, two, 2);
        ck_assert_uint_eq(ddb_value_count(ddb_item_get(it, "a")), 2);
        ddb_item_set_value(it, "a", ddb_item_get(it, "b"));
        ck_assert_str_eq(text_of(it, "a"), "other");
        list = ddb_item_set_l(it, "a");
        ck_assert_int_eq(ddb_value_type(list), DDB_L);
        ck_assert_ptr_nonnull(ddb_item_set_m(it, "a"));
        ck_assert_int_eq(ddb_value_type(ddb_item_get(it, "a")), DDB_M);
        ck_assert_uint_eq(ddb_item_count(it), 2);
    }
    ck_assert_int_eq(ddb_item_status(it), DDB_OK);
    ddb_item_free(it);
}
END_TEST

static const struct {
    const char *number, *kept; /* NULL: refused */
} numbers[] = {
    {"0", "0"},
    {"-0", "0"},
    {"7", "7"},
    {"-7", "-7"},
    {"70", "70"},
    {"07", "7"},
    {"-07", "-7"},
    {"+7", "7"},
    {"7.0", "7"},
    {"7e1", "70"},
    {"12345678901234567890123456789012345678",
     "12345678901234567890123456789012345678"},
    {"-12345678901234567890123456789012345678",
     "-12345678901234567890123456789012345678"},
    {"120000000000000000000000000000000000000",
     "120000000000000000000000000000000000000"},
    {"123456789012345678901234567890123456789", NULL},
    {"", NULL},
    {"-", NULL},
    {"7x", NULL},
    {"--7", NULL},
};

START_TEST(numbers_are_kept_as_the_service_writes_them)
{
    ddb_item *it = ddb_item_new();

    ck_assert_int_eq(ddb_item_set_n(it, "n", numbers[_i].number) == DDB_OK,
                     numbers[_i].kept != NULL);
    if (numbers[_i].kept)
        ck_assert_str_eq(text_of(it, "n"), numbers[_i].kept);
    ddb_item_free(it);
}
END_TEST

START_TEST(attributes_keep_their_order)
{
    ddb_item *it = ddb_item_new();
    ddb_bytes name = {0};

    ddb_item_set_s(it, "z", "1");
    ddb_item_set_s(it, "a", "2");
    ddb_item_set_s(it, "m", "3");
    ddb_item_set_s(it, "a", "4");
    ck_assert_str_eq(ddb_value_bytes(ddb_item_at(it, 1, &name)).p, "4");
    ck_assert_str_eq(name.p, "a");
    ck_assert_uint_eq(name.n, 1);
    ck_assert_str_eq(ddb_value_bytes(ddb_item_at(it, 2, NULL)).p, "3");
    ck_assert_ptr_null(ddb_item_at(it, 3, &name));
    ck_assert_int_eq(ddb_item_unset(it, "z"), DDB_OK);
    ck_assert_int_eq(ddb_item_unset(it, "z"), DDB_NOT_FOUND);
    ck_assert_int_eq(ddb_item_unset(it, NULL), DDB_NOT_FOUND);
    ck_assert_str_eq(ddb_value_bytes(ddb_item_at(it, 0, NULL)).p, "4");
    ck_assert_uint_eq(ddb_item_count(it), 2);
    ddb_item_free(it);
}
END_TEST

START_TEST(inputs_are_copied)
{
    ddb_item *it = ddb_item_new();
    char name[] = "name", text[] = "text";
    ddb_bytes element = {text, 4};

    ddb_item_set_s(it, name, text);
    ddb_item_set_set(it, "set", DDB_SS, &element, 1);
    memset(name, '#', sizeof name - 1);
    memset(text, '#', sizeof text - 1);
    ck_assert_str_eq(text_of(it, "name"), "text");
    ck_assert_str_eq(
        ddb_value_bytes(ddb_value_at(ddb_item_get(it, "set"), 0)).p, "text");
    ddb_item_free(it);
}
END_TEST

START_TEST(setting_again_and_again_takes_no_more_memory)
{
    ddb_item *it = ddb_item_new();
    long asked;

    for (int i = 0; i < 100; i++)
        ddb_item_set_s(it, "a", "a text that is the longest");
    oom_begin(-1);
    for (int i = 0; i < 100000; i++) {
        ddb_item_set_i64(it, "a", i);
        ddb_item_set_s(it, "a", "shorter");
    }
    asked = oom_asked();
    oom_end();
    ck_assert_int_eq(asked, 0);
    ddb_item_free(it);
}
END_TEST

START_TEST(clear_keeps_memory_and_forgets_failure)
{
    ddb_item *it = ddb_item_new();
    char *large = ddbi_calloc(300, 1000);
    long asked;

    ddb_item_set_b(it, "large", large, 300000);
    ddb_item_set_n(it, "n", "wrong");
    ck_assert_int_eq(ddb_item_status(it), DDB_INVALID);
    ddb_item_clear(it);
    ck_assert_int_eq(ddb_item_status(it), DDB_OK);
    ck_assert_uint_eq(ddb_item_count(it), 0);
    ck_assert_ptr_null(ddb_item_get(it, "large"));
    oom_begin(-1);
    for (int i = 0; i < 1000; i++) {
        ddb_item_set_b(it, "large", large, 299000);
        ddb_item_set_i64(it, "n", i);
        ddb_item_clear(it);
    }
    asked = oom_asked();
    oom_end();
    ck_assert_int_eq(asked, 0);
    ddb_free(large);
    ddb_item_free(it);
}
END_TEST

START_TEST(clear_of_a_map_clears_that_alone)
{
    ddb_item *it = ddb_item_new(), *map = ddb_item_set_m(it, "m");

    ddb_item_set_s(it, "a", "x");
    ddb_item_set_s(map, "b", "y");
    ddb_item_clear(map);
    ck_assert_uint_eq(ddb_item_count(map), 0);
    ck_assert_str_eq(text_of(it, "a"), "x");
    ck_assert_int_eq(ddb_item_set_s(map, "c", "z"), DDB_OK);
    ck_assert_str_eq(text_of(ddb_value_map(ddb_item_get(it, "m")), "c"), "z");
    ddb_item_set_n(map, "n", "wrong");
    ddb_item_clear(map);
    ck_assert_int_eq(ddb_item_status(it), DDB_INVALID);
    ddb_item_free(map); /* is not for it, and does nothing */
    ddb_item_clear(NULL);
    ddb_item_free(NULL);
    ddb_item_free(it);
}
END_TEST

START_TEST(no_item_is_forgiven)
{
    ddb_bytes one = {"1", 1};

    ck_assert_int_eq(ddb_item_set_s(NULL, "a", "x"), DDB_NOMEM);
    ck_assert_int_eq(ddb_item_set_sn(NULL, "a", "x", 1), DDB_NOMEM);
    ck_assert_int_eq(ddb_item_set_n(NULL, "a", "1"), DDB_NOMEM);
    ck_assert_int_eq(ddb_item_set_i64(NULL, "a", 1), DDB_NOMEM);
    ck_assert_int_eq(ddb_item_set_b(NULL, "a", "x", 1), DDB_NOMEM);
    ck_assert_int_eq(ddb_item_set_bool(NULL, "a", 1), DDB_NOMEM);
    ck_assert_int_eq(ddb_item_set_null(NULL, "a"), DDB_NOMEM);
    ck_assert_int_eq(ddb_item_set_set(NULL, "a", DDB_NS, &one, 1), DDB_NOMEM);
    ck_assert_int_eq(ddb_item_set_value(NULL, "a", NULL), DDB_NOMEM);
    ck_assert_ptr_null(ddb_item_set_m(NULL, "a"));
    ck_assert_ptr_null(ddb_item_set_l(NULL, "a"));
    ck_assert_int_eq(ddb_item_unset(NULL, "a"), DDB_NOMEM);
    ck_assert_int_eq(ddb_item_status(NULL), DDB_NOMEM);
    ck_assert_str_eq(ddbi_item_why(NULL), "out of memory");
    ck_assert_uint_eq(ddb_item_count(NULL), 0);
    ck_assert_uint_eq(ddb_item_size(NULL), 0);
    ck_assert_ptr_null(ddb_item_get(NULL, "a"));
    ck_assert_ptr_null(ddb_item_at(NULL, 0, NULL));
    ck_assert_ptr_null(ddb_item_copy(NULL));
    ck_assert_int_eq(ddb_item_equal(NULL, NULL), 1);
}
END_TEST

START_TEST(nothing_equals_no_item)
{
    ddb_item *it = ddb_item_new();

    ck_assert_int_eq(ddb_item_equal(it, NULL), 0);
    ck_assert_int_eq(ddb_item_equal(NULL, it), 0);
    ck_assert_ptr_null(ddb_item_get(it, NULL));
    ddb_item_free(it);
}
END_TEST

static char long_name[DDBI_MAX_ATTRIBUTE_NAME + 2];

static const struct {
    const char *name;
    size_t n; /* not 0: so long a name */
    const char *number;
    ddb_code code;
    const char *why;
} wrong[] = {
    {NULL, 0, "1", DDB_INVALID, "an attribute without a name"},
    {"", 0, "1", DDB_INVALID, "an attribute without a name"},
    {"a\xff", 0, "1", DDB_INVALID, "an attribute's name that is not UTF-8"},
    {"", DDBI_MAX_ATTRIBUTE_NAME + 1, "1", DDB_TOO_LARGE,
     "an attribute's name of more than 65535 bytes"},
    {"price", 0, "1,5", DDB_INVALID, "not a number, attribute price"},
    {"price", 0, NULL, DDB_INVALID, "a NULL pointer, attribute price"},
    {"price", 0, "1E500", DDB_TOO_LARGE,
     "a number of more than 38 digits or out of range, attribute price"},
    {"", 101, "-", DDB_INVALID,
     "not a number, attribute "
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
};

START_TEST(the_first_failure_sticks_and_says_why)
{
    ddb_item *it = ddb_item_new();
    const char *name = wrong[_i].name;

    if (wrong[_i].n > 0) {
        memset(long_name, 'x', wrong[_i].n);
        long_name[wrong[_i].n] = '\0';
        name = long_name;
    }
    ddb_item_set_s(it, "good", "x");
    ck_assert_int_eq(ddb_item_set_n(it, name, wrong[_i].number),
                     wrong[_i].code);
    ck_assert_int_eq(ddb_item_set_s(it, "late", "\xff"), wrong[_i].code);
    ck_assert_ptr_null(ddb_item_set_m(it, "late"));
    ck_assert_ptr_null(ddb_item_set_l(it, "late"));
    ck_assert_int_eq(ddb_item_status(it), wrong[_i].code);
    ck_assert_str_eq(ddbi_item_why(it), wrong[_i].why);
    ck_assert_uint_eq(ddb_item_count(it), 1);
    ddb_item_free(it);
}
END_TEST

START_TEST(the_longest_name_is_taken)
{
    ddb_item *it = ddb_item_new();

    memset(long_name, 'x', DDBI_MAX_ATTRIBUTE_NAME);
    long_name[DDBI_MAX_ATTRIBUTE_NAME] = '\0';
    ck_assert_int_eq(ddb_item_set_null(it, long_name), DDB_OK);
    ck_assert_ptr_nonnull(ddb_item_get(it, long_name));
    ck_assert_uint_eq(ddb_item_size(it), DDBI_MAX_ATTRIBUTE_NAME + 1);
    ddb_item_free(it);
}
END_TEST

START_TEST(maps_nest_32_levels)
{
    ddb_item *it = ddb_item_new(), *map = it;

    for (int level = 1; level < DDBI_MAX_NESTING; level++)
        map = ddb_item_set_m(map, "m");
    ck_assert_int_eq(ddb_item_set_s(map, "leaf", "x"), DDB_OK);
    map = ddb_item_set_m(map, "m");
    ck_assert_ptr_nonnull(map);
    ck_assert_int_eq(ddb_item_set_s(map, "leaf", "x"), DDB_TOO_LARGE);
    ck_assert_ptr_null(ddb_item_set_m(map, "m"));
    ck_assert_int_eq(ddb_item_status(it), DDB_TOO_LARGE);
    ck_assert_str_eq(ddbi_item_why(it),
                     "nested deeper than 32 levels, attribute leaf");
    ddb_item_free(it);
}
END_TEST

/* Names as the first bytes of a number, so that some are prefixes of others,
 * and a plain array that says which of them are there. */
static void name_of(unsigned i, char out[16])
{
    snprintf(out, 16, "%x", i * 2654435761u >> 20);
}

START_TEST(large_items_are_what_a_plain_table_is)
{
    enum { NAMES = 60 };
    int64_t there[NAMES] = {0};
    ddb_item *it = ddb_item_new();
    rng r = {21};

    for (int64_t step = 1; step < 20000; step++) {
        unsigned i = rng_below(&r, NAMES), count = 0;
        int grow = step / 500 % 2 == 0;
        char name[16];
        int64_t v;

        name_of(i, name);
        if (rng_below(&r, 4) == 0 ? !grow : grow) {
            ck_assert_int_eq(ddb_item_set_i64(it, name, step), DDB_OK);
            there[i] = step;
        } else {
            ck_assert_int_eq(ddb_item_unset(it, name),
                             there[i] ? DDB_OK : DDB_NOT_FOUND);
            there[i] = 0;
        }
        i = rng_below(&r, NAMES);
        name_of(i, name);
        v = 0;
        ddb_value_i64(ddb_item_get(it, name), &v);
        ck_assert_int_eq(v, there[i]);
        for (i = 0; i < NAMES; i++)
            count += there[i] != 0;
        ck_assert_uint_eq(ddb_item_count(it), count);
    }
    ddb_item_free(it);
}
END_TEST

START_TEST(thousands_of_attributes_are_no_trouble)
{
    ddb_item *it = ddb_item_new(), *copy;
    char name[16];
    int64_t v;

    for (unsigned i = 0; i < 50000; i++) {
        snprintf(name, sizeof name, "%x", i * 2654435761u);
        ck_assert_int_eq(ddb_item_set_i64(it, name, i), DDB_OK);
    }
    copy = ddb_item_copy(it);
    ck_assert_uint_eq(ddb_item_count(copy), 50000);
    for (unsigned i = 0; i < 50000; i++) {
        snprintf(name, sizeof name, "%x", i * 2654435761u);
        ck_assert_int_eq(ddb_value_i64(ddb_item_get(copy, name), &v), DDB_OK);
        ck_assert_int_eq(v, i);
    }
    ck_assert_int_eq(ddb_item_equal(it, copy), 1);
    ddb_item_free(it);
    ddb_item_free(copy);
}
END_TEST

START_TEST(slots_and_appending_go_together)
{
    ddb_item *it = ddb_item_new();

    for (unsigned i = 0; i < 20; i++) {
        static char names[20][4];
        int n = snprintf(names[i], sizeof names[i], "%u", 50 - i);
        ddb_value *v = ddbi_item_append(it, (ddb_bytes){names[i], (size_t)n});

        *v = (ddb_value){.type = DDB_BOOL, .n = i};
    }
    ck_assert_ptr_nonnull(ddb_item_get(it, "31"));
    ck_assert_ptr_null(ddb_item_get(it, "51"));
    ck_assert_ptr_eq(ddbi_item_slot(it, "50", 2), ddb_item_get(it, "50"));
    ddb_value *slot = ddbi_item_slot(it, "51", 2);
    ck_assert_int_eq(slot->type, 0);
    slot->type = DDB_NULL;
    ck_assert_int_eq(it->ordered, 21);
    ck_assert_int_eq(ddb_value_type(ddb_item_get(it, "51")), DDB_NULL);
    ddbi_item_append(it, (ddb_bytes){"40", 2})->type = DDB_NULL;
    ck_assert_int_eq(ddbi_item_settle(it), DDB_INVALID);
    ck_assert_ptr_null(ddbi_item_slot(it, "", 0));
    ck_assert_int_eq(ddb_item_status(it), DDB_INVALID);
    ddb_item_free(it);
}
END_TEST

START_TEST(few_names_that_come_twice_are_seen_too)
{
    ddb_item *it = ddb_item_new();

    ddbi_item_append(it, (ddb_bytes){"a", 1})->type = DDB_NULL;
    ddbi_item_append(it, (ddb_bytes){"b", 1})->type = DDB_NULL;
    ck_assert_int_eq(ddbi_item_settle(it), DDB_OK);
    ddbi_item_append(it, (ddb_bytes){"a", 1})->type = DDB_NULL;
    ck_assert_int_eq(ddbi_item_settle(it), DDB_INVALID);
    ddb_item_free(it);
}
END_TEST

START_TEST(a_copy_is_equal_and_apart)
{
    rng r = {(uint64_t)_i + 1};

    for (int i = 0; i < 50; i++) {
        ddb_item *it = gen_item(&r, _i % 2 ? 5 : 40);
        ddb_item *copy = ddb_item_copy(it);

        ck_assert_int_eq(ddb_item_equal(it, copy), 1);
        ck_assert_int_eq(ddb_item_equal(copy, it), 1);
        ck_assert_uint_eq(ddb_item_size(it), ddb_item_size(copy));
        ddb_item_set_s(it, "one more", "x");
        ck_assert_int_eq(ddb_item_equal(it, copy), 0);
        ddb_item_set_s(copy, "one more", "y");
        ck_assert_int_eq(ddb_item_equal(it, copy), 0);
        ddb_item_free(it);
        ck_assert_int_eq(ddb_item_set_s(copy, "one more", "x"), DDB_OK);
        ddb_item_free(copy);
    }
}
END_TEST

START_TEST(a_copy_of_a_failed_item_has_failed)
{
    ddb_item *it = ddb_item_new();

    ddb_item_set_s(it, "a", "x");
    ddb_item_set_s(it, "b", "\xff");
    ddb_item *copy = ddb_item_copy(it);
    ddb_item_free(it);
    ck_assert_int_eq(ddb_item_status(copy), DDB_INVALID);
    ck_assert_str_eq(ddbi_item_why(copy),
                     "text that is not UTF-8, attribute b");
    ck_assert_str_eq(text_of(copy, "a"), "x");
    ddb_item_free(copy);
}
END_TEST

START_TEST(a_map_may_be_copied_into_itself)
{
    ddb_item *it = ddb_item_new(), *map = ddb_item_set_m(it, "m");

    ddb_item_set_s(map, "a", "x");
    ck_assert_int_eq(ddb_item_set_value(map, "m", ddb_item_get(it, "m")),
                     DDB_OK);
    ck_assert_int_eq(ddb_item_set_value(it, "m", ddb_item_get(map, "m")),
                     DDB_OK);
    map = (ddb_item *)ddb_value_map(ddb_item_get(it, "m"));
    ck_assert_uint_eq(ddb_item_count(map), 1);
    ck_assert_str_eq(text_of(map, "a"), "x");
    ck_assert_int_eq(ddb_item_set_value(map, "a", ddb_item_get(map, "a")),
                     DDB_OK);
    ck_assert_str_eq(text_of(map, "a"), "x");
    ddb_item_free(it);
}
END_TEST

START_TEST(a_map_can_be_copied_out)
{
    ddb_item *it = ddb_item_new(), *map = ddb_item_set_m(it, "m");

    ddb_item_set_s(map, "a", "x");
    ddb_item *copy = ddb_item_copy(map);
    ddb_item_free(it);
    ck_assert_str_eq(text_of(copy, "a"), "x");
    ck_assert_int_eq(copy->depth, 0);
    ddb_item_free(copy);
}
END_TEST

/* Items as DynamoDB JSON, and their bytes against the 400 KB. */
static const struct {
    const char *json;
    size_t size;
} sizes[] = {
    {"{}", 0},
    {"{\"shirt-color\":{\"S\":\"R\"},\"shirt-size\":{\"S\":\"M\"}}", 23},
    {"{\"\xc3\xa4\":{\"S\":\"\xe2\x82\xac\"}}", 5},
    {"{\"a\":{\"S\":\"\"}}", 1},
    {"{\"a\":{\"B\":\"AAEC\"}}", 4},
    {"{\"a\":{\"N\":\"0\"}}", 2},
    {"{\"a\":{\"N\":\"-42\"}}", 4},
    {"{\"a\":{\"N\":\"100.5\"}}", 5},
    {"{\"a\":{\"BOOL\":false}}", 2},
    {"{\"a\":{\"NULL\":true}}", 2},
    {"{\"a\":{\"L\":[]}}", 4},
    {"{\"a\":{\"M\":{}}}", 4},
    {"{\"a\":{\"L\":[{\"S\":\"xy\"}]}}", 7},
    {"{\"a\":{\"L\":[{\"L\":[]},{\"NULL\":true}]}}", 10},
    {"{\"a\":{\"M\":{\"bc\":{\"S\":\"xyz\"}}}}", 10},
    {"{\"a\":{\"SS\":[\"x\",\"yz\"]}}", 4},
    {"{\"a\":{\"NS\":[\"1\",\"1.5\"]}}", 6},
    {"{\"a\":{\"BS\":[\"AAEC\",\"\"]}}", 4},
};

START_TEST(size_is_what_the_service_counts)
{
    const char *json = sizes[_i].json;
    ddb_item *it;

    ck_assert_int_eq(ddb_item_parse(json, strlen(json), &it, NULL), DDB_OK);
    ck_assert_msg(ddb_item_size(it) == sizes[_i].size, "%s: %zu", json,
                  ddb_item_size(it));
    ddb_item_free(it);
}
END_TEST

START_TEST(a_number_that_is_none_has_a_size)
{
    ddb_item *it = ddb_item_new();

    *ddbi_item_append(it, (ddb_bytes){"a", 1}) =
        (ddb_value){.type = DDB_N, .u.bytes = {"--", 2}};
    ck_assert_uint_eq(ddb_item_size(it), 3);
    ddb_item_free(it);
}
END_TEST

/* All that can be done with an item; NULL: no memory. */
static ddb_item *use_items(const ddb_item *from)
{
    static const ddb_bytes one = {"1", 1};
    ddb_item *it = ddb_item_new(), *copy;
    char name[16];

    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "n%u", i);
        ddb_item_set_i64(it, name, i);
    }
    ddb_item_set_set(it, "set", DDB_NS, &one, 1);
    ddb_item_set_s(ddb_item_set_m(it, "map"), "a", "x");
    ddb_list_add_s(ddb_item_set_l(it, "list"), "x");
    for (size_t i = 0; i < ddb_item_count(from); i++) {
        ddb_bytes n;
        const ddb_value *v = ddb_item_at(from, i, &n);

        ddb_item_set_value(it, n.p, v);
    }
    ddb_item_unset(it, "n3");
    copy = ddb_item_status(it) == DDB_OK ? ddb_item_copy(it) : NULL;
    ddb_item_free(it);
    return copy;
}

/* Of few attributes and of many. */
START_TEST(a_shared_copy_is_changed_alone)
{
    for (unsigned most = 3; most < 100; most += 32) {
        rng r = {most};
        ddb_item *it = gen_item(&r, most), *before = ddb_item_copy(it);
        ddbi_arena arena = {0};
        ddb_item *shared = ddbi_item_share(&arena, it);

        ck_assert(ddb_item_equal(shared, it));
        for (int i = 0; i < 40; i++) {
            char name[16];
            int n = snprintf(name, sizeof name, "new %d", i);
            ddb_value *v = ddbi_item_slot(shared, name, (size_t)n);

            *v = (ddb_value){.type = DDB_NULL};
        }
        for (size_t i = 0; i < ddb_item_count(it); i++) {
            ddb_bytes name;

            ddb_item_at(it, i, &name);
            ck_assert_int_eq(ddbi_item_remove(shared, name.p, name.n), 1);
            ck_assert_int_eq(ddbi_item_remove(shared, name.p, name.n), 0);
            ck_assert_ptr_null(ddbi_item_find(shared, name.p, name.n));
        }
        ck_assert_uint_eq(ddb_item_count(shared), 40);
        ck_assert_ptr_nonnull(ddbi_item_find(shared, "new 39", 6));
        ck_assert(ddb_item_equal(it, before));
        ddbi_arena_free(&arena);
        ddb_item_free(it);
        ddb_item_free(before);
    }
}
END_TEST

START_TEST(items_tell_no_memory)
{
    rng r = {33};
    ddb_item *from = gen_item(&r, 30);

    for (long n = 0;; n++) {
        ddb_item *it;

        oom_begin(n);
        it = use_items(from);
        ddb_item_free(it);
        if (!oom_end()) {
            ck_assert_ptr_nonnull(it);
            break;
        }
        ck_assert_ptr_null(it);
        ck_assert_int_eq(oom_live(), 0);
    }
    ddb_item_free(from);
}
END_TEST

START_TEST(no_memory_is_why)
{
    ddb_item *it = ddb_item_new();

    oom_begin(0);
    ck_assert_int_eq(ddb_item_set_s(it, "a", "x"), DDB_NOMEM);
    oom_end();
    ck_assert_int_eq(ddb_item_set_s(it, "a", "x"), DDB_NOMEM);
    ck_assert_uint_eq(ddb_item_count(it), 0);
    ck_assert_str_eq(ddbi_item_why(it), "out of memory");
    ddb_item_free(it);
}
END_TEST

START_TEST(without_memory_the_attribute_is_not_named)
{
    ddb_item *it = ddb_item_new();

    oom_begin_for_ever(0);
    ck_assert_int_eq(ddb_item_set_n(it, "a", "x"), DDB_INVALID);
    oom_end();
    ck_assert_str_eq(ddbi_item_why(it), "not a number");
    ddb_item_free(it);
}
END_TEST

Suite *suite_item(void)
{
    Suite *s = suite_create("item");
    TCase *tc = tcase_create("attributes");

    tcase_add_test(tc, setters_replace_what_is_there);
    tcase_add_loop_test(tc, numbers_are_kept_as_the_service_writes_them, 0,
                        ROWS(numbers));
    tcase_add_test(tc, attributes_keep_their_order);
    tcase_add_test(tc, inputs_are_copied);
    tcase_add_test(tc, setting_again_and_again_takes_no_more_memory);
    tcase_add_test(tc, clear_keeps_memory_and_forgets_failure);
    tcase_add_test(tc, clear_of_a_map_clears_that_alone);
    tcase_add_test(tc, no_item_is_forgiven);
    tcase_add_test(tc, nothing_equals_no_item);
    tcase_add_loop_test(tc, the_first_failure_sticks_and_says_why, 0,
                        ROWS(wrong));
    tcase_add_test(tc, the_longest_name_is_taken);
    tcase_add_test(tc, maps_nest_32_levels);
    suite_add_tcase(s, tc);

    tc = tcase_create("large");
    tcase_add_test(tc, large_items_are_what_a_plain_table_is);
    tcase_add_test(tc, thousands_of_attributes_are_no_trouble);
    tcase_add_test(tc, slots_and_appending_go_together);
    tcase_add_test(tc, few_names_that_come_twice_are_seen_too);
    suite_add_tcase(s, tc);

    tc = tcase_create("whole");
    tcase_add_loop_test(tc, a_copy_is_equal_and_apart, 0, 8);
    tcase_add_test(tc, a_copy_of_a_failed_item_has_failed);
    tcase_add_test(tc, a_map_may_be_copied_into_itself);
    tcase_add_test(tc, a_map_can_be_copied_out);
    tcase_add_test(tc, a_shared_copy_is_changed_alone);
    tcase_add_loop_test(tc, size_is_what_the_service_counts, 0, ROWS(sizes));
    tcase_add_test(tc, a_number_that_is_none_has_a_size);
    tcase_add_test(tc, items_tell_no_memory);
    tcase_add_test(tc, no_memory_is_why);
    tcase_add_test(tc, without_memory_the_attribute_is_not_named);
    suite_add_tcase(s, tc);
    return s;
}
