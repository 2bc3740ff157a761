/* SPDX-License-Identifier: MIT */
#include "kvfix.h"

static ddb_cache *cache;
static ddb_kv_entry e;

static ddb_code open_cache(const ddb_cache_options *opt)
{
    ddb_cache_close(cache);
    return ddb_cache_open(c, opt, &cache, &err);
}

static void setup(void)
{
    kvfix_setup();
    ck_assert_int_eq(
        open_cache(&(ddb_cache_options){.store = {.table = "tab"}}), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 0);
}

static void teardown(void)
{
    ddb_kv_entry_clear(&e);
    ddb_cache_close(cache);
    cache = NULL;
    kvfix_teardown();
}

/* ---- Help --------------------------------------------------------------- */

#define KEY(name_space, key)                                                   \
    "{\"namespace\":{\"S\":\"" name_space "\"},\"key\":{\"S\":\"" key "\"}}"
#define GET(name_space, key)                                                   \
    "{\"TableName\":\"tab\",\"Key\":" KEY(name_space,                          \
                                          key) ",\"ConsistentRead\""           \
                                               ":true}"

static void absent(void)
{
    fake_answer(f, "{}");
}

/* An entry, whatever was asked for. */
static void entry(const char *key, const char *value)
{
    char body[256];

    snprintf(body, sizeof body,
             "{\"Item\":{\"namespace\":{\"S\":\"x\"},\"key\":{\"S\":\"%s\"},"
             "\"value\":{\"S\":\"%s\"}}}",
             key, value);
    fake_answer(f, body);
}

static void condition_fails(void)
{
    fake_error(f, 400, "ConditionalCheckFailedException",
               "The conditional request failed");
}

static void answer_is_lost(void)
{
    fake_error(f, 500, "InternalServerError", "try again");
}

static ddb_code get(const char *key)
{
    return ddb_cache_get(cache, ddb_str(key), &e, &err);
}

/* ---- open --------------------------------------------------------------- */

static const ddb_kv_schema key_only = {.key_only = 1};

static const struct {
    const char *name;
    ddb_cache_options opt;
    const char *says;
} wrong[] = {
    {"no table", {.max_redirects = 0}, "needs a table"},
    {"a namespace of the store's",
     {.store = {.table = "tab", .name_space = "ns"}},
     "responses and redirects"},
    {"a bound below zero",
     {.store = {.table = "tab"}, .max_redirects = -1},
     "max_redirects"},
    {"the same namespace twice",
     {.store = {.table = "tab"}, .redirects = "responses"},
     "the same namespace"},
    {"a namespace that cannot be",
     {.store = {.table = "tab"}, .responses = "a##b"},
     "##"},
    {"redirects that cannot be",
     {.store = {.table = "tab"}, .redirects = ""},
     "empty"},
    {"a namespace in a key-only table",
     {.store = {.table = "tab", .schema = &key_only}, .responses = "r"},
     "no namespaces"},
    {"one key-only table for both",
     {.store = {.table = "tab", .schema = &key_only}, .redirects = "tab"},
     "not both"},
    {"a second table that cannot be",
     {.store = {.table = "tab", .schema = &key_only}, .redirects = "?"},
     "table"},
};

