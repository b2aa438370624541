/* why.h - why the connections of a group failed, or only worked by luck, out of what their
 * records tell: the sentences are those of reason.h. */
#ifndef ASTRAY_CLI_WHY_H
#define ASTRAY_CLI_WHY_H

#include <stdbool.h>
#include <stdio.h>

#include "groups.h"

/* "the server listens on [::1]:80 only, not on 127.0.0.1:80, where 0.0.0.0 leads"; false, and
 * nothing, when nothing is known, or the class says it all. */
bool why_describe(FILE *stream, const struct group *group);

/* "write [::1]:80 (...), or let the server listen on 127.0.0.1 too"; false likewise. */
bool why_advise(FILE *stream, const struct group *group);

#endif
