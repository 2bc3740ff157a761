/* SPDX-License-Identifier: MIT */
/* Signatures from the server's side: good ones are made by the signer that
 * test_sigv4.c holds against AWS's suite, then spoilt in every way. */
#include "oom.h"
#include "server_auth.h"
#include "tests.h"

#include "base/clock.h"
#include "base/enc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1767323045 /* 20260102T030405Z */
#define DATE "20260102T030405Z"
#define SCOPE "AKID/20260102/us-east-1/dynamodb/aws4_request"
#define SIGNED "host;x-amz-date;x-amz-target"
#define BODY "{\"TableName\":\"t\"}"
#define MOST 8

static char id[] = "AKID", secret[] = "SECRET", other[] = "OTHER",
            token[] = "TOKEN";
static server_key one_key[] = {{id, secret, NULL}};
static server_key two_keys[] = {{id, other, NULL}, {id, secret, token}};
static const server_keys keys = {one_key, 1};
static const server_keys with_token = {two_keys, 2};

static ddbi_signer *signer;
static ddbi_buf message;

static void set_up(void)
{
    signer = ddbi_signer_new();
    ck_assert_ptr_nonnull(signer);
}

static void tear_down(void)
{
    ddbi_signer_free(signer);
    ddbi_buf_free(&message);
}

/* A request as a client makes it: "name: value" lines. */
typedef struct {
    server_auth_in in;
    ddbi_header headers[MOST + 1];
    char authorization[512];
} request;

static ddb_bytes text(const char *s)
{
    return (ddb_bytes){s, strlen(s)};
}

static void make(request *r, const char *const *lines)
{
    *r = (request){.in = {.method = "POST",
                          .path = {"/", 1},
                          .body = {BODY, sizeof BODY - 1}}};
    r->in.headers = r->headers;
    for (; *lines != NULL; lines++) {
        const char *colon = strchr(*lines, ':');

        ck_assert_uint_lt(r->in.n_headers, MOST);
        r->headers[r->in.n_headers++] =
            (ddbi_header){{*lines, (size_t)(colon - *lines)}, text(colon + 2)};
    }
}

static const char *const usual[] = {"Host: localhost:8000", "X-Amz-Date: " DATE,
                                    "X-Amz-Target: DynamoDB_20120810.GetItem",
                                    "Content-Type: application/x-amz-json-1.0",
                                    NULL};

/* Sign the first n headers at this time, and add what came of it. */
static void sign(request *r, size_t n, int64_t now)
{
    const ddbi_sign_in in = {
        .access_key_id = id,
        .secret_access_key = secret,
        .region = "us-east-1",
        .service = "dynamodb",
        .now = now,
        .method = r->in.method,
        .path = r->in.path,
        .query = r->in.query,
        .headers = r->headers,
        .n_headers = n,
        .body = r->in.body,
    };
    ddbi_buf out = {0};

    ck_assert_int_eq(ddbi_sign(signer, &in, &out), DDB_OK);
    snprintf(r->authorization, sizeof r->authorization, "%s",
             ddbi_buf_text(&out));
    ddbi_buf_free(&out);
    r->headers[r->in.n_headers++] =
        (ddbi_header){text("Authorization"), text(r->authorization)};
}

/* "ok" or "TYPE: message". */
static const char *judged(const request *r, const server_auth_rules *rules)
{
    static char verdict[2048];
    const char *type = "?";
    ddb_code code = server_auth(&r->in, rules, signer, &type, &message);

    if (code == DDB_OK)
        return "ok";
    ck_assert_int_eq(code, DDB_SERVICE);
    snprintf(verdict, sizeof verdict, "%s: %.*s", type, (int)message.n,
             message.p);
    return verdict;
}

static const char *strict(const request *r)
{
    return judged(r, &(server_auth_rules){.keys = &keys, .now = NOW});
}

#define MISMATCH                                                               \
    "InvalidSignatureException: The request signature we calculated does not " \
    "match the signature you provided. Check your AWS Secret Access Key and "  \
    "signing method. Consult the service documentation for details."
#define UNRECOGNIZED                                                           \
    "UnrecognizedClientException: The security token included in the request " \
    "is invalid."
#define INCOMPLETE "IncompleteSignatureException: "
#define INVALID "InvalidSignatureException: "

START_TEST(takes_what_is_signed_right)
{
    request r;

    make(&r, usual);
    sign(&r, 3, NOW);
    ck_assert_str_eq(strict(&r), "ok");
    r.in.n_headers--;
    sign(&r, 4, NOW); /* content-type too */
    ck_assert_str_eq(strict(&r), "ok");
}
END_TEST

