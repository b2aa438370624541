#include "summary_out.h"

#include <stdlib.h>
#include <string.h>

#include "phrase.h"
#include "why.h"

/* The least and the most marks of a time line. */
#define SPARK_MIN 8
#define SPARK_MAX 24

/* ---- colours ---------------------------------------------------------- */

#define BOLD "\x1b[1m"
#define RED "\x1b[1;31m"
#define GREEN "\x1b[32m"
#define DIM "\x1b[2m"
#define PLAIN "\x1b[0m"

static void color(const struct summary_view *view, FILE *stream, const char *code)
{
    if (view->color)
        fputs(code, stream);
}

/* ---- lines ------------------------------------------------------------ */

/* A line that is put together first, since its width decides where it breaks. */
struct draft {
    FILE *stream;
    char *text;
    size_t length;
};

static bool draft_open(struct draft *draft)
{
    draft->text = NULL;
    draft->stream = open_memstream(&draft->text, &draft->length);
    return draft->stream != NULL;
}

/* Prints the draft behind INDENT blanks, in CODE, and frees it. */
static void draft_print(struct draft *draft, const struct summary_view *view, unsigned indent,
                        const char *code, FILE *stream)
{
    if (fclose(draft->stream) == 0 && draft->length > 0) {
        fprintf(stream, "%*s", (int)indent, "");
        color(view, stream, code);
        phrase_wrap(stream, draft->text, indent, indent, view->width);
        color(view, stream, PLAIN);
    }
    free(draft->text);
}

static void draft_drop(struct draft *draft)
{
    fclose(draft->stream);
    free(draft->text);
}

/* ---- time ------------------------------------------------------------- */

static bool same_day(uint64_t a, uint64_t b)
{
    const uint64_t day = UINT64_C(86400) * 1000000;
    return a / day == b / day;
}

static void put_span(FILE *stream, uint64_t first, uint64_t last, bool short_days)
{
    phrase_time(stream, first, short_days);
    if (first / 1000000 != last / 1000000) {
        fputs(" to ", stream);
        phrase_time(stream, last, short_days || same_day(first, last));
    }
}

/* How often over the span of the whole log, in COUNT marks. */
static void put_spark(const struct summary_view *view, const struct group *group, size_t count,
                      FILE *stream)
{
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const letters[] = {" ", ".", ".", ":", "-", "=", "+", "*", "#"};
    const char *const *marks = view->unicode ? blocks : letters;
    uint64_t columns[SPARK_MAX], most = 1;
    histogram_spread(&group->times, view->groups->first, view->groups->last, columns, count);
    for (size_t i = 0; i < count; i++)
        most = columns[i] > most ? columns[i] : most;
    for (size_t i = 0; i < count; i++)
        fputs(marks[columns[i] == 0 ? 0 : 1 + (columns[i] * 7 + most / 2) / most], stream);
}

static void write_times(const struct summary_view *view, const struct group *group, unsigned indent,
                        FILE *stream)
{
    const struct groups *groups = view->groups;
    struct draft draft;
    if (group->first == 0 || !draft_open(&draft))
        return;
    put_span(draft.stream, group->first, group->last, same_day(groups->first, groups->last));
    fflush(draft.stream);
    fprintf(stream, "%*s", (int)indent, "");
    if (groups->last - groups->first > 1000000 && group_count(group) > 1) {
        size_t taken = indent + 2 + draft.length, room = SPARK_MIN;
        if (view->width > taken + SPARK_MIN)
            room = view->width - taken;
        color(view, stream, BOLD);
        put_spark(view, group, room < SPARK_MAX ? room : SPARK_MAX, stream);
        color(view, stream, PLAIN);
        fputs("  ", stream);
    }
    fprintf(stream, "%s\n", draft.text);
    draft_drop(&draft);
}

/* ---- a group ---------------------------------------------------------- */

/* Why it came to that; at least who listens, where there is more than one answer. */
static bool tell_why(FILE *stream, const struct group *group)
{
    return why_describe(stream, group) || phrase_listeners(stream, group);
}

/* Prints what PHRASE says, if anything. */
static void write_known(const struct summary_view *view, const struct group *group,
                        bool phrase(FILE *, const struct group *), unsigned indent, FILE *stream)
{
    struct draft draft;
    if (!draft_open(&draft))
        return;
    if (phrase(draft.stream, group))
        draft_print(&draft, view, indent, "", stream);
    else
        draft_drop(&draft);
}

