/* SPDX-License-Identifier: MIT */
/*
 * Items as a store finds them in its table.  The first byte says how the
 * store was opened; the rest is an item as DynamoDB JSON, or, with the top
 * bit set, a stream of zlib.  What can be read is stored and read again, and
 * is the same.  The chunks of a large value are never there.
 */
#include "fuzz.h"

#include "base/enc.h"
#include "client/client.h"
#include "kv/kv_impl.h"

#include <string.h>

#define NOW 1000

/* ---- A client that reaches nobody --------------------------------------- */

static ddb_code start(ddbi_transport *t, const ddbi_request *request,
                      ddbi_reply *reply, ddbi_exchange **out, ddb_err *err)
{
    (void)t, (void)request, (void)reply, (void)out, (void)err;
    return DDB_SYSTEM;
}

static void close_it(ddbi_transport *t, int forked)
{
    (void)t, (void)forked;
}

static ddb_client *open_client(void)
{
    static const ddbi_transport_ops ops = {.start = start, .close = close_it};
    static ddbi_transport nobody = {&ops};
    const ddb_options opt = {.region = "x", .max_answer = 100000};
    ddb_client *c = NULL;

    MUST(ddbi_client_open_with(&opt, &nobody, NULL, &c, NULL) == DDB_OK);
    return c;
}

/* ---- Its stores --------------------------------------------------------- */

static ddb_code encode(void *arg, ddb_bytes key, ddb_bytes in, ddb_kv_out *out,
                       ddb_err *err)
{
    (void)arg, (void)key, (void)err;
    ddb_kv_out_add(out, "K", 1);
    return ddb_kv_out_add(out, in.p, in.n);
}

static ddb_code decode(void *arg, ddb_bytes key, ddb_bytes in, ddb_kv_out *out,
                       ddb_err *err)
{
    (void)arg, (void)key, (void)err;
    if (in.n == 0 || *(const char *)in.p != 'K')
        return DDB_INVALID;
    return ddb_kv_out_add(out, (const char *)in.p + 1, in.n - 1);
}

static ddb_kv *open_kv(ddb_client *c, unsigned how)
{
    static const ddb_kv_coding coding = {.encode = encode, .decode = decode};
    const ddb_kv_schema schema = {.bytes_only = (how & 16) != 0,
                                  .documents = (how & 32) != 0};
    const ddb_kv_options opt = {.table = "tab",
                                .name_space = "ns",
                                .compress = ddbi_kv_has_zlib,
                                .type = (ddb_kv_type)(how % 8 % 5),
                                .coding = how & 8 ? &coding : NULL,
                                .schema = &schema};
    ddb_kv *kv = NULL;

    MUST(ddb_kv_open(c, &opt, &kv, NULL) == DDB_OK);
    return kv;
}

static ddb_item *make_item(const uint8_t *data, size_t n, int stream)
{
    ddb_item *it = NULL;

    if (!stream) {
        ddb_item_parse((const char *)data, n, &it, NULL);
        return it;
    }
    MUST((it = ddb_item_new()) != NULL);
    ddb_item_set_s(it, "encoding", n % 2 ? "text zlib" : "zlib");
    MUST(ddb_item_set_b(it, "value", data, n) == DDB_OK);
    return it;
}

static void check_entry(const ddb_kv *kv, const ddb_kv_entry *e)
{
    MUST(e->value.p != NULL);
    MUST(((const char *)e->value.p)[e->value.n] == '\0');
    if (e->kind == DDB_KV_TEXT)
        MUST(ddbi_utf8_valid(e->value.p, e->value.n));
    if (e->kind == DDB_KV_DOCUMENT)
        MUST(kv->schema.documents);
    if (kv->type != DDB_KV_ANY)
        MUST(e->kind ==
             (kv->type == DDB_KV_ONLY_BYTES ? DDB_KV_BYTES : DDB_KV_TEXT));
}

/* What was read goes in and comes out. */
static void check_again(ddb_kv *kv, const ddb_kv_entry *e)
{
    static const unsigned char version[DDBI_KV_VERSION_SIZE];
    const ddb_kv_pair pair = {
        .key = {"k", 1}, .value = e->value, .opt = {.kind = e->kind}};
    ddb_item *it = ddb_item_new();
    ddb_kv_entry back;
    int large = 0;

    MUST(ddbi_kv_set_pair(kv, &pair, NOW, version, it, &large, NULL) == DDB_OK);
    MUST(ddbi_kv_take_entry(kv, it, NOW, &back, NULL) == DDB_OK);
    MUST(back.value.n == e->value.n);
    MUST(memcmp(back.value.p, e->value.p, e->value.n) == 0);
    MUST(back.kind == e->kind ||
         (kv->schema.bytes_only && back.kind == DDB_KV_BYTES));
    ddb_kv_entry_clear(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static ddb_client *c;
    ddb_kv_entry e;
    ddb_err err = {0};
    ddb_item *it;
    ddb_kv *kv;
    ddb_code code;

    if (n == 0 || (it = make_item(data + 1, n - 1, data[0] & 128)) == NULL)
        return 0;
    if (c == NULL)
        c = open_client();
    kv = open_kv(c, data[0]);
    code = ddbi_kv_take_entry(kv, it, NOW, &e, &err);
    MUST(err.code == code);
    if (code == DDB_OK) {
        check_entry(kv, &e);
        check_again(kv, &e);
    } else {
        MUST(code == DDB_BAD_VALUE || code == DDB_UNSUPPORTED ||
             code == DDB_NOT_FOUND || code == DDB_SYSTEM);
        MUST(err.message[0] && e.memory == NULL && e.decoded == NULL);
    }
    ddb_kv_entry_clear(&e);
    ddb_kv_close(kv);
    return 0;
}
