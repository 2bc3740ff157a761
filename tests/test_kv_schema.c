/* SPDX-License-Identifier: MIT */
/* Tables that are laid out in another way: what is sent for them, and when
 * what comes from them has expired. */
#include "kvfix.h"

#include <limits.h>
#include <stdio.h>

static const ddb_kv_schema mate = {
    .ttl = "expire", .updated = "update_ts", .key_only = 1, .relative_ttl = 1};
static const ddb_kv_schema key_only = {.key_only = 1};
static const ddb_kv_schema renamed = {.name_space = "a b",
                                      .key = "size",
                                      .value = "v.1",
                                      .ttl = "expires",
                                      .updated = "at",
                                      .version = "id",
                                      .encoding = "how"};

static void open_with(const ddb_kv_schema *schema)
{
    const ddb_kv_options opt = {.table = "tab",
                                .name_space = schema->key_only ? NULL : "ns",
                                .schema = schema};

    ddb_kv_close(kv);
    kv = NULL;
    ck_assert_int_eq(ddb_kv_open(c, &opt, &kv, &err), DDB_OK);
}

static void mate_setup(void)
{
    kvfix_setup();
    open_with(&mate);
}

/* ---- When an item expires ----------------------------------------------- */

static const struct {
    const char *name;
    const char *expire; /* the attributes' JSON */
    const char *update_ts;
    int expires;
    int64_t at;
} relative[] = {
    {"seconds", "{\"N\":\"60\"}", "{\"N\":\"1000\"}", 1, 1060},
    {"a fraction of a second since", "{\"N\":\"60\"}", "{\"N\":\"1000.25\"}", 1,
     1061},
    {"two fractions make a whole", "{\"N\":\"1.5\"}", "{\"N\":\"1000.5\"}", 1,
     1002},
    {"less than a second", "{\"N\":\"0.25\"}", "{\"N\":\"1000.5\"}", 1, 1001},
    {"0 is never", "{\"N\":\"0\"}", "{\"N\":\"1000\"}", 0, 0},
    {"0.0 is never", "{\"N\":\"0.0\"}", "{\"N\":\"1000\"}", 0, 0},
    {"negative is over at once", "{\"N\":\"-5\"}", "{\"N\":\"1000\"}", 1, 995},
    {"beyond 64 bits", "{\"N\":\"1E+30\"}", "{\"N\":\"1000\"}", 1, INT64_MAX},
    {"the largest", "{\"N\":\"9223372036854775807\"}", "{\"N\":\"1000\"}", 1,
     INT64_MAX},
    {"no sum", "{\"N\":\"1E+100\"}", "{\"N\":\"0.1\"}", 0, 0},
    {"text", "{\"S\":\"60\"}", "{\"N\":\"1000\"}", 0, 0},
    {"since text", "{\"N\":\"60\"}", "{\"S\":\"1000\"}", 0, 0},
    {"no ttl", NULL, "{\"N\":\"1000\"}", 0, 0},
    {"since never", "{\"N\":\"60\"}", NULL, 0, 0},
};

START_TEST(expires_so_long_after_its_update)
{
    json_t *attributes = json_object();
    char *text;
    ddb_item *it = NULL;
    int64_t at = -1;

    if (relative[_i].expire != NULL)
        json_object_set_new(attributes, "expire",
                            json_loads(relative[_i].expire, 0, NULL));
    if (relative[_i].update_ts != NULL)
        json_object_set_new(attributes, "update_ts",
                            json_loads(relative[_i].update_ts, 0, NULL));
    text = json_dumps(attributes, 0);
    ck_assert_int_eq(ddb_item_parse(text, strlen(text), &it, &err), DDB_OK);
    ck_assert_msg(ddbi_kv_read_expiry(kv, it, &at) == relative[_i].expires,
                  "%s", relative[_i].name);
    if (relative[_i].expires)
        ck_assert_msg(at == relative[_i].at, "%s: %lld", relative[_i].name,
                      (long long)at);
    ddb_item_free(it);
    free(text);
    json_decref(attributes);
}
END_TEST

/* ---- Names -------------------------------------------------------------- */

#define RENAMED_KEY "{\"a b\":{\"S\":\"ns\"},\"size\":{\"S\":\"k\"}}"

