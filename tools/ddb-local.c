/* SPDX-License-Identifier: MIT */
/*
 * ddb-local: the local engine behind HTTP.  See ddb-local(1).
 *
 * main() opens what the options name, in an order in which nothing is left
 * behind when something fails, writes the address, and waits for a signal;
 * requests are answered by libmicrohttpd's threads (server_http.c).  Once a
 * second, when nothing else is done, what has expired is removed.
 */
#include "server_bad_day.h"
#include "server_http.h"
#include "standard_files.h"

#include "base/alloc.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Exit status, ddb-local(1). */
enum { DONE = 0, USAGE = 2, NO_LISTENER = 4, NO_KEYS = 5, INTERNAL = 6 };

#define MAX_FILE (1 << 20) /* bytes of a key file, a certificate */
#define BACKLOG 511

typedef struct {
    server_options options;
    ddbi_clock clock;
    server_keys keys;
    ddbi_buf cert, key;
    int log;
    int listener;
    char address[80]; /* that it listens on */
    server_front front;
    int front_ready;
    server_http *http;
} server;

static int fail(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int fail(int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("ddb-local: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return status;
}

/* ---- Files -------------------------------------------------------------- */

/* All of a file, with a NUL behind it; for ddbi_buf_free(). */
static int read_file(const char *path, ddbi_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = -1;
    char part[4096];

    out->secret = 1;
    out->max = MAX_FILE;
    if (fd < 0)
        return fail(USAGE, "%s: %s", path, strerror(errno));
    while ((got = read(fd, part, sizeof part)) > 0)
        ddbi_buf_add(out, part, (size_t)got);
    ddbi_wipe(part, sizeof part);
    if (got < 0)
        (void)fail(USAGE, "%s: %s", path, strerror(errno));
    close(fd);
    if (got < 0)
        return USAGE;
    if (ddbi_buf_text(out) == NULL)
        return out->failed == DDB_TOO_LARGE
                   ? fail(USAGE, "%s: larger than a megabyte", path)
                   : fail(INTERNAL, "out of memory");
    return DONE;
}

static int read_keys(const char *path, server_keys *keys)
{
    ddbi_buf text = {0};
    ddb_err err = {0};
    int status = read_file(path, &text);

    if (status == DONE &&
        server_keys_parse(keys, text.p, text.n, &err) != DDB_OK)
        status = fail(err.code == DDB_NOMEM ? INTERNAL : USAGE, "%s: %s", path,
                      err.message);
    else if (status == DONE && keys->n == 0)
        status = fail(NO_KEYS, "%s: no aws_access_key_id in it", path);
    ddbi_buf_free(&text);
    return status;
}

static int open_log(const char *path, int *fd)
{
    if (strcmp(path, "-") == 0) {
        *fd = STDOUT_FILENO;
        return DONE;
    }
    *fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    return *fd >= 0 ? DONE : fail(USAGE, "%s: %s", path, strerror(errno));
}

/* ---- The address -------------------------------------------------------- */

static int is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)a;

        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    }
    return IN6_IS_ADDR_LOOPBACK(
        &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

static int listen_on(const struct addrinfo *a, int *out)
{
    const int one = 1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int saved;

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
        *out = fd;
        return 0;
    }
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int open_listener(const server_options *o, int *fd, int *loopback)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    const char *host =
        strcmp(o->bind, "localhost") == 0 ? "127.0.0.1" : o->bind;
    struct addrinfo *a = NULL;
    char port[8];
    int status = DONE;

    snprintf(port, sizeof port, "%d", (int)o->port);
    if (getaddrinfo(host, port, &hints, &a) != 0)
        return fail(USAGE,
                    "--bind takes an IP address or localhost, not "
                    "\"%s\"",
                    o->bind);
    *loopback = is_loopback(a->ai_addr);
    if (listen_on(a, fd) != 0)
        status = errno == EADDRINUSE
                     ? fail(NO_LISTENER,
                            "port %s of %s is in use: choose another --port, "
                            "0 for any",
                            port, host)
                     : fail(NO_LISTENER, "cannot listen on port %s of %s: %s",
                            port, host, strerror(errno));
    freeaddrinfo(a);
    return status;
}

