/* summary_read.h - counts what logs hold, large ones by several threads. */
#ifndef ASTRAY_CLI_SUMMARY_READ_H
#define ASTRAY_CLI_SUMMARY_READ_H

#include "groups.h"
#include "logfile.h"

/* A plain file is parted among threads when each gets at least this many bytes. */
#define SUMMARY_PART_MIN ((uint64_t)16 << 20)
#define SUMMARY_THREADS_MAX 4

/* Counts the log at PATH from byte OFFSET on (0 for gzip, pipes and what was replaced by a
 * shorter file) into GROUPS. PROGRESS as in logfile.h, only of the calling thread, or NULL. The
 * result does not depend on timing. Returns 0 or -errno. */
int summary_read_log(const char *path, uint64_t offset, struct groups *groups,
                     struct logfile_counts *counts, logfile_progress *progress,
                     void *progress_context);

/* Counts all of LOGS, and tells on stderr what could not be read or was left out, and on a terminal
 * how far it is. Returns the number of logs that could not be read. */
unsigned summary_read_logs(const struct logfile_list *logs, struct groups *groups,
                           struct logfile_counts *counts);

#endif
