/*
 * The requests a test needs to prepare a topic, over a plain socket and without the library under test:
 * CreateTopics v2, DeleteTopics v1 and Metadata v1 (and AlterClientQuotas v0, of 2.6 on), accepted by Kafka 0.10.2 up to 4.x.
 */
#ifndef WIRE_H
#define WIRE_H

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "t.h"

struct wire {
        unsigned char b[65536];
        size_t len, pos;
        int bad;
};

static UNUSED void w_int(struct wire *w, int bytes, int64_t v) {
        while (bytes--)
                w->b[w->len++] = (unsigned char)(v >> (8 * bytes));
}

static UNUSED void w_str(struct wire *w, const char *s) {
        size_t n = strlen(s);
        w_int(w, 2, (int64_t)n);
        memcpy(w->b + w->len, s, n);
        w->len += n;
}

static UNUSED int64_t r_int(struct wire *w, int bytes) {
        uint64_t v = 0;
        int i;
        if (w->pos + (size_t)bytes > w->len) {
                w->bad = 1;
                return 0;
        }
        for (i = 0; i < bytes; i++)
                v = (v << 8) | w->b[w->pos++];
        return (int64_t)(v << (64 - 8 * bytes)) >> (64 - 8 * bytes);
}

static UNUSED void r_str(struct wire *w, char *dst, size_t size) {
        int64_t n = r_int(w, 2);
        if (dst && size)
                dst[0] = '\0';
        if (n < 0)
                return;
        if (w->pos + (size_t)n > w->len) {
                w->bad = 1;
                return;
        }
        if (dst && size)
                snprintf(dst, size, "%.*s", (int)n, (const char *)w->b + w->pos);
        w->pos += (size_t)n;
}

static UNUSED int wire_connect(const char *address) {
        struct addrinfo hints, *res = NULL, *a;
        struct timeval tv = {10, 0};
        char host[256];
        const char *colon = strrchr(address, ':');
        int fd            = -1;
        snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - address) : (int)strlen(address), address);
        memset(&hints, 0, sizeof(hints));
        hints.ai_socktype = SOCK_STREAM;
        if (getaddrinfo(host, colon ? colon + 1 : "9092", &hints, &res))
                return -1;
        for (a = res; a; a = a->ai_next) {
                fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
                if (fd >= 0 && !connect(fd, a->ai_addr, a->ai_addrlen))
                        break;
                if (fd >= 0)
                        close(fd);
                fd = -1;
        }
        freeaddrinfo(res);
        if (fd >= 0) {
                setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
                setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
        }
        return fd;
}

static UNUSED int wire_read(int fd, unsigned char *p, size_t n) {
        while (n) {
                ssize_t r = read(fd, p, n);
                if (r <= 0)
                        return -1;
                p += r;
                n -= (size_t)r;
        }
        return 0;
}

/* Sends the request in w, leaves the response body (after the correlation id) in w. */
static UNUSED int wire_call(const char *address, int api, int version, struct wire *w) {
        struct wire *h = calloc(1, sizeof(*h));
        char first[256];
        int fd, r = -1;
        snprintf(first, sizeof(first), "%.*s", (int)strcspn(address, ","), address);
        fd = wire_connect(first);
        if (fd < 0) {
                free(h);
                return -1;
        }
        w_int(h, 4, (int64_t)(8 + 2 + 4 + w->len));
        w_int(h, 2, api);
        w_int(h, 2, version);
        w_int(h, 4, 1);
        w_str(h, "test");
        memcpy(h->b + h->len, w->b, w->len);
        h->len += w->len;
        if (write(fd, h->b, h->len) == (ssize_t)h->len && !wire_read(fd, h->b, 4)) {
                h->pos = 0;
                h->len = 4;
                w->len = (size_t)r_int(h, 4);
                w->pos = w->bad = 0;
                if (w->len <= sizeof(w->b) && !wire_read(fd, w->b, w->len)) {
                        r_int(w, 4);
                        r = 0;
                }
        }
        close(fd);
        free(h);
        return r;
}

/* The highest version of an API that the broker speaks; -1 for none. */
static UNUSED int wire_max_version(const char *address, int api) {
        struct wire *w = calloc(1, sizeof(*w));
        int max        = -1;
        int64_t n;
        if (!wire_call(address, 18, 0, w) && !r_int(w, 2))
                for (n = r_int(w, 4); n > 0; n--) {
                        int key  = (int)r_int(w, 2);
                        int high = (r_int(w, 2), (int)r_int(w, 2));
                        if (key == api)
                                max = high;
                }
        free(w);
        return max;
}

