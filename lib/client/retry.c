/* SPDX-License-Identifier: MIT */
/*
 * The numbers of standard mode 2.1, full jitter: a wait is drawn from
 * [0, min(base * 2^i, 20 s)), so that clients which failed together do not
 * come back together.  Control-plane throttles (LimitExceededException of
 * CreateTable: too many tables at work) clear in seconds, so there the wait
 * is drawn from the upper half of a longer range.
 */
#include "client/retry.h"

#define MAX_WAIT 20000 /* ms */
#define MAX_HINT 5000  /* ms that the service may add */

static const struct {
    int base; /* ms */
    int cost; /* tokens */
} kinds[] = {
    [DDBI_RETRY_TRANSIENT] = {25, DDBI_COST_TRANSIENT},
    [DDBI_RETRY_THROTTLE] = {1000, DDBI_COST_THROTTLE},
    [DDBI_RETRY_SLOW_THROTTLE] = {4000, DDBI_COST_THROTTLE},
};

void ddbi_bucket_init(ddbi_bucket *b)
{
    atomic_init(&b->tokens, DDBI_RETRY_TOKENS);
}

int ddbi_bucket_take(ddbi_bucket *b, int tokens)
{
    int have = atomic_load(&b->tokens);

    do {
        if (have < tokens)
            return 0;
    } while (!atomic_compare_exchange_weak(&b->tokens, &have, have - tokens));
    return 1;
}

void ddbi_bucket_refund(ddbi_bucket *b, int tokens)
{
    int have = atomic_load(&b->tokens);
    int then;

    do {
        if (have >= DDBI_RETRY_TOKENS)
            return;
        then = have + tokens;
        if (then > DDBI_RETRY_TOKENS)
            then = DDBI_RETRY_TOKENS;
    } while (!atomic_compare_exchange_weak(&b->tokens, &have, then));
}

int ddbi_retry_cost(ddbi_retry_kind kind)
{
    return kinds[kind].cost;
}

int64_t ddbi_retry_delay(ddbi_retry_kind kind, int i, uint32_t random,
                         int64_t hint)
{
    uint64_t range = MAX_WAIT;
    int64_t wait;

    /* 2^10 times any base is beyond the cap already. */
    if (i < 10 && ((uint64_t)kinds[kind].base << i) < range)
        range = (uint64_t)kinds[kind].base << i;
    wait = (int64_t)((range * random) >> 32);
    if (kind == DDBI_RETRY_SLOW_THROTTLE)
        wait = (int64_t)range / 2 + wait / 2;
    if (hint <= wait)
        return wait;
    return hint < wait + MAX_HINT ? hint : wait + MAX_HINT;
}
