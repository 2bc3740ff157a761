/* SPDX-License-Identifier: MIT */
/* One line that is written over, ten times a second at most. */
#include "progress.h"

#include <unistd.h>

#define INTERVAL_MS 100

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_add(progress *p, int64_t n)
{
    int64_t now = now_ms();

    p->done += n;
    if (now - p->shown_ms < INTERVAL_MS)
        return;
    p->shown_ms = now;
    if (!isatty(STDERR_FILENO))
        return;
    p->shown = 1;
    fprintf(stderr, "\rddb: %s: %lld %s", p->c->command->name,
            (long long)p->done, p->what);
}

void progress_end(progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = 0;
}
