/* SPDX-License-Identifier: MIT */
/* Items and all that follows them: after any row of writes each index has
 * exactly what its projection makes of the items, an index made later has the
 * same, and what expires goes with all its rows. */
#include "engine.h"
#include "rng.h"
#include "tests.h"

#include <stdlib.h>
#include <string.h>

static int64_t now_ms;

static int64_t fake_now(const ddbi_clock *k)
{
    (void)k;
    return now_ms;
}

static void open_engine(void)
{
    static ddbi_clock clock;
    ddbi_local_options options = {.clock = &clock};
    ddb_err err = {0};

    clock = ddbi_system_clock;
    clock.now = fake_now;
    now_ms = 1800000000000;
    ck_assert_int_eq(ddbi_local_open(&options, &engine, &err), DDB_OK);
}

/* ---- Indexes follow ----------------------------------------------------- */

#define KEYS(pk, sk)                                                           \
    "'KeySchema':[{'AttributeName':'" pk "','KeyType':'HASH'},"                \
    "{'AttributeName':'" sk "','KeyType':'RANGE'}]"
#define PROJECTION(what) "'Projection':{'ProjectionType':" what "}"

/* Each index: its keys, and what it projects beside them and the table's. */
static const struct {
    const char *name;
    const char *keys[2];
    const char *projected[3]; /* "*": all */
} indexes[] = {
    {"local-all", {"a", "c"}, {"*"}},
    {"local-keys", {"a", "d"}, {NULL}},
    {"global-all", {"c", NULL}, {"*"}},
    {"global-keys", {"d", "c"}, {NULL}},
    {"global-some", {"d", NULL}, {"e", "f"}},
};

static void create_tables(void)
{
    open_engine();
    engine_does(
        "CreateTable",
        "{'TableName':'table','BillingMode':'PAY_PER_REQUEST',"
        "'AttributeDefinitions':["
        "{'AttributeName':'a','AttributeType':'S'},"
        "{'AttributeName':'b','AttributeType':'N'},"
        "{'AttributeName':'c','AttributeType':'S'},"
        "{'AttributeName':'d','AttributeType':'N'}]," KEYS(
            "a",
            "b") ","
                 "'LocalSecondaryIndexes':["
                 "{'IndexName':'local-all'," PROJECTION("'ALL'") "," KEYS(
                     "a",
                     "c") "},"
                          "{'IndexName':'local-keys'," PROJECTION(
                              "'KEYS_"
                              "ONLY'") "," KEYS("a",
                                                "d") "}],"
                                                     "'GlobalSecondaryIndexes':"
                                                     "["
                                                     "{'IndexName':'global-all'"
                                                     "," PROJECTION(
                                                         "'ALL'") ","
                                                                  "'KeySchema':"
                                                                  "[{'"
                                                                  "AttributeNam"
                                                                  "e':'c','"
                                                                  "KeyType':'"
                                                                  "HASH'}]},"
                                                                  "{'IndexName'"
                                                                  ":'global-"
                                                                  "keys'"
                                                                  "," PROJECTION(
                                                                      "'KEYS"
                                                                      "_ONLY"
                                                                      "'") "," KEYS("d",
                                                                                    "c") "},"
                                                                                         "{'IndexName':'"
                                                                                         "global-some'"
                                                                                         "," PROJECTION(
                                                                                             "'INCLUDE','"
                                                                                             "NonKeyAttrib"
                                                                                             "utes':['e','"
                                                                                             "f']") ","
                                                                                                    "'KeyS"
                                                                                                    "chema"
                                                                                                    "':[{'"
                                                                                                    "Attri"
                                                                                                    "buteN"
                                                                                                    "ame':"
                                                                                                    "'d','"
                                                                                                    "KeyTy"
                                                                                                    "pe':'"
                                                                                                    "HASH'"
                                                                                                    "}]}]"
                                                                                                    "}");
}

