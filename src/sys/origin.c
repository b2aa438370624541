#include <astray/origin.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The scratch buffer: first what is read; then the entries that are known to lead nowhere, so that
 * they are judged once and not in each environment that inherited them. */
#define SEEN_SLOTS 512
#define SEEN_MOST (SEEN_SLOTS * 3 / 4)
#define SEEN_SIZE (SEEN_SLOTS * sizeof(uint64_t))
#define READ_SIZE (ORIGIN_SCRATCH - SEEN_SIZE)

#define ARGUMENTS_MOST 3 /* leave room for variables */
#define VARIABLES_MOST 4
#define NAME_LONGEST 128

/* Whose environment: -1 is the process's own, 0 its parent's, and so on. */
#define OWN (-1)

struct variable {
    struct slice name;
    uint64_t hash; /* of NAME=value */
    int outermost; /* the last one up that holds it */
};

struct search {
    const struct spelling_wanted *wanted;
    const struct process *process;
    bool parents; /* other environments are looked at, too */
    char *seen;
    char *buffer;
    struct origin *out;
    size_t seen_count;
    size_t variable_count;
    struct variable variables[VARIABLES_MOST];
    bool readable[PROCESS_ANCESTORS_MAX];
};

/* ---- results ---------------------------------------------------------- */

static struct slice store(struct origin *out, struct slice text)
{
    if (text.length > ORIGIN_STORAGE - out->used)
        return (struct slice){0};
    char *start = out->storage + out->used;
    memcpy(start, text.data, text.length);
    out->used += text.length;
    return (struct slice){.data = start, .length = text.length};
}

/* An item is built behind what is stored, and then kept or given up. */
static void start_item(const struct search *search, struct text *item)
{
    struct origin *out = search->out;
    text_start(item, out->storage + out->used, ORIGIN_STORAGE - out->used);
}

static void end_item(const struct search *search, const struct text *item)
{
    struct origin *out = search->out;
    struct slice done = text_done(item);
    if (item->cut || out->count == ORIGIN_MAX)
        return;
    for (size_t i = 0; i < out->count; i++)
        if (slice_equal(out->items[i], done))
            return;
    out->items[out->count++] = done;
    out->used += done.length;
}

static void found(const struct search *search, struct slice host)
{
    if (search->out->spelling.length == 0 && host.length > 0)
        search->out->spelling = store(search->out, host);
}

/* ---- arguments -------------------------------------------------------- */

/* The script that is run knows better than its interpreter what its arguments mean. */
static struct spelling_wanted wanted_of_arguments(const struct search *search)
{
    struct spelling_wanted wanted = *search->wanted;
    if (search->process->name.length > 0)
        wanted.program = search->process->name;
    return wanted;
}

static void take_argument(const struct search *search, size_t index)
{
    struct text item;
    start_item(search, &item);
    text_string(&item, "argv:");
    text_number(&item, index);
    end_item(search, &item);
}

/* As it was read with the process, if it is not too long. */
static struct slice read_command_line(const struct search *search)
{
    if (search->process->command_line.length > 0)
        return search->process->command_line;
    ssize_t length = process_read_file(0, "cmdline", search->buffer, READ_SIZE);
    return (struct slice){.data = search->buffer, .length = length > 0 ? (size_t)length : 0};
}

static void search_arguments(const struct search *search)
{
    struct spelling_wanted wanted = wanted_of_arguments(search);
    struct slice rest = read_command_line(search);
    struct slice previous = {0}, argument, host = {0};
    size_t matches = 0;
    /* What the buffer cut off is not looked at. */
    while (rest.length > 0 && rest.data[rest.length - 1] != '\0')
        rest.length--;
    if (rest.length == 0)
        return;
    slice_cut(&rest, '\0', &argument);
    for (size_t index = 1; rest.length > 0 && matches < ARGUMENTS_MOST; index++) {
        slice_cut(&rest, '\0', &argument);
        struct slice next = {.data = rest.data, .length = slice_find(rest, '\0')};
        if (spelling_in_argument(&wanted, previous, argument, next, &host)) {
            found(search, host);
            take_argument(search, index);
            matches++;
        }
        previous = argument;
    }
}

/* ---- variables -------------------------------------------------------- */

static uint64_t hash_of(struct slice text)
{
    return slice_hash(SLICE_HASH_START, text) | 1; /* 0 is an empty slot */
}

/* Was the entry seen before? Remembers it while there is room. */
static bool seen(struct search *search, uint64_t hash)
{
    for (size_t i = (hash >> 1) % SEEN_SLOTS;; i = (i + 1) % SEEN_SLOTS) {
        uint64_t slot;
        memcpy(&slot, search->seen + i * sizeof slot, sizeof slot);
        if (slot == hash)
            return true;
        if (slot != 0)
            continue;
        if (search->seen_count < SEEN_MOST) {
            memcpy(search->seen + i * sizeof hash, &hash, sizeof hash);
            search->seen_count++;
        }
        return false;
    }
}

static struct variable *variable_of(struct search *search, uint64_t hash)
{
    for (size_t i = 0; i < search->variable_count; i++)
        if (search->variables[i].hash == hash)
            return &search->variables[i];
    return NULL;
}

