/* SPDX-License-Identifier: MIT */
/* As failhash.c, a floor below: what OpenSSL refuses, without memory or
 * without SHA-256, hash.c must tell. */
#include "failevp.h"

#include <openssl/evp.h>

#include <stdatomic.h>

static atomic_long calls;
static atomic_int fired;
static atomic_long fail_at = -1;

static int must_fail(void)
{
    if (atomic_fetch_add(&calls, 1) != atomic_load(&fail_at))
        return 0;
    atomic_store(&fired, 1);
    return 1;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

#define WRAP(type, name, parameters, arguments, failure)                       \
    type __real_##name parameters;                                             \
    type __wrap_##name parameters;                                             \
    type __wrap_##name parameters                                              \
    {                                                                          \
        return must_fail() ? (failure) : __real_##name arguments;              \
    }

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
WRAP(EVP_MD *, EVP_MD_fetch,
     (OSSL_LIB_CTX * library, const char *name, const char *properties),
     (library, name, properties), NULL)
#endif
WRAP(EVP_MD_CTX *, EVP_MD_CTX_new, (void), (), NULL)
WRAP(int, EVP_DigestInit_ex,
     (EVP_MD_CTX * ctx, const EVP_MD *type, ENGINE *engine),
     (ctx, type, engine), 0)
WRAP(int, EVP_DigestUpdate, (EVP_MD_CTX * ctx, const void *p, size_t n),
     (ctx, p, n), 0)
WRAP(int, EVP_DigestFinal_ex,
     (EVP_MD_CTX * ctx, unsigned char *out, unsigned int *n), (ctx, out, n), 0)
WRAP(int, EVP_MD_CTX_copy_ex, (EVP_MD_CTX * to, const EVP_MD_CTX *from),
     (to, from), 0)

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

void failevp_begin(long n)
{
    atomic_store(&calls, 0);
    atomic_store(&fired, 0);
    atomic_store(&fail_at, n);
}

int failevp_end(void)
{
    atomic_store(&fail_at, -1);
    return atomic_load(&fired);
}
