/* SPDX-License-Identifier: MIT */
/*
 * The client through a bad day: every request goes through a proxy that
 * verifies its signature on its own and plays the fault that the row names
 * (tests/proxy/FAULTS.md); behind it is a real server, which is asked
 * directly afterwards for what became of the data.
 *
 * Started by tests/with-server --proxy, which gives DDB_TEST_ENDPOINT (the server),
 * DDB_TEST_PROXY and DDB_TEST_PROXY_ADMIN (the proxy and its admin port).
 */
#include "report.h"

#include <curl/curl.h>
#include <ddb/kv.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TABLE "faults"
#define KEY_ID "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static const char *need(const char *name)
{
    const char *v = getenv(name);

    ck_assert_msg(v != NULL, "%s is not set: run it by tests/with-server",
                  name);
    return v;
}

static int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- The proxy's admin port ---- */

static size_t collect(char *p, size_t size, size_t n, void *arg)
{
    FILE *out = arg;

    return fwrite(p, size, n, out);
}

/* GET, or POST when body is not NULL; the answer as JSON. */
static json_t *admin(const char *path, const char *body)
{
    char url[256], *text = NULL;
    size_t n = 0;
    CURL *h = curl_easy_init();
    FILE *out = open_memstream(&text, &n);
    json_t *answer;

    snprintf(url, sizeof(url), "%s%s", need("DDB_TEST_PROXY_ADMIN"), path);
    curl_easy_setopt(h, CURLOPT_URL, url);
    curl_easy_setopt(h, CURLOPT_PROXY, "");
    if (body != NULL)
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, out);
    ck_assert_int_eq(curl_easy_perform(h), CURLE_OK);
    curl_easy_cleanup(h);
    fclose(out);
    answer = json_loads(text, 0, NULL);
    free(text);
    ck_assert_msg(answer != NULL, "%s: no JSON", path);
    return answer;
}

static void tell(const char *path, const char *body)
{
    json_t *answer = admin(path, body);

    ck_assert_msg(json_is_true(json_object_get(answer, "ok")), "%s %s", path,
                  body);
    json_decref(answer);
}

/* ---- Clients ---- */

static ddb_client *client(const char *endpoint, const ddb_options *more)
{
    ddb_options opt = {0};
    ddb_client *c = NULL;
    ddb_err err;

    if (more != NULL)
        opt = *more;
    opt.endpoint = endpoint;
    opt.region = "us-east-1";
    if (opt.access_key_id == NULL) {
        opt.access_key_id = KEY_ID;
        opt.secret_access_key = SECRET;
    }
    ck_assert_msg(ddb_client_open(&opt, &c, &err) == DDB_OK, "%s", err.message);
    return c;
}

static ddb_kv *store(ddb_client *c, const char *name_space)
{
    ddb_kv *kv = NULL;
    ddb_err err;

    ck_assert_msg(
        ddb_kv_open(c,
                    &(ddb_kv_options){.table = TABLE, .name_space = name_space},
                    &kv, &err) == DDB_OK,
        "%s", err.message);
    return kv;
}

/* ---- One operation under one fault ---- */

typedef enum { GET, PUT, ADD, DELETE, COUNTER, COUNT, HAS } op;

/* What each operation does to key "k", which holds "old" (a counter: 0). */
static ddb_code perform(op what, ddb_client *c, ddb_kv *kv, ddb_err *err)
{
    ddb_kv_entry e = {0};
    int64_t n = 0;
    ddb_code code = DDB_OK;

    switch (what) {
    case GET:
        code = ddb_kv_get(kv, ddb_str("k"), &e, err);
        if (code == DDB_OK)
            ck_assert(e.value.n == 3 && memcmp(e.value.p, "old", 3) == 0);
        ddb_kv_entry_clear(&e);
        break;
    case PUT:
        code = ddb_kv_put(kv, ddb_str("k"), ddb_str("new"), NULL, err);
        break;
    case ADD:
        code = ddb_kv_add(kv, ddb_str("added"), ddb_str("new"), NULL, err);
        break;
    case DELETE:
        code = ddb_kv_delete(kv, ddb_str("k"), err);
        break;
    case HAS:
        code = ddb_kv_has(kv, ddb_str("k"), err);
        break;
    case COUNT:
        code = ddb_kv_count(kv, NULL, &n, err);
        if (code == DDB_OK)
            ck_assert_int_eq(n, 2);
        break;
    case COUNTER: {
        ddb_item *key = ddb_item_new(), *values = ddb_item_new();

        ddb_item_set_s(key, "namespace", "faults");
        ddb_item_set_s(key, "key", "n");
        ddb_item_set_i64(values, ":one", 1);
        code = ddb_update_item(
            c,
            &(ddb_update_item_in){.table = TABLE,
                                  .key = key,
                                  .update = "ADD #v :one",
                                  .names = (ddb_name[]){{"#v", "value"}, {0}},
                                  .values = values},
            NULL, err);
        ddb_item_free(key);
        ddb_item_free(values);
        break;
    }
    }
    return code;
}

