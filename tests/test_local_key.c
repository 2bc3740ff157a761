/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/hash.h"
#include "local/local_key.h"
#include "oom.h"
#include "rng.h"

#include <string.h>

#define B(text) ((ddb_bytes){text, sizeof text - 1})
#define RUNS 20000

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static int compare(const char *a, size_t an, const char *b, size_t bn)
{
    int order = memcmp(a, b, an < bn ? an : bn);

    return order ? sign(order) : (an > bn) - (an < bn);
}

static int compare_bufs(const ddbi_buf *a, const ddbi_buf *b)
{
    ck_assert_int_eq(a->failed, DDB_OK);
    ck_assert_int_eq(b->failed, DDB_OK);
    return compare(a->p, a->n, b->p, b->n);
}

static int compare_bytes(ddb_bytes a, ddb_bytes b)
{
    return compare(a.p, a.n, b.p, b.n);
}

/* ---- Numbers ------------------------------------------------------------ */

#define D37 "9999999999999999999999999999999999999"
#define D38 D37 "9"
#define Z36 "000000000000000000000000000000000000"

static const char *const ascending[] = {
    "-" D38 "E88", "-1E125", "-10.1",  "-10.01",   "-10",         "-9." D37,
    "-9.9",        "-9",     "-1.1",   "-1.01",    "-1." Z36 "1", "-1",
    "-0." D38,     "-0.11",  "-0.101", "-0.1",     "-1E-129",     "-1.1E-130",
    "-1E-130",     "0",      "1E-130", "1.1E-130", "1E-129",      "0.1",
    "0.101",       "0.11",   "0." D38, "1",        "1." Z36 "1",  "1.01",
    "1.1",         "9",      "9.9",    "10",       "10.01",       "10.1",
    "255",         "256",    "1E125",  D38 "E88",
};

static ddbi_number number(const char *text)
{
    ddbi_number v;

    ck_assert_msg(ddbi_number_parse(text, strlen(text), &v) == DDB_OK, "%s",
                  text);
    return v;
}

START_TEST(numbers_stand_in_their_order)
{
    ddbi_number v = number(ascending[_i]);
    ddbi_buf a = {0}, b = {0};

    ddbi_key_number(&a, &v);
    for (size_t i = 0; i < sizeof ascending / sizeof ascending[0]; i++) {
        ddbi_number w = number(ascending[i]);

        ddbi_buf_clear(&b);
        ddbi_key_number(&b, &w);
        ck_assert_msg(compare_bufs(&a, &b) == sign(_i - (int)i), "%s, %s",
                      ascending[_i], ascending[i]);
    }
    ddbi_buf_free(&a);
    ddbi_buf_free(&b);
}
END_TEST

/* A number, often near another one: few digits, all of a kind, or the other
 * one's with an end of its own. */
static ddbi_number random_number(rng *r, const ddbi_number *near)
{
    ddbi_number v = {.n = (int)rng_below(r, DDBI_MAX_DIGITS + 1)};
    unsigned span = rng_below(r, 2) ? 4 : 256;

    if (v.n == 0)
        return v;
    v.negative = (int)rng_below(r, 2);
    v.exponent =
        span == 4 ? (int)rng_below(r, 4) - 2 : (int)rng_below(r, span) - 129;
    for (int i = 0; i < v.n; i++)
        v.digit[i] = (unsigned char)rng_below(r, rng_below(r, 2) ? 10 : 2);
    if (rng_below(r, 2) && near->n > 0) {
        v.negative = near->negative;
        v.exponent = near->exponent;
        memcpy(v.digit, near->digit, rng_below(r, (unsigned)near->n) + 1);
    }
    if (v.digit[0] == 0)
        v.digit[0] = 1;
    if (v.digit[v.n - 1] == 0)
        v.digit[v.n - 1] = 9;
    return v;
}

