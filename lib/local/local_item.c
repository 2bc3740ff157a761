/* SPDX-License-Identifier: MIT */
/*
 * Keys of items: whether they are what the table's and the indexes' schemas
 * ask for, and where they put an item in the ordered map.
 *
 * A Key has exactly the table's key attributes.  An item has them among
 * others, and what keys a secondary index must be of that index's type where
 * it is there; where it is not, the item is simply not in the index.  Of
 * several indexes that an attribute keys, one is told: a global one if there
 * is one, and of these the first by name.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html
 */
#include "local/local_item.h"

#include "base/enc.h"

#include <string.h>

#define NOT_VALID "One or more parameter values are not valid. "
#define INVALID "One or more parameter values were invalid: "

static const ddb_value *key_value(const ddb_item *it,
                                  const ddbi_key_attribute *k)
{
    return ddbi_item_find(it, k->name.p, k->name.n);
}

static int is_empty(const ddb_value *v)
{
    return (v->type == DDB_S || v->type == DDB_B) && v->u.bytes.n == 0;
}

/* Of a number no size counts. */
static int is_longer(const ddb_value *v, size_t max)
{
    return v->type != DDB_N && v->u.bytes.n > max;
}

static ddb_code refuse_mismatch(ddbi_ask *a)
{
    return ddbi_refuse_invalid(
        a, "The provided key element does not match the schema");
}

static ddb_code refuse_empty(ddbi_ask *a, const ddbi_key_attribute *k,
                             const ddb_value *v)
{
    return ddbi_refuse_invalid(
        a,
        NOT_VALID "The AttributeValue for a key attribute cannot contain an "
                  "empty %s value. Key: %.*s",
        v->type == DDB_S ? "string" : "binary", (int)k->name.n,
        (const char *)k->name.p);
}

static ddb_code check_size(ddbi_ask *a, const ddb_value *v, int sort)
{
    if (!is_longer(v, sort ? DDBI_MAX_SORT_KEY : DDBI_MAX_PARTITION_KEY))
        return DDB_OK;
    if (sort)
        return ddbi_refuse_invalid(
            a, INVALID "Aggregated size of all range keys has exceeded the "
                       "size limit of 1024 bytes");
    return ddbi_refuse_invalid(
        a, INVALID "Size of hashkey has exceeded the maximum size limit "
                   "of2048 bytes");
}

/* ---- A Key -------------------------------------------------------------- */

ddb_code ddbi_check_key_value(ddbi_ask *a, const ddb_value *v,
                              const ddbi_key_attribute *k, int sort)
{
    if (!v || v->type != k->type)
        return refuse_mismatch(a);
    if (is_empty(v))
        return refuse_empty(a, k, v);
    return check_size(a, v, sort);
}

ddb_code ddbi_check_key(ddbi_ask *a, const ddbi_table *t, const ddb_item *key)
{
    const ddbi_index *s = &t->self;
    ddb_code code;

    if (key->n != (s->sk.name.n ? 2u : 1u))
        return refuse_mismatch(a);
    code = ddbi_check_key_value(a, key_value(key, &s->pk), &s->pk, 0);
    if (code == DDB_OK && s->sk.name.n)
        code = ddbi_check_key_value(a, key_value(key, &s->sk), &s->sk, 1);
    return code;
}

/* ---- Keys of an item ---------------------------------------------------- */

static ddb_code check_item_part(ddbi_ask *a, const ddb_item *it,
                                const ddbi_key_attribute *k, int sort)
{
    const ddb_value *v = key_value(it, k);
    int n = (int)k->name.n;

    if (!v)
        return ddbi_refuse_invalid(a,
                                   INVALID "Missing the key %.*s in the item",
                                   n, (const char *)k->name.p);
    if (v->type != k->type)
        return ddbi_refuse_invalid(
            a, INVALID "Type mismatch for key %.*s expected: %s actual: %s", n,
            (const char *)k->name.p, ddbi_type_name(k->type),
            ddbi_type_name(v->type));
    if (is_empty(v))
        return refuse_empty(a, k, v);
    return check_size(a, v, sort);
}

typedef int judge_fn(const ddb_value *v, const ddbi_key_attribute *k, int sort);

static int wrong_type(const ddb_value *v, const ddbi_key_attribute *k, int sort)
{
    (void)sort;
    return v->type != k->type;
}

static int empty_value(const ddb_value *v, const ddbi_key_attribute *k,
                       int sort)
{
    (void)k;
    (void)sort;
    return is_empty(v);
}

static int too_long(const ddb_value *v, const ddbi_key_attribute *k, int sort)
{
    (void)k;
    return is_longer(v, sort ? DDBI_MAX_SORT_KEY : DDBI_MAX_PARTITION_KEY);
}

/* Global indexes before local ones, and each by name. */
static int comes_before(const ddbi_index *a, const ddbi_index *b)
{
    if (!a->local != !b->local)
        return b->local;
    return ddbi_compare(a->name, b->name) < 0;
}

