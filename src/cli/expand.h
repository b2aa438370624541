/* expand.h - what a text becomes when it is used: variables are replaced as the program of the
 * file would replace them (scan.h tells who does), as far as their values are known. */
#ifndef ASTRAY_CLI_EXPAND_H
#define ASTRAY_CLI_EXPAND_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "scan.h"

/* In expanded text: something that nobody can know, and a variable that nothing here sets. */
#define EXPAND_UNKNOWN '\xFA'
#define EXPAND_UNSET '\xFB'

/* Values by name. */
struct expand_values {
    struct expand_value *slots; /* a hash table */
    size_t count, size;
    bool strict;        /* the use of an unset variable ends the program */
    bool sourced;       /* variables may come from elsewhere */
    bool complete;      /* what is not here is not set, and that is certain */
    const char *source; /* where they come from, for messages; or NULL */
};

/* NAME holds TEXT (without marks); TEXT.data NULL: something unknown. A second, other value makes
 * it unknown. TOLD: somebody was told already that it is wrong. */
void expand_set(struct expand_values *values, struct slice name, struct slice text, bool told);

/* NAME holds TEXT, whatever it held before. */
void expand_replace(struct expand_values *values, struct slice name, struct slice text);

/* NAME holds what the unset variable ORIGIN would. */
void expand_set_unset(struct expand_values *values, struct slice name, struct slice origin);

/* NAME was tested: where it is used it is set. */
void expand_guard(struct expand_values *values, struct slice name);

/* Its text, if that is known; else false. */
bool expand_get(const struct expand_values *values, struct slice name, struct slice *text);

void expand_free(struct expand_values *values);

/* How sure it is that a variable is empty or not set. */
enum expand_proof {
    EXPAND_POSSIBLE, /* nothing here sets it */
    EXPAND_MISSING,  /* the values that were given do not have it */
    EXPAND_PROVEN,   /* it is empty, or 0, or not in a complete environment */
};

struct expand_result {
    struct slice unset; /* the first variable that nothing sets, or that is empty; else empty */
    enum expand_proof proof;
    const char *source; /* of the proof */
    struct slice zero;  /* a variable whose given value is "0", and where that stands */
    size_t zero_at;
    struct slice told;  /* a variable whose value was told to be wrong */
    struct slice shown; /* a variable whose known value is part of the text */
};

/* Appends MARKED to OUT, expanded. FILE is what the file itself set, GIVEN what the user gave (or
 * NULL). Names in *RESULT point into MARKED or FILE. */
void expand_text(struct buffer *out, struct slice marked, const struct expand_values *file,
                 const struct expand_values *given, struct expand_result *result);

#endif
