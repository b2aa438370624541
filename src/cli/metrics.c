#include "metrics.h"

#include <inttypes.h>
#include <string.h>

#include <astray/version.h>

#include "watch_state.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define UNIT_OTHER (METRICS_UNIT_SLOTS - 1)

/* ---- closed sets ------------------------------------------------------ */

static const char *const actions[METRICS_ACTIONS] = {"detected", "rewritten", "blocked", "other"};

/* errno(3), and what the library says where there is none. */
static const char *const errors[METRICS_ERRORS] = {
    "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH",  "EHOSTUNREACH", "EADDRNOTAVAIL",
    "ECONNRESET",   "EACCES",    "EPERM",        "ENETDOWN",     "EHOSTDOWN",
    "EPROTO",       "ENOBUFS",   "EAGAIN",       "EINVAL",       "ENOMEM",
    "EADDRINUSE",   "EPIPE",     "EAFNOSUPPORT", "EMSGSIZE",     "EOPNOTSUPP",
    "ECONNABORTED", "abandoned", "failed",       "ENOPROTOOPT",  "connected-to-itself",
    "other",
};

static const struct {
    const char *name, *help;
} totals[METRICS_TOTALS] = {
    [METRICS_SUPPRESSED] = {"astray_records_suppressed_total",
                            "Records over the rate limit, counted and not written."},
    [METRICS_DROPPED] = {"astray_records_dropped_total", "Records that no log took."},
    [METRICS_MISCONFIGURED] = {"astray_misconfigured_total",
                               "Processes with a setting that was not understood."},
    [METRICS_UNCOVERED] = {"astray_uncovered_total",
                           "Programs that were started and that the library cannot see."},
    [METRICS_UNREADABLE] = {"astray_unreadable_lines_total",
                            "Lines of the logs that are no records."},
    [METRICS_REPEATED] = {"astray_repeated_records_total",
                          "Records that were read before, and not counted again."},
};

/* The row of RAW in a table whose last row is for what is not in it. */
static size_t row_of(const char *const *table, size_t count, struct slice raw)
{
    size_t row = 0;
    while (row < count - 1 && !record_equals(raw, slice_of(table[row])))
        row++;
    return row;
}

static const char *class_name(size_t row)
{
    return row < ADDR_CLASS_COUNT ? addr_class_name((enum addr_class)row) : "other";
}

static size_t class_of(struct slice raw)
{
    enum addr_class class;
    return addr_class_parse(raw.data, raw.length, &class) ? class : ADDR_CLASS_COUNT;
}

/* ---- units ------------------------------------------------------------ */

static bool is_unit_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(":-_.\\@", c) != NULL);
}

/* A name as systemd.unit(5) has it. */
static bool is_unit(struct slice name)
{
    static const char *const endings[] = {".service", ".scope", ".socket", ".timer",
                                          ".mount",   ".swap",  ".slice",  ".path"};
    for (size_t i = 0; i < name.length; i++)
        if (!is_unit_character(name.data[i]))
            return false;
    for (size_t i = 0; i < COUNT(endings); i++)
        if (slice_ends_with(name, slice_of(endings[i])))
            return name.length < METRICS_UNIT_SIZE;
    return false;
}

/* "u12", "r0af3", "p71-i72", "c3": numbers with a letter or two before them. */
static bool is_number(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] == '\0' || strchr("0123456789abcdef-urpi", text.data[i]) == NULL)
            return false;
    return text.length > 0;
}

