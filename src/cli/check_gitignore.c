#include "check.h"

#include <stdlib.h>
#include <string.h>

/* One line; see gitignore(5). */
struct pattern {
    struct slice glob; /* into the text; without the slashes at its ends and the '!' */
    bool negated;
    bool directory; /* matches directories only */
    bool suffix;    /* "*.o": the glob is a star and plain text */
    bool plain;     /* no wildcard at all */
    bool anchored;  /* matches from the directory of the .gitignore on */
};

struct check_gitignore {
    const struct check_gitignore *parent;
    size_t depth;
    char *text;
    struct pattern *patterns;
    size_t count;
};

/* A class in brackets matches C? *LENGTH is that of the class; 0 when it is none. */
static bool matches_class(struct slice glob, char c, size_t *length)
{
    size_t at = 1;
    bool negated = at < glob.length && (glob.data[at] == '!' || glob.data[at] == '^');
    bool found = false;
    at += negated;
    for (size_t first = at; at < glob.length && (glob.data[at] != ']' || at == first); at++) {
        char from = glob.data[at], to = from;
        if (at + 2 < glob.length && glob.data[at + 1] == '-' && glob.data[at + 2] != ']') {
            to = glob.data[at + 2];
            at += 2;
        }
        found = found || (c >= from && c <= to);
    }
    *length = at < glob.length ? at + 1 : 0;
    return found != negated && c != '/';
}

/* wildmatch: `*` and `?` stop at '/', `**` does not. BUDGET bounds the work. */
static bool matches(struct slice text, struct slice glob, unsigned *budget)
{
    while (glob.length > 0) {
        char g = glob.data[0];
        if (*budget == 0)
            return false;
        --*budget;
        if (g == '*') {
            bool deep = glob.length > 1 && glob.data[1] == '*';
            struct slice rest = slice_from(glob, deep ? 2 : 1);
            if (deep && rest.length > 0 && rest.data[0] == '/' &&
                matches(text, slice_from(rest, 1), budget))
                return true;
            for (size_t i = 0;; i++) {
                if (matches(slice_from(text, i), rest, budget))
                    return true;
                if (i >= text.length || (!deep && text.data[i] == '/') || *budget == 0)
                    return false;
            }
        }
        size_t used = 1;
        if (text.length == 0)
            return false;
        if (g == '[') {
            if (!matches_class(glob, text.data[0], &used))
                return false;
            used = used == 0 ? 1 : used;
        } else if (g == '?') {
            if (text.data[0] == '/')
                return false;
        } else {
            if (g == '\\' && glob.length > 1) {
                glob = slice_from(glob, 1);
                g = glob.data[0];
            }
            if (g != text.data[0])
                return false;
        }
        glob = slice_from(glob, used);
        text = slice_from(text, 1);
    }
    return text.length == 0;
}

static bool is_plain(struct slice glob)
{
    for (size_t i = 0; i < glob.length; i++)
        if (memchr("*?[\\", glob.data[i], 4) != NULL)
            return false;
    return true;
}

/* Most patterns are a name or "*.o": these need no search. */
static bool pattern_matches(const struct pattern *pattern, struct slice name)
{
    unsigned budget = 20000;
    if (pattern->plain)
        return slice_equal(name, pattern->glob);
    if (pattern->suffix)
        return slice_ends_with(name, slice_from(pattern->glob, 1));
    return matches(name, pattern->glob, &budget);
}

static bool parse(struct slice line, struct pattern *out)
{
    struct pattern pattern = {0};
    while (line.length > 0 &&
           (line.data[line.length - 1] == ' ' || line.data[line.length - 1] == '\t') &&
           !(line.length > 1 && line.data[line.length - 2] == '\\'))
        line.length--;
    if (line.length == 0 || line.data[0] == '#')
        return false;
    if (line.data[0] == '!') {
        pattern.negated = true;
        line = slice_from(line, 1);
    }
    if (line.length > 0 && line.data[line.length - 1] == '/') {
        pattern.directory = true;
        line.length--;
    }
    pattern.anchored = slice_find(line, '/') < line.length;
    if (line.length > 0 && line.data[0] == '/')
        line = slice_from(line, 1);
    pattern.glob = line;
    pattern.plain = is_plain(line);
    pattern.suffix = line.length > 1 && line.data[0] == '*' && is_plain(slice_from(line, 1)) &&
                     !pattern.anchored;
    if (line.length == 0)
        return false;
    *out = pattern;
    return true;
}

struct check_gitignore *check_gitignore_new(const struct check_gitignore *parent, struct slice text,
                                            size_t depth)
{
    struct check_gitignore *result = buffer_allocate(sizeof *result);
    *result = (struct check_gitignore){.parent = parent, .depth = depth};
    result->text = buffer_copy(text);
    struct slice rest = {.data = result->text, .length = text.length}, line;
    size_t size = 0;
    while (scan_line(&rest, &line)) {
        if (result->count == size) {
            size = size == 0 ? 16 : size * 2;
            result->patterns = buffer_resize(result->patterns, size * sizeof *result->patterns);
        }
        result->count += parse(line, &result->patterns[result->count]);
    }
    return result;
}

const struct check_gitignore *check_gitignore_free(struct check_gitignore *patterns)
{
    const struct check_gitignore *parent = patterns->parent;
    free(patterns->patterns);
    free(patterns->text);
    free(patterns);
    return parent;
}

bool check_gitignore_matches(const struct check_gitignore *patterns, struct slice path,
                             bool directory)
{
    const char *slash = path.length == 0 ? NULL : memrchr(path.data, '/', path.length);
    struct slice base = slash == NULL ? path : slice_from(path, (size_t)(slash - path.data) + 1);
    for (; patterns != NULL; patterns = patterns->parent) {
        struct slice relative = slice_from(path, patterns->depth);
        for (size_t i = patterns->count; i > 0; i--) {
            const struct pattern *pattern = &patterns->patterns[i - 1];
            if ((pattern->directory && !directory) ||
                !pattern_matches(pattern, pattern->anchored ? relative : base))
                continue;
            return !pattern->negated;
        }
    }
    return false;
}
