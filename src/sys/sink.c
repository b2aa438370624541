#include <astray/sink.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/stat.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <astray/descriptor.h>
#include <astray/record.h>

/* 32-bit systems have these numbers for what the plain ones are elsewhere. */
#ifdef SYS_geteuid32
#define NUMBER_GETEUID SYS_geteuid32
#else
#define NUMBER_GETEUID SYS_geteuid
#endif
#ifdef SYS_clock_gettime64
#define NUMBER_CLOCK_GETTIME SYS_clock_gettime64
#else
#define NUMBER_CLOCK_GETTIME SYS_clock_gettime
#endif

/* The types of linux/stat.h and sys/stat.h cannot be had together with every libc. */
enum {
    TYPE_MASK = 0170000,
    TYPE_REGULAR = 0100000,
    OWNER_READS_AND_WRITES = 0600,
    OTHERS_WRITE = 02
};

#define SYSLOG_PATH "/dev/log"
#define SYSLOG_PRIORITY "<12>" /* facility user, severity warning */

/* ---- small pieces ----------------------------------------------------- */

static int negative_errno(void)
{
    return -errno;
}

static int status_of(int descriptor, struct statx *out)
{
    memset(out, 0, sizeof *out);
    if (syscall(SYS_statx, descriptor, "", AT_EMPTY_PATH, STATX_BASIC_STATS, out) != 0)
        return negative_errno();
    return 0;
}

/* ---- signals ---------------------------------------------------------- */

/* The kernel's set, not libc's. */
struct signals {
    unsigned long words[_NSIG / 8 / sizeof(unsigned long)];
};

#define SIGNAL_BIT(number) (1UL << ((number)-1))

/* What write(2) may raise: a file at its limit, a pipe without a reader, a terminal that belongs to
 * somebody else. All of them stand in the first word. */
static const struct signals of_write = {
    {SIGNAL_BIT(SIGXFSZ) | SIGNAL_BIT(SIGPIPE) | SIGNAL_BIT(SIGTTOU)}};

static void change_signals(int how, const struct signals *set, struct signals *old)
{
    syscall(SYS_rt_sigprocmask, how, set, old, sizeof *set);
}

/* Those of `of_write` that were waiting before: only a blocked signal can. */
static unsigned long waiting(const struct signals *blocked)
{
    struct signals pending = {0};
    if ((blocked->words[0] & of_write.words[0]) != 0)
        syscall(SYS_rt_sigpending, &pending, sizeof pending);
    return pending.words[0];
}

/* Takes away the signal that came with ERROR, unless one was waiting before. */
static void swallow(int error, unsigned long before)
{
    unsigned long raised = error == EFBIG   ? SIGNAL_BIT(SIGXFSZ)
                           : error == EPIPE ? SIGNAL_BIT(SIGPIPE)
                                            : 0;
    struct signals ours = {{raised & ~before}};
    struct timespec at_once = {0};
    if (ours.words[0] != 0)
        syscall(SYS_rt_sigtimedwait, &ours, NULL, &at_once, sizeof ours);
}

/* write(2) that raises nothing. Returns the bytes written, or -errno. */
static ssize_t write_quietly(int descriptor, struct slice line)
{
    struct signals old = {0};
    change_signals(SIG_BLOCK, &of_write, &old);
    unsigned long before = waiting(&old);
    ssize_t written = syscall(SYS_write, descriptor, line.data, line.length);
    if (written < 0) {
        written = negative_errno();
        swallow((int)-written, before);
    }
    change_signals(SIG_SETMASK, &old, NULL);
    return written;
}

/* ---- a file ----------------------------------------------------------- */

bool sink_expand(const char *template, uid_t uid, pid_t pid, struct slice executable,
                 char out[static SINK_PATH_SIZE])
{
    struct text text;
    text_start(&text, out, SINK_PATH_SIZE - 1);
    for (const char *at = template; *at != '\0'; at++) {
        if (*at != '%' || at[1] == '\0') {
            text_char(&text, *at);
            continue;
        }
        at++;
        if (*at == 'u')
            text_number(&text, uid);
        else if (*at == 'p')
            text_number(&text, (uint64_t)pid);
        else if (*at == 'e')
            for (size_t i = 0; i < executable.length; i++)
                text_char(&text, executable.data[i] == '/' || executable.data[i] == '\0'
                                     ? '_'
                                     : executable.data[i]);
        else
            text_char(&text, *at);
    }
    out[text.length] = '\0';
    return !text.cut;
}

