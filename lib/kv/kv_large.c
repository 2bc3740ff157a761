/* SPDX-License-Identifier: MIT */
/*
 * Writing a value that does not fit an item: its chunks first, then the
 * manifest by the usual, conditional or unconditional, write of an entry.
 * So it is the one write of the manifest that decides, and one that dies on
 * the way leaves nothing but chunks that no manifest names.
 *
 * What a write has replaced is taken away by it, as the service tells what it
 * was.  That is safe because no manifest comes twice into the table: it is
 * never sent again when it may have been applied, as a put that is repeated
 * over the one that has replaced it would bring back a manifest without
 * chunks.  After a lost answer the entry is read; when it is not ours, all is
 * done anew as another generation, with the same version.
 *
 * A write takes less time than the collector lets pass: kv_collect.c.
 */
#include "base/clock.h"
#include "base/enc.h"
#include "base/err.h"
#include "client/client.h"
#include "kv/kv_impl.h"

#include <string.h>

#define ROUNDS 3
/* From the first chunk to the sending of the manifest, which may take half of
 * that too. */
#define MOST_MS 600000
/* Times of the clock that are written with the most digits that they will
 * have for 200 years: what fits does not depend on when it is asked. */
#define LONG_TIME INT64_C(9999999999)
/* No entry has more bytes beside its value. */
#define OVERHEAD 8192

ddb_code ddbi_kv_is_large(const ddb_kv *kv, ddb_bytes key,
                          const ddbi_kv_coded *value,
                          const ddb_kv_put_options *opt, int *out, ddb_err *err)
{
    static const unsigned char version[DDBI_KV_VERSION_SIZE];
    const ddbi_kv_coded empty = {.kind = value->kind, .steps = value->steps};
    int64_t at = 0;
    ddb_code code;

    *out = 0;
    if (!kv->large || value->bytes.n <= DDBI_MAX_ITEM - OVERHEAD ||
        (value->kind != DDB_KV_BYTES && value->kind != DDB_KV_TEXT))
        return DDB_OK;
    if (opt != NULL && (opt->ttl != 0 || opt->expires_at != 0))
        at = opt->expires_at > LONG_TIME ? opt->expires_at
             : opt->ttl > LONG_TIME / 2  ? INT64_MAX
                                         : LONG_TIME;
    code = ddbi_kv_set_entry(kv, key, &empty, LONG_TIME, at, version, kv->item,
                             err);
    if (code != DDB_OK)
        return code;
    if (ddb_item_size(kv->item) + value->bytes.n <= DDBI_MAX_ITEM)
        return DDB_OK;
    *out = 1;
    if (value->bytes.n > DDB_KV_MAX_LARGE)
        return ddbi_fail(err, DDB_TOO_LARGE,
                         "the value has %zu bytes, the most is %d",
                         value->bytes.n, DDB_KV_MAX_LARGE);
    if (value->kind == DDB_KV_TEXT &&
        !ddbi_utf8_valid(value->bytes.p, value->bytes.n))
        return ddbi_fail(err, DDB_INVALID,
                         "the value is not UTF-8: it can be kept as bytes");
    return DDB_OK;
}

/* Is the entry of our version?  A manifest that is, is one of ours: of this
 * round, or of an earlier one that came late. */
static ddb_code look_for_ours(ddb_kv *kv, const ddbi_kv_sending *s, int *ours)
{
    const unsigned char *version;
    ddb_item *it = NULL;
    ddb_code code = ddbi_kv_set_key(kv, s->key, kv->key, NULL);

    if (code == DDB_OK)
        code = ddbi_kv_look(kv, &it, NULL);
    version = ddbi_kv_version(kv, it);
    *ours = version != NULL &&
            memcmp(version, s->version, DDBI_KV_VERSION_SIZE) == 0;
    ddb_item_free(it);
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

/* Chunks, and the manifest once. */
static ddb_code write_once(ddb_kv *kv, const ddbi_kv_sending *s, ddb_err *err)
{
    const ddbi_clock *clock = ddbi_client_clock(kv->client);
    int64_t begun = clock->mono(clock);
    ddbi_kv_coded manifest = {0};
    ddbi_kv_sending one = *s;
    ddb_code code = ddbi_kv_put_chunks(kv, s->key, s->value, &manifest, err);

    if (code == DDB_OK) {
        one.value = &manifest;
        one.once = 1;
        if (ddbi_client_timeout(kv->client) > MOST_MS / 2)
            one.timeout_ms = MOST_MS / 2;
        if (clock->mono(clock) - begun > MOST_MS)
            code = ddbi_fail(err, DDB_TIMEOUT,
                             "the chunks of the value took more than %d "
                             "minutes",
                             MOST_MS / 60000);
        else
            code = ddbi_kv_send(kv, &one, err);
        if (code != DDB_OK && !err->maybe_applied)
            ddbi_kv_drop_manifest(kv, s->key, manifest.bytes);
    }
    ddbi_kv_coded_free(&manifest);
    return code;
}

ddb_code ddbi_kv_send_large(ddb_kv *kv, const ddbi_kv_sending *s, ddb_err *err)
{
    int lost = 0, again = 0, ours = 0;
    ddb_code code;

    for (;;) {
        code = write_once(kv, s, err);
        if (!ddbi_kv_again(code, err, &again)) {
            if (code != DDB_AMBIGUOUS || ++lost == ROUNDS ||
                look_for_ours(kv, s, &ours) != DDB_OK)
                break;
            if (ours) {
                code = DDB_OK;
                break;
            }
        }
        ddbi_err_clear(err);
    }
    if (code == DDB_OK)
        ddbi_err_clear(err);
    else if (lost)
        err->maybe_applied = 1;
    return code;
}
