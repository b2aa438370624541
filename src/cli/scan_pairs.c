#include "scan.h"

#include <string.h>

static bool is_key_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '$' || c == '/';
}

static bool is_comment(struct slice line)
{
    static const char *const starts[] = {"#", ";", "//", "/*", "* ", "<!--", "--", "!"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (slice_starts_with(line, slice_of(starts[i])))
            return true;
    return false;
}

/* The key that ends before AT: `key`, `"key"`, `a::b`; blanks may follow it. */
static struct slice key_before(struct slice line, size_t at)
{
    while (at > 0 && (line.data[at - 1] == ' ' || line.data[at - 1] == '\t'))
        at--;
    if (at > 0 && (line.data[at - 1] == '"' || line.data[at - 1] == '\''))
        at--;
    size_t end = at;
    while (at > 0 && (is_key_byte(line.data[at - 1]) ||
                      (line.data[at - 1] == ':' && at > 1 && line.data[at - 2] == ':') ||
                      (line.data[at - 1] == ':' && at < end && line.data[at] == ':')))
        at--;
    return (struct slice){.data = line.data + at, .length = end - at};
}

static void report(struct scan *scan, struct slice key, struct slice value, struct slice full,
                   size_t number)
{
    char name[192];
    struct text text;
    struct slice section = slice_of(scan->section);
    struct scan_word at = {
        .line = number, .column = (size_t)(value.data - full.data), .length = value.length};
    text_start(&text, name, sizeof name);
    if (section.length > 0) {
        text_slice(&text, section);
        text_char(&text, '.');
    }
    text_slice(&text, key);
    if (text.cut || key.length == 0)
        return;
    scan->bytes.length = 0;
    scan_mark(&scan->bytes, SCAN_DIALECTS, value);
    scan_item(scan, SCAN_NAMED, SCAN_ENDPOINTS, text_done(&text), buffer_all(&scan->bytes), &at);
}

/* Quoted values, each behind its key: `target: 'http://...'`, `key = "value"`, `Key "value";`.
 * False when there is none. */
static bool quoted_values(struct scan *scan, struct slice full, size_t number)
{
    bool found = false;
    for (size_t i = 1; i < full.length; i++) {
        char quote = full.data[i];
        if (quote != '"' && quote != '\'' && quote != '`')
            continue;
        size_t end = i + 1;
        while (end < full.length && full.data[end] != quote)
            end += full.data[end] == '\\' ? 2 : 1;
        if (end >= full.length)
            return found;
        size_t sign = i;
        while (sign > 0 && (full.data[sign - 1] == ' ' || full.data[sign - 1] == '\t'))
            sign--;
        struct slice before = {.data = full.data, .length = sign};
        bool arrow = slice_ends_with(before, SLICE("=>"));
        bool assigns =
            arrow || slice_ends_with(before, SLICE(":")) || slice_ends_with(before, SLICE("="));
        struct slice key = key_before(full, assigns ? sign - 1 - arrow : sign);
        bool scoped = !assigns && key.length > 2 && memmem(key.data, key.length, "::", 2) != NULL;
        if (assigns || scoped) {
            found = true;
            report(scan, key, (struct slice){.data = full.data + i + 1, .length = end - i - 1},
                   full, number);
        }
        i = end;
    }
    return found;
}

/* key = value and key: value to the end of the line */
static void plain_value(struct scan *scan, struct slice line, struct slice full, size_t number)
{
    size_t equals = 0;
    while (equals < line.length && is_key_byte(line.data[equals]))
        equals++;
    size_t sign = equals;
    while (sign < line.length && (line.data[sign] == ' ' || line.data[sign] == '\t'))
        sign++;
    if (equals == 0 || sign >= line.length || (line.data[sign] != '=' && line.data[sign] != ':'))
        return;
    struct slice value = slice_from(line, sign + 1);
    if (line.data[sign] == ':' && value.length > 0 && value.data[0] != ' ' && value.data[0] != '\t')
        return;
    for (size_t i = 1; i < value.length; i++)
        if ((value.data[i] == '#' || value.data[i] == ';') &&
            (value.data[i - 1] == ' ' || value.data[i - 1] == '\t'))
            value.length = i;
    value = slice_trim(value);
    while (value.length > 0 &&
           (value.data[value.length - 1] == ',' || value.data[value.length - 1] == ';'))
        value.length--;
    if (value.length > 0)
        report(scan, (struct slice){.data = line.data, .length = equals}, value, full, number);
}

static void section(struct scan *scan, struct slice line)
{
    struct text text;
    while (line.length > 0 && line.data[0] == '[')
        line = slice_from(line, 1);
    line.length = slice_find(line, ']');
    text_start(&text, scan->section, sizeof scan->section);
    text_slice(&text, slice_trim(line));
    text_finish(&text);
}

size_t scan_pairs(struct scan *scan, struct slice text)
{
    text.length = scan_whole_lines(scan, text);
    struct slice rest = text, full;
    for (size_t number = scan->line; scan_line(&rest, &full); number++) {
        struct slice line = slice_trim(full);
        scan->first_line = number;
        if (line.length == 0 || line.length > SCAN_WORD_MAX || is_comment(line))
            continue;
        if (line.data[0] == '[' && line.data[line.length - 1] == ']' &&
            slice_find(line, ',') == line.length)
            section(scan, line);
        else if (!quoted_values(scan, full, number))
            plain_value(scan, line, full, number);
    }
    return text.length;
}
