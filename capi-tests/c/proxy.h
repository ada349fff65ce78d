/*
 * A TCP relay between the client and its Kafka, put in place by the client's connect callback, so that a test can hold
 * back what flows, or cut connections. One thread serves all connections with poll().
 *
 * Towards the client a connection is an accepted socket of the relay; the wanted destination is handed over in a table
 * by the port the client's socket got.
 */
#ifndef PROXY_H
#define PROXY_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "t.h"

#define PROXY_MAX 64

static struct {
        pthread_t thread;
        pthread_mutex_t lock;
        int listener, port;
        /* Set by the test, read by the thread. */
        int stop, hold_answers, hold_requests, cut, refuse;
        int connections;
        int rounds; /* Of the thread: what is set is heeded from the next one on. */
        struct {
                struct sockaddr_storage addr;
                socklen_t len;
                int client_port;
        } wanted[PROXY_MAX];
        struct {
                int client, server;
        } pair[PROXY_MAX];
} proxy;

static UNUSED void proxy_set(int *flag, int value) {
        pthread_mutex_lock(&proxy.lock);
        *flag = value;
        pthread_mutex_unlock(&proxy.lock);
}

/* The same, and returns when the thread heeds it. */
static UNUSED void proxy_set_now(int *flag, int value) {
        int start, round;
        pthread_mutex_lock(&proxy.lock);
        *flag = value;
        start = round = proxy.rounds;
        pthread_mutex_unlock(&proxy.lock);
        while (round - start < 2) {
                usleep(1000);
                pthread_mutex_lock(&proxy.lock);
                round = proxy.rounds;
                pthread_mutex_unlock(&proxy.lock);
        }
}

static int port_of_socket(int fd, int peer) {
        struct sockaddr_in a;
        socklen_t len = sizeof(a);
        memset(&a, 0, sizeof(a));
        if (peer ? getpeername(fd, (struct sockaddr *)&a, &len) : getsockname(fd, (struct sockaddr *)&a, &len))
                return -1;
        return ntohs(a.sin_port);
}

/* The connect callback: notes where the client wanted to go, and connects it to the relay. */
static UNUSED int proxy_connect_cb(int fd, const struct sockaddr *addr, int addrlen, const char *id, void *opaque) {
        struct sockaddr_in relay, self;
        int i, r, flags;
        (void)id;
        (void)opaque;
        memset(&self, 0, sizeof(self));
        self.sin_family      = AF_INET;
        self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (addr->sa_family != AF_INET)
                return EAFNOSUPPORT;
        if (bind(fd, (struct sockaddr *)&self, sizeof(self)))
                return errno;
        pthread_mutex_lock(&proxy.lock);
        for (i = 0; i < PROXY_MAX && proxy.wanted[i].client_port; i++)
                ;
        if (i == PROXY_MAX || proxy.refuse) {
                r = proxy.refuse ? ECONNREFUSED : EMFILE;
                pthread_mutex_unlock(&proxy.lock);
                return r;
        }
        memcpy(&proxy.wanted[i].addr, addr, (size_t)addrlen);
        proxy.wanted[i].len         = (socklen_t)addrlen;
        proxy.wanted[i].client_port = port_of_socket(fd, 0);
        pthread_mutex_unlock(&proxy.lock);
        memset(&relay, 0, sizeof(relay));
        relay.sin_family      = AF_INET;
        relay.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        relay.sin_port        = htons((uint16_t)proxy.port);
        flags                 = fcntl(fd, F_GETFL);
        fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
        r = connect(fd, (struct sockaddr *)&relay, sizeof(relay));
        r = r ? errno : 0;
        fcntl(fd, F_SETFL, flags);
        return r;
}

