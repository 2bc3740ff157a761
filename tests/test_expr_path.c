/* SPDX-License-Identifier: MIT */
/* Projections: which paths go together, and what they leave of an item. */
#include "tests.h"

#include "exprfix.h"

#include <stdio.h>

#define OVERLAP(one, two)                                                      \
    "Two document paths overlap with each other; must remove or rewrite one "  \
    "of these paths; path one: " one ", path two: " two
#define CONFLICT(one, two)                                                     \
    "Two document paths conflict with each other; must remove or rewrite "     \
    "one of these paths; path one: " one ", path two: " two

static const struct {
    const char *text, *why;
} together[] = {
    {"a, a", OVERLAP("[a]", "[a]")},
    {"a, #_1", OVERLAP("[a]", "[a]")},
    {"a, b, c, b", OVERLAP("[b]", "[b]")},
    {"a.b, a.b", OVERLAP("[a, b]", "[a, b]")},
    {"a[1], a[1]", OVERLAP("[a, [1]]", "[a, [1]]")},
    {"a, a.b", OVERLAP("[a]", "[a, b]")},
    {"a.b, a", OVERLAP("[a, b]", "[a]")},
    {"a.b, a.b[2]", OVERLAP("[a, b]", "[a, b, [2]]")},
    {"a, a.b[2].c", OVERLAP("[a]", "[a, b, [2], c]")},
    {"a.b.d.e, a.b", OVERLAP("[a, b, d, e]", "[a, b]")},
    {"a.b, a[1]", CONFLICT("[a, b]", "[a, [1]]")},
    {"a[1], a.b", CONFLICT("[a, [1]]", "[a, b]")},
    {"a.b.c, a.b[0].d", CONFLICT("[a, b, c]", "[a, b, [0], d]")},
    {"#i, a[3].#i, a[3][3]", CONFLICT("[a, [3], [3]]", "[a, [3], [3]]")},
    {"a.b, a[1], c, c", OVERLAP("[c]", "[c]")},
    {"a.#z, b, b",
     "An expression attribute name used in the document path is not defined; "
     "attribute name: #z"},
    {"a, b", NULL},
    {"a.b, a.c", NULL},
    {"a.b.d, a.b.e", NULL},
    {"a[1], a[2]", NULL},
    {"a.b, a.c[2]", NULL},
    {"#dot, a.b", NULL},
    {"a, aa, ab", NULL},
};

START_TEST(takes_paths_that_are_apart)
{
    ddbi_projection *p;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(&f,
                 ddbi_projection_parse(&f.s, ddb_str(together[_i].text), &p),
                 together[_i].text, together[_i].why);
    exprfix_end(&f);
}
END_TEST

static const struct {
    const char *text, *left;
} rows[] = {
    {"s", "{\"s\":{\"S\":\"abc\"}}"},
    {"q", "{}"},
    {"q, s, z", "{\"s\":{\"S\":\"abc\"}}"},
    {"n, s", "{\"s\":{\"S\":\"abc\"},\"n\":{\"N\":\"5\"}}"},
    {"pk, #data", "{\"pk\":{\"S\":\"p\"},\"data\":{\"S\":\"d\"}}"},
    {"#dot", "{\"a.b\":{\"S\":\"dotted\"}}"},
    {"l0, m0", "{\"l0\":{\"L\":[]},\"m0\":{\"M\":{}}}"},
    {"nil", "{\"nil\":{\"NULL\":true}}"},
    {"a.b", "{\"a\":{\"M\":{\"b\":{\"N\":\"1\"}}}}"},
    {"a.b, a.d",
     "{\"a\":{\"M\":{\"b\":{\"N\":\"1\"},\"d\":{\"M\":{\"e\":{\"S\":\"deep\"}}"
     "}}}}"},
    {"a.d.e", "{\"a\":{\"M\":{\"d\":{\"M\":{\"e\":{\"S\":\"deep\"}}}}}}"},
    {"a.c[2], a.c[0]",
     "{\"a\":{\"M\":{\"c\":{\"L\":[{\"N\":\"0\"},{\"N\":\"2\"}]}}}}"},
    {"a.c[1], a.b, s",
     "{\"s\":{\"S\":\"abc\"},\"a\":{\"M\":{\"b\":{\"N\":\"1\"},\"c\":{\"L\":[{"
     "\"N\":\"1\"}]}}}}"},
    {"l[10], l[2]", "{\"l\":{\"L\":[{\"L\":[{\"N\":\"9\"}]}]}}"},
    {"l[3].k, l[0]",
     "{\"l\":{\"L\":[{\"N\":\"1\"},{\"M\":{\"k\":{\"S\":\"v\"}}}]}}"},
    {"l[2][0]", "{\"l\":{\"L\":[{\"L\":[{\"N\":\"9\"}]}]}}"},
    {"l[4]", "{\"l\":{\"L\":[{\"SS\":[\"a\",\"b\"]}]}}"},
    /* What leads nowhere leaves nothing of what it goes through. */
    {"a.x", "{}"},
    {"a.x.y", "{}"},
    {"a[0]", "{}"},
    {"a.b.c", "{}"},
    {"a.b[0]", "{}"},
    {"a.c.x", "{}"},
    {"a.c[3]", "{}"},
    {"a.c[3].x", "{}"},
    {"l0[0]", "{}"},
    {"m0.x", "{}"},
    {"ss[0]", "{}"},
    {"s.x, n[0], q.r[1]", "{}"},
    {"a.x, a.c[0], z, a.d[0]",
     "{\"a\":{\"M\":{\"c\":{\"L\":[{\"N\":\"0\"}]}}}}"},
    {"l[0].x, l[1]", "{\"l\":{\"L\":[{\"S\":\"x\"}]}}"},
};

