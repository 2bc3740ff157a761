/* SPDX-License-Identifier: MIT */
/* What updates make of an item, what they are refused for once the item is
 * known, and what they say that they touched. */
#include "tests.h"

#include "exprfix.h"

#include <stdio.h>
#include <stdlib.h>

#define NO_PATH                                                                \
    "The document path provided in the update expression is invalid for "      \
    "update"
#define NO_TYPE "An operand in the update expression has an incorrect data type"
#define MISSING                                                                \
    "The provided expression refers to an attribute that does not exist in "   \
    "the item"
#define OVERFLOW                                                               \
    "Number overflow. Attempting to store a number with magnitude larger "     \
    "than supported range"
#define UNDERFLOW                                                              \
    "Number underflow. Attempting to store a number with magnitude smaller "   \
    "than supported range"
#define TOO_LARGE "Item size to update has exceeded the maximum allowed size"

/* Of the item, update, and what is then at each of up to three attributes;
 * "-": nothing.  All others stay. */
static const struct {
    const char *text;
    struct {
        const char *name, *json;
    } at[3];
} rows[] = {
    {"set q = :s", {{"q", "{\"S\":\"abc\"}"}}},
    {"set s = :n", {{"s", "{\"N\":\"5\"}"}}},
    {"set s = n, n = s", {{"s", "{\"N\":\"5\"}"}, {"n", "{\"S\":\"abc\"}"}}},
    {"set q = :e", {{"q", "{\"S\":\"\"}"}}},
    {"set q = :map", {{"q", "{\"M\":{\"x\":{\"N\":\"1\"}}}"}}},
    {"set q = :bs", {{"q", "{\"BS\":[\"AA==\",\"AQ==\"]}"}}},
    {"set q = nil", {{"q", "{\"NULL\":true}"}}},
    {"set q = s remove s", {{"q", "{\"S\":\"abc\"}"}, {"s", "-"}}},
    {"remove s set q = s", {{"q", "{\"S\":\"abc\"}"}, {"s", "-"}}},
    {"set #dot = :n", {{"a.b", "{\"N\":\"5\"}"}}},
    {"set q = (s)", {{"q", "{\"S\":\"abc\"}"}}},
    {"set q = l[3].k", {{"q", "{\"S\":\"v\"}"}}},
    {"set q = a.c[2]", {{"q", "{\"N\":\"2\"}"}}},

    {"set n = n + :m", {{"n", "{\"N\":\"15\"}"}}},
    {"set n = n - :m", {{"n", "{\"N\":\"-5\"}"}}},
    {"set n = :m - n", {{"n", "{\"N\":\"5\"}"}}},
    {"set n = m + n", {{"n", "{\"N\":\"-5\"}"}}},
    {"set q = n + f", {{"q", "{\"N\":\"5.5\"}"}}},
    {"set q = (n - f)", {{"q", "{\"N\":\"4.5\"}"}}},
    {"set q = n - n", {{"q", "{\"N\":\"0\"}"}}},
    {"set q = :n + :neg", {{"q", "{\"N\":\"3.5\"}"}}},
    {"set q = a.b + l[0]", {{"q", "{\"N\":\"2\"}"}}},
    {"set q = if_not_exists(q, :n) + :m", {{"q", "{\"N\":\"15\"}"}}},
    {"set q = if_not_exists(n, :m) + if_not_exists(z, n)",
     {{"q", "{\"N\":\"10\"}"}}},
    {"set q = :tiny - :tiny", {{"q", "{\"N\":\"0\"}"}}},

    {"set q = if_not_exists(q, :s)", {{"q", "{\"S\":\"abc\"}"}}},
    {"set q = if_not_exists(n, :s)", {{"q", "{\"N\":\"5\"}"}}},
    {"set n = if_not_exists(n, :m)", {{"n", "{\"N\":\"5\"}"}}},
    {"set q = if_not_exists(nil, :m)", {{"q", "{\"NULL\":true}"}}},
    {"set q = if_not_exists(a.x, a.b)", {{"q", "{\"N\":\"1\"}"}}},
    {"set q = if_not_exists(z, if_not_exists(y, s))",
     {{"q", "{\"S\":\"abc\"}"}}},
    {"set q = if_not_exists(s, zz)", {{"q", "{\"S\":\"abc\"}"}}},

    {"set q = list_append(:l, a.c)",
     {{"q", "{\"L\":[{\"N\":\"1\"},{\"S\":\"x\"},{\"N\":\"0\"},{\"N\":\"1\"},"
            "{\"N\":\"2\"}]}"}}},
    {"set q = list_append(:l0, :l0)", {{"q", "{\"L\":[]}"}}},
    {"set l0 = list_append(l0, :l)",
     {{"l0", "{\"L\":[{\"N\":\"1\"},{\"S\":\"x\"}]}"}}},
    {"set q = list_append(if_not_exists(q, :l0), :l)",
     {{"q", "{\"L\":[{\"N\":\"1\"},{\"S\":\"x\"}]}"}}},
    {"set q = list_append(l[2], if_not_exists(z, l[2]))",
     {{"q", "{\"L\":[{\"N\":\"9\"},{\"N\":\"9\"}]}"}}},
    {"set a.c = list_append(a.c, a.c)",
     {{"a", "{\"M\":{\"b\":{\"N\":\"1\"},\"c\":{\"L\":[{\"N\":\"0\"},{\"N\":"
            "\"1\"},{\"N\":\"2\"},{\"N\":\"0\"},{\"N\":\"1\"},{\"N\":\"2\"}]},"
            "\"d\":{\"M\":{\"e\":{\"S\":\"deep\"}}}}}"}}},

    {"set a.b = :s, a.x = n",
     {{"a", "{\"M\":{\"b\":{\"S\":\"abc\"},\"c\":{\"L\":[{\"N\":\"0\"},{\"N\":"
            "\"1\"},{\"N\":\"2\"}]},\"d\":{\"M\":{\"e\":{\"S\":\"deep\"}}},"
            "\"x\":{\"N\":\"5\"}}}"}}},
    {"set a.d.e = :n, m0.x = a.d",
     {{"a", "{\"M\":{\"b\":{\"N\":\"1\"},\"c\":{\"L\":[{\"N\":\"0\"},{\"N\":"
            "\"1\"},{\"N\":\"2\"}]},\"d\":{\"M\":{\"e\":{\"N\":\"5\"}}}}}"},
      {"m0", "{\"M\":{\"x\":{\"M\":{\"e\":{\"S\":\"deep\"}}}}}"}}},
    {"set l[0] = :s, l[2][0] = :n, l[3].k = :m, l[3].j = :n",
     {{"l", "{\"L\":[{\"S\":\"abc\"},{\"S\":\"x\"},{\"L\":[{\"N\":\"5\"}]},"
            "{\"M\":{\"k\":{\"N\":\"10\"},\"j\":{\"N\":\"5\"}}},"
            "{\"SS\":[\"a\",\"b\"]}]}"}}},
    {"set l0[7] = :n", {{"l0", "{\"L\":[{\"N\":\"5\"}]}"}}},
    {"set l0[84] = :n, l0[37] = :s, l0[0] = :m, l0[50] = :e",
     {{"l0", "{\"L\":[{\"N\":\"10\"},{\"S\":\"abc\"},{\"S\":\"\"},{\"N\":\"5\"}"
             "]}"}}},
    {"set a.c[9] = :s, a.c[1] = :n remove a.c[0]",
     {{"a",
       "{\"M\":{\"b\":{\"N\":\"1\"},\"c\":{\"L\":[{\"N\":\"5\"},{\"N\":"
       "\"2\"},{\"S\":\"abc\"}]},\"d\":{\"M\":{\"e\":{\"S\":\"deep\"}}}}}"}}},
    {"set l[2] = :e remove l[4], l[0], l[3]",
     {{"l", "{\"L\":[{\"S\":\"x\"},{\"S\":\"\"}]}"}}},
    {"add l[2][5] :n, l[0] :m",
     {{"l",
       "{\"L\":[{\"N\":\"11\"},{\"S\":\"x\"},{\"L\":[{\"N\":\"9\"},{\"N\":"
       "\"5\"}]},{\"M\":{\"k\":{\"S\":\"v\"}}},{\"SS\":[\"a\",\"b\"]}]}"}}},

    {"remove s", {{"s", "-"}}},
    {"remove s, n", {{"s", "-"}, {"n", "-"}}},
    {"remove q", {{"q", "-"}}},
    {"remove #dot, a", {{"a.b", "-"}, {"a", "-"}}},
    {"remove a.x, m0.x", {{"m0", "{\"M\":{}}"}}},
    {"remove l[17], l0[0]", {{"l0", "{\"L\":[]}"}}},
    {"remove a.b, a.c, a.d", {{"a", "{\"M\":{}}"}}},
    {"remove a.c[2], a.c[0], a.c[1], a.b, a.d",
     {{"a", "{\"M\":{\"c\":{\"L\":[]}}}"}}},
    {"remove l[0], l[1], l[2], l[3].k, l[4]", {{"l", "{\"L\":[{\"M\":{}}]}"}}},

    {"add n :m", {{"n", "{\"N\":\"15\"}"}}},
    {"add q :m", {{"q", "{\"N\":\"10\"}"}}},
    {"add q :neg, m :n", {{"q", "{\"N\":\"-1.5\"}"}, {"m", "{\"N\":\"-5\"}"}}},
    {"add q :ss", {{"q", "{\"SS\":[\"a\",\"b\"]}"}}},
    {"add ss :ss", {{"ss", "{\"SS\":[\"a\",\"b\",\"c\"]}"}}},
    {"add one :ss", {{"one", "{\"SS\":[\"a\",\"b\"]}"}}},
    {"add ns :ns", {{"ns", "{\"NS\":[\"1\",\"2\",\"3\"]}"}}},
    {"add bs :bs", {{"bs", "{\"BS\":[\"AA==\",\"AQ==\"]}"}}},
    {"add a.x :n, a.b :n",
     {{"a", "{\"M\":{\"b\":{\"N\":\"6\"},\"c\":{\"L\":[{\"N\":\"0\"},{\"N\":"
            "\"1\"},{\"N\":\"2\"}]},\"d\":{\"M\":{\"e\":{\"S\":\"deep\"}}},"
            "\"x\":{\"N\":\"5\"}}}"}}},

    {"delete ss :ss", {{"ss", "{\"SS\":[\"c\"]}"}}},
    {"delete ns :ns", {{"ns", "{\"NS\":[\"3\"]}"}}},
    {"delete bs :bs", {{"bs", "-"}}},
    {"delete one :ss", {{"one", "-"}}},
    {"delete q :ss", {{"q", "-"}}},
    {"delete a.x :ss, l[9] :ns", {{"q", "-"}}},
    {"delete l[4] :ss",
     {{"l",
       "{\"L\":[{\"N\":\"1\"},{\"S\":\"x\"},{\"L\":[{\"N\":\"9\"}]},{\"M\":"
       "{\"k\":{\"S\":\"v\"}}}]}"}}},

    {"set q = ss add ss :ss delete ns :ns remove one",
     {{"q", "{\"SS\":[\"a\",\"b\",\"c\"]}"},
      {"ns", "{\"NS\":[\"3\"]}"},
      {"one", "-"}}},
};

