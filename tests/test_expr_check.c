/* SPDX-License-Identifier: MIT */
/* What a well-formed expression is refused for, in the service's order; and
 * names and values that are not used. */
#include "tests.h"

#include "exprfix.h"
#include "local/expr_tree.h"

#include <stdio.h>

typedef struct {
    const char *text, *why;
} row;

#define NO_NAME                                                                \
    "An expression attribute name used in the document path is not defined; "  \
    "attribute name: "
#define NO_VALUE                                                               \
    "An expression attribute value used in expression is not defined; "        \
    "attribute value: "
#define COUNT(function, n)                                                     \
    "Incorrect number of operands for operator or function; operator or "      \
    "function: " function ", number of operands: " n
#define TYPE(operator, type)                                                   \
    "Incorrect operand type for operator or function; operator or function: "  \
    operator", operand type: " type
#define PATH(function)                                                         \
    "Operator or function requires a document path; operator or "              \
    "function: " function
#define DISTINCT(operator, path)                                               \
    "The first operand must be distinct from the remaining operands for this " \
    "operator or function; operator: "                                         \
    operator", first operand: " path
#define BOUNDS(lower, upper)                                                   \
    "lower bound operand: AttributeValue: {" lower                             \
    "}, upper bound operand: AttributeValue: {" upper "}"
#define BOUND_TYPES                                                            \
    "The BETWEEN operator requires same data type for lower and upper "        \
    "bounds; "
#define BOUND_ORDER                                                            \
    "The BETWEEN operator requires upper bound to be greater than or equal "   \
    "to lower bound; "
#define TYPE_NAME(name)                                                        \
    "Invalid attribute type name found; type: " name                           \
    ", valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
#define LEVELS(n)                                                              \
    "The document path has too many nesting levels; nesting levels: " n
#define A10 ".a.a.a.a.a.a.a.a.a.a"