START_TEST(sees_any_change)
{
    request r;

    make(&r, usual);
    sign(&r, 3, NOW);
    r.headers[3].value = text("application/json"); /* is not signed */
    ck_assert_str_eq(strict(&r), "ok");
    r.in.body = text(BODY " ");
    ck_assert_str_eq(strict(&r), MISMATCH);
    r.in.body = text(BODY);
    r.in.method = "PUT";
    ck_assert_str_eq(strict(&r), MISMATCH);
    r.in.method = "POST";
    r.in.path = text("/x");
    ck_assert_str_eq(strict(&r), MISMATCH);
    r.in.path = text("/");
    r.in.query = text("a=b");
    ck_assert_str_eq(strict(&r), MISMATCH);
    r.in.query = (ddb_bytes){0};
    r.headers[0].value = text("localhost:8001");
    ck_assert_str_eq(strict(&r), MISMATCH);
    r.headers[0].value = text(" localhost:8000\t");
    ck_assert_str_eq(strict(&r), "ok");
    r.headers[2].value = text("DynamoDB_20120810.PutItem");
    ck_assert_str_eq(strict(&r), MISMATCH);
}
END_TEST

START_TEST(sees_every_character_of_the_signature)
{
    request r;
    char *p;

    make(&r, usual);
    sign(&r, 3, NOW);
    p = strstr(r.authorization, "Signature=") + 10;
    for (size_t i = 0; i < 64; i++) {
        char was = p[i];

        p[i] = was == '0' ? '1' : '0';
        ck_assert_str_eq(strict(&r), MISMATCH);
        p[i] = was;
    }
    ck_assert_str_eq(strict(&r), "ok");
    r.headers[4].value.n--; /* one short */
    ck_assert_str_eq(strict(&r), MISMATCH);
}
END_TEST

START_TEST(takes_a_query_that_is_signed)
{
    request r;

    make(&r, usual);
    r.in.query = text("b=2&a=%31");
    sign(&r, 3, NOW);
    ck_assert_str_eq(strict(&r), "ok");
    r.in.query = text("b=3&a=%31");
    ck_assert_str_eq(strict(&r), MISMATCH);
}
END_TEST

static const struct {
    int64_t signed_at;
    const char *verdict;
} times[] = {
    {NOW - 300, "ok"},
    {NOW + 300, "ok"},
    {NOW - 301, INVALID "Signature expired: 20260102T025904Z is now earlier "
                        "than 20260102T025905Z (20260102T030405Z - 5 min.)"},
    {NOW + 301, INVALID "Signature not yet current: 20260102T030906Z is still "
                        "later than 20260102T030905Z (20260102T030405Z + 5 "
                        "min.)"},
    {NOW - 86400, INVALID "Signature expired: 20260101T030405Z is now earlier "
                          "than 20260102T025905Z (20260102T030405Z - 5 min.)"},
};

START_TEST(looks_at_the_clock)
{
    char date[32] = "X-Amz-Date: ";
    const char *const lines[] = {usual[0], date, usual[2], NULL};
    request r;

    ddbi_format_amz_date(times[_i].signed_at, date + strlen(date));
    make(&r, lines);
    sign(&r, 3, times[_i].signed_at);
    ck_assert_str_eq(strict(&r), times[_i].verdict);
    /* Without keys only when it is asked for. */
    ck_assert_str_eq(judged(&r, &(server_auth_rules){.now = NOW}), "ok");
    ck_assert_str_eq(
        judged(&r, &(server_auth_rules){.now = NOW, .check_time = 1}),
        times[_i].verdict);
}
END_TEST

START_TEST(takes_a_date_header_of_either_form)
{
    static const char *const dates[] = {"Date: Fri, 02 Jan 2026 03:04:05 GMT",
                                        "Date: " DATE};
    const char *const lines[] = {usual[0], usual[2], dates[_i], NULL};
    request r;

    make(&r, lines);
    sign(&r, 3, NOW);
    ck_assert_str_eq(strict(&r), "ok");
    /* Unsigned it proves nothing. */
    r.in.n_headers--;
    sign(&r, 2, NOW);
    ck_assert_str_eq(strict(&r),
                     INVALID "'Date' must be a 'SignedHeader' in the AWS "
                             "Authorization.");
}
END_TEST

