#include "scan.h"

#include <string.h>

/* The index behind the next field of LINE from AT on, and the blanks before it. */
static size_t field(struct slice line, size_t at)
{
    while (at < line.length && (line.data[at] == ' ' || line.data[at] == '\t'))
        at++;
    while (at < line.length && line.data[at] != ' ' && line.data[at] != '\t')
        at++;
    return at;
}

static bool is_setting(struct slice line)
{
    size_t name = scan_name_length(line);
    struct slice rest = slice_trim(slice_from(line, name));
    return name > 0 && rest.length > 0 && rest.data[0] == '=';
}

static void setting(struct scan *scan, struct slice line, size_t number)
{
    size_t name = scan_name_length(line);
    size_t equals = slice_find(line, '=');
    struct slice value = slice_trim(slice_from(line, equals + 1));
    if (value.length > 1 && (value.data[0] == '"' || value.data[0] == '\'') &&
        value.data[value.length - 1] == value.data[0])
        value = (struct slice){.data = value.data + 1, .length = value.length - 2};
    struct scan_item item = {
        .role = SCAN_NAMED,
        .form = SCAN_ENDPOINTS,
        .sets = true,
        .name = {.data = line.data, .length = name},
        .text = value.data == NULL ? (struct slice){.data = "", .length = 0} : value,
        .line = number,
        .column = value.length == 0 ? 0 : (size_t)(value.data - line.data),
        .length = value.length,
        .first_line = number,
    };
    scan->report(scan->context, &item);
}

/* A `%` ends the command; what follows is its input. `\%` is a plain one. */
static void command(struct scan *scan, struct slice text, size_t number, size_t column)
{
    scan->bytes.length = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '%')
            break;
        if (text.data[i] == '\\' && i + 1 < text.length && text.data[i + 1] == '%')
            i++;
        buffer_byte(&scan->bytes, text.data[i]);
    }
    scan_shell_inside(scan, buffer_all(&scan->bytes), number, column);
}

static size_t crontab(struct scan *scan, struct slice text, bool with_user)
{
    text.length = scan_whole_lines(scan, text);
    struct slice rest = text, full;
    for (size_t number = scan->line; scan_line(&rest, &full); number++) {
        struct slice line = slice_trim(full);
        scan->first_line = number;
        if (line.length == 0 || line.data[0] == '#')
            continue;
        if (is_setting(line)) {
            setting(scan, line, number);
            continue;
        }
        size_t at = 0;
        unsigned fields = line.data[0] == '@' ? 1 : 5;
        for (unsigned i = 0; i < fields + with_user; i++)
            at = field(line, at);
        struct slice work = slice_from(line, at);
        command(scan, work, number, (size_t)(work.data - full.data));
    }
    return text.length;
}

size_t scan_crontab(struct scan *scan, struct slice text)
{
    return crontab(scan, text, false);
}

size_t scan_crontab_system(struct scan *scan, struct slice text)
{
    return crontab(scan, text, true);
}
