/* json_out.h - pieces of JSON, for the commands that write it. */
#ifndef ASTRAY_CLI_JSON_OUT_H
#define ASTRAY_CLI_JSON_OUT_H

#include <stdio.h>

#include <astray/text.h>

/* TEXT as a string in quotes: always valid JSON and valid UTF-8, and no byte that a terminal
 * would obey (C1 controls and DEL are escaped too). Bytes that are not UTF-8 become U+FFFD. */
void json_out_text(FILE *stream, struct slice text);

#endif
