/* SPDX-License-Identifier: MIT */
/* The signer stage by stage, against AWS's own suite, against requests as
 * DynamoDB gets them, and where its inputs or its surroundings are bad. */
#define _GNU_SOURCE /* memmem() */
#include "failhash.h"
#include "oom.h"
#include "tests.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/enc.h"
#include "http/sigv4.h"

#include <jansson.h>

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define AKID "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define NOW 1767323045 /* 20260102T030405Z */

#define LIT(text)                                                              \
    {                                                                          \
        text, sizeof(text) - 1                                                 \
    } /* in an initializer */
#define HEADER(name, value)                                                    \
    {                                                                          \
        LIT(name), LIT(value)                                                  \
    }
#define BYTES(text) ((ddb_bytes)LIT(text))

static ddb_bytes bytes_of(const ddbi_buf *b)
{
    return (ddb_bytes){b->p, b->n};
}

/* ---- Vectors from files: tests/data/sigv4/README has the form ------------ */

static const struct {
    const char *path;
    size_t n; /* cases it has */
} files[] = {
    {TEST_DATA "/sigv4/aws-suite.json", 33},
    {TEST_DATA "/sigv4/dynamodb-shaped.json", 21},
};
#define N_FILES (sizeof files / sizeof files[0])
#define N_CASES (33 + 21)

typedef struct {
    const char *name;
    ddbi_sign_in in;
    ddbi_header headers[DDBI_MAX_SIGNED_HEADERS];
    ddb_bytes canonical;
    ddb_bytes string;
    ddb_bytes authorization;
} vector;

static json_t *document[N_FILES];
static ddbi_arena arena;
static ddbi_signer *signer;
static ddbi_buf out;

/* A string, or strings and [character, how often] one after the other. */
static ddb_bytes text_of(const json_t *j)
{
    ddbi_buf b = {0};
    ddb_bytes text;
    size_t i;
    const json_t *part;

    if (json_is_string(j))
        return (ddb_bytes){json_string_value(j), json_string_length(j)};
    json_array_foreach(j, i, part)
    {
        if (json_is_string(part)) {
            ddbi_buf_add_str(&b, json_string_value(part));
        } else {
            json_int_t n = json_integer_value(json_array_get(part, 1));

            while (n-- > 0)
                ddbi_buf_add_str(&b,
                                 json_string_value(json_array_get(part, 0)));
        }
    }
    ck_assert_int_eq(b.failed, DDB_OK);
    text = (ddb_bytes){ddbi_arena_dup(&arena, b.p, b.n), b.n};
    ddbi_buf_free(&b);
    ck_assert_ptr_nonnull(text.p);
    return text;
}

/* A member of the case, or what is common to all of them. */
static ddb_bytes member(const json_t *doc, const json_t *c, const char *name)
{
    const json_t *j = json_object_get(c, name);

    if (j == NULL)
        j = json_object_get(json_object_get(doc, "common"), name);
    return j != NULL ? text_of(j) : (ddb_bytes){NULL, 0};
}

static void load(vector *v, int i)
{
    size_t file = i < (int)files[0].n ? 0 : 1;
    json_t *doc = document[file];
    size_t at = (size_t)i - (file == 0 ? 0 : files[0].n);
    json_t *c = json_array_get(json_object_get(doc, "cases"), at);
    json_t *headers = json_object_get(c, "headers");
    ddb_bytes date = member(doc, c, "date");

    ck_assert_msg(c != NULL, "%s: no case %zu", files[file].path, at);
    *v = (vector){
        .name = json_string_value(json_object_get(c, "name")),
        .canonical = member(doc, c, "canonical"),
        .string = member(doc, c, "string"),
        .authorization = member(doc, c, "authorization"),
        .in = {.access_key_id = member(doc, c, "access_key_id").p,
               .secret_access_key = member(doc, c, "secret_access_key").p,
               .region = member(doc, c, "region").p,
               .service = member(doc, c, "service").p,
               .method = member(doc, c, "method").p,
               .path = member(doc, c, "path"),
               .query = member(doc, c, "query"),
               .headers = v->headers,
               .n_headers = json_array_size(headers),
               .body = member(doc, c, "body"),
               .no_normalize =
                   json_is_true(json_object_get(c, "no_normalize"))},
    };
    ck_assert_int_eq(ddbi_parse_amz_date(date.p, date.n, &v->in.now), 0);
    for (size_t k = 0; k < v->in.n_headers; k++) {
        const json_t *header = json_array_get(headers, k);

        v->headers[k] = (ddbi_header){text_of(json_array_get(header, 0)),
                                      text_of(json_array_get(header, 1))};
    }
}

