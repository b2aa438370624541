#include "scan.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"

#define HEREDOCS_MAX 8
#define MISTAKES_MAX 64 /* quotes that are never closed: then it is no shell script */

struct heredoc {
    struct slice delimiter; /* without quotes, in the scanned text or in `storage` */
    char storage[64];
    bool tabs;  /* <<- */
    bool shell; /* its text is run */
};

/* A scan under way. */
struct shell {
    struct scan *scan;
    struct slice text;
    size_t at;
    size_t line;       /* of the byte that `counted` stands at */
    size_t counted;    /* lines are counted up to here */
    size_t line_start; /* index of that line's first byte, less the column it stands at */
    size_t done;       /* statements end here */
    unsigned mistakes;
    bool nested;     /* marks may stand in the text */
    bool incomplete; /* the text ends inside of something */
    struct buffer bytes;
    struct scan_words words;
    size_t case_depth;
    struct heredoc heredocs[HEREDOCS_MAX];
    size_t heredoc_count;
};

static void place(struct shell *shell, size_t at, struct scan_word *word)
{
    while (shell->counted < at) {
        const char *from = shell->text.data + shell->counted;
        const char *end = memchr(from, '\n', at - shell->counted);
        if (end == NULL)
            break;
        shell->counted = (size_t)(end - shell->text.data) + 1;
        shell->line_start = shell->counted;
        shell->line++;
    }
    shell->counted = at > shell->counted ? at : shell->counted;
    word->line = shell->line;
    word->column = at - shell->line_start;
}

static enum scan_dialect dialect_of(const struct shell *shell)
{
    return shell->scan->container ? SCAN_CONTAINER : SCAN_SHELL;
}

static struct slice rest_of(const struct shell *shell)
{
    return slice_from(shell->text, shell->at);
}

static char peek(const struct shell *shell, size_t ahead)
{
    return shell->at + ahead < shell->text.length ? shell->text.data[shell->at + ahead] : '\0';
}

/* Something is not closed before the end of the text. */
static void unclosed(struct shell *shell)
{
    if (!shell->scan->last && !shell->nested)
        shell->incomplete = true;
    if (++shell->mistakes > MISTAKES_MAX)
        shell->at = shell->text.length;
}

static void put(struct shell *shell, const struct scan_word *word, char c)
{
    if (shell->bytes.length - word->start < SCAN_WORD_MAX)
        buffer_byte(&shell->bytes, (unsigned char)c >= 0xF8 ? '?' : c);
}

static void put_expansion(struct shell *shell, const struct scan_word *word, struct slice inner)
{
    if (shell->bytes.length - word->start + inner.length > SCAN_WORD_MAX)
        return;
    buffer_byte(&shell->bytes, SCAN_OPEN);
    buffer_byte(&shell->bytes, (char)('0' + dialect_of(shell)));
    for (size_t i = 0; i < inner.length; i++)
        buffer_byte(&shell->bytes, (unsigned char)inner.data[i] >= 0xF8 ? '?' : inner.data[i]);
    buffer_byte(&shell->bytes, SCAN_CLOSE);
}

/* ${X:?}, ${X:=word} and the like say something about X beyond this word. */
static void report_side_effects(struct shell *shell, struct slice inner,
                                const struct scan_word *word)
{
    if (inner.length < 3 || inner.data[0] != '{')
        return;
    struct slice name = slice_from(inner, 1);
    name.length = scan_name_length(name);
    struct slice rest = slice_from(inner, 1 + name.length);
    if (name.length == 0 || rest.length < 2)
        return;
    if (rest.data[0] == ':')
        rest = slice_from(rest, 1);
    if (rest.data[0] == '?')
        scan_item(shell->scan, SCAN_GUARD, SCAN_ENDPOINT, name, name, word);
    if (rest.data[0] == '=') {
        struct slice value = {.data = rest.data + 1, .length = rest.length - 2};
        bool plain = slice_find(value, '$') == value.length &&
                     slice_find(value, '`') == value.length &&
                     slice_find(value, SCAN_OPEN) == value.length;
        scan_item(shell->scan, SCAN_SET, SCAN_ENDPOINT, name, plain ? value : (struct slice){0},
                  word);
    }
}

