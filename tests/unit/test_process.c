#include <astray/process.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard.h"
#include "unit.h"

static char scratch[PROCESS_SCRATCH];

static struct slice guarded(const char *data, size_t length)
{
    return (struct slice){guard_copy(data, length), length};
}

#define COMMAND(text) text, sizeof(text)

struct name_row {
    const char *command;
    size_t length;
    const char *name;
    const char *why;
};

// clang-format off
static const struct name_row name_rows[] = {
    {COMMAND("curl\0-fsS\0http://0:80/health"), "curl", "a program"},
    {COMMAND("/usr/bin/curl"), "curl", "a path"},
    {COMMAND("/bin/sh\0./deploy.sh"), "deploy.sh", "what #! makes of a script"},
    {COMMAND("bash\0/srv/app/deploy.sh\0--all"), "deploy.sh", "its own arguments do not count"},
    {COMMAND("bash\0-eux\0deploy.sh"), "deploy.sh", "flags"},
    {COMMAND("bash\0-o\0pipefail\0deploy.sh"), "deploy.sh", "an option with a value"},
    {COMMAND("bash\0+o\0posix\0deploy.sh"), "deploy.sh", "an option that is turned off"},
    {COMMAND("bash\0--rcfile\0/x\0deploy.sh"), "deploy.sh", "a long option with a value"},
    {COMMAND("bash\0--\0deploy.sh"), "deploy.sh", "the end of the options"},
    {COMMAND("bash\0-c\0curl 0"), "bash", "a command is no script"},
    {COMMAND("sh\0-ec\0curl 0\0x"), "sh", "a cluster with -c"},
    {COMMAND("-bash"), "bash", "a login shell"},
    {COMMAND("bash"), "bash", "an interactive shell"},
    {COMMAND("bash\0-s\0arg"), "bash", "reads standard input"},
    {COMMAND("bash\0-"), "bash", "standard input by hyphen"},
    {COMMAND("bash\0/dev/fd/63"), "bash", "a descriptor has no name"},
    {COMMAND("dash\0-e\0/etc/init.d/x"), "x", "dash"},
    {COMMAND("ksh93\0a.ksh"), "a.ksh", "ksh"},
    {COMMAND("zsh\0-f\0a.zsh"), "a.zsh", "zsh"},
    {COMMAND("busybox\0sh\0/x/y.sh"), "y.sh", "busybox runs a shell"},
    {COMMAND("/bin/busybox\0wget\0http://0"), "wget", "busybox runs an applet"},
    {COMMAND("busybox"), "busybox", "busybox alone"},
    {COMMAND("python3\0manage.py\0run"), "manage.py", "python"},
    {COMMAND("python3.11\0-u\0-W\0ignore\0a.py"), "a.py", "python's options"},
    {COMMAND("python3\0-Wignore\0a.py"), "a.py", "an attached value"},
    {COMMAND("python3\0-m\0http.server\0" "80"), "http.server", "a module"},
    {COMMAND("python3\0-mhttp.server"), "http.server", "a module, attached"},
    {COMMAND("python3\0-c\0import x"), "python3", "a command"},
    {COMMAND("perl\0-I\0lib\0a.pl"), "a.pl", "perl's library"},
    {COMMAND("perl\0-MSocket\0a.pl"), "a.pl", "perl's module"},
    {COMMAND("perl\0-lne\0print"), "perl", "perl's program"},
    {COMMAND("perl\0-0777\0-pe\0s/x/y/"), "perl", "perl's digits"},
    {COMMAND("ruby\0-r\0json\0a.rb"), "a.rb", "ruby"},
    {COMMAND("node\0--require\0x\0server.js"), "server.js", "node"},
    {COMMAND("node\0-e\0x"), "node", "node's program"},
    {COMMAND("node\0--eval\0x"), "node", "node's program by its long name"},
    {COMMAND("php\0-f\0a.php"), "a.php", "php's option for the script"},
    {COMMAND("php8.2\0-d\0x=1\0a.php"), "a.php", "php's settings"},
    {COMMAND("php\0-r\0echo;"), "php", "php's code"},
    {COMMAND("php-fpm: pool www"), "php-fpm", "a title"},
    {COMMAND("lua5.4\0-l\0x\0a.lua"), "a.lua", "lua"},
    {COMMAND("tclsh8.6\0a.tcl"), "a.tcl", "tcl"},
    {COMMAND("awk\0-F\0:\0-f\0a.awk\0/etc/passwd"), "a.awk", "awk's script"},
    {COMMAND("awk\0{print}\0/etc/passwd"), "awk", "awk's program"},
    {COMMAND("env\0-i\0PATH=/bin\0bash\0x.sh"), "x.sh", "env"},
    {COMMAND("env\0-u\0HOME\0curl\0x"), "curl", "env's option with a value"},
    {COMMAND("env"), "env", "env alone"},
    {COMMAND("java\0-Xmx1g\0-cp\0/x:/y\0org.example.Main"), "org.example.Main", "java"},
    {COMMAND("java\0-jar\0/srv/app.jar\0x"), "app.jar", "java's archive"},
    {COMMAND("nginx: worker process"), "nginx", "a daemon's title"},
    {COMMAND("sshd: root@pts/0"), "sshd", "a slash in the title"},
    {COMMAND("postgres: 15/main: checkpointer "), "postgres", "several colons"},
    {"", 0, "", "a kernel thread"},
    {"\0", 1, "", "an empty argument"},
    {"bash\0deploy.sh", 14, "deploy.sh", "no NUL at the end"},
    {"bash\0\0", 6, "bash", "an empty script"},
    {COMMAND("/"), "", "nothing behind the slash"},
};

