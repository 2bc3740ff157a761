/* SPDX-License-Identifier: MIT */
/* How far it is: see progress.h.  Blanks wipe out what was there, not an
 * escape sequence: any terminal will do.  A line never fills the last column,
 * or it would not be the same line the next time. */
#include "progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_MS 100
#define BAR 20
#define ROOM 128

/* Rates and times of the first moments would only dance. */
#define SETTLED_MS 1000

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int columns_there(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

/* "[####------]  40 %". */
static void format_bar(double part, char *out, size_t room)
{
    char bar[BAR + 1];
    int full = (int)(part * BAR);

    memset(bar, '-', BAR);
    memset(bar, '#', (size_t)full);
    bar[BAR] = '\0';
    snprintf(out, room, " [%s] %3d %%", bar, (int)(part * 100));
}

/* "0:17", "1:02:03". */
static void format_time(double seconds, char *out, size_t room)
{
    long long s = seconds < 1e9 ? (long long)(seconds + 0.5) : 1000000000;

    if (s < 3600)
        snprintf(out, room, "%lld:%02lld", s / 60, s % 60);
    else
        snprintf(out, room, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60,
                 s % 60);
}

int progress_format(const progress *p, int64_t now, int columns, char *out,
                    size_t room)
{
    double ms = (double)(now - p->begun_ms);
    double at = (double)(p->at < p->total ? p->at : p->total);
    char bar[BAR + 16] = "", rate[40] = "", left[40] = "", time[24];
    int n;

    if (p->total > 0)
        format_bar(at / (double)p->total, bar, sizeof bar);
    if (ms >= SETTLED_MS)
        snprintf(rate, sizeof rate, ", %.0f/s", (double)p->entries * 1000 / ms);
    if (ms >= SETTLED_MS && at > 0) {
        format_time(((double)p->total - at) * ms / at / 1000, time,
                    sizeof time);
        snprintf(left, sizeof left, ", %s left", time);
    }
    n = snprintf(out, room, "%s%s  %lld entries%s%s", p->c->command->name, bar,
                 (long long)p->entries, rate, left);
    if (n >= (int)room)
        n = (int)room - 1;
    if (n >= columns)
        n = columns > 0 ? columns - 1 : 0;
    out[n] = '\0';
    return n;
}

void progress_begin(progress *p, const cli *c, int is_shown, int64_t total)
{
    *p = (progress){
        .c = c, .is_shown = is_shown, .total = total, .begun_ms = now_ms()};
}

void progress_add(progress *p, int64_t entries, int64_t at)
{
    char line[ROOM];
    int64_t now;
    int n;

    p->entries += entries;
    p->at = at;
    if (!p->is_shown || (now = now_ms()) - p->shown_ms < INTERVAL_MS)
        return;
    p->shown_ms = now;
    n = progress_format(p, now, columns_there(), line, sizeof line);
    fprintf(stderr, "\r%s%*s", line, p->width > n ? p->width - n : 0, "");
    p->width = n;
}

void progress_end(progress *p)
{
    if (p->width > 0)
        fprintf(stderr, "\r%*s\r", p->width, "");
    p->width = 0;
}
