/* SPDX-License-Identifier: MIT */
/*
 * The parts of a signature: of the header "AWS4-HMAC-SHA256 Credential=...,
 * SignedHeaders=..., Signature=..." or of the query (X-Amz-Algorithm and so
 * on), never of both.  What is missing is told all at once, in the service's
 * words.
 */
#include "server_parts.h"

#include "base/enc.h"

#include <string.h>

typedef struct {
    const server_auth_in *in;
    const char **type;
    ddbi_buf *message;
} finder;

static ddb_code refused(const finder *f, const char *type)
{
    *f->type = type;
    return f->message->failed != DDB_OK ? f->message->failed : DDB_SERVICE;
}

static ddb_code refuse(const finder *f, const char *type, const char *message)
{
    ddbi_buf_add_str(f->message, message);
    return refused(f, type);
}

ddb_bytes server_header(const ddbi_header *headers, size_t n, const char *lower)
{
    ddb_bytes name = {lower, strlen(lower)};

    for (size_t i = 0; i < n; i++)
        if (ddbi_same_name(headers[i].name, name))
            return ddbi_trim(headers[i].value.p, headers[i].value.n);
    return (ddb_bytes){NULL, 0};
}

static ddb_code not_a_pair(const finder *f, ddb_bytes piece, ddb_bytes whole)
{
    ddbi_buf_add_c(f->message, '\'');
    ddbi_buf_add(f->message, piece.p, piece.n);
    ddbi_buf_add_str(f->message, "' not a valid key=value pair (missing "
                                 "equal-sign) in Authorization header: '");
    ddbi_buf_add(f->message, whole.p, whole.n);
    ddbi_buf_add_str(f->message, "'.");
    return refused(f, "IncompleteSignatureException");
}

static void take_pair(server_parts *s, const char *p, size_t name_n, size_t n)
{
    ddb_bytes name = {p, name_n};
    ddb_bytes value = {p + name_n + 1, n - name_n - 1};

    if (ddbi_equal_text(name, "Credential"))
        s->credential = value;
    else if (ddbi_equal_text(name, "Signature"))
        s->signature = value;
    else if (ddbi_equal_text(name, "SignedHeaders"))
        s->signed_names = value;
}

/* Separated by commas and spaces. */
static ddb_code read_pairs(const finder *f, ddb_bytes header, server_parts *s)
{
    const char *p = header.p;
    const char *end = p + header.n;

    while (p < end && *p != ' ' && *p != ',')
        p++;
    s->algorithm = (ddb_bytes){header.p, (size_t)(p - (const char *)header.p)};
    while (p < end) {
        const char *start, *equals;

        while (p < end && (*p == ' ' || *p == ',' || *p == '\t'))
            p++;
        for (start = p; p < end && *p != ' ' && *p != ',' && *p != '\t';)
            p++;
        if (p == start)
            break;
        equals = memchr(start, '=', (size_t)(p - start));
        if (equals == NULL)
            return not_a_pair(f, (ddb_bytes){start, (size_t)(p - start)},
                              header);
        take_pair(s, start, (size_t)(equals - start), (size_t)(p - start));
    }
    return DDB_OK;
}

static void want(const finder *f, ddb_bytes part, const char *message)
{
    if (part.n == 0)
        ddbi_buf_add_str(f->message, message);
}

static ddb_code read_header(const finder *f, ddb_bytes header, server_parts *s)
{
    const server_auth_in *in = f->in;
    ddb_code code = read_pairs(f, header, s);

    if (code != DDB_OK)
        return code;
    s->date = server_header(in->headers, in->n_headers, "x-amz-date");
    if (s->date.n == 0)
        s->date = server_header(in->headers, in->n_headers, "date");
    s->token =
        server_header(in->headers, in->n_headers, "x-amz-security-token");
    want(f, s->credential,
         "Authorization header requires 'Credential' parameter. ");
    want(f, s->signature,
         "Authorization header requires 'Signature' parameter. ");
    want(f, s->signed_names,
         "Authorization header requires 'SignedHeaders' parameter. ");
    want(f, s->date,
         "Authorization header requires existence of either a 'X-Amz-Date' or "
         "a 'Date' header. ");
    if (f->message->n == 0)
        return f->message->failed;
    ddbi_buf_add_str(f->message, "Authorization=");
    ddbi_buf_add(f->message, header.p, header.n);
    return refused(f, "IncompleteSignatureException");
}

