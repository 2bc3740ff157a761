/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/find.h"
#include "rng.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text, *part;
    int has;
} rows[] = {
    {"", "", 1},
    {"a", "", 1},
    {"", "a", 0},
    {"a", "a", 1},
    {"a", "b", 0},
    {"a", "aa", 0},
    {"abc", "bc", 1},
    {"abc", "ab", 1},
    {"abc", "ac", 0},
    {"aab", "ab", 1},
    {"aaaaaaab", "aab", 1},
    {"abababac", "ababac", 1},
    {"abababab", "ababac", 0},
    {"abcabcabd", "abcabd", 1},
    {"mississippi", "issip", 1},
    {"mississippi", "issipp", 1},
    {"mississippi", "sips", 0},
};

START_TEST(finds_parts)
{
    ck_assert_msg(ddbi_has_part(ddb_str(rows[_i].text),
                                ddb_str(rows[_i].part)) == rows[_i].has,
                  "%s in %s", rows[_i].part, rows[_i].text);
}
END_TEST

START_TEST(takes_bytes_of_all_values)
{
    ck_assert(ddbi_has_part((ddb_bytes){"a\0\xff\0z", 5},
                            (ddb_bytes){"\0\xff\0", 3}));
    ck_assert(!ddbi_has_part((ddb_bytes){"a\0\xff\1z", 5},
                             (ddb_bytes){"\0\xff\0", 3}));
    ck_assert(ddbi_has_part((ddb_bytes){NULL, 0}, (ddb_bytes){NULL, 0}));
}
END_TEST

static int has_by_trying(const char *text, size_t n, const char *part, size_t m)
{
    for (size_t i = 0; i + m <= n; i++)
        if (memcmp(text + i, part, m) == 0)
            return 1;
    return 0;
}

/* Few letters and short periods: what algorithms of its kind go wrong on. */
START_TEST(finds_what_trying_each_place_finds)
{
    char text[48], part[16];
    rng r = {21};

    for (int i = 0; i < 200000; i++) {
        size_t n = rng_below(&r, sizeof text), m = rng_below(&r, sizeof part);
        unsigned letters = 1 + rng_below(&r, 3), period = 1 + rng_below(&r, 5);

        for (size_t k = 0; k < n; k++)
            text[k] = k >= period && rng_below(&r, 12)
                          ? text[k - period]
                          : (char)('a' + rng_below(&r, letters));
        if (n > m && rng_below(&r, 2))
            memcpy(part, text + rng_below(&r, (unsigned)(n - m)), m);
        else
            for (size_t k = 0; k < m; k++)
                part[k] = (char)('a' + rng_below(&r, letters));
        if (m && rng_below(&r, 3) == 0)
            part[rng_below(&r, (unsigned)m)] = 'b';
        ck_assert_msg(
            ddbi_has_part((ddb_bytes){text, n}, (ddb_bytes){part, m}) ==
                has_by_trying(text, n, part, m),
            "%.*s in %.*s", (int)m, part, (int)n, text);
    }
}
END_TEST

Suite *suite_find(void)
{
    Suite *s = suite_create("find");
    TCase *tc = tcase_create("find");

    tcase_add_loop_test(tc, finds_parts, 0, ROWS(rows));
    tcase_add_test(tc, takes_bytes_of_all_values);
    tcase_add_test(tc, finds_what_trying_each_place_finds);
    suite_add_tcase(s, tc);
    return s;
}
