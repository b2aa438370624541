/* libmalloc.c - a preloaded allocator that connects, to nothing and astray, inside malloc and
 * calloc. */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);

static void connect_inside(void)
{
    static _Thread_local int inside;
    struct sockaddr_in destination = {.sin_family = AF_INET, .sin_port = htons(9)};

    if (inside++ == 0) {
        int saved = errno;
        connect(-1, (struct sockaddr *)&destination, sizeof destination);
        errno = saved;
    }
    inside--;
}

void *malloc(size_t size)
{
    connect_inside();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    connect_inside();
    return __libc_calloc(count, size);
}
