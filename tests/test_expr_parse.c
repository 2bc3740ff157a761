/* SPDX-License-Identifier: MIT */
/* What is no expression at all, and what the service looks at next: reserved
 * words, list indexes, functions and where they stand. */
#include "tests.h"

#include "exprfix.h"
#include "local/expr_tree.h"

#include <stdio.h>

typedef struct {
    const char *text, *why;
} row;

#define SYNTAX(token, near)                                                    \
    "Syntax error; token: \"" token "\", near: \"" near "\""
#define EMPTY "The expression can not be empty;"
#define PARENS "The expression has redundant parentheses;"
#define RESERVED "Attribute name is a reserved keyword; reserved keyword: "
#define NO_FUNCTION "Invalid function name; function: "
#define MISUSED                                                                \
    "The function is not allowed to be used this way in an expression; "       \
    "function: "
#define NO_UPDATE                                                              \
    "The function is not allowed in a condition expression; function: "
#define NO_CONDITION                                                           \
    "The function is not allowed in an update expression; function: "
#define INDEX "List index is not within the allowable range; index: "

static ddb_code parse_condition(exprfix *f, ddb_bytes text)
{
    ddbi_condition *c;

    return ddbi_condition_parse(&f->s, text, &c);
}

static ddb_code parse_update(exprfix *f, ddb_bytes text)
{
    ddbi_update *u;

    return ddbi_update_parse(&f->s, text, &u);
}

static ddb_code parse_projection(exprfix *f, ddb_bytes text)
{
    ddbi_projection *p;

    return ddbi_projection_parse(&f->s, text, &p);
}

static void check_row(ddb_code (*parse)(exprfix *f, ddb_bytes text),
                      const row *r)
{
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(&f, parse(&f, ddb_str(r->text)), r->text, r->why);
    exprfix_end(&f);
}

/* ---- Conditions --------------------------------------------------------- */

