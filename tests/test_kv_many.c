/* SPDX-License-Identifier: MIT */
#include "kvfix.h"

#include <stdio.h>

/* ---- A server that keeps what is written -------------------------------- */

static struct {
    json_t *items; /* key to item */
    int fail_at;   /* the request of this number fails; 0: none */
    int hold_back; /* so many entries of each request are unprocessed */
    int requests;
    int puts;
    int deletes;
    int gets;
    size_t largest; /* entries of a request */
    char *answer;
} server;

static const char *key_of(const json_t *item)
{
    return json_string_value(
        json_object_get(json_object_get(item, "key"), "S"));
}

static json_t *write_batch(const json_t *body)
{
    json_t *entries =
        json_object_get(json_object_get(body, "RequestItems"), "tab");
    json_t *back = json_array();
    json_t *entry;
    size_t i;

    if (json_array_size(entries) > server.largest)
        server.largest = json_array_size(entries);
    json_array_foreach(entries, i, entry)
    {
        json_t *item =
            json_object_get(json_object_get(entry, "PutRequest"), "Item");
        json_t *key =
            json_object_get(json_object_get(entry, "DeleteRequest"), "Key");

        if (json_array_size(entries) - i <= (size_t)server.hold_back) {
            json_array_append(back, entry);
        } else if (item != NULL) {
            server.puts++;
            json_object_set(server.items, key_of(item), item);
        } else {
            server.deletes++;
            ck_assert_uint_eq(json_object_size(key), 2);
            json_object_del(server.items, key_of(key));
        }
    }
    if (json_array_size(back) == 0) {
        json_decref(back);
        return json_pack("{s:{}}", "UnprocessedItems");
    }
    return json_pack("{s:{s:o}}", "UnprocessedItems", "tab", back);
}

static json_t *get_batch(const json_t *body)
{
    json_t *keys = json_object_get(
        json_object_get(json_object_get(body, "RequestItems"), "tab"), "Keys");
    json_t *found = json_array();
    json_t *back = json_array();
    json_t *key;
    size_t i;

    if (json_array_size(keys) > server.largest)
        server.largest = json_array_size(keys);
    json_array_foreach(keys, i, key)
    {
        json_t *item = json_object_get(server.items, key_of(key));

        server.gets++;
        if (json_array_size(keys) - i <= (size_t)server.hold_back)
            json_array_append(back, key);
        else if (item != NULL) /* in no order */
            json_array_insert(found, 0, item);
    }
    if (json_array_size(back) == 0) {
        json_decref(back);
        return json_pack("{s:{s:o},s:{}}", "Responses", "tab", found,
                         "UnprocessedKeys");
    }
    return json_pack("{s:{s:o},s:{s:{s:o}}}", "Responses", "tab", found,
                     "UnprocessedKeys", "tab", "Keys", back);
}

/* Pages of 130 keys. */
static json_t *query(const json_t *body)
{
    const char *start = key_of(json_object_get(body, "ExclusiveStartKey"));
    json_t *keys = json_array();
    json_t *last = NULL;
    json_t *answer;
    json_t *item;
    const char *name;

    json_object_foreach(server.items, name, item)
    {
        if (start != NULL && strcmp(name, start) <= 0)
            continue;
        if (json_array_size(keys) == 130)
            break;
        last = json_pack("{s:{s:s},s:{s:s}}", "namespace", "S", "ns", "key",
                         "S", name);
        json_array_append_new(keys, last);
    }
    answer = json_pack("{s:i,s:i}", "Count", (int)json_array_size(keys),
                       "ScannedCount", (int)json_array_size(keys));
    if (json_array_size(keys) == 130)
        json_object_set(answer, "LastEvaluatedKey", last);
    json_object_set_new(answer, "Items", keys);
    return answer;
}

static void respond(void *arg, const fake_request_info *request,
                    fake_step *step)
{
    json_t *body = json_loads(request->body, 0, NULL);
    json_t *answer;

    (void)arg;
    free(server.answer);
    server.answer = NULL;
    step->status = 200;
    if (++server.requests == server.fail_at) {
        step->status = 400;
        step->body =
            "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}";
        json_decref(body);
        return;
    }
    if (strcmp(request->action, "BatchWriteItem") == 0)
        answer = write_batch(body);
    else if (strcmp(request->action, "BatchGetItem") == 0)
        answer = get_batch(body);
    else
        answer = query(body);
    step->body = server.answer = json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
    json_decref(body);
}

