/* SPDX-License-Identifier: MIT */
/*
 * SHA-256, HMAC-SHA-256 and CRC-32.
 *
 * The digest is fetched once and the contexts are kept: in OpenSSL 3 every
 * one-shot HMAC() looks its algorithm up anew, which costs more than hashing
 * a small request.  A keyed HMAC is two digest states, one that has taken in
 * the key xor ipad, one the key xor opad (RFC 2104); signing a message copies
 * them.  No deprecated function is called, and those of EVP used here are in
 * 1.1.1 too, but for the fetch.
 *
 * CRC-32 (IEEE 802.3, reflected) guards each answer (x-amz-crc32).  zlib's is
 * used where the library has zlib; else eight table look-ups take in eight
 * bytes at a time.
 */
#include "base/hash.h"

#include <openssl/evp.h>

#include <string.h>

#ifdef DDB_WITH_ZLIB
#include <zlib.h>
#endif

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

#ifdef DDB_WITH_ZLIB

uint32_t ddbi_crc32(const void *p, size_t n)
{
    return (uint32_t)crc32_z(0, p, n);
}

#else

/*
 * table[k][b] is what byte b becomes after k more zero bytes have followed
 * it.  That is linear in the bits of b, so eight numbers make a slice: those
 * of 0x01, 0x02 ... 0x80.
 */
#define B1(x, n, bit) ((n) & (bit) ? (x) : 0u)
#define ENTRY(a, b, c, d, e, f, g, h, n)                                       \
    (B1(a, n, 1) ^ B1(b, n, 2) ^ B1(c, n, 4) ^ B1(d, n, 8) ^ B1(e, n, 16) ^    \
     B1(f, n, 32) ^ B1(g, n, 64) ^ B1(h, n, 128))
#define FOUR(a, b, c, d, e, f, g, h, n)                                        \
    ENTRY(a, b, c, d, e, f, g, h, n), ENTRY(a, b, c, d, e, f, g, h, n + 1),    \
        ENTRY(a, b, c, d, e, f, g, h, n + 2),                                  \
        ENTRY(a, b, c, d, e, f, g, h, n + 3)
#define SIXTEEN(a, b, c, d, e, f, g, h, n)                                     \
    FOUR(a, b, c, d, e, f, g, h, n), FOUR(a, b, c, d, e, f, g, h, n + 4),      \
        FOUR(a, b, c, d, e, f, g, h, n + 8),                                   \
        FOUR(a, b, c, d, e, f, g, h, n + 12)
#define SIXTY_FOUR(a, b, c, d, e, f, g, h, n)                                  \
    SIXTEEN(a, b, c, d, e, f, g, h, n),                                        \
        SIXTEEN(a, b, c, d, e, f, g, h, n + 16),                               \
        SIXTEEN(a, b, c, d, e, f, g, h, n + 32),                               \
        SIXTEEN(a, b, c, d, e, f, g, h, n + 48)
#define SLICE(a, b, c, d, e, f, g, h)                                          \
    {                                                                          \
        SIXTY_FOUR(a, b, c, d, e, f, g, h, 0),                                 \
            SIXTY_FOUR(a, b, c, d, e, f, g, h, 64),                            \
            SIXTY_FOUR(a, b, c, d, e, f, g, h, 128),                           \
            SIXTY_FOUR(a, b, c, d, e, f, g, h, 192)                            \
    }

static const uint32_t table[8][256] = {
    SLICE(0x77073096u, 0xee0e612cu, 0x076dc419u, 0x0edb8832u, 0x1db71064u,
          0x3b6e20c8u, 0x76dc4190u, 0xedb88320u),
    SLICE(0x191b3141u, 0x32366282u, 0x646cc504u, 0xc8d98a08u, 0x4ac21251u,
          0x958424a2u, 0xf0794f05u, 0x3b83984bu),
    SLICE(0x01c26a37u, 0x0384d46eu, 0x0709a8dcu, 0x0e1351b8u, 0x1c26a370u,
          0x384d46e0u, 0x709a8dc0u, 0xe1351b80u),
    SLICE(0xb8bc6765u, 0xaa09c88bu, 0x8f629757u, 0xc5b428efu, 0x5019579fu,
          0xa032af3eu, 0x9b14583du, 0xed59b63bu),
    SLICE(0x3d6029b0u, 0x7ac05360u, 0xf580a6c0u, 0x30704bc1u, 0x60e09782u,
          0xc1c12f04u, 0x58f35849u, 0xb1e6b092u),
    SLICE(0xcb5cd3a5u, 0x4dc8a10bu, 0x9b914216u, 0xec53826du, 0x03d6029bu,
          0x07ac0536u, 0x0f580a6cu, 0x1eb014d8u),
    SLICE(0xa6770bb4u, 0x979f1129u, 0xf44f2413u, 0x33ef4e67u, 0x67de9cceu,
          0xcfbd399cu, 0x440b7579u, 0x8816eaf2u),
    SLICE(0xccaa009eu, 0x4225077du, 0x844a0efau, 0xd3e51bb5u, 0x7cbb312bu,
          0xf9766256u, 0x299dc2edu, 0x533b85dau),
};

static uint32_t load32(const unsigned char *s)
{
    return (uint32_t)s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 |
           (uint32_t)s[3] << 24;
}

uint32_t ddbi_crc32(const void *p, size_t n)
{
    const unsigned char *s = p;
    uint32_t crc = 0xffffffffu;

    for (; n >= 8; n -= 8, s += 8) {
        uint32_t a = crc ^ load32(s), b = load32(s + 4);

        crc = table[7][a & 255] ^ table[6][a >> 8 & 255] ^
              table[5][a >> 16 & 255] ^ table[4][a >> 24] ^ table[3][b & 255] ^
              table[2][b >> 8 & 255] ^ table[1][b >> 16 & 255] ^
              table[0][b >> 24];
    }
    for (; n > 0; n--, s++)
        crc = crc >> 8 ^ table[0][(crc ^ *s) & 255];
    return ~crc;
}

#endif
