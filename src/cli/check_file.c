#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scan_quick.h"

#define HEAD_SIZE 4096
#define WINDOW_MIN ((size_t)1 << 20)
#define WINDOW_MAX ((size_t)1 << 24) /* the longest statement */
#define WHOLE_MAX ((size_t)1 << 26)  /* the largest file of a type that is read at once */
#define DATA_MAX ((size_t)1 << 22)   /* larger ones are data, when nobody named them */
#define SOURCE_MAX 400               /* bytes of a line that are kept */

/* A file under check. */
struct file {
    const struct check_settings *settings;
    const struct scan_type *type;
    struct check_result *result;
    struct scan scan;
    struct judge judge;
    struct check_ignores ignores;
    struct slice window;       /* the text being scanned; its first line is scan.line */
    size_t seen_line, seen_at; /* a line of the window and where it begins: the last looked up */
};

/* ---- findings ------------------------------------------------------------------ */

static struct slice line_of(struct file *file, size_t line)
{
    size_t base = file->scan.line;
    if (line < base)
        return SLICE("");
    if (line < file->seen_line || file->seen_line < base) {
        file->seen_line = base;
        file->seen_at = 0;
    }
    while (file->seen_line < line) {
        struct slice rest = slice_from(file->window, file->seen_at);
        size_t end = slice_find(rest, '\n');
        if (end >= rest.length)
            return SLICE("");
        file->seen_at += end + 1;
        file->seen_line++;
    }
    struct slice rest = slice_from(file->window, file->seen_at);
    rest.length = slice_find(rest, '\n');
    if (rest.length > 0 && rest.data[rest.length - 1] == '\r')
        rest.length--;
    return rest;
}

static uint64_t mix(uint64_t hash, struct slice text)
{
    return slice_hash(slice_hash(hash, text), SLICE("\xFF"));
}

static uint64_t fingerprint_of(const struct check_result *result, enum rule_id rule,
                               struct slice source)
{
    struct slice path = slice_of(result->path);
    while (slice_starts_with(path, SLICE("./")))
        path = slice_from(path, 2);
    uint64_t base =
        mix(mix(mix(SLICE_HASH_START, path), slice_of(rules[rule].slug)), slice_trim(source));
    for (size_t round = 0;; round++) {
        uint64_t print = base + round * UINT64_C(0x9E3779B97F4A7C15);
        size_t i = 0;
        while (i < result->count && result->findings[i].fingerprint != print)
            i++;
        if (i == result->count)
            return print;
    }
}

static bool is_told(const struct check_result *result, const struct check_finding *finding)
{
    for (size_t i = result->count; i > 0 && i + 64 > result->count; i--) {
        const struct check_finding *old = &result->findings[i - 1];
        if (old->rule == finding->rule && old->line == finding->line &&
            (old->column == finding->column || strcmp(old->message, finding->message) == 0))
            return true;
    }
    return false;
}

/* Where in SOURCE does TEXT stand? From COLUMN on, else anywhere; else the place stays. */
static void locate(struct check_finding *finding, struct slice source, struct slice text)
{
    size_t column = finding->column - 1;
    if (column > source.length)
        column = source.length;
    finding->column = column + 1;
    if (finding->length > source.length - column)
        finding->length = source.length - column;
    if (text.length == 0 || text.length > source.length)
        return;
    const char *found =
        memmem(source.data + column, source.length - column, text.data, text.length);
    if (found == NULL)
        found = memmem(source.data, source.length, text.data, text.length);
    if (found == NULL)
        return;
    finding->column = (size_t)(found - source.data) + 1;
    finding->length = text.length;
}

/* Long lines are cut to the neighbourhood of the place. */
static char *keep_source(struct check_finding *finding, struct slice source)
{
    size_t at = finding->column - 1;
    if (source.length <= SOURCE_MAX)
        return buffer_copy(source);
    size_t start = at > SOURCE_MAX / 2 ? at - SOURCE_MAX / 2 : 0;
    size_t length = source.length - start < SOURCE_MAX ? source.length - start : SOURCE_MAX;
    finding->source_start = start;
    return buffer_copy((struct slice){.data = source.data + start, .length = length});
}

