/* notify.h - tells a service manager how we are: sd_notify(3)'s protocol, without its library. */
#ifndef ASTRAY_CLI_NOTIFY_H
#define ASTRAY_CLI_NOTIFY_H

#include <stdint.h>

/* Where to tell it, and how often. */
struct notify {
    int descriptor;    /* -1: nobody listens */
    uint64_t interval; /* microseconds between two signs of life; 0: none are wanted */
    uint64_t next;     /* when the next is due (CLOCK_MONOTONIC, microseconds) */
};

/* Reads NOTIFY_SOCKET (a path, or "@" and an abstract name), WATCHDOG_USEC and WATCHDOG_PID, and
 * takes them out of the environment, so that no child speaks for us. */
void notify_start(struct notify *notify);

/* Sends "READY=1", "STOPPING=1", "STATUS=..."; never blocks, and fails silently. */
void notify_send(const struct notify *notify, const char *message);

/* Sends a sign of life when one is due. Returns the milliseconds until the next, or -1. */
int notify_alive(struct notify *notify);

void notify_end(struct notify *notify);

#endif
