/* SPDX-License-Identifier: MIT */
/* Both CRCs: the library's, which is zlib's when it was built with zlib, and
 * our own, which is compiled in here whatever the library has. */
#include "tests.h"

#include "base/hash.h"
#include "rng.h"

#include <string.h>

uint32_t own_crc32(const void *p, size_t n);

#undef DDB_WITH_ZLIB
#define ddbi_crc32 own_crc32
#include "base/crc32.c"
#undef ddbi_crc32

static const struct {
    const char *text;
    uint32_t crc;
} vectors[] = {
    {"", 0},
    {"{}", 2745614147u},
    {"123456789", 3421780262u},
    {"healthy: dynamodb.us-east-1.amazonaws.com ", 3128867991u},
    {"<UnknownOperationException/>\n", 3552371480u},
};

START_TEST(known_answers)
{
    const char *text = vectors[_i].text;

    ck_assert_uint_eq(ddbi_crc32(text, strlen(text)), vectors[_i].crc);
    ck_assert_uint_eq(own_crc32(text, strlen(text)), vectors[_i].crc);
}
END_TEST

/* By the definition, bit by bit. */
static uint32_t slow_crc32(const unsigned char *p, size_t n)
{
    uint32_t crc = 0xffffffffu;

    while (n-- > 0) {
        crc ^= *p++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

START_TEST(agrees_with_the_definition_at_every_length_and_alignment)
{
    unsigned char bytes[200];
    rng r = {1};

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)rng_next(&r);
    for (size_t at = 0; at < 16; at++) {
        for (size_t n = 0; n + at <= sizeof bytes; n++) {
            uint32_t crc = slow_crc32(bytes + at, n);

            ck_assert_uint_eq(own_crc32(bytes + at, n), crc);
            ck_assert_uint_eq(ddbi_crc32(bytes + at, n), crc);
        }
    }
}
END_TEST

START_TEST(every_byte_of_the_table_is_right)
{
    unsigned char bytes[8];

    for (unsigned place = 0; place < 8; place++) {
        for (unsigned c = 0; c < 256; c++) {
            memset(bytes, 0, sizeof bytes);
            bytes[place] = (unsigned char)c;
            ck_assert_uint_eq(own_crc32(bytes, sizeof bytes),
                              slow_crc32(bytes, sizeof bytes));
        }
    }
}
END_TEST

Suite *suite_crc32(void)
{
    Suite *s = suite_create("crc32");
    TCase *tc = tcase_create("crc32");

    tcase_add_loop_test(tc, known_answers, 0, ROWS(vectors));
    tcase_add_test(tc,
                   agrees_with_the_definition_at_every_length_and_alignment);
    tcase_add_test(tc, every_byte_of_the_table_is_right);
    suite_add_tcase(s, tc);
    return s;
}