/* The first index that an attribute of the item is wrong for; *k is
 * that attribute.  NULL: there is none. */
static const ddbi_index *find_wrong(const ddbi_table *t, const ddb_item *it,
                                    judge_fn *is_wrong,
                                    const ddbi_key_attribute **k)
{
    const ddbi_index *found = NULL;

    for (uint32_t i = 0; i < t->n_indexes; i++) {
        const ddbi_index *index = &t->indexes[i];

        if (found && !comes_before(index, found))
            continue;
        for (int sort = 0; sort < 2; sort++) {
            const ddbi_key_attribute *part = sort ? &index->sk : &index->pk;
            const ddb_value *v = part->name.n ? key_value(it, part) : NULL;

            if (v && is_wrong(v, part, sort)) {
                found = index;
                *k = part;
                break;
            }
        }
    }
    return found;
}

ddb_code ddbi_check_index_types(ddbi_ask *a, const ddbi_table *t,
                                const ddb_item *it)
{
    const ddbi_key_attribute *k;
    const ddbi_index *index = find_wrong(t, it, wrong_type, &k);

    if (!index)
        return DDB_OK;
    return ddbi_refuse_invalid(
        a,
        INVALID "Type mismatch for Index Key %.*s Expected: %s Actual: %s "
                "IndexName: %.*s",
        (int)k->name.n, (const char *)k->name.p, ddbi_type_name(k->type),
        ddbi_type_name(key_value(it, k)->type), (int)index->name.n,
        (const char *)index->name.p);
}

static ddb_code check_index_empty(ddbi_ask *a, const ddbi_table *t,
                                  const ddb_item *it)
{
    const ddbi_key_attribute *k;
    const ddbi_index *index = find_wrong(t, it, empty_value, &k);

    if (!index)
        return DDB_OK;
    return ddbi_refuse_invalid(
        a,
        NOT_VALID "A value specified for a secondary index key is not "
                  "supported. The AttributeValue for a key attribute cannot "
                  "contain an empty %s value. IndexName: %.*s, IndexKey: %.*s",
        key_value(it, k)->type == DDB_S ? "string" : "binary",
        (int)index->name.n, (const char *)index->name.p, (int)k->name.n,
        (const char *)k->name.p);
}

static ddb_code check_index_sizes(ddbi_ask *a, const ddbi_table *t,
                                  const ddb_item *it)
{
    const ddbi_key_attribute *k;
    const ddbi_index *index = find_wrong(t, it, too_long, &k);

    if (!index)
        return DDB_OK;
    return check_size(a, key_value(it, k), k == &index->sk);
}

static ddb_code check_index_keys(ddbi_ask *a, const ddbi_table *t,
                                 const ddb_item *it)
{
    ddb_code code;

    if (!t->n_indexes)
        return DDB_OK;
    code = ddbi_check_index_types(a, t, it);
    if (code == DDB_OK)
        code = check_index_empty(a, t, it);
    return code == DDB_OK ? check_index_sizes(a, t, it) : code;
}

ddb_code ddbi_check_keys_of(ddbi_ask *a, const ddbi_table *t,
                            const ddb_item *it)
{
    ddb_code code = check_item_part(a, it, &t->self.pk, 0);

    if (code == DDB_OK && t->self.sk.name.n)
        code = check_item_part(a, it, &t->self.sk, 1);
    return code == DDB_OK ? check_index_keys(a, t, it) : code;
}

ddb_code ddbi_check_batch_keys_of(ddbi_ask *a, const ddbi_table *t,
                                  const ddb_item *it)
{
    const ddbi_index *s = &t->self;
    ddb_code code = ddbi_check_key_value(a, key_value(it, &s->pk), &s->pk, 0);

    if (code == DDB_OK && s->sk.name.n)
        code = ddbi_check_key_value(a, key_value(it, &s->sk), &s->sk, 1);
    return code == DDB_OK ? check_index_keys(a, t, it) : code;
}

/* Those attributes that key indexes and are not what they were; others may
 * be older than the index. */
static ddb_item *changed_keys(ddbi_ask *a, const ddbi_table *t,
                              const ddb_item *old, const ddb_item *it)
{
    ddb_item *changed = ddbi_item_in(a->arena, 0);

    for (uint32_t i = 0; i < 2 * t->n_indexes && changed; i++) {
        const ddbi_index *index = &t->indexes[i / 2];
        const ddbi_key_attribute *k = i % 2 ? &index->sk : &index->pk;
        const ddb_value *v = k->name.n ? key_value(it, k) : NULL;
        ddb_value *slot;

        if (!v || ddb_value_equal(v, key_value(old, k)) ||
            key_value(changed, k))
            continue;
        slot = ddbi_item_append(changed, k->name);
        if (!slot)
            return NULL;
        *slot = *v;
    }
    return changed;
}

