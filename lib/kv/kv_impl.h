/* SPDX-License-Identifier: MIT */
/*
 * The inside of the store.  It stands on the typed operations of ddb.h and
 * knows nothing of HTTP; what it stores is written in ddb_schema(7).
 *
 *   kv_schema.c  what the attributes are called, in which partition a key
 *                lies, when an item expires
 *   kv_coding.c  a value and the bytes that are stored of it
 *   kv_zlib.c    compression
 *   kv_entry.c   an entry and its item
 *   kv_condition.c  what a write depends on, and a lost answer
 *   kv_write.c   one value into the table
 *   kv_chunks.c  a value in chunks, and the manifest that stands for it
 *   kv_large.c   writing one
 *   kv_collect.c chunks that are nobody's
 *   kv_range.c   a range of keys and the Query (or Scan) for it
 *   kv_shards.c  the header of a split namespace
 *   kv_merge.c   its items, out of all parts
 *   kv_cursor.c  a place in it, as text
 *   cache.c      two stores that are a cache
 *
 * The rest are the calls of kv.h, by family.
 */
#ifndef DDBI_KV_IMPL_H
#define DDBI_KV_IMPL_H

#include "base/buf.h"
#include "base/hash.h"
#include "wire/limits.h"

#include <ddb/kv.h>

/* ---- The handle --------------------------------------------------------- */

/* The attributes of an entry, in the order of the letters that expressions
 * call them by: #n, #k, #v, #t, #u, #i, #e. */
typedef enum {
    DDBI_KV_NAMESPACE,
    DDBI_KV_KEY,
    DDBI_KV_VALUE,
    DDBI_KV_TTL,
    DDBI_KV_UPDATED,
    DDBI_KV_VERSION, /* the write's id */
    DDBI_KV_ENCODING,
    DDBI_KV_ATTRIBUTES
} ddbi_kv_attribute;
#define DDBI_KV_LETTERS "nkvtuie"

#define DDBI_KV_VERSION_SIZE 16

struct ddb_kv {
    ddb_client *client;
    char *table;
    ddb_bytes name_space; /* a NUL behind it; key_only: nothing */
    char *partition;      /* it, and room for what parts have behind it */
    const char *attribute[DDBI_KV_ATTRIBUTES];
    char *names;          /* those of them that are not our own */
    ddb_kv_schema schema; /* of which its flags alone are good */
    ddb_kv_coding coding;
    ddb_kv_type type;
    int shards;
    int headless; /* shards: there is no header yet that says how many */
    int compress;
    int large;
    int whole_table;
    int plain; /* bytes and texts are stored and read as they are */
    int eventual;
    char warning[160];
    /* What the last increment has made of its key, so that the next one
     * need not look. */
    struct {
        ddbi_buf key;
        int known;
        int64_t value;
        int64_t expires_at; /* 0: never */
        unsigned char version[DDBI_KV_VERSION_SIZE];
    } counter;
    /* Filled anew by each call; their memory is what is kept. */
    ddb_item *key;
    ddb_item *item;
    ddb_item *values;
};

/* ---- kv_schema.c -------------------------------------------------------- */

/* Take over the names and flags of the options' schema. */
ddb_code ddbi_kv_set_schema(ddb_kv *kv, const ddb_kv_schema *schema,
                            ddb_err *err);

/* An attribute of an item; NULL: it has none. */
const ddb_value *ddbi_kv_value(const ddb_kv *kv, const ddb_item *it,
                               ddbi_kv_attribute which);

/* The names for the placeholders that these expressions have; NULL is none.
 * Give the same array to the request. */
typedef ddb_name ddbi_kv_names[DDBI_KV_ATTRIBUTES + 1];
void ddbi_kv_name(const ddb_kv *kv, ddbi_kv_names names, const char *a,
                  const char *b, const char *c);

/* 1 to max bytes of UTF-8?  what is its name in the error. */
ddb_code ddbi_kv_check_text(const char *what, ddb_bytes text, size_t max,
                            ddb_err *err);

/* The partitions that entries lie in, from 0 on; and which of them is that
 * of a key. */
