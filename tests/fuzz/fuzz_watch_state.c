/* The state of a watch: what is damaged is refused, and what is taken comes out again the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "follow.h"
#include "handler.h"
#include "metrics.h"
#include "watch_state.h"
#include "windows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct metrics metrics;

static void tell(void *context, const struct alert *alert)
{
    (void)context;
    if (alert->group.attempts == 0)
        abort(); /* there is nothing to tell */
}

static void take(void *context, struct slice line, bool complete)
{
    (void)context;
    (void)line;
    (void)complete;
}

/* Everything that the parts save, on the heap. */
static char *save(const struct follow *follow, const struct windows *windows,
                  const struct handler *handler, size_t *length)
{
    char *text = NULL;
    FILE *stream = open_memstream(&text, length);
    if (stream == NULL)
        abort();
    watch_state_begin(stream, 1);
    follow_save(follow, stream);
    metrics_save(&metrics, stream);
    windows_save(windows, stream);
    handler_save(handler, stream);
    fflush(stream);
    watch_state_seal(stream, (struct slice){text, *length});
    fclose(stream);
    return text;
}

/* Reads LINES into all parts, and returns what these save. */
static char *carry_over(struct slice lines, size_t *length)
{
    const struct follow_plan plan = {.once = true};
    const struct logfile_reader reader = {.take = take};
    const struct windows_rule rule = {{5, 60000000}, 60000000};
    struct follow *follow = follow_new(&plan, &reader);
    struct windows windows;
    struct handler handler;
    struct slice line;
    memset(&metrics, 0, sizeof metrics);
    windows_start(&windows, &rule, 16, 1);
    windows.tell = tell;
    handler_start(&handler, "true", 1000000);
    if (follow == NULL)
        abort();
    while (slice_cut(&lines, '\n', &line))
        if (!follow_load(follow, line) && !metrics_load(&metrics, line) &&
            !windows_load(&windows, line))
            handler_load(&handler, line);
    char *text = save(follow, &windows, &handler, length);
    windows_expire(&windows, UINT64_MAX);
    handler_free(&handler);
    windows_free(&windows);
    follow_free(follow);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice whole = {(const char *)data, size}, lines;
    uint64_t generation;
    size_t first_length, second_length;
    watch_state_check(whole, &generation, &lines);
    char *first = carry_over(whole, &first_length);
    if (!watch_state_check((struct slice){first, first_length}, &generation, &lines))
        abort();
    char *second = carry_over(lines, &second_length);
    if (first_length != second_length || memcmp(first, second, first_length) != 0)
        abort();
    free(first);
    free(second);
    return 0;
}