START_TEST(all_attributes_can_have_other_names)
{
    const ddb_kv_put_options opt = {.kind = DDB_KV_TEXT, .ttl = 10};
    ddb_kv_entry e = {0};

    open_with(&renamed);
    fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_add(kv, ddb_str("k"), ddb_str("v"), &opt, &err),
                     DDB_OK);
    kvfix_request(0, "PutItem",
                  "{\"TableName\":\"tab\",\"Item\":{\"a b\":{\"S\":\"ns\"},"
                  "\"size\":{\"S\":\"k\"},\"v.1\":{\"S\":\"v\"},"
                  "\"expires\":{\"N\":\"1767323055\"},"
                  "\"at\":{\"N\":\"" KVFIX_NOW "\"},"
                  "\"id\":{\"B\":\"" KVFIX_VERSION "\"}},"
                  "\"ConditionExpression\":\"attribute_not_exists(#k) OR "
                  "#i = :mine OR #t <= :now\",\"ExpressionAttributeNames\":"
                  "{\"#k\":\"size\",\"#i\":\"id\",\"#t\":\"expires\"},"
                  "\"ExpressionAttributeValues\":{\":mine\":{\"B\":"
                  "\"" KVFIX_VERSION "\"},\":now\":{\"N\":\"" KVFIX_NOW
                  "\"}}}");
    fake_answer(f, "{\"Item\":{\"a b\":{\"S\":\"ns\"},\"size\":{\"S\":\"k\"},"
                   "\"v.1\":{\"S\":\"v\"},\"at\":{\"N\":\"7\"},"
                   "\"value\":{\"S\":\"x\"},\"ttl\":{\"N\":\"1\"}}}");
    ck_assert_int_eq(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_OK);
    kvfix_request(1, "GetItem",
                  "{\"TableName\":\"tab\",\"Key\":" RENAMED_KEY
                  ",\"ConsistentRead\":true}");
    kvfix_bytes(e.key, "k");
    kvfix_bytes(e.value, "v");
    ck_assert_int_eq(e.updated_at, 7);
    ck_assert_int_eq(e.expires_at, 0);
    ddb_kv_entry_clear(&e);
}
END_TEST

static const struct {
    const char *name;
    ddb_kv_schema schema;
    ddb_code code;
} schemas[] = {
    {"two of one name", {.value = "key"}, DDB_INVALID},
    {"the name of another one's own", {.name_space = "ttl"}, DDB_INVALID},
    {"an empty name", {.version = ""}, DDB_INVALID},
    {"a name that is no UTF-8", {.version = "\xff"}, DDB_INVALID},
    {"namespaces that are not there",
     {.value = "namespace", .key_only = 1},
     DDB_OK},
};

START_TEST(names_are_checked)
{
    const ddb_kv_options opt = {.table = "tab",
                                .name_space =
                                    schemas[_i].schema.key_only ? NULL : "ns",
                                .schema = &schemas[_i].schema};
    ddb_kv *other;

    ck_assert_msg(ddb_kv_open(c, &opt, &other, &err) == schemas[_i].code,
                  "%s: %s", schemas[_i].name, err.message);
    ck_assert_uint_eq(fake_count(f), 0);
    ddb_kv_close(other);
}
END_TEST

START_TEST(key_only_tables_have_no_namespaces)
{
    ddb_kv_options opt = {
        .table = "tab", .name_space = "ns", .schema = &key_only};
    ddb_kv *other;

    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_INVALID);
    opt.name_space = NULL;
    opt.schema = NULL;
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_INVALID);
}
END_TEST

/* ---- One key, expiry relative ------------------------------------------- */

#define KEY "\"Key\":{\"key\":{\"S\":\"k\"}}"
#define NAMES                                                                  \
    "\"ExpressionAttributeNames\":{\"#k\":\"key\",\"#t\":\"expire\","          \
    "\"#u\":\"update_ts\"}"
#define LOOK                                                                   \
    "{\"TableName\":\"tab\"," KEY ",\"ConsistentRead\":true,"                  \
    "\"ProjectionExpression\":\"#k,#t,#u\"," NAMES "}"
#define FOUND(expire)                                                          \
    "{\"key\":{\"S\":\"k\"},\"expire\":{\"N\":\"" expire                       \
    "\"},\"update_ts\":{\"N\":\"1767323000.5\"}}"
