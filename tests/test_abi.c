/* SPDX-License-Identifier: MIT */
/*
 * The binary interface: where every member of every public struct is, and
 * how large each struct is, on 64-bit systems (LP64).  A program that was
 * compiled with the header of one release runs with the library of the next:
 * members are only ever added where there is reserved space, so a line here
 * may become two, and no number may change.
 */
#include "tests.h"

#include <ddb/kv.h>

#include <stddef.h>

#if defined(__LP64__)

#define AT(type, member, offset)                                               \
    _Static_assert(offsetof(type, member) == (offset),                         \
                   #type "." #member " has moved")
#define SIZE(type, size)                                                       \
    _Static_assert(sizeof(type) == (size), #type " has another size")

AT(ddb_err, code, 0);
AT(ddb_err, retryable, 4);
AT(ddb_err, maybe_applied, 8);
AT(ddb_err, http_status, 12);
AT(ddb_err, type, 16);
AT(ddb_err, request_id, 80);
AT(ddb_err, message, 144);
AT(ddb_err, reserved, 400);
SIZE(ddb_err, 432);

AT(ddb_bytes, p, 0);
AT(ddb_bytes, n, 8);
SIZE(ddb_bytes, 16);

AT(ddb_credentials, access_key_id, 0);
AT(ddb_credentials, secret_access_key, 8);
AT(ddb_credentials, session_token, 16);
AT(ddb_credentials, expires_at, 24);
AT(ddb_credentials, reserved, 32);
SIZE(ddb_credentials, 64);

AT(ddb_options, region, 0);
AT(ddb_options, endpoint, 8);
AT(ddb_options, access_key_id, 16);
AT(ddb_options, secret_access_key, 24);
AT(ddb_options, session_token, 32);
AT(ddb_options, credentials, 40);
AT(ddb_options, credentials_arg, 48);
AT(ddb_options, ca_file, 56);
AT(ddb_options, ca_path, 64);
AT(ddb_options, proxy, 72);
AT(ddb_options, timeout_ms, 80);
AT(ddb_options, connect_timeout_ms, 84);
AT(ddb_options, attempt_timeout_ms, 88);
AT(ddb_options, max_attempts, 92);
AT(ddb_options, max_answer, 96);
AT(ddb_options, max_idle, 104);
AT(ddb_options, allow_http, 108);
AT(ddb_options, no_clock_correction, 112);
AT(ddb_options, log, 120);
AT(ddb_options, log_arg, 128);
AT(ddb_options, now, 136);
AT(ddb_options, now_arg, 144);
AT(ddb_options, local_sync, 152);
AT(ddb_options, reserved, 160);
SIZE(ddb_options, 280);

AT(ddb_call_in, action, 0);
AT(ddb_call_in, body, 8);
AT(ddb_call_in, body_n, 16);
AT(ddb_call_in, repeatable, 24);
AT(ddb_call_in, timeout_ms, 28);
AT(ddb_call_in, reserved, 32);
SIZE(ddb_call_in, 64);

AT(ddb_name, placeholder, 0);
AT(ddb_name, attribute, 8);
SIZE(ddb_name, 16);

AT(ddb_capacity, units, 0);
AT(ddb_capacity, table_units, 8);
AT(ddb_capacity, index_units, 16);
AT(ddb_capacity, reserved, 24);
SIZE(ddb_capacity, 56);

AT(ddb_get_item_in, table, 0);
AT(ddb_get_item_in, key, 8);
AT(ddb_get_item_in, consistent_read, 16);
AT(ddb_get_item_in, projection, 24);
AT(ddb_get_item_in, names, 32);
AT(ddb_get_item_in, consumed, 40);
AT(ddb_get_item_in, timeout_ms, 48);
AT(ddb_get_item_in, reserved, 56);
SIZE(ddb_get_item_in, 88);

AT(ddb_put_item_in, table, 0);
AT(ddb_put_item_in, item, 8);
AT(ddb_put_item_in, condition, 16);
AT(ddb_put_item_in, names, 24);
AT(ddb_put_item_in, values, 32);
AT(ddb_put_item_in, return_values, 40);
AT(ddb_put_item_in, return_blocking, 44);
AT(ddb_put_item_in, repeatable, 48);
AT(ddb_put_item_in, dated, 52);
AT(ddb_put_item_in, consumed, 56);
AT(ddb_put_item_in, timeout_ms, 64);
AT(ddb_put_item_in, reserved, 72);
SIZE(ddb_put_item_in, 104);

AT(ddb_delete_item_in, table, 0);
AT(ddb_delete_item_in, key, 8);
AT(ddb_delete_item_in, condition, 16);
AT(ddb_delete_item_in, names, 24);
AT(ddb_delete_item_in, values, 32);
AT(ddb_delete_item_in, return_values, 40);
AT(ddb_delete_item_in, return_blocking, 44);
AT(ddb_delete_item_in, repeatable, 48);
AT(ddb_delete_item_in, dated, 52);
AT(ddb_delete_item_in, consumed, 56);
AT(ddb_delete_item_in, timeout_ms, 64);
AT(ddb_delete_item_in, reserved, 72);
SIZE(ddb_delete_item_in, 104);

AT(ddb_update_item_in, table, 0);
AT(ddb_update_item_in, key, 8);
AT(ddb_update_item_in, update, 16);
AT(ddb_update_item_in, condition, 24);
AT(ddb_update_item_in, names, 32);
AT(ddb_update_item_in, values, 40);
AT(ddb_update_item_in, return_values, 48);
AT(ddb_update_item_in, return_blocking, 52);
AT(ddb_update_item_in, repeatable, 56);
AT(ddb_update_item_in, dated, 60);
AT(ddb_update_item_in, consumed, 64);
AT(ddb_update_item_in, timeout_ms, 72);
AT(ddb_update_item_in, reserved, 80);
SIZE(ddb_update_item_in, 112);

AT(ddb_query_in, table, 0);
AT(ddb_query_in, index, 8);
AT(ddb_query_in, key_condition, 16);
AT(ddb_query_in, filter, 24);
AT(ddb_query_in, projection, 32);
AT(ddb_query_in, names, 40);
AT(ddb_query_in, values, 48);
AT(ddb_query_in, exclusive_start_key, 56);
AT(ddb_query_in, select, 64);
AT(ddb_query_in, consistent_read, 68);
AT(ddb_query_in, backward, 72);
AT(ddb_query_in, limit, 76);
AT(ddb_query_in, segment, 80);
AT(ddb_query_in, total_segments, 84);
AT(ddb_query_in, max_items, 88);
AT(ddb_query_in, consumed, 96);
AT(ddb_query_in, timeout_ms, 104);
AT(ddb_query_in, dated, 108);
AT(ddb_query_in, reserved, 112);
SIZE(ddb_query_in, 144);

AT(ddb_table_key, table, 0);
AT(ddb_table_key, partition_key, 8);
AT(ddb_table_key, sort_key, 16);
SIZE(ddb_table_key, 24);

AT(ddb_write, table, 0);
AT(ddb_write, put, 8);
AT(ddb_write, delete_key, 16);
AT(ddb_write, left, 24);
SIZE(ddb_write, 32);

AT(ddb_batch_write_in, writes, 0);
AT(ddb_batch_write_in, n_writes, 8);
AT(ddb_batch_write_in, keys, 16);
AT(ddb_batch_write_in, n_keys, 24);
AT(ddb_batch_write_in, consumed, 32);
AT(ddb_batch_write_in, timeout_ms, 40);
AT(ddb_batch_write_in, dated, 44);
AT(ddb_batch_write_in, reserved, 48);
SIZE(ddb_batch_write_in, 80);

AT(ddb_read, table, 0);
AT(ddb_read, key, 8);
SIZE(ddb_read, 16);

AT(ddb_batch_get_in, reads, 0);
AT(ddb_batch_get_in, n_reads, 8);
AT(ddb_batch_get_in, consistent_read, 16);
AT(ddb_batch_get_in, projection, 24);
AT(ddb_batch_get_in, names, 32);
AT(ddb_batch_get_in, consumed, 40);
AT(ddb_batch_get_in, timeout_ms, 48);
AT(ddb_batch_get_in, reserved, 56);
SIZE(ddb_batch_get_in, 88);

AT(ddb_key_attribute, name, 0);
AT(ddb_key_attribute, type, 8);
SIZE(ddb_key_attribute, 16);

AT(ddb_index, name, 0);
AT(ddb_index, local, 8);
AT(ddb_index, partition_key, 16);
AT(ddb_index, sort_key, 32);
AT(ddb_index, projection, 48);
AT(ddb_index, include, 56);
AT(ddb_index, read_units, 64);
AT(ddb_index, write_units, 72);
AT(ddb_index, reserved, 80);
SIZE(ddb_index, 112);

AT(ddb_create_table_in, table, 0);
AT(ddb_create_table_in, partition_key, 8);
AT(ddb_create_table_in, sort_key, 24);
AT(ddb_create_table_in, indexes, 40);
AT(ddb_create_table_in, n_indexes, 48);
AT(ddb_create_table_in, read_units, 56);
AT(ddb_create_table_in, write_units, 64);
AT(ddb_create_table_in, deletion_protection, 72);
AT(ddb_create_table_in, timeout_ms, 76);
AT(ddb_create_table_in, reserved, 80);
SIZE(ddb_create_table_in, 144);

AT(ddb_table_info, status, 0);
AT(ddb_table_info, status_text, 4);
AT(ddb_table_info, partition_key, 52);
AT(ddb_table_info, sort_key, 308);
AT(ddb_table_info, partition_type, 564);
AT(ddb_table_info, sort_type, 568);
AT(ddb_table_info, on_demand, 572);
AT(ddb_table_info, read_units, 576);
AT(ddb_table_info, write_units, 584);
AT(ddb_table_info, item_count, 592);
AT(ddb_table_info, size_bytes, 600);
AT(ddb_table_info, created_at, 608);
AT(ddb_table_info, n_indexes, 616);
AT(ddb_table_info, arn, 620);
AT(ddb_table_info, reserved, 1645);
SIZE(ddb_table_info, 1904);

AT(ddb_ttl_info, status, 0);
AT(ddb_ttl_info, attribute, 4);
AT(ddb_ttl_info, reserved, 264);
SIZE(ddb_ttl_info, 296);

AT(ddb_table_list, names, 0);
AT(ddb_table_list, n, 8);
AT(ddb_table_list, last_evaluated, 16);
SIZE(ddb_table_list, 24);

AT(ddb_kv_schema, name_space, 0);
AT(ddb_kv_schema, key, 8);
AT(ddb_kv_schema, value, 16);
AT(ddb_kv_schema, ttl, 24);
AT(ddb_kv_schema, updated, 32);
AT(ddb_kv_schema, version, 40);
AT(ddb_kv_schema, encoding, 48);
AT(ddb_kv_schema, key_only, 56);
AT(ddb_kv_schema, relative_ttl, 60);
AT(ddb_kv_schema, bytes_only, 64);
AT(ddb_kv_schema, documents, 68);
AT(ddb_kv_schema, reserved, 72);
SIZE(ddb_kv_schema, 104);

AT(ddb_kv_coding, encode, 0);
AT(ddb_kv_coding, decode, 8);
AT(ddb_kv_coding, arg, 16);
AT(ddb_kv_coding, reserved, 24);
SIZE(ddb_kv_coding, 40);

AT(ddb_kv_options, table, 0);
AT(ddb_kv_options, name_space, 8);
AT(ddb_kv_options, create, 16);
AT(ddb_kv_options, check, 20);
AT(ddb_kv_options, read_units, 24);
AT(ddb_kv_options, write_units, 32);
AT(ddb_kv_options, no_ttl, 40);
AT(ddb_kv_options, eventual, 44);
AT(ddb_kv_options, create_timeout_ms, 48);
AT(ddb_kv_options, shards, 52);
AT(ddb_kv_options, compress, 56);
AT(ddb_kv_options, large, 60);
AT(ddb_kv_options, whole_table, 64);
AT(ddb_kv_options, type, 68);
AT(ddb_kv_options, schema, 72);
AT(ddb_kv_options, coding, 80);
AT(ddb_kv_options, reserved, 88);
SIZE(ddb_kv_options, 152);

AT(ddb_kv_entry, key, 0);
AT(ddb_kv_entry, value, 16);
AT(ddb_kv_entry, kind, 32);
AT(ddb_kv_entry, expires_at, 40);
AT(ddb_kv_entry, updated_at, 48);
AT(ddb_kv_entry, version, 56);
AT(ddb_kv_entry, has_version, 72);
AT(ddb_kv_entry, memory, 80);
AT(ddb_kv_entry, decoded, 88);
AT(ddb_kv_entry, item, 96);
AT(ddb_kv_entry, reserved, 104);
SIZE(ddb_kv_entry, 136);

AT(ddb_kv_put_options, kind, 0);
AT(ddb_kv_put_options, ttl, 8);
AT(ddb_kv_put_options, expires_at, 16);
AT(ddb_kv_put_options, version, 24);
AT(ddb_kv_put_options, reserved, 32);
SIZE(ddb_kv_put_options, 64);

AT(ddb_kv_range, prefix, 0);
AT(ddb_kv_range, from, 16);
AT(ddb_kv_range, to, 32);
AT(ddb_kv_range, limit, 48);
AT(ddb_kv_range, reverse, 56);
AT(ddb_kv_range, keys_only, 60);
AT(ddb_kv_range, cursor, 64);
AT(ddb_kv_range, reserved, 72);
SIZE(ddb_kv_range, 104);

AT(ddb_cache_options, store, 0);
AT(ddb_cache_options, responses, 152);
AT(ddb_cache_options, redirects, 160);
AT(ddb_cache_options, max_redirects, 168);
AT(ddb_cache_options, reserved, 176);
SIZE(ddb_cache_options, 208);

AT(ddb_kv_pair, key, 0);
AT(ddb_kv_pair, value, 16);
AT(ddb_kv_pair, opt, 32);
AT(ddb_kv_pair, left, 96);
SIZE(ddb_kv_pair, 104);

#undef AT
#undef SIZE
#endif

/* clang-format off */
static const struct {
    int constant, number;
} constants[] = {
    {DDB_OK, 0},
    {DDB_NOT_FOUND, 1},
    {DDB_CONDITION_FAILED, 2},
    {DDB_PARTIAL, 3},
    {DDB_CONFLICT, 4},
    {DDB_BAD_VALUE, 5},
    {DDB_WRONG_KIND, 6},
    {DDB_INVALID, 10},
    {DDB_TOO_LARGE, 11},
    {DDB_NOMEM, 12},
    {DDB_NO_REGION, 13},
    {DDB_NO_CREDENTIALS, 14},
    {DDB_FORKED, 15},
    {DDB_UNSUPPORTED, 16},
    {DDB_SYSTEM, 17},
    {DDB_UNORDERED, 18},
    {DDB_TIMEOUT, 20},
    {DDB_NETWORK, 21},
    {DDB_TLS, 22},
    {DDB_CLOCK, 23},
    {DDB_BAD_ANSWER, 24},
    {DDB_ANSWER_TOO_LARGE, 25},
    {DDB_AMBIGUOUS, 26},
    {DDB_THROTTLED, 30},
    {DDB_UNAVAILABLE, 31},
    {DDB_CREDENTIALS, 32},
    {DDB_ACCESS_DENIED, 33},
    {DDB_NO_TABLE, 34},
    {DDB_IN_USE, 35},
    {DDB_VALIDATION, 36},
    {DDB_SERVICE, 37},
    {DDB_S, 1},
    {DDB_N, 2},
    {DDB_B, 3},
    {DDB_BOOL, 4},
    {DDB_NULL, 5},
    {DDB_M, 6},
    {DDB_L, 7},
    {DDB_SS, 8},
    {DDB_NS, 9},
    {DDB_BS, 10},
    {DDB_LOG_ERROR, 1},
    {DDB_LOG_WARN, 2},
    {DDB_LOG_INFO, 3},
    {DDB_LOG_DEBUG, 4},
    {DDB_RETURN_NONE, 0},
    {DDB_RETURN_ALL_OLD, 1},
    {DDB_RETURN_UPDATED_OLD, 2},
    {DDB_RETURN_ALL_NEW, 3},
    {DDB_RETURN_UPDATED_NEW, 4},
    {DDB_SELECT_DEFAULT, 0},
    {DDB_SELECT_ALL_ATTRIBUTES, 1},
    {DDB_SELECT_ALL_PROJECTED, 2},
    {DDB_SELECT_COUNT, 3},
    {DDB_PROJECT_ALL, 0},
    {DDB_PROJECT_KEYS_ONLY, 1},
    {DDB_PROJECT_INCLUDE, 2},
    {DDB_TABLE_OTHER, 0},
    {DDB_TABLE_CREATING, 1},
    {DDB_TABLE_UPDATING, 2},
    {DDB_TABLE_DELETING, 3},
    {DDB_TABLE_ACTIVE, 4},
    {DDB_TTL_DISABLED, 0},
    {DDB_TTL_ENABLING, 1},
    {DDB_TTL_ENABLED, 2},
    {DDB_TTL_DISABLING, 3},
    {DDB_KV_BYTES, 0},
    {DDB_KV_TEXT, 1},
    {DDB_KV_NUMBER, 2},
};
/* clang-format on */

START_TEST(constants_keep_their_numbers)
{
    ck_assert_int_eq(constants[_i].constant, constants[_i].number);
}
END_TEST

Suite *suite_abi(void)
{
    Suite *s = suite_create("abi");
    TCase *tc = tcase_create("abi");

    tcase_add_loop_test(tc, constants_keep_their_numbers, 0, ROWS(constants));
    suite_add_tcase(s, tc);
    return s;
}
