#include "scan.h"

#include <stdlib.h>
#include <string.h>

void scan_start(struct scan *scan, void (*report)(void *context, const struct scan_item *item),
                void *context)
{
    *scan = (struct scan){.report = report, .context = context};
}

void scan_stop(struct scan *scan)
{
    buffer_free(&scan->bytes);
}

bool scan_line(struct slice *rest, struct slice *line)
{
    if (rest->length == 0)
        return false;
    size_t end = slice_find(*rest, '\n');
    *line = (struct slice){.data = rest->data, .length = end};
    *rest = slice_from(*rest, end < rest->length ? end + 1 : end);
    if (line->length > 0 && line->data[line->length - 1] == '\r')
        line->length--;
    return true;
}

size_t scan_whole_lines(const struct scan *scan, struct slice text)
{
    if (scan->last || text.length == 0)
        return text.length;
    const char *end = memrchr(text.data, '\n', text.length);
    return end == NULL ? 0 : (size_t)(end - text.data) + 1;
}

static bool is_name_start(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

size_t scan_name_length(struct slice text)
{
    size_t length = 0;
    while (length < text.length &&
           (is_name_start(text.data[length]) ||
            (length > 0 && text.data[length] >= '0' && text.data[length] <= '9')))
        length++;
    return length;
}

/* ---- expansions --------------------------------------------------------- */

#define NESTING_MAX 64

static size_t match_bracket(struct slice text, size_t at, char open, char close, unsigned depth);
static size_t match_quoted(struct slice text, size_t at, unsigned depth);

/* Is a ${ or $( at AT? */
static bool begins_bracket(struct slice text, size_t at)
{
    return text.data[at] == '$' && at + 1 < text.length &&
           (text.data[at + 1] == '{' || text.data[at + 1] == '(');
}

/* The index behind the ${...} or $(...) that begins at AT; 0 when it does not end. */
static size_t match_inner(struct slice text, size_t at, unsigned depth)
{
    char open = text.data[at + 1];
    return match_bracket(text, at + 2, open, open == '{' ? '}' : ')', depth);
}

/* The index behind the bracket that closes the one before AT; 0 when there is none. */
static size_t match_bracket(struct slice text, size_t at, char open, char close, unsigned depth)
{
    size_t level = 1;
    if (depth > NESTING_MAX)
        return 0;
    while (at < text.length) {
        char c = text.data[at];
        if (c == '\\') {
            at += 2;
        } else if (c == '\'' || c == '"' || c == '`') {
            at = match_quoted(text, at, depth + 1);
            if (at == 0)
                return 0;
        } else if (begins_bracket(text, at)) {
            at = match_inner(text, at, depth + 1);
            if (at == 0)
                return 0;
        } else {
            at++;
            if (c == close && --level == 0)
                return at;
            if (c == open)
                level++;
        }
    }
    return 0;
}

/* The index behind the quotation that begins at AT. */
static size_t match_quoted(struct slice text, size_t at, unsigned depth)
{
    char quote = text.data[at++];
    if (depth > NESTING_MAX)
        return 0;
    while (at < text.length) {
        char c = text.data[at];
        if (c == quote)
            return at + 1;
        if (c == '\\' && quote != '\'') {
            at += 2;
        } else if (quote == '"' && begins_bracket(text, at)) {
            at = match_inner(text, at, depth + 1);
            if (at == 0)
                return 0;
        } else {
            at++;
        }
    }
    return 0;
}

size_t scan_expansion(struct slice text)
{
    if (text.length < 2)
        return 0;
    if (text.data[0] == '`')
        return match_quoted(text, 0, 0);
    if (begins_bracket(text, 0))
        return match_inner(text, 0, 0);
    char c = text.data[1];
    size_t name = scan_name_length(slice_from(text, 1));
    if (name > 0)
        return name + 1;
    return (c >= '0' && c <= '9') || strchr("@*#?-$!", c) != NULL ? 2 : 0;
}

size_t scan_brackets(struct slice text)
{
    return match_bracket(text, 1, '(', ')', 0);
}

static void put_mark(struct buffer *out, enum scan_dialect dialect, struct slice inner)
{
    buffer_byte(out, SCAN_OPEN);
    buffer_byte(out, (char)('0' + dialect));
    buffer_slice(out, inner);
    buffer_byte(out, SCAN_CLOSE);
}

/* How many bytes at TEXT.data[0], a `$` or '%', DIALECT replaces; 0 for none. *SKIP are those that
 * do not belong to the expansion itself. */
static size_t marked_length(enum scan_dialect dialect, struct slice text, bool whole)
{
    if (text.data[0] != '$' || text.length < 2 || dialect == SCAN_DIALECTS)
        return 0;
    char next = text.data[1];
    switch (dialect) {
    case SCAN_KUBERNETES: {
        size_t name = 2;
        while (next == '(' && name < text.length &&
               (is_name_start(text.data[name]) || strchr("-.0123456789", text.data[name]) != NULL))
            name++;
        return name > 2 && name < text.length && text.data[name] == ')' ? name + 1 : 0;
    }
    case SCAN_SYSTEMD:
        if (next == '{') {
            size_t end = slice_find(text, '}');
            return end < text.length ? end + 1 : 0;
        }
        return whole && scan_name_length(slice_from(text, 1)) == text.length - 1 ? text.length : 0;
    case SCAN_COMPOSE:
    case SCAN_ENVFILE:
    case SCAN_NGINX:
        return next == '{' || scan_name_length(slice_from(text, 1)) > 0 ? scan_expansion(text) : 0;
    default:
        return scan_expansion(text);
    }
}

void scan_mark(struct buffer *out, enum scan_dialect dialect, struct slice raw)
{
    size_t at = 0;
    bool collapses =
        dialect == SCAN_COMPOSE || dialect == SCAN_SYSTEMD || dialect == SCAN_KUBERNETES;
    if (raw.length > SCAN_WORD_MAX)
        raw.length = SCAN_WORD_MAX;
    while (at < raw.length) {
        struct slice rest = slice_from(raw, at);
        char c = rest.data[0];
        bool doubled = c == '$' && rest.length > 1 && rest.data[1] == '$';
        size_t length = 0;
        if (c == '$' && !doubled)
            length = marked_length(dialect, rest, at == 0);
        if (length > 0) {
            put_mark(out, dialect, (struct slice){.data = rest.data + 1, .length = length - 1});
            at += length;
        } else if (doubled && collapses) {
            buffer_byte(out, '$');
            at += 2;
        } else if (c == '%' && dialect == SCAN_SYSTEMD && rest.length > 1) {
            if (rest.data[1] == '%')
                buffer_byte(out, '%');
            else
                put_mark(out, dialect, (struct slice){.data = rest.data, .length = 2});
            at += 2;
        } else {
            buffer_byte(out, (unsigned char)c >= 0xF8 ? '?' : c);
            at++;
        }
    }
}

/* ---- words ---------------------------------------------------------------- */

struct scan_word *scan_words_add(struct scan_words *words, const struct buffer *bytes)
{
    if (words->count == words->size) {
        words->size = words->size == 0 ? 32 : words->size * 2;
        words->items = buffer_resize(words->items, words->size * sizeof *words->items);
    }
    struct scan_word *word = &words->items[words->count++];
    *word = (struct scan_word){.start = bytes->length};
    return word;
}

void scan_words_settle(struct scan_words *words, const struct buffer *bytes)
{
    for (size_t i = 0; i < words->count; i++)
        words->items[i].text.data = bytes->data == NULL ? "" : bytes->data + words->items[i].start;
}

void scan_words_free(struct scan_words *words)
{
    free(words->items);
    *words = (struct scan_words){0};
}

/* One word of RAW from *AT on, without its quotes, in PLAIN. */
static void split_word(struct buffer *plain, struct slice raw, size_t *at)
{
    char quote = 0;
    for (; *at < raw.length; (*at)++) {
        char c = raw.data[*at];
        if (quote == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
            return;
        if (c == '\\' && quote != '\'' && *at + 1 < raw.length) {
            char next = raw.data[++*at];
            if (next != '\n')
                buffer_byte(plain, next);
        } else if (quote == 0 && (c == '\'' || c == '"')) {
            quote = c;
        } else if (quote != 0 && c == quote) {
            quote = 0;
        } else {
            buffer_byte(plain, c);
        }
    }
}

void scan_split(struct buffer *out, struct scan_words *words, enum scan_dialect mark,
                struct slice raw, size_t line, size_t column)
{
    struct buffer plain = {0};
    size_t at = 0;
    for (;;) {
        while (at < raw.length && memchr(" \t\r\n", raw.data[at], 4) != NULL) {
            if (raw.data[at] == '\n') {
                line++;
                column = -at - 1;
            }
            at++;
        }
        if (at >= raw.length)
            break;
        size_t start = at;
        plain.length = 0;
        split_word(&plain, raw, &at);
        struct scan_word *word = scan_words_add(words, out);
        scan_mark(out, mark, buffer_all(&plain));
        word->text.length = out->length - word->start;
        word->line = line;
        word->column = column + start;
        word->length = at - start;
    }
    buffer_free(&plain);
    scan_words_settle(words, out);
}

/* ---- reports --------------------------------------------------------------- */

void scan_item(struct scan *scan, enum scan_role role, enum scan_form form, struct slice name,
               struct slice text, const struct scan_word *at)
{
    struct scan_item item = {
        .role = role,
        .form = form,
        .name = name,
        .text = text,
        .line = at->line,
        .column = at->column,
        .length = at->length,
        .first_line = scan->first_line < at->line ? scan->first_line : at->line,
    };
    scan->report(scan->context, &item);
}

void scan_assign(struct scan *scan, struct slice assignment, const struct scan_word *at)
{
    size_t equals = slice_find(assignment, '=');
    bool adds = equals > 0 && equals < assignment.length && assignment.data[equals - 1] == '+';
    struct scan_item item = {
        .role = SCAN_NAMED,
        .form = SCAN_ENDPOINTS,
        .sets = !adds,
        .name = {.data = assignment.data, .length = equals - adds},
        .text = slice_from(assignment, equals + 1),
        .line = at->line,
        .column = at->column,
        .length = at->length,
        .first_line = scan->first_line < at->line ? scan->first_line : at->line,
    };
    if (item.text.data == NULL)
        item.text = (struct slice){.data = "", .length = 0};
    scan->report(scan->context, &item);
    if (adds)
        scan_item(scan, SCAN_SET, SCAN_ENDPOINT, item.name, (struct slice){0}, at);
}
