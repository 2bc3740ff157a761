/* SPDX-License-Identifier: MIT */
/* Numbers as DynamoDB has them: decimal text, 38 significant digits,
 * magnitude 1E-130 to 9.99...E+125, never a double.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html */
#ifndef DDBI_NUMBER_H
#define DDBI_NUMBER_H

#include "wire/limits.h"
#include <ddb/ddb.h>

/* value = sign 0.d1 d2 ... dn * 10^exponent, d1 and dn not 0; zero: n = 0. */
typedef struct {
    int negative;
    int n; /* digits */
    int exponent;
    unsigned char digit[DDBI_MAX_DIGITS]; /* 0 to 9 */
} ddbi_number;

/* Parse [+-]digits[.digits][(e|E)[+-]digits], with digits on one side of the
 * point at least.  DDB_OK; DDB_INVALID: not a number; DDB_TOO_LARGE: more
 * than 38 digits or out of range. */
ddb_code ddbi_number_parse(const char *p, size_t n, ddbi_number *out);
/* Text as the service writes it back: no exponent where it writes none
 * ("150", "-0.5", "1E+30" is written out in full as the service does).  NUL
 * included; out has room for DDBI_NUMBER_TEXT bytes. */
#define DDBI_NUMBER_TEXT 176
size_t ddbi_number_format(const ddbi_number *v, char *out);
/* The same of an integer. */
size_t ddbi_i64_format(int64_t v, char *out);
/* How a sum turns out.  *out, which may be an operand, is set when it is
 * OK. */
typedef enum {
    DDBI_SUM_OK,
    DDBI_SUM_OVERFLOW,
    DDBI_SUM_UNDERFLOW, /* too small to be told from 0 */
    DDBI_SUM_PRECISION  /* more than 38 digits */
} ddbi_sum;
ddbi_sum ddbi_number_add(const ddbi_number *a, const ddbi_number *b,
                         ddbi_number *out);
ddbi_sum ddbi_number_subtract(const ddbi_number *a, const ddbi_number *b,
                              ddbi_number *out);
int ddbi_number_compare(const ddbi_number *a, const ddbi_number *b);
/* Whole and within int64_t: 0. */
int ddbi_number_i64(const ddbi_number *v, int64_t *out);
/* Bytes that count against the item's 400 KB. */
size_t ddbi_number_size(const ddbi_number *v);

#endif
