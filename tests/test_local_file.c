/* SPDX-License-Identifier: MIT */
/* The store's file: whose it is, who may use it, who else does, and what
 * happened to it meanwhile. */
#include "storefix.h"

#include "base/err.h"
#include "rng.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

/* ---- Files as bytes ----------------------------------------------------- */

typedef struct {
    char *p;
    size_t n;
} blob;

static const char *beside(const char *suffix)
{
    static char name[128];

    snprintf(name, sizeof name, "%s%s", path, suffix);
    return name;
}

static int exists(const char *name)
{
    return access(name, F_OK) == 0;
}

static blob read_file(const char *name)
{
    FILE *f = fopen(name, "rb");
    struct stat st;
    blob b;

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fstat(fileno(f), &st), 0);
    b.n = (size_t)st.st_size;
    b.p = malloc(b.n + 1);
    ck_assert_uint_eq(fread(b.p, 1, b.n, f), b.n);
    fclose(f);
    return b;
}

static void write_file(const char *name, const void *p, size_t n)
{
    FILE *f = fopen(name, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(p, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

static void copy_file(const char *from, const char *to)
{
    blob b = read_file(from);

    write_file(to, b.p, b.n);
    free(b.p);
}

static void unchanged(const char *name, const blob *was)
{
    blob now = read_file(name);

    ck_assert_uint_eq(now.n, was->n);
    ck_assert_int_eq(memcmp(now.p, was->p, was->n), 0);
    free(now.p);
}

static void stranger(const char *where, const char *sql)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(where, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void refused(const char *where, const char *why)
{
    ddbi_store *s = (ddbi_store *)1;
    ddb_err err = {0};

    ck_assert_int_eq(try_open(where, DDBI_SYNC_FULL, &s, &err), DDB_SYSTEM);
    ck_assert_ptr_null(s);
    ck_assert_msg(strstr(err.message, why) != NULL, "%s", err.message);
    ck_assert_msg(strstr(err.message, where) != NULL, "%s", err.message);
}

/* ---- Whose file it is --------------------------------------------------- */

static const struct {
    const char *sql, *text, *why;
} strangers[] = {
    {NULL, "x", "is no database"},
    {NULL, "S", "is no database"},
    {NULL, "SQLite format 3", "is another program's database"},
    {NULL,
     "some notes of mine, longer than SQLite's header: ............"
     ".............................................................",
     "is no database"},
    {"CREATE TABLE t (a)", NULL, "is another program's database"},
    {"PRAGMA user_version = 1", NULL, "is another program's database"},
    {"CREATE TABLE map (place, size, body); PRAGMA application_id = 7", NULL,
     "is another program's database"},
    {"PRAGMA journal_mode = WAL; CREATE TABLE t (a)", NULL,
     "is another program's database"},
    {"PRAGMA application_id = 0x64646231; PRAGMA user_version = 2;"
     "CREATE TABLE t (a)",
     NULL, "was made by a later version"},
};

START_TEST(leaves_a_strangers_file_alone)
{
    blob was;

    if (strangers[_i].text != NULL)
        write_file(path, strangers[_i].text, strlen(strangers[_i].text));
    else
        stranger(path, strangers[_i].sql);
    was = read_file(path);
    refused(path, strangers[_i].why);
    unchanged(path, &was);
    ck_assert(!exists(beside("-wal")));
    ck_assert(!exists(beside("-shm")));
    ck_assert(!exists(beside("-journal")));
    free(was.p);
}
END_TEST

/* Another program was killed; what it had not yet moved from the log into its
 * file is its own to move. */
START_TEST(leaves_a_strangers_log_alone)
{
    char other[128], log_name[160];
    blob file, log;
    sqlite3 *db;

    snprintf(other, sizeof other, "%s/other", folder);
    ck_assert_int_eq(sqlite3_open(other, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "PRAGMA journal_mode = WAL;"
                                  "CREATE TABLE t (a)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    copy_file(other, path);
    snprintf(log_name, sizeof log_name, "%s-wal", other);
    copy_file(log_name, beside("-wal"));
    sqlite3_close(db);
    file = read_file(path);
    log = read_file(beside("-wal"));
    ck_assert_uint_gt(log.n, 0);
    refused(path, "is another program's database");
    unchanged(path, &file);
    unchanged(beside("-wal"), &log);
    ck_assert(!exists(beside("-shm")));
    free(file.p);
    free(log.p);
}
END_TEST

START_TEST(takes_an_empty_file)
{
    ddbi_store *s;

    write_file(path, "", 0);
    s = open_store(path);
    begin(s, 1);
    put(s, B("a"), B("1"));
    commit(s);
    ddbi_store_close(s, 0);
    expect_integrity(path);
}
END_TEST

START_TEST(refuses_an_empty_path)
{
    ddbi_store *s = (ddbi_store *)1;
    ddb_err err = {0};

    ck_assert_int_eq(try_open("", DDBI_SYNC_FULL, &s, &err), DDB_INVALID);
    ck_assert_ptr_null(s);
    ck_assert_ptr_nonnull(strstr(err.message, "path"));
}
END_TEST

START_TEST(says_what_cannot_be_opened)
{
    char name[160];

    refused(folder, "Is a directory");
    snprintf(name, sizeof name, "%s/none/file.db", folder);
    refused(name, "No such file or directory");
    write_file(path, "", 0);
    snprintf(name, sizeof name, "%s/file.db", path);
    refused(name, "Not a directory");
}
END_TEST

START_TEST(shows_the_end_of_a_long_path)
{
    static const size_t lengths[] = {150, 250, 600, 5000};
    ddbi_store *s;
    ddb_err err = {0};
    char name[5001];

    memset(name, 'a', sizeof name);
    name[0] = '/';
    memcpy(name + lengths[_i] - 3, "/bc", 4);
    ck_assert_int_eq(try_open(name, DDBI_SYNC_OFF, &s, &err), DDB_SYSTEM);
    ck_assert_msg(strncmp(err.message, "...aaaa", 7) == 0 &&
                      strstr(err.message, "a/bc: ") != NULL &&
                      strstr(err.message, "(SQLite 14)") != NULL,
                  "%s", err.message);
}
END_TEST

static const char *const names[] = {
    ":memory:",
    "file:x.db?mode=memory",
    "what?mode=ro",
    "a b#c%20d",
    "file:/nowhere/at",
    "-",
    "~",
    "plain.db",
};

START_TEST(takes_a_path_literally)
{
    char before[256];
    ddbi_store *s;
    const char *name = names[_i];

    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    ck_assert_int_eq(chdir(folder), 0);
    if (strchr(name, '/') != NULL)
        ck_assert_int_eq(mkdir("file:", 0700) + mkdir("file:/nowhere", 0700),
                         0);
    s = open_store(name);
    begin(s, 1);
    put(s, B("a"), B("1"));
    commit(s);
    ddbi_store_close(s, 0);
    ck_assert(exists(name));
    s = open_store(name);
    begin(s, 0);
    expect(s, B("a"), B("1"));
    commit(s);
    ddbi_store_close(s, 0);
    if (strchr(name, '/') != NULL) {
        ck_assert_int_eq(unlink(name), 0);
        ck_assert_int_eq(rmdir("file:/nowhere") + rmdir("file:"), 0);
    }
    ck_assert_int_eq(chdir(before), 0);
}
END_TEST

/* ---- Who may use it ----------------------------------------------------- */

/* Root may write everything, whatever the mode. */
static void refused_to_others(const char *why)
{
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(65534), 0);
    refused(path, why);
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
}

static const struct {
    mode_t folder, file;
    const char *why;
} modes[] = {
    {0777, 0444, "may not be written to"},
    {0777, 0000, "Permission denied"},
    {0555, 0666, "the directory may not be written to"},
    {0000, 0666, "Permission denied"},
};

START_TEST(says_what_may_not_be_written)
{
    blob was;

    ddbi_store_close(open_store(path), 0);
    was = read_file(path);
    ck_assert_int_eq(chmod(path, modes[_i].file), 0);
    ck_assert_int_eq(chmod(folder, modes[_i].folder), 0);
    refused_to_others(modes[_i].why);
    ck_assert_int_eq(chmod(folder, 0700), 0);
    ck_assert_int_eq(chmod(path, 0600), 0);
    unchanged(path, &was);
    free(was.p);
}
END_TEST

START_TEST(says_where_no_file_may_be_made)
{
    ck_assert_int_eq(chmod(folder, 0555), 0);
    refused_to_others("Permission denied");
    ck_assert_int_eq(chmod(folder, 0700), 0);
    ck_assert(!exists(path));
}
END_TEST

/* ---- Who else uses it --------------------------------------------------- */

/* Time that passes by sleeping alone. */
static int64_t passed;

static int64_t fake_mono(const ddbi_clock *k)
{
    (void)k;
    return passed;
}

static void fake_sleep(const ddbi_clock *k, int64_t ms)
{
    (void)k;
    passed += ms;
}

static int64_t still(const ddbi_clock *k)
{
    (void)k;
    return 0;
}

static const ddbi_clock fake_clocks[] = {
    {.mono = fake_mono, .sleep = fake_sleep},
    {.mono = still, .sleep = fake_sleep},
};

START_TEST(waits_for_another_writer_and_says_so)
{
    ddbi_store *a = open_store(path), *b;
    ddb_err err = {0};

    begin(a, 1);
    put(a, B("a"), B("1"));
    fine(ddbi_store_open(path, DDBI_SYNC_OFF, &fake_clocks[_i], &b, &err),
         &err);
    begin(b, 0); /* a reader waits for nobody */
    expect_none(b, B("a"));
    commit(b);
    passed = 0;
    ck_assert_int_eq(ddbi_store_begin(b, 1, &err), DDB_SYSTEM);
    ck_assert_ptr_nonnull(strstr(err.message, "locked by another process"));
    ck_assert_int_eq(err.retryable, 1);
    ck_assert_int_ge(passed, 5000);
    ddbi_store_rollback(b);
    commit(a);
    begin(b, 1);
    expect(b, B("a"), B("1"));
    put(b, B("a"), B("2"));
    commit(b);
    begin(a, 0);
    expect(a, B("a"), B("2"));
    commit(a);
    ddbi_store_close(a, 0);
    ddbi_store_close(b, 0);
}
END_TEST

START_TEST(says_when_the_file_is_another_ones_alone)
{
    ddbi_store *s = NULL;
    ddb_err err = {0};
    sqlite3 *db;

    ddbi_store_close(open_store(path), 0);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "PRAGMA locking_mode = EXCLUSIVE;"
                                  "BEGIN IMMEDIATE",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    passed = 0;
    ck_assert_int_eq(
        ddbi_store_open(path, DDBI_SYNC_OFF, &fake_clocks[0], &s, &err),
        DDB_SYSTEM);
    ck_assert_ptr_null(s);
    ck_assert_ptr_nonnull(strstr(err.message, "locked by another process"));
    ck_assert_int_eq(err.retryable, 1);
    sqlite3_close(db);
}
END_TEST

static ddb_code write_row(ddbi_store *s, const char *at)
{
    const ddbi_row row = {{at, 1}, 1, {"x", 1}};
    ddb_code code = ddbi_store_begin(s, 1, NULL);

    if (code == DDB_OK)
        code = ddbi_store_put(s, &row, NULL);
    return code == DDB_OK ? ddbi_store_commit(s, NULL) : code;
}

/* In a child, which must not go on with the tests. */
static void write_one(int i)
{
    ddbi_store *s;
    ddb_err err = {0};
    char at[8];
    ddbi_row row = {{at, 4}, 1, {"x", 1}};
    int status = 1;

    snprintf(at, sizeof at, "%04d", i);
    if (try_open(path, DDBI_SYNC_OFF, &s, &err) == DDB_OK &&
        ddbi_store_begin(s, 1, &err) == DDB_OK &&
        ddbi_store_put(s, &row, &err) == DDB_OK &&
        ddbi_store_commit(s, &err) == DDB_OK) {
        ddbi_store_close(s, 0);
        status = 0;
    }
    if (status != 0)
        fprintf(stderr, "%s\n", err.message);
    _exit(status);
}

START_TEST(many_processes_may_make_it_at_once)
{
    enum { PROCESSES = 8, ROUNDS = 20 };
    ddbi_store *s;
    int64_t rows, bytes;
    ddb_err err = {0};

    for (int round = 0; round < ROUNDS; round++) {
        int status;

        for (int i = 0; i < PROCESSES; i++) {
            pid_t pid = fork();

            ck_assert_int_ge(pid, 0);
            if (pid == 0)
                write_one(i);
        }
        for (int i = 0; i < PROCESSES; i++) {
            ck_assert_int_gt(wait(&status), 0);
            ck_assert_int_eq(status, 0);
        }
        s = open_store(path);
        begin(s, 0);
        fine(ddbi_store_measure(s, B("0"), B("9"), &rows, &bytes, &err), &err);
        ck_assert_int_eq(rows, PROCESSES);
        commit(s);
        ddbi_store_close(s, 0);
        expect_integrity(path);
        empty_folder();
    }
}
END_TEST

static void *open_and_close(void *arg)
{
    ddb_code *code = arg;
    ddbi_store *s;

    for (int i = 0; i < 20 && *code == DDB_OK; i++) {
        *code = try_open(i % 4 ? path : NULL, DDBI_SYNC_OFF, &s, NULL);
        if (*code != DDB_OK)
            break;
        *code = write_row(s, i % 2 ? "a" : "b");
        ddbi_store_close(s, 0);
    }
    return NULL;
}

START_TEST(threads_may_have_it_open_at_once)
{
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    ddb_code code[THREADS] = {DDB_OK};

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(
            pthread_create(&thread[i], NULL, open_and_close, &code[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
        ck_assert_int_eq(code[i], DDB_OK);
    }
    expect_integrity(path);
}
END_TEST

/* ---- Forks -------------------------------------------------------------- */

/* A child that does this, and says so.  It ends without a look at what it
 * leaves behind, which valgrind would have. */
static void in_child(char (*child)(ddbi_store *), ddbi_store *inherited)
{
    int fd[2];
    char result;
    pid_t pid;

    ck_assert_int_eq(pipe(fd), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        result = child(inherited);
        if (write(fd[1], &result, 1) != 1)
            abort();
        raise(SIGKILL);
    }
    ck_assert_int_eq(read(fd[0], &result, 1), 1);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert_int_eq(result, 'y');
    close(fd[0]);
    close(fd[1]);
}

static char closes(ddbi_store *inherited)
{
    ddbi_store_close(inherited, 1);
    return 'y';
}

START_TEST(a_forked_child_leaves_it_alone)
{
    ddbi_store *s = open_store(path);

    begin(s, 1);
    put(s, B("a"), B("1"));
    in_child(closes, s); /* in the middle */
    commit(s);
    in_child(closes, s);
    begin(s, 1);
    expect(s, B("a"), B("1"));
    put(s, B("b"), B("2"));
    commit(s);
    ck_assert(exists(beside("-wal")));
    ddbi_store_close(s, 0);
    expect_integrity(path);
}
END_TEST

/* Two pipes: the parent's word to the child, and the child's. */
static int word[2], answer[2];

static void tell(const int *to)
{
    if (write(to[1], "x", 1) != 1)
        abort();
}

static void hear(const int *from)
{
    char c;

    if (read(from[0], &c, 1) != 1)
        abort();
}

/* It writes before and after its parent has closed the file. */
static void write_with_parent(ddbi_store *inherited, int close_first)
{
    ddbi_store *s;

    if (close_first)
        ddbi_store_close(inherited, 1);
    if (try_open(path, DDBI_SYNC_OFF, &s, NULL) != DDB_OK ||
        write_row(s, "b") != DDB_OK)
        _exit(1);
    tell(answer);
    hear(word);
    if (write_row(s, "c") != DDB_OK)
        _exit(2);
    tell(answer);
    hear(word);
    if (write_row(s, "e") != DDB_OK)
        _exit(3);
    ddbi_store_close(s, 0);
    if (!close_first)
        ddbi_store_close(inherited, 1);
    _exit(0);
}

START_TEST(a_forked_child_may_open_it_anew)
{
    ddbi_store *s = open_store(path), *memory = open_store(NULL);
    int status;
    pid_t pid;

    ck_assert_int_eq(write_row(s, "a"), DDB_OK);
    ck_assert_int_eq(pipe(word) + pipe(answer), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        write_with_parent(s, _i);
    hear(answer);
    begin(s, 0);
    expect(s, B("b"), B("x"));
    commit(s);
    ddbi_store_close(s, 0); /* not as the last one */
    ck_assert(exists(beside("-wal")));
    tell(word);
    hear(answer);
    s = open_store(path);
    begin(s, 0);
    expect(s, B("c"), B("x"));
    commit(s);
    ck_assert_int_eq(write_row(s, "d"), DDB_OK);
    ddbi_store_close(s, 0);
    tell(word);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    s = open_store(path);
    begin(s, 0);
    for (const char *at = "abcde"; *at; at++)
        expect(s, (ddb_bytes){at, 1}, B("x"));
    commit(s);
    ddbi_store_close(s, 0);
    ddbi_store_close(memory, 0);
    expect_integrity(path);
}
END_TEST

static char is_refused_that_one(ddbi_store *inherited)
{
    char other[160];
    ddb_err err = {0};
    ddbi_store *s;

    if (try_open(path, DDBI_SYNC_OFF, &s, &err) != DDB_SYSTEM ||
        strstr(err.message, "forked") == NULL)
        return '1';
    snprintf(other, sizeof other, "%s.other", path);
    err = (ddb_err){0};
    if (try_open(other, DDBI_SYNC_OFF, &s, &err) != DDB_OK)
        return '2';
    ddbi_store_close(s, 0);
    ddbi_store_close(inherited, 1);
    return try_open(path, DDBI_SYNC_OFF, &s, NULL) == DDB_SYSTEM ? 'y' : '3';
}

START_TEST(a_child_forked_in_the_middle_is_refused)
{
    ddbi_store *s = open_store(path);

    begin(s, 1);
    put(s, B("a"), B("1"));
    in_child(is_refused_that_one, s);
    commit(s);
    ddbi_store_close(s, 0);
    expect_integrity(path);
}
END_TEST

/* ---- What happened to it ------------------------------------------------ */

START_TEST(a_log_left_behind_is_taken_in)
{
    ddbi_store *s = open_store(path);
    char copy[128], log[160];

    begin(s, 1);
    put(s, B("a"), B("1"));
    commit(s);
    snprintf(copy, sizeof copy, "%s/copy.db", folder);
    snprintf(log, sizeof log, "%s-wal", copy);
    copy_file(path, copy);
    copy_file(beside("-wal"), log);
    ddbi_store_close(s, 0);
    s = open_store(copy);
    begin(s, 0);
    expect(s, B("a"), B("1"));
    commit(s);
    ddbi_store_close(s, 0);
    expect_integrity(copy);
    ck_assert(!exists(log));
}
END_TEST

START_TEST(a_link_leads_to_the_file)
{
    char other[128];
    ddbi_store *a = open_store(path), *b;

    snprintf(other, sizeof other, "%s/link.db", folder);
    ck_assert_int_eq(symlink(path, other), 0);
    b = open_store(other);
    begin(a, 1);
    put(a, B("a"), B("1"));
    commit(a);
    begin(b, 1);
    expect(b, B("a"), B("1"));
    put(b, B("b"), B("2"));
    commit(b);
    begin(a, 0);
    expect(a, B("b"), B("2"));
    commit(a);
    ddbi_store_close(a, 0);
    ddbi_store_close(b, 0);
}
END_TEST

START_TEST(notices_that_the_file_is_gone)
{
    ddbi_store *s = open_store(path), *other = NULL;
    ddb_err err = {0};

    begin(s, 1);
    put(s, B("a"), B("1"));
    commit(s);
    empty_folder();
    if (_i)
        other = open_store(path);
    ck_assert_int_eq(ddbi_store_begin(s, 1, &err), DDB_SYSTEM);
    ck_assert_ptr_nonnull(strstr(err.message, "deleted"));
    ddbi_store_rollback(s);
    ddbi_store_close(s, 0);
    if (other != NULL) {
        begin(other, 1);
        put(other, B("b"), B("2"));
        commit(other);
        expect_none(other, B("a"));
        ddbi_store_close(other, 0);
        expect_integrity(path);
    }
}
END_TEST

static void fill(ddbi_store *s)
{
    char at[8], body[3000];

    begin(s, 1);
    for (int i = 0; i < 200; i++) {
        snprintf(at, sizeof at, "%04d", i);
        memset(body, 'a' + i % 26, sizeof body);
        put(s, (ddb_bytes){at, 4}, (ddb_bytes){body, i % 5 ? 100 : 3000});
    }
    commit(s);
}

/* Whatever it is, it is a failure or an answer. */
static void use_damaged(void)
{
    ddbi_store *s;
    ddb_err err = {0};
    ddbi_row row = {B("0100"), 1, B("x")};
    int64_t rows, bytes;
    ddb_code code = try_open(path, DDBI_SYNC_OFF, &s, &err);

    if (code == DDB_OK)
        code = ddbi_store_begin(s, 1, &err);
    if (code == DDB_OK)
        code = ddbi_store_seek(s, B("0"), B("9"), 0, &err);
    while (code == DDB_OK)
        code = ddbi_store_next(s, &row, &err);
    if (code == DDB_NOT_FOUND)
        code = ddbi_store_measure(s, B("0"), B("9"), &rows, &bytes, &err);
    row = (ddbi_row){B("0100"), 1, B("x")};
    if (code == DDB_OK)
        code = ddbi_store_put(s, &row, &err);
    if (code == DDB_OK)
        code = ddbi_store_clear(s, B("005"), B("009"), &err);
    if (code == DDB_OK)
        code = ddbi_store_commit(s, &err);
    if (code != DDB_OK) {
        ck_assert_int_eq(code, DDB_SYSTEM);
        ck_assert_int_ne(err.message[0], '\0');
    }
    if (s != NULL)
        ddbi_store_rollback(s);
    ddbi_store_close(s, 0);
}

START_TEST(survives_a_damaged_file)
{
    rng r = {99};
    blob good, bad;

    ddbi_store *s = open_store(path);
    fill(s);
    ddbi_store_close(s, 0);
    good = read_file(path);
    for (int i = 0; i < 400; i++) {
        bad = (blob){malloc(good.n), good.n};
        memcpy(bad.p, good.p, good.n);
        for (unsigned n = 1 + rng_below(&r, 30); n > 0; n--)
            bad.p[100 + rng_below(&r, (unsigned)good.n - 100)] =
                (char)rng_below(&r, 256);
        if (i % 4 == 0)
            bad.n = 100 + rng_below(&r, (unsigned)good.n - 100);
        write_file(path, bad.p, bad.n);
        free(bad.p);
        unlink(beside("-wal"));
        unlink(beside("-shm"));
        use_damaged();
    }
    free(good.p);
}
END_TEST

START_TEST(says_that_a_file_is_damaged)
{
    ddbi_store *s = open_store(path);
    ddb_err err = {0};
    ddbi_row row;
    blob b;

    fill(s);
    ddbi_store_close(s, 0);
    b = read_file(path);
    memset(b.p + 4096, 0xee, b.n - 4096);
    write_file(path, b.p, b.n);
    free(b.p);
    s = open_store(path);
    begin(s, 0);
    ck_assert_int_eq(ddbi_store_get(s, B("0100"), &row, &err), DDB_SYSTEM);
    ck_assert_ptr_nonnull(strstr(err.message, "the database is damaged"));
    ddbi_store_rollback(s);
    ddbi_store_close(s, 0);
}
END_TEST

Suite *suite_local_file(void)
{
    Suite *s = suite_create("local_file");
    TCase *t = tcase_create("whose");

    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_loop_test(t, leaves_a_strangers_file_alone, 0, ROWS(strangers));
    tcase_add_test(t, leaves_a_strangers_log_alone);
    tcase_add_test(t, takes_an_empty_file);
    tcase_add_test(t, refuses_an_empty_path);
    tcase_add_test(t, says_what_cannot_be_opened);
    tcase_add_loop_test(t, shows_the_end_of_a_long_path, 0, 4);
    tcase_add_loop_test(t, takes_a_path_literally, 0, ROWS(names));
    tcase_add_loop_test(t, says_what_may_not_be_written, 0, ROWS(modes));
    tcase_add_test(t, says_where_no_file_may_be_made);

    t = tcase_create("others");
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_loop_test(t, waits_for_another_writer_and_says_so, 0,
                        ROWS(fake_clocks));
    tcase_add_test(t, says_when_the_file_is_another_ones_alone);
    tcase_add_test(t, many_processes_may_make_it_at_once);
    tcase_add_test(t, threads_may_have_it_open_at_once);

    t = tcase_create("forks");
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_test(t, a_forked_child_leaves_it_alone);
    tcase_add_loop_test(t, a_forked_child_may_open_it_anew, 0, 2);
    tcase_add_test(t, a_child_forked_in_the_middle_is_refused);

    t = tcase_create("fate");
    suite_add_tcase(s, t);
    tcase_add_checked_fixture(t, make_folder, remove_folder);
    tcase_add_test(t, a_log_left_behind_is_taken_in);
    tcase_add_test(t, a_link_leads_to_the_file);
    tcase_add_loop_test(t, notices_that_the_file_is_gone, 0, 2);
    tcase_add_test(t, survives_a_damaged_file);
    tcase_add_test(t, says_that_a_file_is_damaged);
    return s;
}
