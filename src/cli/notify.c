#include "notify.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <astray/text.h>

static uint64_t monotonic(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* A datagram socket that is connected to what NAME means; -1 when it means nothing. */
static int connect_to(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, name, length);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    else
        size++;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor >= 0 && connect(descriptor, (struct sockaddr *)&address, size) != 0) {
        close(descriptor);
        descriptor = -1;
    }
    return descriptor;
}

/* Half of what the manager waits for at most; 0 when it does not wait, or not for us. */
static uint64_t watchdog_interval(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t span, wanted;
    if (!slice_number(slice_of(getenv("WATCHDOG_USEC")), UINT64_MAX / 2, &span))
        return 0;
    if (pid != NULL &&
        (!slice_number(slice_of(pid), INT_MAX, &wanted) || wanted != (uint64_t)getpid()))
        return 0;
    return span / 2;
}

void notify_start(struct notify *notify)
{
    const char *name = getenv("NOTIFY_SOCKET");
    *notify = (struct notify){.descriptor = name != NULL ? connect_to(name) : -1};
    if (notify->descriptor >= 0)
        notify->interval = watchdog_interval();
    notify->next = monotonic();
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void notify_send(const struct notify *notify, const char *message)
{
    if (notify->descriptor >= 0)
        (void)!send(notify->descriptor, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT);
}

int notify_alive(struct notify *notify)
{
    if (notify->interval == 0)
        return -1;
    uint64_t now = monotonic();
    if (now >= notify->next) {
        notify_send(notify, "WATCHDOG=1");
        notify->next = now + notify->interval;
    }
    uint64_t left = (notify->next - now) / 1000 + 1;
    return left > INT_MAX ? INT_MAX : (int)left;
}

void notify_end(struct notify *notify)
{
    if (notify->descriptor >= 0)
        close(notify->descriptor);
    notify->descriptor = -1;
}
