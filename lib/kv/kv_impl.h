/* SPDX-License-Identifier: MIT */
/*
 * The inside of the store.  It stands on the typed operations of ddb.h and
 * knows nothing of JSON or HTTP; what it stores is written in ddb_schema(7).
 */
#ifndef DDBI_KV_IMPL_H
#define DDBI_KV_IMPL_H

#include <ddb/kv.h>

/* The attributes of an entry, and how expressions call them: several are
 * reserved words, so each has a placeholder. */
#define DDBI_KV_NAMESPACE "namespace" /* #n */
#define DDBI_KV_KEY "key"             /* #k */
#define DDBI_KV_VALUE "value"         /* #v */
#define DDBI_KV_TTL "ttl"             /* #t */
#define DDBI_KV_UPDATED "updated"     /* #u */
#define DDBI_KV_VERSION "version"     /* #ver */
#define DDBI_KV_ENCODING "encoding"   /* #e */

/* Not expired at :now.  A ttl that is missing or no number lets it pass. */
#define DDBI_KV_LIVE "NOT #t <= :now"

#define DDBI_KV_VERSION_SIZE 16

struct ddb_kv {
    ddb_client *client;
    char *table;
    ddb_bytes name_space; /* a NUL behind it */
    int eventual;
    char warning[160];
    /* Filled anew by each call; their memory is what is kept. */
    ddb_item *key;
    ddb_item *item;
    ddb_item *values;
};

/* 1 to max bytes of UTF-8?  what is its name in the error. */
ddb_code ddbi_kv_check_text(const char *what, ddb_bytes text, size_t max,
                            ddb_err *err);
/* Make the item the primary key of an entry. */
ddb_code ddbi_kv_set_key(const ddb_kv *kv, ddb_bytes key, ddb_item *it,
                         ddb_err *err);
/* Make the item a whole entry, within the limits of the service. */
ddb_code ddbi_kv_set_entry(const ddb_kv *kv, const ddb_kv_pair *pair,
                           int64_t now, const unsigned char *version,
                           ddb_item *it, ddb_err *err);
/* count new versions, one after another. */
ddb_code ddbi_kv_draw_versions(const ddb_kv *kv, unsigned char *out,
                               size_t count, ddb_err *err);
/* The end of a write: one that came through is certain, however many attempts
 * were lost on the way. */
ddb_code ddbi_kv_certain(ddb_code code, ddb_err *err);
/* Was it refused because our clock was wrong, and is that mended now?  Then
 * the request, which holds the time, is to be built and sent anew, once. */
int ddbi_kv_again(ddb_code code, const ddb_err *err, int *again);
/* Read an item as an entry, which lends from it.  DDB_NOT_FOUND: it has
 * expired.  DDB_UNSUPPORTED, DDB_BAD_ANSWER: there is something under this
 * key that is no entry to us.  keys_only: there is no value to look for. */
ddb_code ddbi_kv_read_entry(const ddb_item *it, int64_t now, int keys_only,
                            ddb_kv_entry *e, ddb_err *err);
/* The same for an entry of the caller's: the item is the entry's, or freed. */
ddb_code ddbi_kv_take_entry(ddb_item *it, int64_t now, ddb_kv_entry *e,
                            ddb_err *err);

#endif
