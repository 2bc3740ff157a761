/* SPDX-License-Identifier: MIT */
/*
 * Chunks: the bytes of a value that does not fit an item, in items of their
 * own, and the manifest that stands for it in the entry.  ddb_schema(7) has
 * the format.
 *
 * Each write puts its chunks under a new generation, 16 random bytes, before
 * the manifest that names it, and no chunk is ever written over.  So whoever
 * reads a manifest reads the value that was written with it, or finds that
 * chunks are missing, as it has been replaced meanwhile; never a mix.
 *
 * A few chunks are moved in one request: the memory that they take beside the
 * value, as items and as JSON, is that of a few chunks too, and a slow link
 * has the whole time of an attempt for 2 MB.
 */
#include "base/clock.h"
#include "base/enc.h"
#include "base/err.h"
#include "client/client.h"
#include "kv/kv_impl.h"
#include "wire/json_read.h"

#include <stdio.h>
#include <string.h>

/* Bytes of a chunk.  With a namespace, a key and attribute names as long as
 * they may be it fits an item. */
#define CHUNK ((size_t)384 * 1024)
#define MAX_CHUNKS 9999 /* of four digits */
#define MOVED 4         /* chunks in a request */

#define ID_SIZE 16 /* bytes of a generation, and of the hash of a key */
#define ID_TEXT (2 * ID_SIZE)
#define HASH_TEXT (2 * DDBI_SHA256_SIZE)

/* chunk/HASH/GENERATION/0000 */
#define PREFIX "chunk/"
#define GENERATION_AT (sizeof PREFIX - 1 + ID_TEXT + 1)
#define NUMBER_AT (GENERATION_AT + ID_TEXT + 1)

typedef struct {
    char generation[ID_TEXT + 1];
    char sha256[HASH_TEXT + 1]; /* of all chunks, one after another */
    int64_t length;             /* bytes of them */
    int64_t chunks;
} manifest;

/* The chunks of one generation, some of them at a time. */
typedef struct {
    ddbi_hasher *hasher;
    char name[NUMBER_AT + 5]; /* of a chunk */
    ddb_item *items[DDBI_BATCH_WRITES];
    ddb_write writes[DDBI_BATCH_WRITES];
    ddb_read reads[MOVED];
} chunks;

/* ---- The manifest ------------------------------------------------------- */

int ddbi_kv_is_chunked(const ddb_kv *kv, const ddb_item *it)
{
    return (ddbi_kv_steps(ddbi_kv_value(kv, it, DDBI_KV_ENCODING)) &
            DDBI_KV_CHUNKS) != 0;
}

static int is_hex(const char *text, size_t n)
{
    size_t i = 0;

    while (ddbi_is_digit(text[i]) || (text[i] >= 'a' && text[i] <= 'f'))
        i++;
    return i == n && text[i] == '\0';
}

/* One member of the object; others than ours are passed over. */
static int read_member(ddbi_json_reader *r, manifest *m)
{
    int64_t *number = ddbi_json_is(r, "length")   ? &m->length
                      : ddbi_json_is(r, "chunks") ? &m->chunks
                                                  : NULL;
    char *text = ddbi_json_is(r, "generation") ? m->generation
                 : ddbi_json_is(r, "sha256")   ? m->sha256
                                               : NULL;

    if (number == NULL && text == NULL)
        return ddbi_json_skip(r) == 0;
    if (number != NULL)
        return ddbi_json_next(r) == DDBI_JSON_NUMBER &&
               ddbi_json_read_i64(r, number) == 0;
    if (ddbi_json_next(r) != DDBI_JSON_STRING)
        return 0;
    ddbi_json_copy(r, text,
                   text == m->sha256 ? sizeof m->sha256 : sizeof m->generation);
    return 1;
}

/* 0: it is none. */
static int read_manifest(ddb_bytes text, manifest *m)
{
    ddbi_json_reader r;

    memset(m, 0, sizeof *m);
    ddbi_json_start(&r, text.p, text.n);
    if (ddbi_json_next(&r) != DDBI_JSON_OBJECT)
        return 0;
    while (ddbi_json_next(&r) == DDBI_JSON_KEY)
        if (!read_member(&r, m))
            return 0;
    return r.token == DDBI_JSON_OBJECT_END &&
           ddbi_json_next(&r) == DDBI_JSON_END &&
           is_hex(m->generation, ID_TEXT) && is_hex(m->sha256, HASH_TEXT) &&
           m->length > 0 && m->length <= DDB_KV_MAX_LARGE && m->chunks > 0 &&
           m->chunks <= MAX_CHUNKS && m->chunks <= m->length;
}

