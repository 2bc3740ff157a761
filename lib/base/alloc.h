/* SPDX-License-Identifier: MIT */
/* Memory: the one place that calls malloc, replaceable by
 * ddb_set_allocator(); sizes that cannot overflow; secrets wiped. */
#ifndef DDBI_ALLOC_H
#define DDBI_ALLOC_H

#include <ddb/ddb.h>

/* NULL: out of memory.  A size of 0 gets one byte. */
void *ddbi_malloc(size_t n);
void *ddbi_calloc(size_t count, size_t size); /* zeroed; NULL on overflow */
void *ddbi_realloc(void *p, size_t n);
void *ddbi_realloc_array(void *p, size_t count, size_t size);
void ddbi_free(void *p);

/* Copies with a NUL behind them; NULL: out of memory.  strdup(NULL) is NULL. */
char *ddbi_strdup(const char *s);
char *ddbi_memdup(const void *p, size_t n);

/* Overwrite what held a secret; the compiler may not drop it. */
void ddbi_wipe(void *p, size_t n);
/* The same for a string, then free it; NULL is fine. */
void ddbi_wipe_free(char *s);

/* *out = a op b; 0 when it does not overflow. */
int ddbi_add_size(size_t a, size_t b, size_t *out);
int ddbi_mul_size(size_t a, size_t b, size_t *out);

#endif
