/* SPDX-License-Identifier: MIT */
/*
 * Signs what it reads, for tests/sign_peers.py: one JSON object a line,
 *
 *     {"access_key_id":"","secret_access_key":"","region":"","service":"",
 *      "now":0,"headers":[["Host","a"],...],"body":"base64","curl":true}
 *
 * and writes a line each: our Authorization, and behind a tab libcurl's when
 * it was asked for.  libcurl signs what it sends, so it sends it, to a server
 * on loopback that takes anything; a custom X-Amz-Date header fixes its time.
 */
#include "base/enc.h"
#include "http/sigv4.h"

#include <curl/curl.h>
#include <jansson.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "sign_cli: %s\n", what);
        exit(2);
    }
}

static const char *text(const json_t *request, const char *name)
{
    const char *value = json_string_value(json_object_get(request, name));

    must(value != NULL, name);
    return value;
}

/* ---- A server for one request a connection ------------------------------ */

static void *serve(void *arg)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                                 "Connection: close\r\n\r\n";
    static char discarded[1 << 16];
    int listener = *(int *)arg;

    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            return NULL;
        must(write(fd, answer, sizeof answer - 1) > 0, "write");
        while (read(fd, discarded, sizeof discarded) > 0)
            continue;
        close(fd);
    }
}

/* Its port. */
static int start_server(void)
{
    static int listener;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    pthread_t thread;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    must(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
             listen(listener, 16) == 0 &&
             getsockname(listener, (struct sockaddr *)&address, &size) == 0,
         "no server");
    must(pthread_create(&thread, NULL, serve, &listener) == 0, "no thread");
    pthread_detach(thread);
    return ntohs(address.sin_port);
}

/* ---- The two signers ---------------------------------------------------- */

static void sign(ddbi_signer *signer, const json_t *request, ddb_bytes body,
                 ddbi_buf *out)
{
    ddbi_header headers[DDBI_MAX_SIGNED_HEADERS];
    const json_t *list = json_object_get(request, "headers");
    const ddbi_sign_in in = {
        .access_key_id = text(request, "access_key_id"),
        .secret_access_key = text(request, "secret_access_key"),
        .region = text(request, "region"),
        .service = text(request, "service"),
        .now = json_integer_value(json_object_get(request, "now")),
        .method = "POST",
        .path = {"/", 1},
        .headers = headers,
        .n_headers = json_array_size(list),
        .body = body,
    };

    for (size_t i = 0; i < in.n_headers; i++) {
        const json_t *pair = json_array_get(list, i);

        headers[i] =
            (ddbi_header){ddb_str(json_string_value(json_array_get(pair, 0))),
                          ddb_str(json_string_value(json_array_get(pair, 1)))};
    }
    must(ddbi_sign(signer, &in, out) == DDB_OK, "ddbi_sign");
}

/* Take the Authorization header from what libcurl says it sends. */
static int look(CURL *curl, curl_infotype type, char *p, size_t n, void *arg)
{
    static const char name[] = "\r\nAuthorization: ";
    ddbi_buf *out = arg;
    ddbi_buf head = {0};
    const char *at;

    (void)curl;
    if (type != CURLINFO_HEADER_OUT)
        return 0;
    ddbi_buf_add(&head, p, n);
    at = strstr(ddbi_buf_text(&head), name);
    if (at != NULL) {
        at += sizeof name - 1;
        ddbi_buf_add(out, at, strcspn(at, "\r"));
    }
    ddbi_buf_free(&head);
    return 0;
}

static void sign_by_curl(CURL *curl, const json_t *request, ddb_bytes body,
                         int port, ddbi_buf *out)
{
    const json_t *list = json_object_get(request, "headers");
    struct curl_slist *headers = NULL;
    struct curl_slist *to = NULL;
    char line[8192];
    size_t i;
    const json_t *pair;

    json_array_foreach(list, i, pair)
    {
        const char *name = json_string_value(json_array_get(pair, 0));
        const char *value = json_string_value(json_array_get(pair, 1));

        /* "Name;" is how libcurl is told of an empty value. */
        must(snprintf(line, sizeof line, *value != '\0' ? "%s:%s" : "%s;", name,
                      value) < (int)sizeof line,
             "a long header");
        headers = curl_slist_append(headers, line);
        if (strcasecmp(name, "host") == 0) {
            snprintf(line, sizeof line, "http://%s/", value);
            curl_easy_setopt(curl, CURLOPT_URL, line);
        }
    }
    snprintf(line, sizeof line, "::127.0.0.1:%d", port);
    to = curl_slist_append(NULL, line);
    snprintf(line, sizeof line, "aws:amz:%s:%s", text(request, "region"),
             text(request, "service"));
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, line);
    curl_easy_setopt(curl, CURLOPT_USERNAME, text(request, "access_key_id"));
    curl_easy_setopt(curl, CURLOPT_PASSWORD,
                     text(request, "secret_access_key"));
    curl_easy_setopt(curl, CURLOPT_CONNECT_TO, to);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.n > 0 ? body.p : "");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body.n);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, look);
    curl_easy_setopt(curl, CURLOPT_DEBUGDATA, out);
    must(curl_easy_perform(curl) == CURLE_OK, "curl_easy_perform");
    curl_slist_free_all(headers);
    curl_slist_free_all(to);
}

int main(void)
{
    ddbi_signer *signer = ddbi_signer_new();
    CURL *curl = curl_easy_init();
    int port = start_server();
    ddbi_buf out = {0};
    char *line = NULL;
    size_t size = 0;

    must(signer != NULL && curl != NULL, "no memory");
    while (getline(&line, &size, stdin) > 0) {
        json_t *request = json_loads(line, 0, NULL);
        const char *base64 = text(request, "body");
        char *body = malloc(strlen(base64) + 1);
        ptrdiff_t n;

        must(request != NULL && body != NULL, "bad line");
        n = ddbi_base64_decode(body, base64, strlen(base64));
        must(n >= 0, "bad base64");
        ddbi_buf_clear(&out);
        sign(signer, request, (ddb_bytes){body, (size_t)n}, &out);
        ddbi_buf_add_c(&out, '\t');
        if (json_is_true(json_object_get(request, "curl")))
            sign_by_curl(curl, request, (ddb_bytes){body, (size_t)n}, port,
                         &out);
        puts(ddbi_buf_text(&out));
        free(body);
        json_decref(request);
    }
    free(line);
    ddbi_buf_free(&out);
    ddbi_signer_free(signer);
    curl_easy_cleanup(curl);
    return 0;
}
