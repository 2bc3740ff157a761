/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "base/err.h"
#include "oom.h"

#include <string.h>

START_TEST(code_names_are_those_of_the_header)
{
    ck_assert_str_eq(ddb_code_name(DDB_OK), "DDB_OK");
    ck_assert_str_eq(ddb_code_name(DDB_NOT_FOUND), "DDB_NOT_FOUND");
    ck_assert_str_eq(ddb_code_name(DDB_AMBIGUOUS), "DDB_AMBIGUOUS");
    ck_assert_str_eq(ddb_code_name(DDB_SERVICE), "DDB_SERVICE");
    ck_assert_str_eq(ddb_code_name((ddb_code)999), "DDB_UNKNOWN");
}
END_TEST

START_TEST(every_code_has_a_name_of_its_own)
{
    int known = 0;

    for (int a = 0; a < 100; a++) {
        const char *name = ddb_code_name((ddb_code)a);

        if (strcmp(name, "DDB_UNKNOWN") == 0)
            continue;
        known++;
        for (int b = 0; b < a; b++)
            ck_assert_str_ne(ddb_code_name((ddb_code)b), name);
    }
    ck_assert_int_eq(known, 31);
}
END_TEST

START_TEST(first_failure_wins)
{
    ddb_err err = {0};

    ck_assert_int_eq(ddbi_fail(&err, DDB_INVALID, "no table %s", "t"),
                     DDB_INVALID);
    ck_assert_int_eq(ddbi_fail(&err, DDB_NETWORK, "later"), DDB_INVALID);
    ck_assert_int_eq(err.code, DDB_INVALID);
    ck_assert_str_eq(err.message, "no table t");
    ddbi_err_clear(&err);
    ck_assert_int_eq(err.code, DDB_OK);
    ck_assert_str_eq(err.message, "");
    ck_assert_int_eq(ddbi_fail(&err, DDB_NETWORK, "now"), DDB_NETWORK);
    ck_assert_str_eq(err.message, "now");
}
END_TEST

START_TEST(a_failure_can_be_passed_on)
{
    const ddb_err failure = {.code = DDB_NETWORK,
                             .retryable = 1,
                             .http_status = 403, /* of another exchange */
                             .message = "the vault is closed"};
    ddb_err err = {0};

    ck_assert_int_eq(ddbi_fail_as(&err, &failure), DDB_NETWORK);
    ck_assert_int_eq(err.retryable, 1);
    ck_assert_int_eq(err.http_status, 0);
    ck_assert_str_eq(err.message, "the vault is closed");
    err.code = DDB_INVALID;
    ck_assert_int_eq(ddbi_fail_as(&err, &failure), DDB_INVALID);
    ck_assert_int_eq(ddbi_fail_as(NULL, &failure), DDB_NETWORK);
}
END_TEST

START_TEST(clear_leaves_nothing)
{
    ddb_err err, empty;

    memset(&empty, 0, sizeof empty);
    memset(&err, 0x5a, sizeof err);
    ddbi_err_clear(&err);
    ck_assert_mem_eq(&err, &empty, sizeof err);
    ddbi_err_clear(NULL);
}
END_TEST

START_TEST(nobody_need_want_to_know)
{
    ck_assert_int_eq(ddbi_fail(NULL, DDB_INVALID, "%s", "x"), DDB_INVALID);
    ck_assert_int_eq(ddbi_nomem(NULL), DDB_NOMEM);
}
END_TEST

START_TEST(needs_no_memory)
{
    ddb_err err = {0};

    oom_begin_for_ever(0);
    ck_assert_int_eq(ddbi_nomem(&err), DDB_NOMEM);
    oom_end();
    ck_assert_int_eq(oom_asked(), 0);
    ck_assert_str_eq(err.message, "out of memory");
}
END_TEST