static int is_projected(size_t i, const char *name)
{
    static const char *const table[] = {"a", "b"};

    for (int k = 0; k < 2; k++)
        if (strcmp(name, table[k]) == 0 ||
            (indexes[i].keys[k] && strcmp(name, indexes[i].keys[k]) == 0))
            return 1;
    for (int k = 0; k < 3 && indexes[i].projected[k]; k++)
        if (strcmp(indexes[i].projected[k], "*") == 0 ||
            strcmp(name, indexes[i].projected[k]) == 0)
            return 1;
    return 0;
}

/* What index i has to have of the table's items, each as text. */
static json_t *expected(size_t i, json_t *items)
{
    json_t *all = json_object(), *item, *value;
    const char *name;
    size_t at;

    json_array_foreach(items, at, item)
    {
        json_t *part = json_object();
        char *text;
        int there = 1;

        for (int k = 0; k < 2; k++)
            if (indexes[i].keys[k] &&
                !json_object_get(item, indexes[i].keys[k]))
                there = 0;
        json_object_foreach(item, name, value)
        {
            if (is_projected(i, name))
                json_object_set(part, name, value);
        }
        text = json_dumps(part, JSON_SORT_KEYS | JSON_COMPACT);
        if (there)
            json_object_set_new(all, text, json_true());
        free(text);
        json_decref(part);
    }
    return all;
}

/* Items as a set of texts; an item twice fails. */
static json_t *as_set(json_t *items)
{
    json_t *all = json_object(), *item;
    size_t at;

    json_array_foreach(items, at, item)
    {
        char *text = json_dumps(item, JSON_SORT_KEYS | JSON_COMPACT);

        ck_assert_ptr_null(json_object_get(all, text));
        json_object_set_new(all, text, json_true());
        free(text);
    }
    return all;
}

static void check_indexes(const char *table)
{
    json_t *all = engine_everything();
    json_t *items = json_object_get(all, table);

    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        char key[100];
        json_t *want = expected(i, items), *got, *rows;

        snprintf(key, sizeof key, "%s/%s", table, indexes[i].name);
        rows = json_object_get(all, key);
        ck_assert_ptr_nonnull(rows);
        got = as_set(rows);
        ck_assert_msg(json_equal(want, got), "%s has %s\nnot %s", key,
                      json_dumps(got, 0), json_dumps(want, 0));
        json_decref(want);
        json_decref(got);
    }
    json_decref(all);
}

/* An attribute of the one item in two, of few values. */
static void maybe(rng *r, char *json, size_t size, const char *name, int number)
{
    size_t n = strlen(json);

    if (rng_below(r, 2))
        return;
    if (number)
        snprintf(json + n, size - n, ",'%s':{'N':'%u.0'}", name,
                 rng_below(r, 3));
    else
        snprintf(json + n, size - n, ",'%s':{'S':'%u'}", name, rng_below(r, 3));
}

static void put(rng *r, char *json, size_t size)
{
    snprintf(json, size,
             "{'TableName':'table','Item':{'a':{'S':'%u'},'b':{'N':'%u'}",
             rng_below(r, 3), rng_below(r, 4));
    maybe(r, json, size, "c", 0);
    maybe(r, json, size, "d", 1);
    maybe(r, json, size, "e", 0);
    maybe(r, json, size, "f", 1);
    maybe(r, json, size, "g", 1);
    snprintf(json + strlen(json), size - strlen(json), "}}");
}

static const char *const updates[] = {
    "'SET c = :s'",
    "'SET d = :n'",
    "'SET e = :s, f = :n'",
    "'REMOVE c SET g = :n'",
    "'REMOVE d SET e = :s'",
    "'ADD d :n'",
    "'SET c = :s ADD d :n'",
    "'SET c = e'",
    "'REMOVE c, d, e SET f = :s'",
};

