/* SPDX-License-Identifier: MIT */
/* Is a condition true of an item?  The item and the values are exprfix.h's. */
#include "tests.h"

#include "exprfix.h"

#include <stdlib.h>

static const struct {
    const char *text;
    int holds;
} rows[] = {
    /* = and <> take all types; a missing attribute equals nothing. */
    {"s = :s", 1},
    {"s = :t", 0},
    {"s <> :t", 1},
    {"s <> :s", 0},
    {"e = :e", 1},
    {"e = s", 0},
    {"n = :n", 1},
    {"n = :m", 0},
    {"n = s", 0},
    {"n <> s", 1},
    {"b = :b", 1},
    {"b = :s", 0},
    {"b <> :s", 1},
    {"yes = :yes", 1},
    {"yes = :no", 0},
    {"yes <> off", 1},
    {"nil = :nil", 1},
    {"nil = :no", 0},
    {"nil <> :nil", 0},
    {"l0 = :l0", 1},
    {"l = :l", 0},
    {"l[4] = :ss", 1},
    {"m0 = :m0", 1},
    {"m0 = :l0", 0},
    {"a = :map", 0},
    {"ss = :ss", 0},
    {"ss <> :ss", 1},
    {"bs = :bs", 0},
    {"q = :s", 0},
    {":s = q", 0},
    {"q = z", 0},
    {"q <> :s", 1},
    {":s <> q", 1},
    {"q <> z", 1},
    {"NOT q = :s", 1},
    {"NOT q <> :s", 0},
    {":s = :s", 1},
    {":n <> :n", 0},

    /* Order: strings and binaries by bytes, numbers as numbers. */
    {"s < :t", 1},
    {"s < :s", 0},
    {"s <= :s", 1},
    {"s > :e", 1},
    {"s > :bc", 0},
    {"s >= :s", 1},
    {"e < :s", 1},
    {"u > :s", 1},
    {"n < :m", 1},
    {"n > :neg", 1},
    {"m < :neg", 1},
    {"m <= n", 1},
    {"f > :neg", 1},
    {"f < n", 1},
    {"n >= :n", 1},
    {"n > :n", 0},
    {"b < :b2", 1},
    {"b > :b2", 0},
    {":tiny < :tiny2", 1},
    {"n < :big", 1},
    {"n < :s", 0},
    {"n > :s", 0},
    {"s < :b", 0},
    {"s > :b", 0},
    {"q < :s", 0},
    {"q >= :s", 0},
    {":s <= q", 0},
    {"q <= z", 0},
    {"l < :n", 0},
    {"yes >= off", 0},
    {"yes >= z", 0},
    {"ss >= ns", 0},
    {"a < m0", 0},
    {"a >= m0", 0},

    {"n BETWEEN :n AND :m", 1},
    {"n BETWEEN :neg AND :n", 1},
    {"m BETWEEN :neg AND :n", 0},
    {":n BETWEEN m AND n", 1},
    {"s between :e and :t", 1},
    {"s between :t and :bc", 0},
    {"b between :b and :b2", 1},
    {"n between n2 and :m", 0},
    {"n between s and :m", 0},
    {"s between :n and :m", 0},
    {"q between :n and :m", 0},
    {"n between :m and m", 0}, /* the wrong way round, but from the item */
    {"NOT n between :n and :m", 0},
    {"n between :n and :m and s = :s", 1},

    {"n IN (:n)", 1},
    {"n IN (:m, :s, :n)", 1},
    {"n IN (:m, :s)", 0},
    {"s IN (:t, e, :s)", 1},
    {"l[4] in (:ss)", 1},
    {"l in (:l, l[0])", 0},
    {"m0 in (:m0)", 1},
    {"q in (:s)", 0},
    {"q in (z)", 0},
    {"n in (q, z)", 0},
    {":s in (s)", 1},
    {"NOT n IN (:m)", 1},
    {"size(s) in (:n, size(:bc), size(l))", 0},
    {"size(l) in (:n, size(:bc))", 1},

    /* Paths. */
    {"a.b < :n", 1},
    {"a.c[2] > a.b", 1},
    {"a.c[3] < :n", 0},
    {"a.d.e <> :s", 1},
    {"attribute_exists(a.d.e)", 1},
    {"attribute_exists(a.d.e.f)", 0},
    {"attribute_exists(a.c[0])", 1},
    {"attribute_exists(a.c[3])", 0},
    {"attribute_exists(a.c.x)", 0},
    {"attribute_exists(a[0])", 0},
    {"attribute_exists(l[2][0])", 1},
    {"attribute_exists(l[3].k)", 1},
    {"attribute_exists(l[0].k)", 0},
    {"attribute_exists(ss[0])", 0},
    {"attribute_exists(s.x)", 0},
    {"attribute_exists(#dot)", 1},
    {"#dot = a.b", 0},
    {"#data <> :s", 1},
    {"#9 = :n", 1},
    {"l[2147483647] = :n", 0},

    {"attribute_exists(s)", 1},
    {"attribute_exists(e)", 1},
    {"attribute_exists(nil)", 1},
    {"attribute_exists(off)", 1},
    {"attribute_exists(q)", 0},
    {"attribute_not_exists(q)", 1},
    {"attribute_not_exists(s)", 0},
    {"attribute_not_exists(a.x)", 1},

    {"attribute_type(s, :S)", 1},
    {"attribute_type(n, :N)", 1},
    {"attribute_type(b, :B)", 1},
    {"attribute_type(yes, :BOOL)", 1},
    {"attribute_type(nil, :NULL)", 1},
    {"attribute_type(a, :M)", 1},
    {"attribute_type(l, :L)", 1},
    {"attribute_type(ss, :SS)", 1},
    {"attribute_type(ns, :NS)", 1},
    {"attribute_type(bs, :BS)", 1},
    {"attribute_type(bs, :B)", 0},
    {"attribute_type(b, :BS)", 0},
    {"attribute_type(nil, :N)", 0},
    {"attribute_type(q, :S)", 0},
    {"attribute_type(:n, :N)", 1},
    {"attribute_type(size(l), :N)", 1},
    {"attribute_type(size(q), :N)", 0},
    {"attribute_type(s, :N)", 0},
    {"attribute_type(ss, :NS)", 0},

    {"begins_with(s, :s)", 1},
    {"begins_with(s, :t)", 0},
    {"begins_with(s, :e)", 1},
    {"begins_with(s, :bc)", 0},
    {"begins_with(e, :e)", 1},
    {"begins_with(e, s)", 0},
    {"begins_with(b, :b)", 1},
    {"begins_with(b, :b2)", 0},
    {"begins_with(b, :s)", 0},
    {"begins_with(s, :b)", 0},
    {"begins_with(:s, s)", 1},
    {"begins_with(q, :s)", 0},
    {"begins_with(:s, q)", 0},
    {"begins_with(n, :s)", 0},
    {"begins_with(n, m)", 0},
    {"begins_with(l, l0)", 0},

    {"contains(s, :bc)", 1},
    {"contains(s, :s)", 1},
    {"contains(s, :e)", 1},
    {"contains(s, :t)", 0},
    {"contains(s, :b)", 0},
    {"contains(e, :bc)", 0},
    {"contains(b, :b2)", 1},
    {"contains(:b2, b)", 0},
    {"contains(ss, #data)", 0},
    {"contains(ns, l[0])", 1},
    {"contains(ns, :n)", 0},
    {"contains(ns, :s)", 0},
    {"contains(bs, :b)", 0},
    {"contains(:bs, b)", 0},
    {"contains(l, l[0])", 1},
    {"contains(l, l[2])", 1},
    {"contains(l, :ss)", 1},
    {"contains(l, :l)", 0},
    {"contains(l, :n)", 0},
    {"contains(:l, l[1])", 1},
    {"contains(l0, :n)", 0},
    {"contains(a, :s)", 0},
    {"contains(n, :n)", 0},
    {"contains(yes, :yes)", 0},
    {"contains(q, :s)", 0},
    {"contains(s, q)", 0},
    {"contains(:s, :bc)", 1},
    {"contains(:l0, :nil)", 0},

    /* Texts have the size that UTF-16 would take in units. */
    {"size(s) > size(:bc)", 1},
    {"size(u) = size(s)", 1},
    {"size(e) < size(:bs)", 1},
    {"size(b) = size(:s)", 1},
    {"size(l) = :n", 1},
    {"size(l0) = size(m0)", 1},
    {"size(a) = size(ss)", 1},
    {"size(ns) = size(s)", 1},
    {"size(bs) <> size(ns)", 1},
    {"size(n) = :n", 0},
    {"size(yes) < :n", 0},
    {"size(nil) <> :n", 1},
    {"size(q) < :n", 0},
    {"size(q) <> :n", 1},
    {"size(s) = :s", 0},
    {"size(:s) < :n", 1},
    {"size(a.c) between size(s) and :n", 1},

    /* AND before OR, NOT before both. */
    {"s = :s AND n = :n", 1},
    {"s = :s AND n = :m", 0},
    {"s = :t AND n = :n", 0},
    {"s = :t OR n = :n", 1},
    {"s = :s OR n = :m", 1},
    {"s = :t OR n = :m", 0},
    {"s = :s OR s = :s AND n = :m", 1},
    {"(s = :s OR s = :s) AND n = :m", 0},
    {"n = :m AND s = :s OR s = :s", 1},
    {"n = :m AND (s = :s OR s = :s)", 0},
    {"NOT s = :t", 1},
    {"NOT s = :t AND n = :m", 0},
    {"NOT (s = :t AND n = :m)", 1},
    {"NOT s = :s OR n = :n", 1},
    {"NOT (s = :s OR n = :n)", 0},
    {"NOT NOT s = :s", 1},
    {"NOT NOT NOT s = :s", 0},
    {"s = :t OR s = :t OR s = :s", 1},
    {"s = :s AND n = :n AND b = :b AND yes = :yes", 1},
    {"s = :s AND n = :n AND b = :b AND yes = :no", 0},
    {"s = :t OR n = :m OR NOT (b = :b AND (yes = :no OR nil = :nil))", 0},
    {"(s = :t OR (n = :n AND (b = :b2 OR (yes = :yes))))", 1},
    {"attribute_exists(q) OR attribute_exists(s) AND attribute_exists(n)", 1},
    {"NOT attribute_exists(q) AND NOT (contains(s, :t) OR size(l) < :n)", 1},
};

