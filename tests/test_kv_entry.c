/* SPDX-License-Identifier: MIT */
#include "kvfix.h"

#include "wire/limits.h"

#include <limits.h>

#define NOW 1000

/* ---- Reading ------------------------------------------------------------ */

static const struct {
    const char *name;
    const char *item;
    ddb_code code;
    ddb_kv_kind kind;
    const char *value;
    int64_t expires_at;
    int64_t updated_at;
    int has_version;
} reads[] = {
    {"text", "{\"value\":{\"S\":\"abc\"}}", DDB_OK, DDB_KV_TEXT, "abc", 0, 0,
     0},
    {"empty text", "{\"value\":{\"S\":\"\"}}", DDB_OK, DDB_KV_TEXT, "", 0, 0,
     0},
    {"bytes", "{\"value\":{\"B\":\"AQID\"}}", DDB_OK, DDB_KV_BYTES,
     "\x01\x02\x03", 0, 0, 0},
    {"number", "{\"value\":{\"N\":\"-1.5\"}}", DDB_OK, DDB_KV_NUMBER, "-1.5", 0,
     0, 0},
    {"all of it",
     "{\"value\":{\"S\":\"a\"},\"ttl\":{\"N\":\"1001\"},"
     "\"updated\":{\"N\":\"999\"},"
     "\"version\":{\"B\":\"" KVFIX_VERSION "\"}}",
     DDB_OK, DDB_KV_TEXT, "a", 1001, 999, 1},
    {"attributes of others are passed over",
     "{\"value\":{\"S\":\"a\"},\"flags\":{\"L\":[]},\"x\":{\"NULL\":true}}",
     DDB_OK, DDB_KV_TEXT, "a", 0, 0, 0},
    {"expired before", "{\"value\":{\"S\":\"a\"},\"ttl\":{\"N\":\"999\"}}",
     DDB_NOT_FOUND, 0, NULL, 0, 0, 0},
    {"expired just now", "{\"value\":{\"S\":\"a\"},\"ttl\":{\"N\":\"1000\"}}",
     DDB_NOT_FOUND, 0, NULL, 0, 0, 0},
    {"expired at 0", "{\"value\":{\"S\":\"a\"},\"ttl\":{\"N\":\"0\"}}",
     DDB_NOT_FOUND, 0, NULL, 0, 0, 0},
    {"expired before 1970", "{\"value\":{\"S\":\"a\"},\"ttl\":{\"N\":\"-7\"}}",
     DDB_NOT_FOUND, 0, NULL, 0, 0, 0},
    {"what has expired is not looked at",
     "{\"encoding\":{\"S\":\"z\"},\"ttl\":{\"N\":\"1\"}}", DDB_NOT_FOUND, 0,
     NULL, 0, 0, 0},
    {"a fraction before", "{\"value\":{\"S\":\"a\"},\"ttl\":{\"N\":\"999.5\"}}",
     DDB_NOT_FOUND, 0, NULL, 0, 0, 0},
    {"a fraction behind",
     "{\"value\":{\"S\":\"a\"},\"ttl\":{\"N\":\"1000.5\"}}", DDB_OK,
     DDB_KV_TEXT, "a", 1001, 0, 0},
    {"a fraction of one", "{\"value\":{\"S\":\"a\"},\"ttl\":{\"N\":\"0.05\"}}",
     DDB_NOT_FOUND, 0, NULL, 0, 0, 0},
    {"beyond 64 bits", "{\"value\":{\"S\":\"a\"},\"ttl\":{\"N\":\"1E+30\"}}",
     DDB_OK, DDB_KV_TEXT, "a", INT64_MAX, 0, 0},
    {"just beyond 64 bits",
     "{\"value\":{\"S\":\"a\"},\"ttl\":{\"N\":\"9223372036854775808\"}}",
     DDB_OK, DDB_KV_TEXT, "a", INT64_MAX, 0, 0},
    {"beyond 64 bits, below zero",
     "{\"value\":{\"S\":\"a\"},\"ttl\":{\"N\":\"-1E+30\"}}", DDB_NOT_FOUND, 0,
     NULL, 0, 0, 0},
    {"ttl that is no number", "{\"value\":{\"S\":\"a\"},\"ttl\":{\"S\":\"1\"}}",
     DDB_OK, DDB_KV_TEXT, "a", 0, 0, 0},
    {"updated at a fraction",
     "{\"value\":{\"S\":\"a\"},\"updated\":{\"N\":\"999.75\"}}", DDB_OK,
     DDB_KV_TEXT, "a", 0, 999, 0},
    {"updated beyond 64 bits",
     "{\"value\":{\"S\":\"a\"},\"updated\":{\"N\":\"1E+30\"}}", DDB_OK,
     DDB_KV_TEXT, "a", 0, INT64_MAX, 0},
    {"updated that is no number",
     "{\"value\":{\"S\":\"a\"},\"updated\":{\"S\":\"then\"}}", DDB_OK,
     DDB_KV_TEXT, "a", 0, 0, 0},
    {"version of another length",
     "{\"value\":{\"S\":\"a\"},\"version\":{\"B\":\"AQID\"}}", DDB_OK,
     DDB_KV_TEXT, "a", 0, 0, 0},
    {"coded value",
     "{\"value\":{\"B\":\"AQID\"},\"encoding\":{\"S\":\"zstd\"}}",
     DDB_UNSUPPORTED, 0, NULL, 0, 0, 0},
    {"coded in no text",
     "{\"value\":{\"B\":\"AQID\"},\"encoding\":{\"BOOL\":true}}",
     DDB_UNSUPPORTED, 0, NULL, 0, 0, 0},
    {"no value", "{\"x\":{\"S\":\"a\"}}", DDB_BAD_VALUE, 0, NULL, 0, 0, 0},
    {"a map as value", "{\"value\":{\"M\":{}}}", DDB_BAD_VALUE, 0, NULL, 0, 0,
     0},
};

