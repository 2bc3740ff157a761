/* SPDX-License-Identifier: MIT */
/*
 * What shards are for: against a server that lets each partition write so
 * many units a second (ddb-local --throttle wcu=N), eight of them take at
 * least six times the puts of one.
 *
 * Each partition's bucket is emptied first, the burst with it.  From its
 * refusal then to a refusal at the end, as many puts were taken as it has
 * filled up in that time: the rate is the server's, however slow the machine.
 */
#include "base/hash.h"
#include "server.h"

#include <ddb/kv.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 4

static ddb_client *c;
static ddb_err err;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Put until it is refused; the number that went through. */
static int put_all(ddb_kv *kv, const char *key)
{
    int n = 0;
    ddb_code code;

    while ((code = ddb_kv_put(kv, ddb_str(key), ddb_str("v"), NULL, &err)) ==
           DDB_OK)
        n++;
    ck_assert_msg(code == DDB_THROTTLED, "%s", err.message);
    return n;
}

/* A key of each shard. */
static void find_keys(char (*keys)[16], unsigned shards)
{
    unsigned found = 0;

    memset(keys, 0, shards * sizeof *keys);
    for (unsigned i = 0; found < shards; i++) {
        char key[16];
        unsigned shard;

        snprintf(key, sizeof key, "key%u", i);
        shard = ddbi_crc32(key, strlen(key)) % shards;
        if (keys[shard][0] == '\0')
            memcpy(keys[shard], key, sizeof key), found++;
    }
}

/* Puts a second. */
static double measure(const char *table, int shards)
{
    char name[16];
    const ddb_kv_options opt = {
        .table = table, .name_space = name, .shards = shards, .create = 1};
    char keys[8][16];
    double since[8];
    int taken[8] = {0};
    double rate = 0;
    double end;
    ddb_kv *kv;

    snprintf(name, sizeof name, "by %d", shards);
    ck_assert_msg(ddb_kv_open(c, &opt, &kv, &err) == DDB_OK, "%s", err.message);
    find_keys(keys, (unsigned)shards);
    for (int i = 0; i < shards; i++) {
        put_all(kv, keys[i]);
        since[i] = now();
    }
    for (end = now() + SECONDS; now() < end;)
        for (int i = 0; i < shards; i++)
            taken[i] += put_all(kv, keys[i]);
    for (int i = 0; i < shards; i++) {
        taken[i] += put_all(kv, keys[i]);
        rate += taken[i] / (now() - since[i]);
    }
    ddb_kv_close(kv);
    return rate;
}

START_TEST(eight_shards_take_six_times_the_puts_of_one)
{
    char table[64];
    double one, eight;

    snprintf(table, sizeof table, "e2e_rate_%d", (int)getpid());
    c = server_open(&(ddb_options){.max_attempts = 1});
    one = measure(table, 1);
    eight = measure(table, 8);
    printf("puts a second: 1 shard %.1f, 8 shards %.1f, %.2f times\n", one,
           eight, eight / one);
    ck_assert(one > 0);
    ck_assert_msg(eight >= 6 * one, "%.1f and %.1f a second", one, eight);
    ddb_delete_table(c, table, NULL, NULL);
    server_close(c);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("e2e_rate");
    TCase *tc = tcase_create("rate");

    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, eight_shards_take_six_times_the_puts_of_one);
    suite_add_tcase(s, tc);
    return run_on_server(s);
}