static const struct {
    const char *unsigned_header; /* goes last and is not signed */
    const char *verdict;
} uncovered[] = {
    {"Host: a", INVALID "'Host' or ':authority' must be a 'SignedHeader' in "
                        "the AWS Authorization."},
    {"X-Amz-Target: a", INVALID "'X-Amz-Target' must be a 'SignedHeader' in "
                                "the AWS Authorization."},
    {"x-amz-user-agent: a", INVALID "'x-amz-user-agent' must be a "
                                    "'SignedHeader' in the AWS "
                                    "Authorization."},
    {"x-amzn-trace-id: a", "ok"},
    {"Date: Fri, 02 Jan 2026 03:04:05 GMT", "ok"}, /* x-amz-date counts */
};

START_TEST(wants_host_and_amz_headers_signed)
{
    int is_host = _i == 0;
    const char *const lines[] = {is_host ? usual[2] : usual[0], usual[1],
                                 uncovered[_i].unsigned_header, NULL};
    request r;

    make(&r, lines);
    sign(&r, 2, NOW);
    ck_assert_str_eq(strict(&r), uncovered[_i].verdict);
}
END_TEST

START_TEST(knows_keys_and_tokens)
{
    const server_auth_rules rules = {.keys = &with_token, .now = NOW};
    const char *lines[] = {usual[0], usual[1], "X-Amz-Security-Token: TOKEN",
                           NULL};
    request r;

    make(&r, lines);
    sign(&r, 3, NOW);
    ck_assert_str_eq(judged(&r, &rules), "ok");
    ck_assert_str_eq(strict(&r), UNRECOGNIZED); /* a token too many */
    lines[2] = "X-Amz-Security-Token: TOKEM";
    make(&r, lines);
    sign(&r, 3, NOW);
    ck_assert_str_eq(judged(&r, &rules), UNRECOGNIZED);
    lines[2] = NULL;
    make(&r, lines);
    sign(&r, 2, NOW);
    ck_assert_str_eq(judged(&r, &rules), UNRECOGNIZED); /* one too few */
    memcpy(strstr(r.authorization, "AKID"), "AKIE", 4);
    ck_assert_str_eq(judged(&r, &rules), UNRECOGNIZED);
}
END_TEST

#define MISSING                                                                \
    "MissingAuthenticationTokenException: Request is missing Authentication "  \
    "Token"
#define WANTS(what) "Authorization header requires '" what "' parameter. "

static const struct {
    const char *authorization; /* NULL: none */
    const char *date;
    const char *verdict;
} headers[] = {
    {NULL, DATE, MISSING},
    {"", DATE, MISSING},
    {"AWS4", DATE, MISSING},
    {"AWS AKID:abc=", DATE, MISSING},
    {"Bearer x", DATE, MISSING},
    {"AWS4-", "",
     INCOMPLETE WANTS("Credential") WANTS("Signature")
         WANTS("SignedHeaders") "Authorization header requires existence of "
                                "either a 'X-Amz-Date' or a "
                                "'Date' header. Authorization=AWS4-"},
    {"AWS4-HMAC-SHA256 Credential=a, Signature=b", DATE,
     INCOMPLETE WANTS("SignedHeaders") "Authorization=AWS4-HMAC-SHA256 "
                                       "Credential=a, Signature=b"},
    {"AWS4-HMAC-SHA256 Credential=,Signature=b,SignedHeaders=c", DATE,
     INCOMPLETE WANTS("Credential") "Authorization=AWS4-HMAC-SHA256 "
                                    "Credential=,Signature=b,SignedHeaders=c"},
    {"AWS4-HMAC-SHA256 Signature=b,    Credential,    SignedHeaders", DATE,
     INCOMPLETE "'Credential' not a valid key=value pair (missing equal-sign) "
                "in Authorization header: 'AWS4-HMAC-SHA256 Signature=b,    "
                "Credential,    SignedHeaders'."},
    {"AWS4-HMAC-SHA256 Credential=" SCOPE ",SignedHeaders=host,Signature=b",
     "201",
     INCOMPLETE "Date must be in ISO-8601 'basic format'. Got '201'. See "
                "http://en.wikipedia.org/wiki/ISO_8601"},
    {"AWS4-HMAC-SHA256 Credential=" SCOPE ",SignedHeaders=a;b,Signature=b",
     DATE,
     INVALID "'Host' or ':authority' must be a 'SignedHeader' in the AWS "
             "Authorization."},
    {"AWS4-HMAC-SHA25 Credential=" SCOPE ",SignedHeaders=HOST,Signature=b",
     DATE,
     INCOMPLETE "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only "
                "AWS4-HMAC-SHA256 for now). "},
    {"AWS4-HMAC-SHA256 Credential=a/b/c/d,SignedHeaders=host,Signature=b", DATE,
     INCOMPLETE "Credential must have exactly 5 slash-delimited elements, "
                "e.g. keyid/date/region/service/term, got 'a/b/c/d'"},
    {"AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f,SignedHeaders=host,Signature=b",
     DATE,
     INCOMPLETE "Credential must have exactly 5 slash-delimited elements, "
                "e.g. keyid/date/region/service/term, got 'a/b/c/d/e/f'"},
    {"AWS4-HMAC-SHA256 Credential=///,SignedHeaders=host,Signature=b", DATE,
     INCOMPLETE "Credential must have exactly 5 slash-delimited elements, "
                "e.g. keyid/date/region/service/term, got '///'"},
    {"AWS4-HMAC-SHA256 Credential=a/b/c d/d/e,SignedHeaders=host,Signature=b",
     DATE,
     INCOMPLETE "'d/d/e' not a valid key=value pair (missing equal-sign) in "
                "Authorization header: 'AWS4-HMAC-SHA256 Credential=a/b/c "
                "d/d/e,SignedHeaders=host,Signature=b'."},
    {"AWS4-HMAC-SHA256 Credential=a/b/c./d/e//,SignedHeaders=host,Signature=b",
     DATE,
     INVALID "Credential should be scoped to a valid region, not 'c.'. "
             "Credential should be scoped to correct service: 'dynamodb'. "
             "Credential should be scoped with a valid terminator: "
             "'aws4_request', not 'e'. Date in Credential scope does not "
             "match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != "
             "'20260102', from '20260102T030405Z'."},
    {"AWS4-HMAC-SHA256 Credential=" SCOPE "/,SignedHeaders=host,Signature=b",
     DATE, "ok"},
    {"AWS4-HMAC-SHA256 SignedHeaders=a;host Signature=b Credential=" SCOPE,
     DATE, "ok"},
};