/* A `$` or a backtick: marks what it expands to, and scans the commands in it. */
static void read_expansion(struct shell *shell, const struct scan_word *word)
{
    struct slice rest = rest_of(shell);
    char next = peek(shell, 1);
    size_t length = scan_expansion(rest);
    if (length == 0) {
        if (rest.data[0] == '`' || next == '{' || next == '(')
            unclosed(shell);
        put(shell, word, rest.data[0]);
        shell->at++;
        return;
    }
    bool backtick = rest.data[0] == '`';
    struct slice inner = {.data = rest.data + !backtick, .length = length - !backtick};
    bool arithmetic =
        next == '(' && length > 4 && rest.data[2] == '(' && rest.data[length - 2] == ')';
    put_expansion(shell, word, inner);
    report_side_effects(shell, inner, word);
    if ((backtick || (next == '(' && !arithmetic)) && length > 3) {
        struct scan_word here = *word;
        size_t skip = backtick ? 1 : 2;
        place(shell, shell->at + skip, &here);
        scan_shell_inside(shell->scan,
                          (struct slice){.data = rest.data + skip, .length = length - skip - 1},
                          here.line, here.column);
    }
    shell->at += length;
}

static void read_double_quoted(struct shell *shell, const struct scan_word *word)
{
    size_t start = shell->at++;
    while (shell->at < shell->text.length) {
        char c = shell->text.data[shell->at];
        if (c == '"') {
            shell->at++;
            return;
        }
        if (c == '\\' && shell->at + 1 < shell->text.length) {
            char next = peek(shell, 1);
            if (strchr("$`\"\\\n", next) == NULL || next == '\0')
                put(shell, word, c);
            if (next != '\n')
                put(shell, word, next);
            shell->at += 2;
        } else if (c == '$' || c == '`') {
            read_expansion(shell, word);
        } else if (c == SCAN_OPEN && shell->nested) {
            buffer_byte(&shell->bytes, c);
            shell->at++;
        } else {
            /* Plain bytes in one go; marks of a nested text pass as they are. */
            if (shell->nested && c == SCAN_CLOSE)
                buffer_byte(&shell->bytes, c);
            else
                put(shell, word, c);
            shell->at++;
        }
    }
    unclosed(shell);
    if (shell->mistakes <= MISTAKES_MAX && !shell->incomplete) {
        /* Take the quote for an ordinary byte and go on behind it. */
        shell->bytes.length = word->start;
        put(shell, word, '"');
        shell->at = start + 1;
    }
}

static void read_single_quoted(struct shell *shell, const struct scan_word *word)
{
    struct slice rest = slice_from(shell->text, shell->at + 1);
    size_t end = slice_find(rest, '\'');
    if (end == rest.length) {
        unclosed(shell);
        put(shell, word, '\'');
        shell->at++;
        return;
    }
    for (size_t i = 0; i < end; i++) {
        if (shell->nested && (rest.data[i] == SCAN_OPEN || rest.data[i] == SCAN_CLOSE))
            buffer_byte(&shell->bytes, rest.data[i]);
        else
            put(shell, word, rest.data[i]);
    }
    shell->at += end + 2;
}

/* $'...': escapes are left as they stand, but for quotes. */
static void read_ansi_quoted(struct shell *shell, const struct scan_word *word)
{
    for (shell->at += 2; shell->at < shell->text.length; shell->at++) {
        char c = shell->text.data[shell->at];
        if (c == '\'') {
            shell->at++;
            return;
        }
        put(shell, word, c);
        if (c == '\\' && shell->at + 1 < shell->text.length)
            put(shell, word, shell->text.data[++shell->at]);
    }
    unclosed(shell);
}

/* A bracket whose content is no word of ours: NAME=( ... ), <( ... ), (( ... )). */
static void read_brackets(struct shell *shell, const struct scan_word *word, bool run)
{
    struct slice rest = rest_of(shell);
    size_t length = scan_brackets(rest);
    if (length == 0) {
        unclosed(shell);
        shell->at++;
        return;
    }
    put_expansion(shell, word, SLICE("(list)"));
    if (run) {
        struct scan_word here = *word;
        place(shell, shell->at + 1, &here);
        scan_shell_inside(shell->scan, (struct slice){.data = rest.data + 1, .length = length - 2},
                          here.line, here.column);
    }
    shell->at += length;
}