/* The item with that attribute as told. */
static void expect(ddb_item *it, const char *name, const char *json)
{
    char text[1024];
    ddb_item *one;

    ddb_item_unset(it, name);
    if (json[0] == '-')
        return;
    snprintf(text, sizeof text, "{\"v\":%s}", json);
    one = exprfix_parse(text);
    ck_assert_int_eq(ddb_item_set_value(it, name, ddb_item_get(one, "v")),
                     DDB_OK);
    ddb_item_free(one);
}

static void told_item(const char *text, const ddb_item *got,
                      const ddb_item *wanted)
{
    char *a, *b;

    if (ddb_item_equal(got, wanted))
        return;
    ddb_item_format(got, &a, NULL, NULL);
    ddb_item_format(wanted, &b, NULL, NULL);
    ck_abort_msg("%s\n  %s\n  %s expected", text, a, b);
}

START_TEST(makes_the_new_item)
{
    ddb_item *wanted = exprfix_parse(EXPRFIX_ITEM), *got;
    ddb_item *before = exprfix_parse(EXPRFIX_ITEM);
    const char *text = rows[_i].text;
    ddbi_update *u;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(&f, ddbi_update_parse(&f.s, ddb_str(text), &u), text, NULL);
    for (int i = 0; i < 3 && rows[_i].at[i].name; i++)
        expect(wanted, rows[_i].at[i].name, rows[_i].at[i].json);
    exprfix_told(&f, ddbi_update_apply(&f.s, u, f.item, &got), text, NULL);
    told_item(text, got, wanted);
    told_item(text, f.item, before); /* the old one is as it was */
    exprfix_end(&f);
    ddb_item_free(wanted);
    ddb_item_free(before);
}
END_TEST

