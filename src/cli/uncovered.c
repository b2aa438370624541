#include "uncovered.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <astray/record.h>
#include <astray/text.h>

#include "logfile.h"
#include "phrase.h"

/* A row a reason of the records: which paragraph names it, and how. What is not in it is named as
 * it is. */
enum paragraph { NOT_COVERED, UNKNOWN, PLUGINS, PARAGRAPHS };

static const struct {
    const char *reason, *text;
    enum paragraph paragraph;
} reasons[] = {
    {"static", "static", NOT_COVERED},          {"go", "Go", NOT_COVERED},
    {"set-id", "set-id", NOT_COVERED},          {"machine", "another machine", NOT_COVERED},
    {"libc", "another C library", NOT_COVERED}, {"cleared", "cleared environment", NOT_COVERED},
    {"unreadable", "may not be read", UNKNOWN}, {"deepbind", "RTLD_DEEPBIND", PLUGINS},
};

static const struct {
    const char *before, *behind;
} frames[] = {
    [NOT_COVERED] = {"not covered: ", ""},
    [UNKNOWN] = {"unknown whether covered: ", ""},
    [PLUGINS] = {"plug-ins not covered, loaded by ", "; --deepbind strip covers them"},
};

/* The row of REASON, or -1. */
static int row_of(struct slice reason)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (slice_equal(reason, slice_of(reasons[i].reason)))
            return (int)i;
    return -1;
}

static enum paragraph paragraph_of(const struct uncovered_program *program)
{
    int row = row_of(slice_of(program->reason));
    return row < 0 ? NOT_COVERED : reasons[row].paragraph;
}

/* ---- reading ------------------------------------------------------------ */

void uncovered_start(struct uncovered *uncovered, const char *run)
{
    *uncovered = (struct uncovered){.run = run};
}

static struct slice base_name(struct slice path)
{
    for (size_t slash; (slash = slice_find(path, '/')) < path.length;)
        path = slice_from(path, slash + 1);
    return path;
}

static void add(struct uncovered *uncovered, struct slice name, struct slice reason)
{
    for (unsigned i = 0; i < uncovered->count; i++) {
        struct uncovered_program *program = &uncovered->items[i];
        if (slice_equal(slice_of(program->name), name) &&
            slice_equal(slice_of(program->reason), reason)) {
            program->count++;
            return;
        }
    }
    struct uncovered_program new = {.count = 1};
    if (uncovered->count < UNCOVERED_MAX) {
        new.name = strndup(name.data, name.length);
        new.reason = strndup(reason.data, reason.length);
    }
    if (new.name != NULL &&new.reason != NULL) {
        uncovered->items[uncovered->count++] = new;
        return;
    }
    free(new.name);
    free(new.reason);
    uncovered->more++;
}

static void take(void *context, struct slice line, bool complete)
{
    struct uncovered *uncovered = context;
    struct record_line record;
    (void)complete;
    if (line.length == 0 || record_decode(line, &record) != RECORD_OK ||
        !record_equals(record.fields[RECORD_EVENT_ACTION], SLICE("uncovered")))
        return;
    if (uncovered->run != NULL &&
        !record_equals(record.fields[RECORD_RUN], slice_of(uncovered->run)))
        return;
    struct slice reason = record.fields[RECORD_EVENT_REASON];
    int row = row_of(reason);
    /* Of a plug-in the program that loads it matters. */
    struct slice name = row >= 0 && reasons[row].paragraph == PLUGINS
                            ? record.fields[RECORD_PROCESS_NAME]
                            : base_name(record.fields[RECORD_PROGRAM]);
    if (name.length > 0 && reason.length > 0)
        add(uncovered, name, reason);
}

int uncovered_read(struct uncovered *uncovered, const char *path, uint64_t offset)
{
    struct logfile_reader reader = {.take = take, .context = uncovered};
    struct logfile_counts counts = {0};
    struct stat status;
    int descriptor = logfile_open(path);
    if (descriptor < 0)
        return descriptor;
    if (fstat(descriptor, &status) == 0 && (uint64_t)status.st_size < offset)
        offset = 0; /* another file by now */
    int code = logfile_read_part(descriptor, offset, UINT64_MAX, &reader, &counts);
    close(descriptor);
    return code;
}

/* ---- printing ----------------------------------------------------------- */

/* backup (static), 2 times */
static void put_program(const struct uncovered_program *program, FILE *stream)
{
    int row = row_of(slice_of(program->reason));
    phrase_raw(stream, slice_of(program->name));
    if (row < 0 || reasons[row].paragraph != PLUGINS) {
        fputs(" (", stream);
        if (row < 0)
            phrase_raw(stream, slice_of(program->reason));
        else
            fputs(reasons[row].text, stream);
        putc(')', stream);
    }
    if (program->count > 1) {
        fputs(", ", stream);
        phrase_count(stream, program->count);
        fputs(" times", stream);
    }
}

static bool put_paragraph(const struct uncovered *uncovered, enum paragraph paragraph, FILE *stream)
{
    bool any = false;
    for (unsigned i = 0; i < uncovered->count; i++) {
        if (paragraph_of(&uncovered->items[i]) != paragraph)
            continue;
        fputs(any ? "; " : frames[paragraph].before, stream);
        put_program(&uncovered->items[i], stream);
        any = true;
    }
    if (any && paragraph == NOT_COVERED && uncovered->more > 0)
        fprintf(stream, "; and %" PRIu64 " more", uncovered->more);
    if (any)
        fputs(frames[paragraph].behind, stream);
    return any;
}

void uncovered_print(const struct uncovered *uncovered, FILE *stream, unsigned width)
{
    static const char prefix[] = "astray: ";
    for (int paragraph = 0; paragraph < PARAGRAPHS; paragraph++) {
        char *text = NULL;
        size_t length = 0;
        FILE *draft = open_memstream(&text, &length);
        if (draft == NULL)
            return;
        bool any = put_paragraph(uncovered, (enum paragraph)paragraph, draft);
        if (fclose(draft) == 0 && any) {
            fputs(prefix, stream);
            phrase_wrap(stream, text, sizeof prefix - 1, sizeof prefix - 1, width);
        }
        free(text);
    }
}

void uncovered_free(struct uncovered *uncovered)
{
    for (unsigned i = 0; i < uncovered->count; i++) {
        free(uncovered->items[i].name);
        free(uncovered->items[i].reason);
    }
    *uncovered = (struct uncovered){0};
}
