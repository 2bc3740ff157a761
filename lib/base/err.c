/* SPDX-License-Identifier: MIT */
/*
 * Errors: filling the caller's ddb_err, and what the service's exceptions
 * mean.  Nothing here allocates, so it works when memory is gone.
 *
 * A message may quote what a stranger sent (a proxy's text, a table's name),
 * and it ends up on terminals and in logs: control characters, the C1 ones
 * too, become spaces and what is no UTF-8 becomes '?'.
 *
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
#include "base/err.h"

#include "base/enc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *ddb_code_name(ddb_code code)
{
    static const struct {
        ddb_code code;
        const char *name;
    } names[] = {
#define NAME(code) {code, #code}
        NAME(DDB_OK),
        NAME(DDB_NOT_FOUND),
        NAME(DDB_CONDITION_FAILED),
        NAME(DDB_PARTIAL),
        NAME(DDB_CONFLICT),
        NAME(DDB_BAD_VALUE),
        NAME(DDB_WRONG_KIND),
        NAME(DDB_INVALID),
        NAME(DDB_TOO_LARGE),
        NAME(DDB_NOMEM),
        NAME(DDB_NO_REGION),
        NAME(DDB_NO_CREDENTIALS),
        NAME(DDB_FORKED),
        NAME(DDB_UNSUPPORTED),
        NAME(DDB_SYSTEM),
        NAME(DDB_UNORDERED),
        NAME(DDB_TIMEOUT),
        NAME(DDB_NETWORK),
        NAME(DDB_TLS),
        NAME(DDB_CLOCK),
        NAME(DDB_BAD_ANSWER),
        NAME(DDB_ANSWER_TOO_LARGE),
        NAME(DDB_AMBIGUOUS),
        NAME(DDB_THROTTLED),
        NAME(DDB_UNAVAILABLE),
        NAME(DDB_CREDENTIALS),
        NAME(DDB_ACCESS_DENIED),
        NAME(DDB_NO_TABLE),
        NAME(DDB_IN_USE),
        NAME(DDB_VALIDATION),
        NAME(DDB_SERVICE),
#undef NAME
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].code == code)
            return names[i].name;
    return "DDB_UNKNOWN";
}

void ddbi_err_clear(ddb_err *err)
{
    if (err)
        memset(err, 0, sizeof *err);
}

/* In place; only ever shortens. */
static void clean(char *text)
{
    size_t n = strlen(text), i = 0;

    while (i < n) {
        unsigned char *s = (unsigned char *)text + i;
        size_t span = ddbi_utf8_char(s, n - i);

        if (span == 0)
            *s = '?';
        else if (*s < 0x20 || *s == 0x7f)
            *s = ' ';
        else if (*s == 0xc2 && s[1] < 0xa0)
            s[0] = s[1] = ' ';
        i += span ? span : 1;
    }
}

ddb_code ddbi_fail(ddb_err *err, ddb_code code, const char *format, ...)
{
    va_list args;
    int n;

    if (!err)
        return code;
    if (err->code != DDB_OK)
        return err->code;
    err->code = code;
    va_start(args, format);
    n = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (n < 0)
        err->message[0] = '\0';
    if (n >= (int)sizeof err->message)
        err->message[ddbi_utf8_cut(err->message, sizeof err->message - 1)] =
            '\0';
    clean(err->message);
    return code;
}

ddb_code ddbi_nomem(ddb_err *err)
{
    return ddbi_fail(err, DDB_NOMEM, "out of memory");
}

ddb_code ddbi_fail_as(ddb_err *err, const ddb_err *failure)
{
    if (err == NULL)
        return failure->code;
    if (err->code != DDB_OK)
        return err->code;
    err->code = failure->code;
    err->retryable = failure->retryable;
    memcpy(err->message, failure->message, sizeof err->message);
    return err->code;
}

