/* SPDX-License-Identifier: MIT */
/* The limits of the service, checked before anything is sent.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html
 * KB and MB are powers of 1024 there. */
#ifndef DDBI_LIMITS_H
#define DDBI_LIMITS_H

#define DDBI_MAX_ITEM (400 * 1024)    /* bytes, names and values */
#define DDBI_MAX_NESTING 32           /* levels of L and M */
#define DDBI_MAX_DIGITS 38            /* significant, of N */
#define DDBI_MAX_PARTITION_KEY 2048   /* bytes */
#define DDBI_MAX_SORT_KEY 1024        /* bytes */
#define DDBI_MAX_ATTRIBUTE_NAME 65535 /* bytes */
#define DDBI_MAX_KEY_NAME 255         /* bytes, key and TTL attributes */
#define DDBI_MIN_TABLE_NAME 3
#define DDBI_MAX_TABLE_NAME 255
#define DDBI_MAX_ARN 1024
#define DDBI_MAX_EXPRESSION 4096         /* bytes */
#define DDBI_MAX_PLACEHOLDER 255         /* bytes, # and : included */
#define DDBI_MAX_SUBSTITUTIONS (2 << 20) /* bytes of all of them */
#define DDBI_MAX_REQUEST (16 << 20)      /* bytes of a body */
#define DDBI_BATCH_BODY (15 << 20)       /* where we split a batch */
#define DDBI_BATCH_WRITES 25
#define DDBI_BATCH_READS 100
#define DDBI_LIST_TABLES 100               /* names a page */
#define DDBI_MAX_ANSWER ((size_t)32 << 20) /* ours, ddb_options.max_answer */
#define DDBI_MAX_JSON_DEPTH 128            /* ours: 32 levels take 64 + 4 */

#endif