static void setup(void)
{
    kvfix_setup();
    memset(&server, 0, sizeof server);
    server.items = json_object();
    f->respond = respond;
}

static void teardown(void)
{
    kvfix_teardown();
    json_decref(server.items);
    free(server.answer);
}

#define MOST 260

static char names[MOST][8];
static ddb_kv_pair pairs[MOST];
static ddb_bytes keys[MOST];
static ddb_kv_entry entries[MOST];
static unsigned char left[MOST];

/* n pairs and keys, k000 and so on, with values v000. */
static void make(size_t n)
{
    memset(pairs, 0, sizeof pairs);
    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "k%03zu", i);
        keys[i] = ddb_str(names[i]);
        pairs[i].key = keys[i];
        pairs[i].value = ddb_str(names[i]);
        pairs[i].opt.kind = DDB_KV_TEXT;
        left[i] = 7;
    }
}

static size_t count_left(size_t n)
{
    size_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += pairs[i].left != 0;
    return sum;
}

/* ---- Put ---------------------------------------------------------------- */

static const size_t sizes[] = {0, 1, 25, 26, 99, 100, 101, 200, 201, 260};

START_TEST(puts_all_in_full_batches)
{
    size_t n = sizes[_i];

    make(n);
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, n, &err), DDB_OK);
    ck_assert_uint_eq(json_object_size(server.items), n);
    ck_assert_int_eq(server.puts, (int)n);
    ck_assert_int_eq(server.requests, (int)((n + 24) / 25));
    ck_assert_uint_le(server.largest, 25);
    ck_assert_uint_eq(count_left(n), 0);
}
END_TEST

START_TEST(puts_whole_entries)
{
    make(1);
    pairs[0].opt.ttl = 5;
    f->respond = NULL;
    fake_answer(f, "{\"UnprocessedItems\":{}}");
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 1, &err), DDB_OK);
    kvfix_request(0, "BatchWriteItem",
                  "{\"RequestItems\":{\"tab\":[{\"PutRequest\":{\"Item\":{"
                  "\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"k000\"},"
                  "\"value\":{\"S\":\"k000\"},\"ttl\":{\"N\":\"1767323050\"},"
                  "\"updated\":{\"N\":\"" KVFIX_NOW "\"},"
                  "\"version\":{\"B\":\"" KVFIX_VERSION "\"}}}}]}}");
}
END_TEST

START_TEST(a_batch_that_came_through_is_certain)
{
    make(1);
    f->respond = NULL;
    fake_error(f, 500, "InternalServerError", "try again");
    fake_answer(f, "{\"UnprocessedItems\":{}}");
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 1, &err), DDB_OK);
    ck_assert_int_eq(err.maybe_applied, 0);
    ck_assert_uint_eq(fake_count(f), 2);
    ck_assert_str_eq(fake_request(f, 0)->body, fake_request(f, 1)->body);
}
END_TEST

START_TEST(each_entry_has_a_version_of_its_own)
{
    const char *name;
    json_t *item;
    json_t *seen = json_object();

    make(260);
    f->random_byte = -1;
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 260, &err), DDB_OK);
    json_object_foreach(server.items, name, item)
    {
        json_t *version =
            json_object_get(json_object_get(item, "version"), "B");

        json_object_set_new(seen, json_string_value(version), json_true());
    }
    ck_assert_uint_eq(json_object_size(seen), 260);
    json_decref(seen);
}
END_TEST

/* In one window, and from one to the next. */
START_TEST(last_one_of_a_key_wins)
{
    static const size_t at[] = {1, 150};
    json_t *item;

    make(200);
    pairs[at[_i]].key = keys[0];
    pairs[at[_i]].value = ddb_str("new");
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 200, &err), DDB_OK);
    ck_assert_uint_eq(json_object_size(server.items), 199);
    item = json_object_get(server.items, "k000");
    ck_assert_str_eq(
        json_string_value(json_object_get(json_object_get(item, "value"), "S")),
        "new");
    ck_assert_uint_eq(count_left(200), 0);
}
END_TEST

