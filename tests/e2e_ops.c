/* SPDX-License-Identifier: MIT */
/*
 * The typed operations over a real server, DDB_TEST_ENDPOINT: values of all
 * types both ways, conditions, projections, updates, indexes, pages, batches,
 * tables.  It makes tables of its own and deletes them in the end.
 *
 * Where a server is known to differ from the service (server.c) a test expects
 * what that server does, so that the day it changes is seen.
 */
#include "server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Help --------------------------------------------------------------- */

#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])

/* The code is `want`; else what the library says of it. */
#define CODE(call, want)                                                       \
    do {                                                                       \
        ddb_code code_ = (call);                                               \
                                                                               \
        ck_assert_msg(code_ == (want), "%s: %s: %s", #call,                    \
                      ddb_code_name(code_), err.message);                      \
    } while (0)
#define OK(call) CODE(call, DDB_OK)

static char simple[64]; /* key: id S */
static char sorted[64]; /* keys: who S, at N; indexes by_size, by_name */
static char texts[64];  /* keys: id S, at S */
static ddb_client *c;
static ddb_err err;

/* Of JSON with single quotes for double ones. */
static ddb_item *item(const char *json)
{
    size_t n = strlen(json);
    char *text = malloc(n + 1);
    ddb_item *it = NULL;

    for (size_t i = 0; i <= n; i++)
        text[i] = json[i] == '\'' ? '"' : json[i];
    OK(ddb_item_parse(text, n, &it, &err));
    free(text);
    return it;
}

static void is_item(const ddb_item *it, const char *json)
{
    ddb_item *want = item(json);
    char *text = NULL;

    ck_assert_msg(it != NULL, "no item, but %s", json);
    OK(ddb_item_format(it, &text, NULL, &err));
    ck_assert_msg(ddb_item_equal(it, want), "%s, not %s", text, json);
    ddb_free(text);
    ddb_item_free(want);
}

static void put(const char *table, const char *json)
{
    ddb_item *it = item(json);

    OK(ddb_put_item(c, &(ddb_put_item_in){.table = table, .item = it}, NULL,
                    &err));
    ddb_item_free(it);
}

static ddb_item *get(const char *table, const char *key)
{
    ddb_item *k = item(key);
    ddb_item *it = NULL;
    ddb_code code = ddb_get_item(
        c, &(ddb_get_item_in){.table = table, .key = k, .consistent_read = 1},
        &it, &err);

    ck_assert_msg(code == DDB_OK || code == DDB_NOT_FOUND, "%s: %s", key,
                  err.message);
    ck_assert((it != NULL) == (code == DDB_OK));
    ddb_item_free(k);
    return it;
}

/* The item under the key is this one; NULL: there is none. */
static void holds(const char *table, const char *key, const char *json)
{
    ddb_item *it = get(table, key);

    if (json != NULL)
        is_item(it, json);
    else
        ck_assert_ptr_null(it);
    ddb_item_free(it);
}

/* ---- Tables of the suite ------------------------------------------------ */

static void make(ddb_client *client, const ddb_create_table_in *in)
{
    OK(ddb_create_table(client, in, NULL, &err));
    OK(ddb_wait_table_exists(client, in->table, 0, &err));
}

static void make_tables(void)
{
    static const char *const included[] = {"size", NULL};
    static const ddb_index indexes[] = {
        {.name = "by_size", .local = 1, .sort_key = {"size", DDB_N}},
        {.name = "by_name",
         .partition_key = {"name", DDB_S},
         .sort_key = {"at", DDB_N},
         .projection = DDB_PROJECT_INCLUDE,
         .include = included},
    };
    ddb_client *client = server_open(NULL);
    int id = (int)getpid();

    snprintf(simple, sizeof simple, "e2e_ops_%d", id);
    snprintf(sorted, sizeof sorted, "e2e_ops_sorted_%d", id);
    snprintf(texts, sizeof texts, "e2e_ops_texts_%d", id);
    make(client, &(ddb_create_table_in){.table = simple,
                                        .partition_key = {"id", DDB_S}});
    make(client, &(ddb_create_table_in){.table = texts,
                                        .partition_key = {"id", DDB_S},
                                        .sort_key = {"at", DDB_S}});
    make(client, &(ddb_create_table_in){.table = sorted,
                                        .partition_key = {"who", DDB_S},
                                        .sort_key = {"at", DDB_N},
                                        .indexes = indexes,
                                        .n_indexes = 2});
    server_close(client);
}

static void delete_tables(void)
{
    ddb_client *client = server_open(NULL);

    ddb_delete_table(client, simple, NULL, NULL);
    ddb_delete_table(client, sorted, NULL, NULL);
    ddb_delete_table(client, texts, NULL, NULL);
    server_close(client);
}

static void setup(void)
{
    c = server_open(NULL);
}

static void teardown(void)
{
    server_close(c);
}

/* ---- Values ------------------------------------------------------------- */

#define NINES "99999999999999999999999999999999999999"

/* What is written, and what the service makes of it when that is not the
 * same. */
static const struct {
    const char *value;
    const char *read;
} values[] = {
    {"{'S':'text'}", NULL},
    {"{'S':''}", NULL},
    {"{'B':''}", NULL},
    {"{'L':[{'S':''},{'B':''}]}", NULL},
    {"{'M':{'a':{'S':''}}}", NULL},
    {"{'S':'\\u0000\\u0001\\u001f \\\\ / \\u007f'}", NULL},
    {"{'S':'gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80'}", NULL},
    {"{'S':'\\ud83d\\ude00'}", "{'S':'\xf0\x9f\x98\x80'}"},
    {"{'N':'0'}", NULL},
    {"{'N':'-0'}", "{'N':'0'}"},
    {"{'N':'00042'}", "{'N':'42'}"},
    {"{'N':'1.50'}", "{'N':'1.5'}"},
    {"{'N':'1.5E2'}", "{'N':'150'}"},
    {"{'N':'-9223372036854775808'}", NULL},
    {"{'N':'" NINES "'}", NULL},
    {"{'N':'-" NINES "E+88'}", NULL},
    {"{'N':'1E-130'}", NULL},
    {"{'N':'9.9999999999999999999999999999999999999E+125'}", NULL},
    {"{'N':'0.1234567890123456789012345678901234567'}", NULL},
    {"{'B':'AA=='}", NULL},
    {"{'B':'/+8BAgMEBQYHCAkKCwwNDg8='}", NULL},
    {"{'BOOL':true}", NULL},
    {"{'BOOL':false}", NULL},
    {"{'NULL':true}", NULL},
    {"{'L':[]}", NULL},
    {"{'M':{}}", NULL},
    {"{'L':[{'S':'a'},{'N':'1'},{'L':[{'NULL':true}]},{'M':{}},{'B':'AQ=='}]}",
     NULL},
    {"{'M':{'a':{'S':'1'},'b':{'M':{'c':{'L':[{'BOOL':true}]}}},"
     "'\xc3\xa4 .#:':{'N':'1'}}}",
     NULL},
    {"{'SS':['b','a','c']}", "{'SS':['a','b','c']}"},
    {"{'NS':['3','1','2.50']}", "{'NS':['1','2.5','3']}"},
    {"{'BS':['AQ==','AA==']}", "{'BS':['AA==','AQ==']}"},
};

