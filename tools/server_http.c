/* SPDX-License-Identifier: MIT */
/*
 * HTTP over libmicrohttpd, a thread for each connection: the engine answers
 * one request at a time, so nothing is gained by a pool, and a thread may
 * simply wait where a bad day wants it to.  Measured (2 processors, 20,000
 * requests): as much processor time a request as its epoll pool, 13 us with
 * eight clients.
 *
 * What belongs to a connection lives in `connection`: the request in hand,
 * buffers and signer kept for the next one.  libmicrohttpd calls, from the
 * connection's thread: opened() when it is accepted, begin() with the URI of
 * each request, handle() with its head, each part of its body, and its end,
 * completed() when the answer is out, opened() again when it is closed.
 */
#include "server_http.h"

#include "base/clock.h"
#include "base/enc.h"
#include "base/err.h"
#include "base/hash.h"
#include "server_log.h"
#include "server_parts.h"

#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IDLE_SECONDS 60        /* a connection that does nothing */
#define STACK_SIZE (1 << 20)   /* bytes of each thread */
#define KEPT_BUFFER (64 << 10) /* bytes kept from one request to the next */
#define DRAINED 4              /* times the cap that is read before giving up */
#define WATCH_MS 20
#define GRACE_MS 5000 /* to read the last answers */

typedef struct connection connection;
struct connection {
    server_http *http;
    connection *next, **prev; /* of all; the lock's */
    int fd;
    int64_t idle_since; /* monotonic ms; 0: it is not; the lock's */
    char client[64];    /* for the log */

    server_exchange x;
    ddbi_buf uri;
    int64_t began; /* monotonic us; 0: no request in hand */
    size_t length; /* bytes of the body that came */
    int running;
    int answered;
};

struct server_http {
    server_http_in in;
    struct MHD_Daemon *daemon;
    atomic_uint running; /* requests, until the answer is out */
    atomic_uint working; /* of them, those without an answer yet */
    atomic_int stopping;
    pthread_mutex_t lock;
    connection *all;
    pthread_t watcher;
    int watches; /* there is a watcher */
};