/* Partitions of the topic that have a leader. */
static UNUSED int wire_ready_partitions(const char *address, const char *topic) {
        struct wire *w = calloc(1, sizeof(*w));
        int64_t n;
        int ready = 0;
        w_int(w, 4, 1);
        w_str(w, topic);
        if (wire_call(address, 3, 1, w)) {
                free(w);
                return -1;
        }
        for (n = r_int(w, 4); n > 0 && !w->bad; n--) {
                r_int(w, 4);
                r_str(w, NULL, 0);
                r_int(w, 4);
                r_str(w, NULL, 0);
        }
        r_int(w, 4);
        for (n = r_int(w, 4); n > 0 && !w->bad; n--) {
                int64_t parts, i;
                r_int(w, 2);
                r_str(w, NULL, 0);
                r_int(w, 1);
                for (parts = r_int(w, 4); parts > 0 && !w->bad; parts--) {
                        int64_t err = r_int(w, 2), leader;
                        r_int(w, 4);
                        leader = r_int(w, 4);
                        for (i = r_int(w, 4); i > 0; i--)
                                r_int(w, 4);
                        for (i = r_int(w, 4); i > 0; i--)
                                r_int(w, 4);
                        if (!err && leader >= 0 && !w->bad)
                                ready++;
                }
        }
        free(w);
        return ready;
}

/* Partitions that the broker serves as their leader: it tells of a new topic a moment before. */
static UNUSED int wire_served_partitions(const char *address, const char *topic, int partitions) {
        struct wire *w = calloc(1, sizeof(*w));
        int served = 0, i;
        int64_t n;
        w_int(w, 4, -1);
        w_int(w, 4, 1);
        w_str(w, topic);
        w_int(w, 4, partitions);
        for (i = 0; i < partitions; i++) {
                w_int(w, 4, i);
                w_int(w, 8, -1);
        }
        if (wire_call(address, 2, 1, w)) {
                free(w);
                return -1;
        }
        r_int(w, 4);
        r_str(w, NULL, 0);
        for (n = r_int(w, 4); n > 0 && !w->bad; n--) {
                r_int(w, 4);
                served += !r_int(w, 2);
                r_int(w, 8);
                r_int(w, 8);
        }
        free(w);
        return served;
}

static UNUSED void wire_delete_topic(const char *address, const char *topic) {
        struct wire *w = calloc(1, sizeof(*w));
        w_int(w, 4, 1);
        w_str(w, topic);
        w_int(w, 4, 10000);
        wire_call(address, 20, 1, w);
        free(w);
}

/* Limits clients of one client.id, with AlterClientQuotas v0; 0 takes the limit away. */
static UNUSED int wire_set_quota(const char *address, const char *client_id, const char *key, double value) {
        struct wire *w = calloc(1, sizeof(*w));
        int64_t bits;
        int err;
        memcpy(&bits, &value, sizeof(bits));
        w_int(w, 4, 1);
        w_int(w, 4, 1);
        w_str(w, "client-id");
        w_str(w, client_id);
        w_int(w, 4, 1);
        w_str(w, key);
        w_int(w, 8, bits);
        w_int(w, 1, value == 0);
        w_int(w, 1, 0);
        err = wire_call(address, 49, 0, w);
        if (!err) {
                r_int(w, 4);
                err = r_int(w, 4) != 1 || r_int(w, 2) != 0 || w->bad;
        }
        free(w);
        return err;
}

/* With one property, unless `name` is null. */
static UNUSED int wire_create_topic_with(const char *address, const char *topic, int partitions, const char *name,
                                         const char *value, char *errstr, size_t size) {
        struct wire *w = calloc(1, sizeof(*w));
        int64_t n, until, err;
        char text[200];
        w_int(w, 4, 1);
        w_str(w, topic);
        w_int(w, 4, partitions);
        w_int(w, 2, 1);
        w_int(w, 4, 0);
        w_int(w, 4, name ? 1 : 0);
        if (name) {
                w_str(w, name);
                w_str(w, value);
        }
        w_int(w, 4, 10000);
        w_int(w, 1, 0);
        if (wire_call(address, 19, 2, w)) {
                snprintf(errstr, size, "no answer from %s", address);
                free(w);
                return -1;
        }
        r_int(w, 4);
        n = r_int(w, 4);
        r_str(w, NULL, 0);
        err = r_int(w, 2);
        r_str(w, text, sizeof(text));
        if (n != 1 || w->bad || (err && err != 36)) {
                snprintf(errstr, size, "error %d: %s", (int)err, text);
                free(w);
                return -1;
        }
        free(w);
        /* With one broker it is the leader of all. */
        for (until = now_ms() + ms(60000); now_ms() < until; usleep(10000))
                if (wire_ready_partitions(address, topic) == partitions &&
                    (strchr(address, ',') || wire_served_partitions(address, topic, partitions) == partitions))
                        return 0;
        snprintf(errstr, size, "no leader within 10 s");
        return -1;
}

static UNUSED int wire_create_topic(const char *address, const char *topic, int partitions, char *errstr, size_t size) {
        return wire_create_topic_with(address, topic, partitions, NULL, NULL, errstr, size);
}

#endif