static const row conditions[] = {
    {"#z = a", NO_NAME "#z"},
    {"a = #z", NO_NAME "#z"},
    {"a.#z = b", NO_NAME "#z"},
    {"a[0].#z.#y = b", NO_NAME "#z"},
    {"#4g > a", NO_NAME "#4g"},
    {"attribute_exists(#Pictures.RearView, :z) and a=a", NO_NAME "#Pictures"},
    {"begins_with(Pictures.#RearView)", NO_NAME "#RearView"},
    {"(#P between :lo and :hi) and (#PC in (:cat1, :cat2))", NO_NAME "#P"},
    {"(a)between(b.c[45].#d)and(:s)", NO_NAME "#d"},
    {"a = :z", NO_VALUE ":z"},
    {":z < :y", NO_VALUE ":z"},
    {"begins_with(:z, #z, #y)", NO_VALUE ":z"},
    {"a = :s and b = :z and #z = c", NO_VALUE ":z"},
    {"a in (b, :z, #z)", NO_VALUE ":z"},
    {"NOT (a = b OR c = :z)", NO_VALUE ":z"},
    /* Names and values of one condition before what else is wrong in it, but
     * of the first condition before the second. */
    {"a = a AND #z = b", DISTINCT("=", "[a]")},
    {"#z = b AND a = a", NO_NAME "#z"},
    {"begins_with(a, :n) AND pk = :z", TYPE("begins_with", "N")},
    {"pk = :z AND begins_with(a, :n)", NO_VALUE ":z"},
    {"contains(size(:n), #z)", TYPE("size", "N")},

    {"attribute_exists(a, b)", COUNT("attribute_exists", "2")},
    {"attribute_exists(a, a) and a=a", COUNT("attribute_exists", "2")},
    {"attribute_not_exists(a, b)", COUNT("attribute_not_exists", "2")},
    {"attribute_type(a)", COUNT("attribute_type", "1")},
    {"attribute_type(a, :S, b)", COUNT("attribute_type", "3")},
    {"begins_with(a)", COUNT("begins_with", "1")},
    {"begins_with(a, size(b), c)", COUNT("begins_with", "3")},
    {"contains(a)", COUNT("contains", "1")},
    {"contains(a, a, b)", COUNT("contains", "3")},
    {"size(a, b) > c", COUNT("size", "2")},

    {"attribute_exists(:s)", PATH("attribute_exists")},
    {"attribute_exists((:s)) and a=a", PATH("attribute_exists")},
    {"attribute_not_exists(:s)", PATH("attribute_not_exists")},
    {"attribute_not_exists(size(a))", PATH("attribute_not_exists")},
    {"attribute_not_exists(size(:s))", PATH("attribute_not_exists")},
    {"attribute_not_exists(size(:n))", TYPE("size", "N")},

    {"attribute_type(a, :n)", TYPE("attribute_type", "N")},
    {"attribute_type(a, :b)", TYPE("attribute_type", "B")},
    {"attribute_type(a, :yes)", TYPE("attribute_type", "BOOL")},
    {"attribute_type(a, :nil)", TYPE("attribute_type", "NULL")},
    {"attribute_type(a, :l)", TYPE("attribute_type", "L")},
    {"attribute_type(a, :map)", TYPE("attribute_type", "M")},
    {"attribute_type(a, :ss)", TYPE("attribute_type", "SS")},
    {"attribute_type(a, :ns)", TYPE("attribute_type", "NS")},
    {"attribute_type(a, :bs)", TYPE("attribute_type", "BS")},
    {"attribute_type(a, size(a)) and a=a", TYPE("attribute_type", "N")},
    {"attribute_type(a, b)",
     TYPE("attribute_type", "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")},
    {"attribute_type(a, :s)", TYPE_NAME("abc")},
    {"attribute_type(a, :e)", TYPE_NAME("")},
    {"begins_with(a, :n)", TYPE("begins_with", "N")},
    {"begins_with(a, :yes)", TYPE("begins_with", "BOOL")},
    {"begins_with(a, :nil)", TYPE("begins_with", "NULL")},
    {"begins_with(a, :l)", TYPE("begins_with", "L")},
    {"begins_with(a, :map)", TYPE("begins_with", "M")},
    {"begins_with(a, :ss)", TYPE("begins_with", "SS")},
    {"begins_with(a, :ns)", TYPE("begins_with", "NS")},
    {"begins_with(a, :bs)", TYPE("begins_with", "BS")},
    {"begins_with(:n, a)", TYPE("begins_with", "N")},
    {"begins_with(:l, :n)", TYPE("begins_with", "L")},
    {"begins_with(a, size(b))", TYPE("begins_with", "N")},
    {"size(:n) > a", TYPE("size", "N")},
    {"size(:yes) > a", TYPE("size", "BOOL")},
    {"size(:nil) > a", TYPE("size", "NULL")},
    {"size(size(a)) > b", TYPE("size", "N")},
    {"size(size(size(a))) > b", TYPE("size", "N")},
    {"a < :yes", TYPE("<", "BOOL")},
    {"a <= :nil", TYPE("<=", "NULL")},
    {"a > :l", TYPE(">", "L")},
    {"a >= :map", TYPE(">=", "M")},
    {":ss < a", TYPE("<", "SS")},
    {":ns >= :l", TYPE(">=", "NS")},
    {":bs > :n", TYPE(">", "BS")},
    {"a between :yes and :no", TYPE("BETWEEN", "BOOL")},
    {"a between :n and :l", TYPE("BETWEEN", "L")},
    {":map between a and b", TYPE("BETWEEN", "M")},

    {"a = a", DISTINCT("=", "[a]")},
    {"#a <> a", DISTINCT("<>", "[a]")},
    {"a > #_1", DISTINCT(">", "[a]")},
    {"a <= a", DISTINCT("<=", "[a]")},
    {"(a) = ((b)) or a = a", "The expression has redundant parentheses;"},
    {"((a=a) OR (b=b))", DISTINCT("=", "[a]")},
    {"(a) < (a)", DISTINCT("<", "[a]")},
    {"a.b[1].c = a.b[1].#c", DISTINCT("=", "[a, b, [1], c]")},
    {"contains(ab.bc[1].a, ab.bc[1].#a)",
     DISTINCT("contains", "[ab, bc, [1], a]")},
    {"attribute_type(ab.bc[1].#a, ab.bc[1].a)",
     DISTINCT("attribute_type", "[ab, bc, [1], a]")},
    {"begins_with(ab.a, ab.#a)", DISTINCT("begins_with", "[ab, a]")},
    {"a between a and b", DISTINCT("BETWEEN", "[a]")},
    {"a between b and a", DISTINCT("BETWEEN", "[a]")},
    {"a in (b, c, #a)", DISTINCT("IN", "[a]")},
    {"#i = #i", DISTINCT("=", "[[3]]")},

    {"a between :m and :n", BOUND_ORDER BOUNDS("N:10", "N:5")},
    {"a between :t and :s", BOUND_ORDER BOUNDS("S:abd", "S:abc")},
    {"a between :b2 and :b",
     BOUND_ORDER BOUNDS("B:java.nio.HeapByteBuffer[pos=0 lim=2 cap=2]",
                        "B:java.nio.HeapByteBuffer[pos=0 lim=3 cap=3]")},
    {"a between :n and :s", BOUND_TYPES BOUNDS("N:5", "S:abc")},
    {"a between (:e) and (:m)", BOUND_TYPES BOUNDS("S:", "N:10")},
    {"a between :n and :neg and #z = b", BOUND_ORDER BOUNDS("N:5", "N:-1.5")},

    {"a" A10 A10 A10 ".a.a = b", LEVELS("33")},
    {"a" A10 A10 A10 A10 " = #z", LEVELS("41")},
    {"attribute_exists(b" A10 A10 A10 "[0][0])", LEVELS("33")},

    {":s = :s", NULL},
    {":s > :s", NULL},
    {"a = b.a", NULL},
    {"a.b = a[0]", NULL},
    {"a = a.b", NULL},
    {"a in (b, b)", NULL},
    {"a between b and b", NULL},
    {"a between :n and :n", NULL},
    {"a between :neg and size(b)", NULL},
    {"size(b) between size(b) and c", NULL},
    {"a = :yes and b <> :l", NULL},
    {"a in (:n, :s, :map)", NULL},
    {"size(a) = :s", NULL},
    {"size(:s) = size(:s)", NULL},
    {"contains(:s, :n)", NULL},
    {"contains(:yes, :map)", NULL},
    {"attribute_type(:n, :N)", NULL},
    {"#dot = #i", NULL},
    {"a" A10 A10 A10 ".a = b", NULL},
};

