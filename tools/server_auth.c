/* SPDX-License-Identifier: MIT */
/*
 * Signatures, from the server's side.  Once their parts are found
 * (server_parts.c) they are judged in the service's order: date, host,
 * algorithm, credential, scope, key, signature, token.  The signature itself is
 * made again from what was received, by the library's own signer, and compared
 * in constant time.
 *
 * What a signature must cover: host, the date, and every x-amz- header.
 */
#include "server_parts.h"

#include "base/clock.h"
#include "base/enc.h"

#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define SERVICE "dynamodb"
#define TERMINATOR "aws4_request"
#define WINDOW 300                      /* seconds to either side */
#define MOST_EXPIRES (7 * 24 * 60 * 60) /* seconds: a week */
#define HEX_SIZE (2 * (size_t)DDBI_SHA256_SIZE)
#define MAX_SCOPE 128 /* bytes of key ID, region */

/* A signature that is being judged. */
typedef struct {
    server_parts parts;
    int64_t time;       /* of its date: Unix seconds */
    char stamp[17];     /* the same as ISO 8601 */
    ddb_bytes scope[5]; /* key ID, day, region, service, terminator */
} claim;

typedef struct {
    const server_auth_in *in;
    const server_auth_rules *rules;
    ddbi_signer *signer;
    const char **type;
    ddbi_buf *message;
} judge;

static ddb_code refused(const judge *j, const char *type)
{
    *j->type = type;
    return j->message->failed != DDB_OK ? j->message->failed : DDB_SERVICE;
}

static ddb_code refuse(const judge *j, const char *type, const char *message)
{
    ddbi_buf_add_str(j->message, message);
    return refused(j, type);
}

/* Is the header of this name among "a;b;c"? */
static int is_signed(const claim *s, ddb_bytes name)
{
    const char *p = s->parts.signed_names.p;
    size_t left = s->parts.signed_names.n;

    while (left > 0) {
        const char *end = memchr(p, ';', left);
        size_t n = end != NULL ? (size_t)(end - p) : left;

        if (ddbi_same_name((ddb_bytes){p, n}, name))
            return 1;
        n += end != NULL;
        p += n;
        left -= n;
    }
    return 0;
}

/* ---- Judging them ------------------------------------------------------- */

static ddb_code read_date(const judge *j, claim *s)
{
    if (ddbi_parse_amz_date(s->parts.date.p, s->parts.date.n, &s->time) == 0 ||
        (!s->parts.in_query &&
         ddbi_parse_http_date(s->parts.date.p, s->parts.date.n, &s->time) ==
             0)) {
        ddbi_format_amz_date(s->time, s->stamp);
        return DDB_OK;
    }
    ddbi_buf_add_str(j->message,
                     "Date must be in ISO-8601 'basic format'. Got '");
    ddbi_buf_add(j->message, s->parts.date.p, s->parts.date.n);
    return refuse(j, "IncompleteSignatureException",
                  "'. See http://en.wikipedia.org/wiki/ISO_8601");
}

/* "... 20260102T030405Z is now earlier than LIMIT (NOW - 5 min.)" */
static ddb_code out_of_time(const judge *j, const claim *s, const char *begin,
                            const char *middle, int64_t distance)
{
    char text[17];
    int64_t seconds = distance < 0 ? -distance : distance;

    ddbi_buf_add_str(j->message, begin);
    ddbi_buf_add_str(j->message, s->stamp);
    ddbi_buf_add_str(j->message, middle);
    ddbi_format_amz_date(j->rules->now + distance, text);
    ddbi_buf_add_str(j->message, text);
    ddbi_format_amz_date(j->rules->now, text);
    ddbi_buf_add_str(j->message, " (");
    ddbi_buf_add_str(j->message, text);
    ddbi_buf_add_str(j->message, distance < 0 ? " - " : " + ");
    ddbi_buf_add_i64(j->message, seconds % 60 == 0 ? seconds / 60 : seconds);
    return refuse(j, "InvalidSignatureException",
                  seconds % 60 == 0 ? " min.)" : " sec.)");
}

static ddb_code check_time(const judge *j, const claim *s)
{
    int64_t back = WINDOW;
    uint64_t expires;

    if (s->parts.expires.p != NULL) {
        if (ddbi_parse_u64(s->parts.expires.p, s->parts.expires.n, MOST_EXPIRES,
                           &expires) != 0)
            return refuse(j, "IncompleteSignatureException",
                          "X-Amz-Expires must be a number of seconds, at most "
                          "a week.");
        back = (int64_t)expires;
    }
    if (j->rules->keys == NULL && !j->rules->check_time)
        return DDB_OK;
    if (s->time < j->rules->now - back)
        return out_of_time(j, s, "Signature expired: ", " is now earlier than ",
                           -back);
    if (s->time > j->rules->now + WINDOW)
        return out_of_time(j, s, "Signature not yet current: ",
                           " is still later than ", WINDOW);
    return DDB_OK;
}

