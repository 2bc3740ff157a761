/* SPDX-License-Identifier: MIT */
/*
 * One client doing one thing many times over one kept-alive connection.
 *
 *     bench socket|curl|ddb get|put|query|list|batch COUNT PORT [REQUEST]
 *
 * socket and curl are floors: they send the bytes in the file REQUEST, which
 * were recorded from ddb, and look at nothing of the answer but its length.
 * ddb signs, builds, parses and checks what it got.  Prints the time that the
 * loop took of the processor and by the clock, in microseconds a call.
 */
#define _GNU_SOURCE /* memmem() */
#include <ddb/kv.h>

#include <curl/curl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WARM_UP 20 /* calls before the clock runs */
#define BATCH 25
#define PAGE 100
#define VALUE_SIZE 100

typedef enum { OP_GET, OP_PUT, OP_QUERY, OP_LIST, OP_BATCH } op;
static const char *const op_names[] = {"get", "put", "query", "list", "batch"};

typedef struct {
    op op;
    int port;
    char *request; /* NUL-terminated */
    size_t request_n;
} setting;

static void must(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

/* ---- A bare socket ------------------------------------------------------ */

typedef struct {
    int fd;
    size_t answer_n; /* bytes of an answer; 0: not known yet */
    char buffer[1 << 16];
} socket_client;

static void *socket_open(const setting *s)
{
    socket_client *c = calloc(1, sizeof *c);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)s->port)};

    must(c != NULL, "no memory");
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    must(connect(c->fd, (struct sockaddr *)&to, sizeof to) == 0, "connect");
    return c;
}

/* All answers are equally long: head, and what Content-Length says. */
static size_t whole(const socket_client *c, size_t n)
{
    const char *end = memmem(c->buffer, n, "\r\n\r\n", 4);
    const char *length = memmem(c->buffer, n, "Content-Length: ", 16);

    if (end == NULL || length == NULL)
        return 0;
    return (size_t)(end + 4 - c->buffer) + strtoul(length + 16, NULL, 10);
}

static void socket_call(void *client, const setting *s)
{
    socket_client *c = client;
    size_t n = 0;

    must(write(c->fd, s->request, s->request_n) == (ssize_t)s->request_n,
         "write");
    do {
        ssize_t got = read(c->fd, c->buffer + n, sizeof c->buffer - 1 - n);

        must(got > 0, "read");
        n += (size_t)got;
        if (c->answer_n == 0)
            c->answer_n = whole(c, n);
    } while (n != c->answer_n);
}

static void socket_close(void *client)
{
    socket_client *c = client;

    close(c->fd);
    free(c);
}

/* ---- A bare libcurl handle, well set ------------------------------------ */

typedef struct {
    CURL *easy;
    struct curl_slist *headers;
    size_t n;
    char buffer[1 << 16];
} curl_client;

static size_t take(char *p, size_t size, size_t n, void *arg)
{
    curl_client *c = arg;

    (void)size;
    must(n <= sizeof c->buffer - c->n, "a large answer");
    memcpy(c->buffer + c->n, p, n);
    c->n += n;
    return n;
}

/* Every header of the request but those that libcurl makes by itself. */
static void add_headers(curl_client *c, const setting *s, const char *end)
{
    const char *p = strstr(s->request, "\r\n") + 2;

    while (p < end) {
        size_t n = strcspn(p, "\r");
        char *line = strndup(p, n);

        must(line != NULL, "no memory");
        if (strncasecmp(line, "Host:", 5) != 0 &&
            strncasecmp(line, "Accept:", 7) != 0 &&
            strncasecmp(line, "Content-Length:", 15) != 0)
            c->headers = curl_slist_append(c->headers, line);
        free(line);
        p += n + 2;
    }
    if (strstr(s->request, "\r\nAccept:") == NULL)
        c->headers = curl_slist_append(c->headers, "Accept:");
}

static void *curl_open(const setting *s)
{
    curl_client *c = calloc(1, sizeof *c);
    const char *end = strstr(s->request, "\r\n\r\n");
    char url[64];

    must(c != NULL && end != NULL, "no request");
    snprintf(url, sizeof url, "http://127.0.0.1:%d", s->port);
    c->easy = curl_easy_init();
    add_headers(c, s, end);
    curl_easy_setopt(c->easy, CURLOPT_URL, url);
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION,
                     (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, end + 4);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE,
                     (long)(s->request + s->request_n - (end + 4)));
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
    return c;
}

static void curl_call(void *client, const setting *s)
{
    curl_client *c = client;

    (void)s;
    c->n = 0;
    must(curl_easy_perform(c->easy) == CURLE_OK && c->n > 0, "perform");
}

static void curl_close(void *client)
{
    curl_client *c = client;

    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    free(c);
}

/* ---- libddb ------------------------------------------------------------- */

typedef struct {
    ddb_client *client;
    ddb_kv *kv;
    ddb_item *values;
    ddb_kv_entry entry;
    ddb_kv_pair pairs[BATCH];
    char keys[BATCH][8];
    char value[VALUE_SIZE];
} ddb_state;

static void done(ddb_code code, const ddb_err *err)
{
    if (code != DDB_OK) {
        fprintf(stderr, "bench: %s: %s\n", ddb_code_name(code), err->message);
        exit(1);
    }
}

