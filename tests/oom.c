/* SPDX-License-Identifier: MIT */
/* malloc and realloc that fail at a chosen call, and count.  Blocks are the
 * system's own, so one may be freed before begin or after end. */
#include "oom.h"

#include <ddb/ddb.h>

#include <stdatomic.h>
#include <stdlib.h>

static atomic_long asked;
static atomic_long live;
static atomic_int fired;
static long fail_at = -1;
static int for_ever;

static int must_fail(void)
{
    long i = atomic_fetch_add(&asked, 1);

    if (fail_at < 0 || i < fail_at || (i > fail_at && !for_ever))
        return 0;
    atomic_store(&fired, 1);
    return 1;
}

static void *oom_malloc(size_t n)
{
    void *p = must_fail() ? NULL : malloc(n);

    if (p != NULL)
        atomic_fetch_add(&live, 1);
    return p;
}

static void *oom_realloc(void *old, size_t n)
{
    void *p = must_fail() ? NULL : realloc(old, n);

    if (p != NULL && old == NULL)
        atomic_fetch_add(&live, 1);
    return p;
}

static void oom_free(void *p)
{
    if (p != NULL)
        atomic_fetch_sub(&live, 1);
    free(p);
}

static void begin(long n, int ever)
{
    atomic_store(&asked, 0);
    atomic_store(&live, 0);
    atomic_store(&fired, 0);
    fail_at = n;
    for_ever = ever;
    ddb_set_allocator(oom_malloc, oom_realloc, oom_free);
}

void oom_begin(long n)
{
    begin(n, 0);
}

void oom_begin_for_ever(long n)
{
    begin(n, 1);
}

int oom_end(void)
{
    ddb_set_allocator(NULL, NULL, NULL);
    return atomic_load(&fired);
}

long oom_live(void)
{
    return atomic_load(&live);
}

long oom_asked(void)
{
    return atomic_load(&asked);
}
