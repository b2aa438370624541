/* sink.h - where records go: one line, one system call.
 *
 * A file is opened for each line (O_APPEND, O_NOFOLLOW, O_CLOEXEC, O_NONBLOCK, O_NOCTTY) and
 * closed at once: a descriptor that is kept would be closed by the host and its number
 * reused. Never uses descriptors 0 to 2, never makes a directory, never raises a signal in
 * the host (SIGXFSZ, SIGPIPE). Raw system calls; async-signal-safe; errno is left alone. */
#ifndef ASTRAY_SINK_H
#define ASTRAY_SINK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <astray/policy.h>
#include <astray/text.h>

/* Which file standard error was when the library was loaded; unused with another log. */
struct sink_stderr {
    dev_t device;
    ino_t inode;
};

/* Remembers what descriptor 2 is now. One system call. */
void sink_remember_stderr(struct sink_stderr *out);

#define SINK_PATH_SIZE 512

/* Writes TEMPLATE with %u (UID), %p (PID), %e (EXECUTABLE, '/' made '_') and %% replaced,
 * and a NUL. False when it does not fit. Pure. */
bool sink_expand(const char *template, uid_t uid, pid_t pid, struct slice executable,
                 char out[static SINK_PATH_SIZE]);

/* Writes LINE (its newline included) to the policy's log; a file that cannot be opened, is no
 * regular file of ours (a symbolic link, FIFO or device), or is at its limit or full falls back to
 * syslog. EXECUTABLE is the base name for %e. Returns 0, or -errno when the line reached
 * nobody: count it as dropped. */
int sink_write(const struct policy *policy, const struct sink_stderr *standard_error,
               struct slice executable, struct slice line);

#endif
