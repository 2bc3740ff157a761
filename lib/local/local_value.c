/* SPDX-License-Identifier: MIT */
/*
 * Attribute values as requests bring them, checked by the service's rules
 * and in its words: exactly one type, numbers of 38 digits in range, sets
 * that are neither empty nor have an element twice, NULL true, 32 levels.
 * Empty text and empty bytes are values like others, but in keys, which is
 * for who knows the keys.
 *
 * Numbers are rewritten as the service gives them back (00042 to 42, 1.5E2
 * to 150), so that all that is stored is written in one way.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
 */
#include "local/local_ask.h"

#include "base/enc.h"
#include "base/err.h"
#include "wire/number.h"

#include <string.h>

#define INVALID "One or more parameter values were invalid: "

/* One check under way: what is wrong goes into why. */
typedef struct {
    ddbi_arena *arena;
    ddbi_buf *why;
} check;

/* Returns 1, as every check does that has found something. */
static int wrong(check *c, const char *text)
{
    ddbi_buf_add_str(c->why, text);
    return 1;
}

/* ---- Numbers ------------------------------------------------------------ */

static int no_number(check *c, ddb_bytes text)
{
    wrong(c, "The parameter cannot be converted to a numeric value");
    if (text.n > 0) {
        ddbi_buf_add_str(c->why, ": ");
        ddbi_buf_add(c->why, text.p, text.n);
    }
    return 1;
}

/* Which limit a number has passed: the service looks at its magnitude first.
 * The exponent's own digits are many or few; more than nine settle it. */
static int beyond_limits(check *c, ddb_bytes text)
{
    const char *p = text.p, *end = p + text.n;
    int64_t whole = 0, exponent = 0; /* digits before the point from the first
                                        that counts; minus zeros behind it */
    int started = 0, point = 0, minus;

    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.')
            point = 1;
        else if (ddbi_is_digit((unsigned char)*p)) {
            started |= *p != '0';
            whole += started ? !point : -point;
        }
    }
    if (p < end) {
        p++;
        minus = *p == '-';
        for (p += *p == '-' || *p == '+'; p < end; p++)
            if (exponent < 1000000000)
                exponent = exponent * 10 + (*p - '0');
        whole += minus ? -exponent : exponent;
    }
    if (whole - 1 > 125)
        return wrong(c, "Number overflow. Attempting to store a number with "
                        "magnitude larger than supported range");
    if (whole - 1 < -130)
        return wrong(c, "Number underflow. Attempting to store a number with "
                        "magnitude smaller than supported range");
    return wrong(c, "Attempting to store more than 38 significant digits in a "
                    "Number");
}

/* An integer as the service writes it, which most numbers are. */
static int is_plain(ddb_bytes text)
{
    const char *p = text.p;
    size_t i = text.n > 0 && *p == '-';

    if (text.n == i || text.n - i > DDBI_MAX_DIGITS || p[i] == '0')
        return 0;
    while (i < text.n && ddbi_is_digit((unsigned char)p[i]))
        i++;
    return i == text.n;
}

static int check_number(check *c, ddb_value *v)
{
    char text[DDBI_NUMBER_TEXT];
    ddbi_number number;
    ddb_code code;
    char *copy;
    size_t n;

    if (is_plain(v->u.bytes))
        return 0;
    code = ddbi_number_parse(v->u.bytes.p, v->u.bytes.n, &number);
    if (code == DDB_TOO_LARGE)
        return beyond_limits(c, v->u.bytes);
    if (code != DDB_OK)
        return no_number(c, v->u.bytes);
    n = ddbi_number_format(&number, text);
    copy = ddbi_arena_dup(c->arena, text, n);
    if (copy == NULL) {
        ddbi_buf_fail(c->why, DDB_NOMEM);
        return 1;
    }
    v->u.bytes = (ddb_bytes){copy, n};
    v->n = (uint32_t)n;
    return 0;
}

/* ---- Sets --------------------------------------------------------------- */

static void add_base64(ddbi_buf *b, ddb_bytes bytes)
{
    char *to = ddbi_buf_extend(b, ddbi_base64_size(bytes.n));

    if (to != NULL)
        ddbi_base64(to, bytes.p, bytes.n);
}

/* "[a, b]" */
static void add_elements(ddbi_buf *b, const ddb_value *set)
{
    ddbi_buf_add_c(b, '[');
    for (uint32_t i = 0; i < set->n; i++) {
        const ddb_value *e = &set->u.elements[i];

        if (i > 0)
            ddbi_buf_add_str(b, ", ");
        if (e->type == DDB_B)
            add_base64(b, e->u.bytes);
        else
            ddbi_buf_add(b, e->u.bytes.p, e->u.bytes.n);
    }
    ddbi_buf_add_c(b, ']');
}