static void add(struct check_result *result, struct check_finding finding, struct slice source,
                const char *message, struct slice name)
{
    finding.message = (char *)message;
    if (is_told(result, &finding))
        return;
    if (result->count >= CHECK_FINDINGS_MAX) {
        result->left_out++;
        return;
    }
    if (result->count == result->size) {
        result->size = result->size == 0 ? 8 : result->size * 2;
        result->findings = buffer_resize(result->findings, result->size * sizeof *result->findings);
    }
    finding.fingerprint = fingerprint_of(result, finding.rule, source);
    finding.message = buffer_copy(slice_of(message));
    finding.source = keep_source(&finding, source);
    finding.name = buffer_copy(name);
    result->findings[result->count++] = finding;
}

static void on_finding(void *context, const struct finding *found)
{
    struct file *file = context;
    struct slice source = line_of(file, found->line);
    if (found->rule == RULE_UNPARSABLE && file->judge.example)
        return; /* a template in a language of its own */
    if (check_ignore_covers(&file->ignores, found->rule, found->first_line, found->line))
        return;
    struct check_finding finding = {
        .rule = found->rule,
        .level = found->level,
        .line = found->line + 1,
        .column = found->column + 1,
        .length = found->length,
    };
    if (file->type->scan == scan_list) {
        /* the value may be a secret: its name is enough */
        source = found->name;
        finding.column = 1;
        finding.length = source.length;
        add(file->result, finding, source, found->message, found->name);
        return;
    }
    locate(&finding, source, found->text);
    add(file->result, finding, source, found->message, found->name);
}

static void on_include(void *context, struct slice glob)
{
    struct check_result *result = ((struct file *)context)->result;
    if (result->include_count >= 1000)
        return;
    result->includes =
        buffer_resize(result->includes, (result->include_count + 1) * sizeof(char *));
    result->includes[result->include_count++] = buffer_copy(glob);
}

static void trouble(struct file *file, const char *message)
{
    struct check_finding finding = {.rule = RULE_UNPARSABLE,
                                    .level = rules[RULE_UNPARSABLE].level,
                                    .line = file->scan.line + 1,
                                    .column = 1};
    if (file->settings->judge.enabled[RULE_UNPARSABLE])
        add(file->result, finding, SLICE(""), message, SLICE(""));
}

static void report_unused(struct file *file)
{
    if (!file->settings->judge.enabled[RULE_UNUSED_IGNORE])
        return;
    for (size_t i = 0; i < file->ignores.count; i++) {
        const struct check_ignore *ignore = &file->ignores.items[i];
        if (ignore->used)
            continue;
        const char *message = !ignore->reasoned ? "the ignore comment gives no reason: write "
                                                  "\"-- reason\" behind the rule"
                              : ignore->rules == 0
                                  ? "the ignore comment names no rule that there is"
                                  : "the ignore comment is not needed: nothing is found there";
        struct check_finding finding = {.rule = RULE_UNUSED_IGNORE,
                                        .level = rules[RULE_UNUSED_IGNORE].level,
                                        .line = ignore->line + 1,
                                        .column = ignore->column + 1,
                                        .length = ignore->length};
        add(file->result, finding, line_of(file, ignore->line), message, SLICE(""));
    }
    file->ignores.count = 0;
}

/* ---- windows ------------------------------------------------------------------------ */

static size_t count_lines(struct slice text)
{
    size_t lines = 0;
    const char *at = text.data, *end = text.data + text.length;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        lines++;
        at++;
    }
    return lines;
}

/* A first look spares the scan of most texts. nginx's includes have to be found in any case. */
static bool is_worth_it(const struct file *file, struct slice window)
{
    bool dollars = file->judge.template == JUDGE_LITERAL ||
                   (file->judge.template == JUDGE_TEMPLATE_KUBERNETES &&
                    memmem(window.data, window.length, "$(", 2) != NULL);
    return file->type->scan == scan_nginx || scan_quick(window, dollars);
}

/* Scans what is there; returns the bytes that are done with, whole lines. */
static size_t scan_window(struct file *file, struct slice window, bool last)
{
    size_t whole = last ? window.length : scan_whole_lines(&file->scan, window);
    if (!is_worth_it(file, (struct slice){.data = window.data, .length = whole})) {
        file->judge.values.sourced = true; /* what it sets was not seen */
        file->scan.line += count_lines((struct slice){.data = window.data, .length = whole});
        return whole;
    }
    file->window = window;
    file->seen_line = file->scan.line;
    file->seen_at = 0;
    file->scan.last = last;
    file->scan.first_line = file->scan.line;
    check_ignore_find(&file->ignores, window, file->scan.line);
    size_t done = file->type->scan(&file->scan, window);
    report_unused(file);
    if (!last && done > 0 && done < window.length) {
        const char *end = memrchr(window.data, '\n', done);
        done = end == NULL ? 0 : (size_t)(end - window.data) + 1;
    }
    file->scan.line += count_lines((struct slice){.data = window.data, .length = done});
    return done;
}

