/* tail.h - the lines that come to a file, and which file that is.
 *
 * A file is told from others by its device, inode and content: its first bytes. So one that was
 * renamed is still the same, one that was emptied (copytruncate) or whose inode came back is
 * another, and a copy is known for what it is. */
#ifndef ASTRAY_CLI_TAIL_H
#define ASTRAY_CLI_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <astray/text.h>

#include "logfile.h"

/* The first bytes of a file, or all of a shorter one: enough for the time and event.id of its
 * first record. */
#define TAIL_HEAD 1024
struct tail_head {
    uint64_t hash;
    uint16_t length;
    bool known; /* the bytes are there; else only their hash, from a state */
    char bytes[TAIL_HEAD];
};

struct tail {
    char *path;             /* owned; as it was called last */
    uint64_t device, inode; /* 0, 0: only remembered, for what its head tells */
    uint64_t offset;        /* of the first line that was not taken; of gzip, when unpacked */
    struct tail_head head;
    bool skipping; /* within a line that is too long, or that began before we did */
    bool gzip;
    int descriptor; /* -1: not open */
};

/* A tail of the file PATH at its beginning, not open; NULL without memory. */
struct tail *tail_new(const char *path);
void tail_free(struct tail *tail);

/* Opens its path, of a regular file; FOLLOW: also through a symbolic link. A tail without an inode
 * takes the file's. Returns 0, -errno, or -ESTALE when another file is there. */
int tail_open(struct tail *tail, bool follow);
void tail_close(struct tail *tail);

/* Reads the head of the file at DESCRIPTOR, unpacked when it is gzip. */
void tail_read_head(int descriptor, struct tail_head *head);

/* Do both belong to the same content: is HEAD, as far as OLD goes, the same? False when OLD is
 * empty. *UNSURE: HEAD is shorter than OLD, and may become the same. */
bool tail_same_head(const struct tail_head *old, const struct tail_head *head, bool *unsure);

/* Is the open file still the one that it was, and not shorter than what was taken? */
bool tail_holds(struct tail *tail);

enum tail_status {
    TAIL_IDLE,     /* nothing more for now */
    TAIL_MORE,     /* there may be more */
    TAIL_REPLACED, /* the content is another one: nothing was taken */
};

/* Takes some of the lines that came, whole ones, and moves the offset on; a gzip file is taken to
 * its end. Returns a status or -errno. */
int tail_read(struct tail *tail, const struct logfile_reader *reader,
              struct logfile_counts *counts);

/* Takes the line without a newline at the end of a file that will not grow. */
void tail_finish(struct tail *tail, const struct logfile_reader *reader);

/* One line of state (watch_state.h): "file", and what there is to know. */
void tail_save(const struct tail *tail, FILE *stream);

/* The tail of such a line, behind its first word; NULL when it is not understood. */
struct tail *tail_load(struct slice rest);

#endif
