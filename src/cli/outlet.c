#include "outlet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FULL ((off_t)1 << 18)

bool outlet_start(struct outlet *outlet, int descriptor)
{
    *outlet = (struct outlet){.descriptor = descriptor};
    outlet->stream = open_memstream(&outlet->text, &outlet->length);
    return outlet->stream != NULL;
}

bool outlet_is_full(struct outlet *outlet)
{
    return ftello(outlet->stream) >= FULL;
}

/* A pipe that can take anything takes PIPE_BUF bytes without waiting. */
static size_t portion(int descriptor, size_t left)
{
    struct stat status;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode))
        return left;
    return left < PIPE_BUF ? left : PIPE_BUF;
}

static int write_all(const struct outlet *outlet, size_t length, outlet_patience *patience,
                     void *context)
{
    for (size_t at = 0; at < length;) {
        struct pollfd ready = {.fd = outlet->descriptor, .events = POLLOUT};
        int count = poll(&ready, 1, 1000);
        if (count < 0 && errno != EINTR)
            return -errno;
        if (count <= 0) {
            if (!patience(context))
                return -EINTR;
            continue;
        }
        ssize_t written =
            write(outlet->descriptor, outlet->text + at, portion(outlet->descriptor, length - at));
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return -errno;
        at += written > 0 ? (size_t)written : 0;
    }
    return 0;
}

int outlet_flush(struct outlet *outlet, outlet_patience *patience, void *context)
{
    off_t length = ftello(outlet->stream);
    if (length <= 0)
        return 0;
    if (fflush(outlet->stream) != 0)
        return -errno;
    int error = write_all(outlet, (size_t)length, patience, context);
    rewind(outlet->stream);
    return error;
}

void outlet_free(struct outlet *outlet)
{
    if (outlet->stream != NULL)
        fclose(outlet->stream);
    free(outlet->text);
    *outlet = (struct outlet){.descriptor = -1};
}
