#include "check.h"

#include <string.h>

#include <astray/version.h>

#include "json_out.h"
#include "say.h"

static const char *color_of(enum rule_level level)
{
    static const char *const colors[] = {"\033[36m", "\033[33m", "\033[31m"};
    return colors[level];
}

static void paint(const struct check_report *report, const char *code)
{
    if (report->color)
        fputs(code, report->out);
}

/* PATH:LINE:COLUMN: LEVEL: MESSAGE [RULE] */
static void head(struct check_report *report, const struct check_result *result,
                 const struct check_finding *finding)
{
    const struct rule *rule = &rules[finding->rule];
    paint(report, "\033[1m");
    say_printable(report->out, slice_of(result->path));
    fprintf(report->out, ":%zu:%zu:", finding->line, finding->column);
    paint(report, "\033[0m");
    fputc(' ', report->out);
    paint(report, color_of(finding->level));
    fprintf(report->out, "%s:", rules_level_name(finding->level));
    paint(report, "\033[0m");
    fputc(' ', report->out);
    say_printable(report->out, slice_of(finding->message));
    fprintf(report->out, " [%s]\n", rule->slug);
}

static unsigned digits_of(size_t number)
{
    unsigned digits = 1;
    while (number >= 10) {
        number /= 10;
        digits++;
    }
    return digits;
}

/* The line, and a mark under the place. Tabs and the like take the columns that say_printable()
 * gives them. */
static void underline(struct check_report *report, const struct check_finding *finding)
{
    FILE *out = report->out;
    struct slice source = slice_of(finding->source);
    unsigned margin = digits_of(finding->line) + 2;
    size_t at = finding->column - 1 - finding->source_start;
    if (source.length == 0)
        return;
    if (at > source.length)
        at = source.length;
    size_t length = finding->length > source.length - at ? source.length - at : finding->length;
    fprintf(out, " %zu | ", finding->line);
    size_t before = say_printable(out, (struct slice){.data = source.data, .length = at});
    size_t marked = say_printable(out, (struct slice){.data = source.data + at, .length = length});
    say_printable(out, slice_from(source, at + length));
    fprintf(out, "\n%*s| %*s", (int)margin, "", (int)before, "");
    paint(report, color_of(finding->level));
    for (size_t i = 0; i < (marked > 0 ? marked : 1); i++)
        fputc('^', out);
    paint(report, "\033[0m");
    fputc('\n', out);
}

static void nothing(struct check_report *report)
{
    (void)report;
}

static void text_finding(struct check_report *report, const struct check_result *result,
                         const struct check_finding *finding)
{
    head(report, result, finding);
    underline(report, finding);
    fprintf(report->out, "%*s= %s\n", (int)digits_of(finding->line) + 2, "",
            rules[finding->rule].fix);
}

static void gcc_finding(struct check_report *report, const struct check_result *result,
                        const struct check_finding *finding)
{
    head(report, result, finding);
}

/* ---- GitHub's workflow commands ------------------------------------------------- */

static void github_escaped(FILE *out, const char *text, bool property)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < ' ' || c == 0x7f || c == '%' || (property && (c == ':' || c == ',')))
            fprintf(out, "%%%02X", c);
        else
            fputc(c, out);
    }
}

static void github_finding(struct check_report *report, const struct check_result *result,
                           const struct check_finding *finding)
{
    static const char *const commands[] = {"notice", "warning", "error"};
    const struct rule *rule = &rules[finding->rule];
    fprintf(report->out, "::%s file=", commands[finding->level]);
    github_escaped(report->out, result->path, true);
    fprintf(report->out, ",line=%zu,col=%zu,title=astray %s::", finding->line, finding->column,
            rule->slug);
    github_escaped(report->out, finding->message, false);
    fputs("; ", report->out);
    github_escaped(report->out, rule->fix, false);
    fputc('\n', report->out);
}

/* ---- JSON -------------------------------------------------------------------------- */

static void field(FILE *out, const char *name, const char *value)
{
    fprintf(out, "\"%s\":", name);
    json_out_text(out, slice_of(value));
}

static void json_begin(struct check_report *report)
{
    fputs("{\"version\":1,\"findings\":[", report->out);
}

static void json_finding(struct check_report *report, const struct check_result *result,
                         const struct check_finding *finding)
{
    FILE *out = report->out;
    const struct rule *rule = &rules[finding->rule];
    fputs(report->findings > 0 ? ",\n{" : "\n{", out);
    field(out, "path", result->path);
    fprintf(out, ",\"line\":%zu,\"column\":%zu,\"length\":%zu,", finding->line, finding->column,
            finding->length);
    field(out, "rule", rule->slug);
    fputc(',', out);
    field(out, "level", rules_level_name(finding->level));
    fputc(',', out);
    field(out, "message", finding->message);
    fputc(',', out);
    field(out, "name", finding->name);
    fputc(',', out);
    field(out, "source", finding->source);
    fputc(',', out);
    field(out, "fix", rule->fix);
    fprintf(out, ",\"fingerprint\":\"%016llx\"}", (unsigned long long)finding->fingerprint);
}