static void set_up(void)
{
    signer = ddbi_signer_new();
    ck_assert_ptr_nonnull(signer);
}

static void tear_down(void)
{
    ddbi_signer_free(signer);
    ddbi_buf_free(&out);
    ddbi_arena_free(&arena);
}

static void assert_bytes(ddb_bytes got, ddb_bytes want, const char *name)
{
    ck_assert_msg(got.n == want.n && memcmp(got.p, want.p, want.n) == 0,
                  "%s:\n%.*s\n---- and not\n%.*s", name, (int)got.n,
                  (const char *)got.p, (int)want.n, (const char *)want.p);
}

START_TEST(file_has_all_its_cases)
{
    ck_assert_uint_eq(json_array_size(json_object_get(document[_i], "cases")),
                      files[_i].n);
}
END_TEST

START_TEST(canonical_request_is_as_in_the_suite)
{
    vector v;

    load(&v, _i);
    ck_assert_int_eq(ddbi_sign_canonical(signer, &v.in, &out), DDB_OK);
    assert_bytes(bytes_of(&out), v.canonical, v.name);
}
END_TEST

START_TEST(string_to_sign_is_as_in_the_suite)
{
    vector v;

    load(&v, _i);
    ck_assert_int_eq(ddbi_sign_string(signer, &v.in, v.canonical, &out),
                     DDB_OK);
    assert_bytes(bytes_of(&out), v.string, v.name);
}
END_TEST

START_TEST(signature_is_as_in_the_suite)
{
    ddbi_hasher *hasher = ddbi_hasher_new();
    unsigned char key[DDBI_SHA256_SIZE];
    unsigned char mac[DDBI_SHA256_SIZE];
    char hex[2 * DDBI_SHA256_SIZE];
    vector v;

    load(&v, _i);
    ck_assert_int_eq(ddbi_sign_key(signer, &v.in, key), DDB_OK);
    ck_assert_int_eq(ddbi_hmac_key(hasher, key, sizeof key), 0);
    ck_assert_int_eq(ddbi_hmac(hasher, v.string.p, v.string.n, mac), 0);
    ddbi_hex(hex, mac, sizeof mac);
    ddbi_hasher_free(hasher);
    assert_bytes((ddb_bytes){hex, sizeof hex},
                 (ddb_bytes){(const char *)v.authorization.p +
                                 v.authorization.n - sizeof hex,
                             sizeof hex},
                 v.name);
}
END_TEST

START_TEST(authorization_is_as_in_the_suite)
{
    vector v;

    load(&v, _i);
    ck_assert_int_eq(ddbi_sign(signer, &v.in, &out), DDB_OK);
    assert_bytes(bytes_of(&out), v.authorization, v.name);
}
END_TEST

START_TEST(one_signer_signs_all_of_the_suite_twice)
{
    for (int i = 0; i < 2 * N_CASES; i++) {
        vector v;

        load(&v, i % N_CASES);
        ddbi_buf_clear(&out);
        ck_assert_int_eq(ddbi_sign(signer, &v.in, &out), DDB_OK);
        assert_bytes(bytes_of(&out), v.authorization, v.name);
    }
}
END_TEST

/* ---- Vectors that tell the hash of every stage -------------------------- */

#define GET_ITEM                                                               \
    "{\"TableName\":\"kv\",\"Key\":{\"namespace\":{\"S\":\"ns\"},\"key\":"     \
    "{\"S\":\"k1\"}},\"ConsistentRead\":true}"
#define ASSUME_ROLE                                                            \
    "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"       \
    "123456789012%3Arole%2Fdemo&RoleSessionName=ddbkv"

#define JSON_TYPE HEADER("content-type", "application/x-amz-json-1.0")
#define FORM_TYPE HEADER("content-type", "application/x-www-form-urlencoded")
#define AWS_HOST HEADER("host", "dynamodb.us-east-1.amazonaws.com")
#define LOCAL_HOST HEADER("host", "localhost:8000")
#define STS_HOST HEADER("host", "sts.us-east-1.amazonaws.com")
#define DATE HEADER("x-amz-date", "20260102T030405Z")
#define TOKEN HEADER("x-amz-security-token", "TOKENEXAMPLE")
#define TARGET HEADER("x-amz-target", "DynamoDB_20120810.GetItem")

