/* SPDX-License-Identifier: MIT */
/*
 * A value and what is stored of it: ddb_schema(7).
 *
 * What is plain is stored and lent as it is, without a copy.  Else a value is
 * checked, goes through the program's own coding, and is compressed; what is
 * stored goes the same way back.  Never given out is what we cannot
 * understand: it is an error, not bytes.
 *
 * Whatever is coded is stored as B.  Decoding does not trust its input, which
 * anybody may have written: its result is checked, and no longer than an
 * answer may be.
 */
#include "kv/kv_impl.h"

#include "base/enc.h"
#include "base/err.h"
#include "client/client.h"
#include "wire/codec.h"

#include <string.h>

/* ---- Words -------------------------------------------------------------- */

/* By steps.  A format for ever: kv_impl.h. */
static const char *const words[] = {
    "",       "text",        "zlib",        "text zlib",
    "chunks", "text chunks", "zlib chunks", "text zlib chunks"};

#define WORDS (sizeof words / sizeof words[0])

const char *ddbi_kv_words(unsigned steps)
{
    return words[steps % WORDS];
}

unsigned ddbi_kv_steps(const ddb_value *encoding)
{
    ddb_bytes text = ddb_value_bytes(encoding);
    unsigned i = WORDS - 1;

    if (ddb_value_type(encoding) != DDB_S)
        return 0;
    while (i > 0 && !ddbi_equal_text(text, words[i]))
        i--;
    return i;
}

/* ---- Types -------------------------------------------------------------- */

/* Why text is no JSON of this root; NULL: it is.  Without a tree, so numbers
 * may be of any size. */
static const char *json_fault(ddb_bytes text, ddbi_json_token root)
{
    ddbi_json_reader r;
    ddbi_json_token token;

    ddbi_json_start(&r, text.p, text.n);
    token = ddbi_json_next(&r);
    if (token > DDBI_JSON_END && token != root)
        return root == DDBI_JSON_OBJECT ? "its root is no JSON object"
                                        : "its root is no JSON array";
    while (token > DDBI_JSON_END)
        token = ddbi_json_next(&r);
    return token == DDBI_JSON_END ? NULL : r.why;
}

/* Why a store does not take this value; NULL: it does.  Bytes that happen to
 * be text are as good as text. */
static const char *misfit(const ddb_kv *kv, ddb_bytes value, ddb_kv_kind kind)
{
    if (kind != DDB_KV_BYTES && kind != DDB_KV_TEXT)
        return "it is neither bytes nor text";
    switch (kv->type) {
    case DDB_KV_ONLY_BYTES:
        return kind == DDB_KV_BYTES ? NULL : "it is text, not bytes";
    case DDB_KV_ONLY_TEXT:
        return ddbi_utf8_valid(value.p, value.n) ? NULL : "it is not UTF-8";
    case DDB_KV_ONLY_OBJECT:
        return json_fault(value, DDBI_JSON_OBJECT);
    case DDB_KV_ONLY_ARRAY:
        return json_fault(value, DDBI_JSON_ARRAY);
    default:
        return NULL;
    }
}

/* That of all values of a store with a type. */
static ddb_kv_kind kind_of(const ddb_kv *kv)
{
    return kv->type == DDB_KV_ONLY_BYTES ? DDB_KV_BYTES : DDB_KV_TEXT;
}

ddb_code ddbi_kv_check_coding(const ddb_kv_options *opt, ddb_err *err)
{
    const ddb_kv_coding *coding = opt->coding;

    if ((unsigned)opt->type > DDB_KV_ONLY_ARRAY)
        return ddbi_fail(err, DDB_INVALID, "there is no such type of values");
    if (coding != NULL && (coding->encode == NULL || coding->decode == NULL))
        return ddbi_fail(err, DDB_INVALID,
                         "a coding needs both encode and decode");
    if (opt->compress && !ddbi_kv_has_zlib)
        return ddbi_fail(err, DDB_UNSUPPORTED,
                         "this build of the library cannot compress, as it "
                         "was made without zlib");
    return DDB_OK;
}

