#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <astray/program.h>
#include <astray/script.h>
#include <astray/text.h>

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

static bool is_env(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash == NULL ? path : slash + 1, "env") == 0;
}

/* Puts the program that runs the script DESCRIPTOR in the place of the script's name. */
static void follow_script(struct target *target, int descriptor)
{
    char line[SCRIPT_LINE], program[SCRIPT_LINE], found[PATH_MAX];
    struct script script;
    ssize_t length = pread(descriptor, line, sizeof line, 0);
    bool clears = false;
    if (length <= 0 || !script_parse(line, (size_t)length, &script)) {
        snprintf(target->program, sizeof target->program, "/bin/sh");
    } else if (is_env(script.interpreter) && script_parse_env(script.argument, program, &clears) &&
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
    struct program_window window;
    *out = (struct target){0};
    int code = find_command(command, out->path);
    if (code != 0)
        return failed(out, code);
    memcpy(out->program, out->path, sizeof out->program);
    for (int scripts = 0; code == 0; scripts++) {
        if (scripts > SCRIPT_DEPTH)
            return failed(out, ELOOP);
        int descriptor = open(out->program, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (descriptor < 0) {
            out->code = errno;
            return TARGET_UNREADABLE;
        }
        bool known = program_read_elf(descriptor, &window, &out->elf);
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

static const char *const privileges[] = {
    [PROGRAM_SET_UID] = "is set-user-ID",
    [PROGRAM_OTHER_UID] = "would run with an effective user ID of its own",
    [PROGRAM_SET_GID] = "is set-group-ID",
    [PROGRAM_OTHER_GID] = "would run with an effective group ID of its own",
    [PROGRAM_CAPABILITIES] = "has file capabilities",
};

bool target_refuses(const struct target *target, const struct elf *library, char *reason,
                    size_t size)
{
    const struct elf *elf = &target->elf;
    enum program_privileges raised = program_privileges_of(target->program);
    if (!elf_same_machine(elf, library))
        snprintf(reason, size, "is for %s, the library for %s", elf_machine_name(elf),
                 elf_machine_name(library));
    else if (elf_is_static(elf, target->program))
        snprintf(reason, size, "is linked statically%s, so no library can be preloaded into it",
                 elf->go ? " (a Go program)" : "");
    else if (raised != PROGRAM_ORDINARY)
        snprintf(reason, size, "%s, so the dynamic loader ignores LD_PRELOAD", privileges[raised]);
    else if (!elf_same_libc(elf->libc, library->libc))
        snprintf(reason, size, "uses %s, the library was built for %s", elf_libc_name(elf->libc),
                 elf_libc_name(library->libc));
    else if (target->clears)
        snprintf(reason, size, "is started through env -i, which drops LD_PRELOAD");
    else
        return false;
    return true;
}