static const struct {
    const char *name;
    const char *service;
    const char *body;
    ddbi_header headers[5];
    size_t n_headers;
    const char *names;
    const char *body_hash;
    const char *canonical_hash; /* NULL: not known */
    const char *key;            /* NULL: not known */
    const char *signature;
} hashed[] = {
    {"GetItem",
     "dynamodb",
     GET_ITEM,
     {JSON_TYPE, AWS_HOST, DATE, TARGET},
     4,
     "content-type;host;x-amz-date;x-amz-target",
     "67598e7e08f8942c1470f29d5a2df130f88adc6739f0ff5ae9dbc1fa72930494",
     "c299a609a3a1a1c0c4da91ae03652e0d69e125cc299c416a5af3c86763fc710a",
     "eeb8fc37e23864c9823bc2ef552543821f27b09674f82435c43ac176dfba2996",
     "0652f7f4611b08049a24833a2720dae3a054ed614a8b450cdc6511114d3b5b38"},
    {"session token",
     "dynamodb",
     GET_ITEM,
     {JSON_TYPE, AWS_HOST, DATE, TOKEN, TARGET},
     5,
     "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
     "67598e7e08f8942c1470f29d5a2df130f88adc6739f0ff5ae9dbc1fa72930494",
     NULL,
     "eeb8fc37e23864c9823bc2ef552543821f27b09674f82435c43ac176dfba2996",
     "3ecd9611b8ff46d153b13d7a669c51db16bac3b444341608454a9c1dfe8aa354"},
    {"local port",
     "dynamodb",
     GET_ITEM,
     {JSON_TYPE, LOCAL_HOST, DATE, TARGET},
     4,
     "content-type;host;x-amz-date;x-amz-target",
     "67598e7e08f8942c1470f29d5a2df130f88adc6739f0ff5ae9dbc1fa72930494",
     NULL,
     "eeb8fc37e23864c9823bc2ef552543821f27b09674f82435c43ac176dfba2996",
     "138a0e2dea9baa5a2c6f1cd3feb45f143aef99fbaca276a2796396c865d30011"},
    {"STS",
     "sts",
     ASSUME_ROLE,
     {FORM_TYPE, STS_HOST, DATE},
     3,
     "content-type;host;x-amz-date",
     "e80748aa8bdf9e9672bf9a4279b872a00502dfb704be8232dac594167a689168",
     NULL,
     NULL,
     "e4b49d64f4cc6b74d3bdc4ec904a1aa29dece75f721b4ef1f971e1b8f8a6e78d"},
};

static ddbi_sign_in request(int i)
{
    return (ddbi_sign_in){
        .access_key_id = AKID,
        .secret_access_key = SECRET,
        .region = "us-east-1",
        .service = hashed[i].service,
        .now = NOW,
        .method = "POST",
        .path = BYTES("/"),
        .headers = hashed[i].headers,
        .n_headers = hashed[i].n_headers,
        .body = ddb_str(hashed[i].body),
    };
}

START_TEST(every_stage_has_its_known_hash)
{
    ddbi_sign_in in = request(_i);
    ddbi_hasher *hasher = ddbi_hasher_new();
    unsigned char hash[DDBI_SHA256_SIZE];
    char hex[2 * DDBI_SHA256_SIZE + 1] = "";

    ck_assert_int_eq(ddbi_sign_canonical(signer, &in, &out), DDB_OK);
    ck_assert_ptr_nonnull(strstr(ddbi_buf_text(&out), hashed[_i].body_hash));
    ck_assert_ptr_nonnull(strstr(out.p, hashed[_i].names));
    if (hashed[_i].canonical_hash != NULL) {
        ck_assert_int_eq(ddbi_sha256(hasher, out.p, out.n, hash), 0);
        ddbi_hex(hex, hash, sizeof hash);
        ck_assert_str_eq(hex, hashed[_i].canonical_hash);
    }
    if (hashed[_i].key != NULL) {
        ck_assert_int_eq(ddbi_sign_key(signer, &in, hash), DDB_OK);
        ddbi_hex(hex, hash, sizeof hash);
        ck_assert_str_eq(hex, hashed[_i].key);
    }
    ddbi_buf_clear(&out);
    ck_assert_int_eq(ddbi_sign(signer, &in, &out), DDB_OK);
    ck_assert_ptr_nonnull(strstr(ddbi_buf_text(&out), hashed[_i].signature));
    ddbi_hasher_free(hasher);
}
END_TEST

