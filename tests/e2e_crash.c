/* SPDX-License-Identifier: MIT */
/*
 * The local engine's file and processes that are killed.  Children write to
 * it from several threads, and report each write that was acknowledged; they
 * are ended by SIGKILL at any moment.  Then every acknowledged write is there;
 * of the one that each thread was about, all or nothing; every index has the
 * same rows; and SQLite finds the file whole.
 *
 *     CRASH_KILLS=200 CRASH_SEED=1 build/tests/e2e_crash
 */
#include "crash_work.h"
#include "integrity.h"
#include "report.h"
#include "rng.h"

#include <ddb/ddb.h>

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static const char *self; /* to be run as a child */
static uint64_t seed;

/* ---- A child ------------------------------------------------------------ */

typedef struct {
    int worker;
    uint32_t done;
} report;

static struct {
    ddb_client *c;
    int pipe;
} child;

static ddb_client *open_client(const char *path, int sync, ddb_err *err)
{
    char endpoint[160];
    ddb_options opt = {.endpoint = endpoint, .local_sync = (ddb_sync)sync};
    ddb_client *c;

    snprintf(endpoint, sizeof endpoint, "sqlite:%s", path);
    if (ddb_client_open(&opt, &c, err) != DDB_OK)
        return NULL;
    return c;
}

static void give_up(const ddb_err *err)
{
    fprintf(stderr, "a child: %s: %s\n", ddb_code_name(err->code),
            err->message);
    _exit(3);
}

static void *write_on(void *arg)
{
    report *r = arg;
    ddb_err err = {0};

    for (;;) {
        if (crash_write(child.c, seed, r->worker, r->done + 1, &err) != DDB_OK)
            give_up(&err);
        r->done++;
        if (write(child.pipe, r, sizeof *r) != sizeof *r)
            _exit(4);
    }
    return NULL;
}

/* write PATH SYNC SEED PIPE WORKER DONE [WORKER DONE...] */
static int write_child(int argc, char **argv)
{
    static report r[CRASH_WORKERS];
    ddb_err err = {0};
    pthread_t thread;
    int n = 0;

    seed = strtoull(argv[4], NULL, 10);
    child.pipe = (int)strtol(argv[5], NULL, 10);
    child.c = open_client(argv[2], (int)strtol(argv[3], NULL, 10), &err);
    if (child.c == NULL)
        give_up(&err);
    for (int i = 6; i + 1 < argc && n < CRASH_WORKERS; i += 2, n++) {
        r[n].worker = (int)strtol(argv[i], NULL, 10);
        r[n].done = (uint32_t)strtoul(argv[i + 1], NULL, 10);
        if (pthread_create(&thread, NULL, write_on, &r[n]) != 0)
            return 5;
    }
    for (;;)
        pause();
}

/* create PATH: a new file, again and again under other names. */
static void create_child(char **argv)
{
    char path[160];
    ddb_err err = {0};

    for (int i = 0;; i++) {
        ddb_client *c;

        snprintf(path, sizeof path, "%s.%d", argv[2], i % 3);
        c = open_client(path, i % 3, &err);
        if (c == NULL)
            give_up(&err);
        if (crash_create(c, &err) != DDB_OK && err.code != DDB_IN_USE)
            give_up(&err);
        err = (ddb_err){0};
        ddb_client_close(c);
    }
}

/* One item's number, as a program counts that knows of others. */
static int64_t count_up(ddb_client *c, ddb_err *err)
{
    ddb_item *key = ddb_item_new(), *it = NULL, *values = ddb_item_new();
    const ddb_get_item_in get = {
        .table = "crash", .key = key, .consistent_read = 1};
    const ddb_update_item_in update = {
        .table = "crash",
        .key = key,
        .values = values,
        .update = "SET n = :new",
        .condition = "attribute_not_exists(n) OR n = :old"};
    int64_t n;

    ddb_item_set_s(key, "p", "counter");
    ddb_item_set_i64(key, "s", 0);
    do {
        *err = (ddb_err){0};
        n = 0;
        if (ddb_get_item(c, &get, &it, err) == DDB_OK)
            ddb_value_i64(ddb_item_get(it, "n"), &n);
        else if (err->code != DDB_NOT_FOUND)
            break;
        ddb_item_free(it);
        ddb_item_clear(values);
        ddb_item_set_i64(values, ":old", n);
        ddb_item_set_i64(values, ":new", n + 1);
        *err = (ddb_err){0};
    } while (ddb_update_item(c, &update, NULL, err) == DDB_CONDITION_FAILED);
    ddb_item_free(key);
    ddb_item_free(values);
    return n + 1;
}

