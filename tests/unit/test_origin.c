#include <astray/origin.h>

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

/* What is looked for: a host and a port that nothing else here means. */
#define HOST_NUMBER 77
#define PORT 8099

#define NOBODY 65534

/* This program starts itself again, as a chain of processes that a row describes:
 *
 *     NAME [= VARIABLE=VALUE]... [! makes its environment unreadable] @ CHILD...
 *
 * The last one looks for the destination and prints what it finds. */
static const char marker[] = "TEST_ORIGIN_DEPTH";

static char buffer[ORIGIN_SCRATCH];
static struct process self;
static struct origin origin;

static void search(enum policy_origin depth)
{
    struct spelling_wanted wanted = {
        .destination = {.addr = {.bytes = {0, 0, 0, HOST_NUMBER}, .family = ADDR_IPV4},
                        .port = PORT},
    };
    process_read_self(&self, false, buffer);
    wanted.program = self.program;
    origin_find(&wanted, &self, depth, buffer, &origin);
}

/* Prints the items without pids, which no row can know. */
static void print_items(void)
{
    printf("%.*s", (int)origin.spelling.length, origin.spelling.data);
    for (size_t i = 0; i < origin.count; i++) {
        struct slice item = origin.items[i];
        size_t bracket = slice_find(item, '[');
        printf("|%.*s", (int)bracket, item.data);
    }
}

static void start_child(char **arguments)
{
    pid_t pid = fork();
    if (pid == 0) {
        execv("/proc/self/exe", arguments);
        _exit(127);
    }
    int status;
    waitpid(pid, &status, 0);
}

static bool run_process(char **arguments)
{
    size_t i = 1;
    char *set[16];
    size_t count = 0;
    bool hidden = false;
    for (; arguments[i] != NULL && strcmp(arguments[i], "@") != 0; i++) {
        if (strcmp(arguments[i], "!") == 0)
            hidden = true;
        else if (strcmp(arguments[i], "=") == 0 && arguments[i + 1] != NULL && count < 16)
            set[count++] = arguments[++i];
    }
    if (arguments[i] == NULL)
        return false;
    for (size_t n = 0; n < count; n++)
        putenv(set[n]);
    if (hidden)
        prctl(PR_SET_DUMPABLE, 0);
    start_child(arguments + i + 1);
    return true;
}

__attribute__((constructor)) static void play_a_part(int argc, char **arguments)
{
    const char *depth = getenv(marker);
    (void)argc;
    if (depth == NULL)
        return;
    if (!run_process(arguments)) {
        search(strcmp(depth, "parents") == 0 ? POLICY_ORIGIN_PARENTS
               : strcmp(depth, "own") == 0   ? POLICY_ORIGIN_OWN
                                             : POLICY_ORIGIN_NONE);
        print_items();
    }
    fflush(stdout);
    _exit(0);
}

/* Root may read every environment: the chain runs as somebody else. */
static void become_nobody(void)
{
    if (geteuid() != 0)
        return;
    if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) != 0)
        _exit(126);
}

static const char *run_chain(const char *depth, const char *const arguments[],
                             const char *const environment[])
{
    static char out[8192];
    char variable[64];
    const char *all[64] = {variable};
    int ends[2];
    size_t length = 0;
    ssize_t got;
    snprintf(variable, sizeof variable, "%s=%s", marker, depth);
    for (size_t i = 0; environment != NULL && environment[i] != NULL && i < 62; i++)
        all[i + 1] = environment[i];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        become_nobody();
        execve("/proc/self/exe", (char *const *)arguments, (char *const *)all);
        _exit(127);
    }
    close(ends[1]);
    while (length + 1 < sizeof out &&
           (got = read(ends[0], out + length, sizeof out - 1 - length)) > 0)
        length += (size_t)got;
    out[length] = '\0';
    close(ends[0]);
    waitpid(pid, NULL, 0);
    return out;
}