START_TEST(refuses_conditions_in_the_services_order)
{
    ddbi_condition *c;
    exprfix f;
    const row *r = &conditions[_i];

    exprfix_begin(&f);
    exprfix_told(&f, ddbi_condition_parse(&f.s, ddb_str(r->text), &c), r->text,
                 r->why);
    if (r->why)
        ck_assert_ptr_null(c);
    exprfix_end(&f);
}
END_TEST

START_TEST(takes_100_operands_of_in)
{
    char text[2048];
    size_t at = (size_t)snprintf(text, sizeof text, "a in (b");
    ddbi_condition *c;
    exprfix f;

    exprfix_begin(&f);
    for (int i = 1; i < 100; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, ",%s",
                               i == 99 ? "size(s)" : "n");
    text[at++] = ')';
    exprfix_told(&f, ddbi_condition_parse(&f.s, (ddb_bytes){text, at}, &c),
                 text, NULL);
    ck_assert_int_eq(ddbi_condition_holds(c, f.item, &f.arena), 0);
    at += (size_t)snprintf(text + at - 1, sizeof text - at, ",#z)") - 1;
    exprfix_told(&f, ddbi_condition_parse(&f.s, (ddb_bytes){text, at}, &c),
                 text, NO_NAME "#z");
    memcpy(text + at - 4, ", n)", 4);
    exprfix_told(&f, ddbi_condition_parse(&f.s, (ddb_bytes){text, at}, &c),
                 text,
                 "The IN operator is provided with too many operands; number "
                 "of operands: 101");
    exprfix_end(&f);
}
END_TEST

/* ---- Updates ------------------------------------------------------------ */

#define OVERLAP(one, two)                                                      \
    "Two document paths overlap with each other; must remove or rewrite one "  \
    "of these paths; path one: " one ", path two: " two
#define CONFLICT(one, two)                                                     \
    "Two document paths conflict with each other; must remove or rewrite "     \
    "one of these paths; path one: " one ", path two: " two
