/* summary_out.h - groups as text, JSON, CSV and a page. */
#ifndef ASTRAY_CLI_SUMMARY_OUT_H
#define ASTRAY_CLI_SUMMARY_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "groups.h"
#include "logfile.h"

/* What is written, and how. */
struct summary_view {
    const struct groups *groups; /* finished */
    const struct logfile_list *logs;
    const struct logfile_counts *counts;
    size_t top;     /* groups of each kind to write; the rest is counted */
    unsigned width; /* text: columns */
    bool color;     /* text */
    bool unicode;   /* text: may anything but ASCII be drawn? */
};

/* For people. */
void summary_text_write(const struct summary_view *view, FILE *stream);

/* The short form of it for the end of a run: two to four lines a finding. MORE is the command that
 * shows what is left out, printable. */
void summary_text_write_short(const struct summary_view *view, const char *more, FILE *stream);

/* One object: totals, and "groups". The manual page of `astray summary` tells the keys. */
void summary_json_write(const struct summary_view *view, FILE *stream);

/* A header and a line a group (RFC 4180 with newlines alone); a cell that a spreadsheet would
 * run as a formula begins with an apostrophe. */
void summary_csv_write(const struct summary_view *view, FILE *stream);

/* One HTML file that loads nothing, under 2 MB: what does not fit is counted there. Every text of a
 * log is made printable (say.h) and escaped. */
void summary_html_write(const struct summary_view *view, FILE *stream);

#endif
