/* errors.h - the names and meanings of the errors a connection ends in.
 *
 * strerror(3) depends on the locale and may allocate; strerrorname_np is glibc's alone. */
#ifndef ASTRAY_PRELOAD_ERRORS_H
#define ASTRAY_PRELOAD_ERRORS_H

/* "ECONNREFUSED"; "" for a number that is not in the table. */
const char *errors_name(int error);

/* "connection refused"; "failed" for a number that is not in the table. */
const char *errors_meaning(int error);

#endif