static bool ends_word(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ';' || c == '&' || c == '|' ||
           c == '(' || c == ')' || c == '<' || c == '>';
}

static bool is_assignment_start(struct slice text)
{
    size_t name = scan_name_length(text);
    return name > 0 &&
           (name + 1 == text.length || (name + 2 == text.length && text.data[name] == '+')) &&
           text.data[text.length - 1] == '=';
}

static void read_escape(struct shell *shell, const struct scan_word *word)
{
    char next = peek(shell, 1);
    if (shell->at + 1 >= shell->text.length) {
        put(shell, word, '\\');
        shell->at++;
        return;
    }
    if (next == '\r' && peek(shell, 2) == '\n') {
        shell->at += 3;
        return;
    }
    if (next != '\n')
        put(shell, word, next);
    shell->at += 2;
}

/* Reads one word into `words`. */
static struct scan_word *read_word(struct shell *shell)
{
    size_t start = shell->at;
    struct scan_word here = {.start = shell->bytes.length};
    place(shell, start, &here);
    while (shell->at < shell->text.length) {
        char c = shell->text.data[shell->at];
        if (c == '\\') {
            read_escape(shell, &here);
        } else if (c == '\'') {
            read_single_quoted(shell, &here);
        } else if (c == '"') {
            read_double_quoted(shell, &here);
        } else if (c == '$' && peek(shell, 1) == '\'') {
            read_ansi_quoted(shell, &here);
        } else if (c == '$' && peek(shell, 1) == '"') {
            shell->at++;
        } else if (c == '$' || c == '`') {
            read_expansion(shell, &here);
        } else if (shell->nested && (c == SCAN_OPEN || c == SCAN_CLOSE)) {
            buffer_byte(&shell->bytes, c);
            shell->at++;
        } else if (c == '(' && is_assignment_start(buffer_from(&shell->bytes, here.start))) {
            read_brackets(shell, &here, false);
        } else if ((c == '<' || c == '>') && peek(shell, 1) == '(' && shell->at == start) {
            shell->at++;
            read_brackets(shell, &here, true);
        } else if (ends_word(c)) {
            break;
        } else {
            put(shell, &here, c);
            shell->at++;
        }
    }
    struct scan_word *word = scan_words_add(&shell->words, &shell->bytes);
    *word = here;
    word->text.length = shell->bytes.length - here.start;
    word->length = shell->at - start;
    return word;
}

static void drop_last_word(struct shell *shell)
{
    shell->words.count--;
}

static struct slice text_of(const struct shell *shell, const struct scan_word *word)
{
    return (struct slice){.data = shell->bytes.data + word->start, .length = word->text.length};
}

/* ---- commands --------------------------------------------------------------- */

static bool one_of(struct slice word, const char *list)
{
    struct slice rest = slice_of(list), piece;
    while (slice_cut(&rest, ' ', &piece))
        if (slice_equal(word, piece))
            return true;
    return false;
}

/* Every variable that WORD shows is being tested. */
static void report_guards(struct shell *shell, const struct scan_word *word)
{
    struct slice text = word->text;
    for (;;) {
        size_t open = slice_find(text, SCAN_OPEN);
        text = slice_from(text, open + 2);
        if (text.length == 0)
            return;
        struct slice name = slice_from(text, text.data[0] == '{');
        name.length = scan_name_length(name);
        if (name.length > 0)
            scan_item(shell->scan, SCAN_GUARD, SCAN_ENDPOINT, name, name, word);
    }
}

static void test_command(struct shell *shell, const struct scan_word *words, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        report_guards(shell, &words[i]);
        if (slice_equal(words[i - 1].text, SLICE("-v")))
            scan_item(shell->scan, SCAN_GUARD, SCAN_ENDPOINT, words[i].text, words[i].text,
                      &words[i]);
    }
}

static void set_unknown(struct shell *shell, const struct scan_word *word)
{
    struct slice name = word->text;
    name.length = scan_name_length(name);
    if (name.length > 0)
        scan_item(shell->scan, SCAN_SET, SCAN_ENDPOINT, name, (struct slice){0}, word);
}

