/* SPDX-License-Identifier: MIT */
#include "kvfix.h"

/* ---- What is asked ------------------------------------------------------ */

#define NAMES_OF_KEYS                                                          \
    "\"ExpressionAttributeNames\":{\"#n\":\"namespace\",\"#k\":\"key\","       \
    "\"#t\":\"ttl\"}"
#define QUERY(condition, values)                                               \
    "{\"TableName\":\"tab\",\"KeyConditionExpression\":\"#n = :n" condition    \
    "\",\"FilterExpression\":\"NOT #t <= :now\","                              \
    "\"ProjectionExpression\":\"#k,#t\"," NAMES_OF_KEYS ","                    \
    "\"ExpressionAttributeValues\":{\":n\":{\"S\":\"ns\"}," values             \
    "\":now\":{\"N\":\"" KVFIX_NOW "\"}},\"ConsistentRead\":true}"
#define BETWEEN(a, b)                                                          \
    QUERY(" AND #k BETWEEN :a AND :b",                                         \
          "\":a\":{\"S\":\"" a "\"},\":b\":{\"S\":\"" b "\"},")

static const struct {
    const char *name;
    const char *prefix;
    const char *from;
    const char *to;
    const char *body; /* NULL: nothing can be in it, nothing is asked */
} ranges[] = {
    {"all", "", "", "", QUERY("", "")},
    {"prefix", "ab", "", "",
     QUERY(" AND begins_with(#k, :p)", "\":p\":{\"S\":\"ab\"},")},
    {"from", "", "b", "", QUERY(" AND #k >= :a", "\":a\":{\"S\":\"b\"},")},
    {"to", "", "", "b", QUERY(" AND #k <= :b", "\":b\":{\"S\":\"b\"},")},
    {"from and to", "", "b", "c", BETWEEN("b", "c")},
    {"one key", "", "b", "b", BETWEEN("b", "b")},
    {"to before from", "", "c", "b", NULL},
    {"to that from begins with", "", "ba", "b", NULL},
    {"from inside prefix, to behind it", "b", "bb", "bc", BETWEEN("bb", "bc")},
    {"from before prefix", "b", "a", "bc", BETWEEN("b", "bc")},
    {"from is prefix", "b", "b", "bc", BETWEEN("b", "bc")},
    {"to inside prefix", "b", "", "bq", BETWEEN("b", "bq")},
    {"to is prefix", "b", "", "b", BETWEEN("b", "b")},
    {"to before prefix", "b", "", "a", NULL},
    {"from behind prefix", "b", "c", "", NULL},
    {"bytes, not signed", "", "z", "\xc3\xa4", BETWEEN("z", "\xc3\xa4")},
    {"bytes, not signed, the other way", "", "\xc3\xa4", "z", NULL},
};

START_TEST(range_becomes_one_condition)
{
    const ddb_kv_range range = {.prefix = ddb_str(ranges[_i].prefix),
                                .from = ddb_str(ranges[_i].from),
                                .to = ddb_str(ranges[_i].to),
                                .keys_only = 1};
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;

    ck_assert_int_eq(ddb_kv_iter_open(kv, &range, &iter, &err), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 0);
    if (ranges[_i].body != NULL)
        fake_answer(f, "{\"Items\":[],\"Count\":0,\"ScannedCount\":0}");
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_NOT_FOUND);
    ck_assert_int_eq(err.code, DDB_NOT_FOUND);
    if (ranges[_i].body != NULL)
        kvfix_request(0, "Query", ranges[_i].body);
    ck_assert_uint_eq(fake_count(f), ranges[_i].body != NULL);
    ddb_kv_iter_close(iter);
}
END_TEST

/* The last key of a prefix is found in the request. */
static void asked_up_to(char *out, size_t *n)
{
    json_t *body = json_loads(fake_request(f, 0)->body, 0, NULL);
    json_t *values = json_object_get(body, "ExpressionAttributeValues");
    json_t *b = json_object_get(json_object_get(values, ":b"), "S");

    *n = json_string_length(b);
    ck_assert_uint_le(*n, 1024);
    memcpy(out, json_string_value(b), *n);
    json_decref(body);
}

