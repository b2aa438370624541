/* docgen - writes the manual pages and the shells' completions out of the tables that drive the
 * program: commands[], policy_settings, the classes and the fields of a record.
 *
 *     docgen FOLDER     writes FOLDER/man/ and FOLDER/scripts/completions/
 *
 * Run by `make docs`; `make docs-check` compares what it writes with what is committed. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <astray/addr.h>
#include <astray/policy.h>
#include <astray/record.h>
#include <astray/text.h>
#include <astray/version.h>

#include "../src/cli/opt.h"

static FILE *out;

/* ---- names ------------------------------------------------------------- */

/* "log-limit" of the row "log_limit", into the next of a few buffers. */
static const char *dashed(const char *name)
{
    static char buffers[4][64];
    static unsigned next;
    char *buffer = buffers[next++ % 4];
    size_t i = 0;
    for (; name[i] != '\0' && i + 1 < sizeof buffers[0]; i++)
        buffer[i] = (char)(name[i] == '_' ? '-' : name[i]);
    buffer[i] = '\0';
    return buffer;
}

/* The words that VALUE lists itself: "syslog", "stderr", "none" of "PATH|syslog|stderr|none". */
static bool is_word(struct slice alternative)
{
    for (size_t i = 0; i < alternative.length; i++)
        if (isupper((unsigned char)alternative.data[i]))
            return false;
    return alternative.length > 0;
}

static bool takes_file(const char *value)
{
    struct slice rest = slice_of(value), one;
    while (slice_cut(&rest, '|', &one))
        if (slice_equal(one, SLICE("FILE")) || slice_equal(one, SLICE("PATH")) ||
            slice_equal(one, SLICE("LOG")))
            return true;
    return false;
}

/* What may stand as the value of ROW, as words with blanks between; "" for anything. */
static const char *words_of(const struct option_row *row)
{
    static char words[256];
    struct text text;
    struct slice rest = slice_of(row->choices != NULL ? row->choices : row->value), one;
    text_start(&text, words, sizeof words);
    while (slice_cut(&rest, '|', &one)) {
        if (!is_word(one) || (row->choices == NULL && strchr(row->value, '|') == NULL))
            continue;
        if (text.length > 0)
            text_char(&text, ' ');
        text_slice(&text, one);
    }
    return text_finish(&text);
}

static bool has_operand(const struct command *command, const char *word)
{
    return strstr(command->operands, word) != NULL;
}

static bool takes_files(const struct command *command)
{
    return has_operand(command, "LOG") || has_operand(command, "FILE") ||
           has_operand(command, "PATH");
}

static bool takes_command(const struct command *command)
{
    return command->stop_at_operand;
}

/* ---- roff: man(7) ------------------------------------------------------- */

static void put_roff_char(char c, bool literal)
{
    if (c == '\\')
        fputs("\\e", out);
    else if (c == '-' && literal)
        fputs("\\-", out);
    else if (c == '~')
        fputs("\\(ti", out);
    else if (c == '^')
        fputs("\\(ha", out);
    else if (c == '\'' && literal)
        fputs("\\(aq", out);
    else
        putc(c, out);
}

/* Is the word at TEXT an option or a path, whose dashes are no hyphens? */
static bool is_literal_word(const char *text)
{
    size_t length = strcspn(text, " \n");
    return text[strspn(text, "(\"[")] == '-' || memchr(text, '/', length) != NULL;
}

enum { LINE_WIDTH = 76 };

/* Is there room for a blank and the word at TEXT on the line that began at LINE? */
static bool has_room(long line, const char *text)
{
    return ftell(out) - line + 1 + (long)strcspn(text, " \n") <= LINE_WIDTH;
}

/* Running text: `x` is bold, a blank line begins a paragraph, a sentence a line. */
static void put_text_behind(long line, const char *text)
{
    bool bold = false, literal = is_literal_word(text), start = true;
    for (const char *c = text; *c != '\0'; c++) {
        if (start && (*c == '.' || *c == '\''))
            fputs("\\&", out);
        start = false;
        if (*c == '`') {
            bold = !bold;
            fputs(bold ? "\\fB" : "\\fR", out);
        } else if (c[0] == '\n' && c[1] == '\n') {
            fputs("\n.PP\n", out);
            c++;
            start = true;
        } else if (*c == ' ' && (c[-1] == '.' || !has_room(line, c + 1))) {
            putc('\n', out);
            start = true;
        } else {
            put_roff_char(*c, bold || literal);
        }
        if (start)
            line = ftell(out);
        if (*c == ' ' || start)
            literal = is_literal_word(c + 1);
    }
    putc('\n', out);
}