#define LIVE FOUND("45")
#define OVER FOUND("44")
#define REFUSED "ConditionalCheckFailedException"

static void condition_fails(void)
{
    fake_error(f, 400, REFUSED, "The conditional request failed");
}

static ddb_code put(const ddb_kv_put_options *opt)
{
    return ddb_kv_put(kv, ddb_str("k"), ddb_str("v"), opt, &err);
}

static const struct {
    ddb_kv_put_options opt;
    const char *expire;
} expiries[] = {
    {{.ttl = 60}, "60"}, {{.expires_at = FAKE_START + 7}, "7"}, {{0}, "0"}};

#define ENTRY                                                                  \
    "{\"key\":{\"S\":\"k\"},\"value\":{\"B\":\"dg==\"},"                       \
    "\"expire\":{\"N\":\"%s\"},\"update_ts\":{\"N\":\"" KVFIX_NOW              \
    "\"},\"version\":{\"B\":\"" KVFIX_VERSION "\"}}"

START_TEST(put_tells_seconds_from_now)
{
    char body[512];

    fake_answer(f, "{}");
    ck_assert_int_eq(put(&expiries[_i].opt), DDB_OK);
    snprintf(body, sizeof body, "{\"TableName\":\"tab\",\"Item\":" ENTRY "}",
             expiries[_i].expire);
    kvfix_request(0, "PutItem", body);
}
END_TEST

static void answer_item(const char *item)
{
    char body[256];

    snprintf(body, sizeof body, "{\"Item\":%s}", item);
    fake_answer(f, item != NULL && item[0] != '\0' ? body : "{}");
}

START_TEST(has_looks_at_both)
{
    static const struct {
        const char *item;
        ddb_code code;
    } items[] = {{LIVE, DDB_OK},
                 {OVER, DDB_NOT_FOUND},
                 {FOUND("0"), DDB_OK},
                 {"", DDB_NOT_FOUND}};

    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        answer_item(items[i].item);
        ck_assert_int_eq(ddb_kv_has(kv, ddb_str("k"), &err), items[i].code);
        ck_assert_int_eq(err.code, items[i].code);
        kvfix_request(i, "GetItem", LOOK);
    }
}
END_TEST

static ddb_code add(void)
{
    return ddb_kv_add(kv, ddb_str("k"), ddb_str("v"), NULL, &err);
}

#define ABSENT "attribute_not_exists(#k) OR #i = :mine"
#define MINE "\":mine\":{\"B\":\"" KVFIX_VERSION "\"}"

static void is_add(size_t i)
{
    char body[1024];

    snprintf(body, sizeof body,
             "{\"TableName\":\"tab\",\"Item\":" ENTRY ","
             "\"ConditionExpression\":\"" ABSENT "\","
             "\"ExpressionAttributeNames\":{\"#k\":\"key\","
             "\"#i\":\"version\"},"
             "\"ExpressionAttributeValues\":{" MINE "}}",
             "0");
    kvfix_request(i, "PutItem", body);
}

START_TEST(add_of_what_is_absent_is_one_call)
{
    fake_answer(f, "{}");
    ck_assert_int_eq(add(), DDB_OK);
    is_add(0);
    ck_assert_uint_eq(fake_count(f), 1);
}
END_TEST

START_TEST(add_replaces_what_has_expired_as_it_was_seen)
{
    char body[1024];

    condition_fails();
    answer_item(OVER);
    fake_answer(f, "{}");
    ck_assert_int_eq(add(), DDB_OK);
    ck_assert_int_eq(err.code, DDB_OK);
    is_add(0);
    kvfix_request(1, "GetItem", LOOK);
    snprintf(body, sizeof body,
             "{\"TableName\":\"tab\",\"Item\":" ENTRY ","
             "\"ConditionExpression\":\"" ABSENT " OR #t = :t AND #u = :u\","
             "\"ExpressionAttributeNames\":{\"#k\":\"key\","
             "\"#i\":\"version\",\"#t\":\"expire\",\"#u\":\"update_ts\"},"
             "\"ExpressionAttributeValues\":{" MINE ","
             "\":t\":{\"N\":\"44\"},\":u\":{\"N\":\"1767323000.5\"}}}",
             "0");
    kvfix_request(2, "PutItem", body);
}
END_TEST