START_TEST(refuses_wrong_options)
{
    ck_assert_msg(open_cache(&wrong[_i].opt) == DDB_INVALID, "%s",
                  wrong[_i].name);
    ck_assert_ptr_null(cache);
    ck_assert_msg(strstr(err.message, wrong[_i].says) != NULL, "%s: %s",
                  wrong[_i].name, err.message);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

START_TEST(refuses_no_options)
{
    ck_assert_int_eq(open_cache(NULL), DDB_INVALID);
    ck_assert_int_eq(ddb_cache_open(c, NULL, &cache, NULL), DDB_INVALID);
    ck_assert_ptr_null(cache);
}
END_TEST

#define TABLE                                                                  \
    "{\"Table\":{\"TableName\":\"tab\",\"TableStatus\":\"ACTIVE\","            \
    "\"KeySchema\":[{\"AttributeName\":\"namespace\",\"KeyType\":\"HASH\"},"   \
    "{\"AttributeName\":\"key\",\"KeyType\":\"RANGE\"}],"                      \
    "\"AttributeDefinitions\":[{\"AttributeName\":\"namespace\","              \
    "\"AttributeType\":\"S\"},{\"AttributeName\":\"key\","                     \
    "\"AttributeType\":\"S\"}]}}"
#define NO_TABLE "ResourceNotFoundException"

START_TEST(one_table_is_looked_at_once)
{
    fake_answer(f, TABLE);
    ck_assert_int_eq(
        open_cache(&(ddb_cache_options){.store = {.table = "tab", .check = 1}}),
        DDB_OK);
    ck_assert_uint_eq(fake_count(f), 1);
}
END_TEST

START_TEST(a_missing_table_is_told)
{
    fake_error(f, 400, NO_TABLE, "not found");
    ck_assert_int_eq(
        open_cache(&(ddb_cache_options){.store = {.table = "tab", .check = 1}}),
        DDB_NO_TABLE);
    ck_assert_ptr_null(cache);
}
END_TEST

START_TEST(opens_without_leaks_when_memory_is_gone)
{
    const ddb_cache_options opt = {
        .store = {.table = "tab", .schema = &(ddb_kv_schema){.value = "data"}}};

    ddb_cache_close(cache);
    cache = NULL;
    KVFIX_OOM((void)0, ddb_cache_open(c, &opt, &cache, &err));
    ck_assert_ptr_nonnull(cache);
}
END_TEST

START_TEST(lends_its_stores)
{
    ck_assert_ptr_ne(ddb_cache_responses(cache), ddb_cache_redirects(cache));
    entry("k", "v");
    ck_assert_int_eq(
        ddb_kv_get(ddb_cache_responses(cache), ddb_str("k"), &e, &err), DDB_OK);
    kvfix_request(0, "GetItem", GET("responses", "k"));
    entry("k", "v");
    ck_assert_int_eq(
        ddb_kv_get(ddb_cache_redirects(cache), ddb_str("k"), &e, &err), DDB_OK);
    kvfix_request(1, "GetItem", GET("redirects", "k"));
}
END_TEST

START_TEST(close_takes_null)
{
    ddb_cache_close(NULL);
}
END_TEST

/* ---- get ---------------------------------------------------------------- */

START_TEST(a_hit_is_one_read)
{
    entry("k", "answer");
    ck_assert_int_eq(get("k"), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 1);
    kvfix_request(0, "GetItem", GET("responses", "k"));
    kvfix_bytes(e.value, "answer");
}
END_TEST

START_TEST(a_miss_is_two)
{
    absent();
    absent();
    ck_assert_int_eq(get("k"), DDB_NOT_FOUND);
    ck_assert_int_eq(err.code, DDB_NOT_FOUND);
    ck_assert_uint_eq(fake_count(f), 2);
    kvfix_request(1, "GetItem", GET("redirects", "k"));
}
END_TEST

START_TEST(follows_redirects_to_the_answer)
{
    absent();
    entry("a", "b");
    absent();
    entry("b", "c");
    entry("c", "answer");
    ck_assert_int_eq(get("a"), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 5);
    kvfix_request(0, "GetItem", GET("responses", "a"));
    kvfix_request(1, "GetItem", GET("redirects", "a"));
    kvfix_request(2, "GetItem", GET("responses", "b"));
    kvfix_request(3, "GetItem", GET("redirects", "b"));
    kvfix_request(4, "GetItem", GET("responses", "c"));
    kvfix_bytes(e.key, "c");
    kvfix_bytes(e.value, "answer");
    ck_assert_int_eq(err.code, DDB_OK);
}
END_TEST

START_TEST(a_chain_that_ends_nowhere_is_no_answer)
{
    absent();
    entry("a", "b");
    absent();
    absent();
    ck_assert_int_eq(get("a"), DDB_NOT_FOUND);
    ck_assert_uint_eq(fake_count(f), 4);
    ck_assert_ptr_null(e.memory);
}
END_TEST

static const struct {
    int max;
    int followed;
} bounds[] = {{0, 20}, {1, 1}, {3, 3}};

static void open_bounded(int max)
{
    ck_assert_int_eq(open_cache(&(ddb_cache_options){.store = {.table = "tab"},
                                                     .max_redirects = max}),
                     DDB_OK);
}

/* What leads to itself does so for ever, unless somebody stops. */
START_TEST(a_circle_ends)
{
    open_bounded(bounds[_i].max);
    for (int i = 0; i < 100; i++) {
        absent();
        entry("a", "a");
    }
    ck_assert_int_eq(get("a"), DDB_NOT_FOUND);
    ck_assert_int_eq(err.code, DDB_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "redirects"));
    ck_assert_uint_eq(fake_count(f), 1 + 2 * (size_t)bounds[_i].followed);
}
END_TEST

