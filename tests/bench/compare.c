/* compare.c - runs one command in several variants of its environment, and compares what it
 * measures.
 *
 * Usage: compare [-n ROUNDS] [-w] VARIANT... -- COMMAND [ARG...]
 *
 *   VARIANT  "NAME" or "NAME VARIABLE=VALUE...": what is added to the environment, from which
 *            LD_PRELOAD and our own variables are taken out. The first one is the reference.
 *   -n       rounds (20). In each round every variant runs once, in a fresh random order, so that
 *            a drift of the machine hits them all alike.
 *   -w       the measure is the wall time of the command, in microseconds; else the command prints
 *            its measures, a line each: NAME VALUE.
 *
 * All run on one processor, and before other programs where that is allowed. Prints a line for each
 * measure and variant, fields between tabs: measure, variant, median, median of the ratios to the
 * reference of the same round, median of the differences to it, and how many runs failed. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sample.h"

enum { VARIANTS_MAX = 16, MEASURES_MAX = 16, NAME_SIZE = 32, OUTPUT_SIZE = 4096 };

struct variant {
    char *name;
    char **environment;
    double *values[MEASURES_MAX]; /* a value a round; NAN where there is none */
    unsigned failed;
};

struct comparison {
    size_t rounds;
    bool wall_time;
    char **command;
    size_t variant_count;
    struct variant variants[VARIANTS_MAX];
    size_t measure_count;
    char measures[MEASURES_MAX][NAME_SIZE];
};

static void die(const char *what, const char *input, int error)
{
    fprintf(stderr, "compare: %s: \"%s\": %s\n", what, input, strerror(error));
    exit(2);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        die("cannot allocate", "memory", ENOMEM);
    return memory;
}

/* ---- the variants ----------------------------------------------------- */

static bool is_left_out(const char *entry)
{
    return strncmp(entry, "LD_PRELOAD=", 11) == 0 || strncmp(entry, "ASTRAY_", 7) == 0;
}

static void add_variant(struct comparison *comparison, char *text)
{
    if (comparison->variant_count == VARIANTS_MAX)
        die("too many variants", text, E2BIG);
    struct variant *variant = &comparison->variants[comparison->variant_count++];
    size_t count = 0, room = 1 + strlen(text) / 2;
    while (environ[count] != NULL)
        count++;
    variant->environment = allocate(count + room + 1, sizeof *variant->environment);
    count = 0;
    variant->name = strtok(text, " ");
    for (char *entry; (entry = strtok(NULL, " ")) != NULL;)
        variant->environment[count++] = entry;
    for (char **entry = environ; *entry != NULL; entry++)
        if (!is_left_out(*entry))
            variant->environment[count++] = *entry;
}

/* ---- one run ---------------------------------------------------------- */

static double *values_of(struct comparison *comparison, struct variant *variant, const char *name)
{
    size_t i = 0;
    while (i < comparison->measure_count && strcmp(comparison->measures[i], name) != 0)
        i++;
    if (i == MEASURES_MAX)
        die("too many measures", name, E2BIG);
    if (i == comparison->measure_count)
        snprintf(comparison->measures[comparison->measure_count++], NAME_SIZE, "%s", name);
    if (variant->values[i] == NULL) {
        variant->values[i] = allocate(comparison->rounds, sizeof(double));
        for (size_t j = 0; j < comparison->rounds; j++)
            variant->values[i][j] = NAN;
    }
    return variant->values[i];
}

static pid_t start(const struct comparison *comparison, const struct variant *variant, int output)
{
    pid_t pid;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (output >= 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1);
    char *program = comparison->command[0];
    int error =
        posix_spawn(&pid, program, &actions, NULL, comparison->command, variant->environment);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        die("cannot start", program, error);
    return pid;
}

