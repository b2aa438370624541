/* tsv.h - reads a file of tests/data: a row a line, columns split by tabs, '#' lines
 * and empty lines left out.
 *
 *     struct tsv tsv;
 *     tsv_open(&tsv, "classes.tsv");
 *     while (tsv_next(&tsv, 3))
 *         ... tsv.column[0] ...
 */
#ifndef ASTRAY_TESTS_TSV_H
#define ASTRAY_TESTS_TSV_H

#include <check.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TSV_COLUMNS 10

struct tsv {
    FILE *file;
    int number; /* of the line, from 1 */
    char line[1024];
    char *column[TSV_COLUMNS]; /* NULL behind the last */
};

static inline void tsv_open(struct tsv *tsv, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", ASTRAY_TEST_DATA, name);
    *tsv = (struct tsv){.file = fopen(path, "re")};
    ck_assert_msg(tsv->file != NULL, "cannot open %s", path);
}

/* The next row, which must have at least COLUMNS columns. Closes the file at its end. */
static inline bool tsv_next(struct tsv *tsv, int columns)
{
    while (fgets(tsv->line, sizeof tsv->line, tsv->file) != NULL) {
        tsv->number++;
        tsv->line[strcspn(tsv->line, "\n")] = '\0';
        if (tsv->line[0] == '#' || tsv->line[0] == '\0')
            continue;
        char *rest = tsv->line;
        for (int i = 0; i < TSV_COLUMNS; i++)
            tsv->column[i] = strsep(&rest, "\t");
        ck_assert_msg(tsv->column[columns - 1] != NULL, "line %d is short", tsv->number);
        return true;
    }
    fclose(tsv->file);
    return false;
}

/* Replaces the \xNN escapes of TEXT in place, and returns its new length. */
static inline size_t tsv_unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; to++) {
        if (from[0] == '\\' && from[1] == 'x' && isxdigit(from[2]) && isxdigit(from[3])) {
            *to = (char)strtol((char[]){from[2], from[3], '\0'}, NULL, 16);
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
    return (size_t)(to - text);
}

#endif