START_TEST(reads_entry)
{
    const char *text = reads[_i].item;
    ddb_item *it;
    ddb_kv_entry e;
    ddb_code code;

    ck_assert_int_eq(ddb_item_parse(text, strlen(text), &it, &err), DDB_OK);
    ddb_item_set_s(it, "key", "k");
    code = ddbi_kv_read_entry(kv, it, NOW, 0, &e, &err);
    ck_assert_msg(code == reads[_i].code, "%s: %s", reads[_i].name,
                  ddb_code_name(code));
    if (code == DDB_OK) {
        kvfix_bytes(e.key, "k");
        kvfix_bytes(e.value, reads[_i].value);
        ck_assert_int_eq(((const char *)e.value.p)[e.value.n], '\0');
        ck_assert_int_eq(e.kind, reads[_i].kind);
        ck_assert_int_eq(e.expires_at, reads[_i].expires_at);
        ck_assert_int_eq(e.updated_at, reads[_i].updated_at);
        ck_assert_int_eq(e.has_version, reads[_i].has_version);
        if (e.has_version)
            ck_assert_int_eq(e.version[15], 0xab);
    } else {
        ck_assert_int_eq(err.code, code);
        ck_assert_str_ne(err.message, "");
    }
    ddb_item_free(it);
}
END_TEST

START_TEST(names_key_and_coding_that_it_cannot_read)
{
    ddb_item *it = ddb_item_new();
    ddb_kv_entry e;

    err = (ddb_err){0};
    ddb_item_set_s(it, "key", "k");
    ddb_item_set_s(it, "value", "x");
    ddb_item_set_s(it, "encoding", "deflate+chunks");
    ck_assert_int_eq(ddbi_kv_read_entry(kv, it, NOW, 0, &e, &err),
                     DDB_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(err.message, "\"k\""));
    ck_assert_ptr_nonnull(strstr(err.message, "deflate+chunks"));
    ck_assert_ptr_null(e.value.p);
    ck_assert_int_eq(ddbi_kv_take_entry(kv, it, NOW, &e, NULL),
                     DDB_UNSUPPORTED);
    ck_assert_ptr_null(e.memory); /* and the item is freed */
}
END_TEST

START_TEST(keys_alone_need_no_value)
{
    ddb_item *it = ddb_item_new();
    ddb_kv_entry e;

    ddb_item_set_i64(it, "ttl", NOW + 1);
    ck_assert_int_eq(ddbi_kv_read_entry(kv, it, NOW, 1, &e, &err), DDB_OK);
    ck_assert_ptr_null(e.value.p);
    ck_assert_int_eq(e.expires_at, NOW + 1);
    ddb_item_free(it);
}
END_TEST

START_TEST(clearing_nothing_is_fine)
{
    ddb_kv_entry e = {0};

    ddb_kv_entry_clear(&e);
    ddb_kv_entry_clear(NULL);
    ck_assert_ptr_null(e.memory);
}
END_TEST

/* ---- Writing ------------------------------------------------------------ */

static const unsigned char version[DDBI_KV_VERSION_SIZE] = {1};

#define ITEM(rest)                                                             \
    "{\"namespace\":{\"S\":\"ns\"},\"key\":{\"S\":\"k\"}," rest                \
    ",\"updated\":{\"N\":\"1000\"},"                                           \
    "\"version\":{\"B\":\"AQAAAAAAAAAAAAAAAAAAAA==\"}}"

