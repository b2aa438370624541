#include "scan.h"

#include <yaml.h>

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "scan_type.h"

#define DEPTH_MAX 128
#define KEY_SIZE 96

enum flavor { COMPOSE, KUBERNETES, OTHER };

/* What the values below a key are. Sources: the Compose specification, the Kubernetes API
 * reference 1.28, kubeconfig, the workflow syntax of GitHub and GitLab, the modules of Ansible,
 * package.json. What is not here is judged by its name. */
enum meaning {
    BY_NAME,
    BOUND, /* nothing below is a destination */
    HOST,
    URL,
    VARIABLES, /* NAME: value, - NAME=value, or - {name, value} */
    ARGUMENTS, /* a command: words, or a string that is split into words */
    TEST,      /* the same, behind CMD or CMD-SHELL */
    SCRIPT,    /* shell text, or a list of it */
    FILES,     /* name of a file: its text */
};

// clang-format off
static const struct place {
    const char *key;
    const char *parent; /* a glob over the keys above, joined by '.', or NULL */
    enum meaning meaning;
} places[] = {
    {"host", "*httpGet", HOST},       {"host", "*tcpSocket", HOST},    {"host", "*wait_for", HOST},
    {"server", "*cluster", URL},
    {"server", "", URL},      {"proxy-url", "*cluster", URL},
    {"ports", NULL, BOUND},          {"expose", NULL, BOUND},        {"hostIP", NULL, BOUND},
    {"host_ip", NULL, BOUND},        {"clusterIP", NULL, BOUND},     {"clusterIPs", NULL, BOUND},
    {"loadBalancerIP", NULL, BOUND}, {"externalIPs", NULL, BOUND},   {"cidr", NULL, BOUND},
    {"except", "*ipBlock", BOUND},    {"ipam", NULL, BOUND},          {"sysctls", NULL, BOUND},
    {"extra_hosts", NULL, BOUND},    {"hostAliases", NULL, BOUND},   {"image", NULL, BOUND},
    {"version", NULL, BOUND},        {"appVersion", NULL, BOUND},    {"annotations", NULL, BOUND},
    {"description", NULL, BOUND},    {"name", NULL, BOUND},          {"labels", "*metadata", BOUND},
    {"ipv4_address", NULL, BOUND},   {"ipv6_address", NULL, BOUND},  {"examples", NULL, BOUND},
    {"endpoint", "receivers.*", BOUND}, /* OpenTelemetry's collector */
    {"endpoint", "extensions.*", BOUND},
    {"example", NULL, BOUND},
    {"dependencies", NULL, BOUND},
    {"devDependencies", NULL, BOUND},
    {"peerDependencies", NULL, BOUND},
    {"optionalDependencies", NULL, BOUND},
    {"engines", NULL, BOUND},
    {"environment", NULL, VARIABLES}, {"env", NULL, VARIABLES},      {"variables", NULL, VARIABLES},
    {"args", "*build", VARIABLES},    {"labels", NULL, VARIABLES},    {"build_args", NULL, VARIABLES},
    {"stringData", NULL, FILES},     {"data", NULL, FILES},          {"configs", NULL, BY_NAME},
    {"command", NULL, ARGUMENTS},    {"entrypoint", NULL, ARGUMENTS}, {"args", NULL, ARGUMENTS},
    {"cmd", NULL, ARGUMENTS},        {"test", "*healthcheck", TEST},  {"test", "", TEST},
    {"test", "*health*", TEST},      {"post_start", NULL, ARGUMENTS}, {"argv", NULL, ARGUMENTS},
    {"run", NULL, SCRIPT},           {"script", NULL, SCRIPT},       {"before_script", NULL, SCRIPT},
    {"after_script", NULL, SCRIPT},  {"shell", NULL, SCRIPT},        {"runcmd", NULL, SCRIPT},
    {"bootcmd", NULL, SCRIPT},       {"commands", NULL, SCRIPT},     {"install", NULL, SCRIPT},
    {"before_install", NULL, SCRIPT}, {"ansible.builtin.shell", NULL, SCRIPT},
    {"ansible.builtin.command", NULL, SCRIPT}, {"bash", NULL, SCRIPT}, {"scripts", NULL, SCRIPT},
    {"cmds", NULL, SCRIPT},
};
// clang-format on