START_TEST(order_of_numbers_is_that_of_their_bytes)
{
    rng r = {20240501};
    ddbi_number last = {0};
    ddbi_buf a = {0}, b = {0};

    for (int i = 0; i < RUNS; i++) {
        ddbi_number v = random_number(&r, &last);
        char x[DDBI_NUMBER_TEXT], y[DDBI_NUMBER_TEXT];

        ddbi_buf_clear(&a);
        ddbi_buf_clear(&b);
        ddbi_key_number(&a, &last);
        ddbi_key_number(&b, &v);
        ddbi_number_format(&last, x);
        ddbi_number_format(&v, y);
        ck_assert_msg(compare_bufs(&a, &b) ==
                          sign(ddbi_number_compare(&last, &v)),
                      "%s, %s", x, y);
        last = v;
    }
    ddbi_buf_free(&a);
    ddbi_buf_free(&b);
}
END_TEST

static const struct {
    ddb_type type;
    const char *text;
    ddb_bytes key;
} values[] = {
    {DDB_S, "text", {"text", 4}},
    {DDB_B, "\xff\x01", {"\xff\x01", 2}},
    {DDB_S, "", {"", 0}},
    {DDB_N, "0", {"\x80", 1}},
    {DDB_N, "-0.0", {"\x80", 1}},
    {DDB_N, "5", {"\x81\x82\x33", 3}},
    {DDB_N, "5.00", {"\x81\x82\x33", 3}},
    {DDB_N, "-5", {"\x7f\x7d\x32\xff", 4}},
    {DDB_N, "1E-130", {"\x81\x00\x0b", 3}},
};

START_TEST(values_become_bytes)
{
    ddb_value v = {.type = values[_i].type,
                   .u.bytes = {values[_i].text, strlen(values[_i].text)}};
    ddbi_buf b = {0};

    ddbi_key_value(&b, &v);
    ck_assert_int_eq(b.failed, DDB_OK);
    ck_assert_int_eq(compare(b.p, b.n, values[_i].key.p, values[_i].key.n), 0);
    ddbi_buf_free(&b);
}
END_TEST

START_TEST(what_is_no_number_fails)
{
    ddb_value v = {.type = DDB_N, .u.bytes = {"five", 4}};
    ddbi_buf b = {0};

    ddbi_key_value(&b, &v);
    ck_assert_int_eq(b.failed, DDB_INVALID);
    ddbi_buf_free(&b);
}
END_TEST

/* ---- Places ------------------------------------------------------------- */

typedef struct {
    uint32_t id;
    ddb_bytes field[3];
    char text[3][4];
} tuple;

/* Few letters, so that fields are often equal or begin alike. */
static void random_tuple(rng *r, tuple *t)
{
    static const char letters[] = {0, 1, '\xff', 'a'};

    t->id = 16 + rng_below(r, 2);
    for (int f = 0; f < 3; f++) {
        t->field[f] = (ddb_bytes){t->text[f], rng_below(r, 5)};
        for (size_t i = 0; i < t->field[f].n; i++)
            t->text[f][i] = letters[rng_below(r, sizeof letters)];
    }
}

static void tuple_place(ddbi_buf *b, const tuple *t)
{
    ddbi_buf_clear(b);
    ddbi_place(b, t->id, t->field[0], t->field[1].n ? &t->field[1] : NULL,
               &t->field[2]);
}

static int compare_tuples(const tuple *a, const tuple *b)
{
    uint32_t x = ddbi_crc32(a->field[0].p, a->field[0].n);
    uint32_t y = ddbi_crc32(b->field[0].p, b->field[0].n);

    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    if (x != y)
        return x < y ? -1 : 1;
    for (int f = 0; f < 3; f++) {
        int order = compare_bytes(a->field[f], b->field[f]);

        if (order)
            return order;
    }
    return 0;
}

