/* SPDX-License-Identifier: MIT */
/* The header of a split namespace. */
#include "kvfix.h"

static ddb_kv *split;

static ddb_code open_as(const char *name_space, int shards)
{
    const ddb_kv_options opt = {
        .table = "tab", .name_space = name_space, .shards = shards};

    return ddb_kv_open(c, &opt, &split, &err);
}

#define HEADER(n)                                                              \
    "{\"namespace\":{\"S\":\"ns##meta\"},\"key\":{\"S\":\"shards\"},"          \
    "\"value\":{\"N\":\"" n "\"}}"
#define FOUND(header) "{\"Item\":" header "}"
#define HEADER_GET                                                             \
    "{\"TableName\":\"tab\",\"Key\":{\"namespace\":{\"S\":\"ns##meta\"},"      \
    "\"key\":{\"S\":\"shards\"}},\"ConsistentRead\":true}"
#define HEADER_PUT                                                                   \
    "{\"TableName\":\"tab\",\"Item\":" HEADER(                                       \
        "8") ","                                                                     \
             "\"ConditionExpression\":\"attribute_not_exists(#k) OR #v = :shards\"," \
             "\"ExpressionAttributeNames\":{\"#k\":\"key\",\"#v\":\"value\"},"       \
             "\"ExpressionAttributeValues\":{\":shards\":{\"N\":\"8\"}}}"

/* ---- At open ------------------------------------------------------------ */

static const struct {
    int shards;
    ddb_code code;
} numbers[] = {{-1, DDB_INVALID},
               {0, DDB_OK},
               {1, DDB_OK},
               {1024, DDB_OK},
               {1025, DDB_INVALID}};

START_TEST(so_many_shards_there_can_be)
{
    if (numbers[_i].code == DDB_OK && numbers[_i].shards > 0)
        fake_answer(f, "{}");
    ck_assert_int_eq(open_as("ns", numbers[_i].shards), numbers[_i].code);
    ck_assert_int_eq(split != NULL, numbers[_i].code == DDB_OK);
    ck_assert_uint_eq(fake_count(f),
                      numbers[_i].code == DDB_OK && numbers[_i].shards > 0);
    ddb_kv_close(split);
}
END_TEST

START_TEST(a_key_only_table_has_none)
{
    const ddb_kv_schema schema = {.key_only = 1};
    const ddb_kv_options opt = {.table = "tab", .schema = &schema, .shards = 2};

    ck_assert_int_eq(ddb_kv_open(c, &opt, &split, &err), DDB_INVALID);
    ck_assert_uint_eq(fake_count(f), 0);
}
END_TEST

/* The suffix of the header's partition has to fit, too. */
START_TEST(the_name_is_shorter)
{
    static char name[2044];

    memset(name, 'n', 2043);
    ck_assert_int_eq(open_as(name, 2), DDB_TOO_LARGE);
    name[2042] = '\0';
    fake_answer(f, "{}");
    ck_assert_int_eq(open_as(name, 2), DDB_OK);
    ddb_kv_close(split);
}
END_TEST

static const struct {
    const char *header; /* NULL: an error of this type */
    ddb_code code;
    const char *says;
} headers[] = {
    {"{}", DDB_OK, ""},
    {FOUND(HEADER("8")), DDB_OK, ""},
    {FOUND(HEADER("16")), DDB_INVALID, "namespace \"ns\" has 16 shards, not 8"},
    {FOUND(HEADER("0")), DDB_BAD_VALUE, "\"ns\""},
    {FOUND(HEADER("1025")), DDB_BAD_VALUE, "\"ns\""},
    {FOUND("{\"value\":{\"S\":\"8\"}}"), DDB_BAD_VALUE, "\"ns\""},
    {NULL, DDB_ACCESS_DENIED, "so it is"},
};

START_TEST(the_header_is_read_and_compared)
{
    if (headers[_i].header != NULL)
        fake_answer(f, headers[_i].header);
    else
        fake_error(f, 400, "AccessDeniedException", "so it is");
    ck_assert_int_eq(open_as("ns", 8), headers[_i].code);
    ck_assert_int_eq(split != NULL, headers[_i].code == DDB_OK);
    ck_assert_int_eq(err.code, headers[_i].code);
    ck_assert_ptr_nonnull(strstr(err.message, headers[_i].says));
    kvfix_request(0, "GetItem", HEADER_GET);
    ck_assert_uint_eq(fake_count(f), 1);
    ddb_kv_close(split);
}
END_TEST

