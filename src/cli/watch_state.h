/* watch_state.h - what `astray watch` remembers over restarts.
 *
 * A state is lines of words: a keyword and its values, parted by blanks. Each part of the watch
 * writes lines of its own and reads them back; what is not understood is passed over. Around
 * them stand a head with a generation and an end with a checksum.
 *
 * On disk there are three of them in a directory: `state`, which has reached the disk and is
 * replaced by a rename, and `state.recent` and `state.recent2`, which have only reached the kernel:
 * enough when a process is killed, not when power fails. These are overwritten in turn: should one
 * be cut short, the one before it is whole. The newest that is whole holds. */
#ifndef ASTRAY_CLI_WATCH_STATE_H
#define ASTRAY_CLI_WATCH_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <astray/text.h>

/* ---- lines ------------------------------------------------------------ */

/* Writes TEXT as one word behind a blank: "=" and TEXT with everything but printable ASCII
 * escaped as %XX. */
void watch_state_put_text(FILE *stream, struct slice text);

/* Cuts the next word off *REST; false at its end. */
bool watch_state_word(struct slice *rest, struct slice *word);

/* The same for a decimal number. */
bool watch_state_number(struct slice *rest, uint64_t *out);

/* The same for a text, into OUT; what does not fit is no text. */
bool watch_state_text(struct slice *rest, char *out, size_t size, size_t *length);

/* ---- the whole -------------------------------------------------------- */

/* Writes the head of a state; the lines follow, then watch_state_seal(). */
void watch_state_begin(FILE *stream, uint64_t generation);

/* The end line for everything in WHOLE, written to STREAM. */
void watch_state_seal(FILE *stream, struct slice whole);

/* Is WHOLE a state that is whole? Gives its generation and its lines. Pure. */
bool watch_state_check(struct slice whole, uint64_t *generation, struct slice *lines);

/* ---- on disk ---------------------------------------------------------- */

struct watch_state {
    int directory; /* a descriptor, locked */
    uint64_t generation;
};

enum watch_state_found { WATCH_STATE_NONE, WATCH_STATE_WHOLE, WATCH_STATE_DAMAGED };

/* Opens the directory PATH, which is made when there is none, for this process alone. Returns 0 or
 * -errno, -EWOULDBLOCK when another process has it. */
int watch_state_open(struct watch_state *state, const char *path);

/* Reads the newest state that is whole; *LINES is on the heap, for the caller to free. */
enum watch_state_found watch_state_load(struct watch_state *state, char **lines, size_t *length);

/* Writes WHOLE, sealed and of the next generation; SYNC: `state`, and it is on the disk when this
 * returns. Returns 0 or -errno; what was saved last still holds then. */
int watch_state_save(struct watch_state *state, struct slice whole, bool sync);

void watch_state_close(struct watch_state *state);

#endif
