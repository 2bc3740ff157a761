/* SPDX-License-Identifier: MIT */
/*
 * Eight processes count on the same keys, and compare and swap them, through
 * a proxy that verifies each request's signature and loses one answer in
 * twenty after the request was carried out: half of them with the connection,
 * half as a failure of the service.
 *
 * Whatever was acknowledged has been applied once, whatever was ambiguous
 * once or not at all, and nothing else ever.  So each final value lies between
 * acknowledged and acknowledged plus ambiguous; and no two acknowledged
 * writes have made the same number of the same key.  What is popped is popped
 * once, and what is neither popped nor there is what an ambiguous one took.
 *
 * Started by tests/with-server --proxy.  RACE_SEED and RACE_OPERATIONS (of all
 * processes, for each test) make it another run, or a longer one.
 */
#include "report.h"
#include "rng.h"

#include <curl/curl.h>
#include <ddb/kv.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TABLE "race"
#define PROCESSES 8
#define KEYS 4
#define MOST 200000 /* operations */

/* What all processes see. */
typedef struct {
    atomic_int acknowledged[KEYS];
    atomic_int ambiguous[KEYS];
    atomic_int conflicts; /* told for certain: nothing was done */
    atomic_int failures;  /* the same */
    atomic_int twice;     /* acknowledged numbers that were there before */
    atomic_uchar made[KEYS][MOST + 1];

    /* Of pops; values are tokens, each of which is added once. */
    atomic_int vanished; /* taken, if at all, without a word */
    atomic_uchar added[MOST];
    atomic_uchar taken[MOST];
    atomic_uchar maybe_taken[MOST];
} shared;

static shared *all;

static const char *need(const char *name)
{
    const char *v = getenv(name);

    ck_assert_msg(v != NULL, "%s is not set: run it by tests/with-server",
                  name);
    return v;
}

static int number_of(const char *name, int otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? (int)strtol(text, NULL, 10) : otherwise;
}

/* ---- The proxy ---------------------------------------------------------- */

static size_t ignore(char *p, size_t size, size_t n, void *arg)
{
    (void)p;
    (void)arg;
    return size * n;
}

/* A rule is asked about what those before it have let pass. */
static const char lossy[] =
    "[{\"match\":{\"prob\":0.025},\"fault\":{\"type\":\"reset_after\"}},"
    "{\"match\":{\"prob\":0.0257},\"fault\":{\"type\":\"error_after\"}}]";

static void set_plan(const char *plan)
{
    char url[256];
    long status = 0;
    CURL *h = curl_easy_init();

    snprintf(url, sizeof url, "%s/plan", need("DDB_TEST_PROXY_ADMIN"));
    curl_easy_setopt(h, CURLOPT_URL, url);
    curl_easy_setopt(h, CURLOPT_PROXY, "");
    curl_easy_setopt(h, CURLOPT_POSTFIELDS, plan);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, ignore);
    ck_assert_int_eq(curl_easy_perform(h), CURLE_OK);
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    ck_assert_int_eq(status, 200);
    curl_easy_cleanup(h);
}

/* ---- A process ---------------------------------------------------------- */

typedef struct {
    ddb_client *c;
    ddb_kv *kv;
    rng random;
    int token; /* the next one */
} process;

static void give_up(const char *what, const ddb_err *err)
{
    fprintf(stderr, "a process: %s: %s: %s\n", what, ddb_code_name(err->code),
            err->message);
    _exit(3);
}

static void open_store(process *p, const char *endpoint, const char *name)
{
    const ddb_options opt = {
        .endpoint = endpoint, .timeout_ms = 60000, .attempt_timeout_ms = 30000};
    const ddb_kv_options store = {
        .table = TABLE, .name_space = name, .create = 1};
    ddb_err err;

    if (ddb_client_open(&opt, &p->c, &err) != DDB_OK ||
        ddb_kv_open(p->c, &store, &p->kv, &err) != DDB_OK)
        give_up("open", &err);
}

static void close_store(process *p)
{
    ddb_kv_close(p->kv);
    ddb_client_close(p->c);
}