START_TEST(order_of_places_is_that_of_tuples)
{
    rng r = {77};
    tuple t[2];
    ddbi_buf a = {0}, b = {0};

    for (int i = 0; i < RUNS; i++) {
        random_tuple(&r, &t[0]);
        random_tuple(&r, &t[1]);
        if (rng_below(&r, 2)) {
            t[1] = t[0];
            t[1].field[0].p = t[1].text[0];
            t[1].field[1] = (ddb_bytes){t[1].text[1], rng_below(&r, 5)};
            t[1].field[2] = (ddb_bytes){t[1].text[2], rng_below(&r, 5)};
        }
        tuple_place(&a, &t[0]);
        tuple_place(&b, &t[1]);
        ck_assert_int_eq(compare_bufs(&a, &b), compare_tuples(&t[0], &t[1]));
    }
    ddbi_buf_free(&a);
    ddbi_buf_free(&b);
}
END_TEST

/* Is it one of those that begin so?  depth fields are whole, then a prefix. */
static int begins(const tuple *t, const tuple *with, int depth)
{
    const ddb_bytes *part = &t->field[depth], *prefix = &with->field[depth];

    if (t->id != with->id)
        return 0;
    for (int f = 0; f < depth; f++)
        if (compare_bytes(t->field[f], with->field[f]))
            return 0;
    return part->n >= prefix->n && !memcmp(part->p, prefix->p, prefix->n);
}

START_TEST(ranges_hold_what_begins_so_and_no_more)
{
    rng r = {4711};
    tuple t, with;
    ddbi_buf place = {0}, from = {0}, to = {0};
    int within = 0;

    for (int i = 0; i < RUNS; i++) {
        int depth = 1 + (int)rng_below(&r, 2);

        random_tuple(&r, &t);
        random_tuple(&r, &with);
        for (int f = 0; f < depth && rng_below(&r, 4); f++)
            with.field[f] = t.field[f];
        tuple_place(&place, &t);
        ddbi_buf_clear(&from);
        ddbi_place_partition(&from, with.id, with.field[0]);
        for (int f = 1; f < depth; f++)
            ddbi_place_add(&from, with.field[f], 1);
        ddbi_place_add(&from, with.field[depth], 0);
        ddbi_buf_clear(&to);
        ddbi_buf_add(&to, from.p, from.n);
        ddbi_place_after(&to);
        int is =
            compare_bufs(&from, &place) <= 0 && compare_bufs(&place, &to) < 0;
        ck_assert_int_eq(is, begins(&t, &with, depth));
        within += is;
    }
    ck_assert_int_gt(within, RUNS / 100);
    ddbi_buf_free(&place);
    ddbi_buf_free(&from);
    ddbi_buf_free(&to);
}
END_TEST

static const struct {
    ddb_bytes before, after;
} behind[] = {
    {{"a", 1}, {"b", 1}},           {{"a\xff\xff", 3}, {"b", 1}},
    {{"a\x00", 2}, {"a\x01", 2}},   {{"\x7f", 1}, {"\x80", 1}},
    {{"\xfe\xff", 2}, {"\xff", 1}},
};

START_TEST(finds_what_is_behind_a_beginning)
{
    ddbi_buf b = {0};

    ddbi_buf_add(&b, behind[_i].before.p, behind[_i].before.n);
    ddbi_place_after(&b);
    ck_assert_int_eq(compare(b.p, b.n, behind[_i].after.p, behind[_i].after.n),
                     0);
    ddbi_buf_free(&b);
}
END_TEST

START_TEST(nothing_is_behind_everything)
{
    ddbi_buf b = {0};

    ddbi_buf_add_str(&b, "\xff\xff");
    ddbi_place_after(&b);
    ck_assert_int_eq(b.failed, DDB_INVALID);
    ddbi_buf_free(&b);
}
END_TEST

START_TEST(next_is_the_very_next)
{
    ddbi_buf a = {0}, b = {0};

    ddbi_place(&a, 16, B("p"), NULL, NULL);
    ddbi_buf_add(&b, a.p, a.n);
    ddbi_place_next(&b);
    /* Shorter ones and this one are before or after both. */
    ck_assert_uint_eq(b.n, a.n + 1);
    ck_assert_int_eq(memcmp(a.p, b.p, a.n), 0);
    ck_assert_int_eq(b.p[a.n], 0);
    ddbi_buf_free(&a);
    ddbi_buf_free(&b);
}
END_TEST

