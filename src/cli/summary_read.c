#include "summary_read.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "say.h"

/* ---- one log ---------------------------------------------------------- */

/* A part of a file, and what one thread counts in it. */
struct part {
    int descriptor;
    uint64_t start, end;
    struct logfile_reader reader;
    struct logfile_counts counts;
    struct groups groups;
    int error;
    pthread_t thread;
    bool started;
};

static void *read_part(void *context)
{
    struct part *part = context;
    part->error =
        logfile_read_part(part->descriptor, part->start, part->end, &part->reader, &part->counts);
    return NULL;
}

static void add_counts(struct logfile_counts *counts, const struct logfile_counts *more)
{
    counts->too_long += more->too_long;
    counts->cut_short = counts->cut_short || more->cut_short;
    counts->corrupt = counts->corrupt || more->corrupt;
}

static unsigned thread_count(uint64_t bytes)
{
    cpu_set_t cores;
    int usable = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
    uint64_t count = bytes / SUMMARY_PART_MIN;
    if (count > (uint64_t)usable)
        count = (uint64_t)usable;
    return count < 1 ? 1 : count > SUMMARY_THREADS_MAX ? SUMMARY_THREADS_MAX : (unsigned)count;
}

/* The caller's thread reads the first part straight into GROUPS; the others are merged in the
 * order of the file, so that the result is always the same. */
static int read_parts(int descriptor, uint64_t offset, uint64_t size, struct groups *groups,
                      struct logfile_counts *counts, const struct logfile_reader *reader)
{
    unsigned count = thread_count(size - offset);
    uint64_t share = (size - offset) / count;
    struct part parts[SUMMARY_THREADS_MAX];
    for (unsigned i = 1; i < count; i++) {
        struct part *part = &parts[i];
        *part = (struct part){
            .descriptor = descriptor,
            .start = offset + i * share,
            .end = i + 1 < count ? offset + (i + 1) * share : UINT64_MAX,
            .reader = {.take = groups_take, .context = &part->groups},
        };
        groups_start_alike(&part->groups, groups);
        part->started = pthread_create(&part->thread, NULL, read_part, part) == 0;
    }
    int error = logfile_read_part(descriptor, offset, count > 1 ? offset + share : UINT64_MAX,
                                  reader, counts);
    for (unsigned i = 1; i < count; i++) {
        if (parts[i].started)
            pthread_join(parts[i].thread, NULL);
        else
            read_part(&parts[i]);
        error = error != 0 ? error : parts[i].error;
        groups_merge(groups, &parts[i].groups);
        add_counts(counts, &parts[i].counts);
    }
    return error;
}

int summary_read_log(const char *path, uint64_t offset, struct groups *groups,
                     struct logfile_counts *counts, logfile_progress *progress,
                     void *progress_context)
{
    struct stat status;
    struct logfile_reader reader = {groups_take, groups, progress, progress_context};
    int error, descriptor = logfile_open(path);
    if (descriptor < 0)
        return descriptor;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) ||
        logfile_is_gzip(descriptor)) {
        error = logfile_read(descriptor, &reader, counts);
    } else {
        uint64_t size = (uint64_t)status.st_size;
        error = read_parts(descriptor, offset <= size ? offset : 0, size, groups, counts, &reader);
    }
    close(descriptor);
    return error;
}

/* ---- many ------------------------------------------------------------- */

struct progress {
    bool wanted, shown;
    time_t started, told;
    uint64_t done; /* bytes, of the first of several threads */
};

static time_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static void show_progress(void *context, uint64_t bytes)
{
    struct progress *progress = context;
    progress->done += bytes;
    time_t time = now();
    if (time - progress->started < 2 || time == progress->told)
        return;
    progress->told = time;
    progress->shown = true;
    fprintf(stderr, "\rastray: %" PRIu64 " MB read", progress->done / 1000000);
    fputs("\x1b[K", stderr);
}

static void end_progress(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\x1b[K", stderr);
    progress->shown = false;
}

static void tell_left_out(const char *path, uint64_t foreign, uint64_t cut_off,
                          const struct logfile_counts *counts)
{
    char text[96];
    foreign += counts->too_long;
    if (foreign > 0) {
        snprintf(text, sizeof text,
                 foreign == 1 ? "1 line is no record of astray"
                              : "%" PRIu64 " lines are no records of astray",
                 foreign);
        say_error("left out", path, text);
    }
    if (cut_off > 0)
        say_error("left out", path, "the last line is cut off");
    if (counts->cut_short)
        say_error("read in part", path, "the compressed file ends too early");
    if (counts->corrupt)
        say_error("read in part", path, "the compressed data is damaged");
}

static bool read_one(const char *path, struct groups *groups, struct logfile_counts *counts,
                     struct progress *progress)
{
    struct logfile_counts here = {0};
    uint64_t foreign = groups->foreign, cut_off = groups->cut_off;
    int error =
        summary_read_log(path, 0, groups, &here, progress->wanted ? show_progress : NULL, progress);
    end_progress(progress);
    tell_left_out(path, groups->foreign - foreign, groups->cut_off - cut_off, &here);
    add_counts(counts, &here);
    if (error != 0)
        say_errno("cannot read", path, -error);
    return error == 0;
}

unsigned summary_read_logs(const struct logfile_list *logs, struct groups *groups,
                           struct logfile_counts *counts)
{
    unsigned unreadable = 0;
    struct progress progress = {.wanted = isatty(STDERR_FILENO) != 0, .started = now()};
    for (size_t i = 0; i < logs->count; i++)
        if (!read_one(logs->paths[i], groups, counts, &progress))
            unreadable++;
    if (groups->out_of_memory)
        say_error("not everything was counted", NULL, "out of memory");
    return unreadable;
}
