/* SPDX-License-Identifier: MIT */
/*
 * A dict in DynamoDB: keys and values of one namespace in one table, many
 * namespaces a table.  See ddb_kv(3), ddb_kv_open(3), ddb_kv_replace(3),
 * ddb_kv_iter(3), ddb_cache(3) and, for what is stored, ddb_schema(7).
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

/* ---- Opening ------------------------------------------------------------ */

/* What a table calls its attributes, and what it does without: {0} is our
 * own, ddb_schema(7).  Those of other programs have functions below. */
typedef struct {
    const char *name_space; /* partition key; NULL: "namespace" */
    const char *key;        /* sort key; NULL: "key" */
    const char *value;      /* NULL: "value" */
    const char *ttl;        /* NULL: "ttl" */
    const char *updated;    /* NULL: "updated" */
    const char *version;    /* NULL: "version" */
    const char *encoding;   /* NULL: "encoding" */
    int key_only;     /* key is the partition key: one table, one dict.  What
                         lists is then a Scan, without order */
    int relative_ttl; /* ttl is seconds from updated on; 0: never */
    int bytes_only;   /* texts are kept as B too */
    int documents;    /* values of any other type are read and written,
                         DDB_KV_DOCUMENT */
    void *reserved[4];
} ddb_kv_schema;

/* What the values of a store have to be.  One that is not is DDB_INVALID in
 * a write and DDB_BAD_VALUE in a read. */
typedef enum {
    DDB_KV_ANY = 0,
    DDB_KV_ONLY_BYTES,
    DDB_KV_ONLY_TEXT,   /* UTF-8 */
    DDB_KV_ONLY_OBJECT, /* JSON text (RFC 8259) whose root is an object */
    DDB_KV_ONLY_ARRAY   /* the same, an array */
} ddb_kv_type;

/* Where a coding puts its result: any number of pieces. */
typedef struct ddb_kv_out ddb_kv_out;
ddb_code ddb_kv_out_add(ddb_kv_out *out, const void *p, size_t n);

/* A program's own coding of values, such as a cipher: encode makes what is
 * stored of a value, decode the value of what is stored.  Numbers are not
 * coded, keys neither.  Either may be called more often than values move.
 * Any failure of encode ends the call and is returned; one of decode becomes
 * DDB_BAD_VALUE, but for DDB_NOMEM. */
typedef ddb_code ddb_kv_coding_fn(void *arg, ddb_bytes key, ddb_bytes in,
                                  ddb_kv_out *out, ddb_err *err);
typedef struct {
    ddb_kv_coding_fn *encode;
    ddb_kv_coding_fn *decode;
    void *arg;
    void *reserved[2];
} ddb_kv_coding;

/* Most shards, and the most bytes of a value that is kept in chunks. */
#define DDB_KV_MAX_SHARDS 1024
#define DDB_KV_MAX_LARGE (16 * 1024 * 1024)

typedef struct {
    const char *table;      /* required */
    const char *name_space; /* required, unless the schema is key_only; no
                               "##", no "#dddd" at its end */
    int create;             /* create the table if it is missing, switch its
                               TTL on, wait until it is active */
    int check;              /* look at its schema: DDB_INVALID if it does not
                               fit, DDB_NO_TABLE if it is missing */
    int64_t read_units;     /* create: provisioned; both 0: on-demand */
    int64_t write_units;
    int no_ttl;            /* create: leave the table's TTL alone */
    int eventual;          /* eventually consistent reads, half the cost */
    int create_timeout_ms; /* 0: 300000 */
    int shards;            /* split over so many partitions; 0: it is not */
    int compress;          /* keep values compressed where that saves */
    int large;             /* keep large values in chunks */
    int whole_table;       /* key_only: let ddb_kv_clear() empty the table */
    ddb_kv_type type;
    const ddb_kv_schema *schema; /* copied; NULL: our own */
    const ddb_kv_coding *coding; /* copied; NULL: none */
    void *reserved[8];
} ddb_kv_options;

/* How a value is kept: bytes (B), text (S) or a number (N, decimal text); or
 * in any other type, then as DynamoDB JSON, {"M":{...}}. */
typedef enum {
    DDB_KV_BYTES = 0,
    DDB_KV_TEXT,
    DDB_KV_NUMBER,
    DDB_KV_DOCUMENT /* schemas with documents only */
} ddb_kv_kind;

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
    void *memory;              /* the library's, as the two below */
    void *decoded;
    const void *item;
    void *reserved[4];
} ddb_kv_entry;

