/* guard.h - a copy of some bytes that ends at an unmapped page, so that one byte read
 * too many is a fault. */
#ifndef ASTRAY_TESTS_GUARD_H
#define ASTRAY_TESTS_GUARD_H

#include <check.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Copies LENGTH bytes of DATA (at most a page). The copy is valid until the next call. */
static inline char *guard_copy(const void *data, size_t length)
{
    static char *pages;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    ck_assert_uint_le(length, page);
    if (pages == NULL) {
        void *mapped =
            mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert(mapped != MAP_FAILED);
        ck_assert_int_eq(mprotect((char *)mapped + page, page, PROT_NONE), 0);
        pages = mapped;
    }
    char *copy = pages + page - length;
    if (length > 0)
        memcpy(copy, data, length);
    return copy;
}

#endif
