#include <errno.h>
#include <netdb.h>
#include <stddef.h>

#include "intercept.h"
#include "real.h"

/* Changes nothing: servers look 0.0.0.0 up to bind it. What was asked with AI_PASSIVE or without
 * a name is not remembered for the same reason. */
INTERCEPT_EXPORT int getaddrinfo(const char *restrict node, const char *restrict service,
                                 const struct addrinfo *restrict hints,
                                 struct addrinfo **restrict result)
{
    real_getaddrinfo_function *real = real_getaddrinfo();
    if (real == NULL) {
        errno = ENOSYS;
        return EAI_SYSTEM;
    }
    int status = real(node, service, hints, result);
    if (status == 0 && node != NULL && (hints == NULL || !(hints->ai_flags & AI_PASSIVE)))
        intercept_remember(node, *result);
    return status;
}
