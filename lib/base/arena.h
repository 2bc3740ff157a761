/* SPDX-License-Identifier: MIT */
/* A bump allocator: what an item or a page is made of, freed at once. */
#ifndef DDBI_ARENA_H
#define DDBI_ARENA_H

#include <ddb/ddb.h>

typedef struct ddbi_arena ddbi_arena;
typedef struct ddbi_chunk ddbi_chunk;

struct ddbi_arena {
    ddbi_chunk *head; /* the one in use, older ones behind it */
    char *next;       /* free bytes of it */
    char *end;
    ddb_code failed; /* the first failure of whoever uses it; sticky */
    const char *why; /* of failed, text of the arena's life; may be NULL */
};

/* Zeroed memory is an empty arena. */

/* n bytes aligned for any object, not zeroed.  NULL: no memory, failed is
 * set. */
void *ddbi_arena_alloc(ddbi_arena *a, size_t n);
/* n bytes of any alignment, for text. */
char *ddbi_arena_bytes(ddbi_arena *a, size_t n);
/* A copy with a NUL behind it. */
char *ddbi_arena_dup(ddbi_arena *a, const void *p, size_t n);
/* A larger array with the old one's content; p NULL and old 0 start one. */
void *ddbi_arena_grow(ddbi_arena *a, void *p, size_t old_n, size_t new_n);
/* Bytes that it holds, used or not. */
size_t ddbi_arena_size(const ddbi_arena *a);
/* Forget all; one chunk is kept for reuse. */
void ddbi_arena_reset(ddbi_arena *a);
void ddbi_arena_free(ddbi_arena *a);

#endif
