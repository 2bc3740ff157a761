/* SPDX-License-Identifier: MIT */
/*
 * The Two-Way algorithm (Crochemore and Perrin, "Two-way string-matching",
 * Journal of the ACM 38, 1991).  The part is cut at a critical place: its
 * right half is compared forwards, then its left half, and a mismatch tells
 * how far to go on.  No memory, and never more than twice the text's length
 * of comparisons; searching at each place alike, the two of 200 KB that one
 * item may hold would take half a minute.
 */
#include "base/find.h"

#include <string.h>

typedef struct {
    const unsigned char *p;
    size_t n;
    size_t cut;    /* where the right half begins */
    size_t period; /* of the right half */
} needle;

/* Where the largest suffix begins by the order of bytes, or by its reverse;
 * and the suffix's period. */
static size_t largest_suffix(const unsigned char *p, size_t n, int reverse,
                             size_t *period)
{
    size_t start = 0, candidate = 1, k = 0;

    *period = 1;
    while (candidate + k < n) {
        unsigned char a = p[candidate + k], b = p[start + k];

        if (a == b) {
            k++;
            if (k == *period) {
                candidate += *period;
                k = 0;
            }
        } else if (reverse ? a > b : a < b) {
            candidate += k + 1;
            k = 0;
            *period = candidate - start;
        } else {
            start = candidate++;
            k = 0;
            *period = 1;
        }
    }
    return start;
}

static void cut(needle *x)
{
    size_t other_period;
    size_t other = largest_suffix(x->p, x->n, 1, &other_period);

    x->cut = largest_suffix(x->p, x->n, 0, &x->period);
    if (other > x->cut) {
        x->cut = other;
        x->period = other_period;
    }
}

/* The whole part has the period: what of its left half matched a period ago
 * is known to match. */
static int find_periodic(const needle *x, const unsigned char *text, size_t n)
{
    size_t known = 0;

    for (size_t at = 0; at <= n - x->n;) {
        size_t i = x->cut > known ? x->cut : known;

        while (i < x->n && x->p[i] == text[at + i])
            i++;
        if (i < x->n) {
            at += i - x->cut + 1;
            known = 0;
            continue;
        }
        i = x->cut;
        while (i > known && x->p[i - 1] == text[at + i - 1])
            i--;
        if (i <= known)
            return 1;
        at += x->period;
        known = x->n - x->period;
    }
    return 0;
}

static int find_aperiodic(const needle *x, const unsigned char *text, size_t n)
{
    size_t right = x->n - x->cut;
    size_t shift = (x->cut > right ? x->cut : right) + 1;

    for (size_t at = 0; at <= n - x->n;) {
        size_t i = x->cut;

        while (i < x->n && x->p[i] == text[at + i])
            i++;
        if (i < x->n) {
            at += i - x->cut + 1;
            continue;
        }
        i = x->cut;
        while (i > 0 && x->p[i - 1] == text[at + i - 1])
            i--;
        if (i == 0)
            return 1;
        at += shift;
    }
    return 0;
}

int ddbi_has_part(ddb_bytes text, ddb_bytes part)
{
    needle x = {.p = part.p, .n = part.n};

    if (part.n == 0)
        return 1;
    if (part.n > text.n)
        return 0;
    cut(&x);
    if (memcmp(x.p, x.p + x.period, x.cut) == 0)
        return find_periodic(&x, text.p, text.n);
    return find_aperiodic(&x, text.p, text.n);
}