static const struct {
    const char *text, *clean;
} messages[] = {
    {"two\nlines\r\n", "two lines  "},
    {"bell\aand\x1b[31mred\x7f", "bell and [31mred "},
    {"next\xc2\x85line", "next  line"},
    {"kept: \xc2\xa0 \xc3\xa4 \xe2\x82\xac", "kept: \xc2\xa0 \xc3\xa4 "
                                             "\xe2\x82\xac"},
    {"bad \xff\xfe", "bad ??"},
    {"torn \xe2\x82", "torn ??"},
};

START_TEST(message_is_one_line_of_utf8)
{
    ddb_err err = {0};

    ddbi_fail(&err, DDB_INVALID, "%s", messages[_i].text);
    ck_assert_str_eq(err.message, messages[_i].clean);
}
END_TEST

START_TEST(long_message_is_cut_at_a_character)
{
    char text[400];

    for (size_t shift = 0; shift < 4; shift++) {
        ddb_err err = {0};
        size_t n;

        memset(text, 'x', sizeof text);
        for (size_t i = 240 + shift; i < 300; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 3);
        text[sizeof text - 1] = '\0';
        ddbi_fail(&err, DDB_INVALID, "%s", text);
        n = strlen(err.message);
        ck_assert_uint_ge(n, sizeof err.message - 3);
        ck_assert_mem_eq(err.message, text, n);
        ck_assert_uint_eq((n - 240 - shift) % 3, 0);
    }
}
END_TEST

/* The classes of the protocol's notes, written out the other way round. */
#define THROTTLE DDB_THROTTLED, 1, 1
#define TRANSIENT DDB_UNAVAILABLE, 1, 0
#define CREDENTIALS DDB_CREDENTIALS, 0, 0
#define CLOCK DDB_CLOCK, 0, 0
#define VALIDATION DDB_VALIDATION, 0, 0

static const struct {
    const char *type;
    ddb_code code;
    int retryable, throttle;
} types[] = {
    {"Throttling", THROTTLE},
    {"ThrottlingException", THROTTLE},
    {"ThrottledException", THROTTLE},
    {"RequestThrottledException", THROTTLE},
    {"RequestThrottled", THROTTLE},
    {"TooManyRequestsException", THROTTLE},
    {"ProvisionedThroughputExceededException", THROTTLE},
    {"TransactionInProgressException", THROTTLE},
    {"RequestLimitExceeded", THROTTLE},
    {"BandwidthLimitExceeded", THROTTLE},
    {"LimitExceededException", THROTTLE},
    {"SlowDown", THROTTLE},
    {"PriorRequestNotComplete", THROTTLE},
    {"EC2ThrottledException", THROTTLE},
    {"InternalServerError", TRANSIENT},
    {"InternalFailure", TRANSIENT},
    {"ServiceUnavailable", TRANSIENT},
    {"ServiceUnavailableException", TRANSIENT},
    {"RequestTimeout", TRANSIENT},
    {"RequestTimeoutException", TRANSIENT},
    {"ReplicatedWriteConflictException", DDB_CONFLICT, 1, 0},
    {"ExpiredTokenException", CREDENTIALS},
    {"ExpiredToken", CREDENTIALS},
    {"UnrecognizedClientException", CREDENTIALS},
    {"InvalidClientTokenId", CREDENTIALS},
    {"MissingAuthenticationToken", CREDENTIALS},
    {"MissingAuthenticationTokenException", CREDENTIALS},
    {"IncompleteSignatureException", CREDENTIALS},
    {"InvalidSignatureException", CREDENTIALS},
    {"SignatureDoesNotMatch", CREDENTIALS},
    {"AuthFailure", CREDENTIALS},
    {"RequestExpired", CLOCK},
    {"RequestInTheFuture", CLOCK},
    {"RequestTimeTooSkewed", CLOCK},
    {"AccessDeniedException", DDB_ACCESS_DENIED, 0, 0},
    {"AccessDenied", DDB_ACCESS_DENIED, 0, 0},
    {"KMSAccessDeniedException", DDB_ACCESS_DENIED, 0, 0},
    {"KMSAccessDeniedFault", DDB_ACCESS_DENIED, 0, 0},
    {"ConditionalCheckFailedException", DDB_CONDITION_FAILED, 0, 0},
    {"TransactionCanceledException", DDB_CONDITION_FAILED, 0, 0},
    {"TransactionConflictException", DDB_CONFLICT, 0, 0},
    {"ResourceNotFoundException", DDB_NO_TABLE, 0, 0},
    {"ResourceInUseException", DDB_IN_USE, 0, 0},
    {"ValidationException", VALIDATION},
    {"SerializationException", VALIDATION},
    {"UnknownOperationException", VALIDATION},
    {"IdempotentParameterMismatchException", VALIDATION},
    {"ItemCollectionSizeLimitExceededException", DDB_TOO_LARGE, 0, 0},
};

