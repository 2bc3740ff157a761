/* SPDX-License-Identifier: MIT */
/* Which authorities are trusted, by what is asked for and what is there. */
#include "http/ca.h"

#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MISSING "/no/such/place"

/* A bundle, a directory with hashed names and one without. */
static char base[64];
static char bundle[80], hashed[80], plain[80], hash[96], other[96];

static void make_file(const char *name)
{
    FILE *f = fopen(name, "w");

    ck_assert_ptr_nonnull(f);
    fclose(f);
}

static void setup(void)
{
    snprintf(base, sizeof base, "/tmp/ddb-test-ca-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    snprintf(bundle, sizeof bundle, "%s/bundle.pem", base);
    snprintf(hashed, sizeof hashed, "%s/hashed", base);
    snprintf(plain, sizeof plain, "%s/plain", base);
    snprintf(hash, sizeof hash, "%s/5ed36f99.0", hashed);
    snprintf(other, sizeof other, "%s/5ed36f9.pem", plain);
    ck_assert_int_eq(mkdir(hashed, 0700) | mkdir(plain, 0700), 0);
    make_file(bundle);
    make_file(hash);
    make_file(other);
}

static void teardown(void)
{
    unlink(bundle);
    unlink(hash);
    unlink(other);
    rmdir(hashed);
    rmdir(plain);
    rmdir(base);
}

/* NULL where nothing is. */
static const struct {
    const char *name;
    const char *file, *path;             /* asked for */
    const char *built_file, *built_path; /* libcurl's own */
    int lazy;
    const char *want_file, *want_path;
    const char *tried; /* part of it; NULL: all the usual places */
} cases[] = {
    {"a file is taken as asked for", MISSING, NULL, bundle, hashed, 1, MISSING,
     NULL, MISSING},
    {"so is a directory", NULL, MISSING, bundle, hashed, 1, NULL, MISSING,
     MISSING},
    {"so are both", bundle, plain, NULL, NULL, 1, bundle, plain, plain},
    {"empty ones are none", "", "", bundle, NULL, 1, bundle, NULL, bundle},
    {"a hashed directory rather than a bundle", NULL, NULL, bundle, hashed, 1,
     NULL, hashed, hashed},
    {"a bundle, where directories are read whole", NULL, NULL, bundle, hashed,
     0, bundle, NULL, bundle},
    {"a bundle, where the directory has no hashed names", NULL, NULL, bundle,
     plain, 1, bundle, NULL, bundle},
    {"a bundle, where there is no directory", NULL, NULL, bundle, MISSING, 1,
     bundle, NULL, bundle},
    {"a directory alone", NULL, NULL, NULL, hashed, 0, NULL, hashed, hashed},
};

START_TEST(chooses)
{
    const ddbi_ca_built built = {cases[_i].built_file, cases[_i].built_path,
                                 cases[_i].lazy};
    ddbi_ca ca;

    ddbi_ca_find(cases[_i].file, cases[_i].path, &built, &ca);
    ck_assert_msg(cases[_i].want_file == NULL
                      ? ca.file == NULL
                      : ca.file != NULL &&
                            strcmp(ca.file, cases[_i].want_file) == 0,
                  "%s: file %s", cases[_i].name, ca.file);
    ck_assert_msg(cases[_i].want_path == NULL
                      ? ca.path == NULL
                      : ca.path != NULL &&
                            strcmp(ca.path, cases[_i].want_path) == 0,
                  "%s: path %s", cases[_i].name, ca.path);
    ck_assert_msg(strstr(ca.tried, cases[_i].tried) != NULL, "%s: tried %s",
                  cases[_i].name, ca.tried);
}
END_TEST

/* What libcurl was built with is not there, as after a static build on
 * another machine: one of the usual places, or none and all are named. */
START_TEST(looks_in_the_usual_places)
{
    const ddbi_ca_built built = {MISSING "/a", MISSING "/b", 1};
    ddbi_ca ca;

    ddbi_ca_find(NULL, NULL, &built, &ca);
    ck_assert_ptr_null(ca.path);
    if (ca.file != NULL) {
        ck_assert_int_eq(access(ca.file, R_OK), 0);
        ck_assert_str_eq(ca.tried, ca.file);
    } else {
        ck_assert_ptr_nonnull(strstr(ca.tried, MISSING "/a"));
        ck_assert_ptr_nonnull(strstr(ca.tried, MISSING "/b"));
        ck_assert_ptr_nonnull(strstr(ca.tried, "/etc/ssl/cert.pem"));
    }
}
END_TEST

START_TEST(leaves_alone_what_libcurl_does_not_tell)
{
    ddbi_ca ca;

    ddbi_ca_find(NULL, NULL, NULL, &ca);
    ck_assert_ptr_null(ca.file);
    ck_assert_ptr_null(ca.path);
    ck_assert_str_ne(ca.tried, "");
    ddbi_ca_find(bundle, NULL, NULL, &ca);
    ck_assert_str_eq(ca.file, bundle);
}
END_TEST

Suite *suite_ca(void)
{
    Suite *s = suite_create("ca");
    TCase *t = tcase_create("ca");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, chooses, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(t, looks_in_the_usual_places);
    tcase_add_test(t, leaves_alone_what_libcurl_does_not_tell);
    suite_add_tcase(s, t);
    return s;
}