unsigned ddbi_kv_parts(const ddb_kv *kv);
unsigned ddbi_kv_part_of(const ddb_kv *kv, ddb_bytes key);
#define DDBI_KV_META "##meta"
/* The partition key of a part, and of what is ours and no user's; lent until
 * the next call of either. */
ddb_bytes ddbi_kv_part(const ddb_kv *kv, unsigned part);
ddb_bytes ddbi_kv_meta(const ddb_kv *kv);
/* Does a partition key end as that of a shard does? */
int ddbi_kv_is_part(ddb_bytes partition);

/* Make the item the primary key of an entry; of what is ours. */
ddb_code ddbi_kv_set_key(const ddb_kv *kv, ddb_bytes key, ddb_item *it,
                         ddb_err *err);
ddb_code ddbi_kv_set_meta_key(const ddb_kv *kv, ddb_bytes key, ddb_item *it);

/* Not expired at :now, as a condition; a ttl that is missing or no number
 * lets it pass.  With a relative_ttl no expression can tell, and there is
 * none: the item is to be looked at. */
#define DDBI_KV_LIVE "NOT #t <= :now"
const char *ddbi_kv_live(const ddb_kv *kv);
/* What a projection has to name so that expiry can be told. */
#define DDBI_KV_EXPIRY(kv) ((kv)->schema.relative_ttl ? "#k,#t,#u" : "#k,#t")
/* 1: the item expires, at *out. */
int ddbi_kv_read_expiry(const ddb_kv *kv, const ddb_item *it, int64_t *out);
/* When it was last written; 0: unknown. */
int64_t ddbi_kv_read_updated(const ddb_kv *kv, const ddb_item *it);
/* What these options make of it; *out 0: never. */
ddb_code ddbi_kv_find_expiry(const ddb_kv_put_options *opt, int64_t now,
                             int64_t *out, ddb_err *err);
/* Set ttl and updated; expires_at 0: never. */
void ddbi_kv_set_expiry(const ddb_kv *kv, ddb_item *it, int64_t now,
                        int64_t expires_at);

/* ---- kv_coding.c -------------------------------------------------------- */

/* What was done to a value, in this order: the words of its encoding. */
enum {
    DDBI_KV_WAS_TEXT = 1, /* its kind was text, and is not S any more */
    DDBI_KV_ZLIB = 2,     /* compressed, RFC 1950 */
    DDBI_KV_CHUNKS = 4    /* what is left is the manifest of its chunks */
};
/* The attribute's text for these steps, and back; 0: it is none of ours. */
const char *ddbi_kv_words(unsigned steps);
unsigned ddbi_kv_steps(const ddb_value *encoding);

/* A value as it is stored. */
typedef struct {
    ddb_bytes bytes; /* the caller's, or of buf */
    ddb_kv_kind kind;
    unsigned steps; /* 0: it has no encoding */
    ddbi_buf buf;
} ddbi_kv_coded; /* {0} first */

/* Can this library code values as these options ask for?  DDB_INVALID,
 * DDB_UNSUPPORTED. */
ddb_code ddbi_kv_check_coding(const ddb_kv_options *opt, ddb_err *err);

/* Check a value and code it as the store was opened to.  The caller frees
 * it, also after a failure. */
ddb_code ddbi_kv_encode(const ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                        ddb_kv_kind kind, ddbi_kv_coded *out, ddb_err *err);
void ddbi_kv_coded_free(ddbi_kv_coded *coded);
/* Set value and kind of the entry, whose item and key are set, and decoded
 * if it does not lie in the item as it is.  DDB_UNSUPPORTED, DDB_BAD_VALUE. */
ddb_code ddbi_kv_decode(ddb_kv *kv, ddb_kv_entry *e, ddb_err *err);

/* ---- kv_zlib.c ---------------------------------------------------------- */

/* Without zlib both are DDB_UNSUPPORTED. */
extern const int ddbi_kv_has_zlib;
/* Into an empty buffer; DDB_TOO_LARGE: it takes more than max bytes. */
ddb_code ddbi_kv_deflate(ddb_bytes in, size_t max, ddbi_buf *out);
/* The same way back; DDB_BAD_VALUE: it is damaged. */
ddb_code ddbi_kv_inflate(ddb_bytes in, size_t max, ddbi_buf *out);

