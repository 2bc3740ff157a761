/* SPDX-License-Identifier: MIT */
/*
 * ClientRequestToken of TransactWriteItems: for ten minutes the same token
 * means the same transaction, which is not done again; with other parameters
 * it is refused.  Parameters are compared by the SHA-256 of what they say,
 * attributes in order of name, so that a client which writes its JSON anew
 * says the same.
 *
 * A token has two rows, by its name (hash and time) and by its time (the
 * name), so that what is old is found without a look at what is not.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
#include "local/local_token.h"

#include "base/enc.h"
#include "base/hash.h"

#include <string.h>

#define LIFE_MS ((int64_t)10 * 60 * 1000)
#define REMOVED_AT_ONCE 200

/* ---- What the request says ---------------------------------------------- */

static void add_bytes(ddbi_buf *b, ddb_bytes bytes)
{
    ddbi_buf_add_c(b, bytes.p ? '=' : '-');
    ddbi_buf_add_u64(b, bytes.n);
    ddbi_buf_add_c(b, ':');
    ddbi_buf_add(b, bytes.p, bytes.n);
}

static int compare_names(const void *arg, uint32_t i, uint32_t j)
{
    const ddbi_attribute *at = arg;

    return ddbi_compare(at[i].name, at[j].name);
}

/* Values were checked: 32 levels at most.
 * NOLINTBEGIN(misc-no-recursion) */

static void add_item(ddbi_ask *a, ddbi_buf *b, const ddb_item *it);

static void add_value(ddbi_ask *a, ddbi_buf *b, const ddb_value *v)
{
    ddbi_buf_add(b, ddbi_type_name(v->type), strlen(ddbi_type_name(v->type)));
    switch (v->type) {
    case DDB_M:
        add_item(a, b, v->u.map);
        break;
    case DDB_L:
        ddbi_buf_add_u64(b, v->u.list->n);
        for (uint32_t i = 0; i < v->u.list->n; i++)
            add_value(a, b, &v->u.list->elements[i]);
        break;
    case DDB_S:
    case DDB_N:
    case DDB_B:
        add_bytes(b, v->u.bytes);
        break;
    default: /* a set, BOOL, NULL */
        ddbi_buf_add_u64(b, v->n);
        for (size_t i = 0; i < ddb_value_count(v); i++)
            add_bytes(b, v->u.elements[i].u.bytes);
    }
}

static void add_item(ddbi_ask *a, ddbi_buf *b, const ddb_item *it)
{
    uint32_t n = it ? it->n : 0;
    uint32_t *order = ddbi_arena_alloc(a->arena, (n + 1) * sizeof *order);

    if (!order) {
        ddbi_buf_fail(b, DDB_NOMEM);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    ddbi_buf_add_u64(b, n);
    if (n)
        ddbi_sort(order, n, compare_names, it->attributes);
    for (uint32_t i = 0; i < n; i++) {
        add_bytes(b, it->attributes[order[i]].name);
        add_value(a, b, &it->attributes[order[i]].value);
    }
}

/* NOLINTEND(misc-no-recursion) */

static int compare_placeholders(const void *arg, uint32_t i, uint32_t j)
{
    const ddbi_name_in *names = arg;
    ddbi_attribute at[2] = {{.name = names[i].name}, {.name = names[j].name}};

    return compare_names(at, 0, 1);
}

static void add_names(ddbi_ask *a, ddbi_buf *b, const ddbi_names_in *names)
{
    uint32_t *order =
        ddbi_arena_alloc(a->arena, (names->n + 1) * sizeof *order);

    if (!order) {
        ddbi_buf_fail(b, DDB_NOMEM);
        return;
    }
    for (uint32_t i = 0; i < names->n; i++)
        order[i] = i;
    ddbi_buf_add_u64(b, names->n);
    if (names->n)
        ddbi_sort(order, names->n, compare_placeholders, names->p);
    for (uint32_t i = 0; i < names->n; i++) {
        add_bytes(b, names->p[order[i]].name);
        add_bytes(b, names->p[order[i]].value);
    }
}

static ddb_code hash_request(ddbi_ask *a, unsigned char out[DDBI_SHA256_SIZE])
{
    ddbi_hasher *h = ddbi_hasher_new();
    ddb_code code = DDB_OK;
    ddbi_buf b = {0};

    for (uint32_t i = 0; i < a->in->n_tx; i++) {
        const ddbi_op_in *op = &a->in->tx[i].op;

        ddbi_buf_add_u64(&b, a->in->tx[i].kind);
        add_bytes(&b, ddbi_table_bare_name(op->table));
        add_item(a, &b, op->item ? op->item : op->key);
        add_bytes(&b, op->update);
        add_bytes(&b, op->condition);
        add_names(a, &b, &op->names);
        add_item(a, &b, op->values);
        add_bytes(&b, op->on_failure);
    }
    if (!h || b.failed || ddbi_sha256(h, b.p, b.n, out))
        code = ddbi_ask_nomem(a);
    ddbi_hasher_free(h);
    ddbi_buf_free(&b);
    return code;
}

/* ---- Rows --------------------------------------------------------------- */

static void add_time(ddbi_buf *b, int64_t ms)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        ddbi_buf_add_c(b, (char)((uint64_t)ms >> shift));
}

