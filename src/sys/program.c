#include <astray/program.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <astray/descriptor.h>
#include <astray/text.h>

#ifndef ST_NOSUID
#define ST_NOSUID 2
#endif

/* 32-bit systems have two of each: the old one has room for 16 bits. */
#ifdef SYS_getuid32
#define NUMBER_GETUID SYS_getuid32
#define NUMBER_GETEUID SYS_geteuid32
#define NUMBER_GETGID SYS_getgid32
#define NUMBER_GETEGID SYS_getegid32
#else
#define NUMBER_GETUID SYS_getuid
#define NUMBER_GETEUID SYS_geteuid
#define NUMBER_GETGID SYS_getgid
#define NUMBER_GETEGID SYS_getegid
#endif

/* ---- its head ----------------------------------------------------------- */

/* preadv(2) takes a place in a large file in the same way on every machine. */
static bool fill(struct program_window *window, uint64_t offset)
{
    struct iovec bytes = {window->bytes, sizeof window->bytes};
    if (offset > INT64_MAX - sizeof window->bytes)
        return false;
    long got = syscall(SYS_preadv, window->descriptor, &bytes, 1, (unsigned long)offset,
                       (unsigned long)(offset >> 32));
    window->start = offset;
    window->length = got > 0 ? (size_t)got : 0;
    return got > 0;
}

static bool is_within(const struct program_window *window, uint64_t offset, size_t length)
{
    return offset >= window->start && offset - window->start <= window->length &&
           length <= window->length - (offset - window->start);
}

static bool read_window(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct program_window *window = context;
    if (length > sizeof window->bytes)
        return false;
    if (!is_within(window, offset, length) &&
        (!fill(window, offset) || !is_within(window, offset, length)))
        return false;
    memcpy(buffer, window->bytes + (offset - window->start), length);
    return true;
}

bool program_read_elf(int descriptor, struct program_window *window, struct elf *out)
{
    int saved = errno;
    window->descriptor = descriptor;
    window->length = 0;
    bool known = elf_parse(read_window, window, out);
    errno = saved;
    return known;
}

static bool read_script(struct program_window *window, struct script *out)
{
    return fill(window, 0) && script_parse(window->bytes, window->length, out);
}

/* ---- its privileges ----------------------------------------------------- */

/* Does the kernel honour such marks on this file at all? */
static bool are_honoured(const char *path)
{
#ifdef SYS_statfs64
    struct statfs64 mount = {0};
    long result = syscall(SYS_statfs64, path, sizeof mount, &mount);
#else
    struct statfs mount = {0};
    long result = syscall(SYS_statfs, path, &mount);
#endif
    return (result != 0 || ((unsigned long)mount.f_flags & ST_NOSUID) == 0) &&
           syscall(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

static enum program_privileges find_privileges(const char *path)
{
    struct statx file;
    char capabilities[64];
    if (syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &file) != 0)
        return PROGRAM_ORDINARY;
    uint32_t uid = (uint32_t)syscall(NUMBER_GETUID), gid = (uint32_t)syscall(NUMBER_GETGID);
    bool honoured = are_honoured(path);
    bool set_uid = honoured && (file.stx_mode & S_ISUID) != 0;
    bool set_gid = honoured && (file.stx_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
    if ((set_uid ? file.stx_uid : (uint32_t)syscall(NUMBER_GETEUID)) != uid)
        return set_uid ? PROGRAM_SET_UID : PROGRAM_OTHER_UID;
    if ((set_gid ? file.stx_gid : (uint32_t)syscall(NUMBER_GETEGID)) != gid)
        return set_gid ? PROGRAM_SET_GID : PROGRAM_OTHER_GID;
    if (honoured && uid != 0 &&
        syscall(SYS_getxattr, path, "security.capability", capabilities, sizeof capabilities) > 0)
        return PROGRAM_CAPABILITIES;
    return PROGRAM_ORDINARY;
}

enum program_privileges program_privileges_of(const char *path)
{
    int saved = errno;
    enum program_privileges privileges = find_privileges(path);
    errno = saved;
    return privileges;
}

/* ---- what runs in the end ----------------------------------------------- */

/* Asked before it is opened: opening a device or a FIFO may do something. */
static bool may_be_executed(const char *path)
{
    struct statx file;
    return syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &file) == 0 &&
           (file.stx_mode & S_IFMT) == S_IFREG && syscall(SYS_faccessat, AT_FDCWD, path, X_OK) == 0;
}

static enum program_status look_at(struct program *program)
{
    if (!may_be_executed(program->path))
        return PROGRAM_MISSING;
    int descriptor = descriptor_above_standard(
        syscall(SYS_openat, AT_FDCWD, program->path, O_RDONLY | O_CLOEXEC | O_NOCTTY, 0));
    if (descriptor < 0)
        return PROGRAM_UNREADABLE;
    enum program_status status = PROGRAM_FOREIGN;
    *program->script.interpreter = '\0';
    if (program_read_elf(descriptor, &program->window, &program->elf))
        status = PROGRAM_KNOWN;
    else
        read_script(&program->window, &program->script);
    descriptor_close(descriptor);
    return status;
}

static void keep_path(struct program *program, const char *path)
{
    struct text copy;
    text_start(&copy, program->path, sizeof program->path);
    text_string(&copy, path);
    text_finish(&copy);
}

enum program_status program_find(const char *path, struct program *out)
{
    int saved = errno;
    enum program_status status = PROGRAM_FOREIGN;
    for (int depth = 0; depth <= SCRIPT_DEPTH; depth++) {
        keep_path(out, path);
        status = look_at(out);
        path = out->script.interpreter;
        if (status != PROGRAM_FOREIGN || *path == '\0')
            break;
    }
    errno = saved;
    return status;
}
