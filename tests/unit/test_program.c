#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <astray/program.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    FILE *file = fopen(in_folder(name), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(in_folder(name), mode), 0);
}

static void copy_self(const char *name, mode_t mode)
{
    char bytes[65536];
    ssize_t length;
    int from = open("/proc/self/exe", O_RDONLY);
    int to = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0700);
    ck_assert(from >= 0 && to >= 0);
    while ((length = read(from, bytes, sizeof bytes)) > 0)
        ck_assert_int_eq(write(to, bytes, (size_t)length), length);
    close(from);
    close(to);
    ck_assert_int_eq(chmod(in_folder(name), mode), 0);
}

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/test-program.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chmod(folder, 0755), 0);
}

static void remove_folder(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void write_script(const char *name, const char *interpreter)
{
    char text[300];
    snprintf(text, sizeof text, "#!%s -e\n", in_folder(interpreter));
    write_file(name, text, 0755);
}

START_TEST(finds_what_runs_in_the_end)
{
    static const struct {
        const char *name, *ends_in;
        enum program_status status;
        const char *why;
    } rows[] = {
        {"program", "program", PROGRAM_KNOWN, "a program"},
        {"script", "program", PROGRAM_KNOWN, "a script"},
        {"outer", "program", PROGRAM_KNOWN, "a script of a script"},
        {"text", "text", PROGRAM_FOREIGN, "neither"},
        {"empty", "empty", PROGRAM_FOREIGN, "an empty file"},
        {"cut", "cut", PROGRAM_FOREIGN, "no more than the start of a program"},
        {"none", "none", PROGRAM_MISSING, "no file"},
        {"plain", "plain", PROGRAM_MISSING, "a file that may not be executed"},
        {"folder", "folder", PROGRAM_MISSING, "a folder"},
        {"fifo", "fifo", PROGRAM_MISSING, "a FIFO, which must not be opened"},
        {"lost", "none", PROGRAM_MISSING, "a script without its interpreter"},
        {"itself", "itself", PROGRAM_FOREIGN, "a script that is its own interpreter"},
    };
    static struct program program;
    make_folder();
    copy_self("program", 0755);
    write_script("script", "program");
    write_script("outer", "script");
    write_script("lost", "none");
    write_script("itself", "itself");
    write_file("text", "echo hello\n", 0755);
    write_file("empty", "", 0755);
    write_file("cut", "\177ELF\002\001\001", 0755);
    write_file("plain", "", 0644);
    ck_assert_int_eq(mkdir(in_folder("folder"), 0755), 0);
    ck_assert_int_eq(mkfifo(in_folder("fifo"), 0755), 0);
    int before = dup(0);
    close(before);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        errno = 77;
        enum program_status status = program_find(in_folder(rows[i].name), &program);
        ck_assert_int_eq(errno, 77);
        ck_assert_msg(status == rows[i].status, "%s: %d", rows[i].why, (int)status);
        ck_assert_msg(strcmp(program.path, in_folder(rows[i].ends_in)) == 0, "%s: %s", rows[i].why,
                      program.path);
        if (status == PROGRAM_KNOWN)
            ck_assert_uint_eq(program.elf.bits, 8 * sizeof(void *));
    }
    int after = dup(0);
    close(after);
    ck_assert_int_eq(after, before);
    remove_folder();
}
END_TEST

/* A section far behind the head is found: more of the file than one window is read. */
START_TEST(reads_files_larger_than_its_window)
{
    static struct program_window window;
    struct elf elf;
    struct stat status;
    int descriptor = open("/proc/self/exe", O_RDONLY);
    ck_assert_int_eq(fstat(descriptor, &status), 0);
    ck_assert_int_gt(status.st_size, (int)sizeof window.bytes);
    ck_assert(program_read_elf(descriptor, &window, &elf));
    ck_assert_uint_gt(window.start, 0);
    close(descriptor);
}
END_TEST

/* The privileges of NAME for user 65534, in a process of its own; -1 when it cannot become that. */
static int for_nobody(const char *name, bool no_new)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (no_new)
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(99);
        _exit((int)program_privileges_of(in_folder(name)));
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status) == 99 ? -1 : WEXITSTATUS(status);
}

START_TEST(knows_for_whom_privileges_are_raised)
{
    static const struct {
        const char *name;
        enum program_privileges privileges;
    } rows[] = {
        {"plain", PROGRAM_ORDINARY}, {"user", PROGRAM_SET_UID},  {"group", PROGRAM_SET_GID},
        {"lock", PROGRAM_ORDINARY},  {"none", PROGRAM_ORDINARY},
    };
    make_folder();
    write_file("plain", "", 0755);
    write_file("user", "", 04755);
    write_file("group", "", 02755);
    write_file("lock", "", 02745); /* set-group-ID without x for the group means a lock */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_msg(program_privileges_of(in_folder(rows[i].name)) == PROGRAM_ORDINARY,
                      "%s: of the caller's own", rows[i].name);
        if (geteuid() != 0 || for_nobody("plain", false) < 0)
            continue;
        ck_assert_msg(for_nobody(rows[i].name, false) == (int)rows[i].privileges, "%s",
                      rows[i].name);
        ck_assert_msg(for_nobody(rows[i].name, true) == PROGRAM_ORDINARY, "%s: no new privileges",
                      rows[i].name);
    }
    remove_folder();
}
END_TEST

static const TTest *const tests[] = {
    finds_what_runs_in_the_end,
    reads_files_larger_than_its_window,
    knows_for_whom_privileges_are_raised,
};

UNIT_MAIN("program", tests)