struct frame {
    bool mapping;
    bool wants_key;
    enum meaning meaning; /* of what stands below */
    char key[KEY_SIZE];   /* the mapping's current key, or the key that a sequence stands at */
    char name[KEY_SIZE];  /* the value of its `name:`, for `value:` to come */
    size_t first_line;
};

struct yaml {
    struct scan *scan;
    enum flavor flavor;
    struct frame frames[DEPTH_MAX];
    size_t depth;         /* 0: outside; frames[depth - 1] is the innermost */
    bool too_deep;        /* the rest is not looked at: libyaml's work grows with the depth */
    size_t command_depth; /* of the sequence that was a `command`: `args` go on with it */
    struct buffer bytes;  /* of the words */
    struct scan_words words;
    struct buffer text; /* of one value */
};

static struct frame *top(struct yaml *yaml)
{
    return yaml->depth == 0 ? NULL : &yaml->frames[yaml->depth - 1];
}

static void copy_key(char out[static KEY_SIZE], struct slice text)
{
    struct text key;
    text_start(&key, out, KEY_SIZE);
    text_slice(&key, text);
    text_finish(&key);
}

/* The key of the nearest mapping around frame INDEX that is not its own. */
static const char *parent_key(const struct yaml *yaml, size_t index)
{
    while (index > 0) {
        index--;
        if (yaml->frames[index].mapping)
            return yaml->frames[index].key;
    }
    return "";
}

static enum scan_dialect dialect_of(const struct yaml *yaml)
{
    switch (yaml->flavor) {
    case COMPOSE:
        return SCAN_COMPOSE;
    case KUBERNETES:
        return SCAN_KUBERNETES;
    default:
        return SCAN_DIALECTS;
    }
}

/* The keys of the mappings around frame INDEX, joined by '.', without its own. */
static void path_above(const struct yaml *yaml, size_t index, struct text *path)
{
    for (size_t i = 0; i < index; i++) {
        if (!yaml->frames[i].mapping)
            continue;
        if (path->length > 0)
            text_char(path, '.');
        text_string(path, yaml->frames[i].key);
    }
}

static enum meaning meaning_of(const struct yaml *yaml, const char *key, const char *parent)
{
    char joined[512];
    struct text path;
    text_start(&path, joined, sizeof joined);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (places[i].key[0] != key[0] || strcmp(places[i].key, key) != 0)
            continue;
        if (places[i].parent == NULL)
            return places[i].meaning;
        if (path.length == 0)
            path_above(yaml, yaml->depth - 1, &path);
        if (slice_matches(text_done(&path), slice_of(places[i].parent)))
            return places[i].meaning;
    }
    if (yaml->flavor == KUBERNETES && yaml->depth == 1 && strcmp(key, "host") == 0)
        return HOST; /* a piece of a probe */
    return yaml->flavor == OTHER && strcmp(parent, "scripts") == 0 ? SCRIPT : BY_NAME;
}

/* What the value at the current place means. */
static enum meaning current_meaning(const struct yaml *yaml)
{
    const struct frame *frame = yaml->depth == 0 ? NULL : &yaml->frames[yaml->depth - 1];
    if (frame == NULL)
        return BY_NAME;
    if (!frame->mapping || frame->meaning == BOUND || frame->meaning == VARIABLES ||
        frame->meaning == FILES || frame->meaning == SCRIPT)
        return frame->meaning;
    return meaning_of(yaml, frame->key, parent_key(yaml, yaml->depth - 1));
}

/* VALUE with its expansions marked; stands until the next call. */
static struct slice marked(struct yaml *yaml, struct slice value)
{
    yaml->text.length = 0;
    scan_mark(&yaml->text, dialect_of(yaml), value);
    buffer_finish(&yaml->text);
    return buffer_all(&yaml->text);
}

static void report(struct yaml *yaml, enum scan_role role, enum scan_form form, struct slice name,
                   struct slice value, const struct scan_word *at)
{
    yaml->scan->first_line = at->line;
    scan_item(yaml->scan, role, form, name, marked(yaml, value), at);
}