START_TEST(add_leaves_what_lives_and_what_has_come_meanwhile)
{
    condition_fails();
    answer_item(LIVE);
    ck_assert_int_eq(add(), DDB_CONDITION_FAILED);
    ck_assert_int_eq(err.code, DDB_CONDITION_FAILED);
    condition_fails();
    answer_item(OVER);
    condition_fails();
    ck_assert_int_eq(add(), DDB_CONDITION_FAILED);
    ck_assert_uint_eq(fake_count(f), 5);
}
END_TEST

START_TEST(add_comes_through_when_it_is_gone_meanwhile)
{
    condition_fails();
    answer_item("");
    fake_answer(f, "{}");
    ck_assert_int_eq(add(), DDB_OK);
    is_add(0);
    is_add(2);
}
END_TEST

START_TEST(add_passes_on_that_it_could_not_look)
{
    condition_fails();
    fake_error(f, 400, "AccessDeniedException", "no");
    ck_assert_int_eq(add(), DDB_ACCESS_DENIED);
    ck_assert_str_eq(err.type, "AccessDeniedException");
    condition_fails();
    fake_error(f, 400, "AccessDeniedException", "no");
    ck_assert_int_eq(ddb_kv_add(kv, ddb_str("k"), ddb_str("v"), NULL, NULL),
                     DDB_ACCESS_DENIED);
}
END_TEST

static void answer_old(const char *item)
{
    char body[256];

    snprintf(body, sizeof body, "{\"Attributes\":%s}", item);
    fake_answer(f, body);
}

static ddb_code delete (void)
{
    return ddb_kv_delete(kv, ddb_str("k"), &err);
}

START_TEST(delete_looks_at_what_it_was)
{
    answer_old(LIVE);
    ck_assert_int_eq(delete (), DDB_OK);
    kvfix_request(0, "DeleteItem",
                  "{\"TableName\":\"tab\"," KEY
                  ",\"ReturnValues\":\"ALL_OLD\"}");
    answer_old(OVER);
    ck_assert_int_eq(delete (), DDB_NOT_FOUND);
    fake_answer(f, "{}");
    ck_assert_int_eq(delete (), DDB_NOT_FOUND);
    ck_assert_int_eq(err.code, DDB_NOT_FOUND);
    fake_failure(f, DDB_TIMEOUT);
    fake_answer(f, "{}");
    ck_assert_int_eq(delete (), DDB_OK);
    ck_assert_int_eq(err.maybe_applied, 1);
    fake_failure(f, DDB_TIMEOUT);
    answer_old(LIVE);
    ck_assert_int_eq(delete (), DDB_OK);
    ck_assert_int_eq(err.maybe_applied, 0);
}
END_TEST

/* ---- Listing, expiry relative ------------------------------------------- */

#define PAGE                                                                   \
    "{\"Count\":4,\"ScannedCount\":4,\"Items\":[" OVER "," LIVE "," OVER       \
    "," FOUND("0") "]}"

START_TEST(count_looks_at_each)
{
    int64_t n = -1;

    fake_answer(f, PAGE);
    ck_assert_int_eq(ddb_kv_count(kv, NULL, &n, &err), DDB_OK);
    ck_assert_int_eq(n, 2);
    kvfix_request(0, "Scan",
                  "{\"TableName\":\"tab\",\"ProjectionExpression\":"
                  "\"#k,#t,#u\"," NAMES ",\"ConsistentRead\":true}");
}
END_TEST

START_TEST(listing_passes_over_what_has_expired)
{
    const ddb_kv_range range = {.prefix = ddb_str("p"), .keys_only = 1};
    const ddb_kv_entry *e;
    ddb_kv_iter *iter;

    fake_answer(f, PAGE);
    ck_assert_int_eq(ddb_kv_iter_open(kv, &range, &iter, &err), DDB_OK);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
    ck_assert_int_eq(e->expires_at, FAKE_START + 1);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_OK);
    ck_assert_int_eq(e->expires_at, 0);
    ck_assert_int_eq(ddb_kv_iter_next(iter, &e, &err), DDB_NOT_FOUND);
    ddb_kv_iter_close(iter);
    kvfix_request(0, "Scan",
                  "{\"TableName\":\"tab\",\"FilterExpression\":"
                  "\"begins_with(#k, :p)\",\"ProjectionExpression\":"
                  "\"#k,#t,#u\"," NAMES ",\"ExpressionAttributeValues\":"
                  "{\":p\":{\"S\":\"p\"}},\"ConsistentRead\":true}");
}
END_TEST

