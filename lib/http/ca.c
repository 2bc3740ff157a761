/* SPDX-License-Identifier: MIT */
/*
 * Which certificate authorities to trust.
 *
 * What the caller names is taken as it is.  Else libcurl's own setting
 * counts, with two corrections:
 *
 *  - Where both a bundle and a directory are built in (Debian), libcurl
 *    parses the whole bundle for every new connection: 80 ms of CPU with
 *    OpenSSL 3.0.  A directory with hashed names costs next to nothing,
 *    since OpenSSL opens the one file it needs.  Without one the bundle
 *    alone is used, which libcurl then parses once per handle.
 *  - A statically built libcurl has the paths of the machine it was built on
 *    compiled in.  When there is nothing there, the places where
 *    distributions keep their bundle are tried.
 *
 * Trust is never switched off here: with nothing found libcurl's setting
 * stays, the connection fails, and the message says what was tried.
 */
#include "http/ca.h"

#include "base/enc.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const usual_files[] = {
    "/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, Buildroot */
    "/etc/pki/tls/certs/ca-bundle.crt",   /* Red Hat */
    "/etc/ssl/cert.pem",                  /* BSD, OpenWrt, macOS */
};

static const char *given(const char *s)
{
    return s != NULL && *s != '\0' ? s : NULL;
}

static void note(ddbi_ca *out, const char *place)
{
    size_t n = strlen(out->tried);

    if (place != NULL)
        snprintf(out->tried + n, sizeof out->tried - n, "%s%s",
                 n > 0 ? ", " : "", place);
}

static int is_hash_digit(char c)
{
    return ddbi_is_digit(c) || (c >= 'a' && c <= 'f');
}

/* "5ed36f99.0", as "openssl rehash" names its links. */
static int is_hashed_name(const char *name)
{
    for (int i = 0; i < 8; i++) {
        if (!is_hash_digit(name[i]))
            return 0;
    }
    return name[8] == '.' && ddbi_is_digit(name[9]);
}

static int has_hashed_names(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *e;
    int found = 0;

    if (d == NULL)
        return 0;
    while (!found && (e = readdir(d)) != NULL)
        found = is_hashed_name(e->d_name);
    closedir(d);
    return found;
}

static int is_readable(const char *file)
{
    return access(file, R_OK) == 0;
}

static int take_path(ddbi_ca *out, const char *path)
{
    note(out, path);
    if (path == NULL || !has_hashed_names(path))
        return 0;
    out->path = path;
    return 1;
}

static int take_file(ddbi_ca *out, const char *file)
{
    note(out, file);
    if (file == NULL || !is_readable(file))
        return 0;
    out->file = file;
    return 1;
}

static int take_system(const ddbi_ca_built *built, ddbi_ca *out)
{
    if (built->lazy_path && take_path(out, built->path))
        return 1;
    if (take_file(out, built->file))
        return 1;
    if (!built->lazy_path && take_path(out, built->path))
        return 1;
    for (size_t i = 0; i < sizeof usual_files / sizeof *usual_files; i++) {
        if (built->file != NULL && strcmp(built->file, usual_files[i]) == 0)
            continue;
        if (take_file(out, usual_files[i]))
            return 1;
    }
    return 0;
}

void ddbi_ca_find(const char *file, const char *path,
                  const ddbi_ca_built *built, ddbi_ca *out)
{
    memset(out, 0, sizeof *out);
    out->file = given(file);
    out->path = given(path);
    if (out->file != NULL || out->path != NULL) {
        note(out, out->file);
        note(out, out->path);
        return;
    }
    if (built == NULL)
        note(out, "libcurl's own authorities");
    else if (take_system(built, out))
        snprintf(out->tried, sizeof out->tried, "%s",
                 out->file != NULL ? out->file : out->path);
}