/* What is stored now, asked without the proxy; NULL: nothing. */
static char *stored(const char *key)
{
    ddb_client *c = client(need("DDB_TEST_ENDPOINT"), NULL);
    ddb_kv *kv = store(c, "faults");
    ddb_kv_entry e = {0};
    ddb_err err;
    char *text = NULL;
    ddb_code code = ddb_kv_get(kv, ddb_str(key), &e, &err);

    ck_assert_msg(code == DDB_OK || code == DDB_NOT_FOUND, "%s", err.message);
    if (code == DDB_OK)
        text = strndup(e.value.p, e.value.n);
    ddb_kv_entry_clear(&e);
    ddb_kv_close(kv);
    ddb_client_close(c);
    return text;
}

static void prepare(void)
{
    ddb_client *c = client(need("DDB_TEST_ENDPOINT"), NULL);
    ddb_kv *kv = NULL;
    ddb_err err;
    ddb_kv_put_options number = {.kind = DDB_KV_NUMBER};

    tell("/clock", "{\"skew_seconds\":0}");
    tell("/plan", "[]");
    ck_assert_msg(ddb_kv_open(c,
                              &(ddb_kv_options){.table = TABLE,
                                                .name_space = "faults",
                                                .create = 1},
                              &kv, &err) == DDB_OK,
                  "%s", err.message);
    ck_assert_int_eq(ddb_kv_clear(kv, NULL, NULL), DDB_OK);
    ck_assert_int_eq(ddb_kv_put(kv, ddb_str("k"), ddb_str("old"), NULL, NULL),
                     DDB_OK);
    ck_assert_int_eq(ddb_kv_put(kv, ddb_str("n"), ddb_str("0"), &number, NULL),
                     DDB_OK);
    ddb_kv_close(kv);
    ddb_client_close(c);
}

#define ONCE(fault) "[{\"times\":1,\"fault\":{\"type\":" fault "}}]"
#define ALWAYS(fault) "[{\"fault\":{\"type\":" fault "}}]"

typedef struct {
    const char *name;
    op what;
    const char *plan;
    ddb_code code;
    int min, max;      /* requests that the proxy may have seen */
    const char *after; /* what "k", "added" or "n" then holds; NULL: do not
                          look; "-": nothing */
    int timeout_ms;    /* 0: 8000 */
    int maybe;         /* err.maybe_applied must be this; -1: do not look */
} row;

