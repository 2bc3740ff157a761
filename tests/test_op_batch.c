/* SPDX-License-Identifier: MIT */
/* BatchWriteItem and BatchGetItem over a scripted transport: splitting,
 * de-duplication, what comes back unprocessed, what is left. */
#include "asked.h"
#include "tests.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 60

static const ddb_table_key user_key[] = {{"users", "id", NULL}};

/* Items and keys of the test, freed with it. */
static ddb_item *made[256];
static size_t n_made;

static void setup(void)
{
    asked_setup();
    n_made = 0;
}

static void teardown(void)
{
    while (n_made > 0)
        ddb_item_free(made[--n_made]);
    asked_teardown();
}

static const ddb_item *make(const char *json)
{
    ck_assert_uint_lt(n_made, sizeof made / sizeof made[0]);
    return made[n_made++] = item(json);
}

static const ddb_item *make_id(int i)
{
    char text[64];

    snprintf(text, sizeof text, "{'id':{'S':'k%d'}}", i);
    return make(text);
}

static ddb_write put(const ddb_item *it)
{
    return (ddb_write){.table = "users", .put = it};
}

static ddb_write del(const ddb_item *key)
{
    return (ddb_write){.table = "users", .delete_key = key};
}

static ddb_code write_all(ddb_write *writes, size_t n)
{
    return ddb_batch_write_item(
        client,
        &(ddb_batch_write_in){
            .writes = writes, .n_writes = n, .keys = user_key, .n_keys = 1},
        &err);
}

static size_t count_left(const ddb_write *writes, size_t n)
{
    size_t left = 0;

    for (size_t i = 0; i < n; i++)
        left += writes[i].left != 0;
    return left;
}

