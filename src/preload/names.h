/* names.h - which text gave which address: the last few hundred answers of the resolver.
 *
 * The resolver often runs in another thread than the connect, so the memory is one for the
 * process. Lock-free: a writer claims one entry, a reader copies it and looks whether it stayed
 * as it was; neither ever waits. Async-signal-safe. */
#ifndef ASTRAY_PRELOAD_NAMES_H
#define ASTRAY_PRELOAD_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include <astray/addr.h>
#include <astray/text.h>

#define NAMES_TEXT_SIZE 256 /* the longest name of DNS is 253; longer ones are not remembered */

struct names_answer {
    char text[NAMES_TEXT_SIZE]; /* as the program gave it, with a NUL */
    size_t length;
    bool literal;   /* the text is a spelling of the address itself ("0") */
    bool ambiguous; /* other texts gave this address, too; this is the newest */
};

/* Remembers that TEXT gave ADDRESS. */
void names_remember(struct slice text, const struct addr *address);

/* The newest text that gave ADDRESS. Writes *OUT only when it returns true. */
bool names_find(const struct addr *address, struct names_answer *out);

#endif
