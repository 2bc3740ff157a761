/* SPDX-License-Identifier: MIT */
#include "base/enc.h"
#include "base/err.h"
#include "kvfix.h"

static char *make(const ddb_kv_range *range, ddb_bytes after)
{
    char *text = ddbi_kv_cursor_make(kv, range, after);

    ck_assert_ptr_nonnull(text);
    return text;
}

static ddb_code read_as(const ddb_kv_range *range, const char *cursor,
                        ddbi_kv_place room, ddb_bytes *after)
{
    ddb_kv_range with = *range;

    with.cursor = cursor;
    ddbi_err_clear(&err);
    return ddbi_kv_cursor_read(kv, &with, room, after, &err);
}

static char key_2048[2048];

static const ddb_bytes places[] = {
    {NULL, 0},       {"k", 1},         {"ke", 2},
    {"key", 3},      {"a\0b", 3},      {"\xff\xfe\xfb\xef", 4},
    {"\xc3\xa4", 2}, {key_2048, 1024}, {key_2048, 2048},
};

START_TEST(what_was_made_is_read)
{
    const ddb_kv_range range = {.prefix = ddb_str("p")};
    char *text;
    ddbi_kv_place room;
    ddb_bytes after;

    memset(key_2048, 'x', sizeof key_2048);
    text = make(&range, places[_i]);
    ck_assert_uint_eq(
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                     "0123456789-_"),
        strlen(text));
    ck_assert_msg(read_as(&range, text, room, &after) == DDB_OK, "%s",
                  err.message);
    ck_assert(ddbi_equal(after, places[_i]));
    ddb_free(text);
}
END_TEST

/* It is kept in files: what was made by one version another has to read. */
START_TEST(the_format_stays)
{
    const ddb_kv_range range = {.prefix = ddb_str("p"), .reverse = 1};
    char *text = make(&range, ddb_str("pq"));

    ck_assert_str_eq(text, "AYZsCE9wcQ");
    ddb_free(text);
}
END_TEST

static const struct {
    const char *name;
    ddb_kv_range range;
    int fits;
} ranges[] = {
    {"the same", {.prefix = {"ab", 2}, .from = {"abc", 3}}, 1},
    {"keys alone",
     {.prefix = {"ab", 2}, .from = {"abc", 3}, .keys_only = 1},
     1},
    {"a limit", {.prefix = {"ab", 2}, .from = {"abc", 3}, .limit = 9}, 1},
    {"backward", {.prefix = {"ab", 2}, .from = {"abc", 3}, .reverse = 1}, 0},
    {"other prefix", {.prefix = {"a", 1}, .from = {"abc", 3}}, 0},
    {"other from", {.prefix = {"ab", 2}, .from = {"abd", 3}}, 0},
    {"to", {.prefix = {"ab", 2}, .from = {"abc", 3}, .to = {"abd", 3}}, 0},
    {"the same bytes", {.prefix = {"aba", 3}, .from = {"bc", 2}}, 0},
    {"as to", {.prefix = {"ab", 2}, .to = {"abc", 3}}, 0},
    {"none", {.limit = 0}, 0},
};

START_TEST(belongs_to_its_range)
{
    char *text = make(&ranges[0].range, ddb_str("abx"));
    ddbi_kv_place room;
    ddb_bytes after;
    ddb_kv_iter *iter;
    ddb_kv_range range = ranges[_i].range;
    ddb_code code = ranges[_i].fits ? DDB_OK : DDB_INVALID;

    ck_assert_msg(read_as(&range, text, room, &after) == code, "%s",
                  ranges[_i].name);
    range.cursor = text;
    ck_assert_int_eq(ddb_kv_iter_open(kv, &range, &iter, &err), code);
    ck_assert_int_eq(iter != NULL, ranges[_i].fits);
    ck_assert_uint_eq(fake_count(f), 0);
    ddb_kv_iter_close(iter);
    ddb_free(text);
}
END_TEST

START_TEST(belongs_to_its_namespace)
{
    const ddb_kv_options opt = {.table = "tab", .name_space = "other"};
    ddb_kv_range range = {.limit = 0};
    char *text = make(&range, ddb_str("k"));
    ddb_kv *other;
    ddb_kv_iter *iter;

    range.cursor = text;
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_open(other, &range, &iter, &err), DDB_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "another listing"));
    ddb_kv_close(other);
    ddb_free(text);
}
END_TEST

