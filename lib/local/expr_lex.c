/* SPDX-License-Identifier: MIT */
/*
 * The tokens of expressions.  The service's lexer is one for all of them: SET
 * is no name in a condition either.  Names begin with a letter; of numbers
 * there are whole ones alone, and a zero is always one by itself.
 *
 * A syntax error is told with the token that does not fit and, as "near", the
 * text from the token before it to the one behind it.
 */
#include "base/enc.h"
#include "local/expr_tree.h"

#include <string.h>

static int is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_part(int c)
{
    return is_letter(c) || ddbi_is_digit(c) || c == '_';
}

static int is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static uint32_t skip_spaces(const ddbi_lexer *l, uint32_t i)
{
    while (i < l->n && is_space(l->text[i]))
        i++;
    return i;
}

static uint32_t skip_part(const ddbi_lexer *l, uint32_t i)
{
    while (i < l->n && is_part(l->text[i]))
        i++;
    return i;
}

static int keyword(const char *p, size_t n)
{
    static const struct {
        char name[8];
        unsigned char n;
        int token;
    } keywords[] = {
        {"and", 3, TOKEN_AND},       {"between", 7, TOKEN_BETWEEN},
        {"in", 2, TOKEN_IN},         {"not", 3, TOKEN_NOT},
        {"or", 2, TOKEN_OR},         {"add", 3, TOKEN_ADD},
        {"delete", 6, TOKEN_DELETE}, {"remove", 6, TOKEN_REMOVE},
        {"set", 3, TOKEN_SET},
    };

    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        size_t j = 0;

        if (keywords[i].n != n)
            continue;
        while (j < n && ddbi_lower(p[j]) == keywords[i].name[j])
            j++;
        if (j == n)
            return keywords[i].token;
    }
    return TOKEN_WORD;
}

static void read_number(ddbi_lexer *l)
{
    l->token = TOKEN_INDEX;
    if (l->text[l->start] == '0')
        return;
    while (l->end < l->n && ddbi_is_digit(l->text[l->end]))
        l->end++;
}

/* One character, or two. */
static void read_symbol(ddbi_lexer *l)
{
    char c = l->text[l->start];
    char next = (char)(l->end < l->n ? l->text[l->end] : ' ');

    if (c == '<' && next == '>')
        l->token = TOKEN_NE;
    else if (c == '<' && next == '=')
        l->token = TOKEN_LE;
    else if (c == '>' && next == '=')
        l->token = TOKEN_GE;
    else
        l->token = c && strchr("()[],.+-=<>", c) ? c : TOKEN_BAD;
    if (l->token == TOKEN_BAD) {
        size_t n = ddbi_utf8_char(l->text + l->start, l->n - l->start);

        l->end = l->start + (uint32_t)(n ? n : 1);
    } else if (l->token >= TOKEN_NE) {
        l->end++;
    }
}

void ddbi_lex_next(ddbi_lexer *l)
{
    char c;

    l->before = l->start;
    l->start = skip_spaces(l, l->end);
    l->end = l->start;
    if (l->start == l->n) {
        l->token = TOKEN_END;
        return;
    }
    l->end++;
    c = l->text[l->start];
    if (is_letter(c)) {
        l->end = skip_part(l, l->end);
        l->token = keyword(l->text + l->start, l->end - l->start);
    } else if (c == '#' || c == ':') {
        l->end = skip_part(l, l->end);
        l->token = l->end == l->start + 1 ? TOKEN_BAD
                   : c == '#'             ? TOKEN_NAME
                                          : TOKEN_VALUE;
    } else if (ddbi_is_digit(c)) {
        read_number(l);
    } else {
        read_symbol(l);
    }
}

void ddbi_lex_begin(ddbi_lexer *l, ddb_bytes text)
{
    *l = (ddbi_lexer){.text = text.p, .n = (uint32_t)text.n};
    ddbi_lex_next(l);
}

ddb_bytes ddbi_lex_text(const ddbi_lexer *l)
{
    return (ddb_bytes){l->text + l->start, l->end - l->start};
}

int ddbi_lex_opens(const ddbi_lexer *l)
{
    uint32_t i = skip_spaces(l, l->end);

    return i < l->n && l->text[i] == '(';
}

ddb_code ddbi_lex_refuse(const ddbi_lexer *l, ddbi_expr_scope *s)
{
    ddbi_buf *why = ddbi_expr_why(s);
    ddbi_lexer behind = *l;

    ddbi_lex_next(&behind);
    ddbi_buf_add_str(why, "Syntax error; token: \"");
    if (l->token == TOKEN_END)
        ddbi_buf_add_str(why, "<EOF>");
    else
        ddbi_buf_add(why, l->text + l->start, l->end - l->start);
    ddbi_buf_add_str(why, "\", near: \"");
    ddbi_buf_add(why, l->text + l->before, behind.end - l->before);
    ddbi_buf_add_c(why, '"');
    return ddbi_expr_refused(s);
}
