#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coverage.h"
#include "guard.h"

static const struct {
    const char *line;
    bool file;
    const char *path;
    unsigned long long inode;
    bool deleted;
    const char *why;
} mappings[] = {
    {"7f5c1000-7f5c2000 r-xp 00001000 fd:01 4711                     /usr/lib/astray/libastray.so",
     true, "/usr/lib/astray/libastray.so", 4711, false, "a library"},
    {"7f5c1000-7f5c2000 r-xp 00001000 fd:01 4711   /opt/my libs/libastray.so (deleted)", true,
     "/opt/my libs/libastray.so", 4711, true, "blanks in the path, and gone"},
    {"7f5c1000-7f5c2000 rw-p 00000000 00:00 0 ", false, "", 0, false, "memory"},
    {"7ffd1000-7ffd2000 rw-p 00000000 00:00 0                          [stack]", false, "", 0,
     false, "the stack"},
    {"7f5c1000-7f5c2000 rw-s 00000000 00:01 1024   /memfd:libastray.so (deleted)", true,
     "/memfd:libastray.so", 1024, true, "a memory file"},
    {"7f5c1000-7f5c2000 rw-p 00000000 00:0e 7     anon_inode:[perf_event]", false, "", 0, false,
     "no path"},
    {"", false, "", 0, false, "nothing"},
    {"7f5c1000-7f5c2000 r-xp", false, "", 0, false, "cut"},
    {"7f5c1000-7f5c2000 r-xp 00001000 nonsense 4711 /usr/lib/x", false, "", 0, false, "no device"},
    {"7f5c1000-7f5c2000 r-xp 00001000 fd:01 -4711 /usr/lib/x", false, "", 0, false, "no inode"},
    {"7f5c1000-7f5c2000 r-xp 00001000 fd:01000000000000000000000000000000000000 1 /x", false, "", 0,
     false, "too long a device"},
};

START_TEST(reads_mappings)
{
    for (size_t i = 0; i < sizeof mappings / sizeof *mappings; i++) {
        struct coverage_mapping mapping = {.inode = 99};
        size_t length = strlen(mappings[i].line);
        struct slice line = {.data = guard_copy(mappings[i].line, length), .length = length};
        ck_assert_msg(coverage_parse_mapping(line, &mapping) == mappings[i].file, "%s",
                      mappings[i].why);
        if (!mappings[i].file)
            continue;
        ck_assert(slice_equal(mapping.path, slice_of(mappings[i].path)));
        ck_assert_uint_eq(mapping.inode, mappings[i].inode);
        ck_assert_int_eq(mapping.deleted, mappings[i].deleted);
    }
}
END_TEST

START_TEST(survives_a_mapping_cut_at_every_byte)
{
    const char *line = mappings[1].line;
    for (size_t length = 0; length <= strlen(line); length++) {
        struct coverage_mapping mapping;
        coverage_parse_mapping((struct slice){.data = guard_copy(line, length), .length = length},
                               &mapping);
    }
}
END_TEST

static const struct {
    struct slice environment;
    const char *value; /* NULL: not set */
    const char *why;
} environments[] = {
    {SLICE("A=1\0LD_PRELOAD=/x.so\0B=2\0"), "/x.so", "between others"},
    {SLICE("LD_PRELOAD=a\0LD_PRELOAD=b\0"), "a", "the first counts, as for the loader"},
    {SLICE("LD_PRELOAD=a"), "a", "the last NUL is missing"},
    {SLICE("LD_PRELOAD=\0"), "", "empty"},
    {SLICE("LD_PRELOADX=a\0XLD_PRELOAD=b\0"), NULL, "longer names"},
    {SLICE("LD_PRELOAD\0"), NULL, "no value"},
    {SLICE(""), NULL, "empty environment"},
};

START_TEST(finds_a_variable)
{
    for (size_t i = 0; i < sizeof environments / sizeof *environments; i++) {
        struct slice copy = {.data = guard_copy(environments[i].environment.data,
                                                environments[i].environment.length),
                             .length = environments[i].environment.length};
        struct slice value = coverage_variable(copy, SLICE("LD_PRELOAD"));
        ck_assert_msg((value.data == NULL) == (environments[i].value == NULL), "%s",
                      environments[i].why);
        if (environments[i].value != NULL)
            ck_assert_msg(slice_equal(value, slice_of(environments[i].value)), "%s",
                          environments[i].why);
    }
}
END_TEST

