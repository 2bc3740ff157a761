/* SPDX-License-Identifier: MIT */
/*
 * Numbers as DynamoDB has them.  They are decimal, and the service keeps 38
 * digits of them: a double keeps 15, so none is used here.
 *
 * The service rewrites what it is given (00042 to 42, 1.5E2 to 150, -0 to 0)
 * and writes exponents out in full; so do we, before anything is sent, and
 * two texts of one number are one text.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
 */
#include "wire/number.h"

#include "base/enc.h"

#include <string.h>

/* Of 0.d1 d2 ...: 1E-130 is 0.1E-129, 9.9E+125 is 0.99E+126. */
#define MIN_EXPONENT (-129)
#define MAX_EXPONENT 126

/* Beyond any range, and no length that is added makes it overflow. */
#define HUGE_EXPONENT (INT64_MAX / 4)

typedef struct {
    const char *p;
    const char *end;
} cursor;

static int skip(cursor *c, char a, char b)
{
    if (c->p == c->end || (*c->p != a && *c->p != b))
        return 0;
    c->p++;
    return 1;
}

static int skip_minus(cursor *c)
{
    int minus = skip(c, '-', '-');

    if (!minus)
        skip(c, '+', '+');
    return minus;
}

static ptrdiff_t skip_digits(cursor *c)
{
    const char *start = c->p;

    while (c->p < c->end && ddbi_is_digit((unsigned char)*c->p))
        c->p++;
    return c->p - start;
}

/* What follows the digits; -1: not an exponent. */
static int read_exponent(cursor *c, int64_t *out)
{
    int64_t v = 0;
    int minus;

    *out = 0;
    if (c->p == c->end)
        return 0;
    if (!skip(c, 'e', 'E'))
        return -1;
    minus = skip_minus(c);
    const char *digit = c->p;
    if (skip_digits(c) == 0 || c->p != c->end)
        return -1;
    for (; digit < c->p; digit++)
        if (v < HUGE_EXPONENT / 10)
            v = v * 10 + (*digit - '0');
    *out = minus ? -v : v;
    return 0;
}

/* Take the digits, and perhaps a point, from first to end without the zeros
 * on both sides.  exponent is that of the first of them. */
static ddb_code take_digits(const char *first, const char *end,
                            int64_t exponent, ddbi_number *out)
{
    for (; first < end && (*first == '0' || *first == '.'); first++)
        exponent -= *first == '0';
    while (end > first && (end[-1] == '0' || end[-1] == '.'))
        end--;
    for (; first < end; first++) {
        if (*first == '.')
            continue;
        if (out->n == DDBI_MAX_DIGITS)
            return DDB_TOO_LARGE;
        out->digit[out->n++] = (unsigned char)(*first - '0');
    }
    if (out->n == 0) { /* zero is zero, whatever its exponent */
        out->negative = 0;
        return DDB_OK;
    }
    if (exponent < MIN_EXPONENT || exponent > MAX_EXPONENT)
        return DDB_TOO_LARGE;
    out->exponent = (int)exponent;
    return DDB_OK;
}

ddb_code ddbi_number_parse(const char *p, size_t n, ddbi_number *out)
{
    cursor c;
    int64_t exponent;

    memset(out, 0, sizeof *out);
    if (n == 0) /* p may be NULL */
        return DDB_INVALID;
    c = (cursor){p, p + n};
    out->negative = skip_minus(&c);
    const char *first = c.p;
    ptrdiff_t whole = skip_digits(&c);
    ptrdiff_t fraction = skip(&c, '.', '.') ? skip_digits(&c) : 0;
    const char *end = c.p;
    if (whole + fraction == 0 || read_exponent(&c, &exponent))
        return DDB_INVALID;
    return take_digits(first, end, exponent + whole, out);
}

/* Digits from..to of v, zeros where it has none. */
static char *put_digits(char *out, const ddbi_number *v, int from, int to)
{
    for (int i = from; i < to; i++)
        *out++ = (char)('0' + (i >= 0 && i < v->n ? v->digit[i] : 0));
    return out;
}

size_t ddbi_number_format(const ddbi_number *v, char *out)
{
    char *to = out;

    if (v->negative)
        *to++ = '-';
    if (v->exponent <= 0)
        *to++ = '0';
    to = put_digits(to, v, 0, v->exponent);
    if (v->exponent < v->n) {
        *to++ = '.';
        to = put_digits(to, v, v->exponent, v->n);
    }
    *to = '\0';
    return (size_t)(to - out);
}