/* "127.0.0.1:8000" */
static int read_address(server *s)
{
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof a;
    char host[64], port[8];

    if (getsockname(s->listener, (struct sockaddr *)&a, &n) != 0 ||
        getnameinfo((struct sockaddr *)&a, n, host, sizeof host, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return fail(INTERNAL, "the address is not known: %s", strerror(errno));
    snprintf(s->address, sizeof s->address,
             a.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    return DONE;
}

static int write_address(const server *s)
{
    printf("%s://%s\n", s->options.tls_cert != NULL ? "https" : "http",
           s->address);
    return fflush(stdout) == 0
               ? DONE
               : fail(INTERNAL, "standard output: %s", strerror(errno));
}

/* ---- Time --------------------------------------------------------------- */

static int64_t shifted_now(const ddbi_clock *k)
{
    const server_options *o = k->arg;

    return ddbi_system_clock.now(&ddbi_system_clock) + o->clock_offset * 1000;
}

/* ---- The server --------------------------------------------------------- */

static int draw_seed(server *s)
{
    server_options *o = &s->options;
    uint32_t seed;

    if (o->has_seed || !server_is_random(o))
        return DONE;
    if (s->clock.random(&s->clock, &seed, sizeof seed) != 0)
        return fail(INTERNAL, "the system gives no random numbers");
    o->seed = seed;
    if (!o->quiet)
        fprintf(stderr, "ddb-local: --seed %lu\n", (unsigned long)seed);
    return DONE;
}

static int open_engine(server *s)
{
    const server_options *o = &s->options;
    const ddbi_local_options local = {
        .path = o->file,
        .sync = o->sync,
        .clock = &s->clock,
        .region = o->region,
        .address = s->address,
        .admit = server_front_admits(o) ? server_front_admit : NULL,
        .admit_arg = &s->front,
    };
    ddb_err err = {0};

    s->front.options = o;
    s->front.keys = o->credentials != NULL ? &s->keys : NULL;
    s->front.clock = &s->clock;
    if (server_front_init(&s->front) != 0)
        return fail(INTERNAL, "the system gives no random numbers or locks");
    s->front_ready = 1;
    if (o->throttle.on &&
        (s->front.throttle = server_throttle_new(&o->throttle)) == NULL)
        return fail(INTERNAL, "out of memory");
    if (ddbi_local_open(&local, &s->front.engine, &err) != DDB_OK)
        return fail(INTERNAL, "%s", err.message);
    return DONE;
}

static int open_http(server *s)
{
    const server_http_in in = {
        .front = &s->front,
        .listener = s->listener,
        .cert = s->cert.p,
        .key = s->key.p,
        .log = s->log,
    };
    ddb_err err = {0};
    ddb_code code = server_http_start(&in, &s->http, &err);

    if (code == DDB_OK)
        s->listener = -1;
    return code == DDB_OK
               ? DONE
               : fail(code == DDB_TLS ? USAGE : INTERNAL, "%s", err.message);
}

static int open_all(server *s)
{
    const server_options *o = &s->options;
    int status = draw_seed(s);
    int loopback = 0;

    if (status == DONE && o->credentials != NULL)
        status = read_keys(o->credentials, &s->keys);
    if (status == DONE && o->tls_cert != NULL)
        status = read_file(o->tls_cert, &s->cert);
    if (status == DONE && o->tls_key != NULL)
        status = read_file(o->tls_key, &s->key);
    if (status == DONE && o->access_log != NULL)
        status = open_log(o->access_log, &s->log);
    if (status == DONE)
        status = open_listener(o, &s->listener, &loopback);
    if (status == DONE && !loopback && o->credentials == NULL && !o->quiet)
        fprintf(stderr,
                "ddb-local: whoever reaches %s can read and write "
                "everything: see --credentials\n",
                o->bind);
    if (status == DONE)
        status = read_address(s);
    if (status == DONE)
        status = open_engine(s);
    if (status == DONE)
        status = open_http(s);
    return status == DONE ? write_address(s) : status;
}

static void close_all(server *s)
{
    if (s->http != NULL)
        server_http_stop(s->http);
    if (s->front.engine != NULL)
        ddbi_local_close(s->front.engine, 0);
    server_throttle_free(s->front.throttle);
    if (s->front_ready)
        server_front_clear(&s->front);
    if (s->listener >= 0)
        close(s->listener);
    server_keys_free(&s->keys);
    ddbi_buf_free(&s->cert);
    ddbi_buf_free(&s->key);
}

static void sweep(server *s)
{
    int more = 1;

    while (more && server_http_running(s->http) == 0)
        if (ddbi_local_sweep(s->front.engine, &more, NULL) != DDB_OK)
            return; /* the next request will tell */
}

/* Until the first signal; a second one ends the process at once. */
static void serve(server *s, const sigset_t *ends)
{
    const struct timespec second = {1, 0};

    while (sigtimedwait(ends, NULL, &second) < 0)
        sweep(s);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, ends, NULL);
}

int main(int argc, char **argv)
{
    server s = {.log = -1, .listener = -1};
    ddb_err err = {0};
    sigset_t ends;
    int status;

    hold_standard_files();
    if (server_options_parse(&s.options, argc, argv, &err) != DDB_OK)
        return fail(USAGE, "%s", err.message);
    if (s.options.help)
        server_options_help(stdout);
    else if (s.options.version)
        printf("ddb-local %s\n", ddb_version());
    if (s.options.help || s.options.version)
        return fflush(stdout) == 0 ? DONE : INTERNAL;

    /* Threads that are started have them blocked too. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    s.clock = ddbi_system_clock;
    s.clock.now = shifted_now;
    s.clock.arg = &s.options;
    status = open_all(&s);
    if (status == DONE)
        serve(&s, &ends);
    close_all(&s);
    return status;
}
