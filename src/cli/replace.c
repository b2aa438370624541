#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int descriptor, struct slice text)
{
    while (text.length > 0) {
        ssize_t written = write(descriptor, text.data, text.length);
        if (written < 0 && errno != EINTR)
            return -errno;
        text = slice_from(text, written > 0 ? (size_t)written : 0);
    }
    return 0;
}

/* Writes the file PATH anew. */
static int write_file(int directory, const char *path, struct slice text, unsigned mode, bool sync)
{
    int descriptor = openat(directory, path,
                            O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, mode);
    if (descriptor < 0)
        return -errno;
    int error = write_all(descriptor, text);
    if (error == 0 && fchmod(descriptor, mode) != 0)
        error = -errno;
    if (error == 0 && sync && fsync(descriptor) != 0)
        error = -errno;
    if (close(descriptor) != 0 && error == 0)
        error = -errno;
    return error;
}

int replace_file(int directory, const char *path, struct slice text, unsigned mode, bool sync)
{
    char *draft = NULL;
    if (asprintf(&draft, "%s.new", path) < 0)
        return -ENOMEM;
    int error = write_file(directory, draft, text, mode, sync);
    if (error == 0 && renameat(directory, draft, directory, path) != 0)
        error = -errno;
    if (error != 0)
        unlinkat(directory, draft, 0);
    if (error == 0 && sync && directory >= 0 && fsync(directory) != 0)
        error = -errno;
    free(draft);
    return error;
}
