#include "scan.h"

#include <string.h>

/* One NAME=value under way. */
struct setting {
    struct scan *scan;
    struct slice rest; /* what follows the line */
    struct slice line;
    size_t number;   /* of the line */
    bool incomplete; /* a quote is not closed inside the text */
};

#define QUOTED_MAX 16384 /* a value in quotes over several lines: keys and certificates */

/* Reads a quoted value whose quote stands at VALUE.data[0]; it may go on over more lines. */
static struct slice quoted(struct setting *setting, struct slice value)
{
    char quote = value.data[0];
    const char *end = setting->rest.length > 0 ? setting->rest.data + setting->rest.length
                                               : value.data + value.length;
    size_t room = (size_t)(end - value.data);
    const char *limit = value.data + (room < QUOTED_MAX ? room : QUOTED_MAX);
    for (const char *at = value.data + 1; at < limit; at++) {
        if (*at == '\\' && quote == '"' && at + 1 < limit) {
            at++;
        } else if (*at == quote) {
            struct slice inner = {.data = value.data + 1, .length = (size_t)(at - value.data) - 1};
            if (at >= value.data + value.length) { /* closed on a later line */
                size_t used = (size_t)(at - setting->rest.data);
                setting->rest = slice_from(setting->rest, used);
                struct slice tail;
                scan_line(&setting->rest, &tail);
            }
            return inner;
        }
    }
    if (!setting->scan->last && room < QUOTED_MAX)
        setting->incomplete = true;
    return slice_from(value, 1);
}

/* An unquoted value ends at a comment. */
static struct slice unquoted(struct slice value)
{
    for (size_t i = 1; i < value.length; i++)
        if (value.data[i] == '#' && (value.data[i - 1] == ' ' || value.data[i - 1] == '\t'))
            value.length = i;
    return slice_trim(value);
}

static size_t key_length(struct slice line)
{
    size_t length = 0;
    while (length < line.length) {
        char c = line.data[length];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '.' || c == '-'))
            break;
        length++;
    }
    return length;
}

static void report_value(struct setting *setting, struct slice key, struct slice value,
                         bool literal)
{
    struct scan *scan = setting->scan;
    if (setting->incomplete)
        return;
    scan->bytes.length = 0;
    scan_mark(&scan->bytes, literal ? SCAN_DIALECTS : SCAN_ENVFILE, value);
    struct slice text = buffer_all(&scan->bytes);
    if (text.data == NULL)
        text.data = "";
    struct scan_item item = {
        .role = SCAN_NAMED,
        .form = SCAN_ENDPOINTS,
        .sets = true,
        .name = key,
        .text = text,
        .line = setting->number,
        .column = (size_t)(value.data - setting->line.data),
        .length = value.length,
        .first_line = setting->number,
    };
    scan->report(scan->context, &item);
}

static void scan_setting(struct setting *setting)
{
    struct slice line = slice_trim(setting->line);
    if (slice_starts_with(line, SLICE("export ")))
        line = slice_trim(slice_from(line, 7));
    struct slice key = line;
    key.length = key_length(line);
    struct slice value = slice_trim(slice_from(line, key.length));
    if (key.length == 0 || value.length == 0 || (value.data[0] != '=' && value.data[0] != ':'))
        return;
    if (value.data[0] == ':' && (value.length < 2 || value.data[1] != ' '))
        return;
    value = slice_from(value, 1);
    size_t blanks = value.length - slice_trim(value).length;
    value = slice_trim(value);
    if (value.length == 0) {
        report_value(setting, key, (struct slice){.data = line.data + line.length - blanks}, true);
    } else if (value.data[0] == '\'') {
        report_value(setting, key, quoted(setting, value), true);
    } else if (value.data[0] == '"' || value.data[0] == '`') {
        report_value(setting, key, quoted(setting, value), false);
    } else {
        report_value(setting, key, unquoted(value), false);
    }
}

size_t scan_env(struct scan *scan, struct slice text)
{
    text.length = scan_whole_lines(scan, text);
    struct setting setting = {.scan = scan, .rest = text, .number = scan->line};
    size_t done = 0;
    while (scan_line(&setting.rest, &setting.line)) {
        size_t start = (size_t)(setting.line.data - text.data);
        scan_setting(&setting);
        if (setting.incomplete)
            return start;
        done = setting.rest.length == 0 ? text.length : (size_t)(setting.rest.data - text.data);
        for (size_t i = start; i < done; i++) {
            const char *end = memchr(text.data + i, '\n', done - i);
            if (end == NULL)
                break;
            setting.number++;
            i = (size_t)(end - text.data);
        }
    }
    return done;
}

size_t scan_list(struct scan *scan, struct slice text)
{
    size_t number = scan->line, done = 0;
    struct slice rest = text, entry;
    if (!scan->last && text.length > 0) {
        const char *end = memrchr(text.data, '\0', text.length);
        rest.length = end == NULL ? 0 : (size_t)(end - text.data) + 1;
    }
    if (rest.length == 0)
        return 0;
    text.length = rest.length;
    while (slice_cut(&rest, '\0', &entry)) {
        struct scan_word at = {.line = number++, .length = entry.length};
        size_t equals = slice_find(entry, '=');
        scan->first_line = at.line;
        done = (size_t)(entry.data - text.data) + entry.length + 1;
        if (equals > 0 && equals < entry.length)
            scan_assign(scan, entry, &at);
    }
    return done < text.length ? done : text.length;
}