#define OPERAND(operator, type)                                                \
    "Incorrect operand type for operator or function; operator: "              \
    operator", operand type: " type ", typeSet: ALLOWED_FOR_"                  \
    operator"_OPERAND"

static const row updates[] = {
    {"set #z = b", NO_NAME "#z"},
    {"set a.#z = b", NO_NAME "#z"},
    {"set a = #z", NO_NAME "#z"},
    {"set a = #z, a = b", OVERLAP("[a]", "[a]")},
    {"set #z = b, a = c, a = d", NO_NAME "#z"},
    {"set #z = if_not_exists(:z)", NO_NAME "#z"},
    {"set a = if_not_exists(:z)", NO_VALUE ":z"},
    {"set a = if_not_exists(:z, :n)", NO_VALUE ":z"},
    {"add a :z", NO_VALUE ":z"},
    {"set a = :z, b = #z", NO_NAME "#z"},
    {"set a = #z, b = :z", NO_NAME "#z"},
    {"remove a, #z", NO_NAME "#z"},

    {"set d[1] = a, d.b = a, c[1].a = a, #c = if_not_exists(a)",
     OVERLAP("[c, [1], a]", "[c]")},
    {"set c.b.#c = a, c = a, #i = a", OVERLAP("[c, b, c]", "[c]")},
    {"set a = b remove a, #c, #b", OVERLAP("[a]", "[a]")},
    {"set #c[3].#i = a, #c[3] = a", OVERLAP("[c, [3], [3]]", "[c, [3]]")},
    {"remove c, #c.a, #b", OVERLAP("[c]", "[c, a]")},
    {"remove a, #c, #_1, #b", OVERLAP("[a]", "[a]")},
    {"set a.b = c add a.b :n", OVERLAP("[a, b]", "[a, b]")},
    {"delete a[0][1] :ss set a[0] = b", OVERLAP("[a, [0], [1]]", "[a, [0]]")},
    {"set #c[3].#i = a, #c.#i[3] = if_not_exists(a)",
     CONFLICT("[c, [3], [3]]", "[c, [3], [3]]")},
    {"remove a.#c set a[1] = #b", CONFLICT("[a, c]", "[a, [1]]")},
    {"set a.b.c = d, a.b[2] = d", CONFLICT("[a, b, c]", "[a, b, [2]]")},
    {"set a.b = c, a[0] = c, d = e, d = f", OVERLAP("[d]", "[d]")},
    {"set a = c, a = :z", OVERLAP("[a]", "[a]")},

    {"set b = list_append(:s, a), c = if_not_exists(a) add a.b :s",
     OPERAND("ADD", "STRING")},
    {"delete a.b :s", OPERAND("DELETE", "STRING")},
    {"add a :nil", OPERAND("ADD", "NULL")},
    {"delete a :nil", OPERAND("DELETE", "NULL")},
    {"add a :yes", OPERAND("ADD", "BOOLEAN")},
    {"delete a :yes", OPERAND("DELETE", "BOOLEAN")},
    {"add a :b", OPERAND("ADD", "BINARY")},
    {"delete a :b", OPERAND("DELETE", "BINARY")},
    {"add a :map", OPERAND("ADD", "MAP")},
    {"delete a :map", OPERAND("DELETE", "MAP")},
    {"add a :l", OPERAND("ADD", "LIST")},
    {"delete a :l", OPERAND("DELETE", "LIST")},
    {"delete a :n", OPERAND("DELETE", "NUMBER")},

    {"set a = if_not_exists(c)", COUNT("if_not_exists", "1")},
    {"set a = if_not_exists(c, d, e)", COUNT("if_not_exists", "3")},
    {"set a = list_append(c)", COUNT("list_append", "1")},
    {"set a = if_not_exists(:n, c)", PATH("if_not_exists")},
    {"set a = if_not_exists(if_not_exists(a, b), c)", PATH("if_not_exists")},
    {"set a = if_not_exists(a, a)", DISTINCT("if_not_exists", "[a]")},
    {"set a = list_append(:s, a)", TYPE("list_append", "S")},
    {"set a = list_append(a, :n)", TYPE("list_append", "N")},
    {"set a = list_append(:b, a)", TYPE("list_append", "B")},
    {"set a = list_append(:yes, a)", TYPE("list_append", "BOOL")},
    {"set a = list_append(:nil, a)", TYPE("list_append", "NULL")},
    {"set a = list_append(:ss, a)", TYPE("list_append", "SS")},
    {"set a = list_append(:ns, a)", TYPE("list_append", "NS")},
    {"set a = list_append(:bs, a)", TYPE("list_append", "BS")},
    {"set a = list_append(:map, a)", TYPE("list_append", "M")},
    {"set a = a + :s", TYPE("+", "S")},
    {"set a = :s + :b", TYPE("+", "S")},
    {"set a = :b + a", TYPE("+", "B")},
    {"set a = a + :yes", TYPE("+", "BOOL")},
    {"set a = a - :nil", TYPE("-", "NULL")},
    {"set a = a - :ss", TYPE("-", "SS")},
    {"set a = a + :ns", TYPE("+", "NS")},
    {"set a = a - :bs", TYPE("-", "BS")},
    {"set a = (a + :map)", TYPE("+", "M")},
    {"set a = a + :l", TYPE("+", "L")},
    {"set a = list_append(b, c), d = if_not_exists(d, e) + :s", TYPE("+", "S")},
    {"set a" A10 A10 A10 ".a.a = b", LEVELS("33")},
    {"set a = b" A10 A10 A10 ".a.a", LEVELS("33")},

    {"set a.b = :n, a.c = :n, d[0] = :n, d[1] = :n", NULL},
    {"set a.b.c = b, a.b.d = c remove a.c add a.d :n", NULL},
    {"set a = list_append(a, a)", NULL},
    {"set a = a + a", NULL},
    {"set a = b, b = a", NULL},
    {"set #dot = a, a.b = c", NULL},
    {"add a :n, b :ss, c :ns, d :bs", NULL},
    {"delete b :ss, c :ns, d :bs", NULL},
};

