/* SPDX-License-Identifier: MIT */
/* SIGPIPE kept off the calling thread, without touching any handler. */
#ifndef DDBI_SIGPIPE_H
#define DDBI_SIGPIPE_H

#include <signal.h>

typedef struct {
    int active;
    int blocked;     /* it was blocked before */
    int was_pending; /* and somebody else's was waiting */
    sigset_t old;
} ddbi_sigpipe;

/* Block it for this thread; wanted 0: do nothing. */
ddbi_sigpipe ddbi_sigpipe_block(int wanted);
/* Take away one that came since, and put the mask back. */
void ddbi_sigpipe_restore(const ddbi_sigpipe *g);

#endif
