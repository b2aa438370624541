/* settings.h - the library's settings as options of a command, and where each comes from. */
#ifndef ASTRAY_CLI_SETTINGS_H
#define ASTRAY_CLI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include <astray/policy.h>

#include "opt.h"

#define SETTINGS_MAX 32

/* Who said it, the stronger behind the weaker. */
enum settings_source {
    SETTINGS_UNSET,
    SETTINGS_CONFIG,      /* astray.conf */
    SETTINGS_ENVIRONMENT, /* passed on as it is */
    SETTINGS_DEFAULT,     /* ours, since nobody said anything */
    SETTINGS_OPTION,
};

struct settings {
    struct {
        char *value; /* owned; NULL while it is unset */
        enum settings_source source;
    } items[SETTINGS_MAX]; /* in the order of policy_settings */
};

/* For struct command.more_options: an option for each of policy_settings. */
bool settings_option(size_t index, struct option_row *out);

/* The same with the defaults that hold below `astray run`. */
bool settings_run_option(size_t index, struct option_row *out);

/* Is OPTION one of those? If so its VALUE is taken, a relative path of a log made absolute. */
bool settings_take(struct settings *settings, const struct option_row *option, const char *value);

/* The defaults below `astray run`: the column `run` of policy_settings. */
void settings_set_run_defaults(struct settings *settings);

/* Gives KEY a VALUE that holds when nobody said anything. */
void settings_set_default(struct settings *settings, const char *key, const char *value);

/* Reads astray.conf and the environment into what no option has set. False when a file that
 * ASTRAY_CONFIG names cannot be read, or what it says is no setting, which is told on stderr. */
bool settings_read(struct settings *settings);

/* Are all of them understood? Writes what they come to to *OUT; each mistake is told on
 * stderr. */
bool settings_check(const struct settings *settings, struct policy *out);

/* What KEY is set to, or NULL. */
const char *settings_value(const struct settings *settings, const char *key);

/* Puts options and defaults into our environment. */
void settings_export(const struct settings *settings);

void settings_free(struct settings *settings);

#endif
