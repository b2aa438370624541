#include "summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "groups.h"
#include "logfile.h"
#include "say.h"
#include "summary_out.h"
#include "summary_read.h"

/* The command that shows all of it: the log of `astray run` needs no name. */
static void put_command(const struct summary_request *request, FILE *stream)
{
    char *own = logfile_of_run();
    fputs("astray summary", stream);
    if (request->run != NULL) {
        fputs(" --run ", stream);
        say_printable(stream, slice_of(request->run));
    }
    if (own == NULL || strcmp(own, request->path) != 0) {
        putc(' ', stream);
        say_printable(stream, slice_of(request->path));
    }
    free(own);
}

static void print(const struct summary_view *view, const struct summary_request *request,
                  FILE *stream)
{
    char *more = NULL;
    size_t length = 0;
    FILE *draft = open_memstream(&more, &length);
    if (draft == NULL)
        return;
    put_command(request, draft);
    if (fclose(draft) == 0)
        summary_text_write_short(view, more, stream);
    free(more);
}

int summary_print_run(const struct summary_request *request, FILE *stream,
                      struct summary_result *result)
{
    struct groups groups;
    struct logfile_counts counts = {0};
    struct group_filter filter = {.until = UINT64_MAX, .run = request->run};
    groups_start(&groups, group_bys, &filter, GROUPS_MAX);
    int error = summary_read_log(request->path, request->offset, &groups, &counts, NULL, NULL);
    groups_finish(&groups);
    *result = (struct summary_result){
        .stray = groups.totals[GROUP_STRAY],
        .failed = groups.totals[GROUP_FAILED],
        .notes = groups.totals[GROUP_NOTE],
        .suppressed = groups.suppressed,
        .dropped = groups.dropped,
    };
    struct summary_view view = {.groups = &groups,
                                .counts = &counts,
                                .top = request->top,
                                .width = request->width,
                                .color = request->color};
    if (stream != NULL)
        print(&view, request, stream);
    groups_free(&groups);
    return error == -ENOENT ? 0 : error;
}