static const struct { const char *cgroup; const char *unit; const char *why; } unit_rows[] = {
    {"0::/system.slice/ingest.service\n", "ingest.service", "v2"},
    {"0::/system.slice/ingest.service", "ingest.service", "no newline"},
    {"0::/system.slice/system-x.slice/x@1.service\n", "x@1.service", "a template"},
    {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service\n", "x.service", "a user's unit"},
    {"0::/system.slice/x.service/init.scope\n", "x.service", "a scope below a service"},
    {"0::/system.slice/x.service/worker\n", "x.service", "a group of the service's own"},
    {"0::/user.slice/user-0.slice/session-3.scope\n", "session-3.scope", "nothing but a scope"},
    {"0::/init.scope\n", "init.scope", "systemd itself"},
    {"0::/\n", "", "the root"},
    {"0::/system.slice/x.service (deleted)\n", "x.service", "a group that is gone"},
    {"12:pids:/system.slice/a.service\n1:name=systemd:/system.slice/b.service\n0::/system.slice/c.service\n", "b.service", "v1: only systemd's own hierarchy"},
    {"1:name=systemd:/user.slice/session-1.scope\n0::/system.slice/c.service\n", "c.service", "a service is better than a scope"},
    {"12:cpu,cpuacct:/docker/abc\n", "", "other controllers"},
    {"0::/system.slice/docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope\n", "", "a container"},
    {"0::/docker/0123456789abcdef\n", "", "a container without systemd"},
    {"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope\n", "", "a pod"},
    {"0::/x/.service\n", "", "a unit needs a name"},
    {"", "", "empty"},
    {"garbage", "", "no colon"},
    {":\n::\n:::\n", "", "empty fields"},
};
// clang-format on

START_TEST(names_scripts_by_their_interpreters_arguments)
{
    for (size_t i = 0; i < sizeof name_rows / sizeof *name_rows; i++) {
        const struct name_row *row = &name_rows[i];
        struct slice name = process_name_of(guarded(row->command, row->length));
        ck_assert_msg(slice_equal(name, slice_of(row->name)), "%s: \"%.*s\", not \"%s\"", row->why,
                      (int)name.length, name.data, row->name);
    }
}
END_TEST

START_TEST(finds_the_unit)
{
    for (size_t i = 0; i < sizeof unit_rows / sizeof *unit_rows; i++) {
        struct slice unit =
            process_unit_of(guarded(unit_rows[i].cgroup, strlen(unit_rows[i].cgroup)));
        ck_assert_msg(slice_equal(unit, slice_of(unit_rows[i].unit)), "%s: \"%.*s\"",
                      unit_rows[i].why, (int)unit.length, unit.data);
    }
}
END_TEST

#define STAT_REST " 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 8812345 1 2\n"

START_TEST(reads_stat_from_the_last_parenthesis)
{
    static const struct {
        const char *stat, *command;
        pid_t parent;
    } rows[] = {
        {"1 (bash) S 7" STAT_REST, "bash", 7},
        {"1 (a) b (c) S 7" STAT_REST, "a) b (c", 7},
        {"1 ()) S 0" STAT_REST, ")", 0},
        {"1 () S 7 1 2 3) S 9" STAT_REST, ") S 7 1 2 3", 9},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct process_stat stat;
        ck_assert(process_stat_parse(guarded(rows[i].stat, strlen(rows[i].stat)), &stat));
        ck_assert(slice_equal(stat.command, slice_of(rows[i].command)));
        ck_assert_int_eq(stat.parent, rows[i].parent);
        ck_assert_uint_eq(stat.started, 8812345);
    }
}
END_TEST

START_TEST(refuses_a_broken_stat)
{
    static const char *const rows[] = {
        "", "1", "1 (", "1 )", "1 ()", ")(", "1 (x) S", "1 (x) S 1 2 3", "1 (x) S -1" STAT_REST,
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct process_stat stat = {.parent = 42};
        ck_assert_msg(!process_stat_parse(guarded(rows[i], strlen(rows[i])), &stat), "%s", rows[i]);
        ck_assert_int_eq(stat.parent, 42);
    }
}
END_TEST

START_TEST(reads_itself)
{
    static struct process self;
    char host[256], directory[4096], path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    ck_assert_int_gt(length, 0);
    path[length] = '\0';
    errno = 0;
    process_read_self(&self, true, scratch);
    ck_assert_int_eq(errno, 0);
    ck_assert_int_eq(self.pid, getpid());
    ck_assert_int_eq(self.parent_pid, getppid());
    ck_assert_uint_eq(self.uid, geteuid());
    ck_assert_uint_gt(self.started, 0);
    ck_assert(slice_equal(self.executable, slice_of(path)));
    ck_assert(slice_equal(self.program, SLICE("test_process")));
    ck_assert(slice_equal(self.name, SLICE("test_process")));
    ck_assert_int_eq(gethostname(host, sizeof host), 0);
    ck_assert(slice_equal(self.host, slice_of(host)));
    ck_assert_ptr_nonnull(getcwd(directory, sizeof directory));
    ck_assert(slice_equal(self.working_directory, slice_of(directory)));
    ck_assert_uint_ge(self.arg_count, 1);
    ck_assert_uint_ge(self.ancestor_count, 1);
    ck_assert_int_eq(self.ancestors[0].pid, getppid());
    ck_assert(slice_equal(self.parent_name, self.ancestors[0].name));
    ck_assert_uint_le(self.ancestors[0].started, self.started);
    ck_assert(self.topmost || self.ancestor_count == PROCESS_ANCESTORS_MAX);
}
END_TEST

START_TEST(leaves_arguments_out_when_told)
{
    static struct process self;
    process_read_self(&self, false, scratch);
    ck_assert_uint_eq(self.arg_count, 0);
    ck_assert_uint_gt(self.name.length, 0);
}
END_TEST

/* What the processes below report to the test through a pipe. */
static int report;

/* All that PID writes into the pipe ENDS until it ends, with a NUL. */
static void collect(pid_t pid, const int ends[static 2], char *out, size_t size)
{
    close(ends[1]);
    size_t length = 0;
    ssize_t got;
    while (length + 1 < size && (got = read(ends[0], out + length, size - 1 - length)) > 0)
        length += (size_t)got;
    out[length] = '\0';
    close(ends[0]);
    waitpid(pid, NULL, 0);
}

static void run_below(void (*child)(void), char *out, size_t size)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        report = ends[1];
        child();
        _exit(0);
    }
    collect(pid, ends, out, size);
}

