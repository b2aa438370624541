#include <sys/socket.h>
#include <unistd.h>

#include "intercept.h"
#include "real.h"

/* Where most programs that connect without blocking learn how it ended. */
INTERCEPT_EXPORT int getsockopt(int descriptor, int level, int name, void *restrict value,
                                socklen_t *restrict length)
{
    int result = real_getsockopt()(descriptor, level, name, value, length);
    if (flights_any() && result == 0 && level == SOL_SOCKET && name == SO_ERROR &&
        *length == sizeof(int))
        intercept_learn_error(descriptor, *(const int *)value);
    return result;
}

INTERCEPT_EXPORT int close(int descriptor)
{
    if (flights_any())
        intercept_learn_close(descriptor);
    return real_close()(descriptor);
}
