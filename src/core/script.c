#include <astray/script.h>

#include <string.h>

#include <astray/text.h>

static struct slice cut_word(struct slice *rest)
{
    *rest = slice_trim(*rest);
    size_t end = 0;
    while (end < rest->length && rest->data[end] != ' ' && rest->data[end] != '\t')
        end++;
    struct slice word = {.data = rest->data, .length = end};
    *rest = slice_trim(slice_from(*rest, end));
    return word;
}

static bool copy(struct slice from, char *to, size_t size)
{
    if (from.length >= size)
        return false;
    if (from.length > 0)
        memcpy(to, from.data, from.length);
    to[from.length] = '\0';
    return true;
}

bool script_parse(const char *data, size_t length, struct script *out)
{
    struct slice line = {.data = data, .length = length < SCRIPT_LINE ? length : SCRIPT_LINE};
    if (!slice_starts_with(line, SLICE("#!")))
        return false;
    line = slice_from(line, 2);
    size_t end = slice_find(line, '\n');
    bool whole = end < line.length || length < SCRIPT_LINE;
    line.length = slice_find((struct slice){line.data, end}, '\0');
    struct slice rest = line, word = cut_word(&rest);
    if (word.length == 0 || (!whole && rest.length == 0))
        return false;
    return copy(word, out->interpreter, sizeof out->interpreter) &&
           copy(rest, out->argument, sizeof out->argument);
}

/* One word of env's options. Leaves in *WORD what is no option: an assignment, the program, or
 * nothing. */
static void skip_env_option(struct slice *word, struct slice *rest, bool *cleared)
{
    struct slice split = SLICE("--split-string=");
    if (slice_starts_with(*word, split)) {
        *word = slice_from(*word, split.length);
        return;
    }
    if (slice_equal(*word, SLICE("-")) || slice_equal(*word, SLICE("--ignore-environment")))
        *cleared = true;
    size_t at = slice_starts_with(*word, SLICE("--")) ? word->length : 1;
    for (; at < word->length; at++) {
        char letter = word->data[at];
        *cleared |= letter == 'i';
        if (letter == 'S') {
            *word = slice_from(*word, at + 1);
            return;
        }
        if (letter == 'u' || letter == 'C') {
            if (at + 1 == word->length)
                cut_word(rest);
            break;
        }
    }
    *word = (struct slice){0};
}

bool script_parse_env(const char *argument, char program[static SCRIPT_LINE], bool *clears)
{
    struct slice rest = slice_of(argument);
    bool cleared = false;
    /* Linux passes all of it as one argument, and only -S takes that apart. */
    if (rest.length > 0 && *argument != '-') {
        *clears = false;
        return slice_find(rest, '=') == rest.length && copy(rest, program, SCRIPT_LINE);
    }
    if (!slice_starts_with(rest, SLICE("--split-string=")) &&
        slice_find((struct slice){rest.data, slice_find(rest, ' ')}, 'S') >= slice_find(rest, ' '))
        return false;
    while (rest.length > 0) {
        struct slice word = cut_word(&rest);
        while (slice_starts_with(word, SLICE("-")))
            skip_env_option(&word, &rest, &cleared);
        if (word.length == 0 || slice_find(word, '=') < word.length)
            continue;
        *clears = cleared;
        return copy(word, program, SCRIPT_LINE);
    }
    return false;
}
