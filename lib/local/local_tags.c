/* SPDX-License-Identifier: MIT */
/*
 * TagResource, UntagResource, ListTagsOfResource.  Tags are part of a table's
 * description; a table is told by its ARN alone.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.Operations.html
 */
#include "local/local_table.h"

#include "wire/json_write.h"

#include <string.h>

#define MOST_TAGS 50

#define SHOW(bytes) (int)(bytes).n, (const char *)(bytes).p

static int same(ddb_bytes a, ddb_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Is it a table's ARN, whatever region and account? */
static int is_arn(ddb_bytes arn)
{
    ddb_bytes name = ddbi_table_bare_name(arn);

    return name.p != arn.p && name.n >= DDBI_MIN_TABLE_NAME &&
           (const char *)name.p + name.n == (const char *)arn.p + arn.n;
}

static ddb_code check_arn(ddbi_ask *a)
{
    if (!a->in->arn.p)
        return ddbi_refuse_invalid(a, "Invalid TableArn");
    if (!is_arn(a->in->arn))
        return ddbi_refuse_invalid(
            a, "Invalid TableArn: Invalid ResourceArn provided as input %.*s",
            SHOW(a->in->arn));
    return DDB_OK;
}

static ddb_code find(ddbi_ask *a, const ddbi_table **out)
{
    ddb_code code = ddbi_table_look(a, a->in->arn, out);

    if (code == DDB_NOT_FOUND)
        return ddbi_refuse(
            a, "ResourceNotFoundException",
            "Requested resource not found: ResourcArn: %.*s not found",
            SHOW(a->in->arn));
    return code;
}

/* ---- TagResource -------------------------------------------------------- */

ddb_code ddbi_rule_tags(ddbi_ask *a, const ddbi_tag_in *tags, uint32_t n)
{
    if (n > MOST_TAGS)
        return ddbi_refuse_invalid(a, "Too many tags: a table has %d at most",
                                   MOST_TAGS);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (same(tags[i].key, tags[k].key))
                return ddbi_refuse_invalid(a, "Duplicate tag key: %.*s",
                                           SHOW(tags[i].key));
    return DDB_OK;
}

ddb_code ddbi_do_tag_check(ddbi_ask *a)
{
    ddb_code code = check_arn(a);

    if (code == DDB_OK && a->in->n_tags == 0)
        return ddbi_refuse_invalid(
            a, "Atleast one Tag needs to be provided as Input.");
    if (code == DDB_OK)
        code = ddbi_rule_tags(a, a->in->tags, a->in->n_tags);
    return code;
}

/* A table's tags with room for n more; NULL: no memory. */
static ddbi_tag_in *copy_tags(ddbi_ask *a, const ddbi_table *t, uint32_t n)
{
    ddbi_tag_in *tags =
        ddbi_arena_alloc(a->arena, ((size_t)t->n_tags + n + 1) * sizeof *tags);

    if (tags && t->n_tags)
        memcpy(tags, t->tags, t->n_tags * sizeof *tags);
    return tags;
}

static void set_tag(ddbi_table *t, const ddbi_tag_in *tag)
{
    for (uint32_t i = 0; i < t->n_tags; i++) {
        if (same(t->tags[i].key, tag->key)) {
            t->tags[i].value = tag->value;
            return;
        }
    }
    t->tags[t->n_tags++] = *tag;
}

ddb_code ddbi_do_tag(ddbi_ask *a)
{
    const ddbi_table *old;
    ddbi_table t;
    ddb_code code = find(a, &old);

    if (code != DDB_OK)
        return code;
    t = *old;
    t.tags = copy_tags(a, old, a->in->n_tags);
    if (!t.tags)
        return ddbi_ask_nomem(a);
    for (uint32_t i = 0; i < a->in->n_tags; i++)
        set_tag(&t, &a->in->tags[i]);
    code = ddbi_rule_tags(a, t.tags, t.n_tags);
    return code == DDB_OK ? ddbi_table_save(a, &t) : code;
}

/* ---- UntagResource ------------------------------------------------------ */

ddb_code ddbi_do_untag_check(ddbi_ask *a)
{
    ddb_code code = check_arn(a);

    if (code == DDB_OK && a->in->tag_keys.n == 0)
        return ddbi_refuse_invalid(
            a, "Atleast one Tag Key needs to be provided as Input.");
    return code;
}

static int is_among(const ddbi_strings *keys, ddb_bytes key)
{
    for (uint32_t i = 0; i < keys->n; i++)
        if (same(keys->p[i], key))
            return 1;
    return 0;
}

ddb_code ddbi_do_untag(ddbi_ask *a)
{
    const ddbi_table *old;
    ddbi_table t;
    ddb_code code = find(a, &old);

    if (code != DDB_OK)
        return code;
    t = *old;
    t.tags = copy_tags(a, old, 0);
    if (!t.tags)
        return ddbi_ask_nomem(a);
    t.n_tags = 0;
    for (uint32_t i = 0; i < old->n_tags; i++)
        if (!is_among(&a->in->tag_keys, old->tags[i].key))
            t.tags[t.n_tags++] = old->tags[i];
    return ddbi_table_save(a, &t);
}

/* ---- ListTagsOfResource ------------------------------------------------- */

ddb_code ddbi_do_list_tags_check(ddbi_ask *a)
{
    return check_arn(a);
}

ddb_code ddbi_do_list_tags(ddbi_ask *a)
{
    const ddbi_table *t;
    ddb_code code = find(a, &t);

    if (code != DDB_OK)
        return code;
    ddbi_buf_add_str(a->out, "{\"Tags\":[");
    for (uint32_t i = 0; i < t->n_tags; i++) {
        ddbi_json_open(a->out, '{');
        ddbi_json_key(a->out, "Key", 3);
        ddbi_json_str(a->out, t->tags[i].key.p, t->tags[i].key.n);
        ddbi_json_key(a->out, "Value", 5);
        ddbi_json_str(a->out, t->tags[i].value.p, t->tags[i].value.n);
        ddbi_json_close(a->out, '}');
    }
    ddbi_buf_add_str(a->out, "]}");
    return a->out->failed ? ddbi_ask_nomem(a) : DDB_OK;
}
