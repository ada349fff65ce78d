/* Scenes that are played by a child process, for the programs that look at the library as a guest. */
#ifndef GUEST_H
#define GUEST_H

#include <sys/wait.h>

#include "mock.h"

static int child_failures;
#define EXPECT(cond, ...)                                                                                              \
        do {                                                                                                           \
                if (!(cond)) {                                                                                         \
                        child_failures++;                                                                              \
                        printf("  child: %s: ", #cond);                                                                \
                        printf(__VA_ARGS__);                                                                           \
                        printf("\n");                                                                                  \
                }                                                                                                      \
        } while (0)

/* What a child ends with if all went well: no code that anything else gives. */
#define WELL 42

/* Runs `scene` in a process of its own, which must end with WELL: by itself, or because the scene returned. */
static UNUSED void in_child(const char *what, void (*scene)(void)) {
        int status = 0;
        pid_t pid;
        fflush(stdout);
        pid = fork();
        if (!pid) {
                t_limit(200);
                scene();
                exit(child_failures ? 1 : WELL);
        }
        NEED(pid > 0, "fork: %s", strerror(errno));
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == WELL, "%s: %s %d", what, WIFSIGNALED(status) ? "signal" : "code",
              WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

#endif
