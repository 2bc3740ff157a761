/* SPDX-License-Identifier: MIT */
/*
 * A library writes to a connection that has gone, and the process dies of
 * SIGPIPE: so libcurl does once CURLOPT_NOSIGNAL keeps its hands off signals.
 * The handlers belong to the program; the mask of the calling thread may be
 * borrowed for the time of a call.  A SIGPIPE that a write of ours raised is
 * then pending for this very thread, and is taken away; one that was pending
 * before is somebody else's and stays.
 */
#include "http/sigpipe.h"

#include <stddef.h>
#include <time.h>

static void only_sigpipe(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGPIPE);
}

static int is_pending(void)
{
    sigset_t set;

    sigemptyset(&set);
    return sigpending(&set) == 0 && sigismember(&set, SIGPIPE) == 1;
}

ddbi_sigpipe ddbi_sigpipe_block(int wanted)
{
    ddbi_sigpipe g = {0};
    sigset_t set;

    if (!wanted)
        return g;
    only_sigpipe(&set);
    if (pthread_sigmask(SIG_BLOCK, &set, &g.old) != 0)
        return g;
    g.active = 1;
    g.blocked = sigismember(&g.old, SIGPIPE) == 1;
    g.was_pending = g.blocked && is_pending();
    return g;
}

void ddbi_sigpipe_restore(const ddbi_sigpipe *g)
{
    const struct timespec at_once = {0, 0};
    sigset_t set;

    if (!g->active)
        return;
    only_sigpipe(&set);
    if (!g->was_pending)
        sigtimedwait(&set, NULL, &at_once);
    if (!g->blocked)
        pthread_sigmask(SIG_SETMASK, &g->old, NULL);
}
