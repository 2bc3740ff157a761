/* SPDX-License-Identifier: MIT */
#include "kvfix.h"

typedef ddb_code open_fn(ddb_client *client, const ddb_kv_options *opt,
                         ddb_kv **out, ddb_err *why);

static void open_by(open_fn *fn, const ddb_kv_options *opt)
{
    ddb_kv_close(kv);
    kv = NULL;
    ck_assert_msg(fn(c, opt, &kv, &err) == DDB_OK, "%s", err.message);
    ck_assert_uint_eq(fake_count(f), 0);
}

static ddb_code put(const char *value, ddb_kv_kind kind)
{
    const ddb_kv_put_options opt = {.kind = kind, .ttl = 10};

    fake_answer(f, "{}");
    return ddb_kv_put(kv, ddb_str("k"), ddb_str(value), &opt, &err);
}

static const ddb_kv_options table = {.table = "tab"};

#define VERSION "\"version\":{\"B\":\"" KVFIX_VERSION "\"}"
#define UPDATED "\"updated\":{\"N\":\"" KVFIX_NOW "\"}"
#define DOCUMENT "{\"M\":{\"url\":{\"S\":\"u\"},\"n\":{\"N\":\"7\"}}}"

START_TEST(requests_cache_keeps_documents_under_a_key)
{
    ddb_kv_entry e = {0};

    open_by(ddb_kv_open_requests_cache, &table);
    ck_assert_int_eq(put(DOCUMENT, DDB_KV_DOCUMENT), DDB_OK);
    kvfix_request(0, "PutItem",
                  "{\"TableName\":\"tab\",\"Item\":{\"key\":{\"S\":\"k\"},"
                  "\"value\":" DOCUMENT ",\"ttl\":{\"N\":\"1767323055\"}," //
                  UPDATED "," VERSION "}}");
    fake_answer(f, "{\"Item\":{\"key\":{\"S\":\"k\"},\"value\":" DOCUMENT
                   ",\"ttl\":{\"N\":\"1767323046\"}}}");
    ck_assert_int_eq(ddb_kv_get(kv, ddb_str("k"), &e, &err), DDB_OK);
    ck_assert_int_eq(e.kind, DDB_KV_DOCUMENT);
    kvfix_same_json(e.value.p, DOCUMENT);
    ck_assert_int_eq(e.expires_at, FAKE_START + 1);
    ddb_kv_entry_clear(&e);
}
END_TEST

START_TEST(requests_cache_before_1_has_namespaces)
{
    const ddb_kv_options opt = {.table = "tab", .name_space = "responses"};

    open_by(ddb_kv_open_requests_cache, &opt);
    ck_assert_int_eq(put("\x80\x04N.", DDB_KV_BYTES), DDB_OK);
    kvfix_request(0, "PutItem",
                  "{\"TableName\":\"tab\",\"Item\":{\"namespace\":"
                  "{\"S\":\"responses\"},\"key\":{\"S\":\"k\"},"
                  "\"value\":{\"B\":\"gAROLg==\"},"
                  "\"ttl\":{\"N\":\"1767323055\"}," UPDATED "," VERSION "}}");
}
END_TEST

START_TEST(pynamodb_mate_keeps_bytes_and_seconds_from_an_update)
{
    open_by(ddb_kv_open_pynamodb_mate, &table);
    ck_assert_int_eq(put("{}", DDB_KV_TEXT), DDB_OK);
    kvfix_request(0, "PutItem",
                  "{\"TableName\":\"tab\",\"Item\":{\"key\":{\"S\":\"k\"},"
                  "\"value\":{\"B\":\"e30=\"},\"expire\":{\"N\":\"10\"},"
                  "\"update_ts\":{\"N\":\"" KVFIX_NOW "\"}," VERSION "}}");
}
END_TEST

START_TEST(what_the_other_could_not_read_is_refused)
{
    static open_fn *const fns[] = {ddb_kv_open_requests_cache,
                                   ddb_kv_open_pynamodb_mate};
    static const ddb_kv_schema own;
    static const ddb_kv_options refused[] = {
        {.table = "tab", .shards = 4},
        {.table = "tab", .compress = 1},
        {.table = "tab", .large = 1},
        {.table = "tab", .schema = &own},
        {.table = NULL},
    };

    for (size_t i = 0; i < 2 * sizeof refused / sizeof refused[0]; i++) {
        ddb_kv *other = kv;

        ck_assert_int_eq(fns[i % 2](c, &refused[i / 2], &other, &err),
                         DDB_INVALID);
        ck_assert_ptr_null(other);
        ck_assert_str_ne(err.message, "");
    }
    for (size_t i = 0; i < 2; i++) {
        ddb_kv *other = kv;

        ck_assert_int_eq(fns[i](c, NULL, &other, &err), DDB_INVALID);
        ck_assert_ptr_null(other);
    }
}
END_TEST

START_TEST(pynamodb_mate_has_no_namespaces)
{
    const ddb_kv_options opt = {.table = "tab", .name_space = "ns"};
    ddb_kv *other;

    ck_assert_int_eq(ddb_kv_open_pynamodb_mate(c, &opt, &other, &err),
                     DDB_INVALID);
}
END_TEST

static ddb_code open_and_close(open_fn *fn)
{
    ddb_kv *other;
    ddb_code code = fn(c, &table, &other, &err);

    ck_assert_int_eq(other != NULL, code == DDB_OK);
    ddb_kv_close(other);
    return code;
}

START_TEST(survives_every_failing_allocation)
{
    KVFIX_OOM(, open_and_close(ddb_kv_open_requests_cache));
    KVFIX_OOM(, open_and_close(ddb_kv_open_pynamodb_mate));
}
END_TEST

Suite *suite_kv_presets(void)
{
    Suite *s = suite_create("kv_presets");
    TCase *tc = tcase_create("presets");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, requests_cache_keeps_documents_under_a_key);
    tcase_add_test(tc, requests_cache_before_1_has_namespaces);
    tcase_add_test(tc, pynamodb_mate_keeps_bytes_and_seconds_from_an_update);
    tcase_add_test(tc, what_the_other_could_not_read_is_refused);
    tcase_add_test(tc, pynamodb_mate_has_no_namespaces);
    tcase_add_test(tc, survives_every_failing_allocation);
    suite_add_tcase(s, tc);
    return s;
}
