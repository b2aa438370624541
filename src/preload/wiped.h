/* wiped.h - the claims on the library's static memory, on a page that a forked child finds empty.
 *
 * In the child nobody is left to give back what another thread held, and what was true of the
 * parent is not of the child. Below vfork the memory is the parent's, and so are the claims.
 * Async-signal-safe. */
#ifndef ASTRAY_PRELOAD_WIPED_H
#define ASTRAY_PRELOAD_WIPED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

enum { WIPED_SLOTS = 32, WIPED_ORIGINS = 64, WIPED_FLIGHTS = 256, WIPED_ANSWERS = 64 };

/* Something that is written once and only read from then on: empty, being filled, or the pid of
 * the process for which it is true. */
typedef _Atomic(pid_t) wiped_once;

struct wiped {
    atomic_bool slots[WIPED_SLOTS]; /* claimed */
    atomic_bool problem_told;
    wiped_once process;
    _Atomic(pid_t) owner; /* of the descriptors in flights */
    wiped_once origins[WIPED_ORIGINS];
    _Atomic(int) flights[WIPED_FLIGHTS];      /* 0: empty; WIPED_BUSY; else the descriptor + 1 */
    _Atomic(unsigned) answers[WIPED_ANSWERS]; /* the versions of what listeners.c remembers */
} __attribute__((aligned(4096)));

enum { WIPED_BUSY = -1 };

extern struct wiped wiped;

/* To be called before the first claim: asks the kernel to wipe the page in children (one
 * madvise(2) a process; Linux 4.14). Where it cannot, a child reads its own facts for every
 * record, and may miss the slots that other threads held at the fork. Returns whether it is known
 * that it can. errno is left alone. */
bool wiped_prepare(void);

/* Is CELL filled, and true for the process PID? */
bool wiped_once_is(const wiped_once *cell, pid_t pid);

/* True for the one caller that is to fill CELL and then calls wiped_once_end. */
bool wiped_once_begin(wiped_once *cell);
void wiped_once_end(wiped_once *cell, pid_t pid);

#endif
