/* SPDX-License-Identifier: MIT */
/*
 * AWS Signature Version 4, by header.
 *
 * The canonical request is the request written in one way only: method, path,
 * query, headers, names of the headers, hash of the body.  Its hash goes into
 * the string to sign, with date and scope; an HMAC of that under a key that
 * is derived from the secret for one day, region and service is the
 * signature.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 *
 * Derivation takes eight hashes more than the rest, so the hasher stays keyed
 * from one signature to the next, and nothing is allocated once the buffers
 * are warm.  Not here: signatures in the query, chunked bodies, SigV4A, and
 * the one path encoding of S3.
 */
#include "http/sigv4.h"

#include "base/clock.h"
#include "base/enc.h"

#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define SEED "AWS4"
#define SEED_SIZE (sizeof SEED - 1)
#define TERMINATOR "aws4_request"
#define DAY_SIZE 8 /* of "20260102T030405Z" */
#define HEX_SIZE (2 * (size_t)DDBI_SHA256_SIZE)

/* Stands between name and value while a query is sorted: below every
 * character that is left in them, so that "a" comes before "a-". */
#define QUERY_EQUALS '\1'

struct ddbi_signer {
    ddbi_hasher *hasher;
    ddbi_buf canonical; /* holds the session token */
    ddbi_buf string;
    /* What the hasher is keyed with; an empty scope: nothing. */
    ddbi_buf seed;    /* "AWS4" and the secret access key */
    ddbi_buf scope;   /* day/region/service/aws4_request */
    size_t region_n;  /* where the region ends in it */
    ddbi_buf scratch; /* within one function */
    /* Formatted once a second. */
    int64_t second;
    char date[17]; /* "": not yet */
};

ddbi_signer *ddbi_signer_new(void)
{
    ddbi_signer *s = ddbi_calloc(1, sizeof *s);

    if (s != NULL && (s->hasher = ddbi_hasher_new()) == NULL) {
        ddbi_free(s);
        s = NULL;
    }
    if (s != NULL) {
        s->canonical.secret = 1;
        s->seed.secret = 1;
    }
    return s;
}

void ddbi_signer_free(ddbi_signer *s)
{
    if (s == NULL)
        return;
    ddbi_hasher_free(s->hasher);
    ddbi_buf_free(&s->canonical);
    ddbi_buf_free(&s->string);
    ddbi_buf_free(&s->seed);
    ddbi_buf_free(&s->scope);
    ddbi_buf_free(&s->scratch);
    ddbi_free(s);
}

/* ---- Canonical request -------------------------------------------------- */

static int is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void add_hash(ddbi_signer *s, ddb_bytes bytes, ddbi_buf *out)
{
    unsigned char hash[DDBI_SHA256_SIZE];
    char *to = ddbi_buf_extend(out, HEX_SIZE);

    if (to == NULL)
        return;
    if (ddbi_sha256(s->hasher, bytes.p, bytes.n, hash) == 0)
        ddbi_hex(to, hash, sizeof hash);
    else
        ddbi_buf_fail(out, DDB_SYSTEM);
}

/* Encoded once more, as every service but S3 wants it.  A segment ".." takes
 * away the one before it, which has its only slash in front. */
static void add_path(const ddbi_sign_in *in, ddbi_buf *out)
{
    const char *p = in->path.p;
    size_t left = in->path.n;
    size_t start = out->n;
    int slash = 1; /* to end with one */

    if (in->no_normalize && left > 0) {
        ddbi_uri_encode(out, p, left, 1);
        return;
    }
    while (left > 0) {
        const char *next = memchr(p, '/', left);
        size_t n = next != NULL ? (size_t)(next - p) : left;

        slash = 1;
        if (n == 2 && memcmp(p, "..", 2) == 0) {
            while (out->n > start && out->p[--out->n] != '/')
                continue;
        } else if (n > 0 && !(n == 1 && *p == '.')) {
            ddbi_buf_add_c(out, '/');
            ddbi_uri_encode(out, p, n, 0);
            slash = next != NULL;
        }
        n += next != NULL;
        p += n;
        left -= n;
    }
    if (slash)
        ddbi_buf_add_c(out, '/');
}

