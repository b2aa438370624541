/* scan_type.h - which scanner reads which file. */
#ifndef ASTRAY_CLI_SCAN_TYPE_H
#define ASTRAY_CLI_SCAN_TYPE_H

#include "scan.h"

struct scan_type {
    const char *name; /* as --type takes it */
    scan_function *scan;
    const char *paths; /* globs, separated by blanks: over the whole path with a '/', else over
                          its last part */
    bool whole;        /* the scanner wants all of the file at once */
    bool data;         /* may as well be mere data: large ones are passed over in a walk */
};

/* All types, ended by a row without a name; the first whose globs fit wins. */
extern const struct scan_type scan_types[];

const struct scan_type *scan_type_named(struct slice name);

/* By the path alone; NULL when it says nothing. */
const struct scan_type *scan_type_of_path(struct slice path);

/* By the path, then by how the file begins (HEAD, at least 512 bytes where the file has them):
 * its shebang, its first keys. NULL when it is none that we know. */
const struct scan_type *scan_type_of(struct slice path, struct slice head);

/* Does PATH name a template or an example, where placeholders and documentation addresses are
 * as they should be? */
bool scan_type_is_example(struct slice path);

#endif