START_TEST(picks_what_paths_lead_to)
{
    ddb_item *wanted = exprfix_parse(rows[_i].left), *got;
    ddbi_projection *p;
    exprfix f;

    exprfix_begin(&f);
    exprfix_told(&f, ddbi_projection_parse(&f.s, ddb_str(rows[_i].text), &p),
                 rows[_i].text, NULL);
    got = ddbi_projection_apply(p, f.item, &f.arena);
    ck_assert_msg(ddb_item_equal(got, wanted), "%s", rows[_i].text);
    exprfix_end(&f);
    ddb_item_free(wanted);
}
END_TEST

/* As many as 4 KB take. */
START_TEST(picks_a_thousand_paths)
{
    char text[4096];
    size_t at = 0;
    int n = 0;
    ddb_item *it = ddb_item_new(), *got;
    ddbi_projection *p;
    exprfix f;

    for (; at + 10 < sizeof text; n++) {
        char name[16];

        snprintf(name, sizeof name, "v%d", n);
        ck_assert_int_eq(ddb_item_set_i64(it, name, n), DDB_OK);
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s",
                               n ? "," : "", name);
    }
    ck_assert_int_eq(ddb_item_set_s(it, "w", "w"), DDB_OK);
    exprfix_begin(&f);
    exprfix_told(&f, ddbi_projection_parse(&f.s, (ddb_bytes){text, at}, &p),
                 "many", NULL);
    got = ddbi_projection_apply(p, it, &f.arena);
    ck_assert_uint_eq(ddb_item_count(got), (size_t)n);
    ck_assert_int_eq(ddb_item_unset(it, "w"), DDB_OK);
    ck_assert(ddb_item_equal(got, it));
    exprfix_end(&f);
    ddb_item_free(it);
}
END_TEST

START_TEST(survives_want_of_memory)
{
    exprfix f;

    exprfix_begin(&f);
    for (size_t room = 0;; room += 16) {
        ddbi_arena arena;
        ddbi_projection *p;
        ddb_item *got = NULL;
        ddbi_expr_scope s;
        ddb_code code;

        exprfix_scarce(&arena, room);
        code =
            ddbi_expr_begin(&s, &arena, exprfix_names, EXPRFIX_NAMES, f.values);
        if (code == DDB_OK)
            code = ddbi_projection_parse(
                &s, ddb_str("a.b, a.c[2], a.c[0], l[2][0], s, n, b, yes, nil"),
                &p);
        if (code == DDB_OK)
            got = ddbi_projection_apply(p, f.item, &arena);
        ck_assert(code == DDB_OK || code == DDB_NOMEM);
        ddbi_buf_free(&s.why);
        if (!exprfix_was_short(&arena)) {
            ck_assert_ptr_nonnull(got);
            break;
        }
        ck_assert_ptr_null(got);
    }
    exprfix_end(&f);
}
END_TEST

Suite *suite_expr_path(void)
{
    Suite *s = suite_create("expr_path");
    TCase *t = tcase_create("projections");

    tcase_add_loop_test(t, takes_paths_that_are_apart, 0, ROWS(together));
    tcase_add_loop_test(t, picks_what_paths_lead_to, 0, ROWS(rows));
    tcase_add_test(t, picks_a_thousand_paths);
    tcase_add_test(t, survives_want_of_memory);
    suite_add_tcase(s, t);
    return s;
}
