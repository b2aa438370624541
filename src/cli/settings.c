#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "say.h"

#define CONFIG_FILE "/etc/astray.conf"
enum { CONFIG_SIZE = 64 * 1024 };

bool settings_option(size_t index, struct option_row *out)
{
    if (index >= policy_setting_count)
        return false;
    const struct policy_setting *setting = &policy_settings[index];
    *out = (struct option_row){
        .name = setting->key,
        .value = setting->value,
        .choices = setting->choices,
        .summary = setting->summary,
        .details = setting->details,
        .initial = setting->initial,
    };
    return true;
}

bool settings_run_option(size_t index, struct option_row *out)
{
    if (!settings_option(index, out))
        return false;
    if (policy_settings[index].run != NULL)
        out->initial = policy_settings[index].run;
    else if (opt_is(out, "log")) /* made by runlog_default() */
        out->initial = "~/.local/state/astray/run.ndjson";
    return true;
}

/* The index of KEY, or SETTINGS_MAX. */
static size_t find(struct slice key)
{
    for (size_t i = 0; i < policy_setting_count && i < SETTINGS_MAX; i++)
        if (slice_equal(slice_of(policy_settings[i].key), key))
            return i;
    return SETTINGS_MAX;
}

static void set(struct settings *settings, size_t index, char *value, enum settings_source source)
{
    free(settings->items[index].value);
    settings->items[index].value = value;
    settings->items[index].source = source;
}

/* VALUE of setting INDEX for a program that may stand in another folder. Owned by the caller. */
static char *absolute(size_t index, const char *value)
{
    char *folder, *path = NULL;
    bool is_path = strcmp(policy_settings[index].key, "log") == 0 && *value != '\0' &&
                   *value != '/' && strcmp(value, "syslog") != 0 && strcmp(value, "stderr") != 0 &&
                   strcmp(value, "none") != 0;
    if (!is_path || (folder = getcwd(NULL, 0)) == NULL)
        return strdup(value);
    if (asprintf(&path, "%s/%s", folder, value) < 0)
        path = NULL;
    free(folder);
    return path;
}

bool settings_take(struct settings *settings, const struct option_row *option, const char *value)
{
    size_t index = find(slice_of(option->name));
    if (index == SETTINGS_MAX)
        return false;
    set(settings, index, absolute(index, value), SETTINGS_OPTION);
    return true;
}

void settings_set_default(struct settings *settings, const char *key, const char *value)
{
    size_t index = find(slice_of(key));
    if (index < SETTINGS_MAX && settings->items[index].source == SETTINGS_UNSET)
        set(settings, index, strdup(value), SETTINGS_DEFAULT);
}

void settings_set_run_defaults(struct settings *settings)
{
    for (size_t i = 0; i < policy_setting_count; i++)
        if (policy_settings[i].run != NULL)
            settings_set_default(settings, policy_settings[i].key, policy_settings[i].run);
}

const char *settings_value(const struct settings *settings, const char *key)
{
    size_t index = find(slice_of(key));
    return index == SETTINGS_MAX ? NULL : settings->items[index].value;
}

/* ---- astray.conf -------------------------------------------------------- */

static bool take_line(struct settings *settings, const char *path, struct slice key,
                      struct slice value)
{
    size_t index = find(key);
    if (index == SETTINGS_MAX || value.data == NULL) {
        char *text = strndup(key.data, key.length);
        say_error(path, text, value.data == NULL ? "is no `key = value`" : "is no setting");
        free(text);
        return false;
    }
    if (settings->items[index].source <= SETTINGS_CONFIG)
        set(settings, index, strndup(value.data, value.length), SETTINGS_CONFIG);
    return true;
}

