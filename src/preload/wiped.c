#include "wiped.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <astray/layout.h>

#define PAGE 4096

LAYOUT_APART struct wiped wiped;

_Static_assert(sizeof(struct wiped) % PAGE == 0, "nothing else lies on the pages that are wiped");

bool wiped_prepare(void)
{
    LAYOUT_AT_HAND static _Atomic(enum {UNASKED, ASKED, WIPED}) known;
    int before = atomic_load_explicit(&known, memory_order_relaxed);
    if (before != UNASKED || atomic_exchange(&known, ASKED) != UNASKED)
        return before == WIPED;
    int saved = errno;
    if (syscall(SYS_madvise, &wiped, sizeof wiped, MADV_WIPEONFORK) == 0)
        atomic_store_explicit(&known, WIPED, memory_order_relaxed);
    errno = saved;
    return atomic_load_explicit(&known, memory_order_relaxed) == WIPED;
}

bool wiped_once_is(const wiped_once *cell, pid_t pid)
{
    return atomic_load_explicit(cell, memory_order_acquire) == pid;
}

bool wiped_once_begin(wiped_once *cell)
{
    pid_t empty = 0;
    return atomic_compare_exchange_strong_explicit(cell, &empty, WIPED_BUSY, memory_order_acquire,
                                                   memory_order_relaxed);
}

void wiped_once_end(wiped_once *cell, pid_t pid)
{
    atomic_store_explicit(cell, pid, memory_order_release);
}