size_t ddbi_i64_format(int64_t v, char *out)
{
    /* As unsigned, as INT64_MIN has no positive counterpart. */
    uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    char digits[20]; /* of 2^64 - 1 */
    size_t i = sizeof digits;
    char *to = out;

    do {
        digits[--i] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (v < 0)
        *to++ = '-';
    memcpy(to, digits + i, sizeof digits - i);
    to += sizeof digits - i;
    *to = '\0';
    return (size_t)(to - out);
}

/* Without the signs. */
static int compare_magnitude(const ddbi_number *a, const ddbi_number *b)
{
    int n = a->n < b->n ? a->n : b->n;
    int order;

    if (a->n == 0 || b->n == 0)
        return (a->n > 0) - (b->n > 0);
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -1 : 1;
    order = memcmp(a->digit, b->digit, (size_t)n);
    return order ? order : (a->n > n) - (b->n > n);
}

int ddbi_number_compare(const ddbi_number *a, const ddbi_number *b)
{
    int order;

    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    order = compare_magnitude(a, b);
    return a->negative ? -order : order;
}

/* ---- Sums --------------------------------------------------------------- */

/* Digits from the highest of any number to the lowest: 1E-130 may have 37
 * behind it.  One more for a carry. */
#define SUM_DIGITS (1 + MAX_EXPONENT - MIN_EXPONENT + 1 + DDBI_MAX_DIGITS)

/* digit[i] counts 10^(MAX_EXPONENT - i). */
typedef struct {
    unsigned char digit[SUM_DIGITS];
} wide;

static int place_of(const ddbi_number *v)
{
    return 1 + MAX_EXPONENT - v->exponent;
}

/* Add a smaller number's digits to w's, or take them away. */
static void add_digits(wide *w, const ddbi_number *v, int sign)
{
    int carry = 0;

    for (int i = v->n - 1, at = place_of(v) + i; i >= 0 || carry; i--, at--) {
        int d = w->digit[at] + sign * (i >= 0 ? v->digit[i] : 0) + carry;

        carry = d < 0 ? -1 : d > 9;
        w->digit[at] = (unsigned char)(d - 10 * carry);
    }
}

/* The digits between from and to, without zeros on both sides. */
static ddbi_sum take_sum(const wide *w, int from, int to, int negative,
                         ddbi_number *out)
{
    ddbi_number v = {0};

    while (from < to && w->digit[from] == 0)
        from++;
    while (to > from && w->digit[to - 1] == 0)
        to--;
    v.n = to - from;
    if (v.n > 0) {
        v.negative = negative;
        v.exponent = 1 + MAX_EXPONENT - from;
    }
    if (v.exponent > MAX_EXPONENT)
        return DDBI_SUM_OVERFLOW;
    if (v.exponent < MIN_EXPONENT)
        return DDBI_SUM_UNDERFLOW;
    if (v.n > DDBI_MAX_DIGITS)
        return DDBI_SUM_PRECISION;
    memcpy(v.digit, w->digit + from, (size_t)v.n);
    *out = v;
    return DDBI_SUM_OK;
}

static ddbi_sum add(const ddbi_number *a, const ddbi_number *b, int b_negative,
                    ddbi_number *out)
{
    const ddbi_number *larger = a, *smaller = b;
    int negative = a->negative;
    int from, to;
    wide w;

    if (b->n == 0) {
        *out = *a;
        return DDBI_SUM_OK;
    }
    if (a->n == 0) {
        *out = *b;
        out->negative = b_negative;
        return DDBI_SUM_OK;
    }
    if (compare_magnitude(a, b) < 0) {
        larger = b;
        smaller = a;
        negative = b_negative;
    }
    from = place_of(larger) - 1;
    to = place_of(larger) + larger->n;
    if (to < place_of(smaller) + smaller->n)
        to = place_of(smaller) + smaller->n;
    memset(w.digit + from, 0, (size_t)(to - from));
    memcpy(w.digit + from + 1, larger->digit, (size_t)larger->n);
    add_digits(&w, smaller, a->negative == b_negative ? 1 : -1);
    return take_sum(&w, from, to, negative, out);
}

ddbi_sum ddbi_number_add(const ddbi_number *a, const ddbi_number *b,
                         ddbi_number *out)
{
    return add(a, b, b->negative, out);
}

ddbi_sum ddbi_number_subtract(const ddbi_number *a, const ddbi_number *b,
                              ddbi_number *out)
{
    return add(a, b, !b->negative, out);
}

int ddbi_number_i64(const ddbi_number *v, int64_t *out)
{
    int64_t sum = 0;

    if (v->n > v->exponent || v->exponent > 19)
        return -1;
    /* Downwards, as INT64_MIN has no positive counterpart. */
    for (int i = 0; i < v->exponent; i++) {
        int digit = i < v->n ? v->digit[i] : 0;

        if (sum < (INT64_MIN + digit) / 10)
            return -1;
        sum = sum * 10 - digit;
    }
    if (!v->negative && sum == INT64_MIN)
        return -1;
    *out = v->negative ? sum : -sum;
    return 0;
}

/* The service keeps two digits a byte, in pairs that begin at the point, one
 * byte for the exponent and one for a minus.  So "1.5" takes a byte more than
 * "15", and "12000", which is 1 20 00, two for its digits. */
size_t ddbi_number_size(const ddbi_number *v)
{
    int last = v->exponent - v->n; /* exponent of what follows the digits */
    size_t pairs;

    if (v->n == 0)
        return 1;
    /* Up to the pair's border on both sides; + 256 keeps both positive. */
    pairs = (size_t)((v->exponent + 256 + 1) / 2 - (last + 256) / 2);
    return 1 + pairs + (v->negative != 0);
}