static bool is_assignment(struct slice text)
{
    size_t name = scan_name_length(text);
    if (name == 0 || name >= text.length)
        return false;
    return text.data[name] == '=' ||
           (text.data[name] == '+' && name + 1 < text.length && text.data[name + 1] == '=');
}

static void declare_command(struct shell *shell, const struct scan_word *words, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (is_assignment(words[i].text))
            scan_assign(shell->scan, words[i].text, &words[i]);
}

static void read_command(struct shell *shell, const struct scan_word *words, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct slice text = words[i].text;
        bool option = text.length > 1 && text.data[0] == '-';
        if (!option)
            set_unknown(shell, &words[i]);
        else if (strchr("ptdnNuiCcO", text.data[text.length - 1]) != NULL)
            i++; /* -rp PROMPT */
    }
}

static void getopts_command(struct shell *shell, const struct scan_word *words, size_t count)
{
    if (count > 2)
        set_unknown(shell, &words[2]);
}

static void printf_command(struct shell *shell, const struct scan_word *words, size_t count)
{
    if (count > 2 && slice_equal(words[1].text, SLICE("-v")))
        set_unknown(shell, &words[2]);
}

static void set_command(struct shell *shell, const struct scan_word *words, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct slice text = words[i].text;
        bool cluster = text.length > 1 && text.data[0] == '-' && text.data[1] != '-';
        if (slice_equal(text, SLICE("--")))
            return;
        if ((cluster && slice_find(text, 'u') < text.length) || slice_equal(text, SLICE("nounset")))
            scan_item(shell->scan, SCAN_STRICT, SCAN_ENDPOINT, text, text, &words[i]);
    }
}

static void source_command(struct shell *shell, const struct scan_word *words, size_t count)
{
    if (count > 1)
        scan_item(shell->scan, SCAN_SOURCED, SCAN_ENDPOINT, words[1].text, words[1].text,
                  &words[1]);
}

static void run_text(struct shell *shell, const struct scan_word *words, size_t count)
{
    if (count > 1)
        scan_shell_inside(shell->scan, words[1].text, words[1].line, words[1].column);
}

static void eval_command(struct shell *shell, const struct scan_word *words, size_t count)
{
    source_command(shell, words, count);
    run_text(shell, words, count);
}

static const struct builtin {
    const char *names;
    void (*run)(struct shell *shell, const struct scan_word *words, size_t count);
} builtins[] = {
    {"[ [[ test", test_command},
    {"export declare typeset local readonly", declare_command},
    {"read mapfile readarray", read_command},
    {"getopts", getopts_command},
    {"printf", printf_command},
    {"set", set_command},
    {". source", source_command},
    {"eval", eval_command},
    {"trap", run_text},
};

/* NAME=value ... PROGRAM serve: the variables are for a server. */
static bool starts_server(const struct scan_word *words, size_t count)
{
    return count > 2 && is_assignment(words[0].text) &&
           slice_equal(words[count - 1].text, SLICE("serve"));
}

static void simple_command(struct shell *shell, const struct scan_word *words, size_t count)
{
    if (starts_server(words, count))
        return;
    while (count > 0 && is_assignment(words[0].text)) {
        scan_assign(shell->scan, words[0].text, words);
        words++;
        count--;
    }
    if (count == 0)
        return;
    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
        if (one_of(words[0].text, builtins[i].names)) {
            builtins[i].run(shell, words, count);
            return;
        }
    client_scan(shell->scan, words, count);
}

/* The command's words are complete: strips what belongs to the shell's grammar. */
static void end_command(struct shell *shell)
{
    scan_words_settle(&shell->words, &shell->bytes);
    const struct scan_word *words = shell->words.items;
    size_t count = shell->words.count;
    while (count > 0 && one_of(words[0].text, "if then else elif do while until ! { } time fi done "
                                              "esac coproc")) {
        words++;
        count--;
    }
    if (count > 1 && one_of(words[0].text, "for select")) {
        set_unknown(shell, &words[1]);
    } else if (count > 1 && one_of(words[0].text, "case")) {
        report_guards(shell, &words[1]);
    } else if (count > 0 && !one_of(words[0].text, "function")) {
        simple_command(shell, words, count);
    }
    shell->words.count = 0;
    shell->bytes.length = 0;
}