/* ---- kv_entry.c --------------------------------------------------------- */

/* Make the item a whole entry, within the limits of the service. */
ddb_code ddbi_kv_set_entry(const ddb_kv *kv, ddb_bytes key,
                           const ddbi_kv_coded *value, int64_t now,
                           int64_t expires_at, const unsigned char *version,
                           ddb_item *it, ddb_err *err);
/* The same of a pair, from its value and options on.  *large 1: it takes
 * chunks, and nothing was done. */
ddb_code ddbi_kv_set_pair(const ddb_kv *kv, const ddb_kv_pair *pair,
                          int64_t now, const unsigned char *version,
                          ddb_item *it, int *large, ddb_err *err);
/* count new versions, one after another. */
ddb_code ddbi_kv_draw_versions(const ddb_kv *kv, unsigned char *out,
                               size_t count, ddb_err *err);
/* The end of a write: one that came through is certain, however many attempts
 * were lost on the way. */
ddb_code ddbi_kv_certain(ddb_code code, ddb_err *err);
/* Was it refused because our clock was wrong, and is that mended now?  Then
 * the request, which holds the time, is to be built and sent anew, once. */
int ddbi_kv_again(ddb_code code, const ddb_err *err, int *again);
/* Read an item as an entry, which lends from it, but for e->decoded and
 * e->memory, which are the caller's: a large value may have to be read again.
 * DDB_NOT_FOUND: it has expired.  DDB_UNSUPPORTED, DDB_BAD_VALUE: there is something under this key that cannot be read.
 * keys_only: there is no value to look for. */
ddb_code ddbi_kv_read_entry(ddb_kv *kv, const ddb_item *it, int64_t now,
                            int keys_only, ddb_kv_entry *e, ddb_err *err);
/* The same for an entry of the caller's: the item is the entry's, or freed. */
ddb_code ddbi_kv_take_entry(ddb_kv *kv, ddb_item *it, int64_t now,
                            ddb_kv_entry *e, ddb_err *err);

/* ---- kv_condition.c ----------------------------------------------------- */

/* When a write may be done.  One that is repeated has to satisfy its own
 * success too: "... OR #i = :mine".  Of :mine, :now, :seen, :old, :t and
 * :u those are filled in that the text has. */
typedef struct {
    const char *text;
    const unsigned char *seen; /* :seen, a version; NULL: that of the item */
    const ddb_item *item;      /* :old, :t and :u are what it has as value,
                             ttl and updated; NULL: none of them */
} ddbi_kv_condition;

void ddbi_kv_set_values(ddb_kv *kv, const ddbi_kv_condition *c, int64_t now,
                        const unsigned char *version);

/* The version of an item, if it is one of ours; else NULL. */
const unsigned char *ddbi_kv_version(const ddb_kv *kv, const ddb_item *it);

/* The condition that an item is still the one that was seen and has not
 * expired: by its version; by its value and, where no expression can tell of
 * expiry, by what that depends on, when it has none. */
typedef enum {
    DDBI_KV_OR_MINE = 1,  /* or what this write has made of it */
    DDBI_KV_AND_VALUE = 2 /* the value in any case */
} ddbi_kv_still_flags;
typedef char ddbi_kv_text[192];
void ddbi_kv_still(const ddb_kv *kv, const unsigned char *version,
                   const ddb_item *it, int flags, ddbi_kv_text room,
                   ddbi_kv_condition *c);
/* Is it the one that the condition has seen? */
int ddbi_kv_is_still(const ddb_kv *kv, const ddbi_kv_condition *c,
                     const ddb_item *now);
/* "#t = :t AND #u = :u", as the item has them or not. */
const char *ddbi_kv_same_expiry(const ddb_kv *kv, const ddb_item *it);

/* What is there under kv->key; consistent.  DDB_NOT_FOUND. */
ddb_code ddbi_kv_look(ddb_kv *kv, ddb_item **out, ddb_err *err);
/* The end of a write that has failed and may have been applied:
 * DDB_AMBIGUOUS.  Of any other code as it is. */
ddb_code ddbi_kv_unsure(ddb_code code, ddb_err *err);

/* For who has to begin anew because another was faster: wait a little, up to
 * twice as long each time.  DDB_TIMEOUT: for as long as a call may take. */