static bool read_config(struct settings *settings)
{
    const char *path = getenv("ASTRAY_CONFIG");
    bool chosen = path != NULL && *path != '\0', good = true;
    path = chosen ? path : CONFIG_FILE;
    FILE *file = fopen(path, "re");
    if (file == NULL && !chosen)
        return true; /* the library does without, too */
    char *text = malloc(CONFIG_SIZE);
    size_t length = file == NULL || text == NULL ? 0 : fread(text, 1, CONFIG_SIZE, file);
    if (file == NULL || text == NULL || ferror(file) != 0) {
        say_errno("settings", path, errno);
        good = false;
    } else if (length == CONFIG_SIZE) {
        say_error("settings", path, "is too long");
        good = false;
    }
    struct slice rest = {.data = text, .length = length}, key, value;
    while (good && policy_next_line(&rest, &key, &value))
        good = take_line(settings, path, key, value);
    free(text);
    if (file != NULL)
        fclose(file);
    return good;
}

/* ---- the environment ---------------------------------------------------- */

/* A slip in a name would go unnoticed for ever. */
static void warn_of_strangers(void)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        struct slice name = {.data = *entry, .length = strcspn(*entry, "=")};
        if (!slice_starts_with(name, SLICE("ASTRAY_")) ||
            slice_equal(name, SLICE("ASTRAY_CONFIG")) ||
            slice_equal(name, SLICE("ASTRAY_LIBRARY")) ||
            slice_equal(name, SLICE("ASTRAY_COVERAGE")) || policy_setting_of_variable(name) != NULL)
            continue;
        char *text = strndup(name.data, name.length);
        say_error("environment", text, "is no setting, and is ignored");
        free(text);
    }
}

bool settings_read(struct settings *settings)
{
    if (!read_config(settings))
        return false;
    warn_of_strangers();
    for (size_t i = 0; i < policy_setting_count && i < SETTINGS_MAX; i++) {
        const char *value = getenv(policy_settings[i].variable);
        /* An empty variable is as good as none. */
        if (value == NULL || *value == '\0' || settings->items[i].source == SETTINGS_OPTION)
            continue;
        char *whole = absolute(i, value);
        bool changed = whole != NULL && strcmp(whole, value) != 0;
        set(settings, i, whole, changed ? SETTINGS_OPTION : SETTINGS_ENVIRONMENT);
    }
    return true;
}

void settings_export(const struct settings *settings)
{
    for (size_t i = 0; i < policy_setting_count && i < SETTINGS_MAX; i++)
        if (settings->items[i].source >= SETTINGS_DEFAULT && settings->items[i].value != NULL)
            setenv(policy_settings[i].variable, settings->items[i].value, 1);
}

/* ---- checking ----------------------------------------------------------- */

static void tell(const struct policy_setting *setting, enum settings_source source,
                 const struct policy_problem *problem)
{
    char where[128];
    struct text text;
    text_start(&text, where, sizeof where);
    if (source == SETTINGS_OPTION) {
        text_string(&text, "--");
        for (const char *c = setting->key; *c != '\0'; c++)
            text_char(&text, *c == '_' ? '-' : *c);
    } else if (source == SETTINGS_ENVIRONMENT) {
        text_string(&text, setting->variable);
    } else {
        text_string(&text, "astray.conf: ");
        text_string(&text, setting->key);
    }
    char *value =
        problem->value.data == NULL ? NULL : strndup(problem->value.data, problem->value.length);
    say_error(text_finish(&text), value, problem->reason);
    free(value);
}

bool settings_check(const struct settings *settings, struct policy *out)
{
    bool good = true;
    policy_start(out);
    for (size_t i = 0; i < policy_setting_count && i < SETTINGS_MAX; i++) {
        struct policy_problem problem;
        const char *value = settings->items[i].value;
        if (value == NULL ||
            policy_set(out, slice_of(policy_settings[i].key), slice_of(value), &problem))
            continue;
        tell(&policy_settings[i], settings->items[i].source, &problem);
        good = false;
    }
    return good;
}

void settings_free(struct settings *settings)
{
    for (size_t i = 0; i < SETTINGS_MAX; i++)
        free(settings->items[i].value);
    *settings = (struct settings){0};
}
