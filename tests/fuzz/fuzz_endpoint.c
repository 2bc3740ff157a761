/* SPDX-License-Identifier: MIT */
/* Endpoint URLs, and behind a newline a region: what is taken is taken again
 * as it was written, and libcurl reads it as the same host and port. */
#include "fuzz.h"

#include "http/endpoint.h"

#include <curl/curl.h>

#include <string.h>

static ddb_code resolve(const char *url, const char *region, ddbi_endpoint *out)
{
    const ddbi_endpoint_in in = {.endpoint = url, .region = region};

    return ddbi_endpoint_resolve(&in, out, NULL);
}

static void must_be(CURLU *u, CURLUPart part, const char *want)
{
    char *got = NULL;

    MUST(curl_url_get(u, part, &got, CURLU_DEFAULT_PORT) == CURLUE_OK);
    MUST(strcmp(got, want) == 0);
    curl_free(got);
}

static void ask_curl(const ddbi_endpoint *e)
{
    const char *bracket = strrchr(e->host, ']');
    const char *colon = strchr(bracket != NULL ? bracket : e->host, ':');
    size_t n = colon != NULL ? (size_t)(colon - e->host) : strlen(e->host);
    char host[sizeof e->host] = "";
    CURLU *u = curl_url();

    MUST(u != NULL);
    memcpy(host, e->host, n);
    MUST(curl_url_set(u, CURLUPART_URL, e->url, 0) == CURLUE_OK);
    must_be(u, CURLUPART_SCHEME, e->https ? "https" : "http");
    must_be(u, CURLUPART_HOST, host);
    must_be(u, CURLUPART_PORT,
            colon != NULL ? colon + 1
            : e->https    ? "443"
                          : "80");
    must_be(u, CURLUPART_PATH, "/");
    curl_url_cleanup(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = calloc(1, n + 1);
    const char *region = "us-east-1";
    char *newline;
    ddbi_endpoint e, again;

    MUST(text != NULL);
    if (n > 0)
        memcpy(text, data, n);
    newline = strchr(text, '\n');
    if (newline != NULL) {
        *newline = '\0';
        region = newline + 1;
    }
    if (resolve(text, region, &e) == DDB_OK && e.engine == NULL) {
        MUST(e.https || e.is_local);
        ask_curl(&e);
        if (*text != '\0') {
            MUST(resolve(e.url, e.region, &again) == DDB_OK);
            MUST(strcmp(e.url, again.url) == 0);
            MUST(strcmp(e.host, again.host) == 0);
            MUST(strcmp(e.region, again.region) == 0);
            MUST(e.is_local == again.is_local);
        }
    }
    free(text);
    return 0;
}
