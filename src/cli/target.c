#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <astray/text.h>

/* Linux follows four scripts, then gives up with ELOOP. */
enum { SCRIPTS_MAX = 5, SCRIPT_LINE = 256 };

/* ---- finding ------------------------------------------------------------ */

static int executable_file(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return EACCES;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

/* As execvp(3): a name with a slash is a path; else $PATH, where a file that may not be executed
 * counts only when no other is found. */
static int find_command(const char *command, char out[static PATH_MAX])
{
    int found = ENOENT;
    if (*command == '\0')
        return ENOENT;
    if (strchr(command, '/') != NULL)
        return snprintf(out, PATH_MAX, "%s", command) < PATH_MAX ? executable_file(out)
                                                                 : ENAMETOOLONG;
    const char *path = getenv("PATH");
    struct slice rest = slice_of(path != NULL ? path : "/bin:/usr/bin"), folder;
    while (slice_cut(&rest, ':', &folder)) {
        char candidate[PATH_MAX];
        int length =
            snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)folder.length,
                     folder.length > 0 ? folder.data : "", folder.length > 0 ? "/" : "", command);
        if (length >= (int)sizeof candidate)
            continue;
        int code = executable_file(candidate);
        if (code == 0 || (code == EACCES && found != EACCES))
            memcpy(out, candidate, (size_t)length + 1);
        if (code == 0)
            return 0;
        if (code == EACCES)
            found = EACCES;
    }
    return found;
}

/* ---- scripts ------------------------------------------------------------ */

static struct slice cut_word(struct slice *rest)
{
    *rest = slice_trim(*rest);
    size_t end = 0;
    while (end < rest->length && rest->data[end] != ' ' && rest->data[end] != '\t')
        end++;
    struct slice word = {.data = rest->data, .length = end};
    *rest = slice_trim(slice_from(*rest, end));
    return word;
}

static bool copy(struct slice from, char *to, size_t size)
{
    if (from.length >= size)
        return false;
    if (from.length > 0)
        memcpy(to, from.data, from.length);
    to[from.length] = '\0';
    return true;
}

bool target_parse_script(const char *data, size_t length, struct target_script *out)
{
    struct slice line = {.data = data, .length = length < SCRIPT_LINE ? length : SCRIPT_LINE};
    if (!slice_starts_with(line, SLICE("#!")))
        return false;
    line = slice_from(line, 2);
    size_t end = slice_find(line, '\n');
    bool whole = end < line.length || length < SCRIPT_LINE;
    line.length = slice_find((struct slice){line.data, end}, '\0');
    struct slice rest = line, word = cut_word(&rest);
    if (word.length == 0 || (!whole && rest.length == 0))
        return false;
    return copy(word, out->interpreter, sizeof out->interpreter) &&
           copy(rest, out->argument, sizeof out->argument);
}

/* One word of env's options. Leaves in *WORD what is no option: an assignment, the program, or
 * nothing. */
static void skip_env_option(struct slice *word, struct slice *rest, bool *cleared)
{
    struct slice split = SLICE("--split-string=");
    if (slice_starts_with(*word, split)) {
        *word = slice_from(*word, split.length);
        return;
    }
    if (slice_equal(*word, SLICE("-")) || slice_equal(*word, SLICE("--ignore-environment")))
        *cleared = true;
    size_t at = slice_starts_with(*word, SLICE("--")) ? word->length : 1;
    for (; at < word->length; at++) {
        char letter = word->data[at];
        *cleared |= letter == 'i';
        if (letter == 'S') {
            *word = slice_from(*word, at + 1);
            return;
        }
        if (letter == 'u' || letter == 'C') {
            if (at + 1 == word->length)
                cut_word(rest);
            break;
        }
    }
    *word = (struct slice){0};
}

bool target_parse_env(const char *argument, char program[static 256], bool *clears)
{
    struct slice rest = slice_of(argument);
    bool cleared = false;
    /* Linux passes all of it as one argument, and only -S takes that apart. */
    if (rest.length > 0 && *argument != '-') {
        *clears = false;
        return slice_find(rest, '=') == rest.length && copy(rest, program, 256);
    }
    if (!slice_starts_with(rest, SLICE("--split-string=")) &&
        slice_find((struct slice){rest.data, slice_find(rest, ' ')}, 'S') >= slice_find(rest, ' '))
        return false;
    while (rest.length > 0) {
        struct slice word = cut_word(&rest);
        while (slice_starts_with(word, SLICE("-")))
            skip_env_option(&word, &rest, &cleared);
        if (word.length == 0 || slice_find(word, '=') < word.length)
            continue;
        *clears = cleared;
        return copy(word, program, 256);
    }
    return false;
}