static void without_standard_descriptors(void)
{
    static struct process self;
    int saved = dup2(report, 100);
    close(0);
    close(1);
    close(2);
    process_read_self(&self, true, scratch);
    bool open = fcntl(0, F_GETFD) >= 0 || fcntl(1, F_GETFD) >= 0 || fcntl(2, F_GETFD) >= 0;
    dprintf(saved, "%s %d", open ? "open" : "closed", self.arg_count > 0);
}

START_TEST(leaves_no_descriptor_behind)
{
    char out[64];
    run_below(without_standard_descriptors, out, sizeof out);
    ck_assert_str_eq(out, "closed 1");
}
END_TEST

static void without_a_free_descriptor(void)
{
    static struct process self;
    int saved = dup2(report, 0);
    struct rlimit limit = {.rlim_cur = 200, .rlim_max = 200};
    setrlimit(RLIMIT_NOFILE, &limit);
    while (dup(saved) >= 0)
        ;
    process_read_self(&self, true, scratch);
    dprintf(saved, "%d %zu %zu", self.pid == getpid(), (size_t)(self.executable.length > 0),
            self.arg_count);
}

START_TEST(what_cannot_be_read_is_empty)
{
    char out[64];
    run_below(without_a_free_descriptor, out, sizeof out);
    ck_assert_str_eq(out, "1 1 0");
}
END_TEST