START_TEST(tells_true_from_false)
{
    ddbi_condition *c;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(&f, ddbi_condition_parse(&f.s, ddb_str(rows[_i].text), &c),
                 rows[_i].text, NULL);
    ck_assert_msg(ddbi_condition_holds(c, f.item, &f.arena) == rows[_i].holds,
                  "%s", rows[_i].text);
    exprfix_end(&f);
}
END_TEST

/* Of no item at all: as of one that has no attributes. */
static const struct {
    const char *text;
    int holds;
} of_nothing[] = {
    {"attribute_not_exists(pk)", 1},
    {"attribute_exists(pk)", 0},
    {"pk <> :s", 1},
    {"pk = :s", 0},
    {"NOT pk = :s", 1},
    {"size(pk) < :n", 0},
    {":s = :s", 1},
    {"a.b[0].c <> :s", 1},
};

START_TEST(is_asked_about_no_item_too)
{
    ddbi_condition *c;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(&f,
                 ddbi_condition_parse(&f.s, ddb_str(of_nothing[_i].text), &c),
                 of_nothing[_i].text, NULL);
    ck_assert_msg(ddbi_condition_holds(c, NULL, &f.arena) ==
                      of_nothing[_i].holds,
                  "%s", of_nothing[_i].text);
    exprfix_end(&f);
}
END_TEST