START_TEST(key_only_tables_have_no_ranges)
{
    static const ddb_kv_range ranges[] = {
        {.from = {"a", 1}}, {.to = {"a", 1}}, {.reverse = 1}};
    ddb_kv_iter *iter;
    int64_t n;

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        ck_assert_int_eq(ddb_kv_iter_open(kv, &ranges[i], &iter, &err),
                         DDB_UNORDERED);
        ck_assert_ptr_null(iter);
        if (!ranges[i].reverse)
            ck_assert_int_eq(ddb_kv_count(kv, &ranges[i], &n, &err),
                             DDB_UNORDERED);
    }
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

START_TEST(clear_of_a_table_needs_leave)
{
    const ddb_kv_options opt = {
        .table = "tab", .schema = &mate, .whole_table = 1};
    int64_t n = -1;

    ck_assert_int_eq(ddb_kv_clear(kv, &n, &err), DDB_INVALID);
    ck_assert_int_eq(n, 0);
    ck_assert_uint_eq(fake_count(f), 0);
    ddb_kv_close(kv);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &kv, &err), DDB_OK);
    fake_answer(f, "{\"Count\":1,\"ScannedCount\":1,\"Items\":[{\"key\":"
                   "{\"S\":\"k\"}}]}");
    fake_answer(f, "{\"UnprocessedItems\":{}}");
    ck_assert_int_eq(ddb_kv_clear(kv, &n, &err), DDB_OK);
    ck_assert_int_eq(n, 1);
    kvfix_request(0, "Scan",
                  "{\"TableName\":\"tab\",\"ProjectionExpression\":\"#k\","
                  "\"ExpressionAttributeNames\":{\"#k\":\"key\"},"
                  "\"ConsistentRead\":true}");
    kvfix_request(1, "BatchWriteItem",
                  "{\"RequestItems\":{\"tab\":[{\"DeleteRequest\":{" KEY
                  "}}]}}");
}
END_TEST

/* ---- Opening ------------------------------------------------------------ */

#define DESCRIBED                                                              \
    "{\"Table\":{\"TableName\":\"tab\",\"TableStatus\":\"ACTIVE\","            \
    "\"KeySchema\":[{\"AttributeName\":\"key\",\"KeyType\":\"HASH\"}],"        \
    "\"AttributeDefinitions\":[{\"AttributeName\":\"key\","                    \
    "\"AttributeType\":\"S\"}]}}"

/* Seconds from an update on are none that a table's TTL understands. */
START_TEST(relative_expiry_leaves_the_tables_ttl_alone)
{
    const ddb_kv_options opt = {.table = "tab", .schema = &mate, .create = 1};
    ddb_kv *other;

    fake_error(f, 400, "ResourceNotFoundException", "no such table");
    fake_answer(f, "{\"TableDescription\":{\"TableName\":\"tab\"}}");
    fake_answer(f, DESCRIBED);
    fake_answer(f, DESCRIBED);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_OK);
    ck_assert_uint_eq(fake_left(f), 0);
    kvfix_request(1, "CreateTable",
                  "{\"TableName\":\"tab\",\"KeySchema\":[{\"AttributeName\":"
                  "\"key\",\"KeyType\":\"HASH\"}],\"AttributeDefinitions\":"
                  "[{\"AttributeName\":\"key\",\"AttributeType\":\"S\"}],"
                  "\"BillingMode\":\"PAY_PER_REQUEST\"}");
    ddb_kv_close(other);
}
END_TEST