static void put_text(const char *text)
{
    put_text_behind(ftell(out), text);
}

static void put_bold(const char *text)
{
    fputs("\\fB", out);
    for (; *text != '\0'; text++)
        put_roff_char(*text, true);
    fputs("\\fR", out);
}

static void put_italic(const char *text)
{
    fputs("\\fI", out);
    for (; *text != '\0'; text++)
        put_roff_char(*text, true);
    fputs("\\fR", out);
}

/* A value's name: what is in capitals is a place for something, the rest is literal. */
static void put_value(const char *value)
{
    struct slice rest = slice_of(value), one;
    for (bool first = true; slice_cut(&rest, '|', &one); first = false) {
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)one.length, one.data);
        if (!first)
            putc('|', out);
        if (is_word(one))
            put_bold(word);
        else
            put_italic(word);
    }
}

static void put_sentence(const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL)
        return;
    copy[0] = (char)toupper((unsigned char)copy[0]);
    put_text(copy);
    /* The full stop goes onto the same line. */
    fseek(out, -1, SEEK_CUR);
    fputs(".\n", out);
    free(copy);
}

static void put_section(const char *name)
{
    fprintf(out, ".SH %s\n", name);
}

static void put_head(const char *name, const char *section, const char *summary)
{
    fprintf(out, ".\\\" Written by scripts/docgen.c out of the program's tables: do not edit.\n");
    fprintf(out, ".TH ");
    for (const char *c = name; *c != '\0'; c++)
        put_roff_char((char)toupper((unsigned char)*c), true);
    fprintf(out, " %s %s \"astray %s\"\n.nh\n.ad l\n", section, ASTRAY_RELEASED, ASTRAY_VERSION);
    put_section("NAME");
    long line = ftell(out);
    for (const char *c = name; *c != '\0'; c++)
        put_roff_char(*c, true);
    fprintf(out, " \\- ");
    put_text_behind(line, summary);
}

/* References: "astray(1) libastray(7)". */
static void put_see_also(const char *pages)
{
    put_section("SEE ALSO");
    struct slice rest = slice_of(pages), page;
    while (slice_cut(&rest, ' ', &page)) {
        size_t paren = slice_find(page, '(');
        fputs(".BR ", out);
        for (size_t i = 0; i < paren; i++)
            put_roff_char(page.data[i], true);
        fprintf(out, " %.*s%s\n", (int)(page.length - paren), page.data + paren,
                rest.data != NULL ? "," : "");
    }
}

/* One of X, Y and Z. */
static void put_choices(const char *choices)
{
    struct slice rest = slice_of(choices), one;
    fputs("One of\n", out);
    for (bool first = true; slice_cut(&rest, '|', &one); first = false) {
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)one.length, one.data);
        if (!first)
            fputs(rest.data == NULL ? "\nand " : ",\n", out);
        put_bold(word);
    }
    fputs(".\n", out);
}

static void put_default(const char *initial)
{
    if (initial == NULL || *initial == '\0')
        return;
    fputs("Default:\n", out);
    put_bold(initial);
    fputs(".\n", out);
}

static void put_option(const struct option_row *row)
{
    char name[64];
    fputs(".TP\n", out);
    if (row->letter != 0) {
        snprintf(name, sizeof name, "-%c", row->letter);
        put_bold(name);
        fputs(", ", out);
    }
    snprintf(name, sizeof name, "--%s", dashed(row->name));
    put_bold(name);
    if (row->value != NULL) {
        putc(' ', out);
        put_value(row->value);
    }
    putc('\n', out);
    put_sentence(row->summary);
    if (row->choices != NULL && strchr(row->value, '|') == NULL)
        put_choices(row->choices);
    if (row->details != NULL)
        put_text(row->details);
    put_default(row->initial);
}

/* ---- the manual pages --------------------------------------------------- */

static const char limits[] =
    "The library sees what a dynamically linked program asks of the C library. It does not see "
    "programs that are linked statically, most Go programs (also with cgo), system calls that are "
    "made without the C library, io_uring, set-user-ID programs and those with file capabilities, "
    "programs that are started with an empty environment, nor functions that a plug-in was bound "
    "to "
    "with RTLD_DEEPBIND (see `deepbind`) or looks up in a handle of the C library.\n\n"
    "None of this is a security boundary: who owns a process can turn it off.";