START_TEST(refuses_updates_in_the_services_order)
{
    ddbi_update *u;
    exprfix f;
    const row *r = &updates[_i];

    exprfix_begin(&f);
    exprfix_told(&f, ddbi_update_parse(&f.s, ddb_str(r->text), &u), r->text,
                 r->why);
    if (r->why)
        ck_assert_ptr_null(u);
    exprfix_end(&f);
}
END_TEST

/* ---- Names and values of a request -------------------------------------- */

#define UNUSED(of, keys)                                                       \
    "Value provided in ExpressionAttribute" of                                 \
    " unused in expressions: keys: {" keys "}"

START_TEST(tells_unused_names_before_unused_values)
{
    static const ddbi_expr_name names[] = {
        {{"#a", 2}, {"x", 1}}, {{"#b", 2}, {"y", 1}}, {{"#c", 2}, {"z", 1}}};
    ddb_item *values =
        exprfix_parse("{\":a\":{\"N\":\"1\"},\":b\":{\"N\":\"2\"}}");
    ddbi_arena arena = {0};
    ddbi_condition *c;
    ddbi_projection *p;
    ddbi_update *u;
    ddbi_expr_scope s;

    ck_assert_int_eq(ddbi_expr_begin(&s, &arena, names, 3, values), DDB_OK);
    ck_assert_int_eq(ddbi_expr_end(&s), DDB_INVALID);
    ck_assert_str_eq(ddbi_buf_text(&s.why), UNUSED("Names", "#a, #b, #c"));
    ck_assert_int_eq(ddbi_condition_parse(&s, ddb_str("#b = :b"), &c), DDB_OK);
    ck_assert_int_eq(ddbi_expr_end(&s), DDB_INVALID);
    ck_assert_str_eq(ddbi_buf_text(&s.why), UNUSED("Names", "#a, #c"));
    ck_assert_int_eq(ddbi_projection_parse(&s, ddb_str("q.#c"), &p), DDB_OK);
    ck_assert_int_eq(ddbi_update_parse(&s, ddb_str("remove #a"), &u), DDB_OK);
    ck_assert_int_eq(ddbi_expr_end(&s), DDB_INVALID);
    ck_assert_str_eq(ddbi_buf_text(&s.why), UNUSED("Values", ":a"));
    ck_assert_int_eq(ddbi_update_parse(&s, ddb_str("add q :a"), &u), DDB_OK);
    ck_assert_int_eq(ddbi_expr_end(&s), DDB_OK);
    ddbi_buf_free(&s.why);
    ddbi_arena_free(&arena);
    ddb_item_free(values);
}
END_TEST