/* A variable of the container or the job. */
static void variable(struct yaml *yaml, struct slice name, struct slice value,
                     const struct scan_word *at)
{
    struct scan_item item = {
        .role = SCAN_NAMED,
        .form = SCAN_ENDPOINTS,
        .sets = yaml->flavor != OTHER,
        .name = name,
        .text = marked(yaml, value),
        .line = at->line,
        .column = at->column,
        .length = at->length,
        .first_line = at->line,
    };
    yaml->scan->report(yaml->scan->context, &item);
}

static void shell_text(struct yaml *yaml, struct slice value, const struct scan_word *at,
                       bool block)
{
    bool before = yaml->scan->container;
    struct buffer text = {0};
    scan_mark(&text, dialect_of(yaml), value);
    yaml->scan->container = true;
    yaml->scan->first_line = at->line;
    scan_shell_inside(yaml->scan, buffer_all(&text), at->line + block, block ? 0 : at->column);
    yaml->scan->container = before;
    buffer_free(&text);
}

/* A file inside of a ConfigMap. False when its name tells no type. */
static bool file_text(struct yaml *yaml, struct slice name, struct slice value,
                      const struct scan_word *at)
{
    const struct scan_type *type = scan_type_of_path(name);
    if (type == NULL || slice_find(value, '\n') == value.length || type->whole)
        return false;
    struct scan inner = *yaml->scan;
    inner.bytes = (struct buffer){0};
    inner.line = at->line + 1;
    inner.last = true;
    inner.container = true;
    memset(inner.section, 0, sizeof inner.section);
    type->scan(&inner, value);
    scan_stop(&inner);
    return true;
}

static bool is_capital_name(const char *key)
{
    bool letter = false;
    for (; *key != '\0'; key++) {
        if (*key >= 'a' && *key <= 'z')
            return false;
        letter = letter || (*key >= 'A' && *key <= 'Z');
    }
    return letter;
}

static void by_name(struct yaml *yaml, const struct frame *frame, struct slice value,
                    const struct scan_word *at)
{
    char name[2 * KEY_SIZE + 2];
    struct text text;
    const char *parent = frame == NULL ? "" : parent_key(yaml, yaml->depth - 1);
    if (frame == NULL || slice_find(value, '\n') < value.length)
        return;
    text_start(&text, name, sizeof name);
    if (frame->mapping && !is_capital_name(frame->key) && parent[0] != '\0') {
        text_string(&text, parent);
        text_char(&text, '.');
    }
    text_string(&text, frame->key);
    if (frame->mapping && strcmp(frame->key, "value") == 0 && frame->name[0] != '\0')
        report(yaml, SCAN_NAMED, SCAN_ENDPOINTS, slice_of(frame->name), value, at);
    else
        report(yaml, SCAN_NAMED, SCAN_ENDPOINTS, text_done(&text), value, at);
}

static void variables(struct yaml *yaml, struct frame *frame, struct slice value,
                      const struct scan_word *at)
{
    if (!frame->mapping) {
        size_t equals = slice_find(value, '=');
        if (equals > 0 && equals < value.length)
            variable(yaml, (struct slice){.data = value.data, .length = equals},
                     slice_from(value, equals + 1), at);
    } else if (yaml->depth >= 2 && !yaml->frames[yaml->depth - 2].mapping) {
        if (strcmp(frame->key, "value") == 0 && frame->name[0] != '\0')
            variable(yaml, slice_of(frame->name), value, at);
    } else {
        variable(yaml, slice_of(frame->key), value, at);
    }
}

static void add_word(struct yaml *yaml, struct slice value, const struct scan_word *at)
{
    struct scan_word *word = scan_words_add(&yaml->words, &yaml->bytes);
    scan_mark(&yaml->bytes, dialect_of(yaml), value);
    word->text.length = yaml->bytes.length - word->start;
    word->line = at->line;
    word->column = at->column;
    word->length = at->length;
}

/* The words of a command are complete. Behind an image's own entrypoint they may begin with an
 * option. */
