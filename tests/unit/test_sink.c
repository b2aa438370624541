#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <astray/sink.h>

#define LINE "{\"line\":1}\n"

static struct policy policy;
static char folder[] = "/tmp/astray-sink-XXXXXX";
static char path[256];

/* A fresh folder, and a policy whose log is the file "log" in it. */
static void prepare(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/log", folder);
    policy_start(&policy);
    strcpy(policy.log_path, path);
}

static void clean(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* No assertion here: those write to a file of Check's own, which a limit would hit as well. */
static int put_line(struct slice line)
{
    errno = 4711;
    int status = sink_write(&policy, NULL, SLICE("program"), line);
    return errno == 4711 ? status : -255;
}

static int put(void)
{
    return put_line(SLICE(LINE));
}

/* What FILE holds; "" when it cannot be read. */
static const char *content(const char *file)
{
    static char text[65536];
    ssize_t length = -1;
    int descriptor = open(file, O_RDONLY | O_NONBLOCK);
    if (descriptor >= 0) {
        length = read(descriptor, text, sizeof text - 1);
        close(descriptor);
    }
    text[length < 0 ? 0 : length] = '\0';
    return text;
}

/* The exit status of BODY in a child, or 128 and the signal that ended it. A test's assertion
 * does not reach from there: bodies answer with a status, 0 for fine. */
static int in_child(int (*body)(void))
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(body());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum { SKIPPED = 77 };

static bool write_file(const char *file, const char *text)
{
    int descriptor = open(file, O_WRONLY);
    bool fine = descriptor >= 0 && write(descriptor, text, strlen(text)) == (ssize_t)strlen(text);
    close(descriptor);
    return fine;
}

/* Makes the calling (child) process root of a user namespace. */
static bool become_root(uid_t uid, gid_t gid)
{
    char uids[32], gids[32];
    snprintf(uids, sizeof uids, "0 %u 1", uid);
    snprintf(gids, sizeof gids, "0 %u 1", gid);
    return write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", uids) &&
           write_file("/proc/self/gid_map", gids);
}

/* Gives the calling (child) process mounts of its own. */
static bool mounts_of_our_own(void)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(CLONE_NEWNS) != 0 &&
        (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || !become_root(uid, gid)))
        return false;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* ---- where ------------------------------------------------------------ */