START_TEST(checks_all_before_anything_is_sent)
{
    static const size_t at[] = {0, 99, 100, 259};

    make(260);
    pairs[at[_i]].key = ddb_str("");
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 260, &err), DDB_INVALID);
    ck_assert_int_eq(err.code, DDB_INVALID);
    ck_assert_int_eq(server.requests, 0);
    ck_assert_uint_eq(count_left(260), 260);
    make(260);
    keys[at[_i]] = ddb_str("\xff");
    ck_assert_int_eq(ddb_kv_delete_many(kv, keys, 260, left, &err),
                     DDB_INVALID);
    ck_assert_int_eq(ddb_kv_get_many(kv, keys, 260, entries, left, &err),
                     DDB_INVALID);
    ck_assert_int_eq(server.requests, 0);
    ck_assert_int_eq(left[0] + left[259], 2);
}
END_TEST

START_TEST(failure_tells_what_is_left)
{
    make(260);
    server.fail_at = 7; /* entries 150 to 174 */
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 260, &err), DDB_ACCESS_DENIED);
    ck_assert_uint_eq(count_left(260), 110);
    for (size_t i = 0; i < 260; i++)
        ck_assert_int_eq(pairs[i].left, i >= 150);
    ck_assert_uint_eq(json_object_size(server.items), 150);
}
END_TEST

START_TEST(unprocessed_ones_are_sent_again)
{
    make(260);
    server.hold_back = 3;
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 260, &err), DDB_PARTIAL);
    ck_assert_uint_eq(count_left(100), 3); /* the last three never go */
    ck_assert_uint_eq(count_left(260), 163);
    for (size_t i = 0; i < 260; i++)
        ck_assert_int_eq(json_object_get(server.items, names[i]) != NULL,
                         pairs[i].left == 0);
    ck_assert_int_eq(err.code, DDB_PARTIAL);
    ck_assert_uint_gt(f->n_waits, 0);
}
END_TEST

/* ---- Delete, clear ------------------------------------------------------ */

START_TEST(deletes_all_also_what_is_not_there)
{
    size_t n = sizes[_i];

    make(n);
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, n / 2, &err), DDB_OK);
    server.requests = 0;
    ck_assert_int_eq(ddb_kv_delete_many(kv, keys, n, left, &err), DDB_OK);
    ck_assert_uint_eq(json_object_size(server.items), 0);
    ck_assert_int_eq(server.requests, (int)((n + 24) / 25));
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(left[i], 0);
    ck_assert_int_eq(ddb_kv_delete_many(kv, keys, n, NULL, NULL), DDB_OK);
}
END_TEST

START_TEST(failed_delete_tells_what_is_left)
{
    make(260);
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 260, &err), DDB_OK);
    server.requests = 0;
    server.fail_at = 7;
    ck_assert_int_eq(ddb_kv_delete_many(kv, keys, 260, left, &err),
                     DDB_ACCESS_DENIED);
    for (size_t i = 0; i < 260; i++)
        ck_assert_int_eq(left[i], i >= 150);
    ck_assert_uint_eq(json_object_size(server.items), 110);
}
END_TEST

START_TEST(clears_page_by_page)
{
    size_t n = sizes[_i];
    int64_t removed = -1;

    make(n);
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, n, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_clear(kv, &removed, &err), DDB_OK);
    ck_assert_int_eq(removed, (int64_t)n);
    ck_assert_int_eq(server.deletes, (int)n);
    ck_assert_uint_eq(json_object_size(server.items), 0);
    ck_assert_int_eq(ddb_kv_clear(kv, NULL, NULL), DDB_OK);
}
END_TEST

START_TEST(clear_asks_for_all_of_the_namespace_and_its_keys_alone)
{
    ck_assert_int_eq(ddb_kv_clear(kv, NULL, &err), DDB_OK);
    kvfix_request(0, "Query",
                  "{\"TableName\":\"tab\",\"KeyConditionExpression\":"
                  "\"#n = :n\",\"ProjectionExpression\":\"#n,#k\","
                  "\"ExpressionAttributeNames\":{\"#n\":\"namespace\","
                  "\"#k\":\"key\"},\"ExpressionAttributeValues\":"
                  "{\":n\":{\"S\":\"ns\"}},\"ConsistentRead\":true}");
    ck_assert_uint_eq(fake_count(f), 1);
}
END_TEST

