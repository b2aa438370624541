#include "summary_out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "phrase.h"
#include "pool.h"
#include "say.h"
#include "why.h"

/* The page is one file: style and script stand in it, and the findings as JSON whose texts are
 * in a table of their own, since most of them come up again and again. */

/* Rows and texts take no more than this; what is left is counted. */
#define DATA_MAX ((size_t)1800000)

#define CHART_COLUMNS 72
#define CHART_HEIGHT 120

/* src/cli/report.css and report.js, ended by a NUL. */
#define EMBED(name, file)                                                                          \
    extern const char name[];                                                                      \
    __asm__(".section .rodata\n.global " #name "\n.hidden " #name "\n" #name ":\n.incbin \"" file  \
            "\"\n.byte 0\n.previous\n")

EMBED(summary_html_style, "src/cli/report.css");
EMBED(summary_html_script, "src/cli/report.js");

/* ---- texts ------------------------------------------------------------ */

/* Printable TEXT as the content of an element or of a quoted attribute. */
static void put_escaped(FILE *stream, struct slice text)
{
    static const char special[] = "&<>\"'";
    static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < text.length; i++) {
        const char *found = memchr(special, text.data[i], sizeof special - 1);
        if (found != NULL)
            fputs(names[found - special], stream);
        else
            putc(text.data[i], stream);
    }
}

/* TEXT as a JSON string that no HTML parser sees a tag in. */
static void put_json(FILE *stream, struct slice text)
{
    putc('"', stream);
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte < 0x20 || memchr("<>&\"\\", byte, 5) != NULL)
            fprintf(stream, "\\u%04x", byte);
        else
            putc(byte, stream);
    }
    putc('"', stream);
}

/* A text that is put together before it is escaped. */
struct draft {
    FILE *stream;
    char *text;
    size_t length;
};

static bool draft_open(struct draft *draft)
{
    *draft = (struct draft){0};
    draft->stream = open_memstream(&draft->text, &draft->length);
    return draft->stream != NULL;
}

static struct slice draft_close(struct draft *draft)
{
    if (fclose(draft->stream) != 0)
        draft->length = 0;
    return (struct slice){draft->text, draft->length};
}

/* ---- rows ------------------------------------------------------------- */

struct rows {
    const struct summary_view *view;
    struct pool pool;
    FILE *stream; /* into TEXT */
    char *text;
    size_t length;
    size_t of_kind[GROUP_KINDS];
    size_t omitted;
    uint64_t omitted_count;
};

/* ---- forms ------------------------------------------------------------ */

/* A sentence is kept as a form, the same for most groups, whose gaps (U+0001, which is never
 * printable) are filled with what differs: [form, gap, ...], where a gap is the number of a text,
 * or a number itself below zero; the form's number alone when it has none. */

/* The texts that sentences about a group repeat. */
static const enum group_text repeated[] = {
    GROUP_VARIABLE, GROUP_PROGRAM, GROUP_SCRIPT, GROUP_INTRODUCER, GROUP_ADDRESS,
    GROUP_IP,       GROUP_DOMAIN,  GROUP_UNIT,   GROUP_HOST,
};

#define REPEATED (sizeof repeated / sizeof *repeated)

static bool is_word_end(char c)
{
    return strchr(" \"',;:()[]@", c) != NULL;
}

/* The digits that TEXT begins with, when they are a number as it would be written. */
static size_t digits_of(struct slice text)
{
    size_t length = 0;
    while (length < text.length && text.data[length] >= '0' && text.data[length] <= '9')
        length++;
    return length > 0 && length < 10 && text.data[0] != '0' ? length : 0;
}

static bool ends_word(struct slice text, size_t length)
{
    return length == text.length || (length < text.length && is_word_end(text.data[length]));
}

/* What TEXT, the start of a word, begins with that belongs in a gap: the longest; *NUMBER when it
 * is one. Returns its length, 0 for nothing. */