static void write_main_page(void)
{
    put_head("astray", "1", "find connections that go astray");
    put_section("SYNOPSIS");
    fputs("\\fBastray\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] ...\n.br\n"
          "\\fBastray help\\fR [\\fICOMMAND\\fR]\n.br\n"
          "\\fBastray\\fR \\fB\\-\\-help\\fR | \\fB\\-\\-version\\fR\n",
          out);
    put_section("DESCRIPTION");
    put_text(
        "`astray` finds connections to addresses that cannot be right: 0.0.0.0 and ::, "
        "documentation and reserved space, port 0, and others. A library that is preloaded into "
        "programs sees the argument of connect(2), which is all that still holds the mistake: "
        "Linux takes 0.0.0.0 for the host itself, and shows 127.0.0.1 ever after. Each finding "
        "is logged with the program that asked for it and the variable or argument where the "
        "address came from; on request the connection is sent to localhost, or fails.\n\n"
        "Data goes to standard output, messages to standard error.");
    put_section("COMMANDS");
    for (size_t i = 0; commands[i] != NULL; i++) {
        char page[64];
        snprintf(page, sizeof page, "astray-%s", commands[i]->name);
        fputs(".TP\n", out);
        put_bold(commands[i]->name);
        if (*commands[i]->operands != '\0')
            fprintf(out, " %s", commands[i]->operands);
        putc('\n', out);
        put_sentence(commands[i]->summary);
        fputs("See\n.BR ", out);
        for (const char *c = page; *c != '\0'; c++)
            put_roff_char(*c, true);
        fputs(" (1).\n", out);
    }
    put_section("OPTIONS");
    fputs(".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nPrint a short help and exit; behind a command, "
          "that command's.\n",
          out);
    fputs(".TP\n\\fB\\-V\\fR, \\fB\\-\\-version\\fR\nPrint the version and exit.\n", out);
    put_section("EXIT STATUS");
    put_text(
        "0 when all is fine, 1 for findings where a command was asked to fail on them, 2 for a "
        "wrong command line or work that could not be done, standard output that could not be "
        "written included. `astray run` has its own.");
    put_section("ENVIRONMENT");
    fputs(".TP\n\\fBASTRAY_LIBRARY\\fR\nThe library that is preloaded.\n"
          ".TP\n\\fBASTRAY_CONFIG\\fR\nThe file that is read instead of /etc/astray.conf.\n"
          ".TP\n\\fBCOLUMNS\\fR, \\fBNO_COLOR\\fR, \\fBTERM\\fR\nHow wide and how colourful text "
          "is.\n"
          ".TP\n\\fBXDG_STATE_HOME\\fR\nWhere \\fBastray run\\fR keeps its log.\n",
          out);
    fputs(".PP\nThe library's own variables are listed in\n.BR libastray (7).\n", out);
    put_section("FILES");
    fputs(".TP\n.I /etc/astray.conf\nSettings; see\n.BR astray.conf (5).\n"
          ".TP\n.I \\(ti/.local/state/astray/run.ndjson\nThe log of \\fBastray run\\fR.\n"
          ".TP\n.I /var/log/astray/UID.ndjson\nThe log of everything else.\n",
          out);
    put_section("CAVEATS");
    put_text(limits);
    put_see_also("astray.conf(5) libastray(7)");
}

static void write_command_page(const struct command *command)
{
    char name[64];
    struct option_row row;
    snprintf(name, sizeof name, "astray-%s", command->name);
    put_head(name, "1", command->summary);
    put_section("SYNOPSIS");
    fprintf(out, "\\fBastray %s\\fR [\\fIOPTIONS\\fR]", command->name);
    if (*command->operands != '\0')
        fprintf(out, " %s", command->operands);
    putc('\n', out);
    put_section("DESCRIPTION");
    put_sentence(command->summary);
    if (command->details != NULL) {
        fputs(".PP\n", out);
        put_text(command->details);
    }
    put_section("OPTIONS");
    for (size_t i = 0; opt_row(command, i, &row); i++)
        put_option(&row);
    put_section("EXIT STATUS");
    put_text(
        command->exit_status != NULL
            ? command->exit_status
            : "0 when all is fine, 2 for a wrong command line or work that could not be done.");
    if (command->examples != NULL) {
        put_section("EXAMPLES");
        for (const struct command_example *e = command->examples; e->line != NULL; e++) {
            fputs(".TP\n", out);
            put_bold(e->line);
            putc('\n', out);
            put_sentence(e->meaning);
        }
    }
    put_see_also("astray(1) astray.conf(5) libastray(7)");
}