/* ---- The first write ---------------------------------------------------- */

static void open_headless(void)
{
    fake_answer(f, "{}");
    ck_assert_int_eq(open_as("ns", 8), DDB_OK);
    fake_reset(f);
}

static ddb_code write_put(void)
{
    return ddb_kv_put(split, ddb_str("k"), ddb_str("v"), NULL, &err);
}

static ddb_code write_add(void)
{
    return ddb_kv_add(split, ddb_str("k"), ddb_str("v"), NULL, &err);
}

static ddb_code write_many(void)
{
    ddb_kv_pair pair = {.key = ddb_str("k"), .value = ddb_str("v")};

    return ddb_kv_put_many(split, &pair, 1, &err);
}

static ddb_code write_increment(void)
{
    return ddb_kv_increment(split, ddb_str("k"), 1, NULL, NULL, &err);
}

static const struct {
    ddb_code (*write)(void);
    const char *action; /* of the write itself */
    size_t reads;       /* that come before it */
} writes[] = {
    {write_put, "PutItem", 0},
    {write_add, "PutItem", 0},
    {write_many, "BatchWriteItem", 0},
    {write_increment, "PutItem", 1},
};

static void play_write(void)
{
    for (size_t i = 0; i < writes[0].reads + 8; i++)
        fake_answer(f, "{\"UnprocessedItems\":{}}");
}

START_TEST(the_first_write_brings_the_header)
{
    size_t at = writes[_i].reads;

    open_headless();
    play_write();
    ck_assert_msg(writes[_i].write() == DDB_OK, "%s", err.message);
    kvfix_request(at, "PutItem", HEADER_PUT);
    ck_assert_str_eq(fake_request(f, at + 1)->action, writes[_i].action);
    ck_assert_ptr_nonnull(strstr(fake_request(f, at + 1)->body, "ns#000"));
    ck_assert_uint_eq(fake_count(f), at + 2);
    /* and no second one */
    ck_assert_int_eq(write_put(), DDB_OK);
    ck_assert_uint_eq(fake_count(f), at + 3);
    ddb_kv_close(split);
}
END_TEST

START_TEST(a_header_that_is_there_is_not_written)
{
    fake_answer(f, FOUND(HEADER("8")));
    ck_assert_int_eq(open_as("ns", 8), DDB_OK);
    fake_answer(f, "{}");
    ck_assert_int_eq(write_put(), DDB_OK);
    ck_assert_uint_eq(fake_count(f), 2);
    ddb_kv_close(split);
}
END_TEST

/* Two began with different numbers: the second one writes nothing. */
START_TEST(another_number_meanwhile_is_told)
{
    open_headless();
    fake_error(f, 400, "ConditionalCheckFailedException", "no");
    fake_answer(f, FOUND(HEADER("4")));
    ck_assert_int_eq(writes[_i].write(), DDB_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "has 4 shards, not 8"));
    ck_assert_int_eq(err.maybe_applied, 0);
    ck_assert_uint_eq(fake_count(f), 2);
    ddb_kv_close(split);
}
END_TEST

START_TEST(a_header_that_vanishes_is_no_condition_of_ours)
{
    open_headless();
    fake_error(f, 400, "ConditionalCheckFailedException", "no");
    fake_answer(f, "{}");
    ck_assert_int_eq(write_add(), DDB_INVALID);
    ddb_kv_close(split);
}
END_TEST

START_TEST(a_lost_answer_to_the_header_is_asked_for_again)
{
    open_headless();
    fake_failure(f, DDB_NETWORK);
    fake_answer(f, "{}");
    fake_answer(f, "{}");
    ck_assert_int_eq(write_put(), DDB_OK);
    ck_assert_int_eq(err.maybe_applied, 0);
    kvfix_request(0, "PutItem", HEADER_PUT);
    kvfix_request(1, "PutItem", HEADER_PUT);
    ddb_kv_close(split);
}
END_TEST

