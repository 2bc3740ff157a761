/* SPDX-License-Identifier: MIT */
/*
 * When to try again: the "standard" mode of the AWS SDKs, behaviour 2.1.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 * Pure but for the bucket, whose tokens all calls of a client share.
 */
#ifndef DDBI_RETRY_H
#define DDBI_RETRY_H

#include <ddb/ddb.h>
#include <stdatomic.h>

#define DDBI_RETRY_ATTEMPTS 4  /* of a call to DynamoDB, the first included */
#define DDBI_RETRY_TOKENS 500  /* what a full bucket holds */
#define DDBI_COST_THROTTLE 5   /* tokens of a retry after a throttle */
#define DDBI_COST_TRANSIENT 14 /* of any other */
#define DDBI_REFUND_FIRST 1    /* for a call that needed no retry */

/* A client whose calls keep failing runs out of tokens and stops retrying,
 * so that a service in trouble is not hit harder.  Threads share it. */
typedef struct {
    atomic_int tokens;
} ddbi_bucket;

void ddbi_bucket_init(ddbi_bucket *b);
/* 1: taken; 0: there are not as many. */
int ddbi_bucket_take(ddbi_bucket *b, int tokens);
void ddbi_bucket_refund(ddbi_bucket *b, int tokens);

/* Why a call is repeated. */
typedef enum {
    DDBI_RETRY_TRANSIENT, /* network, HTTP 5xx */
    DDBI_RETRY_THROTTLE,
    DDBI_RETRY_SLOW_THROTTLE /* of CreateTable and the like */
} ddbi_retry_kind;

int ddbi_retry_cost(ddbi_retry_kind kind);

/* Milliseconds to wait before retry i (0: the first).  random is uniform
 * over its range.  hint: x-amz-retry-after in milliseconds, negative: none;
 * it can lengthen the wait by 5 s at most. */
int64_t ddbi_retry_delay(ddbi_retry_kind kind, int i, uint32_t random,
                         int64_t hint);

#endif
