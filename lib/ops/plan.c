/* SPDX-License-Identifier: MIT */
/*
 * The plan of a batch: keys, each once, what is still to be sent, and when.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
 *
 * Keys are compared as the service does: by type and value, numbers as
 * numbers, so that 1 and 1.0 are one.  They are found by a hash table, keyed
 * at random, as keys may come from people who want it to be slow.
 */
#include "ops/plan.h"

#include "base/alloc.h"
#include "base/err.h"
#include "wire/number.h"
#include "wire/value.h"

#include <limits.h>
#include <string.h>

#define STALLS 8      /* requests that do nothing before we give up */
#define FIRST_WAIT 50 /* ms, doubled with every stall: 6.4 s at most */

static uint64_t rotate(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein), in the machine's byte order. */
static uint64_t sip(uint64_t k0, uint64_t k1, const void *data, size_t n)
{
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
                     k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
    const unsigned char *p = data;
    uint64_t word;
    size_t rest = n;

    for (; rest >= 8; p += 8, rest -= 8) {
        memcpy(&word, p, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = (uint64_t)n << 56;
    for (size_t i = 0; i < rest; i++)
        word |= (uint64_t)p[i] << 8 * i;
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The hash of one key value, chained to what was hashed before it. */
static uint64_t hash_value(const ddbi_plan *p, uint64_t before,
                           const ddb_value *v)
{
    const ddb_bytes text = v->u.bytes;
    uint64_t k0 = p->seed[0] ^ before;
    uint64_t k1 = p->seed[1] ^ (uint64_t)v->type;
    ddbi_number number;

    if (v->type == DDB_N &&
        ddbi_number_parse(text.p, text.n, &number) == DDB_OK) {
        if (number.n > 0) /* zero is one, -0 and 0E5 too */
            k1 ^= (uint64_t)(number.exponent * 2 + number.negative) << 8;
        return sip(k0, k1, number.digit, (size_t)number.n);
    }
    return sip(k0, k1, text.n ? text.p : "", text.n);
}

static uint64_t hash_key(const ddbi_plan *p, size_t table,
                         const ddb_value *const keys[2])
{
    uint64_t hash = hash_value(p, table, keys[0]);

    return keys[1] != NULL ? hash_value(p, hash, keys[1]) : hash;
}

/* A zeroed array; NULL: no memory. */
static void *array(ddbi_plan *p, size_t count, size_t size)
{
    void *a;
    size_t n;

    if (ddbi_mul_size(count, size, &n))
        return NULL;
    if ((a = ddbi_arena_alloc(&p->arena, n)) != NULL)
        memset(a, 0, n);
    return a;
}

ddb_code ddbi_plan_begin(ddbi_plan *p, const ddbi_clock *clock, size_t n,
                         int timeout_ms, ddb_err *err)
{
    size_t n_slots = 16;

    *p = (ddbi_plan){.clock = clock, .n = n};
    if (timeout_ms > 0)
        p->deadline = clock->mono(clock) + timeout_ms;
    if (n > SIZE_MAX / 4)
        return ddbi_nomem(err);
    while (n_slots < 2 * n) /* half of them stay free */
        n_slots *= 2;
    p->mask = n_slots - 1;
    p->entries = array(p, n, sizeof *p->entries);
    p->slots = array(p, n_slots, sizeof *p->slots);
    p->queue = array(p, n, sizeof *p->queue);
    if (p->entries == NULL || p->slots == NULL || p->queue == NULL)
        return ddbi_nomem(err);
    for (size_t i = 0; i < n_slots; i++)
        p->slots[i] = DDBI_NONE;
    if (clock->random(clock, p->seed, sizeof p->seed))
        return ddbi_fail(err, DDB_SYSTEM, "no random numbers");
    return DDB_OK;
}

void ddbi_plan_end(ddbi_plan *p)
{
    ddbi_arena_free(&p->arena);
}

ddbi_plan_table *ddbi_plan_table_of(ddbi_plan *p, const char *name,
                                    ddb_err *err)
{
    ddbi_plan_table *t = p->tables;

    /* From the newest on: entries of a table mostly come together. */
    for (size_t i = p->n_tables; i-- > 0;) {
        if (t[i].name == name || strcmp(t[i].name, name) == 0)
            return &t[i];
    }
    if (p->n_tables == p->cap_tables) {
        size_t cap = p->cap_tables ? 2 * p->cap_tables : 4;

        t = ddbi_arena_grow(&p->arena, t, p->cap_tables * sizeof *t,
                            cap * sizeof *t);
        if (t == NULL) {
            ddbi_nomem(err);
            return NULL;
        }
        p->tables = t;
        p->cap_tables = cap;
    }
    t = &p->tables[p->n_tables++];
    *t = (ddbi_plan_table){.name = name};
    return t;
}

/* The name at the end of an ARN (arn:aws:dynamodb:REGION:ACCOUNT:table/NAME),
 * or the name itself. */
static const char *bare_name(const char *table)
{
    const char *slash = strrchr(table, '/');

    return slash != NULL ? slash + 1 : table;
}

const ddbi_plan_table *ddbi_plan_table_find(const ddbi_plan *p,
                                            const char *name)
{
    for (size_t i = 0; i < p->n_tables; i++) {
        if (strcmp(p->tables[i].name, name) == 0)
            return &p->tables[i];
    }
    for (size_t i = 0; i < p->n_tables; i++) {
        if (strcmp(bare_name(p->tables[i].name), bare_name(name)) == 0)
            return &p->tables[i];
    }
    return NULL;
}

/* The slot of the key, or the free one where it belongs. */
static size_t *find_slot(const ddbi_plan *p, size_t table, uint64_t hash,
                         const ddb_value *const keys[2])
{
    for (size_t i = (size_t)hash & p->mask;; i = (i + 1) & p->mask) {
        const ddbi_plan_entry *e;

        if (p->slots[i] == DDBI_NONE)
            return &p->slots[i];
        e = &p->entries[p->slots[i]];
        if (e->hash == hash && e->table == table &&
            ddb_value_equal(e->keys[0], keys[0]) &&
            (keys[1] == NULL || ddb_value_equal(e->keys[1], keys[1])))
            return &p->slots[i];
    }
}

/* The key's values in it; -1: one is missing or can be no key. */
static int take_keys(const ddbi_plan_table *t, const ddb_item *it,
                     const ddb_value *keys[2], ddb_bytes *bad)
{
    keys[0] = keys[1] = NULL;
    for (size_t i = 0; i < t->n_keys; i++) {
        const ddb_value *v = ddbi_item_find(it, t->keys[i].p, t->keys[i].n);

        *bad = t->keys[i];
        if (v == NULL ||
            (v->type != DDB_S && v->type != DDB_N && v->type != DDB_B) ||
            v->u.bytes.n == 0)
            return -1;
        keys[i] = v;
    }
    return keys[0] != NULL ? 0 : -1;
}

ddb_code ddbi_plan_add(ddbi_plan *p, size_t i, const ddb_item *it, int is_key,
                       ddb_err *err)
{
    ddbi_plan_entry *e = &p->entries[i];
    const ddbi_plan_table *t = &p->tables[e->table];
    ddb_bytes bad = {0};
    size_t *slot;

    if (take_keys(t, it, e->keys, &bad) != 0)
        return ddbi_fail(err, DDB_INVALID,
                         "entry %zu, of %s: key attribute %.*s is missing, "
                         "empty or of a type that no key has",
                         i, t->name, (int)bad.n, (const char *)bad.p);
    if (is_key && ddb_item_count(it) != t->n_keys)
        return ddbi_fail(err, DDB_INVALID,
                         "entry %zu, of %s: a key has %zu attributes, not %zu",
                         i, t->name, t->n_keys, ddb_item_count(it));
    for (size_t k = 0; k < t->n_keys; k++) {
        size_t n = e->keys[k]->u.bytes.n;

        /* Which of two is the sort key is not always known. */
        if (n > DDBI_MAX_PARTITION_KEY)
            return ddbi_fail(err, DDB_TOO_LARGE,
                             "entry %zu, of %s: key attribute %.*s has %zu "
                             "bytes, the limit is %d",
                             i, t->name, (int)t->keys[k].n,
                             (const char *)t->keys[k].p, n,
                             DDBI_MAX_PARTITION_KEY);
    }
    e->hash = hash_key(p, e->table, e->keys);
    slot = find_slot(p, e->table, e->hash, e->keys);
    e->older = *slot;
    if (*slot != DDBI_NONE)
        p->entries[*slot].state = DDBI_SUPERSEDED;
    *slot = i;
    return DDB_OK;
}

ddb_code ddbi_plan_order(ddbi_plan *p, ddb_err *err)
{
    size_t *next = array(p, p->n_tables + 1, sizeof *next);

    if (next == NULL)
        return ddbi_nomem(err);
    /* Where each table's entries begin, then one after the other. */
    for (size_t i = 0; i < p->n; i++) {
        if (p->entries[i].state == DDBI_WAITING)
            next[p->entries[i].table + 1]++;
    }
    for (size_t t = 0; t < p->n_tables; t++)
        next[t + 1] += next[t];
    p->n_queue = next[p->n_tables];
    for (size_t i = 0; i < p->n; i++) {
        if (p->entries[i].state == DDBI_WAITING)
            p->queue[next[p->entries[i].table]++] = i;
    }
    return DDB_OK;
}

size_t ddbi_plan_find(const ddbi_plan *p, const ddbi_plan_table *t,
                      const ddb_item *it)
{
    size_t table = (size_t)(t - p->tables);
    const ddb_value *keys[2];
    ddb_bytes bad = {0};

    if (take_keys(t, it, keys, &bad) != 0)
        return DDBI_NONE;
    return *find_slot(p, table, hash_key(p, table, keys), keys);
}

size_t ddbi_plan_settle(ddbi_plan *p, size_t n)
{
    size_t to = p->head + n;
    size_t back;

    for (size_t from = to; from-- > p->head;) {
        size_t i = p->queue[from];

        if (p->entries[i].state == DDBI_UNPROCESSED) {
            p->entries[i].state = DDBI_WAITING;
            p->queue[--to] = i;
        } else {
            p->entries[i].state = DDBI_DONE;
        }
    }
    back = p->head + n - to;
    p->head = to;
    return back;
}

int ddbi_plan_wait(ddbi_plan *p, int progress)
{
    const ddbi_clock *k = p->clock;
    int64_t most = FIRST_WAIT;
    uint32_t random;
    int64_t ms;

    p->stalled = progress ? 0 : p->stalled + 1;
    if (p->stalled == STALLS)
        return 0;
    most <<= p->stalled;
    ms = most;
    if (k->random(k, &random, sizeof random) == 0)
        ms = (int64_t)((uint64_t)most * random >> 32);
    if (p->deadline != 0 && k->mono(k) + ms >= p->deadline)
        return 0;
    k->sleep(k, ms);
    return 1;
}

int ddbi_plan_time(const ddbi_plan *p)
{
    int64_t ms;

    if (p->deadline == 0)
        return 0;
    ms = p->deadline - p->clock->mono(p->clock);
    if (ms <= 0)
        return -1;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}