static void write_who(const struct summary_view *view, const struct group *group, bool by,
                      unsigned indent, FILE *stream)
{
    struct draft draft;
    if (!draft_open(&draft))
        return;
    fputs(by ? "by " : "seen by ", draft.stream);
    phrase_who(draft.stream, group, true);
    draft_print(&draft, view, indent, "", stream);
}

static void write_outcomes(const struct summary_view *view, const struct group *group,
                           unsigned indent, FILE *stream)
{
    struct draft draft;
    if (!draft_open(&draft))
        return;
    phrase_outcomes(draft.stream, group, true);
    draft_print(&draft, view, indent, "", stream);
}

static void write_fix(const struct summary_view *view, const struct group *group, unsigned indent,
                      FILE *stream)
{
    struct draft draft;
    if (!draft_open(&draft))
        return;
    phrase_fix(draft.stream, group);
    fflush(draft.stream);
    fprintf(stream, "%*s", (int)indent, "");
    color(view, stream, GREEN);
    fputs("fix: ", stream);
    phrase_wrap(stream, draft.text, indent + 5, indent + 5, view->width);
    color(view, stream, PLAIN);
    draft_drop(&draft);
}

/* The count before a group, in COLUMNS columns. */
static void put_count(const struct summary_view *view, uint64_t count, unsigned columns,
                      FILE *stream)
{
    struct draft draft;
    if (!draft_open(&draft))
        return;
    phrase_count(draft.stream, count);
    fflush(draft.stream);
    fprintf(stream, "%*s", columns > draft.length ? (int)(columns - draft.length) : 0, "");
    color(view, stream, BOLD);
    fputs(draft.text, stream);
    color(view, stream, PLAIN);
    draft_drop(&draft);
}

static void write_group(const struct summary_view *view, const struct group *group,
                        unsigned columns, FILE *stream)
{
    unsigned indent = columns + 2;
    bool whole = view->groups->by == group_bys && !group->folded;
    struct draft draft;
    if (!draft_open(&draft))
        return;
    phrase_title(draft.stream, view->groups, group);
    fflush(draft.stream);
    put_count(view, group_count(group), columns, stream);
    fputs("  ", stream);
    color(view, stream, BOLD);
    phrase_wrap(stream, draft.text, indent, indent, view->width);
    color(view, stream, PLAIN);
    draft_drop(&draft);
    if (whole)
        write_who(view, group, group->kind != GROUP_NOTE, indent, stream);
    if (group->kind != GROUP_NOTE)
        write_outcomes(view, group, indent, stream);
    if (whole && group->kind != GROUP_NOTE) {
        write_known(view, group, phrase_origin, indent, stream);
        write_known(view, group, tell_why, indent, stream);
    }
    write_times(view, group, indent, stream);
    if (whole && group->kind != GROUP_NOTE)
        write_fix(view, group, indent, stream);
}

/* ---- everything ------------------------------------------------------- */

static unsigned digits_of(uint64_t count)
{
    unsigned digits = 1;
    for (; count >= 10; count /= 10)
        digits++;
    return digits + (digits - 1) / 3;
}

static void write_heading(const struct summary_view *view, enum group_kind kind, FILE *stream)
{
    const struct groups *groups = view->groups;
    struct draft draft;
    if (!draft_open(&draft))
        return;
    phrase_total(draft.stream, groups, kind);
    if (kind == GROUP_STRAY && groups->first != 0) {
        fputs(", ", draft.stream);
        put_span(draft.stream, groups->first, groups->last, false);
        fputs(" UTC", draft.stream);
    }
    draft_print(&draft, view, 0, kind == GROUP_STRAY && groups->totals[kind] > 0 ? RED : BOLD,
                stream);
}

/* What --top leaves out. */
static void write_left(const struct summary_view *view, size_t groups, uint64_t count, FILE *stream)
{
    struct draft draft;
    if (!draft_open(&draft))
        return;
    fputs("and ", draft.stream);
    phrase_count(draft.stream, count);
    fputs(" more in ", draft.stream);
    phrase_counted(draft.stream, groups, "other group", "other groups");
    fputs(" (--top shows them)", draft.stream);
    putc('\n', stream);
    draft_print(&draft, view, 2, "", stream);
}

