/* replace.h - files that are replaced as a whole: who reads them sees the old or the new one. */
#ifndef ASTRAY_CLI_REPLACE_H
#define ASTRAY_CLI_REPLACE_H

#include <stdbool.h>

#include <astray/text.h>

/* Writes TEXT to PATH.new and renames that to PATH; PATH is relative to the descriptor DIRECTORY
 * (AT_FDCWD: the working directory). MODE holds whatever the umask is. SYNC: file and name are
 * on the disk when it returns. Returns 0 or -errno; PATH is as it was then. */
int replace_file(int directory, const char *path, struct slice text, unsigned mode, bool sync);

#endif
