/* SPDX-License-Identifier: MIT */
/* A projection expression that surely has the key's attributes: an answer
 * without them could not be told whose it is. */
#ifndef DDBI_PROJECTION_H
#define DDBI_PROJECTION_H

#include "base/arena.h"
#include "base/buf.h"

typedef struct {
    const char *text;
    const ddb_name *names;
} ddbi_projection;

/* given with those of the n_keys attributes behind it that it lacks, under
 * placeholders that are none of names.  The result is in the arena; scratch
 * is for the time of the call. */
ddb_code ddbi_project_keys(const ddbi_projection *given, const ddb_bytes *keys,
                           size_t n_keys, ddbi_buf *scratch, ddbi_arena *arena,
                           ddbi_projection *out, ddb_err *err);

#endif
