/* SPDX-License-Identifier: MIT */
/* Listings out of several parts, against a sorted array. */
#include "kvfix.h"
#include "kvserver.h"
#include "rng.h"

#include <malloc.h>
#include <stdio.h>

static kvserver server;
static ddb_kv *split;
static rng dice;

static void setup(void)
{
    kvfix_setup();
    server = (kvserver){.random = 1};
    kvserver_play(&server, f);
    split = NULL;
}

static void teardown(void)
{
    ddb_kv_close(split);
    kvserver_free(&server);
    kvfix_teardown();
}

static void open_split(int shards)
{
    const ddb_kv_options opt = {
        .table = "tab", .name_space = "ns", .shards = shards};

    ck_assert_int_eq(ddb_kv_open(c, &opt, &split, &err), DDB_OK);
}

/* With another cap on answers. */
static void open_capped(int shards, size_t max_answer)
{
    ddb_kv_close(kv);
    kv = NULL;
    ddb_client_close(c);
    c = fake_open(f, &(ddb_options){.max_answer = max_answer});
    open_split(shards);
}

/* The partition that our store looks for a key in. */
static const char *part_of(const char *key)
{
    ddb_bytes part = ddbi_kv_part(split, ddbi_kv_part_of(split, ddb_str(key)));

    return part.p;
}

static kvserver_row *store(const char *key)
{
    return kvserver_put(&server, part_of(key), key);
}

/* ---- The model ---------------------------------------------------------- */

#define MOST 400

typedef struct {
    char key[40];
    int odd;
} expected;

static expected want[MOST];
static size_t n_want;
static expected got[MOST];
static size_t n_got;

static int by_key(const void *a, const void *b)
{
    return strcmp(((const expected *)a)->key, ((const expected *)b)->key);
}

static int in_range(const char *key, const ddb_kv_range *range)
{
    return (range->prefix.n == 0 ||
            strncmp(key, range->prefix.p, range->prefix.n) == 0) &&
           (range->from.n == 0 || strcmp(key, range->from.p) >= 0) &&
           (range->to.n == 0 || strcmp(key, range->to.p) <= 0);
}

/* What a listing gives, as the rows are now. */
static void expect(const ddb_kv_range *range)
{
    n_want = 0;
    for (size_t i = 0; i < server.n; i++) {
        const kvserver_row *row = &server.rows[i];

        if (!in_range(row->key, range) || strstr(row->part, "##") != NULL ||
            (row->ttl != 0 && row->ttl <= FAKE_START))
            continue;
        ck_assert_uint_lt(n_want, MOST);
        strcpy(want[n_want].key, row->key);
        want[n_want++].odd = row->odd && !range->keys_only;
    }
    qsort(want, n_want, sizeof want[0], by_key);
    for (size_t i = 0; range->reverse && i < n_want / 2; i++) {
        expected swapped = want[i];

        want[i] = want[n_want - 1 - i];
        want[n_want - 1 - i] = swapped;
    }
}

/* One entry more; 0: the end.  What is odd has no key to be told. */
static int step(ddb_kv_iter *iter, int keys_only)
{
    const ddb_kv_entry *e;
    ddb_code code;

    do
        code = ddb_kv_iter_next(iter, &e, &err);
    while (code == DDB_ACCESS_DENIED); /* the same call goes on */
    if (code == DDB_NOT_FOUND)
        return 0;
    ck_assert_uint_lt(n_got, MOST);
    got[n_got].odd = code == DDB_BAD_VALUE;
    if (!got[n_got].odd) {
        ck_assert_msg(code == DDB_OK, "%s", err.message);
        memcpy(got[n_got].key, e->key.p, e->key.n);
        got[n_got].key[e->key.n] = '\0';
        ck_assert_int_eq(e->value.p == NULL, keys_only);
        if (!keys_only)
            ck_assert_mem_eq(e->value.p, e->key.p, e->key.n);
    }
    n_got++;
    return 1;
}

static void list(ddb_kv *store_, const ddb_kv_range *range)
{
    ddb_kv_iter *iter;

    n_got = 0;
    ck_assert_int_eq(ddb_kv_iter_open(store_, range, &iter, &err), DDB_OK);
    while (step(iter, range->keys_only))
        ;
    ddb_kv_iter_close(iter);
}

