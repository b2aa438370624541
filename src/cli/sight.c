#include "sight.h"

#include <string.h>

/* Shells, wrappers and the like: the script is above them. */
static const char *const wrappers[] = {
    "sh",      "bash",   "dash",  "ash",     "zsh",     "ksh",       "mksh",    "busybox",
    "fish",    "env",    "sudo",  "su",      "timeout", "nice",      "nohup",   "setsid",
    "xargs",   "ionice", "chrt",  "taskset", "stdbuf",  "setpriv",   "runuser", "flock",
    "unshare", "script", "watch", "time",    "strace",  "dumb-init", "tini",    "astray",
};

/* Behind these there is nothing to name: nobody's script. */
static const char *const roots[] = {"systemd",
                                    "init",
                                    "login",
                                    "sshd",
                                    "tmux",
                                    "tmux: server",
                                    "screen",
                                    "containerd-shim",
                                    "containerd-shim-runc-v2"};

static bool is_one_of(struct slice name, const char *const *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (table[i][0] == name.data[0] && slice_equal(name, slice_of(table[i])))
            return true;
    return false;
}

#define ONE_OF(name, table) is_one_of(name, table, sizeof(table) / sizeof *(table))

/* "deploy.sh[4710]" without the pid. */
static struct slice without_pid(struct slice text)
{
    size_t at = text.length;
    if (at == 0 || text.data[--at] != ']')
        return text;
    while (at > 0 && text.data[at - 1] >= '0' && text.data[at - 1] <= '9')
        at--;
    if (at == 0 || text.data[at - 1] != '[' || at + 1 == text.length)
        return text;
    return (struct slice){text.data, at - 1};
}

/* Is NAME the one to tell? *ENDS: nothing above it is. */
static bool is_script(struct slice name, bool *ends)
{
    *ends = name.length == 0 || ONE_OF(name, roots);
    return !*ends && !ONE_OF(name, wrappers);
}

static struct slice find_script(const struct record_line *line)
{
    const struct slice none = {"", 0};
    struct slice name = line->fields[RECORD_PARENT_NAME];
    bool ends;
    if (is_script(name, &ends))
        return name;
    struct slice rest = line->fields[RECORD_ANCESTRY], item;
    if (ends && name.length > 0)
        return none;
    while (record_list_next(&rest, &item)) {
        name = without_pid(item);
        if (is_script(name, &ends))
            return name;
        if (ends)
            break;
    }
    return none;
}

/* The origin to tell: a variable says more than the argument it became. */
static struct slice find_origin(const struct record_line *line)
{
    struct slice rest = line->fields[RECORD_ORIGIN], item, found = {"", 0};
    while (record_list_next(&rest, &item)) {
        if (slice_starts_with(item, SLICE("env:")))
            return item;
        if (found.length == 0 ||
            (slice_starts_with(item, SLICE("argv:")) && !slice_starts_with(found, SLICE("argv:"))))
            found = item;
    }
    return found;
}

/* The argument whose index is behind "argv:". */
static struct slice find_argument(const struct record_line *line, struct slice origin)
{
    uint64_t index;
    struct slice rest = line->fields[RECORD_PROCESS_ARGS], item = {"", 0};
    if (!slice_number(slice_from(origin, 5), RECORD_LINE_MAX, &index))
        return item;
    for (uint64_t i = 0; i <= index; i++)
        if (!record_list_next(&rest, &item))
            return (struct slice){"", 0};
    return item;
}

static void see_origin(struct sight *sight)
{
    struct slice origin = find_origin(sight->line);
    sight->texts[GROUP_ORIGIN] = without_pid(origin);
    if (slice_starts_with(origin, SLICE("env:"))) {
        struct slice name = slice_from(origin, 4);
        size_t at = slice_find(name, '@');
        sight->texts[GROUP_VARIABLE] = (struct slice){name.data, at};
        sight->texts[GROUP_INTRODUCER] = slice_from(name, at + 1);
    } else if (slice_starts_with(origin, SLICE("argv:"))) {
        sight->texts[GROUP_ARGUMENT] = find_argument(sight->line, origin);
    }
}

