#include "scratch.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "state.h"

enum { SLOTS = 4, ORIGINS = 8, PAGE = 4096 };

/* Something that is written once and only read from then on: empty, being filled, or the pid of
 * the process for which it is true. */
typedef _Atomic(pid_t) once;
enum { ONCE_EMPTY = 0, ONCE_FILLING = -1 };

static union {
    struct {
        atomic_bool claimed[SLOTS];
        atomic_bool first_seen;
        once process;
        once origins[ORIGINS];
    };
    char page[PAGE];
} claims __attribute__((aligned(PAGE)));

static struct scratch slots[SLOTS];
static struct process shared_process;

static struct shared_origin {
    struct destination destination;
    uint32_t name_hash;
    struct origin origin;
} shared_origins[ORIGINS];

/* Kernels without MADV_WIPEONFORK (before 4.14) leave the page as it is: then a child reads its
 * own facts for every record, and may miss the slots that other threads held at the fork. */
static void wipe_claims_on_fork(void)
{
    static atomic_flag asked = ATOMIC_FLAG_INIT;
    if (atomic_flag_test_and_set(&asked))
        return;
    int saved = errno;
    syscall(SYS_madvise, &claims, sizeof claims, MADV_WIPEONFORK);
    errno = saved;
}

struct scratch *scratch_claim(void)
{
    wipe_claims_on_fork();
    for (size_t i = 0; i < SLOTS; i++)
        if (!atomic_exchange_explicit(&claims.claimed[i], true, memory_order_acquire))
            return &slots[i];
    return NULL;
}

void scratch_release(struct scratch *scratch)
{
    atomic_store_explicit(&claims.claimed[scratch - slots], false, memory_order_release);
}

bool scratch_first(void)
{
    return !atomic_exchange_explicit(&claims.first_seen, true, memory_order_relaxed);
}

static bool once_is(const once *cell, pid_t pid)
{
    return atomic_load_explicit(cell, memory_order_acquire) == pid;
}

static bool once_begin(once *cell)
{
    pid_t empty = ONCE_EMPTY;
    return atomic_compare_exchange_strong_explicit(cell, &empty, ONCE_FILLING, memory_order_acquire,
                                                   memory_order_relaxed);
}

static void once_end(once *cell, pid_t pid)
{
    atomic_store_explicit(cell, pid, memory_order_release);
}

const struct process *scratch_process(struct scratch *scratch, pid_t pid)
{
    if (once_is(&claims.process, pid))
        return &shared_process;
    if (!once_begin(&claims.process)) {
        process_read_self(&scratch->process, state.policy->mask_arguments);
        return &scratch->process;
    }
    process_read_self(&shared_process, state.policy->mask_arguments);
    once_end(&claims.process, pid);
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
    for (size_t i = 0; i < ORIGINS; i++) {
        struct shared_origin *shared = &shared_origins[i];
        if (once_is(&claims.origins[i], process->pid)) {
            if (answers(shared, wanted))
                return &shared->origin;
        } else if (once_begin(&claims.origins[i])) {
            shared->destination = wanted->destination;
            shared->name_hash = hash_of(wanted->name);
            origin_find(wanted, process, depth, scratch->reading, &shared->origin);
            once_end(&claims.origins[i], process->pid);
            return &shared->origin;
        }
    }
    origin_find(wanted, process, depth, scratch->reading, &scratch->origin);
    return &scratch->origin;
}