static void write_config_page(void)
{
    put_head("astray.conf", "5", "settings of the astray library");
    put_section("DESCRIPTION");
    put_text(
        "Every program under the library reads /etc/astray.conf when it starts, or the file that "
        "the variable `ASTRAY_CONFIG` names. A line holds `key = value`; blanks around both do "
        "not count, and # begins a comment at the start of a line or behind a blank. An "
        "environment variable is stronger than the file, but is ignored in a program that runs "
        "with raised privileges.\n\n"
        "A setting that cannot be understood never stops a program: its default holds, and a "
        "record with `event.action` \"misconfigured\" says which it was, just before the "
        "program's first finding. `astray run` checks all of them before it starts anything.");
    put_section("SETTINGS");
    for (size_t i = 0; i < policy_setting_count; i++) {
        const struct policy_setting *setting = &policy_settings[i];
        fputs(".TP\n", out);
        put_bold(setting->key);
        fputs(" = ", out);
        put_value(setting->value);
        fputs(" (", out);
        put_bold(setting->variable);
        fputs(")\n", out);
        put_sentence(setting->summary);
        if (setting->choices != NULL && strchr(setting->value, '|') == NULL)
            put_choices(setting->choices);
        if (setting->details != NULL)
            put_text(setting->details);
        put_default(setting->initial);
        if (setting->run != NULL) {
            fputs("Below \\fBastray run\\fR:\n", out);
            put_bold(setting->run);
            fputs(".\n", out);
        }
    }
    put_section("EXAMPLES");
    fputs(".nf\n# what a build host needs\nmode = block\n"
          "allow = 192.0.2.0/24    # the lab\nskip = ping,traceroute*\n.fi\n",
          out);
    put_section("FILES");
    fputs(".I /etc/astray.conf\n", out);
    put_see_also("astray(1) libastray(7)");
}

/* ---- the library's page ------------------------------------------------- */

#define OBJECT_NAME(id, in, key, last) [RECORD_IN_##id] = {key, RECORD_IN_##in},
static const struct {
    const char *key;
    enum record_object in;
} objects[] = {RECORD_OBJECTS(OBJECT_NAME)};

#define FIELD_NAME(id, in, key, type, longest, yields)                                             \
    {key, RECORD_IN_##in, RECORD_##type, longest},
static const struct {
    const char *key;
    enum record_object in;
    enum record_type type;
    unsigned longest;
} fields[] = {RECORD_FIELDS(FIELD_NAME)};

static void put_path(enum record_object object)
{
    if (objects[object].in != object)
        put_path(objects[object].in);
    if (*objects[object].key != '\0')
        fprintf(out, "%s.", objects[object].key);
}

/* Without "nokeep", groff wants the whole table on one page, and warns where it does not fit. */
#define TABLE_START ".TS\nnokeep;\n"

static void put_fields(void)
{
    static const char *const types[] = {
        [RECORD_TEXT] = "text",
        [RECORD_NUMBER] = "number",
        [RECORD_LIST] = "list of texts",
        [RECORD_FLAG] = "true or absent",
    };
    fputs(TABLE_START "l l r.\nField\tType\tLongest\n", out);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        put_path(fields[i].in);
        fprintf(out, "%s\t%s\t%u\n", fields[i].key, types[fields[i].type], fields[i].longest);
    }
    fputs(".TE\n", out);
}

/* No table: its blocks of text make groff warn where a page would end. */
static void put_classes(void)
{
    fputs(".PD 0\n", out);
    for (unsigned i = 0; i < ADDR_CLASS_COUNT; i++)
        fprintf(out, ".TP 22\n%s\n%s: %s\n", addr_class_name((enum addr_class)i),
                (addr_classes_stray >> i & 1) == 0   ? "fine"
                : (addr_classes_range >> i & 1) != 0 ? "stray, unless routed"
                                                     : "stray",
                addr_class_why((enum addr_class)i));
    fputs(".PD\n", out);
}

