/* SPDX-License-Identifier: MIT */
/*
 * A dict in DynamoDB: keys and values of one namespace in one table, many
 * namespaces a table.  See ddb_kv(3), ddb_kv_iter(3) and, for what is stored,
 * ddb_schema(7).
 *
 * Keys are 1 to 1024 bytes of UTF-8, values any bytes as far as an item of
 * 400 KB goes.  Reads, counts and listings are consistent unless the store
 * was opened otherwise.  What has expired is never returned, counted or
 * listed.
 */
#ifndef DDB_KV_H
#define DDB_KV_H

#include <ddb/ddb.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* A namespace in a table; one thread at a time, the client may be shared. */
typedef struct ddb_kv ddb_kv;

typedef struct {
    const char *table;      /* required */
    const char *name_space; /* required; no "##", no "#dddd" at its end */
    int create;             /* create the table if it is missing, switch its
                               TTL on, wait until it is active */
    int check;              /* look at its schema: DDB_INVALID if it does not
                               fit, DDB_NO_TABLE if it is missing */
    int64_t read_units;     /* create: provisioned; both 0: on-demand */
    int64_t write_units;
    int no_ttl;            /* create: leave the table's TTL alone */
    int eventual;          /* eventually consistent reads, half the cost */
    int create_timeout_ms; /* 0: 300000 */
    void *reserved[8];
} ddb_kv_options;

/* How a value is kept: bytes (B), text (S) or a number (N, decimal text). */
typedef enum { DDB_KV_BYTES = 0, DDB_KV_TEXT, DDB_KV_NUMBER } ddb_kv_kind;

/* What a read gives.  Fill with {0} first; a call that gets it again frees
 * what it held.  value.p[value.n] is a NUL that is not counted. */
typedef struct {
    ddb_bytes key;
    ddb_bytes value; /* iterators of keys alone: p is NULL */
    ddb_kv_kind kind;
    int64_t expires_at;        /* Unix seconds; 0: never */
    int64_t updated_at;        /* Unix seconds; 0: unknown */
    unsigned char version[16]; /* of this write; compare, nothing else */
    int has_version;           /* 0: written by a program that keeps none */
    void *memory;              /* the library's */
    void *reserved[4];
} ddb_kv_entry;

typedef struct {
    ddb_kv_kind kind;
    int64_t ttl;        /* seconds from now; 0: none */
    int64_t expires_at; /* Unix seconds, in the future; 0: never */
    void *reserved[4];
} ddb_kv_put_options;

/* Open a namespace.  No call is made but for create and check.  The client
 * must outlive it.  Owned: ddb_kv_close(). */
ddb_code ddb_kv_open(ddb_client *c, const ddb_kv_options *opt, ddb_kv **out,
                     ddb_err *err);
void ddb_kv_close(ddb_kv *kv);

/* Something worth telling that did not fail the open, such as a server
 * without TTL; NULL: nothing.  Lent. */
const char *ddb_kv_warning(const ddb_kv *kv);

/* Read one value.  DDB_NOT_FOUND: no such key, e is cleared.
 * DDB_UNSUPPORTED, DDB_BAD_ANSWER: what another program keeps under this key
 * cannot be read.  Owned: ddb_kv_entry_clear(). */
ddb_code ddb_kv_get(ddb_kv *kv, ddb_bytes key, ddb_kv_entry *e, ddb_err *err);
void ddb_kv_entry_clear(ddb_kv_entry *e);

/* Write one value, replacing what is there.  opt may be NULL. */
ddb_code ddb_kv_put(ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                    const ddb_kv_put_options *opt, ddb_err *err);

/* Write it only where there is none.  DDB_CONDITION_FAILED: there is one. */
ddb_code ddb_kv_add(ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                    const ddb_kv_put_options *opt, ddb_err *err);

/* Take one away.  DDB_NOT_FOUND: it was not there, nothing has changed.
 * DDB_OK with err->maybe_applied: it is gone now, but whether it was there
 * before is not known, as an answer was lost. */
ddb_code ddb_kv_delete(ddb_kv *kv, ddb_bytes key, ddb_err *err);

/* Is it there?  The value is not moved.  DDB_OK or DDB_NOT_FOUND. */
ddb_code ddb_kv_has(ddb_kv *kv, ddb_bytes key, ddb_err *err);

/* ---- Listing: ddb_kv_iter(3) -------------------------------------------- */

/* Keys in the order of their bytes.  All that is set must hold. */
typedef struct {
    ddb_bytes prefix; /* n 0: any */
    ddb_bytes from;   /* first key, itself included; n 0: from the first */
    ddb_bytes to;     /* last key, itself included; n 0: to the last */
    int64_t limit;    /* so many entries at most; 0: all */
    int reverse;      /* descending */
    int keys_only;    /* nothing but key and expires_at is moved */
    void *reserved[4];
} ddb_kv_range;

typedef struct ddb_kv_iter ddb_kv_iter;

/* range may be NULL: all of it; it is copied.  kv must outlive the iterator.
 * Entries may be deleted and put while iterating.  Owned:
 * ddb_kv_iter_close(). */
ddb_code ddb_kv_iter_open(ddb_kv *kv, const ddb_kv_range *range,
                          ddb_kv_iter **out, ddb_err *err);
/* *out is lent until the next call.  DDB_NOT_FOUND: the end.  After another
 * failure the same call goes on where it was, behind an entry that cannot be
 * read. */
ddb_code ddb_kv_iter_next(ddb_kv_iter *iter, const ddb_kv_entry **out,
                          ddb_err *err);
void ddb_kv_iter_close(ddb_kv_iter *iter);

/* Exact number of live entries in the range; limit and reverse are 0. */
ddb_code ddb_kv_count(ddb_kv *kv, const ddb_kv_range *range, int64_t *out,
                      ddb_err *err);

/* ---- Many at once: ddb_kv(3) -------------------------------------------- */

typedef struct {
    ddb_bytes key;
    ddb_bytes value;
    ddb_kv_put_options opt;
    int left; /* out: not known to be done */
} ddb_kv_pair;

/* Any number, in batches; the last one of a key wins.  DDB_PARTIAL, or
 * another failure: left tells what is not known to be done. */
ddb_code ddb_kv_put_many(ddb_kv *kv, ddb_kv_pair *pairs, size_t n,
                         ddb_err *err);

/* entries[i] is that of keys[i], filled with {0} by the caller; absent:
 * entries[i].key.p is NULL.  DDB_PARTIAL: left[i] is 1 of what could not be
 * read (left may be NULL).  After another failure there are no entries.  Each
 * entry owned: ddb_kv_entry_clear(). */
ddb_code ddb_kv_get_many(ddb_kv *kv, const ddb_bytes *keys, size_t n,
                         ddb_kv_entry *entries, unsigned char *left,
                         ddb_err *err);

/* Keys that are not there are no error.  left may be NULL. */
ddb_code ddb_kv_delete_many(ddb_kv *kv, const ddb_bytes *keys, size_t n,
                            unsigned char *left, ddb_err *err);

/* Delete every entry of the namespace, expired ones too.  removed may be
 * NULL; it is right after a failure as well. */
ddb_code ddb_kv_clear(ddb_kv *kv, int64_t *removed, ddb_err *err);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
