/* SPDX-License-Identifier: MIT */
/*
 * Compare and swap: replace, delete_if and pop do something to the entry that
 * was seen, and to no other one.
 *
 * A replace that is repeated finds its own version when an answer was lost,
 * and is done.  A delete leaves nothing to be found: one that may have been
 * done already and finds that entry gone tells maybe_applied.
 */
#include "base/err.h"
#include "kv/kv_impl.h"

#include <string.h>

/* ---- What was seen ------------------------------------------------------ */

typedef struct {
    ddbi_kv_condition condition;
    ddbi_kv_text room;
    ddb_item *item; /* when it had to be read */
} sight;

static ddb_code gone(ddb_err *err)
{
    return ddbi_fail(err, DDB_CONDITION_FAILED,
                     "the entry is another now, or gone");
}

/* Where no expression can tell of expiry: has it expired? */
static ddb_code check_live(ddb_kv *kv, const ddb_kv_entry *seen, sight *s,
                           ddb_err *err)
{
    const ddb_item *it = seen->item;
    int64_t at;
    ddb_code code;

    if (ddbi_kv_live(kv) != NULL)
        return DDB_OK;
    if (it == NULL) {
        code = ddbi_kv_look(kv, &s->item, err);
        if (code == DDB_NOT_FOUND)
            ddbi_err_clear(err);
        if (code != DDB_OK)
            return code == DDB_NOT_FOUND ? gone(err) : code;
        it = s->item;
    }
    if (ddbi_kv_read_expiry(kv, it, &at) && at <= ddb_client_now(kv->client))
        return gone(err);
    return DDB_OK;
}

/* kv->key is that of the entry afterwards. */
static ddb_code look_back(ddb_kv *kv, const ddb_kv_entry *seen, int flags,
                          sight *s, ddb_err *err)
{
    ddb_code code = ddbi_kv_set_key(kv, seen->key, kv->key, err);

    if (code != DDB_OK)
        return code;
    if (!seen->has_version &&
        ddbi_kv_value(kv, seen->item, DDBI_KV_VALUE) == NULL)
        return ddbi_fail(err, DDB_INVALID,
                         "the entry that was seen has no version, and no "
                         "value that a read gave");
    ddbi_kv_still(kv, seen->has_version ? seen->version : NULL, seen->item,
                  flags, s->room, &s->condition);
    return check_live(kv, seen, s, err);
}

/* ---- Replace ------------------------------------------------------------ */

/* When the write came to be repeated, neither what was seen nor ours was
 * there: ours may have been there in between.  Unless it is what was seen
 * after all, which has expired. */
static ddb_code settle(ddb_kv *kv, const ddb_kv_entry *seen, const sight *s,
                       ddb_err *err)
{
    ddb_item *now = NULL;
    ddb_err why;
    ddb_code code = ddbi_kv_set_key(kv, seen->key, kv->key, &why);

    if (code == DDB_OK)
        code = ddbi_kv_look(kv, &now, &why);
    if (code == DDB_OK && ddbi_kv_is_still(kv, &s->condition, now)) {
        code = DDB_CONDITION_FAILED;
        err->maybe_applied = 0;
    } else if (code == DDB_NOMEM) {
        err->code = DDB_OK;
        ddbi_nomem(err);
    } else {
        code = ddbi_kv_unsure(DDB_CONDITION_FAILED, err);
    }
    ddb_item_free(now);
    return code;
}

ddb_code ddb_kv_replace(ddb_kv *kv, const ddb_kv_entry *seen, ddb_bytes value,
                        const ddb_kv_put_options *opt, ddb_err *err)
{
    ddb_err own;
    sight s = {0};
    ddb_code code;

    if (err == NULL)
        err = &own;
    ddbi_err_clear(err);
    code = look_back(kv, seen, DDBI_KV_OR_MINE, &s, err);
    if (code == DDB_OK)
        code = ddbi_kv_write(kv, seen->key, value, opt, &s.condition, err);
    if (code == DDB_CONDITION_FAILED && err->maybe_applied)
        code = settle(kv, seen, &s, err);
    else
        code = ddbi_kv_unsure(code, err);
    ddb_item_free(s.item);
    return code;
}