START_TEST(expands_templates)
{
    static const struct {
        const char *template, *executable, *expected, *why;
    } rows[] = {
        {"/a/log", "curl", "/a/log", "nothing to expand"},
        {"/a/%u", "curl", "/a/1000", "the user"},
        {"/a/%p", "curl", "/a/4711", "the process"},
        {"/a/%e.log", "curl", "/a/curl.log", "the executable"},
        {"/a/%%u", "curl", "/a/%u", "a percent sign"},
        {"/%u/%u-%p%e", "x", "/1000/1000-4711x", "several"},
        {"/a/%e", "../b", "/a/.._b", "a slash would lead elsewhere"},
        {"/a/%e", "", "/a/", "an unknown executable"},
        {"/a/%", "curl", "/a/%", "a percent sign at the end"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[SINK_PATH_SIZE];
        ck_assert_msg(sink_expand(rows[i].template, 1000, 4711, slice_of(rows[i].executable), out),
                      "%s", rows[i].why);
        ck_assert_msg(strcmp(out, rows[i].expected) == 0, "%s: %s", rows[i].why, out);
    }
}
END_TEST

START_TEST(refuses_a_path_that_does_not_fit)
{
    char out[SINK_PATH_SIZE + 1], name[512];
    memset(name, 'n', sizeof name);
    out[SINK_PATH_SIZE] = 'x';
    ck_assert(sink_expand("/%e", 0, 1, (struct slice){name, SINK_PATH_SIZE - 2}, out));
    ck_assert_uint_eq(strlen(out), SINK_PATH_SIZE - 1);
    ck_assert(!sink_expand("/%e", 0, 1, (struct slice){name, SINK_PATH_SIZE - 1}, out));
    ck_assert_int_eq(out[SINK_PATH_SIZE], 'x');
}
END_TEST

START_TEST(appends_lines_to_a_private_file)
{
    struct stat file;
    prepare();
    ck_assert_int_eq(put(), 0);
    ck_assert_int_eq(put_line(SLICE("two\n")), 0);
    ck_assert_str_eq(content(path), LINE "two\n");
    ck_assert_int_eq(stat(path, &file), 0);
    ck_assert_uint_eq(file.st_mode & 07777, 0600);
    clean();
}
END_TEST

START_TEST(fills_the_template_with_its_own_numbers)
{
    prepare();
    snprintf(policy.log_path, sizeof policy.log_path, "%s/%%u-%%p-%%e", folder);
    ck_assert_int_eq(put(), 0);
    snprintf(path, sizeof path, "%s/%u-%d-program", folder, geteuid(), getpid());
    ck_assert_str_eq(content(path), LINE);
    clean();
}
END_TEST

START_TEST(logs_nothing_when_told_so)
{
    prepare();
    policy.log = POLICY_LOG_NONE;
    ck_assert_int_eq(put(), 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    clean();
}
END_TEST

/* ---- files that are none of ours -------------------------------------- */

/* No syslog in these: /dev/log is a folder without one. */
static bool without_syslog(void)
{
    return mounts_of_our_own() && mount("none", "/dev", "tmpfs", 0, NULL) == 0;
}

static int write_without_syslog(void)
{
    return without_syslog() ? -put() : SKIPPED;
}

static bool was_skipped(int status)
{
    if (status == SKIPPED)
        puts("skipped: no mounts of our own");
    return status == SKIPPED;
}

START_TEST(refuses_a_symbolic_link)
{
    char target[300];
    prepare();
    snprintf(target, sizeof target, "%s/target", folder);
    close(creat(target, 0600));
    ck_assert_int_eq(symlink(target, path), 0);
    int status = in_child(write_without_syslog);
    ck_assert(was_skipped(status) || status == ELOOP);
    ck_assert_str_eq(content(target), "");
    unlink(target);
    clean();
}
END_TEST

START_TEST(refuses_a_fifo_with_and_without_a_reader)
{
    prepare();
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    int status = in_child(write_without_syslog);
    ck_assert(was_skipped(status) || status == ENXIO);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    char byte;
    status = in_child(write_without_syslog);
    ck_assert(was_skipped(status) || status == EINVAL);
    ck_assert_int_eq(read(reader, &byte, 1), 0);
    close(reader);
    clean();
}
END_TEST

START_TEST(refuses_what_is_no_file)
{
    static const struct {
        const char *path;
        int error;
    } rows[] = {
        {"/tmp", EISDIR},
        {"/proc/self/mem/x", ENOTDIR},
        {"/tmp/astray-no-such-folder/log", ENOENT},
        {"/dev/null", EINVAL},
        {"/dev/full", EINVAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        policy_start(&policy);
        strcpy(policy.log_path, rows[i].path);
        int status = put(); /* the machine's own syslog may take it */
        ck_assert_msg(status == 0 || status == -rows[i].error, "%s: %d", rows[i].path, status);
        if (strncmp(rows[i].path, "/dev", 4) == 0)
            continue;
        status = in_child(write_without_syslog);
        ck_assert_msg(was_skipped(status) || status == rows[i].error, "%s: %d", rows[i].path,
                      status);
    }
    ck_assert_int_ne(access("/tmp/astray-no-such-folder", F_OK), 0);
}
END_TEST

START_TEST(refuses_devices)
{
    prepare();
    if (mknod(path, S_IFCHR | 0600, 1 << 8 | 7) != 0) { /* what /dev/full is */
        puts("skipped: may not make a device");
    } else {
        int status = in_child(write_without_syslog);
        ck_assert(was_skipped(status) || status == EINVAL);
    }
    clean();
}
END_TEST

static int write_as_nobody(void)
{
    if (!without_syslog() || setgid(65534) != 0 || setuid(65534) != 0)
        return SKIPPED;
    return -put();
}

START_TEST(a_read_only_file_stays_as_it_is)
{
    prepare();
    close(creat(path, 0444));
    if (geteuid() == 0) {
        chmod(folder, 0755);
        int status = in_child(write_as_nobody);
        ck_assert(was_skipped(status) || status == EACCES);
    } else {
        put(); /* root of a user namespace could write */
    }
    ck_assert_str_eq(content(path), "");
    clean();
}
END_TEST

START_TEST(refuses_a_file_that_somebody_planted)
{
    static const struct {
        mode_t folder_mode;
        uid_t folder_owner, file_owner;
        bool second_name, taken;
        const char *why;
    } rows[] = {
        {01777, 0, 0, false, true, "ours in a public folder"},
        {01777, 0, 4711, false, false, "another's in a public folder"},
        {01733, 0, 4711, false, false, "another's in the folder that make install makes"},
        {00755, 0, 4711, false, true, "another's in a folder that is not public"},
        {00777, 4711, 4711, false, true, "the folder's owner's"},
        {01777, 0, 0, true, false, "a hard link in a public folder"},
        {00700, 0, 0, true, true, "a hard link in a private folder"},
    };
    if (geteuid() != 0) {
        puts("skipped: only root can give files away");
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char second[300];
        prepare();
        snprintf(second, sizeof second, "%s/second", folder);
        close(creat(path, 0666));
        ck_assert_int_eq(chmod(folder, rows[i].folder_mode), 0);
        ck_assert_int_eq(chown(folder, rows[i].folder_owner, 0), 0);
        ck_assert_int_eq(chown(path, rows[i].file_owner, 0), 0);
        if (rows[i].second_name)
            ck_assert_int_eq(link(path, second), 0);
        int status = in_child(write_without_syslog);
        ck_assert_msg(status == (rows[i].taken ? 0 : EPERM) ||
                          (!rows[i].taken && status == EACCES) || was_skipped(status),
                      "%s: %d", rows[i].why, status);
        if (status != SKIPPED)
            ck_assert_msg(strcmp(content(path), rows[i].taken ? LINE : "") == 0, "%s", rows[i].why);
        unlink(second);
        clean();
    }
}
END_TEST

/* ---- room ------------------------------------------------------------- */

START_TEST(does_not_grow_a_file_beyond_its_limit)
{
    prepare();
    policy.log_limit = 2 * strlen(LINE);
    int status = in_child(write_without_syslog);
    if (!was_skipped(status)) {
        ck_assert_int_eq(status, 0);
        ck_assert_int_eq(in_child(write_without_syslog), 0);
        ck_assert_int_eq(in_child(write_without_syslog), EFBIG);
        ck_assert_str_eq(content(path), LINE LINE);
        policy.log_limit--;
        ck_assert_int_eq(in_child(write_without_syslog), EFBIG);
    }
    clean();
}
END_TEST

static bool is_pending(int signal)
{
    sigset_t set;
    return sigpending(&set) == 0 && sigismember(&set, signal) == 1;
}

static bool is_blocked(int signal)
{
    sigset_t set;
    return sigprocmask(SIG_BLOCK, NULL, &set) == 0 && sigismember(&set, signal) == 1;
}

static int write_with_a_limited_file_size(void)
{
    struct rlimit limit = {strlen(LINE) + 4, strlen(LINE) + 4};
    signal(SIGXFSZ, SIG_DFL);
    if (!without_syslog())
        return SKIPPED;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || put() != 0)
        return 1;
    if (put() != -EFBIG || is_pending(SIGXFSZ) || is_blocked(SIGXFSZ))
        return 2;
    return strcmp(content(path), LINE) == 0 ? 0 : 3; /* no part of the second line */
}

START_TEST(survives_the_limit_of_file_sizes)
{
    prepare();
    int status = in_child(write_with_a_limited_file_size);
    ck_assert_msg(was_skipped(status) || status == 0, "%d", status);
    clean();
}
END_TEST

static void block_and_raise(int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(signal);
}

static int write_with_a_signal_of_its_own_waiting(void)
{
    struct rlimit limit = {0, 0};
    block_and_raise(SIGXFSZ);
    if (!without_syslog())
        return SKIPPED;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || put() != -EFBIG)
        return 1;
    return is_pending(SIGXFSZ) && is_blocked(SIGXFSZ) ? 0 : 2;
}

START_TEST(leaves_a_signal_that_was_waiting_before)
{
    prepare();
    int status = in_child(write_with_a_signal_of_its_own_waiting);
    ck_assert_msg(was_skipped(status) || status == 0, "%d", status);
    clean();
}
END_TEST

/* A tmpfs of one or two pages, of which the log's first page takes one. */
static int fill_the_disk(void)
{
    struct slice page = {memset(calloc(1, 4096), 'p', 4096), 4000};
    char mounted[300], filler[300];
    if (!without_syslog())
        return SKIPPED;
    snprintf(mounted, sizeof mounted, "%s/disk", folder);
    if (mkdir(mounted, 0700) != 0 || mount("none", mounted, "tmpfs", 0, "size=8k") != 0)
        return SKIPPED;
    snprintf(policy.log_path, sizeof policy.log_path, "%s/disk/log", folder);
    snprintf(filler, sizeof filler, "%s/disk/filler", folder);
    if (put_line(page) != 0)
        return 1;
    int descriptor = creat(filler, 0600);
    if (write(descriptor, page.data, 4096) != 4096)
        return 2;
    /* 96 bytes are left in the page: a part of this line would fit. */
    page.length = 200;
    if (put_line(page) != -ENOSPC || strlen(content(policy.log_path)) != 4000)
        return 3;
    page.length = 96;
    if (put_line(page) != 0 || strlen(content(policy.log_path)) != 4096)
        return 4;
    if (put_line(page) != -ENOSPC || strlen(content(policy.log_path)) != 4096)
        return 5;
    if (close(descriptor) != 0 || unlink(filler) != 0 || put_line(page) != 0 ||
        strlen(content(policy.log_path)) != 4192)
        return 6;
    return umount2(mounted, MNT_DETACH) == 0 ? 0 : 7;
}

START_TEST(takes_back_a_part_of_a_line_when_the_disk_is_full)
{
    char mounted[300];
    prepare();
    int status = in_child(fill_the_disk);
    ck_assert_msg(was_skipped(status) || status == 0, "%d", status);
    snprintf(mounted, sizeof mounted, "%s/disk", folder);
    rmdir(mounted);
    clean();
}
END_TEST

/* ---- descriptors ------------------------------------------------------ */

static int write_without_descriptors(void)
{
    struct rlimit limit = {3, 3};
    if (!without_syslog())
        return SKIPPED;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1;
    int first = dup(0); /* fills what is left */
    int status = put();
    (void)first;
    return -status;
}

START_TEST(tells_that_no_descriptor_is_left)
{
    prepare();
    int status = in_child(write_without_descriptors);
    ck_assert_msg(was_skipped(status) || status == EMFILE, "%d", status);
    clean();
}
END_TEST

static int write_without_standard_descriptors(void)
{
    close(0);
    close(1);
    close(2);
    if (put() != 0)
        return 1;
    for (int i = 0; i < 8; i++)
        if (i < 3 && fcntl(i, F_GETFD) != -1)
            return 2;
    policy.log = POLICY_LOG_SYSLOG;
    put();
    return fcntl(0, F_GETFD) == -1 && fcntl(1, F_GETFD) == -1 && fcntl(2, F_GETFD) == -1 ? 0 : 3;
}

START_TEST(leaves_closed_standard_descriptors_closed)
{
    prepare();
    ck_assert_int_eq(in_child(write_without_standard_descriptors), 0);
    ck_assert_str_eq(content(path), LINE);
    clean();
}
END_TEST

static int write_with_one_descriptor_too_few(void)
{
    struct rlimit limit = {3, 3};
    close(0);
    if (!without_syslog())
        return SKIPPED;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1;
    int status = put();
    return fcntl(0, F_GETFD) != -1 ? 2 : -status;
}

START_TEST(gives_up_when_only_a_standard_descriptor_is_free)
{
    prepare();
    int status = in_child(write_with_one_descriptor_too_few);
    ck_assert_msg(was_skipped(status) || status == EINVAL || status == EMFILE, "%d", status);
    ck_assert_str_eq(content(path), "");
    clean();
}
END_TEST

static int write_twice_under_umask(void)
{
    umask(0777);
    return put() == 0 && put() == 0 ? 0 : 1;
}

START_TEST(makes_a_file_that_it_can_open_again)
{
    struct stat file;
    prepare();
    ck_assert_int_eq(in_child(write_twice_under_umask), 0);
    ck_assert_int_eq(stat(path, &file), 0);
    ck_assert_uint_eq(file.st_mode & 07777, 0600);
    ck_assert_str_eq(content(path), LINE LINE);
    clean();
}
END_TEST

/* ---- standard error --------------------------------------------------- */

static int write_to_stderr(void)
{
    struct sink_stderr remembered, closed;
    char text[64] = "";
    int pipes[2], others[2];
    signal(SIGPIPE, SIG_DFL);
    if (!without_syslog())
        return SKIPPED;
    if (pipe(pipes) != 0 || pipe(others) != 0 || dup2(pipes[1], 2) != 2)
        return 1;
    policy.log = POLICY_LOG_STDERR;
    sink_remember_stderr(&remembered);
    if (sink_write(&policy, &remembered, SLICE("p"), SLICE(LINE)) != 0 ||
        read(pipes[0], text, sizeof text) != (ssize_t)strlen(LINE) || strcmp(text, LINE) != 0)
        return 2;
    /* full: never waits */
    fcntl(pipes[1], F_SETFL, O_NONBLOCK);
    while (write(pipes[1], text, 1) == 1)
        continue;
    fcntl(pipes[1], F_SETFL, 0);
    if (sink_write(&policy, &remembered, SLICE("p"), SLICE(LINE)) != -EAGAIN)
        return 3;
    /* another file now */
    if (dup2(others[1], 2) != 2 ||
        sink_write(&policy, &remembered, SLICE("p"), SLICE(LINE)) != -EBADF)
        return 4;
    fcntl(others[0], F_SETFL, O_NONBLOCK);
    if (read(others[0], text, sizeof text) != -1)
        return 5;
    /* nobody reads */
    sink_remember_stderr(&remembered);
    close(others[0]);
    if (sink_write(&policy, &remembered, SLICE("p"), SLICE(LINE)) != -EPIPE ||
        is_pending(SIGPIPE) || is_blocked(SIGPIPE))
        return 6;
    /* a signal of the program's own was waiting before */
    block_and_raise(SIGPIPE);
    if (sink_write(&policy, &remembered, SLICE("p"), SLICE(LINE)) != -EPIPE ||
        !is_pending(SIGPIPE) || !is_blocked(SIGPIPE))
        return 8;
    close(2);
    sink_remember_stderr(&closed);
    return sink_write(&policy, &closed, SLICE("p"), SLICE(LINE)) == -EBADF ? 0 : 7;
}

START_TEST(uses_standard_error_while_it_is_the_same_file)
{
    policy_start(&policy);
    int status = in_child(write_to_stderr);
    ck_assert_msg(was_skipped(status) || status == 0, "%d", status);
}
END_TEST

/* ---- syslog ----------------------------------------------------------- */

static int syslog_socket(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int server = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    return bind(server, (struct sockaddr *)&name, sizeof name) == 0 ? server : -1;
}

static bool receives(int server, const char *body)
{
    char text[8192] = "", expected[64], month[4];
    int day, hour, minute, second;
    ssize_t length = recv(server, text, sizeof text - 1, 0);
    snprintf(expected, sizeof expected, " astray[%d]: @cee: ", getpid());
    return length > 19 && strncmp(text, "<12>", 4) == 0 && text[10] == ' ' &&
           sscanf(text + 4, "%3s %2d %2d:%2d:%2d", month, &day, &hour, &minute, &second) == 5 &&
           strncmp(text + 19, expected, strlen(expected)) == 0 &&
           strcmp(text + 19 + strlen(expected), body) == 0;
}

static int write_to_syslog(void)
{
    char line[4096], body[4096];
    if (!without_syslog())
        return SKIPPED;
    int server = syslog_socket();
    if (server < 0)
        return 1;
    policy.log = POLICY_LOG_SYSLOG;
    if (put() != 0 || !receives(server, "{\"line\":1}"))
        return 2;
    memset(line, 'l', sizeof line);
    line[4095] = '\n';
    memcpy(body, line, sizeof line);
    body[4095] = '\0';
    if (put_line((struct slice){line, sizeof line}) != 0 || !receives(server, body))
        return 3;
    policy.log = POLICY_LOG_FILE;
    strcpy(policy.log_path, "/no/such/folder/log");
    if (put() != 0 || !receives(server, "{\"line\":1}"))
        return 4;
    strcpy(policy.log_path, path);
    if (put() != 0 || receives(server, "{\"line\":1}"))
        return 5;
    policy.log_limit = 1;
    if (put() != 0 || !receives(server, "{\"line\":1}"))
        return 6;
    close(server); /* the name stays: nobody listens */
    policy.log = POLICY_LOG_SYSLOG;
    return put() == -ECONNREFUSED ? 0 : 7;
}

START_TEST(talks_to_syslog_directly_and_when_the_file_fails)
{
    prepare();
    int status = in_child(write_to_syslog);
    ck_assert_msg(was_skipped(status) || status == 0, "%d", status);
    clean();
}
END_TEST

static int write_to_a_syslog_that_does_not_read(void)
{
    if (!without_syslog())
        return SKIPPED;
    if (syslog_socket() < 0)
        return 1;
    policy.log = POLICY_LOG_SYSLOG;
    for (int i = 0; i < 5000; i++)
        if (put() != 0)
            return put() == -EAGAIN ? 0 : 2;
    return 3;
}

START_TEST(never_waits_for_syslog)
{
    policy_start(&policy);
    int status = in_child(write_to_a_syslog_that_does_not_read);
    ck_assert_msg(was_skipped(status) || status == 0, "%d", status);
}
END_TEST

/* ---- together --------------------------------------------------------- */

START_TEST(many_writers_tear_no_line)
{
    enum { WRITERS = 4, LINES = 200 };
    struct stat file;
    pid_t children[WRITERS];
    prepare();
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            char line[1000];
            memset(line, 'a' + i, sizeof line);
            line[sizeof line - 1] = '\n';
            for (int j = 0; j < LINES; j++)
                if (put_line((struct slice){line, sizeof line}) != 0)
                    _exit(1);
            _exit(0);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_int_eq(stat(path, &file), 0);
    ck_assert_int_eq(file.st_size, WRITERS * LINES * 1000);
    FILE *stream = fopen(path, "r");
    char line[1001];
    while (fgets(line, sizeof line, stream) != NULL) {
        ck_assert_uint_eq(strlen(line), 1000);
        ck_assert_uint_eq(strspn(line, (char[]){line[0], '\0'}), 999);
    }
    fclose(stream);
    clean();
}
END_TEST

static const TTest *const tests[] = {
    expands_templates,
    refuses_a_path_that_does_not_fit,
    appends_lines_to_a_private_file,
    fills_the_template_with_its_own_numbers,
    logs_nothing_when_told_so,
    refuses_a_symbolic_link,
    refuses_a_fifo_with_and_without_a_reader,
    refuses_what_is_no_file,
    refuses_devices,
    a_read_only_file_stays_as_it_is,
    refuses_a_file_that_somebody_planted,
    does_not_grow_a_file_beyond_its_limit,
    survives_the_limit_of_file_sizes,
    leaves_a_signal_that_was_waiting_before,
    takes_back_a_part_of_a_line_when_the_disk_is_full,
    tells_that_no_descriptor_is_left,
    leaves_closed_standard_descriptors_closed,
    gives_up_when_only_a_standard_descriptor_is_free,
    makes_a_file_that_it_can_open_again,
    uses_standard_error_while_it_is_the_same_file,
    talks_to_syslog_directly_and_when_the_file_fails,
    never_waits_for_syslog,
    many_writers_tear_no_line,
};

UNIT_MAIN("sink", tests)
