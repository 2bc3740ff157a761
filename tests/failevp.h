/* SPDX-License-Identifier: MIT */
/* OpenSSL that fails on demand.  The linker puts it before the functions
 * that lib/base/hash.c calls (--wrap); all but the chosen call go through. */
#ifndef FAILEVP_H
#define FAILEVP_H

/* The n-th call from now on fails, counted from 0. */
void failevp_begin(long n);
/* None fails any more.  1: a call was made to fail. */
int failevp_end(void);

#endif