START_TEST(the_ttl_is_that_of_the_schema)
{
    const ddb_kv_schema schema = {.ttl = "expires", .key_only = 1};
    const ddb_kv_options opt = {.table = "tab", .schema = &schema, .create = 1};
    ddb_kv *other;

    fake_answer(f, DESCRIBED);
    fake_answer(f, "{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":"
                   "\"ENABLED\",\"AttributeName\":\"ttl\"}}");
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "\"expires\""));
    fake_answer(f, DESCRIBED);
    fake_answer(f, "{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":"
                   "\"DISABLED\"}}");
    fake_answer(f, "{\"TimeToLiveSpecification\":{\"AttributeName\":"
                   "\"expires\",\"Enabled\":true}}");
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_OK);
    kvfix_request(4, "UpdateTimeToLive",
                  "{\"TableName\":\"tab\",\"TimeToLiveSpecification\":"
                  "{\"AttributeName\":\"expires\",\"Enabled\":true}}");
    ddb_kv_close(other);
}
END_TEST

START_TEST(a_table_of_other_keys_does_not_fit)
{
    ddb_kv_options opt = {.table = "tab", .name_space = "ns", .check = 1};
    const ddb_kv_schema schema = {.key = "id", .key_only = 1};
    ddb_kv *other;

    fake_answer(f, DESCRIBED);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_INVALID);
    opt.name_space = NULL;
    opt.schema = &schema;
    fake_answer(f, DESCRIBED);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_INVALID);
    opt.schema = &key_only;
    fake_answer(f, DESCRIBED);
    ck_assert_int_eq(ddb_kv_open(c, &opt, &other, &err), DDB_OK);
    ddb_kv_close(other);
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

static void script_add(void)
{
    condition_fails();
    answer_item(OVER);
    fake_answer(f, "{}");
}

static ddb_code count(void)
{
    int64_t n;

    return ddb_kv_count(kv, NULL, &n, &err);
}

static ddb_code reopen(void)
{
    const ddb_kv_options opt = {
        .table = "tab", .name_space = "ns", .schema = &renamed};
    ddb_kv *other;
    ddb_code code = ddb_kv_open(c, &opt, &other, &err);

    ck_assert(code == DDB_OK || other == NULL);
    ddb_kv_close(other);
    return code;
}

START_TEST(survives_every_failing_allocation)
{
    KVFIX_OOM(, reopen());
    KVFIX_OOM(script_add(), add());
    KVFIX_OOM(answer_old(LIVE), delete ());
    KVFIX_OOM(answer_item(LIVE), ddb_kv_has(kv, ddb_str("k"), &err));
    KVFIX_OOM(fake_answer(f, PAGE), count());
}
END_TEST

#define COUNT(table) ((int)(sizeof table / sizeof table[0]))

Suite *suite_kv_schema(void)
{
    Suite *s = suite_create("kv_schema");
    TCase *tc = tcase_create("names");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, all_attributes_can_have_other_names);
    tcase_add_loop_test(tc, names_are_checked, 0, COUNT(schemas));
    tcase_add_test(tc, key_only_tables_have_no_namespaces);
    tcase_add_test(tc, relative_expiry_leaves_the_tables_ttl_alone);
    tcase_add_test(tc, the_ttl_is_that_of_the_schema);
    tcase_add_test(tc, a_table_of_other_keys_does_not_fit);
    suite_add_tcase(s, tc);
    tc = tcase_create("relative");
    tcase_add_checked_fixture(tc, mate_setup, kvfix_teardown);
    tcase_add_loop_test(tc, expires_so_long_after_its_update, 0,
                        COUNT(relative));
    tcase_add_loop_test(tc, put_tells_seconds_from_now, 0, COUNT(expiries));
    tcase_add_test(tc, has_looks_at_both);
    tcase_add_test(tc, add_of_what_is_absent_is_one_call);
    tcase_add_test(tc, add_replaces_what_has_expired_as_it_was_seen);
    tcase_add_test(tc, add_leaves_what_lives_and_what_has_come_meanwhile);
    tcase_add_test(tc, add_comes_through_when_it_is_gone_meanwhile);
    tcase_add_test(tc, add_passes_on_that_it_could_not_look);
    tcase_add_test(tc, delete_looks_at_what_it_was);
    tcase_add_test(tc, count_looks_at_each);
    tcase_add_test(tc, listing_passes_over_what_has_expired);
    tcase_add_test(tc, key_only_tables_have_no_ranges);
    tcase_add_test(tc, clear_of_a_table_needs_leave);
    tcase_add_test(tc, survives_every_failing_allocation);
    suite_add_tcase(s, tc);
    return s;
}
