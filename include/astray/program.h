/* program.h - the program that a file starts: what its head says, and with which privileges it
 * would run.
 *
 * Raw system calls into memory of the caller; async-signal-safe, errno is left alone. */
#ifndef ASTRAY_PROGRAM_H
#define ASTRAY_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <astray/elf.h>
#include <astray/script.h>

/* A part of a file, so that many short reads are few system calls. */
struct program_window {
    int descriptor;
    uint64_t start; /* its place in the file */
    size_t length;
    char bytes[4096];
};

/* elf_parse() of an open file, whose position is left alone. */
bool program_read_elf(int descriptor, struct program_window *window, struct elf *out);

enum program_privileges {
    PROGRAM_ORDINARY,
    PROGRAM_SET_UID,
    PROGRAM_OTHER_UID, /* the caller's effective and real user already differ */
    PROGRAM_SET_GID,
    PROGRAM_OTHER_GID,
    PROGRAM_CAPABILITIES
};

/* Will the kernel set AT_SECURE, under which the dynamic loader ignores LD_PRELOAD, when the caller
 * executes PATH? By cap_bprm_creds_from_file(). */
enum program_privileges program_privileges_of(const char *path);

enum program_status {
    PROGRAM_KNOWN,
    PROGRAM_MISSING,    /* there is no such file, or it may not be executed: execve(2) will fail */
    PROGRAM_UNREADABLE, /* it may be executed, but not read */
    PROGRAM_FOREIGN     /* neither ELF nor a script */
};

#define PROGRAM_PATH_SIZE 4096

struct program {
    char path[PROGRAM_PATH_SIZE]; /* the file that runs in the end: a script's interpreter */
    struct elf elf;               /* of it, where it is known */
    struct script script;
    struct program_window window;
};

/* Finds what execve(2) of PATH would run, scripts followed. PATH must be readable memory; OUT->path
 * is written whatever the status. */
enum program_status program_find(const char *path, struct program *out);

#endif