/* The entry was not sent: it cannot have been applied. */
START_TEST(without_a_header_nothing_is_written)
{
    ddb_kv_pair pair = {.key = ddb_str("k"), .value = ddb_str("v")};

    open_headless();
    for (int i = 0; i < 20; i++)
        fake_failure(f, DDB_NETWORK);
    ck_assert_int_eq(write_put(), DDB_NETWORK);
    ck_assert_int_eq(err.maybe_applied, 0);
    fake_reset(f);
    fake_error(f, 400, "AccessDeniedException", "no");
    ck_assert_int_eq(ddb_kv_put_many(split, &pair, 1, &err), DDB_ACCESS_DENIED);
    ck_assert_int_eq(pair.left, 1);
    ck_assert_uint_eq(fake_count(f), 1);
    /* and the next write tries it again */
    fake_answer(f, "{}");
    fake_answer(f, "{}");
    ck_assert_int_eq(write_put(), DDB_OK);
    ddb_kv_close(split);
}
END_TEST

START_TEST(what_is_wrong_brings_no_header)
{
    open_headless();
    ck_assert_int_eq(ddb_kv_put(split, ddb_str(""), ddb_str("v"), NULL, &err),
                     DDB_INVALID);
    ck_assert_uint_eq(fake_count(f), 0);
    ddb_kv_close(split);
}
END_TEST

START_TEST(reads_and_deletes_bring_no_header)
{
    ddb_kv_entry e = {0};

    open_headless();
    for (int i = 0; i < 3; i++)
        fake_answer(f, "{}");
    ck_assert_int_eq(ddb_kv_get(split, ddb_str("k"), &e, &err), DDB_NOT_FOUND);
    ck_assert_int_eq(ddb_kv_has(split, ddb_str("k"), &err), DDB_NOT_FOUND);
    ddb_kv_delete(split, ddb_str("k"), &err);
    for (size_t i = 0; i < fake_count(f); i++)
        ck_assert_str_ne(fake_request(f, i)->action, "PutItem");
    ddb_kv_close(split);
}
END_TEST

/* CRC-32 of zlib, as anybody can work it out. */
static const struct {
    const char *key;
    int shards;
    const char *part;
} parts[] = {
    {"123456789", 1024, "ns#0294"}, /* 0xcbf43926, the sum's own check value */
    {"123456789", 1, "ns#0000"},
    {"123456789", 7, "ns#0005"},
};

START_TEST(keys_lie_where_their_sum_says)
{
    ddb_bytes part;

    fake_answer(f, "{}");
    ck_assert_int_eq(open_as("ns", parts[_i].shards), DDB_OK);
    part = ddbi_kv_part(split, ddbi_kv_part_of(split, ddb_str(parts[_i].key)));
    kvfix_bytes(part, parts[_i].part);
    ddb_kv_close(split);
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

static ddb_code open_and_put(void)
{
    ddb_code code = open_as("ns", 8);

    if (code == DDB_OK)
        code = write_put();
    ddb_kv_close(split);
    return code;
}

START_TEST(survives_every_failing_allocation)
{
    KVFIX_OOM(
        (fake_answer(f, "{}"), fake_answer(f, "{}"), fake_answer(f, "{}")),
        open_and_put());
}
END_TEST

#define COUNT(table) ((int)(sizeof table / sizeof table[0]))

Suite *suite_kv_shards(void)
{
    Suite *s = suite_create("kv_shards");
    TCase *tc = tcase_create("open");

    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, so_many_shards_there_can_be, 0, COUNT(numbers));
    tcase_add_test(tc, a_key_only_table_has_none);
    tcase_add_test(tc, the_name_is_shorter);
    tcase_add_loop_test(tc, the_header_is_read_and_compared, 0, COUNT(headers));
    tcase_add_loop_test(tc, keys_lie_where_their_sum_says, 0, COUNT(parts));
    suite_add_tcase(s, tc);
    tc = tcase_create("write");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_loop_test(tc, the_first_write_brings_the_header, 0,
                        COUNT(writes));
    tcase_add_test(tc, a_header_that_is_there_is_not_written);
    tcase_add_loop_test(tc, another_number_meanwhile_is_told, 0, 3);
    tcase_add_test(tc, a_header_that_vanishes_is_no_condition_of_ours);
    tcase_add_test(tc, a_lost_answer_to_the_header_is_asked_for_again);
    tcase_add_test(tc, without_a_header_nothing_is_written);
    tcase_add_test(tc, what_is_wrong_brings_no_header);
    tcase_add_test(tc, reads_and_deletes_bring_no_header);
    suite_add_tcase(s, tc);
    tc = tcase_create("memory");
    tcase_add_checked_fixture(tc, kvfix_setup, kvfix_teardown);
    tcase_add_test(tc, survives_every_failing_allocation);
    suite_add_tcase(s, tc);
    return s;
}