static size_t piece_of(struct slice text, const struct group *group, bool *number)
{
    size_t length = digits_of(text);
    length = ends_word(text, length) ? length : 0;
    *number = length > 0;
    for (size_t i = 0; i < REPEATED; i++) {
        struct slice piece = group->texts[repeated[i]];
        if (repeated[i] == GROUP_INTRODUCER) /* its name, without the pid */
            piece.length = slice_find(piece, '[');
        if (piece.length <= length || piece.length > text.length ||
            memcmp(text.data, piece.data, piece.length) != 0 || !ends_word(text, piece.length))
            continue;
        length = piece.length;
        *number = false;
    }
    return length;
}

static void part_form(struct rows *rows, struct slice text, const struct group *group, FILE *form,
                      FILE *gaps)
{
    bool start = true, number;
    while (text.length > 0) {
        size_t length = start ? piece_of(text, group, &number) : 0;
        if (length == 0) {
            start = is_word_end(text.data[0]);
            putc(text.data[0], form);
            text = slice_from(text, 1);
            continue;
        }
        putc('\1', form);
        struct slice piece = {text.data, length};
        if (number)
            fprintf(gaps, ",-%.*s", (int)piece.length, piece.data);
        else
            fprintf(gaps, ",%zu", pool_add(&rows->pool, piece));
        text = slice_from(text, length);
        start = false;
    }
}

static void put_form(struct rows *rows, struct slice text, const struct group *group)
{
    struct draft form, gaps;
    if (!draft_open(&form))
        return;
    if (draft_open(&gaps)) {
        part_form(rows, text, group, form.stream, gaps.stream);
        size_t number = pool_add(&rows->pool, draft_close(&form));
        struct slice filled = draft_close(&gaps);
        fprintf(rows->stream, filled.length > 0 ? "[%zu%.*s]," : "%zu%.*s,", number,
                (int)filled.length, filled.data);
        free(gaps.text);
    }
    free(form.text);
}

/* ---- what a row says -------------------------------------------------- */

typedef void phrase_text(FILE *stream, const struct rows *rows, const struct group *group);

static void say_title(FILE *stream, const struct rows *rows, const struct group *group)
{
    phrase_title(stream, rows->view->groups, group);
}

static bool is_whole(const struct rows *rows, const struct group *group)
{
    return rows->view->groups->by == group_bys && !group->folded;
}

static void say_who(FILE *stream, const struct rows *rows, const struct group *group)
{
    if (is_whole(rows, group))
        phrase_who(stream, group, true);
}

static void say_text(FILE *stream, const struct group *group, enum group_text which)
{
    if ((group->varies >> which & 1) == 0)
        phrase_raw(stream, group->texts[which]);
}

static void say_program(FILE *stream, const struct rows *rows, const struct group *group)
{
    (void)rows;
    say_text(stream, group, GROUP_PROGRAM);
}

static void say_variable(FILE *stream, const struct rows *rows, const struct group *group)
{
    (void)rows;
    say_text(stream, group, GROUP_VARIABLE);
}

static void say_class(FILE *stream, const struct rows *rows, const struct group *group)
{
    (void)rows;
    say_text(stream, group, GROUP_CLASS);
}

static void say_origin(FILE *stream, const struct rows *rows, const struct group *group)
{
    if (is_whole(rows, group))
        phrase_origin(stream, group);
}

static void say_why(FILE *stream, const struct rows *rows, const struct group *group)
{
    if (is_whole(rows, group) && group->kind != GROUP_NOTE && !why_describe(stream, group))
        phrase_listeners(stream, group);
}

static void say_fix(FILE *stream, const struct rows *rows, const struct group *group)
{
    if (is_whole(rows, group) && group->kind != GROUP_NOTE)
        phrase_fix(stream, group);
}

static void say_outcomes(FILE *stream, const struct rows *rows, const struct group *group)
{
    (void)rows;
    if (group->kind != GROUP_NOTE)
        phrase_outcomes(stream, group, true);
}

/* A row a text of a finding; the script knows them by these names. */
static const struct {
    const char *name;
    phrase_text *say;
} columns[] = {
    {"title", say_title},     {"class", say_class},       {"who", say_who},
    {"program", say_program}, {"outcomes", say_outcomes}, {"variable", say_variable},
    {"origin", say_origin},   {"why", say_why},           {"fix", say_fix},
};