/* Keys have one order, however many parts they lie in. */
START_TEST(shards_do_not_matter)
{
    const ddb_kv_options opt = {
        .table = "tab", .name_space = "ns", .shards = 2};
    ddb_kv_range range = {.limit = 0};
    char *text = make(&range, ddb_str("k"));
    ddb_kv *split;
    ddb_kv_iter *iter;

    range.cursor = text;
    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_open(c, &opt, &split, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_open(split, &range, &iter, &err), DDB_OK);
    ddb_kv_iter_close(iter);
    ddb_kv_close(split);
    ddb_free(text);
}
END_TEST

/* Each single damage to a cursor is seen. */
START_TEST(a_damaged_one_is_refused)
{
    const ddb_kv_range range = {.limit = 0};
    char *text = make(&range, ddb_str("some key"));
    ddbi_kv_place room;
    ddb_bytes after;

    for (size_t i = 0; text[i] != '\0'; i++) {
        char good = text[i];

        for (const char *bad = "AZaz09-_+/=. \n\x80"; *bad != '\0'; bad++) {
            text[i] = *bad;
            if (*bad != good)
                ck_assert_int_eq(read_as(&range, text, room, &after),
                                 DDB_INVALID);
        }
        text[i] = '\0';
        ck_assert_int_eq(read_as(&range, text, room, &after), DDB_INVALID);
        text[i] = good;
    }
    ck_assert_int_eq(read_as(&range, text, room, &after), DDB_OK);
    ddb_free(text);
}
END_TEST

static char too_long[4000];

static const char *const none[] = {"",        "A", "AQ",       "AQAAAAA",
                                   "AAAAAAA", "=", "AQAAAAA=", too_long};

START_TEST(other_text_is_no_cursor)
{
    const ddb_kv_range range = {.limit = 0};
    ddbi_kv_place room;
    ddb_bytes after;

    memset(too_long, 'A', sizeof too_long - 1);
    ck_assert_int_eq(read_as(&range, none[_i], room, &after), DDB_INVALID);
}
END_TEST

/* ---- Of an iterator ----------------------------------------------------- */

#define PAGE(items, more)                                                      \
    "{\"Items\":[" items "],\"Count\":1,\"ScannedCount\":1" more "}"
#define ENTRY(k) "{\"key\":{\"S\":\"" k "\"},\"value\":{\"S\":\"v\"}}"
#define MORE(k)                                                                \
    ",\"LastEvaluatedKey\":{\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"" k  \
    "\"}}"

START_TEST(a_listing_tells_where_it_is_until_its_end)
{
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    char *cursor;

    fake_answer(f, PAGE(ENTRY("a") "," ENTRY("b"), MORE("b")));
    fake_answer(f, PAGE("", ""));
    ck_assert_int_eq(ddb_kv_iter_open(kv, NULL, &iter, &err), DDB_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ddb_kv_iter_cursor(iter, &cursor, &err), DDB_OK);
        ddb_free(cursor);
        ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err),
                         i < 2 ? DDB_OK : DDB_NOT_FOUND);
    }
    ck_assert_int_eq(ddb_kv_iter_cursor(iter, &cursor, &err), DDB_NOT_FOUND);
    ck_assert_ptr_null(cursor);
    ck_assert_int_eq(err.code, DDB_NOT_FOUND);
    ck_assert_int_eq(ddb_kv_iter_cursor(iter, &cursor, NULL), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
}
END_TEST

