/* SPDX-License-Identifier: MIT */
/*
 * What a batch has still to do.  Each key is sent once, however often the
 * caller names it: the service refuses a request that has one twice.  The
 * last entry of a key stands for the earlier ones, which are done when it
 * is.  Keys of what the service gives back are found among those sent,
 * whatever their order and however their numbers are written.
 */
#ifndef DDBI_PLAN_H
#define DDBI_PLAN_H

#include "base/arena.h"
#include "client/client.h"

#define DDBI_NONE SIZE_MAX

typedef struct {
    const char *name;  /* as the caller writes it; lent */
    ddb_bytes keys[2]; /* names of the key attributes; lent or the plan's */
    size_t n_keys;     /* 0: not known yet */
} ddbi_plan_table;

typedef enum {
    DDBI_WAITING = 0,
    DDBI_SENT,        /* part of the request that is under way */
    DDBI_UNPROCESSED, /* the service gave it back */
    DDBI_DONE,
    DDBI_SUPERSEDED /* a later entry has its key */
} ddbi_plan_state;

typedef struct {
    const ddb_value *keys[2]; /* in the order of the table's names; lent */
    uint64_t hash;
    size_t older; /* the entry of the same key that it replaces */
    uint32_t table;
    ddbi_plan_state state;
} ddbi_plan_entry;

typedef struct {
    const ddbi_clock *clock;
    ddbi_arena arena; /* all that is below */
    ddbi_plan_table *tables;
    size_t n_tables;
    size_t cap_tables;
    ddbi_plan_entry *entries; /* as many as the caller has */
    size_t n;
    size_t *slots; /* hash table of entries, open addressing */
    size_t mask;
    uint64_t seed[2];
    size_t *queue; /* entries to be sent, grouped by table */
    size_t head;   /* the first one not done */
    size_t n_queue;
    int stalled;      /* requests in a row that did nothing */
    int64_t deadline; /* monotonic ms; 0: none */
} ddbi_plan;

/* For n entries.  timeout_ms 0: no deadline. */
ddb_code ddbi_plan_begin(ddbi_plan *p, const ddbi_clock *clock, size_t n,
                         int timeout_ms, ddb_err *err);
void ddbi_plan_end(ddbi_plan *p);

/* The table of this name, made when it is new; NULL: failed. */
ddbi_plan_table *ddbi_plan_table_of(ddbi_plan *p, const char *name,
                                    ddb_err *err);
/* The table that an answer names, by name or ARN; NULL: none of ours. */
const ddbi_plan_table *ddbi_plan_table_find(const ddbi_plan *p,
                                            const char *name);
/* Take the key's attributes of entries[i], whose table is set, out of it:
 * the key itself, or an item that has more. */
ddb_code ddbi_plan_add(ddbi_plan *p, size_t i, const ddb_item *it, int is_key,
                       ddb_err *err);
/* All are added: what is to be sent. */
ddb_code ddbi_plan_order(ddbi_plan *p, ddb_err *err);

/* The entry that was added last for the key in it, or DDBI_NONE. */
size_t ddbi_plan_find(const ddbi_plan *p, const ddbi_plan_table *t,
                      const ddb_item *it);

/* The request of n entries from the head on is answered: what the service
 * gave back goes in front, what is left of n is done.  Returns how many came
 * back. */
size_t ddbi_plan_settle(ddbi_plan *p, size_t n);
/* Wait before what came back is sent again.  0: it is time to give up, as
 * eight requests did nothing or the deadline would pass. */
int ddbi_plan_wait(ddbi_plan *p, int progress);
/* Milliseconds for the next request: 0 when there is no deadline, else at
 * least one; -1: it has passed. */
int ddbi_plan_time(const ddbi_plan *p);

#endif
