/* SPDX-License-Identifier: MIT */
/*
 * Request bodies, written straight into the buffer that is sent.
 *
 * The limits of the service are checked on the way, so that what it would
 * refuse costs no round trip, and the message names the limit and what was
 * found.  What only the table's schema can tell (which attributes are the
 * key) or only the service parses (expressions) is left to the service.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html
 */
#include "wire/request.h"

#include "base/enc.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ddbi_req_begin(ddbi_req *q, ddbi_buf *b, ddb_err *err)
{
    *q = (ddbi_req){.b = b, .err = err};
    ddbi_buf_clear(b);
    b->max = DDBI_MAX_REQUEST;
    ddbi_json_open(b, '{');
}

ddb_code ddbi_req_end(ddbi_req *q)
{
    ddbi_json_close(q->b, '}');
    if (q->b->failed == DDB_TOO_LARGE)
        ddbi_req_fail(q, DDB_TOO_LARGE,
                      "the request is too large, the limit is %d bytes",
                      DDBI_MAX_REQUEST);
    else if (q->b->failed == DDB_NOMEM)
        ddbi_req_fail(q, DDB_NOMEM, "out of memory");
    else if (q->b->failed != DDB_OK)
        ddbi_req_fail(q, q->b->failed, "the request cannot be written");
    return q->failed;
}

void ddbi_req_fail(ddbi_req *q, ddb_code code, const char *format, ...)
{
    char text[sizeof q->err->message];
    va_list args;

    if (q->failed != DDB_OK)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    q->failed = ddbi_fail(q->err, code, "%s", text);
}

/* The name of a member; 1: its value may follow. */
static int member(ddbi_req *q, const char *name)
{
    if (q->failed != DDB_OK)
        return 0;
    if (name)
        ddbi_json_key(q->b, name, strlen(name));
    return 1;
}

/* Text of the caller's. */
static void put_text(ddbi_req *q, const char *name, const char *text)
{
    size_t n = strlen(text);

    if (!ddbi_utf8_valid(text, n))
        ddbi_req_fail(q, DDB_INVALID, "%s is not UTF-8", name);
    else if (member(q, name))
        ddbi_json_str(q->b, text, n);
}

void ddbi_req_str(ddbi_req *q, const char *name, const char *text)
{
    if (text)
        put_text(q, name, text);
}

void ddbi_req_flag(ddbi_req *q, const char *name, int value)
{
    if (value && member(q, name))
        ddbi_json_bool(q->b, 1);
}

void ddbi_req_int(ddbi_req *q, const char *name, int64_t value)
{
    if (member(q, name))
        ddbi_json_i64(q->b, value);
}

void ddbi_req_open(ddbi_req *q, const char *name, char bracket)
{
    if (member(q, name))
        ddbi_json_open(q->b, bracket);
}

void ddbi_req_close(ddbi_req *q, char bracket)
{
    if (q->failed == DDB_OK)
        ddbi_json_close(q->b, bracket);
}

/* ---- Tables ------------------------------------------------------------- */

static int is_name_char(int c)
{
    return ddbi_is_alnum(c) || c == '_' || c == '-' || c == '.';
}

static int is_table_name(const char *p, size_t n)
{
    if (n < DDBI_MIN_TABLE_NAME || n > DDBI_MAX_TABLE_NAME)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (!is_name_char((unsigned char)p[i]))
            return 0;
    return 1;
}

/* arn:aws:dynamodb:us-east-1:123456789012:table/NAME, of any partition. */
static int is_table_arn(const char *s)
{
    size_t n;

    if (strncmp(s, "arn:aws", 7) != 0)
        return 0;
    s += strcspn(s + 7, ":") + 7; /* aws-cn and so on */
    if (strncmp(s, ":dynamodb:", 10) != 0)
        return 0;
    s += 10;
    for (int i = 0; i < 2; i++) { /* region and account */
        n = strcspn(s, ":");
        if (n == 0 || s[n] != ':')
            return 0;
        s += n + 1;
    }
    return strncmp(s, "table/", 6) == 0 && is_table_name(s + 6, strlen(s + 6));
}