static void update(rng *r, char *json, size_t size)
{
    const char *text = updates[rng_below(r, sizeof updates / sizeof *updates)];

    snprintf(json, size,
             "{'TableName':'table','Key':{'a':{'S':'%u'},'b':{'N':'%u'}},"
             "'UpdateExpression':%s",
             rng_below(r, 3), rng_below(r, 4), text);
    if (strchr(text, ':')) {
        char s[40] = "", n[40] = "";

        if (strstr(text, ":s"))
            snprintf(s, sizeof s, "':s':{'S':'%u'}", rng_below(r, 3));
        if (strstr(text, ":n"))
            snprintf(n, sizeof n, "%s':n':{'N':'%u'}", *s ? "," : "",
                     rng_below(r, 3));
        snprintf(json + strlen(json), size - strlen(json),
                 ",'ExpressionAttributeValues':{%s%s}", s, n);
    }
    snprintf(json + strlen(json), size - strlen(json), "}");
}

static void one_write(rng *r)
{
    char json[1000];
    const char *action = "PutItem";
    unsigned kind = rng_below(r, 10);
    ddbi_buf out = {0};
    ddb_err err = {0};
    int status;

    if (kind < 4) {
        put(r, json, sizeof json);
    } else if (kind < 8) {
        action = "UpdateItem";
        update(r, json, sizeof json);
    } else {
        action = "DeleteItem";
        snprintf(json, sizeof json,
                 "{'TableName':'table','Key':{'a':{'S':'%u'},"
                 "'b':{'N':'%u'}}}",
                 rng_below(r, 3), rng_below(r, 4));
    }
    for (char *p = json; *p; p++)
        if (*p == '\'')
            *p = '"';
    /* SET c = e is refused where there is no e, and that is right too. */
    ck_assert_int_eq(ddbi_local_call(engine, action,
                                     (ddb_bytes){json, strlen(json)}, &status,
                                     &out, &err),
                     DDB_OK);
    ck_assert_msg(status == 200 || strstr(json, "SET c = e"), "%s: %.*s", json,
                  (int)out.n, out.p);
    ddbi_buf_free(&out);
}

START_TEST(indexes_are_what_the_items_make_them)
{
    rng r = {(uint64_t)_i + 1};

    for (int i = 0; i < 300; i++) {
        one_write(&r);
        if (i % 10 == 0)
            check_indexes("table");
    }
    check_indexes("table");
}
END_TEST

/* The same of an index that comes when the items are there, some of which
 * cannot be in it. */
START_TEST(fills_an_index_that_is_new)
{
    static const char *const items[] = {
        "'k':{'S':'1'},'x':{'S':'1'},'y':{'S':'y'},'z':{'S':'z'}",
        "'k':{'S':'2'},'x':{'S':'1'}",
        "'k':{'S':'3'},'x':{'N':'1'}",
        "'k':{'S':'4'},'x':{'S':''}",
        "'k':{'S':'5'}",
    };
    char json[200];

    engine_does("CreateTable",
                "{'TableName':'later','BillingMode':'PAY_PER_REQUEST',"
                "'AttributeDefinitions':[{'AttributeName':'k',"
                "'AttributeType':'S'}],"
                "'KeySchema':[{'AttributeName':'k','KeyType':'HASH'}]}");
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        snprintf(json, sizeof json, "{'TableName':'later','Item':{%s}}",
                 items[i]);
        engine_does("PutItem", json);
    }
    engine_does(
        "UpdateTable",
        "{'TableName':'later','AttributeDefinitions':["
        "{'AttributeName':'x','AttributeType':'S'}],"
        "'GlobalSecondaryIndexUpdates':[{'Create':{"
        "'IndexName':'new'," PROJECTION(
            "'INCLUDE','NonKeyAttributes':['y']") ","
                                                  "'KeySchema':[{'"
                                                  "AttributeName':'x','KeyType'"
                                                  ":'HASH'}]}}]}");
    engine_answers("Query",
                   "{'TableName':'later','IndexName':'new',"
                   "'KeyConditionExpression':'x = :x',"
                   "'ExpressionAttributeValues':{':x':{'S':'1'}}}",
                   "{'Items':["
                   "{'k':{'S':'1'},'x':{'S':'1'},'y':{'S':'y'}},"
                   "{'k':{'S':'2'},'x':{'S':'1'}}],"
                   "'Count':2,'ScannedCount':2}");
    engine_answers("Scan",
                   "{'TableName':'later','IndexName':'new','Select':'COUNT'}",
                   "{'Count':2,'ScannedCount':2}");
    /* What could not be in it is written as any other item is. */
    engine_does("UpdateItem", "{'TableName':'later','Key':{'k':{'S':'3'}},"
                              "'UpdateExpression':'SET y = k'}");
    engine_does("UpdateItem",
                "{'TableName':'later','Key':{'k':{'S':'3'}},"
                "'UpdateExpression':'SET x = :x','ExpressionAttributeValues':"
                "{':x':{'S':'1'}}}");
    engine_does("DeleteItem", "{'TableName':'later','Key':{'k':{'S':'4'}}}");
    engine_answers("Scan",
                   "{'TableName':'later','IndexName':'new','Select':'COUNT'}",
                   "{'Count':3,'ScannedCount':3}");
}
END_TEST

