#include "real.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <astray/layout.h>

LAYOUT_AT_HAND _Atomic(void *) real_found[REAL_COUNT];

LAYOUT_AT_LOAD static const char names[REAL_COUNT][20] = {
#define REAL_TEXT(result, name, parameters) [REAL_##name] = #name,
    REAL_FUNCTIONS(REAL_TEXT)
#undef REAL_TEXT
};

static int bare_connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    return (int)syscall(SYS_connect, descriptor, address, length);
}

static int bare_close(int descriptor)
{
    return (int)syscall(SYS_close, descriptor);
}

static int bare_execve(const char *path, char *const *arguments, char *const *environment)
{
    return (int)syscall(SYS_execve, path, arguments, environment);
}

/* musl and glibc before 2.34 lack it. */
static int bare_execveat(int directory, const char *path, char *const *arguments,
                         char *const *environment, int flags)
{
    return (int)syscall(SYS_execveat, directory, path, arguments, environment, flags);
}

/* For all others: an allocator has no need of them. */
static long missing(void)
{
    errno = ENOSYS;
    return -1;
}

static void *bare(enum real_name which)
{
    if (which == REAL_connect)
        return (void *)bare_connect;
    if (which == REAL_execve)
        return (void *)bare_execve;
    if (which == REAL_execveat)
        return (void *)bare_execveat;
    return which == REAL_close ? (void *)bare_close : (void *)missing;
}

__attribute__((noinline)) void *real_find(enum real_name which)
{
    LAYOUT_AT_HAND static _Atomic(char) looking[REAL_COUNT];
    if (atomic_exchange(&looking[which], 1) != 0) {
        void *found = atomic_load_explicit(&real_found[which], memory_order_relaxed);
        return found != NULL ? found : bare(which);
    }
    int saved = errno;
    void *found = dlsym(RTLD_NEXT, names[which]);
    errno = saved;
    if (found == NULL)
        found = bare(which);
    atomic_store_explicit(&real_found[which], found, memory_order_relaxed);
    return found;
}