ddb_code ddbi_check_table(const char *table, ddb_err *err)
{
    size_t n = table ? strlen(table) : 0;

    if (n == 0)
        return ddbi_fail(err, DDB_INVALID, "no table is given");
    if (strncmp(table, "arn:", 4) == 0) {
        if (n <= DDBI_MAX_ARN && is_table_arn(table))
            return DDB_OK;
        return ddbi_fail(err, DDB_INVALID, "not the ARN of a table: %s", table);
    }
    if (is_table_name(table, n))
        return DDB_OK;
    return ddbi_fail(err, DDB_INVALID,
                     "a table's name has 3 to 255 of A-Z, a-z, 0-9, '_', "
                     "'-' and '.': %s",
                     table);
}

void ddbi_req_table(ddbi_req *q, const char *table)
{
    if (q->failed == DDB_OK)
        q->failed = ddbi_check_table(table, q->err);
    ddbi_req_str(q, "TableName", table);
}

/* ---- Items -------------------------------------------------------------- */

/* Is it there, with attributes, and did every setter succeed? */
static int check_item(ddbi_req *q, const char *what, const ddb_item *it)
{
    ddb_code code = it ? ddb_item_status(it) : DDB_INVALID;

    if (!it)
        ddbi_req_fail(q, code, "%s is missing", what);
    else if (code != DDB_OK)
        ddbi_req_fail(q, code, "%s: %s", what, ddbi_item_why(it));
    else if (ddb_item_count(it) == 0)
        ddbi_req_fail(q, DDB_INVALID, "%s has no attributes", what);
    return q->failed == DDB_OK;
}

/* As much of a name as a message has room for. */
static int shown(size_t n)
{
    return n < 64 ? (int)n : 64;
}

static void check_key_attribute(ddbi_req *q, const char *what,
                                const ddbi_attribute *a)
{
    size_t n = a->value.u.bytes.n;
    ddb_type type = a->value.type;
    const char *name = a->name.p;
    int width = shown(a->name.n);

    if (type != DDB_S && type != DDB_N && type != DDB_B)
        ddbi_req_fail(q, DDB_INVALID,
                      "%s: attribute %.*s is no string, number or binary", what,
                      width, name);
    else if (n == 0)
        ddbi_req_fail(q, DDB_INVALID, "%s: attribute %.*s is empty", what,
                      width, name);
    else if (n > DDBI_MAX_PARTITION_KEY)
        ddbi_req_fail(q, DDB_TOO_LARGE,
                      "%s: attribute %.*s has %zu bytes, the limit is %d", what,
                      width, name, n, DDBI_MAX_PARTITION_KEY);
    else if (a->name.n > DDBI_MAX_KEY_NAME)
        ddbi_req_fail(q, DDB_TOO_LARGE,
                      "%s: the name %.*s... has %zu bytes, the limit is %d",
                      what, width, name, a->name.n, DDBI_MAX_KEY_NAME);
}

static void put_key(ddbi_req *q, const char *name, const ddb_item *key,
                    uint32_t most)
{
    const char *what = name ? name : "the key";

    if (q->failed != DDB_OK || !check_item(q, what, key))
        return;
    if (key->n > most)
        ddbi_req_fail(q, DDB_INVALID,
                      "%s has %u attributes, a primary key has one or two",
                      what, (unsigned)key->n);
    for (uint32_t i = 0; i < key->n; i++)
        check_key_attribute(q, what, &key->attributes[i]);
    /* Which of two is the sort key only the table knows. */
    if (q->failed == DDB_OK && key->n == 2 &&
        key->attributes[0].value.u.bytes.n > DDBI_MAX_SORT_KEY &&
        key->attributes[1].value.u.bytes.n > DDBI_MAX_SORT_KEY)
        ddbi_req_fail(q, DDB_TOO_LARGE, "%s: a sort key has at most %d bytes",
                      what, DDBI_MAX_SORT_KEY);
    if (member(q, name))
        ddbi_write_item(q->b, key);
}

void ddbi_req_key(ddbi_req *q, const char *name, const ddb_item *key)
{
    put_key(q, name, key, 2);
}

void ddbi_req_start_key(ddbi_req *q, const char *name, const ddb_item *key)
{
    if (key)
        put_key(q, name, key, UINT32_MAX);
}

