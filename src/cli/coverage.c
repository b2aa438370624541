#include "coverage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <astray/elf.h>
#include <astray/policy.h>
#include <astray/program.h>

static const char library_name[] = "libastray.so";

/* ---- files of a process ------------------------------------------------- */

enum { TEXT_MAX = 4 * 1024 * 1024 };

static FILE *open_file(pid_t pid, const char *file)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return fopen(path, "re");
}

/* All of a file; release() it. */
struct content {
    char *data;
    struct slice text;
};

/* Reads all of STREAM and closes it. 0, or -errno, and nothing to release. */
static int read_all(FILE *stream, struct content *out)
{
    char *data = NULL;
    size_t size = 0, length = 0;
    int status = 0;
    while (status == 0 && length == size && size < TEXT_MAX) {
        size = size == 0 ? 4096 : 2 * size;
        char *larger = realloc(data, size);
        if (larger == NULL) {
            status = -ENOMEM;
            break;
        }
        data = larger;
        errno = 0;
        length += fread(data + length, 1, size - length, stream);
        if (ferror(stream) != 0)
            status = errno != 0 ? -errno : -EIO;
    }
    fclose(stream);
    *out = (struct content){.data = data, .text = {.data = data, .length = length}};
    if (status != 0) {
        free(data);
        *out = (struct content){0};
    }
    return status;
}

static int read_file(pid_t pid, const char *file, struct content *out)
{
    FILE *stream = open_file(pid, file);
    *out = (struct content){0};
    return stream == NULL ? -errno : read_all(stream, out);
}

static void release(struct content *content)
{
    free(content->data);
    *content = (struct content){0};
}

/* ---- what is mapped ----------------------------------------------------- */

static struct slice cut_word(struct slice *line)
{
    while (line->length > 0 && *line->data == ' ')
        *line = slice_from(*line, 1);
    struct slice word = {.data = line->data, .length = slice_find(*line, ' ')};
    *line = slice_from(*line, word.length);
    return word;
}

/* "7f00-7f01 r-xp 00000000 fd:00 4711      /usr/lib/libastray.so (deleted)" */
bool coverage_parse_mapping(struct slice line, struct coverage_mapping *out)
{
    char device[32];
    struct coverage_mapping mapping = {0};
    cut_word(&line);
    cut_word(&line);
    cut_word(&line);
    struct slice word = cut_word(&line);
    if (word.length == 0 || word.length >= sizeof device)
        return false;
    memcpy(device, word.data, word.length);
    device[word.length] = '\0';
    if (sscanf(device, "%x:%x", &mapping.major, &mapping.minor) != 2 ||
        !slice_number(cut_word(&line), UINT64_MAX, &mapping.inode) || mapping.inode == 0)
        return false;
    mapping.path = slice_trim(line);
    mapping.deleted = slice_ends_with(mapping.path, SLICE(" (deleted)"));
    if (mapping.deleted)
        mapping.path.length -= strlen(" (deleted)");
    *out = mapping;
    return mapping.path.length > 0 && mapping.path.data[0] == '/';
}

static bool ends_in_library(struct slice path)
{
    size_t length = strlen(library_name);
    return slice_ends_with(path, slice_of(library_name)) &&
           (path.length == length || path.data[path.length - length - 1] == '/');
}

static bool is_same_file(const struct coverage_mapping *mapping,
                         const struct coverage_wanted *wanted)
{
    return wanted->library != NULL && mapping->inode == wanted->file.st_ino &&
           makedev(mapping->major, mapping->minor) == wanted->file.st_dev;
}

static void keep(char *out, size_t size, struct slice text)
{
    size_t length = text.length < size ? text.length : size - 1;
    if (length > 0)
        memcpy(out, text.data, length);
    out[length] = '\0';
}

/* Overlay file systems show another device number for a mapping than stat(2) does: the same path
 * with the same inode counts as the same file. */
static enum coverage_reason judge_mapping(const struct coverage_mapping *mapping,
                                          const struct coverage_wanted *wanted)
{
    if (mapping->deleted)
        return COVERAGE_REPLACED;
    if (wanted->library == NULL || is_same_file(mapping, wanted))
        return COVERAGE_LOADED;
    if (!slice_equal(mapping->path, slice_of(wanted->library->path)))
        return COVERAGE_ANOTHER;
    return mapping->inode == wanted->file.st_ino ? COVERAGE_LOADED : COVERAGE_REPLACED;
}

