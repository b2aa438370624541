/* say.h - messages to stderr, and text for a terminal.
 *
 * Everything that comes from logs, files or the environment passes say_quoted() or
 * say_printable() on its way to a person: no control byte, no escape sequence, no broken UTF-8
 * ever reaches a terminal raw. */
#ifndef ASTRAY_CLI_SAY_H
#define ASTRAY_CLI_SAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <astray/text.h>

/* Prints "astray: WHAT: "INPUT": REASON" and a newline to stderr; INPUT is quoted and made
 * printable, and left out when it is NULL. */
void say_error(const char *what, const char *input, const char *reason);

/* The same with the text of error number CODE (positive) as the reason. */
void say_errno(const char *what, const char *input, int code);

/* "astray: " and the formatted text; the arguments must be printable already. */
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes TEXT to STREAM with everything that is not printable replaced: control bytes as \xNN,
 * newline, tab and return as \n, \t, \r, bytes that are not UTF-8 as \xNN; C1 controls, bidi
 * controls and what else cannot be seen as \uNNNN (\UNNNNNNNN above U+FFFF). Returns the columns
 * used. */
size_t say_printable(FILE *stream, struct slice text);

/* The same in double quotes, with '"' and '\\' escaped by a backslash. */
size_t say_quoted(FILE *stream, struct slice text);

/* Shall STREAM be coloured? WHEN is "auto" (a terminal, TERM is not "dumb", NO_COLOR is unset or
 * empty), "always" or "never". */
bool say_colored(FILE *stream, const char *when);

/* The columns of the terminal behind STREAM, $COLUMNS first; 80 when unknown. */
unsigned say_width(FILE *stream);

#endif