static const row rows[] = {
    {"500 then 200", GET, ONCE("\"InternalServerError\""), DDB_OK, 2, 2, 0, 0,
     0},
    {"a page of a load balancer, then 200", PUT, ONCE("\"html\""), DDB_OK, 2, 2,
     "new", 0, -1},
    {"503 for ever", GET, ALWAYS("\"ServiceUnavailable\""), DDB_UNAVAILABLE, 4,
     4, 0, 0, 0},
    {"501 is not repeated", GET, ALWAYS("\"status\",\"status\":501"),
     DDB_UNAVAILABLE, 1, 1, 0, 0, 0},
    {"throttling", GET, ONCE("\"ProvisionedThroughputExceededException\""),
     DDB_OK, 2, 2, 0, 0, 0},
    {"throttling of an update is not ambiguous", COUNTER,
     ONCE("\"ThrottlingException\""), DDB_OK, 2, 2, "1", 0, 0},
    {"a reset before an update is ambiguous", COUNTER, ONCE("\"reset_before\""),
     DDB_AMBIGUOUS, 1, 1, "0", 0, 1},
    {"a reset after an update is ambiguous", COUNTER, ONCE("\"reset_after\""),
     DDB_AMBIGUOUS, 1, 1, "1", 0, 1},
    {"500 after an update is ambiguous", COUNTER, ONCE("\"error_after\""),
     DDB_AMBIGUOUS, 1, 1, "1", 0, 1},
    {"a bad checksum after an update is ambiguous", COUNTER,
     ONCE("\"bad_crc\""), DDB_AMBIGUOUS, 1, 1, "1", 0, 1},
    {"reset before a put", PUT, ONCE("\"reset_before\""), DDB_OK, 2, 3, "new",
     0, -1},
    {"close before a put", PUT, ONCE("\"close_before\""), DDB_OK, 2, 3, "new",
     0, -1},
    {"reset after a put", PUT, ONCE("\"reset_after\""), DDB_OK, 2, 2, "new", 0,
     -1},
    {"close after a put", PUT, ONCE("\"close_after\""), DDB_OK, 2, 2, "new", 0,
     -1},
    {"an add whose answer was lost knows its own", ADD, ONCE("\"close_after\""),
     DDB_OK, 2, 3, "new", 0, -1},
    {"an add answered with 500 knows its own", ADD, ONCE("\"error_after\""),
     DDB_OK, 2, 3, "new", 0, -1},
    {"a delete whose answer was lost", DELETE, ONCE("\"close_after\""), DDB_OK,
     2, 3, "-", 0, 1},
    {"a wrong checksum", GET, ONCE("\"bad_crc\""), DDB_OK, 2, 2, 0, 0, 0},
    {"a flipped bit", GET, ONCE("\"corrupt\""), DDB_OK, 2, 2, 0, 0, 0},
    {"a wrong checksum for ever", GET, ALWAYS("\"bad_crc\""), DDB_BAD_ANSWER, 4,
     4, 0, 0, 0},
    {"no checksum", GET, ALWAYS("\"no_crc\""), DDB_OK, 1, 1, 0, 0, 0},
    {"a cut body with checksum", GET, ONCE("\"truncate\""), DDB_OK, 2, 2, 0, 0,
     0},
    {"a cut body without checksum", GET, ONCE("\"truncate\",\"no_crc\":true"),
     DDB_OK, 2, 2, 0, 0, 0},
    {"a body cut to nothing", GET,
     ONCE("\"truncate\",\"bytes\":0,\"no_crc\":true"), DDB_OK, 2, 2, 0, 0, 0},
    {"cut for ever", GET, ALWAYS("\"truncate\",\"no_crc\":true"), DDB_NETWORK,
     4, 4, 0, 0, 0},
    {"a length that is too long", GET, ONCE("\"wrong_length\""), DDB_OK, 2, 2,
     0, 0, 0},
    {"a length beyond reason", GET,
     ALWAYS("\"wrong_length\",\"value\":99999999999999"), DDB_ANSWER_TOO_LARGE,
     1, 1, 0, 0, 0},
    {"garbage", GET, ALWAYS("\"garbage\""), DDB_BAD_ANSWER, 1, 4, 0, 0, 0},
    {"JSON 100,000 deep", GET, ALWAYS("\"deep\""), DDB_BAD_ANSWER, 1, 4, 0, 0,
     0},
    {"an item 100,000 deep", GET,
     ALWAYS("\"deep\",\"kind\":\"item\",\"closed\":true"), DDB_BAD_ANSWER, 1, 4,
     0, 0, 0},
    {"an answer of 40 MB", GET, ALWAYS("\"huge\",\"mb\":40"),
     DDB_ANSWER_TOO_LARGE, 1, 1, 0, 0, 0},
    {"40 MB in chunks", GET, ALWAYS("\"huge\",\"mb\":40,\"chunked\":true"),
     DDB_ANSWER_TOO_LARGE, 1, 1, 0, 0, 0},
    {"a redirect is not followed", GET,
     ALWAYS("\"redirect\",\"location\":\"http://127.0.0.1:9/\""), DDB_SERVICE,
     1, 1, 0, 0, 0},
    {"silence until the deadline", GET, ALWAYS("\"stall\",\"seconds\":4"),
     DDB_TIMEOUT, 1, 2, 0, 1000, 0},
    {"silence after a put", PUT, ALWAYS("\"stall\",\"seconds\":4"), DDB_TIMEOUT,
     1, 2, 0, 1000, 1},
    {"one byte at a time", GET, ALWAYS("\"drip\",\"seconds_per_byte\":0.2"),
     DDB_TIMEOUT, 1, 2, 0, 1000, 0},
    {"no status line", GET, ALWAYS("\"bad_status_line\""), DDB_BAD_ANSWER, 1, 4,
     0, 0, 0},
    {"early hints", GET, ALWAYS("\"early_hints\""), DDB_OK, 1, 1, 0, 0, 0},
    {"100 Continue, thrice", GET, ALWAYS("\"continue\",\"count\":3"), DDB_OK, 1,
     1, 0, 0, 0},
    {"chunks", GET, ALWAYS("\"chunked\",\"ext\":true,\"trailer\":true"), DDB_OK,
     1, 1, 0, 0, 0},
    {"connection closed by name", GET, ALWAYS("\"conn_close\""), DDB_OK, 1, 1,
     0, 0, 0},
    {"gzip that nobody asked for", GET, ALWAYS("\"gzip\",\"force\":true"),
     DDB_BAD_ANSWER, 1, 4, 0, 0, 0},
    {"the server's clock is an hour ahead", GET, ONCE("\"clock_skew\""), DDB_OK,
     2, 2, 0, 0, 0},
    {"an update with a clock an hour behind", COUNTER,
     ONCE("\"clock_skew\",\"seconds\":-3600"), DDB_OK, 2, 2, "1", 0, 0},
    {"a put with a clock an hour behind", PUT,
     ONCE("\"clock_skew\",\"seconds\":3600"), DDB_OK, 2, 2, "new", 0, 0},
    {"an add with a clock an hour ahead", ADD,
     ONCE("\"clock_skew\",\"seconds\":-3600"), DDB_OK, 2, 2, "new", 0, 0},
    {"a count with a clock an hour ahead", COUNT,
     ONCE("\"clock_skew\",\"seconds\":-3600"), DDB_OK, 2, 2, 0, 0, 0},
    {"an expired token of static credentials", GET,
     ALWAYS("\"ExpiredTokenException\""), DDB_CREDENTIALS, 1, 1, 0, 0, 0},
    {"no permission", GET, ALWAYS("\"AccessDeniedException\""),
     DDB_ACCESS_DENIED, 1, 1, 0, 0, 0},
    {"a transaction in the way", PUT,
     ALWAYS("\"TransactionConflictException\""), DDB_CONFLICT, 1, 1, "old", 0,
     0},
    {"an exception nobody knows", GET,
     ALWAYS("\"error\",\"error\":\"BrandNewException\",\"status\":400"),
     DDB_SERVICE, 1, 1, 0, 0, 0},
    {"an empty page in a count", COUNT, ONCE("\"empty_page\""), DDB_OK, 2, 3, 0,
     0, 0},
    {"a page an item in a count", COUNT, ALWAYS("\"page\",\"limit\":1"), DDB_OK,
     2, 3, 0, 0, 0},
    {"500 between two pages of a count", COUNT,
     "[{\"match\":{\"nth\":2},\"times\":1,"
     "\"fault\":{\"type\":\"InternalServerError\"}},"
     "{\"fault\":{\"type\":\"page\",\"limit\":1}}]",
     DDB_OK, 3, 4, 0, 0, 0},
};