static int64_t read_time(const unsigned char *p)
{
    uint64_t ms = 0;

    for (int i = 0; i < 8; i++)
        ms = ms << 8 | p[i];
    return (int64_t)ms;
}

static void named_place(ddbi_buf *b, ddb_bytes token)
{
    ddbi_place_named(b, DDBI_ID_TOKENS, (ddb_bytes){"n", 1});
    ddbi_buf_add(b, token.p, token.n);
}

static void timed_place(ddbi_buf *b, int64_t ms, ddb_bytes token)
{
    ddbi_place_named(b, DDBI_ID_TOKENS, (ddb_bytes){"t", 1});
    add_time(b, ms);
    ddbi_buf_add(b, token.p, token.n);
}

static ddb_code put_row(ddbi_ask *a, const ddbi_buf *place,
                        const ddbi_buf *body)
{
    ddbi_row row = {.place = {place->p, place->n}, .body = {body->p, body->n}};

    if (place->failed || body->failed)
        return ddbi_ask_nomem(a);
    return ddbi_store_put(a->store, &row, a->err);
}

static ddb_code delete_row(ddbi_ask *a, ddbi_buf *place)
{
    if (place->failed)
        return ddbi_ask_nomem(a);
    return ddbi_store_delete(a->store, (ddb_bytes){place->p, place->n}, a->err);
}

/* Its body is the hash and the time. */
static int is_young(const ddbi_ask *a, const ddbi_row *row)
{
    const unsigned char *p = row->body.p;

    return row->body.n == DDBI_SHA256_SIZE + 8 &&
           a->now - read_time(p + DDBI_SHA256_SIZE) < LIFE_MS;
}