/* ---- Expiry ------------------------------------------------------------- */

#define NOW 1800000000

static void ttl_on(const char *attribute)
{
    char json[200];

    snprintf(json, sizeof json,
             "{'TableName':'table','TimeToLiveSpecification':{"
             "'AttributeName':'%s','Enabled':true}}",
             attribute);
    engine_does("UpdateTimeToLive", json);
}

static void put_ttl(const char *key, const char *value)
{
    char json[200];

    snprintf(json, sizeof json,
             "{'TableName':'table','Item':{'a':{'S':'%s'},'b':{'N':'1'},"
             "'c':{'S':'c'},'d':{'N':'1'},'t':%s}}",
             key, value);
    engine_does("PutItem", json);
}

static int has(const char *key)
{
    char json[200];
    json_t *answer;
    int there;

    snprintf(json, sizeof json,
             "{'TableName':'table','Key':{'a':{'S':'%s'},'b':{'N':'1'}}}", key);
    answer = engine_ask(200, "GetItem", json);
    there = json_object_get(answer, "Item") != NULL;
    json_decref(answer);
    return there;
}

static int sweep(void)
{
    ddb_err err = {0};
    int more = 0;

    ck_assert_int_eq(ddbi_local_sweep(engine, &more, &err), DDB_OK);
    return more;
}

static const struct {
    const char *key, *value;
    int expires;
} lives[] = {
    {"now", "{'N':'1800000000'}", 1},
    {"next", "{'N':'1800000001'}", 0},
    {"past", "{'N':'1799999999'}", 1},
    {"years", "{'N':'1642320001'}", 1},  /* five of them, nearly */
    {"longer", "{'N':'1642319999'}", 0}, /* or more */
    {"zero", "{'N':'0'}", 0},
    {"minus", "{'N':'-5'}", 0},
    {"ms", "{'N':'1800000000000'}", 0},
    {"half", "{'N':'1799999999.5'}", 0},
    {"text", "{'S':'1799999999'}", 0},
    {"huge", "{'N':'1E30'}", 0},
};

static void check_lives(void)
{
    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++)
        ck_assert_msg(has(lives[i].key) == !lives[i].expires, "%s",
                      lives[i].key);
    check_indexes("table");
}

START_TEST(removes_what_has_expired)
{
    now_ms = (int64_t)NOW * 1000 - 5000000;
    ttl_on("t");
    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++)
        put_ttl(lives[i].key, lives[i].value);
    ck_assert(has("now"));
    now_ms = (int64_t)NOW * 1000;
    ck_assert_int_eq(sweep(), 0);
    check_lives();
}
END_TEST

/* Items that were there before. */
START_TEST(removes_what_had_expired_when_it_was_turned_on)
{
    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++)
        put_ttl(lives[i].key, lives[i].value);
    sweep();
    ck_assert(has("now"));
    ttl_on("t");
    now_ms += 1; /* what is turned on may have been swept */
    ck_assert_int_eq(sweep(), 0);
    check_lives();
}
END_TEST

