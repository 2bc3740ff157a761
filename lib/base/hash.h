/* SPDX-License-Identifier: MIT */
/* SHA-256 and HMAC-SHA-256 over OpenSSL's EVP (hash.c, which with alloc.c
 * alone knows OpenSSL), CRC-32 over zlib or our own table (crc32.c). */
#ifndef DDBI_HASH_H
#define DDBI_HASH_H

#include "base/alloc.h"

#define DDBI_SHA256_SIZE 32

/* Fetched once and reused: EVP look-ups cost more than the hashing of a
 * small request (PERFORMANCE: 13 us against 4).  One thread at a time. */
typedef struct ddbi_hasher ddbi_hasher;

ddbi_hasher *ddbi_hasher_new(void); /* NULL: no memory or no SHA-256 */
void ddbi_hasher_free(ddbi_hasher *h);

/* 0 when it worked. */
int ddbi_sha256(ddbi_hasher *h, const void *p, size_t n,
                unsigned char out[DDBI_SHA256_SIZE]);

/* Key it once, then sign many messages with copies of the keyed state. */
int ddbi_hmac_key(ddbi_hasher *h, const void *key, size_t n);
int ddbi_hmac(ddbi_hasher *h, const void *p, size_t n,
              unsigned char out[DDBI_SHA256_SIZE]);
/* Forget the key. */
void ddbi_hmac_wipe(ddbi_hasher *h);

/* CRC-32 (IEEE, as zlib's). */
uint32_t ddbi_crc32(const void *p, size_t n);

#endif
