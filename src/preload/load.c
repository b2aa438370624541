#include "real.h"
#include "state.h"

__attribute__((constructor)) static void load(void)
{
    real_load();
    state_load();
}