/* The last entry of the last page: the end is known without a call. */
START_TEST(the_end_is_known_when_nothing_can_follow)
{
    const ddb_kv_range range = {.limit = 1};
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    char *cursor;

    fake_answer(f, PAGE(ENTRY("a"), ""));
    ck_assert_int_eq(ddb_kv_iter_open(kv, &range, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_cursor(iter, &cursor, &err), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
}
END_TEST

START_TEST(an_empty_range_is_at_its_end)
{
    const ddb_kv_range range = {.from = ddb_str("b"), .to = ddb_str("a")};
    ddb_kv_iter *iter;
    char *cursor;

    ck_assert_int_eq(ddb_kv_iter_open(kv, &range, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_cursor(iter, &cursor, &err), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
}
END_TEST

/* Behind the last key, by a condition: no key has to be there. */
START_TEST(goes_on_by_a_condition_on_the_key)
{
    ddb_kv_range range = {.prefix = ddb_str("a")};
    char *cursor = make(&range, ddb_str("ab"));
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;

    range.cursor = cursor;
    fake_answer(f, PAGE(ENTRY("ab") "," ENTRY("ac"), ""));
    ck_assert_int_eq(ddb_kv_iter_open(kv, &range, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
    kvfix_bytes(e->key, "ac");
    ck_assert_ptr_nonnull(
        strstr(fake_request(f, 0)->body, "BETWEEN :a AND :b"));
    ck_assert_ptr_nonnull(
        strstr(fake_request(f, 0)->body, "\":a\":{\"S\":\"ab\"}"));
    ck_assert_ptr_null(strstr(fake_request(f, 0)->body, "ExclusiveStartKey"));
    ddb_kv_iter_close(iter);
    ddb_free(cursor);
}
END_TEST

/* A Scan has no order: the service itself has to find the place. */
START_TEST(a_key_only_table_goes_on_by_the_key)
{
    const ddb_kv_schema schema = {.key_only = 1};
    const ddb_kv_options opt = {.table = "tab", .schema = &schema};
    ddb_kv_range range = {.limit = 0};
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    char *cursor;
    ddb_kv *other;

    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_OK);
    fake_answer(f, PAGE(ENTRY("z") "," ENTRY("b"), ""));
    ck_assert_int_eq(ddb_kv_iter_open(other, NULL, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_cursor(iter, &cursor, &err), DDB_OK);
    ddb_kv_iter_close(iter);
    range.cursor = cursor;
    fake_answer(f, PAGE(ENTRY("b"), ""));
    ck_assert_int_eq(ddb_kv_iter_open(other, &range, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
    kvfix_bytes(e->key, "b");
    ck_assert_str_eq(fake_request(f, 1)->action, "Scan");
    ck_assert_ptr_nonnull(
        strstr(fake_request(f, 1)->body,
               "\"ExclusiveStartKey\":{\"key\":{\"S\":\"z\"}}"));
    ddb_kv_iter_close(iter);
    ddb_kv_close(other);
    ddb_free(cursor);
}
END_TEST

static ddb_code cut_and_go_on(void)
{
    ddb_kv_range range = {.limit = 0};
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    char *cursor = NULL;
    ddb_code code = ddb_kv_iter_open(kv, &range, &iter, &err);

    if (code == DDB_OK)
        code = ddb_kv_iter_next(iter, &e, &err);
    if (code == DDB_OK)
        code = ddb_kv_iter_cursor(iter, &cursor, &err);
    ddb_kv_iter_close(iter);
    range.cursor = cursor;
    if (code == DDB_OK) {
        code = ddb_kv_iter_open(kv, &range, &iter, &err);
        ddb_kv_iter_close(iter);
    }
    ddb_free(cursor);
    return code;
}

START_TEST(survives_every_failing_allocation)
{
    KVFIX_OOM(fake_answer(f, PAGE(ENTRY("a") "," ENTRY("b"), "")),
              cut_and_go_on());
}
END_TEST

#define COUNT(table) ((int)(sizeof table / sizeof table[0]))

Suite *suite_kv_cursor(void)
{
    Suite *s = suite_create("kv_cursor");
    TCase *tc = tcase_create("text");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, what_was_made_is_read, 0, COUNT(places));
    tcase_add_test(tc, the_format_stays);
    tcase_add_loop_test(tc, belongs_to_its_range, 0, COUNT(ranges));
    tcase_add_test(tc, belongs_to_its_namespace);
    tcase_add_test(tc, shards_do_not_matter);
    tcase_add_test(tc, a_damaged_one_is_refused);
    tcase_add_loop_test(tc, other_text_is_no_cursor, 0, COUNT(none));
    suite_add_tcase(s, tc);
    tc = tcase_create("iter");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, a_listing_tells_where_it_is_until_its_end);
    tcase_add_test(tc, the_end_is_known_when_nothing_can_follow);
    tcase_add_test(tc, an_empty_range_is_at_its_end);
    tcase_add_test(tc, goes_on_by_a_condition_on_the_key);
    tcase_add_test(tc, a_key_only_table_goes_on_by_the_key);
    tcase_add_test(tc, survives_every_failing_allocation);
    suite_add_tcase(s, tc);
    return s;
}
