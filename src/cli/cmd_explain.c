#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "opt.h"
#include "say.h"
#include "settings.h"

enum { PATIENCE = 3000 }; /* milliseconds that a resolver gets */

static const struct option_row own_options[] = {
    {.name = "format",
     .value = "FORMAT",
     .choices = "text|json",
     .initial = "text",
     .summary = "how to print",
     .details = "json is one object a destination, each on a line of its own. It always has input, "
                "scheme, host, port, stray, advice; address, class, range, source, action, reason, "
                "explanation, route and outcomes of the address that decides; addresses, the same "
                "for each address of a name; resolver, listeners and readers. What does not apply "
                "is null."},
    {.name = "no-resolve",
     .summary = "look up no name",
     .details = "A name is looked up as every program here would, which may ask a DNS server, for "
                "at most three seconds. A literal address never is."},
    {.name = "fail-on-stray", .summary = "exit with status 1 when a destination is stray"},
    OPT_COLOR,
    {0},
};

/* Of the library's settings those that decide what is stray. */
static bool more_options(size_t index, struct option_row *out)
{
    static const char *const keys[] = {"classes", "allow"};
    if (index >= sizeof keys / sizeof *keys)
        return false;
    for (size_t i = 0; settings_option(i, out); i++)
        if (strcmp(out->name, keys[index]) == 0)
            return true;
    return false;
}

static const struct command_example examples[] = {
    {"astray explain 0:80", "why 0:80 is refused where localhost:80 answers"},
    {"astray explain http://0177.1:8080/", "how libc, Java and a browser read one address"},
    {"astray explain --format json \"$API_URL\" | jq -r .advice", "what to write instead"},
    {"astray explain --fail-on-stray \"$DB_HOST:$DB_PORT\" || exit 1",
     "stop a deployment before it connects"},
    {0},
};

struct options {
    struct settings settings;
    struct explain_request request;
    const char *color;
    bool json;
    bool fail_on_stray;
};

static void take(struct options *options, const struct option_row *option, const char *value)
{
    if (opt_is(option, "format"))
        options->json = strcmp(value, "json") == 0;
    else if (opt_is(option, "no-resolve"))
        options->request.resolve = false;
    else if (opt_is(option, "fail-on-stray"))
        options->fail_on_stray = true;
    else if (opt_is(option, "color"))
        options->color = value;
    else
        settings_take(&options->settings, option, value);
}

static int explain_all(const struct options *options, int count, char **inputs)
{
    struct explanation *explanation = malloc(sizeof *explanation);
    bool color = say_colored(stdout, options->color), stray = false;
    unsigned width = say_width(stdout);
    int status = EXIT_FINE, printed = 0;
    if (explanation == NULL) {
        say_errno("explain", NULL, errno);
        return EXIT_TROUBLE;
    }
    for (int i = 0; i < count; i++) {
        if (!explain(&options->request, inputs[i], explanation)) {
            status = EXIT_TROUBLE;
            continue;
        }
        stray |= explanation->stray;
        if (options->json) {
            explain_json(stdout, explanation);
        } else {
            if (printed++ > 0)
                putchar('\n');
            explain_text(explanation, width, color);
        }
        fflush(stdout); /* before what may be told of the next one */
    }
    free(explanation);
    return status == EXIT_FINE && stray && options->fail_on_stray ? EXIT_FINDINGS : status;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct policy policy;
    struct options options = {
        .request = {.policy = &policy, .resolve = true, .milliseconds = PATIENCE},
        .color = "auto",
    };
    struct opt opt;
    const struct option_row *option;
    int status = EXIT_TROUBLE;
    opt_start(&opt, command, argc, argv);
    while ((option = opt_next(&opt)) != NULL && option != OPT_BAD && option != OPT_HELP)
        take(&options, option, opt.value);
    if (option == OPT_HELP)
        status = EXIT_FINE;
    else if (option == NULL && opt.operands == 0)
        say_error(command->name, NULL, "needs a destination, such as 0:80 or http://10.0.0.5/");
    else if (option == NULL && settings_read(&options.settings) &&
             settings_check(&options.settings, &policy))
        status = explain_all(&options, opt.operands, argv);
    settings_free(&options.settings);
    return status;
}

const struct command cmd_explain = {
    .name = "explain",
    .operands = "DESTINATION...",
    .summary = "tell what a destination is, where it leads, who listens and what to write",
    .details =
        "A DESTINATION is an address, a name, host:port, [IPv6]:port or a URL, spelled as it "
        "stands in the script or variable. Nothing is ever connected to: what would happen is "
        "worked out from the kernel's routing table and its list of listening sockets.\n\n"
        "The verdict is the library's own, by the same settings: those of astray.conf, the "
        "ASTRAY_ variables, and the options here. It is the one for a TCP connection.\n\n"
        "class is what the registries say of the address. leads to is the address that Linux "
        "connects to: 0.0.0.0 is taken for 127.0.0.1, and :: for ::1. outcome is what connect(2) "
        "would answer, and why. listeners are the sockets of this host that listen on the port, "
        "with their processes where these may be seen (root sees all). elsewhere says what other "
        "systems do with an address that only Linux takes. read as lists the clients that read "
        "the text differently: 0177.1 is 127.0.0.1 for libc, 177.0.0.1 for Java, and a name for "
        "Go.\n\n"
        "A text that is no destination is told on standard error and gives exit status 2; the "
        "others are still explained.",
    .options = own_options,
    .more_options = more_options,
    .examples = examples,
    .run = run_command,
};
