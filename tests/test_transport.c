/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "wire/transport.h"

#include <string.h>

START_TEST(clear_forgets_the_answer_and_keeps_memory)
{
    ddbi_reply reply = {0};
    size_t cap;

    memset(&reply, 7, sizeof reply);
    reply.body = (ddbi_buf){.max = 1000};
    ddbi_buf_add_str(&reply.body, "an answer");
    cap = reply.body.cap;
    ddbi_buf_fail(&reply.body, DDB_TOO_LARGE);
    ddbi_reply_clear(&reply);
    ck_assert_uint_eq(reply.body.n, 0);
    ck_assert_int_eq(reply.body.failed, DDB_OK);
    ck_assert_uint_eq(reply.body.cap, cap);
    ck_assert_uint_eq(reply.body.max, 1000);
    ck_assert_int_eq(reply.code, DDB_OK);
    ck_assert_int_eq(reply.date, -1);
    ck_assert_int_eq(reply.retry_after, -1);
    ck_assert_int_eq(reply.status, 0);
    ck_assert_int_eq(reply.has_crc, 0);
    ck_assert_str_eq(reply.message, "");
    ck_assert_str_eq(reply.request_id, "");
    ck_assert_str_eq(reply.error_type, "");
    ddbi_reply_free(&reply);
    ck_assert_ptr_null(reply.body.p);
    ck_assert_uint_eq(reply.body.cap, 0);
    ddbi_reply_free(&reply);
}
END_TEST

Suite *suite_transport(void)
{
    Suite *s = suite_create("transport");
    TCase *tc = tcase_create("reply");

    tcase_add_test(tc, clear_forgets_the_answer_and_keeps_memory);
    suite_add_tcase(s, tc);
    return s;
}
