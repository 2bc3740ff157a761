/* SPDX-License-Identifier: MIT */
/* A loopback server that plays a script: a thread that accepts, and one for
 * each connection. */
#include "fakehttp.h"

#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 256
#define MAX_REQUEST (4 << 20) /* bytes, head and body */

struct fakehttp {
    fakehttp_options opt;
    int listener;
    char url[64];
    const char *host;
    pthread_t acceptor;

    pthread_mutex_t lock; /* of all below */
    pthread_t threads[MAX_CONNECTIONS];
    int fds[MAX_CONNECTIONS]; /* -1: closed */
    int n_connections;
    int n_requests;
    int n_resumed;
    char *head;
    char *body;
    size_t body_n;
};

typedef struct {
    fakehttp *f;
    int index;
    int fd;
    SSL *ssl;
    char *in; /* what has come and is not used up */
    size_t n;
} peer;

static int peer_read(peer *p)
{
    char chunk[16384];
    ssize_t got = p->ssl != NULL ? SSL_read(p->ssl, chunk, sizeof chunk)
                                 : recv(p->fd, chunk, sizeof chunk, 0);

    if (got <= 0 || p->n + (size_t)got > MAX_REQUEST)
        return -1;
    memcpy(p->in + p->n, chunk, (size_t)got);
    p->n += (size_t)got;
    p->in[p->n] = '\0';
    return 0;
}

static int peer_write(peer *p, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t put = p->ssl != NULL ? SSL_write(p->ssl, data, (int)n)
                                     : send(p->fd, data, n, MSG_NOSIGNAL);

        if (put <= 0)
            return -1;
        data += put;
        n -= (size_t)put;
    }
    return 0;
}

static size_t content_length(const char *head)
{
    const char *p = strstr(head, "\r\nContent-Length:");

    return p != NULL ? (size_t)strtoull(p + 17, NULL, 10) : 0;
}

static char *keep(const char *p, size_t n)
{
    char *copy = malloc(n + 1);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}

/* Read a request; tells which answer is its, NULL: the client hung up. */
static const fake_answer *next_request(peer *p)
{
    fakehttp *f = p->f;
    const char *end;
    size_t head_n, body_n;
    size_t i;

    while ((end = strstr(p->in, "\r\n\r\n")) == NULL) {
        if (peer_read(p) != 0)
            return NULL;
    }
    head_n = (size_t)(end - p->in) + 4;
    body_n = content_length(p->in);
    while (p->n < head_n + body_n) {
        if (peer_read(p) != 0)
            return NULL;
    }
    pthread_mutex_lock(&f->lock);
    free(f->head);
    free(f->body);
    f->head = keep(p->in, head_n);
    f->body = keep(p->in + head_n, body_n);
    f->body_n = body_n;
    i = (size_t)f->n_requests++;
    pthread_mutex_unlock(&f->lock);
    p->n -= head_n + body_n;
    memmove(p->in, p->in + head_n + body_n, p->n + 1);
    return &f->opt.script[i < f->opt.n ? i : f->opt.n - 1];
}

/* By blocks, as a system call for each would take seconds for megabytes. */
static int repeat(peer *p, const char *text, size_t times)
{
    char block[16384];
    size_t n = strlen(text);
    size_t fit = sizeof block / n;

    ck_assert_uint_gt(fit, 0);
    for (size_t i = 0; i < fit; i++)
        memcpy(block + i * n, text, n);
    while (times > 0) {
        size_t now = times < fit ? times : fit;

        if (peer_write(p, block, now * n) != 0)
            return -1;
        times -= now;
    }
    return 0;
}

static void play(peer *p, const fake_answer *a)
{
    struct timespec late = {a->late_ms / 1000,
                            (long)(a->late_ms % 1000) * 1000000};

    if (a->text != NULL && peer_write(p, a->text, strlen(a->text)) != 0)
        return;
    if (a->times > 0 && repeat(p, a->again, a->times) != 0)
        return;
    if (a->late_ms > 0)
        nanosleep(&late, NULL);
    if (a->tail != NULL)
        peer_write(p, a->tail, strlen(a->tail));
}

static void talk(peer *p, fake_end *end)
{
    const char *greeting = p->f->opt.greeting;
    const fake_answer *a;

    if (greeting != NULL)
        peer_write(p, greeting, strlen(greeting));
    do {
        a = next_request(p);
        *end = FAKE_CLOSE;
        if (a == NULL)
            return;
        play(p, a);
        *end = a->end;
    } while (*end == FAKE_KEEP);
    while (*end == FAKE_HOLD && peer_read(p) == 0)
        p->n = 0;
}

