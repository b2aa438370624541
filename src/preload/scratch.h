/* scratch.h - memory for the finding path: a few static slots, and facts that are read once.
 *
 * A guest may not use much stack, nor allocate. Slots are claimed by an atomic, so threads,
 * signal handlers and vfork children do not meet in one; the claims lie on a page that the
 * kernel wipes in a forked child, where nobody is left to give them back. */
#ifndef ASTRAY_PRELOAD_SCRATCH_H
#define ASTRAY_PRELOAD_SCRATCH_H

#include <sys/types.h>

#include <astray/origin.h>
#include <astray/process.h>
#include <astray/program.h>
#include <astray/record.h>
#include <astray/text.h>

#define SCRATCH_TEXTS 2048 /* room for the texts that one record is composed of */

/* On pages of its own, and in this order, so that the first record of a process touches few. */
struct scratch {
    union {
        char reading[ORIGIN_SCRATCH]; /* until all is read */
        char line[RECORD_LINE_MAX];
    };
    struct record record;
    char texts[SCRATCH_TEXTS];
    struct process process; /* when the shared one is not to be had */
    struct origin origin;   /* likewise */
    struct program program; /* that is about to start */
} __attribute__((aligned(4096)));

/* A free slot, or NULL when all are in use. Give it back with scratch_release. */
struct scratch *scratch_claim(void);
void scratch_release(struct scratch *scratch);

/* The calling process: read once and shared, or read into SCRATCH where another thread is
 * just reading it, and below vfork. */
const struct process *scratch_process(struct scratch *scratch, pid_t pid);

/* The same for a process that is about to become another program, or is a vfork child: what is
 * read is not shared. */
const struct process *scratch_process_once(struct scratch *scratch, pid_t pid);

/* Where WANTED came from; the answers for the first few destinations are kept. */
const struct origin *scratch_origin(struct scratch *scratch, const struct process *process,
                                    const struct spelling_wanted *wanted);

/* True for the first caller in this process. */
bool scratch_first(void);

#endif
