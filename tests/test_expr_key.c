/* SPDX-License-Identifier: MIT */
/* Which conditions can choose keys. */
#include "tests.h"

#include "exprfix.h"

#define OPERATOR "Invalid operator used in KeyConditionExpression: "
#define FIRST(operator)                                                        \
    "Invalid condition in KeyConditionExpression: "                            \
    operator" operator must have the key attribute as its first operand"
#define SEVERAL                                                                \
    "Invalid condition in KeyConditionExpression: Multiple attribute names "   \
    "used in one condition"
#define NO_KEY                                                                 \
    "Invalid condition in KeyConditionExpression: No key attribute specified"
#define NESTED "KeyConditionExpressions cannot contain nested operations"
#define NESTED_PATH                                                            \
    "KeyConditionExpressions cannot have conditions on nested attributes"
#define TWICE "KeyConditionExpressions must only contain one condition per key"

static const struct {
    const char *text, *why;
    int whole; /* told as it is, after all else */
} refused[] = {
    {"", "The expression can not be empty;", 0},
    {"a", "Syntax error; token: \"<EOF>\", near: \"a\"", 0},
    {"((a = :s))", "The expression has redundant parentheses;", 0},
    {"name = :s",
     "Attribute name is a reserved keyword; reserved keyword: name", 0},
    {"a = :z",
     "An expression attribute value used in expression is not defined; "
     "attribute value: :z",
     0},
    {"a = :s AND begins_with(b, :n)",
     "Incorrect operand type for operator or function; operator or function: "
     "begins_with, operand type: N",
     0},
    {"a = :s AND b < :yes",
     "Incorrect operand type for operator or function; operator or function: "
     "<, operand type: BOOL",
     0},
    {"a = :s AND b BETWEEN :yes AND :yes",
     "Incorrect operand type for operator or function; operator or function: "
     "BETWEEN, operand type: BOOL",
     0},
    {"a BETWEEN :m AND :n",
     "The BETWEEN operator requires upper bound to be greater than or equal to "
     "lower bound; lower bound operand: AttributeValue: {N:10}, upper bound "
     "operand: AttributeValue: {N:5}",
     0},
    {"a = :s OR b = :n", OPERATOR "OR", 1},
    {"a > :s and size(b) > :n or a > :t", OPERATOR "OR", 1},
    {"NOT a = :s", OPERATOR "NOT", 1},
    {"NOT a = :s AND b = :n", OPERATOR "NOT", 1},
    {"a in (b, size(c), d)", OPERATOR "IN", 1},
    {"a = :s AND b IN (:n)", OPERATOR "IN", 1},
    {"a <> :s", OPERATOR "<>", 1},
    {"a = :s AND (b <> :n)", OPERATOR "<>", 1},
    {"attribute_exists(a)", OPERATOR "attribute_exists", 1},
    {"attribute_not_exists(a)", OPERATOR "attribute_not_exists", 1},
    {"attribute_type(a, :S)", OPERATOR "attribute_type", 1},
    {"contains(a.d, b)", OPERATOR "contains", 1},
    {"a = :s AND contains(b, :n)", OPERATOR "contains", 1},
    {"a = :s AND (b = :n OR NOT c = :n)", OPERATOR "OR", 1},
    {"a IN (:s) AND b = :n OR c = :n", OPERATOR "OR", 1},
    {"a = size(b)", NESTED, 1},
    {"size(a) = :n", NESTED, 1},
    {"a between :n and size(b)", NESTED, 1},
    {"begins_with(:s, a)", FIRST("begins_with"), 1},
    {"begins_with(:s, :s)", FIRST("begins_with"), 1},
    {":s between a and b", FIRST("BETWEEN"), 1},
    {"size(a) between b and c", FIRST("BETWEEN"), 1},
    {"a = b", SEVERAL, 1},
    {"a between b and c", SEVERAL, 1},
    {"a between :s and b", SEVERAL, 1},
    {"begins_with(a, b)", SEVERAL, 1},
    {"a > b.c", SEVERAL, 1},
    {":s = :t", NO_KEY, 1},
    {"a = :s AND :s = :t", NO_KEY, 1},
    {"b.d > a AND c.d > e.f", NESTED_PATH, 0},
    {"a.d > :s", NESTED_PATH, 0},
    {"a[0] > :s", NESTED_PATH, 0},
    {":s = a.#b", NESTED_PATH, 0},
    {"a = :s AND #b[0] = :n", NESTED_PATH, 0},
    {"a = :s AND a = :t", TWICE, 0},
    {"a = :s AND b > :n AND b < :m", TWICE, 0},
    {"a = :s AND b > :n AND c < :m AND #c > :m", TWICE, 0},
    {"a = :s AND #_1 = :t", TWICE, 0},
    {"a <> :s AND a.b = :s", OPERATOR "<>", 1},
};

START_TEST(refuses_what_chooses_no_keys)
{
    ddbi_key_condition c;
    int whole = -1;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(
        &f,
        ddbi_key_condition_parse(&f.s, ddb_str(refused[_i].text), &c, &whole),
        refused[_i].text, refused[_i].why);
    ck_assert_msg(whole == refused[_i].whole, "%s", refused[_i].text);
    exprfix_end(&f);
}
END_TEST