static void write_manifest(const manifest *m, ddbi_buf *out)
{
    ddbi_buf_add_str(out, "{\"generation\":\"");
    ddbi_buf_add_str(out, m->generation);
    ddbi_buf_add_str(out, "\",\"length\":");
    ddbi_buf_add_i64(out, m->length);
    ddbi_buf_add_str(out, ",\"chunks\":");
    ddbi_buf_add_i64(out, m->chunks);
    ddbi_buf_add_str(out, ",\"sha256\":\"");
    ddbi_buf_add_str(out, m->sha256);
    ddbi_buf_add_str(out, "\"}");
}

int ddbi_kv_generation(const ddb_kv *kv, const ddb_item *it, char out[33])
{
    manifest m;

    if (!ddbi_kv_is_chunked(kv, it) ||
        !read_manifest(ddb_value_bytes(ddbi_kv_value(kv, it, DDBI_KV_VALUE)),
                       &m))
        return 0;
    memcpy(out, m.generation, sizeof m.generation);
    return 1;
}

int ddbi_kv_same_chunks(const ddb_kv *kv, const ddb_item *a, const ddb_item *b)
{
    char one[ID_TEXT + 1], other[ID_TEXT + 1];

    return ddbi_kv_generation(kv, a, one) && ddbi_kv_generation(kv, b, other) &&
           strcmp(one, other) == 0;
}

/* ---- Their keys --------------------------------------------------------- */

ddb_code ddbi_kv_chunk_prefix(ddbi_hasher *h, ddb_bytes key,
                              char out[DDBI_KV_CHUNK_PREFIX + 1], ddb_err *err)
{
    unsigned char hash[DDBI_SHA256_SIZE];

    if (h == NULL || ddbi_sha256(h, key.p, key.n, hash) != 0)
        return ddbi_nomem(err);
    memcpy(out, PREFIX, sizeof PREFIX - 1);
    ddbi_hex(out + sizeof PREFIX - 1, hash, ID_SIZE);
    out[GENERATION_AT - 1] = '/';
    out[GENERATION_AT] = '\0';
    return DDB_OK;
}

static ddb_code begin(ddb_bytes key, const char *generation, chunks *c,
                      ddb_err *err)
{
    ddb_code code;

    memset(c, 0, sizeof *c);
    c->hasher = ddbi_hasher_new();
    code = ddbi_kv_chunk_prefix(c->hasher, key, c->name, err);
    memcpy(c->name + GENERATION_AT, generation, ID_TEXT);
    return code;
}

static void end(chunks *c)
{
    for (size_t i = 0; i < DDBI_BATCH_WRITES; i++)
        ddb_item_free(c->items[i]);
    ddbi_hasher_free(c->hasher);
}

/* The primary key of chunk n of the generation, in the i-th item; NULL: no
 * memory. */
static ddb_item *set_key(const ddb_kv *kv, chunks *c, size_t i, int64_t n)
{
    if (c->items[i] == NULL && (c->items[i] = ddb_item_new()) == NULL)
        return NULL;
    snprintf(c->name + NUMBER_AT - 1, 6, "/%04u", (unsigned)n % 10000);
    ddbi_kv_set_meta_key(kv, ddb_str(c->name), c->items[i]);
    return c->items[i];
}

/* A request that could not be finished in time, though it was tried again. */
static ddb_code unfinished(ddb_err *err)
{
    ddbi_err_clear(err);
    ddbi_fail(err, DDB_THROTTLED,
              "the service was too busy for all chunks of the value");
    if (err != NULL)
        err->retryable = 1;
    return DDB_THROTTLED;
}

/* ---- Putting ------------------------------------------------------------ */

/* The primary key of the entry that the chunk is of. */
static void set_owner(const ddb_kv *kv, ddb_bytes key, ddb_item *it)
{
    ddb_bytes part = ddbi_kv_part(kv, ddbi_kv_part_of(kv, key));
    ddb_item *owner = ddb_item_set_m(it, DDBI_KV_OWNER);

    ddb_item_set_sn(owner, kv->attribute[DDBI_KV_NAMESPACE], part.p, part.n);
    ddb_item_set_sn(owner, kv->attribute[DDBI_KV_KEY], key.p, key.n);
}

