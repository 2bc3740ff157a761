/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include <ddb/ddb.h>

#include <stdio.h>

START_TEST(text_is_made_of_the_three_numbers)
{
    char text[32];

    snprintf(text, sizeof text, "%d.%d.%d", DDB_VERSION_MAJOR,
             DDB_VERSION_MINOR, DDB_VERSION_PATCH);
    ck_assert_str_eq(DDB_VERSION, text);
}
END_TEST

START_TEST(library_tells_the_header_it_was_built_from)
{
    ck_assert_str_eq(ddb_version(), DDB_VERSION);
}
END_TEST

Suite *suite_version(void)
{
    Suite *s = suite_create("version");
    TCase *tc = tcase_create("version");

    tcase_add_test(tc, text_is_made_of_the_three_numbers);
    tcase_add_test(tc, library_tells_the_header_it_was_built_from);
    suite_add_tcase(s, tc);
    return s;
}
