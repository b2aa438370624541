/* script.h - the `#!` line of a script, as Linux and env(1) read it. Pure. */
#ifndef ASTRAY_SCRIPT_H
#define ASTRAY_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

/* Linux looks at so many bytes of a file (BINPRM_BUF_SIZE), and follows so many scripts that
 * start each other before it gives up with ELOOP. */
enum { SCRIPT_LINE = 256, SCRIPT_DEPTH = 5 };

struct script {
    char interpreter[SCRIPT_LINE];
    char argument[SCRIPT_LINE]; /* the rest of the line as one argument, or "" */
};

/* Reads the first LENGTH bytes of a file. False when they are no `#!` line with an interpreter, or
 * when it is cut off within the interpreter's name. Writes *OUT only when it returns true. */
bool script_parse(const char *data, size_t length, struct script *out);

/* The program that `env ARGUMENT` of a `#!` line starts, and whether it starts it with an empty
 * environment. False when there is none. */
bool script_parse_env(const char *argument, char program[static SCRIPT_LINE], bool *clears);

#endif