static const row conditions[] = {
    {"", EMPTY},
    {" ", SYNTAX("<EOF>", " ")},
    {"foo", SYNTAX("<EOF>", "foo")},
    {"foo ", SYNTAX("<EOF>", "foo ")},
    {"(", SYNTAX("<EOF>", "(")},
    {")", SYNTAX(")", ")")},
    {"()", SYNTAX(")", "()")},
    {"a = ", SYNTAX("<EOF>", "= ")},
    {"a =", SYNTAX("<EOF>", "=")},
    {"= a", SYNTAX("=", "= a")},
    {"a = = b", SYNTAX("=", "= = b")},
    {"a == b", SYNTAX("=", "== b")},
    {"a != b", SYNTAX("!", "a !=")},
    {"!a", SYNTAX("!", "!a")},
    {"a => b", SYNTAX(">", "=> b")},
    {"a =< b", SYNTAX("<", "=< b")},
    {"a < > b", SYNTAX(">", "< > b")},
    {"a b", SYNTAX("b", "a b")},
    {"things are not so", SYNTAX("are", "things are not")},
    {"a > 4", SYNTAX("4", "> 4")},
    {"a > 4.5", SYNTAX("4", "> 4.")},
    {"a > -1", SYNTAX("-", "> -1")},
    {"a > \"x\"", SYNTAX("\"", "> \"x")},
    {"a > 'x'", SYNTAX("'", "> 'x")},
    {"a + b = c", SYNTAX("+", "a + b")},
    {"a = b - c", SYNTAX("-", "b - c")},
    {"a * b", SYNTAX("*", "a * b")},
    {"a = b, c", SYNTAX(",", "b, c")},
    {"a = b;", SYNTAX(";", "b;")},
    {"a, b", SYNTAX(",", "a, b")},
    {"a = b = c", SYNTAX("=", "b = c")},
    {"(a = b) = c", SYNTAX("=", ") = c")},
    {"(a = b", SYNTAX("<EOF>", "b")},
    {"((a = b)", SYNTAX("<EOF>", ")")},
    {"a = b)", SYNTAX(")", "b)")},
    {"(a)", SYNTAX("<EOF>", ")")},
    {"(a) AND b = c", SYNTAX("AND", ") AND b")},
    {"a AND b", SYNTAX("AND", "a AND b")},
    {"a = b AND", SYNTAX("<EOF>", "AND")},
    {"a = b AND OR c = d", SYNTAX("OR", "AND OR c")},
    {"AND a = b", SYNTAX("AND", "AND a")},
    {"a = b c = d", SYNTAX("c", "b c =")},
    {"NOT", SYNTAX("<EOF>", "NOT")},
    {"NOT a", SYNTAX("<EOF>", "a")},
    {"NOT (a)", SYNTAX("<EOF>", ")")},
    {"a NOT = b", SYNTAX("NOT", "a NOT =")},
    {"a = NOT b", SYNTAX("NOT", "= NOT b")},
    {"a = (NOT b)", SYNTAX("NOT", "(NOT b")},
    {"a BETWEEN b", SYNTAX("<EOF>", "b")},
    {"a BETWEEN b OR c", SYNTAX("OR", "b OR c")},
    {"a BETWEEN b AND", SYNTAX("<EOF>", "AND")},
    {"a BETWEEN (b AND c)", SYNTAX("AND", "b AND c")},
    {"BETWEEN a AND b", SYNTAX("BETWEEN", "BETWEEN a")},
    {"a > between", SYNTAX("between", "> between")},
    {"a BETWEEN b AND c BETWEEN d AND e", SYNTAX("BETWEEN", "c BETWEEN d")},
    {"a in b", SYNTAX("b", "in b")},
    {"a in b, c", SYNTAX("b", "in b,")},
    {"a in ()", SYNTAX(")", "()")},
    {"a in (b", SYNTAX("<EOF>", "b")},
    {"a in (b,)", SYNTAX(")", ",)")},
    {"a in (b c)", SYNTAX("c", "b c)")},
    {"a in (b = c)", SYNTAX("=", "b = c")},
    {"a in (b) in (c)", SYNTAX("in", ") in (")},
    {"a in ((b = c))", SYNTAX("=", "b = c")},
    {"a.", SYNTAX("<EOF>", ".")},
    {"a..b = c", SYNTAX(".", "..b")},
    {".a = b", SYNTAX(".", ".a")},
    {"a.1 = b", SYNTAX("1", ".1 =")},
    {"a.(b) = c", SYNTAX("(", ".(b")},
    {"a.:s = b", SYNTAX(":s", ".:s =")},
    {"a[ = b", SYNTAX("=", "[ = b")},
    {"a[] = b", SYNTAX("]", "[] =")},
    {"a[b] = c", SYNTAX("b", "[b]")},
    {"a[#b] = c", SYNTAX("#b", "[#b]")},
    {"a[:n] = c", SYNTAX(":n", "[:n]")},
    {"a[-1] = c", SYNTAX("-", "[-1")},
    {"a[1 = c", SYNTAX("=", "1 = c")},
    {"a[01] = c", SYNTAX("1", "01]")},
    {"a[1.5] = c", SYNTAX(".", "1.5")},
    {"a[1e2] = c", SYNTAX("e2", "1e2]")},
    {"[0] = c", SYNTAX("[", "[0")},
    {"([1] = c)", SYNTAX("[", "([1")},
    {":s.x = c", SYNTAX(".", ":s.x")},
    {":s[0] = c", SYNTAX("[", ":s[0")},
    {"_a = c", SYNTAX("_", "_a")},
    {"a = b AND __c = d", SYNTAX("_", "AND __")},
    {"1a = c", SYNTAX("1", "1a")},
    {"a-b = c", SYNTAX("-", "a-b")},
    {"a:s = b", SYNTAX(":s", "a:s =")},
    {"a#b = b", SYNTAX("#b", "a#b =")},
    {"# = b", SYNTAX("#", "# =")},
    {"#-a = b", SYNTAX("#", "#-")},
    {": = b", SYNTAX(":", ": =")},
    {"a = : s", SYNTAX(":", "= : s")},
    {"\xc3\xbc > a", SYNTAX("\xc3\xbc", "\xc3\xbc >")},
    {"a > \xff", SYNTAX("\xff", "> \xff")},
    {"a\t=\r\nb c", SYNTAX("c", "b c")},
    {"begins_with(a, b", SYNTAX("<EOF>", "b")},
    {"begins_with()", SYNTAX(")", "()")},
    {"begins_with(, a)", SYNTAX(",", "(, a")},
    {"begins_with(a,)", SYNTAX(")", ",)")},
    {"begins_with(a b)", SYNTAX("b", "a b)")},
    {"begins_with(a = b)", SYNTAX("=", "a = b")},
    {"begins_with(a AND b)", SYNTAX("AND", "a AND b")},
    {"attribute_exists(a) b", SYNTAX("b", ") b")},
    {"attribute_exists(Pictures-RearView)", SYNTAX("-", "Pictures-RearView")},
    {"attribute_exists(Pictures..RearView)", SYNTAX(".", "..RearView")},
    {"#a(b)", SYNTAX("(", "#a(b")},
    {"size(a).b > a", SYNTAX(".", ").b")},
    {"(size(a)).b > a", SYNTAX(".", ").b")},
    {"size(a)[0] > a", SYNTAX("[", ")[0")},
    {"(a = b).c = d", SYNTAX(".", ").c")},
    {"a.b(c) = d", SYNTAX("(", "b(c")},
    /* Keywords of all expressions are none's names. */
    {"set = b", SYNTAX("set", "set =")},
    {"a = Remove", SYNTAX("Remove", "= Remove")},
    {"ADD = b", SYNTAX("ADD", "ADD =")},
    {"a.delete = b", SYNTAX("delete", ".delete =")},
    {"in = b", SYNTAX("in", "in =")},
    {"a = or", SYNTAX("or", "= or")},
    {"and.b = c", SYNTAX("and", "and.")},

    {"((a = b))", PARENS},
    {"( (a = b) )", PARENS},
    {"(((a = b)))", PARENS},
    {"((a)) = b", PARENS},
    {"a = ((b))", PARENS},
    {"a = a AND ((b = c AND d = e))", PARENS},
    {"a = a OR ((b = c OR (d = e)))", PARENS},
    {"((attribute_exists(a)))", PARENS},
    {"attribute_exists(((a)))", PARENS},
    {"a in (((b)))", PARENS},
    {"NOT ((a = b))", PARENS},
    {"(a)between(((b.c)).d)and(c)", PARENS},
    {"a > whatever((:s), ((a)))", PARENS},
    {"((name = b)) AND", PARENS}, /* before what comes behind it */
    {"((a = b)) AND ((c = d))", PARENS},

    {"whatever(a)", NO_FUNCTION "whatever"},
    {"a = b and whatever((:s)) > a", NO_FUNCTION "whatever"},
    {"attRIbute_exIsts((views), #z)", NO_FUNCTION "attRIbute_exIsts"},
    {"SIZE(a) > b", NO_FUNCTION "SIZE"},
    {"a < f(f(b))", NO_FUNCTION "f"},
    {"name(a) = b", NO_FUNCTION "name"},
    {"if_not_exists(a, a) = b", NO_UPDATE "if_not_exists"},
    {"list_append(a, b)", NO_UPDATE "list_append"},
    {"attribute_exists(views) > b", MISUSED "attribute_exists"},
    {"a = b and attribute_exists((views), (#z)) > b",
     MISUSED "attribute_exists"},
    {"attribute_not_exists(a) = b", MISUSED "attribute_not_exists"},
    {"attribute_type(a, :S) > b", MISUSED "attribute_type"},
    {"begins_with(a, b) > c", MISUSED "begins_with"},
    {"contains(:s, c) > b", MISUSED "contains"},
    {"(contains(:s, c)) > b", MISUSED "contains"},
    {"size(contains(a, b)) > a", MISUSED "contains"},
    {"size(a)", MISUSED "size"},
    {"(size(a))", MISUSED "size"},
    {"NOT size(a)", MISUSED "size"},
    {"size(a) AND b = c", MISUSED "size"},
    {"b = c OR size(a)", MISUSED "size"},
    {"a between b and attribute_exists(c)", MISUSED "attribute_exists"},
    {"a between attribute_exists(c) and b", MISUSED "attribute_exists"},
    {"attribute_exists(a) between b and c", MISUSED "attribute_exists"},
    {"a in (b, attribute_exists(c))", MISUSED "attribute_exists"},
    {"a in (attribute_exists(b), c)", MISUSED "attribute_exists"},
    {"attribute_exists(a) in (b)", MISUSED "attribute_exists"},
    {"attribute_exists(begins_with(a, b))", MISUSED "begins_with"},
    {"contains(a, size(b)) = c", MISUSED "contains"},

    {"name = b", RESERVED "name"},
    {"a = NaMe", RESERVED "NaMe"},
    {"a.status = b", RESERVED "status"},
    {"a[0].status = b", RESERVED "status"},
    {"size = b", RESERVED "size"},
    {"attribute_exists(views, #z)", RESERVED "views"},
    {":z < abOrT", RESERVED "abOrT"},
    {"a = b AND year = name", RESERVED "year"},
    {"a = ttl or whatever(a)", RESERVED "ttl"},
    {"whatever(a) or a = ttl", NO_FUNCTION "whatever"},
    {"name = size(a) OR size(b)", RESERVED "name"},

    {"a[2147483648] = b", INDEX "[2147483648]"},
    {"a[99999999999999999999] = b", INDEX "[99999999999999999999]"},
    {"a[2147483648].name = b", INDEX "[2147483648]"},
    {"name.a[2147483648] = b", RESERVED "name"},
    {"a[2147483648] = #z", INDEX "[2147483648]"},

    /* Good ones. */
    {"a = b", NULL},
    {"a=b", NULL},
    {" a\n=\tb\r", NULL},
    {"(a) = (b)", NULL},
    {"(a = b)", NULL},
    {"((a) = b)", NULL},
    {"((a) = (b))", NULL},
    {"(a = b) AND (c = d)", NULL},
    {"((a = b) AND (c = d))", NULL},
    {"((a = b AND c = d) AND e = f)", NULL},
    {"((a = b) OR NOT (c = d AND (e = f)))", NULL},
    {"NOT NOT NOT NOT a = b", NULL},
    {"nOt a = b aNd c = d oR e = f", NULL},
    {"not(a = b)", NULL},
    {"not(a)= b", NULL},
    {"a BETWEEN b AND c AND d = e", NULL},
    {"(a)between(b)and(c)", NULL},
    {"a between size(b) and size(c)", NULL},
    {"(a)between(b.c[45].#a)and(:s)", NULL},
    {"(a)between((b.c).d)and(c)", NULL},
    {"(a.b)[0] = c", NULL},
    {"((a.b).c)[0].d = e", NULL},
    {"a IN(b)", NULL},
    {"a in (b, (c), :s, size(d), #a.#b)", NULL},
    {"size(a) > size(b)", NULL},
    {"(size(a)) < (size(b))", NULL},
    {"((size(a)) < b)", NULL},
    {"(attribute_exists(a))", NULL},
    {"attribute_exists (a) and attribute_not_exists ( b )", NULL},
    {"attribute_type(a, :S)", NULL},
    {"contains(a, b) or contains(:s, b)", NULL},
    {"a [ 0 ] . b [ 1 ] = c", NULL},
    {"a[2147483647] = b", NULL},
    {"android = b and oracle = c and nothing = d and inn = e", NULL},
    {"begins_with = b", NULL},
    {":_ > a and :0 < b", NULL},
    {"#_1 > b and #9 < b", NULL},
    {"A1_b = Z9_", NULL},
    {"attribute_exists(pk) AND NOT attribute_exists(#data)", NULL},
};

