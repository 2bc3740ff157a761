/* SPDX-License-Identifier: MIT */
/*
 * A value and what is stored of it: ddb_schema(7).
 *
 * What is plain is stored and lent as it is, without a copy.  Never given out
 * is what we cannot understand: it is an error, not bytes.
 */
#include "kv/kv_impl.h"

#include "base/err.h"

ddb_code ddbi_kv_encode(const ddb_kv *kv, ddb_bytes key, ddb_bytes value,
                        ddb_kv_kind kind, ddbi_kv_coded *out, ddb_err *err)
{
    (void)kv;
    (void)key;
    if (value.p == NULL && value.n > 0)
        return ddbi_fail(err, DDB_INVALID, "the value is a NULL pointer");
    out->bytes = value;
    out->kind = kind;
    return DDB_OK;
}

void ddbi_kv_coded_free(ddbi_kv_coded *coded)
{
    ddbi_buf_free(&coded->buf);
}

/* There is something under the key, but not to be read by us. */
static ddb_code unreadable(ddb_bytes key, ddb_code code, const char *why,
                           const char *coding, ddb_err *err)
{
    int shown = (int)(key.n < 80 ? key.n : 80);

    return ddbi_fail(err, code, "key \"%.*s\": %s%.60s", shown,
                     (const char *)key.p, why, coding);
}

ddb_code ddbi_kv_decode(ddb_kv *kv, ddb_kv_entry *e, ddb_err *err)
{
    const ddb_value *value = ddbi_kv_value(kv, e->item, DDBI_KV_VALUE);
    const ddb_value *encoding = ddbi_kv_value(kv, e->item, DDBI_KV_ENCODING);

    if (encoding != NULL) {
        const char *coding = ddb_value_bytes(encoding).p;

        return unreadable(e->key, DDB_UNSUPPORTED,
                          "the value is coded, which this version cannot "
                          "read: ",
                          coding != NULL ? coding : "?", err);
    }
    e->value = ddb_value_bytes(value);
    switch (ddb_value_type(value)) {
    case DDB_B:
        e->kind = DDB_KV_BYTES;
        return DDB_OK;
    case DDB_S:
        e->kind = DDB_KV_TEXT;
        return DDB_OK;
    case DDB_N:
        e->kind = DDB_KV_NUMBER;
        return DDB_OK;
    default:
        return unreadable(e->key, DDB_BAD_VALUE,
                          "an item of another program, without a value of "
                          "type S, B or N",
                          "", err);
    }
}