/* How many entries the i-th request has in all tables. */
static size_t entries_of(size_t i)
{
    const fake_request_info *r = fake_request(fk, i);
    json_t *body = json_loadb(r->body, r->body_n,
                              JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const char *table;
    json_t *list;
    size_t n = 0;

    ck_assert_msg(body != NULL, "%s", r->body);
    json_object_foreach(json_object_get(body, "RequestItems"), table, list) n +=
        json_array_size(json_is_array(list) ? list
                                            : json_object_get(list, "Keys"));
    json_decref(body);
    return n;
}

/* ---- Writes ------------------------------------------------------------- */

START_TEST(writes_puts_and_deletes_of_several_tables)
{
    static const ddb_table_key keys[] = {{"users", "id", NULL},
                                         {"logs", "who", "at"}};
    ddb_capacity used = {0};
    ddb_write writes[] = {
        put(make("{'id':{'S':'a'},'x':{'N':'1'}}")),
        {.table = "logs", .put = make("{'who':{'S':'a'},'at':{'N':'1'}}")},
        del(make("{'id':{'S':'b'}}")),
        {.table = "logs",
         .delete_key = make("{'who':{'S':'a'},'at':{'N':'2'}}")},
    };

    answer("{'UnprocessedItems':{},'ConsumedCapacity':["
           "{'TableName':'users','CapacityUnits':2},"
           "{'TableName':'logs','CapacityUnits':3}]}");
    ck_assert_int_eq(
        ddb_batch_write_item(client,
                             &(ddb_batch_write_in){.writes = writes,
                                                   .n_writes = 4,
                                                   .keys = keys,
                                                   .n_keys = 2,
                                                   .consumed = &used},
                             &err),
        DDB_OK);
    asked(0, "BatchWriteItem",
          "{'RequestItems':{'users':["
          "{'PutRequest':{'Item':{'id':{'S':'a'},'x':{'N':'1'}}}},"
          "{'DeleteRequest':{'Key':{'id':{'S':'b'}}}}],"
          "'logs':[{'PutRequest':{'Item':{'who':{'S':'a'},'at':{'N':'1'}}}},"
          "{'DeleteRequest':{'Key':{'who':{'S':'a'},'at':{'N':'2'}}}}]},"
          "'ReturnConsumedCapacity':'INDEXES'}");
    ck_assert_uint_eq(count_left(writes, 4), 0);
    ck_assert_double_eq(used.units, 5);
}
END_TEST

START_TEST(writes_nothing)
{
    ck_assert_int_eq(
        ddb_batch_write_item(client, &(ddb_batch_write_in){0}, &err), DDB_OK);
    ck_assert_uint_eq(fake_count(fk), 0);
}
END_TEST

START_TEST(splits_by_25)
{
    ddb_write writes[MANY];

    for (int i = 0; i < MANY; i++)
        writes[i] = put(make_id(i));
    for (int i = 0; i < 3; i++)
        answer("{}");
    ck_assert_int_eq(write_all(writes, MANY), DDB_OK);
    ck_assert_uint_eq(fake_count(fk), 3);
    ck_assert_uint_eq(entries_of(0), 25);
    ck_assert_uint_eq(entries_of(1), 25);
    ck_assert_uint_eq(entries_of(2), 10);
    ck_assert_uint_eq(fk->n_waits, 0);
    ck_assert_uint_eq(count_left(writes, MANY), 0);
}
END_TEST

START_TEST(splits_by_size)
{
    /* A control character takes six bytes on the wire: 25 of these items
     * have 30 MB. */
    const size_t n = 200 * 1024;
    char *text = malloc(n);
    ddb_write writes[25];
    size_t total = 0;

    memset(text, 1, n);
    for (int i = 0; i < 25; i++) {
        ddb_item *it = (ddb_item *)make_id(i);

        ck_assert_int_eq(ddb_item_set_sn(it, "text", text, n), DDB_OK);
        writes[i] = put(it);
        answer("{}");
    }
    free(text);
    ck_assert_int_eq(write_all(writes, 25), DDB_OK);
    ck_assert_uint_eq(fake_count(fk), 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_le(fake_request(fk, i)->body_n, 15u << 20);
        total += entries_of(i);
    }
    ck_assert_uint_eq(total, 25);
}
END_TEST

START_TEST(splits_where_a_table_begins)
{
    static const ddb_table_key keys[] = {{"users", "id", NULL},
                                         {"more", "id", NULL}};
    const size_t n = 200 * 1024;
    char *text = malloc(n);
    ddb_write writes[16];

    /* The body is full with the last item of the first table. */
    memset(text, 1, n);
    for (int i = 0; i < 16; i++) {
        ddb_item *it = (ddb_item *)make_id(i);

        ddb_item_set_sn(it, "text", text, n);
        writes[i] = put(it);
        writes[i].table = i < 12 ? "users" : "more";
    }
    free(text);
    answer("{}");
    answer("{}");
    ck_assert_int_eq(
        ddb_batch_write_item(
            client,
            &(ddb_batch_write_in){
                .writes = writes, .n_writes = 16, .keys = keys, .n_keys = 2},
            &err),
        DDB_OK);
    ck_assert_uint_eq(entries_of(0), 12);
    ck_assert_uint_eq(entries_of(1), 4);
}
END_TEST

START_TEST(the_last_write_of_a_key_wins)
{
    ddb_write writes[] = {
        put(make("{'id':{'S':'a'},'x':{'N':'1'}}")),
        put(make("{'id':{'S':'b'}}")),
        del(make("{'id':{'S':'a'}}")),
        put(make("{'id':{'S':'a'},'x':{'N':'2'}}")),
        del(make("{'id':{'S':'b'}}")),
    };

    answer("{}");
    ck_assert_int_eq(write_all(writes, 5), DDB_OK);
    asked(0, "BatchWriteItem",
          "{'RequestItems':{'users':["
          "{'PutRequest':{'Item':{'id':{'S':'a'},'x':{'N':'2'}}}},"
          "{'DeleteRequest':{'Key':{'id':{'S':'b'}}}}]}}");
    ck_assert_uint_eq(count_left(writes, 5), 0);
}
END_TEST

START_TEST(superseded_writes_share_the_fate_of_the_last)
{
    ddb_write writes[] = {
        put(make("{'id':{'S':'a'},'x':{'N':'1'}}")),
        put(make("{'id':{'S':'b'}}")),
        put(make("{'id':{'S':'a'},'x':{'N':'2'}}")),
    };

    for (int i = 0; i < 9; i++)
        answer("{'UnprocessedItems':{'users':[{'PutRequest':{'Item':"
               "{'id':{'S':'a'},'x':{'N':'2'}}}}]}}");
    answer("{}");
    ck_assert_int_eq(write_all(writes, 3), DDB_PARTIAL);
    ck_assert_int_eq(writes[0].left, 1);
    ck_assert_int_eq(writes[1].left, 0);
    ck_assert_int_eq(writes[2].left, 1);
}
END_TEST

/* Two keys, and whether they are the same one to the service. */
static const struct {
    const char *a, *b;
    int same;
} pairs[] = {
    {"{'id':{'S':'a'}}", "{'id':{'S':'a'}}", 1},
    {"{'id':{'S':'a'}}", "{'id':{'S':'A'}}", 0},
    {"{'id':{'S':'a'}}", "{'id':{'S':'a\\u0000'}}", 0},
    {"{'id':{'S':'YQ=='}}", "{'id':{'B':'YQ=='}}", 0},
    {"{'id':{'S':'1'}}", "{'id':{'N':'1'}}", 0},
    {"{'id':{'B':'AAE='}}", "{'id':{'B':'AAE='}}", 1},
    {"{'id':{'B':'AAE='}}", "{'id':{'B':'AAI='}}", 0},
    {"{'id':{'N':'1'}}", "{'id':{'N':'1.0'}}", 1},
    {"{'id':{'N':'1'}}", "{'id':{'N':'10E-1'}}", 1},
    {"{'id':{'N':'100'}}", "{'id':{'N':'1e2'}}", 1},
    {"{'id':{'N':'-0'}}", "{'id':{'N':'0.00'}}", 1},
    {"{'id':{'N':'-1'}}", "{'id':{'N':'1'}}", 0},
    {"{'id':{'N':'1'}}", "{'id':{'N':'10'}}", 0},
    {"{'id':{'N':'0.1'}}", "{'id':{'N':'1'}}", 0},
    {"{'id':{'S':'0123456789012345678'}}", "{'id':{'S':'0123456789012345678'}}",
     1},
    {"{'id':{'S':'0123456789012345678'}}", "{'id':{'S':'01x3456789012345678'}}",
     0},
};

START_TEST(knows_a_key_again)
{
    ddb_write writes[] = {del(make(pairs[_i].a)), del(make(pairs[_i].b))};

    answer("{}");
    ck_assert_int_eq(write_all(writes, 2), DDB_OK);
    ck_assert_msg(entries_of(0) == (pairs[_i].same ? 1 : 2), "%s %s",
                  pairs[_i].a, pairs[_i].b);
}
END_TEST

START_TEST(both_key_attributes_count)
{
    static const ddb_table_key keys[] = {{"logs", "who", "at"}};
    ddb_write writes[] = {
        {.table = "logs", .put = make("{'who':{'S':'a'},'at':{'N':'1'}}")},
        {.table = "logs", .put = make("{'at':{'N':'2'},'who':{'S':'a'}}")},
        {.table = "logs", .put = make("{'who':{'S':'b'},'at':{'N':'1'}}")},
        {.table = "logs",
         .delete_key = make("{'at':{'N':'1.0'},'who':{'S':'a'}}")},
    };

    answer("{}");
    ck_assert_int_eq(
        ddb_batch_write_item(
            client,
            &(ddb_batch_write_in){
                .writes = writes, .n_writes = 4, .keys = keys, .n_keys = 1},
            &err),
        DDB_OK);
    ck_assert_uint_eq(entries_of(0), 3);
}
END_TEST

START_TEST(ten_thousand_writes_of_a_hundred_keys)
{
    enum { N = 10000, KEYS = 100 };
    ddb_write *writes = calloc(N, sizeof *writes);
    const ddb_item *items[KEYS];

    for (int i = 0; i < KEYS; i++)
        items[i] = make_id(i);
    for (int i = 0; i < N; i++)
        writes[i] = put(items[i % KEYS]);
    for (int i = 0; i < 4; i++)
        answer("{}");
    ck_assert_int_eq(write_all(writes, N), DDB_OK);
    ck_assert_uint_eq(fake_count(fk), 4);
    ck_assert_uint_eq(count_left(writes, N), 0);
    free(writes);
}
END_TEST

/* ---- Key names ---------------------------------------------------------- */

START_TEST(learns_key_names_from_a_delete)
{
    ddb_write writes[] = {
        put(make("{'id':{'S':'a'},'x':{'N':'1'}}")),
        del(make("{'id':{'S':'b'}}")),
        del(make("{'id':{'S':'a'}}")),
    };

    answer("{}");
    ck_assert_int_eq(ddb_batch_write_item(
                         client,
                         &(ddb_batch_write_in){.writes = writes, .n_writes = 3},
                         &err),
                     DDB_OK);
    ck_assert_uint_eq(fake_count(fk), 1);
    ck_assert_uint_eq(entries_of(0), 2);
}
END_TEST

START_TEST(learns_key_names_from_the_table)
{
    ddb_write writes[] = {
        put(make("{'id':{'S':'a'},'at':{'N':'1'},'x':{'N':'1'}}")),
        put(make("{'id':{'S':'a'},'at':{'N':'2'},'x':{'N':'1'}}")),
        put(make("{'id':{'S':'a'},'at':{'N':'1.0'},'x':{'N':'3'}}")),
    };

    answer("{'Table':{'TableStatus':'ACTIVE','KeySchema':["
           "{'AttributeName':'at','KeyType':'RANGE'},"
           "{'AttributeName':'id','KeyType':'HASH'}]}}");
    answer("{}");
    ck_assert_int_eq(ddb_batch_write_item(
                         client,
                         &(ddb_batch_write_in){.writes = writes, .n_writes = 3},
                         &err),
                     DDB_OK);
    asked(0, "DescribeTable", "{'TableName':'users'}");
    ck_assert_uint_eq(fake_count(fk), 2);
    ck_assert_uint_eq(entries_of(1), 2);
}
END_TEST

START_TEST(a_description_without_key_fails_all)
{
    ddb_write writes[] = {put(make_id(1)), put(make_id(2))};

    answer("{'Table':{'TableStatus':'ACTIVE'}}");
    ck_assert_int_eq(ddb_batch_write_item(
                         client,
                         &(ddb_batch_write_in){.writes = writes, .n_writes = 2},
                         &err),
                     DDB_BAD_ANSWER);
    ck_assert_uint_eq(fake_count(fk), 1);
    ck_assert_uint_eq(count_left(writes, 2), 2);
}
END_TEST

START_TEST(no_time_is_left_after_the_description)
{
    ddb_write writes[] = {put(make_id(1)), put(make_id(2))};

    fake_add(fk, &(fake_step){.status = 200,
                              .takes = 99,
                              .body = quoted("{'Table':{'KeySchema':["
                                             "{'AttributeName':'id',"
                                             "'KeyType':'HASH'}]}}")});
    fake_add(fk, &(fake_step){.silent = 1});
    ck_assert_int_eq(
        ddb_batch_write_item(client,
                             &(ddb_batch_write_in){.writes = writes,
                                                   .n_writes = 2,
                                                   .timeout_ms = 100},
                             &err),
        DDB_PARTIAL);
    ck_assert_int_le(fk->mono, 100);
    ck_assert_uint_eq(count_left(writes, 2), 2);
}
END_TEST

START_TEST(a_table_that_cannot_be_described_fails_all)
{
    ddb_write writes[] = {put(make_id(1)), put(make_id(2))};

    fake_error(fk, 400, "ResourceNotFoundException", "no such table");
    ck_assert_int_eq(ddb_batch_write_item(
                         client,
                         &(ddb_batch_write_in){.writes = writes, .n_writes = 2},
                         &err),
                     DDB_NO_TABLE);
    ck_assert_uint_eq(fake_count(fk), 1);
    ck_assert_uint_eq(count_left(writes, 2), 2);
}
END_TEST

/* ---- What comes back ---------------------------------------------------- */

START_TEST(sends_again_what_came_back_in_front)
{
    ddb_write writes[30];

    for (int i = 0; i < 30; i++)
        writes[i] = i % 2 ? put(make_id(i)) : del(make_id(i));
    fk->random_byte = 0xff;
    answer("{'UnprocessedItems':{'users':["
           "{'PutRequest':{'Item':{'id':{'S':'k7'}}}},"
           "{'DeleteRequest':{'Key':{'id':{'S':'k2'}}}}]}}");
    answer("{'UnprocessedItems':{}}");
    ck_assert_int_eq(write_all(writes, 30), DDB_OK);
    ck_assert_uint_eq(fake_count(fk), 2);
    asked(1, "BatchWriteItem",
          "{'RequestItems':{'users':["
          "{'DeleteRequest':{'Key':{'id':{'S':'k2'}}}},"
          "{'PutRequest':{'Item':{'id':{'S':'k7'}}}},"
          "{'PutRequest':{'Item':{'id':{'S':'k25'}}}},"
          "{'DeleteRequest':{'Key':{'id':{'S':'k26'}}}},"
          "{'PutRequest':{'Item':{'id':{'S':'k27'}}}},"
          "{'DeleteRequest':{'Key':{'id':{'S':'k28'}}}},"
          "{'PutRequest':{'Item':{'id':{'S':'k29'}}}}]}}");
    ck_assert_uint_eq(fk->n_waits, 1);
    ck_assert_int_ge(fk->waits[0], 49);
    ck_assert_int_le(fk->waits[0], 50);
    ck_assert_uint_eq(count_left(writes, 30), 0);
}
END_TEST

START_TEST(finds_numbers_that_were_rewritten)
{
    ddb_write writes[] = {del(make("{'id':{'N':'1.50'}}")),
                          del(make("{'id':{'N':'2E3'}}")),
                          del(make("{'id':{'N':'3'}}"))};

    answer("{'UnprocessedItems':{'users':["
           "{'DeleteRequest':{'Key':{'id':{'N':'2E+3'}}}},"
           "{'DeleteRequest':{'Key':{'id':{'N':'1.500'}}}}]}}");
    answer("{}");
    ck_assert_int_eq(write_all(writes, 3), DDB_OK);
    asked(1, "BatchWriteItem",
          "{'RequestItems':{'users':["
          "{'DeleteRequest':{'Key':{'id':{'N':'1.5'}}}},"
          "{'DeleteRequest':{'Key':{'id':{'N':'2000'}}}}]}}");
}
END_TEST

START_TEST(finds_a_table_by_arn_or_name)
{
    static const char arn[] =
        "arn:aws:dynamodb:eu-west-1:123456789012:table/users";
    ddb_write writes[] = {
        {.table = arn, .delete_key = make("{'id':{'S':'a'}}")}};

    answer("{'UnprocessedItems':{'users':["
           "{'DeleteRequest':{'Key':{'id':{'S':'a'}}}}]}}");
    answer("{'UnprocessedItems':{"
           "'arn:aws:dynamodb:eu-west-1:123456789012:table\\/users':["
           "{'DeleteRequest':{'Key':{'id':{'S':'a'}}}}]}}");
    answer("{}");
    ck_assert_int_eq(write_all(writes, 1), DDB_OK);
    ck_assert_uint_eq(fake_count(fk), 3);
}
END_TEST

START_TEST(backs_off_and_gives_up_after_eight_stalls)
{
    ddb_write writes[] = {put(make_id(1)), put(make_id(2))};

    fk->random_byte = 0xff; /* the longest wait that is possible */
    answer("{'UnprocessedItems':{'users':["
           "{'PutRequest':{'Item':{'id':{'S':'k1'}}}}]}}");
    for (int i = 0; i < 8; i++)
        answer("{'UnprocessedItems':{'users':["
               "{'PutRequest':{'Item':{'id':{'S':'k1'}}}}]}}");
    ck_assert_int_eq(write_all(writes, 2), DDB_PARTIAL);
    ck_assert_int_eq(err.code, DDB_PARTIAL);
    ck_assert_int_eq(err.retryable, 1);
    ck_assert_uint_eq(fake_count(fk), 9);
    ck_assert_uint_eq(fk->n_waits, 8);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(fk->waits[i] + 1, INT64_C(50) << i);
    ck_assert_int_eq(writes[0].left, 1);
    ck_assert_int_eq(writes[1].left, 0);
}
END_TEST

START_TEST(progress_starts_the_waits_anew)
{
    ddb_write writes[] = {put(make_id(1)), put(make_id(2)), put(make_id(3))};

    fk->random_byte = 0xff;
#define BACK(more)                                                             \
    answer("{'UnprocessedItems':{'users':["                                    \
           "{'PutRequest':{'Item':{'id':{'S':'k1'}}}}" more "]}}")
#define TWO ",{'PutRequest':{'Item':{'id':{'S':'k2'}}}}"
    BACK(TWO); /* one of three is done */
    BACK(TWO); /* nothing */
    BACK(TWO); /* nothing */
    BACK("");  /* one */
    BACK("");  /* nothing */
    answer("{}");
    ck_assert_int_eq(write_all(writes, 3), DDB_OK);
    ck_assert_uint_eq(fk->n_waits, 5);
    ck_assert_int_eq(fk->waits[0] + 1, 50);
    ck_assert_int_eq(fk->waits[1] + 1, 100);
    ck_assert_int_eq(fk->waits[2] + 1, 200);
    ck_assert_int_eq(fk->waits[3] + 1, 50);
    ck_assert_int_eq(fk->waits[4] + 1, 100);
}
END_TEST

START_TEST(stops_at_its_deadline)
{
    ddb_write writes[MANY];
    ddb_code code;

    for (int i = 0; i < MANY; i++)
        writes[i] = put(make_id(i));
    fk->random_byte = 0xff;
    fake_add(fk, &(fake_step){.status = 200, .body = "{}", .takes = 600});
    fake_add(fk, &(fake_step){.status = 200,
                              .body = quoted("{'UnprocessedItems':{'users':["
                                             "{'PutRequest':{'Item':"
                                             "{'id':{'S':'k30'}}}}]}}"),
                              .takes = 380});
    code = ddb_batch_write_item(client,
                                &(ddb_batch_write_in){.writes = writes,
                                                      .n_writes = MANY,
                                                      .keys = user_key,
                                                      .n_keys = 1,
                                                      .timeout_ms = 1000},
                                &err);
    /* 20 ms are left, the wait is 49. */
    ck_assert_int_eq(code, DDB_PARTIAL);
    ck_assert_uint_eq(fake_count(fk), 2);
    ck_assert_uint_eq(count_left(writes, MANY), 11);
    ck_assert_int_eq(writes[30].left, 1);
    ck_assert_int_eq(writes[49].left, 0);
    ck_assert_int_eq(writes[50].left, 1);
    ck_assert_int_le(fk->mono, 1000);
}
END_TEST

START_TEST(sends_nothing_after_its_deadline)
{
    ddb_write writes[MANY];

    for (int i = 0; i < MANY; i++)
        writes[i] = put(make_id(i));
    fake_add(fk, &(fake_step){.status = 200, .body = "{}", .takes = 1000});
    ck_assert_int_eq(
        ddb_batch_write_item(client,
                             &(ddb_batch_write_in){.writes = writes,
                                                   .n_writes = MANY,
                                                   .keys = user_key,
                                                   .n_keys = 1,
                                                   .timeout_ms = 1000},
                             &err),
        DDB_PARTIAL);
    ck_assert_uint_eq(fake_count(fk), 1);
    ck_assert_uint_eq(count_left(writes, MANY), 35);
}
END_TEST

START_TEST(describes_nothing_after_its_deadline)
{
    ddb_write writes[] = {put(make_id(1)), put(make_id(2))};

    writes[1].table = "others";
    fake_add(fk, &(fake_step){.status = 200,
                              .takes = 1000,
                              .body = quoted("{'Table':{'KeySchema':["
                                             "{'AttributeName':'id',"
                                             "'KeyType':'HASH'}]}}")});
    ck_assert_int_eq(
        ddb_batch_write_item(client,
                             &(ddb_batch_write_in){.writes = writes,
                                                   .n_writes = 2,
                                                   .timeout_ms = 1000},
                             &err),
        DDB_TIMEOUT);
    ck_assert_uint_eq(fake_count(fk), 1);
}
END_TEST

START_TEST(a_silent_server_ends_at_the_deadline)
{
    ddb_write writes[MANY];
    ddb_code code;

    for (int i = 0; i < MANY; i++)
        writes[i] = put(make_id(i));
    answer("{}");
    fake_add(fk, &(fake_step){.silent = 1});
    code = ddb_batch_write_item(client,
                                &(ddb_batch_write_in){.writes = writes,
                                                      .n_writes = MANY,
                                                      .keys = user_key,
                                                      .n_keys = 1,
                                                      .timeout_ms = 2000},
                                &err);
    ck_assert_int_eq(code, DDB_PARTIAL);
    ck_assert_int_eq(err.code, DDB_PARTIAL);
    ck_assert_int_eq(err.maybe_applied, 1);
    ck_assert_int_le(fk->mono, 2000);
    ck_assert_uint_eq(count_left(writes, MANY), 35);
}
END_TEST

START_TEST(a_failure_leaves_what_was_not_done)
{
    ddb_write writes[MANY];

    for (int i = 0; i < MANY; i++)
        writes[i] = put(make_id(i));
    answer("{}");
    fake_error(fk, 400, "ValidationException", "no");
    ck_assert_int_eq(write_all(writes, MANY), DDB_VALIDATION);
    ck_assert_str_eq(err.type, "ValidationException");
    ck_assert_uint_eq(count_left(writes, MANY), 35);
    ck_assert_int_eq(writes[24].left, 0);
    ck_assert_int_eq(writes[25].left, 1);
}
END_TEST

START_TEST(repeats_a_request)
{
    ddb_write writes[] = {put(make_id(1))};

    fake_failure(fk, DDB_NETWORK);
    fake_error(fk, 400, "ThrottlingException", "");
    answer("{}");
    ck_assert_int_eq(write_all(writes, 1), DDB_OK);
    ck_assert_uint_eq(fake_count(fk), 3);
    ck_assert_int_eq(writes[0].left, 0);
    ck_assert_int_eq(err.maybe_applied, 1);
}
END_TEST

static const char *const strange[] = {
    /* Not asked for: key, table; not readable; no key. */
    "{'UnprocessedItems':{'users':[{'PutRequest':{'Item':{'id':{'S':'x'}}}}]}}",
    "{'UnprocessedItems':{'x':[{'PutRequest':{'Item':{'id':{'S':'k1'}}}}]}}",
    "{'UnprocessedItems':{'users':[{'PutRequest':{'Item':{'id':{'S':7}}}}]}}",
    "{'UnprocessedItems':{'users':[{'PutRequest':{'Item':{'ix':{'S':'a'}}}}]}}",
    "{'UnprocessedItems':{'users':[{'PutRequest':{'Item':5}}]}}",
    "{'UnprocessedItems':{'users':{'Keys':[]}}}",
    "{'UnprocessedItems':[]}",
    "{'UnprocessedItems':{'users':[{}]}}",
    "{'UnprocessedItems':{'users':[5]}}",
    "{'UnprocessedItems':{'users':[{'PutRequest':[]}]}}",
    "{'UnprocessedItems':{'users':[{'Other':{'Item':{'id':{'S':'k1'}}}}]}}",
    "{'UnprocessedItems':{'users':[{'PutRequest':{'X':{'id':{'S':'k1'}}}}]}}",
    "{'UnprocessedItems':{'users':[{'PutRequest':{}}]}}",
    "{'UnprocessedItems':{}",
};

START_TEST(what_came_back_strangely_is_left)
{
    ddb_write writes[] = {put(make_id(1))};

    for (int i = 0; i < 4; i++)
        answer(strange[_i]);
    ck_assert_int_eq(write_all(writes, 1), DDB_BAD_ANSWER);
    ck_assert_int_eq(writes[0].left, 1);
    ck_assert_int_eq(err.maybe_applied, 1);
}
END_TEST

/* ---- Refusals ----------------------------------------------------------- */

START_TEST(writes_that_cannot_be_meant_are_refused)
{
    static const ddb_table_key two[] = {{"users", "id", "at"}};
    static const ddb_table_key half[] = {{"users", NULL, NULL}};
    const ddb_item *a = make("{'id':{'S':'a'}}");
    const ddb_item *other = make("{'name':{'S':'a'}}");
    const ddb_item *map = make("{'id':{'M':{}}}");
    const ddb_item *empty = make("{'id':{'S':''}}");
    const ddb_item *three = make("{'a':{'S':'a'},'b':{'S':'b'},'c':{'S':'c'}}");
    const struct {
        ddb_write write[2];
        size_t n;
        const ddb_table_key *keys;
        const char *why;
    } rows[] = {
        {{put(NULL)}, 1, user_key, "one of them"},
        {{{.table = "users", .put = a, .delete_key = a}},
         1,
         user_key,
         "one of them"},
        {{{.put = a}}, 1, user_key, "no table"},
        {{{.table = "no spaces", .put = a}}, 1, user_key, "able"},
        {{put(other)}, 1, user_key, "id"},
        {{put(map)}, 1, user_key, "id"},
        {{put(empty)}, 1, user_key, "id"},
        {{put(a)}, 1, two, "at"},
        {{del(a)}, 1, two, "at"},
        {{put(a)}, 1, half, "keys[0]"},
        {{del(three)}, 1, NULL, "one or two"},
        {{del(a), del(other)}, 2, NULL, "id"},
        {{put(a), del(make("{'id':{'S':'a'},'x':{'S':'b'}}"))},
         2,
         user_key,
         "1 attributes, not 2"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ddb_write writes[2] = {rows[i].write[0], rows[i].write[1]};

        REFUSED(ddb_batch_write_item(
                    client,
                    &(ddb_batch_write_in){.writes = writes,
                                          .n_writes = rows[i].n,
                                          .keys = rows[i].keys,
                                          .n_keys = rows[i].keys != NULL},
                    &err),
                rows[i].why);
        ck_assert_uint_eq(count_left(writes, rows[i].n), rows[i].n);
    }
    REFUSED(ddb_batch_write_item(client,
                                 &(ddb_batch_write_in){.timeout_ms = -1}, &err),
            "timeout_ms");
}
END_TEST

START_TEST(a_large_item_stops_all_before_the_first_request)
{
    static char text[400 * 1024];
    ddb_item *big = (ddb_item *)make_id(1);
    ddb_write writes[MANY];

    memset(text, 'x', sizeof text);
    ddb_item_set_sn(big, "text", text, sizeof text);
    for (int i = 0; i < MANY; i++)
        writes[i] = put(i < MANY - 1 ? make_id(i) : big);
    ck_assert_int_eq(write_all(writes, MANY), DDB_TOO_LARGE);
    ck_assert_uint_eq(fake_count(fk), 0);
    ck_assert_uint_eq(count_left(writes, MANY), MANY);
}
END_TEST

/* What the first request has no room for is looked at too. */
START_TEST(a_large_item_behind_a_split_stops_all_as_well)
{
    static char text[400 * 1024];
    ddb_write writes[25];

    memset(text, 1, sizeof text); /* six bytes each on the wire */
    for (int i = 0; i < 25; i++) {
        ddb_item *it = (ddb_item *)make_id(i);

        ddb_item_set_sn(it, "text", text,
                        i < 24 ? sizeof text / 2 : sizeof text);
        writes[i] = put(it);
        answer("{}");
    }
    ck_assert_int_eq(write_all(writes, 25), DDB_TOO_LARGE);
    ck_assert_uint_eq(fake_count(fk), 0);
    ck_assert_uint_eq(count_left(writes, 25), 25);
}
END_TEST

static const struct {
    size_t n; /* entries, of which the last has the long key */
    int deletes;
} long_keys[] = {{1, 0}, {MANY, 0}, {1, 1}, {MANY, 1}};

START_TEST(a_long_key_stops_all_before_the_first_request)
{
    char text[2050] = "";
    ddb_item *it = ddb_item_new();
    ddb_write writes[MANY];
    size_t n = long_keys[_i].n;

    made[n_made++] = it;
    memset(text, 'k', 2049);
    ddb_item_set_s(it, "id", text);
    for (size_t i = 0; i < n; i++) {
        const ddb_item *each = i < n - 1 ? make_id((int)i) : it;

        writes[i] = long_keys[_i].deletes ? del(each) : put(each);
        answer("{}");
    }
    ck_assert_int_eq(write_all(writes, n), DDB_TOO_LARGE);
    ck_assert_msg(strstr(err.message, "2049") != NULL, "%s", err.message);
    ck_assert_uint_eq(fake_count(fk), 0);
    ck_assert_uint_eq(count_left(writes, n), n);
}
END_TEST

START_TEST(a_failed_item_stops_all_before_the_first_request)
{
    ddb_item *bad = (ddb_item *)make_id(1);
    ddb_write writes[] = {put(make_id(2)), put(bad)};

    ddb_item_set_n(bad, "n", "1x");
    ck_assert_int_eq(write_all(writes, 2), DDB_INVALID);
    ck_assert_uint_eq(fake_count(fk), 0);
}
END_TEST

START_TEST(needs_random_numbers)
{
    ddb_write writes[] = {put(make_id(1))};

    fk->random_fails = 1;
    ck_assert_int_eq(write_all(writes, 1), DDB_SYSTEM);
    ck_assert_int_eq(writes[0].left, 1);
}
END_TEST

/* ---- Reads -------------------------------------------------------------- */

static ddb_read read_of(const ddb_item *key)
{
    return (ddb_read){.table = "users", .key = key};
}

START_TEST(reads_into_slots)
{
    ddb_capacity used = {0};
    ddb_read reads[] = {
        read_of(make("{'id':{'S':'a'}}")),
        read_of(make("{'id':{'S':'b'}}")),
        {.table = "logs", .key = make("{'at':{'N':'1'},'who':{'S':'x'}}")},
        read_of(make("{'id':{'S':'c'}}")),
        read_of(make("{'id':{'S':'a'}}"))};
    ddb_page *page = NULL;

    answer("{'Responses':{'logs':[{'who':{'S':'x'},'at':{'N':'1'},"
           "'t':{'S':'text'}}],'users':[{'id':{'S':'c'},'n':{'N':'3'}},"
           "{'id':{'S':'a'},'n':{'N':'1'}}]},'UnprocessedKeys':{},"
           "'ConsumedCapacity':[{'CapacityUnits':1},{'CapacityUnits':2}]}");
    ck_assert_int_eq(
        ddb_batch_get_item(client,
                           &(ddb_batch_get_in){.reads = reads,
                                               .n_reads = 5,
                                               .consistent_read = 1,
                                               .consumed = &used},
                           &page, &err),
        DDB_OK);
    asked(0, "BatchGetItem",
          "{'RequestItems':{'users':{'ConsistentRead':true,'Keys':["
          "{'id':{'S':'b'}},{'id':{'S':'c'}},{'id':{'S':'a'}}]},"
          "'logs':{'ConsistentRead':true,'Keys':["
          "{'at':{'N':'1'},'who':{'S':'x'}}]}},"
          "'ReturnConsumedCapacity':'INDEXES'}");
    ck_assert_uint_eq(ddb_page_count(page), 5);
    is_item(ddb_page_item(page, 0), "{'id':{'S':'a'},'n':{'N':'1'}}");
    ck_assert_ptr_null(ddb_page_item(page, 1));
    is_item(ddb_page_item(page, 2),
            "{'who':{'S':'x'},'at':{'N':'1'},'t':{'S':'text'}}");
    is_item(ddb_page_item(page, 3), "{'id':{'S':'c'},'n':{'N':'3'}}");
    is_item(ddb_page_item(page, 4), "{'id':{'S':'a'},'n':{'N':'1'}}");
    for (size_t i = 0; i < 6; i++)
        ck_assert_int_eq(ddb_page_left(page, i), 0);
    ck_assert_int_eq(ddb_page_matched(page), 4);
    ck_assert_int_eq(ddb_page_scanned(page), 5);
    ck_assert_ptr_null(ddb_page_last_key(page));
    ck_assert_double_eq(used.units, 3);
    ddb_page_free(page);
}
END_TEST

START_TEST(reads_nothing)
{
    ddb_page *page = NULL;

    ck_assert_int_eq(
        ddb_batch_get_item(client, &(ddb_batch_get_in){0}, &page, &err),
        DDB_OK);
    ck_assert_uint_eq(ddb_page_count(page), 0);
    ck_assert_uint_eq(fake_count(fk), 0);
    ddb_page_free(page);
}
END_TEST

START_TEST(splits_by_100)
{
    ddb_read reads[230];
    ddb_page *page = NULL;

    for (int i = 0; i < 230; i++)
        reads[i] = read_of(make_id(i));
    for (int i = 0; i < 3; i++)
        answer("{'Responses':{'users':[]},'UnprocessedKeys':{}}");
    ck_assert_int_eq(
        ddb_batch_get_item(client,
                           &(ddb_batch_get_in){.reads = reads, .n_reads = 230},
                           &page, &err),
        DDB_OK);
    ck_assert_uint_eq(fake_count(fk), 3);
    ck_assert_uint_eq(entries_of(0), 100);
    ck_assert_uint_eq(entries_of(1), 100);
    ck_assert_uint_eq(entries_of(2), 30);
    ddb_page_free(page);
}
END_TEST

START_TEST(asks_again_for_unprocessed_keys)
{
    ddb_read reads[] = {read_of(make("{'id':{'N':'1.0'}}")),
                        read_of(make("{'id':{'N':'2'}}")),
                        read_of(make("{'id':{'N':'3'}}"))};
    ddb_page *page = NULL;

    answer("{'Responses':{'users':[{'id':{'N':'3'}}]},'UnprocessedKeys':"
           "{'users':{'ConsistentRead':false,'Keys':[{'id':{'N':'1.00'}}]}}}");
    answer("{'Responses':{'users':[{'id':{'N':'1E0'}}]}}");
    ck_assert_int_eq(
        ddb_batch_get_item(client,
                           &(ddb_batch_get_in){.reads = reads, .n_reads = 3},
                           &page, &err),
        DDB_OK);
    asked(1, "BatchGetItem",
          "{'RequestItems':{'users':{'Keys':[{'id':{'N':'1'}}]}}}");
    ck_assert_uint_eq(fk->n_waits, 1);
    ck_assert_ptr_nonnull(ddb_page_item(page, 0));
    ck_assert_ptr_null(ddb_page_item(page, 1));
    ck_assert_ptr_nonnull(ddb_page_item(page, 2));
    ddb_page_free(page);
}
END_TEST

START_TEST(gives_what_it_could_read)
{
    ddb_read reads[] = {read_of(make("{'id':{'S':'a'}}")),
                        read_of(make("{'id':{'S':'b'}}")),
                        read_of(make("{'id':{'S':'a'}}"))};
    ddb_page *page = NULL;

    for (int i = 0; i < 9; i++)
        answer(i == 0 ? "{'Responses':{'users':[{'id':{'S':'b'}}]},"
                        "'UnprocessedKeys':{'users':{'Keys':["
                        "{'id':{'S':'a'}}]}}}"
                      : "{'Responses':{},'UnprocessedKeys':{'users':{'Keys':["
                        "{'id':{'S':'a'}}]}}}");
    ck_assert_int_eq(
        ddb_batch_get_item(client,
                           &(ddb_batch_get_in){.reads = reads, .n_reads = 3},
                           &page, &err),
        DDB_PARTIAL);
    ck_assert_int_eq(err.code, DDB_PARTIAL);
    ck_assert_int_eq(err.maybe_applied, 0);
    ck_assert_ptr_null(ddb_page_item(page, 0));
    ck_assert_int_eq(ddb_page_left(page, 0), 1);
    is_item(ddb_page_item(page, 1), "{'id':{'S':'b'}}");
    ck_assert_int_eq(ddb_page_left(page, 1), 0);
    ck_assert_int_eq(ddb_page_left(page, 2), 1);
    ck_assert_int_eq(ddb_page_matched(page), 1);
    ck_assert_int_eq(ddb_page_scanned(page), 1);
    ddb_page_free(page);
}
END_TEST

/* A projection, names, and what is asked of a table with the key id. */
static const struct {
    const char *projection;
    ddb_name names[3];
    const char *text;
    const char *all_names;
} projections[] = {
    {"id,n", {{0}}, "id,n", NULL},
    {"n, id", {{0}}, "n, id", NULL},
    {"n", {{0}}, "n,#ddb_key_0", "{'#ddb_key_0':'id'}"},
    {"idx,a.id,id2", {{0}}, "idx,a.id,id2,#ddb_key_0", "{'#ddb_key_0':'id'}"},
    {"#i,#n", {{"#i", "id"}, {"#n", "n"}}, "#i,#n", "{'#i':'id','#n':'n'}"},
    {"#n", {{"#n", "n"}}, "#n,#ddb_key_0", "{'#n':'n','#ddb_key_0':'id'}"},
    {"#ddb_key_0",
     {{"#ddb_key_0", "n"}},
     "#ddb_key_0,#ddb_key_1",
     "{'#ddb_key_0':'n','#ddb_key_1':'id'}"},
    {"#i.x",
     {{"#i", "id"}},
     "#i.x,#ddb_key_0",
     "{'#i':'id','#ddb_key_0':'id'}"},
};

START_TEST(the_key_comes_along)
{
    ddb_read reads[] = {read_of(make("{'id':{'S':'a'}}"))};
    const char *names = projections[_i].all_names;
    ddb_page *page = NULL;
    char body[512];

    answer("{'Responses':{'users':[{'id':{'S':'a'},'n':{'N':'1'}}]}}");
    ck_assert_int_eq(
        ddb_batch_get_item(
            client,
            &(ddb_batch_get_in){.reads = reads,
                                .n_reads = 1,
                                .projection = projections[_i].projection,
                                .names = projections[_i].names},
            &page, &err),
        DDB_OK);
    snprintf(body, sizeof body,
             "{'RequestItems':{'users':{'ProjectionExpression':'%s',%s%s%s"
             "'Keys':[{'id':{'S':'a'}}]}}}",
             projections[_i].text,
             names != NULL ? "'ExpressionAttributeNames':" : "",
             names != NULL ? names : "", names != NULL ? "," : "");
    asked(0, "BatchGetItem", body);
    ck_assert_ptr_nonnull(ddb_page_item(page, 0));
    ddb_page_free(page);
}
END_TEST

START_TEST(each_table_gets_its_own_keys)
{
    ddb_read reads[] = {
        read_of(make("{'id':{'S':'a'}}")),
        {.table = "logs", .key = make("{'who':{'S':'x'},'at':{'N':'1'}}")}};
    ddb_page *page = NULL;

    answer("{'Responses':{}}");
    ck_assert_int_eq(
        ddb_batch_get_item(client,
                           &(ddb_batch_get_in){.reads = reads,
                                               .n_reads = 2,
                                               .projection = "at,x"},
                           &page, &err),
        DDB_OK);
    asked(0, "BatchGetItem",
          "{'RequestItems':{'users':{'ProjectionExpression':"
          "'at,x,#ddb_key_0','ExpressionAttributeNames':"
          "{'#ddb_key_0':'id'},'Keys':[{'id':{'S':'a'}}]},"
          "'logs':{'ProjectionExpression':'at,x,#ddb_key_0',"
          "'ExpressionAttributeNames':{'#ddb_key_0':'who'},"
          "'Keys':[{'who':{'S':'x'},'at':{'N':'1'}}]}}}");
    ddb_page_free(page);
}
END_TEST

static const char *const strange_reads[] = {
    "{}",
    "{'Responses':{'users':[{'id':{'S':'x'}}]}}",
    "{'Responses':{'other':[{'id':{'S':'a'}}]}}",
    "{'Responses':{'users':[{'n':{'S':'a'}}]}}",
    "{'Responses':{'users':[5]}}",
    "{'Responses':{'users':{}}}",
    "{'Responses':{},'UnprocessedKeys':{'users':{'Keys':[{'id':{'S':'x'}}]}}}",
    "{'Responses':{},'UnprocessedKeys':{'users':[]}}",
    "{'Responses':{},'UnprocessedKeys':{'users':{'Keys':{}}}}",
};

START_TEST(strange_answers_are_refused)
{
    ddb_read reads[] = {read_of(make("{'id':{'S':'a'}}"))};
    ddb_page *page = NULL;

    for (int i = 0; i < 4; i++)
        answer(strange_reads[_i]);
    ck_assert_int_eq(
        ddb_batch_get_item(client,
                           &(ddb_batch_get_in){.reads = reads, .n_reads = 1},
                           &page, &err),
        DDB_BAD_ANSWER);
    ck_assert_ptr_null(page);
}
END_TEST

START_TEST(reads_that_cannot_be_meant_are_refused)
{
    static const ddb_name names[] = {{"#n", "n"}, {0}};
    const ddb_item *a = make("{'id':{'S':'a'}}");
    const struct {
        ddb_read read[2];
        size_t n;
        const char *projection;
        const ddb_name *names;
        const char *why;
    } rows[] = {
        {{{.table = "users"}}, 1, NULL, NULL, "no key"},
        {{{.key = a}}, 1, NULL, NULL, "no table"},
        {{read_of(a)}, 1, NULL, names, "names"},
        {{read_of(a)}, 1, "", NULL, "projection"},
        {{read_of(a), read_of(make("{'x':{'S':'a'}}"))}, 2, NULL, NULL, "id"},
        {{read_of(make("{}"))}, 1, NULL, NULL, "one or two"},
        {{read_of(make("{'id':{'BOOL':true}}"))}, 1, NULL, NULL, "id"},
    };
    ddb_page *page = NULL;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        REFUSED(ddb_batch_get_item(
                    client,
                    &(ddb_batch_get_in){.reads = rows[i].read,
                                        .n_reads = rows[i].n,
                                        .projection = rows[i].projection,
                                        .names = rows[i].names},
                    &page, &err),
                rows[i].why);
    REFUSED(ddb_batch_get_item(client, &(ddb_batch_get_in){.timeout_ms = -1},
                               &page, &err),
            "timeout_ms");
}
END_TEST

/* ---- Out of memory ------------------------------------------------------ */

static void play_write(void)
{
    answer("{'Table':{'KeySchema':["
           "{'AttributeName':'id','KeyType':'HASH'}]}}");
    answer("{'UnprocessedItems':{'users':["
           "{'PutRequest':{'Item':{'id':{'S':'k3'}}}}]}}");
    answer("{}");
}

static ddb_code write_some(ddb_client *c)
{
    ddb_write writes[10];
    ddb_code code;

    for (int i = 0; i < 10; i++)
        writes[i] = put(made[i]);
    code = ddb_batch_write_item(
        c, &(ddb_batch_write_in){.writes = writes, .n_writes = 10}, NULL);
    ck_assert((count_left(writes, 10) == 0) == (code == DDB_OK));
    return code;
}

static void play_read(void)
{
    answer("{'Responses':{'users':[{'id':{'S':'k1'}}]},'UnprocessedKeys':"
           "{'users':{'Keys':[{'id':{'S':'k3'}}]}}}");
    answer("{'Responses':{'users':[{'id':{'S':'k3'},'n':{'N':'1'}}]}}");
}

static ddb_code read_some(ddb_client *c)
{
    ddb_read reads[10];
    ddb_page *page = NULL;
    ddb_code code;

    for (int i = 0; i < 10; i++)
        reads[i] = read_of(made[i]);
    code = ddb_batch_get_item(
        c,
        &(ddb_batch_get_in){.reads = reads, .n_reads = 10, .projection = "n"},
        &page, NULL);
    ck_assert((page != NULL) == (code == DDB_OK));
    ddb_page_free(page);
    return code;
}

START_TEST(survive_nomem)
{
    for (int i = 0; i < 10; i++)
        make_id(i);
    survives_nomem(play_write, write_some);
    survives_nomem(play_read, read_some);
}
END_TEST

Suite *suite_op_batch(void)
{
    Suite *s = suite_create("op_batch");
    TCase *t = tcase_create("write");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, writes_puts_and_deletes_of_several_tables);
    tcase_add_test(t, writes_nothing);
    tcase_add_test(t, splits_by_25);
    tcase_add_test(t, splits_by_size);
    tcase_add_test(t, splits_where_a_table_begins);
    suite_add_tcase(s, t);

    t = tcase_create("key");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_last_write_of_a_key_wins);
    tcase_add_test(t, superseded_writes_share_the_fate_of_the_last);
    tcase_add_loop_test(t, knows_a_key_again, 0, ROWS(pairs));
    tcase_add_test(t, both_key_attributes_count);
    tcase_add_test(t, ten_thousand_writes_of_a_hundred_keys);
    tcase_add_test(t, learns_key_names_from_a_delete);
    tcase_add_test(t, learns_key_names_from_the_table);
    tcase_add_test(t, a_table_that_cannot_be_described_fails_all);
    tcase_add_test(t, a_description_without_key_fails_all);
    tcase_add_test(t, no_time_is_left_after_the_description);
    suite_add_tcase(s, t);

    t = tcase_create("unprocessed");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, sends_again_what_came_back_in_front);
    tcase_add_test(t, finds_numbers_that_were_rewritten);
    tcase_add_test(t, finds_a_table_by_arn_or_name);
    tcase_add_test(t, backs_off_and_gives_up_after_eight_stalls);
    tcase_add_test(t, progress_starts_the_waits_anew);
    tcase_add_test(t, stops_at_its_deadline);
    tcase_add_test(t, sends_nothing_after_its_deadline);
    tcase_add_test(t, describes_nothing_after_its_deadline);
    tcase_add_test(t, a_silent_server_ends_at_the_deadline);
    tcase_add_test(t, a_failure_leaves_what_was_not_done);
    tcase_add_test(t, repeats_a_request);
    tcase_add_loop_test(t, what_came_back_strangely_is_left, 0, ROWS(strange));
    suite_add_tcase(s, t);

    t = tcase_create("refuse");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, writes_that_cannot_be_meant_are_refused);
    tcase_add_test(t, a_large_item_stops_all_before_the_first_request);
    tcase_add_test(t, a_large_item_behind_a_split_stops_all_as_well);
    tcase_add_loop_test(t, a_long_key_stops_all_before_the_first_request, 0,
                        ROWS(long_keys));
    tcase_add_test(t, a_failed_item_stops_all_before_the_first_request);
    tcase_add_test(t, needs_random_numbers);
    suite_add_tcase(s, t);

    t = tcase_create("read");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, reads_into_slots);
    tcase_add_test(t, reads_nothing);
    tcase_add_test(t, splits_by_100);
    tcase_add_test(t, asks_again_for_unprocessed_keys);
    tcase_add_test(t, gives_what_it_could_read);
    tcase_add_loop_test(t, the_key_comes_along, 0, ROWS(projections));
    tcase_add_test(t, each_table_gets_its_own_keys);
    tcase_add_loop_test(t, strange_answers_are_refused, 0, ROWS(strange_reads));
    tcase_add_test(t, reads_that_cannot_be_meant_are_refused);
    suite_add_tcase(s, t);

    t = tcase_create("memory");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, survive_nomem);
    suite_add_tcase(s, t);
    return s;
}