static const struct {
    const char *text;
    int total;
    struct {
        const char *attribute;
        ddbi_key_operator op;
        const char *value, *upper; /* names of values */
    } part[2];
} taken[] = {
    {"a = :s", 1, {{"a", DDBI_KEY_EQ, ":s", NULL}}},
    {"(a = :s)", 1, {{"a", DDBI_KEY_EQ, ":s", NULL}}},
    {":s = a", 1, {{"a", DDBI_KEY_EQ, ":s", NULL}}},
    {"a < :s", 1, {{"a", DDBI_KEY_LT, ":s", NULL}}},
    {"a <= :s", 1, {{"a", DDBI_KEY_LE, ":s", NULL}}},
    {"a > :s", 1, {{"a", DDBI_KEY_GT, ":s", NULL}}},
    {"a >= :s", 1, {{"a", DDBI_KEY_GE, ":s", NULL}}},
    {":s < a", 1, {{"a", DDBI_KEY_GT, ":s", NULL}}},
    {":s <= a", 1, {{"a", DDBI_KEY_GE, ":s", NULL}}},
    {":s > a", 1, {{"a", DDBI_KEY_LT, ":s", NULL}}},
    {":s >= a", 1, {{"a", DDBI_KEY_LE, ":s", NULL}}},
    {"begins_with(a, :s)", 1, {{"a", DDBI_KEY_BEGINS_WITH, ":s", NULL}}},
    {"a BETWEEN :n AND :m", 1, {{"a", DDBI_KEY_BETWEEN, ":n", ":m"}}},
    {"#data = :s AND #dot > :n",
     2,
     {{"data", DDBI_KEY_EQ, ":s", NULL}, {"a.b", DDBI_KEY_GT, ":n", NULL}}},
    {"b between :n and :m and a = :s",
     2,
     {{"b", DDBI_KEY_BETWEEN, ":n", ":m"}, {"a", DDBI_KEY_EQ, ":s", NULL}}},
    {"((begins_with(b, :s)) AND (:t = a))",
     2,
     {{"b", DDBI_KEY_BEGINS_WITH, ":s", NULL}, {"a", DDBI_KEY_EQ, ":t", NULL}}},
    {"a = :s AND (b = :n AND c = :m)",
     3,
     {{"a", DDBI_KEY_EQ, ":s", NULL}, {"b", DDBI_KEY_EQ, ":n", NULL}}},
    {"(a = :s AND b = :n) AND (c = :m AND d = :m)",
     4,
     {{"a", DDBI_KEY_EQ, ":s", NULL}, {"b", DDBI_KEY_EQ, ":n", NULL}}},
};

START_TEST(turns_conditions_into_keys)
{
    ddbi_key_condition c;
    int whole;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(
        &f, ddbi_key_condition_parse(&f.s, ddb_str(taken[_i].text), &c, &whole),
        taken[_i].text, NULL);
    ck_assert_int_eq(c.total, taken[_i].total);
    ck_assert_int_eq(c.n, c.total < 2 ? c.total : 2);
    for (int i = 0; i < c.n; i++) {
        const char *name = taken[_i].part[i].attribute;
        const char *upper = taken[_i].part[i].upper;

        ck_assert_uint_eq(c.part[i].attribute.n, strlen(name));
        ck_assert_int_eq(memcmp(c.part[i].attribute.p, name, strlen(name)), 0);
        ck_assert_int_eq(c.part[i].op, taken[_i].part[i].op);
        ck_assert_ptr_eq(c.part[i].value,
                         ddb_item_get(f.values, taken[_i].part[i].value));
        ck_assert_ptr_eq(c.part[i].upper,
                         upper ? ddb_item_get(f.values, upper) : NULL);
    }
    exprfix_end(&f);
}
END_TEST

START_TEST(survives_want_of_memory)
{
    exprfix f;

    exprfix_begin(&f);
    for (size_t room = 0;; room += 16) {
        ddbi_arena arena;
        ddbi_key_condition c;
        ddbi_expr_scope s;
        ddb_code code;
        int whole = 0;

        exprfix_scarce(&arena, room);
        code =
            ddbi_expr_begin(&s, &arena, exprfix_names, EXPRFIX_NAMES, f.values);
        if (code == DDB_OK)
            code = ddbi_key_condition_parse(
                &s, ddb_str("a = :s AND b BETWEEN :n AND :m"), &c, &whole);
        ddbi_buf_free(&s.why);
        ck_assert_int_eq(whole, 0);
        if (!exprfix_was_short(&arena)) {
            ck_assert_int_eq(code, DDB_OK);
            break;
        }
        ck_assert_int_eq(code, DDB_NOMEM);
    }
    exprfix_end(&f);
}
END_TEST

Suite *suite_expr_key(void)
{
    Suite *s = suite_create("expr_key");
    TCase *t = tcase_create("key conditions");

    tcase_add_loop_test(t, refuses_what_chooses_no_keys, 0, ROWS(refused));
    tcase_add_loop_test(t, turns_conditions_into_keys, 0, ROWS(taken));
    tcase_add_test(t, survives_want_of_memory);
    suite_add_tcase(s, t);
    return s;
}
