/* attempt.h - one attempt to connect or send, from the call to its outcome, and the records that
 * tell of it. */
#ifndef ASTRAY_PRELOAD_ATTEMPT_H
#define ASTRAY_PRELOAD_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <astray/endpoint.h>
#include <astray/policy.h>

#include "errors.h"
#include "names.h"

/* Lives on the stack of the hook, and is copied while it is in flight. */
struct attempt {
    const char *call; /* the wrapped function */
    struct destination destination;
    struct verdict verdict; /* action POLICY_NONE: an ordinary destination (failures = 1) */
    bool stream;            /* TCP; else UDP */
    bool has_answer;
    bool fast_open;             /* the call said that it was connected, and it was not yet */
    bool suppressed;            /* over the rate: its outcome is not told either */
    uint32_t sequence;          /* of its first record: the attempt's number */
    uint64_t began;             /* CLOCK_MONOTONIC, ns */
    struct names_answer answer; /* of the resolver, for this address; unset unless has_answer */
};

/* Which records: at the call, at the end of it, or one for both. */
enum attempt_phase { ATTEMPT_START, ATTEMPT_END, ATTEMPT_START_AND_END, ATTEMPT_DENIED };

/* Sets *OUT to an attempt by CALL of which nothing else is known. */
static inline void attempt_init(struct attempt *out, const char *call)
{
    memset(out, 0, offsetof(struct attempt, answer));
    out->call = call;
}

/* Copies *FROM, whose answer is most of it, and often unset. */
static inline void attempt_copy(struct attempt *to, const struct attempt *from)
{
    memcpy(to, from, offsetof(struct attempt, answer));
    if (from->has_answer)
        to->answer = from->answer;
}

/* CLOCK_MONOTONIC in ns. */
uint64_t attempt_clock(void);

/* Finds what the resolver said of the destination. */
void attempt_ask_names(struct attempt *attempt);

/* The same from the process's arguments and environment, where the resolver was not asked: curl
 * knows by itself what "localhost" is. Only names count. */
void attempt_ask_origin(struct attempt *attempt);

/* Begins to tell of an attempt: gives it its number and takes its share of the rate. `began` must
 * be set. */
void attempt_begin(struct attempt *attempt);

/* Writes the record of PHASE. ERROR is 0 for success, an errno or an ERRORS_* for a failure; it is
 * not looked at for ATTEMPT_START. Async-signal-safe; errno is left alone. */
void attempt_tell(struct attempt *attempt, enum attempt_phase phase, int error);

#endif
