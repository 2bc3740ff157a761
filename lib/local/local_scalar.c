/* SPDX-License-Identifier: MIT */
/*
 * Key attributes are S, N or B: a document path that goes into one ("pk.a",
 * "pk[0]") can never lead anywhere, and the service refuses it once it knows
 * the table.  The table's own key is looked at before the indexes', and of
 * these the global ones before the local.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.Attributes.html
 */
#include "local/local_item.h"

#include "base/enc.h"

/* The i-th attribute of the first level of any expression; n 0: no more. */
typedef ddb_bytes attribute_fn(const void *expression, uint32_t i, int *nested);

static ddb_bytes of_condition(const void *e, uint32_t i, int *nested)
{
    return ddbi_condition_attribute(e, i, nested);
}

static ddb_bytes of_projection(const void *e, uint32_t i, int *nested)
{
    return ddbi_projection_attribute(e, i, nested);
}

static ddb_bytes of_update(const void *e, uint32_t i, int *nested)
{
    return ddbi_update_attribute(e, i, nested);
}

static ddb_bytes of_operand(const void *e, uint32_t i, int *nested)
{
    return ddbi_update_operand(e, i, nested);
}

static ddb_code check_key(ddbi_ask *a, const ddbi_key_attribute *k,
                          const char *of, attribute_fn *get, const void *e)
{
    ddb_bytes name;
    int nested = 0;

    if (k->name.n == 0)
        return DDB_OK;
    for (uint32_t i = 0; (name = get(e, i, &nested)).n; i++)
        if (nested && ddbi_equal(name, k->name))
            return ddbi_refuse_invalid(
                a,
                "Key attributes must be scalars; list random access '[]' and "
                "map lookup '.' are not allowed: %s: %.*s",
                of, (int)name.n, (const char *)name.p);
    return DDB_OK;
}

static ddb_code check_keys(ddbi_ask *a, const ddbi_index *index, const char *of,
                           attribute_fn *get, const void *e)
{
    ddb_code code = check_key(a, &index->pk, of, get, e);

    return code == DDB_OK ? check_key(a, &index->sk, of, get, e) : code;
}

static ddb_code check_all(ddbi_ask *a, const ddbi_table *t, attribute_fn *get,
                          const void *e)
{
    ddb_code code;

    if (!e)
        return DDB_OK;
    code = check_keys(a, &t->self, "Key", get, e);
    for (int local = 0; local < 2; local++)
        for (uint32_t i = 0; i < t->n_indexes && code == DDB_OK; i++)
            if (!t->indexes[i].local == !local)
                code = check_keys(a, &t->indexes[i], "IndexKey", get, e);
    return code;
}

ddb_code ddbi_scalars_condition(ddbi_ask *a, const ddbi_table *t,
                                const ddbi_condition *c)
{
    return check_all(a, t, of_condition, c);
}

ddb_code ddbi_scalars_projection(ddbi_ask *a, const ddbi_table *t,
                                 const ddbi_projection *p)
{
    return check_all(a, t, of_projection, p);
}

ddb_code ddbi_scalars_update(ddbi_ask *a, const ddbi_table *t,
                             const ddbi_update *u)
{
    ddb_code code = check_all(a, t, of_update, u);

    return code == DDB_OK ? check_all(a, t, of_operand, u) : code;
}
