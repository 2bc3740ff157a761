/* SPDX-License-Identifier: MIT */
/* What the progress line says; how it looks is in tests/check-tool. */
#include "progress.h"
#include "tests.h"

#include <string.h>

static const cli_command command = {.name = "import"};

static const struct {
    int64_t ms;
    int64_t total;
    int64_t at;
    int64_t entries;
    int columns;
    const char *want;
} rows[] = {
    {0, 0, 0, 0, 80, "import  0 entries"},
    {999, 0, 700, 7, 80, "import  7 entries"},
    {1000, 0, 700, 7, 80, "import  7 entries, 7/s"},
    {0, 1000, 0, 0, 80, "import [--------------------]   0 %  0 entries"},
    {2000, 1000, 0, 0, 80,
     "import [--------------------]   0 %  0 entries, 0/s"},
    {2000, 1000, 250, 31, 80,
     "import [#####---------------]  25 %  31 entries, 16/s, 0:06 left"},
    {2000, 1000, 1, 1, 80,
     "import [--------------------]   0 %  1 entries, 0/s, 33:18 left"},
    {3600000, 1000, 333, 5, 80,
     "import [######--------------]  33 %  5 entries, 0/s, 2:00:11 left"},
    {4000, 1000, 1000, 9, 80,
     "import [####################] 100 %  9 entries, 2/s, 0:00 left"},
    /* A file or a namespace that grows meanwhile. */
    {4000, 1000, 2000, 9, 80,
     "import [####################] 100 %  9 entries, 2/s, 0:00 left"},
    {INT64_MAX, INT64_MAX, 1, INT64_MAX, 0, ""},
    {4000, 1000, 250, 9, 1, ""},
    {4000, 1000, 250, 9, 2, "i"},
    {4000, 1000, 250, 9, 41, "import [#####---------------]  25 %  9 e"},
};

START_TEST(says_how_far_and_how_long)
{
    progress p = {.c = &(cli){.command = &command},
                  .total = rows[_i].total,
                  .at = rows[_i].at,
                  .entries = rows[_i].entries};
    char line[128];

    ck_assert_int_eq(
        progress_format(&p, rows[_i].ms, rows[_i].columns, line, sizeof line),
        (int)strlen(rows[_i].want));
    ck_assert_str_eq(line, rows[_i].want);
}
END_TEST

/* The longest line that there can be. */
START_TEST(cuts_what_does_not_fit)
{
    progress p = {.c = &(cli){.command = &command},
                  .total = INT64_MAX,
                  .at = 1,
                  .entries = INT64_MAX};
    char line[64];

    ck_assert_int_eq(progress_format(&p, INT64_MAX, 1000, line, sizeof line),
                     63);
    ck_assert_uint_eq(strlen(line), 63);
}
END_TEST

Suite *suite_progress(void)
{
    Suite *s = suite_create("progress");
    TCase *tc = tcase_create("line");

    tcase_add_loop_test(tc, says_how_far_and_how_long, 0, ROWS(rows));
    tcase_add_test(tc, cuts_what_does_not_fit);
    suite_add_tcase(s, tc);
    return s;
}
