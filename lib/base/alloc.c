/* SPDX-License-Identifier: MIT */
/*
 * The one place that calls malloc.  ddb_set_allocator() replaces it for the
 * whole process: a device gives its own heap, a test makes the n-th call
 * fail.  The three pointers are the library's only mutable global; they are
 * set before anything else runs, so they need no lock.
 *
 * Nobody asks for zero bytes (what that gives differs between systems), and
 * no size is the silent remainder of an overflow.
 */
#include "base/alloc.h"

#include <openssl/crypto.h>

#include <stdlib.h>
#include <string.h>

static struct {
    void *(*malloc_fn)(size_t);
    void *(*realloc_fn)(void *, size_t);
    void (*free_fn)(void *);
} hook = {malloc, realloc, free};

void ddb_set_allocator(void *(*malloc_fn)(size_t),
                       void *(*realloc_fn)(void *, size_t),
                       void (*free_fn)(void *))
{
    /* A mixture would hand one heap's memory to another's free. */
    int whole = malloc_fn && realloc_fn && free_fn;

    hook.malloc_fn = whole ? malloc_fn : malloc;
    hook.realloc_fn = whole ? realloc_fn : realloc;
    hook.free_fn = whole ? free_fn : free;
}

void ddb_free(void *p)
{
    ddbi_free(p);
}

void *ddbi_malloc(size_t n)
{
    return hook.malloc_fn(n ? n : 1);
}

void *ddbi_calloc(size_t count, size_t size)
{
    size_t n;
    void *p;

    if (ddbi_mul_size(count, size, &n))
        return NULL;
    p = ddbi_malloc(n);
    if (p)
        memset(p, 0, n);
    return p;
}

void *ddbi_realloc(void *p, size_t n)
{
    return hook.realloc_fn(p, n ? n : 1);
}

void *ddbi_realloc_array(void *p, size_t count, size_t size)
{
    size_t n;

    if (ddbi_mul_size(count, size, &n))
        return NULL;
    return ddbi_realloc(p, n);
}

void ddbi_free(void *p)
{
    if (p)
        hook.free_fn(p);
}

char *ddbi_strdup(const char *s)
{
    return s ? ddbi_memdup(s, strlen(s)) : NULL;
}

char *ddbi_memdup(const void *p, size_t n)
{
    size_t size;
    char *copy;

    if (ddbi_add_size(n, 1, &size))
        return NULL;
    copy = ddbi_malloc(size);
    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}

void ddbi_wipe(void *p, size_t n)
{
    if (n)
        OPENSSL_cleanse(p, n);
}

void ddbi_wipe_free(char *s)
{
    if (s)
        ddbi_wipe(s, strlen(s));
    ddbi_free(s);
}

int ddbi_add_size(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b)
        return -1;
    *out = a + b;
    return 0;
}

int ddbi_mul_size(size_t a, size_t b, size_t *out)
{
    if (b && a > SIZE_MAX / b)
        return -1;
    *out = a * b;
    return 0;
}