static int duplicates(check *c, const ddb_value *set)
{
    if (set->type == DDB_NS)
        return wrong(c, "Input collection contains duplicates");
    wrong(c, INVALID "Input collection ");
    add_elements(c->why, set);
    return wrong(c, set->type == DDB_SS ? " contains duplicates."
                                        : "of type BS contains duplicates.");
}

static int check_set(check *c, ddb_value *v)
{
    ddb_code code;

    if (v->n == 0)
        return wrong(
            c, v->type == DDB_SS   ? INVALID "An string set  may not be empty"
               : v->type == DDB_NS ? INVALID "An number set  may not be empty"
                                   : INVALID "Binary sets should not be empty");
    for (uint32_t i = 0; i < v->n; i++) {
        if (v->u.elements[i].type == DDBI_TYPE_NONE)
            return v->type == DDB_NS
                       ? no_number(c, (ddb_bytes){0})
                       : wrong(c,
                               INVALID "A set may not have a null as a member");
        if (v->type == DDB_NS && check_number(c, &v->u.elements[i]))
            return 1;
    }
    code = ddbi_set_has_twice(v->u.elements, v->n);
    if (code == DDB_NOMEM)
        ddbi_buf_fail(c->why, DDB_NOMEM);
    return code == DDB_OK ? 0 : code == DDB_NOMEM ? 1 : duplicates(c, v);
}

/* ---- Values ------------------------------------------------------------- */

static int check_value(check *c, ddb_value *v, int depth);

static int check_name(check *c, ddb_bytes name)
{
    if (name.n == 0)
        return wrong(c, INVALID "An attribute name may not be empty");
    if (name.n > DDBI_MAX_ATTRIBUTE_NAME)
        return wrong(c, INVALID "Attribute name is too large, must be less "
                                "than 65536 bytes");
    return 0;
}

/* These call each other for what is nested, 32 levels and one more.
 * NOLINTBEGIN(misc-no-recursion) */

static int check_map(check *c, ddb_item *map, int depth)
{
    for (uint32_t i = 0; i < map->n; i++)
        if (check_name(c, map->attributes[i].name) ||
            check_value(c, &map->attributes[i].value, depth))
            return 1;
    return 0;
}

/* All that it has are looked at before it is refused for their number. */
static int check_several(check *c, ddb_value *v, int depth)
{
    for (uint32_t i = 0; i < v->n; i++)
        if (check_value(c, &v->u.elements[i], depth))
            return 1;
    return wrong(c, "Supplied AttributeValue has more than one datatypes set, "
                    "must contain exactly one of the supported datatypes");
}

static int check_value(check *c, ddb_value *v, int depth)
{
    if (depth > DDBI_MAX_NESTING)
        return wrong(c, "Nesting Levels have exceeded supported limits: "
                        "Attributes in the item have nested levels beyond "
                        "supported limit");
    switch ((int)v->type) {
    case DDB_S:
    case DDB_B:
    case DDB_BOOL:
        return 0;
    case DDB_N:
        return check_number(c, v);
    case DDB_NULL:
        return v->n == 0 ? 0
                         : wrong(c, INVALID "Null attribute value types must "
                                            "have the value of true");
    case DDB_SS:
    case DDB_NS:
    case DDB_BS:
        return check_set(c, v);
    case DDB_M:
        return check_map(c, v->u.map, depth + 1);
    case DDB_L:
        for (uint32_t i = 0; i < v->u.list->n; i++)
            if (check_value(c, &v->u.list->elements[i], depth + 1))
                return 1;
        return 0;
    case DDBI_TYPE_SEVERAL:
        return check_several(c, v, depth);
    default:
        return wrong(c, "Supplied AttributeValue is empty, must contain "
                        "exactly one of the supported datatypes");
    }
}

/* NOLINTEND(misc-no-recursion) */

/* ---- For the engine ----------------------------------------------------- */

/* The first attribute that is wrong: its number, with why filled; n: none. */
static uint32_t find_wrong(ddbi_ask *a, ddb_item *it, ddbi_buf *why)
{
    check c = {a->arena, why};
    uint32_t i;

    for (i = 0; i < it->n; i++)
        if (check_name(&c, it->attributes[i].name) ||
            check_value(&c, &it->attributes[i].value, 1))
            break;
    return i;
}

static ddb_code refuse_with(ddbi_ask *a, const char *before, ddbi_buf *why,
                            const char *after, ddb_bytes name)
{
    ddb_code code;

    if (why->failed != DDB_OK)
        code = ddbi_ask_nomem(a);
    else
        code =
            ddbi_refuse_invalid(a, "%s%.*s%s%.*s", before, (int)why->n, why->p,
                                after, (int)name.n, (const char *)name.p);
    ddbi_buf_free(why);
    return code;
}