/* ---- Refusals ----------------------------------------------------------- */

static const struct {
    const char *text, *why;
} refused[] = {
    {"set q = z", MISSING},
    {"set q = a.x", MISSING},
    {"set q = a.c[3]", MISSING},
    {"set q = z + :n", MISSING},
    {"set q = :n - z", MISSING},
    {"set q = z + s", MISSING},
    {"set q = list_append(z, :l)", MISSING},
    {"set q = list_append(:l, z)", MISSING},
    {"set q = if_not_exists(z, y)", MISSING},
    {"set q = if_not_exists(z, y) + :n", MISSING},
    {"set s = z", MISSING},

    {"set q = s + :n", NO_TYPE},
    {"set q = :n - s", NO_TYPE},
    {"set q = s + z", NO_TYPE},
    {"set q = l + :n", NO_TYPE},
    {"set q = ns + :n", NO_TYPE},
    {"set q = list_append(s, :l)", NO_TYPE},
    {"set q = list_append(:l, a)", NO_TYPE},
    {"set q = list_append(ns, if_not_exists(z, :l))", NO_TYPE},
    {"set q = :n + list_append(l, l)", NO_TYPE},
    {"set q = if_not_exists(s, :n) + :n", NO_TYPE},
    {"add s :n", NO_TYPE},
    {"add ns :n", NO_TYPE},
    {"add n :ns", NO_TYPE},
    {"add l :n", NO_TYPE},
    {"add ss :ns", NO_TYPE},
    {"add bs :ss", NO_TYPE},
    {"add a.d :ss", NO_TYPE},
    {"delete ss :ns", NO_TYPE},
    {"delete a :ss", NO_TYPE},
    {"delete l :ss", NO_TYPE},
    {"delete n :ns", NO_TYPE},
    {"delete a.c[0] :ns", NO_TYPE},

    {"set z.a = :n", NO_PATH},
    {"set z[0] = :n", NO_PATH},
    {"set s.a = :n", NO_PATH},
    {"set s[0] = :n", NO_PATH},
    {"set a[0] = :n", NO_PATH},
    {"set l.a = :n", NO_PATH},
    {"set ss[0] = :n", NO_PATH},
    {"set a.x.y = :n", NO_PATH},
    {"set a.b.c = :n", NO_PATH},
    {"set a.c[9][0] = :n", NO_PATH},
    {"remove z.a", NO_PATH},
    {"remove z[0]", NO_PATH},
    {"remove s.a", NO_PATH},
    {"remove a[1]", NO_PATH},
    {"remove l.a", NO_PATH},
    {"add z.a :n", NO_PATH},
    {"add s[0] :ss", NO_PATH},
    {"delete z.a :ss", NO_PATH},
    {"delete l.a :ss", NO_PATH},

    {"set q = :big + :big", OVERFLOW},
    {"set q = :neg - :big, z = :big + :big", OVERFLOW},
    {"add q :big, n :big", OVERFLOW}, /* 9E125 + 5: more than 38 digits */
    {"set q = :tiny + :n", OVERFLOW},
    {"set q = :tiny2 - :tiny", UNDERFLOW},

    /* Of several: a path through what is in the way, a wrong type, and then
     * from the last section what is not there; numbers at last. */
    {"set q = s + :n, a[0] = :n", NO_PATH},
    {"set q = s + :n, z.a = :n", NO_TYPE},
    {"set q = z, r = s + :n", NO_TYPE},
    {"set q = z remove y.x", NO_PATH},
    {"remove y.x set q = z", MISSING},
    {"set q = :big + :big, r = z", MISSING},
    {"set q = :big + :big, r = s + :n", NO_TYPE},
    {"set z.a = y", NO_PATH},
};