static int requests_seen(void)
{
    json_t *stats = admin("/stats", NULL);
    int n = (int)json_integer_value(json_object_get(stats, "requests"));

    json_decref(stats);
    return n;
}

START_TEST(row_by_row)
{
    const row *t = &rows[_i];
    int timeout = t->timeout_ms ? t->timeout_ms : 8000;
    ddb_client *c =
        client(need("DDB_TEST_PROXY"), &(ddb_options){.timeout_ms = timeout});
    ddb_kv *kv = store(c, "faults");
    ddb_err err = {0};
    int64_t start;
    ddb_code code;
    int n;

    prepare();
    tell("/plan", t->plan);
    tell("/reset", "");
    start = mono_ms();
    code = perform(t->what, c, kv, &err);
    ck_assert_msg(code == t->code, "%s: %s, not %s: %s", t->name,
                  ddb_code_name(code), ddb_code_name(t->code), err.message);
    ck_assert_int_eq(err.code, code);
    /* The deadline holds; a second for a busy machine. */
    ck_assert_msg(mono_ms() - start < timeout + 1000, "%s: too late", t->name);
    n = requests_seen();
    ck_assert_msg(n >= t->min && n <= t->max, "%s: %d requests", t->name, n);
    if (t->maybe >= 0)
        ck_assert_msg(err.maybe_applied == t->maybe, "%s: maybe_applied",
                      t->name);
    if (code != DDB_OK)
        ck_assert_msg(err.message[0] != '\0' &&
                          strstr(err.message, SECRET) == NULL,
                      "%s: message", t->name);
    tell("/plan", "[]");
    tell("/clock", "{\"skew_seconds\":0}");
    if (t->after != NULL) {
        char *now = stored(t->what == COUNTER ? "n"
                           : t->what == ADD   ? "added"
                                              : "k");

        ck_assert_msg(strcmp(now ? now : "-", t->after) == 0, "%s: holds %s",
                      t->name, now ? now : "nothing");
        free(now);
    }
    ddb_kv_close(kv);
    ddb_client_close(c);
}
END_TEST

