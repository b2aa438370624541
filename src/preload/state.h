/* state.h - what the library knows since it was loaded: its settings.
 *
 * Read-only behind state_load(). All of it is async-signal-safe. */
#ifndef ASTRAY_PRELOAD_STATE_H
#define ASTRAY_PRELOAD_STATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include <astray/policy.h>
#include <astray/sink.h>

/* The first setting that was not understood; `reason` is NULL when all were. */
struct state_problem {
    char key[32];
    char value[POLICY_TEXT_SIZE];
    const char *reason;
};

struct state {
    const struct policy
        *policy; /* the initial one as long as nothing is set: a page less to touch */
    /* Below `astray run` the entry of LD_PRELOAD that we are; else NULL, as when we are disabled.
     * It stays where the program itself is left alone. */
    const char *preloaded;
    struct sink_stderr standard_error;
    struct state_problem problem;
};

enum state_phase { STATE_NEW, STATE_LOADING, STATE_OFF, STATE_ACTIVE };

extern struct state state;
extern _Atomic(int) state_phase;

/* Reads the environment and the configuration file, once: the first caller does, and whoever
 * comes while it is at that (another thread, a hook below it) is told false. Returns whether the
 * library is to look at calls. errno is left alone. */
bool state_load(void);

/* The same, for hot paths. */
static inline bool state_active(void)
{
    int phase = atomic_load_explicit(&state_phase, memory_order_acquire);
    return phase == STATE_ACTIVE || (phase == STATE_NEW && state_load());
}

#endif