START_TEST(tells_conditions_from_what_is_none)
{
    check_row(parse_condition, &conditions[_i]);
}
END_TEST

/* ---- Updates ------------------------------------------------------------ */

#define TWICE(section)                                                         \
    "The \"" section "\" section can only be used once in an update "          \
    "expression;"

static const row updates[] = {
    {"", EMPTY},
    {"whatever", SYNTAX("whatever", "whatever")},
    {"INVALID SYNTAX HERE", SYNTAX("INVALID", "INVALID SYNTAX")},
    {"set", SYNTAX("<EOF>", "set")},
    {"set a", SYNTAX("<EOF>", "a")},
    {"set a =", SYNTAX("<EOF>", "=")},
    {"set a = b,", SYNTAX("<EOF>", ",")},
    {"set a = b c = d", SYNTAX("c", "b c =")},
    {"set a b", SYNTAX("b", "a b")},
    {"set a=set", SYNTAX("set", "=set")},
    {"set a = VALUE 1", SYNTAX("1", "VALUE 1")},
    {"set a[1] = 1", SYNTAX("1", "= 1")},
    {"set a[1] = \"eight\"", SYNTAX("\"", "= \"eight")},
    {"set :a = b", SYNTAX(":a", "set :a =")},
    {"set _123 = :n", SYNTAX("_", "set _123")},
    {"set (a = b)", SYNTAX("(", "set (a")},
    {"set a = b / c", SYNTAX("/", "b / c")},
    {"set a = b * c", SYNTAX("*", "b * c")},
    {"set a = b + c + d", SYNTAX("+", "c + d")},
    {"set a = b + c - d", SYNTAX("-", "c - d")},
    {"set a = (b + c) + d", SYNTAX("+", ") + d")},
    {"set a = b + (c + d)", SYNTAX("+", "c + d")},
    {"set a = ((b + c))", SYNTAX("+", "b + c")},
    {"set a = + b", SYNTAX("+", "= + b")},
    {"set a = b +", SYNTAX("<EOF>", "+")},
    {"set a = if_not_exists(a, :n + :m)", SYNTAX("+", ":n + :m")},
    {"set a = if_not_exists(a, 100)", SYNTAX("100", ", 100)")},
    {"set a = (b.c).d + e", SYNTAX(".", ").d")},
    {"set a = (b.c)[0] + e", SYNTAX("[", ")[0")},
    {"set a = b = c", SYNTAX("=", "b = c")},
    {"set a = b AND c = d", SYNTAX("AND", "b AND c")},
    {"set a = NOT b", SYNTAX("NOT", "= NOT b")},
    {"set a = (b", SYNTAX("<EOF>", "b")},
    {"set a = b)", SYNTAX(")", "b)")},
    {"set a = list_append(b, c", SYNTAX("<EOF>", "c")},
    {"set a = f(b set c = d", SYNTAX("set", "b set c")},
    {"set if_not_exists(a, b) = a", SYNTAX("(", "if_not_exists(a")},
    {"set a = b, , c = d", SYNTAX(",", ", , c")},
    {"set a = b , set c = d", SYNTAX("set", ", set c")},
    {"remove", SYNTAX("<EOF>", "remove")},
    {"remove :a", SYNTAX(":a", "remove :a")},
    {"remove a b", SYNTAX("b", "a b")},
    {"remove a = b", SYNTAX("=", "a = b")},
    {"remove a,", SYNTAX("<EOF>", ",")},
    {"remove NOT", SYNTAX("NOT", "remove NOT")},
    {"add a", SYNTAX("<EOF>", "a")},
    {"add a = b", SYNTAX("=", "a = b")},
    {"add a b", SYNTAX("b", "a b")},
    {"add :n :n", SYNTAX(":n", "add :n :n")},
    {"add a :n + :n", SYNTAX("+", ":n + :n")},
    {"add a (:n)", SYNTAX("(", "a (:n")},
    {"add hits : incr", SYNTAX(":", "hits : incr")},
    {"ADD  SET a = :n", SYNTAX("SET", "ADD  SET a")},
    {"delete a", SYNTAX("<EOF>", "a")},
    {"delete a b", SYNTAX("b", "a b")},
    {"delete a if_not_exists(b)", SYNTAX("if_not_exists", "a if_not_exists(")},
    {"delete :a b", SYNTAX(":a", "delete :a b")},
    {"set a = :n; remove b", SYNTAX(";", ":n; remove")},
    {"set a = :n and remove b", SYNTAX("and", ":n and remove")},

    {"set a = ((b))", PARENS},
    {"set a = f(((b)))", PARENS},

    {" set #z = :z set abOrt = b ", RESERVED "abOrt"},
    {" remove Absolute ", RESERVED "Absolute"},
    {"add ttl :n", RESERVED "ttl"},
    {"set a.b.name = :n", RESERVED "name"},
    {"set a = name", RESERVED "name"},
    {"set #z = if_not_exist(:z) set c = d", NO_FUNCTION "if_not_exist"},
    {"set a = f(b, c, d)", NO_FUNCTION "f"},
    {"set a = LIST_APPEND(b, c)", NO_FUNCTION "LIST_APPEND"},
    {"set a = size(b)", NO_CONDITION "size"},
    {"set a = contains(b, c)", NO_CONDITION "contains"},
    {"set a = if_not_exists(a, size(b))", NO_CONDITION "size"},
    {"set a = list_append(list_append(b, c), d)", MISUSED "list_append"},
    {"set a = list_append(b, (list_append(c, d)))", MISUSED "list_append"},
    {"set a = if_not_exists(b, list_append(c, d))", MISUSED "list_append"},
    {"remove a[2147483648]", INDEX "[2147483648]"},

    {"set a = #z set c = :z", TWICE("SET")},
    {"remove #z set a = b remove e", TWICE("REMOVE")},
    {"add #z :z set a = b add e :z", TWICE("ADD")},
    {"delete #z :z set a = b delete #z :z", TWICE("DELETE")},
    {"set a = b remove name set c = d", TWICE("SET")},
    {"remove name set a = b set c = d", RESERVED "name"},
    {"set a = b set c = name", RESERVED "name"},

    {"set a = b", NULL},
    {"SET a=b", NULL},
    {"set a = (b)", NULL},
    {"set a = (b + c)", NULL},
    {"set a = ((b.c.d)+(e))", NULL},
    {"set a = (b)-(c)", NULL},
    {"set a = :n + :m, b = c - :n", NULL},
    {"set a = b + list_append(c, d)", NULL},
    {"set a = if_not_exists(a, b) + if_not_exists(c, :n)", NULL},
    {"set a = if_not_exists(a, if_not_exists(b, (c)))", NULL},
    {"set a = list_append(if_not_exists(a, :l0), :l)", NULL},
    {"set a.b[0].#c = :n, a.b[1] = :n", NULL},
    {"set a = b remove c add d :n delete e :ss", NULL},
    {"delete e :ss add d :n remove c set a = b", NULL},
    {"remove a, b.c, d[0], #c", NULL},
    {"add a :n, b :ns, c.d :bs", NULL},
    {"sEt a = :n rEmOvE b", NULL},
    {"set setter = :n remove removed", NULL},
};