/* Nothing that a key of this prefix could be lies behind it: it has 1024
 * bytes, and each character is the highest for its place. */
START_TEST(prefix_with_from_ends_at_its_highest_key)
{
    static const char *const last[] = {"", "\x7f", "\xdf\xbf", "\xef\xbf\xbf"};
    char prefix[1025];
    char got[1024];
    size_t prefix_n = 1 + (size_t)_i;
    size_t n;
    ddb_kv_range range = {.prefix = {prefix, prefix_n}, .from = {prefix, 1}};
    int64_t count;

    memset(prefix, 'p', sizeof prefix);
    fake_answer(f, "{\"Count\":0,\"ScannedCount\":0}");
    ck_assert_int_eq(ddb_kv_count(kv, &range, &count, &err), DDB_OK);
    asked_up_to(got, &n);
    ck_assert_uint_eq(n, 1024);
    ck_assert_mem_eq(got, prefix, prefix_n);
    for (n = prefix_n; 1024 - n >= 4; n += 4)
        ck_assert_mem_eq(got + n, "\xf4\x8f\xbf\xbf", 4);
    ck_assert_mem_eq(got + n, last[1024 - n], 1024 - n);
}
END_TEST

START_TEST(prefix_as_long_as_a_key_can_be_is_one_key)
{
    static char prefix[1024];
    char got[1024];
    size_t n;
    ddb_kv_range range = {.prefix = {prefix, 1024}, .from = {prefix, 5}};
    int64_t count;

    memset(prefix, 'p', sizeof prefix);
    fake_answer(f, "{\"Count\":0,\"ScannedCount\":0}");
    ck_assert_int_eq(ddb_kv_count(kv, &range, &count, &err), DDB_OK);
    asked_up_to(got, &n);
    ck_assert_uint_eq(n, 1024);
    ck_assert_mem_eq(got, prefix, 1024);
}
END_TEST

static char long_text[1025];

static const struct {
    const char *name;
    ddb_kv_range range;
    ddb_code code;
    int counts; /* wrong for a count alone */
} wrong[] = {
    {"prefix too long", {.prefix = {long_text, 1025}}, DDB_TOO_LARGE, 0},
    {"from too long", {.from = {long_text, 1025}}, DDB_TOO_LARGE, 0},
    {"to too long", {.to = {long_text, 1025}}, DDB_TOO_LARGE, 0},
    {"prefix cut in a character", {.prefix = {"\xc3", 1}}, DDB_INVALID, 0},
    {"from is no text", {.from = {"\xff", 1}}, DDB_INVALID, 0},
    {"to is no text", {.to = {"\xff", 1}}, DDB_INVALID, 0},
    {"limit below zero", {.limit = -1}, DDB_INVALID, 0},
    {"count with limit", {.limit = 1}, DDB_INVALID, 1},
    {"count in reverse", {.reverse = 1}, DDB_INVALID, 1},
};

