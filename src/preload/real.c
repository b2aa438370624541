#include "real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layout.h"

LAYOUT_AT_HAND _Atomic(real_connect_function *) real_connect_found;

static void *find(const char *name)
{
    int saved = errno;
    void *found = dlsym(RTLD_NEXT, name);
    errno = saved;
    return found;
}

static int bare_connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    return (int)syscall(SYS_connect, descriptor, address, length);
}

LAYOUT_AT_LOAD static const char connect_name[] = "connect";

real_connect_function *real_connect_slow(void)
{
    LAYOUT_AT_HAND static atomic_flag looking = ATOMIC_FLAG_INIT;
    if (atomic_flag_test_and_set(&looking))
        return bare_connect;
    real_connect_function *found = (real_connect_function *)find(connect_name);
    if (found == NULL)
        found = bare_connect;
    atomic_store_explicit(&real_connect_found, found, memory_order_relaxed);
    return found;
}

/* Without a look whether it is found: a page that is read before it is written costs two faults. */
void real_load(void)
{
    real_connect_slow();
}

real_getaddrinfo_function *real_getaddrinfo(void)
{
    static _Atomic(real_getaddrinfo_function *) found;
    real_getaddrinfo_function *function = atomic_load_explicit(&found, memory_order_relaxed);
    if (function == NULL) {
        function = (real_getaddrinfo_function *)find("getaddrinfo");
        atomic_store_explicit(&found, function, memory_order_relaxed);
    }
    return function;
}
