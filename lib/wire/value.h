/* SPDX-License-Identifier: MIT */
/* The inside of ddb_value and ddb_item.  An item, with all that hangs on it,
 * lives in one arena; so do all items of a page.  The first failure of a
 * setter, anywhere in it, is the arena's. */
#ifndef DDBI_VALUE_H
#define DDBI_VALUE_H

#include "base/arena.h"
#include "wire/limits.h"

typedef struct ddbi_list ddbi_list;

/* Values move when the array that they are part of grows; maps and lists
 * stay where they are. */
struct ddb_value {
    ddb_type type; /* 0: not set yet */
    uint32_t n;    /* elements of a set; BOOL: the value; S, N, B: bytes that
                      there is room for */
    union {
        ddb_bytes bytes;     /* S, N, B; a NUL behind them */
        ddb_value *elements; /* SS, NS, BS: values of type S, N, B */
        ddbi_list *list;     /* L */
        ddb_item *map;       /* M */
    } u;
};

struct ddbi_list {
    ddb_value self; /* of type L: what whoever fills the list holds */
    ddbi_arena *arena;
    ddb_value *elements;
    uint32_t n;
    uint32_t cap;
    int depth; /* the level of the list: 1 as an item's attribute */
};

typedef struct {
    ddb_bytes name; /* a NUL behind it */
    ddb_value value;
} ddbi_attribute;

struct ddb_item {
    ddbi_arena *arena; /* its own, or that of what it is part of */
    ddbi_attribute *attributes;
    uint32_t *order; /* attributes by name, of an item that has many */
    uint32_t n;
    uint32_t cap;
    uint32_t ordered; /* n: order is good; else it is of no use */
    int depth;        /* the level of the map; 0: a whole item */
    int owns_arena;   /* ddb_item_free() frees it all; else it is part of a
                         bigger thing and free is not for it */
};

/* Up to so many elements are searched one by one. */
#define DDBI_FEW 16

/* An empty item in somebody's arena; NULL: no memory. */
ddb_item *ddbi_item_in(ddbi_arena *arena, int depth);
/* The slot of this name, a new one if there is none; the name is checked and
 * copied.  NULL: failed, which sticks. */
ddb_value *ddbi_item_slot(ddb_item *it, const void *name, size_t n);
/* A new slot at the end, without a look at what is there.  The name lives as
 * long as the arena.  NULL: no memory. */
ddb_value *ddbi_item_append(ddb_item *it, ddb_bytes name);
/* After the last append: names come once, else DDB_INVALID; DDB_NOMEM.
 * Makes a look-up in a large item fast. */
ddb_code ddbi_item_settle(ddb_item *it);
/* Deep copies of all attributes into an empty item. */
ddb_code ddbi_item_fill(ddb_item *to, const ddb_item *from);
/* A copy that shares the values with it: to put others into, or take some
 * out, without a change to the first.  NULL: no memory. */
ddb_item *ddbi_item_share(ddbi_arena *arena, const ddb_item *it);
/* Take an attribute away; 0: it was not there. */
int ddbi_item_remove(ddb_item *it, const void *name, size_t n);
/* May it be an attribute's name?  Else the item fails. */
ddb_code ddbi_item_check_name(ddb_item *it, const void *name, size_t n);
/* An attribute by a name that need not end in NUL. */
const ddb_value *ddbi_item_find(const ddb_item *it, const void *name, size_t n);
/* Why the item failed, for a message; never NULL. */
const char *ddbi_item_why(const ddb_item *it);

/* An empty list; NULL: no memory. */
ddbi_list *ddbi_list_in(ddbi_arena *arena, int depth);
/* A slot at the end of it, not set yet. */
ddb_value *ddbi_list_append(ddbi_list *list);

/* What a value is made of: S, N, B by p and n, BOOL by n, a set by elements
 * and n, a copy by from. */
typedef struct {
    ddb_type type;
    const void *p;
    size_t n;
    const ddb_bytes *elements;
    const ddb_value *from;
} ddbi_input;

/* S or N of a C string; NULL gives what is refused. */
ddbi_input ddbi_text_input(ddb_type type, const char *text);
/* A set; of any other type what is refused. */
ddbi_input ddbi_set_input(ddb_type type, const ddb_bytes *elements, size_t n);

/* Check it and make it, in v, of which S, N and B reuse the room.  Fails as
 * a setter does, and v is as it was. */
ddb_code ddbi_value_make(ddbi_arena *arena, ddb_value *v, const ddbi_input *in,
                         int depth);
/* Deep copy into v, whose old content is forgotten.  depth is v's level, 1
 * for an attribute of an item. */
ddb_code ddbi_value_copy(ddbi_arena *arena, ddb_value *v, const ddb_value *from,
                         int depth);
/* Make the arena fail, unless it has; returns its failure. */
ddb_code ddbi_value_fail(ddbi_arena *arena, ddb_code code, const char *why);
/* "S", "BOOL" and so on; "" of none. */
const char *ddbi_type_name(ddb_type type);
/* Bytes against the 400 KB. */
size_t ddbi_value_size(const ddb_value *v);

/* Not empty, and no element twice: else the arena fails.  Numbers are written
 * as ddbi_number_format() does. */
ddb_code ddbi_set_check(ddbi_arena *arena, const ddb_value *elements, size_t n);
/* Is an element there twice, numbers being written in the one way?  DDB_OK:
 * no; DDB_INVALID: yes; DDB_NOMEM. */
ddb_code ddbi_set_has_twice(const ddb_value *elements, size_t n);
/* Into v, of a's type, which is b's: what is in a or b, what is in a but not
 * in b (which may be nothing: n is 0).  Elements are shared with them.
 * DDB_NOMEM. */
ddb_code ddbi_set_join(ddbi_arena *arena, ddb_value *v, const ddb_value *a,
                       const ddb_value *b);
ddb_code ddbi_set_minus(ddbi_arena *arena, ddb_value *v, const ddb_value *a,
                        const ddb_value *b);
/* Without order; numbers as numbers. */
int ddbi_set_equal(const ddb_value *a, const ddb_value *b);
/* Which of two values of one type, S, N or B, comes first; numbers as
 * numbers. */
int ddbi_scalar_compare(const ddb_value *a, const ddb_value *b);
/* Put 0 to n-1 in order, without memory, in n log n. */
void ddbi_sort(uint32_t *order, uint32_t n,
               int (*compare)(const void *arg, uint32_t a, uint32_t b),
               const void *arg);

#endif
