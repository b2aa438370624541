#include "scan.h"

#include <string.h>

#include "client.h"

/* A Dockerfile's instruction, its lines joined by newlines in place of the backslashes. */
struct instruction {
    struct scan *scan;
    struct slice name;
    struct slice value;
    size_t line, column;
};

/* ["word", "word"]: the exec form, a JSON list. False when VALUE is none. */
static bool exec_form(struct slice value, struct buffer *bytes, struct scan_words *words,
                      size_t line, size_t column)
{
    struct slice trimmed = slice_trim(value);
    if (trimmed.length < 2 || trimmed.data[0] != '[' || trimmed.data[trimmed.length - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < trimmed.length; i++) {
        if (trimmed.data[i] != '"')
            continue;
        struct scan_word *word = scan_words_add(words, bytes);
        word->line = line;
        word->column = column + i;
        for (i++; i + 1 < trimmed.length && trimmed.data[i] != '"'; i++) {
            if (trimmed.data[i] == '\\')
                i++;
            buffer_byte(bytes, (unsigned char)trimmed.data[i] >= 0xF8 ? '?' : trimmed.data[i]);
        }
        word->text.length = bytes->length - word->start;
        word->length = word->text.length + 2;
    }
    scan_words_settle(words, bytes);
    return words->count > 0;
}

/* Options of RUN and HEALTHCHECK stand before their command. */
static void skip_options(struct instruction *instruction)
{
    for (;;) {
        struct slice trimmed = slice_trim(instruction->value);
        instruction->column += (size_t)(trimmed.data - instruction->value.data);
        instruction->value = trimmed;
        if (!slice_starts_with(trimmed, SLICE("--")))
            return;
        size_t end = 0;
        while (end < trimmed.length && trimmed.data[end] != ' ' && trimmed.data[end] != '\n' &&
               trimmed.data[end] != '\t')
            end++;
        instruction->value = slice_from(trimmed, end);
        instruction->column += end;
    }
}

static void command(struct instruction *instruction)
{
    struct buffer bytes = {0};
    struct scan_words words = {0};
    struct scan *scan = instruction->scan;
    skip_options(instruction);
    if (exec_form(instruction->value, &bytes, &words, instruction->line, instruction->column))
        client_scan(scan, words.items, words.count);
    else
        scan_shell_inside(scan, instruction->value, instruction->line, instruction->column);
    scan_words_free(&words);
    buffer_free(&bytes);
}

/* CMD, ENTRYPOINT and HEALTHCHECK run in the container: its variables are set elsewhere too. */
static void run_command(struct instruction *instruction)
{
    bool before = instruction->scan->container;
    instruction->scan->container = true;
    command(instruction);
    instruction->scan->container = before;
}

static void health_command(struct instruction *instruction)
{
    skip_options(instruction);
    if (slice_starts_with(instruction->value, SLICE("CMD"))) {
        instruction->value = slice_from(instruction->value, 3);
        instruction->column += 3;
        run_command(instruction);
    }
}

/* NAME=value ..., or NAME value */
static void settings(struct instruction *instruction)
{
    struct buffer bytes = {0};
    struct scan_words words = {0};
    scan_split(&bytes, &words, SCAN_SHELL, instruction->value, instruction->line,
               instruction->column);
    bool old_form = words.count >= 2 &&
                    slice_find(words.items[0].text, '=') == words.items[0].text.length &&
                    slice_equal_fold(instruction->name, SLICE("ENV"));
    if (old_form) {
        struct slice value = slice_trim(slice_from(instruction->value, words.items[0].length));
        struct buffer line = {0};
        buffer_slice(&line, words.items[0].text);
        buffer_byte(&line, '=');
        scan_mark(&line, SCAN_SHELL, value);
        scan_assign(instruction->scan, buffer_all(&line), &words.items[0]);
        buffer_free(&line);
    } else {
        for (size_t i = 0; i < words.count; i++) {
            if (slice_find(words.items[i].text, '=') < words.items[i].text.length)
                scan_assign(instruction->scan, words.items[i].text, &words.items[i]);
            else /* ARG NAME: its value comes from the builder */
                scan_item(instruction->scan, SCAN_SET, SCAN_ENDPOINT, words.items[i].text,
                          (struct slice){0}, &words.items[i]);
        }
    }
    scan_words_free(&words);
    buffer_free(&bytes);
}

static void links(struct instruction *instruction)
{
    struct buffer bytes = {0};
    struct scan_words words = {0};
    scan_split(&bytes, &words, SCAN_SHELL, instruction->value, instruction->line,
               instruction->column);
    for (size_t i = 0; i < words.count; i++)
        if (memmem(words.items[i].text.data, words.items[i].text.length, "://", 3) != NULL)
            scan_item(instruction->scan, SCAN_DESTINATION, SCAN_URL, instruction->name,
                      words.items[i].text, &words.items[i]);
    scan_words_free(&words);
    buffer_free(&bytes);
}

/* Source: the Dockerfile reference of Docker 24. EXPOSE, LABEL, COPY, ... name no destination. */
static const struct row {
    const char *name;
    void (*report)(struct instruction *instruction);
} rows[] = {
    {"RUN", command},
    {"CMD", run_command},
    {"ENTRYPOINT", run_command},
    {"HEALTHCHECK", health_command},
    {"ENV", settings},
    {"ARG", settings},
    {"ADD", links},
};

static void report_instruction(struct scan *scan, struct slice text, size_t line)
{
    struct instruction instruction = {.scan = scan, .line = line};
    size_t start = 0;
    while (start < text.length && (text.data[start] == ' ' || text.data[start] == '\t'))
        start++;
    size_t end = start + scan_name_length(slice_from(text, start));
    instruction.name = (struct slice){.data = text.data + start, .length = end - start};
    while (end < text.length && (text.data[end] == ' ' || text.data[end] == '\t'))
        end++;
    instruction.value = slice_from(text, end);
    instruction.column = end;
    scan->first_line = line;
    if (slice_equal_fold(instruction.name, SLICE("ONBUILD"))) {
        report_instruction(scan, instruction.value, line);
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (slice_equal_fold(instruction.name, slice_of(rows[i].name)) &&
            instruction.value.length > 0)
            rows[i].report(&instruction);
}

/* A here-document of RUN <<EOF: the index behind its end, or AT when there is none. */
static size_t heredoc_end(struct slice text, struct slice joined, size_t at)
{
    const char *mark = memmem(joined.data, joined.length, "<<", 2);
    if (mark == NULL)
        return at;
    struct slice word = slice_from(joined, (size_t)(mark - joined.data) + 2);
    while (word.length > 0 && strchr("-\"'", word.data[0]) != NULL)
        word = slice_from(word, 1);
    word.length = scan_name_length(word);
    struct slice rest = slice_from(text, at), line;
    while (word.length > 0 && scan_line(&rest, &line))
        if (slice_equal(slice_trim(line), word))
            return rest.length == 0 ? text.length : (size_t)(rest.data - text.data);
    return at;
}

/* The bytes of the instruction at the start of TEXT; its text without comments in JOINED. */
static size_t join(struct slice text, struct buffer *joined)
{
    struct slice rest = text, line;
    while (scan_line(&rest, &line)) {
        struct slice trimmed = slice_trim(line);
        bool comment = trimmed.length > 0 && trimmed.data[0] == '#';
        bool more = trimmed.length > 0 && trimmed.data[trimmed.length - 1] == '\\';
        if (joined->length > 0 && (comment || trimmed.length == 0)) {
            buffer_string(joined, "\\\n");
            continue;
        }
        buffer_slice(joined, line);
        if (!more)
            break;
        buffer_byte(joined, '\n');
    }
    return rest.length == 0 ? text.length : (size_t)(rest.data - text.data);
}

size_t scan_docker(struct scan *scan, struct slice text)
{
    size_t number = scan->line, done = 0;
    struct buffer joined = {0};
    text.length = scan_whole_lines(scan, text);
    while (done < text.length) {
        struct slice rest = slice_from(text, done);
        joined.length = 0;
        struct slice first = {.data = rest.data, .length = slice_find(rest, '\n')};
        struct slice trimmed = slice_trim(first);
        size_t used = first.length < rest.length ? first.length + 1 : rest.length;
        if (trimmed.length > 0 && trimmed.data[0] != '#') {
            used = join(rest, &joined);
            size_t end = heredoc_end(text, buffer_all(&joined), done + used);
            if (end > done + used) {
                buffer_byte(&joined, '\n');
                buffer_slice(&joined, (struct slice){.data = text.data + done + used,
                                                     .length = end - done - used});
                used = end - done;
                /* RUN <<EOF: the text itself is run */
                struct slice all = buffer_all(&joined);
                if (slice_starts_with(slice_trim(all), SLICE("RUN <<")))
                    scan_shell_inside(scan, slice_from(all, slice_find(all, '\n')), number,
                                      slice_find(all, '\n'));
            }
            if (done + used >= text.length && !scan->last)
                break;
            report_instruction(scan, buffer_all(&joined), number);
        }
        for (size_t i = 0; i < used; i++)
            number += rest.data[i] == '\n';
        done += used;
    }
    buffer_free(&joined);
    return done;
}