START_TEST(tells_updates_from_what_is_none)
{
    check_row(parse_update, &updates[_i]);
}
END_TEST

/* ---- Projections -------------------------------------------------------- */

static const row projections[] = {
    {"", EMPTY},
    {"!!!", SYNTAX("!", "!!")},
    {"a b", SYNTAX("b", "a b")},
    {"a,", SYNTAX("<EOF>", ",")},
    {",a", SYNTAX(",", ",a")},
    {"a,,b", SYNTAX(",", ",,b")},
    {"(a)", SYNTAX("(", "(a")},
    {"a = b", SYNTAX("=", "a = b")},
    {":a", SYNTAX(":a", ":a")},
    {"size(a)", SYNTAX("(", "size(a")},
    {"a[]", SYNTAX("]", "[]")},
    {"a[x]", SYNTAX("x", "[x]")},
    {"a, and", SYNTAX("and", ", and")},
    {"a*", SYNTAX("*", "a*")},
    {"name", RESERVED "name"},
    {"a, b.Status", RESERVED "Status"},
    {"a[4294967295]", INDEX "[4294967295]"},
    {"name, a[4294967295]", RESERVED "name"},
    {"a, name b", SYNTAX("b", "name b")},
    {"a", NULL},
    {" a , b . c [ 0 ] , #data ", NULL},
};

