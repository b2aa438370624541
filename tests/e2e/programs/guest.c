/* guest.c - a program in a state that has hurt other preload libraries, and that then connects.
 *
 *   guest CASE PORT [ARGUMENT]
 *
 * Unless said otherwise it connects to 0.0.0.0:PORT without waiting, where nobody listens, and
 * prints what connect() returned. It ends by itself within two minutes. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "proof.h"

static uint16_t port;
static const char *argument;

/* One connection; returns connect()'s error, 0 for none. */
static int connect_to(uint32_t address, uint16_t to, int flags)
{
    struct sockaddr_in destination = {
        .sin_family = AF_INET, .sin_port = htons(to), .sin_addr.s_addr = htonl(address)};
    int descriptor = socket(AF_INET, SOCK_STREAM | flags, 0);
    if (descriptor < 0)
        return errno;
    int error =
        connect(descriptor, (struct sockaddr *)&destination, sizeof destination) == 0 ? 0 : errno;
    close(descriptor);
    return error;
}

static int go_astray(void)
{
    return connect_to(INADDR_ANY, port, SOCK_NONBLOCK);
}

static void say(const char *who, int error)
{
    printf("%s: %s\n", who, error == 0 ? "ok" : strerrorname_np(error));
    fflush(stdout);
}

/* ---- processes -------------------------------------------------------- */

static int case_plain(void)
{
    say("plain", go_astray());
    return 0;
}

static int wait_for(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return status;
}

static int case_fork(void)
{
    say("parent", go_astray());
    pid_t child = fork();
    if (child == 0) {
        say("child", go_astray());
        exit(0);
    }
    int status = wait_for(child);
    say("parent again", go_astray());
    return status;
}

/* fork() while other threads are inside connect(): no lock may stay held in the child. */
static atomic_bool enough;

static void *connect_until_enough(void *unused)
{
    (void)unused;
    while (!atomic_load(&enough))
        go_astray();
    return NULL;
}

static int case_fork_threads(void)
{
    pthread_t threads[4];
    int failures = 0;

    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, connect_until_enough, NULL);
    for (int i = 0; i < 50; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(go_astray() == EINPROGRESS ? 0 : 1);
        failures += wait_for(child) != 0;
    }
    atomic_store(&enough, true);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    printf("children that failed: %d\n", failures);
    return 0;
}

static int case_vfork(void)
{
    volatile int canary = 4711;
    volatile int error = -1;

    say("parent", go_astray());
    pid_t child = vfork();
    if (child == 0) {
        error = go_astray();
        _exit(0);
    }
    int status = wait_for(child);
    say("child", error);
    say("parent again", go_astray());
    printf("canary %d\n", canary);
    return status;
}

/* ---- threads, signals, cancellation ----------------------------------- */

static void *connect_many(void *count)
{
    intptr_t wrong = 0;
    for (intptr_t i = 0; i < (intptr_t)count; i++) {
        errno = EXDEV;
        wrong += go_astray() != EINPROGRESS;
    }
    return (void *)wrong;
}

static int case_threads(void)
{
    pthread_t threads[32];
    intptr_t wrong = 0;

    for (size_t i = 0; i < 32; i++)
        pthread_create(&threads[i], NULL, connect_many, (void *)100);
    for (size_t i = 0; i < 32; i++) {
        void *result;
        pthread_join(threads[i], &result);
        wrong += (intptr_t)result;
    }
    printf("wrong: %ld\n", (long)wrong);
    return 0;
}

static atomic_int handled;
static atomic_int handled_wrong;

static void connect_in_handler(int signal_number)
{
    (void)signal_number;
    int saved = errno;
    if (go_astray() != EINPROGRESS)
        atomic_fetch_add(&handled_wrong, 1);
    atomic_fetch_add(&handled, 1);
    errno = saved;
}