ddb_code ddbi_check_updated(ddbi_ask *a, const ddbi_table *t,
                            const ddb_item *old, const ddb_item *it)
{
    const ddbi_key_attribute *k;

    if (!t->n_indexes)
        return DDB_OK;
    it = changed_keys(a, t, old, it);
    if (!it)
        return ddbi_ask_nomem(a);
    if (find_wrong(t, it, wrong_type, &k))
        return ddbi_refuse_invalid(
            a, "The update expression attempted to update the secondary index "
               "key to unsupported type");
    if (find_wrong(t, it, empty_value, &k))
        return ddbi_refuse_invalid(
            a,
            NOT_VALID "The update expression attempted to update a secondary "
                      "index key to a value that is not supported. The "
                      "AttributeValue for a key attribute cannot contain an "
                      "empty %s value.",
            key_value(it, k)->type == DDB_S ? "string" : "binary");
    if (find_wrong(t, it, too_long, &k))
        return ddbi_refuse_invalid(
            a, "The update expression attempted to update the secondary index "
               "key beyond allowed size limits");
    return DDB_OK;
}

/* ---- Places ------------------------------------------------------------- */

/* A value that can key an index.  Items that were there before the index may
 * have others: they are not in it.  NULL: none, or no such key. */
static const ddb_value *usable(const ddb_item *it, const ddbi_key_attribute *k,
                               int sort)
{
    const ddb_value *v = k->name.n ? key_value(it, k) : NULL;

    if (!v || wrong_type(v, k, sort) || is_empty(v) || too_long(v, k, sort))
        return NULL;
    return v;
}

/* A key's value as places have it.  S and B are what they are; N is written
 * into the buffer. */
static ddb_bytes encoded(ddbi_buf *b, const ddb_value *v)
{
    size_t start = b->n;

    if (v->type != DDB_N)
        return v->u.bytes;
    ddbi_key_value(b, v);
    return (ddb_bytes){b->p ? b->p + start : NULL, b->n - start};
}

/* The table's own key, which tells rows of one index key apart. */
static void add_tie(ddbi_buf *b, const ddbi_table *t, const ddb_item *it)
{
    const ddbi_key_attribute *part[] = {&t->self.pk, &t->self.sk};
    ddbi_buf number = {0};

    for (int i = 0; i < 2; i++) {
        const ddb_value *v = part[i]->name.n ? key_value(it, part[i]) : NULL;

        ddbi_buf_clear(&number);
        if (v)
            ddbi_place_add(b, encoded(&number, v), 1);
        if (number.failed != DDB_OK)
            ddbi_buf_fail(b, number.failed);
    }
    ddbi_buf_free(&number);
}

static ddb_code into_arena(ddbi_ask *a, ddbi_buf *b, ddb_bytes *out)
{
    char *copy = b->failed == DDB_OK ? ddbi_arena_bytes(a->arena, b->n) : NULL;

    *out = (ddb_bytes){0};
    if (!copy)
        return ddbi_ask_nomem(a);
    if (b->n)
        memcpy(copy, b->p, b->n);
    *out = (ddb_bytes){copy, b->n};
    return DDB_OK;
}

ddb_code ddbi_item_place(ddbi_ask *a, const ddbi_table *t,
                         const ddbi_index *index, const ddb_item *it,
                         ddb_bytes *out)
{
    const ddb_value *pk = usable(it, &index->pk, 0);
    const ddb_value *sk = usable(it, &index->sk, 1);
    ddbi_buf pk_b = {0}, sk_b = {0}, tie_b = {0}, place = {0};
    ddb_bytes sk_bytes = {0}, tie = {0};
    int tied = index != &t->self;
    ddb_code code;

    *out = (ddb_bytes){0};
    if (!pk || (index->sk.name.n && !sk))
        return DDB_OK;
    if (sk)
        sk_bytes = encoded(&sk_b, sk);
    if (tied) {
        add_tie(&tie_b, t, it);
        tie = (ddb_bytes){tie_b.p, tie_b.n};
    }
    ddbi_place(&place, index->id, encoded(&pk_b, pk), sk ? &sk_bytes : NULL,
               tied ? &tie : NULL);
    if (pk_b.failed || sk_b.failed || tie_b.failed)
        ddbi_buf_fail(&place, DDB_NOMEM);
    code = into_arena(a, &place, out);
    ddbi_buf_free(&pk_b);
    ddbi_buf_free(&sk_b);
    ddbi_buf_free(&tie_b);
    ddbi_buf_free(&place);
    return code;
}

ddb_code ddbi_item_partition(ddbi_ask *a, const ddbi_index *index,
                             const ddb_item *it, ddb_bytes *out)
{
    const ddb_value *pk = key_value(it, &index->pk);
    ddbi_buf b = {0};
    ddb_code code = DDB_OK;

    *out = (ddb_bytes){0};
    if (!pk)
        return DDB_OK;
    *out = encoded(&b, pk);
    if (pk->type == DDB_N)
        code = into_arena(a, &b, out);
    ddbi_buf_free(&b);
    return code;
}
