/* SPDX-License-Identifier: MIT */
/* The key's attributes in a projection expression. */
#include "base/alloc.h"
#include "oom.h"
#include "ops/projection.h"
#include "tests.h"

#include <string.h>

/* A projection, its names, and what becomes of it for the keys id and at. */
static const struct {
    const char *name;
    const char *text;
    ddb_name names[3];
    const char *result;
    ddb_name added[3]; /* behind those */
} cases[] = {
    {"both are there", "id,at", {{0}}, "id,at", {{0}}},
    {"in any order, with blanks", " at ,\tid\n", {{0}}, " at ,\tid\n", {{0}}},
    {"one is there", "n,at", {{0}}, "n,at,#ddb_key_0", {{"#ddb_key_0", "id"}}},
    {"none is there",
     "n",
     {{0}},
     "n,#ddb_key_0,#ddb_key_1",
     {{"#ddb_key_0", "id"}, {"#ddb_key_1", "at"}}},
    {"parts of names are no names",
     "idx,at2,a.id,at[0]",
     {{0}},
     "idx,at2,a.id,at[0],#ddb_key_0,#ddb_key_1",
     {{"#ddb_key_0", "id"}, {"#ddb_key_1", "at"}}},
    {"placeholders stand for them",
     "#i,#a",
     {{"#i", "id"}, {"#a", "at"}},
     "#i,#a",
     {{0}}},
    {"a placeholder that looks like a key is none",
     "at,#x",
     {{"#x", "n"}},
     "at,#x,#ddb_key_0",
     {{"#ddb_key_0", "id"}}},
    {"placeholders that are taken",
     "#ddb_key_0,#ddb_key_1",
     {{"#ddb_key_0", "n"}, {"#ddb_key_1", "id"}},
     "#ddb_key_0,#ddb_key_1,#ddb_key_2",
     {{"#ddb_key_2", "at"}}},
};

START_TEST(adds_what_is_missing)
{
    const ddb_bytes keys[] = {ddb_str("id"), ddb_str("at")};
    const ddbi_projection given = {cases[_i].text, cases[_i].names};
    ddbi_projection out;
    ddbi_arena arena = {0};
    ddbi_buf scratch = {0};
    size_t n = 0;

    ck_assert_int_eq(
        ddbi_project_keys(&given, keys, 2, &scratch, &arena, &out, NULL),
        DDB_OK);
    ck_assert_msg(strcmp(out.text, cases[_i].result) == 0, "%s: %s",
                  cases[_i].name, out.text);
    for (; cases[_i].names[n].placeholder != NULL; n++)
        ck_assert_str_eq(out.names[n].placeholder,
                         cases[_i].names[n].placeholder);
    for (const ddb_name *a = cases[_i].added; a->placeholder != NULL; a++) {
        ck_assert_str_eq(out.names[n].placeholder, a->placeholder);
        ck_assert_str_eq(out.names[n++].attribute, a->attribute);
    }
    ck_assert_ptr_null(out.names[n].placeholder);
    ddbi_buf_free(&scratch);
    ddbi_arena_free(&arena);
}
END_TEST

START_TEST(survives_nomem)
{
    const ddb_bytes keys[] = {ddb_str("id"), ddb_str("at")};
    static char text[3000];
    const ddbi_projection given = {text, NULL};
    ddbi_projection out;
    ddb_code code;

    memset(text, 'x', sizeof text - 1);
    for (long n = 0;; n++) {
        ddbi_arena arena = {0};
        ddbi_buf scratch = {0};

        oom_begin(n);
        code = ddbi_project_keys(&given, keys, 2, &scratch, &arena, &out, NULL);
        ddbi_buf_free(&scratch);
        ddbi_arena_free(&arena);
        if (!oom_end())
            break;
        ck_assert_int_eq(code, DDB_NOMEM);
        ck_assert_int_eq(oom_live(), 0);
    }
    ck_assert_int_eq(code, DDB_OK);
}
END_TEST

Suite *suite_projection(void)
{
    Suite *s = suite_create("projection");
    TCase *t = tcase_create("projection");

    tcase_add_loop_test(t, adds_what_is_missing, 0, ROWS(cases));
    tcase_add_test(t, survives_nomem);
    suite_add_tcase(s, t);
    return s;
}
