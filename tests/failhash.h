/* SPDX-License-Identifier: MIT */
/* Hashing that fails on demand.  The linker puts it before the library's
 * own (--wrap); all but the chosen call go through. */
#ifndef FAILHASH_H
#define FAILHASH_H

/* Calls of base/hash.h since begin. */
typedef struct {
    long digests; /* ddbi_sha256() */
    long keys;    /* ddbi_hmac_key() */
    long macs;    /* ddbi_hmac() */
} failhash_count;

/* The n-th call from now on fails, counted from 0; n < 0: none does. */
void failhash_begin(long n);
/* 1: a call was made to fail.  counts may be NULL. */
int failhash_end(failhash_count *counts);

#endif
