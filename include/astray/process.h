/* process.h - who a process is: itself and its ancestors, read from /proc.
 *
 * Raw system calls into fixed buffers; safe at any moment inside a foreign process:
 * no allocation, no lock, no stdio, and errno is left alone. */
#ifndef ASTRAY_PROCESS_H
#define ASTRAY_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <astray/text.h>

#define PROCESS_ARGS_MAX 32
#define PROCESS_ANCESTORS_MAX 8
#define PROCESS_STORAGE 5120

/* Room for reading /proc; contents do not matter before or after. */
#define PROCESS_SCRATCH 3072

struct process_ancestor {
    pid_t pid;
    uint64_t started;  /* clock ticks after boot; tells a reused pid */
    struct slice name; /* as process_name() gives it */
};

/* A process as a record tells it. The slices point into `storage`; what could not be
 * read is empty. Must not be moved or copied. */
struct process {
    pid_t pid;
    pid_t parent_pid;        /* 0: the parent is outside of the pid namespace */
    uint64_t started;        /* clock ticks after boot (field 22 of /proc/PID/stat) */
    uid_t uid;               /* effective */
    struct slice name;       /* what a person calls it: process_name_of() its command line */
    struct slice executable; /* path, without the kernel's " (deleted)" */
    struct slice program;    /* base name of the executable; of busybox the applet */
    struct slice working_directory;
    struct slice unit; /* systemd's, from /proc/self/cgroup; empty for none */
    struct slice host; /* node name of uname(2) */
    struct slice parent_name;
    struct slice parent_executable;
    struct slice command_line; /* unmasked, a NUL behind each argument; empty for a long one */
    struct slice args[PROCESS_ARGS_MAX]; /* masked; one that is over 256 bytes long is cut
                                            there, and "..." is the last one when not all fit */
    size_t arg_count;
    struct process_ancestor ancestors[PROCESS_ANCESTORS_MAX]; /* the parent first */
    size_t ancestor_count;
    bool topmost; /* the last ancestor (for none: the process) has no parent here */
    size_t used;
    char storage[PROCESS_STORAGE];
};

/* Reads the calling process. WITH_ARGS false leaves the arguments out (they are still
 * used to name a script). Never fails: what cannot be read is empty. */
void process_read_self(struct process *out, bool with_args, char scratch[static PROCESS_SCRATCH]);

/* The pid of the calling process and thread, by system call: a cached one is wrong
 * behind fork and vfork. */
pid_t process_pid(void);
pid_t process_tid(void);

/* Opens /proc/PID/FILE (PID 0: self) for reading, O_CLOEXEC. Returns the descriptor, which
 * the caller gives to process_close() soon, or -errno. */
int process_open(pid_t pid, const char *file);

/* Reads up to SIZE bytes of a file below /proc, fewer only at its end. Returns the bytes read, or
 * -errno. */
ssize_t process_read(int descriptor, char *out, size_t size);
void process_close(int descriptor);

/* The three above in one: all of /proc/PID/FILE up to SIZE bytes. */
ssize_t process_read_file(pid_t pid, const char *file, char *out, size_t size);

/* The name a person would give the process PID: "deploy.sh" for `bash ./deploy.sh`, and the
 * kernel's own ("kworker/0:1") where there is no command line.
 * Written to OUT with a NUL; returns its length, 0 when it may not be read. */
#define PROCESS_NAME_SIZE 64
size_t process_name(pid_t pid, char out[static PROCESS_NAME_SIZE]);

/* From a command line (arguments, each ended by a NUL, as /proc/PID/cmdline gives it): the base
 * name of the script that an interpreter runs ("deploy.sh", "http.server" for `python -m`,
 * "app.jar"), or of the program. A title that a daemon gave itself counts up to its colon
 * ("nginx: worker process"), a login shell without its hyphen. Pure. */
struct slice process_name_of(struct slice command_line);

/* What /proc/PID/stat tells. The command's name may hold blanks and parentheses. */
struct process_stat {
    struct slice command;
    pid_t parent;
    uint64_t started;
};

/* Reads the text of a /proc/PID/stat. Writes *OUT only on success. Pure. */
bool process_stat_parse(struct slice stat, struct process_stat *out);

/* The systemd unit in the text of a /proc/PID/cgroup (v1, v2 or both; cgroups(7)): the last
 * part of the path that ends in ".service", else the last that ends in ".scope" and is no
 * container's; empty for none. Pure. */
struct slice process_unit_of(struct slice cgroup);

#endif
