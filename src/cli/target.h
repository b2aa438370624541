/* target.h - which program a command really starts, and whether a library can be preloaded
 * into it. */
#ifndef ASTRAY_CLI_TARGET_H
#define ASTRAY_CLI_TARGET_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <astray/elf.h>

enum target_status {
    TARGET_OK,
    TARGET_NOT_FOUND,      /* exit 127 */
    TARGET_NOT_EXECUTABLE, /* exit 126 */
    TARGET_UNREADABLE,     /* nothing can be said of it */
};

struct target {
    char path[PATH_MAX];    /* the file that COMMAND names */
    char program[PATH_MAX]; /* the ELF file that runs in the end: PATH, or a script's interpreter;
                               empty when PATH itself cannot be executed */
    struct elf elf;         /* of PROGRAM */
    bool clears;            /* a `#!` line starts it through `env -i`: nothing gets through */
    int code;               /* errno behind a status but TARGET_OK */
};

/* Finds COMMAND as execvp(3) does and follows `#!` lines as Linux does, env(1) in them included.
 * A file without a format is /bin/sh's, as for execvp. */
enum target_status target_find(const char *command, struct target *out);

/* Why LIBRARY cannot be preloaded into TARGET, in a few words into REASON; false: it can be. */
bool target_refuses(const struct target *target, const struct elf *library, char *reason,
                    size_t size);

#endif
