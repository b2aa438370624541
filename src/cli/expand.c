#include "expand.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16

enum kind { FREE, TEXT, UNKNOWN, UNSET };

struct expand_value {
    enum kind kind;
    bool guarded;
    bool told;
    bool bound; /* a value was set, not only tested */
    char *name; /* owned */
    char *text; /* owned: of TEXT the value, of UNSET the name it came from */
};

/* ---- values ----------------------------------------------------------------- */

static size_t hash_of(struct slice name)
{
    uint64_t hash = slice_hash(SLICE_HASH_START, name);
    return (size_t)(hash ^ (hash >> 32));
}

static struct expand_value *slot_of(const struct expand_values *values, struct slice name)
{
    if (values == NULL || values->size == 0)
        return NULL;
    for (size_t at = hash_of(name) & (values->size - 1);; at = (at + 1) & (values->size - 1)) {
        struct expand_value *slot = &values->slots[at];
        if (slot->kind == FREE || slice_equal(slice_of(slot->name), name))
            return slot;
    }
}

static const struct expand_value *find(const struct expand_values *values, struct slice name)
{
    const struct expand_value *slot = slot_of(values, name);
    return slot == NULL || slot->kind == FREE ? NULL : slot;
}

static void grow(struct expand_values *values)
{
    struct expand_values larger = *values;
    larger.size = values->size == 0 ? 64 : values->size * 2;
    larger.slots = buffer_allocate(larger.size * sizeof *larger.slots);
    memset(larger.slots, 0, larger.size * sizeof *larger.slots);
    for (size_t i = 0; i < values->size; i++)
        if (values->slots[i].kind != FREE)
            *slot_of(&larger, slice_of(values->slots[i].name)) = values->slots[i];
    free(values->slots);
    *values = larger;
}

#define VALUES_MAX 100000 /* more variables than any script has: the rest stays unknown */

static struct expand_value *add(struct expand_values *values, struct slice name)
{
    if (name.length == 0 || name.length > 256 || values->count >= VALUES_MAX)
        return NULL;
    if (values->size < 2 * (values->count + 1))
        grow(values);
    struct expand_value *slot = slot_of(values, name);
    if (slot->kind == FREE) {
        *slot = (struct expand_value){.kind = UNKNOWN, .name = buffer_copy(name)};
        values->count++;
    }
    return slot;
}

static void assign(struct expand_values *values, struct slice name, enum kind kind,
                   struct slice text, bool told)
{
    struct expand_value *slot = add(values, name);
    if (slot == NULL)
        return;
    bool same = slot->bound && slot->kind == kind && slot->text != NULL && text.data != NULL &&
                slice_equal(slice_of(slot->text), text);
    if (same)
        return;
    free(slot->text);
    slot->text = NULL;
    slot->told = told;
    /* An empty value to begin with is replaced by the real one; other second values are one more
     * than can be told apart. */
    bool second = slot->bound;
    slot->bound = true;
    slot->kind = second ? UNKNOWN : kind;
    if (slot->kind != UNKNOWN)
        slot->text = buffer_copy(text);
}

void expand_set(struct expand_values *values, struct slice name, struct slice text, bool told)
{
    assign(values, name, text.data == NULL || text.length > 4096 ? UNKNOWN : TEXT, text, told);
}

void expand_replace(struct expand_values *values, struct slice name, struct slice text)
{
    struct expand_value *slot = add(values, name);
    if (slot != NULL)
        slot->bound = false;
    expand_set(values, name, text, false);
}

void expand_set_unset(struct expand_values *values, struct slice name, struct slice origin)
{
    assign(values, name, UNSET, origin, false);
}

void expand_guard(struct expand_values *values, struct slice name)
{
    struct expand_value *slot = add(values, name);
    if (slot != NULL)
        slot->guarded = true;
}

bool expand_get(const struct expand_values *values, struct slice name, struct slice *text)
{
    const struct expand_value *value = find(values, name);
    if (value == NULL || value->kind != TEXT)
        return false;
    *text = slice_of(value->text);
    return true;
}

