/* SPDX-License-Identifier: MIT */
/*
 * Expiry, in each of the ways in which a store can be kept: whatever has
 * expired is as good as absent to every call, whatever moves the end of an
 * entry moves it for all, and clearing what has expired takes that away and
 * nothing else - also while others write the same keys anew.
 *
 * The tables' own TTL is off here: what a server deletes by itself would be
 * counted by nobody.
 */
#include "stores.h"

#include <fcntl.h>
#include <sys/wait.h>

static ddb_client *later; /* its clock can be set, by server_ahead */

static void setup(void)
{
    c = server_open(NULL);
    later = server_open(
        &(ddb_options){.now = server_now, .no_clock_correction = 1});
    server_ahead = 0;
}

static void teardown(void)
{
    server_ahead = 0;
    server_close(later);
    server_close(c);
}

static ddb_kv *open_kv(ddb_client *client, const store *s, const char *name)
{
    store_place place;
    ddb_kv *kv;

    store_find(s, name, &place);
    place.opt.create = 1;
    place.opt.no_ttl = 1;
    OK((s->open != NULL ? s->open : ddb_kv_open)(client, &place.opt, &kv,
                                                 &err));
    return kv;
}

#define EACH const store *s = &stores[_i]

static ddb_code write_with(ddb_code fn(ddb_kv *, ddb_bytes, ddb_bytes,
                                       const ddb_kv_put_options *, ddb_err *),
                           const store *s, ddb_kv *kv, const char *key,
                           const char *text, int64_t ttl)
{
    const ddb_kv_put_options opt = {.kind = s->kind, .ttl = ttl};
    size_t n;
    char *value = store_value(s, text, &n);
    ddb_code code = fn(kv, ddb_str(key), (ddb_bytes){value, n}, &opt, &err);

    free(value);
    return code;
}

static void put_for(const store *s, ddb_kv *kv, const char *key,
                    const char *text, int64_t ttl)
{
    OK(write_with(ddb_kv_put, s, kv, key, text, ttl));
}

static ddb_code add_for(const store *s, ddb_kv *kv, const char *key,
                        const char *text, int64_t ttl)
{
    return write_with(ddb_kv_add, s, kv, key, text, ttl);
}