START_TEST(clear_that_fails_tells_how_far_it_came)
{
    int64_t removed;

    make(260);
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 260, &err), DDB_OK);
    server.requests = 0;
    server.fail_at = 1 + 3;
    ck_assert_int_eq(ddb_kv_clear(kv, &removed, &err), DDB_ACCESS_DENIED);
    ck_assert_int_eq(removed, 50);
    ck_assert_uint_eq(json_object_size(server.items), 210);
    server.fail_at = server.requests + 1;
    ck_assert_int_eq(ddb_kv_clear(kv, &removed, &err), DDB_ACCESS_DENIED);
    ck_assert_int_eq(removed, 0);
    ck_assert_int_eq(ddb_kv_clear(kv, &removed, &err), DDB_OK);
    ck_assert_int_eq(removed, 210);
}
END_TEST

/* ---- Get ---------------------------------------------------------------- */

static void clear_entries(size_t n)
{
    for (size_t i = 0; i < n; i++)
        ddb_kv_entry_clear(&entries[i]);
}

/* Every third is not there. */
START_TEST(gets_each_in_its_place)
{
    size_t n = sizes[_i];
    size_t m = 0;

    make(n);
    for (size_t i = 0; i < n; i++)
        if (i % 3 != 0)
            pairs[m++] = (ddb_kv_pair){
                .key = keys[i], .value = keys[i], .opt = {.kind = DDB_KV_TEXT}};
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, m, &err), DDB_OK);
    server.requests = 0;
    ck_assert_int_eq(ddb_kv_get_many(kv, keys, n, entries, left, &err), DDB_OK);
    ck_assert_int_eq(server.requests, (int)((n + 99) / 100));
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(left[i], 0);
        if (i % 3 == 0) {
            ck_assert_ptr_null(entries[i].key.p);
        } else {
            kvfix_bytes(entries[i].key, names[i]);
            kvfix_bytes(entries[i].value, names[i]);
            ck_assert_int_eq(entries[i].has_version, 1);
        }
    }
    clear_entries(n);
}
END_TEST

START_TEST(a_key_may_be_asked_for_twice)
{
    make(2);
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 2, &err), DDB_OK);
    keys[1] = keys[0];
    ck_assert_int_eq(ddb_kv_get_many(kv, keys, 2, entries, NULL, &err), DDB_OK);
    kvfix_bytes(entries[0].value, "k000");
    kvfix_bytes(entries[1].value, "k000");
    ck_assert_int_eq(server.gets, 1);
    clear_entries(2);
}
END_TEST

static void set_item(const char *key, const char *text)
{
    json_t *item = json_loads(text, 0, NULL);

    ck_assert_ptr_nonnull(item);
    json_object_set_new(item, "key", json_pack("{s:s}", "S", key));
    json_object_set_new(item, "namespace", json_pack("{s:s}", "S", "ns"));
    json_object_set_new(server.items, key, item);
}

START_TEST(expired_ones_are_not_there)
{
    make(2);
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 1, &err), DDB_OK);
    set_item("k001",
             "{\"value\":{\"S\":\"v\"},\"ttl\":{\"N\":\"" KVFIX_NOW "\"}}");
    ck_assert_int_eq(ddb_kv_get_many(kv, keys, 2, entries, left, &err), DDB_OK);
    ck_assert_ptr_nonnull(entries[0].key.p);
    ck_assert_ptr_null(entries[1].key.p);
    ck_assert_int_eq(left[1], 0);
    clear_entries(2);
}
END_TEST

START_TEST(what_is_no_entry_is_left_and_told)
{
    make(260);
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 260, &err), DDB_OK);
    set_item("k007",
             "{\"value\":{\"B\":\"AA==\"},\"encoding\":{\"S\":\"zz\"}}");
    set_item("k222", "{}");
    ck_assert_int_eq(ddb_kv_get_many(kv, keys, 260, entries, left, &err),
                     DDB_PARTIAL);
    ck_assert_int_eq(err.code, DDB_PARTIAL);
    ck_assert_ptr_nonnull(strstr(err.message, "\"k007\""));
    ck_assert_ptr_nonnull(strstr(err.message, "zz"));
    for (size_t i = 0; i < 260; i++) {
        ck_assert_int_eq(left[i], i == 7 || i == 222);
        ck_assert_int_eq(entries[i].key.p == NULL, left[i]);
    }
    ck_assert_int_eq(ddb_kv_get_many(kv, keys, 260, entries, NULL, NULL),
                     DDB_PARTIAL);
    clear_entries(260);
}
END_TEST

