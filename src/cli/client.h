/* client.h - command lines: which of their words does a client connect to?
 *
 * Knows clients by a table (client.c): their options, which of these take a value, and what their
 * operands are; also the programs that run another one (sudo, timeout, docker exec, sh -c). Of a
 * command that it does not know, options are judged by their names, URLs are reported as
 * SCAN_UNKNOWN, and nothing else. */
#ifndef ASTRAY_CLI_CLIENT_H
#define ASTRAY_CLI_CLIENT_H

#include "scan.h"

/* Reports what COUNT WORDS, a program and its arguments, connect to. */
void client_scan(struct scan *scan, const struct scan_word *words, size_t count);

/* One line of a curlrc: an option, with or without its dashes, and its value. */
void client_scan_option(struct scan *scan, struct slice program, struct slice option,
                        struct slice value, const struct scan_word *at);

/* /dev/tcp/HOST/PORT and /dev/udp/HOST/PORT, as bash takes them in a redirection. */
void client_scan_device(struct scan *scan, const struct scan_word *word);

/* Is PROGRAM (a path or a name) a shell that runs the text it is given? */
bool client_is_shell(struct slice program);

#endif