/* ---- Canonical forms ---------------------------------------------------- */

/* Line n of the canonical request, from 0. */
static void assert_line(const ddbi_sign_in *in, int n, const char *want,
                        const char *name)
{
    const char *line;
    size_t length;

    ddbi_buf_clear(&out);
    ck_assert_int_eq(ddbi_sign_canonical(signer, in, &out), DDB_OK);
    line = ddbi_buf_text(&out);
    while (n-- > 0)
        line = strchr(line, '\n') + 1;
    length = strcspn(line, "\n");
    assert_bytes((ddb_bytes){line, length}, ddb_str(want), name);
}

static const struct {
    const char *path;
    const char *normal;
    const char *as_is;
} paths[] = {
    {"", "/", "/"},
    {"/", "/", "/"},
    {".", "/", "."},
    {"..", "/", ".."},
    {"a", "/a", "a"},
    {"/..", "/", "/.."},
    {"/../a", "/a", "/../a"},
    {"/a/../../b", "/b", "/a/../../b"},
    {"/a/b/..", "/a/", "/a/b/.."},
    {"/a/b/../", "/a/", "/a/b/../"},
    {"/a/.", "/a/", "/a/."},
    {"/a//b", "/a/b", "/a//b"},
    {"/a/b/", "/a/b/", "/a/b/"},
    {"/.a/..b/.../c", "/.a/..b/.../c", "/.a/..b/.../c"},
    {"/x.", "/x.", "/x."},
    {"/a%20b", "/a%2520b", "/a%2520b"},
    {"/a b", "/a%20b", "/a%20b"},
};

START_TEST(path_is_normalized_and_encoded_once_more)
{
    ddbi_sign_in in = request(0);

    in.path = ddb_str(paths[_i].path);
    assert_line(&in, 1, paths[_i].normal, paths[_i].path);
    in.no_normalize = 1;
    assert_line(&in, 1, paths[_i].as_is, paths[_i].path);
}
END_TEST

static const struct {
    const char *query;
    const char *canonical;
} queries[] = {
    {"", ""},
    {"&", ""},
    {"a", "a="},
    {"a=", "a="},
    {"=b", "=b"},
    {"a=b=c", "a=b%3Dc"},
    {"&b=2&&a=1&", "a=1&b=2"},
    {"a-=1&a=2", "a=2&a-=1"},
    {"a1=1&a=2&a%21=3", "a=2&a%21=3&a1=1"},
    {"b=2&b=10&b=1&a=3", "a=3&b=1&b=10&b=2"},
    {"a=1&a=1", "a=1&a=1"},
    {"A=1&a=2&B=3", "A=1&B=3&a=2"},
    {"k=%2f%2F%41%7e", "k=%2F%2FA~"},
    {"k=%&l=%4&m=%4g&n=%g4&o=%%41", "k=%25&l=%254&m=%254g&n=%25g4&o=%25A"},
    {"k=%00&a=%01", "a=%01&k=%00"},
    {"k=a+b*c d", "k=a%2Bb%2Ac%20d"},
    {"k=\xc3\xa9&j=%C3%A9", "j=%C3%A9&k=%C3%A9"},
};

START_TEST(query_is_decoded_encoded_and_sorted)
{
    ddbi_sign_in in = request(0);

    in.query = ddb_str(queries[_i].query);
    assert_line(&in, 2, queries[_i].canonical, queries[_i].query);
}
END_TEST

static const struct {
    const char *value;
    const char *canonical;
} values[] = {
    {"", "a:"},
    {" ", "a:"},
    {" \t\r\n", "a:"},
    {"x", "a:x"},
    {"  x  ", "a:x"},
    {"x  y", "a:x y"},
    {"\tx\t \ty\t", "a:x y"},
    {"\001x \037", "a:\001x \037"},
    {"x\n  y\v\fz", "a:x y z"},
    {"\"x  y\"", "a:\"x y\""},
    {"x\xc2\xa0y \xe6\x97\xa5", "a:x\xc2\xa0y \xe6\x97\xa5"},
};