typedef struct {
    int round;
    int64_t end;
} ddbi_kv_patience; /* {0} first */
ddb_code ddbi_kv_wait(const ddb_kv *kv, ddbi_kv_patience *p, ddb_err *err);

/* ---- kv_write.c --------------------------------------------------------- */
/* What is written, and how. */
typedef struct {
    ddb_bytes key;
    const ddbi_kv_coded *value;
    const ddb_kv_put_options *opt;      /* NULL: none */
    const ddbi_kv_condition *condition; /* NULL: whatever is there */
    const unsigned char *version;
    int once;       /* never sent again when it may have been applied:
                 DDB_AMBIGUOUS */
    int timeout_ms; /* 0: the client's */
} ddbi_kv_sending;

/* The entry into the table, of a value that fits an item. */
ddb_code ddbi_kv_send(ddb_kv *kv, const ddbi_kv_sending *s, ddb_err *err);

/* One value into the table; condition NULL: whatever is there. */
ddb_code ddbi_kv_write(ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                       const ddb_kv_put_options *opt,
                       const ddbi_kv_condition *condition, ddb_err *err);

/* ---- kv_chunks.c -------------------------------------------------------- */

/* Of a chunk: the primary key of its entry, M. */
#define DDBI_KV_OWNER "owner"
/* "chunk/", the hash of the key, and "/", as the key of each chunk of it
 * begins. */
#define DDBI_KV_CHUNK_PREFIX 39
ddb_code ddbi_kv_chunk_prefix(ddbi_hasher *h, ddb_bytes key,
                              char out[DDBI_KV_CHUNK_PREFIX + 1], ddb_err *err);

/* The entry is a manifest: its value is kept in chunks.  Its item, or what a
 * projection with #e has of it, is enough. */
int ddbi_kv_is_chunked(const ddb_kv *kv, const ddb_item *it);
/* Its generation: 32 characters into out.  0: it has none. */
int ddbi_kv_generation(const ddb_kv *kv, const ddb_item *it, char out[33]);
/* Do both have the same one? */
int ddbi_kv_same_chunks(const ddb_kv *kv, const ddb_item *a, const ddb_item *b);

/* Keep a value in chunks of a new generation; out is the manifest, and not
 * in the table yet.  The caller frees it, also after a failure. */
ddb_code ddbi_kv_put_chunks(ddb_kv *kv, ddb_bytes key,
                            const ddbi_kv_coded *value, ddbi_kv_coded *out,
                            ddb_err *err);
/* Collect what the chunks of a manifest keep; what is in out before stays.
 * DDB_CONFLICT: they are gone, as the manifest may be now: it is to be read
 * again.  DDB_BAD_VALUE. */
ddb_code ddbi_kv_gather(ddb_kv *kv, ddb_bytes key, const ddb_value *value,
                        ddbi_buf *out, ddb_err *err);
/* Take away the chunks of an item that has been in the table and is certainly
 * no more: by return_values, or as it was when a condition on its version
 * held.  NULL, or one without: nothing is done.  What fails is left to the
 * collector. */
void ddbi_kv_drop_chunks(ddb_kv *kv, const ddb_item *old);
/* The same by the text of a manifest, which may never have been there. */
void ddbi_kv_drop_manifest(ddb_kv *kv, ddb_bytes key, ddb_bytes text);

/* ---- kv_large.c --------------------------------------------------------- */

/* *out 1: the value is one for ddbi_kv_send_large().  Other stores than those
 * opened with large have none. */
ddb_code ddbi_kv_is_large(const ddb_kv *kv, ddb_bytes key,
                          const ddbi_kv_coded *value,
                          const ddb_kv_put_options *opt, int *out,
                          ddb_err *err);
ddb_code ddbi_kv_send_large(ddb_kv *kv, const ddbi_kv_sending *s, ddb_err *err);

/* ---- kv_collect.c ------------------------------------------------------- */

/* Take away the chunks that no manifest names and that are old enough for
 * none to be on its way. */
ddb_code ddbi_kv_collect(ddb_kv *kv, ddb_err *err);
/* Delete the entries of a partition that have chunks, and these. */
ddb_code ddbi_kv_clear_large(ddb_kv *kv, unsigned part, int64_t *removed,
                             ddb_err *err);

