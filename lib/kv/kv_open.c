/* SPDX-License-Identifier: MIT */
/*
 * Opening a namespace, and the table under it when that is asked for.
 *
 * A table that is there is looked at before anything is changed: one with
 * other keys, or whose TTL is kept in another attribute, is an error and not
 * to be mended by us.  Two programs may create the same table at once: the
 * one that comes second finds it in use, or its TTL on, which is as good.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/err.h"
#include "client/client.h"
#include "kv/kv_impl.h"
#include "wire/limits.h"
#include "wire/request.h"

#include <stdio.h>
#include <string.h>

#define CREATE_TIMEOUT_MS 300000

/* ---- The table ---------------------------------------------------------- */

static const char *letter(ddb_type type)
{
    return type == DDB_S   ? "S"
           : type == DDB_N ? "N"
           : type == DDB_B ? "B"
                           : "?";
}

/* "keys \"namespace\" (S) and \"key\" (S)", or one of them. */
static void name_keys(char *out, size_t room, const char *partition,
                      const char *type, const char *sort, const char *sort_type)
{
    if (sort[0] == '\0')
        snprintf(out, room, "key \"%.60s\" (%s) alone", partition, type);
    else
        snprintf(out, room, "keys \"%.60s\" (%s) and \"%.60s\" (%s)", partition,
                 type, sort, sort_type);
}

/* The names that the table's keys should have. */
static const char *partition_key(const ddb_kv *kv)
{
    return kv->attribute[kv->schema.key_only ? DDBI_KV_KEY : DDBI_KV_NAMESPACE];
}

static const char *sort_key(const ddb_kv *kv)
{
    return kv->schema.key_only ? "" : kv->attribute[DDBI_KV_KEY];
}

static ddb_code check_schema(const ddb_kv *kv, const ddb_table_info *info,
                             ddb_err *err)
{
    char has[160], needs[160];

    if (strcmp(info->partition_key, partition_key(kv)) == 0 &&
        strcmp(info->sort_key, sort_key(kv)) == 0 &&
        info->partition_type == DDB_S &&
        (kv->schema.key_only || info->sort_type == DDB_S))
        return DDB_OK;
    name_keys(has, sizeof has, info->partition_key,
              letter(info->partition_type), info->sort_key,
              letter(info->sort_type));
    name_keys(needs, sizeof needs, partition_key(kv), "S", sort_key(kv), "S");
    return ddbi_fail(err, DDB_INVALID,
                     "table \"%.60s\" has the %s, this store needs the %s",
                     kv->table, has, needs);
}

/* Milliseconds up to a point in monotonic time, at least one: 0 would mean
 * default. */
static int time_left(const ddbi_clock *clock, int64_t until)
{
    int64_t left = until - clock->mono(clock);

    return left < 1 ? 1 : (int)left;
}

static ddb_code create(const ddb_kv *kv, const ddb_kv_options *opt,
                       int64_t until, ddb_err *err)
{
    const ddbi_clock *clock = ddbi_client_clock(kv->client);
    ddb_create_table_in in = {.table = kv->table,
                              .partition_key = {partition_key(kv), DDB_S},
                              .read_units = opt->read_units,
                              .write_units = opt->write_units};
    ddb_code code;

    if (!kv->schema.key_only)
        in.sort_key = (ddb_key_attribute){sort_key(kv), DDB_S};
    code = ddb_create_table(kv->client, &in, NULL, err);
    if (code != DDB_OK && code != DDB_IN_USE)
        return code;
    return ddb_wait_table_exists(kv->client, kv->table, time_left(clock, until),
                                 err);
}

/* The table is there, active and ours to use. */
static ddb_code ensure_table(const ddb_kv *kv, const ddb_kv_options *opt,
                             ddb_err *err)
{
    const ddbi_clock *clock = ddbi_client_clock(kv->client);
    int64_t until = clock->mono(clock) + (opt->create_timeout_ms > 0
                                              ? opt->create_timeout_ms
                                              : CREATE_TIMEOUT_MS);
    ddb_table_info info = {0};
    ddb_code code = ddb_describe_table(kv->client, kv->table, &info, err);

    if (code == DDB_OK && info.status == DDB_TABLE_DELETING) {
        code = ddb_wait_table_not_exists(kv->client, kv->table,
                                         time_left(clock, until), err);
        if (code == DDB_OK)
            code = DDB_NO_TABLE;
    }
    if (code == DDB_NO_TABLE) {
        if ((code = create(kv, opt, until, err)) != DDB_OK)
            return code;
        code = ddb_describe_table(kv->client, kv->table, &info, err);
    }
    if (code != DDB_OK)
        return code;
    if ((code = check_schema(kv, &info, err)) != DDB_OK)
        return code;
    if (info.status == DDB_TABLE_ACTIVE)
        return DDB_OK;
    return ddb_wait_table_exists(kv->client, kv->table, time_left(clock, until),
                                 err);
}

