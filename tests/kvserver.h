/* SPDX-License-Identifier: MIT */
/*
 * A table of a store for the scripted transport: rows in an array, of which
 * Query, Scan, GetItem and PutItem give what the service would.  It knows the
 * expressions of lib/kv alone, by the values that come with them.  It ends a
 * page as soon as Limit is reached, also at the last row, as the service does.
 */
#ifndef KVSERVER_H
#define KVSERVER_H

#include "fake.h"

#include <stddef.h>

typedef struct {
    char part[40];
    char key[40];
    size_t value_n; /* bytes of its value, the key first */
    int64_t ttl;    /* 0: none */
    int odd;        /* it has no value */
} kvserver_row;

typedef struct {
    kvserver_row *rows; /* sorted by part and key */
    size_t n;
    size_t cap;
    size_t page;      /* bytes of values in a page; 0: 1 MB */
    size_t scan_page; /* rows that a Scan gives at most; 0: any */
    int no_jumps;     /* a Scan from a key that is not there begins anew */
    unsigned fails;   /* one of so many requests fails; 0: none */
    unsigned failed;
    unsigned requests;
    size_t most; /* items of the largest page */
    uint64_t random;
    char *answer;
    size_t answer_n;
    size_t answer_cap;
} kvserver; /* {0} first */

void kvserver_play(kvserver *s, fake *f);
void kvserver_free(kvserver *s);
/* It replaces what is there. */
kvserver_row *kvserver_put(kvserver *s, const char *part, const char *key);
void kvserver_delete(kvserver *s, const char *part, const char *key);
const kvserver_row *kvserver_find(const kvserver *s, const char *part,
                                  const char *key);

#endif