static void write_library_page(void)
{
    fputs("'\\\" t\n", out);
    put_head("libastray", "7", "the preloaded library that finds stray connections");
    put_section("SYNOPSIS");
    fputs("\\fBLD_PRELOAD=/usr/lib/astray/libastray.so\\fR \\fICOMMAND\\fR ...\n", out);
    put_section("DESCRIPTION");
    put_text(
        "The library stands between a program and the calls through which an address reaches the "
        "kernel. A destination that cannot be right is logged at the call, so that a program "
        "which is killed leaves its record behind. Everything else passes untouched: results, "
        "`errno` and output are those of the call itself. A connection that is fine costs no "
        "system "
        "call, but one when its address lies outside the stack on a page of memory that was not "
        "asked about before.\n\n"
        "`astray run` and `astray env` put programs under it. An LD_PRELOAD that is there must be "
        "extended, not replaced; the path may not hold a blank or a colon.");
    put_section("OTHER MACHINES AND C LIBRARIES");
    put_text(
        "A library is for one machine and word size. One built for glibc also works in programs of "
        "musl, and one built with musl in programs of glibc. `make worlds` builds those for i386, "
        "musl and aarch64, and `make install-worlds` installs each in a folder lib/TRIPLET/astray, "
        "where `astray run` finds the one that a program needs.\n\n"
        "For an LD_PRELOAD of one's own, glibc replaces $LIB by the folder of its machine: with "
        "/usr/lib/x86_64-linux-gnu/astray/libastray.so and "
        "/usr/lib/i386-linux-gnu/astray/libastray.so (on other systems lib64 and lib, or lib32 for "
        "the i386 of libc6-i386) LD_PRELOAD is "
        "/usr/$LIB/astray/libastray.so, and programs of both word sizes are covered. musl knows no "
        "$LIB. A program that finds no library for it there starts without one; glibc's loader "
        "says so "
        "on standard error.");
    put_section("WHAT IS STRAY");
    put_text(
        "An address is stray when the IANA special-purpose registries say that it is no valid "
        "destination, or when the network drops it by definition. A mere range counts only while "
        "this host has no route to it that is more specific than the default. IPv4 addresses "
        "inside of IPv6 ones (mapped, NAT64, 6to4) are judged as themselves.");
    fputs(".PP\n", out);
    put_classes();
    put_section("ENVIRONMENT");
    put_text("Each is described in `astray.conf`(5), and is stronger than that file.");
    fputs(".PP\n" TABLE_START "l l.\nVariable\tDefault\n", out);
    for (size_t i = 0; i < policy_setting_count; i++)
        fprintf(out, "%s\t%s\n", policy_settings[i].variable, policy_settings[i].initial);
    fputs(".TE\n.PP\n", out);
    put_text(
        "ASTRAY_COVERAGE is no setting: `astray run` puts the library's entry of LD_PRELOAD there, "
        "and only where it is set the library looks at programs that are about to start.");
    put_section("RECORDS");
    put_text(
        "A record is one JSON object on a line of at most 4096 bytes, written with one call of "
        "write(2). Its fields are those of the Elastic Common Schema, nested; our own stand under "
        "`astray`. An attempt whose outcome is not yet known has `event.type` [\"connection\", "
        "\"start\"], its outcome [\"connection\", \"end\"] and the same `astray.attempt`; both at "
        "once have all three, and one that was blocked [\"connection\", \"denied\"]. Passwords in "
        "URLs and in well-known options are masked; the value of a variable is never logged "
        "whole. Below `astray run` a program that is started without the library is told with "
        "`event.action` \"uncovered\", the reason, and its path in `astray.program`; that is no "
        "attempt. `astray.remark` tells of calls that returned success and were wrong to: "
        "\"fast-open\" "
        "for a promise of TCP fast open, whose outcome is told when it is known, and "
        "\"connected-to-itself\" for a socket that met itself, which counts as a failure; and, of "
        "a "
        "stray attempt, \"abandoned\" when the program gave it up before it was answered. Lengths "
        "are in bytes; longer texts are cut and end in \"...\".");
    fputs(".PP\n", out);
    put_fields();
    put_section("FILES");
    fputs(".TP\n.I /etc/astray.conf\nSettings.\n"
          ".TP\n.I /var/log/astray/UID.ndjson\nRecords, one file a user; syslog where it cannot be "
          "written.\n",
          out);
    put_section("CAVEATS");
    put_text(limits);
    put_see_also("astray(1) astray-run(1) astray-env(1) astray.conf(5) ld.so(8)");
}

/* ---- bash --------------------------------------------------------------- */

