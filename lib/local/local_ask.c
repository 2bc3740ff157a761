/* SPDX-License-Identifier: MIT */
/*
 * Refusals: the JSON of an error answer, in the three shapes that the service
 * has.  Its own errors carry "message"; those that its framework finds while
 * it reads a request (com.amazon.coral.service) carry "Message", or nothing.
 *
 * A message may quote what was sent and be as long as that.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
#include "local/local_ask.h"

#include "base/enc.h"
#include "base/err.h"

#include <stdarg.h>
#include <string.h>

#define SERVICE "com.amazonaws.dynamodb.v20120810#"
#define VALIDATE "com.amazon.coral.validate#ValidationException"
#define CORAL "com.amazon.coral.service#"

ddb_code ddbi_ask_nomem(ddbi_ask *a)
{
    return ddbi_nomem(a->err);
}

/* Bytes that are no UTF-8 become '?', which is what JSON can carry. */
static void clean(char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t span = ddbi_utf8_char(p + i, n - i);

        if (span == 0)
            p[i] = '?';
        i += span ? span : 1;
    }
}

/* What the engine's messages use of printf's formats.  A text is taken with
 * the NULs that it has, where printf itself would end it. */
static void add_argument(ddbi_buf *b, const char *format, size_t n,
                         va_list *args)
{
    if (n == 1 && *format == 's') {
        ddbi_buf_add_str(b, va_arg(*args, const char *));
    } else if (n == 3 && memcmp(format, ".*s", 3) == 0) {
        int length = va_arg(*args, int);

        ddbi_buf_add(b, va_arg(*args, const char *), (size_t)length);
    } else if (n == 1 && *format == 'd') {
        int number = va_arg(*args, int);

        ddbi_buf_add_i64(b, number);
    } else if (n == 3 && memcmp(format, "lld", 3) == 0) {
        long long number = va_arg(*args, long long);

        ddbi_buf_add_i64(b, number);
    } else if (n == 2 && memcmp(format, "zu", 2) == 0) {
        ddbi_buf_add_u64(b, va_arg(*args, size_t));
    } else {
        ddbi_buf_fail(b, DDB_INVALID);
    }
}

static void __attribute__((format(printf, 2, 0)))
format_text(ddbi_buf *b, const char *format, va_list args)
{
    va_list rest;

    va_copy(rest, args); /* a parameter's address is another type's here */
    while (*format != '\0') {
        size_t n = strcspn(format, "%");

        ddbi_buf_add(b, format, n);
        format += n;
        if (*format == '%') {
            n = strspn(++format, ".*lz") + 1;
            add_argument(b, format, n, &rest);
            format += n;
        }
    }
    va_end(rest);
    if (b->n > 0)
        clean(b->p, b->n);
}

/* An object of __type and, unless text is NULL, a message. */
static ddb_code refuse(ddbi_ask *a, const char *prefix, const char *type,
                       const char *member, ddbi_buf *text)
{
    ddbi_buf *b = &a->refusal;

    a->status = strcmp(type, "InternalServerError") == 0 ? 500 : 400;
    ddbi_buf_clear(b);
    ddbi_buf_add_str(b, "{\"__type\":\"");
    ddbi_buf_add_str(b, prefix);
    ddbi_buf_add_str(b, type);
    ddbi_buf_add_c(b, '"');
    if (text != NULL) {
        ddbi_json_key(b, member, strlen(member));
        ddbi_json_str(b, text->p, text->n);
        if (text->failed != DDB_OK)
            ddbi_buf_fail(b, text->failed);
        ddbi_buf_free(text);
    }
    ddbi_json_close(b, '}');
    return b->failed == DDB_OK ? DDB_SERVICE : ddbi_ask_nomem(a);
}

/* The younger errors of the service's model have the name in a capital. */
static const char *message_member(const char *type)
{
    static const char *const capital[] = {
        "IdempotentParameterMismatchException", "TransactionCanceledException"};

    for (size_t i = 0; i < sizeof capital / sizeof capital[0]; i++)
        if (strcmp(type, capital[i]) == 0)
            return "Message";
    return "message";
}

ddb_code ddbi_refuse(ddbi_ask *a, const char *type, const char *format, ...)
{
    ddbi_buf text = {0};
    va_list args;

    va_start(args, format);
    format_text(&text, format, args);
    va_end(args);
    return refuse(a, SERVICE, type, message_member(type), &text);
}

ddb_code ddbi_refuse_invalid(ddbi_ask *a, const char *format, ...)
{
    ddbi_buf text = {0};
    va_list args;

    va_start(args, format);
    format_text(&text, format, args);
    va_end(args);
    return refuse(a, VALIDATE, "", "message", &text);
}

ddb_code ddbi_refuse_coral(ddbi_ask *a, const char *type, const char *message)
{
    ddbi_buf text = {0};

    if (message == NULL)
        return refuse(a, CORAL, type, NULL, NULL);
    ddbi_buf_add_str(&text, message);
    return refuse(a, CORAL, type, "Message", &text);
}

void ddbi_refuse_member(ddbi_ask *a, const char *name, ddb_bytes json)
{
    ddbi_buf *b = &a->refusal;

    if (b->n == 0)
        return;
    b->n--; /* the closing brace */
    ddbi_json_key(b, name, strlen(name));
    ddbi_json_raw(b, json.p, json.n);
    ddbi_json_close(b, '}');
}
