/* SPDX-License-Identifier: MIT */
/* Random numbers that are the same in every run (xorshift64*), so that a
 * property that failed fails again. */
#ifndef RNG_H
#define RNG_H

#include <stdint.h>

typedef struct {
    uint64_t state; /* the seed; not 0 */
} rng;

static inline uint64_t rng_next(rng *r)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return r->state * 0x2545f4914f6cdd1du;
}

/* 0 to n - 1 */
static inline unsigned rng_below(rng *r, unsigned n)
{
    return (unsigned)((rng_next(r) >> 32) % n);
}

#endif
