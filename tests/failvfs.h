/* SPDX-License-Identifier: MIT */
/*
 * A bad disk below SQLite, for every connection opened between begin and end.
 *
 * I/O fails at a chosen operation, once or from then on.  And power may be
 * lost: then of every file there is what it was at its last fsync, and of what
 * was written since then any part, as whole or torn sectors.
 */
#ifndef FAILVFS_H
#define FAILVFS_H

#include <stdint.h>

typedef enum {
    FAILVFS_IO,  /* any operation fails with an I/O error */
    FAILVFS_FULL /* what needs room: half of it is written */
} failvfs_kind;

/* The n-th operation of this kind fails, counted from 0, and every later one
 * if for_ever.  n < 0: none. */
void failvfs_begin(long n, failvfs_kind kind, int for_ever);
/* No connection may be open.  1: an operation was made to fail. */
int failvfs_end(void);
/* As a network's file system may be. */
void failvfs_share_no_memory(void);
/* From now on all goes well. */
void failvfs_mend(void);
/* fsyncs since begin. */
long failvfs_syncs(void);

/* Write the files as they might be found if power was lost now into another
 * folder; the seed decides.  The live ones go on. */
void failvfs_lose_power(const char *folder, uint64_t seed);

#endif
