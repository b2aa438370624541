/* real.h - the functions that ours stand in front of.
 *
 * Found by dlsym(RTLD_NEXT), so that libraries stack: connect at load (or at its first use, when
 * another library's constructor is first), the others at their first use. dlsym may allocate, and
 * an allocator may be preloaded and call us: while a look-up is under way, connect and close are
 * bare system calls, as are execve and execveat where libc has none. Symbols that this libc lacks
 * are not looked up. Async-signal-safe but for a first use, which is as safe as dlsym(3). */
#ifndef ASTRAY_PRELOAD_REAL_H
#define ASTRAY_PRELOAD_REAL_H

#include <netdb.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h> /* the type FILE */
#include <sys/socket.h>

/* A row a function: result, name, parameters, and what to call while it cannot be found. */
#define REAL_FUNCTIONS(X)                                                                          \
    X(int, connect, (int, const struct sockaddr *, socklen_t))                                     \
    X(int, close, (int))                                                                           \
    X(int, getsockopt, (int, int, int, void *restrict, socklen_t *restrict))                       \
    X(ssize_t, sendto, (int, const void *, size_t, int, const struct sockaddr *, socklen_t))       \
    X(ssize_t, sendmsg, (int, const struct msghdr *, int))                                         \
    X(int, sendmmsg, (int, struct mmsghdr *, unsigned, int))                                       \
    X(int, getaddrinfo,                                                                            \
      (const char *restrict, const char *restrict, const struct addrinfo *restrict,                \
       struct addrinfo **restrict))                                                                \
    X(struct hostent *, gethostbyname, (const char *))                                             \
    X(struct hostent *, gethostbyname2, (const char *, int))                                       \
    X(int, gethostbyname_r,                                                                        \
      (const char *restrict, struct hostent *restrict, char *restrict, size_t,                     \
       struct hostent **restrict, int *restrict))                                                  \
    X(int, gethostbyname2_r,                                                                       \
      (const char *restrict, int, struct hostent *restrict, char *restrict, size_t,                \
       struct hostent **restrict, int *restrict))                                                  \
    X(void *, dlopen, (const char *, int))                                                         \
    X(int, execve, (const char *, char *const *, char *const *))                                   \
    X(int, execv, (const char *, char *const *))                                                   \
    X(int, execvp, (const char *, char *const *))                                                  \
    X(int, execvpe, (const char *, char *const *, char *const *))                                  \
    X(int, execveat, (int, const char *, char *const *, char *const *, int))                       \
    X(int, fexecve, (int, char *const *, char *const *))                                           \
    X(int, system, (const char *))                                                                 \
    X(FILE *, popen, (const char *, const char *))                                                 \
    X(int, posix_spawn,                                                                            \
      (pid_t *restrict, const char *restrict, const posix_spawn_file_actions_t *,                  \
       const posix_spawnattr_t *restrict, char *const *restrict, char *const *restrict))           \
    X(int, posix_spawnp,                                                                           \
      (pid_t *restrict, const char *restrict, const posix_spawn_file_actions_t *,                  \
       const posix_spawnattr_t *restrict, char *const *restrict, char *const *restrict))

enum real_name {
#define REAL_ENUM(result, name, parameters) REAL_##name,
    REAL_FUNCTIONS(REAL_ENUM)
#undef REAL_ENUM
        REAL_COUNT
};

/* The functions that were found. */
extern _Atomic(void *) real_found[REAL_COUNT];

/* Finds WHICH; while that very look-up is under way further up the stack, its system call, or a
 * function that fails with ENOSYS. errno is left alone. */
void *real_find(enum real_name which);

/* real_connect()(...) calls the next connect, and so on. */
#define REAL_GETTER(result, name, parameters)                                                      \
    typedef result real_##name##_function parameters;                                              \
    static inline real_##name##_function *real_##name(void)                                        \
    {                                                                                              \
        void *found = atomic_load_explicit(&real_found[REAL_##name], memory_order_relaxed);        \
        return (real_##name##_function *)(found != NULL ? found : real_find(REAL_##name));         \
    }
REAL_FUNCTIONS(REAL_GETTER)
#undef REAL_GETTER

#endif
