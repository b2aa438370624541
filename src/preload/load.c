#include <astray/memory.h>

#include "real.h"
#include "state.h"

__attribute__((constructor)) static void load(void)
{
    /* Without a look whether it is found: a page that is read before it is written costs two
     * faults. */
    real_find(REAL_connect);
    state_load();
    memory_load();
}