START_TEST(value_is_trimmed_and_its_gaps_are_closed)
{
    ddbi_sign_in in = request(0);
    ddbi_header header = {BYTES("A"), ddb_str(values[_i].value)};

    in.headers = &header;
    in.n_headers = 1;
    assert_line(&in, 3, values[_i].canonical, values[_i].value);
}
END_TEST

static const struct {
    const char *name;
    ddbi_header headers[4];
    size_t n;
    const char *canonical; /* from the headers to their names */
} sorts[] = {
    {"none", {{{0}, {0}}}, 0, "\n\n"},
    {"backwards",
     {HEADER("c", "1"), HEADER("b", "2"), HEADER("a", "3")},
     3,
     "a:3\nb:2\nc:1\n\na;b;c\n"},
    {"a prefix first",
     {HEADER("ab", "1"), HEADER("a", "2"), HEADER("abc", "3"),
      HEADER("a-b", "4")},
     4,
     "a:2\na-b:4\nab:1\nabc:3\n\na;a-b;ab;abc\n"},
    {"case apart",
     {HEADER("B", "1"), HEADER("a", "2"), HEADER("C", "3")},
     3,
     "a:2\nb:1\nc:3\n\na;b;c\n"},
    {"one name in its order",
     {HEADER("b", "2"), HEADER("a", "x"), HEADER("B", "1"), HEADER("b", "")},
     4,
     "a:x\nb:2,1,\n\na;b\n"},
};

START_TEST(headers_are_sorted_and_joined_by_name)
{
    ddbi_sign_in in = request(0);
    const char *at;

    in.headers = sorts[_i].headers;
    in.n_headers = sorts[_i].n;
    ck_assert_int_eq(ddbi_sign_canonical(signer, &in, &out), DDB_OK);
    at = strstr(ddbi_buf_text(&out), "POST\n/\n\n");
    ck_assert_ptr_nonnull(at);
    at += strlen("POST\n/\n\n");
    ck_assert_msg(
        strncmp(at, sorts[_i].canonical, strlen(sorts[_i].canonical)) == 0,
        "%s: %s", sorts[_i].name, at);
    ck_assert_uint_eq(strlen(at), strlen(sorts[_i].canonical) + 64);
}
END_TEST

START_TEST(takes_as_many_headers_as_it_says_and_no_more)
{
    ddbi_header headers[DDBI_MAX_SIGNED_HEADERS + 1];
    ddbi_sign_in in = request(0);

    for (size_t i = 0; i < DDBI_MAX_SIGNED_HEADERS + 1; i++)
        headers[i] = (ddbi_header){BYTES("x"), BYTES("1")};
    in.headers = headers;
    in.n_headers = DDBI_MAX_SIGNED_HEADERS;
    ck_assert_int_eq(ddbi_sign(signer, &in, &out), DDB_OK);
    in.n_headers++;
    ck_assert_int_eq(ddbi_sign(signer, &in, &out), DDB_INVALID);
    ck_assert_int_eq(out.failed, DDB_INVALID);
}
END_TEST

/* ---- The cached key ----------------------------------------------------- */

/* One signs after the other: whatever differs must be seen. */
static const struct {
    const char *secret;
    const char *region;
    const char *service;
    int64_t now;
} turns[] = {
    {SECRET, "us-east-1", "dynamodb", NOW},
    {SECRET, "us-east-1", "dynamodb", NOW + 1},
    {SECRET, "us-east-1", "dynamodb", NOW + 86400},
    {SECRET, "us-east-1", "dynamodb", NOW},
    {SECRET, "us-east-2", "dynamodb", NOW},
    {SECRET, "us-east-2", "sts", NOW},
    {SECRET, "eu-central-1", "sts", NOW},
    {SECRET "x", "eu-central-1", "sts", NOW},
    {"X" SECRET, "eu-central-1", "sts", NOW},
    {SECRET "X", "eu-central-1", "sts", NOW},
    {"", "eu-central-1", "sts", NOW},
    {"", "a/b", "c", NOW},
    {"", "a", "b/c", NOW},
    {"", "a", "b/c", 0},
    {"", "a", "b/c", -1},
    {"", "a", "b/c", INT64_MIN},
};

