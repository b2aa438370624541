/* record_general.h - reads a record from any JSON: other key orders, white space, unknown and
 * flattened keys. */
#ifndef ASTRAY_CORE_RECORD_GENERAL_H
#define ASTRAY_CORE_RECORD_GENERAL_H

#include <astray/record.h>

/* Reads LINE as a whole; the rules are record_decode()'s. *OUT must be all zero. Returns false
 * when the line is no JSON object, or a known field is not what it must be. */
bool record_general_read(struct slice line, struct record_line *out);

#endif