START_TEST(costs_no_memory_but_of_sizes)
{
    ddbi_condition *c;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(&f,
                 ddbi_condition_parse(
                     &f.s,
                     ddb_str("s = :s AND n BETWEEN :n AND :m AND "
                             "contains(ss, :bc) OR begins_with(a.d.e, :s)"),
                     &c),
                 "c", NULL);
    oom_begin(0);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(ddbi_condition_holds(c, f.item, NULL), 0);
    ck_assert_int_eq(oom_asked(), 0);
    oom_end();
    exprfix_end(&f);
}
END_TEST

/* Read and judged with so much memory.  1: it was too little. */
static int is_short_of(size_t room, exprfix *f, ddb_code *code, int *holds)
{
    static const char text[] = "size(s) > :n OR (a.b.c.#a.d.e.f.g.h.i[0] = #b "
                               "AND NOT begins_with(s, :bc) OR size(l) IN "
                               "(:n, :m, size(q), a, b, c, d))";
    ddbi_arena arena;
    ddbi_condition *c;
    ddbi_expr_scope s;

    *holds = -1;
    exprfix_scarce(&arena, room);
    *code =
        ddbi_expr_begin(&s, &arena, exprfix_names, EXPRFIX_NAMES, f->values);
    if (*code == DDB_OK)
        *code = ddbi_condition_parse(&s, ddb_str(text), &c);
    if (*code == DDB_OK)
        *holds = ddbi_condition_holds(c, f->item, &arena);
    ddbi_buf_free(&s.why);
    return exprfix_was_short(&arena);
}