START_TEST(refuses_what_does_not_fit_the_item)
{
    ddbi_update *u;
    ddb_item *got;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(&f, ddbi_update_parse(&f.s, ddb_str(refused[_i].text), &u),
                 refused[_i].text, NULL);
    exprfix_told(&f, ddbi_update_apply(&f.s, u, f.item, &got), refused[_i].text,
                 refused[_i].why);
    ck_assert_ptr_null(got);
    exprfix_end(&f);
}
END_TEST

/* ---- What was touched --------------------------------------------------- */

static const struct {
    const char *text, *old, *new;
} touched[] = {
    {"set s = :t, q = :n", "{\"s\":{\"S\":\"abc\"}}",
     "{\"s\":{\"S\":\"abd\"},\"q\":{\"N\":\"5\"}}"},
    {"remove s", "{\"s\":{\"S\":\"abc\"}}", "{}"},
    {"remove q", "{}", "{}"},
    {"set s = :s", "{\"s\":{\"S\":\"abc\"}}", "{\"s\":{\"S\":\"abc\"}}"},
    {"add n :n delete one :ss",
     "{\"n\":{\"N\":\"5\"},\"one\":{\"SS\":[\"a\"]}}",
     "{\"n\":{\"N\":\"10\"}}"},
    {"set a.b = :n", "{\"a\":{\"M\":{\"b\":{\"N\":\"1\"}}}}",
     "{\"a\":{\"M\":{\"b\":{\"N\":\"5\"}}}}"},
    {"set a.x = :n", "{}", "{\"a\":{\"M\":{\"x\":{\"N\":\"5\"}}}}"},
    {"set a.c[1] = :n, a.b = :s",
     "{\"a\":{\"M\":{\"b\":{\"N\":\"1\"},\"c\":{\"L\":[{\"N\":\"1\"}]}}}}",
     "{\"a\":{\"M\":{\"b\":{\"S\":\"abc\"},\"c\":{\"L\":[{\"N\":\"5\"}]}}}}"},
    /* By index, also where elements have moved or the index is none. */
    {"remove a.c[1], a.c[3]", "{\"a\":{\"M\":{\"c\":{\"L\":[{\"N\":\"1\"}]}}}}",
     "{\"a\":{\"M\":{\"c\":{\"L\":[{\"N\":\"2\"}]}}}}"},
    {"set a.c[100] = :n", "{}", "{}"},
};