/* An operation came to this.  1: it counts as one. */
static int judge(int key, ddb_code code, int64_t made, const ddb_err *err)
{
    if (code == DDB_OK) {
        all->acknowledged[key]++;
        if (made < 1 || made > MOST || all->made[key][made]++ > 0)
            all->twice++;
    } else if (code == DDB_AMBIGUOUS) {
        all->ambiguous[key]++;
    } else if (err->maybe_applied) {
        give_up("a doubt by another name", err);
    } else if (code == DDB_CONDITION_FAILED) {
        all->conflicts++;
        return 0;
    } else {
        if (!err->retryable)
            give_up("an operation", err);
        all->failures++;
        return 0;
    }
    return 1;
}

static int increment(process *p)
{
    int key = (int)rng_below(&p->random, KEYS);
    const char name[] = {(char)('a' + key), '\0'};
    int64_t sum = 0;
    ddb_err err;
    ddb_code code = ddb_kv_increment(p->kv, ddb_str(name), 1, NULL, &sum, &err);

    return judge(key, code, sum, &err);
}

static int swap(process *p)
{
    const ddb_kv_put_options text = {.kind = DDB_KV_TEXT};
    int key = (int)rng_below(&p->random, KEYS);
    const char name[] = {(char)('a' + key), '\0'};
    ddb_kv_entry e = {0};
    char next[24];
    long n = 0;
    ddb_err err;
    ddb_code code = ddb_kv_get(p->kv, ddb_str(name), &e, &err);
    int done;

    if (code == DDB_OK) {
        n = strtol(e.value.p, NULL, 10) + 1;
        snprintf(next, sizeof next, "%ld", n);
        code = ddb_kv_replace(p->kv, &e, ddb_str(next), &text, &err);
    }
    done = judge(key, code, n, &err);
    ddb_kv_entry_clear(&e);
    return done;
}

/* Adding loses no answers: one that is repeated may add what another has
 * taken away meanwhile, as it should. */
static void add_token(process *direct, const char *key, int token)
{
    char text[24];
    ddb_err err;
    ddb_code code;

    snprintf(text, sizeof text, "%d", token);
    code = ddb_kv_add(direct->kv, ddb_str(key), ddb_str(text), NULL, &err);
    if (code == DDB_OK)
        all->added[token] = 1;
    else if (code != DDB_CONDITION_FAILED || err.maybe_applied)
        give_up("add", &err);
}

static void pop_token(process *p, const char *key)
{
    ddb_kv_entry e = {0};
    ddb_err err;
    ddb_code code = ddb_kv_pop(p->kv, ddb_str(key), &e, &err);
    long token = code == DDB_OK ? strtol(e.value.p, NULL, 10) : 0;

    if (token < 0 || token >= MOST)
        give_up("pop", &err);
    else if (code == DDB_OK && err.maybe_applied)
        all->maybe_taken[token]++;
    else if (code == DDB_OK)
        all->taken[token]++;
    else if (code != DDB_NOT_FOUND && err.maybe_applied)
        all->vanished++;
    else if (code != DDB_NOT_FOUND && !err.retryable)
        give_up("pop", &err);
    ddb_kv_entry_clear(&e);
}

static process direct;

static int exchange(process *p)
{
    int key = (int)rng_below(&p->random, KEYS);
    const char name[] = {(char)('a' + key), '\0'};

    if (rng_below(&p->random, 2) == 0)
        add_token(&direct, name, p->token++);
    else
        pop_token(p, name);
    return 1;
}

static int work(int (*run)(process *), const char *name, uint64_t seed,
                int first, int operations)
{
    process p = {.random = {.state = seed * 2654435769u + 1}, .token = first};

    open_store(&p, need("DDB_TEST_PROXY"), name);
    open_store(&direct, need("DDB_TEST_ENDPOINT"), name);
    while (operations > 0)
        operations -= run(&p);
    close_store(&direct);
    close_store(&p);
    return 0;
}

/* ---- All of them -------------------------------------------------------- */

static void run_all(int (*run)(process *), const char *name, int operations)
{
    uint64_t seed = (uint64_t)number_of("RACE_SEED", 1);
    int share = (operations + PROCESSES - 1) / PROCESSES;
    pid_t pids[PROCESSES];

    for (unsigned i = 0; i < PROCESSES; i++) {
        ck_assert_int_ge(pids[i] = fork(), 0);
        if (pids[i] == 0)
            _exit(work(run, name, seed * PROCESSES + i, (int)i * share, share));
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;

        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                      "process %d: %#x", i, (unsigned)status);
    }
}

