/* SPDX-License-Identifier: MIT */
/* Runs every suite, or the one that CK_RUN_SUITE names. */
#include "report.h"
#include "tests.h"

#include <stddef.h>

int main(void)
{
    static Suite *(*const suites[])(void) = {
#define SUITE(name) suite_##name,
        SUITES
#undef SUITE
    };
    SRunner *runner = srunner_create(NULL);

    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        srunner_add_suite(runner, suites[i]());
    return run_and_report(runner);
}