/* x-amz-retry-after: 700 ms is waited for, as the proxy's clock tells. */
START_TEST(honours_retry_after)
{
    ddb_client *c = client(need("DDB_TEST_PROXY"), NULL);
    ddb_kv *kv = store(c, "faults");
    ddb_err err;
    json_t *stats, *retries;

    prepare();
    tell("/plan", "[{\"times\":1,\"fault\":{\"type\":\"InternalServerError\","
                  "\"headers\":[[\"x-amz-retry-after\",\"700\"]]}}]");
    tell("/reset", "");
    ck_assert_msg(perform(GET, c, kv, &err) == DDB_OK, "%s", err.message);
    stats = admin("/stats", NULL);
    retries = json_object_get(stats, "retries");
    ck_assert_uint_eq(json_array_size(retries), 1);
    ck_assert_double_ge(json_number_value(json_object_get(
                            json_array_get(retries, 0), "delay_ms")),
                        690.0);
    ck_assert(json_is_true(
        json_object_get(json_array_get(retries, 0), "same_connection")));
    json_decref(stats);
    ddb_kv_close(kv);
    ddb_client_close(c);
}
END_TEST

START_TEST(refuses_a_wrong_secret_at_once)
{
    ddb_client *c =
        client(need("DDB_TEST_PROXY"),
               &(ddb_options){.access_key_id = KEY_ID,
                              .secret_access_key = "another secret"});
    ddb_kv *kv = store(c, "faults");
    ddb_err err;

    prepare();
    tell("/reset", "");
    ck_assert_int_eq(perform(GET, c, kv, &err), DDB_CREDENTIALS);
    ck_assert_int_eq(requests_seen(), 1);
    ck_assert_ptr_null(strstr(err.message, "another secret"));
    ddb_kv_close(kv);
    ddb_client_close(c);
}
END_TEST

/* The server closes idle connections: the next call must not notice, and an
 * update that meets a dead connection must not be counted twice. */
START_TEST(survives_closed_idle_connections)
{
    ddb_client *c = client(need("DDB_TEST_PROXY"), NULL);
    ddb_kv *kv = store(c, "faults");
    ddb_err err;

    prepare();
    tell("/plan", ALWAYS("\"close_idle\",\"ms\":20"));
    for (int i = 0; i < 5; i++) {
        ck_assert_msg(perform(i % 2 ? PUT : HAS, c, kv, &err) == DDB_OK, "%s",
                      err.message);
        nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
    }
    tell("/plan", "[]");
    ddb_kv_close(kv);
    ddb_client_close(c);
}
END_TEST