START_TEST(writes_and_reads_values)
{
    const char *read = values[_i].read ? values[_i].read : values[_i].value;
    char json[512];

    snprintf(json, sizeof json, "{'id':{'S':'value'},'v':%s}",
             values[_i].value);
    put(simple, json);
    snprintf(json, sizeof json, "{'id':{'S':'value'},'v':%s}", read);
    holds(simple, "{'id':{'S':'value'}}", json);
}
END_TEST

START_TEST(all_bytes_survive)
{
    unsigned char bytes[4096];
    ddb_item *it = item("{'id':{'S':'bytes'}}");
    ddb_item *back;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 256);
    OK(ddb_item_set_b(it, "v", bytes, sizeof bytes));
    OK(ddb_put_item(c, &(ddb_put_item_in){.table = simple, .item = it}, NULL,
                    &err));
    back = get(simple, "{'id':{'S':'bytes'}}");
    ck_assert(ddb_item_equal(it, back));
    ddb_item_free(back);
    ddb_item_free(it);
}
END_TEST

/* Lists in lists, 31 of them in the attribute. */
START_TEST(deep_values_survive)
{
    ddb_item *it = item("{'id':{'S':'deep'}}");
    ddb_value *l = ddb_item_set_l(it, "v");
    ddb_item *back;

    for (int i = 0; i < 30; i++)
        l = ddb_list_add_l(l);
    ddb_list_add_i64(l, 7);
    OK(ddb_item_status(it));
    OK(ddb_put_item(c, &(ddb_put_item_in){.table = simple, .item = it}, NULL,
                    &err));
    back = get(simple, "{'id':{'S':'deep'}}");
    ck_assert(ddb_item_equal(it, back));
    ddb_item_free(back);
    ddb_item_free(it);
}
END_TEST

/* Our count of an item's bytes is the server's: 400 KB pass, one byte more
 * we refuse ourselves. */
START_TEST(an_item_may_have_400_kb)
{
    static char text[400 * 1024];
    ddb_item *it = item("{'id':{'S':'large'},'m':{'M':{'k':{'L':[{'N':'100.5'},"
                        "{'BOOL':true},{'NULL':true},{'SS':['a','bc']}]}}}}");
    size_t n = 400 * 1024 - ddb_item_size(it) - strlen("text");
    ddb_item *back;

    memset(text, 'x', sizeof text);
    OK(ddb_item_set_sn(it, "text", text, n));
    ck_assert_uint_eq(ddb_item_size(it), 400 * 1024);
    CODE(ddb_put_item(c, &(ddb_put_item_in){.table = simple, .item = it}, NULL,
                      &err),
         server_differs(ITEM_SIZE) ? DDB_TOO_LARGE : DDB_OK);
    ck_assert_str_eq(err.type,
                     server_differs(ITEM_SIZE) ? "ValidationException" : "");
    back = get(simple, "{'id':{'S':'large'}}");
    ck_assert(server_differs(ITEM_SIZE) ? back == NULL
                                        : ddb_item_equal(it, back));
    ddb_item_free(back);
    OK(ddb_item_set_sn(it, "text", text, n + 1));
    CODE(ddb_put_item(c, &(ddb_put_item_in){.table = simple, .item = it}, NULL,
                      &err),
         DDB_TOO_LARGE);
    ddb_item_free(it);
}
END_TEST

/* ---- Items -------------------------------------------------------------- */

START_TEST(what_is_not_there_is_not_found)
{
    ddb_item *key = item("{'id':{'S':'nobody'}}");
    ddb_item *it = key;

    CODE(ddb_get_item(c, &(ddb_get_item_in){.table = simple, .key = key}, &it,
                      &err),
         DDB_NOT_FOUND);
    ck_assert_ptr_null(it);
    CODE(ddb_get_item(c, &(ddb_get_item_in){.table = "no_such", .key = key},
                      &it, &err),
         DDB_NO_TABLE);
    ck_assert_str_eq(err.type, "ResourceNotFoundException");
    ddb_item_free(key);
}
END_TEST

START_TEST(the_service_explains_a_refusal)
{
    ddb_item *key = item("{'wrong':{'S':'a'}}");
    ddb_item *it = NULL;

    CODE(ddb_get_item(c, &(ddb_get_item_in){.table = simple, .key = key}, &it,
                      &err),
         DDB_VALIDATION);
    ck_assert_str_eq(err.type, "ValidationException");
    ck_assert_int_eq(err.http_status, 400);
    ck_assert_str_ne(err.message, "");
    ck_assert_int_eq(err.request_id[0] == '\0', server_in_process());
    ddb_item_free(key);
}
END_TEST

/* Projections of one item. */
static const struct {
    const char *projection;
    ddb_name names[3];
    const char *read;
} projections[] = {
    {"a", {{0}}, "{'a':{'S':'1'}}"},
    {"#v, #t",
     {{"#v", "value"}, {"#t", "ttl"}},
     "{'value':{'N':'2'},'ttl':{'N':'3'}}"},
    {"m.x, l[1]", {{0}}, "{'m':{'M':{'x':{'N':'4'}}},'l':{'L':[{'N':'6'}]}}"},
    {"m.#k", {{"#k", "key"}}, "{'m':{'M':{'key':{'N':'5'}}}}"},
    {"nothing", {{0}}, "{}"},
};

