/* SPDX-License-Identifier: MIT */
/* How every test program ends: its last line is "N passed, N failed". */
#ifndef REPORT_H
#define REPORT_H

#include <check.h>

/* Run what the runner holds, print the line, free it.  The exit status: a
 * program that ran no test has failed. */
int run_and_report(SRunner *runner);

#endif