/* Junk behind an answer must never be taken for the next one. */
START_TEST(junk_is_not_the_next_answer)
{
    static const char *const plans[] = {
        ONCE("\"junk_after\""), ONCE("\"junk_after\",\"response\":true")};

    for (size_t i = 0; i < 2; i++) {
        ddb_client *c = client(need("DDB_TEST_PROXY"), NULL);
        ddb_kv *kv = store(c, "faults");
        ddb_err err;

        prepare();
        tell("/plan", plans[i]);
        for (int k = 0; k < 3; k++) {
            ck_assert_msg(perform(GET, c, kv, &err) == DDB_OK, "%s",
                          err.message);
            /* Behind the next request nothing could tell them apart. */
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        }
        ddb_kv_close(kv);
        ddb_client_close(c);
    }
}
END_TEST

static void fill(ddb_kv *kv, int n)
{
    ddb_kv_pair *pairs = calloc((size_t)n, sizeof(*pairs));
    char(*keys)[16] = calloc((size_t)n, sizeof(*keys));
    ddb_err err;

    for (int i = 0; i < n; i++) {
        snprintf(keys[i], sizeof(keys[i]), "key-%04d", i);
        pairs[i].key = ddb_str(keys[i]);
        pairs[i].value = ddb_str(keys[i]);
    }
    ck_assert_msg(ddb_kv_put_many(kv, pairs, (size_t)n, &err) == DDB_OK, "%s",
                  err.message);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(pairs[i].left, 0);
    free(pairs);
    free(keys);
}

/* Empty pages, tiny pages and half-done batches lose and double nothing. */
START_TEST(lists_and_batches_are_exact_on_odd_pages)
{
    ddb_client *c =
        client(need("DDB_TEST_PROXY"), &(ddb_options){.timeout_ms = 30000});
    ddb_kv *kv = store(c, "odd pages");
    ddb_kv_iter *it = NULL;
    const ddb_kv_entry *e;
    int64_t count = 0;
    ddb_err err;
    int n = 0;

    prepare();
    tell("/plan", "[{\"match\":{\"op\":[\"Query\",\"Scan\"]},\"times\":2,"
                  "\"fault\":{\"type\":\"empty_page\"}},"
                  "{\"match\":{\"op\":[\"Query\",\"Scan\"]},"
                  "\"fault\":{\"type\":\"page\",\"limit\":7}},"
                  "{\"match\":{\"op\":[\"BatchWriteItem\",\"BatchGetItem\"],"
                  "\"every\":2},\"fault\":{\"type\":\"unprocessed\","
                  "\"fraction\":0.5}}]");
    fill(kv, 100);
    ck_assert_int_eq(ddb_kv_count(kv, NULL, &count, &err), DDB_OK);
    ck_assert_int_eq(count, 100);
    ck_assert_int_eq(ddb_kv_iter_open(kv, NULL, &it, &err), DDB_OK);
    while (ddb_kv_iter_next(it, &e, &err) == DDB_OK) {
        char want[16];

        snprintf(want, sizeof(want), "key-%04d", n++);
        ck_assert_msg(e->key.n == 8 && memcmp(e->key.p, want, 8) == 0, "%s",
                      want);
    }
    ck_assert_int_eq(err.code, DDB_NOT_FOUND);
    ck_assert_int_eq(n, 100);
    ddb_kv_iter_close(it);
    ck_assert_int_eq(ddb_kv_clear(kv, &count, &err), DDB_OK);
    ck_assert_int_eq(count, 100);
    ddb_kv_close(kv);
    ddb_client_close(c);
}
END_TEST

START_TEST(a_batch_never_processed_gives_all_back)
{
    ddb_client *c =
        client(need("DDB_TEST_PROXY"), &(ddb_options){.timeout_ms = 1500});
    ddb_kv *kv = store(c, "faults");
    ddb_kv_pair pairs[3] = {{.key = {"a", 1}, .value = {"1", 1}},
                            {.key = {"b", 1}, .value = {"2", 1}},
                            {.key = {"c", 1}, .value = {"3", 1}}};
    ddb_err err;

    prepare();
    tell("/plan", ALWAYS("\"unprocessed\",\"all\":true"));
    ck_assert_int_eq(ddb_kv_put_many(kv, pairs, 3, &err), DDB_PARTIAL);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pairs[i].left, 1);
    tell("/plan", "[]");
    ddb_kv_close(kv);
    ddb_client_close(c);
}
END_TEST

