#include "summary_out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "phrase.h"

/* A row a column: a text of the group. */
static const struct {
    enum group_text text;
    const char *name;
} columns[] = {
    {GROUP_CLASS, "class"},     {GROUP_IP, "ip"},         {GROUP_PORT, "port"},
    {GROUP_ADDRESS, "written"}, {GROUP_DOMAIN, "domain"}, {GROUP_PROGRAM, "program"},
    {GROUP_SCRIPT, "script"},   {GROUP_ORIGIN, "origin"}, {GROUP_UNIT, "unit"},
    {GROUP_HOST, "host"},       {GROUP_USER, "user"},     {GROUP_RUN, "run"},
    {GROUP_MESSAGE, "message"},
};

#define COLUMNS (sizeof columns / sizeof *columns)

static const char *const kinds[] = {
    [GROUP_STRAY] = "stray",
    [GROUP_FAILED] = "failed",
    [GROUP_NOTE] = "misconfigured",
};

/* Spreadsheets run what begins like this. */
static bool is_formula(struct slice text)
{
    return text.length > 0 && memchr("=+-@\t\r", text.data[0], 6) != NULL;
}

static void put_cell(FILE *stream, struct slice text)
{
    bool quotes = false;
    for (size_t i = 0; i < text.length; i++)
        quotes = quotes || memchr(",\"\n\r", text.data[i], 4) != NULL;
    putc(',', stream);
    fputs(quotes ? "\"" : "", stream);
    fputs(is_formula(text) ? "'" : "", stream);
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"')
            putc('"', stream);
        putc(text.data[i], stream);
    }
    fputs(quotes ? "\"" : "", stream);
}

/* What PHRASE writes for GROUP, as a cell. Everything from a log is printable then. */
static void put_draft(FILE *stream, void phrase(FILE *, const struct group *, enum group_text),
                      const struct group *group, enum group_text which)
{
    char *text = NULL;
    size_t length = 0;
    FILE *draft = open_memstream(&text, &length);
    if (draft == NULL)
        return;
    phrase(draft, group, which);
    if (fclose(draft) == 0)
        put_cell(stream, (struct slice){text, length});
    free(text);
}

static void draft_text(FILE *stream, const struct group *group, enum group_text which)
{
    if ((group->varies >> which & 1) == 0)
        phrase_raw(stream, group->texts[which]);
}

static void draft_time(FILE *stream, const struct group *group, enum group_text last)
{
    char text[RECORD_TIME_SIZE];
    uint64_t time = last ? group->last : group->first;
    record_time_format(time, text);
    fputs(time == 0 ? "" : text, stream);
}

static void draft_fix(FILE *stream, const struct group *group, enum group_text unused)
{
    (void)unused;
    if (group->kind != GROUP_NOTE && !group->folded)
        phrase_fix(stream, group);
}

static void put_group(const struct summary_view *view, const struct group *group, FILE *stream)
{
    fprintf(stream, "%s,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64,
            kinds[group->kind], group->folded ? "true" : "false", group_count(group),
            group->succeeded, group->failed, group_unknown(group), group->rewritten,
            group->blocked);
    put_draft(stream, draft_time, group, 0);
    put_draft(stream, draft_time, group, 1);
    for (size_t i = 0; i < COLUMNS; i++)
        put_draft(stream, draft_text, group, columns[i].text);
    if (view->groups->by == group_bys)
        put_draft(stream, draft_fix, group, 0);
    putc('\n', stream);
}

void summary_csv_write(const struct summary_view *view, FILE *stream)
{
    const struct groups *groups = view->groups;
    size_t of_kind[GROUP_KINDS] = {0};
    fputs("kind,folded,count,success,failure,unknown,rewritten,blocked,first,last", stream);
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(stream, ",%s", columns[i].name);
    fputs(groups->by == group_bys ? ",fix\n" : "\n", stream);
    for (size_t i = 0; i < groups->count; i++)
        if (of_kind[groups->all[i]->kind]++ < view->top)
            put_group(view, groups->all[i], stream);
}
