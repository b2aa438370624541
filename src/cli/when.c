#include "when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <astray/record.h>

uint64_t when_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (uint64_t)time.tv_sec * WHEN_SECOND + (uint64_t)time.tv_nsec / 1000;
}

bool when_parse_span(struct slice text, uint64_t *out)
{
    static const char units[] = "smhdw";
    static const uint64_t seconds[] = {1, 60, 3600, 86400, 604800};
    uint64_t number;
    if (text.length < 2)
        return false;
    const char *unit = memchr(units, text.data[text.length - 1], sizeof units - 1);
    struct slice digits = {text.data, text.length - 1};
    if (unit == NULL || !slice_number(digits, 1000000000, &number))
        return false;
    *out = number * seconds[unit - units] * WHEN_SECOND;
    return true;
}

static bool parse_ago(struct slice text, uint64_t *out)
{
    uint64_t ago, present = when_now();
    if (!when_parse_span(text, &ago))
        return false;
    *out = ago < present ? present - ago : 0;
    return true;
}

/* A day or a time without a zone is in UTC, as it is printed. */
bool when_parse(const char *text, uint64_t *out)
{
    static const char *const endings[] = {"", "Z", "T00:00:00Z"};
    if (parse_ago(slice_of(text), out))
        return true;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char whole[64];
        int length = snprintf(whole, sizeof whole, "%s%s", text, endings[i]);
        if (length < (int)sizeof whole && record_time_parse(whole, (size_t)length, out))
            return true;
    }
    return false;
}