/* Is the library mapped? 0 and out->library set, 0 without it, or -errno. */
static int find_library(pid_t pid, const struct coverage_wanted *wanted, struct coverage *out)
{
    struct content maps;
    struct slice line;
    int status = read_file(pid, "maps", &maps);
    if (status != 0)
        return status;
    if (maps.text.length == 0)
        status = -ENOEXEC; /* no memory: a kernel thread, or a zombie */
    struct slice rest = maps.text;
    while (status == 0 && *out->library == '\0' && slice_cut(&rest, '\n', &line)) {
        struct coverage_mapping mapping;
        if (!coverage_parse_mapping(line, &mapping) ||
            (!ends_in_library(mapping.path) && !is_same_file(&mapping, wanted)))
            continue;
        keep(out->library, sizeof out->library, mapping.path);
        out->reason = judge_mapping(&mapping, wanted);
    }
    release(&maps);
    return status;
}

/* ---- its environment ---------------------------------------------------- */

struct slice coverage_variable(struct slice environment, struct slice name)
{
    struct slice entry;
    while (slice_cut(&environment, '\0', &entry))
        if (slice_starts_with(entry, name) && entry.length > name.length &&
            entry.data[name.length] == '=')
            return slice_from(entry, name.length + 1);
    return (struct slice){0};
}

bool coverage_names_library(struct slice list)
{
    for (size_t i = 0; i < list.length;) {
        size_t start = i;
        while (i < list.length && strchr(": \t\n", list.data[i]) == NULL)
            i++;
        if (ends_in_library((struct slice){.data = list.data + start, .length = i - start}))
            return true;
        i++;
    }
    return false;
}

static bool preloads(struct slice environment)
{
    return coverage_names_library(coverage_variable(environment, SLICE("LD_PRELOAD")));
}

static void take_config(const char *path, struct policy *policy)
{
    struct content content;
    struct slice key, value;
    struct policy_problem problem;
    FILE *stream = fopen(path, "re");
    if (stream == NULL || read_all(stream, &content) != 0)
        return;
    struct slice rest = content.text;
    while (policy_next_line(&rest, &key, &value))
        policy_set(policy, key, value, &problem);
    release(&content);
}

/* The settings under which the library runs there: its file's, and over them its environment's. */
static void read_policy(struct slice environment, struct policy *policy)
{
    char path[PATH_MAX];
    struct slice chosen = coverage_variable(environment, SLICE("ASTRAY_CONFIG"));
    policy_start(policy);
    keep(path, sizeof path, chosen.length > 0 ? chosen : SLICE("/etc/astray.conf"));
    take_config(path, policy);
    for (size_t i = 0; i < policy_setting_count; i++) {
        struct policy_problem problem;
        struct slice value = coverage_variable(environment, slice_of(policy_settings[i].variable));
        if (value.length > 0)
            policy_set(policy, slice_of(policy_settings[i].key), value, &problem);
    }
}

/* ---- why not ------------------------------------------------------------ */

/* AT_SECURE of the auxiliary vector, of a program of our own word size. */
static bool is_secure(pid_t pid)
{
    enum { AT_SECURE_TAG = 23 };
    struct content auxv;
    bool secure = false;
    if (read_file(pid, "auxv", &auxv) != 0)
        return false;
    for (size_t at = 0; at + 2 * sizeof(unsigned long) <= auxv.text.length;
         at += 2 * sizeof(unsigned long)) {
        unsigned long pair[2];
        memcpy(pair, auxv.data + at, sizeof pair);
        secure |= pair[0] == AT_SECURE_TAG && pair[1] != 0;
    }
    release(&auxv);
    return secure;
}

static bool read_elf(pid_t pid, struct elf *out)
{
    char path[64];
    struct program_window window;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0)
        return false;
    bool known = program_read_elf(descriptor, &window, out);
    close(descriptor);
    return known;
}

