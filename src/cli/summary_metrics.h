/* summary_metrics.h - logs as metrics for Prometheus: what `astray watch --textfile` would have
 * counted. */
#ifndef ASTRAY_CLI_SUMMARY_METRICS_H
#define ASTRAY_CLI_SUMMARY_METRICS_H

#include <stdbool.h>
#include <stdio.h>

#include "groups.h"
#include "logfile.h"

/* Counts the records in LOGS that FILTER wants, and writes the metrics to STREAM. *STRAY: is there
 * an attempt that went astray? Returns the number of logs that could not be read, which is told
 * on stderr. */
unsigned summary_metrics_write(const struct logfile_list *logs, const struct group_filter *filter,
                               FILE *stream, bool *stray);

#endif