/* In the order of strcmp, for the search. */
static const ddbi_exception exceptions[] = {
    {"AccessDenied", DDB_ACCESS_DENIED, 0, 0},
    {"AccessDeniedException", DDB_ACCESS_DENIED, 0, 0},
    {"AuthFailure", DDB_CREDENTIALS, 0, 0},
    {"BandwidthLimitExceeded", DDB_THROTTLED, 1, 1},
    {"ConditionalCheckFailedException", DDB_CONDITION_FAILED, 0, 0},
    {"EC2ThrottledException", DDB_THROTTLED, 1, 1},
    {"ExpiredToken", DDB_CREDENTIALS, 0, 0},
    {"ExpiredTokenException", DDB_CREDENTIALS, 0, 0},
    {"IdempotentParameterMismatchException", DDB_VALIDATION, 0, 0},
    {"IncompleteSignatureException", DDB_CREDENTIALS, 0, 0},
    {"InternalFailure", DDB_UNAVAILABLE, 1, 0},
    {"InternalServerError", DDB_UNAVAILABLE, 1, 0},
    {"InvalidClientTokenId", DDB_CREDENTIALS, 0, 0},
    {"InvalidSignatureException", DDB_CREDENTIALS, 0, 0},
    /* The service takes it only with a local index in its way. */
    {"ItemCollectionSizeLimitExceededException", DDB_TOO_LARGE, 0, 0},
    {"LimitExceededException", DDB_THROTTLED, 1, 1},
    {"MissingAuthenticationToken", DDB_CREDENTIALS, 0, 0},
    {"MissingAuthenticationTokenException", DDB_CREDENTIALS, 0, 0},
    {"PriorRequestNotComplete", DDB_THROTTLED, 1, 1},
    {"ProvisionedThroughputExceededException", DDB_THROTTLED, 1, 1},
    {"ReplicatedWriteConflictException", DDB_CONFLICT, 1, 0},
    {"RequestExpired", DDB_CLOCK, 0, 0},
    {"RequestInTheFuture", DDB_CLOCK, 0, 0},
    {"RequestLimitExceeded", DDB_THROTTLED, 1, 1},
    {"RequestThrottled", DDB_THROTTLED, 1, 1},
    {"RequestThrottledException", DDB_THROTTLED, 1, 1},
    {"RequestTimeTooSkewed", DDB_CLOCK, 0, 0},
    {"RequestTimeout", DDB_UNAVAILABLE, 1, 0},
    {"RequestTimeoutException", DDB_UNAVAILABLE, 1, 0},
    {"ResourceInUseException", DDB_IN_USE, 0, 0},
    {"ResourceNotFoundException", DDB_NO_TABLE, 0, 0},
    {"SerializationException", DDB_VALIDATION, 0, 0},
    {"ServiceUnavailable", DDB_UNAVAILABLE, 1, 0},
    {"ServiceUnavailableException", DDB_UNAVAILABLE, 1, 0},
    {"SignatureDoesNotMatch", DDB_CREDENTIALS, 0, 0},
    {"SlowDown", DDB_THROTTLED, 1, 1},
    {"ThrottledException", DDB_THROTTLED, 1, 1},
    {"Throttling", DDB_THROTTLED, 1, 1},
    {"ThrottlingException", DDB_THROTTLED, 1, 1},
    {"TooManyRequestsException", DDB_THROTTLED, 1, 1},
    {"TransactionCanceledException", DDB_CONDITION_FAILED, 0, 0},
    /* Not written, and no condition was false: another transaction had it. */
    {"TransactionConflictException", DDB_CONFLICT, 0, 0},
    {"TransactionInProgressException", DDB_THROTTLED, 1, 1},
    {"UnknownOperationException", DDB_VALIDATION, 0, 0},
    {"UnrecognizedClientException", DDB_CREDENTIALS, 0, 0},
    {"ValidationException", DDB_VALIDATION, 0, 0},
};

/* KMSAccessDeniedException and whatever else begins so. */
#define KMS_PREFIX "KMSAccessDenied"
static const ddbi_exception kms = {KMS_PREFIX, DDB_ACCESS_DENIED, 0, 0};

static const ddbi_exception *find_status(int status)
{
    static const ddbi_exception too_many = {"", DDB_THROTTLED, 1, 1};
    static const ddbi_exception too_long = {"", DDB_VALIDATION, 0, 0};
    static const ddbi_exception broken = {"", DDB_UNAVAILABLE, 1, 0};
    static const ddbi_exception refused = {"", DDB_UNAVAILABLE, 0, 0};
    static const ddbi_exception other = {"", DDB_SERVICE, 0, 0};

    switch (status) {
    case 429:
        return &too_many;
    case 413: /* a request of more than 16 MB; it comes without a body */
        return &too_long;
    case 500:
    case 502:
    case 503:
    case 504:
        return &broken;
    default: /* 501 or 505 say the same however often they are asked */
        return status > 500 && status < 600 ? &refused : &other;
    }
}

const ddbi_exception *ddbi_exception_find(const char *type, int http_status)
{
    size_t low = 0, high = sizeof exceptions / sizeof exceptions[0];

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(type, exceptions[middle].type);

        if (order == 0)
            return &exceptions[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    if (strncmp(type, KMS_PREFIX, sizeof KMS_PREFIX - 1) == 0)
        return &kms;
    return find_status(http_status);
}
