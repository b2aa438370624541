/* histogram.h - how often over time, in a fixed amount of memory: buckets get wider as the span
 * grows. Nothing here allocates. */
#ifndef ASTRAY_CLI_HISTOGRAM_H
#define ASTRAY_CLI_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 64

/* Bucket I counts the times T (microseconds since the epoch) with T >> shift == base + I. All
 * zero is an empty one. */
struct histogram {
    uint64_t base;
    uint32_t counts[HISTOGRAM_BUCKETS];
    uint8_t shift;
    uint8_t used; /* buckets up to the last that is not empty; 0: empty */
};

void histogram_add(struct histogram *histogram, uint64_t time, uint32_t count);

/* Adds all of OTHER. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* Spreads the counts over COUNT columns that part the span FIRST to LAST evenly. */
void histogram_spread(const struct histogram *histogram, uint64_t first, uint64_t last,
                      uint64_t *columns, size_t count);

#endif