static const struct {
    const char *name;
    ddb_bytes value;
    ddb_kv_put_options opt;
    ddb_code code;
    const char *item; /* or what the message has */
} writes[] = {
    {"bytes", {"\x01\xff", 2}, {0}, DDB_OK, ITEM("\"value\":{\"B\":\"Af8=\"}")},
    {"no bytes", {NULL, 0}, {0}, DDB_OK, ITEM("\"value\":{\"B\":\"\"}")},
    {"text",
     {"a\xc3\xa4", 3},
     {.kind = DDB_KV_TEXT},
     DDB_OK,
     ITEM("\"value\":{\"S\":\"a\xc3\xa4\"}")},
    {"no text",
     {NULL, 0},
     {.kind = DDB_KV_TEXT},
     DDB_OK,
     ITEM("\"value\":{\"S\":\"\"}")},
    {"number",
     {"-0.50", 5},
     {.kind = DDB_KV_NUMBER},
     DDB_OK,
     ITEM("\"value\":{\"N\":\"-0.5\"}")},
    {"number of which more is lent",
     {"42junk", 2},
     {.kind = DDB_KV_NUMBER},
     DDB_OK,
     ITEM("\"value\":{\"N\":\"42\"}")},
    {"ttl",
     {"a", 1},
     {.kind = DDB_KV_TEXT, .ttl = 60},
     DDB_OK,
     ITEM("\"value\":{\"S\":\"a\"},\"ttl\":{\"N\":\"1060\"}")},
    {"expires_at",
     {"a", 1},
     {.kind = DDB_KV_TEXT, .expires_at = 1001},
     DDB_OK,
     ITEM("\"value\":{\"S\":\"a\"},\"ttl\":{\"N\":\"1001\"}")},
    {"bytes from nowhere", {NULL, 1}, {0}, DDB_INVALID, "NULL"},
    {"text that is none",
     {"\xff", 1},
     {.kind = DDB_KV_TEXT},
     DDB_INVALID,
     "UTF-8"},
    {"number that is none",
     {"4x", 2},
     {.kind = DDB_KV_NUMBER},
     DDB_INVALID,
     "number"},
    {"no number", {NULL, 0}, {.kind = DDB_KV_NUMBER}, DDB_INVALID, "number"},
    {"number that is too long",
     {"123456789012345678901234567890123456789", 39},
     {.kind = DDB_KV_NUMBER},
     DDB_TOO_LARGE,
     "38 digits"},
    {"no such kind", {"a", 1}, {.kind = (ddb_kv_kind)9}, DDB_INVALID, "kind"},
    {"ttl below zero", {"a", 1}, {.ttl = -1}, DDB_INVALID, "negative"},
    {"expires_at below zero",
     {"a", 1},
     {.expires_at = -1},
     DDB_INVALID,
     "negative"},
    {"ttl and expires_at",
     {"a", 1},
     {.ttl = 1, .expires_at = 2000},
     DDB_INVALID,
     "exclude"},
    {"ttl without end", {"a", 1}, {.ttl = INT64_MAX}, DDB_INVALID, "too long"},
    {"expires_at in the past",
     {"a", 1},
     {.expires_at = 1000},
     DDB_INVALID,
     "past"},
};

START_TEST(writes_entry)
{
    ddb_kv_pair pair = {
        .key = ddb_str("k"), .value = writes[_i].value, .opt = writes[_i].opt};
    ddb_item *it = ddb_item_new();
    char *text = NULL;
    int large;
    ddb_code code = ddbi_kv_set_pair(kv, &pair, NOW, version, it, &large, &err);

    ck_assert_msg(code == writes[_i].code, "%s: %s: %s", writes[_i].name,
                  ddb_code_name(code), err.message);
    if (code == DDB_OK) {
        ck_assert_int_eq(ddb_item_format(it, &text, NULL, &err), DDB_OK);
        kvfix_same_json(text, writes[_i].item);
    } else {
        ck_assert_int_eq(err.code, code);
        ck_assert_msg(strstr(err.message, writes[_i].item) != NULL, "%s",
                      err.message);
    }
    ddb_free(text);
    ddb_item_free(it);
}
END_TEST