/* Whether it came encoded or not, it leaves encoded once. */
static void add_decoded(const char *p, size_t n, ddbi_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];

        if (c == '%' && n - i > 2) {
            int high = ddbi_hex_digit(p[i + 1]);
            int low = ddbi_hex_digit(p[i + 2]);

            if (high >= 0 && low >= 0) {
                c = (unsigned char)(high << 4 | low);
                i += 2;
            }
        }
        ddbi_uri_encode(out, &c, 1, 0);
    }
}

/* Put the pair and a '&' where it belongs among those from start on. */
static void insert_pair(ddbi_buf *out, size_t start, const ddbi_buf *pair)
{
    size_t at = start;
    size_t end = out->n;
    char *p;

    while (at < end) {
        size_t n = (size_t)((char *)memchr(out->p + at, '&', end - at) -
                            (out->p + at));
        int order = memcmp(out->p + at, pair->p, n < pair->n ? n : pair->n);

        if (order > 0 || (order == 0 && n > pair->n))
            break;
        at += n + 1;
    }
    if (ddbi_buf_extend(out, pair->n + 1) == NULL)
        return;
    p = out->p + at;
    memmove(p + pair->n + 1, p, end - at);
    memcpy(p, pair->p, pair->n);
    p[pair->n] = '&';
}

static void add_query(ddbi_signer *s, ddb_bytes query, ddbi_buf *out)
{
    const char *p = query.p;
    size_t left = query.n;
    size_t start = out->n;
    ddbi_buf *pair = &s->scratch;

    while (left > 0 && out->failed == DDB_OK) {
        const char *amp = memchr(p, '&', left);
        size_t n = amp != NULL ? (size_t)(amp - p) : left;
        const char *equals = memchr(p, '=', n);
        size_t name_n = equals != NULL ? (size_t)(equals - p) : n;
        size_t value_at = name_n + (equals != NULL);

        ddbi_buf_clear(pair);
        add_decoded(p, name_n, pair);
        ddbi_buf_add_c(pair, QUERY_EQUALS);
        add_decoded(p + value_at, n - value_at, pair);
        if (pair->failed != DDB_OK)
            ddbi_buf_fail(out, pair->failed);
        else if (n > 0)
            insert_pair(out, start, pair);
        n += amp != NULL;
        p += n;
        left -= n;
    }
    for (size_t i = start; i < out->n; i++) {
        if (out->p[i] == QUERY_EQUALS)
            out->p[i] = '=';
    }
    if (out->n > start)
        out->n--; /* the last '&' */
}

static int compare_names(ddb_bytes a, ddb_bytes b)
{
    const unsigned char *p = a.p;
    const unsigned char *q = b.p;

    for (size_t i = 0; i < a.n && i < b.n; i++) {
        int diff = ddbi_lower(p[i]) - ddbi_lower(q[i]);

        if (diff != 0)
            return diff;
    }
    return (a.n > b.n) - (a.n < b.n);
}

/* By insertion: there are few, and they mostly come in order. */
static void sort_headers(const ddbi_sign_in *in, const ddbi_header **sorted)
{
    for (size_t i = 0; i < in->n_headers; i++) {
        const ddbi_header *h = &in->headers[i];
        size_t at = i;

        while (at > 0 && compare_names(sorted[at - 1]->name, h->name) > 0) {
            sorted[at] = sorted[at - 1];
            at--;
        }
        sorted[at] = h;
    }
}

static void add_name(ddb_bytes name, ddbi_buf *out)
{
    const unsigned char *p = name.p;
    char *to = ddbi_buf_extend(out, name.n);

    for (size_t i = 0; to != NULL && i < name.n; i++)
        to[i] = (char)ddbi_lower(p[i]);
}

/* May there be white space?  A session token of a kilobyte or more has none,
 * and looking at eight bytes at a time is the quick way to see it. */
static int may_have_space(const unsigned char *p, size_t n)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t word;

    for (; n >= sizeof word; p += sizeof word, n -= sizeof word) {
        memcpy(&word, p, sizeof word);
        /* A byte below 0x21 borrows from its highest bit. */
        if (((word - ones * 0x21) & ~word & ones * 0x80) != 0)
            return 1;
    }
    for (; n > 0; p++, n--) {
        if (*p < 0x21)
            return 1;
    }
    return 0;
}

