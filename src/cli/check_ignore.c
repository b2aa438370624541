#include "check.h"

#include <stdlib.h>
#include <string.h>

static const char marker[] = "astray: ignore=";

static bool is_comment(struct slice line)
{
    line = slice_trim(line);
    return line.length > 0 &&
           (line.data[0] == '#' || line.data[0] == ';' || slice_starts_with(line, SLICE("//")));
}

/* The line after LINE, which starts at AT, that is no comment and not blank; counted from 0. */
static size_t next_statement(struct slice text, size_t at, size_t line)
{
    struct slice rest = slice_from(text, at), piece;
    if (scan_line(&rest, &piece))
        line++;
    while (scan_line(&rest, &piece)) {
        if (slice_trim(piece).length > 0 && !is_comment(piece))
            break;
        line++;
    }
    return line;
}

static void parse(struct check_ignore *ignore, struct slice text)
{
    size_t end = 0;
    while (end < text.length && strchr(" \t\r", text.data[end]) == NULL)
        end++;
    struct slice list = {.data = text.data, .length = end}, slug;
    while (slice_cut(&list, ',', &slug)) {
        enum rule_id rule = rules_named(slug);
        if (rule != RULE_COUNT)
            ignore->rules |= UINT64_C(1) << rule;
    }
    struct slice reason = slice_trim(slice_from(text, end));
    if (slice_starts_with(reason, SLICE("--")))
        ignore->reasoned = slice_trim(slice_from(reason, 2)).length > 0;
    ignore->length += end;
}

static void add(struct check_ignores *ignores, struct slice text, size_t start, size_t at,
                size_t line)
{
    struct slice whole = slice_from(text, start);
    whole.length = slice_find(whole, '\n');
    /* Only in a comment: behind a # or //. */
    struct slice before = {.data = whole.data, .length = at - start};
    if (slice_find(before, '#') == before.length && slice_find(before, ';') == before.length &&
        memmem(before.data, before.length, "//", 2) == NULL)
        return;
    if (ignores->count == ignores->size) {
        ignores->size = ignores->size == 0 ? 8 : ignores->size * 2;
        ignores->items = buffer_resize(ignores->items, ignores->size * sizeof *ignores->items);
    }
    struct check_ignore *ignore = &ignores->items[ignores->count++];
    *ignore = (struct check_ignore){
        .line = line, .target = line, .column = at - start, .length = sizeof marker - 1};
    parse(ignore, slice_from(whole, at - start + sizeof marker - 1));
    if (is_comment(whole))
        ignore->target = next_statement(text, start, line);
}

#define IGNORES_MAX 10000

void check_ignore_find(struct check_ignores *ignores, struct slice text, size_t line)
{
    size_t at = 0, counted = 0, start = 0;
    while (at < text.length && ignores->count < IGNORES_MAX) {
        const char *found = memmem(text.data + at, text.length - at, marker, sizeof marker - 1);
        if (found == NULL)
            return;
        at = (size_t)(found - text.data);
        for (; counted < at; counted++)
            if (text.data[counted] == '\n') {
                line++;
                start = counted + 1;
            }
        add(ignores, text, start, at, line);
        at += sizeof marker - 1;
    }
}

bool check_ignore_covers(struct check_ignores *ignores, enum rule_id rule, size_t first,
                         size_t last)
{
    bool covered = false;
    for (size_t i = 0; i < ignores->count; i++) {
        struct check_ignore *ignore = &ignores->items[i];
        if (ignore->target < first || ignore->target > last || !ignore->reasoned ||
            (ignore->rules & (UINT64_C(1) << rule)) == 0)
            continue;
        ignore->used = true;
        covered = true;
    }
    return covered;
}

void check_ignore_free(struct check_ignores *ignores)
{
    free(ignores->items);
    *ignores = (struct check_ignores){0};
}
