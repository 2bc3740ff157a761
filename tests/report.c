/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stdio.h>

int run_and_report(SRunner *runner)
{
    int run, failed;

    srunner_run_all(runner, CK_ENV);
    run = srunner_ntests_run(runner);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    fflush(stdout);
    printf("%d passed, %d failed\n", run - failed, failed);
    return run == 0 || failed != 0;
}