static bool succeeds(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool time_whole(struct comparison *comparison, struct variant *variant, double *out)
{
    double began = sample_now_ns();
    bool success = succeeds(start(comparison, variant, -1));
    *out = (sample_now_ns() - began) / 1e3;
    return success;
}

static void read_all(int input, char out[static OUTPUT_SIZE])
{
    size_t length = 0;
    ssize_t got;
    while ((got = read(input, out + length, OUTPUT_SIZE - 1 - length)) > 0)
        length += (size_t)got;
    out[length] = '\0';
}

static bool read_measures(struct comparison *comparison, struct variant *variant, size_t round)
{
    int ends[2];
    char output[OUTPUT_SIZE], name[NAME_SIZE];
    double value;
    if (pipe2(ends, O_CLOEXEC) != 0)
        die("cannot make", "pipe", errno);
    pid_t pid = start(comparison, variant, ends[1]);
    close(ends[1]);
    read_all(ends[0], output);
    close(ends[0]);
    if (!succeeds(pid))
        return false;
    for (char *line = strtok(output, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (sscanf(line, "%31s %lf", name, &value) == 2)
            values_of(comparison, variant, name)[round] = value;
    return true;
}

static void run(struct comparison *comparison, struct variant *variant, size_t round)
{
    bool success;
    if (comparison->wall_time) {
        double time;
        success = time_whole(comparison, variant, &time);
        if (success)
            values_of(comparison, variant, "wall")[round] = time;
    } else {
        success = read_measures(comparison, variant, round);
    }
    variant->failed += !success;
}

static void run_all(struct comparison *comparison)
{
    size_t order[VARIANTS_MAX], count = comparison->variant_count;
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t round = 0; round < comparison->rounds; round++) {
        for (size_t i = count - 1; i > 0; i--) {
            size_t j = (size_t)rand() % (i + 1), other = order[i];
            order[i] = order[j];
            order[j] = other;
        }
        for (size_t i = 0; i < count; i++)
            run(comparison, &comparison->variants[order[i]], round);
    }
}

/* ---- what came out ---------------------------------------------------- */

static void print_one(const struct comparison *comparison, size_t measure,
                      const struct variant *variant)
{
    const double *values = variant->values[measure];
    const double *references = comparison->variants[0].values[measure];
    double *sorted = allocate(3 * comparison->rounds, sizeof *sorted);
    double *ratios = sorted + comparison->rounds, *differences = ratios + comparison->rounds;
    size_t own = 0, both = 0;
    for (size_t i = 0; values != NULL && i < comparison->rounds; i++) {
        if (isnan(values[i]))
            continue;
        sorted[own++] = values[i];
        if (references == NULL || isnan(references[i]))
            continue;
        ratios[both] = values[i] / references[i];
        differences[both++] = values[i] - references[i];
    }
    if (own > 0)
        printf("%s\t%s\t%.1f\t%.3f\t%.1f\t%u\n", comparison->measures[measure], variant->name,
               sample_median(sorted, own), sample_median(ratios, both),
               sample_median(differences, both), variant->failed);
    free(sorted);
}

static void print_all(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->measure_count; i++)
        for (size_t j = 0; j < comparison->variant_count; j++)
            print_one(comparison, i, &comparison->variants[j]);
}

static void keep_others_away(void)
{
    cpu_set_t allowed, one;
    setpriority(PRIO_PROCESS, 0, -20);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    for (int i = CPU_SETSIZE - 1; i >= 0; i--) {
        if (!CPU_ISSET(i, &allowed))
            continue;
        CPU_ZERO(&one);
        CPU_SET(i, &one);
        sched_setaffinity(0, sizeof one, &one);
        return;
    }
}

static bool parse(int argc, char **argv, struct comparison *comparison)
{
    int option;
    while ((option = getopt(argc, argv, "+n:w")) != -1) {
        if (option == 'n')
            comparison->rounds = strtoul(optarg, NULL, 10);
        else if (option == 'w')
            comparison->wall_time = true;
        else
            return false;
    }
    while (optind < argc && strcmp(argv[optind], "--") != 0)
        add_variant(comparison, argv[optind++]);
    comparison->command = argv + optind + 1;
    return comparison->rounds > 0 && comparison->variant_count > 0 && optind + 1 < argc;
}

int main(int argc, char **argv)
{
    static struct comparison comparison = {.rounds = 20};
    if (!parse(argc, argv, &comparison)) {
        fputs("usage: compare [-n ROUNDS] [-w] VARIANT... -- COMMAND [ARG...]\n", stderr);
        return 2;
    }
    keep_others_away();
    run_all(&comparison);
    print_all(&comparison);
    return 0;
}
