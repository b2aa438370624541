/* attempt.h - one attempt to connect to a stray destination, from the call to its outcome, and
 * the records that tell of it. */
#ifndef ASTRAY_PRELOAD_ATTEMPT_H
#define ASTRAY_PRELOAD_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include <astray/endpoint.h>
#include <astray/policy.h>

#include "names.h"

/* Lives on the stack of the hook. */
struct attempt {
    const char *call; /* the wrapped function */
    struct destination destination;
    struct verdict verdict;
    bool stream; /* TCP; else UDP */
    bool has_answer;
    bool suppressed;            /* over the rate: its outcome is not told either */
    struct names_answer answer; /* of the resolver, for this address */
    uint32_t sequence;          /* of its first record: the attempt's number */
    uint64_t began;             /* CLOCK_MONOTONIC, ns */
};

/* Which records: at the call, at the end of it, or one for both. */
enum attempt_phase { ATTEMPT_START, ATTEMPT_END, ATTEMPT_START_AND_END, ATTEMPT_DENIED };

/* Begins an attempt: its number, its time, its share of the rate. */
void attempt_begin(struct attempt *attempt);

/* Writes the record of PHASE. ERROR is 0 for success, an errno for a failure; it is not looked at
 * for ATTEMPT_START. Async-signal-safe; errno is left alone. */
void attempt_tell(struct attempt *attempt, enum attempt_phase phase, int error);

#endif
