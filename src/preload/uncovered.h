/* uncovered.h - programs and plug-ins that the library will not be in, told below `astray run`.
 *
 * Only there: elsewhere nobody would read it, and the calls that start programs are forwarded as
 * they are. Async-signal-safe, also in a vfork child; errno is left alone. */
#ifndef ASTRAY_PRELOAD_UNCOVERED_H
#define ASTRAY_PRELOAD_UNCOVERED_H

#include <stdbool.h>

#include "state.h"

/* Is anybody interested? A quick test. */
static inline bool uncovered_wanted(void)
{
    return (state_active(), state.preloaded) != NULL;
}

/* CALL is about to start PATH with ENVIRONMENT: writes a record when the library will not be in the
 * program, or when that cannot be known. Any pointer will do; what the kernel will refuse is left
 * to it. */
void uncovered_watch(const char *call, const char *path, char *const *environment);

/* The same for a FILE that is searched for in $PATH unless it has a slash, as execvp(3) does. */
void uncovered_watch_search(const char *call, const char *file, char *const *environment);

/* The same for execveat(2). */
void uncovered_watch_at(const char *call, int directory, const char *path, char *const *environment,
                        int flags);

/* The process is about to load a library with RTLD_DEEPBIND. Told once a process. */
void uncovered_watch_plugin(const char *file);

#endif
