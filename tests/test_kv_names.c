/* SPDX-License-Identifier: MIT */
#include "kvfix.h"
#include "kvserver.h"

static kvserver server;

static void setup(void)
{
    kvfix_setup();
    server = (kvserver){.random = 1};
    kvserver_play(&server, f);
}

static void teardown(void)
{
    kvserver_free(&server);
    kvfix_teardown();
}

/* The names in the order of their bytes, with a space behind each. */
static ddb_code list(char *out)
{
    ddb_kv_names *names;
    ddb_bytes name;
    ddb_code code = ddb_kv_names_open(c, "tab", &names, &err);

    ck_assert_int_eq(names != NULL, code == DDB_OK);
    out[0] = '\0';
    while (code == DDB_OK &&
           (code = ddb_kv_names_next(names, &name, &err)) == DDB_OK) {
        ck_assert_uint_eq(strlen(name.p), name.n);
        strcat(out, name.p);
        strcat(out, " ");
    }
    if (code == DDB_NOT_FOUND) { /* the end is the end */
        ck_assert_int_eq(ddb_kv_names_next(names, &name, &err), DDB_NOT_FOUND);
        ck_assert_ptr_null(name.p);
        code = DDB_OK;
    }
    ddb_kv_names_close(names);
    return code;
}

static const struct {
    const char *name;
    const char *rows[12]; /* partitions and keys in turn */
    const char *names;
} tables[] = {
    {"none", {NULL}, ""},
    {"one", {"a", "k", NULL}, "a "},
    {"entries of one", {"a", "k", "a", "l", "a", "m", NULL}, "a "},
    {"three", {"a", "k", "ab", "k", "b", "k", NULL}, "a ab b "},
    {"split", {"a#0000", "k", "a#0007", "l", "b", "m", NULL}, "a b "},
    {"split and not", {"a", "k", "a#0001", "l", NULL}, "a "},
    {"a header alone", {"a##meta", "shards", NULL}, "a "},
    {"split, with a header",
     {"a#0001", "k", "a##meta", "shards", "b", "k", NULL},
     "a b "},
    {"chunks alone are nothing",
     {"a##meta", "chunk/0/0/0000", "b", "k", NULL},
     "b "},
    {"chunks and a header",
     {"a##meta", "chunk/0/0/0000", "a##meta", "shards", NULL},
     "a "},
    {"no number behind it",
     {"a#000", "k", "a#00000", "k", NULL},
     "a#000 a#00000 "},
    {"names of nothing", {"##meta", "shards", "#0000", "k", NULL}, "##meta "},
};

static void fill(const char *const *rows)
{
    for (; *rows != NULL; rows += 2)
        kvserver_put(&server, rows[0], rows[1]);
}

START_TEST(partitions_become_namespaces)
{
    char got[128];

    fill(tables[_i].rows);
    ck_assert_msg(list(got) == DDB_OK, "%s", err.message);
    ck_assert_msg(strcmp(got, tables[_i].names) == 0, "%s: %s", tables[_i].name,
                  got);
}
END_TEST

/* A server that begins anew gives the same, by reading all of it. */
START_TEST(without_jumps_the_whole_table_is_read)
{
    char got[128];

    fill(tables[_i].rows);
    server.no_jumps = 1;
    server.scan_page = 2;
    ck_assert_msg(list(got) == DDB_OK, "%s", err.message);
    ck_assert_msg(strcmp(got, tables[_i].names) == 0, "%s: %s", tables[_i].name,
                  got);
}
END_TEST

/* However many entries there are. */
START_TEST(costs_a_call_for_each_partition)
{
    char got[128];
    char key[16];

    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "%d", i);
        kvserver_put(&server, i % 2 ? "a" : "b", key);
    }
    ck_assert_int_eq(list(got), DDB_OK);
    ck_assert_str_eq(got, "a b ");
    ck_assert_uint_eq(fake_count(f), 3);
    kvfix_request(0, "Scan",
                  "{\"TableName\":\"tab\",\"ProjectionExpression\":\"#n\","
                  "\"ExpressionAttributeNames\":{\"#n\":\"namespace\"},"
                  "\"ConsistentRead\":true,\"Limit\":1}");
}
END_TEST

START_TEST(each_comes_once_of_many)
{
    char got[32000];
    char part[16];

    for (int i = 0; i < 1000; i++) {
        snprintf(part, sizeof part, "n%03d#%04d", i % 100, i);
        kvserver_put(&server, part, "k");
    }
    server.no_jumps = _i;
    ck_assert_int_eq(list(got), DDB_OK);
    ck_assert_uint_eq(strlen(got), 100 * 5);
}
END_TEST

START_TEST(goes_on_after_each_failure)
{
    ddb_kv_names *names;
    ddb_bytes name;
    ddb_code code;
    char got[128] = "";

    fill(tables[7].rows);
    fill(tables[9].rows);
    server.fails = 2;
    server.random = (uint64_t)_i * 31;
    server.no_jumps = _i % 2;
    server.scan_page = 1;
    ck_assert_int_eq(ddb_kv_names_open(c, "tab", &names, &err), DDB_OK);
    while ((code = ddb_kv_names_next(names, &name, &err)) != DDB_NOT_FOUND) {
        ck_assert(code == DDB_OK || code == DDB_ACCESS_DENIED);
        if (code == DDB_OK) {
            strcat(got, name.p);
            strcat(got, " ");
        }
    }
    ck_assert_str_eq(got, "a b ");
    ddb_kv_names_close(names);
}
END_TEST

START_TEST(another_table_is_told)
{
    ddb_kv_names *names;
    ddb_bytes name;

    f->respond = NULL;
    ck_assert_int_eq(ddb_kv_names_open(c, "t", &names, &err), DDB_INVALID);
    ck_assert_ptr_null(names);
    fake_answer(f, "{\"Items\":[{}],\"Count\":1,\"ScannedCount\":1}");
    ck_assert_int_eq(ddb_kv_names_open(c, "tab", &names, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_names_next(names, &name, NULL), DDB_INVALID);
    ddb_kv_names_close(names);
    ddb_kv_names_close(NULL);
}
END_TEST

static ddb_code list_it(void)
{
    char got[128];

    return list(got);
}

START_TEST(survives_every_failing_allocation)
{
    fill(tables[7].rows);
    fill(tables[9].rows);
    server.no_jumps = _i;
    KVFIX_OOM((void)0, list_it());
}
END_TEST

#define COUNT(table) ((int)(sizeof table / sizeof table[0]))

Suite *suite_kv_names(void)
{
    Suite *s = suite_create("kv_names");
    TCase *tc = tcase_create("names");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, partitions_become_namespaces, 0, COUNT(tables));
    tcase_add_loop_test(tc, without_jumps_the_whole_table_is_read, 0,
                        COUNT(tables));
    tcase_add_test(tc, costs_a_call_for_each_partition);
    tcase_add_loop_test(tc, each_comes_once_of_many, 0, 2);
    tcase_add_loop_test(tc, goes_on_after_each_failure, 0, 20);
    tcase_add_test(tc, another_table_is_told);
    tcase_add_loop_test(tc, survives_every_failing_allocation, 0, 2);
    suite_add_tcase(s, tc);
    return s;
}
