/* scan_text.h - what a scanner reports, as text:
 *
 *     destination endpoint curl http://<0{HOST}>:80 @1:6
 *
 * One line an item: role, form, name, text (marks as < and >), line and column from 1. */
#ifndef ASTRAY_TESTS_SCAN_TEXT_H
#define ASTRAY_TESTS_SCAN_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "scan.h"
#include "unit.h"

struct scan_text {
    char *data;
    size_t size;
    FILE *file;
};

static inline void scan_text_item(void *context, const struct scan_item *item)
{
    static const char *const roles[] = {"destination", "named",  "unknown", "bind",    "set",
                                        "guard",       "strict", "sourced", "include", "trouble"};
    static const char *const forms[] = {"endpoint", "endpoints", "url", "host", "port"};
    FILE *file = ((struct scan_text *)context)->file;
    fprintf(file, "%s%s %s %.*s ", roles[item->role], item->sets ? "!" : "", forms[item->form],
            (int)item->name.length, item->name.length > 0 ? item->name.data : "");
    for (size_t i = 0; i < item->text.length; i++) {
        char c = item->text.data[i];
        fputc(c == SCAN_OPEN ? '<' : c == SCAN_CLOSE ? '>' : c == '\n' ? '~' : c, file);
    }
    fprintf(file, " @%zu:%zu\n", item->line + 1, item->column + 1);
}

/* What SCANNER reports of TEXT, given as a whole. free() it. */
static inline char *scan_text_of(scan_function *scanner, const char *text, size_t length)
{
    struct scan_text out = {0};
    struct scan scan;
    out.file = open_memstream(&out.data, &out.size);
    scan_start(&scan, scan_text_item, &out);
    scan.last = true;
    size_t done = scanner(&scan, (struct slice){.data = text, .length = length});
    ck_assert_uint_eq(done, length);
    scan_stop(&scan);
    fclose(out.file);
    return out.data;
}

/* The same, given in windows that grow from FIRST bytes on as the file's reader does it. */
static inline char *scan_text_windows(scan_function *scanner, const char *text, size_t length,
                                      size_t first)
{
    struct scan_text out = {0};
    struct scan scan;
    size_t start = 0, size = first;
    out.file = open_memstream(&out.data, &out.size);
    scan_start(&scan, scan_text_item, &out);
    while (start < length) {
        size_t have = length - start < size ? length - start : size;
        scan.last = start + have == length;
        scan.first_line = scan.line;
        size_t done = scanner(&scan, (struct slice){.data = text + start, .length = have});
        ck_assert_uint_le(done, have);
        while (!scan.last && done > 0 && text[start + done - 1] != '\n')
            done--;
        for (size_t i = 0; i < done; i++)
            scan.line += text[start + i] == '\n';
        start += done;
        size = done == 0 ? size * 2 : first;
    }
    scan_stop(&scan);
    fclose(out.file);
    return out.data;
}

struct scan_row {
    const char *why;
    const char *text;
    const char *reported;
};

#define SCAN_ROWS(rows) rows, sizeof(rows) / sizeof *(rows)

static inline void scan_text_check(scan_function *scanner, const struct scan_row *rows,
                                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(rows[i].text);
        char *got = scan_text_of(scanner, guard_copy(rows[i].text, length), length);
        ck_assert_msg(strcmp(got, rows[i].reported) == 0, "%s: got\n%s", rows[i].why, got);
        free(got);
    }
}

/* Whatever a scanner is given, it neither reads beyond it nor stops. */
static inline void scan_text_hostile(scan_function *scanner)
{
    static const char *const texts[] = {
        "",
        "\n",
        "\\",
        "'",
        "\"",
        "`",
        "$",
        "${",
        "$(",
        "$((",
        "=",
        "a=",
        "a=\"",
        "<<",
        "<<E",
        "<<E\n",
        "[",
        "{",
        "}",
        "(",
        ")",
        ";",
        "#",
        "\t",
        "\r",
        "a b c",
        "a: b",
        "- a",
        "[a]\nb=c\\",
        "a \\\n",
        "\xF8",
        "\xF8\x30\xF9",
        "\xFF\xFE",
        "a=\xF8{X}\xF9",
        "/dev/tcp/",
        "/dev/tcp/a",
        "%",
        "%%",
        "a=%",
        "for",
        "case",
        "case x",
        "x()",
        "((",
        "curl",
        "curl -",
        "curl --",
        "curl -x",
        "docker",
        "docker run",
        "RUN",
        "RUN [",
        "RUN [\"",
        "ENV",
        "ENV a",
        "HEALTHCHECK",
        "ExecStart=",
        "Environment=\"a",
        "* * * * *",
        "@reboot",
        "0.0.0.0",
        "server",
        "upstream a {",
        "\"$(\"$(\"$(",
        "a: [b, {c: d",
        "&a",
        "*a",
        "!",
        "? a",
        "---\n...\n---",
        "a: |\n  b",
        "%YAML",
        "@",
        "${a:-${b:-${c}}}",
        "$'",
        "$\"",
        "<(",
        ">(",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t length = strlen(texts[i]);
        for (size_t cut = 0; cut <= length; cut++)
            free(scan_text_of(scanner, guard_copy(texts[i], cut), cut));
        free(scan_text_of(scanner, guard_copy(texts[i], length + 1), length + 1)); /* with a NUL */
    }
    static char large[1 << 18];
    static const char fills[] = "a0 '\"`$({[\\\n:#<-\0";
    for (size_t i = 0; i < sizeof fills - 1; i++) {
        memset(large, fills[i], sizeof large);
        free(scan_text_of(scanner, large, sizeof large));
    }
}

/* The same comes out whether the file is read at once or by windows. */
/* Takes out each line that stood before: a statement that a window cuts is reported again, and the
 * judge does not tell the same twice. */
static inline void scan_text_once(char *text)
{
    char *to = text, *next;
    for (char *line = text; *line != '\0'; line = next) {
        bool before = false;
        next = strchr(line, '\n') + 1;
        size_t length = (size_t)(next - line);
        for (char *old = text; old < to && !before; old = strchr(old, '\n') + 1)
            before = (size_t)(to - old) >= length && memcmp(old, line, length) == 0;
        if (before)
            continue;
        memmove(to, line, length);
        to += length;
    }
    *to = '\0';
}

static inline void scan_text_streams(scan_function *scanner, const char *text)
{
    size_t length = strlen(text);
    char *whole = scan_text_of(scanner, text, length);
    scan_text_once(whole);
    for (size_t first = 1; first < length; first += 7) {
        char *pieces = scan_text_windows(scanner, text, length, first);
        scan_text_once(pieces);
        ck_assert_msg(strcmp(whole, pieces) == 0, "windows of %zu:\n%s\nwhole:\n%s", first, pieces,
                      whole);
        free(pieces);
    }
    free(whole);
}

#endif