START_TEST(projects_paths)
{
    ddb_item *key = item("{'id':{'S':'paths'}}");
    ddb_item *it = NULL;

    put(simple, "{'id':{'S':'paths'},'a':{'S':'1'},'value':{'N':'2'},"
                "'ttl':{'N':'3'},'m':{'M':{'x':{'N':'4'},'key':{'N':'5'}}},"
                "'l':{'L':[{'N':'0'},{'N':'6'},{'N':'7'}]}}");
    OK(ddb_get_item(c,
                    &(ddb_get_item_in){.table = simple,
                                       .key = key,
                                       .projection = projections[_i].projection,
                                       .names = projections[_i].names,
                                       .consistent_read = 1},
                    &it, &err));
    is_item(it, projections[_i].read);
    ddb_item_free(it);
    ddb_item_free(key);
}
END_TEST

/* Conditions on {'id':'cond','n':5,'s':'abc','l':[1,2],'ss':['x','y']}. */
static const struct {
    const char *condition;
    const char *values;
    int holds;
} conditions[] = {
    {"attribute_exists(id)", NULL, 1},
    {"attribute_not_exists(id)", NULL, 0},
    {"#n = :v", "{':v':{'N':'5.0'}}", 1},
    {"#n <> :v", "{':v':{'N':'5'}}", 0},
    {"#n < :v", "{':v':{'N':'10'}}", 1},
    {"#n BETWEEN :v AND :w", "{':v':{'N':'1'},':w':{'N':'5'}}", 1},
    {"#n IN (:v, :w)", "{':v':{'N':'1'},':w':{'N':'6'}}", 0},
    {"begins_with(s, :v)", "{':v':{'S':'ab'}}", 1},
    {"contains(s, :v)", "{':v':{'S':'bc'}}", 1},
    {"contains(ss, :v)", "{':v':{'S':'z'}}", 0},
    {"size(l) = :v", "{':v':{'N':'2'}}", 1},
    {"attribute_type(s, :v)", "{':v':{'S':'S'}}", 1},
    {"NOT #n > :v", "{':v':{'N':'5'}}", 1},
    {"#n = :v AND (s = :w OR s = :v)", "{':v':{'N':'5'},':w':{'S':'x'}}", 0},
    {"l[0] = :v", "{':v':{'N':'1'}}", 1},
    {"nowhere = :v", "{':v':{'N':'1'}}", 0},
};

START_TEST(writes_on_condition)
{
    const char *condition = conditions[_i].condition;
    static const ddb_name names[] = {{"#n", "n"}, {0}};
    const ddb_name *used = strstr(condition, "#n") != NULL ? names : NULL;
    ddb_item *v = conditions[_i].values ? item(conditions[_i].values) : NULL;
    ddb_item *next = item("{'id':{'S':'cond'},'new':{'BOOL':true}}");

    put(simple, "{'id':{'S':'cond'},'n':{'N':'5'},'s':{'S':'abc'},"
                "'l':{'L':[{'N':'1'},{'N':'2'}]},'ss':{'SS':['x','y']}}");
    CODE(ddb_put_item(c,
                      &(ddb_put_item_in){.table = simple,
                                         .item = next,
                                         .condition = condition,
                                         .names = used,
                                         .values = v},
                      NULL, &err),
         conditions[_i].holds ? DDB_OK : DDB_CONDITION_FAILED);
    if (conditions[_i].holds)
        holds(simple, "{'id':{'S':'cond'}}",
              "{'id':{'S':'cond'},'new':{'BOOL':true}}");
    ddb_item_free(next);
    ddb_item_free(v);
}
END_TEST

START_TEST(returns_what_it_replaced)
{
    ddb_item *it = item("{'id':{'S':'old'},'n':{'N':'2'}}");
    ddb_item *key = item("{'id':{'S':'old'}}");
    ddb_item *old = NULL;
    ddb_put_item_in in = {
        .table = simple, .item = it, .return_values = DDB_RETURN_ALL_OLD};
    ddb_delete_item_in del = {
        .table = simple, .key = key, .return_values = DDB_RETURN_ALL_OLD};

    OK(ddb_delete_item(c, &(ddb_delete_item_in){.table = simple, .key = key},
                       NULL, &err));
    OK(ddb_put_item(c, &in, &old, &err));
    ck_assert_ptr_null(old);
    ddb_item_set_i64(it, "n", 3);
    OK(ddb_put_item(c, &in, &old, &err));
    is_item(old, "{'id':{'S':'old'},'n':{'N':'2'}}");
    ddb_item_free(old);
    OK(ddb_delete_item(c, &del, &old, &err));
    is_item(old, "{'id':{'S':'old'},'n':{'N':'3'}}");
    ddb_item_free(old);
    OK(ddb_delete_item(c, &del, &old, &err));
    ck_assert_ptr_null(old);
    ddb_item_free(key);
    ddb_item_free(it);
}
END_TEST

START_TEST(shows_the_blocking_item)
{
    ddb_item *key = item("{'id':{'S':'block'}}");
    ddb_item *it = NULL;

    put(simple, "{'id':{'S':'block'},'by':{'S':'me'}}");
    CODE(ddb_delete_item(
             c,
             &(ddb_delete_item_in){.table = simple,
                                   .key = key,
                                   .condition = "attribute_not_exists(id)",
                                   .return_blocking = 1},
             &it, &err),
         DDB_CONDITION_FAILED);
    if (server_differs(BLOCKING_ITEM))
        ck_assert_ptr_null(it);
    else
        is_item(it, "{'id':{'S':'block'},'by':{'S':'me'}}");
    ddb_item_free(it);
    holds(simple, "{'id':{'S':'block'}}",
          "{'id':{'S':'block'},'by':{'S':'me'}}");
    ddb_item_free(key);
}
END_TEST

/* Updates of {'id':'up','n':5,'s':'a','l':[1],'ss':['x']}, what they return
 * and what is there then. */
