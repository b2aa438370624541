#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <astray/layout.h>
#include <astray/process.h>
#include <astray/program.h>

#define CONFIG_SIZE 16384

LAYOUT_AT_LOAD static const char config_path[] = "/etc/astray.conf";
LAYOUT_AT_LOAD static const char variable_start[] = "ASTRAY_";

static struct policy chosen;
LAYOUT_AT_HAND struct state state;
LAYOUT_AT_HAND _Atomic(int) state_phase;

static void copy_cut(char *out, size_t size, struct slice text)
{
    struct text copy;
    text_start(&copy, out, size);
    text_slice(&copy, text);
    text_finish(&copy);
}

/* Only the first is kept: it is told once, and mending it shows the next. */
static void note_problem(struct slice key, struct slice value, const char *reason)
{
    if (state.problem.reason != NULL)
        return;
    copy_cut(state.problem.key, sizeof state.problem.key, key);
    copy_cut(state.problem.value, sizeof state.problem.value, value);
    state.problem.reason = reason;
}

static void set(struct slice key, struct slice value)
{
    struct policy_problem problem;
    if (state.policy != &chosen) {
        policy_start(&chosen);
        state.policy = &chosen;
    }
    if (!policy_set(&chosen, key, value, &problem))
        note_problem(problem.key, problem.value, problem.reason);
}

/* Reads the whole of PATH. Returns its length, or -errno. */
static ssize_t read_config(const char *path, char *out, size_t size)
{
    int fd =
        (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0)
        return -errno;
    size_t used = 0;
    ssize_t got;
    while (used < size && (got = syscall(SYS_read, fd, out + used, size - used)) > 0)
        used += (size_t)got;
    syscall(SYS_close, fd);
    return (ssize_t)used;
}

static void load_config(struct slice named)
{
    static char text[CONFIG_SIZE];
    const char *path = named.data == NULL ? config_path : named.data;
    ssize_t length = read_config(path, text, sizeof text);
    if (length < 0) {
        if (named.data != NULL)
            note_problem(SLICE("config"), named, "cannot be read");
        return;
    }
    if (length == CONFIG_SIZE)
        note_problem(SLICE("config"), slice_of(path), "is longer than 16 KiB");
    struct slice rest = {.data = text, .length = (size_t)length}, key, value;
    while (policy_next_line(&rest, &key, &value)) {
        if (value.data == NULL)
            note_problem(SLICE("config"), key, "is no line of the form key = value");
        else
            set(key, value);
    }
}

/* Cuts "NAME=VALUE" of an entry that begins with "ASTRAY_" and has a value. */
static bool our_variable(const char *entry, struct slice *name, struct slice *value)
{
    for (size_t i = 0; i < sizeof variable_start - 1; i++)
        if (entry[i] != variable_start[i])
            return false;
    *value = slice_of(entry);
    return slice_cut(value, '=', name) && value->length > 0;
}

static bool environment_has(struct slice wanted, struct slice *value)
{
    struct slice name;
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
        if (our_variable(*entry, &name, value) && slice_equal(name, wanted))
            return true;
    *value = (struct slice){0};
    return false;
}

/* A copy: programs write to where their first environment was. */
static void keep_preloaded(struct slice value)
{
    static char preloaded[PROGRAM_PATH_SIZE];
    if (value.length >= sizeof preloaded)
        return;
    copy_cut(preloaded, sizeof preloaded, value);
    state.preloaded = preloaded;
}

/* Variables of the command, which are no settings. */
static bool is_for_the_command(struct slice name, struct slice value)
{
    if (slice_equal(name, SLICE("ASTRAY_COVERAGE"))) {
        keep_preloaded(value);
        return true;
    }
    return slice_equal(name, SLICE("ASTRAY_CONFIG")) || slice_equal(name, SLICE("ASTRAY_LIBRARY"));
}

static void load_environment(void)
{
    struct slice name, value;
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        if (!our_variable(*entry, &name, &value) || is_for_the_command(name, value))
            continue;
        const struct policy_setting *setting = policy_setting_of_variable(name);
        if (setting != NULL)
            set(slice_of(setting->key), value);
        else
            note_problem(name, value, "is no variable of Astray");
    }
}

static bool concerns_this_program(void)
{
    if (state.policy->only[0] == '\0' && state.policy->skip[0] == '\0')
        return true;
    char path[SINK_PATH_SIZE];
    long length = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof path);
    return policy_concerns(state.policy,
                           (struct slice){.data = path, .length = length < 0 ? 0 : (size_t)length});
}

static bool load(void)
{
    /* A program with raised privileges listens to root's file alone. */
    bool trusted = getauxval(AT_SECURE) == 0;
    struct slice value = {0};
    if (trusted && environment_has(SLICE("ASTRAY_DISABLE"), &value) &&
        slice_equal(value, SLICE("1")))
        return false;
    if (trusted)
        environment_has(SLICE("ASTRAY_CONFIG"), &value);
    else
        value = (struct slice){0};
    load_config(value);
    if (trusted)
        load_environment();
    if (state.policy == &policy_initial)
        return true; /* nothing is set */
    if (state.policy->disabled)
        state.preloaded = NULL;
    if (state.policy->disabled || !concerns_this_program())
        return false;
    if (state.policy->log == POLICY_LOG_STDERR)
        sink_remember_stderr(&state.standard_error);
    return true;
}

__attribute__((noinline, cold)) bool state_load(void)
{
    int new = STATE_NEW;
    if (!atomic_compare_exchange_strong(&state_phase, &new, STATE_LOADING))
        return new == STATE_ACTIVE;
    int saved = errno;
    state.policy = &policy_initial;
    bool active = load();
    errno = saved;
    atomic_store_explicit(&state_phase, active ? STATE_ACTIVE : STATE_OFF, memory_order_release);
    return active;
}