/* Until 500 signals were handled: some of them inside connect(). */
static int case_signal(void)
{
    struct sigaction action = {.sa_handler = connect_in_handler, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 300}, {0, 300}};
    struct itimerval never = {{0, 0}, {0, 0}};
    int wrong = 0;

    sigaction(SIGVTALRM, &action, NULL);
    setitimer(ITIMER_VIRTUAL, &often, NULL);
    sigaction(SIGPROF, &action, NULL);
    setitimer(ITIMER_PROF, &often, NULL);
    while (atomic_load(&handled) < 500)
        wrong += go_astray() != EINPROGRESS;
    setitimer(ITIMER_VIRTUAL, &never, NULL);
    setitimer(ITIMER_PROF, &never, NULL);
    printf("wrong: %d, in the handler: %d\n", wrong, atomic_load(&handled_wrong));
    return 0;
}

/* A listener whose queue is full: a connection to it stays in connect(). */
static uint16_t full_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int server = socket(AF_INET, SOCK_STREAM, 0);

    bind(server, (struct sockaddr *)&address, sizeof address);
    listen(server, 0);
    getsockname(server, (struct sockaddr *)&address, &size);
    for (int i = 0; i < 4; i++) {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(client, (struct sockaddr *)&address, sizeof address);
    }
    return ntohs(address.sin_port);
}

static atomic_int entered;

static void *connect_and_hang(void *to)
{
    struct sockaddr_in destination = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)(uintptr_t)to)};
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    pthread_cleanup_push((void (*)(void *))(uintptr_t)close, (void *)(intptr_t)descriptor);
    atomic_fetch_add(&entered, 1);
    connect(descriptor, (struct sockaddr *)&destination, sizeof destination);
    pthread_cleanup_pop(1);
    return NULL;
}

static int case_cancel(void)
{
    uint16_t full = full_port();
    int cancelled = 0;

    for (int i = 1; i <= 100; i++) {
        pthread_t thread;
        void *result = NULL;
        pthread_create(&thread, NULL, connect_and_hang, (void *)(uintptr_t)full);
        while (atomic_load(&entered) < i)
            sched_yield();
        usleep(1000);
        pthread_cancel(thread);
        pthread_join(thread, &result);
        cancelled += result == PTHREAD_CANCELED;
    }
    printf("cancelled: %d\n", cancelled);
    say("afterwards", go_astray());
    return 0;
}

/* ---- stacks ----------------------------------------------------------- */

static void *connect_once(void *unused)
{
    (void)unused;
    say("small stack", go_astray());
    return NULL;
}

static int case_small_stack(void)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN);
    pthread_create(&thread, &attributes, connect_once, NULL);
    pthread_join(thread, NULL);
    return 0;
}

static ucontext_t caller, callee;
static int tiny_error;

static void connect_on_tiny_stack(void)
{
    tiny_error = go_astray();
}

/* 8 KiB, and nothing mapped below. */
static int case_tiny_stack(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t size = (8192 + page - 1) / page * page;
    unsigned char *guard =
        mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (guard == MAP_FAILED)
        return 1;
    mprotect(guard, page, PROT_NONE);
    getcontext(&callee);
    callee.uc_stack.ss_sp = guard + page;
    callee.uc_stack.ss_size = size;
    callee.uc_link = &caller;
    makecontext(&callee, connect_on_tiny_stack, 0);
    swapcontext(&caller, &callee);
    say("tiny stack", tiny_error);
    return 0;
}

/* ---- loading, sandboxes ----------------------------------------------- */

/* The library loaded late, and also gone again. */
static int case_dlopen(void)
{
    say("before", go_astray());
    void *library = dlopen(argument, RTLD_NOW | RTLD_LOCAL);
    printf("loaded: %s\n", library != NULL ? "yes" : dlerror());
    say("loaded", go_astray());
    if (library != NULL) {
        int (*their)(int, const struct sockaddr *, socklen_t) =
            (int (*)(int, const struct sockaddr *, socklen_t))dlsym(library, "connect");
        struct sockaddr_in destination = {.sin_family = AF_INET, .sin_port = htons(port)};
        int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        int result = their(descriptor, (struct sockaddr *)&destination, sizeof destination);
        say("called", result == 0 ? 0 : errno);
        close(descriptor);
        dlclose(library);
    }
    say("closed", go_astray());
    return 0;
}

