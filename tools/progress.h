/* SPDX-License-Identifier: MIT */
/* How far it is, on stderr: one line that is written over,
 *
 *     import [######--------------]  31 %  6200 entries, 812/s, 0:17 left
 *
 * and without a total
 *
 *     import  6200 entries, 812/s
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "cli.h"

typedef struct {
    const cli *c;
    int is_shown;
    int64_t total;   /* of what at counts; 0: not known */
    int64_t at;      /* entries, or bytes of the file */
    int64_t entries; /* done */
    int64_t begun_ms;
    int64_t shown_ms; /* when the line was last written */
    int width;        /* columns of it that are not blank */
} progress;

/* Begin, with the time that runs from now on. */
void progress_begin(progress *p, const cli *c, int is_shown, int64_t total);
/* So many entries more, and where that is. */
void progress_add(progress *p, int64_t entries, int64_t at);
/* Take the line away: what follows begins at its start. */
void progress_end(progress *p);

/* The line for a terminal of so many columns, less than room bytes and than
 * columns; returns its length. */
int progress_format(const progress *p, int64_t now_ms, int columns, char *out,
                    size_t room);

#endif
