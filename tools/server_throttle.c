/* SPDX-License-Identifier: MIT */
/*
 * Token buckets.  A bucket fills by its units a second, up to the units of
 * one second and of those of burst; it begins full.  Whoever finds anything
 * in it may take all he needs: it then stands below zero and refuses until it
 * has filled up again, so that a large item is slow on a small table but
 * never impossible.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
 *
 * A bucket that is full says no more than one that is not there: those are
 * dropped when they have become many.
 */
#include "server_throttle.h"

#include "base/alloc.h"

#include <string.h>

#define N_CHAINS 1024 /* a power of two */
#define LEAST_SWEEP 4096

typedef struct bucket bucket;
struct bucket {
    bucket *next; /* of the chain */
    double rate;  /* units a second */
    double level;
    int64_t filled; /* when the level was right: ms */
    size_t n;       /* bytes of the name */
    char name[];    /* kind, table, index, partition */
};

struct server_throttle {
    server_capacity capacity;
    bucket *chains[N_CHAINS];
    size_t n;
    size_t sweep;  /* when there are so many */
    ddbi_buf name; /* of the bucket that is looked for */
};

server_throttle *server_throttle_new(const server_capacity *c)
{
    server_throttle *t = ddbi_calloc(1, sizeof *t);

    if (t != NULL) {
        t->capacity = *c;
        t->sweep = LEAST_SWEEP;
    }
    return t;
}

void server_throttle_free(server_throttle *t)
{
    for (size_t i = 0; t != NULL && i < N_CHAINS; i++) {
        while (t->chains[i] != NULL) {
            bucket *b = t->chains[i];

            t->chains[i] = b->next;
            ddbi_free(b);
        }
    }
    if (t != NULL)
        ddbi_buf_free(&t->name);
    ddbi_free(t);
}

size_t server_throttle_size(const server_throttle *t)
{
    return t->n;
}

static void fill(const server_throttle *t, bucket *b, int64_t now)
{
    double most = b->rate * (1 + t->capacity.burst);

    if (now > b->filled)
        b->level += b->rate * (double)(now - b->filled) / 1000;
    if (b->level > most)
        b->level = most;
    b->filled = now;
}

static void drop_full(server_throttle *t, int64_t now)
{
    for (size_t i = 0; i < N_CHAINS; i++) {
        bucket **at = &t->chains[i];

        while (*at != NULL) {
            bucket *b = *at;

            fill(t, b, now);
            if (b->level >= b->rate * (1 + t->capacity.burst)) {
                *at = b->next;
                ddbi_free(b);
                t->n--;
            } else {
                at = &b->next;
            }
        }
    }
    t->sweep = t->n * 2 > LEAST_SWEEP ? t->n * 2 : LEAST_SWEEP;
}

/* FNV-1a. */
static uint32_t hash(const char *p, size_t n)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * 16777619u;
    return h;
}

/* The bucket of a table or index itself, or of a partition; no names have a
 * NUL.  NULL: no memory. */
static bucket *find(server_throttle *t, const ddbi_use *use,
                    ddb_bytes partition, double rate, int64_t now)
{
    ddbi_buf *name = &t->name;
    bucket **chain;
    bucket *b;

    ddbi_buf_clear(name);
    ddbi_buf_add_c(name, use->write ? 'W' : 'R');
    ddbi_buf_add(name, use->table, strlen(use->table) + 1);
    if (use->index != NULL)
        ddbi_buf_add_str(name, use->index);
    ddbi_buf_add_c(name, '\0');
    ddbi_buf_add(name, partition.p, partition.n);
    if (name->failed != DDB_OK)
        return NULL;
    chain = &t->chains[hash(name->p, name->n) & (N_CHAINS - 1)];
    for (b = *chain; b != NULL; b = b->next) {
        if (b->n == name->n && memcmp(b->name, name->p, b->n) == 0) {
            fill(t, b, now);
            b->rate = rate; /* may have been updated */
            return b;
        }
    }
    if ((b = ddbi_malloc(sizeof *b + name->n)) == NULL)
        return NULL;
    *b = (bucket){.next = *chain,
                  .rate = rate,
                  .level = rate * (1 + t->capacity.burst),
                  .filled = now,
                  .n = name->n};
    memcpy(b->name, name->p, name->n);
    *chain = b;
    t->n++;
    return b;
}

static const char *reason(const ddbi_use *use, int partition)
{
    static const char *const reasons[2][2][2] = {
        {{"TableReadProvisionedThroughputExceeded",
          "TableReadKeyRangeThroughputExceeded"},
         {"TableWriteProvisionedThroughputExceeded",
          "TableWriteKeyRangeThroughputExceeded"}},
        {{"IndexReadProvisionedThroughputExceeded",
          "IndexReadKeyRangeThroughputExceeded"},
         {"IndexWriteProvisionedThroughputExceeded",
          "IndexWriteKeyRangeThroughputExceeded"}},
    };

    return reasons[use->index != NULL][use->write != 0][partition];
}

const char *server_throttle_use(server_throttle *t, int64_t now,
                                const ddbi_use *use)
{
    double of_partition = use->write ? t->capacity.wcu : t->capacity.rcu;
    bucket *whole = NULL, *part = NULL;

    if (t->n >= t->sweep)
        drop_full(t, now);
    if (use->provisioned > 0)
        whole = find(t, use, (ddb_bytes){NULL, 0}, use->provisioned, now);
    if (use->partition.n > 0)
        part = find(t, use, use->partition, of_partition, now);
    if (whole != NULL && whole->level <= 0)
        return reason(use, 0);
    if (part != NULL && part->level <= 0)
        return reason(use, 1);
    if (whole != NULL)
        whole->level -= use->units;
    if (part != NULL)
        part->level -= use->units;
    return NULL;
}
