#include "scan.h"

#include <string.h>

enum value { ENDPOINT, ENDPOINTS, URL, HOSTS, PLACE, FILES, SYSLOG, SET, RETURN };

/* A row a directive that names where nginx, or its client, connects to; whatever is not here
 * (listen, allow, proxy_bind, set_real_ip_from, ...) is no destination. Source: the alphabetical
 * index of directives of nginx 1.22 and its modules' pages. */
static const struct directive {
    const char *name;
    const char *block; /* only inside this block; NULL for anywhere */
    enum value value;
} directives[] = {
    {"proxy_pass", NULL, ENDPOINT},
    {"fastcgi_pass", NULL, ENDPOINT},
    {"uwsgi_pass", NULL, ENDPOINT},
    {"scgi_pass", NULL, ENDPOINT},
    {"grpc_pass", NULL, ENDPOINT},
    {"memcached_pass", NULL, ENDPOINT},
    {"redis_pass", NULL, ENDPOINT},
    {"redis2_pass", NULL, ENDPOINT},
    {"postgres_server", NULL, ENDPOINT},
    {"js_fetch", NULL, URL},
    {"server", "upstream", PLACE},
    {"resolver", NULL, HOSTS},
    {"auth_http", NULL, ENDPOINT},
    {"ssl_stapling_responder", NULL, URL},
    {"ssl_ocsp_responder", NULL, URL},
    {"otel_exporter_endpoint", NULL, ENDPOINT},
    {"endpoint", "otel_exporter", ENDPOINT},
    {"opentracing_server", NULL, ENDPOINT},
    {"zone_sync_server", NULL, PLACE},
    {"error_log", NULL, SYSLOG},
    {"access_log", NULL, SYSLOG},
    {"return", NULL, RETURN},
    {"rewrite", NULL, RETURN},
    {"set", NULL, SET},
    {"include", NULL, FILES},
};

#define DEPTH_MAX 64
#define WORDS_MAX 64
#define BLOCK_NAME 24

