#include "threshold.h"

#include <string.h>

#include "when.h"

#define COUNT_MAX 1000000

bool threshold_parse(struct slice text, struct threshold_rule *out)
{
    uint64_t count, span;
    size_t at = slice_find(text, '/');
    if (!slice_number((struct slice){text.data, at}, COUNT_MAX, &count) || count == 0 ||
        !when_parse_span(slice_from(text, at + 1), &span) || span == 0)
        return false;
    *out = (struct threshold_rule){(uint32_t)count, span};
    return true;
}

static uint64_t part_width(const struct threshold_rule *rule)
{
    return (rule->span + THRESHOLD_SLOTS - 2) / (THRESHOLD_SLOTS - 1);
}

/* Slots are the last times, one after the other in a ring. */
static bool add_time(struct threshold *threshold, const struct threshold_rule *rule, uint64_t time)
{
    if (time < threshold->newest)
        time = threshold->newest;
    threshold->newest = time;
    if (threshold->used < rule->count) {
        threshold->slots[threshold->used++] = time;
    } else {
        memmove(threshold->slots, threshold->slots + 1,
                (rule->count - 1) * sizeof *threshold->slots);
        threshold->slots[rule->count - 1] = time;
    }
    return threshold->used == rule->count && time - threshold->slots[0] <= rule->span;
}

/* Forgets the parts that lie behind when PART becomes the newest. */
static void advance(struct threshold *threshold, uint64_t part)
{
    uint64_t steps = part - threshold->newest;
    for (uint64_t i = 1; i <= steps && i <= THRESHOLD_SLOTS; i++)
        threshold->slots[(part - i + 1) % THRESHOLD_SLOTS] = 0;
    threshold->newest = part;
}

/* Slots are counts of the last parts; USED tells only that there are any. */
static bool add_to_part(struct threshold *threshold, const struct threshold_rule *rule,
                        uint64_t time)
{
    uint64_t part = time / part_width(rule), sum = 0;
    if (threshold->used == 0)
        threshold->newest = part;
    else if (part > threshold->newest)
        advance(threshold, part);
    threshold->used = 1;
    threshold->slots[threshold->newest % THRESHOLD_SLOTS]++;
    for (unsigned i = 0; i < THRESHOLD_SLOTS; i++)
        sum += threshold->slots[i];
    return sum >= rule->count;
}

bool threshold_add(struct threshold *threshold, const struct threshold_rule *rule, uint64_t time)
{
    bool reached = rule->count <= THRESHOLD_SLOTS ? add_time(threshold, rule, time)
                                                  : add_to_part(threshold, rule, time);
    if (reached)
        *threshold = (struct threshold){0};
    return reached;
}

bool threshold_is_idle(const struct threshold *threshold, const struct threshold_rule *rule,
                       uint64_t now)
{
    if (threshold->used == 0)
        return true;
    if (rule->count <= THRESHOLD_SLOTS)
        return now > threshold->newest && now - threshold->newest > rule->span;
    uint64_t part = now / part_width(rule);
    return part > threshold->newest && part - threshold->newest >= THRESHOLD_SLOTS;
}