static void json_end(struct check_report *report)
{
    fputs("\n]}\n", report->out);
}

/* ---- SARIF 2.1.0 ----------------------------------------------------------------------- */

/* A path as a URI reference (RFC 3986). */
static void uri(FILE *out, const char *path)
{
    static const char plain[] = "-._~/!$&'()*+,;=@";
    fputc('"', out);
    for (; *path != '\0'; path++) {
        unsigned char c = (unsigned char)*path;
        bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (letter || strchr(plain, c) != NULL)
            fputc(c, out);
        else
            fprintf(out, "%%%02X", c);
    }
    fputc('"', out);
}

static void sarif_rule(FILE *out, const struct rule *rule)
{
    fputc('{', out);
    field(out, "id", rule->slug);
    fputs(",\"shortDescription\":{", out);
    field(out, "text", rule->summary);
    fputs("},\"fullDescription\":{", out);
    field(out, "text", rule->why);
    fputs("},\"help\":{", out);
    field(out, "text", rule->fix);
    fprintf(out, "},\"defaultConfiguration\":{\"level\":\"%s\"}}", rules_level_name(rule->level));
}

static void sarif_begin(struct check_report *report)
{
    FILE *out = report->out;
    fputs("{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\","
          "\"runs\":[{\"tool\":{\"driver\":{\"name\":\"astray\",\"version\":\"" ASTRAY_VERSION
          "\",\"rules\":[",
          out);
    for (int id = 0; id < RULE_COUNT; id++) {
        fputs(id > 0 ? ",\n" : "\n", out);
        sarif_rule(out, &rules[id]);
    }
    fputs("]}},\"columnKind\":\"unicodeCodePoints\",\"results\":[", out);
}

/* Code points before byte END of the line's kept part; what was cut before counts by bytes. */
static size_t code_points(const struct check_finding *finding, size_t end)
{
    size_t count = finding->source_start;
    for (size_t i = 0; i + finding->source_start < end && finding->source[i] != '\0'; i++)
        count += ((unsigned char)finding->source[i] & 0xC0) != 0x80;
    return count < end ? count : end;
}

static void sarif_finding(struct check_report *report, const struct check_result *result,
                          const struct check_finding *finding)
{
    FILE *out = report->out;
    size_t start = code_points(finding, finding->column - 1);
    size_t end = code_points(finding, finding->column - 1 + finding->length);
    fputs(report->findings > 0 ? ",\n{" : "\n{", out);
    field(out, "ruleId", rules[finding->rule].slug);
    fprintf(out, ",\"ruleIndex\":%d,\"level\":\"%s\",\"message\":{", (int)finding->rule,
            rules_level_name(finding->level));
    field(out, "text", finding->message);
    fputs("},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":", out);
    uri(out, result->path);
    fprintf(out, "},\"region\":{\"startLine\":%zu,\"startColumn\":%zu,\"endColumn\":%zu}}}],",
            finding->line, start + 1, end + 1);
    fprintf(out, "\"partialFingerprints\":{\"astray/v1\":\"%016llx\"}}",
            (unsigned long long)finding->fingerprint);
}

static void sarif_end(struct check_report *report)
{
    fputs("\n]}]}\n", report->out);
}

const struct check_format check_formats[] = {
    {"text", nothing, text_finding, nothing},         {"json", json_begin, json_finding, json_end},
    {"sarif", sarif_begin, sarif_finding, sarif_end}, {"github", nothing, github_finding, nothing},
    {"gcc", nothing, gcc_finding, nothing},           {0},
};

const struct check_format *check_format_named(const char *name)
{
    for (const struct check_format *format = check_formats; format->name != NULL; format++)
        if (strcmp(format->name, name) == 0)
            return format;
    return NULL;
}

/* ---- --explain ------------------------------------------------------------------------ */

static void paragraph(FILE *out, const char *title, const char *text)
{
    size_t column = 0;
    struct slice rest = slice_of(text), word;
    fprintf(out, "\n%s\n ", title);
    while (slice_cut(&rest, ' ', &word)) {
        if (column + word.length > 76) {
            fputs("\n ", out);
            column = 0;
        }
        column += 1 + word.length;
        fputc(' ', out);
        fwrite(word.data, 1, word.length, out);
    }
    fputc('\n', out);
}

void check_report_explain(FILE *out, const struct rule *rule)
{
    fprintf(out, "%s: %s (%s%s)\n", rule->slug, rule->summary, rules_level_name(rule->level),
            rule->opt_in ? ", only with --enable" : "");
    paragraph(out, "Why", rule->why);
    paragraph(out, "What happens", rule->happens);
    paragraph(out, "What to do", rule->fix);
    fprintf(out, "\nWritten right\n  %s\n", rule->right);
    fprintf(out, "\nSource\n  %s\n", rule->source);
}
