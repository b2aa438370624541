/* mask.h - secrets in command lines.
 *
 * Pure and async-signal-safe. */
#ifndef ASTRAY_MASK_H
#define ASTRAY_MASK_H

#include <astray/text.h>

/* Writes ARGUMENT to OUT with its secrets replaced by "***": the userinfo of every
 * URL in it; the value of `--password=...`, `-pSECRET` of the clients that take it
 * so, and of well-known variables (`*_TOKEN=...`, `*PASSWORD=...`); all of it, or
 * what follows the user's name, when PREVIOUS (the argument before, or empty) is an
 * option that takes a secret (`-u user:password`, `--token`). PROGRAM is the base
 * name of the executable, for options that only some programs use so. A header
 * that carries credentials (`Authorization: ...`, `Cookie: ...`) loses its value. */
void mask_argument(struct slice program, struct slice previous, struct slice argument,
                   struct text *out);

#endif
