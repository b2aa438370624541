#include "seen.h"

#include "unit.h"

START_TEST(remembers_at_least_its_limit_and_at_most_twice_that)
{
    struct seen seen;
    ck_assert(seen_start(&seen, 16));
    for (uint64_t i = 1; i <= 100; i++) {
        ck_assert(seen_add(&seen, i));
        for (uint64_t j = i > 15 ? i - 15 : 1; j <= i; j++)
            ck_assert_msg(!seen_add(&seen, j), "%lu after %lu", (unsigned long)j, (unsigned long)i);
    }
    ck_assert(seen_add(&seen, 68)); /* 32 back */
    seen_free(&seen);
}
END_TEST

START_TEST(hashes_that_collide_are_told_apart)
{
    struct seen seen;
    ck_assert(seen_start(&seen, 16));
    for (uint64_t i = 1; i <= 16; i++)
        ck_assert(seen_add(&seen, i * 32)); /* all in one slot */
    for (uint64_t i = 1; i <= 16; i++)
        ck_assert(!seen_add(&seen, i * 32));
    seen_free(&seen);
}
END_TEST

START_TEST(a_hash_of_zero_is_a_hash)
{
    struct seen seen;
    ck_assert(seen_start(&seen, 16));
    ck_assert(seen_add(&seen, 0));
    ck_assert(!seen_add(&seen, 0));
    seen_free(&seen);
}
END_TEST

START_TEST(without_memory_nothing_is_remembered)
{
    struct seen seen = {0};
    ck_assert(seen_add(&seen, 1));
    ck_assert(seen_add(&seen, 1));
}
END_TEST

static const TTest *const tests[] = {
    remembers_at_least_its_limit_and_at_most_twice_that,
    hashes_that_collide_are_told_apart,
    a_hash_of_zero_is_a_hash,
    without_memory_nothing_is_remembered,
};
UNIT_MAIN("seen", tests)