/* ---- Steps, both ways --------------------------------------------------- */

struct ddb_kv_out {
    ddbi_buf buf;
};

ddb_code ddb_kv_out_add(ddb_kv_out *out, const void *p, size_t n)
{
    if (p == NULL && n > 0)
        ddbi_buf_fail(&out->buf, DDB_INVALID);
    ddbi_buf_add(&out->buf, p, n);
    return out->buf.failed;
}

/* The longest value that could be read again. */
static size_t most(const ddb_kv *kv)
{
    size_t max = ddbi_client_max_answer(kv->client);

    return max < INT32_MAX ? max : INT32_MAX;
}

/* What was made is the value now. */
static ddb_code replace(ddbi_kv_coded *v, ddbi_buf *made)
{
    if (ddbi_buf_text(made) == NULL)
        return made->failed;
    ddbi_buf_free(&v->buf);
    v->buf = *made;
    v->bytes = (ddb_bytes){made->p, made->n};
    *made = (ddbi_buf){0};
    return DDB_OK;
}

/* Through a function of the program's.  why says something of any failure. */
static ddb_code run(const ddb_kv *kv, ddb_kv_coding_fn *fn, ddb_bytes key,
                    ddbi_kv_coded *v, ddb_err *why)
{
    ddb_kv_out out = {.buf = {.max = most(kv)}};
    ddb_code code = fn(kv->coding.arg, key, v->bytes, &out, why);

    if (out.buf.failed != DDB_OK)
        code = out.buf.failed;
    if (code == DDB_OK)
        code = replace(v, &out.buf);
    ddbi_buf_free(&out.buf);
    why->code = DDB_OK; /* whatever the program has put there */
    why->message[sizeof why->message - 1] = '\0';
    if (code != DDB_OK && why->message[0] == '\0')
        ddbi_fail(why, code,
                  code == DDB_TOO_LARGE
                      ? "the program's own coding makes too much"
                      : "the program's own coding has failed");
    return code;
}

/* ---- Encoding ----------------------------------------------------------- */

#define LEAST 100 /* bytes that may be worth a try */

/* Bytes that the attribute takes. */
static size_t words_size(const ddb_kv *kv, unsigned steps)
{
    return steps == 0 ? 0
                      : strlen(kv->attribute[DDBI_KV_ENCODING]) +
                            strlen(ddbi_kv_words(steps));
}

static ddb_code compress(const ddb_kv *kv, ddbi_kv_coded *v, ddb_err *err)
{
    unsigned steps = v->steps | DDBI_KV_ZLIB |
                     (v->kind == DDB_KV_TEXT ? DDBI_KV_WAS_TEXT : 0);
    size_t more = words_size(kv, steps) - words_size(kv, v->steps);
    ddbi_buf made = {0};
    ddb_code code;

    if (v->bytes.n < LEAST || v->bytes.n <= more + 1)
        return DDB_OK;
    code = ddbi_kv_deflate(v->bytes, v->bytes.n - more - 1, &made);
    if (code == DDB_OK && (code = replace(v, &made)) == DDB_OK) {
        v->kind = DDB_KV_BYTES;
        v->steps = steps;
    }
    ddbi_buf_free(&made);
    if (code == DDB_TOO_LARGE) /* it saves nothing */
        return DDB_OK;
    return code == DDB_OK ? code : ddbi_nomem(err);
}

