/* SPDX-License-Identifier: MIT */
/* Which certificate authorities to trust: what was asked for, else what
 * libcurl was built for, else the usual places. */
#ifndef DDBI_CA_H
#define DDBI_CA_H

#include <ddb/ddb.h>

/* What libcurl was built with. */
typedef struct {
    const char *file; /* bundle; NULL: none */
    const char *path; /* directory; NULL: none */
    int lazy_path;    /* its TLS library opens only the files it needs there,
                         by the hash in their names */
} ddbi_ca_built;

/* Neither file nor path: libcurl's own setting is left alone. */
typedef struct {
    const char *file;
    const char *path;
    char tried[160]; /* for messages: where trust came from, or was sought */
} ddbi_ca;

/* file and path as asked for, NULL or "": not; lent, as is what built says.
 * built NULL: libcurl does not tell (before 7.70). */
void ddbi_ca_find(const char *file, const char *path,
                  const ddbi_ca_built *built, ddbi_ca *out);

#endif