/* ---- redirections ------------------------------------------------------------ */

/* The text of a here-document is run when a shell, here or far away, reads it. */
static bool feeds_shell(struct shell *shell)
{
    scan_words_settle(&shell->words, &shell->bytes);
    for (size_t i = 0; i < shell->words.count; i++) {
        struct slice word = shell->words.items[i].text;
        if (i == 0 && slice_equal(word, SLICE("ssh")))
            return true;
        if (client_is_shell(word))
            return i == 0 || !slice_equal(shell->words.items[0].text, SLICE("cat"));
    }
    return false;
}

static void begin_heredoc(struct shell *shell, bool tabs)
{
    bool shell_text = feeds_shell(shell);
    struct scan_word *word = read_word(shell);
    struct slice delimiter = text_of(shell, word);
    if (shell->heredoc_count < HEREDOCS_MAX && delimiter.length < sizeof shell->heredocs->storage) {
        struct heredoc *doc = &shell->heredocs[shell->heredoc_count++];
        *doc = (struct heredoc){.tabs = tabs, .shell = shell_text};
        if (delimiter.length > 0)
            memcpy(doc->storage, delimiter.data, delimiter.length);
        doc->delimiter.length = delimiter.length;
    }
    drop_last_word(shell);
}

/* Skips the text of DOC, which begins at `at`. False when it does not end. */
static bool skip_heredoc(struct shell *shell, const struct heredoc *doc)
{
    struct slice wanted = {.data = doc->storage, .length = doc->delimiter.length};
    struct slice rest = rest_of(shell), line;
    struct scan_word here = {0};
    place(shell, shell->at, &here);
    size_t start = shell->at;
    while (rest.length > 0) {
        size_t end = slice_find(rest, '\n');
        size_t line_at = (size_t)(rest.data - shell->text.data);
        line = (struct slice){.data = rest.data, .length = end};
        rest = slice_from(rest, end < rest.length ? end + 1 : end);
        while (doc->tabs && line.length > 0 && line.data[0] == '\t')
            line = slice_from(line, 1);
        if (line.length > 0 && line.data[line.length - 1] == '\r')
            line.length--;
        if (!slice_equal(line, wanted))
            continue;
        if (doc->shell)
            scan_shell_inside(
                shell->scan,
                (struct slice){.data = shell->text.data + start, .length = line_at - start},
                here.line, 0);
        shell->at = rest.length == 0 ? shell->text.length : (size_t)(rest.data - shell->text.data);
        return true;
    }
    return false;
}

static void skip_heredocs(struct shell *shell)
{
    for (size_t i = 0; i < shell->heredoc_count && !shell->incomplete; i++)
        if (!skip_heredoc(shell, &shell->heredocs[i])) {
            if (!shell->scan->last && !shell->nested)
                shell->incomplete = true;
            shell->at = shell->text.length;
        }
    shell->heredoc_count = 0;
}

static void skip_blanks(struct shell *shell)
{
    for (;;) {
        char c = peek(shell, 0);
        if (shell->at < shell->text.length && (c == ' ' || c == '\t' || c == '\r'))
            shell->at++;
        else if (c == '\\' && peek(shell, 1) == '\n')
            shell->at += 2;
        else
            return;
    }
}

/* At `<` or `>` that is no process substitution. */
static void read_redirection(struct shell *shell)
{
    char c = peek(shell, 0);
    /* `3<`: the word before is the descriptor's number. */
    if (shell->words.count > 0) {
        struct scan_word *last = &shell->words.items[shell->words.count - 1];
        uint64_t number;
        if (shell->at > 0 && shell->text.data[shell->at - 1] >= '0' &&
            shell->text.data[shell->at - 1] <= '9' &&
            slice_number(text_of(shell, last), 1023, &number) && last->length < 4)
            drop_last_word(shell);
    }
    bool here = c == '<' && peek(shell, 1) == '<' && peek(shell, 2) != '<';
    if (here) {
        bool tabs = peek(shell, 2) == '-';
        shell->at += tabs ? 3 : 2;
        skip_blanks(shell);
        begin_heredoc(shell, tabs);
        return;
    }
    while (peek(shell, 0) == '<' || peek(shell, 0) == '>' || peek(shell, 0) == '&' ||
           peek(shell, 0) == '|')
        shell->at++;
    skip_blanks(shell);
    if (shell->at >= shell->text.length || peek(shell, 0) == '\n')
        return;
    size_t before = shell->at;
    struct scan_word *word = read_word(shell);
    if (shell->at == before) {
        drop_last_word(shell);
        return;
    }
    struct scan_word target = *word;
    target.text = text_of(shell, word);
    client_scan_device(shell->scan, &target);
    drop_last_word(shell);
}