START_TEST(unprocessed_keys_are_left)
{
    make(260);
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 260, &err), DDB_OK);
    server.hold_back = 3;
    ck_assert_int_eq(ddb_kv_get_many(kv, keys, 260, entries, left, &err),
                     DDB_PARTIAL);
    ck_assert_int_eq(err.code, DDB_PARTIAL);
    for (size_t i = 0; i < 260; i++) {
        ck_assert_int_eq(left[i], i >= 97);
        ck_assert_int_eq(entries[i].key.p == NULL, left[i]);
    }
    clear_entries(260);
}
END_TEST

START_TEST(failed_get_gives_nothing)
{
    make(260);
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 260, &err), DDB_OK);
    server.fail_at = server.requests + 2;
    ck_assert_int_eq(ddb_kv_get_many(kv, keys, 260, entries, left, &err),
                     DDB_ACCESS_DENIED);
    for (size_t i = 0; i < 260; i++) {
        ck_assert_int_eq(left[i], 1);
        ck_assert_ptr_null(entries[i].memory);
        ck_assert_ptr_null(entries[i].key.p);
    }
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

#define FEW 130

static ddb_code get_and_clear(void)
{
    ddb_code code = ddb_kv_get_many(kv, keys, FEW, entries, left, &err);

    clear_entries(FEW);
    return code;
}

static void fill(void)
{
    for (size_t i = 0; i < FEW; i++)
        set_item(names[i], "{\"value\":{\"S\":\"v\"}}");
}

START_TEST(survives_every_failing_allocation)
{
    make(FEW);
    KVFIX_OOM(, ddb_kv_put_many(kv, pairs, FEW, &err));
    KVFIX_OOM(fill(), get_and_clear());
    KVFIX_OOM(fill(), ddb_kv_delete_many(kv, keys, FEW, left, &err));
    KVFIX_OOM(fill(), ddb_kv_clear(kv, NULL, &err));
}
END_TEST

#define COUNT(table) ((int)(sizeof table / sizeof table[0]))

Suite *suite_kv_many(void)
{
    Suite *s = suite_create("kv_many");
    TCase *tc = tcase_create("put");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, puts_all_in_full_batches, 0, COUNT(sizes));
    tcase_add_test(tc, puts_whole_entries);
    tcase_add_test(tc, a_batch_that_came_through_is_certain);
    tcase_add_test(tc, each_entry_has_a_version_of_its_own);
    tcase_add_loop_test(tc, last_one_of_a_key_wins, 0, 2);
    tcase_add_loop_test(tc, checks_all_before_anything_is_sent, 0, 4);
    tcase_add_test(tc, failure_tells_what_is_left);
    tcase_add_test(tc, unprocessed_ones_are_sent_again);
    suite_add_tcase(s, tc);
    tc = tcase_create("delete");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, deletes_all_also_what_is_not_there, 0,
                        COUNT(sizes));
    tcase_add_test(tc, failed_delete_tells_what_is_left);
    tcase_add_loop_test(tc, clears_page_by_page, 0, COUNT(sizes));
    tcase_add_test(tc, clear_asks_for_all_of_the_namespace_and_its_keys_alone);
    tcase_add_test(tc, clear_that_fails_tells_how_far_it_came);
    suite_add_tcase(s, tc);
    tc = tcase_create("get");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, gets_each_in_its_place, 0, COUNT(sizes));
    tcase_add_test(tc, a_key_may_be_asked_for_twice);
    tcase_add_test(tc, expired_ones_are_not_there);
    tcase_add_test(tc, what_is_no_entry_is_left_and_told);
    tcase_add_test(tc, unprocessed_keys_are_left);
    tcase_add_test(tc, failed_get_gives_nothing);
    suite_add_tcase(s, tc);
    tc = tcase_create("memory");
    tcase_set_timeout(tc, 300);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, survives_every_failing_allocation);
    suite_add_tcase(s, tc);
    return s;
}
