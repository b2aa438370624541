#include "opt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

const struct option_row opt_bad = {0}, opt_help = {0};

static const struct option_row help_row = {
    .name = "help", .letter = 'h', .summary = "print this help and exit"};

static char plain(char c)
{
    return c == '_' ? '-' : c;
}

/* Is the option NAME the LENGTH bytes at TEXT? */
static bool same_name(const char *name, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (name[i] == '\0' || plain(name[i]) != plain(text[i]))
            return false;
    return name[length] == '\0';
}

bool opt_is(const struct option_row *option, const char *name)
{
    return option->name != NULL && same_name(option->name, name, strlen(name));
}

bool opt_row(const struct command *command, size_t index, struct option_row *out)
{
    size_t own = 0, more = 0;
    while (command->options != NULL && command->options[own].name != NULL) {
        if (own == index) {
            *out = command->options[own];
            return true;
        }
        own++;
    }
    if (command->more_options != NULL) {
        if (command->more_options(index - own, out))
            return true;
        struct option_row row;
        while (command->more_options(more, &row))
            more++;
    }
    if (index != own + more)
        return false;
    *out = help_row;
    return true;
}

/* ---- slips of the finger ------------------------------------------------ */

#define SLIP_MAX 32 /* longer words get no suggestion */

/* Edit distance (Damerau, adjacent swaps count one). */
static unsigned distance(const char *a, const char *b)
{
    size_t m = strlen(a), n = strlen(b);
    unsigned rows[3][SLIP_MAX + 1];
    if (m > SLIP_MAX || n > SLIP_MAX)
        return SLIP_MAX;
    for (size_t j = 0; j <= n; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= m; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= n; j++) {
            unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two[j - 2] < best)
                best = two[j - 2] + 1 < best ? two[j - 2] + 1 : best;
            row[j] = best;
        }
    }
    return rows[m % 3][n];
}

/* Is NAME near enough to WORD to be worth a question, and nearer than BEST? */
static bool nearer(const char *word, const char *name, unsigned *best)
{
    size_t length = strlen(word);
    unsigned slips = distance(word, name);
    if (length > 1 && strncmp(word, name, length) == 0)
        slips = 1;
    if (slips > 2 || slips >= length || slips >= *best)
        return false;
    *best = slips;
    return true;
}

