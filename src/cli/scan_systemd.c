#include "scan.h"

#include <string.h>

#include "client.h"

/* What the value of a key is; all others (ListenStream=, IPAddressAllow=, Documentation=, ...) are
 * no destination. Source: systemd.exec(5), systemd.service(5), systemd.netdev(5),
 * resolved.conf(5), timesyncd.conf(5), journal-upload.conf(5) of systemd 252. */
static const struct key {
    const char *name;
    enum value { COMMAND, SETTINGS, FILE_OF_SETTINGS, ENDPOINT, HOSTS } value;
} keys[] = {
    {"ExecStart", COMMAND},
    {"ExecStartPre", COMMAND},
    {"ExecStartPost", COMMAND},
    {"ExecCondition", COMMAND},
    {"ExecReload", COMMAND},
    {"ExecStop", COMMAND},
    {"ExecStopPost", COMMAND},
    {"ExecStopPre", COMMAND},
    {"Environment", SETTINGS},
    {"DefaultEnvironment", SETTINGS},
    {"ManagerEnvironment", SETTINGS},
    {"EnvironmentFile", FILE_OF_SETTINGS},
    {"PassEnvironment", FILE_OF_SETTINGS},
    {"Endpoint", ENDPOINT},
    {"URL", ENDPOINT},
    {"DNS", HOSTS},
    {"FallbackDNS", HOSTS},
    {"NTP", HOSTS},
    {"FallbackNTP", HOSTS},
};

/* Joins the lines of one assignment: a backslash at the end goes on, comments between do not
 * count. Returns the bytes used; 0 when TEXT ends inside. */
static size_t join(struct scan *scan, struct slice text, struct buffer *out)
{
    struct slice rest = text, line;
    while (scan_line(&rest, &line)) {
        struct slice trimmed = slice_trim(line);
        bool comment = out->length > 0 && trimmed.length > 0 &&
                       (trimmed.data[0] == '#' || trimmed.data[0] == ';');
        bool more = !comment && line.length > 0 && line.data[line.length - 1] == '\\';
        if (more)
            line.length--;
        if (!comment)
            buffer_slice(out, line);
        if (!more && !comment)
            return rest.length == 0 ? text.length : (size_t)(rest.data - text.data);
        buffer_byte(out, '\n');
    }
    return scan->last ? text.length : 0;
}

static void command(struct scan *scan, struct slice value, size_t line, size_t column)
{
    struct buffer bytes = {0};
    struct scan_words words = {0};
    while (value.length > 0 && strchr("@-:+!|", value.data[0]) != NULL) {
        value = slice_from(value, 1);
        column++;
    }
    scan_split(&bytes, &words, SCAN_SYSTEMD, value, line, column);
    size_t start = 0;
    for (size_t i = 0; words.count > 0 && i <= words.count; i++) {
        if (i < words.count && !slice_equal(words.items[i].text, SLICE(";")))
            continue;
        client_scan(scan, words.items + start, i - start);
        start = i + 1;
    }
    scan_words_free(&words);
    buffer_free(&bytes);
}

static void settings(struct scan *scan, struct slice value, size_t line, size_t column)
{
    struct buffer bytes = {0};
    struct scan_words words = {0};
    /* Environment= replaces specifiers, but no variables. */
    scan_split(&bytes, &words, SCAN_DIALECTS, value, line, column);
    for (size_t i = 0; i < words.count; i++)
        if (slice_find(words.items[i].text, '=') < words.items[i].text.length)
            scan_assign(scan, words.items[i].text, &words.items[i]);
    scan_words_free(&words);
    buffer_free(&bytes);
}

static void report_key(struct scan *scan, const struct key *key, struct slice value, size_t line,
                       size_t column)
{
    struct scan_word at = {.line = line, .column = column, .length = value.length};
    struct slice name = slice_of(key->name);
    switch (key->value) {
    case COMMAND:
        command(scan, value, line, column);
        break;
    case SETTINGS:
        settings(scan, value, line, column);
        break;
    case FILE_OF_SETTINGS:
        scan_item(scan, SCAN_SOURCED, SCAN_ENDPOINT, name, value, &at);
        break;
    case ENDPOINT:
        scan_item(scan, SCAN_DESTINATION, SCAN_ENDPOINT, name, value, &at);
        break;
    case HOSTS:
        scan_item(scan, SCAN_DESTINATION, SCAN_ENDPOINTS, name, value, &at);
        break;
    }
}

static void assignment(struct scan *scan, struct slice text, size_t line)
{
    size_t equals = slice_find(text, '=');
    struct slice key = slice_trim((struct slice){.data = text.data, .length = equals});
    struct slice value = slice_from(text, equals + 1);
    size_t blank = 0;
    while (blank < value.length && (value.data[blank] == ' ' || value.data[blank] == '\t'))
        blank++;
    value = slice_trim(value);
    scan->first_line = line;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (slice_equal(key, slice_of(keys[i].name)))
            report_key(scan, &keys[i], value, line, equals + 1 + blank);
}

size_t scan_systemd(struct scan *scan, struct slice text)
{
    size_t number = scan->line, done = 0;
    struct buffer joined = {0};
    text.length = scan_whole_lines(scan, text);
    while (done < text.length) {
        struct slice rest = slice_from(text, done), first = rest;
        first.length = slice_find(rest, '\n');
        struct slice trimmed = slice_trim(first);
        size_t used = first.length < rest.length ? first.length + 1 : rest.length;
        bool skipped = trimmed.length == 0 || trimmed.data[0] == '#' || trimmed.data[0] == ';' ||
                       trimmed.data[0] == '[';
        joined.length = 0;
        if (!skipped) {
            used = join(scan, rest, &joined);
            if (used == 0)
                break;
            assignment(scan, buffer_all(&joined), number);
        }
        for (size_t i = 0; i < used; i++)
            number += rest.data[i] == '\n';
        done += used;
    }
    buffer_free(&joined);
    return done;
}