static int case_chroot(void)
{
    if (chroot(argument) != 0 || chdir("/") != 0) {
        perror("chroot");
        return 2;
    }
    say("chroot", go_astray());
    return 0;
}

/* Whatever is not needed to connect, write and end kills the process. */
static int forbid_the_rest(void)
{
    static const long allowed[] = {SYS_socket,     SYS_connect,    SYS_close,        SYS_write,
                                   SYS_exit,       SYS_exit_group, SYS_rt_sigreturn, SYS_futex,
#ifdef SYS_newfstatat
                                   SYS_newfstatat,
#endif
#ifdef SYS_fstat
                                   SYS_fstat,
#endif
                                   SYS_brk};
    struct sock_filter filter[64];
    unsigned short length = 0;

    filter[length++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        filter[length++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)allowed[i], 0, 1);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    struct sock_fprog program = {.len = length, .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                   prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0
               ? -1
               : 0;
}

static int case_seccomp(void)
{
    puts("seccomp: strict"); /* stdio gets its buffer now */
    if (forbid_the_rest() != 0) {
        puts("seccomp: not here");
        return 3;
    }
    for (int i = 0; i < 100; i++) {
        if (connect_to(INADDR_LOOPBACK, port, 0) != ECONNREFUSED)
            return 1;
    }
    if (argument != NULL) /* proves that the filter is in force */
        syscall(SYS_getppid);
    say("seccomp", connect_to(INADDR_LOOPBACK, port, 0));
    return 0;
}

/* ---- descriptors ------------------------------------------------------ */

static int own_file(int number)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/own.%d", argument, number);
    return open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
}

static bool write_own(int descriptor, int number)
{
    char line[32];
    int length = snprintf(line, sizeof line, "own %d\n", number);
    return write(descriptor, line, (size_t)length) == length;
}

/* Descriptors 0 to 2 are closed; what the program opens gets those numbers. */
static int case_closed(void)
{
    close(0);
    close(1);
    close(2);
    int error = go_astray();
    for (int i = 0; i < 3; i++) {
        if (own_file(i) != i)
            return 1;
    }
    error = error == EINPROGRESS ? go_astray() : error;
    for (int i = 0; i < 3; i++) {
        if (!write_own(i, i))
            return 1;
    }
    error = error == EINPROGRESS ? go_astray() : error;
    return error == EINPROGRESS ? 0 : 1;
}

/* Descriptors 0 to 2 stay closed while it connects. */
static int case_none_open(void)
{
    close(0);
    close(1);
    close(2);
    struct sockaddr_in destination = {.sin_family = AF_INET, .sin_port = htons(port)};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int result = connect(descriptor, (struct sockaddr *)&destination, sizeof destination);
    return descriptor == 0 && result == -1 && errno == EINPROGRESS && fcntl(1, F_GETFD) == -1 &&
                   fcntl(2, F_GETFD) == -1
               ? 0
               : 1;
}

static int case_closefrom(void)
{
    say("before", go_astray());
    for (int descriptor = 3; descriptor < 64; descriptor++)
        close(descriptor);
    for (int i = 3; i < 32; i++) {
        if (own_file(i) != i)
            return 1;
    }
    for (int i = 3; i < 32; i++) {
        go_astray();
        if (!write_own(i, i))
            return 1;
    }
    say("afterwards", go_astray());
    return 0;
}

static int begin_on(int descriptor, uint16_t to)
{
    struct sockaddr_in destination = {.sin_family = AF_INET, .sin_port = htons(to)};
    return connect(descriptor, (struct sockaddr *)&destination, sizeof destination) == 0 ? 0
                                                                                         : errno;
}