/* Trimmed, and each run of white space made one space. */
static void add_value(ddb_bytes value, ddbi_buf *out)
{
    const unsigned char *p = value.p;
    size_t n = 0;
    int gap = 0;
    char *to;

    if (!may_have_space(p, value.n)) {
        ddbi_buf_add(out, value.p, value.n);
        return;
    }
    if ((to = ddbi_buf_extend(out, value.n)) == NULL)
        return;
    for (size_t i = 0; i < value.n; i++) {
        if (is_space(p[i])) {
            gap = n > 0;
            continue;
        }
        if (gap)
            to[n++] = ' ';
        gap = 0;
        to[n++] = (char)p[i];
    }
    out->n -= value.n - n;
}

static void add_headers(const ddbi_header **sorted, size_t n, ddbi_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && compare_names(sorted[i - 1]->name, sorted[i]->name) == 0) {
            ddbi_buf_add_c(out, ',');
        } else {
            if (i > 0)
                ddbi_buf_add_c(out, '\n');
            add_name(sorted[i]->name, out);
            ddbi_buf_add_c(out, ':');
        }
        add_value(sorted[i]->value, out);
    }
    if (n > 0)
        ddbi_buf_add_c(out, '\n');
}

static void add_signed_names(const ddbi_header **sorted, size_t n,
                             ddbi_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && compare_names(sorted[i - 1]->name, sorted[i]->name) == 0)
            continue;
        if (i > 0)
            ddbi_buf_add_c(out, ';');
        add_name(sorted[i]->name, out);
    }
}

ddb_code ddbi_sign_canonical(ddbi_signer *s, const ddbi_sign_in *in,
                             ddbi_buf *out)
{
    const ddbi_header *sorted[DDBI_MAX_SIGNED_HEADERS];

    if (in->n_headers > DDBI_MAX_SIGNED_HEADERS) {
        ddbi_buf_fail(out, DDB_INVALID);
        return out->failed;
    }
    sort_headers(in, sorted);
    ddbi_buf_add_str(out, in->method);
    ddbi_buf_add_c(out, '\n');
    add_path(in, out);
    ddbi_buf_add_c(out, '\n');
    add_query(s, in->query, out);
    ddbi_buf_add_c(out, '\n');
    add_headers(sorted, in->n_headers, out);
    ddbi_buf_add_c(out, '\n');
    add_signed_names(sorted, in->n_headers, out);
    ddbi_buf_add_c(out, '\n');
    add_hash(s, in->body, out);
    return out->failed;
}

/* The names of the headers: the last line but one. */
static ddb_bytes signed_names(const ddbi_buf *canonical)
{
    const char *end = canonical->p + canonical->n - HEX_SIZE - 1;
    const char *p = end;

    while (p[-1] != '\n')
        p--;
    return (ddb_bytes){p, (size_t)(end - p)};
}

/* ---- String to sign ----------------------------------------------------- */

static const char *date_of(ddbi_signer *s, int64_t now)
{
    if (s->second != now || s->date[0] == '\0') {
        ddbi_format_amz_date(now, s->date);
        s->second = now;
    }
    return s->date;
}

static void add_scope(ddbi_signer *s, const ddbi_sign_in *in, ddbi_buf *out)
{
    ddbi_buf_add(out, date_of(s, in->now), DAY_SIZE);
    ddbi_buf_add_c(out, '/');
    ddbi_buf_add_str(out, in->region);
    ddbi_buf_add_c(out, '/');
    ddbi_buf_add_str(out, in->service);
    ddbi_buf_add_str(out, "/" TERMINATOR);
}

ddb_code ddbi_sign_string(ddbi_signer *s, const ddbi_sign_in *in,
                          ddb_bytes canonical, ddbi_buf *out)
{
    ddbi_buf_add_str(out, ALGORITHM "\n");
    ddbi_buf_add_str(out, date_of(s, in->now));
    ddbi_buf_add_c(out, '\n');
    add_scope(s, in, out);
    ddbi_buf_add_c(out, '\n');
    add_hash(s, canonical, out);
    return out->failed;
}

/* ---- Key ---------------------------------------------------------------- */