START_TEST(tells_what_it_touched)
{
    ddb_item *old = exprfix_parse(touched[_i].old);
    ddb_item *new = exprfix_parse(touched[_i].new);
    const char *text = touched[_i].text;
    ddbi_update *u;
    ddb_item *got;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(&f, ddbi_update_parse(&f.s, ddb_str(text), &u), text, NULL);
    exprfix_told(&f, ddbi_update_apply(&f.s, u, f.item, &got), text, NULL);
    told_item(text, ddbi_update_touched(u, f.item, &f.arena), old);
    told_item(text, ddbi_update_touched(u, got, &f.arena), new);
    exprfix_end(&f);
    ddb_item_free(old);
    ddb_item_free(new);
}
END_TEST

/* ---- Large items -------------------------------------------------------- */

static ddb_item *large_item(int n)
{
    ddb_item *it = ddb_item_new();
    ddb_value *l = ddb_item_set_l(it, "l");
    char(*texts)[12] = malloc((size_t)n * sizeof *texts);
    ddb_bytes *elements = malloc((size_t)n * sizeof *elements);

    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(ddb_list_add_i64(l, i), DDB_OK);
        snprintf(texts[i], sizeof texts[i], "%d", i);
        elements[i] = ddb_str(texts[i]);
    }
    ck_assert_int_eq(ddb_item_set_set(it, "ns", DDB_NS, elements, (size_t)n),
                     DDB_OK);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(ddb_item_set_i64(it, texts[i], i), DDB_OK);
    free(texts);
    free(elements);
    return it;
}

static ddb_code apply(exprfix *f, const char *text, const ddb_item *old,
                      ddb_item **out)
{
    ddbi_update *u;

    exprfix_told(f, ddbi_update_parse(&f->s, ddb_str(text), &u), text, NULL);
    return ddbi_update_apply(&f->s, u, old, out);
}

