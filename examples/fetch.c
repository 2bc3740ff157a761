/* SPDX-License-Identifier: MIT */
/*
 * Fetch a page over HTTP, once: what its server lets be kept is kept in a
 * cache in DynamoDB, for this program on any machine.
 *
 *     cc fetch.c $(pkg-config --cflags --libs libddb libcurl) -o fetch
 *     ./fetch http://example.com/
 *
 * The page goes to stdout, and to stderr whether it was a hit.
 *
 * Of RFC 9111 it honours, as a cache that is shared: no-store, no-cache,
 * private, s-maxage, max-age and, where these are missing, Expires; Age, and
 * Vary when it says that no other request is alike (all requests of this
 * program are).  What tells no lifetime is not kept, and nothing is shown that
 * is older than its lifetime.  Redirects are kept by the same rules, each as
 * it was met.
 */
#include <curl/curl.h>
#include <ddb/kv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_HOPS 20
#define MAX_BODY DDB_KV_MAX_LARGE
#define MAX_SECONDS 2147483647L
#define NOT_TOLD (-1L)

/* What one request has brought. */
typedef struct {
    char *body;
    size_t n;
    long status;
    char *next; /* where it leads; NULL: nowhere */
    double took;
    int keep; /* nothing speaks against it */
    long max_age;
    long s_maxage;
    long age;
    time_t date;
    time_t expires;
    int has_expires;
} answer;

/* ---- Headers ------------------------------------------------------------ */

/* Seconds; what is none counts as 0, so that nothing is kept by mistake. */
static long seconds(const char *text)
{
    char *end;
    long n = strtol(text + (*text == '"'), &end, 10);

    if (end == text || n < 0)
        return 0;
    return n < MAX_SECONDS ? n : MAX_SECONDS;
}

static void restrict_to(long *age, long n)
{
    if (*age == NOT_TOLD || n < *age)
        *age = n;
}

static int is(const char *directive, size_t n, const char *name)
{
    return n == strlen(name) && strncasecmp(directive, name, n) == 0;
}

static void read_directive(answer *a, const char *p)
{
    size_t n = strcspn(p, "= \t,");
    const char *value = p[n] == '=' ? p + n + 1 : "";

    if (is(p, n, "no-store") || is(p, n, "no-cache") || is(p, n, "private"))
        a->keep = 0;
    else if (is(p, n, "max-age"))
        restrict_to(&a->max_age, seconds(value));
    else if (is(p, n, "s-maxage"))
        restrict_to(&a->s_maxage, seconds(value));
}

/* Commas part directives, unless they are in quotes. */
static void read_cache_control(answer *a, const char *p)
{
    while (*p != '\0') {
        int quoted = 0;

        p += strspn(p, " \t,");
        read_directive(a, p);
        for (; *p != '\0' && (quoted || *p != ','); p++)
            if (*p == '"')
                quoted = !quoted;
    }
}

static void start(answer *a)
{
    a->keep = 1;
    a->max_age = a->s_maxage = NOT_TOLD;
    a->age = 0;
    a->date = -1;
    a->has_expires = 0;
}

/* libcurl calls it for each line, those of interim answers too. */
static size_t take_header(char *p, size_t one, size_t n, void *arg)
{
    answer *a = arg;
    char line[4096];
    size_t kept = n < sizeof line ? n : sizeof line - 1;
    char *value;

    (void)one;
    memcpy(line, p, kept);
    line[kept] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    if (strncmp(line, "HTTP/", 5) == 0)
        start(a);
    if ((value = strchr(line, ':')) == NULL)
        return n;
    *value++ = '\0';
    value += strspn(value, " \t");
    if (strcasecmp(line, "Cache-Control") == 0) {
        read_cache_control(a, value);
        if (kept < n) /* who knows what was cut off */
            a->keep = 0;
    } else if (strcasecmp(line, "Age") == 0) {
        a->age = seconds(value);
    } else if (strcasecmp(line, "Date") == 0) {
        a->date = curl_getdate(value, NULL);
    } else if (strcasecmp(line, "Expires") == 0) {
        a->expires = curl_getdate(value, NULL); /* -1: has expired */
        a->has_expires = 1;
    } else if (strcasecmp(line, "Vary") == 0 && strchr(value, '*') != NULL) {
        a->keep = 0;
    }
    return n;
}

/* How many seconds it may be shown from now on; 0: it is not to be kept. */
static long lifetime(const answer *a, time_t now)
{
    time_t date = a->date != -1 ? a->date : now;
    long age = a->age + (long)a->took;
    long fresh = 0;

    if (!a->keep)
        return 0;
    if (a->s_maxage != NOT_TOLD)
        fresh = a->s_maxage;
    else if (a->max_age != NOT_TOLD)
        fresh = a->max_age;
    else if (a->has_expires && a->expires > date)
        fresh = (long)(a->expires - date);
    if (now - date > age)
        age = (long)(now - date);
    return fresh > age ? fresh - age : 0;
}

/* ---- HTTP --------------------------------------------------------------- */

static size_t take_body(char *p, size_t one, size_t n, void *arg)
{
    answer *a = arg;
    char *body;

    (void)one;
    if (n > MAX_BODY - a->n || (body = realloc(a->body, a->n + n)) == NULL)
        return 0; /* ends the transfer */
    a->body = body;
    memcpy(a->body + a->n, p, n);
    a->n += n;
    return n;
}

