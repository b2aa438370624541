/* errors.h - how a connection may fail: names, slugs and meanings.
 *
 * strerror(3) depends on the locale and may allocate; strerrorname_np is glibc's alone. Pure. */
#ifndef ASTRAY_PRELOAD_ERRORS_H
#define ASTRAY_PRELOAD_ERRORS_H

#include <stdbool.h>

/* Ends that are no errno: the program closed the socket before there was an answer; it failed, and
 * the error was taken by a call that we do not see; it was connected to itself. */
enum { ERRORS_ABANDONED = -1, ERRORS_UNSEEN = -2, ERRORS_SELF = -3 };

/* "ECONNREFUSED"; "" for an end that is no errno, or is not in the table. */
const char *errors_name(int error);

/* "connection-refused", "abandoned"; "failed" for what is not in the table. */
const char *errors_slug(int error);

/* "connection refused"; "failed" for what is not in the table. */
const char *errors_meaning(int error);

/* Is ERROR the end of an attempt, and not a mistake in the call (EBADF, EINVAL, ...)? */
bool errors_end_an_attempt(int error);

#endif
