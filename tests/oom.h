/* SPDX-License-Identifier: MIT */
/*
 * An allocator that fails on demand, for loops over every allocation:
 *
 *     for (long n = 0;; n++) {
 *         oom_begin(n);
 *         code = operation(&out);
 *         ... free what came of it ...
 *         if (!oom_end())
 *             break;                     (it succeeded: no n-th allocation)
 *         ck_assert_int_eq(code, DDB_NOMEM);
 *         ck_assert_int_eq(oom_live(), 0);
 *     }
 *
 * It counts only what goes through ddb_set_allocator(), of all threads.
 */
#ifndef OOM_H
#define OOM_H

/* Install it: the n-th allocation from now on fails, counted from 0, and
 * later ones work again.  n < 0: none fails.  Counts start anew. */
void oom_begin(long n);
/* The same, but every allocation from the n-th on fails. */
void oom_begin_for_ever(long n);
/* Put the usual allocator back.  1: an allocation was made to fail. */
int oom_end(void);
/* Blocks allocated since begin that were not freed; negative: more were
 * freed than allocated.  Good after oom_end() too. */
long oom_live(void);
/* Allocations asked for since begin. */
long oom_asked(void);

#endif
