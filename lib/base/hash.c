/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 and HMAC-SHA-256.
 *
 * The digest is fetched once and the contexts are kept: in OpenSSL 3 every
 * one-shot HMAC() looks its algorithm up anew, which costs more than hashing
 * a small request.  A keyed HMAC is two digest states, one that has taken in
 * the key xor ipad, one the key xor opad (RFC 2104); signing a message copies
 * them.  No deprecated function is called, and those of EVP used here are in
 * 1.1.1 too, but for the fetch.
 */
#include "base/hash.h"

#include <openssl/evp.h>

#include <string.h>

#define BLOCK 64 /* bytes that SHA-256 takes in at a time */

struct ddbi_hasher {
    const EVP_MD *sha256;
    EVP_MD *fetched; /* the same, when it has to be freed */
    EVP_MD_CTX *work;
    EVP_MD_CTX *inner; /* has taken in key ^ ipad */
    EVP_MD_CTX *outer; /* has taken in key ^ opad */
    int keyed;
};

static void fetch_sha256(ddbi_hasher *h)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    h->fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
    h->sha256 = h->fetched;
#else
    h->sha256 = EVP_sha256();
#endif
}

static void free_sha256(ddbi_hasher *h)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    EVP_MD_free(h->fetched);
#else
    h->sha256 = NULL;
#endif
}

ddbi_hasher *ddbi_hasher_new(void)
{
    ddbi_hasher *h = ddbi_calloc(1, sizeof *h);

    if (!h)
        return NULL;
    fetch_sha256(h);
    h->work = EVP_MD_CTX_new();
    h->inner = EVP_MD_CTX_new();
    h->outer = EVP_MD_CTX_new();
    if (h->sha256 && h->work && h->inner && h->outer)
        return h;
    ddbi_hasher_free(h);
    return NULL;
}

void ddbi_hasher_free(ddbi_hasher *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->work);
    EVP_MD_CTX_free(h->inner);
    EVP_MD_CTX_free(h->outer);
    free_sha256(h);
    ddbi_free(h);
}

int ddbi_sha256(ddbi_hasher *h, const void *p, size_t n,
                unsigned char out[DDBI_SHA256_SIZE])
{
    if (EVP_DigestInit_ex(h->work, h->sha256, NULL) != 1 ||
        EVP_DigestUpdate(h->work, p, n) != 1 ||
        EVP_DigestFinal_ex(h->work, out, NULL) != 1)
        return -1;
    return 0;
}

static int take_in_pad(ddbi_hasher *h, EVP_MD_CTX *ctx,
                       const unsigned char key[BLOCK], unsigned char pad)
{
    unsigned char block[BLOCK];
    int ok;

    for (size_t i = 0; i < BLOCK; i++)
        block[i] = key[i] ^ pad;
    ok = EVP_DigestInit_ex(ctx, h->sha256, NULL) == 1 &&
         EVP_DigestUpdate(ctx, block, BLOCK) == 1;
    ddbi_wipe(block, sizeof block);
    return ok ? 0 : -1;
}

int ddbi_hmac_key(ddbi_hasher *h, const void *key, size_t n)
{
    unsigned char block[BLOCK] = {0};

    h->keyed = 0;
    if (n > BLOCK) {
        if (ddbi_sha256(h, key, n, block) != 0)
            return -1;
    } else if (n > 0) {
        memcpy(block, key, n);
    }
    h->keyed = take_in_pad(h, h->inner, block, 0x36) == 0 &&
               take_in_pad(h, h->outer, block, 0x5c) == 0;
    ddbi_wipe(block, sizeof block);
    return h->keyed ? 0 : -1;
}

int ddbi_hmac(ddbi_hasher *h, const void *p, size_t n,
              unsigned char out[DDBI_SHA256_SIZE])
{
    unsigned char inner[DDBI_SHA256_SIZE];

    if (!h->keyed)
        return -1;
    if (EVP_MD_CTX_copy_ex(h->work, h->inner) != 1 ||
        EVP_DigestUpdate(h->work, p, n) != 1 ||
        EVP_DigestFinal_ex(h->work, inner, NULL) != 1)
        return -1;
    if (EVP_MD_CTX_copy_ex(h->work, h->outer) != 1 ||
        EVP_DigestUpdate(h->work, inner, sizeof inner) != 1 ||
        EVP_DigestFinal_ex(h->work, out, NULL) != 1)
        return -1;
    return 0;
}

void ddbi_hmac_wipe(ddbi_hasher *h)
{
    h->keyed = 0;
    /* A reset context overwrites its state before it frees it. */
    EVP_MD_CTX_reset(h->inner);
    EVP_MD_CTX_reset(h->outer);
    EVP_MD_CTX_reset(h->work);
}
