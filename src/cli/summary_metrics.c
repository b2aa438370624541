#include "summary_metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <astray/record.h>

#include "metrics.h"
#include "say.h"
#include "sight.h"
#include "when.h"

struct counting {
    const struct group_filter *filter;
    struct metrics metrics;
    uint64_t now;
    bool stray;
};

static bool is_wanted(const struct group_filter *filter, const struct sight *sight)
{
    struct slice run = sight->line->fields[RECORD_RUN];
    return sight->time >= filter->since && sight->time < filter->until &&
           (filter->run == NULL || (run.data != NULL && record_equals(run, slice_of(filter->run))));
}

static void take(void *context, struct slice line, bool complete)
{
    struct counting *counting = context;
    struct record_line record;
    struct sight sight;
    if (line.length == 0)
        return;
    if (record_decode(line, &record) != RECORD_OK) {
        counting->metrics.totals[METRICS_UNREADABLE] += complete;
        return;
    }
    sight_read(&record, &sight);
    if (!is_wanted(counting->filter, &sight))
        return;
    sight_read_texts(&sight);
    metrics_take(&counting->metrics, &sight, counting->now);
    counting->stray = counting->stray || (sight.kind == GROUP_STRAY && sight.attempt);
}

static int read_log(const char *path, struct counting *counting)
{
    struct logfile_counts counts = {0};
    const struct logfile_reader reader = {.take = take, .context = counting};
    int descriptor = logfile_open(path);
    if (descriptor < 0)
        return descriptor;
    int error = logfile_read(descriptor, &reader, &counts);
    counting->metrics.totals[METRICS_UNREADABLE] += counts.too_long;
    close(descriptor);
    return error != 0 ? error : counts.corrupt || counts.cut_short ? -EBADMSG : 0;
}

unsigned summary_metrics_write(const struct logfile_list *logs, const struct group_filter *filter,
                               FILE *stream, bool *stray)
{
    unsigned unreadable = 0;
    struct counting *counting = calloc(1, sizeof *counting);
    *stray = false;
    if (counting == NULL) {
        say_errno("cannot count", NULL, ENOMEM);
        return 1;
    }
    counting->filter = filter;
    counting->now = when_now();
    for (size_t i = 0; i < logs->count; i++) {
        int error = read_log(logs->paths[i], counting);
        if (error != 0)
            say_errno("cannot read all of", logs->paths[i], -error);
        unreadable += error != 0;
    }
    metrics_write(&counting->metrics, stream);
    *stray = counting->stray;
    free(counting);
    return unreadable;
}
