/* SPDX-License-Identifier: MIT */
/*
 * The binary interface: sizes and offsets of every public struct and the
 * values of every enum, as programs that are compiled already know them.  A
 * change here is a change of the soname, but for what is cut from a struct's
 * reserved space; then its new members are added and nothing else moves.
 *
 * Written down for 64-bit machines; the 32-bit ones follow by the same rules.
 */
#include "tests.h"

#include <ddb/kv.h>
#include <stddef.h>

#define SIZE(type, size)                                                       \
    _Static_assert(sizeof(void *) != 8 || sizeof(type) == (size),              \
                   "the size of " #type " has changed");
#define MEMBER(type, member, offset)                                           \
    _Static_assert(sizeof(void *) != 8 || offsetof(type, member) == (offset),  \
                   #type "." #member " has moved");
#define VALUE(name, value)                                                     \
    _Static_assert((name) == (value), "the value of " #name " has changed");

/* clang-format off */
SIZE(ddb_err, 432)
MEMBER(ddb_err, code, 0)
MEMBER(ddb_err, retryable, 4)
MEMBER(ddb_err, maybe_applied, 8)
MEMBER(ddb_err, http_status, 12)
MEMBER(ddb_err, type, 16)
MEMBER(ddb_err, request_id, 80)
MEMBER(ddb_err, message, 144)
MEMBER(ddb_err, reserved, 400)

SIZE(ddb_bytes, 16)
MEMBER(ddb_bytes, p, 0)
MEMBER(ddb_bytes, n, 8)

SIZE(ddb_credentials, 64)
MEMBER(ddb_credentials, access_key_id, 0)
MEMBER(ddb_credentials, secret_access_key, 8)
MEMBER(ddb_credentials, session_token, 16)
MEMBER(ddb_credentials, expires_at, 24)
MEMBER(ddb_credentials, reserved, 32)

SIZE(ddb_options, 280)
MEMBER(ddb_options, region, 0)
MEMBER(ddb_options, endpoint, 8)
MEMBER(ddb_options, access_key_id, 16)
MEMBER(ddb_options, secret_access_key, 24)
MEMBER(ddb_options, session_token, 32)
MEMBER(ddb_options, credentials, 40)
MEMBER(ddb_options, credentials_arg, 48)
MEMBER(ddb_options, ca_file, 56)
MEMBER(ddb_options, ca_path, 64)
MEMBER(ddb_options, proxy, 72)
MEMBER(ddb_options, timeout_ms, 80)
MEMBER(ddb_options, connect_timeout_ms, 84)
MEMBER(ddb_options, attempt_timeout_ms, 88)
MEMBER(ddb_options, max_attempts, 92)
MEMBER(ddb_options, max_answer, 96)
MEMBER(ddb_options, max_idle, 104)
MEMBER(ddb_options, allow_http, 108)
MEMBER(ddb_options, no_clock_correction, 112)
MEMBER(ddb_options, log, 120)
MEMBER(ddb_options, log_arg, 128)
MEMBER(ddb_options, now, 136)
MEMBER(ddb_options, now_arg, 144)
MEMBER(ddb_options, reserved, 152)

SIZE(ddb_call_in, 64)
MEMBER(ddb_call_in, action, 0)
MEMBER(ddb_call_in, body, 8)
MEMBER(ddb_call_in, body_n, 16)
MEMBER(ddb_call_in, repeatable, 24)
MEMBER(ddb_call_in, timeout_ms, 28)
MEMBER(ddb_call_in, reserved, 32)

SIZE(ddb_name, 16)
MEMBER(ddb_name, placeholder, 0)
MEMBER(ddb_name, attribute, 8)

SIZE(ddb_capacity, 56)
MEMBER(ddb_capacity, units, 0)
MEMBER(ddb_capacity, table_units, 8)
MEMBER(ddb_capacity, index_units, 16)
MEMBER(ddb_capacity, reserved, 24)

SIZE(ddb_get_item_in, 88)
MEMBER(ddb_get_item_in, table, 0)
MEMBER(ddb_get_item_in, key, 8)
MEMBER(ddb_get_item_in, consistent_read, 16)
MEMBER(ddb_get_item_in, projection, 24)
MEMBER(ddb_get_item_in, names, 32)
MEMBER(ddb_get_item_in, consumed, 40)
MEMBER(ddb_get_item_in, timeout_ms, 48)
MEMBER(ddb_get_item_in, reserved, 56)

SIZE(ddb_put_item_in, 104)
MEMBER(ddb_put_item_in, table, 0)
MEMBER(ddb_put_item_in, item, 8)
MEMBER(ddb_put_item_in, condition, 16)
MEMBER(ddb_put_item_in, names, 24)
MEMBER(ddb_put_item_in, values, 32)
MEMBER(ddb_put_item_in, return_values, 40)
MEMBER(ddb_put_item_in, return_blocking, 44)
MEMBER(ddb_put_item_in, repeatable, 48)
MEMBER(ddb_put_item_in, consumed, 56)
MEMBER(ddb_put_item_in, timeout_ms, 64)
MEMBER(ddb_put_item_in, reserved, 72)

SIZE(ddb_delete_item_in, 104)
MEMBER(ddb_delete_item_in, table, 0)
MEMBER(ddb_delete_item_in, key, 8)
MEMBER(ddb_delete_item_in, condition, 16)
MEMBER(ddb_delete_item_in, names, 24)
MEMBER(ddb_delete_item_in, values, 32)
MEMBER(ddb_delete_item_in, return_values, 40)
MEMBER(ddb_delete_item_in, return_blocking, 44)
MEMBER(ddb_delete_item_in, repeatable, 48)
MEMBER(ddb_delete_item_in, consumed, 56)
MEMBER(ddb_delete_item_in, timeout_ms, 64)
MEMBER(ddb_delete_item_in, reserved, 72)

SIZE(ddb_update_item_in, 112)
MEMBER(ddb_update_item_in, table, 0)
MEMBER(ddb_update_item_in, key, 8)
MEMBER(ddb_update_item_in, update, 16)
MEMBER(ddb_update_item_in, condition, 24)
MEMBER(ddb_update_item_in, names, 32)
MEMBER(ddb_update_item_in, values, 40)
MEMBER(ddb_update_item_in, return_values, 48)
MEMBER(ddb_update_item_in, return_blocking, 52)
MEMBER(ddb_update_item_in, repeatable, 56)
MEMBER(ddb_update_item_in, consumed, 64)
MEMBER(ddb_update_item_in, timeout_ms, 72)
MEMBER(ddb_update_item_in, reserved, 80)

SIZE(ddb_query_in, 144)
MEMBER(ddb_query_in, table, 0)
MEMBER(ddb_query_in, index, 8)
MEMBER(ddb_query_in, key_condition, 16)
MEMBER(ddb_query_in, filter, 24)
MEMBER(ddb_query_in, projection, 32)
MEMBER(ddb_query_in, names, 40)
MEMBER(ddb_query_in, values, 48)
MEMBER(ddb_query_in, exclusive_start_key, 56)
MEMBER(ddb_query_in, select, 64)
MEMBER(ddb_query_in, consistent_read, 68)
MEMBER(ddb_query_in, backward, 72)
MEMBER(ddb_query_in, limit, 76)
MEMBER(ddb_query_in, segment, 80)
MEMBER(ddb_query_in, total_segments, 84)
MEMBER(ddb_query_in, max_items, 88)
MEMBER(ddb_query_in, consumed, 96)
MEMBER(ddb_query_in, timeout_ms, 104)
MEMBER(ddb_query_in, reserved, 112)

SIZE(ddb_table_key, 24)
MEMBER(ddb_table_key, table, 0)
MEMBER(ddb_table_key, partition_key, 8)
MEMBER(ddb_table_key, sort_key, 16)

SIZE(ddb_write, 32)
MEMBER(ddb_write, table, 0)
MEMBER(ddb_write, put, 8)
MEMBER(ddb_write, delete_key, 16)
MEMBER(ddb_write, left, 24)

SIZE(ddb_batch_write_in, 80)
MEMBER(ddb_batch_write_in, writes, 0)
MEMBER(ddb_batch_write_in, n_writes, 8)
MEMBER(ddb_batch_write_in, keys, 16)
MEMBER(ddb_batch_write_in, n_keys, 24)
MEMBER(ddb_batch_write_in, consumed, 32)
MEMBER(ddb_batch_write_in, timeout_ms, 40)
MEMBER(ddb_batch_write_in, reserved, 48)

SIZE(ddb_read, 16)
MEMBER(ddb_read, table, 0)
MEMBER(ddb_read, key, 8)

SIZE(ddb_batch_get_in, 88)
MEMBER(ddb_batch_get_in, reads, 0)
MEMBER(ddb_batch_get_in, n_reads, 8)
MEMBER(ddb_batch_get_in, consistent_read, 16)
MEMBER(ddb_batch_get_in, projection, 24)
MEMBER(ddb_batch_get_in, names, 32)
MEMBER(ddb_batch_get_in, consumed, 40)
MEMBER(ddb_batch_get_in, timeout_ms, 48)
MEMBER(ddb_batch_get_in, reserved, 56)

SIZE(ddb_key_attribute, 16)
MEMBER(ddb_key_attribute, name, 0)
MEMBER(ddb_key_attribute, type, 8)

SIZE(ddb_index, 112)
MEMBER(ddb_index, name, 0)
MEMBER(ddb_index, local, 8)
MEMBER(ddb_index, partition_key, 16)
MEMBER(ddb_index, sort_key, 32)
MEMBER(ddb_index, projection, 48)
MEMBER(ddb_index, include, 56)
MEMBER(ddb_index, read_units, 64)
MEMBER(ddb_index, write_units, 72)
MEMBER(ddb_index, reserved, 80)

SIZE(ddb_create_table_in, 144)
MEMBER(ddb_create_table_in, table, 0)
MEMBER(ddb_create_table_in, partition_key, 8)
MEMBER(ddb_create_table_in, sort_key, 24)
MEMBER(ddb_create_table_in, indexes, 40)
MEMBER(ddb_create_table_in, n_indexes, 48)
MEMBER(ddb_create_table_in, read_units, 56)
MEMBER(ddb_create_table_in, write_units, 64)
MEMBER(ddb_create_table_in, deletion_protection, 72)
MEMBER(ddb_create_table_in, timeout_ms, 76)
MEMBER(ddb_create_table_in, reserved, 80)

SIZE(ddb_table_info, 1904)
MEMBER(ddb_table_info, status, 0)
MEMBER(ddb_table_info, status_text, 4)
MEMBER(ddb_table_info, partition_key, 52)
MEMBER(ddb_table_info, sort_key, 308)
MEMBER(ddb_table_info, partition_type, 564)
MEMBER(ddb_table_info, sort_type, 568)
MEMBER(ddb_table_info, on_demand, 572)
MEMBER(ddb_table_info, read_units, 576)
MEMBER(ddb_table_info, write_units, 584)
MEMBER(ddb_table_info, item_count, 592)
MEMBER(ddb_table_info, size_bytes, 600)
MEMBER(ddb_table_info, created_at, 608)
MEMBER(ddb_table_info, n_indexes, 616)
MEMBER(ddb_table_info, arn, 620)
MEMBER(ddb_table_info, reserved, 1645)

SIZE(ddb_ttl_info, 296)
MEMBER(ddb_ttl_info, status, 0)
MEMBER(ddb_ttl_info, attribute, 4)
MEMBER(ddb_ttl_info, reserved, 264)

SIZE(ddb_table_list, 24)
MEMBER(ddb_table_list, names, 0)
MEMBER(ddb_table_list, n, 8)
MEMBER(ddb_table_list, last_evaluated, 16)

SIZE(ddb_kv_options, 120)
MEMBER(ddb_kv_options, table, 0)
MEMBER(ddb_kv_options, name_space, 8)
MEMBER(ddb_kv_options, create, 16)
MEMBER(ddb_kv_options, check, 20)
MEMBER(ddb_kv_options, read_units, 24)
MEMBER(ddb_kv_options, write_units, 32)
MEMBER(ddb_kv_options, no_ttl, 40)
MEMBER(ddb_kv_options, eventual, 44)
MEMBER(ddb_kv_options, create_timeout_ms, 48)
MEMBER(ddb_kv_options, reserved, 56)

SIZE(ddb_kv_entry, 120)
MEMBER(ddb_kv_entry, key, 0)
MEMBER(ddb_kv_entry, value, 16)
MEMBER(ddb_kv_entry, kind, 32)
MEMBER(ddb_kv_entry, expires_at, 40)
MEMBER(ddb_kv_entry, updated_at, 48)
MEMBER(ddb_kv_entry, version, 56)
MEMBER(ddb_kv_entry, has_version, 72)
MEMBER(ddb_kv_entry, memory, 80)
MEMBER(ddb_kv_entry, reserved, 88)

SIZE(ddb_kv_put_options, 56)
MEMBER(ddb_kv_put_options, kind, 0)
MEMBER(ddb_kv_put_options, ttl, 8)
MEMBER(ddb_kv_put_options, expires_at, 16)
MEMBER(ddb_kv_put_options, reserved, 24)

SIZE(ddb_kv_range, 96)
MEMBER(ddb_kv_range, prefix, 0)
MEMBER(ddb_kv_range, from, 16)
MEMBER(ddb_kv_range, to, 32)
MEMBER(ddb_kv_range, limit, 48)
MEMBER(ddb_kv_range, reverse, 56)
MEMBER(ddb_kv_range, keys_only, 60)
MEMBER(ddb_kv_range, reserved, 64)

SIZE(ddb_kv_pair, 96)
MEMBER(ddb_kv_pair, key, 0)
MEMBER(ddb_kv_pair, value, 16)
MEMBER(ddb_kv_pair, opt, 32)
MEMBER(ddb_kv_pair, left, 88)

VALUE(DDB_OK, 0)
VALUE(DDB_NOT_FOUND, 1)
VALUE(DDB_CONDITION_FAILED, 2)
VALUE(DDB_PARTIAL, 3)
VALUE(DDB_CONFLICT, 4)
VALUE(DDB_INVALID, 10)
VALUE(DDB_TOO_LARGE, 11)
VALUE(DDB_NOMEM, 12)
VALUE(DDB_NO_REGION, 13)
VALUE(DDB_NO_CREDENTIALS, 14)
VALUE(DDB_FORKED, 15)
VALUE(DDB_UNSUPPORTED, 16)
VALUE(DDB_SYSTEM, 17)
VALUE(DDB_TIMEOUT, 20)
VALUE(DDB_NETWORK, 21)
VALUE(DDB_TLS, 22)
VALUE(DDB_CLOCK, 23)
VALUE(DDB_BAD_ANSWER, 24)
VALUE(DDB_ANSWER_TOO_LARGE, 25)
VALUE(DDB_AMBIGUOUS, 26)
VALUE(DDB_THROTTLED, 30)
VALUE(DDB_UNAVAILABLE, 31)
VALUE(DDB_CREDENTIALS, 32)
VALUE(DDB_ACCESS_DENIED, 33)
VALUE(DDB_NO_TABLE, 34)
VALUE(DDB_IN_USE, 35)
VALUE(DDB_VALIDATION, 36)
VALUE(DDB_SERVICE, 37)

VALUE(DDB_S, 1)
VALUE(DDB_N, 2)
VALUE(DDB_B, 3)
VALUE(DDB_BOOL, 4)
VALUE(DDB_NULL, 5)
VALUE(DDB_M, 6)
VALUE(DDB_L, 7)
VALUE(DDB_SS, 8)
VALUE(DDB_NS, 9)
VALUE(DDB_BS, 10)

VALUE(DDB_LOG_ERROR, 1)
VALUE(DDB_LOG_WARN, 2)
VALUE(DDB_LOG_INFO, 3)
VALUE(DDB_LOG_DEBUG, 4)

VALUE(DDB_RETURN_NONE, 0)
VALUE(DDB_RETURN_ALL_OLD, 1)
VALUE(DDB_RETURN_UPDATED_OLD, 2)
VALUE(DDB_RETURN_ALL_NEW, 3)
VALUE(DDB_RETURN_UPDATED_NEW, 4)

VALUE(DDB_SELECT_DEFAULT, 0)
VALUE(DDB_SELECT_ALL_ATTRIBUTES, 1)
VALUE(DDB_SELECT_ALL_PROJECTED, 2)
VALUE(DDB_SELECT_COUNT, 3)

VALUE(DDB_PROJECT_ALL, 0)
VALUE(DDB_PROJECT_KEYS_ONLY, 1)
VALUE(DDB_PROJECT_INCLUDE, 2)

VALUE(DDB_TABLE_OTHER, 0)
VALUE(DDB_TABLE_CREATING, 1)
VALUE(DDB_TABLE_UPDATING, 2)
VALUE(DDB_TABLE_DELETING, 3)
VALUE(DDB_TABLE_ACTIVE, 4)

VALUE(DDB_TTL_DISABLED, 0)
VALUE(DDB_TTL_ENABLING, 1)
VALUE(DDB_TTL_ENABLED, 2)
VALUE(DDB_TTL_DISABLING, 3)

VALUE(DDB_KV_BYTES, 0)
VALUE(DDB_KV_TEXT, 1)
VALUE(DDB_KV_NUMBER, 2)
/* clang-format on */

/* -fshort-enums would make other structs of the same header. */
START_TEST(enums_are_as_wide_as_int)
{
    ck_assert_uint_eq(sizeof(ddb_code), sizeof(int));
    ck_assert_uint_eq(sizeof(ddb_type), sizeof(int));
    ck_assert_uint_eq(sizeof(ddb_log_level), sizeof(int));
    ck_assert_uint_eq(sizeof(ddb_return), sizeof(int));
    ck_assert_uint_eq(sizeof(ddb_select), sizeof(int));
    ck_assert_uint_eq(sizeof(ddb_kv_kind), sizeof(int));
}
END_TEST

Suite *suite_abi(void)
{
    Suite *s = suite_create("abi");
    TCase *tc = tcase_create("abi");

    tcase_add_test(tc, enums_are_as_wide_as_int);
    suite_add_tcase(s, tc);
    return s;
}