/* Without keys: the form alone. */
START_TEST(refuses_what_is_not_in_the_right_form)
{
    char date[64];
    const char *const lines[] = {"Host: a", date, NULL};
    request r;

    snprintf(date, sizeof date, "x-amz-date: %s", headers[_i].date);
    make(&r, lines);
    if (headers[_i].authorization != NULL)
        r.headers[r.in.n_headers++] = (ddbi_header){
            text("authorization"), text(headers[_i].authorization)};
    ck_assert_str_eq(judged(&r, &(server_auth_rules){.now = NOW}),
                     headers[_i].verdict);
}
END_TEST

/* ---- In the query ------------------------------------------------------- */

#define PRESIGNED                                                              \
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260102%2Fus-"  \
    "east-1%2Fdynamodb%2Faws4_request&X-Amz-Date=" DATE                        \
    "&X-Amz-Expires=600&X-Amz-SignedHeaders=host%3bx-amz-target"

/* A query of before, with its signature at the end. */
static void presign(request *r, const char *before, char *query, size_t size)
{
    make(r, (const char *const[]){usual[0], usual[2], NULL});
    r->in.query = text(before);
    sign(r, 2, NOW);
    r->in.n_headers--;
    snprintf(query, size, "%s&X-Amz-Signature=%s", before,
             strstr(r->authorization, "Signature=") + 10);
    r->in.query = text(query);
}

START_TEST(takes_a_signature_in_the_query)
{
    char query[1024];
    request r;

    presign(&r, PRESIGNED, query, sizeof query);
    ck_assert_str_eq(strict(&r), "ok");
    /* It is good as long as it says. */
    ck_assert_str_eq(
        judged(&r, &(server_auth_rules){.keys = &keys, .now = NOW + 600}),
        "ok");
    ck_assert_str_eq(
        judged(&r, &(server_auth_rules){.keys = &keys, .now = NOW + 601}),
        INVALID "Signature expired: 20260102T030405Z is now earlier than "
                "20260102T030406Z (20260102T031406Z - 10 min.)");
    r.in.body = text("{}");
    ck_assert_str_eq(strict(&r), MISMATCH);
    r.headers[r.in.n_headers++] =
        (ddbi_header){text("Authorization"), text("AWS4-HMAC-SHA256 x")};
    ck_assert_str_eq(strict(&r),
                     INVALID "Found both 'X-Amz-Algorithm' as a query-string "
                             "param and 'Authorization' as HTTP header.");
}
END_TEST

START_TEST(finds_the_signature_anywhere_in_the_query)
{
    char query[1024], turned[1024];
    request r;
    const char *at;

    presign(&r, PRESIGNED, query, sizeof query);
    at = strstr(query, "&X-Amz-Signature=");
    snprintf(turned, sizeof turned, "%s&%.*s", at + 1, (int)(at - query),
             query);
    r.in.query = text(turned);
    ck_assert_str_eq(strict(&r), "ok");
}
END_TEST