ddb_code ddbi_sign_key(ddbi_signer *s, const ddbi_sign_in *in,
                       unsigned char out[DDBI_SHA256_SIZE])
{
    const char *part[] = {date_of(s, in->now), in->region, in->service,
                          TERMINATOR};
    const void *key;
    size_t n;

    ddbi_buf_clear(&s->scope);
    ddbi_buf_clear(&s->seed);
    ddbi_buf_add(&s->seed, SEED, SEED_SIZE);
    ddbi_buf_add_str(&s->seed, in->secret_access_key);
    if (s->seed.failed != DDB_OK)
        return s->seed.failed;
    key = s->seed.p;
    n = s->seed.n;
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
        size_t part_n = i == 0 ? DAY_SIZE : strlen(part[i]);

        if (ddbi_hmac_key(s->hasher, key, n) != 0 ||
            ddbi_hmac(s->hasher, part[i], part_n, out) != 0) {
            ddbi_wipe(out, DDBI_SHA256_SIZE);
            return DDB_SYSTEM;
        }
        key = out;
        n = DDBI_SHA256_SIZE;
    }
    return DDB_OK;
}

/* In a time that does not tell how much of it was right. */
static int is_secret(const ddbi_signer *s, const char *secret)
{
    size_t n = strlen(secret);
    int diff = 0;

    if (s->seed.n != SEED_SIZE + n)
        return 0;
    for (size_t i = 0; i < n; i++)
        diff |= s->seed.p[SEED_SIZE + i] ^ secret[i];
    return diff == 0;
}

/* Key the hasher, unless it has the right key already. */
static ddb_code use_key(ddbi_signer *s, const ddbi_sign_in *in)
{
    ddbi_buf *scope = &s->scratch;
    unsigned char key[DDBI_SHA256_SIZE];
    ddb_code code;

    ddbi_buf_clear(scope);
    add_scope(s, in, scope);
    if (scope->failed != DDB_OK)
        return scope->failed;
    if (scope->n == s->scope.n && memcmp(scope->p, s->scope.p, scope->n) == 0 &&
        s->region_n == strlen(in->region) &&
        is_secret(s, in->secret_access_key))
        return DDB_OK;
    code = ddbi_sign_key(s, in, key);
    if (code == DDB_OK && ddbi_hmac_key(s->hasher, key, sizeof key) != 0)
        code = DDB_SYSTEM;
    ddbi_wipe(key, sizeof key);
    if (code != DDB_OK)
        return code;
    ddbi_buf_add(&s->scope, scope->p, scope->n);
    s->region_n = strlen(in->region);
    return s->scope.failed;
}

/* ---- Authorization header ----------------------------------------------- */

static void add_authorization(const ddbi_signer *s, const ddbi_sign_in *in,
                              const unsigned char mac[DDBI_SHA256_SIZE],
                              ddbi_buf *out)
{
    ddb_bytes names = signed_names(&s->canonical);
    char *to;

    ddbi_buf_add_str(out, ALGORITHM " Credential=");
    ddbi_buf_add_str(out, in->access_key_id);
    ddbi_buf_add_c(out, '/');
    ddbi_buf_add(out, s->scope.p, s->scope.n);
    ddbi_buf_add_str(out, ", SignedHeaders=");
    ddbi_buf_add(out, names.p, names.n);
    ddbi_buf_add_str(out, ", Signature=");
    to = ddbi_buf_extend(out, HEX_SIZE);
    if (to != NULL)
        ddbi_hex(to, mac, DDBI_SHA256_SIZE);
}

ddb_code ddbi_sign(ddbi_signer *s, const ddbi_sign_in *in, ddbi_buf *out)
{
    unsigned char mac[DDBI_SHA256_SIZE];
    ddb_code code;

    ddbi_buf_clear(&s->canonical);
    ddbi_buf_clear(&s->string);
    code = ddbi_sign_canonical(s, in, &s->canonical);
    if (code == DDB_OK)
        code = ddbi_sign_string(
            s, in, (ddb_bytes){s->canonical.p, s->canonical.n}, &s->string);
    if (code == DDB_OK)
        code = use_key(s, in);
    if (code == DDB_OK &&
        ddbi_hmac(s->hasher, s->string.p, s->string.n, mac) != 0)
        code = DDB_SYSTEM;
    if (code == DDB_OK)
        add_authorization(s, in, mac, out);
    else
        ddbi_buf_fail(out, code);
    return out->failed;
}
