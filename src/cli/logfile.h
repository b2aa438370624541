/* logfile.h - logs: which ones there are, and their lines.
 *
 * A log is plain text or gzip (told by its first bytes, several members behind each other
 * included), a file, a pipe or a part of a file. Memory does not depend on its size. */
#ifndef ASTRAY_CLI_LOGFILE_H
#define ASTRAY_CLI_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <astray/text.h>

/* Longer lines are none of ours; they are counted and skipped. */
#define LOGFILE_LINE_MAX 65536

/* Takes one line without its newline. COMPLETE: its newline was there. The text holds only
 * during the call. */
typedef void logfile_take(void *context, struct slice line, bool complete);

/* Is told of every piece of a log that was read, BYTES of the file itself. */
typedef void logfile_progress(void *context, uint64_t bytes);

struct logfile_reader {
    logfile_take *take;
    void *context;              /* for take */
    logfile_progress *progress; /* NULL for none */
    void *progress_context;
};

struct logfile_counts {
    uint64_t too_long; /* lines that were skipped */
    bool cut_short;    /* a gzip file that ends in the middle */
    bool corrupt;      /* a gzip file that cannot be unpacked any further */
};

/* Opens PATH for reading; "-" is stdin. Returns a descriptor or -errno; a directory is -EISDIR. */
int logfile_open(const char *path);

/* Does DESCRIPTOR hold gzip, as its first bytes say? Only for a regular file. */
bool logfile_is_gzip(int descriptor);

/* Reads what follows at DESCRIPTOR to its end: a pipe, a file, gzip or plain. Returns 0 or
 * -errno. COUNTS is added to. */
int logfile_read(int descriptor, const struct logfile_reader *reader,
                 struct logfile_counts *counts);

/* Reads the lines of a regular plain file that begin at byte START or later and before byte END
 * (UINT64_MAX: to its end). A line that begins before START is left to whoever reads that part. */
int logfile_read_part(int descriptor, uint64_t start, uint64_t end,
                      const struct logfile_reader *reader, struct logfile_counts *counts);

/* Is NAME, without its directory, that of a log, a rotated one or a compressed one? */
bool logfile_is_log(const char *name);

/* Paths, each on the heap. */
struct logfile_list {
    char **paths;
    size_t count;
    size_t room;
};

/* Appends PATH, or, when it is a directory, the logs in it by name: *.ndjson, rotated ones
 * (*.ndjson.1, *.ndjson-20260921) and compressed ones (.gz). Returns 0 or -errno. */
int logfile_list_add(struct logfile_list *list, const char *path);

/* Appends the logs that commands read when none is named: that of `astray run`, and those of
 * /var/log/astray that may be read. */
void logfile_list_add_defaults(struct logfile_list *list);

void logfile_list_free(struct logfile_list *list);

/* The log of `astray run`: $XDG_STATE_HOME or ~/.local/state, then astray/run.ndjson. On the
 * heap; NULL when there is no home. */
char *logfile_of_run(void);

#endif
