/* when.h - points in time and spans, as options give them; microseconds throughout. */
#ifndef ASTRAY_CLI_WHEN_H
#define ASTRAY_CLI_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include <astray/text.h>

#define WHEN_SECOND UINT64_C(1000000)

/* Since the epoch. */
uint64_t when_now(void);

/* A point in time: an RFC 3339 time (in UTC unless it has a zone), a day, or how long ago
 * ("45s", "30m", "2h", "7d", "2w"). Microseconds since the epoch. */
bool when_parse(const char *text, uint64_t *out);

/* "45s", "30m", "2h", "7d", "2w". */
bool when_parse_span(struct slice text, uint64_t *out);

#endif
