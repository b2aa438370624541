#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "library.h"
#include "opt.h"
#include "say.h"
#include "settings.h"

/* ---- the forms ---------------------------------------------------------- */

struct escape {
    char from;
    const char *to;
};

static const struct escape shell[] = {
    {'"', "\\\""}, {'\\', "\\\\"}, {'$', "\\$"}, {'`', "\\`"}, {'\n', "\n"}, {'\t', "\t"}, {0},
};
/* systemd.syntax(7), systemd.unit(5) for the specifiers */
static const struct escape systemd[] = {
    {'"', "\\\""}, {'\\', "\\\\"}, {'%', "%%"}, {'\n', "\\n"}, {'\t', "\\t"}, {0},
};
static const struct escape dockerfile[] = {
    {'"', "\\\""}, {'\\', "\\\\"}, {'$', "\\$"}, {'\t', "\t"}, {0},
};
static const struct escape as_it_is[] = {{'\t', "\t"}, {0}};
/* YAML 1.2 in double quotes; Compose interpolates ${X}, Kubernetes $(X), both write $ as $$. */
static const struct escape yaml[] = {
    {'"', "\\\""}, {'\\', "\\\\"}, {'$', "$$"}, {'\n', "\\n"}, {'\t', "\\t"}, {0},
};

/* A row a form: HEAD once, then for each variable BEFORE, its name, BETWEEN, its value with
 * ESCAPES, AFTER. */
static const struct form {
    const char *name;
    const char *head;
    const char *before, *between, *after;
    const struct escape *escapes;
    const char *extends; /* behind the library's path: keeps an LD_PRELOAD that is there, or "" */
} forms[] = {
    {"shell", "", "export ", "=\"", "\"\n", shell, "${LD_PRELOAD:+:$LD_PRELOAD}"},
    {"systemd", "[Service]\n", "Environment=\"", "=", "\"\n", systemd, ""},
    {"docker", "", "ENV ", "=\"", "\"\n", dockerfile, "${LD_PRELOAD:+:$LD_PRELOAD}"},
    {"env-file", "", "", "=", "\n", as_it_is, ""},
    {"compose", "environment:\n", "  ", ": \"", "\"\n", yaml, ""},
    {"kubernetes", "env:\n", "  - name: ", "\n    value: \"", "\"\n", yaml, ""},
};
#define FORMS "shell|systemd|docker|env-file|compose|kubernetes"

static const struct form *form_called(const char *name)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].name, name) == 0)
            return &forms[i];
    return NULL;
}

static const char *escape_of(const struct form *form, char c)
{
    for (const struct escape *e = form->escapes; e->from != '\0'; e++)
        if (e->from == c)
            return e->to;
    return NULL;
}

static bool can_write(const struct form *form, const char *name, const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        if (((unsigned char)*c >= 0x20 && *c != 0x7f) || escape_of(form, *c) != NULL)
            continue;
        say_error(name, value, "has a control character, which cannot be written there");
        return false;
    }
    return true;
}

static void put(const struct form *form, const char *name, const char *value, const char *extends)
{
    printf("%s%s%s", form->before, name, form->between);
    for (const char *c = value; *c != '\0'; c++) {
        const char *escaped = escape_of(form, *c);
        if (escaped != NULL)
            fputs(escaped, stdout);
        else
            putchar(*c);
    }
    printf("%s%s", extends, form->after);
}

/* ---- the command -------------------------------------------------------- */

static const struct option_row options[] = {
    {.name = "for",
     .value = "FORM",
     .choices = FORMS,
     .initial = "shell",
     .summary = "what will read the lines",
     .details = "shell: export lines, for eval \"$(astray env)\". systemd: a drop-in for a unit. "
                "docker: ENV lines of a Dockerfile. env-file: NAME=value lines for docker run "
                "--env-file. compose and kubernetes: YAML for a service or a container."},
    {.name = "library",
     .value = "FILE",
     .summary = "the library's path where the lines are used",
     .details = "For an image or another host the file need not exist here. Without it the library "
                "is looked for as astray run does."},
    {0},
};

static const struct command_example examples[] = {
    {"eval \"$(astray env --mode block)\"", "put the rest of a script under the library"},
    {"astray env --for systemd > /etc/systemd/system/web.service.d/astray.conf",
     "put a service under it, after systemctl daemon-reload and a restart"},
    {"astray env --for docker --library /usr/lib/astray/libastray.so --log stderr",
     "the lines for a Dockerfile"},
    {0},
};

struct env {
    struct settings settings;
    const struct form *form;
    const char *given; /* --library */
    struct library library;
};

static bool find_library(struct env *env, const char **path)
{
    if (env->given == NULL) {
        *path = env->library.path;
        return library_find(NULL, NULL, &env->library);
    }
    *path = env->given;
    if (*env->given != '/') {
        say_error("--library", env->given, "is no absolute path");
        return false;
    }
    return library_can_be_preloaded(env->given);
}

static int print_lines(struct env *env)
{
    struct policy policy;
    const char *path;
    if (!settings_check(&env->settings, &policy) || !find_library(env, &path))
        return EXIT_TROUBLE;
    for (size_t i = 0; i < policy_setting_count; i++) {
        const char *value = settings_value(&env->settings, policy_settings[i].key);
        if (value != NULL && !can_write(env->form, policy_settings[i].variable, value))
            return EXIT_TROUBLE;
    }
    fputs(env->form->head, stdout);
    for (size_t i = 0; i < policy_setting_count; i++) {
        const char *value = settings_value(&env->settings, policy_settings[i].key);
        if (value != NULL)
            put(env->form, policy_settings[i].variable, value, "");
    }
    put(env->form, "LD_PRELOAD", path, env->form->extends);
    return EXIT_FINE;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct env env = {.form = form_called("shell")};
    struct opt opt;
    const struct option_row *option;
    int status = EXIT_TROUBLE;
    opt_start(&opt, command, argc, argv);
    while ((option = opt_next(&opt)) != NULL && option != OPT_BAD && option != OPT_HELP) {
        if (opt_is(option, "for"))
            env.form = form_called(opt.value);
        else if (opt_is(option, "library"))
            env.given = opt.value;
        else
            settings_take(&env.settings, option, opt.value);
    }
    if (option == OPT_HELP)
        status = EXIT_FINE;
    else if (option == NULL && opt.operands > 0)
        say_error(command->name, argv[0], "is an operand, and none is taken");
    else if (option == NULL)
        status = print_lines(&env);
    settings_free(&env.settings);
    return status;
}

const struct command cmd_env = {
    .name = "env",
    .operands = "",
    .summary = "print what puts a script, unit or container under the library",
    .details =
        "The settings that are given as options are checked and printed, and LD_PRELOAD with them. "
        "For the shell and for Dockerfiles an LD_PRELOAD that is already there is kept; the other "
        "forms cannot refer to it, so add it by hand where there is one.\n\n"
        "What is started this way logs to the library's own default, /var/log/astray/UID.ndjson, "
        "unless --log says otherwise.",
    .options = options,
    .more_options = settings_option,
    .examples = examples,
    .run = run_command,
};
