#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <astray/memory.h>

#include "intercept.h"
#include "real.h"

/* The kernel looks at no more messages in one call (UIO_MAXIOV). */
enum { MESSAGES_MAX = 1024 };

/* Ends a send: RESULT as the real call returned it. errno stays as that left it. */
static ssize_t tell(struct attempt *attempt, int descriptor, ssize_t result, int saved)
{
    int error = result >= 0 ? 0 : errno;
    intercept_tell_send(attempt, descriptor, error);
    errno = result >= 0 ? saved : error;
    return result;
}

/* Apart from sendto(), whose clean way needs none of this stack. */
__attribute__((noinline)) static ssize_t send_to_suspect(int descriptor, const void *data,
                                                         size_t size, int flags,
                                                         const struct sockaddr *address,
                                                         socklen_t length)
{
    struct attempt attempt;
    union intercept_address copy;
    int saved = errno;
    if (!intercept_judge_send(&attempt, "sendto", descriptor, address, length, flags))
        return real_sendto()(descriptor, data, size, flags, address, length);
    if (attempt.verdict.action == POLICY_DO_BLOCK)
        return intercept_deny(&attempt);
    memcpy(&copy, address, length);
    intercept_rewrite(&attempt, &copy);
    return tell(&attempt, descriptor,
                real_sendto()(descriptor, data, size, flags, &copy.any, length), saved);
}

__attribute__((flatten)) INTERCEPT_EXPORT ssize_t sendto(int descriptor, const void *data,
                                                         size_t size, int flags,
                                                         const struct sockaddr *address,
                                                         socklen_t length)
{
    if (address == NULL || !intercept_suspects(address, length))
        return real_sendto()(descriptor, data, size, flags, address, length);
    return send_to_suspect(descriptor, data, size, flags, address, length);
}

static bool suspects_message(const struct msghdr *message)
{
    return memory_readable(message, sizeof *message) && message->msg_name != NULL &&
           intercept_suspects(message->msg_name, message->msg_namelen);
}

__attribute__((noinline)) static ssize_t send_suspect(int descriptor, const struct msghdr *message,
                                                      int flags)
{
    struct attempt attempt;
    union intercept_address copy;
    int saved = errno;
    if (!intercept_judge_send(&attempt, "sendmsg", descriptor, message->msg_name,
                              message->msg_namelen, flags))
        return real_sendmsg()(descriptor, message, flags);
    if (attempt.verdict.action == POLICY_DO_BLOCK)
        return intercept_deny(&attempt);
    struct msghdr changed = *message;
    memcpy(&copy, message->msg_name, message->msg_namelen);
    intercept_rewrite(&attempt, &copy);
    changed.msg_name = &copy;
    return tell(&attempt, descriptor, real_sendmsg()(descriptor, &changed, flags), saved);
}

INTERCEPT_EXPORT ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags)
{
    return suspects_message(message) ? send_suspect(descriptor, message, flags)
                                     : real_sendmsg()(descriptor, message, flags);
}

/* The first message from START on that is stray; COUNT when there is none. */
static unsigned next_stray(struct attempt *attempt, int descriptor, const struct mmsghdr *messages,
                           unsigned start, unsigned count, int flags)
{
    for (unsigned i = start; i < count; i++) {
        const struct msghdr *message = &messages[i].msg_hdr;
        if (suspects_message(message) &&
            intercept_judge_send(attempt, "sendmmsg", descriptor, message->msg_name,
                                 message->msg_namelen, flags)) {
            intercept_keep_address(attempt);
            return i;
        }
    }
    return count;
}

#ifdef __GLIBC__
typedef int message_flags;
#else
typedef unsigned message_flags; /* as musl declares it */
#endif

/* Each message on its own: the good ones before a blocked one are sent, and the caller learns that
 * it was so many; when it comes again, the blocked one is the first, and fails. */
INTERCEPT_EXPORT int sendmmsg(int descriptor, struct mmsghdr *messages, unsigned count,
                              message_flags message_flags_given)
{
    int flags = (int)message_flags_given;
    struct attempt attempt;
    int saved = errno;
    unsigned seen = count < MESSAGES_MAX ? count : MESSAGES_MAX;
    unsigned stray = next_stray(&attempt, descriptor, messages, 0, seen, flags);
    if (stray == seen)
        return real_sendmmsg()(descriptor, messages, count, flags);
    if (attempt.verdict.action == POLICY_DO_BLOCK)
        return stray == 0 ? intercept_deny(&attempt)
                          : real_sendmmsg()(descriptor, messages, stray, flags);
    int result = real_sendmmsg()(descriptor, messages, count, flags);
    int error = result < 0 ? errno : 0;
    if (result < 0 && stray == 0)
        intercept_tell_send(&attempt, descriptor, error);
    while (result > 0 && stray < (unsigned)result) {
        intercept_tell_send(&attempt, descriptor, 0);
        stray = next_stray(&attempt, descriptor, messages, stray + 1, (unsigned)result, flags);
    }
    errno = result < 0 ? error : saved;
    return result;
}
