/* SPDX-License-Identifier: MIT */
/*
 * A bump allocator.  An item of an answer is some dozen small pieces that
 * live and die together; taking each from malloc would cost more than
 * reading it.  Pieces are cut from chunks whose size doubles up to a limit;
 * a piece too large for that gets a chunk of its own behind the one in use,
 * so that the room left there is not lost.
 */
#include "base/arena.h"

#include "base/alloc.h"

#include <stdalign.h>
#include <string.h>

#define FIRST_CHUNK 1024
#define LAST_CHUNK (64 * 1024) /* below where malloc turns to mmap */
#define ALIGNMENT alignof(max_align_t)

struct ddbi_chunk {
    ddbi_chunk *older;
    size_t size; /* of data */
    alignas(max_align_t) char data[];
};

static void fail_nomem(ddbi_arena *a)
{
    if (a->failed == DDB_OK)
        a->failed = DDB_NOMEM;
}

static ddbi_chunk *new_chunk(ddbi_arena *a, size_t size)
{
    ddbi_chunk *c = NULL;
    size_t n;

    if (ddbi_add_size(size, sizeof *c, &n) == 0)
        c = ddbi_malloc(n);
    if (!c) {
        fail_nomem(a);
        return NULL;
    }
    c->size = size;
    return c;
}

static void use_chunk(ddbi_arena *a, ddbi_chunk *c)
{
    a->head = c;
    a->next = c->data;
    a->end = c->data + c->size;
}

/* Room for n bytes at a->next is wanted and not there.  Returns it, taken
 * and aligned. */
static char *take_new(ddbi_arena *a, size_t n)
{
    size_t size = FIRST_CHUNK - sizeof(ddbi_chunk);
    ddbi_chunk *c;

    if (a->head && a->head->size < LAST_CHUNK / 2)
        size = a->head->size * 2;
    else if (a->head)
        size = LAST_CHUNK - sizeof(ddbi_chunk);
    if (a->head && n > size / 2) {
        c = new_chunk(a, n);
        if (!c)
            return NULL;
        c->older = a->head->older;
        a->head->older = c;
        return c->data;
    }
    c = new_chunk(a, size > n ? size : n);
    if (!c)
        return NULL;
    c->older = a->head;
    use_chunk(a, c);
    a->next += n;
    return c->data;
}

char *ddbi_arena_bytes(ddbi_arena *a, size_t n)
{
    char *p = a->next;

    if (!p || n > (size_t)(a->end - p))
        return take_new(a, n);
    a->next += n;
    return p;
}

void *ddbi_arena_alloc(ddbi_arena *a, size_t n)
{
    size_t pad = -(uintptr_t)a->next & (ALIGNMENT - 1);

    if (!a->next || pad > (size_t)(a->end - a->next) ||
        n > (size_t)(a->end - a->next) - pad)
        return take_new(a, n);
    a->next += pad + n;
    return a->next - n;
}

char *ddbi_arena_dup(ddbi_arena *a, const void *p, size_t n)
{
    size_t size;
    char *copy;

    if (ddbi_add_size(n, 1, &size)) {
        fail_nomem(a);
        return NULL;
    }
    copy = ddbi_arena_bytes(a, size);
    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}

void *ddbi_arena_grow(ddbi_arena *a, void *p, size_t old_n, size_t new_n)
{
    void *larger;

    /* The last piece cut grows where it is. */
    if (p && (char *)p + old_n == a->next && new_n >= old_n &&
        new_n - old_n <= (size_t)(a->end - a->next)) {
        a->next += new_n - old_n;
        return p;
    }
    larger = ddbi_arena_alloc(a, new_n);
    if (larger && p)
        memcpy(larger, p, old_n < new_n ? old_n : new_n);
    return larger;
}

static void free_chunks(ddbi_chunk *c)
{
    while (c) {
        ddbi_chunk *older = c->older;

        ddbi_free(c);
        c = older;
    }
}

size_t ddbi_arena_size(const ddbi_arena *a)
{
    size_t n = 0;

    for (const ddbi_chunk *c = a->head; c; c = c->older)
        n += sizeof *c + c->size;
    return n;
}

void ddbi_arena_reset(ddbi_arena *a)
{
    ddbi_chunk **best = &a->head;
    ddbi_chunk *kept;

    a->failed = DDB_OK;
    a->why = NULL;
    if (!a->head)
        return;
    for (ddbi_chunk **c = &a->head; *c; c = &(*c)->older)
        if ((*c)->size > (*best)->size)
            best = c;
    kept = *best;
    *best = kept->older;
    free_chunks(a->head);
    kept->older = NULL;
    use_chunk(a, kept);
}

void ddbi_arena_free(ddbi_arena *a)
{
    free_chunks(a->head);
    *a = (ddbi_arena){0};
}