/* %XX undone; what is no escape stays as it is. */
static ddb_bytes decode(ddbi_buf *b, const char *p, size_t n)
{
    size_t start = b->n;

    for (size_t i = 0; i < n; i++) {
        int high = p[i] == '%' && n - i > 2 ? ddbi_hex_digit(p[i + 1]) : -1;
        int low = high >= 0 ? ddbi_hex_digit(p[i + 2]) : -1;

        if (low >= 0) {
            ddbi_buf_add_c(b, (char)(high << 4 | low));
            i += 2;
        } else {
            ddbi_buf_add_c(b, p[i]);
        }
    }
    return (ddb_bytes){b->p != NULL ? b->p + start : NULL, b->n - start};
}

/* The part of a query's parameter; NULL: it is none of ours. */
static ddb_bytes *part_of(server_parts *s, ddb_bytes name)
{
    const struct {
        const char *name;
        ddb_bytes *part;
    } table[] = {
        {"X-Amz-Algorithm", &s->algorithm},
        {"X-Amz-Credential", &s->credential},
        {"X-Amz-Date", &s->date},
        {"X-Amz-Expires", &s->expires},
        {"X-Amz-Security-Token", &s->token},
        {"X-Amz-Signature", &s->signature},
        {"X-Amz-SignedHeaders", &s->signed_names},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (ddbi_equal_text(name, table[i].name))
            return table[i].part;
    return NULL;
}

/* All of a signature that the query has; what remains is what was signed. */
static ddb_code read_query(server_parts *s, ddb_bytes query)
{
    const char *p = query.p;
    size_t left = query.n;

    /* Decoding makes nothing longer: parts may point into the buffer. */
    if (ddbi_buf_reserve(&s->decoded, query.n) != 0)
        return DDB_NOMEM;
    while (left > 0) {
        const char *amp = memchr(p, '&', left);
        size_t n = amp != NULL ? (size_t)(amp - p) : left;
        const char *equals = memchr(p, '=', n);
        size_t name_n = equals != NULL ? (size_t)(equals - p) : n;
        size_t value_at = name_n + (equals != NULL);
        ddb_bytes name = decode(&s->decoded, p, name_n);
        ddb_bytes *part = part_of(s, name);

        if (part != NULL)
            *part = decode(&s->decoded, p + value_at, n - value_at);
        if (part != &s->signature) {
            if (s->query_left.n > 0)
                ddbi_buf_add_c(&s->query_left, '&');
            ddbi_buf_add(&s->query_left, p, n);
        }
        n += amp != NULL;
        p += n;
        left -= n;
    }
    return s->query_left.failed;
}

static ddb_code check_query(const finder *f, const server_parts *s)
{
    want(f, s->algorithm,
         "AWS query-string parameters must include 'X-Amz-Algorithm'. ");
    want(f, s->credential,
         "AWS query-string parameters must include 'X-Amz-Credential'. ");
    want(f, s->signature,
         "AWS query-string parameters must include 'X-Amz-Signature'. ");
    want(f, s->signed_names,
         "AWS query-string parameters must include 'X-Amz-SignedHeaders'. ");
    want(f, s->date, "AWS query-string parameters must include 'X-Amz-Date'. ");
    if (f->message->n == 0)
        return f->message->failed;
    return refuse(f, "IncompleteSignatureException",
                  "Re-examine the query-string parameters.");
}

static ddb_code find(const finder *f, server_parts *s)
{
    ddb_bytes header =
        server_header(f->in->headers, f->in->n_headers, "authorization");
    ddb_code code = DDB_OK;

    if (f->in->query.n > 0) {
        code = read_query(s, f->in->query);
        s->in_query = s->algorithm.p != NULL;
    }
    if (code != DDB_OK)
        return code;
    if (s->in_query && header.p != NULL)
        return refuse(f, "InvalidSignatureException",
                      "Found both 'X-Amz-Algorithm' as a query-string param "
                      "and 'Authorization' as HTTP header.");
    if (s->in_query)
        return check_query(f, s);
    if (header.n < 5 || memcmp(header.p, "AWS4-", 5) != 0)
        return refuse(f, "MissingAuthenticationTokenException",
                      "Request is missing Authentication Token");
    return read_header(f, header, s);
}

ddb_code server_parts_find(const server_auth_in *in, server_parts *out,
                           const char **type, ddbi_buf *message)
{
    const finder f = {in, type, message};

    /* They hold the session token. */
    *out =
        (server_parts){.decoded = {.secret = 1}, .query_left = {.secret = 1}};
    return find(&f, out);
}

void server_parts_free(server_parts *s)
{
    ddbi_buf_free(&s->decoded);
    ddbi_buf_free(&s->query_left);
}