START_TEST(a_warm_signer_signs_as_a_fresh_one)
{
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        ddbi_signer *fresh = ddbi_signer_new();
        ddbi_sign_in in = request(0);
        ddbi_buf want = {0};

        in.secret_access_key = turns[i].secret;
        in.region = turns[i].region;
        in.service = turns[i].service;
        in.now = turns[i].now;
        ddbi_buf_clear(&out);
        ck_assert_int_eq(ddbi_sign(signer, &in, &out), DDB_OK);
        ck_assert_int_eq(ddbi_sign(fresh, &in, &want), DDB_OK);
        assert_bytes(bytes_of(&out), bytes_of(&want), turns[i].region);
        ddbi_signer_free(fresh);
        ddbi_buf_free(&want);
    }
}
END_TEST

START_TEST(key_is_derived_once_and_stages_in_between_do_no_harm)
{
    ddbi_sign_in in = request(0);
    unsigned char key[DDBI_SHA256_SIZE];
    failhash_count counts;
    ddbi_buf want = {0};

    failhash_begin(-1);
    ck_assert_int_eq(ddbi_sign(signer, &in, &want), DDB_OK);
    failhash_end(&counts);
    ck_assert_int_eq(counts.keys, 5);
    ck_assert_int_eq(counts.macs, 5);

    in.now++;
    failhash_begin(-1);
    ck_assert_int_eq(ddbi_sign(signer, &in, &out), DDB_OK);
    failhash_end(&counts);
    ck_assert_int_eq(counts.keys, 0);
    ck_assert_int_eq(counts.macs, 1);
    ck_assert_int_eq(counts.digests, 2);

    in.now--;
    ck_assert_int_eq(ddbi_sign_key(signer, &in, key), DDB_OK);
    ddbi_buf_clear(&out);
    ck_assert_int_eq(ddbi_sign(signer, &in, &out), DDB_OK);
    assert_bytes(bytes_of(&out), bytes_of(&want), "after ddbi_sign_key()");
    ddbi_buf_free(&want);
}
END_TEST

START_TEST(allocates_nothing_once_it_is_warm)
{
    ddbi_sign_in in = request(1);

    ck_assert_int_eq(ddbi_sign(signer, &in, &out), DDB_OK);
    ddbi_buf_clear(&out);
    oom_begin(-1);
    in.now++;
    ck_assert_int_eq(ddbi_sign(signer, &in, &out), DDB_OK);
    ck_assert_int_eq(oom_asked(), 0);
    oom_end();
}
END_TEST

/* ---- Secrets ------------------------------------------------------------ */

static int leaked;

static void look_into(void *p)
{
    size_t n = p != NULL ? malloc_usable_size(p) : 0;

    if (n > 0 && (memmem(p, n, SECRET, strlen(SECRET)) != NULL ||
                  memmem(p, n, "TOKENEXAMPLE", 12) != NULL))
        leaked++;
}

/* Zeroed, as all of a block is looked at. */
static void *looking_malloc(size_t n)
{
    return calloc(1, n);
}

static void *looking_realloc(void *p, size_t n)
{
    void *q = looking_malloc(n);

    if (q != NULL && p != NULL) {
        size_t old_n = malloc_usable_size(p);

        memcpy(q, p, old_n < n ? old_n : n);
        look_into(p);
        free(p);
    }
    return q;
}

static void looking_free(void *p)
{
    look_into(p);
    free(p);
}

START_TEST(freed_memory_holds_no_secret)
{
    ddbi_header headers[DDBI_MAX_SIGNED_HEADERS];
    ddbi_sign_in in = request(1);
    char *copy;

    leaked = 0;
    ddb_set_allocator(looking_malloc, looking_realloc, looking_free);
    copy = ddbi_strdup(SECRET);
    ddbi_free(copy);
    ck_assert_int_eq(leaked, 1); /* so it would be seen */

    /* The token comes first, and what follows makes the buffer grow. */
    for (size_t i = 0; i < DDBI_MAX_SIGNED_HEADERS; i++)
        headers[i] =
            (ddbi_header){BYTES("y-header"),
                          BYTES("a value that is long enough to make it grow")};
    headers[0] = (ddbi_header)TOKEN;
    signer = (ddbi_signer_free(signer), ddbi_signer_new());
    ck_assert_int_eq(ddbi_sign(signer, &in, &out), DDB_OK);
    in.headers = headers;
    in.n_headers = DDBI_MAX_SIGNED_HEADERS;
    ck_assert_int_eq(ddbi_sign(signer, &in, &out), DDB_OK);
    in.secret_access_key = SECRET SECRET SECRET SECRET SECRET SECRET SECRET;
    ck_assert_int_eq(ddbi_sign(signer, &in, &out), DDB_OK);
    ddbi_signer_free(signer);
    signer = NULL;
    ddbi_buf_free(&out);
    ck_assert_int_eq(leaked, 1);
    ddb_set_allocator(NULL, NULL, NULL);
}
END_TEST

