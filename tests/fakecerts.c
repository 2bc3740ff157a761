/* SPDX-License-Identifier: MIT */
/* Certificates made while a test runs: P-256 keys, which take a millisecond,
 * so that none is in the repository and none can expire. */
#include "fakecerts.h"

#include <check.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY (24 * 60 * 60L)
#define HERE "DNS:localhost,IP:127.0.0.1"

static void add_name(X509_NAME *name, const char *text)
{
    ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)text, -1,
                                                -1, 0),
                     1);
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    ck_assert_ptr_nonnull(e);
    ck_assert_int_eq(X509_add_ext(cert, e, -1), 1);
    X509_EXTENSION_free(e);
}

static EVP_PKEY *new_key(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;

    ck_assert_int_eq(EVP_PKEY_keygen_init(ctx), 1);
    ck_assert_int_eq(
        EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1), 1);
    ck_assert_int_eq(EVP_PKEY_keygen(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static X509 *new_cert(const char *name, EVP_PKEY *key, long from, long to)
{
    static long serial;
    X509 *cert = X509_new();

    ck_assert_ptr_nonnull(cert);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), from);
    X509_gmtime_adj(X509_getm_notAfter(cert), to);
    X509_set_pubkey(cert, key);
    add_name(X509_get_subject_name(cert), name);
    return cert;
}

static void sign(X509 *cert, X509 *issuer, EVP_PKEY *key)
{
    X509_set_issuer_name(cert, X509_get_subject_name(issuer));
    ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
}

void fakecerts_new(fakecerts *ca, const char *name)
{
    FILE *f;
    int fd;

    ca->key = new_key();
    ca->cert = new_cert(name, ca->key, -DAY, 30 * DAY);
    add_extension(ca->cert, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(ca->cert, NID_key_usage, "critical,keyCertSign");
    sign(ca->cert, ca->cert, ca->key);
    snprintf(ca->file, sizeof ca->file, "/tmp/ddb-test-ca-XXXXXX");
    fd = mkstemp(ca->file);
    ck_assert_int_ge(fd, 0);
    f = fdopen(fd, "w");
    ck_assert_int_eq(PEM_write_X509(f, ca->cert), 1);
    fclose(f);
}

void fakecerts_free(fakecerts *ca)
{
    unlink(ca->file);
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
}

SSL_CTX *fakecerts_server(const fakecerts *ca, fake_cert kind)
{
    static const struct {
        const char *names;
        long from, to;
    } kinds[] = {
        [FAKE_CERT_OK] = {HERE, -DAY, 30 * DAY},
        [FAKE_CERT_WRONG_HOST] = {"DNS:other.example", -DAY, 30 * DAY},
        [FAKE_CERT_EXPIRED] = {HERE, -20 * DAY, -10 * DAY},
        [FAKE_CERT_NOT_YET] = {HERE, DAY, 30 * DAY},
        [FAKE_CERT_SELF_SIGNED] = {HERE, -DAY, 30 * DAY},
    };
    EVP_PKEY *key = new_key();
    X509 *cert = new_cert("server", key, kinds[kind].from, kinds[kind].to);
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    add_extension(cert, NID_subject_alt_name, kinds[kind].names);
    if (kind == FAKE_CERT_SELF_SIGNED)
        sign(cert, cert, key);
    else
        sign(cert, ca->cert, ca->key);
    ck_assert_int_eq(SSL_CTX_use_certificate(ctx, cert), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ctx;
}