const struct command *opt_command(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

const struct command *opt_command_near(const char *name)
{
    const struct command *found = NULL;
    unsigned best = SLIP_MAX;
    for (size_t i = 0; commands[i] != NULL; i++)
        if (nearer(name, commands[i]->name, &best))
            found = commands[i];
    return found;
}

static const struct option_row *unknown(const struct command *command, const char *argument,
                                        const char *name, size_t length)
{
    char word[SLIP_MAX + 1] = "", reason[2 * SLIP_MAX + 64], suggestion[SLIP_MAX + 1] = "";
    unsigned best = SLIP_MAX;
    struct option_row row;
    for (size_t i = 0; length <= SLIP_MAX && i < length; i++)
        word[i] = plain(name[i]);
    for (size_t i = 0; opt_row(command, i, &row); i++) {
        char candidate[SLIP_MAX + 1] = "";
        for (size_t at = 0; at < SLIP_MAX && row.name[at] != '\0'; at++)
            candidate[at] = plain(row.name[at]);
        if (nearer(word, candidate, &best))
            memcpy(suggestion, candidate, sizeof suggestion);
    }
    if (*suggestion != '\0')
        snprintf(reason, sizeof reason, "is no option; did you mean --%s?", suggestion);
    else
        snprintf(reason, sizeof reason, "is no option; see astray %s --help", command->name);
    say_error(command->name, argument, reason);
    return OPT_BAD;
}

/* ---- parsing ------------------------------------------------------------ */

void opt_start(struct opt *opt, const struct command *command, int argc, char **argv)
{
    *opt = (struct opt){.command = command, .argc = argc, .argv = argv};
}

/* "audit|rewrite|block" as "audit, rewrite, block". */
static void spell_choices(const char *choices, struct text *out)
{
    for (const char *c = choices; *c != '\0'; c++) {
        if (*c == '|')
            text_string(out, ", ");
        else
            text_char(out, *c);
    }
}

static bool is_choice(const char *choices, const char *value)
{
    struct slice rest = slice_of(choices), choice;
    while (slice_cut(&rest, '|', &choice))
        if (slice_equal(choice, slice_of(value)))
            return true;
    return false;
}

/* "--log-limit" */
static const char *spelled(const struct option_row *row, char out[static SLIP_MAX + 3])
{
    struct text text;
    text_start(&text, out, SLIP_MAX + 3);
    text_string(&text, "--");
    for (const char *c = row->name; *c != '\0'; c++)
        text_char(&text, plain(*c));
    return text_finish(&text);
}

/* The option of OPT's row, whose value VALUE is (NULL: none was given with it). */
static const struct option_row *accept(struct opt *opt, const char *value)
{
    char name[SLIP_MAX + 3];
    const struct option_row *row = &opt->row;
    if (opt_is(row, "help") && row->value == NULL && value == NULL) {
        opt_print_help(opt->command);
        return OPT_HELP;
    }
    if (row->value == NULL && value != NULL) {
        say_error(spelled(row, name), value, "takes no value");
        return OPT_BAD;
    }
    if (row->value != NULL && value == NULL) {
        if (opt->at >= opt->argc) {
            say_error(spelled(row, name), NULL, "needs a value");
            return OPT_BAD;
        }
        value = opt->argv[opt->at++];
    }
    if (row->choices != NULL && !is_choice(row->choices, value)) {
        char reason[256];
        struct text text;
        text_start(&text, reason, sizeof reason);
        text_string(&text, "is not one of ");
        spell_choices(row->choices, &text);
        say_error(spelled(row, name), value, text_finish(&text));
        return OPT_BAD;
    }
    opt->value = value;
    return row;
}

static const struct option_row *long_option(struct opt *opt, const char *argument)
{
    const char *name = argument + 2;
    size_t length = strcspn(name, "=");
    for (size_t i = 0; opt_row(opt->command, i, &opt->row); i++)
        if (same_name(opt->row.name, name, length))
            return accept(opt, name[length] == '=' ? name + length + 1 : NULL);
    return unknown(opt->command, argument, name, length);
}

static const struct option_row *short_option(struct opt *opt)
{
    char letter = *opt->cluster++;
    const char *rest = opt->cluster;
    if (*rest == '\0')
        opt->cluster = rest = NULL;
    for (size_t i = 0; opt_row(opt->command, i, &opt->row); i++) {
        if (opt->row.letter != letter)
            continue;
        if (opt->row.value == NULL)
            return accept(opt, NULL);
        opt->cluster = NULL;
        return accept(opt, rest);
    }
    return unknown(opt->command, (const char[]){'-', letter, '\0'}, "", 0);
}

const struct option_row *opt_next(struct opt *opt)
{
    opt->value = NULL;
    if (opt->cluster != NULL)
        return short_option(opt);
    while (opt->at < opt->argc) {
        char *argument = opt->argv[opt->at];
        if (opt->ended || argument[0] != '-' || argument[1] == '\0') {
            if (opt->command->stop_at_operand)
                return NULL;
            opt->argv[opt->operands++] = argument;
            opt->at++;
            continue;
        }
        opt->at++;
        if (strcmp(argument, "--") == 0) {
            opt->ended = true;
            continue;
        }
        if (argument[1] == '-')
            return long_option(opt, argument);
        opt->cluster = argument + 1;
        return short_option(opt);
    }
    return NULL;
}

/* ---- help --------------------------------------------------------------- */

void opt_print_wrapped(const char *text, unsigned column, unsigned indent, unsigned width)
{
    const char *before = "";
    while (*text != '\0') {
        size_t length = strcspn(text, " \n");
        if (*before != '\0' && column + 1 + length > width) {
            printf("\n%*s", (int)indent, "");
            column = indent;
            before = "";
        }
        printf("%s%.*s", before, (int)length, text);
        column += (unsigned)(length + strlen(before));
        before = " ";
        text += length;
        text += strspn(text, " \n");
    }
    putchar('\n');
}

enum { HELP_WIDTH = 80, HELP_COLUMN = 28 };

static void print_option(const struct option_row *row)
{
    char name[SLIP_MAX + 3], summary[512];
    struct text text;
    int column = row->letter != 0 ? printf("  -%c, ", row->letter) : printf("      ");
    column += printf("%s", spelled(row, name));
    if (row->value != NULL)
        column += printf(" %s", row->value);
    if (column + 2 > HELP_COLUMN) {
        putchar('\n');
        column = 0;
    }
    printf("%*s", HELP_COLUMN - column, "");

    text_start(&text, summary, sizeof summary);
    text_string(&text, row->summary);
    if (row->choices != NULL && row->value != NULL && strchr(row->value, '|') == NULL) {
        text_string(&text, ": ");
        spell_choices(row->choices, &text);
    }
    if (row->initial != NULL && *row->initial != '\0' && strcmp(row->initial, "default") != 0) {
        text_string(&text, " (default ");
        text_string(&text, row->initial);
        text_string(&text, ")");
    }
    opt_print_wrapped(text_finish(&text), HELP_COLUMN, HELP_COLUMN, HELP_WIDTH);
}

void opt_print_help(const struct command *command)
{
    printf("Usage: astray %s [OPTIONS]%s%s\n\n", command->name, *command->operands ? " " : "",
           command->operands);
    opt_print_wrapped(command->summary, 0, 0, HELP_WIDTH);
    puts("\nOptions:");
    struct option_row row;
    for (size_t i = 0; opt_row(command, i, &row); i++)
        print_option(&row);
    if (command->examples == NULL)
        return;
    puts("\nExamples:");
    for (const struct command_example *e = command->examples; e->line != NULL; e++) {
        printf("  %s\n      ", e->line);
        opt_print_wrapped(e->meaning, 6, 6, HELP_WIDTH);
    }
}