static const struct {
    const char *list;
    bool names;
} lists[] = {
    {"libastray.so", true},
    {"/usr/lib/astray/libastray.so", true},
    {"/a.so:/usr/$LIB/astray/libastray.so", true},
    {"/a.so /b/libastray.so:/c.so", true},
    {"/a.so\n/b/libastray.so\n", true},
    {"", false},
    {":::", false},
    {"/usr/lib/xlibastray.so", false},
    {"/usr/lib/libastray.so.1", false},
    {"/usr/lib/libastray.so/x", false},
};

START_TEST(finds_the_library_in_a_list)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        ck_assert_msg(coverage_names_library(slice_of(lists[i].list)) == lists[i].names, "%s",
                      lists[i].list);
}
END_TEST

/* ---- units -------------------------------------------------------------- */

static char root[64];

static void make_root(void)
{
    snprintf(root, sizeof root, "/tmp/astray-coverage-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

/* PATH below the root, its folders made; changed at TIME. */
static void make_file(const char *path, const char *text, time_t time)
{
    char whole[512];
    struct timespec times[2] = {{.tv_sec = time}, {.tv_sec = time}};
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(whole, 0755);
        *slash = '/';
    }
    FILE *file = fopen(whole, "we");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(utimensat(AT_FDCWD, whole, times, 0), 0);
}

static void remove_root(void)
{
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", root, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

#define SYSTEM "etc/systemd/system/"
static const char drop_in[] = "[Service]\nEnvironment=\"LD_PRELOAD=/usr/lib/libastray.so\"\n";

START_TEST(finds_units_that_name_the_library)
{
    make_root();
    make_file(SYSTEM "web.service.d/astray.conf", drop_in, 1000);
    make_file(SYSTEM "web.service.d/other.conf", "[Service]\n", 5000);
    make_file(SYSTEM "db.service", drop_in, 1000);
    make_file("run/systemd/system/job.service.d/50.conf", drop_in, 1000);
    make_file(SYSTEM "worker@.service.d/astray.conf", drop_in, 1000);
    make_file(SYSTEM "off.service.d/astray.conf.disabled", drop_in, 1000);
    static const struct {
        const char *unit;
        time_t since;
        bool asks;
        const char *why;
    } rows[] = {
        {"web.service", 999, true, "a drop-in"},
        {"web.service", 1000, false, "it was there already"},
        {"web.service", 4000, false, "another file is newer, and does not name it"},
        {"db.service", 999, true, "the unit itself"},
        {"job.service", 999, true, "a drop-in of this boot"},
        {"worker@7.service", 999, true, "a template's"},
        {"worker@.service", 999, true, "the template itself"},
        {"worker.service", 999, false, "no template"},
        {"off.service", 999, false, "a file that systemd does not read"},
        {"none.service", 0, false, "no such unit"},
        {"", 0, false, "no unit"},
        {"../../systemd/system/web.service", 0, false, "no name"},
        {"@", 0, false, "not a whole name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(coverage_unit_asks_since(root, rows[i].unit, rows[i].since) == rows[i].asks,
                      "%s: %s", rows[i].unit, rows[i].why);
    remove_root();
}
END_TEST

/* ---- processes ---------------------------------------------------------- */

START_TEST(looks_at_a_process)
{
    struct coverage_wanted wanted = {0};
    struct coverage coverage;
    ck_assert_int_eq(coverage_of(getpid(), &wanted, &coverage), 0);
    ck_assert_int_eq(coverage.pid, getpid());
    ck_assert_uint_eq(coverage.uid, geteuid());
    ck_assert_int_eq(coverage_state_of(coverage.reason), COVERAGE_NO);
    ck_assert_str_eq(coverage.library, "");
    ck_assert(strstr(coverage.executable, "test_coverage") != NULL);
}
END_TEST

START_TEST(a_process_that_is_gone_is_told)
{
    struct coverage_wanted wanted = {0};
    struct coverage coverage;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    siginfo_t info;
    ck_assert_int_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    ck_assert_int_eq(coverage_of(child, &wanted, &coverage), 0);
    ck_assert_int_eq(coverage.reason, COVERAGE_NO_PROGRAM);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_eq(coverage_of(child, &wanted, &coverage), -ESRCH);
}
END_TEST

static const TTest *const tests[] = {
    reads_mappings,
    survives_a_mapping_cut_at_every_byte,
    finds_a_variable,
    finds_the_library_in_a_list,
    finds_units_that_name_the_library,
    looks_at_a_process,
    a_process_that_is_gone_is_told,
};
UNIT_MAIN("coverage", tests)