START_TEST(needs_neither_names_nor_values)
{
    ddbi_arena arena = {0};
    ddbi_condition *c;
    ddbi_expr_scope s;

    ck_assert_int_eq(ddbi_expr_begin(&s, &arena, NULL, 0, NULL), DDB_OK);
    ck_assert_int_eq(ddbi_expr_end(&s), DDB_OK);
    ck_assert_int_eq(ddbi_condition_parse(&s, ddb_str("a = :a"), &c),
                     DDB_INVALID);
    ck_assert_str_eq(ddbi_buf_text(&s.why), NO_VALUE ":a");
    ck_assert_int_eq(ddbi_condition_parse(&s, ddb_str("#a = a"), &c),
                     DDB_INVALID);
    ck_assert_str_eq(ddbi_buf_text(&s.why), NO_NAME "#a");
    ddbi_buf_free(&s.why);
    ddbi_arena_free(&arena);
}
END_TEST

/* Of many names, each is found, and those that are not used are told. */
START_TEST(finds_names_among_many)
{
    static char texts[200][8];
    ddbi_expr_name names[200];
    ddbi_arena arena = {0};
    ddbi_projection *p;
    ddbi_expr_scope s;

    for (int i = 0; i < 200; i++) {
        int n = snprintf(texts[i], sizeof texts[i], "#%d", (i * 37) % 200);

        names[i].placeholder = (ddb_bytes){texts[i], (size_t)n};
        names[i].attribute = (ddb_bytes){texts[i] + 1, (size_t)n - 1};
    }
    ck_assert_int_eq(ddbi_expr_begin(&s, &arena, names, 200, NULL), DDB_OK);
    for (int i = 0; i < 200; i++) {
        ddb_bytes name;

        if (i == 111 || i == 7)
            continue;
        ck_assert_int_eq(ddbi_projection_parse(&s, names[i].placeholder, &p),
                         DDB_OK);
        name = ddbi_projection_attribute(p, 0, NULL);
        ck_assert_ptr_eq(name.p, names[i].attribute.p);
    }
    ck_assert_int_eq(ddbi_projection_parse(&s, ddb_str("#200"), &p),
                     DDB_INVALID);
    ck_assert_str_eq(ddbi_buf_text(&s.why), NO_NAME "#200");
    ck_assert_int_eq(ddbi_expr_end(&s), DDB_INVALID);
    ck_assert_str_eq(ddbi_buf_text(&s.why), UNUSED("Names", "#59, #107"));
    ddbi_buf_free(&s.why);
    ddbi_arena_free(&arena);

    for (size_t room = 0;; room += 16) {
        ddb_code code;

        exprfix_scarce(&arena, room);
        code = ddbi_expr_begin(&s, &arena, names, 200, NULL);
        if (code == DDB_OK)
            code = ddbi_projection_parse(&s, ddb_str("#199"), &p);
        if (!exprfix_was_short(&arena))
            break;
        ck_assert_int_eq(code, DDB_NOMEM);
    }
}
END_TEST

static void told_roots(ddb_bytes at, int nested, const char *name,
                       int name_nested)
{
    ck_assert_uint_eq(at.n, strlen(name));
    ck_assert_int_eq(memcmp(at.p, name, at.n), 0);
    ck_assert_int_eq(nested, name_nested);
}