/* A value of a store that does anything to some. */
static ddb_code encode(const ddb_kv *kv, ddb_bytes key, ddbi_kv_coded *v,
                       ddb_err *err)
{
    ddb_err why = {0};
    const char *misfits;
    ddb_code code = DDB_OK;

    if (kv->type != DDB_KV_ANY) {
        if ((misfits = misfit(kv, v->bytes, v->kind)) != NULL)
            return ddbi_fail(err, DDB_INVALID,
                             "the value is not of the store's type: %s",
                             misfits);
        v->kind = kind_of(kv);
    }
    if (v->kind != DDB_KV_BYTES && v->kind != DDB_KV_TEXT)
        return DDB_OK;
    if (kv->type == DDB_KV_ANY && v->kind == DDB_KV_TEXT &&
        !ddbi_utf8_valid(v->bytes.p, v->bytes.n))
        return ddbi_fail(err, DDB_INVALID,
                         "the value is not UTF-8: it can be kept as bytes");
    if (kv->schema.bytes_only)
        v->kind = DDB_KV_BYTES;
    if (v->bytes.n > most(kv))
        return ddbi_fail(err, DDB_TOO_LARGE,
                         "the value has %zu bytes, of an answer the client "
                         "takes %zu at most",
                         v->bytes.n, most(kv));
    if (kv->coding.encode != NULL) {
        code = run(kv, kv->coding.encode, key, v, &why);
        if (code != DDB_OK)
            return ddbi_fail(err, code, "%s", why.message);
        v->steps = v->kind == DDB_KV_TEXT ? DDBI_KV_WAS_TEXT : 0;
        v->kind = DDB_KV_BYTES;
    }
    return kv->compress ? compress(kv, v, err) : DDB_OK;
}

ddb_code ddbi_kv_encode(const ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                        ddb_kv_kind kind, ddbi_kv_coded *out, ddb_err *err)
{
    if (value.p == NULL && value.n > 0)
        return ddbi_fail(err, DDB_INVALID, "the value is a NULL pointer");
    out->bytes = value;
    out->kind = kind;
    return kv->plain ? DDB_OK : encode(kv, key, out, err);
}

void ddbi_kv_coded_free(ddbi_kv_coded *coded)
{
    ddbi_buf_free(&coded->buf);
}

/* ---- Decoding ----------------------------------------------------------- */

/* There is something under the key, but not to be read by us. */
static ddb_code unreadable(ddb_bytes key, ddb_code code, const char *why,
                           const char *what, ddb_err *err)
{
    int shown = (int)ddbi_utf8_cut(key.p, key.n < 80 ? key.n : 80);

    if (code == DDB_NOMEM)
        return ddbi_nomem(err);
    return ddbi_fail(err, code, "key \"%.*s\": %s%.80s", shown,
                     (const char *)key.p, why, what);
}

static ddb_code decompress(const ddb_kv *kv, ddb_bytes key, ddbi_kv_coded *v,
                           ddb_err *err)
{
    ddbi_buf made = {0};
    ddb_code code = ddbi_kv_inflate(v->bytes, most(kv), &made);

    if (code == DDB_OK)
        code = replace(v, &made);
    ddbi_buf_free(&made);
    if (code == DDB_OK)
        return code;
    if (code == DDB_UNSUPPORTED)
        return unreadable(key, code,
                          "the value is compressed, which this build of the "
                          "library cannot read, as it was made without zlib",
                          "", err);
    return unreadable(key, code == DDB_NOMEM ? code : DDB_BAD_VALUE,
                      "the compressed value is ",
                      code == DDB_TOO_LARGE
                          ? "longer than an answer that the client takes"
                          : "damaged",
                      err);
}

/* A value of another type, as text. */
static ddb_code format(const ddb_kv *kv, ddb_bytes key, const ddb_value *value,
                       ddbi_kv_coded *v, ddb_err *err)
{
    ddbi_buf made = {0};
    ddb_code code;

    if (value == NULL || !kv->schema.documents)
        return unreadable(key, DDB_BAD_VALUE,
                          "an item of another program, without a value of "
                          "type S, B or N",
                          "", err);
    ddbi_write_value(&made, value);
    code = replace(v, &made);
    ddbi_buf_free(&made);
    return code == DDB_OK ? code : ddbi_nomem(err);
}

