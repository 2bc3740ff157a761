/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/enc.h"
#include "base/hash.h"
#include "failevp.h"
#include "oom.h"

#include <stdlib.h>
#include <string.h>

static ddbi_hasher *hasher;

static void set_up(void)
{
    hasher = ddbi_hasher_new();
    ck_assert_ptr_nonnull(hasher);
}

static void tear_down(void)
{
    ddbi_hasher_free(hasher);
}

static void check_hex(const unsigned char *digest, const char *hex)
{
    char text[2 * DDBI_SHA256_SIZE + 1] = {0};

    ddbi_hex(text, digest, DDBI_SHA256_SIZE);
    ck_assert_str_eq(text, hex);
}

/* FIPS 180-4's examples, of one block and two. */
static const struct {
    const char *text, *hex;
} digests[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb924"
         "27ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223"
            "b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(sha256_known_answers)
{
    unsigned char out[DDBI_SHA256_SIZE];

    for (int again = 0; again < 2; again++) {
        ck_assert_int_eq(ddbi_sha256(hasher, digests[_i].text,
                                     strlen(digests[_i].text), out),
                         0);
        check_hex(out, digests[_i].hex);
    }
}
END_TEST

START_TEST(sha256_of_a_million_letters)
{
    unsigned char out[DDBI_SHA256_SIZE];
    char *text = malloc(1000000);

    memset(text, 'a', 1000000);
    ck_assert_int_eq(ddbi_sha256(hasher, text, 1000000, out), 0);
    free(text);
    check_hex(out, "cdc76e5c9914fb9281a1c7e284d73e67"
                   "f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

/* RFC 4231: a key is the byte fill, or text, key_n times or bytes. */
static const struct {
    const char *key;
    unsigned char fill;
    size_t key_n;
    const char *text;
    const char *hex;
} macs[] = {
    {NULL, 0x0b, 20, "Hi There",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"Jefe", 0, 4, "what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {NULL, 0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {NULL, 0xaa, 131,
     "This is a test using a larger than block-size key and a larger than "
     "block-size data. The key needs to be hashed before being used by the "
     "HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    {NULL, 0, 0, "",
     "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
};

static void key_with(int i)
{
    char key[131];

    memset(key, macs[i].fill, sizeof key);
    if (macs[i].key)
        memcpy(key, macs[i].key, macs[i].key_n);
    ck_assert_int_eq(
        ddbi_hmac_key(hasher, macs[i].key_n ? key : NULL, macs[i].key_n), 0);
}

static void check_mac(int i)
{
    unsigned char out[DDBI_SHA256_SIZE];

    ck_assert_int_eq(ddbi_hmac(hasher, macs[i].text, strlen(macs[i].text), out),
                     0);
    check_hex(out, macs[i].hex);
}

START_TEST(hmac_known_answers)
{
    key_with(_i);
    check_mac(_i);
}
END_TEST

START_TEST(one_key_signs_many_messages)
{
    unsigned char out[DDBI_SHA256_SIZE];

    key_with(1);
    for (int i = 0; i < 5; i++) {
        check_mac(1);
        ck_assert_int_eq(ddbi_sha256(hasher, "between", 7, out), 0);
        ck_assert_int_eq(ddbi_hmac(hasher, "other", 5, out), 0);
    }
    key_with(0);
    check_mac(0);
}
END_TEST

START_TEST(nothing_is_signed_without_a_key)
{
    unsigned char out[DDBI_SHA256_SIZE];

    ck_assert_int_ne(ddbi_hmac(hasher, "x", 1, out), 0);
    key_with(0);
    ddbi_hmac_wipe(hasher);
    ck_assert_int_ne(ddbi_hmac(hasher, "x", 1, out), 0);
    ddbi_hmac_wipe(hasher);
    ck_assert_int_eq(ddbi_sha256(hasher, "abc", 3, out), 0);
    check_hex(out, digests[1].hex);
    key_with(1);
    check_mac(1);
}
END_TEST

START_TEST(no_memory_is_null)
{
    ddbi_hasher *h;

    oom_begin(0);
    h = ddbi_hasher_new();
    ck_assert_int_eq(oom_end(), 1);
    ck_assert_ptr_null(h);
    oom_begin(1);
    h = ddbi_hasher_new();
    ddbi_hasher_free(h);
    ck_assert_int_eq(oom_end(), 0);
    ck_assert_ptr_nonnull(h);
    ck_assert_int_eq(oom_live(), 0);
    ddbi_hasher_free(NULL);
}
END_TEST

/* -1: some call failed; then the digests are not looked at. */
static int use_everything(ddbi_hasher *h)
{
    unsigned char out[DDBI_SHA256_SIZE];
    char key[100] = {0};

    return ddbi_sha256(h, "x", 1, out) || ddbi_hmac_key(h, "k", 1) ||
                   ddbi_hmac(h, "x", 1, out) ||
                   ddbi_hmac_key(h, key, sizeof key)
               ? -1
               : 0;
}

START_TEST(every_refusal_of_openssl_is_told)
{
    int failed = 1;

    for (long n = 0; failed; n++) {
        ddbi_hasher *h;
        int got = -1;

        failevp_begin(n);
        h = ddbi_hasher_new();
        if (h)
            got = use_everything(h);
        failed = failevp_end();
        ck_assert_int_eq(got != 0, failed);
        ddbi_hasher_free(h);
        ck_assert_int_lt(n, 100);
    }
}
END_TEST

START_TEST(a_key_that_was_refused_signs_nothing)
{
    unsigned char out[DDBI_SHA256_SIZE];
    int failed = 1;

    for (long n = 0; failed; n++) {
        int got;

        key_with(0);
        failevp_begin(n);
        got = ddbi_hmac_key(hasher, "k", 1);
        failed = failevp_end();
        ck_assert_int_eq(got != 0, failed);
        ck_assert_int_eq(ddbi_hmac(hasher, "x", 1, out) != 0, failed);
    }
    key_with(1);
    check_mac(1);
}
END_TEST

Suite *suite_hash(void)
{
    Suite *s = suite_create("hash");
    TCase *tc = tcase_create("hash");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, sha256_known_answers, 0, ROWS(digests));
    tcase_add_test(tc, sha256_of_a_million_letters);
    tcase_add_loop_test(tc, hmac_known_answers, 0, ROWS(macs));
    tcase_add_test(tc, one_key_signs_many_messages);
    tcase_add_test(tc, nothing_is_signed_without_a_key);
    tcase_add_test(tc, no_memory_is_null);
    tcase_add_test(tc, every_refusal_of_openssl_is_told);
    tcase_add_test(tc, a_key_that_was_refused_signs_nothing);
    suite_add_tcase(s, tc);
    return s;
}