/* The item's 400 KB hold all names and values. */
START_TEST(takes_what_an_item_can_hold_and_not_a_byte_more)
{
    static char big[DDBI_MAX_ITEM + 1];
    ddb_kv_pair pair = {.key = ddb_str("k"), .value = {big, 0}};
    ddb_item *it = ddb_item_new();
    int large;

    ck_assert_int_eq(
        ddbi_kv_set_pair(kv, &pair, NOW, version, it, &large, &err), DDB_OK);
    pair.value.n = DDBI_MAX_ITEM - ddb_item_size(it);
    ck_assert_int_eq(
        ddbi_kv_set_pair(kv, &pair, NOW, version, it, &large, &err), DDB_OK);
    ck_assert_uint_eq(ddb_item_size(it), DDBI_MAX_ITEM);
    pair.value.n++;
    ck_assert_int_eq(
        ddbi_kv_set_pair(kv, &pair, NOW, version, it, &large, &err),
        DDB_TOO_LARGE);
    ck_assert_ptr_nonnull(strstr(err.message, "409600"));
    pair.value.n = sizeof big;
    ck_assert_int_eq(
        ddbi_kv_set_pair(kv, &pair, NOW, version, it, &large, NULL),
        DDB_TOO_LARGE);
    ddb_item_free(it);
}
END_TEST

static const struct {
    const char *name;
    const char *start;
    size_t pad; /* so many letters behind it */
    ddb_code code;
} keys[] = {
    {"one byte", "a", 0, DDB_OK},
    {"a space", " ", 0, DDB_OK},
    {"control characters", "\x01\n\x7f", 0, DDB_OK},
    {"the last character", "\xf4\x8f\xbf\xbf", 0, DDB_OK},
    {"1024 bytes", "", 1024, DDB_OK},
    {"1024 bytes with a long character", "\xf0\x9f\x98\x80", 1020, DDB_OK},
    {"empty", "", 0, DDB_INVALID},
    {"1025 bytes", "", 1025, DDB_TOO_LARGE},
    {"a lone surrogate", "\xed\xa0\x80", 0, DDB_INVALID},
    {"an overlong slash", "\xc0\xaf", 0, DDB_INVALID},
    {"cut in a character", "a\xe2\x82", 0, DDB_INVALID},
    {"beyond Unicode", "\xf4\x90\x80\x80", 0, DDB_INVALID},
    {"Latin-1", "\xe4", 0, DDB_INVALID},
};

START_TEST(checks_keys)
{
    char key[1100];
    size_t n = strlen(keys[_i].start);
    ddb_item *it = ddb_item_new();
    ddb_code code;

    memcpy(key, keys[_i].start, n);
    memset(key + n, 'x', keys[_i].pad);
    n += keys[_i].pad;
    code = ddbi_kv_set_key(kv, (ddb_bytes){key, n}, it, &err);
    ck_assert_msg(code == keys[_i].code, "%s: %s", keys[_i].name,
                  ddb_code_name(code));
    if (code == DDB_OK) {
        ddb_bytes got = ddb_value_bytes(ddb_item_get(it, "key"));

        ck_assert_uint_eq(got.n, n);
        ck_assert_mem_eq(got.p, key, n);
        kvfix_bytes(ddb_value_bytes(ddb_item_get(it, "namespace")), "ns");
    }
    ddb_item_free(it);
}
END_TEST

START_TEST(a_nul_in_a_key_is_kept)
{
    ddb_item *it = ddb_item_new();

    ck_assert_int_eq(ddbi_kv_set_key(kv, (ddb_bytes){"a\0b", 3}, it, &err),
                     DDB_OK);
    ck_assert_mem_eq(ddb_value_bytes(ddb_item_get(it, "key")).p, "a\0b", 3);
    ddb_item_free(it);
}
END_TEST

START_TEST(no_random_bytes_are_an_error)
{
    unsigned char out[DDBI_KV_VERSION_SIZE];

    f->random_fails = 1;
    ck_assert_int_eq(ddbi_kv_draw_versions(kv, out, 1, &err), DDB_SYSTEM);
}
END_TEST

#define COUNT(table) ((int)(sizeof table / sizeof table[0]))

Suite *suite_kv_entry(void)
{
    Suite *s = suite_create("kv_entry");
    TCase *tc = tcase_create("read");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, reads_entry, 0, COUNT(reads));
    tcase_add_test(tc, names_key_and_coding_that_it_cannot_read);
    tcase_add_test(tc, keys_alone_need_no_value);
    tcase_add_test(tc, clearing_nothing_is_fine);
    suite_add_tcase(s, tc);
    tc = tcase_create("write");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, writes_entry, 0, COUNT(writes));
    tcase_add_test(tc, takes_what_an_item_can_hold_and_not_a_byte_more);
    tcase_add_loop_test(tc, checks_keys, 0, COUNT(keys));
    tcase_add_test(tc, a_nul_in_a_key_is_kept);
    tcase_add_test(tc, no_random_bytes_are_an_error);
    suite_add_tcase(s, tc);
    return s;
}