/* What came is what was wanted from this one on. */
static void is_as_expected(size_t from, int64_t limit)
{
    size_t n = 0; /* of the wanted ones that were given */
    size_t counted = 0;

    while (from + n < n_want && (limit == 0 || counted < (size_t)limit))
        counted += !want[from + n++].odd;
    ck_assert_uint_eq(n_got, n);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(got[i].odd, want[from + i].odd);
        if (!got[i].odd)
            ck_assert_str_eq(got[i].key, want[from + i].key);
    }
}

/* ---- Chance ------------------------------------------------------------- */

static void random_key(char key[40], unsigned most)
{
    static const char *const letters[] = {"a", "b", "c", "\xc3\xa4",
                                          "\xf0\x9f\x98\x80"};
    unsigned n = 1 + rng_below(&dice, most);

    key[0] = '\0';
    while (n-- > 0)
        strcat(key, letters[rng_below(&dice, 5)]);
}

static int random_shards(void)
{
    static const int some[] = {0, 1, 2, 3, 7, 8, 16, 1024};

    return some[rng_below(&dice, 8)];
}

static void random_rows(unsigned n)
{
    char key[40];

    for (unsigned i = 0; i < n; i++) {
        kvserver_row *row;

        random_key(key, 6);
        row = store(key);
        row->odd = rng_below(&dice, 20) == 0;
        if (rng_below(&dice, 4) == 0)
            row->ttl = FAKE_START - 50 + rng_below(&dice, 100);
        if (rng_below(&dice, 2))
            row->value_n += rng_below(&dice, 2000);
    }
    if (rng_below(&dice, 3) == 0) /* a crowd of expired ones */
        for (size_t i = server.n / 4; i < server.n / 2; i++)
            server.rows[i].ttl = 1;
}

static char bounds[3][40];

static ddb_kv_range random_range(void)
{
    ddb_kv_range range = {.reverse = (int)rng_below(&dice, 2),
                          .keys_only = rng_below(&dice, 3) == 0};

    for (int i = 0; i < 3; i++) {
        random_key(bounds[i], 2);
        if (rng_below(&dice, 2))
            bounds[i][0] = '\0';
    }
    range.prefix = ddb_str(bounds[0]);
    range.from = ddb_str(bounds[1]);
    range.to = ddb_str(bounds[2]);
    return range;
}

static void random_day(int i)
{
    static const size_t caps[] = {0, 3000, 20000, 200000};
    static const size_t pages[] = {0, 500, 5000};

    dice.state = (uint64_t)i * 77 + 1;
    server.random = dice.state;
    open_capped(random_shards(), caps[rng_below(&dice, 4)]);
    random_rows(rng_below(&dice, 300));
    server.page = pages[rng_below(&dice, 3)];
}

/* ---- Order -------------------------------------------------------------- */

START_TEST(listing_is_the_sorted_array)
{
    random_day(_i);
    for (int i = 0; i < 6; i++) {
        ddb_kv_range range = random_range();

        server.fails = rng_below(&dice, 2) ? 5 : 0;
        if (rng_below(&dice, 3) == 0)
            range.limit = 1 + rng_below(&dice, 20);
        expect(&range);
        list(split, &range);
        is_as_expected(0, range.limit);
    }
}
END_TEST

/* A failure is no new beginning: each page is asked for once more. */
START_TEST(failures_lose_nothing_and_repeat_nothing)
{
    const ddb_kv_range range = {.keys_only = 0};

    dice.state = 5;
    open_split(8);
    random_rows(200);
    server.page = 500;
    expect(&range);
    server.fails = 2;
    list(split, &range);
    is_as_expected(0, 0);
    ck_assert_uint_gt(server.failed, 20);
}
END_TEST

START_TEST(count_sums_over_all_parts)
{
    const ddb_kv_range range = {.prefix = ddb_str("b")};
    int64_t n;

    random_day(_i);
    expect(&range);
    ck_assert_int_eq(ddb_kv_count(split, &range, &n, &err), DDB_OK);
    ck_assert_int_eq(n, (int64_t)n_want);
}
END_TEST

static expected before[MOST];
static size_t n_before;

/* What was deleted once need not come. */
static void take_away(const char *key)
{
    kvserver_delete(&server, part_of(key), key);
    for (size_t i = 0; i < n_before; i++)
        if (strcmp(before[i].key, key) == 0)
            before[i].odd = 1;
}