/* ---- Delete ------------------------------------------------------------- */

/* Delete what lies under kv->key on this condition, and its chunks.  *out
 * (NULL before) is what it failed for, if the server tells, or in a store
 * that keeps large values what was deleted; the caller's.  DDB_OK with
 * maybe_applied: it is gone. */
static ddb_code delete_on(ddb_kv *kv, const ddbi_kv_condition *condition,
                          ddb_item **out, ddb_err *err)
{
    ddbi_kv_names names;
    ddb_delete_item_in in = {.table = kv->table,
                             .key = kv->key,
                             .condition = condition->text,
                             .names = names,
                             .values = kv->values,
                             .return_values = kv->large ? DDB_RETURN_ALL_OLD
                                                        : DDB_RETURN_NONE,
                             .return_blocking = 1,
                             .repeatable = 1,
                             .dated = 1};
    ddb_code code;
    int again = 0;

    ddbi_kv_name(kv, names, in.condition, NULL, NULL);
    do {
        ddbi_kv_set_values(kv, condition, ddb_client_now(kv->client), NULL);
        code = ddb_delete_item(kv->client, &in, out, err);
    } while (ddbi_kv_again(code, err, &again));
    if (code == DDB_OK)
        ddbi_kv_drop_chunks(kv, kv->large ? *out : condition->item);
    if (code != DDB_CONDITION_FAILED || !err->maybe_applied)
        return ddbi_kv_certain(code, err);
    err->maybe_applied = 0;
    if (ddbi_kv_is_still(kv, condition, *out))
        return code; /* it has expired */
    ddbi_err_clear(err);
    err->maybe_applied = 1;
    return DDB_OK;
}

ddb_code ddb_kv_delete_if(ddb_kv *kv, const ddb_kv_entry *seen, ddb_err *err)
{
    ddb_item *found = NULL;
    ddb_err own;
    sight s = {0};
    ddb_code code;

    if (err == NULL)
        err = &own;
    ddbi_err_clear(err);
    code = look_back(kv, seen, 0, &s, err);
    if (code == DDB_OK)
        code = delete_on(kv, &s.condition, &found, err);
    ddb_item_free(found);
    ddb_item_free(s.item);
    return code;
}

/* ---- Pop ---------------------------------------------------------------- */

/* Take the item away as it is; DDB_CONDITION_FAILED: it is another by now,
 * *next if the server tells.  The item is the entry's, or freed. */
static ddb_code pop_item(ddb_kv *kv, ddb_item *it, ddb_item **next,
                         ddb_kv_entry *e, ddb_err *err)
{
    ddbi_kv_condition condition;
    ddbi_kv_text room;
    ddb_code code =
        ddbi_kv_take_entry(kv, it, ddb_client_now(kv->client), e, err);

    if (code != DDB_OK)
        return code;
    ddbi_kv_still(kv, e->has_version ? e->version : NULL, e->item, 0, room,
                  &condition);
    code = delete_on(kv, &condition, next, err);
    if (code != DDB_OK)
        ddb_kv_entry_clear(e);
    return code;
}

ddb_code ddb_kv_pop(ddb_kv *kv, ddb_bytes key, ddb_kv_entry *e, ddb_err *err)
{
    ddbi_kv_patience patience = {0};
    ddb_item *it = NULL;
    ddb_err own;
    ddb_code code;

    if (err == NULL)
        err = &own;
    ddbi_err_clear(err);
    code = ddbi_kv_set_key(kv, key, kv->key, err);
    /* Only now: key may be that of the entry. */
    ddb_kv_entry_clear(e);
    while (code == DDB_OK) {
        ddb_item *next = NULL;

        if (it == NULL && (code = ddbi_kv_look(kv, &it, err)) != DDB_OK)
            break;
        code = pop_item(kv, it, &next, e, err);
        it = next;
        if (code != DDB_CONDITION_FAILED)
            break;
        if ((code = ddbi_kv_wait(kv, &patience, err)) == DDB_OK)
            ddbi_err_clear(err);
    }
    ddb_item_free(it);
    return code;
}
