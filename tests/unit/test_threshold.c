#include "threshold.h"

#include <stdio.h>
#include <string.h>

#include "guard.h"
#include "unit.h"
#include "when.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define START (UINT64_C(1789948800) * WHEN_SECOND)

START_TEST(reads_a_number_and_a_time)
{
    static const struct {
        const char *text;
        bool good;
        uint32_t count;
        uint64_t seconds;
        const char *why;
    } rows[] = {
        {"5/60s", true, 5, 60, "plain"},
        {"1/1s", true, 1, 1, "the least"},
        {"100/2h", true, 100, 7200, "hours"},
        {"1000000/1d", true, 1000000, 86400, "the most"},
        {"1000001/1d", false, 0, 0, "too many"},
        {"0/60s", false, 0, 0, "none"},
        {"5/0s", false, 0, 0, "no time"},
        {"5", false, 0, 0, "no time at all"},
        {"5/", false, 0, 0, "an empty time"},
        {"/60s", false, 0, 0, "no number"},
        {"5/60", false, 0, 0, "no unit"},
        {"5/60x", false, 0, 0, "an unknown unit"},
        {"-5/60s", false, 0, 0, "a sign"},
        {"5/60s ", false, 0, 0, "a blank"},
        {"5/60s/2", false, 0, 0, "too much"},
        {"", false, 0, 0, "nothing"},
        {"99999999999999999999999/60s", false, 0, 0, "an overflow"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct threshold_rule rule = {7, 7};
        size_t length = strlen(rows[i].text);
        const char *text = guard_copy(rows[i].text, length);
        bool good = threshold_parse((struct slice){text, length}, &rule);
        ck_assert_msg(good == rows[i].good, "%s", rows[i].why);
        ck_assert_msg(rule.count == (good ? rows[i].count : 7), "%s", rows[i].why);
        ck_assert_msg(rule.span == (good ? rows[i].seconds * WHEN_SECOND : 7), "%s", rows[i].why);
    }
    struct threshold_rule rule;
    ck_assert(!threshold_parse((struct slice){"5/6\0s", 5}, &rule));
}
END_TEST

/* How many of COUNT times, EVERY apart, reach a threshold of NUMBER within SPAN. */
static unsigned fire(uint32_t number, uint64_t span, unsigned count, uint64_t every)
{
    const struct threshold_rule rule = {number, span};
    struct threshold threshold = {0};
    unsigned fired = 0;
    for (unsigned i = 0; i < count; i++)
        fired += threshold_add(&threshold, &rule, START + i * every);
    return fired;
}

START_TEST(fires_when_so_many_come_within_the_time_and_begins_anew)
{
    static const struct {
        uint32_t number;
        uint64_t span, every;
        unsigned count, wanted;
        const char *why;
    } rows[] = {
        {1, 60, 1, 3, 3, "every one"},
        {5, 60, 1, 4, 0, "one too few"},
        {5, 60, 1, 5, 1, "just enough"},
        {5, 60, 1, 9, 1, "counting begins anew"},
        {5, 60, 1, 10, 2, "twice"},
        {5, 60, 15, 100, 20, "the span itself is included"},
        {5, 60, 16, 100, 0, "too far apart for ever"},
        {16, 60, 4, 100, 6, "the most whose times are kept"},
        {16, 60, 5, 100, 0, "too far apart, of these"},
        {17, 60, 1, 16, 0, "parts: one too few"},
        {17, 60, 1, 17, 1, "parts: just enough"},
        {100, 60, 1, 1000, 0, "parts: sixty in a minute never make a hundred"},
        {50, 60, 1, 500, 10, "parts: fifty do"},
        {1000, 1, 0, 3000, 3, "all at the same time"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        ck_assert_msg(fire(rows[i].number, rows[i].span * WHEN_SECOND, rows[i].count,
                           rows[i].every * WHEN_SECOND) == rows[i].wanted,
                      "%s", rows[i].why);
}
END_TEST

/* With parts, what is looked at is never less than the span, and at most a fifteenth more. */
START_TEST(parts_never_miss_and_hardly_exceed)
{
    const struct threshold_rule rule = {20, 150 * WHEN_SECOND};
    for (uint64_t offset = 0; offset < 30; offset++) {
        struct threshold inside = {0}, outside = {0};
        bool fired = false;
        for (unsigned i = 0; i < 19; i++)
            ck_assert(!threshold_add(&inside, &rule, START + offset * WHEN_SECOND));
        ck_assert(threshold_add(&inside, &rule, START + (offset + 150) * WHEN_SECOND));
        for (unsigned i = 0; i < 19; i++)
            fired = fired || threshold_add(&outside, &rule, START + offset * WHEN_SECOND);
        fired = fired || threshold_add(&outside, &rule, START + (offset + 161) * WHEN_SECOND);
        ck_assert(!fired);
    }
}
END_TEST

START_TEST(a_clock_that_goes_back_counts_as_now)
{
    static const uint32_t numbers[] = {5, 20};
    for (size_t n = 0; n < COUNT(numbers); n++) {
        const struct threshold_rule rule = {numbers[n], 60 * WHEN_SECOND};
        struct threshold threshold = {0};
        unsigned fired = 0;
        for (unsigned i = 0; i < numbers[n]; i++)
            fired += threshold_add(&threshold, &rule, START - i * 3600 * WHEN_SECOND);
        ck_assert_uint_eq(fired, 1);
    }
}
END_TEST

START_TEST(is_idle_when_nothing_counts_any_more)
{
    static const uint32_t numbers[] = {5, 20};
    for (size_t n = 0; n < COUNT(numbers); n++) {
        const struct threshold_rule rule = {numbers[n], 150 * WHEN_SECOND};
        struct threshold threshold = {0};
        ck_assert(threshold_is_idle(&threshold, &rule, START));
        threshold_add(&threshold, &rule, START);
        ck_assert(!threshold_is_idle(&threshold, &rule, START));
        ck_assert(!threshold_is_idle(&threshold, &rule, START + 150 * WHEN_SECOND));
        ck_assert(threshold_is_idle(&threshold, &rule, START + 171 * WHEN_SECOND));
        ck_assert(!threshold_is_idle(&threshold, &rule, START - 3600 * WHEN_SECOND));
    }
}
END_TEST

static const TTest *const tests[] = {
    reads_a_number_and_a_time,
    fires_when_so_many_come_within_the_time_and_begins_anew,
    parts_never_miss_and_hardly_exceed,
    a_clock_that_goes_back_counts_as_now,
    is_idle_when_nothing_counts_any_more,
};
UNIT_MAIN("threshold", tests)
