/* library.h - where libastray.so is, and how it gets into LD_PRELOAD. */
#ifndef ASTRAY_CLI_LIBRARY_H
#define ASTRAY_CLI_LIBRARY_H

#include <limits.h>
#include <stdbool.h>

#include <astray/elf.h>

struct library {
    char path[PATH_MAX]; /* absolute, symbolic links resolved */
    struct elf elf;
};

/* Finds the library: GIVEN (from --library, or NULL), else $ASTRAY_LIBRARY, else beside the
 * command, ../lib/astray, ../lib/MULTIARCH/astray, and where it was installed; the first of these
 * that suits PROGRAM best (NULL: the first). A mistake is told on stderr. */
bool library_find(const char *given, const struct elf *program, struct library *out);

/* What LD_PRELOAD is to name for LIBRARY and PROGRAM: its path, or that with `$LIB` in it when the
 * library for the other word size of this machine is installed where glibc's loaders look for it
 * then, so that programs of both are covered. */
void library_pattern(const struct library *library, const struct elf *program,
                     char out[static PATH_MAX]);

/* Can LD_PRELOAD hold PATH? It is split at blanks and colons, and `$` begins $ORIGIN, $LIB and
 * $PLATFORM. That it cannot is told on stderr. */
bool library_can_be_preloaded(const char *path);

/* The value of LD_PRELOAD that puts the library PATH first, but behind the sanitizers' runtimes,
 * which insist; PRESENT is the value so far (NULL: none). An entry that is the same file is not
 * repeated. Owned by the caller; NULL when memory is short. */
char *library_preload(const char *present, const char *path);

/* The entry of the LD_PRELOAD LIST that is the library PATH. Owned by the caller; NULL when there
 * is none or memory is short. */
char *library_entry(const char *list, const char *path);

#endif