void expand_free(struct expand_values *values)
{
    for (size_t i = 0; i < values->size; i++) {
        free(values->slots[i].name);
        free(values->slots[i].text);
    }
    free(values->slots);
    *values = (struct expand_values){0};
}

/* ---- expansion ------------------------------------------------------------------ */

struct expansion {
    struct buffer *out;
    const struct expand_values *file, *given;
    struct expand_result *result;
    enum scan_dialect dialect;
    unsigned depth;
};

/* What a variable holds, as far as that is known. */
struct content {
    enum kind kind;
    struct slice text;
    bool given; /* by the user, not by the file */
};

/* Set by the system, the shell or the job's runner. */
static bool is_always_set(struct slice name)
{
    static const char *const names[] = {
        "HOME",           "USER",         "PWD",      "HOSTNAME",   "PATH",
        "RANDOM",         "UID",          "EUID",     "PPID",       "SHELL",
        "LOGNAME",        "OLDPWD",       "LANG",     "SECONDS",    "LINENO",
        "OSTYPE",         "HOSTTYPE",     "MACHTYPE", "FUNCNAME",   "OPTARG",
        "OPTIND",         "REPLY",        "IFS",      "SHLVL",      "TERM",
        "MAINPID",        "EPOCHSECONDS", "GROUPS",   "PIPESTATUS", "SSH_CLIENT",
        "SSH_CONNECTION",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_equal(name, slice_of(names[i])))
            return true;
    return slice_starts_with(name, SLICE("BASH")) || slice_starts_with(name, SLICE("CI_")) ||
           slice_ends_with(name, SLICE("_SERVICE_HOST")) || /* Kubernetes' service links */
           slice_ends_with(name, SLICE("_SERVICE_PORT")) ||
           slice_starts_with(name, SLICE("GITHUB_")) || slice_starts_with(name, SLICE("RUNNER_"));
}

static struct content content_of(const struct expansion *expansion, struct slice name)
{
    struct content content = {.kind = UNKNOWN};
    const struct expand_value *value = find(expansion->file, name);
    bool positional = scan_name_length(name) == 0;
    struct slice origin = name;
    if (value != NULL && value->told)
        expansion->result->told = slice_of(value->name);
    if (value != NULL && (value->bound || value->guarded) && value->kind != UNSET) {
        content.kind = value->bound ? value->kind : UNKNOWN;
        content.text = slice_of(value->text);
        if (content.kind == TEXT)
            expansion->result->shown = slice_of(value->name);
        if (content.kind == UNKNOWN && !value->bound && expansion->given != NULL &&
            expand_get(expansion->given, name, &content.text))
            content.kind = TEXT;
        return content;
    }
    if (value != NULL && value->kind == UNSET)
        origin = slice_of(value->text);
    if (expansion->given != NULL && expand_get(expansion->given, origin, &content.text)) {
        content.kind = TEXT;
        content.given = true;
        return content;
    }
    bool elsewhere = positional || is_always_set(origin) || expansion->dialect == SCAN_CONTAINER ||
                     expansion->dialect == SCAN_NGINX || expansion->file->sourced;
    if (!elsewhere)
        content.kind = UNSET;
    return content;
}

static void put(const struct expansion *expansion, char byte)
{
    buffer_byte(expansion->out, byte);
}

/* The name from the marked text lives as long as that; one out of FILE as long as FILE. */
static void put_unset(const struct expansion *expansion, struct slice name, bool proven)
{
    const struct expand_values *given = expansion->given;
    if (expansion->file->strict && !proven) {
        put(expansion, EXPAND_UNKNOWN);
        return;
    }
    if (expansion->result->unset.length == 0) {
        expansion->result->unset = name;
        expansion->result->proof = EXPAND_POSSIBLE;
        if (given != NULL) {
            expansion->result->proof = proven || given->complete ? EXPAND_PROVEN : EXPAND_MISSING;
            expansion->result->source = given->source;
        }
    }
    put(expansion, EXPAND_UNSET);
}