static ddb_code check_table(const ddb_kv *kv, ddb_err *err)
{
    ddb_table_info info = {0};
    ddb_code code = ddb_describe_table(kv->client, kv->table, &info, err);

    return code == DDB_OK ? check_schema(kv, &info, err) : code;
}

/* ---- Its TTL ------------------------------------------------------------ */

static ddb_code warn(ddb_kv *kv, const char *text)
{
    snprintf(kv->warning, sizeof kv->warning, "%s", text);
    ddbi_client_log(kv->client, DDB_LOG_WARN, "%s", text);
    return DDB_OK;
}

static ddb_code no_ttl_there(ddb_kv *kv, ddb_err *err)
{
    ddbi_err_clear(err);
    return warn(kv, "the server has no TTL: expired entries are hidden, but "
                    "stay in the table");
}

/* 1: the answer settles it, and *code is what to return. */
static int ttl_is_settled(ddb_kv *kv, const ddb_ttl_info *info, ddb_code *code,
                          ddb_err *err)
{
    *code = DDB_OK;
    switch (info->status) {
    case DDB_TTL_ENABLED:
    case DDB_TTL_ENABLING:
        if (strcmp(info->attribute, kv->attribute[DDBI_KV_TTL]) != 0)
            *code = ddbi_fail(err, DDB_INVALID,
                              "the TTL of table \"%s\" is kept in attribute "
                              "\"%.60s\", a store needs \"%s\"",
                              kv->table, info->attribute,
                              kv->attribute[DDBI_KV_TTL]);
        return 1;
    case DDB_TTL_DISABLING:
        *code = warn(kv, "the table's TTL is just being switched off: expired "
                         "entries are hidden, but stay in the table");
        return 1;
    case DDB_TTL_DISABLED:
        break;
    }
    return 0;
}

/* err is of a failed call: does the server not know it? */
static int is_unknown_operation(const ddb_err *err)
{
    return strcmp(err->type, "UnknownOperationException") == 0;
}

static ddb_code ensure_ttl(ddb_kv *kv, ddb_err *err)
{
    ddb_ttl_info info = {0};
    ddb_code settled;
    ddb_code code =
        ddb_describe_time_to_live(kv->client, kv->table, &info, err);

    if (code != DDB_OK)
        return is_unknown_operation(err) ? no_ttl_there(kv, err) : code;
    if (ttl_is_settled(kv, &info, &code, err))
        return code;
    code = ddb_update_time_to_live(kv->client, kv->table,
                                   kv->attribute[DDBI_KV_TTL], 1, err);
    if (code == DDB_OK)
        return code;
    if (is_unknown_operation(err))
        return no_ttl_there(kv, err);
    if (code != DDB_VALIDATION)
        return code;
    /* Somebody else may have done it between our two calls. */
    ddb_err refused = *err;

    if (ddb_describe_time_to_live(kv->client, kv->table, &info, err) ==
            DDB_OK &&
        ttl_is_settled(kv, &info, &settled, err))
        return settled;
    *err = refused;
    return code;
}

/* ---- The namespace ------------------------------------------------------ */

/* suffix: bytes that go behind it in partition keys. */
static ddb_code check_namespace(ddb_bytes name, size_t suffix, ddb_err *err)
{
    ddb_code code = ddbi_kv_check_text("namespace", name,
                                       DDBI_MAX_PARTITION_KEY - suffix, err);

    if (code != DDB_OK)
        return code;
    if (strstr(name.p, "##") != NULL)
        return ddbi_fail(err, DDB_INVALID,
                         "the namespace has \"##\" in it, which is reserved");
    if (ddbi_kv_is_part(name))
        return ddbi_fail(err, DDB_INVALID,
                         "the namespace ends in # and four digits, which is "
                         "reserved");
    return DDB_OK;
}

