/* sample.h - what the benchmarks share: a clock and a median. */
#ifndef ASTRAY_TESTS_BENCH_SAMPLE_H
#define ASTRAY_TESTS_BENCH_SAMPLE_H

#include <stdlib.h>
#include <time.h>

static inline double sample_now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static inline int sample_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts VALUES. The median of none is 0. */
static inline double sample_median(double *values, size_t count)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof *values, sample_order);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

#endif
