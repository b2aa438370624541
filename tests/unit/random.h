/* random.h - numbers without a pattern, the same in every run (xorshift64; Marsaglia, 2003). */
#ifndef ASTRAY_TESTS_RANDOM_H
#define ASTRAY_TESTS_RANDOM_H

#include <stdint.h>

/* A test that wants a sample of its own sets it first, to anything but 0. */
static uint64_t random_state = 0x853c49e6748fea9b;

static inline uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* A number from 0 to LIMIT - 1. */
static inline uint64_t random_below(uint64_t limit)
{
    return (random_next() >> 4) % limit;
}

#endif
