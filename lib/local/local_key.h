/* SPDX-License-Identifier: MIT */
/*
 * Places: where a row of a table, an index or the catalogue stands in the
 * ordered map, so that memcmp's order is DynamoDB's: partitions by the hash
 * of their key (which is the order of a Scan), in a partition by sort key
 * (strings and binaries by bytes, numbers as numbers), and in an index rows
 * of one key by the table's key.
 *
 *     number of the table or index   4 bytes, big-endian
 *     hash of the partition key      4 bytes, CRC-32
 *     partition key, sort key, tie   each with 00 written 00 01 and
 *                                    ended by 00 00
 *
 * Pure functions; what fails is the buffer.
 */
#ifndef DDBI_LOCAL_KEY_H
#define DDBI_LOCAL_KEY_H

#include "base/buf.h"
#include "wire/number.h"
#include "wire/value.h"

/* The bytes of a key's value (S, N or B), ordered: appended as they are, not
 * escaped.  Of N it is sign, exponent and digits. */
void ddbi_key_value(ddbi_buf *b, const ddb_value *v);
void ddbi_key_number(ddbi_buf *b, const ddbi_number *n);

/* A whole place: sk and tie may be NULL, which is the same as of no bytes.
 * Each is what ddbi_key_value() makes. */
void ddbi_place(ddbi_buf *b, uint32_t id, ddb_bytes pk, const ddb_bytes *sk,
                const ddb_bytes *tie);
/* The beginning that all rows of a partition share. */
void ddbi_place_partition(ddbi_buf *b, uint32_t id, ddb_bytes pk);
/* One field more behind it: whole with its end, or as a prefix without. */
void ddbi_place_add(ddbi_buf *b, ddb_bytes field, int whole);

/* All rows of a table or index whose hash is at least `hash`; hash 2^32: the
 * end of them, which is where the next one begins.  No number is 2^32 - 1. */
void ddbi_place_hash(ddbi_buf *b, uint32_t id, uint64_t hash);

/* Turn a beginning into the first place behind all that begin with it. */
void ddbi_place_after(ddbi_buf *b);
/* Turn a place into the next one possible. */
void ddbi_place_next(ddbi_buf *b);

/* By a name alone, as in the catalogue: the number, 4 bytes, and the name as
 * it is. */
void ddbi_place_named(ddbi_buf *b, uint32_t id, ddb_bytes name);

#endif