static void run_words(struct yaml *yaml, enum meaning meaning)
{
    struct scan_words *words = &yaml->words;
    bool before = yaml->scan->container;
    if (words->count == 0)
        return;
    scan_words_settle(words, &yaml->bytes);
    yaml->scan->container = true;
    yaml->scan->first_line = words->items[0].line;
    struct slice first = words->items[0].text;
    if (meaning == TEST && slice_equal(first, SLICE("CMD-SHELL"))) {
        if (words->count > 1)
            scan_shell_inside(yaml->scan, words->items[1].text, words->items[1].line,
                              words->items[1].column);
    } else if (meaning == TEST && slice_equal(first, SLICE("CMD"))) {
        client_scan(yaml->scan, words->items + 1, words->count - 1);
    } else if (first.length > 0 && first.data[0] == '-') {
        struct scan_word *shifted = buffer_allocate((words->count + 1) * sizeof(struct scan_word));
        shifted[0] = (struct scan_word){.text = SLICE("args")};
        memcpy(shifted + 1, words->items, words->count * sizeof *shifted);
        client_scan(yaml->scan, shifted, words->count + 1);
        free(shifted);
    } else {
        client_scan(yaml->scan, words->items, words->count);
    }
    yaml->scan->container = before;
}

static void value_of(struct yaml *yaml, struct slice value, const struct scan_word *at, bool block)
{
    struct frame *frame = top(yaml);
    enum meaning meaning = current_meaning(yaml);
    if (frame != NULL && frame->mapping && strcmp(frame->key, "name") == 0)
        copy_key(frame->name, value);
    switch (meaning) {
    case BOUND:
        break;
    case HOST:
        report(yaml, SCAN_DESTINATION, SCAN_HOST, slice_of(frame->key), value, at);
        break;
    case URL:
        report(yaml, SCAN_DESTINATION, SCAN_URL, slice_of(frame->key), value, at);
        break;
    case VARIABLES:
        variables(yaml, frame, value, at);
        break;
    case ARGUMENTS:
    case TEST:
        if (frame->mapping)
            shell_text(yaml, value, at, block);
        else
            add_word(yaml, value, at);
        break;
    case SCRIPT:
        shell_text(yaml, value, at, block);
        break;
    case FILES:
        if (!file_text(yaml, slice_of(frame->key), value, at))
            variable(yaml, slice_of(frame->key), value, at);
        break;
    case BY_NAME:
        by_name(yaml, frame, value, at);
        break;
    }
}

static bool is_null(const yaml_event_t *event)
{
    struct slice text = {.data = (const char *)event->data.scalar.value,
                         .length = event->data.scalar.length};
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text.length == 0 || slice_equal(text, SLICE("~")) ||
            slice_equal_fold(text, SLICE("null")));
}

static void value_done(struct yaml *yaml)
{
    struct frame *frame = top(yaml);
    if (frame != NULL && frame->mapping)
        frame->wants_key = true;
}

static void on_scalar(struct yaml *yaml, const yaml_event_t *event)
{
    struct frame *frame = top(yaml);
    struct slice value = {.data = (const char *)event->data.scalar.value,
                          .length = event->data.scalar.length};
    if (frame != NULL && frame->mapping && frame->wants_key) {
        copy_key(frame->key, value);
        frame->wants_key = false;
        return;
    }
    yaml_scalar_style_t style = event->data.scalar.style;
    bool block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
    bool quoted =
        style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    struct scan_word at = {.line = yaml->scan->line + event->start_mark.line,
                           .column = event->start_mark.column + quoted,
                           .length = value.length};
    if (!is_null(event))
        value_of(yaml, value, &at, block);
    value_done(yaml);
}

static void on_start(struct yaml *yaml, bool mapping, const yaml_event_t *event)
{
    struct frame *outer = top(yaml);
    if (yaml->depth == DEPTH_MAX) {
        yaml->too_deep = true;
        return;
    }
    if (outer != NULL && outer->mapping && outer->wants_key) { /* a key that is no scalar */
        copy_key(outer->key, SLICE(""));
        outer->wants_key = false;
    }
    enum meaning meaning = current_meaning(yaml);
    bool words = meaning == ARGUMENTS || meaning == TEST;
    if (meaning == HOST || meaning == URL || (words && mapping))
        meaning = BY_NAME;
    if (meaning == FILES && yaml->flavor != KUBERNETES)
        meaning = BY_NAME;
    struct frame *frame = &yaml->frames[yaml->depth++];
    *frame = (struct frame){.mapping = mapping, .wants_key = mapping, .meaning = meaning};
    frame->first_line = event->start_mark.line;
    if (!mapping && outer != NULL)
        memcpy(frame->key, outer->key, sizeof frame->key);
    bool goes_on = strcmp(frame->key, "args") == 0 && yaml->command_depth == yaml->depth;
    if (words && !mapping && !goes_on) {
        yaml->words.count = 0;
        yaml->bytes.length = 0;
    }
}