static ddb_code put_some(ddb_kv *kv, ddb_bytes key, chunks *c, int64_t first,
                         ddb_bytes value, ddb_err *err)
{
    const char *p = value.p;
    size_t n = 0;
    ddb_code code;

    for (size_t at = 0; at < value.n; at += CHUNK, n++) {
        ddb_item *it = set_key(kv, c, n, first + (int64_t)n);

        if (it == NULL)
            return ddbi_nomem(err);
        ddb_item_set_b(it, kv->attribute[DDBI_KV_VALUE], p + at,
                       value.n - at < CHUNK ? value.n - at : CHUNK);
        ddb_item_set_i64(it, kv->attribute[DDBI_KV_UPDATED],
                         ddb_client_now(kv->client));
        set_owner(kv, key, it);
        c->writes[n] = (ddb_write){.table = kv->table, .put = it};
    }
    code = ddbi_kv_send_writes(kv, c->writes, n, err);
    return code == DDB_PARTIAL ? unfinished(err) : code;
}

/* Whatever of them is there; the first n of the generation. */
static void drop(ddb_kv *kv, chunks *c, int64_t n)
{
    for (int64_t at = 0; at < n;) {
        size_t some = 0;
        ddb_err ignored = {0};

        for (; some < DDBI_BATCH_WRITES && at < n; some++, at++) {
            ddb_item *it = set_key(kv, c, some, at);

            if (it == NULL)
                return;
            c->writes[some] = (ddb_write){.table = kv->table, .delete_key = it};
        }
        if (ddbi_kv_send_writes(kv, c->writes, some, &ignored) != DDB_OK)
            return;
    }
}

/* What a manifest says of a value; its generation is a new one. */
static ddb_code describe(ddb_kv *kv, ddb_bytes value, manifest *m, ddb_err *err)
{
    unsigned char id[DDBI_KV_VERSION_SIZE];
    unsigned char hash[DDBI_SHA256_SIZE];
    ddbi_hasher *h = ddbi_hasher_new();
    ddb_code code = ddbi_kv_draw_versions(kv, id, 1, err);

    if (h == NULL || ddbi_sha256(h, value.p, value.n, hash) != 0)
        code = ddbi_nomem(err);
    ddbi_hasher_free(h);
    if (code != DDB_OK)
        return code;
    memset(m, 0, sizeof *m);
    ddbi_hex(m->generation, id, ID_SIZE);
    ddbi_hex(m->sha256, hash, sizeof hash);
    m->length = (int64_t)value.n;
    m->chunks = (int64_t)((value.n + CHUNK - 1) / CHUNK);
    return DDB_OK;
}

ddb_code ddbi_kv_put_chunks(ddb_kv *kv, ddb_bytes key,
                            const ddbi_kv_coded *value, ddbi_kv_coded *out,
                            ddb_err *err)
{
    const char *p = value->bytes.p;
    size_t n = value->bytes.n;
    chunks c;
    manifest m;
    ddb_code code = describe(kv, value->bytes, &m, err);

    if (code != DDB_OK)
        return code;
    write_manifest(&m, &out->buf);
    if (out->buf.failed != DDB_OK)
        return ddbi_nomem(err);
    out->bytes = (ddb_bytes){out->buf.p, out->buf.n};
    out->kind = DDB_KV_TEXT;
    out->steps = value->steps | DDBI_KV_CHUNKS |
                 (value->kind == DDB_KV_TEXT ? DDBI_KV_WAS_TEXT : 0);
    code = begin(key, m.generation, &c, err);
    for (size_t at = 0; at < n && code == DDB_OK; at += MOVED * CHUNK) {
        size_t some = n - at < MOVED * CHUNK ? n - at : MOVED * CHUNK;

        code = put_some(kv, key, &c, (int64_t)(at / CHUNK),
                        (ddb_bytes){p + at, some}, err);
        /* Where nobody answers, nothing can be taken back either. */
        if (code != DDB_OK && (code < DDB_TIMEOUT || code > DDB_AMBIGUOUS))
            drop(kv, &c, (int64_t)(at / CHUNK + MOVED));
    }
    if (code != DDB_OK)
        err->maybe_applied = 0; /* chunks, but no entry */
    end(&c);
    return code;
}

/* ---- Taking away -------------------------------------------------------- */

void ddbi_kv_drop_manifest(ddb_kv *kv, ddb_bytes key, ddb_bytes text)
{
    ddb_err ignored = {0};
    manifest m;
    chunks c;

    if (!read_manifest(text, &m))
        return;
    if (begin(key, m.generation, &c, &ignored) == DDB_OK)
        drop(kv, &c, m.chunks);
    end(&c);
}

void ddbi_kv_drop_chunks(ddb_kv *kv, const ddb_item *old)
{
    if (old != NULL && !kv->schema.key_only && ddbi_kv_is_chunked(kv, old))
        ddbi_kv_drop_manifest(
            kv, ddb_value_bytes(ddbi_kv_value(kv, old, DDBI_KV_KEY)),
            ddb_value_bytes(ddbi_kv_value(kv, old, DDBI_KV_VALUE)));
}