static void write_kind(const struct summary_view *view, enum group_kind kind, FILE *stream)
{
    const struct groups *groups = view->groups;
    size_t written = 0, left = 0;
    uint64_t left_count = 0;
    unsigned columns = 0;
    for (size_t i = 0; i < groups->count; i++) {
        const struct group *group = groups->all[i];
        if (group->kind != kind)
            continue;
        if (written == 0) /* the first is the largest, but for what is folded */
            columns = 2 + digits_of(group->folded ? groups->totals[kind] : group_count(group));
        if (written == view->top) {
            left++;
            left_count += group_count(group);
            continue;
        }
        putc('\n', stream);
        write_group(view, group, columns < 5 ? 5 : columns, stream);
        written++;
    }
    if (left > 0)
        write_left(view, left, left_count, stream);
}

static void put_suppressed(const struct groups *groups, FILE *stream)
{
    phrase_counted(stream, groups->suppressed, "more attempt was", "more attempts were");
    fputs(" over the rate limit and not logged", stream);
}

static void write_losses(const struct summary_view *view, FILE *stream)
{
    const struct groups *groups = view->groups;
    struct draft draft;
    if (groups->suppressed > 0 && draft_open(&draft)) {
        put_suppressed(groups, draft.stream);
        putc('\n', stream);
        draft_print(&draft, view, 0, "", stream);
    }
    if (groups->dropped > 0 && draft_open(&draft)) {
        phrase_counted(draft.stream, groups->dropped, "record", "records");
        fputs(" could not be written", draft.stream);
        putc('\n', stream);
        draft_print(&draft, view, 0, "", stream);
    }
}

void summary_text_write(const struct summary_view *view, FILE *stream)
{
    write_heading(view, GROUP_STRAY, stream);
    write_kind(view, GROUP_STRAY, stream);
    for (unsigned kind = GROUP_FAILED; kind < GROUP_KINDS; kind++)
        if (view->groups->totals[kind] > 0) {
            putc('\n', stream);
            write_heading(view, kind, stream);
            write_kind(view, kind, stream);
        }
    write_losses(view, stream);
}

/* ---- the end of a run ------------------------------------------------- */

static void write_short_heading(const struct summary_view *view, enum group_kind kind, FILE *stream)
{
    fputs("astray: ", stream);
    color(view, stream, kind == GROUP_STRAY ? RED : BOLD);
    phrase_total(stream, view->groups, kind);
    color(view, stream, PLAIN);
    putc('\n', stream);
}

static void write_short_group(const struct summary_view *view, const struct group *group,
                              FILE *stream)
{
    struct draft draft;
    if (!draft_open(&draft))
        return;
    if (group->kind == GROUP_NOTE || group->folded) {
        phrase_title(draft.stream, view->groups, group);
    } else {
        phrase_destination(draft.stream, group);
        fputs(" by ", draft.stream);
        phrase_who(draft.stream, group, false);
        fputs(", ", draft.stream);
        phrase_outcomes(draft.stream, group, true);
    }
    if (group_count(group) > 1) {
        fputs(", ", draft.stream);
        phrase_counted(draft.stream, group_count(group), "time", "times");
    }
    draft_print(&draft, view, 2, BOLD, stream);
    if (group->kind == GROUP_NOTE || group->folded)
        return;
    write_known(view, group, phrase_origin, 4, stream);
    write_known(view, group, tell_why, 4, stream);
    write_fix(view, group, 4, stream);
}

void summary_text_write_short(const struct summary_view *view, const char *more, FILE *stream)
{
    const struct groups *groups = view->groups;
    size_t written = 0;
    for (; written < groups->count && written < view->top; written++) {
        const struct group *group = groups->all[written];
        if (written == 0 || groups->all[written - 1]->kind != group->kind)
            write_short_heading(view, group->kind, stream);
        write_short_group(view, group, stream);
    }
    if (written < groups->count) {
        fputs("astray: ", stream);
        phrase_counted(stream, groups->count - written, "more finding", "more findings");
        fprintf(stream, ": %s\n", more);
    }
    if (groups->suppressed > 0) {
        fputs("astray: ", stream);
        put_suppressed(groups, stream);
        putc('\n', stream);
    }
}