struct nginx {
    struct scan *scan;
    struct slice text;
    size_t at, done;
    size_t line, line_start;
    bool incomplete;
    struct scan_words words;
    size_t depth;
    char blocks[DEPTH_MAX][BLOCK_NAME];
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void newline(struct nginx *nginx)
{
    nginx->line++;
    nginx->line_start = nginx->at;
}

static void put(struct nginx *nginx, struct slice raw)
{
    scan_mark(&nginx->scan->bytes, SCAN_NGINX, raw);
}

/* The index behind the `${name}` at AT: its braces are no block's. */
static size_t variable_end(const struct nginx *nginx, size_t at)
{
    struct slice rest = slice_from(nginx->text, at);
    size_t end = slice_find(rest, '}');
    return end < 80 && end < rest.length ? at + end + 1 : at + 1;
}

static void read_word(struct nginx *nginx)
{
    struct buffer *bytes = &nginx->scan->bytes;
    struct scan_word *word = scan_words_add(&nginx->words, bytes);
    word->line = nginx->line;
    word->column = nginx->at - nginx->line_start;
    size_t start = nginx->at, from = start;
    char quote = nginx->text.data[start];
    bool quoted = quote == '"' || quote == '\'';
    if (quoted)
        from = ++nginx->at;
    while (nginx->at < nginx->text.length) {
        char c = nginx->text.data[nginx->at];
        if (quoted ? c == quote : is_blank(c) || c == ';' || c == '{' || c == '}')
            break;
        if (c == '\\' && nginx->at + 1 < nginx->text.length)
            nginx->at++;
        else if (c == '$' && nginx->at + 1 < nginx->text.length &&
                 nginx->text.data[nginx->at + 1] == '{')
            nginx->at = variable_end(nginx, nginx->at) - 1;
        if (nginx->text.data[nginx->at++] == '\n')
            newline(nginx);
    }
    if (nginx->at >= nginx->text.length)
        nginx->incomplete = !nginx->scan->last;
    put(nginx, (struct slice){.data = nginx->text.data + from, .length = nginx->at - from});
    if (quoted && nginx->at < nginx->text.length)
        nginx->at++;
    word = &nginx->words.items[nginx->words.count - 1];
    word->text.length = bytes->length - word->start;
    word->length = nginx->at - start;
}

/* Inside map, geo and the like, names are values. */
static bool in_table(const struct nginx *nginx)
{
    static const char *const tables[] = {"map", "geo", "types", "split_clients", "charset_map"};
    const char *block = nginx->depth == 0 ? "" : nginx->blocks[nginx->depth - 1];
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (strcmp(block, tables[i]) == 0)
            return true;
    return false;
}

static void report(struct nginx *nginx, enum scan_form form, struct slice text,
                   const struct scan_word *word)
{
    scan_item(nginx->scan, SCAN_DESTINATION, form, nginx->words.items[0].text, text, word);
}

static bool is_parameter(struct slice text, const char *name)
{
    return slice_starts_with(text, slice_of(name));
}

/* resolver ADDRESS... [valid=TIME] [ipv6=off] */
static void report_hosts(struct nginx *nginx)
{
    for (size_t i = 1; i < nginx->words.count; i++)
        if (slice_find(nginx->words.items[i].text, '=') == nginx->words.items[i].text.length)
            report(nginx, SCAN_ENDPOINT, nginx->words.items[i].text, &nginx->words.items[i]);
}

/* server ADDRESS [parameters]; one that is `down` is not connected to */
static void report_place(struct nginx *nginx)
{
    for (size_t i = 2; i < nginx->words.count; i++)
        if (slice_equal(nginx->words.items[i].text, SLICE("down")))
            return;
    report(nginx, SCAN_ENDPOINT, nginx->words.items[1].text, &nginx->words.items[1]);
}

/* error_log syslog:server=ADDRESS,facility=... */
static void report_syslog(struct nginx *nginx)
{
    struct slice text = nginx->words.items[1].text;
    if (!is_parameter(text, "syslog:server="))
        return;
    text = slice_from(text, 14);
    text.length = slice_find(text, ',');
    report(nginx, SCAN_ENDPOINT, text, &nginx->words.items[1]);
}

static void report_set(struct nginx *nginx)
{
    struct slice name = nginx->words.items[1].text;
    if (nginx->words.count < 3 || name.length < 4)
        return;
    /* "$name" is marked; what is set has the bare name */
    name = (struct slice){.data = name.data + 2, .length = name.length - 3};
    scan_item(nginx->scan, SCAN_SET, SCAN_ENDPOINT, name, nginx->words.items[2].text,
              &nginx->words.items[2]);
}

/* return 301 URL, rewrite REGEX URL redirect: the client goes there next. */
static void report_return(struct nginx *nginx)
{
    const struct scan_word *last = &nginx->words.items[nginx->words.count > 2 ? 2 : 1];
    report(nginx, SCAN_URL, last->text, last);
}

static void one_value(struct nginx *nginx, enum scan_form form)
{
    const struct scan_word *word = &nginx->words.items[1];
    if (!slice_starts_with(word->text, SLICE("unix:")) &&
        memmem(word->text.data, word->text.length, "://unix:", 8) == NULL)
        report(nginx, form, word->text, word);
}

static void report_directive(struct nginx *nginx, const struct directive *row)
{
    switch (row->value) {
    case ENDPOINT:
        one_value(nginx, SCAN_ENDPOINT);
        break;
    case ENDPOINTS:
        one_value(nginx, SCAN_ENDPOINTS);
        break;
    case URL:
        one_value(nginx, SCAN_URL);
        break;
    case HOSTS:
        report_hosts(nginx);
        break;
    case PLACE:
        report_place(nginx);
        break;
    case SYSLOG:
        report_syslog(nginx);
        break;
    case RETURN:
        report_return(nginx);
        break;
    case SET:
        report_set(nginx);
        break;
    case FILES:
        scan_item(nginx->scan, SCAN_INCLUDE, SCAN_ENDPOINT, nginx->words.items[0].text,
                  nginx->words.items[1].text, &nginx->words.items[1]);
        break;
    }
}

/* A directive is complete. A fragment (an include) has no block around it: then any row fits. */
static void end_directive(struct nginx *nginx)
{
    const char *block = nginx->depth == 0 ? NULL : nginx->blocks[nginx->depth - 1];
    scan_words_settle(&nginx->words, &nginx->scan->bytes);
    if (nginx->words.count < 2 || in_table(nginx))
        return;
    for (size_t i = 0; i < sizeof directives / sizeof *directives; i++) {
        const struct directive *row = &directives[i];
        if (!slice_equal(nginx->words.items[0].text, slice_of(row->name)))
            continue;
        if (row->block == NULL || block == NULL || strcmp(row->block, block) == 0)
            report_directive(nginx, row);
    }
}

static void clear(struct nginx *nginx)
{
    nginx->words.count = 0;
    nginx->scan->bytes.length = 0;
}

static void open_block(struct nginx *nginx)
{
    scan_words_settle(&nginx->words, &nginx->scan->bytes);
    struct slice name = nginx->words.count > 0 ? nginx->words.items[0].text : SLICE("");
    if (nginx->depth < DEPTH_MAX) {
        size_t length = name.length < BLOCK_NAME - 1 ? name.length : BLOCK_NAME - 1;
        memcpy(nginx->blocks[nginx->depth], name.data == NULL ? "" : name.data, length);
        nginx->blocks[nginx->depth][length] = '\0';
        nginx->depth++;
    }
    clear(nginx);
}

/* scan->section keeps the innermost block from one text to the next. */
static void load(struct nginx *nginx)
{
    if (nginx->scan->section[0] != '\0') {
        memcpy(nginx->blocks[0], nginx->scan->section, BLOCK_NAME - 1);
        nginx->depth = 1;
    }
}

static void save(struct nginx *nginx)
{
    memset(nginx->scan->section, 0, sizeof nginx->scan->section);
    if (nginx->depth > 0)
        memcpy(nginx->scan->section, nginx->blocks[nginx->depth - 1], BLOCK_NAME);
}

static void step(struct nginx *nginx)
{
    char c = nginx->text.data[nginx->at];
    if (c == '#') {
        nginx->at += slice_find(slice_from(nginx->text, nginx->at), '\n');
    } else if (is_blank(c)) {
        nginx->at++;
        if (c == '\n')
            newline(nginx);
    } else if (c == ';' || c == '{' || c == '}') {
        nginx->at++;
        if (c == ';')
            end_directive(nginx);
        if (c == '{')
            open_block(nginx);
        if (c == '}' && nginx->depth > 0)
            nginx->depth--;
        clear(nginx);
        nginx->done = nginx->at;
        nginx->scan->first_line = nginx->line;
    } else if (nginx->words.count < WORDS_MAX) {
        if (nginx->words.count == 0)
            nginx->scan->first_line = nginx->line;
        read_word(nginx);
    } else {
        nginx->at++;
    }
}

size_t scan_nginx(struct scan *scan, struct slice text)
{
    struct nginx nginx = {.scan = scan, .text = text, .line = scan->line};
    clear(&nginx);
    load(&nginx);
    while (nginx.at < text.length && !nginx.incomplete)
        step(&nginx);
    if (scan->last)
        end_directive(&nginx);
    clear(&nginx);
    save(&nginx);
    scan_words_free(&nginx.words);
    return scan->last ? text.length : nginx.done;
}
