#include "lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <astray/endpoint.h>

static void fail(struct lookup *out, const char *reason)
{
    snprintf(out->error, sizeof out->error, "%s", reason);
}

static void add(struct lookup *out, const struct addr *addr)
{
    for (size_t i = 0; i < out->count; i++)
        if (addr_equal(&out->addrs[i], addr) && out->addrs[i].scope == addr->scope)
            return;
    if (out->count < LOOKUP_MAX)
        out->addrs[out->count++] = *addr;
}

static void ask(const char *name, struct lookup *out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    int status = getaddrinfo(name, NULL, &hints, &list);
    *out = (struct lookup){.temporary = status == EAI_AGAIN};
    if (status != 0)
        fail(out, status == EAI_SYSTEM ? strerror(errno) : gai_strerror(status));
    for (const struct addrinfo *item = list; item != NULL; item = item->ai_next) {
        struct destination destination;
        if (destination_from_sockaddr(item->ai_addr, item->ai_addrlen, &destination))
            add(out, &destination.addr);
    }
    if (list != NULL)
        freeaddrinfo(list);
}

static void answer(const char *name, int descriptor)
{
    struct lookup result;
    const char *at = (const char *)&result;
    size_t left = sizeof result;
    ask(name, &result);
    for (ssize_t written = 1; left > 0 && written > 0; at += written, left -= (size_t)written)
        written = write(descriptor, at, left);
    _exit(0);
}

static int milliseconds_until(const struct timespec *end)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long left = (end->tv_sec - now.tv_sec) * 1000LL + (end->tv_nsec - now.tv_nsec) / 1000000;
    return left > 0 ? (int)left : 0;
}

/* Reads the child's answer; false when it does not come in time, or not as a whole. */
static bool read_answer(int descriptor, unsigned milliseconds, struct lookup *out)
{
    struct timespec end;
    size_t got = 0;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += milliseconds / 1000;
    end.tv_nsec += milliseconds % 1000 * 1000000L;
    while (got < sizeof *out) {
        struct pollfd question = {.fd = descriptor, .events = POLLIN};
        int ready = poll(&question, 1, milliseconds_until(&end));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0) {
            out->timed_out = ready == 0;
            return false;
        }
        ssize_t length = read(descriptor, (char *)out + got, sizeof *out - got);
        if (length <= 0)
            return false;
        got += (size_t)length;
    }
    return true;
}

void lookup_name(const char *name, unsigned milliseconds, struct lookup *out)
{
    int ends[2];
    pid_t child = -1;
    *out = (struct lookup){0};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fail(out, strerror(errno));
        return;
    }
    child = fork();
    if (child == 0)
        answer(name, ends[1]);
    int code = errno;
    close(ends[1]);
    if (child < 0) {
        fail(out, strerror(code));
    } else {
        struct lookup answered = {0};
        bool whole = read_answer(ends[0], milliseconds, &answered);
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
        if (whole)
            *out = answered;
        else
            fail(out, answered.timed_out ? "no answer" : "the resolver failed");
        out->timed_out = !whole && answered.timed_out;
    }
    close(ends[0]);
}