/* count PATH TIMES */
static int count_child(char **argv)
{
    ddb_err err = {0};
    ddb_client *c = open_client(argv[2], DDB_SYNC_OFF, &err);

    for (long n = strtol(argv[3], NULL, 10); c != NULL && n > 0; n--) {
        count_up(c, &err);
        if (err.code != DDB_OK)
            break;
    }
    if (err.code != DDB_OK)
        give_up(&err);
    ddb_client_close(c);
    return 0;
}

/* ---- Parents ------------------------------------------------------------ */

static char folder[64], path[96];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/ddb-crash-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file.db", folder);
}

static void remove_folder(void)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static pid_t spawn(const char *const *argv)
{
    pid_t pid;

    ck_assert_int_eq(posix_spawn(&pid, self, NULL, NULL,
                                 (char *const *)(uintptr_t)argv, environ),
                     0);
    return pid;
}

static void kill_it(pid_t pid)
{
    int status;

    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
                  "a child ended by itself: %d", status);
}

static void nap(unsigned us)
{
    struct timespec t = {0, (long)us * 1000};

    nanosleep(&t, NULL);
}

static ddb_client *reopen(const char *where)
{
    ddb_err err = {0};
    ddb_client *c = open_client(where, DDB_SYNC_OFF, &err);

    ck_assert_msg(c != NULL, "%s", err.message);
    return c;
}

/* ---- Killing ------------------------------------------------------------ */

typedef struct {
    int pipe[2];
    int n; /* processes */
    pid_t pid[2];
} children;

static void start(children *ch, int round, const crash_partition *state)
{
    char sync[4], text[24], fd[12], args[2 * CRASH_WORKERS][12];

    ch->n = 1 + (round % 3 == 0);
    ck_assert_int_eq(pipe(ch->pipe), 0);
    ck_assert_int_eq(fcntl(ch->pipe[0], F_SETFD, FD_CLOEXEC), 0);
    snprintf(sync, sizeof sync, "%d", round / 2 % 3);
    snprintf(text, sizeof text, "%" PRIu64, seed);
    snprintf(fd, sizeof fd, "%d", ch->pipe[1]);
    for (int p = 0; p < ch->n; p++) {
        const char *argv[7 + 2 * CRASH_WORKERS] = {self, "write", path,
                                                   sync, text,    fd};
        int n = 6;

        for (int w = p; w < CRASH_WORKERS; w += ch->n) {
            snprintf(args[2 * w], sizeof args[0], "%d", w);
            snprintf(args[2 * w + 1], sizeof args[0], "%" PRIu32,
                     state[w].done);
            argv[n++] = args[2 * w];
            argv[n++] = args[2 * w + 1];
        }
        ch->pid[p] = spawn(argv);
    }
    close(ch->pipe[1]);
}

/* Take reports for so long; forever: until the children are gone. */
static long take_reports(children *ch, crash_partition *state, int ms,
                         int at_least)
{
    struct pollfd p = {.fd = ch->pipe[0], .events = POLLIN};
    long n = 0;
    report r;

    while (poll(&p, 1, ms) > 0) {
        ssize_t got = read(ch->pipe[0], &r, sizeof r);

        if (got == 0)
            break;
        ck_assert_int_eq(got, sizeof r);
        ck_assert_uint_eq(r.done, state[r.worker].done + 1);
        crash_apply(&state[r.worker], seed, r.worker);
        if (++n == at_least)
            break;
    }
    return n;
}

