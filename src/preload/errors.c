#include "errors.h"

#include <errno.h>
#include <stddef.h>

static const struct row {
    int error;
    char name[16];
    char meaning[32];
} rows[] = {
    {ECONNREFUSED, "ECONNREFUSED", "connection refused"},
    {ETIMEDOUT, "ETIMEDOUT", "no answer"},
    {ENETUNREACH, "ENETUNREACH", "network unreachable"},
    {EHOSTUNREACH, "EHOSTUNREACH", "host unreachable"},
    {EADDRNOTAVAIL, "EADDRNOTAVAIL", "address not available"},
    {EINVAL, "EINVAL", "invalid argument"},
    {EACCES, "EACCES", "permission denied"},
    {EPERM, "EPERM", "not permitted"},
    {ECONNRESET, "ECONNRESET", "connection reset"},
    {ECONNABORTED, "ECONNABORTED", "connection aborted"},
    {ENETDOWN, "ENETDOWN", "network down"},
    {EHOSTDOWN, "EHOSTDOWN", "host down"},
    {ENOBUFS, "ENOBUFS", "no buffer space"},
    {ENOMEM, "ENOMEM", "out of memory"},
    {EADDRINUSE, "EADDRINUSE", "address in use"},
    {EAFNOSUPPORT, "EAFNOSUPPORT", "address family not supported"},
    {EPROTO, "EPROTO", "protocol error"},
    {EPIPE, "EPIPE", "broken pipe"},
    {EAGAIN, "EAGAIN", "no local port left"},
    {EMSGSIZE, "EMSGSIZE", "message too long"},
    {EOPNOTSUPP, "EOPNOTSUPP", "not supported"},
    {ENOPROTOOPT, "ENOPROTOOPT", "protocol not available"},
    {EIO, "EIO", "input/output error"},
};

static const struct row *find(int error)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].error == error)
            return &rows[i];
    return NULL;
}

const char *errors_name(int error)
{
    const struct row *row = find(error);
    return row == NULL ? "" : row->name;
}

const char *errors_meaning(int error)
{
    const struct row *row = find(error);
    return row == NULL ? "failed" : row->meaning;
}
