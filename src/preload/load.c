#include <astray/memory.h>

#include "real.h"
#include "state.h"

/* A vfork child is no place to look them up. Elsewhere they only forward, and may come to that. */
__attribute__((noinline)) static void find_exec(void)
{
    for (enum real_name name = REAL_execve; name <= REAL_posix_spawnp; name++)
        real_find(name);
}

__attribute__((constructor)) static void load(void)
{
    /* Without a look whether it is found: a page that is read before it is written costs two
     * faults. */
    real_find(REAL_connect);
    state_load();
    if (state.preloaded != NULL)
        find_exec();
    memory_load();
}
