/* SPDX-License-Identifier: MIT */
/* A throw-away certificate authority and server certificates for 127.0.0.1
 * and localhost, good and bad ones. */
#ifndef FAKECERTS_H
#define FAKECERTS_H

#include <openssl/ssl.h>

typedef enum {
    FAKE_CERT_OK,
    FAKE_CERT_WRONG_HOST,
    FAKE_CERT_EXPIRED,
    FAKE_CERT_NOT_YET,    /* valid from tomorrow on */
    FAKE_CERT_SELF_SIGNED /* by nobody else */
} fake_cert;

/* The authority; its certificate is in the file, removed by free. */
typedef struct {
    EVP_PKEY *key;
    X509 *cert;
    char file[64];
} fakecerts;

void fakecerts_new(fakecerts *ca, const char *name);
void fakecerts_free(fakecerts *ca);

/* What a server with such a certificate needs; freed by SSL_CTX_free(). */
SSL_CTX *fakecerts_server(const fakecerts *ca, fake_cert kind);

#endif
