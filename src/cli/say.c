#include "say.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct span {
    uint32_t first, last;
};

/* Unicode 16 general categories Cc, Cf, Zl and Zp: they change what others look like. */
static const struct span invisible[] = {
    {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},       {0x600, 0x605},
    {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},
    {0x8e2, 0x8e2},     {0x180e, 0x180e},   {0x200b, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x206f},   {0xfeff, 0xfeff},   {0xfff9, 0xfffb},   {0x110bd, 0x110bd},
    {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff},
};

/* Combining marks that take no column of their own: the blocks that matter for logs. */
static const struct span combining[] = {
    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

/* East Asian wide and emoji (UAX #11), by block. */
static const struct span wide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

#define IN(table, code) in_table(table, sizeof(table) / sizeof *(table), code)

static bool in_table(const struct span *table, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++)
        if (code >= table[i].first && code <= table[i].last)
            return true;
    return false;
}

/* Reads one code point of UTF-8 (RFC 3629) at the start of TEXT; returns its bytes, or 0 when
 * there is none. */
static size_t decode(struct slice text, uint32_t *code)
{
    const unsigned char *bytes = (const unsigned char *)text.data;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = bytes[0] < 0x80   ? 1
                    : bytes[0] < 0xc0 ? 0
                    : bytes[0] < 0xe0 ? 2
                    : bytes[0] < 0xf0 ? 3
                    : bytes[0] < 0xf8 ? 4
                                      : 0;
    if (length == 0 || length > text.length)
        return 0;
    uint32_t value = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *code = value;
    return length;
}

static size_t put_escaped(FILE *stream, uint32_t code)
{
    if (code == '\n' || code == '\t' || code == '\r')
        return (size_t)fprintf(stream, "\\%c", code == '\n' ? 'n' : code == '\t' ? 't' : 'r');
    if (code < 0x80)
        return (size_t)fprintf(stream, "\\x%02x", (unsigned)code);
    return (size_t)fprintf(stream, code > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)code);
}

static size_t put_text(FILE *stream, struct slice text, bool quoted)
{
    size_t columns = 0;
    while (text.length > 0) {
        uint32_t code = 0;
        size_t length = decode(text, &code);
        if (length == 0) {
            columns += (size_t)fprintf(stream, "\\x%02x", (unsigned)(unsigned char)*text.data);
            length = 1;
        } else if (IN(invisible, code)) {
            columns += put_escaped(stream, code);
        } else {
            if (quoted && (code == '"' || code == '\\')) {
                putc('\\', stream);
                columns++;
            }
            fwrite(text.data, 1, length, stream);
            columns += code < 0x300 ? 1u : IN(combining, code) ? 0u : IN(wide, code) ? 2u : 1u;
        }
        text = slice_from(text, length);
    }
    return columns;
}

size_t say_printable(FILE *stream, struct slice text)
{
    return put_text(stream, text, false);
}

size_t say_quoted(FILE *stream, struct slice text)
{
    putc('"', stream);
    size_t columns = put_text(stream, text, true);
    putc('"', stream);
    return columns + 2;
}

/* A message is one write, so that those of several processes do not mix. */
void say_error(const char *what, const char *input, const char *reason)
{
    char *line = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&line, &length);
    FILE *out = stream != NULL ? stream : stderr;

    fprintf(out, "astray: %s: ", what);
    if (input != NULL) {
        say_quoted(out, slice_of(input));
        fputs(": ", out);
    }
    fprintf(out, "%s\n", reason);
    if (stream != NULL && fclose(stream) == 0)
        fwrite(line, 1, length, stderr);
    free(line);
}

void say_errno(const char *what, const char *input, int code)
{
    say_error(what, input, strerror(code));
}

void say_note(const char *format, ...)
{
    char *line = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    fprintf(stderr, "astray: %s\n", line);
    free(line);
}

bool say_colored(FILE *stream, const char *when)
{
    if (strcmp(when, "always") == 0)
        return true;
    if (strcmp(when, "never") == 0)
        return false;
    const char *terminal = getenv("TERM"), *no_color = getenv("NO_COLOR");
    return isatty(fileno(stream)) != 0 && (no_color == NULL || *no_color == '\0') &&
           terminal != NULL && strcmp(terminal, "dumb") != 0;
}

unsigned say_width(FILE *stream)
{
    uint64_t columns = 0;
    if (slice_number(slice_of(getenv("COLUMNS")), 10000, &columns) && columns > 0)
        return (unsigned)columns;
    struct winsize size;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}
