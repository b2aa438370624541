/* start.c - starts another program in a way of its choice:  start [-vtsf] WAY PATH [ARG...]
 *     -v in a vfork child   -t in a thread of a forked child   -s on a stack of 8 KiB
 *     -f with no descriptor left
 *
 * WAY is a name of the table below. PATH may be "@wild", a pointer that leads nowhere, and an ARG
 * "@environment" gives the program a wild environment. Prints "WAY: ERROR" when it cannot be
 * started, and "status: N" of what could. The call of getpgid(2) marks, for strace, where it
 * begins. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proof.h"

extern char **environ;

enum { STACK = 8192 };

struct request {
    const struct way *way;
    const char *path;
    char **arguments; /* [0] is PATH again */
    char **environment;
    int error;
};

static int by_execve(const struct request *to)
{
    return execve(to->path, to->arguments, to->environment);
}

static int by_execv(const struct request *to)
{
    return execv(to->path, to->arguments);
}

static int by_execvp(const struct request *to)
{
    return execvp(to->path, to->arguments);
}

static int by_execvpe(const struct request *to)
{
    return execvpe(to->path, to->arguments, to->environment);
}

static int by_execveat(const struct request *to)
{
    return execveat(AT_FDCWD, to->path, to->arguments, to->environment, 0);
}

static int by_execveat_of_a_folder(const struct request *to)
{
    int folder = open(".", O_PATH | O_CLOEXEC);
    return execveat(folder, to->path, to->arguments, to->environment, 0);
}

static int by_fexecve(const struct request *to)
{
    int file = open(to->path, O_RDONLY | O_CLOEXEC);
    return file < 0 ? -1 : fexecve(file, to->arguments, to->environment);
}

/* No more than three arguments here. */
static int by_execl(const struct request *to)
{
    char **given = to->arguments;
    return given[1] == NULL   ? execl(to->path, given[0], NULL)
           : given[2] == NULL ? execl(to->path, given[0], given[1], NULL)
                              : execl(to->path, given[0], given[1], given[2], NULL);
}

static int by_execlp(const struct request *to)
{
    char **given = to->arguments;
    return given[1] == NULL   ? execlp(to->path, given[0], NULL)
           : given[2] == NULL ? execlp(to->path, given[0], given[1], NULL)
                              : execlp(to->path, given[0], given[1], given[2], NULL);
}

static int by_execle(const struct request *to)
{
    char **given = to->arguments;
    return given[1] == NULL ? execle(to->path, given[0], NULL, to->environment)
           : given[2] == NULL
               ? execle(to->path, given[0], given[1], NULL, to->environment)
               : execle(to->path, given[0], given[1], given[2], NULL, to->environment);
}

static int wait_for(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child)
        return -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
        return 0; /* it has told its error itself */
    printf("status: %d\n", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    return 0;
}

static int spawned(int error, pid_t child)
{
    errno = error;
    return error == 0 ? wait_for(child) : -1;
}

static int by_posix_spawn(const struct request *to)
{
    pid_t child = 0;
    int error = posix_spawn(&child, to->path, NULL, NULL, to->arguments, to->environment);
    return spawned(error, child);
}

static int by_posix_spawnp(const struct request *to)
{
    pid_t child = 0;
    int error = posix_spawnp(&child, to->path, NULL, NULL, to->arguments, to->environment);
    return spawned(error, child);
}

/* PATH is the shell's to run, and the library is taken from its environment. */
static int by_system(const struct request *to)
{
    unsetenv("LD_PRELOAD");
    fflush(stdout);
    printf("system: %d, %d without a command\n", system(to->path), system(NULL));
    return 0;
}

static int by_popen(const struct request *to)
{
    char line[64] = "";
    unsetenv("LD_PRELOAD");
    FILE *pipe = popen(to->path, "r");
    if (pipe == NULL)
        return -1;
    printf("popen: %s", fgets(line, sizeof line, pipe) == NULL ? "nothing\n" : line);
    printf("popen: %d\n", pclose(pipe));
    return popen(to->path, "what") == NULL ? -1 : 0;
}