START_TEST(refuses_wrong_range)
{
    ddb_kv_iter *iter;
    int64_t n = 7;

    memset(long_text, 'x', sizeof long_text);
    ck_assert_msg(ddb_kv_count(kv, &wrong[_i].range, &n, &err) ==
                      wrong[_i].code,
                  "%s", wrong[_i].name);
    ck_assert_int_eq(n, 0);
    if (!wrong[_i].counts) {
        ck_assert_int_eq(ddb_kv_iter_open(kv, &wrong[_i].range, &iter, &err),
                         wrong[_i].code);
        ck_assert_ptr_null(iter);
        ck_assert_int_eq(ddb_kv_iter_open(kv, &wrong[_i].range, &iter, NULL),
                         wrong[_i].code);
    }
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

/* ---- What comes --------------------------------------------------------- */

#define KEY(k) "{\"key\":{\"S\":\"" k "\"}}"
#define ENTRY(k) "{\"key\":{\"S\":\"" k "\"},\"value\":{\"S\":\"v" k "\"}}"
#define MORE(k)                                                                \
    ",\"LastEvaluatedKey\":{\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"" k  \
    "\"}}"
#define PAGE(items, more)                                                      \
    "{\"Items\":[" items "],\"Count\":1,\"ScannedCount\":1" more "}"

/* The values that come, with a space between, up to the end. */
static void collect(ddb_kv_iter *iter, char *out)
{
    const ddb_kv_entry *e;
    ddb_code code;

    out[0] = '\0';
    while ((code = ddb_kv_iter_next(iter, &e, &err)) == DDB_OK) {
        strncat(out, e->value.p, e->value.n);
        strcat(out, " ");
        ck_assert_int_eq(err.code, DDB_OK);
    }
    ck_assert_ptr_null(e);
    ck_assert_msg(code == DDB_NOT_FOUND, "%s", err.message);
}

START_TEST(iterates_over_all_pages_also_empty_ones)
{
    ddb_kv_iter *iter;
    char got[64];

    fake_answer(f, PAGE("", MORE("a")));
    fake_answer(f, PAGE(ENTRY("b") "," ENTRY("c"), MORE("c")));
    fake_answer(f, PAGE("", MORE("d")));
    fake_answer(f, PAGE(ENTRY("e"), ""));
    ck_assert_int_eq(ddb_kv_iter_open(kv, NULL, &iter, &err), DDB_OK);
    collect(iter, got);
    ck_assert_str_eq(got, "vb vc ve ");
    ck_assert_uint_eq(fake_count(f), 4);
    collect(iter, got); /* the end is the end */
    ck_assert_str_eq(got, "");
    ck_assert_uint_eq(fake_count(f), 4);
    ddb_kv_iter_close(iter);
    ddb_kv_iter_close(NULL);
}
END_TEST

START_TEST(asks_for_values_and_all_that_belongs_to_them)
{
    ddb_kv_iter *iter;
    const ddb_kv_range range = {.reverse = 1};
    const ddb_kv_entry *e;

    fake_answer(f, PAGE("", ""));
    ck_assert_int_eq(ddb_kv_iter_open(kv, &range, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_NOT_FOUND);
    kvfix_request(
        0, "Query",
        "{\"TableName\":\"tab\",\"KeyConditionExpression\":\"#n = :n\","
        "\"FilterExpression\":\"NOT #t <= :now\","
        "\"ProjectionExpression\":\"#k,#v,#t,#u,#i,#e\","
        "\"ExpressionAttributeNames\":{\"#n\":\"namespace\",\"#k\":\"key\","
        "\"#v\":\"value\",\"#t\":\"ttl\",\"#u\":\"updated\","
        "\"#i\":\"version\",\"#e\":\"encoding\"},"
        "\"ExpressionAttributeValues\":{\":n\":{\"S\":\"ns\"},"
        "\":now\":{\"N\":\"" KVFIX_NOW "\"}},\"ConsistentRead\":true,"
        "\"ScanIndexForward\":false}");
    ddb_kv_iter_close(iter);
}
END_TEST

START_TEST(keys_alone_have_no_value)
{
    const ddb_kv_range range = {.keys_only = 1};
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;

    fake_answer(f, PAGE(KEY("a"), ""));
    ck_assert_int_eq(ddb_kv_iter_open(kv, &range, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
    kvfix_bytes(e->key, "a");
    ck_assert_ptr_null(e->value.p);
    ddb_kv_iter_close(iter);
}
END_TEST

static const struct {
    int64_t limit;
    int keys_only;
    int64_t asked; /* Limit of the request; 0: none */
} limits[] = {
    {0, 0, 0},   {1, 0, 10},    {10, 0, 10},       {11, 0, 11},
    {1, 1, 100}, {101, 1, 101}, {INT64_MAX, 0, 0},
};

START_TEST(limit_asks_for_little_more_than_is_wanted)
{
    const ddb_kv_range range = {.limit = limits[_i].limit,
                                .keys_only = limits[_i].keys_only};
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    json_t *body;

    fake_answer(f, PAGE("", ""));
    ck_assert_int_eq(ddb_kv_iter_open(kv, &range, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_NOT_FOUND);
    body = json_loads(fake_request(f, 0)->body, 0, NULL);
    ck_assert_int_eq(json_integer_value(json_object_get(body, "Limit")),
                     limits[_i].asked);
    json_decref(body);
    ddb_kv_iter_close(iter);
}
END_TEST

START_TEST(limit_is_exact_over_pages)
{
    const ddb_kv_range range = {.limit = 3};
    ddb_kv_iter *iter;
    char got[64];

    fake_answer(f, PAGE(ENTRY("a"), MORE("b")));
    fake_answer(f, PAGE(ENTRY("b") "," ENTRY("c") "," ENTRY("d"), MORE("d")));
    ck_assert_int_eq(ddb_kv_iter_open(kv, &range, &iter, &err), DDB_OK);
    collect(iter, got);
    ck_assert_str_eq(got, "va vb vc ");
    ddb_kv_iter_close(iter);
}
END_TEST

START_TEST(what_expires_on_the_way_is_not_listed_nor_counted_as_one)
{
    const ddb_kv_range range = {.limit = 2};
    ddb_kv_iter *iter;
    char got[64];

    fake_answer(f, PAGE(ENTRY("a") ",{\"key\":{\"S\":\"b\"},\"value\":{\"S\":"
                                   "\"vb\"},\"ttl\":{\"N\":\"" KVFIX_NOW
                                   "\"}}," ENTRY("c"),
                        ""));
    ck_assert_int_eq(ddb_kv_iter_open(kv, &range, &iter, &err), DDB_OK);
    collect(iter, got);
    ck_assert_str_eq(got, "va vc ");
    ddb_kv_iter_close(iter);
}
END_TEST

START_TEST(what_is_no_entry_is_told_and_then_passed_over)
{
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    char got[64];

    fake_answer(f, PAGE(KEY("a") "," ENTRY("b"), ""));
    ck_assert_int_eq(ddb_kv_iter_open(kv, NULL, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_BAD_VALUE);
    ck_assert_ptr_null(e);
    collect(iter, got);
    ck_assert_str_eq(got, "vb ");
    ddb_kv_iter_close(iter);
}
END_TEST

/* Fails for want of memory, or for good, at the second entry. */
static int decodings;
static ddb_code fails_at;

static ddb_code decode_badly(void *arg, ddb_bytes key, ddb_bytes in,
                             ddb_kv_out *out, ddb_err *e)
{
    (void)arg, (void)key, (void)e;
    return ++decodings == 2 ? fails_at : ddb_kv_out_add(out, in.p, in.n);
}

static const struct {
    ddb_code fails;
    ddb_code told;
    const char *rest; /* of the values */
} decoders[] = {{DDB_NOMEM, DDB_NOMEM, "vb vc "},
                {DDB_INVALID, DDB_BAD_VALUE, "vc "}};

/* Nor does a cursor pass what is still to come. */
START_TEST(what_could_not_be_read_for_now_is_read_again)
{
    const ddb_kv_coding coding = {decode_badly, decode_badly, NULL, {NULL}};
    const ddb_kv_options opt = {
        .table = "tab", .name_space = "ns", .coding = &coding};
    ddb_kv_range range = {.limit = 0};
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    char *cursor;
    char got[64];
    ddb_kv *coded;

    fails_at = decoders[_i].fails;
    decodings = 0;
    fake_answer(f, PAGE(ENTRY("a") "," ENTRY("b") "," ENTRY("c"), ""));
    fake_answer(f, PAGE(ENTRY("a") "," ENTRY("b") "," ENTRY("c"), ""));
    ck_assert_int_eq(ddb_kv_open(c, &opt, &coded, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_open(coded, NULL, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), decoders[_i].told);
    ck_assert_ptr_null(e);
    ck_assert_int_eq(ddb_kv_iter_cursor(iter, &cursor, &err), DDB_OK);
    collect(iter, got);
    ck_assert_str_eq(got, decoders[_i].rest);
    ddb_kv_iter_close(iter);
    range.cursor = cursor;
    ck_assert_int_eq(ddb_kv_iter_open(coded, &range, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
    ck_assert_ptr_nonnull(strstr(fake_request(f, 1)->body,
                                 _i ? "{\"S\":\"b\"}" : "{\"S\":\"a\"}"));
    ddb_kv_iter_close(iter);
    ddb_free(cursor);
    ddb_kv_close(coded);
}
END_TEST

START_TEST(goes_on_after_a_failure_where_it_was)
{
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    char got[64];

    fake_answer(f, PAGE(ENTRY("a"), MORE("a")));
    fake_error(f, 400, "AccessDeniedException", "not now");
    fake_answer(f, PAGE(ENTRY("b"), ""));
    ck_assert_int_eq(ddb_kv_iter_open(kv, NULL, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_ACCESS_DENIED);
    collect(iter, got);
    ck_assert_str_eq(got, "vb ");
    ck_assert_str_eq(fake_request(f, 1)->body, fake_request(f, 2)->body);
    ddb_kv_iter_close(iter);
}
END_TEST

START_TEST(the_handle_can_be_used_meanwhile)
{
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;

    fake_answer(f, PAGE(ENTRY("a") "," ENTRY("b"), MORE("b")));
    fake_answer(f, "{}");
    fake_answer(f, PAGE(ENTRY("c"), ""));
    ck_assert_int_eq(ddb_kv_iter_open(kv, NULL, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_delete(kv, e->key, &err), DDB_OK);
    kvfix_bytes(e->key, "a");
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
    kvfix_bytes(e->value, "vc");
    ck_assert_ptr_nonnull(strstr(fake_request(f, 2)->body, "\":n\""));
    ddb_kv_iter_close(iter);
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

static ddb_code list_all(void)
{
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    ddb_code code = ddb_kv_iter_open(kv, NULL, &iter, &err);

    ck_assert_int_eq(iter != NULL, code == DDB_OK);
    while (code == DDB_OK)
        code = ddb_kv_iter_next(iter, &e, &err);
    ddb_kv_iter_close(iter);
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

static void two_pages(void)
{
    fake_answer(f, PAGE(ENTRY("a") "," ENTRY("b"), MORE("b")));
    fake_answer(f, PAGE(ENTRY("c"), ""));
}

START_TEST(survives_every_failing_allocation)
{
    KVFIX_OOM(two_pages(), list_all());
}
END_TEST

#define COUNT(table) ((int)(sizeof table / sizeof table[0]))

Suite *suite_kv_iter(void)
{
    Suite *s = suite_create("kv_iter");
    TCase *tc = tcase_create("ask");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, range_becomes_one_condition, 0, COUNT(ranges));
    tcase_add_loop_test(tc, prefix_with_from_ends_at_its_highest_key, 0, 4);
    tcase_add_test(tc, prefix_as_long_as_a_key_can_be_is_one_key);
    tcase_add_loop_test(tc, refuses_wrong_range, 0, COUNT(wrong));
    tcase_add_test(tc, asks_for_values_and_all_that_belongs_to_them);
    tcase_add_loop_test(tc, limit_asks_for_little_more_than_is_wanted, 0,
                        COUNT(limits));
    suite_add_tcase(s, tc);
    tc = tcase_create("list");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, iterates_over_all_pages_also_empty_ones);
    tcase_add_test(tc, keys_alone_have_no_value);
    tcase_add_test(tc, limit_is_exact_over_pages);
    tcase_add_test(tc,
                   what_expires_on_the_way_is_not_listed_nor_counted_as_one);
    tcase_add_test(tc, what_is_no_entry_is_told_and_then_passed_over);
    tcase_add_loop_test(tc, what_could_not_be_read_for_now_is_read_again, 0,
                        COUNT(decoders));
    tcase_add_test(tc, goes_on_after_a_failure_where_it_was);
    tcase_add_test(tc, the_handle_can_be_used_meanwhile);
    suite_add_tcase(s, tc);
    tc = tcase_create("memory");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, survives_every_failing_allocation);
    suite_add_tcase(s, tc);
    return s;
}
