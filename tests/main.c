/* SPDX-License-Identifier: MIT */
/* Runs every suite, or the one that CK_RUN_SUITE names, whatever the
 * environment says of AWS and of proxies. */
#include "report.h"
#include "tests.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static void clean_environment(void)
{
    static const char *const proxies[] = {
        "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
        "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    char name[128];
    char **e = environ;

    for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++)
        unsetenv(proxies[i]);
    while (*e != NULL) {
        size_t n = strcspn(*e, "=");

        if ((strncmp(*e, "AWS_", 4) == 0 || strncmp(*e, "DDB_", 4) == 0) &&
            n < sizeof name) {
            memcpy(name, *e, n);
            name[n] = '\0';
            unsetenv(name); /* the rest moves up */
            e = environ;
        } else {
            e++;
        }
    }
}

int main(void)
{
    static Suite *(*const suites[])(void) = {
#define SUITE(name) suite_##name,
        SUITES
#undef SUITE
    };
    SRunner *runner;

    clean_environment();
    runner = srunner_create(NULL);

    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        srunner_add_suite(runner, suites[i]());
    return run_and_report(runner);
}