/* Early, while the file is opened; or after the first write, some time. */
static long run_and_kill(int round, crash_partition *state, rng *r)
{
    children ch;
    long n = 0;

    start(&ch, round, state);
    if (rng_below(r, 8) == 0)
        nap(rng_below(r, 20000));
    else if ((n = take_reports(&ch, state, 10000, 1)) == 1)
        nap(rng_below(r, rng_below(r, 2) ? 3000 : 40000));
    for (int p = 0; p < ch.n; p++) {
        kill_it(ch.pid[p]);
        if (p + 1 < ch.n)
            nap(rng_below(r, 5000));
    }
    n += take_reports(&ch, state, -1, -1);
    close(ch.pipe[0]);
    return n;
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

START_TEST(nothing_acknowledged_is_lost_by_kills)
{
    static crash_partition state[CRASH_WORKERS];
    int kills = (int)number_from("CRASH_KILLS", 200);
    ddb_client *c = reopen(path);
    long written = 0, unreported = 0;
    ddb_err err = {0};
    rng r = {seed | 1};

    ck_assert_msg(crash_create(c, &err) == DDB_OK, "%s", err.message);
    for (int round = 0; round < kills; round++) {
        /* The file is the children's alone, or in use by us too. */
        if (round / 3 % 2 == 0) {
            ddb_client_close(c);
            c = NULL;
        }
        written += run_and_kill(round, state, &r);
        if (c == NULL)
            c = reopen(path);
        unreported += crash_expect(c, seed, state);
        expect_integrity(path);
    }
    ddb_client_close(c);
    printf("%d kills: %ld writes acknowledged, %ld done but not reported\n",
           kills, written, unreported);
    ck_assert_int_gt(written, kills);
}
END_TEST

START_TEST(a_killed_creation_harms_nothing)
{
    const char *argv[] = {self, "create", path, NULL};
    int kills = (int)number_from("CRASH_KILLS", 200) / 8;
    rng r = {seed | 1};
    char name[160];

    for (int round = 0; round < kills; round++) {
        pid_t pid = spawn(argv);

        nap(3000 + rng_below(&r, 25000));
        kill_it(pid);
        for (int i = 0; i < 3; i++) {
            ddb_client *c;
            ddb_err err = {0};
            ddb_code code;

            snprintf(name, sizeof name, "%s.%d", path, i);
            c = reopen(name);
            code = crash_create(c, &err);
            ck_assert_msg(code == DDB_OK || code == DDB_IN_USE, "%s",
                          err.message);
            ddb_client_close(c);
            expect_integrity(name);
            unlink(name);
        }
    }
}
END_TEST

START_TEST(counting_processes_lose_no_count)
{
    enum { PROCESSES = 4, TIMES = 250 };
    char times[8];
    const char *argv[] = {self, "count", path, times, NULL};
    ddb_client *c = reopen(path);
    pid_t pid[PROCESSES];
    ddb_err err = {0};
    int status;

    ck_assert_int_eq(crash_create(c, &err), DDB_OK);
    snprintf(times, sizeof times, "%d", TIMES);
    for (int i = 0; i < PROCESSES; i++)
        pid[i] = spawn(argv);
    for (int i = 0; i < PROCESSES; i++) {
        ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_int_eq(count_up(c, &err), PROCESSES * TIMES + 1);
    ddb_client_close(c);
    expect_integrity(path);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s = suite_create("crash");
    TCase *t = tcase_create("kills");

    self = argv[0];
    if (argc > 6 && strcmp(argv[1], "write") == 0)
        return write_child(argc, argv);
    if (argc == 3 && strcmp(argv[1], "create") == 0)
        create_child(argv);
    if (argc == 4 && strcmp(argv[1], "count") == 0)
        return count_child(argv);
    seed = number_from("CRASH_SEED", (uint64_t)time(NULL) ^ (uint64_t)getpid()
                                                                << 20);
    printf("seed %" PRIu64 "\n", seed);
    fflush(stdout);
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 600);
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_test(t, nothing_acknowledged_is_lost_by_kills);
    tcase_add_test(t, a_killed_creation_harms_nothing);
    tcase_add_test(t, counting_processes_lose_no_count);
    return run_and_report(srunner_create(s));
}