ddb_code ddbi_check_item(ddbi_ask *a, ddb_item *it)
{
    ddbi_buf why = {0};

    if (find_wrong(a, it, &why) == it->n)
        return DDB_OK;
    return refuse_with(a, "", &why, "", (ddb_bytes){"", 0});
}

ddb_code ddbi_check_values(ddbi_ask *a, ddb_item *values)
{
    ddbi_buf why = {0};
    uint32_t i = find_wrong(a, values, &why);

    if (i == values->n)
        return DDB_OK;
    return refuse_with(a, "ExpressionAttributeValues contains invalid value: ",
                       &why, " for key ", values->attributes[i].name);
}

/* What the service says of a starting key, but of numbers and of duplicates
 * in sets. */
ddb_code ddbi_check_start(ddbi_ask *a, ddb_item *key)
{
    static const char *const plain[] = {"contains duplicates", "number set",
                                        "numeric value", "significant digits",
                                        "number with magnitude"};
    const char *before = "The provided starting key is invalid: ";
    ddbi_buf why = {0};
    const char *text;

    if (find_wrong(a, key, &why) == key->n)
        return DDB_OK;
    text = ddbi_buf_text(&why);
    for (size_t i = 0; text != NULL && i < sizeof plain / sizeof plain[0]; i++)
        if (strstr(text, plain[i]) != NULL)
            before = "";
    return refuse_with(a, before, &why, "", (ddb_bytes){"", 0});
}

ddb_code ddbi_load_item(ddbi_ask *a, ddb_bytes body, ddb_item **out)
{
    return ddbi_load_item_in(a, a->arena, body, out);
}

ddb_code ddbi_load_item_in(ddbi_ask *a, ddbi_arena *arena, ddb_bytes body,
                           ddb_item **out)
{
    ddbi_json_reader r;
    ddb_item *it = ddbi_item_in(arena, 0);
    ddb_err why = {0};

    *out = NULL;
    if (it == NULL)
        return ddbi_ask_nomem(a);
    ddbi_json_start(&r, body.p, body.n);
    if (ddbi_json_next(&r) != DDBI_JSON_OBJECT ||
        ddbi_read_item(&r, it, &why) != DDB_OK) {
        if (why.code == DDB_NOMEM)
            return ddbi_ask_nomem(a);
        return ddbi_fail(a->err, DDB_SYSTEM, "a stored item is damaged");
    }
    *out = it;
    return DDB_OK;
}

/* ---- Showing ------------------------------------------------------------ */

/* Values that are shown have been checked: 32 levels at most.
 * NOLINTBEGIN(misc-no-recursion) */

void ddbi_show_item(ddbi_buf *b, const ddb_item *it)
{
    ddbi_buf_add_c(b, '{');
    for (uint32_t i = 0; i < it->n && b->failed == DDB_OK; i++) {
        const ddbi_attribute *at = &it->attributes[i];

        if (i > 0)
            ddbi_buf_add_str(b, ", ");
        ddbi_buf_add(b, at->name.p, at->name.n);
        ddbi_buf_add_c(b, '=');
        ddbi_show_value(b, &at->value);
    }
    ddbi_buf_add_c(b, '}');
}

static void show_list(ddbi_buf *b, const ddbi_list *list)
{
    ddbi_buf_add_c(b, '[');
    for (uint32_t i = 0; i < list->n; i++) {
        if (i > 0)
            ddbi_buf_add_str(b, ", ");
        ddbi_show_value(b, &list->elements[i]);
    }
    ddbi_buf_add_c(b, ']');
}

void ddbi_show_value(ddbi_buf *b, const ddb_value *v)
{
    if (v->type < DDB_S || v->type > DDB_BS) {
        ddbi_buf_add_str(b, "{}");
        return;
    }
    ddbi_buf_add_c(b, '{');
    ddbi_buf_add_str(b, ddbi_type_name(v->type));
    ddbi_buf_add_c(b, ':');
    switch (v->type) {
    case DDB_S:
    case DDB_N:
        ddbi_buf_add(b, v->u.bytes.p, v->u.bytes.n);
        break;
    case DDB_B:
        add_base64(b, v->u.bytes);
        break;
    case DDB_BOOL:
        ddbi_buf_add_str(b, v->n != 0 ? "true" : "false");
        break;
    case DDB_NULL:
        ddbi_buf_add_str(b, "true");
        break;
    case DDB_M:
        ddbi_show_item(b, v->u.map);
        break;
    case DDB_L:
        show_list(b, v->u.list);
        break;
    default:
        add_elements(b, v);
    }
    ddbi_buf_add_c(b, '}');
}

/* NOLINTEND(misc-no-recursion) */