/* ---- Failures ----------------------------------------------------------- */

/* All that allocates: a long path, a query that needs encoding, headers. */
static ddbi_sign_in large_request(void)
{
    static const ddbi_header headers[] = {
        JSON_TYPE, AWS_HOST, DATE, TARGET, TOKEN, HEADER("x-gap", "a  b")};
    ddbi_sign_in in = request(0);

    in.headers = headers;
    in.n_headers = sizeof headers / sizeof headers[0];
    in.path = BYTES("/%20/%20/%20/%20/%20/%20/%20/%20/%20/%20/%20/%20/%20");
    in.query = BYTES("c=%20%20%20%20%20%20%20&b=%20%20%20%20%20%20%20%20%20"
                     "&a=////////////////////////////////////////////////"
                     "////////////////////////////////////////////////////");
    return in;
}

START_TEST(every_allocation_may_fail)
{
    ddbi_sign_in in = _i == 0 ? request(0) : large_request();
    long n;

    for (n = 0;; n++) {
        ddbi_buf header = {0};
        ddbi_signer *s;
        ddb_code code = DDB_NOMEM;

        oom_begin(n);
        s = ddbi_signer_new();
        if (s != NULL)
            code = ddbi_sign(s, &in, &header);
        ck_assert_int_eq(header.failed, s != NULL ? code : DDB_OK);
        ddbi_signer_free(s);
        ddbi_buf_free(&header);
        ck_assert_int_eq(oom_live(), 0);
        if (!oom_end()) {
            ck_assert_int_eq(code, DDB_OK);
            break;
        }
        ck_assert_int_eq(code, DDB_NOMEM);
    }
    ck_assert_int_ge(n, 7); /* the signer, its hasher, five buffers */
}
END_TEST

START_TEST(a_signer_that_ran_out_of_memory_recovers)
{
    ddbi_sign_in in = large_request();
    ddbi_buf want = {0};

    ck_assert_int_eq(ddbi_sign(signer, &in, &want), DDB_OK);
    for (long n = 0;; n++) {
        ddbi_signer *s = ddbi_signer_new();
        int failed;

        ddbi_buf_free(&out);
        oom_begin(n);
        ddbi_sign(s, &in, &out);
        failed = oom_end();
        ddbi_buf_clear(&out);
        ck_assert_int_eq(ddbi_sign(s, &in, &out), DDB_OK);
        assert_bytes(bytes_of(&out), bytes_of(&want), "the second try");
        ddbi_signer_free(s);
        if (!failed)
            break;
    }
    ddbi_buf_free(&want);
}
END_TEST

START_TEST(every_hash_may_fail)
{
    static const unsigned char zeros[DDBI_SHA256_SIZE];
    ddbi_sign_in in = request(0);
    ddbi_buf want = {0};
    long n;

    ck_assert_int_eq(ddbi_sign(signer, &in, &want), DDB_OK);
    for (n = 0;; n++) {
        unsigned char key[DDBI_SHA256_SIZE] = "something";
        ddb_code code;

        ddbi_signer_free(signer);
        signer = ddbi_signer_new();
        ddbi_buf_clear(&out);
        failhash_begin(n);
        code = ddbi_sign(signer, &in, &out);
        if (!failhash_end(NULL))
            break;
        ck_assert_int_eq(code, DDB_SYSTEM);
        ck_assert_int_eq(out.failed, DDB_SYSTEM);
        ddbi_buf_clear(&out);
        ck_assert_int_eq(ddbi_sign(signer, &in, &out), DDB_OK);
        assert_bytes(bytes_of(&out), bytes_of(&want), "the second try");

        failhash_begin(n);
        code = ddbi_sign_key(signer, &in, key);
        if (failhash_end(NULL)) {
            ck_assert_int_eq(code, DDB_SYSTEM);
            ck_assert_mem_eq(key, zeros, sizeof key);
        }
    }
    ck_assert_int_eq(n, 2 + 4 * 2 + 1 + 1);
    ddbi_buf_free(&want);
}
END_TEST