static int begin_tls(peer *p)
{
    fakehttp *f = p->f;

    p->ssl = SSL_new(f->opt.tls);
    SSL_set_fd(p->ssl, p->fd);
    if (SSL_accept(p->ssl) != 1)
        return -1;
    pthread_mutex_lock(&f->lock);
    f->n_resumed += SSL_session_reused(p->ssl);
    pthread_mutex_unlock(&f->lock);
    return 0;
}

static void hang_up(peer *p, fake_end end)
{
    struct linger now = {1, 0};

    pthread_mutex_lock(&p->f->lock);
    p->f->fds[p->index] = -1;
    pthread_mutex_unlock(&p->f->lock);
    if (end == FAKE_RESET)
        setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    else if (p->ssl != NULL)
        SSL_shutdown(p->ssl);
    SSL_free(p->ssl);
    close(p->fd);
}

static void block_sigpipe(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *serve(void *arg)
{
    peer *p = arg;
    fake_end end = FAKE_CLOSE;

    block_sigpipe(); /* of the TLS library's writes */
    if (p->f->opt.tls == NULL || begin_tls(p) == 0)
        talk(p, &end);
    hang_up(p, end);
    free(p->in);
    free(p);
    return NULL;
}

static void *accept_all(void *arg)
{
    fakehttp *f = arg;
    int fd;

    while ((fd = accept(f->listener, NULL, NULL)) >= 0) {
        peer *p = calloc(1, sizeof *p);

        ck_assert_ptr_nonnull(p);
        p->f = f;
        p->fd = fd;
        p->in = calloc(1, MAX_REQUEST + 1);
        ck_assert_ptr_nonnull(p->in);
        pthread_mutex_lock(&f->lock);
        ck_assert_int_lt(f->n_connections, MAX_CONNECTIONS);
        p->index = f->n_connections++;
        f->fds[p->index] = fd;
        ck_assert_int_eq(pthread_create(&f->threads[p->index], NULL, serve, p),
                         0);
        pthread_mutex_unlock(&f->lock);
    }
    return NULL;
}

fakehttp *fakehttp_start(const fakehttp_options *opt)
{
    fakehttp *f = calloc(1, sizeof *f);
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;

    ck_assert_ptr_nonnull(f);
    f->opt = *opt;
    pthread_mutex_init(&f->lock, NULL);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(f->listener, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(f->listener, 64), 0);
    ck_assert_int_eq(getsockname(f->listener, (struct sockaddr *)&at, &n), 0);
    snprintf(f->url, sizeof f->url, "%s://127.0.0.1:%d",
             opt->tls != NULL ? "https" : "http", ntohs(at.sin_port));
    f->host = strstr(f->url, "://") + 3;
    ck_assert_int_eq(pthread_create(&f->acceptor, NULL, accept_all, f), 0);
    return f;
}

void fakehttp_stop(fakehttp *f)
{
    shutdown(f->listener, SHUT_RDWR);
    pthread_join(f->acceptor, NULL);
    close(f->listener);
    pthread_mutex_lock(&f->lock);
    for (int i = 0; i < f->n_connections; i++) {
        if (f->fds[i] >= 0)
            shutdown(f->fds[i], SHUT_RDWR);
    }
    pthread_mutex_unlock(&f->lock);
    for (int i = 0; i < f->n_connections; i++)
        pthread_join(f->threads[i], NULL);
    pthread_mutex_destroy(&f->lock);
    free(f->head);
    free(f->body);
    free(f);
}

const char *fakehttp_url(const fakehttp *f)
{
    return f->url;
}

const char *fakehttp_host(const fakehttp *f)
{
    return f->host;
}

static int look(fakehttp *f, const int *number)
{
    int now;

    pthread_mutex_lock(&f->lock);
    now = *number;
    pthread_mutex_unlock(&f->lock);
    return now;
}

int fakehttp_connections(fakehttp *f)
{
    return look(f, &f->n_connections);
}

int fakehttp_requests(fakehttp *f)
{
    return look(f, &f->n_requests);
}

int fakehttp_resumed(fakehttp *f)
{
    return look(f, &f->n_resumed);
}

const char *fakehttp_head(fakehttp *f)
{
    const char *head;

    pthread_mutex_lock(&f->lock);
    head = f->head;
    pthread_mutex_unlock(&f->lock);
    return head;
}

const char *fakehttp_body(fakehttp *f, size_t *n)
{
    const char *body;

    pthread_mutex_lock(&f->lock);
    body = f->body;
    *n = f->body_n;
    pthread_mutex_unlock(&f->lock);
    return body;
}