ddb_code ddbi_token_look(ddbi_ask *a, int *done)
{
    unsigned char hash[DDBI_SHA256_SIZE];
    ddbi_buf place = {0};
    ddbi_row row = {0};
    ddb_code code;

    *done = 0;
    if (!a->in->token.n)
        return DDB_OK;
    named_place(&place, a->in->token);
    code = place.failed
               ? ddbi_ask_nomem(a)
               : ddbi_store_get(a->store, (ddb_bytes){place.p, place.n}, &row,
                                a->err);
    if (code == DDB_OK)
        code = hash_request(a, hash);
    if (code == DDB_OK && is_young(a, &row)) {
        *done = memcmp(row.body.p, hash, sizeof hash) == 0;
        if (!*done)
            code = ddbi_refuse(a, "IdempotentParameterMismatchException",
                               "The request uses the same client token as a "
                               "previous, but non-identical request. Do not "
                               "reuse a client token with different requests, "
                               "unless the requests are identical");
    }
    ddbi_buf_free(&place);
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

/* Tokens of before that time, some of them: their times and names, one after
 * another as their rows have them. */
static ddb_code find_old(ddbi_ask *a, int64_t before, ddb_bytes *found,
                         int *n_found)
{
    ddbi_buf from = {0}, to = {0};
    size_t prefix;
    ddb_code code;
    ddbi_row row;

    *n_found = 0;
    ddbi_place_named(&from, DDBI_ID_TOKENS, (ddb_bytes){"t", 1});
    prefix = from.n;
    timed_place(&to, before, (ddb_bytes){0});
    code = from.failed || to.failed
               ? ddbi_ask_nomem(a)
               : ddbi_store_seek(a->store, (ddb_bytes){from.p, from.n},
                                 (ddb_bytes){to.p, to.n}, 0, a->err);
    while (code == DDB_OK && *n_found < REMOVED_AT_ONCE) {
        code = ddbi_store_next(a->store, &row, a->err);
        if (code == DDB_OK) {
            size_t n = row.place.n - prefix;
            char *copy =
                ddbi_arena_dup(a->arena, (const char *)row.place.p + prefix, n);

            found[(*n_found)++] = (ddb_bytes){copy, n};
            code = copy ? DDB_OK : ddbi_ask_nomem(a);
        }
    }
    ddbi_store_end(a->store);
    ddbi_buf_free(&from);
    ddbi_buf_free(&to);
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

static ddb_code remove_token(ddbi_ask *a, int64_t ms, ddb_bytes token)
{
    ddbi_buf named = {0}, timed = {0};
    ddb_code code;

    named_place(&named, token);
    timed_place(&timed, ms, token);
    code = delete_row(a, &named);
    if (code == DDB_OK)
        code = delete_row(a, &timed);
    ddbi_buf_free(&named);
    ddbi_buf_free(&timed);
    return code;
}

/* The token itself may be there from more than ten minutes ago. */
static ddb_code remove_same(ddbi_ask *a)
{
    ddbi_buf named = {0};
    ddbi_row row = {0};
    int64_t ms = 0;
    ddb_code code;

    named_place(&named, a->in->token);
    code = named.failed
               ? ddbi_ask_nomem(a)
               : ddbi_store_get(a->store, (ddb_bytes){named.p, named.n}, &row,
                                a->err);
    if (code == DDB_OK && row.body.n == DDBI_SHA256_SIZE + 8)
        ms = read_time((const unsigned char *)row.body.p + DDBI_SHA256_SIZE);
    ddbi_buf_free(&named);
    if (code == DDB_OK)
        return remove_token(a, ms, a->in->token);
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

static ddb_code remove_old(ddbi_ask *a)
{
    ddb_bytes found[REMOVED_AT_ONCE];
    ddb_code code;
    int n;

    code = find_old(a, a->now - LIFE_MS, found, &n);
    for (int i = 0; i < n && code == DDB_OK; i++) {
        const char *p = found[i].p;

        code = remove_token(a, read_time((const unsigned char *)p),
                            (ddb_bytes){p + 8, found[i].n - 8});
    }
    return code;
}

ddb_code ddbi_token_keep(ddbi_ask *a)
{
    ddbi_buf named = {0}, timed = {0}, body = {0}, nothing = {0};
    unsigned char hash[DDBI_SHA256_SIZE];
    ddb_code code;

    if (!a->in->token.n)
        return DDB_OK;
    code = remove_same(a);
    if (code == DDB_OK)
        code = remove_old(a);
    if (code == DDB_OK)
        code = hash_request(a, hash);
    if (code != DDB_OK)
        return code;
    ddbi_buf_add(&body, hash, sizeof hash);
    add_time(&body, a->now);
    named_place(&named, a->in->token);
    timed_place(&timed, a->now, a->in->token);
    code = put_row(a, &named, &body);
    if (code == DDB_OK)
        code = put_row(a, &timed, &nothing);
    ddbi_buf_free(&named);
    ddbi_buf_free(&timed);
    ddbi_buf_free(&body);
    return code;
}