static void *ddb_open(const setting *s)
{
    ddb_state *d = calloc(1, sizeof *d);
    char endpoint[64];
    ddb_err err;

    must(d != NULL, "no memory");
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", s->port);
    done(ddb_client_open(
             &(ddb_options){.region = "us-east-1",
                            .endpoint = endpoint,
                            .access_key_id = "AKIDEXAMPLE",
                            .secret_access_key =
                                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
             &d->client, &err),
         &err);
    done(ddb_kv_open(d->client,
                     &(ddb_kv_options){.table = "bench", .name_space = "bench"},
                     &d->kv, &err),
         &err);
    d->values = ddb_item_new();
    done(ddb_item_set_s(d->values, ":n", "bench"), &err);
    for (int i = 0; i < VALUE_SIZE; i++)
        d->value[i] = (char)(i * 37 + 11);
    for (int i = 0; i < BATCH; i++) {
        snprintf(d->keys[i], sizeof d->keys[i], "key-%02d", i);
        d->pairs[i].key = ddb_str(d->keys[i]);
        d->pairs[i].value = (ddb_bytes){d->value, sizeof d->value};
    }
    return d;
}

static void query(ddb_state *d)
{
    const ddb_query_in in = {.table = "bench",
                             .key_condition = "#n = :n",
                             .names =
                                 (const ddb_name[]){{"#n", "namespace"}, {0}},
                             .values = d->values,
                             .consistent_read = 1};
    ddb_page *page = NULL;
    size_t bytes = 0;
    ddb_err err;

    done(ddb_query(d->client, &in, &page, &err), &err);
    for (size_t i = 0; i < ddb_page_count(page); i++)
        bytes +=
            ddb_value_bytes(ddb_item_get(ddb_page_item(page, i), "value")).n;
    must(bytes == PAGE * VALUE_SIZE, "not the items that were sent");
    ddb_page_free(page);
}

static void list(ddb_state *d)
{
    ddb_kv_iter *iter = NULL;
    const ddb_kv_entry *e;
    size_t bytes = 0;
    ddb_code code;
    ddb_err err;

    done(ddb_kv_iter_open(d->kv, NULL, &iter, &err), &err);
    while ((code = ddb_kv_iter_next(iter, &e, &err)) == DDB_OK)
        bytes += e->value.n;
    must(code == DDB_NOT_FOUND && bytes == PAGE * VALUE_SIZE,
         "not the entries that were sent");
    ddb_kv_iter_close(iter);
}

static void ddb_one(void *client, const setting *s)
{
    ddb_state *d = client;
    ddb_err err;

    switch (s->op) {
    case OP_GET:
        done(ddb_kv_get(d->kv, d->pairs[0].key, &d->entry, &err), &err);
        must(d->entry.value.n == VALUE_SIZE, "not the value that was sent");
        break;
    case OP_PUT:
        done(ddb_kv_put(d->kv, d->pairs[0].key, d->pairs[0].value, NULL, &err),
             &err);
        break;
    case OP_QUERY:
        query(d);
        break;
    case OP_LIST:
        list(d);
        break;
    case OP_BATCH:
        done(ddb_kv_put_many(d->kv, d->pairs, BATCH, &err), &err);
        break;
    }
}

static void ddb_close(void *client)
{
    ddb_state *d = client;

    ddb_kv_entry_clear(&d->entry);
    ddb_item_free(d->values);
    ddb_kv_close(d->kv);
    ddb_client_close(d->client);
    free(d);
}

/* ---- The loop ----------------------------------------------------------- */

static const struct {
    const char *name;
    void *(*open)(const setting *s);
    void (*call)(void *client, const setting *s);
    void (*close)(void *client);
} clients[] = {
    {"socket", socket_open, socket_call, socket_close},
    {"curl", curl_open, curl_call, curl_close},
    {"ddb", ddb_open, ddb_one, ddb_close},
};

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void read_request(setting *s, const char *path)
{
    FILE *f = fopen(path, "rb");

    must(f != NULL, path);
    s->request = calloc(1, 1 << 20);
    must(s->request != NULL, "no memory");
    s->request_n = fread(s->request, 1, (1 << 20) - 1, f);
    fclose(f);
}

static int find(const char *name, const char *const *names, int n)
{
    int i = 0;

    while (i < n && strcmp(name, names[i]) != 0)
        i++;
    must(i < n, name);
    return i;
}

int main(int argc, char **argv)
{
    const char *const client_names[] = {clients[0].name, clients[1].name,
                                        clients[2].name};
    setting s = {0};
    double cpu, wall;
    long count;
    void *client;
    int c;

    must(argc >= 5, "usage: bench CLIENT OP COUNT PORT [REQUEST]");
    c = find(argv[1], client_names, 3);
    s.op = (op)find(argv[2], op_names, 5);
    count = strtol(argv[3], NULL, 10);
    s.port = (int)strtol(argv[4], NULL, 10);
    if (argc > 5)
        read_request(&s, argv[5]);
    client = clients[c].open(&s);
    for (int i = 0; i < WARM_UP; i++)
        clients[c].call(client, &s);
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    wall = seconds(CLOCK_MONOTONIC);
    for (long i = 0; i < count; i++)
        clients[c].call(client, &s);
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = seconds(CLOCK_MONOTONIC) - wall;
    printf("%.3f %.3f\n", cpu * 1e6 / (double)count,
           wall * 1e6 / (double)count);
    clients[c].close(client);
    free(s.request);
    return 0;
}
