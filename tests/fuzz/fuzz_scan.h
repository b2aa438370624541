/* fuzz_scan.h - any bytes as a file of one type: every report keeps within its bounds, the judge
 * takes it, and a window that is cut is never said to be done with beyond its end. */
#ifndef ASTRAY_TESTS_FUZZ_SCAN_H
#define ASTRAY_TESTS_FUZZ_SCAN_H

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#include "judge.h"
#include "scan_quick.h"

static struct judge *fuzz_judge;
static size_t fuzz_lines;

static inline void fuzz_found(void *context, const struct finding *finding)
{
    (void)context;
    if (finding->rule >= RULE_COUNT || finding->message == NULL)
        abort();
}

static inline void fuzz_item(void *context, const struct scan_item *item)
{
    (void)context;
    unsigned long sum = 0;
    for (size_t i = 0; i < item->text.length; i++)
        sum += (unsigned char)item->text.data[i];
    for (size_t i = 0; i < item->name.length; i++)
        sum += (unsigned char)item->name.data[i];
    /* every byte was readable */
    if (sum == ULONG_MAX || item->line > fuzz_lines || item->first_line > item->line)
        abort();
    judge_item(fuzz_judge, item);
}

static inline int fuzz_scan(scan_function *scanner, const uint8_t *data, size_t size)
{
    struct judge_settings settings = {.given = NULL};
    struct judge judge;
    struct scan scan;
    policy_start(&settings.policy);
    for (int id = 0; id < RULE_COUNT; id++)
        settings.enabled[id] = true;
    struct slice text = {.data = size == 0 ? "" : (const char *)data, .length = size};
    fuzz_lines = 1;
    for (size_t i = 0; i < size; i++)
        fuzz_lines += data[i] == '\n' || data[i] == '\0' || data[i] == '\r' || data[i] >= 0x80;
    scan_quick(text, true);
    for (int last = 0; last < 2; last++) {
        judge_start(&judge, &settings);
        judge.found = fuzz_found;
        fuzz_judge = &judge;
        scan_start(&scan, fuzz_item, NULL);
        scan.last = last == 1;
        size_t done = scanner(&scan, text);
        if (done > size || (last == 1 && done != size))
            abort();
        scan_stop(&scan);
        judge_stop(&judge);
    }
    return 0;
}

#endif