START_TEST(a_chain_as_long_as_the_bound_is_followed)
{
    open_bounded(bounds[_i].max);
    for (int i = 0; i < bounds[_i].followed; i++) {
        absent();
        entry("a", "b");
    }
    entry("b", "answer");
    ck_assert_int_eq(get("a"), DDB_OK);
    kvfix_bytes(e.value, "answer");
}
END_TEST

static const struct {
    const char *name;
    const char *value;
} no_keys[] = {
    {"empty", "{\"S\":\"\"}"},
    {"no text", "{\"B\":\"gASM\"}"},
};

START_TEST(a_redirect_to_what_is_no_key_is_told)
{
    char body[128];

    snprintf(body, sizeof body, "{\"Item\":{\"value\":%s}}", no_keys[_i].value);
    absent();
    fake_answer(f, body);
    ck_assert_msg(get("a") == DDB_BAD_VALUE, "%s", no_keys[_i].name);
    ck_assert_int_eq(err.code, DDB_BAD_VALUE);
    ck_assert_ptr_null(e.memory);
    ck_assert_uint_eq(fake_count(f), 2);
}
END_TEST

START_TEST(an_answer_that_cannot_be_read_is_told)
{
    fake_answer(f, "{\"Item\":{\"value\":{\"L\":[]}}}");
    ck_assert_int_eq(get("a"), DDB_BAD_VALUE);
    ck_assert_uint_eq(fake_count(f), 1);
}
END_TEST

START_TEST(a_failure_on_the_way_is_told)
{
    entry("k", "answer");
    ck_assert_int_eq(get("k"), DDB_OK);
    absent();
    fake_error(f, 400, "AccessDeniedException", "not for you");
    ck_assert_int_eq(get("a"), DDB_ACCESS_DENIED);
    ck_assert_int_eq(err.code, DDB_ACCESS_DENIED);
    ck_assert_ptr_null(e.memory);
}
END_TEST

/* The entry that is filled anew held the key. */
START_TEST(get_again_by_the_key_of_the_entry_itself)
{
    entry("k", "answer");
    absent();
    entry("k", "l");
    entry("l", "other");
    ck_assert_int_eq(get("k"), DDB_OK);
    ck_assert_int_eq(ddb_cache_get(cache, e.key, &e, &err), DDB_OK);
    kvfix_request(2, "GetItem", GET("redirects", "k"));
    kvfix_bytes(e.value, "other");
}
END_TEST

static void play_chain(void)
{
    absent();
    entry("a", "b");
    entry("b", "answer");
}

static ddb_code get_and_clear(void)
{
    ddb_code code = get("a");

    ck_assert_int_eq(e.memory != NULL, code == DDB_OK);
    ddb_kv_entry_clear(&e);
    return code;
}

START_TEST(gets_without_leaks_when_memory_is_gone)
{
    KVFIX_OOM(play_chain(), get_and_clear());
}
END_TEST

/* ---- set, redirect ------------------------------------------------------ */

