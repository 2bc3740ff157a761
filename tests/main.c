/* SPDX-License-Identifier: MIT */
/* Runs every suite, or the one that CK_RUN_SUITE names.  The last line is
 * "N passed, N failed", as of every check of ours. */
#include "tests.h"

#include <stdio.h>

int main(void)
{
    static Suite *(*const suites[])(void) = {
#define SUITE(name) suite_##name,
        SUITES
#undef SUITE
    };
    SRunner *runner = srunner_create(NULL);
    int run;
    int failed;

    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        if (suites[i] != NULL)
            srunner_add_suite(runner, suites[i]());
    }
    srunner_run_all(runner, CK_ENV);
    run = srunner_ntests_run(runner);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    fflush(stdout);
    printf("%d passed, %d failed\n", run - failed, failed);
    return run == 0 || failed != 0;
}