/* What is there from beginning to end comes once, in order; what comes and
 * goes may come, at most once. */
START_TEST(entries_come_and_go_meanwhile)
{
    ddb_kv_range range;
    ddb_kv_iter *iter;
    size_t i;
    char key[40];

    random_day(_i);
    range = random_range();
    expect(&range);
    n_before = n_want;
    memcpy(before, want, sizeof before);
    n_got = 0;
    ck_assert_int_eq(ddb_kv_iter_open(split, &range, &iter, &err), DDB_OK);
    while (n_got < MOST - 1 && step(iter, range.keys_only)) {
        random_key(key, 6);
        if (rng_below(&dice, 2))
            store(key);
        else
            take_away(key);
        if (!got[n_got - 1].odd && rng_below(&dice, 2))
            take_away(got[n_got - 1].key);
    }
    ddb_kv_iter_close(iter);
    for (size_t j = 0, last = MOST; j < n_got; j++) {
        int order = 0;

        if (got[j].odd)
            continue;
        if (last < MOST)
            order = strcmp(got[last].key, got[j].key);
        ck_assert(last == MOST || (range.reverse ? order > 0 : order < 0));
        ck_assert(in_range(got[j].key, &range));
        last = j;
    }
    for (size_t j = 0; j < n_before; j++) {
        for (i = 0; i < n_got && strcmp(got[i].key, before[j].key) != 0; i++)
            ;
        ck_assert_msg(before[j].odd || i < n_got, "%s", before[j].key);
    }
}
END_TEST

/* ---- Cursors ------------------------------------------------------------ */

static char *cursor_of(ddb_kv_iter *iter)
{
    char *cursor;

    ck_assert_int_eq(ddb_kv_iter_cursor(iter, &cursor, &err), DDB_OK);
    return cursor;
}

/* From each place on there comes the rest, whatever becomes of the entry that
 * was there. */
START_TEST(listing_can_be_cut_everywhere)
{
    ddb_kv_range range;
    ddb_kv_iter *iter;
    size_t most;

    random_day(_i);
    server.fails = 0;
    range = random_range();
    expect(&range);
    most = n_want < 60 ? n_want : 60;
    if (most == 0)
        return;
    ck_assert_int_eq(ddb_kv_iter_open(split, &range, &iter, &err), DDB_OK);
    for (size_t i = 0; i < most; i++) {
        char *cursor = cursor_of(iter);

        range.cursor = cursor;
        list(split, &range);
        is_as_expected(i, 0);
        ddb_free(cursor);
        ck_assert(step(iter, range.keys_only));
        if (rng_below(&dice, 4) == 0)
            kvserver_delete(&server, part_of(want[i].key), want[i].key);
    }
    ddb_kv_iter_close(iter);
}
END_TEST

START_TEST(limit_and_cursor_turn_pages)
{
    ddb_kv_range range = {.limit = 7};
    char *cursor = NULL;
    size_t at = 0;

    dice.state = 9;
    open_split(8);
    random_rows(150);
    for (size_t i = 0; i < server.n; i++)
        server.rows[i].odd = 0;
    expect(&range);
    for (;;) {
        ddb_kv_iter *iter;
        ddb_code code;

        n_got = 0;
        range.cursor = cursor;
        ck_assert_int_eq(ddb_kv_iter_open(split, &range, &iter, &err), DDB_OK);
        ddb_free(cursor); /* it was copied */
        while (step(iter, 0))
            ;
        is_as_expected(at, 7);
        at += n_got;
        code = ddb_kv_iter_cursor(iter, &cursor, &err);
        ddb_kv_iter_close(iter);
        if (code == DDB_NOT_FOUND)
            break;
        ck_assert_int_eq(code, DDB_OK);
    }
    ck_assert_ptr_null(cursor);
    ck_assert_uint_eq(at, n_want);
}
END_TEST

/* ---- What it costs ------------------------------------------------------ */

static size_t asked_limit(size_t i)
{
    json_t *body = json_loads(fake_request(f, i)->body, 0, NULL);
    size_t n = (size_t)json_integer_value(json_object_get(body, "Limit"));

    json_decref(body);
    return n;
}

static void fill(unsigned n, size_t value_n)
{
    char key[40];

    for (unsigned i = 0; i < n; i++) {
        snprintf(key, sizeof key, "k%06u", i);
        store(key)->value_n = value_n;
    }
}

