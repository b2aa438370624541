#include <astray/memory.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <astray/layout.h>

/* The smallest page there is: a larger one is asked about in pieces. */
#define PAGE ((uintptr_t)4096)

/* Nothing is mapped below (vm.mmap_min_addr). */
#define LOWEST ((uintptr_t)65536)

/* How far above the caller's frame the top of its stack may lie, and how much of a thread's stack
 * is believed: it may be on a coroutine's stack, which lies just below its own one. */
#define STACK_SPAN ((uintptr_t)8 << 20)
#define THREAD_SPAN ((uintptr_t)64 << 10)

#define UNKNOWN ((uintptr_t)0)
#define NONE ((uintptr_t)1)

/* Where the main thread's stack ends: the kernel puts the executable's name there. */
LAYOUT_AT_HAND static _Atomic uintptr_t main_top;

/* The main thread's thread pointer, which is nowhere near its stack. */
LAYOUT_AT_HAND static _Atomic uintptr_t main_thread;

/* Pages that were readable, each in the place that its number gives. */
enum { REMEMBERED = 64 };
static _Atomic uintptr_t remembered[REMEMBERED];

__attribute__((noinline, cold)) static uintptr_t find_main_top(void)
{
    int saved = errno;
    uintptr_t top = (uintptr_t)getauxval(AT_EXECFN);
    errno = saved;
    if (top == 0)
        top = NONE;
    atomic_store_explicit(&main_top, top, memory_order_relaxed);
    return top;
}

/* glibc and musl put a thread's control block at the top of its stack's mapping. */
static bool is_on_thread_stack(uintptr_t frame, uintptr_t last, uintptr_t thread)
{
    uintptr_t main = atomic_load_explicit(&main_thread, memory_order_relaxed);
    return main != UNKNOWN && main != thread && frame < thread && thread - frame <= STACK_SPAN &&
           last < thread && last - frame <= THREAD_SPAN;
}

/* Is FRAME on the main thread's stack? *TOP is where that ends. */
static bool is_on_main_stack(uintptr_t frame, uintptr_t *top)
{
    *top = atomic_load_explicit(&main_top, memory_order_relaxed);
    if (*top == UNKNOWN)
        *top = find_main_top();
    if (frame >= *top || *top - frame > STACK_SPAN)
        return false;
    if (atomic_load_explicit(&main_thread, memory_order_relaxed) == UNKNOWN)
        atomic_store_explicit(&main_thread, (uintptr_t)__builtin_thread_pointer(),
                              memory_order_relaxed);
    return true;
}

/* Does START to LAST lie between FRAME and the top of the stack that FRAME is on? */
static bool is_on_stack(uintptr_t frame, uintptr_t start, uintptr_t last)
{
    uintptr_t bottom = frame & ~(PAGE - 1), top;
    if (start < bottom)
        return false;
    if (last < bottom + PAGE)
        return true;
    if (is_on_main_stack(frame, &top))
        return last < top;
    return is_on_thread_stack(frame, last, (uintptr_t)__builtin_thread_pointer());
}

void memory_load(void)
{
    uintptr_t top;
    is_on_main_stack((uintptr_t)__builtin_frame_address(0), &top);
}

static _Atomic uintptr_t *slot_of(uintptr_t page)
{
    return &remembered[page / PAGE % REMEMBERED];
}

static bool is_remembered(uintptr_t page)
{
    return atomic_load_explicit(slot_of(page), memory_order_relaxed) == page;
}

/* rt_sigprocmask(2) reads the set before it finds that there is no such operation. */
static bool is_page_readable(uintptr_t page)
{
    if (is_remembered(page))
        return true;
    int saved = errno;
    long result = syscall(SYS_rt_sigprocmask, -1, page, NULL, _NSIG / 8);
    bool readable = result == 0 || errno != EFAULT;
    errno = saved;
    if (readable)
        atomic_store_explicit(slot_of(page), page, memory_order_relaxed);
    return readable;
}

/* Apart from the caller, whose short way needs none of these registers. */
__attribute__((noinline)) static bool is_each_page_readable(uintptr_t page, uintptr_t last)
{
    for (; page <= last; page += PAGE)
        if (!is_page_readable(page))
            return false;
    return true;
}

static bool are_pages_readable(uintptr_t start, uintptr_t last)
{
    uintptr_t page = start & ~(PAGE - 1);
    return (last - page < PAGE && is_remembered(page)) || is_each_page_readable(page, last);
}

bool memory_readable(const void *address, size_t length)
{
    uintptr_t start = (uintptr_t)address, last = start + length - 1;
    if (start < LOWEST || last < start || last > UINTPTR_MAX - PAGE)
        return false;
    return is_on_stack((uintptr_t)__builtin_frame_address(0), start, last) ||
           are_pages_readable(start, last);
}