/* A row a text that is simply a field. */
static const struct {
    enum group_text text;
    enum record_field field;
} plain_texts[] = {
    {GROUP_CLASS, RECORD_CLASS},
    {GROUP_ADDRESS, RECORD_DESTINATION_ADDRESS},
    {GROUP_IP, RECORD_DESTINATION_IP},
    {GROUP_PORT, RECORD_DESTINATION_PORT},
    {GROUP_DOMAIN, RECORD_DESTINATION_DOMAIN},
    {GROUP_PROGRAM, RECORD_PROCESS_NAME},
    {GROUP_UNIT, RECORD_UNIT},
    {GROUP_HOST, RECORD_HOST_NAME},
    {GROUP_USER, RECORD_USER_ID},
    {GROUP_RUN, RECORD_RUN},
    {GROUP_ACTION, RECORD_EVENT_ACTION},
    {GROUP_OUTCOME, RECORD_EVENT_OUTCOME},
    {GROUP_NAT_IP, RECORD_NAT_IP},
    {GROUP_ANCESTRY, RECORD_ANCESTRY},
};

void sight_read_texts(struct sight *sight)
{
    const struct record_line *line = sight->line;
    memset(sight->texts, 0, sizeof sight->texts);
    for (size_t i = 0; i < sizeof plain_texts / sizeof *plain_texts; i++)
        sight->texts[plain_texts[i].text] = line->fields[plain_texts[i].field];
    if (sight->kind == GROUP_NOTE) {
        struct slice message = line->fields[RECORD_ERROR_MESSAGE];
        sight->texts[GROUP_MESSAGE] = message.data != NULL ? message : line->fields[RECORD_MESSAGE];
    }
    sight->texts[GROUP_SCRIPT] = find_script(line);
    see_origin(sight);
    for (size_t i = 0; i < GROUP_TEXTS; i++) {
        if (sight->texts[i].length > SIGHT_TEXT_MAX)
            sight->texts[i] = SLICE("...");
        else if (sight->texts[i].data == NULL)
            sight->texts[i] = SLICE("");
    }
}

/* Our own spellings first: they are nearly all there is. */
static void see_type(struct sight *sight)
{
    struct slice type = sight->line->fields[RECORD_EVENT_TYPE];
    if (slice_equal(type, SLICE("[\"connection\",\"start\"]"))) {
        sight->attempt = true;
    } else if (slice_equal(type, SLICE("[\"connection\",\"end\"]"))) {
        sight->outcome = true;
    } else {
        sight->attempt =
            record_list_has(type, SLICE("start")) || record_list_has(type, SLICE("denied"));
        sight->outcome = record_list_has(type, SLICE("end"));
    }
    /* Of an ordinary destination nothing is known before it fails. */
    if (sight->kind != GROUP_STRAY)
        sight->attempt = true;
}

void sight_read(const struct record_line *line, struct sight *sight)
{
    struct slice action = line->fields[RECORD_EVENT_ACTION];
    struct slice time = line->fields[RECORD_TIMESTAMP];
    *sight = (struct sight){.line = line, .kind = GROUP_STRAY};
    if (slice_equal(action, SLICE("failed")))
        sight->kind = GROUP_FAILED;
    else if (slice_equal(action, SLICE("misconfigured")))
        sight->kind = GROUP_NOTE;
    if (!record_time_parse(time.data, time.length, &sight->time))
        sight->time = 0;
    see_type(sight);
}

uint64_t sight_others(const struct record_line *line, enum record_field field)
{
    uint64_t number = 0;
    slice_number(line->fields[field], UINT32_MAX, &number);
    return number;
}

struct slice sight_error(const struct sight *sight)
{
    const struct slice *fields = sight->line->fields;
    if (fields[RECORD_ERROR_TYPE].length > 0)
        return fields[RECORD_ERROR_TYPE];
    if (sight->kind == GROUP_FAILED) /* of a stray one it is its class */
        return fields[RECORD_EVENT_REASON];
    return sight_is_fast_open(sight) ? (struct slice){0} : fields[RECORD_REMARK];
}

bool sight_is_fast_open(const struct sight *sight)
{
    return record_equals(sight->line->fields[RECORD_REMARK], SLICE("fast-open"));
}
