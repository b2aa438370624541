#include "histogram.h"

#include <string.h>

/* Some 65 ms: the narrowest bucket. */
#define SHIFT_MIN 16

/* Doubles the width of the buckets. */
static void widen(struct histogram *histogram)
{
    uint64_t base = histogram->base >> 1;
    for (size_t i = 0; i < histogram->used; i++) {
        uint32_t count = histogram->counts[i];
        histogram->counts[i] = 0;
        histogram->counts[((histogram->base + i) >> 1) - base] += count;
    }
    histogram->used = (uint8_t)(((histogram->base + histogram->used - 1) >> 1) - base + 1);
    histogram->base = base;
    histogram->shift++;
}

/* Makes bucket BUCKET, which lies in front of the first, the first. */
static void move_base(struct histogram *histogram, uint64_t bucket)
{
    size_t by = (size_t)(histogram->base - bucket);
    memmove(histogram->counts + by, histogram->counts, histogram->used * sizeof *histogram->counts);
    memset(histogram->counts, 0, by * sizeof *histogram->counts);
    histogram->used = (uint8_t)(histogram->used + by);
    histogram->base = bucket;
}

void histogram_add(struct histogram *histogram, uint64_t time, uint32_t count)
{
    if (histogram->used == 0) {
        histogram->shift = SHIFT_MIN;
        histogram->base = time >> SHIFT_MIN;
        histogram->used = 1;
    }
    uint64_t bucket = time >> histogram->shift;
    while (bucket >= histogram->base + HISTOGRAM_BUCKETS ||
           bucket + HISTOGRAM_BUCKETS < histogram->base + histogram->used) {
        widen(histogram);
        bucket = time >> histogram->shift;
    }
    if (bucket < histogram->base)
        move_base(histogram, bucket);
    size_t index = (size_t)(bucket - histogram->base);
    histogram->counts[index] += count;
    if (index >= histogram->used)
        histogram->used = (uint8_t)(index + 1);
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    while (histogram->used > 0 && histogram->shift < other->shift)
        widen(histogram);
    for (size_t i = 0; i < other->used; i++)
        if (other->counts[i] > 0)
            histogram_add(histogram, (other->base + i) << other->shift, other->counts[i]);
}

void histogram_spread(const struct histogram *histogram, uint64_t first, uint64_t last,
                      uint64_t *columns, size_t count)
{
    uint64_t width = (last - first) / count + 1;
    memset(columns, 0, count * sizeof *columns);
    for (size_t i = 0; i < histogram->used; i++) {
        uint64_t half = UINT64_C(1) << histogram->shift >> 1;
        uint64_t middle = ((histogram->base + i) << histogram->shift) + half;
        middle = middle < first ? first : middle > last ? last : middle;
        columns[(middle - first) / width] += histogram->counts[i];
    }
}
