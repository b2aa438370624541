/* check.h - the parts of `astray check`: files to findings to output. */
#ifndef ASTRAY_CLI_CHECK_H
#define ASTRAY_CLI_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "judge.h"
#include "scan_type.h"

struct check_settings {
    struct judge_settings judge;
    const struct scan_type *type; /* of every file, or NULL */
    enum rule_level fail_on;
    bool no_ignore; /* .gitignore does not count */
    bool color;
};

/* A finding that is kept. Owned by its result. */
struct check_finding {
    enum rule_id rule;
    enum rule_level level;
    size_t line, column, length; /* line and column from 1, LENGTH in bytes of `source` */
    char *message;
    char *source;         /* the line; "" where there is none; of a long one what is around */
    size_t source_start;  /* the column, from 0, that `source` begins at */
    char *name;           /* of the variable, directive or client */
    uint64_t fingerprint; /* by content: path, rule, line's text, how many of these came before */
    bool known;           /* the baseline has it */
};

/* What came of one file. */
struct check_result {
    char *path;
    struct check_finding *findings;
    size_t count, size;
    size_t left_out; /* findings beyond CHECK_FINDINGS_MAX */
    char **includes; /* globs of more files, as they are written */
    size_t include_count;
    bool checked; /* it was of a type that we know */
    int error;    /* an errno, when it could not be read */
};

#define CHECK_FINDINGS_MAX 1000

/* check_file.c: one file, or a text that is there already. */
void check_file(const struct check_settings *settings, const char *path,
                const struct scan_type *type, bool named, struct check_result *result);
void check_descriptor(const struct check_settings *settings, int fd, const char *path,
                      const struct scan_type *type, struct check_result *result);
void check_list(const struct check_settings *settings, const char *path, struct slice text,
                struct check_result *result);
void check_result_free(struct check_result *result);

/* check_ignore.c: comments that silence a rule. */
struct check_ignore {
    size_t line;   /* of the comment, from 0 */
    size_t target; /* the line it is about */
    size_t column, length;
    uint64_t rules; /* a bit a rule */
    bool reasoned;
    bool used;
};
struct check_ignores {
    struct check_ignore *items;
    size_t count, size;
};
/* Collects the comments of TEXT, whose first line is LINE. */
void check_ignore_find(struct check_ignores *ignores, struct slice text, size_t line);
/* Is a finding of RULE in lines FIRST to LAST ignored? */
bool check_ignore_covers(struct check_ignores *ignores, enum rule_id rule, size_t first,
                         size_t last);
void check_ignore_free(struct check_ignores *ignores);

/* check_gitignore.c: the patterns of one directory's .gitignore. */
struct check_gitignore;
/* PARENT is the one of the directory above, or NULL; DEPTH bytes of a path lead to this directory.
 * TEXT is copied. */
struct check_gitignore *check_gitignore_new(const struct check_gitignore *parent, struct slice text,
                                            size_t depth);
/* PARENT of what check_gitignore_new() gave; frees that. */
const struct check_gitignore *check_gitignore_free(struct check_gitignore *patterns);
bool check_gitignore_matches(const struct check_gitignore *patterns, struct slice path,
                             bool directory);

/* check_walk.c: many files on a few threads; results come in the order of the paths. */
struct check_walk;
struct check_walk *check_walk_new(const struct check_settings *settings,
                                  void (*done)(void *context, struct check_result *result),
                                  void *context);
/* Adds a file or directory that the user named: 0, or a negative errno when it is not there. */
int check_walk_path(struct check_walk *walk, const char *path);
/* The same, silent when it is not there; TYPE may be NULL. */
void check_walk_optional(struct check_walk *walk, const char *path);
/* Ends the work; returns how many files that .gitignore names were passed over. */
size_t check_walk_end(struct check_walk *walk, size_t *files);

/* check_process.c: environments and arguments of running processes. */
int check_process(const struct check_settings *settings, int pid,
                  void (*done)(void *context, struct check_result *result), void *context);
void check_processes(const struct check_settings *settings,
                     void (*done)(void *context, struct check_result *result), void *context);
void check_own_environment(const struct check_settings *settings,
                           void (*done)(void *context, struct check_result *result), void *context);

/* check_baseline.c: findings that are known, by content. */
struct check_baseline {
    uint64_t *prints; /* sorted */
    size_t count, size;
};
int check_baseline_read(struct check_baseline *baseline, const char *path);
bool check_baseline_has(const struct check_baseline *baseline, uint64_t print);
int check_baseline_write(FILE *file, const struct check_result *result);
void check_baseline_free(struct check_baseline *baseline);
extern const char check_baseline_head[];

/* check_report.c: a row a format. */
struct check_report {
    FILE *out;
    bool color;
    size_t findings; /* written so far */
};
struct check_format {
    const char *name;
    void (*begin)(struct check_report *report);
    void (*finding)(struct check_report *report, const struct check_result *result,
                    const struct check_finding *finding);
    void (*end)(struct check_report *report);
};
extern const struct check_format check_formats[]; /* ended by a row without a name */
const struct check_format *check_format_named(const char *name);
void check_report_explain(FILE *out, const struct rule *rule);

#endif