static ddb_code check_options(const ddb_kv_options *opt, ddb_err *err)
{
    int key_only = opt != NULL && opt->schema != NULL && opt->schema->key_only;
    ddb_code code;

    if (opt == NULL || opt->table == NULL ||
        (opt->name_space == NULL && !key_only))
        return ddbi_fail(err, DDB_INVALID,
                         "a store needs a table and a namespace");
    if (opt->name_space != NULL && key_only)
        return ddbi_fail(err, DDB_INVALID,
                         "a key-only table has no namespaces");
    if ((code = ddbi_check_table(opt->table, err)) != DDB_OK)
        return code;
    if (opt->read_units < 0 || opt->write_units < 0 ||
        (opt->read_units == 0) != (opt->write_units == 0))
        return ddbi_fail(err, DDB_INVALID,
                         "provisioned throughput needs read and write units "
                         "of 1 or more");
    if (opt->create_timeout_ms < 0)
        return ddbi_fail(err, DDB_INVALID, "create_timeout_ms is negative");
    if ((code = ddbi_kv_check_coding(opt, err)) != DDB_OK)
        return code;
    if (opt->shards < 0 || opt->shards > DDB_KV_MAX_SHARDS)
        return ddbi_fail(err, DDB_INVALID,
                         "there are no %d shards, but 1 to %d", opt->shards,
                         DDB_KV_MAX_SHARDS);
    if (opt->large && opt->schema != NULL &&
        (key_only || opt->schema->relative_ttl))
        return ddbi_fail(err, DDB_INVALID,
                         "large values need our own keys and expiry");
    if (key_only)
        return opt->shards == 0 ? DDB_OK
                                : ddbi_fail(err, DDB_INVALID,
                                            "a key-only table has no shards");
    return check_namespace(
        ddb_str(opt->name_space),
        opt->shards > 0 || opt->large ? strlen(DDBI_KV_META) : 0, err);
}

/* Without its schema.  NULL: no memory. */
static ddb_kv *new_kv(ddb_client *c, const ddb_kv_options *opt)
{
    const char *name = opt->name_space != NULL ? opt->name_space : "";
    ddb_kv *kv = ddbi_calloc(1, sizeof *kv);

    if (kv == NULL)
        return NULL;
    kv->client = c;
    kv->eventual = opt->eventual;
    kv->type = opt->type;
    kv->shards = opt->shards;
    kv->compress = opt->compress;
    kv->large = opt->large;
    kv->whole_table = opt->whole_table;
    if (opt->coding != NULL)
        kv->coding = *opt->coding;
    kv->table = ddbi_strdup(opt->table);
    kv->name_space = ddb_str(ddbi_strdup(name));
    kv->partition = ddbi_malloc(strlen(name) + sizeof DDBI_KV_META);
    kv->key = ddb_item_new();
    kv->item = ddb_item_new();
    kv->values = ddb_item_new();
    if (kv->table != NULL && kv->name_space.p != NULL &&
        kv->partition != NULL && kv->key != NULL && kv->item != NULL &&
        kv->values != NULL) {
        memcpy(kv->partition, name, strlen(name));
        return kv;
    }
    ddb_kv_close(kv);
    return NULL;
}

ddb_code ddb_kv_open(ddb_client *c, const ddb_kv_options *opt, ddb_kv **out,
                     ddb_err *err)
{
    ddb_err own; /* what failed decides what is done, told to anybody or not */
    ddb_kv *kv;
    ddb_code code;

    if (err == NULL)
        err = &own;
    *out = NULL;
    ddbi_err_clear(err);
    if ((code = check_options(opt, err)) != DDB_OK)
        return code;
    if ((kv = new_kv(c, opt)) == NULL)
        return ddbi_nomem(err);
    code = ddbi_kv_set_schema(kv, opt->schema, err);
    kv->plain = kv->type == DDB_KV_ANY && kv->coding.encode == NULL &&
                !kv->compress && !kv->schema.bytes_only;
    if (code == DDB_OK && opt->create)
        code = ensure_table(kv, opt, err);
    else if (code == DDB_OK && opt->check)
        code = check_table(kv, err);
    if (code == DDB_OK && opt->create && !opt->no_ttl &&
        !kv->schema.relative_ttl)
        code = ensure_ttl(kv, err);
    if (code == DDB_OK && opt->shards > 0)
        code = ddbi_kv_read_header(kv, err);
    if (code == DDB_OK)
        *out = kv, kv = NULL;
    ddb_kv_close(kv);
    return code;
}

void ddb_kv_close(ddb_kv *kv)
{
    if (kv == NULL)
        return;
    ddb_item_free(kv->key);
    ddb_item_free(kv->item);
    ddb_item_free(kv->values);
    ddbi_buf_free(&kv->counter.key);
    ddbi_free(kv->table);
    ddbi_free(kv->names);
    ddbi_free((void *)kv->name_space.p);
    ddbi_free(kv->partition);
    ddbi_free(kv);
}

const char *ddb_kv_warning(const ddb_kv *kv)
{
    return kv->warning[0] != '\0' ? kv->warning : NULL;
}
