/* What the tools have in common: lines with a time, written at once, and commands from standard input. */
#ifndef TOOL_H
#define TOOL_H

#include <poll.h>

#include "client.h"

static char line_text[1 << 20];
static size_t line_len;

static UNUSED __attribute__((format(printf, 1, 2))) void line_add(const char *fmt, ...) {
        va_list ap;
        va_start(ap, fmt);
        line_len += (size_t)vsnprintf(line_text + line_len, sizeof(line_text) - line_len, fmt, ap);
        va_end(ap);
        if (line_len >= sizeof(line_text))
                abort();
}

/* A line begins with the microseconds of the monotonic clock, which all processes of a machine share, and a word. */
static UNUSED void line_begin(const char *word) {
        line_len = 0;
        line_add("%" PRId64 " %s", now_us(), word);
}

/* When this returns, the line is in the pipe: it survives a SIGKILL. */
static UNUSED void line_end(void) {
        size_t done = 0;
        line_add("\n");
        while (done < line_len) {
                ssize_t n = write(1, line_text + done, line_len - done);
                if (n <= 0)
                        _exit(3);
                done += (size_t)n;
        }
}

/* The next command without its end of line, or NULL; "close" when nobody can send any more. */
static UNUSED const char *command(int timeout) {
        static char buf[4096], out[4096];
        static size_t len;
        for (;;) {
                struct pollfd p = {0, POLLIN, 0};
                char *end       = memchr(buf, '\n', len);
                ssize_t n;
                if (end) {
                        size_t size = (size_t)(end - buf);
                        memcpy(out, buf, size);
                        out[size] = 0;
                        memmove(buf, end + 1, len - size - 1);
                        len -= size + 1;
                        return out;
                }
                if (poll(&p, 1, timeout) <= 0)
                        return NULL;
                n = read(0, buf + len, sizeof(buf) - len);
                if (n <= 0)
                        return "close";
                len += (size_t)n;
        }
}

#endif
