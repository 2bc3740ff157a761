/* SPDX-License-Identifier: MIT */
/*
 * CRC-32 (IEEE 802.3, reflected, as zlib's).  It guards each answer of the
 * service (x-amz-crc32).  zlib's is used where the library has zlib; else
 * eight table look-ups take in eight bytes at a time, which is several times
 * as fast as the usual one table.
 */
#include "base/hash.h"

#ifdef DDB_WITH_ZLIB

#include <zlib.h>

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
#define ENTRY(n, a, b, c, d, e, f, g, h)                                       \
    (((n)&1 ? (a) : 0) ^ ((n)&2 ? (b) : 0) ^ ((n)&4 ? (c) : 0) ^               \
     ((n)&8 ? (d) : 0) ^ ((n)&16 ? (e) : 0) ^ ((n)&32 ? (f) : 0) ^             \
     ((n)&64 ? (g) : 0) ^ ((n)&128 ? (h) : 0))
#define ENTRIES4(n, ...)                                                       \
    ENTRY(n, __VA_ARGS__), ENTRY((n) + 1, __VA_ARGS__),                        \
        ENTRY((n) + 2, __VA_ARGS__), ENTRY((n) + 3, __VA_ARGS__)
#define ENTRIES16(n, ...)                                                      \
    ENTRIES4(n, __VA_ARGS__), ENTRIES4((n) + 4, __VA_ARGS__),                  \
        ENTRIES4((n) + 8, __VA_ARGS__), ENTRIES4((n) + 12, __VA_ARGS__)
#define ENTRIES64(n, ...)                                                      \
    ENTRIES16(n, __VA_ARGS__), ENTRIES16((n) + 16, __VA_ARGS__),               \
        ENTRIES16((n) + 32, __VA_ARGS__), ENTRIES16((n) + 48, __VA_ARGS__)
#define SLICE(...)                                                             \
    {                                                                          \
        ENTRIES64(0, __VA_ARGS__), ENTRIES64(64, __VA_ARGS__),                 \
            ENTRIES64(128, __VA_ARGS__), ENTRIES64(192, __VA_ARGS__)           \
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
