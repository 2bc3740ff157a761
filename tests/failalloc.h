/* SPDX-License-Identifier: MIT */
/* SQLite's memory, failing on demand, as oom.h does with ours.  No connection
 * may be open at begin and end. */
#ifndef FAILALLOC_H
#define FAILALLOC_H

/* The n-th allocation from now on fails, counted from 0, and later ones work
 * again. */
void failalloc_begin(long n);
/* Put the usual allocator back.  1: an allocation was made to fail. */
int failalloc_end(void);
/* Blocks that were not freed. */
long failalloc_live(void);

#endif