static void put_bash_words(const struct command *command)
{
    struct option_row row;
    for (size_t i = 0; opt_row(command, i, &row); i++) {
        fprintf(out, "%s--%s", i > 0 ? " " : "", dashed(row.name));
        if (row.letter != 0)
            fprintf(out, " -%c", row.letter);
    }
}

static void put_bash_values(const struct command *command)
{
    struct option_row row;
    for (size_t i = 0; opt_row(command, i, &row); i++) {
        if (row.value == NULL)
            continue;
        fprintf(out, "    %s:--%s", command->name, dashed(row.name));
        if (row.letter != 0)
            fprintf(out, " | %s:-%c", command->name, row.letter);
        fprintf(out, ") echo '%s%s' ;;\n", takes_file(row.value) ? "@files " : "@value ",
                words_of(&row));
    }
}

static void write_bash(void)
{
    fputs("# bash completion for astray.\n"
          "# Written by scripts/docgen.c out of the program's tables: do not edit.\n"
          "# shellcheck shell=bash\n\n"
          "_astray_options()\n{\n    case $1 in\n",
          out);
    for (size_t i = 0; commands[i] != NULL; i++) {
        fprintf(out, "    %s) echo '", commands[i]->name);
        put_bash_words(commands[i]);
        fputs("' ;;\n", out);
    }
    fputs(
        "    esac\n}\n\n"
        "# What may stand behind an option: nothing for a flag, else @value or @files, and words.\n"
        "_astray_values()\n{\n    case $1 in\n",
        out);
    for (size_t i = 0; commands[i] != NULL; i++)
        put_bash_values(commands[i]);
    fputs("    esac\n}\n\n"
          "# What operands are: @files, @command, or nothing.\n"
          "_astray_operands()\n{\n    case $1 in\n",
          out);
    for (size_t i = 0; commands[i] != NULL; i++)
        if (takes_command(commands[i]) || takes_files(commands[i]))
            fprintf(out, "    %s) echo %s ;;\n", commands[i]->name,
                    takes_command(commands[i]) ? "@command" : "@files");
    fputs("    esac\n}\n\n_astray_commands='", out);
    for (size_t i = 0; commands[i] != NULL; i++)
        fprintf(out, "%s ", commands[i]->name);
    fputs("help'\n\n", out);
    fputs(
        "_astray_complete()\n"
        "{\n"
        "    local word=$1 kind=$2\n"
        "    case $kind in\n"
        "    @files*)\n"
        "        compopt -o filenames 2>/dev/null\n"
        "        mapfile -t COMPREPLY < <(compgen -W \"${kind#@files}\" -- \"$word\"; compgen -f "
        "-- \"$word\")\n"
        "        ;;\n"
        "    @value*) mapfile -t COMPREPLY < <(compgen -W \"${kind#@value}\" -- \"$word\") ;;\n"
        "    @command) mapfile -t COMPREPLY < <(compgen -c -- \"$word\"; compgen -d -S / -- "
        "\"$word\") ;;\n"
        "    *) mapfile -t COMPREPLY < <(compgen -W \"$kind\" -- \"$word\") ;;\n"
        "    esac\n"
        "}\n"
        "\n"
        "_astray()\n"
        "{\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]-} previous='' i kind\n"
        "    COMPREPLY=()\n"
        "    if [ \"$COMP_CWORD\" -le 1 ]; then\n"
        "        _astray_complete \"$word\" \"$_astray_commands --help --version\"\n"
        "        return\n"
        "    fi\n"
        "    if [ \"$command\" = help ]; then\n"
        "        _astray_complete \"$word\" \"$_astray_commands\"\n"
        "        return\n"
        "    fi\n"
        "    # Walks to the word: PREVIOUS becomes the option whose value it is. Bash may have "
        "made\n"
        "    # three words of --name=value.\n"
        "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
        "        if [ \"${COMP_WORDS[i]}\" = = ]; then\n"
        "            continue\n"
        "        elif [ -n \"$previous\" ]; then\n"
        "            previous=''\n"
        "        elif [ \"${COMP_WORDS[i]}\" = -- ] || [ \"${COMP_WORDS[i]#-}\" = "
        "\"${COMP_WORDS[i]}\" ]; then\n"
        "            [ \"$(_astray_operands \"$command\")\" = @command ] || continue\n"
        "            [ \"${COMP_WORDS[i]}\" != -- ] || ((++i))\n"
        "            _astray_delegate \"$i\"\n"
        "            return\n"
        "        elif [ -n \"$(_astray_values \"$command:${COMP_WORDS[i]}\")\" ]; then\n"
        "            previous=${COMP_WORDS[i]}\n"
        "        fi\n"
        "    done\n"
        "    if [ -n \"$previous\" ]; then\n"
        "        [ \"$word\" != = ] || word=''\n"
        "        kind=$(_astray_values \"$command:$previous\")\n"
        "    elif [[ $word == --*=* ]]; then\n"
        "        kind=$(_astray_values \"$command:${word%%=*}\")\n"
        "        word=${word#*=}\n"
        "    elif [[ $word == -* ]]; then\n"
        "        kind=$(_astray_options \"$command\")\n"
        "    else\n"
        "        kind=$(_astray_operands \"$command\")\n"
        "    fi\n"
        "    _astray_complete \"$word\" \"$kind\"\n"
        "}\n"
        "\n"
        "# The command of `astray run` begins at word $1: its own completion, where there is one.\n"
        "_astray_delegate()\n"
        "{\n"
        "    if [ \"$1\" -ge \"$COMP_CWORD\" ]; then\n"
        "        _astray_complete \"${COMP_WORDS[COMP_CWORD]}\" @command\n"
        "    elif declare -F _command_offset >/dev/null; then\n"
        "        _command_offset \"$1\"\n"
        "    else\n"
        "        _astray_complete \"${COMP_WORDS[COMP_CWORD]}\" @files\n"
        "    fi\n"
        "}\n"
        "\n"
        "complete -F _astray astray\n",
        out);
}