static int64_t value_of(ddb_kv *kv, int key)
{
    const char name[] = {(char)('a' + key), '\0'};
    ddb_kv_entry e = {0};
    ddb_err err;
    int64_t n;

    ck_assert_msg(ddb_kv_get(kv, ddb_str(name), &e, &err) == DDB_OK, "%s",
                  err.message);
    n = strtoll(e.value.p, NULL, 10);
    ddb_kv_entry_clear(&e);
    return n;
}

static void check_values(ddb_kv *kv, int operations)
{
    int acknowledged = 0, ambiguous = 0;

    for (int i = 0; i < KEYS; i++) {
        int64_t n = value_of(kv, i);

        ck_assert_int_ge(n, all->acknowledged[i]);
        ck_assert_int_le(n, all->acknowledged[i] + all->ambiguous[i]);
        acknowledged += all->acknowledged[i];
        ambiguous += all->ambiguous[i];
        printf("key %c: %lld, %d acknowledged, %d ambiguous\n", 'a' + i,
               (long long)n, (int)all->acknowledged[i], (int)all->ambiguous[i]);
    }
    printf("all: %d acknowledged, %d ambiguous, %d conflicts, %d failures\n",
           acknowledged, ambiguous, (int)all->conflicts, (int)all->failures);
    ck_assert_int_eq(all->twice, 0);
    ck_assert_int_ge(acknowledged + ambiguous, operations);
    /* Answers were lost, and not all that was done has become a doubt. */
    ck_assert_int_gt(ambiguous, 0);
    ck_assert_int_lt(ambiguous, operations / 5);
    ck_assert_int_lt(all->failures, operations / 100);
}

static process begin(const char *name)
{
    process p = {0};

    all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(all != MAP_FAILED);
    set_plan("[]");
    open_store(&p, need("DDB_TEST_ENDPOINT"), name);
    return p;
}

static void race(process *p, int (*run)(process *), const char *name)
{
    int operations = number_of("RACE_OPERATIONS", 10000);

    ck_assert_int_le(operations, MOST - PROCESSES);
    set_plan(lossy);
    run_all(run, name, operations);
    check_values(p->kv, operations);
    close_store(p);
    munmap(all, sizeof *all);
}

START_TEST(increments_count_once)
{
    process p = begin("counters");

    race(&p, increment, "counters");
}
END_TEST

START_TEST(swaps_happen_once)
{
    const ddb_kv_put_options text = {.kind = DDB_KV_TEXT};
    process p = begin("texts");
    ddb_err err;

    for (int i = 0; i < KEYS; i++) {
        const char key[] = {(char)('a' + i), '\0'};

        ck_assert_int_eq(
            ddb_kv_put(p.kv, ddb_str(key), ddb_str("0"), &text, &err), DDB_OK);
    }
    race(&p, swap, "texts");
}
END_TEST

START_TEST(pops_take_once)
{
    int operations = number_of("RACE_OPERATIONS", 10000) / 2;
    int added = 0, taken = 0, maybe = 0, lost = 0;
    process p = begin("tokens");

    set_plan(lossy);
    run_all(exchange, "tokens", operations);
    for (int i = 0; i < KEYS; i++) { /* those that are there still */
        const char key[] = {(char)('a' + i), '\0'};

        pop_token(&p, key);
    }
    for (int i = 0; i < MOST; i++) {
        ck_assert_int_le(all->taken[i], 1);
        ck_assert_int_le(all->taken[i], all->added[i]);
        ck_assert_int_le(all->maybe_taken[i] > 0, all->added[i]);
        added += all->added[i];
        taken += all->taken[i];
        maybe += all->maybe_taken[i];
        lost += all->added[i] && !all->taken[i] && !all->maybe_taken[i];
    }
    printf("pops: %d added, %d taken, %d perhaps, %d without a word\n", added,
           taken, maybe, (int)all->vanished);
    ck_assert_int_gt(taken, operations / 10);
    ck_assert_int_gt(maybe, 0);
    ck_assert_int_le(lost, all->vanished);
    close_store(&p);
    munmap(all, sizeof *all);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("race");
    TCase *tc = tcase_create("race");

    tcase_set_timeout(tc, 600);
    tcase_add_test(tc, increments_count_once);
    tcase_add_test(tc, swaps_happen_once);
    tcase_add_test(tc, pops_take_once);
    suite_add_tcase(s, tc);
    return run_and_report(srunner_create(s));
}