static void put_content(const struct expansion *expansion, struct slice name,
                        struct content content)
{
    struct expand_result *result = expansion->result;
    switch (content.kind) {
    case TEXT:
        if (content.text.length == 0) {
            put_unset(expansion, name, content.given);
            return;
        }
        if (content.given && expansion->given != NULL && slice_equal(content.text, SLICE("0"))) {
            result->zero = name;
            result->zero_at = expansion->out->length;
            result->source = expansion->given->source;
        }
        buffer_slice(expansion->out, content.text);
        break;
    case UNSET:
        put_unset(expansion, name, false);
        break;
    default:
        put(expansion, EXPAND_UNKNOWN);
        break;
    }
}

static void expand_raw(struct expansion *expansion, struct slice raw);

/* $((X)): a name gives its number, 0 when it is not set; anything else is unknown. */
static void put_arithmetic(struct expansion *expansion, struct slice inner)
{
    inner = slice_trim(inner);
    if (inner.length > 0 && inner.data[0] == '$')
        inner = slice_from(inner, 1);
    if (inner.length > 2 && inner.data[0] == '{' && inner.data[inner.length - 1] == '}')
        inner = (struct slice){.data = inner.data + 1, .length = inner.length - 2};
    uint64_t number;
    if (slice_number(inner, UINT32_MAX, &number)) {
        buffer_slice(expansion->out, inner);
        return;
    }
    if (inner.length == 0 || scan_name_length(inner) != inner.length) {
        put(expansion, EXPAND_UNKNOWN);
        return;
    }
    struct content content = content_of(expansion, inner);
    if (content.kind == TEXT && !slice_number(content.text, UINT32_MAX, &number)) {
        /* a name that is not set in turn, most often: 0 */
        content.text = content.text.length == 0 ? content.text : SLICE("0");
    }
    put_content(expansion, inner, content);
}