#define MUST(what) "AWS query-string parameters must include '" what "'. "
#define AGAIN "Re-examine the query-string parameters."

static const struct {
    const char *query;
    const char *verdict;
} queries[] = {
    {"X-Amz-Algorithm",
     INCOMPLETE MUST("X-Amz-Algorithm") MUST("X-Amz-Credential")
         MUST("X-Amz-Signature") MUST("X-Amz-SignedHeaders") MUST("X-Amz-Date")
             AGAIN},
    {"X-Amz-Algorithm=a&&X-Amz-Credential=b&X-Amz-Date=c",
     INCOMPLETE MUST("X-Amz-Signature") MUST("X-Amz-SignedHeaders") AGAIN},
    {"X-Amz-Credential=b", MISSING},
    {PRESIGNED "&X-Amz-Signature=%41%4", "ok"},
    {PRESIGNED "&X-Amz-Signature=a&X-Amz-Expires=604800", "ok"},
    {PRESIGNED "&X-Amz-Signature=a&X-Amz-Expires=604801",
     INCOMPLETE "X-Amz-Expires must be a number of seconds, at most a week."},
    {PRESIGNED "&X-Amz-Signature=a&X-Amz-Date=Fri, 02 Jan 2026 03:04:05 GMT",
     INCOMPLETE
     "Date must be in ISO-8601 'basic format'. Got 'Fri, 02 Jan "
     "2026 03:04:05 GMT'. See http://en.wikipedia.org/wiki/ISO_8601"},
};

START_TEST(judges_queries)
{
    request r;

    make(&r, usual);
    r.in.query = text(queries[_i].query);
    ck_assert_str_eq(judged(&r, &(server_auth_rules){.now = NOW}),
                     queries[_i].verdict);
}
END_TEST

START_TEST(survives_more_headers_than_can_be_signed)
{
    char line[1024] = "AWS4-HMAC-SHA256 Credential=" SCOPE
                      ", Signature=a, SignedHeaders=host;x-amz-date";
    const char *const lines[] = {usual[0], usual[1], NULL};
    request r;

    for (int i = 0; i < 40; i++)
        snprintf(line + strlen(line), sizeof line - strlen(line), ";h%d", i);
    make(&r, lines);
    r.headers[r.in.n_headers++] =
        (ddbi_header){text("Authorization"), text(line)};
    ck_assert_str_eq(strict(&r), MISMATCH);
}
END_TEST

START_TEST(leaks_nothing_without_memory)
{
    const server_auth_rules rules = {.keys = &keys, .now = NOW};
    char query[1024];
    request r;

    presign(&r, PRESIGNED, query, sizeof query);
    tear_down();
    memset(&message, 0, sizeof message);
    signer = NULL;
    for (long n = 0;; n++) {
        const char *type;
        ddb_code code = DDB_NOMEM;

        oom_begin(n);
        signer = ddbi_signer_new();
        if (signer != NULL)
            code = server_auth(&r.in, &rules, signer, &type, &message);
        ddbi_signer_free(signer);
        signer = NULL;
        ddbi_buf_free(&message);
        ck_assert_int_eq(oom_live(), 0);
        if (!oom_end()) {
            ck_assert_int_eq(code, DDB_OK);
            break;
        }
        ck_assert_int_eq(code, DDB_NOMEM);
    }
}
END_TEST

Suite *suite_server_auth(void)
{
    Suite *s = suite_create("server_auth");
    TCase *tc = tcase_create("server_auth");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, takes_what_is_signed_right);
    tcase_add_test(tc, sees_any_change);
    tcase_add_test(tc, sees_every_character_of_the_signature);
    tcase_add_test(tc, takes_a_query_that_is_signed);
    tcase_add_loop_test(tc, looks_at_the_clock, 0, ROWS(times));
    tcase_add_loop_test(tc, takes_a_date_header_of_either_form, 0, 2);
    tcase_add_loop_test(tc, wants_host_and_amz_headers_signed, 0,
                        ROWS(uncovered));
    tcase_add_test(tc, knows_keys_and_tokens);
    tcase_add_loop_test(tc, refuses_what_is_not_in_the_right_form, 0,
                        ROWS(headers));
    tcase_add_test(tc, takes_a_signature_in_the_query);
    tcase_add_test(tc, finds_the_signature_anywhere_in_the_query);
    tcase_add_loop_test(tc, judges_queries, 0, ROWS(queries));
    tcase_add_test(tc, survives_more_headers_than_can_be_signed);
    tcase_add_test(tc, leaks_nothing_without_memory);
    suite_add_tcase(s, tc);
    return s;
}