void ddbi_req_item(ddbi_req *q, const char *name, const ddb_item *it)
{
    const char *what = name ? name : "the item";
    size_t size;

    if (q->failed != DDB_OK || !check_item(q, what, it))
        return;
    size = ddb_item_size(it);
    if (size > DDBI_MAX_ITEM)
        ddbi_req_fail(q, DDB_TOO_LARGE, "%s has %zu bytes, the limit is %d",
                      what, size, DDBI_MAX_ITEM);
    if (member(q, name))
        ddbi_write_item(q->b, it);
}

/* ---- Expressions -------------------------------------------------------- */

void ddbi_req_expression(ddbi_req *q, const char *name, const char *text)
{
    size_t n = text ? strlen(text) : 0;

    if (!text)
        return;
    if (n == 0)
        ddbi_req_fail(q, DDB_INVALID, "%s is empty", name);
    else if (n > DDBI_MAX_EXPRESSION)
        ddbi_req_fail(q, DDB_TOO_LARGE, "%s has %zu bytes, the limit is %d",
                      name, n, DDBI_MAX_EXPRESSION);
    put_text(q, name, text);
}

/* "#name" or ":value". */
static void check_placeholder(ddbi_req *q, char first, const char *text,
                              size_t n)
{
    if (n < 2 || *text != first || !ddbi_utf8_valid(text, n))
        ddbi_req_fail(q, DDB_INVALID, "a placeholder is '%c' and a name: %.*s",
                      first, shown(n), text);
    else if (n > DDBI_MAX_PLACEHOLDER)
        ddbi_req_fail(q, DDB_TOO_LARGE,
                      "a placeholder has %zu bytes, the limit is %d: %.*s", n,
                      DDBI_MAX_PLACEHOLDER, shown(n), text);
}

static void count_substitution(ddbi_req *q, size_t n)
{
    q->substitutions += n;
    if (q->substitutions > DDBI_MAX_SUBSTITUTIONS)
        ddbi_req_fail(q, DDB_TOO_LARGE,
                      "names and values of expressions have %zu bytes, the "
                      "limit is %d",
                      q->substitutions, DDBI_MAX_SUBSTITUTIONS);
}

static void put_name(ddbi_req *q, const ddb_name *names, size_t i)
{
    const char *placeholder = names[i].placeholder;
    const char *attribute = names[i].attribute;
    size_t n = attribute ? strlen(attribute) : 0;

    check_placeholder(q, '#', placeholder, strlen(placeholder));
    for (size_t j = 0; j < i; j++)
        if (strcmp(names[j].placeholder, placeholder) == 0)
            ddbi_req_fail(q, DDB_INVALID, "a placeholder that comes twice: %s",
                          placeholder);
    if (n == 0)
        ddbi_req_fail(q, DDB_INVALID, "a placeholder without attribute: %s",
                      placeholder);
    else if (n > DDBI_MAX_ATTRIBUTE_NAME)
        ddbi_req_fail(q, DDB_TOO_LARGE,
                      "the attribute of %s has %zu bytes, the limit is %d",
                      placeholder, n, DDBI_MAX_ATTRIBUTE_NAME);
    count_substitution(q, strlen(placeholder) + n);
    if (attribute && q->failed == DDB_OK)
        put_text(q, placeholder, attribute);
}

void ddbi_req_names(ddbi_req *q, const ddb_name *names)
{
    if (q->failed != DDB_OK || !names || !names->placeholder)
        return;
    ddbi_req_open(q, "ExpressionAttributeNames", '{');
    for (size_t i = 0; names[i].placeholder && q->failed == DDB_OK; i++)
        put_name(q, names, i);
    ddbi_req_close(q, '}');
}

void ddbi_req_values(ddbi_req *q, const ddb_item *values)
{
    const char *name = "ExpressionAttributeValues";

    if (q->failed != DDB_OK || !values ||
        (values->n == 0 && ddb_item_status(values) == DDB_OK) ||
        !check_item(q, name, values))
        return;
    for (uint32_t i = 0; i < values->n; i++)
        check_placeholder(q, ':', values->attributes[i].name.p,
                          values->attributes[i].name.n);
    count_substitution(q, ddb_item_size(values));
    if (member(q, name))
        ddbi_write_item(q->b, values);
}

/* INDEXES tells the table's share too, and an action that uses no index
 * takes it as TOTAL. */
void ddbi_req_consumed(ddbi_req *q, const ddb_capacity *consumed)
{
    if (consumed)
        ddbi_req_str(q, "ReturnConsumedCapacity", "INDEXES");
}