/* How many a listing gives. */
static int64_t listed(ddb_kv *kv, int keys_only)
{
    const ddb_kv_range range = {.keys_only = keys_only};
    const ddb_kv_entry *e;
    ddb_kv_iter *iter;
    int64_t n = 0;
    ddb_code code;

    OK(ddb_kv_iter_open(kv, &range, &iter, &err));
    while ((code = ddb_kv_iter_next(iter, &e, &err)) == DDB_OK)
        n++;
    CODE(code, DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
    return n;
}

static int64_t cleared(ddb_kv *kv)
{
    int64_t n;

    OK(ddb_kv_clear_expired(kv, &n, &err));
    return n;
}

static int64_t left_of(ddb_kv *kv, const char *key)
{
    int64_t n;

    OK(ddb_kv_ttl(kv, ddb_str(key), &n, &err));
    return n;
}

/* ---- Hidden ------------------------------------------------------------- */

START_TEST(what_has_expired_is_absent_to_all_calls)
{
    EACH;
    ddb_kv *kv = open_kv(later, s, "hidden");
    const ddb_bytes key = ddb_str("short");
    ddb_kv_entry seen = {0}, e = {0};
    size_t n;
    char *value = store_value(s, "new", &n);
    int64_t left;

    put_for(s, kv, "short", "v", 30);
    put_for(s, kv, "long", "v", 3600);
    put_for(s, kv, "never", "v", 0);
    OK(ddb_kv_get(kv, key, &seen, &err));
    ck_assert_int_eq(listed(kv, 0), 3);
    server_ahead = 60;
    is_absent(kv, "short");
    ck_assert_int_eq(listed(kv, 0), 2);
    ck_assert_int_eq(listed(kv, 1), 2);
    ck_assert_int_eq(count(kv), 2);
    OK(ddb_kv_get_many(kv, &key, 1, &e, NULL, &err));
    ck_assert_ptr_null(e.key.p);
    OK(ddb_kv_get_or(kv, key, ddb_str("else"), &e, &err));
    ck_assert_uint_eq(e.value.n, 4);
    ddb_kv_entry_clear(&e);
    CODE(ddb_kv_pop(kv, key, &e, &err), DDB_NOT_FOUND);
    CODE(ddb_kv_ttl(kv, key, &left, &err), DDB_NOT_FOUND);
    CODE(ddb_kv_touch(kv, key, NULL, &err), DDB_NOT_FOUND);
    CODE(ddb_kv_replace(kv, &seen, (ddb_bytes){value, n},
                        &(ddb_kv_put_options){.kind = s->kind}, &err),
         DDB_CONDITION_FAILED);
    CODE(ddb_kv_delete_if(kv, &seen, &err), DDB_CONDITION_FAILED);
    CODE(ddb_kv_delete(kv, key, &err), DDB_NOT_FOUND);
    is_absent(kv, "short");
    has(s, kv, "long", "v");
    has(s, kv, "never", "v");
    ddb_kv_entry_clear(&seen);
    free(value);
    ddb_kv_close(kv);
}
END_TEST

START_TEST(add_takes_the_place_of_what_has_expired)
{
    EACH;
    ddb_kv *kv = open_kv(later, s, "add");

    OK(add_for(s, kv, "k", "first", 30));
    CODE(add_for(s, kv, "k", "second", 0), DDB_CONDITION_FAILED);
    has(s, kv, "k", "first");
    server_ahead = 60;
    OK(add_for(s, kv, "k", "second", 30));
    has(s, kv, "k", "second");
    CODE(add_for(s, kv, "k", "third", 0), DDB_CONDITION_FAILED);
    server_ahead = 120;
    OK(add_for(s, kv, "k", "third", 0));
    server_ahead = 240;
    CODE(add_for(s, kv, "k", "fourth", 0), DDB_CONDITION_FAILED);
    has(s, kv, "k", "third");
    ddb_kv_close(kv);
}
END_TEST

/* ---- Moved -------------------------------------------------------------- */

START_TEST(touch_moves_the_end)
{
    EACH;
    ddb_kv *kv = open_kv(later, s, "touch");
    const ddb_kv_put_options hour = {.ttl = 3600};
    const ddb_kv_put_options minute = {.ttl = 60};

    put_for(s, kv, "k", "v", 30);
    ck_assert_int_le(left_of(kv, "k"), 30);
    OK(ddb_kv_touch(kv, ddb_str("k"), &hour, &err));
    ck_assert_int_gt(left_of(kv, "k"), 3000);
    server_ahead = 100;
    has(s, kv, "k", "v");
    OK(ddb_kv_touch(kv, ddb_str("k"), NULL, &err));
    ck_assert_int_eq(left_of(kv, "k"), -1);
    OK(ddb_kv_touch(kv, ddb_str("k"), &minute, &err));
    has(s, kv, "k", "v");
    server_ahead = 200;
    is_absent(kv, "k");
    CODE(ddb_kv_touch(kv, ddb_str("k"), &hour, &err), DDB_NOT_FOUND);
    is_absent(kv, "k");
    CODE(ddb_kv_touch(kv, ddb_str("none"), &hour, &err), DDB_NOT_FOUND);
    is_absent(kv, "none");
    ck_assert_int_eq(cleared(kv), 1);
    ddb_kv_close(kv);
}
END_TEST

START_TEST(a_counter_that_has_expired_starts_anew)
{
    EACH;
    ddb_kv *kv = open_kv(later, s, "counter");
    ddb_kv *other = open_kv(later, s, "counter");
    const ddb_kv_put_options opt = {.ttl = 50};
    int64_t n = 0;

    if (s->opt.type != DDB_KV_ANY) {
        CODE(ddb_kv_increment(kv, ddb_str("n"), 5, &opt, &n, &err),
             DDB_INVALID);
    } else {
        OK(ddb_kv_increment(kv, ddb_str("n"), 5, &opt, &n, &err));
        ck_assert_int_eq(n, 5);
        server_ahead = 30; /* the end stays where it was */
        OK(ddb_kv_increment(kv, ddb_str("n"), 2, &opt, &n, &err));
        OK(ddb_kv_increment(other, ddb_str("n"), 2, &opt, &n, &err));
        ck_assert_int_eq(n, 9);
        server_ahead = 60;
        is_absent(kv, "n");
        OK(ddb_kv_increment(kv, ddb_str("n"), 1, &opt, &n, &err));
        ck_assert_int_eq(n, 1);
        OK(ddb_kv_increment(other, ddb_str("n"), 1, &opt, &n, &err));
        ck_assert_int_eq(n, 2);
    }
    ddb_kv_close(other);
    ddb_kv_close(kv);
}
END_TEST

/* ---- Cleared ------------------------------------------------------------ */

#define SHORT 70
#define LONG 30

START_TEST(clearing_takes_away_what_has_expired_alone)
{
    EACH;
    ddb_kv *kv = open_kv(later, s, "clear");
    ddb_kv *neighbour = open_kv(later, s, "clear2");
    char key[32];

    for (int i = 0; i < SHORT + LONG; i++) {
        snprintf(key, sizeof key, "key%d", i);
        put_for(s, kv, key, "v", i < SHORT ? 30 : i % 2 ? 3600 : 0);
    }
    put_for(s, neighbour, "k", "v", 30);
    ck_assert_int_eq(cleared(kv), 0);
    ck_assert_int_eq(count(kv), SHORT + LONG);
    server_ahead = 60;
    ck_assert_int_eq(count(kv), LONG);
    put_for(s, kv, "key3", "anew", 0);
    ck_assert_int_eq(cleared(kv), SHORT - 1);
    server_ahead = 0; /* all that is left */
    ck_assert_int_eq(count(kv), LONG + 1);
    ck_assert_int_eq(count(neighbour), 1);
    has(s, kv, "key3", "anew");
    ck_assert_int_eq(cleared(kv), 0);
    ddb_kv_close(neighbour);
    ddb_kv_close(kv);
}
END_TEST

/* ---- A race ------------------------------------------------------------- */

/* Some processes leave expired entries behind and write them anew, others do
 * nothing but clear what has expired: between what these have listed and
 * their deletes there are always some that were written anew.  None of them
 * may be lost. */
#define WRITERS 4
#define CLEANERS 2
#define KEYS 6 /* of each writer */
#define PAST (-200)

/* In a file each write waits for the disk. */
static int rounds(void)
{
    return server_differs(SLOW) ? 20 : server_in_process() ? 50 : 150;
}

static int is_there(ddb_kv *kv, const char *key, const char *value)
{
    ddb_kv_entry e = {0};
    ddb_code code = ddb_kv_get(kv, ddb_str(key), &e, &err);
    int same = code == DDB_OK && e.value.n >= strlen(value) &&
               memcmp(e.value.p, value, strlen(value)) == 0;

    if (!same)
        fprintf(stderr, "%s: %s, not %s: %s\n", key,
                code == DDB_OK ? (const char *)e.value.p : ddb_code_name(code),
                value, err.message);
    ddb_kv_entry_clear(&e);
    return same;
}

static ddb_code write_anew(const store *s, ddb_kv *kv, const char *key,
                           const char *value, int round)
{
    ddb_kv_pair pair = {.key = ddb_str(key),
                        .value = ddb_str(value),
                        .opt = {.kind = s->kind, .ttl = 100}};

    switch (round % 4) {
    case 0:
        return write_with(ddb_kv_put, s, kv, key, value, 100);
    case 1:
        return write_with(ddb_kv_put, s, kv, key, value, 0);
    case 2:
        return write_with(ddb_kv_add, s, kv, key, value, 100);
    default:
        return ddb_kv_put_many(kv, &pair, 1, &err);
    }
}

/* 0: nothing was lost.  The old entry lasts as many seconds as the one that
 * follows it, so that these alone do not tell them apart. */
static int write_and_look(const store *s, int id)
{
    ddb_client *now = server_open(NULL);
    ddb_client *past = server_open(
        &(ddb_options){.now = server_now, .no_clock_correction = 1});
    ddb_kv *kv = open_kv(now, s, "race");
    ddb_kv *old = open_kv(past, s, "race");
    char keys[KEYS][32], value[32];
    int lost = 0;

    server_ahead = PAST;
    for (int i = 0; i < KEYS; i++)
        snprintf(keys[i], sizeof keys[i], "%d/%d", id, i);
    for (int round = 0; round < rounds() && !lost; round++) {
        for (int i = 0; i < KEYS; i++)
            lost |=
                write_with(ddb_kv_put, s, old, keys[i], "old", 100) != DDB_OK;
        snprintf(value, sizeof value, "value%d", round);
        for (int i = 0; i < KEYS; i++)
            lost |= write_anew(s, kv, keys[i], value, round + i) != DDB_OK;
        if (lost)
            fprintf(stderr, "round %d: %s\n", round, err.message);
        for (int i = 0; i < KEYS; i++)
            lost |= !is_there(kv, keys[i], value);
    }
    ddb_kv_close(old);
    ddb_kv_close(kv);
    server_close(past);
    server_close(now);
    return lost;
}

/* Until the pipe is closed; 0: some were cleared. */
static int clean(const store *s, int until)
{
    ddb_client *client = server_open(NULL);
    ddb_kv *kv = open_kv(client, s, "race");
    int64_t removed = 0, n = 0;
    ddb_code code = DDB_OK;
    char byte;

    while (code == DDB_OK && read(until, &byte, 1) < 0) {
        code = ddb_kv_clear_expired(kv, &n, &err);
        removed += n;
    }
    if (code != DDB_OK)
        fprintf(stderr, "clear_expired: %s\n", err.message);
    ddb_kv_close(kv);
    server_close(client);
    return code != DDB_OK || removed == 0;
}

START_TEST(what_is_written_anew_is_never_cleared)
{
    EACH;
    pid_t pids[WRITERS + CLEANERS];
    int done[2], status;

    ddb_kv_close(open_kv(c, s, "race"));
    ck_assert_int_eq(pipe(done), 0);
    ck_assert_int_eq(fcntl(done[0], F_SETFL, O_NONBLOCK), 0);
    for (int i = 0; i < WRITERS + CLEANERS; i++) {
        ck_assert_int_ge(pids[i] = fork(), 0);
        if (pids[i] == 0) {
            close(done[1]);
            _exit(i < WRITERS ? write_and_look(s, i) : clean(s, done[0]));
        }
    }
    for (int i = 0; i < WRITERS + CLEANERS; i++) {
        if (i == WRITERS)
            close(done[1]);
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                      "process %d of %s", i, s->name);
    }
    close(done[0]);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("e2e_expiry");
    TCase *tc = tcase_create("expiry");

    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, stores_name_tables, stores_delete_tables);
    tcase_add_checked_fixture(tc, setup, teardown);
#define ADD(test) tcase_add_loop_test(tc, test, 0, N_STORES)
    ADD(what_has_expired_is_absent_to_all_calls);
    ADD(add_takes_the_place_of_what_has_expired);
    ADD(touch_moves_the_end);
    ADD(a_counter_that_has_expired_starts_anew);
    ADD(clearing_takes_away_what_has_expired_alone);
    for (int i = 0; i < N_STORES && !server_in_memory(); i++) {
        const char *name = stores[i].name; /* in memory there is one process */

        if (strcmp(name, "plain") == 0 || strcmp(name, "sharded") == 0 ||
            strcmp(name, "key_only") == 0 || strcmp(name, "relative_ttl") == 0)
            tcase_add_loop_test(tc, what_is_written_anew_is_never_cleared, i,
                                i + 1);
    }
#undef ADD
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    return run_on_server(suite());
}
