#include "summary_out.h"

#include <inttypes.h>
#include <stdlib.h>

#include "json_out.h"
#include "phrase.h"

/* A row a text: its key. Parts of the destination stand in an object of their own. */
static const struct {
    enum group_text text;
    const char *key;
} keys[] = {
    {GROUP_CLASS, "class"},       {GROUP_PROGRAM, "program"},   {GROUP_SCRIPT, "script"},
    {GROUP_ORIGIN, "origin"},     {GROUP_VARIABLE, "variable"}, {GROUP_UNIT, "unit"},
    {GROUP_HOST, "host"},         {GROUP_USER, "user"},         {GROUP_RUN, "run"},
    {GROUP_ACTION, "action"},     {GROUP_OUTCOME, "outcome"},   {GROUP_MESSAGE, "message"},
    {GROUP_INTRODUCER, "set_in"}, {GROUP_ARGUMENT, "argument"},
};

static const char *const kinds[] = {
    [GROUP_STRAY] = "stray",
    [GROUP_FAILED] = "failed",
    [GROUP_NOTE] = "misconfigured",
};

static void put_raw(FILE *stream, struct slice raw)
{
    char text[SIGHT_TEXT_MAX];
    size_t length = record_unescape(raw, text, sizeof text);
    json_out_text(stream, (struct slice){text, length});
}

static void put_time(FILE *stream, const char *key, uint64_t time)
{
    char text[RECORD_TIME_SIZE];
    record_time_format(time, text);
    if (time == 0)
        fprintf(stream, ",\"%s\":null", key);
    else
        fprintf(stream, ",\"%s\":\"%s\"", key, text);
}

static bool is_known(const struct group *group, enum group_text text)
{
    return group->texts[text].length > 0 && (group->varies >> text & 1) == 0;
}

static void put_destination(const struct group *group, FILE *stream)
{
    const char *separator = "";
    static const struct {
        enum group_text text;
        const char *key;
    } parts[] = {{GROUP_ADDRESS, "address"}, {GROUP_IP, "ip"}, {GROUP_DOMAIN, "domain"}};
    fputs(",\"destination\":{", stream);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!is_known(group, parts[i].text))
            continue;
        fprintf(stream, "%s\"%s\":", separator, parts[i].key);
        put_raw(stream, group->texts[parts[i].text]);
        separator = ",";
    }
    if (is_known(group, GROUP_PORT))
        fprintf(stream, "%s\"port\":%" PRIu64, separator, record_number(group->texts[GROUP_PORT]));
    putc('}', stream);
}

static void put_errors(const struct group *group, FILE *stream)
{
    fputs(",\"errors\":{", stream);
    for (size_t i = 0; i < GROUP_ERRORS && group->errors[i].count > 0; i++) {
        fputs(i > 0 ? "," : "", stream);
        json_out_text(stream, slice_of(group->errors[i].name));
        fprintf(stream, ":%" PRIu64, group->errors[i].count);
    }
    fputs("}", stream);
}

static void put_listeners(const struct group *group, FILE *stream)
{
    struct slice rest = group->listeners, item;
    const char *separator = "";
    if (!group->listeners_known)
        return;
    fputs(",\"listeners\":[", stream);
    while (record_list_next(&rest, &item)) {
        fputs(separator, stream);
        put_raw(stream, item);
        separator = ",";
    }
    putc(']', stream);
}

static void put_fix(const struct group *group, FILE *stream)
{
    char *text = NULL;
    size_t length = 0;
    FILE *draft = open_memstream(&text, &length);
    if (draft == NULL)
        return;
    phrase_fix(draft, group);
    if (fclose(draft) == 0) {
        fputs(",\"fix\":", stream);
        json_out_text(stream, (struct slice){text, length});
    }
    free(text);
}

static void put_group(const struct summary_view *view, const struct group *group, FILE *stream)
{
    fprintf(stream, "{\"kind\":\"%s\",\"folded\":%s,\"count\":%" PRIu64 ",\"attempts\":%" PRIu64,
            kinds[group->kind], group->folded ? "true" : "false", group_count(group),
            group->attempts);
    fprintf(stream,
            ",\"outcomes\":{\"success\":%" PRIu64 ",\"failure\":%" PRIu64 ",\"unknown\":%" PRIu64
            "},\"fast_open\":%" PRIu64 ",\"rewritten\":%" PRIu64 ",\"blocked\":%" PRIu64,
            group->succeeded, group->failed, group_unknown(group), group->fast_open,
            group->rewritten, group->blocked);
    put_errors(group, stream);
    put_time(stream, "first", group->first);
    put_time(stream, "last", group->last);
    put_destination(group, stream);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (is_known(group, keys[i].text)) {
            fprintf(stream, ",\"%s\":", keys[i].key);
            put_raw(stream, group->texts[keys[i].text]);
        }
    put_listeners(group, stream);
    if (view->groups->by == group_bys && group->kind != GROUP_NOTE && !group->folded)
        put_fix(group, stream);
    putc('}', stream);
}

static void put_groups(const struct summary_view *view, FILE *stream)
{
    const struct groups *groups = view->groups;
    size_t of_kind[GROUP_KINDS] = {0}, omitted = 0;
    const char *separator = "";
    fputs(",\"groups\":[", stream);
    for (size_t i = 0; i < groups->count; i++) {
        if (of_kind[groups->all[i]->kind]++ >= view->top) {
            omitted++;
            continue;
        }
        fputs(separator, stream);
        put_group(view, groups->all[i], stream);
        separator = ",\n";
    }
    fprintf(stream, "],\"omitted_groups\":%zu", omitted);
}

void summary_json_write(const struct summary_view *view, FILE *stream)
{
    const struct groups *groups = view->groups;
    fputs("{\"logs\":[", stream);
    for (size_t i = 0; i < view->logs->count; i++) {
        fputs(i > 0 ? "," : "", stream);
        json_out_text(stream, slice_of(view->logs->paths[i]));
    }
    fprintf(stream,
            "],\"by\":\"%s\",\"records\":%" PRIu64 ",\"foreign_lines\":%" PRIu64
            ",\"cut_off_lines\":%" PRIu64,
            groups->by->name, groups->records, groups->foreign + view->counts->too_long,
            groups->cut_off);
    put_time(stream, "first", groups->first);
    put_time(stream, "last", groups->last);
    for (unsigned kind = 0; kind < GROUP_KINDS; kind++)
        fprintf(stream, ",\"%s\":%" PRIu64, kinds[kind], groups->totals[kind]);
    fprintf(stream, ",\"suppressed\":%" PRIu64 ",\"dropped\":%" PRIu64, groups->suppressed,
            groups->dropped);
    put_groups(view, stream);
    fputs("}\n", stream);
}
