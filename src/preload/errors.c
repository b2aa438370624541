#include "errors.h"

#include <errno.h>
#include <stddef.h>

/* `ends`: the attempt was made, and this is its end; the others are mistakes in the call. */
static const struct row {
    int error;
    bool ends;
    char name[16];
    char slug[28];
    char meaning[36];
} rows[] = {
    {ECONNREFUSED, true, "ECONNREFUSED", "connection-refused", "connection refused"},
    {ETIMEDOUT, true, "ETIMEDOUT", "timed-out", "no answer"},
    {ENETUNREACH, true, "ENETUNREACH", "network-unreachable", "network unreachable"},
    {EHOSTUNREACH, true, "EHOSTUNREACH", "host-unreachable", "host unreachable"},
    {EADDRNOTAVAIL, true, "EADDRNOTAVAIL", "address-not-available", "address not available"},
    {ECONNRESET, true, "ECONNRESET", "connection-reset", "connection reset"},
    {EACCES, true, "EACCES", "permission-denied", "permission denied"},
    {EPERM, true, "EPERM", "not-permitted", "not permitted"},
    {ENETDOWN, true, "ENETDOWN", "network-down", "network down"},
    {EHOSTDOWN, true, "EHOSTDOWN", "host-down", "host down"},
    {EPROTO, true, "EPROTO", "protocol-error", "protocol error"},
    {ENOPROTOOPT, true, "ENOPROTOOPT", "protocol-not-available", "protocol not available"},
    {ENOBUFS, true, "ENOBUFS", "no-buffer-space", "no buffer space"},
    {EAGAIN, true, "EAGAIN", "no-local-port", "no local port left"},
    {ECONNABORTED, false, "ECONNABORTED", "connection-aborted", "connection aborted"},
    {EINVAL, false, "EINVAL", "invalid-argument", "invalid argument"},
    {ENOMEM, false, "ENOMEM", "out-of-memory", "out of memory"},
    {EADDRINUSE, false, "EADDRINUSE", "address-in-use", "address in use"},
    {EAFNOSUPPORT, false, "EAFNOSUPPORT", "family-not-supported", "address family not supported"},
    {EPIPE, false, "EPIPE", "broken-pipe", "broken pipe"},
    {EMSGSIZE, false, "EMSGSIZE", "message-too-long", "message too long"},
    {EOPNOTSUPP, false, "EOPNOTSUPP", "not-supported", "not supported"},
    {ERRORS_ABANDONED, true, "", "abandoned", "given up before there was an answer"},
    {ERRORS_UNSEEN, true, "", "failed", "failed"},
    {ERRORS_SELF, true, "", "connected-to-itself", "the socket is connected to itself"},
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

const char *errors_slug(int error)
{
    const struct row *row = find(error);
    return row == NULL ? "failed" : row->slug;
}

const char *errors_meaning(int error)
{
    const struct row *row = find(error);
    return row == NULL ? "failed" : row->meaning;
}

bool errors_end_an_attempt(int error)
{
    const struct row *row = find(error);
    return row != NULL && row->ends;
}
