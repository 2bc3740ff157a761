/* SPDX-License-Identifier: MIT */
/* Bytes in bytes, in linear time whatever they are. */
#ifndef DDBI_FIND_H
#define DDBI_FIND_H

#include <ddb/ddb.h>

/* Does text have part in it?  Every text has the empty one. */
int ddbi_has_part(ddb_bytes text, ddb_bytes part);

#endif
