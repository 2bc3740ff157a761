/* SPDX-License-Identifier: MIT */
/*
 * Connections: libcurl made ready, and the options that are set once.
 *
 *  - CURLOPT_NOSIGNAL, which threads need; SIGPIPE is then our business.
 *  - HTTP/1.1 over TLS 1.2 or later, always verified; HTTP and HTTPS alone.
 *  - Redirects are not followed: a signed request is for one host.  An
 *    answer in HTTP/0.9, which could be anything, is refused (libcurl's
 *    default from 7.66 on).
 *  - No CURLOPT_TIMEOUT and no CURLOPT_LOW_SPEED_TIME: silence is ended by
 *    the caller's own timeouts, whatever he has set them to.
 *  - TLS sessions are kept by each connection and resumed when it connects
 *    again; they are not shared between connections, which would put locks
 *    of ours into libcurl's hands to save a millisecond per connection once.
 *  - Where libcurl resolves names in threads, giving up would wait for the
 *    thread; from 7.87 on CURLOPT_QUICK_EXIT leaves it behind.
 */
#include "http/http_conn.h"

#include "base/alloc.h"
#include "base/err.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define USER_AGENT "libddb/" DDB_VERSION

/* The service drops idle connections after 60 to 90 seconds. */
#define MAX_IDLE_SECONDS 50L
/* Then the name is looked up anew. */
#define MAX_LIFE_SECONDS 1800L

static CURLcode global_result;