/* ---- Reading ------------------------------------------------------------ */

static ddb_code bad_value(ddb_bytes key, const char *why, ddb_err *err)
{
    int shown = (int)(key.n < 80 ? key.n : 80);

    return ddbi_fail(err, DDB_BAD_VALUE, "key \"%.*s\": %s", shown,
                     (const char *)key.p, why);
}

/* Append the value of each item of the page. */
static ddb_code take_page(const ddb_kv *kv, const ddb_page *page, size_t n,
                          ddb_bytes key, ddbi_buf *out, ddb_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const ddb_item *it = ddb_page_item(page, i);
        const ddb_value *value;

        if (it == NULL)
            return ddbi_fail(err, DDB_CONFLICT,
                             "chunks of the value are missing");
        value = ddbi_kv_value(kv, it, DDBI_KV_VALUE);
        if (ddb_value_type(value) != DDB_B ||
            ddb_value_bytes(value).n >= out->cap - out->n)
            return bad_value(key, "a chunk is not as its manifest says", err);
        ddbi_buf_add(out, ddb_value_bytes(value).p, ddb_value_bytes(value).n);
    }
    return DDB_OK;
}

/* What an eventually consistent read does not find may be there. */
static ddb_code fetch(ddb_kv *kv, chunks *c, size_t n, int *consistent,
                      ddb_bytes key, ddbi_buf *out, ddb_err *err)
{
    ddb_batch_get_in in = {.reads = c->reads, .n_reads = n};
    size_t before = out->n;
    ddb_page *page = NULL;
    ddb_code code;

    for (;;) {
        in.consistent_read = *consistent;
        code = ddb_batch_get_item(kv->client, &in, &page, err);
        if (code == DDB_OK)
            code = take_page(kv, page, n, key, out, err);
        ddb_page_free(page);
        if (code != DDB_CONFLICT || *consistent)
            return code == DDB_PARTIAL ? unfinished(err) : code;
        ddbi_err_clear(err);
        out->n = before;
        *consistent = 1;
    }
}

static ddb_code fetch_all(ddb_kv *kv, chunks *c, const manifest *m,
                          ddb_bytes key, ddbi_buf *out, ddb_err *err)
{
    int consistent = !kv->eventual;
    ddb_code code = DDB_OK;

    for (int64_t at = 0; at < m->chunks && code == DDB_OK;) {
        size_t n = 0;

        for (; n < MOVED && at < m->chunks; n++, at++) {
            ddb_item *it = set_key(kv, c, n, at);

            if (it == NULL)
                return ddbi_nomem(err);
            c->reads[n] = (ddb_read){.table = kv->table, .key = it};
        }
        code = fetch(kv, c, n, &consistent, key, out, err);
    }
    return code;
}

static ddb_code check_value(const chunks *c, const manifest *m, ddb_bytes key,
                            ddb_bytes value, ddb_err *err)
{
    unsigned char hash[DDBI_SHA256_SIZE];
    char text[HASH_TEXT];

    if (value.n != (size_t)m->length)
        return bad_value(key, "its chunks have another length", err);
    if (ddbi_sha256(c->hasher, value.p, value.n, hash) != 0)
        return ddbi_nomem(err);
    ddbi_hex(text, hash, sizeof hash);
    if (memcmp(text, m->sha256, sizeof text) != 0)
        return bad_value(key, "its chunks have another SHA-256", err);
    return DDB_OK;
}

ddb_code ddbi_kv_gather(ddb_kv *kv, ddb_bytes key, const ddb_value *value,
                        ddbi_buf *out, ddb_err *err)
{
    size_t before = out->n;
    manifest m;
    chunks c;
    ddb_code code;

    if (kv->schema.key_only || ddb_value_type(value) != DDB_S ||
        !read_manifest(ddb_value_bytes(value), &m))
        return bad_value(key, "there is no manifest of its chunks", err);
    code = begin(key, m.generation, &c, err);
    if (code == DDB_OK && ddbi_buf_reserve(out, (size_t)m.length) != 0)
        code = ddbi_fail(err, out->failed, "there is no room for the value");
    if (code == DDB_OK)
        code = fetch_all(kv, &c, &m, key, out, err);
    if (code == DDB_OK)
        code = check_value(&c, &m, key,
                           (ddb_bytes){out->p + before, out->n - before}, err);
    if (code == DDB_OK && ddbi_buf_text(out) == NULL)
        code = ddbi_nomem(err);
    end(&c);
    return code;
}