/* Units that live for one session or one command: each would be a label of its own. */
static struct slice without_number(struct slice name)
{
    static const struct {
        struct slice start, end, whole;
    } rows[] = {
        {{"session-", 8}, {".scope", 6}, {"session.scope", 13}},
        {{"run-", 4}, {".scope", 6}, {"run.scope", 9}},
        {{"run-", 4}, {".service", 8}, {"run.service", 11}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice middle = slice_from(name, rows[i].start.length);
        if (!slice_starts_with(name, rows[i].start) || !slice_ends_with(middle, rows[i].end))
            continue;
        middle.length -= rows[i].end.length;
        if (is_number(middle))
            return rows[i].whole;
    }
    return name;
}

static size_t unit_called(struct metrics *metrics, struct slice name)
{
    for (size_t i = 0; i < metrics->unit_count; i++)
        if (slice_equal(name, slice_of(metrics->units[i])))
            return i + 1;
    if (metrics->unit_count == METRICS_UNITS)
        return UNIT_OTHER;
    char *unit = metrics->units[metrics->unit_count];
    memcpy(unit, name.data, name.length);
    unit[name.length] = '\0';
    return ++metrics->unit_count;
}

static size_t unit_of(struct metrics *metrics, struct slice raw)
{
    char name[METRICS_UNIT_SIZE];
    if (raw.length == 0)
        return 0;
    struct slice text = {name, record_unescape(raw, name, sizeof name)};
    if (!is_unit(text))
        return UNIT_OTHER;
    return unit_called(metrics, without_number(text));
}

static const char *unit_name(const struct metrics *metrics, size_t slot)
{
    if (slot == 0)
        return "";
    return slot == UNIT_OTHER ? "other" : metrics->units[slot - 1];
}

/* ---- counting --------------------------------------------------------- */

static void count_failure(struct metrics *metrics, const struct sight *sight)
{
    struct slice error = sight_error(sight);
    metrics->failures[unit_of(metrics, sight->texts[GROUP_UNIT])]
                     [row_of(errors, METRICS_ERRORS, error)]++;
}

static void count_attempt(struct metrics *metrics, const struct sight *sight)
{
    size_t unit = unit_of(metrics, sight->texts[GROUP_UNIT]);
    size_t action = row_of(actions, METRICS_ACTIONS, sight->texts[GROUP_ACTION]);
    metrics->connections[unit][action][class_of(sight->texts[GROUP_CLASS])]++;
}

void metrics_take(struct metrics *metrics, const struct sight *sight, uint64_t now)
{
    uint64_t time = sight->time < now ? sight->time : now;
    if (time > metrics->last)
        metrics->last = time;
    metrics->totals[METRICS_SUPPRESSED] += sight_others(sight->line, RECORD_SUPPRESSED);
    metrics->totals[METRICS_DROPPED] += sight_others(sight->line, RECORD_DROPPED);
    if (sight->kind == GROUP_NOTE)
        metrics->totals[METRICS_MISCONFIGURED]++;
    else if (slice_equal(sight->texts[GROUP_ACTION], SLICE("uncovered")))
        metrics->totals[METRICS_UNCOVERED]++;
    else if (sight->kind == GROUP_FAILED)
        count_failure(metrics, sight);
    else if (sight->attempt)
        count_attempt(metrics, sight);
}

/* ---- the text format -------------------------------------------------- */

static void put_head(FILE *stream, const char *name, const char *type, const char *help)
{
    fprintf(stream, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Of what is in a label only a unit's backslash needs an escape. */
static void put_unit(FILE *stream, const char *unit)
{
    for (; *unit != '\0'; unit++)
        fprintf(stream, *unit == '\\' ? "\\%c" : "%c", *unit);
}

static bool is_used(const struct metrics *metrics, size_t slot)
{
    return slot <= metrics->unit_count || slot == UNIT_OTHER;
}

/* What needs no series before it is counted: the rows for what is not known, and classes that are
 * stray only when a setting says so. */
static bool is_rare(size_t unit, size_t action, size_t class)
{
    return action == METRICS_ACTIONS - 1 || class == ADDR_CLASS_COUNT ||
           (unit != 0 && (addr_classes_stray >> class & 1) == 0);
}

static void put_connections(const struct metrics *metrics, FILE *stream)
{
    put_head(stream, "astray_connections_total", "counter",
             "Connection attempts that went astray, by what was done.");
    for (size_t unit = 0; unit < METRICS_UNIT_SLOTS; unit++) {
        if (!is_used(metrics, unit))
            continue;
        for (size_t action = 0; action < METRICS_ACTIONS; action++)
            for (size_t class = 0; class < METRICS_CLASSES; class ++) {
                uint64_t count = metrics->connections[unit][action][class];
                if (count == 0 && is_rare(unit, action, class))
                    continue;
                fprintf(stream, "astray_connections_total{action=\"%s\",class=\"%s\",unit=\"",
                        actions[action], class_name(class));
                put_unit(stream, unit_name(metrics, unit));
                fprintf(stream, "\"} %" PRIu64 "\n", count);
            }
    }
}

/* Without a unit every error is there from the start. */
static void put_failures(const struct metrics *metrics, FILE *stream)
{
    put_head(stream, "astray_failures_total", "counter", "Failed connections, by error.");
    for (size_t unit = 0; unit < METRICS_UNIT_SLOTS; unit++)
        for (size_t error = 0; error < METRICS_ERRORS; error++) {
            uint64_t count = metrics->failures[unit][error];
            if (count == 0 && (unit != 0 || error == METRICS_ERRORS - 1))
                continue;
            fprintf(stream, "astray_failures_total{error=\"%s\",unit=\"", errors[error]);
            put_unit(stream, unit_name(metrics, unit));
            fprintf(stream, "\"} %" PRIu64 "\n", count);
        }
}

void metrics_write_one(FILE *stream, const char *name, const char *type, const char *help,
                       uint64_t value)
{
    put_head(stream, name, type, help);
    fprintf(stream, "%s %" PRIu64 "\n", name, value);
}

void metrics_write(const struct metrics *metrics, FILE *stream)
{
    put_connections(metrics, stream);
    put_failures(metrics, stream);
    for (size_t i = 0; i < METRICS_TOTALS; i++)
        metrics_write_one(stream, totals[i].name, "counter", totals[i].help, metrics->totals[i]);
    put_head(stream, "astray_last_record_timestamp_seconds", "gauge",
             "Unix time of the newest record.");
    fprintf(stream, "astray_last_record_timestamp_seconds %" PRIu64 ".%06" PRIu64 "\n",
            metrics->last / 1000000, metrics->last % 1000000);
    put_head(stream, "astray_build_info", "gauge", "Version of the program that wrote this file.");
    fputs("astray_build_info{version=\"" ASTRAY_VERSION "\"} 1\n", stream);
}

/* ---- state ------------------------------------------------------------ */

static void save_word(FILE *stream, const char *text)
{
    watch_state_put_text(stream, slice_of(text));
}

void metrics_save(const struct metrics *metrics, FILE *stream)
{
    for (size_t unit = 0; unit < metrics->unit_count; unit++) {
        fputs("unit", stream);
        save_word(stream, metrics->units[unit]);
        putc('\n', stream);
    }
    for (size_t unit = 0; unit < METRICS_UNIT_SLOTS; unit++) {
        for (size_t i = 0; i < METRICS_ACTIONS * METRICS_CLASSES; i++) {
            size_t action = i / METRICS_CLASSES, class = i % METRICS_CLASSES;
            uint64_t count = metrics->connections[unit][action][class];
            if (count == 0)
                continue;
            fprintf(stream, "connections %" PRIu64, count);
            save_word(stream, actions[action]);
            save_word(stream, class_name(class));
            save_word(stream, unit_name(metrics, unit));
            putc('\n', stream);
        }
        for (size_t error = 0; error < METRICS_ERRORS; error++) {
            if (metrics->failures[unit][error] == 0)
                continue;
            fprintf(stream, "failures %" PRIu64, metrics->failures[unit][error]);
            save_word(stream, errors[error]);
            save_word(stream, unit_name(metrics, unit));
            putc('\n', stream);
        }
    }
    for (size_t i = 0; i < METRICS_TOTALS; i++) {
        fprintf(stream, "total %" PRIu64, metrics->totals[i]);
        save_word(stream, totals[i].name);
        putc('\n', stream);
    }
    fprintf(stream, "last %" PRIu64 "\n", metrics->last);
}

/* A word that is short. */
struct name {
    char data[METRICS_UNIT_SIZE];
    size_t length;
};

static bool load_name(struct slice *rest, struct name *name)
{
    return watch_state_text(rest, name->data, sizeof name->data, &name->length);
}

static struct slice slice_of_name(const struct name *name)
{
    return (struct slice){name->data, name->length};
}

static bool load_unit(struct metrics *metrics, struct slice *rest, size_t *unit)
{
    struct name name;
    if (!load_name(rest, &name))
        return false;
    struct slice text = slice_of_name(&name);
    if (text.length > 0 && !is_unit(text) && !slice_equal(text, SLICE("other")))
        return false;
    *unit = text.length == 0                    ? 0
            : slice_equal(text, SLICE("other")) ? UNIT_OTHER
                                                : unit_called(metrics, text);
    return true;
}

static bool load_connections(struct metrics *metrics, struct slice rest)
{
    uint64_t count;
    struct name action, class;
    size_t unit;
    if (!watch_state_number(&rest, &count) || !load_name(&rest, &action) ||
        !load_name(&rest, &class) || !load_unit(metrics, &rest, &unit))
        return false;
    metrics->connections[unit][row_of(actions, METRICS_ACTIONS, slice_of_name(&action))]
                        [class_of(slice_of_name(&class))] += count;
    return true;
}

static bool load_failures(struct metrics *metrics, struct slice rest)
{
    uint64_t count;
    struct name error;
    size_t unit;
    if (!watch_state_number(&rest, &count) || !load_name(&rest, &error) ||
        !load_unit(metrics, &rest, &unit))
        return false;
    metrics->failures[unit][row_of(errors, METRICS_ERRORS, slice_of_name(&error))] += count;
    return true;
}

static bool load_total(struct metrics *metrics, struct slice rest)
{
    uint64_t count;
    struct name name;
    if (!watch_state_number(&rest, &count) || !load_name(&rest, &name))
        return false;
    for (size_t i = 0; i < METRICS_TOTALS; i++)
        if (slice_equal(slice_of_name(&name), slice_of(totals[i].name))) {
            metrics->totals[i] += count;
            return true;
        }
    return false;
}

bool metrics_load(struct metrics *metrics, struct slice line)
{
    struct slice word;
    size_t unit;
    if (!watch_state_word(&line, &word))
        return false;
    if (slice_equal(word, SLICE("unit")))
        return load_unit(metrics, &line, &unit);
    if (slice_equal(word, SLICE("connections")))
        return load_connections(metrics, line);
    if (slice_equal(word, SLICE("failures")))
        return load_failures(metrics, line);
    if (slice_equal(word, SLICE("total")))
        return load_total(metrics, line);
    return slice_equal(word, SLICE("last")) && watch_state_number(&line, &metrics->last);
}