typedef struct {
    ddb_kv_kind kind;
    int64_t ttl;            /* seconds from now; 0: none */
    int64_t expires_at;     /* Unix seconds, in the future; 0: never */
    unsigned char *version; /* out: 16 bytes, of this write; NULL: not asked */
    void *reserved[4];
} ddb_kv_put_options;

/* Open a namespace.  No call is made but for create, check and shards.  The
 * client must outlive it.  Owned: ddb_kv_close(). */
ddb_code ddb_kv_open(ddb_client *c, const ddb_kv_options *opt, ddb_kv **out,
                     ddb_err *err);

/* The same for a table as requests-cache (Python) keeps it; opt->schema must
 * be NULL.  With a name_space that of its releases before 1.0, without one
 * that of later ones, where the key is all. */
ddb_code ddb_kv_open_requests_cache(ddb_client *c, const ddb_kv_options *opt,
                                    ddb_kv **out, ddb_err *err);
/* The same for a table as pynamodb_mate (Python) keeps its cache. */
ddb_code ddb_kv_open_pynamodb_mate(ddb_client *c, const ddb_kv_options *opt,
                                   ddb_kv **out, ddb_err *err);
void ddb_kv_close(ddb_kv *kv);

/* Something worth telling that did not fail the open, such as a server
 * without TTL; NULL: nothing.  Lent. */
const char *ddb_kv_warning(const ddb_kv *kv);

/* ---- One key: ddb_kv(3) ------------------------------------------------- */

/* Read one value.  DDB_NOT_FOUND: no such key, e is cleared.
 * DDB_UNSUPPORTED, DDB_BAD_VALUE: what is kept under this key cannot be
 * read.  Owned: ddb_kv_entry_clear(). */
ddb_code ddb_kv_get(ddb_kv *kv, ddb_bytes key, ddb_kv_entry *e, ddb_err *err);
/* The same; when there is no such key, e gets a copy of fallback and
 * updated_at 0. */
ddb_code ddb_kv_get_or(ddb_kv *kv, ddb_bytes key, ddb_bytes fallback,
                       ddb_kv_entry *e, ddb_err *err);
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

/* Take one away and give what it was.  DDB_NOT_FOUND: it was not there.
 * DDB_OK with err->maybe_applied: it is gone, and this was its value, but
 * another may have taken it, as an answer was lost.  Owned:
 * ddb_kv_entry_clear(). */
ddb_code ddb_kv_pop(ddb_kv *kv, ddb_bytes key, ddb_kv_entry *e, ddb_err *err);

/* ---- One key, as it was seen: ddb_kv_replace(3) ------------------------- */

/* Write a value in the place of the entry that was seen, if it is still that:
 * as a read gave it, or made of the key, the version that a put has told and
 * has_version 1.  One of a program that keeps no versions is compared by its
 * value, and must come from a read.  DDB_CONDITION_FAILED: it is another
 * now, or gone.  DDB_AMBIGUOUS: an answer was lost, and what was found
 * afterwards does not tell. */
ddb_code ddb_kv_replace(ddb_kv *kv, const ddb_kv_entry *seen, ddb_bytes value,
                        const ddb_kv_put_options *opt, ddb_err *err);
/* Take it away, if it is still that.  DDB_OK with err->maybe_applied: it is
 * gone, but another may have taken it. */
ddb_code ddb_kv_delete_if(ddb_kv *kv, const ddb_kv_entry *seen, ddb_err *err);

/* Add to a number, of which there is any number of writers at once: none of
 * them is lost, and none counts twice.  What is absent or has expired starts
 * anew, with by, and expires as opt (may be NULL) says; what is there keeps
 * its expiry.  *out (may be NULL): the sum.  DDB_WRONG_KIND: it is text or
 * bytes, or no whole number.  DDB_TOO_LARGE: the sum is no int64_t.
 * DDB_AMBIGUOUS: as above. */
ddb_code ddb_kv_increment(ddb_kv *kv, ddb_bytes key, int64_t by,
                          const ddb_kv_put_options *opt, int64_t *out,
                          ddb_err *err);

/* Let it expire at another time, as opt says; never, when it says nothing or
 * is NULL.  DDB_NOT_FOUND: it is not there, or has expired. */
ddb_code ddb_kv_touch(ddb_kv *kv, ddb_bytes key, const ddb_kv_put_options *opt,
                      ddb_err *err);
/* Seconds that it has left, 1 or more; -1: it never expires. */
ddb_code ddb_kv_ttl(ddb_kv *kv, ddb_bytes key, int64_t *out, ddb_err *err);

