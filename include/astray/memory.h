/* memory.h - may this memory be read?
 *
 * A program may hand any pointer to a system call, and the kernel answers EFAULT. A hook that
 * looks at what it points to must not crash instead. */
#ifndef ASTRAY_MEMORY_H
#define ASTRAY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Can LENGTH bytes (1 to 4096) at ADDRESS be read? Costs no system call for memory of the
 * caller's own stack, nor for a page that was asked about before; another page costs one
 * rt_sigprocmask(2) with an invalid first argument, which only reads its second. A page that was
 * readable is remembered for good: one that is unmapped later is still taken for readable.
 * Of a thread other than the main one it takes the stack for granted once the main thread has
 * called memory_load() or asked about memory further up its own; before that, it asks about the
 * pages as well.
 * What lies below 64 KiB or at the very end of the address space is refused at once. Async-signal-
 * safe, lock-free, errno is left alone. */
bool memory_readable(const void *address, size_t length);

/* Notes where the main thread's stack is, when the caller is on it. Writes two words at the most,
 * and makes no system call. */
void memory_load(void);

#endif
