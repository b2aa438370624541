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
    struct slice items[ORIGIN_MAX]; /* "argv:3", "env:API_URL", "env:API_URL@deploy.sh[4710]",
                                       "unknown above cron[812]" */
    size_t count;
    struct slice spelling; /* the host as the first match writes it ("0"); empty for no match */
    size_t used;
    char storage[ORIGIN_STORAGE];
};

/* Looks for WANTED in the calling process's arguments and initial environment, and
 * with POLICY_ORIGIN_PARENTS in its ancestors' environments, to name the process
 * that introduced a variable: the parent of the outermost process whose initial
 * environment holds the same NAME=value. Never fails; finds nothing with POLICY_ORIGIN_NONE. */
void origin_find(const struct spelling_wanted *wanted, const struct process *process,
                 enum policy_origin depth, char scratch[static ORIGIN_SCRATCH],
                 struct origin *out);

#endif