static void proxy_accept(void) {
        int fd = accept(proxy.listener, NULL, NULL), port, i, j, server, one = 1;
        if (fd < 0)
                return;
        port = port_of_socket(fd, 1);
        for (i = 0; i < PROXY_MAX && proxy.wanted[i].client_port != port; i++)
                ;
        for (j = 0; j < PROXY_MAX && proxy.pair[j].client; j++)
                ;
        if (i == PROXY_MAX || j == PROXY_MAX) {
                close(fd);
                return;
        }
        server = socket(AF_INET, SOCK_STREAM, 0);
        proxy.wanted[i].client_port = 0;
        if (connect(server, (struct sockaddr *)&proxy.wanted[i].addr, proxy.wanted[i].len)) {
                close(server);
                close(fd);
                return;
        }
        setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        proxy.pair[j].client = fd;
        proxy.pair[j].server = server;
        proxy.connections++;
}

static void proxy_close(int i) {
        close(proxy.pair[i].client);
        close(proxy.pair[i].server);
        proxy.pair[i].client = proxy.pair[i].server = 0;
}

static int proxy_move(int from, int to) {
        char buf[65536];
        ssize_t n = read(from, buf, sizeof(buf)), done = 0;
        if (n <= 0)
                return -1;
        while (done < n) {
                ssize_t w = write(to, buf + done, (size_t)(n - done));
                if (w <= 0)
                        return -1;
                done += w;
        }
        return 0;
}

static void *proxy_main(void *unused) {
        (void)unused;
        pthread_mutex_lock(&proxy.lock);
        while (!proxy.stop) {
                struct pollfd p[1 + 2 * PROXY_MAX];
                int i;
                proxy.rounds++;
                if (proxy.cut) {
                        proxy.cut = 0;
                        for (i = 0; i < PROXY_MAX; i++)
                                if (proxy.pair[i].client)
                                        proxy_close(i);
                }
                p[0].fd     = proxy.listener;
                p[0].events = POLLIN;
                for (i = 0; i < PROXY_MAX; i++) {
                        int used            = proxy.pair[i].client != 0;
                        p[1 + 2 * i].fd     = used ? proxy.pair[i].client : -1;
                        p[2 + 2 * i].fd     = used ? proxy.pair[i].server : -1;
                        p[1 + 2 * i].events = proxy.hold_requests ? 0 : POLLIN;
                        p[2 + 2 * i].events = proxy.hold_answers ? 0 : POLLIN;
                        p[1 + 2 * i].revents = p[2 + 2 * i].revents = 0;
                }
                pthread_mutex_unlock(&proxy.lock);
                poll(p, 1 + 2 * PROXY_MAX, 5);
                pthread_mutex_lock(&proxy.lock);
                if (p[0].revents)
                        proxy_accept();
                for (i = 0; i < PROXY_MAX; i++) {
                        int c = p[1 + 2 * i].fd, s = p[2 + 2 * i].fd, bad = 0;
                        if (c < 0 || c != proxy.pair[i].client)
                                continue;
                        if (p[1 + 2 * i].revents & (POLLIN | POLLHUP | POLLERR))
                                bad |= proxy_move(c, s);
                        if (p[2 + 2 * i].revents & (POLLIN | POLLHUP | POLLERR))
                                bad |= proxy_move(s, c);
                        if (bad)
                                proxy_close(i);
                }
        }
        pthread_mutex_unlock(&proxy.lock);
        return NULL;
}

static UNUSED void proxy_start(void) {
        struct sockaddr_in a;
        memset(&proxy, 0, sizeof(proxy));
        pthread_mutex_init(&proxy.lock, NULL);
        memset(&a, 0, sizeof(a));
        a.sin_family      = AF_INET;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        proxy.listener    = socket(AF_INET, SOCK_STREAM, 0);
        if (proxy.listener < 0 || bind(proxy.listener, (struct sockaddr *)&a, sizeof(a)) || listen(proxy.listener, 64))
                exit(1);
        proxy.port = port_of_socket(proxy.listener, 0);
        if (pthread_create(&proxy.thread, NULL, proxy_main, NULL))
                exit(1);
}

static UNUSED void proxy_stop(void) {
        int i;
        proxy_set(&proxy.stop, 1);
        pthread_join(proxy.thread, NULL);
        for (i = 0; i < PROXY_MAX; i++)
                if (proxy.pair[i].client)
                        proxy_close(i);
        close(proxy.listener);
}

#endif