START_TEST(type_alone_decides_when_it_is_known)
{
    static const int statuses[] = {400, 403, 500, 503, 429, 0};

    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        const ddbi_exception *e =
            ddbi_exception_find(types[_i].type, statuses[i]);

        ck_assert_msg(e->code == types[_i].code, "%s", types[_i].type);
        ck_assert_int_eq(e->retryable, types[_i].retryable);
        ck_assert_int_eq(e->throttle, types[_i].throttle);
    }
}
END_TEST

static const struct {
    int status;
    ddb_code code;
    int retryable, throttle;
} statuses[] = {
    {429, THROTTLE},
    {413, VALIDATION},
    {500, TRANSIENT},
    {502, TRANSIENT},
    {503, TRANSIENT},
    {504, TRANSIENT},
    {501, DDB_UNAVAILABLE, 0, 0},
    {505, DDB_UNAVAILABLE, 0, 0},
    {599, DDB_UNAVAILABLE, 0, 0},
    {400, DDB_SERVICE, 0, 0},
    {403, DDB_SERVICE, 0, 0},
    {302, DDB_SERVICE, 0, 0},
    {600, DDB_SERVICE, 0, 0},
    {0, DDB_SERVICE, 0, 0},
};

START_TEST(status_decides_when_the_type_is_unknown)
{
    static const char *const unknown[] = {"",
                                          "A",
                                          "Zzz",
                                          "throttling",
                                          "ThrottlingExceptionX",
                                          "KMSAccess",
                                          "BackupInUseException"};

    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        const ddbi_exception *e =
            ddbi_exception_find(unknown[i], statuses[_i].status);

        ck_assert_int_eq(e->code, statuses[_i].code);
        ck_assert_int_eq(e->retryable, statuses[_i].retryable);
        ck_assert_int_eq(e->throttle, statuses[_i].throttle);
        ck_assert_str_eq(e->type, "");
    }
}
END_TEST

Suite *suite_err(void)
{
    Suite *s = suite_create("err");
    TCase *tc = tcase_create("fail");

    tcase_add_test(tc, code_names_are_those_of_the_header);
    tcase_add_test(tc, every_code_has_a_name_of_its_own);
    tcase_add_test(tc, first_failure_wins);
    tcase_add_test(tc, a_failure_can_be_passed_on);
    tcase_add_test(tc, clear_leaves_nothing);
    tcase_add_test(tc, nobody_need_want_to_know);
    tcase_add_test(tc, needs_no_memory);
    tcase_add_loop_test(tc, message_is_one_line_of_utf8, 0, ROWS(messages));
    tcase_add_test(tc, long_message_is_cut_at_a_character);
    suite_add_tcase(s, tc);

    tc = tcase_create("exceptions");
    tcase_add_loop_test(tc, type_alone_decides_when_it_is_known, 0,
                        ROWS(types));
    tcase_add_loop_test(tc, status_decides_when_the_type_is_unknown, 0,
                        ROWS(statuses));
    suite_add_tcase(s, tc);
    return s;
}