#define ITEM(name_space, key, rest)                                            \
    "{\"TableName\":\"tab\",\"Item\":{\"namespace\":{\"S\":\"" name_space      \
    "\"},\"key\":{\"S\":\"" key "\"}," rest "\"updated\":{\"N\":\"" KVFIX_NOW  \
    "\"},\"version\":{\"B\":\"" KVFIX_VERSION "\"}}}"

START_TEST(set_keeps_an_answer)
{
    const ddb_kv_put_options opt = {.ttl = 10};

    absent();
    ck_assert_int_eq(
        ddb_cache_set(cache, ddb_str("k"), ddb_str("v"), &opt, &err), DDB_OK);
    kvfix_request(0, "PutItem",
                  ITEM("responses", "k",
                       "\"value\":{\"B\":\"dg==\"},"
                       "\"ttl\":{\"N\":\"1767323055\"},"));
    ck_assert_uint_eq(fake_count(f), 1);
}
END_TEST

START_TEST(redirect_is_kept_as_text)
{
    unsigned char version[16] = {0};
    const ddb_kv_put_options opt = {.ttl = 10, .version = version};

    absent();
    absent();
    ck_assert_int_eq(
        ddb_cache_redirect(cache, ddb_str("a"), ddb_str("b"), &opt, &err),
        DDB_OK);
    kvfix_request(0, "PutItem",
                  ITEM("redirects", "a",
                       "\"value\":{\"S\":\"b\"},"
                       "\"ttl\":{\"N\":\"1767323055\"},"));
    ck_assert_int_eq(version[0], 0xab);
    ck_assert_int_eq(
        ddb_cache_redirect(cache, ddb_str("a"), ddb_str("b"), NULL, &err),
        DDB_OK);
    kvfix_request(1, "PutItem",
                  ITEM("redirects", "a", "\"value\":{\"S\":\"b\"},"));
}
END_TEST

static char long_key[1025];

static const struct {
    const char *name;
    ddb_bytes from;
    ddb_bytes to;
    ddb_code code;
} no_redirects[] = {
    {"from nothing", {"", 0}, {"b", 1}, DDB_INVALID},
    {"to nothing", {"a", 1}, {"", 0}, DDB_INVALID},
    {"to no text", {"a", 1}, {"\xff", 1}, DDB_INVALID},
    {"to what is too long", {"a", 1}, {long_key, 1025}, DDB_TOO_LARGE},
};

