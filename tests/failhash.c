/* SPDX-License-Identifier: MIT */
/* Stands before base/hash.h: the linker's --wrap=NAME sends the library's
 * calls of NAME to __wrap_NAME, and __real_NAME is the library's own. */
#include "failhash.h"

#include "base/hash.h"

#include <stdatomic.h>

static atomic_long digests;
static atomic_long keys;
static atomic_long macs;
static atomic_long calls;
static atomic_int fired;
static long fail_at = -1;

static int must_fail(atomic_long *kind)
{
    atomic_fetch_add(kind, 1);
    if (atomic_fetch_add(&calls, 1) != fail_at)
        return 0;
    atomic_store(&fired, 1);
    return 1;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

int __real_ddbi_sha256(ddbi_hasher *h, const void *p, size_t n,
                       unsigned char out[DDBI_SHA256_SIZE]);
int __wrap_ddbi_sha256(ddbi_hasher *h, const void *p, size_t n,
                       unsigned char out[DDBI_SHA256_SIZE]);
int __real_ddbi_hmac_key(ddbi_hasher *h, const void *key, size_t n);
int __wrap_ddbi_hmac_key(ddbi_hasher *h, const void *key, size_t n);
int __real_ddbi_hmac(ddbi_hasher *h, const void *p, size_t n,
                     unsigned char out[DDBI_SHA256_SIZE]);
int __wrap_ddbi_hmac(ddbi_hasher *h, const void *p, size_t n,
                     unsigned char out[DDBI_SHA256_SIZE]);

int __wrap_ddbi_sha256(ddbi_hasher *h, const void *p, size_t n,
                       unsigned char out[DDBI_SHA256_SIZE])
{
    return must_fail(&digests) ? -1 : __real_ddbi_sha256(h, p, n, out);
}

int __wrap_ddbi_hmac_key(ddbi_hasher *h, const void *key, size_t n)
{
    return must_fail(&keys) ? -1 : __real_ddbi_hmac_key(h, key, n);
}

int __wrap_ddbi_hmac(ddbi_hasher *h, const void *p, size_t n,
                     unsigned char out[DDBI_SHA256_SIZE])
{
    return must_fail(&macs) ? -1 : __real_ddbi_hmac(h, p, n, out);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

void failhash_begin(long n)
{
    atomic_store(&digests, 0);
    atomic_store(&keys, 0);
    atomic_store(&macs, 0);
    atomic_store(&calls, 0);
    atomic_store(&fired, 0);
    fail_at = n;
}

int failhash_end(failhash_count *counts)
{
    fail_at = -1;
    if (counts != NULL) {
        counts->digests = atomic_load(&digests);
        counts->keys = atomic_load(&keys);
        counts->macs = atomic_load(&macs);
    }
    return atomic_load(&fired);
}