START_TEST(changes_large_items)
{
    ddb_item *it = large_item(20000), *got;
    int64_t v;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(&f,
                 apply(&f,
                       "set l[7] = :s, q = list_append(l, l) remove l[0], "
                       "l[19999], r, #9 add ns :ns delete s :ss",
                       it, &got),
                 "large", NULL);
    ck_assert_uint_eq(ddb_item_count(got), ddb_item_count(it) + 1);
    ck_assert_uint_eq(ddb_value_count(ddb_item_get(got, "q")), 40000);
    ck_assert_uint_eq(ddb_value_count(ddb_item_get(got, "l")), 19998);
    ck_assert_uint_eq(ddb_value_count(ddb_item_get(got, "ns")), 20000);
    ck_assert_int_eq(ddb_value_type(ddb_value_at(ddb_item_get(got, "l"), 6)),
                     DDB_S);
    ck_assert_int_eq(
        ddb_value_i64(ddb_value_at(ddb_item_get(got, "l"), 19997), &v), DDB_OK);
    ck_assert_int_eq(v, 19998);
    ck_assert_ptr_nonnull(ddb_item_get(got, "19999"));
    exprfix_told(&f, apply(&f, "delete ns :ns", it, &got), "large", NULL);
    ck_assert_uint_eq(ddb_value_count(ddb_item_get(got, "ns")), 19998);
    exprfix_end(&f);
    ddb_item_free(it);
}
END_TEST

START_TEST(makes_no_lists_that_no_item_can_hold)
{
    ddb_item *it = large_item(2000), *got;
    char text[4096];
    size_t at = (size_t)snprintf(text, sizeof text, "set q=l");
    exprfix f;

    exprfix_begin(&f);
    for (int i = 0; i < 120; i++)
        at += (size_t)snprintf(text + at, sizeof text - at,
                               ",q%d=list_append(l,l)", i);
    exprfix_told(&f, apply(&f, text, it, &got), "many", TOO_LARGE);
    exprfix_end(&f);
    ddb_item_free(it);
}
END_TEST

START_TEST(survives_want_of_memory)
{
    static const char text[] =
        "set a.b = n + :m, q = list_append(l, if_not_exists(z, l)), "
        "r = if_not_exists(z, a), l[2][4] = s, l[0] = :s "
        "remove l[1], a.c[0] add ss :ss, w :n delete ns :ns";
    exprfix f;

    exprfix_begin(&f);
    for (size_t room = 0;; room += 16) {
        ddbi_arena arena;
        ddb_item *got = NULL, *seen = NULL;
        ddbi_update *u;
        ddbi_expr_scope s;
        ddb_code code;

        exprfix_scarce(&arena, room);
        code =
            ddbi_expr_begin(&s, &arena, exprfix_names, EXPRFIX_NAMES, f.values);
        if (code == DDB_OK)
            code = ddbi_update_parse(&s, ddb_str(text), &u);
        if (code == DDB_OK)
            code = ddbi_update_apply(&s, u, f.item, &got);
        if (code == DDB_OK)
            seen = ddbi_update_touched(u, got, &arena);
        ddbi_buf_free(&s.why);
        if (!exprfix_was_short(&arena)) {
            ck_assert_ptr_nonnull(seen);
            break;
        }
        ck_assert(code == DDB_NOMEM || (code == DDB_OK && !seen));
    }
    exprfix_end(&f);
}
END_TEST

Suite *suite_expr_apply(void)
{
    Suite *s = suite_create("expr_apply");
    TCase *t = tcase_create("updates");

    tcase_add_loop_test(t, makes_the_new_item, 0, ROWS(rows));
    tcase_add_loop_test(t, refuses_what_does_not_fit_the_item, 0,
                        ROWS(refused));
    tcase_add_loop_test(t, tells_what_it_touched, 0, ROWS(touched));
    tcase_add_test(t, changes_large_items);
    tcase_add_test(t, makes_no_lists_that_no_item_can_hold);
    tcase_add_test(t, survives_want_of_memory);
    suite_add_tcase(s, t);
    return s;
}
