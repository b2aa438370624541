/* sink.h - where records go: one line, one system call.
 *
 * A file is opened for each line (O_APPEND, O_NOFOLLOW, O_CLOEXEC, O_NONBLOCK, O_NOCTTY) and
 * closed at once: a descriptor that is kept would be closed by the host and its number
 * reused. Never uses descriptors 0 to 2, never makes a directory, never raises a signal in
 * the host (SIGXFSZ, SIGPIPE, SIGTTOU), never waits. Raw system calls; async-signal-safe; errno is
 * left alone. */
#ifndef ASTRAY_SINK_H
#define ASTRAY_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <astray/policy.h>
#include <astray/text.h>

/* Which file standard error was when the library was loaded; unused with another log. */
struct sink_stderr {
    uint64_t device;
    uint64_t inode;
    bool open;
};

/* Remembers what descriptor 2 is now. One system call. */
void sink_remember_stderr(struct sink_stderr *out);

#define SINK_PATH_SIZE 512

/* Writes TEMPLATE with %u (UID), %p (PID), %e (EXECUTABLE, '/' made '_') and %% replaced,
 * and a NUL. False when it does not fit. Pure. */
bool sink_expand(const char *template, uid_t uid, pid_t pid, struct slice executable,
                 char out[static SINK_PATH_SIZE]);

/* Writes LINE (its newline included) to the policy's log; EXECUTABLE is the base name for %e.
 *
 * A file is made with mode 0600, whatever the umask is. It is not used when it is no regular file
 * (a symbolic link, FIFO or device); when somebody else may have planted it: everybody can write
 * in its directory, and it belongs neither to the process's user, nor to root, nor to the
 * directory's owner, or it has a second name (hard link); and when LINE would take it beyond
 * log_limit or RLIMIT_FSIZE. Where the disk becomes full in the middle of the line, the part that
 * was written is cut off again, unless another process has appended to it by then.
 *
 * Standard error is used while descriptor 2 is the remembered file and takes the line at once.
 *
 * What cannot be written to either goes to syslog: a datagram to /dev/log (user.warning, "@cee:"
 * before the JSON, the time in UTC). Returns 0, or -errno of the first failure when the line
 * reached nobody: count it as dropped. */
int sink_write(const struct policy *policy, const struct sink_stderr *standard_error,
               struct slice executable, struct slice line);

#endif
