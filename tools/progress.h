/* SPDX-License-Identifier: MIT */
/* How far it is, on stderr when that is a terminal; else nothing. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "cli.h"

#include <time.h>

typedef struct {
    const cli *c;
    const char *what; /* "exported" */
    int64_t done;
    int64_t shown_ms; /* when the line was last written */
    int shown;
} progress;

void progress_add(progress *p, int64_t n);
/* Take the line away: what follows begins at its start. */
void progress_end(progress *p);

#endif