/* Rare work with a buffer of its own, which shall not lie on the stack of the common way. */
#define APART __attribute__((noinline))

/* May everybody create files where PATH is? Unknown counts as yes. Ends PATH at its directory. */
APART static bool is_in_public_directory(char *path, uint32_t *owner)
{
    struct statx directory = {0};
    char *end = path + strlen(path);
    while (end > path && *end != '/')
        end--;
    end[end == path] = '\0';
    if (syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &directory) != 0)
        return true;
    *owner = directory.stx_uid;
    return (directory.stx_mode & OTHERS_WRITE) != 0;
}

/* Is this a file that somebody else may have put there, to read our records or to have them
 * appended to a file that we alone may write? */
static bool is_planted(const struct statx *file, uint32_t uid, char *path)
{
    uint32_t owner = uid;
    if ((file->stx_uid == uid || file->stx_uid == 0) && file->stx_nlink <= 1)
        return false;
    return is_in_public_directory(path, &owner) && (file->stx_uid != owner || file->stx_nlink > 1);
}

static int check_file(int descriptor, const struct statx *file, uint32_t uid, char *path)
{
    if ((file->stx_mode & TYPE_MASK) != TYPE_REGULAR)
        return -EINVAL;
    if (is_planted(file, uid, path))
        return -EPERM;
    /* The file that we have just made under an unkind umask could not be opened again. */
    if (file->stx_size == 0 && file->stx_uid == uid &&
        (file->stx_mode & OWNER_READS_AND_WRITES) != OWNER_READS_AND_WRITES)
        syscall(SYS_fchmod, descriptor, OWNER_READS_AND_WRITES);
    return 0;
}

/* Would the file become larger than LIMIT, or than the process may make it? Asked before, for at
 * its limit write(2) takes a part of the line. */
static int check_room(uint64_t size, size_t length, uint64_t limit)
{
    struct {
        uint64_t soft, hard;
    } allowed;
    if (size > limit || length > limit - size)
        return -EFBIG;
    if (syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &allowed) != 0)
        return 0;
    return size > allowed.soft || length > allowed.soft - size ? -EFBIG : 0;
}

/* A part of a line was written and the disk is full: takes it back while it is still the end of
 * the file; else at least ends the line. */
APART static void take_back(int descriptor, size_t written)
{
    struct statx file;
    int64_t end = -1;
#ifdef SYS__llseek
    syscall(SYS__llseek, descriptor, 0, 0, &end, SEEK_CUR);
#else
    end = syscall(SYS_lseek, descriptor, 0, SEEK_CUR);
#endif
    if (status_of(descriptor, &file) != 0 || end < 0 || file.stx_size != (uint64_t)end)
        return;
    uint64_t start = (uint64_t)end - written;
#ifdef SYS_ftruncate64
    /* Never on the systems that pass 64 bits in an aligned pair of registers. */
    long result = start <= INT32_MAX ? syscall(SYS_ftruncate, descriptor, (long)start) : -1;
#else
    long result = syscall(SYS_ftruncate, descriptor, start);
#endif
    if (result != 0)
        write_quietly(descriptor, SLICE("\n"));
}

static int append(int descriptor, uint64_t size, uint64_t limit, struct slice line)
{
    int status = check_room(size, line.length, limit);
    if (status != 0)
        return status;
    ssize_t written = write_quietly(descriptor, line);
    if (written == (ssize_t)line.length)
        return 0;
    if (written <= 0)
        return written == 0 ? -EIO : (int)written;
    take_back(descriptor, (size_t)written);
    return -ENOSPC;
}