static bool is_env(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash == NULL ? path : slash + 1, "env") == 0;
}

/* Puts the program that runs the script DESCRIPTOR in the place of the script's name. */
static void follow_script(struct target *target, int descriptor)
{
    char line[SCRIPT_LINE], program[256], found[PATH_MAX];
    struct target_script script;
    ssize_t length = pread(descriptor, line, sizeof line, 0);
    bool clears = false;
    if (length <= 0 || !target_parse_script(line, (size_t)length, &script)) {
        snprintf(target->program, sizeof target->program, "/bin/sh");
    } else if (is_env(script.interpreter) && target_parse_env(script.argument, program, &clears) &&
               find_command(program, found) == 0) {
        memcpy(target->program, found, sizeof found);
        target->clears |= clears;
    } else {
        snprintf(target->program, sizeof target->program, "%s", script.interpreter);
    }
}

static enum target_status failed(struct target *target, int code)
{
    target->code = code;
    return code == ENOENT || code == ENOTDIR ? TARGET_NOT_FOUND : TARGET_NOT_EXECUTABLE;
}

enum target_status target_find(const char *command, struct target *out)
{
    *out = (struct target){0};
    int code = find_command(command, out->path);
    if (code != 0)
        return failed(out, code);
    memcpy(out->program, out->path, sizeof out->program);
    for (int scripts = 0; code == 0; scripts++) {
        if (scripts > SCRIPTS_MAX)
            return failed(out, ELOOP);
        int descriptor = open(out->program, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (descriptor < 0) {
            out->code = errno;
            return TARGET_UNREADABLE;
        }
        bool known = elf_parse_file(descriptor, &out->elf);
        if (!known)
            follow_script(out, descriptor);
        close(descriptor);
        if (known)
            return TARGET_OK;
        code = executable_file(out->program);
    }
    return failed(out, code);
}

/* ---- judging ------------------------------------------------------------ */

/* Will the kernel set AT_SECURE, under which the dynamic loader ignores LD_PRELOAD? By
 * cap_bprm_creds_from_file(). */
static const char *privileges_of(const char *program)
{
    struct stat status;
    struct statvfs mount;
    char capabilities[64];
    if (stat(program, &status) != 0)
        return NULL;
    bool honoured = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 &&
                    (statvfs(program, &mount) != 0 || (mount.f_flag & ST_NOSUID) == 0);
    bool set_uid = honoured && (status.st_mode & S_ISUID) != 0;
    bool set_gid = honoured && (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
    if ((set_uid ? status.st_uid : geteuid()) != getuid())
        return set_uid ? "is set-user-ID" : "would run with an effective user ID of its own";
    if ((set_gid ? status.st_gid : getegid()) != getgid())
        return set_gid ? "is set-group-ID" : "would run with an effective group ID of its own";
    if (honoured && getuid() != 0 &&
        getxattr(program, "security.capability", capabilities, sizeof capabilities) > 0)
        return "has file capabilities";
    return NULL;
}

bool target_refuses(const struct target *target, const struct elf *library, char *reason,
                    size_t size)
{
    const struct elf *elf = &target->elf;
    const char *privileges = privileges_of(target->program);
    if (!elf_same_machine(elf, library))
        snprintf(reason, size, "is for %s, the library for %s", elf_machine_name(elf),
                 elf_machine_name(library));
    else if (*elf->interpreter == '\0' && elf_libc_of_loader(target->program) == ELF_LIBC_UNKNOWN)
        snprintf(reason, size, "is linked statically%s, so no library can be preloaded into it",
                 elf->go ? " (a Go program)" : "");
    else if (privileges != NULL)
        snprintf(reason, size, "%s, so the dynamic loader ignores LD_PRELOAD", privileges);
    else if (elf->libc != library->libc && elf->libc != ELF_LIBC_UNKNOWN &&
             library->libc != ELF_LIBC_UNKNOWN)
        snprintf(reason, size, "uses %s, the library was built for %s", elf_libc_name(elf->libc),
                 elf_libc_name(library->libc));
    else if (target->clears)
        snprintf(reason, size, "is started through env -i, which drops LD_PRELOAD");
    else
        return false;
    return true;
}
