/* SPDX-License-Identifier: MIT */
/*
 * A pull reader of JSON.  Every byte of an answer passes through here once:
 * it is checked and cut into tokens, and what nobody asks for is never
 * copied.  A page of 100 items costs a small part of what a tree would.
 *
 * Whether an object or an array is open is one bit a level, so depth costs
 * no recursion and 128 levels cost 17 bytes.
 *
 * RFC 8259, strictly.  Members may repeat, as the RFC leaves open what that
 * means; who builds something from them decides.
 */
#include "wire/json_read.h"

#include "base/enc.h"
#include "wire/json_scan.h"

#include <string.h>

/* What may come next. */
enum {
    AT_VALUE,         /* a value */
    AT_FIRST_ELEMENT, /* a value or ']' */
    AT_FIRST_KEY,     /* a key or '}' */
    AFTER_VALUE,      /* ',' or the end of what is open */
    AT_END,           /* nothing */
    AT_ERROR          /* it has failed */
};

void ddbi_json_start(ddbi_json_reader *r, const void *p, size_t n)
{
    r->start = r->p = p;
    r->end = n ? r->p + n : r->p;
    r->token = DDBI_JSON_END;
    r->text = (ddb_bytes){0};
    r->escaped = 0;
    r->depth = 0;
    r->state = AT_VALUE;
    r->why = NULL;
}

static ddbi_json_token fail(ddbi_json_reader *r, const char *why)
{
    r->state = AT_ERROR;
    r->why = why;
    return DDBI_JSON_ERROR;
}