static void global_init(void)
{
    global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void find_ca(ddbi_http_settings *s)
{
    const ddbi_ca_built *known = NULL;
#if LIBCURL_VERSION_NUM >= 0x074600
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    ddbi_ca_built built = {0};

    if (v->age >= CURLVERSION_SEVENTH) {
        built.file = v->cainfo;
        built.path = v->capath;
        built.lazy_path = v->ssl_version != NULL &&
                          (strncmp(v->ssl_version, "OpenSSL/", 8) == 0 ||
                           strncmp(v->ssl_version, "LibreSSL/", 9) == 0);
        known = &built;
    }
#endif
    ddbi_ca_find(s->ca_file, s->ca_path, known, &s->ca);
}

static int environment_has_proxy(void)
{
    static const char *const names[] = {
        "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && *value != '\0')
            return 1;
    }
    return 0;
}

ddb_code ddbi_http_setup(ddbi_http_settings *s, ddb_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    if (pthread_once(&once, global_init) != 0 || global_result != CURLE_OK)
        return ddbi_fail(err, DDB_SYSTEM, "libcurl cannot be initialised: %s",
                         curl_easy_strerror(global_result));
    find_ca(s);
    /* libcurl would look into the environment at every exchange. */
    s->no_proxy = s->direct || (s->proxy != NULL ? *s->proxy == '\0'
                                                 : !environment_has_proxy());
    return DDB_OK;
}

void ddbi_http_note(ddbi_http_conn *c, CURLcode result)
{
    if (c->setup == CURLE_OK)
        c->setup = result;
}

void ddbi_http_set_long(ddbi_http_conn *c, CURLoption option, long value)
{
    ddbi_http_note(c, curl_easy_setopt(c->easy, option, value));
}

void ddbi_http_set_text(ddbi_http_conn *c, CURLoption option, const char *value)
{
    ddbi_http_note(c, curl_easy_setopt(c->easy, option, value));
}

/* An option that a libcurl may have been built without, which then does
 * what we want anyway. */
static void set_if_known(ddbi_http_conn *c, CURLoption option,
                         const char *value)
{
    CURLcode result = curl_easy_setopt(c->easy, option, value);

    if (result != CURLE_UNKNOWN_OPTION && result != CURLE_NOT_BUILT_IN)
        ddbi_http_note(c, result);
}

static void set_ca(ddbi_http_conn *c)
{
    const ddbi_ca *ca = &c->settings->ca;

    if (ca->file == NULL && ca->path == NULL)
        return;
    ddbi_http_set_text(c, CURLOPT_CAINFO, ca->file);
    set_if_known(c, CURLOPT_PROXY_CAINFO, ca->file);
    if (ca->path != NULL)
        ddbi_http_set_text(c, CURLOPT_CAPATH, ca->path);
    else
        set_if_known(c, CURLOPT_CAPATH, NULL);
    set_if_known(c, CURLOPT_PROXY_CAPATH, ca->path);
}

static void set_proxy(ddbi_http_conn *c)
{
    const ddbi_http_settings *s = c->settings;

    if (s->no_proxy) {
        set_if_known(c, CURLOPT_PROXY, "");
        set_if_known(c, CURLOPT_NOPROXY, ""); /* else it asks for NO_PROXY */
    } else if (s->proxy != NULL) {
        ddbi_http_set_text(c, CURLOPT_PROXY, s->proxy);
    }
    /* The answer to CONNECT is none of ours. */
    ddbi_http_set_long(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
}

static void set_options(ddbi_http_conn *c)
{
    ddbi_http_set_long(c, CURLOPT_NOSIGNAL, 1);
    ddbi_http_set_long(c, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    ddbi_http_set_long(c, CURLOPT_FOLLOWLOCATION, 0);
#if LIBCURL_VERSION_NUM >= 0x075500
    ddbi_http_set_text(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    ddbi_http_set_long(c, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
    ddbi_http_set_long(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    ddbi_http_set_long(c, CURLOPT_CONNECTTIMEOUT_MS,
                       c->settings->connect_timeout_ms);
    ddbi_http_set_long(c, CURLOPT_TCP_KEEPALIVE, 1);
    ddbi_http_set_long(c, CURLOPT_MAXAGE_CONN, MAX_IDLE_SECONDS);
#if LIBCURL_VERSION_NUM >= 0x075000
    ddbi_http_set_long(c, CURLOPT_MAXLIFETIME_CONN, MAX_LIFE_SECONDS);
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    ddbi_http_set_long(c, CURLOPT_QUICK_EXIT, 1);
#endif
    ddbi_http_set_text(c, CURLOPT_USERAGENT, USER_AGENT);
    set_ca(c);
    set_proxy(c);
    ddbi_http_note(c,
                   curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->detail));
    ddbi_http_note(
        c, curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, ddbi_http_on_body));
    ddbi_http_note(c, curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c));
    ddbi_http_note(c, curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION,
                                       ddbi_http_on_header));
    ddbi_http_note(c, curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c));
    ddbi_http_note(c, curl_easy_setopt(c->easy, CURLOPT_SOCKOPTFUNCTION,
                                       ddbi_http_on_socket));
    ddbi_http_note(c, curl_easy_setopt(c->easy, CURLOPT_SOCKOPTDATA, c));
}

ddb_code ddbi_http_setup_failed(CURLcode result, ddb_err *err)
{
    switch (result) {
    case CURLE_OUT_OF_MEMORY:
        return ddbi_nomem(err);
    case CURLE_UNKNOWN_OPTION:
    case CURLE_NOT_BUILT_IN:
        return ddbi_fail(err, DDB_UNSUPPORTED,
                         "this libcurl was built without what is asked of it: "
                         "%s (curl %d)",
                         curl_easy_strerror(result), (int)result);
    default:
        return ddbi_fail(err, DDB_SYSTEM, "libcurl: %s (curl %d)",
                         curl_easy_strerror(result), (int)result);
    }
}

ddb_code ddbi_http_conn_new(const ddbi_http_settings *s, ddbi_http_conn **out,
                            ddb_err *err)
{
    ddbi_http_conn *c = ddbi_calloc(1, sizeof *c);
    ddb_code code = DDB_OK;

    *out = NULL;
    if (c == NULL)
        return ddbi_nomem(err);
    c->settings = s;
    c->idle = CURL_SOCKET_BAD;
    c->may_tls = !s->no_proxy; /* the proxy's own */
    c->easy = curl_easy_init();
    c->multi = curl_multi_init();
    if (c->easy == NULL || c->multi == NULL) {
        code = ddbi_nomem(err);
        goto out;
    }
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, 1L);
    set_options(c);
    if (c->setup != CURLE_OK) {
        code = ddbi_http_setup_failed(c->setup, err);
        goto out;
    }
    *out = c, c = NULL;
out:
    ddbi_http_conn_free(c, 0);
    return code;
}

void ddbi_http_conn_free(ddbi_http_conn *c, int forked)
{
    ddbi_sigpipe g;

    if (c == NULL)
        return;
    if (!forked) {
        g = ddbi_http_guard(c);
        curl_easy_cleanup(c->easy);
        if (c->multi != NULL)
            curl_multi_cleanup(c->multi);
        ddbi_sigpipe_restore(&g);
    }
    ddbi_free(c->url);
    ddbi_free(c);
}
