#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <astray/version.h>

#include "opt.h"
#include "say.h"

static void print_usage(FILE *out)
{
    fputs("Usage: astray COMMAND [OPTIONS] ...\n\n"
          "Finds connections that go astray: to addresses that cannot be right.\n\n"
          "Commands:\n",
          out);
    for (size_t i = 0; commands[i] != NULL; i++)
        fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nOptions:\n"
          "  -h, --help     print this help, or with a command its own\n"
          "  -V, --version  print the version\n\n"
          "astray COMMAND --help tells more of a command.\n",
          out);
}

static int unknown_command(const char *name)
{
    char reason[96];
    const struct command *near = opt_command_near(name);
    if (near != NULL)
        snprintf(reason, sizeof reason, "is no command; did you mean %s?", near->name);
    else
        snprintf(reason, sizeof reason, "is no command; see astray --help");
    say_error(name[0] == '-' ? "option" : "command", name,
              name[0] == '-' ? "is not known; see astray --help" : reason);
    return EXIT_TROUBLE;
}

static int print_help(const char *name)
{
    if (name == NULL) {
        print_usage(stdout);
        return EXIT_FINE;
    }
    const struct command *command = opt_command(name);
    if (command == NULL)
        return unknown_command(name);
    opt_print_help(command);
    return EXIT_FINE;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_TROUBLE;
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return print_help(argv[2]);
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        puts("astray " ASTRAY_VERSION);
        return EXIT_FINE;
    }
    const struct command *command = opt_command(name);
    if (command == NULL)
        return unknown_command(name);
    return command->run(command, argc - 2, argv + 2);
}

int main(int argc, char **argv)
{
    int status = dispatch(argc, argv);
    /* What did not reach its reader is trouble, however well the work went. */
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        say_errno("standard output", NULL, errno);
        return EXIT_TROUBLE;
    }
    return status;
}