#define COLUMNS (sizeof columns / sizeof *columns)

static void put_text(struct rows *rows, const struct group *group, phrase_text *say)
{
    struct draft draft;
    if (!draft_open(&draft))
        return;
    say(draft.stream, rows, group);
    put_form(rows, draft_close(&draft), group);
    free(draft.text);
}

static void put_ancestry(struct rows *rows, const struct group *group)
{
    struct slice rest = group->texts[GROUP_ANCESTRY], item;
    const char *separator = "";
    struct draft draft;
    if (!draft_open(&draft))
        return;
    while (is_whole(rows, group) && record_list_next(&rest, &item)) {
        fputs(separator, draft.stream);
        phrase_raw(draft.stream, item);
        separator = " ← ";
    }
    put_form(rows, draft_close(&draft), group);
    free(draft.text);
    fprintf(rows->stream, "%d", (group->varies >> GROUP_ANCESTRY & 1) != 0);
}

static void put_row(struct rows *rows, const struct group *group)
{
    uint64_t base = rows->view->groups->first;
    fprintf(rows->stream, "%s[%d,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",",
            rows->length > 0 ? ",\n" : "", (int)group->kind, group_count(group),
            group->first == 0 ? 0 : (group->first - base) / 1000000 + 1,
            (group->last - group->first) / 1000000);
    for (size_t i = 0; i < COLUMNS; i++)
        put_text(rows, group, columns[i].say);
    put_ancestry(rows, group);
    putc(']', rows->stream);
    fflush(rows->stream);
}

static void put_rows(struct rows *rows)
{
    const struct groups *groups = rows->view->groups;
    pool_add(&rows->pool, SLICE("")); /* number 0 */
    for (size_t i = 0; i < groups->count; i++) {
        const struct group *group = groups->all[i];
        if (rows->of_kind[group->kind]++ < rows->view->top &&
            rows->length + rows->pool.length + 4 * rows->pool.count < DATA_MAX) {
            put_row(rows, group);
            continue;
        }
        rows->omitted++;
        rows->omitted_count += group_count(group);
    }
}

/* ---- the chart -------------------------------------------------------- */

static void spread(const struct groups *groups, enum group_kind kind, uint64_t *sums)
{
    uint64_t part[CHART_COLUMNS];
    memset(sums, 0, CHART_COLUMNS * sizeof *sums);
    for (size_t i = 0; i < groups->count; i++) {
        if (groups->all[i]->kind != kind)
            continue;
        histogram_spread(&groups->all[i]->times, groups->first, groups->last, part, CHART_COLUMNS);
        for (size_t column = 0; column < CHART_COLUMNS; column++)
            sums[column] += part[column];
    }
}

static void put_bar(FILE *stream, size_t column, uint64_t from, uint64_t count, uint64_t most,
                    const char *class)
{
    if (count == 0)
        return;
    double height = (double)count * CHART_HEIGHT / (double)most;
    double top = CHART_HEIGHT - (double)from * CHART_HEIGHT / (double)most - height;
    fprintf(stream, "<rect class=\"%s\" x=\"%zu\" y=\"%.2f\" width=\"8\" height=\"%.2f\"/>", class,
            column * 10 + 1, top, height);
}

static void put_column(FILE *stream, const struct groups *groups, size_t column, uint64_t stray,
                       uint64_t failed, uint64_t most)
{
    uint64_t width = (groups->last - groups->first) / CHART_COLUMNS + 1;
    if (stray + failed == 0)
        return;
    fputs("<g><title>", stream);
    phrase_time(stream, groups->first + column * width, false);
    fputs(" UTC and on: ", stream);
    phrase_count(stream, stray);
    fputs(" astray, ", stream);
    phrase_count(stream, failed);
    fputs(" failed</title>", stream);
    put_bar(stream, column, 0, stray, most, "stray");
    put_bar(stream, column, stray, failed, most, "failed");
    fputs("</g>", stream);
}