/* ---- zsh ---------------------------------------------------------------- */

/* TEXT within an _arguments specification in single quotes. */
static void put_zsh(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\'", out);
        else if (strchr("[]:\\", *text) != NULL)
            putc('\\', out);
        if (*text != '`')
            putc(*text, out);
    }
}

static void put_zsh_value(const struct option_row *row)
{
    const char *words = words_of(row);
    fputs(":", out);
    put_zsh(row->value);
    if (takes_file(row->value))
        fputs(":_files", out);
    else if (*words != '\0')
        fprintf(out, ":(%s)", words);
    else
        fputs(": ", out);
}

static void put_zsh_options(const struct command *command)
{
    struct option_row row;
    for (size_t i = 0; opt_row(command, i, &row); i++) {
        const char *equals = row.value != NULL ? "=" : "";
        if (row.letter != 0)
            fprintf(out, "            '(-%c --%s)'{-%c%s,--%s%s}'", row.letter, dashed(row.name),
                    row.letter, row.value != NULL ? "+" : "", dashed(row.name), equals);
        else
            fprintf(out, "            '--%s%s", dashed(row.name), equals);
        putc('[', out);
        put_zsh(row.summary);
        putc(']', out);
        if (row.value != NULL)
            put_zsh_value(&row);
        fputs("' \\\n", out);
    }
}

static void write_zsh(void)
{
    fputs("#compdef astray\n"
          "# Written by scripts/docgen.c out of the program's tables: do not edit.\n\n"
          "_astray()\n{\n"
          "    local context state state_descr line\n"
          "    local -A opt_args\n"
          "    local -a commands=(\n",
          out);
    for (size_t i = 0; commands[i] != NULL; i++) {
        fprintf(out, "        '%s:", commands[i]->name);
        put_zsh(commands[i]->summary);
        fputs("'\n", out);
    }
    fputs("        'help:print the help of a command'\n    )\n"
          "    _arguments -C \\\n"
          "        '(- *)'{-h,--help}'[print a short help]' \\\n"
          "        '(- *)'{-V,--version}'[print the version]' \\\n"
          "        '1:command:->command' '*::argument:->arguments' && return\n"
          "    if [[ $state == command ]]; then\n"
          "        _describe command commands\n"
          "        return\n"
          "    fi\n"
          "    case $line[1] in\n",
          out);
    for (size_t i = 0; commands[i] != NULL; i++) {
        fprintf(out, "    %s)\n        _arguments -s -S \\\n", commands[i]->name);
        put_zsh_options(commands[i]);
        if (takes_command(commands[i]))
            fputs("            '(-)1:command: _command_names -e' '*::arguments: _normal'\n", out);
        else if (takes_files(commands[i]))
            fputs("            '*:file:_files'\n", out);
        else
            fputs("            ':'\n", out);
        fputs("        ;;\n", out);
    }
    fputs("    help) _describe command commands ;;\n"
          "    esac\n}\n\n_astray \"$@\"\n",
          out);
}

