/* SPDX-License-Identifier: MIT */
/*
 * TagResource, UntagResource, ListTagsOfResource.  Tags are part of a table's
 * description; a table is told by its ARN alone.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.Operations.html
 */
#include "local/local_table.h"

#include "base/enc.h"
#include "wire/json_write.h"

#include <string.h>

#define MOST_TAGS 50
#define LONGEST_KEY 128 /* characters */
#define LONGEST_VALUE 256

#define BAD "One or more parameter values were invalid: "
#define SHOW(bytes) (int)(bytes).n, (const char *)(bytes).p

/* ---- The table ---------------------------------------------------------- */

/* Region and account may be any. */
static ddb_code check_arn(ddbi_ask *a)
{
    ddb_bytes arn = a->in->arn, name = ddbi_table_bare_name(arn);

    if (!arn.p)
        return ddbi_refuse_invalid(a, "Invalid TableArn");
    if (arn.n < 4 || memcmp(arn.p, "arn:", 4) != 0)
        return ddbi_refuse_invalid(a, BAD "ARNs must start with 'arn:': %.*s",
                                   SHOW(arn));
    if (name.p == arn.p)
        return ddbi_refuse_invalid(
            a, BAD "Provided Arn is not a DynamoDB resource arn: %.*s",
            SHOW(arn));
    if ((const char *)name.p + name.n != (const char *)arn.p + arn.n)
        return ddbi_refuse_invalid(
            a,
            BAD "Invalid resource arn provided, only table or stream is "
                "accepted. Provided resource arn: %.*s",
            SHOW(arn));
    return DDB_OK;
}

/* After the list that goes with it was found missing. */
static ddb_code check_name(ddbi_ask *a)
{
    ddb_bytes name = ddbi_table_bare_name(a->in->arn);

    if (name.n < DDBI_MIN_TABLE_NAME || name.n > DDBI_MAX_TABLE_NAME)
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
            "Requested resource not found: ResourceArn: %.*s not found",
            SHOW(a->in->arn));
    return code;
}

/* ---- Keys and values ---------------------------------------------------- */

static uint32_t code_point(const unsigned char *p, size_t n)
{
    return n == 1   ? p[0]
           : n == 2 ? (uint32_t)(p[0] & 31) << 6 | (p[1] & 63)
           : n == 3 ? (uint32_t)(p[0] & 15) << 12 | (uint32_t)(p[1] & 63) << 6 |
                          (p[2] & 63)
                    : 0x10000;
}

/* Letters, digits and spaces of any script, and + - = . _ : / @.  Beyond
 * ASCII the blocks of punctuation and symbols are out, and with them all
 * that is above U+FFFF, where emoji are. */
static int may_be_in_tag(uint32_t c)
{
    if (c < 0x80)
        return ddbi_is_alnum((int)c) || c == ' ' ||
               (c && strchr("+-=._:/@", (int)c));
    return c < 0x10000 && !(c >= 0x2010 && c <= 0x2bff) &&
           !(c >= 0xd800 && c <= 0xf8ff);
}

static int is_tag_text(ddb_bytes text, size_t most)
{
    const char *p = text.p, *end = p + text.n;
    size_t n = 0;

    for (; p < end; n++) {
        size_t size = ddbi_utf8_char(p, (size_t)(end - p));

        if (!size || n == most ||
            !may_be_in_tag(code_point((const unsigned char *)p, size)))
            return 0;
        p += size;
    }
    return 1;
}

static ddb_code check_key(ddbi_ask *a, ddb_bytes key)
{
    ddb_bytes shown = key.p ? key : ddb_str("null");

    if (key.n == 0 || !is_tag_text(key, LONGEST_KEY))
        return ddbi_refuse_invalid(
            a, "The Tag Key provided is invalid, Key: %.*s", SHOW(shown));
    return DDB_OK;
}

static ddb_code check_tag(ddbi_ask *a, const ddbi_tag_in *tag)
{
    ddb_bytes shown = tag->value.p ? tag->value : ddb_str("null");
    ddb_code code = check_key(a, tag->key);

    if (code != DDB_OK)
        return code;
    if (tag->key.n >= 4 && memcmp(tag->key.p, "aws:", 4) == 0)
        return ddbi_refuse_invalid(
            a, "Tag Key cannot be prefixed with aws:, Key: %.*s",
            SHOW(tag->key));
    if (!tag->value.p || !is_tag_text(tag->value, LONGEST_VALUE))
        return ddbi_refuse_invalid(
            a, "The Tag Value provided is invalid, Value: %.*s", SHOW(shown));
    return DDB_OK;
}

static ddb_code check_count(ddbi_ask *a, uint32_t n)
{
    if (n > MOST_TAGS)
        return ddbi_refuse_invalid(a, "Number of Tags exceed the current limit "
                                      "for the provided ResourceArn");
    return DDB_OK;
}

ddb_code ddbi_rule_tags(ddbi_ask *a)
{
    const ddbi_tag_in *tags = a->in->tags;
    uint32_t n = a->in->n_tags;
    ddb_code code = check_count(a, n);

    for (uint32_t i = 0; code == DDB_OK && i < n; i++)
        code = check_tag(a, &tags[i]);
    for (uint32_t i = 0; code == DDB_OK && i < n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (ddbi_equal(tags[i].key, tags[k].key))
                return ddbi_refuse_invalid(
                    a,
                    "Duplicate Tag Keys provided as input: Duplicate Tag Key "
                    "found %.*s",
                    SHOW(tags[i].key));
    return code;
}

/* ---- TagResource -------------------------------------------------------- */

ddb_code ddbi_do_tag_check(ddbi_ask *a)
{
    ddb_code code = check_arn(a);

    if (code == DDB_OK && !a->in->has_tags)
        return ddbi_refuse_invalid(a,
                                   "1 validation error detected: Value null at "
                                   "'tags' failed to satisfy constraint: "
                                   "Member must not be null");
    if (code == DDB_OK)
        code = check_name(a);
    if (code == DDB_OK && a->in->n_tags == 0)
        return ddbi_refuse_invalid(
            a, "Atleast one Tag needs to be provided as Input.");
    return code == DDB_OK ? ddbi_rule_tags(a) : code;
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
        if (ddbi_equal(t->tags[i].key, tag->key)) {
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
    code = check_count(a, t.n_tags);
    return code == DDB_OK ? ddbi_table_save(a, &t) : code;
}

/* ---- UntagResource ------------------------------------------------------ */

ddb_code ddbi_do_untag_check(ddbi_ask *a)
{
    const ddbi_strings *keys = &a->in->tag_keys;
    ddb_code code = check_arn(a);

    if (code == DDB_OK && !keys->present)
        return ddbi_refuse_invalid(a,
                                   "1 validation error detected: Value null at "
                                   "'tagKeys' failed to satisfy constraint: "
                                   "Member must not be null");
    if (code == DDB_OK)
        code = check_name(a);
    if (code == DDB_OK && keys->n == 0)
        return ddbi_refuse_invalid(
            a, "Atleast one Tag Key needs to be provided as Input.");
    if (code == DDB_OK)
        code = check_count(a, keys->n);
    for (uint32_t i = 0; code == DDB_OK && i < keys->n; i++)
        code = check_key(a, keys->p[i]);
    return code;
}

static int is_among(const ddbi_strings *keys, ddb_bytes key)
{
    for (uint32_t i = 0; i < keys->n; i++)
        if (ddbi_equal(keys->p[i], key))
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
    ddb_code code = check_arn(a);

    return code == DDB_OK ? check_name(a) : code;
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
