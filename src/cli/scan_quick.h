/* scan_quick.h - is a text worth scanning? */
#ifndef ASTRAY_CLI_SCAN_QUICK_H
#define ASTRAY_CLI_SCAN_QUICK_H

#include <stdbool.h>

#include <astray/text.h>

/* May any line of TEXT hold a destination that is wrong? Much cheaper than a scan, since it looks
 * at bytes and not at what they mean: an address out of a stray range, an odd one behind "://", or
 * a number, a null or a placeholder next to a word that has to do with hosts. DOLLARS: `$`, `{{`
 * and
 * `<` are of interest too. False only where a scan would report nothing of importance; true for
 * many texts that are fine. */
bool scan_quick(struct slice text, bool dollars);

#endif
