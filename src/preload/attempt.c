#include "attempt.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <astray/host.h>
#include <astray/layout.h>
#include <astray/record.h>

#include "errors.h"
#include "listeners.h"
#include "page.h"
#include "scratch.h"
#include "state.h"

#define NANOSECONDS 1000000000u

/* ---- the rate ---------------------------------------------------------- */

/* Counts an attempt in the present second. Two threads at the turn of a second may let a few
 * more through; no attempt is lost without being counted. */
static bool over_the_rate(uint64_t time)
{
    LAYOUT_AT_HAND static _Atomic(uint32_t) second, used;
    if (state.policy->rate == 0)
        return false;
    uint32_t present = (uint32_t)(time / NANOSECONDS) + 1; /* never the initial 0 */
    if (atomic_exchange_explicit(&second, present, memory_order_relaxed) != present)
        atomic_store_explicit(&used, 0, memory_order_relaxed);
    return atomic_fetch_add_explicit(&used, 1, memory_order_relaxed) >= state.policy->rate;
}

uint64_t attempt_clock(void)
{
    return page_clock(CLOCK_MONOTONIC);
}

void attempt_begin(struct attempt *attempt)
{
    attempt->sequence = page_next_sequence();
    attempt->suppressed = over_the_rate(attempt->began);
    if (attempt->suppressed)
        page_suppress();
}

/* A JVM looks up an IPv4 address and connects to it v4-mapped. */
void attempt_ask_names(struct attempt *attempt)
{
    struct addr inner;
    const struct addr *addr = &attempt->destination.addr;
    attempt->has_answer = names_find(addr, &attempt->answer) ||
                          (addr_unmap(addr, &inner) && names_find(&inner, &attempt->answer));
}

/* ---- a record of an attempt -------------------------------------------- */

static const struct slice network[] = {{"network", 7}};
static const struct slice configuration[] = {{"configuration", 13}};
static const struct slice information[] = {{"info", 4}};
static const struct slice connection[] = {{"connection", 10}, {"start", 5}, {"end", 3}};
static const struct slice connection_end[] = {{"connection", 10}, {"end", 3}};
static const struct slice connection_denied[] = {{"connection", 10}, {"denied", 6}};

/* A row a phase. `verb`: between the program and the destination, by success and failure. */
static const struct phase {
    const struct slice *types;
    size_t type_count;
    bool ended;
    const char *verb;
    const char *failed;
} phases[] = {
    [ATTEMPT_START] = {connection, 2, false, " connects to ", ""},
    [ATTEMPT_END] = {connection_end, 2, true, " connected to ", " could not connect to "},
    [ATTEMPT_START_AND_END] = {connection, 3, true, " connected to ", " could not connect to "},
    [ATTEMPT_DENIED] = {connection_denied, 2, false, " was kept from ", ""},
};

static bool is_stray(const struct attempt *attempt)
{
    return attempt->verdict.action != POLICY_NONE;
}

/* curl[4711] connects to 0.0.0.0:80 ("0"), the address to bind, no destination; sent to ... */
static void set_message(struct page *page, const struct attempt *attempt, const struct phase *phase,
                        int error, struct slice spelling)
{
    struct text *text = &page->texts;
    char destination[DESTINATION_TEXT_SIZE];
    size_t start = text->length;
    text_slice(text, page->process->name);
    text_char(text, '[');
    text_number(text, (uint64_t)page->process->pid);
    text_string(text, "]");
    text_string(text, phase->ended && error != 0 ? phase->failed : phase->verb);
    text_bytes(text, destination, destination_format(&attempt->destination, destination));
    if (spelling.length > 0) {
        text_string(text, " (\"");
        text_slice(text, spelling);
        text_string(text, "\")");
    }
    if (is_stray(attempt)) {
        text_string(text, ", ");
        text_string(text, addr_class_why(attempt->verdict.class));
    }
    if (attempt->verdict.action == POLICY_DO_REWRITE) {
        struct destination target = {attempt->verdict.target, attempt->destination.port};
        text_string(text, "; sent to ");
        text_bytes(text, destination, destination_format(&target, destination));
    }
    if (phase->ended && error != 0) {
        text_string(text, ": ");
        text_string(text, errors_meaning(error));
    }
    if (attempt->fast_open)
        text_string(text, "; by TCP fast open, which had told of success before");
    record_set_text(&page->scratch->record, RECORD_MESSAGE, page_since(page, start));
}