static void skip_space(ddbi_json_reader *r)
{
    while (r->p < r->end &&
           (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

static int is_object(const ddbi_json_reader *r)
{
    return r->in_object[r->depth / 8] >> (r->depth % 8) & 1;
}

static ddbi_json_token open_container(ddbi_json_reader *r, int object)
{
    unsigned char *bits;

    if (r->depth == DDBI_MAX_JSON_DEPTH)
        return fail(r, "nested too deeply");
    r->p++;
    r->depth++;
    bits = &r->in_object[r->depth / 8];
    *bits = (unsigned char)(*bits & ~(1 << r->depth % 8));
    *bits = (unsigned char)(*bits | object << r->depth % 8);
    r->state = object ? AT_FIRST_KEY : AT_FIRST_ELEMENT;
    return object ? DDBI_JSON_OBJECT : DDBI_JSON_ARRAY;
}

static ddbi_json_token close_container(ddbi_json_reader *r)
{
    int object = is_object(r);

    r->p++;
    r->depth--;
    r->state = r->depth ? AFTER_VALUE : AT_END;
    return object ? DDBI_JSON_OBJECT_END : DDBI_JSON_ARRAY_END;
}

/* Four hex digits; -1: they are none. */
static long read_hex4(const char *s, const char *end)
{
    long v = 0;

    if (end - s < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int c = ddbi_lower((unsigned char)s[i]);

        if (ddbi_is_digit(c))
            v = v * 16 + c - '0';
        else if (c >= 'a' && c <= 'f')
            v = v * 16 + c - 'a' + 10;
        else
            return -1;
    }
    return v;
}

/* Characters of the escape at s, which is a backslash; 0: it is wrong. */
static size_t escape_length(const char *s, const char *end)
{
    long v;

    if (end - s < 2)
        return 0;
    switch (s[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return 2;
    case 'u':
        break;
    default:
        return 0;
    }
    v = read_hex4(s + 2, end);
    if (v < 0 || (v >= 0xdc00 && v <= 0xdfff))
        return 0;
    if (v < 0xd800 || v > 0xdfff)
        return 6;
    /* The first half of a pair: the second must follow. */
    if (end - s < 12 || s[6] != '\\' || s[7] != 'u')
        return 0;
    v = read_hex4(s + 8, end);
    return v >= 0xdc00 && v <= 0xdfff ? 12 : 0;
}

static const char *why_not(char c)
{
    if (c == '\\')
        return "wrong escape in a string";
    return (unsigned char)c < 0x20 ? "control character in a string"
                                   : "the string is not UTF-8";
}

/* The string whose opening quote is at r->p.  0: it is right. */
static int read_string(ddbi_json_reader *r)
{
    const char *s = r->p + 1, *end = r->end;
    size_t n;

    r->escaped = 0;
    for (;;) {
        s = ddbi_json_plain_end(s, end);
        if (s == end) {
            fail(r, "the string does not end");
            return -1;
        }
        if (*s == '"')
            break;
        if (*s == '\\') {
            r->escaped = 1;
            n = escape_length(s, end);
        } else if ((unsigned char)*s >= 0x80) {
            n = ddbi_utf8_char(s, (size_t)(end - s));
        } else {
            n = 0;
        }
        if (n == 0) {
            r->p = s;
            fail(r, why_not(*s));
            return -1;
        }
        s += n;
    }
    r->text.p = r->p + 1;
    r->text.n = (size_t)(s - r->p) - 1;
    r->p = s + 1;
    return 0;
}

static const char *skip_digits(const char *s, const char *end)
{
    while (s < end && ddbi_is_digit((unsigned char)*s))
        s++;
    return s;
}

static ddbi_json_token read_number(ddbi_json_reader *r)
{
    const char *s = r->p, *end = r->end, *digits;

    if (*s == '-')
        s++;
    digits = s;
    s = skip_digits(s, end);
    if (s == digits || (*digits == '0' && s - digits > 1))
        return fail(r, "wrong number");
    if (s < end && *s == '.') {
        digits = s + 1;
        s = skip_digits(digits, end);
        if (s == digits)
            return fail(r, "wrong number");
    }
    if (s < end && (*s == 'e' || *s == 'E')) {
        s++;
        if (s < end && (*s == '+' || *s == '-'))
            s++;
        digits = s;
        s = skip_digits(digits, end);
        if (s == digits)
            return fail(r, "wrong number");
    }
    r->text.p = r->p;
    r->text.n = (size_t)(s - r->p);
    r->p = s;
    return DDBI_JSON_NUMBER;
}

static ddbi_json_token read_word(ddbi_json_reader *r, const char *word,
                                 ddbi_json_token token)
{
    size_t n = strlen(word);

    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
        return fail(r, "a value was expected");
    r->p += n;
    return token;
}

static ddbi_json_token read_value(ddbi_json_reader *r)
{
    ddbi_json_token token;

    switch (*r->p) {
    case '{':
        return open_container(r, 1);
    case '[':
        return open_container(r, 0);
    case '"':
        token = read_string(r) ? DDBI_JSON_ERROR : DDBI_JSON_STRING;
        break;
    case 't':
        token = read_word(r, "true", DDBI_JSON_TRUE);
        break;
    case 'f':
        token = read_word(r, "false", DDBI_JSON_FALSE);
        break;
    case 'n':
        token = read_word(r, "null", DDBI_JSON_NULL);
        break;
    default:
        if (*r->p != '-' && !ddbi_is_digit(*r->p))
            return fail(r, "a value was expected");
        token = read_number(r);
    }
    if (token != DDBI_JSON_ERROR)
        r->state = r->depth ? AFTER_VALUE : AT_END;
    return token;
}

/* The name and its colon, so that the value is next. */
static ddbi_json_token read_key(ddbi_json_reader *r)
{
    if (r->p == r->end || *r->p != '"')
        return fail(r, "a member's name was expected");
    if (read_string(r))
        return DDBI_JSON_ERROR;
    skip_space(r);
    if (r->p == r->end || *r->p != ':')
        return fail(r, "a colon was expected");
    r->p++;
    r->state = AT_VALUE;
    return DDBI_JSON_KEY;
}

/* Behind a value inside an object or array. */
static ddbi_json_token read_next(ddbi_json_reader *r)
{
    int object = is_object(r);

    if (*r->p == (object ? '}' : ']'))
        return close_container(r);
    if (*r->p != ',')
        return fail(r, object ? "',' or '}' was expected"
                              : "',' or ']' was expected");
    r->p++;
    skip_space(r);
    if (object)
        return read_key(r);
    if (r->p == r->end)
        return fail(r, "the text ends too early");
    return read_value(r);
}

static ddbi_json_token read_token(ddbi_json_reader *r)
{
    if (r->state == AT_ERROR)
        return DDBI_JSON_ERROR;
    skip_space(r);
    if (r->p == r->end)
        return r->state == AT_END ? DDBI_JSON_END
                                  : fail(r, "the text ends too early");
    switch (r->state) {
    case AFTER_VALUE:
        return read_next(r);
    case AT_FIRST_KEY:
        return *r->p == '}' ? close_container(r) : read_key(r);
    case AT_FIRST_ELEMENT:
        return *r->p == ']' ? close_container(r) : read_value(r);
    case AT_VALUE:
        return read_value(r);
    default:
        return fail(r, "something follows the value");
    }
}

ddbi_json_token ddbi_json_next(ddbi_json_reader *r)
{
    r->token = read_token(r);
    return r->token;
}

int ddbi_json_skip(ddbi_json_reader *r)
{
    int depth;

    if (r->token == DDBI_JSON_KEY)
        ddbi_json_next(r);
    if (r->token == DDBI_JSON_ERROR)
        return -1;
    if (r->token != DDBI_JSON_OBJECT && r->token != DDBI_JSON_ARRAY)
        return 0;
    for (depth = r->depth; r->depth >= depth;)
        if (ddbi_json_next(r) == DDBI_JSON_ERROR)
            return -1;
    return 0;
}

static size_t put_utf8(char *out, unsigned long c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* Undo the checked escape at *s and go behind it.  Bytes written. */
static size_t undo_escape(const char **s, const char *end, char out[4])
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *e = *s;
    const char *simple = strchr(from, e[1]);
    unsigned long c;

    *s += escape_length(e, end);
    if (e[1] != 'u') {
        *out = simple ? to[simple - from] : e[1];
        return 1;
    }
    c = (unsigned long)read_hex4(e + 2, end);
    if (c >= 0xd800 && c <= 0xdfff) {
        unsigned long low = (unsigned long)read_hex4(e + 8, end);

        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    return put_utf8(out, c);
}

/*
 * The next piece of the text, a run without escapes or the bytes of one, in
 * buf then.  *s goes behind it.
 */
static ddb_bytes next_piece(const char **s, const char *end, char buf[4])
{
    const char *start = *s, *slash;

    if (*start == '\\')
        return (ddb_bytes){buf, undo_escape(s, end, buf)};
    slash = memchr(start, '\\', (size_t)(end - start));
    *s = slash ? slash : end;
    return (ddb_bytes){start, (size_t)(*s - start)};
}

int ddbi_json_is(const ddbi_json_reader *r, const char *s)
{
    const char *at = r->text.p, *end = at + r->text.n;
    size_t left = strlen(s);
    char buf[4];

    if (!r->escaped)
        return left == r->text.n && memcmp(s, at, left) == 0;
    while (at < end) {
        ddb_bytes piece = next_piece(&at, end, buf);

        if (piece.n > left || memcmp(s, piece.p, piece.n) != 0)
            return 0;
        s += piece.n;
        left -= piece.n;
    }
    return left == 0;
}

size_t ddbi_json_unescape(const ddbi_json_reader *r, char *out)
{
    const char *at = r->text.p, *end = at + r->text.n;
    size_t n = 0;
    char buf[4];

    while (at < end) {
        ddb_bytes piece = next_piece(&at, end, buf);

        memcpy(out + n, piece.p, piece.n);
        n += piece.n;
    }
    return n;
}

ddb_bytes ddbi_json_text(const ddbi_json_reader *r, ddbi_arena *a)
{
    char *copy;
    size_t n = r->text.n;

    if (!r->escaped) {
        copy = ddbi_arena_dup(a, r->text.p, n);
        return (ddb_bytes){copy, copy ? n : 0};
    }
    copy = ddbi_arena_bytes(a, n + 1);
    if (!copy)
        return (ddb_bytes){0};
    n = ddbi_json_unescape(r, copy);
    copy[n] = '\0';
    return (ddb_bytes){copy, n};
}

void ddbi_json_copy(const ddbi_json_reader *r, char *out, size_t size)
{
    const char *at = r->text.p, *end = at + r->text.n;
    size_t n = 0;
    char buf[4];

    while (at < end) {
        ddb_bytes piece = next_piece(&at, end, buf);
        size_t room = size - 1 - n;

        if (piece.n > room) {
            memcpy(out + n, piece.p, room);
            n = ddbi_utf8_cut(out, n + room);
            break;
        }
        memcpy(out + n, piece.p, piece.n);
        n += piece.n;
    }
    out[n] = '\0';
}

int ddbi_json_read_i64(const ddbi_json_reader *r, int64_t *out)
{
    const char *s = r->text.p;
    int negative = *s == '-';
    uint64_t v;

    if (ddbi_parse_u64(s + negative, r->text.n - (size_t)negative,
                       (uint64_t)INT64_MAX + (negative ? 1 : 0), &v))
        return -1;
    /* By way of -1 - (v - 1): INT64_MIN has no positive twin. */
    *out = !negative ? (int64_t)v : v ? -(int64_t)(v - 1) - 1 : 0;
    return 0;
}

/* v * 10^e, by powers that a double holds exactly. */
static double scale(double v, long e)
{
    static const double power[] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

    for (; e > 22; e -= 22)
        v *= power[22];
    for (; e < -22; e += 22)
        v /= power[22];
    return e < 0 ? v / power[-e] : v * power[e];
}

/*
 * Not strtod(), which wants the locale's decimal point.  Exact, as strtod()
 * is, up to 15 digits and powers of ten up to 22, which is all that the
 * service's capacities and times have; else right to some units of the last
 * place.
 */
int ddbi_json_read_double(const ddbi_json_reader *r, double *out)
{
    const char *s = r->text.p, *end = s + r->text.n;
    const int negative = *s == '-';
    const uint64_t most = 999999999999999999u; /* one digit more fits */
    uint64_t digits = 0;
    long e = 0, written = 0;
    int point = 0;

    for (s += negative; s < end && *s != 'e' && *s != 'E'; s++) {
        if (*s == '.') {
            point = 1;
            continue;
        }
        if (digits > most) {
            e += !point; /* no room, but it moves the others up */
        } else {
            digits = digits * 10 + (uint64_t)(*s - '0');
            e -= point;
        }
    }
    if (s < end) {
        int minus = s[1] == '-';

        for (s += s[1] == '-' || s[1] == '+' ? 2 : 1; s < end; s++)
            if (written < 100000)
                written = written * 10 + *s - '0';
        e += minus ? -written : written;
    }
    if (digits == 0)
        e = 0;
    *out = scale((double)digits, e < -400 ? -400 : e > 400 ? 400 : e);
    if (*out > 1.7976931348623157e308)
        return -1;
    if (negative)
        *out = -*out;
    return 0;
}