START_TEST(a_buffer_that_failed_stays_as_it_was)
{
    ddbi_sign_in in = large_request();
    ddbi_buf failed = {.failed = DDB_TOO_LARGE};

    ck_assert_int_eq(ddbi_sign_canonical(signer, &in, &failed), DDB_TOO_LARGE);
    ck_assert_int_eq(ddbi_sign_string(signer, &in, BYTES("x"), &failed),
                     DDB_TOO_LARGE);
    ck_assert_int_eq(ddbi_sign(signer, &in, &failed), DDB_TOO_LARGE);
    in.n_headers = DDBI_MAX_SIGNED_HEADERS + 1;
    ck_assert_int_eq(ddbi_sign(signer, &in, &failed), DDB_TOO_LARGE);
    ck_assert_uint_eq(failed.n, 0);
    ck_assert_ptr_null(failed.p);
}
END_TEST

START_TEST(a_buffer_may_be_too_small_at_any_place)
{
    ddbi_sign_in in = large_request();
    size_t max;

    for (max = 1;; max++) {
        ddbi_buf small = {.max = max};
        ddb_code code = ddbi_sign_canonical(signer, &in, &small);

        ck_assert_uint_le(small.n, max);
        ddbi_buf_free(&small);
        if (code == DDB_OK)
            break;
        ck_assert_int_eq(code, DDB_TOO_LARGE);
    }
    ck_assert_uint_gt(max, 500);
}
END_TEST

Suite *suite_sigv4(void)
{
    Suite *s = suite_create("sigv4");
    TCase *vectors = tcase_create("vectors");
    TCase *forms = tcase_create("canonical forms");
    TCase *key = tcase_create("key");
    TCase *failures = tcase_create("failures");
    TCase *all[] = {vectors, forms, key, failures};

    for (size_t i = 0; i < N_FILES; i++)
        document[i] = json_load_file(files[i].path, 0, NULL);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        tcase_add_checked_fixture(all[i], set_up, tear_down);
        suite_add_tcase(s, all[i]);
    }
#define LOOP(tc, test, n) tcase_add_loop_test(tc, test, 0, (int)(n))
    LOOP(vectors, file_has_all_its_cases, N_FILES);
    LOOP(vectors, canonical_request_is_as_in_the_suite, N_CASES);
    LOOP(vectors, string_to_sign_is_as_in_the_suite, N_CASES);
    LOOP(vectors, signature_is_as_in_the_suite, N_CASES);
    LOOP(vectors, authorization_is_as_in_the_suite, N_CASES);
    tcase_add_test(vectors, one_signer_signs_all_of_the_suite_twice);
    LOOP(vectors, every_stage_has_its_known_hash,
         sizeof hashed / sizeof hashed[0]);
    LOOP(forms, path_is_normalized_and_encoded_once_more,
         sizeof paths / sizeof paths[0]);
    LOOP(forms, query_is_decoded_encoded_and_sorted,
         sizeof queries / sizeof queries[0]);
    LOOP(forms, value_is_trimmed_and_its_gaps_are_closed,
         sizeof values / sizeof values[0]);
    LOOP(forms, headers_are_sorted_and_joined_by_name,
         sizeof sorts / sizeof sorts[0]);
#undef LOOP
    tcase_add_test(forms, takes_as_many_headers_as_it_says_and_no_more);
    tcase_add_test(key, a_warm_signer_signs_as_a_fresh_one);
    tcase_add_test(key, key_is_derived_once_and_stages_in_between_do_no_harm);
    tcase_add_test(key, allocates_nothing_once_it_is_warm);
    tcase_add_test(key, freed_memory_holds_no_secret);
    tcase_add_loop_test(failures, every_allocation_may_fail, 0, 2);
    tcase_add_test(failures, a_signer_that_ran_out_of_memory_recovers);
    tcase_add_test(failures, every_hash_may_fail);
    tcase_add_test(failures, a_buffer_that_failed_stays_as_it_was);
    tcase_add_test(failures, a_buffer_may_be_too_small_at_any_place);
    return s;
}