START_TEST(tells_projections_from_what_is_none)
{
    check_row(parse_projection, &projections[_i]);
}
END_TEST

/* ---- Limits ------------------------------------------------------------- */

static void fill(char *to, size_t n, const char *begin, const char *again,
                 const char *end)
{
    size_t at = strlen(begin);

    memcpy(to, begin, at);
    while (at + strlen(again) + strlen(end) <= n) {
        memcpy(to + at, again, strlen(again));
        at += strlen(again);
    }
    memset(to + at, ' ', n - at - strlen(end));
    memcpy(to + n - strlen(end), end, strlen(end));
    to[n] = '\0';
}

static void check_size(ddb_code (*parse)(exprfix *f, ddb_bytes text),
                       const char *text, const char *why)
{
    char long_text[DDBI_MAX_EXPRESSION + 2];
    exprfix f;

    fill(long_text, DDBI_MAX_EXPRESSION, text, "  ", "");
    exprfix_begin(&f);
    exprfix_told(&f, parse(&f, ddb_str(long_text)), text, NULL);
    fill(long_text, DDBI_MAX_EXPRESSION + 1, text, "  ", "");
    exprfix_told(&f, parse(&f, ddb_str(long_text)), text, why);
    exprfix_end(&f);
}

#define TOO_LONG "Expression size has exceeded the maximum allowed size;"