START_TEST(goes_by_what_an_item_says_now)
{
    now_ms = (int64_t)NOW * 1000 - 10000;
    ttl_on("t");
    put_ttl("later", "{'N':'1800000000'}");
    put_ttl("earlier", "{'N':'1900000000'}");
    put_ttl("never", "{'N':'1800000000'}");
    put_ttl("gone", "{'N':'1800000000'}");
    engine_does("UpdateItem",
                "{'TableName':'table','Key':{'a':{'S':'later'},'b':{'N':'1'}},"
                "'UpdateExpression':'SET t = :t','ExpressionAttributeValues':"
                "{':t':{'N':'1900000000'}}}");
    put_ttl("earlier", "{'N':'1800000000'}");
    engine_does("UpdateItem",
                "{'TableName':'table','Key':{'a':{'S':'never'},'b':{'N':'1'}},"
                "'UpdateExpression':'REMOVE t'}");
    engine_does("DeleteItem", "{'TableName':'table','Key':{'a':{'S':'gone'},"
                              "'b':{'N':'1'}}}");
    now_ms = (int64_t)NOW * 1000;
    ck_assert_int_eq(sweep(), 0);
    ck_assert(has("later"));
    ck_assert(!has("earlier"));
    ck_assert(has("never"));
    now_ms = (int64_t)1900000000 * 1000;
    ck_assert_int_eq(sweep(), 0);
    ck_assert(!has("later"));
    ck_assert(has("never"));
    check_indexes("table");
}
END_TEST

START_TEST(removes_some_at_a_time)
{
    json_t *all;

    now_ms = (int64_t)NOW * 1000 - 10000;
    ttl_on("t");
    for (int i = 0; i < 250; i++) {
        char key[20];

        snprintf(key, sizeof key, "%d", i);
        put_ttl(key, "{'N':'1800000000'}");
    }
    now_ms = (int64_t)NOW * 1000;
    ck_assert_int_eq(sweep(), 1);
    ck_assert_int_eq(sweep(), 1);
    all = engine_everything();
    ck_assert_uint_eq(json_array_size(json_object_get(all, "table")), 50);
    json_decref(all);
    check_indexes("table");
    ck_assert_int_eq(sweep(), 0);
    all = engine_everything();
    ck_assert_uint_eq(json_array_size(json_object_get(all, "table")), 0);
    json_decref(all);
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

START_TEST(keeps_all_when_memory_fails)
{
    static const char *const writes[][2] = {
        {"PutItem", "{'TableName':'table','Item':{'a':{'S':'a'},'b':{'N':'1'},"
                    "'c':{'S':'y'},'e':{'S':'z'},'t':{'N':'1900000000'}}}"},
        {"UpdateItem",
         "{'TableName':'table','Key':{'a':{'S':'a'},'b':{'N':'1'}},"
         "'UpdateExpression':'SET c = :c, d = :d, t = :d',"
         "'ExpressionAttributeValues':{':c':{'S':'x'},"
         "':d':{'N':'1900000001'}}}"},
        {"DeleteItem",
         "{'TableName':'table','Key':{'a':{'S':'a'},'b':{'N':'1'}}}"},
    };

    ttl_on("t");
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++)
        engine_keeps_all(writes[i][0], writes[i][1]);
    check_indexes("table");
}
END_TEST

Suite *suite_local_write(void)
{
    Suite *s = suite_create("local_write");
    TCase *t = tcase_create("rows");

    tcase_add_checked_fixture(t, create_tables, engine_teardown);
    tcase_add_loop_test(t, indexes_are_what_the_items_make_them, 0, 10);
    tcase_add_test(t, fills_an_index_that_is_new);
    tcase_add_test(t, keeps_all_when_memory_fails);
    suite_add_tcase(s, t);
    t = tcase_create("expiry");
    tcase_add_checked_fixture(t, create_tables, engine_teardown);
    tcase_add_test(t, removes_what_has_expired);
    tcase_add_test(t, removes_what_had_expired_when_it_was_turned_on);
    tcase_add_test(t, goes_by_what_an_item_says_now);
    tcase_add_test(t, removes_some_at_a_time);
    suite_add_tcase(s, t);
    return s;
}
