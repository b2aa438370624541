/* origin.h - where an address came from: arguments and environments.
 *
 * Reads /proc with raw system calls; safe inside a foreign process, as process.h. */
#ifndef ASTRAY_ORIGIN_H
#define ASTRAY_ORIGIN_H

#include <stddef.h>

#include <astray/policy.h>
#include <astray/process.h>
#include <astray/spelling.h>
#include <astray/text.h>

#define ORIGIN_MAX 8
#define ORIGIN_STORAGE 1024

/* Room for reading /proc; contents do not matter before or after. */
#define ORIGIN_SCRATCH 16384

/* What was found. Slices point into `storage`. Must not be moved or copied. */
struct origin {
    struct slice items[ORIGIN_MAX]; /* arguments first, then variables in their order; no two are
                                       the same, and what does not fit is left out */
    size_t count;
    struct slice spelling; /* the host as the first match writes it ("0"); empty for no match */
    size_t used;
    char storage[ORIGIN_STORAGE];
};

/* Looks for WANTED where PROCESS, the calling process, has it from. Names only, never values.
 *
 *   argv:2        its argument with that index (0 is the program)
 *   env:API_ADDR  a variable of its initial environment, /proc/self/environ; what it set itself
 *                 later does not show there
 *
 * With POLICY_ORIGIN_PARENTS the environments of its ancestors are read as well, a variable is
 * named with the process that introduced it, and one that only ancestors hold counts too:
 *
 *   env:API_ADDR@deploy.sh[4710]
 *       deploy.sh exported it: the outermost process whose initial environment holds the same
 *       NAME=value is its child. So for cron[812] -> deploy.sh[4710] -> curl[4711] where only
 *       curl's holds it; where deploy.sh's does, it is env:API_ADDR@cron[812], for cron's child
 *       is the outermost then. Pid 1 and others without a parent here are named themselves: who
 *       started them cannot be seen.
 *   env:API_ADDR, unknown above deploy.sh[4710]
 *       two items: deploy.sh's holds it, and the environment of its parent may not be read, or its
 *       parent is not among the PROCESS_ANCESTORS_MAX that are known.
 *
 * An ancestor whose pid was given to another process meanwhile counts as one that may not be
 * read. Entries that are larger than the scratch buffer are not looked at. Never fails; finds
 * nothing with POLICY_ORIGIN_NONE. */
void origin_find(const struct spelling_wanted *wanted, const struct process *process,
                 enum policy_origin depth, char scratch[static ORIGIN_SCRATCH], struct origin *out);

#endif