/* ---- A storm: what clients saw must agree with what is stored ---- */

enum { THREADS = 8, ROUNDS = 40 };

typedef struct {
    ddb_client *c;
    int id;
    int64_t acknowledged, unknown; /* counter */
    char last[ROUNDS][16];         /* puts: last value sure to be there */
    int failed;
} worker;

static void *work(void *arg)
{
    worker *w = arg;
    ddb_kv *kv = store(w->c, "faults");
    ddb_err err;

    for (int i = 0; i < ROUNDS; i++) {
        char key[32], value[16];
        ddb_kv_entry e = {0};
        ddb_code code;

        snprintf(key, sizeof(key), "t%d-%d", w->id, i % 8);
        snprintf(value, sizeof(value), "%d", i);
        code = ddb_kv_put(kv, ddb_str(key), ddb_str(value), NULL, &err);
        if (code == DDB_OK) {
            code = ddb_kv_get(kv, ddb_str(key), &e, &err);
            /* Nobody else writes this key. */
            if (code == DDB_OK && (e.value.n != strlen(value) ||
                                   memcmp(e.value.p, value, e.value.n) != 0))
                w->failed++;
            if (code == DDB_NOT_FOUND)
                w->failed++;
            ddb_kv_entry_clear(&e);
        }
        code = perform(COUNTER, w->c, kv, &err);
        if (code == DDB_OK)
            w->acknowledged++;
        else if (err.maybe_applied)
            w->unknown++;
    }
    ddb_kv_close(kv);
    return NULL;
}

START_TEST(a_storm_loses_no_acknowledged_write)
{
    ddb_client *c =
        client(need("DDB_TEST_PROXY"), &(ddb_options){.timeout_ms = 20000});
    pthread_t threads[THREADS];
    worker workers[THREADS] = {{0}};
    int64_t sure = 0, unknown = 0;
    char *now;

    prepare();
    tell("/plan", "[{\"match\":{\"prob\":0.02},"
                  "\"fault\":{\"type\":\"InternalServerError\"}},"
                  "{\"match\":{\"prob\":0.01},"
                  "\"fault\":{\"type\":\"ThrottlingException\"}},"
                  "{\"match\":{\"prob\":0.02},"
                  "\"fault\":{\"type\":\"reset_before\"}},"
                  "{\"match\":{\"prob\":0.02},"
                  "\"fault\":{\"type\":\"reset_after\"}},"
                  "{\"match\":{\"prob\":0.02},"
                  "\"fault\":{\"type\":\"bad_crc\"}}]");
    for (int i = 0; i < THREADS; i++) {
        workers[i].c = c;
        workers[i].id = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &workers[i]),
                         0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(workers[i].failed, 0);
        sure += workers[i].acknowledged;
        unknown += workers[i].unknown;
    }
    tell("/plan", "[]");
    now = stored("n");
    ck_assert_ptr_nonnull(now);
    ck_assert_int_ge(atoll(now), sure);
    ck_assert_int_le(atoll(now), sure + unknown);
    free(now);
    ddb_client_close(c);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("e2e_faults");
    TCase *tc = tcase_create("faults");
    SRunner *sr = srunner_create(s);

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, row_by_row, 0,
                        (int)(sizeof(rows) / sizeof(rows[0])));
    tcase_add_test(tc, honours_retry_after);
    tcase_add_test(tc, refuses_a_wrong_secret_at_once);
    tcase_add_test(tc, survives_closed_idle_connections);
    tcase_add_test(tc, junk_is_not_the_next_answer);
    tcase_add_test(tc, lists_and_batches_are_exact_on_odd_pages);
    tcase_add_test(tc, a_batch_never_processed_gives_all_back);
    tcase_add_test(tc, a_storm_loses_no_acknowledged_write);
    suite_add_tcase(s, tc);
    return run_and_report(sr);
}