/* S and B: what the steps have made of it, back. */
static ddb_code undo(const ddb_kv *kv, ddb_bytes key, unsigned steps,
                     ddbi_kv_coded *v, ddb_err *err)
{
    ddb_err why = {0};
    ddb_code code;

    if ((steps & DDBI_KV_ZLIB) &&
        (code = decompress(kv, key, v, err)) != DDB_OK)
        return code;
    if (kv->coding.decode != NULL &&
        (code = run(kv, kv->coding.decode, key, v, &why)) != DDB_OK)
        return unreadable(key, code == DDB_NOMEM ? code : DDB_BAD_VALUE, "",
                          why.message, err);
    if (steps & DDBI_KV_WAS_TEXT) {
        if (!ddbi_utf8_valid(v->bytes.p, v->bytes.n))
            return unreadable(key, DDB_BAD_VALUE,
                              "the value was text, but is not UTF-8", "", err);
        v->kind = DDB_KV_TEXT;
    }
    return DDB_OK;
}

/* The value of an item that is anything but plain. */
static ddb_code decode(ddb_kv *kv, const ddb_kv_entry *e,
                       const ddb_value *value, const ddb_value *encoding,
                       ddbi_kv_coded *v, ddb_err *err)
{
    const char *text = ddb_value_bytes(encoding).p;
    unsigned steps = ddbi_kv_steps(encoding);
    const char *why;
    ddb_code code = DDB_OK;

    if (encoding != NULL && steps == 0)
        return unreadable(e->key, DDB_UNSUPPORTED,
                          "the value is coded, which this version cannot "
                          "read: ",
                          text != NULL ? text : "?", err);
    if (steps & DDBI_KV_CHUNKS) {
        code = ddbi_kv_gather(kv, e->key, value, &v->buf, err);
        if (code != DDB_OK)
            return code;
        v->bytes = (ddb_bytes){v->buf.p, v->buf.n};
        v->kind = DDB_KV_BYTES;
    }
    if (steps != 0 && v->kind != DDB_KV_BYTES)
        return unreadable(e->key, DDB_BAD_VALUE,
                          "the value is not of type B, but coded: ", text, err);
    if (v->kind == DDB_KV_BYTES || v->kind == DDB_KV_TEXT)
        code = undo(kv, e->key, steps, v, err);
    else if (v->kind == DDB_KV_DOCUMENT)
        code = format(kv, e->key, value, v, err);
    if (code != DDB_OK || kv->type == DDB_KV_ANY)
        return code;
    if ((why = misfit(kv, v->bytes, v->kind)) != NULL)
        return unreadable(e->key, DDB_BAD_VALUE,
                          "the value is not of the store's type: ", why, err);
    v->kind = kind_of(kv);
    return DDB_OK;
}

ddb_code ddbi_kv_decode(ddb_kv *kv, ddb_kv_entry *e, ddb_err *err)
{
    const ddb_value *value = ddbi_kv_value(kv, e->item, DDBI_KV_VALUE);
    const ddb_value *encoding = ddbi_kv_value(kv, e->item, DDBI_KV_ENCODING);
    ddb_bytes bytes = ddb_value_bytes(value);
    ddb_type type = ddb_value_type(value);
    ddb_kv_kind kind = type == DDB_S   ? DDB_KV_TEXT
                       : type == DDB_B ? DDB_KV_BYTES
                       : type == DDB_N ? DDB_KV_NUMBER
                                       : DDB_KV_DOCUMENT;

    if (!kv->plain || encoding != NULL || kind == DDB_KV_DOCUMENT) {
        ddbi_kv_coded v = {.bytes = bytes, .kind = kind};
        ddb_code code = decode(kv, e, value, encoding, &v, err);

        if (code != DDB_OK) {
            ddbi_kv_coded_free(&v);
            return code;
        }
        bytes = v.bytes;
        kind = v.kind;
        e->decoded = v.buf.p;
    }
    e->value = bytes;
    e->kind = kind;
    return DDB_OK;
}
