/* intercept.h - the one path behind every hook: copy, verdict, record, real call.
 *
 * The caller's memory is only read, and only when the kernel could read it too. errno is what
 * the real call left; a call that succeeded leaves it as it was. */
#ifndef ASTRAY_PRELOAD_INTERCEPT_H
#define ASTRAY_PRELOAD_INTERCEPT_H

#include <netdb.h>
#include <stdbool.h>
#include <sys/socket.h>

/* What a hook is exported with; everything else in the library is hidden. */
#define INTERCEPT_EXPORT __attribute__((visibility("default")))

/* May this destination be stray? The clean path: no lock, no allocation, and no system call but
 * the one that memory.h tells of. False for what cannot be read, and for lengths and families
 * that are the kernel's to refuse. */
bool intercept_suspects(const struct sockaddr *address, socklen_t length);

/* connect() to a suspect ADDRESS. */
int intercept_connect(int descriptor, const struct sockaddr *address, socklen_t length);

/* Remembers that the resolver answered NODE with LIST. */
void intercept_remember(const char *node, const struct addrinfo *list);

#endif