START_TEST(takes_4096_bytes_and_no_more)
{
    check_size(parse_condition, "a = b", TOO_LONG " expression size: 4097");
    check_size(parse_projection, "a", TOO_LONG " expression size: 4097");
    check_size(parse_update, "set a = b", TOO_LONG);
}
END_TEST

#define TOO_MANY                                                               \
    "The expression contains too many operators; operator count: 301"

/* One more joins n of them with AND. */
static ddb_code parse_joined(exprfix *f, const char *one, const char *join,
                             int n)
{
    char text[8192];
    size_t at = 0;

    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s",
                               i ? join : "", one);
    return strncmp(text, "set", 3) == 0
               ? parse_update(f, (ddb_bytes){text, at})
               : parse_condition(f, (ddb_bytes){text, at});
}

static const struct {
    const char *one, *join;
    int most;
} operators[] = {
    {"a<b", " OR ", 150},                   /* 150 and 149: 299 */
    {"attribute_exists(a)", "\nAND ", 168}, /* functions are not counted */
    {"NOT a<b", "\nOR ", 100},              /* 299 */
    {"a between b and c", " or ", 150},
    {"a in(b,c,d)", " or ", 150},
};

START_TEST(takes_300_operators_and_no_more)
{
    exprfix f;
    const char *one = operators[_i].one, *join = operators[_i].join;
    int most = operators[_i].most;

    exprfix_begin(&f);
    exprfix_told(&f, parse_joined(&f, one, join, most), one, NULL);
    if (strchr(one, '(') == NULL || strstr(one, "in("))
        exprfix_told(&f, parse_joined(&f, one, join, most + 1), one, TOO_MANY);
    exprfix_end(&f);
}
END_TEST

