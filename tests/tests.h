/* SPDX-License-Identifier: MIT */
/* The suites, one for each file of lib/: SUITE(buf) is suite_buf() in
 * test_buf.c.  main.c runs them in this order, lower floors first. */
#ifndef TESTS_H
#define TESTS_H

#include <check.h>

/* For tcase_add_loop_test(): a table, a row each run. */
#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])

/* Of the local engine. */
#ifdef DDB_WITH_SQLITE
#define LOCAL_SUITES                                                           \
    SUITE(expr_apply)                                                          \
    SUITE(expr_check)                                                          \
    SUITE(expr_eval)                                                           \
    SUITE(expr_key)                                                            \
    SUITE(expr_parse)                                                          \
    SUITE(expr_path)                                                           \
    SUITE(local)                                                               \
    SUITE(local_alter)                                                         \
    SUITE(local_batch)                                                         \
    SUITE(local_cost)                                                          \
    SUITE(local_create)                                                        \
    SUITE(local_disk)                                                          \
    SUITE(local_file)                                                          \
    SUITE(local_item)                                                          \
    SUITE(local_key)                                                           \
    SUITE(local_page)                                                          \
    SUITE(local_query)                                                         \
    SUITE(local_read)                                                          \
    SUITE(local_scan)                                                          \
    SUITE(local_schema)                                                        \
    SUITE(local_store)                                                         \
    SUITE(local_tables)                                                        \
    SUITE(local_tags)                                                          \
    SUITE(local_transact)                                                      \
    SUITE(local_transport)                                                     \
    SUITE(local_ttl)                                                           \
    SUITE(local_value)                                                         \
    SUITE(local_write)
#else
#define LOCAL_SUITES
#endif

/* Of ddb-local. */
#ifdef DDB_WITH_SERVER
#define SERVER_SUITES                                                          \
    SUITE(server_auth)                                                         \
    SUITE(server_bad_day)                                                      \
    SUITE(server_front)                                                        \
    SUITE(server_keys)                                                         \
    SUITE(server_options)                                                      \
    SUITE(server_throttle)
#else
#define SERVER_SUITES
#endif

#define SUITES                                                                 \
    SUITE(alloc)                                                               \
    SUITE(arena)                                                               \
    SUITE(buf)                                                                 \
    SUITE(clock)                                                               \
    SUITE(crc32)                                                               \
    SUITE(enc)                                                                 \
    SUITE(err)                                                                 \
    SUITE(find)                                                                \
    SUITE(hash)                                                                \
    SUITE(version)                                                             \
    SUITE(codec)                                                               \
    SUITE(item)                                                                \
    SUITE(json_read)                                                           \
    SUITE(json_write)                                                          \
    SUITE(number)                                                              \
    SUITE(reply)                                                               \
    SUITE(request)                                                             \
    SUITE(set)                                                                 \
    SUITE(transport)                                                           \
    SUITE(value)                                                               \
    SUITE(ca)                                                                  \
    SUITE(endpoint)                                                            \
    SUITE(http)                                                                \
    SUITE(remote)                                                              \
    SUITE(sigpipe)                                                             \
    SUITE(sigv4)                                                               \
    SUITE(creds)                                                               \
    SUITE(creds_env)                                                           \
    SUITE(call)                                                                \
    SUITE(blocking)                                                            \
    SUITE(client)                                                              \
    SUITE(client_http)                                                         \
    SUITE(retry)                                                               \
    SUITE(skew)                                                                \
    SUITE(op_batch)                                                            \
    SUITE(op_call)                                                             \
    SUITE(op_item)                                                             \
    SUITE(op_query)                                                            \
    SUITE(op_table)                                                            \
    SUITE(plan)                                                                \
    SUITE(projection)                                                          \
    SUITE(cache)                                                               \
    SUITE(kv)                                                                  \
    SUITE(kv_change)                                                           \
    SUITE(kv_chunks)                                                           \
    SUITE(kv_clear)                                                            \
    SUITE(kv_coding)                                                           \
    SUITE(kv_collect)                                                          \
    SUITE(kv_count)                                                            \
    SUITE(kv_counter)                                                          \
    SUITE(kv_cursor)                                                           \
    SUITE(kv_entry)                                                            \
    SUITE(kv_iter)                                                             \
    SUITE(kv_large)                                                            \
    SUITE(kv_many)                                                             \
    SUITE(kv_merge)                                                            \
    SUITE(kv_names)                                                            \
    SUITE(kv_open)                                                             \
    SUITE(kv_presets)                                                          \
    SUITE(kv_schema)                                                           \
    SUITE(kv_shards)                                                           \
    SUITE(kv_touch)                                                            \
    SUITE(cli)                                                                 \
    SUITE(progress)                                                            \
    SUITE(abi)                                                                 \
    LOCAL_SUITES                                                               \
    SERVER_SUITES

#define SUITE(name) Suite *suite_##name(void);
SUITES
#undef SUITE

#endif