/* A page of each part is as large as its share of the memory lets it be, as
 * soon as it is known how large entries are. */
START_TEST(pages_are_as_large_as_their_share)
{
    open_split(1024);
    fill(8192, 50);
    fake_reset(f);
    n_want = 0;
    {
        const ddb_kv_range range = {.limit = 1};
        ddb_kv_iter *iter;

        n_got = 0;
        ck_assert_int_eq(ddb_kv_iter_open(split, &range, &iter, &err), DDB_OK);
        ck_assert(step(iter, 0));
        ddb_kv_iter_close(iter);
    }
    ck_assert_uint_eq(fake_count(f), 1024);
    ck_assert_uint_eq(asked_limit(0), 4);     /* 16 KB by 4 KB */
    ck_assert_uint_eq(asked_limit(1023), 10); /* ten are enough for one */
    ck_assert_uint_le(server.most, 10);
}
END_TEST

START_TEST(few_are_asked_for_when_few_are_wanted)
{
    const ddb_kv_range range = {.limit = 3};

    open_split(4);
    fill(400, 20);
    list(split, &range);
    ck_assert_uint_eq(n_got, 3);
    ck_assert_uint_eq(fake_count(f), 1 + 4);
    for (size_t i = 1; i < 5; i++)
        ck_assert_uint_eq(asked_limit(i), 10);
}
END_TEST