/* What the call alone did not say. The reason of an ordinary one says "abandoned" already. */
static const char *remark_of(const struct attempt *attempt, int error)
{
    if (error == ERRORS_SELF)
        return errors_slug(error);
    if (attempt->fast_open)
        return "fast-open";
    return error == ERRORS_ABANDONED && is_stray(attempt) ? errors_slug(error) : NULL;
}

static void set_event(struct page *page, const struct attempt *attempt, enum attempt_phase which,
                      int error)
{
    struct record *record = &page->scratch->record;
    const struct phase *phase = &phases[which];
    record_set_list(record, RECORD_EVENT_TYPE, phase->types, phase->type_count);
    bool stray = is_stray(attempt);
    record_set_text(record, RECORD_EVENT_ACTION,
                    slice_of(stray ? policy_action_name(attempt->verdict.action) : "failed"));
    page_set_optional(record, RECORD_EVENT_REASON,
                      slice_of(stray        ? addr_class_name(attempt->verdict.class)
                               : error != 0 ? errors_slug(error)
                                            : NULL));
    record_set_text(record, RECORD_EVENT_OUTCOME,
                    which == ATTEMPT_START                  ? SLICE("unknown")
                    : error == 0 && which != ATTEMPT_DENIED ? SLICE("success")
                                                            : SLICE("failure"));
    if (phase->ended)
        record_set_number(record, RECORD_EVENT_DURATION,
                          page_clock(CLOCK_MONOTONIC) - attempt->began);
    if (which != ATTEMPT_START && error > 0) {
        record_set_text(record, RECORD_ERROR_TYPE, slice_of(errors_name(error)));
        record_set_text(record, RECORD_ERROR_CODE, page_number(page, (uint64_t)error));
    }
    struct slice id = page_id(page, attempt->sequence);
    record_set_text(record, RECORD_ATTEMPT, id);
    if (which != ATTEMPT_END)
        record_set_text(record, RECORD_EVENT_ID, id);
    page_set_optional(record, RECORD_REMARK,
                      slice_of(remark_of(attempt, phase->ended ? error : 0)));
}

static void set_destination(struct page *page, const struct attempt *attempt, struct slice spelling)
{
    struct record *record = &page->scratch->record;
    const struct destination *destination = &attempt->destination;
    const struct verdict *verdict = &attempt->verdict;
    struct slice ip = page_ip(page, &destination->addr);
    record_set_text(record, RECORD_NETWORK_TRANSPORT,
                    attempt->stream ? SLICE("tcp") : SLICE("udp"));
    record_set_text(record, RECORD_NETWORK_TYPE,
                    destination->addr.family == ADDR_IPV4 ? SLICE("ipv4") : SLICE("ipv6"));
    record_set_text(record, RECORD_DESTINATION_ADDRESS, spelling.length > 0 ? spelling : ip);
    record_set_text(record, RECORD_DESTINATION_IP, ip);
    record_set_number(record, RECORD_DESTINATION_PORT, destination->port);
    if (attempt->has_answer && !attempt->answer.literal)
        record_set_text(record, RECORD_DESTINATION_DOMAIN, spelling);
    if (attempt->has_answer && attempt->answer.ambiguous)
        record_set_flag(record, RECORD_AMBIGUOUS);
    if (verdict->action == POLICY_DO_REWRITE) {
        record_set_text(record, RECORD_NAT_IP, page_ip(page, &verdict->target));
        record_set_number(record, RECORD_NAT_PORT, destination->port);
    }
    page_set_optional(record, RECORD_REWRITE_SKIPPED, slice_of(verdict->skipped));
    enum addr_class class = is_stray(attempt) ? verdict->class : addr_classify(&destination->addr);
    record_set_text(record, RECORD_CLASS, slice_of(addr_class_name(class)));
    record_set_text(record, RECORD_CALL, slice_of(attempt->call));
}