static bool is_missing(struct content content, bool colon)
{
    return content.kind == UNSET || (content.kind == TEXT && content.text.length == 0 && colon);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The length of the variable's name, or positional parameter's number, that TEXT begins with. */
static size_t parameter_length(struct slice text)
{
    size_t length = scan_name_length(text);
    if (length == 0)
        while (length < text.length && is_digit(text.data[length]))
            length++;
    return length;
}

/* ${NAME-WORD}, ${NAME:-WORD} and those with =. */
static void put_default(struct expansion *expansion, struct slice name, struct content content,
                        bool colon, struct slice word)
{
    bool filled_later =
        content.kind == UNKNOWN && (is_digit(name.data[0]) || expansion->dialect == SCAN_CONTAINER);
    if (word.length > 0 && (is_missing(content, colon) || filled_later))
        expand_raw(expansion, word);
    else
        put_content(expansion, name, content);
}

/* ${X<form>word} */
static void put_braces(struct expansion *expansion, struct slice inner)
{
    struct slice name = {inner.data, parameter_length(inner)};
    struct slice rest = slice_from(inner, name.length);
    if (name.length == 0 || (rest.length > 0 && rest.data[0] == '[')) {
        put(expansion, EXPAND_UNKNOWN); /* ${#X}, ${!X}, ${X[0]} */
        return;
    }
    struct content content = content_of(expansion, name);
    bool colon = rest.length > 1 && rest.data[0] == ':';
    char form = rest.length == 0 ? '\0' : rest.data[colon];
    struct slice word = slice_from(rest, colon + 1U);
    switch (form) {
    case '-':
    case '=':
        put_default(expansion, name, content, colon, word);
        break;
    case '?':
        if (is_missing(content, colon))
            put(expansion, EXPAND_UNKNOWN); /* the program ends there */
        else
            put_content(expansion, name, content);
        break;
    case '+':
        if (!is_missing(content, colon))
            expand_raw(expansion, word);
        break;
    case '\0':
        put_content(expansion, name, content);
        break;
    default:
        if (content.kind == TEXT && content.text.length > 0)
            content.kind = UNKNOWN; /* cut, replaced or changed: not looked into */
        put_content(expansion, name, content);
        break;
    }
}

/* A literal that the file's own dialect does not know. */
static void put_literal(const struct expansion *expansion, struct slice inner)
{
    put(expansion, '$');
    buffer_slice(expansion->out, inner);
}

/* $(X): what is not defined stays as it is written. */
static void put_kubernetes(struct expansion *expansion, struct slice inner)
{
    struct slice name = {.data = inner.data + 1, .length = inner.length - 2};
    const struct expand_value *value = find(expansion->file, name);
    if (value != NULL)
        put_content(expansion, name, content_of(expansion, name));
    else if (is_always_set(name) || expansion->file->sourced)
        put(expansion, EXPAND_UNKNOWN);
    else
        put_literal(expansion, inner);
}

/* An env file: some loaders replace what the file itself defines, and a default; none knows more.
 */
static void put_envfile(struct expansion *expansion, struct slice inner)
{
    struct slice name = slice_from(inner, inner.data[0] == '{');
    name.length = scan_name_length(name);
    bool plain = inner.data[0] != '{' || name.length + 2 == inner.length;
    struct slice text;
    bool known = find(expansion->file, name) != NULL ||
                 (expansion->given != NULL && expand_get(expansion->given, name, &text));
    if (plain && !known)
        put_literal(expansion, inner);
    else if (inner.data[0] == '{')
        put_braces(expansion, (struct slice){.data = inner.data + 1, .length = inner.length - 2});
    else
        put_content(expansion, name, content_of(expansion, name));
}

/* INNER is what follows the `$` (or a command in backticks, or systemd's %x). */
static void put_expansion(struct expansion *expansion, struct slice inner)
{
    if (inner.length == 0 || expansion->depth > DEPTH_MAX) {
        put(expansion, EXPAND_UNKNOWN);
        return;
    }
    char first = inner.data[0];
    bool closed = inner.length >= 2;
    expansion->depth++;
    if (expansion->dialect == SCAN_KUBERNETES && first == '(' && closed) {
        put_kubernetes(expansion, inner);
    } else if (expansion->dialect == SCAN_ENVFILE &&
               (first == '{' || scan_name_length(inner) > 0)) {
        put_envfile(expansion, inner);
    } else if (first == '{' && closed) {
        put_braces(expansion, (struct slice){.data = inner.data + 1, .length = inner.length - 2});
    } else if (first == '(' && inner.length >= 4 && inner.data[1] == '(') {
        put_arithmetic(expansion,
                       (struct slice){.data = inner.data + 2, .length = inner.length - 4});
    } else if (scan_name_length(inner) == inner.length) {
        put_content(expansion, inner, content_of(expansion, inner));
    } else {
        put(expansion, EXPAND_UNKNOWN);
    }
    expansion->depth--;
}

/* The word of a default: quotes go, expansions in it are expanded. */
static void expand_raw(struct expansion *expansion, struct slice raw)
{
    for (size_t at = 0; at < raw.length;) {
        struct slice rest = slice_from(raw, at);
        char c = rest.data[0];
        size_t length = c == '$' || c == '`' ? scan_expansion(rest) : 0;
        if (length > 0) {
            bool backtick = c == '`';
            put_expansion(expansion, (struct slice){.data = rest.data + !backtick,
                                                    .length = length - !backtick});
            at += length;
        } else {
            if (c != '"' && c != '\'' && c != '\\')
                put(expansion, c);
            at++;
        }
    }
}

void expand_text(struct buffer *out, struct slice marked, const struct expand_values *file,
                 const struct expand_values *given, struct expand_result *result)
{
    struct expansion expansion = {.out = out, .file = file, .given = given, .result = result};
    *result = (struct expand_result){0};
    while (marked.length > 0) {
        size_t open = slice_find(marked, SCAN_OPEN);
        buffer_bytes(out, marked.data, open);
        if (open == marked.length)
            return;
        size_t close = open;
        for (size_t level = 0; close < marked.length; close++) {
            if (marked.data[close] == SCAN_OPEN)
                level++;
            else if (marked.data[close] == SCAN_CLOSE && --level == 0)
                break;
        }
        if (close >= marked.length || close < open + 2)
            return;
        expansion.dialect = (enum scan_dialect)(marked.data[open + 1] - '0');
        put_expansion(&expansion,
                      (struct slice){.data = marked.data + open + 2, .length = close - open - 2});
        marked = slice_from(marked, close + 1);
    }
}
