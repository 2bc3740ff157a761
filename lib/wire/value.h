/* SPDX-License-Identifier: MIT */
/* The inside of ddb_value and ddb_item.  An item, with all that hangs on it,
 * lives in one arena; so do all items of a page. */
#ifndef DDBI_VALUE_H
#define DDBI_VALUE_H

#include "base/arena.h"

struct ddb_value {
    ddb_type type; /* 0: not set yet */
    uint32_t n;    /* elements of L and sets; BOOL: the value */
    uint32_t cap;
    union {
        ddb_bytes bytes;      /* S, N, B; a NUL behind them */
        ddb_value *elements;  /* L, SS, NS, BS */
        ddb_item *map;        /* M */
    } u;
    ddbi_arena *arena; /* lists grow in it */
};

typedef struct {
    ddb_bytes name; /* a NUL behind it */
    ddb_value value;
} ddbi_attribute;

struct ddb_item {
    ddbi_arena *arena; /* its own, or that of what it is part of */
    ddbi_attribute *attributes;
    uint32_t n;
    uint32_t cap;
    int depth;      /* 0: not inside a map or list */
    int owns_arena; /* ddb_item_free() frees it all; else it is part of a
                       bigger thing and free is not for it */
};

/* An empty item in somebody's arena; NULL: no memory. */
ddb_item *ddbi_item_in(ddbi_arena *arena, int depth);
/* A slot for an attribute, not set yet; an old one of the name is reused.
 * NULL: failed, which sticks.  trusted: names of an answer come once and
 * need no check. */
ddb_value *ddbi_item_slot(ddb_item *it, const void *name, size_t n,
                          int trusted);
/* A slot at the end of a list or set. */
ddb_value *ddbi_list_slot(ddb_value *list);
/* An attribute by a name that need not end in NUL. */
const ddb_value *ddbi_item_find(const ddb_item *it, const void *name,
                                size_t n);
/* Deep copy into v, whose arena must be set. */
ddb_code ddbi_value_copy(ddb_value *v, const ddb_value *from, int depth);
/* Bytes against the 400 KB. */
size_t ddbi_value_size(const ddb_value *v);

#endif
