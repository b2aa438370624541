/* intercept.h - the one path behind every hook: copy, verdict, record, real call.
 *
 * The caller's memory is only read, and only when the kernel could read it too. errno is what
 * the real call left; a call that succeeded leaves it as it was. Async-signal-safe, but for what
 * real.h tells of a function's first use. */
#ifndef ASTRAY_PRELOAD_INTERCEPT_H
#define ASTRAY_PRELOAD_INTERCEPT_H

#include <netdb.h>
#include <stdbool.h>
#include <sys/socket.h>

#include <astray/policy.h>

#include "attempt.h"
#include "flights.h"
#include "state.h"

/* What a hook is exported with; everything else in the library is hidden. */
#define INTERCEPT_EXPORT __attribute__((visibility("default")))

/* May this destination be stray? The clean path: no lock, no allocation, and no system call but
 * the one that memory.h tells of. False for what cannot be read, and for lengths and families
 * that are the kernel's to refuse. */
bool intercept_suspects(const struct sockaddr *address, socklen_t length);

/* Is the end of connections of interest, be they stray or not? */
static inline bool intercept_follows(void)
{
    return flights_any() || (state_active() && state.policy->failures);
}

/* connect(), where one of the two above said so; SUSPECT is what the first one said. */
int intercept_connect(int descriptor, const struct sockaddr *address, socklen_t length,
                      bool suspect);

/* A copy of a socket address. */
union intercept_address {
    struct sockaddr any;
    struct sockaddr_storage room;
};

/* Judges a send of CALL to the suspect ADDRESS, and fills in *ATTEMPT when it is stray. Whether it
 * is; errno is left alone. */
bool intercept_judge_send(struct attempt *attempt, const char *call, int descriptor,
                          const struct sockaddr *address, socklen_t length, int flags);

/* Puts what ATTEMPT is rewritten to into *COPY, a copy of its address. */
void intercept_rewrite(const struct attempt *attempt, union intercept_address *copy);

/* Turns a rewriting into a detection, where several messages share a call. */
void intercept_keep_address(struct attempt *attempt);

/* Tells that a blocked send failed, and sets errno. Returns -1. */
int intercept_deny(struct attempt *attempt);

/* Tells how the send of ATTEMPT ended: ERROR is 0 or its errno. */
void intercept_tell_send(struct attempt *attempt, int descriptor, int error);

/* The program asked for the error of DESCRIPTOR, and was told ERROR. */
void intercept_learn_error(int descriptor, int error);

/* The program is about to close DESCRIPTOR. */
void intercept_learn_close(int descriptor);

/* Remembers that the resolver answered NODE with LIST, or with HOST. PASSIVE: what came of an
 * address is to be bound, and not remembered. */
void intercept_remember(const char *node, const struct addrinfo *list, bool passive);
void intercept_remember_host(const char *node, const struct hostent *host);

#endif
