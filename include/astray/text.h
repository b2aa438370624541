/* text.h - pieces of text that are borrowed, and text that is built in a buffer.
 *
 * Everything here is pure and async-signal-safe: no allocation, no locale, no
 * system call. No function writes a terminating NUL unless it says so. */
#ifndef ASTRAY_TEXT_H
#define ASTRAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* LENGTH bytes at DATA, owned by somebody else; DATA may be NULL when LENGTH is
 * 0. Any byte may occur, NUL included. */
struct slice {
    const char *data;
    size_t length;
};

/* The slice of a string literal. */
#define SLICE(literal) ((struct slice){.data = (literal), .length = sizeof(literal) - 1})

/* The slice of a NUL-terminated STRING without its NUL; NULL gives the empty
 * slice. */
struct slice slice_of(const char *string);

bool slice_equal(struct slice a, struct slice b);

/* The same, ASCII letters compared without regard to case. */
bool slice_equal_fold(struct slice a, struct slice b);

bool slice_starts_with(struct slice whole, struct slice start);
bool slice_ends_with(struct slice whole, struct slice end);

/* WHOLE from byte START on; the empty slice when START lies behind its end. */
struct slice slice_from(struct slice whole, size_t start);

/* The hash FNV-1a (Fowler, Noll, Vo) with 64 bits, from SLICE_HASH_START or the hash of what stands
 * before. Unlike words_hash() the same on every machine, and slower. */
#define SLICE_HASH_START UINT64_C(14695981039346656037)
uint64_t slice_hash(uint64_t hash, struct slice text);

/* The index of the first BYTE in WHOLE, or WHOLE's length when there is none. */
size_t slice_find(struct slice whole, char byte);

/* What stands behind the last '/' of PATH. */
struct slice slice_base(struct slice path);

/* WHOLE without the spaces and tabs (also CR and LF) at both its ends. */
struct slice slice_trim(struct slice whole);

/* Cuts the next piece before SEPARATOR off *REST and stores it in *PIECE.
 * Returns false, and touches nothing, when *REST.data is NULL: after the last
 * piece *REST becomes {NULL, 0}. So "a,,b" gives "a", "", "b" and "" gives "". */
bool slice_cut(struct slice *rest, char separator, struct slice *piece);

/* Reads an unsigned decimal number of 1 to 20 digits (no sign, no blank) that
 * is no greater than MAX. Writes *OUT only on success. */
bool slice_number(struct slice text, uint64_t max, uint64_t *out);

/* Does TEXT as a whole match the shell pattern GLOB (`*`, `?`, and nothing else
 * special)? A `*` matches any bytes, '/' included. Time is bounded by
 * |TEXT| x |GLOB|. */
bool slice_matches(struct slice text, struct slice glob);

/* Text under construction in a caller's buffer: LENGTH of SIZE bytes of DATA are
 * used. What does not fit is left out from its first byte on, CUT becomes true,
 * and nothing more is taken after that. */
struct text {
    char *data;
    size_t size;
    size_t length;
    bool cut;
};

void text_start(struct text *text, char *data, size_t size);
void text_char(struct text *text, char c);
void text_bytes(struct text *text, const char *bytes, size_t length);
void text_string(struct text *text, const char *string);
void text_slice(struct text *text, struct slice slice);
void text_number(struct text *text, uint64_t number);

/* The same in decimal with zeros before it, so that it has at least DIGITS
 * digits (at most 20). */
void text_number_padded(struct text *text, uint64_t number, unsigned digits);

/* Ends the text with a NUL, in place of its last byte when the buffer is full
 * (CUT is set then), and returns DATA. SIZE must not be 0. */
char *text_finish(struct text *text);

/* The text so far; valid until the buffer changes. */
struct slice text_done(const struct text *text);

#endif