/* ---- the whole ------------------------------------------------------------------ */

static void at_newline(struct shell *shell)
{
    end_command(shell);
    shell->at++;
    skip_heredocs(shell);
    if (!shell->incomplete) {
        shell->done = shell->at;
        struct scan_word here;
        place(shell, shell->at, &here);
        if (!shell->nested)
            shell->scan->first_line = here.line;
    }
}

static void at_bracket(struct shell *shell)
{
    if (shell->words.count == 1 && peek(shell, 1) == ')') {
        shell->words.count = 0; /* the head of a function */
        shell->bytes.length = 0;
        shell->at += 2;
    } else if (shell->words.count == 0 && peek(shell, 1) == '(' && shell->at > 0) {
        struct scan_word here = {.start = shell->bytes.length};
        place(shell, shell->at, &here);
        read_brackets(shell, &here, false);
        shell->bytes.length = 0;
    } else {
        end_command(shell);
        shell->at++;
    }
}

static void step(struct shell *shell)
{
    char c = peek(shell, 0);
    if (c == '\n') {
        at_newline(shell);
    } else if (c == '#') {
        struct slice rest = rest_of(shell);
        shell->at += slice_find(rest, '\n');
    } else if (c == '&' && peek(shell, 1) == '>') {
        shell->at++;
        read_redirection(shell);
    } else if ((c == '<' || c == '>') && peek(shell, 1) != '(') {
        read_redirection(shell);
    } else if (c == ';' || c == '&' || c == '|' || c == ')') {
        end_command(shell);
        shell->at++;
    } else if (c == '(') {
        at_bracket(shell);
    } else {
        read_word(shell);
    }
}

static void run(struct shell *shell)
{
    buffer_reserve(&shell->bytes, 64); /* words point into it, empty ones too */
    while (!shell->incomplete) {
        skip_blanks(shell);
        if (shell->at >= shell->text.length)
            break;
        step(shell);
    }
    if (!shell->incomplete && (shell->scan->last || shell->nested))
        end_command(shell);
    scan_words_free(&shell->words);
    buffer_free(&shell->bytes);
}

static bool is_strict_interpreter(struct slice text)
{
    struct slice line, rest = text;
    if (!scan_line(&rest, &line) || !slice_starts_with(line, SLICE("#!")))
        return false;
    for (size_t i = 0; i + 1 < line.length; i++)
        if (line.data[i] == ' ' && line.data[i + 1] == '-') {
            struct slice options = slice_from(line, i + 1);
            options.length = slice_find(options, ' ');
            if (slice_find(options, 'u') < options.length)
                return true;
        }
    return false;
}

size_t scan_shell(struct scan *scan, struct slice text)
{
    struct shell shell = {.scan = scan, .text = text, .line = scan->line};
    struct scan_word top = {.line = scan->line};
    scan->first_line = scan->line;
    if (scan->line == 0 && is_strict_interpreter(text))
        scan_item(scan, SCAN_STRICT, SCAN_ENDPOINT, (struct slice){0}, (struct slice){0}, &top);
    run(&shell);
    return scan->last ? text.length : shell.done;
}

void scan_shell_inside(struct scan *scan, struct slice text, size_t line, size_t column)
{
    if (scan->depth >= SCAN_DEPTH_MAX || text.length > (1U << 24))
        return;
    struct shell shell = {
        .scan = scan, .text = text, .line = line, .line_start = -column, .nested = true};
    scan->depth++;
    run(&shell);
    scan->depth--;
}
