#include "scratch.h"

#include <stdatomic.h>

#include "state.h"
#include "wiped.h"

_Static_assert(ORIGIN_SCRATCH >= PROCESS_SCRATCH, "a slot has one room to read to");

static struct scratch slots[WIPED_SLOTS];
static struct process shared_process;

static struct shared_origin {
    struct destination destination;
    uint32_t name_hash;
    struct origin origin;
} shared_origins[WIPED_ORIGINS];

struct scratch *scratch_claim(void)
{
    wiped_prepare();
    for (size_t i = 0; i < WIPED_SLOTS; i++)
        if (!atomic_exchange_explicit(&wiped.slots[i], true, memory_order_acquire))
            return &slots[i];
    return NULL;
}

void scratch_release(struct scratch *scratch)
{
    atomic_store_explicit(&wiped.slots[scratch - slots], false, memory_order_release);
}

bool scratch_first(void)
{
    return !atomic_exchange_explicit(&wiped.problem_told, true, memory_order_relaxed);
}

const struct process *scratch_process_once(struct scratch *scratch, pid_t pid)
{
    if (wiped_once_is(&wiped.process, pid))
        return &shared_process;
    process_read_self(&scratch->process, state.policy->mask_arguments, scratch->reading);
    return &scratch->process;
}

const struct process *scratch_process(struct scratch *scratch, pid_t pid)
{
    if (wiped_once_is(&wiped.process, pid) || !wiped_once_begin(&wiped.process))
        return scratch_process_once(scratch, pid);
    process_read_self(&shared_process, state.policy->mask_arguments, scratch->reading);
    wiped_once_end(&wiped.process, pid);
    return &shared_process;
}

static uint32_t hash_of(struct slice text)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < text.length; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * 16777619u;
    return hash;
}

static bool answers(const struct shared_origin *shared, const struct spelling_wanted *wanted)
{
    return addr_equal(&shared->destination.addr, &wanted->destination.addr) &&
           shared->destination.port == wanted->destination.port &&
           shared->name_hash == hash_of(wanted->name);
}

const struct origin *scratch_origin(struct scratch *scratch, const struct process *process,
                                    const struct spelling_wanted *wanted)
{
    enum policy_origin depth = state.policy->origin;
    for (size_t i = 0; i < WIPED_ORIGINS; i++) {
        struct shared_origin *shared = &shared_origins[i];
        if (wiped_once_is(&wiped.origins[i], process->pid)) {
            if (answers(shared, wanted))
                return &shared->origin;
        } else if (wiped_once_begin(&wiped.origins[i])) {
            shared->destination = wanted->destination;
            shared->name_hash = hash_of(wanted->name);
            origin_find(wanted, process, depth, scratch->reading, &shared->origin);
            wiped_once_end(&wiped.origins[i], process->pid);
            return &shared->origin;
        }
    }
    origin_find(wanted, process, depth, scratch->reading, &scratch->origin);
    return &scratch->origin;
}