static int64_t microseconds(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- Connections -------------------------------------------------------- */

static void name_client(connection *c, const struct sockaddr *address)
{
    char host[48], port[8];
    socklen_t n = address->sa_family == AF_INET6
                      ? (socklen_t)sizeof(struct sockaddr_in6)
                      : (socklen_t)sizeof(struct sockaddr_in);

    if (getnameinfo(address, n, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(c->client, sizeof c->client, "-");
    else
        snprintf(c->client, sizeof c->client,
                 strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
}

static connection *open_connection(server_http *h, struct MHD_Connection *k)
{
    const union MHD_ConnectionInfo *info;
    connection *c = ddbi_calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    c->http = h;
    c->x.body.max = (size_t)h->in.front->options->max_request;
    info = MHD_get_connection_info(k, MHD_CONNECTION_INFO_CONNECTION_FD);
    c->fd = info != NULL ? info->connect_fd : -1;
    info = MHD_get_connection_info(k, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (h->in.log >= 0 && info != NULL)
        name_client(c, info->client_addr);
    c->idle_since = microseconds() / 1000;
    pthread_mutex_lock(&h->lock);
    c->next = h->all;
    c->prev = &h->all;
    if (h->all != NULL)
        h->all->prev = &c->next;
    h->all = c;
    pthread_mutex_unlock(&h->lock);
    return c;
}

static void close_connection(connection *c)
{
    pthread_mutex_lock(&c->http->lock);
    *c->prev = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    pthread_mutex_unlock(&c->http->lock);
    ddbi_signer_free(c->x.signer);
    ddbi_buf_free(&c->x.body);
    ddbi_buf_free(&c->x.out);
    ddbi_buf_free(&c->uri);
    ddbi_free(c);
}

static void opened(void *arg, struct MHD_Connection *k, void **context,
                   enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        *context = open_connection(arg, k);
    else if (*context != NULL)
        close_connection(*context);
}

static connection *connection_of(struct MHD_Connection *k)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(k, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

/* Returns since when it was. */
static int64_t set_idle(connection *c, int64_t since)
{
    int64_t before;

    pthread_mutex_lock(&c->http->lock);
    before = c->idle_since;
    c->idle_since = since;
    pthread_mutex_unlock(&c->http->lock);
    return before;
}

/* --close-idle: libmicrohttpd itself counts in seconds. */
static void *watch(void *arg)
{
    server_http *h = arg;
    const struct timespec nap = {0, WATCH_MS * 1000000};
    int64_t most = h->in.front->options->close_idle;

    while (!atomic_load(&h->stopping)) {
        int64_t now = microseconds() / 1000;

        pthread_mutex_lock(&h->lock);
        for (connection *c = h->all; c != NULL; c = c->next)
            if (c->idle_since != 0 && now - c->idle_since >= most)
                shutdown(c->fd, SHUT_RDWR);
        pthread_mutex_unlock(&h->lock);
        nanosleep(&nap, NULL);
    }
    return NULL;
}

/* ---- Answers ------------------------------------------------------------ */

static void add(struct MHD_Response *r, const char *name, const char *value)
{
    MHD_add_response_header(r, name, value);
}

/* IMF-fixdate of the server's idea of time; libmicrohttpd would tell the
 * system's. */
static void add_date(struct MHD_Response *r, int64_t now)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)(now / 1000);
    struct tm t;
    char text[64];

    if (gmtime_r(&seconds, &t) == NULL)
        return;
    snprintf(text, sizeof text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
             days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon,
             t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
    add(r, "Date", text);
}

static void add_cors(struct MHD_Response *r, const server_exchange *x)
{
    static const struct {
        const char *asked, *given;
    } lists[] = {
        {"access-control-request-headers", "Access-Control-Allow-Headers"},
        {"access-control-request-method", "Access-Control-Allow-Methods"},
    };

    add(r, "Access-Control-Allow-Origin", "*");
    for (size_t i = 0; x->preflight && i < 2; i++) {
        ddb_bytes value =
            server_header(x->headers, x->n_headers, lists[i].asked);
        char text[1024];

        if (value.n == 0 || value.n >= sizeof text)
            continue;
        memcpy(text, value.p, value.n);
        text[value.n] = '\0';
        add(r, lists[i].given, text);
    }
    if (x->preflight)
        add(r, "Access-Control-Max-Age", "172800");
}

/* The body stays in the exchange until completed(). */
static enum MHD_Result send_answer(connection *c, struct MHD_Connection *k)
{
    server_http *h = c->http;
    server_exchange *x = &c->x;
    const ddbi_clock *clock = h->in.front->clock;
    struct MHD_Response *r = MHD_create_response_from_buffer(
        x->out.n, x->out.p, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result;
    char text[16];

    if (r == NULL)
        return MHD_NO;
    snprintf(text, sizeof text, "%lu",
             (unsigned long)ddbi_crc32(x->out.p, x->out.n));
    add(r, "Server", "Server");
    add_date(r, clock->now(clock));
    if (x->content_type != NULL)
        add(r, "Content-Type", x->content_type);
    if (x->id[0] != '\0')
        add(r, "x-amzn-RequestId", x->id);
    add(r, "x-amz-crc32", text);
    if (x->cors)
        add_cors(r, x);
    if (atomic_load(&h->stopping))
        add(r, "Connection", "close");
    else
        MHD_set_response_options(r, MHD_RF_SEND_KEEP_ALIVE_HEADER, MHD_RO_END);
    result = MHD_queue_response(k, (unsigned)x->status, r);
    MHD_destroy_response(r);
    c->answered = result == MHD_YES;
    return result;
}

static enum MHD_Result send_status(connection *c, struct MHD_Connection *k,
                                   int status)
{
    ddbi_buf_clear(&c->x.out);
    c->x.status = status;
    c->x.content_type = NULL;
    return send_answer(c, k);
}

/* ---- Requests ----------------------------------------------------------- */

/* The URI as it came: libmicrohttpd decodes it later on.  What is returned is
 * handle()'s *context. */
static void *begin(void *arg, const char *uri, struct MHD_Connection *k)
{
    connection *c = connection_of(k);

    (void)arg;
    if (c != NULL) {
        ddbi_buf_clear(&c->uri);
        ddbi_buf_add_str(&c->uri, uri);
    }
    return c;
}

static enum MHD_Result take_header(void *arg, enum MHD_ValueKind kind,
                                   const char *name, size_t name_n,
                                   const char *value, size_t value_n)
{
    server_exchange *x = arg;

    (void)kind;
    if (x->n_headers == SERVER_MAX_HEADERS) {
        x->status = MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
        return MHD_NO;
    }
    x->headers[x->n_headers++] = (ddbi_header){
        {name, name_n},
        {value != NULL ? value : "", value != NULL ? value_n : 0}};
    return MHD_YES;
}

/* The length that the request's head tells; 0: it tells none. */
static uint64_t told_length(const server_exchange *x)
{
    ddb_bytes value = server_header(x->headers, x->n_headers, "content-length");
    uint64_t n = 0;

    if (value.p == NULL ||
        ddbi_parse_u64(value.p, value.n, UINT64_MAX, &n) != 0)
        return 0;
    return n;
}

/* Where a request ends must be told in one way only: what is between us and
 * the client may believe the other one (RFC 9112, 6.3).  0: it is. */
static int ambiguous_length(const server_exchange *x)
{
    const ddb_bytes name = {"content-length", 14};
    ddb_bytes coding =
        server_header(x->headers, x->n_headers, "transfer-encoding");
    ddb_bytes length = server_header(x->headers, x->n_headers, name.p);

    if (coding.p != NULL && length.p != NULL)
        return MHD_HTTP_BAD_REQUEST;
    if (coding.p != NULL && !ddbi_same_name(coding, (ddb_bytes){"chunked", 7}))
        return MHD_HTTP_NOT_IMPLEMENTED;
    for (size_t i = 0; i < x->n_headers; i++)
        if (ddbi_same_name(x->headers[i].name, name) &&
            !ddbi_equal(x->headers[i].value, length))
            return MHD_HTTP_BAD_REQUEST;
    return 0;
}

static void split_uri(connection *c)
{
    const char *question =
        c->uri.n > 0 ? memchr(c->uri.p, '?', c->uri.n) : NULL;
    size_t n = question != NULL ? (size_t)(question - c->uri.p) : c->uri.n;

    c->x.path = (ddb_bytes){c->uri.p, n};
    c->x.query = (ddb_bytes){c->uri.p + n + (question != NULL),
                             c->uri.n - n - (question != NULL)};
}

/* The head is there. */
static enum MHD_Result take_head(connection *c, struct MHD_Connection *k,
                                 const char *method)
{
    server_http *h = c->http;
    const server_options *o = h->in.front->options;
    server_exchange *x = &c->x;
    int64_t since = set_idle(c, 0);
    uint64_t length;

    c->began = microseconds();
    c->length = 0;
    c->answered = 0;
    x->status = 0;
    x->action = NULL;
    x->id[0] = '\0';
    x->cors = 0;
    ddbi_buf_clear(&x->body);
    if (o->close_late && c->began / 1000 - since >= o->close_idle)
        return MHD_NO;
    x->n_headers = 0;
    MHD_get_connection_values_n(k, MHD_HEADER_KIND, take_header, x);
    if (x->status == 0)
        x->status = ambiguous_length(x);
    if (x->status != 0 || c->uri.failed != DDB_OK ||
        strlen(method) >= sizeof x->method)
        return send_status(c, k, x->status != 0 ? x->status : 400);
    snprintf(x->method, sizeof x->method, "%s", method);
    split_uri(c);
    length = told_length(x);
    if (length > x->body.max &&
        (length / DRAINED > x->body.max ||
         server_header(x->headers, x->n_headers, "expect").p != NULL))
        return send_status(c, k, MHD_HTTP_CONTENT_TOO_LARGE);
    if (length <= x->body.max)
        (void)ddbi_buf_reserve(&x->body, (size_t)length);
    return MHD_YES;
}

/* A body that is too large is read on and forgotten, as most clients see an
 * answer only when they have sent everything. */
static enum MHD_Result take_part(connection *c, const char *p, size_t *n)
{
    c->length += *n;
    if (c->length / DRAINED > c->x.body.max)
        return MHD_NO;
    ddbi_buf_add(&c->x.body, p, *n);
    *n = 0;
    return MHD_YES;
}

static enum MHD_Result take_end(connection *c, struct MHD_Connection *k)
{
    server_http *h = c->http;

    c->running = 1;
    atomic_fetch_add(&h->running, 1);
    if (c->x.body.failed == DDB_TOO_LARGE)
        return send_status(c, k, MHD_HTTP_CONTENT_TOO_LARGE);
    if (c->x.body.failed != DDB_OK)
        return send_status(c, k, 500);
    atomic_fetch_add(&h->working, 1);
    server_front_answer(h->in.front, &c->x);
    atomic_fetch_sub(&h->working, 1);
    return send_answer(c, k);
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *k,
                              const char *url, const char *method,
                              const char *version, const char *part, size_t *n,
                              void **context)
{
    connection *c = *context;

    (void)arg;
    (void)url;
    (void)version;
    if (c == NULL)
        return MHD_NO;
    if (c->began == 0)
        return take_head(c, k, method);
    if (*n > 0)
        return take_part(c, part, n);
    return c->answered ? MHD_YES : take_end(c, k);
}

static void shrink(ddbi_buf *b)
{
    size_t max = b->max;

    if (b->cap > KEPT_BUFFER) {
        ddbi_buf_free(b);
        b->max = max;
    }
}

static void completed(void *arg, struct MHD_Connection *k, void **context,
                      enum MHD_RequestTerminationCode how)
{
    server_http *h = arg;
    connection *c = *context;
    int64_t now = microseconds();

    (void)k;
    (void)how;
    *context = NULL;
    if (c == NULL)
        return;
    if (h->in.log >= 0 && c->began != 0)
        server_log(h->in.log,
                   &(server_log_line){
                       .now = h->in.front->clock->now(h->in.front->clock),
                       .client = c->client,
                       .action = c->x.action,
                       .status = c->answered ? c->x.status : 0,
                       .bytes = c->answered ? c->x.out.n : 0,
                       .us = now - c->began,
                       .id = c->x.id[0] != '\0' ? c->x.id : NULL,
                   });
    if (c->running)
        atomic_fetch_sub(&h->running, 1);
    c->running = 0;
    c->began = 0;
    shrink(&c->x.body);
    shrink(&c->x.out);
    set_idle(c, now / 1000);
}

/* ---- The whole ---------------------------------------------------------- */

static struct MHD_Daemon *start_daemon(server_http *h)
{
    const server_options *o = h->in.front->options;
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION |
                     MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
                     MHD_USE_ITC | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    static char versions[] = "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1";
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)h->in.cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)h->in.key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, versions},
        {MHD_OPTION_END, 0, NULL}};

    if (h->in.cert != NULL)
        flags |= MHD_USE_TLS;
    else
        tls[0] = tls[3];
    return MHD_start_daemon(
        flags, 0, NULL, NULL, handle, h, MHD_OPTION_LISTEN_SOCKET,
        h->in.listener, MHD_OPTION_CONNECTION_LIMIT, (unsigned)o->threads,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_SIZE,
        MHD_OPTION_URI_LOG_CALLBACK, begin, h, MHD_OPTION_NOTIFY_CONNECTION,
        opened, h, MHD_OPTION_NOTIFY_COMPLETED, completed, h, MHD_OPTION_ARRAY,
        tls, MHD_OPTION_END);
}

ddb_code server_http_start(const server_http_in *in, server_http **out,
                           ddb_err *err)
{
    const server_options *o = in->front->options;
    server_http *h;

    *out = NULL;
    if (in->cert != NULL &&
        MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return ddbi_fail(err, DDB_TLS,
                         "this system's libmicrohttpd has no TLS");
    if ((h = ddbi_calloc(1, sizeof *h)) == NULL)
        return ddbi_nomem(err);
    h->in = *in;
    atomic_init(&h->running, 0);
    atomic_init(&h->working, 0);
    atomic_init(&h->stopping, 0);
    pthread_mutex_init(&h->lock, NULL);
    h->daemon = start_daemon(h);
    if (h->daemon == NULL) {
        pthread_mutex_destroy(&h->lock);
        ddbi_free(h);
        return in->cert != NULL
                   ? ddbi_fail(err, DDB_TLS,
                               "the certificate and the key cannot be used, "
                               "or not together")
                   : ddbi_fail(err, DDB_SYSTEM,
                               "the server's threads cannot be started");
    }
    if (o->close_idle > 0 && !o->close_late)
        h->watches = pthread_create(&h->watcher, NULL, watch, h) == 0;
    *out = h;
    return DDB_OK;
}

unsigned server_http_running(server_http *h)
{
    return atomic_load(&h->running);
}

/* Every request that has come whole is answered; who does not read the answer
 * is not waited for for long. */
static void wait_for_answers(server_http *h)
{
    const struct timespec nap = {0, 2000000};
    int64_t until = microseconds() / 1000 + GRACE_MS;

    while (atomic_load(&h->running) > 0 && microseconds() / 1000 < until) {
        if (atomic_load(&h->working) > 0)
            until = microseconds() / 1000 + GRACE_MS;
        nanosleep(&nap, NULL);
    }
}

void server_http_stop(server_http *h)
{
    MHD_socket listener = MHD_quiesce_daemon(h->daemon);

    if (listener != MHD_INVALID_SOCKET)
        close(listener);
    atomic_store(&h->stopping, 1);
    wait_for_answers(h);
    MHD_stop_daemon(h->daemon);
    if (h->watches)
        pthread_join(h->watcher, NULL);
    pthread_mutex_destroy(&h->lock);
    ddbi_free(h);
}
