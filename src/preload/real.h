/* real.h - the functions that ours stand in front of.
 *
 * Found by dlsym(RTLD_NEXT), so that libraries stack: connect at load (or at its first use, when
 * another library's constructor is first), the rare ones at their first use. dlsym may
 * allocate, and an allocator may be preloaded and connect: while a look-up is under way,
 * connect is the bare system call. Symbols that this libc lacks are not looked up. */
#ifndef ASTRAY_PRELOAD_REAL_H
#define ASTRAY_PRELOAD_REAL_H

#include <netdb.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>

typedef int real_connect_function(int, const struct sockaddr *, socklen_t);
typedef int real_getaddrinfo_function(const char *, const char *, const struct addrinfo *,
                                      struct addrinfo **);

/* Finds connect. errno is left alone. */
void real_load(void);

extern _Atomic(real_connect_function *) real_connect_found;

/* The bare system call, until the real one is found. */
real_connect_function *real_connect_slow(void);

static inline real_connect_function *real_connect(void)
{
    real_connect_function *found = atomic_load_explicit(&real_connect_found, memory_order_relaxed);
    return found != NULL ? found : real_connect_slow();
}

/* NULL when there is none: EAI_SYSTEM with ENOSYS is the answer then. */
real_getaddrinfo_function *real_getaddrinfo(void);

#endif