static const struct {
    const char *update;
    const char *values;
    ddb_return which;
    const char *returned;
    const char *after;
} updates[] = {
    {"SET n = n + :v", "{':v':{'N':'0.5'}}", DDB_RETURN_UPDATED_NEW,
     "{'n':{'N':'5.5'}}",
     "{'id':{'S':'up'},'n':{'N':'5.5'},'s':{'S':'a'},'l':{'L':[{'N':'1'}]},"
     "'ss':{'SS':['x']}}"},
    {"SET s = :v REMOVE ss", "{':v':{'S':'b'}}", DDB_RETURN_UPDATED_OLD,
     "{'s':{'S':'a'},'ss':{'SS':['x']}}",
     "{'id':{'S':'up'},'n':{'N':'5'},'s':{'S':'b'},'l':{'L':[{'N':'1'}]}}"},
    {"SET l = list_append(l, :v), m = if_not_exists(m, :v)",
     "{':v':{'L':[{'N':'2'}]}}", DDB_RETURN_ALL_NEW,
     "{'id':{'S':'up'},'n':{'N':'5'},'s':{'S':'a'},"
     "'l':{'L':[{'N':'1'},{'N':'2'}]},'ss':{'SS':['x']},"
     "'m':{'L':[{'N':'2'}]}}",
     "{'id':{'S':'up'},'n':{'N':'5'},'s':{'S':'a'},"
     "'l':{'L':[{'N':'1'},{'N':'2'}]},'ss':{'SS':['x']},"
     "'m':{'L':[{'N':'2'}]}}"},
    {"ADD n :v, ss :w", "{':v':{'N':'-10'},':w':{'SS':['y','x']}}",
     DDB_RETURN_ALL_OLD,
     "{'id':{'S':'up'},'n':{'N':'5'},'s':{'S':'a'},'l':{'L':[{'N':'1'}]},"
     "'ss':{'SS':['x']}}",
     "{'id':{'S':'up'},'n':{'N':'-5'},'s':{'S':'a'},'l':{'L':[{'N':'1'}]},"
     "'ss':{'SS':['x','y']}}"},
    {"DELETE ss :v SET l[0] = :w", "{':v':{'SS':['x']},':w':{'NULL':true}}",
     DDB_RETURN_NONE, NULL,
     "{'id':{'S':'up'},'n':{'N':'5'},'s':{'S':'a'},'l':{'L':[{'NULL':true}]}}"},
};

START_TEST(updates_items)
{
    ddb_item *key = item("{'id':{'S':'up'}}");
    ddb_item *v = item(updates[_i].values);
    ddb_item *it = NULL;

    put(simple, "{'id':{'S':'up'},'n':{'N':'5'},'s':{'S':'a'},"
                "'l':{'L':[{'N':'1'}]},'ss':{'SS':['x']}}");
    OK(ddb_update_item(c,
                       &(ddb_update_item_in){.table = simple,
                                             .key = key,
                                             .update = updates[_i].update,
                                             .values = v,
                                             .return_values = updates[_i].which,
                                             .condition = "attribute_exists"
                                                          "(id)"},
                       &it, &err));
    if (updates[_i].returned != NULL)
        is_item(it, updates[_i].returned);
    else
        ck_assert_ptr_null(it);
    holds(simple, "{'id':{'S':'up'}}", updates[_i].after);
    ddb_item_free(it);
    ddb_item_free(v);
    ddb_item_free(key);
}
END_TEST

START_TEST(an_update_makes_the_item)
{
    ddb_item *key = item("{'id':{'S':'made'}}");
    ddb_item *v = item("{':one':{'N':'1'}}");
    ddb_capacity used = {0};

    OK(ddb_update_item(c,
                       &(ddb_update_item_in){.table = simple,
                                             .key = key,
                                             .update = "ADD n :one",
                                             .values = v,
                                             .consumed = &used},
                       NULL, &err));
    ck_assert_double_eq(used.units, server_differs(CAPACITY) ? 0.5 : 1);
    holds(simple, "{'id':{'S':'made'}}", "{'id':{'S':'made'},'n':{'N':'1'}}");
    ddb_item_free(v);
    ddb_item_free(key);
}
END_TEST

START_TEST(tells_consumed_capacity)
{
    ddb_item *key = item("{'id':{'S':'cost'}}");
    ddb_capacity used = {0};
    ddb_item *it = NULL;
    ddb_get_item_in in = {.table = simple, .key = key, .consumed = &used};

    put(simple, "{'id':{'S':'cost'}}");
    OK(ddb_get_item(c, &in, &it, &err));
    ddb_item_free(it);
    ck_assert_double_eq(used.units, 0.5);
    in.consistent_read = 1;
    OK(ddb_get_item(c, &in, &it, &err));
    ddb_item_free(it);
    ck_assert_double_eq(used.units, server_differs(CAPACITY) ? 1 : 1.5);
    ck_assert_double_eq(used.table_units, used.units);
    ddb_item_free(key);
}
END_TEST

/* ---- Queries ------------------------------------------------------------ */

/* who: NAME; at 0..n-1; size n-1-at; name even or odd. */
static void fill_sorted(const char *who, int n)
{
    char json[256];

    for (int i = 0; i < n; i++) {
        snprintf(json, sizeof json,
                 "{'who':{'S':'%s'},'at':{'N':'%d'},'size':{'N':'%d'},"
                 "'name':{'S':'%s %s'},'x':{'S':'y'}}",
                 who, i, n - 1 - i, who, i % 2 ? "odd" : "even");
        put(sorted, json);
    }
}

/* What the pager gives: the attribute `at` of each item, as "0 1 2". */
static void gives(const ddb_query_in *in, int scan, const char *want)
{
    const ddb_item *it;
    ddb_pager *p = NULL;
    char got[1024] = "";
    size_t used = 0;
    ddb_code code;

    OK(scan ? ddb_scan_open(c, in, &p, &err) : ddb_query_open(c, in, &p, &err));
    while ((code = ddb_pager_next(p, &it, &err)) == DDB_OK) {
        ddb_bytes at = ddb_value_bytes(ddb_item_get(it, "at"));

        used += (size_t)snprintf(got + used, sizeof got - used, "%s%.*s",
                                 used > 0 ? " " : "", (int)at.n,
                                 (const char *)at.p);
        ck_assert_uint_lt(used, sizeof got);
    }
    CODE(code, DDB_NOT_FOUND);
    ck_assert_str_eq(got, want);
    ddb_pager_close(p);
}