static int write_file(const struct policy *policy, struct slice executable, struct slice line)
{
    char path[SINK_PATH_SIZE];
    struct statx file;
    uint32_t uid = (uint32_t)syscall(NUMBER_GETEUID);
    if (!sink_expand(policy->log_path, uid, (pid_t)syscall(SYS_getpid), executable, path))
        return -ENAMETOOLONG;
    int descriptor =
        descriptor_above_standard(syscall(SYS_openat, AT_FDCWD, path,
                                          O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
                                              O_NONBLOCK | O_NOCTTY | O_LARGEFILE,
                                          OWNER_READS_AND_WRITES));
    if (descriptor < 0)
        return descriptor;
    int status = status_of(descriptor, &file);
    if (status == 0)
        status = check_file(descriptor, &file, uid, path);
    if (status == 0)
        status = append(descriptor, file.stx_size, policy->log_limit, line);
    descriptor_close(descriptor);
    return status;
}

/* ---- standard error --------------------------------------------------- */

static bool identify_stderr(struct sink_stderr *out)
{
    struct statx file;
    if (status_of(STDERR_FILENO, &file) != 0)
        return false;
    out->device = (uint64_t)file.stx_dev_major << 32 | file.stx_dev_minor;
    out->inode = file.stx_ino;
    return true;
}

void sink_remember_stderr(struct sink_stderr *out)
{
    int saved = errno;
    *out = (struct sink_stderr){0};
    out->open = identify_stderr(out);
    errno = saved;
}

static int write_stderr(const struct sink_stderr *remembered, struct slice line)
{
    struct sink_stderr now = {0};
    struct pollfd question = {.fd = STDERR_FILENO, .events = POLLOUT};
    struct timespec at_once = {0};
    if (!remembered->open || !identify_stderr(&now) || now.device != remembered->device ||
        now.inode != remembered->inode)
        return -EBADF;
    if (syscall(SYS_ppoll, &question, 1, &at_once, NULL, 0) != 1)
        return -EAGAIN;
    ssize_t written = write_quietly(STDERR_FILENO, line);
    return written < 0 ? (int)written : 0;
}

/* ---- syslog ----------------------------------------------------------- */

/* "<12>Sep 21 08:14:02 astray[4711]: @cee: ", the time in UTC: the zone's file cannot be read here.
 * "@cee:" announces JSON (rsyslog's mmjsonparse, syslog-ng's json-parser). */
static struct slice syslog_header(char *out, size_t size)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char time[RECORD_TIME_SIZE];
    int64_t now[2] = {0}; /* struct timespec with 64 bits, whatever libc makes of it */
    struct text text;
    syscall(NUMBER_CLOCK_GETTIME, CLOCK_REALTIME, now);
    record_time_format((uint64_t)now[0] * 1000000, time);
    text_start(&text, out, size);
    text_string(&text, SYSLOG_PRIORITY);
    text_bytes(&text, months + 3 * ((time[5] - '0') * 10 + time[6] - '1'), 3);
    text_char(&text, ' ');
    text_char(&text, time[8] == '0' ? ' ' : time[8]);
    text_char(&text, time[9]);
    text_char(&text, ' ');
    text_bytes(&text, time + 11, 8);
    text_string(&text, " astray[");
    text_number(&text, (uint64_t)syscall(SYS_getpid));
    text_string(&text, "]: @cee: ");
    return text_done(&text);
}

static int write_syslog(struct slice line)
{
    char buffer[80];
    struct slice header = syslog_header(buffer, sizeof buffer);
    struct slice body = slice_trim(line);
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SYSLOG_PATH};
    struct iovec parts[] = {{(void *)header.data, header.length}, {(void *)body.data, body.length}};
    struct msghdr message = {
        .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = parts, .msg_iovlen = 2};
    int descriptor = descriptor_above_standard(
        syscall(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (descriptor < 0)
        return descriptor;
    int status = 0;
    if (syscall(SYS_sendmsg, descriptor, &message, MSG_NOSIGNAL) < 0)
        status = negative_errno();
    descriptor_close(descriptor);
    return status;
}

/* ----------------------------------------------------------------------- */

int sink_write(const struct policy *policy, const struct sink_stderr *standard_error,
               struct slice executable, struct slice line)
{
    int saved = errno, status = 0;
    if (policy->log == POLICY_LOG_FILE)
        status = write_file(policy, executable, line);
    else if (policy->log == POLICY_LOG_STDERR)
        status = write_stderr(standard_error, line);
    if (policy->log == POLICY_LOG_SYSLOG)
        status = write_syslog(line);
    else if (status != 0 && write_syslog(line) == 0)
        status = 0;
    errno = saved;
    return status;
}