START_TEST(counts_signs_and_functions_of_updates)
{
    char text[4096];
    size_t at = 0;
    exprfix f;

    exprfix_begin(&f);
    for (int i = 0; i < 301; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%sv%d=b+c",
                               i ? "," : "set ", i);
        if (i == 299)
            exprfix_told(&f, parse_update(&f, (ddb_bytes){text, at}), "+",
                         NULL);
    }
    exprfix_told(&f, parse_update(&f, (ddb_bytes){text, at}), "+", TOO_MANY);
    at = 0;
    for (int i = 0; i < 151; i++) {
        at +=
            (size_t)snprintf(text + at, sizeof text - at,
                             "%sv%d=if_not_exists(b,c)-d", i ? "," : "set ", i);
        if (i == 149)
            exprfix_told(&f, parse_update(&f, (ddb_bytes){text, at}), "f",
                         NULL);
    }
    exprfix_told(&f, parse_update(&f, (ddb_bytes){text, at}), "f", TOO_MANY);
    exprfix_end(&f);
}
END_TEST

/* Texts of 4 KB that go as deep as they can: what they cost is memory in
 * proportion, and each is answered. */
static const struct {
    const char *begin, *again, *end;
    const char *why; /* its beginning; NULL: a condition */
} deep[] = {
    {"", "(", "", "Syntax error; token: \"<EOF>\", near: \"(\""},
    {"", "(", "a=b", "Syntax error; token: \"<EOF>\", near: \"b\""},
    {"", "((", "a=b))", "The expression has redundant"},
    {"", "not ", "a=b", TOO_MANY},
    {"", "not(", "a=b", "Syntax error; token: \"<EOF>\""},
    {"a<", "f(", "b", "Syntax error; token: \"<EOF>\""},
    {"a", ".a", "=b", "The document path has too many nesting levels; "},
    {"a", "[0]", "=b", "The document path has too many nesting levels; "},
    {"a=b ", "or a=b ", "", TOO_MANY},
    {"a=b ", "and(a=b ", "", "Syntax error; token: \"<EOF>\""},
    {"a in (b", ",b", ")", "The IN operator is provided with too many"},
    {"a between b and c ", "and a between b and c ", "", TOO_MANY},
    {"", ")", "", "Syntax error; token: \")\""},
    {"a=", "b ", "", "Syntax error; token: \"b\", near: \"b b b\""},
    {"size(a", ",a", ")>b", "Incorrect number of operands"},
    {"#a", ".#a", "=b", "The document path has too many nesting levels; "},
};

START_TEST(answers_the_deepest_texts)
{
    char text[DDBI_MAX_EXPRESSION + 1];
    const char *why = deep[_i].why;
    exprfix f;

    exprfix_begin(&f);
    fill(text, DDBI_MAX_EXPRESSION, deep[_i].begin, deep[_i].again,
         deep[_i].end);
    ck_assert_int_eq(parse_condition(&f, ddb_str(text)), DDB_INVALID);
    ck_assert_msg(strncmp(ddbi_buf_text(&f.s.why), why, strlen(why)) == 0,
                  "%s: %s", deep[_i].again, ddbi_buf_text(&f.s.why));
    exprfix_end(&f);
}
END_TEST

/* Of closed ones, with as many operators as there may be. */
START_TEST(takes_what_is_deep_and_right)
{
    char text[DDBI_MAX_EXPRESSION + 1];
    size_t at = 0;
    ddbi_condition *c;
    exprfix f;

    exprfix_begin(&f);
    for (int i = 0; i < 300; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "not(");
    at += (size_t)snprintf(text + at, sizeof text - at, "attribute_exists(s)");
    for (int i = 0; i < 300; i++)
        text[at++] = ')';
    ck_assert_int_eq(ddbi_condition_parse(&f.s, (ddb_bytes){text, at}, &c),
                     DDB_OK);
    ck_assert_int_eq(ddbi_condition_holds(c, f.item, &f.arena), 1);
    ck_assert_int_eq(ddbi_condition_holds(c, NULL, &f.arena), 0);
    exprfix_end(&f);
}
END_TEST