/* Of the ten items at 0 to 9. */
static const struct {
    const char *condition;
    const char *values;
    const char *want;
} sort_conditions[] = {
    {"who = :p", "{':p':{'S':'q'}}", "0 1 2 3 4 5 6 7 8 9"},
    {"who = :p AND #a = :a", "{':p':{'S':'q'},':a':{'N':'3'}}", "3"},
    {"who = :p AND #a < :a", "{':p':{'S':'q'},':a':{'N':'3'}}", "0 1 2"},
    {"who = :p AND #a <= :a", "{':p':{'S':'q'},':a':{'N':'3.0'}}", "0 1 2 3"},
    {"who = :p AND #a > :a", "{':p':{'S':'q'},':a':{'N':'7'}}", "8 9"},
    {"who = :p AND #a >= :a", "{':p':{'S':'q'},':a':{'N':'7'}}", "7 8 9"},
    {"who = :p AND #a BETWEEN :a AND :b",
     "{':p':{'S':'q'},':a':{'N':'2'},':b':{'N':'4'}}", "2 3 4"},
    {"who = :p AND #a > :a", "{':p':{'S':'q'},':a':{'N':'10'}}", ""},
    {"who = :p", "{':p':{'S':'nobody'}}", ""},
};

START_TEST(queries_by_sort_key)
{
    static const ddb_name names[] = {{"#a", "at"}, {0}};
    const char *condition = sort_conditions[_i].condition;
    ddb_item *v = item(sort_conditions[_i].values);
    ddb_query_in in = {.table = sorted,
                       .key_condition = condition,
                       .names = strstr(condition, "#a") != NULL ? names : NULL,
                       .values = v,
                       .consistent_read = 1};
    int64_t n = -1;

    fill_sorted("q", 10);
    gives(&in, 0, sort_conditions[_i].want);
    in.limit = 3;
    gives(&in, 0, sort_conditions[_i].want);
    OK(ddb_query_count(c, &in, &n, &err));
    ck_assert_int_eq(n, (int64_t)(strlen(sort_conditions[_i].want) + 1) / 2);
    ddb_item_free(v);
}
END_TEST

