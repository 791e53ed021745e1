/* A scripted HTTP server on 127.0.0.1 for one test: each connection gets the next reply
 * of the script, in the portions and with the pauses that it says. */
#ifndef MKG_TESTING_HTTP_H
#define MKG_TESTING_HTTP_H

#include "testing.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

typedef struct portion {
    const char *bytes; /* NULL ends the reply */
    int pause_ms;      /* before it */
} portion;

typedef struct script {
    portion portions[64];
} script;

typedef struct http_server {
    int fd;
    char url[64];
    const script *scripts;
    size_t nscripts;
    atomic_size_t requests;
    char last[65536]; /* the newest request, head and body */
    pthread_t thread;
    atomic_bool stop;
} http_server;

static inline void pause_ms(int ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* Read head and body, as far as Content-Length says. */
static inline void read_request(int fd, char *out, size_t cap)
{
    size_t n = 0;
    for (;;) {
        ssize_t k = recv(fd, out + n, cap - 1 - n, 0);
        if (k <= 0) break;
        n += (size_t)k;
        out[n] = '\0';
        const char *body = strstr(out, "\r\n\r\n");
        if (!body) continue;
        const char *length = strstr(out, "Content-Length:");
        if (!length) length = strstr(out, "content-length:");
        size_t want = length ? strtoul(length + 15, NULL, 10) : 0;
        if (n >= (size_t)(body + 4 - out) + want) break;
    }
}

static inline void *serve(void *p)
{
    http_server *s = p;
    while (!atomic_load(&s->stop)) {
        struct pollfd poll_fd = {s->fd, POLLIN, 0};
        if (poll(&poll_fd, 1, 50) <= 0) continue;
        int c = accept(s->fd, NULL, NULL);
        if (c < 0) continue;
        read_request(c, s->last, sizeof s->last);
        size_t i = atomic_fetch_add(&s->requests, 1);
        const script *sc = &s->scripts[i < s->nscripts ? i : s->nscripts - 1];
        for (const portion *q = sc->portions; q->bytes; q++) {
            for (int left = q->pause_ms; left > 0 && !atomic_load(&s->stop); left -= 20)
                pause_ms(left < 20 ? left : 20);
            size_t n = strlen(q->bytes);
            if (n && send(c, q->bytes, n, MSG_NOSIGNAL) < 0) break;
        }
        shutdown(c, SHUT_RDWR);
        close(c);
    }
    return NULL;
}

static inline void server_start(http_server *s, const script *scripts, size_t n)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t len = sizeof a;
    memset(s, 0, sizeof *s);
    s->scripts = scripts;
    s->nscripts = n;
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(s->fd >= 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->fd, 8), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &len), 0);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u", (unsigned)ntohs(a.sin_port));
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static inline void server_stop(http_server *s)
{
    atomic_store(&s->stop, true);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

#endif