/* ---- Listing: ddb_kv_iter(3) -------------------------------------------- */

/* Keys in the order of their bytes.  All that is set must hold.  Key-only
 * tables have no order: from, to and reverse are DDB_UNORDERED there. */
typedef struct {
    ddb_bytes prefix;   /* n 0: any */
    ddb_bytes from;     /* first key, itself included; n 0: from the first */
    ddb_bytes to;       /* last key, itself included; n 0: to the last */
    int64_t limit;      /* so many entries at most; 0: all */
    int reverse;        /* descending */
    int keys_only;      /* nothing but key and expires_at is moved */
    const char *cursor; /* go on where ddb_kv_iter_cursor() was; NULL: begin */
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
/* Where it is: text for the cursor of a range that is else the same, in this
 * process or another, at any time.  DDB_NOT_FOUND: it is at its end.  *out
 * owned: ddb_free(). */
ddb_code ddb_kv_iter_cursor(const ddb_kv_iter *iter, char **out, ddb_err *err);

/* Exact number of live entries in the range; limit and reverse are 0. */
ddb_code ddb_kv_count(ddb_kv *kv, const ddb_kv_range *range, int64_t *out,
                      ddb_err *err);
/* About how many items the whole table has, at the price of one
 * DescribeTable: the service counts them every six hours or so. */
ddb_code ddb_kv_estimate(ddb_kv *kv, int64_t *out, ddb_err *err);

/* The namespaces of a table that have entries, in no order; split ones under
 * one name. */
typedef struct ddb_kv_names ddb_kv_names;
ddb_code ddb_kv_names_open(ddb_client *c, const char *table, ddb_kv_names **out,
                           ddb_err *err);
/* *out is lent until the next call, with a NUL behind it that is not
 * counted.  DDB_NOT_FOUND: the end. */
ddb_code ddb_kv_names_next(ddb_kv_names *names, ddb_bytes *out, ddb_err *err);
void ddb_kv_names_close(ddb_kv_names *names);

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
/* Delete what has expired, and what large values that were never finished
 * have left.  What is written anew meanwhile stays. */
ddb_code ddb_kv_clear_expired(ddb_kv *kv, int64_t *removed, ddb_err *err);

/* ---- The cache: ddb_cache(3) -------------------------------------------- */

/* Answers and redirects between their keys, in two namespaces of one table
 * over one client.  One thread at a time. */
typedef struct ddb_cache ddb_cache;

typedef struct {
    ddb_kv_options store;  /* of both; its name_space must be NULL */
    const char *responses; /* namespace; NULL: "responses" */
    const char *redirects; /* namespace; NULL: "redirects" */
    int max_redirects;     /* that a look-up follows; 0: 20 */
    void *reserved[4];
} ddb_cache_options;

ddb_code ddb_cache_open(ddb_client *c, const ddb_cache_options *opt,
                        ddb_cache **out, ddb_err *err);
void ddb_cache_close(ddb_cache *cache);

/* The two stores, lent. */
ddb_kv *ddb_cache_responses(ddb_cache *cache);
ddb_kv *ddb_cache_redirects(ddb_cache *cache);

/* Read an answer: that of the key, else that of the key it is redirected to,
 * and so on.  A hit is one read.  DDB_NOT_FOUND: there is none, or more
 * redirects than max_redirects. */
ddb_code ddb_cache_get(ddb_cache *cache, ddb_bytes key, ddb_kv_entry *e,
                       ddb_err *err);
/* Keep an answer. */
ddb_code ddb_cache_set(ddb_cache *cache, ddb_bytes key, ddb_bytes value,
                       const ddb_kv_put_options *opt, ddb_err *err);
/* Keep that `from` leads to `to`. */
ddb_code ddb_cache_redirect(ddb_cache *cache, ddb_bytes from, ddb_bytes to,
                            const ddb_kv_put_options *opt, ddb_err *err);
/* Take away the answer of a key, and the redirect from it.  DDB_NOT_FOUND:
 * there was neither. */
ddb_code ddb_cache_delete(ddb_cache *cache, ddb_bytes key, ddb_err *err);
/* As those of the store, of both; removed (may be NULL) is the sum. */
ddb_code ddb_cache_clear_all(ddb_cache *cache, int64_t *removed, ddb_err *err);
ddb_code ddb_cache_clear_expired(ddb_cache *cache, int64_t *removed,
                                 ddb_err *err);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