static CURLcode request(CURL *curl, const char *url, answer *a)
{
    char *next = NULL;
    CURLcode code;

    *a = (answer){0};
    start(a);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, a);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a->status);
    curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME, &a->took);
    curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &next);
    if (next != NULL)
        a->next = strdup(next);
    return code;
}

static void clear(answer *a)
{
    free(a->body);
    free(a->next);
}

/* A redirect may lead to file:///etc/passwd as well. */
static int is_http(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 ||
           strncasecmp(url, "https://", 8) == 0;
}

/* The address as a key: without what is for the browser alone.  NULL: it is
 * none of a page, or has a password in it, which is not to be kept. */
static char *make_key(const char *url)
{
    CURLU *u = curl_url();
    char *user = NULL;
    char *text = NULL;
    char *key = NULL;

    if (u != NULL && is_http(url) &&
        curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_NO_USER &&
        curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK)
        key = strdup(text);
    curl_free(user);
    curl_free(text);
    curl_url_cleanup(u);
    return key;
}

/* ---- The cache ---------------------------------------------------------- */

/* A cache that fails costs time, nothing else. */
static void complain(ddb_code code, const ddb_err *err)
{
    if (code != DDB_OK)
        fprintf(stderr, "fetch: not kept: %s\n", err->message);
}

static void keep(ddb_client *c, ddb_cache *cache, const char *key,
                 const answer *a)
{
    ddb_kv_put_options opt = {.ttl = lifetime(a, ddb_client_now(c))};
    ddb_bytes body = {a->body, a->n};
    char *next = a->next != NULL ? make_key(a->next) : NULL;
    ddb_err err = {0};

    if (opt.ttl > 0 && next != NULL)
        complain(
            ddb_cache_redirect(cache, ddb_str(key), ddb_str(next), &opt, &err),
            &err);
    else if (opt.ttl > 0 && a->status == 200)
        complain(ddb_cache_set(cache, ddb_str(key), body, &opt, &err), &err);
    free(next);
}

static int look_up(ddb_cache *cache, const char *key)
{
    ddb_kv_entry e = {0};
    ddb_err err;
    ddb_code code = ddb_cache_get(cache, ddb_str(key), &e, &err);

    if (code == DDB_OK) {
        fprintf(stderr, "hit %.*s\n", (int)e.key.n, (const char *)e.key.p);
        fwrite(e.value.p, 1, e.value.n, stdout);
    } else if (code != DDB_NOT_FOUND) {
        fprintf(stderr, "fetch: %s\n", err.message);
    }
    ddb_kv_entry_clear(&e);
    return code == DDB_OK;
}

/* 1: this was the page, or all that there is; 0: *url leads on. */
static int visit(CURL *curl, ddb_client *c, ddb_cache *cache, char **url,
                 int *status)
{
    char *key = make_key(*url);
    answer a = {0};
    CURLcode code;
    int done = 1;

    if (key != NULL && look_up(cache, key)) {
        *status = 0;
        goto out;
    }
    if (!is_http(*url)) {
        fprintf(stderr, "fetch: %s is no address of HTTP\n", *url);
        goto out;
    }
    if ((code = request(curl, *url, &a)) != CURLE_OK) {
        fprintf(stderr, "fetch: %s: %s\n", *url, curl_easy_strerror(code));
        goto out;
    }
    fprintf(stderr, "miss %s\n", *url);
    if (key != NULL)
        keep(c, cache, key, &a);
    if (a.next != NULL) {
        free(*url);
        *url = a.next, a.next = NULL;
        done = 0;
        goto out;
    }
    *status = a.status != 200;
    if (*status != 0)
        fprintf(stderr, "fetch: status %ld\n", a.status);
    if (a.n > 0)
        fwrite(a.body, 1, a.n, stdout);
out:
    clear(&a);
    free(key);
    return done;
}

static int fetch(CURL *curl, ddb_client *c, ddb_cache *cache, const char *from)
{
    char *url = strdup(from);
    int status = 1;
    int hops = 0;

    while (url != NULL && hops < MAX_HOPS &&
           !visit(curl, c, cache, &url, &status))
        hops++;
    if (hops == MAX_HOPS)
        fprintf(stderr, "fetch: more than %d redirects\n", MAX_HOPS);
    free(url);
    return status;
}

int main(int argc, char **argv)
{
    ddb_cache_options opt = {
        .store = {.table = "http_cache", .create = 1, .large = 1}};
    ddb_client *c = NULL;
    ddb_cache *cache = NULL;
    CURL *curl;
    ddb_err err;
    ddb_code code;
    int status = 1;

    if (argc != 2) {
        fprintf(stderr, "usage: fetch URL\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    code = ddb_client_open(NULL, &c, &err);
    if (code == DDB_OK)
        code = ddb_cache_open(c, &opt, &cache, &err);
    if (code != DDB_OK)
        fprintf(stderr, "fetch: %s\n", err.message);
    else if (curl != NULL)
        status = fetch(curl, c, cache, argv[1]);
    ddb_cache_close(cache);
    ddb_client_close(c);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return status;
}
