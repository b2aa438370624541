/* failures.h - ordinary destinations that failed (failures = 1).
 *
 * Async-signal-safe; errno is left alone. */
#ifndef ASTRAY_PRELOAD_FAILURES_H
#define ASTRAY_PRELOAD_FAILURES_H

#include <stdbool.h>

#include "attempt.h"

/* Has any been told of lately? A quick test. */
bool failures_any(void);

/* Tells that ATTEMPT, whose `began` is set, failed with ERROR, and remembers its name; or forgives
 * it at once, where another attempt reached that name meanwhile. */
void failures_tell(struct attempt *attempt, int error);

/* ATTEMPT succeeded: an earlier failure of the same name and port (::1 refused, then 127.0.0.1) is
 * no trouble. Writes an end with the outcome "success" for that failure, whose fields it
 * repeats. While other attempts are under way the name is remembered for them (a slow ::1 that is
 * given up as soon as 127.0.0.1 has answered). */
void failures_forgive(struct attempt *attempt);

#endif
