#include <dlfcn.h>

#include "intercept.h"
#include "real.h"
#include "uncovered.h"

#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0 /* musl has none */
#endif

/* A tail call: dlopen looks at its return address to find the caller's search path. */
INTERCEPT_EXPORT void *dlopen(const char *file, int flags)
{
    if (state_active() && state.policy->strip_deepbind)
        flags &= ~RTLD_DEEPBIND;
    if (flags & RTLD_DEEPBIND && uncovered_wanted())
        uncovered_watch_plugin(file);
    return real_dlopen()(file, flags);
}
