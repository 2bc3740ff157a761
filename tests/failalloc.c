/* SPDX-License-Identifier: MIT */
/* SQLite's allocator between its own shutdown and start, which is the only
 * time that it can be exchanged. */
#include "failalloc.h"

#include <sqlite3.h>
#include <stddef.h>

static sqlite3_mem_methods usual;
static long asked, live, fail_at, fired;

static int must_fail(void)
{
    int fail = asked++ == fail_at;

    fired |= fail;
    return fail;
}

static void *fail_malloc(int n)
{
    void *p = must_fail() ? NULL : usual.xMalloc(n);

    live += p != NULL;
    return p;
}

static void *fail_realloc(void *p, int n)
{
    return must_fail() ? NULL : usual.xRealloc(p, n);
}

static void fail_free(void *p)
{
    live -= p != NULL;
    usual.xFree(p);
}

void failalloc_begin(long n)
{
    sqlite3_mem_methods mine;

    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual);
    mine = usual;
    mine.xMalloc = fail_malloc;
    mine.xRealloc = fail_realloc;
    mine.xFree = fail_free;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &mine);
    asked = live = fired = 0;
    fail_at = -1;
    sqlite3_initialize();
    live = 0; /* what SQLite keeps for itself */
    asked = 0;
    fail_at = n;
}

int failalloc_end(void)
{
    fail_at = -1;
    long left = live;

    sqlite3_shutdown();
    live = left;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &usual);
    sqlite3_initialize();
    return (int)fired;
}

long failalloc_live(void)
{
    return live;
}