static enum coverage_reason reason_of_elf(const struct elf *elf, const char *executable,
                                          const struct library *library)
{
    if (elf_is_static(elf, executable))
        return elf->go ? COVERAGE_GO : COVERAGE_STATIC;
    if (library != NULL && !elf_same_machine(elf, &library->elf))
        return COVERAGE_MACHINE;
    if (library != NULL && !elf_same_libc(elf->libc, library->elf.libc))
        return COVERAGE_LIBC;
    return elf->go ? COVERAGE_GO : COVERAGE_LOADED;
}

static bool read_stat(pid_t pid, char *buffer, size_t size, struct process_stat *out)
{
    ssize_t length = process_read_file(pid, "stat", buffer, size);
    return length > 0 &&
           process_stat_parse((struct slice){.data = buffer, .length = (size_t)length}, out);
}

static bool is_above_preloaded(pid_t pid)
{
    enum { LEVELS_MAX = 64 };
    char buffer[1024];
    struct process_stat stat;
    bool found = false;
    for (int level = 0; !found && level < LEVELS_MAX &&
                        read_stat(pid, buffer, sizeof buffer, &stat) && stat.parent > 0;
         level++) {
        struct content environment;
        pid = stat.parent;
        if (read_file(pid, "environ", &environment) == 0)
            found = preloads(environment.text);
        release(&environment);
    }
    return found;
}

/* When PID was started, in seconds of the clock; 0 when that cannot be told. */
static time_t start_of(pid_t pid)
{
    char buffer[1024], line[256];
    struct process_stat stat;
    long long boot = 0;
    FILE *stream = fopen("/proc/stat", "re");
    while (stream != NULL && fgets(line, sizeof line, stream) != NULL)
        if (sscanf(line, "btime %lld", &boot) == 1)
            break;
    if (stream != NULL)
        fclose(stream);
    if (boot == 0 || !read_stat(pid, buffer, sizeof buffer, &stat))
        return 0;
    return (time_t)(boot + (long long)(stat.started / (uint64_t)sysconf(_SC_CLK_TCK)));
}

static bool file_names_library(const char *path, time_t *changed)
{
    struct content content;
    struct stat status;
    FILE *stream = fopen(path, "re");
    if (stream == NULL)
        return false;
    *changed = fstat(fileno(stream), &status) == 0 ? status.st_mtime : 0;
    if (read_all(stream, &content) != 0)
        return false;
    bool names =
        memmem(content.data, content.text.length, library_name, strlen(library_name)) != NULL;
    release(&content);
    return names;
}

static bool folder_asks_since(const char *folder, time_t time)
{
    DIR *stream = opendir(folder);
    bool asks = false;
    if (stream == NULL)
        return false;
    for (struct dirent *entry; !asks && (entry = readdir(stream)) != NULL;) {
        char path[PATH_MAX];
        time_t changed;
        int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        asks = slice_ends_with(slice_of(entry->d_name), SLICE(".conf")) &&
               length < (int)sizeof path && file_names_library(path, &changed) && changed > time;
    }
    closedir(stream);
    return asks;
}

static bool name_asks_since(const char *root, const char *name, time_t time)
{
    static const char *const places[] = {"etc", "run"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[PATH_MAX], drop_ins[PATH_MAX + 2];
        time_t changed;
        int length = snprintf(path, sizeof path, "%s/%s/systemd/system/%s", root, places[i], name);
        if (length < 0 || length >= (int)sizeof path)
            continue;
        if (file_names_library(path, &changed) && changed > time)
            return true;
        snprintf(drop_ins, sizeof drop_ins, "%s.d", path);
        if (folder_asks_since(drop_ins, time))
            return true;
    }
    return false;
}

bool coverage_unit_asks_since(const char *root, const char *unit, time_t time)
{
    char template[256];
    const char *at = strchr(unit, '@'), *dot = strrchr(unit, '.');
    if (*unit == '\0' || strchr(unit, '/') != NULL)
        return false;
    if (name_asks_since(root, unit, time))
        return true;
    if (at == NULL || dot == NULL || dot < at || strlen(unit) >= sizeof template)
        return false;
    snprintf(template, sizeof template, "%.*s@%s", (int)(at - unit), unit, dot);
    return name_asks_since(root, template, time);
}

/* Nobody preloads it: was it just started too early? The kernel's time of boot may be a second
 * off. */