static const struct row {
    const char *depth;
    const char *arguments[24];
    const char *found; /* the spelling, then the items without pids */
    const char *why;
} rows[] = {
    // clang-format off
    {"own", {"curl", "-fsS", "http://77:8099/health"}, "77|argv:2", "an argument"},
    {"own", {"curl", "http://77:8099/", "77:8099"}, "77|argv:1|argv:2", "two arguments"},
    {"own", {"curl", "http://10.0.0.1:8099/", "77"}, "", "neither host nor port alone"},
    {"own", {"curl", "77:8099", "77:8099", "77:8099", "77:8099", "77:8099"}, "77|argv:1|argv:2|argv:3", "room is left for variables"},
    {"own", {"77:8099"}, "", "the program's own name is no origin"},
    {"own", {"nc", "-z", "0x4d", "8099"}, "0x4d|argv:2", "host and port apart"},
    {"own", {"python3", "/usr/bin/curl", "-m", "77", "77:8099"}, "77|argv:4", "a script's own options"},
    {"own", {"deploy.sh", "=", "A=77:8099", "@", "curl"}, "77|env:A", "a variable"},
    {"own", {"deploy.sh", "=", "A=77:8099", "=", "B=0.0.0.77:8099", "@", "curl", "77:8099"}, "77|argv:1|env:A|env:B", "arguments first, then variables"},
    {"own", {"deploy.sh", "=", "no_proxy=77:8099", "=", "X=77", "@", "curl"}, "", "no false origin"},
    {"none", {"deploy.sh", "=", "A=77:8099", "@", "curl", "77:8099"}, "", "nothing is read"},
    {"parents", {"cron", "@", "deploy.sh", "=", "A=77:8099", "@", "curl", "http://77:8099/"},
     "77|argv:1|env:A@deploy.sh", "the example: deploy.sh exported it"},
    {"parents", {"cron", "=", "A=77:8099", "@", "deploy.sh", "@", "curl"},
     "77|env:A@cron", "its parent's parent introduced it"},
    {"parents", {"cron", "=", "A=77:8099", "@", "deploy.sh", "=", "A=other", "@", "curl", "77:8099"},
     "77|argv:1|env:A@cron", "deploy.sh had it and changed it: its argument has it still"},
    {"parents", {"cron", "=", "A=77:8099", "@", "deploy.sh", "=", "A=0.0.0.77:8099", "@", "curl"},
     "0.0.0.77|env:A@deploy.sh|env:A@cron", "the same name with another value is another variable"},
    {"parents", {"cron", "=", "A=77:8099", "@", "deploy.sh", "=", "B=77:8099", "@", "curl"},
     "77|env:A@cron|env:B@deploy.sh", "each has an introducer of its own"},
    {"parents", {"bash", "/srv/deploy.sh", "=", "A=77:8099", "@", "curl"},
     "77|env:A@deploy.sh", "a script by its name"},
    {"parents", {"cron", "!", "@", "deploy.sh", "=", "A=77:8099", "@", "curl"},
     "77|env:A@deploy.sh", "what is above the introducer does not matter"},
    {"parents", {"init", "@", "cron", "!", "=", "A=77:8099", "@", "deploy.sh", "@", "curl"},
     "77|env:A|unknown above deploy.sh", "cron's environment may not be read"},
    {"parents", {"boot", "=", "A=77:8099", "@", "init", "@", "cron", "!", "@", "deploy.sh", "@", "curl"},
     "77|env:A@boot", "but those above cron hold it"},
    {"parents", {"deploy.sh", "!", "=", "A=77:8099", "@", "curl"},
     "77|env:A|unknown above curl", "the parent's environment may not be read"},
    {"parents", {"a", "=", "A=77:8099", "@", "b", "@", "c", "@", "d", "@", "e", "@", "f", "@", "g", "@", "h", "@", "i", "@", "j", "@", "curl"},
     "77|env:A|unknown above c", "eight ancestors are known, no more"},
    // clang-format on
};

START_TEST(finds_where_an_address_came_from)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = run_chain(rows[i].depth, rows[i].arguments, NULL);
        ck_assert_msg(strcmp(found, rows[i].found) == 0, "%s: \"%s\", not \"%s\"", rows[i].why,
                      found, rows[i].found);
    }
}
END_TEST

START_TEST(looks_at_initial_environments_only)
{
    putenv((char[]){"ORIGIN_ADDR=77:8099"});
    search(POLICY_ORIGIN_PARENTS);
    unsetenv("ORIGIN_ADDR");
    ck_assert_uint_eq(origin.count, 0);
}
END_TEST

