#include "scan.h"

#include <string.h>

#include "client.h"

static bool ends_option(char c)
{
    return c == ' ' || c == '\t' || c == '=' || c == ':';
}

/* option, option = value, option: "value", -x value; see "-K" in curl(1). */
static void option_line(struct scan *scan, struct slice full, size_t number)
{
    struct slice line = slice_trim(full);
    if (line.length == 0 || line.data[0] == '#')
        return;
    size_t end = 0;
    while (end < line.length && !ends_option(line.data[end]))
        end++;
    struct slice option = {.data = line.data, .length = end};
    struct slice value = slice_from(line, end);
    while (value.length > 0 && ends_option(value.data[0]))
        value = slice_from(value, 1);
    struct buffer *bytes = &scan->bytes;
    bytes->length = 0;
    bool quoted = value.length > 0 && value.data[0] == '"';
    for (size_t i = quoted; i < value.length; i++) {
        char c = value.data[i];
        if (quoted ? c == '"' : c == ' ' || c == '\t')
            break;
        if (quoted && c == '\\' && i + 1 < value.length)
            c = value.data[++i];
        buffer_byte(bytes, (unsigned char)c >= 0xF8 ? '?' : c);
    }
    struct scan_word at = {.line = number,
                           .column = value.length == 0 ? 0 : (size_t)(value.data - full.data),
                           .length = bytes->length + (quoted ? 2 : 0)};
    scan->first_line = number;
    if (bytes->length > 0)
        client_scan_option(scan, SLICE("curl"), option, buffer_all(bytes), &at);
}

size_t scan_curlrc(struct scan *scan, struct slice text)
{
    text.length = scan_whole_lines(scan, text);
    struct slice rest = text, line;
    for (size_t number = scan->line; scan_line(&rest, &line); number++)
        option_line(scan, line, number);
    return text.length;
}

/* name = value; http_proxy and the like are what connects, bind_address is not. */
size_t scan_wgetrc(struct scan *scan, struct slice text)
{
    text.length = scan_whole_lines(scan, text);
    struct slice rest = text, full;
    for (size_t number = scan->line; scan_line(&rest, &full); number++) {
        struct slice line = slice_trim(full);
        size_t equals = slice_find(line, '=');
        if (line.length == 0 || line.data[0] == '#' || equals == line.length)
            continue;
        struct slice name = slice_trim((struct slice){.data = line.data, .length = equals});
        struct slice value = slice_trim(slice_from(line, equals + 1));
        struct scan_word at = {.line = number,
                               .column = value.length == 0 ? 0 : (size_t)(value.data - full.data),
                               .length = value.length};
        scan->first_line = number;
        if (value.length > 0)
            scan_item(scan, SCAN_NAMED, SCAN_ENDPOINTS, name, value, &at);
    }
    return text.length;
}