START_TEST(partitions_stand_by_their_hash)
{
    const ddb_bytes pk = B("123456789"); /* cbf43926 */
    ddbi_buf place = {0}, at = {0};

    ddbi_place(&place, 16, pk, NULL, NULL);
    ddbi_place_hash(&at, 16, 0xcbf43926);
    ck_assert_int_lt(compare_bufs(&at, &place), 0);
    ddbi_buf_clear(&at);
    ddbi_place_hash(&at, 16, 0xcbf43927);
    ck_assert_int_gt(compare_bufs(&at, &place), 0);
    ddbi_buf_clear(&at);
    ddbi_place_hash(&at, 16, (uint64_t)1 << 32);
    ck_assert_int_gt(compare_bufs(&at, &place), 0);
    ddbi_buf_clear(&place);
    ddbi_place_hash(&place, 17, 0);
    ck_assert_int_lt(compare_bufs(&at, &place), 0);
    ddbi_buf_clear(&place);
    ddbi_place_hash(&place, 16, UINT32_MAX);
    ck_assert_int_gt(compare_bufs(&at, &place), 0);
    ddbi_buf_free(&place);
    ddbi_buf_free(&at);
}
END_TEST

START_TEST(names_stand_in_the_order_of_bytes)
{
    ddbi_buf a = {0}, b = {0};

    ddbi_place_named(&a, 0, B("Users"));
    ck_assert_uint_eq(a.n, 4 + 5);
    ck_assert_int_eq(memcmp(a.p, "\0\0\0\0Users", a.n), 0);
    ddbi_place_named(&b, 0, B("Users.old"));
    ck_assert_int_lt(compare_bufs(&a, &b), 0);
    ddbi_place_next(&a);
    ck_assert_int_lt(compare_bufs(&a, &b), 0);
    ddbi_buf_free(&a);
    ddbi_buf_free(&b);
}
END_TEST

START_TEST(places_survive_running_out_of_memory)
{
    for (long n = 0;; n++) {
        ddbi_buf b = {0};
        ddbi_number five = number("5");
        int fired;

        oom_begin(n);
        ddbi_place(&b, 16, B("partition"), &B("a\0b"), &B("tie"));
        ddbi_place_hash(&b, 16, 7);
        ddbi_place_named(&b, 16, B("name"));
        ddbi_key_number(&b, &five);
        for (int i = 0; i < 300; i++)
            ddbi_place_next(&b);
        ddb_code failed = b.failed;
        ddbi_buf_free(&b);
        fired = oom_end();
        ck_assert_int_eq(oom_live(), 0);
        ck_assert_int_eq(failed, fired ? DDB_NOMEM : DDB_OK);
        if (!fired)
            break;
    }
}
END_TEST

Suite *suite_local_key(void)
{
    Suite *s = suite_create("local_key");
    TCase *t = tcase_create("numbers");

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, numbers_stand_in_their_order, 0, ROWS(ascending));
    tcase_add_test(t, order_of_numbers_is_that_of_their_bytes);
    tcase_add_loop_test(t, values_become_bytes, 0, ROWS(values));
    tcase_add_test(t, what_is_no_number_fails);

    t = tcase_create("places");
    suite_add_tcase(s, t);
    tcase_add_test(t, order_of_places_is_that_of_tuples);
    tcase_add_test(t, ranges_hold_what_begins_so_and_no_more);
    tcase_add_loop_test(t, finds_what_is_behind_a_beginning, 0, ROWS(behind));
    tcase_add_test(t, nothing_is_behind_everything);
    tcase_add_test(t, next_is_the_very_next);
    tcase_add_test(t, partitions_stand_by_their_hash);
    tcase_add_test(t, names_stand_in_the_order_of_bytes);
    tcase_add_test(t, places_survive_running_out_of_memory);
    return s;
}