/* Behind a crowd of expired entries each page looks at more. */
START_TEST(a_crowd_of_expired_entries_takes_few_calls)
{
    const ddb_kv_range range = {.limit = 1};

    open_split(2);
    fill(4000, 20);
    for (size_t i = 0; i < server.n; i++)
        server.rows[i].ttl = 1;
    list(split, &range);
    ck_assert_uint_eq(n_got, 0);
    ck_assert_uint_lt(fake_count(f), 16);
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

static size_t live, peak;

static void count_bytes(size_t more, size_t less)
{
    live += more - less;
    if (live > peak)
        peak = live;
}

static void *counted_malloc(size_t n)
{
    void *p = malloc(n);

    count_bytes(malloc_usable_size(p), 0);
    return p;
}

static void *counted_realloc(void *old, size_t n)
{
    size_t less = malloc_usable_size(old);
    void *p = realloc(old, n);

    count_bytes(malloc_usable_size(p), less);
    return p;
}

static void counted_free(void *p)
{
    count_bytes(0, malloc_usable_size(p));
    free(p);
}

static const struct {
    size_t value_n;
    unsigned n;
    size_t max_answer;
    size_t requests; /* that are enough */
} heaps[] = {
    /* All of them would take 400 MB; each is read twice at most, and each
     * part once more at its end. */
    {200000, 2000, 0, 1 + 2 * 2000 + 1024},
    {200000, 2000, 4 << 20, 1 + 2 * 2000 + 1024},
    {2000, 20000, 4 << 20, 1 + 2 * 20000},
    {100, 20000, 0, 1 + 5 * 1024},
};

START_TEST(held_bytes_stay_under_the_cap)
{
    size_t cap = heaps[_i].max_answer;
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    char key[40];

    open_capped(1024, cap);
    cap = cap > 0 ? cap : DDBI_MAX_ANSWER;
    fill(heaps[_i].n, heaps[_i].value_n);
    live = peak = 0;
    ddb_set_allocator(counted_malloc, counted_realloc, counted_free);
    ck_assert_int_eq(ddb_kv_iter_open(split, NULL, &iter, &err), DDB_OK);
    for (unsigned i = 0; i < heaps[_i].n; i++) {
        ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
        snprintf(key, sizeof key, "k%06u", i);
        kvfix_bytes(e->key, key);
        ck_assert_uint_eq(e->value.n, heaps[_i].value_n);
    }
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
    ddb_set_allocator(NULL, NULL, NULL);
    ck_assert_uint_le(peak, cap);
    ck_assert_uint_le(server.requests, heaps[_i].requests);
}
END_TEST

static ddb_code list_all(void)
{
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;
    ddb_code code = ddb_kv_iter_open(split, NULL, &iter, &err);

    ck_assert_int_eq(iter != NULL, code == DDB_OK);
    while (code == DDB_OK)
        code = ddb_kv_iter_next(iter, &e, &err);
    ddb_kv_iter_close(iter);
    return code == DDB_NOT_FOUND ? DDB_OK : code;
}

/* Pages are dropped and read again. */
START_TEST(survives_every_failing_allocation)
{
    open_capped(3, 4000);
    fill(12, 700);
    KVFIX_OOM((void)0, list_all());
}
END_TEST

/* After a failed allocation, too, nothing is lost. */
START_TEST(goes_on_after_each_failing_allocation)
{
    const ddb_kv_range range = {.reverse = 1};
    int failed = 1;

    open_capped(3, 4000);
    fill(12, 700);
    expect(&range);
    for (long n = 0; failed; n++) {
        ddb_kv_iter *iter;
        const ddb_kv_entry *e;
        ddb_code code;

        n_got = 0;
        ck_assert_int_eq(ddb_kv_iter_open(split, &range, &iter, &err), DDB_OK);
        oom_begin(n);
        while ((code = ddb_kv_iter_next(iter, &e, &err)) != DDB_NOT_FOUND) {
            ck_assert(code == DDB_OK || code == DDB_NOMEM);
            if (code == DDB_NOMEM)
                continue;
            memcpy(got[n_got].key, e->key.p, e->key.n + 1);
            got[n_got++].odd = 0;
        }
        failed = oom_end();
        is_as_expected(0, 0);
        ddb_kv_iter_close(iter);
    }
}
END_TEST

/* ---- Answers that are none ---------------------------------------------- */

static const struct {
    const char *name;
    const char *answers[3];
    ddb_code code; /* of the last one */
} bad[] = {
    {"no way on",
     {"{\"Items\":[],\"Count\":0,\"ScannedCount\":1,\"LastEvaluatedKey\":"
      "{\"key\":{\"S\":\"a\"}}}",
      "{\"Items\":[],\"Count\":0,\"ScannedCount\":1,\"LastEvaluatedKey\":"
      "{\"key\":{\"S\":\"a\"}}}",
      NULL},
     DDB_BAD_ANSWER},
    {"no key",
     {"{\"Items\":[{\"value\":{\"S\":\"v\"}}],\"Count\":1,"
      "\"ScannedCount\":1}",
      NULL},
     DDB_BAD_ANSWER},
};

START_TEST(a_bad_answer_is_told)
{
    ddb_kv_iter *iter;
    const ddb_kv_entry *e;

    f->respond = NULL;
    for (int i = 0; bad[_i].answers[i] != NULL; i++)
        fake_answer(f, bad[_i].answers[i]);
    ck_assert_int_eq(ddb_kv_iter_open(kv, NULL, &iter, &err), DDB_OK);
    ck_assert_msg(ddb_kv_iter_next(iter, &e, &err) == bad[_i].code, "%s: %s",
                  bad[_i].name, err.message);
    ck_assert_ptr_null(e);
    ddb_kv_iter_close(iter);
}
END_TEST

#define COUNT(table) ((int)(sizeof table / sizeof table[0]))

Suite *suite_kv_merge(void)
{
    Suite *s = suite_create("kv_merge");
    TCase *tc = tcase_create("order");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, listing_is_the_sorted_array, 0, 60);
    tcase_add_test(tc, failures_lose_nothing_and_repeat_nothing);
    tcase_add_loop_test(tc, count_sums_over_all_parts, 0, 10);
    tcase_add_loop_test(tc, entries_come_and_go_meanwhile, 0, 60);
    suite_add_tcase(s, tc);
    tc = tcase_create("cursor");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, listing_can_be_cut_everywhere, 0, 30);
    tcase_add_test(tc, limit_and_cursor_turn_pages);
    suite_add_tcase(s, tc);
    tc = tcase_create("cost");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, pages_are_as_large_as_their_share);
    tcase_add_test(tc, few_are_asked_for_when_few_are_wanted);
    tcase_add_test(tc, a_crowd_of_expired_entries_takes_few_calls);
    suite_add_tcase(s, tc);
    tc = tcase_create("memory");
    tcase_set_timeout(tc, 300); /* sanitizers take their time */
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, held_bytes_stay_under_the_cap, 0, COUNT(heaps));
    tcase_add_test(tc, survives_every_failing_allocation);
    tcase_add_test(tc, goes_on_after_each_failing_allocation);
    suite_add_tcase(s, tc);
    tc = tcase_create("answers");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_bad_answer_is_told, 0, COUNT(bad));
    suite_add_tcase(s, tc);
    return s;
}