/* ---- kv_many.c ---------------------------------------------------------- */

/* A batch of writes to the store's table; each one's left is set. */
ddb_code ddbi_kv_send_writes(ddb_kv *kv, ddb_write *writes, size_t n,
                             ddb_err *err);

/* ---- kv_range.c --------------------------------------------------------- */

/* The keys from low to high, both included; n 0: no bound on this side. */
typedef struct {
    ddb_bytes prefix; /* when it alone is the condition */
    ddb_bytes low;
    ddb_bytes high;
    int none;                    /* no key is in it */
    char top[DDBI_MAX_SORT_KEY]; /* for high to point to */
} ddbi_kv_interval;

/* The highest key with this prefix, in top. */
ddb_bytes ddbi_kv_highest(ddb_bytes prefix, char top[DDBI_MAX_SORT_KEY]);
ddb_code ddbi_kv_find_interval(const ddb_kv *kv, const ddb_kv_range *range,
                               ddbi_kv_interval *v, ddb_err *err);

/* A request for the live items of an interval in one part.  projection NULL:
 * numbers alone are asked for. */
typedef struct {
    ddb_query_in in;
    ddbi_kv_names names;
    char filter[64];
} ddbi_kv_ask;
void ddbi_kv_ask_for(ddb_kv *kv, unsigned part, const ddbi_kv_interval *v,
                     const char *projection, ddbi_kv_ask *ask);

/* Query, or Scan of a key-only table. */
ddb_code ddbi_kv_page(ddb_kv *kv, const ddb_query_in *in, ddb_page **out,
                      ddb_err *err);
ddb_code ddbi_kv_pager(ddb_kv *kv, const ddb_query_in *in, ddb_pager **out,
                       ddb_err *err);

/* ---- kv_shards.c -------------------------------------------------------- */

#define DDBI_KV_HEADER "shards" /* its key, in ddbi_kv_meta() */

/* Is the namespace split as we think?  DDB_INVALID: it is not. */
ddb_code ddbi_kv_read_header(ddb_kv *kv, ddb_err *err);
/* For a headless one, before anything is written that was not there. */
ddb_code ddbi_kv_write_header(ddb_kv *kv, ddb_err *err);

/* ---- kv_merge.c --------------------------------------------------------- */

/* The items of a range in the order of their keys, out of all parts. */
typedef struct ddbi_kv_merge ddbi_kv_merge;

/* after: the key behind which to begin; n 0: at the beginning.  No call is
 * made.  range must live as long. */
ddb_code ddbi_kv_merge_open(ddb_kv *kv, const ddb_kv_range *range,
                            ddb_bytes after, ddbi_kv_merge **out, ddb_err *err);
/* The item that comes next, the same one until it is passed; *out is lent
 * until the call after that.  DDB_NOT_FOUND: the end.  After another failure
 * the same call goes on. */
ddb_code ddbi_kv_merge_next(ddbi_kv_merge *m, const ddb_item **out,
                            ddb_err *err);
void ddbi_kv_merge_pass(ddbi_kv_merge *m);
void ddbi_kv_merge_close(ddbi_kv_merge *m);
/* The last key that was passed, at first after; n 0: none.  Lent until the
 * next call. */
ddb_bytes ddbi_kv_merge_last(const ddbi_kv_merge *m);
/* Is it known that nothing follows? */
int ddbi_kv_merge_is_over(const ddbi_kv_merge *m);

/* ---- kv_cursor.c -------------------------------------------------------- */

/* Text for the place behind a key in the range; n 0: its beginning.  Owned:
 * ddbi_free(); NULL: no memory. */
char *ddbi_kv_cursor_make(const ddb_kv *kv, const ddb_kv_range *range,
                          ddb_bytes after);
typedef char ddbi_kv_place[DDBI_MAX_PARTITION_KEY + 8];
/* The key of range->cursor, in room.  DDB_INVALID: it is none, or one of
 * another range. */
ddb_code ddbi_kv_cursor_read(const ddb_kv *kv, const ddb_kv_range *range,
                             ddbi_kv_place room, ddb_bytes *after,
                             ddb_err *err);

#endif