static void with_a_strange_name(void)
{
    char name[PROCESS_NAME_SIZE];
    prctl(PR_SET_NAME, "a) b (c) 1 2");
    static struct process_stat stat;
    char buffer[1024];
    ssize_t length = process_read_file(0, "stat", buffer, sizeof buffer);
    bool parsed = length > 0 && process_stat_parse((struct slice){buffer, (size_t)length}, &stat);
    size_t got = process_name(0, name);
    dprintf(report, "%d %.*s %d %s %d", parsed, (int)stat.command.length, stat.command.data,
            stat.parent == getppid(), name, strlen(name) == got);
}

START_TEST(understands_a_strange_command_name)
{
    char out[128];
    run_below(with_a_strange_name, out, sizeof out);
    ck_assert_str_eq(out, "1 a) b (c) 1 2 1 test_process 1");
}
END_TEST

/* Started again with arguments, to be looked at from within. */
static void run_again(const char *const arguments[], char *out, size_t size)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        setenv("TEST_PROCESS_SHOW", "1", 1);
        execv("/proc/self/exe", (char *const *)arguments);
        _exit(127);
    }
    collect(pid, ends, out, size);
}

static void show(void)
{
    static struct process self;
    process_read_self(&self, true, scratch);
    printf("%.*s|%zu", (int)self.name.length, self.name.data, self.arg_count);
    for (size_t i = 0; i < self.arg_count; i++)
        printf("|%.*s", (int)self.args[i].length, self.args[i].data);
}

START_TEST(masks_arguments)
{
    char out[8192];
    run_again((const char *[]){"prog", "http://a:b@h/", "--token", "x", "", "end", NULL}, out,
              sizeof out);
    ck_assert_str_eq(out, "prog|6|prog|http://a:***@h/|--token|***||end");
}
END_TEST

START_TEST(names_a_script_of_its_own)
{
    char out[8192];
    run_again((const char *[]){"python3", "-u", "/srv/app.py", NULL}, out, sizeof out);
    ck_assert_str_eq(out, "app.py|3|python3|-u|/srv/app.py");
}
END_TEST

START_TEST(says_when_arguments_were_left_out)
{
    char out[16384];
    const char *many[101];
    for (size_t i = 0; i < 100; i++)
        many[i] = "x";
    many[100] = NULL;
    run_again(many, out, sizeof out);
    ck_assert_msg(strncmp(out, "x|32|x|", 7) == 0, "%s", out);
    ck_assert_str_eq(out + strlen(out) - 6, "|x|...");

    many[32] = NULL;
    run_again(many, out, sizeof out);
    ck_assert_msg(strncmp(out, "x|32|x|", 7) == 0, "%s", out);
    ck_assert_str_eq(out + strlen(out) - 4, "|x|x");
}
END_TEST

START_TEST(cuts_long_arguments_and_never_within_a_secret)
{
    static char padding[2900], secret[9000], out[32768];
    memset(padding, 'p', sizeof padding - 1);
    memset(secret, 's', sizeof secret - 1);
    memcpy(secret, "http://user:", 12);
    secret[sizeof secret - 10] = '@';
    run_again((const char *[]){"x", padding, secret, "end", NULL}, out, sizeof out);
    ck_assert_ptr_null(strstr(out, "ss"));
    ck_assert_ptr_nonnull(strstr(out, "|ppp"));
    ck_assert_str_eq(out + strlen(out) - 4, "|...");
    ck_assert_uint_lt(strlen(out), 600);
}
END_TEST

START_TEST(reports_a_process_that_is_not_there)
{
    char buffer[16], name[PROCESS_NAME_SIZE] = "x";
    errno = 0;
    ck_assert_int_eq(process_read_file(INT32_MAX, "stat", buffer, sizeof buffer), -ENOENT);
    ck_assert_uint_eq(process_name(INT32_MAX, name), 0);
    ck_assert_str_eq(name, "");
    ck_assert_int_eq(errno, 0);
}
END_TEST

static const TTest *const tests[] = {
    names_scripts_by_their_interpreters_arguments,
    finds_the_unit,
    reads_stat_from_the_last_parenthesis,
    refuses_a_broken_stat,
    reads_itself,
    leaves_arguments_out_when_told,
    leaves_no_descriptor_behind,
    what_cannot_be_read_is_empty,
    understands_a_strange_command_name,
    masks_arguments,
    names_a_script_of_its_own,
    says_when_arguments_were_left_out,
    cuts_long_arguments_and_never_within_a_secret,
    reports_a_process_that_is_not_there,
};

__attribute__((constructor)) static void show_and_leave(void)
{
    if (getenv("TEST_PROCESS_SHOW") == NULL)
        return;
    show();
    exit(0);
}

UNIT_MAIN("process", tests)