START_TEST(refuses_redirects_between_what_is_no_key)
{
    memset(long_key, 'x', sizeof long_key);
    ck_assert_msg(ddb_cache_redirect(cache, no_redirects[_i].from,
                                     no_redirects[_i].to, NULL,
                                     &err) == no_redirects[_i].code,
                  "%s", no_redirects[_i].name);
    ck_assert_int_eq(err.code, no_redirects[_i].code);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

START_TEST(writes_without_leaks_when_memory_is_gone)
{
    KVFIX_OOM(absent(),
              ddb_cache_set(cache, ddb_str("k"), ddb_str("v"), NULL, &err));
    KVFIX_OOM(absent(), ddb_cache_redirect(cache, ddb_str("a"), ddb_str("b"),
                                           NULL, &err));
}
END_TEST

/* What is set is one thing for answers, another for redirects. */
START_TEST(redirects_are_neither_typed_nor_compressed)
{
    ck_assert_int_eq(open_cache(&(ddb_cache_options){
                         .store = {.table = "tab", .type = DDB_KV_ONLY_BYTES},
                         .redirects = "hops"}),
                     DDB_OK);
    absent();
    ck_assert_int_eq(
        ddb_cache_redirect(cache, ddb_str("a"), ddb_str("b"), NULL, &err),
        DDB_OK);
    kvfix_request(0, "PutItem", ITEM("hops", "a", "\"value\":{\"S\":\"b\"},"));
}
END_TEST

/* ---- delete ------------------------------------------------------------- */

typedef enum { GONE, THERE, LOST_AND_GONE, DENIED } outcome;

static const struct {
    outcome response;
    outcome redirect;
    ddb_code code;
    int maybe;
} deletes[] = {
    {THERE, THERE, DDB_OK, 0},
    {THERE, GONE, DDB_OK, 0},
    {GONE, THERE, DDB_OK, 0},
    {GONE, GONE, DDB_NOT_FOUND, 0},
    {LOST_AND_GONE, GONE, DDB_OK, 1},
    {GONE, LOST_AND_GONE, DDB_OK, 1},
    {LOST_AND_GONE, LOST_AND_GONE, DDB_OK, 1},
    {LOST_AND_GONE, THERE, DDB_OK, 0},
    {THERE, LOST_AND_GONE, DDB_OK, 0},
    {THERE, DENIED, DDB_ACCESS_DENIED, 0},
    {LOST_AND_GONE, DENIED, DDB_ACCESS_DENIED, 0},
    {DENIED, THERE, DDB_ACCESS_DENIED, 0},
};

static void play(outcome what)
{
    if (what == LOST_AND_GONE)
        answer_is_lost();
    if (what == THERE)
        fake_answer(f, "{}");
    else if (what == DENIED)
        fake_error(f, 400, "AccessDeniedException", "not for you");
    else
        condition_fails();
}

START_TEST(delete_takes_both)
{
    play(deletes[_i].response);
    play(deletes[_i].redirect);
    ck_assert_int_eq(ddb_cache_delete(cache, ddb_str("k"), &err),
                     deletes[_i].code);
    ck_assert_int_eq(err.code, deletes[_i].code);
    ck_assert_int_eq(err.maybe_applied, deletes[_i].maybe);
    ck_assert_uint_eq(fake_left(f), deletes[_i].response == DENIED);
}
END_TEST

static void play_deletes(void)
{
    play(THERE);
    play(GONE);
}

START_TEST(deletes_without_leaks_when_memory_is_gone)
{
    KVFIX_OOM(play_deletes(), ddb_cache_delete(cache, ddb_str("k"), &err));
}
END_TEST

/* ---- A key-only table --------------------------------------------------- */

#define KEY_ONLY(table, key)                                                   \
    "{\"TableName\":\"" table "\",\"Key\":{\"key\":{\"S\":\"" key              \
    "\"}},\"ConsistentRead\":true}"

START_TEST(key_only_redirects_have_a_table_of_their_own)
{
    ck_assert_int_eq(open_cache(&(ddb_cache_options){
                         .store = {.table = "tab", .schema = &key_only},
                         .redirects = "hops"}),
                     DDB_OK);
    play_chain();
    ck_assert_int_eq(get("a"), DDB_OK);
    kvfix_request(0, "GetItem", KEY_ONLY("tab", "a"));
    kvfix_request(1, "GetItem", KEY_ONLY("hops", "a"));
    kvfix_request(2, "GetItem", KEY_ONLY("tab", "b"));
    kvfix_bytes(e.value, "answer");
}
END_TEST

START_TEST(key_only_without_a_second_table_has_answers_alone)
{
    ck_assert_int_eq(open_cache(&(ddb_cache_options){
                         .store = {.table = "tab", .schema = &key_only}}),
                     DDB_OK);
    ck_assert_ptr_null(ddb_cache_redirects(cache));
    absent();
    ck_assert_int_eq(get("a"), DDB_NOT_FOUND);
    ck_assert_uint_eq(fake_count(f), 1);
    ck_assert_int_eq(
        ddb_cache_redirect(cache, ddb_str("a"), ddb_str("b"), NULL, &err),
        DDB_UNSUPPORTED);
    play(GONE);
    ck_assert_int_eq(ddb_cache_delete(cache, ddb_str("a"), &err),
                     DDB_NOT_FOUND);
    ck_assert_uint_eq(fake_count(f), 2);
}
END_TEST

START_TEST(key_only_tables_are_not_emptied_by_the_way)
{
    int64_t removed = 7;

    ck_assert_int_eq(open_cache(&(ddb_cache_options){
                         .store = {.table = "tab", .schema = &key_only}}),
                     DDB_OK);
    ck_assert_int_eq(ddb_cache_clear_all(cache, &removed, &err), DDB_INVALID);
    ck_assert_int_eq(removed, 0);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

/* ---- All of it ---------------------------------------------------------- */

static void page(const char *key)
{
    char body[160];

    snprintf(body, sizeof body,
             "{\"Items\":[{\"namespace\":{\"S\":\"x\"},\"key\":{\"S\":\"%s\"}}"
             "],\"Count\":1,\"ScannedCount\":1}",
             key);
    fake_answer(f, body);
    fake_answer(f, "{\"UnprocessedItems\":{}}");
}

static void two_pages(void)
{
    page("a");
    page("b");
}

START_TEST(clear_all_empties_both)
{
    int64_t removed = 7;

    two_pages();
    ck_assert_int_eq(ddb_cache_clear_all(cache, &removed, &err), DDB_OK);
    ck_assert_int_eq(removed, 2);
    ck_assert_uint_eq(fake_count(f), 4);
    ck_assert_ptr_nonnull(strstr(fake_request(f, 0)->body, "\"responses\""));
    ck_assert_ptr_nonnull(strstr(fake_request(f, 2)->body, "\"redirects\""));
    two_pages();
    ck_assert_int_eq(ddb_cache_clear_all(cache, NULL, NULL), DDB_OK);
}
END_TEST

START_TEST(clear_all_counts_up_to_a_failure)
{
    int64_t removed = 7;

    page("a");
    fake_error(f, 400, "AccessDeniedException", "not for you");
    ck_assert_int_eq(ddb_cache_clear_all(cache, &removed, &err),
                     DDB_ACCESS_DENIED);
    ck_assert_int_eq(removed, 1);
}
END_TEST

/* Asked for what has expired alone, and for chunks. */
static void expired(const char *key)
{
    char body[160];

    snprintf(body, sizeof body,
             "{\"Items\":[{\"key\":{\"S\":\"%s\"},\"ttl\":{\"N\":\"5\"}}],"
             "\"Count\":1,\"ScannedCount\":1}",
             key);
    fake_answer(f, body);
    fake_answer(f, "{}");
    fake_answer(f, "{\"Items\":[],\"Count\":0,\"ScannedCount\":0}");
}

static void two_expired(void)
{
    expired("a");
    expired("b");
}

START_TEST(clear_expired_goes_through_both)
{
    int64_t removed = 7;

    two_expired();
    ck_assert_int_eq(ddb_cache_clear_expired(cache, &removed, &err), DDB_OK);
    ck_assert_int_eq(removed, 2);
    ck_assert_uint_eq(fake_count(f), 6);
    ck_assert_str_eq(fake_request(f, 1)->action, "DeleteItem");
    ck_assert_ptr_nonnull(strstr(fake_request(f, 1)->body, "\"responses\""));
    ck_assert_ptr_nonnull(strstr(fake_request(f, 4)->body, "\"redirects\""));
}
END_TEST

START_TEST(clear_expired_of_answers_alone_is_one_listing)
{
    int64_t removed = 7;

    ck_assert_int_eq(open_cache(&(ddb_cache_options){
                         .store = {.table = "tab", .schema = &key_only}}),
                     DDB_OK);
    expired("a");
    ck_assert_int_eq(ddb_cache_clear_expired(cache, &removed, &err), DDB_OK);
    ck_assert_int_eq(removed, 1);
    ck_assert_str_eq(fake_request(f, 0)->action, "Scan");
    ck_assert_uint_eq(fake_count(f), 2);
}
END_TEST

START_TEST(clears_without_leaks_when_memory_is_gone)
{
    KVFIX_OOM(two_pages(), ddb_cache_clear_all(cache, NULL, &err));
    KVFIX_OOM(two_expired(), ddb_cache_clear_expired(cache, NULL, &err));
}
END_TEST

START_TEST(err_may_be_null_everywhere)
{
    ddb_bytes none = {"", 0};

    ck_assert_int_eq(ddb_cache_get(cache, none, &e, NULL), DDB_INVALID);
    ck_assert_int_eq(ddb_cache_set(cache, none, none, NULL, NULL), DDB_INVALID);
    ck_assert_int_eq(ddb_cache_redirect(cache, none, none, NULL, NULL),
                     DDB_INVALID);
    ck_assert_int_eq(ddb_cache_delete(cache, none, NULL), DDB_INVALID);
    ck_assert_uint_eq(fake_count(f), 0);
    absent();
    absent();
    ck_assert_int_eq(ddb_cache_get(cache, ddb_str("k"), &e, NULL),
                     DDB_NOT_FOUND);
    absent();
    fake_answer(f, "{\"Item\":{\"value\":{\"S\":\"\"}}}");
    ck_assert_int_eq(ddb_cache_get(cache, ddb_str("k"), &e, NULL),
                     DDB_BAD_VALUE);
    fake_answer(f, "{\"Items\":[],\"Count\":0,\"ScannedCount\":0}");
    fake_answer(f, "{\"Items\":[],\"Count\":0,\"ScannedCount\":0}");
    ck_assert_int_eq(ddb_cache_clear_all(cache, NULL, NULL), DDB_OK);
}
END_TEST

Suite *suite_cache(void)
{
    Suite *s = suite_create("cache");
    TCase *tc = tcase_create("cache");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, refuses_wrong_options, 0, ROWS(wrong));
    tcase_add_test(tc, refuses_no_options);
    tcase_add_test(tc, one_table_is_looked_at_once);
    tcase_add_test(tc, a_missing_table_is_told);
    tcase_add_test(tc, opens_without_leaks_when_memory_is_gone);
    tcase_add_test(tc, lends_its_stores);
    tcase_add_test(tc, close_takes_null);
    tcase_add_test(tc, a_hit_is_one_read);
    tcase_add_test(tc, a_miss_is_two);
    tcase_add_test(tc, follows_redirects_to_the_answer);
    tcase_add_test(tc, a_chain_that_ends_nowhere_is_no_answer);
    tcase_add_loop_test(tc, a_circle_ends, 0, ROWS(bounds));
    tcase_add_loop_test(tc, a_chain_as_long_as_the_bound_is_followed, 0,
                        ROWS(bounds));
    tcase_add_loop_test(tc, a_redirect_to_what_is_no_key_is_told, 0,
                        ROWS(no_keys));
    tcase_add_test(tc, an_answer_that_cannot_be_read_is_told);
    tcase_add_test(tc, a_failure_on_the_way_is_told);
    tcase_add_test(tc, get_again_by_the_key_of_the_entry_itself);
    tcase_add_test(tc, gets_without_leaks_when_memory_is_gone);
    tcase_add_test(tc, set_keeps_an_answer);
    tcase_add_test(tc, redirect_is_kept_as_text);
    tcase_add_loop_test(tc, refuses_redirects_between_what_is_no_key, 0,
                        ROWS(no_redirects));
    tcase_add_test(tc, writes_without_leaks_when_memory_is_gone);
    tcase_add_test(tc, redirects_are_neither_typed_nor_compressed);
    tcase_add_loop_test(tc, delete_takes_both, 0, ROWS(deletes));
    tcase_add_test(tc, deletes_without_leaks_when_memory_is_gone);
    tcase_add_test(tc, key_only_redirects_have_a_table_of_their_own);
    tcase_add_test(tc, key_only_without_a_second_table_has_answers_alone);
    tcase_add_test(tc, key_only_tables_are_not_emptied_by_the_way);
    tcase_add_test(tc, clear_all_empties_both);
    tcase_add_test(tc, clear_all_counts_up_to_a_failure);
    tcase_add_test(tc, clear_expired_goes_through_both);
    tcase_add_test(tc, clear_expired_of_answers_alone_is_one_listing);
    tcase_add_test(tc, clears_without_leaks_when_memory_is_gone);
    tcase_add_test(tc, err_may_be_null_everywhere);
    suite_add_tcase(s, tc);
    return s;
}