START_TEST(survives_want_of_memory)
{
    exprfix f;
    ddb_code code;
    int holds;

    exprfix_begin(&f);
    for (size_t room = 0; is_short_of(room, &f, &code, &holds); room += 16)
        ck_assert(code == DDB_NOMEM || (code == DDB_OK && holds == -1));
    ck_assert_int_eq(holds, 1);
    exprfix_end(&f);
}
END_TEST

START_TEST(says_when_there_is_no_memory_for_a_message)
{
    ddbi_condition *c;
    exprfix f;

    exprfix_begin(&f);
    oom_begin(0);
    ck_assert_int_eq(ddbi_condition_parse(&f.s, ddb_str(""), &c), DDB_NOMEM);
    ck_assert(oom_end());
    exprfix_end(&f);
}
END_TEST

/* Two texts of 200 KB, of which one might be in the other: their lengths
 * count, not their product. */
START_TEST(searches_long_values_in_linear_time)
{
    size_t n = 200 * 1024;
    char *text = malloc(2 * n), *part = malloc(n);
    ddb_item *it = ddb_item_new();
    ddbi_condition *c;
    exprfix f;

    memset(text, 'a', 2 * n);
    memset(part, 'a', n);
    part[n / 2] = 'b';
    text[n] = 'c';
    exprfix_begin(&f);
    ck_assert_int_eq(ddb_item_set_sn(it, "s", text, 2 * n), DDB_OK);
    ck_assert_int_eq(ddb_item_set_sn(it, "t", part, n), DDB_OK);
    exprfix_told(&f, ddbi_condition_parse(&f.s, ddb_str("contains(s, t)"), &c),
                 "c", NULL);
    ck_assert_int_eq(ddbi_condition_holds(c, it, &f.arena), 0);
    memset(part, 'a', n);
    ck_assert_int_eq(ddb_item_set_sn(it, "t", part, n), DDB_OK);
    ck_assert_int_eq(ddbi_condition_holds(c, it, &f.arena), 1);
    exprfix_end(&f);
    ddb_item_free(it);
    free(text);
    free(part);
}
END_TEST

Suite *suite_expr_eval(void)
{
    Suite *s = suite_create("expr_eval");
    TCase *t = tcase_create("conditions");

    tcase_add_loop_test(t, tells_true_from_false, 0, ROWS(rows));
    tcase_add_loop_test(t, is_asked_about_no_item_too, 0, ROWS(of_nothing));
    suite_add_tcase(s, t);
    t = tcase_create("costs");
    tcase_add_test(t, costs_no_memory_but_of_sizes);
    tcase_add_test(t, survives_want_of_memory);
    tcase_add_test(t, says_when_there_is_no_memory_for_a_message);
    tcase_add_test(t, searches_long_values_in_linear_time);
    suite_add_tcase(s, t);
    return s;
}
