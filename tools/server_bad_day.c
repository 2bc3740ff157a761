/* SPDX-License-Identifier: MIT */
/* A bad day: see the header.  Each question draws from its own stream of
 * numbers, so that one option does not change what another one does. */
#include "server_bad_day.h"

enum { OF_FAILURE = 1, OF_MOMENT, OF_STATUS, OF_LATENCY, OF_ITEM };

/* The mixing step of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* From 0 on, below 1. */
static double draw(const server_options *o, uint64_t stream, uint64_t n,
                   uint64_t i)
{
    uint64_t x = mix(mix(mix((uint64_t)o->seed ^ stream << 56) + n) + i);

    return (double)(x >> 11) / (double)(UINT64_C(1) << 53);
}

server_fate server_fate_of(const server_options *o, uint64_t n)
{
    int64_t spread = o->latency.most - o->latency.least + 1;
    server_fate f = {.failure = SERVER_FINE, .latency = o->latency.least};

    if (spread > 1)
        f.latency += (int64_t)(draw(o, OF_LATENCY, n, 0) * (double)spread);
    if (o->fail_rate > 0 && draw(o, OF_FAILURE, n, 0) < o->fail_rate) {
        f.failure = draw(o, OF_MOMENT, n, 0) < 0.5 ? SERVER_FAIL_BEFORE
                                                   : SERVER_FAIL_AFTER;
        f.status = draw(o, OF_STATUS, n, 0) < 0.75 ? 500 : 503;
    }
    return f;
}

int server_unprocessed(const server_options *o, uint64_t n, uint64_t i)
{
    return o->unprocessed_rate > 0 &&
           draw(o, OF_ITEM, n, i) < o->unprocessed_rate;
}

int server_is_random(const server_options *o)
{
    return o->latency.most > o->latency.least || o->fail_rate > 0 ||
           o->unprocessed_rate > 0;
}