START_TEST(lists_the_attributes_of_expressions)
{
    static const struct {
        const char *name;
        int nested;
    } wanted[] = {{"a", 1}, {"b", 0}, {"n", 1}, {"z", 0}};
    ddbi_condition *c;
    ddbi_projection *p;
    ddbi_update *u;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(
        &f,
        ddbi_condition_parse(
            &f.s, ddb_str("a = #b AND #_1.x < #9[0] OR size(z) = n"), &c),
        "c", NULL);
    exprfix_told(
        &f, ddbi_projection_parse(&f.s, ddb_str("a.b, b, a.c, n[0], z"), &p),
        "p", NULL);
    exprfix_told(&f,
                 ddbi_update_parse(&f.s,
                                   ddb_str("set a.b = a, b = b.c + b remove "
                                           "a.c, n[0] add z :n"),
                                   &u),
                 "u", NULL);
    for (uint32_t i = 0; i < 4; i++) {
        int nested = -1;
        ddb_bytes at = ddbi_condition_attribute(c, i, &nested);

        told_roots(at, nested, wanted[i].name, wanted[i].nested);
        at = ddbi_projection_attribute(p, i, &nested);
        told_roots(at, nested, wanted[i].name, wanted[i].nested);
        at = ddbi_update_attribute(u, i, &nested);
        told_roots(at, nested, wanted[i].name, wanted[i].nested);
        at = ddbi_update_operand(u, i, &nested);
        if (i < 2)
            told_roots(at, nested, i ? "b" : "a", i == 1);
        else
            ck_assert_uint_eq(at.n, 0);
    }
    ck_assert_uint_eq(ddbi_condition_attribute(c, 4, NULL).n, 0);
    ck_assert_uint_eq(ddbi_projection_attribute(p, 4, NULL).n, 0);
    ck_assert_uint_eq(ddbi_update_attribute(u, 4, NULL).n, 0);
    exprfix_end(&f);
}
END_TEST

static const struct {
    const char *text;
    int only;
} removing[] = {
    {"remove a", 1},
    {"remove a.b, c[0]", 1},
    {"delete a :ss", 1},
    {"delete a :ss remove b", 1},
    {"remove a set b = :n", 0},
    {"add a :n", 0},
    {"delete a :ss add b :ss", 0},
};

START_TEST(knows_what_only_removes)
{
    ddbi_update *u;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(&f, ddbi_update_parse(&f.s, ddb_str(removing[_i].text), &u),
                 removing[_i].text, NULL);
    ck_assert_int_eq(ddbi_update_only_removes(u), removing[_i].only);
    exprfix_end(&f);
}
END_TEST

static const struct {
    const char *text;
    ddb_type type;
} types[] = {
    {"set q = :s", DDB_S},
    {"set q = (:n)", DDB_N},
    {"set q = :map", DDB_M},
    {"set q = b", 0},
    {"set q = b + c", DDB_N},
    {"set q = (b - c)", DDB_N},
    {"set q = list_append(b, c)", DDB_L},
    {"set q = if_not_exists(b, :b)", DDB_B},
    {"set q = if_not_exists(b, if_not_exists(c, :bs))", DDB_BS},
    {"set q = if_not_exists(b, c)", 0},
    {"set q.a = :s", 0},
    {"remove q", 0},
    {"add q :n", DDB_N},
    {"add q :ss", DDB_SS},
    {"delete q :ns", DDB_NS},
    {"add q.a :n", 0},
};

START_TEST(tells_types_that_an_update_gives)
{
    ddbi_update *u;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(&f, ddbi_update_parse(&f.s, ddb_str(types[_i].text), &u),
                 types[_i].text, NULL);
    ck_assert_int_eq(ddbi_update_type(u, 0), types[_i].type);
    ck_assert_int_eq(ddbi_update_type(u, 1), 0);
    exprfix_end(&f);
}
END_TEST

Suite *suite_expr_check(void)
{
    Suite *s = suite_create("expr_check");
    TCase *t = tcase_create("refusals");

    tcase_add_loop_test(t, refuses_conditions_in_the_services_order, 0,
                        ROWS(conditions));
    tcase_add_loop_test(t, refuses_updates_in_the_services_order, 0,
                        ROWS(updates));
    tcase_add_test(t, takes_100_operands_of_in);
    tcase_add_test(t, tells_unused_names_before_unused_values);
    tcase_add_test(t, needs_neither_names_nor_values);
    tcase_add_test(t, finds_names_among_many);
    suite_add_tcase(s, t);
    t = tcase_create("what is in them");
    tcase_add_test(t, lists_the_attributes_of_expressions);
    tcase_add_loop_test(t, knows_what_only_removes, 0, ROWS(removing));
    tcase_add_loop_test(t, tells_types_that_an_update_gives, 0, ROWS(types));
    suite_add_tcase(s, t);
    return s;
}