/* Reads until SIZE bytes are there or the file ends. */
static ssize_t fill(int fd, char *data, size_t size)
{
    size_t have = 0;
    while (have < size) {
        ssize_t got = read(fd, data + have, size - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

/* Passes over the rest of a line that is too long. */
static bool skip_line(int fd, struct buffer *window)
{
    for (;;) {
        window->length = 0;
        ssize_t got = fill(fd, buffer_reserve(window, WINDOW_MIN), WINDOW_MIN);
        if (got <= 0)
            return false;
        window->length = (size_t)got;
        struct slice text = buffer_all(window);
        size_t end = slice_find(text, '\n');
        if (end < text.length) {
            memmove(window->data, window->data + end + 1, text.length - end - 1);
            window->length = text.length - end - 1;
            return true;
        }
    }
}

static void scan_windows(struct file *file, int fd, struct buffer *window)
{
    size_t size = window->length > WINDOW_MIN ? window->length : WINDOW_MIN;
    for (;;) {
        size_t room = size - window->length;
        ssize_t got = fill(fd, buffer_reserve(window, room), room);
        if (got < 0) {
            file->result->error = (int)-got;
            return;
        }
        window->length += (size_t)got;
        bool last = (size_t)got < room;
        size_t done = scan_window(file, buffer_all(window), last);
        if (last)
            return;
        if (done == 0 && size < WINDOW_MAX) {
            size *= 2;
            continue;
        }
        if (done == 0) {
            trouble(file, "a line or statement of more than 16 MiB was not read");
            if (!skip_line(fd, window))
                return;
            file->scan.line++;
            size = window->length > WINDOW_MIN ? window->length : WINDOW_MIN;
            continue;
        }
        memmove(window->data, window->data + done, window->length - done);
        window->length -= done;
        size = window->length > WINDOW_MIN / 2 ? window->length * 2 : WINDOW_MIN;
        if (size > WINDOW_MAX)
            size = WINDOW_MAX;
    }
}

static void scan_whole(struct file *file, int fd, struct buffer *window, size_t limit)
{
    for (;;) {
        size_t room = WINDOW_MIN;
        ssize_t got = fill(fd, buffer_reserve(window, room), room);
        if (got < 0) {
            file->result->error = (int)-got;
            return;
        }
        window->length += (size_t)got;
        if ((size_t)got < room)
            break;
        if (window->length > limit) {
            trouble(file, "the file is too large to be read at once");
            return;
        }
    }
    scan_window(file, buffer_all(window), true);
}

/* NAME=value, whose value may use the names above it. */
static void set_dotenv(struct file *file, struct slice name, struct slice value)
{
    struct buffer marked = {0}, text = {0};
    struct expand_result result;
    scan_mark(&marked, SCAN_ENVFILE, value);
    expand_text(&text, buffer_all(&marked), &file->judge.values, file->settings->judge.given,
                &result);
    buffer_finish(&text);
    expand_set(&file->judge.values, name, buffer_all(&text), false);
    buffer_free(&marked);
    buffer_free(&text);
}

/* Values for ${X} in a compose file come from the .env beside it. */
static void read_dotenv(struct file *file, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct buffer name = {0}, text = {0};
    buffer_bytes(&name, path, slash == NULL ? 0 : (size_t)(slash - path) + 1);
    buffer_string(&name, ".env");
    int fd = open(buffer_finish(&name), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0) {
        ssize_t got = fill(fd, buffer_reserve(&text, WINDOW_MIN), WINDOW_MIN);
        text.length = got > 0 ? (size_t)got : 0;
        close(fd);
    }
    struct slice rest = buffer_all(&text), line;
    while (scan_line(&rest, &line)) {
        size_t equals = slice_find(line, '=');
        struct slice key = slice_trim((struct slice){.data = line.data, .length = equals});
        struct slice value = slice_trim(slice_from(line, equals + 1));
        if (equals == line.length || scan_name_length(key) != key.length || key.length == 0)
            continue;
        if (value.length > 1 && (value.data[0] == '"' || value.data[0] == '\'') &&
            value.data[value.length - 1] == value.data[0])
            value = (struct slice){.data = value.data + 1, .length = value.length - 2};
        set_dotenv(file, key, value);
    }
    buffer_free(&name);
    buffer_free(&text);
}

static enum judge_template template_of(const struct scan_type *type)
{
    if (type->scan == scan_kubernetes)
        return JUDGE_TEMPLATE_KUBERNETES;
    return type->scan == scan_yaml || type->scan == scan_pairs || type->scan == scan_nginx
               ? JUDGE_TEMPLATE
               : JUDGE_LITERAL;
}

static void begin(struct file *file, const struct check_settings *settings, const char *path,
                  const struct scan_type *type, struct check_result *result)
{
    *file = (struct file){.settings = settings, .type = type, .result = result};
    scan_start(&file->scan, judge_item, &file->judge);
    judge_start(&file->judge, &settings->judge);
    file->judge.found = on_finding;
    file->judge.include = on_include;
    file->judge.context = file;
    file->judge.example = scan_type_is_example(slice_of(path));
    file->judge.template = template_of(type);
    file->judge.service = type->scan == scan_systemd || type->scan == scan_compose ||
                          type->scan == scan_docker || type->scan == scan_kubernetes;
    file->judge.live = type->scan == scan_list;
    result->checked = true;
    if (type->scan == scan_compose)
        read_dotenv(file, path);
}

static void end(struct file *file)
{
    scan_stop(&file->scan);
    judge_stop(&file->judge);
    check_ignore_free(&file->ignores);
}

static void check_open(const struct check_settings *settings, int fd, const char *path,
                       const struct scan_type *type, bool named, struct check_result *result)
{
    struct buffer window = {0};
    struct file file;
    struct stat status;
    ssize_t got = fill(fd, buffer_reserve(&window, HEAD_SIZE), HEAD_SIZE);
    if (got < 0) {
        result->error = (int)-got;
        goto out;
    }
    window.length = (size_t)got;
    if (got == 0 || memchr(window.data, '\0', window.length) != NULL)
        goto out; /* empty, or binary */
    if (type == NULL)
        type = scan_type_of(slice_of(path), buffer_all(&window));
    if (type == NULL)
        goto out;
    if (type->data && !named && fstat(fd, &status) == 0 && status.st_size > (off_t)DATA_MAX)
        goto out;
    begin(&file, settings, path, type, result);
    if (type->whole)
        scan_whole(&file, fd, &window, WHOLE_MAX);
    else
        scan_windows(&file, fd, &window);
    end(&file);
out:
    buffer_free(&window);
}

void check_descriptor(const struct check_settings *settings, int fd, const char *path,
                      const struct scan_type *type, struct check_result *result)
{
    *result = (struct check_result){.path = buffer_copy(slice_of(path))};
    check_open(settings, fd, path, type, true, result);
}

void check_file(const struct check_settings *settings, const char *path,
                const struct scan_type *type, bool named, struct check_result *result)
{
    *result = (struct check_result){.path = buffer_copy(slice_of(path))};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        result->error = errno;
        return;
    }
    if (named) /* a pipe, as <(command) makes it, is waited for */
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    check_open(settings, fd, path, type, named, result);
    close(fd);
}

void check_list(const struct check_settings *settings, const char *path, struct slice text,
                struct check_result *result)
{
    static const struct scan_type list = {.name = "environment", .scan = scan_list, .whole = true};
    struct file file;
    *result = (struct check_result){.path = buffer_copy(slice_of(path))};
    begin(&file, settings, path, &list, result);
    file.scan.last = true;
    file.scan.line = 0;
    file.window = SLICE("");
    if (text.length > 0)
        scan_list(&file.scan, text);
    end(&file);
}

void check_result_free(struct check_result *result)
{
    for (size_t i = 0; i < result->count; i++) {
        free(result->findings[i].message);
        free(result->findings[i].source);
        free(result->findings[i].name);
    }
    for (size_t i = 0; i < result->include_count; i++)
        free(result->includes[i]);
    free(result->findings);
    free(result->includes);
    free(result->path);
    *result = (struct check_result){0};
}