static void put_chart(FILE *stream, const struct groups *groups)
{
    uint64_t stray[CHART_COLUMNS], failed[CHART_COLUMNS], most = 1;
    if (groups->first == 0 || groups->totals[GROUP_STRAY] + groups->totals[GROUP_FAILED] == 0)
        return;
    spread(groups, GROUP_STRAY, stray);
    spread(groups, GROUP_FAILED, failed);
    for (size_t i = 0; i < CHART_COLUMNS; i++)
        most = stray[i] + failed[i] > most ? stray[i] + failed[i] : most;
    fputs("<section aria-labelledby=\"when\"><h2 id=\"when\">Attempts over time</h2>\n"
          "<figure><div class=\"plot\"><span class=\"most\">",
          stream);
    phrase_count(stream, most);
    fprintf(stream,
            "</span><svg role=\"img\" aria-label=\"Attempts over time, at most %" PRIu64
            " in one of %d parts\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">",
            most, CHART_COLUMNS, CHART_COLUMNS * 10, CHART_HEIGHT);
    for (size_t i = 0; i < CHART_COLUMNS; i++)
        put_column(stream, groups, i, stray[i], failed[i], most);
    fputs("</svg></div><figcaption><span>", stream);
    phrase_time(stream, groups->first, false);
    fputs("</span><span class=\"legend\"><i class=\"stray\"></i> astray", stream);
    if (groups->totals[GROUP_FAILED] > 0)
        fputs(" <i class=\"failed\"></i> ordinary, failed", stream);
    fputs("</span><span>", stream);
    phrase_time(stream, groups->last, false);
    fputs(" UTC</span></figcaption></figure></section>\n", stream);
}

/* ---- the page --------------------------------------------------------- */

static void put_fact(FILE *stream, const char *class, uint64_t count, const char *words)
{
    fprintf(stream, "<li class=\"%s\"><b>", class);
    phrase_count(stream, count);
    fprintf(stream, "</b> %s</li>\n", words);
}

/* What became of the attempts that went astray. */
static void put_outcomes(FILE *stream, const struct groups *groups)
{
    uint64_t failed = 0, succeeded = 0, blocked = 0, unknown = 0;
    for (size_t i = 0; i < groups->count; i++) {
        const struct group *group = groups->all[i];
        if (group->kind != GROUP_STRAY)
            continue;
        failed += group->failed;
        succeeded += group->succeeded;
        blocked += group->blocked;
        unknown += group_unknown(group);
    }
    const struct {
        uint64_t count;
        const char *words;
    } outcomes[] = {{failed, "of them failed"},
                    {succeeded, "connected"},
                    {blocked, "blocked"},
                    {unknown, "outcome unknown"}};
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (outcomes[i].count > 0)
            put_fact(stream, "outcome", outcomes[i].count, outcomes[i].words);
}

static void put_facts(FILE *stream, const struct groups *groups)
{
    fputs("<ul class=\"facts\">\n", stream);
    put_fact(stream, groups->totals[GROUP_STRAY] > 0 ? "stray" : "fine",
             groups->totals[GROUP_STRAY], phrase_kind(GROUP_STRAY, groups->totals[GROUP_STRAY]));
    put_outcomes(stream, groups);
    for (unsigned kind = GROUP_FAILED; kind < GROUP_KINDS; kind++)
        if (groups->totals[kind] > 0)
            put_fact(stream, "other", groups->totals[kind],
                     phrase_kind(kind, groups->totals[kind]));
    if (groups->suppressed > 0)
        put_fact(stream, "other", groups->suppressed, "over the rate limit and not logged");
    if (groups->dropped > 0)
        put_fact(stream, "other", groups->dropped, "records could not be written");
    fputs("</ul>\n", stream);
}

