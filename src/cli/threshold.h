/* threshold.h - "so many within such a time", in a fixed amount of memory. Pure. */
#ifndef ASTRAY_CLI_THRESHOLD_H
#define ASTRAY_CLI_THRESHOLD_H

#include <stdbool.h>
#include <stdint.h>

#include <astray/text.h>

#define THRESHOLD_SLOTS 16

struct threshold_rule {
    uint32_t count; /* 0: every one counts */
    uint64_t span;  /* microseconds */
};

/* What happened lately. All zero is nothing. Up to THRESHOLD_SLOTS the times themselves are
 * kept; above, SPAN is parted into fifteenths, and what is looked at is never less than SPAN and
 * at most one part more. */
struct threshold {
    uint64_t newest; /* the latest time; the number of its part when there are parts */
    uint64_t slots[THRESHOLD_SLOTS];
    uint8_t used;
};

/* Reads "5/60s". */
bool threshold_parse(struct slice text, struct threshold_rule *out);

/* Notes one at TIME (microseconds; one that is older than the newest counts as that). True when
 * it is the last of RULE's count within its span; counting begins anew then. */
bool threshold_add(struct threshold *threshold, const struct threshold_rule *rule, uint64_t time);

/* Would one at NOW find nothing that still counts? */
bool threshold_is_idle(const struct threshold *threshold, const struct threshold_rule *rule,
                       uint64_t now);

#endif