static void take_entry(struct search *search, int whose, struct slice entry)
{
    size_t equals = slice_find(entry, '=');
    struct slice name = {.data = entry.data, .length = equals}, host = {0};
    if (equals == 0 || equals >= entry.length || equals > NAME_LONGEST)
        return;
    uint64_t hash = search->parents ? hash_of(entry) : 0;
    struct variable *variable = search->parents ? variable_of(search, hash) : NULL;
    if (variable != NULL) {
        variable->outermost = whose;
        return;
    }
    if (search->variable_count == VARIABLES_MOST || (search->parents && seen(search, hash)) ||
        !spelling_in_variable(search->wanted, name, slice_from(entry, equals + 1), &host))
        return;
    struct slice stored = store(search->out, name);
    if (stored.length == 0)
        return;
    found(search, host);
    search->variables[search->variable_count++] =
        (struct variable){.name = stored, .hash = hash, .outermost = whose};
}

/* Takes the whole entries off the front of the buffer, and moves what is left there. *SKIPPING:
 * what comes belongs to an entry that did not fit. Returns the length that is left. */
static size_t take_entries(struct search *search, int whose, size_t length, bool *skipping)
{
    struct slice rest = {.data = search->buffer, .length = length}, entry;
    while (slice_find(rest, '\0') < rest.length) {
        slice_cut(&rest, '\0', &entry);
        if (!*skipping)
            take_entry(search, whose, entry);
        *skipping = false;
    }
    if (rest.length == READ_SIZE || *skipping) {
        *skipping = true;
        return 0;
    }
    memmove(search->buffer, rest.data, rest.length);
    return rest.length;
}

/* False when the environment may not be read. */
static bool search_environment(struct search *search, int whose, pid_t pid)
{
    int descriptor = process_open(pid, "environ");
    if (descriptor < 0)
        return false;
    size_t kept = 0;
    bool skipping = false;
    ssize_t got = 0;
    for (;;) {
        size_t room = READ_SIZE - kept;
        got = process_read(descriptor, search->buffer + kept, room);
        if (got <= 0)
            break;
        kept = take_entries(search, whose, kept + (size_t)got, &skipping);
        if ((size_t)got < room)
            break;
    }
    process_close(descriptor);
    return got >= 0;
}

/* ---- ancestors -------------------------------------------------------- */

/* Is the process with that pid still the one that was an ancestor? */
static bool is_same(const struct search *search, const struct process_ancestor *ancestor)
{
    struct process_stat stat;
    ssize_t length = process_read_file(ancestor->pid, "stat", search->buffer, READ_SIZE);
    return length > 0 &&
           process_stat_parse((struct slice){search->buffer, (size_t)length}, &stat) &&
           stat.started == ancestor->started;
}

static void search_ancestors(struct search *search)
{
    const struct process *process = search->process;
    for (size_t i = 0; i < process->ancestor_count; i++) {
        const struct process_ancestor *ancestor = &process->ancestors[i];
        search->readable[i] =
            is_same(search, ancestor) && search_environment(search, (int)i, ancestor->pid);
    }
}

static void put_process(struct text *item, const struct search *search, int whose)
{
    const struct process *process = search->process;
    const struct process_ancestor *ancestor = whose == OWN ? NULL : &process->ancestors[whose];
    text_slice(item, ancestor == NULL ? process->name : ancestor->name);
    text_char(item, '[');
    text_number(item, (uint64_t)(ancestor == NULL ? process->pid : ancestor->pid));
    text_char(item, ']');
}

/* Who introduced the variable; false when that cannot be known. */
static bool introducer_of(const struct search *search, const struct variable *variable, int *whose)
{
    /* of OWN, it is the first */
    size_t parent = (size_t)variable->outermost + 1;
    *whose = variable->outermost;
    if (parent == search->process->ancestor_count)
        return search->process->topmost;
    *whose = (int)parent;
    return search->readable[parent];
}

static void take_variable(const struct search *search, const struct variable *variable)
{
    struct text item;
    int whose;
    bool known = search->parents && introducer_of(search, variable, &whose);
    start_item(search, &item);
    text_string(&item, "env:");
    text_slice(&item, variable->name);
    if (known) {
        text_char(&item, '@');
        put_process(&item, search, whose);
    }
    end_item(search, &item);
    if (!search->parents || known)
        return;
    start_item(search, &item);
    text_string(&item, "unknown above ");
    put_process(&item, search, variable->outermost);
    end_item(search, &item);
}

void origin_find(const struct spelling_wanted *wanted, const struct process *process,
                 enum policy_origin depth, char scratch[static ORIGIN_SCRATCH], struct origin *out)
{
    struct search search = {.wanted = wanted,
                            .process = process,
                            .parents = depth == POLICY_ORIGIN_PARENTS,
                            .buffer = scratch,
                            .seen = scratch + READ_SIZE,
                            .out = out};
    memset(out, 0, offsetof(struct origin, storage));
    if (depth == POLICY_ORIGIN_NONE)
        return;
    if (search.parents)
        memset(search.seen, 0, SEEN_SIZE);
    search_arguments(&search);
    search_environment(&search, OWN, 0);
    if (search.parents)
        search_ancestors(&search);
    for (size_t i = 0; i < search.variable_count; i++)
        take_variable(&search, &search.variables[i]);
}