/* ---- fish --------------------------------------------------------------- */

/* TEXT within single quotes. */
static void put_fish(const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("'\\", *text) != NULL)
            putc('\\', out);
        if (*text != '`')
            putc(*text, out);
    }
}

static void write_fish(void)
{
    fputs("# fish completion for astray.\n"
          "# Written by scripts/docgen.c out of the program's tables: do not edit.\n\n"
          "complete -c astray -f\n",
          out);
    fputs("complete -c astray -n __fish_use_subcommand -s h -l help -d 'print a short help'\n"
          "complete -c astray -n __fish_use_subcommand -s V -l version -d 'print the version'\n"
          "complete -c astray -n __fish_use_subcommand -a help -d 'print the help of a command'\n",
          out);
    for (size_t i = 0; commands[i] != NULL; i++) {
        fprintf(out, "complete -c astray -n __fish_use_subcommand -a %s -d '", commands[i]->name);
        put_fish(commands[i]->summary);
        fputs("'\n", out);
    }
    fputs("complete -c astray -n '__fish_seen_subcommand_from help' -a '", out);
    for (size_t i = 0; commands[i] != NULL; i++)
        fprintf(out, "%s%s", i > 0 ? " " : "", commands[i]->name);
    fputs("'\n", out);
    for (size_t i = 0; commands[i] != NULL; i++) {
        struct option_row row;
        const struct command *command = commands[i];
        putc('\n', out);
        for (size_t j = 0; opt_row(command, j, &row); j++) {
            fprintf(out, "complete -c astray -n '__fish_seen_subcommand_from %s'", command->name);
            if (row.letter != 0)
                fprintf(out, " -s %c", row.letter);
            fprintf(out, " -l %s", dashed(row.name));
            if (row.value != NULL)
                fputs(takes_file(row.value) ? " -r -F" : " -x", out);
            if (row.value != NULL && *words_of(&row) != '\0')
                fprintf(out, " -a '%s'", words_of(&row));
            fputs(" -d '", out);
            put_fish(row.summary);
            fputs("'\n", out);
        }
        if (takes_command(command))
            fprintf(out,
                    "complete -c astray -n '__fish_seen_subcommand_from %s' -x -a "
                    "'(__fish_complete_subcommand --fcs-skip=2)'\n",
                    command->name);
        else if (takes_files(command))
            fprintf(out, "complete -c astray -n '__fish_seen_subcommand_from %s' -F\n",
                    command->name);
    }
}

/* ---- files -------------------------------------------------------------- */

static const struct {
    const char *path;
    void (*write)(void);
} files[] = {
    {"man/astray.1", write_main_page},          {"man/astray.conf.5", write_config_page},
    {"man/libastray.7", write_library_page},    {"scripts/completions/astray.bash", write_bash},
    {"scripts/completions/_astray", write_zsh}, {"scripts/completions/astray.fish", write_fish},
};

static bool open_file(const char *folder, const char *path)
{
    char whole[4096];
    snprintf(whole, sizeof whole, "%s/%s", folder, path);
    for (char *c = whole + 1; (c = strchr(c, '/')) != NULL; c++) {
        *c = '\0';
        mkdir(whole, 0777);
        *c = '/';
    }
    out = fopen(whole, "w+");
    if (out == NULL)
        fprintf(stderr, "docgen: \"%s\": %s\n", whole, strerror(errno));
    return out != NULL;
}

static bool close_file(void)
{
    bool good = ferror(out) == 0;
    if (fclose(out) == 0 && good)
        return true;
    fprintf(stderr, "docgen: %s\n", strerror(errno));
    return false;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "Usage: docgen FOLDER\n");
        return EXIT_TROUBLE;
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!open_file(argv[1], files[i].path))
            return EXIT_TROUBLE;
        files[i].write();
        if (!close_file())
            return EXIT_TROUBLE;
    }
    for (size_t i = 0; commands[i] != NULL; i++) {
        char path[64];
        snprintf(path, sizeof path, "man/astray-%s.1", commands[i]->name);
        if (!open_file(argv[1], path))
            return EXIT_TROUBLE;
        write_command_page(commands[i]);
        if (!close_file())
            return EXIT_TROUBLE;
    }
    return 0;
}
