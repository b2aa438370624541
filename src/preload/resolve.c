#include <netdb.h>
#include <stddef.h>

#include "intercept.h"
#include "real.h"

/* All of these change nothing: servers look 0.0.0.0 up to bind it. An address that was asked for
 * with AI_PASSIVE is not remembered for the same reason; a name is: socat and gawk ask so. */

INTERCEPT_EXPORT int getaddrinfo(const char *restrict node, const char *restrict service,
                                 const struct addrinfo *restrict hints,
                                 struct addrinfo **restrict result)
{
    int status = real_getaddrinfo()(node, service, hints, result);
    if (status == 0 && node != NULL)
        intercept_remember(node, *result, hints != NULL && (hints->ai_flags & AI_PASSIVE));
    return status;
}

INTERCEPT_EXPORT struct hostent *gethostbyname(const char *name)
{
    struct hostent *host = real_gethostbyname()(name);
    if (host != NULL)
        intercept_remember_host(name, host);
    return host;
}

INTERCEPT_EXPORT struct hostent *gethostbyname2(const char *name, int family)
{
    struct hostent *host = real_gethostbyname2()(name, family);
    if (host != NULL)
        intercept_remember_host(name, host);
    return host;
}

INTERCEPT_EXPORT int gethostbyname_r(const char *restrict name, struct hostent *restrict host,
                                     char *restrict buffer, size_t size,
                                     struct hostent **restrict result, int *restrict error)
{
    int status = real_gethostbyname_r()(name, host, buffer, size, result, error);
    if (status == 0 && *result != NULL)
        intercept_remember_host(name, *result);
    return status;
}

INTERCEPT_EXPORT int gethostbyname2_r(const char *restrict name, int family,
                                      struct hostent *restrict host, char *restrict buffer,
                                      size_t size, struct hostent **restrict result,
                                      int *restrict error)
{
    int status = real_gethostbyname2_r()(name, family, host, buffer, size, result, error);
    if (status == 0 && *result != NULL)
        intercept_remember_host(name, *result);
    return status;
}
