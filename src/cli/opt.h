/* opt.h - options and commands: tables that drive parsing, --help, the manual pages and the
 * completions. */
#ifndef ASTRAY_CLI_OPT_H
#define ASTRAY_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses of every command but `run` (cmd_run.c). */
enum { EXIT_FINE = 0, EXIT_FINDINGS = 1, EXIT_TROUBLE = 2 };

/* A row an option. */
struct option_row {
    const char *name;    /* "log-limit", without the dashes before it; '_' is taken for '-' */
    char letter;         /* 'q' for -q as well, or 0 */
    const char *value;   /* what help calls the value ("FILE"), or NULL for a flag */
    const char *choices; /* "text|json" when these are all; checked by the parser; else NULL */
    const char *summary; /* one line, no full stop */
    const char *details; /* a paragraph for the manual page, or NULL */
    const char *initial; /* what holds without the option, for help; or NULL */
};

/* The row of each command that colours what it prints; say_colored() takes its value. */
#define OPT_COLOR                                                                                  \
    {                                                                                              \
        .name = "color", .value = "WHEN", .choices = "auto|always|never",                          \
        .summary = "colour the text", .initial = "auto"                                            \
    }

/* Named text for the manual page and --help. */
struct command_example {
    const char *line;
    const char *meaning;
};

struct command {
    const char *name;                 /* "summary" */
    const char *operands;             /* "[LOG...]" */
    const char *summary;              /* one line, no full stop */
    const char *details;              /* paragraphs for the manual page, parted by blank lines */
    const struct option_row *options; /* ended by a row without a name; --help comes by itself */
    bool (*more_options)(size_t index, struct option_row *out); /* rows made from another table,
                                                                   behind `options`; false behind
                                                                   the last; or NULL */
    const struct command_example *examples;                     /* ended by an empty row, or NULL */
    const char *exit_status; /* for the manual page; NULL: the common ones */
    bool stop_at_operand;    /* what follows the first operand is not ours (run) */
    int (*run)(const struct command *command, int argc, char **argv);
};

/* Every command, ended by NULL, in the order of --help (commands.c). */
extern const struct command *const commands[];

/* The command called NAME, or NULL. */
const struct command *opt_command(const char *name);

/* The command whose name NAME is most likely a slip of, or NULL. */
const struct command *opt_command_near(const char *name);

/* Walks the arguments behind the command's name. */
struct opt {
    const struct command *command;
    int argc;
    char **argv;
    int at;                /* the next argument */
    const char *cluster;   /* the rest of a cluster of short options, or NULL */
    int operands;          /* operands seen so far; they are moved to the front of argv, so that at
                              the end argv[0..operands-1] are all of them */
    const char *value;     /* the value of the option just returned, or NULL */
    bool ended;            /* "--" was seen */
    struct option_row row; /* the option just returned */
};

/* ARGV is what stands behind the command's name, and is reordered in place. */
void opt_start(struct opt *opt, const struct command *command, int argc, char **argv);

/* The next option: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-ab`. NULL at the
 * end, OPT_BAD behind a mistake that was already told on stderr (exit with EXIT_TROUBLE),
 * OPT_HELP when --help was asked for and printed (exit with EXIT_FINE). With
 * stop_at_operand, argv[at..] are the command and its arguments at the end. The row is the
 * walker's own, and holds until the next call. */
extern const struct option_row opt_bad, opt_help;
#define OPT_BAD (&opt_bad)
#define OPT_HELP (&opt_help)
const struct option_row *opt_next(struct opt *opt);

/* Is OPTION the one called NAME? */
bool opt_is(const struct option_row *option, const char *name);

/* Row INDEX of COMMAND's options: its own, those of more_options, and --help as the last. False
 * behind that. */
bool opt_row(const struct command *command, size_t index, struct option_row *out);

/* Writes COMMAND's help to stdout. */
void opt_print_help(const struct command *command);

/* Writes TEXT to stdout, broken between words so that no line is longer than WIDTH; lines behind
 * the first begin with INDENT blanks, and the first is already at column COLUMN. */
void opt_print_wrapped(const char *text, unsigned column, unsigned indent, unsigned width);

#endif
