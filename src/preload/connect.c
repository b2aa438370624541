#include <sys/socket.h>

#include "intercept.h"
#include "real.h"

int __connect(int descriptor, const struct sockaddr *address, socklen_t length);

/* Flattened: this is the path of every clean connection. */
__attribute__((flatten)) INTERCEPT_EXPORT int
connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    bool suspect = intercept_suspects(address, length);
    if (!suspect && !intercept_follows())
        return real_connect()(descriptor, address, length);
    return intercept_connect(descriptor, address, length, suspect);
}

/* glibc exports this name as well, and a few programs call it. */
INTERCEPT_EXPORT int __connect(int, const struct sockaddr *, socklen_t)
    __attribute__((alias("connect")));
