/* SPDX-License-Identifier: MIT */
/*
 * What a request can say: each action's members by their names, with their
 * types, the constraints that the service's framework checks, and where in
 * ddbi_in they go.  local_members.c has the tables, local_read.c reads a body
 * by them, local_limits.c checks what was read.
 */
#ifndef DDBI_LOCAL_MEMBERS_H
#define DDBI_LOCAL_MEMBERS_H

#include "local/local_ask.h"

#include <string.h>

typedef enum {
    DDBI_IS_STRING,  /* ddb_bytes; p NULL: absent */
    DDBI_IS_BOOLEAN, /* ddbi_tri */
    DDBI_IS_INTEGER, /* ddbi_int */
    DDBI_IS_LONG,    /* the same */
    DDBI_IS_VALUE,   /* ddb_value; type 0: absent */
    DDBI_IS_ITEM,    /* ddb_item *: names to values */
    DDBI_IS_ITEMS,   /* ddb_item **: a list of the former; has, count */
    DDBI_IS_STRINGS, /* ddbi_strings */
    DDBI_IS_NAMES,   /* ddbi_names_in: names to strings */
    DDBI_IS_STRUCT,  /* size 0: at `at`, its members from there on, and has;
                        else a pointer to size bytes */
    DDBI_IS_CHOICE,  /* a struct at `at`: has counts those of which there
                        should be one, count takes the choice */
    DDBI_IS_LIST,    /* of size bytes each: structs, or, without members,
                        values; has, count */
    DDBI_IS_MAP,     /* names to structs; the name goes to key */
    DDBI_IS_LISTS,   /* names to lists: members is the list */
    DDBI_IS_UNREAD   /* anything, an int tells that it was there */
} ddbi_kind;

typedef enum { DDBI_OURS, DDBI_LEGACY, DDBI_OTHER } ddbi_role;

typedef struct ddbi_member ddbi_member;
struct ddbi_member {
    const char *name;
    const char *type;           /* class of the struct or of elements */
    const ddbi_member *members; /* of structs; the last one has no name */
    const char *words;          /* "A, B": all that it can be */
    uint16_t at, has, count, size, key; /* offsets, but size */
    uint16_t min_n, max_n;              /* length; 0: any */
    uint32_t most;                      /* the greatest number; 0: any */
    unsigned char name_n;
    unsigned char kind;
    unsigned char role;
    unsigned char choice; /* of CHOICE */
    unsigned char required;
    unsigned char parameter; /* required, and said so before all else */
    unsigned char pattern;   /* names of tables and indexes: letters and so
                                on */
    unsigned char arn;       /* an ARN may stand for the name */
    unsigned char least;     /* 1 + the least number; 0: any */
    unsigned char min_each, max_each; /* LISTS: length of each */
};

/* Of the actions on tables (local_members_table.c). */
extern const ddbi_member ddbi_members_create_table[],
    ddbi_members_update_table[], ddbi_members_only_table[],
    ddbi_members_list_tables[], ddbi_members_update_ttl[],
    ddbi_members_tag_resource[], ddbi_members_untag_resource[],
    ddbi_members_list_tags[], ddbi_members_nothing[];

/* What is at an offset of a struct. */
static inline void *ddbi_pointer_at(const char *base, size_t at)
{
    void *p;

    memcpy(&p, base + at, sizeof p);
    return p;
}

static inline uint32_t ddbi_count_at(const char *base, size_t at)
{
    uint32_t v;

    memcpy(&v, base + at, sizeof v);
    return v;
}

/* Is it there, in the struct at base?  And what it is, as the service shows
 * it (local_show.c): "KeySchemaElement(attributeName=pk, keyType=HASH)". */
int ddbi_is_there(const ddbi_member *m, const char *base);
void ddbi_show_member(ddbi_buf *b, const ddbi_member *m, const char *base);
void ddbi_show_name(ddbi_buf *b, const char *name); /* "tableName" */

/* The constraints of what was read; "2 validation errors detected: ...". */
ddb_code ddbi_check_limits(ddbi_ask *a, const ddbi_member *members);

#endif