static int error_of(int descriptor)
{
    int error = 0;
    socklen_t size = sizeof error;
    struct pollfd poll_for = {.fd = descriptor, .events = POLLOUT};
    poll(&poll_for, 1, 5000);
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

/* A socket that somebody connected to, or -1. */
static int accepted(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server, (struct sockaddr *)&here, size) != 0 || listen(server, 1) != 0 ||
        getsockname(server, (struct sockaddr *)&here, &size) != 0 ||
        connect(client, (struct sockaddr *)&here, size) != 0)
        return -1;
    return accept(server, NULL, NULL);
}

/* dup2(2) closes a descriptor that is connecting, and nobody sees it: the next socket of that
 * number connects elsewhere, or was accepted. */
static int case_successor(void)
{
    bool connects = strcmp(argument, "connects") == 0;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    say("first", begin_on(descriptor, port));
    int next = connects ? socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0) : accepted();
    if (next < 0 || dup2(next, descriptor) != descriptor)
        return 1;
    close(next);
    if (connects)
        say("second", begin_on(descriptor, (uint16_t)(port + 1)));
    say("its end", error_of(descriptor));
    close(descriptor);
    return 0;
}

/* Which descriptors are open behind a finding; none of them may be ours. */
static int case_leak(void)
{
    for (int i = 0; i < 50; i++)
        go_astray();
    for (int descriptor = 0; descriptor < 256; descriptor++) {
        if (fcntl(descriptor, F_GETFD) != -1)
            printf("open: %d\n", descriptor);
    }
    return 0;
}

static int case_many(void)
{
    long count = atol(argument), wrong = 0;
    for (long i = 0; i < count; i++)
        wrong += go_astray() != EINPROGRESS;
    printf("wrong: %ld\n", wrong);
    return 0;
}

/* Ignored and blocked signals, and the pending ones, are what they were. */
static int case_signals_kept(void)
{
    sigset_t blocked, before, after, pending;
    struct sigaction action;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGPIPE);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    raise(SIGUSR1);
    raise(SIGPIPE);
    sigprocmask(SIG_SETMASK, NULL, &before);
    long wrong = 0;
    for (int i = 0; i < 20; i++)
        wrong += go_astray() != EINPROGRESS;
    sigprocmask(SIG_SETMASK, NULL, &after);
    sigpending(&pending);
    printf("wrong: %ld, mask kept: %d\n", wrong, memcmp(&before, &after, sizeof before) == 0);
    for (int number = 1; number < 32; number++) {
        sigaction(number, NULL, &action);
        printf("%d: %s%s\n", number, sigismember(&pending, number) ? "pending, " : "",
               action.sa_handler == SIG_DFL   ? "default"
               : action.sa_handler == SIG_IGN ? "ignored"
                                              : "handled");
    }
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} cases[] = {
    {"plain", case_plain},
    {"fork", case_fork},
    {"fork-threads", case_fork_threads},
    {"vfork", case_vfork},
    {"threads", case_threads},
    {"signal", case_signal},
    {"cancel", case_cancel},
    {"small-stack", case_small_stack},
    {"tiny-stack", case_tiny_stack},
    {"dlopen", case_dlopen},
    {"chroot", case_chroot},
    {"seccomp", case_seccomp},
    {"closed", case_closed},
    {"none-open", case_none_open},
    {"closefrom", case_closefrom},
    {"successor", case_successor},
    {"leak", case_leak},
    {"many", case_many},
    {"signals-kept", case_signals_kept},
};

int main(int argc, char **argv)
{
    proof_write();
    if (argc < 3) {
        fputs("usage: guest CASE PORT [ARGUMENT]\n", stderr);
        return 2;
    }
    alarm(120);
    port = (uint16_t)atoi(argv[2]);
    argument = argc > 3 ? argv[3] : NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(cases[i].name, argv[1]) == 0)
            return cases[i].run();
    }
    fprintf(stderr, "guest: no such case: \"%s\"\n", argv[1]);
    return 2;
}
