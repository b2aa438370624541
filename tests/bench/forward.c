/* forward.c - the least that standing in front of a function costs: a load and a jump. */
#include <dlfcn.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static int (*next_connect)(int, const struct sockaddr *, socklen_t);
static ssize_t (*next_sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
static int (*next_getsockopt)(int, int, int, void *, socklen_t *);
static int (*next_close)(int);
static int (*next_getaddrinfo)(const char *, const char *, const struct addrinfo *,
                               struct addrinfo **);

__attribute__((constructor)) static void load(void)
{
    *(void **)&next_connect = dlsym(RTLD_NEXT, "connect");
    *(void **)&next_sendto = dlsym(RTLD_NEXT, "sendto");
    *(void **)&next_getsockopt = dlsym(RTLD_NEXT, "getsockopt");
    *(void **)&next_close = dlsym(RTLD_NEXT, "close");
    *(void **)&next_getaddrinfo = dlsym(RTLD_NEXT, "getaddrinfo");
}

EXPORT int connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    return next_connect(descriptor, address, length);
}

EXPORT ssize_t sendto(int descriptor, const void *data, size_t size, int flags,
                      const struct sockaddr *address, socklen_t length)
{
    return next_sendto(descriptor, data, size, flags, address, length);
}

EXPORT int getsockopt(int descriptor, int level, int name, void *restrict value,
                      socklen_t *restrict length)
{
    return next_getsockopt(descriptor, level, name, value, length);
}

EXPORT int close(int descriptor)
{
    return next_close(descriptor);
}

EXPORT int getaddrinfo(const char *restrict node, const char *restrict service,
                       const struct addrinfo *restrict hints, struct addrinfo **restrict result)
{
    return next_getaddrinfo(node, service, hints, result);
}