static ddb_code check_signed_names(const judge *j, const claim *s)
{
    const server_auth_in *in = j->in;

    if (!is_signed(s, (ddb_bytes){"host", 4}))
        return refuse(j, "InvalidSignatureException",
                      "'Host' or ':authority' must be a 'SignedHeader' in the "
                      "AWS Authorization.");
    for (size_t i = 0; j->rules->keys != NULL && i < in->n_headers; i++) {
        ddb_bytes name = in->headers[i].name;
        int must = name.n > 6 && ddbi_same_name((ddb_bytes){name.p, 6},
                                                (ddb_bytes){"x-amz-", 6});

        /* Without it the date would be whatever somebody writes there. */
        if (s->parts.date.p != NULL && !s->parts.in_query &&
            ddbi_same_name(name, (ddb_bytes){"date", 4}))
            must = server_header(in->headers, in->n_headers, "x-amz-date").p ==
                   NULL;
        if (!must || is_signed(s, name))
            continue;
        ddbi_buf_add_c(j->message, '\'');
        ddbi_buf_add(j->message, name.p, name.n);
        return refuse(j, "InvalidSignatureException",
                      "' must be a 'SignedHeader' in the AWS Authorization.");
    }
    return DDB_OK;
}

static ddb_code check_algorithm(const judge *j, const claim *s)
{
    if (ddbi_equal_text(s->parts.algorithm, ALGORITHM))
        return DDB_OK;
    ddbi_buf_add_str(j->message, "Unsupported AWS 'algorithm': '");
    ddbi_buf_add(j->message, s->parts.algorithm.p, s->parts.algorithm.n);
    return refuse(j, "IncompleteSignatureException",
                  "' (only AWS4-HMAC-SHA256 for now). ");
}

/* keyid/date/region/service/term; slashes at the end are passed over. */
static ddb_code split_credential(const judge *j, claim *s)
{
    const char *p = s->parts.credential.p;
    size_t left = s->parts.credential.n;
    size_t n = 0;

    while (left > 0 && p[left - 1] == '/')
        left--;
    for (; n < 5; n++) {
        const char *slash = left > 0 ? memchr(p, '/', left) : NULL;
        size_t part = slash != NULL ? (size_t)(slash - p) : left;

        s->scope[n] = (ddb_bytes){p, part};
        if (slash == NULL)
            break;
        p += part + 1;
        left -= part + 1;
    }
    if (n == 4)
        return DDB_OK;
    ddbi_buf_add_str(j->message,
                     "Credential must have exactly 5 slash-delimited elements, "
                     "e.g. keyid/date/region/service/term, got '");
    ddbi_buf_add(j->message, s->parts.credential.p, s->parts.credential.n);
    return refuse(j, "IncompleteSignatureException", "'");
}

static int is_region(ddb_bytes region)
{
    const char *p = region.p;

    for (size_t i = 0; i < region.n; i++)
        if (!ddbi_is_alnum((unsigned char)p[i]) && p[i] != '-' && p[i] != '_')
            return 0;
    return region.n > 0 && region.n < MAX_SCOPE;
}

static ddb_code check_scope(const judge *j, const claim *s)
{
    const ddb_bytes *scope = s->scope;
    ddbi_buf *m = j->message;

    if (!is_region(scope[2])) {
        ddbi_buf_add_str(m, "Credential should be scoped to a valid region, "
                            "not '");
        ddbi_buf_add(m, scope[2].p, scope[2].n);
        ddbi_buf_add_str(m, "'. ");
    }
    if (!ddbi_equal_text(scope[3], SERVICE))
        ddbi_buf_add_str(m, "Credential should be scoped to correct service: "
                            "'" SERVICE "'. ");
    if (!ddbi_equal_text(scope[4], TERMINATOR)) {
        ddbi_buf_add_str(m, "Credential should be scoped with a valid "
                            "terminator: '" TERMINATOR "', not '");
        ddbi_buf_add(m, scope[4].p, scope[4].n);
        ddbi_buf_add_str(m, "'. ");
    }
    if (scope[1].n != 8 || memcmp(scope[1].p, s->stamp, 8) != 0) {
        ddbi_buf_add_str(m, "Date in Credential scope does not match YYYYMMDD "
                            "from ISO-8601 version of date from HTTP: '");
        ddbi_buf_add(m, scope[1].p, scope[1].n);
        ddbi_buf_add_str(m, "' != '");
        ddbi_buf_add(m, s->stamp, 8);
        ddbi_buf_add_str(m, "', from '");
        ddbi_buf_add_str(m, s->stamp);
        ddbi_buf_add_str(m, "'.");
    }
    if (m->n > 0)
        return refused(j, "InvalidSignatureException");
    return m->failed;
}

/* ---- The signature ------------------------------------------------------ */

/* What the client says that it signed, as headers to sign.  Returns how many;
 * more than there is room for: too many. */