START_TEST(reads_environments_larger_than_its_buffer)
{
    static char small[40][600], huge[40000], cut[ORIGIN_SCRATCH + 100];
    static const char *const leaf[] = {"curl", NULL};
    const char *environment[64];
    size_t count = 0;
    memset(huge, 'x', sizeof huge - 1);
    memcpy(huge, "HUGE=", 5);
    /* an origin wherever it is cut */
    for (size_t i = 0; i + 1 < sizeof cut; i++)
        cut[i] = "X=77:8099 "[i % 10];
    for (size_t i = 0; i < 40; i++) {
        memset(small[i], 'y', sizeof small[i] - 1);
        memcpy(small[i], "A=", 2);
        small[i][2] = (char)('0' + i);
        environment[count++] = small[i];
        if (i == 20)
            environment[count++] = huge;
        if (i == 30)
            environment[count++] = cut;
    }
    environment[count++] = "LAST_ADDR=77:8099";
    environment[count] = NULL;
    ck_assert_str_eq(run_chain("own", leaf, environment), "77|env:LAST_ADDR");
}
END_TEST

START_TEST(never_logs_a_value)
{
    static const char *const leaf[] = {"curl", NULL};
    static const char *const environment[] = {"API_URL=http://user:secret@77:8099/token", NULL};
    const char *found = run_chain("own", leaf, environment);
    ck_assert_str_eq(found, "77|env:API_URL");
}
END_TEST

START_TEST(leaves_out_what_does_not_fit)
{
    static char names[8][300];
    static const char *const leaf[] = {"curl", NULL};
    const char *environment[9];
    for (size_t i = 0; i < 8; i++) {
        memset(names[i], (int)('A' + i), sizeof names[i]);
        strcpy(names[i] + (i < 4 ? 280 : 100), "=77:8099");
        environment[i] = names[i];
    }
    environment[8] = NULL;
    const char *found = run_chain("own", leaf, environment);
    ck_assert_uint_lt(strlen(found), ORIGIN_STORAGE);
    ck_assert_msg(strncmp(found, "77|env:EEE", 10) == 0, "%s", found);
}
END_TEST

START_TEST(leaves_errno_alone)
{
    errno = 42;
    search(POLICY_ORIGIN_PARENTS);
    ck_assert_int_eq(errno, 42);
}
END_TEST

START_TEST(names_processes_with_their_pids_unless_those_were_reused)
{
    struct spelling_wanted wanted = {
        .destination = {.addr = {.bytes = {0, 0, 0, HOST_NUMBER}, .family = ADDR_IPV4},
                        .port = PORT},
    };
    char variable[] = "STRANGE_ADDR=77:8099";
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[0], 0);
        close(ends[1]);
        execle("/bin/cat", "cat", NULL, (char *[]){variable, NULL});
        _exit(127);
    }
    close(ends[0]);
    char text[1024];
    struct process_stat stat = {0};
    for (int i = 0; i < 1000 && !slice_equal(stat.command, SLICE("cat")); i++) {
        ssize_t length = process_read_file(pid, "stat", text, sizeof text);
        ck_assert(length > 0 && process_stat_parse((struct slice){text, (size_t)length}, &stat));
        usleep(1000);
    }
    process_read_self(&self, false, buffer);
    self.ancestor_count = 1;
    self.topmost = false;
    self.ancestors[0] = (struct process_ancestor){pid, stat.started, SLICE("cat")};
    origin_find(&wanted, &self, POLICY_ORIGIN_PARENTS, buffer, &origin);
    char expected[64];
    snprintf(expected, sizeof expected, "unknown above cat[%d]", pid);
    ck_assert_uint_eq(origin.count, 2);
    ck_assert(slice_equal(origin.items[0], SLICE("env:STRANGE_ADDR")));
    ck_assert(slice_equal(origin.items[1], slice_of(expected)));
    self.topmost = true;
    origin_find(&wanted, &self, POLICY_ORIGIN_PARENTS, buffer, &origin);
    snprintf(expected, sizeof expected, "env:STRANGE_ADDR@cat[%d]", pid);
    ck_assert_uint_eq(origin.count, 1);
    ck_assert(slice_equal(origin.items[0], slice_of(expected)));
    self.ancestors[0].started++;
    origin_find(&wanted, &self, POLICY_ORIGIN_PARENTS, buffer, &origin);
    ck_assert_uint_eq(origin.count, 0);
    close(ends[1]);
    waitpid(pid, NULL, 0);
}
END_TEST

static const TTest *const tests[] = {
    finds_where_an_address_came_from,
    looks_at_initial_environments_only,
    reads_environments_larger_than_its_buffer,
    never_logs_a_value,
    leaves_out_what_does_not_fit,
    leaves_errno_alone,
    names_processes_with_their_pids_unless_those_were_reused,
};

UNIT_MAIN("origin", tests)