static void on_end(struct yaml *yaml)
{
    if (yaml->depth == 0)
        return;
    struct frame *frame = top(yaml);
    bool words = frame->meaning == ARGUMENTS || frame->meaning == TEST;
    if (!frame->mapping && words)
        run_words(yaml, frame->meaning);
    if (yaml->command_depth == yaml->depth + 1)
        yaml->command_depth = 0; /* the mapping that held the command ends */
    if (!frame->mapping && words && strcmp(frame->key, "command") == 0)
        yaml->command_depth = yaml->depth;
    yaml->depth--;
    value_done(yaml);
}

static void on_event(struct yaml *yaml, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        on_scalar(yaml, event);
        break;
    case YAML_ALIAS_EVENT:
        if (yaml->depth > 0) {
            struct frame *frame = top(yaml);
            frame->wants_key = frame->mapping && !frame->wants_key;
        }
        break;
    case YAML_MAPPING_START_EVENT:
        on_start(yaml, true, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        on_start(yaml, false, event);
        break;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        on_end(yaml);
        break;
    case YAML_DOCUMENT_START_EVENT:
        yaml->depth = 0;
        break;
    default:
        break;
    }
}

/* Templates (Helm, Jinja) are YAML only once they are filled in. */
static bool is_template(struct slice text)
{
    static const char *const marks[] = {"{{", "{%", "<%", "<#"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (memmem(text.data, text.length, marks[i], 2) != NULL)
            return true;
    return false;
}

/* What libyaml cannot read: a template's lines are still `key: value`. */
static void not_yaml(struct yaml *yaml, struct slice text, const yaml_parser_t *parser)
{
    struct scan_word at = {.line = yaml->scan->line + parser->problem_mark.line,
                           .column = parser->problem_mark.column};
    if (!is_template(text)) {
        const char *problem = parser->problem == NULL ? "is no YAML" : parser->problem;
        scan_item(yaml->scan, SCAN_TROUBLE, SCAN_ENDPOINT, SLICE("YAML"), slice_of(problem), &at);
        return;
    }
    struct slice rest = text, line;
    for (size_t i = 0; i < parser->problem_mark.line; i++)
        if (!scan_line(&rest, &line))
            return;
    struct scan inner = *yaml->scan;
    inner.bytes = (struct buffer){0};
    inner.line = at.line;
    inner.last = true;
    memset(inner.section, 0, sizeof inner.section);
    scan_pairs(&inner, rest);
    scan_stop(&inner);
}

static size_t scan_flavor(struct scan *scan, struct slice text, enum flavor flavor)
{
    yaml_parser_t parser;
    yaml_event_t event;
    struct yaml *yaml = buffer_allocate(sizeof *yaml);
    memset(yaml, 0, sizeof *yaml);
    yaml->scan = scan;
    yaml->flavor = flavor;
    if (!scan->last || text.length == 0 || !yaml_parser_initialize(&parser)) {
        free(yaml);
        return scan->last ? text.length : 0;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.length);
    for (bool more = true; more;) {
        if (!yaml_parser_parse(&parser, &event)) {
            not_yaml(yaml, text, &parser);
            break;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        on_event(yaml, &event);
        if (yaml->too_deep) {
            struct scan_word at = {.line = scan->line + event.start_mark.line};
            scan_item(scan, SCAN_TROUBLE, SCAN_ENDPOINT, SLICE("YAML"), SLICE("nested too deeply"),
                      &at);
            more = false;
        }
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    scan_words_free(&yaml->words);
    buffer_free(&yaml->bytes);
    buffer_free(&yaml->text);
    free(yaml);
    return text.length;
}

size_t scan_compose(struct scan *scan, struct slice text)
{
    return scan_flavor(scan, text, COMPOSE);
}

size_t scan_kubernetes(struct scan *scan, struct slice text)
{
    return scan_flavor(scan, text, KUBERNETES);
}

size_t scan_yaml(struct scan *scan, struct slice text)
{
    return scan_flavor(scan, text, OTHER);
}