static size_t signed_headers(const server_auth_in *in, const claim *s,
                             ddbi_header out[DDBI_MAX_SIGNED_HEADERS])
{
    const char *p = s->parts.signed_names.p;
    size_t left = s->parts.signed_names.n;
    size_t n = 0;

    while (left > 0) {
        const char *end = memchr(p, ';', left);
        size_t name_n = end != NULL ? (size_t)(end - p) : left;
        ddb_bytes name = {p, name_n};
        size_t before = n;

        for (size_t i = 0; i < in->n_headers; i++) {
            if (!ddbi_same_name(in->headers[i].name, name))
                continue;
            if (n == DDBI_MAX_SIGNED_HEADERS)
                return n + 1;
            out[n++] = in->headers[i];
        }
        if (n == before) { /* signed as empty */
            if (n == DDBI_MAX_SIGNED_HEADERS)
                return n + 1;
            out[n++] = (ddbi_header){name, {"", 0}};
        }
        name_n += end != NULL;
        p += name_n;
        left -= name_n;
    }
    return n;
}

/* Takes as long whatever differs; the lengths are no secret. */
static int same_secret(ddb_bytes a, ddb_bytes b)
{
    const unsigned char *p = a.p;
    const unsigned char *q = b.p;
    unsigned diff = 0;

    if (a.n != b.n)
        return 0;
    for (size_t i = 0; i < a.n; i++)
        diff |= (unsigned)(p[i] ^ q[i]);
    return diff == 0;
}

/* 1: the key made this signature. */
static ddb_code verify(const judge *j, const claim *s, const server_key *key,
                       int *ok)
{
    const server_auth_in *in = j->in;
    ddbi_header headers[DDBI_MAX_SIGNED_HEADERS];
    char region[MAX_SCOPE] = "";
    ddbi_buf made = {0};
    ddbi_sign_in sign = {
        .access_key_id = key->id,
        .secret_access_key = key->secret,
        .region = region,
        .service = SERVICE,
        .now = s->time,
        .method = in->method,
        .path = in->path,
        .query = s->parts.in_query
                     ? (ddb_bytes){s->parts.query_left.p, s->parts.query_left.n}
                     : in->query,
        .headers = headers,
        .n_headers = signed_headers(in, s, headers),
        .body = in->body,
    };
    ddb_code code;

    *ok = 0;
    if (sign.n_headers > DDBI_MAX_SIGNED_HEADERS)
        return DDB_OK;
    memcpy(region, s->scope[2].p, s->scope[2].n);
    code = ddbi_sign(j->signer, &sign, &made);
    if (code == DDB_OK)
        *ok = same_secret((ddb_bytes){made.p + made.n - HEX_SIZE, HEX_SIZE},
                          s->parts.signature);
    ddbi_buf_free(&made);
    return code;
}

static ddb_code check_signature(const judge *j, const claim *s)
{
    const server_keys *keys = j->rules->keys;
    int known = 0;
    int ok = 0;

    for (size_t i = 0; i < keys->n; i++) {
        const server_key *key = &keys->p[i];
        ddb_bytes token = {key->token, 0};
        ddb_code code;

        if (!ddbi_equal_text(s->scope[0], key->id))
            continue;
        known = 1;
        code = verify(j, s, key, &ok);
        if (code != DDB_OK)
            return code;
        if (key->token != NULL)
            token.n = strlen(key->token);
        if (ok && same_secret(token, s->parts.token))
            return DDB_OK;
        if (ok)
            break;
    }
    if (!known || ok)
        return refuse(j, "UnrecognizedClientException",
                      "The security token included in the request is invalid.");
    return refuse(j, "InvalidSignatureException",
                  "The request signature we calculated does not match the "
                  "signature you provided. Check your AWS Secret Access Key "
                  "and signing method. Consult the service documentation for "
                  "details.");
}

static ddb_code judge_claim(const judge *j, claim *s)
{
    ddb_code code;

    if ((code = server_parts_find(j->in, &s->parts, j->type, j->message)) !=
            DDB_OK ||
        (code = read_date(j, s)) != DDB_OK ||
        (code = check_time(j, s)) != DDB_OK ||
        (code = check_signed_names(j, s)) != DDB_OK ||
        (code = check_algorithm(j, s)) != DDB_OK ||
        (code = split_credential(j, s)) != DDB_OK ||
        (code = check_scope(j, s)) != DDB_OK)
        return code;
    return j->rules->keys != NULL ? check_signature(j, s) : DDB_OK;
}

ddb_code server_auth(const server_auth_in *in, const server_auth_rules *rules,
                     ddbi_signer *signer, const char **type, ddbi_buf *message)
{
    const judge j = {in, rules, signer, type, message};
    claim s = {0};
    ddb_code code;

    ddbi_buf_clear(message);
    code = judge_claim(&j, &s);
    server_parts_free(&s.parts);
    return code;
}