/* An arena asks for 64 KB at a time. */
START_TEST(takes_memory_in_proportion_to_the_text)
{
    char text[DDBI_MAX_EXPRESSION + 1];
    exprfix f;

    for (size_t i = 0; i < sizeof deep / sizeof deep[0]; i++) {
        fill(text, DDBI_MAX_EXPRESSION, deep[i].begin, deep[i].again,
             deep[i].end);
        exprfix_begin(&f);
        oom_begin(-1);
        parse_condition(&f, ddb_str(text));
        ck_assert_msg(oom_asked() < 20, "%s: %ld", deep[i].again, oom_asked());
        exprfix_end(&f);
        oom_end();
    }
}
END_TEST

static const struct {
    const char *text;
    ddb_code code; /* with room for all but a message */
} hungry[] = {
    {"NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (N"
     "OT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NO"
     "T (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT (NOT"
     " (a = :s OR b = :n AND size(c) BETWEEN :n AND :m))))))))))))))))))"
     "))))))))))))))))))))))",
     DDB_OK},
    {"attribute_exists(a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z)",
     DDB_OK},
    {"a[99999999999] = :s", DDB_NOMEM}};

START_TEST(survives_want_of_memory)
{
    ddb_code last = DDB_NOMEM;
    exprfix f;

    exprfix_begin(&f);
    for (size_t room = 0; room < 16 * 1024; room += 16) {
        ddbi_arena arena;
        ddbi_expr_scope s;
        ddbi_condition *c;
        ddb_code code;

        exprfix_scarce(&arena, room);
        code =
            ddbi_expr_begin(&s, &arena, exprfix_names, EXPRFIX_NAMES, f.values);
        if (code == DDB_OK)
            code = ddbi_condition_parse(&s, ddb_str(hungry[_i].text), &c);
        ddbi_buf_free(&s.why);
        ck_assert_int_eq(exprfix_was_short(&arena), code != DDB_OK);
        ck_assert(code == DDB_NOMEM || code == DDB_OK);
        ck_assert(last == DDB_NOMEM || code == DDB_OK);
        last = code;
    }
    ck_assert_int_eq(last, hungry[_i].code);
    exprfix_end(&f);
}
END_TEST

/* ---- Words -------------------------------------------------------------- */

static const char *const reserved[] = {
    "ABORT", "abort", "Zone",   "NAME", "value",          "ttl",
    "size",  "count", "BY",     "DO",   "LOCALTIMESTAMP", "SpecificType",
    "to",    "IS",    "COUNTER"};
static const char *const not_reserved[] = {
    "",        "a",    "version",  "namespace",
    "ABORTED", "ABOR", "zones",    "LOCALTIMESTAMPS",
    "expires", "etag", "\xc3\xa4", "z"};

START_TEST(knows_reserved_words)
{
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        ck_assert_msg(ddbi_expr_is_reserved(ddb_str(reserved[i])), "%s",
                      reserved[i]);
    for (size_t i = 0; i < sizeof not_reserved / sizeof not_reserved[0]; i++)
        ck_assert_msg(!ddbi_expr_is_reserved(ddb_str(not_reserved[i])), "%s",
                      not_reserved[i]);
    ck_assert(!ddbi_expr_is_reserved((ddb_bytes){NULL, 0}));
}
END_TEST

Suite *suite_expr_parse(void)
{
    Suite *s = suite_create("expr_parse");
    TCase *t = tcase_create("texts");

    tcase_add_loop_test(t, tells_conditions_from_what_is_none, 0,
                        ROWS(conditions));
    tcase_add_loop_test(t, tells_updates_from_what_is_none, 0, ROWS(updates));
    tcase_add_loop_test(t, tells_projections_from_what_is_none, 0,
                        ROWS(projections));
    tcase_add_test(t, knows_reserved_words);
    suite_add_tcase(s, t);
    t = tcase_create("limits");
    tcase_add_test(t, takes_4096_bytes_and_no_more);
    tcase_add_loop_test(t, takes_300_operators_and_no_more, 0, ROWS(operators));
    tcase_add_test(t, counts_signs_and_functions_of_updates);
    tcase_add_loop_test(t, answers_the_deepest_texts, 0, ROWS(deep));
    tcase_add_test(t, takes_what_is_deep_and_right);
    tcase_add_test(t, takes_memory_in_proportion_to_the_text);
    tcase_add_loop_test(t, survives_want_of_memory, 0, ROWS(hungry));
    suite_add_tcase(s, t);
    return s;
}