static int by_dlopen(const struct request *to)
{
    void *library = dlopen(to->path, RTLD_NOW | RTLD_DEEPBIND);
    printf("dlopen: %s\n", library != NULL ? "loaded" : "failed");
    return 0;
}

static const struct way {
    const char *name;
    int (*start)(const struct request *to);
    bool returns; /* else it replaces the process, and so gets a child */
} ways[] = {
    {"execve", by_execve, false},
    {"execv", by_execv, false},
    {"execvp", by_execvp, false},
    {"execvpe", by_execvpe, false},
    {"execveat", by_execveat, false},
    {"execveat-folder", by_execveat_of_a_folder, false},
    {"fexecve", by_fexecve, false},
    {"execl", by_execl, false},
    {"execlp", by_execlp, false},
    {"execle", by_execle, false},
    {"posix_spawn", by_posix_spawn, true},
    {"posix_spawnp", by_posix_spawnp, true},
    {"dlopen", by_dlopen, true},
    {"system", by_system, true},
    {"popen", by_popen, true},
};

static void *start(void *context)
{
    struct request *to = context;
    errno = 0;
    getpgid(0);
    to->error = to->way->start(to) == 0 ? 0 : errno;
    return NULL;
}

static void tell(const struct request *to)
{
    if (to->error != 0)
        printf("%s: %s\n", to->way->name, strerrorname_np(to->error));
    fflush(stdout);
}

/* The memory is the parent's, which tells. */
static int start_and_end(void *context)
{
    start(context);
    _exit(99);
}

/* A stack with a page below it that nobody may touch. */
static pid_t on_small_stack(struct request *to)
{
    char *pages =
        mmap(NULL, 4096 + STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages, 4096, PROT_NONE) != 0)
        return -1;
    return clone(start_and_end, pages + 4096 + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, to);
}

static pid_t on_vfork(struct request *to)
{
    pid_t child = vfork();
    if (child == 0)
        start_and_end(to);
    return child;
}

/* Those that are left are closed when another program starts. */
static void fill_descriptors(void)
{
    struct rlimit limit = {.rlim_cur = 64, .rlim_max = 64};
    setrlimit(RLIMIT_NOFILE, &limit);
    while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
        continue;
}

static pid_t on_fork(struct request *to, bool in_thread)
{
    pthread_t thread;
    pid_t child = fork();
    if (child != 0)
        return child;
    if (!in_thread)
        start(to);
    else if (pthread_create(&thread, NULL, start, to) == 0)
        pthread_join(thread, NULL);
    tell(to);
    _exit(99);
}

int main(int argc, char **argv)
{
    struct request to = {.environment = environ};
    bool vforks = false, threads = false, small = false;

    proof_write();
    for (int option; (option = getopt(argc, argv, "+vtsf")) != -1;) {
        vforks |= option == 'v';
        threads |= option == 't';
        small |= option == 's';
        if (option == 'f')
            fill_descriptors();
    }
    for (size_t i = 0; optind < argc && i < sizeof ways / sizeof *ways; i++)
        if (strcmp(ways[i].name, argv[optind]) == 0)
            to.way = &ways[i];
    if (to.way == NULL || optind + 1 >= argc) {
        fputs("usage: start [-vtsf] WAY PATH [ARG...]\n", stderr);
        return 2;
    }
    to.arguments = argv + optind + 1;
    to.path = strcmp(to.arguments[0], "@wild") == 0 ? (const char *)8 : to.arguments[0];
    if (to.arguments[1] != NULL && strcmp(to.arguments[1], "@environment") == 0)
        to.environment = (char **)8;
    int result = 0;
    if (to.way->returns)
        start(&to);
    else
        result = wait_for(small    ? on_small_stack(&to)
                          : vforks ? on_vfork(&to)
                                   : on_fork(&to, threads));
    tell(&to);
    return result == 0 ? 0 : 1;
}