/* "[::1]:80" for each who listens on the port of a refused connection; [] for nobody. */
static void set_listeners(struct page *page, const struct attempt *attempt,
                          struct slice items[static LISTENERS_MAX])
{
    struct listeners listeners;
    if (!listeners_on(attempt->destination.port, attempt_clock(), &listeners))
        return;
    for (size_t i = 0; i < listeners.count; i++) {
        char text[DESTINATION_TEXT_SIZE];
        size_t start = page->texts.length;
        text_bytes(&page->texts, text, destination_format(&listeners.at[i], text));
        items[i] = page_since(page, start);
    }
    record_set_list(&page->scratch->record, RECORD_LISTENERS, items, listeners.count);
}

static const struct origin *origin_of(struct page *page, const struct attempt *attempt)
{
    struct slice answer = {attempt->answer.text, attempt->has_answer ? attempt->answer.length : 0};
    struct spelling_wanted wanted = {attempt->destination, answer, page->process->program};
    return scratch_origin(page->scratch, page->process, &wanted);
}

void attempt_ask_origin(struct attempt *attempt)
{
    struct page page;
    struct host host;
    int saved = errno;
    if (attempt->has_answer || !page_open(&page))
        return;
    struct slice spelling = origin_of(&page, attempt)->spelling;
    if (spelling.length > 0 && spelling.length < NAMES_TEXT_SIZE &&
        !host_parse(spelling.data, spelling.length, &host)) {
        memcpy(attempt->answer.text, spelling.data, spelling.length);
        attempt->answer.length = spelling.length;
        attempt->answer.literal = attempt->answer.ambiguous = false;
        attempt->has_answer = true;
    }
    page_release(&page);
    errno = saved;
}

static void write_attempt(struct page *page, const struct attempt *attempt,
                          enum attempt_phase phase, int error)
{
    struct record *record = &page->scratch->record;
    struct slice ancestry[PROCESS_ANCESTORS_MAX], listeners[LISTENERS_MAX];
    const struct origin *origin = origin_of(page, attempt);
    struct slice spelling = origin->spelling;
    if (attempt->has_answer)
        spelling = (struct slice){attempt->answer.text, attempt->answer.length};
    page_set_frame(page, network);
    page_set_process(page);
    page_set_ancestry(page, ancestry);
    set_event(page, attempt, phase, error);
    set_destination(page, attempt, spelling);
    set_message(page, attempt, &phases[phase], error, spelling);
    if (origin->count > 0)
        record_set_list(record, RECORD_ORIGIN, origin->items, origin->count);
    if (phase != ATTEMPT_START && error == ECONNREFUSED && attempt->stream)
        set_listeners(page, attempt, listeners);
    page_put(page);
}

/* ---- records about ourselves ------------------------------------------- */

/* The setting that was not understood, told once a process, before its first finding. */
static void write_problem(struct page *page)
{
    const struct state_problem *problem = &state.problem;
    struct record *record = &page->scratch->record;
    page_set_frame(page, configuration);
    page_set_process(page);
    record_set_list(record, RECORD_EVENT_TYPE, information, 1);
    record_set_text(record, RECORD_EVENT_ACTION, SLICE("misconfigured"));
    record_set_text(record, RECORD_EVENT_OUTCOME, SLICE("failure"));
    size_t start = page->texts.length;
    text_string(&page->texts, problem->key);
    text_string(&page->texts, ": \"");
    text_string(&page->texts, problem->value);
    text_string(&page->texts, "\" ");
    text_string(&page->texts, problem->reason);
    struct slice reason = page_since(page, start);
    text_string(&page->texts, "; the default holds");
    record_set_text(record, RECORD_ERROR_MESSAGE, reason);
    record_set_text(record, RECORD_MESSAGE, page_since(page, start));
    page_put(page);
    text_start(&page->texts, page->scratch->texts, sizeof page->scratch->texts);
}

void attempt_tell(struct attempt *attempt, enum attempt_phase phase, int error)
{
    struct page page;
    int saved = errno;
    if (attempt->suppressed || state.policy->log == POLICY_LOG_NONE || !page_open(&page))
        return;
    if (state.problem.reason != NULL && scratch_first())
        write_problem(&page);
    write_attempt(&page, attempt, phase, error);
    page_release(&page);
    errno = saved;
}