static void put_head(FILE *stream, const struct groups *groups)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
          "form-action 'none'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<meta name=\"generator\" content=\"astray summary\">\n<title>",
          stream);
    phrase_total(stream, groups, GROUP_STRAY);
    fprintf(stream, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header><h1>",
            summary_html_style);
    phrase_total(stream, groups, GROUP_STRAY);
    fputs("</h1>\n<p>", stream);
    if (groups->first != 0) {
        phrase_time(stream, groups->first, false);
        fputs(" to ", stream);
        phrase_time(stream, groups->last, false);
        fputs(" UTC, ", stream);
    }
    phrase_counted(stream, groups->records, "record", "records");
    fputs("</p></header>\n<main>\n", stream);
}

/* What the script fills; the heads of the columns are its to make, since they sort. */
static void put_findings(FILE *stream, const struct rows *rows)
{
    fputs("<noscript><p>This page needs its own script, and scripts are turned off here: "
          "<code>astray summary</code> shows the same as text.</p></noscript>\n"
          "<div id=\"tops\"></div>\n"
          "<section aria-labelledby=\"what\"><h2 id=\"what\">Findings</h2>\n"
          "<div class=\"tools\"><label for=\"search\">Search</label> <input id=\"search\" "
          "type=\"search\" autocomplete=\"off\" spellcheck=\"false\"> "
          "<label for=\"kind\">Show</label> <select id=\"kind\"></select> "
          "<output id=\"shown\" aria-live=\"polite\"></output></div>\n"
          "<div id=\"findings\"></div>\n",
          stream);
    if (rows->omitted > 0) {
        fputs("<p class=\"left\">", stream);
        phrase_count(stream, rows->omitted_count);
        fputs(" more in ", stream);
        phrase_counted(stream, rows->omitted, "other group", "other groups");
        fputs(" are not in this page.</p>\n", stream);
    }
    fputs("</section>\n</main>\n", stream);
}

static void put_logs(FILE *stream, const struct summary_view *view)
{
    const struct groups *groups = view->groups;
    uint64_t foreign = groups->foreign + view->counts->too_long;
    fputs("<footer><p>Read: ", stream);
    for (size_t i = 0; i < view->logs->count; i++) {
        struct draft draft;
        if (!draft_open(&draft))
            continue;
        say_printable(draft.stream, slice_of(view->logs->paths[i]));
        fputs(i > 0 ? ", <code>" : "<code>", stream);
        put_escaped(stream, draft_close(&draft));
        fputs("</code>", stream);
        free(draft.text);
    }
    if (foreign > 0) {
        fputs("; ", stream);
        phrase_counted(stream, foreign, "line is no record", "lines are no records");
    }
    fputs(". Times are in UTC.</p></footer>\n", stream);
}

static void put_data(FILE *stream, const struct rows *rows)
{
    const struct groups *groups = rows->view->groups;
    fputs("<script type=\"application/json\" id=\"data\">{\"by\":", stream);
    put_json(stream, slice_of(groups->by->name));
    fprintf(stream, ",\"base\":%" PRIu64, groups->first / 1000000);
    fputs(",\"columns\":[\"kind\",\"count\",\"first\",\"span\"", stream);
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(stream, ",\"%s\"", columns[i].name);
    fputs(",\"ancestry\",\"varied\"],\n\"rows\":[", stream);
    fwrite(rows->text, 1, rows->length, stream);
    fputs("],\n\"texts\":[", stream);
    for (size_t i = 0; i < rows->pool.count; i++) {
        fputs(i > 0 ? "," : "", stream);
        put_json(stream, pool_get(&rows->pool, i));
    }
    fputs("]}</script>\n", stream);
}

void summary_html_write(const struct summary_view *view, FILE *stream)
{
    struct rows rows = {.view = view, .pool = {.seed = view->groups->seed}};
    rows.stream = open_memstream(&rows.text, &rows.length);
    if (rows.stream == NULL)
        return;
    put_rows(&rows);
    fclose(rows.stream);
    put_head(stream, view->groups);
    put_facts(stream, view->groups);
    put_chart(stream, view->groups);
    put_findings(stream, &rows);
    put_logs(stream, view);
    put_data(stream, &rows);
    fprintf(stream, "<script>\n%s</script>\n</body>\n</html>\n", summary_html_script);
    pool_free(&rows.pool);
    free(rows.text);
}