static enum coverage_reason reason_of_start(const struct coverage *coverage)
{
    enum { SLACK = 2 };
    time_t changed = 0, started = start_of(coverage->pid);
    if (file_names_library("/etc/ld.so.preload", &changed))
        return started != 0 && started + SLACK < changed ? COVERAGE_BEFORE : COVERAGE_NOT_LOADED;
    if (started != 0 && coverage_unit_asks_since("", coverage->unit, started + SLACK))
        return COVERAGE_BEFORE;
    return is_above_preloaded(coverage->pid) ? COVERAGE_CLEARED : COVERAGE_NOT_ASKED;
}

static enum coverage_reason why_not(const struct coverage *coverage,
                                    const struct coverage_wanted *wanted, struct slice environment)
{
    struct elf elf;
    if (!read_elf(coverage->pid, &elf))
        return COVERAGE_UNREADABLE;
    enum coverage_reason reason = reason_of_elf(&elf, coverage->executable, wanted->library);
    if (reason == COVERAGE_LOADED && is_secure(coverage->pid))
        reason = COVERAGE_SECURE;
    if (reason != COVERAGE_LOADED)
        return reason;
    return preloads(environment) ? COVERAGE_NOT_LOADED : reason_of_start(coverage);
}

/* The library is there: does it do anything? */
static enum coverage_reason why_idle(const struct coverage *coverage, struct slice environment)
{
    struct policy policy;
    struct elf elf;
    if (read_elf(coverage->pid, &elf) && elf.go)
        return COVERAGE_GO;
    read_policy(environment, &policy);
    if (policy.disabled)
        return COVERAGE_DISABLED;
    return policy_concerns(&policy, slice_of(coverage->executable)) ? coverage->reason
                                                                    : COVERAGE_EXCLUDED;
}

/* ---- one process -------------------------------------------------------- */

/* Both readable by everyone. */
static void read_identity(pid_t pid, struct coverage *out)
{
    char path[64], buffer[4096];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    if (stat(path, &status) == 0)
        out->uid = status.st_uid;
    if (process_name(pid, out->name) == 0)
        snprintf(out->name, sizeof out->name, "?");
    ssize_t length = process_read_file(pid, "cgroup", buffer, sizeof buffer);
    if (length > 0)
        keep(out->unit, sizeof out->unit,
             process_unit_of((struct slice){.data = buffer, .length = (size_t)length}));
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    length = readlink(path, out->executable, sizeof out->executable - 1);
    out->executable[length > 0 ? length : 0] = '\0';
}

/* Kernel threads and zombies have none, and everybody may see that. */
static bool has_command_line(pid_t pid)
{
    char byte;
    return process_read_file(pid, "cmdline", &byte, sizeof byte) > 0;
}

static bool is_gone(pid_t pid)
{
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    return stat(path, &status) != 0;
}

int coverage_of(pid_t pid, const struct coverage_wanted *wanted, struct coverage *out)
{
    struct content environment = {0};
    *out = (struct coverage){.pid = pid};
    if (is_gone(pid))
        return -ESRCH;
    read_identity(pid, out);
    int status = find_library(pid, wanted, out);
    int readable = status == 0 ? read_file(pid, "environ", &environment) : status;
    if (status == -ENOEXEC || (readable != 0 && !has_command_line(pid)))
        out->reason = COVERAGE_NO_PROGRAM;
    else if (readable != 0)
        out->reason = COVERAGE_UNREADABLE;
    else
        out->reason = *out->library != '\0' ? why_idle(out, environment.text)
                                            : why_not(out, wanted, environment.text);
    release(&environment);
    return is_gone(pid) ? -ESRCH : 0;
}

/* ---- names -------------------------------------------------------------- */

#define ROW(id, name, state, text) {name, text, COVERAGE_##state},
static const struct {
    const char *name, *text;
    enum coverage_state state;
} rows[] = {COVERAGE_REASONS(ROW)};
#undef ROW

enum coverage_state coverage_state_of(enum coverage_reason reason)
{
    return rows[reason].state;
}

const char *coverage_name(enum coverage_reason reason)
{
    return rows[reason].name;
}

const char *coverage_text(enum coverage_reason reason)
{
    return rows[reason].text;
}
