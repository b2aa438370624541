#include <astray/descriptor.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 32-bit systems have two. */
#ifdef SYS_fcntl64
#define NUMBER_FCNTL SYS_fcntl64
#else
#define NUMBER_FCNTL SYS_fcntl
#endif

int descriptor_above_standard(long descriptor)
{
    if (descriptor < 0)
        return -errno;
    if (descriptor > STDERR_FILENO)
        return (int)descriptor;
    long moved = syscall(NUMBER_FCNTL, descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int result = moved < 0 ? -errno : (int)moved;
    descriptor_close((int)descriptor);
    return result;
}

void descriptor_close(int descriptor)
{
    syscall(SYS_close, descriptor);
}