START_TEST(text_sort_keys_are_in_byte_order)
{
    static const char *const keys[] = {
        "A", "B", "a",        "a/1",          "a/2",
        "b", "z", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    ddb_item *v = item("{':p':{'S':'order'}}");
    ddb_query_in in = {.table = texts, .key_condition = "id = :p", .values = v};
    char json[128];

    for (int i = 0; i < ROWS(keys); i++) {
        snprintf(json, sizeof json, "{'id':{'S':'order'},'at':{'S':'%s'}}",
                 keys[ROWS(keys) - 1 - i]);
        put(texts, json);
    }
    gives(&in, 0, "A B a a/1 a/2 b z \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
    ddb_item_free(v);
    v = item("{':p':{'S':'order'},':a':{'S':'a'}}");
    in.key_condition = "id = :p AND begins_with(#at, :a)";
    in.names = (const ddb_name[]){{"#at", "at"}, {0}};
    in.values = v;
    gives(&in, 0, "a a/1 a/2");
    in.backward = 1;
    gives(&in, 0, "a/2 a/1 a");
    ddb_item_free(v);
}
END_TEST

START_TEST(queries_backward_and_filtered)
{
    ddb_item *v = item("{':p':{'S':'bf'},':odd':{'S':'bf odd'}}");
    ddb_item *start = item("{'who':{'S':'bf'},'at':{'N':'6'}}");
    ddb_query_in in = {.table = sorted,
                       .key_condition = "who = :p",
                       .filter = "#n = :odd",
                       .names = (const ddb_name[]){{"#n", "name"}, {0}},
                       .values = v};
    int64_t n = 0;

    fill_sorted("bf", 10);
    gives(&in, 0, "1 3 5 7 9");
    in.backward = 1;
    gives(&in, 0, "9 7 5 3 1");
    in.limit = 1; /* every other page is empty */
    gives(&in, 0, "9 7 5 3 1");
    in.max_items = 2;
    gives(&in, 0, "9 7");
    in.exclusive_start_key = start;
    gives(&in, 0, "5 3");
    in.max_items = 0;
    OK(ddb_query_count(c, &in, &n, &err));
    ck_assert_int_eq(n, 3);
    ddb_item_free(start);
    ddb_item_free(v);
}
END_TEST

START_TEST(a_page_tells_where_the_next_begins)
{
    ddb_item *v = item("{':p':{'S':'page'}}");
    ddb_capacity used = {0};
    ddb_query_in in = {.table = sorted,
                       .key_condition = "who = :p",
                       .values = v,
                       .consistent_read = 1,
                       .projection = "x, size",
                       .consumed = &used,
                       .limit = 2};
    ddb_page *page = NULL;

    in.projection = "x, #s";
    in.names = (const ddb_name[]){{"#s", "size"}, {0}};
    fill_sorted("page", 3);
    OK(ddb_query(c, &in, &page, &err));
    ck_assert_uint_eq(ddb_page_count(page), 2);
    ck_assert_int_eq(ddb_page_matched(page), 2);
    ck_assert_int_eq(ddb_page_scanned(page), 2);
    is_item(ddb_page_item(page, 1), "{'x':{'S':'y'},'size':{'N':'1'}}");
    is_item(ddb_page_last_key(page), "{'who':{'S':'page'},'at':{'N':'1'}}");
    ck_assert_double_eq(used.units, 1);
    in.exclusive_start_key = item("{'who':{'S':'page'},'at':{'N':'1'}}");
    ddb_page_free(page);
    OK(ddb_query(c, &in, &page, &err));
    ck_assert_uint_eq(ddb_page_count(page), 1);
    ck_assert_ptr_null(ddb_page_last_key(page));
    ddb_page_free(page);
    ddb_item_free((ddb_item *)in.exclusive_start_key);
    ddb_item_free(v);
}
END_TEST

START_TEST(queries_a_local_index)
{
    ddb_item *v = item("{':p':{'S':'local'},':s':{'N':'2'}}");
    ddb_query_in in = {.table = sorted,
                       .index = "by_size",
                       .key_condition = "who = :p AND #s >= :s",
                       .names = (const ddb_name[]){{"#s", "size"}, {0}},
                       .values = v,
                       .consistent_read = 1};

    fill_sorted("local", 5);
    gives(&in, 0, "2 1 0"); /* sizes 2, 3, 4 */
    in.limit = 1;           /* the last key has three attributes */
    gives(&in, 0, "2 1 0");
    ddb_item_free(v);
}
END_TEST

START_TEST(queries_a_global_index)
{
    ddb_item *v = item("{':n':{'S':'global odd'}}");
    ddb_query_in in = {.table = sorted,
                       .index = "by_name",
                       .key_condition = "#n = :n",
                       .names = (const ddb_name[]){{"#n", "name"}, {0}},
                       .values = v,
                       .select = DDB_SELECT_ALL_PROJECTED};
    ddb_page *page = NULL;

    fill_sorted("global", 6);
    gives(&in, 0, "1 3 5");
    in.limit = 1;
    gives(&in, 0, "1 3 5");
    OK(ddb_query(c, &in, &page, &err));
    is_item(ddb_page_item(page, 0),
            "{'who':{'S':'global'},'at':{'N':'1'},'name':{'S':'global odd'},"
            "'size':{'N':'4'}}");
    ddb_page_free(page);
    ddb_item_free(v);
}
END_TEST

/* 60 items of 90 KB: a page holds eleven of them. */
START_TEST(pages_end_at_one_megabyte)
{
    enum { N = 60 };
    static char text[90 * 1024];
    ddb_item *v = item("{':p':{'S':'big'}}");
    ddb_query_in in = {.table = sorted,
                       .key_condition = "who = :p",
                       .values = v,
                       .consistent_read = 1};
    ddb_pager *p = NULL;
    ddb_page *page = NULL;
    const ddb_item *it;
    int64_t n = 0;

    memset(text, 'x', sizeof text);
    for (int i = 0; i < N; i++) {
        ddb_item *big = item("{'who':{'S':'big'}}");

        ddb_item_set_i64(big, "at", i);
        ddb_item_set_sn(big, "text", text, sizeof text);
        OK(ddb_put_item(c, &(ddb_put_item_in){.table = sorted, .item = big},
                        NULL, &err));
        ddb_item_free(big);
    }
    OK(ddb_query(c, &in, &page, &err));
    ck_assert_uint_ge(ddb_page_count(page), 10);
    ck_assert_uint_le(ddb_page_count(page), 12);
    ck_assert_ptr_nonnull(ddb_page_last_key(page));
    ddb_page_free(page);

    OK(ddb_query_open(c, &in, &p, &err));
    for (int64_t i = 0; i < N; i++) {
        OK(ddb_pager_next(p, &it, &err));
        OK(ddb_value_i64(ddb_item_get(it, "at"), &n));
        ck_assert_int_eq(n, i);
        ck_assert_uint_eq(ddb_value_bytes(ddb_item_get(it, "text")).n,
                          sizeof text);
    }
    CODE(ddb_pager_next(p, &it, &err), DDB_NOT_FOUND);
    ddb_pager_close(p);
    OK(ddb_query_count(c, &in, &n, &err));
    ck_assert_int_eq(n, N);
    ddb_item_free(v);
}
END_TEST

/* ---- Batches and scans -------------------------------------------------- */

enum { MANY = 1000 };

static ddb_item *numbered(int i)
{
    ddb_item *it = ddb_item_new();
    char text[32];

    snprintf(text, sizeof text, "item %d", i);
    ddb_item_set_s(it, "id", "many");
    ddb_item_set_s(it, "at", text);
    OK(ddb_item_status(it));
    return it;
}

static void write_many(ddb_item **items, int deleting)
{
    const ddb_table_key key = {texts, "id", "at"};
    ddb_write writes[MANY] = {{0}};

    for (int i = 0; i < MANY; i++) {
        writes[i].table = texts;
        if (deleting)
            writes[i].delete_key = items[i];
        else
            writes[i].put = items[i];
    }
    OK(ddb_batch_write_item(
        c,
        &(ddb_batch_write_in){
            .writes = writes, .n_writes = MANY, .keys = &key, .n_keys = 1},
        &err));
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(writes[i].left, 0);
}

/* One of the threads of a parallel scan: how often it saw each item. */
typedef struct {
    pthread_t thread;
    int segment;
    unsigned char seen[MANY];
    ddb_code code;
} scanner;

static void *scan_segment(void *arg)
{
    scanner *s = arg;
    ddb_query_in in = {.table = texts,
                       .total_segments = 4,
                       .segment = s->segment,
                       .limit = 40};
    const ddb_item *it;
    ddb_pager *p = NULL;

    s->code = ddb_scan_open(c, &in, &p, NULL);
    while (s->code == DDB_OK &&
           (s->code = ddb_pager_next(p, &it, NULL)) == DDB_OK) {
        const char *at = ddb_value_bytes(ddb_item_get(it, "at")).p;
        int i;

        if (sscanf(at, "item %d", &i) == 1 && i >= 0 && i < MANY)
            s->seen[i]++;
    }
    ddb_pager_close(p);
    return NULL;
}

static void scan_in_parallel(int each)
{
    scanner scanners[4] = {{0}};

    for (int i = 0; i < 4; i++) {
        scanners[i].segment = i;
        ck_assert_int_eq(pthread_create(&scanners[i].thread, NULL, scan_segment,
                                        &scanners[i]),
                         0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(scanners[i].thread, NULL);
        ck_assert_int_eq(scanners[i].code, DDB_NOT_FOUND);
    }
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(scanners[0].seen[i] + scanners[1].seen[i] +
                             scanners[2].seen[i] + scanners[3].seen[i],
                         each);
}

START_TEST(a_thousand_items_come_and_go)
{
    ddb_item *items[MANY];
    ddb_read reads[MANY + 2];
    ddb_page *page = NULL;
    ddb_item *nobody = item("{'id':{'S':'many'},'at':{'S':'nobody'}}");

    for (int i = 0; i < MANY; i++)
        items[i] = numbered(i);
    write_many(items, 0);
    scan_in_parallel(1);

    /* All of them, one that is not there, and one twice. */
    for (int i = 0; i < MANY; i++)
        reads[i] = (ddb_read){texts, items[i]};
    reads[MANY] = (ddb_read){texts, nobody};
    reads[MANY + 1] = (ddb_read){texts, items[7]};
    OK(ddb_batch_get_item(c,
                          &(ddb_batch_get_in){.reads = reads,
                                              .n_reads = MANY + 2,
                                              .consistent_read = 1},
                          &page, &err));
    for (size_t i = 0; i < MANY; i++)
        ck_assert(ddb_item_equal(ddb_page_item(page, i), items[i]));
    ck_assert_ptr_null(ddb_page_item(page, MANY));
    ck_assert(ddb_item_equal(ddb_page_item(page, MANY + 1), items[7]));
    ck_assert_int_eq(ddb_page_matched(page), MANY + 1);
    ddb_page_free(page);

    write_many(items, 1);
    scan_in_parallel(0);
    for (int i = 0; i < MANY; i++)
        ddb_item_free(items[i]);
    ddb_item_free(nobody);
}
END_TEST

START_TEST(batches_know_keys_of_all_tables)
{
    ddb_item *a = item("{'id':{'S':'batch'},'n':{'N':'1'}}");
    ddb_item *b = item("{'id':{'S':'batch'},'n':{'N':'2'}}");
    ddb_item *d = item("{'who':{'S':'batch'},'at':{'N':'1'},'x':{'N':'1'}}");
    ddb_item *e = item("{'who':{'S':'batch'},'at':{'N':'1.0'},'x':{'N':'2'}}");
    ddb_item *f = item("{'who':{'S':'batch'},'at':{'N':'2'}}");
    ddb_write writes[] = {{.table = simple, .put = a},
                          {.table = sorted, .put = d},
                          {.table = simple, .put = b},
                          {.table = sorted, .put = e},
                          {.table = sorted, .delete_key = f}};
    ddb_read reads[] = {{simple, item("{'id':{'S':'batch'}}")},
                        {sorted, item("{'who':{'S':'batch'},'at':{'N':'1'}}")},
                        {sorted, f}};
    ddb_capacity used = {0};
    ddb_page *page = NULL;

    /* Of simple only the service knows the key. */
    OK(ddb_batch_write_item(c,
                            &(ddb_batch_write_in){.writes = writes,
                                                  .n_writes = 5,
                                                  .consumed = &used},
                            &err));
    ck_assert_double_ge(used.units, server_differs(CAPACITY) ? 2 : 3);
    OK(ddb_batch_get_item(
        c,
        &(ddb_batch_get_in){.reads = reads,
                            .n_reads = 3,
                            .consistent_read = 1,
                            .projection = "#n, x",
                            .names = (const ddb_name[]){{"#n", "n"}, {0}}},
        &page, &err));
    is_item(ddb_page_item(page, 0), "{'id':{'S':'batch'},'n':{'N':'2'}}");
    is_item(ddb_page_item(page, 1),
            "{'who':{'S':'batch'},'at':{'N':'1'},'x':{'N':'2'}}");
    ck_assert_ptr_null(ddb_page_item(page, 2));
    ddb_page_free(page);
    ddb_item_free((ddb_item *)reads[0].key);
    ddb_item_free((ddb_item *)reads[1].key);
    ddb_item_free(a);
    ddb_item_free(b);
    ddb_item_free(d);
    ddb_item_free(e);
    ddb_item_free(f);
}
END_TEST

/* 30 items of 390 KB: more than one request holds, more than one answer. */
START_TEST(large_batches_are_split)
{
    enum { N = 30 };
    static char text[390 * 1024];
    const ddb_table_key key = {texts, "id", "at"};
    ddb_write writes[N] = {{0}};
    ddb_read reads[N];
    ddb_item *keys[N];
    ddb_page *page = NULL;

    memset(text, '"', sizeof text); /* two bytes each on the wire */
    for (int i = 0; i < N; i++) {
        ddb_item *it;

        keys[i] = numbered(i);
        it = ddb_item_copy(keys[i]);
        OK(ddb_item_set_sn(it, "text", text, sizeof text));
        writes[i] = (ddb_write){.table = texts, .put = it};
        reads[i] = (ddb_read){texts, keys[i]};
    }
    OK(ddb_batch_write_item(
        c,
        &(ddb_batch_write_in){
            .writes = writes, .n_writes = N, .keys = &key, .n_keys = 1},
        &err));
    OK(ddb_batch_get_item(
        c,
        &(ddb_batch_get_in){.reads = reads, .n_reads = N, .consistent_read = 1},
        &page, &err));
    for (int i = 0; i < N; i++)
        ck_assert(
            ddb_item_equal(ddb_page_item(page, (size_t)i), writes[i].put));
    ddb_page_free(page);
    for (int i = 0; i < N; i++) {
        ddb_item_free((ddb_item *)writes[i].put);
        writes[i] = (ddb_write){.table = texts, .delete_key = keys[i]};
    }
    OK(ddb_batch_write_item(
        c, &(ddb_batch_write_in){.writes = writes, .n_writes = N}, &err));
    for (int i = 0; i < N; i++)
        ddb_item_free(keys[i]);
}
END_TEST

/* ---- Tables ------------------------------------------------------------- */

START_TEST(describes_its_tables)
{
    ddb_table_info info;

    OK(ddb_describe_table(c, sorted, &info, &err));
    ck_assert_int_eq(info.status, DDB_TABLE_ACTIVE);
    ck_assert_str_eq(info.partition_key, "who");
    ck_assert_int_eq(info.partition_type, DDB_S);
    ck_assert_str_eq(info.sort_key, "at");
    ck_assert_int_eq(info.sort_type, DDB_N);
    ck_assert_int_eq(info.n_indexes, 2);
    ck_assert_int_eq(info.on_demand, 1);
    ck_assert_int_gt(info.created_at, 1500000000);
    ck_assert_msg(strncmp(info.arn, "arn:aws", 7) == 0, "%s", info.arn);
}
END_TEST

START_TEST(a_table_comes_and_goes)
{
    char name[64];
    ddb_create_table_in in = {.table = name,
                              .partition_key = {"k", DDB_B},
                              .read_units = 3,
                              .write_units = 2};
    ddb_table_info info;

    snprintf(name, sizeof name, "e2e_ops_life_%d", (int)getpid());
    CODE(ddb_describe_table(c, name, &info, &err), DDB_NO_TABLE);
    OK(ddb_wait_table_not_exists(c, name, 0, &err));
    OK(ddb_create_table(c, &in, &info, &err));
    ck_assert_str_eq(info.partition_key, "k");
    CODE(ddb_create_table(c, &in, NULL, &err), DDB_IN_USE);
    OK(ddb_wait_table_exists(c, name, 0, &err));
    OK(ddb_describe_table(c, name, &info, &err));
    ck_assert_int_eq(info.partition_type, DDB_B);
    ck_assert_int_eq(info.on_demand, 0);
    ck_assert_int_eq(info.read_units, 3);
    ck_assert_int_eq(info.write_units, 2);
    OK(ddb_delete_table(c, name, NULL, &err));
    OK(ddb_wait_table_not_exists(c, name, 0, &err));
    CODE(ddb_delete_table(c, name, NULL, &err), DDB_NO_TABLE);
}
END_TEST

START_TEST(lists_tables_page_by_page)
{
    const char *mine[] = {simple, sorted, texts};
    int found[3] = {0};
    ddb_table_list *list = NULL;
    char start[256] = "";

    do {
        OK(ddb_list_tables(c, start[0] != 0 ? start : NULL, 2, &list, &err));
        ck_assert_uint_le(list->n, 2);
        for (size_t i = 0; i < list->n; i++)
            for (size_t k = 0; k < 3; k++)
                found[k] += strcmp(list->names[i], mine[k]) == 0;
        snprintf(start, sizeof start, "%s",
                 list->last_evaluated != NULL ? list->last_evaluated : "");
        ddb_free(list);
    } while (start[0] != 0);
    for (size_t k = 0; k < 3; k++)
        ck_assert_int_eq(found[k], 1);
}
END_TEST

START_TEST(a_protected_table_stays)
{
    char name[64];
    ddb_create_table_in in = {
        .table = name, .partition_key = {"k", DDB_S}, .deletion_protection = 1};
    char body[256];
    char *answer = NULL;

    snprintf(name, sizeof name, "e2e_ops_safe_%d", (int)getpid());
    if (server_differs(DELETE_PROTECTION)) {
        /* It passes over the parameter. */
        OK(ddb_create_table(c, &in, NULL, &err));
        OK(ddb_wait_table_exists(c, name, 0, &err));
        OK(ddb_delete_table(c, name, NULL, &err));
        return;
    }
    OK(ddb_create_table(c, &in, NULL, &err));
    OK(ddb_wait_table_exists(c, name, 0, &err));
    CODE(ddb_delete_table(c, name, NULL, &err), DDB_VALIDATION);
    snprintf(body, sizeof body,
             "{\"TableName\":\"%s\",\"DeletionProtectionEnabled\":false}",
             name);
    OK(ddb_call(c, &(ddb_call_in){.action = "UpdateTable", .body = body},
                &answer, NULL, &err));
    ddb_free(answer);
    OK(ddb_wait_table_exists(c, name, 0, &err));
    OK(ddb_delete_table(c, name, NULL, &err));
}
END_TEST

START_TEST(time_to_live_is_switched_on)
{
    ddb_ttl_info info;

    OK(ddb_describe_time_to_live(c, simple, &info, &err));
    ck_assert_int_eq(info.status, DDB_TTL_DISABLED);
    ck_assert_str_eq(info.attribute, "");
    if (server_differs(TIME_TO_LIVE)) {
        CODE(ddb_update_time_to_live(c, simple, "ttl", 1, &err),
             DDB_VALIDATION);
        ck_assert_str_eq(err.type, "UnknownOperationException");
        return;
    }
    OK(ddb_update_time_to_live(c, simple, "ttl", 1, &err));
    OK(ddb_describe_time_to_live(c, simple, &info, &err));
    ck_assert(info.status == DDB_TTL_ENABLED ||
              info.status == DDB_TTL_ENABLING);
    ck_assert_str_eq(info.attribute, "ttl");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("e2e_ops");
    TCase *t = tcase_create("server");

    tcase_set_timeout(t, 180);
    tcase_add_unchecked_fixture(t, make_tables, delete_tables);
    tcase_add_checked_fixture(t, setup, teardown);
    suite_add_tcase(s, t);
    tcase_add_loop_test(t, writes_and_reads_values, 0, ROWS(values));
    tcase_add_test(t, all_bytes_survive);
    tcase_add_test(t, deep_values_survive);
    tcase_add_test(t, an_item_may_have_400_kb);
    tcase_add_test(t, what_is_not_there_is_not_found);
    tcase_add_test(t, the_service_explains_a_refusal);
    tcase_add_loop_test(t, projects_paths, 0, ROWS(projections));
    tcase_add_loop_test(t, writes_on_condition, 0, ROWS(conditions));
    tcase_add_test(t, returns_what_it_replaced);
    tcase_add_test(t, shows_the_blocking_item);
    tcase_add_loop_test(t, updates_items, 0, ROWS(updates));
    tcase_add_test(t, an_update_makes_the_item);
    tcase_add_test(t, tells_consumed_capacity);
    tcase_add_loop_test(t, queries_by_sort_key, 0, ROWS(sort_conditions));
    tcase_add_test(t, text_sort_keys_are_in_byte_order);
    tcase_add_test(t, queries_backward_and_filtered);
    tcase_add_test(t, a_page_tells_where_the_next_begins);
    tcase_add_test(t, queries_a_local_index);
    tcase_add_test(t, queries_a_global_index);
    tcase_add_test(t, pages_end_at_one_megabyte);
    tcase_add_test(t, a_thousand_items_come_and_go);
    tcase_add_test(t, batches_know_keys_of_all_tables);
    tcase_add_test(t, large_batches_are_split);
    tcase_add_test(t, describes_its_tables);
    tcase_add_test(t, a_table_comes_and_goes);
    tcase_add_test(t, lists_tables_page_by_page);
    tcase_add_test(t, a_protected_table_stays);
    tcase_add_test(t, time_to_live_is_switched_on);
    return run_on_server(s);
}
