/* SPDX-License-Identifier: MIT */
/*
 * Text, numbers, booleans and bytes of a request, and what is said when
 * something else stands there.  The words are the service's own, Java classes
 * and all, since programs match on them.
 */
#include "local/local_read.h"

#include "base/enc.h"

#include <string.h>

/* ---- Complaints --------------------------------------------------------- */

ddb_code ddbi_no_json(const ddbi_reader *x)
{
    return ddbi_refuse_coral(x->a, "SerializationException", NULL);
}

/* Up to three pieces of a message; or what is no JSON. */
static ddb_code complain(const ddbi_reader *x, const char *one, const char *two,
                         const char *three)
{
    ddbi_buf text = {0};
    ddb_code code;

    if (x->r.token == DDBI_JSON_ERROR)
        return ddbi_no_json(x);
    ddbi_buf_add_str(&text, one);
    ddbi_buf_add_str(&text, two);
    ddbi_buf_add_str(&text, three);
    if (ddbi_buf_text(&text) == NULL)
        code = ddbi_ask_nomem(x->a);
    else
        code = ddbi_refuse_coral(x->a, "SerializationException", text.p);
    ddbi_buf_free(&text);
    return code;
}

static const char *token_name(const ddbi_reader *x)
{
    switch (x->r.token) {
    case DDBI_JSON_TRUE:
        return "TRUE_VALUE";
    case DDBI_JSON_FALSE:
        return "FALSE_VALUE";
    case DDBI_JSON_STRING:
        return "STRING_VALUE";
    default:
        for (size_t i = 0; i < x->r.text.n; i++)
            if (strchr(".eE", ((const char *)x->r.text.p)[i]) != NULL)
                return "DECIMAL_VALUE";
        return "NUMBER_VALUE";
    }
}

/* Where a scalar of this Java class was expected. */
static ddb_code no_scalar(const ddbi_reader *x, const char *package,
                          const char *type)
{
    if (x->r.token == DDBI_JSON_ARRAY)
        return complain(x, "Unrecognized collection type class ", package,
                        type);
    if (x->r.token == DDBI_JSON_OBJECT)
        return complain(x,
                        "Start of structure or map found where not "
                        "expected",
                        "", "");
    return complain(x, token_name(x), " cannot be converted to ", type);
}

/* How a list or map that stands in another one complains of a scalar. */
#define NOT_NESTED                                                             \
    "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl "      \
    "cannot be cast to class java.lang.Class "                                 \
    "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and "       \
    "java.lang.Class are in module java.base of loader 'bootstrap')"

ddb_code ddbi_no_list(const ddbi_reader *x, int nested)
{
    if (x->r.token == DDBI_JSON_OBJECT)
        return complain(x,
                        "Start of structure or map found where not "
                        "expected",
                        "", "");
    return complain(x, nested ? NOT_NESTED : "Unexpected field type", "", "");
}

ddb_code ddbi_no_map(const ddbi_reader *x, const char *type, int nested)
{
    if (x->r.token == DDBI_JSON_ARRAY)
        return complain(x, "Unrecognized collection type ", type, "");
    return complain(x, nested ? NOT_NESTED : "Unexpected field type", "", "");
}

/* A struct is a member of another one, or else an element of a collection. */
ddb_code ddbi_no_struct(const ddbi_reader *x, const char *type, int is_member)
{
    if (x->r.token == DDBI_JSON_ARRAY)
        return complain(x, "Unrecognized collection type class " DDBI_CLASS,
                        type, "");
    return complain(x,
                    is_member ? "Unexpected field type"
                              : "Unexpected value type in payload",
                    "", "");
}

/* ---- Scalars ------------------------------------------------------------ */

ddb_code ddbi_read_string(ddbi_reader *x, ddb_bytes *out)
{
    if (x->r.token != DDBI_JSON_STRING)
        return no_scalar(x, "java.lang.", "String");
    *out = ddbi_json_text(&x->r, x->a->arena);
    return out->p != NULL ? DDB_OK : ddbi_ask_nomem(x->a);
}

static int is_word(const ddbi_reader *x, const char *a, const char *b,
                   const char *c)
{
    char text[8];

    ddbi_json_copy(&x->r, text, sizeof text);
    return ddbi_equal_nocase(text, a) || ddbi_equal_nocase(text, b) ||
           ddbi_equal_nocase(text, c);
}

ddb_code ddbi_read_boolean(ddbi_reader *x, ddbi_tri *out)
{
    int is_text = x->r.token == DDBI_JSON_STRING;

    if (x->r.token == DDBI_JSON_TRUE ||
        (is_text && is_word(x, "true", "1", "yes")))
        *out = DDBI_TRUE;
    else if (x->r.token == DDBI_JSON_FALSE ||
             (is_text && is_word(x, "false", "0", "no")))
        *out = DDBI_FALSE;
    else if (is_text)
        return complain(x, "Unexpected token received from parser", "", "");
    else
        return no_scalar(x, "java.lang.", "Boolean");
    return DDB_OK;
}

ddb_code ddbi_read_integer(ddbi_reader *x, ddbi_int *out, int is_long)
{
    const int64_t most = is_long ? INT64_MAX : INT32_MAX;
    const int64_t least = is_long ? INT64_MIN : INT32_MIN;
    double v;

    if (x->r.token != DDBI_JSON_NUMBER)
        return no_scalar(x, "java.lang.", is_long ? "Long" : "Integer");
    out->present = 1;
    if (ddbi_json_read_i64(&x->r, &out->v) != 0) {
        if (ddbi_json_read_double(&x->r, &v) != 0)
            v = *(const char *)x->r.text.p == '-' ? -1e300 : 1e300;
        out->v = v >= 9e18 ? most : v <= -9e18 ? least : (int64_t)v;
        if (v < 0 && (double)out->v > v)
            out->v--;
    }
    if (out->v > most)
        out->v = most;
    if (out->v < least)
        out->v = least;
    return DDB_OK;
}

static ddb_code wrong_base64(ddbi_reader *x, size_t n)
{
    ddbi_buf length = {0};
    const char *text;
    ddb_code code;

    if (n % 4 == 0)
        return complain(x, "Invalid last non-pad Base64 character dectected",
                        "", "");
    ddbi_buf_add_u64(&length, n);
    text = ddbi_buf_text(&length);
    if (text == NULL)
        code = ddbi_ask_nomem(x->a);
    else
        code = complain(
            x,
            "Base64 encoded length is expected a multiple of 4 bytes but "
            "found: ",
            text, "");
    ddbi_buf_free(&length);
    return code;
}

ddb_code ddbi_read_blob(ddbi_reader *x, ddb_bytes *out)
{
    ddb_bytes text;
    ptrdiff_t n;
    char *to;

    if (x->r.token == DDBI_JSON_ARRAY || x->r.token == DDBI_JSON_OBJECT)
        return no_scalar(x, "java.nio.", "ByteBuffer");
    if (x->r.token != DDBI_JSON_STRING)
        return complain(
            x, "only base-64-encoded strings are convertible to bytes", "", "");
    text = x->r.text;
    if (x->r.escaped)
        text = ddbi_json_text(&x->r, x->a->arena);
    to = ddbi_arena_bytes(x->a->arena, text.n / 4 * 3 + 1);
    if (text.p == NULL || to == NULL)
        return ddbi_ask_nomem(x->a);
    n = ddbi_base64_decode(to, text.p, text.n);
    if (n < 0)
        return wrong_base64(x, text.n);
    to[n] = '\0';
    *out = (ddb_bytes){to, (size_t)n};
    return DDB_OK;
}
